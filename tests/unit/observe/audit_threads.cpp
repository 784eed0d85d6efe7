// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/observe/audit.hpp>

#include <atomic>
#include <set>
#include <thread>
#include <vector>

#include "support/catch.hpp"

using namespace patchbay;

TEST_CASE("the sink is called for one record at a time, in the order of their numbers", "[audit][threads]") {
  struct Sink : AuditSink {
    bool write(const AuditRecord& record) override {
      if (busy.exchange(true)) overlapped = true;
      if (record.sequence != last + 1) disordered = true;
      last = record.sequence;
      busy = false;
      return record.sequence % 10 != 0;
    }
    std::atomic<bool> busy{false};
    bool overlapped = false, disordered = false;
    std::uint64_t last = 0;
  };
  const auto sink = std::make_shared<Sink>();
  AuditTrail trail(16, sink);
  std::vector<std::thread> doors;
  constexpr int each = 2000;
  std::atomic<int> refused{0};
  for (int t = 0; t < 3; ++t)
    doors.emplace_back([&, t] {
      AuditRecord record;
      record.interaction_id = "an interaction whose id does not fit a short string";
      record.attempt = t;
      for (int i = 0; i < each; ++i)
        if (!trail.record(record)) ++refused;
    });
  std::atomic<bool> stop{false}, sound{true};
  std::thread reader([&] {
    while (!stop) {
      const std::vector<AuditRecord> kept = trail.snapshot();
      for (std::size_t i = 1; i < kept.size(); ++i)
        if (kept[i].sequence != kept[i - 1].sequence + 1) sound = false;
    }
  });
  for (std::thread& door : doors) door.join();
  stop = true;
  reader.join();
  CHECK(sound);
  CHECK_FALSE(sink->overlapped);
  CHECK_FALSE(sink->disordered);
  CHECK(sink->last == 3 * each);
  CHECK(trail.appended() == 3 * each);
  CHECK(refused == 3 * each / 10);
  CHECK(trail.failures() == 3 * each / 10);
}
