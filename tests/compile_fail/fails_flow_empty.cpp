// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
// A flow in which nobody can be anywhere.
// expect: patchbay::StaticFlow: the flow has no nodes. declare an Edge<"From", "To"> or a Node<"Name">
#include <patchbay/flow/static_flow.hpp>

using namespace patchbay;

struct Billing : StaticFlow<> {};

static_assert(Billing::node_count() < 2);
