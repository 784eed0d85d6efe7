// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <patchbay/testing/simulation/interactions_cloud.hpp>
#include <patchbay/testing/simulation/invariants/oracle.hpp>

namespace story {

using namespace patchbay;
using namespace patchbay::testing;
using namespace patchbay::testing::simulation;

inline const std::string here(document_interaction), there(second_interaction);

/// A process that says what it is told to.
class View final : public ProcessView {
 public:
  [[nodiscard]] const Settings& settings() const override { return given; }
  [[nodiscard]] bool on_loop() const override { return looping; }
  [[nodiscard]] std::vector<HeldInteraction> held() const override { return holds; }
  [[nodiscard]] ChannelState channel_state() const override { return state; }
  [[nodiscard]] TransitionMetricsSnapshot transition_metrics() const override { return transitions; }
  [[nodiscard]] HoldMetricsSnapshot hold_metrics() const override { return commands; }
  [[nodiscard]] std::size_t pending() const override { return open; }
  [[nodiscard]] std::size_t exchanges() const override { return under_way; }
  [[nodiscard]] std::size_t channels() const override { return sockets; }
  [[nodiscard]] bool served() const override { return is_served; }
  [[nodiscard]] std::pair<SteadyTime, SteadyTime> last_write() const override { return written; }
  [[nodiscard]] Duration tick() const override { return coarse; }
  [[nodiscard]] int max_attempts() const override { return 4; }

  Settings given;
  std::vector<HeldInteraction> holds;
  ChannelState state = ChannelState::open;
  TransitionMetricsSnapshot transitions;
  HoldMetricsSnapshot commands;
  std::size_t open = 0, under_way = 0, sockets = 0;
  bool is_served = true, looping = true;
  std::pair<SteadyTime, SteadyTime> written{SteadyTime::min(), SteadyTime::min()};
  Duration coarse{};
};

/// Tells an oracle a course of events, step by step: what a sound process would do unless a step says otherwise.
class Story {
 public:
  explicit Story(OracleOptions options = {}) : oracle(std::move(options)), world([this] { return now; }, CloudOptions()), cloud(world.model) {
    oracle.flow_published(document_flow, document_flow_version, document_flow_json, now);
    TokenSettings credentials;
    credentials.login_url = "https://login.example.com", credentials.client_id = "client",
    credentials.client_secret = Secret("s3cret-of-the-client");
    view.given.tokens = std::make_shared<TokenSource>(std::move(credentials));
    oracle.started(me, now);
    oracle.attached(me, view, now);
  }

  void wait(Duration span) {
    tick();
    now += span;
    tick();
  }
  void tick() { oracle.after_event(now); }
  void rest() {
    tick();
    oracle.quiescent(now);
    oracle.finished(now);
  }
  /// The process destroys its doors, and everything comes to its end.
  void close() {
    oracle.closed(me, now);
    wait(seconds{1});
    oracle.finished(now);
  }
  /// The invariants that were broken, each once.
  [[nodiscard]] std::set<std::string> broken() const {
    std::set<std::string> out;
    for (const Breach& each : oracle.breaches()) out.emplace(each.invariant);
    return out;
  }

