// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>   // snprintf
#include <cstdlib>  // strtod
#include <cstring>  // memcpy
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <patchbay/schema/field_table.hpp>

#include "support/json_tree.hpp"

// JSON by chance: values that a schema's table takes, the same values spelled otherwise, and values that are wrong
// somewhere. All from one seed, so that a failure can be run again anywhere.
namespace patchbay_test {

/// SplitMix64: the same numbers with every compiler and library.
class Chance {
 public:
  explicit Chance(std::uint64_t seed) noexcept : state_(seed) {}
  [[nodiscard]] std::uint64_t bits() noexcept {
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  /// From 0 to n - 1.
  [[nodiscard]] std::size_t below(std::size_t n) noexcept { return static_cast<std::size_t>(bits() % n); }
  /// Once in n.
  [[nodiscard]] bool once_in(std::size_t n) noexcept { return below(n) == 0; }
  template <class List>
  [[nodiscard]] auto pick(const List& list) noexcept {
    return list[below(std::size(list))];
  }

 private:
  std::uint64_t state_;
};

/// Texts of which one is of every kind that a field of the rich schema may want, and many of none.
inline constexpr std::string_view sample_texts[] = {
    "", "a", "ab", "gold", "Gold", "silver", "basic", "queueing", "consultation", "system_issue", "agent_break", "hello",
    "exactly8", "nine char", "a rather longer text, of more than sixty-four bytes, with some commas", "äöü", "日本語",
    "\xf0\x9f\x93\x9e", "\"quoted\"", "back\\slash", "tab\tnewline\n", "\x01\x1f\x7f", "null", "true", "false", "0", "1",
    "-1", "12", "12abc", "1e400", "{}", "[]", "{\"a\":1}", "{bad", "12345678-1234-1234-1234-123456789abc",
    "ABCDEF01-2345-6789-abcd-ef0123456789", "12345678-1234-1234-1234-123456789ab", "hold.wav", "hold_music.MP3", "hold",
    ".wav", "a/b.wav", "2024-02-29T12:30:45Z", "2023-02-29T12:30:45Z", "2024-01-01T00:00:00.123456Z",
    "2024-06-30T23:59:59+02:00", "1969-12-31T23:59:59.999Z", "2024-01-01", "2024-13-01T00:00:00Z", "PT0S", "PT1.5S",
    "PT15M", "P1DT2H3M4S", "-PT1S", "P1W", "P", "PT", "P1Y", "PT900S", "PT0.001S", "PT0.0001S", "-P1DT0.5S", "PT1H30M",
    "PT120S", "P2D", "P106751991167DT7H12M55.807S", "P999999999999999D", "2024-02-30", "2023-02-29", "2000-02-29", "1900-02-29",
    "0000-01-01", "9999-12-31", "10000-01-01", "2024-02-29T24:00:00Z", "2024-02-29T23:59:60Z", "2024-02-29t12:30:45z",
    "2024-02-29T12:30:45.123-00:00", "0000-01-01T00:00:00+00:01", "9999-12-31T23:59:59.999-23:59", "2024-02-29T12:30:45+24:00", "AB-1234", "ab-1234", "AB-12345",
    "12345", "1234", "+491701234567", "en-US", "x.y.z", "constructor", "__proto__", "toString"};

inline constexpr std::string_view sample_numbers[] = {
    "0", "-0", "1", "-1", "2", "5", "9", "10", "-5", "-6", "100", "127", "128", "-128", "-129", "255", "256", "32767",
    "65535", "65536", "2147483647", "2147483648", "-2147483648", "-2147483649", "4294967295", "4294967296",
    "9007199254740991", "9007199254740993", "9223372036854775807", "9223372036854775808", "-9223372036854775808",
    "18446744073709551615", "18446744073709551616", "0.5", "1.0", "0.1", "2.5", "2.50", "2.5000001", "1e2", "1E-2",
    "1.5e300", "-1e-320", "5e-324", "1e400", "3.4028235e38", "3.5e38", "16777217", "0.25", "1e1", "123456789012345678901234567890"};

/// Makes values that a table takes, as far as chance finds some.
class JsonMaker {
 public:
  explicit JsonMaker(Chance& chance) noexcept : chance_(chance) {}

  /// An object of `table`: required fields, and some of the others; by aliases now and then.
  [[nodiscard]] JsonTree object(const patchbay::detail::FieldTable& table, int depth = 0) {
    JsonTree out;
    out.kind = JsonTree::Kind::object;
    for (const patchbay::detail::FieldInfo& field : table.fields) {
      if (!field.required && !chance_.once_in(depth == 0 ? 2 : 3)) continue;
      std::string_view name = field.name;
      if (!field.aliases.empty() && chance_.once_in(4)) name = field.aliases[chance_.below(field.aliases.size())];
      out.names.emplace_back(name);
      out.items.push_back(value(*field.shape, depth + 1));
    }
    return out;
  }

