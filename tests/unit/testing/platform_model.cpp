// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/testing/platform_model.hpp>

#include <random>
#include <string>

#include "support/catch.hpp"
#include "unit/testing/platform_client.hpp"

using namespace patchbay;
using namespace patchbay::testing;

namespace {

const std::string conversations = "/api/v2/conversations/";

std::string generic(std::string_view conversation, std::string_view participant = platform_agent) {
  return conversations + std::string(conversation) + "/participants/" + std::string(participant);
}
std::string of_call(std::string_view conversation, std::string_view participant = platform_agent) {
  return conversations + "calls/" + std::string(conversation) + "/participants/" + std::string(participant);
}
std::string custom(std::string_view conversation) {
  return conversations + std::string(conversation) + "/customattributes";
}

PlatformOptions with_user() {
  PlatformOptions options;
  options.user_id = platform_user;
  return options;
}

}  // namespace

TEST_CASE("the platform's login takes Basic credentials, grants for a day, and refuses in its own words",
          "[testing][platform]") {
  PlatformOptions options;
  options.client_id = "id";
  options.client_secret = Secret("secret");
  PlatformClient client(options);
  CHECK(client.response.status == 401);  // the credentials of other tests
  CHECK(client.text("error") == "invalid_client");
  CHECK(client.text("description") == client.text("error_description"));
  CHECK(client.text("code") == "-");
  REQUIRE(client.grant("grant_type=client_credentials", {{"Authorization", "Basic aWQ6c2VjcmV0"}}) == 200);
  CHECK(client.text("expires_in") == "86400");
  CHECK(client.text("token_type") == "bearer");
  CHECK(client.text("scope") == "-");
  // Scopes are for other grants: a client of this one has roles.
  CHECK(client.grant("grant_type=client_credentials&scope=nothing", {{"Authorization", "Basic aWQ6c2VjcmV0"}}) == 200);
  CHECK(client.grant("grant_type=password", {{"Authorization", "Basic aWQ6c2VjcmV0"}}) == 400);
  client.cloud.options().token_ttl = std::chrono::hours{100};
  CHECK(client.grant("grant_type=client_credentials", {{"Authorization", "Basic aWQ6c2VjcmV0"}}) == 200);
  CHECK(client.text("expires_in") == "172800");
}

TEST_CASE("without a token that is valid now nothing of the platform's API is served", "[testing][platform]") {
  PlatformClient client;
  const std::string target = conversations + std::string(platform_call);
  CHECK(client.get(target) == 200);
  CHECK(client.raw("GET", target) == 401);
  CHECK(client.text("code") == "authentication.required");
  CHECK(client.text("contextId") == client.header("inin-correlation-id"));
  client.wait(std::chrono::hours{25});
  CHECK(client.get(target) == 401);
  CHECK(client.text("code") == "bad.credentials");
  client.log_in();
  CHECK(client.get(target) == 200);
  client.cloud.revoke_tokens();
  CHECK(client.get(target) == 401);
}

TEST_CASE("roles decide what a client may do on the platform", "[testing][platform]") {
  PlatformOptions options;
  options.permissions = {"conversation:customAttributes:view", "conversation:call:record"};
  PlatformClient client(options);
  CHECK(client.get(conversations + std::string(platform_call)) == 403);
  CHECK(client.text("code") == "missing.permissions");
  CHECK(client.get(custom(platform_call)) == 200);
  CHECK(client.ask("PATCH", custom(platform_call), R"({"id":"a","customAttributes":{}})") == 403);
  CHECK(client.get("/api/v2/flows/" + std::string(platform_flow)) == 403);
  CHECK(client.ask("PATCH", generic(platform_call), R"({"held":true})") == 202);  // one of three is enough
  client.cloud.options().permissions.clear();
  CHECK(client.ask("PATCH", generic(platform_call), R"({"held":true})") == 403);
  CHECK(client.text("code") == "missing.any.permissions");
}

