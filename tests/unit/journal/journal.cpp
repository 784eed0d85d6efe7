// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/journal/journal.hpp>

#include <functional>
#include <string>
#include <vector>

#include <patchbay/json/read.hpp>

#include "ledger.hpp"

using namespace patchbay;
using namespace patchbay::tests;

namespace {

EndRecord applied(bool deliver = false) {
  EndRecord end(Outcome::applied, noon);
  end.deliver = deliver;
  return end;
}
JournalPosition placed(const Result<JournalPosition>& place) {
  CAPTURE(place ? std::string{} : place.error().describe());
  REQUIRE(place);
  return *place;
}
bool refused(const Result<JournalPosition>& place, ErrorCode code) { return !place && place.error().code() == code; }

}  // namespace

TEST_CASE("an intent is open until its one terminal, over a restart as well", "[journal][A28]") {
  auto disk = std::make_shared<SimulatedDisk>();
  auto journal = opened(disk);
  IntentRecord record = transition_of("i1", "t1");
  record.etag = "\"\xff\x00\"";  // bytes that are no UTF-8 come back as they were
  record.detail = "line\n\"quoted\" \xe2\x82\xac";
  const JournalPosition first = placed(journal->intent(record));
  const JournalPosition second = placed(journal->intent(transition_of("i2", "t2")));
  CHECK(second == first + 1);
  CHECK_FALSE(journal->unresolved("i1"));  // it is under way
  CHECK(placed(journal->terminal(second, applied())) == second + 1);
  CHECK(refused(journal->terminal(second, applied()), ErrorCode::invalid_argument));
  CHECK(refused(journal->recovered(first, applied()), ErrorCode::invalid_argument));  // somebody is at it
  CHECK(refused(journal->terminal(99, applied()), ErrorCode::invalid_argument));
  REQUIRE(journal->flush());
  journal.reset();
  disk->crash();

  journal = opened(disk);
  CHECK(journal->recovery().open_intents == 1);
  CHECK(journal->recovery().dropped_bytes == 0);
  const auto open = journal->open_intents();
  REQUIRE(open.size() == 1);
  CHECK(open[0].position == first);
  CHECK(open[0].orphaned);
  CHECK(open[0].record.etag == record.etag);
  CHECK(open[0].record.detail == record.detail);
  CHECK(open[0].record.at == noon);
  CHECK(open[0].record.prior_transition == "before");
  CHECK(journal->unresolved("i1"));
  CHECK_FALSE(journal->unresolved("i2"));
  CHECK(refused(journal->terminal(first, applied()), ErrorCode::invalid_argument));  // that was another process's
  placed(journal->recovered(first, applied()));
  CHECK(refused(journal->recovered(first, applied()), ErrorCode::invalid_argument));
  CHECK(journal->open_intents().empty());
  CHECK_FALSE(journal->unresolved("i1"));
}

TEST_CASE("a terminal of unknown leaves the intent to recovery", "[journal]") {
  auto disk = std::make_shared<SimulatedDisk>();
  auto journal = opened(disk);
  const JournalPosition intent = placed(journal->intent(transition_of("i1", "t1")));
  placed(journal->terminal(intent, EndRecord(Outcome::unknown, noon)));
  CHECK(journal->unresolved("i1"));
  REQUIRE(journal->open_intent(intent));
  CHECK(journal->open_intent(intent)->unknown);
  CHECK(refused(journal->terminal(intent, applied()), ErrorCode::invalid_argument));
  placed(journal->recovered(intent, EndRecord(Outcome::not_applied, noon)));
  CHECK_FALSE(journal->unresolved("i1"));

  const JournalPosition gone = placed(journal->intent(transition_of("i2", "t2")));
  journal->abandon(gone);  // its door was destroyed
  CHECK(journal->unresolved("i2"));
  CHECK(refused(journal->terminal(gone, applied()), ErrorCode::invalid_argument));
  placed(journal->recovered(gone, EndRecord(Outcome::unknown, noon)));  // given up
  CHECK(journal->open_intents().empty());
}

