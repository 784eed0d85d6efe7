// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include <patchbay/config.hpp>
#include <patchbay/driver/any_loop.hpp>
#include <patchbay/driver/mailbox.hpp>
#include <patchbay/driver/operation_handle.hpp>
#include <patchbay/protocol/operation.hpp>
#include <patchbay/random_source.hpp>

namespace patchbay::detail {

class CompletionOperation;
class CompletionPool;

/// What an operation on an event loop is for: its protocol, and what is done with the result. Belongs to the operation.
class CompletionJob {
 public:
  virtual ~CompletionJob() = default;
  /// Prepares the operation and runs its protocol to the first effect or to the end; may throw.
  virtual void start(Operation& operation) = 0;
  /// Whether the protocol has ended, or was never made.
  [[nodiscard]] virtual bool done() const noexcept = 0;
  /// Takes the result out of the protocol and ends the operation's books. `calm` is false when `start` threw.
  virtual void settle(Operation& operation, bool calm) noexcept = 0;
  /// Calls the client's handler with the result. The operation is gone by then.
  virtual void deliver() noexcept = 0;
};

/// The driver for event loops: carries a protocol's effects out by beginning them, and resumes it when they have ended.
///
/// Completions, wake-ups and cancellation may come from several threads at once; the mailbox lets one at a time handle
/// them. What was begun is waited for, whatever happens meanwhile, since it refers to the operation. Kept by the pool, and
/// used again.
class CompletionOperation final : public Operation, public Cancellable {
 public:
  CompletionOperation(AnyLoop& loop, RandomSource& random, CompletionPool& pool)
      : loop_(&loop), random_(&random), pool_(&pool) {}
  PATCHBAY_DECL ~CompletionOperation() override;

  /// Runs `job`; its handler is called later, on the loop. `owner` keeps everything that operations refer to.
  PATCHBAY_DECL void launch(std::unique_ptr<CompletionJob> job, std::shared_ptr<void> owner) noexcept;
  /// From any thread, while the operation is under way.
  void request_cancel() noexcept override { signal(cancelled); }
  /// What can cancel the operation, also before it is launched; asked once, before that.
  [[nodiscard]] PATCHBAY_DECL OperationHandle handle();
  /// The loop is being destroyed: ends the operation without a word, as soon as nothing refers to it. May be called again.
  PATCHBAY_DECL void abandon() noexcept;

  RetryAnswer decide_retry(const RetryQuestion& question) override { return loop_->decide(question); }
  std::uint64_t random_bits() override { return random_->bits(); }
  PATCHBAY_DECL bool log_enabled(Level level) const override;
  PATCHBAY_DECL void log_event(Level level, const Event& event) noexcept override;
  void wake_up() noexcept override { signal(woken); }

 private:
  friend class CompletionPool;
  enum : Mailbox::Signals { started = 1, exchanged = 2, woken = 4, cancelled = 8, finished = 16, first_alarm = 32 };
  static constexpr std::size_t max_alarms = 24;

  // One timer and the end of its wait. Asio's way of cancelling lets a wait end later, so that another may be needed before.
  // Each has a signal of its own: who tells of an end must not touch the operation once another could have taken note of it.
  class Alarm final : public Receiver<void> {
   public:
    Alarm(CompletionOperation& operation_in, Mailbox::Signals signal_in) noexcept : operation(&operation_in), signal(signal_in) {}
    PATCHBAY_DECL void complete() noexcept override;
    PATCHBAY_DECL void abandoned() noexcept override;

    CompletionOperation* operation;
    Mailbox::Signals signal;
    std::unique_ptr<AnyTimer> timer;
    std::atomic<bool> dropped{false};  ///< Nobody waits for it any more.
    bool setting = false;  ///< The timer is being called.
    bool under_way = false;
  };
  class Exchange final : public Receiver<TransportResult<void>> {
   public:
    explicit Exchange(CompletionOperation& operation_in) noexcept : operation(&operation_in) {}
    PATCHBAY_DECL void complete(TransportResult<void> result) noexcept override;
    PATCHBAY_DECL void abandoned() noexcept override;

    CompletionOperation* operation;
    HttpEffect* effect = nullptr;
    ExchangeId id = 0;
    bool beginning = false;  ///< The transport is being called.
    bool under_way = false;
  };
  class Work final : public Receiver<void> {
   public:
    explicit Work(CompletionOperation& operation_in) noexcept : operation(&operation_in) {}
    PATCHBAY_DECL void complete() noexcept override;
    PATCHBAY_DECL void abandoned() noexcept override;

    CompletionOperation* operation;
  };

