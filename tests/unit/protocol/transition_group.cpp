// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <string>
#include <utility>
#include <vector>

#include <patchbay/protocol/transition_group.hpp>

#include <support/catch.hpp>

using namespace patchbay;

namespace {

using Members = std::vector<std::pair<std::string, std::string>>;

Members members_of(std::string_view text) {
  Members out;
  detail::for_each_member(text, [&](std::string_view name, std::string_view member) { out.emplace_back(name, member); });
  return out;
}

std::string merged(std::string before, std::string_view later) {
  detail::merge_members(before, later);
  return before;
}

}  // namespace

TEST_CASE("encoded members are told apart, whatever their values hold", "[bulk][coalesce]") {
  CHECK(members_of("").empty());
  CHECK(members_of(R"("a":1)") == Members{{"\"a\"", R"("a":1)"}});
  CHECK(members_of(R"("a":"x,\"y\":\\","b":{"a":[1,{"c":"]}"}],"d":2},"c\"d,":[],"":null)") ==
        Members{{"\"a\"", R"("a":"x,\"y\":\\")"},
                {"\"b\"", R"("b":{"a":[1,{"c":"]}"}],"d":2})"},
                {R"("c\"d,")", R"("c\"d,":[])"},
                {"\"\"", R"("":null)"}});
}

TEST_CASE("a later member takes the place of the one of its name", "[bulk][coalesce]") {
  CHECK(merged("", "") == "");
  CHECK(merged(R"("a":1)", "") == R"("a":1)");
  CHECK(merged("", R"("a":1)") == R"("a":1)");
  CHECK(merged(R"("a":1)", R"("a":2)") == R"("a":2)");
  CHECK(merged(R"("a":1,"b":{"c":3},"d":4)", R"("e":5,"b":[6])") == R"("a":1,"d":4,"e":5,"b":[6])");
  CHECK(merged(R"("b":{"a":1})", R"("a":2)") == R"("b":{"a":1},"a":2)");  // the name within is another one
  CHECK(merged(R"("ab":1)", R"("a":2)") == R"("ab":1,"a":2)");
}

TEST_CASE("moves may be of one write when each starts where the one before ends, in one flow", "[bulk][coalesce]") {
  const TransitionRequest before("i", "f", "A", "B");
  CHECK(may_follow(before, {"i", "f", "B", "C"}));
  CHECK(may_follow(before, {"i", "f", "B", "A"}));
  CHECK_FALSE(may_follow(before, {"j", "f", "B", "C"}));
  CHECK_FALSE(may_follow(before, {"i", "g", "B", "C"}));
  CHECK_FALSE(may_follow(before, {"i", "f", "A", "B"}));
  CHECK_FALSE(may_follow(before, TransitionRequest("i", "f", "B", "C").flow_version("1")));
  CHECK_FALSE(may_follow(before, TransitionRequest("i", "f", "B", "C").deadline(seconds{30})));
  CHECK_FALSE(may_follow(TransitionRequest(before).deadline(seconds{1}), TransitionRequest("i", "f", "B", "C").deadline(seconds{30})));
  CHECK(may_follow(TransitionRequest(before).deadline(seconds{1}), TransitionRequest("i", "f", "B", "C").deadline(seconds{1})));
  CHECK(may_follow(TransitionRequest(before).flow_version("1"), TransitionRequest("i", "f", "B", "C").flow_version("1")));
}
