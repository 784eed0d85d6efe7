// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// Flow definitions: an input is the text of one.
#include "fuzz/law.hpp"
#include "support/json_tree.hpp"

#include <patchbay/flow/flow_graph.hpp>
#include <patchbay/json/read.hpp>

#include <string>
#include <string_view>

using namespace patchbay;
using patchbay_fuzz::law;
using patchbay_test::JsonTree;

namespace {

constexpr FlowLimits limits{.max_bytes = 4096, .max_nodes = 40, .max_edges = 80, .max_id_bytes = 16, .max_condition_bytes = 16, .max_depth = 12};

/// The text of a member, or "" when it is absent or null.
std::string text_of(const JsonTree& of, std::string_view name) {
  const JsonTree* const found = of.find(name);
  const bool is_null = found != nullptr && found->kind == JsonTree::Kind::literal && found->text == "null";
  return found == nullptr || is_null ? std::string() : found->text;
}

void compare(const FlowGraph& flow, const JsonTree& tree, std::string_view input) {
  const JsonTree* const nodes = tree.find("nodes");
  law(nodes != nullptr && nodes->items.size() == flow.node_count(), "every node is there", {input});
  law(text_of(tree, "id") == flow.id() && text_of(tree, "version") == flow.version(), "id and version", {input});
  std::size_t edges = 0, dangling = 0;
  for (NodeIndex i = 0; i < flow.node_count(); ++i) {
    const JsonTree& node = nodes->items[i];
    law(text_of(node, "id") == flow.name(i) && text_of(node, "type") == flow.type(i), "nodes in order", {input});
    const auto found = flow.find(flow.name(i));
    law(found && *found == i, "a node is found by its name", {input, flow.name(i)});
    const JsonTree* const ways = node.find("transitions");
    const std::size_t count = ways == nullptr ? 0 : ways->items.size();
    law(flow.edges(i).size() == count, "every transition is there", {input});
    for (std::size_t k = 0; k < count; ++k) {
      const FlowEdge& edge = flow.edges(i)[k];
      law(edge.target() < flow.node_count() + flow.unknown_count(), "targets have names", {input});
      law(flow.name(edge.target()) == text_of(ways->items[k], "targetId"), "transitions in order", {input});
      law(flow.condition(edge) == text_of(ways->items[k], "condition"), "conditions in order", {input});
      dangling += flow.is_node(edge.target()) ? 0 : 1;
    }
    edges += count;
  }
  law(edges == flow.edge_count() && dangling == flow.dangling_count(), "edges are counted", {input});
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static JsonReader reader;
  const std::string_view input = patchbay_fuzz::as_text(data, size);
  const auto flow = FlowGraph::parse(input, reader, limits);
  if (!flow) {
    law(flow.error().code() == ErrorCode::flow_malformed, "what is wrong is the flow", {input});
    law(!flow.error().message().empty(), "the error says why", {input});
    return 0;
  }
  const auto tree = JsonTree::parse(input);
  law(tree.has_value(), "a flow is JSON", {input});
  compare(*flow, *tree, input);
  return 0;
}
