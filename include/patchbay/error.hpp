// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace patchbay {

/// What is known about the effect of an operation. Never a guess: see invariant I4 in the README's *Outcomes*.
enum class Outcome : std::uint8_t {
  applied,      ///< The cloud did it, exactly once.
  not_applied,  ///< The cloud did not do it, and nothing that is still under way can make it do so.
  unknown,      ///< Bytes were sent and no proof either way could be had.
};

/// Why an operation did not succeed. The comment on each says when it is used.
enum class ErrorCode : std::uint8_t {
  // Refused by our own rules, before or instead of a side effect.
  invalid_settings,    ///< A door's settings cannot work; see the message for the member.
  invalid_argument,    ///< A malformed identifier or option of a request.
  validation_failed,   ///< Variables or a hold command broke their schema; see `violations()`.
  payload_too_large,   ///< The encoded attributes exceed the limit.
  unknown_node,        ///< The flow has no such node.
  not_reachable,       ///< The flow does not allow the move under the chosen reachability.
  flow_drifted,        ///< The deployed flow is not the one that the program was compiled for.
  stale_state,         ///< The interaction is no longer at the node that the request names.
  not_eligible,        ///< The interaction may not be held or moved: it is over, or its skill group or organisation is not right.
  hold_limit,          ///< `HoldLimit::reject_late_unhold` is chosen and the limit has passed.
  insufficient_scope,  ///< The token was granted without a scope that this door needs.
  // Refused by the cloud.
  authentication_failed,  ///< The token endpoint refused the credentials, or a fresh token was answered with 401.
  forbidden,              ///< 403.
  not_found,              ///< 404: the interaction or the flow.
  conflict,               ///< 409 or 412 with an unchanged version: a conflict of the cloud's own rules.
  unprocessable,          ///< 422.
  precondition_required,  ///< 428: the server wants a precondition that was sent; a programming error.
  command_refused,        ///< A negative acknowledgement of a hold or unhold.
  unexpected_status,      ///< Any other answer that is neither success nor worth another try, redirects included.
  // Not completed.
  deadline_exceeded,   ///< The operation's deadline passed. When a wait before another attempt would not fit, the code
                       ///< is the attempt's.
  cancelled,           ///< The caller cancelled it before a byte was sent.
  rate_limited,        ///< 429 to the end, a `Retry-After` beyond the cap or the deadline, or no paced turn before it.
  unavailable,         ///< 5xx to the end.
  network,             ///< The connection failed to the end.
  malformed_response,  ///< An answer that cannot be understood: not JSON, too deep, wrong types, bad UTF-8.
  response_too_large,  ///< An answer beyond the configured size.
  no_etag,             ///< No strong ETag, or other version, to lock with, therefore no write.
  flow_malformed,      ///< A flow definition that breaks the contract or a limit.
  not_connected,       ///< The hold channel did not become ready in time.
  queue_full,          ///< A bounded queue is full, which the message names; nothing was sent.
  circuit_open,  ///< The host answers nothing well at present, and was not asked; `retry_after()` says when it may be.
  closed,        ///< The door is closed; nothing was sent.
  journal_failed,   ///< The write-ahead journal could not put an intent on the disk; nothing was sent without it.
  journal_corrupt,  ///< A journal that does not verify: the message names the segment and where in it.
  unrecovered,      ///< The fate of an earlier operation on the interaction is not settled in the journal; nothing was
                    ///< sent.
  internal,         ///< A user's policy or callback threw, or memory ran out.
  // Undecided.
  outcome_unknown,  ///< The effect may or may not have happened; see `outcome()`.
};

/// The four groups of error codes, each of which asks for a different reaction.
enum class ErrorCategory : std::uint8_t {
  rule,        ///< Our own rules refused it: change the request.
  refused,     ///< The cloud refused it: change the request, the credentials or the configuration there.
  incomplete,  ///< It was not completed: trying later can succeed.
  undecided,   ///< Nobody knows yet: read the interaction before doing anything.
};

