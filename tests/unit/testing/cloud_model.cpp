// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/testing/cloud_model.hpp>

#include <random>
#include <string>

#include <patchbay/cloud/documents_dialect.hpp>
#include <patchbay/flow/flow_graph.hpp>

#include "support/catch.hpp"
#include "unit/testing/cloud_client.hpp"

using namespace patchbay;
using namespace patchbay::testing;

namespace {

const std::string target = "/api/v2/interactions/550e8400-e29b-41d4-a716-446655440000";

std::string write_to(std::string_view node, std::string_view id) {
  std::string out;
  DocumentsDialect::encode_transition(out, node, "2026-01-01T00:00:00.000Z", id, "");
  return out;
}

struct LoggedIn : CloudClient {
  explicit LoggedIn(CloudOptions options = {}) : CloudClient(std::move(options)) { log_in(); }
};

}  // namespace

TEST_CASE("the cloud comes with the documents' interaction, in the words of the dialect", "[testing][cloud]") {
  LoggedIn client;
  REQUIRE(client.get(target) == 200);
  CHECK(client.header("ETag") == "\"1\"");
  CHECK(client.header("Content-Type") == "application/json");
  JsonReader reader;
  InteractionSnapshot snapshot;
  REQUIRE(DocumentsDialect::parse_interaction(client.response, reader, snapshot));
  CHECK(snapshot.id == document_interaction);
  CHECK(snapshot.etag == "\"1\"");
  CHECK(snapshot.state == "connected");
  CHECK(snapshot.flow_node == "MainMenu");
  CHECK(snapshot.held == false);
  CHECK_FALSE(snapshot.skill_group_id.empty());
  CHECK(snapshot.organisation_id == document_organisation);
  CHECK(snapshot.transition_id.empty());
}

TEST_CASE("the cloud comes with one interaction for each reason to refuse a hold", "[testing][cloud]") {
  LoggedIn client;
  JsonReader reader;
  const auto read = [&](std::string_view id) {
    InteractionSnapshot snapshot;
    REQUIRE(client.get("/api/v2/interactions/" + std::string(id)) == 200);
    REQUIRE(DocumentsDialect::parse_interaction(client.response, reader, snapshot));
    return snapshot;
  };
  CHECK(read(closed_interaction).state == "closed");
  CHECK(read(abandoned_interaction).state == "abandoned");
  CHECK(read(interaction_without_skill_group).skill_group_id.empty());
  CHECK(read(interaction_of_another_organisation).organisation_id == another_organisation);
  CHECK(read(second_interaction).state == "connected");
}

TEST_CASE("the cloud comes with the documents' flow", "[testing][cloud]") {
  LoggedIn client;
  REQUIRE(client.get("/api/v2/flows/" + std::string(document_flow)) == 200);
  CHECK(client.header("ETag") == "\"7\"");
  CHECK(client.text("id") == document_flow);
  CHECK(client.text("version") == document_flow_version);
  JsonReader reader;
  std::string nodes;
  CHECK(reader.minify(client.response.body.view(), nodes));
  CHECK(client.get("/api/v2/flows/" + std::string(document_flow), {{"If-None-Match", "W/\"7\""}}) == 304);
  CHECK(client.response.body.empty());
  CHECK(client.get("/api/v2/flows/" + std::string(document_flow), {{"If-None-Match", "\"6\""}}) == 200);
  CHECK(client.get("/api/v2/flows/none") == 404);
  client.cloud.set_flow("mine", "<not even JSON>");
  CHECK(client.get("/api/v2/flows/mine") == 200);
  CHECK(client.header("ETag") == "-");
  CHECK(client.response.body.view() == "<not even JSON>");
  CHECK(client.cloud.remove_flow("mine"));
  CHECK_FALSE(client.cloud.remove_flow("mine"));
  CHECK(client.get("/api/v2/flows/mine") == 404);
}