TEST_CASE("a conversation is shown nested, and a call flat as well", "[testing][platform]") {
  PlatformClient client;
  REQUIRE(client.get(conversations + std::string(platform_call)) == 200);
  CHECK(client.text("id") == platform_call);
  CHECK(client.text("endTime") == "-");
  CHECK(client.text("participants.3.id") == platform_agent);
  CHECK(client.text("participants.3.purpose") == "agent");
  CHECK(client.text("participants.3.userId") == platform_user);
  CHECK(client.text("participants.3.calls.0.state") == "connected");
  CHECK(client.text("participants.3.calls.0.held") == "false");
  CHECK(client.text("participants.3.calls.0.startHoldTime") == "-");
  CHECK(client.text("participants.3.emails") == "[]");
  CHECK(client.text("participants.3.state") == "-");
  REQUIRE(client.get(conversations + "calls/" + std::string(platform_call)) == 200);
  CHECK(client.text("participants.3.state") == "connected");
  CHECK(client.text("participants.3.held") == "false");
  CHECK(client.text("participants.3.user.id") == platform_user);
  CHECK(client.text("participants.3.conversationRoutingData.queue.id") == platform_queue);
  CHECK(client.text("participants.3.calls") == "-");
  CHECK(client.text("participants.1.attributes.ivr_state") == "Main menu");
  CHECK(client.get(conversations + "emails/" + std::string(platform_call)) == 404);
  CHECK(client.get(conversations + "none") == 404);
  CHECK(client.text("code") == "not.found");
  CHECK(client.ask("DELETE", conversations + std::string(platform_call)) == 405);
}

TEST_CASE("a hold is accepted without a body and happens later", "[testing][platform]") {
  PlatformOptions options;
  options.effect_delay = milliseconds{300};
  PlatformClient client(options);
  REQUIRE(client.ask("PATCH", generic(platform_call), R"({"held":true})") == 202);
  CHECK(client.response.body.empty());
  const std::string id = client.header("inin-correlation-id");
  CHECK(client.cloud.pending() == 1);
  CHECK(client.cloud.next_due() == client.now + milliseconds{300});
  const PlatformParticipant& agent = *client.cloud.find(platform_call)->participant(platform_agent);
  CHECK_FALSE(agent.held);
  CHECK(client.cloud.operations().empty());
  client.wait(milliseconds{299});
  CHECK_FALSE(agent.held);
  client.wait(milliseconds{1});
  CHECK(agent.held);
  REQUIRE(client.cloud.operations().size() == 1);
  const AppliedOperation& done = client.cloud.operations().front();
  CHECK(done.kind == AppliedOperation::Kind::hold);
  CHECK(done.interaction == platform_call);
  CHECK(done.participant == platform_agent);
  CHECK(done.id == id);
  CHECK(client.cloud.times_applied(id) == 1);
  REQUIRE(client.get(conversations + std::string(platform_call)) == 200);
  CHECK(client.text("participants.3.calls.0.held") == "true");
  CHECK(client.text("participants.3.calls.0.startHoldTime") == "2026-09-21T14:30:00.300Z");

  // What is held already stays held since then; a release ends it.
  client.wait(seconds{5});
  CHECK(client.ask("PATCH", generic(platform_call), R"({"held":true})") == 202);
  client.wait(seconds{5});
  CHECK_FALSE(client.cloud.operations().back().changed);
  client.get(conversations + std::string(platform_call));
  CHECK(client.text("participants.3.calls.0.startHoldTime") == "2026-09-21T14:30:00.300Z");
  CHECK(client.ask("PATCH", generic(platform_call), R"({"held":false})") == 202);
  client.wait(seconds{5});
  CHECK(client.cloud.operations().back().kind == AppliedOperation::Kind::unhold);
  client.get(conversations + std::string(platform_call));
  CHECK(client.text("participants.3.calls.0.startHoldTime") == "-");
}

