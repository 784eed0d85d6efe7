// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <patchbay/flow/detail/text_interner.hpp>
#include <patchbay/flow/flow_configuration.hpp>
#include <patchbay/flow/impl/flow_values.ipp>
#include <patchbay/json/read.hpp>
#include <patchbay/result.hpp>

namespace patchbay::detail {

/// What a configuration is taken apart into, where each part stands in its text, and what its members are called.
class FlowConfigurationParts : protected FlowValues {
 protected:
  /// Where in its item a node stands.
  enum class List : std::uint8_t { item, action, choice, fallback };
  /// The member that a link comes from.
  enum class Field : std::uint8_t { start, next, next_id, path, menu, task_name, menu_name, inlined };
  struct Node {
    std::string_view id{}, type{}, name{};
    std::uint32_t tracking = none;
    std::uint32_t item = 0;             ///< The node that is its item; itself for one.
    std::uint32_t item_at = 0, at = 0;  ///< Places in `flowSequenceItemList` and in the item's list.
    std::uint32_t tag = 0;              ///< Of the id.
    List list = List::item;
  };
  struct Link {
    NodeIndex from = 0;
    NodeIndex node = none;      ///< Its target where that is known: an inlined action.
    std::string_view target{};  ///< Otherwise an id or a name.
    std::uint32_t condition = 0;
    std::uint32_t at = 0;  ///< Of a path: its place.
    Field field = Field::next;
  };

  explicit FlowConfigurationParts(const FlowLimits& limits) noexcept
      : FlowValues(limits), types_(seed()), conditions_(seed()) {}

  /// Whether `text` can name a node, or the flow.
  [[nodiscard]] bool is_name(std::string_view text) const noexcept {
    return !text.empty() && text.size() <= limits_.max_id_bytes && !has_control(text);
  }

  static Failure malformed(std::string why) {
    return fail(ErrorCode::flow_malformed, "flow configuration: " + std::move(why));
  }

  /// Where a node stands: `flowSequenceItemList[2].menuChoiceList[0].action`.
  [[nodiscard]] static std::string place(const Node& node) {
    std::string out = "flowSequenceItemList[" + std::to_string(node.item_at) + "]";
    switch (node.list) {
      case List::item:
        break;
      case List::action:
        out.append(".actionList[").append(std::to_string(node.at)).append("]");
        break;
      case List::choice:
        out.append(".menuChoiceList[").append(std::to_string(node.at)).append("].action");
        break;
      case List::fallback:
        out.append(".defaultMenuChoice.action");
        break;
    }
    return out;
  }
  [[nodiscard]] static std::string place(const Node& node, Field field, std::uint32_t at) {
    std::string out = place(node);
    switch (field) {
      case Field::start:
        out.append(".startAction");
        break;
      case Field::next:
        out.append(".nextAction");
        break;
      case Field::next_id:
        out.append(".nextActionId");
        break;
      case Field::path:
        out.append(".paths[").append(std::to_string(at)).append("].nextActionId");
        break;
      case Field::menu:
        out.append(".menuReference");
        break;
      case Field::task_name:
        out.append(".taskName");
        break;
      case Field::menu_name:
        out.append(".menuName");
        break;
      case Field::inlined:
        break;
    }
    return out;
  }
  [[nodiscard]] bool has_room_for_remarks() const noexcept {
    return notes_.remarks.size() < FlowConfigurationNotes::most_remarks;
  }
  void remark(std::string where, std::string_view why) {
    if (has_room_for_remarks()) notes_.remarks.push_back(std::move(where.append(": ").append(why)));
  }
  /// A transition is not taken.
  void drop(std::string where, std::string_view why) {
    ++notes_.dropped_count;
    remark(std::move(where), why);
  }

  std::vector<Node> nodes_;
  std::vector<Link> links_;
  TextInterner types_, conditions_;  // number 0: none
  std::string_view initial_{};
  FlowConfigurationNotes notes_;

  enum Member : unsigned {
    not_ours = 0,
    has_items = 1,
    has_name = 1 << 1,
    has_type = 1 << 2,
    has_initial = 1 << 3,
    has_id = 1 << 4,
    has_tracking = 1 << 5,
    has_start = 1 << 6,
    has_actions = 1 << 7,
    has_choices = 1 << 8,
    has_fallback = 1 << 9,
    has_next = 1 << 10,
    has_next_id = 1 << 11,
    has_paths = 1 << 12,
    has_menu = 1 << 13,
    has_task_name = 1 << 14,
    has_menu_name = 1 << 15,
    has_path_label = 1 << 16,
    has_output = 1 << 17,
    has_digit = 1 << 18,
    has_action = 1 << 19
  };
  struct MemberName {
    std::string_view text;
    Member member;
  };
  static constexpr MemberName root_members[] = {
      {"flowSequenceItemList", has_items}, {"name", has_name}, {"type", has_type}, {"initialSequence", has_initial}};
  static constexpr MemberName action_members[] = {{"__type", has_type},        {"id", has_id},
                                                  {"name", has_name},          {"trackingId", has_tracking},
                                                  {"nextAction", has_next},    {"paths", has_paths},
                                                  {"taskName", has_task_name}, {"menuName", has_menu_name},
                                                  {"startAction", has_start},  {"nextActionId", has_next_id},
                                                  {"menuReference", has_menu}};
  static constexpr MemberName item_members[] = {
      {"actionList", has_actions}, {"menuChoiceList", has_choices}, {"defaultMenuChoice", has_fallback}};
  static constexpr MemberName path_members[] = {
      {"nextActionId", has_next_id}, {"label", has_path_label}, {"outputId", has_output}};
  static constexpr MemberName choice_members[] = {
      {"action", has_action}, {"id", has_id}, {"name", has_name}, {"digit", has_digit}};

  /// Which of `members` is called `key`.
  template <std::size_t N>
  static const MemberName* find(std::string_view key, const MemberName (&members)[N]) noexcept {
    for (const MemberName& each : members)
      if (key == each.text) return &each;
    return nullptr;
  }
  /// The same, checked to be given once; `not_ours` for none. `which` is read when the result is success.
  template <std::size_t N>
  Code take(std::string_view key, const MemberName (&members)[N], unsigned& seen, Member& which) {
    where_ = {};
    const MemberName* const found = find(key, members);
    if (found == nullptr) return simdjson::SUCCESS;
    which = found->member;
    return once(seen, which, found->text) ? simdjson::SUCCESS : code_;
  }
};

}  // namespace patchbay::detail
