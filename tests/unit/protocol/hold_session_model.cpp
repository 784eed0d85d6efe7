// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
//
// The hold session against a small server that drops, delays, repeats, swaps and forges, under a schedule drawn from a seed.
// After every step the session is compared with what the server really did (invariants I4, I6, I11 to I15, I20).
#include <deque>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <patchbay/protocol/hold_session.hpp>

#include "support/catch.hpp"

using namespace patchbay;

namespace {

class World {
 public:
  World(std::uint64_t seed, HoldSettings settings) : engine(seed), settings_(std::move(settings)), session(settings_, metrics) {}

  bool chance(int percent) { return static_cast<int>(engine() % 100) < percent; }
  double unit() { return static_cast<double>(engine() >> 11) * 0x1p-53; }
  std::size_t below(std::size_t n) { return engine() % n; }

  // What the caller does.
  void submit(HoldVerb verb) {
    const std::string interaction = "interaction-" + std::to_string(below(3));
    const std::string id = "id-" + std::to_string(calls.size());
    std::string frame = std::string(to_string(verb)) + " " + interaction + " " + id;
    calls.push_back(std::make_unique<HoldCall>(verb, id, interaction, std::move(frame), after(now, milliseconds{500 + below(20'000)})));
    HoldCall& call = *calls.back();
    by_id[id] = &call;
    session.submit(call, now);
    ++submitted;
    if (call.end != CallEnd::pending) {
      REQUIRE_FALSE(was_sent(call.end));
      ++ended[&call];
    }
    collect();
  }

  // The driver.
  void pump() {
    session.tick(now, unit());
    REQUIRE(session.registry().next_deadline() > now);  // I15: every limit that has passed was told
    collect();
    for (;;) {
      const HoldAction action = session.next(now);
      if (action.kind == HoldAction::Kind::none) break;
      perform(action);
      collect();
    }
    // I14: no release waits while the channel is open.
    if (session.channel().state() == ChannelState::open)
      for (const auto& [id, call] : by_id)
        if (call->verb == HoldVerb::unhold && call->end == CallEnd::pending) REQUIRE(handed.contains(id));
    for (const std::string& interaction : session.releases_due()) REQUIRE(session.registry().belief(interaction) != HoldRegistry::Belief::not_held);
    session.releases_due().clear();
    check();
  }
  void perform(const HoldAction& action) {
    switch (action.kind) {
      case HoldAction::Kind::connect:
        REQUIRE_FALSE(open);  // I11
        REQUIRE(action.epoch > epoch);
        epoch = action.epoch;
        connects.push_back(now);
        if (chance(refusing)) {
          const auto kind = static_cast<OpenFailure::Kind>(below(5));
          if (kind == OpenFailure::Kind::abandoned) connects.pop_back();  // the caller's doing, not the server's load
          session.open_failed(epoch, OpenFailure(kind, Error(ErrorCode::network, "no")), now, unit());
          session.opened(epoch, now);  // too late: ignored
        } else {
          session.opened(epoch, now);
          open = session.channel().state() == ChannelState::open;
        }
        break;
      case HoldAction::Kind::send: {
        REQUIRE(open);
        REQUIRE(action.epoch == epoch);
        const std::string text(action.text);
        const std::string id = text.substr(text.rfind(' ') + 1);
        const HoldCall& call = *by_id.at(id);
        REQUIRE(call.end == CallEnd::pending);
        if (call.verb == HoldVerb::hold) {
          REQUIRE(session.registry().belief(call.interaction) != HoldRegistry::Belief::not_held);  // watched before it is written
          for (const std::string& other : handed)                                                  // I6
            REQUIRE((by_id.at(other)->interaction != call.interaction || by_id.at(other)->end != CallEnd::pending));
        }
        if (chance(write_failing)) {
          const bool sent = chance(50);
          if (sent) handed.insert(id), server_gets(id);
          const bool heard = chance(50);  // of the connection's end, before the writing's is known
          if (heard) writing = id;
          lose(heard);
          writing.clear();
          if (sent && heard && chance(30)) {
            session.sent(action.epoch);
          } else {
            session.send_failed(action.epoch, sent ? Delivery::maybe_sent : Delivery::not_sent, now, unit());
          }
          collect();
          if (sent) REQUIRE(call.end != CallEnd::pending);
        } else {
          REQUIRE(handed.insert(id).second);  // never sent twice
          server_gets(id);
          session.sent(action.epoch);
        }
        break;
      }
      case HoldAction::Kind::ping:
        REQUIRE(open);
        session.sent(action.epoch);
        if (chance(80)) session.alive(action.epoch, now);
        break;
      case HoldAction::Kind::close:
      case HoldAction::Kind::drop: lose(false); break;
      case HoldAction::Kind::none: break;
    }
  }

  // The server.
  void server_gets(const std::string& id) { inbox.push_back(id); }
  void server_works() {
    if (inbox.empty()) return;
    const std::string id = inbox.front();
    inbox.pop_front();
    apply(id);
  }
  void apply(const std::string& id) {
    HoldCall& call = *by_id.at(id);
    const bool refuse = chance(20);
    REQUIRE(applied.insert(id).second);  // I3
    if (!refuse) {
      done.insert(id);
      const bool hold = call.verb == HoldVerb::hold;
      held[call.interaction] = hold;
      order_of_effects[call.interaction].push_back(hold ? 'h' : 'u');
    }
    const std::string type = refuse ? "error" : std::string(to_string(call.verb));
    if (chance(answering)) replies.push_back({id, type, call.interaction});
    if (chance(10)) replies.push_back({id, type, call.interaction});                                        // twice
    if (chance(10)) replies.push_back({id, type, "another"});                                               // another interaction
    if (chance(10)) replies.push_back({id, call.verb == HoldVerb::hold ? "unhold" : "hold", call.interaction});  // another verb
    if (chance(10)) replies.push_back({"id-of-nobody", type, call.interaction});
    if (chance(10)) replies.push_back({id, "", call.interaction});  // no status
  }
  struct Reply {
    std::string id, type, interaction;
  };
  void server_answers() {
    if (replies.empty() || !open) return;
    const std::size_t at = below(replies.size());  // in any order
    const Reply reply = replies[at];
    replies.erase(replies.begin() + static_cast<std::ptrdiff_t>(at));
    Body body;
    body.append(R"({"correlationId":")" + reply.id + R"(","body":{"interactionId":")" + reply.interaction + "\"");
    if (!reply.type.empty()) body.append(R"(,"type":")" + reply.type + "\"");
    body.append("}}");
    const auto at_call = by_id.find(reply.id);
    const bool ours = at_call != by_id.end() && reply.interaction == at_call->second->interaction && !reply.type.empty() &&
                      (reply.type == "error" || reply.type == to_string(at_call->second->verb));
    const bool was_pending = ours && at_call->second->end == CallEnd::pending;
    const HoldMetricsSnapshot before = metrics.snapshot();
    session.text(epoch, body, now);
    ++answers;
    collect();
    const HoldMetricsSnapshot since = metrics.snapshot();
    std::uint64_t counted = 0;
    for (const HoldCount each : {HoldCount::acks_positive, HoldCount::acks_negative, HoldCount::late_acks, HoldCount::duplicate_acks, HoldCount::foreign_messages})
      counted += since[each] - before[each];
    REQUIRE(counted == 1);  // I12: exactly one counter
    if (!ours) {
      REQUIRE(since[HoldCount::foreign_messages] == before[HoldCount::foreign_messages] + 1);
    } else if (was_pending) {
      REQUIRE(at_call->second->end == (reply.type == "error" ? CallEnd::refused : CallEnd::acknowledged));
    }
  }
  /// The connection ends; what is on its way to the server is applied now, or never.
  void lose(bool tell) {
    if (!open) return;
    open = false;
    while (!inbox.empty()) {
      if (chance(50)) {
        apply(inbox.front());
      }
      inbox.pop_front();
    }
    if (chance(50)) replies.clear();  // else they come on the next connection
    if (!tell) return;
    static constexpr std::uint16_t codes[] = {1000, 1001, 1006, 1008, 1009, 1011, 1012, 1013, 4001};
    session.closed(epoch, codes[below(std::size(codes))], now, unit());
    session.closed(epoch, 1006, now, unit());  // told twice
    Body forged;                               // and a frame of the dead epoch
    forged.append(R"({"correlationId":"id-0","body":{"type":"error"}})");
    const HoldMetricsSnapshot before = metrics.snapshot();
    session.text(epoch, forged, now);
    REQUIRE(metrics.snapshot().counts == before.counts);
    collect();
    for (const std::string& id : handed)
      REQUIRE((id == writing || by_id.at(id)->end != CallEnd::pending));  // B20: nobody waits for the dead
  }

  void collect() {
    REQUIRE(session.registry().size() <= settings_.max_holds);
    for (HoldCall* const call : session.completed()) {
      REQUIRE(call->end != CallEnd::pending);
      REQUIRE(++ended[call] == 1);  // once
      const bool positive = done.contains(call->correlation_id);
      const bool reached = applied.contains(call->correlation_id);
      if (call->end == CallEnd::acknowledged) REQUIRE(positive);                                             // I4
      if (call->end == CallEnd::refused) REQUIRE((reached && !positive));                                    // I4
      if (!was_sent(call->end)) REQUIRE((!reached && !handed.contains(call->correlation_id)));               // I4
      if (was_sent(call->end)) REQUIRE(handed.contains(call->correlation_id));
    }
    session.completed().clear();
    for (const HoldNotice& notice : session.notices())
      if (const auto* limit = std::get_if<HoldLimitEvent>(&notice)) ++limits[limit->interaction];
    session.notices().clear();
    session.notices_taken();
  }
  void check() {
    for (const auto& [interaction, is_held] : held)
      if (is_held) REQUIRE(session.registry().belief(interaction) != HoldRegistry::Belief::not_held);  // I13: nobody is forgotten
    REQUIRE(session.table().pending() <= 2 * settings_.max_commands);  // I20
    REQUIRE(session.table().tombstones() <= settings_.max_tombstones);
    REQUIRE(session.notices().size() <= HoldSettings{}.max_notices);
    std::size_t recent = 0;  // L5
    for (const SteadyTime each : connects) recent += each > now - std::chrono::minutes{1} ? 1U : 0U;
    REQUIRE(recent <= ChannelMachine::max_connects_per_minute);
  }

  std::mt19937_64 engine;
  HoldSettings settings_;
  HoldMetrics metrics;
  HoldSession session;
  SteadyTime now{std::chrono::hours{1}};
  int refusing = 20, write_failing = 5, answering = 80;
  bool open = false;
  std::uint64_t epoch = 0, submitted = 0, answers = 0;
  std::vector<std::unique_ptr<HoldCall>> calls;
  std::map<std::string, HoldCall*> by_id;
  std::map<HoldCall*, int> ended;
  std::set<std::string> handed, applied, done;
  std::string writing;  ///< The id of a command whose connection has ended, and whose writing has not.
  std::map<std::string, bool> held;
  std::map<std::string, std::string> order_of_effects;
  std::map<std::string, int> limits;
  std::deque<std::string> inbox;
  std::vector<Reply> replies;
  std::vector<SteadyTime> connects;
};

/// What happened over all seeds: a run in which some of it never happens tests less than it says.
struct Reached {
  std::uint64_t late = 0, duplicate = 0, foreign = 0, timeouts = 0, disconnected = 0, superseded = 0, refused_channel = 0, limits = 0, reconnects = 0,
                out_of_time = 0, full = 0, acknowledged = 0;
};

void run(std::uint64_t seed, const HoldSettings& settings, Reached& reached) {
  INFO("seed " << seed);
  World world(seed, settings);
  world.refusing = static_cast<int>(world.below(60));
  world.write_failing = static_cast<int>(world.below(15));
  world.answering = static_cast<int>(40 + world.below(60));
  const int losing = static_cast<int>(world.below(8));
  for (int step = 0; step < 250; ++step) {
    switch (world.below(8)) {
      case 0: world.submit(HoldVerb::hold); break;
      case 1:
        if (world.chance(60)) world.submit(HoldVerb::unhold);
        break;
      case 2:
      case 3: world.server_works(); break;
      case 4:
      case 5: world.server_answers(); break;
      case 6: world.now = after(world.now, milliseconds{world.below(world.chance(5) ? 200'000 : 2'000)}); break;
      default:
        if (world.chance(losing)) world.lose(true);
        if (world.chance(10)) world.session.want(world.now);
        break;
    }
    world.pump();
  }
  // The end: nothing is left, whatever was under way.
  world.session.close();
  world.collect();
  world.pump();
  world.session.finish();
  world.collect();
  world.pump();
  REQUIRE(world.session.table().pending() == 0);
  REQUIRE(world.session.channel().state() == ChannelState::closed);
  REQUIRE_FALSE(world.open);
  REQUIRE(world.ended.size() == world.submitted);  // none is lost
  HoldCall late(HoldVerb::unhold, "late", "interaction-0", "x", never);
  world.session.submit(late, world.now);
  REQUIRE(late.end == CallEnd::closed);

  const HoldMetricsSnapshot metrics = world.metrics.snapshot();
  reached.late += metrics[HoldCount::late_acks];
  reached.duplicate += metrics[HoldCount::duplicate_acks];
  reached.foreign += metrics[HoldCount::foreign_messages];
  reached.timeouts += metrics[HoldCount::ack_timeouts];
  reached.reconnects += metrics[HoldCount::reconnects];
  for (const auto& [call, times] : world.ended) {
    reached.disconnected += call->end == CallEnd::disconnected ? 1U : 0U;
    reached.superseded += call->end == CallEnd::superseded ? 1U : 0U;
    reached.refused_channel += call->end == CallEnd::channel_refused ? 1U : 0U;
    reached.out_of_time += call->end == CallEnd::out_of_time ? 1U : 0U;
    reached.acknowledged += call->end == CallEnd::acknowledged ? 1U : 0U;
    reached.full += call->end == CallEnd::table_full ? 1U : 0U;
  }
  for (const auto& [interaction, times] : world.limits) reached.limits += static_cast<std::uint64_t>(times);
}

}  // namespace

TEST_CASE("the hold session tells the truth under any schedule", "[hold][model]") {
  Reached reached;
  HoldSettings settings;
  settings.max_hold = seconds{90};
  settings.limit = HoldLimit::release;
  for (std::uint64_t seed = 1; seed <= 1500; ++seed) run(seed, settings, reached);
  CHECK(reached.late > 100);
  CHECK(reached.duplicate > 100);
  CHECK(reached.foreign > 1000);
  CHECK(reached.timeouts > 1000);
  CHECK(reached.disconnected > 1000);
  CHECK(reached.superseded > 100);
  CHECK(reached.refused_channel > 100);
  CHECK(reached.out_of_time > 100);
  CHECK(reached.acknowledged > 1000);
  CHECK(reached.limits > 1000);
  CHECK(reached.reconnects > 1000);
}

TEST_CASE("small bounds hold under any schedule", "[hold][model]") {
  Reached reached;
  HoldSettings settings;
  settings.max_hold = seconds{90};
  settings.max_commands = 2;
  settings.max_tombstones = 3;
  for (std::uint64_t seed = 5001; seed <= 6000; ++seed) run(seed, settings, reached);
  CHECK(reached.full > 100);
  CHECK(reached.acknowledged > 1000);
}

TEST_CASE("two runs of a seed are the same run", "[hold][model]") {
  Reached first, second;
  run(77, HoldSettings{}, first);
  run(77, HoldSettings{}, second);
  CHECK(first.foreign == second.foreign);
  CHECK(first.acknowledged == second.acknowledged);
  CHECK(first.timeouts == second.timeouts);
}