TEST_CASE("every kind of conversation that has held can be held", "[testing][platform]") {
  PlatformClient client;
  for (const std::string_view id : {platform_callback, platform_chat, platform_email, platform_message}) {
    INFO(id);
    const std::string media(plural(client.cloud.find(id)->media));
    CHECK(client.ask("PATCH", generic(id), R"({"held":true})") == 202);
    REQUIRE(client.get(conversations + std::string(id)) == 200);
    CHECK(client.text("participants.3." + media + ".0.held") == "true");
    CHECK(client.text("participants.3." + media + ".0.startHoldTime") != "-");
    CHECK(client.text("participants.3.calls") == "[]");
    // By its own address too, but for chats, which have none any more.
    const std::string own =
        conversations + media + "/" + std::string(id) + "/participants/" + std::string(platform_agent);
    CHECK(client.ask("PATCH", own, R"({"held":false})") == (id == platform_chat ? 404 : 202));
    CHECK(client.cloud.find(id)->participant(platform_agent)->held == (id == platform_chat));
    CHECK(client.ask("PATCH", own) == (id == platform_message ? 202 : id == platform_chat ? 404 : 415));
    CHECK(client.ask("PATCH", generic(id), R"({"confined":true})") == 400);
    CHECK(client.text("code") == "conversation.error.cannot.confine.party");
  }
}

TEST_CASE("a call is held through the caller's own participant, and only by a user", "[testing][platform]") {
  PlatformClient client;
  CHECK(client.ask("PATCH", of_call(platform_call), R"({"held":true})") == 400);
  CHECK(client.text("code") == "not.a.user");
  CHECK(client.ask("PATCH", generic(platform_call), R"({"held":true})") == 202);

  PlatformClient user(with_user());
  CHECK(user.ask("PATCH", of_call(platform_call), R"({"held":true})") == 202);
  CHECK(user.cloud.find(platform_call)->participant(platform_agent)->held);
  CHECK(user.ask("PATCH", of_call(platform_call, platform_customer), R"({"held":true})") == 400);
  CHECK(user.text("code") == "conversation.error.user.not.party");
  CHECK(user.ask("PATCH", of_call(platform_email), R"({"held":true})") == 404);
  CHECK(user.text("code") == "conversation.error.conversation.not.found");
}

TEST_CASE("the platform refuses with the codes of its definition what cannot be held", "[testing][platform]") {
  PlatformClient client(with_user());
  const auto refused = [&](const std::string& target, std::string_view body) {
    const int status = client.ask("PATCH", target, body);
    return std::to_string(status) + " " + client.text("code");
  };
  constexpr std::string_view hold = R"({"held":true})";
  CHECK(refused(generic(platform_ringing_call), hold) == "400 conversation.error.hold.alerting");
  CHECK(refused(generic(platform_ended_call), hold) == "400 conversation.error.participant.no.active.conversations");
  CHECK(refused(of_call(platform_ended_call), hold) == "400 conversation.error.call.disconnected");
  CHECK(refused(generic("none"), hold) == "404 not.found");
  CHECK(refused(of_call("none"), hold) == "404 conversation.error.conversation.not.found");
  CHECK(refused(generic(platform_call, "none"), hold) == "404 conversation.error.not.conversation.participant");
  CHECK(refused(generic(platform_call), "{\"held\":true") == "400 bad.request");
  CHECK(refused(generic(platform_call), "[]") == "400 bad.request");
  CHECK(refused(generic(platform_call), R"({"held":"yes"})") == "400 invalid.value");
  CHECK(refused(generic(platform_call), R"({"hold":true})") == "400 invalid.property");
  CHECK(refused(generic(platform_call), R"({"state":"parked"})") == "400 invalid.value");
  CHECK(refused(generic(platform_call), "{}") == "400 conversation.participant.update.invalid");
  CHECK(refused(generic(platform_call), R"({"held":false,"confined":true})") ==
        "400 conversation.participant.update.invalid");
  CHECK(client.raw("PATCH", generic(platform_call), {{"Authorization", "Bearer " + client.token}}, hold) == 415);
  CHECK(client.text("code") == "unsupported.media.type");
  CHECK(client.cloud.operations().empty());
}

