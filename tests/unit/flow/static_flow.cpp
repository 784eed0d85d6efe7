// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

#include <patchbay/flow/static_flow.hpp>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include <patchbay/flow/reachability.hpp>

#include "numbered_flow.hpp"
#include "support/catch.hpp"

using namespace patchbay;
using namespace patchbay::tests;

namespace {

struct Billing : StaticFlow<Edge<"MainMenu", "BillingInquiry">,                 //
                            Edge<"MainMenu", "Support", "tier == 'gold'">,      //
                            Edge<"MainMenu", "Support", "tier == 'platinum'">,  //
                            Edge<"Support", "Agent">,                           //
                            Edge<"BillingInquiry", "Payment">,                  //
                            Edge<"BillingInquiry", "MainMenu">,                 //
                            Edge<"Payment", "Payment", "declined">,             //
                            Node<"Payment", "task">,                            //
                            Node<"Goodbye">,                                    //
                            Edge<"OldMenu", "Goodbye">> {};
using Named = StaticFlow<Node<"Alone">, Entry<"Begin">, Edge<"Begin", "End">>;

template <std::size_t N>
std::vector<std::string_view> list(const std::array<std::string_view, N>& names) {
  return {names.begin(), names.end()};
}
using Names = std::vector<std::string_view>;

// Facts are constants: a client can build on them.
static_assert(Billing::node_count() == 7 && Billing::edge_count() == 8);
static_assert(Billing::entry() == "MainMenu" && Named::entry() == "Begin");
static_assert(Billing::has_node<"Goodbye">() && !Billing::has_node<"goodbye">() && !Billing::has_node<"">());
static_assert(Billing::has_edge<"MainMenu", "Support">() && !Billing::has_edge<"Support", "MainMenu">());
static_assert(!Billing::has_edge<"MainMenu", "Nowhere">() && !Billing::has_edge<"Nowhere", "MainMenu">());

static_assert(Billing::allows<"MainMenu", "Agent">() && !Billing::allows<"Agent", "MainMenu">());
static_assert(Billing::allows<"MainMenu", "MainMenu">(), "a cycle leads back");
static_assert(!Billing::allows<"Agent", "Agent">(), "a move to itself wants a cycle");
static_assert(Billing::allows<"Payment", "Payment">() && Billing::allows<"Payment", "Payment">(Reachability::direct_edge));
static_assert(!Billing::allows<"MainMenu", "Agent">(Reachability::direct_edge));
static_assert(Billing::allows<"MainMenu", "Agent">(Reachability::conditional) && !Billing::always_allows<"MainMenu", "Agent">());
static_assert(Billing::always_allows<"MainMenu", "Payment">() && !Billing::always_allows<"Payment", "Payment">());
static_assert(!Billing::allows<"MainMenu", "Nowhere">() && !Billing::always_allows<"Nowhere", "MainMenu">());

static_assert(Billing::path<"MainMenu", "Payment">() == std::array<std::string_view, 3>{"MainMenu", "BillingInquiry", "Payment"});
static_assert(Billing::path<"Agent", "MainMenu">().empty() && Billing::path<"Nowhere", "MainMenu">().empty());
static_assert(Billing::unreachable() == std::array<std::string_view, 2>{"Goodbye", "OldMenu"});
static_assert(Billing::dead_ends() == std::array<std::string_view, 2>{"Agent", "Goodbye"});
static_assert(Named::unreachable() == std::array<std::string_view, 1>{"Alone"});

static_assert(CompiledFlow<Billing> && CompiledFlow<Named> && !CompiledFlow<int> && !CompiledFlow<Edge<"a", "b">>);
static_assert(sizeof(Billing) == 1, "a flow is its type");

// Texts that only differ behind a zero are different ones, and so are names that begin alike.
static_assert(StaticFlow<Edge<"a", "ab">, Edge<"ab", "abc">>::node_count() == 3);

/// Compares every fact of a flow with what the library says of the same flow when the program runs.
template <class Flow, std::size_t Nodes>
class Agreement {
 public:
  Agreement() : graph_(deployed<Flow>()) {}

  /// How many moves are allowed by a way of several edges alone.
  int check() {
    CHECK(graph_->node_count() == Flow::node_count());
    CHECK(graph_->edge_count() == Flow::edge_count());
    CHECK(graph_->name(0) == Flow::entry());
    [&]<std::size_t... I>(std::index_sequence<I...>) { (pair<I / Nodes, I % Nodes>(), ...); }(std::make_index_sequence<Nodes * Nodes>{});
    Names unreachable, dead_ends;
    for (const std::string_view name : view_of<Flow>().names()) {
      const auto node = graph_->find(name);
      REQUIRE(node);
      if (*node != 0 && !ask(graph_->name(0), name, Reachability::path)) unreachable.push_back(name);
      if (graph_->edges(*node).empty()) dead_ends.push_back(name);
    }
    CHECK(list(Flow::unreachable()) == unreachable);
    CHECK(list(Flow::dead_ends()) == dead_ends);
    return allowed_;
  }

