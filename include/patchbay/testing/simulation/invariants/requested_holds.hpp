// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // any_of, find
#include <cstddef>
#include <cstdint>
#include <functional>  // less
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <patchbay/testing/simulation/invariants/check.hpp>

namespace patchbay::testing::simulation {

/// I3, I4, I6, I12, I16, I18 and I24 of holds and releases that travel as requests. Nothing on the wire names the operation
/// of such a request. A hold's are told by its turn: those that left since the last hold of the process on the interaction
/// has ended. Which of several releases at once, of callers or of the door itself, a request belongs to nobody knows; a
/// release is given all that left while it was under way, and held to what is true of each.
///
/// - I3: a hold leaves only for a work that is open, and not again once an earlier request of it is under way, or may have
///   been done; of its requests one changes something. A release may leave, and be done, again: what it ends twice somebody
///   has begun in between. Copies that the network makes are nobody's fault: nothing there tells a copy.
/// - I4, I12: success by an answer has a request of its own that was accepted, and an event behind it that shows the wanted
///   state of the party that is meant; success by state has a reading that does; and a hold that found what it wanted has
///   had such a reading, and sent nothing. The cloud had that state meanwhile, unless what showed it was old. What failed as
///   not applied has had each of its requests refused, or never left, and is not done later. Unknown: something was sent.
/// - I6: no hold leaves while another request on the interaction is under way, nor one that was asked for before a release
///   which has left; by the order in which the door has handed them to the transport, since each may have to wait there for
///   a connection of its own (exchanges are numbered in that order). A release that overtook a hold's
///   request is sent again when that has ended, unless a hold was asked for since, or the interaction is over: while that hold is in force, by two of the watchdog's repetitions and a minute, not
///   counting what servers asked to wait.
/// - I16: a hold leaves only when an intent on its interaction is durable that has no end.
/// - I18: a body says `held`, and beside it `confined` at most.
/// - I24: a hold names as many sends as have left.
class RequestedHolds final : public Check {
 public:
  using Check::Check;