TEST_CASE("confined is held with music, muted is neither, and null leaves things as they are", "[testing][platform]") {
  PlatformClient client;
  const PlatformParticipant& agent = *client.cloud.find(platform_call)->participant(platform_agent);
  REQUIRE(client.ask("PATCH", generic(platform_call), R"({"confined":true})") == 202);
  CHECK((agent.held && agent.confined));
  REQUIRE(client.ask("PATCH", generic(platform_call), R"({"confined":false,"held":null})") == 202);
  CHECK((agent.held && !agent.confined));
  REQUIRE(client.ask("PATCH", generic(platform_call), R"({"confined":true,"muted":true})") == 202);
  CHECK((agent.held && agent.confined && agent.muted));
  REQUIRE(client.ask("PATCH", generic(platform_call), R"({"held":false})") == 202);
  CHECK((!agent.held && !agent.confined && agent.muted));
}

TEST_CASE("a hold is accepted during a consultation, and for one who leaves meanwhile, and nobody is held",
          "[testing][platform]") {
  PlatformOptions options;
  options.effect_delay = seconds{1};
  PlatformClient client(options);
  PlatformParticipant& agent = *client.cloud.find(platform_call)->participant(platform_agent);
  agent.in_consult = true;
  REQUIRE(client.ask("PATCH", generic(platform_call), R"({"held":true})") == 202);
  client.wait(seconds{1});
  CHECK_FALSE(agent.held);
  agent.in_consult = false;
  REQUIRE(client.ask("PATCH", generic(platform_call), R"({"held":true})") == 202);
  client.cloud.set_state(platform_call, platform_agent, "disconnected");
  client.wait(seconds{1});
  CHECK_FALSE(agent.held);
  for (const AppliedOperation& each : client.cloud.operations()) CHECK(each.kind == AppliedOperation::Kind::foreign);
}

TEST_CASE("who leaves is held no more, and a conversation without a customer or anybody else is over",
          "[testing][platform]") {
  PlatformClient client;
  PlatformParticipant& agent = *client.cloud.find(platform_call)->participant(platform_agent);
  agent.wrapup_required = true;
  client.ask("PATCH", generic(platform_call), R"({"held":true})");
  CHECK(client.ask("PATCH", generic(platform_call), R"({"state":"disconnected"})") == 400);
  CHECK(client.text("code") == "conversation.error.wrapup.code.required");
  CHECK(client.ask("PATCH", generic(platform_call), R"({"state":"disconnected","wrapup":{"code":"done"}})") == 202);
  REQUIRE(client.get(conversations + std::string(platform_call)) == 200);
  CHECK(client.text("endTime") != "-");
  CHECK(client.text("participants.3.calls.0.state") == "disconnected");
  CHECK(client.text("participants.3.calls.0.held") == "false");
  CHECK(client.text("participants.3.calls.0.disconnectType") == "client");
  CHECK(client.text("participants.0.calls.0.disconnectType") == "peer");
  CHECK(client.cloud.operations().back().kind == AppliedOperation::Kind::disconnect);
  // One that rings can be answered, and then held.
  CHECK(client.ask("PATCH", generic(platform_ringing_call), R"({"state":"connected"})") == 202);
  CHECK(client.ask("PATCH", generic(platform_ringing_call), R"({"held":true})") == 202);
  CHECK(client.cloud.end(platform_ringing_call));
  CHECK_FALSE(client.cloud.end(platform_ringing_call));
  CHECK(client.cloud.find(platform_ringing_call)->ended);
}

