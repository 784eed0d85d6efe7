// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// The whole client as a state machine: both doors on one event loop, before a cloud whose every decision is the next byte
// of the input, as is what the client is asked for and when it is cancelled or destroyed. What operations claim is held
// against what the cloud did (invariants I1, I3, I4, I7, I10, I11, I16, I19, I20, I24).
#include "fuzz/network.hpp"

#include <patchbay/hold_controller.hpp>
#include <patchbay/state_transitioner.hpp>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

using namespace patchbay;
using namespace patchbay::testing;
using patchbay_fuzz::Bytes;
using patchbay_fuzz::law;
using patchbay_fuzz::Network;

namespace {

constexpr std::string_view secret = "CANARY/s3cret+of=client";

/// Every text that leaves the doors, apart from requests.
class Heard {
 public:
  void take(std::string_view text) { all.append(text).push_back('\n'); }
  std::string all;
};

class HeardLogger {
 public:
  explicit HeardLogger(Heard& heard) noexcept : heard_(&heard) {}
  [[nodiscard]] static bool enabled(Level) noexcept { return true; }
  void log(Level, const Event& event) {
    heard_->take(event.name);
    for (const Field& each : event.fields)
      if (each.kind() == Field::Kind::text) heard_->take(each.text());
  }

 private:
  Heard* heard_;
};

/// The audit of both doors: one end for each operation.
class HeardAudit final : public AuditSink {
 public:
  explicit HeardAudit(Heard& heard) noexcept : heard_(&heard) {}
  bool write(const AuditRecord& record) override {
    std::string line;
    append_json(record, line);
    heard_->take(line);
    if (record.kind == AuditKind::operation) ends.push_back(record);
    return true;
  }
  std::vector<AuditRecord> ends;

 private:
  Heard* heard_;
};

/// One operation and what its handler was told.
struct Asked {
  SteadyTime deadline{};
  bool is_transition = false;
  int calls = 0;
  bool applied = false;
  std::optional<Outcome> failed;
  std::string id;  ///< Of the transition, when it was applied.
  OperationHandle handle;
};

class World {
 public:
  explicit World(Bytes& bytes_in) : bytes(bytes_in), network(loop, bytes, options(bytes)) {
    settings.base_url = "https://api.example.com";
    settings.tokens = std::make_shared<TokenSource>(
        TokenSettings{.login_url = "https://login.example.com",
                      .client_id = "client",
                      .client_secret = Secret(std::string(secret)),
                      .credentials_in = bytes.flip() ? CredentialsIn::basic : CredentialsIn::body});
    settings.random = std::make_shared<RandomSource>(7);
    settings.audit = audit;
    settings.attempt_timeout = seconds{3};
    settings.max_operations = 8;
    settings.max_waiting = 3;
    settings.transition.max_conflicts = 2;
    if (bytes.flip()) settings.transition.remember = std::make_shared<InteractionMemory>();
    if (bytes.flip()) settings.guards.reset();
    settings.hold.ack_timeout = seconds{2};
    settings.hold.max_hold = seconds{20};
    settings.hold.warn_before = seconds{5};
    settings.hold.repeat_every = seconds{5};
    settings.hold.limit = static_cast<HoldLimit>(bytes.below(3));
    settings.hold.max_commands = 4;
    settings.hold.max_tombstones = 3;
    settings.hold.connect_timeout = seconds{3};
    const Policies policies{.transport = network, .clock = loop.clock(), .logger = HeardLogger(heard)};
    transitions.emplace(policies, settings);
    holds.emplace(policies, settings);
    holds->on_message([this](const ChannelMessage&) { ++messages; });
    holds->on_limit([this](const HoldLimitEvent&) { ++limits; });
  }

  void run() {
    for (int step = 0; step < 60 && !bytes.empty(); ++step) act();
    if (bytes.flip() && bytes.below(8) == 7) return tear_down();
    network.heal();
    if (transitions && bytes.flip()) transitions.reset();
    if (holds && bytes.flip()) holds.reset();
    loop.run_for(std::chrono::minutes{3});
    check_ends();
    if (holds) {
      int closed = 0;
      holds->start_close(seconds{2}, [&closed](Result<void>) { ++closed; });
      loop.run_for(seconds{10});
      law(closed == 1, "I23: a door closes in time");
      law(holds->metrics()[HoldCount::submitted] == ends(holds->metrics()), "I24: every hold has one end");
    }
    if (transitions)
      law(transitions->metrics()[TransitionCount::submitted] == ends(transitions->metrics()),
          "I24: every transition has one end");
    transitions.reset();
    holds.reset();
    // Requests that nobody waits for any more may still be on their way.
    for (int i = 0; i < 10'000 && loop.run_one(); ++i) {
    }
    law(network.under_way() == 0 && network.channels() == 0 && loop.pending() == 0, "I20: nothing is left");
    check_truth();
    check_secrets();
  }

