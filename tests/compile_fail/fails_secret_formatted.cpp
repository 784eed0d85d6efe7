// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
// A secret cannot be formatted.
// expect: Cannot format an argument|formatter<(T|patchbay::Secret)
// expect: patchbay::Secret
#include <fmt/format.h>

#include <patchbay/secret.hpp>

std::string text_of(const patchbay::Secret& secret) { return fmt::format("{}", secret); }
