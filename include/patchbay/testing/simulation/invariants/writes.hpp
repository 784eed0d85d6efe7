// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // any_of, find
#include <cstddef>
#include <cstdint>
#include <functional>  // less
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <patchbay/observe/audit.hpp>
#include <patchbay/testing/simulation/invariants/check.hpp>
#include <patchbay/testing/simulation/invariants/flow_truth.hpp>

namespace patchbay::testing::simulation {

/// I1, no lost update, and I5, no regression.
///
/// Decided from the request that leaves: it carries one strong tag in `If-Match`, which this incarnation has been shown
/// with this interaction, at the node that one of its works starts from; and from what is applied: the tag was the
/// version of that moment, and the interaction was where the work said it was. Whether the audited `from` agrees is
/// looked at when the work ends. An interaction that truly has no node leaves nothing to compare with, by the dialect's
/// contract. Where the lock is a version in the body the same is asked of that one, and that no first record is made where
/// there is one. Where nothing locks a write, it may still overwrite what others have written, and they it; then it is
/// held to leave no more once it may have been applied, and from a node that was shown. Does not see: which reading belongs
/// to which operation of a process, since requests name none.
class LostUpdates final : public Check {
 public:
  using Check::Check;

  void request_left(const ExchangeView& view, SteadyTime) override {
    const ExchangeRecord* const sent = books().exchange(view.number);
    if (sent == nullptr || sent->kind != ExchangeClass::write) return;
    const Effect* const effect = books().effect(sent->operation);
    if (effect == nullptr) return;
    if (!books().wire().locks()) return check_unlocked(*sent, *effect, view.process);
    if (!sent->has_etag)
      return broken("I1", *effect, books().wire().locks_in_body() ? "a write left without a version" : "a write left without If-Match");
    if (!plain::is_one_strong_tag(sent->etag))
      return broken("I1", *effect, "a write left with If-Match " + sent->etag + ", which is no strong tag");
    const ProcessRecord* const process = books().process(view.process);
    if (process == nullptr) return;
    bool shown = false, fits = false;
    for (auto each = process->readings.rbegin(); each != process->readings.rend() && !fits; ++each) {
      if (each->etag != sent->etag || each->interaction != sent->interaction) continue;
      shown = true;
      fits = !each->has_node || starts_from(*process, sent->interaction, each->node);
    }
    if (!shown)
      return broken("I1", *effect,
                    "a write left with the version " + sent->etag + ", which the process was never shown");
    if (!fits)
      return broken("I1", *effect,
                    "a write left with the version " + sent->etag +
                        ", at which no work of the process starts from where the interaction was");
  }
  void applied(const AppliedOperation& operation, const Cloud&, SteadyTime) override {
    if (operation.kind != AppliedOperation::Kind::transition) return;
    const Effect* const effect = books().effect(operation.id);
    const ExchangeRecord* const sent = books().serving();
    if (effect == nullptr || sent == nullptr || sent->kind != ExchangeClass::write) return;
    if (sent->etag != '"' + std::to_string(operation.version - 1) + '"')
      broken("I1", *effect,
             "a write with If-Match " + sent->etag + " made version " + std::to_string(operation.version));
    if (books().wire().locks_in_body() && effect->version_before &&
        sent->etag != '"' + std::to_string(*effect->version_before) + '"')
      broken("I1", *effect, "a write of version " + sent->etag + " was applied at version " + std::to_string(*effect->version_before));
    const ProcessRecord* const process = books().process(effect->process);
    if (process == nullptr || !effect->known_before) return;
    if (!starts_from(*process, effect->interaction, effect->node_before))
      broken("I5", *effect, "applied from " + effect->node_before + ", where no work of the process starts");
    if (!leads_to(*process, effect->interaction, effect->node))
      broken("I5", *effect, "applied a move to " + effect->node + ", where no work of the process leads");
  }
  void ended(ProcessId, const Work& work, const WorkEnd&) override {
    const WorkRecord* const record = books().work(work.number);
    if (work.kind != WorkKind::transition || record == nullptr) return;
    const Effect* const effect = books().effect(record->end.id);
    if (effect == nullptr || effect->changes == 0 || !effect->known_before) return;
    // Moves that were made by one write stand in their order: the first starts from where the interaction was.
    if (effect->works.size() == 1 && work.from != effect->node_before && work.to == effect->node && books().wire().locks())
      broken("I5", *effect, "the work starts from " + work.from + ", and was applied from " + effect->node_before);
    if (effect->works.size() == 1 && work.from == effect->node_before && work.to != effect->node)
      pending_.push_back(effect->id);
    if (effect->works.size() > 1) check_chain(*effect);
  }
  void quiescent(SteadyTime) override {
    for (const std::string& id : pending_)
      if (const Effect* const effect = books().effect(id); effect != nullptr && effect->works.size() == 1)
        broken("I1", *effect, "the work leads elsewhere than its write, to " + effect->node);
    pending_.clear();
  }

