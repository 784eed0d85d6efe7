// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
// An entry whose name has a typing error.
// expect: patchbay::StaticFlow: the flow has no node of its Entry's name. correct the name's spelling
// expect: RefusedElement<.*MainMenue
#include <patchbay/flow/static_flow.hpp>

using namespace patchbay;

struct Billing : StaticFlow<Entry<"MainMenue">, Edge<"MainMenu", "Support">> {};

static_assert(Billing::node_count() == 2);
