// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/state_transitioner.hpp>

using namespace patchbay;

struct Answering {
  TransportResult<void> send(const HttpRequest&, HttpResponse&, SteadyTime) { return {}; }
};

struct Billing : StaticFlow<Edge<"MainMenu", "Verify">, Edge<"Verify", "Payment">> {};

void move(const Settings& settings) {
  StateTransitioner door{Policies{.transport = Answering{}}, settings};
  const auto billing = door.follow<Billing>("billing");
  if (billing) (void)billing->transition<"MainMenu", "Payment">("550e8400-e29b-41d4-a716-446655440000");
}
