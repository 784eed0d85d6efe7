// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // sort
#include <array>
#include <cmath>  // isfinite
#include <cstdint>
#include <cstring>  // memchr, memcmp
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <patchbay/json/read.hpp>
#include <patchbay/schema/coerce.hpp>
#include <patchbay/schema/impl/coercing_elements.ipp>

// Included by coerce.ipp alone: the part of the engine that goes through the members of objects.
namespace patchbay::detail {

/// Coerces variables, or the members of a JSON object, by a table of fields.
class Coercing final : public CoercingValues {
 public:
  using CoercingValues::CoercingValues;

  void variables(const FieldTable& table, const Variables& in, ReaderFor readers,
                 std::span<const std::string_view> reserved, void* frame) {
    const Place top{};
    Level level(table, top, false, frame, reserved);
    for (const Variables::Entry entry : in) {
      const Place place{&top, entry.name};
      if (is_one_of(entry.name, reserved)) {
        report(violations_, place, std::string(reserved_rule), entry.value, level.hides_unknown());
      } else if (const FieldInfo* const field = find(level, entry.name)) {
        declared(level, *field, place, entry, readers);
      } else {
        undeclared(level, entry, place, readers.take());
      }
    }
    finish(level);
  }

  /// Why `object` is no JSON object; empty when it is one.
  [[nodiscard]] std::string_view object(const FieldTable& table, std::string_view object, JsonReader& reader,
                                        std::span<const std::string_view> reserved, void* frame) {
    const Place top{};
    Level level(table, top, false, frame, reserved);
    const auto read = reader.composite(object, [&](JsonValue& value) {
      return members(level, value, max_json_depth, ReaderFor{reader, true});
    });
    return read ? std::string_view{} : read.error().why;
  }

 private:
  /// One object, and what was seen of it so far.
  struct Level {
    Level(const FieldTable& of, const Place& at, bool is_secret, void* into,
          std::span<const std::string_view> taken) noexcept
        : table(of), place(at), secret(is_secret), frame(into), reserved(taken) {}

    // What stands under an unknown name may be a secret field misspelt.
    [[nodiscard]] bool hides_unknown() const noexcept { return secret || table.has_secret; }
    [[nodiscard]] bool is_seen(std::size_t i) const noexcept { return ((seen[i / 64] >> (i % 64)) & 1) != 0; }
    void see(std::size_t i) noexcept { seen[i / 64] |= std::uint64_t{1} << (i % 64); }

    const FieldTable& table;
    const Place& place;
    bool secret;
    void* frame;
    std::span<const std::string_view> reserved;
    bool any = false;       // whether a member stands
    std::size_t first = 0;  // where the first one begins
    std::size_t next = 0;   // the field with which the next search begins
    std::array<std::uint64_t, max_fields / 64> seen{};
    std::vector<std::string_view> unknown;
  };

  Code members(Level& level, JsonValue& of, int depth, ReaderFor readers) {
    JsonObjectView object;
    if (const Code error = of.get_object().get(object)) return error;
    for (auto each : object) {
      // By reference: a copy of what has just been written in pieces waits for them.
      if (const Code error = each.error()) return error;
      JsonValue& value = each.value_unsafe().value();
      const simdjson::ondemand::raw_json_string raw = each.value_unsafe().key();
      const FieldInfo* field = expected(level, raw.raw());
      std::string_view name;
      if (field != nullptr) {
        name = field->name;
      } else {
        name = plain_key(raw.raw());
        if (name.data() == nullptr) {
          if (const Code error = each.unescaped_key().get(name)) return error;
        }
        field = find(level, name);
      }
      const Place place{&level.place, name};
      Code error = simdjson::SUCCESS;
      if (!level.reserved.empty() && is_one_of(name, level.reserved)) {
        const bool secret = level.hides_unknown();
        error = refuse_json(value, {place, secret, false, nullptr, depth, readers}, std::string(reserved_rule), secret);
      } else if (field != nullptr) {
        error = declared(level, *field, place, value, depth, readers);
      } else {
        error = undeclared(level, value, place, depth, readers);
      }
      if (error) return error;
    }
    finish(level);
    return simdjson::SUCCESS;
  }

