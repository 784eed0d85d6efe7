// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// `patchbayctl run`: JSON Lines in, one result for each out.
#include <cstdio>  // snprintf
#include <fstream>
#include <set>
#include <thread>

#include "unit/tools/loopback.hpp"

using namespace patchbay::test;

namespace {

std::string numbered(unsigned number) {
  char text[37];
  std::snprintf(text, sizeof text, "10000000-0000-4000-8000-%012x", number);
  return text;
}

std::string job(const std::string& id, const std::string& interaction, const std::string& from, const std::string& to,
                const std::string& more = {}) {
  return "{\"id\":" + id + ",\"action\":\"transition\",\"interaction\":\"" + interaction + "\",\"flow\":\"" +
         document_flow + "\",\"from\":\"" + from + "\",\"to\":\"" + to + "\"" + more + "}\n";
}

/// Waits until a request has met the fault that is planned: it is under way then, however busy the machine is.
void wait_for_request(const LoopbackCloud& cloud) {
  std::string pending;
  for (int i = 0; i < 2000 && pending != "0"; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    pending = Json(cloud.get("/_faults"))["/pending"];
  }
  REQUIRE(pending == "0");
}

}  // namespace

TEST_CASE("each line has its result, by its own id; a bad line costs nothing but itself", "[tools][run]") {
  const LoopbackCloud cloud;
  Tool tool = cloud.tool();
  const std::string input =
      job("\"one\"", caller, "MainMenu", "BillingInquiry",
          R"(,"vars":{"call_duration_seconds":145,"requires_supervisor":"false"})") +
      "{bad\n" + "\n" + R"({"id":3,"action":"dance"})" + "\r\n" + R"({"id":4})" + "\n[1]\n" +
      R"({"id":7,"action":"hold","interaction":"x","flow":"f"})" + "\n" + R"({"id":8,"id":9,"action":"unhold"})" +
      "\n" + R"({"id":{"a":1},"action":"unhold","interaction":"x","priority":1})" + "\n" +
      "{\"id\":10,\"x\":\"\xff\"}\n" + job("11", caller, "BillingInquiry", "BalanceInfo", R"(,"vars":[1])") +
      job("12", "../x", "a", "b") + job("13", caller, "BillingInquiry", "BalanceInfo", R"(,"deadline":0)") +
      job("14", caller, "BillingInquiry", "BalanceInfo", R"(,"colour":"red")") +
      job("15", caller, "BillingInquiry", "BalanceInfo");
  const Ended ended =
      tool.run({"run", "--log", "off"}, input.substr(0, input.size() - 1));  // the last line needs no end
  INFO(ended.out << ended.err);
  CHECK(ended.status == 1);
  CHECK(ended.err.empty());
  const std::vector<std::string> lines = lines_of(ended.out);
  REQUIRE(lines.size() == 14);
  const std::vector<std::pair<std::string, std::string>> expected{
      {"one", {}},
      {"2", "line 2: expected one JSON object"},
      {"3", "line 4: \"action\" expected transition, hold or unhold"},
      {"4", "line 5: \"action\" expected transition, hold or unhold"},
      {"6", "line 6: expected one JSON object"},
      {"7", "line 7: \"reason\" is missing, and hold needs it"},
      {"8", "line 8: \"id\" is given twice"},
      {"9", "line 9: \"id\" expected a string or a number"},
      {"10", "line 10: expected one JSON object"},
      {"11", "the variables are no JSON object"},
      {"12", "interaction id: expected"},
      {"13", "line 13: \"deadline\" expected a positive number of seconds"},
      {"14", "line 14: \"colour\" is no member of"},
      {"15", {}}};
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const Json result(lines[i]);
    INFO(i << ": " << lines[i]);
    check_result(result);
    const auto& [id, message] = expected[i];
    CHECK((result["/success"] == "true") == message.empty());
    if (!message.empty()) CHECK(result["/error/message"].starts_with(message));
    const bool has_id = i != 1 && i != 4 && i != 7 && i != 8;
    if (has_id && i != 6) CHECK(result["/id"] == id);
    if (!has_id) CHECK(result["/id"].size() == 36);
  }
  CHECK((*cloud.interaction(caller))["/node"] == "BalanceInfo");
  CHECK((*cloud.interaction(caller))["/customAttributes/requires_supervisor"] == "false");
}

TEST_CASE("ids come back as they were given", "[tools][run]") {
  const LoopbackCloud cloud;
  Tool tool = cloud.tool();
  const Ended ended = tool.run({"run"}, "{\"id\":\"a\\\"\\u00e9\\n\"}\n{\"id\":12345678901234567890}\n{\"id\":1.50}\n");
  const std::vector<std::string> lines = lines_of(ended.out);
  REQUIRE(lines.size() == 3);
  CHECK(lines[0].starts_with("{\"id\":\"a\\\"\xc3\xa9\\n\","));
  CHECK(lines[1].starts_with("{\"id\":12345678901234567890,"));
  CHECK(lines[2].starts_with("{\"id\":1.50,"));
}

