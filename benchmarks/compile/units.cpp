// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include "units.hpp"

#include <array>
#include <cstddef>

namespace patchbay::benchmarks {
namespace {

std::string struct_of(int fields) {
  static constexpr std::array<std::string_view, 10> kinds = {
      "std::string",
      "int",
      "bool",
      "std::optional<std::string>",
      "Level",
      "Tier",
      "patchbay::Uuid",
      "std::optional<patchbay::Number>",
      "std::optional<bool>",
      "patchbay::NonEmpty<>"};
  std::string out =
      "using Tier = patchbay::OneOf<\"gold\", \"silver\", \"bronze\">;\n"
      "using Level = patchbay::Bounded<int, 0, 9>;\n"
      "struct Fields {\n  BOOST_HANA_DEFINE_STRUCT(Fields";
  for (int i = 0; i < fields; ++i) {
    const std::string_view kind = kinds[static_cast<std::size_t>(i) % kinds.size()];
    out.append(",\n    (").append(kind).append(", field_").append(std::to_string(i)).append(")");
  }
  return out.append(");\n};\n");
}

std::string flow_of(int edges) {
  // A chain with a way back every fifth node, and a leaf: unreachable nodes and dead ends are there to be found.
  std::string out = "struct Flow : patchbay::StaticFlow<\n  patchbay::Edge<\"Outside\", \"Node0\">";
  out.append(",\n  patchbay::Entry<\"Node0\">");
  for (int i = 1, node = 0; i < edges; ++i) {
    const bool back = i % 5 == 0;
    const std::string from = std::to_string(node), to = std::to_string(back ? node - 3 : node + 1);
    if (!back) ++node;
    out.append(",\n  patchbay::Edge<\"Node").append(from).append("\", \"Node").append(to);
    out.append(i % 7 == 0 ? "\", \"tier == 'gold'\">" : "\">");
  }
  return out.append("> {};\n");
}

constexpr std::string_view flow_facts = R"(
static_assert(Flow::allows<"Node0", "Node9">());
static_assert(!Flow::allows<"Node9", "Outside">());
static_assert(Flow::allows<"Node2", "Node3">(patchbay::Reachability::direct_edge));
static_assert(Flow::path<"Node0", "Node4">().size() == 5);
static_assert(Flow::unreachable().size() == 1);
static_assert(Flow::dead_ends().size() <= 1);
)";

// A client's own transport, so that no adapter is measured.
constexpr std::string_view transport = R"(
struct OwnChannel {
  patchbay::TransportResult<void> send(std::string_view, patchbay::SteadyTime);
  void receive(patchbay::ChannelEvent&, patchbay::SteadyTime);
  patchbay::TransportResult<void> ping(patchbay::SteadyTime);
  void close(std::uint16_t, patchbay::SteadyTime);
  void interrupt() noexcept;
};
struct OwnTransport {
  using channel_type = OwnChannel;
  patchbay::TransportResult<void> send(const patchbay::HttpRequest&, patchbay::HttpResponse&, patchbay::SteadyTime);
  patchbay::TransportResult<OwnChannel> open(const patchbay::ChannelRequest&, patchbay::HttpResponse&, patchbay::SteadyTime);
};
)";

}  // namespace

std::string nlohmann_unit() {
  return R"(#include <nlohmann/json.hpp>
std::string name_of(const std::string& text) { return nlohmann::json::parse(text).at("name").get<std::string>(); }
)";
}

std::string floor_unit() {
  return R"(#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>
#include <boost/hana/accessors.hpp>
#include <boost/hana/adapt_struct.hpp>
#include <boost/hana/define_struct.hpp>
#include <tl/expected.hpp>
)";
}

std::string included_doors_unit() {
  return "#include <patchbay/hold_controller.hpp>\n#include <patchbay/state_transitioner.hpp>\n";
}

std::string doors_unit() {
  std::string out = included_doors_unit();
  out.append("#include <patchbay/flow/static_flow.hpp>\n#include <patchbay/schema/non_empty.hpp>\n");
  out.append(struct_of(10)).append(flow_of(30)).append(flow_facts).append(transport);
  return out.append(R"(
int run(patchbay::Settings settings, const Fields& typed) {
  using namespace patchbay;
  StateTransitioner transitioner{Policies{.transport = OwnTransport{}, .schema = schema<Fields>}, settings};
  HoldController holds{Policies{.transport = OwnTransport{}}, settings};
  const auto moved = transitioner.transition(TransitionRequest{"1", "2", "Node0", "Node1"}.text("field_0", "a"));
  const auto again = transitioner.transition(TransitionRequest{"1", "2", "Node1", "Node2"}, typed);
  const auto held = holds.hold(HoldRequest{"1", "consultation", 5}.music("music.wav"));
  const auto back = holds.unhold(UnholdRequest{"1", 5});
  return moved && again && held && back ? 0 : 1;
}
)");
}

std::string schema_unit(int fields) {
  std::string out = R"(#include <patchbay/schema/bounded.hpp>
#include <patchbay/schema/non_empty.hpp>
#include <patchbay/schema/number.hpp>
#include <patchbay/schema/one_of.hpp>
#include <patchbay/schema/struct_schema.hpp>
#include <patchbay/schema/uuid.hpp>
)";
  out.append(struct_of(fields));
  return out.append(R"(
void use(const patchbay::Variables& in, const Fields& value, patchbay::JsonReader& reader,
         std::vector<patchbay::Violation>& violations, std::string& members) {
  patchbay::StructSchema<Fields>{}.coerce(in, reader, {}, violations, members);
  patchbay::StructSchema<Fields>{}.encode(value, {}, violations, members);
}
)");
}

std::string flow_unit(int edges) {
  return std::string("#include <patchbay/flow/static_flow.hpp>\n").append(flow_of(edges)).append(flow_facts);
}

std::string header_unit(std::string_view header) { return std::string("#include <").append(header).append(">\n"); }

}  // namespace patchbay::benchmarks
