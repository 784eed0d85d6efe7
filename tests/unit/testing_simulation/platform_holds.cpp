// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
//
// Holds of the real platform in the simulation: they are read rightly, each check of them sees what it is there for, and
// runs reach what is rare.
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <patchbay/cloud/platform.hpp>
#include <patchbay/testing/simulation/simulation.hpp>

#include "story.hpp"
#include "support/catch.hpp"

using namespace patchbay;
using namespace patchbay::testing;
using namespace patchbay::testing::simulation;

namespace {

using OnPlatform = ClientPolicies<DefaultRetry, NullLogger, DefaultSchema, cloud::Platform>;

const std::string call = interaction_id(1);
const std::string conversation = "/api/v2/conversations/" + call;

/// The call as a reading shows it; whoever is not the agent is the customer.
std::string shown(bool held, bool customer_held = false, std::string_view state = "connected") {
  const auto party = [](std::string_view user, bool on_hold, std::string_view how) {
    std::string out = R"({"id":"p","userId":")";
    out.append(user).append(R"(","calls":[{"state":")").append(how).append(R"(","held":)");
    return out.append(on_hold ? "true" : "false").append("}]}");
  };
  return R"({"id":")" + call + R"(","participants":[)" + party("", customer_held, "connected") + "," + party(platform_user, held, state) + "]}";
}

/// A process on the platform with holds, step by step, before an oracle.
class Tale {
 public:
  Tale() : oracle_(options()) {
    TokenSettings tokens;
    tokens.login_url = "https://login.example.com", tokens.client_id = "client", tokens.client_secret = Secret("s3cret-of-the-client");
    view.given.tokens = std::make_shared<TokenSource>(std::move(tokens));
    oracle_.started(me_, now);
    oracle_.attached(me_, view, now);
  }
  Work& submit(WorkKind kind) {
    Work& work = works_.emplace_back();
    work.number = works_.size(), work.kind = kind, work.at = now, work.budget = seconds{30}, work.interaction = call;
    oracle_.submitted(me_, work);
    return work;
  }
  std::uint64_t send(std::string method, std::string target, std::string body = {}, bool opening = false) {
    Sent& sent = sent_.emplace_back(Sent{std::move(method), std::move(target), std::move(body), opening});
    oracle_.request_left(view_of(sent, sent_.size()), now);
    wait(milliseconds{1});
    return sent_.size();
  }
  std::uint64_t command(bool held) {
    return send("PATCH", conversation + "/participants/p", held ? R"({"held":true})" : R"({"held":false})");
  }
  void end(std::uint64_t number, std::optional<int> status, std::string_view body = {}) {
    HttpResponse answer;
    answer.status = status.value_or(0);
    answer.body.assign(body);
    const TransportError lost(TransportFault::timed_out, Delivery::maybe_sent);
    oracle_.exchange_ended(view_of(sent_[number - 1], number), status ? &answer : nullptr, status ? nullptr : &lost, now);
    wait(milliseconds{1});
  }
  void event(std::uint64_t channel, const std::string& body) {
    oracle_.frame_received(me_, channel, R"({"topicName":"v2.users.)" + std::string(platform_user) + R"(.conversations","eventBody":)" + body + "}", now);
  }
  void system(std::uint64_t channel, std::string_view topic) {
    oracle_.frame_received(me_, channel, R"({"topicName":")" + std::string(topic) + R"(","eventBody":{}})", now);
  }
  void opened(std::uint64_t channel) { oracle_.channel_opened(me_, channel, now); }
  void gone(std::uint64_t channel) { oracle_.channel_ended(me_, channel, now); }
  void finish(const Work& work, WorkEnd how) {
    how.at = now;
    oracle_.ended(me_, work, how);
    wait(milliseconds{1});
  }
  void succeed(const Work& work, int attempts = 1, bool by_state = false) {
    WorkEnd how;
    how.id = "operation-" + std::to_string(work.number), how.attempts = attempts, how.by_state = by_state;
    finish(work, std::move(how));
  }
  void fail(const Work& work, ErrorCode code, Outcome outcome, int attempts) {
    WorkEnd how;
    how.failed = true, how.code = code, how.outcome = outcome, how.attempts = attempts;
    finish(work, std::move(how));
  }
  void watch() {
    HeldInteraction& held = view.holds.emplace_back();
    held.interaction = call, held.since = now;
  }
  void wait(Duration span) {
    oracle_.after_event(now);
    now += span;
    oracle_.after_event(now);
  }
  [[nodiscard]] std::string broken() const {
    std::set<std::string> all;
    for (const Breach& each : oracle_.breaches()) all.emplace(each.invariant);
    std::string out;
    for (const std::string& each : all) out.append(out.empty() ? "" : " ").append(each);
    return out;
  }

  story::View view;
  SteadyTime now{std::chrono::hours{1}};

 private:
  struct Sent {
    std::string method, target, body;
    bool opening;
  };
  static OracleOptions options() {
    OracleOptions out;
    out.wire = Wire(Wire::Form::platform_records);
    return out;
  }
  [[nodiscard]] ExchangeView view_of(const Sent& sent, std::uint64_t number) const {
    ExchangeView out;
    out.number = number, out.process = me_, out.by_holds = true, out.opening = sent.opening;
    out.method = sent.method, out.target = sent.target, out.body = sent.body;
    return out;
  }
  Oracle oracle_;
  ProcessId me_;
  std::deque<Work> works_;
  std::deque<Sent> sent_;
};

}  // namespace

TEST_CASE("what holds on the platform say is read for those who judge them", "[testing][oracle][platform]") {
  const Wire wire(Wire::Form::platform_attributes);
  const auto kind = [&](std::string_view method, const std::string& target, bool by_holds) {
    ExchangeView view;
    view.method = method, view.target = target, view.by_holds = by_holds;
    return wire.kind_of(view);
  };
  const std::string by_kind = "/api/v2/conversations/calls/" + call;
  CHECK(kind("PATCH", conversation + "/participants/p", true) == ExchangeClass::command);
  CHECK(kind("PATCH", by_kind + "/participants/p", true) == ExchangeClass::command);
  CHECK(kind("PATCH", conversation + "/participants/p/attributes", true) == ExchangeClass::reason);
  CHECK(kind("PATCH", conversation + "/participants/p/attributes", false) == ExchangeClass::write);
  CHECK(kind("GET", conversation, true) == ExchangeClass::read);
  CHECK(kind("POST", "/api/v2/notifications/channels", true) == ExchangeClass::channel);
  CHECK(wire.interaction_of(by_kind + "/participants/p") == call);

  REQUIRE(Wire::hold_of(shown(true)));
  CHECK(Wire::hold_of(shown(true))->held);
  CHECK_FALSE(Wire::hold_of(shown(false, true))->held);
  CHECK(Wire::hold_of(shown(false, false, "disconnected"))->over);
  CHECK_FALSE(Wire::hold_of(R"({"id":"x","participants":[{"userId":"another"}]})"));
}

TEST_CASE("an oracle wants a hold on the platform shown before it is called done", "[testing][oracle][platform][I4][I12]") {
  const auto judged = [](int status, const std::string& event, bool by_state) {
    Tale tale;
    tale.opened(1);
    const Work& hold = tale.submit(WorkKind::hold);
    tale.watch();
    tale.end(tale.command(true), status);
    if (!event.empty()) tale.event(1, event);
    tale.succeed(hold, 1, by_state);
    return tale.broken();
  };
  CHECK(judged(202, shown(true), false).empty());
  CHECK(judged(202, "", false) == "I12");
  CHECK(judged(202, shown(false, true), false) == "I12");  // of another party
  CHECK(judged(503, shown(true), false) == "I12");         // and nothing was accepted
  CHECK(judged(400, shown(true), false) == "I12");
  CHECK(judged(202, shown(true), true) == "I12");  // no reading

  Tale early;
  early.opened(1);
  const Work& hold = early.submit(WorkKind::hold);
  early.watch();
  early.event(1, shown(true));
  early.wait(milliseconds{50});
  early.end(early.command(true), 202);
  early.succeed(hold);
  CHECK(early.broken() == "I12");
}

TEST_CASE("an oracle wants a hold on the platform sent once, and for somebody", "[testing][oracle][platform][I3][I4][I6][I18]") {
  const auto again = [](std::optional<int> status) {
    Tale tale;
    tale.submit(WorkKind::hold);
    tale.watch();
    tale.end(tale.command(true), status);
    tale.command(true);
    return tale.broken();
  };
  CHECK(again(429).empty());
  CHECK(again(401).empty());
  CHECK(again(503) == "I3");
  CHECK(again(std::nullopt) == "I3");

  Tale nobody;
  nobody.watch();
  nobody.command(true);
  CHECK(nobody.broken() == "I3");

  const auto not_applied = [](std::optional<int> status) {
    Tale tale;
    const Work& hold = tale.submit(WorkKind::hold);
    tale.watch();
    tale.end(tale.command(true), status);
    tale.fail(hold, ErrorCode::command_refused, Outcome::not_applied, 1);
    return tale.broken();
  };
  CHECK(not_applied(400).empty());
  CHECK(not_applied(202) == "I4");
  CHECK(not_applied(std::nullopt) == "I4");

  Tale crossing;
  crossing.submit(WorkKind::unhold);
  crossing.command(false);
  crossing.submit(WorkKind::hold);
  crossing.watch();
  crossing.command(true);
  CHECK(crossing.broken() == "I6");

  Tale talkative;
  talkative.submit(WorkKind::unhold);
  talkative.send("PATCH", conversation + "/participants/p", R"({"held":false,"state":"disconnected"})");
  CHECK(talkative.broken() == "I18");
}

TEST_CASE("an oracle wants a hold on the platform watched while it is on its way", "[testing][oracle][platform][I13]") {
  Tale watched, unwatched, late;
  watched.submit(WorkKind::hold);
  watched.watch();
  watched.command(true);
  watched.wait(seconds{1});
  CHECK(watched.broken().empty());
  unwatched.submit(WorkKind::hold);
  unwatched.command(true);
  unwatched.wait(seconds{1});
  unwatched.wait(seconds{1});
  CHECK(unwatched.broken() == "I13");
  late.submit(WorkKind::hold);
  late.command(true);
  late.wait(seconds{1});
  late.watch();
  late.wait(seconds{1});
  CHECK(late.broken() == "I13");
}

TEST_CASE("an oracle wants a channel handed over, and not dropped", "[testing][oracle][platform][I11]") {
  Tale good;
  good.opened(1);
  good.system(1, "v2.system.socket_closing");
  good.wait(milliseconds{5});
  good.end(good.send("GET", "/channels/streaming-0-x", {}, true), 101);
  good.opened(2);
  good.gone(1);
  good.wait(seconds{1});
  CHECK(good.broken().empty());

  Tale for_nothing;
  for_nothing.opened(1);
  for_nothing.send("GET", "/channels/streaming-0-x", {}, true);
  CHECK(for_nothing.broken() == "I11");

  Tale both;
  both.opened(1);
  both.system(1, "v2.system.socket_closing");
  both.end(both.send("GET", "/channels/streaming-0-x", {}, true), 101);
  both.opened(2);
  both.wait(seconds{1});
  CHECK(both.broken() == "I11");

  Tale dropped;
  dropped.opened(1);
  dropped.system(1, "v2.system.socket_closing");
  dropped.wait(milliseconds{5});
  dropped.gone(1);
  CHECK(dropped.broken() == "I11");
}

TEST_CASE("an oracle wants no release on the platform refused or starved", "[testing][oracle][platform][I14]") {
  const auto judged = [](ErrorCode code, Duration after) {
    Tale tale;
    const Work& release = tale.submit(WorkKind::unhold);
    tale.wait(after);
    tale.fail(release, code, Outcome::not_applied, 0);
    return tale.broken();
  };
  CHECK(judged(ErrorCode::circuit_open, milliseconds{1}) == "I14");
  CHECK(judged(ErrorCode::journal_failed, milliseconds{1}) == "I14");
  CHECK(judged(ErrorCode::deadline_exceeded, milliseconds{1}).empty());
  CHECK(judged(ErrorCode::deadline_exceeded, seconds{29}) == "I14");
  CHECK(judged(ErrorCode::validation_failed, milliseconds{1}).empty());
}

TEST_CASE("the faults of channels that the cloud makes strike, and alone they stop nothing from ending", "[simulation][platform]") {
  for (const Fault fault : {Fault::closing_notice, Fault::ended_channel}) {
    SimulationOptions options;
    options.faults = FaultSet::none().add(fault);
    std::uint64_t struck = 0;
    for (std::uint64_t seed = 1; seed <= 200 && struck == 0; ++seed) {
      if (!FaultMix::draw(seed, options.faults).has(fault)) continue;
      const Judgement verdict = simulate<OnPlatform>(seed, options);
      CHECK(verdict.clean());
      struck += verdict.report.struck[static_cast<std::size_t>(fault)];
    }
    CHECK(struck > 0);
  }
}
