// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include "door.hpp"

#include <support/catch.hpp>

using namespace patchbay;
using namespace patchbay::tests;

namespace {

/// The fixture's flow as it is, and as parts of it.
struct Compiled : StaticFlow<Edge<"MainMenu", "Verify">,           //
                             Edge<"MainMenu", "Support", "open">,  //
                             Edge<"Verify", "BillingInquiry">,     //
                             Edge<"Support", "Support">,           //
                             Node<"Island">> {};
struct Smaller : StaticFlow<Edge<"MainMenu", "Verify">, Edge<"Verify", "BillingInquiry">> {};
struct Larger : StaticFlow<Edge<"MainMenu", "Verify">, Edge<"Verify", "Goodbye">> {};
struct Unconditional : StaticFlow<Edge<"MainMenu", "Support">> {};

struct Caller {
  BOOST_HANA_DEFINE_STRUCT(Caller, (std::string, account), (bool, vip));
};

template <class Followed>
ErrorCode code(const Followed& followed) {
  return followed ? ErrorCode::internal : followed.error().code();
}

}  // namespace

TEST_CASE("a flow that the program knows is followed by literals, with loose variables", "[static_flows]") {
  Fixture f;
  auto door = f.door();
  const auto flow = door.follow<Compiled>(flow_id);
  REQUIRE(flow);
  CHECK(flow->id() == flow_id);
  CHECK(flow->version() == "3");
  CHECK(flow->drift().empty());
  CHECK(flow->graph() == door.flow(flow_id).value());

  f.interaction("1");
  f.cloud.answer(200);
  const auto moved = flow->transition<"MainMenu", "BillingInquiry">(interaction_id);
  REQUIRE(moved);
  CHECK(moved->path.to_string() == "MainMenu -> Verify -> BillingInquiry");

  f.interaction("2", "MainMenu");
  f.cloud.answer(200);
  REQUIRE(flow->transition<"MainMenu", "Support">(interaction_id, Variables().text("customer_tier", "enterprise"), seconds{5}));
  CHECK(f.requests("interaction.patch").back().body.find(R"("customer_tier":"enterprise")") != std::string::npos);
  CHECK(f.requests("interaction.patch").back().body.find(R"("flow_node":"Support")") != std::string::npos);

  const auto late = flow->transition<"MainMenu", "Support">(interaction_id, Variables(), Duration{0});
  REQUIRE_FALSE(late);
  CHECK(late.error().code() == ErrorCode::invalid_argument);
}

TEST_CASE("a flow is followed with a value of the schema's type, and through requests", "[static_flows]") {
  Fixture f;
  StateTransitioner door{Policies{.transport = f.cloud, .clock = f.clock, .schema = schema<Caller>}, f.settings};
  const auto flow = door.follow<Smaller>(flow_id);
  REQUIRE(flow);
  f.interaction("1");
  f.cloud.answer(200);
  REQUIRE(flow->transition<"MainMenu", "Verify">(interaction_id, Caller{"4711", true}));
  CHECK(f.requests("interaction.patch").back().body.find(R"("account":"4711","vip":true)") != std::string::npos);

  const TransitionRequest asked = flow->request<"Verify", "BillingInquiry">(interaction_id).text("account", "12").json("vip", "false").deadline(seconds{9});
  CHECK(asked.from() == "Verify");
  CHECK(asked.to() == "BillingInquiry");
  CHECK(asked.flow() == flow_id);
  CHECK(asked.flow_version().empty());
  f.interaction("2", "Verify");
  f.cloud.answer(200);
  REQUIRE(door.transition(asked));
  CHECK(f.requests("interaction.patch").back().body.find(R"("account":"12","vip":false)") != std::string::npos);
}

