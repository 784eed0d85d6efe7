// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // max, min
#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include <patchbay/config.hpp>
#include <patchbay/driver/blocking.hpp>
#include <patchbay/driver/hold_outbox.hpp>
#include <patchbay/protocol/channel_lease.hpp>
#include <patchbay/protocol/hold_command.hpp>

namespace patchbay {

/// Pumps a door's hold session over a blocking transport: carries its actions out, one after the other, and reports.
///
/// Threads that wait are leader and followers: one of them owns the channel and serves it for all, until its own wait is
/// over; then another takes its place. The channel is used by the leader alone, apart from `interrupt`, by which others
/// make it look up. No lock is held while the transport or user code runs.
class HoldPump final : public WaitServer {
 public:
  HoldPump(detail::AnyBlockingPolicies& policies, HoldContext& context, RandomSource& random, OperationPool& pool)
      : policies_(&policies),
        context_(&context),
        hub_(context.hub),
        random_(&random),
        pool_(&pool),
        opening_(policies, random),
        outbox_(policies, context, random) {}
  ~HoldPump() { outbox_.stop_waiting(); }  // while those are still there whom the journal would wake
  HoldPump(const HoldPump&) = delete;
  HoldPump& operator=(const HoldPump&) = delete;

  /// Where the channel is, for dialects that know; before anything else.
  void connect_to(const ChannelAddress& address) { lease_ = ChannelLease(address); }

  void wait(const WaitEffect& effect, const std::stop_token& stop) override {
    const auto over = [&] { return effect.waiter->woken() || stop.stop_requested(); };
    serve(effect.deadline, over, Duration::zero());  // an operation keeps its own deadline (invariant I7)
    // The door may be closed, and nothing left to serve, before whoever is waited for is done.
    while (!over() && now() < effect.deadline)
      guarded([&] { policies_->sleep_until(std::min(effect.deadline, after(now(), milliseconds{10}))); });
  }
  /// Makes the leader and those who wait behind it look up: there is something to send, or somebody's wait may be over.
  /// From any thread.
  void wake_up() noexcept override {
    // This changes `leader_`, if only from nobody to nobody, as whoever takes the lead does. So the two have an order: either
    // the leader is seen here, or it sees what this call is about before it waits.
    std::thread::id leader{};
    if (!leader_.compare_exchange_strong(leader, std::thread::id{}) && leader != std::this_thread::get_id()) {
      const std::lock_guard lock(channel_mutex_);
      if (channel_) channel_->interrupt();
    }
    turn_.notify_all();
  }

  void want() {
    hub_->with([&](HoldSession& session) { session.want(now()); });
    wake_up();
  }
  Result<void> ready(SteadyTime until) {
    if (const auto nothing = hub_->with([](HoldSession& session) { return readiness_without_channel(session); })) return *nothing;
    want();
    std::optional<Error> error;
    ChannelState state = ChannelState::idle;
    serve(until, [&] {
      const ChannelMachine& channel = hub_->session().channel();
      state = channel.state();
      error = channel.error();
      return state == ChannelState::open || state == ChannelState::refused || state == ChannelState::closed;
    });
    return readiness(state, error);
  }
  Result<void> close(SteadyTime until) {
    hub_->with([](HoldSession& session) { session.close(); });
    wake_up();
    std::size_t left = 0;
    // A release that is owed is sent while there is time for it, and no longer than that.
    serve(until, [&] { return (left = hub_->session().unfinished()) == 0; }, Duration::zero());
    std::unique_lock lock(hub_->mutex());
    left = hub_->session().unfinished();
    hub_->close_by = std::max(until, after(now(), milliseconds{250}));
    hub_->session().finish();
    hub_->complete();
    // The leader, if there is one, has nothing left to wait for; it goes as soon as it looks up. One that the transport does
    // not let look up in time ends the connection when it does.
    while (led_ && now() < hub_->close_by) {
      lock.unlock();
      wake_up();
      lock.lock();
      if (led_) turn_.wait_for(lock, slice);
    }
    const bool leading = !led_;
    if (leading) {
      led_ = true;
      leader_ = std::this_thread::get_id();
      const Leading mine(*this, lock);
      carry_out_all(lock, hub_->close_by);
      outbox_.collect();
    } else {
      outbox_.collect();
    }
    outbox_.deliver(lock);
    return closing_result(left);
  }