TEST_CASE("participant attributes are strings and merge; nothing is locked", "[testing][platform]") {
  PlatformClient client;
  const std::string target = generic(platform_flow_call, platform_ivr) + "/attributes";
  CHECK(client.ask("PATCH", target, R"({"attributes":{"flow_node":"Survey","transition_id":"t-1"}})") == 202);
  CHECK(client.response.body.empty());
  const PlatformParticipant& flow = *client.cloud.find(platform_flow_call)->participant(platform_ivr);
  CHECK(*flow.attribute("ivr_state") == "Main menu");
  CHECK(*flow.attribute("flow_node") == "Survey");
  REQUIRE(client.cloud.operations().size() == 1);
  CHECK(client.cloud.operations().front().kind == AppliedOperation::Kind::attributes);
  CHECK(client.cloud.operations().front().node == "\"Survey\"");
  CHECK(client.cloud.times_applied("t-1") == 1);
  CHECK(client.ask("PATCH", of_call(platform_flow_call, platform_ivr) + "/attributes", R"({"attributes":{"a":"b"}})") ==
        202);
  CHECK(client.text("attributes") == R"({"ivr_state":"Main menu","flow_node":"Survey","transition_id":"t-1","a":"b"})");
  client.cloud.options().attributes_replace = true;
  CHECK(client.ask("PATCH", of_call(platform_flow_call, platform_ivr) + "/attributes", R"({"attributes":{"c":"d"}})") ==
        202);
  CHECK(client.text("attributes") == R"({"c":"d"})");
  CHECK(flow.attributes.size() == 1);
  const auto refused = [&](std::string_view body) {
    const int status = client.ask("PATCH", target, body);
    return std::to_string(status) + " " + client.text("code");
  };
  CHECK(refused(R"({"attributes":{"a":null}})") == "400 conversation.error.participant.attribute.null");
  CHECK(refused(R"({"attributes":{"a":1}})") == "400 invalid.value");
  CHECK(refused(R"({"attributes":[]})") == "400 invalid.value");
  CHECK(refused("{}") == "400 bad.request");
  client.cloud.options().max_attributes = 100;
  CHECK(refused("{\"attributes\":{\"a\":\"" + std::string(100, 'x') + "\"}}") == "413 request.entity.too.large");
}

TEST_CASE("custom attributes apply once, against the version that the body names", "[testing][platform]") {
  PlatformClient client;
  const std::string target = custom(platform_flow_call);
  REQUIRE(client.get(target) == 200);
  CHECK(client.text("results.0.id") == platform_record);
  CHECK(client.text("results.0.version") == "1");
  CHECK(client.text("results.0.customAttributes.flow_node") == "Main menu");
  const auto body = [](int version, std::string_view node, std::string_view id) {
    return R"({"id":")" + std::string(platform_record) + R"(","version":)" + std::to_string(version) +
           R"(,"customAttributes":{"flow_node":")" + std::string(node) + R"(","transition_id":")" + std::string(id) +
           "\"}}";
  };
  CHECK(client.ask("PATCH", target, body(1, "Survey", "t-1")) == 204);
  CHECK(client.response.body.empty());
  CHECK(client.ask("PATCH", target, body(1, "Survey", "t-1")) == 409);
  CHECK(client.text("code") == "conversation.custom.attributes.version.conflict");
  CHECK(client.text("status") == "409");
  CHECK(client.cloud.times_applied("t-1") == 1);
  CHECK(client.cloud.operations().back().kind == AppliedOperation::Kind::transition);
  CHECK(client.cloud.operations().back().version == 2);
  CHECK(client.cloud.operations().back().node == "\"Survey\"");
  CHECK(*client.cloud.find(platform_flow_call)->records[0].attribute("ivr_state") == "\"Main menu\"");  // merged
  CHECK(client.ask("PUT", target, body(2, "Billing", "t-2")) == 200);
  CHECK(client.text("id") == platform_record);
  CHECK(client.cloud.find(platform_flow_call)->records[0].attribute("ivr_state") == nullptr);  // replaced
  // Without a version the last writer wins.
  CHECK(client.ask("PATCH", target, R"({"id":")" + std::string(platform_record) + R"(","customAttributes":{}})") ==
        204);
  CHECK(client.cloud.find(platform_flow_call)->records[0].version == 4);
  // Another writer moves the version on.
  CHECK(client.cloud.move(platform_flow_call, "Elsewhere"));
  CHECK(client.ask("PATCH", target, body(4, "Survey", "t-3")) == 409);
  CHECK(client.cloud.times_applied("t-3") == 0);
  CHECK(*client.cloud.find(platform_flow_call)->records[0].attribute("transition_id") == "\"t-2\"");
}

