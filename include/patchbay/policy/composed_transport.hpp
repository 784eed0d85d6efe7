// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <stop_token>
#include <type_traits>
#include <utility>

#include <patchbay/policy/completion_transport.hpp>
#include <patchbay/policy/transport.hpp>

namespace patchbay {

/// HTTP by one transport, message channels by another: for a `HoldController` over an HTTP client that has no
/// WebSocket. Both block, or both live on an event loop.
///
/// \code
/// HoldController holds{Policies{.transport = Composed{curl::BlockingTransport{}, beast::BlockingTransport{}}},
/// settings}; \endcode
///
/// Keeps the laws of both, and is a `StoppableTransport` if `Http` is one. Shareable by threads as far as `Http::send` and `Channels::open` are.
template <class Http, class Channels>
  requires(Transport<Http> && ChannelTransport<Channels>) ||
          (CompletionTransport<Http> && CompletionChannelTransport<Channels>)
class Composed {
 public:
  using channel_type = typename Channels::channel_type;

  Composed() requires std::is_default_constructible_v<Http> && std::is_default_constructible_v<Channels>
  = default;
  Composed(Http http, Channels channels) : http_(std::move(http)), channels_(std::move(channels)) {}

  [[nodiscard]] TransportResult<void> send(const HttpRequest& request, HttpResponse& response, SteadyTime deadline) {
    return http_.send(request, response, deadline);
  }
  [[nodiscard]] TransportResult<void> send(const HttpRequest& request, HttpResponse& response, SteadyTime deadline,
                                           std::stop_token stop)
    requires StoppableTransport<Http>
  {
    return http_.send(request, response, deadline, std::move(stop));
  }
  [[nodiscard]] TransportResult<channel_type> open(const ChannelRequest& request, HttpResponse& refusal,
                                                   SteadyTime deadline) {
    return channels_.open(request, refusal, deadline);
  }

  [[nodiscard]] Http& http() noexcept { return http_; }
  [[nodiscard]] Channels& channels() noexcept { return channels_; }

 private:
  [[no_unique_address]] Http http_;
  [[no_unique_address]] Channels channels_;
};

template <class Http, class Channels>
Composed(Http, Channels) -> Composed<Http, Channels>;

/// The same of transports on event loops; models `CompletionChannelTransport`.
///
/// \code
/// HoldController holds{Policies{.transport = Composed{curl::Transport{loop}, beast::Transport{context}}}, settings};
/// \endcode
///
/// The two may live on loops of their own, which threads of their own run: a completion comes on the loop of the part that
/// was asked. Timers and posted work are those of `Channels`. Both loops must be run, and must outlive what is begun.
template <CompletionTransport Http, CompletionChannelTransport Channels>
class Composed<Http, Channels> {
 public:
  using channel_type = typename Channels::channel_type;
  using timer_type = typename Channels::timer_type;

  Composed(Http http, Channels channels) : http_(std::move(http)), channels_(std::move(channels)) {}

  // Each part counts its exchanges by itself. The lowest bit says whose number it is; the highest of a part's number is
  // lost, which none of them reaches.
  ExchangeId send(const HttpRequest& request, HttpResponse& response, SteadyTime deadline,
                  Completion<TransportResult<void>> done) {
    return http_.send(request, response, deadline, std::move(done)) << 1;
  }
  ExchangeId open(const ChannelRequest& request, HttpResponse& refusal, SteadyTime deadline,
                  Completion<TransportResult<channel_type>> done) {
    return channels_.open(request, refusal, deadline, std::move(done)) << 1 | 1;
  }
  void cancel(ExchangeId id) noexcept {
    if ((id & 1) != 0) {
      channels_.cancel(id >> 1);
    } else {
      http_.cancel(id >> 1);
    }
  }
  void post(Completion<void> work) { channels_.post(std::move(work)); }
  [[nodiscard]] timer_type make_timer() { return channels_.make_timer(); }

  [[nodiscard]] Http& http() noexcept { return http_; }
  [[nodiscard]] Channels& channels() noexcept { return channels_; }

 private:
  [[no_unique_address]] Http http_;
  [[no_unique_address]] Channels channels_;
};

}  // namespace patchbay
