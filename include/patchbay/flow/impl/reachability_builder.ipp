// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>  // iota
#include <utility>
#include <vector>

#include <patchbay/flow/flow_graph.hpp>
#include <patchbay/flow/reachability_index.hpp>

namespace patchbay::detail {

/// Fills one `ReachabilityIndex`. Every step is a loop over arrays: depth costs no stack.
class ReachabilityBuilder {
 public:
  ReachabilityBuilder(const FlowGraph& graph, ReachabilityIndex& index, std::size_t most_in_pairs) noexcept
      : graph_(graph), index_(index), most_in_pairs_(most_in_pairs) {}

  void build() {
    find_components();
    turn_edges();
    if (index_.components_ < 2) return;
    link();
    if (index_.ahead_.ends.empty()) {
      index_.ahead_ = index_.behind_ = Links();  // nothing leads from one component to another
      return;
    }
    if (fits_pairs()) {
      fill_pairs();
      index_.ahead_ = Links();
      return;
    }
    turn_links();
    mark_hubs();
    index_.facts_.resize(index_.components_);
    measure_depth();
    walk(index_.ahead_, index_.behind_, &ReachabilityIndex::Facts::ahead, false);
    walk(index_.behind_, index_.ahead_, &ReachabilityIndex::Facts::behind, true);
  }

 private:
  using Links = ReachabilityIndex::Links;
  using Range = ReachabilityIndex::Range;
  struct Frame {
    std::uint32_t at, next;  // and the place among its edges where its visit goes on
  };

  /// Strongly connected components in one depth-first walk (Tarjan, in Pearce's form with one number for each node).
  /// They end in the order of their numbers: whatever a component leads to has a lower one.
  void find_components() {
    const auto count = static_cast<std::uint32_t>(graph_.node_count());
    constexpr std::uint32_t top = (std::numeric_limits<std::uint32_t>::max)();
    // 0: not met; above `count`: its component, counted from `top`.
    std::vector<std::uint32_t>& low = index_.component_;
    low.assign(count, 0);
    std::vector<Frame> frames;
    std::vector<std::uint32_t> open;   // met, and not yet in a component
    std::uint32_t met = 0, ended = 0;  // nodes that are open or in `frames`; components
    std::vector<bool> lowered(count), loops(count);
    for (std::uint32_t root = 0; root < count; ++root) {
      if (low[root] != 0) continue;
      low[root] = ++met;
      frames.push_back({root, 0});
      while (!frames.empty()) {
        const std::uint32_t at = frames.back().at;
        const auto edges = graph_.edges(at);
        std::uint32_t next = frames.back().next;
        std::uint32_t child = top;
        for (; next < edges.size(); ++next) {
          const NodeIndex target = edges[next].target();
          if (target >= count) continue;
          if (low[target] == 0) {
            child = target;
            break;
          }
          if (target == at) loops[at] = true;
          if (low[target] < low[at]) low[at] = low[target], lowered[at] = true;
        }
        if (child != top) {
          frames.back().next = next;  // looked at once more when the child has ended, and then found lower or not
          low[child] = ++met;
          frames.push_back({child, 0});
          continue;
        }
        frames.pop_back();
        if (lowered[at]) {
          open.push_back(at);
          continue;
        }
        bool cycle = loops[at];
        std::uint32_t size = 1;
        const std::uint32_t number = top - ended;
        for (; !open.empty() && low[open.back()] >= low[at]; open.pop_back(), ++size) {
          low[open.back()] = number;
          cycle = true;
        }
        low[at] = number;
        met -= size;
        ++ended;
        cyclic_.push_back(cycle);
      }
    }
    index_.components_ = ended;
    for (std::uint32_t& each : low) {
      const std::uint32_t component = top - each;
      each = component << 1 | (cyclic_[component] ? 1u : 0u);
    }
  }

  [[nodiscard]] std::uint32_t component(NodeIndex node) const noexcept { return index_.component_[node] >> 1; }

