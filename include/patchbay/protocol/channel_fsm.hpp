// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // max, min
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include <patchbay/hold_settings.hpp>
#include <patchbay/observe/hold_events.hpp>

namespace patchbay {

/// Why a connection could not be made.
class OpenFailure {
 public:
  enum class Kind : std::uint8_t {
    network,    ///< It may work later.
    busy,       ///< 429 or 503: not before the wait that the server asked for.
    auth,       ///< 401 or 403: with a newer token, once.
    channel_gone,  ///< The channel that was made is not there any more: another has to be made.
    permanent,  ///< It will not work until somebody changes something.
    abandoned,  ///< Whoever attempted it had no time left; says nothing about the server.
  };

  OpenFailure(Kind kind_in, Error error_in) : kind(kind_in), error(std::move(error_in)) {}
  Kind kind;
  Error error;  ///< Its `retry_after` is the server's wait.
};

/// The hold channel's connection as a state machine: when to connect, ping, give up on silence, and wait.
///
/// Pure: time and random numbers are handed in, and what it wants done is asked for with `next`. One connection at a time:
/// every attempt begins a new epoch, and whatever belongs to an older one is ignored (hazard B16, invariant I11). Only a
/// handover makes the next connection before the present one is given up (hazard B36).
/// The driver carries a `Wish` out and reports its end before it asks for the next.
class ChannelMachine {
 public:
  enum class Wish : std::uint8_t { none, connect, ping, close, drop };

  /// No more attempts than this within a minute, whatever the server does (invariant L5). Abandoned ones do not count.
  static constexpr std::size_t max_connects_per_minute = 12;
  /// A connection on which the server spoke was no refusal in disguise: when it is lost before it counts as good, the
  /// wait for the next grows no further than behind so many failures. Callers on hold wait for it too.
  static constexpr int max_failures_of_the_network = 3;

  explicit ChannelMachine(const HoldSettings& settings) noexcept : settings_(&settings) {}

  [[nodiscard]] ChannelState state() const noexcept { return state_; }
  [[nodiscard]] std::uint64_t epoch() const noexcept { return epoch_; }
  /// Of the attempt at a connection, while one is under way beside the present one; else `epoch()`.
  [[nodiscard]] std::uint64_t attempt_epoch() const noexcept { return handing_over_ ? handover_epoch_ : epoch_; }
  /// Whether the end of that attempt at a connection is still waited for.
  [[nodiscard]] bool awaits(std::uint64_t epoch) const noexcept {
    if (state_ == ChannelState::connecting) return epoch == epoch_;
    return state_ == ChannelState::open && handing_over_ && epoch == handover_epoch_;
  }
  /// Why the channel is refused, or why the last connection ended.
  [[nodiscard]] const std::optional<Error>& error() const noexcept { return error_; }
  [[nodiscard]] int close_code() const noexcept { return close_code_; }
  /// Whether the next attempt needs a token newer than the last one's.
  [[nodiscard]] bool needs_fresh_token() const noexcept { return fresh_token_; }
  /// Whether the next attempt needs another channel than the last one's, where channels are made.
  [[nodiscard]] bool needs_fresh_channel() const noexcept { return fresh_channel_; }

  /// Pings that nothing followed before the next one was due, or before the connection was given up.
  [[nodiscard]] std::uint64_t missed_pongs() const noexcept { return missed_pongs_; }

  /// A command, or `ready()`, asks for the channel.
  void want(SteadyTime now) noexcept {
    if (state_ == ChannelState::idle) {
      wait_until(now);
    } else if (state_ == ChannelState::refused) {
      // Whoever asks may have changed what was wrong, so that the newer token is owed once more.
      auth_retried_ = false;
      state_ = ChannelState::waiting;
    }
  }

  /// Time has come this far, and everything that had arrived was reported. True when it ended the connection.
  bool tick(SteadyTime now, double random) {
    if (state_ != ChannelState::open) return false;
    if (!stable_ && now >= after(opened_at_, settings_->stable_after)) stable_ = true, failures_ = 0, auth_retried_ = false;
    if (now < silent_at()) return false;
    ++missed_pongs_;
    lose(now, random, 1006, Error(ErrorCode::network, "nothing was heard on the hold channel for too long"));
    wish_drop_ = true;
    return true;
  }

