// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <set>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include <patchbay/state_transitioner.hpp>
#include <patchbay/testing/simulated_cloud.hpp>

#include <support/catch.hpp>

using namespace patchbay;
using namespace patchbay::testing;

// Bulk operations with threads of their own over a cloud in memory. Nothing depends on how long something takes.
namespace {

/// The simulated cloud, for threads: counts the exchanges about interactions that are under way at once.
class WatchedCloud {
 public:
  struct Counts {
    std::mutex mutex;
    std::map<std::string, int, std::less<>> busy;
    int now = 0, most = 0, overlaps = 0;
  };
  explicit WatchedCloud(SimulatedCloud cloud) : cloud_(std::move(cloud)) {}

  TransportResult<void> send(const HttpRequest& request, HttpResponse& response, SteadyTime deadline) {
    const bool counted = request.target.starts_with("/api/v2/interactions/");
    if (counted) enter(request.target);
    auto sent = cloud_.send(request, response, deadline);
    std::this_thread::yield();  // room for those who do not keep their turn
    if (counted) leave(request.target);
    return sent;
  }
  std::shared_ptr<Counts> counts = std::make_shared<Counts>();

 private:
  void enter(std::string_view target) {
    const std::lock_guard lock(counts->mutex);
    if (++counts->busy[std::string(target)] != 1) ++counts->overlaps;
    counts->most = (std::max)(counts->most, ++counts->now);
  }
  void leave(std::string_view target) {
    const std::lock_guard lock(counts->mutex);
    --counts->busy[std::string(target)];
    --counts->now;
  }
  SimulatedCloud cloud_;
};

constexpr std::size_t interactions = 12, moves_each = 9, total = interactions * moves_each;
constexpr const char* ring[] = {"A", "B", "C"};

std::string id_of(std::size_t i) { return "i-" + std::to_string(i); }

/// A cloud, a door to it that threads share, and the moves of each interaction round a ring, mixed with those of others.
class BulkThreads {
 public:
  BulkThreads() : model(clock), cloud(model) {
    settings.base_url = "https://api.example.com";
    settings.tokens = std::make_shared<TokenSource>(TokenSettings{
        .login_url = "https://login.example.com", .client_id = "client", .client_secret = Secret("secret")});
    settings.random = std::make_shared<RandomSource>(7);
    settings.audit_records = 100'000;
    model.change([](CloudModel& state) {
      state.set_flow("flow", R"({"id":"flow","nodes":[{"id":"A","transitions":[{"targetId":"B"}]},)"
                             R"({"id":"B","transitions":[{"targetId":"C"}]},{"id":"C","transitions":[{"targetId":"A"}]}]})");
      for (std::size_t i = 0; i < interactions; ++i) {
        state.add(CloudInteraction(id_of(i)));
        (void)state.move(id_of(i), "A");
      }
    });
    for (std::size_t step = 0; step < moves_each; ++step)
      for (std::size_t i = 0; i < interactions; ++i)
        requests.emplace_back(id_of(i), "flow", ring[step % 3], ring[(step + 1) % 3]);
  }
  auto make_door() { return StateTransitioner{Policies{.transport = cloud, .clock = clock}, settings}; }

  /// Each interaction's writes went round the ring in order, by the cloud's log, and what is said of them is true.
  void check(const BulkResult& bulk) const {
    REQUIRE(bulk.items.size() == total);
    std::map<std::string, std::vector<std::string>> written;
    std::set<std::string> applied;
    model.inspect([&](const CloudModel& state) {
      for (const AppliedOperation& each : state.operations()) {
        if (each.kind != AppliedOperation::Kind::transition) continue;
        written[each.interaction].push_back(each.id);
        applied.insert(each.id);
      }
    });
    int wrong = 0;
    std::map<std::string, std::vector<std::string>> said;
    for (std::size_t i = 0; i < total; ++i) {
      const BulkItem& item = bulk.items[i];
      if (!item.result) continue;
      std::vector<std::string>& ids = said[requests[i].interaction()];
      if (ids.empty() || ids.back() != item.result->transition_id) ids.push_back(item.result->transition_id);
      if (item.result->interaction != requests[i].interaction() || !applied.contains(item.result->transition_id)) ++wrong;
    }
    CHECK(wrong == 0);
    CHECK(said == written);
    CHECK(cloud.counts->overlaps == 0);
  }

