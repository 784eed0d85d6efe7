// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// Whole runs: the same seed gives the same course, every kind of fault strikes, and a failing run is made short.
#include <algorithm>
#include <array>
#include <cstdio>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <patchbay/testing/simulation/shrink.hpp>

#include <support/catch.hpp>

using namespace patchbay;
using namespace patchbay::testing::simulation;

namespace {

/// Notes what a run shows of itself.
class Notes final : public Witness {
 public:
  void submitted(ProcessId, const Work& work) override { numbers.insert(work.number); }
  void ended(ProcessId id, const Work&, const WorkEnd& end) override {
    ++ends;
    if (!end.failed) ++successes;
    if (dead.contains({id.number, id.incarnation})) ++told_by_the_dead;
  }
  void crashed(ProcessId id, SteadyTime) override { dead.insert({id.number, id.incarnation}); }
  void started(ProcessId, SteadyTime) override { ++starts; }
  void attached(ProcessId id, const ProcessView& view, SteadyTime) override {
    on_loop.insert(view.on_loop());
    if (!view.on_loop()) blocking.insert({id.number, id.incarnation});
  }
  void request_left(const ExchangeView& view, SteadyTime) override {
    if (dead.contains({view.process.number, view.process.incarnation})) ++told_by_the_dead;
  }
  void frame_left(ProcessId id, std::uint64_t, std::string_view, SteadyTime) override {
    ++frames;
    if (dead.contains({id.number, id.incarnation})) ++told_by_the_dead;
  }
  void closed(ProcessId id, SteadyTime) override {
    if (heals == 0 && blocking.contains({id.number, id.incarnation})) ++blocking_closed;
  }
  void channel_ended(ProcessId, std::uint64_t, SteadyTime at) override {
    if (heals == 0) ++ends_before_healing;
    else if (quiet == 0 && at > after(healed_at, seconds{1})) ++ends_well_after_healing;  // what was on its way has arrived
  }
  void healed(SteadyTime at) override {
    ++heals;
    healed_at = at;
  }
  void quiescent(SteadyTime) override { ++quiet; }

  std::set<std::uint64_t> numbers;
  std::set<std::pair<int, int>> dead, blocking;
  SteadyTime healed_at = never;
  std::set<bool> on_loop;
  int ends = 0, successes = 0, starts = 0, frames = 0, heals = 0, quiet = 0, told_by_the_dead = 0;
  int blocking_closed = 0, ends_before_healing = 0, ends_well_after_healing = 0;
};

FaultSet only(Fault fault) {
  FaultSet out = FaultSet::none();
  out.add(fault);
  return out;
}

}  // namespace

TEST_CASE("the same seed takes the same course, another one another", "[simulation][I26]") {
  const SimulationOptions options;
  std::set<std::uint64_t> hashes;
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    const Report first = run(seed, options), second = run(seed, options);
    CHECK(first.hash == second.hash);
    CHECK(first.events == second.events);
    hashes.insert(first.hash);
  }
  CHECK(hashes.size() == 6);
}

TEST_CASE("watching a run changes nothing of it", "[simulation][I25]") {
  SimulationOptions options;
  const std::uint64_t alone = run(5, options).hash;
  Notes notes;
  options.witnesses.push_back(&notes);
  CHECK(run(5, options).hash == alone);
  CHECK(notes.ends > 0);
}

TEST_CASE("a trace and a log change nothing of a run, nor its hash, also where loggers throw", "[simulation][I25]") {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> nowhere(std::tmpfile(), &std::fclose);
  REQUIRE(nowhere);
  SimulationOptions options;
  options.faults = only(Fault::throwing).add(Fault::cut);
  options.mix = [](FaultMix& mix) { mix.set(Fault::throwing, 300); };
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    options.logs = false;
    const Report alone = run(seed, options);
    options.logs = true;
    const Report watched = run(seed, options, ClientPolicies<>{}, nowhere.get());
    CHECK(watched.hash == alone.hash);
    CHECK(watched.events == alone.events);
    CHECK(watched.struck == alone.struck);
  }
  CHECK(std::ftell(nowhere.get()) > 0);
}

