// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include <patchbay/json/read.hpp>
#include <patchbay/result.hpp>
#include <patchbay/schema/utf8.hpp>

namespace patchbay {

/// Variables as they come from outside: names with text or JSON, in order, not yet checked by any schema.
///
/// The text is owned and lies in one buffer, which `clear()` keeps. A name may occur twice; coercion reports it.
class Variables {
 public:
  /// One variable; the views last until the variables are changed.
  struct Entry {
    std::string_view name;
    std::string_view value;  ///< Text as it is, or the text of one JSON value.
    bool is_json = false;
    bool is_checked = false;  ///< JSON that was walked in full and minified already.
  };

  /// Visits the entries in order.
  class Iterator {
   public:
    using value_type = Entry;
    using reference = Entry;
    using difference_type = std::ptrdiff_t;
    using iterator_category = std::input_iterator_tag;

    Iterator() = default;
    [[nodiscard]] Entry operator*() const noexcept { return (*of_)[at_]; }
    Iterator& operator++() noexcept { return ++at_, *this; }
    Iterator operator++(int) noexcept {
      Iterator before = *this;
      ++at_;
      return before;
    }
    [[nodiscard]] friend bool operator==(const Iterator&, const Iterator&) = default;

   private:
    friend class Variables;
    Iterator(const Variables* of, std::size_t at) noexcept : of_(of), at_(at) {}
    const Variables* of_ = nullptr;
    std::size_t at_ = 0;
  };

  /// Adds a value as an IVR gives it: text, which the schema coerces to the field's type.
  Variables& text(std::string_view name, std::string_view value) { return add(name, value, false, false); }
  /// Adds the text of one JSON value; it is checked when it is coerced.
  Variables& json(std::string_view name, std::string_view json) { return add(name, json, true, false); }

  /// The members of the JSON object that is the whole of `object`: strings become text, anything else stays JSON.
  /// Names that occur twice stay so. `validation_failed` when it is no valid JSON object, or too deep.
  [[nodiscard]] static Result<Variables> from_json(std::string_view object, JsonReader& reader);

  [[nodiscard]] bool empty() const noexcept { return entries_.empty(); }
  [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }
  [[nodiscard]] Entry operator[](std::size_t i) const noexcept {
    const Place& place = entries_[i];
    const std::string_view all = bytes_;
    return {all.substr(place.at, place.name), all.substr(place.at + place.name, place.value), place.is_json,
            place.is_checked};
  }
  [[nodiscard]] Iterator begin() const noexcept { return {this, 0}; }
  [[nodiscard]] Iterator end() const noexcept { return {this, entries_.size()}; }
  void clear() noexcept {
    entries_.clear();
    bytes_.clear();
  }

  /// Adds JSON that `JsonReader` has walked and minified, so that coercion need not do it again.
  Variables& checked_json(std::string_view name, std::string_view minified) { return add(name, minified, true, true); }

 private:
  struct Place {
    std::size_t at, name, value;
    bool is_json, is_checked;
  };
  Variables& add(std::string_view name, std::string_view value, bool is_json, bool is_checked) {
    if (entries_.capacity() == 0) entries_.reserve(8);
    entries_.push_back({bytes_.size(), name.size(), value.size(), is_json, is_checked});
    bytes_.append(name).append(value);
    return *this;
  }
  std::string bytes_;
  std::vector<Place> entries_;
};

inline Result<Variables> Variables::from_json(std::string_view object, JsonReader& reader) {
  Variables out;
  out.bytes_.reserve(object.size());
  out.entries_.reserve(8);
  const auto read = reader.object(object, [&](std::string_view name, JsonValue value) -> simdjson::error_code {
    Place place{out.bytes_.size(), name.size(), 0, false, false};
    out.bytes_.append(name);
    simdjson::ondemand::json_type type;
    if (const auto error = value.type().get(type)) return error;
    if (type == simdjson::ondemand::json_type::string) {
      std::string_view plain;
      if (const auto error = value.get_string().get(plain)) return error;
      out.bytes_.append(plain);
    } else {
      place.is_json = place.is_checked = true;
      if (const auto error = JsonReader::walk(value, out.bytes_)) return error;
    }
    place.value = out.bytes_.size() - place.at - place.name;
    out.entries_.push_back(place);
    return simdjson::SUCCESS;
  });
  if (read) return out;
  Violation violation{
      "variables", std::string("object: expected one JSON object; the reader says: ").append(read.error().why), {}};
  detail::append_clipped(violation.value, object, 64);
  Error error(ErrorCode::validation_failed, "the variables are no JSON object");
  error.set_violations({std::move(violation)});
  return fail(std::move(error));
}

}  // namespace patchbay
