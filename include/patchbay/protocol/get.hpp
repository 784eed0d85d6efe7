// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <string_view>

#include <patchbay/protocol/oauth.hpp>

namespace patchbay {

/// What to make of the answer to a reading; its error becomes the reading's.
using AcceptAnswer = Result<void> (*)(Operation& operation, std::string_view id);

/// Reads `operation.target` with a token into `operation.response`, with retries; `name` is the request's for logs and
/// messages. Succeeds on 2xx, and on 304 when `if_none_match` is given, if `accept`, called with `id`, takes the answer.
inline Protocol<Result<void>> get(Operation& operation, const Gateway& gateway, std::string_view name, std::string_view if_none_match,
                                  AcceptAnswer accept = nullptr, std::string_view id = {}) {
  HttpRequest request(Method::get, gateway.api, operation.target);
  request.name = name;
  request.max_body = gateway.max_body;
  std::uint64_t stale_generation = 0;
  AttemptCounts counts;
  RetryCharge charge;
  for (;;) {
    if (!authorized_at_once(operation, gateway, stale_generation))
      if (auto authorized = co_await authorize(operation, gateway, stale_generation); !authorized) co_return authorized;
    const std::array<HeaderView, 3> headers{HeaderView{"Authorization", operation.authorization}, HeaderView{"Accept", "application/json"},
                                            HeaderView{"If-None-Match", if_none_match}};
    request.headers = std::span(headers).first(if_none_match.empty() ? 2 : 3);
    Attempt last;
    if (auto begun = co_await attempt(operation, gateway, ExchangeKind::read, request, operation.deadline, last, charge); !begun)
      co_return begun;
    if (last.verdict.next == Next::authorize) continue;
    if (last.verdict.next == Next::done || (operation.status == 304 && !if_none_match.empty()))
      co_return accept ? accept(operation, id) : Result<void>{};
    if (last.verdict.next == Next::refresh_token && may_replay(operation, gateway)) {
      stale_generation = operation.token_generation;
      continue;
    }
    const int attempts = counts.count(last.verdict.cause);
    Error error = error_of(operation, last, name, counts.total());
    if (last.verdict.next != Next::retry) co_return fail(std::move(error));
    auto pause = co_await back_off(operation, gateway, last.verdict.cause, attempts, operation.deadline, error, charge);
    if (!pause) co_return fail(std::move(pause.error()));
    if (*pause != Pause::over) co_return fail(std::move(error));
  }
}

/// Takes the interaction `id` out of the answer into `operation.snapshot`.
inline Result<void> accept_interaction(Operation& operation, std::string_view id) {
  if (const auto parsed = Dialect::parse_interaction(operation.response, operation.json, operation.snapshot); !parsed) {
    Error error(ErrorCode::malformed_response, std::string("the interaction ").append(parsed.error().why));
    error.set_http_status(operation.status);
    return fail(std::move(error));
  }
  // An answer without its id may be anything, and what it does not tell of the node would count as nothing to compare with.
  if (!equal_ignoring_case(operation.snapshot.id, id))
    return fail(ErrorCode::malformed_response, operation.snapshot.id.empty()
                                                   ? "the interaction that the server answered with has no id"
                                                   : "the server answered with another interaction than the one asked for");
  return {};
}

/// Reads an interaction into `operation.snapshot`.
inline Protocol<Result<void>> read_interaction(Operation& operation, const Gateway& gateway, std::string_view id) {
  Dialect::interaction_target(operation.target, gateway.api, id);
  return get(operation, gateway, "interaction.get", {}, accept_interaction, id);
}

}  // namespace patchbay
