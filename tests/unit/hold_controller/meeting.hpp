// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "door.hpp"

namespace patchbay::tests {

/// A transport that runs something in the midst of reading an interaction.
class Meeting {
 public:
  using channel_type = testing::VirtualChannel;

  Meeting(ScriptedTransport cloud_in, std::shared_ptr<std::function<void()>> midst_in) : cloud(std::move(cloud_in)), midst(std::move(midst_in)) {}

  TransportResult<void> send(const HttpRequest& request, HttpResponse& response, SteadyTime deadline) {
    if (request.name == "interaction.get" && *midst) std::exchange(*midst, nullptr)();
    return cloud.send(request, response, deadline);
  }
  TransportResult<channel_type> open(const ChannelRequest& request, HttpResponse& refusal, SteadyTime deadline) {
    return cloud.open(request, refusal, deadline);
  }

  ScriptedTransport cloud;
  std::shared_ptr<std::function<void()>> midst;
};

}  // namespace patchbay::tests
