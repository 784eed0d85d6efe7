// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// Memory runs out at each allocation that holds on an event loop make, in turn. Every command ends all the same, no frame is
// broken, and the channel serves what follows. The loop and the cloud have the memory that they need.
#include <cstdint>
#include <functional>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include <patchbay/hold_controller.hpp>
#include <patchbay/json/read.hpp>
#include <patchbay/protocol/hold_session.hpp>

#include "support/catch.hpp"
#include "support/failing_memory.hpp"

using namespace patchbay;

namespace {

constexpr std::string_view interaction = "550e8400-e29b-41d4-a716-446655440000";

/// While it lives, memory does not run out.
class Plenty {
 public:
  Plenty() noexcept : spared_(std::exchange(spared_allocations, -1)) {}
  Plenty(const Plenty&) = delete;
  Plenty& operator=(const Plenty&) = delete;
  ~Plenty() { spared_allocations = spared_; }

 private:
  long spared_;
};

/// An event loop and a cloud, of which only the completions that they call see memory run out. The cloud grants every token
/// and reads what it last acknowledged.
class LeanWorld {
 public:
  using Key = std::pair<SteadyTime, std::uint64_t>;
  using Task = std::function<void()>;

  /// Does `task` at `when`; what it captures is copied.
  std::uint64_t at(SteadyTime when, Task task) {
    tasks.emplace(Key(when, ++last), std::move(task));
    return last;
  }
  template <class T, class... Result>
  static Task call(Completion<T>&& done, Result... result) {
    auto kept = std::make_shared<std::pair<Completion<T>, std::tuple<Result...>>>(std::move(done), std::tuple<Result...>(std::move(result)...));
    return [kept] {
      std::apply([&](auto&... each) { kept->first(std::move(each)...); }, kept->second);
    };
  }
  bool run_one() {
    std::optional<Plenty> plenty(std::in_place);
    if (tasks.empty()) return false;
    auto node = tasks.extract(tasks.begin());
    now = (std::max)(now, node.key().first);
    const Task task = std::move(node.mapped());
    plenty.reset();
    task();
    plenty.emplace();  // while the task is destroyed
    return true;
  }
  void run_until(SteadyTime when) {
    while (!tasks.empty() && tasks.begin()->first.first <= when) run_one();
    now = (std::max)(now, when);
  }

  SteadyTime now{std::chrono::hours{1}};
  std::uint64_t last = 0;
  std::map<Key, Task> tasks;
  std::set<std::string> held;
  std::vector<std::string> frames;
};

class LeanClock {
 public:
  explicit LeanClock(LeanWorld& world) noexcept : world_(&world) {}
  [[nodiscard]] SteadyTime steady_now() const noexcept { return world_->now; }
  [[nodiscard]] WallTime wall_now() const noexcept { return WallTime{} + std::chrono::duration_cast<WallTime::duration>(world_->now.time_since_epoch()); }
  void sleep_until(SteadyTime) const noexcept {}  // nobody sleeps on a loop

 private:
  LeanWorld* world_;
};

class LeanCloud {
 public:
  class timer_type {
   public:
    explicit timer_type(LeanWorld& world) noexcept : world_(&world) {}
    timer_type(timer_type&& other) noexcept : world_(other.world_), key_(other.key_), waits_(std::exchange(other.waits_, nullptr)) {}
    timer_type& operator=(timer_type&& other) noexcept {
      cancel();
      world_ = other.world_, key_ = other.key_, waits_ = std::exchange(other.waits_, nullptr);
      return *this;
    }
    ~timer_type() { cancel(); }
    void wait(SteadyTime when, Completion<void> done) {
      const Plenty plenty;
      key_.first = when;
      key_.second = world_->at(when, LeanWorld::call(std::move(done)));
      waits_ = world_;
    }
    void cancel() noexcept {
      const Plenty plenty;
      if (!waits_) return;
      auto node = waits_->tasks.extract(key_);
      if (node.empty()) return;
      node.key().first = waits_->now;
      waits_->tasks.insert(std::move(node));
    }

