// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <memory>
#include <string>

#include <patchbay/testing/simulation/invariants/retries.hpp>
#include <patchbay/testing/simulation/invariants/tokens.hpp>

#include "support/catch.hpp"
#include "unit/testing_simulation/story.hpp"

using namespace story;

TEST_CASE("I8: attempts and retries are bounded", "[testing][oracle]") {
  OracleOptions options;
  options.budget = BudgetFacts(10, 5);
  Story story(options);
  story.submit(WorkKind::transition);
  const std::string tag = story.prepare();
  SECTION("a write of one version, as often as two causes allow") {
    for (int i = 0; i < 9; ++i) story.answered(story.write(tag, "t-1"), 429);
    CHECK(story.broken() == Broken{});
    story.answered(story.write(tag, "t-1"), 429);
    CHECK(story.broken() == Broken{"I8"});
  }
  SECTION("requests of which none succeeds") {
    const auto fail_once = [&] { story.failed(story.send("GET", "/api/v2/interactions/" + here, {}, story.bearer())); };
    for (int i = 0; i < 10; ++i) fail_once();
    CHECK(story.broken() == Broken{});
    story.read();  // a success earns
    for (int i = 0; i < 11; ++i) fail_once();
    CHECK(story.broken() == Broken{});
    fail_once();
    CHECK(story.broken() == Broken{"I8"});
  }
}

TEST_CASE("I9: nothing leaves before a Retry-After is over", "[testing][oracle]") {
  Story story;
  Work& work = story.submit(WorkKind::transition);
  const auto told_off = [&](const std::string& tag) {
    story.answered(story.write(tag, "t-1"), 429, {{"Retry-After", "5"}});
  };
  SECTION("with a pacer it is for all") {
    story.view.given.pacer = std::make_shared<Pacer>();
    told_off(story.prepare());
    story.wait(seconds{5} - Duration(1));
    SECTION("too early") {
      story.read();
      CHECK(story.broken() == Broken{"I9"});
    }
    SECTION("in time") {
      story.wait(Duration(1));
      story.read();
      CHECK(story.broken() == Broken{});
    }
    SECTION("on a coarse clock") {
      story.view.coarse = milliseconds{1};
      story.read();
      CHECK(story.broken() == Broken{});
    }
    SECTION("what was asked for before it was heard of") {
      story.now -= seconds{5} - milliseconds{5};
      story.read();
      CHECK(story.broken() == Broken{});
    }
    SECTION("tokens are apart") {
      story.log_in();
      CHECK(story.broken() == Broken{});
    }
  }
  SECTION("without a pacer it is for the one who was told") {
    story.view.given.pacer.reset();
    const std::string tag = story.prepare();
    told_off(tag);
    story.wait(seconds{3});
    story.read();
    CHECK(story.broken() == Broken{});
    story.write(tag, "t-1");
    CHECK(story.broken() == Broken{"I9"});
  }
  SECTION("the login host's own") {
    story.answered(story.send("POST", "/oauth/token"), 503, {{"Retry-After", "5"}});
    story.wait(seconds{4});
    story.log_in();
    CHECK(story.broken() == Broken{"I9"});
  }
  SECTION("the channel's own") {
    story.log_in();
    story.answered(story.send("GET", "/api/v2/interactions", {}, story.bearer(), true), 503, {{"Retry-After", "5"}});
    story.wait(seconds{4});
    story.open_channel();
    CHECK(story.broken() == Broken{"I9"});
  }
  SECTION("what is no hint") {
    story.view.given.pacer = std::make_shared<Pacer>();
    const std::string tag = story.prepare();
    for (const char* none : {"soon", "-5", "", "5.5", "99999999999999999999"})
      story.answered(story.write(tag, "t-1"), 429, {{"Retry-After", none}});
    CHECK(story.broken() == Broken{});
  }
  CHECK(work.number == 1);
}