  /// What is to be done now. `connect` begins an epoch.
  [[nodiscard]] Wish next(SteadyTime now) noexcept {
    if (std::exchange(wish_drop_, false)) return Wish::drop;
    if (close_at_end_ && std::exchange(close_at_end_, false)) return Wish::close;
    if (state_ == ChannelState::waiting && now >= retry_at_) {
      state_ = ChannelState::connecting;
      epoch_ = begin_attempt(now);
      return Wish::connect;
    }
    if (state_ == ChannelState::open && !handing_over_ && now >= handover_at_) {
      handover_at_ = earliest(now);
      if (now >= handover_at_) {
        handing_over_ = true;
        handover_epoch_ = begin_attempt(now);
        return Wish::connect;
      }
    }
    if (state_ == ChannelState::open && now >= ping_at_) {
      if (unanswered_ping_) {
        ++missed_pongs_;
      } else {
        unanswered_ping_ = now;
      }
      ping_at_ = after(now, settings_->ping_every);
      return Wish::ping;
    }
    return Wish::none;
  }

  /// When `tick` and `next` have something to do, if nothing comes before.
  [[nodiscard]] SteadyTime next_deadline() const noexcept {
    if (wish_drop_ || close_at_end_) return SteadyTime::min();
    if (state_ == ChannelState::waiting) return retry_at_;
    if (state_ == ChannelState::open) return std::min({ping_at_, silent_at(), handing_over_ ? never : handover_at_});
    return never;
  }
  /// When `tick` alone has: while something is being written, nothing that `next` asks for can be done.
  [[nodiscard]] SteadyTime next_tick() const noexcept { return state_ == ChannelState::open ? silent_at() : never; }

  // What became of a connection; a report of another epoch is ignored, and says so with false.

