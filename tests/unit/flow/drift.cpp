// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

#include <patchbay/flow/drift.hpp>

#include <algorithm>
#include <iterator>
#include <map>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include <patchbay/json/write.hpp>

#include "numbered_flow.hpp"
#include "support/catch.hpp"

using namespace patchbay;
using namespace patchbay::tests;

namespace {

struct Billing : StaticFlow<Edge<"MainMenu", "BillingInquiry">,             //
                            Edge<"MainMenu", "Support", "tier == 'gold'">,  //
                            Edge<"BillingInquiry", "Payment">,              //
                            Node<"Payment", "task">,                        //
                            Node<"Goodbye">> {};

using EdgeKey = std::tuple<std::string, std::string, std::string>;

/// A flow as sets, to compare by the plainest means there are.
struct Plain {
  std::map<std::string, std::string> nodes;  // to types
  std::set<EdgeKey> edges;

  [[nodiscard]] std::string definition(std::mt19937& random) const {
    std::vector<std::string> order;
    for (const auto& [name, type] : nodes) order.push_back(name);
    std::shuffle(order.begin(), order.end(), random);
    std::string out;
    JsonWriter json(out);
    json.begin_object().member("id", "f").key("nodes").begin_array();
    for (const std::string& name : order) {
      json.begin_object().member("id", name).member("type", nodes.at(name)).key("transitions").begin_array();
      for (const auto& [from, to, condition] : edges) {
        if (from != name) continue;
        for (int twice = random() % 5 == 0 ? 2 : 1; twice != 0; --twice)
          json.begin_object().member("targetId", to).member("condition", condition).end_object();
      }
      json.end_array().end_object();
    }
    json.end_array().end_object();
    return out;
  }
};

std::set<std::string> without(const Plain& a, const Plain& b) {
  std::set<std::string> out;
  for (const auto& [name, type] : a.nodes)
    if (!b.nodes.contains(name)) out.insert(name);
  return out;
}

std::set<std::string> sorted(const std::vector<std::string>& all) {
  const std::set<std::string> out(all.begin(), all.end());
  CHECK(out.size() == all.size());
  return out;
}

/// All that a drift says of edges: those that only the expected flow has, or only the deployed one.
std::set<EdgeKey> one_sided(const FlowDrift& found, bool expected) {
  std::set<EdgeKey> out;
  for (const DriftedEdge& each : expected ? found.missing_edges : found.added_edges) CHECK(out.insert({each.from, each.to, each.condition}).second);
  for (const DriftedCondition& each : found.changed_conditions)
    CHECK(out.insert({each.from, each.to, expected ? each.expected : each.deployed}).second);
  return out;
}

}  // namespace

TEST_CASE("a flow that is deployed as it was compiled has not drifted", "[drift]") {
  const auto graph = deployed<Billing>();
  const FlowDrift none = drift(Billing{}, *graph);
  CHECK(none.empty());
  CHECK_FALSE(none.breaking());
  CHECK(none.summary().empty());
  CHECK(none.to_string().empty());
  CHECK(drift(*graph, *graph).empty());
  CHECK(drift(NumberedFlow<7, 430, 500>{}, *deployed<NumberedFlow<7, 430, 500>>()).empty());
}

TEST_CASE("drift names every difference, the breaking ones first", "[drift]") {
  const auto graph = graph_of(R"({"id":"f","nodes":[{"id":"MainMenu","type":"menu","transitions":[{"targetId":"Support","condition":"tier == \"gold\""},
    {"targetId":"Agent\u202e"},{"targetId":"Retired"}]},{"id":"BillingInquiry","transitions":[{"targetId":"Payment","condition":"open"}]},
    {"id":"Payment","type":"menu"},{"id":"Support"},{"id":"Agent\u202e"}]})");
  const FlowDrift found = drift(Billing{}, *graph);
  CHECK(found.size() == 8);
  CHECK(found.to_string() == R"~(missing node Goodbye
missing transition MainMenu -> BillingInquiry
changed condition of MainMenu -> Support: expected "tier == 'gold'", deployed "tier == \"gold\""
changed condition of BillingInquiry -> Payment: expected none, deployed "open"
changed type of Payment: expected "task", deployed "menu"
added node "Agent\u{202E}"
added transition MainMenu -> "Agent\u{202E}"
added transition MainMenu -> Retired
)~");
  CHECK(found.summary() ==
        "1 missing node, 1 missing transition, 2 changed conditions, 1 changed type, 1 added node, 2 added transitions; the first: missing node Goodbye");
  CHECK(found.breaking());
  // Between graphs the types count that nobody gave as well.
  CHECK(drift(*deployed<Billing>(), *graph).changed_types.size() == 2);
}

