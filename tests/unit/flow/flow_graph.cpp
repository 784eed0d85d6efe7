// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

#include <patchbay/flow/flow_graph.hpp>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <patchbay/json/read.hpp>

#include "support/catch.hpp"

using namespace patchbay;

namespace {

Result<FlowGraph> parse(std::string_view text, const FlowLimits& limits = {}) {
  JsonReader reader;
  return FlowGraph::parse(text, reader, limits);
}

FlowGraph parsed(std::string_view text) {
  auto graph = parse(text);
  if (!graph) FAIL(graph.error().message());
  return std::move(*graph);
}

/// The message with which `text` is refused; what is accepted or refused otherwise says so instead.
std::string refusal(std::string_view text, const FlowLimits& limits = {}) {
  const auto graph = parse(text, limits);
  if (graph) return "accepted";
  if (graph.error().code() != ErrorCode::flow_malformed) return "refused with " + std::string(to_string(graph.error().code()));
  return graph.error().message();
}

const std::string_view worked = R"({
  "id": "a1b2c3d4-e5f6-7890-abcd-ef1234567890", "version": 7, "name": "Billing \u00fc", "settings": {"a": [1, null, {"b": "c"}]},
  "nodes": [
    {"id": "MainMenu", "type": "menu", "position": {"x": 1.5e3, "y": -2},
     "transitions": [{"targetId": "BillingInquiry", "condition": "input == \"1\"", "label": 1}, {"targetId": "Retired"},
                     {"condition": null, "targetId": "Agent"}, {"targetId": "Agent", "condition": ""}]},
    {"transitions": null, "id": "BillingInquiry", "type": "task"},
    {"id": "Agent"},
    {"id": "Caf\u00e9", "type": null, "transitions": [{"targetId": "Retired", "condition": "input == \"1\""}]}
  ]})";

std::vector<std::string_view> targets(const FlowGraph& graph, std::string_view node) {
  std::vector<std::string_view> names;
  for (const FlowEdge& edge : graph.edges(*graph.find(node))) names.push_back(graph.name(edge.target()));
  return names;
}

}  // namespace

TEST_CASE("a flow keeps nodes, types, transitions and conditions in the definition's order", "[flow]") {
  const FlowGraph graph = parsed(worked);
  CHECK(graph.id() == "a1b2c3d4-e5f6-7890-abcd-ef1234567890");
  CHECK(graph.version() == "7");
  REQUIRE(graph.node_count() == 4);
  CHECK(graph.name(0) == "MainMenu");
  CHECK(graph.name(1) == "BillingInquiry");
  CHECK(graph.name(2) == "Agent");
  CHECK(graph.name(3) == "Caf\xc3\xa9");
  CHECK(graph.type(0) == "menu");
  CHECK(graph.type(1) == "task");
  CHECK(graph.type(2).empty());
  CHECK(graph.type(3).empty());
  CHECK(graph.edge_count() == 5);
  CHECK(targets(graph, "MainMenu") == std::vector<std::string_view>{"BillingInquiry", "Retired", "Agent", "Agent"});
  CHECK(graph.edges(1).empty());
  CHECK(graph.edges(2).empty());
  const auto edges = graph.edges(0);
  CHECK(edges[0].conditional());
  CHECK(graph.condition(edges[0]) == "input == \"1\"");
  CHECK_FALSE(edges[1].conditional());
  CHECK(graph.condition(edges[1]).empty());
  CHECK_FALSE(edges[2].conditional());  // null
  CHECK_FALSE(edges[3].conditional());  // empty
  CHECK(graph.condition(graph.edges(3)[0]) == "input == \"1\"");
}

TEST_CASE("transitions to unknown nodes are kept apart and counted", "[flow]") {
  const FlowGraph graph = parsed(worked);
  CHECK(graph.dangling_count() == 2);
  REQUIRE(graph.unknown_count() == 1);
  CHECK(graph.name(4) == "Retired");
  CHECK_FALSE(graph.is_node(4));
  CHECK_FALSE(graph.is_node(graph.edges(0)[1].target()));
  CHECK_FALSE(graph.find("Retired").has_value());
}

