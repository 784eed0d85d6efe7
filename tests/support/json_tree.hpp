// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // sort, adjacent_find
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstdlib>  // strtod, strtof
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace patchbay_test {

/// A JSON value as a tree: the tests' own, slow reader, which shares no line with what it judges.
struct JsonTree {
  enum class Kind : std::uint8_t { literal, number, string, array, object };
  Kind kind = Kind::literal;
  std::string text;  ///< A literal or number as it is spelled; a string unescaped.
  std::vector<std::string> names;  ///< Of an object's members.
  std::vector<JsonTree> items;     ///< Of an array; the values of an object's members, in the order of `names`.

  /// The value that is the whole of `json`, by the grammar of RFC 8259 and in valid UTF-8; nothing otherwise.
  [[nodiscard]] static std::optional<JsonTree> parse(std::string_view json);

  [[nodiscard]] const JsonTree* find(std::string_view name) const {
    for (std::size_t i = 0; i < names.size(); ++i)
      if (names[i] == name) return &items[i];
    return nullptr;
  }
  /// Whether an object names a member twice, here alone.
  [[nodiscard]] bool repeats_a_name() const {
    auto all = names;
    std::sort(all.begin(), all.end());
    return std::adjacent_find(all.begin(), all.end()) != all.end();
  }
  /// The same value: members in any order. Numbers are the same when they are spelled alike or, where one of them is
  /// no plain integer, when they are the same `Float`.
  template <class Float = double>
  [[nodiscard]] bool same(const JsonTree& other) const {
    if (kind != other.kind || names.size() != other.names.size() || items.size() != other.items.size()) return false;
    if (kind == Kind::number && text != other.text) {
      const auto plain = [](const std::string& n) { return n != "-0" && n.find_first_of(".eE") == std::string::npos; };
      const auto value = [](const std::string& n) {
        // From the digits: by way of a double, what is next to a float's limit would be rounded twice.
        if constexpr (std::same_as<Float, float>) return std::strtof(n.c_str(), nullptr);
        return static_cast<Float>(std::strtod(n.c_str(), nullptr));
      };
      return !(plain(text) && plain(other.text)) && value(text) == value(other.text);
    }
    if (text != other.text) return false;
    const auto mine = order(), theirs = other.order();
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (kind == Kind::object && names[mine[i]] != other.names[theirs[i]]) return false;
      if (!items[mine[i]].template same<Float>(other.items[theirs[i]])) return false;
    }
    return true;
  }

 private:
  /// The items' places, of an object by name.
  [[nodiscard]] std::vector<std::size_t> order() const {
    std::vector<std::size_t> out(items.size());
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = i;
    if (kind == Kind::object)
      std::sort(out.begin(), out.end(), [this](std::size_t a, std::size_t b) {
        return names[a] != names[b] ? names[a] < names[b] : a < b;  // of one name: in the order in which they stand
      });
    return out;
  }
};

/// Reads one text; a failure anywhere ends it.
class JsonTreeReader {
 public:
  explicit JsonTreeReader(std::string_view json) noexcept : json_(json) {}

  [[nodiscard]] bool whole(JsonTree& out) { return value(out, 0) && (space(), at_ == json_.size()); }

 private:
  [[nodiscard]] char look() const noexcept { return at_ < json_.size() ? json_[at_] : '\0'; }
  void space() noexcept {
    while (look() == ' ' || look() == '\t' || look() == '\n' || look() == '\r') ++at_;
  }
  [[nodiscard]] bool take(char c) noexcept {
    if (at_ == json_.size() || json_[at_] != c) return false;
    ++at_;
    return true;
  }
  [[nodiscard]] bool digits() noexcept {
    const std::size_t from = at_;
    while (look() >= '0' && look() <= '9') ++at_;
    return at_ != from;
  }

