// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// A large flow (100,000 nodes, each with three transitions to anywhere): how long it takes to load, beside simdjson
// reading the same text into a bare table from id to number, and what a question costs, beside a breadth-first search.
// The answers of both sides are compared first. Two more flows are hard on an index; the last rows load a million nodes
// once.

#include <algorithm>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <new>
#include <random>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <simdjson.h>

#include <patchbay/flow/flow_graph.hpp>
#include <patchbay/flow/reachability.hpp>
#include <patchbay/flow/reachability_index.hpp>
#include <patchbay/json/read.hpp>

#include "paired.hpp"

// Not inlined, so that the compiler does not see `free` where it expects the counterpart of `new`.
[[gnu::noinline]] void* operator new(std::size_t bytes) {
  ++patchbay::benchmarks::allocations;
  if (void* const memory = std::malloc(bytes)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace {

using namespace patchbay;

/// `nodes` nodes with as many transitions as `target(node, which)` has targets: none behind the first that is no node.
template <class Target>
Body flow_of(std::uint32_t nodes, Target&& target) {
  std::string json = R"({"id":"a1b2c3d4-e5f6-7890-abcd-ef1234567890","version":"7","nodes":[)";
  const auto id = [&](std::uint32_t node) { json.append("\"node-").append(std::to_string(node)).append("\""); };
  for (std::uint32_t i = 0; i < nodes; ++i) {
    json.append(i ? ",{\"id\":" : "{\"id\":"), id(i);
    json.append(R"(,"type":"menu","transitions":[)");
    std::uint32_t k = 0;
    for (std::uint32_t to = target(i, k); to < nodes; to = target(i, ++k)) json.append(k ? ",{\"targetId\":" : "{\"targetId\":"), id(to), json.append("}");
    json.append("]}");
  }
  Body body;
  body.assign(json.append("]}"));
  return body;
}

/// Three transitions each, to nodes drawn at random.
Body random_flow(std::uint32_t nodes) {
  return flow_of(nodes, [nodes, random = std::mt19937(1)](std::uint32_t, std::uint32_t k) mutable {
    return k == 3 ? nodes : static_cast<std::uint32_t>(random()) % nodes;
  });
}

/// The same without a way back: what is hard on an index.
Body falling_flow(std::uint32_t nodes) {
  return flow_of(nodes, [nodes, random = std::mt19937(2)](std::uint32_t at, std::uint32_t k) mutable {
    return k == 3 || at + 1 == nodes ? nodes : at + 1 + static_cast<std::uint32_t>(random()) % (nodes - at - 1);
  });
}

/// A square where each node leads to its right and lower neighbours: many ways, and every question is about two orders.
Body grid_flow(std::uint32_t width) {
  return flow_of(width * width, [width](std::uint32_t at, std::uint32_t k) {
    const bool right = (at + 1) % width != 0, down = at + width < width * width;
    if (k == 0) return right ? at + 1 : down ? at + width : width * width;
    return k == 1 && right && down ? at + width : width * width;
  });
}

/// simdjson's own way of reading such a text when nothing is checked: members asked for in their order, no name kept.
template <class Number>
bool read_bare(simdjson::ondemand::parser& parser, const Body& text, Number&& number) {
  simdjson::ondemand::document document;
  simdjson::ondemand::array nodes;
  if (parser.iterate(text.data(), text.size(), text.allocated()).get(document)) return false;
  if (document.find_field("nodes").get_array().get(nodes)) return false;
  for (auto element : nodes) {
    simdjson::ondemand::object node;
    simdjson::ondemand::array transitions;
    std::string_view id;
    if (element.get_object().get(node) || node.find_field("id").get_string().get(id)) return false;
    number(id);
    if (node.find_field("transitions").get_array().get(transitions)) return false;
    for (auto transition : transitions) {
      if (transition.find_field("targetId").get_string().get(id)) return false;
      number(id);
    }
  }
  return true;
}

/// From id to number with the library's own hash and slots of 16 bytes and a text: a bare table as one would write it.
class BareTable {
 public:
  explicit BareTable(std::size_t ids) : slots_(std::bit_ceil(ids * 2)) {}
  void clear() { std::fill(slots_.begin(), slots_.end(), Slot{}), next_ = 0; }
  std::uint32_t number(std::string_view id) {
    const std::uint64_t hash = detail::hash_text(id, 1);
    for (std::size_t i = hash >> 32 & (slots_.size() - 1);; i = (i + 1) & (slots_.size() - 1)) {
      Slot& slot = slots_[i];
      if (slot.id.data() == nullptr) {
        slot = {id, static_cast<std::uint32_t>(hash), next_++};
        return slot.number;
      }
      if (slot.tag == static_cast<std::uint32_t>(hash) && slot.id == id) return slot.number;
    }
  }
  [[nodiscard]] std::uint32_t size() const { return next_; }

 private:
  struct Slot {
    std::string_view id;
    std::uint32_t tag = 0, number = 0;
  };
  std::vector<Slot> slots_;
  std::uint32_t next_ = 0;
};

/// A breadth-first search as one writes it, with marks that are kept from search to search.
class Search {
 public:
  explicit Search(const FlowGraph& graph) : graph_(graph), seen_(graph.node_count()), parent_(graph.node_count()) {}
  bool reaches(NodeIndex from, NodeIndex to) {
    queue_.assign(1, from);
    ++round_;
    for (std::size_t head = 0; head < queue_.size(); ++head) {
      const NodeIndex at = queue_[head];
      for (const FlowEdge& edge : graph_.edges(at)) {
        const NodeIndex next = edge.target();
        if (next == to) return last_ = at, true;
        if (!graph_.is_node(next) || seen_[next] == round_) continue;
        seen_[next] = round_, parent_[next] = at;
        queue_.push_back(next);
      }
    }
    return false;
  }
  /// The way that was found, from its end.
  const std::vector<NodeIndex>& way(NodeIndex from, NodeIndex to) {
    way_.assign(1, to);
    for (NodeIndex at = last_; at != from; at = parent_[at]) way_.push_back(at);
    way_.push_back(from);
    return way_;
  }

 private:
  const FlowGraph& graph_;
  std::vector<std::uint32_t> seen_;
  std::vector<NodeIndex> parent_, queue_, way_;
  NodeIndex last_ = 0;
  std::uint32_t round_ = 0;
};

bool same(const char* what, bool equal) {
  if (!equal) std::fprintf(stderr, "the two sides differ: %s\n", what);
  return equal;
}

double milliseconds(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

bool load(std::uint32_t nodes, int batches, int calls, JsonReader& reader, const Body& text, FlowGraph& graph) {
  simdjson::ondemand::parser parser;
  BareTable flat(nodes);
  std::unordered_map<std::string_view, std::uint32_t> map;
  map.reserve(nodes);
  bool fine = true;
  const auto ours = [&] {
    auto parsed = FlowGraph::parse(text, reader);
    fine = fine && parsed.has_value();
    if (parsed) graph = std::move(*parsed);
  };
  std::size_t id_bytes = 0;
  const auto bare = [&] { fine = read_bare(parser, text, [&](std::string_view id) { id_bytes += id.size(); }) && fine; };
  const auto with_flat = [&] {
    flat.clear();
    fine = read_bare(parser, text, [&](std::string_view id) { flat.number(id); }) && fine;
  };
  const auto with_map = [&] {
    map.clear();
    fine = read_bare(parser, text, [&](std::string_view id) { map.try_emplace(id, static_cast<std::uint32_t>(map.size())); }) && fine;
  };
  ours(), bare(), with_flat(), with_map();
  fine = same("ids", fine && graph.node_count() == nodes && flat.size() == nodes && map.size() == nodes) && fine;
  for (NodeIndex i = 0; fine && i < nodes; ++i) fine = same("a node's id", map.contains(graph.name(i)) && graph.find(graph.name(i)) == i);
  if (!fine) return false;
  const double bytes = static_cast<double>(text.size());
  const auto row = [&](const char* name, const benchmarks::Pair& pair) {
    std::printf("load %u nodes, peer %-22s ours %7.2f ms %6.2f GB/s %5.0f allocations | peer %7.2f ms %6.2f GB/s | ratio %.2f\n", nodes,
                name, pair.ours.nanoseconds / 1e6, bytes / pair.ours.nanoseconds, pair.ours.allocations,
                pair.peer.nanoseconds / 1e6, bytes / pair.peer.nanoseconds, pair.ratio);
  };
  row("simdjson, no table:", benchmarks::measure(ours, bare, batches, calls));
  row("simdjson, flat table:", benchmarks::measure(ours, with_flat, batches, calls));
  row("simdjson, unordered_map:", benchmarks::measure(ours, with_map, batches, calls));
  return fine;
}

/// Pairs drawn at random, handed out in turn.
class Pairs {
 public:
  explicit Pairs(std::uint32_t nodes) : pairs_(1 << 16) {
    std::mt19937 random(2);
    const auto node = [&] { return static_cast<NodeIndex>(random()) % nodes; };
    for (auto& [from, to] : pairs_) from = node(), to = node();
  }
  const std::pair<NodeIndex, NodeIndex>& next() { return pairs_[at_++ % pairs_.size()]; }

 private:
  std::vector<std::pair<NodeIndex, NodeIndex>> pairs_;
  std::size_t at_ = 0;
};

bool ask(const std::shared_ptr<const FlowGraph>& graph, int batches, int calls) {
  const auto nodes = static_cast<std::uint32_t>(graph->node_count());
  const ReachabilityIndex& index = graph->index();
  RouteScratch scratch;
  Search search(*graph);
  bool fine = true;
  Pairs checked(nodes);
  for (int i = 0; fine && i < 200; ++i) {
    const auto [from, to] = checked.next();
    const bool found = search.reaches(from, to);
    fine = same("whether a way leads there", index.reaches(from, to, scratch) == found);
    const auto path = route(graph, graph->name(from), graph->name(to), Reachability::path, {}, scratch);
    fine = fine && same("whether a way is found", path.has_value() == found);
    if (!fine || !found) continue;
    const std::vector<NodeIndex>& way = search.way(from, to);
    fine = same("the way's length", path->size() == way.size());
    for (std::size_t k = 0; fine && k < way.size(); ++k) fine = same("the way", path->index(k) == way[way.size() - 1 - k]);
  }
  if (!fine) return false;

  std::uint64_t yes = 0;
  const auto row = [](const char* name, const char* peer_name, const benchmarks::Pair& pair) {
    std::printf("%-30s ours %9.1f ns %5.2f allocations | %s %11.1f ns | ratio %.5f\n", name, pair.ours.nanoseconds,
                pair.ours.allocations, peer_name, pair.peer.nanoseconds, pair.ratio);
  };
  const auto asked_at_random = [&](Pairs& pairs, auto&& question) {
    return [&, question] {
      const auto [from, to] = pairs.next();
      yes += question(from, to) ? 1u : 0u;
    };
  };
  Pairs a(nodes), b(nodes);
  const auto by_index = [&](NodeIndex from, NodeIndex to) { return index.reaches(from, to, scratch); };
  const auto by_name = [&](NodeIndex from, NodeIndex to) {
    return index.reaches(*graph->find(graph->name(from)), *graph->find(graph->name(to)), scratch);
  };
  const auto by_search = [&](NodeIndex from, NodeIndex to) { return search.reaches(from, to); };
  const auto path = [&](NodeIndex from, NodeIndex to) {
    return route(graph, graph->name(from), graph->name(to), Reachability::path, {}, scratch).has_value();
  };
  const auto path_by_search = [&](NodeIndex from, NodeIndex to) { return search.reaches(from, to) && !search.way(from, to).empty(); };
  const int searches = std::max(1, calls / 20);
  row("question, between searches", "search", benchmarks::measure(asked_at_random(a, by_index), asked_at_random(b, by_search), batches, searches));
  row("question, one after another", "by name", benchmarks::measure(asked_at_random(a, by_index), asked_at_random(b, by_name), batches, calls * 10));
  row("move by name, with its way", "search", benchmarks::measure(asked_at_random(a, path), asked_at_random(b, path_by_search), batches, searches));
  return fine && yes != 0;
}

void print_memory(const FlowGraph& graph) {
  const double nodes = static_cast<double>(graph.node_count());
  const double build = milliseconds([&] { static_cast<void>(graph.index()); });
  const ReachabilityIndex& index = graph.index();
  std::printf("%.0f nodes, %zu edges: graph %.1f bytes a node, edges and ids included; index %.1f bytes a node, built in %.1f ms, %zu components\n",
              nodes, graph.edge_count(), static_cast<double>(graph.memory()) / nodes, static_cast<double>(index.memory()) / nodes, build,
              index.component_count());
}

}  // namespace

int main(int argc, char** argv) {
  const int calls = argc > 1 ? std::atoi(argv[1]) : 1000;
  const int batches = argc > 2 ? std::atoi(argv[2]) : 15;
  JsonReader reader;
  {
    const Body text = random_flow(100'000);
    auto parsed = FlowGraph::parse(text, reader);
    if (!parsed) return std::fprintf(stderr, "%s\n", parsed.error().message().c_str()), 1;
    if (!load(100'000, batches, std::max(1, calls / 500), reader, text, *parsed)) return 1;
    const auto graph = std::make_shared<const FlowGraph>(std::move(*parsed));
    print_memory(*graph);
    if (!ask(graph, batches, calls)) return 1;
  }
  for (const auto& [name, text] : {std::pair<const char*, Body>{"without a way back", falling_flow(100'000)}, {"a grid", grid_flow(316)}}) {
    auto parsed = FlowGraph::parse(text, reader);
    if (!parsed) return std::fprintf(stderr, "%s\n", parsed.error().message().c_str()), 1;
    std::printf("%s: ", name);
    const auto graph = std::make_shared<const FlowGraph>(std::move(*parsed));
    print_memory(*graph);
    if (!ask(graph, batches, calls)) return 1;
  }
  const Body text = random_flow(1'000'000);
  Result<FlowGraph> parsed = FlowGraph::parse("{}", reader);
  const double spent = milliseconds([&] { parsed = FlowGraph::parse(text, reader); });
  if (!parsed || parsed->node_count() != 1'000'000) return std::fprintf(stderr, "a million nodes were not loaded\n"), 1;
  std::printf("load 1000000 nodes, once: %.0f ms for %.0f MB\n", spent, static_cast<double>(text.size()) / 1e6);
  print_memory(*parsed);
  return 0;
}
