// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
// A constant that its pattern does not admit.
// expect: this_literal_breaks_the_rule_of_its_type
#include <patchbay/schema/pattern.hpp>

patchbay::Pattern<"[A-Z]{2}-\\d+"> code() { return "ab-1"; }
