// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <patchbay/hold_controller.hpp>
#include <patchbay/journal/journal.hpp>
#include <patchbay/state_transitioner.hpp>
#include <patchbay/testing/simulated_cloud.hpp>
#include <patchbay/testing/simulated_disk.hpp>

#include "support/catch.hpp"

// Processes that die. One lives for so many steps, each an effect on the world before or after it has happened: an
// exchange, a message, or anything that a disk is asked for. From then on nothing that it does has an effect; the
// cloud, the disk and time go on without it.
namespace patchbay::tests {

using namespace patchbay::testing;

/// The life of one process. A handle.
class Life {
 public:
  static constexpr std::size_t endless = static_cast<std::size_t>(-1);
  explicit Life(std::size_t steps = endless) : state_(std::make_shared<State>(State{steps})) {}

  /// One step on; whether it is still alive.
  bool step() const noexcept {
    if (state_->left == 0) return state_->dead = true, false;
    if (state_->left != endless) --state_->left;
    return !state_->dead;
  }
  void end() const noexcept { state_->dead = true; }
  [[nodiscard]] bool over() const noexcept { return state_->dead; }

 private:
  struct State {
    std::size_t left;
    bool dead = false;
  };
  std::shared_ptr<State> state_;
};

/// A disk as one process sees it.
class MortalDisk final : public JournalStorage {
 public:
  MortalDisk(std::shared_ptr<SimulatedDisk> disk, Life life) : disk_(std::move(disk)), life_(std::move(life)) {}

  StorageResult<std::vector<std::uint64_t>> list() override { return disk_->list(); }
  StorageResult<void> create(std::uint64_t segment) override {
    return effect([&] { return disk_->create(segment); });
  }
  StorageResult<void> append(std::uint64_t segment, std::string_view bytes) override {
    return effect([&] { return disk_->append(segment, bytes); });
  }
  StorageResult<void> sync(std::uint64_t segment) override {
    return effect([&] { return disk_->sync(segment); });
  }
  StorageResult<void> truncate(std::uint64_t segment, std::uint64_t size) override {
    return effect([&] { return disk_->truncate(segment, size); });
  }
  StorageResult<std::uint64_t> size(std::uint64_t segment) override { return disk_->size(segment); }
  StorageResult<std::string> read(std::uint64_t segment) override { return disk_->read(segment); }
  StorageResult<void> replace(std::uint64_t segment, std::string_view bytes) override {
    return effect([&] { return disk_->replace(segment, bytes); });
  }
  StorageResult<void> remove(std::uint64_t segment) override {
    return effect([&] { return disk_->remove(segment); });
  }
  std::string name(std::uint64_t segment) const override { return disk_->name(segment); }

 private:
  template <class What>
  StorageResult<void> effect(What&& what) {
    if (!life_.step()) return dead();
    auto done = what();
    if (!life_.step()) return dead();
    return done;
  }
  static StorageResult<void> dead() {
    return tl::unexpected(StorageError(StorageFault::failed, "the process is dead"));
  }

  std::shared_ptr<SimulatedDisk> disk_;
  Life life_;
};

/// The cloud as one process sees it.
class MortalCloud {
 public:
  MortalCloud(SimulatedCloud cloud, Life life) : cloud_(std::move(cloud)), life_(std::move(life)) {}

  class Channel {
   public:
    Channel(VirtualChannel channel, Life life) : channel_(std::move(channel)), life_(std::move(life)) {}
    TransportResult<void> send(std::string_view text, SteadyTime deadline) {
      if (!life_.step()) return tl::unexpected(TransportError(TransportFault::closed, Delivery::not_sent));
      auto sent = channel_.send(text, deadline);
      if (!life_.step()) return tl::unexpected(TransportError(TransportFault::closed, Delivery::maybe_sent));
      return sent;
    }
    void receive(ChannelEvent& event, SteadyTime deadline) {
      if (life_.over()) {
        event.kind = ChannelEvent::Kind::closed;
        event.close_code = 1006;
        return;
      }
      channel_.receive(event, deadline);
    }
    TransportResult<void> ping(SteadyTime deadline) { return channel_.ping(deadline); }
    void close(std::uint16_t code, SteadyTime deadline) {
      if (!life_.over()) channel_.close(code, deadline);
    }
    void interrupt() noexcept { channel_.interrupt(); }

   private:
    VirtualChannel channel_;
    Life life_;
  };
  using channel_type = Channel;

