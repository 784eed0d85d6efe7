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

std::optional<patchbay::Error> Doors::begin(const Job& job) {
  recorder_->expect(job.interaction);
  if (job.refused) return job.refused;
  if (!holds && job.action != Command::transition)
    return patchbay::Error(patchbay::ErrorCode::invalid_argument, std::string(holds_of_nobody));
  if (is_platform_ && (job.music || job.prompt))
    return patchbay::Error(patchbay::ErrorCode::invalid_argument,
                           "music and prompt name files, of which the platform takes none");
  return not_utf8(job);
}

patchbay::TransitionRequest Doors::transition_of(const Job& job) {
  patchbay::TransitionRequest request(job.interaction, job.flow, job.from, job.to);
  request.variables(job.variables);
  if (!job.label.empty()) request.label(job.label);
  if (job.deadline) request.deadline(*job.deadline);
  return request;
}

Performed Doors::perform(const Job& job) {
  Performed out;
  out.error = begin(job);
  if (out.error) {
    // No door has seen it.
  } else if (job.action == Command::transition) {
    out.set(transitions->transition(transition_of(job)));
  } else {
    out.set(holds->perform(job));
  }
  end(job, out);
  return out;
}

void Doors::end(const Job& job, Performed& performed) {
  performed.keeps_reason = keeps_reason_ && job.action == Command::hold;
  if (auto record = recorder_->take(job.interaction)) {
    performed.record = std::move(*record);
    return;
  }
  patchbay::AuditRecord& record = performed.record;
  record.timestamp = std::chrono::system_clock::now();
  if (job.has_action && job.action != Command::transition) record.action = to_string(job.action);
  random_->uuid(record.operation_id);
  record.interaction_id = job.interaction;
  record.success = !performed.error;
  record.outcome = performed.error ? performed.error->outcome() : patchbay::Outcome::applied;
  if (performed.error) {
    record.error_code = to_string(performed.error->code());
    record.error_message = performed.error->message();
    record.status_code = performed.error->http_status();
    record.attempt = performed.error->attempts();
  }
  // What was refused before a door is audited too (hazard A28).
  static_cast<void>(recorder_->write(record));
}

}  // namespace patchbayctl
