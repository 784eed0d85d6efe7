// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <mutex>
#include <random>
#include <string>

#include <boost/uuid/random_generator.hpp>
#include <boost/uuid/uuid.hpp>
#include <boost/uuid/uuid_io.hpp>  // to_chars

namespace patchbay {

/// Where jitter and identifiers come from. A handle in the settings: a test gives a seed and gets the same run again.
/// Thread-safe.
class RandomSource {
 public:
  /// Seeded by the machine's entropy.
  RandomSource() {
    std::random_device device;
    std::seed_seq seed{device(), device(), device(), device(), device(), device(), device(), device()};
    engine_.seed(seed);
  }
  explicit RandomSource(std::uint64_t seed) : engine_(seed) {}

  [[nodiscard]] std::uint64_t bits() {
    const std::lock_guard lock(mutex_);
    return engine_();
  }
  /// Writes a version 4 UUID (RFC 9562 section 5.4) in its usual form over `out`.
  void uuid(std::string& out) {
    out.resize(36);
    boost::uuids::uuid id;
    {
      const std::lock_guard lock(mutex_);
      id = boost::uuids::basic_random_generator<std::mt19937_64>(engine_)();
    }
    boost::uuids::to_chars(id, out.data(), out.data() + out.size());
  }

 private:
  std::mutex mutex_;
  std::mt19937_64 engine_;
};

}  // namespace patchbay
