// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include <patchbay/http.hpp>
#include <patchbay/time.hpp>

namespace patchbay {

/// What the platform says on ordinary answers about the rate limit that the request counted against: the fields
/// `inin-ratelimit-allowed`, `inin-ratelimit-count` and `inin-ratelimit-reset`.
class RateLimitStatus {
 public:
  RateLimitStatus(std::int64_t allowed_in, std::int64_t count_in, seconds reset_in) noexcept
      : allowed(allowed_in), count(count_in), reset(reset_in) {}

  std::int64_t allowed;  ///< Requests in one window; positive.
  std::int64_t count;    ///< Counted in this window so far.
  seconds reset;         ///< Until the next window begins, in whole seconds.
};

namespace detail {

/// A number of digits and nothing else, at most nine of them.
[[nodiscard]] inline std::optional<std::int64_t> small_number(std::string_view text) noexcept {
  if (text.empty() || text.size() > 9) return std::nullopt;
  std::int64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  return value;
}

}  // namespace detail

/// The rate limit's state if an answer tells all three of its parts and each can be understood. A reset more than an hour
/// away is none that a request limit has, and is not believed.
[[nodiscard]] inline std::optional<RateLimitStatus> rate_limit_of(const Headers& headers) noexcept {
  std::optional<std::int64_t> allowed, count, reset;
  for (std::size_t i = 0; i < headers.size(); ++i) {
    constexpr std::string_view prefix = "inin-ratelimit-";
    std::string_view name = headers.name(i);
    if (name.size() <= prefix.size() || !equal_ignoring_case(name.substr(0, prefix.size()), prefix)) continue;
    name.remove_prefix(prefix.size());
    if (equal_ignoring_case(name, "allowed")) allowed = detail::small_number(headers.value(i));
    if (equal_ignoring_case(name, "count")) count = detail::small_number(headers.value(i));
    if (equal_ignoring_case(name, "reset")) reset = detail::small_number(headers.value(i));
  }
  if (!allowed || !count || !reset || *allowed == 0 || *reset > 3600) return std::nullopt;
  return RateLimitStatus(*allowed, *count, seconds{*reset});
}

}  // namespace patchbay
