// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

#include <patchbay/flow/flow_configuration.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <patchbay/flow/diagram.hpp>
#include <patchbay/flow/drift.hpp>
#include <patchbay/flow/reachability.hpp>
#include <patchbay/flow/static_flow.hpp>
#include <patchbay/json/read.hpp>
#include <patchbay/testing/platform_data.hpp>

#include "support/catch.hpp"

using namespace patchbay;

namespace {

Result<FlowGraph> parse(std::string_view text, FlowConfigurationNotes* notes = nullptr, const FlowLimits& limits = {}) {
  JsonReader reader;
  return parse_flow_configuration(text, reader, FlowOrigin("flow-1", "7.0"), limits, notes);
}

FlowGraph parsed(std::string_view text, FlowConfigurationNotes* notes = nullptr) {
  auto graph = parse(text, notes);
  if (!graph) FAIL(graph.error().message());
  return std::move(*graph);
}

/// The message with which `text` is refused, without what all have; what is accepted or refused otherwise says so
/// instead.
std::string refusal(std::string_view text, const FlowLimits& limits = {}) {
  const auto graph = parse(text, nullptr, limits);
  if (graph) return "accepted";
  if (graph.error().code() != ErrorCode::flow_malformed) return "refused otherwise";
  constexpr std::string_view begin = "flow configuration: ";
  return graph.error().message().starts_with(begin) ? graph.error().message().substr(begin.size()) : "begins otherwise";
}

/// A flow of these items.
std::string flow(std::string_view items) { return "{\"flowSequenceItemList\":[" + std::string(items) + "]}"; }
/// A flow of one task of these actions.
std::string task(std::string_view actions) {
  return flow(R"({"__type":"Task","id":"t","name":"Task","actionList":[)" + std::string(actions) + "]}");
}

/// `from -> to` of all transitions, with the condition in brackets where there is one.
std::vector<std::string> ways(const FlowGraph& graph) {
  std::vector<std::string> out;
  for (NodeIndex i = 0; i < graph.node_count(); ++i) {
    for (const FlowEdge& edge : graph.edges(i)) {
      std::string& way = out.emplace_back(graph.name(i));
      way.append(" -> ").append(graph.name(edge.target()));
      if (edge.conditional()) way.append(" [").append(graph.condition(edge)).append("]");
    }
  }
  return out;
}
using Ways = std::vector<std::string>;

/// The name of what is found by `name`; says so where that is nothing, or too much.
std::string found(const FlowGraph& graph, std::string_view name) {
  const auto node = graph.find(name);
  if (node && graph.is_ambiguous(name)) return "found, but ambiguous";
  return node ? std::string(graph.name(*node)) : graph.is_ambiguous(name) ? "ambiguous" : "unknown";
}

std::string way_of(const std::shared_ptr<const FlowGraph>& graph, std::string_view from, std::string_view to) {
  RouteScratch scratch;
  const auto way = route(graph, from, to, Reachability::path, {}, scratch);
  return way ? way->to_string() : std::string(to_string(way.error().code())) + ": " + way.error().message();
}

}  // namespace

TEST_CASE("a configuration of menus and tasks becomes a graph", "[flow][platform]") {
  FlowConfigurationNotes notes;
  const auto graph = std::make_shared<const FlowGraph>(parsed(testing::platform_flow_json, &notes));
  CHECK(graph->id() == "flow-1");
  CHECK(graph->version() == "7.0");
  CHECK(notes.name == "Billing and support");
  CHECK(notes.type == "inboundcall");
  REQUIRE(notes.entry);
  CHECK(graph->name(*notes.entry) == "Main menu");
  CHECK(graph->node_count() == 20);
  CHECK(notes.item_count == 5);
  CHECK(notes.dropped_count == 0);
  CHECK(notes.remarks.empty());
  CHECK(graph->edge_count() == 24);
  CHECK(graph->dangling_count() == 0);
  CHECK(graph->unknown_count() == 0);
  const auto node = graph->find("Billing inquiry/Look up balance");
  REQUIRE(node);
  CHECK(graph->type(*node) == "DataAction");
  CHECK(graph->id_of(*node) == "f0000000-0000-4000-8000-000000000042");
  CHECK(graph->tracking_id(*node) == 2u);
  CHECK(way_of(graph, "Main menu", "Billing agent") == "Main menu -> Main menu/To an agent -> Billing agent");
  CHECK(way_of(graph, "f0000000-0000-4000-8000-000000000012", "#9") ==
        "Account menu -> Account menu/Back -> Main menu -> Main menu/To billing -> Billing inquiry -> "
        "Billing inquiry/Get participant data -> Billing inquiry/Look up balance -> Billing inquiry/Supervisor? -> "
        "Billing inquiry/Greet -> Billing inquiry/To survey -> Survey -> Survey/Thank you");
  CHECK(way_of(graph, "Survey", "Main menu").starts_with("not_reachable: "));
}

