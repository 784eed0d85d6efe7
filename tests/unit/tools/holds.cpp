// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// patchbayctl hold and unhold: against loopback_cloud, and against servers that are hostile on the channel.
#include <cstdio>
#include <filesystem>
#include <string>
#include <thread>

#include "unit/adapters/suite/raw_websocket.hpp"
#include "unit/tools/hostile.hpp"
#include "unit/tools/loopback.hpp"

using namespace patchbay::test;

namespace {

using Arguments = std::vector<std::string>;

Arguments hold_job(Arguments more = {}, const std::string& interaction = caller) {
  Arguments out{"hold", "--interaction", interaction, "--reason", "consultation", "--priority", "5"};
  out.insert(out.end(), more.begin(), more.end());
  return out;
}
Arguments unhold_job(Arguments more = {}) {
  Arguments out{"unhold", "--interaction", caller, "--priority", "5"};
  out.insert(out.end(), more.begin(), more.end());
  return out;
}

std::unique_ptr<Json> result_of(const Ended& ended) {
  INFO("stdout: " << ended.out << "\nstderr: " << ended.err);
  REQUIRE(lines_of(ended.out).size() == 1);
  auto result = std::make_unique<Json>(ended.out);
  check_result(*result);
  CHECK((*result)["/correlationId"] == (*result)["/id"]);
  return result;
}

std::string ack(const std::string& command) {
  const Json sent(command);
  return "{\"correlationId\":\"" + sent["/correlationId"] + "\",\"body\":{\"type\":\"" + sent["/body/type"] +
         "\",\"interactionId\":\"" + sent["/body/interactionId"] + "\"}}";
}

/// A cloud that is honest over REST, and on the channel does what the deed says with each command.
class HostileChannel {
 public:
  using Deed = std::function<void(PeerConnection&, const std::string& command)>;

  explicit HostileChannel(Deed deed)
      : peer_([this, deed = std::move(deed)](PeerConnection& c) {
          for (;;) {
            const std::string request = c.read_request();
            if (request.empty()) return;
            if (request.find("Upgrade: websocket") == std::string::npos) {
              if (!c.write(honest_answer(request))) return;
              continue;
            }
            c.write(switching(request));
            for (;;) {
              const ClientFrame frame = read_frame(c);
              if (frame.opcode == close_frame) c.write(close_with(1000));
              if (frame.opcode != text_frame && frame.opcode != ping_frame) return;
              if (frame.opcode != text_frame) continue;
              ++commands;
              deed(c, frame.payload);
            }
          }
        }) {}
  [[nodiscard]] Tool tool() const {
    Tool out(peer_.url());
    out.secrets.emplace_back(raw_token);
    return out;
  }
  std::atomic<int> commands{0};

 private:
  RawPeer peer_;
};

/// What a channel does with every command leaves its outcome unknown, soon and with the command sent once.
void check_unknown(const HostileChannel::Deed& deed) {
  for (const Arguments& job : {hold_job({"--deadline", "2"}), unhold_job({"--deadline", "2"})}) {
    HostileChannel cloud(deed);
    Tool tool = cloud.tool();
    const Ended ended = tool.run(job);
    const auto result = result_of(ended);
    INFO(result->text() << ended.err);
    CHECK(ended.status == 5);
    CHECK((*result)["/outcome"] == "unknown");
    CHECK((*result)["/error/code"] == "outcome_unknown");
    CHECK((*result)["/attempts"] == "1");
    CHECK(cloud.commands == 1);
    CHECK(ended.took < std::chrono::seconds(2) + when_busy);
    CHECK(ended.peak_kib < 600 * 1024);
    if (job.front() == "hold") CHECK(ended.err.find(caller + " may be on hold") != std::string::npos);
  }
}

/// A hold whose command meets a fault: how it ends, and what is true then.
std::unique_ptr<Json> ended_with(std::string_view planned, int status, std::string_view outcome, std::string_view code,
                                 bool held) {
  INFO(planned);
  const LoopbackCloud cloud;
  cloud.fault(planned);
  Tool tool = cloud.tool();
  const Ended ended = tool.run(hold_job({"--deadline", "8"}));
  auto result = result_of(ended);
  INFO(result->text() << ended.err);
  CHECK(ended.status == status);
  CHECK((*result)["/outcome"] == outcome);
  if (!code.empty()) CHECK((*result)["/error/code"] == code);
  CHECK((*result)["/attempts"] == "1");
  CHECK((*cloud.interaction(caller))["/held"] == (held ? "true" : "false"));
  CHECK((*cloud.interaction(caller)).size("/operations") <= 1);
  CHECK((ended.err.find("on hold") != std::string::npos) == (outcome != "not_applied"));
  return result;
}

constexpr std::array broken{"drop", "wrong_interaction", "wrong_correlation", "close", "cut"};

std::string on_hold(std::string_view kind, bool applied) {
  return std::string(R"({"on":"command","match":{"verb":"hold"},"kind":")")
      .append(kind)
      .append(R"(","applied":)")
      .append(applied ? "true}" : "false}");
}

}  // namespace