TEST_CASE("an amendment says which version is written next", "[journal]") {
  auto disk = std::make_shared<SimulatedDisk>();
  auto journal = opened(disk);
  const JournalPosition intent = placed(journal->intent(transition_of("i1", "t1")));
  placed(journal->amend(intent, "\"v2\"", "Elsewhere", "t0"));
  journal = opened((journal.reset(), disk));
  const auto open = journal->open_intents();
  REQUIRE(open.size() == 1);
  CHECK(open[0].record.etag == "\"v2\"");
  CHECK(open[0].record.from == "Elsewhere");
  CHECK(open[0].record.prior_transition == "t0");
  CHECK(open[0].record.flow_version == "7");
  CHECK(open[0].amendments == 1);
}

TEST_CASE("a write's place is kept with its version, and takes no bytes where there is none", "[journal][I16]") {
  auto disk = std::make_shared<SimulatedDisk>();
  auto journal = opened(disk);
  IntentRecord record = transition_of("i1", "t1");
  record.place = "record 1";
  const JournalPosition placed_one = placed(journal->intent(record));
  const JournalPosition plain = placed(journal->intent(transition_of("i2", "t2")));
  const auto places = [&] {
    std::vector<std::string> out;
    for (const OpenIntent& each : journal->open_intents()) out.push_back(each.record.place);
    return out;
  };
  CHECK(places() == std::vector<std::string>{"record 1", ""});
  placed(journal->amend(placed_one, "\"v2\"", "MainMenu", "t0", "7", "record 2"));
  placed(journal->amend(plain, "\"v2\"", "MainMenu", "t0"));
  CHECK(places() == std::vector<std::string>{"record 2", ""});
  journal = opened((journal.reset(), disk));
  CHECK(places() == std::vector<std::string>{"record 2", ""});
  std::size_t named = 0;
  const auto count = [&](std::string_view line) { named += line.find("place") != std::string_view::npos ? 1U : 0U; };
  REQUIRE(write_json_lines(*disk, count));
  CHECK(named == 2);  // the intent and its amendment
  for (const OpenIntent& each : journal->open_intents())
    placed(journal->recovered(each.position, EndRecord(Outcome::unknown, noon)));
  CHECK(journal->status().pending_bytes == 0);
}

TEST_CASE("who may be on hold is known after a restart, and since when", "[journal][B6]") {
  auto disk = std::make_shared<SimulatedDisk>();
  auto journal = opened(disk);
  const auto end = [&](JournalAction action, std::string_view interaction, Outcome outcome, int minute) {
    IntentRecord record = hold_of(interaction, std::string(interaction) + std::to_string(minute), action);
    record.at = noon + std::chrono::minutes(minute);
    const JournalPosition intent = placed(journal->intent(record));
    placed(journal->terminal(intent, EndRecord(outcome, record.at)));
    return intent;
  };
  end(JournalAction::hold, "held", Outcome::applied, 1);
  end(JournalAction::hold, "held", Outcome::applied, 2);  // it is on hold since the first
  end(JournalAction::hold, "released", Outcome::applied, 3);
  end(JournalAction::unhold, "released", Outcome::applied, 4);
  end(JournalAction::hold, "refused", Outcome::not_applied, 5);
  const JournalPosition unknown = end(JournalAction::hold, "perhaps", Outcome::unknown, 6);
  end(JournalAction::hold, "unreleased", Outcome::applied, 7);
  const JournalPosition unreleased = end(JournalAction::unhold, "unreleased", Outcome::unknown, 8);
  placed(journal->intent(hold_of("sent", "sent9")));
  placed(journal->hold_changed("seen", true, noon));
  placed(journal->hold_changed("held elsewhere", true, noon));
  placed(journal->hold_changed("held elsewhere", false, noon));
  placed(journal->intent(hold_of("never held", "n", JournalAction::unhold)));
  journal = opened((journal.reset(), disk));

  const auto names = [&] {
    std::string out;
    for (const BelievedHold& each : journal->holds()) out += each.interaction + (each.confirmed ? "! " : "? ");
    return out;
  };
  CHECK(names() == "held! perhaps? seen! sent? unreleased? ");
  CHECK(journal->recovery().holds == 5);
  CHECK(journal->holds()[0].since == noon + std::chrono::minutes(1));
  CHECK(journal->holds()[0].operation == "held1");
  placed(journal->recovered(unknown, EndRecord(Outcome::not_applied, noon)));
  placed(journal->recovered(unreleased, EndRecord(Outcome::applied, noon)));
  CHECK(names() == "held! seen! sent? ");
}

