// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <mutex>
#include <random>
#include <string>

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
    static constexpr char hex[] = "0123456789abcdef";
    std::uint64_t high = 0, low = 0;
    {
      const std::lock_guard lock(mutex_);
      high = engine_();
      low = engine_();
    }
    high = (high & ~std::uint64_t{0xf000}) | 0x4000;                  // version 4
    low = (low & ~(std::uint64_t{3} << 62)) | std::uint64_t{2} << 62;  // variant 10
    out.resize(36);
    char* at = out.data();
    const auto group = [&at](std::uint64_t bits, unsigned digits) {
      while (digits-- > 0) *at++ = hex[bits >> (4 * digits) & 15];
    };
    group(high >> 32, 8), *at++ = '-';
    group(high >> 16, 4), *at++ = '-';
    group(high, 4), *at++ = '-';
    group(low >> 48, 4), *at++ = '-';
    group(low, 12);
  }

 private:
  std::mutex mutex_;
  std::mt19937_64 engine_;
};

}  // namespace patchbay
