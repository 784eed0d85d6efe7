// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // min

#include <patchbay/driver/loop_hold_pump.hpp>

// The pump itself: what ends comes in through its mailbox, the session hears of it, and says what is begun next.
namespace patchbay::detail {

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
    hub_->connected = channel_ || authorizing_ || opening_.under_way || closing_.under_way || room_in(looks_) != looks_.size();
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
  if (closing) drop_looks();
  run_errands();  // of which those that are owed are done while the door is being closed
  receive();
  // While something is written the session asks for nothing else, so what is due then waits for the writing's end.
  if (due <= now_) due = writing_.under_way || writing_.result ? never : after(now_, milliseconds{1});
  set_alarm(due);
}

/// What is done with ends that the session has to hear of, or not, before the lock is taken: the client's logger is
/// called, and so is the transport.
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
    failure_owed_ = !guarded([this] {
      failure_.emplace(OpenFailure::Kind::network,
                       Error(ErrorCode::not_connected, "a policy threw, or memory ran out"));
    });
    starved_ = starved_ || failure_owed_;  // an attempt that nobody reported would be waited for without end
  }
  if (failure_) outbox_.teller().tell_opening(&failure_->error, Duration::zero());
}

/// Tells the session what has ended. A report for which memory runs out is lost; what it was about times out.
PATCHBAY_DECL void LoopHoldPump::report(Mailbox::Signals signals) noexcept {
  HoldSession& session = hub_->session();
  if (auto failure = std::exchange(failure_, std::nullopt))
    guarded([&] { session.open_failed(connecting_, std::move(*failure), now_, chance_); });
  // What a connection had still to say that is replaced now is heard before, since nobody says it again; that it has ended is no
  // news then.
  const bool heard = (signals & received) != 0, before = heard && fresh_ && event_.kind != ChannelEvent::Kind::closed;
  if (heard) receiving_.under_way = false;
  if (before) guarded([this] { report_received(); });
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
  if (heard && !before) guarded([this] { report_received(); });
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
