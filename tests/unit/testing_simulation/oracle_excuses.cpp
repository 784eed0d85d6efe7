// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// What no process can know, or help, is excused; and what is nearly that is not.
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <patchbay/journal/journal.hpp>
#include <patchbay/protocol/pacer.hpp>
#include <patchbay/testing/simulated_disk.hpp>

#include "support/catch.hpp"
#include "unit/testing_simulation/story.hpp"

using namespace story;

TEST_CASE("I6: a command is over when its audit record says so, or its time is, from when it was handed on",
          "[testing][oracle]") {
  Story story;
  story.log_in();
  story.open_channel();
  Work& release = story.submit(WorkKind::unhold);
  story.submit(WorkKind::hold);
  SECTION("it ended before it truly left") {
    const bool ended = GENERATE(true, false);
    if (ended) story.fail(release, ErrorCode::outcome_unknown, Outcome::unknown, "u-1", 1);
    story.command("unhold", "u-1");
    story.command("hold", "h-1");
    CHECK(story.broken().count("I6") == (ended ? 0 : 1));
  }
  SECTION("it left a moment after it was handed on") {
    const Duration short_of = milliseconds{GENERATE(10, 11)};
    story.command("unhold", "u-1");
    story.wait(story.view.given.hold.ack_timeout - short_of);
    story.command("hold", "h-1");
    CHECK(story.broken().count("I6") == (short_of == milliseconds{10} ? 0 : 1));
  }
}

TEST_CASE("I6: no hold leaves behind a release that was asked for later", "[testing][oracle]") {
  Story story;
  story.log_in();
  story.open_channel();
  Work& hold = story.submit(WorkKind::hold);
  const bool before = GENERATE(true, false);
  if (before) {
    story.command("hold", "h-1");
    story.carry_out("hold", "h-1");
    story.acknowledged("hold", "h-1");
  }
  story.release("u-1");
  if (!before) {
    story.command("hold", "h-1");
    story.carry_out("hold", "h-1");
    story.acknowledged("hold", "h-1");
  }
  story.succeed(hold, "h-1");
  CHECK(story.broken() == (before ? Broken{} : Broken{"I6"}));
}

TEST_CASE("I14: a release waits for those before it, for each no longer than a frame may take", "[testing][oracle]") {
  Story story;
  story.log_in();
  story.open_channel();
  const Duration frame = story.view.given.hold.send_timeout;
  story.submit(WorkKind::unhold);
  story.submit(WorkKind::unhold, there);
  story.wait(frame);
  const bool before = GENERATE(true, false);
  if (before) story.command("unhold", "u-1");
  story.wait(frame);
  story.command("unhold", "u-2", there);
  CHECK(story.broken() == (before ? Broken{} : Broken{"I14"}));
}

TEST_CASE("I12: a repeated answer may be lost with its connection, and in no other way", "[testing][oracle]") {
  Story story;
  story.log_in();
  story.open_channel();
  story.hold("h-1");
  story.message(Story::ack("hold", "h-1"));
  bool lost = false;
  SECTION("with its connection") {
    lost = true;
    story.end_channel();
  }
  SECTION("with one that ended later") {
    story.wait(seconds{1});
    story.end_channel();
  }
  SECTION("for no reason") {}
  story.rest();
  CHECK(story.broken().count("I12") == (lost ? 0 : 1));
}

TEST_CASE("I12: what is handed over on a channel that was given up is for nobody", "[testing][oracle]") {
  Story story;
  story.log_in();
  story.open_channel();
  Work& work = story.submit(WorkKind::hold);
  story.command("hold", "h-1");
  const bool given_up = GENERATE(true, false), taken = GENERATE(true, false);
  if (given_up) story.end_channel();
  story.message(Story::ack("hold", "h-1"));
  if (taken) {
    ++story.view.commands.counts[static_cast<std::size_t>(HoldCount::acks_positive)];
    story.succeed(work, "h-1");
  }
  story.rest();
  CHECK(story.broken().count("I12") == (given_up == taken ? 1 : 0));
}

