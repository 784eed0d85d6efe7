// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/json/read.hpp>
#include <patchbay/policy/schema.hpp>
#include <patchbay/schema/document_schemas.hpp>

#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/catch.hpp"
#include "unit/schema/call_schema.hpp"
#include "unit/schema/coerced.hpp"

using namespace patchbay;
using patchbay_test::Call;
using patchbay_test::coerced;
using patchbay_test::Coerced;
using patchbay_test::coerced_json;

struct Card {
  BOOST_HANA_DEFINE_STRUCT(Card, (std::string, number), (std::optional<std::vector<int>>, checks));
};
struct Purchase {
  BOOST_HANA_DEFINE_STRUCT(Purchase, (std::string, shop), (std::optional<Card>, card),
                           (std::optional<std::map<std::string, int>>, pins));
};
template <>
inline constexpr auto patchbay::field_settings<Card> = std::array{FieldSettings{.member = "number", .secret = true}};
template <>
inline constexpr auto patchbay::field_settings<Purchase> = std::array{
    FieldSettings{.member = "shop", .wire = "shop \"name\"", .aliases = {"store", "vendor"}},
    FieldSettings{.member = "pins", .secret = true}};

struct Tree {
  BOOST_HANA_DEFINE_STRUCT(Tree, (int, leaf), (std::vector<Tree>, branches));
};

namespace {

constexpr std::string_view whole_call =
    R"({"caller":"+49 \u00df","routing":{"queues":[{"name":"a","level":3},{"name":"b","level":"0"}],)"
    R"("fallbacks":{"night":{"name":"c","level":9}}},"answers":[true,null,0],)"
    R"("marks":{"x":[1,2],"":[]},"scores":[0.5],"extra":{ "k" : [ 1 ] }})";

std::vector<std::string> paths(const Coerced& got) {
  std::vector<std::string> out;
  for (const Violation& each : got.violations) out.push_back(each.path + ": " + each.rule.substr(0, each.rule.find(':')));
  return out;
}

struct Mixed {
  BOOST_HANA_DEFINE_STRUCT(Mixed, (std::optional<std::string>, s), (std::optional<bool>, b), (std::optional<int>, i),
                           (std::optional<double>, d), (std::optional<Number>, n), (std::optional<JsonObject>, o),
                           (std::optional<HoldReason>, r));
};

/// Objects of the fields of `Mixed` and others, of all sorts of values, some of them twice.
class Maker {
 public:
  explicit Maker(unsigned seed) : engine_(seed) {}
  std::string object() {
    static constexpr std::string_view names[] = {"s", "b", "i", "d", "n", "o", "r", "zz", "\\u0073", "ivr_state", "a\\nb"};
    std::string out = "{";
    for (std::size_t left = pick(8); left != 0; --left) {
      out.append(space()).append("\"").append(names[pick(std::size(names))]).append("\"").append(space()).append(":");
      out.append(space()).append(value(3)).append(space()).append(left == 1 ? "" : ",");
    }
    return out + "}";
  }

 private:
  std::size_t pick(std::size_t count) { return std::uniform_int_distribution<std::size_t>(0, count - 1)(engine_); }
  std::string_view space() { return pick(5) == 0 ? " \n" : ""; }
  std::string value(int depth) {
    static constexpr std::string_view values[] = {
        "null", "true", "false", "0", "1", "-0", "12", "2147483648", "1.50", "1e3", "-7", R"("")", R"("text")",
        R"("145")", R"("-0")", R"("true")", R"("0")", R"("consultation")", R"("{\"a\": 1}")", R"("[1]")", R"("\u00e9\n")",
        R"("\"")", R"("12abc")", R"(" 5")", "\"\xc3\xa9\"", R"("1e400")", R"("0x1f")", R"("Infinity")"};
    const std::size_t kind = pick(10);
    if (depth == 0 || kind < 8) return std::string(values[pick(std::size(values))]);
    std::string out = kind == 8 ? "{" : "[";
    for (std::size_t left = pick(3); left != 0; --left) {
      if (kind == 8) out.append(pick(6) == 0 ? R"("toString":)" : R"("k":)");
      out.append(value(depth - 1)).append(left == 1 ? "" : " ,");
    }
    return out + (kind == 8 ? "}" : "]");
  }
  std::mt19937 engine_;
};

