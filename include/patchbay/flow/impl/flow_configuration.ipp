// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <patchbay/flow/flow_configuration.hpp>
#include <patchbay/flow/flow_graph.hpp>
#include <patchbay/flow/impl/flow_configuration_reader.ipp>
#include <patchbay/http.hpp>
#include <patchbay/identifier.hpp>
#include <patchbay/json/read.hpp>
#include <patchbay/result.hpp>

namespace patchbay {

namespace detail {

/// Makes the graph of what was read: names the nodes, resolves the links, orders them by node.
class FlowConfigurationParser : private FlowConfigurationReader {
 public:
  explicit FlowConfigurationParser(const FlowLimits& limits)
      : FlowConfigurationReader(limits), graph_(seed()), tasks_(seed()), menus_(seed()) {}

  Result<FlowGraph> parse(const Body& body, JsonReader& reader, FlowOrigin origin, FlowConfigurationNotes* notes) {
    Result<void> done = read(body, reader);
    if (done) done = identify();
    if (done) done = call();
    if (done) {
      name_items();
      connect();
      finish(origin);
    }
    if (notes != nullptr) *notes = std::move(notes_);
    if (!done) return fail(std::move(done.error()));
    return std::move(graph_);
  }

 private:
  using Text = FlowGraph::Text;
  static constexpr std::uint32_t several = none - 1;  // items of one name

  [[nodiscard]] std::string_view called(std::uint32_t number) const noexcept {
    return graph_.text(graph_.called_[number].text);
  }
  [[nodiscard]] bool room_for(std::size_t bytes) const noexcept {
    return bytes <= (std::numeric_limits<std::uint32_t>::max)() - graph_.arena_.size();
  }
  Text keep(std::string_view text) {
    const Text kept{static_cast<std::uint32_t>(graph_.arena_.size()), static_cast<std::uint32_t>(text.size())};
    graph_.arena_.append(text);
    return kept;
  }
  /// Enters the ids.
  Result<void> identify() {
    const auto count = static_cast<std::uint32_t>(nodes_.size());
    graph_.called_.reserve(std::size_t{count} * 4);
    graph_.index_.reserve(std::size_t{count} * 4);
    for (std::uint32_t i = 0; i < count; ++i) {
      const Node& node = nodes_[i];
      const auto [first, is_new] =
          graph_.index_.insert(node.tag, node.id, i, [this](std::uint32_t n) { return called(n); });
      if (!is_new) {
        std::string why = place(node).append(".id: is the same as that of ").append(place(nodes_[first])).append(": ");
        append_shown(why, node.id);
        return malformed(std::move(why));
      }
      if (!room_for(node.id.size())) return too_many_names();
      graph_.called_.push_back({keep(node.id), i});
    }
    return {};
  }
  static Failure too_many_names() { return malformed("the names of its nodes exceed 4 GiB"); }

  /// Enters a text that names a node, unless a number below `rank_begins` has it, and gives its number.
  std::uint32_t enter(Text text, std::uint32_t node, std::uint32_t rank_begins) {
    const auto next = static_cast<std::uint32_t>(graph_.called_.size());
    const auto [number, is_new] =
        graph_.index_.insert(graph_.text(text), next, [this](std::uint32_t n) { return called(n); });
    if (is_new) {
      graph_.called_.push_back({text, node});
    } else if (std::uint32_t& known = graph_.called_[number].node;
               number >= rank_begins && known != node && known != none) {
      known = none;
      ++notes_.ambiguous_count;
    }
    return number;
  }

  /// Enters all that nodes are called, and chooses what each is shown as. All of a node's names but its id are parts of
  /// one text: `Item/Action #31`.
  Result<void> call() {
    const auto count = static_cast<std::uint32_t>(nodes_.size());
    struct Shown {
      std::uint32_t path = none, full = none;  // numbers
      Text name{0, 0};
    };
    std::vector<Shown> shown(count);
    graph_.tracking_.reserve(count);
    for (std::uint32_t i = 0; i < count; ++i) {
      const Node& node = nodes_[i];
      const std::string_view item = nodes_[node.item].name;
      const bool is_item = node.item == i, named = is_name(node.name), has_path = named && (is_item || is_name(item));
      const std::string number = node.tracking == none ? std::string() : "#" + std::to_string(node.tracking);
      graph_.tracking_.push_back(node.tracking);
      if (!room_for(item.size() + node.name.size() + number.size() + 2)) return too_many_names();
      const auto begin = static_cast<std::uint32_t>(graph_.arena_.size());
      if (has_path && !is_item) graph_.arena_.append(item).push_back('/');
      if (named) shown[i].name = keep(node.name);
      const auto size = [&] { return static_cast<std::uint32_t>(graph_.arena_.size()) - begin; };
      if (has_path) shown[i].path = enter({begin, size()}, i, count);
      if (number.empty()) continue;
      if (named) graph_.arena_.push_back(' ');
      enter(keep(number), i, count);
      if (has_path) shown[i].full = enter({begin, size()}, i, count);
    }
    const auto rank_begins = static_cast<std::uint32_t>(graph_.called_.size());
    for (std::uint32_t i = 0; i < count; ++i)
      if (nodes_[i].item != i && shown[i].name.size != 0) enter(shown[i].name, i, rank_begins);
    graph_.names_.reserve(count);
    for (std::uint32_t i = 0; i < count; ++i) {
      const auto is_its_own = [&](std::uint32_t number) { return number != none && graph_.called_[number].node == i; };
      const std::uint32_t number = is_its_own(shown[i].path)   ? shown[i].path
                                   : is_its_own(shown[i].full) ? shown[i].full
                                                               : i;
      if (number == i) ++notes_.nameless_count;
      graph_.names_.push_back(graph_.called_[number].text);
    }
    return {};
  }

