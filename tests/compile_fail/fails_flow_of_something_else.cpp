// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
// A flow that holds what is neither a node nor an edge.
// expect: patchbay::StaticFlow: a flow consists of Edge<"From", "To">, Node<"Name"> and Entry<"Name"> alone
#include <patchbay/flow/static_flow.hpp>

using namespace patchbay;

struct Billing : StaticFlow<Edge<"MainMenu", "Support">, int> {};

static_assert(Billing::node_count() == 2);
