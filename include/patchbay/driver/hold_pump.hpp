// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // find_if, max, min
#include <array>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <patchbay/driver/blocking.hpp>
#include <patchbay/driver/hold_teller.hpp>
#include <patchbay/protocol/channel_open.hpp>
#include <patchbay/protocol/hold_command.hpp>

namespace patchbay {

/// Pumps a door's hold session over a blocking transport: carries its actions out, one after the other, and reports.
///
/// Threads that wait are leader and followers: one of them owns the channel and serves it for all, until its own wait is
/// over; then another takes its place. The channel is used by the leader alone, apart from `interrupt`, by which others
/// make it look up. No lock is held while the transport or user code runs.
class HoldPump final : public WaitServer {
 public:
  HoldPump(detail::AnyBlockingPolicies& policies, HoldContext& context, RandomSource& random)
      : policies_(&policies), context_(&context), hub_(context.hub), random_(&random), opening_(policies, random), teller_(policies, context) {}
  HoldPump(const HoldPump&) = delete;
  HoldPump& operator=(const HoldPump&) = delete;

  void connect_to(Endpoint endpoint, std::string target) { address_.emplace(std::move(endpoint), std::move(target)); }

  void wait(const WaitEffect& effect) override {
    serve(effect.deadline, [&] { return effect.waiter->woken(); });
    // The door may be closed, and nothing left to serve, before whoever is waited for is done.
    while (!effect.waiter->woken() && now() < effect.deadline)
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
    want();
    std::optional<Error> error;
    ChannelState state = ChannelState::idle;
    serve(until, [&] {
      const ChannelMachine& channel = hub_->session().channel();
      state = channel.state();
      error = channel.error();
      return state == ChannelState::open || state == ChannelState::refused || state == ChannelState::closed;
    });
    if (state == ChannelState::open) return {};
    if (state == ChannelState::closed) return fail(ErrorCode::closed, "the door is closed");
    if (state == ChannelState::refused && error) return fail(*error);
    Error late(ErrorCode::not_connected, "the hold channel did not open in time" + (error ? ": " + error->message() : std::string{}));
    if (error) late.set_http_status(error->http_status()).set_retry_after(error->retry_after());
    return fail(std::move(late));
  }
  Result<void> close(SteadyTime until) {
    hub_->with([](HoldSession& session) { session.close(); });
    wake_up();
    std::size_t left = 0;
    serve(until, [&] { return (left = hub_->session().table().pending()) == 0; });
    std::unique_lock lock(hub_->mutex());
    left = hub_->session().table().pending();
    close_by_ = std::max(until, after(now(), milliseconds{250}));
    hub_->session().finish();
    hub_->complete();
    // The leader, if there is one, has nothing left to wait for; it goes as soon as it looks up. One that the transport does
    // not let look up in time ends the connection when it does.
    while (led_ && now() < close_by_) {
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
      carry_out_all(lock, close_by_);
      collect();
    } else {
      collect();
    }
    deliver(lock);
    if (left == 0) return {};
    return fail(ErrorCode::outcome_unknown, std::to_string(left) + " commands were still under way when the door was closed");
  }

