// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// patchbayctl against a cloud that limits rates, fails before or after it has done what was asked, and has other
// writers.
#include "support/raw_peer.hpp"
#include "unit/tools/loopback.hpp"

using namespace patchbay::test;

namespace {

/// What a transition came to, on stdout and in the cloud.
class Moved {
 public:
  Moved(const LoopbackCloud& cloud, std::vector<std::string> more = {}) : tool(cloud.tool()) {
    ended = tool.run(move_job(std::move(more)));
    INFO("stdout: " << ended.out << "\nstderr: " << ended.err);
    REQUIRE(lines_of(ended.out).size() == 1);
    result = std::make_unique<Json>(ended.out);
    check_result(*result);
    truth = cloud.interaction(caller);
  }
  [[nodiscard]] std::string operator[](std::string_view pointer) const { return (*result)[pointer]; }
  /// How often the cloud has this transition.
  [[nodiscard]] std::size_t times_applied() const {
    std::size_t out = 0;
    for (std::size_t i = 0; i < truth->size("/operations"); ++i)
      out += (*truth)["/operations/" + std::to_string(i) + "/id"] == (*result)["/id"] ? 1 : 0;
    return out;
  }

  Tool tool;
  Ended ended;
  std::unique_ptr<Json> result, truth;
};

std::string fault(std::string_view method, std::string_view rest) {
  return std::string(R"({"on":"http","match":{"method":")").append(method).append("\"},").append(rest).append("}");
}

}  // namespace

TEST_CASE("the documents' transition succeeds, and says what it did", "[tools][faults]") {
  const LoopbackCloud cloud;
  const Moved moved(
      cloud, {"--var", "customer_tier=enterprise", "--var", "call_duration_seconds=145", "--var",
              "requires_supervisor=false", "--var", R"(routing_metadata={"queue":"billing_team","priority":"high"})",
              "--var", "campaign=7", "--webhook-url", cloud.url() + "/webhook"});
  INFO(moved.ended.out);
  CHECK(moved.ended.status == 0);
  CHECK(moved.ended.err.empty());
  CHECK(moved["/action"] == "transition");
  CHECK(moved["/interactionId"] == caller);
  CHECK(moved["/outcome"] == "applied");
  CHECK(moved["/statusCode"] == "200");
  CHECK(moved["/attempts"] == "1");
  CHECK(moved["/etagUsed"] == "\"1\"");
  CHECK(moved["/path"] == R"(["MainMenu","BillingInquiry"])");
  CHECK(moved["/webhook/status"] == "delivered");
  CHECK(moved.times_applied() == 1);
  const Json& truth = *moved.truth;
  CHECK(truth["/customAttributes/ivr_state"] == "BillingInquiry");
  CHECK(truth["/customAttributes/customer_tier"] == "enterprise");
  CHECK(truth["/customAttributes/call_duration_seconds"] == "145");
  CHECK(truth["/customAttributes/requires_supervisor"] == "false");
  CHECK(truth["/customAttributes/routing_metadata/queue"] == "billing_team");
  CHECK(truth["/customAttributes/campaign"] == "7");
  CHECK(truth["/customAttributes/transition_id"] == moved["/id"]);
  const Json webhooks(cloud.get("/webhook"));
  REQUIRE(webhooks.size("") == 1);
  CHECK(webhooks["/0/eventId"] == moved["/id"]);
  CHECK(webhooks["/0/variables/call_duration_seconds"] == "145");
  // Document A's audit record, by its names and types, for the attempt and for the operation.
  const std::vector<std::string> audit = lines_of(moved.tool.audit);
  REQUIRE(audit.size() == 2);
  const Json record(audit[1]);
  CHECK(record["/action"] == "state_transition");
  CHECK(record["/statusCode"] == "200");
  CHECK(record["/success"] == "true");
  CHECK(record["/etagUsed"] == "\"1\"");
}

