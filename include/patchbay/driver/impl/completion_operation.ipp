// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <patchbay/driver/completion_operation.hpp>
#include <patchbay/observe/redact.hpp>

namespace patchbay::detail {

PATCHBAY_DECL CompletionOperation::~CompletionOperation() = default;

PATCHBAY_DECL bool CompletionOperation::log_enabled(Level level) const {
  bool enabled = false;
  if (!guarded([&] { enabled = loop_->log_enabled(level); }) && observer) observer->callback_failed();
  return enabled;
}
PATCHBAY_DECL void CompletionOperation::log_event(Level level, const Event& event) noexcept {
  if (!guarded([&] { loop_->log(level, event); }) && observer) observer->callback_failed();
}

PATCHBAY_DECL OperationHandle CompletionOperation::handle() {
  // The last operation's handles may still be about; they must not cancel this one.
  if (!switch_ || switch_.use_count() != 1) switch_ = std::make_shared<CancelSwitch>();
  return OperationHandle(switch_);
}

PATCHBAY_DECL void CompletionOperation::launch(std::unique_ptr<CompletionJob> job, std::shared_ptr<void> owner) noexcept {
  job_ = std::move(job);
  owner_ = std::move(owner);
  // Taken before anybody else knows of the operation: what comes from now on waits until the mailbox is looked into.
  static_cast<void>(mailbox_.leave(started));
  cancel_requested = pool_->list(*this);
  if (switch_ && switch_->connect(*this)) cancel_requested = true;
  inside_launch_ = true;
  // What comes meanwhile, from the loop's threads, is left to them: the handler must not be called in here.
  if (!mailbox_.handle_once([this](Mailbox::Signals signals) { return on_signals(signals); })) return;
  inside_launch_ = false;
  if (!mailbox_.leave_it()) post();
}

PATCHBAY_DECL void CompletionOperation::signal(Mailbox::Signals signals) noexcept {
  // While the loop is destroyed, operations that end wake others, which are about to end themselves.
  if (mailbox_.leave(signals) && !pool_->torn_down()) post();
}
/// The same on a thread of the loop, which sees to it at once.
PATCHBAY_DECL void CompletionOperation::ended(Mailbox::Signals signals) noexcept {
  if (mailbox_.leave(signals)) handle_all();
}
/// A loop that has no memory for this ends the program: the operation could neither go on nor be reported.
PATCHBAY_DECL void CompletionOperation::post() noexcept {
  posted_ = true;
  loop_->post(Completion<void>(work_));
}
PATCHBAY_DECL void CompletionOperation::handle_all() noexcept {
  mailbox_.handle([this](Mailbox::Signals signals) { return on_signals(signals); });
}

// What ends comes through these three, on a thread of the loop; or, when the loop is destroyed, on the thread that does that.

PATCHBAY_DECL void CompletionOperation::Work::complete() noexcept {
  operation->posted_ = false;
  operation->handle_all();
}
PATCHBAY_DECL void CompletionOperation::Work::abandoned() noexcept {
  operation->posted_ = false;
  operation->loop_gone();
}

PATCHBAY_DECL void CompletionOperation::Exchange::complete(TransportResult<void> result) noexcept {
  effect->result = std::move(result);
  operation->ended(exchanged);
}
PATCHBAY_DECL void CompletionOperation::Exchange::abandoned() noexcept {
  if (beginning) return;  // the transport threw
  under_way = false;
  operation->loop_gone();
}
PATCHBAY_DECL void CompletionOperation::Alarm::complete() noexcept { operation->ended(signal); }
PATCHBAY_DECL void CompletionOperation::Alarm::abandoned() noexcept {
  if (setting) return;  // the timer threw
  if (operation->pool_->torn_down() || !dropped.load(std::memory_order_acquire)) {
    under_way = false;
    --operation->waits_under_way_;
    return operation->loop_gone();
  }
  complete();
}

PATCHBAY_DECL void CompletionOperation::loop_gone() noexcept {
  if (pool_->torn_down()) {
    abandon();
  } else {
    pool_->tear_down();
  }
}
PATCHBAY_DECL void CompletionOperation::abandon() noexcept {
  job_.reset();
  // What has ended already, and waited for somebody to take note.
  static_cast<void>(mailbox_.handle_once([this](Mailbox::Signals signals) {
    if (signals & exchanged) exchange_.under_way = false;
    take_ends(signals);
    return true;
  }));
  if (quiet() && !posted_) retire();
}

PATCHBAY_DECL bool CompletionOperation::on_signals(Mailbox::Signals signals) noexcept {
  bool resume = false;
  bool begin = false;
  if (signals & cancelled) cancel_requested = true;
  if (signals & started) {
    calm_ = guarded([this] { job_->start(*this); });
    begin = true;
  }
  if (signals & exchanged) {
    exchange_.under_way = false;
    resume = true;
  }
  resume = take_ends(signals) || resume;
  if ((signals & woken) && waiting_for_.kind() == PendingEffect::Kind::wait) resume = resume || waiting_for_.wait().waiter->woken();
  // After the rest: who was woken already is inside, and is told that before the cancellation.
  if ((signals & cancelled) && job_) resume = cancel_wait() || resume;
  if (signals & finished) return deliver();
  if (begin || (resume && job_)) return run_on(resume && !begin);
  if (job_ || !quiet()) return true;
  retire();  // its handler was called before; the last of its waits has ended now
  return false;
}

/// Takes note of the waits that have ended; whether the present one is among them.
PATCHBAY_DECL bool CompletionOperation::take_ends(Mailbox::Signals signals) noexcept {
  if (signals < first_alarm) return false;
  bool present = false;
  for (const std::unique_ptr<Alarm>& each : alarms_) {
    if (!(signals & each->signal)) continue;
    each->under_way = false;
    --waits_under_way_;
    if (each.get() != alarm_) continue;
    alarm_ = nullptr;
    present = true;
  }
  return present;
}

/// Ends what is waited for, as far as it can be; whether the protocol is to go on at once.
PATCHBAY_DECL bool CompletionOperation::cancel_wait() noexcept {
  switch (waiting_for_.kind()) {
    case PendingEffect::Kind::none: return false;
    case PendingEffect::Kind::http:
      // What finds out about something that was sent goes on; it is short.
      if (exchange_.under_way && !settling) loop_->cancel(exchange_.id);
      return false;
    case PendingEffect::Kind::sleep: return waiting_for_.sleep().cancelled = stopped() || waiting_for_.sleep().another_attempt;
    case PendingEffect::Kind::wait: return waiting_for_.wait().cancelled = stopped();
  }
  return false;
}

/// Runs the protocol, resumed with its answer or begun already, until it waits for something or has ended.
PATCHBAY_DECL bool CompletionOperation::run_on(bool resume) noexcept {
  for (;;) {
    if (resume) {
      drop_alarm();
      waiting_for_ = PendingEffect{};
      guarded([this] { read_clock(); });
      resume_at.resume();
    }
    if (!calm_ || job_->done()) break;
    waiting_for_ = std::exchange(pending, PendingEffect{});
    if (carry_out()) return true;
    resume = true;
  }
  job_->settle(*this, calm_);
  if (!inside_launch_) return deliver();
  inside_launch_ = false;
  static_cast<void>(mailbox_.leave(finished));  // nobody else is at it before the work that is posted now
  post();
  return false;
}

/// Begins what the protocol waits for. False when that is over already.
PATCHBAY_DECL bool CompletionOperation::carry_out() noexcept {
  switch (waiting_for_.kind()) {
    case PendingEffect::Kind::none: return false;
    case PendingEffect::Kind::http: {
      HttpEffect& http = waiting_for_.http();
      exchange_.effect = &http;
      exchange_.beginning = exchange_.under_way = true;
      const bool calm = guarded([&] {
        exchange_.id = loop_->send(*http.request, *http.response, http.deadline, Completion<TransportResult<void>>(exchange_));
      });
      exchange_.beginning = false;
      if (calm) return true;
      exchange_.under_way = false;
      http.result = tl::unexpected(TransportError(TransportFault::reset, Delivery::maybe_sent, "the transport threw"));
      return false;
    }
    case PendingEffect::Kind::sleep: {
      SleepEffect& sleep = waiting_for_.sleep();
      // A timer that cannot be had ends the wait as a cancellation does, so that what was sent is settled all the same.
      sleep.cancelled = stopped() || !set_alarm(sleep.until);
      return !sleep.cancelled;
    }
    case PendingEffect::Kind::wait: {
      WaitEffect& wait = waiting_for_.wait();
      if (wait.waiter->woken()) return false;
      wait.cancelled = stopped() || (!wait.kept && !set_alarm(wait.deadline));
      return !wait.cancelled;
    }
  }
  return false;
}

PATCHBAY_DECL bool CompletionOperation::set_alarm(SteadyTime when) noexcept {
  if (when == never) return true;
  Alarm* alarm = nullptr;
  const bool calm = guarded([&] {
    for (const std::unique_ptr<Alarm>& each : alarms_)
      if (!each->under_way) alarm = each.get();
    if (!alarm) {
      if (alarms_.size() == max_alarms) return;  // so many waits that were dropped have not ended: none more
      alarms_.push_back(std::make_unique<Alarm>(*this, Mailbox::Signals{first_alarm} << alarms_.size()));
      alarm = alarms_.back().get();
    }
    if (!alarm->timer) alarm->timer = loop_->make_timer();
    alarm->dropped.store(false, std::memory_order_relaxed);
    alarm->setting = alarm->under_way = true;
    ++waits_under_way_;
    alarm_ = alarm;
    alarm->timer->wait(when, Completion<void>(*alarm));
  });
  if (alarm) alarm->setting = false;
  if (calm && alarm) return true;
  if (alarm && alarm->under_way) {
    alarm->under_way = false;
    --waits_under_way_;
  }
  alarm_ = nullptr;
  return false;
}
PATCHBAY_DECL void CompletionOperation::drop_alarm() noexcept {
  Alarm* const alarm = std::exchange(alarm_, nullptr);
  if (!alarm) return;
  alarm->dropped.store(true, std::memory_order_release);
  alarm->timer->cancel();
}

/// Calls the client's handler. The operation goes back to the pool before, or when the last of its waits has ended.
PATCHBAY_DECL bool CompletionOperation::deliver() noexcept {
  const std::shared_ptr<void> owner = owner_;
  const std::unique_ptr<CompletionJob> job = std::move(job_);
  if (switch_) switch_->disconnect();
  const bool gone = quiet();
  if (gone) retire();
  job->deliver();
  return !gone;
}

PATCHBAY_DECL void CompletionOperation::retire() noexcept {
  const std::shared_ptr<void> owner = std::move(owner_);
  if (switch_) switch_->disconnect();
  alarm_ = nullptr;
  waiting_for_ = PendingEffect{};
  calm_ = true;
  inside_launch_ = false;
  trim();
  pool_->give_back(*this);
}

PATCHBAY_DECL CompletionPool::~CompletionPool() = default;

PATCHBAY_DECL CompletionPool::Lease CompletionPool::take() {
  std::unique_ptr<CompletionOperation> operation;
  {
    const std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      operation = std::move(idle_.back());
      idle_.pop_back();
    }
  }
  if (!operation) operation = std::make_unique<CompletionOperation>(*loop_, *random_, *this);
  const std::lock_guard lock(mutex_);
  idle_.reserve(max_idle);  // so that giving back cannot fail
  return Lease(*operation.release());
}
PATCHBAY_DECL bool CompletionPool::list(CompletionOperation& operation) noexcept {
  const std::lock_guard lock(mutex_);
  operation.previous_ = nullptr;
  operation.next_ = first_;
  if (first_) first_->previous_ = &operation;
  first_ = &operation;
  operation.listed_ = true;
  return ending_;
}
PATCHBAY_DECL void CompletionPool::give_back(CompletionOperation& operation) noexcept {
  std::unique_ptr<CompletionOperation> surplus(&operation);
  const std::lock_guard lock(mutex_);
  if (operation.listed_) {
    (operation.previous_ ? operation.previous_->next_ : first_) = operation.next_;
    if (operation.next_) operation.next_->previous_ = operation.previous_;
    operation.listed_ = false;
  }
  operation.mailbox_.reset();  // not before: `cancel_all` leaves its signal with all that are in the list
  if (idle_.size() < max_idle && !torn_down()) idle_.push_back(std::move(surplus));
}
PATCHBAY_DECL void CompletionPool::cancel_all() noexcept {
  const std::lock_guard lock(mutex_);
  ending_ = true;
  for (CompletionOperation* each = first_; each; each = each->next_) each->request_cancel();
}
PATCHBAY_DECL void CompletionPool::tear_down() noexcept {
  torn_down_.store(true, std::memory_order_relaxed);
  const std::shared_ptr<void> keep = first_ ? first_->owner_ : nullptr;  // this pool is part of it
  for (CompletionOperation* each = first_; each;) {
    CompletionOperation* const next = each->next_;
    each->abandon();
    each = next;
  }
}

}  // namespace patchbay::detail
