// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include <patchbay/testing/simulation/cloud.hpp>
#include <patchbay/testing/simulation/flow_versions.hpp>

namespace patchbay::testing::simulation {

/// The simulated flow as the real platform serves it, and what it means in the documents' form. Nodes with an even place
/// are menus, whose choices lead on; the others are tasks, which branch. Either way one action stands on each edge.
class FlowConfiguration {
 public:
  /// Without one of its edges, if that is one. The text names its version, which no client reads, for whoever judges.
  explicit FlowConfiguration(std::string_view version, std::size_t without = flow_edges.size()) {
    json.append(R"({"name":"Simulated","type":"inboundcall","version":")").append(version).append(R"(","initialSequence":")");
    json.append(item_id(0)).append(R"(","flowSequenceItemList":[)");
    definition.append(R"({"id":")").append(simulated_flow).append(R"(","version":")").append(version).append(R"(","nodes":[)");
    for (std::size_t node = 0; node != flow_nodes.size(); ++node) {
      if (node != 0) json.append(",");
      const bool menu = is_menu(node);
      json.append(R"({"__type":")").append(menu ? "Menu" : "Task").append(R"(","id":")").append(item_id(node));
      json.append(R"(","name":")").append(flow_nodes[node]).append("\"");
      if (menu) {
        add_menu(node, without);
      } else {
        add_task(node, without);
      }
      json.append("}");
    }
    json.append("]}");
    definition.append("]}");
  }

  std::string json, definition;

 private:
  static bool is_menu(std::size_t node) { return node % 2 == 0; }
  static std::string id(std::string_view kind, std::size_t number) {
    return std::string("f1000000-0000-4000-8000-0000000").append(kind).append(std::to_string(1000 + number));
  }
  static std::string item_id(std::size_t node) { return id("1", node); }
  static std::string action_id(std::size_t edge) { return id("2", edge); }
  static std::string name_of(std::size_t edge) {
    return std::string(flow_nodes[flow_edges[edge].first]).append("/To ").append(flow_nodes[flow_edges[edge].second]);
  }
  /// Calls `visit` for each edge from a node that is there.
  template <class Visit>
  static void edges_of(std::size_t node, std::size_t without, Visit&& visit) {
    for (std::size_t edge = 0; edge != flow_edges.size(); ++edge)
      if (flow_edges[edge].first == node && edge != without) visit(edge);
  }
  void add_transfer(std::size_t edge) {
    const std::size_t to = flow_edges[edge].second;
    json.append(R"({"__type":")").append(is_menu(to) ? "TransferMenuAction" : "TransferTaskAction").append(R"(","id":")");
    json.append(action_id(edge)).append(R"(","name":"To )").append(flow_nodes[to]).append(R"(","trackingId":)");
    json.append(std::to_string(edge + 1));
    if (is_menu(to)) {
      json.append(R"(,"menuReference":")").append(item_id(to)).append("\"}");
    } else {
      json.append(R"(,"taskName":")").append(flow_nodes[to]).append("\"}");
    }
  }
  void add_menu(std::size_t node, std::size_t without) {
    json.append(R"(,"menuChoiceList":[)");
    std::string targets;
    bool first = true;
    edges_of(node, without, [&](std::size_t edge) {
      json.append(std::exchange(first, false) ? "" : ",").append(R"({"digit":")").append(std::to_string(edge % 10)).append(R"(","action":)");
      add_transfer(edge);
      json.append("}");
      add_target(targets, name_of(edge));
    });
    json.append("]");
    define(flow_nodes[node], targets);
    define_transfers(node, without);
  }
  void add_task(std::size_t node, std::size_t without) {
    json.append(R"(,"startAction":")").append(id("3", node)).append(R"(","actionList":[{"__type":"SwitchAction","id":")");
    json.append(id("3", node)).append(R"(","name":"Choose","paths":[)");
    const std::string choose = std::string(flow_nodes[node]).append("/Choose");
    std::string targets;
    bool first = true;
    edges_of(node, without, [&](std::size_t edge) {
      json.append(std::exchange(first, false) ? "" : ",").append(R"({"label":")").append(std::to_string(edge));
      json.append(R"(","nextActionId":")").append(action_id(edge)).append("\"}");
      add_target(targets, name_of(edge));
    });
    json.append("]}");
    edges_of(node, without, [&](std::size_t edge) { json.append(","), add_transfer(edge); });
    json.append("]");
    std::string start;
    add_target(start, choose);
    define(flow_nodes[node], start);
    define(choose, targets);
    define_transfers(node, without);
  }
  void define_transfers(std::size_t node, std::size_t without) {
    edges_of(node, without, [&](std::size_t edge) {
      std::string target;
      add_target(target, flow_nodes[flow_edges[edge].second]);
      define(name_of(edge), target);
    });
  }
  static void add_target(std::string& out, std::string_view node) {
    out.append(out.empty() ? "" : ",").append(R"({"targetId":")").append(node).append("\"}");
  }
  void define(std::string_view node, std::string_view targets) {
    definition.append(definition.ends_with('[') ? "" : ",").append(R"({"id":")").append(node).append(R"(","transitions":[)");
    definition.append(targets).append("]}");
  }
};

}  // namespace patchbay::testing::simulation