TEST_CASE("lines come from a file too, and no line is too long for the others", "[tools][run]") {
  const LoopbackCloud cloud;
  Tool tool = cloud.tool();
  const std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("patchbay-jobs-" + std::to_string(::getpid()));
  std::ofstream(path, std::ios::binary) << job("1", caller, "MainMenu", "BillingInquiry") << std::string(3 << 20, 'x')
                                        << "\n"
                                        << job("3", caller, "BillingInquiry", "BalanceInfo",
                                               ",\"vars\":{\"customer_tier\":\"" + std::string(70'000, 'x') + "\"}")
                                        << job("4", caller, "BillingInquiry", "BalanceInfo");
  const Ended ended = tool.run({"run", path.string()});
  std::filesystem::remove(path);
  const std::vector<std::string> lines = lines_of(ended.out);
  REQUIRE(lines.size() == 4);
  CHECK(Json(lines[0])["/success"] == "true");
  CHECK(Json(lines[1])["/error/message"] == "line 2: is longer than 1 MiB");
  CHECK(Json(lines[2])["/error/code"] == "payload_too_large");
  CHECK(Json(lines[3])["/success"] == "true");
  CHECK(ended.status == 1);
  const Ended none = tool.run({"run", "-"}, "");
  CHECK(none.status == 0);
  CHECK(none.out.empty());
}

TEST_CASE("the exit status is the highest of all", "[tools][run]") {
  const LoopbackCloud cloud;
  Tool tool = cloud.tool();
  const std::string fine = job("1", caller, "MainMenu", "BillingInquiry"),
                    unknown = job("2", "00000000-0000-4000-8000-000000000000", "a", "b"),
                    absent = job("3", "00000000-0000-4000-8000-000000000000", "MainMenu", "BillingInquiry");
  CHECK(tool.run({"run"}, fine).status == 0);
  CHECK(tool.run({"run"}, absent + unknown).status == 3);
  CHECK(tool.run({"run"}, unknown + "{bad\n").status == 1);
}

TEST_CASE("many jobs are under way at once, one at a time for each interaction, and none is lost", "[tools][run]") {
  const LoopbackCloud cloud({"--interactions", "40"});
  Tool tool = cloud.tool();
  std::string input;
  std::set<std::string> ids;
  for (unsigned i = 1; i <= 40; ++i) {
    const std::string id = std::to_string(i);
    input += job(id + "1", numbered(i), "MainMenu", "BillingInquiry") +
             job(id + "2", numbered(i), "BillingInquiry", "BalanceInfo") +
             job(id + "3", numbered(i), "BalanceInfo", "SurveyOffer");
    for (const char* const n : {"1", "2", "3"}) ids.insert(id + n);
  }
  const Ended ended = tool.run({"run", "--in-flight", "8", "--log", "off"}, input);
  std::size_t done = 0;
  for (const std::string& line : lines_of(ended.out)) {
    const Json result(line);
    CHECK(ids.erase(result["/id"]) == 1);
    if (result["/success"] == "true") ++done;
  }
  CHECK(ids.empty());
  CHECK(done == 120);
  CHECK(ended.status == 0);
}

TEST_CASE("asked to stop, run finishes what is under way and begins nothing more", "[tools][run][signals]") {
  for (const int signal : {SIGTERM, SIGINT}) {
    const LoopbackCloud cloud;
    cloud.fault(R"({"on":"http","match":{"method":"PATCH"},"kind":"delay","delayMs":1500})");
    Tool tool = cloud.tool();
    Process process = tool.start({"run"});
    process.write(job("1", caller, "MainMenu", "BillingInquiry") + job("2", caller, "BillingInquiry", "BalanceInfo"));
    wait_for_request(cloud);
    process.send(signal);
    process.read_through("\n");  // its input is still open
    const Ended ended = tool.end(process);
    INFO(ended.out << ended.err);
    REQUIRE(lines_of(ended.out).size() == 1);
    CHECK(Json(ended.out)["/outcome"] == "applied");
    CHECK(ended.status == 4);
    CHECK(ended.err.find("asked to stop; nothing behind line 1 was begun") != std::string::npos);
    CHECK((*cloud.interaction(caller))["/node"] == "BillingInquiry");
  }
}

TEST_CASE("asked to stop while it waits for a line, run ends at once; a second signal ends it in any case",
          "[tools][run][signals]") {
  const LoopbackCloud cloud;
  Tool tool = cloud.tool();
  Process idle = tool.start({"run"});
  idle.write(job("1", caller, "MainMenu", "BillingInquiry"));
  idle.read_through("\n");
  idle.send(SIGTERM);
  idle.read_through("asked to stop", true);
  const Ended ended = tool.end(idle);
  CHECK(ended.status == 4);
  CHECK(ended.took < when_busy);

  cloud.fault(R"({"on":"http","match":{"method":"GET"},"kind":"timeout"})");
  Process working = tool.start({"run"});
  working.write(job("2", caller, "BillingInquiry", "BalanceInfo"));
  wait_for_request(cloud);
  // More than two: one that arrives before the one before it has had its turn is not counted.
  for (int i = 0; i < 20; ++i) {
    working.send(SIGTERM);
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  CHECK(working.wait(when_busy).signal == SIGTERM);
}

TEST_CASE("a single transition that is asked to stop says what became of it", "[tools][signals]") {
  const LoopbackCloud cloud;
  cloud.fault(R"({"on":"http","match":{"method":"PATCH"},"kind":"delay","delayMs":1000})");
  Tool tool = cloud.tool();
  Process process = tool.start(move_job());
  wait_for_request(cloud);
  process.send(SIGINT);
  const Ended ended = tool.end(process);
  CHECK(ended.status == 0);
  CHECK(Json(ended.out)["/outcome"] == "applied");
}
