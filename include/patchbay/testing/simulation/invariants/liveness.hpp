// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // any_of, max, min, none_of
#include <cmath>  // isfinite
#include <cstddef>
#include <cstdint>
#include <cstdlib>  // strtoll
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <patchbay/journal/journal.hpp>
#include <patchbay/protocol/breaker.hpp>
#include <patchbay/protocol/pacer.hpp>
#include <patchbay/testing/simulation/invariants/check.hpp>

namespace patchbay::testing::simulation {

/// L1, L2, L4 and L6: once no fault strikes any more, and the time has passed that a process may need to notice,
/// everything works. (L3 is with the journal.)
///
/// That time is, after the healing: the silence after which a dead connection is given up with a ping before it, a wait
/// before another attempt, an attempt, and the longest that a breaker stays open; and no less than the waits that
/// servers asked of the process. What is asked for later must not fail for want of a connection (L1), with an unknown
/// outcome (L2), for an open circuit (L4), or for any other trouble on the way, its deadline included (L6). Refusals by
/// rules, by the interaction's state and by bounds are answers. At the end the last command on an interaction that was
/// carried out since then is what the cloud shows, and what its process believes (L2). A rate that a pacer has lowered
/// rises with answers, of which there may be few; so being paced is no failure, nor is it when a write, or a command that
/// travelled as a request, has no turn left for the reading that would tell what became of it, nor when a breaker that nobody
/// has asked anything of since keeps back what is asked beside its first probes; and the rate is looked at when a hundred good
/// answers have come since: it is 90 % of what it was when the process began then, or, of one that had no ceiling, of what
/// these answers add to it (L4).
class Liveness final : public Check {
 public:
  using Check::Check;

  void attached(ProcessId id, const ProcessView& view, SteadyTime) override {
    if (view.settings().pacer) state_of(id).full_rate = view.settings().pacer->rate();
  }
  void exchange_ended(const ExchangeView& view, const HttpResponse* response, const TransportError*,
                      SteadyTime at) override {
    if (response == nullptr) return;
    State& state = state_of(view.process);
    const ExchangeRecord* const sent = books().exchange(view.number);
    const bool paced = sent != nullptr && (sent->kind == ExchangeClass::read || sent->kind == ExchangeClass::flow ||
                                           sent->kind == ExchangeClass::write);
    const bool ordinary = sent != nullptr && ((paced && !sent->by_holds) || (sent->kind == ExchangeClass::command && sent->holds));
    if (ordinary && at > books().healed_at() && response->status < 500) ++state.answered;
    note_limit(view, *response, state, at);
    if (paced && at > books().healed_at() && response->status >= 200 && response->status <= 299) ++state.good;
    if (response->status != 429 && response->status != 503) return;
    state.good = 0;
    if (const auto field = response->headers.find("Retry-After"))
      state.closed_until = std::max(state.closed_until, after(at, plain::longest_wait(*field)));
  }
  void ended(ProcessId id, const Work& work, const WorkEnd& end) override {
    const WorkRecord* const record = books().work(work.number);
    if (record == nullptr || work.at < well_at(id) || record->cancelled) return;
    if (!end.failed) {
      if (work.kind != WorkKind::transition) last_[plain::lower(work.interaction)] = work.number;
      return;
    }
    const ProcessRecord* const process = books().process(id);
    if (process == nullptr || process->gone()) return;
    const std::string code(to_string(end.code));
    if (end.outcome == Outcome::unknown &&
        (out_of_turns(*process, *record) || unread(*process, *record, state_of(id)) || untraceable(*process, *record) || undone(*record)))
      return;
    if (end.outcome == Outcome::unknown)
      return broken("L2", *record, "an outcome is unknown although nothing went wrong: " + code);
    switch (end.code) {
      case ErrorCode::not_connected:
        return broken("L1", *record, "there is no connection although nothing is wrong");
      case ErrorCode::circuit_open:
        if (probing(*process, state_of(id))) return;
        return broken("L4", *record, "the circuit is open although nothing is wrong");
      case ErrorCode::network:
      case ErrorCode::unavailable:
      case ErrorCode::malformed_response:
      case ErrorCode::response_too_large:
      case ErrorCode::authentication_failed:
      case ErrorCode::flow_malformed:
      case ErrorCode::internal:
        return broken("L6", *record, "failed although nothing is wrong: " + code);
      case ErrorCode::deadline_exceeded:
        // What has less than seconds, or a queue before it, may well be too late.
        if (work.budget >= seconds{10} && process->open == 0 && !paced(*process))
          broken("L6", *record, "ran out of time although nothing is wrong");
        return;
      default:
        return;
    }
  }
  void quiescent(SteadyTime) override {
    for (const auto& [interaction, number] : last_) {
      const WorkRecord* const record = books().work(number);
      const Truth* const truth = books().truth(interaction);
      const ProcessRecord* const process = record == nullptr ? nullptr : books().process(record->process);
      if (truth == nullptr || process == nullptr || process->view == nullptr ||
          truth->held_changes.back().first > record->end.at)
        continue;
      if (truth->changed_by != record->process.number) continue;  // others' doings are not heard of (hazard B38)
      const bool held = record->work.kind == WorkKind::hold;
      if (truth->held != held && !(record->end.already_held && forgotten(*record)))
        broken("L2", *record, "the last command succeeded, and the cloud does not show what it wanted");
      bool believed = false;
      for (const HeldInteraction& each : process->view->held())
        believed = believed || plain::lower(each.interaction) == interaction;
      // Where holds travel as requests, one whose fate nothing has told is watched on; see `RequestedWatches`.
      if (believed && !held && books().wire().holds_by_request()) continue;
      // What its journal could not be told, as that a hold is over, the process sees to again.
      if (believed && !held && on_record(*process->view, interaction)) continue;
      if (believed != held)
        broken("L2", *record, "the last command succeeded, and its process does not believe what it wanted");
    }
    for (const auto& [key, process] : books().processes()) {
      const State& state = states_[key];
      if (process.view == nullptr || state.good < 100 || !process.view->settings().pacer || state.full_rate <= 0)
        continue;
      // Without a ceiling each good answer adds twelve, so that a rate takes several hundred to come all the way back.
      const double risen = std::isfinite(state.full_rate) ? state.full_rate : std::min(12.0 * static_cast<double>(state.good), 4800.0);
      if (process.view->settings().pacer->rate() < 0.9 * risen)
        broken("L4", process.id, "the pacer's rate has not risen again");
    }
  }