  void submitted(ProcessId id, const Work& work) override {
    if (work.kind == WorkKind::hold) lane_of(id, plain::lower(work.interaction)).owed_since = never;
  }
  void request_left(const ExchangeView& view, SteadyTime at) override {
    const ExchangeRecord* const sent = books().exchange(view.number);
    if (sent == nullptr || sent->kind != ExchangeClass::command) return;
    check_body(*sent, view.body);
    Lane& lane = lane_of(view.process, sent->interaction);
    if (sent->holds) {
      check_hold(view.number, *sent, lane);
      lane.own.push_back(view.number);
      // Releases that were asked for behind it have left before it, since the network is made of several connections.
      if (std::any_of(lane.all.begin(), lane.all.end(), [&](std::uint64_t each) { return !exchange(each).holds && each > view.number; }))
        lane.overtaken.insert(view.number);
    } else {
      for (const std::uint64_t each : lane.own)
        if (exchange(each).under_way) lane.overtaken.insert(each);
    }
    lane.owed_since = never;
    std::erase_if(lane.all, [&](std::uint64_t each) {
      return !exchange(each).under_way && at > after(exchange(each).left_at, seconds{90});
    });
    lane.all.push_back(view.number);
  }
  void exchange_ended(const ExchangeView& view, const HttpResponse* response, const TransportError*, SteadyTime at) override {
    if (response != nullptr && (response->status == 429 || response->status == 503))
      if (const auto field = response->headers.find("Retry-After")) {
        SteadyTime& until = kept_off_.try_emplace(key(view.process), SteadyTime::min()).first->second;
        until = std::max(until, after(at, plain::longest_wait(*field)));
      }
    const ExchangeRecord* const sent = books().exchange(view.number);
    if (sent == nullptr || sent->kind != ExchangeClass::command || !sent->holds) return;
    Lane& lane = lane_of(view.process, sent->interaction);
    if (lane.overtaken.erase(view.number) == 0 || (!sent->accepted() && !sent->doubtful)) return;
    if (!hold_is_open(view.process, sent->interaction, true)) lane.owed_since = at, lane.owed_for = view.number, next_owed_ = at;
  }
  void applied(const AppliedOperation& operation, const Cloud&, SteadyTime) override {
    const ExchangeRecord* const by = books().applied_by();
    if (by == nullptr || !operation.changed || !by->holds) return;
    if (by->changes > by->arrivals) broken(*by, "I3", "a hold was done more often than it arrived");
    const auto forbidden = forbidden_.find(by);
    if (forbidden != forbidden_.end() && by->arrivals == 1)
      if (const WorkRecord* const record = books().work(forbidden->second))
        Check::broken("I4", *record, "reported as not applied, and applied afterwards");
    const auto work = claimed_.find(by);
    if (work == claimed_.end()) return;
    int changed = 0;
    for (const auto& [each, number] : claimed_) changed += number == work->second && each->changes != 0 ? 1 : 0;
    if (changed > 1) broken(*by, "I3", "two requests of one hold were done");
  }
  void journaled(ProcessId id, const JournalView& view, SteadyTime) override {
    std::set<std::string, std::less<>>& open = intents_[std::pair(id.number, plain::lower(view.interaction))];
    if (view.kind == JournalView::Kind::intent) open.emplace(view.id);
    if (view.kind == JournalView::Kind::terminal) open.erase(std::string(view.id));
  }
  void ended(ProcessId id, const Work& work, const WorkEnd& end) override {
    const WorkRecord* const record = books().work(work.number);
    const ProcessRecord* const process = books().process(id);
    if (!books().wire().holds_by_request() || work.kind == WorkKind::transition || record == nullptr || process == nullptr ||
        record->ends > 1)
      return;
    Lane& lane = lane_of(id, plain::lower(work.interaction));
    const bool hold = work.kind == WorkKind::hold;
    std::vector<std::uint64_t> mine;
    if (hold) {
      if (end.attempts != 0 || !hold_is_open(id, plain::lower(work.interaction), false)) mine.swap(lane.own);
      if (static_cast<std::size_t>(end.attempts) < mine.size())
        Check::broken("I24", *record,
                      "says that it was sent " + std::to_string(end.attempts) + " times, and it left " + std::to_string(mine.size()) + " times");
      for (const std::uint64_t each : mine) claimed_.emplace(&exchange(each), work.number);
    } else {
      for (const std::uint64_t each : lane.all)
        if (!exchange(each).holds && exchange(each).left_at >= work.at) mine.push_back(each);
    }
    if (!end.failed) return check_success(*process, *record, mine, lane);
    switch (end.outcome) {
      case Outcome::applied: return Check::broken("I4", *record, "an error says applied");
      case Outcome::unknown:
        if (end.attempts == 0 && end.code != ErrorCode::internal) Check::broken("I4", *record, "the outcome is unknown, and nothing was sent");
        return;
      case Outcome::not_applied: break;
    }
    // Of several releases at once it is not known whose requests these are.
    if (!hold && (static_cast<std::size_t>(end.attempts) != mine.size() || !alone(*process, *record))) return;
    for (const std::uint64_t each : mine) {
      const ExchangeRecord& request = exchange(each);
      forbidden_.emplace(&request, work.number);
      if (request.arrivals > 1) continue;  // one copy may have been refused, and another done
      if (request.changes != 0)
        Check::broken("I4", *record, "reported as not applied (" + std::string(to_string(end.code)) + "), and it was");
      else if (request.accepted() || request.doubtful || request.under_way)
        Check::broken("I4", *record, "reported as not applied, and a request of it was accepted, or is in doubt");
    }
  }
  void crashed(ProcessId id, SteadyTime) override { forget(id); }  // one that is closed ends its works yet
  void after_event(SteadyTime at) override {
    if (at <= next_owed_) return;
    next_owed_ = never;
    for (auto& [place, lane] : lanes_) {
      if (lane.owed_since == never) continue;
      const ProcessRecord* const process = books().process(ProcessId(place.first.first, place.first.second));
      const Truth* const truth = books().truth(place.second);
      const bool served = process != nullptr && process->view != nullptr && process->view->on_loop();
      const ExchangeRecord& hold = exchange(lane.owed_for);
      if (!served || truth == nullptr || truth->party_over || !truth->held || hold.changes == 0 || hold.arrivals > 1) continue;
      SteadyTime due = lane.owed_since;
      if (const auto kept = kept_off_.find(place.first); kept != kept_off_.end()) due = std::max(due, kept->second);
      due = books().latest(due, 2 * process->view->settings().hold.repeat_every + seconds{60});
      if (at > due) {
        broken(hold, "I6", "a release overtook this hold on its way, and was not sent again");
        lane.owed_since = never;
      } else {
        next_owed_ = std::min(next_owed_, due);
      }
    }
  }

