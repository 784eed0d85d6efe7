// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
//
// The simulation with doors that speak the real platform's dialect: what differs from the documents' is read rightly, and
// runs are sound, and the same each time.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <patchbay/flow/flow_configuration.hpp>
#include <patchbay/flow/reachability.hpp>
#include <patchbay/json/read.hpp>
#include <patchbay/testing/manual_clock.hpp>
#include <patchbay/testing/simulation/simulation.hpp>

#include "support/catch.hpp"

using namespace patchbay;
using namespace patchbay::testing;
using namespace patchbay::testing::simulation;

namespace {

using OnPlatform = ClientPolicies<DefaultRetry, NullLogger, DefaultSchema, cloud::Platform>;
using cloud::TransitionStore;

const std::string call = interaction_id(1);

ExchangeView view_of(std::string_view method, std::string_view target, std::string_view body = {}) {
  ExchangeView out;
  out.method = method, out.target = target, out.body = body;
  return out;
}

PlatformSetup setup_on(TransitionStore store) {
  PlatformSetup out;
  out.dialect.store = store;
  out.dialect.schema_id = platform_schema;
  return out;
}

/// Of a run with one store, besides what is drawn.
SimulationOptions options_on(TransitionStore store) {
  SimulationOptions out;
  out.platform = [store](PlatformSetup& setup) { setup.dialect.store = store; };
  return out;
}

/// A process on the platform, step by step, before an oracle.
class Tale {
 public:
  explicit Tale(Wire::Form form) : oracle_(options(form)), attributes_(form == Wire::Form::platform_attributes) {
    work_.number = 1, work_.at = now_, work_.budget = seconds{30}, work_.interaction = call, work_.from = "Menu", work_.to = "Billing";
    oracle_.submitted(ProcessId{}, work_);
  }
  /// It is shown the call at `Menu`.
  void read() {
    const std::string target = attributes_ ? conversation_ : conversation_ + "/customattributes";
    end(send("GET", target, {}), 200,
        attributes_ ? R"({"participants":[{"purpose":"ivr","attributes":{"flow_node":"Menu","transition_id":"p"}}]})"
                    : R"({"results":[{"id":"r","version":4,"customAttributes":{"flow_node":"Menu","transition_id":"p"}}]})");
  }
  /// Its write leaves; `lock` stands in the body.
  std::uint64_t write(const std::string& lock = {}) {
    const std::string members = R"({"ivr_state":"Billing","flow_node":"Billing","transition_id":"t"})";
    if (attributes_) return send("PATCH", conversation_ + "/participants/p/attributes", R"({"attributes":)" + members + "}");
    return send("PATCH", conversation_ + "/customattributes", R"({"id":"r",)" + lock + R"("customAttributes":)" + members + "}");
  }
  void end(std::uint64_t number, int status, std::string_view body = {}) {
    HttpResponse answer;
    answer.status = status;
    answer.body.assign(body);
    const Sent& sent = sent_[number - 1];
    with(number, sent, [&](const ExchangeView& view) { oracle_.exchange_ended(view, &answer, nullptr, now_); });
  }
  void fail(ErrorCode code) {
    AuditRecord record;
    record.kind = AuditKind::operation, record.action = "state_transition", record.operation_id = "t", record.interaction_id = call;
    record.from = work_.from, record.to = work_.to, record.outcome = Outcome::not_applied, record.error_code = to_string(code);
    record.flow_version = "8.0";
    oracle_.audited(ProcessId{}, record);
    WorkEnd how;
    how.at = now_, how.failed = true, how.code = code, how.attempts = 2;
    oracle_.ended(ProcessId{}, work_, how);
  }
  [[nodiscard]] std::string broken() const { return oracle_.clean() ? std::string() : std::string(oracle_.breaches().front().invariant); }

