// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>

#include "chaos/proxy/mix.hpp"

namespace chaos {

/// Random numbers that a seed and two more numbers decide, alike with every standard library (SplitMix64).
class Dice {
 public:
  Dice(std::uint64_t seed, std::uint64_t connection, std::uint64_t stream) noexcept
      : state_(seed * 0x9e3779b97f4a7c15U ^ connection * 0xd1342543de82ef95U ^ stream * 0xa0761d6478bd642fU) {
    next();
  }
  std::uint64_t next() noexcept {
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15U;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9U;
    z = (z ^ z >> 27) * 0x94d049bb133111ebU;
    return z ^ z >> 31;
  }
  /// From 0 to below 1.
  double unit() noexcept { return static_cast<double>(next() >> 11) * 0x1p-53; }
  /// From `least` to `most`.
  std::uint64_t between(std::uint64_t least, std::uint64_t most) noexcept {
    return least + next() % (most - least + 1);
  }
  bool chance(double in_a_thousand) noexcept { return unit() * 1000 < in_a_thousand; }

 private:
  std::uint64_t state_;
};

/// Where in what was just sent a strike falls.
enum class Phase : std::uint8_t { before, amid, behind };

class Strike {
 public:
  Kind kind = Kind::delay;
  std::uint64_t offset = 0;  ///< Of the direction's bytes.
  Phase phase = Phase::amid;
};

/// The strikes on one direction of one connection, one after another, at distances as chance has them: decided by the
/// seed, the connection's number and the direction alone, whatever the bytes are and however they are cut.
class Strikes {
 public:
  Strikes(const Mix& mix, std::uint64_t seed, std::uint64_t connection, bool upward) noexcept
      : mix_(mix), dice_(seed, connection, upward ? 1 : 2) {
    for (std::size_t i = index(Kind::delay); i < kind_count; ++i) total_ += mix.rates[i];
    draw();
  }

  /// The next one; `total() > 0`.
  [[nodiscard]] const Strike& next() const noexcept { return next_; }
  [[nodiscard]] bool any() const noexcept { return total_ > 0; }
  void pass() noexcept { draw(); }
  [[nodiscard]] Dice& dice() noexcept { return dice_; }

 private:
  void draw() noexcept {
    if (total_ <= 0) return;
    const double distance = -std::log(1 - dice_.unit()) / total_ * 1048576;
    next_.offset += distance < 1e15 ? static_cast<std::uint64_t>(distance) : std::uint64_t{1} << 50;
    double at = dice_.unit() * total_;
    std::size_t kind = index(Kind::delay);
    while (kind + 1 < kind_count && at >= mix_.rates[kind]) at -= mix_.rates[kind++];
    while (mix_.rates[kind] <= 0) --kind;  // the last of the sum's rounding
    next_.kind = static_cast<Kind>(kind);
    next_.phase = static_cast<Phase>(dice_.between(0, 2));
  }

  Mix mix_;
  Dice dice_;
  double total_ = 0;
  Strike next_;
};

}  // namespace chaos
