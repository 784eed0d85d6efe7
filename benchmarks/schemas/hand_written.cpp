// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// The three jobs as a careful programmer writes them for these types alone, without any library: one pass over the
// bytes, nothing stored in between. Twice: as far as it goes, and as most would write it.
//
// The limit looks at sixteen bytes at a time wherever text is long, copies to the output what is the same in the input,
// knows that what the rules let through needs no escape, and expects members in their order. The plain one looks at the
// input byte by byte, and at sixteen bytes only to find what its output must escape.

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>  // memcmp
#include <string>
#include <string_view>
#include <system_error>

#include "buffer.hpp"
#include "cases.hpp"
#include "rules.hpp"
#include "work.hpp"

namespace patchbay::benchmarks {
namespace {

/// A JSON string as it stands in the text, checked.
struct Token {
  std::string_view raw;   ///< Between the quotes.
  std::size_t plain = 0;  ///< Bytes of what it stands for.
  bool has_escape = false;
};

/// A place in JSON text that moves on.
template <bool is_plain>
class Cursor {
 public:
  explicit Cursor(std::string_view text) noexcept : at_(text.data()), end_(text.data() + text.size()) {}

  void skip_space() noexcept {
    while (at_ < end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\t' || *at_ == '\r')) ++at_;
  }
  [[nodiscard]] bool take(char c) noexcept {
    skip_space();
    if (at_ == end_ || *at_ != c) return false;
    ++at_;
    return true;
  }
  [[nodiscard]] char peek() noexcept {
    skip_space();
    return at_ < end_ ? *at_ : '\0';
  }
  [[nodiscard]] bool done() noexcept {
    skip_space();
    return at_ == end_;
  }
  /// Whether `name` and a quote come next; they are taken.
  [[nodiscard]] bool take_name(std::string_view name) noexcept {
    if (static_cast<std::size_t>(end_ - at_) <= name.size() || at_[name.size()] != '"' ||
        std::memcmp(at_, name.data(), name.size()) != 0)
      return false;
    at_ += name.size() + 1;
    return true;
  }
  [[nodiscard]] bool take_word(std::string_view word) noexcept {
    if (static_cast<std::size_t>(end_ - at_) < word.size() || std::memcmp(at_, word.data(), word.size()) != 0)
      return false;
    at_ += word.size();
    return true;
  }

  /// The rest of a string whose first quote is taken.
  [[nodiscard]] bool string(Token& out) noexcept {
    const char* const begin = at_;
    std::size_t saved = 0;  // bytes by which what the escapes stand for is shorter
    out.has_escape = false;
    for (;;) {
      if constexpr (is_plain) {
        while (at_ < end_ && static_cast<signed char>(*at_) >= 0x20 && *at_ != '"' && *at_ != '\\') ++at_;
      } else {
        at_ = rules::end_of_plain(at_, end_);
      }
      if (at_ == end_) return false;
      const auto byte = static_cast<unsigned char>(*at_);
      if (byte == '"') {
        out.raw = {begin, static_cast<std::size_t>(at_ - begin)};
        out.plain = out.raw.size() - saved;
        ++at_;
        return true;
      }
      if (byte >= 0x80) {
        const std::size_t length = rules::utf8_sequence(at_, end_);
        if (length == 0) return false;
        at_ += length;
        continue;
      }
      if (byte != '\\' || end_ - at_ < 2) return false;
      out.has_escape = true;
      switch (at_[1]) {
        case '"':
        case '\\':
        case '/':
        case 'b':
        case 'f':
        case 'n':
        case 'r':
        case 't':
          at_ += 2;
          saved += 1;
          break;
        case 'u': {
          const std::int32_t unit = hex4(at_ + 2);
          if (unit < 0 || (unit >= 0xdc00 && unit < 0xe000)) return false;
          at_ += 6;
          if (unit >= 0xd800 && unit < 0xdc00) {
            if (end_ - at_ < 6 || at_[0] != '\\' || at_[1] != 'u') return false;
            const std::int32_t other = hex4(at_ + 2);
            if (other < 0xdc00 || other >= 0xe000) return false;
            at_ += 6;
            saved += 12 - 4;
          } else {
            saved += 6 - (unit < 0x80 ? 1U : unit < 0x800 ? 2U : 3U);
          }
          break;
        }
        default:
          return false;
      }
    }
  }
  [[nodiscard]] bool number(std::string_view& out) noexcept {
    const char* const end = rules::end_of_number(at_, end_);
    if (end == nullptr) return false;
    out = {at_, static_cast<std::size_t>(end - at_)};
    at_ = end;
    return true;
  }
  /// Walks one value in full; `put` is given each piece without white space.
  template <class Put>
  [[nodiscard]] bool walk(int depth, const Put& put) noexcept {
    switch (peek()) {
      case '"': {
        ++at_;
        Token token;
        if (!string(token)) return false;
        put({token.raw.data() - 1, token.raw.size() + 2});
        return true;
      }
      case '{':
      case '[': {
        const bool object = *at_++ == '{';
        const char close = object ? '}' : ']';
        if (depth <= 0) return false;
        put(object ? "{" : "[");
        if (peek() == close) {
          ++at_;
          put({&close, 1});
          return true;
        }
        for (;;) {
          if (object) {
            Token key;
            if (!take('"') || !string(key) || !take(':')) return false;
            put({key.raw.data() - 1, key.raw.size() + 2});
            put(":");
          }
          if (!walk(depth - 1, put)) return false;
          const char next = peek();
          ++at_;
          if (next == close) {
            put({&close, 1});
            return true;
          }
          if (next != ',') return false;
          put(",");
        }
      }
      case 't':
        return literal("true", put);
      case 'f':
        return literal("false", put);
      case 'n':
        return literal("null", put);
      default: {
        std::string_view text;
        if (!number(text) || !rules::is_finite(text)) return false;
        put(text);
        return true;
      }
    }
  }
  void step() noexcept { ++at_; }
  /// Steps over one value: its texts are checked as texts, and its brackets are counted; the rest is not looked at.
  [[nodiscard]] bool skip() noexcept {
    int depth = 0;
    for (; at_ < end_; ++at_) {
      switch (*at_) {
        case '"': {
          ++at_;
          Token token;
          if (!string(token)) return false;
          --at_;
          break;
        }
        case '{':
        case '[':
          ++depth;
          break;
        case '}':
        case ']':
          if (depth == 0) return true;
          --depth;
          break;
        case ',':
          if (depth == 0) return true;
          break;
        default:
          break;
      }
    }
    return false;
  }

 private:
  template <class Put>
  [[nodiscard]] bool literal(std::string_view word, const Put& put) noexcept {
    if (!take_word(word)) return false;
    put(word);
    return true;
  }
  [[nodiscard]] std::int32_t hex4(const char* at) const noexcept {
    if (end_ - at < 4) return -1;
    std::int32_t value = 0;
    for (int i = 0; i < 4; ++i) {
      const char c = at[i];
      const int digit = rules::is_digit(c)                       ? c - '0'
                        : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10
                                                                 : -1;
      if (digit < 0) return -1;
      value = value * 16 + digit;
    }
    return value;
  }

  const char* at_;
  const char* end_;
};

/// What a checked JSON string with escapes stands for.
void unescape(std::string_view raw, std::string& out) {
  out.clear();
  const auto unit = [&](std::size_t at) {
    std::uint32_t value = 0;
    for (std::size_t i = at; i < at + 4; ++i) {
      const char c = raw[i];
      value = value * 16 + static_cast<std::uint32_t>(rules::is_digit(c) ? c - '0' : (c | 0x20) - 'a' + 10);
    }
    return value;
  };
  const auto put = [&](std::uint32_t byte) { out.push_back(static_cast<char>(static_cast<unsigned char>(byte))); };
  for (std::size_t i = 0; i < raw.size();) {
    if (raw[i] != '\\') {
      out.push_back(raw[i++]);
      continue;
    }
    const char c = raw[i + 1];
    i += 2;
    switch (c) {
      case 'b':
        out.push_back('\b');
        break;
      case 'f':
        out.push_back('\f');
        break;
      case 'n':
        out.push_back('\n');
        break;
      case 'r':
        out.push_back('\r');
        break;
      case 't':
        out.push_back('\t');
        break;
      case 'u': {
        std::uint32_t point = unit(i);
        i += 4;
        if (point >= 0xd800 && point < 0xdc00) {
          point = 0x10000 + ((point - 0xd800) << 10) + (unit(i + 2) - 0xdc00);
          i += 6;
        }
        if (point < 0x80) {
          put(point);
        } else if (point < 0x800) {
          put(0xc0 | point >> 6), put(0x80 | (point & 0x3f));
        } else if (point < 0x10000) {
          put(0xe0 | point >> 12), put(0x80 | (point >> 6 & 0x3f)), put(0x80 | (point & 0x3f));
        } else {
          put(0xf0 | point >> 18), put(0x80 | (point >> 12 & 0x3f)), put(0x80 | (point >> 6 & 0x3f)),
              put(0x80 | (point & 0x3f));
        }
        break;
      }
      default:
        out.push_back(c);
    }
  }
}

template <bool is_plain>
class HandWritten final : public Contender {
  using Cursor = benchmarks::Cursor<is_plain>;

