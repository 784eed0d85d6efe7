// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

#include <patchbay/cloud/platform_flow.hpp>

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <patchbay/cloud/error_body.hpp>
#include <patchbay/json/read.hpp>
#include <patchbay/testing/detail/platform_bodies.hpp>
#include <patchbay/testing/platform_data.hpp>

#include "support/catch.hpp"

using namespace patchbay;
using cloud::platform::FlowInfo;

namespace {

Body body_of(std::string_view text) {
  Body body;
  body.assign(text);
  return body;
}

FlowInfo parsed(std::string_view text) {
  JsonReader reader;
  FlowInfo out;
  const auto read = cloud::platform::parse_flow_info(body_of(text), reader, out);
  if (!read) FAIL(read.error().message());
  return out;
}

std::string refusal(std::string_view text) {
  JsonReader reader;
  FlowInfo out;
  const auto read = cloud::platform::parse_flow_info(body_of(text), reader, out);
  if (read) return "accepted";
  return read.error().code() == ErrorCode::malformed_response ? read.error().message() : "refused otherwise";
}

constexpr WallTime noon = WallTime(std::chrono::sys_days(std::chrono::year(2026) / 7 / 1) + std::chrono::hours(12));

}  // namespace

TEST_CASE("what the platform says of a flow is read", "[cloud][platform]") {
  const FlowInfo flow =
      parsed(R"({"id":"f-1","name":"Main IVR","type":"INBOUNDCALL","active":true,"system":false,"deleted":false,
    "publishedVersion":{"id":"7.0","type":"PUBLISH","dateCreated":1782907200000,
                        "datePublished":"2026-07-01T12:00:00.250Z"},
    "savedVersion":{"id":"9.0","dateCreated":"2026-07-01T12:00:00Z"},"checkedInVersion":{"id":"8.0"},
    "lockedUser":{"id":"u","name":"n"},
    "inputSchema":{"id":5}})");
  CHECK(flow.id == "f-1");
  CHECK(flow.name == "Main IVR");
  CHECK(flow.type == "INBOUNDCALL");
  CHECK(flow.active == true);
  CHECK_FALSE(flow.system);
  CHECK_FALSE(flow.deleted);
  CHECK(flow.published.id == "7.0");
  CHECK(flow.published.created == noon);
  CHECK(flow.published.published == noon + milliseconds(250));
  CHECK(flow.saved.id == "9.0");
  CHECK(flow.saved.created == noon);
  CHECK_FALSE(flow.saved.published);
  CHECK(flow.version().value() == "7.0");
  CHECK(flow.version("3.0").value() == "3.0");
}

TEST_CASE("what the platform's cloud answers is read", "[cloud][platform]") {
  testing::PlatformFlow flow(testing::platform_flow);
  flow.versions.emplace_back("7.0", "{}", noon);
  std::string text;
  JsonWriter json(text);
  testing::detail::write_flow(json, flow, "https://api.example.com");
  const FlowInfo read = parsed(text);
  CHECK(read.id == testing::platform_flow);
  CHECK(read.name == "Billing and support");
  CHECK(read.type == "INBOUNDCALL");
  CHECK(read.active == true);
  CHECK(read.published.id == "7.0");
  CHECK(read.published.created == noon);
  CHECK(read.published.published == noon);
  flow.deleted = true;
  text.clear();
  JsonWriter again(text);
  testing::detail::write_flow(again, flow, "https://api.example.com");
  CHECK(parsed(text).deleted);
}

TEST_CASE("a flow that does not run has no version", "[cloud][platform]") {
  const auto refused = [](const FlowInfo& flow, std::string_view pinned = {}) {
    const auto version = flow.version(pinned);
    return version ? std::string(*version)
                   : std::string(to_string(version.error().code())) + ": " + version.error().message();
  };
  CHECK(refused(parsed(R"({"id":"f","name":"x"})")) ==
        "not_found: flow \"f\" has never been published, so that no version of it runs");
  CHECK(refused(parsed(R"({"id":"f","publishedVersion":null})")).starts_with("not_found"));
  CHECK(refused(parsed(R"({"id":"f","publishedVersion":{"id":null}})")).starts_with("not_found"));
  CHECK(refused(parsed(R"({"id":"f"})"), "2.0") == "2.0");
  CHECK(refused(parsed(R"({"id":"f","deleted":true,"publishedVersion":{"id":"1.0"}})")) ==
        "not_found: flow \"f\" has been deleted");
  CHECK(refused(parsed(R"({"id":"f","deleted":true})"), "2.0") == "not_found: flow \"f\" has been deleted");
}