  /// At `renew_at` another connection takes its place.
  bool opened(std::uint64_t epoch, SteadyTime now, SteadyTime renew_at = never) noexcept {
    if (!awaits(epoch)) return false;
    attempt_seen(now);
    state_ = ChannelState::open;
    epoch_ = epoch;
    handing_over_ = false;
    // A channel that has ended while its next connection was made is no channel, though it could be connected to.
    fresh_channel_ = std::exchange(attempt_is_stale_, false);
    handover_at_ = fresh_channel_ ? now : renew_at;
    handover_failures_ = 0;
    opened_at_ = heard_at_ = now;
    unanswered_ping_.reset();
    ping_at_ = after(now, settings_->ping_every);
    spoken_ = false;
    const bool token_died = fresh_token_ && fresh_channel_;  // with the channel, behind this attempt
    stable_ = fresh_token_ = false;
    if (token_died) fresh_token_ = true;
    wish_drop_ = false;  // of the connection whose place this one takes, which ends with that
    error_.reset();
    close_code_ = 0;
    return true;
  }
  bool open_failed(std::uint64_t epoch, OpenFailure failure, SteadyTime now, double random) {
    if (!awaits(epoch)) return false;
    attempt_seen(now);
    const Duration asked = failure.error.retry_after();
    if (failure.kind == OpenFailure::Kind::channel_gone) fresh_channel_ = true;
    attempt_is_stale_ = false;
    if (handing_over_) {
      // The present connection goes on, as long as it does; also when it ends the server is left in peace.
      handing_over_ = false;
      if (failure.kind == OpenFailure::Kind::busy) not_before_ = std::max(not_before_, after(now, asked));
      if (failure.kind == OpenFailure::Kind::abandoned) forget_attempt();
      fresh_token_ = fresh_token_ || failure.kind == OpenFailure::Kind::auth;
      const Duration bound = delay_bound(handover_failures_);
      if (handover_failures_ < 63) ++handover_failures_;
      handover_at_ = earliest(after(after(now, asked), bound / 2 + jittered(bound / 2, random)));
      return true;
    }
    close_code_ = 0;
    error_ = std::move(failure.error);
    switch (failure.kind) {
      case OpenFailure::Kind::abandoned:
        forget_attempt();  // or calls without the time to connect would use up the attempts of those who have it
        wait_until(after(now, jittered(settings_->first_delay, random)));
        break;
      case OpenFailure::Kind::channel_gone:
      case OpenFailure::Kind::network: back_off(now, random, Duration::zero()); break;
      case OpenFailure::Kind::busy: back_off(now, random, asked); break;
      case OpenFailure::Kind::auth: authenticate_again(now, random, Duration::zero()); break;
      case OpenFailure::Kind::permanent: refuse(now, random); break;
    }
    return true;
  }
  /// The peer closed the connection, or it was cut (1006).
  bool closed(std::uint64_t epoch, std::uint16_t code, SteadyTime now, double random) {
    if (epoch != epoch_ || state_ != ChannelState::open) return false;
    std::string message("the hold channel was closed with code ");
    message.append(std::to_string(code));
    lose(now, random, code, Error(ErrorCode::network, std::move(message)));
    wish_drop_ = true;
    return true;
  }
  /// The server is about to close this connection: another is made before, and takes its place.
  bool closing(std::uint64_t epoch, SteadyTime now) noexcept {
    if (epoch != epoch_ || state_ != ChannelState::open) return false;
    if (!handing_over_ && handover_at_ > now) handover_at_ = now;
    return true;
  }
  /// The channel that was made for this connection is over, and, when `revoked`, so is the token.
  bool ended(std::uint64_t epoch, bool revoked, SteadyTime now, double random) {
    if (epoch != epoch_ || state_ != ChannelState::open) return false;
    fresh_channel_ = true;
    attempt_is_stale_ = handing_over_;
    lose(now, random, 1006, Error(ErrorCode::network, revoked ? "the token of the hold channel was revoked" : "the server has ended the hold channel"));
    fresh_token_ = fresh_token_ || revoked;
    wish_drop_ = true;
    return true;
  }
  /// A send or a ping failed, after which the channel is dead.
  bool failed(std::uint64_t epoch, SteadyTime now, double random) {
    if (epoch != epoch_ || state_ != ChannelState::open) return false;
    lose(now, random, 1006, Error(ErrorCode::network, "sending on the hold channel failed"));
    wish_drop_ = true;
    return true;
  }
  /// Anything came: bytes are life (hazard B19).
  bool heard(std::uint64_t epoch, SteadyTime now) noexcept {
    if (epoch != epoch_ || state_ != ChannelState::open) return false;
    heard_at_ = now;
    spoken_ = true;
    unanswered_ping_.reset();
    return true;
  }

  /// The end: closes an open connection with 1000 and makes no other.
  void shut() noexcept {
    if (state_ == ChannelState::open) close_at_end_ = true;
    if (state_ == ChannelState::connecting) wish_drop_ = true;
    state_ = ChannelState::closed;
  }

