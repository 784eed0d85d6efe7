// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <algorithm>
#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <patchbay/driver/bulk_scheduler.hpp>

#include <support/catch.hpp>

using namespace patchbay;

namespace {

constexpr auto never_join = [](std::size_t, std::size_t) { return false; };
constexpr auto always_join = [](std::size_t, std::size_t) { return true; };

using Items = std::vector<std::size_t>;

Items items_of(const BulkJob& job) { return {job.items.begin(), job.items.end()}; }

/// The items of the next job; empty when there is none.
Items next_items(BulkScheduler& scheduler, BulkJob* taken = nullptr) {
  const auto job = scheduler.next();
  if (!job) return {};
  if (taken) *taken = *job;
  return items_of(*job);
}

}  // namespace

TEST_CASE("items begin in their order, no more at once than the window lets in", "[bulk]") {
  const std::vector<std::string_view> each{"a", "b", "c", "d", "e"};
  BulkScheduler scheduler(each, 2, 1, never_join);
  CHECK(scheduler.waiting() == 5);
  CHECK(scheduler.most_in_flight() == 2);
  BulkJob first, second;
  CHECK(next_items(scheduler, &first) == Items{0});
  CHECK(next_items(scheduler, &second) == Items{1});
  CHECK(next_items(scheduler).empty());
  CHECK(scheduler.in_flight() == 2);
  scheduler.ended(second, 1);
  CHECK(next_items(scheduler, &second) == Items{2});
  CHECK(next_items(scheduler).empty());
  scheduler.ended(first, 1);
  scheduler.ended(second, 1);
  CHECK(next_items(scheduler, &first) == Items{3});
  CHECK(next_items(scheduler, &second) == Items{4});
  CHECK(scheduler.waiting() == 0);
  scheduler.ended(first, 1);
  CHECK_FALSE(scheduler.finished());
  scheduler.ended(second, 1);
  CHECK(scheduler.finished());
}

TEST_CASE("items of one interaction wait for each other, and others pass them meanwhile", "[bulk][I6]") {
  const std::vector<std::string_view> each{"a", "a", "b", "a", "b"};
  BulkScheduler scheduler(each, 9, 1, never_join);
  CHECK(scheduler.most_in_flight() == 2);
  BulkJob a, b;
  CHECK(next_items(scheduler, &a) == Items{0});
  CHECK(next_items(scheduler, &b) == Items{2});
  CHECK(next_items(scheduler).empty());
  scheduler.ended(b, 1);
  scheduler.ended(a, 1);
  CHECK(next_items(scheduler, &a) == Items{1});  // the earlier of the two that may begin
  CHECK(next_items(scheduler, &b) == Items{4});
  scheduler.ended(a, 1);
  CHECK(next_items(scheduler, &a) == Items{3});
}

TEST_CASE("items that may be joined begin together, up to the longest that is allowed", "[bulk]") {
  const std::vector<std::string_view> each{"a", "b", "a", "a", "a", "b", "a"};
  const auto not_4 = [](std::size_t before, std::size_t item) { return before < item && item != 4; };
  BulkScheduler scheduler(each, 9, 3, not_4);
  BulkJob a, b;
  CHECK(next_items(scheduler, &a) == Items{0, 2, 3});
  CHECK(next_items(scheduler, &b) == Items{1, 5});
  CHECK(scheduler.in_flight() == 2);
  CHECK(scheduler.waiting() == 2);
  scheduler.ended(a, 3);
  CHECK(next_items(scheduler, &a) == Items{4, 6});
  scheduler.ended(a, 2);
  scheduler.ended(b, 2);
  CHECK(scheduler.finished());

  BulkScheduler long_ones(each, 9, 2, always_join);
  CHECK(next_items(long_ones, &a) == Items{0, 2});
  BulkScheduler alone(each, 9, 1, always_join);
  CHECK(next_items(alone, &a) == Items{0});
}

TEST_CASE("what a job did not settle is begun again, alone when it settled nothing", "[bulk]") {
  const std::vector<std::string_view> each(6, "a");
  BulkScheduler scheduler(each, 1, 4, always_join);
  BulkJob job;
  CHECK(next_items(scheduler, &job) == Items{0, 1, 2, 3});
  scheduler.ended(job, 3);
  CHECK(next_items(scheduler, &job) == Items{3});  // began earlier than the others
  scheduler.ended(job, 1);
  CHECK(next_items(scheduler, &job) == Items{4, 5});
  scheduler.ended(job, 0);
  CHECK(scheduler.waiting() == 2);
  for (const std::size_t item : {4U, 5U}) {
    CHECK(next_items(scheduler, &job) == Items{std::size_t{item}});
    scheduler.ended(job, 1);
  }
  CHECK(scheduler.finished());
}

