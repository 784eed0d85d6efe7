// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // min
#include <chrono>

#include <patchbay/beast/impl/lookup.hpp>
#include <patchbay/beast/impl/wire.hpp>

namespace patchbay::beast::detail {

TransportResult<Addresses> resolve(const std::string& host, std::uint16_t port, SteadyTime deadline,
                                   const std::stop_token& stop) {
  if (Addresses known = known_addresses(host, port); !known.empty()) return known;
  const auto lookup = Lookup::start(host, port);
  if (!lookup) return tl::unexpected(lookup.error());
  return (*lookup)->wait(deadline, stop);
}

TransportResult<std::unique_ptr<Wire>> Connector::connect(const Endpoint& endpoint, SteadyTime deadline,
                                                          const std::stop_token& stop) {
  const SteadyTime connected_by = std::min(deadline, after(std::chrono::steady_clock::now(), options_.connect_timeout));
  const auto addresses = resolve(endpoint.host(), endpoint.port(), connected_by, stop);
  if (!addresses) return tl::unexpected(addresses.error());
  auto wire = std::make_unique<Wire>();
  wire->stop_with(stop);
  if (auto connected = wire->connect(*addresses, connected_by); !connected)
    return tl::unexpected(std::move(connected.error()));
  if (endpoint.tls()) {
    const auto context = tls_.get();
    if (!context) return tl::unexpected(context.error());
    const SteadyTime shaken_by =
        std::min(deadline, after(std::chrono::steady_clock::now(), options_.handshake_timeout));
    auto shaken =
        wire->start_tls(*context, endpoint.host(), !options_.insecure_skip_verification_for_tests, shaken_by);
    if (!shaken) return tl::unexpected(std::move(shaken.error()));
  }
  return wire;
}

}  // namespace patchbay::beast::detail
