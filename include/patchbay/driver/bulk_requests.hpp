// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <concepts>
#include <memory>  // addressof
#include <ranges>
#include <type_traits>
#include <vector>

#include <patchbay/transition_request.hpp>

namespace patchbay::detail {

/// A range of requests, or of references to them.
template <class R>
concept BulkRange =
    std::ranges::input_range<R> && std::same_as<std::remove_cvref_t<std::ranges::range_reference_t<R>>, TransitionRequest>;

/// The requests of a range, in their order. Those that the range refers to, and can be gone through again, stay where they
/// are; others, such as a view makes on the way, are kept here.
template <class R>
class BulkRequests {
 public:
  explicit BulkRequests(R& range) {
    if constexpr (stay) {
      for (const TransitionRequest& request : range) pointers_.push_back(std::addressof(request));
    } else {
      for (auto&& request : range) kept_.push_back(std::forward<decltype(request)>(request));
      for (const TransitionRequest& request : kept_) pointers_.push_back(std::addressof(request));
    }
  }
  BulkRequests(const BulkRequests&) = delete;
  BulkRequests& operator=(const BulkRequests&) = delete;

  [[nodiscard]] const std::vector<const TransitionRequest*>& pointers() const noexcept { return pointers_; }

 private:
  static constexpr bool stay = std::ranges::forward_range<R> && std::is_lvalue_reference_v<std::ranges::range_reference_t<R>>;
  std::vector<TransitionRequest> kept_;
  std::vector<const TransitionRequest*> pointers_;
};

}  // namespace patchbay::detail
