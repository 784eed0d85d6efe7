// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// HTTP by one transport and channels by another, each on a loop of its own.
#include <memory>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <utility>

#include <patchbay/policy/composed_transport.hpp>
#include <patchbay/state_transitioner.hpp>
#include <patchbay/testing/loop_transport.hpp>
#include <patchbay/testing/scripted_transport.hpp>
#include <patchbay/testing/simulated_cloud.hpp>

#include <support/catch.hpp>

using namespace patchbay;
using namespace patchbay::testing;

namespace {

/// What a `LoopTransport` has without its channels.
class HttpAlone {
 public:
  using timer_type = ManualLoop::Timer;

  explicit HttpAlone(LoopTransport<SimulatedCloud> whole) : whole_(std::move(whole)) {}
  ExchangeId send(const HttpRequest& request, HttpResponse& response, SteadyTime deadline,
                  Completion<TransportResult<void>> done) {
    return whole_.send(request, response, deadline, std::move(done));
  }
  void cancel(ExchangeId id) noexcept { whole_.cancel(id); }
  void post(Completion<void> work) { whole_.post(std::move(work)); }
  timer_type make_timer() { return whole_.make_timer(); }

 private:
  LoopTransport<SimulatedCloud> whole_;
};

using BothLoops = Composed<HttpAlone, LoopTransport<SimulatedCloud>>;
static_assert(CompletionTransport<HttpAlone> && !CompletionChannelTransport<HttpAlone>);
static_assert(CompletionChannelTransport<BothLoops> && !Transport<BothLoops>);
static_assert(ChannelTransport<Composed<ScriptedTransport, SimulatedCloud>>);
static_assert(!CompletionTransport<Composed<ScriptedTransport, SimulatedCloud>>);

/// A blocking client that can be stopped, and answers nothing until it is.
class Patient {
 public:
  TransportResult<void> send(const HttpRequest&, HttpResponse&, SteadyTime) {
    return tl::unexpected(TransportError(TransportFault::timed_out, Delivery::maybe_sent));
  }
  TransportResult<void> send(const HttpRequest&, HttpResponse&, SteadyTime, std::stop_token stop) {
    if (stop.stop_requested()) return tl::unexpected(TransportError(TransportFault::cancelled, Delivery::not_sent));
    return tl::unexpected(TransportError(TransportFault::timed_out, Delivery::maybe_sent));
  }
};
static_assert(StoppableTransport<Patient> && !StoppableTransport<ScriptedTransport>);
static_assert(StoppableTransport<Composed<Patient, SimulatedCloud>> && ChannelTransport<Composed<Patient, SimulatedCloud>>);
static_assert(!StoppableTransport<Composed<ScriptedTransport, SimulatedCloud>>);

template <class T>
struct Seen final : Receiver<T> {
  void complete(T outcome) noexcept override { result.emplace(std::move(outcome)); }
  void abandoned() noexcept override { abandonments += 1; }
  std::optional<T> result;
  int abandonments = 0;
};
template <>
struct Seen<void> final : Receiver<void> {
  void complete() noexcept override { ++calls; }
  void abandoned() noexcept override {}
  int calls = 0;
};

/// Two loops and two clouds on one clock.
struct World {
  ManualClock clock;
  ManualLoop http_loop{clock};
  ManualLoop channel_loop{clock};
  SimulatedCloud http_cloud{clock};
  SimulatedCloud channel_cloud{clock};
  LoopTransport<SimulatedCloud> http{http_loop, http_cloud};
  LoopTransport<SimulatedCloud> channels{channel_loop, channel_cloud};
  BothLoops both{HttpAlone(http), channels};

  void run() const {
    for (bool more = true; more;) {
      more = http_loop.run_one();
      more = channel_loop.run_one() || more;
    }
  }
};

}  // namespace

