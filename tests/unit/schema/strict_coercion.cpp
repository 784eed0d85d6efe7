// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/policy/schema.hpp>
#include <patchbay/schema/document_schemas.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "support/catch.hpp"
#include "unit/schema/coerced.hpp"

using namespace patchbay;
using patchbay_test::coerced;
using patchbay_test::Coerced;

namespace {

struct Plain {
  BOOST_HANA_DEFINE_STRUCT(Plain, (std::optional<std::string>, s), (std::optional<bool>, b),
                           (std::optional<std::int32_t>, i), (std::optional<std::uint64_t>, u),
                           (std::optional<double>, d), (std::optional<float>, f), (std::optional<Number>, n),
                           (std::optional<JsonObject>, o), (std::optional<HoldPriority>, p),
                           (std::optional<HoldReason>, r), (std::optional<MaxLength<4>>, m));
};

struct Row {
  std::string_view field;
  std::string_view input;
  std::string_view written;  // empty: a violation
};

}  // namespace

TEST_CASE("strict text: the whole text is of the field's type, or it is a violation",
          "[schema][A21][A22][A23][A24][B33]") {
  const Row row = GENERATE(values<Row>({
      // Strings: any UTF-8.
      {"s", "", R"("")"},
      {"s", "enterprise", R"("enterprise")"},
      {"s", "\"\\\n\x01", R"("\"\\\n\u0001")"},
      {"s", "\xc3\xa9\xf0\x9f\x93\x9e", "\"\xc3\xa9\xf0\x9f\x93\x9e\""},
      {"s", "\xff", ""},
      {"s", "\xc3", ""},
      {"s", "\xed\xa0\x80", ""},
      {"s", "\xc0\x80", ""},
      {"s", "null", R"("null")"},
      // Booleans: four spellings.
      {"b", "true", "true"},
      {"b", "false", "false"},
      {"b", "1", "true"},
      {"b", "0", "false"},
      {"b", "", ""},
      {"b", "TRUE", ""},
      {"b", "yes", ""},
      {"b", "no", ""},
      {"b", "maybe", ""},
      {"b", " true", ""},
      {"b", "01", ""},
      {"b", "1.0", ""},
      {"b", "on", ""},
      // Integers: spelled as such, in range.
      {"i", "145", "145"},
      {"i", "-7", "-7"},
      {"i", "0", "0"},
      {"i", "-0", "0"},
      {"u", "-0", "0"},
      {"u", "-1", ""},
      {"i", "2147483647", "2147483647"},
      {"i", "-2147483648", "-2147483648"},
      {"i", "2147483648", ""},
      {"i", "-2147483649", ""},
      {"i", "4.5", ""},
      {"i", "5.0", ""},
      {"i", "5e0", ""},
      {"i", "1e400", ""},
      {"i", "12abc", ""},
      {"i", "", ""},
      {"i", " 5", ""},
      {"i", "5 ", ""},
      {"i", "+5", ""},
      {"i", "0x1f", ""},
      {"i", "007", ""},
      {"i", "-", ""},
      {"i", "Infinity", ""},
      {"i", "NaN", ""},
      {"i", "1_000", ""},
      {"i", "1,000", ""},
      {"u", "18446744073709551615", "18446744073709551615"},
      {"u", "18446744073709551616", ""},
      {"u", "-1", ""},
      // Doubles: finite, and exact where they are integers.
      {"d", "4.5", "4.5"},
      {"d", "1e3", "1e3"},
      {"d", "-0", "-0"},
      {"d", "9007199254740992", "9007199254740992"},
      {"d", "9007199254740993", ""},
      {"d", "9007199254740994", "9007199254740994"},
      {"d", "-9007199254740993", ""},
      {"d", "10000000000000000000000", "10000000000000000000000"},
      {"d", "10000000000000000000001", ""},
      {"d", "1e400", ""},
      {"d", "1e-400", "1e-400"},
      {"d", "Infinity", ""},
      {"d", "-Infinity", ""},
      {"d", "NaN", ""},
      {"d", "12abc", ""},
      {"d", ".5", ""},
      {"d", "5.", ""},
      {"d", "", ""},
      {"d", "0x10", ""},
      {"f", "0.1", "0.1"},
      {"f", "16777216", "16777216"},
      {"f", "16777217", ""},
      {"f", "1e39", ""},
      {"f", "1e-60", "1e-60"},
      // Numbers: any finite one, digit for digit.
      {"n", "145", "145"},
      {"n", "0.10", "0.10"},
      {"n", "9007199254740993", "9007199254740993"},
      {"n", "1E+2", "1E+2"},
      {"n", "123456789012345678901234567890", "123456789012345678901234567890"},
      {"n", "12abc", ""},
      {"n", "1e309", ""},
      {"n", "-1e309", ""},
      {"n", "Infinity", ""},
      {"n", "", ""},
      {"n", " 1", ""},
      {"n", "01", ""},
      {"n", "--1", ""},
      {"n", "1e", ""},
      {"n", "\xd9\xa1", ""},
      // Objects: a JSON object and nothing else.
      {"o", "{}", "{}"},
      {"o", " { \"a\" : [ 1 , null ] } ", R"({"a":[1,null]})"},
      {"o", "{bad", ""},
      {"o", "[1]", ""},
      {"o", "null", ""},
      {"o", "5", ""},
      {"o", "", ""},
      {"o", "{\"a\":1,}", ""},
      {"o", "{\"a\":1e999}", ""},
      {"o", "{\"a\":\"\xff\"}", ""},
      {"o", "{} x", ""},
      {"o", R"({"__proto__":{"x":1},"constructor":2})", R"({"__proto__":{"x":1},"constructor":2})"},
      // Constrained types.
      {"p", "0", "0"},
      {"p", "9", "9"},
      {"p", "10", ""},
      {"p", "-1", ""},
      {"p", "4.5", ""},
      {"p", "-0", "0"},
      {"r", "consultation", R"("consultation")"},
      {"r", "lunch", ""},
      {"r", "", ""},
      {"m", "abcd", R"("abcd")"},
      {"m", "abcde", ""},
  }));
  CAPTURE(row.field, row.input);
  const Coerced got = coerced<Plain>(Variables().text(row.field, row.input));
  if (row.written.empty()) {
    REQUIRE(got.violations.size() == 1);
    CHECK(got.violations[0].path == row.field);
    CHECK_FALSE(got.violations[0].rule.empty());
    CHECK(got.members.empty());
  } else {
    CHECK(got.violations.empty());
    CHECK(got.members == std::string("\"").append(row.field).append("\":").append(row.written));
  }
}

