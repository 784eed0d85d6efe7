// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/testing/simulated_platform.hpp>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <patchbay/testing/loop_transport.hpp>

#include "support/catch.hpp"
#include "unit/testing/platform_client.hpp"

using namespace patchbay;
using namespace patchbay::testing;
using Kind = ChannelEvent::Kind;

namespace {

const std::string side =
    "/api/v2/conversations/" + std::string(platform_call) + "/participants/" + std::string(platform_agent);
const std::string topic = "v2.users." + std::string(platform_user) + ".conversations.calls";

PlatformOptions slow(Duration span) {
  PlatformOptions options;
  options.effect_delay = span;
  return options;
}

struct Visitor {
  ManualClock clock;
  SimulatedPlatform cloud;
  Endpoint endpoint = *Endpoint::parse("https://api.loopback.example", "base_url");
  HttpResponse response;
  std::string bearer, channel_path;
  SteadyTime begin = clock.steady_now();

  explicit Visitor(PlatformOptions options = {}) : cloud(clock, std::move(options)) {
    const HeaderView login[] = {{"Authorization", "Basic YTpi"}, {"Content-Type", "application/x-www-form-urlencoded"}};
    HttpRequest request(Method::post, endpoint, "/oauth/token");
    request.headers = login;
    request.body = "grant_type=client_credentials";
    REQUIRE(cloud.send(request, response, never));
    bearer = "Bearer " + text("access_token");
    REQUIRE(ask(Method::post, "/api/v2/notifications/channels", ""));
    const std::string id = text("id");
    channel_path = "/channels/" + id;
    REQUIRE(
        ask(Method::post, "/api/v2/notifications/channels/" + id + "/subscriptions", "[{\"id\":\"" + topic + "\"}]"));
    REQUIRE(response.status == 200);
  }
  TransportResult<void> ask(Method method, std::string_view target, std::string_view body,
                            Duration budget = seconds{10}) {
    const HeaderView headers[] = {{"Authorization", bearer}, {"Content-Type", "application/json"}};
    HttpRequest request(method, endpoint, target);
    request.headers = headers;
    request.body = body;
    return cloud.send(request, response, after(clock.steady_now(), budget));
  }
  TransportResult<void> hold(bool held, Duration budget = seconds{10}) {
    return ask(Method::patch, side, held ? R"({"held":true})" : R"({"held":false})", budget);
  }
  VirtualChannel open() {
    auto opened = cloud.open(ChannelRequest(endpoint, channel_path), response, never);
    REQUIRE(opened);
    return std::move(*opened);
  }
  [[nodiscard]] std::string text(std::string_view path) const { return PlatformClient::at(response.body.view(), path); }
  [[nodiscard]] bool held() const {
    return cloud.inspect(
        [](const PlatformModel& model) { return model.find(platform_call)->participant(platform_agent)->held; });
  }
  [[nodiscard]] Duration passed() const { return clock.steady_now() - begin; }
};

std::string heard(VirtualChannel& channel, SteadyTime deadline) {
  ChannelEvent event;
  channel.receive(event, deadline);
  if (event.kind == Kind::closed) return "closed " + std::to_string(event.close_code);
  return event.kind == Kind::text ? std::string(event.payload.view()) : "nothing";
}

// Waits for a channel, and then for the first event on it.
struct Ear final : Receiver<TransportResult<LoopChannel>> {
  void complete(TransportResult<LoopChannel> opened) noexcept override {
    if (!opened) return;
    channel.emplace(std::move(*opened));
    channel->receive(event, Completion<void>(first));
  }
  void abandoned() noexcept override {}

  struct First final : Receiver<void> {
    explicit First(Ear& ear_in) : ear(&ear_in) {}
    void complete() noexcept override { ear->events.emplace_back(ear->event.payload.view()); }
    void abandoned() noexcept override {}
    Ear* ear;
  };
  First first{*this};
  ChannelEvent event;
  std::vector<std::string> events;
  std::optional<LoopChannel> channel;
};

}  // namespace

TEST_CASE("who waits at a channel is told of a hold at the time at which it happens", "[testing][platform]") {
  Visitor visitor(slow(milliseconds{400}));
  VirtualChannel channel = visitor.open();
  REQUIRE(visitor.hold(true));
  CHECK(visitor.response.status == 202);
  CHECK_FALSE(visitor.held());
  const std::string event = heard(channel, after(visitor.clock.steady_now(), seconds{5}));
  CHECK(visitor.passed() == milliseconds{400});
  CHECK(PlatformClient::at(event, "topicName") == topic);
  CHECK(PlatformClient::at(event, "eventBody.participants.3.held") == "true");
  CHECK(visitor.held());
  // Who looks away too early hears nothing, and of it all later.
  REQUIRE(visitor.hold(false));
  CHECK(heard(channel, after(visitor.clock.steady_now(), milliseconds{399})) == "nothing");
  CHECK(visitor.held());
  CHECK(PlatformClient::at(heard(channel, after(visitor.clock.steady_now(), seconds{1})),
                           "eventBody.participants.3.held") == "false");
  CHECK(visitor.passed() == milliseconds{800});
}

