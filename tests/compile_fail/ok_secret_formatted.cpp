// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <fmt/format.h>

#include <patchbay/secret.hpp>

std::string text_of(const patchbay::Secret& secret) { return fmt::format("{} bytes", secret.reveal().size()); }
