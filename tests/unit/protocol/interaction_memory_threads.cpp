// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include <patchbay/protocol/interaction_memory.hpp>

#include <support/catch.hpp>

using namespace patchbay;

TEST_CASE("threads recall each version at most once, with the node that it was remembered with", "[memory][threads][I1]") {
  constexpr int threads = 4, rounds = 4'000, interactions = 5;
  InteractionMemory memory(3);  // fewer than there are, so that places change hands
  std::atomic<int> next{0}, torn{0};
  std::vector<std::atomic<int>> recalled(threads * rounds);
  std::vector<std::thread> all;
  for (int thread = 0; thread < threads; ++thread)
    all.emplace_back([&, thread] {
      InteractionSnapshot seen;
      for (int round = 0; round < rounds; ++round) {
        // Each is asked for twice in a row, so that even a thread alone recalls what it remembered.
        const std::string id = "interaction-" + std::to_string((thread + round / 2) % interactions);
        const std::string node = "a node of a length that needs memory " + std::to_string(round / 2 % 2);
        if (memory.recall({}, "origin", id, node, seen)) {
          const int number = std::stoi(seen.etag);
          ++recalled[static_cast<std::size_t>(number)];
          if (seen.flow_node != node || seen.transition_id != id + "/" + std::to_string(number) + "/" + node) ++torn;
        } else {
          const int number = next++;
          seen.clear();
          seen.etag = std::to_string(number);
          seen.has_flow_node = true;
          seen.flow_node = node;
          seen.transition_id = id + "/" + std::to_string(number) + "/" + node;
          memory.remember({}, "origin", id, seen);
        }
        if (memory.size() > 3) ++torn;
      }
    });
  for (std::thread& each : all) each.join();
  CHECK(torn == 0);
  int hits = 0, twice = 0;
  for (const std::atomic<int>& each : recalled) {
    hits += each;
    twice += each > 1;
  }
  CHECK(twice == 0);
  CHECK(hits > 0);
}