TEST_CASE("transitions are taken from every member that has some, whatever the types", "[flow][platform]") {
  const FlowGraph graph = parsed(flow(R"(
    {"id":"i1","name":"First","__type":"HologramSequence","startAction":"a1","nextAction":"i2",
     "paths":[{"label":"Default","outputId":"__DEFAULT__"},{"label":"","outputId":"__OUT__","nextActionId":"a3"}],
     "actionList":[
       {"id":"a1","name":"One","__type":"BeamAction","nextAction":"a2","beam":{"nextAction":"a3","paths":[]}},
       {"id":"a2","name":"Two","paths":[{"label":"Yes","nextActionId":"a1"},{"outputId":"__NO__","nextActionId":"a3"},
                                        {"nextActionId":"a2"},{"label":"None"},{"label":"None","nextActionId":null}]},
       {"id":"a3","name":"Three","nextActionId":"i2","menuReference":"i2","menuName":"Never","taskName":"Never"},
       {"id":"a4","name":"Four","taskName":"First","nextAction":null,"paths":null,"menuReference":""},
       {"id":"a5","name":"Five","menuName":"Second","nextAction":""}]},
    {"id":"i2","name":"Second","__type":"Menu",
     "menuChoiceList":[{"digit":"1","name":"Uno","action":{"id":"m1","name":"Go","nextAction":"a1"}},
                       {"digit":2,"action":{"id":"m2","name":"Gone","paths":[{"label":"Failure","nextActionId":"i1"}]}},
                       {"name":"Named","digit":"","action":{"id":"m3"}}, {"digit":"4"}, {"digit":"5","action":null},
                       {"action":{"id":"m6"}}],
     "defaultMenuChoice":{"action":{"id":"m7","name":"Again","menuName":"Second"}}},
    {"id":"i3","name":"Third","__type":"Menu","defaultMenuChoice":{"name":"Nothing said","action":{"id":"m8"}}},
    {"id":"i4","name":"Fourth","actionList":null,"menuChoiceList":null,"defaultMenuChoice":null}
  )"));
  CHECK(ways(graph) == Ways{"First -> First/One",
                            "First -> Second",
                            "First -> First/Three [__OUT__]",
                            "First/One -> First/Two",
                            "First/Two -> First/One [Yes]",
                            "First/Two -> First/Three [__NO__]",
                            "First/Two -> First/Two",
                            "First/Three -> Second",
                            "First/Three -> Second",
                            "First/Four -> First",
                            "First/Five -> Second",
                            "Second -> Second/Go [1]",
                            "Second -> Second/Gone [2]",
                            "Second -> m3 [Named]",
                            "Second -> m6",
                            "Second -> Second/Again [default]",
                            "Second/Go -> First/One",
                            "Second/Gone -> First [Failure]",
                            "Second/Again -> Second",
                            "Third -> m8 [Nothing said]"});
}

TEST_CASE("members may stand in any order and be written in any way", "[flow][platform]") {
  const FlowGraph graph =
      parsed(flow(R"({"actionList":[{"nextAction":"\u0062","name":"One","id":"a"},{"id":"b","n\u0061me":"T\u00e9"}],
    "startAction":"a","name":"Ta\/sk","__type":"Task","id":"t"})"));
  CHECK(ways(graph) == Ways{"Ta/sk -> Ta/sk/One", "Ta/sk/One -> Ta/sk/T\xc3\xa9"});
  CHECK(graph.same_as(parsed(flow(R"({"id":"t","__type":"Task","name":"Ta/sk","startAction":"a","actionList":[
    {"id":"a","name":"One","nextAction":"b"},{"id":"b","name":"Té"}]})"))));
}

TEST_CASE("a node answers to its id, its path, its number, and its name where that is its own", "[flow][platform]") {
  const FlowGraph graph = parsed(flow(R"(
    {"id":"i1","name":"Main","trackingId":1,"actionList":[
      {"id":"a1","name":"Ask","trackingId":11},{"id":"a2","name":"Play","trackingId":12},
      {"id":"a3","name":"Play","trackingId":13},
      {"id":"a4","name":"Sales","trackingId":14},{"id":"a5","name":"Play"}]},
    {"id":"i2","name":"Sales","trackingId":2,"actionList":[
      {"id":"b1","name":"Ask again","trackingId":21},{"id":"b2","name":"Play"},
      {"id":"b3","name":"a1"},{"id":"b4","trackingId":24},{"id":"b5"}]},
    {"id":"i3","name":"Twin"},{"id":"i4","name":"Twin","trackingId":4,"actionList":[{"id":"c1","name":"In twin"}]},
    {"id":"i5"}
  )"));
  for (const std::string_view name : {"Main", "i1", "#1", "Main #1"}) CHECK(found(graph, name) == "Main");
  for (const std::string_view name : {"Ask", "a1", "#11", "Main/Ask", "Main/Ask #11"})
    CHECK(found(graph, name) == "Main/Ask");
  // Three actions of one item have one name: two can be told apart by their numbers, the third by its id alone.
  for (const std::string_view name : {"Play", "Main/Play"}) CHECK(found(graph, name) == "ambiguous");
  for (const std::string_view name : {"a2", "#12", "Main/Play #12"}) CHECK(found(graph, name) == "Main/Play #12");
  CHECK(found(graph, "a3") == "Main/Play #13");
  CHECK(found(graph, "a5") == "a5");
  CHECK(found(graph, "Sales/Play") == "Sales/Play");
  // An item's name goes before that of an action, and an id before any name.
  CHECK(found(graph, "Sales") == "Sales");
  CHECK(found(graph, "Main/Sales") == "Main/Sales");
  CHECK(found(graph, "Sales/a1") == "Sales/a1");
  CHECK(graph.id_of(*graph.find("Sales/a1")) == "b3");
  // Items of one name.
  CHECK(found(graph, "Twin") == "ambiguous");
  CHECK(found(graph, "i3") == "i3");
  CHECK(found(graph, "i4") == "Twin #4");
  for (const std::string_view name : {"In twin", "Twin/In twin", "c1"}) CHECK(found(graph, name) == "Twin/In twin");
  // Without a name.
  for (const std::string_view name : {"b4", "#24"}) CHECK(found(graph, name) == "b4");
  CHECK(found(graph, "b5") == "b5");
  CHECK(found(graph, "i5") == "i5");
  for (const std::string_view name :
       {"", "#", "#5", "main", "Main/", "/Ask", "Main/Ask/", "Main #2", "Ask #11", "None"})
    CHECK(found(graph, name) == "unknown");
  CHECK_FALSE(graph.tracking_id(*graph.find("b5")));
  CHECK(graph.tracking_id(*graph.find("b4")) == 24u);
}

TEST_CASE("names of other nodes that read alike are ambiguous, and never guessed", "[flow][platform]") {
  FlowConfigurationNotes notes;
  const FlowGraph graph = parsed(flow(R"(
    {"id":"i1","name":"A","actionList":[{"id":"a1","name":"B/C"},{"id":"a2","name":"B"}]},
    {"id":"i2","name":"A/B","actionList":[{"id":"b1","name":"C"}]},
    {"id":"i3","name":"#7"},{"id":"i4","name":"Seven","trackingId":7},{"id":"i5","name":"Eight","trackingId":7}
  )"),
                                 &notes);
  CHECK(found(graph, "A/B/C") == "ambiguous");
  CHECK(found(graph, "A/B") == "ambiguous");
  CHECK(found(graph, "#7") == "ambiguous");
  CHECK(notes.ambiguous_count == 3);
  CHECK(found(graph, "B/C") == "a1");
  CHECK(found(graph, "C") == "b1");
  CHECK(found(graph, "Seven #7") == "Seven");
  CHECK(found(graph, "i3") == "i3");
  CHECK(notes.nameless_count == 5);
}

TEST_CASE("who names a node by a name of several is told what to say", "[flow][platform]") {
  const auto graph = std::make_shared<const FlowGraph>(parsed(testing::platform_flow_json));
  const std::string expected =
      "unknown_node: flow \"flow-1\" version \"7.0\" has several nodes called \"To an agent\": say which by its id, as "
      "\"Item/Action\" or by its number, as \"#31\"";
  CHECK(way_of(graph, "Main menu", "To an agent") == expected);
  CHECK(way_of(graph, "To an agent", "Main menu") == expected);
  CHECK(way_of(graph, "Main menu", "To a manager") ==
        "unknown_node: flow \"flow-1\" version \"7.0\" has no node \"To a manager\"");
}

TEST_CASE("what is no name leaves the node its id and its number", "[flow][platform][hostile]") {
  for (const std::string& odd : {std::string("\"\""), std::string("5"), std::string("null"),
                                 std::string("{\"en\":\"Main\"}"), "\"" + std::string(257, 'n') + "\"",
                                 std::string("\"a\\nb\""), std::string("\"\xc2\x85\""), std::string("\"\\u007f\"")}) {
    CAPTURE(odd);
    FlowConfigurationNotes notes;
    const FlowGraph graph = parsed(
        flow("{\"id\":\"i\",\"name\":" + odd +
             ",\"trackingId\":3,\"actionList\":[{\"id\":\"a\",\"name\":\"Ask\"},{\"id\":\"b\",\"name\":" + odd + "}]}"),
        &notes);
    CHECK(graph.name(0) == "i");
    CHECK(found(graph, "#3") == "i");
    CHECK(found(graph, "Ask") == "a");  // by its own name, since its item has none
    CHECK(graph.name(2) == "b");
    CHECK(notes.nameless_count == 3);
  }
  const std::string longest(256, 'n');
  CHECK(found(parsed(flow("{\"id\":\"i\",\"name\":\"" + longest + "\"}")), longest) == longest);
}

TEST_CASE("a tracking number is a whole number of 32 bits", "[flow][platform]") {
  for (const auto& [text, expected] : {std::pair<std::string_view, std::string_view>{"0", "Item"},
                                       {"4294967294", "Item"},
                                       {"4294967295", "unknown"},
                                       {"42949672950", "unknown"},
                                       {"-1", "unknown"},
                                       {"1.0", "unknown"},
                                       {"1e0", "unknown"},
                                       {"\"1\"", "unknown"},
                                       {"null", "unknown"},
                                       {"[1]", "unknown"}}) {
    CAPTURE(text);
    const FlowGraph graph = parsed(flow("{\"id\":\"i\",\"name\":\"Item\",\"trackingId\":" + std::string(text) + "}"));
    const bool digits = text.find_first_not_of("0123456789") == std::string_view::npos;
    CHECK(found(graph, "#" + std::string(digits ? text : "1")) == expected);
    CHECK(graph.tracking_id(0).has_value() == (expected == "Item"));
  }
}

TEST_CASE("what leads nowhere is dropped, counted and said", "[flow][platform]") {
  FlowConfigurationNotes notes;
  const FlowGraph graph = parsed(R"({"initialSequence":"i9","flowSequenceItemList":[
    {"id":"i1","name":"Pay","__type":"Task","startAction":"gone","nextAction":7,"actionList":[
      {"id":"a1","name":"One","nextAction":"Pay",
       "paths":[{"nextActionId":"a2"},{"nextActionId":"a\"9"},5,{"nextActionId":{}}]},
      {"id":"a2","taskName":"Book","menuName":"Pay"},{"id":"a3","taskName":"Twin"},
      {"id":"a4","paths":{"nextActionId":"a1"}},
      {"id":"a5","menuReference":["i1"],"menuName":"Main"}, {"id":"a6","taskName":{"text":"Pay"}}]},
    {"id":"i2","name":"Twin","__type":"Task"},{"id":"i3","name":"Twin","__type":"Task"},
    {"id":"i4","name":"Twin","__type":"Menu"},
    {"id":"i5","name":"Main","__type":"Menu",
     "menuChoiceList":[{"action":{"id":"m","menuName":"Twin","menuReference":"no"}},
                       {"action":{"id":"m2","menuName":"Twin"}}],
     "defaultMenuChoice":{"action":{"id":"m3","nextAction":"no"}}}]})",
                                 &notes);
  CHECK(ways(graph) ==
        Ways{"Pay/One -> a2", "a5 -> Main", "Main -> m", "Main -> m2", "Main -> m3 [default]", "m2 -> i4"});
  // What is no text is found while reading; the rest when all is read.
  CHECK(notes.remarks ==
        std::vector<std::string>{
            "flowSequenceItemList[0].nextAction: expected a string",
            "flowSequenceItemList[0].actionList[0].paths[2]: expected an object",
            "flowSequenceItemList[0].actionList[0].paths[3].nextActionId: expected a string",
            "flowSequenceItemList[0].actionList[3].paths: expected an array",
            "flowSequenceItemList[0].actionList[4].menuReference: expected a string",
            "flowSequenceItemList[0].startAction: no node has the id \"gone\"",
            "flowSequenceItemList[0].actionList[0].nextAction: no node has the id \"Pay\"",
            "flowSequenceItemList[0].actionList[0].paths[1].nextActionId: no node has the id \"a\\\"9\"",
            "flowSequenceItemList[0].actionList[1].taskName: no task is called \"Book\"",
            "flowSequenceItemList[0].actionList[1].menuName: no menu is called \"Pay\"",
            "flowSequenceItemList[0].actionList[2].taskName: several tasks are called \"Twin\"",
            "flowSequenceItemList[4].menuChoiceList[0].action.menuReference: no node has the id \"no\"",
            "flowSequenceItemList[4].defaultMenuChoice.action.nextAction: no node has the id \"no\"",
            "initialSequence: no item has the id \"i9\""});
  CHECK(notes.dropped_count == 13);
  CHECK(graph.edge_count() == 6);
  CHECK(graph.dangling_count() == 0);
  CHECK_FALSE(notes.entry);
}