TEST_CASE("strict JSON: a value is of the field's type already, save that its strings are text",
          "[schema][A21][A22][A23]") {
  const Row row = GENERATE(values<Row>({
      {"s", R"("abc")", R"("abc")"},
      {"s", R"( "a\u00e9\n" )", "\"a\xc3\xa9\\n\""},
      {"s", R"("\ud83d\udcde\/")", "\"\xf0\x9f\x93\x9e/\""},
      {"s", "5", ""},
      {"s", "true", ""},
      {"s", "{}", ""},
      {"s", "[]", ""},
      {"s", R"("\ud800")", ""},
      {"s", "\"\xff\"", ""},
      {"s", "\"a\nb\"", ""},
      {"s", R"("\q")", ""},
      {"s", "", ""},
      {"b", "true", "true"},
      {"b", "false", "false"},
      {"b", "1", "true"},
      {"b", "0", "false"},
      {"b", "2", ""},
      {"b", "1.0", ""},
      {"b", R"("true")", "true"},
      {"b", R"("TRUE")", ""},
      {"b", "{}", ""},
      {"b", "tru", ""},
      {"i", "145", "145"},
      {"i", " 145 ", "145"},
      {"i", "-0", "0"},
      {"i", R"("145")", "145"},
      {"i", R"("\u0031")", "1"},
      {"i", "4.5", ""},
      {"i", "5.0", ""},
      {"i", "true", ""},
      {"i", "[]", ""},
      {"i", "[5]", ""},
      {"i", "{}", ""},
      {"i", "1 2", ""},
      {"d", "9007199254740993", ""},
      {"d", "4.5", "4.5"},
      {"d", "1e400", ""},
      {"n", "9007199254740993", "9007199254740993"},
      {"n", "NaN", ""},
      {"n", "1e400", ""},
      {"n", "01", ""},
      {"o", R"({ "a" : 1 })", R"({"a":1})"},
      {"o", R"("{ }")", "{}"},
      {"o", R"("[]")", ""},
      {"o", "[]", ""},
      {"o", "true", ""},
      {"o", R"({"a":})", ""},
      {"r", R"("queueing")", R"("queueing")"},
      {"r", R"("queue\u0069ng")", R"("queueing")"},
      {"r", R"("lunch")", ""},
      {"m", R"("\u0061\u0062\u0063\u0064")", R"("abcd")"},
      {"m", R"("abcde")", ""},
  }));
  CAPTURE(row.field, row.input);
  const Coerced got = coerced<Plain>(Variables().json(row.field, row.input));
  if (row.written.empty()) {
    REQUIRE(got.violations.size() == 1);
    CHECK(got.violations[0].path == row.field);
    CHECK(got.members.empty());
  } else {
    CHECK(got.violations.empty());
    CHECK(got.members == std::string("\"").append(row.field).append("\":").append(row.written));
  }
}

