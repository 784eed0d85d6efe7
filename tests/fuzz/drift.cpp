// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// What differs between two flow definitions: an input is the texts of both with a zero byte between them. The differences
// are reckoned a second time, as those of sets.
#include "fuzz/law.hpp"

#include <patchbay/flow/drift.hpp>
#include <patchbay/flow/flow_graph.hpp>
#include <patchbay/json/read.hpp>

#include <algorithm>
#include <array>
#include <iterator>  // inserter
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace patchbay;
using patchbay_fuzz::law;

namespace {

constexpr FlowLimits limits{.max_bytes = 4096,
                            .max_nodes = 40,
                            .max_edges = 80,
                            .max_id_bytes = 16,
                            .max_condition_bytes = 16,
                            .max_depth = 12};

using Ends = std::pair<std::string, std::string>;

struct Flow {
  explicit Flow(const FlowGraph& graph) {
    for (NodeIndex i = 0; i < graph.node_count(); ++i) {
      types[std::string(graph.name(i))] = graph.type(i);
      for (const FlowEdge& edge : graph.edges(i))
        edges[{std::string(graph.name(i)), std::string(graph.name(edge.target()))}].insert(
            std::string(graph.condition(edge)));
    }
  }
  std::map<std::string, std::string> types;
  std::map<Ends, std::set<std::string>> edges;
};

std::set<std::string> minus(const std::set<std::string>& a, const std::set<std::string>& b) {
  std::set<std::string> out;
  std::set_difference(a.begin(), a.end(), b.begin(), b.end(), std::inserter(out, out.end()));
  return out;
}

template <class Names>
std::set<std::string> as_set(const Names& names) {
  std::set<std::string> out(names.begin(), names.end());
  law(out.size() == names.size(), "a node is named once");
  return out;
}

void check_nodes(const FlowDrift& found, const Flow& a, const Flow& b, std::string_view input) {
  std::set<std::string> missing, added, changed, told;
  for (const auto& [name, type] : a.types) {
    const auto now = b.types.find(name);
    if (now == b.types.end()) missing.insert(name);
    if (now != b.types.end() && now->second != type) changed.insert(name + "\n" + type + "\n" + now->second);
  }
  for (const auto& [name, type] : b.types)
    if (!a.types.contains(name)) added.insert(name);
  for (const DriftedType& each : found.changed_types)
    told.insert(each.node + "\n" + each.expected + "\n" + each.deployed);
  law(as_set(found.missing_nodes) == missing && as_set(found.added_nodes) == added, "nodes that only one has", {input});
  law(told == changed && told.size() == found.changed_types.size(), "types that changed", {input});
}

void check_edges(const FlowDrift& found, const Flow& a, const Flow& b, std::string_view input) {
  // Between each pair of nodes: how many are missing, added and changed; and every one that is told is one of them.
  std::map<Ends, std::array<std::size_t, 3>> told, right;
  std::map<Ends, std::pair<std::set<std::string>, std::set<std::string>>> only;
  const auto of = [](const Flow& flow, const Ends& ends) {
    const auto at = flow.edges.find(ends);
    return at == flow.edges.end() ? std::set<std::string>{} : at->second;
  };
  for (const Flow* flow : {&a, &b})
    for (const auto& [ends, conditions] : flow->edges) {
      auto& [gone, come] = only[ends];
      gone = minus(of(a, ends), of(b, ends)), come = minus(of(b, ends), of(a, ends));
      const std::size_t changed = std::min(gone.size(), come.size());
      if (!gone.empty() || !come.empty()) right[ends] = {gone.size() - changed, come.size() - changed, changed};
    }
  for (const DriftedEdge& each : found.missing_edges) {
    ++told[{each.from, each.to}][0];
    law(only[{each.from, each.to}].first.erase(each.condition) == 1, "a transition that is missing",
        {input, each.from, each.to});
  }
  for (const DriftedEdge& each : found.added_edges) {
    ++told[{each.from, each.to}][1];
    law(only[{each.from, each.to}].second.erase(each.condition) == 1, "a transition that was added",
        {input, each.from, each.to});
  }
  for (const DriftedCondition& each : found.changed_conditions) {
    ++told[{each.from, each.to}][2];
    auto& [gone, come] = only[{each.from, each.to}];
    law(gone.erase(each.expected) == 1 && come.erase(each.deployed) == 1, "a condition that changed",
        {input, each.from, each.to});
  }
  law(told == right, "every transition that differs", {input});
}

void check_texts(const FlowDrift& found, std::string_view input) {
  const std::string text = found.to_string(), line = found.summary();
  law(static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) == found.size(),
      "a line for each difference", {input, text});
  law(line.empty() == found.empty() && text.empty() == found.empty(), "no text for no drift", {input});
  for (const char c : line + text)
    law(c == '\n' || static_cast<unsigned char>(c) >= 0x20, "no control character in what is shown", {input});
  law(line.find('\n') == std::string::npos, "one line", {input, line});
  const bool lacks = !found.missing_nodes.empty() || !found.missing_edges.empty();
  law(found.breaking() == lacks, "what is missing breaks", {input});
  law(found.breaking(Reachability::conditional) == (lacks || !found.changed_conditions.empty()),
      "as changed conditions do where they decide", {input});
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static JsonReader reader;
  const std::string_view input = patchbay_fuzz::as_text(data, size);
  const std::size_t end = input.find('\0');
  const auto expected = FlowGraph::parse(input.substr(0, end), reader, limits);
  if (!expected) return 0;
  law(drift(*expected, *expected).empty(), "a flow does not differ from itself", {input});
  if (end == std::string_view::npos) return 0;
  const auto deployed = FlowGraph::parse(input.substr(end + 1), reader, limits);
  if (!deployed) return 0;
  const Flow a(*expected), b(*deployed);
  const FlowDrift found = drift(*expected, *deployed), back = drift(*deployed, *expected);
  check_nodes(found, a, b, input);
  check_edges(found, a, b, input);
  check_nodes(back, b, a, input);
  check_edges(back, b, a, input);
  check_texts(found, input);
  law(found.size() == back.size(), "as many differences seen from the other side", {input});
  return 0;
}
