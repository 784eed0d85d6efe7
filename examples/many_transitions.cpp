// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
//
// Many interactions moved in one call: by threads that the program starts, with one request where the last move led to
// the next one, and one write for moves that follow each other. Against a cloud in memory, which counts.
#include <cstdio>
#include <memory>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include <patchbay/state_transitioner.hpp>
#include <patchbay/testing/simulated_cloud.hpp>

using namespace patchbay;
using namespace patchbay::testing;

int main() {
  constexpr std::size_t callers = 100;
  const std::string flow(document_flow);
  ManualClock clock;
  SimulatedCloud cloud(clock);
  cloud.change([](CloudModel& model) {
    for (std::size_t i = 0; i < callers; ++i) {
      model.add(CloudInteraction("caller-" + std::to_string(i)));
      (void)model.move("caller-" + std::to_string(i), "MainMenu");
    }
  });
  Settings settings;
  settings.base_url = "https://api.example.com";  // nothing goes there
  settings.tokens = std::make_shared<TokenSource>(
      TokenSettings{.login_url = settings.base_url, .client_id = "me", .client_secret = Secret("hush")});
  settings.transition.remember = std::make_shared<InteractionMemory>();
  StateTransitioner transitioner{Policies{.transport = cloud, .clock = clock}, settings};

  const auto move_all = [&](const char* from, const char* by, const char* to) {
    std::vector<TransitionRequest> requests;
    for (std::size_t i = 0; i < callers; ++i) {
      const std::string caller = "caller-" + std::to_string(i);
      requests.push_back(TransitionRequest{caller, flow, from, by}.text("customer_tier", "standard"));
      requests.push_back(TransitionRequest{caller, flow, by, to}.text("customer_tier", "enterprise"));
    }
    std::stop_source stop;
    std::vector<std::jthread> threads;
    const std::size_t before = cloud.exchanges();
    const BulkResult moved = transitioner.transition_all(
        requests, BulkSettings()
                      .window(8)
                      .coalesce()
                      .stop(stop.get_token())
                      .progress([&](const BulkProgress& progress) {
                        if (!progress.item->result) stop.request_stop();  // this program would rather look into it first
                      })
                      .workers([&](std::size_t count, const BulkSettings::Work& work) {
                        while (count-- != 0) threads.emplace_back(work);
                      }));
    for (const BulkItem& item : moved.items)
      if (!item.result) std::printf("%s\n", item.result.error().describe().c_str());
    std::printf("%zu of %zu moves applied, with %zu requests\n", moved.count(Outcome::applied), moved.items.size(),
                cloud.exchanges() - before);
    return moved.all_applied();
  };
  // The first time the token, the flow and each interaction are fetched; then a write for each caller is all.
  const bool there = move_all("MainMenu", "BillingInquiry", "BalanceInfo");
  const bool further = there && move_all("BalanceInfo", "SurveyOffer", "Disconnect");
  return further ? 0 : 1;
}