  /// Serves the channel on this thread, or waits while another does, until `done` (called under the lock) or `until`. What the
  /// door owes by itself has `errand_time` at least, or a client that serves in small slices would never release anything.
  template <class Done>
  void serve(SteadyTime until, Done&& done, Duration errand_time = milliseconds{250}) {
    std::unique_lock lock(hub_->mutex());
    while (!done() && !over() && now() < until) {
      if (led_) {
        turn_.wait_for(lock, slice);  // short, since time is the policy's, which need not be the machine's
        continue;
      }
      led_ = true;
      leader_.exchange(std::this_thread::get_id());
      {
        const Leading leading(*this, lock);
        lead(lock, until, errand_time, done);
      }
      outbox_.deliver(lock);
      if (!done()) run_errand(lock, until, errand_time);
    }
  }

 private:
  static constexpr milliseconds slice{5};
  static constexpr milliseconds shortest_errand{250};
  static constexpr std::size_t burst = 64;
  using Lock = std::unique_lock<std::mutex>;
  using ChannelOwner = std::unique_ptr<detail::AnyChannel>;

  [[nodiscard]] SteadyTime now() { return policies_->steady_now(); }
  [[nodiscard]] double random_unit() { return static_cast<double>(random_->bits() >> 11) * 0x1p-53; }
  [[nodiscard]] bool over() { return hub_->session().channel().state() == ChannelState::closed && !channel_; }
  /// Gives the lead back, also when memory ran out or a clock threw under way: others wait for it.
  class Leading {
   public:
    Leading(HoldPump& pump, Lock& lock) noexcept : pump_(&pump), lock_(&lock) {}
    Leading(const Leading&) = delete;
    Leading& operator=(const Leading&) = delete;
    ~Leading() {
      if (!lock_->owns_lock()) lock_->lock();
      pump_->step_down();
    }

   private:
    HoldPump* pump_;
    Lock* lock_;
  };
  void step_down() noexcept {
    leader_ = std::thread::id{};
    led_ = false;
    turn_.notify_all();
  }

  template <class Done>
  void lead(Lock& lock, SteadyTime until, Duration errand_time, Done&& done) {
    HoldSession& session = hub_->session();
    // What came while nobody served is read before anything is judged or sent: it may be the end of the connection.
    if (channel_ && now() - listened_at_ > milliseconds{100})
      for (std::size_t i = 0; i < burst && channel_ && (receive(lock, now()) || event_.kind == ChannelEvent::Kind::interrupted); ++i) {}
    while (!done() && !over()) {
      session.tick(now(), random_unit());
      hub_->complete();
      outbox_.release_what_is_due(now());
      outbox_.collect();
      // Without a channel the next action may be to connect, which takes its time: a release is not kept waiting for that,
      // but every other time, or a client with many of them would never connect.
      if (!channel_ && !errand_was_last_ && release_may_run(until, errand_time)) return;
      // The same of what the watchdog says (invariant I15). With a channel, releases go first (I14).
      if (!channel_ && !outbox_.delivering() && outbox_.has_news()) return;
      carry_out_all(lock, until);
      errand_was_last_ = false;
      outbox_.collect();
      if (release_may_run(until, errand_time) || look_may_run(until, errand_time)) return;
      if (done() || now() >= until || (!outbox_.delivering() && outbox_.has_news())) return;
      SteadyTime wake = std::min({session.next_deadline(), outbox_.next_deadline(), until});
      const bool looks = outbox_.owes_looks() && errand_time > Duration::zero() && !errands_run_;
      const SteadyTime event = session.next_deadline();
      if (looks && outbox_.looks_from() > now()) wake = std::min(wake, outbox_.looks_from());
      if (channel_) {
        receive(lock, wake);
      } else {
        lock.unlock();
        // In slices: others may ask for the channel, or stop us.
        guarded([&] { policies_->sleep_until(std::min(wake, after(now(), milliseconds{10}))); });
        lock.lock();
      }
      look_is_late_ = look_is_late_ || (looks && now() >= event);
    }
  }

