// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>

namespace patchbay {

/// What a field is in JSON; the first four are the kinds of document A. A client's own type is of one of the first four
/// (`FieldRules`); the others are what structs, vectors and maps are.
enum class FieldKind : std::uint8_t { text, number, boolean, object, schema, array, map };

}  // namespace patchbay
