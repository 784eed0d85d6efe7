// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // any_of, max
#include <cstddef>
#include <cstdint>
#include <functional>  // less
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <patchbay/testing/simulation/invariants/records.hpp>
#include <patchbay/testing/simulation/invariants/scan.hpp>
#include <patchbay/testing/simulation/invariants/wire.hpp>
#include <patchbay/testing/simulation/witness.hpp>

namespace patchbay::testing::simulation {

/// What all checks need to know of a run: filled from its events alone, before the checks see each of them. Reads
/// bodies and frames with readers of its own. References stay valid for the run.
class Books final : public Witness {
 public:
  /// Between a process's asking and the first byte lie moments in which it may hear of other things.
  static constexpr Duration moment = milliseconds{10};

  Books() = default;
  /// `wire` is how requests and answers are to be read.
  explicit Books(const Wire& wire) noexcept : wire_(wire) {}
  [[nodiscard]] const Wire& wire() const noexcept { return wire_; }

  [[nodiscard]] SteadyTime now() const noexcept { return now_; }
  /// When the last fault struck; never before `healed`.
  [[nodiscard]] SteadyTime healed_at() const noexcept { return healed_at_; }
  /// `at`, or the end of the gap of the monotonic clock that it lay in: nobody can be blamed for what the machine slept
  /// through.
  [[nodiscard]] SteadyTime due(SteadyTime at) const noexcept {
    for (const auto& [from, to] : gaps_)
      if (at >= from && at < to) at = to;
    return at;
  }
  /// The last moment for what is due then, of a process that needs `slack` for it. A gap of the clock that begins
  /// meanwhile is nobody's fault: behind it the process has its slack once more, and a moment to look at the clock.
  [[nodiscard]] SteadyTime latest(SteadyTime at, Duration slack) const noexcept {
    SteadyTime last = after(at, slack);
    for (const auto& [from, to] : gaps_)
      if (last >= from && at < to) last = std::max(last, after(to, slack + moment));
    return last;
  }

  /// How coarse the process's clock is.
  [[nodiscard]] Duration tick(ProcessId id) const {
    const ProcessRecord* const found = process(id);
    if (found == nullptr) return Duration::zero();
    return found->view != nullptr ? found->view->tick() : found->last_tick;
  }

  [[nodiscard]] const std::map<std::uint64_t, WorkRecord>& works() const noexcept { return works_; }
  [[nodiscard]] const std::map<std::string, Effect, std::less<>>& effects() const noexcept { return effects_; }
  [[nodiscard]] const std::map<std::string, Truth, std::less<>>& truths() const noexcept { return truths_; }
  [[nodiscard]] const std::map<std::pair<int, int>, ProcessRecord>& processes() const noexcept { return processes_; }
  [[nodiscard]] const std::map<std::uint64_t, ExchangeRecord>& exchanges() const noexcept { return exchanges_; }
  [[nodiscard]] const WorkRecord* work(std::uint64_t number) const { return plain::find_in(works_, number); }
  /// Whether a record of the operation has reached its process's disk.
  [[nodiscard]] bool recorded(std::string_view id) const { return recorded_.find(id) != recorded_.end(); }
  [[nodiscard]] const Effect* effect(std::string_view id) const { return plain::find_in(effects_, id); }
  [[nodiscard]] const Truth* truth(std::string_view interaction) const { return plain::find_in(truths_, interaction); }
  [[nodiscard]] const ProcessRecord* process(ProcessId id) const {
    return plain::find_in(processes_, std::pair(id.number, id.incarnation));
  }
  [[nodiscard]] const ExchangeRecord* exchange(std::uint64_t number) const {
    return plain::find_in(exchanges_, number);
  }
  /// Whether a reading since its first write left showed a version before one that a transition was locked with.
  /// Readings from replicas that lag may: a version is opaque to a client, for which another one has come since, and
  /// which sees its write neither applied nor able to be applied any more. That is the cloud's untruth.
  [[nodiscard]] bool shown_older(const Effect& effect) const {
    if (!wire_.locks()) return shown_late(effect);
    const std::uint64_t mine = effect.newest_version;
    if (effect.kind != WorkKind::transition || mine == 0) return false;
    return std::any_of(processes_.begin(), processes_.end(), [&](const auto& entry) {
      return entry.first.first == effect.process.number &&
             std::any_of(entry.second.readings.begin(), entry.second.readings.end(), [&](const Reading& each) {
               const std::optional<std::uint64_t> shown = plain::version_of(each.etag);
               return each.interaction == effect.interaction && each.at >= effect.first_sent && shown && *shown < mine;
             });
    });
  }

