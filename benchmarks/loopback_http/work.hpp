// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "../hand_written.hpp"
#include "../loopback.hpp"

namespace patchbay::benchmarks {

/// What every side does over and over: a transition, on each of `connections` connections at once.
struct Work {
  std::uint16_t port = 0;  ///< Of nginx, on 127.0.0.1.
  int connections = 1;
  /// For each transition: 3 read the flow, read the interaction and write; 2 have the flow cached; 1 only writes, with
  /// the last version that was seen.
  int requests = 3;
  Span span;
};

/// Each connection moves an interaction of its own, so that none waits for another.
[[nodiscard]] inline std::string interaction_id(int connection) {
  return fmt::format("550e8400-e29b-41d4-a716-{:012}", connection);
}

/// And knows its flow by a name of its own while it reads it each time: readings of one flow at the same time would be shared
/// by those who can.
[[nodiscard]] inline std::string flow_of(const Work& work, int connection) {
  return work.requests < 3 ? std::string(flow_id) : fmt::format("a1b2c3d4-e5f6-7890-abcd-{:012}", connection);
}

/// The sides. Each runs `work` to its end on this thread and says what it did.
Report bare_beast(const Work& work);       ///< A loop written by hand on Beast, one thread, callbacks.
Report bare_beast_text(const Work& work);  ///< The same, writing the text of requests itself.
Report bare_curl(const Work& work);        ///< A loop written by hand on libcurl's multi interface and epoll.
Report ours_beast(const Work& work);       ///< `start_transition` over `beast::Transport`, on this thread.
Report ours_curl(const Work& work);        ///< The same over `curl::Transport`.
Report ours_blocking(const Work& work);    ///< `StateTransitioner::transition` over `beast::BlockingTransport`; one connection.

}  // namespace patchbay::benchmarks
