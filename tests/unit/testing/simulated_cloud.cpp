// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/testing/simulated_cloud.hpp>

#include <string>
#include <vector>

#include "support/catch.hpp"
#include "unit/testing/cloud_client.hpp"

using namespace patchbay;
using namespace patchbay::testing;
using Kind = ChannelEvent::Kind;

namespace {

const std::string target = "/api/v2/interactions/550e8400-e29b-41d4-a716-446655440000";

struct Visitor {
  ManualClock clock;
  SimulatedCloud cloud;
  Endpoint endpoint = *Endpoint::parse("https://cloud.example", "base_url");
  HttpResponse response;
  std::string bearer;
  std::size_t max_body = 1 << 20;
  SteadyTime begin = clock.steady_now();

  explicit Visitor(CloudOptions options = {}) : cloud(clock, std::move(options)) {
    const HeaderView form[] = {{"Content-Type", "application/x-www-form-urlencoded"}};
    HttpRequest request(Method::post, endpoint, "/oauth/token");
    request.headers = form;
    request.body = "grant_type=client_credentials&client_id=a&client_secret=b";
    REQUIRE(cloud.send(request, response, never));
    bearer = "Bearer " + CloudClient::member(response.body.view(), "access_token");
  }
  TransportResult<void> get(Duration budget = seconds{10}) {
    const HeaderView headers[] = {{"Authorization", bearer}};
    HttpRequest request(Method::get, endpoint, target);
    request.headers = headers;
    request.max_body = max_body;
    return cloud.send(request, response, after(clock.steady_now(), budget));
  }
  TransportResult<void> patch(std::string etag, std::string id, Duration budget = seconds{10}) {
    const std::string body = R"({"customAttributes":{"flow_node":"BillingInquiry","transition_id":")" + id + "\"}}";
    const HeaderView headers[] = {{"Authorization", bearer}, {"If-Match", etag}, {"Content-Type", "application/json"}};
    HttpRequest request(Method::patch, endpoint, target);
    request.headers = headers;
    request.body = body;
    return cloud.send(request, response, after(clock.steady_now(), budget));
  }
  TransportResult<VirtualChannel> open(Duration budget = seconds{10}) {
    const HeaderView headers[] = {{"Authorization", bearer}};
    ChannelRequest request(endpoint, "/api/v2/interactions");
    request.headers = headers;
    return cloud.open(request, response, after(clock.steady_now(), budget));
  }
  std::size_t applied(std::string_view id) {
    return cloud.inspect([&](const CloudModel& model) { return model.times_applied(id); });
  }
  [[nodiscard]] Duration passed() const { return clock.steady_now() - begin; }
  /// What the channel has to say by the deadline: texts, or words for other events.
  std::vector<std::string> hear(VirtualChannel& channel, Duration budget) {
    std::vector<std::string> out;
    const SteadyTime deadline = clock.steady_now() + budget;
    ChannelEvent event;
    for (;;) {
      channel.receive(event, deadline);
      if (event.kind == Kind::idle) return out;
      if (event.kind == Kind::text)
        out.emplace_back(event.payload.view());
      else if (event.kind == Kind::pong)
        out.emplace_back("pong");
      else if (event.kind == Kind::closed)
        return out.push_back("closed " + std::to_string(event.close_code)), out;
      else
        out.emplace_back("other");
    }
  }
};

std::string hold(std::string_view correlation, std::string_view verb = "hold") {
  return R"({"command":"send","correlationId":")" + std::string(correlation) + R"(","body":{"type":")" +
         std::string(verb) +
         R"(","interactionId":"550e8400-e29b-41d4-a716-446655440000","holdReason":"consultation","priority":5}})";
}
std::string ack(std::string_view correlation, std::string_view verb = "hold",
                std::string_view id = document_interaction) {
  return patchbay::testing::detail::acknowledgement(correlation, verb, id);
}
CloudOptions quiet() {
  CloudOptions options;
  options.send_state_updates = false;
  return options;
}

}  // namespace

TEST_CASE("the cloud in memory answers a client", "[testing][cloud]") {
  Visitor visitor;
  REQUIRE(visitor.get());
  CHECK(visitor.response.status == 200);
  REQUIRE(visitor.patch("\"1\"", "t-1"));
  CHECK(visitor.response.status == 200);
  CHECK(visitor.applied("t-1") == 1);
  CHECK(visitor.passed() == Duration::zero());
  CHECK(visitor.cloud.exchanges() == 3);
}

