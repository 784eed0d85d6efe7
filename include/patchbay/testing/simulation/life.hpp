// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <stop_token>
#include <string_view>
#include <utility>
#include <vector>

#include <patchbay/driver/operation_handle.hpp>
#include <patchbay/hold_request.hpp>
#include <patchbay/policy/logger.hpp>
#include <patchbay/testing/simulation/options.hpp>
#include <patchbay/testing/simulation/process_disk.hpp>
#include <patchbay/testing/simulation/setup.hpp>
#include <patchbay/testing/simulation/transports.hpp>
#include <patchbay/testing/simulation/workload.hpp>

namespace patchbay::testing::simulation {

/// Which lines of the log are shown, and to whom.
enum class LogShown : std::uint8_t {
  to_nobody,
  to_onlookers,  ///< Who want it of every run. It belongs to no trace's hash, which must not depend on who looks.
  to_all,        ///< As the seed wills.
};

/// One life of a process, from its start to its crash or its end: two doors and what their client does with them. The doors
/// are the derived classes' business. It is kept until the end of the run, since handlers may still be called.
class Life : public Prop, public ProcessView {
 public:
  /// `disk` is that of a process with a journal.
  Life(Scene& scene, Serving& serving, ProcessId id, const SimulationOptions& options, ProcessDisk* disk)
      : scene_(&scene),
        serving_(&serving),
        options_(&options),
        link_(&scene.keep(std::make_unique<Link>(scene, id))),
        caller_(derive(scene.seed, "caller", static_cast<std::uint64_t>(id.number) << 32 | static_cast<std::uint64_t>(id.incarnation))) {
    draw_settings(scene.seed, id, settings_);
    settings_.audit = std::make_shared<Audit>(*this);
    if (disk && !(settings_.journal = disk->open(*link_))) failed_ = true;
    if (options.logs) log_shown_ = LogShown::to_onlookers;
    if (caller_.chance(64)) log_shown_ = LogShown::to_all;
    if (options.settings) options.settings(id, settings_);
  }

  [[nodiscard]] Link& link() noexcept { return *link_; }
  [[nodiscard]] ProcessId id() const noexcept { return link_->id; }
  [[nodiscard]] bool alive() const noexcept { return !link_->dead && !let_go_; }

  /// Asks for an operation, or for several in one call. On a blocking door they have ended when it returns.
  void submit(std::vector<Work> works) {
    for (Work& each : works) {
      each.at = scene_->now();
      scene_->witnesses.submitted(id(), each);
      Under& under = under_way_[each.number];
      under.work = each;
      if (each.cancel_after != Duration::max()) scene_->in(each.cancel_after, [this, number = each.number] { cancel(number); });
    }
    if (works.size() > 1) return begin_all(works);
    begin(works.front());
  }
  /// Everything in it ends at once, and nobody in it is told. `within` its own code, that returns first, which nobody sees.
  void crash(bool within = false) {
    if (!alive()) return;
    scene_->witnesses.crashed(id(), scene_->now());
    link_->die();
    if (within) {
      ++busy_;
      return scene_->behind([this] {
        if (--busy_ == 0) bury();
      });
    }
    link_->abandon_all();
    if (busy_ != 0) return;  // a blocking call that is under way returns first
    bury();
  }
  /// After a crash, when no call is under way any more.
  void bury() {
    destroy_doors();
    link_->abandon_all();
  }
  [[nodiscard]] bool buried() const noexcept { return link_->dead && busy_ == 0; }
  /// Its client destroys the doors, whatever is under way.
  void let_go() {
    if (!alive() || busy_ != 0) return;
    let_go_ = true;
    scene_->witnesses.closed(id(), scene_->now());
    closing_ = true;
    destroy_doors();
    closing_ = false;
  }
  /// The run is over: what is left of it, if anything is, is abandoned.
  void end() {
    link_->die();
    bury();
  }
  /// Looks after what an earlier life has left open; on a blocking door for at most so long.
  virtual void recover(Duration) {}
  /// Whether it must be started again, since its journal can go on no more.
  [[nodiscard]] bool needs_restart() const { return alive() && settings_.journal && settings_.journal->status().closed_for_good; }
  /// Whether it could not begin.
  [[nodiscard]] bool failed() const noexcept { return failed_; }
  /// Whether it keeps a journal.
  [[nodiscard]] bool journaled() const noexcept { return settings_.journal != nullptr; }
  void flush() const {
    if (settings_.journal) static_cast<void>(settings_.journal->flush());
  }
  /// Whether doors that were let go still write into the journal, so that nobody else may.
  [[nodiscard]] bool holds_journal() const noexcept { return settings_.journal.use_count() > 1; }
  /// Serves the channel until then; nothing on an event loop, which does so by itself.
  virtual void pump(SteadyTime) {}