  // Of the event that is being judged.

  /// The interaction that came with the exchange that ends; null when none could be read.
  [[nodiscard]] const Reading* reading() const noexcept { return reading_ ? &*reading_ : nullptr; }
  /// The message that came; its texts are empty when it has none.
  [[nodiscard]] const Reply& reply() const noexcept { return reply_; }
  /// The command that left, or that was answered; null when there is none.
  [[nodiscard]] const Effect* command() const noexcept { return command_; }
  /// Whether the command had been answered before this message.
  [[nodiscard]] bool answered_before() const noexcept { return answered_before_; }
  /// Whether the message came on a channel that its process still had. What a transport hands over on one that was given up
  /// is for nobody: it is no answer, and need not be counted.
  [[nodiscard]] bool heard() const noexcept { return heard_; }
  /// How what came shows the party that may be held, where holds travel as requests; null when it shows none.
  [[nodiscard]] const ShownHold* shown() const noexcept { return shown_ ? &*shown_ : nullptr; }
  /// The request of a door for holds that is done now, where holds travel as requests; null when somebody else has changed something.
  [[nodiscard]] const ExchangeRecord* applied_by() const noexcept { return applied_by_; }
  /// The exchange that the cloud is serving; null when something else changes it.
  [[nodiscard]] const ExchangeRecord* serving() const noexcept { return serving_; }

  // The events.

  void attached(ProcessId id, const ProcessView& view, SteadyTime at) override {
    now_ = at;
    ProcessRecord& process = process_of(id);
    process.view = &view;
    process.since = at;
  }
  void started(ProcessId id, SteadyTime at) override { process_of(id).since = now_ = at; }
  void crashed(ProcessId id, SteadyTime at) override {
    ProcessRecord& process = end_of(id, at);
    process.crashed = true;
    process.channels.clear();
  }
  void closed(ProcessId id, SteadyTime at) override { end_of(id, at).closed = true; }
  void healed(SteadyTime at) override { now_ = healed_at_ = at; }
  void quiescent(SteadyTime at) override { now_ = at; }
  void suspended(SteadyTime from, SteadyTime to) override {
    now_ = to;
    gaps_.emplace_back(from, to);
  }
  void after_event(SteadyTime at) override { now_ = at, serving_ = nullptr; }
  void journaled(ProcessId, const JournalView& view, SteadyTime) override { recorded_.emplace(view.id); }
  void recovered(ProcessId, const JournalView& view, SteadyTime) override { recorded_.emplace(view.id); }

  void submitted(ProcessId id, const Work& work) override {
    WorkRecord& record = works_[work.number];
    record.work = work;
    record.process = id;
    record.order = works_.size();
    ProcessRecord& process = process_of(id);
    ++process.submitted;
    ++process.open;
    process.works.push_back(work.number);
  }
  void cancelled(ProcessId, const Work& work) override { works_[work.number].cancelled = true; }
  void ended(ProcessId id, const Work& work, const WorkEnd& end) override {
    now_ = end.at;
    WorkRecord& record = works_[work.number];
    record.end = end;
    record.end.text = {};
    ++record.ends;
    // An error does not name its operation, and its terminal record does.
    if (record.end.id.empty()) record.end.id = claim(id, record);
    ProcessRecord& process = process_of(id);
    if (process.open != 0) --process.open;
    ++process.ended;
    if (record.end.id.empty()) return;
    if (Effect* const effect = plain::find_in(effects_, std::string_view(record.end.id)))
      effect->works.push_back(work.number);
  }
  void audited(ProcessId id, const AuditRecord& record) override {
    if (record.kind != AuditKind::operation || record.success || record.operation_id.empty()) return;
    process_of(id).terminals.emplace_back(record, works_.size());
  }

