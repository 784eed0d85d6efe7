// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <mutex>
#include <random>

#include <boost/uuid/random_generator.hpp>
#include <boost/uuid/uuid.hpp>
#include <boost/uuid/uuid_io.hpp>  // to_chars

#include <patchbay/random_source.hpp>

namespace patchbay {

struct RandomSource::State {
  std::mutex mutex;
  std::mt19937_64 engine;
  boost::uuids::basic_random_generator<std::mt19937_64> uuids{engine};  ///< Kept, since each one that is made allocates.
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
  boost::uuids::uuid id;
  {
    const std::lock_guard lock(state_->mutex);
    id = state_->uuids();
  }
  boost::uuids::to_chars(id, out.data(), out.data() + out.size());
}

}  // namespace patchbay
