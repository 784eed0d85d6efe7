// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace patchbay {

/// When a flow allows a move from one node to another (hazard A25). All want at least one transition, so that a move of
/// a node to itself needs a cycle.
enum class Reachability : std::uint8_t {
  path,         ///< Any way leads there, conditions ignored.
  direct_edge,  ///< One transition leads there, its condition ignored.
  conditional,  ///< A way leads there whose conditions the client's predicate accepts.
};

[[nodiscard]] constexpr std::string_view to_string(Reachability reachability) noexcept {
  switch (reachability) {
    case Reachability::path: return "path";
    case Reachability::direct_edge: return "direct";
    case Reachability::conditional: return "conditional";
  }
  return "path";
}

/// The reverse of `to_string`; nothing for any other text.
[[nodiscard]] constexpr std::optional<Reachability> parse_reachability(std::string_view text) noexcept {
  for (const auto each : {Reachability::path, Reachability::direct_edge, Reachability::conditional})
    if (text == to_string(each)) return each;
  return std::nullopt;
}

}  // namespace patchbay
