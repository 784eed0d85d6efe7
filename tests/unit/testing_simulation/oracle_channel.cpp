// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/journal/journal.hpp>
#include <patchbay/testing/simulated_disk.hpp>
#include <patchbay/testing/simulation/invariants/channel.hpp>
#include <patchbay/testing/simulation/invariants/watchdog.hpp>

#include <string>

#include "support/catch.hpp"
#include "unit/testing_simulation/story.hpp"

using namespace story;

TEST_CASE("I11: one channel at a time", "[testing][oracle]") {
  Story story;
  story.log_in();
  SECTION("one after the other") {
    story.open_channel();
    story.end_channel();
    story.open_channel();
    story.rest();
    CHECK(story.broken() == Broken{});
  }
  SECTION("while one is open") {
    story.open_channel();
    story.open_channel();
    CHECK(story.broken() == Broken{"I11"});
  }
  SECTION("while one is being opened") {
    story.send("GET", "/api/v2/interactions", {}, story.bearer(), true);
    story.send("GET", "/api/v2/interactions", {}, story.bearer(), true);
    CHECK(story.broken() == Broken{"I11"});
  }
  SECTION("left over") {
    story.view.sockets = 2;
    story.rest();
    CHECK(story.broken().count("I11") == 1);
  }
}

TEST_CASE("I12: only the right answer settles, and each message is counted once", "[testing][oracle]") {
  Story story;
  story.log_in();
  story.open_channel();
  Work& work = story.submit(WorkKind::hold);
  story.command("hold", "h-1");
  const auto counted = [&](HoldCount which) { ++story.view.commands.counts[static_cast<std::size_t>(which)]; };
  SECTION("settled without an answer") {
    story.carry_out("hold", "h-1");
    story.succeed(work, "h-1");
    CHECK(story.broken() == Broken{"I12"});
  }
  SECTION("settled by an answer about another interaction") {
    story.carry_out("hold", "h-1");
    story.message(Story::ack("hold", "h-1", there));
    story.succeed(work, "h-1");
    CHECK(story.broken() == Broken{"I12"});
  }
  SECTION("settled by an answer about the other verb") {
    story.carry_out("hold", "h-1");
    story.message(Story::ack("unhold", "h-1"));
    story.succeed(work, "h-1");
    CHECK(story.broken() == Broken{"I12"});
  }
  SECTION("refused without a refusal") {
    story.fail(work, ErrorCode::command_refused, Outcome::not_applied, "h-1", 1);
    CHECK(story.broken().count("I12") == 1);
  }
  SECTION("a refusal that is followed by a confirmation") {
    story.acknowledged("error", "h-1");
    story.carry_out("hold", "h-1");
    story.message(Story::ack("hold", "h-1"));
    story.succeed(work, "h-1");
    CHECK(story.broken().count("I12") == 1);
  }
  SECTION("counted rightly") {
    story.carry_out("hold", "h-1");
    story.acknowledged("hold", "h-1");
    story.succeed(work, "h-1");
    story.message(Story::ack("hold", "h-1"));
    counted(HoldCount::duplicate_acks);
    story.message(Story::ack("hold", "nobody"));
    counted(HoldCount::foreign_messages);
    story.message("junk");
    counted(HoldCount::junk_frames);
    story.rest();
    CHECK(story.broken() == Broken{});
  }
  SECTION("a repeated answer that is counted as a first") {
    story.carry_out("hold", "h-1");
    story.acknowledged("hold", "h-1");
    story.succeed(work, "h-1");
    story.message(Story::ack("hold", "h-1"));
    counted(HoldCount::late_acks);
    story.rest();
    CHECK(story.broken() == Broken{"I12"});
  }
  SECTION("a message that is not counted") {
    story.carry_out("hold", "h-1");
    story.acknowledged("hold", "h-1");
    story.succeed(work, "h-1");
    story.message("junk");
    story.rest();
    CHECK(story.broken() == Broken{"I12"});
  }
}