 private:
  void check_unlocked(const ExchangeRecord& sent, const Effect& effect, ProcessId id) const {
    if (effect.doubtful != 0 || effect.under_way > 1)
      broken("I5", effect, "a write that nothing locks left again, although it may have been applied");
    const ProcessRecord* const process = books().process(id);
    if (process == nullptr) return;
    const bool fits = std::any_of(process->readings.begin(), process->readings.end(), [&](const Reading& each) {
      return each.interaction == sent.interaction && (!each.has_node || starts_from(*process, sent.interaction, each.node));
    });
    if (!fits) broken("I1", effect, "a write left, and no work of the process starts from where it was shown the interaction");
  }
  template <class Condition>
  bool any_work(const ProcessRecord& process, std::string_view interaction, Condition&& condition) const {
    return std::any_of(process.works.begin(), process.works.end(), [&](std::uint64_t number) {
      const WorkRecord* const record = books().work(number);
      return record != nullptr && record->work.kind == WorkKind::transition &&
             plain::lower(record->work.interaction) == interaction && condition(record->work);
    });
  }
  [[nodiscard]] bool starts_from(const ProcessRecord& process, std::string_view interaction,
                                 std::string_view node) const {
    return any_work(process, interaction, [node](const Work& work) { return work.from == node; });
  }
  [[nodiscard]] bool leads_to(const ProcessRecord& process, std::string_view interaction, std::string_view node) const {
    return any_work(process, interaction, [node](const Work& work) { return work.to == node; });
  }
  void check_chain(const Effect& effect) const {
    const WorkRecord* const before = books().work(effect.works[effect.works.size() - 2]);
    const WorkRecord* const last = books().work(effect.works.back());
    if (before != nullptr && last != nullptr && before->work.to != last->work.from)
      broken("I1", effect, "moves that one write made do not follow each other");
  }
  std::vector<std::string> pending_;
};

/// I2, legal transition: each applied write is allowed by the flow in the version that its audit names, under the
/// settings' reachability, by a search of our own in what was published; and this incarnation had been shown that
/// version, or had it confirmed, no longer before than the cache's time to live. Where a flow is served without its
/// version, so that no audit can name it, one of the versions that it was shown in that time allows the write. Which
/// conditions a client's predicate accepts is not looked at.
class LegalTransitions final : public Check {
 public:
  using Check::Check;

  /// `time_to_live` is that of the flow caches, with which a version may be used unasked.
  LegalTransitions(const Books& books_in, Judge& judge_in, Duration time_to_live) noexcept
      : Check(books_in, judge_in), time_to_live_(time_to_live) {}

