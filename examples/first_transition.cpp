// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <cstdio>
#include <cstdlib>

#include <patchbay/beast/blocking_transport.hpp>
#include <patchbay/state_transitioner.hpp>

using namespace patchbay;

int main(int argc, char** argv) {
  const char* const id = std::getenv("GENESYS_CLIENT_ID");
  const char* const secret = std::getenv("GENESYS_CLIENT_SECRET");
  if (argc != 3 || !id || !secret)
    return std::fputs("usage: first_transition https://API-HOST INTERACTION\n"
                      "with GENESYS_CLIENT_ID and GENESYS_CLIENT_SECRET set\n", stderr), 2;

  Settings settings;
  settings.base_url = argv[1];
  settings.tokens = std::make_shared<TokenSource>(
      TokenSettings{.login_url = argv[1], .client_id = id, .client_secret = Secret(secret)});
  StateTransitioner transitioner{Policies{.transport = beast::BlockingTransport{}}, settings};

  const Result<TransitionResult> moved = transitioner.transition(
      TransitionRequest{argv[2], "a1b2c3d4-e5f6-7890-abcd-ef1234567890", "MainMenu", "BillingInquiry"}
          .text("customer_tier", "enterprise")
          .text("call_duration_seconds", "145")
          .text("requires_supervisor", "false")
          .text("routing_metadata", R"({"queue":"billing_team","priority":"high"})"));
  if (!moved) return std::fprintf(stderr, "%s\n", moved.error().describe().c_str()), 1;
  std::printf("moved by %s, as transition %s\n", moved->path.to_string().c_str(), moved->transition_id.c_str());
}
