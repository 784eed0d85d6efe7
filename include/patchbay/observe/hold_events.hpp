// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include <patchbay/error.hpp>
#include <patchbay/json/write.hpp>
#include <patchbay/observe/histogram.hpp>
#include <patchbay/observe/timestamp.hpp>
#include <patchbay/time.hpp>

// What a `HoldController` tells its client besides the results of calls. Handlers are called without any lock, on one of the
// threads that are inside the door; they may call the door. What they throw is counted and changes nothing (invariant I25).
namespace patchbay {

enum class HoldVerb : std::uint8_t { hold, unhold };

[[nodiscard]] constexpr std::string_view to_string(HoldVerb verb) noexcept { return verb == HoldVerb::hold ? "hold" : "unhold"; }

/// The end of one hold or unhold, as document B tells it to quality monitors. Called for every outcome (hazard B28).
class QualityEvent {
 public:
  HoldVerb event = HoldVerb::hold;
  Outcome outcome = Outcome::not_applied;
  Duration latency{};      ///< From the call to its end.
  WallTime timestamp{};
  std::string interaction;
  std::string correlation_id;

  /// The document's `status`: `success`, `failed`, or `unknown`, which it does not know.
  [[nodiscard]] std::string_view status() const noexcept {
    return outcome == Outcome::applied ? "success" : outcome == Outcome::not_applied ? "failed" : "unknown";
  }
};

/// Appends the event with the document's names.
inline void to_json(const QualityEvent& event, std::string& out) {
  std::string when;
  append_timestamp(when, event.timestamp);
  JsonWriter json(out);
  json.begin_object().member("event", to_string(event.event)).member("interactionId", std::string_view(event.interaction));
  json.member("status", event.status()).member("latencyMs", to_milliseconds(event.latency)).member("timestamp", std::string_view(when));
  json.end_object();
}

/// What the watchdog of a hold has to say (hazards B1, B2).
class HoldLimitEvent {
 public:
  enum class Kind : std::uint8_t {
    warning,     ///< The limit is near; once for each hold.
    escalation,  ///< The limit has passed and the client must act; repeated until the hold ends.
    release,     ///< The limit has passed and the door releases by itself; repeated until that is confirmed.
  };

  Kind kind = Kind::warning;
  bool confirmed = true;  ///< False when it is not known whether the interaction is on hold at all.
  int repetition = 0;     ///< Escalations or releases of this hold before this one.
  Duration held_for{};
  std::string interaction;
};

[[nodiscard]] constexpr std::string_view to_string(HoldLimitEvent::Kind kind) noexcept {
  switch (kind) {
    case HoldLimitEvent::Kind::warning: return "warning";
    case HoldLimitEvent::Kind::escalation: return "escalation";
    case HoldLimitEvent::Kind::release: return "release";
  }
  return "warning";
}

/// A message of the channel that settles no command: a state update, an acknowledgement of nobody's command, or junk.
class ChannelMessage {
 public:
  enum class Kind : std::uint8_t {
    update,           ///< A JSON object without a correlation id.
    acknowledgement,  ///< One with a correlation id that settles nothing: late, repeated, foreign or contradictory.
    junk,             ///< Text that is no JSON object.
    binary,
  };

  Kind kind = Kind::update;
  std::string payload;  ///< As received; may hold customers' data.
};

[[nodiscard]] constexpr std::string_view to_string(ChannelMessage::Kind kind) noexcept {
  switch (kind) {
    case ChannelMessage::Kind::update: return "update";
    case ChannelMessage::Kind::acknowledgement: return "acknowledgement";
    case ChannelMessage::Kind::junk: return "junk";
    case ChannelMessage::Kind::binary: return "binary";
  }
  return "junk";
}

enum class ChannelState : std::uint8_t {
  idle,        ///< Nobody has asked for the channel yet.
  waiting,     ///< For the time of the next attempt.
  connecting,
  open,
  refused,     ///< Refused for good: it is tried again only when a call asks for it.
  closed,      ///< By `close`; the end.
};

[[nodiscard]] constexpr std::string_view to_string(ChannelState state) noexcept {
  switch (state) {
    case ChannelState::idle: return "idle";
    case ChannelState::waiting: return "waiting";
    case ChannelState::connecting: return "connecting";
    case ChannelState::open: return "open";
    case ChannelState::refused: return "refused";
    case ChannelState::closed: return "closed";
  }
  return "idle";
}

/// A change of the channel's state.
class ChannelStateEvent {
 public:
  ChannelState state = ChannelState::idle;
  int close_code = 0;          ///< Of the connection that ended, 0 when none did.
  std::optional<Error> error;  ///< Why the connection ended or could not be made.
};

/// An interaction that is, or may be, on hold by this door's doing.
class HeldInteraction {
 public:
  std::string interaction;
  bool confirmed = false;  ///< Acknowledged or seen; otherwise a hold was sent and its fate is not known.
  SteadyTime since{};      ///< When the first hold that may have taken effect was sent.
};

using QualityMonitor = std::function<void(const QualityEvent&)>;
using HoldLimitHandler = std::function<void(const HoldLimitEvent&)>;
using MessageObserver = std::function<void(const ChannelMessage&)>;
using ChannelStateHandler = std::function<void(const ChannelStateEvent&)>;

}  // namespace patchbay
