// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// Crashes of the machine and of the process, at every byte and every operation of the disk: what was promised is there,
// what is there is what was said, and the journal goes on.
#include <patchbay/journal/journal.hpp>

#include <algorithm>
#include <cstddef>
#include <memory>

#include "ledger.hpp"

using namespace patchbay;
using namespace patchbay::tests;

namespace {

/// One life of a journal on the disk; false when it could not be opened, because the disk went down.
bool live(const std::shared_ptr<SimulatedDisk>& disk, Ledger& ledger, std::size_t records,
          const JournalOptions& options = {}) {
  auto journal = Journal::open(disk, options);
  if (!journal) {
    CHECK(journal.error().code() == ErrorCode::journal_failed);
    CHECK(disk->down());
    return false;
  }
  ledger.check_opened(**journal);
  ledger.run(**journal, records);
  return true;
}

std::uint64_t bytes_of_run(std::size_t records) {
  auto disk = std::make_shared<SimulatedDisk>();
  Ledger ledger(1);
  live(disk, ledger, records);
  return disk->bytes(1).size();
}

std::size_t changes_of_run(std::size_t records, const JournalOptions& options) {
  auto disk = std::make_shared<SimulatedDisk>();
  Ledger ledger(1);
  live(disk, ledger, records, options);
  CHECK(disk->bytes(1).empty());  // it has rotated until the first segment was removed
  return disk->changes();
}

}  // namespace

TEST_CASE("a crash at any byte loses no record that was promised", "[journal][A28][B31]") {
  const std::uint64_t bytes = bytes_of_run(20);
  REQUIRE(bytes > 2000);
  for (std::uint64_t at = 0; at <= bytes; ++at) {
    CAPTURE(at);
    auto disk = std::make_shared<SimulatedDisk>(at);
    Ledger ledger(1);
    disk->crash_after_bytes(at);
    live(disk, ledger, 20);
    disk->crash();
    REQUIRE(live(disk, ledger, 3));
    disk->crash();
    REQUIRE(live(disk, ledger, 0));
    check_whole(*disk);
  }
}

TEST_CASE("a process that is killed at any byte leaves everything that it has written", "[journal][A28]") {
  const std::uint64_t bytes = bytes_of_run(12);
  for (std::uint64_t at = 0; at <= bytes; ++at) {
    CAPTURE(at);
    auto disk = std::make_shared<SimulatedDisk>(at);
    Ledger ledger(1);
    disk->crash_after_bytes(at);
    std::size_t taken = 0;
    JournalPosition last = 0;
    if (auto journal = Journal::open(disk)) {
      ledger.check_opened(**journal);
      taken = ledger.run(**journal, 12);
      last = (*journal)->status().appended;
    }
    disk->crash_process();
    auto journal = Journal::open(disk);
    REQUIRE(journal);
    ledger.check_opened(**journal);
    // One that was cut short is gone; the others are not.
    CHECK((*journal)->status().appended == std::max<JournalPosition>(last, 1));
    CHECK(taken + 1 >= last);
  }
}

TEST_CASE("a crash at any operation of the disk, through rotations, loses nothing that was promised",
          "[journal][B31]") {
  const JournalOptions options = small_segments();
  const std::size_t changes = changes_of_run(260, options);
  for (std::size_t at = 0; at < changes; ++at) {
    CAPTURE(at);
    auto disk = std::make_shared<SimulatedDisk>(1000 + at);
    Ledger ledger(1);
    disk->crash_after(at);
    live(disk, ledger, 260, options);
    CHECK(disk->down());
    disk->crash();
    REQUIRE(live(disk, ledger, 5, options));
    check_whole(*disk);
  }
}

TEST_CASE("a crash within recovery, again and again, loses nothing", "[journal][B31]") {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    CAPTURE(seed);
    auto disk = std::make_shared<SimulatedDisk>(seed);
    Ledger ledger(seed);
    const JournalOptions options = small_segments();
    disk->crash_after(20 + seed % 170);
    live(disk, ledger, 120, options);
    for (std::size_t at = 0; at < 6; ++at) {
      disk->crash();
      disk->crash_after(at);
      live(disk, ledger, 2, options);
    }
    disk->crash();
    REQUIRE(live(disk, ledger, 40, options));
    check_whole(*disk);
  }
}

TEST_CASE("lives of random lengths end in crashes of the machine or the process, with every fault of the disk",
          "[journal][B31]") {
  std::size_t failed_syncs = 0, full = 0;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    CAPTURE(seed);
    auto disk = std::make_shared<SimulatedDisk>(seed);
    testing::simulation::Stream random(seed ^ 0xd15cU);
    Ledger ledger(seed);
    JournalOptions options = small_segments();
    options.verify_all = random.chance(512);
    for (int life = 0; life < 12; ++life) {
      CAPTURE(life);
      testing::DiskFaultRates rates;
      rates.append_full = random.chance(300) ? 60 : 0;
      rates.sync_failed = random.chance(300) ? 20 : 0;
      rates.append_failed = random.chance(200) ? 10 : 0;
      rates.create_full = random.chance(300) ? 300 : 0;
      rates.create_failed = random.chance(100) ? 300 : 0;
      disk->rates(rates);
      if (auto journal = Journal::open(disk, options)) {
        ledger.check_opened(**journal);
        ledger.run(**journal, static_cast<std::size_t>(random.below(150)));
        const JournalStatus status = (*journal)->status();
        if (status.closed_for_good) ++failed_syncs;
        full += status.refused;
      } else {
        CAPTURE(journal.error().describe());
        CHECK(journal.error().code() == ErrorCode::journal_failed);
      }
      disk->rates({});
      random.chance(512) ? disk->crash() : disk->crash_process();
    }
    REQUIRE(live(disk, ledger, 10, options));
    check_whole(*disk);
  }
  CHECK(failed_syncs > 50);  // the faults did strike
  CHECK(full > 50);
}
