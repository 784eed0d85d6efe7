// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/json_tree.hpp"

namespace patchbay_test {

/// What a flow's configuration means, worked out from its tree by the rules alone and without any index: the judge of
/// `parse_flow_configuration`, with which it shares no line.
class ConfigurationReference {
 public:
  struct Node {
    std::string id, type, name;
    std::optional<std::uint32_t> number;
    std::size_t item = 0;
    std::vector<std::pair<std::size_t, std::string>> edges;  // target and condition
  };

  /// Nothing for what must be refused, whatever the limits but those of ids.
  static std::optional<ConfigurationReference> read(const JsonTree& tree, std::size_t max_id_bytes) {
    ConfigurationReference out;
    out.max_id_bytes_ = max_id_bytes;
    if (tree.kind != JsonTree::Kind::object) return std::nullopt;
    if (twice(tree, {"flowSequenceItemList", "name", "type", "initialSequence"})) return std::nullopt;
    const JsonTree* const items = tree.find("flowSequenceItemList");
    if (items == nullptr || items->kind != JsonTree::Kind::array) return std::nullopt;
    for (const JsonTree& item : items->items)
      if (!out.node(item, std::nullopt, nullptr)) return std::nullopt;
    std::set<std::string> ids;
    for (const Node& each : out.nodes)
      if (!ids.insert(each.id).second) return std::nullopt;
    out.resolve();
    return out;
  }

  /// All nodes that `text` could mean: of ids, else of items, paths and numbers, else of actions.
  [[nodiscard]] std::set<std::size_t> meant(std::string_view text) const {
    for (int rank = 1; rank <= 3; ++rank) {
      std::set<std::size_t> found;
      for (std::size_t i = 0; i < nodes.size(); ++i)
        for (const std::string& each : names_of(i, rank))
          if (each == text) found.insert(i);
      if (!found.empty()) return found;
    }
    return {};
  }
  [[nodiscard]] std::set<std::string> names_of(std::size_t i, int rank) const {
    const Node& node = nodes[i];
    const std::string& item = nodes[node.item].name;
    const bool is_item = node.item == i;
    if (rank == 1) return {node.id};
    if (rank == 3) return is_item || !is_name(node.name) ? std::set<std::string>{} : std::set<std::string>{node.name};
    std::set<std::string> out;
    if (node.number) out.insert("#" + std::to_string(*node.number));
    if (!is_name(node.name) || !is_name(item)) return out;
    const std::string path = is_item ? item : item + "/" + node.name;
    out.insert(path);
    if (node.number) out.insert(path + " #" + std::to_string(*node.number));
    return out;
  }
  /// What a node is shown as.
  [[nodiscard]] std::string shown(std::size_t i) const {
    const Node& node = nodes[i];
    if (is_name(node.name) && is_name(nodes[node.item].name)) {
      std::string path = node.item == i ? node.name : nodes[node.item].name + "/" + node.name;
      if (meant(path) == std::set<std::size_t>{i}) return path;
      if (node.number) path += " #" + std::to_string(*node.number);
      if (meant(path) == std::set<std::size_t>{i}) return path;
    }
    return node.id;
  }

  std::vector<Node> nodes;
  std::size_t items = 0, dropped = 0;

 private:
  struct Wish {
    std::size_t from;
    std::string member, target, condition;
    std::size_t node;
  };

  static bool twice(const JsonTree& of, std::initializer_list<std::string_view> ours) {
    for (const std::string_view name : ours) {
      std::size_t count = 0;
      for (const std::string& each : of.names) count += each == name ? 1 : 0;
      if (count > 1) return true;
    }
    return false;
  }
  static std::string text(const JsonTree* of) {
    return of != nullptr && of->kind == JsonTree::Kind::string ? of->text : std::string();
  }
  static bool is_null(const JsonTree& of) { return of.kind == JsonTree::Kind::literal && of.text == "null"; }
  static bool has_control(std::string_view text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
      const auto c = static_cast<unsigned char>(text[i]);
      if (c < 32 || c == 127) return true;
      if (c == 0xc2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xa0) return true;
    }
    return false;
  }
  [[nodiscard]] bool is_name(const std::string& text) const {
    return !text.empty() && text.size() <= max_id_bytes_ && !has_control(text);
  }

  void wish(std::size_t from, const JsonTree& value, std::string_view member, std::string condition = {}) {
    if (value.kind == JsonTree::Kind::string) {
      if (!value.text.empty()) wishes_.push_back({from, std::string(member), value.text, std::move(condition), 0});
    } else if (!is_null(value)) {
      ++dropped;
    }
  }
  void paths(std::size_t self, const JsonTree& list) {
    if (is_null(list)) return;
    if (list.kind != JsonTree::Kind::array) return void(++dropped);
    for (const JsonTree& path : list.items) {
      if (path.kind != JsonTree::Kind::object) {
        ++dropped;
        continue;
      }
      if (twice(path, {"nextActionId", "label", "outputId"})) refused_ = true;
      const std::string label = text(path.find("label")), output = text(path.find("outputId"));
      if (const JsonTree* const next = path.find("nextActionId"))
        wish(self, *next, "paths", label.empty() ? output : label);
    }
  }

