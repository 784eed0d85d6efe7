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

#include <simdjson.h>

#include <patchbay/flow/flow_graph.hpp>
#include <patchbay/identifier.hpp>
#include <patchbay/json/read.hpp>
#include <patchbay/result.hpp>

namespace patchbay::detail {

/// Whether `text` (valid UTF-8) holds a control character: C0, DEL or C1.
inline bool has_control(std::string_view text) noexcept {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x20 || byte == 0x7f) return true;
    if (byte == 0xc2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xa0) return true;
  }
  return false;
}

/// Builds one graph from one text and remembers where in it the reading is, for messages.
///
/// Texts are views into the JSON parser's own buffer, which holds every string of the text until its next call; they
/// are copied once, at the end.
class FlowParser {
 public:
  explicit FlowParser(const FlowLimits& limits)
      : limits_(limits), graph_(seed()), types_(seed()), conditions_(seed()) {
    types_.number({});       // number 0: no type
    conditions_.number({});  // number 0: no condition
  }

  template <class Source>
  Result<FlowGraph> parse(const Source& source, std::string_view text, JsonReader& reader) {
    constexpr std::size_t most = (std::numeric_limits<std::uint32_t>::max)();
    if (text.size() > std::min(limits_.max_bytes, most)) {
      return fail(ErrorCode::flow_malformed, "flow: its " + std::to_string(text.size()) +
                                                 " bytes exceed the limit of " +
                                                 std::to_string(std::min(limits_.max_bytes, most)));
    }
    if (text.starts_with("\xEF\xBB\xBF")) return fail(ErrorCode::flow_malformed, "flow: begins with a byte order mark");
    const std::size_t first = text.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos) return fail(ErrorCode::flow_malformed, "flow: is empty");
    if (text[first] != '{') return fail(ErrorCode::flow_malformed, "flow: expected a JSON object");
    nodes_.reserve(text.size() / 64);
    names_.reserve(text.size() / 64);
    graph_.edges_.reserve(text.size() / 64);
    const auto done = reader.object(source, [this](std::string_view key, JsonValue value) { return root(key, value); });
    if (!done) return refusal(done.error().why);
    if ((seen_root_ & has_nodes) == 0) {
      where_ = "nodes";
      return refusal("is missing");
    }
    finish();
    return std::move(graph_);
  }

 private:
  using Code = simdjson::error_code;
  enum Member : unsigned {
    has_id = 1,
    has_version = 2,
    has_nodes = 4,
    has_type = 8,
    has_transitions = 16,
    has_target = 32,
    has_condition = 64
  };

  /// Distinct texts, numbered in the order in which they are first met.
  class Interner {
   public:
    explicit Interner(std::uint64_t seed) noexcept : index(seed) {}
    std::uint32_t number(std::string_view text) {
      const auto next = static_cast<std::uint32_t>(texts.size());
      const auto [i, is_new] = index.insert(text, next, [this](std::uint32_t n) { return texts[n]; });
      if (is_new) texts.push_back(text);
      return i;
    }
    std::vector<std::string_view> texts;
    TextIndex index;
  };
  struct Node {
    std::uint32_t id, type, first_edge;
  };
  static constexpr std::uint32_t none = TextIndex::none;

  /// Differs from run to run wherever addresses do; nothing that can be seen depends on it.
  std::uint64_t seed() const noexcept { return static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(this)); }

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
    return type == simdjson::ondemand::json_type::null ? skip(value, 1) : identifier(value, graph_.id_);
  }

  Code version(JsonValue value) {
    simdjson::ondemand::json_type type;
    if (const Code error = value.type().get(type)) return error;
    if (type == simdjson::ondemand::json_type::null) return skip(value, 1);
    if (type != simdjson::ondemand::json_type::number) return identifier(value, graph_.version_);
    if (const Code error = JsonReader::walk(value, graph_.version_)) return error;
    return graph_.version_.size() > limits_.max_id_bytes ? too_long(limits_.max_id_bytes) : simdjson::SUCCESS;
  }

  Code nodes(JsonValue value) {
    simdjson::ondemand::array array;
    if (const Code error = array_of(value, array)) return error;
    for (auto element : array) {
      JsonValue item;
      node_ = static_cast<std::uint32_t>(nodes_.size());
      if (const Code error = element.get(item)) return error;
      if (nodes_.size() >= limits_.max_nodes) {
        node_ = none, where_ = "nodes";
        return refuse("exceeds the limit of " + std::to_string(limits_.max_nodes) + " nodes");
      }
      if (const Code error = node(item)) return error;
    }
    node_ = none;
    return simdjson::SUCCESS;
  }

  Code node(JsonValue value) {
    JsonObjectView object;
    where_ = {};
    if (const Code error = object_of(value, object)) return error;
    Node made{none, 0, static_cast<std::uint32_t>(graph_.edges_.size())};
    unsigned seen = 0;
    const Code error = JsonReader::each(object, [&](std::string_view key, JsonValue member) -> Code {
      where_ = {};
      if (key == "id") return once(seen, has_id, "id") ? node_id(member, made.id) : code_;
      if (key == "type") return once(seen, has_type, "type") ? node_type(member, made.type) : code_;
      if (key == "transitions") return once(seen, has_transitions, "transitions") ? transitions(member) : code_;
      return skip(member, 3);
    });
    if (error) return error;
    where_ = "id";
    if (made.id == none) return refuse("is missing");
    nodes_.push_back(made);
    return simdjson::SUCCESS;
  }

  Code node_id(JsonValue value, std::uint32_t& id) {
    std::string_view text;
    if (const Code error = identifier(value, text)) return error;
    id = intern(text);
    if (const std::uint32_t first = names_[id].node; first != none) {
      std::string why = "is the same as that of nodes[" + std::to_string(first) + "]: ";
      append_shown(why, text);
      return refuse(std::move(why));
    }
    names_[id].node = node_;
    return simdjson::SUCCESS;
  }

  Code node_type(JsonValue value, std::uint32_t& type) {
    std::string_view text;
    if (const Code error = optional_text(value, limits_.max_id_bytes, text)) return error;
    if (has_control(text)) return refuse("holds a control character");
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
    std::uint32_t target = none, condition = 0;
    unsigned seen = 0;
    const Code error = JsonReader::each(object, [&](std::string_view key, JsonValue member) -> Code {
      where_ = {};
      std::string_view text;
      if (key == "targetId") {
        if (!once(seen, has_target, "targetId")) return code_;
        if (const Code bad = identifier(member, text)) return bad;
        target = intern(text);
        return simdjson::SUCCESS;
      }
      if (key == "condition") {
        if (!once(seen, has_condition, "condition")) return code_;
        if (const Code bad = optional_text(member, limits_.max_condition_bytes, text)) return bad;
        condition = conditions_.number(text);
        return simdjson::SUCCESS;
      }
      return skip(member, 5);
    });
    if (error) return error;
    where_ = "targetId";
    if (target == none) return refuse("is missing");
    graph_.edges_.emplace_back(target, condition);
    return simdjson::SUCCESS;
  }

  /// A name's number in the order of first mention; `finish` turns it into the node's index.
  std::uint32_t intern(std::string_view text) {
    const auto next = static_cast<std::uint32_t>(names_.size());
    const auto [i, is_new] = graph_.index_.insert(text, next, [this](std::uint32_t n) { return names_[n].text; });
    if (is_new) names_.push_back({text, none});
    return i;
  }

  // The reading of single values. Each leaves the place in `where_` and returns an error of simdjson, or `code_` with
  // the reason in `why_`.

  bool once(unsigned& seen, unsigned member, const char* name) {
    where_ = name;
    const bool first = (seen & member) == 0;
    seen |= member;
    if (!first) refuse("is given twice");
    return first;
  }

  Code array_of(JsonValue& value, simdjson::ondemand::array& array) {
    const Code error = value.get_array().get(array);
    return error == simdjson::INCORRECT_TYPE ? refuse("expected an array") : error;
  }

  Code object_of(JsonValue& value, JsonObjectView& object) {
    const Code error = value.get_object().get(object);
    return error == simdjson::INCORRECT_TYPE ? refuse("expected an object") : error;
  }

  Code text_of(JsonValue& value, std::size_t limit, std::string_view& text) {
    const Code error = value.get_string().get(text);
    if (error == simdjson::INCORRECT_TYPE) return refuse("expected a string");
    if (error) return error;
    return text.size() > limit ? too_long(limit) : simdjson::SUCCESS;
  }

  Code optional_text(JsonValue& value, std::size_t limit, std::string_view& text) {
    simdjson::ondemand::json_type type;
    if (const Code error = value.type().get(type)) return error;
    return type == simdjson::ondemand::json_type::null ? skip(value, 0) : text_of(value, limit, text);
  }

  template <class Text>
  Code identifier(JsonValue value, Text& out) {
    std::string_view text;
    if (const Code error = text_of(value, limits_.max_id_bytes, text)) return error;
    if (text.empty()) return refuse("is empty");
    if (has_control(text)) return refuse("holds a control character");
    out = text;
    return simdjson::SUCCESS;
  }

  /// A member that is not ours, or a `null`: checked in full, so that no error behind it goes unseen.
  Code skip(JsonValue& value, int depth) {
    ignored_.clear();
    return JsonReader::walk(value, ignored_, limits_.max_depth - depth);
  }

  Code too_long(std::size_t limit) { return refuse("is longer than " + std::to_string(limit) + " bytes"); }

  Code refuse(std::string why) {
    why_ = std::move(why);
    return code_;
  }

  [[nodiscard]] Failure refusal(std::string_view why) const {
    std::string message = "flow: ";
    if (node_ != none) {
      message.append("nodes[").append(std::to_string(node_)).append("]");
      if (transition_ != none) message.append(".transitions[").append(std::to_string(transition_)).append("]");
      if (!where_.empty()) message.push_back('.');
    }
    message.append(where_);
    if (node_ != none || !where_.empty()) message.append(": ");
    message.append(why_.empty() ? why : std::string_view(why_));
    return fail(ErrorCode::flow_malformed, std::move(message));
  }

  FlowGraph::Text keep(std::string_view text) {
    const FlowGraph::Text kept{static_cast<std::uint32_t>(graph_.arena_.size()),
                               static_cast<std::uint32_t>(text.size())};
    graph_.arena_.append(text);
    return kept;
  }

  /// Numbers nodes as in the definition and unknown targets behind them, and copies the texts.
  void finish() {
    std::size_t bytes = 0;
    for (const Name& name : names_) bytes += name.text.size();
    for (const std::string_view text : types_.texts) bytes += text.size();
    for (const std::string_view text : conditions_.texts) bytes += text.size();
    graph_.arena_.reserve(bytes);

    const auto count = static_cast<std::uint32_t>(nodes_.size());
    std::vector<std::uint32_t> renumbered(names_.size());
    graph_.names_.resize(names_.size());
    std::uint32_t unknown = count;
    for (std::size_t i = 0; i < names_.size(); ++i) {
      renumbered[i] = names_[i].node != none ? names_[i].node : unknown++;
      graph_.names_[renumbered[i]] = keep(names_[i].text);
    }
    graph_.index_.renumber(renumbered);
    for (FlowEdge& edge : graph_.edges_) {
      edge.target_ = renumbered[edge.target_];
      if (edge.target_ >= count) ++graph_.dangling_;
    }
    graph_.nodes_.reserve(nodes_.size() + 1);
    for (const Node& node : nodes_) graph_.nodes_.push_back({node.first_edge, node.type});
    graph_.nodes_.push_back({static_cast<std::uint32_t>(graph_.edges_.size()), 0});
    graph_.types_.reserve(types_.texts.size());
    for (const std::string_view text : types_.texts) graph_.types_.push_back(keep(text));
    graph_.conditions_.reserve(conditions_.texts.size());
    for (const std::string_view text : conditions_.texts) graph_.conditions_.push_back(keep(text));
    if (graph_.edges_.capacity() > graph_.edges_.size() + graph_.edges_.size() / 2) graph_.edges_.shrink_to_fit();
  }

  struct Name {
    std::string_view text;
    std::uint32_t node;  // where it is defined, `none` as long as it is only mentioned
  };
  static constexpr Code code_ = simdjson::INCORRECT_TYPE;

  const FlowLimits& limits_;
  FlowGraph graph_;
  std::vector<Node> nodes_;
  std::vector<Name> names_;
  Interner types_, conditions_;
  std::string ignored_;
  unsigned seen_root_ = 0;
  std::uint32_t node_ = none;        // the node that is being read
  std::uint32_t transition_ = none;  // its transition
  std::string_view where_;           // the member; static text
  std::string why_;                  // empty when simdjson has the reason
};

}  // namespace patchbay::detail

namespace patchbay {

inline Result<FlowGraph> FlowGraph::parse(const Body& text, JsonReader& reader, const FlowLimits& limits) {
  return detail::FlowParser(limits).parse(text, text.view(), reader);
}

inline Result<FlowGraph> FlowGraph::parse(std::string_view text, JsonReader& reader, const FlowLimits& limits) {
  return detail::FlowParser(limits).parse(text, text, reader);
}

}  // namespace patchbay
