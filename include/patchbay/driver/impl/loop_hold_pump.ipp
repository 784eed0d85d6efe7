// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // find_if, max, min

#include <patchbay/driver/loop_hold_pump.hpp>
#include <patchbay/driver/result_handler.hpp>  // fail_for_lack
#include <patchbay/driver/running_protocol.hpp>

namespace patchbay::detail {

/// Gets the token that the channel is opened with, and the channel where the cloud makes it. An operation of its own, with
/// its own deadline; it waits for nothing but the hosts, since releases may wait for it (invariant I14).
class LoopHoldPump::PrepareJob final : public CompletionJob {
 public:
  PrepareJob(LoopHoldPump& pump, std::uint64_t stale_generation) : pump_(&pump), stale_generation_(stale_generation), lease_(pump.lease_) {}
  PrepareJob(const PrepareJob&) = delete;
  PrepareJob& operator=(const PrepareJob&) = delete;
  ~PrepareJob() override {
    if (!delivered_ && pump_->pool_->torn_down()) pump_->gone(pump_->authorizing_);
  }

  void start(Operation& operation) override {
    protocol_.begin(prepare_channel(operation, *pump_->context_, stale_generation_, lease_));
  }
  [[nodiscard]] bool done() const noexcept override { return protocol_.done(); }
  void settle(Operation& operation, bool calm) noexcept override {
    // The pump's other state belongs to whoever handles its mailbox, perhaps another thread at this moment.
    Authorization& out = pump_->authorization_;
    protocol_.finish([&](const Result<void>& result) {
      out.lease = std::move(lease_);
      if (!result) return void(out.failure.emplace(token_failure(result.error())));
      if (!calm) return;
      out.header.assign(operation.authorization);
      out.generation = operation.token_generation;
      out.granted = true;
    });
  }
  void deliver() noexcept override {
    delivered_ = true;
    pump_->ended(authorized);
  }

 private:
  LoopHoldPump* pump_;
  std::uint64_t stale_generation_;
  ChannelLease lease_;
  bool delivered_ = false;
  RunningProtocol<Result<void>> protocol_;
};

/// What the door does by itself.
class LoopHoldPump::ErrandJob final : public CompletionJob {
 public:
  /// `look` is the place of a reading.
  ErrandJob(LoopHoldPump& pump, std::unique_ptr<HoldErrand> errand, Look* look) noexcept
      : pump_(&pump), errand_(std::move(errand)), look_(look) {
    if (look_) look_->taken.store(true, std::memory_order_relaxed);
  }
  ErrandJob(const ErrandJob&) = delete;
  ErrandJob& operator=(const ErrandJob&) = delete;
  ~ErrandJob() override {
    if (!look_) return;
    look_->taken.store(false, std::memory_order_release);
    pump_->wake_up();  // the next may begin, or the door is closed now
  }
  void prepare(Operation& operation) { errand_->begin(operation, *pump_->context_, *pump_->random_, never); }
  void start(Operation& operation) override { protocol_.begin(errand_->run(operation, *pump_->context_)); }
  [[nodiscard]] bool done() const noexcept override { return protocol_.done(); }
  void settle(Operation& operation, bool calm) noexcept override {
    Result<HoldResult> result;
    const bool taken = protocol_.finish([&](auto ended) { result = std::move(ended); });
    if (!calm || !taken) fail_for_lack(result);
    guarded([&] { errand_->settle(operation, *pump_->context_, result); });
  }
  void deliver() noexcept override { errand_->tell(*pump_->context_); }

