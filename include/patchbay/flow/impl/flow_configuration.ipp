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

#include <patchbay/flow/detail/text_index.hpp>
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
    if (done) {
      name_items();
      connect();
      done = call();
    }
    if (done) finish(origin);
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
    graph_.index_.reserve(count);
    for (std::uint32_t i = 0; i < count; ++i) {
      graph_.index_.prefetch(nodes_[std::min(i + 8, count - 1)].tag);
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

  /// A text that names a node, with its tag; once it is entered, its number.
  struct Entry {
    Text text;
    std::uint32_t node, tag;
  };
  void note(Text text, std::uint32_t node) {
    entries_.push_back({text, node, TextIndex::tag_of(hash_text(graph_.text(text), seed()))});
  }
  /// Enters what was noted from `first` on, but for texts that a number below `rank_begins` has. All together, so that
  /// the memory of each can be asked for ahead of its turn.
  void enter(std::size_t first, std::uint32_t rank_begins) {
    graph_.index_.reserve(graph_.called_.size() + entries_.size() - first);
    for (std::size_t i = first; i < entries_.size(); ++i) {
      graph_.index_.prefetch(entries_[std::min(i + 16, entries_.size() - 1)].tag);
      Entry& entry = entries_[i];
      const auto next = static_cast<std::uint32_t>(graph_.called_.size());
      const auto [number, is_new] =
          graph_.index_.insert(entry.tag, graph_.text(entry.text), next, [this](std::uint32_t n) { return called(n); });
      entry.tag = number;
      if (is_new) {
        graph_.called_.push_back({entry.text, entry.node});
      } else if (std::uint32_t& known = graph_.called_[number].node;
                 number >= rank_begins && known != entry.node && known != none) {
        known = none;
        ++notes_.ambiguous_count;
      }
    }
  }

  /// Enters all that nodes are called, and chooses what each is shown as. All of a node's names but its id are parts of
  /// one text: `Item/Action #31`.
  Result<void> call() {
    const auto count = static_cast<std::uint32_t>(nodes_.size());
    struct Shown {
      std::size_t path, full;  // places among the entries; beyond them for none
      Text name;
    };
    constexpr std::size_t nowhere = (std::numeric_limits<std::size_t>::max)();
    std::vector<Shown> shown(count, Shown{nowhere, nowhere, {0, 0}});
    graph_.tracking_.reserve(count);
    for (std::uint32_t i = 0; i < count; ++i) {
      const Node& node = nodes_[i];
      const std::string_view item = nodes_[node.item].name;
      const bool is_item = node.item == i, named = is_name(node.name), has_path = named && (is_item || is_name(item));
      const std::string number = node.tracking == none ? std::string() : "#" + std::to_string(node.tracking);
      graph_.tracking_.push_back(node.tracking);
      if (!room_for(item.size() + node.name.size() + number.size() + 2)) return too_many_names();
      const auto begin = static_cast<std::uint32_t>(graph_.arena_.size());
      const auto whole = [&] { return Text{begin, static_cast<std::uint32_t>(graph_.arena_.size()) - begin}; };
      if (has_path && !is_item) graph_.arena_.append(item).push_back('/');
      if (named) shown[i].name = keep(node.name);
      if (has_path) shown[i].path = entries_.size(), note(whole(), i);
      if (number.empty()) continue;
      if (named) graph_.arena_.push_back(' ');
      note(keep(number), i);
      if (has_path) shown[i].full = entries_.size(), note(whole(), i);
    }
    enter(0, count);
    const std::size_t first = entries_.size();
    for (std::uint32_t i = 0; i < count; ++i)
      if (nodes_[i].item != i && shown[i].name.size != 0) note(shown[i].name, i);
    enter(first, static_cast<std::uint32_t>(graph_.called_.size()));
    graph_.names_.reserve(count);
    for (std::uint32_t i = 0; i < count; ++i) {
      const auto is_its_own = [&](std::size_t at) {
        return at != nowhere && graph_.called_[entries_[at].tag].node == i;
      };
      const std::uint32_t number = is_its_own(shown[i].path)   ? entries_[shown[i].path].tag
                                   : is_its_own(shown[i].full) ? entries_[shown[i].full].tag
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

  /// While the ids alone are entered.
  void connect() {
    std::vector<std::uint32_t> targets(links_.size());
    for (std::size_t i = 0; i < links_.size(); ++i) targets[i] = TextIndex::tag_of(hash_text(links_[i].target, seed()));
    graph_.nodes_.assign(nodes_.size() + 1, {0, 0});
    for (std::size_t i = 0; i < links_.size(); ++i) {
      if (i + 16 < links_.size()) graph_.index_.prefetch(targets[i + 16]);
      targets[i] = resolve(links_[i], targets[i]);
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

  /// The node that a link leads to, whose target has this tag; none, with the reason said, where it is dropped.
  std::uint32_t resolve(const Link& link, std::uint32_t tag) {
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
    const std::uint32_t number = graph_.index_.find(tag, link.target, [this](std::uint32_t n) { return called(n); });
    return number != none ? number : dropped("no node has the id ");
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
  std::vector<Entry> entries_;
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
