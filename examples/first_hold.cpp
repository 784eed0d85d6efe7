// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
//
// Puts a caller on hold for a consultation, with music and a prompt, and takes the caller back.
//
//   first_hold https://API-HOST INTERACTION          with GENESYS_CLIENT_ID and GENESYS_CLIENT_SECRET set
#include <cstdio>
#include <cstdlib>

#include <patchbay/beast/blocking_transport.hpp>
#include <patchbay/hold_controller.hpp>

using namespace patchbay;

int main(int argc, char** argv) {
  const char* const id = std::getenv("GENESYS_CLIENT_ID");
  const char* const secret = std::getenv("GENESYS_CLIENT_SECRET");
  if (argc != 3 || !id || !secret)
    return std::fputs("usage: first_hold https://API-HOST INTERACTION\n"
                      "with GENESYS_CLIENT_ID and GENESYS_CLIENT_SECRET set\n", stderr), 2;

  Settings settings;
  settings.base_url = argv[1];
  settings.tokens = std::make_shared<TokenSource>(
      TokenSettings{.login_url = argv[1], .client_id = id, .client_secret = Secret(secret)});
  settings.hold.max_hold =
      std::chrono::minutes{15};  // then the handler below is told, again and again until the hold ends
  HoldController holds{Policies{.transport = beast::BlockingTransport{}}, settings};

  // Quality monitors hear of every outcome, and cannot change one.
  holds.on_quality([](const QualityEvent& event) {
    std::printf("%s: %.*s\n", event.event == HoldVerb::hold ? "hold" : "unhold",
                static_cast<int>(event.status().size()), event.status().data());
  });
  holds.on_limit([](const HoldLimitEvent& event) {
    std::printf("%s has been on hold for too long\n", event.interaction.c_str());
  });

  const Result<HoldResult> held = holds.hold(
      HoldRequest{argv[2], "consultation", 5}.music("hold_music_standard.wav").prompt("please_remain_on_the_line.wav"));
  if (!held) {
    // Refused is not the same as unknown: a caller who may be on hold is to be taken off it.
    std::fprintf(stderr, "%s\n", held.error().describe().c_str());
    if (held.error().outcome() != Outcome::unknown) return 1;
  }

  // The consultation. The door starts no thread: while nothing else is asked of it, pump it, so that it answers pings
  // and watches the hold.
  holds.pump_for(std::chrono::milliseconds{500});

  const Result<HoldResult> back = holds.unhold(UnholdRequest{argv[2], 5});
  if (!back) return std::fprintf(stderr, "%s\n", back.error().describe().c_str()), 1;
  std::printf("back after %lld ms\n",
              static_cast<long long>(std::chrono::duration_cast<milliseconds>(back->held_for).count()));
}
