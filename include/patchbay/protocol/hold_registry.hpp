// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // any_of, max, min
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>  // hash
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <patchbay/hold_settings.hpp>
#include <patchbay/observe/hold_events.hpp>
#include <patchbay/protocol/spare_nodes.hpp>

namespace patchbay {

namespace detail {

/// Not `noexcept`, since libstdc++ keeps the hashes of keys only then; without them a look-up hashes and compares every key
/// that it comes by, most of them out of the cache's reach.
struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};

}  // namespace detail

/// Which interactions are believed to be on hold, or may be, and the watchdog of each (hazards B1 to B5).
///
/// An interaction is watched exactly while it is held, or may be held by a hold that was sent and is not settled (invariant
/// I13); it is watched from the first of these sends, and nothing but proof that it is not held ends that. A command's
/// `order` is its place among all commands sent: a confirmed release speaks for the holds before it and no others. Pure:
/// time is handed in. Bounded by `HoldSettings::max_holds`.
class HoldRegistry {
 public:
  explicit HoldRegistry(const HoldSettings& settings) noexcept : settings_(&settings) {}
  HoldRegistry(const HoldRegistry&) = delete;
  HoldRegistry& operator=(const HoldRegistry&) = delete;

  enum class Belief : std::uint8_t { not_held, unknown, held };

  [[nodiscard]] Belief belief(std::string_view interaction) const noexcept {
    const auto at = watched_.find(interaction);
    return at == watched_.end() ? Belief::not_held : at->second.confirmed() ? Belief::held : Belief::unknown;
  }
  [[nodiscard]] std::size_t size() const noexcept { return watched_.size(); }
  [[nodiscard]] bool full() const noexcept { return watched_.size() >= settings_->max_holds; }
  /// Since when it is watched; nothing when it is not.
  [[nodiscard]] std::optional<SteadyTime> since(std::string_view interaction) const noexcept {
    const auto at = watched_.find(interaction);
    return at == watched_.end() ? std::nullopt : std::optional(at->second.since);
  }
  /// The place of the last hold that is known of the interaction; 0 when it is not watched.
  [[nodiscard]] std::uint64_t last_hold(std::string_view interaction) const noexcept {
    const auto at = watched_.find(interaction);
    if (at == watched_.end()) return 0;
    std::uint64_t last = at->second.held_order;
    for (const Sent& each : at->second.unsettled) last = std::max(last, each.order);
    return last;
  }
  /// Whether the limit of a hold has passed.
  [[nodiscard]] bool beyond_limit(std::string_view interaction, SteadyTime now) const noexcept {
    const auto at = watched_.find(interaction);
    return at != watched_.end() && now > after(at->second.since, settings_->max_hold);
  }

  // What is learnt.