TEST_CASE("a release ends no hold that was begun after it, in whatever order their ends are written",
          "[journal][B6][I13]") {
  auto disk = std::make_shared<SimulatedDisk>();
  auto journal = opened(disk);
  const JournalPosition first = placed(journal->intent(hold_of("i", "first")));
  placed(journal->terminal(first, applied()));
  const JournalPosition release = placed(journal->intent(hold_of("i", "release", JournalAction::unhold)));
  const JournalPosition second = placed(journal->intent(hold_of("i", "second")));
  // The thread of the release is late.
  placed(journal->terminal(second, applied()));
  placed(journal->terminal(release, applied()));
  const auto check = [&] {
    REQUIRE(journal->holds().size() == 1);
    CHECK(journal->holds()[0].confirmed);
    CHECK(journal->holds()[0].position == second);
  };
  check();
  journal = opened((journal.reset(), disk));
  check();
  const JournalPosition last = placed(journal->intent(hold_of("i", "last", JournalAction::unhold)));
  placed(journal->terminal(last, applied()));
  CHECK(journal->holds().empty());
  // What was seen counts from when it was written.
  const JournalPosition late = placed(journal->intent(hold_of("j", "late", JournalAction::unhold)));
  const JournalPosition seen = placed(journal->hold_changed("j", true, noon));
  placed(journal->terminal(late, applied()));
  REQUIRE(journal->holds().size() == 1);
  CHECK(journal->holds()[0].position == seen);
  // What only an open command says has no place of its own.
  placed(journal->intent(hold_of("k", "open")));
  REQUIRE(journal->holds().size() == 2);
  CHECK(journal->holds()[1].position == 0);
}

TEST_CASE("a checkpoint keeps where it was said that somebody is on hold", "[journal][B6]") {
  auto disk = std::make_shared<SimulatedDisk>();
  const JournalOptions options = small_segments();
  auto journal = opened(disk, options);
  const JournalPosition release = placed(journal->intent(hold_of("i", "release", JournalAction::unhold)));
  const JournalPosition hold = placed(journal->intent(hold_of("i", "hold")));
  placed(journal->terminal(hold, applied()));
  while (journal->status().rotations < 2)
    placed(journal->terminal(placed(journal->intent(transition_of("x", "t"))), applied()));
  journal = opened((journal.reset(), disk), options);
  placed(journal->recovered(release, applied()));
  REQUIRE(journal->holds().size() == 1);
  CHECK(journal->holds()[0].position == hold);
}

TEST_CASE("those that wait for recovery are found, of one interaction or of all", "[journal]") {
  auto disk = std::make_shared<SimulatedDisk>();
  auto journal = opened(disk);
  const JournalPosition unknown = placed(journal->intent(transition_of("i", "a")));
  placed(journal->intent(transition_of("i", "under way")));
  const JournalPosition other = placed(journal->intent(hold_of("j", "b")));
  const JournalPosition gone = placed(journal->intent(hold_of("i", "c")));
  placed(journal->terminal(unknown, EndRecord(Outcome::unknown, noon)));
  placed(journal->terminal(other, EndRecord(Outcome::unknown, noon)));
  journal->abandon(gone);
  const auto positions = [&](std::string_view interaction) {
    std::vector<JournalPosition> out;
    for (const OpenIntent& each : journal->unresolved_intents(interaction)) out.push_back(each.position);
    return out;
  };
  CHECK(positions("i") == std::vector<JournalPosition>{unknown, gone});
  CHECK(positions("j") == std::vector<JournalPosition>{other});
  CHECK(positions("nobody").empty());
  CHECK(positions({}) == std::vector<JournalPosition>{unknown, other, gone});
}

