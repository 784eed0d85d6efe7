// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// The first door in a program without exceptions and run-time type information, as a client on such terms writes it:
// nothing of Boost asks it for a `boost::throw_exception`.
#include <cstdio>
#include <memory>

#include <patchbay/state_transitioner.hpp>
#include <patchbay/testing/manual_clock.hpp>
#include <patchbay/testing/scripted_transport.hpp>

#if defined(__cpp_exceptions) || defined(__cpp_rtti)
#error "built with exceptions or type information, which proves nothing"
#endif

namespace {

int failures = 0;

void check(bool fine, const char* what) {
  if (fine) return;
  ++failures;
  std::printf("failed: %s\n", what);
}

}  // namespace

int main() {
  using namespace patchbay;
  const testing::ManualClock clock;
  testing::ScriptedTransport cloud(clock);
  cloud.when(Method::post, "/oauth/token", 200, {}, R"({"access_token":"tok","expires_in":3600})");
  cloud.when(
      Method::get, "/api/v2/flows/flow", 200, {},
      R"({"id":"flow","nodes":[{"id":"MainMenu","transitions":[{"targetId":"BillingInquiry"}]},)"
             R"({"id":"BillingInquiry"}]})");
  Settings settings;
  settings.base_url = "https://api.example.com";
  settings.tokens = std::make_shared<TokenSource>(TokenSettings{
      .login_url = "https://login.example.com", .client_id = "client", .client_secret = Secret("secret")});
  settings.random = std::make_shared<RandomSource>(1);
  StateTransitioner door{Policies{.transport = cloud, .clock = clock}, settings};
  const auto request = [] {
    return TransitionRequest("interaction", "flow", "MainMenu", "BillingInquiry").text("customer_tier", "enterprise");
  };

  // A success, by way of a lost connection and a conflict.
  const testing::HeaderList first{{"ETag", "\"1\""}}, second{{"ETag", "\"2\""}};
  const char* const at_menu = R"({"id":"interaction","state":"connected","customAttributes":{"flow_node":"MainMenu"}})";
  cloud.answer(200, first, at_menu).answer(412).answer(200, second, at_menu).answer(503).answer(200);
  const auto moved = door.transition(request());
  check(moved.has_value(), "a transition succeeds");
  check(moved && moved->attempts == 3 && moved->etag_used == "\"2\"", "with the version that it read last");

  // Errors are values, from the cloud, from the wire and from our own rules.
  cloud.answer(404);
  const auto missing = door.transition(request());
  check(!missing && missing.error().code() == ErrorCode::not_found, "an interaction that is not there");
  cloud.answer(200, first, "{\"state\":");
  const auto malformed = door.transition(request());
  check(!malformed && malformed.error().code() == ErrorCode::malformed_response, "an answer that was cut");
  const auto refused =
      door.transition(request().text("requires_supervisor", "maybe").text("call_duration_seconds", "12abc"));
  check(!refused && refused.error().violations().size() == 2, "two variables that break their schema");
  const auto unreachable = door.transition(TransitionRequest("interaction", "flow", "BillingInquiry", "MainMenu"));
  check(!unreachable && unreachable.error().code() == ErrorCode::not_reachable, "a move that the flow does not allow");

  check(cloud.overruns() == 0 && cloud.left() == 0, "the script is used up");
  check(door.metrics()[TransitionCount::submitted] == 5, "operations are counted");
  check(door.audit_log().back().error_code == "not_reachable", "and recorded");
  return failures;
}
