// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// Laws of a schema with a member of every type, on thousands of values by chance. A failure names its seed: with that
// number for `first_seed` and 1 for `count` it comes again, on any machine.
#include "support/catch.hpp"
#include "support/json_maker.hpp"
#include "support/rich_schema.hpp"
#include "support/schema_laws.hpp"

#include <cstdint>
#include <string>
#include <string_view>

using namespace patchbay;
using patchbay_test::Chance;
using patchbay_test::JsonMaker;
using patchbay_test::JsonSpeller;
using patchbay_test::JsonTree;
using patchbay_test::Rich;
using patchbay_test::SchemaLaws;

namespace {

constexpr std::uint64_t first_seed = 1;
constexpr std::uint64_t count = 1500;
constexpr std::string_view times[] = {"span", "wait", "when", "day"};
const auto& table = detail::TableOf<Rich>::table;

constexpr SchemaOptions closed{}, as_string{.unknown = Unknown::as_string}, as_is{.unknown = Unknown::as_is},
    ignoring{.unknown = Unknown::ignore}, lenient{.coercion = Coercion::lenient},
    document{.coercion = Coercion::lenient, .unknown = Unknown::as_string};

/// Tries the laws on what `make(chance)` makes of each seed.
template <SchemaOptions O, class Make>
void hold(Make make) {
  SchemaLaws<Rich, O> laws(times);
  for (std::uint64_t seed = first_seed; seed < first_seed + count; ++seed) {
    Chance chance(seed);
    const std::string broken = laws.of_json(make(chance));
    if (broken.empty()) continue;
    INFO("seed " << seed << ": " << broken);
    REQUIRE(broken.empty());
  }
}

/// A value that the schema takes, spelled by chance.
std::string good(Chance& chance) {
  return JsonSpeller(chance)(JsonMaker(chance).object(table));
}
/// One that is wrong in a place or three, mostly.
std::string spoilt(Chance& chance) {
  JsonMaker maker(chance);
  JsonTree tree = maker.object(table);
  for (std::size_t n = 1 + chance.below(3); n > 0; --n) maker.spoil(tree);
  return JsonSpeller(chance)(tree);
}
/// A text of which some bytes are others.
std::string broken(Chance& chance) {
  std::string text = good(chance);
  for (std::size_t n = 1 + chance.below(3); n > 0 && !text.empty(); --n) {
    const std::size_t at = chance.below(text.size());
    switch (chance.below(4)) {
      case 0: text.erase(at, 1 + chance.below(4)); break;
      case 1: text.insert(at, 1, "{}[],:\"\\0-e.\xc3\xff"[chance.below(14)]); break;
      case 2: text[at] = static_cast<char>(chance.below(256)); break;
      default: text.resize(at);
    }
  }
  return text;
}

}  // namespace

TEST_CASE("good values are taken, by text and as variables, and come back as they were", "[schema][properties]") {
  JsonReader reader;
  hold<closed>(good);
  // And good they are: else the laws above would have been spared most of their work.
  for (std::uint64_t seed = first_seed; seed < first_seed + count; ++seed) {
    Chance chance(seed);
    const std::string text = good(chance);
    const auto value = schema<Rich>.decode(text, reader);
    INFO("seed " << seed << ": " << text);
    REQUIRE(value);
  }
}

TEST_CASE("spoilt values break no law of strict coercion", "[schema][properties]") {
  hold<closed>(spoilt);
  hold<as_string>(spoilt);
  hold<as_is>(spoilt);
  hold<ignoring>(spoilt);
}

TEST_CASE("spoilt values break no law of lenient coercion", "[schema][properties][lenient]") {
  hold<lenient>(spoilt);
  hold<document>(spoilt);
}

TEST_CASE("broken texts break no law of coercion", "[schema][properties]") {
  hold<closed>(broken);
  hold<as_is>(broken);
  hold<document>(broken);
}
