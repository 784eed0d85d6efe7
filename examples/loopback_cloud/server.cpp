// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include "loopback_cloud/server.hpp"

#include <algorithm>  // min
#include <chrono>
#include <csignal>
#include <optional>
#include <utility>

#include <sys/resource.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address_v4.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include "loopback_cloud/connection.hpp"

namespace loopback_cloud {

namespace {

namespace net = boost::asio;
using boost::system::error_code;
using net::ip::tcp;

class Server {
 public:
  Server(Hub& hub, const ServerSettings& settings) : floor_(hub, settings, io_) {}

  patchbay::Result<void> run(const std::function<void(const std::string&)>& listening) {
    const ServerSettings& settings = floor_.settings;
    error_code ec;
    if (!settings.certificate.empty()) {
      tls_.emplace(net::ssl::context::tls_server);
      tls_->set_options(
          net::ssl::context::default_workarounds | net::ssl::context::no_tlsv1 | net::ssl::context::no_tlsv1_1, ec);
      if (!ec) tls_->use_certificate_chain_file(settings.certificate, ec);
      if (!ec) tls_->use_private_key_file(settings.key, net::ssl::context::pem, ec);
      if (ec) return failed("cannot use the certificate and key", ec);
      SSL_CTX_set_mode(tls_->native_handle(), SSL_MODE_RELEASE_BUFFERS);  // 34 KiB less for each that waits
    }
    const tcp::endpoint address(net::ip::address_v4::loopback(), settings.port);
    acceptor_.open(address.protocol(), ec);
    if (!ec) acceptor_.set_option(tcp::acceptor::reuse_address(true), ec);
    if (!ec) acceptor_.bind(address, ec);
    if (!ec) acceptor_.listen(net::socket_base::max_listen_connections, ec);
    if (ec) return failed("cannot listen", ec);
    signals_.add(SIGTERM, ec);
    if (!ec) signals_.add(SIGINT, ec);
    if (ec) return failed("cannot wait for signals", ec);
    await_signal();
    accept();
    sweep();
    floor_.hub.set_alarm([this](patchbay::SteadyTime when) { wake_at(when); });
    listening((tls_ ? "https://127.0.0.1:" : "http://127.0.0.1:") + std::to_string(acceptor_.local_endpoint().port()));
    io_.run();
    floor_.hub.set_alarm({});
    floor_.forget();
    return {};
  }

 private:
  static patchbay::Failure failed(const char* what, const error_code& ec) {
    return patchbay::fail(patchbay::ErrorCode::invalid_settings, std::string(what).append(": ").append(ec.message()));
  }

  void accept() {
    acceptor_.async_accept([this](error_code ec, tcp::socket socket) {
      if (ec == net::error::operation_aborted || !acceptor_.is_open()) return;
      if (ec) {
        // Out of descriptors or memory, most likely: some may be free a little later. Clients wait in the backlog.
        pause_.expires_after(std::chrono::milliseconds(50));
        pause_.async_wait([this](error_code cancelled) {
          if (!cancelled) accept();
        });
        return;
      }
      if (floor_.connections < floor_.settings.max_connections) {
        error_code ignored;
        socket.set_option(tcp::no_delay(true), ignored);
        if (tls_)
          start_tls(std::move(socket), *tls_, floor_);
        else
          start_plain(std::move(socket), floor_);
      }
      accept();
    });
  }

  // Ends what has waited too long, four times a second.
  void sweep() {
    sweep_.expires_after(std::chrono::milliseconds(250));
    sweep_.async_wait([this](error_code ec) {
      if (ec) return;
      floor_.timeouts.sweep();
      sweep();
    });
  }

  // What the cloud does by itself: effects that come later, heartbeats.
  void wake_at(patchbay::SteadyTime when) {
    if (when == patchbay::never) return void(alarm_.cancel());
    alarm_.expires_at(when);
    alarm_.async_wait([this](error_code ec) {
      if (!ec) floor_.hub.wake();
    });
  }

  void await_signal() {
    signals_.async_wait([this](error_code ec, int) {
      if (ec) return;
      if (std::exchange(floor_.draining, true)) return io_.stop();
      drain();
      await_signal();
    });
  }
  // Accepts no more, lets go of those who wait, says farewell to the channels, and finishes the rest.
  void drain() {
    error_code ignored;
    acceptor_.close(ignored);
    pause_.cancel();
    for (const Limit limit : {Limit::handshake, Limit::idle, Limit::linger, Limit::hang})
      floor_.timeouts.expire_all(limit);
    floor_.hub.close_all();
    drained_by_ = std::chrono::steady_clock::now() + floor_.settings.drain_limit;
    await_drained();
  }
  void await_drained() {
    if (floor_.connections == 0 || std::chrono::steady_clock::now() >= drained_by_) return io_.stop();
    pause_.expires_after(std::chrono::milliseconds(10));
    pause_.async_wait([this](error_code ec) {
      if (!ec) await_drained();
    });
  }

  std::optional<net::ssl::context> tls_;
  Floor floor_;
  std::chrono::steady_clock::time_point drained_by_{};
  // Destroyed before what its handlers, and the connections within them, refer to.
  net::io_context io_{1};
  tcp::acceptor acceptor_{io_};
  net::signal_set signals_{io_};
  net::steady_timer pause_{io_}, sweep_{io_}, alarm_{io_};
};

}  // namespace

std::size_t connections_allowed() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  if (limit.rlim_cur < limit.rlim_max) {
    limit.rlim_cur = limit.rlim_max;
    if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) static_cast<void>(::getrlimit(RLIMIT_NOFILE, &limit));
  }
  constexpr rlim_t reserve = 32;  // the program's own
  constexpr rlim_t most = 1'000'000;
  return limit.rlim_cur <= reserve ? 0 : static_cast<std::size_t>(std::min(limit.rlim_cur, most) - reserve);
}

patchbay::Result<void> serve(Hub& hub, const ServerSettings& settings,
                             const std::function<void(const std::string& url)>& listening) {
  return Server(hub, settings).run(listening);
}

}  // namespace loopback_cloud
