// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "support/raw_peer.hpp"

namespace patchbay::test {

inline constexpr std::string_view raw_token = "raw-t0ken-5b9c-do-not-print";

inline std::string http(std::string_view body, int status = 200, std::string_view fields = {}) {
  std::string out = "HTTP/1.1 " + std::to_string(status) +
                    " X\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size());
  return out.append("\r\n").append(fields).append("\r\n").append(body);
}

/// The exchanges of a transition.
enum class Exchange { token, flow, read, write };

inline Exchange exchange_of(std::string_view request) {
  if (request.starts_with("POST /oauth/token")) return Exchange::token;
  if (request.starts_with("GET /api/v2/flows/")) return Exchange::flow;
  return request.starts_with("PATCH") ? Exchange::write : Exchange::read;
}

/// What an honest server answers; the interaction stays at version 1, as if no write ever reached it.
inline std::string honest_answer(std::string_view request) {
  switch (exchange_of(request)) {
    case Exchange::token:
      return http("{\"access_token\":\"" + std::string(raw_token) +
                  "\",\"expires_in\":3600,\"token_type\":\"bearer\"}");
    case Exchange::flow:
      return http(R"({"id":"f","nodes":[{"id":"a","transitions":[{"targetId":"b"}]},{"id":"b"}]})");
    case Exchange::read: {
      constexpr std::string_view before = "/api/v2/interactions/";
      const std::size_t at = request.find(before) + before.size();
      const std::string id(request.substr(at, request.find(' ', at) - at));
      return http("{\"id\":\"" + id +
                      "\",\"state\":\"connected\",\"customAttributes\":{\"flow_node\":\"a\"},\"routingData\":{"
                      "\"skillGroup\":{\"id\":\"g\"}}}",
                  200, "ETag: \"1\"\r\n");
    }
    case Exchange::write:
      return http("{}", 200, "ETag: \"2\"\r\n");
  }
  return {};
}

/// A server that is honest but at one exchange, where it does something else as often as it is told to.
class HostileServer {
 public:
  /// Does the deed in place of the answer; the connection is closed afterwards.
  using Deed = std::function<void(PeerConnection&, const std::string& request)>;
  static constexpr int always = 1 << 30;

  HostileServer(Exchange where, int times, Deed deed)
      : peer_([this, where, deed = std::move(deed)](PeerConnection& c) {
          for (;;) {
            const std::string request = c.read_request();
            if (request.empty()) return;
            ++requests[static_cast<std::size_t>(exchange_of(request))];
            if (exchange_of(request) == where && left_.fetch_sub(1) > 0) return deed(c, request);
            if (!c.write(honest_answer(request))) return;
          }
        }),
        left_(times) {}

  [[nodiscard]] std::string url() const { return peer_.url(); }
  std::atomic<int> requests[4]{};  ///< By exchange.

 private:
  RawPeer peer_;
  std::atomic<int> left_;
};

}  // namespace patchbay::test
