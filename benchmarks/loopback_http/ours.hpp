// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include <patchbay/settings.hpp>
#include <patchbay/transition_request.hpp>

#include "work.hpp"

namespace patchbay::benchmarks {

[[nodiscard]] inline Settings our_settings(const Work& work) {
  Settings out;
  out.base_url = "http://127.0.0.1:" + std::to_string(work.port);
  out.tokens = std::make_shared<TokenSource>(TokenSettings{.login_url = out.base_url, .client_id = "id", .client_secret = Secret("secret")});
  out.flows = std::make_shared<FlowCache>(work.requests < 3 ? Duration(std::chrono::hours{1}) : Duration::zero());
  return out;
}

/// The moves that one connection makes one after another.
class OurMoves {
 public:
  OurMoves(const Work&, int connection) : forth_(interaction_id(connection), std::string(flow_id), std::string(from), std::string(to)) {
    for (const auto& [name, value] : variables) forth_.text(name, value);
  }
  [[nodiscard]] const TransitionRequest& next() noexcept { return forth_; }

 private:
  TransitionRequest forth_;
};

}  // namespace patchbay::benchmarks
