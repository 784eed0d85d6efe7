// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <span>
#include <string>
#include <string_view>

#include <boost/system/error_code.hpp>

#include <patchbay/http.hpp>
#include <patchbay/policy/transport.hpp>

/// What the transports of this adapter write and say alike.
namespace patchbay::beast::detail {

/// An error with the system's own words for it, cut to what `TransportError::detail` allows.
[[nodiscard]] TransportError describe(TransportFault fault, Delivery delivery, std::string_view what,
                                      const boost::system::error_code& ec = {}) noexcept;

/// What this library calls itself to servers.
[[nodiscard]] const std::string& user_agent();

/// Why a request must not be begun: an endpoint that may not carry credentials, a field or target that would end its
/// line early. Nothing when all is well.
[[nodiscard]] TransportResult<void> check_request(const Endpoint& endpoint, std::string_view target,
                                                  std::span<const HeaderView> headers);

/// Appends everything of the request but its body to `head`.
void write_head(std::string& head, const HttpRequest& request, bool keep);

}  // namespace patchbay::beast::detail