 private:
  Result<FlowPath> ask(std::string_view from, std::string_view to, Reachability rule) {
    return route(graph_, from, to, rule, {}, scratch_);
  }
  template <std::size_t From, std::size_t To>
  void pair() {
    constexpr auto from = numbered(From), to = numbered(To);
    constexpr bool path = Flow::template allows<from, to>();
    constexpr bool direct = Flow::template allows<from, to>(Reachability::direct_edge);
    constexpr bool open = Flow::template always_allows<from, to>();
    const auto way = ask(from.view(), to.view(), Reachability::path);
    Names names;
    if (way) names.assign(way->begin(), way->end());
    const bool same = way.has_value() == path && ask(from.view(), to.view(), Reachability::direct_edge).has_value() == direct &&
                      ask(from.view(), to.view(), Reachability::conditional).has_value() == open &&
                      list(Flow::template path<from, to>()) == names;
    if (!same) FAIL_CHECK(from.view() << " to " << to.view());
    allowed_ += path && !direct;
  }

  std::shared_ptr<const FlowGraph> graph_;
  RouteScratch scratch_;
  int allowed_ = 0;
};

}  // namespace

TEST_CASE("what is known of a static flow at compile time is what a search of the same flow finds at run time", "[static_flow][property]") {
  int far = 0;
  far += Agreement<NumberedFlow<1, 10, 9>, 10>().check();
  far += Agreement<NumberedFlow<2, 10, 8>, 10>().check();
  far += Agreement<NumberedFlow<3, 9, 9>, 9>().check();
  far += Agreement<NumberedFlow<4, 9, 12>, 9>().check();
  far += Agreement<NumberedFlow<5, 8, 20>, 8>().check();
  far += Agreement<NumberedFlow<6, 2, 2>, 2>().check();
  CHECK(far > 50);
}

TEST_CASE("a flow of 500 edges stays within the limits that compilers set", "[static_flow][scale]") {
  using Large = NumberedFlow<7, 430, 500>;
  constexpr auto first = numbered(0);
  static_assert(Large::edge_count() == 500 && Large::node_count() == 430);
  static_assert(Large::path<first, first>().size() == 0 || Large::allows<first, first>());
  const auto graph = deployed<Large>();
  RouteScratch scratch;
  std::size_t far = 0, lost = 0;
  // Some pairs all over the flow; the closure behind the first one answers all.
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    const auto pair = [&]<std::size_t From, std::size_t To>() {
      constexpr auto from = numbered(From), to = numbered(To);
      constexpr bool known = detail::FlowWayLeads<Large, from, to>::value;
      const auto way = route(graph, from.view(), to.view(), Reachability::path, {}, scratch);
      CHECK(way.has_value() == known);
      ++(known ? far : lost);
    };
    (pair.template operator()<I * 7 % 430, I * 193 % 430>(), ...);
  }(std::make_index_sequence<60>{});
  CHECK(far > 5);
  CHECK(lost > 5);
}

TEST_CASE("a flow that is too large for a table of who reaches whom is searched for each question", "[static_flow][scale]") {
  using Huge = NumberedFlow<8, 1400, 1500>;
  static_assert(!detail::FlowIsSmall<Huge>::value && detail::FlowIsSmall<NumberedFlow<7, 430, 500>>::value);
  constexpr auto from = numbered(3), to = numbered(NumberedEdges<8, 1400, 1500>::to(3));
  static_assert(Huge::allows<from, to>());
  static_assert(!Huge::allows<from, "nowhere">());
  CHECK(view_of<Huge>().edge_count() == 1500);
}

TEST_CASE("programs that run see a static flow in its order of declaration", "[static_flow]") {
  constexpr StaticFlowView view = view_of<Billing>();
  CHECK(Names(view.names().begin(), view.names().end()) ==
        Names{"MainMenu", "BillingInquiry", "Support", "Agent", "Payment", "Goodbye", "OldMenu"});
  CHECK(view.type(4) == "task");
  CHECK(view.type(0).empty());
  REQUIRE(view.edges(0).size() == 3);
  CHECK(view.edges(0)[2].target == 2);
  CHECK(view.edges(0)[2].condition == "tier == 'platinum'");
  CHECK(view.edges(5).empty());
  CHECK(view_of<Named>().entry() == 1);
  CHECK(StaticFlow<Node<"Alone">>::edge_count() == 0);
  CHECK(view_of<StaticFlow<Node<"Alone">>>().edges(0).empty());
}

TEST_CASE("a static flow can be deployed as it is", "[static_flow]") {
  CHECK(flow_definition<Named>("f\"1") ==
        R"({"id":"f\"1","nodes":[{"id":"Begin","transitions":[{"targetId":"End"}]},{"id":"Alone","transitions":[]},{"id":"End","transitions":[]}]})");
  const auto graph = deployed<Billing>("billing");
  CHECK(graph->id() == "billing");
  CHECK(graph->version() == "1");
  CHECK(graph->type(*graph->find("Payment")) == "task");
  CHECK(graph->condition(graph->edges(0)[1]) == "tier == 'gold'");
}
