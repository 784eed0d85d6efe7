// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
// Two values with one name.
// expect: enum_names<E>: two values have the same name on the wire; rename one of them
// expect: Tier
#include <patchbay/schema/enumeration.hpp>

enum class Tier { gold, silver };
template <>
inline constexpr auto patchbay::enum_names<Tier> = std::array{patchbay::EnumName{Tier::gold, "gold"},
                                                              patchbay::EnumName{Tier::silver, "gold"}};

bool is_valid(std::string_view text) { return patchbay::FieldRules<Tier>::check(text); }
