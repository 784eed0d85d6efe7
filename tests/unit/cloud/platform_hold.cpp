// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/cloud/platform_hold.hpp>
#include <patchbay/cloud/platform_error.hpp>
#include <patchbay/cloud/platform_targets.hpp>
#include <patchbay/json/read.hpp>

#include <string>
#include <string_view>

#include "support/catch.hpp"

using namespace patchbay;
namespace platform = patchbay::cloud::platform;
using platform::HoldRefusal;
using platform::Media;

namespace {

ErrorBody body_of(std::string_view text) {
  Body body;
  body.assign(text);
  JsonReader reader;
  ErrorBody out;
  REQUIRE(parse_error_body(body, reader, out));
  return out;
}

std::string coded(std::string_view code) {
  return R"({"message":"m","status":400,"code":")" + std::string(code) + "\"}";
}

}  // namespace

TEST_CASE("a hold says what is wanted and nothing else", "[platform]") {
  std::string out = "left over";
  platform::encode_hold(out, true);
  CHECK(out == R"({"held":true})");
  platform::encode_hold(out, false);
  CHECK(out == R"({"held":false})");
  platform::encode_hold(out, true, true);
  CHECK(out == R"({"held":true,"confined":true})");
  platform::encode_hold(out, false, false);
  CHECK(out == R"({"held":false,"confined":false})");
}

TEST_CASE("the platform's operations are where its definition has them, with ids percent-encoded", "[platform][A18]") {
  const Endpoint api = Endpoint::parse("https://api.mypurecloud.com", "base_url").value();
  const Endpoint behind = Endpoint::parse("https://proxy.example/genesys", "base_url").value();
  std::string out;
  const auto conversation = [&](std::optional<Media> media) {
    return platform::conversation_target(out, api, "c/1", media), out;
  };
  CHECK(conversation(std::nullopt) == "/api/v2/conversations/c%2F1");
  CHECK(conversation(Media::call) == "/api/v2/conversations/calls/c%2F1");
  CHECK(conversation(Media::callback) == "/api/v2/conversations/callbacks/c%2F1");
  CHECK(conversation(Media::chat) == "/api/v2/conversations/c%2F1");
  CHECK(conversation(Media::email) == "/api/v2/conversations/emails/c%2F1");
  CHECK(conversation(Media::message) == "/api/v2/conversations/messages/c%2F1");
  CHECK(conversation(Media::social_expression) == "/api/v2/conversations/c%2F1");
  const auto participant = [&](std::optional<Media> media) {
    return platform::participant_target(out, api, "c", "p?", media), out;
  };
  CHECK(participant(std::nullopt) == "/api/v2/conversations/c/participants/p%3F");
  CHECK(participant(Media::call) == "/api/v2/conversations/calls/c/participants/p%3F");
  CHECK(participant(Media::callback) == "/api/v2/conversations/callbacks/c/participants/p%3F");
  CHECK(participant(Media::email) == "/api/v2/conversations/emails/c/participants/p%3F");
  CHECK(participant(Media::message) == "/api/v2/conversations/messages/c/participants/p%3F");
  CHECK(participant(Media::chat) == "/api/v2/conversations/c/participants/p%3F");
  CHECK(participant(Media::social_expression) == "/api/v2/conversations/c/participants/p%3F");
  platform::participant_attributes_target(out, api, "c", "../p");
  CHECK(out == "/api/v2/conversations/c/participants/..%2Fp/attributes");
  platform::custom_attributes_target(out, behind, "c#");
  CHECK(out == "/genesys/api/v2/conversations/c%23/customattributes");
  platform::flow_metadata_target(out, api, "f 1");
  CHECK(out == "/api/v2/flows/f%201");
  platform::flow_configuration_target(out, api, "f");
  CHECK(out == "/api/v2/flows/f/latestconfiguration");
  platform::flow_configuration_target(out, behind, "f", "7.0&x");
  CHECK(out == "/genesys/api/v2/flows/f/versions/7.0%26x/configuration");
  platform::channels_target(out, api);
  CHECK(out == "/api/v2/notifications/channels");
  platform::subscriptions_target(out, api, Secret("streaming-0-a/b"));
  CHECK(out == "/api/v2/notifications/channels/streaming-0-a%2Fb/subscriptions");
}

TEST_CASE("a conflict of versions is told by its code", "[platform]") {
  const std::string conflict = coded("conversation.custom.attributes.version.conflict");
  CHECK(platform::is_version_conflict(409, body_of(conflict)));
  CHECK_FALSE(platform::is_version_conflict(400, body_of(conflict)));
  CHECK_FALSE(platform::is_version_conflict(409, body_of(coded("request.conflict"))));
  CHECK_FALSE(platform::is_version_conflict(409, body_of(coded("conversation.error.secure.attribute.conflict"))));
  CHECK_FALSE(platform::is_version_conflict(409, ErrorBody()));
  CHECK(platform::is_version_conflict(409, body_of(R"({"code":"request.conflict","errors":[)" + conflict + "]}")));
}

TEST_CASE("the refusal of a hold is told by its code", "[platform]") {
  struct Case {
    int status;
    std::string_view code;
    HoldRefusal refusal;
  };
  const Case cases[] = {
      {400, "conversation.error.call.disconnected", HoldRefusal::over},
      {400, "conversation.error.participant.no.active.conversations", HoldRefusal::over},
      {400, "conversation.error.hold.alerting", HoldRefusal::alerting},
      {400, "conversation.error.user.not.party", HoldRefusal::not_the_party},
      {404, "conversation.error.not.conversation.participant", HoldRefusal::not_the_party},
      {403, "conversation.error.forbidden.not.active.participant", HoldRefusal::not_the_party},
      {400, "conversation.error.cannot.confine.party", HoldRefusal::not_confinable},
      {400, "not.a.user", HoldRefusal::no_user},
      {404, "conversation.error.conversation.not.found", HoldRefusal::other},
      {404, "not.found", HoldRefusal::other},
      {400, "bad.request", HoldRefusal::other},
      {403, "missing.permissions", HoldRefusal::other},
      {409, "request.conflict", HoldRefusal::other},
      {202, "conversation.error.call.disconnected", HoldRefusal::other},
      {401, "conversation.error.user.not.party", HoldRefusal::other},
      {429, "conversation.error.hold.alerting", HoldRefusal::other},
      {500, "conversation.error.call.disconnected", HoldRefusal::other},
  };
  for (const Case& each : cases) {
    INFO(each.status << ' ' << each.code);
    CHECK(platform::hold_refusal(each.status, body_of(coded(each.code))) == each.refusal);
  }
  CHECK(platform::hold_refusal(400, ErrorBody()) == HoldRefusal::other);
  // Its own code goes before those of the errors within.
  CHECK(platform::hold_refusal(400, body_of(R"({"code":"conversation.error.hold.alerting","errors":[)" +
                                            coded("conversation.error.call.disconnected") + "]}")) ==
        HoldRefusal::alerting);
  CHECK(platform::hold_refusal(
            400, body_of(R"({"code":"bad.request","details":[{"errorCode":"conversation.error.user.not.party"}]})")) ==
        HoldRefusal::not_the_party);
  CHECK(to_string(HoldRefusal::over) == "over");
  CHECK(to_string(HoldRefusal::not_the_party) == "not_the_party");
  CHECK(to_string(HoldRefusal::alerting) == "alerting");
  CHECK(to_string(HoldRefusal::not_confinable) == "not_confinable");
  CHECK(to_string(HoldRefusal::no_user) == "no_user");
  CHECK(to_string(HoldRefusal::other) == "other");
}
