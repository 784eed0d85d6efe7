// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
//
// A TCP proxy on this machine that delays, dribbles, stalls, cuts, resets and corrupts what it carries.
#include <array>
#include <cstdio>
#include <functional>
#include <string>

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/signal_set.hpp>

#include "chaos/proxy/proxy.hpp"

namespace {

namespace net = boost::asio;
using boost::system::error_code;

/// Obeys the lines of stdin until it ends, which changes nothing.
class Orders {
 public:
  Orders(net::io_context& io, chaos::Proxy& proxy) : io_(io), proxy_(proxy), input_(io) {
    error_code ignored;
    input_.assign(::dup(STDIN_FILENO), ignored);
    read();
  }

 private:
  void read() {
    input_.async_read_some(net::buffer(room_), [this](error_code ec, std::size_t n) {
      if (ec) return;
      for (std::size_t i = 0; i < n; ++i) {
        if (room_[i] != '\n') {
          if (line_.size() < 64) line_.push_back(room_[i]);
          continue;
        }
        obey();
        line_.clear();
      }
      read();
    });
  }
  void obey() {
    if (line_ == "heal") proxy_.heal();
    if (line_ == "chaos") proxy_.resume();
    if (line_ == "quit") return io_.stop();  // whose counts are the last line
    const bool known = line_ == "heal" || line_ == "chaos" || line_ == "count";
    std::printf("%s\n", known ? proxy_.counts().json().c_str() : "{\"error\":\"expected heal, chaos, count or quit\"}");
    std::fflush(stdout);
  }

  net::io_context& io_;
  chaos::Proxy& proxy_;
  net::posix::stream_descriptor input_;
  std::array<char, 256> room_{};
  std::string line_;
};

}  // namespace

int main(int argc, char** argv) {
  CLI::App app(
      "A TCP proxy on 127.0.0.1 that spoils what it carries. Says where it listens; obeys the lines heal, chaos, "
      "count\n"
      "and quit on stdin, each answered with what was done so far as JSON, which is also said at the end.\n"
      "Kinds that strike connections, in a thousand of them: refuse mute. Kinds that strike one direction's bytes, in "
      "a\n"
      "MiB of it: delay dribble stall reset half_close truncate corrupt. Corruption without TLS can forge anything.");
  chaos::ProxySettings settings;
  std::string to, mix;
  unsigned delay = 100, stall = 2000;
  app.add_option("--listen", settings.listen, "Port; 0 takes any free one")->capture_default_str();
  app.add_option("--to", to, "ADDRESS:PORT, or a port of 127.0.0.1")->required();
  app.add_option("--seed", settings.seed, "What decides who is struck, where and how")->capture_default_str();
  app.add_option("--mix", mix, "How often each kind strikes: reset=20,delay=40; what is not named never does");
  app.add_option("--delay-ms", delay, "The longest delay")->check(CLI::Range(1U, 60'000U))->capture_default_str();
  app.add_option("--stall-ms", stall, "The longest stall")->check(CLI::Range(1U, 600'000U))->capture_default_str();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  const auto usage = [](const char* why) {
    std::fprintf(stderr, "chaos_proxy: %s\n", why);
    return 2;
  };
  const std::size_t colon = to.rfind(':');
  error_code ec;
  const auto address =
      net::ip::make_address(colon == std::string::npos ? std::string("127.0.0.1") : to.substr(0, colon), ec);
  unsigned port = 0;
  const std::string digits = colon == std::string::npos ? to : to.substr(colon + 1);
  if (ec || !CLI::detail::lexical_cast(digits, port) || port == 0 || port > 65535)
    return usage("--to: expected an address and a port");
  settings.to = net::ip::tcp::endpoint(address, static_cast<std::uint16_t>(port));
  if (app.count("--mix") != 0) {
    const auto parsed = chaos::Mix::parse(mix);
    if (!parsed) return usage("--mix: expected NAME=RATE,NAME=RATE of the names that --help shows");
    settings.mix = *parsed;
  }
  settings.delay = std::chrono::milliseconds(delay);
  settings.stall = std::chrono::milliseconds(stall);

  net::io_context io(1);
  chaos::Proxy proxy(io, settings);
  if (const error_code failed = proxy.listen()) {
    std::fprintf(stderr, "chaos_proxy: cannot listen: %s\n", failed.message().c_str());
    return 1;
  }
  net::signal_set signals(io, SIGTERM, SIGINT);
  signals.async_wait([&](error_code cancelled, int) {
    if (!cancelled) io.stop();
  });
  std::printf("listening on 127.0.0.1:%u\n", static_cast<unsigned>(proxy.port()));
  std::fflush(stdout);
  const Orders orders(io, proxy);
  io.run();
  std::printf("%s\n", proxy.counts().json().c_str());
  return 0;
}
