// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

#include <patchbay/flow/reachability_index.hpp>

#include <algorithm>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <patchbay/flow/detail/shortest_way.hpp>
#include <patchbay/flow/flow_graph.hpp>
#include <patchbay/flow/reachability.hpp>

#include "numbered_graph.hpp"
#include "support/catch.hpp"

using namespace patchbay;
using namespace patchbay::tests;

namespace {

constexpr std::size_t most = 512;
using Row = std::bitset<most>;

/// Which nodes at least one transition and then any lead to, from each, by relaxation until nothing changes.
std::vector<Row> closure_of(const Targets& targets) {
  std::vector<Row> rows(targets.size());
  for (std::size_t i = 0; i < targets.size(); ++i)
    for (const std::uint32_t target : targets[i])
      if (target < targets.size()) rows[i].set(target);
  for (bool changed = true; changed;) {
    changed = false;
    for (Row& row : rows) {
      Row wider = row;
      for (std::size_t k = 0; k < rows.size(); ++k)
        if (row.test(k)) wider |= rows[k];
      changed = changed || wider != row;
      row = wider;
    }
  }
  return rows;
}

/// The nodes of the shortest way, of several the one whose transitions come first; none when there is no way.
std::vector<NodeIndex> way_of(const Targets& targets, std::uint32_t from, std::uint32_t to) {
  const auto nodes = static_cast<std::uint32_t>(targets.size());
  std::vector<std::uint32_t> parent(nodes, nodes), queue{from};
  for (std::size_t head = 0; head < queue.size(); ++head) {
    for (const std::uint32_t next : targets[queue[head]]) {
      if (next >= nodes || parent[next] != nodes) continue;
      parent[next] = queue[head];
      queue.push_back(next);
      if (next != to) continue;
      std::vector<NodeIndex> way{to};
      do way.push_back(parent[way.back()]);
      while (way.back() != from);
      std::reverse(way.begin(), way.end());
      return way;
    }
  }
  return {};
}

/// Every question about every pair, with a bit for each pair and without, and every enumeration and way.
void check_all(const Targets& targets, RouteScratch& scratch) {
  const FlowGraph graph = graph_of(targets);
  const std::vector<Row> expected = closure_of(targets);
  const auto count = static_cast<std::uint32_t>(targets.size());
  const ReachabilityIndex with_pairs(graph), without_pairs(graph, 0);
  REQUIRE(with_pairs.complete());
  std::size_t wrong = 0;
  for (const ReachabilityIndex* const index : {&with_pairs, &without_pairs}) {
    for (std::uint32_t i = 0; i < count; ++i) {
      for (std::uint32_t j = 0; j < count; ++j) {
        wrong += index->reaches(i, j, scratch) != expected[i].test(j);
        const auto settled = index->settled(i, j);
        wrong += settled ? *settled != expected[i].test(j) : index->complete();
        wrong += index->direct(i, j) != (std::find(targets[i].begin(), targets[i].end(), j) != targets[i].end());
        wrong += (index->component(i) == index->component(j)) != (i == j || (expected[i].test(j) && expected[j].test(i)));
      }
      wrong += index->on_cycle(i) != expected[i].test(i);
      Row from, to;
      std::size_t found = 0;
      for (const NodeIndex node : index->reached_from(graph, i, scratch)) from.set(node), ++found;
      wrong += from != expected[i] || found != expected[i].count();
      found = 0;
      for (const NodeIndex node : index->reaching(i, scratch)) to.set(node), ++found;
      for (std::uint32_t j = 0; j < count; ++j) wrong += to.test(j) != expected[j].test(i);
      wrong += found != to.count();
    }
  }
  REQUIRE(wrong == 0);
  for (std::uint32_t i = 0; i < count; i += 1 + count / 40) {
    for (std::uint32_t j = 0; j < count; ++j) {
      const std::vector<NodeIndex> way = way_of(targets, i, j);
      for (const ReachabilityIndex* const index : {&with_pairs, &without_pairs}) {
        const bool found = detail::shortest_way(graph, *index, i, j, scratch);
        wrong += found == way.empty();
        if (found) wrong += !std::equal(way.begin(), way.end(), scratch.path().rbegin(), scratch.path().rend());
      }
    }
  }
  REQUIRE(wrong == 0);
}

}  // namespace

TEST_CASE("the index agrees with a naive closure on random graphs of every density", "[reachability][index][property][A25]") {
  std::mt19937 random(20260102);
  RouteScratch scratch;  // one for all: what an earlier search left must not show
  for (int round = 0; round < 2000; ++round) {
    const std::uint32_t nodes = 1 + draw(random, round % 10 == 0 ? 40u : 12u);
    const std::uint32_t most_out = 1 + draw(random, 2 * nodes);
    Targets targets(nodes);
    const bool forward_only = draw(random, 3) == 0;
    for (std::uint32_t i = 0; i < nodes; ++i)
      for (std::uint32_t left = draw(random, round % 3 == 0 ? most_out : 4u); left != 0; --left)
        targets[i].push_back(forward_only ? i + 1 + draw(random, nodes) : draw(random, nodes + 2));  // some lead nowhere
    check_all(targets, scratch);
  }
}