  void request_left(const ExchangeView& view, SteadyTime at) override {
    now_ = at;
    ExchangeRecord& exchange = exchanges_[view.number];
    exchange.process = view.process;
    exchange.kind = wire_.kind_of(view);
    exchange.left_at = at;
    exchange.under_way = true;
    exchange.by_holds = view.by_holds;
    if (exchange.kind == ExchangeClass::command) {
      exchange.interaction = wire_.interaction_of(view.target);
      exchange.holds = plain::JsonScan::member(view.body, "held") == "true";
      exchange.party = Wire::party_of(view.target);
    }
    if (view.request != nullptr) {
      const std::string_view authorization = view.request->header("Authorization");
      if (authorization.starts_with("Bearer ")) exchange.token = authorization.substr(7);
    }
    if (exchange.kind == ExchangeClass::read || exchange.kind == ExchangeClass::write)
      exchange.interaction = wire_.interaction_of(view.target);
    if (exchange.kind != ExchangeClass::write) return;
    const std::optional<std::string> lock = wire_.lock_of(view);
    exchange.has_etag = lock.has_value();
    exchange.etag = lock.value_or(std::string{});
    const std::string_view attributes = wire_.attributes_of(view.body);
    exchange.node = plain::JsonScan::text_member(attributes, "flow_node");
    exchange.operation = plain::JsonScan::text_member(attributes, "transition_id");
    Effect& effect = effect_of(exchange.operation, WorkKind::transition, view.process, exchange.interaction, at);
    effect.node = exchange.node;
    // A doubt about an earlier version is none about this one: a write against it conflicts by now.
    if (effect.etag != exchange.etag) effect.doubtful = 0;
    effect.etag = exchange.etag;
    effect.newest_version = std::max(effect.newest_version, plain::version_of(exchange.etag).value_or(0));
    ++effect.sends;
    ++effect.under_way;
  }
  void exchange_ended(const ExchangeView& view, const HttpResponse* response, const TransportError* fault,
                      SteadyTime at) override {
    now_ = at;
    reading_.reset();
    shown_.reset();
    ExchangeRecord* const known = plain::find_in(exchanges_, view.number);
    if (known == nullptr) return;  // it never left
    ExchangeRecord& exchange = *known;
    exchange.under_way = false;
    exchange.ended_at = at;
    exchange.status = response != nullptr ? response->status : 0;
    if (exchange.kind == ExchangeClass::write) {
      Effect& effect = effects_[exchange.operation];
      if (effect.under_way != 0) --effect.under_way;
      if (in_doubt(exchange.status, fault)) ++effect.doubtful;
    }
    if (exchange.kind == ExchangeClass::command) exchange.doubtful = in_doubt(exchange.status, fault) && !exchange.accepted();
    const bool good = response != nullptr && response->status >= 200 && response->status <= 299;
    if (good && exchange.kind == ExchangeClass::read && wire_.holds_by_request() && view.by_holds)
      show(view.process, Wire::hold_of(response->body.view()), false, exchange.late, at);
    if (good && (exchange.kind == ExchangeClass::read || exchange.kind == ExchangeClass::write))
      read(exchange, view.target, *response, at);
  }