TEST_CASE("remarks are few, short and printable, whatever a flow holds", "[flow][platform][hostile]") {
  std::string actions;
  for (int i = 0; i < 100; ++i)
    actions.append(i ? "," : "")
        .append("{\"id\":\"a")
        .append(std::to_string(i))
        .append("\",\"nextAction\":\"\xe2\x80\xae\\n")
        .append(2000, 'x')
        .append("\"}");
  FlowConfigurationNotes notes;
  const FlowGraph graph = parsed(task(actions), &notes);
  CHECK(notes.dropped_count == 100);
  REQUIRE(notes.remarks.size() == FlowConfigurationNotes::most_remarks);
  for (const std::string& each : notes.remarks) {
    CHECK(each.size() < 200);
    for (const char c : each) REQUIRE((c >= 0x20 && c < 0x7f));
  }
  // Notes are of the last reading alone.
  CHECK(parse(flow(""), &notes).has_value());
  CHECK(notes.remarks.empty());
  CHECK(notes.dropped_count == 0);
}

TEST_CASE("what ends the flow is followed by its failures alone", "[flow][platform]") {
  CHECK(ends_flow("DisconnectAction"));
  CHECK(ends_flow("TransferPureMatchAction"));
  CHECK(ends_flow("TransferFlowAction"));
  CHECK_FALSE(ends_flow("TransferTaskAction"));
  CHECK_FALSE(ends_flow("TransferMenuAction"));
  CHECK_FALSE(ends_flow("PlayAudioAction"));
  CHECK_FALSE(ends_flow(""));
  FlowConfigurationNotes notes;
  const FlowGraph graph = parsed(flow(R"({"__type":"Task","id":"t","name":"T","actionList":[
    {"nextAction":"b","taskName":"T","id":"a","name":"A","__type":"DisconnectAction"},
    {"id":"b","name":"B","__type":"TransferExternalAction","nextAction":"a","nextActionId":"a",
     "paths":[{"label":"Failure","nextActionId":"a"}]},
    {"id":"c","name":"C","__type":"TransferTaskAction","taskName":"T"}]},
    {"__type":"TransferSequence","id":"u","name":"U","startAction":"a"})"),
                                 &notes);
  CHECK(ways(graph) == Ways{"T/B -> T/A [Failure]", "T/C -> T", "U -> T/A"});
  CHECK(notes.dropped_count == 4);
  CHECK(notes.remarks.at(0) ==
        "flowSequenceItemList[0].actionList[0].nextAction: follows an action that ends the flow");
}

