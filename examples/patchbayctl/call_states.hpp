// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <patchbay/cloud/platform_conversation.hpp>
#include <patchbay/cloud/platform_frame.hpp>
#include <patchbay/json/read.hpp>
#include <patchbay/time.hpp>

namespace patchbayctl {

/// What is known of the parties of conversations, by what a channel has told.
class CallStates {
 public:
  /// `media` is the one kind that the channel was asked for; nothing: all.
  explicit CallStates(std::optional<patchbay::cloud::platform::Media> media) : media_(media) {}

  /// Lines of JSON for those parties that a message shows to stand otherwise than before; none for a message about
  /// anything else. `now` is when it came.
  [[nodiscard]] std::vector<std::string> changed_by(std::string_view message, patchbay::WallTime now);
  /// Something may have happened that was not told: all that comes counts as a change.
  void forget() { known_.clear(); }

 private:
  /// Further conversations are forgotten before, all at once: what they show next is printed again.
  static constexpr std::size_t max_conversations = 10'000;

  const std::optional<patchbay::cloud::platform::Media> media_;
  std::map<std::string, std::map<std::string, std::string>> known_;  // conversation, participant, how it stands
  patchbay::JsonReader reader_;
  patchbay::Body body_;
  patchbay::cloud::platform::ChannelFrame frame_;
  patchbay::cloud::platform::Conversation seen_;
};

}  // namespace patchbayctl
