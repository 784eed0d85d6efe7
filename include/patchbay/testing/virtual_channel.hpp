// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // push_heap
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <patchbay/policy/transport.hpp>
#include <patchbay/testing/manual_clock.hpp>

namespace patchbay::testing {

/// The far end of a message channel in memory: what a test lets the server do, and what it saw the client do.
///
/// A handle: copies are the same end. It can be told what to deliver before the channel is open and at any time later;
/// times are points on the clock of the transport that it came from. Safe to share between threads.
class ChannelPeer {
 public:
  /// Called with each text that the client sends, in the order sent, and with this end, to answer through. Runs within
  /// the client's `send`, without any lock.
  using OnText = std::function<void(std::string_view text, ChannelPeer& peer)>;

  explicit ChannelPeer(ManualClock clock) : state_(std::make_shared<State>(std::move(clock))) {}

  /// Delivers a text message now, or at a later time.
  ChannelPeer& deliver(std::string_view text) { return deliver_after(Duration::zero(), text); }
  ChannelPeer& deliver_after(Duration span, std::string_view text) {
    return schedule(span, Event{.kind = ChannelEvent::Kind::text, .text = std::string(text)});
  }
  /// Delivers a binary message, which is nothing that the cloud's contract knows.
  ChannelPeer& deliver_binary(std::string_view bytes) {
    return schedule(Duration::zero(), Event{.kind = ChannelEvent::Kind::binary, .text = std::string(bytes)});
  }
  ChannelPeer& ping_after(Duration span) { return schedule(span, Event{.kind = ChannelEvent::Kind::ping}); }
  /// Closes the channel; what was to be delivered later is lost.
  ChannelPeer& close(std::uint16_t code, std::string_view reason = {}) {
    return close_after(Duration::zero(), code, reason);
  }
  ChannelPeer& close_after(Duration span, std::uint16_t code, std::string_view reason = {}) {
    return schedule(
        span, Event{.kind = ChannelEvent::Kind::closed, .code = code, .text = std::string(reason.substr(0, 123))});
  }
  /// Ends the connection without a close frame, which the client sees as 1006.
  ChannelPeer& cut() { return close(1006); }

  ChannelPeer& on_text(OnText handler) {
    const std::lock_guard lock(state_->mutex);
    state_->on_text = std::move(handler);
    return *this;
  }
  /// Told when the client is gone: it closed the channel, or destroyed it. Called once, without any lock.
  ChannelPeer& on_gone(std::function<void()> handler) {
    const std::lock_guard lock(state_->mutex);
    state_->on_gone = std::move(handler);
    return *this;
  }
  /// Lets the handler of `on_wake` run when the span is over, as soon as the client looks for what has come. For clouds
  /// that find out then what there is to deliver.
  ChannelPeer& wake_after(Duration span) { return schedule(span, Event{.kind = ChannelEvent::Kind::idle}); }
  /// Runs without any lock.
  ChannelPeer& on_wake(std::function<void()> handler) {
    const std::lock_guard lock(state_->mutex);
    state_->on_wake = std::move(handler);
    return *this;
  }
  /// Whether pings are answered, and after how long; at once by default. A peer without pongs stays open and silent.
  ChannelPeer& pongs(bool answered, Duration span = Duration::zero()) {
    const std::lock_guard lock(state_->mutex);
    state_->pongs = answered, state_->pong_after = span;
    return *this;
  }
  /// Lets the client's next `send` fail. What was sent is not seen by `on_text`; after it the channel is dead.
  ChannelPeer& fail_next_send(TransportFault fault, Delivery delivery) {
    const std::lock_guard lock(state_->mutex);
    state_->send_failure.emplace(fault, delivery, "as scripted");
    return *this;
  }

  /// The texts that the client sent.
  [[nodiscard]] std::vector<std::string> sent() const {
    return read([](const State& s) { return s.sent; });
  }
  [[nodiscard]] int pings() const {
    return read([](const State& s) { return s.pings; });
  }
  /// Whether the client has the channel open.
  [[nodiscard]] bool is_open() const {
    return read([](const State& s) { return s.opened && !s.dead; });
  }
  /// The code with which the client closed the channel; 1006 when it just let go; nothing while it has not, or
  /// when this end closed it first.
  [[nodiscard]] std::optional<std::uint16_t> closed_with() const {
    return read([](const State& s) { return s.closed_with; });
  }

 private:
  friend class VirtualChannel;

  struct Event {
    SteadyTime at{};
    std::uint64_t order = 0;
    ChannelEvent::Kind kind = ChannelEvent::Kind::idle;
    std::uint16_t code = 0;
    std::string text{};
    // Of a heap whose top is the first to come.
    friend bool operator<(const Event& a, const Event& b) noexcept {
      return a.at != b.at ? a.at > b.at : a.order > b.order;
    }
  };
  struct State {
    explicit State(ManualClock clock_in) : clock(std::move(clock_in)) {}
    ManualClock clock;
    mutable std::mutex mutex;
    std::vector<Event> events;
    std::uint64_t order = 0;
    bool opened = false, dead = false, interrupted = false, pongs = true;
    Duration pong_after{};
    int pings = 0;
    std::size_t max_message = 0;
    std::optional<std::uint16_t> closed_with;
    std::optional<TransportError> send_failure;
    std::vector<std::string> sent;
    OnText on_text;
    std::function<void()> on_gone, on_wake;
    std::function<void(SteadyTime)> on_event;
  };

  explicit ChannelPeer(std::shared_ptr<State> state) noexcept : state_(std::move(state)) {}

