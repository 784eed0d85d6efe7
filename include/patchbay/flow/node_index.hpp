// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>

namespace patchbay {

/// A node of one graph: its place in the definition, from 0.
using NodeIndex = std::uint32_t;

}  // namespace patchbay
