// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // min
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <patchbay/flow/flow_configuration.hpp>
#include <patchbay/flow/impl/flow_configuration_parts.ipp>
#include <patchbay/http.hpp>
#include <patchbay/json/number.hpp>
#include <patchbay/json/read.hpp>
#include <patchbay/result.hpp>

namespace patchbay::detail {

/// Reads the text of a configuration into nodes and links, in the order of the text; what they mean together is for
/// `FlowConfigurationParser`.
///
/// All texts are views, either of the definition or of the JSON parser's own buffer, which holds every string of the
/// text until its next call. Each string is therefore read once.
class FlowConfigurationReader : protected FlowConfigurationParts {
 protected:
  using FlowConfigurationParts::FlowConfigurationParts;

  Result<void> read(const Body& body, JsonReader& reader) {
    constexpr std::size_t most = (std::numeric_limits<std::uint32_t>::max)();
    const std::string_view text = body.view();
    if (text.size() > std::min(limits_.max_bytes, most)) {
      return malformed("its " + std::to_string(text.size()) + " bytes exceed the limit of " +
                       std::to_string(std::min(limits_.max_bytes, most)));
    }
    if (text.starts_with("\xEF\xBB\xBF")) return malformed("begins with a byte order mark");
    const std::size_t first = text.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos) return malformed("is empty");
    if (text[first] != '{') return malformed("expected a JSON object");
    const auto done = reader.object(body, [this](std::string_view key, JsonValue value) { return root(key, value); });
    if (!done) return malformed_here(why_.empty() ? done.error().why : std::string_view(why_));
    if ((seen_root_ & has_items) == 0) return malformed("flowSequenceItemList: is missing");
    return {};
  }

 private:
  [[nodiscard]] Failure malformed_here(std::string_view why) const {
    std::string where;
    if (at_.item_at != none) where = place(at_);
    if (in_choice_) where.resize(where.size() - std::string_view(".action").size());
    if (path_ != none) where.append(".paths[").append(std::to_string(path_)).append("]");
    if (!where_.empty()) where.append(where.empty() ? "" : ".").append(where_);
    if (!where.empty()) where.append(": ");
    return malformed(where.append(why));
  }

  Code root(std::string_view key, JsonValue value) {
    Member which = not_ours;
    if (const Code error = take(key, root_members, seen_root_, which)) return error;
    switch (which) {
      case has_items:
        return items(value);
      case has_name:
        return kept_name(value, notes_.name);
      case has_type:
        return kept_name(value, notes_.type);
      case has_initial:
        return text(value, 1, initial_);
      default:
        return skip(value, 1);
    }
  }

  /// A text, or nothing where there is none; `is_text` tells whether the value was one, or null.
  Code text(JsonValue& value, int depth, std::string_view& out, bool* is_text = nullptr) {
    simdjson::ondemand::json_type type;
    if (const Code error = value.type().get(type)) return error;
    if (type == simdjson::ondemand::json_type::string) return value.get_string().get(out);
    if (is_text) *is_text = type == simdjson::ondemand::json_type::null;
    return skip(value, depth);
  }
  Code kept_name(JsonValue& value, std::string& out) {
    std::string_view found;
    if (const Code error = text(value, 1, found)) return error;
    if (is_name(found)) out = found;
    return simdjson::SUCCESS;
  }

  /// Calls `visit(item)` for each element of a list that may be absent, with its place in `at`.
  template <class Visit>
  Code list(JsonValue& value, bool may_be_null, std::uint32_t& at, int depth, Visit&& visit) {
    simdjson::ondemand::json_type type;
    if (const Code error = value.type().get(type)) return error;
    if (may_be_null && type == simdjson::ondemand::json_type::null) return skip(value, depth);
    simdjson::ondemand::array array;
    if (const Code error = array_of(value, array)) return error;
    std::uint32_t count = 0;
    for (auto element : array) {
      JsonValue item;
      where_ = {};
      at = count++;
      if (const Code error = element.get(item)) return error;
      if (const Code error = visit(item)) return error;
    }
    return simdjson::SUCCESS;
  }

  Code items(JsonValue value) {
    std::uint32_t at = 0;
    const Code error = list(value, false, at, 1, [&](JsonValue& item) {
      at_ = Node{};
      at_.item_at = at, at_.item = static_cast<std::uint32_t>(nodes_.size());
      ++notes_.item_count;
      return node(item, 3);
    });
    if (!error) at_.item_at = none, where_ = {};
    return error;
  }

