// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
//
// Your organisation's rules as types: what a caller's variables must be, and where the flow leads.
#include <cstdio>

#include <patchbay/flow/static_flow_definition.hpp>
#include <patchbay/schema/chrono.hpp>
#include <patchbay/schema/default.hpp>
#include <patchbay/schema/enumeration.hpp>
#include <patchbay/schema/json_schema.hpp>
#include <patchbay/schema/pattern.hpp>
#include <patchbay/state_transitioner.hpp>
#include <patchbay/testing/simulated_cloud.hpp>

using namespace patchbay;
using namespace patchbay::testing;

enum class Tier { standard, gold };
template <>
inline constexpr auto patchbay::enum_names<Tier> =
    std::array{EnumName{Tier::standard, "standard"}, EnumName{Tier::gold, "gold"}};

// An ordinary struct. What its members' types forbid is refused, and cannot be written.
struct Order {
  BOOST_HANA_DEFINE_STRUCT(Order, (Pattern<"[A-Z]{2}-\\d{6}">, number), (std::optional<std::chrono::seconds>, age));
};
struct Caller {
  using Retries = Default<std::uint8_t, 3>;
  BOOST_HANA_DEFINE_STRUCT(Caller, (Tier, tier), (std::vector<Order>, orders), (Retries, retries), (std::string, pin));
};
template <>
inline constexpr auto patchbay::field_settings<Caller> =
    std::array{FieldSettings{.member = "pin", .wire = "callerPin", .secret = true}};

using Shop = StaticFlow<Edge<"Welcome", "Orders">, Edge<"Orders", "Refund">, Edge<"Orders", "Agent">>;

int main() {
  ManualClock clock;
  SimulatedCloud cloud(clock);
  const std::string caller(document_interaction);
  cloud.change([&](CloudModel& model) { model.set_flow("shop", flow_definition<Shop>("shop")), model.move(caller, "Welcome"); });
  Settings settings;
  settings.base_url = "https://api.example.com";  // nothing goes there
  settings.tokens = std::make_shared<TokenSource>(
      TokenSettings{.login_url = settings.base_url, .client_id = "me", .client_secret = Secret("hush")});
  StateTransitioner door{Policies{.transport = cloud, .clock = clock, .schema = schema<Caller>}, settings};

  // Fails here, and not with the first caller, when what was deployed is not what was compiled.
  auto shop = door.follow<Shop>("shop");
  if (!shop) return std::fprintf(stderr, "%s\n", shop.error().describe().c_str()), 1;

  // Loose input: every mistake is named at once, and no secret is shown.
  const auto refused = shop->transition<"Welcome", "Refund">(
      caller, Variables().text("tier", "platinum").json("orders", R"([{"number":"AB-12"}])").text("pin", "1234"));
  for (const Violation& each : refused.error().violations())
    std::printf("%s: %s (given: %s)\n", each.path.c_str(), each.rule.c_str(), each.value.c_str());

  // Typed input: nothing is left to check. <"Refund", "Orders"> would not compile, for no way leads back.
  const auto moved = shop->transition<"Welcome", "Refund">(
      caller, Caller{Tier::gold, {Order{"AB-123456", std::chrono::hours{2}}}, {}, "1234"});
  std::printf("%s\n", moved ? moved->path.to_string().c_str() : moved.error().describe().c_str());
  std::printf("%s\n", json_schema<Caller>().c_str());
  return moved ? 0 : 1;
}