template <SchemaOptions O>
void agree(unsigned seed) {
  const std::string text = Maker(seed).object();
  CAPTURE(text);
  JsonReader reader;
  const auto variables = Variables::from_json(text, reader);
  REQUIRE(variables.has_value());
  const Coerced first = coerced<Mixed, O>(*variables), second = coerced_json<Mixed, O>(text);
  CHECK(first.members == second.members);
  REQUIRE(paths(first) == paths(second));
  for (std::size_t i = 0; i < first.violations.size(); ++i) {
    CHECK(first.violations[i].rule == second.violations[i].rule);
    CHECK(first.violations[i].value == second.violations[i].value);
  }
}

}  // namespace

TEST_CASE("an object is coerced in one pass as its variables are", "[schema][property]") {
  for (unsigned seed = 0; seed < 1500; ++seed) {
    agree<SchemaOptions{}>(seed);
    agree<SchemaOptions{.unknown = Unknown::as_is}>(seed);
    agree<SchemaOptions{.unknown = Unknown::as_string}>(seed);
    agree<SchemaOptions{.coercion = Coercion::lenient, .unknown = Unknown::as_string}>(seed);
    agree<SchemaOptions{.coercion = Coercion::lenient, .unknown = Unknown::ignore}>(seed);
  }
}

