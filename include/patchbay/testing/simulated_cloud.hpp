// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <patchbay/policy/transport.hpp>
#include <patchbay/testing/faulty_cloud.hpp>
#include <patchbay/testing/manual_clock.hpp>
#include <patchbay/testing/virtual_channel.hpp>

namespace patchbay::testing {

/// A whole cloud in memory: models `Transport` and `ChannelTransport` over a `CloudModel`, on virtual time, with the
/// faults of a `FaultPlan`. No thread, no socket, no real time: the same test gives the same course of events every
/// time.
///
///     ManualClock clock;
///     SimulatedCloud cloud(clock);
///     cloud.plan([](FaultPlan& plan) { plan.on("PATCH").after_applying().reset(); });
///     StateTransitioner transitioner{Policies{.transport = cloud, .clock = clock}, settings};
///     …
///     cloud.inspect([](const CloudModel& model) { return model.times_applied(id); });   // the truth
///
/// A handle: copies are the same cloud. Safe to share between threads, one at a time of which is served. Serves every
/// endpoint alike, whatever its host. A fault whose request arrives late (`HttpFault::delay` without `after_applying`)
/// is applied at its time even if the client has given up; times are looked at whenever the cloud is used.
template <class Cloud>
class BasicSimulatedCloud {
 public:
  using channel_type = VirtualChannel;

  explicit BasicSimulatedCloud(ManualClock clock = {}, typename Cloud::Options options = {})
      : state_(std::make_shared<State>(std::move(clock), std::move(options))) {}

  /// How long an exchange takes; nothing by default.
  BasicSimulatedCloud& latency(Duration span) {
    const std::lock_guard lock(state_->mutex);
    return state_->latency = span, *this;
  }
  /// How long an acknowledgement takes; nothing by default.
  BasicSimulatedCloud& ack_delay(Duration span)
    requires requires(Cloud& cloud) { cloud.ack_delay; }
  {
    const std::lock_guard lock(state_->mutex);
    return state_->cloud.ack_delay = span, *this;
  }
  /// Adds faults: `how(FaultPlan&)`.
  template <class How>
  BasicSimulatedCloud& plan(How&& how) {
    const std::lock_guard lock(state_->mutex);
    return std::forward<How>(how)(state_->cloud.plan), *this;
  }
  /// How many planned faults have not struck.
  [[nodiscard]] std::size_t faults_pending() const {
    const std::lock_guard lock(state_->mutex);
    return state_->cloud.plan.pending();
  }
  /// Changes the cloud's state, as other writers and holders do; what the channels are to hear of it is delivered. Its
  /// answer is passed on; references into the model are not to be kept.
  template <class How>
  auto change(How&& how) {
    struct Deliver {
      State* state;
      ~Deliver() { state->deliver(state->cloud.take_actions()); }
    };
    const std::lock_guard lock(state_->mutex);
    state_->catch_up();
    const Deliver deliver{state_.get()};
    return std::forward<How>(how)(state_->cloud.model);
  }
  /// Looks at the cloud's state; its answer is passed on, references into the model are not to be kept.
  template <class How>
  auto inspect(How&& how) const {
    const std::lock_guard lock(state_->mutex);
    state_->catch_up();
    return std::forward<How>(how)(std::as_const(state_->cloud.model));
  }
  /// The far ends of the open channels, in the order opened: to let one close, be cut, or deliver what no cloud says.
  [[nodiscard]] std::vector<ChannelPeer> channels() const {
    const std::lock_guard lock(state_->mutex);
    std::vector<ChannelPeer> out;
    for (const auto& [id, peer] : state_->peers) out.push_back(peer);
    return out;
  }
  /// Requests served and channels asked for, those that a fault struck included.
  [[nodiscard]] std::size_t exchanges() const {
    const std::lock_guard lock(state_->mutex);
    return state_->exchanges;
  }
  [[nodiscard]] const ManualClock& clock() const noexcept { return state_->clock; }