TEST_CASE("the documents' hold and unhold succeed, and standing holds are listed", "[tools][hold]") {
  const LoopbackCloud cloud;
  Tool tool = cloud.tool();
  const Ended held =
      tool.run(hold_job({"--music", "hold_music_standard.wav", "--prompt", "please_remain_on_the_line.wav"}));
  const auto result = result_of(held);
  CHECK(held.status == 0);
  CHECK((*result)["/action"] == "hold");
  CHECK((*result)["/interactionId"] == caller);
  CHECK((*result)["/attempts"] == "1");
  CHECK(held.err == "patchbayctl: " + caller + " is still on hold\n");
  CHECK((*cloud.interaction(caller))["/held"] == "true");
  const std::vector<std::string> audit = lines_of(tool.audit);
  REQUIRE(audit.size() == 2);
  const Json record(audit.back());
  CHECK(record["/action"] == "hold");
  CHECK(record["/status"] == "success");
  CHECK(record["/metadata/reason"] == "consultation");
  CHECK(record["/operationId"] == (*result)["/id"]);

  const Ended again = tool.run(hold_job());
  CHECK(again.status == 0);
  CHECK((*result_of(again))["/alreadyHeld"] == "true");
  CHECK((*result_of(again))["/attempts"] == "0");

  const Ended back = tool.run(unhold_job());
  CHECK(back.status == 0);
  CHECK(back.err.empty());
  CHECK((*result_of(back))["/action"] == "unhold");
  CHECK((*cloud.interaction(caller))["/held"] == "false");
  CHECK((*cloud.interaction(caller)).size("/operations") == 2);
}

TEST_CASE("hold commands that break the schema are refused, all faults at once", "[tools][hold][input][B11][B33]") {
  const LoopbackCloud cloud;
  Tool tool = cloud.tool();
  const auto refused = [&](const Arguments& job, std::string_view path, std::string_view rule) {
    const Ended ended = tool.run(job);
    const auto result = result_of(ended);
    INFO(result->text());
    CHECK(ended.status == 1);
    CHECK((*result)["/outcome"] == "not_applied");
    CHECK((*result)["/attempts"] == "0");
    CHECK((*result)["/error/code"] == "validation_failed");
    CHECK((*result)["/error/violations/0/path"] == path);
    CHECK((*result)["/error/violations/0/rule"].find(rule) != std::string::npos);
  };
  for (const char* const priority : {"4.5", "-1", "10", "", "five", "5 ", "05", "1e0"}) {
    INFO(priority);
    refused({"hold", "--interaction", caller, "--reason", "queueing", "--priority", priority}, "priority",
            "integer: expected an integer from 0 to 9");
    refused({"unhold", "--interaction", caller, "--priority", priority}, "priority",
            "integer: expected an integer from 0 to 9");
  }
  for (const char* const reason : {"lunch", "", "Queueing", "queueing "}) {
    INFO(reason);
    refused({"hold", "--interaction", caller, "--reason", reason, "--priority", "5"}, "holdReason",
            "expected queueing, consultation, system_issue or agent_break");
  }
  for (const std::string& id : {std::string("../x"), std::string(), std::string(300, 'a'),
                                std::string("a\x01\n\x1b[31m"), caller + "0", caller.substr(1)}) {
    INFO(id);
    refused(hold_job({}, id), "interactionId", "uuid: expected");
    refused({"unhold", "--interaction", id, "--priority", "5"}, "interactionId", "uuid: expected");
  }
  refused(hold_job({"--music", "../../etc/passwd"}), "holdMusic", "");
  refused(hold_job({"--prompt", "a\nb.wav"}), "holdPrompt", "");
  const Ended all =
      tool.run({"hold", "--interaction", "x", "--reason", "lunch", "--priority", "-1", "--music", "/", "--prompt", ""});
  CHECK(all.status == 1);
  CHECK(result_of(all)->size("/error/violations") == 5);
  CHECK(Json(cloud.get("/_state"))["/tokensIssued"] == "0");
}

