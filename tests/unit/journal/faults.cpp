// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// What the journal says when the disk does not do as asked: never that something is durable which may not be.
#include <patchbay/journal/journal.hpp>

#include <deque>
#include <functional>
#include <stdexcept>
#include <string>

#include "ledger.hpp"

using namespace patchbay;
using namespace patchbay::tests;

namespace {

class Sleeper final : public Wakeable {
 public:
  void wake_up() noexcept override { ++woken; }
  int woken = 0;
};

/// Jobs that a client's thread would run.
class Jobs {
 public:
  std::function<void(std::function<void()>)> taker() {
    return [this](std::function<void()> job) { waiting.push_back(std::move(job)); };
  }
  void run() {
    while (!waiting.empty()) {
      const std::function<void()> job = std::move(waiting.front());
      waiting.pop_front();
      job();
    }
  }
  std::deque<std::function<void()>> waiting;
};

}  // namespace

TEST_CASE("a sync that failed closes the journal for good", "[journal][B31]") {
  auto disk = std::make_shared<SimulatedDisk>();
  auto journal = opened(disk);
  const JournalPosition safe = journal->intent(transition_of("i1", "t1")).value();
  REQUIRE(journal->sync_until(safe));
  const JournalPosition lost = journal->intent(transition_of("i2", "t2")).value();
  disk->fail(DiskOperation::sync);
  const auto synced = journal->sync_until(lost);
  REQUIRE_FALSE(synced);
  CHECK(synced.error().code() == ErrorCode::journal_failed);
  CHECK(synced.error().message() ==
        "the journal is closed for good: a sync failed: sync 0000000001.journal: Input/output error");
  CHECK(journal->last_error() == "a sync failed: sync 0000000001.journal: Input/output error");
  CHECK(journal->durability(lost) == Durability::failed);
  CHECK(journal->durability(safe) == Durability::durable);
  // The disk would say yes now, and it would be a lie: it is not asked again.
  const std::size_t syncs = disk->syncs(), changes = disk->changes();
  CHECK_FALSE(journal->sync_until(lost));
  CHECK_FALSE(journal->flush());
  CHECK_FALSE(journal->intent(transition_of("i3", "t3")));
  CHECK_FALSE(journal->terminal(safe, EndRecord(Outcome::applied)));
  CHECK_FALSE(journal->write(AuditRecord{}));
  Sleeper sleeper;
  Waiter waiter(sleeper);
  CHECK(journal->wait(lost, waiter) == Durability::failed);
  CHECK(disk->syncs() == syncs);
  CHECK(disk->changes() == changes);
  CHECK(journal->status().closed_for_good);
  CHECK(journal->status().refused == 3);
  // What is read afterwards, from the system's memory, is put on the disk afresh: a crash then takes nothing of it.
  journal = opened((journal.reset(), disk));
  CHECK(journal->open_intents().size() == 2);
  journal.reset();
  disk->crash();
  journal = opened(disk);
  CHECK(journal->open_intents().size() == 2);
}

TEST_CASE("what a failed sync dropped is not there after a crash, and nobody was promised it", "[journal][B31]") {
  auto disk = std::make_shared<SimulatedDisk>();
  auto journal = opened(disk);
  REQUIRE(journal->sync_until(journal->intent(transition_of("i1", "t1")).value()));
  const JournalPosition lost = journal->intent(transition_of("i2", "t2")).value();
  disk->fail(DiskOperation::sync);
  CHECK_FALSE(journal->sync_until(lost));
  journal.reset();
  disk->crash();
  journal = opened(disk);
  CHECK(journal->open_intents().size() == 1);
  CHECK(journal->status().appended == lost - 1);
}

TEST_CASE("a write that failed closes the journal for good", "[journal][B31]") {
  auto disk = std::make_shared<SimulatedDisk>();
  auto journal = opened(disk);
  const JournalPosition pending = journal->intent(transition_of("i1", "t1")).value();
  disk->fail(DiskOperation::append);
  const auto failed = journal->intent(transition_of("i2", "t2"));
  REQUIRE_FALSE(failed);
  CHECK(failed.error().code() == ErrorCode::journal_failed);
  CHECK(failed.error().message().find(
            "closed for good: writing failed: write 0000000001.journal: Input/output error") != std::string::npos);
  CHECK(journal->durability(pending) == Durability::failed);
  CHECK_FALSE(journal->sync_until(pending));
  CHECK(opened((journal.reset(), disk))->open_intents().size() == 1);
}

