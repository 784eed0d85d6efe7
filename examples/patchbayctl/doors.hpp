// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "configuration.hpp"
#include "holds.hpp"
#include "job.hpp"
#include "results.hpp"
#include "transitions.hpp"

namespace patchbayctl {

/// Both doors, and what they have in common: every job ends with a record of its end. Safe to share between threads.
class Doors {
 public:
  explicit Doors(const Configuration& configuration)
      : recorder_(configuration.recorder),
        random_(configuration.settings.random),
        transitions(configuration),
        holds(configuration) {}

  [[nodiscard]] Performed perform(const Job& job);

 private:
  std::shared_ptr<Recorder> recorder_;
  std::shared_ptr<patchbay::RandomSource> random_;

 public:
  Transitions transitions;
  Holds holds;
};

}  // namespace patchbayctl