TEST_CASE("I13: the answer that ends a hold may be lost with its channel, and in no other way", "[testing][oracle]") {
  Story story;
  story.log_in();
  story.open_channel();
  story.hold("h-1");
  story.wait(seconds{1});
  const auto answer = [&] {
    Work& release = story.submit(WorkKind::unhold);
    const std::string id = "u-" + std::to_string(release.number);
    story.command("unhold", id);
    story.carry_out("unhold", id);
    story.message(Story::ack("unhold", id));
    story.fail(release, ErrorCode::outcome_unknown, Outcome::unknown, id, 1);
  };
  const auto later = [&] {
    story.wait(milliseconds{20});
    story.wait(milliseconds{1});
    return story.broken().count("I13");
  };
  SECTION("with its channel, until the next one") {
    answer();
    story.end_channel();
    CHECK(later() == 0);
    story.open_channel();
    answer();
    CHECK(later() == 1);
  }
  SECTION("with one that ended later") {
    answer();
    story.wait(milliseconds{11});
    story.end_channel();
    CHECK(later() == 1);
  }
  SECTION("with another") {
    answer();
    story.oracle.channel_ended(story.me, story.channel + 100, story.now);
    CHECK(later() == 1);
  }
  SECTION("not when nothing was on hold before") {
    story.release("u-a");
    story.release("u-b");
    story.end_channel();
    story.watch(here, true);
    CHECK(later() == 1);
  }
}

TEST_CASE("I13: a machine may sleep between an answer and its being heard", "[testing][oracle]") {
  Story story;
  story.log_in();
  story.open_channel();
  story.hold("h-1");
  story.wait(seconds{1});
  Work& release = story.submit(WorkKind::unhold);
  story.command("unhold", "u-1");
  story.carry_out("unhold", "u-1");
  story.message(Story::ack("unhold", "u-1"));
  story.succeed(release, "u-1");
  story.tick();
  const bool slept = GENERATE(true, false);
  const SteadyTime from = story.now;
  story.now += std::chrono::hours{1};
  if (slept) story.oracle.suspended(from, story.now);
  story.tick();
  CHECK(story.broken().count("I13") == (slept ? 0 : 1));
  story.wait(milliseconds{21});  // and not for long behind that
  CHECK(story.broken().count("I13") == 1);
}

TEST_CASE("I13: of an interaction that was read to be over no late answer says that it is on hold", "[testing][oracle]") {
  Story story;
  story.view.given.journal = Journal::open(std::make_shared<SimulatedDisk>()).value();
  story.log_in();
  story.open_channel();
  story.submit(WorkKind::hold);
  story.command("hold", "h-1");
  story.carry_out("hold", "h-1");
  const bool over = GENERATE(true, false);
  story.by_holds = GENERATE(true, false);
  if (over) story.cloud.set_state(here, "abandoned");
  story.read();
  story.acknowledged("hold", "h-1");
  story.oracle.crashed(story.me, story.now);
  ++story.me.incarnation;
  story.view.holds.clear();
  story.oracle.attached(story.me, story.view, story.now);
  story.wait(milliseconds{11});
  CHECK(story.broken().count("I13") == (over && story.by_holds ? 0 : 1));
}

TEST_CASE("I9: a process with a coarse clock hears of a wait at its next tick", "[testing][oracle]") {
  Story story;
  story.view.given.pacer = std::make_shared<Pacer>(600.0);
  story.log_in();
  story.view.coarse = milliseconds{GENERATE(16, 0)};
  const std::uint64_t read = story.send("GET", "/api/v2/interactions/" + here, {}, story.bearer());
  story.arrive(read);
  story.answered(read, 429, {{"Retry-After", "100"}});
  story.wait(milliseconds{GENERATE(12, 27)});
  const bool too_late = story.now > SteadyTime(std::chrono::hours{1000}) + milliseconds{26};
  story.send("GET", "/api/v2/interactions/" + here, {}, story.bearer());
  CHECK(story.broken().count("I9") == (story.view.coarse == Duration::zero() || too_late ? 1 : 0));
}

TEST_CASE("I10: a token that is given anew is another one, be it the same text", "[testing][oracle]") {
  Story story;
  story.submit(WorkKind::transition);
  const std::string tag = story.prepare();
  const std::uint64_t write = story.write(tag, "t-1");
  story.answered(write, 401);
  if (const bool anew = GENERATE(true, false)) {
    const std::uint64_t asked = story.send("POST", "/oauth/token", "grant_type=client_credentials");
    story.answered(asked, 200, {}, R"({"access_token":")" + story.token + R"(","expires_in":3600})");
    story.write(tag, "t-1");
    CHECK(story.broken().count("I10") == (anew ? 0 : 1));
  } else {
    story.write(tag, "t-1");
    CHECK(story.broken() == Broken{"I10"});
  }
}

