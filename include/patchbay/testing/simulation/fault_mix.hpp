// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <patchbay/testing/simulation/streams.hpp>

namespace patchbay::testing::simulation {

/// Everything that can go wrong in a simulation.
enum class Fault : std::uint8_t {
  // An HTTP exchange, or the opening of a channel.
  connect_failure,    ///< Refused at once, no such host, no handshake, or no room for it; nothing was sent.
  connect_hang,       ///< No connection by the deadline; nothing was sent.
  slow,               ///< Request and answer take their time, with a heavy tail; requests overtake each other so.
  late_request,       ///< The request arrives when its sender may have given up long ago.
  drop_request,       ///< It never arrives, and nobody says so.
  reset_request,      ///< The connection ends before, or within, the request: nothing arrives.
  duplicate_request,  ///< It arrives twice, as some proxies send it.
  drop_answer,        ///< Served, and the answer never comes.
  reset_answer,       ///< Served, and the connection ends before, or within, the answer.
  status_before,      ///< Answered with a status that is no success, and not served.
  status_after,       ///< The same after it was served.
  odd_retry_after,    ///< Those statuses carry every form of Retry-After.
  garbage,            ///< Served, and answered with a body that is none.
  too_large,          ///< Served, and the answer is beyond what the client takes.
  no_etag,            ///< The interaction comes without its version.
  weak_etag,          ///< It comes with a version that can lock nothing.
  stale_read,         ///< It comes as it was some time ago, from a replica.
  partition,          ///< One process and the cloud do not hear each other, in one direction or both, for a while.
  // A channel.
  upgrade_refused,    ///< With a status.
  accept_then_close,  ///< With each of the codes.
  half_open,          ///< One direction, or both, carry nothing from some time on, and nobody is told.
  cut,                ///< Without a close frame; what was on its way may arrive or not.
  late_ack,
  drop_ack,
  duplicate_ack,
  wrong_ack,          ///< It names another interaction, or the other verb, or a command of nobody.
  swapped_ack,        ///< With the one before it.
  negative_ack,       ///< And the command is not carried out.
  early_ack,          ///< It comes before the client has heard that the command was written.
  junk,               ///< Texts and binary messages that nobody asked for.
  // Tokens.
  short_token,
  revoked_token,
  // The world.
  foreign_write,
  foreign_hold,
  republished_flow,
  closed_interaction,
  // A process.
  crash,
  // Clocks.
  wall_jump,
  wall_stall,
  suspend,            ///< The monotonic clock has gone on for an hour, and nothing was done meanwhile.
  coarse_clock,       ///< It moves in steps.
  // A caller.
  cancel,
  destroy,            ///< It destroys its doors with operations under way.
  reentrant,          ///< It starts operations from within callbacks.
  throwing,           ///< Its callbacks and its logger throw.
  // The disk with a process's journal.
  disk_full,
  disk_error,
  failed_sync,
  power_loss,         ///< A process that crashes takes its machine with it, and what the disk had not kept.
  crash_writing,      ///< A process with a journal crashes within a change of its disk, which is done, in part, or not at all.
  // A channel that the cloud has made.
  closing_notice,     ///< The cloud says that it will close every connection soon.
  ended_channel,      ///< The cloud ends every channel.
};
inline constexpr std::size_t fault_count = static_cast<std::size_t>(Fault::ended_channel) + 1;

/// In the order of `Fault`; also what the campaign's options call them.
inline constexpr std::array<std::string_view, fault_count> fault_names{
    "connect_failure", "connect_hang", "slow", "late_request", "drop_request", "reset_request", "duplicate_request", "drop_answer",
    "reset_answer", "status_before", "status_after", "odd_retry_after", "garbage", "too_large", "no_etag", "weak_etag", "stale_read",
    "partition", "upgrade_refused", "accept_then_close", "half_open", "cut", "late_ack", "drop_ack", "duplicate_ack", "wrong_ack",
    "swapped_ack", "negative_ack", "early_ack", "junk", "short_token", "revoked_token", "foreign_write", "foreign_hold",
    "republished_flow", "closed_interaction", "crash", "wall_jump", "wall_stall", "suspend", "coarse_clock", "cancel", "destroy",
    "reentrant", "throwing", "disk_full", "disk_error", "failed_sync", "power_loss", "crash_writing",
    "closing_notice", "ended_channel"};

[[nodiscard]] constexpr std::string_view to_string(Fault fault) noexcept { return fault_names[static_cast<std::size_t>(fault)]; }
[[nodiscard]] constexpr std::optional<Fault> fault_named(std::string_view name) noexcept {
  for (std::size_t i = 0; i != fault_count; ++i)
    if (fault_names[i] == name) return static_cast<Fault>(i);
  return std::nullopt;
}

/// Which kinds of fault may be drawn.
class FaultSet {
 public:
  [[nodiscard]] static FaultSet all() noexcept {
    FaultSet out;
    out.bits_.set();
    return out;
  }
  [[nodiscard]] static FaultSet none() noexcept { return {}; }

