// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // clamp, min
#include <cstddef>
#include <cstdint>
#include <limits>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <patchbay/endpoint.hpp>
#include <patchbay/protocol/single_flight.hpp>
#include <patchbay/secret.hpp>

namespace patchbay {

/// Where the client's credentials stand in a token request.
enum class CredentialsIn : std::uint8_t {
  /// `Authorization: Basic` (RFC 6749 section 2.3.1, recommended, and the real platform's way): id and secret are
  /// form-encoded before they are joined, which changes nothing in letters, digits, `-`, `.` and `_`, of which the
  /// platform makes both. A login host that decodes neither, and credentials of other characters, need `body`.
  basic,
  body,   ///< `client_id` and `client_secret` in the form, as both seed documents do.
};

/// How to get tokens. There is no default for anything that identifies a client or a host (hazard A17).
struct TokenSettings {
  std::string login_url;  ///< The host that answers `POST /oauth/token`.
  std::string client_id;
  Secret client_secret;
  CredentialsIn credentials_in = CredentialsIn::basic;
  /// The union of what both doors need; each door checks that its own scopes were granted. Empty: none is asked for, as
  /// on the real platform, whose clients have roles instead.
  std::string scope = "interaction:update interaction:read flow:read interaction:control";
  Duration default_lifetime = std::chrono::minutes{5};  ///< Taken when an answer has no `expires_in`.
  bool allow_plain_text = false;                        ///< Lets the credentials go to `http://` beyond this machine.
  std::size_t max_waiters = 100'000;                    ///< Operations, of all doors, that wait for a token at once.
};

/// A token and what is known of it.
class Token {
 public:
  Secret text;
  std::string scope;             ///< Granted; as asked when the answer named none (RFC 6749 section 5.1).
  std::uint64_t generation = 0;  ///< Grows with every token; 0 is none.
  SteadyTime refresh_at{};       ///< From here on somebody fetches the next one.
  SteadyTime expires_at{};       ///< Monotonic, counted from the start of the request (hazard A14).
};

/// Whether every scope in `needed` occurs in `granted`; both are separated by spaces. Returns the first that does not.
[[nodiscard]] inline std::optional<std::string_view> missing_scope(std::string_view granted, std::string_view needed) noexcept {
  const auto next_word = [](std::string_view& text) {
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(word.size());
    return word;
  };
  for (std::string_view want = next_word(needed); !want.empty(); want = next_word(needed)) {
    std::string_view rest = granted;
    std::string_view have = next_word(rest);
    while (!have.empty() && have != want) have = next_word(rest);
    if (have.empty()) return want;
  }
  return std::nullopt;
}

/// The one place where a credential's token lives, shared by every door that uses the credential.
///
/// It holds state and no procedure: the OAuth protocol asks it what to do. At most one refresh is under way; the others
/// use the present token while it is valid, or wait for the refresh, each with its own deadline. A refresh whose leader
/// gives up is taken over by a waiter, so that nobody fails for another's deadline (hazards A11 to A14, B13, B14).
/// Thread-safe.
class TokenSource {
 public:
  explicit TokenSource(TokenSettings settings) : settings_(std::move(settings)), login_(parse(settings_)) {}
  TokenSource(const TokenSource&) = delete;
  TokenSource& operator=(const TokenSource&) = delete;

  [[nodiscard]] const TokenSettings& settings() const noexcept { return settings_; }
  /// Where tokens come from, or what is wrong with the settings.
  [[nodiscard]] const Result<Endpoint>& login() const noexcept { return login_; }

  /// What an operation is to do now. `authorization` receives `Bearer …` and `generation` the token's, on `use`; a token
  /// of `stale_generation` or older is not used. `ticket` is 0 at first and carries the flight that was waited for. Those
  /// who ask with `always`, on behalf of releases, find room among the waiters even when there is none.
  Turn ask(SteadyTime now, std::uint64_t stale_generation, Waiter& waiter, SingleFlight::Ticket& ticket,
           std::string& authorization, std::uint64_t& generation, std::optional<Error>& error, bool always = false) {
    const std::lock_guard lock(mutex_);
    // Who has fetched a token, or waited for it, uses it even if it is due for renewal already: a short life behind a slow
    // login host would mean one request after the other until the deadline.
    if (use(now, stale_generation, authorization, generation, flight_.landed(ticket))) return Turn::use;
    const bool valid = token_.generation > stale_generation && now < token_.expires_at;
    if (const Error* const failure = valid ? nullptr : flight_.failure_of(ticket)) {
      error = *failure;
      return Turn::failed;
    }
    if (flight_.busy()) {
      return flight_.join(waiter, ticket, always ? std::numeric_limits<std::size_t>::max() : settings_.max_waiters) ? Turn::wait : Turn::full;
    }
    if (now < held_off_until_ && held_off_by_) {
      error = *held_off_by_;
      error->set_retry_after(std::chrono::ceil<milliseconds>(held_off_until_ - now));
      return Turn::failed;
    }
    ticket = flight_.lead();
    return Turn::lead;
  }

  /// The usual case of `ask`: copies out a valid token, or does nothing and says so.
  bool try_use(SteadyTime now, std::uint64_t stale_generation, std::string& authorization, std::uint64_t& generation) {
    const std::lock_guard lock(mutex_);
    return use(now, stale_generation, authorization, generation, false);
  }

