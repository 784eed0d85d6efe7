// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>

#include <patchbay/testing/simulation/flow_versions.hpp>
#include <patchbay/testing/simulation/life.hpp>

namespace patchbay::testing::simulation {

/// The faults that strike at times of their own, and not where something is under way: what others do to the interactions,
/// partitions, crashes, clocks. All of them are drawn before the run begins, so that a shorter workload meets the same.
class Chaos {
 public:
  /// What the faults need of the processes: the present life of each, null while it is down, and how to end one for a time.
  class Processes {
   public:
    [[nodiscard]] virtual std::size_t count() const = 0;
    [[nodiscard]] virtual Life* life(std::size_t process) = 0;
    virtual void crash(std::size_t process, Duration down) = 0;
    /// Within one of the next changes of its disk, of which so many are done before.
    virtual void crash_writing(std::size_t process, Duration down, std::size_t changes) = 0;
    virtual void let_go(std::size_t process, Duration down) = 0;

   protected:
    Processes() = default;
    Processes(const Processes&) = default;
    Processes& operator=(const Processes&) = default;
    ~Processes() = default;
  };

  Chaos(Scene& scene, Processes& processes, std::size_t interactions) noexcept
      : scene_(&scene), processes_(&processes), interactions_(interactions) {}

  /// Draws what strikes between now and then.
  void plan(SteadyTime until) {
    const SteadyTime from = scene_->now();
    for (const Fault fault : {Fault::partition, Fault::revoked_token, Fault::foreign_write, Fault::foreign_hold, Fault::republished_flow,
                              Fault::closed_interaction, Fault::crash, Fault::wall_jump, Fault::wall_stall, Fault::suspend, Fault::destroy,
                              Fault::crash_writing, Fault::closing_notice, Fault::ended_channel}) {
      const std::uint32_t rate = scene_->mix.rate(fault);
      if (rate == 0) continue;
      if ((fault == Fault::closing_notice || fault == Fault::ended_channel) && !scene_->cloud->holds_by_request()) continue;
      Stream random = stream(scene_->seed, "chaos", static_cast<std::uint64_t>(fault));
      // The rarer ones at most a few times.
      const bool often = fault == Fault::foreign_write || fault == Fault::foreign_hold;
      const std::uint64_t times = 1 + random.below(often ? 2 + rate / 16 : 1 + rate / 100);
      for (std::uint64_t i = 0; i != times; ++i) {
        const SteadyTime when = from + random.span(Duration::zero(), until - from);
        scene_->at(when, [this, fault, one = random.bits()] { strike(fault, Stream(one)); });
      }
    }
  }
  /// What is still in force ends.
  void heal() {
    for (std::size_t i = 0; i != processes_->count(); ++i)
      if (Life* const life = processes_->life(i)) {
        Link& link = life->link();
        link.out_blocked = link.in_blocked = scene_->now();
        link.wall_stopped.reset();
      }
  }

 private:
  void strike(Fault fault, Stream random) {
    if (scene_->healed) return;
    Scene& scene = *scene_;
    const std::string interaction = interaction_id(random.below(interactions_));
    const std::size_t process = random.below(processes_->count());
    Life* const life = processes_->life(process);
    const bool concerns_one = fault == Fault::crash || fault == Fault::destroy || fault == Fault::partition ||
                              fault == Fault::wall_jump || fault == Fault::wall_stall || fault == Fault::crash_writing;
    if (concerns_one && !life) return;  // it is down
    if (fault != Fault::crash_writing) scene.note(fault);
    switch (fault) {
      case Fault::revoked_token: scene.cloud->revoke_tokens(); break;
      case Fault::foreign_write: foreign_write(interaction, random); break;
      case Fault::foreign_hold: scene.cloud->set_held(interaction, random.chance(512)); break;
      case Fault::republished_flow: publish(random.chance(300) ? flow_edges.size() : random.below(flow_edges.size())); break;
      case Fault::closed_interaction: scene.cloud->end(interaction, random); break;
      case Fault::suspend: {
        const SteadyTime asleep = scene.now();
        scene.loop.clock().advance(scene.cloud->sleep(random));
        scene.witnesses.suspended(asleep, scene.now());
        break;
      }
      case Fault::crash: processes_->crash(process, random.span(milliseconds{10}, seconds{20})); break;
      case Fault::crash_writing: {
        const Duration down = random.span(milliseconds{10}, seconds{20});
        processes_->crash_writing(process, down, static_cast<std::size_t>(random.below(8)));
        break;
      }
      case Fault::destroy: processes_->let_go(process, random.span(Duration::zero(), seconds{5})); break;
      case Fault::partition: partition(life->link(), random); break;
      case Fault::wall_jump: life->link().wall_offset += random.chance(512) ? std::chrono::hours{24} : -std::chrono::hours{24}; break;
      case Fault::wall_stall:
        life->link().wall_stopped = life->link().wall_now();
        scene.in(random.span(seconds{1}, seconds{60}), [link = &life->link()] { link->wall_stopped.reset(); });
        break;
      case Fault::closing_notice: scene.cloud->announce_closing(); break;
      case Fault::ended_channel: scene.cloud->end_channels(); break;
      default: break;
    }
    scene.cloud_changed();
  }
  void foreign_write(const std::string& interaction, Stream& random) {
    const std::string_view node = flow_nodes[random.below(flow_nodes.size() - 1)];
    std::string id;
    if (random.chance(512)) id = "f0e1d2c3-0000-4000-8000-" + std::to_string(100'000'000'000 + random.below(1'000'000'000));
    scene_->cloud->move(interaction, node, id);
  }
  void publish(std::size_t without) {
    const PublishedFlow flow = scene_->cloud->publish(++version_, without);
    scene_->witnesses.flow_published(simulated_flow, flow.version, flow.definition, scene_->now());
  }
  void partition(Link& link, Stream& random) {
    const SteadyTime until = after(scene_->now(), random.heavy_tailed(seconds{2}, seconds{60}));
    const std::uint64_t how = random.below(3);
    if (how != 0) link.out_blocked = until;
    if (how != 1) link.in_blocked = until;
  }

  Scene* scene_;
  Processes* processes_;
  std::size_t interactions_;
  int version_ = 1;
};

}  // namespace patchbay::testing::simulation