[[nodiscard]] constexpr ErrorCategory category(ErrorCode code) noexcept {
  if (code <= ErrorCode::insufficient_scope) return ErrorCategory::rule;
  if (code <= ErrorCode::unexpected_status) return ErrorCategory::refused;
  if (code <= ErrorCode::internal) return ErrorCategory::incomplete;
  return ErrorCategory::undecided;
}

/// The code as it stands in results, audit records and logs.
[[nodiscard]] constexpr std::string_view to_string(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::invalid_settings: return "invalid_settings";
    case ErrorCode::invalid_argument: return "invalid_argument";
    case ErrorCode::validation_failed: return "validation_failed";
    case ErrorCode::payload_too_large: return "payload_too_large";
    case ErrorCode::unknown_node: return "unknown_node";
    case ErrorCode::not_reachable: return "not_reachable";
    case ErrorCode::flow_drifted: return "flow_drifted";
    case ErrorCode::stale_state: return "stale_state";
    case ErrorCode::not_eligible: return "not_eligible";
    case ErrorCode::hold_limit: return "hold_limit";
    case ErrorCode::insufficient_scope: return "insufficient_scope";
    case ErrorCode::authentication_failed: return "authentication_failed";
    case ErrorCode::forbidden: return "forbidden";
    case ErrorCode::not_found: return "not_found";
    case ErrorCode::conflict: return "conflict";
    case ErrorCode::unprocessable: return "unprocessable";
    case ErrorCode::precondition_required: return "precondition_required";
    case ErrorCode::command_refused: return "command_refused";
    case ErrorCode::unexpected_status: return "unexpected_status";
    case ErrorCode::deadline_exceeded: return "deadline_exceeded";
    case ErrorCode::cancelled: return "cancelled";
    case ErrorCode::rate_limited: return "rate_limited";
    case ErrorCode::unavailable: return "unavailable";
    case ErrorCode::network: return "network";
    case ErrorCode::malformed_response: return "malformed_response";
    case ErrorCode::response_too_large: return "response_too_large";
    case ErrorCode::no_etag: return "no_etag";
    case ErrorCode::flow_malformed: return "flow_malformed";
    case ErrorCode::not_connected: return "not_connected";
    case ErrorCode::queue_full: return "queue_full";
    case ErrorCode::circuit_open: return "circuit_open";
    case ErrorCode::closed: return "closed";
    case ErrorCode::journal_failed: return "journal_failed";
    case ErrorCode::journal_corrupt: return "journal_corrupt";
    case ErrorCode::unrecovered: return "unrecovered";
    case ErrorCode::internal: return "internal";
    case ErrorCode::outcome_unknown: return "outcome_unknown";
  }
  return "internal";
}

/// What the caller can do about `code`, in one sentence.
[[nodiscard]] constexpr std::string_view next_step(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::invalid_settings: return "correct the settings; every operation fails until then";
    case ErrorCode::invalid_argument: return "correct the argument";
    case ErrorCode::validation_failed: return "correct the fields listed in the violations";
    case ErrorCode::payload_too_large: return "send fewer or shorter variables";
    case ErrorCode::unknown_node: return "check the node's name against the flow definition";
    case ErrorCode::not_reachable: return "choose a node that the flow allows from here";
    case ErrorCode::flow_drifted: return "deploy the flow that the program knows, or compile it for the one that is deployed";
    case ErrorCode::stale_state: return "read the interaction and decide again from where it is now";
    case ErrorCode::not_eligible: return "choose an interaction that is not over, or correct its routing";
    case ErrorCode::hold_limit: return "route the interaction elsewhere, or choose a HoldLimit that releases late";
    case ErrorCode::insufficient_scope: return "grant the OAuth client the missing scope";
    case ErrorCode::authentication_failed: return "check the client id and secret and the login host";
    case ErrorCode::forbidden: return "grant the OAuth client the permission, or check the organisation";
    case ErrorCode::not_found: return "check the identifier";
    case ErrorCode::conflict: return "resolve the conflict that the server names, then ask again";
    case ErrorCode::unprocessable: return "correct what the server names, then ask again";
    case ErrorCode::precondition_required: return "report this as a defect of the library or of a proxy that drops If-Match";
    case ErrorCode::command_refused: return "read the interaction's state and decide again";
    case ErrorCode::unexpected_status: return "check the base URL and the server's message";
    case ErrorCode::deadline_exceeded: return "ask again with a longer deadline";
    case ErrorCode::cancelled: return "ask again when wanted";
    case ErrorCode::rate_limited: return "ask again after the time that the server gave, or pace requests";
    case ErrorCode::unavailable: return "ask again later";
    case ErrorCode::network: return "check the network and the address, then ask again";
    case ErrorCode::malformed_response: return "check that the base URL names the API itself";
    case ErrorCode::response_too_large: return "raise the limit in the settings if the answer is legitimate";
    case ErrorCode::no_etag: return "use an endpoint that answers with a strong ETag or a version";
    case ErrorCode::flow_malformed: return "correct the flow definition, or raise the limit that it names";
    case ErrorCode::not_connected: return "check the channel's address and ask again";
    case ErrorCode::queue_full: return "wait for operations to finish, then ask again";
    case ErrorCode::circuit_open: return "ask again after the time that the error names";
    case ErrorCode::closed: return "open a new door";
    case ErrorCode::journal_failed:
      return "see to the disk, or to the other process; a journal that is closed for good is to be opened anew";
    case ErrorCode::journal_corrupt:
      return "keep a copy of the journal's folder, then open it with JournalOptions::salvage";
    case ErrorCode::unrecovered: return "call recover() on the door, then ask again";
    case ErrorCode::internal: return "see the message; a policy or callback threw, or memory ran out";
    case ErrorCode::outcome_unknown: return "read the interaction before doing anything else";
  }
  return {};
}

