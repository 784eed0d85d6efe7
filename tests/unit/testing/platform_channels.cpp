// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/testing/platform_channels.hpp>

#include <patchbay/testing/faulty_platform.hpp>

#include <string>
#include <vector>

#include "support/catch.hpp"
#include "unit/testing/platform_client.hpp"

using namespace patchbay;
using namespace patchbay::testing;

namespace {

const std::string channels = "/api/v2/notifications/channels";
const std::string calls_topic = "v2.users." + std::string(platform_user) + ".conversations.calls";
const std::string all_topic = "v2.users." + std::string(platform_user) + ".conversations";

// A client with a channel whose socket is open.
struct Listener : PlatformClient {
  explicit Listener(std::initializer_list<std::string_view> topics = {}, PlatformOptions options = {})
      : PlatformClient(std::move(options)) {
    make();
    if (topics.size() != 0) subscribe(topics);
    socket = *connect();
  }
  void make() {
    REQUIRE(ask("POST", channels) == 200);
    id = text("id");
    uri = text("connectUri");
  }
  static std::string list(std::initializer_list<std::string_view> topics) {
    std::string out;
    for (const std::string_view each : topics)
      out.append(out.empty() ? "[" : ",").append(R"({"id":")").append(each).append("\"}");
    return out + "]";
  }
  void subscribe(std::initializer_list<std::string_view> topics) {
    REQUIRE(ask("PUT", channels + "/" + id + "/subscriptions", list(topics)) == 200);
  }
  std::optional<ChannelId> connect() { return open(uri.substr(uri.find("/channels/"))); }
  int hold(bool held = true, std::string_view conversation = platform_call) {
    return ask("PATCH",
               "/api/v2/conversations/" + std::string(conversation) + "/participants/" + std::string(platform_agent),
               held ? R"({"held":true})" : R"({"held":false})");
  }
  std::string id, uri;
  ChannelId socket = 0;
};

// The text of what one socket is sent.
std::string text_of(const std::vector<std::string>& heard, std::size_t index = 0) {
  return index < heard.size() ? heard[index].substr(heard[index].find(':') + 1) : std::string("nothing");
}

}  // namespace

TEST_CASE("a channel is an address that is a secret, and lives for a day", "[testing][platform]") {
  Listener client;
  CHECK(client.response.status == 101);
  CHECK(client.response.body.empty());
  CHECK(client.uri == "wss://streaming.mypurecloud.com/channels/" + client.id);
  CHECK(client.id.size() >= 32);
  const std::string first = client.id;
  client.make();
  CHECK(client.text("expires") == "2026-09-22T14:30:00.000Z");
  CHECK(client.id != first);
  REQUIRE(client.get(channels) == 200);
  CHECK(client.text("entities.0.id") == first);
  CHECK(client.text("entities.1.id") == client.id);
  CHECK(client.ask("HEAD", channels + "/" + first) == 200);
  CHECK(client.response.body.empty());
  CHECK(client.ask("HEAD", channels + "/none") == 404);
  CHECK(client.ask("DELETE", channels) == 405);
  CHECK_FALSE(client.open("/channels/none"));
  CHECK(client.response.status == 401);
  CHECK_FALSE(client.open("/"));
  CHECK(client.response.status == 404);

  // It is renewed by a subscription, and by nothing else.
  client.wait(std::chrono::hours{23});
  client.log_in();
  client.subscribe({calls_topic});
  client.wait(std::chrono::hours{23});
  client.log_in();
  CHECK(client.ask("HEAD", channels + "/" + client.id) == 200);
  CHECK(client.ask("HEAD", channels + "/" + first) == 404);
  CHECK(client.connect());
  client.wait(std::chrono::hours{2});
  const std::vector<std::string> heard = client.heard();
  REQUIRE_FALSE(heard.empty());
  CHECK(heard.back().ends_with("close 1001"));
  CHECK_FALSE(client.connect());
  CHECK(client.response.status == 401);
}

