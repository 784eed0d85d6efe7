// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/hold_settings.hpp>

#include <string>
#include <utility>
#include <vector>

#include "support/catch.hpp"

using namespace patchbay;

TEST_CASE("hold settings that cannot work are refused by the name of the member", "[settings][hold]") {
  const HoldSettings good;
  REQUIRE(good.check().has_value());
  constexpr Duration zero = Duration::zero(), negative = seconds{-1};
  std::vector<std::pair<std::string, HoldSettings>> bad;
  const auto with = [&](const char* member, auto change) {
    HoldSettings settings;
    change(settings);
    bad.emplace_back(member, settings);
  };
  with("ack_timeout", [&](HoldSettings& s) { s.ack_timeout = zero; });
  with("max_hold", [&](HoldSettings& s) { s.max_hold = zero; });
  with("warn_before", [&](HoldSettings& s) { s.warn_before = negative; });
  with("warn_before", [&](HoldSettings& s) { s.warn_before = s.max_hold; });
  with("repeat_every", [&](HoldSettings& s) { s.repeat_every = zero; });
  with("release_priority", [&](HoldSettings& s) { s.release_priority = -1; });
  with("release_priority", [&](HoldSettings& s) { s.release_priority = 10; });
  with("ping_every", [&](HoldSettings& s) { s.ping_every = zero; });
  with("silence_limit", [&](HoldSettings& s) { s.silence_limit = s.ping_every; });
  with("connect_timeout", [&](HoldSettings& s) { s.connect_timeout = zero; });
  with("send_timeout", [&](HoldSettings& s) { s.send_timeout = zero; });
  with("first_delay", [&](HoldSettings& s) { s.first_delay = zero; });
  with("first_delay", [&](HoldSettings& s) { s.delay_cap = s.first_delay - Duration{1}; });
  with("stable_after", [&](HoldSettings& s) { s.stable_after = zero; });
  with("close_timeout", [&](HoldSettings& s) { s.close_timeout = negative; });
  with("max_message", [&](HoldSettings& s) { s.max_message = 0; });
  with("max_commands", [&](HoldSettings& s) { s.max_commands = 0; });
  with("max_holds", [&](HoldSettings& s) { s.max_holds = 0; });
  with("max_notices", [&](HoldSettings& s) { s.max_notices = 0; });
  for (const auto& [member, settings] : bad) {
    CAPTURE(member);
    const auto checked = settings.check();
    REQUIRE_FALSE(checked.has_value());
    CHECK(checked.error().code() == ErrorCode::invalid_settings);
    CHECK(checked.error().message().find("hold." + member + ": ") == 0);
  }
}
