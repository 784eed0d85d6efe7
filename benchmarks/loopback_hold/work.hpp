// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "../loopback.hpp"

namespace patchbay::benchmarks {

/// What is done over and over, by `in_flight` at once over one WebSocket.
enum class Commands : std::uint8_t {
  releases,  ///< Releases alone: a frame, and its acknowledgement.
  holds,     ///< A hold, which reads the interaction over HTTP first, and then its release. Counted as two operations.
};

struct Work {
  std::uint16_t port = 0;  ///< Of the server, on 127.0.0.1.
  int in_flight = 1;
  Commands commands = Commands::releases;
  Span span;
};

/// HTTP connections for the readings; more readings than that wait for one.
inline constexpr int http_connections = 32;

inline constexpr std::string_view token = "t0ken";
inline constexpr std::string_view music = "hold_music_standard.wav", prompt = "please_remain_on_the_line.wav";

/// Each of those in flight has an interaction of its own, so that none waits for another.
[[nodiscard]] inline std::string interaction_id(int number) { return fmt::format("550e8400-e29b-41d4-a716-{:012}", number); }
[[nodiscard]] inline std::string interaction_answer(std::string_view id) {
  return fmt::format(
      R"({{"id":"{}","state":"connected","routingData":{{"skillGroup":{{"id":"sg-1","name":"Billing"}},"orgId":"org-1"}},)"
      R"("customAttributes":{{"ivr_state":"MainMenu","flow_node":"MainMenu"}}}})",
      id);
}

/// The server, until its process is ended: acknowledges commands, answers readings. Prints `listening on PORT` first, and
/// what it has done on each line that it reads.
int serve();

/// The sides. Each runs `work` to its end on this thread and says what it did.
Report bare_beast(const Work& work);  ///< A ping-pong written by hand on Beast.
Report ours_beast(const Work& work);  ///< `HoldController` over `beast::Transport`.

}  // namespace patchbay::benchmarks
