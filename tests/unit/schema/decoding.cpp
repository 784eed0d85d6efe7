// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/json/read.hpp>
#include <patchbay/policy/schema.hpp>
#include <patchbay/schema/default.hpp>
#include <patchbay/schema/document_schemas.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/hana/pair.hpp>
#include <boost/hana/string.hpp>
#include <boost/hana/tuple.hpp>

#include "support/catch.hpp"
#include "unit/schema/call_schema.hpp"
#include "unit/schema/coerced.hpp"

using namespace patchbay;
using patchbay_test::Call;
using patchbay_test::coerced;
using patchbay_test::coerced_json;
using patchbay_test::Queue;
using patchbay_test::Routing;

struct Defaults {
  friend bool operator==(const Defaults&, const Defaults&) = default;
  BOOST_HANA_DEFINE_STRUCT(Defaults, (Default<int, 5>, level), (std::string, name), (Default<bool, true>, music));
};
struct WithDefaults {
  WithDefaults(Uuid id_in, Default<int, 5> level_in) : id(id_in), level(level_in) {}
  BOOST_HANA_DEFINE_STRUCT(WithDefaults, (Uuid, id), (Default<int, 5>, level));
};

// Members to which the struct itself gives values.
struct Preset {
  std::vector<int> list{1, 2};
  std::map<std::string, int> map{{"x", 1}};
  std::optional<int> absent = 5, null = 6;
  std::optional<std::vector<int>> some{{3, 4}};
};
BOOST_HANA_ADAPT_STRUCT(Preset, list, map, absent, null, some);
struct PresetWithin {
  Preset within;
};
BOOST_HANA_ADAPT_STRUCT(PresetWithin, within);

struct SecretMap {
  std::map<std::string, int> cards;
  std::map<std::string, std::string> texts;
};
BOOST_HANA_ADAPT_STRUCT(SecretMap, cards, texts);
template <>
inline constexpr auto patchbay::field_settings<SecretMap> =
    std::array{FieldSettings{.member = "cards", .secret = true}, FieldSettings{.member = "texts", .secret = true}};

// As many members as a schema may have, which is more than Hana's macros take.
struct Wide {
  std::array<std::optional<int>, 256> values;
};
template <std::size_t I>
struct WideGet {
  template <class Of>
  constexpr auto& operator()(Of&& of) const {
    return of.values[I];
  }
};
template <std::size_t I>
using WideName = boost::hana::string<'m', '0' + I / 100, '0' + I / 10 % 10, '0' + I % 10>;
template <>
struct boost::hana::accessors_impl<Wide> {
  static constexpr auto apply() {
    return []<std::size_t... I>(std::index_sequence<I...>) {
      return boost::hana::make_tuple(boost::hana::make_pair(WideName<I>{}, WideGet<I>{})...);
    }(std::make_index_sequence<256>{});
  }
};

namespace {

/// The JSON object of a value.
template <class T>
std::string json(const T& value) {
  std::string out(schema<T>.encoded_size(value), '\0');
  const Result<std::size_t> size = schema<T>.encode_into(value, out);
  REQUIRE(size.has_value());
  REQUIRE(*size == out.size());
  return out;
}

Call some_call() {
  Call call;
  call.caller = "+49 \xc3\x9f \"x\"\n\x01";
  call.routing.queues = {Queue("a", 3, Uuid("550e8400-e29b-41d4-a716-446655440000")), Queue("", 0)};
  call.routing.fallbacks.emplace("ni\"ght", Queue("c", 9));
  call.routing.skills = {"german", "long enough to be allocated, and then some"};
  call.answers = {true, std::nullopt, false};
  call.marks = {{"", {}}, {"x", {1, -2, 3}}};
  call.scores = NonEmpty<std::vector<double>>::make({0.5, -1e300}).value();
  call.extra = JsonObject::make(R"({"k":[1,"\u00e9"]})").value();
  return call;
}

}  // namespace

