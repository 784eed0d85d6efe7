// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <memory>
#include <string>

#include <patchbay/journal/journal.hpp>
#include <patchbay/testing/simulated_disk.hpp>
#include <patchbay/testing/simulation/invariants/ledger.hpp>
#include <patchbay/testing/simulation/invariants/liveness.hpp>
#include <patchbay/testing/simulation/invariants/resources.hpp>

#include "support/catch.hpp"
#include "unit/testing_simulation/story.hpp"

using namespace story;

namespace {

class Written : public Story {
 public:
  Written() {
    view.given.journal = Journal::open(std::make_shared<SimulatedDisk>()).value();
    view.given.transition.webhook.url = "https://crm.example.com/webhook";
  }
  void durable(JournalView::Kind kind, std::string_view id, Outcome outcome = Outcome::unknown) {
    JournalView record;
    record.kind = kind, record.sequence = ++sequence, record.id = id, record.interaction = here,
    record.outcome = outcome;
    oracle.journaled(me, record, now);
  }
  void read_back(std::uint64_t from, std::uint64_t to, std::string_view id) {
    JournalView record;
    for (record.sequence = from; record.sequence <= to; ++record.sequence)
      record.id = id, oracle.recovered(me, record, now);
    tick();
  }
  void deliver(const std::string& id, std::string_view to = "BillingInquiry", int status = 200) {
    const std::string body = std::string(R"({"eventId":")")
                                 .append(id)
                                 .append(R"(","interactionId":")")
                                 .append(here)
                                 .append(R"(","previousState":"MainMenu","newState":")")
                                 .append(to)
                                 .append(R"(","variables":{}})");
    const std::uint64_t number = send("POST", "/webhook", body, {{"Content-Type", "application/json"}});
    arrive(number);
    answered(number, status);
  }
  /// A transition with its records, as it should be.
  void write_ahead(const std::string& id, std::string from = "MainMenu", std::string to = "BillingInquiry") {
    Work& work = submit(WorkKind::transition, here, std::move(from), std::move(to));
    const std::string tag = prepare();
    durable(JournalView::Kind::intent, id);
    const std::uint64_t number = write(tag, id, work.to);
    arrive(number);
    answered(number);
    durable(JournalView::Kind::terminal, id, Outcome::applied);
    succeed(work, id);
  }
  std::uint64_t sequence = 0;
};

}  // namespace

TEST_CASE("I16: what is about to be done is durable before it leaves, and ends once", "[testing][oracle]") {
  Written story;
  using Kind = JournalView::Kind;
  SECTION("as it should be") {
    story.write_ahead("t-1");
    story.deliver("t-1");
    story.rest();
    CHECK(story.broken() == Broken{});
    return;
  }
  SECTION("a write without an intent") { story.transition("t-1"); }
  SECTION("a hold without one") {
    story.log_in();
    story.open_channel();
    story.hold("h-1");
  }
  SECTION("two terminals") {
    story.write_ahead("t-1");
    story.durable(Kind::terminal, "t-1", Outcome::applied);
  }
  SECTION("a terminal for nothing") { story.durable(Kind::terminal, "t-9", Outcome::applied); }
  SECTION("a resolution of what was known") {
    story.write_ahead("t-1");
    story.durable(Kind::resolution, "t-1", Outcome::applied);
  }
  SECTION("a resolution that is not true") {
    story.durable(Kind::intent, "t-1");
    story.durable(Kind::resolution, "t-1", Outcome::applied);
  }
  SECTION("another end than the caller was told") {
    Work& work = story.submit(WorkKind::transition);
    const std::string tag = story.prepare();
    story.durable(Kind::intent, "t-1");
    story.failed(story.write(tag, "t-1"));
    story.durable(Kind::terminal, "t-1", Outcome::applied);
    story.fail(work, ErrorCode::outcome_unknown, Outcome::unknown, "t-1", 1);
  }
  SECTION("a number that comes again") {
    story.write_ahead("t-1");
    --story.sequence;
    story.durable(Kind::intent, "t-2");
  }
  SECTION("a durable record that a crash takes away") {
    story.durable(Kind::intent, "t-1");
    story.durable(Kind::intent, "t-1");
    story.oracle.crashed(story.me, story.now);
    ++story.me.incarnation;
    story.oracle.attached(story.me, story.view, story.now);
    story.read_back(1, 1, "t-1");
  }
  CHECK(story.broken() == Broken{"I16"});
}