TEST_CASE("a task that is called from several places is one node", "[flow][platform]") {
  const auto graph = std::make_shared<const FlowGraph>(parsed(flow(R"(
    {"__type":"Task","id":"t1","name":"Sales","startAction":"a","actionList":[
      {"__type":"CallTaskAction","id":"a","name":"Verify","taskName":"Verify caller",
       "paths":[{"label":"Good","nextActionId":"b"}]},{"id":"b","name":"Sell"}]},
    {"__type":"Task","id":"t2","name":"Support","startAction":"c","actionList":[
      {"__type":"CallTaskAction","id":"c","name":"Verify","taskName":"Verify caller",
       "paths":[{"label":"Good","nextActionId":"d"}]},{"id":"d","name":"Help"}]},
    {"__type":"Task","id":"t3","name":"Verify caller","startAction":"e","actionList":[
      {"id":"e","name":"Ask","nextAction":"f"},{"__type":"EndTaskAction","id":"f","name":"End"}]},
    {"__type":"Task","id":"t4","name":"Nobody calls","startAction":"g",
     "actionList":[{"id":"g","name":"Loop","nextAction":"g"}]}
  )")));
  CHECK(way_of(graph, "Sales", "Verify caller/Ask") == "Sales -> Sales/Verify -> Verify caller -> Verify caller/Ask");
  CHECK(way_of(graph, "Support", "Verify caller/Ask") ==
        "Support -> Support/Verify -> Verify caller -> Verify caller/Ask");
  CHECK(way_of(graph, "Support", "Help") == "Support -> Support/Verify -> Support/Help");
  CHECK(way_of(graph, "Support", "Sell").starts_with("not_reachable"));
  CHECK(way_of(graph, "Sales", "Nobody calls").starts_with("not_reachable"));
  CHECK(way_of(graph, "Loop", "Loop") == "Nobody calls/Loop -> Nobody calls/Loop");
  CHECK(way_of(graph, "Sell", "Sell").starts_with("not_reachable"));
}

TEST_CASE("a flow may be empty", "[flow][platform]") {
  FlowConfigurationNotes notes;
  const FlowGraph graph = parsed(R"({"flowSequenceItemList":[]})", &notes);
  CHECK(graph.node_count() == 0);
  CHECK(graph.edge_count() == 0);
  CHECK(found(graph, "") == "unknown");
  CHECK(found(graph, "Main") == "unknown");
  CHECK(notes.name.empty());
  CHECK(notes.type.empty());
  CHECK_FALSE(notes.entry);
  CHECK(way_of(std::make_shared<const FlowGraph>(graph), "a", "b").starts_with("unknown_node"));
  CHECK_FALSE(render(graph, DiagramFormat::mermaid).empty());
}

TEST_CASE("what leaves open which nodes there are is refused, with its place", "[flow][platform][hostile][A27]") {
  const std::string items = "flowSequenceItemList";
  for (const auto& [text, why] : std::vector<std::pair<std::string, std::string>>{
           {"", "is empty"},
           {" \n", "is empty"},
           {"[]", "expected a JSON object"},
           {"null", "expected a JSON object"},
           {"\xEF\xBB\xBF{}", "begins with a byte order mark"},
           {"{}", items + ": is missing"},
           {R"({"nodes":[]})", items + ": is missing"},
           {R"({"flowSequenceItemList":null})", items + ": expected an array"},
           {R"({"flowSequenceItemList":{}})", items + ": expected an array"},
           {R"({"flowSequenceItemList":[],"flowSequenceItemList":[]})", items + ": is given twice"},
           {R"({"name":"a","name":"a","flowSequenceItemList":[]})", "name: is given twice"},
           {flow("5"), items + "[0]: expected an object"},
           {flow(R"({"id":"a"},null)"), items + "[1]: expected an object"},
           {flow("{}"), items + "[0].id: is missing"},
           {flow(R"({"id":null})"), items + "[0].id: expected a string"},
           {flow(R"({"id":""})"), items + "[0].id: is empty"},
           {flow(R"({"id":7})"), items + "[0].id: expected a string"},
           {flow(R"({"id":"a\u0007"})"), items + "[0].id: holds a control character"},
           {flow("{\"id\":\"" + std::string(257, 'a') + "\"}"), items + "[0].id: is longer than 256 bytes"},
           {flow(R"({"id":"a","id":"a"})"), items + "[0].id: is given twice"},
           {flow(R"({"id":"a"},{"id":"\u0061"})"), items + "[1].id: is the same as that of " + items + "[0]: \"a\""},
           {flow(R"({"id":"a","actionList":{}})"), items + "[0].actionList: expected an array"},
           {flow(R"({"id":"a","actionList":[7]})"), items + "[0].actionList[0]: expected an object"},
           {flow(R"({"id":"a","menuChoiceList":"x"})"), items + "[0].menuChoiceList: expected an array"},
           {flow(R"({"id":"a","menuChoiceList":[{},7]})"), items + "[0].menuChoiceList[1]: expected an object"},
           {flow(R"({"id":"a","defaultMenuChoice":[]})"), items + "[0].defaultMenuChoice: expected an object"},
           {task("{}"), items + "[0].actionList[0].id: is missing"},
           {task(R"({"id":"a"},{"id":"t"})"),
            items + "[0].actionList[1].id: is the same as that of " + items + "[0]: \"t\""},
           {task(R"({"id":"a","paths":[{"label":"x"},{"label":"x","label":"y"}]})"),
            items + "[0].actionList[0].paths[1].label: is given twice"},
           {task(R"({"id":"a","nextAction":"a","nextAction":"b"})"),
            items + "[0].actionList[0].nextAction: is given twice"},
           {flow(R"({"id":"a","menuChoiceList":[{"action":7}]})"),
            items + "[0].menuChoiceList[0].action: expected an object"},
           {flow(R"({"id":"a","menuChoiceList":[{"action":{}}]})"),
            items + "[0].menuChoiceList[0].action.id: is missing"},
           {flow(R"({"id":"a","menuChoiceList":[{"id":"","action":{}}]})"),
            items + "[0].menuChoiceList[0].action.id: is missing"},
           {flow(R"({"id":"a","menuChoiceList":[{"id":"\u0001","action":{"id":null}}]})"),
            items + "[0].menuChoiceList[0].action.id: holds a control character"},
           {flow(R"({"id":"a","menuChoiceList":[{"action":{"id":""}}]})"),
            items + "[0].menuChoiceList[0].action.id: is empty"},
           {flow(R"({"id":"a","menuChoiceList":[{"digit":"1","digit":"1"}]})"),
            items + "[0].menuChoiceList[0].digit: is given twice"},
           {flow(R"({"id":"a","menuChoiceList":[{"action":{"id":"b"}},{"action":{"id":"b"}}]})"),
            items + "[0].menuChoiceList[1].action.id: is the same as that of " + items +
                "[0].menuChoiceList[0].action: \"b\""},
           {flow(R"({"id":"a","defaultMenuChoice":{"action":{"name":"x"}}})"),
            items + "[0].defaultMenuChoice.action.id: is missing"}}) {
    CAPTURE(text);
    CHECK(refusal(text) == why);
  }
  // What only the JSON reader can say.
  for (const std::string& text :
       {std::string("{"), std::string(R"({"flowSequenceItemList":[)"), flow(R"({"id":"a")"),
        flow(R"({"id":"a","x":tru})"), flow("{\"id\":\"a\",\"name\":\"\xff\"}"),
        flow(R"({"id":"a"}) ") + "}", flow(R"({"id":"a","x":1e999})"), flow(R"({"id":"a","name":"\ud800"})")}) {
    CAPTURE(text);
    const std::string message = refusal(text);
    CHECK(message != "accepted");
    CHECK(message != "begins otherwise");
    CHECK_FALSE(message.empty());
  }
}

TEST_CASE("an action of a choice that has no id takes the choice's", "[flow][platform]") {
  const FlowGraph graph = parsed(flow(R"({"id":"m","name":"M","__type":"Menu",
    "menuChoiceList":[{"action":{"name":"One"},"id":"c1"},{"id":"c2","action":{"id":null,"name":"Two"}},
                      {"id":"c3","action":{"id":"a3","name":"Three"}}]})"));
  CHECK(found(graph, "c1") == "M/One");
  CHECK(found(graph, "c2") == "M/Two");
  CHECK(found(graph, "c3") == "unknown");
  CHECK(found(graph, "a3") == "M/Three");
  CHECK(ways(graph) == Ways{"M -> M/One", "M -> M/Two", "M -> M/Three"});
}

TEST_CASE("a configuration keeps to the limits of a flow", "[flow][platform][hostile][A27]") {
  const std::string two =
      flow(R"({"id":"a","nextAction":"b","paths":[{"label":"wxyz","nextActionId":"b"}]},{"id":"b"})");
  CHECK(refusal(two, {.max_nodes = 2, .max_edges = 2}) == "accepted");
  CHECK(refusal(two, {.max_nodes = 1}) == "flowSequenceItemList[1]: exceeds the limit of 1 nodes");
  CHECK(refusal(two, {.max_edges = 1}) ==
        "flowSequenceItemList[0].paths[0]: exceeds the limit of 1 transitions in all");
  CHECK(refusal(two, {.max_bytes = two.size()}) == "accepted");
  CHECK(refusal(two, {.max_bytes = two.size() - 1}) ==
        "its " + std::to_string(two.size()) + " bytes exceed the limit of " + std::to_string(two.size() - 1));
  CHECK(refusal(two, {.max_condition_bytes = 4}) == "accepted");
  CHECK(refusal(two, {.max_condition_bytes = 3}) == "flowSequenceItemList[0].paths[0].label: is longer than 3 bytes");
  CHECK(refusal(flow(R"({"id":"m","menuChoiceList":[{"digit":"123","action":{"id":"a"}}]})"),
                {.max_condition_bytes = 2}) ==
        "flowSequenceItemList[0].menuChoiceList[0].digit: is longer than 2 bytes");
  CHECK(refusal(task(R"({"id":"a","nextAction":"no"},{"id":"b","taskName":"no"})"), {.max_edges = 1}) ==
        "flowSequenceItemList[0].actionList[1].taskName: exceeds the limit of 1 transitions in all");
  // Nesting, wherever it stands.
  const auto nested = [](int depth) {
    return std::string(static_cast<std::size_t>(depth), '[') + std::string(static_cast<std::size_t>(depth), ']');
  };
  const auto deep = [&](int room) {
    return std::vector<std::string>{
        R"({"flowSequenceItemList":[],"x":)" + nested(room - 1) + "}",
        flow("{\"id\":\"a\",\"x\":" + nested(room - 3) + "}"),
        task("{\"id\":\"a\",\"x\":" + nested(room - 5) + "}"),
        task("{\"id\":\"a\",\"paths\":[{\"x\":" + nested(room - 7) + "}]}"),
        flow("{\"id\":\"a\",\"menuChoiceList\":[{\"x\":" + nested(room - 5) + "}]}"),
        flow("{\"id\":\"a\",\"menuChoiceList\":[{\"action\":{\"id\":\"b\",\"x\":" + nested(room - 6) + "}}]}"),
        flow("{\"id\":\"a\",\"defaultMenuChoice\":{\"x\":" + nested(room - 4) + "}}")};
  };
  for (const std::string& text : deep(64)) CHECK(refusal(text) == "accepted");
  for (const std::string& text : deep(65)) CHECK(refusal(text) != "accepted");
}

TEST_CASE("hundreds of thousands of nodes of one name are read, and told apart by their ids",
          "[flow][platform][hostile][A27]") {
  constexpr int count = 100'000;
  std::string actions;
  for (int i = 0; i < count; ++i)
    actions.append(i ? ",{\"id\":\"" : "{\"id\":\"")
        .append(std::to_string(i))
        .append(R"(","name":"Same","taskName":"Task","nextAction":")")
        .append(std::to_string(i + 1))
        .append("\"}");
  FlowConfigurationNotes notes;
  const auto graph = std::make_shared<const FlowGraph>(parsed(task(actions), &notes));
  CHECK(graph->node_count() == count + 1);
  CHECK(graph->edge_count() == 2 * count - 1);
  CHECK(notes.dropped_count == 1);
  CHECK(notes.ambiguous_count == 2);  // the name and the path
  CHECK(notes.nameless_count == count);
  CHECK(found(*graph, "Same") == "ambiguous");
  CHECK(found(*graph, "99999") == "99999");
  RouteScratch scratch;
  CHECK(route(graph, "0", "99999", Reachability::path, {}, scratch).value().size() == count);
  CHECK(graph->memory() < std::size_t{count} * 200);
}

TEST_CASE("a graph of a configuration is copied and moved with its names", "[flow][platform]") {
  FlowGraph first = parsed(testing::platform_flow_json);
  FlowGraph copy = first;
  CHECK(copy.same_as(first));
  const FlowGraph moved = std::move(first);
  CHECK(moved.same_as(copy));
  copy = parsed(flow(R"({"id":"x","name":"X"})"));
  CHECK(found(moved, "#41") == "unknown");
  CHECK(found(moved, "#31") == "Main menu/To billing");
  CHECK(found(copy, "X") == "X");
  CHECK_FALSE(copy.same_as(moved));
  // Another id, number or name is another flow, even where all else is the same.
  const FlowGraph one = parsed(flow(R"({"id":"x","name":"X","trackingId":1})"));
  CHECK_FALSE(one.same_as(copy));
  CHECK_FALSE(one.same_as(parsed(flow(R"({"id":"x","name":"X","trackingId":2})"))));
  CHECK_FALSE(one.same_as(parsed(flow(R"({"id":"y","name":"X","trackingId":1})"))));
  CHECK(one.same_as(parsed(flow(R"({"id":"x","trackingId":1,"name":"X","more":0})"))));
}

TEST_CASE("a graph of the documents knows names alone", "[flow]") {
  JsonReader reader;
  const auto graph = FlowGraph::parse(R"({"nodes":[{"id":"A","transitions":[{"targetId":"B"}]}]})", reader).value();
  CHECK_FALSE(graph.is_ambiguous("A"));
  CHECK_FALSE(graph.is_ambiguous("B"));
  CHECK_FALSE(graph.is_ambiguous("C"));
  CHECK_FALSE(graph.find("B"));
  CHECK(graph.id_of(0) == "A");
  CHECK_FALSE(graph.tracking_id(0));
}

TEST_CASE("drift and drawings take a configuration's graph by the names that people know", "[flow][platform]") {
  using Menu = StaticFlow<Edge<"Main", "Main/To sales", "1">, Edge<"Main/To sales", "Sales">>;
  const std::string text = flow(
      R"({"__type":"Menu","id":"m","name":"Main",
    "menuChoiceList":[{"digit":"1","action":{"id":"a","name":"To sales","taskName":"Sales"}}]},
    {"__type":"Task","id":"t","name":"Sales"})");
  const FlowGraph same = parsed(text);
  CHECK(drift(Menu{}, same).empty());
  std::string other = text;
  other.replace(other.find("\"1\""), 3, "\"2\"");
  CHECK_FALSE(drift(Menu{}, parsed(other)).empty());
  CHECK(render(same, DiagramFormat::text).find("\"Main/To sales\"") != std::string::npos);
}