TEST_CASE("requests go by one part and channels by the other, and each is cancelled where it is", "[composed][loop]") {
  World world;
  world.http.latency(milliseconds{5});
  world.channels.latency(milliseconds{5});
  const Endpoint endpoint = Endpoint::parse("https://api.example.com", "test").value();
  const HttpRequest request(Method::get, endpoint, "/api/v2/interactions/1");
  const ChannelRequest upgrade(endpoint, "/api/v2/interactions");
  HttpResponse responses[2];
  HttpResponse refusals[2];
  Seen<TransportResult<void>> sent[2];
  Seen<TransportResult<LoopChannel>> opened[2];
  std::set<ExchangeId> ids;
  ExchangeId sends[2];
  ExchangeId openings[2];
  for (std::size_t i = 0; i < 2; ++i) {
    sends[i] = world.both.send(request, responses[i], never, Completion<TransportResult<void>>(sent[i]));
    openings[i] = world.both.open(upgrade, refusals[i], never, Completion<TransportResult<LoopChannel>>(opened[i]));
    ids.insert(sends[i]);
    ids.insert(openings[i]);
  }
  CHECK(ids.size() == 4);  // though both parts count from the same number
  CHECK(world.http.under_way() == 2);
  CHECK(world.channels.under_way() == 2);
  world.both.cancel(sends[0]);
  world.both.cancel(openings[1]);
  while (world.http_loop.run_one()) {
  }
  for (const Seen<TransportResult<void>>& each : sent) REQUIRE(each.result);
  for (const Seen<TransportResult<LoopChannel>>& each : opened) CHECK_FALSE(each.result);  // their loop has not run
  CHECK(sent[0].result->error().fault == TransportFault::cancelled);
  CHECK((sent[1].result->has_value() || sent[1].result->error().fault != TransportFault::cancelled));
  while (world.channel_loop.run_one()) {
  }
  for (const Seen<TransportResult<LoopChannel>>& each : opened) REQUIRE(each.result);
  CHECK(opened[1].result->error().fault == TransportFault::cancelled);
  CHECK((opened[0].result->has_value() || opened[0].result->error().fault != TransportFault::cancelled));
}

TEST_CASE("timers and posted work of a composed transport are of the loop with the channels", "[composed][loop]") {
  World world;
  Seen<void> work;
  Seen<void> time;
  BothLoops::timer_type timer = world.both.make_timer();
  timer.wait(after(world.clock.steady_now(), milliseconds{1}), Completion<void>(time));
  world.both.post(Completion<void>(work));
  CHECK(world.http_loop.run() == 0);
  CHECK(work.calls + time.calls == 0);
  world.channel_loop.run();
  CHECK(work.calls == 1);
  CHECK(time.calls == 1);
}

TEST_CASE("a transition runs over two loops", "[composed][loop]") {
  World world;
  world.http.latency(milliseconds{1});
  const std::string flow = "a1b2c3d4-e5f6-7890-abcd-ef1234567890";
  const std::string interaction = "550e8400-e29b-41d4-a716-446655440000";
  world.http_cloud.change([&](CloudModel& model) {
    model.set_flow(flow, R"({"id":")" + flow + R"(","nodes":[{"id":"MainMenu","transitions":[{"targetId":"BillingInquiry"}]},)"
                             R"({"id":"BillingInquiry"}]})");
    CloudInteraction one;
    one.id = interaction;
    one.set_attribute("flow_node", "\"MainMenu\"");
    model.add(std::move(one));
  });
  Settings settings;
  settings.base_url = "https://api.example.com";
  settings.tokens = std::make_shared<TokenSource>(
      TokenSettings{.login_url = "https://login.example.com", .client_id = "client", .client_secret = Secret("s")});
  StateTransitioner door{Policies{.transport = world.both, .clock = world.clock}, settings};
  std::optional<Result<TransitionResult>> moved;
  door.start_transition(TransitionRequest{interaction, flow, "MainMenu", "BillingInquiry"},
                        [&](Result<TransitionResult> result) { moved.emplace(std::move(result)); });
  world.run();
  REQUIRE(moved);
  if (!*moved) FAIL(moved->error().describe());
  CHECK((*moved)->path.to_string() == "MainMenu -> BillingInquiry");
}

TEST_CASE("a stop reaches the part that sends requests", "[composed][I23]") {
  ManualClock clock;
  Composed both{Patient{}, SimulatedCloud{clock}};
  const Endpoint endpoint = Endpoint::parse("https://api.example.com", "test").value();
  const HttpRequest request(Method::get, endpoint, "/api/v2/interactions/1");
  HttpResponse response;
  std::stop_source source;
  CHECK(both.send(request, response, never, source.get_token()).error().fault == TransportFault::timed_out);
  source.request_stop();
  CHECK(both.send(request, response, never, source.get_token()).error().fault == TransportFault::cancelled);
  CHECK(both.send(request, response, never).error().fault == TransportFault::timed_out);
}
