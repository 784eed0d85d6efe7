// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <patchbay/settings.hpp>

namespace patchbay {

PATCHBAY_DECL Settings::Settings()
    : pacer(std::make_shared<Pacer>()),
      guards(std::make_shared<HostGuards>()),
      flows(std::make_shared<FlowCache>()),
      random(std::make_shared<RandomSource>()) {}
PATCHBAY_DECL Settings::Settings(const Settings&) = default;
PATCHBAY_DECL Settings::Settings(Settings&&) noexcept = default;
PATCHBAY_DECL Settings& Settings::operator=(const Settings&) = default;
PATCHBAY_DECL Settings& Settings::operator=(Settings&&) noexcept = default;
PATCHBAY_DECL Settings::~Settings() = default;

PATCHBAY_DECL Result<void> Settings::check() const {
  const auto refuse = [](const char* what) { return fail(ErrorCode::invalid_settings, what); };
  if (const Result<Endpoint> api = endpoint(base_url, "base_url"); !api) {
    return fail(api.error());
  } else if (api->target().find('?') != std::string::npos) {
    return refuse("base_url: holds a query; name the API's address alone");
  }
  if (!tokens) return refuse("tokens: is empty; make a TokenSource from the credentials");
  if (!tokens->login()) return fail(tokens->login().error());
  if (deadline <= Duration::zero()) return refuse("deadline: must be positive");
  if (attempt_timeout <= Duration::zero()) return refuse("attempt_timeout: must be positive");
  if (retry_after_cap < Duration::zero()) return refuse("retry_after_cap: must not be negative");
  if (max_body == 0) return refuse("max_body: must be positive");
  if (max_operations == 0) return refuse("max_operations: must be positive");
  if (!flows) return refuse("flows: is empty");
  if (guards)
    if (auto fine = guards->check(); !fine) return fine;
  if (!random) return refuse("random: is empty");
  if (transition.max_attributes_bytes == 0) return refuse("transition.max_attributes_bytes: must be positive");
  if (transition.max_conflicts < 0) return refuse("transition.max_conflicts: must not be negative");
  const WebhookSettings& webhook = transition.webhook;
  if (!webhook.url.empty()) {
    // What the webhook carries is customers' data, so it is held to the same rule as credentials.
    if (const Result<Endpoint> crm = endpoint(webhook.url, "transition.webhook.url"); !crm) return fail(crm.error());
    if (webhook.attempt_timeout <= Duration::zero() || webhook.total_timeout <= Duration::zero())
      return refuse("transition.webhook: timeouts must be positive");
    if (webhook.max_attempts < 1) return refuse("transition.webhook.max_attempts: must be at least 1");
    const OutboxSettings& outbox = webhook.outbox;
    if (outbox.first_delay <= Duration::zero() || outbox.delay_cap < outbox.first_delay)
      return refuse("transition.webhook.outbox.first_delay: must be positive, and not above delay_cap");
    if (outbox.max_age <= Duration::zero()) return refuse("transition.webhook.outbox.max_age: must be positive");
    if (outbox.max_attempts < 1 || outbox.in_flight < 1)
      return refuse("transition.webhook.outbox: max_attempts and in_flight must be at least 1");
  }
  if (journaling.release_wait < Duration::zero() || journaling.fence_after < Duration::zero())
    return refuse("journaling: release_wait and fence_after must not be negative");
  if (journaling.look_every <= Duration::zero()) return refuse("journaling.look_every: must be positive");
  return hold.check();
}

PATCHBAY_DECL Result<Endpoint> Settings::endpoint(std::string_view url, std::string_view what) const {
  Result<Endpoint> parsed = Endpoint::parse(url, what);
  if (!parsed) return parsed;
  if (allow_plain_text) parsed->allow_plain_text();
  if (!parsed->may_carry_credentials())
    return fail(ErrorCode::invalid_settings,
                std::string(what).append(": plain text goes only to this machine, unless allow_plain_text is set"));
  return parsed;
}

}  // namespace patchbay
