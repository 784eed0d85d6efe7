// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// loopback_cloud --state: what was answered outlives the process, however that ends.
#include <filesystem>
#include <fstream>

#include "unit/tools/loopback.hpp"

using namespace patchbay::test;

namespace {

class StatePath {
 public:
  StatePath() {
    static int made = 0;
    path_ = std::filesystem::temp_directory_path() /
            ("patchbay-state-" + std::to_string(::getpid()) + "-" + std::to_string(++made));
  }
  StatePath(const StatePath&) = delete;
  StatePath& operator=(const StatePath&) = delete;
  ~StatePath() { std::filesystem::remove(path_); }

  [[nodiscard]] std::vector<std::string> option() const { return {"--state", path_.string()}; }
  [[nodiscard]] std::string text() const {
    std::ifstream file(path_);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void append(std::string_view bytes) const { std::ofstream(path_, std::ios::app) << bytes; }

 private:
  std::filesystem::path path_;
};

Ended refused(const StatePath& state) {
  Process process(tools_folder() / "loopback_cloud", state.option(), clean_environment());
  Ended ended = process.wait();
  CHECK(ended.status == 1);
  CHECK(ended.out.empty());
  return ended;
}

}  // namespace

TEST_CASE("what a cloud with a state file has answered is there after kill -9", "[tools][loopback][state]") {
  const StatePath state;
  std::string moved, held, webhooks;
  {
    LoopbackCloud cloud(state.option());
    Tool tool = cloud.tool();
    CHECK(tool.run(move_job({"--var", R"(note="quoted" \ and €)", "--webhook-url", cloud.url() + "/webhook"})).status ==
          0);
    CHECK(tool.run({"hold", "--interaction", second_caller, "--reason", "queueing", "--priority", "1"}).status == 0);
    cloud.change(R"({"interaction":")" + caller + R"(","node":"TechnicalSupport","state":"closed"})");
    moved = cloud.interaction(caller)->text();
    held = cloud.interaction(second_caller)->text();
    webhooks = cloud.get("/webhook");
    cloud.process().send(SIGKILL);
  }
  CHECK(lines_of(state.text()).size() == 5);  // a write, a delivery, a hold, and two changes
  for (int again = 0; again < 2; ++again) {
    LoopbackCloud cloud(state.option());
    CHECK(cloud.interaction(caller)->text() == moved);
    CHECK(cloud.interaction(second_caller)->text() == held);
    CHECK(cloud.get("/webhook") == webhooks);
    cloud.process().send(SIGKILL);
  }
  // And it goes on from there.
  LoopbackCloud cloud(state.option());
  Tool tool = cloud.tool();
  CHECK(tool.run({"unhold", "--interaction", second_caller, "--priority", "1"}).status == 0);
  CHECK(tool.run(move_job({}, "BillingInquiry", second_caller)).status == 0);
  const auto truth = cloud.interaction(second_caller);
  CHECK((*truth)["/held"] == "false");
  CHECK((*truth)["/version"] == "4");
  CHECK(truth->size("/operations") == 3);
  CHECK(tool.run(move_job()).status != 0);  // closed before
}

TEST_CASE("a line that is not whole was never answered, and is cut off", "[tools][loopback][state]") {
  const StatePath state;
  {
    LoopbackCloud cloud(state.option());
    Tool tool = cloud.tool();
    CHECK(tool.run(move_job()).status == 0);
    cloud.process().send(SIGKILL);
  }
  const std::string whole = state.text();
  state.append(whole.substr(0, whole.size() - 1));
  {
    LoopbackCloud cloud(state.option());
    CHECK(cloud.interaction(caller)->size("/operations") == 1);
    CHECK(cloud.process().read_through("\n", true).find("cut off " + std::to_string(whole.size() - 1) + " bytes") !=
          std::string::npos);
  }
  CHECK(state.text() == whole);
}

TEST_CASE("a state file that cannot be trusted is not used", "[tools][loopback][state]") {
  for (const char* const wrong :
       {"{}\n", "nonsense\n", "{\"kind\":\"none\",\"interaction\":\"a\"}\n", "{\"kind\":\"hold\"}\n", "\n",
        "{\"kind\":\"hold\",\"interaction\":\"a\",\"other\":1}\n",
        "{\"kind\":\"hold\",\"interaction\":\"a\",\"after\":{\"held\":1}}\n"}) {
    INFO(wrong);
    const StatePath state;
    state.append(R"({"kind":"hold","interaction":"a","id":"b","version":2,"changed":true})");
    state.append("\n");
    state.append(wrong);
    const std::string before = state.text();
    CHECK(refused(state).err.find("line 2") != std::string::npos);
    CHECK(state.text() == before);
  }
  const StatePath state;
  const LoopbackCloud cloud(state.option());
  CHECK(refused(state).err.find("serves another process") != std::string::npos);
}

TEST_CASE("what cannot be written is not answered", "[tools][loopback][state]") {
  const StatePath state;
  const std::string program = (tools_folder() / "loopback_cloud").string();
  // One block of 512 or 1024 bytes; the signal that comes with it is left unheard.
  Process process("/bin/sh",
                  {"-c", "trap '' XFSZ; ulimit -f 1; exec \"$0\" --state \"$1\"", program, state.option()[1]},
                  clean_environment());
  const std::string line = process.read_through("\n");
  const std::string port = line.substr(line.rfind(':') + 1);
  Tool tool("http://127.0.0.1:" + port.substr(0, port.find('\n')));
  tool.secrets.emplace_back("simulated-token");
  const char* from = "MainMenu";
  int moves = 0, status = 0;
  while (status == 0 && moves < 20) {
    const char* const to = moves % 2 == 0 ? "BillingInquiry" : "MainMenu";
    status = tool.run({"transition", "--interaction", caller, "--flow", document_flow, "--from", from, "--to", to,
                       "--deadline", "3"})
                 .status;
    moves += status == 0 ? 1 : 0;
    from = to;
  }
  CHECK(status != 0);
  const Ended ended = process.wait();
  CHECK(ended.status == 1);
  CHECK(ended.err.find("the state could not be written") != std::string::npos);
  // Brought back, it has what was answered, and no more than one operation beside.
  const LoopbackCloud cloud(state.option());
  const auto operations = static_cast<int>(cloud.interaction(caller)->size("/operations"));
  CHECK(operations >= moves);
  CHECK(operations <= moves + 1);
}
