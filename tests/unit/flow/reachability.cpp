// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

#include <patchbay/flow/reachability.hpp>

#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>
#include <random>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include <patchbay/flow/detail/shortest_way.hpp>
#include <patchbay/flow/flow_graph.hpp>
#include <patchbay/flow/reachability_index.hpp>
#include <patchbay/http.hpp>
#include <patchbay/json/read.hpp>

#include "numbered_graph.hpp"
#include "support/catch.hpp"

using namespace patchbay;

// Counts every allocation of this binary, for the cases that must have none, and lets memory run out behind some number
// of them. Not inlined, or GCC compares a free() here with the operator there and warns.
static std::size_t allocations = 0;
static std::size_t allocations_left = static_cast<std::size_t>(-1);

[[gnu::noinline]] void* operator new(std::size_t size) {
  ++allocations;
  if (allocations_left-- == 0) {
    ++allocations_left;
    throw std::bad_alloc();
  }
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  ++allocations;
  return std::malloc(size);
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace {

using GraphPtr = std::shared_ptr<const FlowGraph>;

GraphPtr parsed(std::string_view text) {
  JsonReader reader;
  auto graph = FlowGraph::parse(text, reader);
  if (!graph) FAIL(graph.error().message());
  return std::make_shared<const FlowGraph>(std::move(*graph));
}

const std::string_view menu = R"({"id":"billing","version":3,"nodes":[
  {"id":"MainMenu","transitions":[{"targetId":"BillingInquiry","condition":"input == 1"},{"targetId":"Support"},{"targetId":"Gone"}]},
  {"id":"BillingInquiry","transitions":[{"targetId":"Payment","condition":"verified"},{"targetId":"MainMenu","condition":"back"}]},
  {"id":"Support","transitions":[{"targetId":"Agent"}]},
  {"id":"Agent"},
  {"id":"Payment","transitions":[{"targetId":"Payment","condition":"again"}]},
  {"id":"Orphan","transitions":[{"targetId":"MainMenu"}]}]})";

/// The way as text, or the code of the error in its place.
std::string way(const GraphPtr& graph, std::string_view from, std::string_view to, Reachability reachability = Reachability::path,
                const EdgePredicate& predicate = {}) {
  RouteScratch scratch;
  const auto path = route(graph, from, to, reachability, predicate, scratch);
  return path ? path->to_string() : std::string(to_string(path.error().code()));
}

/// Nodes 0 to n-1 with the given edges; a target of n or more is no node.
std::string flow_text(std::size_t nodes, const std::vector<std::vector<std::size_t>>& edges) {
  std::string text = R"({"id":"f","nodes":[)";
  for (std::size_t i = 0; i < nodes; ++i) {
    text += (i ? ",{\"id\":\"" : "{\"id\":\"") + std::to_string(i) + "\",\"transitions\":[";
    for (std::size_t k = 0; k < edges[i].size(); ++k) text += (k ? ",{\"targetId\":\"" : "{\"targetId\":\"") + std::to_string(edges[i][k]) + "\"}";
    text += "]}";
  }
  return text + "]}";
}

}  // namespace

TEST_CASE("a path is the shortest way, conditions ignored", "[reachability]") {
  const GraphPtr graph = parsed(menu);
  CHECK(way(graph, "MainMenu", "BillingInquiry") == "MainMenu -> BillingInquiry");
  CHECK(way(graph, "MainMenu", "Payment") == "MainMenu -> BillingInquiry -> Payment");
  CHECK(way(graph, "Orphan", "Agent") == "Orphan -> MainMenu -> Support -> Agent");
  CHECK(way(graph, "Agent", "MainMenu") == "not_reachable");
  CHECK(way(graph, "MainMenu", "Orphan") == "not_reachable");
}

TEST_CASE("a move of a node to itself needs a cycle", "[reachability]") {
  const GraphPtr graph = parsed(menu);
  CHECK(way(graph, "MainMenu", "MainMenu") == "MainMenu -> BillingInquiry -> MainMenu");
  CHECK(way(graph, "Payment", "Payment") == "Payment -> Payment");
  CHECK(way(graph, "Agent", "Agent") == "not_reachable");
  CHECK(way(graph, "Orphan", "Orphan") == "not_reachable");
  CHECK(way(graph, "Payment", "Payment", Reachability::direct_edge) == "Payment -> Payment");
  CHECK(way(graph, "MainMenu", "MainMenu", Reachability::direct_edge) == "not_reachable");
}