TEST_CASE("a full disk refuses the record at hand, whole, and takes one when there is room again", "[journal][B31]") {
  auto disk = std::make_shared<SimulatedDisk>();
  auto journal = opened(disk);
  const JournalPosition first = journal->intent(transition_of("i1", "t1")).value();
  const std::size_t size = disk->bytes(1).size();
  for (std::uint64_t room = 0; room < 100; ++room) {
    disk->capacity(size + room);
    const auto refused = journal->intent(transition_of("i2", "t2"));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code() == ErrorCode::journal_failed);
    CHECK(refused.error().message().find("No space left on device") != std::string::npos);
    CHECK(disk->bytes(1).size() == size);  // what was written of it is cut off
    CHECK(journal->status().full);
    CHECK_FALSE(journal->status().closed_for_good);
    CHECK(journal->status().open_intents == 1);
  }
  CHECK(journal->sync_until(first));
  disk->capacity(size + 5000);
  CHECK(journal->intent(transition_of("i2", "t2")).value() == first + 1);  // no number is lost
  CHECK_FALSE(journal->status().full);
  CHECK(journal->terminal(first, EndRecord(Outcome::applied)));
  check_whole(*disk);
  CHECK(opened((journal.reset(), disk))->open_intents().size() == 1);
}

TEST_CASE("a record that cannot be cut off closes the journal for good", "[journal]") {
  auto disk = std::make_shared<SimulatedDisk>();
  auto journal = opened(disk);
  disk->capacity(disk->bytes(1).size() + 40);
  disk->fail(DiskOperation::truncate);
  CHECK_FALSE(journal->intent(transition_of("i1", "t1")));
  CHECK(journal->status().closed_for_good);
  disk->capacity(100'000);
  CHECK(opened((journal.reset(), disk))->open_intents().empty());
}

TEST_CASE("a segment that finds no room leaves the journal in the present one, for the time being", "[journal][B31]") {
  auto disk = std::make_shared<SimulatedDisk>();
  auto journal = opened(disk, small_segments());
  for (int i = 0; i < 3; ++i)
    disk->fail(i == 0 ? DiskOperation::create : DiskOperation::append, StorageFault::full, i == 0 ? 0 : 1'000'000);
  while (journal->status().rotation_failures == 0) REQUIRE(journal->intent(transition_of("i", "t")));
  CHECK(disk->list().value().size() == 1);
  CHECK_FALSE(journal->status().closed_for_good);
  while (journal->status().rotations == 0) REQUIRE(journal->intent(transition_of("i", "t")));
  CHECK(disk->list().value().size() == 2);
  CHECK(disk->bytes(1).size() > 4096 + 1024);
  check_whole(*disk);
}

TEST_CASE("a checkpoint that is written in part does not make an old segment of the present one", "[journal][B31]") {
  auto disk = std::make_shared<SimulatedDisk>();
  auto journal = opened(disk, small_segments());
  std::size_t records = 0;
  while (disk->bytes(1).size() < 4096 - 400) {
    REQUIRE(journal->intent(transition_of("i", "t")));
    ++records;
  }
  disk->capacity(disk->bytes(1).size() + 800);  // for records, and some of the checkpoint
  while (journal->status().rotation_failures == 0) {
    REQUIRE(journal->intent(transition_of("i", "t")));
    ++records;
  }
  CHECK(disk->list().value().size() == 1);
  disk->capacity(1'000'000);
  REQUIRE(journal->sync_until(journal->intent(transition_of("i", "t")).value()));
  journal.reset();
  disk->crash();
  CHECK(opened(disk)->open_intents().size() == records + 1);
}

TEST_CASE("a disk that is full at the start opens the journal that is there", "[journal]") {
  auto disk = std::make_shared<SimulatedDisk>();
  auto journal = opened(disk);
  REQUIRE(journal->sync_until(journal->intent(hold_of("i1", "h1")).value()));
  journal.reset();
  std::string torn = disk->bytes(1);
  const std::size_t good = torn.size();
  disk->put(1, torn + "half a rec");
  disk->capacity(good);
  journal = opened(disk);
  CHECK(journal->status().full);
  CHECK(journal->holds().size() == 1);
  CHECK(disk->bytes(1).size() == good);
  CHECK_FALSE(journal->intent(hold_of("i2", "h2")));
  disk->capacity(good + 1000);
  CHECK(journal->intent(hold_of("i2", "h2")));
}

TEST_CASE("every operation that fails while a journal is opened is an error, and the next try succeeds", "[journal]") {
  for (const DiskOperation operation :
       {DiskOperation::list, DiskOperation::size, DiskOperation::read, DiskOperation::replace}) {
    auto disk = std::make_shared<SimulatedDisk>();
    (void)opened(disk)->intent(hold_of("i1", "h1"));
    disk->fail(operation);
    const auto journal = Journal::open(disk);
    REQUIRE_FALSE(journal);
    CHECK(journal.error().code() == ErrorCode::journal_failed);
    CHECK(opened(disk)->holds().size() == 1);
  }
  for (const DiskOperation operation : {DiskOperation::create, DiskOperation::append, DiskOperation::sync}) {
    auto disk = std::make_shared<SimulatedDisk>();
    disk->fail(operation);
    CHECK_FALSE(Journal::open(disk));
    CHECK(opened(disk)->status().appended == 1);
  }
}

TEST_CASE("an event loop waits until a sync of the client's thread is done, and those who wait share it", "[journal]") {
  auto disk = std::make_shared<SimulatedDisk>();
  Jobs jobs;
  JournalOptions options;
  options.run_sync = jobs.taker();
  auto journal = opened(disk, options);
  const std::size_t before = disk->syncs();
  Sleeper sleeper;
  Waiter a(sleeper), b(sleeper), c(sleeper);
  const JournalPosition first = journal->intent(transition_of("i1", "t1")).value();
  CHECK(disk->syncs() == before);
  CHECK(journal->wait(first, a) == Durability::pending);
  const JournalPosition second = journal->intent(transition_of("i2", "t2")).value();
  CHECK(journal->wait(second, b) == Durability::pending);
  CHECK(journal->wait(second, c) == Durability::pending);
  CHECK(jobs.waiting.size() == 1);
  journal->forget(c);
  CHECK(sleeper.woken == 0);
  jobs.run();
  CHECK(sleeper.woken == 2);
  CHECK(a.woken());
  CHECK_FALSE(c.woken());
  CHECK(disk->syncs() == before + 1);
  CHECK(journal->durability(second) == Durability::durable);
  CHECK(journal->wait(first, c) == Durability::durable);

  const JournalPosition third = journal->intent(transition_of("i3", "t3")).value();
  Waiter d(sleeper);
  CHECK(journal->wait(third, d) == Durability::pending);
  disk->fail(DiskOperation::sync);
  jobs.run();
  CHECK(d.woken());
  CHECK(journal->durability(third) == Durability::failed);
}

TEST_CASE("without a thread of the client's, or with one that refuses, the sync is done at once", "[journal]") {
  auto disk = std::make_shared<SimulatedDisk>();
  JournalOptions options;
  const bool refuses = GENERATE(true, false);
  if (refuses) options.run_sync = [](const std::function<void()>&) { throw std::runtime_error("the pool is closed"); };
  auto journal = opened(disk, options);
  Sleeper sleeper;
  Waiter waiter(sleeper);
  const JournalPosition place = journal->intent(transition_of("i1", "t1")).value();
  const Durability now = journal->wait(place, waiter);
  CHECK(now == (refuses ? Durability::pending : Durability::durable));
  CHECK(waiter.woken() == refuses);
  CHECK(journal->durability(place) == Durability::durable);
}

TEST_CASE("a job that runs when the journal has been let go of does no harm", "[journal]") {
  auto disk = std::make_shared<SimulatedDisk>();
  Jobs jobs;
  JournalOptions options;
  options.run_sync = jobs.taker();
  auto journal = opened(disk, options);
  Sleeper sleeper;
  Waiter waiter(sleeper);
  CHECK(journal->wait(journal->intent(transition_of("i1", "t1")).value(), waiter) == Durability::pending);
  journal->forget(waiter);
  journal.reset();
  jobs.run();
  CHECK(sleeper.woken == 0);
  CHECK(opened(disk)->open_intents().size() == 1);
}

TEST_CASE("by an interval, or by the system, a record is taken for durable once it is written", "[journal]") {
  auto disk = std::make_shared<SimulatedDisk>();
  SteadyTime now{seconds(10)};
  JournalOptions options;
  const bool interval = GENERATE(true, false);
  options.sync = interval ? JournalSync::interval(seconds(1)) : JournalSync::never();
  options.now = [&now] { return now; };
  auto journal = opened(disk, options);
  const std::size_t before = disk->syncs();
  for (int i = 0; i < 10; ++i) {
    const JournalPosition place = journal->intent(transition_of("i", "t")).value();
    CHECK(journal->durability(place) == Durability::durable);
    CHECK(journal->sync_until(place));
    now += milliseconds(300);
  }
  // In steps of 300 ms: a second has passed at the 5th record, and again at the 9th.
  CHECK(disk->syncs() - before == (interval ? 2 : 0));
  CHECK(journal->flush());
  CHECK(journal->status().synced == journal->status().appended);
  CHECK(journal->write(AuditRecord{}));
  disk->fail(DiskOperation::sync);
  CHECK_FALSE(journal->flush());
  CHECK(journal->durability(journal->status().appended) == Durability::failed);
}
