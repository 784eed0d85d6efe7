// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// Warm transitions against the simulated cloud, which knows what really happened: beside other writers, under faults, and
// where the answers lie about versions.
#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <patchbay/state_transitioner.hpp>
#include <patchbay/testing/simulated_cloud.hpp>

#include <support/catch.hpp>

using namespace patchbay;
using patchbay::testing::AppliedOperation;
using patchbay::testing::CloudInteraction;
using patchbay::testing::CloudModel;
using patchbay::testing::CloudOptions;
using patchbay::testing::EtagPlace;
using patchbay::testing::FaultKind;
using patchbay::testing::FaultPlan;
using patchbay::testing::HttpFault;
using patchbay::testing::ManualClock;
using patchbay::testing::SimulatedCloud;
using patchbay::testing::WriteAnswer;

namespace {

const std::string ring_flow = "ring";
const std::vector<std::string> ring_nodes{"A", "B", "C"};
const std::vector<std::string> ring_interactions{"one", "two", "three"};

Settings warm_settings(std::shared_ptr<InteractionMemory> memory, std::uint64_t seed) {
  Settings settings;
  settings.base_url = "https://api.example.com";
  settings.tokens = std::make_shared<TokenSource>(TokenSettings{
      .login_url = "https://login.example.com", .client_id = "client", .client_secret = Secret("secret")});
  settings.random = std::make_shared<RandomSource>(seed);
  settings.transition.remember = std::move(memory);
  return settings;
}

void furnish(SimulatedCloud& cloud) {
  cloud.change([](CloudModel& model) {
    model.set_flow(ring_flow, R"({"id":"ring","nodes":[{"id":"A","transitions":[{"targetId":"B"}]},)"
                            R"({"id":"B","transitions":[{"targetId":"C"}]},{"id":"C","transitions":[{"targetId":"A"}]}]})");
    for (const std::string& id : ring_interactions) {
      model.add(CloudInteraction(id));
      (void)model.move(id, "A");
    }
  });
}

std::string node_of(const SimulatedCloud& cloud, const std::string& id) {
  return cloud.inspect([&](const CloudModel& model) {
    const std::string* const json = model.find(id)->attribute("flow_node");
    return json->substr(1, json->size() - 2);
  });
}

/// What one transition was asked to do and said of itself.
struct Claim {
  std::string id, interaction, from, to;
  bool applied, known;
};

/// A cloud between client and cloud, which changes the ETag of answers to writes.
class LyingCloud {
 public:
  explicit LyingCloud(SimulatedCloud cloud) : cloud_(std::move(cloud)) {}
  TransportResult<void> send(const HttpRequest& request, HttpResponse& response, SteadyTime deadline) {
    auto sent = cloud_.send(request, response, deadline);
    if (request.name != "interaction.patch" || !sent) return sent;
    // Some other version, that never was or has passed; what the body says is withheld.
    const auto version = std::string(response.headers.find("ETag").value_or("\"0\""));
    const std::string body(response.body.view());
    const int status = response.status;
    response.clear();
    response.status = status;
    if (status >= 400) response.body.assign(body);
    switch (++count_ % 4) {
      case 0: response.headers.add("ETag", version); break;
      case 1: response.headers.add("ETag", "\"1\""); break;
      case 2: response.headers.add("ETag", "\"never\""); break;
      case 3: break;
    }
    return sent;
  }