TEST_CASE("what is encoded and decoded is what it was", "[schema]") {
  const Call call = some_call();
  const std::string text = json(call);
  JsonReader reader;
  const Result<Call> back = schema<Call>.decode(text, reader);
  REQUIRE(back.has_value());
  CHECK(*back == call);
  CHECK(json(*back) == text);
  CHECK(schema<Call>.decode(text).value() == call);
  // What was coerced in the order of the type decodes, and is encoded, as it stands.
  CHECK("{" + coerced_json<Call>(text).members + "}" == text);
  const auto variables = Variables::from_json(text, reader);
  REQUIRE(variables.has_value());
  CHECK(schema<Call>.parse(*variables, reader).value() == call);
}

TEST_CASE("text and other orders decode to the same value", "[schema]") {
  const Result<HoldCommand> got = schema<HoldCommand>.decode(
      R"({"priority":"7","holdMusic":"a.wav","holdPrompt":null,"holdReason":"queue\u0069ng",)"
      R"("interactionId":"550E8400-e29b-41d4-a716-446655440000"})");
  REQUIRE(got.has_value());
  CHECK(got->priority == HoldPriority(7));
  CHECK(got->holdMusic == MediaFile("a.wav"));
  CHECK_FALSE(got->holdPrompt.has_value());
  CHECK(got->holdReason == HoldReason("queueing"));
  CHECK(got->interactionId == Uuid("550e8400-e29b-41d4-a716-446655440000"));

  const Result<Call> call = schema<Call>.decode(
      R"({"marks":"{\"a\":\"[1,2]\"}","answers":["1",0,null],"caller":"x","scores":["1.5"],"extra":"{}",)"
      R"("routing":{"fallbacks":{},"queues":[{"level":1,"name":"q"}]}})");
  REQUIRE(call.has_value());
  CHECK(call->marks.at("a") == std::vector<int>{1, 2});
  CHECK(call->answers == std::vector<std::optional<bool>>{true, false, std::nullopt});
  CHECK(call->scores->get() == std::vector<double>{1.5});
  CHECK(call->extra->view() == "{}");
  CHECK(call->routing.queues.at(0).name == "q");
}