  /// Serves the channel on this thread, or waits while another does, until `done` (called under the lock) or `until`.
  template <class Done>
  void serve(SteadyTime until, Done&& done) {
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
        lead(lock, until, done);
      }
      deliver(lock);
    }
  }

 private:
  static constexpr milliseconds slice{5};
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
  void lead(Lock& lock, SteadyTime until, Done&& done) {
    HoldSession& session = hub_->session();
    // What came while nobody served is read before anything is judged or sent: it may be the end of the connection.
    if (channel_ && now() - listened_at_ > milliseconds{100})
      for (std::size_t i = 0; i < burst && channel_ && (receive(lock, now()) || event_.kind == ChannelEvent::Kind::interrupted); ++i) {}
    while (!done() && !over()) {
      session.tick(now(), random_unit());
      hub_->complete();
      release_what_is_due();
      carry_out_all(lock, until);
      collect();
      if (done() || now() >= until || (!delivering_ && has_news())) return;
      const SteadyTime wake = std::min(session.next_deadline(), until);
      if (channel_) {
        receive(lock, wake);
      } else {
        lock.unlock();
        // In slices: others may ask for the channel, or stop us.
        guarded([&] { policies_->sleep_until(std::min(wake, after(now(), milliseconds{10}))); });
        lock.lock();
      }
    }
  }

  /// Reads one event, by `deadline`. Whether anything came.
  bool receive(Lock& lock, SteadyTime deadline) {
    HoldSession& session = hub_->session();
    const std::uint64_t epoch = session.channel().epoch();
    lock.unlock();
    if (!guarded([&] { channel_->receive(event_, deadline); })) {
      event_.kind = ChannelEvent::Kind::closed;
      event_.close_code = 1006;
    }
    lock.lock();
    listened_at_ = now();
    bool received = true;
    switch (event_.kind) {
      case ChannelEvent::Kind::idle:
      case ChannelEvent::Kind::interrupted: received = false; break;
      case ChannelEvent::Kind::text: session.text(epoch, event_.payload, listened_at_); break;
      case ChannelEvent::Kind::binary: session.binary(epoch, event_.payload, listened_at_); break;
      case ChannelEvent::Kind::ping:
      case ChannelEvent::Kind::pong: session.alive(epoch, listened_at_); break;
      case ChannelEvent::Kind::closed:
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
        case HoldAction::Kind::ping: send(lock, action, until); break;
        case HoldAction::Kind::close: {
          const SteadyTime deadline = close_by_;  // the leader's own may be never
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
  void send(Lock& lock, const HoldAction& action, SteadyTime until) {
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
    if (sent) return hub_->session().sent(action.epoch);
    hub_->session().send_failed(action.epoch, delivery, now(), random_unit());
  }
  void connect(Lock& lock, std::uint64_t epoch, SteadyTime until) {
    const HoldSettings& settings = context_->settings->hold;
    const bool fresh_token = hub_->session().channel().needs_fresh_token();
    lock.unlock();
    const SteadyTime begun = now();
    const SteadyTime limit = std::min(after(begun, settings.connect_timeout), until);
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
    if (failure && now() >= until && until < after(begun, settings.connect_timeout)) failure->kind = OpenFailure::Kind::abandoned;
    if (failure) {
      opening_.log(Level::warn, "channel.open", {{"ok", false}, {"error", to_string(failure->error.code())}, {"status", failure->error.http_status()}});
    } else {
      opening_.log(Level::info, "channel.open", {{"ok", true}, {"ms", to_milliseconds(now() - begun)}});
    }
    lock.lock();
    if (failure) return hub_->session().open_failed(epoch, std::move(*failure), now(), random_unit());
    {
      const std::lock_guard channel_lock(channel_mutex_);
      channel_ = std::move(opened);
    }
    listened_at_ = now();
    hub_->session().opened(epoch, listened_at_);
  }
  std::optional<OpenFailure> open(bool fresh_token, SteadyTime limit, ChannelOwner& out) {
    const Gateway& gateway = *context_->api;
    if (fresh_token && token_generation_ != 0) {
      gateway.tokens->invalidate(token_generation_);
      context_->replayed();
    }
    const auto authorized = opening_.run(authorize(opening_, gateway, fresh_token ? token_generation_ : 0));
    if (!authorized) return token_failure(authorized.error());
    token_generation_ = opening_.token_generation;
    const ChannelUpgrade upgrade(*address_, opening_.authorization, context_->settings->hold);
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
    if (error) return upgrade_failure(*error, opening_.response, opening_.wall_now());
    return std::nullopt;
  }
  void let_go() noexcept {
    ChannelOwner dead;
    {
      const std::lock_guard lock(channel_mutex_);
      dead = std::move(channel_);
    }
  }

  // What is told outside the lock.

  [[nodiscard]] static std::size_t bytes_of(const HoldNotice& notice) noexcept {
    const ChannelMessage* const message = std::get_if<ChannelMessage>(&notice);
    return message ? message->payload.size() : 0;
  }
  [[nodiscard]] bool has_news() const noexcept { return !outbox_.empty() || !finished_.empty(); }
  void collect() {
    HoldSession& session = hub_->session();
    for (HoldNotice& notice : session.notices()) {
      outbox_bytes_ += bytes_of(notice);
      outbox_.push_back(std::move(notice));
    }
    session.notices().clear();
    session.notices_taken();
    while (outbox_.size() > HoldSession::max_notices || outbox_bytes_ > HoldSession::max_notice_bytes) {
      // A flood of messages does not drown what the watchdog says.
      auto oldest = std::find_if(outbox_.begin(), outbox_.end(), [](const HoldNotice& each) { return std::holds_alternative<ChannelMessage>(each); });
      if (oldest == outbox_.end()) oldest = outbox_.begin();
      outbox_bytes_ -= bytes_of(*oldest);
      outbox_.erase(oldest);
      context_->metrics->count(HoldCount::callback_failures);
    }
    for (HoldCall* const call : hub_->ended()) {
      const auto at = std::find_if(own_.begin(), own_.end(), [&](const auto& each) { return &each->job.call == call; });
      finished_.push_back(std::move(*at));
      own_.erase(at);
    }
    hub_->ended().clear();
  }
  /// One thread at a time tells, in order; what comes meanwhile is told by it.
  void deliver(Lock& lock) {
    if (std::exchange(delivering_, true)) return;
    while (has_news()) {
      if (!outbox_.empty()) {
        outbox_bytes_ -= bytes_of(outbox_.front());
        const HoldNotice notice = std::move(outbox_.front());
        outbox_.pop_front();
        lock.unlock();
        guarded([&] { std::visit([this](const auto& what) { teller_.tell(what); }, notice); });
      } else {
        const std::unique_ptr<OwnRelease> release = std::move(finished_.front());
        finished_.pop_front();
        lock.unlock();
        guarded([&] { teller_.tell(*release); });
      }
      lock.lock();
    }
    delivering_ = false;
  }
  /// Queues the releases that the watchdog asks for, each with an id of its own.
  void release_what_is_due() {
    HoldSession& session = hub_->session();
    if (session.releases_due().empty()) return;
    const HoldSettings& settings = context_->settings->hold;
    for (std::string& interaction : session.releases_due()) {
      auto own = std::make_unique<OwnRelease>();
      own->started = now();
      HoldJob& job = own->job;
      job.verb = HoldVerb::unhold;
      job.interaction = interaction;
      job.priority = settings.release_priority;
      std::string id, frame, members;
      random_->uuid(id);
      JsonWriter(members).member("interactionId", std::string_view(interaction)).member("priority", settings.release_priority);
      HoldDialect::encode_command(frame, HoldVerb::unhold, id, members);
      job.call = HoldCall(HoldVerb::unhold, std::move(id), std::move(interaction), std::move(frame), after(own->started, settings.repeat_every));
      context_->metrics->count(HoldCount::submitted);
      context_->metrics->count(HoldCount::unholds);
      own_.push_back(std::move(own));
      HoldCall& call = own_.back()->job.call;
      session.submit(call, now());
      if (call.end != CallEnd::pending) hub_->ended().push_back(&call);
    }
    session.releases_due().clear();
    hub_->complete();
  }

  detail::AnyBlockingPolicies* policies_;
  HoldContext* context_;
  HoldHub* hub_;
  RandomSource* random_;
  BlockingOperation opening_;  ///< The leader's, for connecting.
  HoldTeller teller_;
  std::optional<ChannelAddress> address_;
  std::uint64_t token_generation_ = 0;  ///< Of the last connection's token.

  // Under the hub's lock.
  std::condition_variable turn_;
  bool led_ = false;
  bool delivering_ = false;
  SteadyTime close_by_{};  ///< When the closing handshake is to be over.
  std::deque<HoldNotice> outbox_;
  std::size_t outbox_bytes_ = 0;  ///< Of the messages in it.
  std::deque<std::unique_ptr<OwnRelease>> finished_;
  std::vector<std::unique_ptr<OwnRelease>> own_;

  // The leader's.
  std::atomic<std::thread::id> leader_{};
  std::mutex channel_mutex_;  ///< Taken last. Held to change `channel_`, and by others to interrupt it.
  ChannelOwner channel_;
  ChannelEvent event_;
  SteadyTime listened_at_{};
};

}  // namespace patchbay
