// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/testing/simulation/invariants/pairs.hpp>

#include "support/catch.hpp"
#include "unit/testing_simulation/story.hpp"

using namespace story;

namespace {

void tell(CourseRecord& record, Duration delay, ErrorCode code, std::string_view id) {
  Work work;
  work.number = 1, work.interaction = here;
  record.submitted(ProcessId{}, work);
  WorkEnd end;
  end.at = SteadyTime(delay), end.failed = true, end.code = code;
  record.ended(ProcessId{}, work, end);
  const InteractionsCloud cloud([] { return SteadyTime{}; }, CloudOptions());
  AppliedOperation operation;
  operation.id = id;
  record.applied(operation, cloud, SteadyTime{});
}

}  // namespace

TEST_CASE("I22, I25, I26: two runs of one seed that differ are found, and where", "[testing][oracle]") {
  CourseRecord one, same, later, other, longer;
  tell(one, seconds{1}, ErrorCode::cancelled, "a");
  tell(same, seconds{1}, ErrorCode::cancelled, "a");
  tell(later, seconds{2}, ErrorCode::cancelled, "a");
  tell(other, seconds{1}, ErrorCode::network, "a");
  tell(longer, seconds{1}, ErrorCode::cancelled, "a");
  longer.channel_told(ProcessId{}, ChannelStateEvent{}, SteadyTime{});
  Judge judge;
  CHECK(compare_courses("I26", one, same, judge));
  CHECK(compare_hashes(7, 7, judge));
  CHECK(judge.clean());
  CHECK_FALSE(compare_courses("I22", one, later, judge));
  CHECK_FALSE(compare_courses("I25", one, other, judge));
  CHECK_FALSE(compare_courses("I26", one, longer, judge));
  CHECK_FALSE(compare_courses("I26", longer, one, judge));
  CHECK_FALSE(compare_hashes(7, 8, judge));
  REQUIRE(judge.breaches().size() == 5);
  CHECK(judge.breaches()[0].invariant == "I22");
  CHECK(judge.breaches()[1].text.find("step 1") != std::string::npos);
}

TEST_CASE("a judge keeps the first breaches and counts them all", "[testing][oracle]") {
  Judge judge;
  for (int i = 0; i < 1000; ++i)
    judge.broken("I1", ProcessId(2, 1), SteadyTime(Duration(i)), "broken").operation = "t-" + std::to_string(i);
  CHECK(judge.count() == 1000);
  REQUIRE(judge.breaches().size() == Judge::most_kept);
  CHECK(judge.breaches().back().operation == "t-63");
  CHECK(judge.breaches().front().describe() == "I1: broken; operation t-0; process 2.1; at 0 ns");
}