  SteadyTime read_steady_clock() override { return loop_->steady_now(); }
  WallTime read_wall_clock() override { return loop_->wall_now(); }

  PATCHBAY_DECL void signal(Mailbox::Signals signals) noexcept;
  PATCHBAY_DECL void ended(Mailbox::Signals signals) noexcept;
  PATCHBAY_DECL void loop_gone() noexcept;
  PATCHBAY_DECL void handle_all() noexcept;
  PATCHBAY_DECL void post() noexcept;
  /// False when the operation has ended, and may be gone.
  PATCHBAY_DECL bool on_signals(Mailbox::Signals signals) noexcept;
  PATCHBAY_DECL bool take_ends(Mailbox::Signals signals) noexcept;
  PATCHBAY_DECL bool cancel_wait() noexcept;
  PATCHBAY_DECL bool run_on(bool resume) noexcept;
  PATCHBAY_DECL bool carry_out() noexcept;
  PATCHBAY_DECL bool set_alarm(SteadyTime when) noexcept;
  PATCHBAY_DECL void drop_alarm() noexcept;
  PATCHBAY_DECL bool deliver() noexcept;
  PATCHBAY_DECL void retire() noexcept;
  [[nodiscard]] bool quiet() const noexcept { return !exchange_.under_way && waits_under_way_ == 0; }

  AnyLoop* loop_;
  RandomSource* random_;
  CompletionPool* pool_;
  Mailbox mailbox_;
  std::unique_ptr<CompletionJob> job_;
  std::shared_ptr<void> owner_;
  std::shared_ptr<CancelSwitch> switch_;
  Exchange exchange_{*this};
  Work work_{*this};
  std::vector<std::unique_ptr<Alarm>> alarms_;
  Alarm* alarm_ = nullptr;  ///< Of the present wait.
  std::size_t waits_under_way_ = 0;
  PendingEffect waiting_for_;
  bool posted_ = false;         ///< The loop is to see to the mailbox.
  bool inside_launch_ = false;  ///< On the client's thread, where its handler must not be called.
  bool calm_ = true;

  // The pool's.
  CompletionOperation* next_ = nullptr;
  CompletionOperation* previous_ = nullptr;
  bool listed_ = false;
};

/// The operations of one door on an event loop. Those that have ended are used again, so that a warm door allocates little;
/// none of them keeps the memory of a huge answer. Thread-safe.
class CompletionPool {
 public:
  CompletionPool(AnyLoop& loop, RandomSource& random) noexcept : loop_(&loop), random_(&random) {}
  CompletionPool(const CompletionPool&) = delete;
  CompletionPool& operator=(const CompletionPool&) = delete;
  PATCHBAY_DECL ~CompletionPool();

  /// An operation that goes back to the pool unless it is launched.
  class Lease {
   public:
    explicit Lease(CompletionOperation& operation) noexcept : operation_(&operation) {}
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    ~Lease() {
      if (operation_) operation_->retire();
    }
    CompletionOperation& operator*() const noexcept { return *operation_; }
    CompletionOperation* operator->() const noexcept { return operation_; }
    void launch(std::unique_ptr<CompletionJob> job, std::shared_ptr<void> owner) noexcept {
      std::exchange(operation_, nullptr)->launch(std::move(job), std::move(owner));
    }

   private:
    CompletionOperation* operation_;
  };
  [[nodiscard]] PATCHBAY_DECL Lease take();
  /// Asks all operations to end soon, and those that are launched later as well.
  PATCHBAY_DECL void cancel_all() noexcept;
  /// The loop is being destroyed, by one thread: ends all operations without a word.
  PATCHBAY_DECL void tear_down() noexcept;
  [[nodiscard]] bool torn_down() const noexcept { return torn_down_.load(std::memory_order_relaxed); }

 private:
  friend class CompletionOperation;
  static constexpr std::size_t max_idle = 256;

  /// Counts an operation as under way; whether it is to end soon.
  [[nodiscard]] PATCHBAY_DECL bool list(CompletionOperation& operation) noexcept;
  PATCHBAY_DECL void give_back(CompletionOperation& operation) noexcept;

  AnyLoop* loop_;
  RandomSource* random_;
  std::atomic<bool> torn_down_{false};
  std::mutex mutex_;
  CompletionOperation* first_ = nullptr;  ///< Of those in flight.
  bool ending_ = false;
  std::vector<std::unique_ptr<CompletionOperation>> idle_;
};

}  // namespace patchbay::detail

#if !defined(PATCHBAY_SEPARATE_COMPILATION)
#include <patchbay/driver/impl/completion_operation.ipp>
#endif
