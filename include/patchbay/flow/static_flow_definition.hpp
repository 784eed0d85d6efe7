// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <string_view>

#include <patchbay/config.hpp>
#include <patchbay/flow/static_flow.hpp>

namespace patchbay {

/// The definition of a static flow as the flows API gives it: JSON that `FlowGraph::parse` reads, and from which `drift`
/// finds nothing to say. For deploying what was compiled, and for tests with a simulated cloud. The entry comes first,
/// the other nodes in the flow's order.
[[nodiscard]] PATCHBAY_DECL std::string flow_definition(const StaticFlowView& flow, std::string_view id,
                                                        std::string_view version = {});

/// `flow_definition<BillingFlow>("a1b2c3d4")`
template <CompiledFlow Flow>
[[nodiscard]] std::string flow_definition(std::string_view id, std::string_view version = {}) {
  return flow_definition(view_of<Flow>(), id, version);
}

}  // namespace patchbay

#if !defined(PATCHBAY_SEPARATE_COMPILATION)
#include <patchbay/flow/impl/static_flow_definition.ipp>
#endif