[[nodiscard]] constexpr std::string_view to_string(Outcome outcome) noexcept {
  switch (outcome) {
    case Outcome::applied: return "applied";
    case Outcome::not_applied: return "not_applied";
    case Outcome::unknown: return "unknown";
  }
  return "unknown";
}

/// One broken rule of a schema.
struct Violation {
  std::string path;   ///< The field, as on the wire: `routing.queues[2].name`.
  std::string rule;   ///< The rule and its bounds: `number: expected a finite JSON number`.
  std::string value;  ///< The offending value, cut to 64 bytes, or `<redacted>` for a field marked secret.
};

/// Why an operation failed, what is known about its effect, and what to do next.
///
/// An error is one pointer wide, so that `Result<T>` costs little more than `T`. It never holds a secret: server text is
/// kept apart in `server_code()` and `server_message()`, which are bounded; the message may hold customers' data.
class [[nodiscard]] Error {
 public:
  // Cold, as all that makes, copies or ends an error: so the compiler keeps those paths away from the ones that succeed,
  // which are too large for the instruction cache otherwise.
  [[gnu::cold, gnu::noinline]] Error(ErrorCode code, std::string message) : details_(new Details()) {
    details_->code = code;
    details_->message = std::move(message);
    if (code == ErrorCode::outcome_unknown) details_->outcome = Outcome::unknown;
  }
  Error(Error&&) noexcept = default;
  Error& operator=(Error&&) noexcept = default;
  [[gnu::cold, gnu::noinline]] Error(const Error& other) : details_(new Details(*other.details_)) {}
  [[gnu::cold, gnu::noinline]] Error& operator=(const Error& other) {
    if (this != &other) details_.reset(new Details(*other.details_));
    return *this;
  }
  ~Error() = default;

