// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // max
#include <cstddef>
#include <optional>
#include <utility>

#include <patchbay/protocol/channel_open.hpp>
#include <patchbay/protocol/hold_command.hpp>

// What is asked of a hold channel as a whole, for drivers that serve it at all times.
namespace patchbay {

/// How the channel stands.
class ChannelStanding {
 public:
  explicit ChannelStanding(HoldContext& context) {
    context.hub->with([this](HoldSession& session) {
      state = session.channel().state();
      error = session.channel().error();
    });
  }
  ChannelState state{};
  std::optional<Error> error;
};

namespace detail {

inline void want_channel(Operation& operation, HoldContext& context) {
  context.hub->with([&](HoldSession& session) { session.want(operation.steady_now()); });
  context.pump->wake_up();
}

inline Failure too_many_wait() {
  return fail(ErrorCode::queue_full, "too many operations wait for the hold channel (max_operations)");
}

}  // namespace detail

/// Asks for the channel, and waits until it is open, refused for good or closed, by the operation's deadline. Where there is
/// none there is nothing to wait for.
inline Protocol<Result<void>> await_channel(Operation& operation, HoldContext& context) {
  if (auto nothing = context.hub->with([](HoldSession& session) { return readiness_without_channel(session); })) co_return std::move(*nothing);
  detail::want_channel(operation, context);
  ChannelWatch watch(*context.hub, operation, ChannelWatch::For::ready, context.settings->max_operations);
  if (watch.refused()) co_return detail::too_many_wait();
  WaitEffect wait(watch.waiter(), operation.deadline);
  co_await wait;
  const ChannelStanding standing(context);
  if (wait.cancelled && standing.state != ChannelState::open) co_return fail(ErrorCode::cancelled, "cancelled while the hold channel was not open");
  co_return readiness(standing.state, standing.error);
}

/// Asks for the channel, and waits until the door is closed; its error when the channel is refused for good.
inline Protocol<Result<void>> keep_channel(Operation& operation, HoldContext& context) {
  detail::want_channel(operation, context);
  ChannelWatch watch(*context.hub, operation, ChannelWatch::For::refused, context.settings->max_operations);
  if (watch.refused()) co_return detail::too_many_wait();
  WaitEffect wait(watch.waiter(), never);
  co_await wait;
  if (!watch.waiter().woken()) co_return fail(ErrorCode::cancelled, "cancelled; the hold channel stays as it is");
  const ChannelStanding standing(context);
  if (standing.state == ChannelState::refused && standing.error) co_return fail(*standing.error);
  co_return Result<void>{};
}

/// Ends the door: waits for what is under way by the operation's deadline, then closes the channel. When it is cancelled,
/// its time is over. The door closes also when too many wait for that already.
inline Protocol<Result<void>> close_channel(Operation& operation, HoldContext& context) {
  context.hub->with([](HoldSession& session) { session.close(); });
  context.pump->wake_up();
  {
    ChannelWatch watch(*context.hub, operation, ChannelWatch::For::settled, context.settings->max_operations);
    if (watch.refused()) co_return detail::too_many_wait();
    WaitEffect wait(watch.waiter(), operation.deadline);
    co_await wait;
  }
  const SteadyTime by = std::max(operation.deadline, after(operation.steady_now(), milliseconds{250}));
  const std::size_t left = context.hub->with([&](HoldSession& session) {
    const std::size_t unfinished = session.unfinished();
    context.hub->close_by = by;
    session.finish();
    return unfinished;
  });
  context.pump->wake_up();
  ChannelWatch watch(*context.hub, operation, ChannelWatch::For::gone, context.settings->max_operations);
  if (watch.refused()) co_return detail::too_many_wait();
  WaitEffect wait(watch.waiter(), by);
  co_await wait;
  co_return closing_result(left);
}

}  // namespace patchbay
