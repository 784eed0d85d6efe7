// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <cstdint>
#include <list>
#include <optional>
#include <random>
#include <string>

#include <patchbay/protocol/interaction_memory.hpp>

#include <support/catch.hpp>

using namespace patchbay;

namespace {

constexpr SteadyTime start{seconds{1'000}};
const std::string origin = "https://api.example.com";

InteractionSnapshot at(std::string_view node, std::string_view etag, std::string_view transition_id = "t-1") {
  InteractionSnapshot out;
  out.etag = etag;
  out.flow_node = node;
  out.has_flow_node = true;
  out.transition_id = transition_id;
  return out;
}

/// The ETag that is recalled; empty when nothing is.
std::string recalled(InteractionMemory& memory, std::string_view interaction, std::string_view node, SteadyTime now = start) {
  InteractionSnapshot out;
  return memory.recall(now, origin, interaction, node, out) ? out.etag : std::string{};
}

}  // namespace

TEST_CASE("what was seen together is recalled together, once", "[memory][I1]") {
  InteractionMemory memory;
  memory.remember(start, origin, "i", at("Menu", "\"5\"", "t-9"));
  CHECK(memory.size() == 1);
  InteractionSnapshot out = at("Other", "\"0\"", "t-0");
  out.state = "closed";
  REQUIRE(memory.recall(start, origin, "i", "Menu", out));
  CHECK(out.etag == "\"5\"");
  CHECK((out.has_flow_node && out.flow_node == "Menu"));
  CHECK(out.transition_id == "t-9");
  CHECK(out.state.empty());
  CHECK_FALSE(out.weak_etag);
  CHECK(memory.size() == 0);
  CHECK(recalled(memory, "i", "Menu").empty());
}

TEST_CASE("an interaction at another node, another one, or one of another cloud is not recalled", "[memory]") {
  InteractionMemory memory;
  memory.remember(start, origin, "i", at("Menu", "\"5\""));
  InteractionSnapshot out;
  CHECK_FALSE(memory.recall(start, origin, "i", "Billing", out));
  CHECK_FALSE(memory.recall(start, origin, "j", "Menu", out));
  CHECK_FALSE(memory.recall(start, "https://api.example.org", "i", "Menu", out));
  CHECK(out.etag.empty());
  CHECK(recalled(memory, "i", "Menu") == "\"5\"");  // none of them took it away
}

TEST_CASE("what nothing could be tried with is not remembered, and what was known before is forgotten", "[memory][A3]") {
  const auto forgets = [](const InteractionSnapshot& seen) {
    InteractionMemory memory;
    memory.remember(start, origin, "i", at("Menu", "\"5\""));
    memory.remember(start, origin, "i", seen);
    return memory.size() == 0 && recalled(memory, "i", seen.flow_node).empty() && recalled(memory, "i", "Menu").empty();
  };
  CHECK(forgets(at("Menu", "")));
  InteractionSnapshot weak = at("Menu", "");
  weak.weak_etag = true;
  CHECK(forgets(weak));
  InteractionSnapshot nowhere = at("", "\"6\"");
  nowhere.has_flow_node = false;
  CHECK(forgets(nowhere));
  for (const char* state : {"closed", "abandoned"}) {
    InteractionSnapshot over = at("Menu", "\"6\"");
    over.state = state;
    CHECK(forgets(over));
  }
  CHECK(forgets(at(std::string(513, 'n'), "\"6\"")));
  CHECK(forgets(at("Menu", "\"6\"", std::string(513, 't'))));
  CHECK_FALSE(forgets(at(std::string(512, 'n'), "\"6\"")));

  InteractionMemory memory;
  memory.remember(start, origin, "i", at("Menu", "\"5\""));
  memory.remember(start, origin, "j", at("Menu", ""));
  CHECK(memory.size() == 1);
  memory.remember(start, origin, "i", at("Menu", ""));
  CHECK(memory.size() == 0);
  memory.remember(start, origin, "i", at("Menu", ""));
  CHECK(memory.size() == 0);
}

TEST_CASE("what is too old is forgotten, and so is what another clock will see", "[memory]") {
  InteractionMemory memory(10, seconds{60});
  memory.remember(start, origin, "i", at("Menu", "\"5\""));
  memory.remember(start, origin, "j", at("Menu", "\"6\""));
  memory.remember(start, origin, "k", at("Menu", "\"7\""));
  CHECK(recalled(memory, "i", "Menu", start + seconds{60}) == "\"5\"");
  CHECK(recalled(memory, "j", "Menu", start + seconds{60} + Duration{1}).empty());
  CHECK(recalled(memory, "k", "Menu", start - Duration{1}).empty());
  CHECK(memory.size() == 0);
}

TEST_CASE("beyond the capacity the one that was remembered longest ago makes room", "[memory][I20]") {
  InteractionMemory memory(3);
  for (const char* id : {"a", "b", "c"}) memory.remember(start, origin, id, at("Menu", "\"1\""));
  memory.remember(start, origin, "a", at("Menu", "\"2\""));  // now "b" is the oldest
  memory.remember(start, origin, "d", at("Menu", "\"3\""));
  CHECK(memory.size() == 3);
  CHECK(recalled(memory, "b", "Menu").empty());
  CHECK(recalled(memory, "a", "Menu") == "\"2\"");
  memory.remember(start, origin, "e", at("Menu", "\"4\""));  // in the place that "a" left, although "c" is older
  CHECK(recalled(memory, "c", "Menu") == "\"1\"");
  CHECK(recalled(memory, "d", "Menu") == "\"3\"");
  CHECK(recalled(memory, "e", "Menu") == "\"4\"");

  InteractionMemory none(0);
  none.remember(start, origin, "a", at("Menu", "\"1\""));
  CHECK(none.size() == 0);
  CHECK(recalled(none, "a", "Menu").empty());
}

TEST_CASE("the memory does as a plain list would, whatever the order of calls", "[memory][property]") {
  struct Known {
    std::string id, etag, node;
    SteadyTime seen;
  };
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    INFO("seed " << seed);
    std::mt19937_64 random(seed);
    const std::size_t capacity = 1 + random() % 90;
    InteractionMemory memory(capacity, seconds{50});
    std::list<Known> model;  // oldest first
    SteadyTime now = start;
    int wrong = 0;
    for (int step = 0; step < 2'000; ++step) {
      now += milliseconds{random() % 700};
      const std::string id = "i-" + std::to_string(random() % 120);
      const std::string node = random() % 2 == 0 ? "A" : "B";
      std::optional<std::list<Known>::iterator> found;
      for (auto each = model.begin(); each != model.end(); ++each)
        if (each->id == id) found = each;
      switch (random() % 5) {
        case 0: {
          std::string expected;
          if (found && now - (*found)->seen > seconds{50}) {
            model.erase(*found);
          } else if (found && (*found)->node == node) {
            expected = (*found)->etag;
            model.erase(*found);
          }
          if (recalled(memory, id, node, now) != expected) ++wrong;
          break;
        }
        case 1:
          memory.remember(now, origin, id, at(node, ""));
          if (found) model.erase(*found);
          break;
        default: {
          const std::string etag = '"' + std::to_string(step) + '"';
          memory.remember(now, origin, id, at(node, etag));
          if (found) model.erase(*found);
          if (model.size() == capacity) model.pop_front();
          model.push_back({id, etag, node, now});
          break;
        }
      }
      if (memory.size() != model.size()) ++wrong;
    }
    CHECK(wrong == 0);
  }
}
