// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <utility>

#include <patchbay/time.hpp>

namespace patchbay::curl::detail {

/// What waits for a point in time; a part of the object that waits.
struct HeapNode {
  SteadyTime when = never;
  HeapNode* child = nullptr;
  HeapNode* next = nullptr;      // among the children of one node
  HeapNode* previous = nullptr;  // of these, or the parent of the first
};

/// Nodes by their time, the earliest first: a pairing heap (Fredman, Sedgewick, Sleator and Tarjan, 1986), because it
/// needs no memory and takes out any node. Adding takes constant time, taking out logarithmic time on average.
class Heap {
 public:
  [[nodiscard]] HeapNode* top() const noexcept { return root_; }

  void push(HeapNode& node) noexcept {
    node.child = node.next = node.previous = nullptr;
    root_ = root_ == nullptr ? &node : meld(root_, &node);
  }
  /// Only a node that is in it.
  void erase(HeapNode& node) noexcept {
    HeapNode* const rest = meld_all(std::exchange(node.child, nullptr));
    if (&node == root_) {
      root_ = rest;
      return;
    }
    (node.previous->child == &node ? node.previous->child : node.previous->next) = node.next;
    if (node.next != nullptr) node.next->previous = node.previous;
    if (rest != nullptr) root_ = meld(root_, rest);
  }

 private:
  // Makes the later of two roots the first child of the earlier.
  static HeapNode* meld(HeapNode* a, HeapNode* b) noexcept {
    if (b->when < a->when) std::swap(a, b);
    b->next = a->child;
    if (b->next != nullptr) b->next->previous = b;
    b->previous = a;
    a->child = b;
    return a;
  }
  // Two by two from the left, and then together from the right.
  static HeapNode* meld_all(HeapNode* first) noexcept {
    HeapNode* pairs = nullptr;
    while (first != nullptr) {
      HeapNode* const a = first;
      HeapNode* const b = a->next;
      first = b == nullptr ? nullptr : b->next;
      a->next = a->previous = nullptr;
      HeapNode* pair = a;
      if (b != nullptr) {
        b->next = b->previous = nullptr;
        pair = meld(a, b);
      }
      pair->next = pairs;
      pairs = pair;
    }
    HeapNode* root = nullptr;
    while (pairs != nullptr) {
      HeapNode* const pair = std::exchange(pairs, pairs->next);
      pair->next = nullptr;
      root = root == nullptr ? pair : meld(root, pair);
    }
    return root;
  }
  HeapNode* root_ = nullptr;
};

}  // namespace patchbay::curl::detail
