// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/policy/schema.hpp>
#include <patchbay/schema/document_schemas.hpp>

#include <coroutine>
#include <exception>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <boost/hana/adapt_struct.hpp>
#include <boost/hana/string.hpp>

#include "support/catch.hpp"
#include "unit/schema/coerced.hpp"

using namespace patchbay;
using patchbay_test::coerced;
using patchbay_test::Coerced;

// Three ways in which a struct becomes a schema.
struct Defined {
  BOOST_HANA_DEFINE_STRUCT(Defined, (std::string, queue), (int, level));
};
struct Adapted {
  std::string queue;
  int level;
};
BOOST_HANA_ADAPT_STRUCT(Adapted, queue, level);
struct ByHand {
  std::string queue;
  int level;
};
template <>
struct boost::hana::accessors_impl<ByHand> {
  static constexpr auto apply() {
    return boost::hana::make_tuple(boost::hana::make_pair(
                                       BOOST_HANA_STRING("queue \"1\"\\"), [](auto&& of) -> auto& { return of.queue; }),
                                   boost::hana::make_pair(
                                       BOOST_HANA_STRING("level"), [](auto&& of) -> auto& { return of.level; }));
  }
};

struct Outer {
  BOOST_HANA_DEFINE_STRUCT(Outer, (std::string, name), (std::optional<Defined>, routing),
                           (std::optional<double>, score));
};

struct Payment {
  BOOST_HANA_DEFINE_STRUCT(Payment, (std::string, card_number), (std::optional<int>, months),
                           (std::optional<Defined>, vault));
};
template <>
inline constexpr auto patchbay::field_settings<Payment> =
    std::array{FieldSettings{.member = "card_number", .secret = true}, FieldSettings{.member = "vault", .secret = true}};

// A type of a client's own, made a field type by a specialisation.
enum class Tier { basic, gold };
template <>
struct patchbay::FieldRules<Tier> {
  static constexpr FieldKind kind = FieldKind::text;
  static std::string rule() { return "tier: expected basic or gold"; }
  static bool check(std::string_view token) { return token == "basic" || token == "gold"; }
  static bool encode(Tier tier, std::string& out) {
    append_json_string(out, tier == Tier::gold ? "gold" : "basic");
    return true;
  }
  static Tier parse(std::string_view token) { return token == "gold" ? Tier::gold : Tier::basic; }
};
struct Tiered {
  BOOST_HANA_DEFINE_STRUCT(Tiered, (Tier, tier));
};

namespace {

template <class T>
Coerced encoded(const T& value) {
  Coerced out;
  schema<T>.encode(value, patchbay_test::reserved, out.violations, out.members);
  return out;
}

// Models of the concept: the least that suffices, and one that lacks each operation.
struct LeastSchema {
  using value_type = int;
  void coerce(const Variables&, JsonReader&, std::span<const std::string_view>, std::vector<Violation>&,
              std::string&) const {}
  void encode(int, std::span<const std::string_view>, std::vector<Violation>&, std::string&) const {}
};
struct SchemaWithoutCoerce {
  using value_type = int;
  void encode(int, std::span<const std::string_view>, std::vector<Violation>&, std::string&) const {}
};
struct SchemaWithoutEncode {
  using value_type = int;
  void coerce(const Variables&, JsonReader&, std::span<const std::string_view>, std::vector<Violation>&,
              std::string&) const {}
};
struct SchemaWithoutValue {
  void coerce(const Variables&, JsonReader&, std::span<const std::string_view>, std::vector<Violation>&,
              std::string&) const {}
};

}  // namespace

TEST_CASE("the schema concept asks for a value type, coerce and encode", "[schema][concepts]") {
  STATIC_REQUIRE(Schema<LeastSchema>);
  STATIC_REQUIRE_FALSE(Schema<SchemaWithoutCoerce>);
  STATIC_REQUIRE_FALSE(Schema<SchemaWithoutEncode>);
  STATIC_REQUIRE_FALSE(Schema<SchemaWithoutValue>);
  STATIC_REQUIRE_FALSE(uses_reserved_name<LeastSchema>(patchbay_test::reserved));
  STATIC_REQUIRE(Schema<StructSchema<IvrVariables>>);
  STATIC_REQUIRE(
      Schema<std::remove_const_t<decltype(schema<IvrVariables, SchemaOptions{.coercion = Coercion::lenient,
                                                                             .unknown = Unknown::as_string}>)>>);
  STATIC_REQUIRE(std::is_empty_v<StructSchema<HoldCommand>>);
}