TEST_CASE("I16, L3: a crash takes nothing durable away, and leaves nothing open for ever", "[testing][oracle]") {
  Written story;
  story.durable(JournalView::Kind::intent, "t-1");
  story.oracle.crashed(story.me, story.now);
  ++story.me.incarnation;
  story.oracle.attached(story.me, story.view, story.now);
  story.read_back(1, 1, "t-1");
  SECTION("settled") {
    story.durable(JournalView::Kind::resolution, "t-1", Outcome::not_applied);
    story.rest();
    CHECK(story.broken() == Broken{});
  }
  SECTION("open") {
    story.rest();
    CHECK(story.broken() == Broken{"L3"});
  }
}

TEST_CASE("I17: the CRM is told of what was applied, in order, and always the same", "[testing][oracle]") {
  Written story;
  SECTION("as it should be, and again") {
    story.write_ahead("t-1");
    story.deliver("t-1");
    story.deliver("t-1");
    story.rest();
    CHECK(story.broken() == Broken{});
  }
  SECTION("never") {
    story.write_ahead("t-1");
    story.wait(std::chrono::minutes{10});
    story.rest();
    CHECK(story.broken() == Broken{"L3"});
  }
  SECTION("of what was not applied") {
    story.deliver("t-1");
    CHECK(story.broken() == Broken{"I17"});
  }
  SECTION("in the wrong order") {
    story.write_ahead("t-1");
    story.write_ahead("t-2", "BillingInquiry", "BalanceInfo");
    story.deliver("t-2", "BalanceInfo");
    story.deliver("t-1");
    CHECK(story.broken() == Broken{"I17"});
  }
  SECTION("with another body") {
    story.write_ahead("t-1");
    story.deliver("t-1");
    const std::uint64_t number =
        story.send("POST", "/webhook",
                   R"({"eventId":"t-1","interactionId":")" + here +
                       R"(","previousState":"MainMenu","newState":"BillingInquiry","variables":{"x":1}})");
    story.arrive(number);
    story.answered(number, 200);
    CHECK(story.broken() == Broken{"I17"});
  }
}

TEST_CASE("I20: nothing grows beyond its bound, and nothing is left over", "[testing][oracle]") {
  Story story;
  SECTION("more operations than allowed") {
    story.view.given.max_operations = 1;
    story.submit(WorkKind::transition);
    story.submit(WorkKind::transition, there);
    story.log_in();
    CHECK(story.broken() == Broken{});
    story.wait(milliseconds{20});
    story.log_in();
    CHECK(story.broken() == Broken{"I20"});
  }
  SECTION("a work that is left") {
    story.view.open = 1;
    story.rest();
    CHECK(story.broken() == Broken{"I20"});
  }
  SECTION("too many holds") {
    story.view.given.hold.max_holds = 1;
    story.log_in();
    story.open_channel();
    story.hold("h-1");
    story.hold("h-2", there);
    story.rest();
    CHECK(story.broken() == Broken{"I20"});
  }
}