TEST_CASE("a Retry-After of either form is waited out", "[tools][faults][A8]") {
  for (const char* const method : {"POST", "GET", "PATCH"}) {
    INFO(method);
    const LoopbackCloud cloud;
    cloud.fault(fault(method, R"("kind":"answer","status":429,"headers":{"Retry-After":"1"})"));
    const Moved moved(cloud);
    CHECK(moved.ended.status == 0);
    CHECK(moved.ended.took >= std::chrono::milliseconds(1000));
    CHECK(moved["/attempts"] == (method == std::string("PATCH") ? "2" : "1"));
    CHECK(moved.times_applied() == 1);
  }
  const LoopbackCloud cloud;
  // A date, two seconds after the answer's own.
  cloud.fault(fault(
      "PATCH",
      R"("kind":"answer","status":429,"headers":{"Retry-After":"Sun, 06 Nov 1994 08:49:39 GMT","Date":"Sun, 06 Nov 1994 08:49:37 GMT"})"));
  const Moved moved(cloud);
  CHECK(moved.ended.status == 0);
  CHECK(moved.ended.took >= std::chrono::milliseconds(1900));
  CHECK(moved.ended.took < std::chrono::seconds(2) + when_busy);
}

TEST_CASE("a Retry-After beyond the cap or the deadline ends the operation at once", "[tools][faults][A8]") {
  for (const char* const method : {"POST", "GET", "PATCH"}) {
    INFO(method);
    const LoopbackCloud cloud;
    cloud.fault(fault(method, R"("times":0,"kind":"answer","status":429,"headers":{"Retry-After":"3600"})"));
    const Moved moved(cloud);
    CHECK(moved.ended.status == 4);
    CHECK(moved["/error/code"] == "rate_limited");
    CHECK(moved["/error/retryAfterMs"] == "3600000");
    CHECK(moved["/statusCode"] == "429");
    CHECK(moved["/outcome"] == "not_applied");
    CHECK(moved.ended.took < when_busy);  // the deadline is twice as far
    CHECK(moved.times_applied() == 0);
  }
  const LoopbackCloud cloud;
  cloud.fault(fault("GET", R"("times":0,"kind":"answer","status":429,"headers":{"Retry-After":"60"})"));
  const Moved moved(cloud, {"--deadline", "40.5"});
  CHECK(moved.ended.status == 4);
  CHECK(moved.ended.took < when_busy);
}

TEST_CASE("one 401 is answered with a new token, a second one is the answer", "[tools][faults][A11]") {
  for (const char* const method : {"GET", "PATCH"}) {
    INFO(method);
    const LoopbackCloud cloud;
    cloud.fault(fault(method, R"("kind":"answer","status":401)"));
    const Moved moved(cloud);
    CHECK(moved.ended.status == 0);
    CHECK(Json(cloud.get("/_state"))["/tokensIssued"] == "2");
    CHECK(moved.times_applied() == 1);
  }
  const LoopbackCloud cloud;
  cloud.fault(fault("GET", R"("times":0,"kind":"answer","status":401)"));
  const Moved moved(cloud);
  CHECK(moved.ended.status == 3);
  CHECK(moved["/error/code"] == "authentication_failed");
  CHECK(Json(cloud.get("/_state"))["/tokensIssued"] == "2");
}

TEST_CASE("server errors are tried again, and what was applied all the same is recognised", "[tools][faults][A5][A6]") {
  for (const char* const what :
       {R"("kind":"answer","status":503)", R"("kind":"answer","status":502,"applied":true)", R"("kind":"reset")",
        R"("kind":"reset","applied":true)", R"("kind":"truncate")", R"("kind":"garbage","applied":true)"}) {
    INFO(what);
    const LoopbackCloud cloud;
    cloud.fault(fault("PATCH", what));
    const Moved moved(cloud);
    CHECK(moved.ended.status == 0);
    CHECK(moved["/outcome"] == "applied");
    CHECK(moved["/resolvedBy"] == (std::string(what).find("applied") != std::string::npos ||
                                           std::string(what).find("truncate") != std::string::npos
                                       ? "state"
                                       : "answer"));
    CHECK(moved.times_applied() == 1);
  }
}

TEST_CASE("what nobody can know is called unknown", "[tools][faults][A6]") {
  // The write's answers are lost, and the interaction cannot be read any more.
  const LoopbackCloud cloud;
  cloud.fault(fault("PATCH", R"("times":0,"kind":"reset","applied":true)"));
  cloud.fault(
      R"({"on":"http","match":{"method":"GET","targetPrefix":"/api/v2/interactions/"},"skip":1,"times":0,"kind":"answer","status":503})");
  const Moved moved(cloud, {"--deadline", "3"});
  CHECK(moved.ended.status == 5);
  CHECK(moved["/outcome"] == "unknown");
  CHECK(moved["/success"] == "false");
  CHECK(moved["/error/code"] == "outcome_unknown");
  CHECK(moved.result->number("/attempts") >= 1);
  CHECK(moved.times_applied() == 1);
}