TEST_CASE("webhooks that were given up make room for what is to be done", "[journal][A30][I14]") {
  auto disk = std::make_shared<SimulatedDisk>();
  JournalOptions options;
  options.max_record_bytes = 4096;
  options.max_pending_bytes = 9000;
  auto journal = opened(disk, options);
  for (int i = 0; i < 3; ++i) {
    const JournalPosition intent = placed(journal->intent(transition_of("i", "t", std::string(2600, 'x'))));
    placed(journal->terminal(intent, applied(true)));
    placed(journal->dead_letter(journal->deliveries()[0].position, "410", noon));
  }
  const auto dead = journal->dead_letters();
  REQUIRE(dead.size() == 3);
  CHECK(journal->status().pending_bytes > 7800);
  const JournalPosition next = placed(journal->intent(transition_of("j", "next", std::string(3600, 'x'))));
  CHECK(journal->status().dead_letters_dropped == 1);  // no more than it takes, and the oldest
  REQUIRE(journal->dead_letters().size() == 2);
  CHECK(journal->dead_letters()[0].position == dead[1].position);
  CHECK(journal->status().pending_bytes <= options.max_pending_bytes);
  placed(journal->intent(transition_of("j", "big", std::string(3700, 'x'))));
  CHECK(journal->dead_letters().empty());
  placed(journal->terminal(next, applied(true)));
  placed(journal->dead_letter(journal->deliveries()[0].position, "410", noon));
  placed(journal->intent(transition_of("j", "small", std::string(720, 'x'))));
  placed(journal->intent(transition_of("j", "small", std::string(720, 'x'))));
  CHECK(journal->dead_letters().size() == 1);
  // What does not fit in any case costs none of them.
  CHECK(refused(journal->intent(transition_of("j", "too much", std::string(3700, 'x'))), ErrorCode::queue_full));
  CHECK(journal->dead_letters().size() == 1);
}

TEST_CASE("a webhook is queued in the very record that ends its intent, and goes in order", "[journal][A30]") {
  auto disk = std::make_shared<SimulatedDisk>();
  auto journal = opened(disk);
  const JournalPosition first = placed(journal->intent(transition_of("i1", "t1", "{\"n\":1}")));
  const JournalPosition second = placed(journal->intent(transition_of("i1", "t2", "{\"n\":2}")));
  const JournalPosition third = placed(journal->intent(transition_of("i2", "t3", "{\"n\":3}")));
  const std::size_t records = journal->status().records;
  placed(journal->terminal(first, applied(true)));
  CHECK(journal->status().records == records + 1);
  EndRecord other = applied(true);
  other.webhook = "{\"n\":22}";
  placed(journal->terminal(second, other));
  EndRecord failed(Outcome::not_applied, noon);
  failed.deliver = true;
  CHECK(refused(journal->terminal(third, failed), ErrorCode::invalid_argument));
  failed.deliver = false;
  placed(journal->terminal(third, failed));
  journal = opened((journal.reset(), disk));

  auto due = journal->deliveries();
  REQUIRE(due.size() == 2);
  CHECK(due[0].event == "t1");
  CHECK(due[0].body == "{\"n\":1}");
  CHECK(due[0].interaction == "i1");
  CHECK(due[0].queued_at == noon);
  CHECK(due[1].body == "{\"n\":22}");
  CHECK(journal->deliveries(1).size() == 1);
  placed(journal->dead_letter(due[0].position, "410 Gone", noon));
  placed(journal->delivered(due[1].position, noon));
  CHECK(refused(journal->delivered(due[1].position, noon), ErrorCode::invalid_argument));
  CHECK(journal->deliveries().empty());
  journal = opened((journal.reset(), disk));
  REQUIRE(journal->dead_letters().size() == 1);
  placed(journal->redrive(due[0].position, noon));
  REQUIRE(journal->deliveries().size() == 1);
  CHECK(journal->deliveries()[0].body == due[0].body);
}

TEST_CASE("every bound refuses at the intent, and nothing behind it", "[journal]") {
  auto disk = std::make_shared<SimulatedDisk>();
  JournalOptions options;
  options.max_open_intents = 3;
  options.max_deliveries = 2;
  options.max_dead_letters = 1;
  options.max_record_bytes = 4096;
  options.max_pending_bytes = 9000;
  auto journal = opened(disk, options);
  CHECK(refused(journal->intent(transition_of("i", "big", std::string(5000, 'x'))), ErrorCode::payload_too_large));
  const JournalPosition a = placed(journal->intent(transition_of("i", "a", "{}")));
  const JournalPosition b = placed(journal->intent(transition_of("i", "b", "{}")));
  CHECK(refused(journal->intent(transition_of("i", "c", "{}")), ErrorCode::queue_full));  // of webhooks
  placed(journal->intent(transition_of("i", "c")));
  CHECK(refused(journal->intent(transition_of("i", "d")), ErrorCode::queue_full));  // of intents
  placed(journal->terminal(a, applied(true)));
  placed(journal->terminal(b, applied(true)));
  CHECK(refused(journal->intent(transition_of("i", "e", "{}")), ErrorCode::queue_full));  // both are still due
  const auto due = journal->deliveries();
  REQUIRE(due.size() == 2);
  placed(journal->dead_letter(due[0].position, "", noon));
  placed(journal->dead_letter(due[1].position, "", noon));
  CHECK(journal->dead_letters().size() == 1);
  CHECK(journal->dead_letters()[0].position == due[1].position);
  CHECK(journal->status().dead_letters_dropped == 1);
  placed(journal->intent(transition_of("j", "f", std::string(3600, 'x'))));
  CHECK(journal->status().open_intents == 2);
  placed(journal->intent(transition_of("j", "g", std::string(3600, 'x'))));
  CHECK(journal->status().pending_bytes > 7200);
  placed(journal->terminal(journal->open_intents()[0].position, applied()));
  CHECK(refused(journal->intent(transition_of("j", "h", std::string(3000, 'x'))), ErrorCode::queue_full));  // of bytes
  for (const OpenIntent& each : journal->open_intents()) placed(journal->terminal(each.position, applied()));
  CHECK(journal->status().open_intents == 0);
}

