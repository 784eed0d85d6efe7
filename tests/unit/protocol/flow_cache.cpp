// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/protocol/flow_cache.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <patchbay/json/read.hpp>
#include <support/catch.hpp>

#include "bench.hpp"

using namespace patchbay;
using namespace patchbay::tests;

namespace {

constexpr SteadyTime start{std::chrono::hours{9}};

std::shared_ptr<const FlowGraph> graph(std::string_view version) {
  JsonReader reader;
  Body body;
  body.assign(R"({"id":"f","version":")" + std::string(version) + R"(","nodes":[]})");
  auto parsed = FlowGraph::parse(body, reader);
  REQUIRE(parsed);
  return std::make_shared<const FlowGraph>(std::move(*parsed));
}

/// One operation that wants a flow.
struct Asker {
  Turn ask(FlowCache& flows, SteadyTime now, std::string_view id = "f", std::string_view version = {}) {
    return flows.ask(now, id, version, waiter, ticket, flow, etag, error);
  }
  Sleeper sleeper;
  Waiter waiter{sleeper};
  SingleFlight::Ticket ticket = 0;
  std::shared_ptr<const FlowGraph> flow;
  std::string etag;
  std::optional<Error> error;
};

void publish(FlowCache& flows, SteadyTime now, std::string_view version, std::string_view id = "f",
             std::string_view etag = {}) {
  flows.expire(id);
  Asker leader;
  REQUIRE(leader.ask(flows, now, id) == Turn::lead);
  flows.publish(now, id, graph(version), etag);
}

}  // namespace

TEST_CASE("a flow is fetched by one while the others wait for it", "[flow_cache][A26]") {
  FlowCache flows;
  Asker leader, one, other;
  CHECK(leader.ask(flows, start) == Turn::lead);
  CHECK(leader.etag.empty());
  CHECK(one.ask(flows, start) == Turn::wait);
  CHECK(other.ask(flows, start, "another") == Turn::lead);  // flows do not wait for one another
  flows.publish(start, "f", graph("1"), "\"e\"");
  CHECK(one.sleeper.wakes == 1);
  CHECK(one.ask(flows, start) == Turn::use);
  CHECK(one.flow->version() == "1");
  CHECK(other.sleeper.wakes == 0);
}

TEST_CASE("one that waited is served by that fetch even when nothing stays fresh", "[flow_cache]") {
  FlowCache flows(Duration::zero());
  Asker leader, waiter, later;
  (void)leader.ask(flows, start);
  (void)waiter.ask(flows, start);
  flows.publish(start, "f", graph("1"), {});
  CHECK(leader.ask(flows, start + seconds{9}) == Turn::use);
  CHECK(waiter.ask(flows, start + seconds{9}) == Turn::use);
  CHECK(later.ask(flows, start + seconds{9}) == Turn::lead);
}

TEST_CASE("the lead passes on when it is given up, and a failure is shared by those who waited alone", "[flow_cache]") {
  FlowCache flows;
  Asker leader, waiter, later;
  (void)leader.ask(flows, start);
  (void)waiter.ask(flows, start);
  SECTION("given up") {
    flows.abandon("f");
    CHECK(waiter.sleeper.wakes == 1);
    CHECK(later.ask(flows, start) == Turn::lead);
    Asker again;
    again.ticket = waiter.ticket;
    CHECK(again.ask(flows, start) == Turn::wait);
    CHECK_FALSE(again.error);
  }
  SECTION("failed") {
    flows.fail_fetch("f", Error(ErrorCode::not_found, "no such flow"));
    CHECK(waiter.ask(flows, start) == Turn::failed);
    REQUIRE(waiter.error);
    CHECK(waiter.error->code() == ErrorCode::not_found);
    CHECK(later.ask(flows, start) == Turn::lead);
  }
}

