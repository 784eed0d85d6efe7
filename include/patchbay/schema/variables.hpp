// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include <patchbay/config.hpp>
#include <patchbay/result.hpp>

namespace patchbay {

class JsonReader;

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
  [[nodiscard]] PATCHBAY_DECL static Result<Variables> from_json(std::string_view object, JsonReader& reader);

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
  /// Of all names and values.
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_.size(); }
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
  PATCHBAY_DECL Variables& add(std::string_view name, std::string_view value, bool is_json, bool is_checked);
  std::string bytes_;
  std::vector<Place> entries_;
};

}  // namespace patchbay

#if !defined(PATCHBAY_SEPARATE_COMPILATION)
#include <patchbay/schema/impl/variables.ipp>
#endif
