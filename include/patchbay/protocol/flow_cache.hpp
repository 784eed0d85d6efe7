// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <patchbay/flow/flow_graph.hpp>
#include <patchbay/protocol/single_flight.hpp>

namespace patchbay {

/// Flow definitions by id and version (hazard A26). A handle in the settings: doors that share it share the flows.
///
/// A flow is fetched by one operation while the others wait, is fresh for a time, and is then asked for again with its
/// ETag, if it had one. A version that a request pins is served whatever its age, since a version does not change.
/// Bounded: the flow that was used longest ago makes room. Thread-safe.
class FlowCache {
 public:
  /// `capacity` flows at most, and `max_waiters` operations that wait for one that is being fetched.
  explicit FlowCache(Duration time_to_live = seconds{60}, std::size_t capacity = 64, FlowLimits limits = {}, std::size_t max_waiters = 100'000)
      : limits_(limits), time_to_live_(time_to_live), capacity_(capacity == 0 ? 1 : capacity), max_waiters_(max_waiters) {}
  FlowCache(const FlowCache&) = delete;
  FlowCache& operator=(const FlowCache&) = delete;

  [[nodiscard]] const FlowLimits& limits() const noexcept { return limits_; }

  /// What an operation is to do now about flow `id`; an empty `version` means the deployed one. `flow` is set on `use`,
  /// `etag` on `lead` when there is an older copy to ask about, `error` on `failed`.
  Turn ask(SteadyTime now, std::string_view id, std::string_view version, Waiter& waiter, SingleFlight::Ticket& ticket,
           std::shared_ptr<const FlowGraph>& flow, std::string& etag, std::optional<Error>& error) {
    const std::lock_guard lock(mutex_);
    Entry* const entry = find_or_make(id);
    if (!entry) return Turn::full;
    entry->used = ++clock_;
    for (const auto& known : entry->versions)
      if (!version.empty() && known->version() == version) return flow = known, Turn::use;
    // A ticket proves that a fetch ended after this operation asked: its copy is fresh, whatever the time to live.
    const bool fresh = now < entry->fresh_until || entry->flight.landed(ticket);
    if (!entry->versions.empty() && fresh) return flow = entry->versions.back(), Turn::use;
    if (const Error* const failure = entry->flight.failure_of(ticket)) return error = *failure, Turn::failed;
    if (entry->flight.busy()) return entry->flight.join(waiter, ticket, max_waiters_) ? Turn::wait : Turn::full;
    ticket = entry->flight.lead();
    etag = entry->versions.empty() ? std::string{} : entry->etag;
    return Turn::lead;
  }

  /// The usual case of `ask`: the flow when it is there, fresh, and of the version that was asked for; otherwise nothing.
  [[nodiscard]] std::shared_ptr<const FlowGraph> try_use(SteadyTime now, std::string_view id, std::string_view version) noexcept {
    const std::lock_guard lock(mutex_);
    Entry* const entry = find(id);
    if (!entry || entry->versions.empty() || now >= entry->fresh_until) return nullptr;
    if (!version.empty() && entry->versions.back()->version() != version) return nullptr;
    entry->used = ++clock_;
    return entry->versions.back();
  }

  /// Ends the leader's fetch with a definition. One that says what the known one of its version says is dropped for that
  /// one, whose index of reachability may be built already.
  void publish(SteadyTime now, std::string_view id, std::shared_ptr<const FlowGraph> flow, std::string_view etag) {
    if (std::shared_ptr<const FlowGraph> known = of_version(id, flow->version()); known && known->same_as(*flow))
      flow = std::move(known);
    const std::lock_guard lock(mutex_);
    Entry& entry = *find(id);
    std::erase_if(entry.versions, [&](const auto& known) { return known->version() == flow->version(); });
    if (entry.versions.size() == versions_kept) entry.versions.erase(entry.versions.begin());
    entry.versions.push_back(std::move(flow));
    entry.etag = etag;
    land(entry, now);
  }
  /// Ends the leader's fetch with "not modified": the present copy is fresh again.
  void confirm(SteadyTime now, std::string_view id) {
    const std::lock_guard lock(mutex_);
    land(*find(id), now);
  }
  void fail_fetch(std::string_view id, const Error& error) {
    const std::lock_guard lock(mutex_);
    find(id)->flight.fail(error);
  }
  void abandon(std::string_view id) noexcept {
    const std::lock_guard lock(mutex_);
    find(id)->flight.abandon();
  }
  void forget(std::string_view id, Waiter& waiter) noexcept {
    const std::lock_guard lock(mutex_);
    if (Entry* const entry = find(id)) entry->flight.forget(waiter);
  }
  /// Makes the next operation fetch the flow anew, as after a deployment.
  void expire(std::string_view id) noexcept {
    const std::lock_guard lock(mutex_);
    if (Entry* const entry = find(id)) entry->fresh_until = SteadyTime::min();
  }

 private:
  static constexpr std::size_t versions_kept = 4;
  struct Entry {
    std::string id;
    std::string etag;
    std::vector<std::shared_ptr<const FlowGraph>> versions;  // the deployed one last
    SteadyTime fresh_until = SteadyTime::min();
    SingleFlight flight;
    std::uint64_t used = 0;
  };

  std::shared_ptr<const FlowGraph> of_version(std::string_view id, std::string_view version) {
    const std::lock_guard lock(mutex_);
    for (const auto& known : find(id)->versions)
      if (known->version() == version) return known;
    return nullptr;
  }
  void land(Entry& entry, SteadyTime now) {
    entry.fresh_until = after(now, time_to_live_);
    entry.flight.succeed();
  }
  Entry* find(std::string_view id) noexcept {
    for (const auto& entry : entries_)
      if (entry->id == id) return entry.get();
    return nullptr;
  }
  Entry* find_or_make(std::string_view id) {
    if (Entry* const known = find(id)) return known;
    if (entries_.size() >= capacity_) {
      // A flow that is being fetched has a leader and waiters who will come back for it.
      auto oldest = entries_.end();
      for (auto each = entries_.begin(); each != entries_.end(); ++each)
        if (!(*each)->flight.busy() && (oldest == entries_.end() || (*each)->used < (*oldest)->used)) oldest = each;
      if (oldest == entries_.end()) return nullptr;
      entries_.erase(oldest);
    }
    entries_.push_back(std::make_unique<Entry>());
    entries_.back()->id = id;
    return entries_.back().get();
  }

  FlowLimits limits_;
  Duration time_to_live_;
  std::size_t capacity_;
  std::size_t max_waiters_;
  std::mutex mutex_;
  std::uint64_t clock_ = 0;
  std::vector<std::unique_ptr<Entry>> entries_;
};

}  // namespace patchbay