  FaultSet& add(Fault fault) noexcept { return bits_.set(static_cast<std::size_t>(fault)), *this; }
  FaultSet& remove(Fault fault) noexcept { return bits_.reset(static_cast<std::size_t>(fault)), *this; }
  [[nodiscard]] bool has(Fault fault) const noexcept { return bits_.test(static_cast<std::size_t>(fault)); }
  friend bool operator==(const FaultSet&, const FaultSet&) = default;

 private:
  std::bitset<fault_count> bits_;
};

/// Which kinds of fault exist in one run, and how often each strikes where it can: in 1024ths. Drawn in swarm style: each
/// run lacks most kinds, so that rare ones are not always drowned by common ones (Groce and others, "Swarm testing", 2012).
class FaultMix {
 public:
  /// What a run of `seed` is struck by, out of `allowed`. What is not allowed shifts nothing for the others.
  [[nodiscard]] static FaultMix draw(std::uint64_t seed, const FaultSet& allowed) {
    FaultMix mix;
    Stream random = stream(seed, "faults");
    // Some runs are nearly calm, so that what follows from one lone fault is seen as well.
    constexpr std::array<std::uint32_t, 4> share_of_kinds{64, 200, 400, 700};
    constexpr std::array<std::uint32_t, 5> rates{16, 48, 120, 250, 500};
    const std::uint32_t share = share_of_kinds[random.below(share_of_kinds.size())];
    for (std::size_t i = 0; i != fault_count; ++i) {
      const bool exists = random.chance(share);
      const std::uint32_t rate = rates[random.below(rates.size())];
      if (exists && allowed.has(static_cast<Fault>(i))) mix.rates_[i] = rate;
    }
    return mix;
  }

  [[nodiscard]] std::uint32_t rate(Fault fault) const noexcept { return rates_[static_cast<std::size_t>(fault)]; }
  [[nodiscard]] bool has(Fault fault) const noexcept { return rate(fault) != 0; }
  void set(Fault fault, std::uint32_t of_1024) noexcept { rates_[static_cast<std::size_t>(fault)] = of_1024; }
  [[nodiscard]] bool empty() const noexcept { return rates_ == decltype(rates_){}; }
  /// Whether the fault strikes this time; one number is drawn, whatever the rate.
  [[nodiscard]] bool strikes(Fault fault, Stream& random) const noexcept { return random.chance(rate(fault)); }

  /// Names and rates, for people.
  [[nodiscard]] std::string describe() const {
    std::string out;
    for (std::size_t i = 0; i != fault_count; ++i)
      if (rates_[i] != 0) out.append(out.empty() ? "" : " ").append(fault_names[i]).append("=").append(std::to_string(rates_[i]));
    return out;
  }

 private:
  std::array<std::uint32_t, fault_count> rates_{};
};

}  // namespace patchbay::testing::simulation