 private:
  LoopHoldPump* pump_;
  std::unique_ptr<HoldErrand> errand_;
  Look* look_;
  RunningProtocol<Result<HoldResult>> protocol_;
};

PATCHBAY_DECL LoopHoldPump::~LoopHoldPump() { outbox_.stop_waiting(); }

// What ends comes through these, on a thread of the loop; or, when the loop is destroyed, on the thread that does that.

PATCHBAY_DECL void LoopHoldPump::wake_up() noexcept {
  if (!mailbox_.leave(woken) || pool_->torn_down()) return;
  if (!keep_) {
    keep_ = owner_.lock();
    in_use_.store(true, std::memory_order_release);
  }
  post();
}
/// A loop that has no memory for this ends the program: commands could neither go on nor be reported.
PATCHBAY_DECL void LoopHoldPump::post() noexcept {
  work_.under_way = true;
  loop_->post(Completion<void>(work_));
}
PATCHBAY_DECL void LoopHoldPump::Work::complete() noexcept {
  const std::shared_ptr<void> keep = pump->keep_;
  under_way = false;
  pump->handle_all();
}
PATCHBAY_DECL void LoopHoldPump::ended(Mailbox::Signals signal) noexcept {
  const std::shared_ptr<void> keep = keep_;  // as long as something is under way, nobody changes it
  if (mailbox_.leave(signal)) handle_all();
}
PATCHBAY_DECL void LoopHoldPump::End::abandoned() noexcept {
  if (beginning) return;  // the transport threw
  if (!dropped || pump->pool_->torn_down()) return pump->gone(under_way);
  // Seen to later, since this may be the first that is heard of the loop's end.
  if (pump->mailbox_.leave(signal)) pump->post();
}
/// The loop is being destroyed: ends everything without a word, as soon as nothing refers to it.
PATCHBAY_DECL void LoopHoldPump::gone(bool& under_way) noexcept {
  const std::shared_ptr<void> keep = keep_;
  under_way = false;
  if (!pool_->torn_down()) pool_->tear_down();
  // What has ended already, and waited for somebody to take note.
  static_cast<void>(mailbox_.handle_once([this](Mailbox::Signals signals) {
    if (signals & authorized) authorizing_ = false;
    if (signals & opened) opening_.under_way = false;
    if (signals & received) receiving_.under_way = false;
    if (signals & written) writing_.under_way = false;
    if (signals & closed) closing_.under_way = false;
    if (signals & timed) alarm_.under_way = false;
    return true;
  }));
  opening_.result.reset();
  fresh_.reset();
  channel_.reset();
  replaced_.reset();
  timer_.reset();
  if (quiet()) keep_.reset();
}

PATCHBAY_DECL void LoopHoldPump::handle_all() noexcept {
  bool again = false, news = false;
  mailbox_.handle([&](Mailbox::Signals signals) {
    on_signals(signals);
    again = std::exchange(starved_, false);
    news = std::exchange(news_, false) || news;
    if (quiet() && !again) {
      keep_.reset();  // whoever called this keeps it for now
      in_use_.store(false, std::memory_order_release);
    }
    return true;
  });
  if (again) wake_up();
  if (!news) return;
  Lock lock(hub_->mutex());
  outbox_.deliver(lock);
}

PATCHBAY_DECL void LoopHoldPump::on_signals(Mailbox::Signals signals) noexcept {
  if (pool_->torn_down()) return;
  if (!keep_) {
    keep_ = owner_.lock();
    in_use_.store(true, std::memory_order_release);
  }
  guarded([this] {
    now_ = loop_->steady_now();
    if (context_->dialect->path() == HoldPath::request) wall_now_ = loop_->wall_now();  // which dates holds
  });
  before_reports(signals);
  SteadyTime due = never;
  bool dead = false, closing = false;
  {
    Lock lock(hub_->mutex());
    HoldSession& session = hub_->session();
    if (session.channel().state() != ChannelState::open) chance_ = static_cast<double>(random_->bits() >> 11) * 0x1p-53;
    report(signals);
    const bool calm = guarded([&] {
      if (session.channel().state() != ChannelState::closed) {
        session.tick(now_, chance_);
        hub_->complete();
        outbox_.release_what_is_due(now_);
      }
      for (;;) {
        const HoldAction action = session.next(now_);
        if (action.kind == HoldAction::Kind::none) break;
        carry_out(action, lock);
      }
    });
    starved_ = starved_ || !calm;
    closing = session.closing();
    // Nor is the door gone while it reads.
    hub_->connected = channel_ || authorizing_ || opening_.under_way || closing_.under_way || looks() != 0;
    guarded([this] {
      hub_->complete();
      outbox_.collect();
    });
    news_ = outbox_.has_news();
    const ChannelState state = session.channel().state();
    if (state != ChannelState::closed) due = (std::min)(session.next_deadline(), outbox_.next_deadline());
    if (state == ChannelState::closed) outbox_.stop_waiting();  // before the pump is free to go
    // The session asks for nothing while something is written, and the rest of a writing to a dead peer helps nobody.
    dead = writing_.under_way && state != ChannelState::open && state != ChannelState::closed;
  }
  fresh_.reset();  // if nobody wanted it any more
  replaced_.reset();
  if (dead) channel_.reset();
  closing ? drop_looks() : run_errands();
  receive();
  // While something is written the session asks for nothing else, so what is due then waits for the writing's end.
  if (due <= now_) due = writing_.under_way || writing_.result ? never : after(now_, milliseconds{1});
  set_alarm(due);
}

/// What is done with ends that the session has to hear of, or not, before the lock is taken: the client's logger is called,
/// and so is the transport.
PATCHBAY_DECL void LoopHoldPump::before_reports(Mailbox::Signals signals) noexcept {
  if (signals & timed) alarm_.under_way = alarm_.dropped = false;
  if (signals & closed) {
    closing_.under_way = false;
    let_go();
  }
  if (signals & received && event_.kind == ChannelEvent::Kind::closed && receiving_epoch_ == epoch_) channel_.reset();
  if (signals & authorized) take_token();
  if (signals & opened) take_channel();
  if (failure_owed_) {
    failure_owed_ = !guarded([this] { failure_.emplace(OpenFailure::Kind::network, Error(ErrorCode::not_connected, "a policy threw, or memory ran out")); });
    starved_ = starved_ || failure_owed_;  // an attempt that nobody reported would be waited for without end
  }
  if (failure_) outbox_.teller().tell_opening(&failure_->error, Duration::zero());
}
PATCHBAY_DECL void LoopHoldPump::take_token() noexcept {
  authorizing_ = false;
  if (authorization_.lease) lease_ = std::move(*authorization_.lease);
  authorization_.lease.reset();
  if (authorization_.granted) {
    token_generation_ = authorization_.generation;
    return open();
  }
  failure_ = std::exchange(authorization_.failure, std::nullopt);
  failure_owed_ = !failure_;
}
PATCHBAY_DECL void LoopHoldPump::take_channel() noexcept {
  opening_.under_way = false;
  auto result = std::exchange(opening_.result, std::nullopt);
  upgrade_.reset();
  request_.reset();
  if (!result) return;
  if (*result) {
    fresh_ = std::move(**result);
    outbox_.teller().tell_opening(nullptr, now_ - connect_begun_);
    return;
  }
  failure_owed_ = !guarded([&] { failure_.emplace(upgrade_failure(result->error(), refusal_, loop_->wall_now(), authorization_.header, lease_.made().id.reveal())); });
}

/// Tells the session what has ended. A report for which memory runs out is lost; what it was about times out.
PATCHBAY_DECL void LoopHoldPump::report(Mailbox::Signals signals) noexcept {
  HoldSession& session = hub_->session();
  if (auto failure = std::exchange(failure_, std::nullopt))
    guarded([&] { session.open_failed(connecting_, std::move(*failure), now_, chance_); });
  if (fresh_) {
    guarded([&] { session.opened(connecting_, now_, lease_.renew_at()); });
    if (session.channel().state() == ChannelState::open && session.channel().epoch() == connecting_) {
      replaced_ = std::exchange(channel_, std::move(fresh_));  // let go of outside the lock
      epoch_ = connecting_;
    }
  }
  if (signals & written) {
    writing_.under_way = false;
    if (const auto result = std::exchange(writing_.result, std::nullopt); !result || *result) {
      guarded([&] { session.sent(writing_epoch_); });
    } else {
      guarded([&] { session.send_failed(writing_epoch_, result->error().delivery, now_, chance_); });
    }
  }
  if (signals & received) {
    receiving_.under_way = false;
    guarded([this] { report_received(); });
  }
  guarded([this] { hub_->complete(); });
}
PATCHBAY_DECL void LoopHoldPump::report_received() {
  HoldSession& session = hub_->session();
  switch (event_.kind) {
    case ChannelEvent::Kind::idle:
    case ChannelEvent::Kind::interrupted: break;
    case ChannelEvent::Kind::text: session.text(receiving_epoch_, event_.payload, now_, wall_now_, chance_); break;
    case ChannelEvent::Kind::binary: session.binary(receiving_epoch_, event_.payload, now_); break;
    case ChannelEvent::Kind::ping:
    case ChannelEvent::Kind::pong: session.alive(receiving_epoch_, now_); break;
    case ChannelEvent::Kind::closed: session.closed(receiving_epoch_, event_.close_code, now_, chance_); break;
  }
}

PATCHBAY_DECL void LoopHoldPump::carry_out(const HoldAction& action, Lock& lock) noexcept {
  const bool fresh_token = hub_->session().channel().needs_fresh_token();
  const bool fresh_channel = hub_->session().channel().needs_fresh_channel();
  const SteadyTime close_by = hub_->close_by;
  lock.unlock();
  switch (action.kind) {
    case HoldAction::Kind::none: break;
    case HoldAction::Kind::connect:
      connecting_ = action.epoch;
      connect(fresh_token, fresh_channel);
      break;
    case HoldAction::Kind::send:
    case HoldAction::Kind::ping: write(action); break;
    case HoldAction::Kind::close: close(close_by); break;
    case HoldAction::Kind::drop:
      if (action.attempt) {
        let_go();
      } else {
        channel_.reset();
      }
      break;
  }
  lock.lock();
}

/// Begins to get a token; what opens the channel comes when it is there.
PATCHBAY_DECL void LoopHoldPump::connect(bool fresh_token, bool fresh_channel) noexcept {
  connect_begun_ = now_;
  connect_by_ = after(now_, context_->settings->hold.connect_timeout);
  failure_.reset();
  authorization_.granted = failure_owed_ = false;
  authorization_.failure.reset();
  authorization_.lease.reset();
  if (fresh_channel) lease_.forget();
  const bool calm = guarded([&] {
    const Gateway& gateway = *context_->api;
    if (fresh_token && token_generation_ != 0) {
      gateway.tokens->invalidate(token_generation_);
      context_->replayed();
    }
    auto job = std::make_unique<PrepareJob>(*this, fresh_token ? token_generation_ : 0);
    CompletionPool::Lease operation = pool_->take();
    operation->begin({}, connect_by_ - now_);
    operation->observer = context_;
    operation->must_not_wait = true;
    authorization_handle_ = operation->handle();
    authorizing_ = true;
    operation.launch(std::move(job), keep_);
  });
  if (calm) return;
  authorizing_ = false;
  static_cast<void>(mailbox_.leave(authorized));  // it is this thread that sees to it
}
PATCHBAY_DECL void LoopHoldPump::open() noexcept {
  const bool wanted = hub_->with([this](HoldSession& session) {
    return session.channel().awaits(connecting_);
  });
  if (!wanted) return;
  const bool calm = guarded([this] {
    upgrade_.emplace(*lease_.address(), lease_.is_made() ? std::string_view{} : std::string_view(authorization_.header),
                     context_->settings->hold);
    request_.emplace(upgrade_->request());
    refusal_.clear();
  }) && begin(opening_, [this] { opening_id_ = loop_->open(*request_, refusal_, connect_by_, opening_); });
  failure_owed_ = !calm;
}
PATCHBAY_DECL void LoopHoldPump::write(const HoldAction& action) noexcept {
  writing_epoch_ = action.epoch;
  std::optional<TransportError> error;
  if (!channel_ || epoch_ != action.epoch) {
    error.emplace(TransportFault::closed, Delivery::not_sent);
  } else {
    const SteadyTime by = after(now_, context_->settings->hold.send_timeout);
    const bool calm = begin(writing_, [&] {
      Completion<TransportResult<void>> done(writing_);
      action.kind == HoldAction::Kind::ping ? channel_->ping(by, std::move(done)) : channel_->send(action.text, by, std::move(done));
    });
    if (!calm) error.emplace(TransportFault::reset, Delivery::maybe_sent);
  }
  if (!error) return;
  writing_.result.emplace(tl::unexpected(std::move(*error)));
  static_cast<void>(mailbox_.leave(written));
}
PATCHBAY_DECL void LoopHoldPump::close(SteadyTime by) noexcept {
  if (authorizing_) authorization_handle_.cancel();
  if (opening_.under_way) loop_->cancel(opening_id_);
  if (channel_ && !begin(closing_, [&] { channel_->close(1000, by, Completion<void>(closing_)); })) let_go();
}
/// Ends the connection, or the attempt at one, at once; what was under way on it ends soon.
PATCHBAY_DECL void LoopHoldPump::let_go() noexcept {
  channel_.reset();
  if (authorizing_) authorization_handle_.cancel();
  if (opening_.under_way) loop_->cancel(opening_id_);
}
PATCHBAY_DECL void LoopHoldPump::receive() noexcept {
  if (!channel_ || receiving_.under_way || closing_.under_way) return;
  receiving_epoch_ = epoch_;
  if (begin(receiving_, [this] { channel_->receive(event_, Completion<void>(receiving_)); })) return;
  event_.kind = ChannelEvent::Kind::closed;
  event_.close_code = 1006;
  static_cast<void>(mailbox_.leave(received));
}

/// Begins what the door owes by itself where holds travel as requests. One for which memory runs out is tried again.
PATCHBAY_DECL void LoopHoldPump::run_errands() noexcept {
  bool more = keep_ != nullptr;
  while (more) {
    const bool calm = guarded([&] {
      std::unique_ptr<HoldErrand> errand;
      {
        const Lock lock(hub_->mutex());
        errand = outbox_.next_errand(looks());
      }
      more = errand != nullptr;
      if (!more) return;
      Look* look = nullptr;
      if (errand->kind() == HoldErrand::Kind::look)
        look = &*std::find_if(looks_.begin(), looks_.end(), [](const Look& each) { return !each.is_taken(); });
      const HoldErrand& what = *errand;
      auto job = std::make_unique<ErrandJob>(*this, std::move(errand), look);
      CompletionPool::Lease operation = pool_->take();
      job->prepare(*operation);
      if (look) look->handle = operation->handle();
      {
        const Lock lock(hub_->mutex());
        outbox_.errand_begun(what);
      }
      operation.launch(std::move(job), keep_);
    });
    if (!calm) starved_ = true;
    more = more && calm;
  }
}
/// Readings end with the door: nobody learns from them any more.
PATCHBAY_DECL void LoopHoldPump::drop_looks() noexcept {
  for (Look& each : looks_) {
    each.handle.cancel();
    each.handle = OperationHandle();
  }
}

/// Sets the timer, unless it wakes us early enough already.
PATCHBAY_DECL void LoopHoldPump::set_alarm(SteadyTime when) noexcept {
  if (alarm_.under_way) {
    if (alarm_.dropped || (when != never && when >= alarm_at_)) return;
    alarm_.dropped = true;  // its end comes soon, and with it the next look at the time
    return timer_->cancel();
  }
  if (when == never) return;
  alarm_at_ = when;
  const bool calm = begin(alarm_, [this] {
    if (!timer_) timer_ = loop_->make_timer();
    timer_->wait(alarm_at_, Completion<void>(alarm_));
  });
  if (!calm) starved_ = true;
}

}  // namespace patchbay::detail