TEST_CASE("decoding refuses what coercion refuses, with the same violations", "[schema]") {
  for (const std::string_view bad :
       {R"({"caller":1,"routing":{"queues":[{"name":1}],"fallbacks":{"a":{},"a":{}}},"answers":[2],"marks":{"x":[1,null]},"scores":[]})",
        R"({})", R"([])", R"({"caller":"x")", R"({"caller":"\ud800"})", R"({"caller":"x","caller":"y","zz":1})",
        R"({"extra":[],"scores":null,"routing":"{"})"}) {
    CAPTURE(bad);
    const Result<Call> got = schema<Call>.decode(bad);
    REQUIRE_FALSE(got.has_value());
    CHECK(got.error().code() == ErrorCode::validation_failed);
    const auto coerced_too = coerced_json<Call>(bad);
    REQUIRE(got.error().violations().size() == coerced_too.violations.size());
    for (std::size_t i = 0; i < coerced_too.violations.size(); ++i) {
      CHECK(got.error().violations()[i].path == coerced_too.violations[i].path);
      CHECK(got.error().violations()[i].rule == coerced_too.violations[i].rule);
      CHECK(got.error().violations()[i].value == coerced_too.violations[i].value);
    }
  }
}

TEST_CASE("undeclared members are refused, dropped or not looked at, as the options say", "[schema]") {
  constexpr std::string_view text =
      R"({"customer_tier":"gold","other":{"a":[1]},"more":1e3,"requires_supervisor":true})";
  CHECK_FALSE(schema<IvrVariables>.decode(text).has_value());
  for (const auto& got : {schema<IvrVariables, SchemaOptions{.unknown = Unknown::as_is}>.decode(text),
                          schema<IvrVariables, SchemaOptions{.unknown = Unknown::as_string}>.decode(text),
                          schema<IvrVariables, SchemaOptions{.unknown = Unknown::ignore}>.decode(text)}) {
    REQUIRE(got.has_value());
    CHECK(got->customer_tier == "gold");
    CHECK(got->requires_supervisor == true);
    CHECK_FALSE(got->routing_metadata.has_value());
  }
  constexpr std::string_view twice = R"({"x":1,"x":2})";
  CHECK_FALSE(schema<IvrVariables, SchemaOptions{.unknown = Unknown::as_is}>.decode(twice).has_value());
  CHECK(schema<IvrVariables, SchemaOptions{.unknown = Unknown::ignore}>.decode(twice).has_value());
  CHECK(coerced_json<IvrVariables, SchemaOptions{.unknown = Unknown::ignore}>(text).members ==
        R"("customer_tier":"gold","requires_supervisor":true)");
}

TEST_CASE("an absent field that has a default is written and decoded with it", "[schema]") {
  CHECK(coerced_json<Defaults>(R"({"name":"x"})").members == R"("name":"x","level":5,"music":true)");
  CHECK(coerced_json<Defaults>(R"({"level":null,"name":"x","music":false})").members ==
        R"("level":5,"name":"x","music":false)");
  CHECK(coerced<Defaults>(Variables().text("name", "x").text("level", "7")).members ==
        R"("name":"x","level":7,"music":true)");
  CHECK(coerced_json<Defaults>(R"({})").violations.size() == 1);
  const Result<Defaults> got = schema<Defaults>.decode(R"({"name":"x","music":null})");
  REQUIRE(got.has_value());
  CHECK(json(*got) == R"({"level":5,"name":"x","music":true})");
  const Result<WithDefaults> built =
      schema<WithDefaults>.decode(R"({"id":"550e8400-e29b-41d4-a716-446655440000"})");
  REQUIRE(built.has_value());
  CHECK(json(*built) == R"({"id":"550e8400-e29b-41d4-a716-446655440000","level":5})");
}

TEST_CASE("a value is written into the caller's buffer when it fits, to the byte", "[schema]") {
  const Call call = some_call();
  const std::string whole = json(call);
  JsonReader reader;
  std::string members = "{";
  std::vector<Violation> violations;
  schema<Call>.encode(call, {}, violations, members);
  CHECK(members + "}" == whole);
  std::vector<char> buffer(whole.size() + 40, '#');
  for (std::size_t room = 0; room < buffer.size(); ++room) {
    std::fill(buffer.begin(), buffer.end(), '#');
    const Result<std::size_t> size = schema<Call>.encode_into(call, std::span(buffer).first(room));
    CAPTURE(room);
    REQUIRE(size.has_value() == (room >= whole.size()));
    for (std::size_t i = room; i < buffer.size(); ++i) REQUIRE(buffer[i] == '#');
    if (size) {
      REQUIRE(std::string_view(buffer.data(), *size) == whole);
    } else {
      REQUIRE(size.error().code() == ErrorCode::payload_too_large);
      REQUIRE(size.error().violations().at(0).value == std::to_string(whole.size()));
    }
  }
}

TEST_CASE("what cannot be encoded is a violation with its path, and nothing is written", "[schema]") {
  Call call = some_call();
  call.caller = "\xff";
  call.routing.skills = {"fine", "\xc3("};
  call.routing.fallbacks.emplace("\xfe", Queue("\x80", 1));
  call.scores = NonEmpty<std::vector<double>>::make({1, std::numeric_limits<double>::infinity()}).value();
  std::vector<Violation> violations;
  std::string members = "before";
  schema<Call>.encode(call, {}, violations, members);
  CHECK(members == "before");
  std::vector<std::string> paths;
  for (const Violation& each : violations) paths.push_back(each.path);
  CHECK(paths == std::vector<std::string>{"caller", "routing.fallbacks.\\xfe", "routing.fallbacks.\\xfe.name",
                                          "routing.skills[1]", "scores[1]"});
  std::array<char, 4096> buffer{};
  const Result<std::size_t> size = schema<Call>.encode_into(call, buffer);
  REQUIRE_FALSE(size.has_value());
  CHECK(size.error().code() == ErrorCode::validation_failed);
  CHECK(size.error().violations().size() == 5);
}

TEST_CASE("a schema has up to 256 members, beyond what Hana's macros take", "[schema]") {
  Wide wide;
  for (std::size_t i = 0; i < wide.values.size(); ++i)
    if (i % 3 != 0) wide.values[i] = static_cast<int>(i);
  const std::string whole = json(wide);
  CHECK(whole.starts_with(R"({"m001":1,"m002":2,"m004":4)"));
  const Result<Wide> back = schema<Wide>.decode(whole);
  REQUIRE(back.has_value());
  CHECK(back->values == wide.values);
  // In the worst order, each of them, and once more.
  std::string reversed = "{";
  for (std::size_t i = 256; i-- > 0;)
    reversed.append("\"").append(schema<Wide>.names()[i]).append("\":1,");
  CHECK(coerced_json<Wide>(reversed.substr(0, reversed.size() - 1) + "}").violations.empty());
  CHECK(coerced_json<Wide>(reversed + R"("m255":2})").violations.at(0).path == "m255");
}

TEST_CASE("values of all sorts survive being written and read", "[schema][property]") {
  std::mt19937_64 engine(7);
  const auto pick = [&](std::uint64_t count) { return engine() % count; };
  const auto text = [&] {
    static constexpr std::string_view pieces[] = {"a", "\"", "\\", "\n", "\x01", "\x7f", "\xc3\xa9", "\xe2\x82\xac",
                                                  "\xf0\x9f\x93\x9e", "plain text of some length", "/", "\t", "0"};
    std::string out;
    for (std::uint64_t left = pick(6); left != 0; --left) out.append(pieces[pick(std::size(pieces))]);
    return out;
  };
  JsonReader reader;
  for (int round = 0; round < 2000; ++round) {
    Call call;
    call.caller = text();
    for (std::uint64_t left = pick(4); left != 0; --left)
      call.routing.queues.emplace_back(text(), HoldPriority::make(static_cast<int>(pick(10))).value());
    for (std::uint64_t left = pick(3); left != 0; --left)
      call.routing.fallbacks.insert_or_assign(text(), Queue(text(), 1));
    if (pick(2) == 0) call.routing.skills.emplace(pick(4), text());
    for (std::uint64_t left = pick(4); left != 0; --left)
      call.answers.push_back(pick(3) == 0 ? std::nullopt : std::optional<bool>(pick(2) == 0));
    for (std::uint64_t left = pick(3); left != 0; --left)
      call.marks[text()] = {static_cast<int>(engine()), 0, -1, std::numeric_limits<int>::min()};
    if (pick(2) == 0) {
      const double scores[] = {0.1, -0.0, 1e308, 5e-324, static_cast<double>(engine()), 1.0 / 3};
      call.scores = NonEmpty<std::vector<double>>::make({scores[pick(6)], scores[pick(6)]}).value();
    }
    const std::string whole = json(call);
    const Result<Call> back = schema<Call>.decode(whole, reader);
    CAPTURE(whole);
    REQUIRE(back.has_value());
    REQUIRE(*back == call);
    REQUIRE(json(*back) == whole);
  }
}

TEST_CASE("nothing that a struct gives its own members mixes with what is decoded", "[schema][decode]") {
  const Result<Preset> made = schema<Preset>.decode(R"({"list":[7],"map":{"y":2},"null":null,"some":[8]})");
  REQUIRE(made.has_value());
  CHECK(made->list == std::vector{7});
  CHECK(made->map == std::map<std::string, int>{{"y", 2}});
  CHECK(made->absent == std::nullopt);
  CHECK(made->null == std::nullopt);
  CHECK(made->some == std::vector{8});
  const Result<PresetWithin> within = schema<PresetWithin>.decode(R"({"within":{"list":[],"map":{}}})");
  REQUIRE(within.has_value());
  CHECK(within->within.list.empty());
  CHECK(within->within.map.empty());
  CHECK(within->within.some == std::nullopt);
}

TEST_CASE("the names in a secret map are not shown either", "[schema][decode]") {
  const Result<SecretMap> wrong = schema<SecretMap>.decode(R"({"cards":{"4111":"x","4222":1,"4222":2},"texts":{}})");
  REQUIRE_FALSE(wrong.has_value());
  CHECK(wrong.error().violations().size() == 2);
  for (const Violation& each : wrong.error().violations()) CHECK(each.path == "cards.<redacted>");
  char room[64];
  const Result<std::size_t> written = schema<SecretMap>.encode_into({{}, {{"4333", "\xff"}}}, room);
  REQUIRE_FALSE(written.has_value());
  CHECK(written.error().violations().at(0).path == "texts.<redacted>");
}
