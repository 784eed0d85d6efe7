// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/observe/metrics.hpp>

#include <set>
#include <string>
#include <type_traits>

#include <patchbay/json/read.hpp>

#include "support/catch.hpp"

using namespace patchbay;

namespace {

/// The members of the outermost object, as text; fails when one comes twice.
std::string member(const std::string& json, std::string_view name) {
  JsonReader reader;
  std::set<std::string> seen;
  std::string found = "<none>";
  const auto read = reader.object(std::string_view(json), [&](std::string_view key, JsonValue value) -> simdjson::error_code {
    REQUIRE(seen.insert(std::string(key)).second);
    std::string text;
    if (const auto error = JsonReader::walk(value, text)) return error;
    if (key == name) found = text;
    return simdjson::SUCCESS;
  });
  REQUIRE(read);
  return found;
}

template <class Snapshot>
std::string json_of(const Snapshot& snapshot) {
  std::string out;
  to_json(snapshot, out);
  return out;
}

}  // namespace

TEST_CASE("metrics belong to a door and cannot be copied into another", "[metrics]") {
  STATIC_REQUIRE_FALSE(std::is_copy_constructible_v<TransitionMetrics>);
  STATIC_REQUIRE(std::is_copy_constructible_v<TransitionMetricsSnapshot>);
  TransitionMetrics one, other;
  one.count(TransitionCount::conflicts);
  CHECK(one.snapshot()[TransitionCount::conflicts] == 1);
  CHECK(other.snapshot()[TransitionCount::conflicts] == 0);
}

TEST_CASE("every outcome is counted, and outcomes and pending make up the submitted", "[metrics]") {
  TransitionMetrics metrics;
  for (int i = 0; i < 10; ++i) metrics.count(TransitionCount::submitted);
  metrics.complete(Outcome::applied, milliseconds{100}, milliseconds{60});
  metrics.complete(Outcome::applied, milliseconds{300}, Duration::zero());
  metrics.complete(Outcome::not_applied, seconds{9}, seconds{8});
  metrics.complete(Outcome::unknown, seconds{30}, Duration::zero());
  const TransitionMetricsSnapshot now = metrics.snapshot();
  CHECK(now[TransitionCount::succeeded] == 2);
  CHECK(now[TransitionCount::not_applied] == 1);
  CHECK(now[TransitionCount::unknown] == 1);
  CHECK(now.settled() == 4);
  CHECK(now.pending() == 6);
  CHECK(now.operation.count == 4);  // the histogram's count is the completed operations'
  CHECK(now.waited.count == 4);
  CHECK(now.operation.max == seconds{30});
  CHECK(now.waited.max == seconds{8});       // waits are told apart (hazard A29)
  CHECK(now.succeeded_mean == milliseconds{200});  // of successes alone, over successes alone
}

TEST_CASE("exchanges are counted by how they ended", "[metrics]") {
  TransitionMetrics metrics;
  for (const int status : {200, 204, 429, 500, 503, 0, 409, 404}) metrics.exchanged(milliseconds{5}, status);
  metrics.count(ExchangeCount::token_refreshes);
  const TransitionMetricsSnapshot now = metrics.snapshot();
  CHECK(now[ExchangeCount::requests] == 8);
  CHECK(now[ExchangeCount::rate_limits] == 1);
  CHECK(now[ExchangeCount::server_errors] == 2);
  CHECK(now[ExchangeCount::network_errors] == 1);
  CHECK(now[ExchangeCount::token_refreshes] == 1);
  CHECK(now.exchange.count == 8);
  CHECK(now.operation.count == 0);
  CHECK(now[TransitionCount::patch_attempts] == 0);
}

TEST_CASE("the JSON of transition metrics has document A's names beside ours", "[metrics]") {
  TransitionMetrics metrics;
  for (int i = 0; i < 3; ++i) metrics.count(TransitionCount::submitted);
  for (int i = 0; i < 4; ++i) metrics.attempt_latency(milliseconds{7});
  metrics.count(TransitionCount::conflicts);
  metrics.exchanged(milliseconds{3}, 429);
  metrics.complete(Outcome::applied, milliseconds{250}, milliseconds{200});
  metrics.complete(Outcome::not_applied, milliseconds{900}, Duration::zero());
  const std::string json = json_of(metrics.snapshot());
  CHECK(member(json, "totalRequests") == "4");
  CHECK(member(json, "successfulUpdates") == "1");
  CHECK(member(json, "conflicts") == "1");
  CHECK(member(json, "rateLimits") == "1");
  CHECK(member(json, "averageLatencyMs") == "250");
  CHECK(member(json, "operationsSubmitted") == "3");
  CHECK(member(json, "operationsPending") == "1");
  CHECK(member(json, "patchAttempts") == "4");
  CHECK(member(json, "requests") == "1");
  CHECK(member(json, "attemptLatency") == R"({"count":4,"meanMs":7,"p50Ms":7,"p99Ms":7,"maxMs":7,"minMs":7})");
  CHECK(member(json, "callbackFailures") == "0");
}

