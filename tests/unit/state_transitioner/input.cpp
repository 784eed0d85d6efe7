// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include "door.hpp"

#include <boost/hana/define_struct.hpp>

#include <patchbay/cloud/documents_dialect.hpp>

#include <support/catch.hpp>

using namespace patchbay;
using namespace patchbay::tests;

namespace {

struct Survey {
  BOOST_HANA_DEFINE_STRUCT(Survey, (std::string, channel), (Bounded<int, 1, 5>, rating), (std::optional<bool>, callback));
};

// The least that is a schema: it cannot read JSON objects.
struct OwnSchema {
  using value_type = Survey;
  void coerce(const Variables& in, JsonReader& reader, std::span<const std::string_view> reserved,
              std::vector<Violation>& violations, std::string& members) const {
    schema<Survey>.coerce(in, reader, reserved, violations, members);
  }
  void encode(const Survey& value, std::span<const std::string_view> reserved, std::vector<Violation>& violations,
              std::string& members) const {
    schema<Survey>.encode(value, reserved, violations, members);
  }
};

}  // namespace

TEST_CASE("malformed identifiers reach no URL", "[input][A18]") {
  for (const std::string& id : {std::string("../x"), std::string(), std::string(300, 'a'), std::string("a\r\nb"), std::string("."),
                                std::string(".."), std::string("a/b"), std::string("a?b"), std::string("a%2fb"), std::string("a b"),
                                std::string("\xc3\xa4"), std::string("a\0b", 3)}) {
    Fixture f;
    auto door = f.door();
    const auto as_interaction = door.transition(TransitionRequest{id, flow_id, "MainMenu", "BillingInquiry"});
    REQUIRE_FALSE(as_interaction);
    CHECK(as_interaction.error().code() == ErrorCode::invalid_argument);
    const auto as_flow = door.transition(TransitionRequest{interaction_id, id, "MainMenu", "BillingInquiry"});
    REQUIRE_FALSE(as_flow);
    CHECK(as_flow.error().code() == ErrorCode::invalid_argument);
    CHECK_FALSE(door.flow(id));
    CHECK(f.cloud.request_count() == 0);
    CHECK(door.audit_log().size() == 2);
  }
}

TEST_CASE("nodes must be named, known and reachable", "[input][A25]") {
  Fixture f;
  auto door = f.door();
  const auto code = [&](const char* from, const char* to) {
    const auto moved = door.transition(TransitionRequest{interaction_id, flow_id, from, to});
    return moved ? ErrorCode::internal : moved.error().code();
  };
  CHECK(code("", "BillingInquiry") == ErrorCode::invalid_argument);
  CHECK(code("MainMenu", "") == ErrorCode::invalid_argument);
  CHECK(code("MainMenu", "Nowhere") == ErrorCode::unknown_node);
  CHECK(code("Nowhere", "MainMenu") == ErrorCode::unknown_node);
  CHECK(code("MainMenu", "Island") == ErrorCode::not_reachable);
  CHECK(code("BillingInquiry", "MainMenu") == ErrorCode::not_reachable);
  CHECK(code("MainMenu", "MainMenu") == ErrorCode::not_reachable);  // no cycle leads back
  CHECK(f.requests("interaction.get").empty());
}

TEST_CASE("reachability is by path, by one edge, or by the client's conditions", "[input][A25]") {
  const auto move = [](Reachability rule, EdgePredicate condition, const char* from, const char* to) {
    Fixture f;
    f.settings.transition.reachability = rule;
    f.settings.transition.condition = std::move(condition);
    f.interaction("1", from);
    f.cloud.answer(200);
    const auto moved = f.door().transition(TransitionRequest{interaction_id, flow_id, from, to});
    return moved ? moved->path.to_string() : std::string(to_string(moved.error().code()));
  };
  const auto yes = [](const ConditionalEdge&) { return true; };
  CHECK(move(Reachability::path, {}, "MainMenu", "BillingInquiry") == "MainMenu -> Verify -> BillingInquiry");
  CHECK(move(Reachability::direct_edge, {}, "MainMenu", "BillingInquiry") == "not_reachable");
  CHECK(move(Reachability::direct_edge, {}, "MainMenu", "Verify") == "MainMenu -> Verify");
  CHECK(move(Reachability::conditional, {}, "MainMenu", "Support") == "not_reachable");
  CHECK(move(Reachability::conditional, yes, "MainMenu", "Support") == "MainMenu -> Support");
  CHECK(move(Reachability::path, {}, "Support", "Support") == "Support -> Support");
}

