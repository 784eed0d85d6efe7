// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
// A move from a node whose name has a typing error.
// expect: patchbay: the flow has no node of the name where this move begins. correct the name
// expect: CheckedMove<.*MainMenue.*Payment.*Billing
#include <patchbay/state_transitioner.hpp>

using namespace patchbay;

struct Answering {
  TransportResult<void> send(const HttpRequest&, HttpResponse&, SteadyTime) { return {}; }
};

struct Billing : StaticFlow<Edge<"MainMenu", "Verify">, Edge<"Verify", "Payment">> {};

void move(const Settings& settings) {
  StateTransitioner door{Policies{.transport = Answering{}}, settings};
  const auto billing = door.follow<Billing>("billing");
  if (billing) (void)billing->transition<"MainMenue", "Payment">("550e8400-e29b-41d4-a716-446655440000");
}