  [[nodiscard]] TransportResult<void> send(const HttpRequest& request, HttpResponse& response, SteadyTime deadline) {
    const std::lock_guard lock(state_->mutex);
    State& state = *state_;
    response.clear();
    state.catch_up();
    if (state.clock.steady_now() >= deadline)
      return failed(TransportFault::timed_out, Delivery::not_sent, "the deadline has passed");
    ++state.exchanges;
    const CloudRequest view(request);
    const std::optional<HttpFault> fault = state.cloud.plan.take(view);
    SteadyTime end = after(state.clock.steady_now(), state.latency);
    if (fault && !fault->applied) end = after(end, fault->wait);
    if (end > deadline) {
      // The client gives up; the request arrives all the same.
      state.late.emplace(end, Late(std::string(view.method), request, fault));
      return state.time_out(deadline, response);
    }
    state.clock.advance_to(end);
    ServingEnd how = state.cloud.serve(view, fault, response);
    state.deliver(state.cloud.take_actions());
    if (fault && fault->applied && fault->wait > Duration::zero()) {
      end = after(end, fault->wait);
      if (end > deadline)
        how = ServingEnd::timeout;
      else
        state.clock.advance_to(end);
    }
    switch (how) {
      case ServingEnd::answer:
        break;
      case ServingEnd::timeout:
        return state.time_out(deadline, response);
      case ServingEnd::reset:
        response.clear();
        return failed(TransportFault::reset, Delivery::maybe_sent, "the connection ended without an answer");
      case ServingEnd::truncate:
        response.clear();
        return failed(TransportFault::reset, Delivery::maybe_sent, "the connection ended within the answer");
    }
    const std::size_t filler = fault && fault->kind == FaultKind::too_large ? fault->size : 0;
    const std::size_t size = response.body.size();
    if (size > request.max_body || filler > request.max_body - size) {
      response.clear();
      return failed(TransportFault::too_large, Delivery::maybe_sent, "the answer is beyond the limit");
    }
    if (filler != 0) response.body.append(std::string(filler, ' '));
    return {};
  }

  [[nodiscard]] TransportResult<VirtualChannel> open(const ChannelRequest& request, HttpResponse& refusal,
                                                     SteadyTime deadline) {
    const std::lock_guard lock(state_->mutex);
    State& state = *state_;
    refusal.clear();
    state.catch_up();
    if (state.clock.steady_now() >= deadline)
      return failed(TransportFault::timed_out, Delivery::not_sent, "the deadline has passed");
    ++state.exchanges;
    const SteadyTime end = after(state.clock.steady_now(), state.latency);
    const std::optional<OpenFault> fault = state.cloud.plan.take_open();
    if (end > deadline || (fault && fault->kind == OpenFaultKind::timeout))
      return tl::unexpected(state.time_out(deadline, refusal).error());
    state.clock.advance_to(end);
    if (fault && fault->kind == OpenFaultKind::reset)
      return failed(TransportFault::reset, Delivery::maybe_sent, "the connection ended without an answer");
    if (fault && fault->kind == OpenFaultKind::refuse) {
      refusal.status = fault->status;
      for (const auto& [name, value] : fault->headers) refusal.headers.add(name, value);
      return failed(TransportFault::upgrade_refused, Delivery::maybe_sent, "the upgrade was refused");
    }
    const std::optional<ChannelId> id =
        state.cloud.model.open(CloudRequest("GET", request.target, request.headers), refusal);
    if (!id) return failed(TransportFault::upgrade_refused, Delivery::maybe_sent, "the upgrade was refused");
    refusal.clear();
    ChannelPeer peer(state.clock);
    const bool silent = fault && fault->kind == OpenFaultKind::silence;
    if (silent) peer.pongs(false);
    if (fault && fault->kind == OpenFaultKind::close) peer.close_after(fault->wait, fault->code, "as planned");
    const std::weak_ptr<State> weak = state_;
    peer.on_text([weak, id = *id](std::string_view text, ChannelPeer&) {
      if (const std::shared_ptr<State> cloud = weak.lock()) {
        const std::lock_guard guard(cloud->mutex);
        cloud->catch_up();
        cloud->deliver(cloud->cloud.command(id, text));
      }
    });
    peer.on_gone([weak, id = *id] {
      if (const std::shared_ptr<State> cloud = weak.lock()) {
        const std::lock_guard guard(cloud->mutex);
        cloud->forget(id);
      }
    });
    peer.on_wake([weak] {
      if (const std::shared_ptr<State> cloud = weak.lock()) {
        const std::lock_guard guard(cloud->mutex);
        cloud->woken_at = never;
        cloud->catch_up();
      }
    });
    if (silent) state.silent.insert(*id);
    state.peers.emplace(*id, peer);
    state.woken_at = never;  // the new one waits too
    state.deliver(state.cloud.take_actions());
    return VirtualChannel(peer, request.max_message);
  }

