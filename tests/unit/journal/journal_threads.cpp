// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// Many threads and one journal: syncs are shared, nobody is told "durable" too early, nobody waits for ever.
#include <patchbay/journal/journal.hpp>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "ledger.hpp"

using namespace patchbay;
using namespace patchbay::tests;

namespace {

/// A disk whose syncs let others run first, so that they have something to share.
class SlowDisk final : public JournalStorage {
 public:
  explicit SlowDisk(std::shared_ptr<SimulatedDisk> disk) : disk_(std::move(disk)) {}
  StorageResult<std::vector<std::uint64_t>> list() override { return disk_->list(); }
  StorageResult<void> create(std::uint64_t segment) override { return disk_->create(segment); }
  StorageResult<void> append(std::uint64_t segment, std::string_view bytes) override {
    return disk_->append(segment, bytes);
  }
  StorageResult<void> sync(std::uint64_t segment) override {
    for (int i = 0; i < 20; ++i) std::this_thread::yield();
    return disk_->sync(segment);
  }
  StorageResult<void> truncate(std::uint64_t segment, std::uint64_t size) override {
    return disk_->truncate(segment, size);
  }
  StorageResult<std::uint64_t> size(std::uint64_t segment) override { return disk_->size(segment); }
  StorageResult<std::string> read(std::uint64_t segment) override { return disk_->read(segment); }
  StorageResult<void> replace(std::uint64_t segment, std::string_view bytes) override {
    return disk_->replace(segment, bytes);
  }
  StorageResult<void> remove(std::uint64_t segment) override { return disk_->remove(segment); }
  std::string name(std::uint64_t segment) const override { return disk_->name(segment); }

 private:
  std::shared_ptr<SimulatedDisk> disk_;
};

class Sleeper final : public Wakeable {
 public:
  void wake_up() noexcept override {
    const std::lock_guard lock(mutex_);
    awake_ = true;
    changed_.notify_all();
  }
  void sleep() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return awake_; });
    awake_ = false;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool awake_ = false;
};

/// One thread that runs jobs, as a client's pool does.
class Pool {
 public:
  Pool() : thread_([this] { work(); }) {}
  ~Pool() {
    {
      const std::lock_guard lock(mutex_);
      closing_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }
  void post(std::function<void()> job) {
    const std::lock_guard lock(mutex_);
    jobs_.push_back(std::move(job));
    changed_.notify_all();
  }

 private:
  void work() {
    for (;;) {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return closing_ || !jobs_.empty(); });
      if (jobs_.empty()) return;
      const std::function<void()> job = std::move(jobs_.front());
      jobs_.pop_front();
      lock.unlock();
      job();
    }
  }
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> jobs_;
  bool closing_ = false;
  std::thread thread_;
};

/// Waits as an operation on an event loop does.
bool wait_until_settled(Journal& journal, JournalPosition position) {
  Sleeper sleeper;
  for (;;) {
    Waiter waiter(sleeper);
    if (journal.wait(position, waiter) == Durability::pending) sleeper.sleep();
    journal.forget(waiter);
    if (const Durability now = journal.durability(position); now != Durability::pending)
      return now == Durability::durable;
  }
}

template <class Work>
void on_threads(int threads, Work&& work) {
  std::vector<std::thread> all;
  for (int i = 0; i < threads; ++i) all.emplace_back([&work, i] { work(i); });
  for (std::thread& each : all) each.join();
}

}  // namespace

