// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// Bulk operations on an event loop that several threads run: cancelled, and left alone by a door that is destroyed.
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <patchbay/state_transitioner.hpp>
#include <patchbay/testing/manual_loop.hpp>
#include <patchbay/testing/simulated_cloud.hpp>

#include "thread_loop.hpp"

#include <support/catch.hpp>

using namespace patchbay;
using namespace patchbay::testing;
using patchbay::tests::ThreadLoop;

namespace {

Settings settings_of_bulk() {
  Settings settings;
  settings.base_url = "https://api.example.com";
  settings.tokens = std::make_shared<TokenSource>(
      TokenSettings{.login_url = "https://login.example.com", .client_id = "client", .client_secret = Secret("s")});
  return settings;
}

/// Interactions at A, which a flow lets move to A for ever.
void fill(SimulatedCloud& cloud, std::size_t interactions) {
  cloud.change([&](CloudModel& model) {
    model.set_flow("flow", R"({"id":"flow","nodes":[{"id":"A","transitions":[{"targetId":"A"}]}]})");
    for (std::size_t i = 0; i < interactions; ++i) {
      CloudInteraction each("i-" + std::to_string(i));
      each.set_attribute("flow_node", "\"A\"");
      model.add(std::move(each));
    }
  });
}

std::vector<TransitionRequest> moves_of(std::size_t interactions, std::size_t moves) {
  std::vector<TransitionRequest> requests;
  for (std::size_t i = 0; i < interactions * moves; ++i)
    requests.push_back(TransitionRequest("i-" + std::to_string(i % interactions), "flow", "A", "A").deadline(seconds{60}));
  return requests;
}

/// An event loop whose other threads are quick: whatever is posted or sent has ended, on another thread, when the call
/// returns. Only the second time that an interaction is read nobody answers.
class QuickLoop {
 public:
  using timer_type = ManualLoop::Timer;

  explicit QuickLoop(SimulatedCloud cloud) : state_(std::make_shared<State>(std::move(cloud))) {}
  ExchangeId send(const HttpRequest& request, HttpResponse& response, SteadyTime deadline, Completion<TransportResult<void>> done) {
    const ExchangeId id = ++state_->last;
    if (request.name == "interaction.get" && ++state_->reads == 2) {
      state_->unanswered = std::move(done);
      state_->unanswered_id = id;
      return id;
    }
    std::thread([&] { done(state_->cloud.send(request, response, deadline)); }).join();
    return id;
  }
  void cancel(ExchangeId id) noexcept { state_->cancelled = state_->cancelled || id == state_->unanswered_id; }
  void post(Completion<void> work) {
    std::thread([&] { work(); }).join();
  }
  timer_type make_timer() { return timer_type(state_->loop); }

  [[nodiscard]] bool waits() const noexcept { return state_->unanswered_id != 0; }
  /// Whether the exchange that waits was cancelled; it ends as that.
  bool end_cancelled() {
    if (!state_->cancelled) return false;
    state_->unanswered(tl::unexpected(TransportError(TransportFault::cancelled, Delivery::not_sent)));
    return true;
  }

 private:
  struct State {
    explicit State(SimulatedCloud cloud_in) : cloud(std::move(cloud_in)) {}
    SimulatedCloud cloud;
    ManualLoop loop;
    ExchangeId last = 0, unanswered_id = 0;
    int reads = 0;
    Completion<TransportResult<void>> unanswered;
    bool cancelled = false;
  };
  std::shared_ptr<State> state_;
};
static_assert(CompletionTransport<QuickLoop>);

}  // namespace

TEST_CASE("an item that others begin before the one before is begun to the end is cancelled with the rest", "[loop][threads][bulk][I23]") {
  ManualClock clock;
  SimulatedCloud cloud(clock);
  fill(cloud, 1);
  QuickLoop loop(cloud);
  StateTransitioner door{Policies{.transport = loop, .clock = clock}, settings_of_bulk()};
  std::optional<BulkResult> ended;
  const OperationHandle handle = door.start_transition_all(moves_of(1, 3), BulkSettings(), [&](BulkResult result) { ended.emplace(std::move(result)); });
  REQUIRE(loop.waits());
  CHECK_FALSE(ended);
  handle.cancel();
  REQUIRE(loop.end_cancelled());
  REQUIRE(ended);
  CHECK(ended->items[0].result);
  for (const std::size_t i : {1U, 2U}) {
    REQUIRE_FALSE(ended->items[i].result);
    CHECK(ended->items[i].result.error().code() == ErrorCode::cancelled);
  }
}