TEST_CASE("every variable that breaks its rule is reported, before anything is sent", "[input][A20][A21][A22][A23]") {
  Fixture f;
  const auto moved = f.door().transition(f.request()
                                             .text("call_duration_seconds", "12abc")
                                             .text("requires_supervisor", "maybe")
                                             .text("routing_metadata", "{bad")
                                             .json("customer_tier", "5")
                                             .text("colour", "red"));
  REQUIRE_FALSE(moved);
  CHECK(moved.error().code() == ErrorCode::validation_failed);
  CHECK(moved.error().violations().size() == 5);
  CHECK(f.cloud.request_count() == 0);
}

TEST_CASE("no variable overrides what the library writes", "[input][A19][I18]") {
  for (const std::string_view name : DocumentsDialect::reserved_attributes) {
    Fixture f;
    StateTransitioner door{Policies{.transport = f.cloud,
                                    .clock = f.clock,
                                    .schema = schema<IvrVariables, SchemaOptions{.coercion = Coercion::lenient, .unknown = Unknown::as_is}>},
                           f.settings};
    const auto moved = door.transition(f.request().text(name, "x"));
    REQUIRE_FALSE(moved);
    CHECK(moved.error().code() == ErrorCode::validation_failed);
    CHECK(f.cloud.request_count() == 0);
  }
}

TEST_CASE("the limit counts the encoded attributes, to the byte", "[input][A24]") {
  const auto door_for = [](Fixture& f) {
    return StateTransitioner{Policies{.transport = f.cloud, .clock = f.clock, .schema = schema<IvrVariables>}, f.settings};
  };
  // What surrounds the text of the one variable, measured on a transition that passes.
  Fixture probe;
  probe.interaction("1");
  probe.cloud.answer(200);
  REQUIRE(door_for(probe).transition(probe.request().text("customer_tier", "")));
  const std::size_t envelope = probe.requests("interaction.patch").at(0).body.size() - std::string_view(R"({"customAttributes":})").size();
  const std::size_t room = 65'536 - envelope;
  Fixture f;
  f.interaction("1");
  f.cloud.answer(200);
  auto door = door_for(f);
  CHECK(door.transition(f.request().text("customer_tier", std::string(room, 'x'))));
  const auto too_large = door.transition(f.request().text("customer_tier", std::string(room + 1, 'x')));
  REQUIRE_FALSE(too_large);
  CHECK(too_large.error().code() == ErrorCode::payload_too_large);
  // A quotation mark takes two bytes on the wire.
  CHECK_FALSE(door.transition(f.request().text("customer_tier", std::string(room / 2 + 1, '"'))));
  CHECK(f.requests("interaction.patch").size() == 1);
}

TEST_CASE("bytes that are no UTF-8 are refused", "[input][A24]") {
  Fixture f;
  const auto moved = f.door().transition(f.request().text("customer_tier", "\xff\xfe"));
  REQUIRE_FALSE(moved);
  CHECK(moved.error().code() == ErrorCode::validation_failed);
}

TEST_CASE("a client's own schema, with loose input and with a typed value", "[input]") {
  Fixture f;
  StateTransitioner door{Policies{.transport = f.cloud, .clock = f.clock, .schema = schema<Survey>}, f.settings};
  SECTION("loose") {
    f.interaction("1");
    f.cloud.answer(200);
    REQUIRE(door.transition(f.request().text("channel", "phone").text("rating", "4")));
    CHECK(f.requests("interaction.patch").at(0).body.find(R"("channel":"phone","rating":4})") != std::string::npos);
  }
  SECTION("loose and wrong") {
    const auto moved = door.transition(f.request().text("rating", "6"));
    REQUIRE_FALSE(moved);
    CHECK(moved.error().violations().size() == 2);  // the channel is missing as well
  }
  SECTION("typed") {
    f.interaction("1");
    f.cloud.answer(200);
    REQUIRE(door.transition(f.request(), Survey{"phone", 4, true}));
    CHECK(f.requests("interaction.patch").at(0).body.find(R"("channel":"phone","rating":4,"callback":true})") != std::string::npos);
  }
  SECTION("typed and loose at once") {
    CHECK_FALSE(door.transition(f.request().text("rating", "4"), Survey{"phone", 4, true}));
    CHECK(f.cloud.request_count() == 0);
  }
}

