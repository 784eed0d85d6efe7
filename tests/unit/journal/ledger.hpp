// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <patchbay/journal/journal.hpp>
#include <patchbay/journal/show.hpp>
#include <patchbay/testing/simulated_disk.hpp>
#include <patchbay/testing/simulation/streams.hpp>

#include "support/catch.hpp"

namespace patchbay::tests {

using testing::DiskOperation;
using testing::SimulatedDisk;

inline constexpr WallTime noon{std::chrono::seconds{1'795'348'800}};

inline IntentRecord transition_of(std::string_view interaction, std::string_view operation,
                                  std::string_view webhook = {}) {
  IntentRecord record;
  record.at = noon;
  record.operation = operation;
  record.interaction = interaction;
  record.from = "MainMenu";
  record.to = "BillingInquiry";
  record.flow = "flow-1";
  record.flow_version = "7";
  record.etag = "\"v1\"";
  record.prior_transition = "before";
  record.webhook = webhook;
  return record;
}
inline IntentRecord hold_of(std::string_view interaction, std::string_view operation,
                            JournalAction action = JournalAction::hold) {
  IntentRecord record;
  record.action = action;
  record.at = noon;
  record.operation = operation;
  record.interaction = interaction;
  return record;
}

/// Everything that is open in a journal, as text: two journals that say the same are in the same state.
inline std::string state_of(const Journal& journal) {
  std::string out;
  const auto add = [&out](auto... parts) { ((out.append(parts).append("|")), ...); };
  for (const OpenIntent& each : journal.open_intents()) {
    const IntentRecord& r = each.record;
    add("intent", std::to_string(each.position), to_string(r.action), r.operation, r.interaction, r.from, r.to, r.flow,
        r.flow_version, r.etag);
    add(r.place, r.prior_transition, r.webhook, r.detail, std::to_string(r.at.time_since_epoch().count()),
        std::to_string(each.amendments), each.unknown ? "unknown" : "open", "\n");
  }
  const std::vector<BelievedHold> holds = journal.holds();
  for (const OpenIntent& each : journal.open_intents())
    if (std::none_of(holds.begin(), holds.end(), [&](const BelievedHold& hold) { return hold.interaction == each.record.interaction; }))
      CHECK_FALSE(journal.hold_of(each.record.interaction));
  for (const BelievedHold& each : holds) {
    add("hold", each.interaction, each.operation, each.place, std::to_string(each.since.time_since_epoch().count()),
        each.confirmed ? "yes" : "perhaps", std::to_string(each.position), "\n");
    // One by one the same.
    const std::optional<BelievedHold> one = journal.hold_of(each.interaction);
    REQUIRE(one);
    CHECK((one->operation == each.operation && one->place == each.place && one->since == each.since && one->confirmed == each.confirmed &&
           one->position == each.position));
  }
  const auto letters = [&add](std::string_view name, const std::vector<JournalDelivery>& all) {
    for (const JournalDelivery& each : all)
      add(name, std::to_string(each.position), each.event, each.interaction, each.body, "\n");
  };
  letters("due", journal.deliveries());
  letters("dead", journal.dead_letters());
  return out;
}

/// Drives a journal at random, and remembers what it was told: what is open after each record, and what is durable.
class Ledger {
 public:
  explicit Ledger(std::uint64_t seed) : random_(seed) {}

  /// Looks at a journal that was opened: that it holds what one that was promised, and nothing that was never said.
  /// What was lost, which nobody was promised, is forgotten.
  void check_opened(const Journal& journal) {
    const JournalPosition last = journal.status().appended;
    CAPTURE(last, promised_);
    CHECK(last >= promised_);
    // A checkpoint of a new segment has a position, and changes nothing.
    auto state = states_.upper_bound(last);
    const std::string expected = state == states_.begin() ? std::string{} : std::prev(state)->second;
    CHECK(state_of(journal) == expected);
    states_.erase(state, states_.end());
    // What is behind the promised end may not be claimed again under the same number by what was lost.
    promised_ = last;
    CHECK(journal.status().synced == last);
    const std::vector<OpenIntent> open = journal.open_intents();
    CHECK(std::all_of(open.begin(), open.end(), [](const OpenIntent& each) { return each.orphaned; }));
  }

  /// Adds `records` records, or fewer when the journal takes no more. How many it took.
  std::size_t run(Journal& journal, std::size_t records) {
    std::size_t taken = 0;
    bool truthful = true;  // looked at once, for there are hundreds of thousands of records
    for (std::size_t i = 0; i < records; ++i) {
      const Result<JournalPosition> place = step(journal);
      if (!place) {
        refused_.push_back(place.error().code());
        if (journal.status().closed_for_good) break;
        continue;
      }
      ++taken;
      states_[*place] = state_of(journal);
      if (random_.chance(512) && journal.sync_until(*place)) promised_ = std::max(promised_, *place);
      truthful = truthful && (journal.durability(*place) != Durability::durable || journal.status().synced >= *place);
    }
    CHECK(truthful);
    return taken;
  }

  [[nodiscard]] JournalPosition promised() const noexcept { return promised_; }
  [[nodiscard]] const std::vector<ErrorCode>& refused() const noexcept { return refused_; }

 private:
  Result<JournalPosition> step(Journal& journal) {
    const std::string interaction = "interaction-" + std::to_string(random_.below(4));
    const std::string operation = "operation-" + std::to_string(++operations_);
    const auto open = journal.open_intents();
    const auto due = journal.deliveries();
    const auto dead = journal.dead_letters();
    const std::uint64_t choice = random_.below(20);
    if (choice < 3)
      return journal.intent(transition_of(interaction, operation, choice == 0 ? "{\"eventId\":\"x\"}" : ""));
    if (choice < 5)
      return journal.intent(hold_of(interaction, operation, choice == 3 ? JournalAction::hold : JournalAction::unhold));
    if (choice < 13 && !open.empty()) {
      const OpenIntent& one = random_.pick(open);
      EndRecord end(random_.chance(700)   ? Outcome::applied
                    : random_.chance(512) ? Outcome::not_applied
                                          : Outcome::unknown,
                    noon);
      end.deliver = end.outcome == Outcome::applied && !one.record.webhook.empty();
      if (one.orphaned || one.unknown) return journal.recovered(one.position, end);
      if (choice == 5)
        return journal.amend(one.position, "\"v" + operation + "\"", "Other", operation, {},
                             random_.chance(512) ? "record 2" : "");
      return journal.terminal(one.position, end);
    }
    if (choice < 15 && !due.empty())
      return choice == 13 ? journal.delivered(random_.pick(due).position, noon)
                          : journal.dead_letter(random_.pick(due).position, "410", noon);
    if (choice == 15 && !dead.empty()) return journal.redrive(random_.pick(dead).position, noon);
    if (choice == 16) return journal.hold_changed(interaction, random_.chance(512), noon);
    if (choice == 17) {
      JournalDelivery letter;
      letter.event = operation;
      letter.interaction = interaction;
      letter.body = "{}";
      letter.queued_at = noon;
      return journal.deliver(letter);
    }
    AuditRecord line;
    line.operation_id = operation;
    line.interaction_id = interaction;
    const JournalPosition before = journal.status().appended;
    if (!journal.write(line)) return fail(ErrorCode::journal_failed, "");
    return before + 1;
  }

  testing::simulation::Stream random_;
  std::map<JournalPosition, std::string> states_;
  JournalPosition promised_ = 0;
  std::uint64_t operations_ = 0;
  std::vector<ErrorCode> refused_;
};

inline JournalOptions small_segments() {
  JournalOptions options;
  options.segment_bytes = 4096;
  options.keep_segments = 3;
  return options;
}

inline std::shared_ptr<Journal> opened(const std::shared_ptr<JournalStorage>& disk, JournalOptions options = {}) {
  auto journal = Journal::open(disk, std::move(options));
  CAPTURE(journal ? std::string{} : journal.error().describe());
  REQUIRE(journal);
  return *journal;
}

/// Every record of a journal in order: their numbers follow each other, and everything verifies.
inline std::uint64_t check_whole(JournalStorage& disk) {
  JournalPosition last = 0;
  bool in_order = true;
  const auto listing = write_json_lines(disk, [&](std::string_view line) {
    const std::size_t at = line.find("\"position\":");
    if (at == std::string_view::npos) return;
    const JournalPosition position = std::stoull(std::string(line.substr(at + 11, 20)));
    in_order = in_order && (last == 0 || position == last + 1);
    last = position;
  });
  REQUIRE(listing);
  CHECK(listing->damaged == 0);
  CHECK(in_order);
  return last;
}

}  // namespace patchbay::tests
