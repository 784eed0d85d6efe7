// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <string_view>

namespace patchbay {

/// What a member's type cannot say of it.
struct FieldSettings {
  std::string_view member;  ///< As the struct spells it.
  /// Its name on the wire; the member's own when empty. May be any text of 1 to 128 bytes without control characters.
  std::string_view wire{};
  /// Names under which it is taken too, but never written: deprecated ones. At most four. To give a field under two of
  /// its names is to give it twice.
  std::array<std::string_view, 4> aliases{};
  /// Its values are never shown, nor what stands beneath it.
  bool secret = false;
  /// For people: what it is for. Stands in the JSON Schema.
  std::string_view description{};
};

/// The settings of those members of schema T that need some; a client specialises it:
///
///     template <>
///     inline constexpr auto patchbay::field_settings<Payment> = std::array{
///         patchbay::FieldSettings{.member = "card_number", .wire = "cardNumber", .aliases = {"card"}, .secret = true}};
template <class T>
inline constexpr std::array<FieldSettings, 0> field_settings{};

}  // namespace patchbay
