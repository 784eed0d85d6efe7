// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // min
#include <cstddef>
#include <cstdint>
#include <cstring>  // memcmp
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <patchbay/flow/detail/text_interner.hpp>
#include <patchbay/flow/flow_graph.hpp>
#include <patchbay/flow/impl/flow_values.ipp>
#include <patchbay/http.hpp>
#include <patchbay/identifier.hpp>
#include <patchbay/json/read.hpp>
#include <patchbay/result.hpp>

namespace patchbay::detail {

/// Builds one graph from one text.
///
/// Ids are copied into the graph as they are met, and their numbers looked up all together behind the last node, where
/// the memory of each look-up can be asked for ahead of its turn. Until then an edge holds where its target's name
/// stands: in the text, or among those that had to be unescaped. All other texts are views, either into the text or
/// into the JSON parser's own buffer, which holds every string of the text until its next call.
class FlowParser : private FlowValues {
 public:
  explicit FlowParser(const FlowLimits& limits)
      : FlowValues(limits), graph_(seed()), types_(seed()), conditions_(seed()) {}

  Result<FlowGraph> parse(const Body& body, JsonReader& reader) {
    constexpr std::size_t most = (std::numeric_limits<std::uint32_t>::max)();
    const std::string_view text = body.view();
    if (text.size() > std::min(limits_.max_bytes, most)) {
      return fail(ErrorCode::flow_malformed, "flow: its " + std::to_string(text.size()) +
                                                 " bytes exceed the limit of " +
                                                 std::to_string(std::min(limits_.max_bytes, most)));
    }
    if (text.starts_with("\xEF\xBB\xBF")) return fail(ErrorCode::flow_malformed, "flow: begins with a byte order mark");
    const std::size_t first = text.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos) return fail(ErrorCode::flow_malformed, "flow: is empty");
    if (text[first] != '{') return fail(ErrorCode::flow_malformed, "flow: expected a JSON object");
    text_ = text.data();
    const std::size_t guess = text.size() / 64;
    graph_.nodes_.reserve(guess), graph_.names_.reserve(guess), tags_.reserve(guess);
    graph_.edges_.reserve(guess), targets_.reserve(guess);
    graph_.arena_.reserve(text.size() / 16);
    const auto done = reader.object(body, [this](std::string_view key, JsonValue value) { return root(key, value); });
    // An id that is given twice stands before whatever else was wrong.
    if (!number_nodes()) return refusal({});
    if (!done) return refusal(done.error().why);
    if ((seen_root_ & has_nodes) == 0) {
      where_ = "nodes";
      return refusal("is missing");
    }
    finish();
    return std::move(graph_);
  }

 private:
  enum Member : unsigned {
    has_id = 1,
    has_version = 2,
    has_nodes = 4,
    has_type = 8,
    has_transitions = 16,
    has_target = 32,
    has_condition = 64
  };

  /// The name of an edge's target, from the place that the edge holds.
  struct Target {
    std::uint32_t tag, size : 31, unescaped : 1;
  };
  Code root(std::string_view key, JsonValue value) {
    where_ = {};
    if (key == "id") return once(seen_root_, has_id, "id") ? id(value) : code_;
    if (key == "version") return once(seen_root_, has_version, "version") ? version(value) : code_;
    if (key == "nodes") return once(seen_root_, has_nodes, "nodes") ? nodes(value) : code_;
    return skip(value, 1);
  }

  Code id(JsonValue value) {
    simdjson::ondemand::json_type type;
    if (const Code error = value.type().get(type)) return error;
    if (type == simdjson::ondemand::json_type::null) return skip(value, 1);
    Identifier id;
    if (const Code error = identifier(value, id)) return error;
    graph_.id_ = id.text;
    return simdjson::SUCCESS;
  }

  Code version(JsonValue value) {
    simdjson::ondemand::json_type type;
    if (const Code error = value.type().get(type)) return error;
    if (type == simdjson::ondemand::json_type::null) return skip(value, 1);
    if (type != simdjson::ondemand::json_type::number) {
      Identifier version;
      if (const Code error = identifier(value, version)) return error;
      graph_.version_ = version.text;
      return simdjson::SUCCESS;
    }
    if (const Code error = JsonReader::walk(value, graph_.version_)) return error;
    return graph_.version_.size() > limits_.max_id_bytes ? too_long(limits_.max_id_bytes) : simdjson::SUCCESS;
  }