TEST_CASE("topics are added by POST, replaced by PUT, removed by DELETE, and refused by name", "[testing][platform]") {
  Listener client;
  const std::string target = channels + "/" + client.id + "/subscriptions";
  const std::string flow = "v2.flows." + std::string(platform_flow);
  REQUIRE(client.ask("POST", target, Listener::list({calls_topic})) == 200);
  CHECK(client.text("entities.0.state") == "Permitted");
  REQUIRE(client.ask("POST", target, Listener::list({flow, calls_topic})) == 200);
  REQUIRE(client.get(target) == 200);
  CHECK(client.text("entities.0.id") == calls_topic);
  CHECK(client.text("entities.1.id") == flow);
  CHECK(client.text("entities.2.id") == "-");
  REQUIRE(client.ask("PUT", target, Listener::list({flow})) == 200);
  client.get(target);
  CHECK(client.text("entities.1.id") == "-");
  CHECK(client.ask("POST", target, Listener::list({"v2.nothing"})) == 400);
  CHECK(client.text("code") == "notification.invalid.topic");
  REQUIRE(client.ask("POST", target + "?ignoreErrors=true", Listener::list({"v2.nothing", calls_topic})) == 200);
  CHECK(client.text("entities.0.state") == "Rejected");
  CHECK(client.text("entities.1.state") == "Permitted");
  CHECK(client.ask("DELETE", target) == 200);
  client.get(target);
  CHECK(client.text("entities") == "[]");
  CHECK(client.ask("POST", target, R"({"id":"v2.flows.x"})") == 400);
  CHECK(client.ask("POST", target, R"([{"topic":"v2.flows.x"}])") == 400);
  client.cloud.options().max_topics = 1;
  CHECK(client.ask("POST", target, Listener::list({calls_topic, flow})) == 400);
  CHECK(client.text("code") == "notification.subscription.too.many.subscriptions");
  CHECK(client.ask("PUT", channels + "/none/subscriptions", "[]") == 404);
}

TEST_CASE("only topics that the platform has can be subscribed to", "[testing][platform]") {
  for (const std::string_view topic :
       {"v2.users.u.conversations", "v2.users.u.conversations.calls", "v2.users.u.conversations?calls&emails",
        "v2.routing.queues.q.conversations.messages", "v2.detail.events.conversation.c.attributes", "v2.flows.f"})
    CHECK(PlatformChannels::is_topic(topic));
  const std::string long_topic = "v2.flows." + std::string(191, 'x');
  for (const std::string_view topic :
       {std::string_view(""), std::string_view("v2"), std::string_view("v2.users.u"), std::string_view("v2.users"),
        std::string_view("v2.users.u.conversations.faxes"), std::string_view("v2.conversations.c"),
        std::string_view("v2.users..conversations"), std::string_view("v2.users.u.conversations?"),
        std::string_view("v2.users.u.conversations?calls&faxes"), std::string_view("v3.flows.f"),
        std::string_view("v2.flows.f."), std::string_view(long_topic)})
    CHECK_FALSE(PlatformChannels::is_topic(topic));
}

TEST_CASE("whoever has subscribed hears of a hold when it happens, and not before", "[testing][platform]") {
  PlatformOptions options;
  options.effect_delay = milliseconds{100};
  Listener client({calls_topic, all_topic}, options);
  REQUIRE(client.hold() == 202);
  CHECK(client.heard().empty());
  client.wait(milliseconds{100});
  const std::vector<std::string> heard = client.heard();
  REQUIRE(heard.size() == 2);
  const std::string nested = text_of(heard, 0), flat = text_of(heard, 1);
  CHECK(PlatformClient::at(flat, "topicName") == calls_topic);
  CHECK(PlatformClient::at(flat, "version") == "2");
  CHECK(PlatformClient::at(flat, "eventBody.id") == platform_call);
  CHECK(PlatformClient::at(flat, "eventBody.participants.3.held") == "true");
  CHECK(PlatformClient::at(flat, "eventBody.participants.3.startHoldTime") == "2026-09-21T14:30:00.100Z");
  CHECK(PlatformClient::at(flat, "eventBody.participants.3.user.id") == platform_user);
  CHECK(PlatformClient::at(flat, "metadata.CorrelationId") != client.header("inin-correlation-id"));
  CHECK(PlatformClient::at(nested, "topicName") == all_topic);
  CHECK(PlatformClient::at(nested, "eventBody.participants.3.calls.0.held") == "true");
  // A hold of what is held changes nothing and is no event.
  client.hold();
  client.wait(seconds{1});
  CHECK(client.heard().empty());
}

