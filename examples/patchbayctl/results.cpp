// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include "results.hpp"

#include <cerrno>
#include <cmath>  // round
#include <string_view>

#include <unistd.h>  // write

#include <patchbay/json/read.hpp>
#include <patchbay/json/write.hpp>
#include <patchbay/observe/redact.hpp>
#include <patchbay/observe/timestamp.hpp>

namespace patchbayctl {

namespace {

using patchbay::Error;
using patchbay::JsonWriter;

/// Text that may have come from anywhere: bounded, valid UTF-8, no controls.
void member(JsonWriter& json, std::string_view name, std::string_view text) {
  json.member(name, std::string_view(patchbay::excerpt(text, 512)));
}
void text_or_null(JsonWriter& json, std::string_view name, std::string_view text) {
  if (text.empty()) {
    json.key(name).null();
  } else {
    member(json, name, text);
  }
}

double to_ms(patchbay::Duration span) {
  return std::round(std::chrono::duration<double, std::micro>(span).count()) / 1000;
}

void append_error(JsonWriter& json, const Error& error) {
  json.begin_object().member("code", to_string(error.code()));
  member(json, "message", error.message());
  if (!error.violations().empty()) {
    json.key("violations").begin_array();
    for (const patchbay::Violation& each : error.violations()) {
      json.begin_object();
      member(json, "path", each.path);
      member(json, "rule", each.rule);
      member(json, "value", each.value);
      json.end_object();
    }
    json.end_array();
  }
  json.member("nextStep", next_step(error.code()));
  if (!error.server_code().empty()) member(json, "serverCode", error.server_code());
  if (!error.server_message().empty()) member(json, "serverMessage", error.server_message());
  if (!error.server_correlation_id().empty()) member(json, "serverCorrelationId", error.server_correlation_id());
  if (error.retry_after() > patchbay::Duration::zero()) json.member("retryAfterMs", error.retry_after().count());
  json.end_object();
}

void append_transition(JsonWriter& json, const Job& job, const Performed& performed) {
  text_or_null(json, "etagUsed", performed.record.etag_used);
  json.member("transitionId", std::string_view(performed.record.operation_id));
  text_or_null(json, "flowId", job.flow);
  text_or_null(json, "from", job.from);
  text_or_null(json, "to", job.to);
  if (!performed.moved) return;
  const patchbay::TransitionResult& moved = *performed.moved;
  json.key("path").begin_array();
  for (const std::string_view node : moved.path) json.value(node);
  json.end_array();
  text_or_null(json, "flowVersion", moved.path.graph()->version());
  text_or_null(json, "etag", moved.etag);
  json.member("resolvedBy", moved.resolved_by == patchbay::ResolvedBy::answer ? "answer" : "state");
  json.member("waitedMs", to_ms(moved.waited));
  json.key("webhook").begin_object().member("status", to_string(moved.webhook));
  if (moved.webhook_error) {
    json.key("error");
    append_error(json, *moved.webhook_error);
  }
  json.end_object();
}

void append_hold(JsonWriter& json, const Performed& performed) {
  json.member("correlationId", std::string_view(performed.record.operation_id));
  if (!performed.held) return;
  const patchbay::HoldResult& held = *performed.held;
  json.member("resolvedBy", held.resolved_by == patchbay::ResolvedBy::answer ? "answer" : "state");
  json.member("alreadyHeld", held.already_held).member("heldForMs", to_ms(held.held_for));
  json.member("ackLatencyMs", to_ms(held.ack_latency)).member("waitedMs", to_ms(held.waited));
  if (performed.keeps_reason) json.member("reasonKept", held.reason_kept);
}

}  // namespace

std::string result_line(const Job& job, const Performed& performed) {
  const patchbay::AuditRecord& record = performed.record;
  std::string out, when;
  patchbay::append_timestamp(when, record.timestamp);
  JsonWriter json(out);
  json.begin_object().key("id");
  if (!job.id.empty()) {
    json.raw(job.id);
  } else {
    json.value(std::string_view(record.operation_id));
  }
  if (job.line != 0) json.member("line", job.line);
  json.key("action");
  job.has_action ? json.value(to_string(job.action)) : json.null();
  member(json, "interactionId", job.interaction);
  json.member("timestamp", std::string_view(when));
  json.member("success", record.success).member("outcome", to_string(record.outcome)).key("statusCode");
  record.status_code == 0 ? json.null() : json.value(record.status_code);
  json.member("attempts", record.attempt).member("latencyMs", to_ms(record.latency));
  if (job.has_action && job.action == Command::transition) {
    append_transition(json, job, performed);
  } else if (job.has_action) {
    append_hold(json, performed);
  }
  if (performed.error) {
    json.key("error");
    append_error(json, *performed.error);
  }
  json.end_object();
  return out;
}

int exit_status(const Error& error) {
  if (error.outcome() == patchbay::Outcome::unknown) return 5;
  switch (category(error.code())) {
    case patchbay::ErrorCategory::rule:
      return 1;
    case patchbay::ErrorCategory::refused:
      return 3;
    case patchbay::ErrorCategory::incomplete:
      return incomplete_status;
    case patchbay::ErrorCategory::undecided:
      return 5;
  }
  return incomplete_status;
}

int exit_status(const Performed& performed) { return performed.error ? exit_status(*performed.error) : 0; }

bool Output::line(std::string text) {
  text.push_back('\n');
  const std::lock_guard lock(mutex_);
  for (std::string_view rest = text; !failed_ && !rest.empty();) {
    const ::ssize_t n = ::write(STDOUT_FILENO, rest.data(), rest.size());
    if (n > 0) {
      rest.remove_prefix(static_cast<std::size_t>(n));
    } else if (n == 0 || errno != EINTR) {
      failed_ = true;
    }
  }
  return !failed_;
}

}  // namespace patchbayctl