TEST_CASE("I20: recovery may wait for its turns when all else is at rest", "[testing][oracle]") {
  Story story;
  story.view.given.journal = Journal::open(std::make_shared<SimulatedDisk>()).value();
  story.view.given.pacer = std::make_shared<Pacer>(60.0);
  const bool open = GENERATE(true, false);
  const std::size_t waiting = GENERATE(1U, 2U, 3U);
  if (open) {
    IntentRecord record;
    record.operation = "t-1", record.interaction = here;
    story.view.given.journal->abandon(story.view.given.journal->intent(record).value());
  }
  std::array<PacerTurn, 4> turns;
  for (std::size_t i = 0; i <= waiting; ++i)
    static_cast<void>(story.view.given.pacer->ask(turns[i], story.now, never));
  REQUIRE(story.view.given.pacer->waiting() == waiting);
  story.oracle.quiescent(story.now);
  CHECK(story.broken().count("I20") == (open && waiting <= 2 ? 0 : 1));
}

TEST_CASE("I10: an operation that was refused another token cannot tell whose fault it is", "[testing][oracle]") {
  Story story;
  story.log_in();
  const std::size_t refused_before = GENERATE(1U, 3U);
  for (int i = 0; i < 4; ++i) story.submit(WorkKind::transition);
  const auto ask = [&] { return story.send("GET", "/api/v2/interactions/" + here, {}, story.bearer()); };
  std::vector<std::uint64_t> together;
  for (std::size_t i = 0; i < refused_before; ++i) together.push_back(ask());
  for (const std::uint64_t each : together) story.answered(each, 401);
  story.wait(milliseconds{20});
  story.log_in();
  // Each of these may be one of those. A fourth, and a fifth, of three are others.
  for (int i = 0; i < 4; ++i) {
    story.answered(ask(), 401);
    story.wait(milliseconds{20});
  }
  ask();
  CHECK(story.broken() == (refused_before == 3 ? Broken{} : Broken{"I10"}));
}

TEST_CASE("I4: a copy of a write that was applied, and covered by another writer, cannot be seen", "[testing][oracle]") {
  Story story;
  Work& work = story.submit(WorkKind::transition);
  const std::string tag = story.prepare();
  const std::uint64_t write = story.write(tag, "t-1");
  story.arrive(write);  // applied, and its answer is lost
  bool excused = false;
  SECTION("so that nobody knows") {
    excused = true;
    story.cloud.move(here, "TechnicalSupport", "somebody-else");
    story.tell_applied();
    story.arrive(write);
    story.answered(write);
  }
  SECTION("unless a reading showed it") {
    story.read();
    story.cloud.move(here, "TechnicalSupport", "somebody-else");
    story.tell_applied();
    story.arrive(write);
    story.answered(write);
  }
  SECTION("unless nobody looked") {
    story.cloud.move(here, "TechnicalSupport", "somebody-else");
    story.tell_applied();
    story.arrive(write);
    story.answered(write);
    story.fail(work, ErrorCode::stale_state, Outcome::not_applied, "t-1", 1);
    CHECK(story.broken().count("I4") == 1);
  }
  SECTION("not when nobody else was there") {
    story.arrive(write);
    story.answered(write);
  }
  SECTION("not when there was no copy") {
    story.cloud.move(here, "TechnicalSupport", "somebody-else");
    story.tell_applied();
    story.answered(write, 412);
  }
  SECTION("not while one may still arrive") {
    story.cloud.move(here, "TechnicalSupport", "somebody-else");
    story.tell_applied();
    story.arrive(write);
    story.failed(write);
  }
  story.read();
  if (!story.broken().empty()) return;
  story.fail(work, ErrorCode::stale_state, Outcome::not_applied, "t-1", 1);
  CHECK(story.broken().count("I4") == (excused ? 0 : 1));
}

TEST_CASE("I4: a version that an operation has used is newer than an older one, whatever it used since",
          "[testing][oracle]") {
  Story story;
  Work& work = story.submit(WorkKind::transition);
  const std::string old = story.prepare();
  story.cloud.set_held(here, true);
  story.tell_applied();
  const std::string tag = story.read();
  REQUIRE(old != tag);
  story.wait(milliseconds{1});
  const std::uint64_t first = story.write(tag, "t-1");
  story.arrive(first);
  story.answered(first, 503);
  const bool lagging = GENERATE(true, false);
  if (lagging) {
    const std::uint64_t stale = story.send("GET", "/api/v2/interactions/" + here, {}, story.bearer());
    story.answered(stale, 200, {{"ETag", old}}, R"({"id":"x","state":"connected","customAttributes":{}})");
    const std::uint64_t second = story.write(old, "t-1");
    story.arrive(second);
    story.answered(second);
  }
  story.read();
  story.fail(work, ErrorCode::stale_state, Outcome::not_applied, "t-1", lagging ? 2 : 1);
  CHECK(story.broken().count("I4") == (lagging ? 0 : 1));
}