 private:
  // A request that the client has given up, on its way to the cloud; owns what the client's views showed.
  class Late {
   public:
    Late(std::string method_in, const HttpRequest& request, std::optional<HttpFault> fault_in)
        : method(std::move(method_in)), target(request.target), body(request.body), fault(std::move(fault_in)) {
      for (const HeaderView& field : request.headers) fields.emplace_back(field.name, field.value);
    }
    std::string method, target, body;
    std::vector<std::pair<std::string, std::string>> fields;
    std::optional<HttpFault> fault;
  };
  /// Whether time alone makes the cloud do something.
  static constexpr bool acts_by_itself = requires(Cloud& cloud) { cloud.model.next_due(); };

  struct State {
    State(ManualClock clock_in, typename Cloud::Options options)
        : clock(std::move(clock_in)), cloud(Cloud::on(clock, std::move(options))) {}

    ManualClock clock;
    mutable std::mutex mutex;
    Cloud cloud;
    Duration latency{};
    std::size_t exchanges = 0;
    std::multimap<SteadyTime, Late> late;  // by the time of arrival; of the same time, in the order sent
    std::map<ChannelId, ChannelPeer> peers;
    std::set<ChannelId> silent;
    SteadyTime woken_at = never;  // when the channels let this cloud look at the time

    void catch_up() {
      const SteadyTime now = clock.steady_now();
      HttpResponse unheard;
      while (!late.empty() && late.begin()->first <= now) {
        const Late due = std::move(late.begin()->second);
        late.erase(late.begin());
        std::vector<HeaderView> fields;
        for (const auto& [name, value] : due.fields) fields.push_back(HeaderView{name, value});
        (void)cloud.serve(CloudRequest(due.method, due.target, fields, due.body), due.fault, unheard);
        deliver(cloud.take_actions());
      }
      if constexpr (acts_by_itself) {
        cloud.model.advance();
        deliver(cloud.take_actions());
      }
    }
    // What the cloud will do by itself is found out by the channels that wait for it.
    void rearm() {
      if constexpr (acts_by_itself) {
        const SteadyTime due = cloud.model.next_due();
        if (due == woken_at || due == never) return;
        woken_at = due;
        for (auto& [id, peer] : peers) peer.wake_after(due - clock.steady_now());
      }
    }
    void deliver(const std::vector<ChannelAction>& actions) {
      for (const ChannelAction& action : actions) {
        const auto found = peers.find(action.to);
        if (found == peers.end() || silent.contains(action.to)) continue;
        switch (action.kind) {
          case ChannelAction::Kind::text:
            found->second.deliver_after(action.wait, action.text);
            break;
          case ChannelAction::Kind::close:
            found->second.close_after(action.wait, action.code, action.text);
            break;
          case ChannelAction::Kind::cut:
            found->second.close_after(action.wait, 1006);
            break;
        }
      }
      rearm();
    }
    void forget(ChannelId id) noexcept {
      cloud.model.close(id);
      peers.erase(id);
      silent.erase(id);
    }
    TransportResult<void> time_out(SteadyTime deadline, HttpResponse& response) {
      response.clear();
      // A deadline of `never` does not come, and a test must not wait for it.
      if (deadline != never) clock.advance_to(deadline);
      return failed(TransportFault::timed_out, Delivery::maybe_sent, "no answer by the deadline");
    }
  };

  static tl::unexpected<TransportError> failed(TransportFault fault, Delivery delivery, const char* detail) {
    return tl::unexpected(TransportError(fault, delivery, detail));
  }

  std::shared_ptr<State> state_;
};

/// The documents' cloud in memory.
using SimulatedCloud = BasicSimulatedCloud<FaultyCloud>;

static_assert(ChannelTransport<SimulatedCloud>);

}  // namespace patchbay::testing
