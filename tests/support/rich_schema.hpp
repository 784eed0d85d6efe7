// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <patchbay/policy/schema.hpp>
#include <patchbay/schema/chrono.hpp>
#include <patchbay/schema/constrained.hpp>
#include <patchbay/schema/default.hpp>
#include <patchbay/schema/document_schemas.hpp>
#include <patchbay/schema/enumeration.hpp>
#include <patchbay/schema/pattern.hpp>

// A schema with a member of every type, for the tests that generate values. Short names, so that a fuzzer finds them;
// no member is required but in the nested schemas, so that many inputs are taken.
namespace patchbay_test {

enum class Tier { basic, silver, gold };

struct EvenRule {
  static constexpr std::string_view rule = "even: expected an even number";
  static constexpr bool check(int value) { return value % 2 == 0; }
  static void describe(patchbay::JsonWriter& writer) { writer.member("multipleOf", 2); }
};

struct RichInner {
  BOOST_HANA_DEFINE_STRUCT(RichInner, (std::string, name), (std::optional<std::uint8_t>, level),
                           (std::optional<patchbay::JsonObject>, more));
  friend bool operator==(const RichInner&, const RichInner&) = default;
};

struct RichTree {
  BOOST_HANA_DEFINE_STRUCT(RichTree, (bool, leaf), (std::vector<RichTree>, kids));
  friend bool operator==(const RichTree&, const RichTree&) = default;
};

/// Has no default constructor, so that it is decoded by the other way.
struct RichPair {
  RichPair(patchbay::HoldReason why_in, int much_in) : why(why_in), much(much_in) {}
  BOOST_HANA_DEFINE_STRUCT(RichPair, (patchbay::HoldReason, why), (int, much));
  friend bool operator==(const RichPair&, const RichPair&) = default;
};

struct Rich {
  // clang-format off
  BOOST_HANA_DEFINE_STRUCT(Rich,
      (std::optional<std::string>, text), (std::optional<bool>, flag),
      (std::optional<std::int8_t>, i8), (std::optional<int>, i32), (std::optional<std::int64_t>, i64),
      (std::optional<std::uint16_t>, u16), (std::optional<std::uint64_t>, u64),
      (std::optional<float>, f32), (std::optional<double>, f64), (std::optional<patchbay::Number>, num),
      (std::optional<patchbay::Bounded<int, -5, 9>>, bound), (std::optional<patchbay::Bounded<double, 0.0, 1.0>>, share),
      (std::optional<patchbay::AtLeast<std::uint32_t, 1>>, least), (std::optional<patchbay::AtMost<float, 2.5F>>, most),
      (std::optional<patchbay::Constrained<int, EvenRule>>, even),
      (std::optional<patchbay::HoldReason>, reason), (std::optional<Tier>, tier),
      (std::optional<patchbay::MaxLength<8>>, brief), (std::optional<patchbay::MinLength<5>>, ample),
      (std::optional<patchbay::NonEmpty<>>, some), (std::optional<patchbay::Pattern<"[A-Z]{2}-\\d{4,}|é+">>, code),
      (std::optional<patchbay::Uuid>, id), (std::optional<patchbay::MediaFile>, media),
      (std::optional<std::chrono::milliseconds>, span), (std::optional<std::chrono::minutes>, wait),
      (std::optional<std::chrono::sys_time<std::chrono::milliseconds>>, when), (std::optional<std::chrono::sys_days>, day),
      (std::optional<patchbay::JsonObject>, obj),
      (patchbay::Default<int, 5>, five), (patchbay::Default<patchbay::HoldReason, "queueing">, why),
      (std::optional<RichInner>, inner), (std::optional<RichTree>, tree), (std::optional<RichPair>, pair),
      (std::optional<std::vector<int>>, ints), (std::optional<patchbay::NonEmpty<std::vector<std::string>>>, names),
      (std::optional<std::vector<std::optional<bool>>>, holes), (std::optional<std::vector<RichInner>>, inners),
      (std::optional<std::vector<RichPair>>, pairs), (std::optional<std::map<std::string, double>>, rates),
      (std::optional<std::map<std::string, std::vector<RichInner>>>, groups));
  // clang-format on
  friend bool operator==(const Rich&, const Rich&) = default;
};

}  // namespace patchbay_test

template <>
inline constexpr auto patchbay::enum_names<patchbay_test::Tier> =
    std::array{patchbay::EnumName{patchbay_test::Tier::basic, "basic"},
               patchbay::EnumName{patchbay_test::Tier::silver, "silver"},
               patchbay::EnumName{patchbay_test::Tier::gold, "gold"}};

template <>
inline constexpr auto patchbay::field_settings<patchbay_test::Rich> =
    std::array{patchbay::FieldSettings{.member = "text", .aliases = {"txt"}, .description = "Any text."},
               patchbay::FieldSettings{.member = "even", .wire = "even \"one\""},
               patchbay::FieldSettings{.member = "five", .aliases = {"5", "fünf"}},
               patchbay::FieldSettings{.member = "brief", .secret = true},
               patchbay::FieldSettings{.member = "inners", .wire = "inner\\s", .aliases = {"inner_list"}}};
template <>
inline constexpr auto patchbay::field_settings<patchbay_test::RichInner> =
    std::array{patchbay::FieldSettings{.member = "name", .aliases = {"called"}}};
