// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/testing/simulation/invariants/outcomes.hpp>

#include <string>
#include <utility>

#include "support/catch.hpp"
#include "unit/testing_simulation/story.hpp"

using namespace story;

TEST_CASE("I4: a transition's outcome must be what the cloud did, now and later", "[testing][oracle]") {
  Story story;
  Work& work = story.submit(WorkKind::transition);
  const std::uint64_t number = story.write(story.prepare(), "t-1");
  SECTION("success, and nothing was applied") {
    story.answered(number, 200);
    story.succeed(work, "t-1");
    CHECK(story.broken() == Broken{"I4"});
  }
  SECTION("not applied, and it was") {
    story.arrive(number);
    story.answered(number, 500);
    story.fail(work, ErrorCode::unavailable, Outcome::not_applied, "t-1", 1);
    CHECK(story.broken() == Broken{"I4"});
  }
  SECTION("not applied on the same version, while the write is still under way") {
    story.failed(number);
    story.read();
    story.fail(work, ErrorCode::network, Outcome::not_applied, "t-1", 1);
    CHECK(story.broken() == Broken{"I4"});
  }
  SECTION("not applied, since a replica showed a version from before") {
    story.failed(number);
    story.answered(story.send("GET", "/api/v2/interactions/" + here, {}, story.bearer()), 200, {{"ETag", "\"0\""}},
                   R"({"id":"x","state":"connected","customAttributes":{"flow_node":"MainMenu"}})");
    story.fail(work, ErrorCode::network, Outcome::not_applied, "t-1", 1);
    story.arrive(number);
    CHECK(story.broken() == Broken{});
  }
  SECTION("not applied behind a fence") {
    story.failed(number);
    story.cloud.set_held(here, true);
    story.tell_applied();
    story.read();
    story.fail(work, ErrorCode::network, Outcome::not_applied, "t-1", 1);
    story.arrive(number);
    CHECK(story.broken() == Broken{});
  }
  SECTION("not applied, and a late request applies it after all") {
    story.answered(number, 429);
    story.fail(work, ErrorCode::rate_limited, Outcome::not_applied, "t-1", 1);
    story.wait(seconds{60});
    CHECK(story.broken() == Broken{});
    story.arrive(number);
    CHECK(story.broken() == Broken{"I4"});
  }
  SECTION("not applied, since it was never sent") {
    story.failed(number, TransportFault::connect, Delivery::not_sent);
    story.fail(work, ErrorCode::network, Outcome::not_applied, "t-1", 1);
    CHECK(story.broken() == Broken{});
  }
  SECTION("unknown, and applied later") {
    story.failed(number);
    story.fail(work, ErrorCode::outcome_unknown, Outcome::unknown, "t-1", 1);
    story.arrive(number);
    CHECK(story.broken() == Broken{});
  }
  SECTION("unknown, and nothing was sent under that id") {
    story.answered(number, 429);
    story.fail(work, ErrorCode::outcome_unknown, Outcome::unknown, "t-2");
    CHECK(story.broken() == Broken{"I4"});
  }
  SECTION("twice") {
    story.arrive(number);
    story.answered(number);
    story.succeed(work, "t-1");
    story.succeed(work, "t-1");
    CHECK(story.broken().count("I4") == 1);
  }
  SECTION("never") {
    story.arrive(number);
    story.answered(number);
    story.rest();
    CHECK(story.broken().count("I4") == 1);
  }
}