TEST_CASE("in a calm world both kinds of doors do what they are asked for", "[simulation]") {
  SimulationOptions options;
  options.faults = FaultSet::none();
  for (const Driver driver : {Driver::loop, Driver::blocking}) {
    options.driver = driver;
    int ends = 0, successes = 0;
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
      Notes notes;
      options.witnesses = {&notes};
      const Report report = run(seed, options);
      CHECK(report.ended);
      CHECK(static_cast<std::uint64_t>(notes.ends) == report.operations);
      CHECK(notes.on_loop.contains(driver == Driver::loop || report.workload.empty()));
      CHECK(notes.heals == 1);
      CHECK(notes.quiet == 1);
      CHECK(notes.frames > 0);
      ends += notes.ends, successes += notes.successes;
    }
    CHECK(successes * 2 > ends);
  }
}

TEST_CASE("every kind of fault strikes, and alone it stops nothing from ending", "[simulation]") {
  for (std::size_t i = 0; i != fault_count; ++i) {
    const Fault fault = static_cast<Fault>(i);
    // Some are no event of their own, but how others are, or what all of a run is like.
    if (fault == Fault::odd_retry_after || fault == Fault::short_token || fault == Fault::coarse_clock) continue;
    if (fault == Fault::closing_notice || fault == Fault::ended_channel) continue;  // where the cloud makes the channel: platform_holds.cpp
    CAPTURE(to_string(fault));
    SimulationOptions options;
    options.faults = only(fault);
    if (fault == Fault::power_loss) options.faults.add(Fault::crash);  // which it goes with
    std::uint64_t struck = 0;
    for (std::uint64_t seed = 1; seed <= 200 && struck == 0; ++seed) {
      const FaultMix mix = FaultMix::draw(seed, options.faults);
      if (!mix.has(fault) || (fault == Fault::power_loss && !mix.has(Fault::crash))) continue;
      const Report report = run(seed, options);
      CHECK(report.ended);
      struck += report.struck[i];
    }
    CHECK(struck > 0);
  }
}

TEST_CASE("nothing is heard of a process that has crashed", "[simulation]") {
  for (const Driver driver : {Driver::loop, Driver::blocking}) {
    SimulationOptions options;
    options.driver = driver;
    options.faults = only(Fault::crash);
    std::size_t crashes = 0;
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
      Notes notes;
      options.witnesses = {&notes};
      CHECK(run(seed, options).ended);
      CHECK(notes.told_by_the_dead == 0);
      CHECK(notes.starts >= static_cast<int>(notes.dead.size()));
      crashes += notes.dead.size();
    }
    CHECK(crashes > 3);
  }
}

TEST_CASE("a door that blocks is destroyed as well, between its calls", "[simulation][I23]") {
  SimulationOptions options;
  options.driver = Driver::blocking;
  options.faults = FaultSet::none();
  options.mix = [](FaultMix& mix) { mix.set(Fault::destroy, 500); };
  std::uint64_t closed = 0, struck = 0;
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    Notes notes;
    options.witnesses = {&notes};
    const Report report = run(seed, options);
    CHECK(report.ended);
    closed += static_cast<std::uint64_t>(notes.blocking_closed);
    struck += report.struck[static_cast<std::size_t>(Fault::destroy)];
  }
  CHECK(closed > 5);
  CHECK(struck >= closed);
}

TEST_CASE("a process that crashes within a change of its disk loses nothing that was durable", "[simulation][I16][B31]") {
  SimulationOptions options;
  options.faults = FaultSet::none();
  options.mix = [](FaultMix& mix) { mix.set(Fault::crash_writing, 900), mix.set(Fault::power_loss, 400); };
  std::uint64_t struck = 0;
  int starts = 0, heard = 0;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    Notes notes;
    options.witnesses = {&notes};
    const Judgement verdict = simulate(seed, options);
    CHECK(verdict.clean());
    struck += verdict.report.struck[static_cast<std::size_t>(Fault::crash_writing)];
    starts += notes.starts;
    heard += notes.told_by_the_dead;
  }
  CHECK(struck > 20);
  CHECK(starts > 20);
  CHECK(heard == 0);
}

