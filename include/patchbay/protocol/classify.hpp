// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>

#include <patchbay/error.hpp>
#include <patchbay/policy/retry.hpp>
#include <patchbay/policy/transport.hpp>

namespace patchbay {

/// What kind of exchange an answer belongs to.
enum class ExchangeKind : std::uint8_t {
  read,     ///< GET: may be repeated freely.
  token,    ///< The token request: may be repeated, a refusal may not.
  write,    ///< A write: may be repeated when it is locked, for the server applies one version's at most once.
  webhook,  ///< A delivery: may be repeated, since the receiver knows the event's id.
};

/// What to do about the end of one exchange.
enum class Next : std::uint8_t {
  done,           ///< 2xx.
  retry,          ///< Ask the retry policy.
  refresh_token,  ///< 401: once, with a newer token.
  reread,         ///< 409 or 412: read the interaction and decide again.
  give_up,        ///< Nothing that is sent again would help.
  authorize,      ///< Nothing was sent: the token died while the request waited for its turn.
};

/// The meaning of the end of one exchange.
class Verdict {
 public:
  constexpr Verdict(Next next_in, ErrorCode code_in, bool ambiguous_in = false, RetryCause cause_in = RetryCause::transient) noexcept
      : next(next_in), code(code_in), cause(cause_in), ambiguous(ambiguous_in) {}

  Next next;
  ErrorCode code;     ///< What to report when it ends here.
  RetryCause cause;   ///< What to ask the retry policy about.
  bool ambiguous;     ///< The server may have acted: only for writes.
};

/// The one classifier for every exchange of the library (hazards A4, A5, A6): retryable, repeatable, outcome known.
[[nodiscard]] constexpr Verdict classify(ExchangeKind kind, int status) noexcept {
  const bool write = kind == ExchangeKind::write;
  if (status >= 200 && status <= 299) return {Next::done, ErrorCode::internal};
  switch (status) {
    case 400: return {Next::give_up, kind == ExchangeKind::token ? ErrorCode::authentication_failed : ErrorCode::unexpected_status};
    case 401:
      if (kind == ExchangeKind::token || kind == ExchangeKind::webhook) return {Next::give_up, ErrorCode::authentication_failed};
      return {Next::refresh_token, ErrorCode::authentication_failed};
    case 403: return {Next::give_up, ErrorCode::forbidden};
    case 404: return {Next::give_up, ErrorCode::not_found};
    case 408: return {Next::retry, ErrorCode::unavailable, write};
    case 409:
    case 412: return write ? Verdict{Next::reread, ErrorCode::conflict} : Verdict{Next::give_up, ErrorCode::unexpected_status};
    case 422: return {Next::give_up, ErrorCode::unprocessable};
    case 428: return {Next::give_up, ErrorCode::precondition_required};
    case 429: return {Next::retry, ErrorCode::rate_limited, false, RetryCause::rate_limited};
    case 501:
    case 505: return {Next::give_up, ErrorCode::unexpected_status};
    default: break;
  }
  if (status >= 500) return {Next::retry, ErrorCode::unavailable, write};
  // Redirects are not followed (hazard A16). What is no final answer at all says nothing about a write.
  return {Next::give_up, ErrorCode::unexpected_status, write && status < 200};
}

[[nodiscard]] constexpr Verdict classify(ExchangeKind kind, TransportFault fault, Delivery delivery) noexcept {
  const bool ambiguous = kind == ExchangeKind::write && delivery == Delivery::maybe_sent;
  switch (fault) {
    case TransportFault::plain_text_refused: return {Next::give_up, ErrorCode::invalid_settings};
    case TransportFault::cancelled: return {Next::give_up, ErrorCode::cancelled, ambiguous};
    case TransportFault::tls: return {Next::give_up, ErrorCode::network, ambiguous};
    case TransportFault::too_large: return {Next::give_up, ErrorCode::response_too_large, ambiguous};
    case TransportFault::malformed: return {Next::give_up, ErrorCode::malformed_response, ambiguous};
    case TransportFault::queue_full: return {Next::give_up, ErrorCode::queue_full, ambiguous};
    case TransportFault::upgrade_refused:
    case TransportFault::closed: return {Next::give_up, ErrorCode::network, ambiguous};
    case TransportFault::resolve:
    case TransportFault::connect:
    case TransportFault::timed_out:
    case TransportFault::reset: break;
  }
  return {Next::retry, ErrorCode::network, ambiguous};
}

}  // namespace patchbay