TEST_CASE("null is absent where the field is optional, and a violation where it is not", "[schema][A23]") {
  struct Required {
    BOOST_HANA_DEFINE_STRUCT(Required, (int, a), (std::optional<int>, b), (std::optional<std::string>, c));
  };
  const Coerced absent = coerced<Required>(Variables().json("b", "null").json("a", "1").json("c", " null "));
  CHECK(absent.violations.empty());
  CHECK(absent.members == R"("a":1)");

  const Coerced refused = coerced<Required>(Variables().json("a", "null"));
  REQUIRE(refused.violations.size() == 1);
  CHECK(refused.violations[0].path == "a");

  const Coerced missing = coerced<Required>(Variables().text("c", "x"));
  REQUIRE(missing.violations.size() == 1);
  CHECK(missing.violations[0].path == "a");
  CHECK(missing.violations[0].rule.starts_with("required: integer"));
  CHECK(missing.violations[0].value == "<absent>");
}

TEST_CASE("members stand in the order of the input and behind what was there", "[schema]") {
  JsonReader reader;
  std::vector<Violation> violations;
  std::string members = "head:";
  schema<IvrVariables>.coerce(Variables()
                                  .json("routing_metadata", R"({"q" : "A"})")
                                  .text("call_duration_seconds", "145")
                                  .text("customer_tier", "enterprise")
                                  .text("requires_supervisor", "true"),
                              reader, {}, violations, members);
  CHECK(violations.empty());
  CHECK(
      members ==
      R"(head:"routing_metadata":{"q":"A"},"call_duration_seconds":145,"customer_tier":"enterprise","requires_supervisor":true)");
}

TEST_CASE("every violation is reported at once, and nothing is written", "[schema]") {
  const Coerced got = coerced<IvrVariables>(Variables()
                                                .text("customer_tier", "fine")
                                                .text("call_duration_seconds", "12abc")
                                                .text("requires_supervisor", "maybe")
                                                .text("routing_metadata", "{bad")
                                                .text("ivr_state", "X")
                                                .text("surprise", "y"));
  REQUIRE(got.violations.size() == 5);
  CHECK(got.violations[0].path == "call_duration_seconds");
  CHECK(got.violations[0].rule == "number: expected a finite JSON number");
  CHECK(got.violations[0].value == "12abc");
  CHECK(got.violations[1].path == "requires_supervisor");
  CHECK(got.violations[1].value == "maybe");
  CHECK(got.violations[2].path == "routing_metadata");
  CHECK(got.violations[3].path == "ivr_state");
  CHECK(got.violations[3].rule.starts_with("reserved"));
  CHECK(got.violations[4].path == "surprise");
  CHECK(got.violations[4].rule.starts_with("unknown"));
  CHECK(got.members.empty());
}