  /// A node at the place `at_`, whose object is `depth` deep. Leaves the place as it found it.
  Code node(JsonValue& value, int depth) {
    JsonObjectView object;
    if (const Code error = object_of(value, object)) return error;
    if (nodes_.size() >= limits_.max_nodes)
      return refuse("exceeds the limit of " + std::to_string(limits_.max_nodes) + " nodes");
    const auto self = static_cast<NodeIndex>(nodes_.size());
    nodes_.push_back(at_);
    const bool is_item = at_.list == List::item;
    unsigned seen = 0;
    std::string_view menu, task_name, menu_name;
    const Code error = JsonReader::each(object, [&](std::string_view key, JsonValue member) -> Code {
      Member which = not_ours;
      if (const Code twice = take(key, action_members, seen, which)) return twice;
      if (is_item && which == not_ours)
        if (const Code twice = take(key, item_members, seen, which)) return twice;
      switch (which) {
        case has_id:
          return id(member, depth, self);
        case has_type:
          return type_of(member, depth, self);
        case has_name:
          return text(member, depth, nodes_[self].name);
        case has_tracking:
          return tracking(member, depth, self);
        case has_start:
          return link(member, depth, self, Field::start);
        case has_next:
          return link(member, depth, self, Field::next);
        case has_next_id:
          return link(member, depth, self, Field::next_id);
        case has_paths:
          return paths(member, depth, self);
        case has_menu:
          return reference(member, depth, self, menu);
        case has_task_name:
          return text(member, depth, task_name);
        case has_menu_name:
          return text(member, depth, menu_name);
        case has_actions:
          return actions(member, depth);
        case has_choices:
          return choices(member, depth, self);
        case has_fallback:
          return fallback(member, depth, self);
        default:
          return skip(member, depth);
      }
    });
    if (error) return error;
    // By name only where no id says it: both are written side by side.
    where_ = "taskName";
    if (menu.empty() && !task_name.empty())
      if (const Code full = add({.from = self, .target = task_name, .field = Field::task_name})) return full;
    where_ = "menuName";
    if (menu.empty() && !menu_name.empty())
      if (const Code full = add({.from = self, .target = menu_name, .field = Field::menu_name})) return full;
    where_ = "id";
    if ((seen & has_id) == 0 && !in_a_choice()) return refuse("is missing");
    where_ = {};
    return simdjson::SUCCESS;
  }
  [[nodiscard]] bool in_a_choice() const noexcept { return at_.list == List::choice || at_.list == List::fallback; }

  Code id(JsonValue& value, int depth, NodeIndex self) {
    if (in_a_choice()) {  // `null` is as good as absent there
      simdjson::ondemand::json_type type;
      if (const Code error = value.type().get(type)) return error;
      if (type == simdjson::ondemand::json_type::null) return skip(value, depth);
    }
    Identifier id;
    if (const Code error = identifier(value, id)) return error;
    nodes_[self].id = id.text, nodes_[self].tag = id.tag;
    return simdjson::SUCCESS;
  }
  Code type_of(JsonValue& value, int depth, NodeIndex self) {
    std::string_view type;
    if (const Code error = text(value, depth, type)) return error;
    if (is_name(type)) nodes_[self].type = type;
    return simdjson::SUCCESS;
  }
  Code tracking(JsonValue& value, int depth, NodeIndex self) {
    token_.clear();
    if (const Code error = JsonReader::walk(value, token_, limits_.max_depth - depth)) return error;
    std::uint64_t number = token_.empty() || token_.size() > 10 ? none : 0;
    for (const char c : token_)
      number = is_digit(c) && number < none ? number * 10 + static_cast<std::uint64_t>(c - '0') : none;
    if (number < none) nodes_[self].tracking = static_cast<std::uint32_t>(number);
    return simdjson::SUCCESS;
  }

  Code add(const Link& link) {
    if (links_.size() >= limits_.max_edges)
      return refuse("exceeds the limit of " + std::to_string(limits_.max_edges) + " transitions in all");
    links_.push_back(link);
    return simdjson::SUCCESS;
  }
  /// A member that names a target by its id.
  Code link(JsonValue& value, int depth, NodeIndex self, Field field) {
    std::string_view target;
    bool is_text = true;
    if (const Code error = text(value, depth, target, &is_text)) return error;
    if (!is_text) drop(place(at_, field, 0), "expected a string");
    return target.empty() ? simdjson::SUCCESS : add({.from = self, .target = target, .field = field});
  }
  Code reference(JsonValue& value, int depth, NodeIndex self, std::string_view& menu) {
    const std::size_t before = links_.size();
    if (const Code error = link(value, depth, self, Field::menu)) return error;
    if (links_.size() != before) menu = links_.back().target;
    return simdjson::SUCCESS;
  }