  /// A hold is handed to the transport: the interaction is watched from now on, or still. This hold's own limit is told of in
  /// time, also where an older one counts and is told of again later than that (`repeat_every`).
  void hold_sent(std::string_view interaction, std::uint64_t order, SteadyTime now) {
    const bool is_new = !watched_.contains(interaction);
    Watched& entry = watch(interaction, now);
    entry.ours = entry.ours || is_new;
    add_unsettled(entry, order, now);
    const SteadyTime limit = after(now, settings_->max_hold);
    if (entry.due->first <= limit) return;
    auto node = due_.extract(entry.due);
    node.key() = limit;
    entry.due = due_.insert(std::move(node));
  }
  /// A hold was confirmed. False when it had been settled otherwise before.
  bool hold_applied(std::string_view interaction, std::uint64_t order) {
    Watched* const entry = find(interaction);
    if (!entry) return false;
    // What was seen behind it may have settled it already.
    if (!settle(*entry, order)) return entry->held && entry->held_order >= order;
    entry->held = true;
    entry->learnt = ++learnt_;
    entry->held_order = std::max(entry->held_order, order);
    return true;
  }
  /// A hold was refused, or was not sent after all: unless another may have taken effect, nothing is held.
  void hold_void(std::string_view interaction, std::uint64_t order) {
    Watched* const entry = find(interaction);
    if (entry && settle(*entry, order)) conclude(interaction, *entry);
  }
  /// The interaction was seen on hold, after the commands up to `order`, which settles the holds among them; `since`
  /// counts when it was not watched before, or was told not to be on hold, and on hold again, meanwhile: then this is
  /// another hold.
  void seen_held(std::string_view interaction, std::uint64_t order, SteadyTime since) {
    Watched& entry = watch(interaction, since);
    std::erase_if(entry.unsettled, [order](const Sent& each) { return each.order <= order; });
    entry.held = true;
    entry.learnt = ++learnt_;
    entry.held_order = std::max(entry.held_order, order);
    // The cloud's clock may say that it began later than it did: no later than it was heard of.
    const SteadyTime again = (std::min)(since, entry.told_again);
    const bool told = std::exchange(entry.told_again, never) != never;
    if (told && entry.unsettled.empty() && again > entry.since) begin_anew(entry, again);
    entry.told_released = false;
  }
  /// How often any interaction was learnt not to be on hold: asked before a reading, for `ended_since`.
  [[nodiscard]] std::uint64_t ends() const noexcept { return ends_; }
  /// Whether this one was, since `ends()` was that much: a reading from before may show what has ended since. `otherwise`: too
  /// many have ended since for all of them to be remembered, and this one is not among the last.
  [[nodiscard]] bool ended_since(std::string_view interaction, std::uint64_t before, bool otherwise) const noexcept {
    const std::size_t which = std::hash<std::string_view>{}(interaction);
    const std::uint64_t forgotten = ends_ > ended_.size() ? ends_ - ended_.size() : 0;
    for (std::uint64_t each = ends_; each > (std::max)(before, forgotten); --each)
      if (ended_[each % ended_.size()] == which) return true;
    return before < forgotten && otherwise;
  }
  /// How often any interaction was learnt to be on hold: asked before a reading, for `seen_released`.
  [[nodiscard]] std::uint64_t learnt() const noexcept { return learnt_; }
  /// Whether this one was, since `learnt()` was that much.
  [[nodiscard]] bool learnt_since(std::string_view interaction, std::uint64_t before) const noexcept {
    const auto at = watched_.find(interaction);
    return at != watched_.end() && at->second.learnt_since(before);
  }
  /// Somebody tells that an interaction which is watched is, or is not, on hold. Perhaps that is old: it settles nothing.
  void told(std::string_view interaction, bool held, SteadyTime now) noexcept {
    Watched* const entry = find(interaction);
    if (!entry) return;
    if (!held) entry->told_released = true, entry->told_again = never;
    if (held && entry->told_released) entry->told_again = (std::min)(entry->told_again, now);
    if (held && entry->held) entry->learnt = ++learnt_;
  }
  /// The hold of an interaction that is watched began earlier than was believed, as somebody else's clock has it. Of a hold
  /// that was sent from here the sending is known, which no clock that was set meanwhile can move (invariant I22).
  void began(std::string_view interaction, SteadyTime since) {
    Watched* const entry = find(interaction);
    if (!entry || entry->ours || since >= entry->since) return;
    entry->since = since;
    if (entry->repetitions != 0) return;  // its limit has passed already
    auto node = due_.extract(entry->due);
    node.key() = std::min(node.key(), first_due(since));
    entry->due = due_.insert(std::move(node));
  }
  /// A hold was confirmed so late that it may have been applied after a release which was sent behind it.
  void may_be_held(std::string_view interaction, std::uint64_t order, SteadyTime since) {
    add_unsettled(watch(interaction, since), order, since);
  }
  /// The request of a hold leaves, or has ended, and nobody knows whether the server has it: from now on it can only be on its
  /// way. False when that hold is not watched any more.
  bool hold_left(std::string_view interaction, std::uint64_t order, SteadyTime now) noexcept {
    Watched* const entry = find(interaction);
    bool found = false;
    if (entry)
      for (Sent& each : entry->unsettled)
        if (each.order == order) each.last = now, found = true;
    return found;
  }
  /// The server has a hold now, so that a release which is sent from here on comes behind it. For holds that travel as
  /// requests, each of which may overtake another.
  void hold_answered(std::string_view interaction, std::uint64_t order) noexcept {
    if (Watched* const entry = find(interaction))
      for (Sent& each : entry->unsettled) each.answered = each.answered || each.order == order;
  }
  /// Whether the server has a hold of which nobody knows what became, and that was sent after `sent_after`.
  [[nodiscard]] bool may_land(std::string_view interaction, SteadyTime sent_after) const noexcept {
    const auto at = watched_.find(interaction);
    return at != watched_.end() && std::any_of(at->second.unsettled.begin(), at->second.unsettled.end(),
                                               [&](const Sent& each) { return each.answered && each.last > sent_after; });
  }
  /// A release was confirmed. `lost_before`: holds that were sent before then arrive no more, answered or not; others count
  /// as settled only if the server had them.
  void release_confirmed(std::string_view interaction, std::uint64_t order, SteadyTime lost_before = never) {
    Watched* const entry = find(interaction);
    // Not if it was held again behind that: by a hold, which comes after the release in the order of commands.
    if (!entry || !entry->held || entry->held_order <= order) note_end(interaction);
    if (!entry) return;
    std::erase_if(entry->unsettled, [&](const Sent& each) { return each.order < order && (each.answered || each.last < lost_before); });
    if (entry->held_order < order) entry->held = false;
    conclude(interaction, *entry);
  }
  /// A release was sent, and its fate is not known: what was believed before it is not known any more either.
  void release_in_doubt(std::string_view interaction, std::uint64_t order) noexcept {
    if (Watched* const entry = find(interaction)) entry->doubt_order = std::max(entry->doubt_order, order);
  }
  /// The interaction was seen not to be on hold. A hold that was sent and is not settled may come behind that, unless it was
  /// sent before `lost_before`. What was learnt since the reading began, when `learnt()` was `before`, is newer than what it shows.
  void seen_released(std::string_view interaction, SteadyTime lost_before = SteadyTime::min(), std::uint64_t before = UINT64_MAX) {
    Watched* const entry = find(interaction);
    if (!entry || entry->learnt_since(before)) return;
    note_end(interaction);
    std::erase_if(entry->unsettled, [lost_before](const Sent& each) { return each.last < lost_before; });
    entry->held = false;
    conclude(interaction, *entry);
  }
  /// The interaction is known not to be on hold, whatever was sent.
  void released(std::string_view interaction) noexcept {
    note_end(interaction);
    forget(interaction);
  }

