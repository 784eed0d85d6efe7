// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

#include <patchbay/flow/reachability_index.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <random>
#include <thread>
#include <vector>

#include <patchbay/flow/detail/shortest_way.hpp>
#include <patchbay/flow/flow_graph.hpp>
#include <patchbay/flow/reachability.hpp>

#include "numbered_graph.hpp"
#include "support/catch.hpp"

using namespace patchbay;
using namespace patchbay::tests;

namespace {

Targets some_targets() {
  std::mt19937 random(21);
  Targets targets(1500);
  for (std::uint32_t i = 0; i < 1500; ++i) targets[i] = {draw(random, 1500), i + 1, draw(random, 1500)};
  return targets;
}

/// Runs `work(number of the thread)` in four threads that begin together.
template <class Work>
void together(Work&& work) {
  std::atomic<int> ready{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      ++ready;
      while (ready.load() < 4) std::this_thread::yield();
      work(i);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace

TEST_CASE("threads that ask for the index at once share one", "[reachability][index]") {
  const Targets targets = some_targets();
  for (int round = 0; round < 20; ++round) {
    const FlowGraph graph = graph_of(targets);
    std::atomic<const ReachabilityIndex*> seen[4] = {};
    together([&](int i) { seen[i] = &graph.index(); });
    for (const auto& each : seen) REQUIRE(each.load() == graph.index_if_built());
  }
}

TEST_CASE("threads share a graph whose index appears among them, and outlive its owner", "[reachability][index]") {
  const Targets targets = some_targets();
  for (int round = 0; round < 5; ++round) {
    auto graph = std::make_shared<const FlowGraph>(graph_of(targets));
    RouteScratch first;
    std::vector<std::size_t> expected;
    std::mt19937 draws(22);
    std::vector<std::pair<NodeIndex, NodeIndex>> pairs(200);
    for (auto& [from, to] : pairs) from = draw(draws, 1500), to = draw(draws, 1500);
    const FlowGraph alone = graph_of(targets);
    for (const auto& [from, to] : pairs)
      expected.push_back(detail::shortest_way(alone, alone.index(), from, to, first) ? first.path().size() : 0);
    std::atomic<int> wrong{0};
    std::vector<std::shared_ptr<const FlowGraph>> held(4, graph);
    std::weak_ptr<const FlowGraph> watched = graph;
    graph.reset();
    together([&](int i) {
      const std::shared_ptr<const FlowGraph> mine = std::move(held[static_cast<std::size_t>(i)]);
      RouteScratch scratch;
      for (std::size_t k = 0; k < pairs.size(); ++k) {
        const auto& [from, to] = pairs[(k + static_cast<std::size_t>(i) * 50) % pairs.size()];
        const auto path = route(mine, mine->name(from), mine->name(to), Reachability::path, {}, scratch);
        if ((path ? path->size() : 0) != expected[(k + static_cast<std::size_t>(i) * 50) % pairs.size()]) ++wrong;
      }
      if (mine->index_if_built() == nullptr) ++wrong;
    });
    REQUIRE(wrong.load() == 0);
    REQUIRE(watched.expired());
  }
}