  /// Whether the token of that generation is the present one, and alive.
  [[nodiscard]] bool serves(std::uint64_t generation, SteadyTime now) const noexcept {
    const std::lock_guard lock(mutex_);
    return token_.generation == generation && now < token_.expires_at;
  }
  /// The scope that was granted to the present token.
  [[nodiscard]] std::string granted_scope() const {
    const std::lock_guard lock(mutex_);
    return token_.scope;
  }
  /// The first of `needed` that the present token was not granted.
  [[nodiscard]] std::optional<std::string_view> lacks(std::string_view needed) const noexcept {
    const std::lock_guard lock(mutex_);
    return missing_scope(token_.scope, needed);
  }

  /// Ends the leader's refresh with a token that lives for `lifetime` from `requested_at`. `jitter` in [0, 1) spreads the
  /// refreshes of many processes.
  void publish(Secret text, std::string scope, SteadyTime requested_at, Duration lifetime, double jitter) {
    const std::lock_guard lock(mutex_);
    const Duration skew = std::min<Duration>(seconds{60}, lifetime / 10);
    token_.text = std::move(text);
    token_.scope = std::move(scope);
    token_.expires_at = after(requested_at, lifetime);
    token_.refresh_at = token_.expires_at - skew - std::chrono::duration_cast<Duration>(skew * jitter);
    ++token_.generation;
    held_off_by_.reset();
    flight_.succeed();
  }
  /// Ends the leader's refresh with an error that the waiters share.
  void fail_refresh(const Error& error) {
    const std::lock_guard lock(mutex_);
    flight_.fail(error);
  }
  /// The login host asked for no request before `until`: until then nobody leads a refresh, and whoever needs one gets
  /// `error`, unless it may wait (`opens_again`), with what is left of the wait. At most a day, so that one hostile answer
  /// does not shut the credential out for a year. `worth_waiting`: another request may then succeed, as far as the policy says.
  void hold_off(SteadyTime until, SteadyTime now, const Error& error, bool worth_waiting = false) {
    const std::lock_guard lock(mutex_);
    worth_waiting_ = worth_waiting;
    held_off_until_ = std::min(until, after(now, std::chrono::hours{24}));
    held_off_by_ = error;
    if (now < token_.expires_at) token_.refresh_at = std::clamp(token_.refresh_at, std::min(held_off_until_, token_.expires_at), token_.expires_at);
  }
  /// Until when the login host is to be left alone, for those who can wait that long; nothing when it need not be, or when
  /// waiting is of no use.
  [[nodiscard]] std::optional<SteadyTime> opens_again(SteadyTime now) const noexcept {
    const std::lock_guard lock(mutex_);
    if (!held_off_by_ || !worth_waiting_ || now >= held_off_until_) return std::nullopt;
    return held_off_until_;
  }
  /// The leader gives up for a reason of its own (its deadline, its cancellation): a waiter takes over.
  void abandon() noexcept {
    const std::lock_guard lock(mutex_);
    flight_.abandon();
  }
  /// The server answered 401 to a token of this generation: nobody uses it again.
  void invalidate(std::uint64_t generation) noexcept {
    const std::lock_guard lock(mutex_);
    if (token_.generation == generation) token_.expires_at = SteadyTime::min();
  }
  /// Whether a token newer than `stale_generation` may still be used; if so its refresh is put off a little.
  [[nodiscard]] bool postpone(SteadyTime now, std::uint64_t stale_generation) noexcept {
    const std::lock_guard lock(mutex_);
    if (token_.generation <= stale_generation || now >= token_.expires_at) return false;
    token_.refresh_at = std::min(token_.expires_at, std::max(token_.refresh_at, after(now, seconds{5})));
    return true;
  }
  /// Takes a waiter out of the queue whose operation stopped waiting.
  void forget(Waiter& waiter) noexcept {
    const std::lock_guard lock(mutex_);
    flight_.forget(waiter);
  }
  /// Tokens fetched so far.
  [[nodiscard]] std::uint64_t generation() const noexcept {
    const std::lock_guard lock(mutex_);
    return token_.generation;
  }

 private:
  bool use(SteadyTime now, std::uint64_t stale_generation, std::string& authorization, std::uint64_t& generation,
           bool fetched) {
    if (token_.generation <= stale_generation || now >= token_.expires_at) return false;
    if (now >= token_.refresh_at && !flight_.busy() && !fetched) return false;
    authorization.assign("Bearer ").append(token_.text.reveal());
    generation = token_.generation;
    return true;
  }
  static Result<Endpoint> parse(const TokenSettings& settings) {
    Result<Endpoint> login = Endpoint::parse(settings.login_url, "login_url");
    if (!login) return login;
    if (login->target().find('?') != std::string::npos)
      return patchbay::fail(ErrorCode::invalid_settings, "login_url: holds a query; name the login host's address alone");
    if (settings.allow_plain_text) login->allow_plain_text();
    if (!login->may_carry_credentials())
      return patchbay::fail(ErrorCode::invalid_settings, "login_url: credentials go only over https, or to this machine");
    if (settings.client_id.empty()) return patchbay::fail(ErrorCode::invalid_settings, "client_id: is empty");
    if (settings.client_secret.empty()) return patchbay::fail(ErrorCode::invalid_settings, "client_secret: is empty");
    return login;
  }
  TokenSettings settings_;
  Result<Endpoint> login_;
  mutable std::mutex mutex_;
  Token token_;
  SingleFlight flight_;
  SteadyTime held_off_until_ = SteadyTime::min();
  std::optional<Error> held_off_by_;
  bool worth_waiting_ = false;
};

}  // namespace patchbay
