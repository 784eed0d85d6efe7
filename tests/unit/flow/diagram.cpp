// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

#include <patchbay/flow/diagram.hpp>

#include <algorithm>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <patchbay/flow/detail/visible.hpp>
#include <patchbay/flow/drift.hpp>
#include <patchbay/flow/flow_graph.hpp>
#include <patchbay/flow/reachability.hpp>
#include <patchbay/json/read.hpp>
#include <patchbay/json/write.hpp>

#include "support/catch.hpp"

using namespace patchbay;

namespace {

using GraphPtr = std::shared_ptr<const FlowGraph>;

GraphPtr parsed(std::string_view text) {
  JsonReader reader;
  auto graph = FlowGraph::parse(text, reader);
  if (!graph) FAIL(graph.error().message());
  return std::make_shared<const FlowGraph>(std::move(*graph));
}

FlowPath path_of(const GraphPtr& graph, std::string_view from, std::string_view to) {
  RouteScratch scratch;
  auto path = route(graph, from, to, Reachability::path, {}, scratch);
  if (!path) FAIL(path.error().message());
  return std::move(*path);
}

const std::string_view menu = R"~({"id":"billing","version":7,"nodes":[
  {"id":"MainMenu","type":"menu","transitions":[{"targetId":"BillingInquiry","condition":"input == \"1\""},
    {"targetId":"Support"},{"targetId":"Agent"},{"targetId":"Retired"}]},
  {"id":"BillingInquiry","type":"task","transitions":[{"targetId":"Payment"},{"targetId":"MainMenu"}]},
  {"id":"Support","transitions":[{"targetId":"Agent"}]},
  {"id":"Payment","type":"task"},
  {"id":"Agent","type":"queue","transitions":[{"targetId":"Support"}]},
  {"id":"Old Menu","transitions":[{"targetId":"MainMenu"}]}]})~";

std::size_t count(std::string_view text, std::string_view what) {
  std::size_t found = 0;
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string_view::npos; at += what.size()) ++found;
  return found;
}

std::vector<std::string_view> lines(std::string_view text) {
  std::vector<std::string_view> all;
  for (std::size_t end; (end = text.find('\n')) != std::string_view::npos; text.remove_prefix(end + 1)) all.push_back(text.substr(0, end));
  if (!text.empty()) all.push_back(text);
  return all;
}

/// What stands between and behind the double quotes of a line in which a backslash escapes; "broken" when a quote is open.
std::string outside_quotes(std::string_view line) {
  std::string out;
  bool quoted = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (quoted && line[i] == '\\') {
      ++i;
    } else if (line[i] == '"') {
      quoted = !quoted;
    } else if (!quoted) {
      out.push_back(line[i]);
    }
  }
  return quoted ? "broken" : out;
}

bool controls_nothing(std::string_view text) {
  for (const std::string_view bad : {"\x1b", "\x7f", "\r", "\t", "\xc2\x80", "\xc2\x9b", "\xe2\x80\xae", "\xe2\x80\xa8", "\xe2\x81\xa6", "\xef\xbb\xbf"})
    if (text.find(bad) != std::string_view::npos) return false;
  return std::none_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 && c != '\n'; });
}

}  // namespace

TEST_CASE("the terminal drawing shows ways, conditions, the path, the current node and what leads nowhere", "[diagram]") {
  const GraphPtr graph = parsed(menu);
  const FlowPath path = path_of(graph, "MainMenu", "Payment");
  CHECK(render(*graph, DiagramFormat::text, {.path = &path, .current = "BillingInquiry"}) ==
        R"~(flow billing version 7: 6 nodes, 9 transitions
path: MainMenu -> BillingInquiry -> Payment

MainMenu (menu)
  ==> BillingInquiry (task) [current]  if "input == \"1\""
      ==> Payment (task)
      --> MainMenu (menu) ^
  --> Support
      --> Agent (queue) ^
  --> Agent (queue)
      --> Support ^
  --x Retired

not reachable from MainMenu:

"Old Menu"
  --> MainMenu (menu) ^

==> the path   --x no such node   ^ its transitions stand elsewhere
)~");
}

