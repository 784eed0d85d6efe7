// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include <patchbay/observe/hold_events.hpp>
#include <patchbay/time.hpp>

// What a hold session says to whoever drives it.
namespace patchbay {

/// An acknowledgement that came after its command was given up (hazard B22).
class LateAcknowledgement {
 public:
  HoldVerb verb = HoldVerb::hold;
  bool positive = false;
  Duration since_sent{};
  std::string correlation_id;
  std::string interaction;
};

/// The channel told how an interaction stands that no command of ours has brought there.
class HoldSeen {
 public:
  std::string interaction;
  bool held = false;
  Duration held_for{};
};

/// What a session has to tell, in the order in which it happened.
using HoldNotice = std::variant<HoldLimitEvent, ChannelMessage, ChannelStateEvent, LateAcknowledgement, HoldSeen>;

/// What a session wants done. The driver carries it out and reports its end before it asks for the next.
class HoldAction {
 public:
  enum class Kind : std::uint8_t {
    none,
    connect,  ///< Report `opened` or `open_failed`.
    send,     ///< `text`; report `sent` or `send_failed`.
    ping,     ///< Report `sent` or `send_failed`.
    close,    ///< Close with 1000; nothing to report.
    drop,     ///< Let go of the connection at once, and of an attempt at one if `attempt`; nothing to report.
  };

  Kind kind = Kind::none;
  std::uint64_t epoch = 0;
  bool attempt = true;
  std::string_view text{};  ///< Stays until the end is reported.
};

}  // namespace patchbay
