// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// patchbayctl with a journal: what it finds when it was killed before, runs that are resumed, and everybody released.
#include <filesystem>
#include <fstream>

#include "unit/tools/loopback.hpp"

using namespace patchbay::test;

namespace {

class Folder {
 public:
  Folder() {
    static int made = 0;
    path_ = std::filesystem::temp_directory_path() /
            ("patchbay-journal-" + std::to_string(::getpid()) + "-" + std::to_string(++made));
    std::filesystem::create_directory(path_);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { std::filesystem::remove_all(path_); }
  [[nodiscard]] std::string operator/(const std::string& name) const { return (path_ / name).string(); }
  [[nodiscard]] std::string write(const std::string& name, std::string_view text) const {
    std::ofstream(*this / name) << text;
    return *this / name;
  }

 private:
  std::filesystem::path path_;
};

/// A cloud, and patchbayctl with a journal against it.
class Scene {
 public:
  explicit Scene(std::vector<std::string> arguments = {}) : cloud(std::move(arguments)), tool(cloud.tool()) {
    tool.environment["PATCHBAY_JOURNAL_DIR"] = journal;
  }
  /// The journal's records of a kind.
  [[nodiscard]] std::vector<std::unique_ptr<Json>> records(std::string_view kind) {
    std::vector<std::unique_ptr<Json>> out;
    const Ended shown = tool.run({"journal", "show", journal});
    CHECK(shown.status == 0);
    for (const std::string& line : lines_of(shown.out))
      if (auto json = std::make_unique<Json>(line); (*json)["/kind"] == kind) out.push_back(std::move(json));
    return out;
  }
  /// Waits until the journal has a record of a kind. Until the program has made the folder there is nothing to show, and
  /// that is no success.
  void wait_for(std::string_view kind) {
    const std::string member = "\"kind\":\"" + std::string(kind) + "\"";
    while (tool.run({"journal", "show", journal}).out.find(member) == std::string::npos) {
    }
  }
  /// Starts a command whose request takes effect and is never answered, and kills it then.
  void die(std::vector<std::string> arguments, const std::string& interaction) {
    const std::size_t before = cloud.interaction(interaction)->size("/operations");
    Process process = tool.start(std::move(arguments));
    while (cloud.interaction(interaction)->size("/operations") == before) {
    }
    process.send(SIGKILL);
    CHECK(process.wait().signal == SIGKILL);
  }

  Folder folder;
  std::string journal = folder / "journal";
  LoopbackCloud cloud;
  Tool tool;
};

std::string move_line(int id, std::string_view from, std::string_view to, const std::string& interaction = caller) {
  return R"({"id":)" + std::to_string(id) + R"(,"action":"transition","interaction":")" + interaction +
         R"(","flow":")" + document_flow + R"(","from":")" + std::string(from) + R"(","to":")" + std::string(to) +
         "\"}\n";
}
std::string hold_line(int id, bool hold, const std::string& interaction) {
  return R"({"id":)" + std::to_string(id) + R"(,"action":")" + (hold ? "hold" : "unhold") + R"(","interaction":")" +
         interaction + R"(","priority":1)" + (hold ? R"(,"reason":"queueing"})" : "}") + "\n";
}
const std::vector<std::string> hold_second{"hold", "--interaction", second_caller, "--reason", "queueing", "--priority",
                                           "1"};

}  // namespace

TEST_CASE("an intent and its end stand in the journal, which can be shown", "[tools][journal]") {
  Scene scene;
  const Ended moved = scene.tool.run(move_job());
  CHECK(moved.status == 0);
  CHECK(moved.err.empty());
  const Json result(moved.out);
  const auto intents = scene.records("intent"), ends = scene.records("terminal");
  REQUIRE(intents.size() == 1);
  REQUIRE(ends.size() == 1);
  CHECK((*intents[0])["/operation"] == result["/id"]);
  CHECK((*intents[0])["/interaction"] == caller);
  CHECK((*ends[0])["/intent"] == (*intents[0])["/position"]);
  CHECK((*ends[0])["/outcome"] == "applied");
  CHECK(scene.tool.run({"recover"}).out.empty());  // nothing is open
  // The same by flag, and the environment's journal shown without naming it.
  scene.tool.environment.erase("PATCHBAY_JOURNAL_DIR");
  CHECK(scene.tool.run(move_job({"--journal", scene.journal}, "TechnicalSupport", second_caller)).status == 0);
  scene.tool.environment["PATCHBAY_JOURNAL_DIR"] = scene.journal;
  CHECK(scene.tool.run({"journal", "show"}).out == scene.tool.run({"journal", "show", scene.journal}).out);
  CHECK(scene.records("intent").size() == 2);
}

