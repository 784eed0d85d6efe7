// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include <patchbay/protocol/pacer.hpp>
#include <patchbay/result.hpp>
#include <patchbay/time.hpp>

namespace patchbay {

/// What happens when a hold has lasted for `HoldSettings::max_hold` (hazards B1, B2). The customer is never stuck by it.
enum class HoldLimit : std::uint8_t {
  /// The client is told, again and again until the hold ends. A release by itself could let the customer listen to a
  /// consultation, so it is the client who decides.
  escalate,
  /// The door releases by itself, again and again until the release is confirmed.
  release,
  /// Document B's letter: an unhold beyond the limit is refused with `ErrorCode::hold_limit`. The client is told as well.
  reject_late_unhold,
};

/// Where the upgrade request carries the token.
enum class ChannelToken : std::uint8_t {
  header,  ///< `Authorization: Bearer` (RFC 6750 section 2.1).
  query,   ///< `?access_token=`, as in document B, for servers that know no other. Proxies log it (hazard B12).
};

/// What concerns `HoldController` alone. Part of `Settings`; every member has a default that can be kept.
struct HoldSettings {
  std::string channel_url;      ///< Whole `ws` or `wss` address; empty: the documents' path below `base_url`.
  ChannelToken token_in = ChannelToken::header;
  std::string organisation_id;  ///< What `routingData.orgId` must be for a hold; empty: it is not checked.

  Duration ack_timeout = seconds{5};      ///< From handing a command to the transport to its acknowledgement.
  Duration max_hold = seconds{900};
  Duration warn_before = seconds{60};     ///< How long before `max_hold` the client is warned; zero: it is not.
  Duration repeat_every = seconds{30};    ///< Between the escalations, or the releases, beyond the limit.
  HoldLimit limit = HoldLimit::escalate;
  int release_priority = 5;               ///< Of the releases that `HoldLimit::release` sends, 0 to 9.

  Duration ping_every = seconds{30};
  Duration silence_limit = seconds{75};   ///< A channel on which nothing comes for so long is dead (hazard B19).
  Duration connect_timeout = seconds{10}; ///< Of one attempt: resolution, TLS and upgrade.
  Duration send_timeout = seconds{5};     ///< Of handing one frame to the operating system.
  Duration first_delay = seconds{1};      ///< Bound of the first, random wait after a connection was lost.
  Duration delay_cap = seconds{30};       ///< The bound doubles with each failure and never grows beyond it.
  Duration stable_after = seconds{60};    ///< A connection that lived so long counts as good: the bound starts anew.
  Duration close_timeout = seconds{2};    ///< Of the close that a destructor does.

  std::size_t max_message = std::size_t{1} << 20;  ///< Of one message from the server, in bytes.
  std::size_t max_commands = 1024;   ///< Submitted and not settled.
  std::size_t max_tombstones = 1024; ///< Commands settled lately, whose late or repeated acknowledgements are recognised.
  std::size_t max_holds = 100'000;   ///< Interactions watched at once.
  std::size_t max_notices = 1024;    ///< Events and messages that handlers have not been told yet; more are dropped and counted.
  std::size_t max_notice_bytes = std::size_t{8} << 20;  ///< Of the messages among them.

  /// Spaces hold commands; releases have a lane of their own, which it does not touch (invariant I14). None: commands go as
  /// they come, within `max_commands`. A bucket apart from `Settings::pacer` by default, because the platform counts
  /// requests per token and commands per connection, and a flood of transitions must not hold up callers who are to be put
  /// on hold. Who knows that both count together gives both the same handle, which then closes for both. A hold whose turn
  /// does not come before its deadline ends as one that could not be sent.
  std::shared_ptr<Pacer> pacer;

  /// What is wrong, naming the member; nothing is when it holds a value. The address is checked with `Settings`' rules
  /// when a door is built.
  [[nodiscard]] Result<void> check() const {
    const auto refuse = [](const char* what) { return fail(ErrorCode::invalid_settings, what); };
    constexpr Duration zero = Duration::zero();
    if (ack_timeout <= zero) return refuse("hold.ack_timeout: must be positive");
    if (max_hold <= zero) return refuse("hold.max_hold: must be positive");
    if (warn_before < zero || warn_before >= max_hold) return refuse("hold.warn_before: must not be negative, and below max_hold");
    if (repeat_every <= zero) return refuse("hold.repeat_every: must be positive");
    if (release_priority < 0 || release_priority > 9) return refuse("hold.release_priority: must be from 0 to 9");
    if (ping_every <= zero) return refuse("hold.ping_every: must be positive");
    if (silence_limit <= ping_every) return refuse("hold.silence_limit: must be longer than ping_every");
    if (connect_timeout <= zero) return refuse("hold.connect_timeout: must be positive");
    if (send_timeout <= zero) return refuse("hold.send_timeout: must be positive");
    if (first_delay <= zero || delay_cap < first_delay)
      return refuse("hold.first_delay: must be positive, and not above delay_cap");
    if (stable_after <= zero) return refuse("hold.stable_after: must be positive");
    if (close_timeout < zero) return refuse("hold.close_timeout: must not be negative");
    if (max_message == 0) return refuse("hold.max_message: must be positive");
    if (max_commands == 0) return refuse("hold.max_commands: must be positive");
    if (max_holds == 0) return refuse("hold.max_holds: must be positive");
    if (max_notices == 0) return refuse("hold.max_notices: must be positive");
    return {};
  }
};

}  // namespace patchbay