TEST_CASE("I10: tokens are asked for once, used while they live, and replaced once", "[testing][oracle]") {
  Story story;
  SECTION("two requests at once") {
    story.send("POST", "/oauth/token");
    story.send("POST", "/oauth/token");
    CHECK(story.broken() == Broken{"I10"});
  }
  SECTION("a token that nobody gave") {
    story.token = "stolen";
    story.read();
    CHECK(story.broken() == Broken{"I10"});
  }
  SECTION("an expired one") {
    story.cloud.options().token_ttl = seconds{60};
    story.log_in();
    story.wait(seconds{60});
    story.read();
    CHECK(story.broken() == Broken{});
    story.wait(milliseconds{11});
    story.read();
    CHECK(story.broken() == Broken{"I10"});
  }
  SECTION("one that is refused to one operation after the other") {
    story.log_in();
    story.cloud.revoke_tokens();
    for (int i = 0; i < 3; ++i) {
      story.read();
      story.wait(milliseconds{20});
    }
    CHECK(story.broken() == Broken{});
    story.read();
    CHECK(story.broken() == Broken{"I10"});
  }
  SECTION("a write that is replayed with the same token") {
    story.submit(WorkKind::transition);
    const std::string tag = story.prepare();
    story.answered(story.write(tag, "t-1"), 401);
    story.wait(milliseconds{20});
    story.write(tag, "t-1");
    CHECK(story.broken() == Broken{"I10"});
  }
  SECTION("a write that is replayed, and replayed again") {
    story.submit(WorkKind::transition);
    const std::string tag = story.prepare();
    story.answered(story.write(tag, "t-1"), 401);
    story.wait(milliseconds{20});
    story.log_in();
    story.answered(story.write(tag, "t-1"), 401);
    CHECK(story.broken() == Broken{});
    story.wait(milliseconds{20});
    story.log_in();
    story.write(tag, "t-1");
    CHECK(story.broken() == Broken{"I10"});
  }
  SECTION("a credential that was refused") {
    const auto refused = [&] {
      story.answered(story.send("POST", "/oauth/token"), 401, {}, R"({"error":"invalid_client"})");
    };
    story.submit(WorkKind::transition);
    for (int i = 0; i < 4; ++i) refused();
    CHECK(story.broken() == Broken{});
    refused();
    CHECK(story.broken() == Broken{"I10"});
  }
}

TEST_CASE("I19: secrets are seen nowhere", "[testing][oracle]") {
  OracleOptions options;
  options.secrets = {"4111-1111-1111-1111 of the caller"};
  Story story(options);
  Work& work = story.submit(WorkKind::transition);
  SECTION("harmless lines") {
    story.oracle.logged(story.me, "level=info event=http.attempt status=200");
    WorkEnd how;
    how.failed = true, how.text = "network: answered nothing";
    story.end(work, how);
    CHECK(story.broken() == Broken{});
    return;
  }
  SECTION("a token in the log") { story.oracle.logged(story.me, "authorization=Bearer simulated-token-7"); }
  SECTION("the client's secret in an error") {
    WorkEnd how;
    how.failed = true, how.text = "authentication_failed: s3cret-of-the-client";
    story.end(work, how);
  }
  SECTION("a variable in an audit record") {
    AuditRecord record;
    record.error_message = "refused 4111-1111-1111-1111 of the caller";
    record.error_code = "unprocessable";
    story.oracle.audited(story.me, record);
  }
  SECTION("percent-encoded in a target") { story.send("GET", "/api/v2/flows/4111-1111-1111-1111%20of%20the%20caller"); }
  SECTION("in base64, with something before it") { story.oracle.logged(story.me, "YWI6czNjcmV0LW9mLXRoZS1jbGllbnQ="); }
  SECTION("in base64, elsewhere cut") { story.oracle.logged(story.me, "YTpzM2NyZXQtb2YtdGhlLWNsaWVudA=="); }
  SECTION("a token in the target of an upgrade") {
    story.send("GET", "/api/v2/interactions?access_token=simulated-token-1", {}, {}, true);
  }
  CHECK(story.broken() == Broken{"I19"});
}
