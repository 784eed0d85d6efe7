// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <string>

#include <patchbay/testing/cloud_model.hpp>

#include "support/catch.hpp"
#include "unit/testing/cloud_client.hpp"

using namespace patchbay;
using namespace patchbay::testing;

namespace {

struct Connected : CloudClient {
  explicit Connected(CloudOptions options = {}) : CloudClient(std::move(options)) {
    log_in();
    channel = open().value_or(0);
  }
  ChannelId channel = 0;
  std::vector<CloudFrame> frames;

  /// The answer's text, with its state updates left in `frames`.
  std::string say(std::string_view text) {
    cloud.command(channel, text);
    frames = cloud.take_frames();
    REQUIRE_FALSE(frames.empty());
    REQUIRE(frames.front().acknowledgement);
    REQUIRE(frames.front().to == channel);
    const std::string answer = frames.front().text;
    frames.erase(frames.begin());
    return answer;
  }
  std::string hold(std::string_view correlation = "c-1", std::string_view id = document_interaction) {
    return say(command("hold", correlation, id));
  }
  std::string unhold(std::string_view correlation = "c-2", std::string_view id = document_interaction) {
    return say(command("unhold", correlation, id));
  }
  static std::string command(std::string_view verb, std::string_view correlation, std::string_view id,
                             std::string_view more = R"("holdReason":"consultation","priority":5)") {
    std::string text = R"({"command":"send","correlationId":")";
    text.append(correlation)
        .append(R"(","body":{"type":")")
        .append(verb)
        .append(R"(","interactionId":")")
        .append(id)
        .append("\",")
        .append(more)
        .append("}}");
    return text;
  }
};

std::string body_of(const std::string& frame, std::string_view name) {
  return CloudClient::member(CloudClient::member(frame, "body"), name);
}

}  // namespace

TEST_CASE("a channel is opened with a token in the header or in the query", "[testing][cloud][channel]") {
  CloudClient client;
  client.log_in();
  HttpResponse answer;
  CHECK(client.open());
  CHECK(client.response.status == 101);
  CHECK(is_uuid(client.header("inin-correlation-id")));
  CHECK(client.cloud.open(CloudRequest("GET", "/api/v2/interactions?access_token=" + client.token), answer));
  CHECK_FALSE(client.cloud.open(CloudRequest("GET", "/api/v2/interactions"), answer));
  CHECK(answer.status == 401);
  CHECK_FALSE(client.cloud.open(CloudRequest("GET", "/api/v2/interactions?access_token=%"), answer));
  CHECK(answer.status == 401);
  CHECK_FALSE(client.open("/api/v2/other"));
  CHECK(client.response.status == 404);
  CHECK_FALSE(client.cloud.open(CloudRequest("POST", "/api/v2/interactions"), answer));
  CHECK(answer.status == 405);
  CHECK(client.cloud.channels().size() == 2);
}

TEST_CASE("channels are bounded", "[testing][cloud][channel]") {
  CloudOptions options;
  options.max_channels = 1;
  CloudClient client(options);
  client.log_in();
  const auto first = client.open();
  REQUIRE(first);
  CHECK_FALSE(client.open());
  CHECK(client.response.status == 503);
  client.cloud.close(*first);
  CHECK(client.open());
}

TEST_CASE("hold and unhold are acknowledged and told to every channel", "[testing][cloud][channel]") {
  Connected client;
  const ChannelId other = client.open().value_or(0);
  CHECK(client.hold() ==
        R"({"correlationId":"c-1","body":{"type":"hold","interactionId":"550e8400-e29b-41d4-a716-446655440000"}})");
  REQUIRE(client.frames.size() == 2);
  CHECK(client.frames[0].to == client.channel);
  CHECK(client.frames[1].to == other);
  CHECK_FALSE(client.frames[1].acknowledgement);
  CHECK(body_of(client.frames[1].text, "type") == "state");
  CHECK(body_of(client.frames[1].text, "held") == "true");
  CHECK(CloudClient::member(client.frames[1].text, "correlationId") == "-");
  CHECK(client.cloud.find(document_interaction)->held);
  CHECK(client.cloud.find(document_interaction)->version == 2);

  CHECK(body_of(client.hold("c-1b"), "type") == "hold");
  CHECK(client.frames.empty());
  CHECK(client.cloud.find(document_interaction)->version == 2);
  CHECK(body_of(client.unhold(), "type") == "unhold");
  CHECK_FALSE(client.cloud.find(document_interaction)->held);
  CHECK(body_of(client.unhold("c-3"), "type") == "unhold");
  CHECK(client.cloud.times_applied("c-1") == 1);
  CHECK(client.cloud.times_applied("c-1b") == 0);
  CHECK(client.cloud.times_applied("c-2") == 1);
  CHECK(client.cloud.operations().size() == 4);
}

TEST_CASE("a hold leaves the version alone by option", "[testing][cloud][channel]") {
  CloudOptions options;
  options.hold_changes_version = false;
  options.send_state_updates = false;
  Connected client(options);
  CHECK(body_of(client.hold(), "type") == "hold");
  CHECK(client.frames.empty());
  CHECK(client.cloud.find(document_interaction)->version == 1);
}

