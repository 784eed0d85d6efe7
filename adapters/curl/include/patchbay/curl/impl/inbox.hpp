// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <vector>

#include <patchbay/curl/impl/heap.hpp>
#include <patchbay/curl/impl/list.hpp>
#include <patchbay/policy/completion_transport.hpp>

namespace patchbay::curl::detail {

struct Host;
struct Slot;

/// One exchange from its beginning to its completion. The loop's, but for what is said to be the inbox's.
struct Call : HeapNode {  // `when` is its deadline
  const HttpRequest* request = nullptr;
  HttpResponse* response = nullptr;
  Completion<TransportResult<void>> done;
  Host* host = nullptr;
  Slot* slot = nullptr;  ///< While it is under way; a call without waits for one.
  bool timed = false;    ///< Its deadline is in the loop's heap.
  std::uint64_t came = 0;  ///< How many came before it; a call that goes back to wait finds its place by it.
  Link<Call> place;      ///< Among those that came, that wait for a connection, or that are free.
  // The inbox's, under its lock.
  Link<Call> cancelled;
  ExchangeId id = 0;  ///< How often the record was used, and its index; 0 when free.
  std::uint32_t index = 0;
  std::uint64_t uses = 0;
};
using CallList = List<Call, &Call::place>;

/// A timer, and the end of its wait.
struct TimerNode : HeapNode {
  enum class Stage : std::uint8_t { idle, armed, due };
  Completion<void> done;
  Link<TimerNode> place;
  Stage stage = Stage::idle;
  bool orphaned = false;  ///< Its `Timer` is gone; the inbox frees it.
};

/// What reaches a loop from other threads, and how it is woken for it. It outlives the loop with the last handle.
///
/// Every function may be called by any thread but those of the loop. No completion is called or dropped under the lock.
class Inbox {
 public:
  Inbox();
  Inbox(const Inbox&) = delete;
  Inbox& operator=(const Inbox&) = delete;
  ~Inbox();

  ExchangeId send(const HttpRequest& request, HttpResponse& response, SteadyTime deadline,
                  Completion<TransportResult<void>> done) noexcept;
  void cancel(ExchangeId id) noexcept;
  void post(Completion<void> work) noexcept;
  void wait(TimerNode& timer, SteadyTime when, Completion<void> done) noexcept;
  void cancel(TimerNode& timer) noexcept;
  void let_go(TimerNode* timer) noexcept;
  void wake() noexcept;

  // For the loop's thread.

  /// False when the operating system gave nothing to be woken by.
  [[nodiscard]] bool usable() const noexcept { return wake_read_ >= 0; }
  [[nodiscard]] int wake_socket() const noexcept { return wake_read_; }
  [[nodiscard]] bool has_work() noexcept;
  /// Takes the exchanges that came and the work that was posted, and makes timers due.
  void take(CallList& calls, std::vector<Completion<void>>& work, SteadyTime now) noexcept;
  /// The next call that is to be cancelled, of those that were taken.
  [[nodiscard]] Call* take_cancelled() noexcept;
  /// Calls the completion of the next timer that is due; false when none is.
  [[nodiscard]] bool run_timer() noexcept;
  /// `count` pieces of work were done.
  void done(std::size_t count) noexcept;
  /// Frees the record and calls the completion.
  void end(Call& call, TransportResult<void> result) noexcept;
  /// Before it waits: false when there is something to take. Lowers `until` to the time of the next timer.
  [[nodiscard]] bool may_sleep(SteadyTime& until) noexcept;
  void woke() noexcept;
  /// The loop ends: everything is abandoned, now and later.
  void close() noexcept;

 private:
  void wake_locked() noexcept;

  std::mutex mutex_;
  std::deque<Call> calls_;
  CallList free_;
  CallList incoming_;
  List<Call, &Call::cancelled> cancelled_;
  std::vector<Completion<void>> work_;
  Heap timers_;
  List<TimerNode, &TimerNode::place> due_;
  std::size_t under_way_ = 0;  // exchanges, waits and pieces of work
  bool asleep_ = false;
  bool woken_ = false;
  bool nudged_ = false;  // by `wake`
  bool closed_ = false;
  int wake_read_ = -1;
  int wake_write_ = -1;
};

}  // namespace patchbay::curl::detail
