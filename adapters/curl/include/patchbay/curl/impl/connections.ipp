// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <exception>
#include <utility>

#include <netinet/in.h>
#include <sys/socket.h>

#include <patchbay/curl/impl/connections.hpp>

namespace patchbay::curl::detail {

int local_port_of(curl_socket_t socket) noexcept {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  void* const any = &address;
  if (::getsockname(socket, static_cast<sockaddr*>(any), &size) != 0) return 0;
  if (address.ss_family == AF_INET) return ntohs(static_cast<sockaddr_in*>(any)->sin_port);
  if (address.ss_family == AF_INET6) return ntohs(static_cast<sockaddr_in6*>(any)->sin6_port);
  return 0;
}

bool Connections::opened(Exchange& exchange, curl_socket_t socket) noexcept {
  try {
    Connection& connection = all_.emplace_back();
    connection.socket = socket;
    connection.user = &exchange;
    connection.remote_address.reserve(46);  // of any address, so that nothing is allocated later
    return true;
  } catch (const std::exception&) {
    return false;
  }
}

void Connections::connected(Exchange& exchange, const ConnectionKey& key) noexcept {
  for (Connection& c : all_) {
    if (c.user != &exchange || c.local_port != 0 || local_port_of(c.socket) != key.local_port) continue;
    c.local_port = key.local_port;
    c.remote_port = key.remote_port;
    c.remote_address.assign(key.remote_address.substr(0, c.remote_address.capacity()));
    return;
  }
}

bool Connections::taken(Exchange& exchange, const ConnectionKey& key) noexcept {
  for (Connection& c : all_) {
    if (!c.is(key)) continue;
    // It may have become free a moment ago, before its last exchange was seen to be over.
    const bool clean =
        c.user == nullptr ? std::chrono::steady_clock::now() < after(c.idle_since, idle_timeout_) : !c.user->excess;
    if (c.user == nullptr && !c.ended) --idle_;
    c.user = &exchange;
    return clean && !c.ended && is_quiet(c.socket);
  }
  return false;
}

void Connections::closing(curl_socket_t socket) noexcept {
  for (Connection& c : all_) {
    if (c.socket != socket) continue;
    if (c.user == nullptr && !c.ended) --idle_;
    if (&c != &all_.back()) c = std::move(all_.back());
    all_.pop_back();
    return;
  }
}

void Connections::kept(const Exchange& exchange, curl_socket_t socket) noexcept {
  for (Connection& c : all_) {
    if (c.socket != socket) continue;
    if (c.user != &exchange) return;  // it has the next one already
    c.user = nullptr;
    c.idle_since = std::chrono::steady_clock::now();
    ++idle_;
    if (exchange.excess) end(c);
    return;
  }
}

SteadyTime Connections::trim(SteadyTime now) noexcept {
  SteadyTime next = never;
  for (bool again = idle_ != 0; again;) {
    Connection* oldest = nullptr;
    for (Connection& c : all_)
      if (c.user == nullptr && !c.ended && (oldest == nullptr || c.idle_since < oldest->idle_since)) oldest = &c;
    next = oldest == nullptr ? never : after(oldest->idle_since, idle_timeout_);
    again = oldest != nullptr && (idle_ > max_idle_ || now >= next);
    if (again) end(*oldest);
  }
  return next;
}

// Only libcurl may close the socket. It finds its end when it looks for connections that have died.
void Connections::end(Connection& connection) noexcept {
  ::shutdown(connection.socket, SHUT_RDWR);
  connection.ended = true;
  --idle_;
}

}  // namespace patchbay::curl::detail
