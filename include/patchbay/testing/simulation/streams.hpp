// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include <patchbay/time.hpp>

namespace patchbay::testing::simulation {

/// Mixes a number thoroughly: the finalizer of SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number
/// generators", 2014).
[[nodiscard]] constexpr std::uint64_t mix(std::uint64_t x) noexcept {
  x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9U;
  x = (x ^ x >> 27) * 0x94d049bb133111ebU;
  return x ^ x >> 31;
}

/// FNV-1a, since the standard library's hash may differ from library to library.
[[nodiscard]] constexpr std::uint64_t hash_text(std::string_view text) noexcept {
  std::uint64_t out = 14695981039346656037U;
  for (const char c : text) out = (out ^ static_cast<unsigned char>(c)) * 1099511628211U;
  return out;
}

/// A stream of random numbers: SplitMix64. The distributions are written out in integers, because those of the standard
/// library differ from library to library, and a seed must mean the same everywhere.
class Stream {
 public:
  explicit constexpr Stream(std::uint64_t seed) noexcept : state_(seed) {}

  [[nodiscard]] constexpr std::uint64_t bits() noexcept { return mix(state_ += 0x9e3779b97f4a7c15U); }
  /// Below `n`, which is positive and below 2^32. The bias is below one in 2^32.
  [[nodiscard]] constexpr std::uint64_t below(std::uint64_t n) noexcept { return (bits() >> 32) * n >> 32; }
  /// True so many times of 1024.
  [[nodiscard]] constexpr bool chance(std::uint32_t of_1024) noexcept { return bits() >> 54 < of_1024; }
  /// From `low` to `high`, to the microsecond.
  [[nodiscard]] constexpr Duration span(Duration low, Duration high) noexcept {
    if (high <= low) return low;
    const auto steps = static_cast<std::uint64_t>((high - low).count() / 1000) + 1;
    return low + Duration(static_cast<Duration::rep>(bits() % steps * 1000));
  }
  /// Mostly below `usual`, and twice as long with half the chance, again and again, up to `most`.
  [[nodiscard]] constexpr Duration heavy_tailed(Duration usual, Duration most) noexcept {
    Duration bound = usual;
    for (std::uint64_t tail = bits(); (tail & 1) != 0 && bound < most; tail >>= 1) bound *= 2;
    return span(Duration::zero(), bound < most ? bound : most);
  }
  template <class List>
  [[nodiscard]] constexpr const auto& pick(const List& list) noexcept {
    return list[static_cast<std::size_t>(below(list.size()))];
  }

 private:
  std::uint64_t state_;
};

/// The seed of one component of a simulation: what one of them draws shifts nothing for the others, so that a workload can
/// be made shorter and the world around it stays as it was.
[[nodiscard]] constexpr std::uint64_t derive(std::uint64_t seed, std::string_view component, std::uint64_t number = 0) noexcept {
  return mix(mix(seed + 0x9e3779b97f4a7c15U) ^ hash_text(component) ^ mix(number + 0x632be59bd9b4e019U));
}
[[nodiscard]] constexpr Stream stream(std::uint64_t seed, std::string_view component, std::uint64_t number = 0) noexcept {
  return Stream(derive(seed, component, number));
}

}  // namespace patchbay::testing::simulation