  /// Reads one event, by `deadline`. Whether anything came. The end of a connection that is `replaced` is no news.
  bool receive(Lock& lock, SteadyTime deadline, bool replaced = false) {
    HoldSession& session = hub_->session();
    const std::uint64_t epoch = session.channel().epoch();
    lock.unlock();
    const bool dated = context_->dialect->path() == HoldPath::request;  // where the cloud says since when it holds
    WallTime wall{};
    const bool calm = guarded([&] {
      channel_->receive(event_, deadline);
      if (dated) wall = policies_->wall_now();
    });
    if (!calm) {
      event_.kind = ChannelEvent::Kind::closed;
      event_.close_code = 1006;
    }
    lock.lock();
    listened_at_ = now();
    bool received = true;
    switch (event_.kind) {
      case ChannelEvent::Kind::idle:
      case ChannelEvent::Kind::interrupted: received = false; break;
      case ChannelEvent::Kind::text: session.text(epoch, event_.payload, listened_at_, wall, dated ? random_unit() : 0.5); break;
      case ChannelEvent::Kind::binary: session.binary(epoch, event_.payload, listened_at_); break;
      case ChannelEvent::Kind::ping:
      case ChannelEvent::Kind::pong: session.alive(epoch, listened_at_); break;
      case ChannelEvent::Kind::closed:
        if (replaced) return false;
        session.closed(epoch, event_.close_code, listened_at_, random_unit());
        let_go();
        break;
    }
    hub_->complete();
    return received;
  }

  void carry_out_all(Lock& lock, SteadyTime until) {
    HoldSession& session = hub_->session();
    for (;;) {
      const HoldAction action = session.next(now());
      switch (action.kind) {
        case HoldAction::Kind::none: hub_->complete(); return;
        case HoldAction::Kind::connect: connect(lock, action.epoch, until); break;
        case HoldAction::Kind::send:
        case HoldAction::Kind::ping:
          // One frame is finished beyond the leader's deadline, and no other begun.
          if (send(lock, action, until) && now() >= until) return hub_->complete();
          break;
        case HoldAction::Kind::close: {
          const SteadyTime deadline = hub_->close_by;  // the leader's own may be never
          lock.unlock();
          guarded([&] {
            if (channel_) channel_->close(1000, deadline);
          });
          lock.lock();
          let_go();
          break;
        }
        case HoldAction::Kind::drop: let_go(); break;
      }
      hub_->complete();
    }
  }
  /// Whether it was sent.
  bool send(Lock& lock, const HoldAction& action, SteadyTime until) {
    // At the leader's deadline, but not so soon that a frame of another would be cut for nothing.
    const SteadyTime begun = now();
    const SteadyTime deadline = std::min(after(begun, context_->settings->hold.send_timeout), std::max(until, after(begun, milliseconds{250})));
    bool sent = false;
    Delivery delivery = channel_ ? Delivery::maybe_sent : Delivery::not_sent;  // of a transport that throws: perhaps
    lock.unlock();
    guarded([&] {
      if (!channel_) return;
      const auto result = action.kind == HoldAction::Kind::ping ? channel_->ping(deadline) : channel_->send(action.text, deadline);
      sent = result.has_value();
      if (!sent) delivery = result.error().delivery;
    });
    lock.lock();
    if (sent) {
      hub_->session().sent(action.epoch);
    } else {
      hub_->session().send_failed(action.epoch, delivery, now(), random_unit());
    }
    return sent;
  }
  void connect(Lock& lock, std::uint64_t epoch, SteadyTime until) {
    const HoldSettings& settings = context_->settings->hold;
    const bool fresh_token = hub_->session().channel().needs_fresh_token();
    if (hub_->session().channel().needs_fresh_channel()) lease_.forget();
    const SteadyTime watchdog = hub_->session().registry().next_deadline();
    lock.unlock();
    const SteadyTime begun = now();
    const SteadyTime whole = after(begun, settings.connect_timeout);
    SteadyTime limit = std::min(whole, until);
    // Nobody is told of a limit while this thread connects, so the attempt ends when the watchdog has something to say. Never
    // two in a row: the next has its whole time, or a client with many on hold would never connect.
    const bool shortened = !shortened_ && watchdog < limit;
    if (shortened) limit = watchdog;
    ChannelOwner opened;
    std::optional<OpenFailure> failure;
    const bool calm = guarded([&] {
      opening_.begin({}, limit - begun);
      opening_.observer = context_;
      opening_.must_not_wait = true;  // releases wait for this token (invariant I14)
      failure = open(fresh_token, limit, opened);
    });
    // An attempt that nobody reported would be waited for without end.
    if (!calm) failure.emplace(OpenFailure::Kind::network, Error(ErrorCode::not_connected, "memory ran out"));
    if (failure && now() >= limit && limit < whole) failure->kind = OpenFailure::Kind::abandoned;
    shortened_ = shortened && failure && now() >= limit;
    outbox_.teller().tell_opening(failure ? &failure->error : nullptr, now() - begun);
    lock.lock();
    if (failure) return hub_->session().open_failed(epoch, std::move(*failure), now(), random_unit());
    // What the connection that is replaced has still to say is heard, since nobody says it again.
    for (std::size_t i = 0; i < burst && channel_ && receive(lock, now(), true); ++i) {}
    {
      const std::lock_guard channel_lock(channel_mutex_);
      channel_.swap(opened);
    }
    listened_at_ = now();
    hub_->session().opened(epoch, listened_at_, lease_.renew_at());
    if (!opened) return;
    lock.unlock();
    opened.reset();
    lock.lock();
  }
  std::optional<OpenFailure> open(bool fresh_token, SteadyTime limit, ChannelOwner& out) {
    const Gateway& gateway = *context_->api;
    if (fresh_token && token_generation_ != 0) {
      gateway.tokens->invalidate(token_generation_);
      context_->replayed();
    }
    const auto prepared = opening_.run(prepare_channel(opening_, *context_, fresh_token ? token_generation_ : 0, lease_));
    if (!prepared) return token_failure(prepared.error());
    token_generation_ = opening_.token_generation;
    const std::string_view authorization = lease_.is_made() ? std::string_view{} : std::string_view(opening_.authorization);
    const ChannelUpgrade upgrade(*lease_.address(), authorization, context_->settings->hold);
    opening_.response.clear();
    // Not assigned to a result: tl::expected 1.0 copies then where there are no exceptions.
    std::optional<TransportError> error(std::in_place, TransportFault::reset, Delivery::maybe_sent, "the transport threw");
    guarded([&] {
      auto opened = policies_->open(upgrade.request(), opening_.response, limit);
      if (opened) {
        out = std::move(*opened);
        error.reset();
      } else {
        error = std::move(opened.error());
      }
    });
    if (error) return upgrade_failure(*error, opening_.response, opening_.wall_now(), opening_.authorization, lease_.made().id.reveal());
    return std::nullopt;
  }
  // What the door owes by itself, which whoever serves does for all: one errand at a time, and between any two the channel and
  // the watchdog have their turn, as have those who wait (invariants I14, I15).

