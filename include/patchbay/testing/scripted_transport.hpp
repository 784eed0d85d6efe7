// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <deque>
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
#include <patchbay/testing/virtual_channel.hpp>

namespace patchbay::testing {

/// Header fields of a scripted answer: `{{"ETag", "\"7\""}}`.
using HeaderList = std::vector<std::pair<std::string, std::string>>;

/// A request as a scripted transport saw it, copied.
class RecordedRequest {
 public:
  Method method = Method::get;
  std::string origin;  ///< Scheme and authority.
  std::string target;
  std::string name;
  HeaderList headers;
  std::string body;
  SteadyTime at{};
  SteadyTime deadline{};

  /// The first field of that name, in any case.
  [[nodiscard]] std::optional<std::string_view> header(std::string_view wanted) const noexcept {
    for (const auto& [field, value] : headers)
      if (equal_ignoring_case(field, wanted)) return value;
    return std::nullopt;
  }
};

/// A transport that answers from a script: models `Transport` and `ChannelTransport` without any network.
///
///     ManualClock clock;
///     ScriptedTransport cloud(clock);
///     cloud.answer(200, {}, R"({"access_token":"t","expires_in":3600})");
///     cloud.answer(503).take(milliseconds{40}).fail(TransportFault::reset, Delivery::maybe_sent);
///
/// A handle: copies share the script, so a test keeps one after it gave the other to a door. Requests that a route
/// (`when`) matches are answered by it, any number of times; all others take the next step of the script. A request
/// beyond the end of the script fails with `TransportFault::reset` and is counted by `overruns()`, which a test asserts
/// to be zero. Safe to share between threads.
class ScriptedTransport {
 public:
  using channel_type = VirtualChannel;

  explicit ScriptedTransport(ManualClock clock = {}) : state_(std::make_shared<State>(std::move(clock))) {}

  // The script of exchanges.

  /// The next step answers.
  ScriptedTransport& answer(int status, HeaderList headers = {}, std::string body = {}) {
    Step step;
    step.status = status, step.headers = std::move(headers), step.body = std::move(body);
    return add(std::move(step));
  }
  /// The next step fails. `timed_out` moves the clock to the deadline first, as a lost answer does.
  ScriptedTransport& fail(TransportFault fault, Delivery delivery, std::string detail = "as scripted") {
    Step step;
    step.failure.emplace(fault, delivery, std::move(detail));
    return add(std::move(step));
  }
  /// How long the exchange of the last step takes. One that would pass the deadline ends there, with `timed_out`.
  ScriptedTransport& take(Duration span) {
    return change([&](Step& step) { step.takes = span; });
  }
  /// Called when the request of the last step has arrived, before it is answered, without any lock.
  ScriptedTransport& then(std::function<void(const HttpRequest&)> callback) {
    return change([&](Step& step) { step.callback = std::move(callback); });
  }
  /// Answers every request of that method and target, now and later; the last one given for a target counts. Allocates
  /// nothing when warm, if requests are not kept.
  ScriptedTransport& when(Method method, std::string target, int status, HeaderList headers = {},
                          std::string body = {}) {
    const std::lock_guard lock(state_->mutex);
    Step step;
    step.status = status, step.headers = std::move(headers), step.body = std::move(body);
    for (Route& route : state_->routes)
      if (route.method == method && route.target == target) return route.step = std::move(step), *this;
    state_->routes.push_back(Route{method, std::move(target), std::move(step)});
    return *this;
  }

  // The script of channels.

  /// The next `open` succeeds; the answer is the far end of that channel, to be told what to do before or after.
  ChannelPeer accept() {
    ChannelPeer peer(state_->clock);
    Opening opening;
    opening.peer = peer;
    add(std::move(opening));
    return peer;
  }
  /// The next `open` is answered with a status other than 101.
  ScriptedTransport& refuse(int status, HeaderList headers = {}, std::string body = {}) {
    Opening opening;
    opening.status = status, opening.headers = std::move(headers), opening.body = std::move(body);
    return add(std::move(opening));
  }
  /// The next `open` fails before the server answers.
  ScriptedTransport& fail_open(TransportFault fault, Delivery delivery = Delivery::not_sent) {
    Opening opening;
    opening.failure.emplace(fault, delivery, "as scripted");
    return add(std::move(opening));
  }