TEST_CASE("only what decides something must be of its type", "[cloud][platform][hostile]") {
  CHECK(refusal(R"({"name":"x"})") == "the flow: id: expected text");
  CHECK(refusal(R"({"id":""})") == "the flow: id: expected text");
  CHECK(refusal(R"({"id":7})") == "the flow: id: expected text");
  CHECK(refusal(R"({"id":"f","deleted":"no"})") == "the flow: deleted: expected true or false");
  CHECK(refusal(R"({"id":"f","publishedVersion":"7.0"})") == "the flow: publishedVersion: expected an object");
  CHECK(refusal(R"({"id":"f","publishedVersion":{"id":7}})") == "the flow: publishedVersion.id: expected text");
  for (const std::string_view text : {"", "[]", "{", "null", R"({"id":"f")"})
    CHECK(refusal(text).starts_with("the flow "));
  for (const std::string_view odd : {"5", "[]", "{}", "null", "\"tomorrow\"", "1.5", "1e400", "true"}) {
    CAPTURE(odd);
    std::string text = R"({"id":"f","publishedVersion":{"id":"1.0"})";
    for (const std::string_view name : {"name", "type", "active", "system", "savedVersion", "x"})
      text.append(",\"").append(name).append("\":").append(odd);
    const FlowInfo flow = parsed(text + "}");
    CHECK(flow.published.id == "1.0");
    CHECK(flow.saved.id.empty());
    CHECK((odd == "true" ? flow.active == true && flow.system : !flow.active && !flow.system));
    CHECK((odd == "\"tomorrow\"" ? flow.type == "tomorrow" : flow.type.empty()));
  }
}

TEST_CASE("times of versions are milliseconds or text", "[cloud][platform]") {
  for (const auto& [text, expected] :
       std::vector<std::pair<std::string, std::optional<WallTime>>>{{"1782907200000", noon},
                                                                    {"0", WallTime{}},
                                                                    {"-1", WallTime{} - milliseconds(1)},
                                                                    {"\"2026-07-01T12:00:00Z\"", noon},
                                                                    {"\"2026-07-01T12:00:00.000Z\"", noon},
                                                                    {"\"2026-07-01T14:00:00+02:00\"", noon},
                                                                    {"\"1782907200000\"", std::nullopt},
                                                                    {"9223372036854775807", std::nullopt},
                                                                    {"-9223372036854775808", std::nullopt},
                                                                    {"18446744073709551615", std::nullopt},
                                                                    {"1.5", std::nullopt},
                                                                    {"null", std::nullopt},
                                                                    {"\"\"", std::nullopt},
                                                                    {"\"2026-02-30T00:00:00Z\"", std::nullopt},
                                                                    {"{}", std::nullopt}}) {
    CAPTURE(text);
    const FlowInfo flow = parsed(R"({"id":"f","publishedVersion":{"dateCreated":)" + text + R"(,"datePublished":)" +
                                 text + R"(,"id":"1.0"}})");
    CHECK(flow.published.created == expected);
    CHECK(flow.published.published == expected);
    CHECK(flow.published.id == "1.0");
  }
}

TEST_CASE("a reading leaves nothing of the one before", "[cloud][platform]") {
  JsonReader reader;
  FlowInfo flow;
  REQUIRE(cloud::platform::parse_flow_info(
      body_of(
          R"({"id":"f","name":"n","type":"t","active":false,"system":true,"deleted":true,
                      "publishedVersion":{"id":"1","dateCreated":0,"datePublished":0},"savedVersion":{"id":"2"}})"),
      reader, flow));
  CHECK(flow.deleted);
  CHECK(flow.system);
  CHECK(flow.active == false);
  REQUIRE(cloud::platform::parse_flow_info(body_of(R"({"id":"g"})"), reader, flow));
  CHECK(flow.id == "g");
  CHECK((flow.name.empty() && flow.type.empty() && flow.published.id.empty() && flow.saved.id.empty()));
  CHECK_FALSE((flow.active || flow.deleted || flow.system || flow.published.created || flow.published.published));
}

TEST_CASE("a deleted flow is told by the status or by the code", "[cloud][platform]") {
  ErrorBody none, deleted, other;
  deleted.code = "architect.flow.deleted";
  other.code = "not.found";
  CHECK(cloud::platform::is_flow_deleted(410, none));
  CHECK(cloud::platform::is_flow_deleted(410, other));
  CHECK(cloud::platform::is_flow_deleted(404, deleted));
  CHECK_FALSE(cloud::platform::is_flow_deleted(404, other));
  CHECK_FALSE(cloud::platform::is_flow_deleted(404, none));
  CHECK_FALSE(cloud::platform::is_flow_deleted(200, deleted));
  CHECK_FALSE(cloud::platform::is_flow_deleted(500, deleted));
}