  [[nodiscard]] PATCHBAY_DECL bool release_may_run(SteadyTime until, Duration least);
  [[nodiscard]] PATCHBAY_DECL bool look_may_run(SteadyTime until, Duration least);
  PATCHBAY_DECL void run_errand(Lock& lock, SteadyTime until, Duration least);
  void let_go() noexcept {
    ChannelOwner dead;
    {
      const std::lock_guard lock(channel_mutex_);
      dead = std::move(channel_);
    }
  }

  detail::AnyBlockingPolicies* policies_;
  HoldContext* context_;
  HoldHub* hub_;
  RandomSource* random_;
  OperationPool* pool_;
  BlockingOperation opening_;  ///< The leader's, for connecting.
  HoldOutbox outbox_;
  ChannelLease lease_;
  std::uint64_t token_generation_ = 0;  ///< Of the last connection's token.
  bool shortened_ = false;              ///< The last attempt to connect ran out of time, cut for the watchdog.

  // Under the hub's lock.
  std::condition_variable turn_;
  bool led_ = false;
  bool errands_run_ = false;      ///< Somebody carries out what the door owes.
  bool errand_was_last_ = false;  ///< Since then nothing else was carried out.
  bool look_is_late_ = false;     ///< The last reading was cut short, or put off, for the watchdog.

  // The leader's.
  std::atomic<std::thread::id> leader_{};
  std::mutex channel_mutex_;  ///< Taken last. Held to change `channel_`, and by others to interrupt it.
  ChannelOwner channel_;
  ChannelEvent event_;
  SteadyTime listened_at_{};
};

}  // namespace patchbay

#if !defined(PATCHBAY_SEPARATE_COMPILATION)
#include <patchbay/driver/impl/hold_pump_errands.ipp>
#endif
