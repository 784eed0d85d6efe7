// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
// A node's type that holds a line feed.
// expect: a node's type is longer than 256 or holds a control character
#include <patchbay/flow/static_flow.hpp>

using namespace patchbay;

struct Billing : StaticFlow<Node<"MainMenu", "menu\n">> {};

static_assert(Billing::node_count() == 1);