TEST_CASE("the rules of a hold", "[testing][cloud][channel]") {
  Connected client;
  for (const std::string_view id :
       {closed_interaction, abandoned_interaction, interaction_without_skill_group, std::string_view("none")}) {
    CAPTURE(id);
    const std::string answer = client.hold("c-9", id);
    CHECK(CloudClient::member(answer, "correlationId") == "c-9");
    CHECK(body_of(answer, "type") == "error");
    CHECK(body_of(answer, "message") != "-");
    CHECK(body_of(answer, "interactionId") == id);
  }
  // A release needs no skill group (hazard B7).
  CHECK(body_of(client.unhold("c-10", interaction_without_skill_group), "type") == "unhold");
  CHECK(body_of(client.unhold("c-11", closed_interaction), "type") == "error");
  const auto said = [&](std::string_view verb, std::string_view more) {
    return body_of(client.say(Connected::command(verb, "c", document_interaction, more)), "type");
  };
  CHECK(said("hold", R"("holdReason":"lunch","priority":5)") == "error");
  CHECK(said("hold", R"("priority":5)") == "error");
  CHECK(said("hold", R"("holdReason":"queueing")") == "error");
  CHECK(said("hold", R"("holdReason":"queueing","priority":10)") == "error");
  CHECK(said("hold", R"("holdReason":"queueing","priority":-1)") == "error");
  CHECK(said("hold", R"("holdReason":"queueing","priority":"5")") == "error");
  CHECK(said("hold", R"("holdReason":7,"priority":5)") == "error");
  CHECK(said("hold", R"("holdReason":"queueing","priority":5,"holdMusic":1)") == "error");
  CHECK(client.cloud.find(document_interaction)->version == 1);
  CHECK(said("hold", R"("holdReason":"queueing","priority":0,"holdMusic":"a.wav","holdPrompt":"b.wav","more":[1])") ==
        "hold");
  CHECK(said("unhold", R"("priority":9)") == "unhold");
  client.cloud.options().hold_reasons.clear();
  CHECK(said("hold", R"("holdReason":"lunch","priority":5)") == "hold");
}

TEST_CASE("a malformed command is refused, with its correlation id where it has one", "[testing][cloud][channel]") {
  Connected client;
  for (const std::string_view text :
       {"", "x", "[]", "null", "{}", "{\"command\":\"send\"}", R"({"command":"send","correlationId":"","body":{}})",
        R"({"command":"send","correlationId":7,"body":{}})", "\xff\xfe", R"({"command":"receive"})",
        R"({"correlationId":"c","command":"send","body":{"type":"hold","priority":1}} x)"}) {
    CAPTURE(text);
    const std::string answer = client.say(text);
    CHECK(CloudClient::member(answer, "correlationId") == "-");
    CHECK(body_of(answer, "type") == "error");
  }
  for (const std::string_view text :
       {R"({"correlationId":"c","command":"receive","body":{"type":"hold"}})",
        R"({"correlationId":"c","command":"send"})", R"({"correlationId":"c","command":"send","body":[]})",
        R"({"correlationId":"c","command":"send","body":{"type":"dance","priority":1}})"}) {
    CAPTURE(text);
    const std::string answer = client.say(text);
    CHECK(CloudClient::member(answer, "correlationId") == "c");
    CHECK(body_of(answer, "type") == "error");
    CHECK(body_of(answer, "interactionId") == "-");
  }
  const std::string answer = client.say(Connected::command("hold", std::string(129, 'c'), "../x"));
  CHECK(CloudClient::member(answer, "correlationId") == "-");
  CHECK(client.cloud.operations().empty());
}

TEST_CASE("writes by REST and by others are told to the channels", "[testing][cloud][channel]") {
  Connected client;
  CHECK(client.patch("\"1\"", R"({"customAttributes":{"flow_node":"BillingInquiry"}})") == 200);
  client.cloud.move(document_interaction, "SurveyOffer");
  client.cloud.set_state(document_interaction, "closed");
  const std::vector<CloudFrame> frames = client.cloud.take_frames();
  REQUIRE(frames.size() == 3);
  CHECK(body_of(frames[0].text, "flowNode") == "BillingInquiry");
  CHECK(body_of(frames[1].text, "flowNode") == "SurveyOffer");
  CHECK(body_of(frames[2].text, "state") == "closed");
  client.cloud.close(client.channel);
  client.cloud.set_held(document_interaction, true);
  CHECK(client.cloud.take_frames().empty());
}

TEST_CASE("a full log refuses commands", "[testing][cloud][channel]") {
  CloudOptions options;
  options.max_operations = 1;
  Connected client(options);
  CHECK(body_of(client.hold(), "type") == "hold");
  CHECK(body_of(client.unhold(), "type") == "error");
  CHECK(client.cloud.find(document_interaction)->held);
}