 private:
  class Lane {
   public:
    std::vector<std::uint64_t> own;  ///< Requests of the hold whose turn it is.
    std::vector<std::uint64_t> all;  ///< Requests of holds and releases that left lately.
    std::set<std::uint64_t> overtaken;
    SteadyTime owed_since = never;   ///< Since then a release is to leave again,
    std::uint64_t owed_for = 0;      ///< behind this hold.
    std::uint64_t last_release = 0;  ///< The order of the last release that has ended well, among all works.
    std::uint64_t release_request = 0;  ///< The number of its first request.
  };
  [[nodiscard]] static std::pair<int, int> key(ProcessId id) noexcept { return {id.number, id.incarnation}; }
  Lane& lane_of(ProcessId id, const std::string& interaction) { return lanes_[std::pair(key(id), interaction)]; }
  [[nodiscard]] const ExchangeRecord& exchange(std::uint64_t number) const { return *books().exchange(number); }
  void forget(ProcessId id) {
    std::erase_if(lanes_, [&](const auto& each) { return each.first.first == key(id); });
  }
  void broken(const ExchangeRecord& request, std::string_view invariant, std::string text) const {
    Check::broken(invariant, request.process, std::move(text)).interaction = request.interaction;
  }
  /// Whether a hold of the interaction is under way; or only those that were asked for behind all releases.
  [[nodiscard]] bool hold_is_open(ProcessId id, const std::string& interaction, bool last) const {
    const ProcessRecord* const process = books().process(id);
    bool open = false;
    if (process == nullptr) return false;
    for (const std::uint64_t number : process->works) {
      const WorkRecord* const record = books().work(number);
      if (record == nullptr || record->work.kind == WorkKind::transition || plain::lower(record->work.interaction) != interaction) continue;
      if (record->work.kind == WorkKind::hold) {
        open = open || record->ends == 0;
      } else if (last) {
        open = false;
      }
    }
    return open;
  }
  /// Whether no other release of the interaction, of a caller or of the door itself, was under way with this one.
  [[nodiscard]] bool alone(const ProcessRecord& process, const WorkRecord& record) const {
    if (process.view == nullptr || process.view->settings().hold.limit == HoldLimit::release) return false;
    const std::string interaction = plain::lower(record.work.interaction);
    return std::none_of(process.works.begin(), process.works.end(), [&](std::uint64_t number) {
      const WorkRecord* const other = books().work(number);
      return other != nullptr && other != &record && other->work.kind != WorkKind::transition &&
             plain::lower(other->work.interaction) == interaction && other->work.at <= record.end.at &&
             (other->ends == 0 || other->end.at >= record.work.at);
    });
  }
  void check_body(const ExchangeRecord& sent, std::string_view body) const {
    bool fine = !plain::JsonScan::member(body, "held").empty(), other = false;
    plain::JsonScan::members(body, [&](std::string_view name, std::string_view raw) {
      fine = fine && (raw == "true" || raw == "false");
      other = other || (name != "held" && !(name == "confined" && sent.holds));
    });
    if (!fine || other) broken(sent, "I18", "a hold or a release says something else than that");
  }
  void check_hold(std::uint64_t number, const ExchangeRecord& sent, const Lane& lane) const {
    if (!hold_is_open(sent.process, sent.interaction, false)) broken(sent, "I3", "a hold left that nobody asks for");
    for (const std::uint64_t each : lane.own)
      if (exchange(each).under_way || exchange(each).doubtful || exchange(each).accepted())
        broken(sent, "I3", "a hold left again although an earlier request of it may have been done");
    for (const std::uint64_t each : lane.all)
      if (exchange(each).under_way && (exchange(each).holds || each < number))
        broken(sent, "I6", "a hold left while another request on the interaction was under way");
    const ProcessRecord* const process = books().process(sent.process);
    if (process == nullptr || process->view == nullptr || !process->view->settings().journal) return;
    const auto open = intents_.find(std::pair(sent.process.number, sent.interaction));
    if (open == intents_.end() || open->second.empty()) broken(sent, "I16", "a hold left before its intent was durable");
  }
  void check_success(const ProcessRecord& process, const WorkRecord& record, const std::vector<std::uint64_t>& mine, Lane& lane) {
    const Work& work = record.work;
    const bool wanted = work.kind == WorkKind::hold;
    SteadyTime from = never;
    std::uint64_t first = UINT64_MAX;  // nothing of it has left
    bool accepted = false, possible = false;
    for (const std::uint64_t each : mine) {
      const ExchangeRecord& request = exchange(each);
      from = std::min(from, request.left_at);
      first = std::min(first, each);
      accepted = accepted || request.accepted();
      // One that was refused for its token may have had a copy that came while the token lived: then a reading decides.
      possible = possible || request.accepted() || request.doubtful || (request.status == 401 && record.end.by_state);
    }
    if (record.end.already_held) {
      if (record.end.attempts != 0 || !mine.empty()) Check::broken("I4", record, "said to be on hold already, and a request was sent");
      from = work.at;
    } else if (mine.empty() && record.end.by_state && record.end.attempts != 0) {
      from = work.at;  // its exchange was ended before its first byte left, which nobody could know
    } else if (mine.empty()) {
      return Check::broken("I12", record, "succeeded, and nothing was sent");
    } else if (!possible) {
      return Check::broken("I12", record, "succeeded, although every request of it was refused");
    }
    bool by_reading = false, by_event = false, late = false;
    const std::string interaction = plain::lower(work.interaction);
    for (const ShownHold& each : process.shown) {
      if (each.interaction != interaction || each.held != wanted) continue;
      // A moment lies between the door's sending and the first byte, in which an event may come.
      if (after(each.at, each.event ? Books::moment : Duration::zero()) < from) continue;
      (each.event ? by_event : by_reading) = true;
      late = late || each.late || each.event;
    }
    if (record.end.already_held || record.end.by_state) {
      if (!by_reading) Check::broken("I12", record, "succeeded by a state that no reading has shown");
    } else if (!by_event || !accepted) {
      Check::broken("I12", record, by_event ? "succeeded by an event, and nothing of it was accepted" : "succeeded, and no event has shown it");
    }
    const Truth* const truth = books().truth(interaction);
    if (!late && truth != nullptr && !truth->was_held(wanted, from, record.end.at))
      Check::broken("I4", record, "succeeded, and the cloud did not have the wanted state");
    if (record.end.already_held) return;
    if (!wanted) {
      if (record.order > lane.last_release) lane.last_release = record.order, lane.release_request = first;
    } else if (record.order < lane.last_release && first != UINT64_MAX && first > lane.release_request) {
      Check::broken("I6", record, "a hold left behind a release that was asked for later");
    }
  }