  Code nodes(JsonValue value) {
    simdjson::ondemand::array array;
    if (const Code error = array_of(value, array)) return error;
    for (auto element : array) {
      JsonValue item;
      node_ = static_cast<std::uint32_t>(graph_.nodes_.size());
      if (const Code error = element.get(item)) return error;
      if (graph_.nodes_.size() >= limits_.max_nodes) {
        node_ = none, where_ = "nodes";
        return refuse("exceeds the limit of " + std::to_string(limits_.max_nodes) + " nodes");
      }
      if (const Code error = node(item)) return error;
    }
    node_ = none;
    return simdjson::SUCCESS;
  }

  /// Whether the member's name is `name`, which ends with its quote. The text goes on for at least 64 bytes.
  template <std::size_t N>
  static bool is_named(const char* key, const char (&name)[N]) noexcept {
    return std::memcmp(key, name, N - 1) == 0;
  }
  /// One of our members for a name that may be escaped, as few are.
  template <class Field>
  static Code member_of(Field& field, const char* key, Member& which) {
    which = Member{};
    while (*key != '"' && *key != '\\') ++key;
    if (*key == '"') return simdjson::SUCCESS;  // it would have been found
    std::string_view name;
    if (const Code error = field.unescaped_key().get(name)) return error;
    which = name == "id"            ? has_id
            : name == "type"        ? has_type
            : name == "transitions" ? has_transitions
            : name == "targetId"    ? has_target
            : name == "condition"   ? has_condition
                                    : Member{};
    return simdjson::SUCCESS;
  }

  Code node(JsonValue value) {
    JsonObjectView object;
    where_ = {};
    if (const Code error = object_of(value, object)) return error;
    FlowGraph::Node made{static_cast<std::uint32_t>(graph_.edges_.size()), 0};
    unsigned seen = 0;
    for (auto field : object) {
      simdjson::ondemand::raw_json_string raw;
      JsonValue member;
      Member which{};
      if (const Code error = field.key().get(raw)) return error;
      const char* const key = raw.raw();
      if (is_named(key, "id\"")) {
        which = has_id;
      } else if (is_named(key, "type\"")) {
        which = has_type;
      } else if (is_named(key, "transitions\"")) {
        which = has_transitions;
      } else if (const Code error = member_of(field, key, which)) {
        return error;
      }
      if (const Code error = field.value().get(member)) return error;
      where_ = {};
      Code error;
      switch (which) {
        case has_id: error = once(seen, has_id, "id") ? node_id(member) : code_; break;
        case has_type: error = once(seen, has_type, "type") ? node_type(member, made.type) : code_; break;
        case has_transitions: error = once(seen, has_transitions, "transitions") ? transitions(member) : code_; break;
        default: error = skip(member, 3);
      }
      if (error) return error;
    }
    where_ = "id";
    if ((seen & has_id) == 0) return refuse("is missing");
    graph_.nodes_.push_back(made);
    return simdjson::SUCCESS;
  }

  Code node_id(JsonValue value) {
    Identifier id;
    if (const Code error = identifier(value, id)) return error;
    graph_.names_.push_back(keep(id.text));
    tags_.push_back(id.tag);
    return simdjson::SUCCESS;
  }

  Code node_type(JsonValue value, std::uint32_t& type) {
    std::string_view text;
    if (const Code error = optional_text(value, limits_.max_id_bytes, text)) return error;
    if (text != types_.latest() && has_control(text)) return refuse("holds a control character");
    type = types_.number(text);
    return simdjson::SUCCESS;
  }

  Code transitions(JsonValue value) {
    simdjson::ondemand::json_type type;
    if (const Code error = value.type().get(type)) return error;
    if (type == simdjson::ondemand::json_type::null) return skip(value, 3);
    simdjson::ondemand::array array;
    if (const Code error = array_of(value, array)) return error;
    transition_ = 0;
    for (auto element : array) {
      JsonValue item;
      where_ = {};
      if (const Code error = element.get(item)) return error;
      if (graph_.edges_.size() >= limits_.max_edges) {
        transition_ = none, where_ = "transitions";
        return refuse("exceeds the limit of " + std::to_string(limits_.max_edges) + " transitions in all");
      }
      if (const Code error = transition(item)) return error;
      ++transition_;
    }
    transition_ = none;
    return simdjson::SUCCESS;
  }

