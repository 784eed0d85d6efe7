// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <atomic>
#include <cassert>
#include <csignal>
#include <cstring>  // memcpy
#include <exception>
#include <string_view>
#include <thread>
#include <utility>

#include <netdb.h>

#include <boost/asio/ip/address.hpp>

#include <patchbay/beast/impl/lookup.hpp>
#include <patchbay/beast/impl/message.hpp>

namespace patchbay::beast::detail {

constexpr int max_lookups_left_behind = 16;

std::atomic<int>& lookups_left_behind() noexcept {
  static std::atomic<int> count{0};
  return count;
}

int look_up(const std::string& host, std::uint16_t port, Addresses& addresses) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* found = nullptr;
  const int error = ::getaddrinfo(host.c_str(), nullptr, &hints, &found);
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(error == 0 ? found : nullptr, &::freeaddrinfo);
  for (const addrinfo* entry = owner.get(); entry != nullptr; entry = entry->ai_next) {
    boost::asio::ip::tcp::endpoint endpoint;
    if (entry->ai_addrlen > endpoint.capacity()) continue;
    std::memcpy(endpoint.data(), entry->ai_addr, entry->ai_addrlen);
    endpoint.resize(entry->ai_addrlen);
    endpoint.port(port);
    addresses.push_back(endpoint);
  }
  return error;
}

Addresses known_addresses(const std::string& host, std::uint16_t port) {
  namespace ip = boost::asio::ip;
  Addresses addresses;
  if (host == "localhost") {
    // Plain text is allowed to this name because it is this machine, so no resolver may say otherwise (RFC 6761).
    addresses.emplace_back(ip::address_v4::loopback(), port);
    addresses.emplace_back(ip::address_v6::loopback(), port);
    return addresses;
  }
  boost::system::error_code not_literal;
  if (const auto address = ip::make_address(host, not_literal); !not_literal) addresses.emplace_back(address, port);
  return addresses;
}

TransportResult<std::shared_ptr<Lookup>> Lookup::start(const std::string& host, std::uint16_t port,
                                                       Listener* listener) {
  if (lookups_left_behind() >= max_lookups_left_behind)
    return tl::unexpected(describe(TransportFault::resolve, Delivery::not_sent,
                                   "the resolver hangs: too many look-ups are still under way"));
  try {
    auto lookup = std::make_shared<Lookup>();
    lookup->listener_ = listener;
    std::thread([lookup, host, port] {
      sigset_t all;
      ::sigfillset(&all);
      ::pthread_sigmask(SIG_SETMASK, &all, nullptr);  // the program's signals are for the program's threads
      lookup->run(host, port);
    }).detach();
    return lookup;
  } catch (const std::exception& e) {
    return tl::unexpected(describe(TransportFault::resolve, Delivery::not_sent,
                                   std::string("the resolver could not be started: ").append(e.what())));
  }
}

void Lookup::run(const std::string& host, std::uint16_t port) noexcept {
  int error = EAI_MEMORY;
  Addresses found;
  try {
    error = look_up(host, port, found);
  } catch (const std::exception&) {  // no memory for the addresses; the error says so
  }
  const std::lock_guard lock(mutex_);
  error_ = error;
  addresses_ = std::move(found);
  done_ = true;
  if (left_behind_) --lookups_left_behind();
  ended_.notify_one();
  if (listener_) std::exchange(listener_, nullptr)->lookup_ended(shared_from_this());
}

void Lookup::leave() noexcept {
  const std::lock_guard lock(mutex_);
  listener_ = nullptr;
  if (done_ || left_behind_) return;
  left_behind_ = true;
  ++lookups_left_behind();
}

TransportResult<Addresses> Lookup::take() {
  const std::lock_guard lock(mutex_);
  assert(done_);
  listener_ = nullptr;
  if (error_ == 0 && !addresses_.empty()) return std::move(addresses_);
  const char* const why = error_ != 0 ? ::gai_strerror(error_) : "it has no address";
  constexpr const char* what = "the host's name could not be resolved";
  try {
    return tl::unexpected(
        describe(TransportFault::resolve, Delivery::not_sent, std::string(what).append(": ").append(why)));
  } catch (const std::exception&) {  // no memory for the reason
    return tl::unexpected(describe(TransportFault::resolve, Delivery::not_sent, what));
  }
}

TransportResult<Addresses> Lookup::wait(SteadyTime deadline, const std::stop_token& stop) {
  {
    std::unique_lock lock(mutex_);
    const auto done = [&] { return done_; };
    // A wait until `never` overflows in some libraries.
    const bool ended = deadline == never ? ended_.wait(lock, stop, done) : ended_.wait_until(lock, stop, deadline, done);
    if (!ended) {
      left_behind_ = true;
      ++lookups_left_behind();
      return tl::unexpected(
          describe(TransportFault::timed_out, Delivery::not_sent, "the host's name was not resolved in time"));
    }
  }
  return take();
}

}  // namespace patchbay::beast::detail
