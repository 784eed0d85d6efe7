// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

namespace patchbay::detail {

/// Nodes that left a map, kept for its next entries with the memory of what is in them: a map whose entries come
/// and go allocates nothing once it is warm. Bounded; what is beyond that is freed. Not thread-safe.
template <class Map>
class SpareNodes {
 public:
  using Node = typename Map::node_type;

  /// One that was kept, with its last key and value still in it, or a new one.
  [[nodiscard]] Node take() {
    nodes_.reserve(max_kept);  // so that keeping cannot fail
    if (nodes_.empty()) {
      Map made;
      made.emplace();
      return made.extract(made.begin());
    }
    Node node = std::move(nodes_.back());
    nodes_.pop_back();
    return node;
  }
  void keep(Node node) noexcept {
    if (nodes_.size() < nodes_.capacity()) nodes_.push_back(std::move(node));
  }

 private:
  static constexpr std::size_t max_kept = 256;
  std::vector<Node> nodes_;
};

}  // namespace patchbay::detail
