// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/policy/schema.hpp>
#include <patchbay/schema/document_schemas.hpp>

#include <string>
#include <string_view>

#include "support/catch.hpp"
#include "unit/schema/coerced.hpp"

using namespace patchbay;
using patchbay_test::coerced;
using patchbay_test::Coerced;

// The rows are what document A's `coerceVariables` does when it is run; tests/interop holds ours against it on
// thousands more.
namespace {

constexpr SchemaOptions as_the_document{.coercion = Coercion::lenient, .unknown = Unknown::as_string};

struct Row {
  std::string_view input;
  std::string_view written;  // empty: a violation
};

void check(std::string_view field, const Variables& in, std::string_view written) {
  const Coerced got = coerced<IvrVariables, as_the_document>(in);
  if (written.empty()) {
    REQUIRE(got.violations.size() == 1);
    CHECK(got.violations[0].path == field);
    CHECK(got.members.empty());
  } else {
    CHECK(got.violations.empty());
    CHECK(got.members == std::string("\"").append(field).append("\":").append(written));
  }
}

}  // namespace

TEST_CASE("lenient number of a text: the longest prefix that is a number", "[schema][lenient][A21]") {
  const Row row = GENERATE(values<Row>({
      {"145", "145"},
      {"12abc", "12"},
      {"1e3abc", "1000"},
      {" \t\n 5", "5"},
      {"\xc2\xa0"
       "5",
       "5"},
      {"\xef\xbb\xbf"
       "5",
       "5"},
      {"\xe2\x80\xa8"
       "5",
       "5"},
      {"\xe3\x80\x80"
       "5",
       "5"},
      {"\xe2\x80\x8b"
       "5",
       ""},
      {"\xc2\x85"
       "5",
       ""},
      {"5 ", "5"},
      {"+5", "5"},
      {"-5", "-5"},
      {".5", "0.5"},
      {"5.", "5"},
      {"5.e1", "50"},
      {".5e1x", "5"},
      {"-.5", "-0.5"},
      {"1e", "1"},
      {"1e+", "1"},
      {"1.5.5", "1.5"},
      {"0x1f", "0"},
      {"1_000", "1"},
      {"007", "7"},
      {"-0", "0"},
      {"1e21", "1e+21"},
      {"1e20", "100000000000000000000"},
      {"1e-7", "1e-7"},
      {"0.000001", "0.000001"},
      {"123e-20", "1.23e-18"},
      {"123456789012345680000", "123456789012345680000"},
      {"0.1", "0.1"},
      {"9007199254740993", "9007199254740992"},
      {"1e-400", "0"},
      {"5e-324", "5e-324"},
      {"1.7976931348623157e308", "1.7976931348623157e+308"},
      {"", ""},
      {"abc", ""},
      {"-", ""},
      {".", ""},
      {"+ 5", ""},
      {"NaN", ""},
      {"e5", ""},
      // Beyond the document: what is not finite stays refused.
      {"Infinity", ""},
      {"-Infinity", ""},
      {"Infinityx", ""},
      {"1e400", ""},
      {"-1e400x", ""},
  }));
  CAPTURE(row.input);
  check("call_duration_seconds", Variables().text("call_duration_seconds", row.input), row.written);
}

TEST_CASE("lenient number of JSON: as JavaScript's Number makes it", "[schema][lenient][A21]") {
  const Row row = GENERATE(values<Row>({
      {"145", "145"},
      {"1.0", "1"},
      {"1e2", "100"},
      {"-0", "0"},
      {"1e21", "1e+21"},
      {"null", "0"},
      {"true", "1"},
      {"false", "0"},
      {"[]", "0"},
      {"[5]", "5"},
      {"[\"5\"]", "5"},
      {"[[]]", "0"},
      {"[null]", "0"},
      {"[\"0x1F\"]", "31"},
      {"[\" 0b101 \"]", "5"},
      {"[\"0o17\"]", "15"},
      {"[\"0x20000000000001\"]", "9007199254740992"},
      {"[\"0x20000000000003\"]", "9007199254740996"},
      {"[\"0x200000000000010000000000\"]", "9.903520314283042e+27"},
      {"[\"0x200000000000010000000001\"]", "9.903520314283044e+27"},
      {"[\"0xfffffffffffffbff\"]", "18446744073709550000"},
      {"\"12abc\"", "12"},
      {"[\"12abc\"]", ""},
      {"[\"-0x10\"]", ""},
      {"[1,2]", ""},
      {"[true]", ""},
      {"{}", ""},
      {"[{}]", ""},
      {"\"\"", ""},
      {"[\"Infinity\"]", ""},
      {"1e400", ""},
      {"[\"1e999\"]", ""},
  }));
  CAPTURE(row.input);
  check("call_duration_seconds", Variables().json("call_duration_seconds", row.input), row.written);
}