 private:
  class State {
   public:
    SteadyTime closed_until = SteadyTime::min();
    std::size_t good = 0;
    std::size_t answered = 0;  ///< Of exchanges that a breaker counts whatever they are for, since the healing.
    SteadyTime low_until = SteadyTime::min();  ///< The cloud has said that hardly any request is left until then.
    double full_rate = 0;
  };
  State& state_of(ProcessId id) { return states_[std::pair(id.number, id.incarnation)]; }
  /// Whether a journal that is closed for good has an interaction on hold.
  [[nodiscard]] static bool on_record(const ProcessView& view, std::string_view interaction) {
    const std::shared_ptr<Journal> journal = view.settings().journal;
    if (!journal || !journal->status().closed_for_good) return false;
    const std::vector<BelievedHold> holds = journal->holds();
    return std::any_of(holds.begin(), holds.end(),
                       [&](const BelievedHold& each) { return plain::lower(each.interaction) == interaction; });
  }
  /// When the process has nothing to complain of any more.
  [[nodiscard]] SteadyTime well_at(ProcessId id) {
    const ProcessRecord* const process = books().process(id);
    if (process == nullptr || process->view == nullptr || books().healed_at() == never) return never;
    const HoldSettings& hold = process->view->settings().hold;
    const Duration patience = hold.silence_limit + hold.ping_every + hold.delay_cap + hold.connect_timeout +
                              seconds{60} + process->view->tick();
    return std::max(after(std::max(books().healed_at(), process->since), patience), state_of(id).closed_until);
  }
  /// Whether a transition ends as unknown for want of a turn: its last write had to wait until hardly any time was
  /// left, or every write was refused for another version, and its door did not come to ask once more whose that is.
  [[nodiscard]] bool out_of_turns(const ProcessRecord& process, const WorkRecord& record) const {
    constexpr Duration hardly = milliseconds{500};
    const std::shared_ptr<Pacer> pacer = process.view == nullptr ? nullptr : process.view->settings().pacer;
    if (!pacer || !std::isfinite(pacer->rate())) return false;
    const Effect* const effect = books().effect(record.end.id);
    if (effect == nullptr || effect->kind != WorkKind::transition || effect->sends == 0 || effect->under_way != 0)
      return false;
    const ExchangeRecord* last = nullptr;
    for (const auto& [number, each] : books().exchanges())
      if (each.operation == effect->id && (last == nullptr || each.left_at >= last->left_at)) last = &each;
    if (last == nullptr) return false;
    if (after(last->left_at, hardly) >= after(record.work.at, record.work.budget)) return true;
    if (effect->doubtful != 0) return false;
    return std::none_of(books().exchanges().begin(), books().exchanges().end(), [&](const auto& entry) {
      const ExchangeRecord& each = entry.second;
      return each.kind == ExchangeClass::read && !each.by_holds && each.process == effect->process &&
             each.interaction == effect->interaction && each.left_at >= last->ended_at;
    });
  }
  /// Less than a quarter is left, those included that are under way: what there is is spread over what is left of the time.
  void note_limit(const ExchangeView& view, const HttpResponse& response, State& state, SteadyTime at) const {
    const auto number = [&](std::string_view name) -> std::int64_t {
      const auto field = response.headers.find(name);
      if (!field || field->empty() || field->size() > 9 || field->find_first_not_of("0123456789") != std::string_view::npos) return -1;
      return std::strtoll(std::string(*field).c_str(), nullptr, 10);
    };
    const ProcessRecord* const process = books().process(view.process);
    const std::int64_t allowed = number("inin-ratelimit-allowed"), count = number("inin-ratelimit-count"), reset = number("inin-ratelimit-reset");
    if (allowed <= 0 || count < 0 || reset < 0 || process == nullptr || process->view == nullptr) return;
    const auto left = allowed - count - static_cast<std::int64_t>(process->view->exchanges());
    state.low_until = 4 * left < allowed ? after(at, seconds{reset + 1}) : SteadyTime::min();
  }
  /// Whether a breaker that nobody has asked anything of since the healing is half-open, with its probes under way: the first
  /// requests show that all is well, and those beside them cannot know it.
  [[nodiscard]] static bool probing(const ProcessRecord& process, const State& state) {
    return process.view != nullptr && state.answered < static_cast<std::size_t>(BreakerSettings{}.probes) && process.view->exchanges() != 0;
  }
  /// Whether a hold or a release that travelled as a request was accepted, and its door had no turn for the reading that would
  /// have shown it done: none since then has left, and the scope is closed, or the cloud has said that hardly any request is
  /// left, or as many have had a turn as there were turns.
  [[nodiscard]] bool unread(const ProcessRecord& process, const WorkRecord& record, const State& state) const {
    if (!books().wire().holds_by_request() || record.work.kind == WorkKind::transition || process.view == nullptr) return false;
    const std::shared_ptr<Pacer> pacer = process.view->settings().pacer;
    const std::string interaction = plain::lower(record.work.interaction);
    const Truth* const truth = books().truth(interaction);
    if (!pacer || truth == nullptr) return false;
    SteadyTime done = never;
    for (const auto& [number, each] : books().exchanges())
      if (each.process == record.process && each.kind == ExchangeClass::command && each.interaction == interaction &&
          each.holds == (record.work.kind == WorkKind::hold) && each.left_at >= record.work.at && each.accepted())
        done = std::min(done, each.ended_at);
    if (done == never) return false;
    for (const auto& [when, held] : truth->held_changes)
      if (held == (record.work.kind == WorkKind::hold) && when <= record.end.at) done = std::max(done, when);
    std::size_t turns = 0;
    for (const auto& [number, each] : books().exchanges()) {
      if (!(each.process == record.process) || each.left_at < done || each.left_at > record.end.at) continue;
      if (each.kind == ExchangeClass::read && each.by_holds && each.interaction == interaction) return false;
      const bool takes = each.kind == ExchangeClass::read || each.kind == ExchangeClass::flow || each.kind == ExchangeClass::write ||
                         (each.kind == ExchangeClass::command && each.holds);
      turns += takes ? 1 : 0;
    }
    if (std::max(pacer->closed_until(), state.low_until) > record.end.at - process.view->tick()) return true;
    const double minutes = std::chrono::duration<double>(record.end.at - done).count() / 60;
    return std::isfinite(pacer->rate()) && static_cast<double>(turns) + 1 > minutes * pacer->rate();
  }
  /// Whether what nothing locks has left no traces that a process could have found: somebody wrote behind it, or there
  /// was hardly time, or no turn, to look for them.
  [[nodiscard]] bool untraceable(const ProcessRecord& process, const WorkRecord& record) const {
    const Effect* const effect = books().effect(record.end.id);
    if (books().wire().locks() || effect == nullptr) return false;
    return effect->overwritten || record.work.budget < seconds{10} || paced(process);
  }
  /// Whether a hold or a release that travelled as a request was done, and another command has undone it before its process
  /// could see that.
  [[nodiscard]] bool undone(const WorkRecord& record) const {
    if (!books().wire().holds_by_request() || record.work.kind == WorkKind::transition) return false;
    const bool wanted = record.work.kind == WorkKind::hold;
    const Truth* const truth = books().truth(plain::lower(record.work.interaction));
    return truth != nullptr && truth->held != wanted && truth->was_held(wanted, record.work.at, record.end.at);
  }
  [[nodiscard]] static bool paced(const ProcessRecord& process) {
    return process.view == nullptr || process.view->settings().pacer || process.view->settings().hold.pacer;
  }
  std::map<std::pair<int, int>, State> states_;
  std::map<std::string, std::uint64_t> last_;  // the last work that succeeded, of each interaction
};

/// L5: no incarnation makes more than twelve connections, or is refused them, within a minute, whatever the server
/// does. Attempts that their callers gave up for want of time do not count.
class Reconnects final : public Check {
 public:
  using Check::Check;
  static constexpr std::size_t most = 12;

  void exchange_ended(const ExchangeView& view, const HttpResponse* response, const TransportError*,
                      SteadyTime) override {
    const ExchangeRecord* const sent = books().exchange(view.number);
    if (!view.opening || sent == nullptr || response == nullptr) return;
    std::deque<SteadyTime>& times = times_[std::pair(view.process.number, view.process.incarnation)];
    times.push_back(sent->left_at);
    while (times.size() > most + 1) times.pop_front();
    const Duration minute = seconds{60} - Books::moment - books().tick(view.process);
    if (times.size() > most && times.back() - times.front() < minute)
      broken("L5", view.process, "more than twelve connections within a minute");
  }

 private:
  std::map<std::pair<int, int>, std::deque<SteadyTime>> times_;
};

}  // namespace patchbay::testing::simulation
