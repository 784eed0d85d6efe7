// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
// An edge that stands there already.
// expect: patchbay::StaticFlow: the same edge is declared twice. remove one, or give it another condition
// expect: RefusedElement<.*MainMenu.*Support
#include <patchbay/flow/static_flow.hpp>

using namespace patchbay;

struct Billing : StaticFlow<Edge<"MainMenu", "Support">, Edge<"Support", "MainMenu">, Edge<"MainMenu", "Support">> {};

static_assert(Billing::edge_count() == 3);
