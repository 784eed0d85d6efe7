// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // clamp
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <patchbay/secret.hpp>
#include <patchbay/testing/cloud_options.hpp>
#include <patchbay/time.hpp>

namespace patchbay::testing {

/// How a `PlatformModel` behaves. The defaults are the platform's, as far as it has said them; where its definition is
/// silent the member says so.
class PlatformOptions {
 public:
  PlatformOptions() = default;

  // Login.
  std::string client_id;  ///< Empty: any client id and secret are accepted.
  Secret client_secret;
  Duration token_ttl = std::chrono::hours{24};  ///< At most 48 hours; the platform has 5 minutes at least.
  std::size_t max_tokens = 10'000;              ///< Beyond it the oldest is forgotten.
  /// The user that tokens stand for. Empty: none, as with client credentials; the operations of calls then answer 400
  /// `not.a.user`. With one, a call's participant must be that user's (400 `conversation.error.user.not.party`).
  std::string user_id;
  /// What the client's roles allow; what is missing answers 403.
  std::vector<std::string> permissions{
      "conversation:communication:view",         "conversation:communication:disconnect",
      "conversation:participant:wrapup",         "conversation:call:record",
      "conversation:customAttributes:view",      "conversation:customAttributes:edit",
      "conversation:participant:attributesview", "architect:flow:view"};

  // Addresses that answers carry.
  std::string api_base = "https://api.mypurecloud.com";
  std::string streaming_base = "wss://streaming.mypurecloud.com";

  // Conversations.
  Duration effect_delay{};              ///< From the 202 to its effect.
  bool attributes_replace = false;      ///< Whether participant attributes are replaced, not merged; unknown.
  std::size_t max_attributes = 65'536;  ///< Encoded bytes of one write of attributes; beyond it 413. Unknown.
  std::size_t max_records = 16;         ///< Custom attribute records of one conversation; beyond it 409. Unknown.

  // Requests that one token may make in one window; beyond it 429. 0: any number.
  unsigned rate_limit = 300;
  seconds rate_window{60};

  // Notifications.
  Duration channel_lifetime = std::chrono::hours{24};  ///< From its making or its last subscription.
  Duration heartbeat = seconds{30};
  Duration closing_notice = seconds{60};  ///< Between `v2.system.socket_closing` and the close.
  std::size_t max_channels = 20;          ///< One more takes the place of the one unused longest.
  std::size_t max_topics = 1'000;         ///< Of one channel; beyond it 400.
  std::uint64_t channel_seed = 0;         ///< Channel ids, which are secrets, follow from it.

  // Bounds of what is kept.
  std::size_t max_pending = 100'000;       ///< Writes accepted and not yet done; beyond it they answer 503.
  std::size_t max_flow_versions = 64;      ///< Of one flow; beyond it the oldest is forgotten.
  std::size_t max_operations = 1'000'000;  ///< Log entries; beyond it writes answer 503,
  bool forget_operations = false;          ///< or, when this is set, the older half is forgotten.

  /// The same for the token endpoint, which the dialects share.
  [[nodiscard]] CloudOptions login() const {
    CloudOptions out;
    out.client_id = client_id;
    out.client_secret = client_secret;
    out.scopes = {"roles"};
    out.token_ttl = std::clamp<Duration>(token_ttl, seconds{1}, std::chrono::hours{48});
    out.show_scope = false;
    out.max_tokens = max_tokens;
    out.platform_login = true;
    return out;
  }
};

}  // namespace patchbay::testing
