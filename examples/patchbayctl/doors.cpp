// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include "doors.hpp"

#include <chrono>
#include <utility>

#include <patchbay/observe/redact.hpp>

namespace patchbayctl {

namespace {

/// Refuses a text that is no UTF-8 before it could stand in a request or a result.
std::optional<patchbay::Error> not_utf8(const Job& job) {
  for (const auto& [name, text] :
       {std::pair<const char*, const std::string&>{"flow", job.flow}, {"from", job.from}, {"to", job.to}})
    if (!patchbay::is_valid_utf8(text))
      return patchbay::Error(patchbay::ErrorCode::invalid_argument, std::string(name) + ": is no UTF-8");
  return std::nullopt;
}

}  // namespace

Performed Doors::perform(const Job& job) {
  Performed out;
  static_cast<void>(Recorder::take());
  out.error = job.refused ? job.refused : not_utf8(job);
  if (out.error) {
    // No door has seen it.
  } else if (job.action == Command::transition) {
    patchbay::TransitionRequest request(job.interaction, job.flow, job.from, job.to);
    request.variables(job.variables);
    if (job.deadline) request.deadline(*job.deadline);
    auto moved = transitions.transition(request);
    if (moved) {
      out.moved = std::move(*moved);
    } else {
      out.error = std::move(moved.error());
    }
  } else {
    auto held = holds.perform(job);
    if (held) {
      out.held = std::move(*held);
    } else {
      out.error = std::move(held.error());
    }
  }
  if (auto record = Recorder::take()) {
    out.record = std::move(*record);
    return out;
  }
  patchbay::AuditRecord& record = out.record;
  record.timestamp = std::chrono::system_clock::now();
  if (job.has_action && job.action != Command::transition) record.action = to_string(job.action);
  random_->uuid(record.operation_id);
  record.interaction_id = job.interaction;
  record.success = !out.error;
  record.outcome = out.error ? out.error->outcome() : patchbay::Outcome::applied;
  if (out.error) {
    record.error_code = to_string(out.error->code());
    record.error_message = out.error->message();
    record.status_code = out.error->http_status();
    record.attempt = out.error->attempts();
  }
  // What was refused before a door is audited too (hazard A28).
  static_cast<void>(recorder_->write(record));
  static_cast<void>(Recorder::take());
  return out;
}

}  // namespace patchbayctl
