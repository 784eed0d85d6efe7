// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/testing/simulation/invariants/order.hpp>

#include <string>

#include "support/catch.hpp"
#include "unit/testing_simulation/story.hpp"

using namespace story;

TEST_CASE("I6: one command at a time on an interaction, in the order of asking", "[testing][oracle]") {
  Story story;
  story.log_in();
  SECTION("two writes at once") {
    story.submit(WorkKind::transition);
    story.submit(WorkKind::transition);
    const std::string tag = story.prepare();
    story.write(tag, "t-1");
    CHECK(story.broken() == Broken{});
    story.write(tag, "t-2");
    CHECK(story.broken() == Broken{"I6"});
  }
  SECTION("two writes to two interactions at once") {
    story.submit(WorkKind::transition);
    story.submit(WorkKind::transition, there);
    story.write(story.prepare(), "t-1");
    story.write(story.prepare(there), "t-2", "BillingInquiry", there);
    CHECK(story.broken() == Broken{});
  }
  SECTION("applied in another order than asked for") {
    Work& first = story.submit(WorkKind::transition, here, "BillingInquiry", "MainMenu");
    Work& second = story.submit(WorkKind::transition);
    const std::uint64_t a = story.write(story.prepare(), "t-2");
    story.arrive(a);
    story.answered(a);
    const std::uint64_t b = story.write(story.read(), "t-1", "MainMenu");
    story.arrive(b);
    story.answered(b);
    story.succeed(first, "t-1");
    story.succeed(second, "t-2");
    CHECK(story.broken() == Broken{"I6"});
  }
  SECTION("one of many that were asked for together, behind what came later by itself") {
    const bool together = GENERATE(true, false);
    Work& first = story.submit(WorkKind::transition, here, "BillingInquiry", "MainMenu");
    if (together) first.bulk = 1;
    story.oracle.submitted(story.me, first);
    Work& second = story.submit(WorkKind::transition);
    const std::uint64_t a = story.write(story.prepare(), "t-2");
    story.arrive(a);
    story.answered(a);
    story.succeed(second, "t-2");
    const std::uint64_t b = story.write(story.read(), "t-1", "MainMenu");
    story.arrive(b);
    story.answered(b);
    story.succeed(first, "t-1");
    CHECK(story.broken().count("I6") == (together ? 0 : 1));
  }
  SECTION("a hold while another command is under way") {
    story.open_channel();
    story.submit(WorkKind::unhold);
    story.submit(WorkKind::hold);
    story.command("unhold", "u-1");
    story.command("hold", "h-1");
    CHECK(story.broken() == Broken{"I6"});
  }
  SECTION("a hold after the other command was given up") {
    story.open_channel();
    story.submit(WorkKind::unhold);
    story.submit(WorkKind::hold);
    story.command("unhold", "u-1");
    story.wait(story.view.given.hold.ack_timeout);
    story.command("hold", "h-1");
    CHECK(story.broken() == Broken{});
  }
  SECTION("a release behind an unsettled hold") {
    story.open_channel();
    story.submit(WorkKind::hold);
    story.submit(WorkKind::unhold);
    story.command("hold", "h-1");
    story.command("unhold", "u-1");
    CHECK(story.broken() == Broken{});
  }
}