TEST_CASE("a deployed flow that lacks what the program needs is refused, unless it is allowed", "[static_flows][drift]") {
  Fixture f;
  auto door = f.door();
  const auto larger = door.follow<Larger>(flow_id);
  REQUIRE_FALSE(larger);
  CHECK(larger.error().code() == ErrorCode::flow_drifted);
  CHECK(larger.error().outcome() == Outcome::not_applied);
  CHECK(larger.error().message() ==
        "flow \"" + flow_id +
            "\" version \"3\" differs from the one that the program was compiled for: 1 missing node, 1 missing transition, 3 added nodes, "
            "3 added transitions; the first: missing node Goodbye");
  CHECK(code(door.follow<Larger>(flow_id, FollowSettings().on_drift(OnDrift::refuse))) == ErrorCode::flow_drifted);

  // What was added breaks nothing, but can be refused as well.
  const auto smaller = door.follow<Smaller>(flow_id);
  REQUIRE(smaller);
  CHECK(smaller->drift().size() == 4);
  CHECK(code(door.follow<Smaller>(flow_id, FollowSettings().on_drift(OnDrift::refuse))) == ErrorCode::flow_drifted);
  CHECK(door.follow<Compiled>(flow_id, FollowSettings().on_drift(OnDrift::refuse)));

  const auto allowed = door.follow<Larger>(flow_id, FollowSettings().on_drift(OnDrift::allow));
  REQUIRE(allowed);
  CHECK(allowed->drift().missing_nodes == std::vector<std::string>{"Goodbye"});
  const auto moved = allowed->transition<"MainMenu", "Goodbye">(interaction_id);  // compiles, and meets the truth
  CHECK(code(moved) == ErrorCode::unknown_node);
  CHECK(f.requests("interaction.get").empty());
}

TEST_CASE("a changed condition is refused only where conditions decide", "[static_flows][drift]") {
  Fixture f;
  auto door = f.door();
  CHECK(door.follow<Unconditional>(flow_id));
  CHECK(code(door.follow<Unconditional, Reachability::conditional>(flow_id)) == ErrorCode::flow_drifted);

  // They do as well when it is the door that asks them.
  Fixture asking;
  asking.settings.transition.reachability = Reachability::conditional;
  auto other = asking.door();
  CHECK(code(other.follow<Unconditional>(flow_id)) == ErrorCode::flow_drifted);
  CHECK(other.follow<Unconditional>(flow_id, FollowSettings().on_drift(OnDrift::allow)));
}

TEST_CASE("the rule for the compiler may not be wider than the one for the door", "[static_flows][A25]") {
  Fixture f;
  f.settings.transition.reachability = Reachability::direct_edge;
  auto door = f.door();
  CHECK(code(door.follow<Compiled>(flow_id)) == ErrorCode::invalid_argument);
  CHECK(code(door.follow<Compiled, Reachability::conditional>(flow_id)) == ErrorCode::invalid_argument);
  CHECK(f.requests("flow.get").empty());
  CHECK(door.follow<Compiled, Reachability::direct_edge>(flow_id));

  Fixture wide;
  auto other = wide.door();
  const auto direct = other.follow<Compiled, Reachability::direct_edge>(flow_id);
  REQUIRE(direct);
  wide.interaction("1");
  wide.cloud.answer(200);
  CHECK(direct->transition<"MainMenu", "Verify">(interaction_id));
}

TEST_CASE("a flow that is deployed anew is met by every move, and by a check", "[static_flows][drift][A26]") {
  Fixture f;
  f.settings.flows = std::make_shared<FlowCache>(seconds{60});
  auto door = f.door();
  const auto flow = door.follow<Smaller>(flow_id);
  const auto pinned = door.follow<Smaller>(flow_id, FollowSettings().version("3"));
  REQUIRE(flow);
  REQUIRE(pinned);
  CHECK(flow->check().value().size() == flow->drift().size());
  CHECK(pinned->request<"MainMenu", "Verify">(interaction_id).flow_version() == "3");

  f.flow(R"({"id":"MainMenu","transitions":[{"targetId":"Verify"}]},{"id":"Verify"},{"id":"BillingInquiry"})", "4");
  f.clock.advance(seconds{61});
  const auto now = flow->check();
  REQUIRE(now);
  CHECK(now->to_string() == "missing transition Verify -> BillingInquiry\n");
  CHECK(code(flow->transition<"MainMenu", "BillingInquiry">(interaction_id)) == ErrorCode::not_reachable);
  CHECK(flow->version() == "3");  // the start's

  CHECK(code(door.follow<Smaller>(flow_id, FollowSettings().version("9"))) == ErrorCode::stale_state);
  CHECK(code(door.follow<Smaller>("../etc")) == ErrorCode::invalid_argument);
  f.cloud.when(Method::get, "/api/v2/flows/none", 404);
  CHECK(code(door.follow<Smaller>("none")) == ErrorCode::not_found);
}
