// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// Patterns: an input is a pattern, a line feed, and a text. What the automaton says of the text is held against a reading
// of the pattern as a tree, matched by sets of places: slow, and of another kind.
#include "fuzz/law.hpp"

#include <patchbay/schema/pattern.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using patchbay_fuzz::law;

namespace {

std::vector<char32_t> points_of(std::string_view text) {
  std::vector<char32_t> out;
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = patchbay::detail::utf8_sequence(text, i);
    out.push_back(patchbay::detail::utf8_code_point(text, i, length));
    i += length;
  }
  return out;
}

/// A part of a pattern.
struct Tree {
  enum class Kind { characters, sequence, either, repeat } kind = Kind::sequence;
  std::vector<std::pair<char32_t, char32_t>> ranges{};
  bool negated = false;
  std::vector<Tree> parts{};
  std::size_t least = 0, most = 0;
};
constexpr std::size_t unlimited = static_cast<std::size_t>(-1);

class Reader {
 public:
  explicit Reader(std::u32string source) : source_(std::move(source)) {}

  std::optional<Tree> whole() {
    Tree out = either();
    return fine_ && at_ == source_.size() ? std::optional(out) : std::nullopt;
  }

 private:
  [[nodiscard]] char32_t look() const { return at_ < source_.size() ? source_[at_] : 0; }
  [[nodiscard]] bool at_end() const { return at_ == source_.size(); }
  bool take(char32_t c) { return !at_end() && source_[at_] == c ? (++at_, true) : false; }
  void wrong() { fine_ = false, at_ = source_.size(); }

  Tree either() {
    Tree out{.kind = Tree::Kind::either};
    do {
      Tree sequence;
      while (!at_end() && look() != '|' && look() != ')') sequence.parts.push_back(repeat());
      out.parts.push_back(std::move(sequence));
    } while (take('|'));
    return out;
  }
  Tree repeat() {
    Tree part = atom();
    std::size_t least = 1, most = 1;
    if (take('?')) {
      least = 0;
    } else if (take('*')) {
      least = 0, most = unlimited;
    } else if (take('+')) {
      most = unlimited;
    } else if (take('{')) {
      if (!number(least)) return wrong(), part;
      most = least;
      if (take(',') && !number(most)) most = unlimited;
      if (!take('}') || most < least) return wrong(), part;
    } else {
      return part;
    }
    if (look() == '?' || look() == '*' || look() == '+' || look() == '{') wrong();
    Tree out{.kind = Tree::Kind::repeat, .least = least, .most = most};
    out.parts.push_back(std::move(part));
    return out;
  }
  bool number(std::size_t& out) {
    const std::size_t from = at_;
    std::size_t value = 0;
    for (; look() >= '0' && look() <= '9'; ++at_)
      if (value < 1'000'000) value = value * 10 + (look() - '0');
    if (at_ != from) out = value;
    return at_ != from;
  }
  Tree atom() {
    const char32_t c = look();
    Tree out{.kind = Tree::Kind::characters};
    if (take('(')) {
      if (take('?') && !take(':')) return wrong(), out;
      if (++depth_ > 100) return wrong(), out;  // the automaton's reader has refused it long before
      out = either();
      --depth_;
      if (!take(')')) wrong();
      return out;
    }
    if (std::u32string_view(U"?*+{]}^$").find(c) != std::u32string_view::npos) return wrong(), out;
    if (take('.')) {
      out.negated = true;
      out.ranges = {{'\n', '\n'}, {'\r', '\r'}, {0x2028, 0x2029}};
    } else if (take('[')) {
      out.negated = take('^');
      if (look() == ']') wrong();
      while (!take(']')) {
        if (at_end()) return wrong(), out;
        member(out);
      }
    } else if (c == '\\') {
      escape(out, false);
    } else {
      ++at_;
      out.ranges = {{c, c}};
    }
    return out;
  }
  void member(Tree& out) {
    Tree low, high;
    one(low);
    if (look() == '-' && at_ + 1 < source_.size() && source_[at_ + 1] != ']') {
      ++at_;
      one(high);
      const bool both = low.ranges.size() == 1 && high.ranges.size() == 1 && low.ranges[0].first == low.ranges[0].second &&
                        high.ranges[0].first == high.ranges[0].second;
      if (!both || low.ranges[0].first > high.ranges[0].first) return wrong();
      low.ranges[0].second = high.ranges[0].first;
    }
    out.ranges.insert(out.ranges.end(), low.ranges.begin(), low.ranges.end());
  }
  void one(Tree& out) {
    if (at_end()) return wrong();
    if (look() == '\\') return escape(out, true);
    out.ranges.emplace_back(look(), look());
    ++at_;
  }
  void escape(Tree& out, bool in_class) {
    ++at_;
    if (at_end()) return wrong();
    const char32_t c = source_[at_++];
    const auto all = [&](std::vector<std::pair<char32_t, char32_t>> ranges, bool negated) {
      char32_t next = 0;
      for (const auto& [first, last] : ranges) {
        if (!negated) out.ranges.emplace_back(first, last);
        if (negated && first > next) out.ranges.emplace_back(next, first - 1);
        next = last + 1;
      }
      if (negated) out.ranges.emplace_back(next, 0x10ffff);
    };
    switch (c) {
      case 'd':
      case 'D': return all({{'0', '9'}}, c == 'D');
      case 'w':
      case 'W': return all({{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}}, c == 'W');
      case 's':
      case 'S':
        return all({{9, 13}, {32, 32}, {0xa0, 0xa0}, {0x1680, 0x1680}, {0x2000, 0x200a}, {0x2028, 0x2029},
                    {0x202f, 0x202f}, {0x205f, 0x205f}, {0x3000, 0x3000}, {0xfeff, 0xfeff}}, c == 'S');
      case 'n': return all({{'\n', '\n'}}, false);
      case 'r': return all({{'\r', '\r'}}, false);
      case 't': return all({{'\t', '\t'}}, false);
      case 'f': return all({{'\f', '\f'}}, false);
      case 'v': return all({{'\v', '\v'}}, false);
      case 'x': return hexadecimal(out, 2, 2);
      case 'u':
        if (!take('{')) return hexadecimal(out, 4, 4);
        hexadecimal(out, 1, 600);
        if (!take('}')) wrong();
        return;
      default: break;
    }
    if (std::u32string_view(U"^$\\.*+?()[]{}|/").find(c) == std::u32string_view::npos && !(in_class && c == '-'))
      return wrong();
    out.ranges.emplace_back(c, c);
  }
  void hexadecimal(Tree& out, int least, int most) {
    char32_t point = 0;
    int count = 0;
    for (; count < most; ++count, ++at_) {
      const char32_t c = look();
      const char32_t digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : 99;
      if (digit == 99) break;
      if (point <= 0x10ffff) point = point * 16 + digit;
    }
    if (count < least || point > 0x10ffff || (point >= 0xd800 && point < 0xe000)) return wrong();
    out.ranges.emplace_back(point, point);
  }

