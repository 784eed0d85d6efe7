// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <patchbay/config.hpp>

namespace patchbay {

/// Where jitter and identifiers come from. A handle in the settings: a test gives a seed and gets the same run again.
/// Thread-safe.
class RandomSource {
 public:
  /// Seeded by the machine's entropy.
  PATCHBAY_DECL RandomSource();
  PATCHBAY_DECL explicit RandomSource(std::uint64_t seed);
  RandomSource(const RandomSource&) = delete;
  RandomSource& operator=(const RandomSource&) = delete;
  PATCHBAY_DECL ~RandomSource();

  [[nodiscard]] PATCHBAY_DECL std::uint64_t bits();
  /// Writes a version 4 UUID (RFC 9562 section 5.4) in its usual form over `out`.
  PATCHBAY_DECL void uuid(std::string& out);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace patchbay

#if !defined(PATCHBAY_SEPARATE_COMPILATION)
#include <patchbay/impl/random_source.ipp>
#endif
