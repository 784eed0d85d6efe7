// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// `patchbayctl run --in-flight N`: thousands of lines on one event loop, whose results are the cloud's truth.
#include <algorithm>  // is_sorted
#include <cstdio>     // snprintf
#include <fstream>
#include <map>
#include <memory>
#include <set>

#include "unit/tools/loopback.hpp"

using namespace patchbay::test;

namespace {

std::string numbered(unsigned number) {
  char text[37];
  std::snprintf(text, sizeof text, "10000000-0000-4000-8000-%012x", number);
  return text;
}
std::string move_line(unsigned id, const std::string& interaction, const std::string& from = "MainMenu",
                      const std::string& to = "BillingInquiry") {
  return "{\"id\":" + std::to_string(id) + ",\"action\":\"transition\",\"interaction\":\"" + interaction +
         "\",\"flow\":\"" + document_flow + "\",\"from\":\"" + from + "\",\"to\":\"" + to + "\"}\n";
}
std::string hold_line(unsigned id, const std::string& action, const std::string& interaction) {
  return "{\"id\":" + std::to_string(id) + ",\"action\":\"" + action + "\",\"interaction\":\"" + interaction +
         "\",\"priority\":5" + (action == "hold" ? ",\"reason\":\"queueing\"" : "") + "}\n";
}

/// How often each operation changed something, by its id, and what became of each interaction.
class Truth {
 public:
  explicit Truth(const LoopbackCloud& cloud) : state_(cloud.get("/_state")) {
    REQUIRE(state_.is_object());
    for (std::size_t i = 0; i < state_.size("/interactions"); ++i) {
      const std::string at = "/interactions/" + std::to_string(i);
      held[state_[at + "/id"]] = state_[at + "/held"] == "true";
      nodes[state_[at + "/id"]] = state_[at + "/node"];
      for (std::size_t k = 0; k < state_.size(at + "/operations"); ++k) {
        const std::string operation = at + "/operations/" + std::to_string(k);
        if (state_[operation + "/changed"] == "true") ++applied[state_[operation + "/id"]];
      }
    }
  }
  std::map<std::string, int> applied;
  std::map<std::string, bool> held;
  std::map<std::string, std::string> nodes;

 private:
  Json state_;
};

/// Compares what every line of output claims with the truth; gives the number of each outcome.
std::map<std::string, int> compare(const std::string& out, const Truth& truth, std::set<std::string>& ids) {
  std::map<std::string, int> outcomes;
  for (const std::string& line : lines_of(out)) {
    const Json result(line);
    REQUIRE(result.is_object());
    INFO(line);
    CHECK(ids.insert(result["/id"]).second);
    const std::string outcome = result["/outcome"];
    ++outcomes[outcome];
    const bool moves = result["/action"] == "transition";
    const auto found = truth.applied.find(result[moves ? "/transitionId" : "/correlationId"]);
    const int times = found == truth.applied.end() ? 0 : found->second;
    if (outcome == "applied") CHECK(times == 1);
    if (outcome == "not_applied") CHECK(times == 0);
    CHECK(times <= 1);
  }
  return outcomes;
}

std::size_t number_behind(const std::string& text, const std::string& mark) {
  const std::size_t at = text.find(mark);
  return at == std::string::npos ? 0 : std::stoul(text.substr(at + mark.size()));
}

/// The libraries that this build of the tool has.
std::vector<std::string> transports(const LoopbackCloud& cloud) {
  std::vector<std::string> out{"beast"};
  if (cloud.tool().run({"run", "--transport", "curl"}).status == 0) out.emplace_back("curl");
  return out;
}

}  // namespace