TEST_CASE("a struct is a schema however Hana comes to know it", "[schema]") {
  CHECK(encoded(Defined{"A", 1}).members == R"("queue":"A","level":1)");
  CHECK(encoded(Adapted{"A", 1}).members == R"("queue":"A","level":1)");
  CHECK(encoded(ByHand{"A", 1}).members == R"("queue \"1\"\\":"A","level":1)");
  CHECK(coerced<Adapted>(Variables().text("queue", "B").text("level", "2")).members == R"("queue":"B","level":2)");
  CHECK(coerced<ByHand>(Variables().text("queue \"1\"\\", "B").text("level", "2")).members ==
        R"("queue \"1\"\\":"B","level":2)");
}

TEST_CASE("hold and unhold commands are written as in the document", "[schema][B33]") {
  CHECK(encoded(HoldCommand("550e8400-e29b-41d4-a716-446655440000", "consultation", 5,
                            MediaFile("hold_music_standard.wav"), MediaFile("please_remain_on_the_line.wav")))
            .members ==
        R"("interactionId":"550e8400-e29b-41d4-a716-446655440000","holdReason":"consultation","priority":5,)"
        R"("holdMusic":"hold_music_standard.wav","holdPrompt":"please_remain_on_the_line.wav")");
  CHECK(encoded(HoldCommand("550e8400-e29b-41d4-a716-446655440000", "queueing", 0)).members ==
        R"("interactionId":"550e8400-e29b-41d4-a716-446655440000","holdReason":"queueing","priority":0)");
  CHECK(encoded(UnholdCommand("550e8400-e29b-41d4-a716-446655440000", 9)).members ==
        R"("interactionId":"550e8400-e29b-41d4-a716-446655440000","priority":9)");
}

TEST_CASE("what a type cannot keep out is a violation when a value is encoded", "[schema][A21][A24]") {
  const Coerced got = encoded(Outer{"\xff", Defined{"\xc3(", 1}, std::numeric_limits<double>::infinity()});
  REQUIRE(got.violations.size() == 3);
  CHECK(got.violations[0].path == "name");
  CHECK(got.violations[1].path == "routing.queue");
  CHECK(got.violations[2].path == "score");
  CHECK(got.members.empty());
  for (const Violation& each : got.violations) CHECK(is_valid_utf8(each.value));
}

TEST_CASE("nested schemas coerce, with paths, and refuse what is undeclared there", "[schema]") {
  JsonReader reader;
  const auto good = Variables::from_json(R"({"name":"x","routing":{"level":"7","queue":"a\"b"},"score":null})", reader);
  REQUIRE(good.has_value());
  CHECK(coerced<Outer>(*good).members == R"("name":"x","routing":{"level":7,"queue":"a\"b"})");
  CHECK(coerced<Outer>(Variables().text("name", "x").text("routing", R"({"queue":"q","level":-0})")).members ==
        R"("name":"x","routing":{"queue":"q","level":0})");

  const Coerced bad =
      coerced<Outer>(Variables().text("name", "x").text("routing", R"({"level":5.0,"ivr_state":1,"level":1})"));
  REQUIRE(bad.violations.size() == 4);
  CHECK(bad.violations[0].path == "routing.level");
  CHECK(bad.violations[1].path == "routing.ivr_state");
  CHECK(bad.violations[1].rule.starts_with("unknown"));
  CHECK(bad.violations[2].rule.starts_with("duplicate"));
  CHECK(bad.violations[3].path == "routing.queue");
  CHECK(bad.violations[3].rule.starts_with("required"));
  CHECK(coerced<Outer>(Variables().text("name", "x").text("routing", "[]")).violations.size() == 1);
}