TEST_CASE("a write applies once, against the version that it names", "[testing][cloud]") {
  LoggedIn client;
  const std::string body = write_to("BillingInquiry", "t-1");
  CHECK(client.patch("\"1\"", body) == 200);
  CHECK(client.header("ETag") == "\"2\"");
  JsonReader reader;
  InteractionSnapshot echo;
  REQUIRE(DocumentsDialect::parse_write_echo(client.response, reader, echo));
  CHECK(echo.transition_id == "t-1");
  CHECK(echo.flow_node == "BillingInquiry");
  CHECK(echo.etag == "\"2\"");
  CHECK(client.patch("\"1\"", body) == 412);
  CHECK(client.header("ETag") == "\"2\"");
  CHECK(client.cloud.times_applied("t-1") == 1);
  CHECK(client.cloud.find(document_interaction)->version == 2);
  REQUIRE(client.cloud.operations().size() == 1);
  const AppliedOperation& operation = client.cloud.operations().front();
  CHECK(operation.kind == AppliedOperation::Kind::transition);
  CHECK(operation.interaction == document_interaction);
  CHECK(operation.node == "\"BillingInquiry\"");
  CHECK(operation.version == 2);
  CHECK(operation.at == client.now);
  client.cloud.options().stale_status = 409;
  CHECK(client.patch("\"1\"", body) == 409);
  CHECK(client.patch("*", body) == 200);
  CHECK(client.patch("\"9\", \"3\"", body) == 200);
  CHECK(client.patch("W/\"4\"", body) == 409);
  CHECK(client.cloud.times_applied("t-1") == 3);
}

TEST_CASE("a write without a precondition is let through only by option", "[testing][cloud]") {
  LoggedIn client;
  CHECK(client.patch("", write_to("BillingInquiry", "t")) == 428);
  CHECK(client.cloud.operations().empty());
  client.cloud.options().require_if_match = false;
  CHECK(client.patch("", write_to("BillingInquiry", "t")) == 200);
}

TEST_CASE("a write replaces what it names and keeps the rest, as JSON of any type", "[testing][cloud]") {
  LoggedIn client;
  CHECK(client.patch("\"1\"",
                     R"({"customAttributes":{"a":1e400,"b":{"c":[1, 2,{"d":null}]},"e":"\u00fc\"","f\n":true}})") ==
        422);
  CHECK(
      client.patch(
          "\"1\"",
          R"({"x":[],"customAttributes":{"a":12345678901234567890,"b":{"c":[1, 2,{"d":null}]},"e":"\u00fc\"","f\n":true}})") ==
      200);
  CHECK(client.patch("\"2\"", R"({"customAttributes":{"b":false,"a":1,"a":2}})") == 200);
  const CloudInteraction& interaction = *client.cloud.find(document_interaction);
  CHECK(*interaction.attribute("flow_node") == "\"MainMenu\"");
  CHECK(*interaction.attribute("a") == "2");
  CHECK(*interaction.attribute("b") == "false");
  CHECK(*interaction.attribute("e") == R"("\u00fc\"")");
  REQUIRE(interaction.attribute("f\n") != nullptr);
  CHECK(interaction.attribute("x") == nullptr);
  REQUIRE(client.get(target) == 200);
  CHECK(client.text("customAttributes") ==
        R"({"ivr_state":"MainMenu","flow_node":"MainMenu","a":2,"b":false,"e":"\u00fc\"","f\n":true})");
}

TEST_CASE("a malformed write changes nothing", "[testing][cloud]") {
  LoggedIn client;
  for (const std::string_view body :
       {"", " ", "null", "[]", "1", "{", "{}", R"({"customAttributes":1})", R"({"customAttributes":null})",
        R"({"customAttributes":[]})", R"({"customAttributes":{})", R"({"customAttributes":{"a":}})",
        R"({"customAttributes":{"a":01}})", R"({"customAttributes":{}} x)", R"({"customAttributes":{"a":"\ud800"}})",
        R"({"a":nul,"customAttributes":{}})", "{\"customAttributes\":{\"a\":\"\xff\"}}"}) {
    CAPTURE(body);
    CHECK(client.patch("\"1\"", body) == 422);
    CHECK(client.text("message") != "-");
  }
  CHECK(client.patch("\"1\"",
                     R"({"customAttributes":{"a":)" + std::string(3000, '[') + std::string(3000, ']') + "}}") == 422);
  CHECK(client.ask("PATCH", target, {{"Authorization", "Bearer " + client.token}, {"If-Match", "\"1\""}},
                   "{\"customAttributes\":{}}") == 415);
  CHECK(client.cloud.operations().empty());
  CHECK(client.cloud.find(document_interaction)->version == 1);
}

