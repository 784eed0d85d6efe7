// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include <patchbay/observe/redact.hpp>
#include <patchbay/protocol/hold_session.hpp>
#include <patchbay/protocol/hold_turns.hpp>

namespace patchbay {

/// A hold session shared by the operations of one door and whoever pumps it, under one lock.
///
/// User code is never called under the lock. A waiter is woken under it, as `Waiter` wants.
class HoldHub {
 public:
  HoldHub(const HoldSettings& settings, HoldMetrics& metrics) : session_(settings, metrics) {}
  HoldHub(const HoldHub&) = delete;
  HoldHub& operator=(const HoldHub&) = delete;

  /// Reads or changes the session, and wakes whose commands ended by it. Returns what `use` returns.
  template <class Use>
  auto with(Use&& use) {
    const std::lock_guard lock(mutex_);
    if constexpr (std::is_void_v<decltype(use(session_))>) {
      use(session_);
      complete();
    } else {
      auto result = use(session_);
      complete();
      return result;
    }
  }

  // For the pump, which holds `mutex()`.

  [[nodiscard]] std::mutex& mutex() noexcept { return mutex_; }
  [[nodiscard]] HoldSession& session() noexcept { return session_; }
  /// Hands on what the session has settled. Called after every report, with the lock held.
  void complete() {
    for (HoldCall* const call : session_.completed()) {
      if (call->waiter) {
        call->waiter->wake();
      } else {
        ended_.push_back(call);
      }
    }
    session_.completed().clear();
  }
  /// Commands without a waiter, which the door itself had sent, that have ended.
  [[nodiscard]] std::vector<HoldCall*>& ended() noexcept { return ended_; }

 private:
  std::mutex mutex_;
  HoldSession session_;
  std::vector<HoldCall*> ended_;
};

/// The client's handlers. Registered at any time, from any thread; called without a lock.
class HoldHandlers {
 public:
  explicit HoldHandlers(HoldMetrics& metrics) noexcept : metrics_(&metrics) {}

  void add(QualityMonitor monitor) { add_to(quality_, std::move(monitor)); }
  void add(HoldLimitHandler handler) { add_to(limit_, std::move(handler)); }
  void add(MessageObserver observer) { add_to(message_, std::move(observer)); }
  void add(ChannelStateHandler handler) { add_to(state_, std::move(handler)); }

  void tell(const QualityEvent& event) const noexcept { call(quality_, event, HoldCount::monitor_failures); }
  void tell(const HoldLimitEvent& event) const noexcept { call(limit_, event, HoldCount::callback_failures); }
  void tell(const ChannelMessage& message) const noexcept { call(message_, message, HoldCount::callback_failures); }
  void tell(const ChannelStateEvent& event) const noexcept { call(state_, event, HoldCount::callback_failures); }

 private:
  template <class Handler>
  using List = std::shared_ptr<const std::vector<Handler>>;

  // The list is replaced, never changed, so that a handler may register another while it is called.
  template <class Handler>
  void add_to(List<Handler>& list, Handler handler) {
    if (!handler) return;
    const std::lock_guard lock(mutex_);
    auto longer = list ? std::make_shared<std::vector<Handler>>(*list) : std::make_shared<std::vector<Handler>>();
    longer->push_back(std::move(handler));
    list = std::move(longer);
  }
  template <class Handler, class Told>
  void call(const List<Handler>& list, const Told& what, HoldCount failure) const noexcept {
    List<Handler> present;
    {
      const std::lock_guard lock(mutex_);
      present = list;
    }
    if (!present) return;
    for (const Handler& each : *present)
      if (!guarded([&] { each(what); })) metrics_->count(failure);
  }

  HoldMetrics* metrics_;
  mutable std::mutex mutex_;
  List<QualityMonitor> quality_;
  List<HoldLimitHandler> limit_;
  List<MessageObserver> message_;
  List<ChannelStateHandler> state_;
};

}  // namespace patchbay