TEST_CASE("what was added breaks nothing, and a changed condition only where conditions decide", "[drift]") {
  const auto added = graph_of(R"({"nodes":[{"id":"A","transitions":[{"targetId":"B"},{"targetId":"C"}]},{"id":"B"},{"id":"C"}]})");
  const FlowDrift more = drift(StaticFlow<Edge<"A", "B">>{}, *added);
  CHECK(more.size() == 2);
  CHECK_FALSE(more.breaking());
  const FlowDrift changed = drift(StaticFlow<Edge<"A", "B", "x">, Edge<"A", "C">>{}, *added);
  CHECK(changed.size() == 1);
  CHECK_FALSE(changed.breaking());
  CHECK_FALSE(changed.breaking(Reachability::direct_edge));
  CHECK(changed.breaking(Reachability::conditional));
}

TEST_CASE("a node that is deployed only as somebody's target is missing", "[drift]") {
  const auto graph = graph_of(R"({"nodes":[{"id":"A","transitions":[{"targetId":"B"}]}]})");
  CHECK(drift(StaticFlow<Edge<"A", "B">>{}, *graph).to_string() == "missing node B\n");
  CHECK(drift(StaticFlow<Node<"A">>{}, *graph).to_string() == "added transition A -> B\n");
  CHECK(drift(*graph, *graph).empty());
}

TEST_CASE("parallel transitions are compared by their conditions", "[drift]") {
  using Both = StaticFlow<Edge<"A", "B", "x">, Edge<"A", "B", "y">, Edge<"A", "B">>;
  const auto graph = graph_of(R"({"nodes":[{"id":"A","transitions":[{"targetId":"B","condition":"y"},{"targetId":"B","condition":"z"}]},{"id":"B"}]})");
  CHECK(drift(Both{}, *graph).to_string() == "missing transition A -> B if \"x\"\nchanged condition of A -> B: expected none, deployed \"z\"\n");
}

TEST_CASE("drift finds what two sets differ in, and the reverse the other way round", "[drift][property]") {
  std::mt19937 random(3);
  const auto name = [&] { return std::string(1, static_cast<char>('a' + random() % 12)); };
  const auto condition = [&] { return random() % 2 ? std::string() : std::string(1, static_cast<char>('0' + random() % 3)); };
  std::size_t equal = 0, changed = 0, missing = 0;
  for (int round = 0; round < 2000; ++round) {
    Plain a;
    for (auto i = random() % 10; i != 0; --i) a.nodes[name()] = condition();
    if (!a.nodes.empty())
      for (auto i = random() % 16; i != 0; --i) a.edges.insert({std::next(a.nodes.begin(), static_cast<long>(random() % a.nodes.size()))->first, name(), condition()});
    Plain b = a;
    for (auto i = random() % 4; i != 0; --i) {
      switch (random() % 5) {
        case 4:
          if (!b.edges.empty()) {
            auto [from, to, was] = *std::next(b.edges.begin(), static_cast<long>(random() % b.edges.size()));
            b.edges.erase({from, to, was});
            b.edges.insert({from, to, was + "!"});
          }
          break;
        case 0: b.nodes[name()] = condition(); break;
        case 1: b.nodes.erase(name()); break;
        case 2:
          if (!b.edges.empty()) b.edges.erase(b.edges.begin());
          break;
        case 3:
          if (!b.nodes.empty()) b.edges.insert({b.nodes.rbegin()->first, name(), condition()});
          break;
      }
    }
    std::erase_if(b.edges, [&](const EdgeKey& edge) { return !b.nodes.contains(std::get<0>(edge)); });
    const auto left = graph_of(a.definition(random)), right = graph_of(b.definition(random));
    const FlowDrift there = drift(*left, *right), back = drift(*right, *left);
    REQUIRE(there.empty() == (a.nodes == b.nodes && a.edges == b.edges));
    REQUIRE(sorted(there.missing_nodes) == without(a, b));
    REQUIRE(sorted(there.added_nodes) == without(b, a));
    std::set<EdgeKey> only_a, only_b;
    std::set_difference(a.edges.begin(), a.edges.end(), b.edges.begin(), b.edges.end(), std::inserter(only_a, only_a.end()));
    std::set_difference(b.edges.begin(), b.edges.end(), a.edges.begin(), a.edges.end(), std::inserter(only_b, only_b.end()));
    REQUIRE(one_sided(there, true) == only_a);
    REQUIRE(one_sided(there, false) == only_b);
    for (const DriftedEdge& each : there.missing_edges)
      for (const DriftedEdge& other : there.added_edges) REQUIRE((each.from != other.from || each.to != other.to));
    REQUIRE(one_sided(back, true) == only_b);
    REQUIRE(sorted(back.missing_nodes) == sorted(there.added_nodes));
    REQUIRE(back.changed_conditions.size() == there.changed_conditions.size());
    REQUIRE(back.changed_types.size() == there.changed_types.size());
    equal += there.empty();
    changed += there.changed_conditions.size();
    missing += there.missing_edges.size();
  }
  CHECK(equal > 100);
  CHECK(changed > 100);
  CHECK(missing > 100);
}