  // What a process says of itself.
  [[nodiscard]] const Settings& settings() const override { return settings_; }
  [[nodiscard]] Duration tick() const override { return link_->tick; }
  [[nodiscard]] std::size_t pending() const override { return under_way_.size(); }
  [[nodiscard]] std::size_t exchanges() const override { return link_->exchanges; }
  [[nodiscard]] std::size_t channels() const override { return link_->channels; }
  [[nodiscard]] std::pair<SteadyTime, SteadyTime> last_write() const override { return {link_->write_begun, link_->write_ended}; }

  /// Asked for from within the process: `(Work)`. The number and the time are set by whoever takes it.
  std::function<void(Work)> ask;

 protected:
  class Under {
   public:
    Work work;
    OperationHandle handle;
    std::stop_source stop;
  };

  [[nodiscard]] LogShown log_shown() const noexcept { return log_shown_; }
  virtual void begin(const Work& work) = 0;
  virtual void begin_all(const std::vector<Work>& works) = 0;
  virtual void destroy_doors() = 0;
  virtual void cancel_now(Under& under) = 0;

  void attach() {
    scene_->witnesses.started(id(), scene_->now());
    scene_->witnesses.attached(id(), *this, scene_->now());
  }
  [[nodiscard]] TransitionRequest request_for(const Work& work, bool with_variables) const {
    TransitionRequest request(work.interaction, std::string(simulated_flow), work.from, work.to);
    request.deadline(work.budget);
    if (with_variables) {
      request.text("customer_tier", "gold").json("routing_metadata", R"({"note":")" + std::string(canary_value) + "\"}");
      if (work.number % 2 == 0) request.text("requires_supervisor", "true");
    }
    if (options_->request) options_->request(work, request);
    return request;
  }
  [[nodiscard]] HoldRequest hold_for(const Work& work) const {
    return HoldRequest(work.interaction, "consultation", static_cast<int>(work.number % 10)).deadline(work.budget);
  }
  [[nodiscard]] UnholdRequest unhold_for(const Work& work) const {
    return UnholdRequest(work.interaction, static_cast<int>(work.number % 10)).deadline(work.budget);
  }
  /// Whether nobody watches what a handler is told: after a crash, and while a door that blocks is being destroyed, which says
  /// that its channel is closed. Afterwards it must not be called any more (I23).
  [[nodiscard]] bool unheard() const noexcept { return link_->dead || closing_; }
  template <class Door>
  void listen(Door& holds) {
    holds.on_limit([this](const HoldLimitEvent& event) {
      if (unheard()) return;
      scene_->witnesses.limit_told(id(), event, scene_->now());
      if (event.kind == HoldLimitEvent::Kind::escalation && caller_.chance(512)) ask_for(WorkKind::unhold, event.interaction);
      upset();
    });
    holds.on_state([this](const ChannelStateEvent& event) {
      if (unheard()) return;
      scene_->witnesses.channel_told(id(), event, scene_->now());
      upset();
    });
    holds.on_quality([this](const QualityEvent&) { upset(); });
    holds.on_message([this](const ChannelMessage&) { upset(); });
  }

  void ended(std::uint64_t number, const Result<TransitionResult>& result) {
    WorkEnd end;
    if (result) {
      end.attempts = result->attempts, end.id = result->transition_id, end.by_state = result->resolved_by == ResolvedBy::state;
      end.outcome = Outcome::applied;
    }
    conclude(number, end, result ? nullptr : &result.error());
  }
  void ended(std::uint64_t number, const Result<HoldResult>& result) {
    WorkEnd end;
    if (result) {
      end.attempts = result->attempts, end.id = result->correlation_id, end.by_state = result->resolved_by == ResolvedBy::state;
      end.already_held = result->already_held, end.outcome = Outcome::applied;
    }
    conclude(number, end, result ? nullptr : &result.error());
  }

