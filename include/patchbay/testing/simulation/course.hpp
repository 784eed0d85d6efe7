// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // any_of, max, min
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <patchbay/testing/simulation/chaos.hpp>
#include <patchbay/testing/simulation/workload.hpp>

namespace patchbay::testing::simulation {

/// How a run comes off: starts the processes, hands them their works, lets the faults strike, heals the world, sees whether
/// everything that was asked for ends, and closes the doors.
class Course final : private Chaos::Processes {
 public:
  /// Makes the next life of a process; one that blocks only when that is said.
  using Begin = std::function<Life&(ProcessId, bool blocking, ProcessDisk* disk)>;

  Course(Scene& scene, const SimulationOptions& options, Begin begin)
      : scene_(&scene), options_(&options), begin_(std::move(begin)), chaos_(scene, *this, options.interactions) {}

  /// Runs to the end; false when something never ended.
  bool run() {
    Scene& scene = *scene_;
    Stream random = stream(scene.seed, "course");
    begun_ = scene.now();
    for (const Fault fault : {Fault::short_token, Fault::coarse_clock})
      if (scene.mix.has(fault)) scene.note(fault);
    set_world(random);
    const std::size_t processes = 1 + (options_->max_processes > 1 ? random.below(options_->max_processes) : 0);
    const bool block = options_->driver == Driver::blocking || (options_->driver == Driver::drawn && random.chance(400));
    scene.tick = scene.mix.has(Fault::coarse_clock) ? milliseconds{random.chance(512) ? 16 : 1} : Duration::zero();
    for (std::size_t i = 0; i != processes; ++i) {
      Slot& slot = slots_.emplace_back(static_cast<int>(i), block && i == 0);
      if (random.chance(512)) slot.disk = &scene.keep(std::make_unique<ProcessDisk>(scene, slot.number));
    }
    for (Slot& each : slots_) start(each);

    works_ = options_->workload ? *options_->workload
                                : draw_workload(scene.seed, after(scene.now(), milliseconds{10}), processes, *options_, scene.mix,
                                                scene.cloud->takes_holds());
    const SteadyTime last = works_.empty() ? begun_ : works_.back().at;
    works_ = without(std::move(works_), options_->without);
    if (!scene.cloud->takes_holds()) std::erase_if(works_, [](const Work& each) { return each.kind != WorkKind::transition; });
    const SteadyTime heal_at = after(begun_, (last - begun_) * 7 / 8 + seconds{5});
    chaos_.plan(heal_at);
    scene.at(heal_at, [this] { heal(); });
    const bool journals = std::any_of(slots_.begin(), slots_.end(), [](const Slot& each) { return each.disk != nullptr; });
    // Where holds travel as requests, one whose fate is not known is looked at when it can arrive no more.
    const bool looks = journals || (scene.cloud->takes_holds() && scene.cloud->holds_by_request());
    quiet_ = (std::max)(last - heal_at, Duration::zero()) + (looks ? recovery_budget + seconds{20} : Duration(seconds{90}));
    for (std::size_t i = 0; i < works_.size();) {
      std::size_t end = i + 1;
      while (end < works_.size() && works_[i].bulk != 0 && works_[end].bulk == works_[i].bulk) ++end;
      scene.at(works_[i].at, [this, i, end] {
        const auto first = works_.begin();
        ask({first + static_cast<std::ptrdiff_t>(i), first + static_cast<std::ptrdiff_t>(end)});
      });
      i = end;
    }
    // Everything ends by its own budget, some hours' suspension apart; what has not ended two days later never does.
    // Who sleeps beyond the life of a channel does so for days.
    const auto most = scene.cloud->holds_by_request() ? std::chrono::hours{480} : std::chrono::hours{48};
    serve([&] { return probed_ && nothing_pending(); }, after(begun_, most));
    const bool ended = nothing_pending();
    // What nobody waited for reaches the disks as well, so that it can be looked at.
    for (Slot& each : slots_)
      if (each.life && each.life->alive()) each.life->flush();
    if (ended) scene.witnesses.quiescent(scene.now());
    over_ = true;
    for (Slot& each : slots_)
      if (each.life) each.life->let_go();
    for (int i = 0; i < 1'000'000 && scene.step(never); ++i) {}
    const bool drained = !scene.step(never);
    if (drained) scene.witnesses.finished(scene.now());
    for (Life* const each : lives_) each->end();
    return ended && drained;
  }

  [[nodiscard]] SteadyTime begun() const noexcept { return begun_; }
  [[nodiscard]] const std::vector<Work>& works() const noexcept { return works_; }
  [[nodiscard]] std::uint64_t submitted() const noexcept { return submitted_; }

