// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <functional>  // equal_to
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include <patchbay/protocol/hold_registry.hpp>  // TextHash

namespace patchbay {

/// Whose holds they are, by interaction, as the last readings showed: a release needs no other then. Bounded; thread-safe.
class PartyBook {
 public:
  explicit PartyBook(std::size_t capacity) noexcept : capacity_(capacity) {}
  void learn(std::string_view interaction, std::string_view party) {
    if (party.empty()) return;
    const std::lock_guard lock(mutex_);
    if (parties_.size() >= capacity_ && !parties_.contains(interaction)) parties_.erase(parties_.begin());
    parties_.insert_or_assign(std::string(interaction), std::string(party));
  }
  [[nodiscard]] std::string of(std::string_view interaction) const {
    const std::lock_guard lock(mutex_);
    const auto found = parties_.find(interaction);
    return found == parties_.end() ? std::string{} : found->second;
  }
  void forget(std::string_view interaction) {
    const std::lock_guard lock(mutex_);
    if (const auto found = parties_.find(interaction); found != parties_.end()) parties_.erase(found);
  }

 private:
  std::size_t capacity_;
  mutable std::mutex mutex_;
  std::unordered_map<std::string, std::string, detail::TextHash, std::equal_to<>> parties_;
};

}  // namespace patchbay
