// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// Blocking calls that a stop token cancels, at every exchange, every sleep and every wait.
#include <stop_token>
#include <thread>

#include <patchbay/testing/simulated_cloud.hpp>

#include "door.hpp"

#include <support/catch.hpp>

using namespace patchbay;
using namespace patchbay::tests;
using namespace patchbay::testing;

namespace {

/// What happens to the exchange during which the stop is requested.
enum class Moment { before_it, lost_on_its_way, after_it_arrived, not_noticed };

/// Requests a stop at the exchange of the given number, and ends that one as a transport that can be stopped does.
class Stopping {
 public:
  Stopping(SimulatedCloud cloud, std::stop_source stop, int at, Moment moment)
      : cloud_(std::move(cloud)), stop_(std::move(stop)), at_(at), moment_(moment) {}

  TransportResult<void> send(const HttpRequest& request, HttpResponse& response, SteadyTime deadline) {
    return send(request, response, deadline, {});
  }
  TransportResult<void> send(const HttpRequest& request, HttpResponse& response, SteadyTime deadline, const std::stop_token& stop) {
    if (stop.stop_requested()) return cancelled(Delivery::not_sent);
    if ((*count_)++ != at_) return cloud_.send(request, response, deadline);
    stop_.request_stop();
    switch (moment_) {
      case Moment::before_it: return cancelled(Delivery::not_sent);
      case Moment::lost_on_its_way: return cancelled(Delivery::maybe_sent);
      case Moment::after_it_arrived: {
        HttpResponse unheard;
        static_cast<void>(cloud_.send(request, unheard, deadline));
        return cancelled(Delivery::maybe_sent);
      }
      case Moment::not_noticed: break;
    }
    return cloud_.send(request, response, deadline);
  }
  [[nodiscard]] int count() const noexcept { return *count_; }

 private:
  static TransportResult<void> cancelled(Delivery delivery) {
    return tl::unexpected(TransportError(TransportFault::cancelled, delivery, "as planned"));
  }
  SimulatedCloud cloud_;
  std::stop_source stop_;
  int at_;
  Moment moment_;
  std::shared_ptr<int> count_ = std::make_shared<int>(0);
};
static_assert(StoppableTransport<Stopping>);

Settings settings_of(const Fixture& f) {
  Settings settings = f.settings;
  settings.transition.reachability = Reachability::path;
  return settings;
}

}  // namespace

TEST_CASE("a blocking transition that is stopped at any exchange tells the truth", "[stop][I4][I23][cancellation]") {
  int cancelled = 0, resolved = 0, unknown = 0, done = 0;
  for (const Moment moment : {Moment::before_it, Moment::lost_on_its_way, Moment::after_it_arrived, Moment::not_noticed}) {
    for (int at = 0; at < 4; ++at) {  // token, flow, interaction, write
      CAPTURE(at, static_cast<int>(moment));
      Fixture f;
      SimulatedCloud cloud(f.clock);
      std::stop_source stop;
      const Stopping transport(cloud, stop, at, moment);
      StateTransitioner door{Policies{.transport = transport, .clock = f.clock}, settings_of(f)};
      const auto moved = door.transition(TransitionRequest{std::string(document_interaction), std::string(document_flow), "MainMenu", "BillingInquiry"}
                                             .stop(stop.get_token()));
      const std::size_t applied =
          cloud.inspect([](const CloudModel& model) { return model.times_applied(first_id()); });
      CHECK(transport.count() <= at + 2);  // at most the reading that proves it
      if (moved) {
        CHECK(applied == 1);
        ++(moved->resolved_by == ResolvedBy::state ? resolved : done);
      } else if (moved.error().outcome() == Outcome::unknown) {
        CHECK(at == 3);
        ++unknown;
      } else {
        CHECK(moved.error().code() == ErrorCode::cancelled);
        CHECK(applied == 0);
        ++cancelled;
      }
    }
  }
  CHECK(cancelled == 13);
  CHECK(resolved == 1);
  CHECK(unknown == 1);
  CHECK(done == 1);
}

TEST_CASE("a transition that was stopped before it began sends nothing", "[stop]") {
  Fixture f;
  std::stop_source stop;
  stop.request_stop();
  auto door = f.door();
  const auto moved = door.transition(f.request().stop(stop.get_token()));
  REQUIRE_FALSE(moved);
  CHECK(moved.error().code() == ErrorCode::cancelled);
  CHECK(f.cloud.requests().empty());
  CHECK(door.audit_log().size() == 1);
}

TEST_CASE("a stop ends the wait between attempts", "[stop][I7]") {
  /// Is asked to stop while it sleeps.
  struct StoppedAsleep {
    SteadyTime steady_now() const { return clock.steady_now(); }
    WallTime wall_now() const { return clock.wall_now(); }
    void sleep_until(SteadyTime when) const { clock.sleep_until(when); }
    void sleep_until(SteadyTime when, const std::stop_token& token) {
      stop.request_stop();
      clock.sleep_until(when, token);
    }
    ManualClock clock;
    std::stop_source stop;
  };
  Fixture f;
  std::stop_source stop;
  f.cloud.answer(503, {{"Retry-After", "20"}});
  StateTransitioner door{Policies{.transport = f.cloud, .clock = StoppedAsleep{f.clock, stop}}, f.settings};
  const auto moved = door.transition(f.request().stop(stop.get_token()));
  REQUIRE_FALSE(moved);
  CHECK(moved.error().code() == ErrorCode::cancelled);
  CHECK(f.clock.slept() == Duration::zero());
  CHECK(f.requests("interaction.get").size() == 1);
}

TEST_CASE("a clock that cannot be stopped is asked in slices", "[stop]") {
  struct Plain {
    SteadyTime steady_now() const { return clock.steady_now(); }
    WallTime wall_now() const { return clock.wall_now(); }
    void sleep_until(SteadyTime when) {
      clock.sleep_until(when);
      if (clock.slept() >= seconds{1}) stop.request_stop();
    }
    ManualClock clock;
    std::stop_source stop;
  };
  Fixture f;
  std::stop_source stop;
  f.cloud.answer(503, {{"Retry-After", "20"}});
  StateTransitioner door{Policies{.transport = f.cloud, .clock = Plain{f.clock, stop}}, f.settings};
  CHECK_FALSE(door.transition(f.request().stop(stop.get_token())));
  CHECK(f.clock.slept() < seconds{2});
}

TEST_CASE("the machine's clock is woken by a stop", "[stop]") {
  const SystemClock clock;
  std::stop_source stop;
  std::jthread other([&] { stop.request_stop(); });
  clock.sleep_until(never, stop.get_token());
  clock.sleep_until(clock.steady_now() + std::chrono::hours{1}, stop.get_token());
  const SteadyTime soon = clock.steady_now() + milliseconds{5};
  clock.sleep_until(soon, std::stop_source{}.get_token());
  CHECK(clock.steady_now() >= soon);
}
