// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// Flow configurations of the real platform: an input is the text of one.
#include "fuzz/law.hpp"
#include "support/configuration_reference.hpp"
#include "support/json_tree.hpp"

#include <patchbay/flow/flow_configuration.hpp>
#include <patchbay/flow/reachability.hpp>
#include <patchbay/json/read.hpp>

#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>

using namespace patchbay;
using patchbay_fuzz::law;
using patchbay_test::ConfigurationReference;
using patchbay_test::JsonTree;

namespace {

constexpr FlowLimits limits{.max_bytes = 4096,
                            .max_nodes = 24,
                            .max_edges = 60,
                            .max_id_bytes = 12,
                            .max_condition_bytes = 16,
                            .max_depth = 14};

void compare_names(const FlowGraph& flow, const ConfigurationReference& expected, std::string_view input) {
  std::set<std::string> texts{"", "#", "a", "#1", "a/b"};
  for (std::size_t i = 0; i < expected.nodes.size(); ++i)
    for (int rank = 1; rank <= 3; ++rank) texts.merge(expected.names_of(i, rank));
  for (const std::string& text : texts) {
    const auto meant = expected.meant(text);
    const auto found = flow.find(text);
    law(flow.is_ambiguous(text) == (meant.size() > 1), "a name of several nodes is ambiguous", {input, text});
    law(found.has_value() == (meant.size() == 1), "a name of one node finds it", {input, text});
    law(!found || *found == *meant.begin(), "a name finds the node that it is of", {input, text});
  }
}

void compare(const FlowGraph& flow, const FlowConfigurationNotes& notes, const ConfigurationReference& expected,
             std::string_view input) {
  law(flow.node_count() == expected.nodes.size() && notes.item_count == expected.items, "every node is there", {input});
  std::set<std::string_view> shown;
  std::size_t edges = 0;
  for (NodeIndex i = 0; i < flow.node_count(); ++i) {
    const ConfigurationReference::Node& node = expected.nodes[i];
    law(flow.id_of(i) == node.id && flow.type(i) == node.type && flow.tracking_id(i) == node.number, "nodes in order",
        {input, node.id});
    law(flow.name(i) == expected.shown(i), "a node is shown by the first name that is its own", {input, flow.name(i)});
    law(shown.insert(flow.name(i)).second, "no two nodes are shown alike", {input, flow.name(i)});
    law(flow.edges(i).size() == node.edges.size(), "every transition is there", {input, node.id});
    for (std::size_t k = 0; k < node.edges.size(); ++k) {
      const FlowEdge& edge = flow.edges(i)[k];
      law(edge.target() == node.edges[k].first, "transitions in order", {input, node.id});
      law(flow.condition(edge) == node.edges[k].second, "conditions in order", {input, node.id});
    }
    edges += node.edges.size();
  }
  law(edges == flow.edge_count() && notes.dropped_count == expected.dropped, "transitions are counted", {input});
  law(flow.dangling_count() == 0 && flow.unknown_count() == 0, "no transition leads nowhere", {input});
  compare_names(flow, expected, input);
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static JsonReader reader;
  static RouteScratch scratch;
  const std::string_view input = patchbay_fuzz::as_text(data, size);
  FlowConfigurationNotes notes;
  auto flow = parse_flow_configuration(input, reader, FlowOrigin("f", "1"), limits, &notes);
  for (const std::string& each : notes.remarks) {
    law(each.size() < 512, "remarks are short", {input, each});
    for (const char c : each) law(c >= 0x20 && c < 0x7f, "remarks are printable", {input, each});
  }
  law(notes.remarks.size() <= FlowConfigurationNotes::most_remarks, "remarks are few", {input});
  if (!flow) {
    law(flow.error().code() == ErrorCode::flow_malformed, "what is wrong is the flow", {input});
    law(!flow.error().message().empty(), "the error says why", {input});
    return 0;
  }
  const auto tree = JsonTree::parse(input);
  law(tree.has_value(), "a configuration is JSON", {input});
  const auto expected = ConfigurationReference::read(*tree, limits.max_id_bytes);
  law(expected.has_value(), "what must be refused is refused", {input});
  compare(*flow, notes, *expected, input);
  JsonReader fresh;
  const auto again = parse_flow_configuration(input, fresh, FlowOrigin("f", "1"), limits);
  law(again && again->same_as(*flow), "a second reading is the same", {input});
  if (flow->node_count() == 0) return 0;
  const auto shared = std::make_shared<const FlowGraph>(std::move(*flow));
  const auto last = static_cast<NodeIndex>(shared->node_count() - 1);
  const auto way = route(shared, shared->id_of(0), shared->name(last), Reachability::path, {}, scratch);
  law(way || way.error().code() == ErrorCode::not_reachable, "its nodes are known by id and by name", {input});
  if (way) law(way->index(0) == 0 && way->index(way->size() - 1) == last, "a way leads from one to the other", {input});
  return 0;
}
