// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <thread>
#include <utility>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <patchbay/beast/transport.hpp>

#include "../suite/bridge.hpp"
#include "../suite/bridge_channel.hpp"

namespace patchbay::test {

/// An `io_context` that a thread runs, and a transport on it.
class RunningBeast {
 public:
  using Options = beast::PoolOptions;

  explicit RunningBeast(Options options)
      : work_(context_.get_executor()), transport_(context_, std::move(options)), thread_([this] { context_.run(); }) {}
  RunningBeast(const RunningBeast&) = delete;
  RunningBeast& operator=(const RunningBeast&) = delete;
  ~RunningBeast() {
    context_.stop();
    thread_.join();
  }
  [[nodiscard]] beast::Transport& transport() noexcept { return transport_; }

 private:
  boost::asio::io_context context_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  beast::Transport transport_;
  std::thread thread_;
};

/// The transport as a blocking one.
class BridgedBeast : public Bridged<RunningBeast> {
 public:
  using Bridged::Bridged;

  [[nodiscard]] TransportResult<BridgedChannel<beast::AsyncChannel>> open(const ChannelRequest& request,
                                                                          HttpResponse& refusal, SteadyTime deadline) {
    Awaited<TransportResult<beast::AsyncChannel>> end;
    running().transport().open(request, refusal, deadline, end.completion());
    auto channel = end.wait().value();
    if (!channel) return tl::unexpected(std::move(channel.error()));
    return BridgedChannel(std::move(*channel));
  }
};

/// What the suites of this room run against.
struct Tested {
  using Transport = BridgedBeast;
  using Channel = BridgedChannel<beast::AsyncChannel>;
  using Options = beast::PoolOptions;
  /// Its words for a certificate that is not the host's.
  static constexpr const char* wrong_name = "ostname mismatch";
  static constexpr const char* wrong_address = "IP address mismatch";
  static constexpr bool forgives_last_newline = false;  ///< That of a chunked answer, when everything else has come.
  static constexpr int looks_by_poll = 0;               ///< How often it polls a kept connection before it uses it.
};

}  // namespace patchbay::test