 public:
  HandWritten() : Contender(is_plain ? "hand-written, plain" : "hand-written, limit", skipped_values) {}

  std::string_view hold(const Hold& command) override {
    if (!is_uuid(command.interaction) || !rules::is_reason(command.reason) || command.priority < 0 ||
        command.priority > 9 || (command.music && !is_media_file(*command.music)) ||
        (command.prompt && !is_media_file(*command.prompt)))
      return {};
    return write(command);
  }
  std::string_view valid_hold() override { return write(measured_hold); }

  std::string_view coerce(std::string_view json) override {
    using namespace rules;
    Cursor in(json);
    out_.begin(json.size() * (is_plain ? 6 : 1) + 256);
    out_.put('{');
    if (!in.take('{')) return {};
    unsigned seen = 0, next = 0;
    bool any = false;
    if (in.peek() == '}') return {};  // there are required ones
    do {
      if (!in.take('"')) return {};
      Variable which;
      if (!is_plain && next < names.size() && in.take_name(names[next])) {
        which = static_cast<Variable>(next);
      } else {
        Token key;
        if (!in.string(key)) return {};
        which = variable(plain(key), next);
        if (which == unknown) return {};
      }
      next = which + 1U;
      if (seen & 1U << which) return {};
      seen |= 1U << which;
      if (!in.take(':')) return {};
      char* const before = out_.mark();
      if (any) out_.put(',');
      out_.quoted(names[which]);
      out_.put(':');
      bool absent = false;
      if (!value(which, in, absent)) return {};
      if (absent) {
        out_.cut(before);
      } else {
        any = true;
      }
    } while (in.take(','));
    if (!in.take('}') || !in.done() || (seen & all_required) != all_required) return {};
    out_.put('}');
    return out_.view();
  }

