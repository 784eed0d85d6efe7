// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <patchbay/config.hpp>
#include <patchbay/flow/node_index.hpp>
#include <patchbay/flow/route_scratch.hpp>

namespace patchbay {
class FlowGraph;
class ReachabilityIndex;
}  // namespace patchbay

namespace patchbay::detail {

/// The shortest way from `from` to `to` of at least one transition, left in `scratch.path()` from end to begin; of
/// several, the one whose transitions come first in the definition. False when there is none.
///
/// Searches from both ends at once, and only where the index does not rule out that the other end is met: on a flow
/// where each node leads to a few others at random, it visits some square root of the nodes.
PATCHBAY_DECL bool shortest_way(const FlowGraph& graph, const ReachabilityIndex& index, NodeIndex from, NodeIndex to,
                                RouteScratch& scratch);

}  // namespace patchbay::detail

#if !defined(PATCHBAY_SEPARATE_COMPILATION)
#include <patchbay/flow/impl/shortest_way.ipp>
#endif
