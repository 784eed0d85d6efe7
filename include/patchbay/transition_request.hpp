// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>

#include <patchbay/config.hpp>
#include <patchbay/flow/reachability.hpp>
#include <patchbay/result.hpp>
#include <patchbay/schema/variables.hpp>
#include <patchbay/time.hpp>

namespace patchbay {

/// "Move this interaction of this flow from one node to another, and write these variables with it."
///
///     TransitionRequest{interaction, flow, "MainMenu", "BillingInquiry"}.text("customer_tier", "enterprise")
class TransitionRequest {
 public:
  PATCHBAY_DECL TransitionRequest(std::string interaction, std::string flow, std::string from, std::string to);
  PATCHBAY_DECL TransitionRequest(const TransitionRequest&);
  PATCHBAY_DECL TransitionRequest(TransitionRequest&&) noexcept;
  PATCHBAY_DECL TransitionRequest& operator=(const TransitionRequest&);
  PATCHBAY_DECL TransitionRequest& operator=(TransitionRequest&&) noexcept;
  PATCHBAY_DECL ~TransitionRequest();

  /// A variable as text, coerced by the door's schema.
  TransitionRequest& text(std::string_view name, std::string_view value) & { return variables_.text(name, value), *this; }
  TransitionRequest&& text(std::string_view name, std::string_view value) && { return std::move(text(name, value)); }
  /// A variable as one JSON value.
  TransitionRequest& json(std::string_view name, std::string_view value) & { return variables_.json(name, value), *this; }
  TransitionRequest&& json(std::string_view name, std::string_view value) && { return std::move(json(name, value)); }
  /// All variables at once, in place of those given so far.
  TransitionRequest& variables(Variables all) & { return variables_ = std::move(all), *this; }
  TransitionRequest&& variables(Variables all) && { return std::move(variables(std::move(all))); }
  /// All variables as the text of one JSON object, which the door's schema reads in one pass. Not beside others.
  TransitionRequest& variables_json(std::string object) & { return variables_json_ = std::move(object), *this; }
  TransitionRequest&& variables_json(std::string object) && { return std::move(variables_json(std::move(object))); }
  /// Refuses to act unless the flow has this version.
  TransitionRequest& flow_version(std::string version) & { return flow_version_ = std::move(version), *this; }
  TransitionRequest&& flow_version(std::string version) && { return std::move(flow_version(std::move(version))); }
  /// What the caller wants to know the operation by again: kept with its intent in the journal
  /// (`IntentRecord::detail`), up to 256 bytes of it. It leads from what a crash left behind to what it was for.
  TransitionRequest& label(std::string text) & { return label_ = std::move(text), *this; }
  TransitionRequest&& label(std::string text) && { return std::move(label(std::move(text))); }
  /// Over all attempts and waits; the settings' when not given.
  TransitionRequest& deadline(Duration budget) & { return deadline_ = budget, *this; }
  TransitionRequest&& deadline(Duration budget) && { return std::move(deadline(budget)); }

  /// Cancels a blocking call when a stop is requested: it returns soon, with the truth. `cancelled` if nothing was sent that
  /// could have an effect; otherwise what was sent is looked after with one reading, and the call ends as it went, or with
  /// `outcome_unknown`. A transport that is no `StoppableTransport` is waited for. On an event loop use the `OperationHandle`.
  TransitionRequest& stop(std::stop_token token) & { return stop_ = std::move(token), *this; }
  TransitionRequest&& stop(std::stop_token token) && { return std::move(stop(std::move(token))); }

  [[nodiscard]] const std::string& interaction() const noexcept { return interaction_; }
  [[nodiscard]] const std::string& flow() const noexcept { return flow_; }
  [[nodiscard]] const std::string& from() const noexcept { return from_; }
  [[nodiscard]] const std::string& to() const noexcept { return to_; }
  [[nodiscard]] const std::string& flow_version() const noexcept { return flow_version_; }
  [[nodiscard]] const std::string& label() const noexcept { return label_; }
  [[nodiscard]] const Variables& variables() const noexcept { return variables_; }
  [[nodiscard]] const std::optional<std::string>& variables_json() const noexcept { return variables_json_; }
  [[nodiscard]] std::optional<Duration> deadline() const noexcept { return deadline_; }
  [[nodiscard]] const std::stop_token& stop() const noexcept { return stop_; }

 private:
  std::string interaction_, flow_, from_, to_, flow_version_, label_;
  Variables variables_;
  std::optional<std::string> variables_json_;
  std::optional<Duration> deadline_;
  std::stop_token stop_;
};

/// How it became known that an operation was applied.
enum class ResolvedBy : std::uint8_t {
  answer,  ///< The answer, or the acknowledgement, said so.
  state,   ///< The answer was lost, and the interaction's state proved it.
};

/// What became of the webhook.
enum class WebhookStatus : std::uint8_t {
  none,       ///< There is none to be told.
  delivered,
  failed,     ///< Given up.
  queued,     ///< It is in the journal, and will be delivered; see `WebhookSettings`.
};

[[nodiscard]] constexpr std::string_view to_string(WebhookStatus status) noexcept {
  switch (status) {
    case WebhookStatus::none: return "none";
    case WebhookStatus::delivered: return "delivered";
    case WebhookStatus::failed: return "failed";
    case WebhookStatus::queued: return "queued";
  }
  return "none";
}

/// A transition that was applied, exactly once.
class TransitionResult {
 public:
  PATCHBAY_DECL TransitionResult();
  PATCHBAY_DECL TransitionResult(const TransitionResult&);
  PATCHBAY_DECL TransitionResult(TransitionResult&&) noexcept;
  PATCHBAY_DECL TransitionResult& operator=(const TransitionResult&);
  PATCHBAY_DECL TransitionResult& operator=(TransitionResult&&) noexcept;
  PATCHBAY_DECL ~TransitionResult();

  std::string transition_id;  ///< Written with the move, and the id of the webhook's event.
  std::string interaction;
  FlowPath path;              ///< By which the flow allows the move, both ends included; shares the flow's definition.
  WallTime timestamp{};       ///< As written in `last_updated`.
  int http_status = 0;
  int attempts = 0;           ///< Writes that were sent.
  Duration latency{};         ///< From the call to the answer that settled it; the webhook comes after.
  Duration waited{};          ///< The part of it that was spent waiting: back-off, pacing, another operation's turn.
  std::string etag_used;
  std::string etag;           ///< The new one, when the answer gave it.
  std::string server_correlation_id;
  ResolvedBy resolved_by = ResolvedBy::answer;
  /// The write that did it was locked with a version remembered from an earlier operation (`TransitionSettings::remember`):
  /// the interaction was not read first.
  bool warm = false;
  int coalesced = 1;          ///< Moves that the write made: more than one when a bulk operation coalesced them.
  WebhookStatus webhook = WebhookStatus::none;
  std::optional<Error> webhook_error;  ///< Why the webhook failed; the transition stands all the same.
};

}  // namespace patchbay

#if !defined(PATCHBAY_SEPARATE_COMPILATION)
#include <patchbay/impl/transition_request.ipp>
#endif
