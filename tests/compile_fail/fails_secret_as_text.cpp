// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
// A secret converts to no text, and no text becomes a secret unasked.
// expect(GNU): error: could not convert .* to .std::string_view
// expect(Clang): error: no viable conversion from returned value of type 'const patchbay::Secret'
#include <patchbay/secret.hpp>

std::string_view text_of(const patchbay::Secret& secret) { return secret; }