TEST_CASE("a copy serves until its time is over, is then asked about by its ETag, and may be confirmed",
          "[flow_cache][A26]") {
  FlowCache flows(seconds{60});
  publish(flows, start, "1", "f", "\"e1\"");
  Asker in_time, due, meanwhile, after_it;
  CHECK(in_time.ask(flows, start + seconds{60} - Duration{1}) == Turn::use);
  CHECK(due.ask(flows, start + seconds{60}) == Turn::lead);
  CHECK(due.etag == "\"e1\"");
  CHECK(meanwhile.ask(flows, start + seconds{60}) == Turn::wait);
  flows.confirm(start + seconds{61}, "f");
  CHECK(meanwhile.ask(flows, start + seconds{61}) == Turn::use);
  CHECK(after_it.ask(flows, start + seconds{121} - Duration{1}) == Turn::use);
  CHECK(after_it.flow->version() == "1");
}

TEST_CASE("a definition that came without an ETag is not asked about by the ETag of an older one", "[flow_cache]") {
  FlowCache flows(seconds{60});
  publish(flows, start, "1", "f", "\"e1\"");
  publish(flows, start, "2");
  Asker due;
  REQUIRE(due.ask(flows, start + seconds{60}) == Turn::lead);
  CHECK(due.etag.empty());
}

TEST_CASE("the last four versions are kept for those who pin one, whatever their age", "[flow_cache][A26]") {
  FlowCache flows(seconds{60});
  for (const char* version : {"1", "2", "3", "4", "5"}) publish(flows, start, version);
  const SteadyTime late = start + std::chrono::hours{10};
  for (const char* version : {"2", "3", "4", "5"}) {
    Asker asker;
    INFO(version);
    REQUIRE(asker.ask(flows, late, "f", version) == Turn::use);
    CHECK(asker.flow->version() == version);
  }
  Asker forgotten;
  CHECK(forgotten.ask(flows, late, "f", "1") == Turn::lead);
  flows.abandon("f");
  SECTION("one that is deployed again is the deployed one, and kept once") {
    publish(flows, start, "3");
    Asker any;
    REQUIRE(any.ask(flows, start) == Turn::use);
    CHECK(any.flow->version() == "3");
    Asker second;
    CHECK(second.ask(flows, late, "f", "2") == Turn::use);
  }
}

TEST_CASE("a version that is not the deployed one and is unknown comes with the deployed one, to be refused",
          "[flow_cache]") {
  FlowCache flows;
  publish(flows, start, "1");
  Asker asker;
  REQUIRE(asker.ask(flows, start, "f", "9") == Turn::use);
  CHECK(asker.flow->version() == "1");
  CHECK_FALSE(flows.try_use(start, "f", "9"));
}

TEST_CASE("expiring a flow makes the next one fetch it, and keeps its versions for those who pin them",
          "[flow_cache]") {
  FlowCache flows;
  flows.expire("f");  // unknown: nothing to do
  publish(flows, start, "1");
  flows.expire("f");
  CHECK_FALSE(flows.try_use(start, "f", {}));
  Asker pinned, next;
  CHECK(pinned.ask(flows, start, "f", "1") == Turn::use);
  CHECK(next.ask(flows, start) == Turn::lead);
}

TEST_CASE("the flow that was used longest ago makes room", "[flow_cache][I20]") {
  FlowCache flows(seconds{60}, 3);
  for (const char* id : {"a", "b", "c"}) publish(flows, start, "1", id);
  CHECK(flows.try_use(start, "a", {}));  // the short way counts as use
  Asker b;
  CHECK(b.ask(flows, start, "b") == Turn::use);
  publish(flows, start, "1", "d");  // in place of c
  CHECK(flows.try_use(start, "a", {}));
  CHECK(flows.try_use(start, "b", {}));
  CHECK(flows.try_use(start, "d", {}));
  CHECK_FALSE(flows.try_use(start, "c", {}));
}

