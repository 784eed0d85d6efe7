// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// RapidJSON, once as events (SAX) and once as a tree (DOM); its Writer writes, and checks UTF-8.

#include "work.hpp"

// The release of 2016, which Debian has, is one that clang refuses to compile.
#if !__has_include(<rapidjson/document.h>) || defined(__clang__)
namespace patchbay::benchmarks {
std::unique_ptr<Contender> make_rapidjson_sax() { return nullptr; }
std::unique_ptr<Contender> make_rapidjson_dom() { return nullptr; }
}  // namespace patchbay::benchmarks
#else

#define RAPIDJSON_SSE2
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include <rapidjson/document.h>
#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include "../paired.hpp"  // allocations
#include "rules.hpp"
#include "values.hpp"

namespace patchbay::benchmarks {
namespace {

/// RapidJSON asks the C library for memory, which nothing else would count.
class Counting {
 public:
  static constexpr bool kNeedFree = true;
  void* Malloc(std::size_t size) {
    if (size == 0) return nullptr;
    ++allocations;
    return std::malloc(size);
  }
  void* Realloc(void* memory, std::size_t, std::size_t size) {
    if (size == 0) return std::free(memory), nullptr;
    ++allocations;
    return std::realloc(memory, size);
  }
  static void Free(void* memory) { std::free(memory); }
};

using Utf8 = rapidjson::UTF8<>;
using Output = rapidjson::GenericStringBuffer<Utf8, Counting>;
using Writer = rapidjson::Writer<Output, Utf8, Utf8, Counting, rapidjson::kWriteValidateEncodingFlag>;
using Reader = rapidjson::GenericReader<Utf8, Utf8, Counting>;
using Length = rapidjson::SizeType;

Length length(std::string_view text) { return static_cast<Length>(text.size()); }
bool put_string(Writer& writer, std::string_view text) { return writer.String(text.data(), length(text)); }

std::string_view write_hold(const Hold& command, Output& output, Writer& writer) {
  if (!is_hold(command)) return {};
  output.Clear();
  writer.Reset(output);
  const auto member = [&](std::string_view name, std::string_view value) {
    writer.Key(name.data(), length(name));
    put_string(writer, value);
  };
  writer.StartObject();
  member("type", "hold");
  member("interactionId", command.interaction);
  member("holdReason", command.reason);
  writer.Key("priority", 8);
  writer.Int(command.priority);
  if (command.music) member("holdMusic", *command.music);
  if (command.prompt) member("holdPrompt", *command.prompt);
  writer.EndObject();
  return {output.GetString(), output.GetSize()};
}

/// Passes one JSON object on to a writer, checked.
class Forward {
 public:
  explicit Forward(Writer& writer) noexcept : writer_(writer) {}
  int open = 0;  ///< Containers that have not ended.

  bool Null() { return open > 0 && writer_.Null(); }
  bool Bool(bool truth) { return open > 0 && writer_.Bool(truth); }
  bool Int(int) { return false; }  // numbers come as they are spelled
  bool Uint(unsigned) { return false; }
  bool Int64(std::int64_t) { return false; }
  bool Uint64(std::uint64_t) { return false; }
  bool Double(double) { return false; }
  bool RawNumber(const char* text, Length size, bool) {
    return open > 0 && rules::is_finite({text, size}) && writer_.RawValue(text, size, rapidjson::kNumberType);
  }
  bool String(const char* text, Length size, bool) { return open > 0 && writer_.String(text, size); }
  bool Key(const char* text, Length size, bool) { return writer_.Key(text, size); }
  bool StartObject() { return ++open <= rules::max_depth && writer_.StartObject(); }
  bool EndObject(Length) { return --open, writer_.EndObject(); }
  bool StartArray() { return open > 0 && ++open <= rules::max_depth && writer_.StartArray(); }
  bool EndArray(Length) { return --open, writer_.EndArray(); }