  /// Any JSON at all, at most `depth` levels of it.
  [[nodiscard]] JsonTree anything(int depth) {
    JsonTree out;
    switch (chance_.below(depth > 0 ? 6 : 4)) {
      case 0: return literal(chance_.pick(std::array<std::string_view, 3>{"null", "true", "false"}));
      case 1: return number(std::string(chance_.pick(sample_numbers)));
      case 2: return number(by_chance());
      case 3: return text(chance_.pick(sample_texts));
      case 4:
        out.kind = JsonTree::Kind::array;
        for (std::size_t n = chance_.below(4); n != 0; --n) out.items.push_back(anything(depth - 1));
        return out;
      default:
        out.kind = JsonTree::Kind::object;
        for (std::size_t n = chance_.below(4); n != 0; --n) {
          std::string name(chance_.pick(sample_texts));
          if (out.find(name) != nullptr) continue;
          out.names.push_back(std::move(name));
          out.items.push_back(anything(depth - 1));
        }
        return out;
    }
  }

  /// Makes one place of `of` another: mostly wrong, and sometimes as good as before.
  void spoil(JsonTree& of) {
    JsonTree* at = &of;
    while (!at->items.empty() && !chance_.once_in(4)) at = &at->items[chance_.below(at->items.size())];
    const std::size_t size = at->items.size();
    switch (at->kind) {
      case JsonTree::Kind::object:
        if (size == 0 || chance_.once_in(3)) {  // a name of one's own
          at->names.emplace_back(chance_.once_in(2) ? chance_.pick(sample_texts) : "extra");
          at->items.push_back(anything(1));
        } else if (const std::size_t i = chance_.below(size); chance_.once_in(2)) {
          at->names.erase(at->names.begin() + static_cast<std::ptrdiff_t>(i));
          at->items.erase(at->items.begin() + static_cast<std::ptrdiff_t>(i));
        } else {
          at->items[i] = anything(2);
        }
        return;
      case JsonTree::Kind::array:
        if (chance_.once_in(2)) {
          at->items.clear();
        } else {
          at->items.insert(at->items.begin() + static_cast<std::ptrdiff_t>(chance_.below(size + 1)), anything(1));
        }
        return;
      case JsonTree::Kind::number: at->text = chance_.once_in(2) ? chance_.pick(sample_numbers) : by_chance(); return;
      case JsonTree::Kind::string:
        if (chance_.once_in(2)) {
          at->text = chance_.pick(sample_texts);
        } else {
          at->text.insert(chance_.once_in(2) ? 0 : at->text.size(), 1, "aA0 .-"[chance_.below(6)]);
        }
        return;
      case JsonTree::Kind::literal: *at = anything(1); return;
    }
  }

 private:
  [[nodiscard]] static JsonTree literal(std::string_view word) {
    JsonTree out;
    out.text = word;
    return out;
  }
  [[nodiscard]] static JsonTree number(std::string digits) {
    JsonTree out;
    out.kind = JsonTree::Kind::number;
    out.text = std::move(digits);
    return out;
  }
  [[nodiscard]] static JsonTree text(std::string_view plain) {
    JsonTree out;
    out.kind = JsonTree::Kind::string;
    out.text = plain;
    return out;
  }
  /// A number of random bits, in one of its spellings.
  [[nodiscard]] std::string by_chance() {
    char digits[400];
    const std::uint64_t bits = chance_.bits();
    switch (chance_.below(4)) {
      case 0: std::snprintf(digits, sizeof digits, "%llu", static_cast<unsigned long long>(bits >> chance_.below(64))); break;
      case 1: std::snprintf(digits, sizeof digits, "-%llu", static_cast<unsigned long long>(bits >> chance_.below(64))); break;
      case 2: std::snprintf(digits, sizeof digits, "%.*f", static_cast<int>(chance_.below(20)), static_cast<double>(bits >> 40) / 7); break;
      default: {
        double value;
        std::memcpy(&value, &bits, sizeof value);
        if (!(value - value == 0)) value = 0.5;
        std::snprintf(digits, sizeof digits, "%.17g", value);
      }
    }
    return digits;
  }