TEST_CASE("I4, L2: a release that no disk took is known to no later life", "[testing][oracle]") {
  Story story;
  story.view.given.journal = Journal::open(std::make_shared<SimulatedDisk>()).value();
  story.log_in();
  story.open_channel();
  story.oracle.healed(story.now);
  story.hold("h-1");
  story.wait(seconds{1});
  const bool written = GENERATE(false, true), later = GENERATE(true, false);
  story.release("u-1");
  if (written) {
    JournalView record;
    record.kind = JournalView::Kind::terminal, record.sequence = 1, record.id = "u-1", record.interaction = here;
    record.outcome = Outcome::applied;
    story.oracle.journaled(story.me, record, story.now);
  }
  story.wait(seconds{1});
  if (later) {
    story.oracle.crashed(story.me, story.now);
    ++story.me.incarnation;
    story.oracle.attached(story.me, story.view, story.now);
  }
  story.wait(std::chrono::minutes{5});
  Work& work = story.submit(WorkKind::hold);
  story.watch(here, true);
  WorkEnd how;
  how.already_held = true;
  story.end(work, how);
  story.rest();
  CHECK(story.broken().count("I4") == (later && !written ? 0 : 1));
  CHECK(story.broken().count("L2") == (later && !written ? 0 : 1));
}

TEST_CASE("I13: a process with a coarse clock hears of an answer at its next tick", "[testing][oracle]") {
  Story story;
  story.log_in();
  story.open_channel();
  story.hold("h-1");
  story.view.coarse = milliseconds{GENERATE(16, 0)};
  Work& release = story.submit(WorkKind::unhold);
  story.command("unhold", "u-1");
  story.carry_out("unhold", "u-1");
  story.message(Story::ack("unhold", "u-1"));
  ++story.view.commands.counts[static_cast<std::size_t>(HoldCount::acks_positive)];
  story.succeed(release, "u-1");
  story.tick();
  story.wait(milliseconds{16});
  CHECK(story.broken().count("I13") == (story.view.coarse == Duration::zero() ? 1 : 0));
  story.wait(milliseconds{16});  // and not much later
  CHECK(story.broken().count("I13") == 1);
}

TEST_CASE("I20: a refusal is told at the next tick", "[testing][oracle]") {
  Story story;
  story.view.given.max_operations = 1;
  story.view.coarse = milliseconds{GENERATE(16, 0)};
  story.submit(WorkKind::transition);
  story.submit(WorkKind::transition, there);
  story.wait(milliseconds{20});
  story.log_in();
  CHECK(story.broken().count("I20") == (story.view.coarse == Duration::zero() ? 1 : 0));
}

TEST_CASE("L2: a pacer may leave no turn to find out what became of a write", "[testing][oracle]") {
  Story story;
  const bool paced = GENERATE(true, false);
  // The usual one spaces nothing before a server has asked for that.
  story.view.given.pacer = paced ? std::make_shared<Pacer>(600.0) : std::make_shared<Pacer>();
  story.oracle.attached(story.me, story.view, story.now);
  story.log_in();
  story.oracle.healed(story.now);
  story.wait(std::chrono::minutes{5});
  story.log_in();
  Work& work = story.submit(WorkKind::transition);
  const std::string tag = story.prepare();
  story.wait(milliseconds{1});
  bool excused = paced;
  SECTION("of one that was refused") {
    story.answered(story.write(tag, "t-1"), 412);
    SECTION("unread") {}
    SECTION("and read") {
      excused = false;
      story.wait(milliseconds{1});
      story.read();
    }
  }
  SECTION("of one that left when hardly any time was left") {
    story.wait(work.budget - milliseconds{50});
    story.failed(story.write(tag, "t-1"));
  }
  SECTION("but of one that left in time it would") {
    excused = false;
    story.failed(story.write(tag, "t-1"));
  }
  story.wait(milliseconds{1});
  story.fail(work, ErrorCode::outcome_unknown, Outcome::unknown, "t-1", 1);
  CHECK(story.broken() == (excused ? Broken{} : Broken{"L2"}));
}

TEST_CASE("L3: a CRM that asks to be left alone is left alone", "[testing][oracle]") {
  Story story;
  story.view.given.journal = Journal::open(std::make_shared<SimulatedDisk>()).value();
  story.view.given.transition.webhook.url = "https://crm.example.com/webhook";
  JournalView record;
  record.sequence = 1, record.id = "t-1", record.interaction = here;
  story.oracle.journaled(story.me, record, story.now);
  story.transition("t-1");
  const std::string body = R"({"eventId":"t-1","interactionId":")" + here +
                           R"(","previousState":"MainMenu","newState":"BillingInquiry","variables":{}})";
  const bool asked = GENERATE(true, false);
  const std::uint64_t number = story.send("POST", "/webhook", body);
  if (asked) {
    story.answered(number, 429, {{"Retry-After", "3000"}});
  } else {
    story.answered(number, 503);
  }
  story.wait(std::chrono::minutes{11});
  story.rest();
  CHECK(story.broken().count("L3") == (asked ? 0 : 1));
}