 private:
  Writer& writer_;
};

constexpr unsigned as_spelled = rapidjson::kParseNumbersAsStringsFlag;

template <unsigned Flags, class Handler>
bool read(Reader& reader, std::string_view json, Handler& handler) {
  rapidjson::MemoryStream bytes(json.data(), json.size());
  rapidjson::EncodedInputStream<Utf8, rapidjson::MemoryStream> stream(bytes);
  return !reader.Parse<Flags>(stream, handler).IsError();
}

/// Coerces as the events come.
class Coerce {
 public:
  Coerce(Reader& inner, Writer& writer) noexcept : inner_(inner), writer_(writer), forward_(writer) {}
  [[nodiscard]] bool complete() const noexcept { return (seen_ & rules::all_required) == rules::all_required; }

  bool Null() {
    if (forward_.open > 0) return forward_.Null();
    return open_ && which_ == rules::note;
  }
  bool Bool(bool truth) {
    if (forward_.open > 0) return forward_.Bool(truth);
    return open_ && which_ == rules::supervisor && begin() && writer_.Bool(truth);
  }
  bool Int(int) { return false; }
  bool Uint(unsigned) { return false; }
  bool Int64(std::int64_t) { return false; }
  bool Uint64(std::uint64_t) { return false; }
  bool Double(double) { return false; }
  bool RawNumber(const char* text, Length size, bool copy) {
    if (forward_.open > 0) return forward_.RawNumber(text, size, copy);
    return open_ && begin() && put_number(which_, {text, size}, *this);
  }
  bool String(const char* value, Length size, bool copy) {
    if (forward_.open > 0) return forward_.String(value, size, copy);
    return open_ && begin() && put_text(which_, {value, size}, *this);
  }
  bool Key(const char* name, Length size, bool copy) {
    if (forward_.open > 0) return forward_.Key(name, size, copy);
    which_ = rules::variable({name, size}, next_);
    if (which_ == rules::unknown || (seen_ & 1U << which_)) return false;
    next_ = which_ + 1U;
    seen_ |= 1U << which_;
    return true;
  }
  bool StartObject() {
    if (forward_.open > 0) return forward_.StartObject();
    if (!open_) return open_ = true, writer_.StartObject();
    return which_ == rules::metadata && begin() && forward_.StartObject();
  }
  bool EndObject(Length size) {
    if (forward_.open > 0) return forward_.EndObject(size);
    return writer_.EndObject();
  }
  bool StartArray() { return forward_.open > 0 && forward_.StartArray(); }
  bool EndArray(Length size) { return forward_.EndArray(size); }

  bool text(std::string_view value) { return put_string(writer_, value); }
  bool number(std::string_view value) { return writer_.RawValue(value.data(), value.size(), rapidjson::kNumberType); }
  bool truth(bool value) { return writer_.Bool(value); }
  bool object_of(std::string_view value) {
    const std::string copy(value);  // it lies in the outer reader's memory
    return read<as_spelled>(inner_, copy, forward_);
  }

 private:
  bool begin() { return writer_.Key(rules::names[which_].data(), length(rules::names[which_])); }

  Reader& inner_;
  Writer& writer_;
  Forward forward_;
  bool open_ = false;
  unsigned seen_ = 0, next_ = 0;
  rules::Variable which_ = rules::unknown;
};

/// Decodes as the events come.
class Decode {
 public:
  explicit Decode(Interaction& out) noexcept : out_(out) {}
  [[nodiscard]] bool complete() const noexcept {
    return seen_[top] == 15 && seen_[routing] == 3 && seen_[group] == 3 && seen_[attributes] == 127;
  }