   private:
    LeanWorld* world_;
    LeanWorld::Key key_{};
    LeanWorld* waits_ = nullptr;
  };
  class channel_type {
   public:
    explicit channel_type(LeanWorld& world) : state_(std::make_shared<State>(world)) {}
    channel_type(channel_type&&) noexcept = default;
    channel_type& operator=(channel_type&& other) noexcept {
      if (this != &other) leave(), state_ = std::move(other.state_);
      return *this;
    }
    ~channel_type() { leave(); }
    void send(std::string_view text, SteadyTime, Completion<TransportResult<void>> done) {
      const Plenty plenty;
      LeanWorld& world = *state_->world;
      std::string frame(text);
      world.frames.push_back(frame);
      if (frame.find("\"unhold\"") != std::string::npos) {
        world.held.clear();
      } else {
        world.held.insert(frame);
      }
      world.at(after(world.now, milliseconds{1}), LeanWorld::call(std::move(done), TransportResult<void>{}));
      world.at(after(world.now, milliseconds{2}), [state = state_, frame] {
        std::optional<Plenty> more(std::in_place);
        state->inbox.push_back(frame);
        const auto ready = state->look();
        more.reset();
        if (ready) ready();
      });
    }
    void ping(SteadyTime, Completion<TransportResult<void>> done) {
      const Plenty plenty;
      state_->world->at(state_->world->now, LeanWorld::call(std::move(done), TransportResult<void>{}));
    }
    void receive(ChannelEvent& event, Completion<void> done) {
      const Plenty plenty;
      state_->event = &event;
      state_->receiving = LeanWorld::call(std::move(done));
      if (auto ready = state_->look()) state_->world->at(state_->world->now, std::move(ready));
    }
    void close(std::uint16_t, SteadyTime, Completion<void> done) {
      const Plenty plenty;
      state_->cut(1000);
      state_->world->at(state_->world->now, LeanWorld::call(std::move(done)));
    }

   private:
    struct State {
      explicit State(LeanWorld& world_in) noexcept : world(&world_in) {}
      /// What ends the reading, when there is something to read.
      LeanWorld::Task look() {
        if (!receiving || (inbox.empty() && !dead)) return nullptr;
        event->payload.clear();
        event->kind = inbox.empty() ? ChannelEvent::Kind::closed : ChannelEvent::Kind::text;
        event->close_code = code;
        if (!inbox.empty()) {
          event->payload.assign(inbox.front());
          inbox.erase(inbox.begin());
        }
        return std::exchange(receiving, nullptr);
      }
      void cut(std::uint16_t why) {
        if (!std::exchange(dead, true)) code = why;
        if (auto ready = look()) world->at(world->now, std::move(ready));
      }
      LeanWorld* world;
      std::vector<std::string> inbox;
      ChannelEvent* event = nullptr;
      LeanWorld::Task receiving;
      bool dead = false;
      std::uint16_t code = 0;
    };
    void leave() noexcept {
      const Plenty plenty;
      if (state_) state_->cut(1006);
    }
    std::shared_ptr<State> state_;
  };

  explicit LeanCloud(LeanWorld& world) noexcept : world_(&world) {}

  ExchangeId send(const HttpRequest& request, HttpResponse& response, SteadyTime, Completion<TransportResult<void>> done) {
    const Plenty plenty;
    const bool token = request.name == "token.post";
    LeanWorld::Task end = LeanWorld::call(std::move(done), TransportResult<void>{});
    return world_->at(after(world_->now, milliseconds{1}), [&response, token, end, world = world_] {
      std::optional<Plenty> more(std::in_place);
      response.status = 200;
      const std::string held = world->held.empty() ? "false" : "true";
      response.body.assign(token ? R"({"access_token":"t","expires_in":3600})"
                                 : R"({"id":")" + std::string(interaction) + R"(","state":"connected","held":)" + held +
                                       R"(,"routingData":{"skillGroup":{"id":"s"}}})");
      more.reset();
      end();
    });
  }
  ExchangeId open(const ChannelRequest&, HttpResponse&, SteadyTime, Completion<TransportResult<channel_type>> done) {
    const Plenty plenty;
    return world_->at(after(world_->now, milliseconds{1}), LeanWorld::call(std::move(done), TransportResult<channel_type>(channel_type(*world_))));
  }
  void cancel(ExchangeId) noexcept {}  // everything ends soon
  void post(Completion<void> work) {
    const Plenty plenty;
    world_->at(world_->now, LeanWorld::call(std::move(work)));
  }
  timer_type make_timer() { return timer_type(*world_); }