 private:
  SimulatedCloud cloud_;
  int count_ = 0;
};

/// Goes through the cloud's own history of each interaction: every write of ours is legal from where it found the
/// interaction, and what was said of it is true.
void check_history(const SimulatedCloud& cloud, const std::vector<Claim>& claims) {
  std::map<std::string, const Claim*> by_id;
  for (const Claim& each : claims) by_id[each.id] = &each;
  const auto history = cloud.inspect([](const CloudModel& model) { return model.operations(); });
  std::map<std::string, std::string> at;
  std::map<std::string, int> applied;
  int lost = 0;
  for (const AppliedOperation& each : history) {
    if (each.node.empty()) continue;
    const std::string node = each.node.substr(1, each.node.size() - 2);
    if (each.kind == AppliedOperation::Kind::transition) {
      ++applied[each.id];
      const auto found = by_id.find(each.id);
      // From the node that the interaction was at when it was applied, by one version: nothing was overwritten unseen.
      if (found == by_id.end() || found->second->from != at[each.interaction] || found->second->to != node) ++lost;
    }
    at[each.interaction] = node;
  }
  CHECK(lost == 0);
  int untrue = 0;
  for (const Claim& each : claims) {
    const int times = applied.contains(each.id) ? applied[each.id] : 0;
    if (times > 1 || (each.known && times != (each.applied ? 1 : 0))) ++untrue;
  }
  CHECK(untrue == 0);
}

}  // namespace

TEST_CASE("a warm chain of transitions takes one request each, as the cloud counts them", "[transition][warm][simulated]") {
  for (const WriteAnswer answer : {WriteAnswer::attributes, WriteAnswer::plain, WriteAnswer::no_content}) {
    for (const EtagPlace place : {EtagPlace::header, EtagPlace::body, EtagPlace::header_and_body}) {
      if (answer == WriteAnswer::no_content && place == EtagPlace::body) continue;  // it has no body to stand in
      ManualClock clock;
      CloudOptions options;
      options.write_answer = answer;
      options.etag = place;
      SimulatedCloud cloud(clock, options);
      furnish(cloud);
      StateTransitioner door{Policies{.transport = cloud, .clock = clock}, warm_settings(std::make_shared<InteractionMemory>(), 1)};
      REQUIRE(door.transition(TransitionRequest("one", ring_flow, "A", "B")));
      const std::size_t before = cloud.exchanges();
      for (std::size_t i = 1; i < 31; ++i) {
        const auto moved = door.transition(TransitionRequest("one", ring_flow, ring_nodes[i % 3], ring_nodes[(i + 1) % 3]));
        REQUIRE(moved);
        CHECK(moved->warm);
      }
      CHECK(cloud.exchanges() == before + 30);
    }
  }
}

TEST_CASE("where versions are weak or not shown after a write, nothing is remembered, and reads go on", "[transition][warm][simulated][A3]") {
  ManualClock clock;
  CloudOptions options;
  options.etag = EtagPlace::body;
  options.write_answer = WriteAnswer::no_content;
  SimulatedCloud cloud(clock, options);
  furnish(cloud);
  StateTransitioner door{Policies{.transport = cloud, .clock = clock}, warm_settings(std::make_shared<InteractionMemory>(), 1)};
  REQUIRE(door.transition(TransitionRequest("one", ring_flow, "A", "B")));
  const std::size_t before = cloud.exchanges();
  const auto moved = door.transition(TransitionRequest("one", ring_flow, "B", "C"));
  REQUIRE(moved);
  CHECK_FALSE(moved->warm);
  CHECK(cloud.exchanges() == before + 2);
}

TEST_CASE("answers that lie about the version cost refused writes and readings, and nothing else", "[transition][warm][simulated][I1]") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    INFO("seed " << seed);
    ManualClock clock;
    SimulatedCloud cloud(clock);
    furnish(cloud);
    StateTransitioner door{Policies{.transport = LyingCloud(cloud), .clock = clock},
                           warm_settings(std::make_shared<InteractionMemory>(), seed)};
    std::vector<Claim> claims;
    for (std::size_t i = 0; i < 40; ++i) {
      const auto moved = door.transition(TransitionRequest("one", ring_flow, ring_nodes[i % 3], ring_nodes[(i + 1) % 3]));
      REQUIRE(moved);
      claims.push_back({moved->transition_id, "one", ring_nodes[i % 3], ring_nodes[(i + 1) % 3], true, true});
    }
    check_history(cloud, claims);
    CHECK(door.metrics()[TransitionCount::warm_conflicts] > 0);
    CHECK(door.metrics()[TransitionCount::warm_writes] > door.metrics()[TransitionCount::warm_conflicts]);
  }
}

