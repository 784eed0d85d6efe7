// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // count_if, find_if
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include <patchbay/config.hpp>
#include <patchbay/driver/any_loop.hpp>
#include <patchbay/driver/completion_operation.hpp>
#include <patchbay/driver/hold_outbox.hpp>
#include <patchbay/driver/mailbox.hpp>
#include <patchbay/protocol/channel_lease.hpp>

namespace patchbay::detail {

/// Pumps a door's hold session on an event loop: begins its actions, and reports them when they have ended.
///
/// From the first call of `wake_up` on, one reading is always under way while the channel is open, one writing at most, and
/// one timer for what the session does next: acknowledgement timeouts, pings, reconnecting and the watchdog need no thread.
/// Events come from several threads; the mailbox lets one at a time handle them. No lock is held while the transport or user
/// code runs. It keeps its door's state alive while anything is under way.
class LoopHoldPump final : public Wakeable {
 public:
  LoopHoldPump(AnyChannelLoop& loop, HoldContext& context, RandomSource& random, CompletionPool& pool)
      : loop_(&loop), context_(&context), hub_(context.hub), random_(&random), pool_(&pool), outbox_(loop, context, random) {}
  LoopHoldPump(const LoopHoldPump&) = delete;
  LoopHoldPump& operator=(const LoopHoldPump&) = delete;
  PATCHBAY_DECL ~LoopHoldPump();

  /// Where the channel is, for dialects that know; `owner` is what the pump is part of. Before anything else.
  void connect_to(const std::optional<ChannelAddress>& address, std::weak_ptr<void> owner) {
    if (address) lease_ = ChannelLease(*address);
    owner_ = std::move(owner);
  }
  /// There is something to do for the session. From any thread; nothing is done within the call.
  PATCHBAY_DECL void wake_up() noexcept override;
  /// Whether anything is under way.
  [[nodiscard]] bool in_use() const noexcept { return in_use_.load(std::memory_order_acquire) && !pool_->torn_down(); }

 private:
  enum : Mailbox::Signals { woken = 1, authorized = 2, opened = 4, received = 8, written = 16, timed = 32, closed = 64 };

  class Work final : public Receiver<void> {
   public:
    explicit Work(LoopHoldPump& pump_in) noexcept : pump(&pump_in) {}
    PATCHBAY_DECL void complete() noexcept override;
    void abandoned() noexcept override { pump->gone(under_way); }

    LoopHoldPump* pump;
    bool under_way = false;
  };
  /// Something that was begun and has no result: its end leaves a signal.
  class End final : public Receiver<void> {
   public:
    End(LoopHoldPump& pump_in, Mailbox::Signals signal_in) noexcept : pump(&pump_in), signal(signal_in) {}
    void complete() noexcept override { pump->ended(signal); }
    PATCHBAY_DECL void abandoned() noexcept override;

    LoopHoldPump* pump;
    Mailbox::Signals signal;
    bool beginning = false;  ///< The transport is being called.
    bool under_way = false;
    bool dropped = false;    ///< It was asked to end, and may be abandoned for that.
  };
  template <class T, Mailbox::Signals signal>
  class ResultEnd final : public Receiver<TransportResult<T>> {
   public:
    explicit ResultEnd(LoopHoldPump& pump_in) noexcept : pump(&pump_in) {}
    void complete(TransportResult<T> ended) noexcept override {
      result.emplace(std::move(ended));
      pump->ended(signal);
    }
    void abandoned() noexcept override {
      if (!beginning) pump->gone(under_way);
    }

    LoopHoldPump* pump;
    std::optional<TransportResult<T>> result;
    bool beginning = false;
    bool under_way = false;
  };
  class PrepareJob;
  class ErrandJob;
  /// What came of getting a token, and a channel where one is made. The job that does writes this, and nobody reads it
  /// before `authorized` is handled.
  class Authorization {
   public:
    bool granted = false;
    std::uint64_t generation = 0;        ///< Of the token.
    std::string header;
    std::optional<ChannelLease> lease;   ///< Missing when the job came to nothing; then the door's own is as it was.
    std::optional<OpenFailure> failure;  ///< Missing when there was no memory for it.
  };
  /// The place of something that the door does by itself.
  class ErrandPlace {
   public:
    [[nodiscard]] bool is_taken() const noexcept { return taken.load(std::memory_order_acquire); }

    std::atomic<bool> taken{false};  ///< Given back on whichever thread the errand ends.
    OperationHandle handle;          ///< Belongs to whoever handles the mailbox.
  };
  using Lock = std::unique_lock<std::mutex>;

  /// Begins something that ends in `end`; false when the transport threw.
  template <class End, class Begin>
  static bool begin(End& end, Begin&& how) noexcept {
    end.beginning = end.under_way = true;
    const bool calm = guarded(how);
    end.beginning = false;
    if (!calm) end.under_way = false;
    return calm;
  }