TEST_CASE("the limit of a write is counted on the encoded object, to the byte", "[testing][cloud]") {
  CloudOptions options;
  options.max_attributes = 64;
  LoggedIn client(options);
  // {"a":"…"} is 8 bytes and the text; {"b":1,"a":"…"} is 14 bytes and the text.
  CHECK(client.patch("\"1\"", R"({"customAttributes": {"a" : ")" + std::string(56, 'x') + "\"} }") == 200);
  CHECK(client.patch("\"2\"", R"({"customAttributes":{"a":")" + std::string(57, 'x') + "\"}}") == 422);
  CHECK(client.patch("\"2\"", R"({"customAttributes":{"b":1,"a":")" + std::string(50, 'x') + "\"}}") == 200);
  CHECK(client.patch("\"3\"", R"({"customAttributes":{"b":1,"a":")" + std::string(51, 'x') + "\"}}") == 422);
}

TEST_CASE("what is over is not written, and a stale version is said first", "[testing][cloud]") {
  LoggedIn client;
  const std::string closed = "/api/v2/interactions/" + std::string(closed_interaction);
  CHECK(client.patch("\"9\"", write_to("BillingInquiry", "t"), closed) == 412);
  CHECK(client.patch("\"1\"", write_to("BillingInquiry", "t"), closed) == 409);
  CHECK(client.header("ETag") == "\"1\"");
  CHECK(client.cloud.operations().empty());
}

TEST_CASE("the ETag stands where the option puts it", "[testing][cloud]") {
  LoggedIn client;
  const auto shown = [&](EtagPlace place) {
    client.cloud.options().etag = place;
    CHECK(client.get(target) == 200);
    return std::pair(client.header("ETag"), client.text("etag"));
  };
  using Pair = std::pair<std::string, std::string>;
  CHECK(shown(EtagPlace::header) == Pair{"\"1\"", "-"});
  CHECK(shown(EtagPlace::body) == Pair{"-", "\"1\""});
  CHECK(shown(EtagPlace::header_and_body) == Pair{"\"1\"", "\"1\""});
  CHECK(shown(EtagPlace::weak) == Pair{"W/\"1\"", "-"});
  CHECK(shown(EtagPlace::nowhere) == Pair{"-", "-"});
  client.cloud.options().etag = EtagPlace::body;
  CHECK(client.patch("\"1\"", write_to("A", "t")) == 200);
  CHECK(client.header("ETag") == "-");
  CHECK(client.text("etag") == "\"2\"");
}

TEST_CASE("a write is answered as the option says", "[testing][cloud]") {
  LoggedIn client;
  client.cloud.options().write_answer = WriteAnswer::plain;
  CHECK(client.patch("\"1\"", write_to("A", "t")) == 200);
  CHECK(client.text("customAttributes") == "-");
  CHECK(client.text("id") == document_interaction);
  client.cloud.options().write_answer = WriteAnswer::no_content;
  CHECK(client.patch("\"2\"", write_to("A", "t")) == 204);
  CHECK(client.response.body.empty());
  CHECK(client.header("ETag") == "\"3\"");
}