TEST_CASE("interactions that may not be held are not", "[tools][hold][B8][B10]") {
  const LoopbackCloud cloud;
  Tool tool = cloud.tool();
  for (const auto& [id, message] :
       {std::pair<std::string, std::string>{"16fd2706-8baf-433b-82eb-8c7fada847da", "closed"},
        {"7d444840-9dc0-41d1-b245-5ffdce74fad2", "abandoned"},
        {"f47ac10b-58cc-4372-a567-0e02b2c3d479", "no skill group"}}) {
    const Ended ended = tool.run(hold_job({}, id));
    CHECK(ended.status == 1);
    CHECK((*result_of(ended))["/error/code"] == "not_eligible");
    CHECK((*result_of(ended))["/error/message"].find(message) != std::string::npos);
  }
  const Arguments other =
      hold_job({"--org-id", "5d2b0f36-8f3a-4c7e-9a51-0c6d1e8b7f24"}, "9b2f7f1e-3c5d-4a8e-b1d0-2f6c8e4a7d13");
  CHECK((*result_of(tool.run(other)))["/error/code"] == "not_eligible");
  const Ended absent = tool.run(hold_job({}, "00000000-0000-4000-8000-000000000000"));
  CHECK(absent.status == 3);
  CHECK((*result_of(absent))["/error/code"] == "not_found");
  cloud.fault(R"({"on":"http","match":{"method":"GET"},"times":0,"kind":"answer","status":403})");
  const Ended forbidden = tool.run(hold_job());
  CHECK(forbidden.status == 3);
  CHECK((*result_of(forbidden))["/error/code"] == "forbidden");
  // A release asks no REST endpoint at all (hazard B7).
  CHECK(tool.run(unhold_job()).status == 0);
}

TEST_CASE("a refusal is a refusal, with the server's words", "[tools][hold][B23]") {
  const auto refusal = ended_with(R"({"on":"command","match":{"verb":"hold"},"kind":"refuse","text":"not now"})", 3,
                                  "not_applied", "command_refused", false);
  CHECK((*refusal)["/error/serverMessage"] == "not now");
}

TEST_CASE("a hold without an acknowledgement is proved by the interaction's state", "[tools][hold][B20][B21][B23]") {
  for (const char* const kind : broken)
    CHECK((*ended_with(on_hold(kind, true), 0, "applied", {}, true))["/resolvedBy"] == "state");
}

TEST_CASE("a hold that the state does not show may still be on its way", "[tools][hold][B20][B21][B23]") {
  for (const char* const kind : broken) ended_with(on_hold(kind, false), 5, "unknown", "outcome_unknown", false);
}

