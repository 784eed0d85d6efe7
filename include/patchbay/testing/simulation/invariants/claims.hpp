// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // any_of, count_if, max
#include <chrono>
#include <cmath>  // floor, isfinite
#include <cstdint>
#include <map>
#include <memory>
#include <ratio>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <patchbay/protocol/pacer.hpp>
#include <patchbay/testing/simulation/invariants/check.hpp>

namespace patchbay::testing::simulation {

/// I24, what results and counters claim: a result names no fewer sends than left under its id; no more webhooks count
/// as delivered than the CRM has answered with a 2xx; and no transition or release ends as cancelled whose caller did
/// not cancel it, unless its door was destroyed. (A hold may give way to a release, which is called so as well.)
class Claims final : public Check {
 public:
  using Check::Check;

  void ended(ProcessId id, const Work& work, const WorkEnd& end) override {
    const WorkRecord* const record = books().work(work.number);
    const ProcessRecord* const process = books().process(id);
    if (record == nullptr || process == nullptr) return;
    if (work.kind != WorkKind::hold && work.bulk == 0 && end.failed && end.code == ErrorCode::cancelled &&
        !record->cancelled && !process->gone())
      broken("I24", *record, "ended as cancelled, and nobody cancelled it");
    const Effect* const effect = books().effect(record->end.id);
    if (effect == nullptr || !(effect->process == id)) return;
    const bool fewer = work.kind == WorkKind::transition ? end.attempts < effect->sends : end.attempts == 0;
    if (fewer && effect->sends != 0)
      broken("I24", *record,
             "says that it was sent " + std::to_string(end.attempts) + " times, and it left " +
                 std::to_string(effect->sends) + " times");
  }
  void exchange_ended(const ExchangeView& view, const HttpResponse* response, const TransportError*,
                      SteadyTime at) override {
    const ExchangeRecord* const sent = books().exchange(view.number);
    if (sent == nullptr || sent->kind != ExchangeClass::webhook) return;
    Webhooks& mine = webhooks_[std::pair(view.process.number, view.process.incarnation)];
    if (response != nullptr && response->status >= 200 && response->status <= 299) {
      ++mine.taken;
    } else {
      mine.look_at = after(at, Books::moment);
    }
  }
  void after_event(SteadyTime at) override {
    for (auto& [key, mine] : webhooks_) {
      if (at <= mine.look_at) continue;
      mine.look_at = never;
      const ProcessRecord* const process = books().process(ProcessId(key.first, key.second));
      if (process == nullptr || process->view == nullptr) continue;
      const std::uint64_t counted = process->view->transition_metrics()[TransitionCount::webhooks_delivered];
      if (counted > mine.taken)
        broken("I24", process->id,
               std::to_string(counted) + " webhooks count as delivered, and the CRM took " +
                   std::to_string(mine.taken));
    }
  }

 private:
  class Webhooks {
   public:
    std::uint64_t taken = 0;
    SteadyTime look_at = never;
  };
  std::map<std::pair<int, int>, Webhooks> webhooks_;
};

/// L6, nobody starves in a lane.
///
/// Of the transitions of one interaction in one process the one that was asked for first is in the lane, or next to
/// enter it. When it runs out of time, and for two seconds or more, since everybody before it had ended, no request for
/// that interaction, nor for a token or a flow, left its process or was waited for, then nobody has told it that its
/// turn had come. Processes that were asked to wait, or slept with their machine, have another excuse. A paced turn of
/// its own is one when others took all that there were, since the last of them may come a little late, and move it beyond
/// a deadline that it was to come before. It may also wait for a flow that another transition fetches, in its turn: when
/// a pacer had no turn left of what it gave to others meanwhile, or spaces them by what the answers say is left.
class Turns final : public Check {
 public:
  using Check::Check;

