// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // min
#include <cstdint>
#include <string>
#include <utility>

#include <patchbay/protocol/hold_command.hpp>
#include <patchbay/random_source.hpp>

namespace patchbay {

/// What a door does by itself where holds travel as requests: an operation that nobody waits for.
class HoldErrand {
 public:
  enum class Kind : std::uint8_t {
    release,  ///< For `HoldLimit::release`.
    repeat,   ///< A release once more, behind a hold that it had overtaken.
    look,     ///< Finds out whether a watched interaction is still on hold.
  };
  HoldErrand(Kind kind, std::string interaction) : kind_(kind) { job_.interaction = std::move(interaction); }

  [[nodiscard]] Kind kind() const noexcept { return kind_; }
  [[nodiscard]] const std::string& interaction() const noexcept { return job_.interaction; }
  /// How long it may take: a reading no longer than one exchange does, so that it holds up nobody.
  [[nodiscard]] Duration time(const HoldContext& context) const noexcept {
    const Duration whole = std::min(context.settings->deadline, context.settings->hold.repeat_every);
    return kind_ == Kind::look ? std::min(whole, context.settings->attempt_timeout) : whole;
  }
  /// Ends by `until`, and before the watchdog would ask for it again.
  void begin(Operation& operation, HoldContext& context, RandomSource& random, SteadyTime until) {
    const HoldSettings& settings = context.settings->hold;
    operation.begin({}, time(context));
    operation.deadline = std::min(operation.deadline, until);
    operation.observer = &context;
    random.uuid(operation.operation_id);
    operation.must_not_wait = kind_ != Kind::look;
    job_.call.own = true;
    job_.call.repeats = kind_ == Kind::repeat;
    job_.verb = job_.call.verb = HoldVerb::unhold;
    job_.call.interaction = job_.interaction;
    job_.call.correlation_id = operation.operation_id;
    if (kind_ == Kind::look) return;
    job_.priority = settings.release_priority;
    context.dialect->encode_hold(job_.call.frame, HoldVerb::unhold, job_.call.correlation_id, {});
    context.metrics->count(HoldCount::submitted);
    context.metrics->count(HoldCount::unholds);
  }
  /// Its protocol; the errand outlives it.
  [[nodiscard]] Protocol<Result<HoldResult>> run(Operation& operation, HoldContext& context) {
    return kind_ == Kind::look ? look_again(operation, context, job_) : perform_hold(operation, context, job_);
  }
  void settle(Operation& operation, HoldContext& context, Result<HoldResult>& result) {
    if (kind_ == Kind::look) return;
    settle_hold(operation, context, job_, result, event_);
    if (kind_ == Kind::repeat && result)
      context.hub->with([this](HoldSession& session) { session.owe_no_release(job_.interaction); });
  }
  void tell(HoldContext& context) const noexcept {
    if (kind_ != Kind::look) context.handlers->tell(event_);
  }

 private:
  Kind kind_;
  HoldJob job_;
  QualityEvent event_;
};

}  // namespace patchbay