TEST_CASE("beside other writers, under faults and with two doors, no write overtakes another's and every outcome is true",
          "[transition][warm][simulated][I1][I4][I5][property]") {
  std::uint64_t warm = 0, warm_conflicts = 0, unknown = 0, applied = 0, stale = 0;
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    INFO("seed " << seed);
    std::mt19937_64 random(seed);
    ManualClock clock;
    CloudOptions options;
    options.stale_status = random() % 2 == 0 ? 412 : 409;
    options.write_answer = static_cast<WriteAnswer>(random() % 3);
    SimulatedCloud cloud(clock, options);
    furnish(cloud);
    const auto memory = std::make_shared<InteractionMemory>(1 + random() % 4, seconds{random() % 2 == 0 ? 5 : 500});
    StateTransitioner one{Policies{.transport = cloud, .clock = clock}, warm_settings(memory, seed)};
    StateTransitioner two{Policies{.transport = cloud, .clock = clock}, warm_settings(memory, seed + 1'000)};
    const std::uint64_t fault_rate = random() % 3, writer_rate = random() % 3;
    std::vector<Claim> claims;
    for (int step = 0; step < 40; ++step) {
      const std::string& id = ring_interactions[random() % ring_interactions.size()];
      if (random() % 4 < writer_rate) {
        cloud.change([&](CloudModel& model) {
          switch (random() % 3) {
            case 0: (void)model.move(id, ring_nodes[random() % 3]); break;
            case 1: (void)model.move(id, ring_nodes[random() % 3], "other-" + std::to_string(step)); break;
            default: (void)model.set_held(id, random() % 2 == 0); break;
          }
        });
      }
      if (random() % 4 < fault_rate) {
        cloud.plan([&](FaultPlan& plan) {
          HttpFault& fault = plan.on(random() % 3 == 0 ? "GET" : "PATCH", "/api/v2/interactions/");
          if (random() % 2 == 0) fault.after_applying();
          switch (random() % 5) {
            case 0: fault.reset(); break;
            case 1: fault.timeout(); break;
            case 2: fault.answer(random() % 2 == 0 ? 503 : 429); break;
            case 3: fault.garbage(); break;
            default:
              // In the midst of the exchange, before it is served.
              fault.applied = false, fault.kind = FaultKind::foreign_write, fault.node = ring_nodes[random() % 3];
              break;
          }
        });
      }
      const std::string from = random() % 5 == 0 ? ring_nodes[random() % 3] : node_of(cloud, id);
      const std::string to = ring_nodes[(static_cast<std::size_t>(from[0] - 'A') + 1) % 3];
      auto& door = random() % 3 == 0 ? two : one;
      const auto moved = door.transition(TransitionRequest(id, ring_flow, from, to));
      const std::string operation = door.audit_log().back().operation_id;
      const bool known = moved || moved.error().outcome() == Outcome::not_applied;
      claims.push_back({operation, id, from, to, moved.has_value(), known});
      applied += moved.has_value();
      unknown += !known;
      stale += !moved && moved.error().code() == ErrorCode::stale_state;
      clock.advance(milliseconds{random() % 1'000});
    }
    check_history(cloud, claims);
    CHECK(memory->size() <= 4);
    warm += one.metrics()[TransitionCount::warm_writes] + two.metrics()[TransitionCount::warm_writes];
    warm_conflicts += one.metrics()[TransitionCount::warm_conflicts] + two.metrics()[TransitionCount::warm_conflicts];
  }
  // Every kind of end was met.
  CHECK(warm > 500);
  CHECK(warm_conflicts > 50);
  CHECK(unknown > 5);
  CHECK(applied > 1'000);
  CHECK(stale > 50);
}