TEST_CASE("without marks a drawing begins at the first node, with a current node there", "[diagram]") {
  const GraphPtr graph = parsed(R"~({"id":"f","nodes":[{"id":"a","transitions":[{"targetId":"b"}]},{"id":"b"}]})~");
  CHECK(render(*graph, DiagramFormat::text) == "flow f: 2 nodes, 1 transition\n\na\n  --> b\n");
  CHECK(render(*graph, DiagramFormat::text, {.current = "b"}) ==
        "flow f: 2 nodes, 1 transition\n\nb [current]\n\nnot reachable from b:\n\na\n  --> b [current]\n");
  CHECK(render(*graph, DiagramFormat::text, {.current = "nowhere"}) == render(*graph, DiagramFormat::text));
}

TEST_CASE("a flow without nodes is drawn as such", "[diagram]") {
  const GraphPtr graph = parsed(R"~({"nodes":[]})~");
  CHECK(render(*graph, DiagramFormat::text) == "flow \"\": 0 nodes, 0 transitions\n");
  CHECK(render(*graph, DiagramFormat::mermaid) == "%% flow \nflowchart LR\n");
  CHECK(render(*graph, DiagramFormat::dot).find("digraph flow {") == 0);
}

TEST_CASE("the Graphviz drawing marks the same things", "[diagram]") {
  const GraphPtr graph = parsed(menu);
  const FlowPath path = path_of(graph, "MainMenu", "Payment");
  CHECK(render(*graph, DiagramFormat::dot, {.path = &path, .current = "BillingInquiry"}) == R"~(digraph flow {
  graph [rankdir=LR, label="flow billing version 7", labelloc=t];
  node [shape=box, style=rounded];
  n0 [label="MainMenu\n(menu)", color=blue, penwidth=2];
  n1 [label="BillingInquiry\n(task)", color=blue, penwidth=2, style="rounded,filled", fillcolor=lightyellow, peripheries=2];
  n2 [label="Support"];
  n3 [label="Payment\n(task)", color=blue, penwidth=2];
  n4 [label="Agent\n(queue)"];
  n5 [label="Old Menu", style="rounded,dashed", color=gray, fontcolor=gray, tooltip="not reachable"];
  n6 [label="Retired\n(no such node)", shape=plaintext, fontcolor=red];
  n0 -> n1 [label="input == \"1\"", color=blue, penwidth=2];
  n0 -> n2;
  n0 -> n4;
  n0 -> n6 [style=dashed, color=red];
  n1 -> n3 [color=blue, penwidth=2];
  n1 -> n0;
  n2 -> n4;
  n4 -> n2;
  n5 -> n0;
  subgraph cluster_legend {
    label="legend";
    color=gray;
    unreachable [label="not reachable", style="rounded,dashed", color=gray, fontcolor=gray, tooltip="not reachable"];
    noSuchNode [label="no such node", shape=plaintext, fontcolor=red];
    onPath [label="on the path", color=blue, penwidth=2];
    current [label="current", style="rounded,filled", fillcolor=lightyellow, peripheries=2];
  }
}
)~");
}

TEST_CASE("the Mermaid drawing marks the same things", "[diagram]") {
  const GraphPtr graph = parsed(menu);
  const FlowPath path = path_of(graph, "MainMenu", "Payment");
  CHECK(render(*graph, DiagramFormat::mermaid, {.path = &path, .current = "BillingInquiry"}) == R"~(%% flow billing version 7
flowchart LR
  n0["MainMenu<br/>(menu)"]
  n1["BillingInquiry<br/>(task)"]
  n2["Support"]
  n3["Payment<br/>(task)"]
  n4["Agent<br/>(queue)"]
  n5["Old Menu"]
  n6["Retired<br/>(no such node)"]
  n0 ==>|"input == #34;1#34;"| n1
  n0 --> n2
  n0 --> n4
  n0 -.-> n6
  n1 ==> n3
  n1 --> n0
  n2 --> n4
  n4 --> n2
  n5 --> n0
  subgraph legend ["legend"]
    legend_unreachable["not reachable"]
    legend_noSuchNode["no such node"]
    legend_onPath["on the path"]
    legend_current["current"]
  end
  classDef unreachable stroke:#999,color:#999,stroke-dasharray:4
  class n5,legend_unreachable unreachable
  classDef noSuchNode stroke:#c00,color:#c00,stroke-dasharray:2
  class n6,legend_noSuchNode noSuchNode
  classDef onPath stroke:#06c,stroke-width:3px
  class n0,n1,n3,legend_onPath onPath
  classDef current fill:#ffd,stroke-width:3px
  class n1,legend_current current
)~");
}