TEST_CASE("a record of custom attributes is made by PUT under a schema that it keeps", "[testing][platform]") {
  PlatformClient client;
  const std::string target = custom(platform_call);
  const auto said = [&](std::string_view method, std::string_view body) {
    const int status = client.ask(method, target, body);
    return std::to_string(status) + " " + client.text("code");
  };
  REQUIRE(client.get(target) == 200);
  CHECK(client.text("results") == "[]");
  CHECK(said("PATCH", R"({"id":"r-1","customAttributes":{}})") == "404 conversation.custom.attributes.not.found");
  CHECK(said("PUT", R"({"id":"r-1","customAttributes":{}})") == "400 conversation.custom.attributes.property.required");
  CHECK(said("PUT", R"({"id":"r-1","schemaId":"s","customAttributes":{"a":[1,{"b":null}]},"divisions":["d"]})") ==
        "200 -");
  CHECK(said("PUT", R"({"id":"r-1","schemaId":"t","customAttributes":{}})") ==
        "400 conversation.custom.attributes.cannot.update.schema.id");
  CHECK(said("PATCH", R"({"id":"r-1","schemaId":"s","customAttributes":{}})") == "400 invalid.property");
  CHECK(said("PUT", R"({"customAttributes":{}})") == "400 conversation.custom.attributes.property.required");
  CHECK(said("PUT", R"({"id":"r-1"})") == "400 conversation.custom.attributes.property.required");
  CHECK(said("PUT", R"({"id":"a/b","schemaId":"s","customAttributes":{}})") ==
        "400 conversation.custom.attributes.invalid.id");
  CHECK(said("PATCH", R"({"id":"r-1","customAttributes":{},"version":1.5})") == "400 invalid.value");
  CHECK(said("PATCH", R"({"id":"r-1","customAttributes":{},"version":4294967296})") == "400 invalid.value");
  CHECK(said("PATCH", R"({"id":"r-1","customAttributes":{"a":01}})") == "400 bad.request");
  REQUIRE(client.get(target) == 200);
  CHECK(client.text("results.0.customAttributes.a.1.b") == "null");
  CHECK(client.text("results.0.divisions") == R"(["d"])");
  CHECK(client.text("results.0.schema.id") == "s");
  client.cloud.options().max_records = 1;
  CHECK(said("PUT", R"({"id":"r-2","schemaId":"s","customAttributes":{}})") == "409 request.conflict");
}

TEST_CASE("a flow shows versions, and its graph only as a configuration", "[testing][platform]") {
  PlatformClient client;
  const std::string target = "/api/v2/flows/" + std::string(platform_flow);
  REQUIRE(client.get(target) == 200);
  CHECK(client.text("type") == "INBOUNDCALL");
  CHECK(client.text("publishedVersion.id") == platform_flow_version);
  CHECK(client.text("flowSequenceItemList") == "-");
  REQUIRE(client.get(target + "/latestconfiguration") == 200);
  CHECK(client.response.body.view() == platform_flow_json);
  CHECK(client.text("flowSequenceItemList.0.__type") == "Menu");
  CHECK(client.text("flowSequenceItemList.2.actionList.3.__type") == "HolographicGreetingAction");
  CHECK(client.cloud.publish(platform_flow, R"({"name":"new"})") == "8.0");
  REQUIRE(client.get(target + "/latestconfiguration") == 200);
  CHECK(client.text("name") == "new");
  REQUIRE(client.get(target + "/versions/7.0/configuration") == 200);
  CHECK(client.response.body.view() == platform_flow_json);
  REQUIRE(client.get(target + "/versions/8.0") == 200);
  CHECK(client.text("type") == "PUBLISH");
  REQUIRE(client.get(target + "/versions") == 200);
  CHECK(client.text("total") == "2");
  CHECK(client.get(target + "/versions/9.0/configuration") == 404);
  CHECK(client.get("/api/v2/flows/none") == 404);
  client.cloud.options().max_flow_versions = 2;
  client.cloud.publish(platform_flow, "<not even JSON>");
  CHECK(client.get(target + "/versions/7.0/configuration") == 404);
  REQUIRE(client.get(target + "/latestconfiguration") == 200);
  CHECK(client.response.body.view() == "<not even JSON>");
  client.cloud.flow(platform_flow)->deleted = true;
  CHECK(client.get(target) == 410);
  CHECK(client.text("code") == "architect.flow.deleted");
}

