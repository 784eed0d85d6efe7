// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <charconv>
#include <cmath>  // isfinite
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include <patchbay/http.hpp>
#include <patchbay/time.hpp>

// The few readers that the invariants need. Made for them alone and slow on purpose: who judges the library's readers
// must not use them.
namespace patchbay::testing::simulation::plain {

/// Reads JSON as RFC 8259 has it, with valid UTF-8 and at most 64 levels.
class JsonScan {
 public:
  /// Whether the whole of `text` is one value.
  [[nodiscard]] static bool valid(std::string_view text) {
    JsonScan scan(text);
    return scan.value(0) && scan.at_end();
  }
  /// Calls `visit(name, raw value)` for each member of the object that `text` is; false when it is none.
  template <class Visit>
  static bool members(std::string_view text, Visit&& visit) {
    JsonScan scan(text);
    return scan.members_of(0, visit) && scan.at_end();
  }
  /// Calls `visit(raw value)` for each element of the array that `text` is; false when it is none.
  template <class Visit>
  static bool elements(std::string_view text, Visit&& visit) {
    JsonScan scan(text);
    return scan.elements_of(0, visit) && scan.at_end();
  }
  /// What a raw string says; nothing when it is no string.
  [[nodiscard]] static std::optional<std::string> text_of(std::string_view raw) {
    JsonScan scan(raw);
    std::string out;
    if (!scan.string(&out) || !scan.at_end()) return std::nullopt;
    return out;
  }
  /// The raw value of a member; empty when there is none.
  [[nodiscard]] static std::string_view member(std::string_view object, std::string_view name) {
    std::string_view found;
    members(object, [&](std::string_view each, std::string_view raw) {
      if (each == name) found = raw;
    });
    return found;
  }
  /// The text of a member; empty when it is none, or no string.
  [[nodiscard]] static std::string text_member(std::string_view object, std::string_view name) {
    return text_of(member(object, name)).value_or(std::string{});
  }

 private:
  static constexpr int most_levels = 64;
  explicit JsonScan(std::string_view text) : text_(text) {}