TEST_CASE("nothing strikes any more when the world is healed, be it a connection of before", "[simulation]") {
  SimulationOptions options;
  options.faults = FaultSet::none();
  options.mix = [](FaultMix& mix) { mix.set(Fault::cut, 300); };
  options.max_processes = 1;
  int before = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Notes notes;
    options.witnesses = {&notes};
    CHECK(run(seed, options).ended);
    CHECK(notes.ends_well_after_healing == 0);
    before += notes.ends_before_healing;
  }
  CHECK(before > 20);
}

TEST_CASE("the oracle of a run knows the canary in its variables, and which variables there may be", "[simulation][I18][I19]") {
  const OracleOptions facts = facts_of();
  Oracle oracle(facts);
  oracle.logged(ProcessId{}, "operation=1 note=canary-metadata");
  CHECK(oracle.count() == 1);
  oracle.logged(ProcessId{}, "operation=1 note=canary");
  CHECK(oracle.count() == 1);

  // What every transition of a run carries, and nothing beside it.
  std::set<std::string> written;
  class Bodies final : public Witness {
   public:
    explicit Bodies(std::set<std::string>& names_in) : names(&names_in) {}
    void request_left(const ExchangeView& view, SteadyTime) override {
      if (view.method != "PATCH") return;
      plain::JsonScan::members(plain::JsonScan::member(view.body, "customAttributes"),
                               [this](std::string_view name, std::string_view) { names->emplace(name); });
    }
    std::set<std::string>* names;
  } bodies(written);
  SimulationOptions options;
  options.faults = FaultSet::none();
  options.witnesses = {&bodies};
  CHECK(simulate(3, options).clean());
  CHECK(written.contains("routing_metadata"));
  for (const std::string& each : facts.variables) written.erase(each);
  for (const char* const own : {"ivr_state", "flow_node", "last_updated", "transition_id"}) CHECK(written.erase(own) == 1);
  CHECK(written.empty());
}

TEST_CASE("a client's settings, requests and witnesses take part", "[simulation]") {
  SimulationOptions options;
  options.faults = FaultSet::none();
  int settings = 0, requests = 0;
  options.settings = [&](ProcessId, Settings& given) {
    given.max_body = 1 << 20;
    ++settings;
  };
  options.request = [&](const Work&, TransitionRequest&) { ++requests; };
  static_cast<void>(run(2, options));
  CHECK(settings > 0);
  CHECK(requests > 0);
}

TEST_CASE("a failing run is made short and still fails", "[simulation]") {
  /// Never stops, and says that it makes two attempts.
  struct Stubborn {
    int max_attempts = 2;
    RetryAnswer decide(const RetryQuestion&) const noexcept { return RetryAnswer::in(milliseconds{50}); }
  };
  using Client = ClientPolicies<Stubborn>;
  SimulationOptions options;
  options.faults = FaultSet::none();
  options.faults.add(Fault::slow).add(Fault::foreign_hold);
  options.mix = [](FaultMix& mix) { mix.set(Fault::reset_request, 700); };
  bool found = false;
  for (std::uint64_t seed = 1; seed <= 100 && !found; ++seed) {
    const Judgement verdict = simulate<Client>(seed, options);
    if (!breaks(verdict, "I8") || verdict.first() != "I8") continue;
    found = true;
    const Shrunk less = shrink<Client>(verdict, options);
    CHECK(less.verdict.report.workload.size() <= 3);
    CHECK(less.verdict.report.workload.size() < options.works);
    CHECK_FALSE(less.verdict.report.mix.has(Fault::foreign_hold));
    CHECK(breaks(simulate<Client>(seed, less.options), "I8"));
    CHECK(less.describe().find("I8") != std::string::npos);
    CHECK(less.runs <= 400);
    CHECK(less.reproduced);

    // Whoever forgets to name the client is told so, and is not given a run that nothing is wrong with.
    const Shrunk other = shrink(verdict, options);
    CHECK_FALSE(other.reproduced);
    CHECK(other.runs == 1);
    CHECK(other.verdict.first() == "I8");
    CHECK(other.describe().find("did not fail again") != std::string::npos);
  }
  CHECK(found);
}
