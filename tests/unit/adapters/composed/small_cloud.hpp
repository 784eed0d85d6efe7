// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <atomic>
#include <string>

#include "../suite/exchange.hpp"
#include "../suite/raw_websocket.hpp"

namespace patchbay::test {

inline constexpr const char* caller = "550e8400-e29b-41d4-a716-446655440000";

inline std::string id_of(const std::string& command) {
  const std::string mark = "\"correlationId\":\"";
  const std::size_t at = command.find(mark) + mark.size();
  return command.substr(at, command.find('"', at) - at);
}

/// A cloud of one interaction: tokens, a read, and a channel that acknowledges what it is told.
class SmallCloud {
 public:
  [[nodiscard]] std::string url() const { return peer_.url(); }
  std::atomic<int> over_curl{0};
  std::atomic<int> over_beast{0};
  std::atomic<int> commands{0};

 private:
  void play(PeerConnection& c) {
    for (std::string request; !(request = c.read_request()).empty();) {
      if (request.find("Upgrade: websocket") != std::string::npos) {
        ++over_beast;
        c.write(switching(request));
        for (ClientFrame f; (f = read_frame(c)).opcode != 0xff;) {
          if (f.opcode == close_frame) return;
          if (f.opcode != text_frame) continue;
          ++commands;
          const std::string verb = f.payload.find("\"unhold\"") != std::string::npos ? "unhold" : "hold";
          c.write(
              frame(text_frame, R"({"correlationId":")" + id_of(f.payload) + R"(","body":{"type":")" + verb + "\"}}"));
        }
        return;
      }
      ++over_curl;
      if (request.starts_with("POST /oauth/token ")) {
        c.write(answer(R"({"access_token":"t","expires_in":3600,"token_type":"bearer"})"));
      } else {
        c.write(answer(
            R"({"id":"550e8400-e29b-41d4-a716-446655440000","state":"connected","routingData":{"skillGroup":{"id":"s"}}})",
            "ETag: \"1\"\r\n"));
      }
    }
  }
  RawPeer peer_{[this](PeerConnection& c) { play(c); }};
};

}  // namespace patchbay::test
