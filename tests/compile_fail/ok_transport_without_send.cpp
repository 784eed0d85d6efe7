// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/policy/transport.hpp>

struct TransportWithSend {
  patchbay::TransportResult<void> send(const patchbay::HttpRequest&, patchbay::HttpResponse&, patchbay::SteadyTime) {
    return {};
  }
};

template <patchbay::Transport T>
void use(T&) {}

void door(TransportWithSend& transport) { use(transport); }