TEST_CASE("a node that the flow does not have is named", "[reachability]") {
  const GraphPtr graph = parsed(menu);
  RouteScratch scratch;
  const auto from = route(graph, "Nowhere\x1b", "Agent", Reachability::path, {}, scratch);
  REQUIRE_FALSE(from.has_value());
  CHECK(from.error().code() == ErrorCode::unknown_node);
  CHECK(from.error().message() == R"(flow "billing" version "3" has no node "Nowhere\x1B")");
  const auto to = route(graph, "Agent", "Gone", Reachability::path, {}, scratch);  // mentioned, but not defined
  REQUIRE_FALSE(to.has_value());
  CHECK(to.error().code() == ErrorCode::unknown_node);
  CHECK(to.error().message() == R"(flow "billing" version "3" has no node "Gone")");
  CHECK(way(graph, "", "Agent") == "unknown_node");
}

TEST_CASE("a way that the flow does not allow is named", "[reachability]") {
  const GraphPtr graph = parsed(menu);
  RouteScratch scratch;
  const auto message = [&](Reachability reachability) {
    const auto path = route(graph, "Agent", "Payment", reachability, {}, scratch);
    REQUIRE_FALSE(path.has_value());
    REQUIRE(path.error().code() == ErrorCode::not_reachable);
    return path.error().message();
  };
  const std::string start = R"(flow "billing" version "3" allows no move from "Agent" to "Payment")";
  CHECK(message(Reachability::path) == start + ": no way leads there");
  CHECK(message(Reachability::direct_edge) == start + " by one transition");
  CHECK(message(Reachability::conditional) == start + " under the conditions as they are now");
}

TEST_CASE("a direct edge is one transition and no more", "[reachability]") {
  const GraphPtr graph = parsed(menu);
  CHECK(way(graph, "MainMenu", "BillingInquiry", Reachability::direct_edge) == "MainMenu -> BillingInquiry");
  CHECK(way(graph, "MainMenu", "Payment", Reachability::direct_edge) == "not_reachable");
  CHECK(way(graph, "BillingInquiry", "MainMenu", Reachability::direct_edge) == "BillingInquiry -> MainMenu");
}

TEST_CASE("a condition counts only if the client's predicate accepts it", "[reachability]") {
  const GraphPtr graph = parsed(menu);
  const auto only = [](std::set<std::string> accepted) -> EdgePredicate {
    return [accepted = std::move(accepted)](const ConditionalEdge& edge) { return accepted.count(std::string(edge.condition)) != 0; };
  };
  CHECK(way(graph, "MainMenu", "Agent", Reachability::conditional) == "MainMenu -> Support -> Agent");
  CHECK(way(graph, "MainMenu", "BillingInquiry", Reachability::conditional) == "not_reachable");
  CHECK(way(graph, "MainMenu", "BillingInquiry", Reachability::conditional, only({"input == 1"})) == "MainMenu -> BillingInquiry");
  CHECK(way(graph, "MainMenu", "Payment", Reachability::conditional, only({"input == 1"})) == "not_reachable");
  CHECK(way(graph, "MainMenu", "Payment", Reachability::conditional, only({"input == 1", "verified"})) ==
        "MainMenu -> BillingInquiry -> Payment");
  CHECK(way(graph, "Payment", "Payment", Reachability::conditional, only({"verified"})) == "not_reachable");
}

TEST_CASE("a predicate sees the whole transition, once, and only where a condition is", "[reachability]") {
  const GraphPtr graph = parsed(menu);
  std::multiset<std::string> seen;
  const EdgePredicate watch = [&](const ConditionalEdge& edge) {
    seen.insert(std::string(edge.from) + ">" + std::string(edge.to) + "?" + std::string(edge.condition));
    return true;
  };
  CHECK(way(graph, "MainMenu", "Orphan", Reachability::conditional, watch) == "not_reachable");
  CHECK(seen == std::multiset<std::string>{"MainMenu>BillingInquiry?input == 1", "BillingInquiry>Payment?verified"});
  seen.clear();
  CHECK(way(graph, "MainMenu", "Payment", Reachability::path, watch) == "MainMenu -> BillingInquiry -> Payment");
  CHECK(way(graph, "MainMenu", "BillingInquiry", Reachability::direct_edge, watch) == "MainMenu -> BillingInquiry");
  CHECK(seen.empty());
}

