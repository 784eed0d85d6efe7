// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <patchbay/flow/reachability.hpp>
#include <patchbay/hold_settings.hpp>
#include <patchbay/observe/audit.hpp>
#include <patchbay/protocol/flow_cache.hpp>
#include <patchbay/protocol/pacer.hpp>
#include <patchbay/protocol/token_source.hpp>
#include <patchbay/random_source.hpp>

namespace patchbay {

/// The CRM webhook that is told of every successful transition. Off unless it has an address (hazard A17).
struct WebhookSettings {
  std::string url;
  /// Signs a delivery's body, for example with an HMAC under a key that the CRM knows; what it returns goes into the header
  /// `X-Signature`. None: deliveries are not signed. One that throws, or returns what no header can carry, fails the delivery.
  std::function<std::string(std::string_view body)> sign;
  Duration attempt_timeout = seconds{5};
  Duration total_timeout = seconds{15};  ///< Over all attempts, and never beyond the operation's deadline.
  int max_attempts = 3;
};

/// What concerns `StateTransitioner` alone.
struct TransitionSettings {
  Reachability reachability = Reachability::path;
  /// Whether an edge with a condition may be taken; asked only under `Reachability::conditional`. None: it may not.
  EdgePredicate condition;
  std::size_t max_attributes_bytes = 65'536;  ///< Of the encoded `customAttributes` object.
  int max_conflicts = 3;                      ///< Re-reads after another writer's change before giving up.
  WebhookSettings webhook;
};

/// What both doors need. Copied into a door when it is built; the handles are shared by the copies.
///
/// Only `base_url` and `tokens` must be set. A door built from settings that `check()` refuses answers every operation
/// with `ErrorCode::invalid_settings`.
class Settings {
 public:
  std::string base_url;                 ///< The API, for example `https://api.example.com`; no default.
  std::shared_ptr<TokenSource> tokens;  ///< One per credential, whatever the number of doors.
  bool allow_plain_text = false;        ///< Lets tokens go to `http://` and `ws://` beyond this machine.

  Duration deadline = seconds{30};         ///< Of an operation that names none: over all attempts and waits.
  Duration attempt_timeout = seconds{10};  ///< Of one HTTP exchange.
  Duration retry_after_cap = seconds{60};  ///< A longer `Retry-After` ends the operation at once.
  std::size_t max_body = std::size_t{32} << 20;  ///< Of one answer, in bytes.

  std::shared_ptr<Pacer> pacer;  ///< None: requests are not paced.
  std::shared_ptr<FlowCache> flows = std::make_shared<FlowCache>();
  std::shared_ptr<RandomSource> random = std::make_shared<RandomSource>();
  std::shared_ptr<AuditSink> audit;  ///< Receives every audit record; none: only the door's own snapshot has them.
  std::size_t audit_records = 256;   ///< Kept for the snapshot.

  TransitionSettings transition;
  HoldSettings hold;

  /// What is wrong, naming the member; nothing is when it holds a value.
  [[nodiscard]] Result<void> check() const {
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
    if (!flows) return refuse("flows: is empty");
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
    }
    return hold.check();
  }

  /// Parses one of the settings' addresses and applies `allow_plain_text`.
  [[nodiscard]] Result<Endpoint> endpoint(std::string_view url, std::string_view what) const {
    Result<Endpoint> parsed = Endpoint::parse(url, what);
    if (!parsed) return parsed;
    if (allow_plain_text) parsed->allow_plain_text();
    if (!parsed->may_carry_credentials())
      return fail(ErrorCode::invalid_settings,
                  std::string(what).append(": plain text goes only to this machine, unless allow_plain_text is set"));
    return parsed;
  }
};

}  // namespace patchbay