TEST_CASE("the index agrees with a naive closure on graphs of every shape", "[reachability][index][property][A25]") {
  std::mt19937 random(20260103);
  RouteScratch scratch;
  for (const std::uint32_t nodes : {1u, 2u, 3u, 63u, 64u, 65u, 150u}) {
    for (const auto& [name, targets] : shapes(nodes, random)) {
      CAPTURE(name, nodes);
      check_all(targets, scratch);
    }
  }
}

TEST_CASE("numbers of components fall along every way", "[reachability][index]") {
  std::mt19937 random(5);
  Targets targets(400);
  for (auto& out : targets) out = {draw(random, 400u), draw(random, 400u)};
  const FlowGraph graph = graph_of(targets);
  const ReachabilityIndex& index = graph.index();
  for (NodeIndex i = 0; i < graph.node_count(); ++i)
    for (const NodeIndex source : index.sources(i)) REQUIRE(index.component(source) >= index.component(i));
  CHECK(index.component_count() < 400);
}

TEST_CASE("sources are the transitions turned around", "[reachability][index]") {
  const FlowGraph graph = graph_of({{1, 1, 2, 9}, {1, 0}, {0}});  // one parallel, one to itself, one that leads nowhere
  const ReachabilityIndex& index = graph.index();
  const auto sources = [&](NodeIndex node) {
    const auto found = index.sources(node);
    return std::vector<NodeIndex>(found.begin(), found.end());
  };
  CHECK(sources(0) == std::vector<NodeIndex>{1, 2});
  CHECK(sources(1) == std::vector<NodeIndex>{0, 0, 1});
  CHECK(sources(2) == std::vector<NodeIndex>{0});
}

TEST_CASE("a flow without nodes or without ways has an index, too", "[reachability][index]") {
  RouteScratch scratch;
  const FlowGraph empty = graph_of(Targets());
  CHECK(empty.index().component_count() == 0);
  CHECK(empty.index().complete());
  const FlowGraph apart = graph_of(Targets(5000));  // too many components for a bit for each pair
  CHECK(apart.index().complete());
  CHECK_FALSE(apart.index().reaches(1, 4000, scratch));
  CHECK_FALSE(apart.index().reaches(4000, 1, scratch));
  CHECK_FALSE(apart.index().reaches(7, 7, scratch));
}

TEST_CASE("a graph builds its index when enough was searched, and takes it along", "[reachability][index]") {
  std::mt19937 random(11);
  Targets targets(1000);
  for (auto& out : targets) out = {draw(random, 1000u), draw(random, 1000u)};
  const auto graph = std::make_shared<const FlowGraph>(graph_of(targets));
  CHECK(graph->index_if_built() == nullptr);
  RouteScratch scratch;
  const auto ask = [&](NodeIndex from, NodeIndex to) {
    const auto path = route(graph, graph->name(from), graph->name(to), Reachability::path, {}, scratch);
    REQUIRE(path.has_value() == !way_of(targets, from, to).empty());
    if (!path) return;
    std::vector<NodeIndex> nodes;
    for (std::size_t i = 0; i < path->size(); ++i) nodes.push_back(path->index(i));
    REQUIRE(nodes == way_of(targets, from, to));
  };
  ask(1, 2);
  CHECK(graph->index_if_built() == nullptr);  // one question is not worth it
  int questions = 1;
  for (; questions < 1000 && graph->index_if_built() == nullptr; ++questions) ask(draw(random, 1000u), draw(random, 1000u));
  CHECK(questions > 4);
  CHECK(questions < 100);
  for (int i = 0; i < 1000; ++i) ask(draw(random, 1000u), draw(random, 1000u));
  for (NodeIndex i = 0; i < 50; ++i) ask(i, i);

  FlowGraph copy = *graph;
  CHECK(copy.index_if_built() == nullptr);  // of its own, in its own time
  const ReachabilityIndex* const built = &copy.index();
  const FlowGraph moved = std::move(copy);
  CHECK(moved.index_if_built() == built);
  CHECK(&moved.index() == built);
  FlowGraph assigned = graph_of({{1}, {}});
  CHECK(assigned.index().reaches(0, 1, scratch));
  assigned = *graph;
  CHECK(assigned.index_if_built() == nullptr);
  CHECK(assigned.index().component_count() == built->component_count());
}