 private:
  class Sent {
   public:
    std::string method, target, body;
  };
  static OracleOptions options(Wire::Form form) {
    OracleOptions out;
    out.wire = Wire(form);
    return out;
  }
  std::uint64_t send(std::string method, std::string target, std::string body) {
    const Sent sent = sent_.emplace_back(Sent{std::move(method), std::move(target), std::move(body)});
    with(sent_.size(), sent, [&](const ExchangeView& view) { oracle_.request_left(view, now_); });
    return sent_.size();
  }
  template <class Tell>
  static void with(std::uint64_t number, const Sent& sent, Tell&& tell) {
    const CloudRequest request(sent.method, sent.target, {}, sent.body);
    ExchangeView view = view_of(sent.method, sent.target, sent.body);
    view.number = number;
    view.request = &request;
    tell(view);
  }

  Oracle oracle_;
  bool attributes_;
  SteadyTime now_{std::chrono::hours{1}};
  Work work_;
  std::vector<Sent> sent_;
  std::string conversation_ = "/api/v2/conversations/" + call;
};

/// Counts works that were applied, by the doors' own word.
class Applied final : public Witness {
 public:
  void ended(ProcessId, const Work& work, const WorkEnd& end) override {
    if (work.kind != WorkKind::transition) return void(held += end.failed ? 0 : 1);
    (end.failed ? failed : succeeded) += 1;
  }
  int succeeded = 0, failed = 0, held = 0;
};

}  // namespace

TEST_CASE("the platform's configuration of the simulated flow means what its definition says", "[testing][simulation][platform]") {
  JsonReader reader;
  RouteScratch scratch;
  for (std::size_t without = 0; without <= flow_edges.size(); ++without) {
    const FlowConfiguration flow("9.0", without);
    FlowConfigurationNotes notes;
    const auto graph = parse_flow_configuration(flow.json, reader, FlowOrigin(simulated_flow, {}), {}, &notes);
    REQUIRE(graph);
    CHECK(notes.dropped_count == 0);
    CHECK(notes.nameless_count == 0);
    CHECK(notes.item_count == flow_nodes.size());
    const plain::FlowTruth truth(flow.definition);
    REQUIRE(truth.readable());
    const auto shared = std::make_shared<const FlowGraph>(*graph);
    for (const Reachability rule : {Reachability::path, Reachability::direct_edge})
      for (const std::string_view from : flow_nodes)
        for (const std::string_view to : flow_nodes)
          CHECK(truth.allows(from, to, rule) == route(shared, from, to, rule, {}, scratch).has_value());
    CHECK(truth.allows("Menu/To Billing", "Billing", Reachability::direct_edge) == (without != 0));
    CHECK(route(shared, "Menu/To Billing", "Billing", Reachability::direct_edge, {}, scratch).has_value() == (without != 0));
    if (without == flow_edges.size()) break;
  }
}