  void submitted(ProcessId id, const Work& work) override {
    if (work.kind != WorkKind::transition) return;
    Lane& lane = lane_of(id, plain::lower(work.interaction));
    if (lane.open.empty()) lane.since = work.at;
    lane.open.insert(work.number);
  }
  void ended(ProcessId id, const Work& work, const WorkEnd& end) override {
    if (work.kind != WorkKind::transition) return;
    Lane& lane = lane_of(id, plain::lower(work.interaction));
    const bool first = !lane.open.empty() && *lane.open.begin() == work.number;
    lane.open.erase(work.number);
    if (!first) return;
    const SteadyTime since = std::max(lane.since, work.at);
    lane.since = end.at;
    const WorkRecord* const record = books().work(work.number);
    const ProcessRecord* const process = books().process(id);
    if (record == nullptr || record->cancelled || work.bulk != 0 || !end.failed ||
        end.code != ErrorCode::deadline_exceeded || end.at < after(since, seconds{2}))
      return;
    if (process == nullptr || process->view == nullptr || excused_ >= since ||
        process->view->exchanges() != 0)
      return;
    const Shared& shared = shared_[key(id)];
    if (shared.told_to_wait >= since || std::max(lane.sent, shared.sent) >= since - Books::moment ||
        std::max(lane.over, shared.over) > since || without_a_turn(*process, shared, since, end.at))
      return;
    broken("L6", *record,
           "ran out of time at the head of its lane, and did nothing for " + std::to_string((end.at - since).count()) +
               " ns");
  }
  void request_left(const ExchangeView& view, SteadyTime at) override {
    if (const ExchangeRecord* const sent = books().exchange(view.number)) {
      const bool paced = !sent->interaction.empty() || sent->kind == ExchangeClass::flow;
      if (paced) shared_[key(view.process)].turns.push_back(at);
      if (!sent->interaction.empty()) lane_of(view.process, sent->interaction).sent = at;
      else if (sent->kind == ExchangeClass::token || sent->kind == ExchangeClass::flow)
        shared_[key(view.process)].sent = at;
    }
  }
  void exchange_ended(const ExchangeView& view, const HttpResponse* response, const TransportError*,
                      SteadyTime at) override {
    const ExchangeRecord* const sent = books().exchange(view.number);
    Shared& shared = shared_[key(view.process)];
    if (response != nullptr && response->headers.find("inin-ratelimit-reset")) shared.counted = true;
    if (sent != nullptr && !sent->interaction.empty()) lane_of(view.process, sent->interaction).over = at;
    else if (sent == nullptr || sent->kind == ExchangeClass::token || sent->kind == ExchangeClass::flow)
      shared.over = at;
    if (response != nullptr && (response->status == 429 || response->status == 503)) {
      if (const auto field = response->headers.find("Retry-After"))
        shared.told_to_wait = std::max(shared.told_to_wait, after(at, plain::longest_wait(*field)));
    }
  }
  void suspended(SteadyTime, SteadyTime to) override { excused_ = to; }
  void crashed(ProcessId id, SteadyTime) override { forget(id); }
  void closed(ProcessId id, SteadyTime) override { forget(id); }

 private:
  class Lane {
   public:
    std::set<std::uint64_t> open;  ///< Works, in the order submitted.
    SteadyTime since{};            ///< When the first of them came to be the first.
    SteadyTime sent = SteadyTime::min(), over = SteadyTime::min();
  };
  class Shared {
   public:
    SteadyTime sent = SteadyTime::min(), over = SteadyTime::min(), told_to_wait = SteadyTime::min();
    std::vector<SteadyTime> turns;  ///< When requests left that a pacer spaces.
    bool counted = false;           ///< Answers say how many requests are left, so that it spaces them as it sees fit.
  };
  /// Whether the pacer's turns were all taken; but for one, if another transition of the process is under way, which may
  /// be fetching the flow.
  [[nodiscard]] bool without_a_turn(const ProcessRecord& process, const Shared& shared, SteadyTime since,
                                    SteadyTime until) const {
    const std::shared_ptr<Pacer> pacer = process.view->settings().pacer;
    const auto lanes = lanes_.find(key(process.id));
    if (!pacer || (!shared.counted && !std::isfinite(pacer->rate())) || lanes == lanes_.end()) return false;
    const auto taken = std::count_if(shared.turns.begin(), shared.turns.end(),
                                     [&](SteadyTime each) { return each >= since && each <= until; });
    const bool others = std::any_of(lanes->second.begin(), lanes->second.end(),
                                    [](const auto& each) { return !each.second.open.empty(); });
    if (shared.counted) return others;
    const double turns = std::chrono::duration<double, std::ratio<60>>(until - since).count() * pacer->rate();
    // Every turn that there was went to others, who had asked before: its own moved beyond its deadline while it waited.
    if (static_cast<double>(taken) >= turns) return true;
    return static_cast<double>(taken) + 1 >= std::floor(turns) && others;
  }
  [[nodiscard]] static std::pair<int, int> key(ProcessId id) noexcept { return {id.number, id.incarnation}; }
  Lane& lane_of(ProcessId id, const std::string& interaction) { return lanes_[key(id)][interaction]; }
  void forget(ProcessId id) { lanes_.erase(key(id)); }

  std::map<std::pair<int, int>, std::map<std::string, Lane>> lanes_;
  std::map<std::pair<int, int>, Shared> shared_;
  SteadyTime excused_ = SteadyTime::min();
};

}  // namespace patchbay::testing::simulation
