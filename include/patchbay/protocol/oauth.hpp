// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <patchbay/cloud/documents_dialect.hpp>
#include <patchbay/protocol/call.hpp>

namespace patchbay {

namespace detail {

/// Base64 (RFC 4648 section 4) of what stands in `Authorization: Basic`.
inline void append_base64(std::string& out, std::string_view bytes) {
  static constexpr char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    const std::size_t have = std::min<std::size_t>(3, bytes.size() - i);
    for (std::size_t k = 0; k < 3; ++k) group = group << 8 | (k < have ? static_cast<unsigned char>(bytes[i + k]) : 0U);
    for (std::size_t k = 0; k < 4; ++k) out.push_back(k <= have ? alphabet[group >> (18 - 6 * k) & 63] : '=');
  }
}

/// A string that held a secret is overwritten before its memory is used for anything else.
class Wipe {
 public:
  explicit Wipe(std::string& text) noexcept : text_(&text) {}
  Wipe(const Wipe&) = delete;
  Wipe& operator=(const Wipe&) = delete;
  ~Wipe() {
    volatile char* p = text_->data();
    for (std::size_t i = 0; i < text_->size(); ++i) p[i] = 0;
  }

 private:
  std::string* text_;
};

/// Leads a refresh on behalf of every door that shares the token source, and says there how it ended.
class RefreshLead {
 public:
  explicit RefreshLead(TokenSource& tokens) noexcept : tokens_(&tokens) {}
  RefreshLead(const RefreshLead&) = delete;
  RefreshLead& operator=(const RefreshLead&) = delete;
  ~RefreshLead() {
    if (tokens_) tokens_->abandon();
  }
  void settled() noexcept { tokens_ = nullptr; }

 private:
  TokenSource* tokens_;
};

/// Takes the login host's words out of `error` if they repeat what it was sent, in any of the ways that it was sent.
[[gnu::cold, gnu::noinline]] inline void conceal_client(Error& error, std::string_view body, std::string_view secret,
                                                        std::string_view encoded, std::string_view basic) {
  conceal(error, body, secret);
  conceal(error, body, encoded);
  conceal(error, body, token_of(basic));
}

/// What a login host calls a client that exists and may have no tokens, whatever its secret (the platform knows the states
/// `disabled` and `inactive`), and one that it does not know.
inline constexpr std::array<std::string_view, 4> words_for_inactive{"inactive", "not active", "disabled", "deactivated"};
inline constexpr std::array<std::string_view, 2> words_for_unknown{"client not found", "unknown client"};

[[nodiscard]] constexpr bool says_one_of(std::string_view text, std::span<const std::string_view> words) noexcept {
  for (const std::string_view word : words)
    for (std::size_t i = 0; i + word.size() <= text.size(); ++i)
      if (equal_ignoring_case(text.substr(i, word.size()), word)) return true;
  return false;
}

/// The error for a client that the login host refuses, with the cause as far as its answer tells: only who is told apart
/// from a wrong secret need not look for a right one.
[[gnu::cold, gnu::noinline]] inline Error login_refusal(const Error& answered) {
  if (answered.server_code().empty()) return answered;
  std::string message = "the login host refused the credentials: " + answered.server_code();
  const std::string told = answered.server_code() + " " + answered.server_message();
  if (says_one_of(told, words_for_inactive)) {
    message.append("; it says that the client is not active there, so that another secret does not help");
  } else if (says_one_of(told, words_for_unknown)) {
    message.append("; it knows no client of that id, which may belong to another region");
  }
  Error error(answered.code(), std::move(message));
  error.set_answer_of(answered);
  return error;
}

}  // namespace detail

