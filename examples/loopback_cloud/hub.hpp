// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <patchbay/testing/faulty_cloud.hpp>
#include <patchbay/testing/faulty_platform.hpp>

#include "loopback_cloud/state_file.hpp"

namespace loopback_cloud {

/// An open WebSocket, as the hub sees it.
class Channel {
 public:
  virtual ~Channel() = default;
  /// Sends, or closes, when the action's wait is over.
  virtual void perform(const patchbay::testing::ChannelAction& action) = 0;

 protected:
  Channel() = default;
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;
};

/// What all connections of the server share: the cloud, and who is connected. One thread uses it.
class Hub {
 public:
  explicit Hub(patchbay::testing::CloudOptions options)
      : cloud_([] { return std::chrono::steady_clock::now(); }, std::move(options)) {}

  [[nodiscard]] patchbay::testing::FaultyCloud& cloud() noexcept { return cloud_; }
  /// From now on the platform's dialect is spoken, and not the documents'.
  void speak_platform(patchbay::testing::PlatformOptions options);
  /// The cloud of the platform's dialect; null while the documents' is spoken.
  [[nodiscard]] patchbay::testing::FaultyPlatform* platform() noexcept { return platform_.get(); }
  [[nodiscard]] patchbay::testing::FaultPlan& plan() noexcept { return platform_ ? platform_->plan : cloud_.plan; }
  /// From now on whatever is done is in the file before it is answered. A file that takes no more ends the process:
  /// what it does not hold must not be answered, and clients then see what they would see of a cloud that went down.
  void keep(std::unique_ptr<StateFile> file) { file_ = std::move(file); }

  /// The fault that strikes this request; none for the server's own addresses, which begin with `/_`.
  [[nodiscard]] std::optional<patchbay::testing::HttpFault> take_fault(const patchbay::testing::CloudRequest& request);
  /// Answers a request, and tells the channels what came of it.
  [[nodiscard]] patchbay::testing::ServingEnd serve(const patchbay::testing::CloudRequest& request,
                                                    const std::optional<patchbay::testing::HttpFault>& fault,
                                                    patchbay::HttpResponse& response);
  /// Judges an upgrade, as `CloudModel::open` does.
  [[nodiscard]] std::optional<patchbay::testing::ChannelId> open(const patchbay::testing::CloudRequest& request,
                                                                 patchbay::HttpResponse& answer);
  /// Calls `alarm` with the time at which `wake` is to be called next, whenever that time has changed.
  void set_alarm(std::function<void(patchbay::SteadyTime)> alarm) { alarm_ = std::move(alarm); }
  /// Does what is due by itself.
  void wake();
  /// Carries out a message from a channel.
  void command(patchbay::testing::ChannelId channel, std::string_view text);

  void join(patchbay::testing::ChannelId id, Channel& channel) { channels_.emplace(id, &channel); }
  void leave(patchbay::testing::ChannelId id) noexcept {
    platform_ ? platform_->model.close(id) : cloud_.model.close(id);
    channels_.erase(id);
  }
  /// Asks every channel to close, as a server does that goes away.
  void close_all();

 private:
  void perform(const std::vector<patchbay::testing::ChannelAction>& actions);
  void save();
  void rearm();
  void administer(const patchbay::testing::CloudRequest& request, patchbay::HttpResponse& response);

  patchbay::testing::FaultyCloud cloud_;
  std::unique_ptr<patchbay::testing::FaultyPlatform> platform_;
  std::unique_ptr<StateFile> file_;
  std::function<void(patchbay::SteadyTime)> alarm_;
  patchbay::SteadyTime alarm_at_ = patchbay::never;
  std::unordered_map<patchbay::testing::ChannelId, Channel*> channels_;
};

}  // namespace loopback_cloud
