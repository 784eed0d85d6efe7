// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <queue>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <patchbay/protocol/get.hpp>

namespace patchbay::tests {

/// Many readings at once over one gateway, on one time line that jumps from event to event.
class World {
 public:
  /// What the server says to a request that arrives now.
  struct Reply {
    int status = 200;
    Duration takes = milliseconds{20};
    std::optional<Duration> retry_after{};
    std::optional<TransportFault> fault{};
  };

  World(const Settings& given, unsigned seed) : settings(given), random(seed), gateway(*Endpoint::parse(settings.base_url, "base_url"), settings, {}) {
    settings.tokens->publish(Secret("t"), "", now, std::chrono::hours{24 * 300}, 0);
  }

  /// A reading that begins at `when`.
  void read_at(SteadyTime when, Duration deadline = seconds{30}, bool settling = false) {
    operations.push_back(std::make_unique<One>(*this, deadline, settling));
    events.push(Event{when, order++, operations.size() - 1});
  }
  /// Everything that happens up to `until`.
  void run(SteadyTime until = never) {
    while (!events.empty() && events.top().at <= until) {
      const Event event = events.top();
      events.pop();
      now = event.at;
      operations[event.who]->go_on(event.who);
    }
    if (until != never) now = until;
  }

  Settings settings;
  std::mt19937_64 random;
  Gateway gateway;
  SteadyTime now{std::chrono::hours{1}};
  std::function<Reply()> server = [] { return Reply(); };
  std::vector<SteadyTime> sent;                      ///< When each request was sent.
  std::vector<std::pair<SteadyTime, SteadyTime>> closed;  ///< When a wait was heard of, and until when it lasts.
  std::vector<std::optional<Error>> ended;           ///< One for each operation that has ended; nothing: it succeeded.
  std::vector<SteadyTime> ended_at;
  int successes = 0;

 private:
  struct Event {
    SteadyTime at;
    std::uint64_t order;
    std::size_t who;
    friend bool operator<(const Event& a, const Event& b) { return a.at != b.at ? a.at > b.at : a.order > b.order; }
  };

  class One final : public Operation {
   public:
    One(World& world, Duration deadline_in, bool settling_in) : world_(&world), budget_(deadline_in), settling_in_(settling_in) {}

    void go_on(std::size_t me) {
      if (!protocol_) {
        begin("i", budget_);
        settling = settling_in_;
        target = "/i";
        protocol_.emplace(get(*this, world_->gateway, "thing.get", {}));
        protocol_->start();
      } else {
        if (pending.kind() == PendingEffect::Kind::http) answer(pending.http());
        pending = PendingEffect{};
        read_clock();
        resume_at.resume();
      }
      if (protocol_->done()) {
        const Result<void> result = protocol_->take();
        world_->ended.push_back(result ? std::nullopt : std::optional(result.error()));
        world_->ended_at.push_back(world_->now);
        world_->successes += result ? 1 : 0;
        return;
      }
      SteadyTime next = world_->now;
      switch (pending.kind()) {
        case PendingEffect::Kind::http:
          world_->sent.push_back(world_->now);
          reply_ = world_->server();
          next = std::min(after(next, reply_.takes), pending.http().deadline);
          break;
        case PendingEffect::Kind::sleep: next = std::max(next, pending.sleep().until); break;
        default: break;
      }
      world_->events.push(Event{next, world_->order++, me});
    }

    RetryAnswer decide_retry(const RetryQuestion& question) override { return DefaultRetry{}.decide(question); }
    std::uint64_t random_bits() override { return world_->random(); }
    bool log_enabled(Level) const override { return false; }
    void log_event(Level, const patchbay::Event&) noexcept override {}
    void wake_up() noexcept override {}

   private:
    void answer(HttpEffect& effect) {
      if (reply_.fault || world_->now >= effect.deadline) {
        const TransportFault fault = reply_.fault.value_or(TransportFault::timed_out);
        const Delivery delivery = fault == TransportFault::queue_full ? Delivery::not_sent : Delivery::maybe_sent;
        effect.result = tl::unexpected(TransportError(fault, delivery, "as told"));
        return;
      }
      effect.response->status = reply_.status;
      if (!reply_.retry_after) return;
      const auto whole = std::chrono::ceil<seconds>(*reply_.retry_after);
      effect.response->headers.add("Retry-After", std::to_string(whole.count()));
      world_->closed.emplace_back(world_->now, world_->now + whole);
    }
    SteadyTime read_steady_clock() override { return world_->now; }
    WallTime read_wall_clock() override { return WallTime{}; }

    World* world_;
    Duration budget_;
    bool settling_in_;
    Reply reply_;
    std::optional<Protocol<Result<void>>> protocol_;
  };

  std::vector<std::unique_ptr<One>> operations;
  std::priority_queue<Event> events;
  std::uint64_t order = 0;
};

/// Settings that a door could be built with.
inline Settings world_settings() {
  Settings settings;
  settings.base_url = "https://api.example.com";
  settings.tokens =
      std::make_shared<TokenSource>(TokenSettings{.login_url = "https://login.example.com", .client_id = "c", .client_secret = Secret("s")});
  return settings;
}

}  // namespace patchbay::tests