TEST_CASE("a transition whose process was killed is found applied, once, by the next one", "[tools][journal][I3]") {
  Scene scene;
  scene.cloud.fault(R"({"on":"http","match":{"method":"PATCH"},"kind":"timeout","applied":true})");
  scene.die(move_job(), caller);
  SECTION("by recover, which prints it") {
    const Ended recovered = scene.tool.run({"recover"});
    CHECK(recovered.status == 0);
    REQUIRE(lines_of(recovered.out).size() == 1);
    const Json line(recovered.out);
    CHECK(line["/settled"] == "true");
    CHECK(line["/outcome"] == "applied");
    CHECK(line["/resolvedBy"] == "state");
    CHECK(line["/interactionId"] == caller);
    CHECK(recovered.err.find("1 operation of before found to be applied") != std::string::npos);
    CHECK(scene.tool.run({"recover"}).out.empty());
  }
  SECTION("by the next transition, which goes on from there") {
    const Ended next = scene.tool.run({"transition", "--interaction", caller, "--flow", document_flow, "--from",
                                       "BillingInquiry", "--to", "MainMenu"});
    CHECK(next.status == 0);
    CHECK(next.err.find("found to be applied") != std::string::npos);
  }
  const auto ends = scene.records("recovery");
  REQUIRE(ends.size() == 1);
  CHECK((*ends[0])["/outcome"] == "applied");
}

TEST_CASE("what was never sent is settled when nothing can arrive any more", "[tools][journal][I4]") {
  Scene scene;
  scene.cloud.fault(R"({"on":"http","match":{"method":"PATCH"},"kind":"timeout"})");
  Process process = scene.tool.start(move_job());
  scene.wait_for("intent");
  process.send(SIGKILL);
  CHECK(process.wait().signal == SIGKILL);
  // One look does not do: a late arrival could still change the interaction.
  const Ended next = scene.tool.run(move_job());
  CHECK(next.status != 0);
  CHECK(Json(next.out)["/error/code"] == "unrecovered");
  CHECK(next.err.find("still open") != std::string::npos);
  const Ended recovered = scene.tool.run({"recover", "--fence-after", "1"});
  CHECK(recovered.status == 0);
  CHECK(Json(recovered.out)["/outcome"] == "not_applied");
  CHECK(Json(recovered.out)["/resolvedBy"] == "fence");
  CHECK(scene.tool.run(move_job()).status == 0);
  CHECK(scene.cloud.interaction(caller)->size("/operations") == 1);
}

TEST_CASE("whoever a killed process has left on hold is known, and released", "[tools][journal][B6]") {
  Scene scene;
  scene.cloud.fault(R"({"on":"command","match":{"verb":"hold"},"kind":"drop","applied":true})");
  scene.die(hold_second, second_caller);
  SECTION("by release-all") {
    const Ended released = scene.tool.run({"release-all"});
    CHECK(released.status == 0);
    const Json line(released.out);
    CHECK(line["/action"] == "unhold");
    CHECK(line["/interactionId"] == second_caller);
    CHECK(line["/outcome"] == "applied");
    CHECK(scene.tool.run({"release-all"}).out.empty());
  }
  SECTION("by unhold, which looks for nothing else first") {
    CHECK(scene.tool.run({"unhold", "--interaction", second_caller, "--priority", "1"}).status == 0);
    // Whether that hold was ever applied is what nobody can tell any more.
    const Ended recovered = scene.tool.run({"recover", "--fence-after", "1"});
    CHECK(recovered.status == 5);
    CHECK(Json(recovered.out)["/outcome"] == "unknown");
    CHECK(Json(recovered.out)["/resolvedBy"] == "nobody");
  }
  CHECK((*scene.cloud.interaction(second_caller))["/held"] == "false");
  const Ended recovered = scene.tool.run({"recover", "--fence-after", "1"});
  CHECK(recovered.status == 0);
  CHECK(recovered.out.empty());
  CHECK(recovered.err.find("on hold") == std::string::npos);
}

