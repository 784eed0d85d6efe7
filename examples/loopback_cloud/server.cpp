// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include "loopback_cloud/server.hpp"

#include <csignal>
#include <optional>

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
  Server(Hub& hub, const ServerSettings& settings) : hub_(hub), settings_(settings) {}

  patchbay::Result<void> run(const std::function<void(const std::string&)>& listening) {
    error_code ec;
    if (!settings_.certificate.empty()) {
      tls_.emplace(net::ssl::context::tls_server);
      tls_->set_options(
          net::ssl::context::default_workarounds | net::ssl::context::no_tlsv1 | net::ssl::context::no_tlsv1_1, ec);
      if (!ec) tls_->use_certificate_chain_file(settings_.certificate, ec);
      if (!ec) tls_->use_private_key_file(settings_.key, net::ssl::context::pem, ec);
      if (ec) return failed("cannot use the certificate and key", ec);
    }
    const tcp::endpoint address(net::ip::address_v4::loopback(), settings_.port);
    acceptor_.open(address.protocol(), ec);
    if (!ec) acceptor_.set_option(tcp::acceptor::reuse_address(true), ec);
    if (!ec) acceptor_.bind(address, ec);
    if (!ec) acceptor_.listen(net::socket_base::max_listen_connections, ec);
    if (ec) return failed("cannot listen", ec);
    signals_.add(SIGTERM, ec);
    if (!ec) signals_.add(SIGINT, ec);
    if (ec) return failed("cannot wait for signals", ec);
    signals_.async_wait([this](error_code error, int) {
      if (!error) stop();
    });
    accept();
    listening((tls_ ? "https://127.0.0.1:" : "http://127.0.0.1:") + std::to_string(acceptor_.local_endpoint().port()));
    io_.run();
    return {};
  }

 private:
  static patchbay::Failure failed(const char* what, const error_code& ec) {
    return patchbay::fail(patchbay::ErrorCode::invalid_settings, std::string(what).append(": ").append(ec.message()));
  }

  void accept() {
    acceptor_.async_accept([this](error_code ec, tcp::socket socket) {
      if (ec == net::error::operation_aborted) return;
      if (ec) {
        // Out of descriptors, most likely: some may be free a little later.
        pause_.expires_after(std::chrono::milliseconds(50));
        pause_.async_wait([this](error_code cancelled) {
          if (!cancelled) accept();
        });
        return;
      }
      if (connections_ < settings_.max_connections) {
        error_code ignored;
        socket.set_option(tcp::no_delay(true), ignored);
        if (tls_)
          start_tls(std::move(socket), *tls_, hub_, settings_, Slot(connections_));
        else
          start_plain(std::move(socket), hub_, settings_, Slot(connections_));
      }
      accept();
    });
  }

  // Says farewell to the channels, and goes whether they answer or not.
  void stop() {
    error_code ignored;
    acceptor_.close(ignored);
    pause_.cancel();
    if (!hub_.has_channels()) return io_.stop();
    hub_.close_all();
    pause_.expires_after(std::chrono::milliseconds(250));
    pause_.async_wait([this](error_code) { io_.stop(); });
  }

  Hub& hub_;
  const ServerSettings& settings_;
  std::size_t connections_ = 0;
  std::optional<net::ssl::context> tls_;
  // Destroyed before what its handlers, and the connections within them, refer to.
  net::io_context io_{1};
  tcp::acceptor acceptor_{io_};
  net::signal_set signals_{io_};
  net::steady_timer pause_{io_};
};

}  // namespace

patchbay::Result<void> serve(Hub& hub, const ServerSettings& settings,
                             const std::function<void(const std::string& url)>& listening) {
  return Server(hub, settings).run(listening);
}

}  // namespace loopback_cloud
