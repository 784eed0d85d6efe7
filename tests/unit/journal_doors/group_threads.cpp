// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// Doors shared by many threads under one journal: all that wait at the same time share a sync, in whatever order they
// come.
#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <patchbay/hold_controller.hpp>
#include <patchbay/journal/journal.hpp>
#include <patchbay/state_transitioner.hpp>
#include <patchbay/testing/simulated_cloud.hpp>
#include <patchbay/testing/simulated_disk.hpp>

#include "support/catch.hpp"

using namespace patchbay;
using namespace patchbay::testing;

namespace {

constexpr std::size_t threads = 6, each = 20;
constexpr std::chrono::hours endless{500'000};

std::string interaction(std::size_t i) {
  const std::string digits = std::to_string(i);
  return "550e8400-e29b-41d4-a716-" + std::string(12 - digits.size(), '0') + digits;
}

/// A cloud whose time nobody waits for, one interaction for each thread, and a journal.
class Shared {
 public:
  explicit Shared(JournalOptions options = {}, CloudOptions cloud_options = {}) : cloud(clock, cloud_options) {
    cloud.change([&](CloudModel& model) {
      for (std::size_t i = 0; i < threads; ++i) {
        CloudInteraction one(interaction(i));
        one.set_attribute("flow_node", "\"MainMenu\"");
        model.add(std::move(one));
      }
    });
    settings.base_url = "https://api.example.com";
    settings.tokens = std::make_shared<TokenSource>(
        TokenSettings{.login_url = "https://login.example.com", .client_id = "client", .client_secret = Secret("s")});
    settings.random = std::make_shared<RandomSource>(7);
    settings.transition.webhook.url = "https://crm.example.com/webhook";
    auto opened = Journal::open(disk, std::move(options));
    REQUIRE(opened);
    settings.journal = std::move(*opened);
  }
  template <class Work>
  static void at_once(Work work) {
    std::vector<std::thread> running;
    for (std::size_t i = 0; i < threads; ++i) running.emplace_back([&work, i] { work(i); });
    for (std::thread& one : running) one.join();
  }

  ManualClock clock;
  SimulatedCloud cloud;
  std::shared_ptr<SimulatedDisk> disk = std::make_shared<SimulatedDisk>();
  Settings settings;
};

/// Threads that do what a journal is given to do.
class Pool {
 public:
  void run(std::function<void()> job) {
    const std::lock_guard lock(mutex_);
    running_.emplace_back(std::move(job));
  }
  ~Pool() {
    for (;;) {
      std::vector<std::thread> now;
      {
        const std::lock_guard lock(mutex_);
        now.swap(running_);
      }
      if (now.empty()) return;
      for (std::thread& one : now) one.join();
    }
  }

 private:
  std::mutex mutex_;
  std::vector<std::thread> running_;
};

}  // namespace

TEST_CASE("many threads write their intents and ends, and deliver, through one journal",
          "[journal][threads][I16][I17]") {
  Pool pool;
  JournalOptions options;
  SECTION("syncs by those who wait") {}
  SECTION("syncs on threads of the client's") {
    options.run_sync = [&pool](std::function<void()> job) { pool.run(std::move(job)); };
  }
  Shared shared(options);
  StateTransitioner door{Policies{.transport = shared.cloud, .clock = shared.clock}, shared.settings};
  std::atomic<std::size_t> moved{0}, delivered{0};
  std::atomic<bool> over{false};
  std::thread courier([&] {
    while (!over.load()) {
      if (auto report = door.deliver_webhooks(seconds{1})) delivered += report->delivered;
      std::this_thread::yield();
    }
  });
  Shared::at_once([&](std::size_t i) {
    for (std::size_t n = 0; n < each; ++n) {
      const bool there = n % 2 == 0;
      const auto result = door.transition(TransitionRequest{interaction(i), std::string(document_flow),
                                                            there ? "MainMenu" : "BillingInquiry",
                                                            there ? "BillingInquiry" : "MainMenu"});
      if (result && result->webhook == WebhookStatus::queued) ++moved;
    }
  });
  over = true;
  courier.join();
  if (auto rest = door.deliver_webhooks(seconds{10})) delivered += rest->delivered;
  CHECK(moved == threads * each);
  CHECK(delivered == threads * each);
  CHECK(shared.settings.journal->open_intents().empty());
  CHECK(shared.settings.journal->deliveries().empty());
  CHECK(shared.cloud.inspect([](const CloudModel& model) { return model.webhooks().size(); }) == threads * each);
}

TEST_CASE("holds, releases and recovery at once on one journal", "[journal][threads][I13][I16]") {
  Pool pool;
  JournalOptions options;
  options.run_sync = [&pool](std::function<void()> job) { pool.run(std::move(job)); };
  // The clock runs on while the disk is waited for, as fast as it is looked at: so neither a token's time may count, nor
  // an attempt's, nor anybody's deadline.
  CloudOptions patient;
  patient.token_ttl = endless;
  Shared shared(options, patient);
  shared.settings.attempt_timeout = endless;
  shared.settings.hold.ack_timeout = endless;
  HoldController door{Policies{.transport = shared.cloud, .clock = shared.clock}, shared.settings};
  std::atomic<std::size_t> done{0};
  std::atomic<bool> over{false};
  std::thread recovering([&] {
    while (!over.load()) {
      static_cast<void>(door.recover(milliseconds{1}));
      std::this_thread::yield();
    }
  });
  Shared::at_once([&](std::size_t i) {
    for (std::size_t n = 0; n < each / 2; ++n) {
      if (door.hold(HoldRequest{interaction(i), "consultation", 5}.deadline(endless))) ++done;
      if (door.unhold(UnholdRequest{interaction(i), 5}.deadline(endless))) ++done;
    }
  });
  over = true;
  recovering.join();
  CHECK(done == threads * each);
  CHECK(shared.settings.journal->open_intents().empty());
  CHECK(shared.settings.journal->holds().empty());
  CHECK(door.held().empty());
}
