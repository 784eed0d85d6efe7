// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <utility>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>

#include "loopback_cloud/floor.hpp"

namespace loopback_cloud {

/// Counts a connection for as long as it lives.
class Slot {
 public:
  explicit Slot(std::size_t& count) noexcept : count_(&count) { ++*count_; }
  Slot(Slot&& other) noexcept : count_(std::exchange(other.count_, nullptr)) {}
  Slot& operator=(Slot&&) = delete;
  ~Slot() {
    if (count_ != nullptr) --*count_;
  }

 private:
  std::size_t* count_;
};

/// Serves one connection until it ends; the two kinds are compiled apart.
void start_plain(boost::asio::ip::tcp::socket socket, Floor& floor);
void start_tls(boost::asio::ip::tcp::socket socket, boost::asio::ssl::context& context, Floor& floor);

}  // namespace loopback_cloud