  Code paths(JsonValue& value, int depth, NodeIndex self) {
    simdjson::ondemand::json_type type;
    if (const Code error = value.type().get(type)) return error;
    if (type != simdjson::ondemand::json_type::array) {
      if (type != simdjson::ondemand::json_type::null) drop(place(at_).append(".paths"), "expected an array");
      return skip(value, depth);
    }
    const Code error =
        list(value, false, path_, depth, [&](JsonValue& item) -> Code { return path(item, depth + 2, self); });
    if (!error) path_ = none;
    return error;
  }
  Code path(JsonValue& value, int depth, NodeIndex self) {
    simdjson::ondemand::json_type type;
    if (const Code error = value.type().get(type)) return error;
    if (type != simdjson::ondemand::json_type::object) {
      drop(place(at_).append(".paths[").append(std::to_string(path_)).append("]"), "expected an object");
      return skip(value, depth - 1);
    }
    JsonObjectView object;
    if (const Code error = object_of(value, object)) return error;
    Link link{.from = self, .at = path_, .field = Field::path};
    std::string_view label, output;
    bool is_text = true;
    unsigned seen = 0;
    const Code error = JsonReader::each(object, [&](std::string_view key, JsonValue member) -> Code {
      Member which = not_ours;
      if (const Code twice = take(key, path_members, seen, which)) return twice;
      switch (which) {
        case has_next_id:
          return text(member, depth, link.target, &is_text);
        case has_path_label:
          return condition_text(member, depth, label);
        case has_output:
          return condition_text(member, depth, output);
        default:
          return skip(member, depth);
      }
    });
    if (error) return error;
    where_ = {};
    if (!is_text) drop(place(at_, Field::path, path_), "expected a string");
    if (link.target.empty()) return simdjson::SUCCESS;
    link.condition = conditions_.number(label.empty() ? output : label);
    return add(link);
  }
  /// A text that may become a condition.
  Code condition_text(JsonValue& value, int depth, std::string_view& out) {
    if (const Code error = text(value, depth, out)) return error;
    return out.size() > limits_.max_condition_bytes ? too_long(limits_.max_condition_bytes) : simdjson::SUCCESS;
  }

  Code actions(JsonValue& value, int depth) {
    where_ = "actionList";
    const Node item = at_;
    const Code error = list(value, true, at_.at, depth, [&](JsonValue& action) {
      at_.list = List::action;
      return node(action, depth + 2);
    });
    if (!error) at_ = item;
    return error;
  }
  Code choices(JsonValue& value, int depth, NodeIndex self) {
    where_ = "menuChoiceList";
    const Node item = at_;
    const Code error = list(value, true, at_.at, depth, [&](JsonValue& each) {
      at_.list = List::choice;
      return choice(each, depth + 2, self);
    });
    if (!error) at_ = item;
    return error;
  }
  Code fallback(JsonValue& value, int depth, NodeIndex self) {
    simdjson::ondemand::json_type type;
    if (const Code error = value.type().get(type)) return error;
    if (type == simdjson::ondemand::json_type::null) return skip(value, depth);
    const Node item = at_;
    at_.list = List::fallback, where_ = {};
    const Code error = choice(value, depth + 1, self);
    if (!error) at_ = item;
    return error;
  }

  Code choice(JsonValue& value, int depth, NodeIndex menu) {
    JsonObjectView object;
    in_choice_ = true;
    if (const Code error = object_of(value, object)) return error;
    const Node at = at_;
    std::string_view id, name, digit;
    NodeIndex action = none;
    unsigned seen = 0;
    const Code error = JsonReader::each(object, [&](std::string_view key, JsonValue member) -> Code {
      Member which = not_ours;
      if (const Code twice = take(key, choice_members, seen, which)) return twice;
      switch (which) {
        case has_action:
          return inlined(member, depth, action);
        case has_id:
          return text(member, depth, id);
        case has_name:
          return text(member, depth, name);
        case has_digit:
          return digit_of(member, depth, digit);
        default:
          return skip(member, depth);
      }
    });
    if (error) return error;
    where_ = digit.empty() ? "name" : "digit";
    if (digit.empty()) digit = name;
    if (digit.empty() && at.list == List::fallback) digit = "default";
    if (digit.size() > limits_.max_condition_bytes) return too_long(limits_.max_condition_bytes);
    where_ = {}, in_choice_ = false;
    if (action == none) return simdjson::SUCCESS;
    if (Node& made = nodes_[action]; made.id.empty()) {
      where_ = "id";
      if (id.empty()) return refuse("is missing");
      if (id.size() > limit_of_id()) return too_long(limit_of_id());
      if (has_control(id)) return refuse("holds a control character");
      made.id = id, made.tag = TextIndex::tag_of(hash_text(id, seed()));
      where_ = {};
    }
    return add({.from = menu, .node = action, .condition = conditions_.number(digit), .field = Field::inlined});
  }
  Code inlined(JsonValue& value, int depth, NodeIndex& action) {
    simdjson::ondemand::json_type type;
    if (const Code error = value.type().get(type)) return error;
    if (type == simdjson::ondemand::json_type::null) return skip(value, depth);
    in_choice_ = false, where_ = {};
    action = static_cast<NodeIndex>(nodes_.size());
    const Code error = node(value, depth + 1);
    if (!error) in_choice_ = true;
    return error;
  }
  /// A string, or a number as it is written.
  Code digit_of(JsonValue& value, int depth, std::string_view& out) {
    simdjson::ondemand::json_type type;
    if (const Code error = value.type().get(type)) return error;
    if (type != simdjson::ondemand::json_type::number) return text(value, depth, out);
    std::string_view token = value.raw_json_token();
    while (!token.empty() &&
           (token.back() == ' ' || token.back() == '\t' || token.back() == '\r' || token.back() == '\n'))
      token.remove_suffix(1);
    out = token;
    return skip(value, depth);
  }

  Node at_{.item_at = none};   // where the reading is
  std::uint32_t path_ = none;  // in its paths
  bool in_choice_ = false;     // in the choice, not in its action
  unsigned seen_root_ = 0;
  std::string token_;
};

}  // namespace patchbay::detail