TEST_CASE("lenient boolean: true, 'true' and '1' are true and all else is false", "[schema][lenient][A22]") {
  for (const std::string_view text : {"true", "1"})
    check("requires_supervisor", Variables().text("requires_supervisor", text), "true");
  for (const std::string_view text : {"TRUE", "yes", "", "false", "0", " true"})
    check("requires_supervisor", Variables().text("requires_supervisor", text), "false");
  for (const std::string_view json : {"true", "\"true\"", "\"1\""})
    check("requires_supervisor", Variables().json("requires_supervisor", json), "true");
  for (const std::string_view json : {"1", "null", "[]", "{}", "[true]", "\"yes\"", "false"})
    check("requires_supervisor", Variables().json("requires_supervisor", json), "false");
}

TEST_CASE("lenient object: text is parsed to any JSON, and JSON passes as it is", "[schema][lenient][A23]") {
  const Row row = GENERATE(values<Row>({{" { \"a\" : 1 } ", R"({"a":1})"},
                                        {"[1, 2]", "[1,2]"},
                                        {"5", "5"},
                                        {"null", "null"},
                                        {"\"x\"", R"("x")"},
                                        {"true", "true"},
                                        {"{bad", ""},
                                        {"", ""},
                                        {"{\"a\":1e400}", ""}}));
  CAPTURE(row.input);
  check("routing_metadata", Variables().text("routing_metadata", row.input), row.written);
  for (const std::string_view json : {"5", "null", "true", "[1,2]", R"({"a":1})"})
    check("routing_metadata", Variables().json("routing_metadata", json), json);
  check("routing_metadata", Variables().json("routing_metadata", R"("[ 1 ]")"), "[1]");
  check("routing_metadata", Variables().json("routing_metadata", R"("text")"), "");
}

TEST_CASE("lenient string, declared or not: as JavaScript's String makes it", "[schema][lenient][A20][A23]") {
  const Row row = GENERATE(values<Row>({{"null", R"("null")"},
                                        {"5", R"("5")"},
                                        {"1.0", R"("1")"},
                                        {"-0", R"("0")"},
                                        {"1e21", R"("1e+21")"},
                                        {"1e-7", R"("1e-7")"},
                                        {"true", R"("true")"},
                                        {"[1,2]", R"("1,2")"},
                                        {"[]", R"("")"},
                                        {"[1,[2,null,\"a,b\"],{}]", R"("1,2,,a,b,[object Object]")"},
                                        {"{}", R"("[object Object]")"},
                                        {"{\"valueOf\":1}", R"("[object Object]")"},
                                        {"{\"toString\":1}", ""},  // a TypeError there
                                        {"[{\"to\\u0053tring\":1}]", ""},
                                        {"\"te\\u0078t\"", R"("text")"}}));
  CAPTURE(row.input);
  check("customer_tier", Variables().json("customer_tier", row.input), row.written);
  const std::string_view name = GENERATE(as<std::string_view>{}, "other", "constructor", "toString");
  if (row.input.find('\\') == std::string_view::npos) check(name, Variables().json(name, row.input), row.written);
  check(name, Variables().text(name, "as it is"), R"("as it is")");
}

TEST_CASE("__proto__ is a name like any other, and does not vanish", "[schema][lenient][A20]") {
  check("__proto__", Variables().json("__proto__", R"({"x":1})"), R"("[object Object]")");
  check("__proto__", Variables().text("__proto__", "x"), R"("x")");
}

TEST_CASE("lenient coercion comes before the rules of constrained types", "[schema][lenient]") {
  struct Ruled {
    BOOST_HANA_DEFINE_STRUCT(Ruled, (std::optional<HoldPriority>, p), (std::optional<HoldReason>, r),
                             (std::optional<std::int64_t>, i));
  };
  constexpr SchemaOptions lenient{.coercion = Coercion::lenient};
  CHECK(coerced<Ruled, lenient>(Variables().text("p", "5 stars")).members == R"("p":5)");
  CHECK(coerced<Ruled, lenient>(Variables().json("p", "null")).members == R"("p":0)");
  CHECK(coerced<Ruled, lenient>(Variables().json("p", "5.0")).members == R"("p":5)");
  CHECK(coerced<Ruled, lenient>(Variables().text("p", "4.5")).violations.size() == 1);
  CHECK(coerced<Ruled, lenient>(Variables().text("p", "10")).violations.size() == 1);
  CHECK(coerced<Ruled, lenient>(Variables().json("r", R"(["queueing"])")).members == R"("r":"queueing")");
  CHECK(coerced<Ruled, lenient>(Variables().text("r", "lunch")).violations.size() == 1);
  CHECK(coerced<Ruled, lenient>(Variables().json("i", "1e21")).violations.size() == 1);
}

TEST_CASE("lenient input is UTF-8 and no deeper than the cap", "[schema][lenient][A24]") {
  check("customer_tier", Variables().text("customer_tier", "\xff"), "");
  check("call_duration_seconds", Variables().text("call_duration_seconds", "5\xff"), "5");
  check("routing_metadata", Variables().json("routing_metadata", std::string(65, '[') + std::string(65, ']')), "");
}