TEST_CASE("all variables may come as one JSON object", "[input][A19][A24]") {
  Fixture f;
  const auto written = [&](auto schema, std::string object) {
    StateTransitioner door{Policies{.transport = f.cloud, .clock = f.clock, .schema = schema}, f.settings};
    return door.transition(f.request().variables_json(std::move(object)));
  };
  SECTION("good") {
    f.interaction("1");
    f.cloud.answer(200);
    const auto check = [&] {
      CHECK(f.requests("interaction.patch").at(0).body.find(R"("channel":"phone","rating":4})") != std::string::npos);
    };
    SECTION("read in one pass") {
      REQUIRE(written(schema<Survey>, R"({"channel":"phone","rating":"4"})"));
      check();
    }
    SECTION("by a client's own model of a schema, which knows nothing of it") {
      REQUIRE(written(OwnSchema{}, R"({"channel":"phone","rating":"4"})"));
      check();
    }
  }
  SECTION("bad") {
    const auto refused = written(schema<Survey>, R"({"rating":6,"ivr_state":"X"})");
    REQUIRE_FALSE(refused);
    CHECK(refused.error().violations().size() == 3);
    for (const auto& no_object : {written(schema<Survey>, ""), written(OwnSchema{}, "[1]")}) {
      REQUIRE_FALSE(no_object);
      REQUIRE(no_object.error().violations().size() == 1);
      CHECK(no_object.error().violations().front().path == "variables");
    }
    CHECK(f.cloud.request_count() == 0);
  }
  SECTION("and no other way beside it") {
    StateTransitioner door{Policies{.transport = f.cloud, .clock = f.clock, .schema = schema<Survey>}, f.settings};
    CHECK_FALSE(door.transition(f.request().variables_json(R"({"channel":"phone","rating":4})").text("callback", "true")));
    CHECK_FALSE(door.transition(f.request().variables_json("{}"), Survey{"phone", 4, true}));
    CHECK(f.cloud.request_count() == 0);
  }
}

TEST_CASE("settings that cannot work fail every operation, name their member, and send nothing", "[input][A16][A17]") {
  const auto problem = [](auto&& change) {
    Fixture f;
    change(f.settings);
    auto door = f.door();
    const auto moved = door.transition(f.request());
    REQUIRE_FALSE(moved);
    CHECK(moved.error().code() == ErrorCode::invalid_settings);
    CHECK_FALSE(door.flow(flow_id));
    CHECK(f.cloud.request_count() == 0);
    CHECK(door.audit_log().size() == 1);
    return moved.error().message();
  };
  CHECK(problem([](Settings& s) { s.base_url.clear(); }).find("base_url") == 0);
  CHECK(problem([](Settings& s) { s.base_url = "http://api.example.com"; }).find("base_url") == 0);
  CHECK(problem([](Settings& s) { s.base_url = "https://api.example.com/?x=1"; }).find("base_url") == 0);
  CHECK(problem([](Settings& s) { s.tokens.reset(); }).find("tokens") == 0);
  CHECK(problem([](Settings& s) { s.random.reset(); }).find("random") == 0);
  CHECK(problem([](Settings& s) { s.flows.reset(); }).find("flows") == 0);
  CHECK(problem([](Settings& s) { s.transition.webhook.url = "http://crm.example.com/x"; }).find("transition.webhook.url") == 0);
  const auto tokens = [](TokenSettings t) { return std::make_shared<TokenSource>(std::move(t)); };
  CHECK(problem([&](Settings& s) {
          s.tokens = tokens({.login_url = "http://login.example.com", .client_id = "a", .client_secret = Secret("b")});
        }).find("login_url") == 0);
  CHECK(problem([&](Settings& s) { s.tokens = tokens({.login_url = "https://l.example", .client_id = "", .client_secret = Secret("b")}); })
            .find("client_id") == 0);
  CHECK(problem([&](Settings& s) { s.tokens = tokens({.login_url = "https://l.example", .client_id = "a", .client_secret = Secret("")}); })
            .find("client_secret") == 0);
}
