// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include "loopback_cloud/connection_impl.hpp"

namespace loopback_cloud {

void start_tls(tcp::socket socket, net::ssl::context& context, Floor& floor) {
  std::make_shared<HttpConnection<net::ssl::stream<tcp::socket>>>(floor, std::move(socket), context)->start();
}

}  // namespace loopback_cloud