  bool decode(const Body& answer, Interaction& out) override {
    static constexpr std::array<std::string_view, 5> names{"id", "state", "routingData", "customAttributes", "held"};
    Cursor in(answer.view());
    const unsigned seen = members(in, names, [&](std::size_t which) {
      switch (which) {
        case 0:
          return text(in, out.id);
        case 1:
          return text(in, out.state);
        case 2:
          return routing(in, out.routingData);
        case 3:
          return attributes(in, out.customAttributes);
        default:
          break;
      }
      if (in.peek() == 'n') return in.take_word("null");
      bool held = false;
      if (!truth_value(in, held)) return false;
      out.held = held;
      return true;
    });
    return (seen & 15) == 15 && in.done();
  }

 private:
  static bool is_uuid(std::string_view text) noexcept {
    if constexpr (!is_plain) return rules::is_uuid(text);
    if (text.size() != 36) return false;
    for (std::size_t i = 0; i < text.size(); ++i) {
      const char c = text[i];
      const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
      if (dash ? c != '-' : !rules::is_digit(c) && !((c | 0x20) >= 'a' && (c | 0x20) <= 'f')) return false;
    }
    return true;
  }
  static bool is_media_file(std::string_view text) noexcept {
    if constexpr (!is_plain) return rules::is_media_file(text);
    for (const char c : text)
      if (!rules::media_characters[static_cast<unsigned char>(c)]) return false;
    return rules::has_media_extension(text);
  }
  /// Text that a rule let through which lets nothing through that needs an escape.
  bool quoted(std::string_view text) noexcept {
    if constexpr (is_plain) return out_.escaped(text);
    out_.quoted(text);
    return true;
  }
  bool text_out(const Token& token) {
    if constexpr (is_plain) return out_.escaped(plain(token));
    out_.quoted(token.raw);
    return true;
  }
  std::string_view write(const Hold& command) {
    out_.begin(2048);
    out_.literal(R"({"type":"hold","interactionId":)");
    bool fine = quoted(command.interaction);
    out_.literal(R"(,"holdReason":)");
    fine &= quoted(command.reason);
    out_.literal(R"(,"priority":)");
    out_.put(static_cast<char>('0' + command.priority));
    if (command.music) {
      out_.literal(R"(,"holdMusic":)");
      fine &= quoted(*command.music);
    }
    if (command.prompt) {
      out_.literal(R"(,"holdPrompt":)");
      fine &= quoted(*command.prompt);
    }
    out_.put('}');
    return fine ? out_.view() : std::string_view();
  }

