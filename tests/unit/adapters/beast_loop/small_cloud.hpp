// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include <patchbay/settings.hpp>

#include "../suite/exchange.hpp"
#include "../suite/raw_websocket.hpp"

namespace patchbay::test {

inline constexpr const char* caller = "550e8400-e29b-41d4-a716-446655440000";
inline constexpr const char* flow_id = "a1b2c3d4-e5f6-7890-abcd-ef1234567890";

/// A cloud of one flow, one interaction that is written to without consequence, and a channel that acknowledges
/// whatever it is told.
class SmallCloud {
 public:
  [[nodiscard]] Settings settings() const {
    Settings settings;
    settings.base_url = peer_.url();
    settings.tokens = std::make_shared<TokenSource>(TokenSettings{peer_.url(), "me", Secret("hush")});
    return settings;
  }
  [[nodiscard]] std::string url() const { return peer_.url(); }
  std::atomic<int> requests{0};   ///< Exchanges that reached it.
  std::atomic<int> commands{0};
  std::atomic<bool> stall{false};  ///< Answers nothing.

 private:
  void acknowledge(PeerConnection& c) {
    for (ClientFrame f; (f = read_frame(c)).opcode != 0xff;) {
      if (f.opcode == close_frame) {
        c.write(close_with(1000));
        return;
      }
      if (f.opcode != text_frame) continue;
      ++commands;
      const std::string mark = "\"correlationId\":\"";
      const std::size_t at = f.payload.find(mark) + mark.size();
      const std::string id = f.payload.substr(at, f.payload.find('"', at) - at);
      const std::string verb = f.payload.find("\"unhold\"") != std::string::npos ? "unhold" : "hold";
      c.write(frame(text_frame, R"({"correlationId":")" + id + R"(","body":{"type":")" + verb + "\"}}"));
    }
  }
  void play(PeerConnection& c) {
    for (std::string request; !(request = c.read_request()).empty();) {
      ++requests;
      if (stall) return c.drain();
      if (request.find("Upgrade: websocket") != std::string::npos) {
        c.write(switching(request));
        return acknowledge(c);
      }
      if (request.starts_with("POST /oauth/token ")) {
        c.write(answer(R"({"access_token":"t","expires_in":3600,"token_type":"bearer"})"));
      } else if (request.starts_with("GET /api/v2/flows/")) {
        c.write(answer(
            R"({"id":"a1b2c3d4-e5f6-7890-abcd-ef1234567890","version":"1","nodes":[)"
            R"({"id":"MainMenu","type":"menu","transitions":[{"targetId":"BillingInquiry"}]},)"
            R"({"id":"BillingInquiry","type":"menu","transitions":[]}]})"));
      } else if (request.starts_with("GET ")) {
        c.write(answer(
            R"({"id":"550e8400-e29b-41d4-a716-446655440000","state":"connected",)"
            R"("routingData":{"skillGroup":{"id":"s"}},"customAttributes":{}})",
            "ETag: \"1\"\r\n"));
      } else {
        c.write(answer("", "ETag: \"2\"\r\n", "202 Accepted"));
      }
    }
  }
  RawPeer peer_{[this](PeerConnection& c) { play(c); }};
};

}  // namespace patchbay::test
