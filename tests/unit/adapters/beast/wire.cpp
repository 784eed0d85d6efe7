// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/beast/impl/wire.hpp>

#include <boost/asio/executor_work_guard.hpp>

#include <support/catch.hpp>

using namespace patchbay;
using beast::detail::Wire;

TEST_CASE("a wake-up that falls between the look and the wait is not slept through", "[beast][wire]") {
  Wire wire;
  const auto work = boost::asio::make_work_guard(wire.context());
  bool woken = false;
  const auto done = [&] {
    const bool seen = woken;
    if (!seen) {
      // What another thread does at the worst moment: after the look has found nothing.
      woken = true;
      wire.wake();
    }
    return seen;
  };
  const SteadyTime begun = std::chrono::steady_clock::now();
  CHECK(wire.run_until(begun + seconds{4}, done));
  CHECK(std::chrono::steady_clock::now() - begun < seconds{2});
}
