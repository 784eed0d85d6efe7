// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <patchbay/settings.hpp>
#include <patchbay/state_transitioner.hpp>
#include <patchbay/transition_request.hpp>

#include "work.hpp"

namespace patchbay::benchmarks {

[[nodiscard]] inline Settings our_settings(const Work& work) {
  Settings out;
  out.base_url = "http://127.0.0.1:" + std::to_string(work.port);
  out.tokens = std::make_shared<TokenSource>(TokenSettings{.login_url = out.base_url, .client_id = "id", .client_secret = Secret("secret")});
  out.flows = std::make_shared<FlowCache>(work.requests < 3 ? Duration(std::chrono::hours{1}) : Duration::zero());
  if (work.requests < 2) out.transition.remember = std::make_shared<InteractionMemory>();
  return out;
}

/// The moves of one interaction, one after another: always the same where each reads the interaction, of which nginx always
/// says the same; forth and back where the door remembers where the last one led.
class OurMoves {
 public:
  OurMoves(const Work& work, int number) : alternate_(work.requests < 2) {
    for (const bool forth : {true, false}) {
      TransitionRequest& move = moves_.emplace_back(interaction_id(number), flow_of(work, number), std::string(forth ? from : to),
                                                    std::string(forth ? to : from));
      for (const auto& [name, value] : variables) move.text(name, value);
    }
  }
  [[nodiscard]] const TransitionRequest& next() noexcept { return moves_[alternate_ ? at_++ % 2 : 0]; }

 private:
  std::vector<TransitionRequest> moves_;
  std::size_t at_ = 0;
  bool alternate_;
};

/// Keeps `work.connections` operations of a door on an event loop under way, until the meter has enough.
template <class Door>
class OurLoop {
 public:
  OurLoop(Door& door, const Work& work, Meter& meter) : door_(&door), meter_(&meter) {
    for (int i = 0; i < work.connections; ++i) moves_.emplace_back(work, i);
  }
  void start() {
    for (std::size_t i = 0; i < moves_.size(); ++i) next(i);
  }

 private:
  void next(std::size_t i) {
    if (!meter_->more()) return;
    door_->start_transition(moves_[i].next(), [this, i, begun = meter_->begin()](Result<TransitionResult> moved) {
      meter_->end(begun, moved.has_value());
      if (!moved) meter_->abandon(), std::fprintf(stderr, "%s\n", moved.error().describe().c_str());
      next(i);
    });
  }

  Door* door_;
  Meter* meter_;
  std::vector<OurMoves> moves_;
};

}  // namespace patchbay::benchmarks
