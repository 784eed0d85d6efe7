// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <patchbay/flow/flow_graph.hpp>
#include <patchbay/json/read.hpp>

#include "support/catch.hpp"

namespace patchbay::tests {

/// Of each node, the numbers of those to which its transitions lead; a number that is no node leads nowhere.
using Targets = std::vector<std::vector<std::uint32_t>>;

/// Less than `below`, which is not 0.
inline std::uint32_t draw(std::mt19937& random, std::uint32_t below) { return static_cast<std::uint32_t>(random()) % below; }

/// A flow whose `nodes` nodes are called by their numbers; `transitions(i, add)` calls `add(target)` for each of node i.
template <class Transitions>
FlowGraph numbered_graph(std::size_t nodes, Transitions&& transitions) {
  std::string text = R"({"id":"f","version":1,"nodes":[)";
  for (std::size_t i = 0; i < nodes; ++i) {
    text.append(i ? ",{\"id\":\"" : "{\"id\":\"").append(std::to_string(i)).append("\",\"transitions\":[");
    bool first = true;
    transitions(i, [&](std::uint32_t target) {
      text.append(std::exchange(first, false) ? "{\"targetId\":\"" : ",{\"targetId\":\"").append(std::to_string(target)).append("\"}");
    });
    text.append("]}");
  }
  JsonReader reader;
  auto graph = FlowGraph::parse(text.append("]}"), reader);
  if (!graph) FAIL(graph.error().message());
  return std::move(*graph);
}

inline FlowGraph graph_of(const Targets& targets) {
  return numbered_graph(targets.size(), [&](std::size_t i, auto&& add) {
    for (const std::uint32_t target : targets[i]) add(target);
  });
}

/// One transition from each node, to `target(node)`.
template <class Target>
FlowGraph graph_of(std::uint32_t nodes, Target&& target) {
  return numbered_graph(nodes, [&](std::size_t i, auto&& add) { add(target(static_cast<std::uint32_t>(i))); });
}

/// Graphs of about `nodes` nodes that are hard on one kind of index or another.
inline std::vector<std::pair<std::string_view, Targets>> shapes(std::uint32_t nodes, std::mt19937& random) {
  const Targets none(nodes);
  Targets chain = none, cycle = none, star = none, down = none, up = none, dense = none, layers = none, grid = none, ladder = none,
          two_halves = none, near = none, all = none;
  const std::uint32_t width = std::max(1u, nodes < 16 ? nodes / 2 : nodes / 8);
  for (std::uint32_t i = 0; i < nodes; ++i) {
    if (i + 1 < nodes) chain[i].push_back(i + 1);
    cycle[i].push_back((i + 1) % nodes);
    if (i != 0) (i % 2 != 0 ? star[0] : star[i]).push_back(i % 2 != 0 ? i : 0);
    if (i != 0) down[draw(random, i)].push_back(i), up[i].push_back(draw(random, i));
    for (std::uint32_t j = i + 1; j < nodes; ++j)
      if (draw(random, 3) == 0) dense[i].push_back(j);
    for (int k = 0; k < 2; ++k) layers[i].push_back((i / width + 1) * width + draw(random, width));  // the last lead nowhere
    if ((i + 1) % width != 0) grid[i].push_back(i + 1);
    grid[i].push_back(i + width);
    ladder[i].push_back(i % 3 == 2 ? i - 2 : i + 1);  // circles of three, each with a way to the next
    if (i % 3 == 1) ladder[i].push_back(i + 2);
    if (i < nodes / 2)
      for (std::uint32_t j = nodes / 2; j < nodes; j += 3) two_halves[i].push_back(j);
    for (int k = 0; k < 2; ++k) near[i].push_back(i + 1 + draw(random, 5));
    for (std::uint32_t j = 0; j < nodes && nodes < 70; ++j) all[i].push_back(j);
  }
  return {{"none", none},     {"chain", chain}, {"cycle", cycle},   {"star", star},     {"tree down", down},         {"tree up", up}, {"dense", dense},
          {"layers", layers}, {"grid", grid},   {"ladder", ladder}, {"halves", two_halves}, {"near", near}, {"all", all}};
}

}  // namespace patchbay::tests