TEST_CASE("of parallel transitions one that is accepted is enough", "[reachability]") {
  const GraphPtr graph = parsed(R"({"nodes":[{"id":"a","transitions":[{"targetId":"b","condition":"no"},{"targetId":"b","condition":"yes"}]},{"id":"b"}]})");
  CHECK(way(graph, "a", "b", Reachability::conditional, [](const ConditionalEdge& edge) { return edge.condition == "yes"; }) == "a -> b");
}

#ifdef __cpp_exceptions
TEST_CASE("a predicate that throws fails the query and no more", "[reachability]") {
  const GraphPtr graph = parsed(menu);
  RouteScratch scratch;
  const auto known = route(graph, "MainMenu", "Payment", Reachability::conditional,
                           [](const ConditionalEdge&) -> bool { throw std::runtime_error("no rule engine"); }, scratch);
  REQUIRE_FALSE(known.has_value());
  CHECK(known.error().code() == ErrorCode::internal);
  CHECK(known.error().message() == "searching the flow failed: no rule engine");
  const auto unknown =
      route(graph, "MainMenu", "Payment", Reachability::conditional, [](const ConditionalEdge&) -> bool { throw 5; }, scratch);
  REQUIRE_FALSE(unknown.has_value());
  CHECK(unknown.error().code() == ErrorCode::internal);
  const auto after = route(graph, "MainMenu", "Payment", Reachability::path, {}, scratch);
  REQUIRE(after.has_value());
  CHECK(after->size() == 3);
}
#endif

TEST_CASE("a path is a range of names and outlives the caller's graph", "[reachability]") {
  GraphPtr graph = parsed(menu);
  RouteScratch scratch;
  const FlowPath path = *route(graph, "Orphan", "Agent", Reachability::path, {}, scratch);
  graph.reset();
  CHECK(path.size() == 4);
  CHECK_FALSE(path.empty());
  CHECK(path.front() == "Orphan");
  CHECK(path.back() == "Agent");
  CHECK(path[1] == "MainMenu");
  CHECK(std::vector<std::string_view>(path.begin(), path.end()) == std::vector<std::string_view>{"Orphan", "MainMenu", "Support", "Agent"});
  STATIC_REQUIRE(std::forward_iterator<FlowPath::Iterator>);
  const FlowPath none;
  CHECK(none.empty());
  CHECK((none.begin() == none.end()));
  CHECK(none.to_string().empty());
}

TEST_CASE("paths around the size that needs no memory are whole", "[reachability]") {
  std::vector<std::vector<std::size_t>> chain(40);
  for (std::size_t i = 0; i + 1 < chain.size(); ++i) chain[i].push_back(i + 1);
  const GraphPtr graph = parsed(flow_text(chain.size(), chain));
  RouteScratch scratch;
  for (const std::size_t last : {1u, 14u, 15u, 16u, 17u, 39u}) {
    auto path = *route(graph, "0", std::to_string(last), Reachability::path, {}, scratch);
    const FlowPath copy = path;
    const FlowPath moved = std::move(path);
    for (const FlowPath* each : {&copy, &moved}) {
      REQUIRE(each->size() == last + 1);
      for (std::size_t i = 0; i <= last; ++i) REQUIRE((*each)[i] == std::to_string(i));
    }
  }
}

TEST_CASE("a warm search allocates nothing", "[reachability]") {
  std::vector<std::vector<std::size_t>> chain(17);
  for (std::size_t i = 0; i + 1 < chain.size(); ++i) chain[i].push_back(i + 1);
  const GraphPtr graph = parsed(flow_text(chain.size(), chain));
  const EdgePredicate none;
  RouteScratch scratch;
  REQUIRE(route(graph, "0", "16", Reachability::path, none, scratch).has_value());
  const std::size_t before = allocations;
  bool all = true;
  for (const auto each : {Reachability::path, Reachability::conditional}) {
    const auto path = route(graph, "1", "16", each, none, scratch);  // 16 nodes
    all = all && path && path->size() == 16;
  }
  all = all && route(graph, "3", "4", Reachability::direct_edge, none, scratch).has_value();
  const std::size_t after = allocations;
  CHECK(all);
  CHECK(after - before == 0);
  const auto longer = route(graph, "0", "16", Reachability::path, none, scratch);
  CHECK(longer.has_value());
  CHECK(allocations - after > 0);  // the counter counts
}