TEST_CASE("latency is virtual, and ends at the deadline", "[testing][cloud]") {
  Visitor visitor;
  visitor.cloud.latency(milliseconds{30});
  REQUIRE(visitor.get());
  CHECK(visitor.passed() == milliseconds{30});
  const auto late = visitor.get(milliseconds{29});
  REQUIRE_FALSE(late);
  CHECK(late.error().fault == TransportFault::timed_out);
  CHECK(late.error().delivery == Delivery::maybe_sent);
  CHECK(visitor.passed() == milliseconds{59});
  const auto unsent = visitor.get(Duration::zero());
  REQUIRE_FALSE(unsent);
  CHECK(unsent.error().delivery == Delivery::not_sent);
  REQUIRE(visitor.get(milliseconds{30}));
}

TEST_CASE("tokens age with the clock", "[testing][cloud]") {
  Visitor visitor;
  visitor.clock.advance(seconds{3600});
  REQUIRE(visitor.get());
  CHECK(visitor.response.status == 401);
}

TEST_CASE("a fault strikes the request or the answer, as told", "[testing][cloud][faults]") {
  Visitor visitor;
  const auto plan = [&](auto how) {
    visitor.cloud.plan([&](FaultPlan& faults) { how(faults.on("PATCH", "/api/v2/interactions/")); });
  };
  const auto fault_of = [](const TransportResult<void>& result) {
    return result ? std::string("none") : std::string(to_string(result.error().fault));
  };

  plan([](HttpFault& f) { f.answer(503, {{"Retry-After", "2"}}, "{}"); });
  CHECK(fault_of(visitor.patch("\"1\"", "a")) == "none");
  CHECK(visitor.response.status == 503);
  CHECK(visitor.response.headers.find("Retry-After") == "2");
  CHECK(visitor.applied("a") == 0);
  plan([](HttpFault& f) { f.after_applying().answer(502); });
  CHECK(fault_of(visitor.patch("\"1\"", "b")) == "none");
  CHECK(visitor.response.status == 502);
  CHECK(visitor.response.body.empty());
  CHECK(visitor.applied("b") == 1);
  plan([](HttpFault& f) { f.reset(); });
  CHECK(fault_of(visitor.patch("\"2\"", "c")) == "reset");
  CHECK(visitor.applied("c") == 0);
  plan([](HttpFault& f) { f.after_applying().reset(); });
  CHECK(fault_of(visitor.patch("\"2\"", "d")) == "reset");
  CHECK(visitor.response.status == 0);
  CHECK(visitor.applied("d") == 1);
  plan([](HttpFault& f) { f.truncate(); });
  CHECK(fault_of(visitor.patch("\"3\"", "e")) == "reset");
  CHECK(visitor.applied("e") == 1);
  CHECK(visitor.passed() == Duration::zero());
  plan([](HttpFault& f) { f.timeout(); });
  CHECK(fault_of(visitor.patch("\"4\"", "f", seconds{3})) == "timed_out");
  CHECK(visitor.applied("f") == 0);
  CHECK(visitor.passed() == seconds{3});
  plan([](HttpFault& f) { f.after_applying().timeout(); });
  CHECK(fault_of(visitor.patch("\"4\"", "g", seconds{3})) == "timed_out");
  CHECK(visitor.applied("g") == 1);
  CHECK(visitor.passed() == seconds{6});
  plan([](HttpFault& f) { f.garbage(); });
  CHECK(fault_of(visitor.patch("\"5\"", "h")) == "none");
  CHECK(visitor.response.status == 200);
  CHECK(visitor.response.headers.find("Content-Type") == "text/html");
  CHECK(visitor.response.body.view().starts_with("<!DOCTYPE"));
  CHECK(visitor.applied("h") == 0);
  plan([](HttpFault& f) { f.foreign_write("SurveyOffer"); });
  CHECK(fault_of(visitor.patch("\"5\"", "i")) == "none");
  CHECK(visitor.response.status == 412);
  CHECK(visitor.applied("i") == 0);
  CHECK(visitor.cloud.faults_pending() == 0);
}

TEST_CASE("a large answer is bounded by the request", "[testing][cloud][faults]") {
  Visitor visitor;
  visitor.cloud.plan([](FaultPlan& plan) {
    plan.on("GET").too_large(std::size_t{1} << 40);
    plan.on("GET").too_large(100);
  });
  const auto beyond = visitor.get();
  REQUIRE_FALSE(beyond);
  CHECK(beyond.error().fault == TransportFault::too_large);
  REQUIRE(visitor.get());
  CHECK(visitor.response.body.view().ends_with(std::string(100, ' ')));
  visitor.max_body = 10;
  const auto small = visitor.get();
  REQUIRE_FALSE(small);
  CHECK(small.error().fault == TransportFault::too_large);
}