TEST_CASE("what others do is heard as well: holds, releases, departures, attributes, a new flow",
          "[testing][platform]") {
  const std::string attributes = "v2.detail.events.conversation." + std::string(platform_call) + ".attributes";
  const std::string flow = "v2.flows." + std::string(platform_flow);
  Listener client({calls_topic, attributes, flow});
  REQUIRE(client.cloud.set_held(platform_call, platform_agent, true));
  CHECK(PlatformClient::at(text_of(client.heard()), "eventBody.participants.3.held") == "true");
  REQUIRE(client.cloud.set_held(platform_call, platform_agent, false));
  CHECK(PlatformClient::at(text_of(client.heard()), "eventBody.participants.3.startHoldTime") == "-");
  REQUIRE(client.cloud.set_attribute(platform_call, platform_customer, "tier", "gold"));
  const std::vector<std::string> heard = client.heard();
  REQUIRE(heard.size() == 2);
  CHECK(PlatformClient::at(text_of(heard, 0), "eventBody.participants.0.attributes.tier") == "gold");
  CHECK(PlatformClient::at(text_of(heard, 1), "eventBody.participantId") == platform_customer);
  CHECK(PlatformClient::at(text_of(heard, 1), "eventBody.attributes.tier") == "gold");
  CHECK(PlatformClient::at(text_of(heard, 1), "eventBody.eventTime") == "1790001000000");
  client.cloud.publish(platform_flow, "{}");
  CHECK(PlatformClient::at(text_of(client.heard()), "eventBody.publishedVersion.id") == "8.0");
  REQUIRE(client.cloud.set_state(platform_call, platform_customer, "disconnected"));
  CHECK(PlatformClient::at(text_of(client.heard()), "eventBody.participants.3.state") == "disconnected");
  CHECK_FALSE(client.cloud.set_held(platform_call, platform_agent, true));
  CHECK_FALSE(client.cloud.set_held("none", platform_agent, true));
  CHECK_FALSE(client.cloud.set_held(platform_call, "none", true));
  CHECK(client.heard().empty());
  for (const AppliedOperation& each : client.cloud.operations()) CHECK(each.kind == AppliedOperation::Kind::foreign);
}

TEST_CASE("other kinds of conversations have their own topics, and joined topics count for each",
          "[testing][platform]") {
  Listener client({all_topic + "?emails&callbacks"});
  client.hold(true, platform_email);
  client.hold(true, platform_callback);
  client.hold(true, platform_message);
  const std::vector<std::string> heard = client.heard();
  REQUIRE(heard.size() == 2);
  CHECK(PlatformClient::at(text_of(heard, 0), "topicName") == all_topic + ".emails");
  CHECK(PlatformClient::at(text_of(heard, 1), "topicName") == all_topic + ".callbacks");
}

TEST_CASE("a queue's topic hears of the conversations that it routes", "[testing][platform]") {
  Listener client({"v2.routing.queues." + std::string(platform_queue) + ".conversations.calls"});
  client.hold();
  CHECK(client.heard().size() == 1);
}

TEST_CASE("the socket beats, answers a ping, and takes subscriptions", "[testing][platform]") {
  Listener client;
  client.wait(seconds{29});
  CHECK(client.heard().empty());
  client.wait(seconds{1});
  CHECK(text_of(client.heard()) == R"({"topicName":"channel.metadata","eventBody":{"message":"WebSocket Heartbeat"}})");
  CHECK(client.cloud.next_due() == client.now + seconds{30});
  client.cloud.command(client.socket, R"({"message":"ping"})");
  CHECK(text_of(client.heard()) == R"({"topicName":"channel.metadata","eventBody":{"message":"pong"}})");
  client.cloud.command(client.socket, R"({"message":"subscribe","topics":["v2.flows.f"],"correlationId":"c"})");
  CHECK(text_of(client.heard()) == R"({"result":"200","status":"subscribed","correlationId":"c"})");
  client.cloud.command(client.socket, R"({"message":"subscribe","topics":["nonsense"]})");
  CHECK(text_of(client.heard()) == R"({"result":"400","status":"failure"})");
  for (const std::string_view junk : {"", "x", "[]", "{}", R"({"message":1})", R"({"message":"dance"})", "\xff"})
    client.cloud.command(client.socket, junk);
  client.cloud.command(77, R"({"message":"ping"})");
  CHECK(client.heard().empty());
}

TEST_CASE("a second connection takes the channel from the first", "[testing][platform]") {
  Listener client({calls_topic});
  const std::optional<ChannelId> second = client.connect();
  REQUIRE(second);
  CHECK(client.heard() == std::vector<std::string>{std::to_string(client.socket) + ":close 1001"});
  client.hold();
  const std::vector<std::string> heard = client.heard();
  REQUIRE(heard.size() == 1);
  CHECK(heard[0].starts_with(std::to_string(*second) + ":"));
  client.cloud.close(*second);
  client.hold(false);
  CHECK(client.heard().empty());
}

