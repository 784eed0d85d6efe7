// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // max
#include <chrono>
#include <exception>

#include <patchbay/curl/blocking_transport.hpp>
#include <patchbay/curl/impl/handle.hpp>
#include <patchbay/curl/impl/request.hpp>

namespace patchbay::curl {

struct BlockingTransport::State {
  explicit State(Options options_in) : options(std::move(options_in)) {}
  const Options options;
  detail::Pool pool;
};

BlockingTransport::BlockingTransport(Options options) : state_(std::make_unique<State>(std::move(options))) {
  static_cast<void>(detail::is_initialised());  // a failure is told by `send`
}
BlockingTransport::BlockingTransport(BlockingTransport&&) noexcept = default;
BlockingTransport& BlockingTransport::operator=(BlockingTransport&&) noexcept = default;
BlockingTransport::~BlockingTransport() = default;

TransportResult<void> BlockingTransport::send(const HttpRequest& request, HttpResponse& response, SteadyTime deadline) {
  return send(request, response, deadline, std::stop_token{});
}

TransportResult<void> BlockingTransport::send(const HttpRequest& request, HttpResponse& response, SteadyTime deadline,
                                              std::stop_token stop) {
  namespace d = detail;
  response.clear();
  const Endpoint& endpoint = *request.endpoint;
  if (stop.stop_requested())
    return tl::unexpected(d::describe(TransportFault::cancelled, Delivery::not_sent, "a stop was requested"));
  if (auto refusal = d::refusal_of(request, deadline, std::chrono::steady_clock::now()))
    return tl::unexpected(std::move(*refusal));
  const auto refuse = [](std::string_view why) {
    return tl::unexpected(d::describe(TransportFault::connect, Delivery::not_sent, why));
  };

  const Options& options = state_->options;
  d::Exchange exchange;
  exchange.begin(response, options.max_header_bytes, request.max_body, endpoint.tls());
  exchange.stop = &stop;
  try {
    auto [handle, kept] = state_->pool.take(endpoint, options.idle_timeout);
    if (!handle) handle = d::Handle(options);
    if (!handle) return refuse("libcurl cannot be used, or memory ran out");

    d::FieldList fields;
    handle.prepare(request, fields.make(request.headers, options.max_idle_connections != 0));
    handle.set(CURLOPT_FRESH_CONNECT, kept ? 0L : 1L);
    const SteadyTime now = std::chrono::steady_clock::now();
    handle.set(CURLOPT_TIMEOUT_MS, deadline == never ? 0L : std::max(1L, d::milliseconds_until(deadline, now)));
    if (!handle.usable()) return refuse("libcurl refused an option, or memory ran out");

    const CURLcode code = handle.perform(exchange);
    const bool whole = code == CURLE_OK && exchange.is_whole();
    TransportResult<void> result;
    if (!whole && exchange.stopped) {
      const Delivery delivery = exchange.may_have_sent() ? Delivery::maybe_sent : Delivery::not_sent;
      result = tl::unexpected(d::describe(TransportFault::cancelled, delivery, "a stop was requested"));
    } else if (!whole) {
      result = tl::unexpected(d::explain(code, exchange, handle));
    }
    // A handle without a connection is kept for what it has read of the trust store; not one that left a look-up
    // behind, nor a connection that failed or has more on it than was asked for.
    const bool good = whole ? !exchange.excess : exchange.begun && !handle.connected();
    if (options.max_idle_connections != 0 && handle.usable() && good)
      state_->pool.keep(endpoint, std::move(handle), options.max_idle_connections);
    return result;
  } catch (const std::exception& e) {
    if (exchange.may_have_sent())
      return tl::unexpected(d::describe(TransportFault::reset, Delivery::maybe_sent, e.what()));
    return refuse(e.what());
  }
}

}  // namespace patchbay::curl