  std::string_view plain(const Token& token) {
    if (!token.has_escape) return token.raw;
    unescape(token.raw, scratch_);
    return scratch_;
  }

  bool value(rules::Variable which, Cursor& in, bool& absent) {
    using rules::balance, rules::conversation, rules::duration, rules::metadata, rules::note, rules::supervisor,
        rules::tier, rules::unknown;
    using rules::is_duration, rules::is_language, rules::is_number, rules::max_depth, rules::max_note;
    const char first = in.peek();
    if (first == '"') {
      in.step();
      Token token;
      if (!in.string(token)) return false;
      switch (which) {
        case tier:
          return text_out(token);
        case note:
          return token.plain <= max_note && text_out(token);
        case rules::language:
          return is_language(plain(token)) && quoted(plain(token));
        case conversation:
          return is_uuid(plain(token)) && quoted(plain(token));
        case duration:
          return is_duration(plain(token)) && (put_integer(plain(token)), true);
        case balance:
          return is_number(plain(token)) && (out_.copy(plain(token)), true);
        case supervisor:
          return put_truth(rules::truth(plain(token)));
        case metadata: {
          Cursor inner(plain(token));
          return inner.peek() == '{' && inner.walk(max_depth, [this](std::string_view piece) { out_.copy(piece); }) &&
                 inner.done();
        }
        case unknown:
          return false;
      }
      return false;
    }
    switch (which) {
      case duration:
      case balance: {
        std::string_view number;
        if (!in.number(number)) return false;
        if (which == balance) return rules::is_finite(number) && (out_.copy(number), true);
        return is_duration(number) && (put_integer(number), true);
      }
      case supervisor:
        if (first == 't') return in.take_word("true") && put_truth(1);
        if (first == 'f') return in.take_word("false") && put_truth(0);
        {
          std::string_view number;
          return in.number(number) && (number == "1" || number == "0") && put_truth(number == "1");
        }
      case metadata:
        return first == '{' && in.walk(max_depth, [this](std::string_view piece) { out_.copy(piece); });
      case note:
        return absent = true, in.take_word("null");
      default:
        return false;
    }
  }
  void put_integer(std::string_view number) { number == "-0" ? out_.put('0') : out_.copy(number); }
  bool put_truth(int truth) {
    if (truth == 1) {
      out_.literal("true");
    } else if (truth == 0) {
      out_.literal("false");
    }
    return truth >= 0;
  }