TEST_CASE("threads that wait at the same time share syncs, and each record is promised once it is on the disk",
          "[journal][A28]") {
  auto disk = std::make_shared<SimulatedDisk>();
  JournalOptions options = small_segments();
  options.keep_segments = 100;
  const bool pooled = GENERATE(false, true);
  {
    std::unique_ptr<Pool> pool;
    if (pooled) {
      pool = std::make_unique<Pool>();
      options.run_sync = [&pool](std::function<void()> job) { pool->post(std::move(job)); };
    }
    auto journal = opened(std::make_shared<SlowDisk>(disk), options);
    std::atomic<int> promised{0}, early{0};
    on_threads(8, [&](int thread) {
      for (int i = 0; i < 50; ++i) {
        const auto place = journal->intent(transition_of("i" + std::to_string(thread), "t" + std::to_string(i), "{}"));
        // Half of them block, and half wait as loops do.
        const bool safe = place && ((thread % 2 == 0) ? journal->sync_until(*place).has_value()
                                                      : wait_until_settled(*journal, *place));
        if (safe) promised.fetch_add(1);
        if (journal->status().synced < *place) early.fetch_add(1);
        EndRecord end(Outcome::applied, noon);
        end.deliver = true;
        if (!journal->terminal(*place, end)) early.fetch_add(1);
      }
    });
    CHECK(promised == 400);
    CHECK(early == 0);
    const JournalStatus status = journal->status();
    CHECK(status.syncs < 400 + 3 * status.rotations);  // the rotations' own apart
    CHECK(status.rotations > 5);
    CHECK(status.open_intents == 0);
    REQUIRE(journal->flush());
    journal.reset();
    pool.reset();
  }
  options.run_sync = nullptr;
  disk->crash();
  auto journal = opened(disk, options);
  CHECK(journal->deliveries().size() == 400);
  check_whole(*disk);
}

TEST_CASE("whoever was told that a record is durable finds it after the disk has failed under all threads",
          "[journal][B31]") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    auto disk = std::make_shared<SimulatedDisk>(seed);
    JournalOptions options = small_segments();
    Pool pool;
    if (seed % 2 == 0) options.run_sync = [&pool](std::function<void()> job) { pool.post(std::move(job)); };
    auto journal = opened(std::make_shared<SlowDisk>(disk), options);
    const auto struck = seed % 3 == 0 ? DiskOperation::append : DiskOperation::sync;
    disk->fail(struck, StorageFault::failed, 10 + seed);
    std::atomic<JournalPosition> newest{0};
    std::atomic<int> failures{0};
    on_threads(6, [&](int thread) {
      for (;;) {
        const auto place = journal->intent(hold_of("i" + std::to_string(thread), "h"));
        if (!place) break;
        const bool safe =
            thread % 2 == 0 ? journal->sync_until(*place).has_value() : wait_until_settled(*journal, *place);
        if (!safe) break;
        JournalPosition known = newest.load();
        while (known < *place && !newest.compare_exchange_weak(known, *place)) {
        }
        if (!journal->terminal(*place, EndRecord(Outcome::applied, noon))) break;
      }
      failures.fetch_add(1);
    });
    CHECK(failures == 6);  // all of them have come back
    CHECK(journal->status().closed_for_good);
    journal.reset();
    disk->crash();
    options.run_sync = nullptr;
    CHECK(opened(disk, options)->status().appended >= newest.load());
    check_whole(*disk);
  }
}

TEST_CASE("waiters that come and go while others sync leave nothing behind", "[journal]") {
  auto disk = std::make_shared<SimulatedDisk>();
  Pool pool;
  JournalOptions options;
  options.run_sync = [&pool](std::function<void()> job) { pool.post(std::move(job)); };
  auto journal = opened(std::make_shared<SlowDisk>(disk), options);
  on_threads(6, [&](int thread) {
    for (int i = 0; i < 100; ++i) {
      const auto place = journal->intent(transition_of("i", "t"));
      Sleeper sleeper;
      Waiter waiter(sleeper);
      const Durability now = journal->wait(*place, waiter);
      if (now == Durability::pending && (thread + i) % 3 != 0) sleeper.sleep();  // the others give up at once
      journal->forget(waiter);
      (void)journal->terminal(*place, EndRecord(Outcome::not_applied));
      (void)journal->status();
      (void)journal->unresolved("i");
    }
  });
  CHECK(journal->flush());
  CHECK(journal->status().open_intents == 0);
}