  void channel_opened(ProcessId id, std::uint64_t channel, SteadyTime at) override {
    now_ = at;
    process_of(id).channels[channel] = at;
    given_up_.erase(channel);
  }
  void channel_ended(ProcessId id, std::uint64_t channel, SteadyTime at) override {
    now_ = at;
    process_of(id).channels.erase(channel);
    given_up_.insert(channel);
  }
  void frame_left(ProcessId id, std::uint64_t channel, std::string_view frame, SteadyTime at) override {
    now_ = at;
    command_ = nullptr;
    const std::string_view body = plain::JsonScan::member(frame, "body");
    const std::string verb = plain::JsonScan::text_member(body, "type");
    const std::string correlation = plain::JsonScan::text_member(frame, "correlationId");
    if (verb != "hold" && verb != "unhold") return;
    Effect& effect = effect_of(correlation, verb == "hold" ? WorkKind::hold : WorkKind::unhold, id,
                               plain::lower(plain::JsonScan::text_member(body, "interactionId")), at);
    effect.channel = channel;
    effect.last_sent = at;
    effect.order = ++orders_;
    ++effect.sends;
    command_ = &effect;
  }
  void frame_received(ProcessId id, std::uint64_t channel, std::string_view frame, SteadyTime at) override {
    now_ = at;
    command_ = nullptr;
    answered_before_ = false;
    reply_ = Reply{};
    shown_.reset();
    heard_ = given_up_.find(channel) == given_up_.end();
    if (!heard_) return;
    if (wire_.holds_by_request()) {
      reply_.type = plain::JsonScan::text_member(frame, "topicName");
      if (reply_.type.starts_with("v2.users.")) show(id, Wire::hold_of(plain::JsonScan::member(frame, "eventBody")), true, false, at);
      return;
    }
    const std::string_view body = plain::JsonScan::member(frame, "body");
    reply_.id = plain::JsonScan::text_member(frame, "correlationId");
    reply_.type = plain::JsonScan::text_member(body, "type");
    reply_.interaction = plain::lower(plain::JsonScan::text_member(body, "interactionId"));
    Effect* const effect = reply_.id.empty() ? nullptr : plain::find_in(effects_, std::string_view(reply_.id));
    if (effect == nullptr || effect->kind == WorkKind::transition || !(effect->process == id)) return;
    if (!reply_.interaction.empty() && reply_.interaction != effect->interaction) return;
    const std::string_view verb = effect->kind == WorkKind::hold ? "hold" : "unhold";
    reply_.positive = reply_.type == verb;
    reply_.negative = !reply_.type.empty() && reply_.type != "hold" && reply_.type != "unhold";
    if (!reply_.positive && !reply_.negative) return;
    command_ = effect;
    answered_before_ = effect->answered();
    // The first answer is the answer: what comes after it may say anything.
    if (answered_before_) return;
    (reply_.positive ? effect->confirmed : effect->refused) = true;
    effect->answered_at = at;
  }