  bool Null() { return value(skipping() || is_held_); }
  bool Bool(bool truth) {
    if (skipping()) return value(true);
    if (is_held_) out_.held = truth;
    if (flag_ != nullptr) *flag_ = truth;
    return value(is_held_ || flag_ != nullptr);
  }
  bool Int(int number) { return integer(number); }
  bool Uint(unsigned number) { return integer(number); }
  bool Int64(std::int64_t number) { return integer(number); }
  bool Uint64(std::uint64_t) { return value(skipping()); }
  bool Double(double) { return value(skipping()); }
  bool RawNumber(const char*, Length, bool) { return false; }
  bool String(const char* text, Length size, bool) {
    if (!skipping() && text_ != nullptr) text_->assign(text, size);
    return value(skipping() || text_ != nullptr);
  }
  bool Key(const char* name, Length size, bool) {
    if (skip_ > 0) return true;
    text_ = nullptr, flag_ = nullptr, integer_ = nullptr, is_held_ = false, next_ = none, skip_next_ = false;
    const std::string_view key(name, size);
    const auto text = [&](unsigned bit, std::string& to) { return text_ = &to, once(bit); };
    const auto level = [&](unsigned bit, Level to) { return next_ = to, once(bit); };
    CustomAttributes& all = out_.customAttributes;
    switch (level_) {
      case top:
        if (key == "id") return text(1, out_.id);
        if (key == "state") return text(2, out_.state);
        if (key == "routingData") return level(4, routing);
        if (key == "customAttributes") return level(8, attributes);
        if (key == "held") return is_held_ = !held_, !std::exchange(held_, true);
        break;
      case routing:
        if (key == "orgId") return text(1, out_.routingData.orgId);
        if (key == "skillGroup") return level(2, group);
        break;
      case group:
        if (key == "id") return text(1, out_.routingData.skillGroup.id);
        if (key == "name") return text(2, out_.routingData.skillGroup.name);
        break;
      case attributes:
        if (key == "ivr_state") return text(1, all.ivr_state);
        if (key == "flow_node") return text(2, all.flow_node);
        if (key == "last_updated") return text(4, all.last_updated);
        if (key == "transition_id") return text(8, all.transition_id);
        if (key == "customer_tier") return text(16, all.customer_tier);
        if (key == "requires_supervisor") return flag_ = &all.requires_supervisor, once(32);
        if (key == "call_duration_seconds") return integer_ = &all.call_duration_seconds, once(64);
        break;
      case none:
        break;
    }
    return skip_next_ = true;
  }
  bool StartObject() {
    if (skipping()) return ++skip_, skip_next_ = false, true;
    if (level_ == none) return level_ = top, true;
    if (next_ == none) return false;
    level_ = next_;
    return true;
  }
  bool EndObject(Length) {
    if (skip_ > 0) return --skip_, true;
    level_ = level_ == group ? routing : level_ == top ? none : top;
    return true;
  }
  bool StartArray() { return skipping() && (++skip_, skip_next_ = false, true); }
  bool EndArray(Length) { return --skip_, true; }

 private:
  enum Level { top, routing, group, attributes, none };

  [[nodiscard]] bool skipping() const noexcept { return skip_ > 0 || skip_next_; }
  bool value(bool fits) noexcept {
    skip_next_ = false;
    return fits;
  }
  bool integer(std::int64_t number) {
    if (!skipping() && integer_ != nullptr) *integer_ = number;
    return value(skipping() || integer_ != nullptr);
  }
  bool once(unsigned bit) noexcept {
    if (seen_[level_] & bit) return false;
    seen_[level_] |= bit;
    return true;
  }

  Interaction& out_;
  Level level_ = none, next_ = none;
  unsigned seen_[5] = {};
  int skip_ = 0;  // containers that are being stepped over
  bool skip_next_ = false, is_held_ = false, held_ = false;
  std::string* text_ = nullptr;
  bool* flag_ = nullptr;
  std::int64_t* integer_ = nullptr;
};

class Sax final : public Contender {
 public:
  Sax() : Contender("RapidJSON, SAX", no_types) {}