TEST_CASE("a variable may come once, whatever it holds", "[schema]") {
  const Coerced declared = coerced<IvrVariables>(
      Variables().text("customer_tier", "a").json("customer_tier", "null").text("customer_tier", "a"));
  REQUIRE(declared.violations.size() == 2);
  CHECK(declared.violations[0].rule.starts_with("duplicate"));

  constexpr SchemaOptions open{.unknown = Unknown::as_string};
  const Coerced unknown = coerced<IvrVariables, open>(Variables().text("x", "a").text("y", "b").text("x", "a"));
  REQUIRE(unknown.violations.size() == 1);
  CHECK(unknown.violations[0].path == "x");

  JsonReader reader;
  const auto object = Variables::from_json(R"({"customer_tier":"a","customer_tier":"b"})", reader);
  REQUIRE(object.has_value());
  CHECK(object->size() == 2);
  CHECK(coerced<IvrVariables>(*object).violations.size() == 1);
}

TEST_CASE("reserved names are refused in every mode, as input and as a value's member", "[schema][A19]") {
  const std::string_view name =
      GENERATE(as<std::string_view>{}, "ivr_state", "flow_node", "last_updated", "transition_id");
  const Variables in = Variables().text(name, "X");
  CHECK(coerced<IvrVariables>(in).violations.size() == 1);
  CHECK(coerced<IvrVariables, SchemaOptions{.unknown = Unknown::as_string}>(in).violations.size() == 1);
  CHECK(coerced<IvrVariables, SchemaOptions{.unknown = Unknown::as_is}>(in).violations.size() == 1);
  CHECK(coerced<IvrVariables, SchemaOptions{.coercion = Coercion::lenient, .unknown = Unknown::as_string}>(in)
            .violations.size() == 1);

  struct Taken {
    BOOST_HANA_DEFINE_STRUCT(Taken, (std::string, flow_node));
  };
  STATIC_REQUIRE(uses_reserved_name<StructSchema<Taken>>(patchbay_test::reserved));
  STATIC_REQUIRE_FALSE(uses_reserved_name<StructSchema<IvrVariables>>(patchbay_test::reserved));
  std::vector<Violation> violations;
  std::string members;
  schema<Taken>.encode(Taken{"X"}, patchbay_test::reserved, violations, members);
  REQUIRE(violations.size() == 1);
  CHECK(violations[0].path == "flow_node");
  CHECK(members.empty());
}

TEST_CASE("a schema that is silent about unknown variables rejects them by name", "[schema][A20]") {
  const std::string_view name =
      GENERATE(as<std::string_view>{}, "__proto__", "constructor", "prototype", "toString", "Customer_Tier");
  const Coerced got = coerced<IvrVariables>(Variables().text(name, "x"));
  REQUIRE(got.violations.size() == 1);
  CHECK(got.violations[0].path == name);
}