  // What was seen.

  /// Whether requests are copied for `requests()`; they are, unless a benchmark says no.
  ScriptedTransport& keep_requests(bool keep) {
    const std::lock_guard lock(state_->mutex);
    return state_->keep = keep, *this;
  }
  [[nodiscard]] std::vector<RecordedRequest> requests() const {
    return read([](const State& s) { return s.requests; });
  }
  /// The `i`th request, or an empty one when there were fewer.
  [[nodiscard]] RecordedRequest request(std::size_t i) const {
    return read([i](const State& s) { return i < s.requests.size() ? s.requests[i] : RecordedRequest{}; });
  }
  /// The last request; an empty one when there was none.
  [[nodiscard]] RecordedRequest last_request() const {
    return read([](const State& s) { return s.requests.empty() ? RecordedRequest{} : s.requests.back(); });
  }
  /// How many requests there were; those that came after their deadline were not sent and do not count.
  [[nodiscard]] std::size_t request_count() const {
    return read([](const State& s) { return s.count; });
  }
  /// The requests to open a channel; `method` and `body` mean nothing in them.
  [[nodiscard]] std::vector<RecordedRequest> openings() const {
    return read([](const State& s) { return s.opened; });
  }
  /// Requests and openings for which the script had no step.
  [[nodiscard]] std::size_t overruns() const {
    return read([](const State& s) { return s.overruns; });
  }
  /// Steps and openings that nobody has taken.
  [[nodiscard]] std::size_t left() const {
    return read([](const State& s) { return s.steps.size() + s.openings.size(); });
  }
  [[nodiscard]] const ManualClock& clock() const noexcept { return state_->clock; }

  // The policy.

  [[nodiscard]] TransportResult<void> send(const HttpRequest& request, HttpResponse& response, SteadyTime deadline) {
    response.clear();
    Step taken;
    {
      const std::lock_guard lock(state_->mutex);
      State& state = *state_;
      if (state.clock.steady_now() >= deadline)
        return failed(TransportFault::timed_out, Delivery::not_sent, "the deadline has passed");
      ++state.count;
      if (state.keep) {
        state.requests.push_back(record(request.endpoint, request.target, request.headers, deadline));
        complete(state.requests.back(), request);
      }
      for (const Route& route : state.routes)
        if (route.method == request.method && route.target == request.target)
          return answer(route.step, request, response);
      if (state.steps.empty()) {
        ++state.overruns;
        return failed(TransportFault::reset, Delivery::not_sent, "the script has no step for this request");
      }
      taken = std::move(state.steps.front());
      state.steps.pop_front();
    }
    if (taken.callback) taken.callback(request);
    const ManualClock& clock = state_->clock;
    const SteadyTime end = after(clock.steady_now(), taken.takes);
    if (end > deadline || (taken.failure && taken.failure->fault == TransportFault::timed_out)) {
      // A deadline of `never` does not come; then a lost answer takes as long as the script says.
      clock.advance_to(deadline == never ? end : deadline);
      if (!taken.failure || end > deadline)
        return failed(TransportFault::timed_out, Delivery::maybe_sent, "no answer by the deadline");
    } else {
      clock.advance_to(end);
    }
    if (taken.failure) return tl::unexpected(std::move(*taken.failure));
    return answer(taken, request, response);
  }