TEST_CASE("I7: a work ends by its deadline and one tick", "[testing][oracle]") {
  Story story;
  story.view.under_way = 1;  // its request is being answered, so that it does not starve in its lane (L6)
  Work& work = story.submit(WorkKind::transition);
  SECTION("in time") {
    story.wait(work.budget);
    story.fail(work, ErrorCode::deadline_exceeded, Outcome::not_applied);
    CHECK(story.broken() == Broken{});
  }
  SECTION("within the tick") {
    story.view.coarse = milliseconds{16};
    story.wait(work.budget + milliseconds{16});
    story.fail(work, ErrorCode::deadline_exceeded, Outcome::not_applied);
    CHECK(story.broken() == Broken{});
  }
  SECTION("late") {
    story.wait(work.budget + Duration(1));
    story.fail(work, ErrorCode::deadline_exceeded, Outcome::not_applied);
    CHECK(story.broken() == Broken{"I7"});
  }
  SECTION("late on a door that blocks, and is writing a frame") {
    story.view.looping = false;
    story.log_in();
    story.open_channel();
    Work& release = story.submit(WorkKind::unhold);
    release.budget = milliseconds{5};
    story.oracle.submitted(story.me, release);
    story.command("unhold", "u-1");
    story.view.written = {story.now, story.now + milliseconds{200}};
    story.wait(milliseconds{200});
    story.fail(release, ErrorCode::outcome_unknown, Outcome::unknown, "u-1", 1);
    CHECK(story.broken() == Broken{});
  }
  SECTION("later than it may write") {
    story.view.looping = false;
    story.log_in();
    story.open_channel();
    Work& release = story.submit(WorkKind::unhold);
    release.budget = milliseconds{5};
    story.oracle.submitted(story.me, release);
    story.command("unhold", "u-1");
    story.view.written = {story.now, story.now + milliseconds{251}};
    story.wait(milliseconds{251});
    story.fail(release, ErrorCode::outcome_unknown, Outcome::unknown, "u-1", 1);
    CHECK(story.broken() == Broken{"I7"});
  }
  SECTION("as late as the machine slept") {
    const SteadyTime from = story.now;
    story.now += std::chrono::hours{1};
    story.oracle.suspended(from, story.now);
    story.fail(work, ErrorCode::deadline_exceeded, Outcome::not_applied);
    CHECK(story.broken() == Broken{});
  }
  SECTION("later than the machine slept") {
    const SteadyTime from = story.now;
    story.now += std::chrono::hours{1};
    story.oracle.suspended(from, story.now);
    story.wait(milliseconds{11});
    story.fail(work, ErrorCode::deadline_exceeded, Outcome::not_applied);
    CHECK(story.broken() == Broken{"I7"});
  }
}

TEST_CASE("I14: a release is neither refused nor kept waiting", "[testing][oracle]") {
  Story story;
  story.log_in();
  SECTION("with a channel") {
    story.open_channel();
    Work& work = story.submit(WorkKind::unhold);
    SECTION("at once") {
      story.command("unhold", "u-1");
      CHECK(story.broken() == Broken{});
    }
    SECTION("too late") {
      story.wait(story.view.given.hold.send_timeout + seconds{1});
      story.command("unhold", "u-1");
      CHECK(story.broken() == Broken{"I14"});
    }
    SECTION("never") {
      story.wait(work.budget);
      story.fail(work, ErrorCode::deadline_exceeded, Outcome::not_applied);
      CHECK(story.broken() == Broken{"I14"});
    }
    SECTION("for being late") {
      story.fail(work, ErrorCode::hold_limit, Outcome::not_applied);
      CHECK(story.broken() == Broken{"I14"});
    }
    SECTION("for being late, as the settings want it") {
      story.view.given.hold.limit = HoldLimit::reject_late_unhold;
      story.fail(work, ErrorCode::hold_limit, Outcome::not_applied);
      CHECK(story.broken() == Broken{});
    }
    SECTION("by the breaker") {
      story.fail(work, ErrorCode::circuit_open, Outcome::not_applied);
      CHECK(story.broken() == Broken{"I14"});
    }
    SECTION("by a bulkhead") {
      story.fail(work, ErrorCode::queue_full, Outcome::not_applied);
      CHECK(story.broken() == Broken{"I14"});
    }
  }
  SECTION("without a channel it waits for one") {
    Work& work = story.submit(WorkKind::unhold);
    story.wait(work.budget);
    story.fail(work, ErrorCode::not_connected, Outcome::not_applied);
    CHECK(story.broken() == Broken{});
  }
}