TEST_CASE("L6: a transition may wait for a flow that another fetches, in a turn that others have taken",
          "[testing][oracle]") {
  Story story;
  story.log_in();
  story.wait(seconds{1});
  const bool paced = GENERATE(true, false), taken = GENERATE(true, false);
  if (paced) story.view.given.pacer = std::make_shared<Pacer>(60.0);
  story.submit(WorkKind::transition, there).budget = seconds{300};
  Work& work = story.submit(WorkKind::transition);
  for (int i = 0; i < 30; ++i) {
    story.wait(seconds{1} - Duration(1));
    if (taken) story.read(there);
    story.wait(Duration(1));
  }
  story.fail(work, ErrorCode::deadline_exceeded, Outcome::not_applied);
  CHECK(story.broken() == (paced && taken ? Broken{} : Broken{"L6"}));
}

TEST_CASE("L6: a turn may move beyond the deadline when others have taken all that there were", "[testing][oracle]") {
  Story story;
  story.log_in();
  story.wait(seconds{1});
  story.view.given.pacer = std::make_shared<Pacer>(60.0);
  Work& work = story.submit(WorkKind::transition);
  const int taken = GENERATE(30, 29);
  for (int i = 0; i < 30; ++i) {
    story.wait(seconds{1} - Duration(1));
    if (i < taken) story.read(there);
    story.wait(Duration(1));
  }
  story.fail(work, ErrorCode::deadline_exceeded, Outcome::not_applied);
  CHECK(story.broken() == (taken == 30 ? Broken{} : Broken{"L6"}));
}

TEST_CASE("I16: what has succeeded has its terminal, unless the disk did not take it", "[testing][oracle]") {
  Story story;
  story.view.given.journal = Journal::open(std::make_shared<SimulatedDisk>()).value();
  JournalView record;
  record.sequence = 1, record.id = "t-1", record.interaction = here;
  story.oracle.journaled(story.me, record, story.now);
  story.transition("t-1");
  const bool written = GENERATE(true, false), failed = GENERATE(false, true);
  if (written) {
    record.sequence = 2, record.kind = JournalView::Kind::terminal, record.outcome = Outcome::applied;
    story.oracle.journaled(story.me, record, story.now);
  }
  if (failed) ++story.view.transitions.counts[static_cast<std::size_t>(TransitionCount::journal_failures)];
  story.rest();
  CHECK(story.broken() == (written || failed ? Broken{} : Broken{"I16"}));
}

TEST_CASE("I17: of a success that no disk took the next life owes no webhook", "[testing][oracle]") {
  Story story;
  story.view.given.journal = Journal::open(std::make_shared<SimulatedDisk>()).value();
  story.view.given.transition.webhook.url = "https://crm.example.com/webhook";
  std::uint64_t last = 0;
  const auto record = [&](JournalView::Kind kind, std::string_view id, Outcome outcome) {
    JournalView out;
    out.kind = kind, out.sequence = ++last, out.id = id, out.interaction = here, out.outcome = outcome;
    return out;
  };
  const bool written = GENERATE(true, false);
  const JournalView intent = record(JournalView::Kind::intent, "t-1", Outcome::unknown);
  story.oracle.journaled(story.me, intent, story.now);
  story.transition("t-1");
  const JournalView terminal = record(JournalView::Kind::terminal, "t-1", Outcome::applied);
  if (written) story.oracle.journaled(story.me, terminal, story.now);
  story.oracle.crashed(story.me, story.now);
  ++story.me.incarnation;
  story.oracle.attached(story.me, story.view, story.now);
  story.oracle.recovered(story.me, intent, story.now);
  if (written) story.oracle.recovered(story.me, terminal, story.now);
  story.tick();
  story.log_in();
  story.oracle.journaled(story.me, record(JournalView::Kind::intent, "t-2", Outcome::unknown), story.now);
  story.transition("t-2", "BillingInquiry", "BalanceInfo");
  story.send("POST", "/webhook", R"({"eventId":"t-2","interactionId":")" + here +
                                     R"(","previousState":"BillingInquiry","newState":"BalanceInfo","variables":{}})");
  CHECK(story.broken().count("I17") == (written ? 1 : 0));
}