  PATCHBAY_DECL void ended(Mailbox::Signals signal) noexcept;
  PATCHBAY_DECL void gone(bool& under_way) noexcept;
  PATCHBAY_DECL void post() noexcept;
  PATCHBAY_DECL void handle_all() noexcept;
  PATCHBAY_DECL void on_signals(Mailbox::Signals signals) noexcept;
  PATCHBAY_DECL void before_reports(Mailbox::Signals signals) noexcept;
  PATCHBAY_DECL void take_token() noexcept;
  PATCHBAY_DECL void take_channel() noexcept;
  PATCHBAY_DECL void report(Mailbox::Signals signals) noexcept;
  PATCHBAY_DECL void report_received();
  PATCHBAY_DECL void carry_out(const HoldAction& action, Lock& lock) noexcept;
  PATCHBAY_DECL void connect(bool fresh_token, bool fresh_channel) noexcept;
  PATCHBAY_DECL void run_errands() noexcept;
  PATCHBAY_DECL void drop_looks() noexcept;
  /// How many more of a kind may be under way.
  template <std::size_t places>
  [[nodiscard]] static std::size_t room_in(const std::array<ErrandPlace, places>& all) noexcept {
    const auto taken = std::count_if(all.begin(), all.end(), [](const ErrandPlace& each) { return each.is_taken(); });
    return places - static_cast<std::size_t>(taken);
  }
  template <std::size_t places>
  [[nodiscard]] static ErrandPlace& free_place(std::array<ErrandPlace, places>& all) noexcept {
    return *std::find_if(all.begin(), all.end(), [](const ErrandPlace& each) { return !each.is_taken(); });
  }
  PATCHBAY_DECL void open() noexcept;
  PATCHBAY_DECL void write(const HoldAction& action) noexcept;
  PATCHBAY_DECL void close(SteadyTime by) noexcept;
  PATCHBAY_DECL void let_go() noexcept;
  PATCHBAY_DECL void receive() noexcept;
  PATCHBAY_DECL void set_alarm(SteadyTime when) noexcept;
  [[nodiscard]] bool quiet() const noexcept {
    return !work_.under_way && !authorizing_ && !opening_.under_way && !receiving_.under_way && !writing_.under_way &&
           !closing_.under_way && !alarm_.under_way;
  }

  AnyChannelLoop* loop_;
  HoldContext* context_;
  HoldHub* hub_;
  RandomSource* random_;
  CompletionPool* pool_;
  HoldOutbox outbox_;
  ChannelLease lease_;  ///< Of the last attempt to connect.
  std::weak_ptr<void> owner_;
  Mailbox mailbox_;

  // Whoever handles the mailbox.
  std::shared_ptr<void> keep_;  ///< The owner, while anything is under way.
  std::atomic<bool> in_use_{false};
  Work work_{*this};
  bool starved_ = false;        ///< Memory ran out, and something is to be tried again.
  bool news_ = false;           ///< There is something to tell.
  SteadyTime now_{};            ///< At the last signals.
  WallTime wall_now_{};
  std::array<ErrandPlace, HoldOutbox::max_looks> looks_;
  std::array<ErrandPlace, HoldOutbox::max_releases> releases_;
  double chance_ = 0.5;         ///< The next random number that the session is given.

  std::uint64_t connecting_ = 0;  ///< The epoch that is being opened.
  SteadyTime connect_begun_{}, connect_by_{};
  bool authorizing_ = false;
  OperationHandle authorization_handle_;
  Authorization authorization_;
  std::uint64_t token_generation_ = 0;  ///< Of the last connection's token.
  std::optional<OpenFailure> failure_;
  bool failure_owed_ = false;  ///< The attempt has failed, and there was no memory yet to say so.
  std::optional<ChannelUpgrade> upgrade_;
  std::optional<ChannelRequest> request_;
  HttpResponse refusal_;
  ResultEnd<std::unique_ptr<AnyLoopChannel>, opened> opening_{*this};
  ExchangeId opening_id_ = 0;

  std::unique_ptr<AnyLoopChannel> fresh_, channel_, replaced_;  ///< One that has just been opened; the present one; the last one.
  std::uint64_t epoch_ = 0;  ///< Of the channel.
  ChannelEvent event_;
  End receiving_{*this, received};
  std::uint64_t receiving_epoch_ = 0;
  ResultEnd<void, written> writing_{*this};
  std::uint64_t writing_epoch_ = 0;
  End closing_{*this, closed};

  std::unique_ptr<AnyTimer> timer_;
  End alarm_{*this, timed};
  SteadyTime alarm_at_{};
};

}  // namespace patchbay::detail

#if !defined(PATCHBAY_SEPARATE_COMPILATION)
#include <patchbay/driver/impl/loop_hold_connection.ipp>
#include <patchbay/driver/impl/loop_hold_errands.ipp>
#include <patchbay/driver/impl/loop_hold_pump.ipp>
#endif
