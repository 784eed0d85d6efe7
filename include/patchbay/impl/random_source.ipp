// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <random>

#include <boost/uuid/uuid.hpp>
#include <boost/uuid/uuid_io.hpp>  // to_chars

#include <patchbay/random_source.hpp>

namespace patchbay {

struct RandomSource::State {
  std::mutex mutex;
  std::mt19937_64 engine;
};

PATCHBAY_DECL RandomSource::RandomSource() : state_(std::make_unique<State>()) {
  std::random_device device;
  std::seed_seq seed{device(), device(), device(), device(), device(), device(), device(), device()};
  state_->engine.seed(seed);
}
PATCHBAY_DECL RandomSource::RandomSource(std::uint64_t seed) : state_(std::make_unique<State>()) { state_->engine.seed(seed); }
PATCHBAY_DECL RandomSource::~RandomSource() = default;

PATCHBAY_DECL std::uint64_t RandomSource::bits() {
  const std::lock_guard lock(state_->mutex);
  return state_->engine();
}

PATCHBAY_DECL void RandomSource::uuid(std::string& out) {
  out.resize(36);
  std::uint64_t halves[2];
  {
    const std::lock_guard lock(state_->mutex);
    for (std::uint64_t& half : halves) half = state_->engine();
  }
  // Boost's own generator allocates for each one.
  boost::uuids::uuid id;
  for (std::size_t i = 0; i < 16; ++i) id.data[i] = static_cast<std::uint8_t>(halves[i / 8] >> (i % 8 * 8));
  id.data[6] = static_cast<std::uint8_t>((id.data[6] & 0x0F) | 0x40);  // version 4
  id.data[8] = static_cast<std::uint8_t>((id.data[8] & 0x3F) | 0x80);  // the RFC's variant
  boost::uuids::to_chars(id, out.data(), out.data() + out.size());
}

}  // namespace patchbay
