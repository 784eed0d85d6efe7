// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <type_traits>
#include <utility>

#include <patchbay/policy/transport.hpp>

namespace patchbay {

/// HTTP by one transport, message channels by another: for a `HoldController` over an HTTP client that has no
/// WebSocket.
///
/// \code
/// HoldController holds{Policies{.transport = Composed{curl::BlockingTransport{}, beast::BlockingTransport{}}},
/// settings}; \endcode
///
/// Keeps the laws of both. Shareable by threads as far as `Http::send` and `Channels::open` are.
template <Transport Http, ChannelTransport Channels>
class Composed {
 public:
  using channel_type = typename Channels::channel_type;

  Composed() requires std::is_default_constructible_v<Http> && std::is_default_constructible_v<Channels>
  = default;
  Composed(Http http, Channels channels) : http_(std::move(http)), channels_(std::move(channels)) {}

  [[nodiscard]] TransportResult<void> send(const HttpRequest& request, HttpResponse& response, SteadyTime deadline) {
    return http_.send(request, response, deadline);
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

}  // namespace patchbay