  [[nodiscard]] bool at_end() {
    blanks();
    return at_ == text_.size();
  }
  void blanks() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r'))
      ++at_;
  }
  [[nodiscard]] bool take(char c) {
    blanks();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    return ++at_, true;
  }
  [[nodiscard]] bool word(std::string_view expected) {
    if (!text_.substr(at_).starts_with(expected)) return false;
    return at_ += expected.size(), true;
  }
  template <class Visit>
  bool members_of(int level, Visit&& visit) {
    if (level > most_levels || !take('{')) return false;
    if (take('}')) return true;
    std::string name;
    do {
      blanks();
      name.clear();
      if (!string(&name) || !take(':')) return false;
      blanks();
      const std::size_t from = at_;
      if (!value(level + 1)) return false;
      visit(std::string_view(name), text_.substr(from, at_ - from));
    } while (take(','));
    return take('}');
  }
  template <class Visit>
  bool elements_of(int level, Visit&& visit) {
    if (level > most_levels || !take('[')) return false;
    if (take(']')) return true;
    do {
      blanks();
      const std::size_t from = at_;
      if (!value(level + 1)) return false;
      visit(text_.substr(from, at_ - from));
    } while (take(','));
    return take(']');
  }
  bool value(int level) {
    blanks();
    if (at_ >= text_.size()) return false;
    switch (text_[at_]) {
      case '{':
        return members_of(level, [](std::string_view, std::string_view) {});
      case '[':
        return elements_of(level, [](std::string_view) {});
      case '"':
        return string(nullptr);
      case 't':
        return word("true");
      case 'f':
        return word("false");
      case 'n':
        return word("null");
      default:
        return number();
    }
  }
  bool digits() {
    const std::size_t from = at_;
    while (at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9') ++at_;
    return at_ != from;
  }
  /// One that no double can hold is none.
  bool number() {
    const std::size_t from = at_;
    if (at_ < text_.size() && text_[at_] == '-') ++at_;
    const std::size_t whole = at_;
    if (!digits() || (text_[whole] == '0' && at_ - whole > 1)) return false;
    if (at_ < text_.size() && text_[at_] == '.' && (++at_, !digits())) return false;
    if (at_ < text_.size() && (text_[at_] == 'e' || text_[at_] == 'E')) {
      ++at_;
      if (at_ < text_.size() && (text_[at_] == '+' || text_[at_] == '-')) ++at_;
      if (!digits()) return false;
    }
    double read = 0;
    const auto end = std::from_chars(text_.data() + from, text_.data() + at_, read);
    return end.ec == std::errc{} && std::isfinite(read);
  }
  bool hex(std::uint32_t& out) {
    if (text_.size() - at_ < 4) return false;
    const auto end = std::from_chars(text_.data() + at_, text_.data() + at_ + 4, out, 16);
    if (end.ec != std::errc{} || end.ptr != text_.data() + at_ + 4) return false;
    return at_ += 4, true;
  }
  static void append_utf8(std::string& out, std::uint32_t point) {
    const auto byte = [&out](std::uint32_t bits) {
      out.push_back(static_cast<char>(static_cast<unsigned char>(bits)));
    };
    if (point < 0x80) return byte(point);
    if (point < 0x800) return byte(0xC0 | point >> 6), byte(0x80 | (point & 63));
    if (point < 0x10000) return byte(0xE0 | point >> 12), byte(0x80 | (point >> 6 & 63)), byte(0x80 | (point & 63));
    byte(0xF0 | point >> 18), byte(0x80 | (point >> 12 & 63)), byte(0x80 | (point >> 6 & 63)),
        byte(0x80 | (point & 63));
  }
  bool escape(std::string* out) {
    if (at_ >= text_.size()) return false;
    constexpr std::string_view marks = "\"\\/bfnrt", meanings = "\"\\/\b\f\n\r\t";
    const char c = text_[at_++];
    if (const std::size_t found = marks.find(c); found != std::string_view::npos) {
      if (out) out->push_back(meanings[found]);
      return true;
    }
    std::uint32_t point = 0;
    if (c != 'u' || !hex(point)) return false;
    if (point >= 0xDC00 && point <= 0xDFFF) return false;
    if (point >= 0xD800 && point <= 0xDBFF) {
      std::uint32_t low = 0;
      if (!word("\\u") || !hex(low) || low < 0xDC00 || low > 0xDFFF) return false;
      point = 0x10000 + ((point - 0xD800) << 10) + (low - 0xDC00);
    }
    if (out) append_utf8(*out, point);
    return true;
  }
  /// One sequence of more than one byte (RFC 3629).
  bool sequence() {
    const auto byte = [this](std::size_t i) {
      return static_cast<std::uint32_t>(static_cast<unsigned char>(text_[at_ + i]));
    };
    const std::uint32_t lead = byte(0);
    const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    if (lead < 0xC2 || lead > 0xF4 || text_.size() - at_ < length) return false;
    std::uint32_t point = lead & (length == 2 ? 31 : length == 3 ? 15 : 7);
    for (std::size_t i = 1; i != length; ++i) {
      if ((byte(i) & 0xC0) != 0x80) return false;
      point = point << 6 | (byte(i) & 63);
    }
    if ((length == 3 && point < 0x800) || (length == 4 && (point < 0x10000 || point > 0x10FFFF))) return false;
    if (point >= 0xD800 && point <= 0xDFFF) return false;
    return at_ += length, true;
  }
  bool string(std::string* out) {
    if (at_ >= text_.size() || text_[at_] != '"') return false;
    ++at_;
    while (at_ < text_.size()) {
      const auto c = static_cast<unsigned char>(text_[at_]);
      if (c == '"') return ++at_, true;
      if (c < 0x20) return false;
      if (c == '\\') {
        ++at_;
        if (!escape(out)) return false;
        continue;
      }
      const std::size_t from = at_;
      if (c < 0x80) {
        ++at_;
      } else if (!sequence()) {
        return false;
      }
      if (out) out->append(text_.substr(from, at_ - from));
    }
    return false;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

/// Whether `tag` is one strong entity tag (RFC 9110 section 8.8.3), and so neither a list nor `*`.
[[nodiscard]] inline bool is_one_strong_tag(std::string_view tag) {
  if (tag.size() < 2 || tag.front() != '"' || tag.back() != '"') return false;
  for (const char c : tag.substr(1, tag.size() - 2)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte == '"' || byte <= 0x20 || byte == 0x7f) return false;
  }
  return true;
}

/// A `Retry-After` in whole seconds, of at most nine digits; nothing for any other form.
[[nodiscard]] inline std::optional<Duration> plain_retry_after(const HttpResponse& response) {
  const auto value = response.headers.find("Retry-After");
  if (!value || value->empty() || value->size() > 9) return std::nullopt;
  std::int64_t count = 0;
  for (const char c : *value) {
    if (c < '0' || c > '9') return std::nullopt;
    count = count * 10 + (c - '0');
  }
  return seconds{count};
}

/// The last part of a path; empty when there is none.
[[nodiscard]] inline std::string_view last_part(std::string_view target) {
  const std::string_view path = target.substr(0, target.find('?'));
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

/// `text` with ASCII letters in lower case: one interaction has one name.
[[nodiscard]] inline std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  return out;
}

}  // namespace patchbay::testing::simulation::plain
