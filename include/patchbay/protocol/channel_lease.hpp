// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // clamp
#include <optional>
#include <string>
#include <utility>

#include <patchbay/protocol/channel_open.hpp>
#include <patchbay/protocol/get.hpp>
#include <patchbay/protocol/hold_context.hpp>

namespace patchbay {

/// Where a door's channel is: at a fixed address, or at one that the cloud has made for it. Whose address is a secret: it is
/// not printed (hazard B12).
class ChannelLease {
 public:
  ChannelLease() = default;
  /// A fixed address, for which the token is needed.
  explicit ChannelLease(ChannelAddress address) : address_(std::move(address)) {}

  /// Null while none was made.
  [[nodiscard]] const ChannelAddress* address() const noexcept { return address_ ? &*address_ : nullptr; }
  [[nodiscard]] bool is_made() const noexcept { return !made_.id.empty(); }
  [[nodiscard]] const MadeChannel& made() const noexcept { return made_; }
  /// When another connection is to take the place of one that is opened now: long before the channel ends.
  [[nodiscard]] SteadyTime renew_at() const noexcept { return renew_at_; }

  void take(MadeChannel made, ChannelAddress address) {
    address_.emplace(std::move(address));
    made_ = std::move(made);
  }
  void renew_at(SteadyTime when) noexcept { renew_at_ = when; }
  /// The channel that was made is not there any more.
  void forget() noexcept {
    if (!is_made()) return;
    made_ = {};
    address_.reset();
    renew_at_ = never;
  }

 private:
  std::optional<ChannelAddress> address_;
  MadeChannel made_;
  SteadyTime renew_at_ = never;
};

namespace detail {

/// Half of what is left, so that there is time for many failures; a channel without an end known lives for a day.
inline constexpr Duration channel_renewal = std::chrono::hours{12};
inline constexpr Duration shortest_renewal = std::chrono::minutes{1};

/// Makes a channel, which nothing is subscribed to yet.
inline Protocol<Result<void>> make_channel(Operation& operation, const HoldContext& context, ChannelLease& lease) {
  const Gateway& gateway = *context.api;
  context.dialect->channel_target(operation.target, gateway.api);
  if (auto made = co_await get(operation, gateway, "channel.post", {}, std::nullopt, Repeatable(Method::post, {})); !made)
    co_return made;
  MadeChannel channel;
  if (auto parsed = context.dialect->parse_channel(operation.response, operation.json, channel); !parsed) co_return parsed;
  auto endpoint = Endpoint::parse(channel.address.reveal(), "the channel's address");
  if (!endpoint) co_return fail(ErrorCode::malformed_response, endpoint.error().message());
  // The address is a secret itself: in plain text it goes only where the token may go so, by the client's leave.
  if (!gateway.api.tls() && gateway.api.may_carry_credentials() && endpoint->host() == gateway.api.host()) endpoint->allow_plain_text();
  std::string target = endpoint->target();
  lease.take(std::move(channel), ChannelAddress(std::move(*endpoint), std::move(target)));
  co_return Result<void>{};
}

/// Subscribes, which lets the channel live on.
inline Protocol<Result<void>> subscribe_channel(Operation& operation, const HoldContext& context, const ChannelLease& lease) {
  const Gateway& gateway = *context.api;
  context.dialect->subscription_target(operation.target, gateway.api, lease.made());
  context.dialect->encode_subscription(operation.body);
  auto put = co_await get(operation, gateway, "channel.subscribe", {}, std::nullopt, Repeatable(Method::put, operation.body));
  if (!put) {
    detail::conceal(put.error(), operation.response.body.view(), lease.made().id.reveal());
    co_return put;
  }
  co_return context.dialect->parse_subscription(operation.response, operation.json);
}

}  // namespace detail

/// What has to be done before the channel's socket can be opened: a token, nothing of `stale_generation` or older, goes into
/// `operation.authorization`; and where the cloud makes the channel, one is made unless `lease` has one, and subscribed.
inline Protocol<Result<void>> prepare_channel(Operation& operation, const HoldContext& context, std::uint64_t stale_generation,
                                              ChannelLease& lease) {
  if (auto authorized = co_await authorize(operation, *context.api, stale_generation); !authorized) co_return authorized;
  if (!context.dialect->makes_channel()) co_return Result<void>{};
  bool is_new = !lease.is_made();
  if (is_new)
    if (auto made = co_await detail::make_channel(operation, context, lease); !made) co_return made;
  auto subscribed = co_await detail::subscribe_channel(operation, context, lease);
  if (!subscribed && !is_new && (operation.status == 404 || operation.status == 410)) {
    is_new = true;
    lease.forget();
    if (auto made = co_await detail::make_channel(operation, context, lease); !made) co_return made;
    subscribed = co_await detail::subscribe_channel(operation, context, lease);
  }
  if (!subscribed) co_return subscribed;
  Duration half = detail::channel_renewal;
  if (is_new && lease.made().expires)
    half = std::chrono::duration_cast<Duration>(*lease.made().expires - operation.wall_now()) / 2;
  lease.renew_at(after(operation.steady_now(), std::clamp(half, detail::shortest_renewal, detail::channel_renewal)));
  co_return Result<void>{};
}

}  // namespace patchbay