TEST_CASE("a token that asks too often is told when to come again", "[testing][platform]") {
  PlatformOptions options;
  options.rate_limit = 3;
  PlatformClient client(options);
  const std::string target = conversations + std::string(platform_call);
  for (const std::string_view count : {"1", "2", "3"}) {
    CHECK(client.get(target) == 200);
    CHECK(client.header("inin-ratelimit-count") == count);
    CHECK(client.header("inin-ratelimit-allowed") == "3");
    CHECK(client.header("inin-ratelimit-reset") == "60");
  }
  client.wait(milliseconds{20'500});
  CHECK(client.get(target) == 429);
  CHECK(client.header("Retry-After") == "40");
  CHECK(client.text("code") == "too.many.requests");
  CHECK(client.ask("PATCH", generic(platform_call), R"({"held":true})") == 429);
  CHECK(client.cloud.operations().empty());
  const std::string first = client.token;
  client.log_in();
  CHECK(client.get(target) == 200);  // the limit is the token's
  client.token = first;
  client.wait(milliseconds{39'500});
  CHECK(client.get(target) == 200);
}

TEST_CASE("what the platform's cloud keeps is bounded", "[testing][platform]") {
  PlatformOptions options;
  options.rate_limit = 0;
  options.max_operations = 4;
  options.max_pending = 2;
  options.effect_delay = seconds{1};
  PlatformClient client(options);
  const auto hold = [&] { return client.ask("PATCH", generic(platform_call), R"({"held":true})"); };
  CHECK((hold() == 202 && hold() == 202));
  CHECK(hold() == 503);
  client.wait(seconds{1});
  CHECK((hold() == 202 && hold() == 202));
  client.wait(seconds{1});
  CHECK(hold() == 503);  // the log is full
  client.cloud.options().forget_operations = true;
  CHECK(hold() == 202);
  CHECK(client.cloud.operations().size() == 2);
  for (int i = 0; i < 30; ++i) client.ask("POST", "/api/v2/notifications/channels");
  CHECK(client.cloud.channels().all().size() == 20);
}

TEST_CASE("any bytes at all are answered by the platform's cloud", "[testing][platform]") {
  PlatformOptions options;
  options.rate_limit = 0;
  PlatformClient client(options);
  std::mt19937 random(7);
  const std::string_view methods[] = {"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "", "\xff"};
  const std::string targets[] = {generic(platform_call),
                                 custom(platform_flow_call),
                                 generic(platform_call) + "/attributes",
                                 "/api/v2/notifications/channels",
                                 "/api/v2/flows/" + std::string(platform_flow) + "/versions",
                                 conversations + "%zz",
                                 "/api/v2/",
                                 "",
                                 "/oauth/token"};
  const std::string bodies[] = {R"({"held":true,"wrapup":{"a":[]}})", R"({"attributes":{"a":"b"}})",
                                R"({"id":"x","customAttributes":{"a":{}},"version":1})",
                                R"([{"id":"v2.users.a.conversations"}])"};
  for (int i = 0; i < 20'000; ++i) {
    std::string body = bodies[random() % 4], target = targets[random() % 9];
    for (int k = 0; k < 2; ++k) body[random() % body.size()] = static_cast<char>(random());
    if (random() % 4 == 0 && !target.empty()) target[random() % target.size()] = static_cast<char>(random());
    const int status = client.ask(methods[random() % 8], target, body);
    if (status < 200 || status > 503 || !is_valid_utf8(client.response.body.view())) FAIL(target << " " << body);
  }
  CHECK(client.get(conversations + std::string(platform_call)) == 200);
}
