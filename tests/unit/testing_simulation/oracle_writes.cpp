// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/testing/simulation/invariants/writes.hpp>

#include <string>

#include "support/catch.hpp"
#include "unit/testing_simulation/story.hpp"

using namespace story;

TEST_CASE("I1 to I5: transitions as they should be break nothing", "[testing][oracle]") {
  Story story;
  story.transition("t-1");
  story.transition("t-2", "BillingInquiry", "BalanceInfo");
  story.transition("t-3", "MainMenu", "TechnicalSupport", there);
  story.rest();
  CHECK(story.broken() == Broken{});
}

TEST_CASE("I1: a write wants one strong tag that the process was shown where its work starts", "[testing][oracle]") {
  Story story;
  Work& work = story.submit(WorkKind::transition);
  const std::string tag = story.prepare();
  SECTION("none") { story.write("", "t-1"); }
  SECTION("a star") { story.write("*", "t-1"); }
  SECTION("a weak one") { story.write("W/" + tag, "t-1"); }
  SECTION("a list") { story.write(tag + ", \"9\"", "t-1"); }
  SECTION("one that was never shown") { story.write("\"77\"", "t-1"); }
  SECTION("one that was shown with another interaction") {
    story.cloud.move(there, "MainMenu");
    story.tell_applied();
    story.write(story.read(there), "t-1");
  }
  SECTION("one that was shown at a node where no work starts") {
    story.cloud.move(here, "BillingDispute");
    story.tell_applied();
    story.write(story.read(), "t-1");
  }
  CHECK(story.broken() == Broken{"I1"});
  CHECK(story.oracle.breaches().front().operation == "t-1");
  CHECK(work.number == 1);
}

TEST_CASE("I1: what a write's answer shows may be written with, and an earlier incarnation's readings may not",
          "[testing][oracle]") {
  Story story;
  story.transition("t-1");
  Work& next = story.submit(WorkKind::transition, here, "BillingInquiry", "BalanceInfo");
  SECTION("the same incarnation") {
    const std::uint64_t number = story.write("\"2\"", "t-2", "BalanceInfo");
    story.arrive(number);
    story.answered(number);
    story.succeed(next, "t-2");
    CHECK(story.broken() == Broken{});
  }
  SECTION("a new one") {
    story.oracle.crashed(story.me, story.now);
    ++story.me.incarnation;
    story.oracle.attached(story.me, story.view, story.now);
    story.log_in();
    story.submit(WorkKind::transition, here, "BillingInquiry", "BalanceInfo");
    story.write("\"2\"", "t-2", "BalanceInfo");
    CHECK(story.broken() == Broken{"I1"});
  }
}

TEST_CASE("I2: an applied move must be allowed by a published flow that was shown in time", "[testing][oracle]") {
  Story story;
  const auto move = [&](std::string to) {
    Work& work = story.submit(WorkKind::transition, here, "MainMenu", to);
    const std::uint64_t number = story.write(story.read(), "t-1", to);
    story.arrive(number);
    story.answered(number);
    story.succeed(work, "t-1");
  };
  story.log_in();
  SECTION("as it should be") {
    story.read_flow();
    move("SurveyOffer");
    CHECK(story.broken() == Broken{});
  }
  SECTION("not reachable") {
    story.read_flow();
    move("LegacyPromotions");
    CHECK(story.broken() == Broken{"I2"});
  }
  SECTION("reachable, and not by one transition") {
    story.view.given.transition.reachability = Reachability::direct_edge;
    story.read_flow();
    move("SurveyOffer");
    CHECK(story.broken() == Broken{"I2"});
  }
  SECTION("never shown") {
    move("BillingInquiry");
    CHECK(story.broken() == Broken{"I2"});
  }
  SECTION("shown too long ago") {
    story.read_flow();
    story.wait(seconds{61});
    move("BillingInquiry");
    CHECK(story.broken() == Broken{"I2"});
  }
  SECTION("confirmed in time") {
    story.read_flow();
    story.wait(seconds{50});
    const std::uint64_t number = story.send("GET", "/api/v2/flows/" + std::string(document_flow), {}, story.bearer());
    story.answered(number, 304, {{"ETag", "\"7\""}});
    story.wait(seconds{50});
    move("BillingInquiry");
    CHECK(story.broken() == Broken{});
  }
}

TEST_CASE("I2: our own search agrees with what can be seen by eye", "[testing][oracle]") {
  const plain::FlowTruth flow(document_flow_json);
  REQUIRE(flow.readable());
  CHECK(flow.allows("MainMenu", "Disconnect", Reachability::path));
  CHECK(flow.allows("MainMenu", "MainMenu", Reachability::path));
  CHECK_FALSE(flow.allows("MainMenu", "MainMenu", Reachability::direct_edge));
  CHECK_FALSE(flow.allows("Disconnect", "Disconnect", Reachability::path));
  CHECK_FALSE(flow.allows("MainMenu", "Nowhere", Reachability::path));
  CHECK_FALSE(flow.allows("Nowhere", "MainMenu", Reachability::path));
  CHECK_FALSE(plain::FlowTruth("{\"nodes\":").readable());
}

