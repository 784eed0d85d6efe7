// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// Requests and results are values: what is copied, moved or assigned says the same.
#include <patchbay/hold_request.hpp>
#include <patchbay/transition_request.hpp>

#include <string>
#include <utility>

#include "support/catch.hpp"

using namespace patchbay;

TEST_CASE("a hold's request and its result are values", "[requests]") {
  HoldRequest request("interaction", "consultation", 5);
  request.music("a.wav").prompt("b.wav").deadline(seconds{3});
  const HoldRequest copy = request;
  HoldRequest assigned("other");
  assigned = copy;
  HoldRequest moved = std::move(request);
  request = std::move(moved);
  for (const HoldRequest* each :
       {&copy, static_cast<const HoldRequest*>(&assigned), static_cast<const HoldRequest*>(&request)}) {
    CHECK(each->deadline() == seconds{3});
    CHECK(each->fields().size() == 5);
  }
  const UnholdRequest release("interaction", 5);
  UnholdRequest again(release);
  again = UnholdRequest("other").with("priority", "3").deadline(seconds{1});
  UnholdRequest last("x");
  last = again;
  CHECK(last.deadline() == seconds{1});
  CHECK(last.fields().size() == again.fields().size());
  CHECK(release.fields().size() == 2);

  HoldResult result;
  result.interaction = "interaction", result.attempts = 1, result.resolved_by = ResolvedBy::state;
  HoldResult kept;
  kept = result;
  const HoldResult taken(std::move(result));
  result = taken;
  for (const HoldResult* each :
       {static_cast<const HoldResult*>(&kept), &taken, static_cast<const HoldResult*>(&result)}) {
    CHECK(each->interaction == "interaction");
    CHECK(each->attempts == 1);
    CHECK(each->resolved_by == ResolvedBy::state);
  }
}

TEST_CASE("a transition's request and its result are values", "[requests]") {
  TransitionRequest request("interaction", "flow", "A", "B");
  request.text("tier", "gold").json("n", "1").flow_version("7").deadline(seconds{3});
  const TransitionRequest copy = request;
  TransitionRequest assigned("", "", "", "");
  assigned = copy;
  TransitionRequest moved = std::move(request);
  request = std::move(moved);
  for (const TransitionRequest* each :
       {&copy, static_cast<const TransitionRequest*>(&assigned), static_cast<const TransitionRequest*>(&request)}) {
    CHECK(each->interaction() == "interaction");
    CHECK(each->flow() == "flow");
    CHECK(each->from() == "A");
    CHECK(each->to() == "B");
    CHECK(each->flow_version() == "7");
    CHECK(each->variables().size() == 2);
    CHECK(each->deadline() == seconds{3});
  }
  TransitionResult result;
  result.transition_id = "id", result.attempts = 2;
  TransitionResult kept;
  kept = result;
  const TransitionResult taken(std::move(result));
  CHECK(kept.transition_id == "id");
  CHECK(taken.attempts == 2);
  for (const WebhookStatus each : {WebhookStatus::none, WebhookStatus::delivered, WebhookStatus::failed})
    CHECK_FALSE(to_string(each).empty());
}