TEST_CASE("a cycle back to its start is marked all around", "[diagram]") {
  const GraphPtr graph = parsed(menu);
  const FlowPath path = path_of(graph, "MainMenu", "MainMenu");
  const std::string text = render(*graph, DiagramFormat::text, {.path = &path});
  CHECK(text.find("path: MainMenu -> BillingInquiry -> MainMenu\n") != std::string::npos);
  CHECK(text.find("      ==> MainMenu (menu) ^\n") != std::string::npos);
  CHECK(count(text, "==> ") == 3);  // two transitions and the legend
}

TEST_CASE("a path of another version of the flow is marked as far as its nodes still exist", "[diagram]") {
  const GraphPtr graph = parsed(menu);
  const FlowPath path = path_of(graph, "MainMenu", "Payment");
  const GraphPtr later = parsed(R"~({"id":"f","nodes":[{"id":"x"},{"id":"BillingInquiry"},{"id":"MainMenu","transitions":[{"targetId":"BillingInquiry"}]}]})~");
  const std::string text = render(*later, DiagramFormat::text, {.path = &path});
  CHECK(text.find("path: MainMenu -> BillingInquiry\n") != std::string::npos);
  CHECK(text.find("  ==> BillingInquiry\n") != std::string::npos);
}

TEST_CASE("a long chain is drawn in linear space and without recursion", "[diagram][scale]") {
  constexpr int nodes = 100'000;
  std::string flow = R"~({"id":"f","nodes":[)~";
  for (int i = 0; i < nodes; ++i) {
    flow += (i ? ",{\"id\":\"" : "{\"id\":\"") + std::to_string(i) + "\"";
    if (i + 1 < nodes) flow += ",\"transitions\":[{\"targetId\":\"" + std::to_string(i + 1) + "\"}]";
    flow += "}";
  }
  const GraphPtr graph = parsed(flow + "]}");
  const std::string text = render(*graph, DiagramFormat::text);
  CHECK(text.size() < 60 * nodes);
  CHECK(count(text, "--> ") == nodes - 1);
  CHECK(text.find("not reachable") == std::string::npos);
  std::size_t longest = 0;
  for (const std::string_view line : lines(text)) longest = std::max(longest, line.size());
  CHECK(longest < 100);
}

TEST_CASE("every transition of a random flow is drawn exactly once", "[diagram][property]") {
  std::mt19937 random(11);
  for (int round = 0; round < 300; ++round) {
    const auto nodes = 1 + random() % 40;
    std::string flow = R"~({"id":"f","nodes":[)~";
    for (unsigned i = 0; i < nodes; ++i) {
      flow += (i ? ",{\"id\":\"" : "{\"id\":\"") + std::to_string(i) + "\",\"transitions\":[";
      const auto edges = random() % 4;
      for (unsigned k = 0; k < edges; ++k) flow += (k ? ",{\"targetId\":\"" : "{\"targetId\":\"") + std::to_string(random() % (nodes + 2)) + "\"}";
      flow += "]}";
    }
    const GraphPtr graph = parsed(flow + "]}");
    const std::string text = render(*graph, DiagramFormat::text);
    std::size_t dangling = 0, edges = 0;
    std::vector<bool> drawn(graph->node_count(), false);
    for (const std::string_view line : lines(text)) {
      const std::size_t at = line.find_first_not_of(' ');
      if (at == std::string_view::npos || at == 0) {
        if (const auto node = graph->find(line)) drawn[*node] = true;
        continue;
      }
      ++edges;
      dangling += line.substr(at).starts_with("--x ");
      const std::string_view name = line.substr(at + 4);
      if (const auto node = graph->find(name.substr(0, name.find(' ')))) drawn[*node] = true;
    }
    REQUIRE(edges == graph->edge_count());
    REQUIRE(dangling == graph->dangling_count());
    REQUIRE(std::find(drawn.begin(), drawn.end(), false) == drawn.end());
    REQUIRE(count(render(*graph, DiagramFormat::dot), " -> ") == graph->edge_count());
    const std::string mermaid = render(*graph, DiagramFormat::mermaid);
    REQUIRE(count(mermaid, " --> ") + count(mermaid, " -.-> ") == graph->edge_count());
  }
}

