// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
// A node's name that holds U+0085, as two bytes.
// expect: patchbay::StaticFlow: a node's name is empty, longer than 256 bytes, or holds a control character
#include <patchbay/flow/static_flow.hpp>

using namespace patchbay;

struct Billing : StaticFlow<Edge<"MainMenu", "Sup\xc2\x85port">> {};

static_assert(Billing::node_count() == 2);