TEST_CASE("an empty nested object is written as one", "[schema]") {
  struct Empty {
    BOOST_HANA_DEFINE_STRUCT(Empty, (std::optional<int>, a));
  };
  struct Holds {
    BOOST_HANA_DEFINE_STRUCT(Holds, (std::optional<Empty>, e), (std::optional<int>, z));
  };
  CHECK(coerced<Holds>(Variables().json("e", "{}").json("z", "1")).members == R"("e":{},"z":1)");
  CHECK(coerced<Holds>(Variables().json("e", R"({"a":null})").json("z", "1")).members == R"("e":{},"z":1)");
  CHECK(encoded(Holds{Empty{}, 1}).members == R"("e":{},"z":1)");
}

TEST_CASE("the values of secret fields are never shown, nor what stands under an unknown name beside them",
          "[schema]") {
  const Coerced got = coerced<Payment>(Variables()
                                           .json("card_number", "4111111111111111")
                                           .text("months", "4111-leak")
                                           .text("card_numbr", "4111")
                                           .json("vault", R"({"queue":4111,"level":"4111x"})"));
  REQUIRE(got.violations.size() == 5);
  CHECK(got.violations[0].value == "<redacted>");
  CHECK(got.violations[1].value == "4111-leak");  // not marked secret
  CHECK(got.violations[2].value == "<redacted>");
  CHECK(got.violations[3].path == "vault.queue");
  CHECK(got.violations[3].value == "<redacted>");
  CHECK(got.violations[4].value == "<redacted>");

  const Coerced typed = encoded(Payment{"\xff secret", 1, std::nullopt});
  REQUIRE(typed.violations.size() == 1);
  CHECK(typed.violations[0].value == "<redacted>");
}

TEST_CASE("a violation shows at most 64 bytes, whole characters, with control characters escaped", "[schema]") {
  const auto shown = [](std::string_view value) {
    const Coerced got = coerced<IvrVariables>(Variables().text("requires_supervisor", value));
    REQUIRE(got.violations.size() == 1);
    return got.violations[0].value;
  };
  CHECK(shown(std::string(100, 'x')) == std::string(64, 'x'));
  CHECK(shown(std::string(63, 'x') + "\xc3\xa9") == std::string(63, 'x'));
  CHECK(shown(std::string(62, 'x') + "\xc3\xa9" + "y") == std::string(62, 'x') + "\xc3\xa9");
  CHECK(shown("a\n\x1b[31m\x7f") == "a\\u000a\\u001b[31m\\u007f");
  CHECK(shown("\xff\xc2\x85") == "\\xff\\u0085");
  CHECK(shown(std::string(60, 'x') + "\n") == std::string(60, 'x'));  // no part of an escape
}

TEST_CASE("loose input becomes a typed value, or every violation", "[schema][B33]") {
  JsonReader reader;
  const auto good = schema<HoldCommand>.parse(Variables()
                                                  .text("interactionId", "550E8400-e29b-41d4-a716-446655440000")
                                                  .text("priority", "5")
                                                  .text("holdReason", "consultation")
                                                  .text("holdMusic", "a.wav"),
                                              reader);
  REQUIRE(good.has_value());
  CHECK(good->interactionId.view() == "550E8400-e29b-41d4-a716-446655440000");
  CHECK(good->holdReason == HoldReason("consultation"));
  CHECK(good->priority == HoldPriority(5));
  CHECK(good->holdMusic == MediaFile("a.wav"));
  CHECK_FALSE(good->holdPrompt.has_value());

  const auto bad = schema<HoldCommand>.parse(Variables()
                                                 .text("interactionId", "../x")
                                                 .text("priority", "4.5")
                                                 .text("holdReason", "lunch")
                                                 .text("holdMusic", "/etc/passwd"),
                                             reader);
  REQUIRE_FALSE(bad.has_value());
  CHECK(bad.error().code() == ErrorCode::validation_failed);
  CHECK(bad.error().violations().size() == 4);

  const auto ivr = schema<IvrVariables>.parse(Variables()
                                                  .json("customer_tier", R"("a\u00e9\"\n\ud83d\udcde")")
                                                  .text("call_duration_seconds", "1.50")
                                                  .text("requires_supervisor", "1")
                                                  .text("routing_metadata", R"({"k": ["}", "\""]})"),
                                              reader);
  REQUIRE(ivr.has_value());
  CHECK(ivr->customer_tier == "a\xc3\xa9\"\n\xf0\x9f\x93\x9e");
  CHECK(ivr->call_duration_seconds->view() == "1.50");
  CHECK(ivr->requires_supervisor == true);
  CHECK(ivr->routing_metadata->view() == R"({"k":["}","\""]})");

  const auto nested =
      schema<Outer>.parse(Variables().text("name", "n").json("routing", R"({"queue":"q","level":3})"), reader);
  REQUIRE(nested.has_value());
  CHECK(nested->routing->queue == "q");
  CHECK(nested->routing->level == 3);
}