TEST_CASE("every node is found by its name, and nothing else is", "[flow]") {
  const FlowGraph graph = parsed(worked);
  for (NodeIndex i = 0; i < graph.node_count(); ++i) CHECK(graph.find(graph.name(i)) == i);
  for (const std::string_view name : {"", "mainmenu", "MainMenu ", "MainMen", "__proto__", "constructor"})
    CHECK_FALSE(graph.find(name).has_value());

  std::string text = R"({"nodes":[)";
  for (int i = 0; i < 5000; ++i) text += (i ? ",{\"id\":\"n" : "{\"id\":\"n") + std::to_string(i * 7) + "\"}";
  const FlowGraph many = parsed(text + "]}");
  for (int i = 0; i < 35'000; ++i) {
    const auto found = many.find("n" + std::to_string(i));
    REQUIRE(found.has_value() == (i % 7 == 0));
    if (found) REQUIRE(*found == static_cast<NodeIndex>(i / 7));
  }
}

TEST_CASE("a graph can be moved and copied", "[flow]") {
  FlowGraph graph = parsed(R"({"id":"f","nodes":[{"id":"a","transitions":[{"targetId":"b"}]},{"id":"b"}]})");  // short enough to be in place
  const FlowGraph copy = graph;
  const FlowGraph moved = std::move(graph);
  for (const FlowGraph* each : {&copy, &moved}) {
    CHECK(each->id() == "f");
    CHECK(each->find("b") == NodeIndex{1});
    CHECK(targets(*each, "a") == std::vector<std::string_view>{"b"});
  }
}

TEST_CASE("id and version may be absent; a version is text or a number", "[flow]") {
  const FlowGraph bare = parsed(R"({"nodes":[]})");
  CHECK(bare.id().empty());
  CHECK(bare.version().empty());
  CHECK(bare.node_count() == 0);
  CHECK(bare.edge_count() == 0);
  CHECK_FALSE(bare.find("").has_value());
  CHECK(parsed(R"({"id":null,"version":null,"nodes":[]})").version().empty());
  CHECK(parsed(R"({"version":"2.1-rc","nodes":[]})").version() == "2.1-rc");
  CHECK(parsed(R"({"version":12.50 ,"nodes":[]})").version() == "12.50");
  CHECK(refusal(R"({"version":true,"nodes":[]})") == "flow: version: expected a string");
  CHECK(refusal(R"({"version":{},"nodes":[]})") == "flow: version: expected a string");
  CHECK(refusal(R"({"version":01,"nodes":[]})").find("flow: version: ") == 0);
  CHECK(refusal(R"({"id":5,"nodes":[]})") == "flow: id: expected a string");
  CHECK(refusal(R"({"id":"","nodes":[]})") == "flow: id: is empty");
}

TEST_CASE("names that mean something elsewhere are names here", "[flow]") {
  const FlowGraph graph = parsed(
      R"({"nodes":[{"id":"__proto__","transitions":[{"targetId":"constructor"}]},{"id":"constructor"},{"id":"id"},{"id":" "},{"id":"\u0041\""}]})");
  CHECK(graph.find("__proto__") == NodeIndex{0});
  CHECK(graph.find("constructor") == NodeIndex{1});
  CHECK(graph.find(" ") == NodeIndex{3});
  CHECK(graph.find("A\"") == NodeIndex{4});
  // A member's name may be escaped, too.
  CHECK(parsed("{\"n\\u006fdes\":[{\"\\u0069d\":\"a\"}]}").find("a") == NodeIndex{0});
}

