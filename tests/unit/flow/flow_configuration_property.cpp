// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

#include <patchbay/flow/flow_configuration.hpp>

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <patchbay/flow/reachability.hpp>
#include <patchbay/json/read.hpp>

#include "support/catch.hpp"
#include "support/configuration_reference.hpp"
#include "support/json_tree.hpp"

using namespace patchbay;
using patchbay_test::ConfigurationReference;
using patchbay_test::JsonTree;

namespace {

/// Writes configurations that hold everything that a reader could take for something else, and now and then what it
/// must refuse.
class Author {
 public:
  explicit Author(std::uint32_t seed) : random_(seed) {}

  std::string flow() {
    std::string out = "{";
    if (chance(2)) out += R"("name":"Flow","type":"inboundcall",)";
    out += "\"flowSequenceItemList\":[";
    const std::uint32_t items = below(6);
    for (std::uint32_t i = 0; i < items; ++i) out.append(i ? "," : "").append(item());
    return out + "],\"variables\":[{\"name\":\"Flow.x\",\"id\":\"a1\"}]}";
  }
  std::uint32_t below(std::uint32_t bound) { return static_cast<std::uint32_t>(random_()) % bound; }

 private:
  bool chance(std::uint32_t of) { return below(of) == 0; }
  std::string_view one(std::initializer_list<std::string_view> of) {
    return of.begin()[below(static_cast<std::uint32_t>(of.size()))];
  }
  /// Few enough to meet again, and seldom the same for two nodes.
  std::string fresh_id() { return "\"a" + std::to_string(chance(60) ? below(30) : next_++) + "\""; }
  std::string target() { return "\"a" + std::to_string(below(24)) + "\""; }
  std::string name() {
    return std::string(one({"\"A\"", "\"B\"", "\"A/B\"", "\"C\"", "\"B/C\"", "\"#3\"", "\"a1\"", "\"\"", "\"A #3\"",
                            "\"\\u0041\"", "7", "null", "\"x\\u0085\""}));
  }
  std::string odd() { return std::string(one({"5", "null", "[]", "{\"id\":\"a1\"}", "true", "\"\""})); }
  /// Members in an order of their own, some left out.
  std::string object(std::vector<std::pair<std::string, std::string>> members) {
    for (std::size_t i = members.size(); i > 1; --i)
      std::swap(members[i - 1], members[below(static_cast<std::uint32_t>(i))]);
    std::string out = "{";
    for (const auto& [key, value] : members)
      if (!value.empty()) out.append(out.size() > 1 ? ",\"" : "\"").append(key).append("\":").append(value);
    return out + "}";
  }
  std::string maybe(std::uint32_t of, std::string value) { return chance(of) ? std::move(value) : std::string(); }

  std::string paths() {
    std::string out = "[";
    for (std::uint32_t i = below(4); i > 0; --i) {
      const std::string path = object({{"label", maybe(2, std::string(one({"\"Yes\"", "\"\"", "4"})))},
                                       {"outputId", maybe(2, "\"__NO__\"")},
                                       {"nextActionId", chance(8) ? odd() : maybe(1, target())},
                                       {"x", maybe(4, odd())}});
      out.append(out.size() > 1 ? "," : "").append(chance(20) ? odd() : path);
    }
    return out + "]";
  }
  std::vector<std::pair<std::string, std::string>> node(bool is_item) {
    const std::string type(is_item ? one({"\"Task\"", "\"Menu\"", "\"SubMenu\"", "\"Dream\"", "3"})
                                   : one({"\"DisconnectAction\"", "\"TransferTaskAction\"", "\"TransferUserAction\"",
                                          "\"Menu\"", "\"Say\"", "null"}));
    return {{"id", chance(200) ? odd() : fresh_id()},
            {"__type", maybe(1, type)},
            {"name", maybe(1, name())},
            {"trackingId", maybe(2, std::to_string(below(6)))},
            {"nextAction", chance(12) ? odd() : maybe(2, target())},
            {"nextActionId", maybe(8, target())},
            {"startAction", maybe(is_item ? 2 : 9, target())},
            {"paths", chance(15) ? odd() : maybe(3, paths())},
            {"menuReference", maybe(6, chance(4) ? odd() : target())},
            {"taskName", maybe(4, name())},
            {"menuName", maybe(4, name())},
            {chance(40) ? "id" : "other", maybe(5, odd())}};
  }
  std::string choice() {
    return object({{"id", maybe(2, fresh_id())},
                   {"name", maybe(2, name())},
                   {"digit", maybe(2, std::string(one({"\"1\"", "2", "\"\"", "null"})))},
                   {"action", chance(6)     ? std::string("null")
                              : chance(150) ? odd()
                                            : object(node(false))}});
  }
  std::string item() {
    auto members = node(true);
    const auto list = [this](std::uint32_t most, auto&& each) {
      std::string out = "[";
      for (std::uint32_t i = below(most); i > 0; --i) out.append(out.size() > 1 ? "," : "").append(each());
      return out + "]";
    };
    members.emplace_back("actionList", chance(60) ? odd() : maybe(1, list(6, [this] { return object(node(false)); })));
    members.emplace_back("menuChoiceList", chance(60) ? odd() : maybe(2, list(4, [this] { return choice(); })));
    members.emplace_back("defaultMenuChoice", chance(60) ? odd() : maybe(3, choice()));
    return object(std::move(members));
  }

