// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// A hold whose process died, and a release by the next one before anything was looked at.
#include <map>
#include <string>

#include <patchbay/journal/show.hpp>

#include "mortal.hpp"

using namespace patchbay;
using namespace patchbay::tests;

namespace {

std::string member(std::string_view line, std::string_view name) {
  const std::string key = "\"" + std::string(name) + "\":";
  const std::size_t at = line.find(key);
  if (at == std::string_view::npos) return {};
  std::string_view value = line.substr(at + key.size());
  if (value.starts_with('"')) return std::string(value.substr(1, value.find('"', 1) - 1));
  return std::string(value.substr(0, value.find_first_of(",}")));
}

}  // namespace

TEST_CASE("a hold that was released before anybody looked is never called not applied when it was", "[journal][I4]") {
  bool undecided = false, not_sent = false;
  for (const bool rotated : {false, true}) {
    for (std::size_t steps = 1; steps < 60; ++steps) {
      INFO("dead after " << steps << " steps");
      World world;
      world.begin(steps);
      if (!world.settings.journal) continue;
      {
        HoldController door{world.policies(), world.settings};
        static_cast<void>(door.hold(HoldRequest{document_interaction, "consultation", 5}));
      }
      const bool lived = !world.life.over();
      // What is open is carried over from segment to segment.
      if (rotated) world.options.segment_bytes = 4096;
      world.crash();
      HoldController door{world.policies(), world.settings};
      REQUIRE(door.unhold(UnholdRequest{document_interaction, 5}));
      if (rotated)
        for (int i = 0; i < 30; ++i) REQUIRE(door.unhold(UnholdRequest{second_interaction, 5}));
      const auto report = door.recover();
      REQUIRE(report);
      CHECK(report->complete());
      CHECK_FALSE(world.held());

      std::map<std::string, std::string> operations;  // by the positions of their intents
      REQUIRE(write_json_lines(*world.disk, [&](std::string_view line) {
        const std::string kind = member(line, "kind");
        if (kind == "intent") operations[member(line, "position")] = member(line, "operation");
        if (kind != "recovery") return;
        const std::string id = operations[member(line, "intent")];
        const std::size_t times = world.applied(id);
        INFO(line);
        CHECK((member(line, "outcome") != "not_applied" || times == 0));
        CHECK((member(line, "outcome") != "applied" || times == 1));
        undecided = undecided || (member(line, "outcome") == "unknown" && times == 1);
        not_sent = not_sent || times == 0;
      }));
      if (lived) break;
    }
  }
  CHECK(undecided);  // the case that this is about has happened
  CHECK(not_sent);   // and the one that looks the same from here
}
