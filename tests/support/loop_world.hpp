// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <optional>
#include <utility>

#include <patchbay/hold_controller.hpp>
#include <patchbay/testing/loop_transport.hpp>

#include <support/catch.hpp>

// What the tests of holds on event loops have alike, whatever the cloud.
namespace patchbay::test {

/// What the handler of one operation was told.
template <class T>
struct Told {
  std::optional<Result<T>> result;
  int calls = 0;
  auto handler() {
    return [this](Result<T> told) {
      result.emplace(std::move(told));
      ++calls;
    };
  }
};
using Ended = Told<HoldResult>;
using Done = Told<void>;

/// A cloud behind an event loop, each span of an exchange a millisecond long, each of a message too; and the settings
/// of doors in front of it.
template <class Cloud>
class LoopWorld {
 public:
  LoopWorld(const LoopWorld&) = delete;
  LoopWorld& operator=(const LoopWorld&) = delete;

  /// Runs until `done` or nothing is left.
  template <class Until>
  bool run_until(Until&& done) {
    for (int i = 0; i < 2'000'000; ++i) {
      if (done()) return true;
      if (!loop.run_one()) return done();
    }
    return false;
  }
  template <class T>
  void await(const Told<T>& told, int calls = 1) {
    REQUIRE(run_until([&] { return told.calls >= calls; }));
  }
  void run_for(Duration span) {
    const SteadyTime until = after(loop.clock().steady_now(), span);
    bool over = false;
    loop.at(until, [&over] { over = true; });
    REQUIRE(run_until([&] { return over; }));
  }

  testing::ManualLoop loop;
  Cloud cloud;
  testing::LoopTransport<Cloud> transport{loop, cloud};
  Settings settings;

 protected:
  template <class... Options>
  explicit LoopWorld(Settings with, Options&&... options)
      : cloud(loop.clock(), std::forward<Options>(options)...), settings(std::move(with)) {
    transport.latency(milliseconds{1});
  }
  /// What a door has left on the loop would keep the loop.
  ~LoopWorld() { transport.tear_down(); }
};

}  // namespace patchbay::test