TEST_CASE("a flow that is being fetched is never thrown out; when all are, there is no room", "[flow_cache][I20]") {
  FlowCache flows(seconds{60}, 2);
  Asker a, b, refused, waiter;
  CHECK(a.ask(flows, start, "a") == Turn::lead);
  CHECK(b.ask(flows, start, "b") == Turn::lead);
  CHECK(waiter.ask(flows, start, "a") == Turn::wait);
  CHECK(refused.ask(flows, start, "c") == Turn::full);
  CHECK(refused.ask(flows, start, "c") == Turn::full);
  flows.abandon("b");
  CHECK(refused.ask(flows, start, "c") == Turn::lead);  // in place of b, although a is older
  flows.publish(start, "a", graph("1"), {});
  CHECK(waiter.ask(flows, start, "a") == Turn::use);
  SECTION("a cache of nothing holds one") {
    FlowCache least(seconds{60}, 0);
    publish(least, start, "1");
    CHECK(least.try_use(start, "f", {}));
  }
}

TEST_CASE("what was taken from the cache outlives its place in it", "[flow_cache]") {
  FlowCache flows(seconds{60}, 1);
  publish(flows, start, "1", "a");
  const auto held = flows.try_use(start, "a", {});
  publish(flows, start, "2", "b");
  CHECK_FALSE(flows.try_use(start, "a", {}));
  CHECK(held->version() == "1");
}

TEST_CASE("the short way to a flow gives what the long way gives, or nothing", "[flow_cache]") {
  for (const int age : {0, 30, 59, 60, 61})
    for (const char* version : {"", "1", "2", "3"}) {
      FlowCache flows(seconds{60});
      publish(flows, start, "1");
      publish(flows, start, "2");
      const SteadyTime now = start + seconds{age};
      const auto quick = flows.try_use(now, "f", version);
      Asker asker;
      const Turn turn = asker.ask(flows, now, "f", version);
      INFO(age << " " << version);
      if (quick) {
        REQUIRE(turn == Turn::use);
        CHECK(quick == asker.flow);
      } else if (turn == Turn::use) {
        CHECK(*version != '\0');  // only those who pin a version may need the long way
      }
      CHECK((quick != nullptr) == (age < 60 && (*version == '\0' || *version == '2')));
    }
}

TEST_CASE("one who stops waiting for a flow is not touched any more", "[flow_cache]") {
  FlowCache flows;
  Asker leader;
  (void)leader.ask(flows, start);
  {
    Asker gone;
    (void)gone.ask(flows, start);
    flows.forget("f", gone.waiter);
    flows.forget("unknown", gone.waiter);
  }
  flows.publish(start, "f", graph("1"), {});  // the address sanitizer watches
  CHECK(flows.try_use(start, "f", {}));
}

TEST_CASE("a definition that is fetched again and says the same keeps the index that was built", "[flow_cache][reachability]") {
  FlowCache flows(seconds{60});
  const auto latest = [&] {
    Asker asker;
    REQUIRE(asker.ask(flows, start) == Turn::use);
    return asker.flow;
  };
  publish(flows, start, "1");
  const auto first = latest();
  const ReachabilityIndex* const index = &first->index();
  publish(flows, start, "2");
  const auto second = latest();
  CHECK(second != first);
  publish(flows, start, "1");  // rolled back
  CHECK(latest() == first);
  CHECK(latest()->index_if_built() == index);
  // The same version that says something else, as a draft may, replaces the older one.
  JsonReader reader;
  auto changed = FlowGraph::parse(R"({"id":"f","version":"1","nodes":[{"id":"a"}]})", reader);
  REQUIRE(changed);
  flows.expire("f");
  Asker leader;
  REQUIRE(leader.ask(flows, start) == Turn::lead);
  flows.publish(start, "f", std::make_shared<const FlowGraph>(std::move(*changed)), {});
  CHECK(latest() != first);
  CHECK(latest()->node_count() == 1);
}
