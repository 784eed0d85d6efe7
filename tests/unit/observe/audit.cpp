// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/observe/audit.hpp>

#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <patchbay/json/read.hpp>

#include "support/catch.hpp"

using namespace patchbay;

namespace {

/// What the sink was given, copied.
struct RecordingSink : AuditSink {
  bool write(const AuditRecord& record) override {
    records.push_back(record);
    return during ? during(record) : true;
  }
  std::vector<AuditRecord> records;
  std::function<bool(const AuditRecord&)> during;
};

AuditRecord transition_record() {
  AuditRecord record;
  record.timestamp = WallTime{milliseconds{1'795'253'400'125}};
  record.success = true;
  record.outcome = Outcome::applied;
  record.attempt = 2;
  record.status_code = 200;
  record.latency = std::chrono::microseconds{12'345};
  record.operation_id = "7d4c9c1e-0000-4000-8000-000000000001";
  record.interaction_id = "550e8400-e29b-41d4-a716-446655440000";
  record.from = "MainMenu";
  record.to = "BillingInquiry";
  record.flow_id = "a1b2c3d4-e5f6-7890-abcd-ef1234567890";
  record.flow_version = "17";
  record.etag_used = "\"v41\"";
  record.server_correlation_id = "a server's id of more than fifteen bytes";
  return record;
}

std::string json_of(const AuditRecord& record) {
  std::string out;
  append_json(record, out);
  return out;
}

/// The outermost members; fails when the text is no JSON object on one line, or a member comes twice.
std::map<std::string, std::string> members(const std::string& json) {
  std::map<std::string, std::string> all;
  CHECK(json.find_first_of("\n\r") == std::string::npos);
  JsonReader reader;
  const auto read = reader.object(std::string_view(json), [&](std::string_view key, JsonValue value) -> simdjson::error_code {
    std::string text;
    if (const auto error = JsonReader::walk(value, text)) return error;
    REQUIRE(all.emplace(key, text).second);
    return simdjson::SUCCESS;
  });
  REQUIRE(read);
  return all;
}

}  // namespace

TEST_CASE("a transition's line has document A's fields with its types, then ours", "[audit]") {
  CHECK(json_of(transition_record()) ==
        R"({"timestamp":"2026-11-21T09:30:00.125Z","interactionId":"550e8400-e29b-41d4-a716-446655440000",)"
        R"("action":"state_transition","statusCode":200,"latencyMs":12.345,"success":true,"etagUsed":"\"v41\"",)"
        R"("sequence":0,"kind":"operation","outcome":"applied","attempt":2,)"
        R"("operationId":"7d4c9c1e-0000-4000-8000-000000000001","from":"MainMenu","to":"BillingInquiry",)"
        R"("flowId":"a1b2c3d4-e5f6-7890-abcd-ef1234567890","flowVersion":"17",)"
        R"("serverCorrelationId":"a server's id of more than fifteen bytes"})");
}

TEST_CASE("what is not there is null or absent, as in document A", "[audit]") {
  AuditRecord record;
  record.interaction_id = "i";
  record.error_code = to_string(ErrorCode::not_reachable);
  record.error_message = "no way from \"A\" to B";
  auto all = members(json_of(record));
  CHECK(all["statusCode"] == "null");
  CHECK(all["etagUsed"] == "null");
  CHECK(all["success"] == "false");
  CHECK(all["error"] == R"("not_reachable: no way from \"A\" to B")");
  CHECK(all["errorCode"] == R"("not_reachable")");
  CHECK(all["outcome"] == R"("not_applied")");
  CHECK(all["attempt"] == "0");  // nothing was sent, and it is recorded all the same (hazard A28)
  CHECK_FALSE(all.contains("operationId"));
  CHECK_FALSE(all.contains("metadata"));
  record.error_message.clear();
  CHECK(members(json_of(record))["error"] == R"("not_reachable")");
  record.error_code = {};
  CHECK_FALSE(members(json_of(record)).contains("error"));
}

TEST_CASE("a hold's line has document B's fields", "[audit]") {
  AuditRecord record = transition_record();
  record.action = "hold";
  record.reason = "consultation";
  record.priority = 5;
  record.consistency_rate = 0.5;
  auto all = members(json_of(record));
  CHECK(all["action"] == R"("hold")");
  CHECK(all["status"] == R"("success")");
  CHECK(all["metadata"] == R"({"reason":"consultation","priority":5,"latencyMs":12.345,"consistencyRate":"50.00%"})");
  CHECK(all["consistencyRate"] == R"("50.00%")");
  record.action = "unhold";
  record.reason.clear();
  record.success = false;
  record.consistency_rate.reset();
  all = members(json_of(record));
  CHECK(all["status"] == R"("failed")");
  CHECK(all["metadata"] == R"({"priority":5,"latencyMs":12.345})");
  CHECK_FALSE(all.contains("consistencyRate"));
}

TEST_CASE("hostile texts neither break a line nor carry a credential into it", "[audit][secrets]") {
  AuditRecord record = transition_record();
  for (std::string* text : {&record.operation_id, &record.interaction_id, &record.from, &record.to, &record.flow_id, &record.flow_version,
                            &record.etag_used, &record.server_correlation_id, &record.reason, &record.error_message})
    *text = std::string("x\"}\n{\"forged\":1,\x1b[2J\xff\xe2\x80\xae Bearer CANARY-0123456789abcdef end") + '\0' + std::string(5000, 'y');
  record.action = "hold";
  record.error_code = to_string(ErrorCode::network);
  const std::string json = json_of(record);
  auto all = members(json);
  CHECK_FALSE(all.contains("forged"));
  CHECK(json.find("CANARY") == std::string::npos);
  CHECK(is_valid_utf8(json));
  for (const char c : json) REQUIRE(static_cast<unsigned char>(c) >= 0x20);
  CHECK(json.size() < 12 * audit_text_limit);
}

TEST_CASE("a trail numbers without a gap, keeps the last records and hands out copies", "[audit]") {
  const auto sink = std::make_shared<RecordingSink>();
  AuditTrail trail(4, sink);
  CHECK(trail.snapshot().empty());
  AuditRecord record = transition_record();
  for (int i = 1; i <= 11; ++i) {
    record.attempt = i;
    CHECK(trail.record(record));
    const std::vector<AuditRecord> kept = trail.snapshot();
    REQUIRE(kept.size() == static_cast<std::size_t>(i < 4 ? i : 4));
    for (std::size_t k = 0; k < kept.size(); ++k) {  // oldest first
      REQUIRE(kept[k].sequence == static_cast<std::uint64_t>(i) - kept.size() + 1 + k);
      REQUIRE(kept[k].attempt == static_cast<int>(kept[k].sequence));
    }
  }
  CHECK(trail.appended() == 11);
  CHECK(trail.failures() == 0);
  REQUIRE(sink->records.size() == 11);
  for (std::size_t i = 0; i < 11; ++i) CHECK(sink->records[i].sequence == i + 1);
  trail.snapshot()[0].interaction_id = "changed";  // a copy: the document hands out its own records
  CHECK(trail.snapshot()[0].interaction_id == record.interaction_id);
}

TEST_CASE("a trail without room still numbers and writes", "[audit]") {
  const auto sink = std::make_shared<RecordingSink>();
  AuditTrail trail(0, sink);
  CHECK(trail.record(transition_record()));
  CHECK(trail.record(transition_record()));
  CHECK(trail.snapshot().empty());
  REQUIRE(sink->records.size() == 2);
  CHECK(sink->records[1].sequence == 2);
  AuditTrail alone(2);
  CHECK(alone.record(transition_record()));
  CHECK(alone.snapshot().size() == 1);
}

TEST_CASE("a sink that refuses or throws is counted and changes nothing else", "[audit]") {
  const auto sink = std::make_shared<RecordingSink>();
  AuditTrail trail(8, sink);
  sink->during = [](const AuditRecord&) { return false; };
  CHECK_FALSE(trail.record(transition_record()));
  sink->during = [](const AuditRecord&) -> bool { throw std::runtime_error("from a sink"); };
  CHECK_FALSE(trail.record(transition_record()));
  CHECK(trail.failures() == 2);
  sink->during = nullptr;
  CHECK(trail.record(transition_record()));  // and it is asked again
  CHECK(trail.failures() == 2);
  CHECK(trail.snapshot().size() == 3);
  CHECK(sink->records.back().sequence == 3);
  STATIC_REQUIRE(noexcept(trail.record(std::declval<const AuditRecord&>())));
}

TEST_CASE("a sink may look at its door and even act on it without a deadlock", "[audit]") {
  const auto sink = std::make_shared<RecordingSink>();
  AuditTrail trail(2, sink);
  std::string seen_after;
  sink->during = [&](const AuditRecord& record) {
    AuditRecord nested = record;
    nested.interaction_id = "nested";
    for (int i = 0; i < 5; ++i) CHECK_FALSE(trail.record(nested));  // turns the ring round under the record being written
    CHECK(trail.snapshot().size() == 2);
    seen_after = record.interaction_id;
    return true;
  };
  CHECK(trail.record(transition_record()));
  CHECK(seen_after == transition_record().interaction_id);
  CHECK(sink->records.size() == 1);
  CHECK(trail.appended() == 6);
  CHECK(trail.failures() == 5);
  sink->during = nullptr;
  CHECK(trail.record(transition_record()));
  CHECK(sink->records.back().sequence == 7);
}

TEST_CASE("what a trail keeps of a text is bounded", "[audit]") {
  AuditTrail trail(1);
  AuditRecord record;
  record.error_message = std::string(511, 'x') + "\xc3\xa4" + std::string(100'000, 'y');
  trail.record(record);
  CHECK(trail.snapshot()[0].error_message == std::string(511, 'x'));
}

TEST_CASE("a record that is cleared or assigned to again keeps its memory", "[audit]") {
  AuditRecord record = transition_record();
  record.priority = 3;
  record.consistency_rate = 1;
  record.error_code = "conflict";
  const char* memory = record.server_correlation_id.data();
  record.clear();
  CHECK(json_of(record) == json_of(AuditRecord{}));
  const AuditRecord source = transition_record();
  record = source;
  CHECK(record.server_correlation_id == source.server_correlation_id);
  CHECK(record.server_correlation_id.data() == memory);
}