TEST_CASE("other writers change the version, and leave the transition id unless they have one", "[testing][cloud]") {
  LoggedIn client;
  CHECK(client.patch("\"1\"", write_to("BillingInquiry", "t-1")) == 200);
  REQUIRE(client.cloud.move(document_interaction, "SurveyOffer"));
  REQUIRE(client.get(target) == 200);
  JsonReader reader;
  InteractionSnapshot snapshot;
  REQUIRE(DocumentsDialect::parse_interaction(client.response, reader, snapshot));
  CHECK(snapshot.flow_node == "SurveyOffer");
  CHECK(snapshot.transition_id == "t-1");
  CHECK(snapshot.etag == "\"3\"");
  REQUIRE(client.cloud.move(document_interaction, "a \"quoted\" node", "t-2"));
  REQUIRE(client.get(target) == 200);
  REQUIRE(DocumentsDialect::parse_interaction(client.response, reader, snapshot));
  CHECK(snapshot.flow_node == "a \"quoted\" node");
  CHECK(snapshot.transition_id == "t-2");
  REQUIRE(client.cloud.set_held(document_interaction, true));
  REQUIRE(client.cloud.set_state(document_interaction, "closed"));
  CHECK(client.cloud.find(document_interaction)->version == 6);
  CHECK(client.cloud.find(document_interaction)->held);
  CHECK(client.cloud.operations().size() == 5);
  CHECK(client.cloud.times_applied("t-1") == 1);
  CHECK_FALSE(client.cloud.move("none", "A"));
  CHECK_FALSE(client.cloud.set_held("none", true));
  CHECK_FALSE(client.cloud.set_state("none", "closed"));
  CHECK(client.cloud.find("none") == nullptr);
}

TEST_CASE("a transition id of another type is logged as its JSON", "[testing][cloud]") {
  LoggedIn client;
  CHECK(client.patch("\"1\"", R"({"customAttributes":{"transition_id":12}})") == 200);
  CHECK(client.patch("\"2\"", R"({"customAttributes":{"transition_id":"\u0041\n"}})") == 200);
  CHECK(client.cloud.operations()[0].id == "12");
  CHECK(client.cloud.operations()[1].id == "A\n");
}

TEST_CASE("ids are decoded once, and nothing gets around the routes", "[testing][cloud]") {
  LoggedIn client;
  CHECK(client.get("/api/v2/interactions/550e8400%2De29b-41d4-a716-446655440000?expand=all") == 200);
  for (const std::string_view path :
       {"/api/v2/interactions/", "/api/v2/interactions/x/y", "/api/v2/interactions/%2e%2e", "/api/v2/interactions/%",
        "/api/v2/flows", "/api/v2/flows/..", "/", "", "*", "/oauth/token/", "/webhook/x",
        "/api/v2/interactions/../oauth/token"}) {
    CAPTURE(path);
    CHECK(client.get(path) == 404);
  }
  CHECK(client.get("/api/v2/interactions") == 426);
  CHECK(client.ask("DELETE", target) == 405);
  CHECK(client.header("Allow") == "GET, PATCH");
  CHECK(client.ask("get", target) == 405);
  CHECK(client.ask("", target) == 405);
  CHECK(client.ask("POST", "/api/v2/flows/x") == 405);
}

TEST_CASE("every answer has a correlation id of its own", "[testing][cloud]") {
  LoggedIn client;
  std::vector<std::string> ids;
  for (const std::string_view path : {"/nowhere", "/webhook", "/oauth/token"}) {
    client.ask("GET", path);
    ids.push_back(client.header("inin-correlation-id"));
    CHECK(is_uuid(ids.back()));
  }
  CHECK(client.get(target) == 200);
  ids.push_back(client.header("inin-correlation-id"));
  std::sort(ids.begin(), ids.end());
  CHECK(std::unique(ids.begin(), ids.end()) == ids.end());
}

TEST_CASE("webhooks are kept whole and listed", "[testing][cloud]") {
  CloudOptions options;
  options.max_webhooks = 2;
  CloudClient client(options);
  CHECK(client.ask("GET", "/webhook") == 200);
  CHECK(client.response.body.view() == "[]");
  CHECK(client.ask("POST", "/webhook", {}, "{\"a\": [1, 2]}") == 200);
  CHECK(client.ask("POST", "/webhook", {}, "{\"a\"") == 400);
  CHECK(client.ask("POST", "/webhook", {}, "") == 400);
  CHECK(client.ask("POST", "/webhook", {}, "\"text\"") == 200);
  CHECK(client.ask("POST", "/webhook", {}, "3") == 507);
  CHECK(client.ask("GET", "/webhook") == 200);
  CHECK(client.response.body.view() == "[{\"a\":[1,2]},\"text\"]");
  CHECK(client.cloud.webhooks().size() == 2);
  CHECK(client.ask("PUT", "/webhook") == 405);
}

