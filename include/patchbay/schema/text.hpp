// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // max, min
#include <concepts>
#include <cstddef>
#include <limits>
#include <string>
#include <string_view>
#include <utility>

#include <patchbay/config.hpp>
#include <patchbay/http.hpp>  // equal_ignoring_case
#include <patchbay/identifier.hpp>
#include <patchbay/json/write.hpp>
#include <patchbay/result.hpp>
#include <patchbay/schema/append_text.hpp>
#include <patchbay/schema/detail/stored_text.hpp>
#include <patchbay/schema/field_rules.hpp>
#include <patchbay/schema/utf8.hpp>

namespace patchbay {

/// A rule for text: `rule`, what was expected (text, or a function that makes it), and `check`, whether a text keeps
/// it. `check` is given valid UTF-8; when it is `constexpr`, literals are checked while compiling.
///
///     struct PostcodeRule {
///       static constexpr std::string_view rule = "postcode: expected five digits";
///       static constexpr bool check(std::string_view text) { return text.size() == 5 && …; }
///     };
///     using Postcode = Text<PostcodeRule>;
///
/// A rule may also say what it is in JSON Schema, `static void describe(JsonWriter&)`, which writes the members of the
/// schema, its `"type":"string"` included; and between which sizes its texts are in bytes, `min_size` and `max_size`,
/// so that a combination that nothing fits does not compile. `AllOf` combines rules.
template <class R>
concept TextRule = requires(std::string_view text) {
  { R::check(text) } -> std::same_as<bool>;
  requires requires { std::string(R::rule); } || requires {
    std::string(R::rule());
  };
};

namespace detail {

template <class R>
[[nodiscard]] std::string rule_text() {
  if constexpr (requires { std::string(R::rule()); }) {
    return std::string(R::rule());
  } else {
    return std::string(R::rule);
  }
}

/// Writes the JSON Schema of a rule for text; in words where the rule does not say it.
template <class R>
void describe_rule(JsonWriter& writer) {
  if constexpr (requires { R::describe(writer); }) {
    R::describe(writer);
  } else {
    writer.member("type", "string").member("$comment", rule_text<R>());
  }
}

/// Not constexpr: a literal that breaks its type's rule calls it, and the compiler then names it.
inline void this_literal_breaks_the_rule_of_its_type() noexcept {}

/// The refusal of a value that a constrained type was to be made of.
[[nodiscard]] inline Failure broken_rule(std::string rule, std::string_view value) {
  Violation violation{"value", std::move(rule), {}};
  append_clipped(violation.value, value, 64);
  Error error(ErrorCode::validation_failed, "the value breaks the rule of its type");
  error.set_violations({std::move(violation)});
  return fail(std::move(error));
}

}  // namespace detail

/// Text that keeps rule R; there is no way to make one that breaks it. A moved-from text is empty.
template <TextRule R>
class Text {
  struct Checked {
    explicit Checked() = default;  // so that `{}` makes none
  };

 public:
  /// From a literal, which is checked while compiling and not copied.
  template <std::size_t N>
  consteval Text(const char (&literal)[N]) : text_(literal, N - 1) {
    const std::string_view text(literal, N - 1);
    if (!detail::is_utf8(text) || !R::check(text)) detail::this_literal_breaks_the_rule_of_its_type();
  }
  /// For `make`: only it has a `Checked`.
  Text(std::string_view text, Checked) : text_(text) {}
  /// A copy of `text`; `validation_failed` when it breaks the rule or is not valid UTF-8. Text of more than 40 bytes is
  /// allocated.
  [[nodiscard]] static Result<Text> make(std::string_view text) {
    if (!(detail::needs_no_escape(text) || detail::is_utf8(text)) || !R::check(text))
      return detail::broken_rule(rule(), text);
    return Result<Text>(tl::in_place, text, Checked{});
  }

  [[nodiscard]] constexpr std::string_view view() const noexcept { return text_.view(); }
  [[nodiscard]] static std::string rule() { return detail::rule_text<R>(); }
  [[nodiscard]] friend constexpr bool operator==(const Text& a, const Text& b) noexcept { return a.view() == b.view(); }

