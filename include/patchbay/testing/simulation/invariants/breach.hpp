// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <patchbay/testing/simulation/witness.hpp>

namespace patchbay::testing::simulation {

/// One breach of an invariant, as far as it can be told from outside.
class Breach {
 public:
  Breach(std::string_view invariant_in, std::string text_in) : invariant(invariant_in), text(std::move(text_in)) {}

  std::string_view invariant;  ///< `I1` to `I26`, `L1` to `L6`: static text.
  std::string text;            ///< What happened, in one sentence.
  std::string interaction;     ///< Empty when none is concerned.
  std::string operation;       ///< The transition or correlation id; empty when there is none.
  std::uint64_t work = 0;      ///< The number of the work; 0: none, or nobody knows which.
  ProcessId process;
  SteadyTime at{};

  /// One line for people. Times count from `begin`: given `Report::begun`, they are those of the trace and of the workload.
  [[nodiscard]] std::string describe(SteadyTime begin = {}) const {
    std::string out(invariant);
    out.append(": ").append(text);
    if (!interaction.empty()) out.append("; interaction ").append(interaction);
    if (!operation.empty()) out.append("; operation ").append(operation);
    if (work != 0) out.append("; work ").append(std::to_string(work));
    out.append("; process ")
        .append(std::to_string(process.number))
        .append(".")
        .append(std::to_string(process.incarnation));
    out.append("; at ").append(std::to_string((at - begin).count())).append(" ns");
    return out;
  }
};

/// Collects breaches. Bounded, since what is broken once is often broken a thousand times; counts them all.
class Judge {
 public:
  static constexpr std::size_t most_kept = 64;

  /// The one that is returned may be given what more is known; it is valid until the next.
  Breach& broken(std::string_view invariant, ProcessId process, SteadyTime at, std::string text) {
    ++count_;
    Breach& entry = kept_.size() < most_kept ? kept_.emplace_back(invariant, std::move(text))
                                             : (spare_ = Breach(invariant, std::move(text)));
    entry.process = process;
    entry.at = at;
    return entry;
  }
  [[nodiscard]] const std::vector<Breach>& breaches() const noexcept { return kept_; }
  [[nodiscard]] std::uint64_t count() const noexcept { return count_; }
  [[nodiscard]] bool clean() const noexcept { return count_ == 0; }

 private:
  std::vector<Breach> kept_;
  Breach spare_{"", {}};
  std::uint64_t count_ = 0;
};

}  // namespace patchbay::testing::simulation
