// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // max
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include <patchbay/observe/redact.hpp>
#include <patchbay/protocol/hold_session.hpp>
#include <patchbay/protocol/hold_turns.hpp>

namespace patchbay {

class HoldHub;

/// Somebody who waits for the channel to come into a state; stands in its protocol's frame. Not entered when `room` others
/// wait for the same: whoever is `refused` must not wait.
class ChannelWatch {
 public:
  enum class For : std::uint8_t {
    ready,    ///< Open, refused for good, or closed.
    refused,  ///< Refused for good, or closed.
    settled,  ///< No command is under way, and no release owed.
    gone,     ///< Closed, and the connection is over.
  };
  static constexpr std::size_t kinds = 4;
  ChannelWatch(HoldHub& hub, Wakeable& who, For what, std::size_t room) noexcept;
  ChannelWatch(const ChannelWatch&) = delete;
  ChannelWatch& operator=(const ChannelWatch&) = delete;
  ~ChannelWatch();

  [[nodiscard]] Waiter& waiter() noexcept { return waiter_; }
  [[nodiscard]] bool refused() const noexcept { return !place_; }

 private:
  friend class HoldHub;
  HoldHub* hub_;
  Waiter waiter_;
  For for_;
  ChannelWatch* next_ = nullptr;
  ChannelWatch** place_ = nullptr;  ///< Where the pointer to this one stands.
};

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
    for (HoldCall* const call : session_.granted())
      if (call->waiter && !call->waiter->woken()) call->waiter->wake();
    session_.granted().clear();
    for (HoldCall* const call : session_.completed()) {
      if (call->waiter) {
        if (!call->waiter->woken()) call->waiter->wake();
      } else {
        ended_.push_back(call);
      }
    }
    session_.completed().clear();
    look_at_watches();
  }
  /// Commands without a waiter, which the door itself had sent, that have ended.
  [[nodiscard]] std::vector<HoldCall*>& ended() noexcept { return ended_; }
  /// Makes room for so many of them, so that handing them on cannot fail.
  void expect_ends(std::size_t calls) {
    if (calls > ended_.capacity()) ended_.reserve(std::max(calls, 2 * ended_.capacity()));
  }

  // Under the lock.

  SteadyTime close_by{};   ///< When the closing handshake is to be over.
  bool connected = false;  ///< Whether there is a connection, or an attempt at one; of drivers that serve the channel always.

 private:
  friend class ChannelWatch;
  [[nodiscard]] bool reached(ChannelWatch::For what) const noexcept {
    const ChannelState state = session_.channel().state();
    switch (what) {
      case ChannelWatch::For::ready:
        return state == ChannelState::open || state == ChannelState::refused || state == ChannelState::closed;
      case ChannelWatch::For::refused: return state == ChannelState::refused || state == ChannelState::closed;
      case ChannelWatch::For::settled: return session_.unfinished() == 0;
      case ChannelWatch::For::gone: return state == ChannelState::closed && !connected;
    }
    return true;
  }
  /// Goes through those who wait for something when it comes about, and at no other report: there may be thousands.
  void look_at_watches() noexcept {
    for (std::size_t i = 0; i < watches_.size(); ++i) {
      Watches& those = watches_[i];
      const bool before = std::exchange(those.reached, reached(static_cast<ChannelWatch::For>(i)));
      if (before || !those.reached) continue;
      for (ChannelWatch* each = those.first; each; each = each->next_)
        if (!each->waiter_.woken()) each->waiter_.wake();
    }
  }

  struct Watches {
    ChannelWatch* first = nullptr;
    std::size_t count = 0;
    bool reached = false;  ///< When it was last looked at.
  };

  std::mutex mutex_;
  HoldSession session_;
  std::vector<HoldCall*> ended_;
  std::array<Watches, ChannelWatch::kinds> watches_{};  ///< By what is waited for.
};

inline ChannelWatch::ChannelWatch(HoldHub& hub, Wakeable& who, For what, std::size_t room) noexcept
    : hub_(&hub), waiter_(who), for_(what) {
  const std::lock_guard lock(hub.mutex_);
  HoldHub::Watches& those = hub.watches_[static_cast<std::size_t>(what)];
  if (those.count >= room) return;
  ++those.count;
  next_ = std::exchange(those.first, this);
  if (next_) next_->place_ = &next_;
  place_ = &those.first;
  if (hub.reached(what)) waiter_.wake();
}
inline ChannelWatch::~ChannelWatch() {
  if (!place_) return;
  const std::lock_guard lock(hub_->mutex_);
  *place_ = next_;
  if (next_) next_->place_ = place_;
  --hub_->watches_[static_cast<std::size_t>(for_)].count;
}

/// The client's handlers. Registered at any time, from any thread; called without a lock.
class HoldHandlers {
 public:
  explicit HoldHandlers(HoldMetrics& metrics) noexcept : metrics_(&metrics) {}

  void add(QualityMonitor monitor) { add_to(quality_, std::move(monitor)); }
  void add(HoldLimitHandler handler) { add_to(limit_, std::move(handler)); }
  void add(MessageObserver observer) { add_to(message_, std::move(observer)); }
  void add(ChannelStateHandler handler) { add_to(state_, std::move(handler)); }
  /// Nobody is told anything any more, apart from a handler that is being called.
  void forget_all() noexcept {
    List<QualityMonitor> quality;
    List<HoldLimitHandler> limit;
    List<MessageObserver> message;
    List<ChannelStateHandler> state;
    const std::lock_guard lock(mutex_);  // given up before the handlers are destroyed, who are user code
    quality.swap(quality_), limit.swap(limit_), message.swap(message_), state.swap(state_);
  }

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
