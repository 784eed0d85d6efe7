// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// What a door whose calls block does, one on an event loop does as well: the same tests, compiled again.
#define PATCHBAY_TEST_HOLDS_ON_LOOP

#include "support/catch.hpp"

#undef TEST_CASE
#define TEST_CASE(name, tags) INTERNAL_CATCH_TESTCASE(name ", on an event loop", tags "[loop]")

#include "../hold_controller/channel.cpp"
#include "../hold_controller/holding.cpp"
#include "../hold_controller/limit.cpp"
#include "../hold_controller/order.cpp"
#include "../hold_controller/outcomes.cpp"
#include "../hold_controller/release.cpp"
