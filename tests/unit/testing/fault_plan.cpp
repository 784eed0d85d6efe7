// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/testing/fault_plan.hpp>

#include "support/catch.hpp"

using namespace patchbay;
using namespace patchbay::testing;

TEST_CASE("a rule strikes what it matches, as often as it says", "[testing][faults]") {
  FaultPlan plan;
  plan.on("PATCH", "/api/").times(2).skip(1).answer(503, {{"Retry-After", "1"}}, "{}");
  const CloudRequest patch("PATCH", "/api/v2/interactions/x"), get("GET", "/api/v2/interactions/x"),
      other("PATCH", "/webhook");
  CHECK(plan.pending() == 2);
  CHECK_FALSE(plan.take(get));
  CHECK_FALSE(plan.take(other));
  CHECK_FALSE(plan.take(patch));  // skipped
  const auto first = plan.take(patch);
  REQUIRE(first);
  CHECK(first->status == 503);
  CHECK(first->headers.front().second == "1");
  CHECK(first->body == "{}");
  CHECK_FALSE(first->applied);
  CHECK(plan.take(patch));
  CHECK_FALSE(plan.take(patch));
  CHECK(plan.pending() == 0);
}

TEST_CASE("rules strike in the order given, one at a time", "[testing][faults]") {
  FaultPlan plan;
  plan.on().reset();
  plan.on("GET").always().timeout();
  const CloudRequest get("GET", "/");
  CHECK(plan.take(get)->kind == FaultKind::reset);
  for (int i = 0; i < 100; ++i) REQUIRE(plan.take(get)->kind == FaultKind::timeout);
  CHECK(plan.pending() == 1);
  plan.clear();
  CHECK(plan.pending() == 0);
  CHECK_FALSE(plan.take(get));
}

TEST_CASE("each kind says by itself whether the cloud has done its work", "[testing][faults]") {
  FaultPlan plan;
  CHECK(plan.on().truncate().applied);
  CHECK(plan.on().too_large(1).applied);
  CHECK_FALSE(plan.on().reset().applied);
  CHECK(plan.on().after_applying().reset().applied);
  CHECK(plan.on_command().drop_ack().applied);
  CHECK_FALSE(plan.on_command().before_applying().drop_ack().applied);
  CHECK_FALSE(plan.on_command().refuse("no").applied);
  CHECK(plan.on().delay(seconds{3}).wait == seconds{3});
  CHECK(plan.on().timeout().after(seconds{3}).wait == seconds{3});
}

TEST_CASE("commands and openings have rules of their own", "[testing][faults]") {
  FaultPlan plan;
  plan.on_command("hold").duplicate_ack();
  plan.on_command().times(2).close(1011);
  plan.on_open().skip(1).refuse(401);
  CHECK(plan.take_command("unhold")->kind == CommandFaultKind::close);
  CHECK(plan.take_command("hold")->kind == CommandFaultKind::duplicate);
  CHECK(plan.take_command("")->code == 1011);
  CHECK_FALSE(plan.take_command("hold"));
  CHECK_FALSE(plan.take_open());
  CHECK(plan.take_open()->status == 401);
  CHECK_FALSE(plan.take_open());
}
