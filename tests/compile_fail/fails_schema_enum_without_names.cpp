// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
// An enumeration whose list of names is empty.
// expect: enum_names<E>: names no value of E, so that nothing could be written; name at least one
// expect: Tier
#include <patchbay/schema/enumeration.hpp>

enum class Tier { gold, silver };
template <>
inline constexpr auto patchbay::enum_names<Tier> = std::array<patchbay::EnumName<Tier>, 0>{};

bool is_valid(std::string_view text) { return patchbay::FieldRules<Tier>::check(text); }