 private:
  /// When silence becomes death. It counts only behind a ping that had its time to be answered: where nobody pumped, nobody
  /// pinged, and the peer owes nothing.
  [[nodiscard]] SteadyTime silent_at() const noexcept {
    if (!unanswered_ping_) return never;
    return std::max(after(heard_at_, settings_->silence_limit), after(*unanswered_ping_, settings_->silence_limit - settings_->ping_every));
  }
  [[nodiscard]] static Duration jittered(Duration bound, double random) noexcept {
    return Duration(static_cast<Duration::rep>(static_cast<double>(bound.count()) * random));
  }
  std::uint64_t begin_attempt(SteadyTime now) noexcept {
    attempts_[next_attempt_] = now;
    next_attempt_ = (next_attempt_ + 1) % attempts_.size();
    return ++last_epoch_;
  }
  /// The server may have seen the last attempt as late as now, behind a token that was asked for first: it counts from now.
  void attempt_seen(SteadyTime now) noexcept { attempts_[(next_attempt_ + attempts_.size() - 1) % attempts_.size()] = now; }
  void forget_attempt() noexcept {
    next_attempt_ = (next_attempt_ + attempts_.size() - 1) % attempts_.size();
    attempts_[next_attempt_] = SteadyTime{};
  }
  void wait_until(SteadyTime when) noexcept {
    state_ = ChannelState::waiting;
    retry_at_ = earliest(when);
  }
  /// `when`, or as soon as another attempt is allowed, by the server and by our own bound. The oldest of the last ones stands
  /// where the next one goes.
  [[nodiscard]] SteadyTime earliest(SteadyTime when) const noexcept {
    when = std::max(when, not_before_);
    const SteadyTime oldest = attempts_[next_attempt_];
    return oldest == SteadyTime{} ? when : std::max(when, after(oldest, std::chrono::minutes{1}));
  }
  [[nodiscard]] Duration delay_bound(int failures) const noexcept {
    Duration bound = settings_->first_delay;
    for (int i = 0; i < failures && bound < settings_->delay_cap; ++i)
      bound = bound > settings_->delay_cap / 2 ? settings_->delay_cap : bound * 2;
    return bound;
  }
  /// Full jitter under a bound that doubles (RFC 6455 section 7.2.3), behind the server's own wait.
  void back_off(SteadyTime now, double random, Duration at_least) noexcept {
    Duration bound = delay_bound(failures_);
    if (failures_ < 63) ++failures_;
    if (at_least > Duration::zero()) bound = std::min<Duration>(bound, at_least / 10 + milliseconds{50});
    wait_until(after(after(now, at_least), jittered(bound, random)));
  }
  /// A newer token may help, once; after that nothing but somebody's intervention does.
  void authenticate_again(SteadyTime now, double random, Duration at_least) noexcept {
    fresh_token_ = true;
    if (std::exchange(auth_retried_, true)) return refuse(now, random);
    back_off(now, random * (failures_ == 0 && at_least == Duration::zero() ? 0.1 : 1.0), at_least);
  }
  void refuse(SteadyTime now, double random) noexcept {
    back_off(now, random, Duration::zero());
    state_ = ChannelState::refused;  // `retry_at_` stays: who asks again waits for it
  }
  void lose(SteadyTime now, double random, std::uint16_t code, Error error) {
    close_code_ = code;
    handover_at_ = never;
    if (std::exchange(handing_over_, false)) {
      // The connection that was to take its place is on its way already.
      error_.emplace(std::move(error));
      epoch_ = handover_epoch_;
      state_ = ChannelState::connecting;
      return;
    }
    if (now >= after(opened_at_, settings_->stable_after)) failures_ = 0, auth_retried_ = false;
    if (code == 1008 || (code >= 4000 && code <= 4999)) {
      error_.emplace(ErrorCode::authentication_failed, error.message());
      return authenticate_again(now, random, Duration::zero());
    }
    error_.emplace(std::move(error));
    // It was served, so its token was good, and a 401 from now on is a new matter.
    if (spoken_) failures_ = std::min(failures_, max_failures_of_the_network), auth_retried_ = false;
    switch (code) {
      case 1012:
      case 1013: failures_ = std::max(failures_, 3); break;  // it said that it needs time
      case 1002:
      case 1003:
      case 1007:
      case 1009: failures_ = 63; break;  // a defect of one side: coming back soon would only repeat it
      default: break;
    }
    back_off(now, random, Duration::zero());
  }

  const HoldSettings* settings_;
  ChannelState state_ = ChannelState::idle;
  std::uint64_t epoch_ = 0, last_epoch_ = 0, handover_epoch_ = 0;
  std::uint64_t missed_pongs_ = 0;
  int failures_ = 0, handover_failures_ = 0;
  int close_code_ = 0;
  bool auth_retried_ = false, fresh_token_ = false, stable_ = false, spoken_ = false;
  bool fresh_channel_ = false;
  bool attempt_is_stale_ = false;  ///< The attempt under way is at a channel that has ended since it began.
  bool handing_over_ = false;  ///< An attempt is under way beside the open connection.
  bool wish_drop_ = false, close_at_end_ = false;
  SteadyTime retry_at_{}, opened_at_{}, heard_at_{}, ping_at_{};
  SteadyTime not_before_ = SteadyTime::min();  ///< Until then the server wants no other attempt.
  SteadyTime handover_at_ = never;  ///< When another connection is to take the place of the open one.
  std::optional<SteadyTime> unanswered_ping_;  ///< The first since anything was heard.
  std::array<SteadyTime, max_connects_per_minute> attempts_{};
  std::size_t next_attempt_ = 0;
  std::optional<Error> error_;
};

}  // namespace patchbay
