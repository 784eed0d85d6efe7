// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/error.hpp>

#include <algorithm>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "support/catch.hpp"

using patchbay::category;
using patchbay::Error;
using patchbay::ErrorCategory;
using patchbay::ErrorCode;
using patchbay::Outcome;
using patchbay::Violation;

namespace {

std::vector<ErrorCode> every_code() {
  std::vector<ErrorCode> codes;
  for (int i = 0; i <= static_cast<int>(ErrorCode::outcome_unknown); ++i) codes.push_back(static_cast<ErrorCode>(i));
  return codes;
}

}  // namespace

TEST_CASE("every code has a name of its own and a next step", "[error]") {
  std::set<std::string_view> names;
  for (const ErrorCode code : every_code()) {
    CAPTURE(static_cast<int>(code));
    const std::string_view name = to_string(code);
    CHECK_FALSE(name.empty());
    CHECK(names.insert(name).second);
    CHECK(std::all_of(name.begin(), name.end(), [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; }));
    CHECK(next_step(code).size() > 10);
  }
}

TEST_CASE("each code belongs to the group that its users react to", "[error]") {
  const auto in = [](ErrorCategory group) {
    std::set<std::string_view> names;
    for (const ErrorCode code : every_code())
      if (category(code) == group) names.insert(to_string(code));
    return names;
  };
  CHECK(in(ErrorCategory::rule) ==
        std::set<std::string_view>{"invalid_settings", "invalid_argument", "validation_failed", "payload_too_large", "unknown_node",
                                   "not_reachable", "flow_drifted", "stale_state", "not_eligible", "hold_limit", "insufficient_scope"});
  CHECK(in(ErrorCategory::refused) ==
        std::set<std::string_view>{"authentication_failed", "forbidden", "not_found", "conflict", "unprocessable",
                                   "precondition_required", "command_refused", "unexpected_status"});
  CHECK(in(ErrorCategory::incomplete) ==
        std::set<std::string_view>{"deadline_exceeded", "cancelled", "rate_limited", "unavailable", "network", "malformed_response",
                                   "response_too_large", "no_etag", "flow_malformed", "not_connected", "queue_full", "circuit_open",
                                   "closed", "journal_failed", "journal_corrupt", "unrecovered", "internal"});
  CHECK(in(ErrorCategory::undecided) == std::set<std::string_view>{"outcome_unknown"});
}

TEST_CASE("an outcome has the name that results carry", "[error]") {
  STATIC_REQUIRE(to_string(Outcome::applied) == "applied");
  STATIC_REQUIRE(to_string(Outcome::not_applied) == "not_applied");
  STATIC_REQUIRE(to_string(Outcome::unknown) == "unknown");
}

TEST_CASE("an error says nothing that it was not told", "[error]") {
  const Error error(ErrorCode::not_found, "no such interaction");
  CHECK(error.code() == ErrorCode::not_found);
  CHECK(error.message() == "no such interaction");
  CHECK(error.outcome() == Outcome::not_applied);
  CHECK(error.http_status() == 0);
  CHECK(error.attempts() == 0);
  CHECK(error.retry_after().count() == 0);
  CHECK(error.server_code().empty());
  CHECK(error.server_message().empty());
  CHECK(error.interaction().empty());
  CHECK(error.server_correlation_id().empty());
  CHECK(error.violations().empty());
}

TEST_CASE("of all codes only outcome_unknown begins with an unknown outcome", "[error]") {
  for (const ErrorCode code : every_code()) {
    CAPTURE(to_string(code));
    CHECK((Error(code, "").outcome() == Outcome::unknown) == (code == ErrorCode::outcome_unknown));
  }
}

TEST_CASE("an error keeps what it is told", "[error]") {
  Error error(ErrorCode::rate_limited, "too many");
  error.set_outcome(Outcome::unknown)
      .set_server_code("too.many.requests")
      .set_server_message("slow down")
      .set_interaction("conv-1")
      .set_server_correlation_id("corr-1")
      .set_http_status(429)
      .set_attempts(3)
      .set_retry_after(std::chrono::milliseconds{1500})
      .set_violations({Violation{"a", "b", "c"}});
  CHECK(error.outcome() == Outcome::unknown);
  CHECK(error.server_code() == "too.many.requests");
  CHECK(error.server_message() == "slow down");
  CHECK(error.interaction() == "conv-1");
  CHECK(error.server_correlation_id() == "corr-1");
  CHECK(error.http_status() == 429);
  CHECK(error.attempts() == 3);
  CHECK(error.retry_after().count() == 1500);
  REQUIRE(error.violations().size() == 1);
  CHECK(error.violations()[0].rule == "b");
}

