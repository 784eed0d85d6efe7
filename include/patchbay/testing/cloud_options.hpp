// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <patchbay/http.hpp>
#include <patchbay/secret.hpp>
#include <patchbay/time.hpp>

namespace patchbay::testing {

/// Where the simulated cloud puts the version of an interaction.
enum class EtagPlace : std::uint8_t {
  header,           ///< Strong, in the `ETag` field.
  body,             ///< In the member `etag` alone.
  header_and_body,  ///< In both.
  weak,             ///< In the `ETag` field, weak, so that it can lock nothing.
  nowhere,
};

/// What a successful write is answered with.
enum class WriteAnswer : std::uint8_t {
  attributes,  ///< 200 with all attributes, the writer's `transition_id` among them.
  plain,       ///< 200 with `id` alone.
  no_content,  ///< 204 without a body.
};

/// How the simulated cloud behaves. The defaults are the contract as the documents have it.
class CloudOptions {
 public:
  CloudOptions() = default;

  // Credentials and tokens.
  std::string client_id;  ///< Empty: any client id and secret are accepted.
  Secret client_secret;
  /// What the client may be granted, in this order.
  std::vector<std::string> scopes{"interaction:update", "interaction:read", "interaction:control", "flow:read"};
  Duration token_ttl = seconds{3600};
  bool show_scope = true;           ///< Whether a grant names its scope.
  bool show_expires_in = true;      ///< Whether a grant names its lifetime.
  std::size_t max_tokens = 10'000;  ///< Beyond it the oldest is forgotten.
  /// Whether the answers are those of the platform's login host: the scopes that are asked for are not looked at, since
  /// a client of this grant has roles, and an error has a `description` beside `error_description`.
  bool platform_login = false;

  // Interactions.
  EtagPlace etag = EtagPlace::header;
  WriteAnswer write_answer = WriteAnswer::attributes;
  int stale_status = 412;               ///< For a write whose `If-Match` no longer holds: 412 or 409.
  bool require_if_match = true;         ///< Whether a write without `If-Match` is answered with 428.
  bool show_held = true;                ///< Whether an interaction shows `held`.
  bool hold_changes_version = true;     ///< Whether hold and unhold change the ETag, as they do when `held` is shown.
  std::size_t max_attributes = 65'536;  ///< Of one write's `customAttributes`, in encoded bytes.

  // The channel.
  std::vector<std::string> hold_reasons{"queueing", "consultation", "system_issue", "agent_break"};  ///< Empty: any.
  bool send_state_updates = true;  ///< Whether every change is told to every open channel.
  std::size_t max_channels = 4'096;

  // Bounds of what is kept.
  std::size_t max_webhooks = 100'000;      ///< Deliveries; beyond it the webhook answers 507.
  std::size_t max_operations = 1'000'000;  ///< Log entries; beyond it writes and commands answer 507,
  bool forget_operations = false;          ///< or, when this is set, the older half is forgotten.
};

/// A request as the simulated cloud sees it; views of the caller's memory. Any bytes are allowed in every part.
class CloudRequest {
 public:
  CloudRequest(std::string_view method_in, std::string_view target_in, std::span<const HeaderView> headers_in = {},
               std::string_view body_in = {})
      : method(method_in), target(target_in), headers(headers_in), body(body_in) {}
  explicit CloudRequest(const HttpRequest& request)
      : CloudRequest(to_string(request.method), request.target, request.headers, request.body) {}

  std::string_view method;
  std::string_view target;  ///< Path and query.
  std::span<const HeaderView> headers;
  std::string_view body;

  [[nodiscard]] std::string_view path() const noexcept { return target.substr(0, target.find('?')); }
  [[nodiscard]] std::string_view query() const noexcept {
    const std::size_t mark = target.find('?');
    return mark == std::string_view::npos ? std::string_view{} : target.substr(mark + 1);
  }
  /// The first field of that name; empty when there is none.
  [[nodiscard]] std::string_view header(std::string_view name) const noexcept {
    for (const HeaderView& field : headers)
      if (equal_ignoring_case(field.name, name)) return field.value;
    return {};
  }
  [[nodiscard]] bool has_header(std::string_view name) const noexcept {
    for (const HeaderView& field : headers)
      if (equal_ignoring_case(field.name, name)) return true;
    return false;
  }
};

}  // namespace patchbay::testing
