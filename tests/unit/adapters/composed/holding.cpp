// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <atomic>
#include <memory>
#include <string>

#include <support/catch.hpp>

#include <patchbay/beast/blocking_transport.hpp>
#include <patchbay/curl/blocking_transport.hpp>
#include <patchbay/hold_controller.hpp>
#include <patchbay/policy/composed_transport.hpp>
#include <patchbay/state_transitioner.hpp>

#include "../suite/raw_websocket.hpp"
#include "../suite/exchange.hpp"

using namespace patchbay;
using namespace patchbay::test;

using Both = Composed<curl::BlockingTransport, beast::BlockingTransport>;
static_assert(Transport<curl::BlockingTransport> && !ChannelTransport<curl::BlockingTransport>);
static_assert(ChannelTransport<Both>);

namespace {

constexpr const char* caller = "550e8400-e29b-41d4-a716-446655440000";

std::string id_of(const std::string& command) {
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

}  // namespace

TEST_CASE("a hold controller takes its HTTP from libcurl and its channel from Beast", "[adapters][composed]") {
  SmallCloud cloud;
  Settings settings;
  settings.base_url = cloud.url();
  settings.tokens = std::make_shared<TokenSource>(TokenSettings{cloud.url(), "me", Secret("hush")});
  HoldController holds{Policies{.transport = Composed{curl::BlockingTransport{}, beast::BlockingTransport{}}},
                       settings};
  const auto held = holds.hold(HoldRequest{caller, "consultation", 5}.music("a.wav"));
  if (!held) FAIL(held.error().describe());
  const auto back = holds.unhold(UnholdRequest{caller, 5});
  if (!back) FAIL(back.error().describe());
  CHECK(cloud.over_beast == 1);
  CHECK(cloud.over_curl >= 1);
  CHECK(cloud.commands == 2);
}

TEST_CASE("parts of a composed transport keep their own ways", "[adapters][composed]") {
  RawPeer peer(serve(answer("x")));
  Both both;
  REQUIRE(Exchange(both, endpoint_of(peer.url())).ok());
  REQUIRE(Exchange(both.http(), endpoint_of(peer.url())).ok());
  CHECK(peer.connections() == 1);
  REQUIRE(Exchange(both.channels(), endpoint_of(peer.url())).ok());
  CHECK(peer.connections() == 2);
  HttpResponse refusal;
  const Endpoint endpoint = endpoint_of(peer.url());
  const auto opened = both.open(ChannelRequest(endpoint, "/"), refusal, soon());
  REQUIRE_FALSE(opened);
  CHECK(opened.error().fault == TransportFault::upgrade_refused);
  CHECK(refusal.status == 200);
}