  /// From counts at `first[i + 1]` to where each run begins.
  static void add_up(std::vector<std::uint32_t>& first) noexcept {
    for (std::size_t i = 1; i < first.size(); ++i) first[i] += first[i - 1];
  }
  /// Behind a fill that moved each beginning to its end.
  static void step_back(std::vector<std::uint32_t>& first) noexcept {
    for (std::size_t i = first.size() - 1; i != 0; --i) first[i] = first[i - 1];
    first[0] = 0;
  }

  void turn_edges() {
    const auto count = static_cast<std::uint32_t>(graph_.node_count());
    std::vector<std::uint32_t>& first = index_.first_source_;
    first.assign(count + std::size_t{1}, 0);
    for (std::uint32_t i = 0; i < count; ++i)
      for (const FlowEdge& edge : graph_.edges(i))
        if (edge.target() < count) ++first[edge.target() + std::size_t{1}];
    add_up(first);
    index_.sources_.resize(first.back());
    for (std::uint32_t i = 0; i < count; ++i)
      for (const FlowEdge& edge : graph_.edges(i))
        if (edge.target() < count) index_.sources_[first[edge.target()]++] = i;
    step_back(first);
  }

  /// Edges between components, by component.
  void link() {
    const auto count = static_cast<std::uint32_t>(graph_.node_count());
    const auto components = static_cast<std::uint32_t>(index_.components_);
    std::vector<std::uint32_t> first(components + std::size_t{1}), members(count), stamp(components, components);
    for (std::uint32_t i = 0; i < count; ++i) ++first[component(i) + std::size_t{1}];
    add_up(first);
    for (std::uint32_t i = 0; i < count; ++i) members[first[component(i)]++] = i;
    step_back(first);
    Links& links = index_.ahead_;
    links.first.assign(components + std::size_t{1}, 0);
    for (std::uint32_t c = 0; c < components; ++c) {
      for (std::uint32_t i = first[c]; i < first[c + 1]; ++i) {
        for (const FlowEdge& edge : graph_.edges(members[i])) {
          if (edge.target() >= count) continue;
          const std::uint32_t other = component(edge.target());
          if (other == c || stamp[other] == c) continue;
          stamp[other] = c;
          links.ends.push_back(other);
        }
      }
      links.first[c + std::size_t{1}] = static_cast<std::uint32_t>(links.ends.size());
    }
    links.ends.shrink_to_fit();
  }

  void turn_links() {
    const auto components = static_cast<std::uint32_t>(index_.components_);
    Links& links = index_.behind_;
    links.first.assign(components + std::size_t{1}, 0);
    for (const std::uint32_t end : index_.ahead_.ends) ++links.first[end + std::size_t{1}];
    add_up(links.first);
    links.ends.resize(links.first.back());
    for (std::uint32_t c = 0; c < components; ++c)
      for (const std::uint32_t end : index_.ahead_.of(c)) links.ends[links.first[end]++] = c;
    step_back(links.first);
  }

  [[nodiscard]] bool fits_pairs() const noexcept {
    const std::size_t components = index_.components_;
    if (components > most_in_pairs_) return false;
    return components * ((components + 63) / 64) * 8 <= 32'768 + 8 * (graph_.node_count() + graph_.edge_count());
  }

  void fill_pairs() {
    const std::size_t components = index_.components_, words = (components + 63) / 64;
    index_.row_words_ = words;
    index_.pairs_.assign(components * words, 0);
    for (std::size_t c = 0; c < components; ++c) {
      std::uint64_t* const row = index_.pairs_.data() + c * words;
      for (const std::uint32_t next : index_.ahead_.of(static_cast<std::uint32_t>(c))) {
        const std::uint64_t* const other = index_.pairs_.data() + next * words;
        for (std::size_t w = 0; w <= next / 64; ++w) row[w] |= other[w];  // `next` leads to lower ones alone
        row[next / 64] |= std::uint64_t{1} << (next % 64);
      }
    }
  }

  [[nodiscard]] std::uint64_t weight(std::uint32_t c) const noexcept {
    return std::uint64_t{index_.ahead_.of(c).size() + 1} * (index_.behind_.of(c).size() + 1);
  }

