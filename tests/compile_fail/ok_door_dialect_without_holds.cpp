// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
// A dialect of one's own that has holds, from the documents' one.
#include <patchbay/hold_controller.hpp>
#include <patchbay/testing/simulated_cloud.hpp>

struct Own : patchbay::cloud::Interactions {
  void channel_target(std::string& out, const patchbay::Endpoint&) const { out.assign("/elsewhere"); }
};
static_assert(patchbay::HoldsByChannel<Own> && !patchbay::HoldsByRequest<Own>);

void open(const patchbay::testing::SimulatedCloud& cloud, const patchbay::Settings& settings) {
  patchbay::HoldController door{patchbay::Policies{.transport = cloud, .dialect = Own{}}, settings};
  (void)door.metrics();
}
