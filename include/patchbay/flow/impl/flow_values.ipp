// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // min
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <patchbay/flow/detail/text_index.hpp>
#include <patchbay/flow/flow_graph.hpp>
#include <patchbay/json/read.hpp>  // simdjson too, with its layout fixed
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

/// Reads the single values of a flow and remembers where in the text the reading is, for messages.
///
/// What reads a value leaves the place in `where_` and returns an error of simdjson, or `code_` with the reason in
/// `why_`.
class FlowValues {
 protected:
  using Code = simdjson::error_code;
  static constexpr Code code_ = simdjson::INCORRECT_TYPE;
  static constexpr std::uint32_t none = TextIndex::none;
  static constexpr std::uint32_t max_size = 0x7fffffff;  // of an id, so that a bit is left

  explicit FlowValues(const FlowLimits& limits) noexcept : limits_(limits) {}

  /// Differs from run to run wherever addresses do; nothing that can be seen depends on it.
  std::uint64_t seed() const noexcept { return static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(this)); }

  bool once(unsigned& seen, unsigned member, std::string_view name) {
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

  struct Identifier {
    std::string_view text;
    std::uint32_t tag = 0;
    bool plain = false;  ///< It stands in the text as it is.
  };
  Code identifier(JsonValue& value, Identifier& out) {
    std::string_view token = value.raw_json_token();
    if (!token.empty() && token.front() == '"') {
      while (token.back() != '"') token.remove_suffix(1);  // white space
      const std::string_view text = token.size() < 2 ? std::string_view{} : token.substr(1, token.size() - 2);
      const TextScan scan = scan_text(text, seed());
      simdjson::ondemand::raw_json_string raw;
      if (scan.plain && !text.empty() && text.size() <= limit_of_id()) {
        if (const Code error = value.get_raw_json_string().get(raw)) return error;
        out = {text, TextIndex::tag_of(scan.hash), true};
        return simdjson::SUCCESS;
      }
    }
    std::string_view text;
    if (const Code error = text_of(value, limit_of_id(), text)) return error;
    if (text.empty()) return refuse("is empty");
    if (has_control(text)) return refuse("holds a control character");
    out = {text, TextIndex::tag_of(hash_text(text, seed())), false};
    return simdjson::SUCCESS;
  }
  [[nodiscard]] std::size_t limit_of_id() const noexcept {
    return std::min(limits_.max_id_bytes, std::size_t{max_size});
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

  const FlowLimits& limits_;
  std::uint32_t node_ = none;        // the node that is being read
  std::uint32_t transition_ = none;  // its transition
  std::string_view where_;           // the member; static text
  std::string why_;                  // empty when simdjson has the reason

 private:
  std::string ignored_;
};

}  // namespace patchbay::detail