TEST_CASE("a definition that breaks the contract is refused with the place and the reason", "[flow][hostile]") {
  CHECK(refusal("") == "flow: is empty");
  CHECK(refusal("  \n") == "flow: is empty");
  CHECK(refusal("{}") == "flow: nodes: is missing");
  CHECK(refusal("[]") == "flow: expected a JSON object");
  CHECK(refusal("null") == "flow: expected a JSON object");
  CHECK(refusal("<!DOCTYPE html><html><body>502 Bad Gateway</body></html>") == "flow: expected a JSON object");
  CHECK(refusal("\xEF\xBB\xBF{\"nodes\":[]}") == "flow: begins with a byte order mark");
  CHECK(refusal(R"({"nodes":null})") == "flow: nodes: expected an array");
  CHECK(refusal(R"({"nodes":{}})") == "flow: nodes: expected an array");
  CHECK(refusal(R"({"nodes":"x"})") == "flow: nodes: expected an array");
  CHECK(refusal(R"({"nodes":[],"nodes":[]})") == "flow: nodes: is given twice");
  CHECK(refusal(R"({"nodes":[5]})") == "flow: nodes[0]: expected an object");
  CHECK(refusal(R"({"nodes":[{"id":"a"},null]})") == "flow: nodes[1]: expected an object");
  CHECK(refusal(R"({"nodes":[{}]})") == "flow: nodes[0].id: is missing");
  CHECK(refusal(R"({"nodes":[{"type":"menu","transitions":[]}]})") == "flow: nodes[0].id: is missing");
  CHECK(refusal(R"({"nodes":[{"id":null}]})") == "flow: nodes[0].id: expected a string");
  CHECK(refusal(R"({"nodes":[{"id":7}]})") == "flow: nodes[0].id: expected a string");
  CHECK(refusal(R"({"nodes":[{"id":""}]})") == "flow: nodes[0].id: is empty");
  CHECK(refusal(R"({"nodes":[{"id":"a","id":"b"}]})") == "flow: nodes[0].id: is given twice");
  CHECK(refusal(R"({"nodes":[{"id":"a"},{"id":"b"},{"id":"a"}]})") == "flow: nodes[2].id: is the same as that of nodes[0]: \"a\"");
  CHECK(refusal(R"({"nodes":[{"id":"a\u001b[2J"}]})") == "flow: nodes[0].id: holds a control character");
  CHECK(refusal(R"({"nodes":[{"id":"a\u0000"}]})") == "flow: nodes[0].id: holds a control character");
  CHECK(refusal(R"({"nodes":[{"id":"a\u007f"}]})") == "flow: nodes[0].id: holds a control character");
  CHECK(refusal(R"({"nodes":[{"id":"a\u009b"}]})") == "flow: nodes[0].id: holds a control character");
  CHECK(refusal(R"({"nodes":[{"id":"a","type":5}]})") == "flow: nodes[0].type: expected a string");
  CHECK(refusal(R"({"nodes":[{"id":"a","type":"\n"}]})") == "flow: nodes[0].type: holds a control character");
  CHECK(refusal(R"({"nodes":[{"id":"a","transitions":5}]})") == "flow: nodes[0].transitions: expected an array");
  CHECK(refusal(R"({"nodes":[{"id":"a","transitions":{}}]})") == "flow: nodes[0].transitions: expected an array");
  CHECK(refusal(R"({"nodes":[{"id":"a","transitions":[],"transitions":[]}]})") == "flow: nodes[0].transitions: is given twice");
  CHECK(refusal(R"({"nodes":[{"id":"a","transitions":["a"]}]})") == "flow: nodes[0].transitions[0]: expected an object");
  CHECK(refusal(R"({"nodes":[{"id":"a","transitions":[{}]}]})") == "flow: nodes[0].transitions[0].targetId: is missing");
  CHECK(refusal(R"({"nodes":[{"id":"a"},{"id":"b","transitions":[{"targetId":"a"},{"targetId":3}]}]})") ==
        "flow: nodes[1].transitions[1].targetId: expected a string");
  CHECK(refusal(R"({"nodes":[{"id":"a","transitions":[{"targetId":"a","targetId":"a"}]}]})") ==
        "flow: nodes[0].transitions[0].targetId: is given twice");
  CHECK(refusal(R"({"nodes":[{"id":"a","transitions":[{"targetId":"a","condition":true}]}]})") ==
        "flow: nodes[0].transitions[0].condition: expected a string");
  // Behind a transition the place is the node's own again.
  CHECK(refusal(R"({"nodes":[{"id":"a","transitions":[{"targetId":"a"}],"type":1}]})") == "flow: nodes[0].type: expected a string");
}

TEST_CASE("text that is not JSON is refused wherever it goes wrong", "[flow][hostile]") {
  for (const std::string_view text :
       {R"({"nodes":[]} x)", R"({"nodes":[]}})", R"({"nodes":[]},{})", R"({"nodes":[],})", R"({"nodes":[{"id":"a"},]})",
        R"({"nodes":[{"id":"a",}]})", R"({"nodes":[{"id":"a"} {"id":"b"}]})", R"({"nodes":[{"id" "a"}]})", R"({"nodes":[{id:"a"}]})",
        R"({'nodes':[]})", R"({"nodes":[{"id":"\x41"}]})", R"({"nodes":[{"id":"\ud800"}]})", R"({"nodes":[{"id":"a"}])",
        R"({"nodes":[], "x": tru})", R"({"nodes":[], "x": 1.})", R"({"nodes":[], "x": nan})", R"({"nodes":[], "x": [1 2]})",
        R"({"nodes":[{"id":"a","type":nul}]})", R"({"nodes":[{"id":"a","transitions":nulll}]})", R"({"nodes":[], "x": "\q"})",
        "{\"nodes\":[{\"id\":\"a\xff\"}]}", "{\"nodes\":[{\"id\":\"\xc0\xaf\"}]}", "{\"nodes\":[{\"id\":\"\xed\xa0\x80\"}]}",
        "{\"nodes\":[{\"id\":\"a\nb\"}]}"}) {
    CAPTURE(text);
    CHECK(refusal(text).find("flow: ") == 0);
  }
}

TEST_CASE("a definition that is cut short at any byte is refused", "[flow][hostile]") {
  REQUIRE(parse(worked).has_value());
  for (std::size_t size = 0; size < worked.size(); ++size) {
    CAPTURE(size);
    REQUIRE(refusal(worked.substr(0, size)).find("flow: ") == 0);
  }
}

TEST_CASE("a definition with any byte replaced is accepted or refused, and nothing worse", "[flow][hostile]") {
  JsonReader reader;
  for (std::size_t i = 0; i < worked.size(); ++i) {
    for (const char c : {'"', '\\', '{', '}', '[', ']', ',', ':', '\0', '\xff', '0', ' '}) {
      std::string text(worked);
      text[i] = c;
      const auto graph = FlowGraph::parse(text, reader);
      if (graph) {
        REQUIRE(graph->node_count() <= 4);
      } else {
        REQUIRE(graph.error().code() == ErrorCode::flow_malformed);
      }
    }
  }
}

TEST_CASE("nesting is limited in the members that are not ours, too", "[flow][hostile]") {
  const auto nested = [](int depth) {
    return "{\"nodes\":[],\"x\":" + std::string(static_cast<std::size_t>(depth), '[') + std::string(static_cast<std::size_t>(depth), ']') + "}";
  };
  CHECK(refusal(nested(max_json_depth - 2)) == "accepted");
  CHECK(refusal(nested(max_json_depth)).find("flow: ") == 0);
  CHECK(refusal(nested(3000)).find("flow: ") == 0);
  CHECK(refusal(nested(1'000'000)).find("flow: ") == 0);
  CHECK(refusal(std::string(1'000'000, '[')) == "flow: expected a JSON object");
  std::string objects;
  for (int i = 0; i < 3000; ++i) objects += "{\"nodes\":[";
  CHECK(refusal(objects).find("flow: ") == 0);
  for (int i = 0; i < 3000; ++i) objects += "]}";
  CHECK(refusal(objects).find("flow: nodes[0]") == 0);
  CHECK(refusal(R"({"nodes":[],"x":[[[1]]]})", {.max_depth = 3}).find("flow: ") == 0);
  CHECK(refusal(R"({"nodes":[],"x":[1]})", {.max_depth = 3}) == "accepted");
}

TEST_CASE("each limit is kept to the unit and named", "[flow][hostile]") {
  const std::string_view text = R"({"nodes":[{"id":"abc","transitions":[{"targetId":"abc","condition":"xyz"},{"targetId":"abc"}]},{"id":"d"}]})";
  CHECK(refusal(text, {.max_bytes = text.size(), .max_nodes = 2, .max_edges = 2, .max_id_bytes = 3, .max_condition_bytes = 3}) == "accepted");
  CHECK(refusal(text, {.max_bytes = text.size() - 1}) ==
        "flow: its " + std::to_string(text.size()) + " bytes exceed the limit of " + std::to_string(text.size() - 1));
  CHECK(refusal(text, {.max_nodes = 1}) == "flow: nodes: exceeds the limit of 1 nodes");
  CHECK(refusal(text, {.max_edges = 1}) == "flow: nodes[0].transitions: exceeds the limit of 1 transitions in all");
  CHECK(refusal(text, {.max_id_bytes = 2}) == "flow: nodes[0].id: is longer than 2 bytes");
  CHECK(refusal(text, {.max_condition_bytes = 2}) == "flow: nodes[0].transitions[0].condition: is longer than 2 bytes");
  CHECK(refusal(R"({"id":"long","nodes":[]})", {.max_id_bytes = 3}) == "flow: id: is longer than 3 bytes");
  CHECK(refusal(R"({"version":1234,"nodes":[]})", {.max_id_bytes = 3}) == "flow: version: is longer than 3 bytes");
  CHECK(refusal("{\"nodes\":[{\"id\":\"" + std::string(257, 'x') + "\"}]}") == "flow: nodes[0].id: is longer than 256 bytes");
}

TEST_CASE("a message about a hostile name is short and printable", "[flow][hostile]") {
  const std::string name(200, 'x');
  const std::string message = refusal("{\"nodes\":[{\"id\":\"\xe2\x80\xae" + name + "\"},{\"id\":\"\xe2\x80\xae" + name + "\"}]}");
  CHECK(message.find("is the same as that of nodes[0]") != std::string::npos);
  CHECK(message.size() < 200);
  for (const char c : message) CHECK((c >= 0x20 && c < 0x7f));
}

TEST_CASE("a reader can be used again after a refusal", "[flow]") {
  JsonReader reader;
  for (int i = 0; i < 3; ++i) {
    CHECK_FALSE(FlowGraph::parse(R"({"nodes":[{"id":"a")", reader).has_value());
    const auto graph = FlowGraph::parse(worked, reader);
    REQUIRE(graph.has_value());
    CHECK(graph->node_count() == 4);
  }
}

TEST_CASE("a body is read in place", "[flow]") {
  JsonReader reader;
  Body body;
  body.assign(worked);
  const auto graph = FlowGraph::parse(body, reader);
  REQUIRE(graph.has_value());
  body.assign(std::string(worked.size(), 'x'));  // nothing of it is kept
  CHECK_FALSE(FlowGraph::parse("{}", reader).has_value());
  CHECK(graph->name(0) == "MainMenu");
  CHECK(graph->condition(graph->edges(0)[0]) == "input == \"1\"");
}

TEST_CASE("an id is the same however it is written", "[flow]") {
  const FlowGraph graph = parsed(R"({"nodes":[{"id":"Agent","transitions":[{"targetId":"\u0041gent"},{"targetId":"Caf\u00e9"},{"targetId":"a\/b"}]},
    {"id":"Café" , "transitions" : [ {"targetId" : "Agent" } , { "targetId":"a/b"
    },{"targetId":"Caf\u00e8"},{"target\u0049d":"Cafè"}]},{"id":"a/b"}]})");
  CHECK(graph.node_count() == 3);
  CHECK(graph.unknown_count() == 1);
  CHECK(graph.dangling_count() == 2);
  CHECK(targets(graph, "Agent") == std::vector<std::string_view>{"Agent", "Caf\xc3\xa9", "a/b"});
  CHECK(targets(graph, "Caf\xc3\xa9") == std::vector<std::string_view>{"Agent", "a/b", "Caf\xc3\xa8", "Caf\xc3\xa8"});
  CHECK(refusal(R"({"nodes":[{"id":"Agent"},{"id":"\u0041gent"}]})") == "flow: nodes[1].id: is the same as that of nodes[0]: \"Agent\"");
}

