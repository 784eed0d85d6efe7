// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// What a caller knows an operation by leads from its intent back to it.
#include <string>

#include <patchbay/journal/show.hpp>

#include "mortal.hpp"

using namespace patchbay;
using namespace patchbay::tests;

TEST_CASE("a request's label stands with its intent, bounded and harmless", "[journal]") {
  World world;
  {
    StateTransitioner door{world.policies(), world.settings};
    REQUIRE(door.transition(
        TransitionRequest{std::string(document_interaction), std::string(document_flow), "MainMenu", "BillingInquiry"}
            .label("move \"7\"")));
    HoldController holds{world.policies(), world.settings};
    REQUIRE(holds.hold(HoldRequest{document_interaction, "consultation", 5}.label("hold\n7")));
    REQUIRE(holds.unhold(UnholdRequest{document_interaction, 5}.label(std::string(1000, 'l'))));
    REQUIRE(holds.hold(HoldRequest{second_interaction, "consultation", 5}));
  }
  std::string all;
  REQUIRE(write_json_lines(*world.disk, [&](std::string_view line) {
    if (line.find("\"kind\":\"intent\"") != std::string_view::npos) all.append(line).push_back('\n');
  }));
  INFO(all);
  CHECK(all.find(R"("detail":"move \"7\"")") != std::string::npos);
  CHECK(all.find(R"("detail":"hold)") != std::string::npos);
  CHECK(all.find("hold\n7") == std::string::npos);
  CHECK(all.find(std::string(250, 'l')) != std::string::npos);
  CHECK(all.find(std::string(257, 'l')) == std::string::npos);
}
