// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <concepts>
#include <cstdint>
#include <string_view>

#include <patchbay/policy/completion.hpp>
#include <patchbay/policy/transport.hpp>

namespace patchbay {

/// Names one exchange that was begun, so that it can be cancelled. A transport never gives the same number twice.
using ExchangeId = std::uint64_t;

/// A timer of an event loop: one wait at a time, used by one thread at a time.
///
/// Laws: `wait` leads to `done()` on a thread of the loop at or after `when`, a point on the door's clock, never from within
/// the call. After `cancel`, or when the timer is destroyed, the completion is run or abandoned soon, by the loop. `wait` is
/// called again only then.
template <class T>
concept LoopTimer = std::movable<T> && requires(T& timer, SteadyTime when, Completion<void> done) {
  { timer.wait(when, std::move(done)) } -> std::same_as<void>;
  { timer.cancel() } noexcept;
};

/// A transport that lives on an event loop: it begins what is asked for, returns at once, and calls back.
///
/// Laws of everything that takes a completion: it is called exactly once, on a thread of the loop, never from within the
/// call that it was given to; when the loop is destroyed it is abandoned instead. What it was given to refer to (request,
/// response, text, event) lives until then. Every function may be called from any thread.
///
/// `send` follows the laws of `Transport::send`: the completion comes by `deadline`, with the whole answer in `response`, or
/// with an error whose `delivery` is `not_sent` only if no byte of the request can have reached the peer. `cancel` makes an
/// exchange, or the opening of a channel, end soon with `TransportFault::cancelled` and a truthful delivery; it does
/// nothing when it has ended, or is ending, already. `post` runs a piece of work on the loop.
template <class T>
concept CompletionTransport = requires(T& transport, const HttpRequest& request, HttpResponse& response, SteadyTime deadline,
                                       Completion<TransportResult<void>> done, Completion<void> work, ExchangeId id) {
  typename T::timer_type;
  requires LoopTimer<typename T::timer_type>;
  { transport.send(request, response, deadline, std::move(done)) } -> std::same_as<ExchangeId>;
  { transport.cancel(id) } noexcept;
  { transport.post(std::move(work)) } -> std::same_as<void>;
  { transport.make_timer() } -> std::same_as<typename T::timer_type>;
};

/// An open message channel on an event loop.
///
/// Laws: as for `Channel`, with completions. One `receive`, and one of `send`, `ping` and `close`, may be under way at a time;
/// `receive` has no deadline and ends with what comes next, with `closed` at the latest. It is used by one thread at a time.
/// Destroying the channel ends the connection at once, and what was under way soon: `receive` with `closed` (1006), `send`
/// and `ping` with `TransportFault::closed`, `close` as if it were over.
template <class T>
concept CompletionChannel = std::movable<T> && requires(T& channel, std::string_view text, ChannelEvent& event, std::uint16_t code,
                                                        SteadyTime deadline, Completion<TransportResult<void>> sent,
                                                        Completion<void> done) {
  { channel.send(text, deadline, std::move(sent)) } -> std::same_as<void>;
  { channel.ping(deadline, std::move(sent)) } -> std::same_as<void>;
  { channel.receive(event, std::move(done)) } -> std::same_as<void>;
  { channel.close(code, deadline, std::move(done)) } -> std::same_as<void>;
};

/// A transport on an event loop that can also open message channels, by the laws of `ChannelTransport::open`.
template <class T>
concept CompletionChannelTransport =
    CompletionTransport<T> && requires(T& transport, const ChannelRequest& request, HttpResponse& refusal, SteadyTime deadline,
                                       Completion<TransportResult<typename T::channel_type>> done) {
      requires CompletionChannel<typename T::channel_type>;
      { transport.open(request, refusal, deadline, std::move(done)) } -> std::same_as<ExchangeId>;
    };

}  // namespace patchbay
