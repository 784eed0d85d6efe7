// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <patchbay/http.hpp>
#include <patchbay/testing/cloud_data.hpp>
#include <patchbay/testing/cloud_options.hpp>
#include <patchbay/testing/detail/cloud_bodies.hpp>
#include <patchbay/testing/simulation/streams.hpp>
#include <patchbay/time.hpp>

namespace patchbay::testing::simulation {

/// An interaction as the cloud truly has it at one moment.
class Standing {
 public:
  std::uint64_t version = 0;  ///< Of what writes are locked by; 0: there is no such thing yet, or nothing locks.
  bool final = false;         ///< No write is applied to it any more.
  bool held = false;
  bool party_over = false;    ///< Whoever could be held has left.
  std::string party;          ///< The id of whoever could be held, where holds name it.
  std::string node, transition_id;  ///< As JSON texts; empty for none.
};

/// What a flow was published as.
class PublishedFlow {
 public:
  std::string version;
  /// Its nodes and their transitions in the documents' form, whatever the cloud serves.
  std::string definition;
};

/// A channel that the cloud closes.
class ClosedChannel {
 public:
  ClosedChannel(ChannelId channel_in, std::uint16_t code_in) noexcept : channel(channel_in), code(code_in) {}
  ChannelId channel;
  std::uint16_t code;
};

/// The cloud of a simulation, whatever dialect it speaks: it answers requests, logs what was truly done, and lets others
/// have their way with it. What differs from dialect to dialect is behind this; all else of a simulation is the same for
/// each. For one thread.
class Cloud {
 public:
  using Now = std::function<SteadyTime()>;
  using WallNow = std::function<WallTime()>;

  Cloud() = default;
  Cloud(const Cloud&) = delete;
  Cloud& operator=(const Cloud&) = delete;
  virtual ~Cloud() = default;

  // For the processes.
  virtual void handle(const CloudRequest& request, HttpResponse& response) = 0;
  /// Fills `response` with an error that only its status tells apart.
  virtual void refuse(HttpResponse& response, int status) const = 0;
  /// Whether doors for holds can work with it.
  [[nodiscard]] virtual bool takes_holds() const noexcept { return false; }
  /// Whether writes are locked by a version, so that what became of one can be told soon.
  [[nodiscard]] virtual bool locks_writes() const noexcept { return true; }
  /// The opening of a channel; without a value `answer` is the refusal.
  [[nodiscard]] virtual std::optional<ChannelId> open(const CloudRequest&, HttpResponse& answer) {
    return refuse(answer, 404), std::nullopt;
  }
  virtual void close(ChannelId) {}
  virtual void carry_out(ChannelId, const testing::detail::ChannelCommand&, std::string_view /*why*/) {}
  [[nodiscard]] virtual std::vector<CloudFrame> take_frames() { return {}; }
  /// Whether holds travel as requests, which are accepted first and done later; then messages of a channel are no commands,
  /// but questions, which `hear` is given.
  [[nodiscard]] virtual bool holds_by_request() const noexcept { return false; }
  virtual void hear(ChannelId, std::string_view /*text*/) {}
  /// The channels that the cloud has closed by itself since the last call, each behind its frames.
  [[nodiscard]] virtual std::vector<ClosedChannel> take_closings() { return {}; }
  /// Under which id the log will have what the last request that was handled asks for; empty when that was refused, or is
  /// done by no id of the cloud's own.
  [[nodiscard]] virtual std::string_view accepted() const noexcept { return {}; }

  // Time, for what is done some time after it was accepted.
  [[nodiscard]] virtual SteadyTime next_due() const noexcept { return never; }
  virtual void advance() {}

  // The truth.
  [[nodiscard]] virtual const std::vector<AppliedOperation>& operations() const = 0;
  [[nodiscard]] virtual std::optional<Standing> look(std::string_view interaction) const = 0;

  // The world.
  /// An interaction to begin with; how it stands is drawn.
  virtual void begin(std::string_view interaction, std::string_view node, Stream& random) = 0;
  /// Publishes the simulated flow for the `number`th time, from 1 on, without one of its edges.
  virtual PublishedFlow publish(int number, std::size_t without) = 0;
  /// Another writer moves an interaction; without an id it leaves the last one standing.
  virtual void move(std::string_view interaction, std::string_view node, std::string_view transition_id) = 0;
  virtual void set_held(std::string_view interaction, bool held) = 0;
  /// The interaction ends, in one way or another.
  virtual void end(std::string_view interaction, Stream& random) = 0;
  virtual void revoke_tokens() = 0;
  /// Says on every channel that its connection will be closed soon.
  virtual void announce_closing() {}
  /// Ends every channel; whoever has one must make another.
  virtual void end_channels() {}
  /// For how long everybody sleeps when they do.
  [[nodiscard]] virtual Duration sleep(Stream&) const { return std::chrono::hours{1}; }

  // What stands between the cloud and a process.
  /// Whether the target shows an interaction, so that a replica that lags may answer.
  [[nodiscard]] virtual bool is_reading(std::string_view target) const = 0;
  /// Takes the version out of the answer to a reading, or, when `weak`, makes one of it that can lock nothing.
  virtual void spoil_version(HttpResponse& answer, bool weak) const = 0;
};

}  // namespace patchbay::testing::simulation
