// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// What ends while recovery reads it: the reading is older, for the door and for the journal.
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <patchbay/journal/journal.hpp>
#include <patchbay/testing/simulated_disk.hpp>

#include "../hold_controller/meeting.hpp"
#include "support/catch.hpp"

using namespace patchbay;
using namespace patchbay::tests;

namespace {

/// A door with a journal, whose readings something may happen in the midst of.
class Recovering : public HoldFixture {
 public:
  Recovering() {
    auto opened = Journal::open(std::make_shared<testing::SimulatedDisk>());
    REQUIRE(opened);
    settings.journal = std::move(*opened);
    settings.hold.limit = HoldLimit::release;
    // Only releases are answered.
    peer.on_text([](std::string_view text, ChannelPeer& to) {
      if (member(text, "type") == "unhold") to.deliver(ack_of(text));
    });
  }
  auto meeting() { return door(Meeting(cloud, midst)); }

  ChannelPeer peer = cloud.accept();
  std::shared_ptr<std::function<void()>> midst = std::make_shared<std::function<void()>>();
};

}  // namespace

TEST_CASE("what the door's own release ends while recovery reads it is on hold neither for the door nor for the journal",
          "[journal][recovery][B6][I6][I13]") {
  Recovering f;
  auto door = f.meeting();
  REQUIRE(door.hold(f.hold()).error().code() == ErrorCode::outcome_unknown);
  REQUIRE(door.held().size() == 1);
  f.interaction(R"(,"held":true)");
  door.pump_for(seconds{898} - (f.clock.steady_now() - door.held().front().since));
  *f.midst = [&] {
    door.pump_for(seconds{4});
    CHECK(door.held().empty());
    *f.midst = [&f] { f.interaction(R"(,"held":false)"); };  // what is read next is from after it
  };
  const std::size_t before = f.reads();
  const auto report = door.recover(seconds{60});
  REQUIRE(report);
  CHECK(report->complete());
  CHECK(report->applied == 1);
  CHECK(report->holds_rebuilt == 0);
  CHECK(report->holds_released == 0);
  CHECK(f.reads() == before + 2);
  CHECK(f.peer.sent().size() == 2);
  CHECK(door.held().empty());
  CHECK(f.settings.journal->holds().empty());
}

TEST_CASE("whom somebody else put on hold while recovery went on is not taken for held since the hold before", "[journal][recovery][B5][I6]") {
  Recovering f;
  f.peer.on_text(&acknowledge);
  const std::string second = "650e8400-e29b-41d4-a716-446655440000";
  const auto show_second = [&](std::string_view more) {
    f.cloud.when(Method::get, "/api/v2/interactions/" + second, 200, {{"ETag", "\"1\""}},
                 R"({"id":")" + second + R"(","state":"connected","routingData":{"skillGroup":{"id":"sg-1","name":"Billing"},"orgId":"org-1"})" +
                     std::string(more) + "}");
  };
  show_second("");
  auto door = f.meeting();
  REQUIRE(door.hold(f.hold()));
  REQUIRE(door.hold(HoldRequest{second, "consultation", 5}));
  door.pump_for(seconds{800});
  f.interaction(R"(,"held":true)");
  show_second(R"(,"held":true)");
  *f.midst = [&] { REQUIRE(door.unhold(UnholdRequest{second, 5})); };  // while the first is read
  REQUIRE(door.recover(seconds{1}));
  CHECK(f.settings.journal->hold_of(second));
  REQUIRE(door.held().size() == 2);
  for (const HeldInteraction& each : door.held())
    CHECK((f.clock.steady_now() - each.since < seconds{5}) == (each.interaction == second));
}