  /// Reads an object's members; `visit` is given the place of a name among `names`, in whose order they mostly come.
  /// What is not named there is skipped. Which of them were there; 0 when the object is refused.
  template <std::size_t N, class Visit>
  unsigned members(Cursor& in, const std::array<std::string_view, N>& names, const Visit& visit) {
    unsigned seen = 0;
    std::size_t next = 0;
    if (!in.take('{') || in.peek() == '}') return 0;
    do {
      if (!in.take('"')) return 0;
      std::size_t which = next;
      if (is_plain || next == N || !in.take_name(names[next])) {
        Token key;
        if (!in.string(key)) return 0;
        const std::string_view name = plain(key);
        for (which = 0; which < N && names[which] != name;) ++which;
      }
      if (!in.take(':')) return 0;
      if (which == N) {
        if (!in.skip()) return 0;
        continue;
      }
      if (seen & 1U << which) return 0;
      seen |= 1U << which;
      next = which + 1;
      in.skip_space();
      if (!visit(which)) return 0;
    } while (in.take(','));
    return in.take('}') ? seen : 0;
  }
  bool text(Cursor& in, std::string& out) {
    Token token;
    if (!in.take('"') || !in.string(token)) return false;
    if (token.has_escape) {
      unescape(token.raw, out);
    } else {
      out.assign(token.raw);
    }
    return true;
  }
  static bool truth_value(Cursor& in, bool& out) noexcept {
    out = in.peek() == 't';
    return out ? in.take_word("true") : in.take_word("false");
  }
  bool routing(Cursor& in, RoutingData& out) {
    static constexpr std::array<std::string_view, 2> names{"skillGroup", "orgId"}, inner{"id", "name"};
    return members(in, names, [&](std::size_t which) {
             if (which == 1) return text(in, out.orgId);
             return members(in, inner, [&](std::size_t part) {
                      return text(in, part == 0 ? out.skillGroup.id : out.skillGroup.name);
                    }) == 3;
           }) == 3;
  }
  bool attributes(Cursor& in, CustomAttributes& out) {
    static constexpr std::array<std::string_view, 7> names{
        "ivr_state",          "flow_node", "last_updated", "transition_id", "customer_tier", "call_duration_seconds",
        "requires_supervisor"};
    return members(in, names, [&](std::size_t which) {
             switch (which) {
               case 0:
                 return text(in, out.ivr_state);
               case 1:
                 return text(in, out.flow_node);
               case 2:
                 return text(in, out.last_updated);
               case 3:
                 return text(in, out.transition_id);
               case 4:
                 return text(in, out.customer_tier);
               case 6:
                 return truth_value(in, out.requires_supervisor);
               default:
                 break;
             }
             std::string_view number;
             if (!in.number(number)) return false;
             const auto [end, error] =
                 std::from_chars(number.data(), number.data() + number.size(), out.call_duration_seconds);
             return error == std::errc{} && end == number.data() + number.size();
           }) == 127;
  }

  Buffer out_;
  std::string scratch_;
};

}  // namespace

std::unique_ptr<Contender> make_plain() { return std::make_unique<HandWritten<true>>(); }
std::unique_ptr<Contender> make_hand_written() { return std::make_unique<HandWritten<false>>(); }

}  // namespace patchbay::benchmarks
