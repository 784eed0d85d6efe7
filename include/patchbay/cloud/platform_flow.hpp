// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <patchbay/config.hpp>
#include <patchbay/http.hpp>
#include <patchbay/result.hpp>
#include <patchbay/time.hpp>

namespace patchbay {
class ErrorBody;   // cloud/error_body.hpp
class JsonReader;  // json/read.hpp
}  // namespace patchbay

namespace patchbay::cloud::platform {

/// A version of a flow.
class FlowVersion {
 public:
  FlowVersion() = default;

  std::string id;  ///< Such as `7.0`; empty when the answer has no such version.
  /// When it was made and when it became the published one. Nothing for what is no time: the platform writes some as
  /// milliseconds since 1970 and some as text, and either is taken for both.
  std::optional<WallTime> created, published;
};

/// What `GET /api/v2/flows/{id}` says of a flow; its graph is elsewhere (`parse_flow_configuration`). Used again, it
/// keeps its memory.
class FlowInfo {
 public:
  FlowInfo() = default;

  std::string id;
  std::string name;            ///< For people; empty when the answer gives none.
  std::string type;            ///< Such as `INBOUNDCALL`, or a word of tomorrow's; empty likewise.
  std::optional<bool> active;  ///< Nothing when the answer does not say.
  bool deleted = false;
  bool system = false;    ///< The platform's own.
  FlowVersion published;  ///< What runs.
  FlowVersion saved;      ///< What its authors see, and what `/latestconfiguration` shows.

  /// The version whose configuration is that of the running flow: `pinned` when that is not empty, else the published
  /// one. A view of either. `not_found` when the flow is deleted, or has never been published.
  [[nodiscard]] PATCHBAY_DECL Result<std::string_view> version(std::string_view pinned = {}) const;
  PATCHBAY_DECL void clear() noexcept;
};

/// Reads the answer to `GET /api/v2/flows/{id}`. `malformed_response`, with the member's name, for what is no JSON
/// object, has no `id`, or has a value of a wrong type in `id`, `deleted`, `publishedVersion` or that one's `id`;
/// elsewhere such a value counts as absent.
PATCHBAY_DECL Result<void> parse_flow_info(const Body& body, JsonReader& reader, FlowInfo& out);

/// Whether an answer says that there was such a flow and is no more: 410, or `architect.flow.deleted`.
[[nodiscard]] PATCHBAY_DECL bool is_flow_deleted(int status, const ErrorBody& body) noexcept;

}  // namespace patchbay::cloud::platform

#if !defined(PATCHBAY_SEPARATE_COMPILATION)
#include <patchbay/cloud/impl/platform_flow.ipp>
#endif