  /// A node and, of an item, those in it; false when it must be refused.
  bool node(const JsonTree& tree, std::optional<std::size_t> item, const JsonTree* choice) {
    if (tree.kind != JsonTree::Kind::object) return false;
    if (twice(tree, {"id", "__type", "name", "trackingId", "startAction", "nextAction", "nextActionId", "paths",
                     "menuReference", "taskName", "menuName"}))
      return false;
    if (!item && twice(tree, {"actionList", "menuChoiceList", "defaultMenuChoice"})) return false;
    const std::size_t self = nodes.size();
    nodes.emplace_back();
    nodes[self].item = item.value_or(self);
    if (!item) ++items;
    const JsonTree* id = tree.find("id");
    if (choice != nullptr && (id == nullptr || is_null(*id))) id = choice->find("id");
    nodes[self].id = text(id);
    if (!is_name(nodes[self].id)) return false;
    if (const std::string type = text(tree.find("__type")); is_name(type)) nodes[self].type = type;
    nodes[self].name = text(tree.find("name"));
    if (const JsonTree* const number = tree.find("trackingId");
        number != nullptr && number->kind == JsonTree::Kind::number)
      if (number->text.size() <= 10 && number->text.find_first_not_of("0123456789") == std::string::npos)
        if (const std::uint64_t value = std::stoull(number->text); value < 0xffffffff)
          nodes[self].number = static_cast<std::uint32_t>(value);
    for (std::size_t i = 0; i < tree.names.size(); ++i) {
      const std::string& name = tree.names[i];
      const JsonTree& value = tree.items[i];
      if (name == "startAction" || name == "nextAction" || name == "nextActionId" || name == "menuReference")
        wish(self, value, name);
      if (name == "paths") paths(self, value);
      if (item) continue;
      if ((name == "actionList" || name == "menuChoiceList") && !is_null(value)) {
        if (value.kind != JsonTree::Kind::array) return false;
        for (const JsonTree& each : value.items)
          if (!(name == "actionList" ? node(each, self, nullptr) : in_menu(each, self, false))) return false;
      }
      if (name == "defaultMenuChoice" && !is_null(value) && !in_menu(value, self, true)) return false;
    }
    if (text(tree.find("menuReference")).empty())
      for (const std::string_view name : {"taskName", "menuName"})
        if (const std::string target = text(tree.find(name)); !target.empty())
          wishes_.push_back({self, std::string(name), target, {}, 0});
    return !refused_;
  }
  bool in_menu(const JsonTree& choice, std::size_t menu, bool is_default) {
    if (choice.kind != JsonTree::Kind::object || twice(choice, {"id", "name", "digit", "action"})) return false;
    const JsonTree* const action = choice.find("action");
    if (action == nullptr || is_null(*action)) return true;
    const std::size_t made = nodes.size();
    if (!node(*action, menu, &choice)) return false;
    const JsonTree* const digit = choice.find("digit");
    std::string condition = digit != nullptr && digit->kind == JsonTree::Kind::number ? digit->text : text(digit);
    if (condition.empty()) condition = text(choice.find("name"));
    if (condition.empty() && is_default) condition = "default";
    wishes_.push_back({menu, "action", {}, condition, made});
    return true;
  }

  void resolve() {
    for (const Wish& each : wishes_) {
      const Node& from = nodes[each.from];
      const bool is_action = from.item != each.from;
      const bool stays = from.type == "TransferTaskAction" || from.type == "TransferMenuAction";
      const bool ends = from.type == "DisconnectAction" || (from.type.substr(0, 8) == "Transfer" && !stays);
      std::vector<std::size_t> targets;
      if (each.member == "action") {
        targets.push_back(each.node);
      } else if (is_action && ends && each.member != "paths") {
        // nothing follows it
      } else {
        for (std::size_t i = 0; i < nodes.size(); ++i) {
          const std::string& type = nodes[i].type;
          const bool is_menu = type.size() >= 4 && type.substr(type.size() - 4) == "Menu";
          if (each.member != "taskName" && each.member != "menuName") {
            if (nodes[i].id == each.target) targets.push_back(i);
          } else if (nodes[i].item == i && nodes[i].name == each.target && is_menu == (each.member == "menuName")) {
            targets.push_back(i);
          }
        }
      }
      if (targets.size() == 1) {
        nodes[each.from].edges.emplace_back(targets[0], each.condition);
      } else {
        ++dropped;
      }
    }
  }

  std::vector<Wish> wishes_;
  std::size_t max_id_bytes_ = 256;
  bool refused_ = false;
};

}  // namespace patchbay_test