TEST_CASE("what passes between a door and the platform's cloud is read for those who judge it", "[testing][simulation][platform]") {
  const std::string conversation = "/api/v2/conversations/" + interaction_id(1), records = conversation + "/customattributes";
  const Wire on_records(Wire::Form::platform_records), on_attributes(Wire::Form::platform_attributes);
  CHECK(on_records.kind_of(view_of("GET", conversation)) == ExchangeClass::read);
  CHECK(on_records.kind_of(view_of("GET", records)) == ExchangeClass::read);
  CHECK(on_records.kind_of(view_of("PUT", records)) == ExchangeClass::write);
  CHECK(on_records.kind_of(view_of("PATCH", records)) == ExchangeClass::write);
  CHECK(on_records.kind_of(view_of("GET", "/api/v2/flows/x/latestconfiguration")) == ExchangeClass::flow);
  CHECK(on_records.kind_of(view_of("POST", "/webhook")) == ExchangeClass::webhook);
  CHECK(on_records.kind_of(view_of("POST", "/oauth/token")) == ExchangeClass::token);
  CHECK(on_records.interaction_of("/api/v2/conversations/ABC-1/customattributes?x=y") == "abc-1");
  CHECK(on_attributes.interaction_of(conversation + "/participants/p/attributes") == call);

  CHECK(on_records.lock_of(view_of("PATCH", records, R"({"id":"r","version":7,"customAttributes":{}})")) == std::optional<std::string>("\"7\""));
  CHECK_FALSE(on_records.lock_of(view_of("PATCH", records, R"({"id":"r","customAttributes":{}})")));
  CHECK_FALSE(on_attributes.lock_of(view_of("PATCH", records, R"({"version":7,"attributes":{}})")));
  CHECK(on_records.attributes_of(R"({"id":"r","customAttributes":{"a":1}})") == R"({"a":1})");
  CHECK(on_attributes.attributes_of(R"({"attributes":{"a":"1"}})") == R"({"a":"1"})");

  HttpResponse answer;
  simulation::Reading shown;
  answer.body.assign(R"({"results":[{"id":"r","version":4,"customAttributes":{"flow_node":"Menu","transition_id":"t"}}]})");
  REQUIRE(on_records.read(records, answer, false, shown));
  CHECK(shown.etag == "\"4\"");
  CHECK(shown.node == "Menu");
  CHECK(shown.transition_id == "t");
  simulation::Reading none;
  answer.body.assign(R"({"results":[]})");
  REQUIRE(on_records.read(records, answer, false, none));
  CHECK(none.etag == "\"0\"");
  CHECK_FALSE(none.has_node);
  simulation::Reading unversioned;
  answer.body.assign(R"({"results":[{"id":"r","customAttributes":{}}]})");
  REQUIRE(on_records.read(records, answer, false, unversioned));
  CHECK(unversioned.etag.empty());
  simulation::Reading who;
  answer.body.assign(R"({"participants":[{"purpose":"ivr","attributes":{"flow_node":"Menu","transition_id":"t"}},{"purpose":"agent"}]})");
  REQUIRE(on_attributes.read(conversation, answer, false, who));
  CHECK(who.node == "Menu");
  CHECK_FALSE(on_records.read(conversation, answer, false, who));  // it shows no version
  CHECK_FALSE(on_records.read(records, answer, true, who));        // nor does the answer to a write
}

TEST_CASE("the platform's cloud shows a simulation the truth of either store", "[testing][simulation][platform]") {
  for (const TransitionStore store : {TransitionStore::custom_attributes, TransitionStore::participant_attributes}) {
    SteadyTime now{std::chrono::hours{1}};
    PlatformCloud cloud([&now] { return now; }, [] { return WallTime{}; }, setup_on(store));
    Stream random(1);
    cloud.begin(call, "Menu", random);
    CHECK_FALSE(cloud.look(interaction_id(2)));
    const std::uint64_t before = cloud.look(call).value().version;
    cloud.move(call, "Billing", "foreign");
    CHECK(cloud.look(call).value().node == "\"Billing\"");
    CHECK(cloud.look(call).value().transition_id == "\"foreign\"");
    CHECK(cloud.look(call).value().version == before + (store == TransitionStore::custom_attributes ? 1 : 0));
    CHECK(cloud.operations().size() == 1);
    cloud.move(call, "Balance", {});
    CHECK(cloud.look(call).value().transition_id == "\"foreign\"");
    cloud.set_held(call, true);
    CHECK(cloud.look(call).value().held);
    // In whichever way it ends, somebody is gone from it.
    Stream ends(3);
    cloud.end(call, ends);
    const bool flow_left = cloud.model.find(call)->participant(platform_ivr)->gone();
    CHECK((flow_left || cloud.model.find(call)->participant(platform_agent)->gone()));
  }
}

TEST_CASE("an oracle wants custom attributes written with the version that was shown", "[testing][oracle][platform][I1]") {
  const auto judged = [](const std::string& lock) {
    Tale tale(Wire::Form::platform_records);
    tale.read();
    tale.write(lock);
    return tale.broken();
  };
  CHECK(judged(R"("version":4,)").empty());
  CHECK(judged(R"("version":3,)") == "I1");
  CHECK(judged(R"("version":0,)") == "I1");
  CHECK(judged("") == "I1");
  Tale unread(Wire::Form::platform_records);
  unread.write(R"("version":4,)");
  CHECK(unread.broken() == "I1");
}

