// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/observe/hold_events.hpp>

#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "support/catch.hpp"

using namespace patchbay;

TEST_CASE("what a hold door tells of has names of its own", "[observe][hold]") {
  std::set<std::string_view> names;
  for (int i = 0; i < 4; ++i) CHECK(names.insert(to_string(static_cast<ChannelMessage::Kind>(i))).second);
  CHECK(names == std::set<std::string_view>{"update", "acknowledgement", "junk", "binary"});
  names.clear();
  for (int i = 0; i < 6; ++i) CHECK(names.insert(to_string(static_cast<ChannelState>(i))).second);
  CHECK(names == std::set<std::string_view>{"idle", "waiting", "connecting", "open", "refused", "closed"});
  names.clear();
  for (int i = 0; i < 3; ++i) CHECK(names.insert(to_string(static_cast<HoldLimitEvent::Kind>(i))).second);
  CHECK(names == std::set<std::string_view>{"warning", "escalation", "release"});
}

TEST_CASE("a quality event has the document's names, and a status for each outcome", "[observe][hold]") {
  QualityEvent event;
  event.event = HoldVerb::unhold;
  event.interaction = "550e8400-e29b-41d4-a716-446655440000";
  event.latency = milliseconds{12};
  for (const auto& [outcome, status] :
       {std::pair{Outcome::applied, "success"}, std::pair{Outcome::not_applied, "failed"},
        std::pair{Outcome::unknown, "unknown"}}) {
    event.outcome = outcome;
    std::string line;
    to_json(event, line);
    CHECK(line ==
          std::string(R"({"event":"unhold","interactionId":"550e8400-e29b-41d4-a716-446655440000","status":")") +
              status + R"(","latencyMs":12,"timestamp":"1970-01-01T00:00:00.000Z"})");
  }
}