TEST_CASE("2,000 moves at 256 in flight end as the cloud has them, over either library", "[tools][run][scale]") {
  constexpr unsigned count = 2'000;
  for (const std::string& transport : transports(LoopbackCloud())) {
    const LoopbackCloud cloud({"--interactions", std::to_string(count)});
    // Answers lost before and after they took effect, refusals, and other writers.
    const std::string write = R"({"match":{"method":"PATCH"},"times":20,"skip":)";
    cloud.fault(write + R"(100,"kind":"reset","applied":true})");
    cloud.fault(write + R"(300,"kind":"reset"})");
    cloud.fault(write + R"(500,"kind":"answer","status":503,"applied":true})");
    cloud.fault(write + R"(700,"kind":"answer","status":400})");
    cloud.fault(write + R"(900,"kind":"foreign_write","node":"SurveyOffer"})");
    std::string input;
    for (unsigned i = 1; i <= count; ++i)
      input += move_line(i, numbered(i), i % 50 == 0 ? "BillingInquiry" : "MainMenu",
                         i % 50 == 0 ? "BalanceInfo" : "BillingInquiry");
    Tool tool = cloud.tool();
    const Ended ended =
        tool.run({"run", "--in-flight", "256", "--transport", transport, "--log-level", "error"}, input);
    INFO(transport << ": " << ended.err);
    std::set<std::string> ids;
    std::map<std::string, int> outcomes = compare(ended.out, Truth(cloud), ids);
    CHECK(ids.size() == count);
    // 40 name a node where the interaction is not; the faults may strike one operation more than once.
    CHECK(outcomes["not_applied"] > 40);
    CHECK(outcomes["applied"] > 1'800);
    CHECK(ended.status == (outcomes["unknown"] > 0 ? 5 : 3));
    CHECK(ended.err.find("2000 done in ") != std::string::npos);
    CHECK(ended.err.find(": " + std::to_string(outcomes["applied"]) + " applied, " +
                         std::to_string(outcomes["not_applied"]) + " not applied, ") != std::string::npos);
    CHECK(lines_of(tool.audit).size() >= count);
  }
}

TEST_CASE("moves and holds together, in the order of each interaction's lines", "[tools][run][scale]") {
  constexpr unsigned count = 300;
  for (const std::string& transport : transports(LoopbackCloud())) {
    const LoopbackCloud cloud({"--interactions", std::to_string(count), "--state-updates", "no"});
    std::string input;
    unsigned id = 0;
    for (unsigned i = 1; i <= count; ++i) {
      input += move_line(++id, numbered(i));
      input += hold_line(++id, "hold", numbered(i));
      input += hold_line(++id, "unhold", numbered(i));
      input += move_line(++id, numbered(i), "BillingInquiry", "BalanceInfo");
      input += hold_line(++id, "hold", numbered(i));
      if (i % 2 == 0) input += hold_line(++id, "unhold", numbered(i));
    }
    Tool tool = cloud.tool();
    const Ended ended = tool.run({"run", "--in-flight", "64", "--transport", transport}, input);
    INFO(transport << ": " << ended.err.substr(0, 2'000));
    CHECK(ended.status == 0);
    const Truth truth(cloud);
    std::set<std::string> ids;
    CHECK(compare(ended.out, truth, ids)["applied"] == static_cast<int>(id));
    CHECK(ids.size() == id);
    for (unsigned i = 1; i <= count; ++i) {
      CHECK(truth.nodes.at(numbered(i)) == "BalanceInfo");
      CHECK(truth.held.at(numbered(i)) == (i % 2 == 1));
      CHECK((ended.err.find(numbered(i) + " is still on hold") != std::string::npos) == (i % 2 == 1));
    }
  }
}

TEST_CASE("interrupted midway, run loses no line and tells the truth of each", "[tools][run][scale][signals]") {
  constexpr unsigned count = 2'000;
  for (const std::string& transport : transports(LoopbackCloud())) {
    const LoopbackCloud cloud({"--interactions", std::to_string(count)});
    cloud.fault(R"({"match":{"method":"PATCH"},"kind":"delay","delayMs":20,"times":0})");
    std::string input;
    for (unsigned i = 0; i < count; ++i)
      input += move_line(i + 1, numbered(1 + i / 2 % count), i % 2 == 0 ? "MainMenu" : "BillingInquiry",
                         i % 2 == 0 ? "BillingInquiry" : "BalanceInfo");
    Tool tool = cloud.tool();
    const std::filesystem::path path =
        std::filesystem::temp_directory_path() / ("patchbay-lines-" + std::to_string(::getpid()));
    std::ofstream(path, std::ios::binary) << input;
    Process process = tool.start({"run", path.string(), "--in-flight", "16", "--transport", transport});
    process.read_through("{\"id\":100,");
    process.send(SIGINT);
    const Ended ended = tool.end(process);
    std::filesystem::remove(path);
    INFO(transport << ": " << ended.err);
    CHECK(ended.status == 4);
    const std::size_t begun = number_behind(ended.err, "nothing behind line ");
    CHECK(begun >= 100);
    CHECK(begun < count);
    std::set<std::string> ids;
    const Truth truth(cloud);
    std::map<std::string, int> outcomes = compare(ended.out, truth, ids);
    // Every line up to there has its result, and no other has.
    CHECK(ids.size() == begun);
    for (std::size_t i = 1; i <= begun; ++i) CHECK(ids.contains(std::to_string(i)));
    CHECK(static_cast<std::size_t>(outcomes["applied"]) == truth.applied.size());
    CHECK(outcomes["unknown"] == 0);
    std::size_t not_begun = 0;
    for (const std::string& line : lines_of(ended.out)) not_begun += Json(line)["/error/code"] == "cancelled" ? 1 : 0;
    CHECK(not_begun == number_behind(ended.err, "of which "));
    CHECK(static_cast<int>(not_begun) == outcomes["not_applied"]);
  }
}

TEST_CASE("results come in the order of the lines where that is asked for", "[tools][run]") {
  const LoopbackCloud cloud({"--interactions", "60"});
  cloud.fault(R"({"match":{"method":"PATCH"},"kind":"delay","delayMs":300,"times":3})");
  std::string input;
  for (unsigned i = 1; i <= 60; ++i) input += i % 7 == 0 ? "{bad\n" : move_line(i, numbered(i));
  for (const bool ordered : {true, false}) {
    Tool tool = cloud.tool();
    std::vector<std::string> arguments{"run", "--in-flight", "8", "--log", "off"};
    if (ordered) arguments.emplace_back("--ordered");
    const Ended ended = tool.run(arguments, input);
    std::vector<double> lines;
    for (const std::string& line : lines_of(ended.out)) lines.push_back(Json(line).number("/line"));
    CHECK(lines.size() == 60);
    CHECK(std::is_sorted(lines.begin(), lines.end()) == ordered);
    if (ordered) cloud.fault(R"({"match":{"method":"GET"},"kind":"delay","delayMs":300,"times":3})");
  }
}

TEST_CASE("of a long file little is in memory at once", "[tools][run][scale]") {
  const LoopbackCloud cloud;
  Tool tool = cloud.tool();
  const std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("patchbay-long-" + std::to_string(::getpid()));
  constexpr std::size_t count = 10'000;
  {
    std::ofstream file(path, std::ios::binary);
    const std::string filler(12'000, 'x');
    for (std::size_t i = 0; i < count; ++i) file << "{\"action\":\"dance\",\"reason\":\"" << filler << "\"}\n";
  }
  const Ended ended = tool.run({"run", path.string(), "--in-flight", "1000"});
  std::filesystem::remove(path);
  CHECK(ended.status == 1);
  CHECK(lines_of(ended.out).size() == count);
  CHECK(ended.peak_kib < 60'000);  // of 120 MB
}
