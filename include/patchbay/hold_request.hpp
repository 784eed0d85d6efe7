// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>

#include <patchbay/config.hpp>
#include <patchbay/observe/hold_events.hpp>
#include <patchbay/schema/variables.hpp>
#include <patchbay/time.hpp>
#include <patchbay/transition_request.hpp>  // ResolvedBy

namespace patchbay {

/// "Put this interaction on hold."
///
///     HoldRequest{interaction, "consultation", 5}.music("hold_music_standard.wav").prompt("please_remain_on_the_line.wav")
class HoldRequest {
 public:
  PATCHBAY_DECL HoldRequest(std::string_view interaction, std::string_view reason, int priority);
  /// With fields that follow, by `with`.
  PATCHBAY_DECL explicit HoldRequest(std::string_view interaction);
  PATCHBAY_DECL HoldRequest(const HoldRequest&);
  PATCHBAY_DECL HoldRequest(HoldRequest&&) noexcept;
  PATCHBAY_DECL HoldRequest& operator=(const HoldRequest&);
  PATCHBAY_DECL HoldRequest& operator=(HoldRequest&&) noexcept;
  PATCHBAY_DECL ~HoldRequest();

  HoldRequest& music(std::string_view file) & { return with("holdMusic", file); }
  HoldRequest&& music(std::string_view file) && { return std::move(music(file)); }
  HoldRequest& prompt(std::string_view file) & { return with("holdPrompt", file); }
  HoldRequest&& prompt(std::string_view file) && { return std::move(prompt(file)); }
  /// Any field of the door's hold schema by its name on the wire, as text that the schema coerces.
  HoldRequest& with(std::string_view name, std::string_view text) & { return fields_.text(name, text), *this; }
  HoldRequest&& with(std::string_view name, std::string_view text) && { return std::move(with(name, text)); }
  /// As `TransitionRequest::label`.
  HoldRequest& label(std::string text) & { return label_ = std::move(text), *this; }
  HoldRequest&& label(std::string text) && { return std::move(label(std::move(text))); }
  /// Over the eligibility check, the wait for the channel and the acknowledgement; the settings' when not given.
  HoldRequest& deadline(Duration budget) & { return deadline_ = budget, *this; }
  HoldRequest&& deadline(Duration budget) && { return std::move(deadline(budget)); }
  /// Cancels a blocking call when a stop is requested, as `TransitionRequest::stop` does. A channel that this call is
  /// opening is waited for, at most for `HoldSettings::connect_timeout`, since others need it as well.
  HoldRequest& stop(std::stop_token token) & { return stop_ = std::move(token), *this; }
  HoldRequest&& stop(std::stop_token token) && { return std::move(stop(std::move(token))); }

  [[nodiscard]] const Variables& fields() const noexcept { return fields_; }
  [[nodiscard]] const std::string& label() const noexcept { return label_; }
  [[nodiscard]] std::optional<Duration> deadline() const noexcept { return deadline_; }
  [[nodiscard]] const std::stop_token& stop() const noexcept { return stop_; }

 private:
  Variables fields_;
  std::string label_;
  std::optional<Duration> deadline_;
  std::stop_token stop_;
};

/// "Take this interaction off hold."
class UnholdRequest {
 public:
  PATCHBAY_DECL UnholdRequest(std::string_view interaction, int priority);
  PATCHBAY_DECL explicit UnholdRequest(std::string_view interaction);
  PATCHBAY_DECL UnholdRequest(const UnholdRequest&);
  PATCHBAY_DECL UnholdRequest(UnholdRequest&&) noexcept;
  PATCHBAY_DECL UnholdRequest& operator=(const UnholdRequest&);
  PATCHBAY_DECL UnholdRequest& operator=(UnholdRequest&&) noexcept;
  PATCHBAY_DECL ~UnholdRequest();

  UnholdRequest& with(std::string_view name, std::string_view text) & { return fields_.text(name, text), *this; }
  UnholdRequest&& with(std::string_view name, std::string_view text) && { return std::move(with(name, text)); }
  /// As `TransitionRequest::label`.
  UnholdRequest& label(std::string text) & { return label_ = std::move(text), *this; }
  UnholdRequest&& label(std::string text) && { return std::move(label(std::move(text))); }
  UnholdRequest& deadline(Duration budget) & { return deadline_ = budget, *this; }
  UnholdRequest&& deadline(Duration budget) && { return std::move(deadline(budget)); }
  /// As `HoldRequest::stop`.
  UnholdRequest& stop(std::stop_token token) & { return stop_ = std::move(token), *this; }
  UnholdRequest&& stop(std::stop_token token) && { return std::move(stop(std::move(token))); }

  [[nodiscard]] const Variables& fields() const noexcept { return fields_; }
  [[nodiscard]] const std::string& label() const noexcept { return label_; }
  [[nodiscard]] std::optional<Duration> deadline() const noexcept { return deadline_; }
  [[nodiscard]] const std::stop_token& stop() const noexcept { return stop_; }

 private:
  Variables fields_;
  std::string label_;
  std::optional<Duration> deadline_;
  std::stop_token stop_;
};

namespace detail {

/// What is known of a command before it is encoded: views of its request.
class AskedFor {
 public:
  AskedFor(std::nullptr_t) noexcept {}  // implicit: of a value of the schema's type nothing is known
  template <class Request>
  explicit AskedFor(const Request& request) noexcept : fields(&request.fields()), label(request.label()) {}
  const Variables* fields = nullptr;
  std::string_view label;
};

}  // namespace detail

/// A hold or release that was applied.
class HoldResult {
 public:
  PATCHBAY_DECL HoldResult();
  PATCHBAY_DECL HoldResult(const HoldResult&);
  PATCHBAY_DECL HoldResult(HoldResult&&) noexcept;
  PATCHBAY_DECL HoldResult& operator=(const HoldResult&);
  PATCHBAY_DECL HoldResult& operator=(HoldResult&&) noexcept;
  PATCHBAY_DECL ~HoldResult();

  HoldVerb verb = HoldVerb::hold;
  std::string correlation_id;
  std::string interaction;
  WallTime timestamp{};    ///< Of the end.
  Duration latency{};      ///< From the call to its end.
  Duration waited{};       ///< The part of it that was spent in back-off, pacing, or behind another command.
  Duration ack_latency{};  ///< From sending the command to its acknowledgement; zero when none came.
  Duration held_for{};     ///< How long the interaction had been on hold by this door's doing.
  int attempts = 0;        ///< Commands sent: 0 when it was on hold already.
  int http_status = 0;     ///< Of the last HTTP answer; 0 when none was needed.
  bool already_held = false;
  bool reason_kept = false;  ///< The cloud has taken the reason, where it is no part of the command (`cloud::Platform`).
  ResolvedBy resolved_by = ResolvedBy::answer;
};

}  // namespace patchbay

#if !defined(PATCHBAY_SEPARATE_COMPILATION)
#include <patchbay/impl/hold_request.ipp>
#endif
