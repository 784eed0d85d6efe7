// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <vector>

#include "work.hpp"

namespace patchbay::benchmarks {

/// What a side on Node.js made of each case, in their order, and its medians.
struct NodeSide {
  std::string name;
  unsigned blind = sees_all;
  std::vector<std::string> hold, coerce, decode;  ///< What was made; empty where the case is refused.
  double hold_nanoseconds = 0, coerce_nanoseconds = 0, decode_nanoseconds = 0;
};

struct NodeSides {
  std::vector<NodeSide> sides;
  std::string why_not;  ///< When there are none.
};

/// Runs peers.mjs over all cases, in a process of its own.
[[nodiscard]] NodeSides run_node(int calls, int batches);

}  // namespace patchbay::benchmarks
