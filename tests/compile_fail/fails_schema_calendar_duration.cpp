// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
// Months have no fixed length.
// expect: FieldRules<std::chrono::duration>: months and years have no fixed length; use days
#include <patchbay/schema/chrono.hpp>

bool is_valid(std::string_view text) { return patchbay::FieldRules<std::chrono::months>::check(text); }
