// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
//
// Both doors over libcurl: HTTP by it, and the hold channel, for which it has no WebSocket, by Beast.
//
//   curl_blocking https://API-HOST INTERACTION          with GENESYS_CLIENT_ID and GENESYS_CLIENT_SECRET set
#include <cstdio>
#include <cstdlib>

#include <patchbay/beast/blocking_transport.hpp>
#include <patchbay/curl/blocking_transport.hpp>
#include <patchbay/hold_controller.hpp>
#include <patchbay/policy/composed_transport.hpp>
#include <patchbay/state_transitioner.hpp>

using namespace patchbay;

int main(int argc, char** argv) {
  const char* const id = std::getenv("GENESYS_CLIENT_ID");
  const char* const secret = std::getenv("GENESYS_CLIENT_SECRET");
  if (argc != 3 || !id || !secret) return std::fputs("usage: curl_blocking https://API-HOST INTERACTION\n", stderr), 2;

  Settings settings;
  settings.base_url = argv[1];
  settings.tokens = std::make_shared<TokenSource>(
      TokenSettings{.login_url = argv[1], .client_id = id, .client_secret = Secret(secret)});

  curl::Options options;  // nothing of the environment is asked: a proxy is named here, or there is none
  options.connect_timeout = seconds{3};
  StateTransitioner transitioner{Policies{.transport = curl::BlockingTransport{options}}, settings};
  const Result<TransitionResult> moved = transitioner.transition(
      TransitionRequest{argv[2], "a1b2c3d4-e5f6-7890-abcd-ef1234567890", "MainMenu", "BillingInquiry"}.text(
          "customer_tier", "enterprise"));
  if (!moved) return std::fprintf(stderr, "%s\n", moved.error().describe().c_str()), 1;
  std::printf("moved by %s\n", moved->path.to_string().c_str());

  HoldController holds{Policies{.transport = Composed{curl::BlockingTransport{options}, beast::BlockingTransport{}}},
                       settings};
  const Result<HoldResult> held = holds.hold(HoldRequest{argv[2], "consultation", 5}.music("hold_music_standard.wav"));
  // Refused is not the same as unknown: a caller who may be on hold is to be taken off it.
  if (!held && held.error().outcome() != Outcome::unknown)
    return std::fprintf(stderr, "%s\n", held.error().describe().c_str()), 1;
  holds.pump_for(milliseconds{200});
  const Result<HoldResult> back = holds.unhold(UnholdRequest{argv[2], 5});
  if (!back) return std::fprintf(stderr, "%s\n", back.error().describe().c_str()), 1;
  std::printf("back after %lld ms\n",
              static_cast<long long>(std::chrono::duration_cast<milliseconds>(back->held_for).count()));
}
