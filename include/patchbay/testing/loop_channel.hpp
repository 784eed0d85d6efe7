// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <patchbay/policy/completion_transport.hpp>
#include <patchbay/testing/manual_loop.hpp>
#include <patchbay/testing/virtual_channel.hpp>

namespace patchbay::testing {

/// A `VirtualChannel` on a `ManualLoop`: models `CompletionChannel`.
///
/// A message that is sent waits for the latency, is handed to the far end, and is reported as sent after the latency again; so
/// an answer may come before that. Ended before it was handed over, it was not sent. What the far end delivers comes at its
/// time.
class LoopChannel {
  struct State;

 public:
  LoopChannel(ManualLoop loop, VirtualChannel inner, Duration latency)
      : state_(std::make_shared<State>(std::move(loop), std::move(inner), latency)) {
    // Weak, since the far end is kept by the channel, which is kept by the state.
    state_->inner->on_event([loop = state_->loop, weak = std::weak_ptr<State>(state_)](SteadyTime at) {
      loop.at(at, [weak] { if (const auto state = weak.lock()) state->look(); }, weak);
    });
  }
  LoopChannel(LoopChannel&&) noexcept = default;
  LoopChannel& operator=(LoopChannel&& other) noexcept {
    if (this != &other) leave(), state_ = std::move(other.state_);
    return *this;
  }
  ~LoopChannel() { leave(); }

  void send(std::string_view text, SteadyTime deadline, Completion<TransportResult<void>> done) {
    state_->write(text, false, deadline, std::move(done));
  }
  void ping(SteadyTime deadline, Completion<TransportResult<void>> done) { state_->write({}, true, deadline, std::move(done)); }
  void receive(ChannelEvent& event, Completion<void> done) {
    state_->event = &event;
    state_->receiving = std::move(done);
    state_->soon([](State& state) { state.look(); });
  }
  void close(std::uint16_t code, SteadyTime, Completion<void> done) {
    if (state_->inner) state_->inner->close(code, never);
    state_->closing = std::move(done);
    state_->after_latency([](State& state) { state.end(); });
  }

  /// A channel that somebody else owns: a transport whose loop is torn down abandons what is under way on it.
  class Link {
   public:
    explicit Link(const LoopChannel& channel) noexcept : state_(channel.state_) {}
    [[nodiscard]] bool expired() const noexcept { return state_.expired(); }
    void abandon() const {
      if (const auto state = state_.lock()) state->abandon();
    }

   private:
    std::weak_ptr<State> state_;
  };

  /// Whether anything is under way.
  [[nodiscard]] bool busy() const noexcept { return state_ && (state_->receiving || state_->writing || state_->closing); }

 private:
  struct State : std::enable_shared_from_this<State> {
    State(ManualLoop loop_in, VirtualChannel inner_in, Duration latency_in)
        : loop(std::move(loop_in)), inner(std::move(inner_in)), latency(latency_in) {}

    template <class Act>
    void at(SteadyTime when, Act act) {
      loop.at(when, [keep = shared_from_this(), act] { act(*keep); });
    }
    template <class Act>
    void soon(Act act) { at(loop.clock().steady_now(), act); }
    template <class Act>
    void after_latency(Act act) { at(after(loop.clock().steady_now(), latency), act); }

    /// Hands over what has come, if anybody waits for it.
    void look() {
      if (!receiving) return;
      if (inner) {
        inner->receive(*event, loop.clock().steady_now());
        if (event->kind == ChannelEvent::Kind::idle) return;
      } else {
        event->kind = ChannelEvent::Kind::closed;
        event->close_code = 1006;
        event->payload.clear();
      }
      finish(receiving);
    }
    void write(std::string_view text_in, bool ping_in, SteadyTime deadline_in, Completion<TransportResult<void>> done) {
      text = text_in, ping = ping_in, deadline = deadline_in, writing = std::move(done);
      const std::uint64_t mine = ++writes;
      after_latency([mine](State& state) { state.hand_over(mine); });
    }
    void hand_over(std::uint64_t which) {
      if (!writing || which != writes) return;
      const SteadyTime now = loop.clock().steady_now();
      if (now >= deadline) {
        result = tl::unexpected(TransportError(TransportFault::timed_out, Delivery::not_sent));
      } else if (inner) {
        handed_over = true;
        result = ping ? inner->ping(deadline) : inner->send(text, deadline);
      }
      if (!writing || which != writes) return;
      after_latency([which](State& state) {
        if (state.writing && which == state.writes) state.end_write(std::move(state.result));
      });
    }
    void end_write(TransportResult<void> how) {
      handed_over = false;
      Completion<TransportResult<void>> done = std::exchange(writing, {});
      done(std::move(how));
    }
    static void finish(Completion<void>& done) {
      Completion<void> ended = std::move(done);
      ended();
    }
    /// The client is gone, or has closed.
    void end() {
      inner.reset();
      if (writing)
        end_write(tl::unexpected(TransportError(TransportFault::closed, handed_over ? Delivery::maybe_sent : Delivery::not_sent)));
      look();
      if (closing) finish(closing);
    }
    void abandon() {
      const auto a = std::exchange(receiving, {});
      const auto b = std::exchange(writing, {});
      const auto c = std::exchange(closing, {});
    }

    ManualLoop loop;
    std::optional<VirtualChannel> inner;
    Duration latency;
    ChannelEvent* event = nullptr;
    Completion<void> receiving, closing;
    Completion<TransportResult<void>> writing;
    std::uint64_t writes = 0;
    std::string_view text;
    bool ping = false, handed_over = false;
    SteadyTime deadline{};
    TransportResult<void> result{};
  };

  void leave() noexcept {
    if (!state_) return;
    state_->inner.reset();
    if (busy()) state_->soon([](State& state) { state.end(); });
    state_.reset();
  }

  std::shared_ptr<State> state_;
};

static_assert(CompletionChannel<LoopChannel>);

}  // namespace patchbay::testing
