// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <patchbay/bulk.hpp>
#include <patchbay/driver/bulk_scheduler.hpp>
#include <patchbay/observe/metrics.hpp>
#include <patchbay/observe/redact.hpp>
#include <patchbay/protocol/transition_group.hpp>

namespace patchbay::detail {

/// What the schema of a door does for one item of a bulk operation: appends the encoded members, or violations.
using EncodeItem = std::function<void(const TransitionRequest&, JsonReader&, std::vector<Violation>&, std::string&)>;

/// A bulk operation that is under way: what may begin, what has ended, and how. Both fronts drive it, from any number of
/// threads: each takes a job, carries it out, and ends it; whoever ended one takes the next.
///
/// Thread-safe. `requests` are referred to until it is finished; `metrics` too.
class BulkRun {
 public:
  BulkRun(std::vector<const TransitionRequest*> requests, const BulkSettings& how, TransitionMetrics& metrics)
      : how_(how), metrics_(&metrics), requests_(std::move(requests)), before_(requests_.size()) {
    std::vector<std::string_view> interactions;
    interactions.reserve(requests_.size());
    items_.reserve(requests_.size());
    dropped_.reserve(requests_.size());
    for (const TransitionRequest* const request : requests_) {
      interactions.push_back(request->interaction());
      // What is said of those that never begin is made while there is memory.
      Error error(how_.window() == 0 ? ErrorCode::invalid_argument : ErrorCode::cancelled,
                  how_.window() == 0 ? "the window of the bulk operation is 0, so that nothing can begin"
                                     : "did not begin: the bulk operation was stopped before its turn");
      error.set_interaction(excerpt(request->interaction(), 128));
      items_.emplace_back(fail(std::move(error)));
      items_.back().carried_by = items_.size() - 1;
    }
    scheduler_ = BulkScheduler(interactions, how_.window(), how_.longest(),
                               [&](std::size_t before, std::size_t item) { return may_follow(*requests_[before], *requests_[item]); });
  }
  BulkRun(const BulkRun&) = delete;
  BulkRun& operator=(const BulkRun&) = delete;

  /// Lets nothing more begin, as the settings' stop does.
  void request_stop() noexcept { stop_requested_.store(true, std::memory_order_relaxed); }

  [[nodiscard]] bool stop_requested() const noexcept { return stop_requested_.load(std::memory_order_relaxed); }

  /// A job to be carried out now; nothing when none may begin. Once a stop is requested, all that waits ends here.
  [[nodiscard]] std::optional<BulkJob> take() noexcept {
    std::size_t from = 0, to = 0;
    {
      const std::lock_guard lock(mutex_);
      if (!stopped()) return scheduler_.next();
      if (scheduler_.waiting() == 0) return std::nullopt;
      from = dropped_.size();
      scheduler_.drop_waiting([&](std::size_t item) { dropped_.push_back(item); });  // there is room for all
      to = dropped_.size();
      ++reporting_;
    }
    for (; from < to; ++from) report(dropped_[from]);
    const std::lock_guard lock(mutex_);
    --reporting_;
    tell_if_finished();
    return std::nullopt;
  }
  [[nodiscard]] const TransitionRequest& request(std::size_t item) const noexcept { return *requests_[item]; }

  /// What the items of a job, which all have it in common, spent in earlier ones that did not end them.
  [[nodiscard]] const TimeSpent& before(const BulkJob& job) const noexcept { return before_[job.items.front()]; }

  /// Ends the first of a job's items, in their order, with these results, which one write had in common if they are
  /// several; the others, or all, will be taken again, and have spent so much by then.
  void end(const BulkJob& job, std::span<Result<TransitionResult>> results, const TimeSpent& spent = {}) noexcept {
    for (const std::size_t item : job.items.subspan(results.size())) before_[item] = spent;
    for (std::size_t i = 0; i < results.size(); ++i) {
      BulkItem& item = items_[job.items[i]];
      item.result = std::move(results[i]);
      item.carried_by = job.items[results.size() - 1];
    }
    for (std::size_t i = 0; i < results.size(); ++i) report(job.items[i]);
    const std::lock_guard lock(mutex_);
    scheduler_.ended(job, results.size());
    tell_if_finished();
  }

  [[nodiscard]] bool finished() const noexcept {
    const std::lock_guard lock(mutex_);
    return finished_now();
  }
  /// The interactions, which the jobs' lanes number.
  [[nodiscard]] std::size_t lanes() const noexcept { return scheduler_.lanes(); }
  /// How many threads could be of use.
  [[nodiscard]] std::size_t most_in_flight() const noexcept { return scheduler_.most_in_flight(); }
  /// Once, when it is finished.
  [[nodiscard]] BulkResult take_result() noexcept {
    BulkResult out;
    out.items = std::move(items_);
    return out;
  }

  /// Carries jobs out with `perform(job)`, which ends them and throws nothing, until the whole operation is finished.
  template <class Perform>
  void serve(Perform&& perform) {
    for (;;) {
      if (const std::optional<BulkJob> job = take()) {
        perform(*job);
        continue;
      }
      // Whoever ends a job takes what that made ready, so that those who wait here are needed for the end alone, and when
      // a stop was requested in between.
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return finished_now() || (stopped() && scheduler_.waiting() != 0); });
      if (finished_now()) return;
    }
  }

 private:
  [[nodiscard]] bool stopped() const noexcept { 
    return how_.window() == 0 || how_.stop().stop_requested() || stop_requested_.load(std::memory_order_relaxed);
  }
  [[nodiscard]] bool finished_now() const noexcept { return scheduler_.finished() && reporting_ == 0; }
  void tell_if_finished() noexcept {
    if (finished_now()) changed_.notify_all();
  }
  void report(std::size_t item) noexcept {
    if (!how_.progress()) return;
    const std::lock_guard turn(progress_mutex_);
    const BulkProgress progress(++ended_, requests_.size(), item, items_[item]);
    if (!guarded([&] { how_.progress()(progress); })) metrics_->count(TransitionCount::callback_failures);
  }

  const BulkSettings how_;
  TransitionMetrics* metrics_;
  const std::vector<const TransitionRequest*> requests_;
  std::vector<BulkItem> items_;     // each written by whoever ends it
  std::vector<TimeSpent> before_;   // by item; written and read by whoever has taken it
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  BulkScheduler scheduler_;
  std::vector<std::size_t> dropped_;
  std::size_t reporting_ = 0;
  std::atomic<bool> stop_requested_{false};
  std::mutex progress_mutex_;
  std::size_t ended_ = 0;
};

}  // namespace patchbay::detail