  void flow_published(std::string_view flow, std::string_view version, std::string_view json, SteadyTime) override {
    flows_.insert_or_assign(key(flow, version), plain::FlowTruth(json));
  }
  void exchange_ended(const ExchangeView& view, const HttpResponse* response, const TransportError*,
                      SteadyTime at) override {
    const ExchangeRecord* const sent = books().exchange(view.number);
    if (sent == nullptr || sent->kind != ExchangeClass::flow || response == nullptr) return;
    if (response->status != 200 && response->status != 304) return;
    std::string version;
    if (const auto tag = response->headers.find("ETag"); tag && tag->size() > 2)
      version = tag->substr(1, tag->size() - 2);
    if (response->status == 200) {
      const std::string body = plain::JsonScan::text_member(response->body.view(), "version");
      if (!body.empty()) version = body;
    }
    shown_[key(std::to_string(view.process.number) + '.' + std::to_string(view.process.incarnation), version)] = at;
  }
  void audited(ProcessId id, const AuditRecord& record) override {
    if (record.action != "state_transition" || record.kind != AuditKind::operation || record.attempt == 0) return;
    const ProcessRecord* const process = books().process(id);
    if (process == nullptr || process->view == nullptr) return;
    const auto complain = [&](std::string text) {
      Breach& entry = broken("I2", id, std::move(text));
      entry.interaction = record.interaction_id;
      entry.operation = record.operation_id;
    };
    if (record.flow_version.empty() && books().wire().flows_unnamed()) {
      if (!allowed_by_any(*process, record))
        complain("sent a move from " + record.from + " to " + record.to + ", which no version of the flow allows that it was shown lately");
      return;
    }
    if (record.flow_version.empty()) return complain("the audit of a move that was sent names no version of its flow");
    const auto flow = flows_.find(key(record.flow_id, record.flow_version));
    if (flow == flows_.end())
      return complain("the audit names version " + record.flow_version + " of the flow, which was never published");
    if (!flow->second.allows(record.from, record.to, process->view->settings().transition.reachability))
      complain("sent a move from " + record.from + " to " + record.to + ", which version " + record.flow_version +
               " does not allow");
    const auto shown =
        shown_.find(key(std::to_string(id.number) + '.' + std::to_string(id.incarnation), record.flow_version));
    if (shown == shown_.end())
      return complain("the audit names version " + record.flow_version + ", which the process was never shown");
    if (shown->second < books().now() - record.latency - time_to_live_)
      complain("version " + record.flow_version +
               " of the flow was used longer than the cache's time to live after it was shown");
  }

 private:
  [[nodiscard]] bool allowed_by_any(const ProcessRecord& process, const AuditRecord& record) const {
    const Reachability rule = process.view->settings().transition.reachability;
    const std::string mine = std::to_string(process.id.number) + '.' + std::to_string(process.id.incarnation);
    return std::any_of(flows_.begin(), flows_.end(), [&](const auto& each) {
      const std::size_t end = each.first.find('\n');
      if (std::string_view(each.first).substr(0, end) != record.flow_id) return false;
      const auto shown = shown_.find(key(mine, std::string_view(each.first).substr(end + 1)));
      return shown != shown_.end() && shown->second >= books().now() - record.latency - time_to_live_ &&
             each.second.allows(record.from, record.to, rule);
    });
  }
  [[nodiscard]] static std::string key(std::string_view a, std::string_view b) {
    return std::string(a).append(1, '\n').append(b);
  }
  Duration time_to_live_ = seconds{60};
  std::map<std::string, plain::FlowTruth> flows_;
  std::map<std::string, SteadyTime> shown_;
};

/// I3, at most once: no id changes the cloud twice, over all retries, reconnects, duplicates and restarts, and none is
/// used for two things. Counts what the cloud applied. What nothing locks is applied again by every copy of it that the
/// network makes, and by nothing else. (Of holds that travel as requests see `RequestedHolds`.)
class AtMostOnce final : public Check {
 public:
  using Check::Check;
  void applied(const AppliedOperation& operation, const Cloud&, SteadyTime) override {
    if (operation.kind == AppliedOperation::Kind::foreign || books().applied_by() != nullptr) return;
    const Effect* const effect = books().effect(operation.id);
    if (effect == nullptr) {
      broken("I3", ProcessId{}, "something was applied under the id " + operation.id + ", which no process sent")
          .interaction = operation.interaction;
    } else if (operation.changed && (books().wire().locks() ? effect->changes == 2 : effect->changes > 1 + effect->copies)) {
      broken("I3", *effect, "applied twice");
    }
  }
  void request_left(const ExchangeView& view, SteadyTime) override {
    if (const ExchangeRecord* const sent = books().exchange(view.number);
        sent != nullptr && sent->kind == ExchangeClass::write)
      check(books().effect(sent->operation));
  }
  void frame_left(ProcessId, std::uint64_t, std::string_view, SteadyTime) override {
    const Effect* const effect = books().command();
    check(effect);
    // A hold is never sent twice, and each repeated release is a command of its own.
    if (effect != nullptr && effect->sends == 2) broken("I3", *effect, "a command was sent twice");
  }