  template <class Read>
  auto read(Read&& how) const -> decltype(how(std::declval<const State&>())) {
    const std::lock_guard lock(state_->mutex);
    return how(*state_);
  }
  ChannelPeer& schedule(Duration span, Event event) {
    const std::lock_guard lock(state_->mutex);
    push(*state_, span, std::move(event));
    return *this;
  }
  static void push(State& state, Duration span, Event event) {
    event.at = after(state.clock.steady_now(), span);
    event.order = state.order++;
    const SteadyTime at = event.at;
    state.events.push_back(std::move(event));
    std::push_heap(state.events.begin(), state.events.end());
    if (state.on_event && !state.dead) state.on_event(at);
  }

  std::shared_ptr<State> state_;
};

/// The near end: models `Channel`. `receive` with nothing to deliver moves the clock to the next scheduled event or to
/// the deadline, whichever is first, so virtual time drives everything and nothing ever waits.
class VirtualChannel {
 public:
  /// Opens the client's side of `peer`.
  explicit VirtualChannel(const ChannelPeer& peer, std::size_t max_message = std::size_t{1} << 20)
      : state_(peer.state_) {
    const std::lock_guard lock(state_->mutex);
    state_->opened = true;
    state_->max_message = max_message;
  }
  VirtualChannel(VirtualChannel&&) noexcept = default;
  VirtualChannel& operator=(VirtualChannel&& other) noexcept {
    if (this != &other) leave(1006), state_ = std::move(other.state_);
    return *this;
  }
  ~VirtualChannel() { leave(1006); }

  [[nodiscard]] TransportResult<void> send(std::string_view text, SteadyTime deadline) {
    ChannelPeer::OnText handler;
    {
      const std::lock_guard lock(state_->mutex);
      if (state_->dead)
        return tl::unexpected(TransportError(TransportFault::closed, Delivery::not_sent, "the channel is closed"));
      if (state_->clock.steady_now() >= deadline)
        return tl::unexpected(TransportError(TransportFault::timed_out, Delivery::not_sent));
      if (state_->send_failure) {
        state_->dead = true;
        return tl::unexpected(*std::exchange(state_->send_failure, std::nullopt));
      }
      state_->sent.emplace_back(text);
      handler = state_->on_text;
    }
    if (handler) {
      ChannelPeer peer(state_);
      handler(text, peer);
    }
    return {};
  }

  void receive(ChannelEvent& event, SteadyTime deadline) {
    event.close_code = 0;
    event.reason.clear();
    event.payload.clear();
    event.kind = next(event, deadline);
  }

  [[nodiscard]] TransportResult<void> ping(SteadyTime deadline) {
    const std::lock_guard lock(state_->mutex);
    if (state_->dead)
      return tl::unexpected(TransportError(TransportFault::closed, Delivery::not_sent, "the channel is closed"));
    if (state_->clock.steady_now() >= deadline)
      return tl::unexpected(TransportError(TransportFault::timed_out, Delivery::not_sent));
    ++state_->pings;
    if (state_->pongs)
      ChannelPeer::push(*state_, state_->pong_after, ChannelPeer::Event{.kind = ChannelEvent::Kind::pong});
    return {};
  }

  void close(std::uint16_t code, SteadyTime) { leave(code); }

  void interrupt() noexcept {
    const std::lock_guard lock(state_->mutex);
    state_->interrupted = true;
  }

  /// For whoever serves the channel on an event loop: told of each time at which there is something to receive, from now
  /// on. Called under the channel's lock.
  void on_event(std::function<void(SteadyTime)> handler) {
    const std::lock_guard lock(state_->mutex);
    state_->on_event = std::move(handler);
    if (!state_->on_event) return;
    for (const ChannelPeer::Event& each : state_->events) state_->on_event(each.at);
  }

 private:
  using Kind = ChannelEvent::Kind;

  Kind next(ChannelEvent& event, SteadyTime deadline) {
    for (;;) {
      std::unique_lock lock(state_->mutex);
      if (std::exchange(state_->interrupted, false)) return Kind::interrupted;
      if (state_->dead) return closed(event, 1006, "the channel is closed");
      const SteadyTime now = state_->clock.steady_now();
      std::vector<ChannelPeer::Event>& events = state_->events;
      if (!events.empty() && events.front().at <= now) {
        std::pop_heap(events.begin(), events.end());
        const ChannelPeer::Event first = std::move(events.back());
        events.pop_back();
        if (first.kind == Kind::idle) {
          const std::function<void()> wake = state_->on_wake;
          lock.unlock();
          if (wake) wake();
          continue;
        }
        if (first.kind == Kind::closed) return closed(event, first.code, first.text);
        if (first.text.size() > state_->max_message) return closed(event, 1009, "the message is too long");
        event.payload.assign(first.text);
        return first.kind;
      }
      if (now >= deadline) return Kind::idle;
      const SteadyTime until = events.empty() ? deadline : (std::min)(deadline, events.front().at);
      // A real channel would wait for ever here; a test must see that nothing will come.
      if (until == never) return closed(event, 1006, "nothing is scheduled and the deadline is never");
      state_->clock.advance_to(until);
    }
  }
  Kind closed(ChannelEvent& event, std::uint16_t code, std::string_view reason) {
    state_->dead = true;
    event.close_code = code;
    event.reason = reason;
    return Kind::closed;
  }
  void leave(std::uint16_t code) noexcept {
    if (!state_) return;
    std::function<void()> gone;
    {
      const std::lock_guard lock(state_->mutex);
      if (!std::exchange(state_->dead, true)) state_->closed_with = code;
      gone = std::exchange(state_->on_gone, nullptr);
      state_->on_event = nullptr;
      state_->on_wake = nullptr;
      state_->on_text = nullptr;  // a handler may hold the far end, which holds the handler
    }
    if (gone) gone();
  }

  std::shared_ptr<ChannelPeer::State> state_;
};

static_assert(Channel<VirtualChannel>);

}  // namespace patchbay::testing
