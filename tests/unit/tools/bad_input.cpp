// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// What our own rules refuse, each with its exit status, its code, its message, and nothing written.
#include "unit/tools/loopback.hpp"

using namespace patchbay::test;

namespace {

/// Runs a job that is to be refused with status 1.
std::string refused(const LoopbackCloud& cloud, std::vector<std::string> arguments, std::string_view code,
                    std::string_view message) {
  Tool tool = cloud.tool();
  const Ended ended = tool.run(std::move(arguments));
  INFO("stdout: " << ended.out << "\nstderr: " << ended.err);
  CHECK(ended.status == 1);
  REQUIRE(lines_of(ended.out).size() == 1);
  const Json result(ended.out);
  check_result(result);
  CHECK(result["/outcome"] == "not_applied");
  CHECK(result["/attempts"] == "0");
  CHECK(result["/error/code"] == code);
  CHECK((result["/error/message"] + result["/error/violations"]).find(message) != std::string::npos);
  CHECK(result["/id"].size() == 36);
  CHECK((*cloud.interaction(caller))["/version"] == "1");
  // Refusals are audited (hazard A28), once.
  std::size_t ends = 0;
  for (const std::string& line : lines_of(tool.audit)) {
    const Json record(line);
    if (record["/kind"] != "operation") continue;
    ++ends;
    CHECK(record["/operationId"] == result["/id"]);
    CHECK(record["/errorCode"] == code);
  }
  CHECK(ends == 1);
  return ended.out;
}

}  // namespace

TEST_CASE("malformed ids are refused before anything is sent", "[tools][input][A18]") {
  const LoopbackCloud cloud;
  const std::string long_id(300, 'a');
  for (const std::string& id : {std::string("../x"), std::string(), long_id, std::string("a\x01\n\x1b[31m"),
                                std::string("a/b"), std::string(".."), std::string("a b"), std::string("a%2fb"),
                                std::string("\xff\xfe"), std::string("\xe2\x80\xae")}) {
    INFO(id);
    refused(cloud, move_job({}, "BillingInquiry", id), "invalid_argument", "interaction id: expected 1 to 128 of");
    refused(cloud,
            {"transition", "--interaction", caller, "--flow", id, "--from", "MainMenu", "--to", "BillingInquiry"},
            "invalid_argument", "flow");
  }
  CHECK(Json(cloud.get("/_state"))["/tokensIssued"] == "0");
}

TEST_CASE("nodes that the flow does not have or does not allow are refused", "[tools][input][A25]") {
  const LoopbackCloud cloud;
  refused(cloud, move_job({}, "Nowhere"), "unknown_node", "has no node \"Nowhere\"");
  refused(cloud, move_job({}, ""), "invalid_argument", "node's name is empty");
  refused(cloud, move_job({}, "LegacyPromotions"), "not_reachable",
          "allows no move from \"MainMenu\" to \"LegacyPromotions\"");
  refused(cloud, move_job({"--reachability", "direct"}, "BalanceInfo"), "not_reachable", "by one transition");
  refused(cloud, move_job({"--reachability", "conditional"}, "OperatorQueue"), "not_reachable", "under the conditions");
  refused(
      cloud,
      {"transition", "--interaction", caller, "--flow", document_flow, "--from", "BalanceInfo", "--to", "Disconnect"},
      "stale_state", "is at MainMenu, not at BalanceInfo");
}

TEST_CASE("variables that break the schema are refused, all of them at once", "[tools][input][A19][A21][A22][A23]") {
  const LoopbackCloud cloud;
  const auto variable = [&](const std::string& text, std::string_view message) {
    refused(cloud, move_job({"--var", text}), "validation_failed", message);
  };
  for (const char* const text : {"12abc", "Infinity", "-Infinity", "NaN", "", " 5", "+5", "0x10", "1e999", "1,5"}) {
    INFO(text);
    variable(std::string("call_duration_seconds=") + text, "number: expected a finite JSON number");
  }
  for (const char* const text : {"maybe", "TRUE", "yes", "2", ""}) {
    INFO(text);
    variable(std::string("requires_supervisor=") + text, "boolean: expected true, false, 1 or 0");
  }
  for (const char* const text : {"{bad", "[]", "\"x\"", "5", "", "{} {}", "{\"a\":\xff}"}) {
    INFO(text);
    variable(std::string("routing_metadata=") + text, "object: expected a JSON object");
  }
  for (const char* const name : {"ivr_state", "flow_node", "last_updated", "transition_id"}) {
    INFO(name);
    variable(std::string(name) + "=X", "reserved");
    refused(cloud, move_job({"--vars", std::string("{\"") + name + "\":1}"}), "validation_failed", "reserved");
  }
  variable("customer_tier=\xff", "UTF-8");
  const Json all(
      refused(cloud,
              move_job({"--var", "call_duration_seconds=12abc", "--var", "requires_supervisor=maybe", "--var",
                        "routing_metadata={bad", "--var", "ivr_state=X", "--var", "other=1", "--strict"}),
              "validation_failed", "variables break their schema"));
  CHECK(all.size("/error/violations") == 5);
  CHECK(all["/error/violations/0/value"] == "12abc");
  CHECK(all["/error/violations/4/path"] == "other");
  refused(cloud, move_job({"--var", "customer_tier=a", "--vars", R"({"customer_tier":"b"})"}), "validation_failed",
          "duplicate");
}

TEST_CASE("the option --vars takes one JSON object and nothing else", "[tools][input]") {
  const LoopbackCloud cloud;
  for (const char* const text : {"[1]", "5", "null", "", "{bad", "{} x", "{\"a\":1e999}", "{\"a\":\"\xff\"}"}) {
    INFO(text);
    refused(cloud, move_job({"--vars", text}), "validation_failed", "object: expected one JSON object");
  }
  refused(cloud, move_job({"--vars", "{\"a\":" + std::string(100, '[') + std::string(100, ']') + "}"}),
          "validation_failed", "object: expected one JSON object");
  refused(cloud, move_job({"--vars", R"({"call_duration_seconds":"12abc","requires_supervisor":2})"}),
          "validation_failed", "12abc");
}

TEST_CASE("variables beyond 64 KB are refused before they are sent", "[tools][input][A24]") {
  const LoopbackCloud cloud;
  refused(cloud, move_job({"--var", "customer_tier=" + std::string(70'000, 'x')}), "payload_too_large",
          "the limit is 65536");
  // Escapes count as they are written.
  refused(cloud, move_job({"--var", "customer_tier=" + std::string(20'000, '\x01')}), "payload_too_large",
          "the limit is 65536");
  Tool tool = cloud.tool();
  CHECK(tool.run(move_job({"--var", "customer_tier=" + std::string(65'000, 'x')})).status == 0);
}