  ManualClock clock;
  SimulatedCloud model;
  WatchedCloud cloud;
  Settings settings;
  std::vector<TransitionRequest> requests;
};

/// Starts threads as a client does, and joins them.
class Threads {
 public:
  BulkSettings::Workers hook() {
    return [this](std::size_t count, const BulkSettings::Work& work) {
      while (count-- != 0) threads_.emplace_back(work);
    };
  }

 private:
  std::vector<std::jthread> threads_;
};

}  // namespace

TEST_CASE("threads that a client supplies share the work, in order and within the window", "[transition][bulk][threads][I6]") {
  for (const bool coalesce : {false, true}) {
    for (const std::size_t window : {1U, 2U, 5U, 64U}) {
      INFO("window " << window);
      BulkThreads f;
      auto door = f.make_door();
      Threads threads;
      std::atomic<int> inside{0};
      int reports = 0, overlapping = 0;  // no atomics: calls come one at a time
      std::set<std::size_t> reported;
      BulkSettings how;
      how.window(window).workers(threads.hook()).progress([&](const BulkProgress& progress) {
        if (++inside != 1) ++overlapping;
        if (progress.ended != static_cast<std::size_t>(++reports) || !progress.item->result) ++overlapping;
        reported.insert(progress.index);
        --inside;
      });
      if (coalesce) how.coalesce(4);
      const BulkResult bulk = door.transition_all(f.requests, how);
      CHECK(bulk.all_applied());
      CHECK(reports == static_cast<int>(total));
      CHECK(reported.size() == total);
      CHECK(overlapping == 0);
      CHECK(f.cloud.counts->most <= static_cast<int>(window));
      CHECK(door.metrics()[TransitionCount::conflicts] == 0);
      CHECK(door.metrics()[TransitionCount::patch_attempts] == (coalesce ? interactions * 3 : total));
      f.check(bulk);
    }
  }
}

TEST_CASE("a stop in the midst lets what is under way end, and nothing else begin", "[transition][bulk][threads][I23]") {
  for (const std::size_t stop_after : {1U, 5U, 40U, 107U}) {
    BulkThreads f;
    auto door = f.make_door();
    std::stop_source source;
    Threads threads;
    std::size_t reports = 0;
    const BulkResult bulk =
        door.transition_all(f.requests, BulkSettings().window(4).workers(threads.hook()).stop(source.get_token()).progress([&](const BulkProgress&) {
          if (++reports == stop_after) source.request_stop();
        }));
    f.check(bulk);
    CHECK(reports == total);
    std::size_t cancelled = 0;
    for (const BulkItem& item : bulk.items)
      if (!item.result && item.result.error().code() == ErrorCode::cancelled) ++cancelled;
    const std::size_t applied = bulk.count(Outcome::applied);
    CHECK(applied + cancelled == total);
    CHECK(applied >= stop_after);
    CHECK(applied <= stop_after + 4);
    CHECK(door.metrics()[TransitionCount::submitted] == applied);
  }
}

TEST_CASE("two bulk operations and single calls share a door", "[transition][bulk][threads][I6]") {
  BulkThreads f;
  auto door = f.make_door();
  std::vector<TransitionRequest> one, two;
  for (const TransitionRequest& each : f.requests) (std::stoi(each.interaction().substr(2)) % 2 == 0 ? one : two).push_back(each);
  BulkResult first, second;
  {
    Threads threads;
    std::jthread other([&] { second = door.transition_all(two, BulkSettings().window(3).workers(threads.hook())); });
    Threads own;
    first = door.transition_all(one, BulkSettings().window(3).workers(own.hook()).coalesce());
    for (int i = 0; i < 20; ++i) (void)door.flow("flow");
  }
  CHECK(first.all_applied());
  CHECK(second.all_applied());
  CHECK(f.cloud.counts->overlaps == 0);
  CHECK(door.metrics().settled() == total);
}

TEST_CASE("threads that come when all is done find nothing to do", "[transition][bulk][threads]") {
  std::vector<BulkSettings::Work> kept;
  {
    BulkThreads f;
    auto door = f.make_door();
    CHECK(door.transition_all(f.requests, BulkSettings().window(4).workers([&](std::size_t count, const BulkSettings::Work& work) {
                kept.assign(count, work);
              }))
              .all_applied());
  }
  // The door, the requests and the cloud are gone.
  std::vector<std::jthread> late;
  for (const BulkSettings::Work& work : kept) late.emplace_back(work);
  CHECK(kept.size() == 3);
}
