// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // min
#include <string>
#include <vector>

#include <patchbay/driver/bulk_run.hpp>
#include <patchbay/driver/transition_core.hpp>

namespace patchbay::detail {

/// Begins the operation of a job of several items, by the shortest of their deadlines.
inline void begin_group(TransitionCore& core, Operation& operation, const BulkRun& run, const BulkJob& job) {
  Duration budget = Duration::max();
  for (const std::size_t item : job.items) budget = (std::min)(budget, run.request(item).deadline().value_or(core.settings.deadline));
  core.begin(operation, run.request(job.items.front()).interaction(), budget);
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