  std::string_view hold(const Hold& command) override { return write_hold(command, output_, writer_); }
  std::string_view coerce(std::string_view json) override {
    output_.Clear();
    writer_.Reset(output_);
    Coerce coerce(inner_, writer_);
    if (!read<as_spelled>(reader_, json, coerce) || !coerce.complete()) return {};
    return {output_.GetString(), output_.GetSize()};
  }
  bool decode(const Body& answer, Interaction& out) override {
    Decode decode(out);
    return read<rapidjson::kParseValidateEncodingFlag>(reader_, answer.view(), decode) && decode.complete();
  }

 private:
  Output output_;
  Writer writer_{output_};
  Reader reader_, inner_;
};

class Dom final : public Contender {
 public:
  Dom() : Contender("RapidJSON, DOM", no_types) {}

  std::string_view hold(const Hold& command) override { return write_hold(command, output_, writer_); }

  std::string_view coerce(std::string_view json) override {
    output_.Clear();
    writer_.Reset(output_);
    Pool pool(pool_.data(), pool_.size());
    Document document(&pool, 1024, &stack_);
    if (!parse<rapidjson::kParseFullPrecisionFlag | rapidjson::kParseIterativeFlag>(document, json) ||
        !document.IsObject())
      return {};
    unsigned seen = 0, next = 0;
    writer_.StartObject();
    for (const auto& [key, value] : document.GetObject()) {
      const rules::Variable which = rules::variable(view(key), next);
      if (which == rules::unknown || (seen & 1U << which)) return {};
      next = which + 1U;
      seen |= 1U << which;
      if (value.IsNull() && which == rules::note) continue;
      writer_.Key(rules::names[which].data(), length(rules::names[which]));
      if (!put(which, value)) return {};
    }
    writer_.EndObject();
    if ((seen & rules::all_required) != rules::all_required) return {};
    return {output_.GetString(), output_.GetSize()};
  }

  bool decode(const Body& answer, Interaction& out) override {
    Pool pool(pool_.data(), pool_.size());
    Document document(&pool, 1024, &stack_);
    if (!parse<rapidjson::kParseValidateEncodingFlag | rapidjson::kParseIterativeFlag>(document, answer.view()) ||
        !document.IsObject())
      return false;
    unsigned seen = 0;
    for (const auto& [key, value] : document.GetObject()) {
      const std::string_view name = view(key);
      bool fine = true;
      if (name == "id") {
        fine = once(seen, 1) && text(value, out.id);
      } else if (name == "state") {
        fine = once(seen, 2) && text(value, out.state);
      } else if (name == "routingData") {
        fine = once(seen, 4) && routing(value, out.routingData);
      } else if (name == "customAttributes") {
        fine = once(seen, 8) && attributes(value, out.customAttributes);
      } else if (name == "held") {
        fine = once(seen, 16) && (value.IsBool() || value.IsNull());
        if (value.IsBool()) out.held = value.GetBool();
      }
      if (!fine) return false;
    }
    return (seen & 15) == 15;
  }

 private:
  using Pool = rapidjson::MemoryPoolAllocator<Counting>;
  using Document = rapidjson::GenericDocument<Utf8, Pool, Counting>;
  using Value = Document::ValueType;

  template <unsigned Flags>
  static bool parse(Document& document, std::string_view json) {
    rapidjson::MemoryStream bytes(json.data(), json.size());
    rapidjson::EncodedInputStream<Utf8, rapidjson::MemoryStream> stream(bytes);
    return !document.ParseStream<Flags>(stream).HasParseError();
  }
  static std::string_view view(const Value& value) { return {value.GetString(), value.GetStringLength()}; }
  static bool fits_depth(const Value& value, int depth) {
    if (!value.IsObject() && !value.IsArray()) return true;
    if (depth <= 0) return false;
    if (value.IsObject()) {
      for (const auto& [key, member] : value.GetObject())
        if (!fits_depth(member, depth - 1)) return false;
    } else {
      for (const Value& item : value.GetArray())
        if (!fits_depth(item, depth - 1)) return false;
    }
    return true;
  }
  bool put(rules::Variable which, const Value& value) {
    if (value.IsString()) return put_text(which, view(value), *this);
    if (value.IsNumber()) {
      if (which == rules::balance) return value.Accept(writer_);
      const bool fits = value.IsInt64() && value.GetInt64() >= 0 &&
                        value.GetInt64() <= (which == rules::duration ? rules::max_duration : 1);
      if (which == rules::duration) return fits && value.Accept(writer_);
      return which == rules::supervisor && fits && writer_.Bool(value.GetInt64() == 1);
    }
    if (value.IsBool()) return which == rules::supervisor && value.Accept(writer_);
    return value.IsObject() && which == rules::metadata && fits_depth(value, rules::max_depth) && value.Accept(writer_);
  }