TEST_CASE("I13: what is watched is what may be on hold", "[testing][oracle]") {
  Story story;
  story.log_in();
  story.open_channel();
  const auto later = [&] {
    story.wait(milliseconds{20});
    story.oracle.frame_received(story.me, story.channel, Story::ack("hold", "h-0"), story.now);
    story.wait(milliseconds{20});
  };
  SECTION("a hold, and its release") {
    story.hold("h-1");
    story.wait(seconds{1});
    story.release("u-1");
    story.wait(seconds{1});
    CHECK(story.broken() == Broken{});
  }
  SECTION("a hold that is not watched") {
    story.submit(WorkKind::hold);
    story.command("hold", "h-1");
    story.unwatch(here);
    story.wait(milliseconds{20});
    story.wait(milliseconds{1});
    CHECK(story.broken() == Broken{"I13"});
  }
  SECTION("a hold that is forgotten once it was seen not to be in effect, long after it was sent") {
    const bool journal = GENERATE(true, false), long_after = GENERATE(true, false);
    if (journal) story.view.given.journal = Journal::open(std::make_shared<SimulatedDisk>()).value();
    Work& work = story.submit(WorkKind::hold);
    story.command("hold", "h-1");
    story.fail(work, ErrorCode::outcome_unknown, Outcome::unknown, "h-1", 1);
    story.read();
    story.wait(story.view.given.journaling.fence_after - (long_after ? Duration::zero() : Duration(1)));
    story.log_in();
    story.read();
    story.unwatch(here);
    later();
    later();
    CHECK(story.broken().count("I13") == (journal && long_after ? 0 : 1));
  }
  SECTION("a hold that is forgotten when its answer does not come") {
    Work& work = story.submit(WorkKind::hold);
    story.command("hold", "h-1");
    story.wait(seconds{5});
    story.fail(work, ErrorCode::outcome_unknown, Outcome::unknown, "h-1", 1);
    story.unwatch(here);
    story.submit(WorkKind::hold, there);
    story.command("hold", "h-2", there);
    story.wait(milliseconds{20});
    story.wait(milliseconds{1});
    CHECK(story.broken() == Broken{"I13"});
  }
  SECTION("a second hold that starts the time anew") {
    story.hold("h-1");
    story.wait(seconds{30});
    story.unwatch(here);
    story.hold("h-2");
    story.wait(milliseconds{20});
    story.wait(milliseconds{1});
    CHECK(story.broken() == Broken{"I13"});
  }
  SECTION("a release that stops the watch before it is confirmed") {
    story.hold("h-1");
    story.wait(seconds{1});
    story.submit(WorkKind::unhold);
    story.command("unhold", "u-1");
    story.unwatch(here);
    story.wait(milliseconds{20});
    story.wait(milliseconds{1});
    CHECK(story.broken() == Broken{"I13"});
  }
  SECTION("a refused hold that is watched for ever") {
    Work& work = story.submit(WorkKind::hold);
    story.command("hold", "h-1");
    story.acknowledged("error", "h-1");
    story.fail(work, ErrorCode::command_refused, Outcome::not_applied, "h-1", 1);
    story.watch(here, false);
    story.wait(milliseconds{20});
    story.wait(milliseconds{1});
    CHECK(story.broken() == Broken{"I13"});
  }
  SECTION("a release that is confirmed, and the watch goes on") {
    story.hold("h-1");
    story.wait(seconds{1});
    story.release("u-1");
    story.watch(here, true);
    later();
    CHECK(story.broken() == Broken{"I13"});
  }
  SECTION("an interaction that was never held") {
    story.hold("h-1");
    story.watch(there, true);
    later();
    CHECK(story.broken() == Broken{"I13"});
  }
  SECTION("one that a reading showed on hold may be watched") {
    story.cloud.set_held(there, true);
    story.tell_applied();
    story.read(there);
    story.watch(there, true);
    later();
    CHECK(story.broken() == Broken{});
  }
}

TEST_CASE("I15: the limit of a hold is told, again and again", "[testing][oracle]") {
  Story story;
  story.log_in();
  story.view.given.hold.max_hold = seconds{120};
  story.open_channel();
  story.hold("h-1");
  const SteadyTime begun = story.now;
  SECTION("as it should be") {
    story.wait(begun + seconds{120} - story.now);
    for (int i = 0; i < 3; ++i) {
      story.escalate();
      story.wait(story.view.given.hold.repeat_every);
    }
    CHECK(story.broken() == Broken{});
  }
  SECTION("never") {
    story.wait(seconds{120});
    CHECK(story.broken() == Broken{});
    story.wait(milliseconds{11});
    CHECK(story.broken() == Broken{"I15"});
  }
  SECTION("once") {
    story.wait(seconds{120});
    story.escalate();
    story.wait(story.view.given.hold.repeat_every);
    CHECK(story.broken() == Broken{});
    story.wait(milliseconds{11});
    CHECK(story.broken() == Broken{"I15"});
  }
  SECTION("not while nobody serves the channel") {
    story.view.is_served = false;
    story.wait(seconds{500});
    CHECK(story.broken() == Broken{});
  }
  SECTION("not once it is released") {
    story.release("u-1");
    story.wait(seconds{500});
    CHECK(story.broken() == Broken{});
  }
}

TEST_CASE("I23: a process that destroys its doors comes to rest, and a crashed one does nothing", "[testing][oracle]") {
  Story story;
  SECTION("as it should be") {
    story.transition("t-1");
    story.close();
    CHECK(story.broken() == Broken{});
  }
  SECTION("works that end a little later") {
    Work& work = story.submit(WorkKind::transition);
    story.oracle.closed(story.me, story.now);
    story.fail(work, ErrorCode::cancelled, Outcome::not_applied);
    story.oracle.finished(story.now);
    CHECK(story.broken() == Broken{});
  }
  SECTION("with a work that never ends") {
    story.submit(WorkKind::transition);
    story.close();
    CHECK(story.broken().count("I23") == 1);
  }
  SECTION("with an exchange that never ends") {
    story.send("POST", "/oauth/token");
    story.close();
    CHECK(story.broken() == Broken{"I23"});
  }
  SECTION("with a channel that stays open") {
    story.log_in();
    story.open_channel();
    story.close();
    CHECK(story.broken() == Broken{"I23"});
  }
  SECTION("with a handler that is called afterwards") {
    story.oracle.closed(story.me, story.now);
    story.escalate();
    CHECK(story.broken() == Broken{"I23"});
  }
  SECTION("a crash, and a request afterwards") {
    story.oracle.crashed(story.me, story.now);
    story.send("POST", "/oauth/token");
    CHECK(story.broken() == Broken{"I23"});
  }
  SECTION("a crash, and an end afterwards") {
    Work& work = story.submit(WorkKind::transition);
    story.oracle.crashed(story.me, story.now);
    story.fail(work, ErrorCode::cancelled, Outcome::not_applied);
    CHECK(story.broken() == Broken{"I23"});
  }
}
