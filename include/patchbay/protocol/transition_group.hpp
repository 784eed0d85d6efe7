// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // binary_search, sort
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <patchbay/protocol/transition_operation.hpp>

namespace patchbay {

namespace detail {

/// Visits the members of `members`, encoded JSON members without braces as schemas write them: `each(name, member)` gets
/// the name with its quotes and the whole member.
template <class Each>
void for_each_member(std::string_view members, Each&& each) {
  std::size_t begin = 0, name_end = 0, depth = 0;
  bool in_text = false;
  for (std::size_t at = 0; at <= members.size(); ++at) {
    const char c = at < members.size() ? members[at] : ',';
    if (in_text) {
      if (c == '\\') ++at;
      if (c == '"') in_text = false;
      continue;
    }
    if (c == '"') in_text = true;
    if (c == '{' || c == '[') ++depth;
    if (c == '}' || c == ']') --depth;
    if (depth != 0) continue;
    if (c == ':' && name_end == 0) name_end = at;
    if (c != ',' || at == begin) continue;
    each(members.substr(begin, name_end - begin), members.substr(begin, at - begin));
    begin = at + 1;
    name_end = 0;
  }
}

/// Adds `later` to `members`, in the place of those that have the same names.
inline void merge_members(std::string& members, std::string_view later) {
  std::vector<std::string_view> names;
  for_each_member(later, [&](std::string_view name, std::string_view) { names.push_back(name); });
  std::sort(names.begin(), names.end());
  std::string merged;
  merged.reserve(members.size() + later.size() + 1);
  for_each_member(members, [&](std::string_view name, std::string_view member) {
    if (std::binary_search(names.begin(), names.end(), name)) return;
    if (!merged.empty()) merged.push_back(',');
    merged.append(member);
  });
  if (!merged.empty() && !later.empty()) merged.push_back(',');
  merged.append(later);
  members = std::move(merged);
}

}  // namespace detail

/// Whether `later` may follow `before` in one write, as far as the two tell. Only with the same deadline, so that none of
/// them ends by another's.
[[nodiscard]] inline bool may_follow(const TransitionRequest& before, const TransitionRequest& later) noexcept {
  return before.interaction() == later.interaction() && before.flow() == later.flow() && before.flow_version() == later.flow_version() &&
         before.to() == later.from() && before.stop() == later.stop() && before.deadline() == later.deadline();
}

/// Adjacent moves of one interaction that are to be one write: each starts where the one before ends.
class TransitionGroup {
 public:
  TransitionGroup() = default;
  TransitionGroup(const TransitionGroup&) = delete;
  TransitionGroup& operator=(const TransitionGroup&) = delete;

  /// One more move behind the others; `members_in` are its encoded variables, as members without braces.
  void add(const TransitionRequest& request, std::string members_in) {
    hops.emplace_back(request);
    members.push_back(std::move(members_in));
  }
  [[nodiscard]] std::size_t size() const noexcept { return hops.size(); }

  /// Drops all but the first `count` moves.
  void keep(std::size_t count) {
    while (size() > count) hops.pop_back();
  }

  /// Encodes the write of as many of the moves, from the first, as the limit allows, and drops the others.
  void encode(Operation& operation, const detail::AnyDialect& dialect, std::size_t limit) {
    // Each move was encoded alone before, so that no variable can be one that the dialect does not carry.
    const auto fits = [&](std::size_t count, std::string_view attributes) {
      const TransitionWrite write{hops[count - 1].request->to(), operation.timestamp, operation.operation_id, attributes};
      const Result<std::size_t> size = dialect.encode_transition(operation.body, write, operation.json);
      return size && *size <= limit;
    };
    operation.attributes = members.front();
    std::size_t fitting = 1;
    for (; fitting < size(); ++fitting) {
      std::string wider = operation.attributes;
      detail::merge_members(wider, members[fitting]);
      if (!fits(fitting + 1, wider)) break;
      operation.attributes = std::move(wider);
    }
    if (fitting < size()) fits(fitting, operation.attributes);
    keep(fitting);
  }

  /// From now on the moves are one operation, which ends all of them and nobody else does.
  void begin(Operation& operation, const TransitionContext& context) {
    note_time(operation);
    results.reserve(size());
    // What is said of those that no memory is left for is made while there is some.
    lacking.reserve(size());
    while (lacking.size() < size()) lacking.emplace_back(ErrorCode::internal, "a policy threw, or memory ran out");
    operation.coalesced = static_cast<int>(size());
    context.metrics->count(TransitionCount::submitted, size());
    begun = true;
  }
  /// Ends the moves as the write has ended in `result`, each with its own way, audit record and count.
  void settle(Operation& operation, const TransitionContext& context, WallTime timestamp) {
    while (results.size() < size()) {
      Hop& hop = hops[results.size()];
      results.push_back(result);
      operation.settled = false;
      if (Result<TransitionResult>& own = results.back(); own) own->path = std::move(hop.path);
      settle_transition(operation, context, *hop.request, timestamp, results.back());
    }
  }
  /// Ends those that did not end by themselves, because a policy threw or memory ran out.
  void settle_rest(Operation& operation, const TransitionContext& context, WallTime timestamp) noexcept {
    if (!begun) return note_time(operation);
    if (!results.empty() && !operation.settled)
      guarded([&] { settle_transition(operation, context, *hops[results.size() - 1].request, timestamp, results.back()); });
    while (results.size() < size()) {
      const TransitionRequest& request = *hops[results.size()].request;
      results.push_back(fail(std::move(lacking[results.size()])));  // there is room
      operation.settled = false;
      guarded([&] { settle_transition(operation, context, request, timestamp, results.back()); });
    }
  }

