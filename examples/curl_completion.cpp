// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
//
// Moves every interaction that is named on the standard input, all at once on one thread, over libcurl:
//
//   curl_completion https://API-HOST < interactions     with GENESYS_CLIENT_ID and GENESYS_CLIENT_SECRET set
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string>

#include <patchbay/curl/transport.hpp>
#include <patchbay/state_transitioner.hpp>

using namespace patchbay;

int main(int argc, char** argv) {
  const char* const id = std::getenv("GENESYS_CLIENT_ID");
  const char* const secret = std::getenv("GENESYS_CLIENT_SECRET");
  if (argc != 2 || !id || !secret)
    return std::fputs("usage: curl_completion https://API-HOST < interactions\n", stderr), 2;

  Settings settings;
  settings.base_url = argv[1];
  settings.tokens = std::make_shared<TokenSource>(
      TokenSettings{.login_url = argv[1], .client_id = id, .client_secret = Secret(secret)});

  curl::PoolOptions options;
  options.max_connections_per_host = 16;  // of which any number of transitions make use in turn
  curl::Loop loop(options);
  StateTransitioner transitioner{Policies{.transport = curl::Transport(loop)}, settings};

  std::size_t begun = 0;
  std::size_t moved = 0;
  for (std::string interaction; std::getline(std::cin, interaction); ++begun)
    transitioner.start_transition(
        TransitionRequest{interaction, "a1b2c3d4-e5f6-7890-abcd-ef1234567890", "MainMenu", "BillingInquiry"}.text(
            "customer_tier", "enterprise"),
        [&moved, interaction](const Result<TransitionResult>& result) {
          if (result) {
            ++moved;
          } else {
            std::fprintf(stderr, "%s: %s\n", interaction.c_str(), result.error().describe().c_str());
          }
        });
  std::printf("%zu under way\n", begun);
  loop.run();  // until the last has ended; every handler is called from here
  std::printf("%zu moved\n", moved);
  return moved == begun ? 0 : 1;
}
