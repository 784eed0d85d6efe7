// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/secret.hpp>

std::string_view text_of(const patchbay::Secret& secret) { return secret.reveal(); }