TEST_CASE("reachability is spelled as on the command line", "[reachability]") {
  for (const auto each : {Reachability::path, Reachability::direct_edge, Reachability::conditional})
    CHECK(parse_reachability(to_string(each)) == each);
  CHECK(parse_reachability("direct") == Reachability::direct_edge);
  CHECK_FALSE(parse_reachability("Path").has_value());
  CHECK_FALSE(parse_reachability("").has_value());
}

TEST_CASE("on random graphs every answer agrees with a naive closure, and every path with its graph", "[reachability][property]") {
  std::mt19937 random(20260101);
  RouteScratch scratch;  // one for all: what an earlier search left must not show
  const EdgePredicate accept_all = [](const ConditionalEdge&) { return true; };
  for (int round = 0; round < 2000; ++round) {
    const std::size_t nodes = 1 + random() % 9;
    std::vector<std::vector<std::size_t>> edges(nodes);
    for (auto& out : edges)
      for (std::size_t left = random() % 4; left != 0; --left) out.push_back(random() % (nodes + 2));  // some lead nowhere
    // Steps from i to j by at least one edge, by relaxation until nothing changes.
    constexpr std::size_t far = 1000;
    std::vector<std::vector<std::size_t>> steps(nodes, std::vector<std::size_t>(nodes, far));
    for (std::size_t i = 0; i < nodes; ++i)
      for (const std::size_t j : edges[i])
        if (j < nodes) steps[i][j] = 1;
    for (bool changed = true; changed;) {
      changed = false;
      for (std::size_t i = 0; i < nodes; ++i)
        for (std::size_t k = 0; k < nodes; ++k)
          for (std::size_t j = 0; j < nodes; ++j)
            if (steps[i][k] + steps[k][j] < steps[i][j]) steps[i][j] = steps[i][k] + steps[k][j], changed = true;
    }
    const GraphPtr graph = parsed(flow_text(nodes, edges));
    for (std::size_t i = 0; i < nodes; ++i) {
      for (std::size_t j = 0; j < nodes; ++j) {
        const std::string from = std::to_string(i), to = std::to_string(j);
        const auto path = route(graph, from, to, Reachability::path, {}, scratch);
        REQUIRE(path.has_value() == (steps[i][j] != far));
        REQUIRE(route(graph, from, to, Reachability::conditional, accept_all, scratch).has_value() == path.has_value());
        REQUIRE(route(graph, from, to, Reachability::direct_edge, {}, scratch).has_value() == (steps[i][j] == 1));
        if (!path) {
          REQUIRE(path.error().code() == ErrorCode::not_reachable);
          continue;
        }
        REQUIRE(path->size() == steps[i][j] + 1);
        REQUIRE(path->front() == from);
        REQUIRE(path->back() == to);
        for (std::size_t at = 0; at + 1 < path->size(); ++at) {
          bool is_edge = false;
          for (const FlowEdge& edge : graph->edges(path->index(at))) is_edge |= edge.target() == path->index(at + 1);
          REQUIRE(is_edge);
        }
      }
    }
  }
}

TEST_CASE("a search of 100,000 nodes takes linear time in every shape", "[reachability][scale]") {
  constexpr std::size_t nodes = 100'000;
  std::vector<std::vector<std::size_t>> chain(nodes), star(nodes), random_three(nodes);
  std::mt19937 random(7);
  for (std::size_t i = 0; i < nodes; ++i) {
    if (i + 1 < nodes) chain[i].push_back(i + 1), star[0].push_back(i + 1), star[i + 1].push_back(0);
    for (int k = 0; k < 3; ++k) random_three[i].push_back(random() % (nodes - 1));  // the last node is never a target
  }
  RouteScratch scratch;
  const auto span_of = [](auto&& work) {
    const auto begin = std::chrono::steady_clock::now();
    work();
    return std::chrono::steady_clock::now() - begin;
  };
  for (const auto& [name, edges, found] : {std::tuple{"chain", &chain, true}, {"star", &star, true}, {"random", &random_three, false}}) {
    CAPTURE(name);
    const std::string text = flow_text(nodes, *edges);
    GraphPtr graph;
    const auto parsing = span_of([&] { graph = parsed(text); });
    // Against the parsing of the same flow, which is linear, and the best of five: the machine may be busy.
    auto search = std::chrono::steady_clock::duration::max();
    for (int i = 0; i < 5; ++i)
      search = std::min(search, span_of([&] {
                          const auto path = route(graph, "0", std::to_string(nodes - 1), Reachability::path, {}, scratch);
                          CHECK(path.has_value() == found);
                        }));
    CHECK(search < parsing);  // a tenth or less of it; a queue that shifts takes seconds
  }
}