TEST_CASE("what is pending is counted down to nothing", "[journal]") {
  auto disk = std::make_shared<SimulatedDisk>();
  auto journal = opened(disk);
  for (int i = 0; i < 50; ++i) {
    const JournalPosition intent = placed(journal->intent(transition_of("i", "t" + std::to_string(i), "{\"a\":1}")));
    placed(journal->amend(intent, "\"a longer version than before\"", "x", "", {}, "and a place"));
    placed(journal->terminal(intent, applied(true)));
  }
  journal = opened((journal.reset(), disk));
  for (const JournalDelivery& each : journal->deliveries()) placed(journal->delivered(each.position, noon));
  CHECK(journal->status().pending_bytes == 0);
}

TEST_CASE("settings that cannot work are refused by name", "[journal]") {
  auto disk = std::make_shared<SimulatedDisk>();
  const auto message = [&](const std::function<void(JournalOptions&)>& spoil) {
    JournalOptions options;
    spoil(options);
    const auto journal = Journal::open(disk, options);
    REQUIRE_FALSE(journal);
    CHECK(journal.error().code() == ErrorCode::invalid_settings);
    return journal.error().message();
  };
  CHECK(message([](auto& o) { o.segment_bytes = 1; }).starts_with("journal.segment_bytes"));
  CHECK(message([](auto& o) { o.sync = JournalSync::interval(seconds(1)); }).starts_with("journal.now"));
  CHECK(message([](auto& o) { o.sync = JournalSync::interval(seconds(0)); }).starts_with("journal.sync"));
  CHECK(message([](auto& o) { o.max_bytes = o.segment_bytes; }).starts_with("journal.max_bytes"));
  CHECK(message([](auto& o) { o.max_open_intents = 0; }).starts_with("journal.max_open_intents"));
  CHECK(message([](auto& o) { o.max_deliveries = 0; }).starts_with("journal.max_deliveries"));
  CHECK(message([](auto& o) { o.max_pending_bytes = 5000; }).starts_with("journal.max_pending_bytes"));
  CHECK_FALSE(Journal::open(nullptr));
  CHECK(disk->changes() == 0);
}

TEST_CASE("the audit stands in the journal, line for line", "[journal][A28]") {
  auto disk = std::make_shared<SimulatedDisk>();
  auto journal = opened(disk);
  AuditTrail trail(4, journal);
  AuditRecord record;
  record.operation_id = "t1";
  record.interaction_id = "i1";
  CHECK(trail.record(record));
  record.sequence = 1;
  std::string expected, lines;
  append_json(record, expected);
  REQUIRE(write_json_lines(*disk, [&lines](std::string_view line) { lines.append(line).append("\n"); }));
  CHECK(lines.find("\"kind\":\"audit\",\"segment\":1,") != std::string::npos);
  CHECK(lines.find(expected.substr(1)) != std::string::npos);
}

