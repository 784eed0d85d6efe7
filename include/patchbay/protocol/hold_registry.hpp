// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <patchbay/hold_settings.hpp>
#include <patchbay/observe/hold_events.hpp>

namespace patchbay {

namespace detail {

struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
};

}  // namespace detail

/// Which interactions are believed to be on hold, or may be, and the watchdog of each (hazards B1 to B5).
///
/// An interaction is watched exactly while it is held or may be held by a hold that was sent and is not settled (invariant
/// I13); it is watched from the first of these sends, and nothing but proof that it is not held ends that. Pure: time is
/// handed in. Bounded by `HoldSettings::max_holds`.
class HoldRegistry {
 public:
  /// Names one spell of being watched; what belongs to an earlier spell of the same interaction is told apart by it.
  using Spell = std::uint64_t;

  explicit HoldRegistry(const HoldSettings& settings) noexcept : settings_(&settings) {}
  HoldRegistry(const HoldRegistry&) = delete;
  HoldRegistry& operator=(const HoldRegistry&) = delete;

  enum class Belief : std::uint8_t { not_held, unknown, held };

  [[nodiscard]] Belief belief(std::string_view interaction) const noexcept {
    const auto at = watched_.find(interaction);
    return at == watched_.end() ? Belief::not_held : at->second.held ? Belief::held : Belief::unknown;
  }
  [[nodiscard]] std::size_t size() const noexcept { return watched_.size(); }
  [[nodiscard]] bool full() const noexcept { return watched_.size() >= settings_->max_holds; }
  /// Since when it is watched; nothing when it is not.
  [[nodiscard]] std::optional<SteadyTime> since(std::string_view interaction) const noexcept {
    const auto at = watched_.find(interaction);
    return at == watched_.end() ? std::nullopt : std::optional(at->second.since);
  }
  /// Whether the limit of a hold has passed.
  [[nodiscard]] bool beyond_limit(std::string_view interaction, SteadyTime now) const noexcept {
    const auto at = watched_.find(interaction);
    return at != watched_.end() && now > after(at->second.since, settings_->max_hold);
  }

  // What is learnt.

  /// A hold is handed to the transport: the interaction is watched from now on, or still. `order` grows with every command.
  Spell hold_sent(std::string_view interaction, SteadyTime now, std::uint64_t order) {
    Watched& entry = watch(interaction, now);
    ++entry.unsettled;
    entry.last_hold = order;
    return entry.spell;
  }
  /// A hold of that spell was confirmed. False when the spell is over.
  bool hold_applied(std::string_view interaction, Spell spell) noexcept {
    Watched* const entry = find(interaction, spell);
    if (entry) entry->held = true, settle(*entry);
    return entry != nullptr;
  }
  /// A hold of that spell was refused, or was not sent after all: unless another may have taken effect, nothing is held.
  void hold_void(std::string_view interaction, Spell spell) noexcept {
    Watched* const entry = find(interaction, spell);
    if (!entry) return;
    settle(*entry);
    if (!entry->held && entry->unsettled == 0) released(interaction);
  }
  /// The interaction was seen on hold; `since` counts when it was not watched before.
  void seen_held(std::string_view interaction, SteadyTime since) { watch(interaction, since).held = true; }
  /// A hold that was sent at `since` was confirmed by a connection that later commands did not use: it may have been
  /// applied after them.
  void may_be_held(std::string_view interaction, SteadyTime since) { watch(interaction, since); }
  /// A release was confirmed; it says nothing about holds that were sent behind it.
  void release_confirmed(std::string_view interaction, std::uint64_t order) noexcept {
    const auto at = watched_.find(interaction);
    if (at != watched_.end() && at->second.last_hold < order) released(interaction);
  }
  /// The interaction was seen not to be on hold.
  void released(std::string_view interaction) noexcept {
    const auto at = watched_.find(interaction);
    if (at == watched_.end()) return;
    due_.erase(at->second.due);
    watched_.erase(at);
  }

  // The watchdog.

  [[nodiscard]] SteadyTime next_deadline() const noexcept { return due_.empty() ? never : due_.begin()->first; }
  /// Takes the next event that is due; false when there is none. After a pause an interaction has one event, not one for
  /// each that was missed.
  bool take_event(SteadyTime now, HoldLimitEvent& out) {
    if (due_.empty() || due_.begin()->first > now) return false;
    auto node = due_.extract(due_.begin());
    const auto at = watched_.find(node.mapped());
    Watched& entry = at->second;
    const SteadyTime limit = after(entry.since, settings_->max_hold);
    out.interaction = at->first;
    out.confirmed = entry.held;
    out.held_for = now - entry.since;
    out.repetition = entry.repetitions;
    if (now < limit) {
      out.kind = HoldLimitEvent::Kind::warning;
      node.key() = limit;
    } else {
      out.kind = settings_->limit == HoldLimit::release ? HoldLimitEvent::Kind::release : HoldLimitEvent::Kind::escalation;
      if (entry.repetitions < 1'000'000) ++entry.repetitions;
      node.key() = after(now, settings_->repeat_every);
    }
    entry.due = due_.insert(std::move(node));
    return true;
  }

  [[nodiscard]] std::vector<HeldInteraction> held() const {
    std::vector<HeldInteraction> out;
    out.reserve(watched_.size());
    for (const auto& [interaction, entry] : watched_) {
      HeldInteraction& each = out.emplace_back();
      each.interaction = interaction;
      each.confirmed = entry.held;
      each.since = entry.since;
    }
    return out;
  }

 private:
  // The timers refer to the map's own keys, which stay where they are.
  using Timers = std::multimap<SteadyTime, std::string_view>;
  struct Watched {
    Spell spell = 0;
    SteadyTime since{};
    std::uint64_t last_hold = 0;  ///< Place of the last hold among the commands sent.
    int unsettled = 0;  ///< Holds sent whose fate is not known.
    int repetitions = 0;
    bool held = false;
    Timers::iterator due{};
  };

  Watched& watch(std::string_view interaction, SteadyTime since) {
    const auto found = watched_.find(interaction);
    if (found != watched_.end()) return found->second;
    const auto at = watched_.emplace(std::string(interaction), Watched{}).first;
    Watched& entry = at->second;
    entry.spell = ++spells_;
    entry.since = since;
    const Duration first = settings_->max_hold - settings_->warn_before;
    entry.due = due_.emplace(after(since, settings_->warn_before > Duration::zero() ? first : settings_->max_hold), at->first);
    return entry;
  }
  [[nodiscard]] Watched* find(std::string_view interaction, Spell spell) noexcept {
    const auto at = watched_.find(interaction);
    return at == watched_.end() || at->second.spell != spell ? nullptr : &at->second;
  }
  static void settle(Watched& entry) noexcept {
    if (entry.unsettled > 0) --entry.unsettled;
  }

  const HoldSettings* settings_;
  std::unordered_map<std::string, Watched, detail::TextHash, std::equal_to<>> watched_;
  Timers due_;
  Spell spells_ = 0;
};

}  // namespace patchbay