TEST_CASE("a channel that cannot be had is said so, and a token that has ended is renewed", "[tools][hold][B13]") {
  const LoopbackCloud cloud;
  Tool tool = cloud.tool();
  const Ended nowhere = tool.run(hold_job({"--ws-url", "ws://127.0.0.1:1/channel", "--deadline", "1"}));
  CHECK(nowhere.status == 4);
  CHECK((*result_of(nowhere))["/error/code"] == "not_connected");
  cloud.fault(R"({"on":"open","kind":"refuse","status":401})");
  CHECK(tool.run(hold_job({"--ws-url", "ws" + cloud.url().substr(4) + "/api/v2/interactions"})).status == 0);
  cloud.fault(R"({"on":"open","kind":"refuse","status":403,"times":0})");
  const Ended refused = tool.run(unhold_job({"--deadline", "3"}));
  CHECK(refused.status >= 3);
  CHECK(refused.status <= 4);
  CHECK((*result_of(refused))["/outcome"] == "not_applied");
}

TEST_CASE("run holds and releases over one channel, and lists what it leaves on hold", "[tools][hold][run]") {
  const LoopbackCloud cloud;
  Tool tool = cloud.tool();
  const auto line = [](int id, const std::string& action, const std::string& interaction, const std::string& more) {
    return "{\"id\":" + std::to_string(id) + ",\"action\":\"" + action + "\",\"interaction\":\"" + interaction + "\"," +
           more + "}\n";
  };
  const Ended ended =
      tool.run({"run", "--in-flight", "4"},
               line(1, "hold", caller, R"("reason":"consultation","priority":5,"music":"hold_music_standard.wav")") +
                   line(2, "unhold", caller, R"("priority":"5")") +
                   line(3, "hold", second_caller, R"("reason":"queueing","priority":0)") +
                   line(4, "hold", caller, R"("reason":"lunch","priority":4.5)"));
  INFO(ended.out << ended.err);
  CHECK(ended.status == 1);
  REQUIRE(lines_of(ended.out).size() == 4);
  for (const std::string& each : lines_of(ended.out)) {
    const Json result(each);
    check_result(result);
    CHECK((result["/id"] == "4") == (result["/success"] == "false"));
    if (result["/id"] == "4") CHECK(result.size("/error/violations") == 2);
  }
  CHECK(ended.err.find(second_caller + " is still on hold") != std::string::npos);
  CHECK(ended.err.find(caller + " is still on hold") == std::string::npos);
  CHECK((*cloud.interaction(second_caller))["/held"] == "true");
  CHECK((*cloud.interaction(caller))["/held"] == "false");

  // Between lines the channel is served: the next job finds it open.
  Process waiting = tool.start({"run", "--log-level", "info"});
  waiting.write(line(1, "hold", caller, R"("reason":"consultation","priority":5)"));
  waiting.read_through("\n");
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  waiting.write(line(2, "unhold", caller, R"("priority":5)"));
  const Ended both = tool.end(waiting);
  CHECK(both.status == 0);
  CHECK(lines_of(both.out).size() == 2);
  CHECK((*cloud.interaction(caller))["/held"] == "false");
}

TEST_CASE("acknowledgements of HTML, nothing, bad UTF-8 or 3,000 brackets are none",
          "[tools][hold][hostile][B22][B23]") {
  const std::string deep = std::string(3000, '[') + std::string(3000, ']');
  check_unknown(
      [](PeerConnection& c, const std::string&) { c.write(frame(text_frame, "<!DOCTYPE html><html></html>")); });
  check_unknown([](PeerConnection& c, const std::string&) { c.write(frame(text_frame, "")); });
  check_unknown([](PeerConnection&, const std::string&) {});
  check_unknown([](PeerConnection& c, const std::string& command) {
    c.write(frame(text_frame, ack(command).insert(1, "\"x\":\"\xff\xfe\",")));
  });
  check_unknown([deep](PeerConnection& c, const std::string&) { c.write(frame(text_frame, deep)); });
  check_unknown([deep](PeerConnection& c, const std::string& command) {
    const Json sent(command);
    c.write(frame(text_frame, "{\"correlationId\":\"" + sent["/correlationId"] + "\",\"body\":" + deep + "}"));
  });
  check_unknown([](PeerConnection& c, const std::string& command) { c.write(frame(binary_frame, ack(command))); });
}