TEST_CASE("a run that was killed goes on where it was, and does nothing twice", "[tools][journal][resume]") {
  for (const char* const transport : {"beast", "curl"}) {
    INFO(transport);
    Scene scene;
    const std::string file = scene.folder.write(
        "jobs.jsonl", move_line(1, "MainMenu", "BillingInquiry") + hold_line(2, true, second_caller) +
                          move_line(3, "BillingInquiry", "MainMenu") + move_line(4, "MainMenu", "AccountServices"));
    // The third line takes effect and is never answered.
    scene.cloud.fault(R"({"on":"http","match":{"method":"PATCH"},"kind":"timeout","applied":true,"skip":1})");
    Process process = scene.tool.start({"run", file, "--in-flight", "8", "--transport", transport});
    while (scene.cloud.interaction(caller)->size("/operations") < 2 ||
           scene.cloud.interaction(second_caller)->size("/operations") < 1) {
    }
    process.send(SIGKILL);
    CHECK(process.wait().signal == SIGKILL);

    const Ended resumed = scene.tool.run({"run", file, "--resume", "--ordered", "--transport", transport});
    INFO(resumed.out << resumed.err);
    CHECK(resumed.status == 0);
    CHECK(resumed.err.find("operation of before found to be applied") != std::string::npos);
    CHECK(resumed.err.find("1 hold of before watched again") != std::string::npos);
    CHECK(resumed.err.find("is still on hold") != std::string::npos);
    const std::vector<std::string> lines = lines_of(resumed.out);
    REQUIRE(lines.size() == 4);
    for (std::size_t i = 0; i < 4; ++i) {
      const Json line(lines[i]);
      CHECK(line["/id"] == std::to_string(i + 1));
      CHECK(line["/line"] == std::to_string(i + 1));
      CHECK(line["/outcome"] == "applied");
      CHECK(line.has("/resumed") == (i < 3));
    }
    CHECK((*scene.cloud.interaction(caller))["/node"] == "AccountServices");
    CHECK(scene.cloud.interaction(caller)->size("/operations") == 3);
    CHECK(scene.cloud.interaction(second_caller)->size("/operations") == 1);
    // Once more there is nothing to do; as a new run there is, and it is another one.
    CHECK(scene.tool.run({"run", file, "--resume"}).status == 0);
    CHECK(scene.cloud.interaction(caller)->size("/operations") == 3);
    const Ended anew = scene.tool.run({"run", file, "--transport", transport});
    CHECK(anew.out.find("resumed") == std::string::npos);
    CHECK(anew.status != 0);  // the interaction has moved
  }
}

TEST_CASE("lines before the last that the journal knows are over, whatever became of them",
          "[tools][journal][resume]") {
  Scene scene;
  const std::string file =
      scene.folder.write("jobs.jsonl", move_line(1, "BillingInquiry", "MainMenu") + hold_line(2, true, caller) +
                                           hold_line(3, false, caller) + move_line(4, "MainMenu", "BillingInquiry") +
                                           move_line(5, "MainMenu", "TechnicalSupport"));
  const Ended first = scene.tool.run({"run", file, "--ordered"});
  CHECK(first.status == 1);  // lines 1 and 5 are not from where the interaction is
  const Ended resumed = scene.tool.run({"run", file, "--resume", "--ordered"});
  const std::vector<std::string> lines = lines_of(resumed.out);
  REQUIRE(lines.size() == 5);
  const Json never_sent(lines[0]);
  CHECK(never_sent["/resumed"] == "true");
  CHECK(never_sent["/outcome"] == "not_applied");
  CHECK(never_sent["/error/message"] == "an earlier process ended this line and sent nothing");
  for (std::size_t i = 1; i < 4; ++i) CHECK(Json(lines[i])["/outcome"] == "applied");
  CHECK_FALSE(Json(lines[4]).has("/resumed"));  // behind it nothing came, so it is tried again
  CHECK(scene.cloud.interaction(caller)->size("/operations") == 3);
  CHECK((*scene.cloud.interaction(caller))["/held"] == "false");
}