 private:
  class Slot {
   public:
    Slot(int number_in, bool blocking_in) noexcept : number(number_in), blocking(blocking_in) {}
    int number;
    bool blocking;
    int incarnation = 0;
    Life* life = nullptr;
    ProcessDisk* disk = nullptr;  ///< Of one with a journal.
    bool recovering = false;      ///< It blocks, and has something to look after.
    std::optional<Duration> leaving;  ///< It blocks, and destroys its doors when its call returns, to be back after that time.
    std::deque<std::vector<Work>> due;  ///< Of one that blocks: what waits until it can be called.
  };

  void set_world(Stream& random) {
    Scene& scene = *scene_;
    const PublishedFlow flow = scene.cloud->publish(1, flow_edges.size());
    for (std::size_t i = 0; i != options_->interactions; ++i) scene.cloud->begin(interaction_id(i), flow_nodes.front(), random);
    scene.witnesses.flow_published(simulated_flow, flow.version, flow.definition, scene.now());
  }
  void start(Slot& slot) {
    if (over_) return;
    slot.life = lives_.emplace_back(&begin_(ProcessId(slot.number, slot.incarnation++), slot.blocking, slot.disk));
    // It crashed when it looked after its journal.
    if (slot.disk && slot.disk->down()) return crash(static_cast<std::size_t>(slot.number), seconds{1});
    if (slot.life->failed()) {
      slot.life->let_go();
      return restart(slot, seconds{5});
    }
    if (slot.incarnation > 1) recover(slot);
    slot.life->ask = [this, process = slot.number](Work work) {
      work.number = ++last_asked_;
      work.process = process;
      work.bulk = 0;
      // Soon, and sometimes at once: from within the callback.
      if (work.number % 2 == 0 && !slots_[static_cast<std::size_t>(process)].blocking) return ask({std::move(work)});
      scene_->in(milliseconds{1}, [this, work = std::move(work)] { ask({work}); });
    };
  }
  /// Has what an earlier life has left open looked after.
  void recover(Slot& slot) {
    if (!slot.life || !slot.life->alive() || !slot.life->journaled()) return;
    if (!slot.blocking) return slot.life->recover(recovery_budget);
    slot.recovering = true;
  }
  /// Whoever called a process that is down got no answer, and does not call again.
  void ask(std::vector<Work> works) {
    Slot& slot = slots_[static_cast<std::size_t>(works.front().process)];
    if (!slot.life || !slot.life->alive() || submitted_ > 20 * options_->works + 100) return;
    if (slot.blocking) return slot.due.push_back(std::move(works));
    submitted_ += works.size();
    slot.life->submit(std::move(works));
  }
  /// Lets things happen until `done`; a process that blocks is called from here alone, one call at a time.
  template <class Done>
  void serve(Done&& done, SteadyTime limit) {
    Scene& scene = *scene_;
    while (!done() && scene.now() < limit) {
      Slot& first = slots_.front();
      if (first.blocking && first.life && first.life->alive()) {
        if (const auto down = std::exchange(first.leaving, std::nullopt)) {
          let_go(0, *down);
        } else if (std::exchange(first.recovering, false)) {
          first.life->recover(seconds{5});
        } else if (!first.due.empty()) {
          std::vector<Work> works = std::move(first.due.front());
          first.due.pop_front();
          submitted_ += works.size();
          first.life->submit(std::move(works));
        } else {
          first.life->pump(next_call());
        }
        continue;
      }
      if (!scene.step(limit)) return;
    }
  }
  /// Until when a process that blocks has nothing to do but to serve its channel.
  [[nodiscard]] SteadyTime next_call() const {
    const SteadyTime now = scene_->now();
    SteadyTime next = after(now, seconds{1});
    for (const Work& each : works_)
      if (each.process == 0 && each.at > now) {
        next = (std::min)(next, each.at);
        break;
      }
    return (std::max)(next, after(now, milliseconds{1}));
  }
  [[nodiscard]] bool nothing_pending() const {
    for (const Slot& each : slots_)
      if (each.life && each.life->alive() && (each.life->pending() != 0 || !each.due.empty())) return false;
    return true;
  }
  void heal() {
    scene_->healed = true;
    chaos_.heal();
    for (Slot& each : slots_) {
      if (each.disk) each.disk->heal();
      if (each.life && each.life->needs_restart()) let_go(static_cast<std::size_t>(each.number), seconds{1});
    }
    scene_->witnesses.healed(scene_->now());
    scene_->in(quiet_, [this] { probe(); });
    // What is not known yet is found out: at once, and, by who can look for a short time only, again and again.
    for (Slot& each : slots_) {
      if (!each.disk) continue;
      const int times = each.blocking ? 8 : 1;
      for (int i = 0; i != times; ++i)
        scene_->in(seconds{5} + i * seconds{35}, [this, process = each.number] { recover(slots_[static_cast<std::size_t>(process)]); });
    }
  }
  /// In a world without faults everything must work again: each interaction is moved, held and released by every process,
  /// as far as its cloud takes holds.
  void probe() {
    Duration wait{};
    for (std::size_t i = 0; i != options_->interactions; ++i)
      for (const Slot& slot : slots_) {
        wait += milliseconds{400};
        scene_->in(wait, [this, i, process = slot.number] {
          const std::string node = scene_->cloud->look(interaction_id(i)).value_or(Standing()).node;
          Work work;
          work.process = process;
          work.interaction = interaction_id(i);
          work.budget = seconds{30};
          work.from = node.empty() ? std::string(flow_nodes.front()) : node.substr(1, node.size() - 2);
          for (std::size_t at = 0; at != flow_nodes.size(); ++at)
            if (flow_nodes[at] == work.from && !next_nodes(at).empty()) work.to = flow_nodes[next_nodes(at).front()];
          for (const WorkKind kind : {WorkKind::transition, WorkKind::hold, WorkKind::unhold}) {
            work.kind = kind;
            if (kind == WorkKind::transition ? work.to.empty() : !scene_->cloud->takes_holds()) continue;
            work.number = first_probe + ++probes_;
            ask({work});
          }
        });
      }
    // What these have left to be delivered, or to be looked after, has its time as well.
    scene_->in(wait + seconds{32}, [this] {
      for (Slot& each : slots_) recover(each);
    });
    const bool long_after = !scene_->cloud->locks_writes();  // those of two processes may hide each other's traces
    scene_->in(wait + (long_after ? recovery_budget + seconds{40} : seconds{50}), [this] { probed_ = true; });
  }