TEST_CASE("messages of 1 GB, without an end, or cut in half end the channel, and the truth is told",
          "[tools][hold][hostile][B34]") {
  check_unknown([](PeerConnection& c, const std::string&) {
    std::string head{static_cast<char>(0x81), 127, 0, 0, 0, 0, 0x40, 0, 0, 0};  // a text frame of 1 GB
    const std::string filler(65536, ' ');
    if (!c.write(head)) return;
    while (c.write(filler)) {
    }
  });
  check_unknown([](PeerConnection& c, const std::string&) {
    if (!c.write(frame(text_frame, std::string(1000, ' '), false))) return;
    while (c.write(frame(continuation, std::string(60000, ' '), false))) {
    }
  });
  check_unknown([](PeerConnection& c, const std::string& command) {
    const std::string whole = frame(text_frame, ack(command));
    c.write(std::string_view(whole).substr(0, whole.size() / 2));
    c.cut();
  });
}

TEST_CASE("a connection that ends at any point of an acknowledgement leaves the outcome unknown",
          "[tools][hold][hostile][B20]") {
  const std::string job = "{\"action\":\"hold\",\"interaction\":\"" + caller +
                          "\",\"reason\":\"queueing\",\"priority\":1,\"deadline\":3}\n";
  std::atomic<std::size_t> cut{0};
  HostileChannel cloud([&](PeerConnection& c, const std::string& command) {
    const std::string whole = frame(text_frame, ack(command));
    const std::size_t at = cut++ * 8;
    c.write(std::string_view(whole).substr(0, std::min(at, whole.size() - 1)));
    at % 16 == 0 ? c.cut() : c.reset();
  });
  Tool tool = cloud.tool();
  constexpr int jobs = 8;
  std::string input;
  for (int i = 0; i < jobs; ++i) input += job;
  const Ended ended = tool.run({"run", "--log", "off"}, input);
  INFO(ended.out << ended.err);
  CHECK(ended.status == 5);
  const std::vector<std::string> lines = lines_of(ended.out);
  REQUIRE(lines.size() == jobs);
  // None is called done. Later jobs may find no channel in time, which is not unknown but not done.
  std::size_t unknown = 0;
  for (const std::string& line : lines) {
    const Json result(line);
    check_result(result);
    CHECK(result["/success"] == "false");
    unknown += result["/outcome"] == "unknown" ? 1 : 0;
    CHECK((result["/outcome"] == "unknown") == (result["/attempts"] == "1"));
  }
  CHECK(static_cast<std::size_t>(cloud.commands) == unknown);
  CHECK(ended.err.find(caller + " may be on hold") != std::string::npos);
}

TEST_CASE("the small examples do what they teach", "[tools][examples]") {
  const LoopbackCloud cloud;
  std::vector<std::string> environment = clean_environment();
  environment.emplace_back("GENESYS_CLIENT_ID=client");
  environment.emplace_back("GENESYS_CLIENT_SECRET=" + std::string(Tool::secret));
  const Ended moved = Process(tools_folder() / "first_transition", {cloud.url(), caller}, environment).wait();
  INFO(moved.out << moved.err);
  CHECK(moved.status == 0);
  CHECK(moved.out.find("moved by MainMenu -> BillingInquiry") != std::string::npos);
  CHECK((*cloud.interaction(caller))["/node"] == "BillingInquiry");
  CHECK(Process(tools_folder() / "first_transition", {cloud.url(), caller}, environment).wait().status == 1);
  CHECK(Process(tools_folder() / "first_transition", {}, environment).wait().status == 2);
  const Ended held = Process(tools_folder() / "first_hold", {cloud.url(), caller}, environment).wait();
  INFO(held.out << held.err);
  CHECK(held.status == 0);
  CHECK(held.out.find("hold: success\nunhold: success\nback after 5") != std::string::npos);
  CHECK((*cloud.interaction(caller)).size("/operations") == 3);
  CHECK(Process(tools_folder() / "main_job", {"--flow", "x"}, environment).wait().status == 2);
  CHECK(Process(tools_folder() / "main_job", {"--organisation"}, environment).wait().status == 2);
}