TEST_CASE("a run is resumed with the lines that it was begun with, by its job's name", "[tools][journal][resume]") {
  Scene scene;
  const std::string file = scene.folder.write("jobs.jsonl", move_line(1, "MainMenu", "BillingInquiry"));
  CHECK(scene.tool.run({"run", file, "--job", "nightly"}).status == 0);
  // Another name has no past.
  CHECK(Json(scene.tool.run({"run", file, "--job", "weekly", "--resume"}).out)["/error/code"] == "stale_state");
  const std::string other = scene.folder.write("other.jsonl", move_line(1, "BillingInquiry", "MainMenu"));
  const Ended refused = scene.tool.run({"run", other, "--job", "nightly", "--resume"});
  CHECK(refused.status == 2);
  CHECK(refused.out.empty());
  CHECK(refused.err.find("line 1: another line stood there") != std::string::npos);
  const Ended same = scene.tool.run({"run", file, "--job", "nightly", "--resume"});
  CHECK(same.status == 0);
  CHECK(Json(same.out)["/resumed"] == "true");
}

TEST_CASE("webhooks that a killed process owed are delivered by the next", "[tools][journal][I17]") {
  Scene scene;
  scene.tool.environment["CRM_WEBHOOK_URL"] = scene.cloud.url() + "/webhook";
  scene.cloud.fault(R"({"on":"http","match":{"targetPrefix":"/webhook"},"kind":"answer","status":503,"times":0})");
  const Ended moved = scene.tool.run(move_job({"--deadline", "3"}));
  CHECK(moved.status == 0);
  CHECK(Json(moved.out)["/webhook/status"] == "queued");
  CHECK(moved.err.find("1 webhook not delivered yet") != std::string::npos);
  CHECK(Json(scene.cloud.get("/webhook")).size("") == 0);
  LoopbackCloud again;
  scene.tool.environment["CRM_WEBHOOK_URL"] = again.url() + "/webhook";
  CHECK(scene.tool.run({"recover"}).status == 0);
  const Json delivered(again.get("/webhook"));
  REQUIRE(delivered.size("") == 1);
  CHECK(delivered["/0/eventId"] == Json(moved.out)["/id"]);
}

TEST_CASE("a journal that cannot be used stops what would act without it", "[tools][journal]") {
  Scene scene;
  SECTION("in use by another process") {
    scene.cloud.fault(R"({"on":"http","match":{"method":"GET"},"kind":"timeout","times":0})");
    Process holder = scene.tool.start(move_job());
    scene.wait_for("checkpoint");
    const Ended refused = scene.tool.run(hold_second);
    CHECK(refused.status == 4);
    CHECK(refused.out.empty());
    CHECK(refused.err.find("journal_failed") != std::string::npos);
    holder.send(SIGKILL);
    CHECK(holder.wait().signal == SIGKILL);
  }
  SECTION("damaged") {
    CHECK(scene.tool.run(move_job()).status == 0);
    CHECK(scene.tool.run(hold_second).status == 0);
    const std::string segment = scene.journal + "/0000000001.journal";
    {
      std::fstream file(segment, std::ios::in | std::ios::out | std::ios::binary);
      file.seekp(200);
      file.put('\x7f');
    }
    const Ended refused = scene.tool.run(move_job());
    CHECK(refused.status == 4);
    CHECK(refused.err.find("journal_corrupt") != std::string::npos);
    CHECK(scene.tool.run({"journal", "show"}).status == 4);
  }
  SECTION("nowhere") {
    scene.tool.environment["PATCHBAY_JOURNAL_DIR"] = scene.folder / "no/such/place";
    CHECK(scene.tool.run(move_job()).status != 0);
  }
  CHECK(scene.cloud.interaction(second_caller)->size("/operations") <= 1);
}

TEST_CASE("commands of the journal want one", "[tools][journal][usage]") {
  const LoopbackCloud cloud;
  Tool tool = cloud.tool();
  for (const std::vector<std::string>& wrong : {std::vector<std::string>{"recover"},
                                                {"release-all"},
                                                {"journal"},
                                                {"journal", "print", "x"},
                                                {"journal", "show"},
                                                {"run", "--resume"},
                                                {"transition", "--resume"},
                                                {"recover", "--job", "x"},
                                                {"run", "--job", ""},
                                                {"flow", "--flow", "x", "--journal", "y"},
                                                {"run", "--fence-after", "0"},
                                                {"journal", "show", "--log", "off"}}) {
    INFO(wrong.front());
    const Ended refused = tool.run(wrong);
    CHECK(refused.status == 2);
    CHECK(refused.out.empty());
    CHECK(refused.err.starts_with("patchbayctl: "));
  }
}
