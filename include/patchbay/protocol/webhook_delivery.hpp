// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // max, min
#include <optional>
#include <string>
#include <utility>

#include <patchbay/protocol/transition.hpp>
#include <patchbay/recovery_report.hpp>

// The delivery of webhooks that stand in a journal (hazards A30, A31; invariant I17).
namespace patchbay {

/// Takes over what the journal holds for the CRM: what earlier processes left.
inline void load_webhooks(TransitionContext& context) {
  const Settings& settings = *context.settings;
  if (!settings.journal || !context.crm) return;
  for (JournalDelivery& each : settings.journal->deliveries()) {
    QueuedWebhook queued(std::move(each.event), std::move(each.interaction), std::move(each.body));
    queued.position = each.position;
    context.outbox.add(std::move(queued));
  }
}

/// Puts the journal's dead letters among what is to be delivered again; how many there were.
inline Result<std::size_t> redrive_dead_letters(TransitionContext& context, WallTime now) {
  Journal& journal = *context.settings->journal;
  std::size_t count = 0;
  for (JournalDelivery& each : journal.dead_letters()) {
    if (const Result<JournalPosition> place = journal.redrive(each.position, now); !place) return fail(place.error());
    QueuedWebhook queued(std::move(each.event), std::move(each.interaction), std::move(each.body));
    queued.position = each.position;
    context.outbox.add(std::move(queued));
    ++count;
  }
  return count;
}

/// A webhook that is being delivered; goes back when its operation is abandoned under way.
class DeliveryTurn {
 public:
  DeliveryTurn(WebhookOutbox& outbox, QueuedWebhook& webhook) noexcept : outbox_(&outbox), webhook_(&webhook) {}
  DeliveryTurn(const DeliveryTurn&) = delete;
  DeliveryTurn& operator=(const DeliveryTurn&) = delete;
  ~DeliveryTurn() {
    if (outbox_) guarded([this] { outbox_->put_back(*webhook_, webhook_->attempts, SteadyTime::min()); });
  }
  void end() {
    outbox_->end(*webhook_);
    outbox_ = nullptr;
  }
  void put_back(int attempts, SteadyTime when) {
    outbox_->put_back(*webhook_, attempts, when);
    outbox_ = nullptr;
  }

 private:
  WebhookOutbox* outbox_;
  QueuedWebhook* webhook_;
};

namespace detail {

/// Records that the webhook was taken. When the journal fails it is delivered once more after the next start, which at
/// least once allows.
inline void note_delivered(Operation& operation, TransitionContext& context, const QueuedWebhook& webhook) {
  context.metrics->count(TransitionCount::webhooks_delivered);
  if (context.settings->journal->delivered(webhook.position, operation.wall_now())) return;
  context.metrics->count(TransitionCount::journal_failures);
  operation.log(Level::error, "journal.failed", {{"operation", webhook.event}, {"what", "delivered"}});
}

/// Gives the webhook up, and says so.
inline void bury(Operation& operation, TransitionContext& context, const QueuedWebhook& webhook, int attempts,
                 const Error& why) {
  context.metrics->count(TransitionCount::webhooks_failed);
  context.metrics->count(TransitionCount::webhooks_dead);
  if (!context.settings->journal->dead_letter(webhook.position, why.message(), operation.wall_now()))
    context.metrics->count(TransitionCount::journal_failures);
  operation.log(Level::error, "webhook.dead",
                {{"operation", webhook.event},
                 {"interaction", webhook.interaction},
                 {"attempts", attempts},
                 {"error", to_string(why.code())}});
  const auto& handler = context.settings->transition.webhook.outbox.on_dead_letter;
  if (!handler) return;
  DeadLetter letter;
  letter.event_id = webhook.event;
  letter.interaction = webhook.interaction;
  letter.attempts = attempts;
  letter.error = why.message();
  if (!guarded([&] { handler(letter); })) context.metrics->count(TransitionCount::callback_failures);
}

}  // namespace detail

/// Tries to deliver one webhook, by `until`, and settles what became of it.
inline Protocol<Result<void>> deliver_one(Operation& operation, TransitionContext& context, QueuedWebhook& webhook,
                                          SteadyTime until, DeliveryReport& report) {
  const WebhookSettings& settings = context.settings->transition.webhook;
  DeliveryTurn turn(context.outbox, webhook);
  const bool cancelled = operation.cancel_requested;
  operation.begin(webhook.interaction, settings.total_timeout);  // each is an operation of its own
  operation.cancel_requested = cancelled;
  operation.operation_id = webhook.event;
  operation.body = webhook.body;
  if (webhook.since == SteadyTime::min()) webhook.since = operation.steady_now();
  const SteadyTime own_limit = operation.deadline;
  operation.deadline = (std::min)(until, own_limit);
  auto delivered = co_await deliver_webhook(operation, *context.crm, settings);
  if (delivered) {
    detail::note_delivered(operation, context, webhook);
    turn.end();
    ++report.delivered;
    co_return delivered;
  }
  const SteadyTime now = operation.steady_now();
  // Cut short by whoever asked, not by the CRM: that says nothing of it.
  if (operation.cancel_requested || (until < own_limit && now >= until)) co_return delivered;
  const int attempts = webhook.attempts + 1;
  const Error& error = delivered.error();
  if (context.outbox.hopeless(webhook, attempts, now)) {
    detail::bury(operation, context, webhook, attempts, error);
    turn.end();
    ++report.dead;
  } else {
    const Duration asked = error.retry_after();
    turn.put_back(attempts,
                  after(now, (std::max)(context.outbox.wait_after(attempts, operation.random_unit()), asked)));
    ++report.failed;
    operation.log(Level::warn, "webhook.failed",
                  {{"operation", webhook.event}, {"attempts", attempts}, {"error", to_string(error.code())}});
  }
  co_return delivered;
}

/// Delivers what is queued until `until`, or until nothing is left that is not under way elsewhere. Ends early when
/// cancelled.
inline Protocol<Result<DeliveryReport>> deliver_queued(Operation& operation, TransitionContext& context,
                                                       SteadyTime until) {
  DeliveryReport report;
  while (!operation.stopped()) {
    if (operation.steady_now() >= until) break;
    if (std::optional<QueuedWebhook> webhook = context.outbox.take(operation.steady_now())) {
      auto delivered = co_await deliver_one(operation, context, *webhook, until, report);
      continue;
    }
    if (!context.on_loop) {
      // In slices, since what comes meanwhile may be due earlier.
      const SteadyTime due = context.outbox.next_due();
      if (due == never || due >= until) break;
      SleepEffect pause((std::min)(due, after(operation.steady_now(), seconds{1})));
      co_await pause;
      if (pause.cancelled) break;
      continue;
    }
    Waiter waiter(operation);
    const auto forget = [&]() noexcept { context.outbox.forget(waiter); };
    const SteadyTime due = context.outbox.await(waiter);
    const QueuePlace place(forget);
    if (due == never || due >= until) break;
    WaitEffect wait(waiter, due);
    co_await wait;
    if (wait.cancelled) break;
  }
  report.left = context.outbox.size();
  co_return report;
}

}  // namespace patchbay