  std::map<std::pair<std::pair<int, int>, std::string>, Lane> lanes_;
  std::map<const ExchangeRecord*, std::uint64_t> claimed_;    // the works of holds' requests
  std::map<const ExchangeRecord*, std::uint64_t> forbidden_;  // requests that must not be done, by their work
  std::map<std::pair<int, std::string>, std::set<std::string, std::less<>>> intents_;  // durable, without an end
  std::map<std::pair<int, int>, SteadyTime> kept_off_;  // until when servers have asked to wait
  SteadyTime next_owed_ = never;
};

/// I14 of releases that travel as requests: none is refused for a limit of time (unless the settings choose that), a breaker,
/// a journal or want of room; and none ends unsent, having been given more than `R`, without any attempt of its process,
/// since it was submitted until `R` later, to get a token or to read the interaction, nor one that was under way then. `R` is
/// what the journal may keep it back, half a second and a tick, which counts anew from what a server asked to wait.
class RequestedReleases final : public Check {
 public:
  using Check::Check;

  void request_left(const ExchangeView& view, SteadyTime at) override { last_[key(view.process)] = at; }
  void exchange_ended(const ExchangeView& view, const HttpResponse* response, const TransportError* fault, SteadyTime at) override {
    if (fault != nullptr && fault->fault == TransportFault::queue_full) crowded_[key(view.process)] = at;
    SteadyTime& last = last_.try_emplace(key(view.process), at).first->second;
    last = std::max(last, at);
    if (response == nullptr || (response->status != 429 && response->status != 503)) return;
    const auto field = response->headers.find("Retry-After");
    const ProcessRecord* const process = books().process(view.process);
    if (!field || process == nullptr || process->view == nullptr) return;
    // Whatever leaves meanwhile: a token may be had all the same. Who asks for longer than the cap refuses at once.
    SteadyTime& closed = closed_.try_emplace(key(view.process), at).first->second;
    closed = std::max(closed, after(at, std::min<Duration>(plain::longest_wait(*field), process->view->settings().retry_after_cap)));
  }
  void ended(ProcessId id, const Work& work, const WorkEnd& end) override {
    const WorkRecord* const record = books().work(work.number);
    const ProcessRecord* const process = books().process(id);
    if (!books().wire().holds_by_request() || work.kind != WorkKind::unhold || record == nullptr || process == nullptr ||
        process->view == nullptr || !end.failed || end.attempts != 0)
      return;
    const Settings& settings = process->view->settings();
    switch (end.code) {
      case ErrorCode::hold_limit:
        if (settings.hold.limit != HoldLimit::reject_late_unhold) broken("I14", *record, "a release was refused for being late");
        return;
      case ErrorCode::circuit_open:
      case ErrorCode::journal_failed:
      case ErrorCode::unrecovered: return broken("I14", *record, "a release was refused: " + std::string(to_string(end.code)));
      case ErrorCode::queue_full:
        // A transport may say so as well.
        if (process->open < settings.hold.max_commands && crowded_[key(id)] < work.at)
          broken("I14", *record, "a release found no room");
        return;
      case ErrorCode::rate_limited:
      case ErrorCode::deadline_exceeded:
      case ErrorCode::not_connected: break;
      default: return;
    }
    const Duration patience = settings.journaling.release_wait + milliseconds{500} + process->view->tick();
    const auto last = last_.find(key(id));
    SteadyTime begun = last == last_.end() ? work.at : std::max(work.at, last->second);
    if (const auto closed = closed_.find(key(id)); closed != closed_.end()) begun = std::max(begun, closed->second);
    if (process->view->exchanges() == 0 && begun <= work.at && end.at > books().latest(work.at, patience))
      broken("I14", *record, "a release ended unsent, and nothing was done for it");
  }

 private:
  [[nodiscard]] static std::pair<int, int> key(ProcessId id) noexcept { return {id.number, id.incarnation}; }
  std::map<std::pair<int, int>, SteadyTime> crowded_;  // when a transport had no room
  std::map<std::pair<int, int>, SteadyTime> last_;    // when something left or came
  std::map<std::pair<int, int>, SteadyTime> closed_;  // until when servers have asked to wait, of those that are waited for
};

}  // namespace patchbay::testing::simulation