TEST_CASE("I3: an id changes the cloud once, names one thing, and a command leaves once", "[testing][oracle]") {
  Story story;
  SECTION("a write that takes effect twice") {
    Work& work = story.submit(WorkKind::transition);
    story.prepare();
    const std::uint64_t first = story.write("\"1\"", "t-1");
    story.arrive(first);
    // The cloud forgets the lock, as a broken one would.
    story.cloud.find(here)->version = 1;
    story.arrive(first);
    story.answered(first);
    story.succeed(work, "t-1");
    CHECK(story.broken().count("I3") == 1);
  }
  SECTION("one id for two interactions") {
    story.transition("t-1");
    story.submit(WorkKind::transition, there);
    story.write(story.read(there), "t-1", "BillingInquiry", there);
    CHECK(story.broken() == Broken{"I3"});
  }
  SECTION("a hold that is sent again") {
    story.log_in();
    story.open_channel();
    story.submit(WorkKind::hold);
    story.command("hold", "h-1");
    story.wait(seconds{6});
    story.command("hold", "h-1");
    CHECK(story.broken().count("I3") == 1);
  }
  SECTION("something that nobody sent") {
    story.log_in();
    story.open_channel();
    story.carry_out("hold", "h-9");
    CHECK(story.broken() == Broken{"I3"});
  }
  SECTION("a repeated write that the lock refuses") {
    Work& work = story.submit(WorkKind::transition);
    const std::string tag = story.prepare();
    const std::uint64_t first = story.write(tag, "t-1");
    story.arrive(first);
    story.failed(first);
    const std::uint64_t second = story.write(tag, "t-1");
    story.arrive(second);
    story.answered(second);
    story.read();
    story.succeed(work, "t-1", 2);
    CHECK(story.broken() == Broken{});
  }
}

TEST_CASE("I5: nothing is applied from where the interaction no longer is", "[testing][oracle]") {
  Story story;
  Work& work = story.submit(WorkKind::transition);
  const std::uint64_t number = story.write(story.prepare(), "t-1");
  SECTION("a lock that does not lock") {
    story.cloud.move(here, "TechnicalSupport");
    story.tell_applied();
    story.cloud.find(here)->version = 1;
    story.arrive(number);
    CHECK(story.broken() == Broken{"I5"});
  }
  SECTION("an answer that left out where the interaction was") {
    story.answered(story.send("GET", "/api/v2/interactions/" + here, {}, story.bearer()), 200, {{"ETag", "\"1\""}}, "{}");
    story.cloud.move(here, "TechnicalSupport");
    story.tell_applied();
    story.cloud.find(here)->version = 1;
    story.arrive(number);
    CHECK(story.broken() == Broken{"I5"});
  }
  SECTION("a lock that does") {
    story.cloud.move(here, "TechnicalSupport");
    story.tell_applied();
    story.arrive(number);
    story.answered(number);
    story.read();
    story.fail(work, ErrorCode::stale_state, Outcome::not_applied, "t-1", 1);
    CHECK(story.broken() == Broken{});
  }
  SECTION("an end that names another beginning than its write had") {
    story.arrive(number);
    story.answered(number);
    Work changed = work;
    changed.from = "AccountServices";
    story.succeed(changed, "t-1");
    CHECK(story.broken().count("I5") == 1);
  }
}

TEST_CASE("I18: a write carries what it should and nothing else", "[testing][oracle]") {
  OracleOptions options;
  options.variables = {"billing_amount"};
  Story story(options);
  story.submit(WorkKind::transition);
  const std::string tag = story.prepare();
  SECTION("as it should be") {
    story.write_body(tag, Story::body_of("BillingInquiry", "t-1", R"(,"billing_amount":12.5)"));
    CHECK(story.broken() == Broken{});
    return;
  }
  SECTION("another state than node") {
    story.write_body(tag,
                     R"({"customAttributes":{"ivr_state":"Else","flow_node":"BillingInquiry","transition_id":"t-1"}})");
  }
  SECTION("a variable that overrides the node") {
    story.write_body(tag, Story::body_of("BillingInquiry", "t-1", R"(,"ivr_state":"BillingInquiry")"));
  }
  SECTION("a node that nobody asked for") { story.write_body(tag, Story::body_of("OperatorQueue", "t-1")); }
  SECTION("a key that is in no schema") {
    story.write_body(tag, Story::body_of("BillingInquiry", "t-1", R"(,"constructor":1)"));
  }
  SECTION("a number that is none") {
    story.write_body(tag, Story::body_of("BillingInquiry", "t-1", R"(,"billing_amount":1e999)"));
  }
  SECTION("bytes that are no UTF-8") {
    story.write_body(tag, Story::body_of("BillingInquiry", "t-1", ",\"billing_amount\":\"\xff\""));
  }
  SECTION("too many bytes") {
    story.view.given.transition.max_attributes_bytes = 300;
    story.write_body(tag,
                     Story::body_of("BillingInquiry", "t-1", ",\"billing_amount\":\"" + std::string(300, 'x') + "\""));
  }
  CHECK(story.broken().count("I18") == 1);
}

TEST_CASE("the checks' own reader of JSON takes what RFC 8259 allows and nothing else", "[testing][oracle]") {
  for (const char* good :
       {"{}", " [1, -0.5e+3, true, false, null, \"\\u00e9\\ud83d\\ude00\\n\", {\"a\":{}}] ", "0", "\"\xc3\xa9\""})
    CHECK(plain::JsonScan::valid(good));
  for (const char* bad : {"", "{", "[1,]", "{\"a\":1,}", "01", "1.", "+1", "nul", "\"\\x\"", "\"\\ud800\"",
                          "\"\xc0\x80\"", "\"\xed\xa0\x80\"", "\"\xff\"", "1 2", "\"\n\"", "1e999"})
    CHECK_FALSE(plain::JsonScan::valid(bad));
  CHECK(plain::JsonScan::text_of("\"a\\u00e9\\ud83d\\ude00\\\"\"") == "a\xc3\xa9\xf0\x9f\x98\x80\"");
  CHECK_FALSE(plain::JsonScan::valid(std::string(100, '[') + std::string(100, ']')));
}
