// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include "runner.hpp"

#include <algorithm>  // max, min, sort
#include <cstdio>
#include <utility>

#include <unistd.h>

#include <patchbay/journal/journal.hpp>

#include "journal.hpp"
#include "stop.hpp"

namespace patchbayctl {

namespace {

std::size_t bytes_of(const Job& job) {
  std::size_t out = sizeof(Job) + job.id.size() + job.interaction.size() + job.flow.size() + job.from.size() +
                    job.to.size() + job.reason.size() + job.priority.size() + job.variables.bytes();
  for (const auto* const each : {&job.music, &job.prompt}) out += *each ? (*each)->size() : 0;
  return out;
}

Performed not_begun() {
  Performed out;
  out.error.emplace(patchbay::ErrorCode::cancelled, "the program was asked to stop before this was begun");
  return out;
}

std::string in_ms(patchbay::Duration span) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3g ms", patchbay::to_milliseconds(span));
  return text;
}

}  // namespace

Runner::Runner(const Options& options, const Configuration& configuration, Doors& doors, TransitionLoop& loop,
               Output& output)
    : configuration_(configuration),
      doors_(doors),
      loop_(loop),
      most_(static_cast<std::size_t>(options.in_flight)),
      ordered_(options.ordered),
      shows_progress_(::isatty(STDERR_FILENO) == 1),
      writer_(output, options.ordered),
      started_(std::chrono::steady_clock::now()),
      loop_thread_([this](const std::stop_token& stop) { loop_.run(stop, configuration_.settings.deadline); }) {}

Runner::~Runner() { finish(); }

bool Runner::has_room(const Work& work) const {
  // In order, a line that takes long holds back the results of those behind it, and these are kept.
  if (ordered_ && work.number - writer_.passed() >= 4 * most_) return false;
  if (under_way_ != 0 && bytes_ + work.bytes > max_bytes) return false;
  // With one at a time there is nothing that could go on in place of what is put aside.
  return busy_.contains(work.key) ? aside_ < most_ - 1 : under_way_ < most_;
}

bool Runner::recover() {
  const patchbay::Journal* const journal = configuration_.settings.journal.get();
  if (journal == nullptr ||
      (journal->open_intents().empty() && journal->holds().empty() && journal->deliveries(1).empty()))
    return true;
  int waiting = doors_.holds ? 2 : 1;  // with the lock
  patchbay::RecoveryReport sum;
  const auto take = [&](patchbay::Result<patchbay::RecoveryReport> report) {
    if (!report) std::fprintf(stderr, "patchbayctl: %s\n", report.error().describe().c_str());
    const std::lock_guard lock(mutex_);
    --waiting;
    changed_.notify_all();
    if (!report) return;
    sum.applied += report->applied, sum.not_applied += report->not_applied, sum.given_up += report->given_up;
    sum.holds_rebuilt += report->holds_rebuilt;
    sum.open.insert(sum.open.end(), report->open.begin(), report->open.end());
    sum.unseen.insert(sum.unseen.end(), report->unseen.begin(), report->unseen.end());
  };
  if (doors_.holds) {
    holds().start_recover(take);
  } else if (const std::size_t held = journal->holds().size(); held != 0) {
    std::fprintf(stderr, "patchbayctl: %zu that may be on hold are not watched: %s\n", held,
                 std::string(holds_of_nobody).c_str());
  }
  loop_.start_recover(take);
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return waiting == 0; });
  if (const std::string said = sentence_of(sum); !said.empty()) std::fprintf(stderr, "patchbayctl: %s\n", said.c_str());
  return !stop_asked();
}

bool Runner::pass(std::string line, patchbay::Outcome outcome, int status) {
  writer_.wait_for_room();
  if (stop_asked()) return false;
  std::unique_lock lock(mutex_);
  const std::uint64_t number = submitted_++;
  ++done_;
  ++outcomes_[outcome == patchbay::Outcome::applied ? 0 : outcome == patchbay::Outcome::not_applied ? 1 : 2];
  status_ = std::max(status_, status);
  lock.unlock();
  writer_.add(number, std::move(line));
  return true;
}

bool Runner::submit(Job job) {
  writer_.wait_for_room();
  auto work = std::make_shared<Work>();
  work->job = std::move(job);
  work->key = Recorder::key_of(work->job.interaction);
  work->bytes = bytes_of(work->job);
  {
    std::unique_lock lock(mutex_);
    work->number = submitted_;
    changed_.wait(lock, [&] { return stop_asked() || has_room(*work); });
    if (stop_asked()) return false;
    ++submitted_;
    bytes_ += work->bytes;
    if (const auto busy = busy_.find(work->key); busy != busy_.end()) {
      ++aside_;
      busy->second.push_back(std::move(work));
      return true;
    }
    busy_.emplace(work->key, std::deque<WorkPointer>{});
    ++under_way_;
    show_progress();
  }
  begin(std::move(work));
  return true;
}

