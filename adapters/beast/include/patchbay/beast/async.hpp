// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <optional>
#include <ranges>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <boost/asio/async_result.hpp>

#include <patchbay/beast/impl/initiate.hpp>
#include <patchbay/driver/operation_handle.hpp>
#include <patchbay/hold_controller.hpp>
#include <patchbay/state_transitioner.hpp>

/// The doors with Asio's completion tokens: `use_awaitable`, `use_future`, `deferred`, a callback, or any other.
///
///     const auto moved = co_await beast::async_transition(transitioner, request, boost::asio::use_awaitable);
///
/// For doors whose transport lives on an event loop, `beast::Transport` or any other that models `CompletionTransport`.
/// Needs nothing of the library `patchbay::beast`.
///
/// - The signature is `void(Result<T>)`: an outcome is a value, and no token throws it. `result.value()` does, for
///   those who prefer exceptions; `Result` holds an `Error` that says what is known of the effect.
/// - The handler is called once, through its associated executor, whose context is kept running until then, and with
///   its associated allocator; without an executor of its own, on a thread of the transport's loop. Never from within
///   the initiating function. When a loop is destroyed first, the handler is destroyed uncalled.
/// - What a handler with an associated executor throws leaves that context's `run()`, as everywhere in Asio; so it is
///   with what a coroutine's end throws. A handler without one must not throw: it is called by the door itself, which
///   ends the program then (`std::terminate`). `boost::asio::bind_executor` gives it one.
/// - Per-operation cancellation of any kind asks the operation to end soon and truthfully, as `OperationHandle::cancel`
///   does; the handler is called all the same.
/// - Requests and values are copied or moved into the operation, so temporaries are fine with every token. The door
///   must live until the operation has been initiated; tokens that do that later, as `deferred` does, must do it before
///   its end. (g++ 12 miscompiles temporaries of aggregate types within `co_await`: give a schema's value there a
///   name.)
namespace patchbay::beast {

/// A door that starts operations instead of blocking.
template <class Door>
concept LoopDoor = std::remove_cvref_t<Door>::on_loop;

/// Moves an interaction: `StateTransitioner::start_transition`, with `void(Result<TransitionResult>)`.
template <LoopDoor Door, boost::asio::completion_token_for<void(Result<TransitionResult>)> Token>
auto async_transition(Door& door, TransitionRequest request, Token&& token) {
  return detail::initiate<Result<TransitionResult>, Token>(
      token, [&door, request = std::move(request)]<class Handler>(Handler&& handler) mutable {
        return door.start_transition(std::move(request), std::forward<Handler>(handler));
      });
}
/// The same with variables that are a value of the schema's type.
template <LoopDoor Door, boost::asio::completion_token_for<void(Result<TransitionResult>)> Token>
auto async_transition(Door& door, TransitionRequest request, typename Door::value_type variables, Token&& token) {
  return detail::initiate<Result<TransitionResult>, Token>(
      token, [&door, request = std::move(request),
              variables = std::move(variables)]<class Handler>(Handler&& handler) mutable {
        return door.start_transition(std::move(request), variables, std::forward<Handler>(handler));
      });
}

/// Moves many interactions: `StateTransitioner::start_transition_all`, with `void(BulkResult)`.
template <LoopDoor Door, std::ranges::input_range Requests, boost::asio::completion_token_for<void(BulkResult)> Token>
auto async_transition_all(Door& door, Requests&& requests, BulkSettings how, Token&& token) {
  std::vector<TransitionRequest> all;
  for (auto&& request : requests) all.emplace_back(std::forward<decltype(request)>(request));
  return detail::initiate<BulkResult, Token>(
      token, [&door, all = std::move(all), how = std::move(how)]<class Handler>(Handler&& handler) mutable {
        return door.start_transition_all(std::move(all), how, std::forward<Handler>(handler));
      });
}

/// The definition of a flow: `StateTransitioner::start_flow`, with `void(Result<std::shared_ptr<const FlowGraph>>)`.
template <LoopDoor Door,
          boost::asio::completion_token_for<void(Result<std::shared_ptr<const FlowGraph>>)> Token>
auto async_flow(Door& door, std::string id, std::string version, Token&& token) {
  return detail::initiate<Result<std::shared_ptr<const FlowGraph>>, Token>(
      token, [&door, id = std::move(id), version = std::move(version)]<class Handler>(Handler&& handler) mutable {
        return door.start_flow(std::move(id), std::move(version), std::forward<Handler>(handler));
      });
}

/// Settles what a journal has open: `start_recover` of either door, with `void(Result<RecoveryReport>)`.
template <LoopDoor Door, boost::asio::completion_token_for<void(Result<RecoveryReport>)> Token>
auto async_recover(Door& door, std::optional<Duration> budget, Token&& token) {
  return detail::initiate<Result<RecoveryReport>, Token>(
      token, [&door, budget]<class Handler>(Handler&& handler) {
        return door.start_recover(budget, std::forward<Handler>(handler));
      });
}

/// Puts an interaction on hold: `HoldController::start_hold`, with `void(Result<HoldResult>)`.
template <LoopDoor Door, boost::asio::completion_token_for<void(Result<HoldResult>)> Token>
auto async_hold(Door& door, HoldRequest request, Token&& token) {
  return detail::initiate<Result<HoldResult>, Token>(
      token, [&door, request = std::move(request)]<class Handler>(Handler&& handler) {
        return door.start_hold(request, std::forward<Handler>(handler));
      });
}
/// The same with a value of the schema's type; the settings' deadline when none is given.
template <LoopDoor Door, boost::asio::completion_token_for<void(Result<HoldResult>)> Token>
auto async_hold(Door& door, typename Door::value_type command, std::optional<Duration> deadline, Token&& token) {
  return detail::initiate<Result<HoldResult>, Token>(
      token, [&door, command = std::move(command), deadline]<class Handler>(Handler&& handler) {
        return door.start_hold(command, deadline, std::forward<Handler>(handler));
      });
}

/// Takes an interaction off hold: `HoldController::start_unhold`, with `void(Result<HoldResult>)`.
template <LoopDoor Door, boost::asio::completion_token_for<void(Result<HoldResult>)> Token>
auto async_unhold(Door& door, UnholdRequest request, Token&& token) {
  return detail::initiate<Result<HoldResult>, Token>(
      token, [&door, request = std::move(request)]<class Handler>(Handler&& handler) {
        return door.start_unhold(request, std::forward<Handler>(handler));
      });
}

/// Waits until the hold channel is open: `HoldController::start_ready`, with `void(Result<void>)`.
template <LoopDoor Door, boost::asio::completion_token_for<void(Result<void>)> Token>
auto async_ready(Door& door, std::optional<Duration> budget, Token&& token) {
  return detail::initiate<Result<void>, Token>(
      token, [&door, budget]<class Handler>(Handler&& handler) {
        return door.start_ready(budget, std::forward<Handler>(handler));
      });
}

/// The hold session: `HoldController::start_run`, with `void(Result<void>)`.
template <LoopDoor Door, boost::asio::completion_token_for<void(Result<void>)> Token>
auto async_run(Door& door, Token&& token) {
  return detail::initiate<Result<void>, Token>(
      token, [&door]<class Handler>(Handler&& handler) {
        return door.start_run(std::forward<Handler>(handler));
      });
}

/// Closes a hold controller: `HoldController::start_close`, with `void(Result<void>)`.
template <LoopDoor Door, boost::asio::completion_token_for<void(Result<void>)> Token>
auto async_close(Door& door, Duration budget, Token&& token) {
  return detail::initiate<Result<void>, Token>(
      token, [&door, budget]<class Handler>(Handler&& handler) {
        return door.start_close(budget, std::forward<Handler>(handler));
      });
}

}  // namespace patchbay::beast
