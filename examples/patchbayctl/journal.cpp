// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include "journal.hpp"

#include <algorithm>  // max
#include <cstdio>
#include <map>
#include <utility>
#include <vector>

#include <patchbay/journal/file_storage.hpp>
#include <patchbay/journal/journal.hpp>
#include <patchbay/journal/show.hpp>
#include <patchbay/json/write.hpp>
#include <patchbay/observe/redact.hpp>

#include "history.hpp"

namespace patchbayctl {

namespace {

void say(const std::string& text) { std::fprintf(stderr, "patchbayctl: %s\n", text.c_str()); }

int failed(const patchbay::Error& error) {
  say(error.describe());
  return exit_status(error);
}

std::string counted(std::size_t number, std::string_view what) {
  return std::to_string(number).append(" ").append(what).append(number == 1 ? "" : "s");
}

/// What waits for recovery. What this process has under way does not.
std::vector<patchbay::OpenIntent> waiting_in(const patchbay::Journal& journal) {
  std::vector<patchbay::OpenIntent> out = journal.open_intents();
  std::erase_if(out, [](const patchbay::OpenIntent& each) { return !each.orphaned && !each.unknown; });
  return out;
}

std::string line_of(const patchbay::OpenIntent& intent, const std::string* why, const Ending* ending) {
  std::string out;
  patchbay::JsonWriter json(out);
  const bool settled = why == nullptr && ending != nullptr;
  json.begin_object().member("id", std::string_view(patchbay::excerpt(intent.record.operation, 128)));
  json.member("action", to_string(intent.record.action));
  json.member("interactionId", std::string_view(patchbay::excerpt(intent.record.interaction, 128)));
  json.member("position", intent.position).member("settled", settled);
  json.member("outcome", settled ? std::string_view(ending->outcome) : to_string(patchbay::Outcome::unknown));
  if (settled) json.member("resolvedBy", std::string_view(ending->resolved_by));
  if (!intent.record.detail.empty())
    json.member("label", std::string_view(patchbay::excerpt(intent.record.detail, 256)));
  if (why != nullptr) json.member("why", std::string_view(patchbay::excerpt(*why, 512)));
  json.end_object();
  return out;
}

/// Whether it says of each hold whose side it was; it does not of the documents', nor where it is older than that.
bool knows_whose(const patchbay::Journal& journal) {
  for (const patchbay::OpenIntent& each : journal.open_intents())
    if (each.record.action != patchbay::JournalAction::transition && each.record.place.empty()) return false;
  for (const patchbay::BelievedHold& each : journal.holds())
    if (each.place.empty()) return false;
  return true;
}

}  // namespace

patchbay::Result<void> open_journal(Configuration& configuration) {
  if (configuration.journal_folder.empty()) return {};
  auto storage = patchbay::FileStorage::open(configuration.journal_folder);
  if (!storage) return patchbay::fail(std::move(storage.error()));
  configuration.sync_thread = std::make_unique<SyncThread>();
  patchbay::JournalOptions options;
  options.keep_segments = 4096;  // as far as `max_bytes` goes: `run --resume` looks back in them
  options.run_sync = [thread = configuration.sync_thread.get()](std::function<void()> job) {
    thread->post(std::move(job));
  };
  auto journal = patchbay::Journal::open(std::move(*storage), std::move(options));
  if (!journal) return patchbay::fail(std::move(journal.error()));
  if (const std::uint64_t torn = (*journal)->recovery().dropped_bytes; torn != 0)
    say("the journal's end was torn: " + counted(torn, "byte") + " of a record that was never whole were cut off");
  configuration.settings.journal = std::move(*journal);
  return {};
}

std::string sentence_of(const patchbay::RecoveryReport& report) {
  std::string out;
  const auto add = [&](std::size_t number, std::string_view one, std::string_view more) {
    if (number != 0) out.append(out.empty() ? "" : ", ").append(counted(number, one)).append(more);
  };
  add(report.applied, "operation", " of before found to be applied");
  add(report.not_applied, "operation", " of before found not to be applied");
  add(report.given_up, "operation", " of before of which nobody can know");
  add(report.open.size(), "operation", " of before still open (patchbayctl recover settles them)");
  add(report.holds_rebuilt, "hold", " of before watched again");
  add(report.unseen.size(), "interaction", " that may be on hold and could not be read");
  return out;
}

void look_back(const Configuration& configuration, Doors& doors, Command command) {
  const patchbay::Journal* const journal = configuration.settings.journal.get();
  if (journal == nullptr || (waiting_in(*journal).empty() && journal->holds().empty())) return;
  // Less than the time between two looks: one look.
  const patchbay::Duration budget = configuration.settings.journaling.look_every;
  const auto report = command == Command::transition ? doors.transitions->recover(budget) : doors.holds->recover(budget);
  const std::string said = report ? sentence_of(*report) : report.error().describe();
  if (!said.empty()) say(said);
}

int recover(const Configuration& configuration, Doors& doors, Output& output) {
  const patchbay::Journal& journal = *configuration.settings.journal;
  const std::vector<patchbay::OpenIntent> waiting = waiting_in(journal);
  int status = 0;
  std::map<patchbay::JournalPosition, std::string> open;
  const auto turn = [&](const patchbay::Result<patchbay::RecoveryReport>& report) {
    if (!report) return void(status = std::max(status, failed(report.error())));
    if (const std::string said = sentence_of(*report); !said.empty()) say(said);
    for (const patchbay::UnsettledOperation& each : report->open) open.insert_or_assign(each.position, each.why);
    if (!report->unseen.empty()) status = std::max(status, incomplete_status);
  };
  // The doors share the journal; whoever may be on hold is known before anything that takes its time.
  if (configuration.names_holder() || knows_whose(journal)) {
    turn(doors.holds->recover({}));
  } else {
    for (const patchbay::OpenIntent& each : waiting)
      if (each.record.action != patchbay::JournalAction::transition)
        open.insert_or_assign(each.position, std::string(holds_of_nobody));
    if (const std::size_t held = journal.holds().size(); held != 0) {
      say(counted(held, "interaction") + " that may be on hold: " + std::string(holds_of_nobody));
      status = incomplete_status;
    }
  }
  turn(doors.transitions->recover({}));
  const auto endings = read_endings(configuration.journal_folder);
  if (!endings) return std::max(status, failed(endings.error()));
  for (const patchbay::OpenIntent& each : waiting) {
    const auto why = open.find(each.position);
    const auto ending = endings->find(each.position);
    const bool settled = why == open.end() && ending != endings->end();
    if (!settled || ending->second.outcome == to_string(patchbay::Outcome::unknown)) status = std::max(status, 5);
    output.line(line_of(each, why == open.end() ? nullptr : &why->second,
                        ending == endings->end() ? nullptr : &ending->second));
  }
  deliver_webhooks(configuration, doors);
  return status;
}

int release_all(const Options& options, const Configuration& configuration, Doors& doors, Output& output) {
  look_back(configuration, doors, Command::unhold);
  int status = 0;
  for (const patchbay::BelievedHold& each : configuration.settings.journal->holds()) {
    Job job;
    job.action = Command::unhold;
    job.interaction = each.interaction;
    job.priority = options.priority.value_or("5");
    job.label = "release-all";
    const Performed performed = doors.perform(job);
    output.line(result_line(job, performed));
    status = std::max(status, exit_status(performed));
  }
  return status;
}

int show_journal(const std::string& folder, Output& output) {
  auto storage = patchbay::FileStorage::open(folder, patchbay::FileStorage::Access::read);
  if (!storage) return failed(storage.error());
  const auto listing =
      patchbay::write_json_lines(**storage, [&](std::string_view line) { output.line(std::string(line)); });
  if (!listing) return failed(listing.error());
  if (listing->damaged == 0) return 0;
  say(counted(listing->damaged, "place") +
      " of the journal cannot be verified; one at its end may be torn, or being written");
  return incomplete_status;
}

void deliver_webhooks(const Configuration& configuration, Doors& doors) {
  const patchbay::Settings& settings = configuration.settings;
  if (!settings.journal || settings.transition.webhook.url.empty() || settings.journal->status().deliveries == 0)
    return;
  if (const auto report = doors.transitions->deliver_webhooks(settings.deadline); !report)
    say(report.error().describe());
}

void say_undelivered(const Configuration& configuration) {
  const patchbay::Settings& settings = configuration.settings;
  const std::size_t left = settings.journal ? settings.journal->status().deliveries : 0;
  if (left != 0) say(counted(left, "webhook") + " not delivered yet; with a CRM patchbayctl recover goes on with them");
}

}  // namespace patchbayctl