  // The watchdog.

  [[nodiscard]] SteadyTime next_deadline() const noexcept { return due_.empty() ? never : due_.begin()->first; }
  /// Takes the next event that is due; false when there is none. After a pause an interaction has one event, not one for
  /// each that was missed.
  bool take_event(SteadyTime now, HoldLimitEvent& out) {
    if (due_.empty() || due_.begin()->first > now) return false;
    const auto at = watched_.find(due_.begin()->second);
    out.interaction = at->first;  // while the timer is still there: memory may run out
    auto node = due_.extract(due_.begin());
    Watched& entry = at->second;
    const SteadyTime limit = after(entry.since, settings_->max_hold);
    out.confirmed = entry.confirmed();
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
      each.confirmed = entry.confirmed();
      each.since = entry.since;
    }
    return out;
  }

 private:
  static constexpr std::size_t max_unsettled = 64;
  // The timers refer to the map's own keys, which stay where they are.
  using Timers = std::multimap<SteadyTime, std::string_view>;
  struct Sent {
    std::uint64_t order;
    SteadyTime at;
    SteadyTime last;        ///< After which none of it was sent any more.
    bool answered = false;  ///< The server had it.
  };
  struct Watched {
    SteadyTime since{};
    std::vector<Sent> unsettled;  ///< Holds whose fate is not known; hardly ever more than one.
    std::uint64_t held_order = 0; ///< Of the last command that is known to have come before the hold was seen.
    std::uint64_t doubt_order = 0;  ///< Of the last release whose fate is not known.
    std::uint64_t learnt = 0;       ///< The count of what was learnt when it was last learnt to be on hold.
    bool held = false;
    bool told_released = false;  ///< Since it was last seen on hold.
    SteadyTime told_again = never;  ///< When it was told to be on hold again behind that.
    bool ours = false;  ///< Watched since a hold was sent from here, and not since one was heard of.
    int repetitions = 0;
    Timers::iterator due{};
    /// As new, but with its memory.
    void begin(SteadyTime when) noexcept {
      unsettled.clear();
      since = when, told_again = never, held_order = doubt_order = learnt = 0;
      held = told_released = ours = false, repetitions = 0, due = {};
    }
    [[nodiscard]] bool confirmed() const noexcept { return held && held_order >= doubt_order; }
    [[nodiscard]] bool learnt_since(std::uint64_t before) const noexcept { return held && learnt > before; }
  };

  using Entries = std::unordered_map<std::string, Watched, detail::TextHash, std::equal_to<>>;

  void note_end(std::string_view interaction) noexcept {
    ++ends_;
    ended_[ends_ % ended_.size()] = std::hash<std::string_view>{}(interaction);
  }
  void forget(std::string_view interaction) noexcept {
    const auto at = watched_.find(interaction);
    if (at == watched_.end()) return;
    spare_timers_.keep(due_.extract(at->second.due));
    spare_.keep(watched_.extract(at));
  }
  [[nodiscard]] SteadyTime first_due(SteadyTime since) const noexcept { return after(since, settings_->max_hold - settings_->warn_before); }
  Watched& watch(std::string_view interaction, SteadyTime since) {
    const auto found = watched_.find(interaction);
    if (found != watched_.end()) return found->second;
    Timers::node_type timer = spare_timers_.take();  // entry and timer come both or, when memory runs out, neither
    Entries::node_type node = spare_.take();
    node.key().assign(interaction);
    node.mapped().begin(since);
    const auto at = watched_.insert(std::move(node)).position;
    Watched& entry = at->second;
    timer.key() = first_due(since);
    timer.mapped() = at->first;
    entry.due = due_.insert(std::move(timer));
    return entry;
  }
  [[nodiscard]] Watched* find(std::string_view interaction) noexcept {
    const auto at = watched_.find(interaction);
    return at == watched_.end() ? nullptr : &at->second;
  }
  static void add_unsettled(Watched& entry, std::uint64_t order, SteadyTime at) {
    std::vector<Sent>& unsettled = entry.unsettled;
    // So many unanswered holds of one interaction that one more or less tells nothing; the first says since when.
    if (unsettled.size() >= max_unsettled) unsettled.erase(unsettled.begin() + 1);
    unsettled.push_back({order, at, at});
  }
  static bool settle(Watched& entry, std::uint64_t order) noexcept {
    return std::erase_if(entry.unsettled, [order](const Sent& each) { return each.order == order; }) != 0;
  }
  /// Something is known not to hold the interaction: it is watched no more, or on account of later holds.
  void conclude(std::string_view interaction, Watched& entry) {
    if (entry.held) return;
    if (entry.unsettled.empty()) return forget(interaction);
    if (const SteadyTime since = entry.unsettled.front().at; since != entry.since) begin_anew(entry, since);
  }
  /// What is watched is another hold than before, with a limit of its own.
  void begin_anew(Watched& entry, SteadyTime since) {
    entry.since = since;
    entry.repetitions = 0;
    auto node = due_.extract(entry.due);
    node.key() = first_due(since);
    entry.due = due_.insert(std::move(node));
  }

  const HoldSettings* settings_;
  std::uint64_t learnt_ = 0;
  std::uint64_t ends_ = 0;
  std::array<std::size_t, 1024> ended_{};  ///< The last ones' hashes; the newest at `ends_`, in a circle.
  Entries watched_;
  Timers due_;
  detail::SpareNodes<Entries> spare_;
  detail::SpareNodes<Timers> spare_timers_;
};

}  // namespace patchbay