  void arriving(const ExchangeView& view, const Cloud& model, SteadyTime at) override {
    now_ = at;
    ExchangeRecord* const arrived = plain::find_in(exchanges_, view.number);
    serving_ = arrived;
    if (arrived == nullptr) return;
    if (!arrived->interaction.empty()) learn(arrived->interaction, model, at);
    // The network may bring several copies of one request.
    if (arrived->arrivals++ != 0 && arrived->kind == ExchangeClass::write) ++effects_[arrived->operation].copies;
  }
  void served(const ExchangeView& view, const HttpResponse& answer, const Cloud& model, SteadyTime at) override {
    now_ = at;
    ExchangeRecord* const exchange = plain::find_in(exchanges_, view.number);
    if (exchange != nullptr && (exchange->kind == ExchangeClass::command || exchange->kind == ExchangeClass::reason) && !model.accepted().empty())
      commands_.try_emplace(std::string(model.accepted()), view.number);
    if (exchange != nullptr && exchange->by_holds && wire_.holds_by_request() && exchange->kind == ExchangeClass::read) {
      const std::optional<Standing> truth = model.look(exchange->interaction);
      const std::optional<ShownHold> shown = Wire::hold_of(answer.body.view());
      exchange->late = truth && shown && (shown->held != truth->held || shown->over != truth->party_over);
      return;
    }
    if (wire_.locks() || exchange == nullptr || exchange->kind != ExchangeClass::read || answer.status != 200) return;
    Reading shown;
    const std::optional<Standing> truth = model.look(exchange->interaction);
    if (truth && wire_.read(view.target, answer, false, shown))
      exchange->late = shown.transition_id != plain::JsonScan::text_of(truth->transition_id).value_or(std::string{});
  }
  void applied(const AppliedOperation& operation, const Cloud& model, SteadyTime at) override {
    now_ = at;
    const std::string interaction = plain::lower(operation.interaction);
    const Truth* const known = truth(interaction);
    const bool command =
        operation.kind == AppliedOperation::Kind::hold || operation.kind == AppliedOperation::Kind::unhold;
    if (known == nullptr && command) {
      const bool now_held = operation.kind == AppliedOperation::Kind::hold;
      truths_[interaction].held_changes.emplace_back(SteadyTime::min(), operation.changed ? !now_held : now_held);
    }
    if (operation.kind != AppliedOperation::Kind::foreign) {
      if (Effect* const effect = plain::find_in(effects_, std::string_view(operation.id))) {
        if (operation.changed) ++effect->changes;
        if (effect->changes > 1) hide_behind(*effect);
        ++effect->carried_out;
        effect->applied_at = at;
        // A copy has no place of its own.
        if (effect->changes < 2 || effect->kind != WorkKind::transition) effect->applied_order = ++applications_;
        effect->known_before = known != nullptr && known->has_node;
        if (effect->known_before) effect->node_before = known->node;
        effect->version_before = known != nullptr ? std::optional(known->version) : std::nullopt;
      }
    }
    applied_by_ = nullptr;
    if (wire_.holds_by_request())
      if (const auto found = commands_.find(operation.id); found != commands_.end()) {
        ExchangeRecord& by = exchanges_[found->second];
        applied_by_ = &by;
        if (command) ++(operation.changed ? by.changes : by.carried_out);
      }
    // Whoever changes it next hides the traces of the one before, as far as nothing locks; not those who change another party.
    const bool other_party = wire_.holds_by_request() && (applied_by_ != nullptr || operation.participant == platform_agent || operation.participant == platform_customer);
    std::string& last = changed_by_[interaction];
    if (other_party) {
      // It says nothing of what was written.
    } else if (last != operation.id)
      if (Effect* const hidden = plain::find_in(effects_, std::string_view(last))) hidden->overwritten = true;
    if (!other_party) last = operation.id;
    const Effect* const cause = operation.kind == AppliedOperation::Kind::foreign ? nullptr : effect(operation.id);
    learn(interaction, model, at);
    if (Truth& truth = truths_[interaction]; truth.held_changes.size() > 1 && truth.held_changes.back().first == at)
      truth.changed_by = cause != nullptr ? cause->process.number : applied_by_ != nullptr ? applied_by_->process.number : -1;
  }