TEST_CASE("fresh metrics are JSON without a division by zero", "[metrics]") {
  CHECK(member(json_of(TransitionMetrics{}.snapshot()), "averageLatencyMs") == "0");
  const std::string json = json_of(HoldMetrics{}.snapshot());
  CHECK(member(json, "averageLatencyMs") == "0");
  CHECK(member(json, "stateConsistencyRate") == R"("0.00%")");
  CHECK(member(json, "totalAttempts") == "0");
  CHECK(member(json, "promptAckRate") == "0");
}

TEST_CASE("the two rates differ by what they leave out", "[metrics]") {
  HoldMetrics metrics;
  for (int i = 0; i < 8; ++i) metrics.count(HoldCount::submitted);
  metrics.acknowledged(true, milliseconds{1999});
  metrics.complete(Outcome::applied, seconds{2}, Duration::zero());
  metrics.acknowledged(true, seconds{2});  // the document's bound is exclusive
  metrics.complete(Outcome::applied, seconds{3}, Duration::zero());
  metrics.acknowledged(false, milliseconds{10});  // a refusal, which the document counts as success
  metrics.complete(Outcome::not_applied, seconds{1}, Duration::zero());
  metrics.count(HoldCount::ack_timeouts);  // which the document does not count at all
  metrics.complete(Outcome::unknown, seconds{5}, Duration::zero());
  metrics.count(HoldCount::late_acks);
  const HoldMetricsSnapshot now = metrics.snapshot();
  CHECK(now.acks() == 3);
  CHECK(now.prompt_ack_rate() == Approx(1.0 / 4));
  CHECK(now.state_consistency_rate() == Approx(2.0 / 3));
  CHECK(metrics.state_consistency_rate() == Approx(2.0 / 3));
  CHECK(now.command.count == 3);
  CHECK(now.pending() == 4);
  const std::string json = json_of(now);
  CHECK(member(json, "stateConsistencyRate") == R"("66.67%")");
  CHECK(member(json, "totalAttempts") == "3");
  CHECK(member(json, "promptAckRate") == "0.25");
  CHECK(member(json, "averageLatencyMs") == "1336.333333");
  CHECK(member(json, "lateAcks") == "1");
  CHECK(member(json, "ackTimeouts") == "1");
}

TEST_CASE("every counter has a name of its own", "[metrics]") {
  const auto names = [](auto last) {
    using Count = decltype(last);
    std::set<std::string_view> all;
    for (int i = 0; i < static_cast<int>(last); ++i) all.insert(to_string(static_cast<Count>(i)));
    CHECK_FALSE(all.contains(""));
    return all.size();
  };
  CHECK(names(TransitionCount::count_) == static_cast<std::size_t>(TransitionCount::count_));
  CHECK(names(HoldCount::count_) == static_cast<std::size_t>(HoldCount::count_));
  CHECK(names(ExchangeCount::count_) == static_cast<std::size_t>(ExchangeCount::count_));
  CHECK(to_string(TransitionCount::callback_failures) == "callbackFailures");
  CHECK(to_string(HoldCount::callback_failures) == "callbackFailures");
  CHECK(to_string(HoldCount::junk_frames) == "junkFrames");
}

TEST_CASE("percentages are written as the document writes them", "[metrics]") {
  const auto shown = [](double fraction) {
    std::string out;
    append_percentage(out, fraction);
    return out;
  };
  CHECK(shown(0) == "0.00%");
  CHECK(shown(1) == "100.00%");
  CHECK(shown(0.975) == "97.50%");
  CHECK(shown(0.00005) == "0.01%");
  CHECK(shown(2.0 / 3) == "66.67%");
  CHECK(shown(0.99999) == "100.00%");
}