TEST_CASE("what was parsed is encoded as it was coerced", "[schema]") {
  JsonReader reader;
  const Variables in =
      Variables().text("name", "n\x01").json("routing", R"({"queue":"q\\","level":-3})").text("score", "0.25");
  const auto value = schema<Outer>.parse(in, reader);
  REQUIRE(value.has_value());
  CHECK(encoded(*value).members == coerced<Outer>(in).members);
}

TEST_CASE("a client's own type is a field type through its rules", "[schema]") {
  CHECK(coerced<Tiered>(Variables().text("tier", "gold")).members == R"("tier":"gold")");
  CHECK(coerced<Tiered>(Variables().text("tier", "iron")).violations.at(0).rule == "tier: expected basic or gold");
  CHECK(encoded(Tiered{Tier::gold}).members == R"("tier":"gold")");
}

TEST_CASE("variables come from the members of a JSON object", "[schema]") {
  JsonReader reader;
  const auto in = Variables::from_json(R"( {"a":"x\u00e9","n\u006e":5,"o":{ "k" : [ ] },"a":null} )", reader);
  REQUIRE(in.has_value());
  REQUIRE(in->size() == 4);
  std::vector<Variables::Entry> all(in->begin(), in->end());
  CHECK(all[0].name == "a");
  CHECK(all[0].value == "x\xc3\xa9");
  CHECK_FALSE(all[0].is_json);
  CHECK(all[1].name == "nn");
  CHECK(all[1].is_json);
  CHECK(all[1].value == "5");
  CHECK(all[2].value == R"({"k":[]})");
  CHECK(all[3].value == "null");
  CHECK(Variables::from_json("{}", reader)->empty());

  const std::string bad = GENERATE_COPY(values<std::string>(
      {"", "[]", "5", "{bad", R"({"a":1)", R"({"a":1e400})", "{\"a\":\"\xff\"}", R"({"a":"\ud800"})", R"({"a":1} x)",
       R"({"a":tru})", "{\"a\":" + std::string(3000, '[') + std::string(3000, ']') + "}"}));
  CAPTURE(bad.substr(0, 40));
  const auto refused = Variables::from_json(bad, reader);
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().code() == ErrorCode::validation_failed);
}

namespace {

// As small as a coroutine can be: it suspends once, so that what is named in the awaited call lives across it.
struct Task {
  struct promise_type {
    Task get_return_object() { return {std::coroutine_handle<promise_type>::from_promise(*this)}; }
    static std::suspend_never initial_suspend() noexcept { return {}; }
    static std::suspend_always final_suspend() noexcept { return {}; }
    static void return_void() noexcept {}
    [[noreturn]] static void unhandled_exception() noexcept { std::terminate(); }
  };
  std::coroutine_handle<promise_type> handle;
};

struct EncodeLater {
  explicit EncodeLater(HoldCommand in) : command(std::move(in)) {}
  static bool await_ready() noexcept { return false; }
  static void await_suspend(std::coroutine_handle<>) noexcept {}
  [[nodiscard]] std::string await_resume() const { return encoded(command).members; }
  HoldCommand command;
};

Task awaits_temporaries(std::string& out) {
  out = co_await EncodeLater(HoldCommand("550e8400-e29b-41d4-a716-446655440000", "queueing", 1,
                                         *MediaFile::make("a_name_that_is_long_enough_to_be_allocated.wav"),
                                         MediaFile("b.wav")));
}

}  // namespace

TEST_CASE("a command named in an awaited call survives the suspension", "[schema]") {
  std::string out;
  const Task task = awaits_temporaries(out);
  task.handle.resume();
  CHECK(out.ends_with(R"("holdMusic":"a_name_that_is_long_enough_to_be_allocated.wav","holdPrompt":"b.wav")"));
  task.handle.destroy();
}
