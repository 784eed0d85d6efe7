// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <curl/curl.h>

#include <patchbay/curl/impl/handle.hpp>
#include <patchbay/http.hpp>
#include <patchbay/policy/transport.hpp>
#include <patchbay/time.hpp>

namespace patchbay::curl::detail {

/// Why `request` is not to be begun at `now`: it may not travel, cannot be written, or is too late. Nothing when it is.
[[nodiscard]] std::optional<TransportError> refusal_of(const HttpRequest& request, SteadyTime deadline, SteadyTime now);

/// Whole milliseconds until `end`, as libcurl takes them; 0 is none left.
[[nodiscard]] long milliseconds_until(SteadyTime end, SteadyTime now) noexcept;

/// The failure that libcurl reports, in the library's terms.
[[nodiscard]] TransportError explain(CURLcode code, const Exchange& exchange, const Handle& handle);

/// The fields of a request in libcurl's form: lines in one buffer, and a list of them. Keeps its memory for the next.
class FieldList {
 public:
  FieldList() = default;
  FieldList(const FieldList&) = delete;
  FieldList& operator=(const FieldList&) = delete;

  /// The list for `headers`, as long as nothing else is made. Without `keep` it asks the server to close.
  [[nodiscard]] curl_slist* make(std::span<const HeaderView> headers, bool keep);

 private:
  void add(std::string_view name, std::string_view value);

  std::string text_;
  std::vector<std::size_t> starts_;
  std::vector<curl_slist> nodes_;
};

}  // namespace patchbay::curl::detail
