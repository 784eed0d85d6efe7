// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <memory>
#include <stop_token>
#include <type_traits>
#include <utility>
#include <vector>

#include <patchbay/hold_controller.hpp>
#include <patchbay/state_transitioner.hpp>
#include <patchbay/testing/simulation/life.hpp>
#include <patchbay/testing/simulation/surroundings.hpp>

// The two kinds of processes: one for each kind of door.
namespace patchbay::testing::simulation {

/// A client's own policies, which a simulation gives its doors beside the simulated transport and clock.
///
/// A retry policy with a member `int max_attempts`, as `AttemptsLimited` has, promises no more attempts of each cause, and
/// invariant I8 holds it to that. Of one without it nobody knows how often is too often: deadlines and the retry budget
/// alone bound it.
///
/// The dialect is a type alone: how its doors are set up is drawn with their cloud (`Surroundings`).
template <class Retry = DefaultRetry, class Log = NullLogger, class Variables = DefaultSchema, class D = cloud::Interactions>
class ClientPolicies {
 public:
  using dialect_type = D;
  using retry_type = Retry;
  using logger_type = Log;
  using schema_type = Variables;

  [[no_unique_address]] Retry retry{};
  [[no_unique_address]] Log logger{};
  [[no_unique_address]] Variables schema{};
};

namespace detail {

/// How many attempts of each cause a retry policy allows, if it says so.
template <class Retry>
[[nodiscard]] int most_attempts(const Retry& retry) noexcept {
  if constexpr (requires { int{retry.max_attempts}; }) return retry.max_attempts;
  return 0;
}

}  // namespace detail

/// A process with its two doors, of whichever kind the network makes them; without the one for holds where the dialect's
/// are not simulated.
template <class Network, class Client>
class DoorsLife : public Life {
 public:
  [[nodiscard]] int max_attempts() const final { return max_attempts_; }
  [[nodiscard]] std::vector<HeldInteraction> held() const final { return holds_ ? holds_->held() : std::vector<HeldInteraction>{}; }
  [[nodiscard]] ChannelState channel_state() const final { return holds_ ? holds_->state() : ChannelState::closed; }
  [[nodiscard]] TransitionMetricsSnapshot transition_metrics() const final {
    return transitions_ ? transitions_->metrics() : TransitionMetricsSnapshot{};
  }
  [[nodiscard]] HoldMetricsSnapshot hold_metrics() const final { return holds_ ? holds_->metrics() : HoldMetricsSnapshot{}; }

 protected:
  using Dialect = typename Client::dialect_type;
  using Around = Surroundings<Dialect>;
  static constexpr bool has_holds = Around::has_holds;

  /// Whoever derives from this calls `attach` when it is whole: those who watch may ask it anything from then on.
  DoorsLife(Scene& scene, Serving& serving, ProcessId process, const SimulationOptions& options, ProcessDisk* disk, const Client& client,
            const Around& around)
      : Life(scene, serving, process, options, disk), log_random_(caller_.bits()), max_attempts_(detail::most_attempts(client.retry)) {
    const Network network(*link_, serving), holds_network(*link_, serving, true);
    const ProcessClock clock(*link_);
    const Shown logger(*link_, log_shown(), client.logger, log_random_);
    transitions_ =
        std::make_unique<Transitions>(typename Transitions::policies_type{network, clock, client.retry, logger, client.schema, around.dialect()}, settings_);
    if constexpr (has_holds) {
      holds_ = std::make_unique<Holds>(typename Holds::policies_type{holds_network, clock, client.retry, logger, {}, around.hold_dialect()}, settings_);
      listen(*holds_);
    }
  }
  /// Of a schema that the simulation does not know, the variables are the client's business.
  [[nodiscard]] TransitionRequest request_for(const Work& work) const {
    return Life::request_for(work, std::is_same_v<typename Client::schema_type, DefaultSchema>);
  }

 private:
  using Shown = ShownLogger<typename Client::logger_type>;
  using Transitions =
      StateTransitioner<Network, ProcessClock, typename Client::retry_type, Shown, typename Client::schema_type, typename Client::dialect_type>;
  using Holds = HoldController<Network, ProcessClock, typename Client::retry_type, Shown, DefaultSchema, typename Client::dialect_type>;

  void destroy_doors() final {
    transitions_.reset();
    holds_.reset();
  }

  Stream log_random_;
  int max_attempts_;

 protected:
  std::unique_ptr<Transitions> transitions_;
  std::unique_ptr<Holds> holds_;
};

/// A process whose doors live on an event loop.
template <class Client>
class LoopLife final : public DoorsLife<LoopNetwork, Client> {
  using Base = DoorsLife<LoopNetwork, Client>;
  using typename Life::Under;
  using Base::holds_, Base::request_for, Base::transitions_;
  using Life::alive, Life::ended, Life::hold_for, Life::journaled, Life::under_way_, Life::unhold_for;

 public:
  LoopLife(Scene& scene, Serving& serving, ProcessId process, const SimulationOptions& options, ProcessDisk* disk, const Client& client,
           const Surroundings<typename Client::dialect_type>& around)
      : Base(scene, serving, process, options, disk, client, around) {
    this->attach();
  }

