// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/schema/enumeration.hpp>

enum class Tier { gold, silver };
template <>
inline constexpr auto patchbay::enum_names<Tier> = std::array{patchbay::EnumName{Tier::gold, "gold"},
                                                              patchbay::EnumName{Tier::silver, "silver"}};

bool is_valid(std::string_view text) { return patchbay::FieldRules<Tier>::check(text); }