TEST_CASE("a journal is shown as JSON lines, with what is damaged", "[journal]") {
  auto disk = std::make_shared<SimulatedDisk>();
  auto journal = opened(disk);
  const JournalPosition intent = placed(journal->intent(transition_of("i1", "t1", "{\"a\":\"b\"}")));
  placed(journal->terminal(intent, applied(true)));
  const std::size_t before = disk->bytes(1).size();
  placed(journal->delivered(intent + 1, noon));
  std::string bytes = disk->bytes(1);
  bytes[before - 5] ^= 1;
  disk->put(1, bytes);
  std::vector<std::string> lines;
  const auto listing = write_json_lines(*disk, [&lines](std::string_view line) { lines.emplace_back(line); });
  REQUIRE(listing);
  CHECK(listing->records == 3);
  CHECK(listing->damaged == 1);
  REQUIRE(lines.size() == 4);
  JsonReader reader;
  for (const std::string& line : lines) {
    CAPTURE(line);
    std::string out;
    CHECK(reader.minify(line, out).has_value());
  }
  CHECK(lines[1].starts_with("{\"position\":2,\"kind\":\"intent\",\"segment\":1,\"offset\":"));
  CHECK(lines[1].find("\"webhook\":\"{\\\"a\\\":\\\"b\\\"}\"") != std::string::npos);
  CHECK(lines[2].find("\"kind\":\"damaged\"") != std::string::npos);
  CHECK(lines[3].find("\"kind\":\"delivery_done\"") != std::string::npos);
}

TEST_CASE("segments are kept as the bounds say, and each begins with all that is open", "[journal][B31]") {
  auto disk = std::make_shared<SimulatedDisk>();
  JournalOptions options = small_segments();
  auto journal = opened(disk, options);
  const JournalPosition old = placed(journal->intent(transition_of("old", "old", "{}")));
  for (int i = 0; i < 400; ++i) {
    const JournalPosition intent = placed(journal->intent(transition_of("i", "t")));
    placed(journal->terminal(intent, applied()));
  }
  const JournalStatus status = journal->status();
  CHECK(status.rotations > 10);
  CHECK(status.segments == 4);
  const auto numbers = disk->list();
  REQUIRE(numbers);
  CHECK(numbers->size() == 4);
  std::uint64_t bytes = 0;
  for (const std::uint64_t each : *numbers) bytes += disk->bytes(each).size();
  CHECK(status.bytes == bytes);
  CHECK(status.bytes < 5 * (options.segment_bytes + 1024));
  options.verify_all = GENERATE(true, false);
  journal = opened((journal.reset(), disk), options);
  CHECK(journal->recovery().segments == (options.verify_all ? 4 : 2));
  REQUIRE(journal->open_intents().size() == 1);
  CHECK(journal->open_intents()[0].position == old);
  CHECK(journal->status().bytes == bytes);

  // Fewer bytes than segments: the oldest go first.
  options.max_pending_bytes = 8192;
  options.max_record_bytes = 8192;
  options.max_bytes = 2 * options.segment_bytes + 4096;
  journal = opened((journal.reset(), disk), options);
  CHECK(journal->status().bytes <= options.max_bytes);
  CHECK(journal->open_intents().size() == 1);
}

TEST_CASE("whose hold it is is known after restarts and rotations", "[journal][B6][I16]") {
  auto disk = std::make_shared<SimulatedDisk>();
  const JournalOptions options = small_segments();
  auto journal = opened(disk, options);
  const auto command = [&](std::string_view interaction, std::string_view place, JournalAction action = JournalAction::hold) {
    IntentRecord record = hold_of(interaction, "of " + std::string(place), action);
    record.place = place;
    return placed(journal->intent(record));
  };
  const auto end = [&](JournalPosition intent, Outcome outcome = Outcome::applied) {
    placed(journal->terminal(intent, EndRecord(outcome, noon)));
  };
  const JournalPosition earlier = command("again", "the first");
  end(command("again", "the second"));
  end(earlier);  // its end is late
  end(command("applied", "a"));
  end(command("perhaps", "b"), Outcome::unknown);
  command("sent", "c");
  placed(journal->hold_changed("seen", true, noon, "d"));
  const JournalPosition amended = command("released", "e", JournalAction::unhold);
  placed(journal->amend(amended, {}, {}, {}, {}, "f"));
  const auto check = [&] {
    std::string out;
    for (const BelievedHold& each : journal->holds()) out += each.interaction + "=" + each.place + " ";
    CHECK(out == "again=the second applied=a perhaps=b seen=d sent=c ");
    const auto open = journal->open_intent(amended);
    REQUIRE(open);
    CHECK(open->record.place == "f");
  };
  check();
  journal = opened((journal.reset(), disk), options);
  check();
  const auto rotations = journal->status().rotations;
  for (int i = 0; i < 200; ++i) end(placed(journal->intent(transition_of("i", "t"))));
  REQUIRE(journal->status().rotations > rotations);
  check();
  journal = opened((journal.reset(), disk), options);
  check();
}