 private:
  static CloudOptions options(Bytes& bytes) {
    CloudOptions out;
    out.etag = static_cast<EtagPlace>(bytes.below(5));
    out.write_answer = static_cast<WriteAnswer>(bytes.below(3));
    out.stale_status = bytes.flip() ? 409 : 412;
    out.show_held = !bytes.flip();
    out.hold_changes_version = !bytes.flip();
    if (bytes.flip()) out.token_ttl = seconds{5};
    return out;
  }
  template <class Snapshot>
  static std::uint64_t ends(const Snapshot& metrics) {
    using Count = std::conditional_t<std::is_same_v<Snapshot, HoldMetricsSnapshot>, HoldCount, TransitionCount>;
    return metrics[Count::succeeded] + metrics[Count::not_applied] + metrics[Count::unknown];
  }

  void act() {
    switch (bytes.below(12)) {
      case 0:
      case 1: return transition();
      case 2: return command(HoldVerb::hold);
      case 3: return command(HoldVerb::unhold);
      case 4:
      case 5: return static_cast<void>(loop.run_for(milliseconds{bytes.below(40)}));
      case 6: return static_cast<void>(loop.run_for(milliseconds{100 * bytes.below(100)}));
      case 7:
        for (std::size_t i = bytes.below(12); i-- > 0;) loop.run_one();
        return;
      case 8:
        if (!asked.empty()) asked[bytes.below(asked.size())]->handle.cancel();
        return;
      case 9: return network.meddle();
      case 10: return change_cloud();
      default:
        if (bytes.below(4) == 3) bytes.flip() ? transitions.reset() : holds.reset();
    }
  }
  std::string_view interaction() { return bytes.below(4) == 3 ? second_interaction : document_interaction; }
  void change_cloud() {
    CloudModel& model = network.cloud().model;
    switch (bytes.below(5)) {
      case 0: model.move(interaction(), bytes.flip() ? "MainMenu" : "BillingInquiry"); break;
      case 1: model.set_held(interaction(), bytes.flip()); break;
      case 2: model.revoke_tokens(); break;
      case 3: model.set_state(interaction(), bytes.flip() ? "connected" : "closed"); break;
      default:
        model.set_flow(std::string(document_flow), std::string(document_flow_json), bytes.flip() ? "8" : "");
        break;
    }
    network.deliver();
  }

  Asked& ask(Duration budget) {
    Asked& one = *asked.emplace_back(std::make_unique<Asked>());
    one.deadline = after(loop.clock().steady_now(), budget);
    return one;
  }
  Duration budget() { return milliseconds{500 + 100 * bytes.below(200)}; }
  void transition() {
    if (!transitions) return;
    static constexpr std::array<std::string_view, 4> nodes{"MainMenu", "BillingInquiry", "BalanceInfo",
                                                           "TechnicalSupport"};
    const Duration span = budget();
    const std::string_view which = interaction(), from = nodes[bytes.below(nodes.size())],
                           to = nodes[bytes.below(nodes.size())];
    TransitionRequest request{std::string(which), std::string(document_flow), std::string(from), std::string(to)};
    request.deadline(span).text("customer_tier", "gold");
    Asked& one = ask(span);
    one.is_transition = true;
    one.handle = transitions->start_transition(std::move(request), [this, &one](Result<TransitionResult> result) {
      if (result) one.id = result->transition_id;
      told(one, result);
    });
    law(one.calls == 0, "a handler is not called from within the call");
  }
  void command(HoldVerb verb) {
    if (!holds) return;
    const Duration span = budget();
    const std::string_view which = interaction();
    Asked& one = ask(span);
    const auto handler = [this, &one](Result<HoldResult> result) {
      // What was on hold already, or was seen to be, may be another's doing.
      if (result && result->attempts > 0 && result->resolved_by == ResolvedBy::answer)
        law(logged(result->correlation_id), "I4: what was acknowledged was carried out", {result->correlation_id});
      told(one, result);
    };
    one.handle = verb == HoldVerb::hold
                     ? holds->start_hold(HoldRequest(which, "consultation", 5).deadline(span), handler)
                     : holds->start_unhold(UnholdRequest(which, 5).deadline(span), handler);
    law(one.calls == 0, "a handler is not called from within the call");
  }
  template <class T>
  void told(Asked& one, const Result<T>& result) {
    law(++one.calls == 1, "I4: an operation ends once");
    const SteadyTime now = loop.clock().steady_now();
    law(now <= after(one.deadline, milliseconds{5}), "I7: an operation ends by its deadline");
    if (result) {
      one.applied = true;
      if (one.is_transition) law(applied(one.id) == 1, "I4: what succeeded was applied, once", {one.id});
      return;
    }
    one.failed = result.error().outcome();
    const Error& error = result.error();
    for (const std::string_view text : {std::string_view(error.message()), std::string_view(error.server_message())})
      heard.take(text);
    heard.take(error.describe());
    law((error.code() == ErrorCode::outcome_unknown) == (error.outcome() == Outcome::unknown),
        "I4: unknown is called unknown", {error.describe()});
  }
  [[nodiscard]] std::size_t applied(std::string_view id) { return network.cloud().model.times_applied(id); }

