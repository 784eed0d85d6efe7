// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// The simulated cloud as a peer of many: what it does for one of them does not grow with their number, and what it
// remembers has a bound.
#include <string>
#include <vector>

#include <patchbay/testing/simulated_cloud.hpp>

#include "support/catch.hpp"

using namespace patchbay;
using namespace patchbay::testing;

namespace {

std::string text_of(const HttpResponse& response, std::string_view name) {
  const std::string_view body = response.body.view();
  const std::string key = "\"" + std::string(name) + "\":\"";
  const std::size_t at = body.find(key);
  if (at == std::string_view::npos) return {};
  const std::size_t begin = at + key.size();
  return std::string(body.substr(begin, body.find('"', begin) - begin));
}

CloudModel model_at(CloudOptions options = {}) {
  return CloudModel([] { return SteadyTime(std::chrono::hours(1)); }, std::move(options));
}

std::string token_of(CloudModel& model) {
  const HeaderView fields[]{{"Content-Type", "application/x-www-form-urlencoded"}};
  HttpResponse response;
  model.handle(
      CloudRequest("POST", "/oauth/token", fields, "grant_type=client_credentials&client_id=a&client_secret=b"),
      response);
  return text_of(response, "access_token");
}

int status_with(CloudModel& model, const std::string& token) {
  const std::string value = "Bearer " + token;
  const HeaderView fields[]{{"Authorization", value}};
  HttpResponse response;
  model.handle(CloudRequest("GET", std::string("/api/v2/interactions/").append(document_interaction), fields),
               response);
  return response.status;
}

std::string command(const std::string& id, bool hold, std::string_view interaction = document_interaction) {
  return "{\"command\":\"send\",\"correlationId\":\"" + id + "\",\"body\":{\"type\":\"" + (hold ? "hold" : "unhold") +
         "\",\"interactionId\":\"" + std::string(interaction) +
         "\",\"priority\":1,\"holdReason\":\"queueing\",\"holdMusic\":\"a.wav\"}}";
}

}  // namespace

TEST_CASE("a token is found by its number, and only the very text is the token", "[testing][scale]") {
  CloudOptions options;
  options.max_tokens = 3;
  CloudModel model = model_at(std::move(options));
  std::vector<std::string> tokens;
  for (int i = 0; i < 12; ++i) tokens.push_back(token_of(model));
  for (std::size_t i = 0; i < tokens.size(); ++i) CHECK(status_with(model, tokens[i]) == (i < 9 ? 401 : 200));
  for (const char* const forged :
       {"", "simulated-token-", "simulated-token-0", "simulated-token-13", "simulated-token-012", "simulated-token-12x",
        "simulated-token--1", "Simulated-token-12", "simulated-token-18446744073709551628"})
    CHECK(status_with(model, forged) == 401);
  model.revoke_tokens();
  CHECK(status_with(model, tokens.back()) == 401);
  const std::string next = token_of(model);
  CHECK(next == "simulated-token-13");
  CHECK(status_with(model, next) == 200);
  CHECK(status_with(model, tokens.back()) == 401);
}

TEST_CASE("channels close in any order, and the others go on hearing", "[testing][scale]") {
  CloudModel model = model_at();
  const std::string value = "Bearer " + token_of(model);
  const HeaderView fields[]{{"Authorization", value}};
  HttpResponse answer;
  std::vector<ChannelId> open;
  for (int i = 0; i < 100; ++i)
    open.push_back(model.open(CloudRequest("GET", "/api/v2/interactions", fields), answer).value());
  for (std::size_t i = 0; i < open.size(); i += 2) model.close(open[i]);
  model.close(open[0]);
  model.close(1'000'000);
  REQUIRE(model.channels().size() == 50);
  model.set_held(document_interaction, true);
  const std::vector<CloudFrame> frames = model.take_frames();
  REQUIRE(frames.size() == 50);
  for (std::size_t i = 0; i < frames.size(); ++i) CHECK(frames[i].to == open[2 * i + 1]);
}

TEST_CASE("how often an operation was applied is told truly while the log grows", "[testing][scale]") {
  CloudModel model = model_at();
  for (int i = 0; i < 500; ++i) {
    model.command(1, command("h-" + std::to_string(i), i % 2 == 0));
    if (i % 7 == 0) CHECK(model.times_applied("h-" + std::to_string(i)) == 1);
    CHECK(model.times_applied("h-" + std::to_string(i + 1)) == 0);
  }
  model.command(1, command("h-0", true));    // the same id again, with an effect
  model.command(1, command("again", true));  // and one without
  CHECK(model.times_applied("h-0") == 2);
  CHECK(model.times_applied("again") == 0);
  CHECK(model.times_applied("h-499") == 1);
}