 private:
  friend struct FieldRules<Text>;
  detail::StoredText text_;
};

template <class R>
struct FieldRules<Text<R>> {
  static constexpr FieldKind kind = FieldKind::text;
  static std::string rule() { return detail::rule_text<R>(); }
  static constexpr bool check(std::string_view token) { return R::check(token); }
  static bool encode(const Text<R>& value, std::string& out) { return detail::append_text(out, value.view()); }
  static constexpr std::string_view text_of(const Text<R>& value) noexcept { return value.view(); }
  static Text<R> parse(std::string_view token) { return Text<R>(token, typename Text<R>::Checked{}); }
  static void describe(JsonWriter& writer) { detail::describe_rule<R>(writer); }
  static std::size_t encoded_size(const Text<R>& value) noexcept { return detail::json_string_size(value.view()); }
};

namespace detail {

/// `length: expected UTF-8 text of at least 2 bytes`.
[[nodiscard]] inline std::string length_rule(std::string_view bound, std::size_t count, std::string_view unit) {
  std::string text = "length: expected UTF-8 text of ";
  text.append(bound).append(" ");
  append_json_number(text, count);
  return text.append(" ").append(unit).append(count == 1 ? "" : "s");
}

}  // namespace detail

/// At most N bytes of UTF-8. JSON Schema counts code points, of which there are no more than bytes: its `maxLength` is
/// necessary for this rule, and sufficient for ASCII.
template <std::size_t N>
struct MaxLengthRule {
  static constexpr std::size_t max_size = N;
  static std::string rule() { return detail::length_rule("at most", N, "byte"); }
  static constexpr bool check(std::string_view text) noexcept { return text.size() <= N; }
  static void describe(JsonWriter& writer) {
    writer.member("type", "string").member("maxLength", N).member("$comment", rule());
  }
};

/// At least N bytes of UTF-8. JSON Schema counts code points, of at most four bytes: its `minLength`, N / 4 rounded up,
/// is necessary for this rule, and the same when N is 0 or 1.
template <std::size_t N>
struct MinLengthRule {
  static constexpr std::size_t min_size = N;
  static std::string rule() { return detail::length_rule("at least", N, "byte"); }
  static constexpr bool check(std::string_view text) noexcept { return text.size() >= N; }
  static void describe(JsonWriter& writer) {
    writer.member("type", "string").member("minLength", N / 4 + (N % 4 == 0 ? 0 : 1));
    if (N > 1) writer.member("$comment", rule());
  }
};

/// At most N code points, as `maxLength` of JSON Schema counts; an accent or a flag may be several.
template <std::size_t N>
struct MaxCodePointsRule {
  static_assert(N <= (std::numeric_limits<std::size_t>::max)() / 4, "patchbay::MaxCodePointsRule<N>: N is too large");
  static constexpr std::size_t max_size = 4 * N;
  static std::string rule() { return detail::length_rule("at most", N, "code point"); }
  static constexpr bool check(std::string_view text) noexcept { return detail::code_points(text) <= N; }
  static void describe(JsonWriter& writer) { writer.member("type", "string").member("maxLength", N); }
};

/// At least N code points, as `minLength` of JSON Schema counts.
template <std::size_t N>
struct MinCodePointsRule {
  static constexpr std::size_t min_size = N;
  static std::string rule() { return detail::length_rule("at least", N, "code point"); }
  static constexpr bool check(std::string_view text) noexcept { return detail::code_points(text) >= N; }
  static void describe(JsonWriter& writer) { writer.member("type", "string").member("minLength", N); }
};

/// Every one of the rules: `Text<AllOf<MinLengthRule<1>, MaxLengthRule<64>, PatternRule<"[a-z-]+">>>`. Its text names
/// all of them.
template <TextRule... Rules>
struct AllOf {
  static_assert(sizeof...(Rules) > 0, "patchbay::AllOf<>: combines no rule; name some, or use std::string");

 private:
  template <class R>
  static constexpr std::size_t least() noexcept {
    if constexpr (requires { std::size_t{R::min_size}; }) return R::min_size;
    return 0;
  }
  template <class R>
  static constexpr std::size_t most() noexcept {
    if constexpr (requires { std::size_t{R::max_size}; }) return R::max_size;
    return (std::numeric_limits<std::size_t>::max)();
  }

 public:
  static constexpr std::size_t min_size = (std::max)({std::size_t{0}, least<Rules>()...});
  static constexpr std::size_t max_size = (std::min)({(std::numeric_limits<std::size_t>::max)(), most<Rules>()...});
  static_assert(min_size <= max_size,
                "patchbay::AllOf<Rules...>: the lengths are reversed, so that no text fits; let the least length be no "
                "more than the greatest");

  static std::string rule() {
    std::string text;
    ((text.append(text.empty() ? "" : "; and ").append(detail::rule_text<Rules>())), ...);
    return text;
  }
  static constexpr bool check(std::string_view text) noexcept(noexcept((true && ... && Rules::check(text)))) {
    return (true && ... && Rules::check(text));
  }
  static void describe(JsonWriter& writer) {
    writer.member("type", "string").key("allOf").begin_array();
    ((writer.begin_object(), detail::describe_rule<Rules>(writer), writer.end_object()), ...);
    writer.end_array();
  }
};

/// Text of at most N bytes, not code points: what a peer limits is bytes.
template <std::size_t N>
using MaxLength = Text<MaxLengthRule<N>>;

/// Text of at least N bytes.
template <std::size_t N>
using MinLength = Text<MinLengthRule<N>>;

/// Text of Least to Most bytes.
template <std::size_t Least, std::size_t Most>
using Length = Text<AllOf<MinLengthRule<Least>, MaxLengthRule<Most>>>;

/// The name of a media file that the platform plays to a caller on hold (hazard B33).
struct MediaFileRule {
  static constexpr std::string_view rule =
      "media file: expected a name of 1 to 128 of [A-Za-z0-9._-], not beginning with a dot, ending in "
      ".wav, .mp3, .ogg, .opus, .flac, .aac, .m4a, .wma, .au, .ulaw or .alaw";
  static constexpr std::string_view extensions[] = {"wav", "mp3", "ogg", "opus", "flac", "aac",
                                                    "m4a", "wma", "au",  "ulaw", "alaw"};

  static constexpr bool check(std::string_view text) noexcept {
    if (text.empty() || text.size() > 128 || text.front() == '.') return false;
    bool fine = true;  // without a branch for each byte; a tilde is all that is unreserved in URLs and not allowed here
    for (const char c : text) fine &= detail::is_unreserved(c) & (c != '~');
    if (!fine) return false;
    const std::size_t dot = text.rfind('.');
    if (dot == std::string_view::npos) return false;
    for (const std::string_view extension : extensions)
      if (equal_ignoring_case(text.substr(dot + 1), extension)) return true;
    return false;
  }
  PATCHBAY_DECL static void describe(JsonWriter& writer);
};

/// The name of a media file, without any path: `hold_music_standard.wav`.
using MediaFile = Text<MediaFileRule>;

}  // namespace patchbay

#if !defined(PATCHBAY_SEPARATE_COMPILATION)
#include <patchbay/schema/impl/text.ipp>
#endif
