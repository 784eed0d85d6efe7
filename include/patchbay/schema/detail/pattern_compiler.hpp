// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include <patchbay/schema/detail/pattern_problem.hpp>
#include <patchbay/schema/detail/pattern_program.hpp>
#include <patchbay/schema/detail/pattern_reader.hpp>

namespace patchbay::detail {

/// Goes through a pattern's grammar and builds its automaton, while compiling: with functions over arrays, not with
/// templates, so that the work stays far below the limits that compilers set to constant expressions.
///
/// A counted part is read once for each of its copies, which so become states of their own.
class PatternCompiler : public PatternReader {
 public:
  static constexpr std::size_t max_states = 512;
  static constexpr std::size_t words = max_states / 64;
  using Set = PatternSet<words>;

  constexpr explicit PatternCompiler(std::string_view source) noexcept : PatternReader(source) {
    if (good()) whole_ = alternatives();
    if (good() && at_ < source.size()) fail(PatternProblem::unopened_group, at_);
    source_ = {};  // so that the compiler can be a constant: the text need not be one
  }

  std::size_t states = 0;
  std::size_t classes = 0;

  /// The automaton, in the size that it has.
  template <std::size_t Words, std::size_t States, std::size_t Classes, std::size_t Ranges>
  [[nodiscard]] constexpr PatternProgram<Words, States, Classes, Ranges> program() const noexcept {
    PatternProgram<Words, States, Classes, Ranges> out;
    out.takes_empty = whole_.takes_empty;
    const auto copy = [](const Set& from) {
      PatternSet<Words> to{};
      for (std::size_t w = 0; w < Words; ++w) to[w] = from[w];
      return to;
    };
    out.first = copy(whole_.first);
    out.last = copy(whole_.last);
    for (std::size_t i = 0; i < Classes; ++i) out.classes[i] = classes_[i];
    for (std::size_t i = 0; i < Ranges; ++i) out.ranges[i] = ranges_[i];
    for (std::size_t s = 0; s < States; ++s) {
      out.follow[s] = copy(follow_[s]);
      out.class_of[s] = class_of_[s];
      const PatternClass& of = classes_[class_of_[s]];
      const std::uint64_t bit = std::uint64_t{1} << (s % 64);
      // What is not in the class, when it is negated, is struck out again.
      if (of.negated)
        for (std::size_t c = 0; c < 128; ++c) out.ascii[c][s / 64] |= bit;
      for (std::size_t i = of.begin; i < of.end; ++i)
        for (char32_t c = ranges_[i].first; c <= ranges_[i].last && c < 128; ++c) {
          std::uint64_t& word = out.ascii[c][s / 64];
          word = of.negated ? word & ~bit : word | bit;
        }
    }
    return out;
  }

 private:
  /// A part of the automaton.
  struct Part {
    bool takes_empty = true;
    Set first{};
    Set last{};
  };
  /// A character class, by the place in the source where it is written.
  struct Written {
    std::uint16_t index = 0;
    std::uint16_t end = 0;  // 0: not read yet
  };
  static constexpr std::size_t unlimited = static_cast<std::size_t>(-1);
  static constexpr int max_depth = 24;
  static constexpr std::size_t max_work = 40'000;

  /// Patterns whose counts multiply are stopped here, before the compiler stops them less politely.
  constexpr void spend(std::size_t work) noexcept {
    work_ += work;
    if (work_ > max_work) fail(PatternProblem::too_large, at_);
  }

  // Sets and parts.
  using PatternReader::add;
  constexpr void add(Set& to, const Set& from) const noexcept {
    for (std::size_t w = 0; w * 64 < states; ++w) to[w] |= from[w];
  }
  constexpr void link(const Set& from, const Set& to) noexcept {
    each_state(from, (states + 63) / 64, [&](std::size_t state) {
      add(follow_[state], to);
      spend(1 + states / 64);
    });
  }
  constexpr Part then(const Part& a, const Part& b) noexcept {
    link(a.last, b.first);
    Part out{a.takes_empty && b.takes_empty, a.first, b.last};
    if (a.takes_empty) add(out.first, b.first);
    if (b.takes_empty) add(out.last, a.last);
    return out;
  }
  constexpr Part repeated(const Part& a) noexcept {
    link(a.last, a.first);
    return a;
  }

  // The grammar, from its top down.
  constexpr Part alternatives() noexcept {
    Part out = sequence();
    while (good() && take('|')) {
      const Part other = sequence();
      out.takes_empty |= other.takes_empty;
      add(out.first, other.first);
      add(out.last, other.last);
    }
    return out;
  }
  constexpr Part sequence() noexcept {
    Part out;
    for (bool empty = true; good() && at_ < source_.size() && !is_at('|') && !is_at(')'); empty = false) {
      const Part next = quantified();
      out = empty ? next : then(out, next);
    }
    return out;
  }