  [[nodiscard]] bool logged(std::string_view id) {
    const auto& all = network.cloud().model.operations();
    return std::any_of(all.begin(), all.end(), [&](const AppliedOperation& each) { return each.id == id; });
  }

  void check_ends() {
    for (const auto& one : asked) law(one->calls == 1, "I4: no operation is lost");
    // The watchdog releases on its own account.
    std::size_t own = 0;
    for (const AuditRecord& each : audit->ends) own += each.action == "unhold" ? 1U : 0U;
    law(audit->ends.size() >= asked.size() && audit->ends.size() - asked.size() <= own,
        "I16: one record of its end for each operation");
  }
  void check_truth() {
    std::map<std::string, int> times;
    for (const AppliedOperation& each : network.cloud().model.operations())
      if (!each.id.empty() && each.kind != AppliedOperation::Kind::foreign)
        law(++times[each.id] == 1, "I3: at most once", {each.id});
    for (const AuditRecord& end : audit->ends) {
      if (end.operation_id.empty()) continue;
      const bool reached = times.contains(end.operation_id);
      if (end.outcome == Outcome::not_applied)
        law(!reached, "I4: what failed is not applied, and never will be",
            {end.operation_id, end.error_code, end.error_message});
      if (end.outcome == Outcome::applied && end.action == "state_transition")
        law(reached, "I4: what succeeded is applied", {end.operation_id});
    }
    for (const auto& one : asked)
      if (one->applied && one->is_transition) law(times[one->id] == 1, "I4: a success stays one", {one->id});
  }
  void check_secrets() {
    law(heard.all.find(secret) == std::string::npos, "I19: the client's secret is not told", {heard.all});
    law(heard.all.find("s3cret") == std::string::npos, "I19: nor a part of it", {heard.all});
    for (const std::string& each : network.credentials())
      law(each.size() < 8 || heard.all.find(each) == std::string::npos, "I19: no credential is told",
          {each, heard.all});
  }
  /// The loop ends with work in it: handlers are not called any more, and nothing is touched that is gone.
  void tear_down() {
    network.tear_down();
    transitions.reset();
    holds.reset();
    for (const auto& one : asked) law(one->calls <= 1, "I4: an operation ends at most once");
    check_secrets();
  }

  Bytes& bytes;
  Heard heard;
  ManualLoop loop;
  Network network;
  Settings settings;
  std::shared_ptr<HeardAudit> audit = std::make_shared<HeardAudit>(heard);
  std::vector<std::unique_ptr<Asked>> asked;
  std::uint64_t messages = 0, limits = 0;
  std::optional<StateTransitioner<Network, ManualClock, DefaultRetry, HeardLogger, DefaultSchema>> transitions;
  std::optional<HoldController<Network, ManualClock, DefaultRetry, HeardLogger, DefaultSchema>> holds;
};

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Bytes bytes(data, size);
  World world(bytes);
  world.run();
  return 0;
}