TEST_CASE("the example over libcurl moves and holds, where it is built", "[tools][examples]") {
  if (!std::filesystem::exists(tools_folder() / "curl_blocking")) return;  // a build without libcurl
  const LoopbackCloud cloud;
  std::vector<std::string> environment = clean_environment();
  environment.emplace_back("GENESYS_CLIENT_ID=client");
  environment.emplace_back("GENESYS_CLIENT_SECRET=" + std::string(Tool::secret));
  environment.emplace_back("http_proxy=http://127.0.0.1:1");
  const Ended done = Process(tools_folder() / "curl_blocking", {cloud.url(), caller}, environment).wait();
  INFO(done.out << done.err);
  CHECK(done.status == 0);
  CHECK(done.out.find("moved by MainMenu -> BillingInquiry\nback after 2") != std::string::npos);
  CHECK((*cloud.interaction(caller))["/node"] == "BillingInquiry");
  CHECK(Process(tools_folder() / "curl_blocking", {}, environment).wait().status == 2);
}

TEST_CASE("the example of a server on Asio drives interactions for whoever connects, and ends when it is told to",
          "[tools][examples]") {
  const LoopbackCloud cloud;
  std::vector<std::string> environment = clean_environment();
  environment.emplace_back("GENESYS_CLIENT_ID=client");
  environment.emplace_back("GENESYS_CLIENT_SECRET=" + std::string(Tool::secret));
  Process server(tools_folder() / "asio_server", {cloud.url(), "0"}, environment);
  const std::string line = server.read_through("\n");
  constexpr std::string_view before = "listening on ";
  REQUIRE(line.starts_with(before));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(std::stoi(line.substr(before.size()))));
  PeerConnection client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  REQUIRE(::connect(client.fd(), static_cast<const sockaddr*>(static_cast<const void*>(&address)), sizeof address) == 0);
  const auto ask = [&](const std::string& command) {
    REQUIRE(client.write(command + "\n"));
    return client.read_through("\n");
  };
  const std::string id(caller);
  CHECK(ask("move " + id + " a1b2c3d4-e5f6-7890-abcd-ef1234567890 MainMenu BillingInquiry") == "done\n");
  CHECK((*cloud.interaction(caller))["/node"] == "BillingInquiry");
  CHECK(ask("move " + id + " a1b2c3d4-e5f6-7890-abcd-ef1234567890 MainMenu BillingInquiry") != "done\n");
  CHECK(ask("hold " + id) == "done\n");
  CHECK(ask("unhold " + id) == "done\n");
  CHECK(ask("dance").find("unhold?") != std::string::npos);
  server.send(SIGTERM);
  const Ended done = server.wait();
  INFO(done.err);
  CHECK(done.status == 0);
}

TEST_CASE("the example over libcurl's loop moves hundreds at once on one thread, where it is built",
          "[tools][examples]") {
  const std::filesystem::path program = tools_folder() / "curl_completion";
  if (!std::filesystem::exists(program)) return;  // a build without libcurl
  const LoopbackCloud cloud({"--interactions", "300"});
  std::vector<std::string> environment = clean_environment();
  environment.emplace_back("GENESYS_CLIENT_ID=client");
  environment.emplace_back("GENESYS_CLIENT_SECRET=" + std::string(Tool::secret));
  std::string interactions;
  char id[40];
  for (int i = 1; i <= 300; ++i) {
    std::snprintf(id, sizeof id, "10000000-0000-4000-8000-%012x", i);
    interactions.append(id).append("\n");
  }
  const auto run = [&](const std::string& input) {
    Process process(program, {cloud.url()}, environment);
    process.write(input);
    process.close_input();
    return process.wait();
  };
  const Ended done = run(interactions);
  INFO(done.out << done.err);
  CHECK(done.status == 0);
  CHECK(done.out == "300 under way\n300 moved\n");
  CHECK((*cloud.interaction(id))["/node"] == "BillingInquiry");
  const Ended unknown = run("10000000-0000-4000-8000-00000000ffff\n");
  CHECK(unknown.status == 1);
  CHECK(unknown.out == "1 under way\n0 moved\n");
}
