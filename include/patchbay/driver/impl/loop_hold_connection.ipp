// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <patchbay/driver/loop_hold_pump.hpp>
#include <patchbay/driver/running_protocol.hpp>

// The connection that the pump of an event loop serves: the token and the channel that it is opened with, its opening,
// reading, writing and closing. The session says when.
namespace patchbay::detail {

/// Gets the token that the channel is opened with, and the channel where the cloud makes it. An operation of its own,
/// with its own deadline; it waits for nothing but the hosts, since releases may wait for it (invariant I14).
class LoopHoldPump::PrepareJob final : public CompletionJob {
 public:
  PrepareJob(LoopHoldPump& pump, std::uint64_t stale_generation)
      : pump_(&pump), stale_generation_(stale_generation), lease_(pump.lease_) {}
  PrepareJob(const PrepareJob&) = delete;
  PrepareJob& operator=(const PrepareJob&) = delete;
  ~PrepareJob() override {
    if (!delivered_ && pump_->pool_->torn_down()) pump_->gone(pump_->authorizing_);
  }

  void start(Operation& operation) override {
    protocol_.begin(prepare_channel(operation, *pump_->context_, stale_generation_, lease_));
  }
  [[nodiscard]] bool done() const noexcept override { return protocol_.done(); }
  void settle(Operation& operation, bool calm) noexcept override {
    // The pump's other state belongs to whoever handles its mailbox, perhaps another thread at this moment.
    Authorization& out = pump_->authorization_;
    protocol_.finish([&](const Result<void>& result) {
      out.lease = std::move(lease_);
      if (!result) return void(out.failure.emplace(token_failure(result.error())));
      if (!calm) return;
      out.header.assign(operation.authorization);
      out.generation = operation.token_generation;
      out.granted = true;
    });
  }
  void deliver() noexcept override {
    delivered_ = true;
    pump_->ended(authorized);
  }

 private:
  LoopHoldPump* pump_;
  std::uint64_t stale_generation_;
  ChannelLease lease_;
  bool delivered_ = false;
  RunningProtocol<Result<void>> protocol_;
};

/// Begins to get a token; what opens the channel comes when it is there.
PATCHBAY_DECL void LoopHoldPump::connect(bool fresh_token, bool fresh_channel) noexcept {
  connect_begun_ = now_;
  connect_by_ = after(now_, context_->settings->hold.connect_timeout);
  failure_.reset();
  authorization_.granted = failure_owed_ = false;
  authorization_.failure.reset();
  authorization_.lease.reset();
  if (fresh_channel) lease_.forget();
  const bool calm = guarded([&] {
    const Gateway& gateway = *context_->api;
    if (fresh_token && token_generation_ != 0) {
      gateway.tokens->invalidate(token_generation_);
      context_->replayed();
    }
    auto job = std::make_unique<PrepareJob>(*this, fresh_token ? token_generation_ : 0);
    CompletionPool::Lease operation = pool_->take();
    operation->begin({}, connect_by_ - now_);
    operation->observer = context_;
    operation->must_not_wait = true;
    authorization_handle_ = operation->handle();
    authorizing_ = true;
    operation.launch(std::move(job), keep_);
  });
  if (calm) return;
  authorizing_ = false;
  static_cast<void>(mailbox_.leave(authorized));  // it is this thread that sees to it
}
PATCHBAY_DECL void LoopHoldPump::take_token() noexcept {
  authorizing_ = false;
  if (authorization_.lease) lease_ = std::move(*authorization_.lease);
  authorization_.lease.reset();
  if (authorization_.granted) {
    token_generation_ = authorization_.generation;
    return open();
  }
  failure_ = std::exchange(authorization_.failure, std::nullopt);
  failure_owed_ = !failure_;
}
PATCHBAY_DECL void LoopHoldPump::open() noexcept {
  const bool wanted = hub_->with([this](HoldSession& session) {
    return session.channel().awaits(connecting_);
  });
  if (!wanted) return;
  const bool calm = guarded([this] {
    upgrade_.emplace(*lease_.address(), lease_.is_made() ? std::string_view{} : std::string_view(authorization_.header),
                     context_->settings->hold);
    request_.emplace(upgrade_->request());
    refusal_.clear();
  }) && begin(opening_, [this] { opening_id_ = loop_->open(*request_, refusal_, connect_by_, opening_); });
  failure_owed_ = !calm;
}
PATCHBAY_DECL void LoopHoldPump::take_channel() noexcept {
  opening_.under_way = false;
  auto result = std::exchange(opening_.result, std::nullopt);
  upgrade_.reset();
  request_.reset();
  if (!result) return;
  if (*result) {
    fresh_ = std::move(**result);
    outbox_.teller().tell_opening(nullptr, now_ - connect_begun_);
    return;
  }
  failure_owed_ = !guarded([&] {
    failure_.emplace(upgrade_failure(result->error(), refusal_, loop_->wall_now(), authorization_.header,
                                     lease_.made().id.reveal()));
  });
}

PATCHBAY_DECL void LoopHoldPump::write(const HoldAction& action) noexcept {
  writing_epoch_ = action.epoch;
  std::optional<TransportError> error;
  if (!channel_ || epoch_ != action.epoch) {
    error.emplace(TransportFault::closed, Delivery::not_sent);
  } else {
    const SteadyTime by = after(now_, context_->settings->hold.send_timeout);
    const bool calm = begin(writing_, [&] {
      Completion<TransportResult<void>> done(writing_);
      action.kind == HoldAction::Kind::ping ? channel_->ping(by, std::move(done))
                                            : channel_->send(action.text, by, std::move(done));
    });
    if (!calm) error.emplace(TransportFault::reset, Delivery::maybe_sent);
  }
  if (!error) return;
  writing_.result.emplace(tl::unexpected(std::move(*error)));
  static_cast<void>(mailbox_.leave(written));
}
PATCHBAY_DECL void LoopHoldPump::close(SteadyTime by) noexcept {
  if (authorizing_) authorization_handle_.cancel();
  if (opening_.under_way) loop_->cancel(opening_id_);
  if (channel_ && !begin(closing_, [&] { channel_->close(1000, by, Completion<void>(closing_)); })) let_go();
}
/// Ends the connection, or the attempt at one, at once; what was under way on it ends soon.
PATCHBAY_DECL void LoopHoldPump::let_go() noexcept {
  channel_.reset();
  if (authorizing_) authorization_handle_.cancel();
  if (opening_.under_way) loop_->cancel(opening_id_);
}
PATCHBAY_DECL void LoopHoldPump::receive() noexcept {
  if (!channel_ || receiving_.under_way || closing_.under_way) return;
  receiving_epoch_ = epoch_;
  if (begin(receiving_, [this] { channel_->receive(event_, Completion<void>(receiving_)); })) return;
  event_.kind = ChannelEvent::Kind::closed;
  event_.close_code = 1006;
  static_cast<void>(mailbox_.leave(received));
}

}  // namespace patchbay::detail