  // The callers.
  Work& submit(WorkKind kind, std::string interaction = here, std::string from = "MainMenu",
               std::string to = "BillingInquiry") {
    Work& work = works[++last_work];
    work.number = last_work, work.kind = kind, work.at = now, work.budget = seconds{30};
    work.interaction = std::move(interaction);
    if (kind == WorkKind::transition) work.from = std::move(from), work.to = std::move(to);
    oracle.submitted(me, work);
    count(kind, TransitionCount::submitted, HoldCount::submitted);
    if (kind != WorkKind::transition)
      ++view.commands.counts[static_cast<std::size_t>(kind == WorkKind::hold ? HoldCount::holds : HoldCount::unholds)];
    return work;
  }
  void end(const Work& work, WorkEnd how) {
    how.at = now;
    const Outcome outcome = how.failed ? how.outcome : Outcome::applied;
    count(work.kind,
          outcome == Outcome::applied       ? TransitionCount::succeeded
          : outcome == Outcome::not_applied ? TransitionCount::not_applied
                                            : TransitionCount::unknown,
          outcome == Outcome::applied       ? HoldCount::succeeded
          : outcome == Outcome::not_applied ? HoldCount::not_applied
                                            : HoldCount::unknown);
    ++(work.kind == WorkKind::transition ? view.transitions.operation.count : view.commands.operation.count);
    AuditRecord record = audit_of(work, AuditKind::operation, how.id);
    record.outcome = outcome;
    record.success = !how.failed;
    if (how.failed) record.error_code = to_string(how.code);
    record.attempt = how.attempts;
    oracle.audited(me, record);
    if (how.failed) how.id.clear();  // an error does not name its operation
    oracle.ended(me, work, how);
  }
  void succeed(const Work& work, std::string id, int attempts = 1) {
    WorkEnd how;
    how.id = std::move(id), how.attempts = attempts;
    end(work, std::move(how));
  }
  void fail(const Work& work, ErrorCode code, Outcome outcome, std::string id = {}, int attempts = 0) {
    WorkEnd how;
    how.failed = true, how.code = code, how.outcome = outcome, how.id = std::move(id), how.attempts = attempts;
    end(work, std::move(how));
  }

  // HTTP.
  class Sent {
   public:
    std::string method, target, body;
    std::vector<std::pair<std::string, std::string>> fields;
    HttpResponse answer;
    bool opening = false;
  };
  using Fields = std::vector<std::pair<std::string, std::string>>;
  std::uint64_t send(std::string method, std::string target, std::string body = {}, Fields fields = {},
                     bool opening = false) {
    Sent& sent = exchanges[++last_exchange];
    sent.method = std::move(method), sent.target = std::move(target), sent.body = std::move(body),
    sent.fields = std::move(fields);
    sent.opening = opening;
    with(last_exchange, [&](const ExchangeView& each) { oracle.request_left(each, now); });
    return last_exchange;
  }
  /// It arrives at the cloud.
  HttpResponse& arrive(std::uint64_t number) {
    Sent& sent = exchanges[number];
    with(number, [&](const ExchangeView& each) {
      oracle.arriving(each, world, now);
      cloud.handle(*each.request, sent.answer);
      oracle.served(each, sent.answer, world, now);
    });
    tell_applied();
    tick();
    return sent.answer;
  }
  void answered(std::uint64_t number) {
    with(number,
         [&](const ExchangeView& each) { oracle.exchange_ended(each, &exchanges[number].answer, nullptr, now); });
    ended_exchange(number);
  }
  void answered(std::uint64_t number, int status, Fields fields = {}, std::string_view body = {}) {
    HttpResponse& answer = exchanges[number].answer;
    answer.clear();
    answer.status = status;
    for (const auto& [name, value] : fields) answer.headers.add(name, value);
    answer.body.assign(body);
    answered(number);
  }
  void failed(std::uint64_t number, TransportFault fault = TransportFault::reset,
              Delivery delivery = Delivery::maybe_sent) {
    const TransportError error(fault, delivery);
    with(number, [&](const ExchangeView& each) { oracle.exchange_ended(each, nullptr, &error, now); });
    ended_exchange(number);
  }
  void log_in() {
    const std::uint64_t number =
        send("POST", "/oauth/token", "grant_type=client_credentials",
             {{"Content-Type", "application/x-www-form-urlencoded"}, {"Authorization", "Basic YTpi"}});
    const std::string_view body = arrive(number).body.view();
    token = plain::JsonScan::text_member(body, "access_token");
    answered(number);
  }
  void read_flow() {
    const std::uint64_t number = send("GET", "/api/v2/flows/" + std::string(document_flow), {}, bearer());
    arrive(number);
    answered(number);
  }
  /// Reads an interaction; answers its tag.
  std::string read(const std::string& interaction = here) {
    const std::uint64_t number = send("GET", "/api/v2/interactions/" + interaction, {}, bearer());
    arrive(number);
    const std::string tag(exchanges[number].answer.headers.find("ETag").value_or(std::string_view{}));
    answered(number);
    return tag;
  }
  /// What stands before every write: a token, the flow and a reading.
  std::string prepare(const std::string& interaction = here) {
    if (token.empty()) log_in();
    read_flow();
    return read(interaction);
  }
  static std::string body_of(std::string_view node, std::string_view id, std::string_view more = {}) {
    return std::string(R"({"customAttributes":{"ivr_state":")")
        .append(node)
        .append(R"(","flow_node":")")
        .append(node)
        .append(R"(","last_updated":"2026-01-01T00:00:00.000Z","transition_id":")")
        .append(id)
        .append("\"")
        .append(more)
        .append("}}");
  }
  std::uint64_t write(const std::string& tag, const std::string& id, std::string_view node = "BillingInquiry",
                      const std::string& interaction = here) {
    return write_body(tag, body_of(node, id), interaction);
  }
  std::uint64_t write_body(const std::string& tag, std::string body, const std::string& interaction = here) {
    Fields fields = bearer();
    fields.emplace_back("Content-Type", "application/json");
    if (!tag.empty()) fields.emplace_back("If-Match", tag);
    return send("PATCH", "/api/v2/interactions/" + interaction, std::move(body), std::move(fields));
  }
  /// A transition as it should be.
  void transition(const std::string& id, std::string from = "MainMenu", std::string to = "BillingInquiry",
                  const std::string& interaction = here) {
    const Work& work = submit(WorkKind::transition, interaction, std::move(from), std::move(to));
    const std::uint64_t number = write(prepare(interaction), id, work.to, interaction);
    arrive(number);
    answered(number);
    succeed(work, id);
  }
  [[nodiscard]] Fields bearer() const { return {{"Authorization", "Bearer " + token}}; }