 private:
  LeanWorld* world_;
};

static_assert(CompletionChannelTransport<LeanCloud>);

Settings settings() {
  Settings out;
  out.base_url = "https://api.example.com";
  out.tokens = std::make_shared<TokenSource>(
      TokenSettings{.login_url = "https://login.example.com", .client_id = "client", .client_secret = Secret("s")});
  return out;
}
/// Counts how often its operation was ended.
class Told {
 public:
  auto handler() {
    return [this](Result<HoldResult> told) {
      const Plenty plenty;
      result.emplace(std::move(told));
      ++calls;
    };
  }
  std::optional<Result<HoldResult>> result;
  int calls = 0;
};
void check_frames(const LeanWorld& world) {
  for (const std::string& each : world.frames) {
    CAPTURE(each);
    CHECK(each.find(interaction) != std::string::npos);
  }
}

/// Holds an interaction while the allocation behind `spared` others fails, and releases it. True when none was left to fail.
bool hold_with(long spared) {
  LeanWorld world;
  bool ran_out = false;
  {
    HoldController door{Policies{.transport = LeanCloud(world), .clock = LeanClock(world)}, settings()};
    Told held, released;
    HoldRequest request{std::string(interaction), "consultation", 5};
    memory_ran_out = false;
    spared_allocations = spared;
    const bool begun = guarded([&] { door.start_hold(request, held.handler()); });
    world.run_until(after(world.now, seconds{1}));
    spared_allocations = -1;
    ran_out = memory_ran_out;
    world.run_until(after(world.now, seconds{100}));
    CHECK(held.calls == (begun ? 1 : 0));
    if (!ran_out) REQUIRE((held.result && *held.result));
    door.start_unhold(UnholdRequest{std::string(interaction), 5}, released.handler());
    world.run_until(after(world.now, seconds{100}));
    REQUIRE(released.calls == 1);
    CAPTURE(*released.result ? std::string() : released.result->error().message());
    CHECK(*released.result);
    CHECK(door.held().empty());
    CHECK(door.metrics().pending() == 0);
    check_frames(world);
  }
  world.run_until(after(world.now, seconds{100}));
  return !ran_out;
}

/// Lets the watchdog release an interaction while the allocation behind `spared` others fails.
bool release_with(long spared) {
  LeanWorld world;
  bool ran_out = false;
  {
    Settings with = settings();
    with.hold.limit = HoldLimit::release;
    with.hold.max_hold = seconds{20};
    with.hold.warn_before = seconds{1};
    HoldController door{Policies{.transport = LeanCloud(world), .clock = LeanClock(world)}, with};
    Told held;
    door.start_hold(HoldRequest{std::string(interaction), "consultation", 5}, held.handler());
    world.run_until(after(world.now, seconds{2}));
    REQUIRE((held.result && *held.result));
    memory_ran_out = false;
    spared_allocations = spared;
    world.run_until(after(world.now, seconds{25}));
    spared_allocations = -1;
    ran_out = memory_ran_out;
    world.run_until(after(world.now, seconds{100}));
    CHECK(door.held().empty());
    CHECK(world.held.empty());
    const HoldMetricsSnapshot metrics = door.metrics();
    CHECK(metrics.pending() == 0);
    check_frames(world);
  }
  world.run_until(after(world.now, seconds{100}));
  return !ran_out;
}

}  // namespace

TEST_CASE("memory that runs out at any point of a hold on an event loop loses no command", "[loop][hold][faults][I20][I24]") {
  long spared = 0;
  for (; !hold_with(spared); ++spared) {
    CAPTURE(spared);
    REQUIRE(spared < 10'000);
  }
  CHECK(spared > 10);
}

TEST_CASE("memory that runs out at any point of the watchdog's release leaves it to be tried again", "[loop][hold][faults][B2]") {
  long spared = 0;
  for (; !release_with(spared); ++spared) {
    CAPTURE(spared);
    REQUIRE(spared < 10'000);
  }
  CHECK(spared > 10);
}

TEST_CASE("no end of a command is lost for want of memory", "[hold][session][faults][I20]") {
  using End = std::function<void(HoldSession&, HoldCall&, SteadyTime)>;
  Body ack;
  ack.append(R"({"correlationId":"correlation","body":{"type":"hold"}})");
  const End ends[] = {
      [&](HoldSession& session, HoldCall&, SteadyTime now) { session.text(1, ack, now); },
      [](HoldSession& session, HoldCall&, SteadyTime now) { session.tick(after(now, seconds{10}), 0.5); },
      [](HoldSession& session, HoldCall&, SteadyTime now) { session.closed(1, 1006, now, 0.5); },
      [](HoldSession& session, HoldCall& call, SteadyTime) { session.abandon(call, true); },
      [](HoldSession& session, HoldCall&, SteadyTime) { session.finish(); },
  };
  // simdjson finds out about the machine at its first use, which takes memory and ends the program when there is none.
  std::string minified;
  REQUIRE(JsonReader().minify("{}", minified));
  for (std::size_t i = 0; i < std::size(ends); ++i) {
    for (long spared = 0;; ++spared) {
      CAPTURE(i, spared);
      const HoldSettings with;
      HoldMetrics metrics;
      HoldSession session(with, metrics);
      SteadyTime now{std::chrono::hours{1}};
      session.want(now);
      REQUIRE(session.next(now).kind == HoldAction::Kind::connect);
      session.opened(1, now);
      HoldCall call(HoldVerb::hold, "correlation", std::string(interaction), "frame", after(now, seconds{30}));
      session.submit(call, now);
      const HoldAction action = session.next(now);
      REQUIRE(action.kind == HoldAction::Kind::send);
      session.sent(action.epoch);
      memory_ran_out = false;
      spared_allocations = spared;
      guarded([&] { ends[i](session, call, now); });
      spared_allocations = -1;
      const bool ran_out = memory_ran_out;
      session.tick(after(now, seconds{40}), 0.5);  // what did not end by that ends in time
      CHECK(call.end != CallEnd::pending);
      CHECK(session.completed() == std::vector<HoldCall*>{&call});
      if (!ran_out) break;
    }
  }
}