  // What strikes the processes.
  [[nodiscard]] std::size_t count() const override { return slots_.size(); }
  [[nodiscard]] Life* life(std::size_t process) override {
    Life* const life = slots_[process].life;
    return life && life->alive() ? life : nullptr;
  }
  void crash(std::size_t process, Duration down) override { crash(process, down, false); }
  void crash_writing(std::size_t process, Duration down, std::size_t changes) override {
    ProcessDisk* const disk = slots_[process].disk;
    if (!disk || disk->will_crash()) return;
    disk->crash_within(changes, [this, process, down] {
      scene_->note(Fault::crash_writing);
      // Whoever has just begun to open its journal is no life yet: see `start`.
      crash(process, down, true);
    });
  }
  void crash(std::size_t process, Duration down, bool within) {
    Slot& slot = slots_[process];
    if (!life(process)) return;
    slot.life->crash(within);
    if (slot.disk) {
      Stream random = stream(scene_->seed, "power", ++crashes_);
      slot.disk->crash(scene_->strikes(Fault::power_loss, random));
    }
    slot.due.clear();
    slot.recovering = false;
    slot.leaving.reset();
    restart(slot, down);
  }
  void let_go(std::size_t process, Duration down) override {
    Slot& slot = slots_[process];
    if (!life(process)) return;
    slot.life->let_go();
    if (slot.life->alive()) return void(slot.leaving = down);  // it is being called: behind that
    slot.due.clear();
    restart(slot, down);
  }
  void restart(Slot& slot, Duration down) {
    scene_->in(down, [this, process = slot.number] {
      Slot& again = slots_[static_cast<std::size_t>(process)];
      // A blocking call that it crashed in returns first, and doors that were let go end what is under way.
      const bool busy = again.life->link().dead ? !again.life->buried() : again.life->holds_journal();
      if (busy) return restart(again, milliseconds{100});
      start(again);
    });
  }

 public:
  /// Numbers of works that are asked for from within, and of those that look whether everything works again.
  static constexpr Duration recovery_budget = seconds{290};
  static constexpr std::uint64_t first_asked = 1'000'000, first_probe = 2'000'000;

 private:
  Scene* scene_;
  const SimulationOptions* options_;
  Begin begin_;
  Chaos chaos_;
  std::vector<Slot> slots_;
  std::vector<Life*> lives_;
  std::vector<Work> works_;
  SteadyTime begun_{};
  Duration quiet_{};  ///< Between the healing and the look whether everything works again.
  std::uint64_t submitted_ = 0, last_asked_ = first_asked, probes_ = 0, crashes_ = 0;
  bool probed_ = false, over_ = false;
};

}  // namespace patchbay::testing::simulation