  [[nodiscard]] static bool is_finite(const std::string& number) {
    const double value = std::strtod(number.c_str(), nullptr);
    return value - value == 0;
  }
  [[nodiscard]] static bool is_finite(const JsonTree& tree) {
    if (tree.kind == JsonTree::Kind::number) return is_finite(tree.text);
    for (const JsonTree& each : tree.items)
      if (!is_finite(each)) return false;
    return true;
  }

  [[nodiscard]] JsonTree value(const patchbay::detail::FieldShape& shape, int depth) {
    using patchbay::FieldKind;
    if (shape.nullable && chance_.once_in(8)) return literal("null");
    JsonTree out;
    switch (shape.kind) {
      case FieldKind::boolean: return literal(chance_.once_in(2) ? "true" : "false");
      case FieldKind::number: return number(taken(shape, [&] {
        return chance_.once_in(3) ? by_chance() : std::string(chance_.pick(sample_numbers));
      }));
      case FieldKind::text: return text(taken(shape, [&] { return std::string(chance_.pick(sample_texts)); }));
      case FieldKind::object: {
        do {
          out = anything(2);
        } while (out.kind != JsonTree::Kind::object || !is_finite(out));
        return out;
      }
      case FieldKind::schema: return object(*shape.nested, depth);
      case FieldKind::array:
      case FieldKind::map: {
        const bool is_map = shape.kind == FieldKind::map;
        out.kind = is_map ? JsonTree::Kind::object : JsonTree::Kind::array;
        // Deep schemas that contain themselves come to an end.
        std::size_t count = depth > 4 ? 0 : chance_.below(4);
        if (count < shape.min_items) count = shape.min_items;
        for (std::size_t i = 0; i < count; ++i) {
          if (is_map) {
            std::string name = "k";
            name.append(i == 0 ? std::string("ey ä\"") : std::to_string(i));
            out.names.push_back(std::move(name));
          }
          out.items.push_back(value(*shape.element, depth + 1));
        }
        return out;
      }
    }
    return out;
  }
  /// What `make` yields that the shape's rule takes; the last try where it takes none.
  template <class Make>
  [[nodiscard]] std::string taken(const patchbay::detail::FieldShape& shape, Make make) {
    std::string out;
    for (int tries = 0; tries < 2000; ++tries) {
      out = make();
      // Of what coercion checks before a number's own rule, finiteness alone does not go without saying here.
      if ((shape.kind != patchbay::FieldKind::number || is_finite(out)) && shape.check(out)) return out;
    }
    return out;
  }

  Chance& chance_;
};

/// Spells a value: without white space in the order in which it stands, or as chance has it.
class JsonSpeller {
 public:
  JsonSpeller() = default;
  explicit JsonSpeller(Chance& chance) noexcept : chance_(&chance) {}

  [[nodiscard]] std::string operator()(const JsonTree& tree) {
    std::string out;
    spell(out, tree);
    return out;
  }

 private:
  void space(std::string& out) {
    if (chance_ != nullptr && chance_->once_in(6)) out.append(chance_->pick(std::array<std::string_view, 3>{" ", "\t ", "  "}));
  }
  void quoted(std::string& out, std::string_view plain) {
    static constexpr char hex[] = "0123456789abcdef";
    out.push_back('"');
    for (const char c : plain) {
      const auto byte = static_cast<unsigned char>(c);
      const bool must = byte < 0x20 || c == '"' || c == '\\';
      if (must || (byte < 0x80 && chance_ != nullptr && chance_->once_in(24))) {
        out.append("\\u00").push_back(hex[byte >> 4]);
        out.push_back(hex[byte & 15]);
      } else {
        out.push_back(c);
      }
    }
    out.push_back('"');
  }
  void spell(std::string& out, const JsonTree& tree) {
    space(out);
    switch (tree.kind) {
      case JsonTree::Kind::literal:
      case JsonTree::Kind::number: out.append(tree.text); break;
      case JsonTree::Kind::string: quoted(out, tree.text); break;
      case JsonTree::Kind::array:
      case JsonTree::Kind::object: {
        const bool is_object = tree.kind == JsonTree::Kind::object;
        std::vector<std::size_t> order(tree.items.size());
        for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
        if (is_object && chance_ != nullptr)
          for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[chance_->below(i)]);
        out.push_back(is_object ? '{' : '[');
        for (std::size_t i = 0; i < order.size(); ++i) {
          if (i != 0) out.push_back(',');
          if (is_object) {
            space(out);
            quoted(out, tree.names[order[i]]);
            space(out);
            out.push_back(':');
          }
          spell(out, tree.items[order[i]]);
        }
        out.push_back(is_object ? '}' : ']');
      }
    }
    space(out);
  }

  Chance* chance_ = nullptr;
};

}  // namespace patchbay_test
