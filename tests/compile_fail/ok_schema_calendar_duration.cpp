// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/schema/chrono.hpp>

bool is_valid(std::string_view text) { return patchbay::FieldRules<std::chrono::days>::check(text); }
