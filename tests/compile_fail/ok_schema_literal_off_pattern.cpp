// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/schema/pattern.hpp>

patchbay::Pattern<"[A-Z]{2}-\\d+"> code() { return "AB-1"; }