TEST_CASE("an answer may leave late", "[testing][cloud][faults]") {
  Visitor visitor;
  visitor.cloud.plan([](FaultPlan& plan) { plan.on("PATCH").times(2).after_applying().delay(seconds{4}); });
  REQUIRE(visitor.patch("\"1\"", "a"));
  CHECK(visitor.response.status == 200);
  CHECK(visitor.passed() == seconds{4});
  const auto late = visitor.patch("\"2\"", "b", seconds{3});
  REQUIRE_FALSE(late);
  CHECK(late.error().fault == TransportFault::timed_out);
  CHECK(visitor.applied("b") == 1);
  CHECK(visitor.passed() == seconds{7});
}

TEST_CASE("a request may arrive after its client has given up", "[testing][cloud][faults]") {
  Visitor visitor;
  visitor.cloud.plan([](FaultPlan& plan) {
    plan.on("PATCH").delay(seconds{9});
    plan.on("PATCH").delay(seconds{4});
  });
  const auto first = visitor.patch("\"1\"", "slow", seconds{1});
  const auto second = visitor.patch("\"1\"", "less slow", seconds{1});
  REQUIRE_FALSE(first);
  REQUIRE_FALSE(second);
  CHECK(second.error().fault == TransportFault::timed_out);
  CHECK(second.error().delivery == Delivery::maybe_sent);
  // An unchanged version proves nothing (hazard A6).
  REQUIRE(visitor.get());
  CHECK(visitor.response.headers.find("ETag") == "\"1\"");
  CHECK(visitor.applied("less slow") == 0);
  visitor.clock.advance(seconds{3});
  CHECK(visitor.applied("less slow") == 1);
  visitor.clock.advance(seconds{10});
  REQUIRE(visitor.get());
  CHECK(visitor.response.headers.find("ETag") == "\"2\"");
  CHECK(visitor.applied("slow") == 0);  // stale by then
}

TEST_CASE("a late request in time is answered", "[testing][cloud][faults]") {
  Visitor visitor;
  visitor.cloud.plan([](FaultPlan& plan) { plan.on("PATCH").delay(seconds{4}); });
  REQUIRE(visitor.patch("\"1\"", "a", seconds{4}));
  CHECK(visitor.response.status == 200);
  CHECK(visitor.passed() == seconds{4});
}

TEST_CASE("a channel carries commands, acknowledgements and updates", "[testing][cloud][channel]") {
  Visitor visitor;
  visitor.cloud.ack_delay(milliseconds{200});
  auto channel = visitor.open();
  REQUIRE(channel);
  REQUIRE(channel->send(hold("c-1"), never));
  const std::vector<std::string> heard = visitor.hear(*channel, seconds{1});
  REQUIRE(heard.size() == 2);
  CHECK(heard[0].find("\"held\":true") != std::string::npos);  // the update is not delayed
  CHECK(heard[1] == ack("c-1"));
  CHECK(visitor.applied("c-1") == 1);
  visitor.cloud.change([](CloudModel& model) { return model.move(document_interaction, "SurveyOffer"); });
  CHECK(visitor.hear(*channel, seconds{1}).size() == 1);
  REQUIRE(visitor.patch("\"3\"", "t"));
  CHECK(visitor.hear(*channel, seconds{1}).size() == 1);
  REQUIRE(channel->ping(never));
  CHECK(visitor.hear(*channel, seconds{1}) == std::vector<std::string>{"pong"});
}

TEST_CASE("a channel that the client lets go is forgotten", "[testing][cloud][channel]") {
  Visitor visitor;
  const auto open = [&] {
    return visitor.cloud.inspect([](const CloudModel& model) { return model.channels().size(); });
  };
  {
    auto one = visitor.open();
    auto two = visitor.open();
    REQUIRE(two);
    CHECK(open() == 2);
    CHECK(visitor.cloud.channels().size() == 2);
    two->close(1000, never);
    CHECK(open() == 1);
  }
  CHECK(open() == 0);
  CHECK(visitor.cloud.channels().empty());
}

TEST_CASE("a channel outlives the cloud's last handle without harm", "[testing][cloud][channel]") {
  auto visitor = std::make_unique<Visitor>();
  auto channel = visitor->open();
  REQUIRE(channel);
  const ManualClock clock = visitor->clock;
  visitor.reset();
  CHECK(channel->send(hold("c-1"), never));
  ChannelEvent event;
  channel->receive(event, clock.steady_now() + seconds{1});
  CHECK(event.kind == Kind::idle);
}

