// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
// g++ 12 miscompiles aggregates that live across a suspension: a request is made by its constructor alone.
// expect(GNU): error: (no matching function|designated initializers cannot be used with a non-aggregate type|could not convert)
// expect(Clang): error: (no matching constructor|designated initializers|initialization of non-aggregate type)
#include <patchbay/http.hpp>

patchbay::HttpRequest request_to(const patchbay::Endpoint& endpoint) {
  return {.method = patchbay::Method::get, .endpoint = &endpoint, .target = "/"};
}
