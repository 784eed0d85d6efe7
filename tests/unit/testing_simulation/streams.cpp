// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/testing/simulation/streams.hpp>

#include <array>
#include <set>
#include <vector>

#include <patchbay/testing/simulation/fault_mix.hpp>
#include <patchbay/testing/simulation/workload.hpp>

#include <support/catch.hpp>

using namespace patchbay;
using namespace patchbay::testing::simulation;

TEST_CASE("a stream gives the numbers of SplitMix64", "[simulation][I26]") {
  // The generator's published test: the first three numbers of seed 1234567.
  Stream random(1234567);
  CHECK(random.bits() == 6457827717110365317U);
  CHECK(random.bits() == 3203168211198807973U);
  CHECK(random.bits() == 9817491932198370423U);
}

TEST_CASE("what a stream draws stays within its bounds and reaches them", "[simulation]") {
  Stream random(1);
  std::set<std::uint64_t> seen;
  int heads = 0;
  Duration longest{};
  for (int i = 0; i < 4000; ++i) {
    const std::uint64_t one = random.below(7);
    REQUIRE(one < 7);
    seen.insert(one);
    heads += random.chance(512) ? 1 : 0;
    REQUIRE_FALSE(random.chance(0));
    REQUIRE(random.chance(1024));
    const Duration span = random.span(seconds{1}, seconds{2});
    REQUIRE(span >= seconds{1});
    REQUIRE(span <= seconds{2});
    const Duration tail = random.heavy_tailed(milliseconds{10}, seconds{60});
    REQUIRE(tail <= seconds{60});
    longest = std::max(longest, tail);
  }
  CHECK(seen.size() == 7);
  CHECK(heads > 1800);
  CHECK(heads < 2200);
  CHECK(longest > milliseconds{500});
  CHECK(random.span(seconds{2}, seconds{1}) == seconds{2});
}

TEST_CASE("components draw from streams of their own", "[simulation]") {
  std::set<std::uint64_t> seeds;
  for (std::uint64_t seed = 0; seed < 20; ++seed)
    for (const char* const component : {"network", "workload", "faults"})
      for (std::uint64_t number = 0; number < 20; ++number) seeds.insert(derive(seed, component, number));
  CHECK(seeds.size() == 20 * 3 * 20);
}

TEST_CASE("a mix lacks what is not allowed, and the rest of it stays as it was", "[simulation]") {
  std::array<int, fault_count> drawn{};
  int empty = 0;
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    const FaultMix all = FaultMix::draw(seed, FaultSet::all());
    FaultSet fewer = FaultSet::all();
    fewer.remove(Fault::slow);
    const FaultMix without_slow = FaultMix::draw(seed, fewer);
    for (std::size_t i = 0; i != fault_count; ++i) {
      const Fault fault = static_cast<Fault>(i);
      if (all.has(fault)) ++drawn[i];
      REQUIRE(without_slow.rate(fault) == (fault == Fault::slow ? 0 : all.rate(fault)));
    }
    REQUIRE(FaultMix::draw(seed, FaultSet::none()).empty());
    if (all.empty()) ++empty;
  }
  CHECK(empty < 20);  // hardly a run is without any
  for (const int count : drawn) {
    CHECK(count > 20);   // each kind exists in some runs,
    CHECK(count < 380);  // and lacks in others
  }
}

TEST_CASE("every fault has a name by which it is found", "[simulation]") {
  for (std::size_t i = 0; i != fault_count; ++i) {
    REQUIRE(fault_named(fault_names[i]) == static_cast<Fault>(i));
    REQUIRE(to_string(static_cast<Fault>(i)) == fault_names[i]);
  }
  CHECK_FALSE(fault_named("none").has_value());
}

TEST_CASE("a workload is the same for its seed, in the order of its times, and can be filtered", "[simulation]") {
  SimulationOptions options;
  options.works = 200;
  const FaultMix mix = FaultMix::draw(3, FaultSet::all());
  const SteadyTime begin(seconds{5});
  const std::vector<Work> works = draw_workload(3, begin, 2, options, mix);
  const std::vector<Work> again = draw_workload(3, begin, 2, options, mix);
  REQUIRE(works.size() == 200);
  std::array<int, 3> kinds{};
  for (std::size_t i = 0; i != works.size(); ++i) {
    CHECK(works[i].number == i + 1);
    CHECK(describe(works[i], begin) == describe(again[i], begin));
    CHECK((i == 0 || works[i].at >= works[i - 1].at));
    ++kinds[static_cast<std::size_t>(works[i].kind)];
  }
  for (const int count : kinds) CHECK(count > 5);
  const std::vector<Work> fewer = without(works, {1, 7});
  REQUIRE(fewer.size() == 198);
  CHECK(fewer.front().number == 2);
  CHECK(fewer[5].number == 8);
}