TEST_CASE("another writer is noticed, and not overwritten", "[tools][faults][A2][A4]") {
  for (const char* const status : {"409", "412"}) {
    INFO(status);
    const LoopbackCloud stale({"--stale-status", status});
    stale.fault(fault("PATCH", R"("kind":"foreign_write","node":"TechnicalSupport")"));
    const Moved lost(stale);
    CHECK(lost.ended.status == 1);
    CHECK(lost["/error/code"] == "stale_state");
    CHECK(lost["/outcome"] == "not_applied");
    CHECK((*lost.truth)["/node"] == "TechnicalSupport");
    CHECK(lost.times_applied() == 0);

    // The other one has changed something else: the move is checked again, and done.
    const LoopbackCloud moved_on({"--stale-status", status});
    moved_on.fault(fault("PATCH", R"("kind":"foreign_write","node":"MainMenu")"));
    const Moved won(moved_on);
    CHECK(won.ended.status == 0);
    CHECK(won["/attempts"] == "2");
    CHECK(won["/etagUsed"] == "\"2\"");
    CHECK(won.times_applied() == 1);

    // The same ETag: the cloud's own rules are against it, or, where the status says that it is another, what is read is old.
    const bool outdated = std::string_view(status) == "412";
    const LoopbackCloud conflict;
    conflict.fault(fault("PATCH", std::string(R"("times":0,"kind":"answer","status":)") + status));
    const Moved refused(conflict);
    CHECK(refused.ended.status == (outdated ? 5 : 3));
    CHECK(refused["/error/code"] == (outdated ? "outcome_unknown" : "conflict"));
    CHECK(refused["/statusCode"] == status);
    CHECK(refused.times_applied() == 0);
  }
}