TEST_CASE("L1 to L6: when nothing is wrong any more everything works", "[testing][oracle]") {
  Story story;
  story.log_in();
  story.oracle.healed(story.now);
  const auto later = [&] {
    story.wait(std::chrono::minutes{5});
    story.log_in();
  };
  SECTION("soon after the healing not yet") {
    Work& work = story.submit(WorkKind::transition);
    story.fail(work, ErrorCode::network, Outcome::not_applied);
    CHECK(story.broken() == Broken{});
  }
  SECTION("no connection") {
    later();
    Work& work = story.submit(WorkKind::hold);
    story.fail(work, ErrorCode::not_connected, Outcome::not_applied);
    CHECK(story.broken() == Broken{"L1"});
  }
  SECTION("an outcome that nobody knows") {
    later();
    Work& work = story.submit(WorkKind::transition);
    const std::uint64_t number = story.write(story.prepare(), "t-1");
    story.failed(number);
    story.fail(work, ErrorCode::outcome_unknown, Outcome::unknown, "t-1", 1);
    CHECK(story.broken() == Broken{"L2"});
  }
  SECTION("a belief that is not the cloud's") {
    later();
    story.open_channel();
    story.hold("h-1");
    story.unwatch(here);
    story.rest();
    CHECK(story.broken().count("L2") == 1);
  }
  SECTION("an open circuit") {
    later();
    Work& work = story.submit(WorkKind::transition);
    story.fail(work, ErrorCode::circuit_open, Outcome::not_applied);
    CHECK(story.broken() == Broken{"L4"});
  }
  SECTION("unless a server asked for more time than that") {
    story.answered(story.send("GET", "/api/v2/interactions/" + here, {}, story.bearer()), 503,
                   {{"Retry-After", "3000"}});
    later();
    Work& work = story.submit(WorkKind::hold);
    story.fail(work, ErrorCode::not_connected, Outcome::not_applied);
    CHECK(story.broken() == Broken{});
  }
  SECTION("a rate that stays low") {
    story.view.given.pacer = std::make_shared<Pacer>(600.0);
    story.oracle.attached(story.me, story.view, story.now);
    CHECK_FALSE(story.view.given.pacer->answered(story.now, story.now, 429, std::nullopt, std::nullopt));
    story.wait(seconds{1});
    for (int i = 0; i < 100; ++i) story.read();
    story.rest();
    CHECK(story.broken() == Broken{"L4"});
  }
  SECTION("a rate without a ceiling, as far as the answers bring it") {
    story.view.given.pacer = std::make_shared<Pacer>();
    story.oracle.attached(story.me, story.view, story.now);
    CHECK_FALSE(story.view.given.pacer->answered(story.now, story.now, 429, std::nullopt, std::nullopt));
    story.wait(seconds{1});
    const bool learns = GENERATE(true, false);
    for (int i = 0; i < 100; ++i) {
      story.read();
      if (learns) static_cast<void>(story.view.given.pacer->answered(story.now, story.now, 200, std::nullopt, std::nullopt));
    }
    story.rest();
    CHECK(story.broken() == (learns ? Broken{} : Broken{"L4"}));
  }
  SECTION("want of time without a cause") {
    story.view.given.pacer.reset();
    later();
    Work& work = story.submit(WorkKind::transition);
    story.wait(work.budget);
    story.fail(work, ErrorCode::deadline_exceeded, Outcome::not_applied);
    CHECK(story.broken() == Broken{"L6"});
  }
}

TEST_CASE("L5: a server that accepts and closes is not besieged", "[testing][oracle]") {
  Story story;
  story.log_in();
  const auto connect = [&] {
    story.open_channel();
    story.end_channel();
  };
  for (int i = 0; i < 12; ++i) {
    connect();
    story.wait(seconds{4});
  }
  CHECK(story.broken() == Broken{});
  SECTION("too soon") {
    connect();
    CHECK(story.broken() == Broken{"L5"});
  }
  SECTION("in time") {
    story.wait(seconds{12});
    connect();
    CHECK(story.broken() == Broken{});
  }
}

TEST_CASE("rare states are recognised, counted and merged", "[testing][oracle]") {
  Story story;
  story.transition("t-1");
  Work& work = story.submit(WorkKind::transition, here, "BillingInquiry", "BalanceInfo");
  const std::uint64_t number = story.write("\"2\"", "t-2", "BalanceInfo");
  story.arrive(number);
  story.failed(number);
  story.read();
  story.succeed(work, "t-2");
  const Sometimes& reached = story.oracle.sometimes();
  CHECK(reached[Rare::remembered_version_used] == 1);
  CHECK(reached[Rare::lost_answer_resolved] == 1);
  CHECK(reached[Rare::two_writers] == 0);
  Sometimes sum = reached;
  sum += reached;
  CHECK(sum[Rare::lost_answer_resolved] == 2);
  story.open_channel();
  Work& held = story.submit(WorkKind::hold);
  story.command("hold", "h-1");
  story.wait(seconds{5});
  story.fail(held, ErrorCode::outcome_unknown, Outcome::unknown, "h-1", 1);
  story.message(Story::ack("hold", "h-1"));
  story.message(Story::ack("hold", "h-1"));
  CHECK(reached[Rare::late_ack_settles_unknown] == 1);
  CHECK(reached[Rare::duplicate_answer] == 1);
}