TEST_CASE("bulk operations on a loop of four threads, some of them cancelled, end every item once", "[loop][threads][bulk][I6][I23]") {
  constexpr std::size_t interactions = 6, moves = 10, operations = 12;
  ManualClock cloud_clock;
  SimulatedCloud cloud(cloud_clock);
  cloud.change([&](CloudModel& model) {
    model.set_flow("flow", R"({"id":"flow","nodes":[{"id":"A","transitions":[{"targetId":"A"}]}]})");
    for (std::size_t i = 0; i < interactions; ++i) {
      CloudInteraction each("i-" + std::to_string(i));
      each.set_attribute("flow_node", "\"A\"");
      model.add(std::move(each));
    }
  });
  cloud.plan([](FaultPlan& plan) { plan.on("PATCH").skip(5).times(2).answer(422); });
  Settings settings;
  settings.base_url = "https://api.example.com";
  settings.tokens = std::make_shared<TokenSource>(
      TokenSettings{.login_url = "https://login.example.com", .client_id = "client", .client_secret = Secret("s")});
  std::vector<TransitionRequest> requests;
  for (std::size_t i = 0; i < interactions * moves; ++i)
    requests.push_back(TransitionRequest("i-" + std::to_string(i % interactions), "flow", "A", "A").deadline(seconds{60}));
  const ThreadLoop loop(cloud);
  std::vector<std::thread> threads;
  std::mutex mutex;
  std::condition_variable all;
  std::size_t ended = 0, applied = 0, others = 0;
  std::vector<std::size_t> reports(operations, 0);
  {
    StateTransitioner door{Policies{.transport = loop}, settings};
    for (int i = 0; i < 4; ++i) threads.emplace_back([&] { loop.run(); });
    std::vector<OperationHandle> handles;
    for (std::size_t i = 0; i < operations; ++i) {
      BulkSettings how = BulkSettings().window(1 + i % 5).progress([&, i](const BulkProgress& progress) {
        if (progress.ended == ++reports[i]) return;  // calls come one at a time
        const std::lock_guard lock(mutex);
        ++others;
      });
      if (i % 2 == 0) how.coalesce(3);
      handles.push_back(door.start_transition_all(requests, how, [&](const BulkResult& result) {
        const std::lock_guard lock(mutex);
        if (result.items.size() != requests.size()) ++others;
        applied += result.count(Outcome::applied);
        ++ended;
        all.notify_one();
      }));
    }
    for (std::size_t i = 0; i < operations; i += 3) {
      std::this_thread::yield();
      handles[i].cancel();
    }
    std::unique_lock lock(mutex);
    all.wait(lock, [&] { return ended == operations; });
    CHECK(door.metrics().pending() == 0);
  }
  loop.stop();
  for (std::thread& each : threads) each.join();
  CHECK(others == 0);
  for (const std::size_t each : reports) CHECK(each == requests.size());
  CHECK(applied > 0);
  CHECK(applied <= operations * requests.size());
}

TEST_CASE("a door that is destroyed while four threads go from item to item ends every item once", "[loop][threads][bulk][I4][I23]") {
  constexpr std::size_t interactions = 6, moves = 10, total = interactions * moves;
  const std::vector<TransitionRequest> requests = moves_of(interactions, moves);
  std::size_t cut_off = 0;
  for (std::size_t round = 0; round < 40; ++round) {
    INFO("round " << round);
    const std::size_t window = 1 + round % 5, destroy_at = 1 + round;
    // Where the callback waits for it, the door is gone before anything else ends; elsewhere that is left to chance.
    const bool waits = round % 2 == 0;
    ManualClock cloud_clock;
    SimulatedCloud cloud(cloud_clock);
    fill(cloud, interactions);
    const ThreadLoop loop(cloud);
    std::mutex mutex;
    std::condition_variable changed;
    std::size_t reported = 0, calls = 0;
    bool gone = false;
    std::vector<int> ends(total, 0);
    std::optional<BulkResult> ended;
    BulkSettings how = BulkSettings().window(window).progress([&](const BulkProgress& progress) {
      std::unique_lock lock(mutex);
      ++ends[progress.index];
      ++reported;
      changed.notify_all();
      if (waits && reported == destroy_at) changed.wait(lock, [&] { return gone; });
    });
    if (round % 4 < 2) how.coalesce(3);
    std::vector<std::thread> threads;
    {
      StateTransitioner door{Policies{.transport = loop}, settings_of_bulk()};
      for (int i = 0; i < 4; ++i) threads.emplace_back([&] { loop.run(); });
      door.start_transition_all(requests, how, [&](BulkResult result) {
        const std::lock_guard lock(mutex);
        ++calls;
        ended.emplace(std::move(result));
        changed.notify_all();
      });
      std::unique_lock lock(mutex);
      changed.wait(lock, [&] { return reported >= destroy_at; });
    }
    {
      std::unique_lock lock(mutex);
      gone = true;
      changed.notify_all();
      changed.wait(lock, [&] { return ended.has_value(); });
    }
    loop.stop();
    for (std::thread& each : threads) each.join();
    CHECK(calls == 1);
    CHECK(ends == std::vector<int>(total, 1));
    REQUIRE(ended->items.size() == total);
    std::size_t untrue = 0, cancelled = 0;
    cloud.inspect([&](const CloudModel& model) {
      for (const BulkItem& item : ended->items) {
        if (item.result) {
          untrue += model.times_applied(item.result->transition_id) == 1 ? 0 : 1;
        } else if (item.result.error().code() == ErrorCode::cancelled) {
          ++cancelled;
        } else if (item.result.error().code() != ErrorCode::outcome_unknown) {
          ++untrue;
        }
      }
    });
    CHECK(untrue == 0);
    // Those under way may still be made, those of the same write, and nothing that had not begun.
    if (waits) CHECK(cancelled + destroy_at + (window + 1) * 3 >= total);
    if (waits) cut_off += cancelled;
  }
  CHECK(cut_off > 0);
}