  Code nested(const FieldShape& shape, JsonValue& value, const At& at, Done& done) override {
    const std::size_t known = violations_.size();
    Code error = simdjson::SUCCESS;
    const auto fill = [&](void* frame) {
      Level level(*shape.nested, at.place, at.secret, frame, {});
      put('{');
      error = members(level, value, at.depth - 1, at.readers);
      put('}');
      return !error && violations_.size() == known;
    };
    build(shape, at.slot, fill);
    done = violations_.size() == known ? Done::written : Done::wrong;
    return error;
  }

  /// The field whose turn it is, when the key at `raw` names it as it is written. Readers pad their texts by 64 bytes,
  /// so that as many may be looked at.
  [[nodiscard]] static const FieldInfo* expected(Level& level, const char* raw) noexcept {
    if (level.next >= level.table.fields.size()) return nullptr;
    const FieldInfo& field = level.table.fields[level.next];
    const std::string_view key = field.key.substr(1, field.key.size() - 2);  // with the quote behind it
    if (key.size() > Body::padding || std::memcmp(raw, key.data(), key.size()) != 0) return nullptr;
    ++level.next;
    return &field;
  }

  [[nodiscard]] static const FieldInfo* find(Level& level, std::string_view name) noexcept {
    // Callers mostly name fields in the order of the schema, so the search goes on where the last one ended.
    const std::span<const FieldInfo> fields = level.table.fields;
    for (std::size_t step = 0; step < fields.size(); ++step) {
      const std::size_t i = level.next < fields.size() ? level.next : 0;
      level.next = i + 1;
      if (fields[i].name == name) return &fields[i];
    }
    if (level.table.has_aliases)
      for (const FieldInfo& field : fields)
        if (is_one_of(name, field.aliases)) return &field;
    return nullptr;
  }

  /// Where a field stands in its level, and what is done with it there.
  [[nodiscard]] static At at_field(const Level& level, const FieldInfo& field, const Place& place, int depth,
                                   ReaderFor readers) noexcept {
    return {place,
            level.secret || field.secret,
            field.write_default != nullptr,
            level.frame != nullptr && field.slot != nullptr ? field.slot(level.frame) : nullptr,
            depth,
            readers};
  }
  [[nodiscard]] static std::size_t index_of(const Level& level, const FieldInfo& field) noexcept {
    return static_cast<std::size_t>(&field - level.table.fields.data());
  }

  void declared(Level& level, const FieldInfo& field, const Place& place, const Variables::Entry& entry,
                ReaderFor readers) {
    const At at = at_field(level, field, place, max_json_depth, readers);
    const std::size_t i = index_of(level, field);
    if (level.is_seen(i))
      return report(violations_, place, std::string(duplicate_rule), entry.value, at.secret || holds_secret(*field.shape));
    level.see(i);
    const std::size_t before = begin_member(level);
    put(field.key);
    end_member(level, before, field, at, CoercingValues::entry(*field.shape, entry, at));
  }

  Code declared(Level& level, const FieldInfo& field, const Place& place, JsonValue& value, int depth,
                ReaderFor readers) {
    const At at = at_field(level, field, place, depth, readers);
    const std::size_t i = index_of(level, field);
    if (level.is_seen(i))
      return refuse_json(value, at, std::string(duplicate_rule), at.secret || holds_secret(*field.shape));
    level.see(i);
    const std::size_t before = begin_member(level);
    put(field.key);
    Done done = Done::wrong;
    const Code error = json(*field.shape, value, at, done);
    end_member(level, before, field, at, done);
    return error;
  }

  void end_member(Level& level, std::size_t before, const FieldInfo& field, const At& at, Done done) {
    if (done == Done::written) return;
    if (done == Done::absent && field.write_default != nullptr) return default_of(field, at);
    if (done == Done::absent) reset(field, at);
    end_absent(level, before);
  }