  static bool is_menu(const Node& node) noexcept { return node.type.ends_with("Menu"); }
  /// Enters the names by which items refer to each other; other rules than a client's, since tasks and menus are told
  /// apart.
  void name_items() {
    item_of_.assign(nodes_.size(), none);
    for (std::uint32_t i = 0; i < nodes_.size(); ++i) {
      const Node& node = nodes_[i];
      if (node.item != i || node.name.empty()) continue;
      TextIndex& index = is_menu(node) ? menus_ : tasks_;
      const auto [first, is_new] = index.insert(node.name, i, [this](std::uint32_t n) { return nodes_[n].name; });
      item_of_[first] = is_new ? i : several;
    }
  }

  void connect() {
    std::vector<std::uint32_t> targets(links_.size());
    graph_.nodes_.assign(nodes_.size() + 1, {0, 0});
    for (std::size_t i = 0; i < links_.size(); ++i) {
      targets[i] = resolve(links_[i]);
      if (targets[i] != none) ++graph_.nodes_[links_[i].from + 1].first_edge;
    }
    for (std::size_t i = 1; i < graph_.nodes_.size(); ++i)
      graph_.nodes_[i].first_edge += graph_.nodes_[i - 1].first_edge;
    std::vector<std::uint32_t> next(nodes_.size());
    for (std::size_t i = 0; i < next.size(); ++i) next[i] = graph_.nodes_[i].first_edge;
    graph_.edges_.assign(graph_.nodes_.back().first_edge, FlowEdge(0, 0));
    for (std::size_t i = 0; i < links_.size(); ++i)
      if (targets[i] != none) graph_.edges_[next[links_[i].from]++] = FlowEdge(targets[i], links_[i].condition);
  }

  /// The node that a link leads to; none, with the reason said, where it is dropped.
  std::uint32_t resolve(const Link& link) {
    const Node& from = nodes_[link.from];
    if (link.field == Field::inlined) return link.node;
    const auto dropped = [&](const char* why, bool shows_target = true) {
      if (!has_room_for_remarks()) return ++notes_.dropped_count, none;
      std::string text = why;
      if (shows_target) append_shown(text, link.target);
      drop(place(from, link.field, link.at), text);
      return none;
    };
    if (from.list != List::item && link.field != Field::path && ends_flow(from.type))
      return dropped("follows an action that ends the flow", false);
    if (link.field == Field::task_name || link.field == Field::menu_name) {
      const bool menu = link.field == Field::menu_name;
      const std::uint32_t first =
          (menu ? menus_ : tasks_).find(link.target, [this](std::uint32_t n) { return nodes_[n].name; });
      if (first == none) return dropped(menu ? "no menu is called " : "no task is called ");
      if (item_of_[first] == several) return dropped(menu ? "several menus are called " : "several tasks are called ");
      return first;
    }
    const std::uint32_t number = graph_.number_of(link.target);
    return number < nodes_.size() ? number : dropped("no node has the id ");
  }

  void finish(FlowOrigin origin) {
    graph_.id_ = origin.id;
    graph_.version_ = origin.version;
    for (std::size_t i = 0; i < nodes_.size(); ++i) graph_.nodes_[i].type = types_.number(nodes_[i].type);
    graph_.types_.reserve(types_.texts().size());
    for (const std::string_view text : types_.texts()) graph_.types_.push_back(keep(text));
    graph_.conditions_.reserve(conditions_.texts().size());
    for (const std::string_view text : conditions_.texts()) graph_.conditions_.push_back(keep(text));
    graph_.called_.shrink_to_fit();
    graph_.arena_.shrink_to_fit();
    if (initial_.empty()) return;
    const std::uint32_t number = graph_.number_of(initial_);
    if (number < nodes_.size() && nodes_[number].item == number) {
      notes_.entry = number;
    } else {
      std::string why = "no item has the id ";
      append_shown(why, initial_);
      remark("initialSequence", why);
    }
  }

  FlowGraph graph_;
  TextIndex tasks_, menus_;             // the first item of each name
  std::vector<std::uint32_t> item_of_;  // of such a one: itself, or several
};

}  // namespace detail

PATCHBAY_DECL Result<FlowGraph> parse_flow_configuration(const Body& text, JsonReader& reader, FlowOrigin origin,
                                                         const FlowLimits& limits, FlowConfigurationNotes* notes) {
  return detail::FlowConfigurationParser(limits).parse(text, reader, origin, notes);
}

PATCHBAY_DECL Result<FlowGraph> parse_flow_configuration(std::string_view text, JsonReader& reader, FlowOrigin origin,
                                                         const FlowLimits& limits, FlowConfigurationNotes* notes) {
  Body body;
  body.assign(text);
  return parse_flow_configuration(body, reader, origin, limits, notes);
}

}  // namespace patchbay
