// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <string_view>

#include "work.hpp"

namespace patchbay::benchmarks {

/// Whether both are valid JSON and mean the same: members in any order, numbers by their value.
[[nodiscard]] bool same_json(std::string_view a, std::string_view b);

/// All that was decoded, as JSON.
[[nodiscard]] std::string json_of(const Interaction& interaction);

}  // namespace patchbay::benchmarks
