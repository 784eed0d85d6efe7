// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include <patchbay/policy/completion_transport.hpp>
#include <patchbay/testing/loop_channel.hpp>
#include <patchbay/testing/manual_loop.hpp>

namespace patchbay::testing {

/// Puts a transport of tests (`ScriptedTransport`, `SimulatedCloud`, one of your own) on a `ManualLoop`: models
/// `CompletionTransport`, and `CompletionChannelTransport` when it has channels, so that doors on event loops can be tested without sockets, and many operations are under way at once.
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
  using channel_type = LoopChannel;

  LoopTransport(ManualLoop loop, Inner inner) : state_(std::make_shared<State>(std::move(loop), std::move(inner))) {}

  /// Of each of an exchange's three spans, and of a message's two; nothing by default.
  LoopTransport& latency(Duration span) { return state_->latency = span, *this; }
  /// Exchanges under way, openings among them.
  [[nodiscard]] std::size_t under_way() const noexcept { return state_->exchanges.size(); }

  ExchangeId send(const HttpRequest& request, HttpResponse& response, SteadyTime deadline, Completion<TransportResult<void>> done) {
    return begin(std::make_shared<Sending>(request, response, deadline, std::move(done)));
  }
  /// Opens a channel of a transport whose channels are virtual.
  ExchangeId open(const ChannelRequest& request, HttpResponse& refusal, SteadyTime deadline, Completion<TransportResult<LoopChannel>> done)
    requires(ChannelTransport<Inner>)
  {
    return begin(std::make_shared<Opening>(request, refusal, deadline, std::move(done)));
  }
  void cancel(ExchangeId id) noexcept {
    const auto found = state_->exchanges.find(id);
    if (found == state_->exchanges.end()) return;
    state_->loop.at(state_->loop.clock().steady_now(), [&state = *state_, id] { give_up(state, id, TransportFault::cancelled); },
                    found->second);
  }
  void post(Completion<void> work) { state_->loop.at(state_->loop.clock().steady_now(), std::move(work)); }
  timer_type make_timer() { return timer_type(state_->loop); }

  /// As `ManualLoop::tear_down`, with the exchanges and the channels.
  void tear_down() {
    const std::shared_ptr<State> keep = state_;
    keep->loop.tear_down();
    const auto abandoned = std::exchange(keep->exchanges, {});
    for (const LoopChannel::Link& each : std::exchange(keep->channels, {})) each.abandon();
  }

 private:
  enum class Phase : std::uint8_t { queued, on_its_way, answered };
  struct State;
  struct Exchange {
    explicit Exchange(SteadyTime deadline_in) : deadline(deadline_in) {}
    Exchange(const Exchange&) = delete;
    Exchange& operator=(const Exchange&) = delete;
    virtual ~Exchange() = default;
    /// It has arrived.
    virtual void serve(State& state) = 0;
    /// It arrives, and nobody waits for it any more.
    virtual void serve_unheard(State& state) = 0;
    virtual void end() = 0;
    virtual void fail(TransportError error) = 0;
    SteadyTime deadline;
    Phase phase = Phase::queued;
  };
  struct Sending final : Exchange {
    Sending(const HttpRequest& request_in, HttpResponse& response_in, SteadyTime deadline_in, Completion<TransportResult<void>> done_in)
        : Exchange(deadline_in), request(&request_in), response(&response_in), done(std::move(done_in)) {}
    void serve(State& state) override { result = state.inner.send(*request, *response, this->deadline); }
    void serve_unheard(State& state) override {
      HttpResponse unheard;
      static_cast<void>(state.inner.send(*request, unheard, never));
    }
    void end() override { done(std::move(result)); }
    void fail(TransportError error) override {
      response->clear();
      done(tl::unexpected(std::move(error)));
    }
    const HttpRequest* request;
    HttpResponse* response;
    Completion<TransportResult<void>> done;
    TransportResult<void> result{};
  };
  struct Opening final : Exchange {
    Opening(const ChannelRequest& request_in, HttpResponse& refusal_in, SteadyTime deadline_in, Completion<TransportResult<LoopChannel>> done_in)
        : Exchange(deadline_in), request(&request_in), refusal(&refusal_in), done(std::move(done_in)) {}
    void serve(State& state) override {
      auto opened = state.inner.open(*request, *refusal, this->deadline);
      if (!opened) return void(result = tl::unexpected(std::move(opened.error())));
      LoopChannel channel(state.loop, std::move(*opened), state.latency);
      std::erase_if(state.channels, [](const auto& each) { return each.expired(); });
      state.channels.emplace_back(channel);
      result = std::move(channel);
    }
    void serve_unheard(State& state) override {
      HttpResponse unheard;
      static_cast<void>(state.inner.open(*request, unheard, never));
    }
    void end() override { done(std::move(result)); }
    void fail(TransportError error) override { done(tl::unexpected(std::move(error))); }
    const ChannelRequest* request;
    HttpResponse* refusal;
    Completion<TransportResult<LoopChannel>> done;
    TransportResult<LoopChannel> result = tl::unexpected(TransportError(TransportFault::closed, Delivery::not_sent));
  };
  struct State {
    State(ManualLoop loop_in, Inner inner_in) : loop(std::move(loop_in)), inner(std::move(inner_in)) {}
    ManualLoop loop;
    Inner inner;
    Duration latency{};
    ExchangeId last = 0;
    std::map<ExchangeId, std::shared_ptr<Exchange>> exchanges;
    std::vector<LoopChannel::Link> channels;
  };

  ExchangeId begin(std::shared_ptr<Exchange> exchange) {
    State& state = *state_;
    const ExchangeId id = ++state.last;
    const SteadyTime deadline = exchange->deadline;
    state.loop.at(after(state.loop.clock().steady_now(), state.latency), [&state, id] { advance(state, id); }, exchange);
    state.loop.at(deadline, [&state, id] { give_up(state, id, TransportFault::timed_out); }, exchange);
    state.exchanges.emplace(id, std::move(exchange));
    return id;
  }
  // An exchange lives as long as its operation, which has a door, which has this transport.
  static void advance(State& state, ExchangeId id) {
    const auto found = state.exchanges.find(id);
    if (found == state.exchanges.end()) return;
    Exchange& exchange = *found->second;
    switch (exchange.phase) {
      case Phase::queued: exchange.phase = Phase::on_its_way; break;
      case Phase::on_its_way:
        exchange.serve(state);
        exchange.phase = Phase::answered;
        break;
      case Phase::answered: return state.exchanges.extract(found).mapped()->end();
    }
    state.loop.at(after(state.loop.clock().steady_now(), state.latency), [&state, id] { advance(state, id); }, found->second);
  }
  static void give_up(State& state, ExchangeId id, TransportFault fault) {
    const auto found = state.exchanges.find(id);
    if (found == state.exchanges.end()) return;
    Exchange& exchange = *found->second;
    if (exchange.phase == Phase::on_its_way) exchange.serve_unheard(state);
    const Delivery delivery = exchange.phase == Phase::queued ? Delivery::not_sent : Delivery::maybe_sent;
    const auto node = state.exchanges.extract(found);
    node.mapped()->fail(TransportError(fault, delivery, fault == TransportFault::cancelled ? "cancelled" : "no answer by the deadline"));
  }

  std::shared_ptr<State> state_;
};

}  // namespace patchbay::testing