TEST_CASE("the state is told as one JSON object", "[testing][cloud]") {
  LoggedIn client;
  CHECK(client.patch("\"1\"", write_to("BillingInquiry", "t-\"1\"")) == 200);
  CloudInteraction bare("bare");
  client.cloud.add(bare);
  std::string state;
  client.cloud.write_state(state);
  JsonReader reader;
  std::string minified;
  REQUIRE(reader.minify(state, minified));
  CHECK(CloudClient::member(state, "tokensIssued") == "1");
  const std::string interactions = CloudClient::member(state, "interactions");
  CHECK(
      interactions.find(R"({"kind":"transition","id":"t-\"1\"","node":"BillingInquiry","version":2,"changed":true})") !=
      std::string::npos);
  CHECK(interactions.find(R"({"id":"bare","state":"connected","node":null,"version":1)") != std::string::npos);
}

TEST_CASE("the log of operations is bounded, and says so", "[testing][cloud]") {
  CloudOptions options;
  options.max_operations = 1;
  LoggedIn client(options);
  CHECK(client.patch("\"1\"", write_to("A", "t-1")) == 200);
  CHECK(client.patch("\"2\"", write_to("B", "t-2")) == 507);
  CHECK(client.cloud.find(document_interaction)->version == 2);
}

TEST_CASE("no bytes disturb the cloud", "[testing][cloud]") {
  LoggedIn client;
  client.cloud.options().max_webhooks = 50;
  std::mt19937 random(20260101);
  const std::vector<std::string> pieces{"/api/v2/interactions/",
                                        "/api/v2/flows/",
                                        "/oauth/token",
                                        "/webhook",
                                        "?access_token=",
                                        "%2e",
                                        "%",
                                        "{\"customAttributes\":{",
                                        "\"a\":",
                                        "}",
                                        "[",
                                        "\"",
                                        "\\",
                                        "\xff",
                                        "\xed\xa0\x80",
                                        std::string(1, '\0'),
                                        "1e999",
                                        "Bearer ",
                                        "Basic ",
                                        "W/\"1\"",
                                        ",",
                                        "*",
                                        "If-Match",
                                        "\r\n",
                                        "550e8400-e29b-41d4-a716-446655440000",
                                        "grant_type=client_credentials",
                                        "&",
                                        "=",
                                        "\xf0\x9f\x98\x80",
                                        "{\"command\":\"send\",\"correlationId\":\"",
                                        "\"body\":{\"type\":\"hold\",\"interactionId\":\"",
                                        "-",
                                        "0",
                                        std::string(200, '[')};
  const auto any = [&] {
    std::string out;
    for (auto n = random() % 6; n > 0; --n) out += pieces[random() % pieces.size()];
    return out;
  };
  const auto channel = client.open();
  REQUIRE(channel);
  const std::string bearer = "Bearer " + client.token;
  for (int i = 0; i < 20'000; ++i) {
    const std::string methods[] = {"GET", "POST", "PATCH", any()};
    const std::string path = random() % 2 != 0 ? pieces[random() % 4] + any() : any();
    const CloudClient::Fields fields{
        {"Authorization", random() % 2 != 0 ? bearer : any()},
        {"If-Match", any()},
        {any(), any()},
        {"Content-Type", random() % 2 != 0 ? "application/json" : "application/x-www-form-urlencoded"}};
    const int status = client.ask(methods[random() % 4], path, fields, any());
    REQUIRE(status >= 200);
    REQUIRE(status < 600);
    client.cloud.command(*channel, any());
    if (random() % 8 == 0 && client.open(any())) FAIL("a channel was opened at another address");
    (void)client.cloud.take_frames();
  }
  // Whatever was written among it, the state is still whole.
  std::string state, minified;
  client.cloud.write_state(state);
  JsonReader reader;
  CHECK(reader.minify(state, minified));
  std::uint64_t version = 1;
  for (const AppliedOperation& each : client.cloud.operations())
    if (each.interaction == document_interaction) CHECK(each.version == ++version);
  CHECK(client.cloud.find(document_interaction)->version == version);
}
