// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <patchbay/result.hpp>
#include <patchbay/schema/text.hpp>

namespace patchbay {

/// Text of at least one byte.
struct NonEmptyRule {
  static constexpr std::string_view rule = "length: expected text that is not empty";
  static constexpr bool check(std::string_view text) noexcept { return !text.empty(); }
  /// Of the JSON Schema. A template, so that declaring the rule needs no writer.
  template <class Writer>
  static void describe(Writer& writer) {
    writer.member("type", "string").member("minLength", 1);
  }
};

/// A vector or map that is never empty; what was moved from is.
template <class Container>
class NonEmptyContainer {
 public:
  using container_type = Container;

  /// `validation_failed` when `content` is empty.
  [[nodiscard]] static Result<NonEmptyContainer> make(Container content) {
    if (content.empty()) return detail::broken_rule(rule(), "");
    return NonEmptyContainer(std::move(content));
  }

  [[nodiscard]] const Container& get() const noexcept { return content_; }
  [[nodiscard]] std::size_t size() const noexcept { return content_.size(); }
  [[nodiscard]] auto begin() const noexcept { return content_.begin(); }
  [[nodiscard]] auto end() const noexcept { return content_.end(); }
  [[nodiscard]] static std::string rule() { return "items: expected at least one"; }
  [[nodiscard]] friend bool operator==(const NonEmptyContainer&, const NonEmptyContainer&) = default;

  // For the engine, which has counted.
  struct Counted {
    explicit Counted() = default;  // so that `{}` makes none
  };
  NonEmptyContainer(Container content, Counted) : content_(std::move(content)) {}

 private:
  explicit NonEmptyContainer(Container content) : content_(std::move(content)) {}
  Container content_;
};

namespace detail {

template <class T>
struct NonEmptyOf;
template <>
struct NonEmptyOf<std::string> {
  using type = Text<NonEmptyRule>;
};
template <class T>
struct NonEmptyOf<std::vector<T>> {
  using type = NonEmptyContainer<std::vector<T>>;
};
template <class T>
struct NonEmptyOf<std::map<std::string, T>> {
  using type = NonEmptyContainer<std::map<std::string, T>>;
};

}  // namespace detail

/// What must not be empty: `NonEmpty<>` is text, `NonEmpty<std::vector<int>>` an array of at least one number,
/// `NonEmpty<std::map<std::string, int>>` an object of at least one member.
template <class T = std::string>
using NonEmpty = typename detail::NonEmptyOf<T>::type;

}  // namespace patchbay
