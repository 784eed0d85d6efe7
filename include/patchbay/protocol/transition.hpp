// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <patchbay/protocol/flow_fetch.hpp>
#include <patchbay/protocol/transition_write.hpp>

namespace patchbay {

/// One of several moves that one write makes.
class Hop {
 public:
  explicit Hop(const TransitionRequest& request_in) noexcept : request(&request_in) {}
  const TransitionRequest* request;
  FlowPath path;  ///< By which the flow allows it; empty until that is known.
};

/// Finds the ways by which `flow` allows the hops, in their order; the error is that of the first that it does not allow,
/// whose path is empty then.
[[nodiscard]] inline Result<void> find_ways(Operation& operation, const TransitionSettings& settings, std::shared_ptr<const FlowGraph> flow,
                                            std::span<Hop> hops) {
  for (Hop& hop : hops) {
    hop.path = FlowPath{};
    auto way = route(flow, hop.request->from(), hop.request->to(), settings.reachability, settings.condition, operation.route_scratch);
    if (!way) return fail(std::move(way.error()));
    hop.path = std::move(*way);
  }
  return {};
}

/// Looks again whether the flow allows what `transition` is to do.
[[nodiscard]] inline Result<void> decide_again(Operation& operation, const TransitionSettings& settings, const TransitionRequest& request,
                                               TransitionResult& result, std::span<Hop> hops) {
  if (!hops.empty()) return find_ways(operation, settings, result.path.graph(), hops);
  auto way = route(result.path.graph(), request.from(), request.to(), settings.reachability, settings.condition, operation.route_scratch);
  if (!way) return fail(std::move(way.error()));
  result.path = std::move(*way);
  return {};
}

/// Whether the interaction is known to be at another node than `node`, which a flow may know by several names.
[[nodiscard]] inline bool is_elsewhere(const InteractionSnapshot& seen, std::string_view node, const FlowGraph* flow) noexcept {
  if (!seen.has_flow_node || seen.flow_node == node) return false;
  const std::optional<NodeIndex> at = flow ? flow->find(seen.flow_node) : std::nullopt;
  return !at || at != flow->find(node);
}

/// Remembers the version that `operation`'s write made, of which `operation.snapshot` has what the answer said.
///
/// The version and the node must belong together (invariant I1). An answer that shows the version of before, as that to a
/// write that was only accepted may, another node, or a version of another place, does not speak of what the write made.
inline void remember_written(Operation& operation, const detail::AnyDialect& dialect, InteractionMemory& memory, std::string_view origin,
                             const TransitionRequest& request) noexcept {
  InteractionSnapshot& now = operation.snapshot;
  if (now.etag == operation.etag || (now.has_flow_node && now.flow_node != request.to())) now.etag.clear();
  const bool calm = guarded([&] {
    std::string place;
    dialect.place(place, now);
    if (place != operation.place) now.etag.clear();
    now.flow_node = request.to();
    now.has_flow_node = true;
    now.transition_id = operation.operation_id;
  });
  if (!calm) now.etag.clear();
  memory.remember(operation.steady_now(), origin, request.interaction(), now);
}

/// Moves an interaction (document A, step 3). The request is validated, `result.path` is how the flow allows the move,
/// and `operation.body` holds the encoded write. When that makes several moves, `request` is from the first node to the
/// last, and `hops` are the moves.
///
/// Read, check, write with the version that was checked; when another writer was quicker, read and check again
/// (hazards A1 to A6, invariants I1 to I5). The first reading is left out when the settings remember a version that was at
/// the node to start from, unless it takes several exchanges, which show more than that. The caller holds the interaction's lane.
inline Protocol<Result<void>> transition(Operation& operation, const TransitionContext& context, const TransitionRequest& request,
                                         TransitionResult& result, std::span<Hop> hops = {}) {
  const TransitionSettings& settings = context.settings->transition;
  const std::string_view origin = context.settings->base_url;
  const bool read_at_once = context.api->dialect->readings() == 1;
  InteractionMemory* const memory = read_at_once ? settings.remember.get() : nullptr;
  // A remembered node other than `from` is no reason to refuse: somebody may have moved the interaction since.
  bool warm = memory && memory->recall(operation.steady_now(), origin, request.interaction(), request.from(), operation.snapshot);
  if (warm) {
    context.metrics->count(TransitionCount::warm_writes);
  } else if (auto read = co_await read_interaction(operation, *context.api, request.interaction()); !read) {
    co_return read;
  }
  bool again = false;
  for (int conflicts = 0;;) {
    const InteractionSnapshot& snapshot = operation.snapshot;
    if (snapshot.over) co_return fail(ErrorCode::not_eligible, "the interaction is over, or the party whose flow it is has left it");
    if (snapshot.etag.empty() && context.api->dialect->locking() != Locking::none)
      co_return fail(ErrorCode::no_etag, snapshot.weak_etag ? "the interaction's ETag is weak or malformed, and cannot lock a write"
                                                            : "the interaction came without an ETag or a version, and is not written without a lock");
    if (is_elsewhere(snapshot, request.from(), result.path.graph().get())) {
      if (memory) memory->remember(operation.steady_now(), origin, request.interaction(), snapshot);
      co_return fail(ErrorCode::stale_state, "the interaction is at " + excerpt(snapshot.flow_node, 128) + ", not at " + excerpt(request.from(), 128));
    }
    // Decided again, since the conditions that the client's predicate looks at may have changed as well.
    if (std::exchange(again, true))
      if (auto allowed = decide_again(operation, settings, request, result, hops); !allowed) co_return allowed;
    operation.warm = warm;
    auto end = co_await write_once(operation, context, request, result);
    if (!end) co_return fail(std::move(end.error()));
    if (*end != WriteEnd::stale) {
      result.resolved_by = *end == WriteEnd::resolved ? ResolvedBy::state : ResolvedBy::answer;
      result.warm = warm;
      if (memory && *end == WriteEnd::applied) remember_written(operation, *context.api->dialect, *memory, origin, request);
      if (memory && *end == WriteEnd::resolved) memory->remember(operation.steady_now(), origin, request.interaction(), operation.snapshot);
      co_return Result<void>{};
    }
    // Another writer was quicker, and the snapshot shows what it left. That a remembered version is stale says nothing of
    // how busy the others are, and counts for no conflict.
    if (std::exchange(warm, false)) {
      context.metrics->count(TransitionCount::warm_conflicts);
      continue;
    }
    // The first time that is decided on at once, and so is a node from which there is nothing to wait for; then we give
    // way a little, and look again.
    if (is_elsewhere(operation.snapshot, request.from(), result.path.graph().get())) continue;
    Error error(ErrorCode::conflict, "other writers kept changing the interaction");
    if (++conflicts > settings.max_conflicts) co_return fail(std::move(error));
    if (conflicts == 1 && read_at_once && operation.place.empty()) continue;
    if (conflicts > 1) {
      RetryCharge none;  // reading anew is free
      auto pause = co_await back_off(operation, *context.api, RetryCause::conflict, conflicts, operation.deadline, error, none);
      if (!pause) co_return fail(std::move(pause.error()));
      if (*pause != Pause::over) co_return fail(std::move(error));
    }
    // All of it: the proof has shown the version and who wrote it, and that need not be all that decides, nor the place where
    // it would be written now.
    if (auto read = co_await read_interaction(operation, *context.api, request.interaction()); !read) co_return read;
  }
}

}  // namespace patchbay
