// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <thread>
#include <vector>

#include <patchbay/testing/manual_clock.hpp>
#include <patchbay/testing/simulated_cloud.hpp>

#include "support/catch.hpp"

using namespace patchbay;
using namespace patchbay::testing;

TEST_CASE("a manual clock is shared by threads, and never goes back for any of them", "[testing][clock]") {
  const ManualClock clock;
  const SteadyTime begin = clock.steady_now();
  std::vector<std::thread> threads;
  std::atomic<bool> back = false;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      SteadyTime last = clock.steady_now();
      for (int i = 1; i <= 2000; ++i) {
        clock.sleep_until(begin + milliseconds{i * 4 + t});
        const SteadyTime now = clock.steady_now();
        if (now < last) back = true;
        last = now;
      }
    });
  for (std::thread& each : threads) each.join();
  CHECK_FALSE(back);
  CHECK(clock.steady_now() == begin + milliseconds{8003});
  CHECK(clock.slept() == milliseconds{8003});
}

TEST_CASE("threads that write through one simulated cloud lose nothing", "[testing][cloud]") {
  const ManualClock clock;
  SimulatedCloud cloud(clock);
  const Endpoint endpoint = *Endpoint::parse("https://cloud.example", "base_url");
  std::atomic<int> written = 0;
  const auto write = [&] {
    SimulatedCloud mine = cloud;
    HttpResponse response;
    const HeaderView form[] = {{"Content-Type", "application/x-www-form-urlencoded"}};
    HttpRequest grant(Method::post, endpoint, "/oauth/token");
    grant.headers = form;
    grant.body = "grant_type=client_credentials&client_id=a&client_secret=b";
    if (!mine.send(grant, response, never)) return;
    const std::string body(response.body.view());
    const std::size_t at = body.find("\"access_token\":\"") + 16;
    const std::string token = "Bearer " + body.substr(at, body.find('"', at) - at);
    const std::string target = "/api/v2/interactions/" + std::string(document_interaction);
    for (int i = 0; i < 100; ++i) {
      const HeaderView read_headers[] = {{"Authorization", token}};
      HttpRequest read(Method::get, endpoint, target);
      read.headers = read_headers;
      if (!mine.send(read, response, never)) return;
      const std::string etag(response.headers.find("ETag").value_or(""));
      const HeaderView write_headers[] = {
          {"Authorization", token}, {"If-Match", etag}, {"Content-Type", "application/json"}};
      HttpRequest patch(Method::patch, endpoint, target);
      patch.headers = write_headers;
      patch.body = R"({"customAttributes":{"a":1}})";
      if (mine.send(patch, response, never) && response.status == 200) ++written;
    }
  };
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) threads.emplace_back(write);
  for (std::thread& each : threads) each.join();
  CHECK(written >= 100);
  const auto [operations, version] = cloud.inspect([](const CloudModel& model) {
    return std::pair(static_cast<int>(model.operations().size()),
                     static_cast<int>(model.find(document_interaction)->version));
  });
  CHECK(operations == written);
  CHECK(version == written + 1);
}
