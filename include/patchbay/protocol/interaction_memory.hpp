// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // max, min
#include <cstddef>
#include <cstdint>
#include <functional>  // hash
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include <patchbay/cloud/interaction.hpp>
#include <patchbay/observe/redact.hpp>
#include <patchbay/time.hpp>

namespace patchbay {

/// The versions in which interactions were seen last, each with the node and the transition id that it had. A handle in
/// `TransitionSettings::remember`: doors that share it share what they know, and their clocks must be the same one.
///
/// A transition that starts from the remembered node is written at once, locked with the remembered version, and so takes
/// one request instead of two. Nothing is decided by the memory alone: the lock makes the cloud refuse what has
/// changed since, and then the interaction is read and decided on as ever (invariants I1, I5).
///
/// What is recalled is taken away, and remembered anew when the write has shown the next version; so conflicts and
/// unknown outcomes leave nothing behind, and two doors never try one version at the same time.
/// Bounded: what was remembered longest ago makes room. Thread-safe; recalling, and remembering anew, allocate nothing.
class InteractionMemory {
 public:
  /// Knows at most `capacity` interactions, each no longer than `max_age`: what is older is probably of no use, and trying
  /// it would cost a refused write. An entry takes about 400 bytes with names of the usual lengths, and 3 KB at most.
  explicit InteractionMemory(std::size_t capacity = 10'000, Duration max_age = seconds{300}) noexcept
      : capacity_((std::min)(capacity, std::size_t{none} - 1)), max_age_(max_age) {}
  InteractionMemory(const InteractionMemory&) = delete;
  InteractionMemory& operator=(const InteractionMemory&) = delete;

  /// Takes away what is remembered of the interaction and puts it into `out`, if it was at `node` then; false otherwise.
  /// `origin` is the address of its cloud. What is remembered of another node stays.
  [[nodiscard]] bool recall(SteadyTime now, std::string_view origin, std::string_view interaction, std::string_view node,
                            InteractionSnapshot& out) {
    const std::lock_guard lock(mutex_);
    const Index at = find(origin, interaction);
    if (at == none) return false;
    Entry& entry = entries_[at];
    if (entry.etag.empty()) return false;
    // A time to come is another clock's: nothing is known of the age then.
    if (now < entry.seen || now - entry.seen > max_age_) return vacate(at), false;
    if (entry.node != node) return false;
    out.clear();
    out.etag = entry.etag;
    out.flow_node = entry.node;
    out.has_flow_node = true;
    out.transition_id = entry.transition_id;
    vacate(at);
    return true;
  }

  /// Remembers the interaction as `seen`, in place of what was remembered of it; forgets it when nothing could be tried
  /// with that: no version to lock with, no node, a state that is final, or texts too long to keep.
  void remember(SteadyTime now, std::string_view origin, std::string_view interaction, const InteractionSnapshot& seen) noexcept {
    const std::lock_guard lock(mutex_);
    // A version alone does not say which party of a conversation it is of.
    const bool tells = !seen.etag.empty() && seen.has_flow_node && seen.participant_id.empty() && !seen.final();
    const bool useful = capacity_ != 0 && tells && fits(origin) && fits(interaction) && fits(seen.etag) &&
                        fits(seen.flow_node) && fits(seen.transition_id);
    // Not to be remembered costs a reading, so it is no error when memory runs out.
    const bool kept = useful && guarded([&] { keep(now, origin, interaction, seen); });
    if (kept) return;
    if (const Index at = find(origin, interaction); at != none) vacate(at);
  }

  /// Interactions that are remembered now.
  [[nodiscard]] std::size_t size() const noexcept {
    const std::lock_guard lock(mutex_);
    return known_;
  }

 private:
  using Index = std::uint32_t;
  static constexpr Index none = static_cast<Index>(-1);
  static constexpr std::size_t longest = 512;  // bytes of each text

  /// One interaction. Without a version it is vacant, and keeps its place and memory until another one needs them.
  struct Entry {
    std::string origin, interaction, etag, node, transition_id;
    SteadyTime seen{};
    Index older = none, newer = none;  // in the order of use
    Index next = none;                 // of the same bucket
  };

  static bool fits(std::string_view text) noexcept { return text.size() <= longest; }
  std::size_t bucket_of(std::string_view origin, std::string_view interaction) const noexcept {
    const std::hash<std::string_view> hash;
    return (hash(interaction) ^ hash(origin) * 31) & (buckets_.size() - 1);
  }
  [[nodiscard]] Index find(std::string_view origin, std::string_view interaction) const noexcept {
    if (buckets_.empty()) return none;
    for (Index at = buckets_[bucket_of(origin, interaction)]; at != none; at = entries_[at].next)
      if (entries_[at].interaction == interaction && entries_[at].origin == origin) return at;
    return none;
  }

  void keep(SteadyTime now, std::string_view origin, std::string_view interaction, const InteractionSnapshot& seen) {
    Index at = find(origin, interaction);
    if (at == none) {
      if (entries_.size() < capacity_) {
        if (entries_.size() == buckets_.size()) grow();
        entries_.emplace_back();
        at = static_cast<Index>(entries_.size() - 1);
        link(at, true);
      } else {
        at = oldest_;
        if (!entries_[at].etag.empty()) --known_;
        unchain(at);
      }
      Entry& fresh = entries_[at];
      fresh.etag.clear(), fresh.origin.clear(), fresh.interaction.clear();  // in no bucket, should memory run out now
      fresh.origin = origin;
      fresh.interaction = interaction;
      chain(at);
    }
    Entry& entry = entries_[at];
    if (!entry.etag.empty()) --known_;
    entry.etag.clear();
    entry.node = seen.flow_node;
    entry.transition_id = seen.transition_id;
    entry.seen = now;
    entry.etag = seen.etag;
    ++known_;
    unlink(at);
    link(at, false);
  }
  /// Forgets the entry, which is then the first to make room.
  void vacate(Index at) noexcept {
    if (entries_[at].etag.empty()) return;
    entries_[at].etag.clear();
    --known_;
    unlink(at);
    link(at, true);
  }

  void grow() {
    std::vector<Index> wider((std::max)(buckets_.size() * 2, std::size_t{64}), none);
    entries_.reserve((std::min)(wider.size(), capacity_));
    buckets_.swap(wider);
    for (Index at = 0; at < entries_.size(); ++at) chain(at);
  }
  void chain(Index at) noexcept {
    Index& head = buckets_[bucket_of(entries_[at].origin, entries_[at].interaction)];
    entries_[at].next = head;
    head = at;
  }
  void unchain(Index at) noexcept {
    Index* place = &buckets_[bucket_of(entries_[at].origin, entries_[at].interaction)];
    while (*place != none && *place != at) place = &entries_[*place].next;
    if (*place == at) *place = entries_[at].next;
  }
  void unlink(Index at) noexcept {
    const Entry& entry = entries_[at];
    (entry.older == none ? oldest_ : entries_[entry.older].newer) = entry.newer;
    (entry.newer == none ? newest_ : entries_[entry.newer].older) = entry.older;
  }
  /// Puts an entry that is not linked at one of the two ends.
  void link(Index at, bool as_oldest) noexcept {
    Entry& entry = entries_[at];
    entry.older = as_oldest ? none : newest_;
    entry.newer = as_oldest ? oldest_ : none;
    if (entry.older != none) entries_[entry.older].newer = at;
    if (entry.newer != none) entries_[entry.newer].older = at;
    if (oldest_ == none || as_oldest) oldest_ = at;
    if (newest_ == none || !as_oldest) newest_ = at;
  }

  const std::size_t capacity_;
  const Duration max_age_;
  mutable std::mutex mutex_;
  std::vector<Entry> entries_;
  std::vector<Index> buckets_;  // a power of two of them, or none
  Index oldest_ = none, newest_ = none;
  std::size_t known_ = 0;
};

}  // namespace patchbay