  constexpr Part quantified() noexcept {
    const std::size_t start = at_;
    Part one = atom();
    if (!good() || !is_at_any("?*+{")) return one;
    const std::size_t quantifier = at_;
    std::size_t least = 0, most = unlimited;
    if (take('?')) {
      most = 1;
    } else if (take('+')) {
      least = 1;
    } else if (!take('*')) {
      counts(least, most);
    }
    if (is_at_any("?*+{")) fail(PatternProblem::repeated_twice, at_);
    if (least > max_states || (most > max_states && most != unlimited)) fail(PatternProblem::too_large, quantifier);
    if (!good()) return one;
    return copies(one, start, least, most);
  }

  /// `least` to `most` of what was read as `one` at `start`.
  constexpr Part copies(const Part& one, std::size_t start, std::size_t least, std::size_t most) noexcept {
    const std::size_t end = at_;
    const auto again = [&] {
      at_ = start;
      const Part out = atom();
      at_ = end;
      return out;
    };
    if (most == 0) return {};
    bool used = false;
    const auto next = [&] { return used ? again() : (used = true, one); };
    Part out;
    if (most == unlimited) {
      for (std::size_t i = 1; i < least && good(); ++i) out = then(out, next());
      Part rest = repeated(next());
      rest.takes_empty |= least == 0;
      return then(out, rest);
    }
    for (std::size_t i = 0; i < least && good(); ++i) out = then(out, next());
    // From the right, `(x(x)?)?`, so that few states come behind each.
    Part rest;
    for (std::size_t i = least; i < most && good(); ++i) {
      rest = then(next(), rest);
      rest.takes_empty = true;
    }
    return then(out, rest);
  }

  constexpr void counts(std::size_t& least, std::size_t& most) noexcept {
    const std::size_t start = at_++;
    const auto number = [this](std::size_t& out) {
      const std::size_t begin = at_;
      out = 0;
      for (; is_at_any("0123456789"); ++at_)
        if (out <= max_states) out = out * 10 + static_cast<std::size_t>(source_[at_] - '0');
      return at_ != begin;
    };
    if (!number(least)) return fail(PatternProblem::bad_count, start);
    most = least;
    if (take(',') && !number(most)) most = unlimited;
    if (!take('}')) return fail(PatternProblem::bad_count, start);
    if (most < least) fail(PatternProblem::reversed_count, start);
  }

  constexpr Part atom() noexcept {
    const std::size_t start = at_;
    const char c = source_[at_];
    if (c == '(') return group();
    if (c == '?' || c == '*' || c == '+' || c == '{') return fail(PatternProblem::nothing_to_repeat, at_), Part{};
    if (c == ']' || c == '}') return fail(PatternProblem::bracket, at_), Part{};
    if (c == '^' || c == '$') return fail(PatternProblem::anchor, at_), Part{};
    if (written_[start].end == 0) {
      PatternClass of{static_cast<std::uint16_t>(ranges), 0, false};
      if (take('.')) {
        of.negated = true;
        for (const PatternRange& each : line_ends) add(each);
      } else if (take('[')) {
        of.negated = take('^');
        members(start);
      } else {
        add(one_of("^$\\.*+?()[]{}|/"));
      }
      of.end = static_cast<std::uint16_t>(ranges);
      if (!good()) return {};
      written_[start] = {static_cast<std::uint16_t>(classes), static_cast<std::uint16_t>(at_)};
      classes_[classes++] = of;
    }
    at_ = written_[start].end;
    if (states == max_states) return fail(PatternProblem::too_large, start), Part{};
    const std::size_t state = states++;
    class_of_[state] = written_[start].index;
    Part out;
    out.takes_empty = false;
    out.first[state / 64] = out.last[state / 64] = std::uint64_t{1} << (state % 64);
    return out;
  }

  constexpr Part group() noexcept {
    const std::size_t start = at_++;
    if (is_at('?')) {
      if (!source_.substr(at_).starts_with("?:")) return fail(PatternProblem::special_group, start), Part{};
      at_ += 2;
    }
    if (++depth_ > max_depth) return fail(PatternProblem::too_deep, start), Part{};
    const Part out = alternatives();
    --depth_;
    if (good() && !take(')')) fail(PatternProblem::unclosed_group, start);
    return out;
  }

  std::size_t work_ = 0;
  int depth_ = 0;
  Part whole_;
  std::array<Set, max_states> follow_{};
  std::array<std::uint16_t, max_states> class_of_{};
  std::array<PatternClass, max_bytes> classes_{};
  std::array<Written, max_bytes> written_{};
};

}  // namespace patchbay::detail
