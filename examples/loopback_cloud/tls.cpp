// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <boost/beast/ssl/ssl_stream.hpp>
#include <boost/beast/websocket/ssl.hpp>

#include "loopback_cloud/connection_impl.hpp"

namespace loopback_cloud {

void start_tls(net::ip::tcp::socket socket, net::ssl::context& context, Hub& hub, const ServerSettings& settings,
               Slot slot) {
  using Stream = beast::ssl_stream<beast::tcp_stream>;
  std::make_shared<HttpConnection<Stream>>(hub, settings, std::move(slot), std::move(socket), context)->start();
}

}  // namespace loopback_cloud