TEST_CASE("each format escapes what it would read as syntax", "[diagram][hostile]") {
  const GraphPtr graph = parsed(
      R"~({"id":"f","nodes":[{"id":"a\"]; x","type":"<b>&lt;","transitions":[{"targetId":"\\N","condition":"1|2\n\u001b[2J#quot;\u202e`1. x`"}]},{"id":"\\N"}]})~");
  const std::string dot = render(*graph, DiagramFormat::dot);
  CHECK(dot.find(R"~(n0 [label="a\"]; x\n(<b>&amp;lt;)"];)~") != std::string::npos);
  CHECK(dot.find(R"~(n1 [label="\\N"];)~") != std::string::npos);
  CHECK(dot.find(R"~(n0 -> n1 [label="1|2\\u{A}\\u{1B}[2J#quot;\\u{202E}`1. x`"];)~") != std::string::npos);
  const std::string mermaid = render(*graph, DiagramFormat::mermaid);
  CHECK(mermaid.find(R"~(n0["a#34;#93;#59; x<br/>(#60;b#62;#38;lt#59;)"])~") != std::string::npos);
  CHECK(mermaid.find(R"~(n1["#92;N"])~") != std::string::npos);
  CHECK(mermaid.find(R"~(n0 -->|"1#124;2#92;u#123;A#125;#92;u#123;1B#125;#91;2J#35;quot#59;#92;u#123;202E#125;#96;1#46; x#96;"| n1)~") !=
        std::string::npos);
  const std::string text = render(*graph, DiagramFormat::text);
  CHECK(text.find(R"~("a\"]; x" ("<b>&lt;"))~") != std::string::npos);
  CHECK(text.find(R"~(  --> "\\N"  if "1|2\u{A}\u{1B}[2J#quot;\u{202E}`1. x`")~") != std::string::npos);
}

TEST_CASE("names cannot pretend to be a part of the drawing", "[diagram][hostile]") {
  const GraphPtr graph = parsed(R"~({"id":"f: 9 nodes","nodes":[{"id":"a [current]","transitions":[{"targetId":"==> b"}]},{"id":"==> b"},{"id":"Caf\u00e9"},{"id":"\u2501\u25b6"}]})~");
  CHECK(render(*graph, DiagramFormat::text) ==
        "flow \"f: 9 nodes\": 4 nodes, 1 transition\n\n\"a [current]\"\n  --> \"==> b\"\n\nnot reachable from \"a [current]\":\nCaf\xc3\xa9\n"
        "\"\xe2\x94\x81\xe2\x96\xb6\"\n");
}

TEST_CASE("no name or condition, whatever it is, adds or breaks an element in any format", "[diagram][hostile][property]") {
  std::mt19937 random(5);
  const std::vector<std::string_view> pieces{"\"", "\\", "]", "[", "|", "<", ">", "<script>", "&quot;", "#quot;", "#", ";", "%%", "%%{init: {}}%%", "`", "end",
                                             "n0", "-->", "->", "--x", "{", "}", "(", ")", "/*", "*/", "//", "\\N", "\\\"", "'", "=", "==>", " ", "a", "1.",
                                             "- ", "\xc3\xbc", "\xe2\x80\xae", "\xef\xbb\xbf", "\xf0\x9f\x93\x9e", "$", "@", "\n", "\x1b[31m", "\r\n", "\xc2\x9b", "\t"};
  const auto text = [&](bool control) {
    std::string out = "x";
    for (auto left = random() % 8; left != 0; --left) {
      const std::string_view piece = pieces[random() % (control ? pieces.size() : pieces.size() - 5)];
      out.append(piece);
    }
    return out;
  };
  for (int round = 0; round < 500; ++round) {
    const std::string first = "1" + text(false), second = "2" + text(false), missing = "3" + text(false);
    std::string flow;
    JsonWriter json(flow);
    json.begin_object().member("id", text(false)).member("version", text(false)).key("nodes").begin_array();
    json.begin_object().member("id", first).member("type", text(false)).key("transitions").begin_array();
    json.begin_object().member("targetId", second).member("condition", text(true)).end_object();
    json.begin_object().member("targetId", missing).member("condition", text(true)).end_object();
    json.end_array().end_object();
    json.begin_object().member("id", second).end_object().end_array().end_object();
    CAPTURE(flow);
    const GraphPtr graph = parsed(flow);

    const std::string dot = render(*graph, DiagramFormat::dot);
    REQUIRE(controls_nothing(dot));
    std::string skeleton;
    for (const std::string_view line : lines(dot)) skeleton.append(outside_quotes(line)).append("\n");
    REQUIRE(skeleton ==
            "digraph flow {\n  graph [rankdir=LR, label=, labelloc=t];\n  node [shape=box, style=rounded];\n  n0 [label=];\n  n1 [label=];\n"
            "  n2 [label=, shape=plaintext, fontcolor=red];\n  n0 -> n1 [label=];\n  n0 -> n2 [label=, style=dashed, color=red];\n"
            "  subgraph cluster_legend {\n    label=;\n    color=gray;\n    noSuchNode [label=, shape=plaintext, fontcolor=red];\n  }\n}\n");

    const std::string mermaid = render(*graph, DiagramFormat::mermaid);
    REQUIRE(controls_nothing(mermaid));
    const auto drawn = lines(mermaid);
    REQUIRE(drawn.size() == 12);  // three of the legend
    skeleton.clear();
    for (std::size_t i = 1; i < 7; ++i) {
      REQUIRE(drawn[i].find('\\') == std::string_view::npos);  // so that the counting of quotes is right
      REQUIRE(drawn[i].find('`') == std::string_view::npos);
      skeleton.append(outside_quotes(drawn[i])).append("\n");
    }
    REQUIRE(skeleton == "flowchart LR\n  n0[]\n  n1[]\n  n2[]\n  n0 -->|| n1\n  n0 -.->|| n2\n");
    REQUIRE(drawn[0].find('{') == std::string_view::npos);  // a comment, never a directive

    const std::string tree = render(*graph, DiagramFormat::text);
    REQUIRE(controls_nothing(tree));
    REQUIRE(lines(tree).size() == 7);
    for (const std::string_view line : lines(tree)) REQUIRE(outside_quotes(line) != "broken");
  }
}

TEST_CASE("broken UTF-8 is shown byte by byte", "[diagram][hostile]") {
  std::string out;
  detail::append_visible_quoted(out, "a\xff\xc3(\xe2\x82\xed\xa0\x80\xf0\x9f\x93\x9e\xc0\xaf\xf4\x90\x80\x80");
  CHECK(out == "\"a\\x{FF}\\x{C3}(\\x{E2}\\x{82}\\x{ED}\\x{A0}\\x{80}\xf0\x9f\x93\x9e\\x{C0}\\x{AF}\\x{F4}\\x{90}\\x{80}\\x{80}\"");
}

TEST_CASE("formats are spelled as on the command line", "[diagram]") {
  for (const auto each : {DiagramFormat::text, DiagramFormat::dot, DiagramFormat::mermaid}) CHECK(parse_diagram_format(to_string(each)) == each);
  CHECK_FALSE(parse_diagram_format("svg").has_value());
  CHECK_FALSE(parse_diagram_format("").has_value());
}

namespace {

struct Billing : StaticFlow<Entry<"MainMenu">,                                //
                            Edge<"MainMenu", "BillingInquiry">,               //
                            Edge<"MainMenu", "Support", "tier == 'gold'">,    //
                            Edge<"BillingInquiry", "Payment">,                //
                            Edge<"Payment", "Receipt">,                       //
                            Edge<"Receipt", "Payment">,                       //
                            Node<"Payment", "task">,                          //
                            Edge<"Island", "MainMenu">> {};

/// The same flow some deployments later.
const std::string_view later = R"~({"id":"billing","version":8,"nodes":[
  {"id":"MainMenu","type":"menu","transitions":[{"targetId":"BillingInquiry"},{"targetId":"Support"},{"targetId":"Chat","condition":"open"}]},
  {"id":"BillingInquiry"},{"id":"Support"},{"id":"Payment","type":"form"},{"id":"Island","transitions":[{"targetId":"MainMenu"}]},
  {"id":"Chat","transitions":[{"targetId":"Retired"}]}]})~";

}  // namespace

TEST_CASE("a static flow is drawn like a deployed one, from its entry", "[diagram][static_flow]") {
  constexpr auto way = Billing::path<"MainMenu", "Receipt">();
  CHECK(render(Billing{}, DiagramFormat::text, {.current = "Payment", .way = way, .title = "billing"}) == R"~(billing: 6 nodes, 6 transitions
path: MainMenu -> BillingInquiry -> Payment -> Receipt

MainMenu
  ==> BillingInquiry
      ==> Payment (task) [current]
          ==> Receipt
              --> Payment (task) [current] ^
  --> Support  if "tier == 'gold'"

not reachable from MainMenu:

Island
  --> MainMenu ^

==> the path   ^ its transitions stand elsewhere
)~");
  CHECK(render(Billing{}, DiagramFormat::dot).starts_with("digraph flow {\n  graph [rankdir=LR, label=\"static flow\""));
  CHECK(render(StaticFlow<Node<"A">>{}, DiagramFormat::text) == "static flow: 1 node, 0 transitions\n\nA\n");
}

TEST_CASE("drift is drawn on the deployed flow, with what it lacks", "[diagram][drift]") {
  const GraphPtr graph = parsed(later);
  const FlowDrift found = drift(Billing{}, *graph);
  CHECK(render(*graph, DiagramFormat::text, {.drift = &found}) == R"~(flow billing version 8: 6 nodes, 5 transitions, 9 differences

MainMenu (menu)
  --> BillingInquiry
      ~~> Payment (form, expected task) ^
  --> Support  (expected if "tier == 'gold'")
  ++> Chat [added]  if "open"
      ++x Retired

not reachable from MainMenu:

Payment (form, expected task)
  ~~> Receipt [missing]
      ~~> Payment (form, expected task) ^

Island
  --> MainMenu (menu) ^

~~> expected, not deployed   ++> deployed, not expected   --x no such node   ^ its transitions stand elsewhere
)~");
  const std::string dot = render(*graph, DiagramFormat::dot, {.drift = &found});
  CHECK(dot.find(R"~(n3 [label="Payment\n(form)\n(expected: task)", style="rounded,dashed")~") != std::string::npos);
  CHECK(dot.find(R"~(n5 [label="Chat\n(added)", color=darkgreen, fontcolor=darkgreen];)~") != std::string::npos);
  CHECK(dot.find(R"~(n7 [label="Receipt\n(missing)", style="rounded,dotted", color=red, fontcolor=red];)~") != std::string::npos);
  CHECK(dot.find(R"~(n0 -> n2 [label="(expected: tier == 'gold')", fontcolor=darkorange];)~") != std::string::npos);
  CHECK(dot.find(R"~(n1 -> n3 [style=dotted, color=red, fontcolor=red];)~") != std::string::npos);
  CHECK(dot.find(R"~(n5 -> n6 [style=dashed, color=red, color=darkgreen, fontcolor=darkgreen];)~") != std::string::npos);
  const std::string mermaid = render(*graph, DiagramFormat::mermaid, {.drift = &found});
  CHECK(mermaid.find(R"~(  n0 -->|"(expected: tier #61;#61; #39;gold#39;)"| n2)~") == std::string::npos);  // `=` is plain
  CHECK(mermaid.find(R"~(  n0 -->|"(expected: tier == #39;gold#39;)"| n2)~") != std::string::npos);
  CHECK(mermaid.find("  n1 -.-> n3\n") != std::string::npos);
  CHECK(mermaid.find("  class n7,legend_missing missing\n") != std::string::npos);
  CHECK(mermaid.find("  class n5,legend_added added\n") != std::string::npos);
  CHECK(mermaid.find("  linkStyle 3,4,7 stroke:#c00\n") != std::string::npos);
  CHECK(mermaid.find("  linkStyle 2,6 stroke:#080\n") != std::string::npos);
  CHECK(mermaid.find("  linkStyle 1 stroke:#e80\n") != std::string::npos);
}

TEST_CASE("drift is drawn on the compiled flow, with what was added to it", "[diagram][drift]") {
  const GraphPtr graph = parsed(later);
  const FlowDrift found = drift(Billing{}, *graph);
  CHECK(render(Billing{}, DiagramFormat::text, {.drift = &found, .title = "billing as compiled"}) ==
        R"~("billing as compiled": 6 nodes, 6 transitions, 9 differences

MainMenu
  --> BillingInquiry
      ~~> Payment (task, deployed form)
          ~~> Receipt [missing]
              ~~> Payment (task, deployed form) ^
  --> Support  if "tier == 'gold'"  (deployed without condition)
  ++> Chat [added]  if "open"
      ++x Retired

not reachable from MainMenu:

Island
  --> MainMenu ^

~~> expected, not deployed   ++> deployed, not expected   --x no such node   ^ its transitions stand elsewhere
)~");
  const FlowDrift none;
  CHECK(render(StaticFlow<Node<"A">>{}, DiagramFormat::text, {.drift = &none}) == "static flow: 1 node, 0 transitions, no difference\n\nA\n");
}

TEST_CASE("everything that only one of two random flows has is drawn exactly once", "[diagram][drift][property]") {
  std::mt19937 random(17);
  const auto flow = [&] {
    const auto nodes = 1 + random() % 10;
    std::string text = R"~({"id":"f","nodes":[)~";
    for (unsigned i = 0; i < nodes; ++i) {
      text += (i ? ",{\"id\":\"" : "{\"id\":\"") + std::to_string(i) + "\",\"transitions\":[";
      const auto edges = random() % 4;
      for (unsigned k = 0; k < edges; ++k)
        text += (k ? ",{\"targetId\":\"" : "{\"targetId\":\"") + std::to_string((k * 3 + random() % 3) % 12) + "\"}";
      text += "]}";
    }
    return parsed(text + "]}");
  };
  for (int round = 0; round < 300; ++round) {
    const GraphPtr expected = flow(), now = flow();
    const FlowDrift found = drift(*expected, *now);
    for (const bool draw_expected : {false, true}) {
      const GraphPtr& base = draw_expected ? expected : now;
      const auto& ghosts = draw_expected ? found.added_edges : found.missing_edges;
      const std::string text = render(*base, DiagramFormat::text, {.drift = &found});
      std::size_t edges = 0, missing = 0, added = 0;
      for (const std::string_view line : lines(text)) {
        if (!line.starts_with("  ")) continue;
        const std::string_view arrow = line.substr(line.find_first_not_of(' '), 2);
        ++edges;
        missing += arrow == "~~";
        added += arrow == "++";
      }
      CAPTURE(text, found.to_string());
      REQUIRE(edges == base->edge_count() + ghosts.size());
      REQUIRE(missing == found.missing_edges.size());
      REQUIRE(added == found.added_edges.size());
      const std::string dot = render(*base, DiagramFormat::dot, {.drift = &found});
      REQUIRE(count(dot, " -> ") == base->edge_count() + ghosts.size());
      REQUIRE(count(dot, "(missing)") == found.missing_nodes.size());
      REQUIRE(count(dot, "(added)") == found.added_nodes.size());
    }
  }
}