 private:
  void check(const Effect* effect) const {
    if (effect == nullptr) return;
    if (effect->id.empty()) broken("I3", *effect, "something left without an id");
    if (effect->reused) broken("I3", *effect, "one id names two operations");
  }
};

/// I18, payload integrity: what a write carries is one JSON object of valid UTF-8 with finite numbers; `ivr_state` and
/// `flow_node` are the same node, to which a work of the process leads; no name comes twice; the attributes keep the
/// limit. Which keys the client's schema has is known only when `allow` was told.
class Payloads final : public Check {
 public:
  using Check::Check;

  /// Names that a schema has; none: any are taken.
  void allow(std::vector<std::string> names) { allowed_ = std::move(names); }

  void request_left(const ExchangeView& view, SteadyTime) override {
    const ExchangeRecord* const sent = books().exchange(view.number);
    if (sent == nullptr || sent->kind != ExchangeClass::write) return;
    const Effect* const effect = books().effect(sent->operation);
    if (effect == nullptr) return;
    const std::string_view attributes = books().wire().attributes_of(view.body);
    std::vector<std::string> names;
    std::optional<std::string> state, node;
    const bool object = plain::JsonScan::members(attributes, [&](std::string_view name, std::string_view raw) {
      names.emplace_back(name);
      if (name == "ivr_state") state = plain::JsonScan::text_of(raw);
      if (name == "flow_node") node = plain::JsonScan::text_of(raw);
    });
    if (!object || !plain::JsonScan::valid(view.body))
      return broken("I18", *effect, "a write's body is no JSON with an object of attributes");
    if (!state || !node || *state != *node) broken("I18", *effect, "ivr_state and flow_node differ");
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (std::find(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(i), names[i]) !=
          names.begin() + static_cast<std::ptrdiff_t>(i))
        broken("I18", *effect, "the attribute " + names[i] + " comes twice");
      if (!known(names[i])) broken("I18", *effect, "the attribute " + names[i] + " is not in the schema");
    }
    const ProcessRecord* const process = books().process(view.process);
    if (process == nullptr) return;
    if (process->view != nullptr && attributes.size() > process->view->settings().transition.max_attributes_bytes)
      broken("I18", *effect,
             "the attributes have " + std::to_string(attributes.size()) + " bytes, more than the limit");
    const bool wanted = std::any_of(process->works.begin(), process->works.end(), [&](std::uint64_t number) {
      const WorkRecord* const record = books().work(number);
      return record != nullptr && record->work.kind == WorkKind::transition && node && record->work.to == *node &&
             plain::lower(record->work.interaction) == sent->interaction;
    });
    if (!wanted) broken("I18", *effect, "the write leads to " + node.value_or("nowhere") + ", which no work asks for");
  }

 private:
  [[nodiscard]] bool known(std::string_view name) const {
    for (const std::string_view own : {"ivr_state", "flow_node", "last_updated", "transition_id"})
      if (name == own) return true;
    return allowed_.empty() || std::find(allowed_.begin(), allowed_.end(), name) != allowed_.end();
  }
  std::vector<std::string> allowed_;
};

}  // namespace patchbay::testing::simulation