TEST_CASE("a question of a warm index allocates nothing", "[reachability][index]") {
  std::mt19937 random(12);
  tests::Targets targets(6000);  // no cycles, so that questions are left to the search
  for (std::uint32_t i = 0; i < 5990; ++i) targets[i] = {i + 1 + tests::draw(random, 5999 - i), i + 1 + tests::draw(random, 9)};
  const FlowGraph graph = tests::graph_of(targets);
  const ReachabilityIndex& index = graph.index();
  REQUIRE_FALSE(index.complete());
  RouteScratch scratch;
  std::vector<std::pair<NodeIndex, NodeIndex>> pairs(20'000);
  for (auto& [from, to] : pairs) from = tests::draw(random, 6000), to = tests::draw(random, 6000);
  std::size_t open = 0, yes = 0, ways = 0;
  const auto ask = [&] {
    open = yes = ways = 0;
    for (const auto& [from, to] : pairs) {
      if (index.settled(from, to)) continue;
      ++open;
      const bool reaches = index.reaches(from, to, scratch);
      yes += reaches;
      ways += detail::shortest_way(graph, index, from, to, scratch);
    }
  };
  ask();
  CHECK(open > 100);  // the search was asked
  CHECK(yes > 0);
  CHECK(yes == ways);
  const std::size_t before = allocations;
  ask();
  CHECK(allocations == before);
  CHECK(index.reached_from(graph, 3, scratch).size() > 1);
  CHECK(index.reaching(5000, scratch).size() > 1);
  CHECK(allocations == before);
}

TEST_CASE("a flow is loaded with few allocations, however many nodes it has", "[flow]") {
  std::mt19937 random(13);
  std::vector<std::vector<std::size_t>> targets(20'000);
  for (auto& out : targets) out = {tests::draw(random, 20'000), tests::draw(random, 20'000), tests::draw(random, 20'100)};
  const std::string text = flow_text(targets.size(), targets);
  JsonReader reader;
  Body body;
  body.assign(text);
  REQUIRE(FlowGraph::parse(body, reader).has_value());
  const std::size_t before = allocations;
  const auto graph = FlowGraph::parse(body, reader);
  CHECK(allocations - before < 40);
  CHECK(graph.has_value());
}

#ifdef __cpp_exceptions
TEST_CASE("memory that runs out while the index is built costs the index and not the flow", "[reachability][index][hostile]") {
  std::mt19937 random(14);
  for (const bool cyclic : {true, false}) {
    tests::Targets targets(5000);
    for (std::uint32_t i = 0; i + 1 < 5000; ++i) targets[i] = {cyclic ? tests::draw(random, 5000) : i + 1 + tests::draw(random, 4999 - i)};
    const FlowGraph loaded = tests::graph_of(targets);
    bool built = false;
    for (std::size_t most = 0; !built; ++most) {
      REQUIRE(most < 1000);
      const auto graph = std::make_shared<const FlowGraph>(loaded);
      RouteScratch scratch;
      const auto expected = route(graph, "0", "4998", Reachability::path, {}, scratch).has_value();
      allocations_left = most;
      graph->count_search(1'000'000);  // more than enough for an index
      allocations_left = static_cast<std::size_t>(-1);
      built = graph->index_if_built() != nullptr;
      REQUIRE(route(graph, "0", "4998", Reachability::path, {}, scratch).has_value() == expected);
      if (built) {
        CHECK(most > 3);
        continue;
      }
      allocations_left = most;
      bool thrown = false;
      try {
        static_cast<void>(graph->index());
      } catch (const std::bad_alloc&) {
        thrown = true;
      }
      allocations_left = static_cast<std::size_t>(-1);
      REQUIRE(thrown);
      graph->count_search(5000 * 8);  // by now more is wanted
      REQUIRE(graph->index_if_built() == nullptr);
      REQUIRE(graph->index().reaches(0, 4998, scratch) == expected);
      REQUIRE(route(graph, "0", "4998", Reachability::path, {}, scratch).has_value() == expected);
    }
  }
}
#endif
