// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <optional>

#include <patchbay/observe/audit.hpp>
#include <patchbay/observe/metrics.hpp>
#include <patchbay/protocol/fence_book.hpp>
#include <patchbay/protocol/gateway.hpp>
#include <patchbay/protocol/lanes.hpp>
#include <patchbay/protocol/operation_observer.hpp>
#include <patchbay/protocol/webhook_outbox.hpp>
#include <patchbay/settings.hpp>

namespace patchbay {

/// What the transition protocols need of their door; belongs to the door.
class TransitionContext final : public OperationObserver {
 public:
  TransitionContext(const Settings& settings_in, AuditTrail& audit_in, TransitionMetrics& metrics_in) noexcept
      : settings(&settings_in),
        audit(&audit_in),
        metrics(&metrics_in),
        lanes(settings_in.max_operations, settings_in.max_waiting),
        outbox(settings_in.transition.webhook.outbox) {}

  void exchanged(ExchangeKind kind, Duration latency, int status) noexcept override {
    metrics->exchanged(latency, status);
    if (kind != ExchangeKind::write) return;
    metrics->attempt_latency(latency);
    if (status == 409 || status == 412) metrics->count(TransitionCount::conflicts);
  }
  void replayed() noexcept override { metrics->count(ExchangeCount::token_refreshes); }
  void flow_asked(bool cached) noexcept override {
    metrics->count(cached ? TransitionCount::flow_cache_hits : TransitionCount::flow_cache_misses);
  }
  void callback_failed() noexcept override { metrics->count(TransitionCount::callback_failures); }
  void restrained(ExchangeCount what) noexcept override { metrics->count(what); }

  const Settings* settings;
  AuditTrail* audit;
  TransitionMetrics* metrics;
  std::optional<Gateway> api;  ///< Absent only while the settings are invalid.
  std::optional<Gateway> crm;  ///< Absent when there is no webhook.
  Lanes lanes;
  WebhookOutbox outbox;  ///< Of what the journal's webhooks are, when there is a journal and a CRM.
  FenceBook fences;      ///< What `recover` waits for.
  bool on_loop = false;  ///< Waits cost no thread, and somebody wakes them.
};

}  // namespace patchbay
