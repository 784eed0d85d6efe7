// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <patchbay/identifier.hpp>
#include <patchbay/protocol/call.hpp>
#include <patchbay/protocol/channel_fsm.hpp>

namespace patchbay {

/// Where the hold channel is.
class ChannelAddress {
 public:
  ChannelAddress(Endpoint endpoint_in, std::string target_in) : endpoint(std::move(endpoint_in)), target(std::move(target_in)) {}

  Endpoint endpoint;
  std::string target;  ///< Path and query, without a token.
};

/// An upgrade request with its token, where the settings want it. The target may be a secret; it is never logged (B12).
class ChannelUpgrade {
 public:
  /// `authorization` is `Bearer …`, and outlives this; empty for an address that needs none.
  ChannelUpgrade(const ChannelAddress& address, std::string_view authorization, const HoldSettings& settings)
      : address_(&address), settings_(&settings), headers_{HeaderView{"Authorization", authorization}}, target_(address.target) {
    if (authorization.empty() || settings.token_in == ChannelToken::header) return;
    authorization.remove_prefix(std::min(authorization.find(' ') + 1, authorization.size()));
    target_.append(target_.find('?') == std::string::npos ? "?access_token=" : "&access_token=");
    append_percent_encoded(target_, authorization);
  }
  ChannelUpgrade(const ChannelUpgrade&) = delete;
  ChannelUpgrade& operator=(const ChannelUpgrade&) = delete;

  [[nodiscard]] ChannelRequest request() const {
    ChannelRequest out(address_->endpoint, target_);
    if (!headers_[0].value.empty() && settings_->token_in == ChannelToken::header) out.headers = headers_;
    out.max_message = settings_->max_message;
    return out;
  }

 private:
  const ChannelAddress* address_;
  const HoldSettings* settings_;
  std::array<HeaderView, 1> headers_;
  std::string target_;
};

/// Whether the channel is open, for whoever waited for that, and what to report if not. `error` is why it is refused, or why
/// the last connection ended.
[[nodiscard]] inline Result<void> readiness(ChannelState state, const std::optional<Error>& error) {
  if (state == ChannelState::open) return {};
  if (state == ChannelState::closed) return fail(ErrorCode::closed, "the door is closed");
  if (state == ChannelState::refused && error) return fail(*error);
  Error late(ErrorCode::not_connected, "the hold channel did not open in time" + (error ? ": " + error->message() : std::string{}));
  if (error) late.set_answer_of(*error);
  return fail(std::move(late));
}
/// How the door was closed, with `left` commands that were not acknowledged.
[[nodiscard]] inline Result<void> closing_result(std::size_t left) {
  if (left == 0) return {};
  return fail(ErrorCode::outcome_unknown, std::to_string(left) + " commands were still under way when the door was closed");
}

/// What it means for the channel that no token could be had.
[[nodiscard]] inline OpenFailure token_failure(const Error& error) {
  switch (error.code()) {
    case ErrorCode::rate_limited:
    case ErrorCode::circuit_open:
    case ErrorCode::queue_full: return {OpenFailure::Kind::busy, error};
    case ErrorCode::deadline_exceeded:
    case ErrorCode::unavailable:
    case ErrorCode::network:
    case ErrorCode::malformed_response:
    case ErrorCode::internal: return {OpenFailure::Kind::network, error};
    case ErrorCode::cancelled: return {OpenFailure::Kind::abandoned, error};
    default: return {OpenFailure::Kind::permanent, error};
  }
}

/// What the failure of an upgrade means for the channel (hazards B13, B17). `authorization` is what it was asked with, which
/// the refusal may repeat; `made` is the id of a channel that was made, which the refusal may repeat as well. It needs no token,
/// and is gone when it is refused.
[[nodiscard]] inline OpenFailure upgrade_failure(const TransportError& failure, const HttpResponse& refusal, WallTime now,
                                                 std::string_view authorization = {}, std::string_view made = {}) {
  if (failure.fault != TransportFault::upgrade_refused) {
    std::string message("the hold channel could not be opened: ");
    message.append(to_string(failure.fault));
    if (!failure.detail.empty()) message.append(": ").append(excerpt(failure.detail, 200));
    Error error(classify(ExchangeKind::read, failure.fault, failure.delivery).code, std::move(message));
    const auto kind = failure.fault == TransportFault::plain_text_refused ? OpenFailure::Kind::permanent
                      : failure.fault == TransportFault::cancelled        ? OpenFailure::Kind::abandoned
                                                                          : OpenFailure::Kind::network;
    return {kind, std::move(error)};
  }
  const int status = refusal.status;
  Error error(classify(ExchangeKind::read, status).code, "the hold channel's upgrade was answered with " + std::to_string(status));
  if (status >= 200 && status <= 299) error = Error(ErrorCode::unexpected_status, error.message());
  error.set_http_status(status);
  // Its own, since this is neither an operation's nor often needed.
  JsonReader json;
  detail::add_refusal(error, refusal, json, detail::token_of(authorization));
  detail::conceal(error, refusal.body.view(), made);
  if (const auto value = refusal.headers.find("Retry-After")) {
    if (const auto wait = parse_retry_after(*value, refusal.headers.find("Date"), now)) {
      std::string text = "; the server asked for no other ";
      append_wait(text, *wait, now);
      error.add_message(text).set_retry_after(std::chrono::ceil<milliseconds>(std::min<Duration>(*wait, std::chrono::hours{24})));
    }
  }
  if (!made.empty() && (status == 401 || status == 403 || status == 404 || status == 410)) return {OpenFailure::Kind::channel_gone, std::move(error)};
  switch (status) {
    case 401:
    case 403: return {OpenFailure::Kind::auth, std::move(error)};
    case 429:
    case 503: return {OpenFailure::Kind::busy, std::move(error)};
    case 408:
    case 425: return {OpenFailure::Kind::network, std::move(error)};
    default: return {status >= 500 && status != 501 && status != 505 ? OpenFailure::Kind::network : OpenFailure::Kind::permanent, std::move(error)};
  }
}

}  // namespace patchbay
