// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/random_source.hpp>

#include <bit>
#include <set>
#include <string>
#include <vector>

#include <patchbay/identifier.hpp>

#include <support/catch.hpp>

using patchbay::RandomSource;

TEST_CASE("a seed gives the same run again, and another seed another", "[random]") {
  RandomSource one(7), same(7), other(8);
  bool differs = false;
  for (int i = 0; i < 100; ++i) {
    const std::uint64_t bits = one.bits();
    CHECK(bits == same.bits());
    differs = differs || bits != other.bits();
    std::string a, b;
    one.uuid(a), same.uuid(b);
    CHECK(a == b);
  }
  CHECK(differs);
  RandomSource entropy, more_entropy;
  CHECK(entropy.bits() != more_entropy.bits());
}

TEST_CASE("identifiers are UUIDs of version 4, written over what was there, and not repeated", "[random]") {
  RandomSource random(3);
  std::set<std::string> seen;
  std::string id = "something much longer than any identifier could ever be, in any form";
  for (int i = 0; i < 20'000; ++i) {
    random.uuid(id);
    REQUIRE(patchbay::is_uuid(id));
    REQUIRE(id[14] == '4');
    REQUIRE(std::string("89ab").find(id[19]) != std::string::npos);
    REQUIRE(id.find_first_of("ABCDEF") == std::string::npos);
    REQUIRE(seen.insert(id).second);
  }
}

TEST_CASE("every bit is set about half of the time", "[random]") {
  RandomSource random(11);
  std::vector<int> set(64);
  constexpr int draws = 20'000;
  for (int i = 0; i < draws; ++i)
    for (std::uint64_t bits = random.bits(); bits != 0; bits &= bits - 1)
      ++set[static_cast<std::size_t>(std::countr_zero(bits))];
  for (const int each : set) CHECK((each > draws / 2 - 500 && each < draws / 2 + 500));  // seven standard deviations
}
