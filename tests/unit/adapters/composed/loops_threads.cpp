// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// One door over two event loops, each run by a thread of its own: HTTP by libcurl's, the channel by Asio's.
#include <future>
#include <memory>
#include <stop_token>
#include <string>
#include <thread>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <support/catch.hpp>

#include <patchbay/beast/transport.hpp>
#include <patchbay/curl/transport.hpp>
#include <patchbay/hold_controller.hpp>
#include <patchbay/policy/composed_transport.hpp>

#include "small_cloud.hpp"

using namespace patchbay;
using namespace patchbay::test;

using Both = Composed<curl::Transport, beast::Transport>;
static_assert(CompletionTransport<curl::Transport> && !CompletionChannelTransport<curl::Transport>);
static_assert(CompletionChannelTransport<Both>);

namespace {

/// Both loops, running.
struct Loops {
  Loops() = default;
  Loops(const Loops&) = delete;
  Loops& operator=(const Loops&) = delete;
  ~Loops() {
    context.stop();
    channel_thread.join();
  }
  [[nodiscard]] Both both() { return {curl::Transport(loop), beast::Transport(context)}; }

  curl::Loop loop;
  boost::asio::io_context context;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard{context.get_executor()};
  std::jthread http_thread{[this](std::stop_token stop) { loop.run(std::move(stop)); }};
  std::thread channel_thread{[this] { context.run(); }};
};

/// Starts an operation and waits for what its handler is told.
template <class T, class Start>
Result<T> settled(Start start) {
  std::promise<Result<T>> told;
  start([&told](Result<T> result) { told.set_value(std::move(result)); });
  return told.get_future().get();
}

}  // namespace

TEST_CASE("a hold controller on two loops holds and takes back, and its parts keep to their own loops",
          "[adapters][composed][loop][threads]") {
  SmallCloud cloud;
  Settings settings;
  settings.base_url = cloud.url();
  settings.tokens = std::make_shared<TokenSource>(TokenSettings{cloud.url(), "me", Secret("hush")});
  {
    Loops loops;
    HoldController holds{Policies{.transport = loops.both()}, settings};
    for (int i = 0; i < 10; ++i) {
      const auto held = settled<HoldResult>([&](auto handler) {
        holds.start_hold(HoldRequest{caller, "consultation", 5}.music("a.wav"), std::move(handler));
      });
      if (!held) FAIL(held.error().describe());
      const auto back = settled<HoldResult>([&](auto handler) {
        holds.start_unhold(UnholdRequest{caller, 5}, std::move(handler));
      });
      if (!back) FAIL(back.error().describe());
    }
    const auto closed = settled<void>([&](auto handler) { holds.start_close(seconds{5}, std::move(handler)); });
    CHECK(closed);
  }
  CHECK(cloud.over_beast == 1);
  CHECK(cloud.over_curl >= 11);  // a token, and a reading before each hold
  CHECK(cloud.commands == 20);
}
