// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // min
#include <array>
#include <span>
#include <string>
#include <string_view>

#include <patchbay/json/write.hpp>
#include <patchbay/observe/redact.hpp>
#include <patchbay/protocol/call.hpp>
#include <patchbay/settings.hpp>
#include <patchbay/transition_request.hpp>

namespace patchbay {

/// Writes what the CRM is told of a transition: document A's fields, and the transition id as the event's id. The
/// variables are the coerced ones, as written to the cloud (hazard A31).
inline void encode_webhook(std::string& out, const TransitionRequest& request, std::string_view transition_id, std::string_view timestamp,
                           std::string_view variables) {
  out.clear();
  JsonWriter json(out);
  json.begin_object().member("eventId", transition_id).member("interactionId", request.interaction());
  json.member("previousState", request.from()).member("newState", request.to());
  json.key("variables").begin_object().members(variables).end_object();
  json.member("timestamp", timestamp).end_object();
}

/// Delivers `operation.body` to the CRM: at least once or an error, within the settings' bounds and the operation's
/// deadline. Only 2xx is success (hazard A30); the answer's body is of no interest.
inline Protocol<Result<void>> deliver_webhook(Operation& operation, const Gateway& crm, const WebhookSettings& settings) {
  const SteadyTime limit = std::min(operation.deadline, after(operation.steady_now(), settings.total_timeout));
  std::string signature;
  if (settings.sign) {
    const bool calm = guarded([&] { signature = settings.sign(operation.body); });
    if (!calm) co_return fail(ErrorCode::internal, "the webhook's signer threw");
    for (const char c : signature)
      if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) >= 0x7f)
        co_return fail(ErrorCode::internal, "the webhook's signature holds characters that no header can carry");
  }
  const std::array<HeaderView, 3> headers{HeaderView{"Content-Type", "application/json"}, HeaderView{"Accept", "*/*"},
                                          HeaderView{"X-Signature", signature}};
  HttpRequest post(Method::post, crm.api, crm.api.target());
  post.headers = std::span(headers).first(settings.sign ? 3 : 2);
  post.name = "webhook.post";
  post.body = operation.body;
  post.max_body = crm.max_body;
  AttemptCounts counts;
  RetryCharge charge;
  for (;;) {
    Attempt last;
    if (auto begun = co_await attempt(operation, crm, ExchangeKind::webhook, post, limit, last, charge); !begun) co_return begun;
    if (last.verdict.next == Next::done) co_return Result<void>{};
    const int attempts = counts.count(last.verdict.cause);
    Error error = error_of(operation, last, post.name, counts.total());
    if (last.verdict.next != Next::retry || counts.total() >= settings.max_attempts) co_return fail(std::move(error));
    auto pause = co_await back_off(operation, crm, last.verdict.cause, attempts, limit, error, charge);
    if (!pause) co_return fail(std::move(pause.error()));
    if (*pause != Pause::over) co_return fail(std::move(error));
  }
}

}  // namespace patchbay
