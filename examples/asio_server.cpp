// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
//
// A server of one thread that drives many interactions at once: whoever connects sends a command per line, and is
// answered with a line when it has ended. Each connection is a coroutine; all of them share both doors.
//
//   asio_server https://API-HOST PORT          with GENESYS_CLIENT_ID and GENESYS_CLIENT_SECRET set
//
//   move INTERACTION FLOW FROM TO   |   hold INTERACTION   |   unhold INTERACTION
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <sstream>
#include <string>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <patchbay/beast/async.hpp>
#include <patchbay/beast/transport.hpp>
#include <patchbay/hold_controller.hpp>
#include <patchbay/state_transitioner.hpp>

using namespace patchbay;
namespace asio = boost::asio;
using asio::ip::tcp;
using asio::use_awaitable;

// One transport, and so one pool of connections, for both doors.
struct Doors {
  Doors(asio::io_context& loop, const Settings& settings)
      : transport(loop),
        transitioner(Policies{.transport = transport}, settings),
        holds(Policies{.transport = transport}, settings) {}
  beast::Transport transport;
  StateTransitioner<beast::Transport, SystemClock, DefaultRetry, NullLogger, DefaultSchema> transitioner;
  HoldController<beast::Transport, SystemClock, DefaultRetry, NullLogger, DefaultSchema> holds;
};

template <class T>
std::string in_words(const Result<T>& result) {
  return result ? "done\n" : result.error().describe() + "\n";
}

asio::awaitable<std::string> carry_out(Doors& doors, std::string line) {
  std::istringstream words(line);
  std::string verb, interaction, flow, from, to;
  words >> verb >> interaction >> flow >> from >> to;
  if (verb == "move")
    co_return in_words(co_await beast::async_transition(doors.transitioner,
                                                        TransitionRequest(interaction, flow, from, to), use_awaitable));
  if (verb == "hold")
    co_return in_words(co_await beast::async_hold(
        doors.holds, HoldRequest(interaction, "consultation", 5).music("hold_music_standard.wav"), use_awaitable));
  if (verb == "unhold")
    co_return in_words(co_await beast::async_unhold(doors.holds, UnholdRequest(interaction, 5), use_awaitable));
  co_return "move, hold or unhold?\n";
}

asio::awaitable<void> serve(Doors& doors, tcp::socket client) {
  constexpr std::size_t longest_line = 1024;
  std::string input;
  for (boost::system::error_code failed;;) {
    const std::size_t end = co_await asio::async_read_until(client, asio::dynamic_buffer(input, longest_line), '\n',
                                                            asio::redirect_error(use_awaitable, failed));
    if (failed) co_return;
    const std::string answer = co_await carry_out(doors, input.substr(0, end - 1));
    input.erase(0, end);
    co_await asio::async_write(client, asio::buffer(answer), asio::redirect_error(use_awaitable, failed));
    if (failed) co_return;
  }
}

asio::awaitable<void> accept_all(Doors& doors, tcp::acceptor& acceptor) {
  asio::steady_timer pause(acceptor.get_executor());
  for (boost::system::error_code failed;;) {
    tcp::socket client = co_await acceptor.async_accept(asio::redirect_error(use_awaitable, failed));
    if (failed == asio::error::operation_aborted || !acceptor.is_open()) co_return;
    if (failed) {  // a client that has gone again, or no descriptor is left: the next may be luckier
      pause.expires_after(std::chrono::milliseconds(100));
      co_await pause.async_wait(use_awaitable);
      continue;
    }
    asio::co_spawn(acceptor.get_executor(), serve(doors, std::move(client)), asio::detached);
  }
}

// Takes no more work, gives commands that are under way their acknowledgements, and ends.
asio::awaitable<void> stop_at_signal(Doors& doors, tcp::acceptor& acceptor, asio::io_context& loop) {
  asio::signal_set signals(loop, SIGINT, SIGTERM);
  co_await signals.async_wait(use_awaitable);
  acceptor.close();
  static_cast<void>(co_await beast::async_close(doors.holds, seconds{5}, use_awaitable));
  loop.stop();
}

int main(int argc, char** argv) {
  const char* const id = std::getenv("GENESYS_CLIENT_ID");
  const char* const secret = std::getenv("GENESYS_CLIENT_SECRET");
  if (argc != 3 || !id || !secret) return std::fputs("usage: asio_server https://API-HOST PORT\n", stderr), 2;

  Settings settings;
  settings.base_url = argv[1];
  settings.tokens = std::make_shared<TokenSource>(
      TokenSettings{.login_url = argv[1], .client_id = id, .client_secret = Secret(secret)});

  asio::io_context loop(1);
  Doors doors(loop, settings);
  const auto port = static_cast<std::uint16_t>(std::atoi(argv[2]));
  tcp::acceptor acceptor(loop, tcp::endpoint(asio::ip::address_v4::loopback(), port));
  std::printf("listening on %u\n", static_cast<unsigned>(acceptor.local_endpoint().port()));
  std::fflush(stdout);

  // The session keeps the hold channel open from the start, and its watchdog running.
  beast::async_run(doors.holds, [](const Result<void>& over) {
    if (!over) std::fprintf(stderr, "holds: %s\n", over.error().describe().c_str());
  });
  asio::co_spawn(loop, accept_all(doors, acceptor), asio::detached);
  asio::co_spawn(loop, stop_at_signal(doors, acceptor, loop), asio::detached);
  loop.run();
}