  [[nodiscard]] bool on_loop() const override { return true; }
  void recover(Duration budget) override {
    if (!alive() || !journaled()) return;
    if (holds_) holds_->start_recover(budget, [](const Result<RecoveryReport>&) {});
    transitions_->start_recover(budget, [](const Result<RecoveryReport>&) {});
  }

 private:
  void begin(const Work& work) override {
    const std::uint64_t number = work.number;
    OperationHandle handle;
    switch (work.kind) {
      case WorkKind::transition:
        handle = transitions_->start_transition(request_for(work), [this, number](const Result<TransitionResult>& result) { ended(number, result); });
        break;
      case WorkKind::hold:
        handle = holds_->start_hold(hold_for(work), [this, number](const Result<HoldResult>& result) { ended(number, result); });
        break;
      case WorkKind::unhold:
        handle = holds_->start_unhold(unhold_for(work), [this, number](const Result<HoldResult>& result) { ended(number, result); });
        break;
    }
    if (const auto found = under_way_.find(number); found != under_way_.end()) found->second.handle = handle;
  }
  void begin_all(const std::vector<Work>& works) override {
    std::vector<TransitionRequest> requests;
    std::vector<std::uint64_t> numbers;
    for (const Work& each : works) requests.push_back(request_for(each)), numbers.push_back(each.number);
    BulkSettings how;
    if (works.front().bulk % 2 == 0) how.coalesce();
    how.progress([this, numbers](const BulkProgress& progress) { ended(numbers[progress.index], progress.item->result); });
    const OperationHandle handle = transitions_->start_transition_all(std::move(requests), how, [](const BulkResult&) {});
    for (const std::uint64_t number : numbers)
      if (const auto found = under_way_.find(number); found != under_way_.end()) found->second.handle = handle;
  }
  void cancel_now(Under& under) override { under.handle.cancel(); }
};

/// A process whose doors block: while one of its calls is under way, the simulation goes on within it.
template <class Client>
class BlockingLife final : public DoorsLife<BlockingNetwork, Client> {
  using Base = DoorsLife<BlockingNetwork, Client>;
  using typename Life::Under;
  using Base::holds_, Base::request_for, Base::transitions_;
  using Life::alive, Life::ended, Life::hold_for, Life::journaled, Life::under_way_, Life::unhold_for;

 public:
  BlockingLife(Scene& scene, Serving& serving, ProcessId process, const SimulationOptions& options, ProcessDisk* disk, const Client& client,
           const Surroundings<typename Client::dialect_type>& around)
      : Base(scene, serving, process, options, disk, client, around) {
    this->attach();
  }

  [[nodiscard]] bool on_loop() const override { return false; }
  [[nodiscard]] bool served() const override { return pumping_ && this->link_->write_ended != never; }
  void recover(Duration budget) override {
    if (!alive() || !journaled()) return;
    Busy busy(*this);
    if (holds_) static_cast<void>(holds_->recover(budget));
    if (alive()) static_cast<void>(transitions_->recover(budget));
    if (alive()) static_cast<void>(transitions_->deliver_webhooks(budget));
  }
  void pump(SteadyTime until) override {
    if (!alive()) return;
    Busy busy(*this);
    // Who has no channel to serve waits.
    if (!holds_) return this->link_->block([] { return false; }, until);
    pumping_ = true;
    holds_->pump(until);
    pumping_ = false;
  }

 private:
  /// While a call is under way; a process that crashed within it is buried behind it.
  class Busy {
   public:
    explicit Busy(BlockingLife& life) noexcept : life_(&life) { ++life.busy_; }
    Busy(const Busy&) = delete;
    Busy& operator=(const Busy&) = delete;
    ~Busy() {
      if (--life_->busy_ == 0 && life_->link_->dead) life_->bury();
    }

   private:
    BlockingLife* life_;
  };

  void begin(const Work& work) override {
    const std::stop_token stop = under_way_[work.number].stop.get_token();
    Busy busy(*this);
    switch (work.kind) {
      case WorkKind::transition: return ended(work.number, transitions_->transition(request_for(work).stop(stop)));
      case WorkKind::hold: return ended(work.number, holds_->hold(hold_for(work).stop(stop)));
      case WorkKind::unhold: return ended(work.number, holds_->unhold(unhold_for(work).stop(stop)));
    }
  }
  void begin_all(const std::vector<Work>& works) override {
    Busy busy(*this);
    std::vector<TransitionRequest> requests;
    for (const Work& each : works) requests.push_back(request_for(each));
    BulkSettings how;
    how.stop(under_way_[works.front().number].stop.get_token());
    if (works.front().bulk % 2 == 0) how.coalesce();
    how.progress([&](const BulkProgress& progress) { ended(works[progress.index].number, progress.item->result); });
    static_cast<void>(transitions_->transition_all(requests, how));
  }
  void cancel_now(Under& under) override { under.stop.request_stop(); }

  bool pumping_ = false;  ///< Somebody serves the channel for as long as it takes.
};

}  // namespace patchbay::testing::simulation