TEST_CASE("what waits can be dropped, what is under way ends", "[bulk]") {
  const std::vector<std::string_view> each{"a", "b", "a", "c", "a"};
  BulkScheduler scheduler(each, 2, 2, always_join);
  BulkJob a, b;
  CHECK(next_items(scheduler, &a) == Items{0, 2});
  CHECK(next_items(scheduler, &b) == Items{1});
  Items dropped;
  scheduler.drop_waiting([&](std::size_t item) { dropped.push_back(item); });
  std::sort(dropped.begin(), dropped.end());
  CHECK(dropped == Items{3, 4});
  CHECK(scheduler.waiting() == 0);
  CHECK_FALSE(scheduler.finished());
  scheduler.ended(b, 1);
  CHECK(next_items(scheduler).empty());
  scheduler.ended(a, 1);  // the other one waits again
  CHECK(scheduler.waiting() == 1);
  dropped.clear();
  scheduler.drop_waiting([&](std::size_t item) { dropped.push_back(item); });
  CHECK(dropped == Items{2});
  CHECK(scheduler.finished());
}

TEST_CASE("nothing is finished at once, and a window of nothing lets nothing begin", "[bulk]") {
  BulkScheduler nothing({}, 4, 1, never_join);
  CHECK(nothing.finished());
  CHECK(next_items(nothing).empty());
  CHECK(BulkScheduler().finished());
  const std::vector<std::string_view> each{"a"};
  BulkScheduler closed(each, 0, 1, never_join);
  CHECK(next_items(closed).empty());
  CHECK_FALSE(closed.finished());
}

TEST_CASE("whatever ends when, every item ends once, in its interaction's order, and the window holds", "[bulk][I6][I24][property]") {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    INFO("seed " << seed);
    std::mt19937_64 random(seed);
    const std::size_t count = random() % 200, interactions = 1 + random() % 30, window = 1 + random() % 12, longest = 1 + random() % 5;
    std::vector<std::string> names;
    for (std::size_t i = 0; i < count; ++i) names.push_back("i-" + std::to_string(random() % interactions));
    const std::vector<std::string_view> each(names.begin(), names.end());
    std::vector<bool> joins;
    for (std::size_t i = 0; i < count; ++i) joins.push_back(random() % 3 != 0);
    BulkScheduler scheduler(each, window, longest, [&](std::size_t, std::size_t item) { return joins[item]; });
    const std::uint64_t drop_at = random() % 4 == 0 ? random() % 100 : 1'000'000;
    std::vector<BulkJob> under_way;
    std::map<std::string, Items> begun;       // by interaction, items that have ended
    std::vector<int> ended(count, 0), dropped(count, 0);
    int wrong = 0;
    for (std::uint64_t step = 0; !scheduler.finished(); ++step) {
      REQUIRE(step < 10'000);
      if (step == drop_at) scheduler.drop_waiting([&](std::size_t item) { ++dropped[item]; });
      if (random() % 2 == 0) {
        if (const auto job = scheduler.next()) {
          for (std::size_t i = 0; i < job->items.size(); ++i) {
            if (names[job->items[i]] != names[job->items[0]]) ++wrong;
            if (i != 0 && !joins[job->items[i]]) ++wrong;
          }
          for (const BulkJob& other : under_way)
            if (names[other.items[0]] == names[job->items[0]]) ++wrong;
          if (job->items.empty() || job->items.size() > longest) ++wrong;
          under_way.push_back(*job);
          if (under_way.size() > window || scheduler.in_flight() != under_way.size()) ++wrong;
        } else if (under_way.empty() && scheduler.waiting() != 0) {
          ++wrong;  // nothing would ever begin again
        }
      } else if (!under_way.empty()) {
        const std::size_t at = random() % under_way.size();
        const BulkJob job = under_way[at];
        under_way.erase(under_way.begin() + static_cast<std::ptrdiff_t>(at));
        const std::size_t settled = job.items.size() == 1 ? 1 : random() % (job.items.size() + 1);
        for (std::size_t i = 0; i < settled; ++i) {
          ++ended[job.items[i]];
          begun[names[job.items[i]]].push_back(job.items[i]);
        }
        scheduler.ended(job, settled);
        if (step > drop_at) scheduler.drop_waiting([&](std::size_t item) { ++dropped[item]; });
      }
    }
    for (std::size_t item = 0; item < count; ++item)
      if (ended[item] + dropped[item] != 1) ++wrong;
    for (const auto& [name, order] : begun)
      if (!std::is_sorted(order.begin(), order.end())) ++wrong;
    CHECK(wrong == 0);
  }
}
