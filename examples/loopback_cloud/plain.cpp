// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include "loopback_cloud/connection_impl.hpp"

namespace loopback_cloud {

void start_plain(tcp::socket socket, Floor& floor) {
  std::make_shared<HttpConnection<tcp::socket>>(floor, std::move(socket))->start();
}

}  // namespace loopback_cloud
