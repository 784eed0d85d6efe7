// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <vector>

#include <patchbay/driver/bulk_run.hpp>
#include <patchbay/driver/transition_core.hpp>

namespace patchbay::detail {

/// Begins the operation of a job, whose items have the same deadline, and the same part of it behind them.
inline void begin_job(TransitionCore& core, Operation& operation, const BulkRun& run, const BulkJob& job) {
  const TransitionRequest& first = run.request(job.items.front());
  core.begin(operation, first.interaction(), first.deadline().value_or(core.settings.deadline), run.before(job));
}

/// Puts the items of a job into `group`, up to the first that is not valid by itself: that one is to say so alone.
inline void prepare_group(TransitionCore& core, Operation& operation, const BulkRun& run, const BulkJob& job, WallTime timestamp,
                          const EncodeItem& encode, TransitionGroup& group) {
  for (const std::size_t item : job.items) {
    const TransitionRequest& request = run.request(item);
    const auto members = [&](JsonReader& reader, std::vector<Violation>& violations, std::string& out) {
      encode(request, reader, violations, out);
    };
    if (!core.prepare(operation, request, timestamp, members)) return;
    group.add(request, operation.attributes);
  }
}

}  // namespace patchbay::detail