  [[nodiscard]] TransportResult<VirtualChannel> open(const ChannelRequest& request, HttpResponse& refusal,
                                                     SteadyTime deadline) {
    refusal.clear();
    const std::lock_guard lock(state_->mutex);
    State& state = *state_;
    if (state.clock.steady_now() >= deadline)
      return failed(TransportFault::timed_out, Delivery::not_sent, "the deadline has passed");
    state.opened.push_back(record(request.endpoint, request.target, request.headers, deadline));
    if (state.openings.empty()) {
      ++state.overruns;
      return failed(TransportFault::reset, Delivery::not_sent, "the script has no step for this channel");
    }
    Opening opening = std::move(state.openings.front());
    state.openings.pop_front();
    if (opening.peer) return VirtualChannel(*opening.peer, request.max_message);
    if (opening.failure) {
      if (opening.failure->fault == TransportFault::timed_out && deadline != never) state.clock.advance_to(deadline);
      return tl::unexpected(std::move(*opening.failure));
    }
    fill(refusal, opening.status, opening.headers, opening.body);
    return failed(TransportFault::upgrade_refused, Delivery::maybe_sent, "refused as scripted");
  }

 private:
  struct Step {
    int status = 0;
    HeaderList headers;
    std::string body;
    std::optional<TransportError> failure;
    Duration takes{};
    std::function<void(const HttpRequest&)> callback;
  };
  struct Route {
    Method method;
    std::string target;
    Step step;
  };
  struct Opening {
    std::optional<ChannelPeer> peer;
    int status = 0;
    HeaderList headers;
    std::string body;
    std::optional<TransportError> failure;
  };
  struct State {
    explicit State(ManualClock clock_in) : clock(std::move(clock_in)) {}
    ManualClock clock;
    mutable std::mutex mutex;
    std::deque<Step> steps;
    std::vector<Route> routes;
    std::deque<Opening> openings;
    std::vector<RecordedRequest> requests, opened;
    std::size_t count = 0, overruns = 0;
    bool keep = true;
  };

  template <class Read>
  auto read(Read&& how) const -> decltype(how(std::declval<const State&>())) {
    const std::lock_guard lock(state_->mutex);
    return how(std::as_const(*state_));
  }
  ScriptedTransport& add(Step step) {
    const std::lock_guard lock(state_->mutex);
    return state_->steps.push_back(std::move(step)), *this;
  }
  ScriptedTransport& add(Opening opening) {
    const std::lock_guard lock(state_->mutex);
    return state_->openings.push_back(std::move(opening)), *this;
  }
  // Changes the last step; without one there is nothing to change, and the overrun tells the test so.
  template <class Change>
  ScriptedTransport& change(Change&& how) {
    const std::lock_guard lock(state_->mutex);
    if (state_->steps.empty()) {
      ++state_->overruns;
    } else {
      how(state_->steps.back());
    }
    return *this;
  }

  static tl::unexpected<TransportError> failed(TransportFault fault, Delivery delivery, const char* detail) {
    return tl::unexpected(TransportError(fault, delivery, detail));
  }
  static void fill(HttpResponse& out, int status, const HeaderList& headers, std::string_view body) {
    out.status = status;
    for (const auto& [name, value] : headers) out.headers.add(name, value);
    out.body.assign(body);
  }
  static TransportResult<void> answer(const Step& step, const HttpRequest& request, HttpResponse& response) {
    if (step.body.size() > request.max_body)
      return failed(TransportFault::too_large, Delivery::maybe_sent, "the answer is beyond the limit");
    fill(response, step.status, step.headers, step.body);
    return {};
  }
  RecordedRequest record(const Endpoint* endpoint, std::string_view target, std::span<const HeaderView> headers,
                         SteadyTime deadline) const {
    RecordedRequest out;
    out.origin = endpoint->origin();
    out.target = target;
    for (const HeaderView& field : headers) out.headers.emplace_back(field.name, field.value);
    out.at = state_->clock.steady_now();
    out.deadline = deadline;
    return out;
  }
  static void complete(RecordedRequest& out, const HttpRequest& request) {
    out.method = request.method;
    out.name = request.name;
    out.body = request.body;
  }

  std::shared_ptr<State> state_;
};

static_assert(ChannelTransport<ScriptedTransport>);

}  // namespace patchbay::testing
