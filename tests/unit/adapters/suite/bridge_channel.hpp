// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string_view>
#include <thread>
#include <utility>

#include <patchbay/policy/completion_transport.hpp>

#include "bridge.hpp"

namespace patchbay::test {

/// A channel on a running event loop as a blocking one. What a `receive` does not wait for any more is for the next.
template <CompletionChannel C>
class BridgedChannel {
 public:
  explicit BridgedChannel(C channel) : state_(std::make_unique<State>(std::move(channel))) {}

  [[nodiscard]] TransportResult<void> send(std::string_view text, SteadyTime deadline) {
    Awaited<TransportResult<void>> end;
    state_->channel->send(text, deadline, end.completion());
    return end.wait().value();
  }
  [[nodiscard]] TransportResult<void> ping(SteadyTime deadline) {
    Awaited<TransportResult<void>> end;
    state_->channel->ping(deadline, end.completion());
    return end.wait().value();
  }
  void receive(ChannelEvent& event, SteadyTime deadline) {
    State& s = *state_;
    if (!std::exchange(s.receiving, true)) s.channel->receive(s.event, s.received.completion());
    do {
      if (s.received.over()) {
        static_cast<void>(s.received.wait());
        s.receiving = false;
        std::swap(event, s.event);
        return;
      }
      std::this_thread::sleep_for(std::chrono::microseconds(50));
    } while (std::chrono::steady_clock::now() < deadline);
    event.kind = ChannelEvent::Kind::idle;
  }
  void close(std::uint16_t code, SteadyTime deadline) {
    Awaited<void> end;
    state_->channel->close(code, deadline, end.completion());
    static_cast<void>(end.wait());
  }

 private:
  struct State {
    explicit State(C c) : channel(std::move(c)) {}
    State(const State&) = delete;
    State& operator=(const State&) = delete;
    ~State() {
      channel.reset();
      if (receiving) static_cast<void>(received.wait());  // it ends with the channel, and refers to `event` until then
    }
    std::optional<C> channel;
    ChannelEvent event;
    Awaited<void> received;
    bool receiving = false;
  };
  std::unique_ptr<State> state_;
};

}  // namespace patchbay::test
