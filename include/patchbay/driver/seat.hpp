// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <utility>

#include <patchbay/driver/any_loop.hpp>
#include <patchbay/driver/any_policies.hpp>
#include <patchbay/settings.hpp>

namespace patchbay::detail {

/// The policies and the door of a client whose calls block.
template <class PolicySet, class Door>
class BlockingSeat {
 public:
  BlockingSeat(PolicySet&& policies_in, Settings&& settings) : policies_(std::move(policies_in)), door(policies_, std::move(settings)) {}
  [[nodiscard]] const PolicySet& policies() const noexcept { return policies_.set; }

 private:
  PoliciesOf<PolicySet> policies_;

 public:
  Door door;
};

/// The same on an event loop, where the policies live as long as the operations, and so belong to the door.
template <class Calls, class Door>
class LoopSeat {
 public:
  template <class PolicySet>
  LoopSeat(PolicySet&& policies_in, Settings&& settings)
      : LoopSeat(std::make_unique<Calls>(std::forward<PolicySet>(policies_in)), std::move(settings)) {}
  LoopSeat(std::unique_ptr<Calls> calls, Settings&& settings) : calls_(calls.get()), door(std::move(calls), std::move(settings)) {}
  [[nodiscard]] const auto& policies() const noexcept { return calls_->set; }
  /// Ends with the door: for handlers that would refer to it.
  [[nodiscard]] std::weak_ptr<const void> alive() const noexcept { return alive_; }

 private:
  Calls* calls_;
  std::shared_ptr<const void> alive_ = std::make_shared<char>();

 public:
  Door door;
};

}  // namespace patchbay::detail
