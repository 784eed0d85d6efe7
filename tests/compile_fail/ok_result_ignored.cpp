// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/endpoint.hpp>

bool configure() { return patchbay::Endpoint::parse("https://api.example.com", "base_url").has_value(); }