 private:
  ProcessRecord& process_of(ProcessId id) {
    ProcessRecord& process = processes_[std::pair(id.number, id.incarnation)];
    process.id = id;
    return process;
  }
  void show(ProcessId id, std::optional<ShownHold> shown, bool event, bool late, SteadyTime at) {
    if (!shown) return;
    shown->event = event, shown->late = late, shown->at = at;
    process_of(id).shown.push_back(*shown);
    shown_ = std::move(shown);
  }
  ProcessRecord& end_of(ProcessId id, SteadyTime at) {
    now_ = at;
    ProcessRecord& process = process_of(id);
    if (process.view != nullptr) process.last_tick = process.view->tick();
    process.view = nullptr;
    process.gone_at = at;
    return process;
  }
  /// The id in the oldest terminal record that may be that of a work which failed so.
  [[nodiscard]] std::string claim(ProcessId id, const WorkRecord& record) {
    std::vector<Terminal>& all = process_of(id).terminals;
    for (auto each = all.begin(); each != all.end(); ++each) {
      if (!each->fits(record)) continue;
      std::string out = std::move(each->id);
      all.erase(each);
      return out;
    }
    return {};
  }
  Effect& effect_of(const std::string& id, WorkKind kind, ProcessId process, const std::string& interaction,
                    SteadyTime at) {
    const auto [found, fresh] = effects_.try_emplace(id);
    Effect& effect = found->second;
    if (fresh) {
      effect.id = id, effect.kind = kind, effect.process = process;
      effect.interaction = interaction, effect.first_sent = at;
    } else if (effect.kind != kind || !(effect.process == process) || effect.interaction != interaction) {
      effect.reused = true;
    }
    return effect;
  }
  /// Whether the end of a write leaves open that it takes, or took, effect.
  [[nodiscard]] static bool in_doubt(int status, const TransportError* fault) noexcept {
    if (status == 0) return fault == nullptr || fault->delivery != Delivery::not_sent;
    return status < 300 || status == 408 || status >= 500;
  }
  void read(const ExchangeRecord& exchange, std::string_view target, const HttpResponse& response, SteadyTime at) {
    const bool write = exchange.kind == ExchangeClass::write;
    Reading reading;
    reading.process = exchange.process;
    reading.interaction = exchange.interaction;
    reading.written = write;
    reading.late = exchange.late;
    reading.at = at;
    if (!wire_.read(target, response, write, reading)) return;
    if (write && !reading.has_node) {
      reading.has_node = true;
      reading.node = exchange.node;
    }
    reading_ = reading;
    process_of(exchange.process).readings.push_back(std::move(reading));
  }
  /// Whether a reading since an unlocked write left showed other traces than there were, or those of before it came back, or
  /// one copy of it was refused for certain and another was applied: then it was the cloud, or the network, who was wrong.
  [[nodiscard]] bool shown_late(const Effect& effect) const {
    const bool answered_for_a_copy = effect.copies != 0 && effect.doubtful == 0;
    return effect.hidden || answered_for_a_copy || std::any_of(processes_.begin(), processes_.end(), [&](const auto& entry) {
      return entry.first.first == effect.process.number &&
             std::any_of(entry.second.readings.begin(), entry.second.readings.end(), [&](const Reading& each) {
               return each.late && each.interaction == effect.interaction && each.at >= effect.first_sent;
             });
    });
  }
  /// What nothing locks is applied again, since the network has made a copy of it: whatever came in between is hidden, and
  /// all looks as it did before that.
  void hide_behind(const Effect& again) {
    for (auto& [id, each] : effects_)
      if (each.interaction == again.interaction && each.changes != 0 && each.applied_order > again.applied_order)
        each.hidden = true;
  }
  void learn(const std::string& interaction, const Cloud& model, SteadyTime at) {
    const std::optional<Standing> found = model.look(interaction);
    if (!found) return;
    Truth& truth = truths_[interaction];
    truth.version = found->version;
    truth.final = found->final;
    truth.has_node = !found->node.empty();
    if (truth.has_node) truth.node = plain::JsonScan::text_of(found->node).value_or(found->node);
    truth.held = found->held;
    truth.party_over = found->party_over;
    truth.party = found->party;
    if (truth.held_changes.empty()) truth.held_changes.emplace_back(SteadyTime::min(), found->held);
    if (truth.held_changes.back().second != found->held) truth.held_changes.emplace_back(at, found->held);
  }

  Wire wire_;
  std::map<std::string, std::string, std::less<>> changed_by_;  // the id of the last change of each interaction
  SteadyTime now_{};
  SteadyTime healed_at_ = never;
  std::vector<std::pair<SteadyTime, SteadyTime>> gaps_;
  std::map<std::uint64_t, WorkRecord> works_;
  std::map<std::uint64_t, ExchangeRecord> exchanges_;
  std::map<std::string, Effect, std::less<>> effects_;
  std::map<std::string, Truth, std::less<>> truths_;
  std::map<std::pair<int, int>, ProcessRecord> processes_;
  std::set<std::string, std::less<>> recorded_;
  std::uint64_t orders_ = 0, applications_ = 0;
  std::map<std::string, std::uint64_t, std::less<>> commands_;  // by the id under which the cloud logs them
  std::optional<Reading> reading_;
  std::optional<ShownHold> shown_;
  const ExchangeRecord* applied_by_ = nullptr;
  Reply reply_;
  Effect* command_ = nullptr;
  bool answered_before_ = false, heard_ = true;
  std::set<std::uint64_t> given_up_;  // channels
  const ExchangeRecord* serving_ = nullptr;
};

}  // namespace patchbay::testing::simulation