TEST_CASE("unknown variables pass as strings, or as they are, when the schema says so", "[schema][A20]") {
  const Row row = GENERATE(values<Row>({{"5", R"("5")", "5"},
                                        {"null", R"("null")", "null"},
                                        {"true", R"("true")", "true"},
                                        {R"({"a": "b"})", R"("{\"a\":\"b\"}")", R"({"a":"b"})"},
                                        {"[1, 2]", R"("[1,2]")", "[1,2]"},
                                        {R"("te\u0078t")", R"("te\u0078t")", R"("te\u0078t")"}}));
  // Here: JSON, as a string, as it is.
  const std::string_view name = GENERATE(as<std::string_view>{}, "__proto__", "constructor", "prototype", "other");
  const std::string key = std::string("\"").append(name).append("\":");
  const Variables in = Variables().json(name, row.field);
  CHECK(coerced<IvrVariables, SchemaOptions{.unknown = Unknown::as_string}>(in).members ==
        key + std::string(row.input));
  CHECK(coerced<IvrVariables, SchemaOptions{.unknown = Unknown::as_is}>(in).members == key + std::string(row.written));
  const Variables text = Variables().text(name, "5");
  CHECK(coerced<IvrVariables, SchemaOptions{.unknown = Unknown::as_string}>(text).members == key + R"("5")");
  CHECK(coerced<IvrVariables, SchemaOptions{.unknown = Unknown::as_is}>(text).members == key + R"("5")");
}

TEST_CASE("unknown variables that are no UTF-8 or no JSON are refused all the same", "[schema][A24]") {
  constexpr SchemaOptions as_is{.unknown = Unknown::as_is};
  CHECK(coerced<IvrVariables, as_is>(Variables().text("x", "\xff")).violations.size() == 1);
  CHECK(coerced<IvrVariables, as_is>(Variables().json("x", "{bad")).violations.size() == 1);
  CHECK(coerced<IvrVariables, as_is>(Variables().json("x", "1e400")).violations.size() == 1);
  CHECK(coerced<IvrVariables, as_is>(Variables().json("x", std::string(65, '[') + std::string(65, ']')))
            .violations.size() == 1);
  CHECK(coerced<IvrVariables, as_is>(Variables().json("x", std::string(64, '[') + std::string(64, ']')))
            .violations.empty());
  CHECK(coerced<IvrVariables, as_is>(Variables().json("x", std::string(3000, '[') + std::string(3000, ']')))
            .violations.size() == 1);
}

TEST_CASE("a refused member leaves the commas between the others right", "[schema]") {
  struct Three {
    BOOST_HANA_DEFINE_STRUCT(Three, (std::optional<int>, a), (std::optional<int>, b), (std::optional<int>, c));
  };
  CHECK(coerced<Three>(Variables().json("a", "null").json("b", "2").json("c", "3")).members == R"("b":2,"c":3)");
  CHECK(coerced<Three>(Variables().json("a", "1").json("b", "null").json("c", "3")).members == R"("a":1,"c":3)");
  CHECK(coerced<Three>(Variables().json("a", "1").json("b", "2").json("c", "null")).members == R"("a":1,"b":2)");
  CHECK(coerced<Three>(Variables().json("a", "null").json("b", "null").json("c", "null")).members.empty());
  CHECK(coerced<Three>(Variables().json("c", "3").json("a", "1")).members == R"("c":3,"a":1)");
}

TEST_CASE("a variable's name is 1 to 128 bytes of UTF-8 without control characters", "[schema][A24]") {
  constexpr SchemaOptions open{.unknown = Unknown::as_string};
  const std::string good =
      GENERATE_COPY(values<std::string>({"a", "\xc3\xa9", "with space", "q\"uote", std::string(128, 'n')}));
  CAPTURE(good);
  CHECK(coerced<IvrVariables, open>(Variables().text(good, "x")).violations.empty());
  const std::string bad = GENERATE_COPY(
      values<std::string>({"", std::string(129, 'n'), "a\nb", "a\x7f", "\xff", "\xc2\x80", std::string("a\0b", 3)}));
  CAPTURE(bad);
  const Coerced got = coerced<IvrVariables, open>(Variables().text(bad, "x"));
  REQUIRE(got.violations.size() == 1);
  CHECK(got.violations[0].rule.starts_with("name"));
  CHECK(is_valid_utf8(got.violations[0].path));
}

TEST_CASE("many unknown variables are compared in no more than n log n", "[schema]") {
  Variables in;
  for (int i = 0; i < 20'000; ++i) in.text("name" + std::to_string(i), "x");
  in.text("name7", "x");
  const Coerced got = coerced<IvrVariables, SchemaOptions{.unknown = Unknown::as_string}>(in);
  REQUIRE(got.violations.size() == 1);
  CHECK(got.violations[0].path == "name7");
}
