// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // min
#include <atomic>
#include <chrono>
#include <csignal>
#include <condition_variable>
#include <cstring>  // memcpy
#include <mutex>
#include <thread>

#include <netdb.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <boost/asio/ip/address.hpp>

#include <patchbay/beast/impl/wire.hpp>

namespace patchbay::beast::detail {

// A look-up that its caller may leave behind: the thread and the caller each hold it, and whoever is last frees it.
struct Lookup {
  std::mutex mutex;
  std::condition_variable ended;
  bool done = false;
  bool left_behind = false;
  int error = 0;
  std::vector<tcp::endpoint> addresses;
};

constexpr int max_lookups_left_behind = 16;

std::atomic<int>& lookups_left_behind() noexcept {
  static std::atomic<int> count{0};
  return count;
}

int look_up(const std::string& host, std::uint16_t port, std::vector<tcp::endpoint>& addresses) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* found = nullptr;
  const int error = ::getaddrinfo(host.c_str(), nullptr, &hints, &found);
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(error == 0 ? found : nullptr, &::freeaddrinfo);
  for (const addrinfo* entry = owner.get(); entry != nullptr; entry = entry->ai_next) {
    tcp::endpoint endpoint;
    if (entry->ai_addrlen > endpoint.capacity()) continue;
    std::memcpy(endpoint.data(), entry->ai_addr, entry->ai_addrlen);
    endpoint.resize(entry->ai_addrlen);
    endpoint.port(port);
    addresses.push_back(endpoint);
  }
  return error;
}

TransportResult<std::vector<tcp::endpoint>> resolve(const std::string& host, std::uint16_t port, SteadyTime deadline) {
  std::vector<tcp::endpoint> addresses;
  if (host == "localhost") {
    // Plain text is allowed to this name because it is this machine, so no resolver may say otherwise (RFC 6761).
    addresses.emplace_back(net::ip::address_v4::loopback(), port);
    addresses.emplace_back(net::ip::address_v6::loopback(), port);
    return addresses;
  }
  error_code not_literal;
  if (const auto address = net::ip::make_address(host, not_literal); !not_literal) {
    addresses.emplace_back(address, port);
    return addresses;
  }
  if (lookups_left_behind() >= max_lookups_left_behind)
    return tl::unexpected(describe(TransportFault::resolve, Delivery::not_sent,
                                   "the resolver hangs: too many look-ups are still under way"));

  const auto lookup = std::make_shared<Lookup>();
  std::thread([lookup, host, port] {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, nullptr);  // the program's signals are for the program's threads
    int error = EAI_MEMORY;
    std::vector<tcp::endpoint> found;
    try {
      error = look_up(host, port, found);
    } catch (...) {  // no memory for the addresses; the error says so
    }
    const std::lock_guard lock(lookup->mutex);
    lookup->error = error;
    lookup->addresses = std::move(found);
    lookup->done = true;
    if (lookup->left_behind) --lookups_left_behind();
    lookup->ended.notify_one();
  }).detach();
  std::unique_lock lock(lookup->mutex);
  const auto done = [&] { return lookup->done; };
  if (deadline == never) {
    lookup->ended.wait(lock, done);  // a wait until `never` overflows in some libraries
  } else if (!lookup->ended.wait_until(lock, deadline, done)) {
    lookup->left_behind = true;
    ++lookups_left_behind();
    return tl::unexpected(
        describe(TransportFault::timed_out, Delivery::not_sent, "the host's name was not resolved in time"));
  }
  if (lookup->error != 0 || lookup->addresses.empty()) {
    const char* const why = lookup->error != 0 ? ::gai_strerror(lookup->error) : "it has no address";
    return tl::unexpected(describe(TransportFault::resolve, Delivery::not_sent,
                                   std::string("the host's name could not be resolved: ").append(why)));
  }
  return std::move(lookup->addresses);
}

// The TLS context is made at the first use, once, because reading the trust store costs milliseconds.
struct Connector::Tls {
  std::mutex mutex;
  std::optional<net::ssl::context> context;
};

Connector::Connector(const Options& options) : options_(options), tls_(std::make_unique<Tls>()) {}
Connector::~Connector() = default;

TransportResult<net::ssl::context*> Connector::tls_context() {
  const std::lock_guard lock(tls_->mutex);
  if (tls_->context) return &*tls_->context;
  ERR_clear_error();
  net::ssl::context context(net::ssl::context::tls_client);
  SSL_CTX* const native = context.native_handle();
  static constexpr unsigned char alpn[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
  bool good = SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION) == 1 &&
              SSL_CTX_set_alpn_protos(native, alpn, sizeof alpn) == 0;
  const std::string& file = options_.trusted_ca_file;
  const std::string& directory = options_.trusted_ca_directory;
  if (file.empty() && directory.empty()) {
    good = good && SSL_CTX_set_default_verify_paths(native) == 1;
  } else {
    good = good && SSL_CTX_load_verify_locations(native, file.empty() ? nullptr : file.c_str(),
                                                 directory.empty() ? nullptr : directory.c_str()) == 1;
  }
  if (!good) {
    ERR_clear_error();
    return tl::unexpected(
        describe(TransportFault::tls, Delivery::not_sent, "the trusted certificates could not be read"));
  }
  tls_->context.emplace(std::move(context));
  return &*tls_->context;
}

TransportResult<std::unique_ptr<Wire>> Connector::connect(const Endpoint& endpoint, SteadyTime deadline) {
  const SteadyTime connected_by = std::min(deadline, after(std::chrono::steady_clock::now(), options_.connect_timeout));
  const auto addresses = resolve(endpoint.host(), endpoint.port(), connected_by);
  if (!addresses) return tl::unexpected(addresses.error());
  auto wire = std::make_unique<Wire>();
  if (auto connected = wire->connect(*addresses, connected_by); !connected)
    return tl::unexpected(std::move(connected.error()));
  if (endpoint.tls()) {
    const auto context = tls_context();
    if (!context) return tl::unexpected(context.error());
    const SteadyTime shaken_by =
        std::min(deadline, after(std::chrono::steady_clock::now(), options_.handshake_timeout));
    auto shaken =
        wire->start_tls(**context, endpoint.host(), !options_.insecure_skip_verification_for_tests, shaken_by);
    if (!shaken) return tl::unexpected(std::move(shaken.error()));
  }
  return wire;
}

}  // namespace patchbay::beast::detail