// Without a lock; the place under way is the work's. Goes on with what was put aside as long as that ends at once.
void Runner::begin(WorkPointer work) {
  while (work) {
    Performed refused;
    refused.error = doors_.begin(work->job);
    if (refused.error) {
      work = end(work, std::move(refused));
    } else if (work->job.action == Command::transition) {
      patchbay::TransitionRequest request = Doors::transition_of(work->job);
      return loop_.start(std::move(request), [this, work](patchbay::Result<patchbay::TransitionResult> result) {
        settle(work, std::move(result));
      });
    } else {
      return holds().start(
          work->job, [this, work](patchbay::Result<patchbay::HoldResult> result) { settle(work, std::move(result)); });
    }
  }
}

// Reports the work's end; gives what is to begin in its place.
Runner::WorkPointer Runner::end(const WorkPointer& work, Performed performed) {
  doors_.end(work->job, performed);
  report(*work, performed);
  const std::lock_guard lock(mutex_);
  WorkPointer next;
  bytes_ -= work->bytes;
  const auto busy = busy_.find(work->key);
  if (!busy->second.empty() && !stop_asked()) {
    next = std::move(busy->second.front());
    busy->second.pop_front();
    --aside_;
  } else {
    if (busy->second.empty()) busy_.erase(busy);
    --under_way_;
  }
  show_progress();
  changed_.notify_all();
  return next;
}

void Runner::report(const Work& work, const Performed& performed) {
  writer_.add(work.number, result_line(work.job, performed));
  latencies_.record(performed.record.latency);
  const patchbay::Outcome outcome = performed.error ? performed.error->outcome() : patchbay::Outcome::applied;
  const std::lock_guard lock(mutex_);
  ++done_;
  ++outcomes_[outcome == patchbay::Outcome::applied ? 0 : outcome == patchbay::Outcome::not_applied ? 1 : 2];
  status_ = std::max(status_, exit_status(performed));
}

int Runner::finish() {
  if (!loop_thread_.joinable()) return status_;
  std::vector<WorkPointer> left;
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return under_way_ == 0; });
    // Nothing is put aside behind what has ended, unless the end was asked for.
    for (auto& [key, aside] : busy_)
      for (WorkPointer& each : aside) left.push_back(std::move(each));
    busy_.clear();
    aside_ = bytes_ = 0;
    not_begun_ = left.size();
  }
  std::sort(left.begin(), left.end(), [](const WorkPointer& a, const WorkPointer& b) { return a->number < b->number; });
  for (const WorkPointer& each : left) {
    Performed performed = not_begun();
    doors_.end(each->job, performed);
    report(*each, performed);
  }
  if (holds_) {
    standing_ = holds_->standing();
    hold_thread_.request_stop();
    hold_thread_.join();
  }
  loop_thread_.request_stop();
  loop_thread_.join();
  writer_.finish();
  const std::lock_guard lock(mutex_);
  show_progress(true);
  return status_;
}

std::string Runner::summary() const {
  const std::lock_guard lock(mutex_);
  const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - started_;
  const patchbay::LatencySummary times = latencies_.snapshot();
  char text[160];
  std::snprintf(text, sizeof text, "%llu done in %.3g s, %.0f a second: %llu applied, %llu not applied, %llu unknown",
                static_cast<unsigned long long>(done_), spent.count(), static_cast<double>(done_) / spent.count(),
                static_cast<unsigned long long>(outcomes_[0]), static_cast<unsigned long long>(outcomes_[1]),
                static_cast<unsigned long long>(outcomes_[2]));
  std::string out = text;
  if (not_begun_ != 0) out.append(", of which ").append(std::to_string(not_begun_)).append(" were not begun");
  if (times.count != 0) out.append("; p50 ").append(in_ms(times.p50)).append(", p99 ").append(in_ms(times.p99));
  return out;
}

// With the lock.
void Runner::show_progress(bool last) {
  if (!shows_progress_) return;
  const auto now = std::chrono::steady_clock::now();
  if (!last && now < next_progress_) return;
  next_progress_ = now + std::chrono::milliseconds(100);
  std::fprintf(stderr, "\r\x1b[K%llu done, %llu failed, %zu under way%s", static_cast<unsigned long long>(done_),
               static_cast<unsigned long long>(outcomes_[1] + outcomes_[2]), under_way_, last ? "\n" : "");
  std::fflush(stderr);
}

HoldLoop& Runner::holds() {
  const std::lock_guard lock(mutex_);
  if (!holds_) {
    holds_ = make_hold_loop(configuration_);
    hold_thread_ = std::jthread([loop = holds_.get()](const std::stop_token& stop) { loop->run(stop); });
  }
  return *holds_;
}

}  // namespace patchbayctl
