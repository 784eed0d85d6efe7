// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // max
#include <cstdint>
#include <map>
#include <memory>
#include <stop_token>
#include <utility>
#include <vector>

#include <patchbay/policy/clock.hpp>
#include <patchbay/policy/completion.hpp>
#include <patchbay/testing/simulation/scene.hpp>

namespace patchbay::testing::simulation {

/// Something of a process that ends with it: an exchange under way, an open channel.
class Tied {
 public:
  /// The process is no more: nobody is to be told anything, and completions are abandoned.
  virtual void abandon() noexcept = 0;

 protected:
  Tied() = default;
  Tied(const Tied&) = default;
  Tied& operator=(const Tied&) = default;
  ~Tied() = default;
};

/// One life of a process, as the world around it sees it: its clocks, what waits on its event loop, its side of the
/// network. It outlives the process, since what a process has sent does.
class Link final : public Prop {
 public:
  Link(Scene& scene_in, ProcessId id_in) : scene(&scene_in), id(id_in), tick(scene_in.tick) {}

  // Time, as the process sees it.
  [[nodiscard]] SteadyTime steady_now() noexcept {
    if (dead) return dead_now_ += milliseconds{100};  // so that what is left of a blocking call ends
    return rounded_down(scene->now());
  }
  [[nodiscard]] WallTime wall_now() const noexcept {
    return wall_stopped ? *wall_stopped : scene->loop.clock().wall_now() + std::chrono::duration_cast<WallTime::duration>(wall_offset);
  }
  /// When the process's clock will have reached `when`.
  [[nodiscard]] SteadyTime shown_at(SteadyTime when) const noexcept {
    if (tick <= Duration::zero() || when >= never - tick) return when;
    const SteadyTime down = rounded_down(when);
    return down == when ? when : down + tick;
  }
  /// Lets things happen until `done`, or until the process's clock shows `when`. For calls that block.
  template <class Done>
  void block(Done&& done, SteadyTime when) {
    const SteadyTime limit = shown_at(when);
    while (!dead && !done()) {
      if (scene->now() >= limit) return;
      if (scene->step(limit)) continue;
      if (limit == never) return;  // nothing will ever happen
      scene->loop.clock().advance_to(limit);
    }
    if (dead && when != never) dead_now_ = (std::max)(dead_now_, when);
  }

  // What waits on its loop.
  std::uint64_t wait(SteadyTime when, Completion<void> done) {
    const std::uint64_t number = ++last_wait_;
    waits_.emplace(number, std::move(done));
    scene->at(shown_at(when), [this, number] { end_wait(number, true); });
    return number;
  }
  void cancel_wait(std::uint64_t number) {
    if (waits_.contains(number)) scene->at(scene->now(), [this, number] { end_wait(number, false); });
  }
  [[nodiscard]] bool waits(std::uint64_t number) const { return waits_.contains(number); }
  [[nodiscard]] std::size_t waiting() const noexcept { return waits_.size(); }

  void tie(Tied& one) { tied_.push_back(&one); }
  void untie(const Tied& one) noexcept { std::erase(tied_, &one); }

  /// Ends it as `kill -9` does: nothing leaves it from now on, and nobody in it is told anything.
  void die() noexcept {
    dead = true;
    dead_now_ = scene->now();
  }
  /// Abandons what is under way. After `die`, and again after what was in the process is destroyed.
  void abandon_all() {
    while (!tied_.empty() || !waits_.empty()) {
      for (Tied* const each : std::exchange(tied_, {})) each->abandon();
      const auto abandoned = std::exchange(waits_, {});
    }
  }

  Scene* scene;
  const ProcessId id;
  const Duration tick;  ///< Its monotonic clock moves in such steps.
  bool dead = false;
  Duration wall_offset{};
  std::optional<WallTime> wall_stopped;
  // Until when what it sends, and what it is sent, is held up by the network.
  SteadyTime out_blocked{}, in_blocked{};
  // The last frame, or ping, that a call has blocked for; `write_ended` is `never` while it does.
  SteadyTime write_begun = SteadyTime::min(), write_ended = SteadyTime::min();
  std::size_t exchanges = 0, channels = 0;  ///< Under way, and open, at its side.
  std::map<std::uint64_t, std::uint64_t> ordinals;  ///< How many exchanges of each target it has begun.

 private:
  [[nodiscard]] SteadyTime rounded_down(SteadyTime when) const noexcept {
    if (tick <= Duration::zero()) return when;
    return SteadyTime(Duration(when.time_since_epoch().count() / tick.count() * tick.count()));
  }
  void end_wait(std::uint64_t number, bool done) {
    const auto found = waits_.find(number);
    if (found == waits_.end()) return;
    Completion<void> completion = std::move(found->second);
    waits_.erase(found);
    if (done) completion();
  }

  std::map<std::uint64_t, Completion<void>> waits_;
  std::uint64_t last_wait_ = 0;
  std::vector<Tied*> tied_;
  SteadyTime dead_now_{};
};

/// The clock of one process: models `StoppableClock`. Waiting on it lets the simulation go on.
class ProcessClock {
 public:
  explicit ProcessClock(Link& link) noexcept : link_(&link) {}
  [[nodiscard]] SteadyTime steady_now() const noexcept { return link_->steady_now(); }
  [[nodiscard]] WallTime wall_now() const noexcept { return link_->wall_now(); }
  void sleep_until(SteadyTime when) const {
    link_->block([] { return false; }, when);
  }
  void sleep_until(SteadyTime when, const std::stop_token& stop) const {
    link_->block([&] { return stop.stop_requested(); }, when);
  }

 private:
  Link* link_;
};

static_assert(StoppableClock<ProcessClock>);

}  // namespace patchbay::testing::simulation