TEST_CASE("an oracle wants a participant's attributes written no more once they may have been", "[testing][oracle][platform][I4][I5]") {
  // Refused for certain, so that it may leave again; left open; accepted.
  for (const auto& [status, again] : {std::pair(429, ""), std::pair(503, "I5"), std::pair(202, "I5")}) {
    Tale tale(Wire::Form::platform_attributes);
    tale.read();
    tale.end(tale.write(), status);
    CHECK(tale.broken().empty());
    tale.write();
    CHECK(tale.broken() == again);
  }
  for (const auto& [status, told] : {std::pair(429, ""), std::pair(503, "I4"), std::pair(202, "I4")}) {
    Tale tale(Wire::Form::platform_attributes);
    tale.read();
    tale.end(tale.write(), status);
    tale.fail(ErrorCode::unavailable);  // as not applied
    CHECK(tale.broken() == told);
  }
  Tale unread(Wire::Form::platform_attributes);
  unread.write();
  CHECK(unread.broken() == "I1");
}

TEST_CASE("a version can be taken out of the platform's answer, or spoilt", "[testing][simulation][platform]") {
  SteadyTime now{std::chrono::hours{1}};
  const PlatformCloud cloud([&now] { return now; }, [] { return WallTime{}; }, setup_on(TransitionStore::custom_attributes));
  HttpResponse answer;
  const std::string body = R"({"results":[{"id":"r","version":12,"x":{"version":1}},{"version":2}]})";
  answer.body.assign(body);
  cloud.spoil_version(answer, false);
  CHECK(answer.body.view() == R"({"results":[{"id":"r","x":{"version":1}},{"version":2}]})");
  answer.body.assign(body);
  cloud.spoil_version(answer, true);
  CHECK(answer.body.view() == R"({"results":[{"id":"r","version":"12","x":{"version":1}},{"version":2}]})");
  answer.body.assign("{}");
  cloud.spoil_version(answer, true);
  CHECK(answer.body.view() == "{}");
}

TEST_CASE("transitions on the platform are simulated in both stores, soundly, and each time the same", "[testing][simulation][platform][I26]") {
  for (const TransitionStore store : {TransitionStore::custom_attributes, TransitionStore::participant_attributes}) {
    std::uint64_t operations = 0;
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
      const Judgement verdict = simulate<OnPlatform>(seed, options_on(store));
      INFO("seed " << seed << " " << (verdict.breaches.empty() ? std::string() : verdict.breaches.front().describe()));
      CHECK(verdict.clean());
      operations += verdict.report.operations;
      if (seed <= 3) CHECK(run<OnPlatform>(seed, options_on(store)).hash == verdict.report.hash);
    }
    CHECK(operations > 1000);
  }
  CHECK(run<OnPlatform>(1, options_on(TransitionStore::custom_attributes)).hash !=
        run<OnPlatform>(1, options_on(TransitionStore::participant_attributes)).hash);
}

TEST_CASE("where nothing goes wrong transitions on the platform succeed, and so do holds", "[testing][simulation][platform]") {
  for (const Driver driver : {Driver::loop, Driver::blocking}) {
    for (const TransitionStore store : {TransitionStore::custom_attributes, TransitionStore::participant_attributes}) {
      Applied applied;
      SimulationOptions options = options_on(store);
      options.faults = FaultSet::none();
      options.driver = driver;
      options.max_processes = 1;
      options.witnesses = {&applied};
      // Behind each other, along one way through the flow.
      std::vector<Work> works;
      for (const auto& [from, to] : {std::pair("Menu", "Billing"), std::pair("Billing", "Balance"), std::pair("Balance", "Survey")}) {
        Work& work = works.emplace_back();
        work.number = works.size(), work.budget = seconds{30}, work.interaction = interaction_id(0);
        work.at = after(ManualClock().steady_now(), seconds{5} * static_cast<int>(works.size()));
        work.from = from, work.to = to;
      }
      Work hold = works.back();
      hold.number = 9, hold.kind = WorkKind::hold;
      works.push_back(hold);
      options.workload = works;
      const Judgement verdict = simulate<OnPlatform>(7, options);
      CHECK(verdict.clean());
      CHECK(applied.succeeded >= 3);
      CHECK(applied.failed == 0);
      CHECK(applied.held >= 4);
    }
  }
}