TEST_CASE("a full log refuses, or forgets its older half where it is told to", "[testing][scale]") {
  for (const bool forgets : {false, true}) {
    CloudOptions options;
    options.max_operations = 10;
    options.forget_operations = forgets;
    CloudModel model = model_at(std::move(options));
    for (int i = 0; i < 25; ++i) {
      model.command(1, command("h-" + std::to_string(i), i % 2 == 0));
      CHECK(model.operations().size() <= 10);
    }
    CHECK(model.find(document_interaction)->held == forgets);  // the 25th of them holds, the 10th does not
    CHECK(model.times_applied("h-24") == (forgets ? 1 : 0));
    CHECK(model.times_applied("h-0") == (forgets ? 0 : 1));
    CHECK(model.operations().back().id == (forgets ? "h-24" : "h-9"));
    if (forgets) CHECK(model.operations().size() >= 5);
  }
  CloudOptions none;
  none.max_operations = 0;
  none.forget_operations = true;
  CloudModel model = model_at(std::move(none));
  model.command(1, command("h", true));
  CHECK(model.operations().empty());
}

TEST_CASE("the state of one interaction is what the whole shows of it", "[testing][scale]") {
  CloudModel model = model_at();
  model.command(1, command("h-1", true));
  model.command(1, command("h-2", true, second_interaction));
  std::string whole, one, none;
  model.write_state(whole);
  REQUIRE(model.write_state(one, document_interaction));
  CHECK(whole.find(one) != std::string::npos);
  CHECK(one.find("h-1") != std::string::npos);
  CHECK(one.find("h-2") == std::string::npos);
  CHECK_FALSE(model.write_state(none, "nobody"));
  CHECK(none.empty());
}

TEST_CASE("a fault that is spent is gone, and the rules behind it strike in their order", "[testing][scale]") {
  FaultPlan plan;
  for (int i = 0; i < 100; ++i) plan.on("GET").answer(500 + i % 10).times(2);
  plan.on("PATCH").answer(599).always();
  plan.on("GET").answer(598).skip(1);
  CHECK(plan.pending() == 202);
  for (int i = 0; i < 200; ++i) {
    const auto fault = plan.take(CloudRequest("GET", "/"));
    REQUIRE(fault);
    CHECK(fault->status == 500 + i / 2 % 10);
    CHECK(plan.take(CloudRequest("PATCH", "/"))->status == 599);
  }
  CHECK(plan.pending() == 2);
  CHECK_FALSE(plan.take(CloudRequest("GET", "/")));
  CHECK(plan.take(CloudRequest("GET", "/"))->status == 598);
  CHECK_FALSE(plan.take(CloudRequest("GET", "/")));
}

TEST_CASE("requests that their client gave up arrive by time, and of one time as they were sent", "[testing][scale]") {
  ManualClock clock;
  SimulatedCloud cloud(clock);
  const Endpoint endpoint = Endpoint::parse("http://127.0.0.1", "url").value();
  constexpr int count = 400;
  // Pairs arrive at the same time, since each request is given up after a millisecond; later pairs arrive earlier.
  cloud.plan([](FaultPlan& plan) {
    for (int i = 0; i < count; ++i) plan.on("POST", "/webhook").delay(seconds(1000 - i / 2) - milliseconds(i % 2));
  });
  HttpResponse response;
  for (int i = 0; i < count; ++i) {
    const std::string body = std::to_string(i);
    HttpRequest request(Method::post, endpoint, "/webhook");
    request.body = body;
    REQUIRE_FALSE(cloud.send(request, response, after(clock.steady_now(), milliseconds(1))));
  }
  clock.advance(seconds(2000));
  const std::vector<std::string> arrived = cloud.inspect([](const CloudModel& model) { return model.webhooks(); });
  REQUIRE(arrived.size() == count);
  for (int i = 0; i < count; ++i) {
    const int pair = count / 2 - 1 - i / 2;
    CHECK(arrived[static_cast<std::size_t>(i)] == std::to_string(2 * pair + i % 2));
  }
}
