// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <boost/asio/ssl/stream_base.hpp>

#include "loopback_cloud/connection_impl.hpp"

namespace loopback_cloud {

void start_plain(net::ip::tcp::socket socket, Hub& hub, const ServerSettings& settings, Slot slot) {
  std::make_shared<HttpConnection<beast::tcp_stream>>(hub, settings, std::move(slot), std::move(socket))->start();
}

}  // namespace loopback_cloud
