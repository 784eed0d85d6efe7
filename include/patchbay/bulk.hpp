// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <functional>
#include <stop_token>
#include <utility>
#include <vector>

#include <patchbay/result.hpp>
#include <patchbay/transition_request.hpp>

namespace patchbay {

/// What became of one item of a bulk operation.
class BulkItem {
 public:
  explicit BulkItem(Result<TransitionResult> result_in) : result(std::move(result_in)) {}

  Result<TransitionResult> result;
  /// The item whose write carried this one: itself, or, when several were coalesced, the last of them. They have the
  /// transition id, the ETags and the times of that write in common, and fail alike when it fails.
  std::size_t carried_by = 0;
};

/// What became of all items, in the order of the range.
class BulkResult {
 public:
  BulkResult() noexcept = default;
  std::vector<BulkItem> items;

  /// How many items ended so.
  [[nodiscard]] std::size_t count(Outcome outcome) const noexcept {
    std::size_t number = 0;
    for (const BulkItem& item : items) number += (item.result ? Outcome::applied : item.result.error().outcome()) == outcome ? 1 : 0;
    return number;
  }
  [[nodiscard]] bool all_applied() const noexcept { return count(Outcome::applied) == items.size(); }
};

/// One more item has ended; references of the bulk operation's memory.
class BulkProgress {
 public:
  BulkProgress(std::size_t ended_in, std::size_t total_in, std::size_t index_in, const BulkItem& item_in) noexcept
      : ended(ended_in), total(total_in), index(index_in), item(&item_in) {}
  std::size_t ended;  ///< With this one.
  std::size_t total;
  std::size_t index;  ///< The item's place in the range, from 0.
  const BulkItem* item;
};

/// How a bulk operation goes about its items. Chained: `BulkSettings().window(64).coalesce()`.
class BulkSettings {
 public:
  using Progress = std::function<void(const BulkProgress&)>;
  using Work = std::function<void()>;
  using Workers = std::function<void(std::size_t count, const Work& work)>;

  BulkSettings() = default;

  /// Transitions under way at once, at most; 16 unless set. Each is of another interaction.
  BulkSettings& window(std::size_t operations) & { return window_ = operations, *this; }
  BulkSettings&& window(std::size_t operations) && { return std::move(window(operations)); }

  /// Lets adjacent moves of one interaction become one write, at most `longest` of them: each move starts where the one
  /// before ends, all are of one flow (and version, where pinned), have one deadline and are stopped by one token, each is
  /// allowed by the flow and its variables by the schema, and the write fits the limit. A move that begins with others and is
  /// then not of their write has what is left of its time. Their variables are merged, a later one's in place of an earlier one's; nobody
  /// else sees the nodes in between, and the webhook is told of one move, from the first node to the last.
  BulkSettings& coalesce(std::size_t longest = 16) & { return longest_ = longest, *this; }
  BulkSettings&& coalesce(std::size_t longest = 16) && { return std::move(coalesce(longest)); }

  /// Once stop is requested no further item begins: each ends as `cancelled`, and not applied. What is under way ends by
  /// itself.
  BulkSettings& stop(std::stop_token token) & { return stop_ = std::move(token), *this; }
  BulkSettings&& stop(std::stop_token token) && { return std::move(stop(std::move(token))); }

  /// Called for each item that has ended, by the thread that ended it, one call at a time and without the operation's
  /// lock. What it throws is counted as a callback failure and changes nothing. While it runs, every thread that has an end
  /// to report waits for it, and takes up no other item meanwhile: a slow callback slows the whole operation, and on an
  /// event loop all else that those threads serve. It must not run the event loop recursively: an end that is served within
  /// the call would wait for the call to return, for ever.
  BulkSettings& progress(Progress callback) & { return progress_ = std::move(callback), *this; }
  BulkSettings&& progress(Progress callback) && { return std::move(progress(std::move(callback))); }

  /// Gives a blocking bulk operation threads, since the library starts none. Called once, before the first item begins,
  /// with how many could be of use beside the calling one; has up to so many threads call `work()`, each once, or a
  /// copy of it. `work` returns when there is nothing left to do. Threads may come late, be fewer or never come: the
  /// calling thread does what they leave. One that comes when all is done returns at once.
  ///
  ///     std::vector<std::jthread> threads;
  ///     BulkSettings().workers([&](std::size_t count, const BulkSettings::Work& work) {
  ///       while (count-- != 0) threads.emplace_back(work);
  ///     });
  BulkSettings& workers(Workers hook) & { return workers_ = std::move(hook), *this; }
  BulkSettings&& workers(Workers hook) && { return std::move(workers(std::move(hook))); }

  [[nodiscard]] std::size_t window() const noexcept { return window_; }
  [[nodiscard]] std::size_t longest() const noexcept { return longest_; }  ///< 1: nothing is coalesced.
  [[nodiscard]] const std::stop_token& stop() const noexcept { return stop_; }
  [[nodiscard]] const Progress& progress() const noexcept { return progress_; }
  [[nodiscard]] const Workers& workers() const noexcept { return workers_; }

 private:
  std::size_t window_ = 16;
  std::size_t longest_ = 1;
  std::stop_token stop_;
  Progress progress_;
  Workers workers_;
};

}  // namespace patchbay
