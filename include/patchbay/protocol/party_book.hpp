// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <functional>  // equal_to
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include <patchbay/identifier.hpp>  // equal_ignoring_case
#include <patchbay/protocol/hold_registry.hpp>  // TextHash

namespace patchbay {

/// Whose holds they are, by interaction, as the last readings showed: a release needs no other then. A hold that an earlier
/// process made belongs to whoever it put on hold, and not to the party that the settings mean by now: the journal says where
/// that one is read. Bounded, the restored ones by what the journal has on hold; thread-safe.
class PartyBook {
 public:
  explicit PartyBook(std::size_t capacity) noexcept : capacity_(capacity) {}
  void learn(std::string_view interaction, std::string_view party) {
    if (party.empty()) return;
    const std::lock_guard lock(mutex_);
    if (const auto found = restored_.find(interaction); found != restored_.end()) return void(found->second.party.assign(party));
    if (parties_.size() >= capacity_ && !parties_.contains(interaction)) parties_.erase(parties_.begin());
    parties_.insert_or_assign(std::string(interaction), std::string(party));
  }
  [[nodiscard]] std::string of(std::string_view interaction) const {
    const std::lock_guard lock(mutex_);
    if (const auto found = restored_.find(interaction); found != restored_.end()) return found->second.party;
    const auto found = parties_.find(interaction);
    return found == parties_.end() ? std::string{} : found->second;
  }
  void forget(std::string_view interaction) {
    const std::lock_guard lock(mutex_);
    if (const auto found = restored_.find(interaction); found != restored_.end()) found->second.party.clear();
    if (const auto found = parties_.find(interaction); found != parties_.end()) parties_.erase(found);
  }

  /// The journal has the interaction on hold, for the party at `place` (`IntentRecord::place`).
  void restore(std::string_view interaction, std::string_view place) {
    if (place.empty()) return;
    const std::lock_guard lock(mutex_);
    Restored& entry = restored_[std::string(interaction)];
    if (entry.place == place) return;
    entry.place.assign(place);
    entry.party.clear();
  }
  /// That hold is over: from now on it is the party that the settings mean.
  void settle(std::string_view interaction) noexcept {
    const std::lock_guard lock(mutex_);
    if (const auto found = restored_.find(interaction); found != restored_.end()) restored_.erase(found);
  }
  /// Empty for a hold that was not restored.
  [[nodiscard]] std::string place_of(std::string_view interaction) const {
    const std::lock_guard lock(mutex_);
    const auto found = restored_.find(interaction);
    return found == restored_.end() ? std::string{} : found->second.place;
  }
  /// Whether `party` may be another than the one whose hold was restored.
  [[nodiscard]] bool is_other(std::string_view interaction, std::string_view party) const noexcept {
    const std::lock_guard lock(mutex_);
    const auto found = restored_.find(interaction);
    return found != restored_.end() && !equal_ignoring_case(found->second.party, party);
  }

 private:
  class Restored {
   public:
    std::string place;
    std::string party;  ///< Once it was read.
  };
  std::size_t capacity_;
  mutable std::mutex mutex_;
  std::unordered_map<std::string, std::string, detail::TextHash, std::equal_to<>> parties_;
  std::unordered_map<std::string, Restored, detail::TextHash, std::equal_to<>> restored_;
};

}  // namespace patchbay