  static void reset(const FieldInfo& field, const At& at) {
    if (at.slot != nullptr && field.shape->ops.reset != nullptr) field.shape->ops.reset(at.slot);
  }

  void default_of(const FieldInfo& field, const At& at) {
    scratch_.clear();
    field.write_default(scratch_);
    put(scratch_);
    if (at.slot == nullptr) return;
    if (!scratch_.starts_with('"')) return field.shape->ops.store(at.slot, scratch_);
    std::string plain;
    append_unescaped(plain, scratch_);
    field.shape->ops.store(at.slot, plain);
  }

  /// Whether an undeclared variable goes on; else it was reported, or is ignored.
  [[nodiscard]] bool is_let_through(const Place& place, std::string& rule) const {
    if (!is_variable_name(place.name)) {
      rule = "name: expected 1 to 128 bytes of UTF-8 without control characters";
    } else if (options_.unknown == Unknown::reject) {
      rule = "unknown: the schema declares no such variable";
    }
    return rule.empty();
  }

  Code undeclared(Level& level, JsonValue& value, const Place& place, int depth, ReaderFor readers) {
    if (options_.unknown == Unknown::ignore) return skip(value);
    const At at{place, level.hides_unknown(), false, nullptr, depth, readers};
    std::string rule;
    if (!is_let_through(place, rule)) return refuse_json(value, at, std::move(rule), at.secret);
    level.unknown.push_back(place.name);
    const std::size_t before = begin_member(level);
    static_cast<void>(sink_.text(place.name));
    put(':');
    bool fine = true;
    const Code error = json_as_it_is(value, at, fine);
    // It is looked at where nothing is written, too: what is decoded and what is coerced are the same inputs.
    if (error || !fine || !writing_) end_absent(level, before);
    return error;
  }

  void undeclared(Level& level, const Variables::Entry& entry, const Place& place, JsonReader& reader) {
    if (options_.unknown == Unknown::ignore) return;
    const bool secret = level.hides_unknown();
    std::string rule;
    if (!is_let_through(place, rule)) return report(violations_, place, std::move(rule), entry.value, secret);
    level.unknown.push_back(entry.name);
    const std::size_t before = begin_member(level);
    static_cast<void>(sink_.text(entry.name));
    put(':');
    const bool fine = entry_as_it_is(entry, reader);
    if (!fine || !writing_) end_absent(level, before);
    if (fine) return;
    rule = entry.is_json ? "json: expected one JSON value" : "string: expected UTF-8 text";
    if (!why_.empty()) rule.append("; the reader says: ").append(std::exchange(why_, {}));
    report(violations_, place, std::move(rule), entry.value, secret);
  }

  /// What an object lacks, once all of it is read.
  void finish(Level& level) {
    for_repeated(level.unknown, [&](std::string_view name) {
      report(violations_, Place{&level.place, name}, std::string(duplicate_rule), "", level.hides_unknown());
    });
    for (std::size_t i = 0; i < level.table.fields.size(); ++i) {
      const FieldInfo& field = level.table.fields[i];
      if (level.is_seen(i)) continue;
      const Place place{&level.place, field.name};
      if (field.required) {
        report(violations_, place, "required: " + field.shape->rule(), "<absent>", false);
      } else if (field.write_default == nullptr) {
        reset(field, at_field(level, field, place, 0, ReaderFor{}));
      } else {
        static_cast<void>(begin_member(level));
        put(field.key);
        default_of(field, at_field(level, field, place, 0, ReaderFor{}));
      }
    }
  }

  [[nodiscard]] std::size_t begin_member(Level& level) {
    const std::size_t before = sink_.size();
    if (std::exchange(level.any, true))
      put(',');
    else
      level.first = before;
    return before;
  }
  void end_absent(Level& level, std::size_t before) {
    sink_.cut(before);
    level.any = before != level.first;
  }
};

}  // namespace patchbay::detail