  std::vector<Hop> hops;
  std::vector<std::string> members;
  TransitionRequest whole{{}, {}, {}, {}};  ///< From the first node to the last, once the moves are settled on.
  bool begun = false;               ///< They are one operation now; until then each can still be one of its own.
  Result<TransitionResult> result;  ///< Of the write.
  std::vector<Result<TransitionResult>> results;  ///< Of the moves that have ended.
  TimeSpent before;                 ///< Until it was known which of the moves are of the write.

 private:
  void note_time(const Operation& operation) noexcept {
    before = TimeSpent(operation.steady_now() - operation.started, operation.slept);
  }
  std::vector<Error> lacking;
};

/// Moves an interaction several nodes on with one write: the first ones of the group's moves, as many as the flow allows
/// and the limit of a write takes. When these are fewer than two nothing has begun and `group.begun` stays false: each move
/// is then to be tried alone, with what `group.before` leaves of its time, and tells what is wrong. When it does not get its
/// turn or the flow, all moves end with that error: each of them would have met it.
///
/// The moves were prepared, and `operation.timestamp` is set. The protocol's own result is an error only when memory ran
/// out, or user code threw where nobody expects it.
inline Protocol<Result<void>> perform_group(Operation& operation, TransitionContext& context, TransitionGroup& group, WallTime timestamp) {
  const TransitionSettings& settings = context.settings->transition;
  const TransitionRequest& first = *group.hops.front().request;
  const auto refuse = [&](Failure why) {
    group.begin(operation, context);
    group.result = std::move(why);
    group.settle(operation, context, timestamp);
    return Result<void>{};
  };
  LanePermit permit(context.lanes, operation);
  const Lanes::Entry entry = context.lanes.ask(first.interaction(), permit);
  if (entry == Lanes::Entry::full) co_return refuse(lanes_full());
  if (entry == Lanes::Entry::queued)
    if (auto turn = co_await await_turn(operation, context.lanes, permit); !turn) co_return refuse(fail(std::move(turn.error())));
  if (must_resolve_first(context, first.interaction()))
    if (auto clear = co_await resolve_first(operation, context, first.interaction()); !clear)
      co_return refuse(fail(std::move(clear.error())));
  std::shared_ptr<const FlowGraph> flow = flow_at_once(operation, *context.settings->flows, first.flow(), first.flow_version());
  if (!flow) {
    auto fetched = co_await flow_of(operation, *context.api, *context.settings->flows, first.flow(), first.flow_version());
    if (!fetched) co_return refuse(fail(std::move(fetched.error())));
    flow = std::move(*fetched);
  }
  operation.flow_version = flow->version();
  if (!find_ways(operation, settings, flow, group.hops)) {
    std::size_t allowed = 0;
    while (!group.hops[allowed].path.empty()) ++allowed;
    group.keep(allowed);
  }
  group.encode(operation, *context.api->dialect, settings.max_attributes_bytes);
  if (group.size() < 2) co_return Result<void>{};

  group.whole = TransitionRequest(first.interaction(), first.flow(), first.from(), group.hops.back().request->to());
  group.result->path = group.hops.front().path;
  group.begin(operation, context);
  auto moved = co_await transition(operation, context, group.whole, *group.result, group.hops);
  if (!moved) group.result = fail(std::move(moved.error()));
  group.settle(operation, context, timestamp);
  if (!group.result || !context.crm) co_return Result<void>{};

  if (context.settings->journal) {
    auto handed = co_await hand_over_webhook(operation, context, group.whole, *group.result);
    if (!handed) co_return handed;
  } else {
    encode_webhook(operation.body, group.whole, operation.operation_id, operation.timestamp, operation.attributes);
    auto delivered = co_await deliver_webhook(operation, *context.crm, settings.webhook);
    note_delivery(operation, context, group.whole, delivered, *group.result);
  }
  for (Result<TransitionResult>& each : group.results) {
    each->webhook = group.result->webhook;
    each->webhook_error = group.result->webhook_error;
  }
  co_return Result<void>{};
}

}  // namespace patchbay