TEST_CASE("a channel in memory beats on virtual time, and ends with its day", "[testing][platform]") {
  PlatformOptions options;
  options.heartbeat = std::chrono::hours{7};
  Visitor visitor(options);
  VirtualChannel channel = visitor.open();
  for (int beat = 1; beat <= 3; ++beat) {
    CHECK(PlatformClient::at(heard(channel, never), "eventBody.message") == "WebSocket Heartbeat");
    CHECK(visitor.passed() == beat * std::chrono::hours{7});
  }
  CHECK(heard(channel, never) == "closed 1001");
  CHECK(visitor.passed() == std::chrono::hours{24});
}

TEST_CASE("two sockets of one channel in memory: the second takes it, unless a close was announced",
          "[testing][platform]") {
  Visitor visitor;
  VirtualChannel first = visitor.open();
  VirtualChannel second = visitor.open();
  CHECK(heard(first, never) == "closed 1001");
  visitor.cloud.change([](PlatformModel& model) { model.announce_closing(); });
  CHECK(PlatformClient::at(heard(second, never), "topicName") == "v2.system.socket_closing");
  VirtualChannel third = visitor.open();
  visitor.cloud.change([](PlatformModel& model) { model.set_held(platform_call, platform_agent, true); });
  CHECK(PlatformClient::at(heard(second, never), "topicName") == topic);
  CHECK(PlatformClient::at(heard(third, never), "topicName") == topic);
  std::string last;
  while (!last.starts_with("closed")) last = heard(second, never);
  CHECK(last == "closed 1001");
  CHECK(visitor.passed() == seconds{60});
  CHECK(third.send(R"({"message":"ping"})", never));
  std::string answer;
  while (answer.find("pong") == std::string::npos && !answer.starts_with("closed")) answer = heard(third, never);
  CHECK(PlatformClient::at(answer, "eventBody.message") == "pong");
}

TEST_CASE("a hold that arrives after its client has given up happens all the same, and is told",
          "[testing][platform]") {
  Visitor visitor(slow(seconds{1}));
  VirtualChannel channel = visitor.open();
  visitor.cloud.plan([](FaultPlan& plan) { plan.on("PATCH").delay(seconds{3}); });
  const auto given_up = visitor.hold(true, seconds{2});
  REQUIRE_FALSE(given_up);
  CHECK(given_up.error().delivery == Delivery::maybe_sent);
  visitor.clock.advance(seconds{1});
  CHECK_FALSE(visitor.held());
  CHECK(PlatformClient::at(heard(channel, never), "eventBody.participants.3.held") == "true");
  CHECK(visitor.passed() == seconds{4});
}

TEST_CASE("on an event loop too an event comes at its time", "[testing][platform]") {
  ManualLoop loop;
  SimulatedPlatform cloud(loop.clock(), slow(milliseconds{250}));
  LoopTransport transport(loop, cloud);
  const Endpoint endpoint = *Endpoint::parse("https://api.loopback.example", "base_url");
  std::string path;
  cloud.change([&](PlatformModel& model) {
    HttpResponse response;
    const HeaderView login[] = {{"Authorization", "Basic YTpi"}, {"Content-Type", "application/x-www-form-urlencoded"}};
    model.handle(CloudRequest("POST", "/oauth/token", login, "grant_type=client_credentials"), response);
    const std::string bearer = "Bearer " + PlatformClient::at(response.body.view(), "access_token");
    const HeaderView fields[] = {{"Authorization", bearer}, {"Content-Type", "application/json"}};
    model.handle(CloudRequest("POST", "/api/v2/notifications/channels", fields), response);
    path = "/channels/" + PlatformClient::at(response.body.view(), "id");
    model.handle(
        CloudRequest("POST", "/api/v2/notifications" + path + "/subscriptions", fields, "[{\"id\":\"" + topic + "\"}]"),
        response);
    model.handle(CloudRequest("PATCH", side, fields, R"({"held":true})"), response);
    REQUIRE(response.status == 202);
  });
  const SteadyTime begin = loop.clock().steady_now();
  HttpResponse refusal;
  Ear ear;
  const ChannelRequest request(endpoint, path);
  transport.open(request, refusal, never, Completion<TransportResult<LoopChannel>>(ear));
  loop.run_until(begin + milliseconds{249});
  CHECK(ear.events.empty());
  loop.run_until(begin + milliseconds{250});
  REQUIRE(ear.events.size() == 1);
  CHECK(PlatformClient::at(ear.events[0], "eventBody.participants.3.held") == "true");
  ear.channel.reset();
  loop.run_until(begin + seconds{1});
}
