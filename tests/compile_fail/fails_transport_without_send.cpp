// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
// The concept names the operation that a transport lacks.
// expect: constraints not satisfied
// expect: TransportWithoutSend
// expect: transport\.send\(request, response, deadline\)
#include <patchbay/policy/transport.hpp>

struct TransportWithoutSend {};

template <patchbay::Transport T>
void use(T&) {}

void door(TransportWithoutSend& transport) { use(transport); }
