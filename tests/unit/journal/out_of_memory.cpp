// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// Memory runs out at each allocation of a call in turn: what the call says is what the disk has, and what is in memory
// agrees with what a restart reads.
#include <patchbay/journal/journal.hpp>

#include <functional>
#include <string>
#include <vector>

#include "ledger.hpp"

#include "support/failing_memory.hpp"

using namespace patchbay;
using namespace patchbay::tests;

namespace {

/// A journal's furniture: one of everything that can be open.
struct Place {
  JournalPosition transition = 0, hold = 0, unknown = 0, due = 0, dead = 0;
};

Place furnish(Journal& journal) {
  Place out;
  out.transition =
      journal.intent(transition_of("interaction-number-one", "transition-number-one", "{\"a\":1}")).value();
  out.hold = journal.intent(hold_of("interaction-number-two", "hold-number-one")).value();
  out.unknown = journal.intent(hold_of("interaction-number-three", "hold-number-two")).value();
  REQUIRE(journal.terminal(out.unknown, EndRecord(Outcome::unknown, noon)));
  JournalDelivery letter;
  letter.interaction = "interaction-number-four";
  letter.body = std::string(100, 'x');
  out.due = journal.deliver(letter).value();
  out.dead = journal.deliver(letter).value();
  REQUIRE(journal.dead_letter(out.dead, "410", noon));
  return out;
}

}  // namespace

TEST_CASE("a record for which memory runs out is not there, and the journal goes on", "[journal][B31]") {
  // Made beforehand: what a call is given is not its own memory.
  const IntentRecord another = transition_of("interaction-number-nine", "transition-number-nine", "{\"b\":2}");
  const EndRecord applied(Outcome::applied, noon);
  EndRecord delivered = applied;
  delivered.deliver = true;
  delivered.message = "a message that is long enough to need memory";
  const std::vector<std::function<Result<JournalPosition>(Journal&, const Place&)>> calls{
      [&](Journal& j, const Place&) { return j.intent(another); },
      [](Journal& j, const Place& p) {
        return j.amend(p.transition, "\"a-version-that-is-long\"", "from-somewhere-else", "another-transition", {},
                       "a-place-that-is-long");
      },
      [&](Journal& j, const Place& p) { return j.terminal(p.transition, delivered); },
      [&](Journal& j, const Place& p) { return j.terminal(p.hold, applied); },
      [&](Journal& j, const Place& p) { return j.recovered(p.unknown, applied); },
      [](Journal& j, const Place&) { return j.hold_changed("an-interaction-that-is-new", true, noon); },
      [](Journal& j, const Place& p) { return j.delivered(p.due, noon); },
      [](Journal& j, const Place& p) { return j.dead_letter(p.due, "the reason why it was given up", noon); },
      [](Journal& j, const Place& p) { return j.redrive(p.dead, noon); }};
  for (const auto& each : calls) {
    for (long spared = 0; spared < 200; ++spared) {
      auto disk = std::make_shared<SimulatedDisk>();
      auto journal = opened(disk);
      const Place place = furnish(*journal);
      const std::string old = state_of(*journal);
      const JournalPosition before = journal->status().appended;
      memory_ran_out = false;
      spared_allocations = spared;
      const auto result = each(*journal, place);
      spared_allocations = -1;
      CAPTURE(spared);
      if (!result) {
        CHECK(memory_ran_out);
        CHECK(result.error().code() == ErrorCode::internal);
        CHECK(state_of(*journal) == old);
        CHECK(journal->status().appended == before);
        CHECK_FALSE(journal->status().closed_for_good);
        REQUIRE(each(*journal, place));
      }
      const std::string now = state_of(*journal);
      journal.reset();
      CHECK(state_of(*opened(disk)) == now);
      check_whole(*disk);
      if (!memory_ran_out) break;
      REQUIRE(spared < 199);
    }
  }
}

TEST_CASE(
    "memory that runs out while a segment is begun leaves a journal that goes on or is closed, and tells the truth",
    "[journal][B31]") {
  bool rotated = false;
  for (long spared = 0; !rotated || memory_ran_out; ++spared) {
    REQUIRE(spared < 300);
    CAPTURE(spared);
    auto disk = std::make_shared<SimulatedDisk>();
    auto journal = opened(disk, small_segments());
    while (disk->bytes(1).size() < 4096) REQUIRE(journal->intent(hold_of("an-interaction-that-is-held", "a-hold")));
    const JournalPosition safe = journal->status().appended;
    REQUIRE(journal->sync_until(safe));
    const IntentRecord last = hold_of("an-interaction-that-is-held", "the-last-hold");
    memory_ran_out = false;
    spared_allocations = spared;
    const auto place = journal->intent(last);
    spared_allocations = -1;
    CHECK((place || memory_ran_out));
    rotated = journal->status().rotations > 0;
    const std::string now = state_of(*journal);
    const bool closed = journal->status().closed_for_good;
    if (!closed) {
      const auto next = journal->intent(hold_of("i", "h"));
      REQUIRE(next);
      CHECK(journal->sync_until(*next));
      journal.reset();
      disk->crash();
      CHECK(opened(disk, small_segments())->open_intents().size() == safe - 1 + (place ? 1 : 0) + 1);
    } else {
      CHECK_FALSE(journal->intent(hold_of("i", "h")));
      journal.reset();
      CHECK(state_of(*opened(disk, small_segments())) == now);
    }
    check_whole(*disk);
  }
}