TEST_CASE("openings fail as planned", "[testing][cloud][faults]") {
  Visitor visitor(quiet());
  visitor.cloud.plan([](FaultPlan& plan) {
    plan.on_open().refuse(429, {{"Retry-After", "3"}});
    plan.on_open().reset();
    plan.on_open().timeout();
    plan.on_open().close(1012, seconds{2});
    plan.on_open().silence();
  });
  auto refused = visitor.open();
  REQUIRE_FALSE(refused);
  CHECK(refused.error().fault == TransportFault::upgrade_refused);
  CHECK(visitor.response.status == 429);
  CHECK(visitor.response.headers.find("retry-after") == "3");
  CHECK(visitor.open().error().fault == TransportFault::reset);
  CHECK(visitor.open(seconds{5}).error().fault == TransportFault::timed_out);
  CHECK(visitor.passed() == seconds{5});
  auto closing = visitor.open();
  REQUIRE(closing);
  CHECK(visitor.hear(*closing, seconds{10}) == std::vector<std::string>{"closed 1012"});
  CHECK(visitor.passed() == seconds{7});
  auto silent = visitor.open();
  REQUIRE(silent);
  REQUIRE(silent->ping(never));
  REQUIRE(silent->send(hold("c-1"), never));
  CHECK(visitor.hear(*silent, seconds{100}).empty());
  CHECK(visitor.applied("c-1") == 1);
  visitor.cloud.change([](CloudModel& model) { model.revoke_tokens(); });
  CHECK(visitor.open().error().fault == TransportFault::upgrade_refused);
  CHECK(visitor.response.status == 401);
}

TEST_CASE("acknowledgements fail as planned", "[testing][cloud][faults]") {
  Visitor visitor(quiet());
  auto channel = visitor.open();
  REQUIRE(channel);
  const auto said = [&](auto how, std::string_view correlation, std::string_view verb = "hold") {
    visitor.cloud.plan([&](FaultPlan& plan) { how(plan.on_command(std::string(verb))); });
    REQUIRE(channel->send(hold(correlation, verb), never));
    return visitor.hear(*channel, seconds{10});
  };
  using Texts = std::vector<std::string>;
  CHECK(said([](CommandFault& f) { f.drop_ack(); }, "c-1").empty());
  CHECK(visitor.applied("c-1") == 1);
  CHECK(said([](CommandFault& f) { f.before_applying().drop_ack(); }, "c-2", "unhold").empty());
  CHECK(visitor.applied("c-2") == 0);
  const SteadyTime before = visitor.clock.steady_now();
  CHECK(said([](CommandFault& f) { f.delay_ack(seconds{6}); }, "c-3") == Texts{ack("c-3")});
  CHECK(visitor.clock.steady_now() - before == seconds{10});
  CHECK(said([](CommandFault& f) { f.delay_ack(seconds{11}); }, "c-4").empty());
  CHECK(visitor.hear(*channel, seconds{1}) == Texts{ack("c-4")});
  CHECK(said([](CommandFault& f) { f.duplicate_ack(); }, "c-5") == Texts{ack("c-5"), ack("c-5")});
  CHECK(said([](CommandFault& f) { f.wrong_interaction(); }, "c-6") ==
        Texts{ack("c-6", "hold", "00000000-0000-4000-8000-000000000000")});
  CHECK(said([](CommandFault& f) { f.wrong_verb(); }, "c-7") == Texts{ack("c-7", "unhold")});
  CHECK(said([](CommandFault& f) { f.wrong_correlation(); }, "c-8") ==
        Texts{ack("00000000-0000-4000-8000-00000000dead")});
  const Texts refused = said([](CommandFault& f) { f.refuse("the agent \"has left\""); }, "c-9", "unhold");
  REQUIRE(refused.size() == 1);
  CHECK(CloudClient::member(refused[0], "correlationId") == "c-9");
  CHECK(CloudClient::member(CloudClient::member(refused[0], "body"), "type") == "error");
  CHECK(CloudClient::member(CloudClient::member(refused[0], "body"), "message") == "the agent \"has left\"");
  CHECK(visitor.applied("c-9") == 0);
  CHECK(said([](CommandFault& f) { f.junk("{not JSON"); }, "c-10", "unhold") == Texts{"{not JSON"});
  CHECK(visitor.applied("c-10") == 1);
  CHECK(said([](CommandFault& f) { f.close(1008); }, "c-11") == Texts{"closed 1008"});
  CHECK(visitor.applied("c-11") == 1);
  channel = visitor.open();
  REQUIRE(channel);
  CHECK(said([](CommandFault& f) { f.before_applying().cut(); }, "c-12", "unhold") == Texts{"closed 1006"});
  CHECK(visitor.applied("c-12") == 0);
  CHECK(visitor.cloud.faults_pending() == 0);
}

TEST_CASE("a test can let a channel say what no cloud says", "[testing][cloud][channel]") {
  Visitor visitor;
  auto channel = visitor.open();
  REQUIRE(channel);
  visitor.cloud.channels().front().deliver("surprise").close_after(seconds{1}, 4001);
  CHECK(visitor.hear(*channel, seconds{5}) == std::vector<std::string>{"surprise", "closed 4001"});
}