  std::mt19937 random_;
  std::uint32_t next_ = 0;
};

/// The number of nodes on the shortest way, by a search that tries every round; 0 for none.
std::size_t length_of_way(const ConfigurationReference& flow, std::size_t from, std::size_t to) {
  std::set<std::size_t> at{from};
  for (std::size_t length = 2; length <= flow.nodes.size() + 1; ++length) {
    std::set<std::size_t> next;
    for (const std::size_t each : at)
      for (const auto& edge : flow.nodes[each].edges) next.insert(edge.first);
    if (next.contains(to)) return length;
    at = std::move(next);
  }
  return 0;
}

void compare(const FlowGraph& graph, const ConfigurationReference& expected) {
  REQUIRE(graph.node_count() == expected.nodes.size());
  std::size_t edges = 0;
  for (NodeIndex i = 0; i < graph.node_count(); ++i) {
    const ConfigurationReference::Node& node = expected.nodes[i];
    CAPTURE(i, node.id);
    REQUIRE(graph.id_of(i) == node.id);
    REQUIRE(graph.type(i) == node.type);
    REQUIRE(graph.tracking_id(i) == node.number);
    REQUIRE(graph.name(i) == expected.shown(i));
    REQUIRE(graph.find(graph.name(i)) == i);
    REQUIRE(graph.edges(i).size() == node.edges.size());
    for (std::size_t k = 0; k < node.edges.size(); ++k) {
      REQUIRE(graph.edges(i)[k].target() == node.edges[k].first);
      REQUIRE(graph.condition(graph.edges(i)[k]) == node.edges[k].second);
    }
    edges += node.edges.size();
  }
  REQUIRE(graph.edge_count() == edges);
  // Every name of every node, and names of none.
  std::set<std::string> texts{"", "A", "B", "C", "A/B", "A/B/C", "#3", "#9", "A/A #3", "a0", "a7"};
  for (std::size_t i = 0; i < expected.nodes.size(); ++i)
    for (int rank = 1; rank <= 3; ++rank) texts.merge(expected.names_of(i, rank));
  for (const std::string& text : texts) {
    CAPTURE(text);
    const auto meant = expected.meant(text);
    REQUIRE(graph.is_ambiguous(text) == (meant.size() > 1));
    const auto found = graph.find(text);
    REQUIRE(found.has_value() == (meant.size() == 1));
    if (found) REQUIRE(*found == *meant.begin());
  }
}

}  // namespace

TEST_CASE("configurations mean what a slow reading of their tree says", "[flow][platform][property]") {
  JsonReader reader;
  int accepted = 0, refused = 0;
  for (std::uint32_t seed = 0; seed < 3000; ++seed) {
    Author author(seed);
    const std::string text = author.flow();
    CAPTURE(seed, text);
    const auto tree = JsonTree::parse(text);
    REQUIRE(tree);
    const auto expected = ConfigurationReference::read(*tree, 256);
    FlowConfigurationNotes notes;
    auto graph = parse_flow_configuration(text, reader, FlowOrigin("f", "1"), {}, &notes);
    REQUIRE(graph.has_value() == expected.has_value());
    if (!graph) {
      ++refused;
      continue;
    }
    ++accepted;
    compare(*graph, *expected);
    REQUIRE(notes.dropped_count == expected->dropped);
    REQUIRE(notes.item_count == expected->items);
    if (graph->node_count() == 0) continue;
    const auto flow = std::make_shared<const FlowGraph>(std::move(*graph));
    RouteScratch scratch;
    for (int k = 0; k < 20; ++k) {
      const auto nodes = static_cast<std::uint32_t>(flow->node_count());
      const NodeIndex from = author.below(nodes), to = author.below(nodes);
      CAPTURE(from, to);
      const auto way = route(flow, flow->id_of(from), flow->name(to), Reachability::path, {}, scratch);
      REQUIRE((way ? way->size() : 0) == length_of_way(*expected, from, to));
    }
  }
  // Neither is rare, so that neither goes untested.
  CHECK(accepted > 1000);
  CHECK(refused > 200);
}