/// Fetches a token as the leader of the refresh (RFC 6749 section 4.4), with retries, and publishes it or the error.
inline Protocol<Result<void>> refresh_token(Operation& operation, const Gateway& gateway) {
  TokenSource& tokens = *gateway.tokens;
  detail::RefreshLead lead(tokens);
  const TokenSettings& settings = tokens.settings();
  const Endpoint& login = *tokens.login();

  std::string target = login.path() + std::string(DocumentsDialect::token_target);
  std::string form = "grant_type=client_credentials";
  std::string basic;
  // Base64 takes four bytes for three.
  const std::size_t room = 4 * (settings.client_id.size() + settings.client_secret.reveal().size() + settings.scope.size()) + 128;
  form.reserve(room), basic.reserve(room);  // so that growing leaves no copy of the secret behind
  const detail::Wipe wipe_form(form), wipe_basic(basic);
  std::string encoded_secret;
  const detail::Wipe wipe_secret(encoded_secret);
  encoded_secret.reserve(room);
  append_form_encoded(encoded_secret, settings.client_secret.reveal());
  if (settings.credentials_in == CredentialsIn::basic) {
    // Each is form-encoded before they are joined (RFC 6749 section 2.3.1), which leaves the platform's as they are.
    std::string pair;
    const detail::Wipe wipe_pair(pair);
    pair.reserve(room);
    append_form_encoded(pair, settings.client_id);
    pair.append(":").append(encoded_secret);
    basic = "Basic ";
    detail::append_base64(basic, pair);
  } else {
    append_form_encoded(form.append("&client_id="), settings.client_id);
    form.append("&client_secret=").append(encoded_secret);
  }
  if (!settings.scope.empty()) append_form_encoded(form.append("&scope="), settings.scope);
  const std::array<HeaderView, 3> headers{HeaderView{"Content-Type", "application/x-www-form-urlencoded"},
                                          HeaderView{"Accept", "application/json"}, HeaderView{"Authorization", basic}};
  HttpRequest request(Method::post, login, target);
  request.headers = std::span(headers).first(basic.empty() ? 2 : 3);
  request.body = form;
  request.name = "token.post";
  request.max_body = std::min<std::size_t>(gateway.max_body, 1 << 20);

  AttemptCounts counts;
  RetryCharge charge;
  for (;;) {
    const SteadyTime requested = operation.steady_now();
    Attempt last;
    // A failure to begin is the leader's own: its deadline or its turn. The lead passes on.
    if (auto begun = co_await attempt(operation, gateway, ExchangeKind::token, request, operation.deadline, last, charge); !begun)
      co_return begun;
    if (last.verdict.next == Next::done) {
      DocumentsDialect::Grant grant;
      const auto parsed = DocumentsDialect::parse_grant(operation.response, operation.json, grant);
      if (parsed) {
        constexpr double longest = 10.0 * 365 * 24 * 3600;
        const Duration lifetime = grant.expires_in < 0
                                      ? settings.default_lifetime
                                      : std::chrono::duration_cast<Duration>(std::chrono::duration<double>(std::min(grant.expires_in, longest)));
        // A token that is dead already would be fetched again at once, and again, until the deadline.
        if (operation.steady_now() >= after(requested, lifetime)) {
          const Error dead(ErrorCode::unavailable, "the token had expired when its answer came");
          tokens.fail_refresh(dead);
          lead.settled();
          co_return fail(dead);
        }
        tokens.publish(std::move(grant.access_token), grant.has_scope ? std::move(grant.scope) : settings.scope, requested, lifetime,
                       operation.random_unit());
        lead.settled();
        operation.log(Level::info, "token.refreshed", {{"generation", static_cast<std::int64_t>(tokens.generation())}});
        co_return Result<void>{};
      }
      Error error(ErrorCode::malformed_response, std::string("the token answer ").append(parsed.error().why));
      error.set_http_status(operation.status).set_server_correlation_id(operation.server_correlation_id);
      tokens.fail_refresh(error);
      lead.settled();
      co_return fail(std::move(error));
    }
    const int attempts = counts.count(last.verdict.cause);
    Error error = error_of(operation, last, request.name, counts.total());
    detail::conceal_client(error, operation.response.body.view(), settings.client_secret.reveal(), encoded_secret, basic);
    const SteadyTime told_at = operation.steady_now();
    const std::optional<Duration> hint = retry_after_of(operation);
    // The host's wish binds every operation, not only the one that heard it (invariant I9).
    const auto heed = [&tokens, &operation, &hint, told_at](const Error& why, bool worth_waiting) {
      if (hint) tokens.hold_off(after(told_at, *hint), operation.steady_now(), why, worth_waiting);
    };
    Pause pause = Pause::stop;
    if (last.verdict.next == Next::give_up) {
      error = detail::login_refusal(error);
    } else {
      auto waited = co_await back_off(operation, gateway, last.verdict.cause, attempts, operation.deadline, error, charge);
      if (!waited) {
        heed(error, true);  // who waited for its end is cancelled, and another may take the lead at once
        co_return fail(std::move(waited.error()));
      }
      pause = *waited;
    }
    if (pause == Pause::over) continue;
    // Who had no time for the wait leaves it to those who have; a wait beyond the cap, or a last attempt, is for nobody.
    heed(error, pause == Pause::out_of_time && (!hint || *hint <= gateway.retry_after_cap));
    // Whose own caller cancelled it speaks for nobody else: another takes the lead.
    if (pause == Pause::stop && error.code() != ErrorCode::cancelled) {
      tokens.fail_refresh(error);
      lead.settled();
    }
    co_return fail(std::move(error));
  }
}