 public:  // for put_text
  bool text(std::string_view value) { return put_string(writer_, value); }
  bool number(std::string_view value) { return writer_.RawValue(value.data(), value.size(), rapidjson::kNumberType); }
  bool truth(bool value) { return writer_.Bool(value); }
  bool object_of(std::string_view value) {
    Document document;
    return parse<rapidjson::kParseFullPrecisionFlag | rapidjson::kParseIterativeFlag>(document, value) &&
           document.IsObject() && fits_depth(document, rules::max_depth) && document.Accept(writer_);
  }

 private:
  static bool once(unsigned& seen, unsigned bit) noexcept {
    if (seen & bit) return false;
    seen |= bit;
    return true;
  }
  static bool text(const Value& value, std::string& out) {
    if (!value.IsString()) return false;
    out.assign(value.GetString(), value.GetStringLength());
    return true;
  }
  static bool routing(const Value& value, RoutingData& out) {
    if (!value.IsObject()) return false;
    unsigned seen = 0, inner = 0;
    for (const auto& [key, member] : value.GetObject()) {
      if (view(key) == "orgId" && !(once(seen, 1) && text(member, out.orgId))) return false;
      if (view(key) != "skillGroup") continue;
      if (!once(seen, 2) || !member.IsObject()) return false;
      for (const auto& [name, content] : member.GetObject()) {
        if (view(name) == "id" && !(once(inner, 1) && text(content, out.skillGroup.id))) return false;
        if (view(name) == "name" && !(once(inner, 2) && text(content, out.skillGroup.name))) return false;
      }
    }
    return seen == 3 && inner == 3;
  }
  static bool attributes(const Value& value, CustomAttributes& out) {
    if (!value.IsObject()) return false;
    unsigned seen = 0;
    for (const auto& [key, member] : value.GetObject()) {
      const std::string_view name = view(key);
      bool fine = true;
      if (name == "ivr_state") {
        fine = once(seen, 1) && text(member, out.ivr_state);
      } else if (name == "flow_node") {
        fine = once(seen, 2) && text(member, out.flow_node);
      } else if (name == "last_updated") {
        fine = once(seen, 4) && text(member, out.last_updated);
      } else if (name == "transition_id") {
        fine = once(seen, 8) && text(member, out.transition_id);
      } else if (name == "customer_tier") {
        fine = once(seen, 16) && text(member, out.customer_tier);
      } else if (name == "requires_supervisor") {
        fine = once(seen, 32) && member.IsBool();
        if (fine) out.requires_supervisor = member.GetBool();
      } else if (name == "call_duration_seconds") {
        fine = once(seen, 64) && member.IsInt64();
        if (fine) out.call_duration_seconds = member.GetInt64();
      }
      if (!fine) return false;
    }
    return seen == 127;
  }

  Output output_;
  Writer writer_{output_};
  Counting stack_;
  std::vector<char> pool_ = std::vector<char>(16'384);
};

}  // namespace

std::unique_ptr<Contender> make_rapidjson_sax() { return std::make_unique<Sax>(); }
std::unique_ptr<Contender> make_rapidjson_dom() { return std::make_unique<Dom>(); }

}  // namespace patchbay::benchmarks
#endif
