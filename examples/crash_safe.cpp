// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
//
// What a journal is for. A process moves a caller, puts another on hold, and dies in the midst of a write whose answer it
// never sees; the next one finds out what became of it, who is on hold, and which webhook the CRM was never sent. The cloud,
// the disk and the clock are in memory here; a real program opens `FileStorage` where this one has its `SimulatedDisk`.
#include <cstdio>

#include <patchbay/hold_controller.hpp>
#include <patchbay/journal/journal.hpp>
#include <patchbay/state_transitioner.hpp>
#include <patchbay/testing/simulated_cloud.hpp>
#include <patchbay/testing/simulated_disk.hpp>

using namespace patchbay;
using namespace patchbay::testing;

namespace {

int failures = 0;
void check(bool fine, const char* what) {
  std::printf("   %s  %s\n", fine ? "ok  " : "FAIL", what);
  if (!fine) ++failures;
}

Settings settings_with(std::shared_ptr<Journal> journal, std::uint64_t seed) {
  Settings settings;
  settings.base_url = "https://api.example.com";  // nothing goes there
  settings.tokens = std::make_shared<TokenSource>(
      TokenSettings{.login_url = settings.base_url, .client_id = "me", .client_secret = Secret("hush")});
  settings.transition.webhook.url = "https://crm.example.com/webhook";
  settings.random = std::make_shared<RandomSource>(seed);
  settings.deadline = seconds{5};
  settings.journal = std::move(journal);
  return settings;
}

}  // namespace

int main() {
  const std::string flow(document_flow), caller(document_interaction), other(second_interaction);
  ManualClock clock;
  SimulatedCloud cloud(clock);
  auto disk = std::make_shared<SimulatedDisk>(2026);

  std::printf("A process at work\n");
  {
    auto journal = Journal::open(disk);
    if (!journal) return std::printf("%s\n", journal.error().describe().c_str()), 1;
    const Settings settings = settings_with(*journal, 1);
    StateTransitioner transitioner{Policies{.transport = cloud, .clock = clock}, settings};
    HoldController holds{Policies{.transport = cloud, .clock = clock}, settings};

    check(holds.hold(HoldRequest{other, "consultation", 5}).has_value(), "a caller is put on hold");
    // The network ends with the write, which arrives; and the disk takes the intent, its sync, and nothing more. So the process
    // never learns what it did, and leaves no word of it.
    cloud.plan([](FaultPlan& plan) {
      plan.on("GET").skip(2).always().reset();  // the flow and the interaction are still read
      plan.on("PATCH").after_applying().reset();
      plan.on("PATCH").always().reset();
    });
    disk->crash_after(2);
    const auto moved = transitioner.transition(TransitionRequest{caller, flow, "MainMenu", "BillingInquiry"});
    check(!moved && moved.error().outcome() == Outcome::unknown, "nobody hears what became of another one's move");
    check(disk->down(), "and the machine goes down with it");
  }
  cloud.plan([](FaultPlan& plan) { plan.clear(); });
  disk->crash();
  clock.advance(seconds{90});

  std::printf("A minute and a half later, the next process\n");
  auto journal = Journal::open(disk);
  if (!journal) return std::printf("%s\n", journal.error().describe().c_str()), 1;
  std::printf("   the journal has %zu open intents, and %zu callers on hold\n", (*journal)->open_intents().size(),
              (*journal)->holds().size());
  const Settings settings = settings_with(*journal, 2);
  StateTransitioner transitioner{Policies{.transport = cloud, .clock = clock}, settings};
  HoldController holds{Policies{.transport = cloud, .clock = clock}, settings};

  const auto moves = transitioner.recover();
  check(moves && moves->applied == 1 && moves->complete(), "the move was made, says the interaction itself");
  check(transitioner.deliver_webhooks(seconds{30})->delivered == 1, "and the CRM is told of it now");
  const auto commands = holds.recover();
  check(commands && commands->holds_rebuilt == 1, "the watch over the caller on hold goes on");
  check(holds.held().size() == 1 && clock.steady_now() - holds.held().front().since >= seconds{90},
        "since the hold began, not since the crash");
  check(holds.unhold(UnholdRequest{other, 5}).has_value(), "until the caller is taken off hold");
  check((*journal)->open_intents().empty() && (*journal)->holds().empty() && (*journal)->deliveries().empty(),
        "and nothing is left open");
  return failures == 0 ? 0 : 1;
}