  [[nodiscard]] ErrorCode code() const noexcept { return details_->code; }
  /// Whether the side effect happened; `not_applied` unless said otherwise.
  [[nodiscard]] Outcome outcome() const noexcept { return details_->outcome; }
  /// What happened, in our own words.
  [[nodiscard]] const std::string& message() const noexcept { return details_->message; }
  /// The cloud's own code of the cause, such as `conversation.error.user.not.party` or `invalid_client`; empty when the
  /// answer has none. At most 128 characters, none of them a space.
  [[nodiscard]] const std::string& server_code() const noexcept { return details_->server_code; }
  /// What the server said: the message of its error, or what else the answer holds, cut to 512 bytes and with control
  /// characters removed; may hold customers' data.
  [[nodiscard]] const std::string& server_message() const noexcept { return details_->server_message; }
  /// The interaction concerned; empty when none was named.
  [[nodiscard]] const std::string& interaction() const noexcept { return details_->interaction; }
  /// The `inin-correlation-id` of the answer that the error tells of, or else of the operation's last answer, for the
  /// cloud's support; empty when none was given. An answer's `contextId` takes the place of a header that is missing.
  [[nodiscard]] const std::string& server_correlation_id() const noexcept { return details_->server_correlation_id; }
  /// Status of the last HTTP answer, 0 when there was none.
  [[nodiscard]] int http_status() const noexcept { return details_->http_status; }
  /// Sends that could have had a side effect.
  [[nodiscard]] int attempts() const noexcept { return details_->attempts; }
  /// The wait that the server asked for, or after which the library would ask it again; zero when there is none.
  [[nodiscard]] std::chrono::milliseconds retry_after() const noexcept { return details_->retry_after; }
  /// Every broken rule, when the code is `validation_failed`.
  [[nodiscard]] const std::vector<Violation>& violations() const noexcept { return details_->violations; }

  Error& add_message(std::string_view more) & { return details_->message.append(more), *this; }
  Error& set_outcome(Outcome value) & { return details_->outcome = value, *this; }
  Error& set_server_code(std::string_view code) &;
  Error& set_server_message(std::string_view text) &;
  Error& set_interaction(std::string_view id) & { return details_->interaction.assign(id), *this; }
  Error& set_server_correlation_id(std::string_view id) & { return details_->server_correlation_id.assign(id), *this; }
  Error& set_http_status(int status) & { return details_->http_status = status, *this; }
  Error& set_attempts(int attempts) & { return details_->attempts = attempts, *this; }
  Error& set_retry_after(std::chrono::milliseconds wait) & { return details_->retry_after = wait, *this; }
  /// Takes over what `other` tells of an answer: status, the server's words, correlation id and the wait it asked for.
  Error& set_answer_of(const Error& other) &;
  Error& set_violations(std::vector<Violation> all) & { return details_->violations = std::move(all), *this; }

  /// One line for people: code, interaction, cause and next step. Of the server's text it holds `server_code()` alone.
  [[nodiscard]] std::string describe() const;

 private:
  struct Details {
    ErrorCode code = ErrorCode::internal;
    Outcome outcome = Outcome::not_applied;
    int http_status = 0;
    int attempts = 0;
    std::chrono::milliseconds retry_after{0};
    std::string message;
    std::string server_code;
    std::string server_message;
    std::string interaction;
    std::string server_correlation_id;
    std::vector<Violation> violations;
  };
  struct Free {
    [[gnu::cold, gnu::noinline]] void operator()(Details* details) const noexcept { delete details; }
  };
  std::unique_ptr<Details, Free> details_;
};

inline Error& Error::set_server_code(std::string_view code) & {
  constexpr std::size_t limit = 128;
  std::string& out = details_->server_code;
  out.assign(code.substr(0, limit));
  for (char& c : out)
    if (static_cast<unsigned char>(c) <= 0x20 || static_cast<unsigned char>(c) >= 0x7f) c = '?';
  return *this;
}

inline Error& Error::set_server_message(std::string_view text) & {
  constexpr std::size_t limit = 512;
  std::string& out = details_->server_message;
  out.assign(text.substr(0, limit));
  for (char& c : out)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  return *this;
}

inline Error& Error::set_answer_of(const Error& other) & {
  const Details& from = *other.details_;
  details_->http_status = from.http_status;
  details_->retry_after = from.retry_after;
  details_->server_code = from.server_code;
  details_->server_message = from.server_message;
  details_->server_correlation_id = from.server_correlation_id;
  return *this;
}

inline std::string Error::describe() const {
  std::string line{to_string(code())};
  if (!interaction().empty()) line.append(" [interaction ").append(interaction()).append("]");
  line.append(": ").append(message());
  if (!server_code().empty() && message().find(server_code()) == std::string::npos) line.append(" (").append(server_code()).append(")");
  for (const Violation& each : violations())
    line.append("; ").append(each.path).append(": ").append(each.rule).append(" (got ").append(each.value).append(")");
  line.append("; next: ").append(next_step(code()));
  return line;
}

}  // namespace patchbay