TEST_CASE("a close is announced a minute before, and both sockets hear events until then", "[testing][platform]") {
  Listener client({calls_topic});
  client.cloud.announce_closing();
  client.cloud.announce_closing();
  const std::vector<std::string> said = client.heard();
  REQUIRE(said.size() == 1);
  CHECK(PlatformClient::at(text_of(said), "topicName") == "v2.system.socket_closing");
  const std::optional<ChannelId> second = client.connect();
  REQUIRE(second);
  CHECK(client.heard().empty());  // the first is not taken away at once
  client.hold();
  CHECK(client.heard().size() == 2);
  client.wait(milliseconds{59'999});
  for (const std::string& each : client.heard()) CHECK(each.find("Heartbeat") != std::string::npos);
  client.wait(milliseconds{1});
  const std::vector<std::string> last = client.heard();
  REQUIRE_FALSE(last.empty());
  CHECK(last.front() == std::to_string(client.socket) + ":close 1001");
  client.hold(false);
  CHECK(client.heard().size() == 1);
}

TEST_CASE("the twenty-first channel takes the place of the one unused longest, and of one without a socket first",
          "[testing][platform]") {
  Listener client;
  const std::string connected = client.id;
  std::vector<std::string> ids;
  for (int i = 0; i < 20; ++i) {
    client.wait(seconds{1});
    client.make();
    ids.push_back(client.id);
  }
  CHECK(client.ask("HEAD", channels + "/" + connected) == 200);
  CHECK(client.ask("HEAD", channels + "/" + ids[0]) == 404);
  CHECK(client.ask("HEAD", channels + "/" + ids[1]) == 200);
}

TEST_CASE("when tokens are revoked, or channels end, the sockets hear why", "[testing][platform]") {
  Listener client({calls_topic});
  client.cloud.revoke_tokens();
  std::vector<std::string> heard = client.heard();
  REQUIRE(heard.size() == 2);
  CHECK(PlatformClient::at(text_of(heard, 0), "topicName") == "v2.system.token_revoked." + client.id);
  CHECK(text_of(heard, 1) == "close 1001");
  client.log_in();
  client.make();
  REQUIRE(client.connect());
  client.cloud.end_channels();
  heard = client.heard();
  REQUIRE(heard.size() == 2);
  CHECK(PlatformClient::at(text_of(heard, 0), "topicName") == "v2.system.no_longer_subscribed." + client.id);
  CHECK_FALSE(client.connect());
}

TEST_CASE("channel ids follow from their seed alone", "[testing][platform]") {
  const auto first = [](std::uint64_t seed) {
    PlatformOptions options;
    options.channel_seed = seed;
    return Listener({}, options).id;
  };
  CHECK(first(1) == first(1));
  CHECK(first(1) != first(2));
}

TEST_CASE("faults strike the platform's dialect as they strike the other", "[testing][platform]") {
  SteadyTime now{seconds{1000}};
  FaultyPlatform cloud([&] { return now; }, [] { return WallTime(seconds{1'790'000'000}); });
  HttpResponse response;
  const std::string basic = "Basic YTpi", form = "application/x-www-form-urlencoded";
  const HeaderView login[] = {{"Authorization", basic}, {"Content-Type", form}};
  cloud.model.handle(CloudRequest("POST", "/oauth/token", login, "grant_type=client_credentials"), response);
  const std::string bearer = "Bearer " + PlatformClient::at(response.body.view(), "access_token");
  const HeaderView fields[] = {{"Authorization", bearer}, {"Content-Type", "application/json"}};
  const std::string target = "/api/v2/conversations/" + std::string(platform_flow_call) + "/customattributes";
  const auto write = [&](std::string_view body) {
    const CloudRequest request("PATCH", target, fields, body);
    return cloud.serve(request, cloud.plan.take(request), response);
  };
  const std::string body = R"({"id":")" + std::string(platform_record) + R"(","version":1,"customAttributes":{"a":1}})";
  cloud.plan.on("PATCH").answer(409, {}, R"({"code":"request.conflict"})");
  cloud.plan.on("PATCH").foreign_write("Elsewhere");
  cloud.plan.on("PATCH").after_applying().reset();
  CHECK(write(body) == ServingEnd::answer);
  CHECK(PlatformClient::at(response.body.view(), "code") == "request.conflict");
  CHECK(write(body) == ServingEnd::answer);
  CHECK(PlatformClient::at(response.body.view(), "code") == "conversation.custom.attributes.version.conflict");
  CHECK(write(R"({"id":")" + std::string(platform_record) + R"(","customAttributes":{"a":1}})") == ServingEnd::reset);
  CHECK(cloud.model.find(platform_flow_call)->records[0].version == 3);
  CHECK(cloud.plan.pending() == 0);
}