  std::u32string source_;
  std::size_t at_ = 0;
  int depth_ = 0;
  bool fine_ = true;
};

/// The places to which `tree` leads from those in `from`.
std::set<std::size_t> match(const Tree& tree, const std::set<std::size_t>& from, const std::vector<char32_t>& text) {
  std::set<std::size_t> out;
  switch (tree.kind) {
    case Tree::Kind::characters:
      for (const std::size_t at : from) {
        if (at == text.size()) continue;
        bool in = tree.negated;
        for (const auto& [first, last] : tree.ranges)
          if (text[at] >= first && text[at] <= last) in = !tree.negated;
        if (in) out.insert(at + 1);
      }
      return out;
    case Tree::Kind::sequence:
      out = from;
      for (const Tree& part : tree.parts) out = match(part, out, text);
      return out;
    case Tree::Kind::either:
      for (const Tree& part : tree.parts) out.merge(match(part, from, text));
      return out;
    case Tree::Kind::repeat: {
      std::set<std::size_t> here = from;
      for (std::size_t i = 0; i < tree.least && !here.empty(); ++i) here = match(tree.parts[0], here, text);
      out = here;
      // Rounds that add no place add none ever after.
      for (std::size_t i = tree.least; i < tree.most && !here.empty(); ++i) {
        here = match(tree.parts[0], here, text);
        const std::size_t before = out.size();
        out.insert(here.begin(), here.end());
        if (out.size() == before) break;
      }
      return out;
    }
  }
  return out;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using patchbay::detail::PatternCompiler;
  using patchbay::detail::PatternProblem;
  const std::string_view input = patchbay_fuzz::as_text(data, size);
  const std::string_view pattern = input.substr(0, input.find('\n'));
  const std::string_view text = input.substr(std::min(pattern.size() + 1, input.size()));
  const auto compiler = std::make_unique<PatternCompiler>(pattern);  // too large for a stack, which it never sees elsewhere
  if (!patchbay::detail::is_utf8(pattern)) {
    law(!compiler->good(), "a pattern is UTF-8", {pattern});
    return 0;
  }
  if (compiler->problem == PatternProblem::too_large || compiler->problem == PatternProblem::too_deep) return 0;
  const std::vector<char32_t> points = points_of(pattern);
  const std::optional<Tree> tree = Reader(std::u32string(points.begin(), points.end())).whole();
  law(compiler->good() == tree.has_value(), "what is a pattern is so for both", {pattern});
  if (!tree || !patchbay::detail::is_utf8(text) || text.size() > 256) return 0;
  const auto program = std::make_unique<patchbay::detail::PatternProgram<PatternCompiler::words, PatternCompiler::max_states,
                                                                         PatternCompiler::max_bytes, PatternCompiler::max_ranges>>(
      compiler->program<PatternCompiler::words, PatternCompiler::max_states, PatternCompiler::max_bytes, PatternCompiler::max_ranges>());
  const std::vector<char32_t> characters = points_of(text);
  const bool expected = match(*tree, {0}, characters).contains(characters.size());
  law(program->matches(text) == expected, expected ? "the text is of the pattern" : "the text is not of the pattern",
      {pattern, text});
  return 0;
}
