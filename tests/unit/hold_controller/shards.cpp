// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/hold_shards.hpp>

#include <algorithm>
#include <array>
#include <cctype>
#include <string>

#include <patchbay/hold_controller.hpp>
#include <patchbay/testing/simulated_cloud.hpp>

#include <support/catch.hpp>

using namespace patchbay;
using namespace patchbay::testing;

namespace {

struct Numbered {
  explicit Numbered(std::size_t i) : index(i) {}
  Numbered(const Numbered&) = delete;
  Numbered& operator=(const Numbered&) = delete;
  std::size_t index;
};

std::string interaction(int i) {
  const std::string digits = std::to_string(i);
  return "550E8400-e29b-41d4-a716-" + std::string(12 - digits.size(), '0') + digits;
}

}  // namespace

TEST_CASE("an interaction belongs to one shard, whatever the case of its id", "[shards]") {
  const HoldShards shards(4, [](std::size_t i) { return Numbered(i); });
  CHECK(shards.size() == 4);
  std::array<int, 4> share{};
  for (int i = 0; i < 4000; ++i) {
    const std::string id = interaction(i);
    std::string small = id;
    std::transform(small.begin(), small.end(), small.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    REQUIRE(&shards.of(id) == &shards.of(small));
    ++share[shards.of(id).index];
  }
  for (const int each : share) CHECK(each > 850);
  // The same on every machine and in every run: another number here would part holds from their watchdogs.
  CHECK(shards.of("550e8400-e29b-41d4-a716-446655440000").index == 2);
  CHECK(HoldShards(0, [](std::size_t i) { return Numbered(i); }).size() == 1);
}

TEST_CASE("holds are spread over several channels, and each is released where it was made", "[shards][I11]") {
  ManualClock clock;
  SimulatedCloud cloud(clock);
  constexpr int count = 40;
  cloud.change([&](CloudModel& model) {
    for (int i = 0; i < count; ++i) model.add(CloudInteraction(interaction(i)));
  });
  Settings settings;
  settings.base_url = "https://api.example.com";
  settings.tokens = std::make_shared<TokenSource>(
      TokenSettings{.login_url = "https://login.example.com", .client_id = "client", .client_secret = Secret("s")});
  HoldShards shards(3, [&](std::size_t) { return HoldController{Policies{.transport = cloud, .clock = clock}, settings}; });
  for (int i = 0; i < count; ++i) REQUIRE(shards.of(interaction(i)).hold(HoldRequest{interaction(i), "consultation", 5}));
  CHECK(cloud.channels().size() == 3);
  std::size_t held = 0;
  shards.each([&](auto& door) {
    CHECK(door.held().size() > 5);
    held += door.held().size();
  });
  CHECK(held == count);
  for (int i = 0; i < count; ++i) REQUIRE(shards.of(interaction(i)).unhold(UnholdRequest{interaction(i), 5}));
  shards.each([](auto& door) { CHECK(door.held().empty()); });
}
