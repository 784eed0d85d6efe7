// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <optional>

#include "configuration.hpp"
#include "holds.hpp"
#include "job.hpp"
#include "results.hpp"
#include "transitions.hpp"

namespace patchbayctl {

/// Both doors, and what they have in common: every job ends with a record of its end. Safe to share between threads,
/// but for one job at a time with the same `Recorder::key_of` its interaction.
class Doors {
 public:
  explicit Doors(const Configuration& configuration)
      : recorder_(configuration.recorder),
        is_platform_(configuration.is_platform()),
        keeps_reason_(configuration.keeps_reason()),
        random_(configuration.settings.random),
        transitions(make_transitions(configuration)),
        holds(make_holds(configuration)) {}

  /// Blocks until the job has ended.
  [[nodiscard]] Performed perform(const Job& job);

  // The halves of it, for a job that is begun elsewhere.

  /// What is wrong with a job before any door is asked; nothing: a door is to be asked now.
  [[nodiscard]] std::optional<patchbay::Error> begin(const Job& job);
  /// Completes what became of it with its record.
  void end(const Job& job, Performed& performed);
  [[nodiscard]] static patchbay::TransitionRequest transition_of(const Job& job);

 private:
  std::shared_ptr<Recorder> recorder_;
  bool is_platform_, keeps_reason_;
  std::shared_ptr<patchbay::RandomSource> random_;

 public:
  const std::unique_ptr<Transitions> transitions;
  const std::unique_ptr<Holds> holds;  ///< Null on the platform while nobody has said whose holds they are.
};

}  // namespace patchbayctl
