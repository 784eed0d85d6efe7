// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // max, min
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <patchbay/testing/simulation/invariants/breach.hpp>
#include <patchbay/testing/simulation/witness.hpp>

// Invariants that compare two runs of one seed.
namespace patchbay::testing::simulation {

/// What must be the same in two runs that differ only in what must not matter: every step that others can see, without
/// the labels of the wall clock. Give it to both runs as a witness.
class CourseRecord final : public Witness {
 public:
  void submitted(ProcessId id, const Work& work) override { add("submitted", id, work.at, work.number); }
  void ended(ProcessId id, const Work& work, const WorkEnd& end) override {
    std::string& line = add("ended", id, end.at, work.number);
    line.append(end.failed ? to_string(end.code) : "applied").append(" ").append(to_string(end.outcome));
    line.append(" ")
        .append(std::to_string(end.attempts))
        .append(end.already_held ? " held already" : "")
        .append(end.by_state ? " by state" : "");
  }
  void limit_told(ProcessId id, const HoldLimitEvent& event, SteadyTime at) override {
    add("limit", id, at, static_cast<std::uint64_t>(event.repetition))
        .append(to_string(event.kind))
        .append(" ")
        .append(event.interaction);
  }
  void channel_told(ProcessId id, const ChannelStateEvent& event, SteadyTime at) override {
    add("channel", id, at, static_cast<std::uint64_t>(event.close_code)).append(to_string(event.state));
  }
  void request_left(const ExchangeView& view, SteadyTime at) override {
    // Where the cloud makes the channel, and dates holds, it says by the wall clock when that ends, and since when those last.
    const bool dated = view.by_holds && (view.target.find("/notifications/") != std::string_view::npos ||
                                         view.target.find("/conversations/") != std::string_view::npos);
    if (dated && !timed_by_wall_) timed_by_wall_ = true, untimed_ = lines_.size();
    add("request", view.process, at, view.number)
        .append(view.method)
        .append(" ")
        .append(view.target.substr(0, view.target.find('?')));
  }
  void frame_left(ProcessId id, std::uint64_t channel, std::string_view frame, SteadyTime at) override {
    add("frame", id, at, channel).append(frame);
  }
  void applied(const AppliedOperation& operation, const Cloud&, SteadyTime at) override {
    add("applied", ProcessId{}, at, operation.version)
        .append(to_string(operation.kind))
        .append(" ")
        .append(operation.interaction)
        .append(" ")
        .append(operation.id);
  }

  void attached(ProcessId id, const ProcessView& view, SteadyTime) override { views_[key(id)] = &view; }
  void crashed(ProcessId id, SteadyTime) override { views_.erase(key(id)); }
  void closed(ProcessId id, SteadyTime) override { views_.erase(key(id)); }
  void after_event(SteadyTime) override {
    for (const auto& [id, view] : views_)
      timed_by_wall_ = timed_by_wall_ || view->hold_metrics()[HoldCount::holds_rebuilt] != 0;
    if (!timed_by_wall_) untimed_ = lines_.size();
  }

  [[nodiscard]] const std::vector<std::string>& lines() const noexcept { return lines_; }
  /// How many of the lines are older than the first hold that a process has watched again by what its journal says. Since
  /// when that hold lasts is a time of the wall clock there, of another life and perhaps of another machine; so its
  /// watchdog's times, and what they set off, rightly follow that clock. On the real platform they are older than the first
  /// request of a door for holds, to which the cloud says by the wall clock since when others hold, and until when its channel
  /// lives.
  [[nodiscard]] std::size_t untimed() const noexcept { return timed_by_wall_ ? untimed_ : lines_.size(); }

 private:
  [[nodiscard]] static std::pair<int, int> key(ProcessId id) noexcept { return {id.number, id.incarnation}; }
  std::string& add(std::string_view what, ProcessId id, SteadyTime at, std::uint64_t number) {
    std::string& line = lines_.emplace_back(what);
    line.append(" ").append(std::to_string(id.number)).append(".").append(std::to_string(id.incarnation)).append(" ");
    line.append(std::to_string(at.time_since_epoch().count())).append(" ").append(std::to_string(number)).append(" ");
    return line;
  }
  std::vector<std::string> lines_;
  std::map<std::pair<int, int>, const ProcessView*> views_;
  std::size_t untimed_ = 0;
  bool timed_by_wall_ = false;
};

/// Compares two runs of one seed; tells `judge` of the first difference. `invariant` is
///
/// - `I22` for a run with `wall_jump` and `wall_stall` and one without, as far as `CourseRecord::untimed`;
///   `odd_retry_after` must be in neither, since a date in a Retry-After is rightly read on the wall clock where an
///   answer has no `Date`;
/// - `I25` for a run with `throwing` and one without;
/// - `I26` for the same twice, of which the traces' hashes must be equal as well.
inline bool compare_courses(std::string_view invariant, const CourseRecord& a, const CourseRecord& b, Judge& judge) {
  const std::vector<std::string>&one = a.lines(), &other = b.lines();
  std::size_t end = std::max(one.size(), other.size());
  if (invariant == "I22" && (a.untimed() != one.size() || b.untimed() != other.size()))
    end = std::min(a.untimed(), b.untimed());
  for (std::size_t i = 0; i < end; ++i) {
    if (i < one.size() && i < other.size() && one[i] == other[i]) continue;
    const std::string_view left = i < one.size() ? std::string_view(one[i]) : "nothing",
                           right = i < other.size() ? std::string_view(other[i]) : "nothing";
    judge.broken(invariant, ProcessId{}, SteadyTime{},
                 std::string("two runs differ at step ")
                     .append(std::to_string(i))
                     .append(": \"")
                     .append(left)
                     .append("\" and \"")
                     .append(right)
                     .append("\""));
    return false;
  }
  return true;
}

/// I26 for the traces' hashes of two runs of one seed.
inline bool compare_hashes(std::uint64_t a, std::uint64_t b, Judge& judge) {
  if (a == b) return true;
  judge.broken("I26", ProcessId{}, SteadyTime{},
               "two runs of one seed have the hashes " + std::to_string(a) + " and " + std::to_string(b));
  return false;
}

}  // namespace patchbay::testing::simulation
