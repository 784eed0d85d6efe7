// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>

#include <patchbay/testing/simulation/options.hpp>

// What differs from run to run besides the faults: how the cloud is set up, and how its clients are.
namespace patchbay::testing::simulation {

/// Secrets that must never be seen where they do not belong (invariant I19). Tokens are `simulated-token-…`.
inline constexpr std::string_view canary_secret = "canary-client-secret";
inline constexpr std::string_view canary_value = "canary-metadata";  ///< In a variable of every transition.

[[nodiscard]] inline CloudOptions draw_cloud(std::uint64_t seed, const FaultMix& mix) {
  Stream random = stream(seed, "cloud");
  CloudOptions out;
  out.client_id = "simulated-client";
  out.client_secret = Secret(std::string(canary_secret));
  constexpr std::array<Duration, 4> lives{seconds{3}, seconds{8}, seconds{20}, seconds{61}};
  const Duration life = random.pick(lives);
  if (mix.has(Fault::short_token)) out.token_ttl = life;
  out.show_expires_in = !random.chance(100);
  out.show_scope = !random.chance(200);
  out.stale_status = random.chance(300) ? 409 : 412;
  constexpr std::array<WriteAnswer, 4> answers{WriteAnswer::attributes, WriteAnswer::attributes, WriteAnswer::plain, WriteAnswer::no_content};
  out.write_answer = random.pick(answers);
  out.etag = random.chance(200) ? EtagPlace::header_and_body : EtagPlace::header;
  out.hold_changes_version = !random.chance(300);
  out.show_held = !random.chance(60);
  out.send_state_updates = !random.chance(300);
  // What the server takes for granted of an unnamed life must not be longer than what the client does.
  if (!out.show_expires_in && out.token_ttl < std::chrono::minutes{5}) out.show_expires_in = true;
  return out;
}

/// Production settings with shorter limits, so that a run of some minutes reaches them.
inline void draw_settings(std::uint64_t seed, ProcessId process, Settings& out) {
  Stream random = stream(seed, "settings", static_cast<std::uint64_t>(process.number));
  out.base_url = "https://api.example.com";
  TokenSettings tokens;
  tokens.login_url = "https://login.example.com";
  tokens.client_id = "simulated-client";
  tokens.client_secret = Secret(std::string(canary_secret));
  if (random.chance(400)) tokens.credentials_in = CredentialsIn::body;
  out.tokens = std::make_shared<TokenSource>(std::move(tokens));
  out.random = std::make_shared<RandomSource>(
      derive(seed, "library", static_cast<std::uint64_t>(process.number) << 32 | static_cast<std::uint64_t>(process.incarnation)));
  out.attempt_timeout = random.span(seconds{2}, seconds{10});
  out.retry_after_cap = random.chance(512) ? seconds{60} : seconds{10};
  const double per_minute = 60.0 * static_cast<double>(1 + random.below(20));
  const int burst = static_cast<int>(1 + random.below(4));
  if (random.chance(300)) out.pacer = std::make_shared<Pacer>(per_minute, burst);
  else if (random.chance(512)) out.pacer = std::make_shared<Pacer>();
  BreakerSettings breaker;
  breaker.enabled = !random.chance(200);
  if (random.chance(512)) breaker.min_exchanges = 4;
  RetryBudgetSettings budget;
  budget.enabled = !random.chance(200);
  if (random.chance(300)) budget.quota = 20;
  if (random.chance(900)) out.guards = std::make_shared<HostGuards>(breaker, budget);
  else out.guards = nullptr;
  out.flows = std::make_shared<FlowCache>(random.chance(512) ? seconds{60} : seconds{5});
  out.audit_records = 0;
  if (random.chance(100)) out.max_operations = 6;
  if (random.chance(100)) out.max_waiting = 2;
  out.transition.max_conflicts = static_cast<int>(random.below(4));
  if (random.chance(400)) out.transition.remember = std::make_shared<InteractionMemory>(random.chance(512) ? 10'000 : 2, seconds{300});
  if (random.chance(128)) out.transition.webhook.url = "https://crm.example.com/webhook";
  // Longer than anything is on its way.
  out.journaling.fence_after = seconds{240};
  out.journaling.release_wait = random.span(milliseconds{10}, seconds{1});
  HoldSettings& hold = out.hold;
  if (random.chance(200)) hold.token_in = ChannelToken::query;
  hold.ack_timeout = random.span(milliseconds{500}, seconds{5});
  hold.max_hold = random.span(seconds{20}, seconds{120});
  hold.warn_before = random.chance(200) ? Duration::zero() : hold.max_hold / 4;
  hold.repeat_every = random.span(seconds{5}, seconds{30});
  constexpr std::array<HoldLimit, 4> limits{HoldLimit::escalate, HoldLimit::escalate, HoldLimit::release, HoldLimit::reject_late_unhold};
  hold.limit = random.pick(limits);
  hold.ping_every = random.span(seconds{5}, seconds{30});
  hold.silence_limit = hold.ping_every * 5 / 2;
  hold.connect_timeout = random.span(seconds{2}, seconds{10});
  hold.send_timeout = random.span(seconds{1}, seconds{5});
  hold.delay_cap = random.span(seconds{2}, seconds{30});
  hold.stable_after = random.span(seconds{5}, seconds{60});
  if (random.chance(60)) hold.max_commands = 4;
  if (random.chance(60)) hold.max_tombstones = 2;
  if (random.chance(100)) hold.pacer = std::make_shared<Pacer>(120.0, 2);
}

}  // namespace patchbay::testing::simulation
