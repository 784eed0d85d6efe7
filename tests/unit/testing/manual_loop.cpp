// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

#include <patchbay/testing/manual_loop.hpp>

#include <support/catch.hpp>

using namespace patchbay;
using namespace patchbay::testing;

namespace {

/// Asks the loop for something as it is abandoned, as a door does that wakes another.
class Asks final : public Receiver<void> {
 public:
  Asks(const ManualLoop& loop, Receiver<void>& other) noexcept : loop_(&loop), other_(&other) {}
  void complete() noexcept override {}
  void abandoned() noexcept override {
    asking = true;
    loop_->at(loop_->clock().steady_now(), Completion<void>(*other_));
    asking = false;
  }
  bool asking = false;

 private:
  const ManualLoop* loop_;
  Receiver<void>* other_;
};

class Notes final : public Receiver<void> {
 public:
  void complete() noexcept override { ++completed; }
  void abandoned() noexcept override {
    ++times;
    within_call = within_call || (asks && asks->asking);
  }
  const Asks* asks = nullptr;
  int times = 0, completed = 0;
  bool within_call = false;
};

}  // namespace

TEST_CASE("what is asked of a loop that is ending is abandoned by the loop, and not from within the call", "[loop]") {
  const ManualLoop loop;
  Notes notes;
  Asks asks(loop, notes);
  notes.asks = &asks;
  loop.at(loop.clock().steady_now(), Completion<void>(asks));
  loop.tear_down();
  CHECK(notes.times == 1);
  CHECK(notes.completed == 0);
  CHECK_FALSE(notes.within_call);
  CHECK(loop.pending() == 0);
}

TEST_CASE("a loop that has ended lets nothing happen any more", "[loop]") {
  const ManualLoop loop;
  bool happened = false;
  Notes notes;
  loop.at(loop.clock().steady_now(), [&] { happened = true; });
  loop.tear_down();
  loop.at(loop.clock().steady_now(), [&] { happened = true; });
  loop.at(loop.clock().steady_now(), Completion<void>(notes));
  CHECK(notes.times == 1);
  CHECK_FALSE(loop.run_one());
  CHECK(loop.pending() == 0);
  CHECK_FALSE(happened);
}