  TransportResult<void> send(const HttpRequest& request, HttpResponse& response, SteadyTime deadline) {
    if (!life_.step()) return tl::unexpected(TransportError(TransportFault::connect, Delivery::not_sent));
    auto sent = cloud_.send(request, response, deadline);
    if (!life_.step()) return tl::unexpected(TransportError(TransportFault::reset, Delivery::maybe_sent));
    return sent;
  }
  TransportResult<Channel> open(const ChannelRequest& request, HttpResponse& refusal, SteadyTime deadline) {
    if (!life_.step()) return tl::unexpected(TransportError(TransportFault::connect, Delivery::not_sent));
    auto opened = cloud_.open(request, refusal, deadline);
    if (!opened) return tl::unexpected(std::move(opened.error()));
    return Channel(std::move(*opened), life_);
  }

 private:
  SimulatedCloud cloud_;
  Life life_;
};

inline const std::string main_interaction{document_interaction};
inline const std::string other_interaction{second_interaction};

/// A cloud, a disk and time, in which processes come and go.
class World {
 public:
  explicit World(std::uint64_t seed = 1, CloudOptions cloud_options = {})
      : cloud(clock, std::move(cloud_options)), disk(std::make_shared<SimulatedDisk>(seed)) {
    cloud.latency(milliseconds{1});
    settings.base_url = "https://api.example.com";
    settings.deadline = seconds{20};
    settings.transition.webhook.url = "https://crm.example.com/webhook";
    begin();
  }
  /// A new process, with its own journal on the same disk.
  void begin(std::size_t steps = Life::endless) {
    life = Life(steps);
    settings.tokens = std::make_shared<TokenSource>(
        TokenSettings{.login_url = "https://login.example.com", .client_id = "client", .client_secret = Secret("s")});
    settings.random = std::make_shared<RandomSource>(++processes);
    settings.guards = std::make_shared<HostGuards>();
    settings.journal.reset();
    if (auto opened = Journal::open(std::make_shared<MortalDisk>(disk, life), options)) {
      settings.journal = std::move(*opened);
    } else if (!life.over()) {
      FAIL(opened.error().describe());
    }
  }
  /// The process dies, and the machine with it; the next one lives on.
  void crash() {
    life.end();
    settings.journal.reset();
    disk->crash();
    begin();
  }
  /// `Policies` for a door of this process.
  [[nodiscard]] auto policies() const { return Policies{.transport = MortalCloud(cloud, life), .clock = clock}; }
  [[nodiscard]] Journal& journal() const { return *settings.journal; }

  [[nodiscard]] std::size_t applied(std::string_view id) const {
    return cloud.inspect([&](const CloudModel& model) { return model.times_applied(id); });
  }
  [[nodiscard]] bool held(std::string_view interaction = document_interaction) const {
    return cloud.inspect([&](const CloudModel& model) { return model.find(interaction)->held; });
  }
  /// The event ids that the CRM was told of, in order.
  [[nodiscard]] std::vector<std::string> webhooks() const {
    std::vector<std::string> out;
    for (const std::string& body : cloud.inspect([](const CloudModel& model) { return model.webhooks(); }))
      out.push_back(body.substr(body.find("\"eventId\":\"") + 11, 36));
    return out;
  }
  [[nodiscard]] std::size_t times_told(std::string_view id) const {
    std::size_t count = 0;
    for (const std::string& each : webhooks()) count += each == id ? 1U : 0U;
    return count;
  }
  /// The operations of that kind that the cloud has carried out.
  [[nodiscard]] std::vector<std::string> done(AppliedOperation::Kind kind) const {
    std::vector<std::string> out;
    for (const AppliedOperation& each : cloud.inspect([](const CloudModel& model) { return model.operations(); }))
      if (each.kind == kind && each.changed) out.push_back(each.id);
    return out;
  }

  ManualClock clock;
  SimulatedCloud cloud;
  std::shared_ptr<SimulatedDisk> disk;
  JournalOptions options;
  Settings settings;
  Life life;
  std::uint64_t processes = 0;
};

inline TransitionRequest going(std::string from = "MainMenu", std::string to = "BillingInquiry",
                               std::string_view interaction = document_interaction) {
  return TransitionRequest{std::string(interaction), std::string(document_flow), std::move(from), std::move(to)};
}

}  // namespace patchbay::tests
