// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
// A failure cannot be dropped by oversight.
// expect: ignoring return value
#include <patchbay/endpoint.hpp>

void configure() { patchbay::Endpoint::parse("https://api.example.com", "base_url"); }