  /// Half of the hubs are the best connected, and half the best of each stretch of the order, for flows where many are
  /// alike.
  void mark_hubs() {
    const auto components = static_cast<std::uint32_t>(index_.components_);
    std::vector<std::uint32_t> order(components);
    std::iota(order.begin(), order.end(), 0u);
    const auto better = [&](std::uint32_t a, std::uint32_t b) {
      const std::uint64_t left = weight(a), right = weight(b);
      return left != right ? left > right : a < b;
    };
    std::array<std::uint32_t, 64> hubs{};
    const auto best_end = order.begin() + std::min(components, 32u);
    std::partial_sort(order.begin(), best_end, order.end(), better);
    std::copy(order.begin(), best_end, hubs.begin());
    for (std::uint32_t i = 0; i < 32; ++i) {
      const auto from = static_cast<std::uint32_t>(std::uint64_t{components} * i / 32);
      const auto to = static_cast<std::uint32_t>(std::uint64_t{components} * (i + 1) / 32);
      std::uint32_t best = from + (to - from) / 2;  // of equals, the middle one; with few components, one met before
      for (std::uint32_t c = from; c < to; ++c)
        if (weight(c) > weight(best)) best = c;
      hubs[32 + i] = best;
    }
    index_.hubs_.resize(components);
    for (std::size_t i = 0; i < hubs.size(); ++i) {
      index_.hubs_[hubs[i]].to |= std::uint64_t{1} << i;
      index_.hubs_[hubs[i]].from |= std::uint64_t{1} << i;
    }
    for (std::uint32_t c = 0; c < components; ++c)
      for (const std::uint32_t next : index_.ahead_.of(c)) index_.hubs_[c].to |= index_.hubs_[next].to;
    for (std::uint32_t c = components; c-- != 0;)
      for (const std::uint32_t before : index_.behind_.of(c)) index_.hubs_[c].from |= index_.hubs_[before].from;
  }

  void measure_depth() noexcept {
    const auto components = static_cast<std::uint32_t>(index_.components_);
    for (std::uint32_t c = 0; c < components; ++c)
      for (const std::uint32_t next : index_.ahead_.of(c))
        index_.facts_[c].height = std::max(index_.facts_[c].height, index_.facts_[next].height + 1);
    for (std::uint32_t c = components; c-- != 0;)
      for (const std::uint32_t before : index_.behind_.of(c))
        index_.facts_[c].depth = std::max(index_.facts_[c].depth, index_.facts_[before].depth + 1);
  }

  /// Ranks of a depth-first walk along `links`, which `against` turns around; `rising` when the walk goes to higher
  /// components.
  void walk(const Links& links, const Links& against, Range ReachabilityIndex::Facts::*member, bool rising) {
    const auto components = static_cast<std::uint32_t>(index_.components_);
    constexpr std::uint32_t unmet = (std::numeric_limits<std::uint32_t>::max)();
    const auto range = [&](std::uint32_t c) -> Range& { return index_.facts_[c].*member; };
    for (std::uint32_t c = 0; c < components; ++c) range(c).rank = unmet;
    std::vector<Frame> frames;
    std::uint32_t rank = 0;
    for (std::uint32_t i = 0; i < components; ++i) {
      const std::uint32_t root = rising ? i : components - 1 - i;
      if (!against.of(root).empty()) continue;  // met from where it is led to
      range(root).rank = rank++;
      frames.push_back({root, 0});
      while (!frames.empty()) {
        Frame& frame = frames.back();
        const auto ends = links.of(frame.at);
        while (frame.next < ends.size() && range(ends[frame.next]).rank != unmet) ++frame.next;
        if (frame.next == ends.size()) {
          range(frame.at).last = rank - 1;
          frames.pop_back();
          continue;
        }
        const std::uint32_t child = ends[frame.next++];
        range(child).rank = rank++;
        frames.push_back({child, 0});
      }
    }
    // What a component leads to comes before it in this order.
    for (std::uint32_t i = 0; i < components; ++i) {
      const std::uint32_t c = rising ? components - 1 - i : i;
      range(c).least = range(c).rank;
      for (const std::uint32_t next : links.of(c)) range(c).least = std::min(range(c).least, range(next).least);
    }
  }

  const FlowGraph& graph_;
  ReachabilityIndex& index_;
  std::size_t most_in_pairs_;
  std::vector<bool> cyclic_;
};

}  // namespace patchbay::detail