TEST_CASE("a server's message is bounded and cannot forge a line of a log", "[error]") {
  Error error(ErrorCode::unexpected_status, "answered 500");
  error.set_server_message("a\r\nlevel=info forged\t\x1b[31m\x7f" + std::string(1, '\0') + "end");
  for (const char c : error.server_message()) {
    CHECK(static_cast<unsigned char>(c) >= 0x20);
    CHECK(c != '\x7f');
  }
  CHECK(error.server_message().find("end") != std::string::npos);
  for (const std::size_t size : {511U, 512U, 513U, 1'000'000U}) {
    error.set_server_message(std::string(size, 'x'));
    CHECK(error.server_message().size() == std::min<std::size_t>(size, 512));
  }
  error.set_server_message("");
  CHECK(error.server_message().empty());
}

TEST_CASE("a server's code is bounded, and one word", "[error]") {
  Error error(ErrorCode::unexpected_status, "answered 400");
  error.set_server_code("a b\r\nc\x7f\xc3\xa9" + std::string(1, '\0'));
  CHECK(error.server_code() == "a?b??c????");
  error.set_server_code(std::string(1000, 'x'));
  CHECK(error.server_code().size() == 128);
  error.set_server_code("conversation.error.user.not.party");
  CHECK(error.describe() == "unexpected_status: answered 400 (conversation.error.user.not.party); next: " +
                                std::string(next_step(ErrorCode::unexpected_status)));
  // It is not said twice.
  Error said(ErrorCode::authentication_failed, "refused: invalid_client");
  said.set_server_code("invalid_client");
  CHECK(said.describe().find('(') == std::string::npos);
}

TEST_CASE("an error takes over what another tells of an answer, and nothing else", "[error]") {
  Error from(ErrorCode::unavailable, "answered 503");
  from.set_http_status(503).set_server_code("service.unavailable").set_server_message("busy").set_server_correlation_id("c-1");
  from.set_retry_after(std::chrono::milliseconds{5}).set_interaction("i-1").set_attempts(2).set_outcome(Outcome::applied);
  Error to(ErrorCode::outcome_unknown, "nobody knows");
  to.set_answer_of(from);
  CHECK(to.http_status() == 503);
  CHECK(to.server_code() == "service.unavailable");
  CHECK(to.server_message() == "busy");
  CHECK(to.server_correlation_id() == "c-1");
  CHECK(to.retry_after().count() == 5);
  CHECK(to.code() == ErrorCode::outcome_unknown);
  CHECK(to.message() == "nobody knows");
  CHECK(to.outcome() == Outcome::unknown);
  CHECK(to.interaction().empty());
  CHECK(to.attempts() == 0);
}

TEST_CASE("the description is one line: code, interaction, cause, every violation and the next step", "[error]") {
  Error error(ErrorCode::validation_failed, "two rules are broken");
  error.set_interaction("conv-1").set_server_message("customer 4711 is upset");
  error.set_violations({Violation{"priority", "integer from 0 to 9", "10"}, Violation{"reason", "one of the reasons", "lunch"}});
  CHECK(error.describe() ==
        "validation_failed [interaction conv-1]: two rules are broken; priority: integer from 0 to 9 (got 10); "
        "reason: one of the reasons (got lunch); next: " +
            std::string(next_step(ErrorCode::validation_failed)));
  CHECK(error.describe().find("4711") == std::string::npos);  // what the server says may be about customers
}

TEST_CASE("a copy of an error is its own, and assigning one to itself changes nothing", "[error]") {
  STATIC_REQUIRE(std::is_nothrow_move_constructible_v<Error>);
  STATIC_REQUIRE(std::is_nothrow_move_assignable_v<Error>);
  Error first(ErrorCode::network, "first");
  Error copy(first);
  copy.set_interaction("other");
  CHECK(first.interaction().empty());
  first = copy;
  CHECK(first.interaction() == "other");
  Error& alias = first;
  first = alias;
  CHECK(first.interaction() == "other");
  first = std::move(alias);
  CHECK(first.interaction() == "other");
  const Error moved(std::move(first));
  CHECK(moved.message() == "first");
  first = Error(ErrorCode::closed, "again");  // an error that was moved from may be assigned to
  CHECK(first.code() == ErrorCode::closed);
}