TEST_CASE("a small flow is searched, whatever is asked of it", "[reachability][index]") {
  Targets targets(64);
  for (std::uint32_t i = 0; i < 64; ++i) targets[i] = {(i + 1) % 64};
  const auto graph = std::make_shared<const FlowGraph>(graph_of(targets));
  RouteScratch scratch;
  for (int i = 0; i < 2000; ++i) REQUIRE(route(graph, "5", "4", Reachability::path, {}, scratch)->size() == 64);
  CHECK(graph->index_if_built() == nullptr);
  CHECK(graph->index().reaches(5, 4, scratch));  // but may be asked
  CHECK(route(graph, "5", "4", Reachability::path, {}, scratch)->size() == 64);
}

TEST_CASE("a node with many transitions is asked for one of them by the index", "[reachability][index]") {
  Targets targets(5000);
  for (std::uint32_t i = 1; i < 5000; i += 2) targets[0].push_back(i);
  const auto graph = std::make_shared<const FlowGraph>(graph_of(targets));
  RouteScratch scratch;
  const auto ask = [&] {
    for (const std::uint32_t to : {1u, 2u, 4998u, 4999u, 0u})
      REQUIRE(route(graph, "0", graph->name(to), Reachability::direct_edge, {}, scratch).has_value() == (to % 2 == 1));
  };
  ask();
  CHECK(graph->index_if_built() == nullptr);
  for (int i = 0; i < 500; ++i) ask();
  CHECK(graph->index_if_built() != nullptr);
  ask();
}

TEST_CASE("an index takes the memory that it says", "[reachability][index]") {
  std::mt19937 random(3);
  Targets cyclic(20'000), falling(20'000);
  for (std::uint32_t i = 0; i < 20'000; ++i) {
    for (int k = 0; k < 3; ++k) {
      cyclic[i].push_back(draw(random, 20'000u));
      if (i + 1 < 20'000) falling[i].push_back(i + 1 + draw(random, 20'000u - i - 1));
    }
  }
  const FlowGraph with_cycles = graph_of(cyclic), without = graph_of(falling);
  const auto expected = [](const FlowGraph& graph) { return 8 * graph.node_count() + 4 * graph.edge_count(); };
  const std::size_t bits = 32'768 + 8 * (with_cycles.node_count() + with_cycles.edge_count());
  CHECK(with_cycles.index().complete());
  CHECK(with_cycles.index().memory() >= expected(with_cycles));
  CHECK(with_cycles.index().memory() <= expected(with_cycles) + bits + 64);
  CHECK_FALSE(without.index().complete());
  CHECK(without.index().memory() <= expected(without) + 56 * without.node_count() + 8 * without.edge_count() + 64);
}

TEST_CASE("a million nodes in a row, and many around and about one, are indexed without trouble", "[reachability][index][scale][A27]") {
  RouteScratch scratch;
  {
#if defined(__OPTIMIZE__)
    constexpr std::uint32_t nodes = 1'000'000;
#else
    constexpr std::uint32_t nodes = 200'000;  // a million take a minute where every access is checked
#endif
    const FlowGraph chain = graph_of(nodes, [](std::uint32_t i) { return i + 1; });
    const ReachabilityIndex& index = chain.index();
    CHECK(index.component_count() == nodes);
    CHECK(index.reaches(0, nodes - 1, scratch));
    CHECK_FALSE(index.reaches(nodes - 1, 0, scratch));
    CHECK_FALSE(index.reaches(17, 17, scratch));
    CHECK(index.settled(3, nodes - 2) == true);
    CHECK(index.reaching(1000, scratch).size() == 1000);
    REQUIRE(detail::shortest_way(chain, index, 0, nodes - 1, scratch));
    CHECK(scratch.path().size() == nodes);
  }
  constexpr std::uint32_t nodes = 100'000;
  {
    const FlowGraph cycle = graph_of(nodes, [](std::uint32_t i) { return (i + 1) % nodes; });
    const ReachabilityIndex& index = cycle.index();
    CHECK(index.component_count() == 1);
    CHECK(index.reaches(17, 17, scratch));
    CHECK(index.reaches(nodes - 1, 0, scratch));
    REQUIRE(detail::shortest_way(cycle, index, 5, 4, scratch));
    CHECK(scratch.path().size() == nodes);
  }
  {
    Targets targets(nodes, {0});
    targets[0].clear();
    for (std::uint32_t i = 1; i < nodes; i += 2) targets[0].push_back(i);
    const FlowGraph star = graph_of(targets);
    const ReachabilityIndex& index = star.index();
    CHECK(index.reaches(2, 1, scratch));
    CHECK_FALSE(index.reaches(1, 2, scratch));
    CHECK(index.reaches(0, 0, scratch));
    CHECK(index.direct(0, 1));
    CHECK_FALSE(index.direct(0, 2));
    CHECK(index.sources(0).size() == nodes - 1);
  }
}