  // The channel.
  std::uint64_t open_channel() {
    const std::uint64_t number = send("GET", "/api/v2/interactions", {}, bearer(), true);
    exchanges[number].answer.status = 101;
    answered(number);
    HttpResponse ignored;
    const Fields fields = bearer();
    const std::vector<HeaderView> headers{{fields[0].first, fields[0].second}};
    channel = cloud.open(CloudRequest("GET", "/api/v2/interactions", headers), ignored).value_or(0);
    oracle.channel_opened(me, channel, now);
    ++view.sockets;
    return channel;
  }
  void end_channel() {
    oracle.channel_ended(me, channel, now);
    --view.sockets;
  }
  static std::string frame(std::string_view verb, std::string_view id, const std::string& interaction = here) {
    return std::string(R"({"command":"send","correlationId":")")
        .append(id)
        .append(R"(","body":{"type":")")
        .append(verb)
        .append(R"(","interactionId":")")
        .append(interaction)
        .append(R"(","holdReason":"queueing","priority":5}})");
  }
  static std::string ack(std::string_view type, std::string_view id, const std::string& interaction = here) {
    return std::string(R"({"correlationId":")")
        .append(id)
        .append(R"(","body":{"type":")")
        .append(type)
        .append(R"(","interactionId":")")
        .append(interaction)
        .append("\"}}");
  }
  /// A command leaves, watched as it should be.
  void command(std::string_view verb, const std::string& id, const std::string& interaction = here) {
    oracle.frame_left(me, channel, frame(verb, id, interaction), now);
    if (verb == "hold") watch(interaction, false);
  }
  void carry_out(std::string_view verb, const std::string& id, const std::string& interaction = here) {
    cloud.command(channel, frame(verb, id, interaction));
    static_cast<void>(cloud.take_frames());
    tell_applied();
    tick();
  }
  void message(const std::string& text) {
    oracle.frame_received(me, channel, text, now);
    ++messages;
  }
  /// A settling answer, believed as it should be.
  void acknowledged(std::string_view type, const std::string& id, const std::string& interaction = here) {
    message(ack(type, id, interaction));
    const bool positive = type == "hold" || type == "unhold";
    ++view.commands.counts[static_cast<std::size_t>(positive ? HoldCount::acks_positive : HoldCount::acks_negative)];
    ++view.commands.command.count;
    if (type != "hold") unwatch(interaction);
  }
  /// A hold as it should be.
  Work& hold(const std::string& id, const std::string& interaction = here) {
    Work& work = submit(WorkKind::hold, interaction);
    read(interaction);
    command("hold", id, interaction);
    carry_out("hold", id, interaction);
    acknowledged("hold", id, interaction);
    succeed(work, id);
    return work;
  }
  Work& release(const std::string& id, const std::string& interaction = here) {
    Work& work = submit(WorkKind::unhold, interaction);
    command("unhold", id, interaction);
    carry_out("unhold", id, interaction);
    acknowledged("unhold", id, interaction);
    succeed(work, id);
    return work;
  }
  void watch(const std::string& interaction, bool confirmed) {
    for (const HeldInteraction& each : view.holds)
      if (each.interaction == interaction) return;
    HeldInteraction held;
    held.interaction = interaction, held.confirmed = confirmed, held.since = now;
    view.holds.push_back(held);
  }
  void unwatch(const std::string& interaction) {
    std::erase_if(view.holds, [&](const HeldInteraction& each) { return each.interaction == interaction; });
  }
  void escalate(const std::string& interaction = here) {
    HoldLimitEvent event;
    event.kind = HoldLimitEvent::Kind::escalation, event.interaction = interaction;
    oracle.limit_told(me, event, now);
  }

  void tell_applied() {
    for (; told < cloud.operations().size(); ++told) oracle.applied(cloud.operations()[told], world, now);
  }
  AuditRecord audit_of(const Work& work, AuditKind kind, std::string id) {
    AuditRecord record;
    const bool transition = work.kind == WorkKind::transition;
    record.sequence = ++sequences[transition ? 0 : 1];
    record.kind = kind, record.operation_id = std::move(id), record.interaction_id = work.interaction;
    record.action = transition ? "state_transition" : work.kind == WorkKind::hold ? "hold" : "unhold";
    record.from = work.from, record.to = work.to, record.latency = now - work.at;
    if (transition) record.flow_id = document_flow, record.flow_version = document_flow_version;
    return record;
  }

  SteadyTime now{hours};
  ProcessId me{0, 0};
  View view;
  Oracle oracle;
  InteractionsCloud world;
  CloudModel& cloud;
  std::map<std::uint64_t, Work> works;
  std::map<std::uint64_t, Sent> exchanges;
  std::string token;
  std::uint64_t channel = 0, messages = 0;
  bool by_holds = false;  ///< The door for holds sends what is sent now.
  std::uint64_t last_work = 0, last_exchange = 0;

 private:
  static constexpr Duration hours = std::chrono::hours{1000};
  template <class Tell>
  void with(std::uint64_t number, Tell&& tell) {
    const Sent& sent = exchanges[number];
    std::vector<HeaderView> headers;
    for (const auto& [name, value] : sent.fields) headers.push_back(HeaderView{name, value});
    const CloudRequest request(sent.method, sent.target, headers, sent.body);
    ExchangeView each;
    each.number = number, each.process = me, each.method = sent.method, each.target = sent.target,
    each.body = sent.body;
    each.request = &request, each.opening = sent.opening, each.by_holds = by_holds;
    tell(each);
  }
  void ended_exchange(std::uint64_t number) {
    if (exchanges[number].method != "PATCH") return;
    ++view.transitions.counts[static_cast<std::size_t>(TransitionCount::patch_attempts)];
    ++view.transitions.attempt.count;
    AuditRecord record;
    record.sequence = ++sequences[0];
    record.kind = AuditKind::attempt;
    record.outcome = Outcome::unknown;
    oracle.audited(me, record);
  }
  void count(WorkKind kind, TransitionCount a, HoldCount b) {
    if (kind == WorkKind::transition) {
      ++view.transitions.counts[static_cast<std::size_t>(a)];
    } else {
      ++view.commands.counts[static_cast<std::size_t>(b)];
    }
  }
  std::size_t told = 0;
  std::array<std::uint64_t, 2> sequences{};
};

using Broken = std::set<std::string>;

}  // namespace story
