// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <patchbay/json/read.hpp>
#include <patchbay/testing/manual_loop.hpp>
#include <patchbay/testing/simulation/cloud.hpp>
#include <patchbay/testing/simulation/fault_mix.hpp>
#include <patchbay/testing/simulation/witnesses.hpp>

namespace patchbay::testing::simulation {

/// What lives as long as a run: an exchange, a connection, a process. Events refer to them by plain pointers.
class Prop {
 public:
  Prop() = default;
  Prop(const Prop&) = delete;
  Prop& operator=(const Prop&) = delete;
  virtual ~Prop() = default;
};

/// The far end of a channel, as the cloud reaches it.
class CloudEnd {
 public:
  /// The cloud has something to send.
  virtual void from_cloud(CloudFrame frame) = 0;
  /// The cloud closes the channel.
  virtual void closed_by_cloud(std::uint16_t code) = 0;

 protected:
  CloudEnd() = default;
  CloudEnd(const CloudEnd&) = default;
  CloudEnd& operator=(const CloudEnd&) = default;
  ~CloudEnd() = default;
};

/// Where a simulation takes place: time, what happens next, the cloud, those who watch, and the faults that may strike.
/// For one thread.
class Scene {
 public:
  /// `make` makes the cloud, of `(Cloud::Now, Cloud::WallNow)`.
  template <class Make>
  Scene(std::uint64_t seed_in, const FaultMix& mix_in, Make&& make)
      : seed(seed_in), mix(mix_in), cloud(make([this] { return now(); }, [this] { return loop.clock().wall_now(); })) {}
  Scene(const Scene&) = delete;
  Scene& operator=(const Scene&) = delete;

  [[nodiscard]] SteadyTime now() const noexcept { return loop.clock().steady_now(); }
  void at(SteadyTime when, ManualLoop::Action action) const { loop.at(when, std::move(action)); }
  void in(Duration span, ManualLoop::Action action) const { loop.at(after(now(), span), std::move(action)); }
  /// Lets the next thing happen, if it does by `limit`; false when there is nothing.
  bool step(SteadyTime limit) {
    finish_behind();
    if (!loop.run_one(limit)) return false;
    ++events;
    finish_behind();
    witnesses.after_event(now());
    return true;
  }
  /// To be done when the code that is running has returned, and before anything else happens.
  void behind(ManualLoop::Action action) { behind_.push_back(std::move(action)); }

  /// Whether a fault strikes; none does from the healing on.
  [[nodiscard]] bool strikes(Fault fault, Stream& random) {
    if (!mix.strikes(fault, random) || healed) return false;
    ++struck[static_cast<std::size_t>(fault)];
    return true;
  }
  void note(Fault fault) noexcept { ++struck[static_cast<std::size_t>(fault)]; }
  /// Something is wrong that no witness can see.
  void complain(std::string what) { complaints.push_back(std::move(what)); }

  /// Keeps something until the end of the run.
  template <class T>
  T& keep(std::unique_ptr<T> prop) {
    T& out = *prop;
    props_.push_back(std::move(prop));
    return out;
  }

  /// To be called after everything that may have changed the cloud: tells of it, and lets the cloud send what it has to.
  void cloud_changed() {
    for (; told_ < cloud->operations().size(); ++told_) witnesses.applied(cloud->operations()[told_], *cloud, now());
    for (CloudFrame& frame : cloud->take_frames())
      if (const auto found = ends.find(frame.to); found != ends.end()) found->second->from_cloud(std::move(frame));
    for (const ClosedChannel& each : cloud->take_closings())
      if (const auto found = ends.find(each.channel); found != ends.end()) found->second->closed_by_cloud(each.code);
    const SteadyTime due = cloud->next_due();
    if (due >= due_) return;
    due_ = due;
    at(due, [this] {
      due_ = never;
      cloud->advance();
      cloud_changed();
    });
  }

  const std::uint64_t seed;
  FaultMix mix;
  ManualLoop loop;
  Witnesses witnesses;
  Witnesses onlookers;  ///< Those of them whom a log is shown that was asked for and not drawn: all but the trace's hash.
  const std::unique_ptr<Cloud> cloud;
  JsonReader reader;  ///< Whoever stands before the cloud reads with it.
  bool healed = false;
  Duration tick{};  ///< Monotonic clocks move in such steps.
  std::uint64_t events = 0;
  std::uint64_t exchanges = 0, channels = 0;  ///< The last numbers that were given.
  std::map<ChannelId, CloudEnd*> ends;
  std::vector<std::string> complaints;
  std::array<std::uint64_t, fault_count> struck{};  ///< How often each kind of fault has struck.

 private:
  void finish_behind() {
    for (ManualLoop::Action& each : std::exchange(behind_, {})) each();
  }

  std::vector<std::unique_ptr<Prop>> props_;
  std::vector<ManualLoop::Action> behind_;
  std::size_t told_ = 0;
  SteadyTime due_ = never;  // when the cloud has something to do by itself
};

}  // namespace patchbay::testing::simulation
