// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// Dialects of holds that a client writes: one that speaks another language on the channel, and one whose holds are requests.
#include <patchbay/policy/hold_dialect.hpp>

#include <string>
#include <string_view>

#include "door.hpp"
#include "support/catch.hpp"

using namespace patchbay;
using namespace patchbay::tests;

namespace {

/// The documents' cloud, but for a channel on which commands are lines of words, `hold 7e57…`, answered by `done 7e57…` or
/// `no 7e57…`.
struct Words : cloud::Interactions {
  [[nodiscard]] static constexpr std::string_view hold_scope() noexcept { return "words"; }
  static void encode_hold(std::string& out, HoldVerb verb, std::string_view correlation_id, std::string_view) {
    out.assign(to_string(verb)).append(" ").append(correlation_id);
  }
  static Result<void> check_hold(const InteractionSnapshot& seen) {
    if (seen.state == "ringing") return fail(ErrorCode::not_eligible, "it rings");
    return {};
  }
  static Result<void> parse_news(const Body& message, JsonReader&, ChannelNews& out) {
    out.clear();
    const std::string_view text = message.view();
    const std::size_t end = text.find(' ');
    if (end == std::string_view::npos) return fail(ErrorCode::malformed_response, "no words");
    out.kind = ChannelNews::Kind::reply;
    out.correlation_id.assign(text.substr(end + 1));
    out.type.assign(text.substr(0, end));
    // The session takes the command's verb for yes.
    if (text.starts_with("done hold ") || text.starts_with("done unhold ")) {
      const std::size_t id = text.rfind(' ');
      out.type.assign(text.substr(5, id - 5));
      out.correlation_id.assign(text.substr(id + 1));
    }
    out.has_type = true;
    return {};
  }
  static void channel_target(std::string& out, const Endpoint& api) { out.assign(api.path()).append("/words"); }
};
static_assert(HoldsByChannel<Words> && !HoldsByRequest<Words>);

/// The documents' cloud without a channel: a hold is a request, and its answer says that it is done.
struct Doors : cloud::Interactions {
  static void encode_hold(std::string& out, HoldVerb verb, std::string_view, std::string_view) { out.assign(to_string(verb)); }
  static void hold_target(std::string& out, const Endpoint& api, std::string_view id, std::string_view party) {
    out.assign(api.path()).append("/doors/").append(id).append("/").append(party);
  }
  [[nodiscard]] static bool hold_is_done(const HttpResponse& response) noexcept { return response.status == 200; }
  static HoldRefused hold_refusal(const HttpResponse& response, JsonReader&) {
    return response.body.view() == "over" ? HoldRefused::over : HoldRefused::other;
  }
  [[nodiscard]] static constexpr std::string_view hold_participant() noexcept { return "front"; }
  static bool encode_hold_reason(std::string& out, std::string_view reason) { return out.assign(reason), true; }
  static void hold_reason_target(std::string& out, const Endpoint& api, std::string_view id, std::string_view) {
    out.assign(api.path()).append("/reasons/").append(id);
  }
  [[nodiscard]] static constexpr bool makes_channel() noexcept { return false; }
  static Result<void> parse_channel(const HttpResponse&, JsonReader&, MadeChannel&) { return {}; }
  static void subscription_target(std::string&, const Endpoint&, const MadeChannel&) {}
  static void encode_subscription(std::string&) {}
  static Result<void> parse_subscription(const HttpResponse&, JsonReader&) { return {}; }
  [[nodiscard]] static constexpr std::string_view alive_question() noexcept { return {}; }
};
static_assert(HoldsByRequest<Doors>);

/// A cloud that grants whatever is asked for.
struct OwnFixture : HoldFixture {
  OwnFixture() {
    cloud.when(Method::post, "/oauth/token", 200, {}, R"({"access_token":"tok-1","expires_in":36000,"scope":"words interaction:control interaction:read"})");
  }
  template <class Dialect>
  auto speaking(Dialect dialect) {
    return HoldController{Policies{.transport = cloud, .clock = clock, .dialect = dialect}, settings};
  }
};

const std::string door_target = "/doors/" + interaction_id + "/front";

}  // namespace

TEST_CASE("a client's dialect speaks another language on the channel", "[hold][dialect]") {
  OwnFixture f;
  ChannelPeer peer = f.cloud.accept().on_text([](std::string_view text, ChannelPeer& at) { at.deliver("done " + std::string(text)); });
  auto door = f.speaking(Words{});
  const auto held = door.hold(f.hold());
  REQUIRE(held);
  CHECK(f.cloud.openings().at(0).target == "/words");
  REQUIRE(peer.sent().size() == 1);
  CHECK(peer.sent().at(0) == "hold " + held->correlation_id);
  REQUIRE(door.unhold(f.unhold()));
  CHECK(door.held().empty());
  SECTION("and refuses in it") {
    peer.on_text([](std::string_view text, ChannelPeer& at) { at.deliver("no " + std::string(text.substr(text.find(' ') + 1))); });
    const auto refused = door.hold(f.hold());
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code() == ErrorCode::command_refused);
  }
  SECTION("and says itself what can be held") {
    f.interaction("", "ringing");
    const auto refused = door.hold(f.hold());
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code() == ErrorCode::not_eligible);
    CHECK(refused.error().message() == "it rings");
  }
}

TEST_CASE("a client's dialect holds by requests, and no channel is opened", "[hold][dialect]") {
  OwnFixture f;
  f.cloud.when(Method::patch, door_target, 200);
  auto door = f.speaking(Doors{});
  SECTION("whose answers say that it is done") {
    f.cloud.when(Method::patch, "/reasons/" + interaction_id, 204);
    const auto held = door.hold(f.hold());
    REQUIRE(held);
    CHECK(held->resolved_by == ResolvedBy::answer);
    CHECK(held->attempts == 1);
    CHECK(held->reason_kept);
    CHECK(f.cloud.last_request().body == "consultation");
    CHECK(f.cloud.last_request().header("Authorization") == "Bearer tok-1");
    REQUIRE(door.held().size() == 1);
    CHECK(door.held().front().confirmed);
    REQUIRE(door.unhold(f.unhold()));
    CHECK(f.cloud.last_request().target == door_target);
    CHECK(f.cloud.last_request().body == "unhold");
    CHECK(door.held().empty());
    CHECK(f.cloud.openings().empty());
    CHECK(door.state() == ChannelState::idle);
  }
  SECTION("whose refusals it explains") {
    f.cloud.when(Method::patch, door_target, 400, {}, "over");
    const auto held = door.hold(f.hold());
    REQUIRE_FALSE(held);
    CHECK(held.error().code() == ErrorCode::not_eligible);
    CHECK(held.error().outcome() == Outcome::not_applied);
    CHECK(held.error().http_status() == 400);
    CHECK(door.held().empty());
  }
  SECTION("that are sent once, however they end") {
    f.cloud.when(Method::patch, door_target, 503);
    f.settings.deadline = seconds{4};
    auto other = f.speaking(Doors{});
    const auto held = other.hold(f.hold());
    REQUIRE_FALSE(held);
    CHECK(held.error().code() == ErrorCode::outcome_unknown);
    CHECK(held.error().outcome() == Outcome::unknown);
    CHECK(held.error().attempts() == 1);
    CHECK(other.held().size() == 1);
    const auto released = other.unhold(f.unhold());  // as often as it takes
    REQUIRE_FALSE(released);
    CHECK(released.error().attempts() > 1);
  }
}