  [[nodiscard]] bool value(JsonTree& out, int depth) {
    if (depth > 256) return false;
    space();
    switch (look()) {
      case '{': return object(out, depth);
      case '[': return array(out, depth);
      case '"': out.kind = JsonTree::Kind::string; return string(out.text);
      case 't': return literal(out, "true");
      case 'f': return literal(out, "false");
      case 'n': return literal(out, "null");
      default: return number(out);
    }
  }
  [[nodiscard]] bool literal(JsonTree& out, std::string_view word) {
    out.kind = JsonTree::Kind::literal;
    out.text = word;
    const bool fits = json_.substr(at_, word.size()) == word;
    at_ += word.size();
    return fits;
  }
  [[nodiscard]] bool number(JsonTree& out) {
    const std::size_t from = at_;
    out.kind = JsonTree::Kind::number;
    static_cast<void>(take('-'));
    if (!take('0') && !digits()) return false;
    if (take('.') && !digits()) return false;
    if (take('e') || take('E')) {
      if (!take('+')) static_cast<void>(take('-'));
      if (!digits()) return false;
    }
    out.text = json_.substr(from, at_ - from);
    return true;
  }
  [[nodiscard]] bool object(JsonTree& out, int depth) {
    out.kind = JsonTree::Kind::object;
    ++at_;
    if (space(); take('}')) return true;
    do {
      space();
      if (look() != '"' || !string(out.names.emplace_back())) return false;
      space();
      if (!take(':') || !value(out.items.emplace_back(), depth + 1)) return false;
      space();
    } while (take(','));
    return take('}');
  }
  [[nodiscard]] bool array(JsonTree& out, int depth) {
    out.kind = JsonTree::Kind::array;
    ++at_;
    if (space(); take(']')) return true;
    do {
      if (!value(out.items.emplace_back(), depth + 1)) return false;
      space();
    } while (take(','));
    return take(']');
  }
  [[nodiscard]] bool hex4(std::uint32_t& out) {
    out = 0;
    for (int i = 0; i < 4; ++i) {
      const char c = look();
      const int digit = c >= '0' && c <= '9'   ? c - '0'
                        : c >= 'a' && c <= 'f' ? c - 'a' + 10
                        : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                               : -1;
      if (digit < 0) return false;
      out = out * 16 + static_cast<std::uint32_t>(digit);
      ++at_;
    }
    return true;
  }
  static void put(std::string& out, std::uint32_t point) {
    const auto byte = [&](std::uint32_t b) { out.push_back(static_cast<char>(static_cast<unsigned char>(b))); };
    if (point < 0x80) return byte(point);
    if (point < 0x800) return byte(0xc0 | point >> 6), byte(0x80 | (point & 63));
    if (point < 0x10000) return byte(0xe0 | point >> 12), byte(0x80 | (point >> 6 & 63)), byte(0x80 | (point & 63));
    byte(0xf0 | point >> 18), byte(0x80 | (point >> 12 & 63)), byte(0x80 | (point >> 6 & 63)), byte(0x80 | (point & 63));
  }
  [[nodiscard]] bool escape(std::string& out) {
    static constexpr std::string_view letters = "\"\\/bfnrt", meant = "\"\\/\b\f\n\r\t";
    const char c = look();
    ++at_;
    if (const std::size_t i = letters.find(c); c != '\0' && i != std::string_view::npos) {
      out.push_back(meant[i]);
      return true;
    }
    std::uint32_t point = 0, low = 0;
    if (c != 'u' || !hex4(point)) return false;
    if (point >= 0xdc00 && point < 0xe000) return false;
    if (point >= 0xd800 && point < 0xdc00) {
      if (!take('\\') || !take('u') || !hex4(low) || low < 0xdc00 || low >= 0xe000) return false;
      point = 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00);
    }
    put(out, point);
    return true;
  }
  /// One character beyond ASCII: decoded, and held against the form in which it should be spelled.
  [[nodiscard]] bool character(std::string& out) {
    const auto byte = [&](std::size_t k) {
      return at_ + k < json_.size() ? static_cast<std::uint32_t>(static_cast<unsigned char>(json_[at_ + k])) : 0U;
    };
    const std::uint32_t first = byte(0);
    const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc0 || first > 0xf7) return false;
    std::uint32_t point = first & (length == 4 ? 7U : length == 3 ? 15U : 31U);
    for (std::size_t k = 1; k < length; ++k) point = point << 6 | (byte(k) & 63);
    std::string proper;
    if (point > 0x10ffff || (point >= 0xd800 && point < 0xe000)) return false;
    put(proper, point);
    if (json_.substr(at_, length) != proper) return false;
    out += proper;
    at_ += length;
    return true;
  }
  [[nodiscard]] bool string(std::string& out) {
    for (++at_; !take('"');) {
      if (at_ == json_.size() || static_cast<unsigned char>(look()) < 0x20) return false;
      if (take('\\')) {
        if (!escape(out)) return false;
      } else if (static_cast<unsigned char>(look()) >= 0x80) {
        if (!character(out)) return false;
      } else {
        out.push_back(json_[at_++]);
      }
    }
    return true;
  }

  std::string_view json_;
  std::size_t at_ = 0;
};

inline std::optional<JsonTree> JsonTree::parse(std::string_view json) {
  JsonTree out;
  if (!JsonTreeReader(json).whole(out)) return std::nullopt;
  return out;
}

}  // namespace patchbay_test