TEST_CASE("I4: a hold's outcome must be what the cloud did", "[testing][oracle]") {
  Story story;
  story.log_in();
  story.open_channel();
  SECTION("holds and releases as they should be") {
    story.hold("h-1");
    story.wait(seconds{1});
    story.release("u-1");
    CHECK(story.broken() == Broken{});
    return;
  }
  Work& work = story.submit(WorkKind::hold);
  WorkEnd how;
  how.id = "h-1";
  SECTION("success by an answer, and it was not carried out") {
    story.command("hold", "h-1");
    story.acknowledged("hold", "h-1");
    story.succeed(work, "h-1");
    CHECK(story.broken() == Broken{"I4"});
  }
  SECTION("said to be on hold already") {
    how.already_held = true, how.id.clear();
    SECTION("and it was") {
      story.cloud.set_held(here, true);
      story.tell_applied();
      story.end(work, how);
      CHECK(story.broken() == Broken{});
    }
    SECTION("and its own release had ended that") {
      story.release("u-0");
      story.cloud.set_state(here, "alerting");
      story.tell_applied();
      story.wait(seconds{1});
      Work& late = story.submit(WorkKind::hold);
      story.end(late, how);
      CHECK(story.broken() == Broken{"I4"});
    }
  }
  SECTION("proved by state") {
    how.by_state = true;
    story.command("hold", "h-1");
    SECTION("that it had") {
      story.carry_out("hold", "h-1");
      story.end(work, how);
      CHECK(story.broken() == Broken{});
    }
    SECTION("that it had before the hold began and never since") {
      story.cloud.set_held(here, true);
      story.tell_applied();
      story.cloud.set_held(here, false);
      story.tell_applied();
      story.wait(seconds{1});
      Work late = story.submit(WorkKind::hold);
      story.command("hold", "h-2");
      how.id = "h-2";
      story.end(late, how);
      CHECK(story.broken().count("I4") == 1);
    }
  }
  SECTION("sent, and not applied for no reason") {
    story.command("hold", "h-1");
    story.fail(work, ErrorCode::network, Outcome::not_applied, "h-1", 1);
    CHECK(story.broken() == Broken{"I4"});
  }
  SECTION("sent and refused") {
    story.command("hold", "h-1");
    story.acknowledged("error", "h-1");
    story.fail(work, ErrorCode::command_refused, Outcome::not_applied, "h-1", 1);
    CHECK(story.broken() == Broken{});
  }
  SECTION("refused, and carried out later") {
    story.command("hold", "h-1");
    story.acknowledged("error", "h-1");
    story.fail(work, ErrorCode::command_refused, Outcome::not_applied, "h-1", 1);
    story.carry_out("hold", "h-1");
    CHECK(story.broken() == Broken{"I4"});
  }
  SECTION("cancelled before it was sent") {
    story.fail(work, ErrorCode::cancelled, Outcome::not_applied, "h-1");
    CHECK(story.broken() == Broken{});
  }
}

TEST_CASE("I24: what a door counts is what happened", "[testing][oracle]") {
  Story story;
  story.transition("t-1");
  story.open_channel();
  story.hold("h-1");
  const auto tampered = [&](auto& counts, auto which, std::uint64_t value) {
    counts.counts[static_cast<std::size_t>(which)] = value;
  };
  SECTION("all of it") {
    story.rest();
    CHECK(story.broken() == Broken{});
    return;
  }
  SECTION("one success too many") { tampered(story.view.transitions, TransitionCount::succeeded, 2); }
  SECTION("one write too few") { tampered(story.view.transitions, TransitionCount::patch_attempts, 0); }
  SECTION("an operation that is pending for ever") { tampered(story.view.transitions, TransitionCount::submitted, 2); }
  SECTION("an outcome that is not in the histogram") { story.view.transitions.operation.count = 0; }
  SECTION("a hold that nobody asked for") { tampered(story.view.commands, HoldCount::submitted, 3); }
  SECTION("a terminal record too many") {
    AuditRecord record = story.audit_of(story.works[1], AuditKind::operation, "t-1");
    record.success = true, record.outcome = Outcome::applied;
    story.oracle.audited(story.me, record);
  }
  SECTION("a gap in the audit's numbers") {
    AuditRecord record = story.audit_of(story.works[1], AuditKind::attempt, "t-1");
    record.sequence += 5, record.outcome = Outcome::not_applied;
    story.oracle.audited(story.me, record);
  }
  SECTION("a record that contradicts itself") {
    AuditRecord record = story.audit_of(story.works[1], AuditKind::attempt, "t-1");
    record.success = true, record.outcome = Outcome::unknown;
    story.oracle.audited(story.me, record);
  }
  SECTION("a counter that goes down") {
    story.rest();
    tampered(story.view.commands, HoldCount::pings, 5);
    story.rest();
    tampered(story.view.commands, HoldCount::pings, 4);
  }
  story.rest();
  CHECK(story.broken() == Broken{"I24"});
}
