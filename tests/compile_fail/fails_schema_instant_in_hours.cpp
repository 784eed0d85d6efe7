// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
// An instant that is counted in something else than parts of a second.
// expect: FieldRules<std::chrono::sys_time>: an instant is counted in seconds or decimal parts of them, and a date in days; use sys_seconds
#include <patchbay/schema/chrono.hpp>

bool is_valid(std::string_view text) { return patchbay::FieldRules<std::chrono::sys_time<std::chrono::hours>>::check(text); }