TEST_CASE("vectors, maps and structs nest in each other", "[schema]") {
  const std::string written =
      "\"caller\":\"+49 \xc3\x9f\","
      R"("routing":{"queues":[{"name":"a","level":3},{"name":"b","level":0}],"fallbacks":{"night":{"name":"c","level":9}}},)"
      R"("answers":[true,null,false],"marks":{"x":[1,2],"":[]},"scores":[0.5],"extra":{"k":[1]})";
  const Coerced got = coerced_json<Call>(whole_call);
  CHECK(paths(got).empty());
  CHECK(got.members == written);

  JsonReader reader;
  const auto variables = Variables::from_json(whole_call, reader);
  REQUIRE(variables.has_value());
  CHECK(coerced<Call>(*variables).members == written);

  // Each of them as text, as an IVR would give it, and as text within text.
  const Coerced text = coerced<Call>(Variables()
                                         .text("caller", "x")
                                         .text("routing", R"( {"queues":"[{\"name\":\"a\",\"level\":3}]","fallbacks":"{}"} )")
                                         .text("answers", "[]")
                                         .json("marks", R"("{\"x\":\"[1, \\\"2\\\"]\"}")"));
  CHECK(paths(text).empty());
  CHECK(text.members ==
        R"("caller":"x","routing":{"queues":[{"name":"a","level":3}],"fallbacks":{}},"answers":[],"marks":{"x":[1,2]})");
}

TEST_CASE("every violation is reported at once, with its path", "[schema]") {
  const Coerced got = coerced_json<Call>(
      R"({"caller":5,"routing":{"queues":[{"name":"a","level":3},{"level":10,"name":7,"id":"x"},null,{"name":"b"}],)"
      R"("fallbacks":{"ni\u0007ght":{"name":"c","level":"nine","x":1}},"skills":[1,"ok",[]],"shelf":[1]},)"
      R"("answers":{},"marks":{"a":[1,"2",3.5],"b":5,"a":[]},"scores":[],"extra":[],"scores":[1]})");
  CHECK(paths(got) == std::vector<std::string>{
                          "caller: string", "routing.queues[1].level: integer", "routing.queues[1].name: string",
                          "routing.queues[1].id: uuid", "routing.queues[2]: object", "routing.queues[3].level: required",
                          R"(routing.fallbacks.ni\u0007ght.level: integer)", R"(routing.fallbacks.ni\u0007ght.x: unknown)",
                          "routing.skills[0]: string", "routing.skills[2]: string", "routing.shelf: unknown",
                          "answers: array", "marks.a[2]: integer", "marks.b: array", "marks.a: duplicate",
                          "scores: array", "extra: object", "scores: duplicate"});
  CHECK(got.members.empty());
  CHECK(got.violations[0].value == "5");
  CHECK(got.violations[9].value == "[]");
  CHECK(got.violations[11].value == "{}");
}

TEST_CASE("a name is known in any order and any spelling of JSON, and twice is a violation", "[schema]") {
  const auto hold = [](std::string_view text) { return coerced_json<UnholdCommand>(text); };
  constexpr std::string_view id = R"("550e8400-e29b-41d4-a716-446655440000")";
  CHECK(hold(std::string(R"({"priority":1,"interactionId":)").append(id).append("}")).violations.empty());
  CHECK(hold(std::string(R"({"\u0070riority":1,"interactionId":)").append(id).append("}")).violations.empty());
  const Coerced twice = hold(std::string(R"({"priority":1,"pr\u0069ority":"2 of them","interactionId":)").append(id).append("}"));
  REQUIRE(paths(twice) == std::vector<std::string>{"priority: duplicate"});
  CHECK(twice.violations[0].value == "2 of them");
  CHECK(paths(coerced_json<Call, SchemaOptions{.unknown = Unknown::as_is}>(
            R"({"caller":"x","routing":{"queues":[],"fallbacks":{}},"answers":[],"marks":{},"u":1,"v":2,"\u0075":{}})")) ==
        std::vector<std::string>{"u: duplicate"});
}

TEST_CASE("a field is written by its name on the wire, and taken by its aliases", "[schema]") {
  CHECK(coerced_json<Purchase>(R"({"shop \"name\"":"a"})").members == R"("shop \"name\"":"a")");
  CHECK(coerced_json<Purchase>(R"({"store":"a"})").members == R"("shop \"name\"":"a")");
  CHECK(coerced<Purchase>(Variables().text("vendor", "a")).members == R"("shop \"name\"":"a")");
  CHECK(paths(coerced_json<Purchase>(R"({"shop":"a"})")) ==
        std::vector<std::string>{"shop: unknown", R"(shop "name": required)"});
  CHECK(paths(coerced_json<Purchase>(R"({"store":"a","vendor":"b"})")) == std::vector<std::string>{"vendor: duplicate"});
  CHECK(schema<Purchase>.names()[0] == "shop \"name\"");
  CHECK(schema<Purchase>.accepted_names().size() == 5);
}

TEST_CASE("nothing that stands beneath a secret is shown, nor an input that cannot be read", "[schema]") {
  const Coerced got = coerced_json<Purchase>(
      R"({"store":4711,"card":{"number":4712,"numbr":"4713","checks":["4714x"]},"pins":{"a":"4715x","4716":[],"a":1},)"
      R"("crd":{"n":4717}})");
  CHECK(paths(got) == std::vector<std::string>{"store: string", "card.number: string", "card.numbr: unknown",
                                               "card.checks[0]: integer", "pins.<redacted>: integer",
                                               "pins.<redacted>: integer", "pins.<redacted>: duplicate",
                                               "crd: unknown"});
  for (const Violation& each : got.violations) {
    CAPTURE(each.path);
    if (each.path != "store" && each.path != "card.checks[0]" && each.value != "<absent>")
      CHECK(each.value == "<redacted>");
  }
  const Coerced broken = coerced_json<Purchase>(R"({"card":{"number":"4711")");
  REQUIRE(broken.violations.size() == 1);
  CHECK(broken.violations[0].path == "variables");
  CHECK(broken.violations[0].value == "<redacted>");
}

struct Wallet {
  BOOST_HANA_DEFINE_STRUCT(Wallet, (std::optional<Card>, one), (std::optional<std::vector<Card>>, cards),
                           (std::optional<std::map<std::string, Card>>, named));
};

TEST_CASE("a value of another shape than the one that holds a secret is not shown", "[schema]") {
  const std::vector<std::string> wrong{
      R"({"one":["4711"]})",          R"({"cards":{"number":"4711"}})", R"({"cards":"[{\"number\":\"4711\""})",
      R"({"cards":["4711"]})",        R"({"named":["4711"]})",          R"({"named":{"a":[4711]}})",
      R"({"one":"4711"})",            R"({"one":4711})",                R"({"named":{"a":"{\"number\":4711"}})",
      R"({"cards":[],"cards":[{"number":"4711"}]})", R"({"one":{"number":"1"},"one":{"number":"4711"}})"};
  for (const std::string& each : wrong) {
    CAPTURE(each);
    const Coerced got = coerced_json<Wallet>(each);
    REQUIRE(got.violations.size() == 1);
    CHECK(got.violations[0].value == "<redacted>");
  }
  for (const std::string_view value : {std::string_view(R"([{"number":"4711"})"), std::string_view("4711")}) {
    const Coerced got = coerced<Wallet>(Variables().text("cards", value).text("one", value).json("named", value));
    REQUIRE(got.violations.size() == 3);
    for (const Violation& violation : got.violations) CHECK(violation.value == "<redacted>");
  }
}

TEST_CASE("what is no JSON object is one violation, and nothing is written", "[schema][hostile]") {
  const std::string good(whole_call);
  const std::string bad = GENERATE_COPY(values<std::string>(
      {"", " ", "[]", "5", "null", "\"x\"", "{", "}", "{bad", good.substr(0, good.size() - 1), good + "x", good + "{}",
       "{\"caller\":\"\xff\"}", R"({"caller":"\ud800"})", R"({"caller":"\q"})", "{\"caller\":\"a\nb\"}",
       R"({"caller":tru})", R"({"caller":01})", R"({"caller":"x",})", R"({"caller" "x"})", R"({"caller":"x""y":1})",
       R"({"caller":[1,2})", R"({"routing":{"queues":[{]}})", R"({"extra":{"a":1e999}})",
       "{\"extra\":" + std::string(3000, '[') + std::string(3000, ']') + "}",
       "{\"extra\":{\"a\":" + std::string(70, '[') + std::string(70, ']') + "}}", R"({"caller":"x":"y"})", R"({"caller":1} 2)", R"({5:1})",
       R"({"caller":"x","answers":[true,,false]})", R"({"marks":{"a":[1]]}})",
       // A string that a colon follows is no key.
       R"({"caller":"x":"y","zz":1})", R"({"caller":"x" : {"zz":1})", R"({"extra":{"a":"b":"c","d":1}})",
       R"({"extra":{"a":["b":1]}})", R"({"answers":["1":"0"]})", R"({"marks":{"a":["1":2]}})", R"({"zz":"a":"b"})",
       R"({"routing":{"queues":[{"name":"a":"b","level":1}],"fallbacks":{}}})"}));
  CAPTURE(bad.substr(0, 60));
  Coerced got;
  JsonReader reader;
  got.members = "\"before\":1,";
  schema<Call>.coerce(bad, reader, {}, got.violations, got.members);
  REQUIRE(got.violations.size() == 1);
  CHECK(got.violations[0].path == "variables");
  CHECK(got.violations[0].rule.starts_with("object: expected one JSON object; the reader says: "));
  CHECK(got.members == "\"before\":1,");
  // The reader is as good as new.
  CHECK(coerced_json<Call>(good).violations.empty());
  schema<Call>.coerce(good, reader, {}, got.violations, got.members);
  CHECK(got.violations.size() == 1);
}

TEST_CASE("text that should be JSON, and is not, is a violation of its field", "[schema][hostile]") {
  const auto marks = [](std::string_view text) {
    return coerced<Call>(Variables().text("caller", "x").json("routing", R"({"queues":[],"fallbacks":{}})").json("answers", "[]").text("marks", text));
  };
  CHECK(marks("{}").violations.empty());
  for (const std::string_view bad : {"", "[]", "5", "{", "{\"a\":[1,]}", "{\"a\":[x]}", "{} {}", "{\"a\":[1e999]", "\xff"}) {
    CAPTURE(bad);
    const Coerced got = marks(bad);
    REQUIRE(got.violations.size() == 1);
    CHECK(got.violations[0].path == "marks");
    CHECK(got.violations[0].rule.starts_with("map: "));
    CHECK(is_valid_utf8(got.violations[0].value));
  }
  CHECK(paths(marks(R"({"a":[1e999,2]})")) == std::vector<std::string>{"marks.a[0]: integer"});
}

TEST_CASE("a schema may contain itself, as deep as JSON may be", "[schema][hostile]") {
  const auto nested = [](int depth) {
    std::string out;
    for (int i = 0; i < depth; ++i) out.append(R"({"leaf":1,"branches":[)");
    for (int i = 0; i < depth; ++i) out.append("]}");
    return out;
  };
  CHECK(coerced_json<Tree>(nested(30)).violations.empty());
  CHECK(coerced_json<Tree>(nested(40)).violations.at(0).path == "variables");
  CHECK(schema<Tree>.decode(nested(3))->branches.at(0).branches.at(0).leaf == 1);
  CHECK(paths(coerced_json<Tree>(R"({"leaf":1,"branches":[{"leaf":2,"branches":[{"branches":[]}]}]})")) ==
        std::vector<std::string>{"branches[0].branches[0].leaf: required"});
}

TEST_CASE("a path names each level by at most 128 bytes", "[schema][hostile]") {
  const std::string key(1000, 'k');
  const Coerced got = coerced_json<Call>("{\"caller\":\"x\",\"routing\":{\"queues\":[],\"fallbacks\":{}},\"answers\":[],\"marks\":{\"" + key + "\":[true]}}");
  REQUIRE(got.violations.size() == 1);
  CHECK(got.violations[0].path == "marks." + std::string(128, 'k') + "[0]");
}

TEST_CASE("reserved names are refused in the outermost object alone, whatever becomes of unknown ones", "[schema][A19]") {
  constexpr SchemaOptions open{.unknown = Unknown::ignore};
  CHECK(paths(coerced_json<IvrVariables, open>(R"({"ivr_state":"X","other":1,"flow\u005fnode":{}})")) ==
        std::vector<std::string>{"ivr_state: reserved", "flow_node: reserved"});
  CHECK(coerced_json<IvrVariables, open>(R"({"other":{"ivr_state":1},"customer_tier":"gold"})").members ==
        R"("customer_tier":"gold")");
}

TEST_CASE("lenient coercion has no counterpart for vectors, maps and structs, which stay strict about what they are",
          "[schema][lenient]") {
  constexpr SchemaOptions lenient{.coercion = Coercion::lenient};
  const Coerced got = coerced_json<Call, lenient>(
      R"({"caller":5,"routing":{"queues":[{"name":null,"level":"3x"}],"fallbacks":{}},"answers":["yes",1,"true"],)"
      R"("marks":{"a":["7.0x",true]},"extra":[1]})");
  CHECK(paths(got).empty());
  CHECK(got.members ==
        R"("caller":"5","routing":{"queues":[{"name":"null","level":3}],"fallbacks":{}},"answers":[false,false,true],)"
        R"("marks":{"a":[7,1]},"extra":[1])");
  CHECK(paths(coerced_json<Call, lenient>(R"({"caller":5,"routing":[],"answers":5,"marks":null})")) ==
        std::vector<std::string>{"routing: object", "answers: array", "marks: map"});
}
