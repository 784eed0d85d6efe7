// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <string_view>

namespace patchbay::detail {

/// Members of `customAttributes` that a transition writes itself (hazard A19).
inline constexpr std::array<std::string_view, 4> reserved_attributes{"ivr_state", "flow_node", "last_updated", "transition_id"};

/// Members of a hold command's body that the library writes itself.
inline constexpr std::array<std::string_view, 1> reserved_members{"type"};

}  // namespace patchbay::detail
