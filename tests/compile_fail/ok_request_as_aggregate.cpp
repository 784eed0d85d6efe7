// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/http.hpp>

patchbay::HttpRequest request_to(const patchbay::Endpoint& endpoint) { return {patchbay::Method::get, endpoint, "/"}; }
