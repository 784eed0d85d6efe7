// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/flow/static_flow.hpp>

using namespace patchbay;

struct Billing : StaticFlow<Edge<"MainMenu", "Sup\xc2\xa0port">> {};

static_assert(Billing::node_count() == 2);
