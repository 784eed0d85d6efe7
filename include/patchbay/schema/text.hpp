// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <concepts>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include <patchbay/http.hpp>  // equal_ignoring_case
#include <patchbay/identifier.hpp>
#include <patchbay/json/read.hpp>
#include <patchbay/json/write.hpp>
#include <patchbay/result.hpp>
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

/// Text that is owned, or a literal's and therefore everlasting; the latter can be made while compiling.
class StoredText {
 public:
  constexpr explicit StoredText(const char* literal, std::size_t size) noexcept : data_(literal), size_(size) {}
  [[nodiscard]] static StoredText copy(std::string_view text) {
    char* bytes = new char[text.size() + 1];
    bytes[text.copy(bytes, text.size())] = '\0';
    StoredText out(bytes, text.size());
    out.owned_ = true;
    return out;
  }
  constexpr StoredText(StoredText&& other) noexcept
      : data_(std::exchange(other.data_, "")),
        size_(std::exchange(other.size_, 0)),
        owned_(std::exchange(other.owned_, false)) {}
  constexpr StoredText(const StoredText& other)
      : StoredText(other.owned_ ? copy(other.view()) : StoredText(other.data_, other.size_)) {}
  constexpr StoredText& operator=(StoredText other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(owned_, other.owned_);
    return *this;
  }
  constexpr ~StoredText() {
    if (owned_) delete[] data_;
  }
  [[nodiscard]] constexpr std::string_view view() const noexcept { return {data_, size_}; }

 private:
  const char* data_;
  std::size_t size_;
  bool owned_ = false;
};

}  // namespace detail

/// Text that keeps rule R; there is no way to make one that breaks it. A moved-from text is empty.
template <TextRule R>
class Text {
 public:
  /// From a literal, which is checked while compiling and not copied.
  template <std::size_t N>
  consteval Text(const char (&literal)[N]) : text_(literal, N - 1) {
    const std::string_view text(literal, N - 1);
    if (!detail::is_utf8(text) || !R::check(text)) detail::this_literal_breaks_the_rule_of_its_type();
  }
  /// A copy of `text`; `validation_failed` when it breaks the rule or is not valid UTF-8.
  [[nodiscard]] static Result<Text> make(std::string_view text) {
    if (!is_valid_utf8(text) || !R::check(text)) return detail::broken_rule(rule(), text);
    return Text(detail::StoredText::copy(text));
  }

  [[nodiscard]] constexpr std::string_view view() const noexcept { return text_.view(); }
  [[nodiscard]] static std::string rule() { return detail::rule_text<R>(); }
  [[nodiscard]] friend constexpr bool operator==(const Text& a, const Text& b) noexcept { return a.view() == b.view(); }

 private:
  friend struct FieldRules<Text>;
  constexpr explicit Text(detail::StoredText text) noexcept : text_(std::move(text)) {}
  detail::StoredText text_;
};

template <class R>
struct FieldRules<Text<R>> {
  static constexpr FieldKind kind = FieldKind::text;
  static std::string rule() { return detail::rule_text<R>(); }
  static bool check(std::string_view token) { return R::check(token); }
  static bool encode(const Text<R>& value, std::string& out) { return detail::append_text(out, value.view()); }
  static Text<R> parse(std::string_view token) { return Text<R>(detail::StoredText::copy(token)); }
};

/// At most N bytes of UTF-8.
template <std::size_t N>
struct MaxLengthRule {
  static std::string rule() {
    std::string text = "length: expected UTF-8 text of at most ";
    append_json_number(text, N);
    return text.append(" bytes");
  }
  static constexpr bool check(std::string_view text) noexcept { return text.size() <= N; }
};

/// Text of at most N bytes, not code points: what a peer limits is bytes.
template <std::size_t N>
using MaxLength = Text<MaxLengthRule<N>>;

/// The name of a media file that the platform plays to a caller on hold (hazard B33).
struct MediaFileRule {
  static constexpr std::string_view rule =
      "media file: expected a name of 1 to 128 of [A-Za-z0-9._-], not beginning with a dot, ending in "
      ".wav, .mp3, .ogg, .opus, .flac, .aac, .m4a, .wma, .au, .ulaw or .alaw";
  static constexpr std::string_view extensions[] = {"wav", "mp3", "ogg", "opus", "flac", "aac",
                                                    "m4a", "wma", "au",  "ulaw", "alaw"};

  static constexpr bool check(std::string_view text) noexcept {
    if (text.empty() || text.size() > 128 || text.front() == '.') return false;
    for (const char c : text) {
      if (!detail::is_ascii_alnum(c) && c != '.' && c != '_' && c != '-') return false;
    }
    const std::size_t dot = text.rfind('.');
    if (dot == std::string_view::npos) return false;
    for (const std::string_view extension : extensions)
      if (equal_ignoring_case(text.substr(dot + 1), extension)) return true;
    return false;
  }
};

/// The name of a media file, without any path: `hold_music_standard.wav`.
using MediaFile = Text<MediaFileRule>;

}  // namespace patchbay
