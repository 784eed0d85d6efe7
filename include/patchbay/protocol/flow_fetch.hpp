// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <patchbay/protocol/flow_cache.hpp>
#include <patchbay/protocol/get.hpp>

namespace patchbay {

namespace detail {

/// Leads a fetch on behalf of every operation that waits for the flow.
class FetchLead {
 public:
  FetchLead(FlowCache& flows, std::string_view id) noexcept : flows_(&flows), id_(id) {}
  FetchLead(const FetchLead&) = delete;
  FetchLead& operator=(const FetchLead&) = delete;
  ~FetchLead() {
    if (flows_) flows_->abandon(id_);
  }
  void settled() noexcept { flows_ = nullptr; }

 private:
  FlowCache* flows_;
  std::string_view id_;
};

}  // namespace detail

/// Fetches flow `id` as the leader and publishes it, or the error when it is the server's and not the leader's own.
inline Protocol<Result<void>> fetch_flow(Operation& operation, const Gateway& gateway, FlowCache& flows, std::string_view id,
                                         const std::string& known_etag) {
  detail::FetchLead lead(flows, id);
  operation.out_of_time = false;
  gateway.dialect->flow_target(operation.target, gateway.api, id);
  if (auto read = co_await get(operation, gateway, "flow.get", known_etag); !read) {
    const bool own = read.error().code() == ErrorCode::cancelled || read.error().code() == ErrorCode::deadline_exceeded ||
                     operation.out_of_time || operation.steady_now() >= operation.deadline;
    if (!own) {
      flows.fail_fetch(id, read.error());
      lead.settled();
    }
    co_return read;
  }
  if (operation.status == 304) {
    flows.confirm(operation.steady_now(), id);
    lead.settled();
    co_return Result<void>{};
  }
  Result<FlowGraph> parsed = gateway.dialect->parse_flow(operation.response, operation.json, id, flows.limits());
  if (!parsed) {
    parsed.error().set_server_correlation_id(operation.server_correlation_id);
    flows.fail_fetch(id, parsed.error());
    lead.settled();
    co_return fail(std::move(parsed.error()));
  }
  const auto header = operation.response.headers.find("ETag");
  flows.publish(operation.steady_now(), id, std::make_shared<const FlowGraph>(std::move(*parsed)),
                header && is_strong_etag(*header) ? *header : std::string_view{});
  lead.settled();
  co_return Result<void>{};
}

/// The definition of flow `id` if the cache can serve it now, as is usual; otherwise nothing.
inline std::shared_ptr<const FlowGraph> flow_at_once(Operation& operation, FlowCache& flows, std::string_view id, std::string_view version) {
  std::shared_ptr<const FlowGraph> flow = flows.try_use(operation.steady_now(), id, version);
  if (flow && operation.observer) operation.observer->flow_asked(true);
  return flow;
}

/// The definition of flow `id`, from the cache or the cloud. A `version` that is not empty must be the deployed one, or one
/// that is still known.
inline Protocol<Result<std::shared_ptr<const FlowGraph>>> flow_of(Operation& operation, const Gateway& gateway, FlowCache& flows,
                                                                  std::string_view id, std::string_view version) {
  SingleFlight::Ticket ticket = 0;
  for (bool first = true;; first = false) {
    Waiter waiter(operation);
    std::shared_ptr<const FlowGraph> flow;
    std::string etag;
    std::optional<Error> error;
    const Turn turn = flows.ask(operation.steady_now(), id, version, waiter, ticket, flow, etag, error);
    if (first && operation.observer) operation.observer->flow_asked(turn == Turn::use);
    switch (turn) {
      case Turn::use:
        if (!version.empty() && flow->version() != version)
          co_return fail(ErrorCode::stale_state, std::string("the flow is deployed in version ")
                                                     .append(excerpt(flow->version(), 64))
                                                     .append(", and the request names another"));
        co_return flow;
      case Turn::failed: co_return fail(std::move(*error));
      case Turn::full: co_return fail(ErrorCode::queue_full, "the flow cache is full of flows that are being fetched, or too many operations wait for this one");
      case Turn::lead: {
        if (auto led = co_await fetch_flow(operation, gateway, flows, id, etag); !led) co_return fail(std::move(led.error()));
        continue;
      }
      case Turn::wait: break;
    }
    const QueuePlace place([&]() noexcept { flows.forget(id, waiter); });
    WaitEffect wait(waiter, operation.deadline);
    const SteadyTime from = operation.steady_now();
    co_await wait;
    operation.slept += operation.steady_now() - from;
    if (wait.cancelled) co_return fail(ErrorCode::cancelled, "cancelled while the flow was being fetched");
    if (!waiter.woken() && operation.steady_now() >= operation.deadline)
      co_return fail(ErrorCode::deadline_exceeded, "the deadline passed while the flow was being fetched");
  }
}

}  // namespace patchbay
