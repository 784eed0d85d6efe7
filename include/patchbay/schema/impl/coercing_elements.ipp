// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // sort
#include <string>
#include <string_view>
#include <vector>

#include <patchbay/json/read.hpp>
#include <patchbay/schema/coerce.hpp>
#include <patchbay/schema/impl/coercing_values.ipp>

// Included by coerce.ipp alone: the part of the engine that goes through the elements of arrays and maps.
namespace patchbay::detail {

inline constexpr std::string_view duplicate_rule = "duplicate: expected one value per name";

/// Calls `found` with each name but the first of its kind. Names are compared after the fact, sorted, so that many of
/// them do not cost the square of their number.
template <class Found>
void for_repeated(std::vector<std::string_view>& names, const Found& found) {
  if (names.size() < 2) return;
  std::sort(names.begin(), names.end());
  for (std::size_t i = 1; i < names.size(); ++i)
    if (names[i] == names[i - 1]) found(names[i]);
}

inline CoercingValues::Code CoercingValues::array(const FieldShape& shape, JsonValue& value, const At& at, Done& done) {
  simdjson::ondemand::array array;
  if (const Code error = value.get_array().get(array)) return error;
  const std::size_t known = violations_.size();
  Code error = simdjson::SUCCESS;
  std::size_t count = 0;
  const auto fill = [&](void* inside) {
    put('[');
    for (auto each : array) {
      if ((error = each.error())) return false;
      if (count != 0) put(',');
      error = add(shape, {}, each.value_unsafe(), Place{&at.place, {}, count++}, inside, at);
      if (error) return false;
    }
    put(']');
    return violations_.size() == known;
  };
  build(shape, at.slot, fill);
  done = counted(shape, at, count, known);
  return error;
}

inline CoercingValues::Code CoercingValues::map(const FieldShape& shape, JsonValue& value, const At& at, Done& done) {
  JsonObjectView object;
  if (const Code error = value.get_object().get(object)) return error;
  const std::size_t known = violations_.size();
  Code error = simdjson::SUCCESS;
  std::vector<std::string_view> names;
  const auto fill = [&](void* inside) {
    put('{');
    for (auto each : object) {
      std::string_view name;
      if ((error = each.unescaped_key().get(name))) return false;
      JsonValue& element = each.value_unsafe().value();
      if (!names.empty()) put(',');
      names.push_back(name);
      if (writing_) static_cast<void>(sink_.text(name));
      put(':');
      error = add(shape, name, element, Place{&at.place, shown_name(name, at.secret)}, inside, at);
      if (error) return false;
    }
    put('}');
    for_repeated(names, [&](std::string_view name) {
      report(violations_, Place{&at.place, shown_name(name, at.secret)}, std::string(duplicate_rule), "", at.secret);
    });
    return violations_.size() == known;
  };
  build(shape, at.slot, fill);
  done = counted(shape, at, names.size(), known);
  return error;
}

/// An element of an array, or an entry of a map.
inline CoercingValues::Code CoercingValues::add(const FieldShape& shape, std::string_view name, JsonValue& value,
                                                const Place& place, void* inside, const At& at) {
  Code error = simdjson::SUCCESS;
  const auto fill = [&](void* slot) {
    Done done = Done::wrong;
    error = json(*shape.element, value, {place, at.secret, false, slot, at.depth - 1, at.readers}, done);
    if (!error && done == Done::absent) put("null");
    return !error && done != Done::wrong;
  };
  if (inside != nullptr) {
    static_cast<void>(shape.ops.add(inside, name, Inside(fill)));
  } else {
    static_cast<void>(fill(nullptr));
  }
  return error;
}

}  // namespace patchbay::detail
