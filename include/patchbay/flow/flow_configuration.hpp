// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <patchbay/config.hpp>
#include <patchbay/flow/flow_graph.hpp>
#include <patchbay/flow/node_index.hpp>
#include <patchbay/result.hpp>

namespace patchbay {

class Body;
class JsonReader;

/// Which flow a configuration is of, since it does not say so itself. Views that live as long as the call.
class FlowOrigin {
 public:
  FlowOrigin(std::string_view id_in, std::string_view version_in) noexcept : id(id_in), version(version_in) {}
  std::string_view id;       ///< As it was asked for: `FlowGraph::id()`.
  std::string_view version;  ///< The pinned version, else the published one: `FlowGraph::version()`; may be empty.
};

/// What reading a configuration found beside the graph.
class FlowConfigurationNotes {
 public:
  static constexpr std::size_t most_remarks = 16;

  std::string name;  ///< The flow's; empty when it is absent, no string, or no name (see `parse_flow_configuration`).
  std::string type;  ///< Such as `inboundcall`; empty likewise.
  /// Where the flow begins: its `initialSequence`, if there is such an item.
  std::optional<NodeIndex> entry;
  std::size_t item_count = 0;     ///< Tasks, menus and other items of the sequence; the rest of the nodes are actions.
  std::size_t dropped_count = 0;  ///< Transitions that were not taken, each for a reason that `remarks` would give.
  std::size_t ambiguous_count = 0;  ///< Texts that several nodes answer to, so that none is found by them.
  std::size_t nameless_count = 0;   ///< Nodes that can be named by their ids, and their numbers, alone.
  /// The first `most_remarks` of what was dropped: `flowSequenceItemList[2].actionList[0].nextAction: no node has the
  /// id "9c…"`. Plain ASCII of bounded length.
  std::vector<std::string> remarks;
};

/// Whether an action of that `__type` ends the flow for the caller when it succeeds: it disconnects, or transfers out
/// of the flow. A transfer to a task or a menu of the same flow does not.
[[nodiscard]] constexpr bool ends_flow(std::string_view action_type) noexcept {
  return action_type == "DisconnectAction" ||
         (action_type.starts_with("Transfer") && action_type != "TransferTaskAction" &&
          action_type != "TransferMenuAction");
}

/// Reads a flow of the real platform, as `GET /api/v2/flows/{id}/latestconfiguration` and
/// `GET /api/v2/flows/{id}/versions/{version}/configuration` answer, in one pass. It stands in the place of
/// `FlowGraph::parse`, and `route`, the index, the cache, drift and diagrams take its graph as they take that one's:
///
///     parse_flow_configuration(response.body, operation.json, FlowOrigin(flow_id, version), flows.limits())
///
/// The former answer shows what the authors saved last, published or not; the latter, of the published version, is what
/// runs.
///
/// **Nodes** are the items of `flowSequenceItemList` (tasks, menus) and their actions, those of `actionList` and those
/// that stand in `menuChoiceList[]` and `defaultMenuChoice`, in the order of the text, an item before its actions.
/// `FlowGraph::type` is the `__type`. A type that is not known is as good as any other.
///
/// **A client names a node**, as `from` and `to`, by any of these, and `FlowGraph::find` knows them all:
///  1. its id;
///  2. `Main menu`, the name of an item; `Main menu/Ask for account`, an item and an action; `#31`, its `trackingId` as
///     the platform shows it; `Main menu/Ask for account #31`, where several actions of an item have one name;
///  3. `Ask for account`, the name of an action, if 1 and 2 know no such text.
/// A text that two nodes answer to in the same of these ranks names none of them: `FlowGraph::is_ambiguous`, and
/// `route` answers `unknown_node` and says so. Names are compared byte by byte. A name that is empty, longer than
/// `FlowLimits::max_id_bytes` or holds a control character is no name; the node keeps its id. `FlowGraph::name`, and so
/// a path, a drawing and every message, has the first of `Item`, `Item/Action`, `Item/Action #31` that is the node's
/// alone, else its id; `FlowGraph::id_of` has the id always.
///
/// **Transitions** are, whatever the types: `startAction`, `nextAction`, `nextActionId`, `paths[].nextActionId` (its
/// condition is the `label`, else the `outputId`), `menuChoiceList[].action` (its condition is the `digit`, else the
/// choice's name), `defaultMenuChoice.action` (likewise, else `default`), `menuReference`, and, where that is absent,
/// `taskName` and `menuName`: the one item of that name, a task or a menu as the member says. What `ends_flow` is
/// followed by its `paths` alone, which are its failures. A transition to an id or a name that is not there, to a name
/// that several items have, or that is no text, is dropped, counted and said in `notes`; nothing else comes of it. What
/// a called task does at its end is not in the graph: the caller's own `paths` are.
///
/// `flow_malformed`, with the place and the reason, for what leaves open which nodes there are: no JSON object,
/// `flowSequenceItemList` absent or no array of objects, an `actionList` or `menuChoiceList` that is neither absent nor
/// an array of objects, a node whose `id` is absent, no string, empty, too long, another node's or holds control
/// characters (an action of a choice that has none takes the choice's), members of ours given twice, and every limit of
/// `limits`; `max_edges` counts what is dropped too. `notes`, when it is not null, is overwritten, on failure in part.
/// Threads may call it at once, each with its own reader.
[[nodiscard]] PATCHBAY_DECL Result<FlowGraph> parse_flow_configuration(const Body& text, JsonReader& reader,
                                                                       FlowOrigin origin, const FlowLimits& limits = {},
                                                                       FlowConfigurationNotes* notes = nullptr);
/// The same for text that is not in a `Body`; it is copied once.
[[nodiscard]] PATCHBAY_DECL Result<FlowGraph> parse_flow_configuration(std::string_view text, JsonReader& reader,
                                                                       FlowOrigin origin, const FlowLimits& limits = {},
                                                                       FlowConfigurationNotes* notes = nullptr);

}  // namespace patchbay

#if !defined(PATCHBAY_SEPARATE_COMPILATION)
#include <patchbay/flow/impl/flow_configuration.ipp>
#endif