namespace detail {

/// Whether the token in `operation.authorization` was granted what the door needs; looked at once for each token.
inline Result<void> check_scope(Operation& operation, const Gateway& gateway) {
  if (operation.scope_generation == operation.token_generation) return {};
  if (const auto missing = gateway.tokens->lacks(gateway.needed_scope))
    return fail(ErrorCode::insufficient_scope, std::string("the token was granted without the scope ").append(*missing));
  operation.scope_generation = operation.token_generation;
  return {};
}

}  // namespace detail

/// Whether a valid and sufficient token could be put into `operation.authorization` at once, as is usual.
inline bool authorized_at_once(Operation& operation, const Gateway& gateway, std::uint64_t stale_generation) {
  return gateway.tokens->try_use(operation.steady_now(), stale_generation, operation.authorization, operation.token_generation) &&
         operation.scope_generation == operation.token_generation;
}

/// Waits while the login host is to be left alone; false when there is no such wait, or no time for it. Releases and the
/// channel do not wait: they try in ways of their own. Fails only when cancelled.
inline Protocol<Result<bool>> wait_for_login(Operation& operation, TokenSource& tokens) {
  const SteadyTime from = operation.steady_now();
  const std::optional<SteadyTime> open = operation.must_not_wait ? std::nullopt : tokens.opens_again(from);
  if (!open) co_return false;
  // Other processes were told to wait as well: not all at the same moment, and never earlier (invariant I9).
  const auto spread = std::chrono::duration<double>(std::min<Duration>((*open - from) / 10, seconds{1})) * operation.random_unit();
  const SteadyTime until = after(*open, std::chrono::duration_cast<Duration>(spread));
  if (until >= operation.deadline) co_return false;
  operation.log(Level::info, "token.wait", {{"operation", operation.operation_id}, {"ms", to_milliseconds(until - from)}});
  SleepEffect sleep(until);
  co_await sleep;
  operation.slept += operation.steady_now() - from;
  if (sleep.cancelled) co_return fail(ErrorCode::cancelled, "cancelled while the login host was to be left alone");
  co_return true;
}

/// Puts a valid token into `operation.authorization`: the present one, or one that this or another operation fetches now.
/// Nothing of `stale_generation` or older is taken. Callers ask `authorized_at_once` first, which takes no frame.
inline Protocol<Result<void>> authorize(Operation& operation, const Gateway& gateway, std::uint64_t stale_generation) {
  TokenSource& tokens = *gateway.tokens;
  SingleFlight::Ticket ticket = 0;
  for (;;) {
    Waiter waiter(operation);
    std::optional<Error> error;
    const Turn turn = tokens.ask(operation.steady_now(), stale_generation, waiter, ticket, operation.authorization,
                                 operation.token_generation, error, operation.must_not_wait);
    if (turn == Turn::use) co_return detail::check_scope(operation, gateway);
    if (turn == Turn::failed) {
      const Result<bool> waited = co_await wait_for_login(operation, tokens);
      if (!waited) co_return fail(waited.error());
      if (!*waited) co_return fail(std::move(*error));
      ticket = 0;  // what the others waited for is over
      continue;
    }
    if (turn == Turn::full) co_return fail(ErrorCode::queue_full, "too many operations wait for a token (max_waiters)");
    if (turn == Turn::lead) {
      if (auto led = co_await refresh_token(operation, gateway); !led) {
        // A token that is still valid serves until its end, even though its successor could not be had yet.
        if (led.error().code() == ErrorCode::cancelled || !tokens.postpone(operation.steady_now(), stale_generation)) co_return led;
      }
      continue;
    }
    const QueuePlace place([&]() noexcept { tokens.forget(waiter); });
    WaitEffect wait(waiter, operation.deadline);
    const SteadyTime from = operation.steady_now();
    co_await wait;
    operation.slept += operation.steady_now() - from;
    if (wait.cancelled) co_return fail(ErrorCode::cancelled, "cancelled while a token was being fetched");
    if (!waiter.woken() && operation.steady_now() >= operation.deadline)
      co_return fail(ErrorCode::deadline_exceeded, "the deadline passed while a token was being fetched");
  }
}

/// Whether a 401 may be answered with a newer token: once per operation. Marks the old one as dead. A second 401 is no
/// proof against the newer token, which would be taken from every other operation: if it is dead too, the next learns it.
inline bool may_replay(Operation& operation, const Gateway& gateway) noexcept {
  if (std::exchange(operation.token_replayed, true)) return false;
  gateway.tokens->invalidate(operation.token_generation);
  if (operation.observer) operation.observer->replayed();
  return true;
}

}  // namespace patchbay