  Code transition(JsonValue value) {
    JsonObjectView object;
    if (const Code error = object_of(value, object)) return error;
    std::uint32_t condition = 0;
    Identifier target;
    unsigned seen = 0;
    for (auto field : object) {
      simdjson::ondemand::raw_json_string raw;
      JsonValue member;
      Member which{};
      if (const Code error = field.key().get(raw)) return error;
      const char* const key = raw.raw();
      if (is_named(key, "targetId\"")) {
        which = has_target;
      } else if (is_named(key, "condition\"")) {
        which = has_condition;
      } else if (const Code error = member_of(field, key, which)) {
        return error;
      }
      if (const Code error = field.value().get(member)) return error;
      where_ = {};
      if (which == has_target) {
        if (!once(seen, has_target, "targetId")) return code_;
        if (const Code error = identifier(member, target)) return error;
      } else if (which == has_condition) {
        std::string_view text;
        if (!once(seen, has_condition, "condition")) return code_;
        if (const Code error = optional_text(member, limits_.max_condition_bytes, text)) return error;
        condition = conditions_.number(text);
      } else if (const Code error = skip(member, 5)) {
        return error;
      }
    }
    where_ = "targetId";
    if ((seen & has_target) == 0) return refuse("is missing");
    std::size_t at = 0;
    if (target.plain) {
      at = static_cast<std::size_t>(target.text.data() - text_);
    } else {
      at = unescaped_.size();
      unescaped_.append(target.text);
    }
    const bool unescaped = !target.plain;
    targets_.push_back({target.tag, static_cast<std::uint32_t>(target.text.size()) & max_size, unescaped});
    graph_.edges_.emplace_back(static_cast<std::uint32_t>(at), condition);
    return simdjson::SUCCESS;
  }

  FlowGraph::Text keep(std::string_view text) {
    const FlowGraph::Text kept{static_cast<std::uint32_t>(graph_.arena_.size()),
                               static_cast<std::uint32_t>(text.size())};
    graph_.arena_.append(text);
    return kept;
  }

  [[nodiscard]] std::string_view name(std::uint32_t number) const noexcept {
    return graph_.text(graph_.names_[number]);
  }

  /// Enters the names of the nodes that were read; false, with the refusal, when one is there twice.
  bool number_nodes() {
    const auto count = static_cast<std::uint32_t>(graph_.names_.size());
    graph_.index_.reserve(count);
    for (std::uint32_t i = 0; i < count; ++i) {
      graph_.index_.prefetch(tags_[std::min(i + 8, count - 1)]);
      const auto [first, is_new] =
          graph_.index_.insert(tags_[i], name(i), i, [this](std::uint32_t n) { return name(n); });
      if (is_new) continue;
      node_ = i, transition_ = none, where_ = "id";
      why_ = "is the same as that of nodes[" + std::to_string(first) + "]: ";
      append_shown(why_, name(i));
      return false;
    }
    return true;
  }

  /// Numbers the targets: nodes as in the definition, and names that no node has behind them, as they are first met.
  void number_targets() {
    const auto count = static_cast<std::uint32_t>(graph_.nodes_.size());
    const std::size_t edges = targets_.size();
    for (std::size_t i = 0; i < edges; ++i) {
      if (i + 16 < edges) graph_.index_.prefetch(targets_[i + 16].tag);
      const Target& target = targets_[i];
      FlowEdge& edge = graph_.edges_[i];
      const std::string_view text((target.unescaped != 0 ? unescaped_.data() : text_) + edge.target_, target.size);
      const auto next = static_cast<std::uint32_t>(graph_.names_.size());
      const auto [number, is_new] =
          graph_.index_.insert(target.tag, text, next, [this](std::uint32_t n) { return name(n); });
      if (is_new) graph_.names_.push_back(keep(text));
      if (number >= count) ++graph_.dangling_;
      edge.target_ = number;
    }
  }

  void finish() {
    number_targets();
    graph_.nodes_.push_back({static_cast<std::uint32_t>(graph_.edges_.size()), 0});
    graph_.types_.reserve(types_.texts().size());
    for (const std::string_view text : types_.texts()) graph_.types_.push_back(keep(text));
    graph_.conditions_.reserve(conditions_.texts().size());
    for (const std::string_view text : conditions_.texts()) graph_.conditions_.push_back(keep(text));
    const auto trim = [](auto& held) {  // what was guessed too large, unless it is too little to matter
      if (held.capacity() > held.size() + held.size() / 4 + 256) held.shrink_to_fit();
    };
    trim(graph_.nodes_), trim(graph_.edges_), trim(graph_.names_), trim(graph_.arena_);
  }

  FlowGraph graph_;
  const char* text_ = nullptr;       // of the definition
  std::vector<std::uint32_t> tags_;  // of the nodes' names
  std::vector<Target> targets_;      // of the edges
  std::string unescaped_;            // names of targets that do not stand in the text as they are
  TextInterner types_, conditions_;  // number 0: none
  unsigned seen_root_ = 0;
};

}  // namespace patchbay::detail
