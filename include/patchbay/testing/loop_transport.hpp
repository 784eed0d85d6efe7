// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <utility>

#include <patchbay/policy/completion_transport.hpp>
#include <patchbay/testing/manual_loop.hpp>

namespace patchbay::testing {

/// Puts a transport of tests (`ScriptedTransport`, `SimulatedCloud`, one of your own) on a `ManualLoop`: models
/// `CompletionTransport`, so that doors on event loops can be tested without sockets, and many operations are under way at once.
///
///     ManualLoop loop;
///     SimulatedCloud cloud(loop.clock());
///     StateTransitioner transitioner{Policies{.transport = LoopTransport(loop, cloud), .clock = loop.clock()}, settings};
///     transitioner.start_transition(request, [&](Result<TransitionResult> result) { … });
///     loop.run();
///
/// An exchange has three spans, each as long as the latency: it waits for a connection, it is on its way, and its answer is.
/// Cancelled in the first it was not sent; in the second it was, and it arrives all the same; in the third it has arrived. The
/// inner transport serves it, at once, when it arrives; it must not move the clock. A handle: copies are the same.
template <Transport Inner>
class LoopTransport {
 public:
  using timer_type = ManualLoop::Timer;

  LoopTransport(ManualLoop loop, Inner inner) : state_(std::make_shared<State>(std::move(loop), std::move(inner))) {}

  /// Of each of an exchange's three spans; nothing by default.
  LoopTransport& latency(Duration span) { return state_->latency = span, *this; }
  /// Exchanges under way.
  [[nodiscard]] std::size_t under_way() const noexcept { return state_->exchanges.size(); }

  ExchangeId send(const HttpRequest& request, HttpResponse& response, SteadyTime deadline, Completion<TransportResult<void>> done) {
    State& state = *state_;
    const ExchangeId id = ++state.last;
    const auto exchange = std::make_shared<Exchange>(request, response, deadline, std::move(done));
    state.exchanges.emplace(id, exchange);
    state.loop.at(after(state.loop.clock().steady_now(), state.latency), [&state, id] { advance(state, id); }, exchange);
    state.loop.at(deadline, [&state, id] { give_up(state, id, TransportFault::timed_out); }, exchange);
    return id;
  }
  void cancel(ExchangeId id) noexcept {
    const auto found = state_->exchanges.find(id);
    if (found == state_->exchanges.end()) return;
    state_->loop.at(state_->loop.clock().steady_now(), [&state = *state_, id] { give_up(state, id, TransportFault::cancelled); },
                    found->second);
  }
  void post(Completion<void> work) { state_->loop.at(state_->loop.clock().steady_now(), std::move(work)); }
  timer_type make_timer() { return timer_type(state_->loop); }

  /// As `ManualLoop::tear_down`, with the exchanges.
  void tear_down() {
    auto abandoned = std::exchange(state_->exchanges, {});
    const std::shared_ptr<State> keep = state_;
    keep->loop.tear_down();
  }

 private:
  enum class Phase : std::uint8_t { queued, on_its_way, answered };
  struct Exchange {
    Exchange(const HttpRequest& request_in, HttpResponse& response_in, SteadyTime deadline_in, Completion<TransportResult<void>> done_in)
        : request(&request_in), response(&response_in), deadline(deadline_in), done(std::move(done_in)) {}
    const HttpRequest* request;
    HttpResponse* response;
    SteadyTime deadline;
    Completion<TransportResult<void>> done;
    Phase phase = Phase::queued;
    TransportResult<void> result{};
  };
  struct State {
    State(ManualLoop loop_in, Inner inner_in) : loop(std::move(loop_in)), inner(std::move(inner_in)) {}
    ManualLoop loop;
    Inner inner;
    Duration latency{};
    ExchangeId last = 0;
    std::map<ExchangeId, std::shared_ptr<Exchange>> exchanges;
  };

  // An exchange lives as long as its operation, which has a door, which has this transport.
  static void advance(State& state, ExchangeId id) {
    const auto found = state.exchanges.find(id);
    if (found == state.exchanges.end()) return;
    Exchange& exchange = *found->second;
    switch (exchange.phase) {
      case Phase::queued: exchange.phase = Phase::on_its_way; break;
      case Phase::on_its_way:
        exchange.result = state.inner.send(*exchange.request, *exchange.response, exchange.deadline);
        exchange.phase = Phase::answered;
        break;
      case Phase::answered: return end(state, id, std::move(exchange.result));
    }
    state.loop.at(after(state.loop.clock().steady_now(), state.latency), [&state, id] { advance(state, id); }, found->second);
  }
  static void give_up(State& state, ExchangeId id, TransportFault fault) {
    const auto found = state.exchanges.find(id);
    if (found == state.exchanges.end()) return;
    Exchange& exchange = *found->second;
    if (exchange.phase == Phase::on_its_way) {
      // Nobody waits for it any more, and it arrives all the same.
      HttpResponse unheard;
      static_cast<void>(state.inner.send(*exchange.request, unheard, never));
    }
    const Delivery delivery = exchange.phase == Phase::queued ? Delivery::not_sent : Delivery::maybe_sent;
    exchange.response->clear();
    end(state, id, tl::unexpected(TransportError(fault, delivery, fault == TransportFault::cancelled ? "cancelled" : "no answer by the deadline")));
  }
  static void end(State& state, ExchangeId id, TransportResult<void> result) {
    const auto node = state.exchanges.extract(id);
    node.mapped()->done(std::move(result));
  }

  std::shared_ptr<State> state_;
};

}  // namespace patchbay::testing