TEST_CASE("refusals of the cloud have their own status and message", "[tools][faults]") {
  for (const auto& [status, code] : {std::pair{"403", "forbidden"},
                                     {"404", "not_found"},
                                     {"422", "unprocessable"},
                                     {"428", "precondition_required"},
                                     {"400", "unexpected_status"},
                                     {"302", "unexpected_status"}}) {
    INFO(status);
    const LoopbackCloud cloud;
    cloud.fault(fault(
        "PATCH", std::string(R"("times":0,"kind":"answer","body":"{\"message\":\"because\"}","status":)") + status));
    const Moved moved(cloud);
    CHECK(moved.ended.status == 3);
    CHECK(moved["/error/code"] == code);
    CHECK(moved["/statusCode"] == status);
    CHECK(moved["/error/serverMessage"].find("because") != std::string::npos);
    CHECK(moved["/attempts"] == "1");
    CHECK(moved.times_applied() == 0);
  }
  const LoopbackCloud cloud;
  Tool tool = cloud.tool();
  const Ended none = tool.run(move_job({}, "BillingInquiry", "00000000-0000-4000-8000-000000000000"));
  CHECK(none.status == 3);
  CHECK(Json(none.out)["/error/code"] == "not_found");
  tool.environment["GENESYS_CLIENT_ID"] = "a-stranger";
  const LoopbackCloud strict({"--client-id", "client"}, [] {
    std::vector<std::string> environment = clean_environment();
    environment.push_back("LOOPBACK_CLIENT_SECRET=" + std::string(Tool::secret));
    return environment;
  }());
  tool.environment["GENESYS_BASE_URL"] = strict.url();
  const Ended stranger = tool.run(move_job());
  CHECK(stranger.status == 3);
  CHECK(Json(stranger.out)["/error/code"] == "authentication_failed");
  for (const char* const in : {"basic", "body"}) {
    tool.environment["GENESYS_CLIENT_ID"] = "client";
    tool.environment["GENESYS_CREDENTIALS_IN"] = in;
    CHECK(tool.run(move_job({}, "BillingInquiry", in == std::string("basic") ? caller : second_caller)).status == 0);
  }
}

TEST_CASE("requests are paced when asked to be", "[tools][faults][A32]") {
  const LoopbackCloud cloud;
  const Moved moved(cloud, {"--rate", "120"});
  CHECK(moved.ended.status == 0);
  CHECK(moved.ended.took >= std::chrono::milliseconds(950));  // a flow, an interaction and a write, half a second apart
  CHECK(moved.result->number("/waitedMs") >= 900);
}

TEST_CASE("without a strong ETag nothing is written", "[tools][faults][A3]") {
  for (const char* const place : {"weak", "none"}) {
    const LoopbackCloud cloud({"--etag", place});
    const Moved moved(cloud);
    CHECK(moved.ended.status == 4);
    CHECK(moved["/error/code"] == "no_etag");
    CHECK(moved["/etagUsed"] == "null");
    CHECK(moved["/attempts"] == "0");
  }
  const LoopbackCloud cloud({"--etag", "body"});
  CHECK(Moved(cloud).ended.status == 0);
}

TEST_CASE("a webhook that fails is reported and changes nothing", "[tools][faults][A30]") {
  const LoopbackCloud cloud;
  cloud.fault(
      R"({"on":"http","match":{"method":"POST","targetPrefix":"/webhook"},"times":0,"kind":"answer","status":404})");
  const Moved moved(cloud, {"--webhook-url", cloud.url() + "/webhook"});
  CHECK(moved.ended.status == 0);
  CHECK(moved["/success"] == "true");
  CHECK(moved["/webhook/status"] == "failed");
  CHECK(moved["/webhook/error/message"].find("404") != std::string::npos);
  CHECK(moved.ended.err.find("webhook.failed") != std::string::npos);
  CHECK(moved.times_applied() == 1);

  const LoopbackCloud again;
  again.fault(R"({"on":"http","match":{"method":"POST","targetPrefix":"/webhook"},"kind":"answer","status":503})");
  const Moved late(again, {"--webhook-url", again.url() + "/webhook"});
  CHECK(late["/webhook/status"] == "delivered");
  CHECK(Json(again.get("/webhook"))["/0/eventId"] == late["/id"]);
}

TEST_CASE("the deadline holds while the cloud is silent", "[tools][faults][A7]") {
  const LoopbackCloud cloud;
  cloud.fault(fault("PATCH", R"("times":0,"kind":"timeout","applied":true)"));
  const Moved moved(cloud, {"--deadline", "2"});
  CHECK(moved.ended.took < std::chrono::seconds(2) + when_busy);
  CHECK(moved["/outcome"] == "applied");  // a quarter of the time is kept for finding out
  CHECK(moved["/resolvedBy"] == "state");
  CHECK(moved.times_applied() == 1);
}

TEST_CASE("the drawing of a flow shows the path asked for, or why there is none", "[tools][flow]") {
  const LoopbackCloud cloud;
  Tool tool = cloud.tool();
  const auto flow = [&](std::vector<std::string> more) {
    std::vector<std::string> all{"flow", "--flow", document_flow};
    all.insert(all.end(), more.begin(), more.end());
    return tool.run(all);
  };
  const Ended whole = flow({});
  CHECK(whole.status == 0);
  CHECK(whole.err.empty());
  CHECK(whole.out.find("BillingInquiry") != std::string::npos);
  const Ended path = flow({"--from", "MainMenu", "--to", "BalanceInfo"});
  CHECK(path.status == 0);
  CHECK(path.out.find("MainMenu -> BillingInquiry -> BalanceInfo") != std::string::npos);
  CHECK(flow({"--format", "dot"}).out.starts_with("digraph"));
  CHECK(flow({"--format", "mermaid"}).out.find("flowchart") != std::string::npos);
  const Ended none = flow({"--from", "MainMenu", "--to", "LegacyPromotions"});
  CHECK(none.status == 1);
  CHECK(none.err.find("allows no move") != std::string::npos);
  CHECK(flow({"--from", "Nowhere", "--to", "MainMenu"}).status == 1);
  CHECK(flow({"--from", "MainMenu", "--to", "BalanceInfo", "--reachability", "direct"}).status == 1);
  const Ended unknown = tool.run({"flow", "--flow", "no-such-flow"});
  CHECK(unknown.status == 3);
  CHECK(unknown.out.empty());
  CHECK(unknown.err.find("not_found") != std::string::npos);
  const Ended bad = tool.run({"flow", "--flow", "../x"});
  CHECK(bad.status == 1);
  CHECK(bad.out.empty());
}

TEST_CASE("nobody listens: a network failure, and not by the deadline's patience", "[tools][faults]") {
  std::string nobody;
  {
    const RawPeer gone([](PeerConnection&) {});
    nobody = gone.url();
  }
  Tool tool(nobody);
  const Ended ended = tool.run(move_job({"--deadline", "5"}));
  CHECK(ended.status == 4);
  CHECK(Json(ended.out)["/error/code"] == "network");
  CHECK(Json(ended.out)["/outcome"] == "not_applied");
}