  Scene* scene_;
  Serving* serving_;
  const SimulationOptions* options_;
  Link* link_;
  Stream caller_;  ///< What its client decides on the spot.
  Settings settings_;
  std::map<std::uint64_t, Under> under_way_;
  int busy_ = 0;  ///< Blocking calls under way, and code that a crash has struck.
  bool let_go_ = false, closing_ = false, failed_ = false;

 private:
  LogShown log_shown_ = LogShown::to_nobody;

  class Audit final : public AuditSink {
   public:
    explicit Audit(Life& life) noexcept : life_(&life) {}
    bool write(const AuditRecord& record) override {
      if (life_->link_->dead) return false;
      life_->scene_->witnesses.audited(life_->id(), record);
      life_->upset();
      return true;
    }

   private:
    Life* life_;
  };

  void conclude(std::uint64_t number, WorkEnd& end, const Error* error) {
    if (link_->dead) return;
    const auto found = under_way_.find(number);
    // One that ends twice is shown twice: whoever watches knows that it must not.
    const Work work = found == under_way_.end() ? unknown(number) : found->second.work;
    if (found != under_way_.end()) under_way_.erase(found);
    end.at = scene_->now();
    std::string text;
    if (error) {
      end.failed = true, end.code = error->code(), end.outcome = error->outcome(), end.attempts = error->attempts();
      text = error->describe();
      end.text = text;
    }
    scene_->witnesses.ended(id(), work, end);
    if (!let_go_ && scene_->strikes(Fault::reentrant, caller_)) {
      if (work.kind == WorkKind::hold) ask_for(WorkKind::unhold, work.interaction);
      if (work.kind == WorkKind::unhold && caller_.chance(300)) ask_for(WorkKind::hold, work.interaction);
      if (work.kind == WorkKind::transition && !end.failed) {
        Work next = work;
        next.from = work.to, next.to = work.from;
        ask(next);
      }
    }
  }
  static Work unknown(std::uint64_t number) {
    Work work;
    work.number = number;
    return work;
  }
  void ask_for(WorkKind kind, const std::string& interaction) {
    Work work;
    work.kind = kind;
    work.interaction = interaction;
    work.budget = seconds{10};
    ask(work);
  }
  void cancel(std::uint64_t number) {
    if (!alive()) return;
    const auto found = under_way_.find(number);
    if (found == under_way_.end()) return;
    scene_->witnesses.cancelled(id(), found->second.work);
    scene_->note(Fault::cancel);
    cancel_now(found->second);
  }
  void upset() {
#if defined(__cpp_exceptions)
    if (scene_->strikes(Fault::throwing, caller_)) throw std::runtime_error("thrown by a callback");
#endif
  }
};

/// Shows the log to those who watch, hands it to the client's own logger, and throws now and then, whether anybody watches
/// or not: a run that is looked at more closely takes the same course.
template <class Inner>
class ShownLogger {
 public:
  ShownLogger(Link& link, LogShown shown, Inner inner, Stream& random)
      : link_(&link), random_(&random), shown_(shown), inner_(std::move(inner)) {}

  [[nodiscard]] bool enabled(Level level) const {
    return shown_ != LogShown::to_nobody || link_->scene->mix.has(Fault::throwing) || inner_.enabled(level);
  }
  void log(Level level, const Event& event) {
    if (link_->dead) return;
    if (inner_.enabled(level)) inner_.log(level, event);
    if (shown_ != LogShown::to_nobody) show(event);
#if defined(__cpp_exceptions)
    if (link_->scene->strikes(Fault::throwing, *random_)) throw std::runtime_error("thrown by a logger");
#endif
  }

 private:
  void show(const Event& event) const {
    std::string line(event.name);
    for (const Field& field : event.fields) {
      line.append(" ").append(field.name()).append("=");
      switch (field.kind()) {
        case Field::Kind::text: line.append(field.text()); break;
        case Field::Kind::integer: line.append(std::to_string(field.integer())); break;
        case Field::Kind::real: line.append(std::to_string(static_cast<std::int64_t>(field.real() * 1000))).append("e-3"); break;
        case Field::Kind::boolean: line.append(field.boolean() ? "true" : "false"); break;
      }
    }
    Scene& scene = *link_->scene;
    (shown_ == LogShown::to_all ? scene.witnesses : scene.onlookers).logged(link_->id, line);
  }

  Link* link_;
  Stream* random_;
  LogShown shown_;
  [[no_unique_address]] Inner inner_;
};

}  // namespace patchbay::testing::simulation
