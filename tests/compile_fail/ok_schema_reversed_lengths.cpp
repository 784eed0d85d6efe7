// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/schema/text.hpp>

bool is_valid(std::string_view text) { return patchbay::Length<4, 9>::make(text).has_value(); }
