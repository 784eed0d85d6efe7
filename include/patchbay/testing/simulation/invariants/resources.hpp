// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <patchbay/journal/journal.hpp>
#include <patchbay/protocol/pacer.hpp>
#include <patchbay/testing/simulation/invariants/check.hpp>

namespace patchbay::testing::simulation {

/// I20, bounds: no more transitions, and no more holds, are under way in an incarnation than its settings allow (one
/// that is refused ends within a moment and a tick, and releases are let in beyond); no more interactions are watched;
/// and when nothing is under way nothing is pending, in the doors' own words, and nobody waits for a turn with a pacer, but
/// for the recovery of a journal in which something is open.
/// That tables, caches, histograms and parsers keep their bounds, and that memory returns to where it was, is tested
/// where they are.
class Bounds final : public Check {
 public:
  using Check::Check;

  void submitted(ProcessId id, const Work& work) override {
    // Of those that are asked for together, some wait outside.
    if (work.kind == WorkKind::unhold || work.bulk != 0) return;
    Open& open = open_[std::pair(id.number, id.incarnation)];
    (work.kind == WorkKind::hold ? open.holds : open.transitions).emplace(work.number, work.at);
  }
  void ended(ProcessId id, const Work& work, const WorkEnd&) override {
    Open& open = open_[std::pair(id.number, id.incarnation)];
    open.holds.erase(work.number);
    open.transitions.erase(work.number);
  }
  void request_left(const ExchangeView& view, SteadyTime at) override {
    const ProcessRecord* const process = books().process(view.process);
    if (process == nullptr || process->view == nullptr) return;
    const Settings& settings = process->view->settings();
    const Open& open = open_[std::pair(view.process.number, view.process.incarnation)];
    for (const auto* all : {&open.transitions, &open.holds}) {
      if (all->size() <= settings.max_operations) continue;
      std::size_t settled = 0;
      const Duration grace = Books::moment + process->view->tick();
      for (const auto& [number, since] : *all) settled += at > books().latest(since, grace) ? 1 : 0;
      if (settled > settings.max_operations)
        broken("I20", view.process, std::to_string(settled) + " operations are under way, more than max_operations");
    }
  }
  void quiescent(SteadyTime) override {
    for (const auto& [key, process] : books().processes()) {
      if (process.view == nullptr) continue;
      none(process, "works", process.view->pending());
      none(process, "transitions, by their metrics", process.view->transition_metrics().pending());
      // A watchdog that releases asks for that by itself, whoever else is at rest.
      if (process.view->settings().hold.limit != HoldLimit::release)
        none(process, "holds and releases, by their metrics", process.view->hold_metrics().pending());
      if (process.view->held().size() > process.view->settings().hold.max_holds)
        broken("I20", process.id, "more interactions are watched than max_holds");
      for (const Pacer* const pacer : {process.view->settings().pacer.get(), process.view->settings().hold.pacer.get()})
        if (pacer != nullptr && pacer->waiting() > own_readings(*process.view))
          none(process, "turns that are waited for", pacer->waiting());
    }
  }

 private:
  /// How many readings that nobody waits for may wait for their turns. Of recovery, while something is unresolved: each of two
  /// doors reads one interaction after the other. And, where holds travel as requests and something is watched, of the door
  /// itself: what is beyond its limit is read each time that this is told, four at once at most.
  [[nodiscard]] std::size_t own_readings(const ProcessView& view) const {
    const std::shared_ptr<Journal> journal = view.settings().journal;
    const bool recovers = journal && view.on_loop() && !journal->unresolved_intents().empty();
    const bool looks = books().wire().holds_by_request() && view.on_loop() && !view.held().empty();
    return (recovers ? 2U : 0U) + (looks ? 4U : 0U);
  }
  class Open {
   public:
    std::map<std::uint64_t, SteadyTime> transitions, holds;
  };
  void none(const ProcessRecord& process, std::string_view what, std::uint64_t count) const {
    if (count != 0)
      broken("I20", process.id,
             std::to_string(count).append(" ").append(what).append(" are left when nothing is under way"));
  }
  std::map<std::pair<int, int>, Open> open_;
};

}  // namespace patchbay::testing::simulation
