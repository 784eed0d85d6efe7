// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
// A dialect that can move interactions and does not say where its channel is.
// expect: Policies::dialect must model patchbay::HoldDialect; besides patchbay::Dialect it needs hold_scope, encode_hold, check_hold, parse_news and channel_target
#include <patchbay/hold_controller.hpp>
#include <patchbay/testing/simulated_cloud.hpp>

struct Own : patchbay::cloud::Interactions {
  void channel_target(std::string& out, const patchbay::Endpoint& api) const = delete;
};
static_assert(patchbay::Dialect<Own> && !patchbay::HoldDialect<Own>);

void open(const patchbay::testing::SimulatedCloud& cloud, const patchbay::Settings& settings) {
  patchbay::HoldController door{patchbay::Policies{.transport = cloud, .dialect = Own{}}, settings};
  (void)door.metrics();
}