TEST_CASE("ids of every length and next to every border are told apart", "[flow]") {
  std::string text = R"({"nodes":[)";
  std::vector<std::string> ids;
  for (std::size_t size = 1; size <= 70; ++size) {
    for (std::size_t odd = 0; odd < size; odd += 3) {
      ids.emplace_back(size, 'x');
      ids.back()[odd] = 'y';
    }
  }
  for (std::size_t i = 0; i < ids.size(); ++i)
    text.append(i ? ",{\"id\":\"" : "{\"id\":\"").append(ids[i]).append(R"(","transitions":[{"targetId":")").append(ids[ids.size() - 1 - i]).append("\"}]}");
  const FlowGraph graph = parsed(text + "]}");
  REQUIRE(graph.node_count() == ids.size());
  CHECK(graph.dangling_count() == 0);
  for (std::size_t i = 0; i < ids.size(); ++i) {
    REQUIRE(graph.find(ids[i]) == static_cast<NodeIndex>(i));
    REQUIRE(graph.edges(static_cast<NodeIndex>(i))[0].target() == ids.size() - 1 - i);
  }
}

TEST_CASE("an id with a control character anywhere is refused, plain or escaped", "[flow][hostile][A27]") {
  for (std::size_t at = 0; at < 20; ++at) {
    for (const std::string_view odd : {"\x7f", "\xc2\x85", "\\u0085", "\\u0007", "\\n"}) {
      std::string id(20, 'a');
      id.replace(at, 1, odd);
      CAPTURE(id);
      REQUIRE(refusal("{\"nodes\":[{\"id\":\"" + id + "\"}]}") == "flow: nodes[0].id: holds a control character");
      REQUIRE(refusal("{\"nodes\":[{\"id\":\"a\",\"transitions\":[{\"targetId\":\"" + id + "\"}]}]}") ==
              "flow: nodes[0].transitions[0].targetId: holds a control character");
    }
  }
}

TEST_CASE("of several mistakes the first one is named", "[flow][hostile][A27]") {
  const std::string same = "flow: nodes[1].id: is the same as that of nodes[0]: \"a\"";
  CHECK(refusal(R"({"nodes":[{"id":"a"},{"id":"a"},{"id":5}]})") == same);
  CHECK(refusal(R"({"nodes":[{"id":"a"},{"id":"a","type":5}]})") == same);
  CHECK(refusal(R"({"nodes":[{"id":"a"},{"id":"a"}],"nodes":[]})") == same);
  CHECK(refusal(R"({"nodes":[{"id":"a"},{"id":"a"}],"x":tru})") == same);
  CHECK(refusal(R"({"nodes":[{"id":"a"},{"id":"b","type":5},{"id":"a"}]})") == "flow: nodes[1].type: expected a string");
  CHECK(refusal(R"({"nodes":[{"id":"a"},{"type":5,"id":"a"}]})") == "flow: nodes[1].type: expected a string");
}

TEST_CASE("two definitions are the same when they say the same, in any writing", "[flow]") {
  const FlowGraph graph = parsed(worked);
  CHECK(graph.same_as(graph));
  CHECK(graph.same_as(parsed(worked)));
  const auto with = [&](std::string_view from, std::string_view to) {
    std::string text(worked);
    text.replace(text.find(from), from.size(), to);
    return parsed(text);
  };
  CHECK(graph.same_as(with("\"type\": null, ", "")));
  CHECK(graph.same_as(with("Caf\\u00e9", "Caf\xc3\xa9")));
  CHECK(graph.same_as(with(", \"label\": 1", "")));
  for (const auto& [from, to] : {std::pair<std::string_view, std::string_view>{"\"version\": 7", "\"version\": 8"},
                                 {"a1b2c3d4", "a1b2c3d5"}, {"\"type\": \"task\"", "\"type\": \"tasks\""}, {"\"condition\": \"\"", "\"condition\": \"x\""},
                                 {"{\"id\": \"Agent\"},", ""}, {"\"targetId\": \"BillingInquiry\"", "\"targetId\": \"Agent\""},
                                 {"{\"targetId\": \"Retired\"},", ""}, {"Caf\\u00e9", "Cafe"}}) {
    CAPTURE(from, to);
    CHECK_FALSE(graph.same_as(with(from, to)));
    CHECK_FALSE(with(from, to).same_as(graph));
  }
}
