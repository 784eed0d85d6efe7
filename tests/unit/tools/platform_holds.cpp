// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// Holds, releases and `watch` of patchbayctl on the platform, against a cloud that speaks as the real one does, over TLS.
#include <filesystem>
#include <thread>

#include "unit/tools/loopback.hpp"
#include "unit/tools/platform_cloud.hpp"

using namespace patchbay::test;

namespace {

const std::string agent_user = "a0000000-0000-4000-8000-000000000001";
const std::string ringing_call = "c0000000-0000-4000-8000-000000000002";
const std::string callback = "c0000000-0000-4000-8000-000000000005";
const std::string email = "c0000000-0000-4000-8000-000000000007";
const std::string text_message = "c0000000-0000-4000-8000-000000000008";
const std::vector<std::string> of_user{"--user", agent_user};

/// What patchbayctl must not say besides what `Tool` knows: where a notification channel is, and its id.
Tool tool_of(const PlatformCloud& cloud) {
  Tool out = cloud.tool();
  out.secrets.emplace_back("/channels/");
  out.secrets.emplace_back("streaming-");
  return out;
}
std::vector<std::string> command(std::vector<std::string> first, const std::vector<std::string>& more) {
  first.insert(first.end(), {"--dialect", "platform"});
  first.insert(first.end(), more.begin(), more.end());
  return first;
}
std::vector<std::string> hold_of(const std::string& conversation, const std::vector<std::string>& more = of_user) {
  return command({"hold", "--conversation", conversation, "--reason", "consultation", "--priority", "5"}, more);
}
std::vector<std::string> unhold_of(const std::string& conversation, const std::vector<std::string>& more = of_user) {
  return command({"unhold", "--conversation", conversation, "--priority", "5"}, more);
}

/// A member of the agent's side, as the cloud has it.
std::string of_agent(const PlatformCloud& cloud, const std::string& conversation, const std::string& member) {
  const auto seen = cloud.conversation(conversation);
  std::string out = "<nobody>";
  for (std::size_t i = 0; i < seen->size("/participants"); ++i) {
    const std::string at = "/participants/" + std::to_string(i);
    if ((*seen)[at + "/purpose"] == "agent") out = (*seen)[at + member];
  }
  return out;
}
template <class Done>
void wait_for(const Done& done) {
  for (int i = 0; i < 2000 && !done(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  REQUIRE(done());
}
void set_held(const PlatformCloud& cloud, bool held) {
  cloud.change("{\"conversation\":\"" + answered_call +
               "\",\"participant\":\"b0000000-0000-4000-8000-000000000004\",\"held\":" + (held ? "true}" : "false}"));
}

/// `watch` as a child process that is known to listen; it tells its lines by what they hold.
class Watch {
 public:
  Watch(const PlatformCloud& cloud, const std::vector<std::string>& more = of_user)
      : tool_(tool_of(cloud)), process_(tool_.start(with(more))) {
    listens(1);
  }
  /// Waits until it has said `times` times that it listens.
  void listens(std::size_t times) {
    wait_for([&] { return count(process_.read_through("no such text", true, brief), "watching") >= times; });
  }
  /// The first line behind those that were taken which holds all of the texts.
  std::unique_ptr<Json> line(const std::vector<std::string>& texts) {
    for (int i = 0; i < 2000; ++i) {
      const std::vector<std::string> lines = lines_of(whole(process_.read_through("no such text", false, brief)));
      for (; taken_ < lines.size(); ++taken_) {
        bool fits = true;
        for (const std::string& each : texts) fits = fits && lines[taken_].find(each) != std::string::npos;
        if (fits) return std::make_unique<Json>(lines[taken_++]);
      }
    }
    FAIL("no line of watch holds " << texts.front());
    return nullptr;
  }
  Ended end(int signal) {
    process_.send(signal);
    return tool_.end(process_);
  }

 private:
  static constexpr std::chrono::milliseconds brief{10};

  static std::vector<std::string> with(const std::vector<std::string>& more) {
    std::vector<std::string> out{"watch"};
    out.insert(out.end(), more.begin(), more.end());
    return out;
  }
  static std::string whole(const std::string& text) { return text.substr(0, text.rfind('\n') + 1); }
  static std::size_t count(const std::string& text, std::string_view what) {
    std::size_t out = 0;
    for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += what.size()) ++out;
    return out;
  }

  Tool tool_;
  Process process_;
  std::size_t taken_ = 0;
};

}  // namespace

TEST_CASE("a hold on the platform ends when the conversation shows it, by the user or by the participant",
          "[tools][platform][hold]") {
  const PlatformCloud cloud({"--effect-delay-ms", "200"});
  for (const std::vector<std::string>& who :
       {of_user, std::vector<std::string>{"--participant", "b0000000-0000-4000-8000-000000000004"},
        std::vector<std::string>{"--participant", "purpose:agent"},
        std::vector<std::string>{"--participant", "user:" + agent_user, "--user", agent_user}}) {
    INFO(who.front() << " " << who[1]);
    Tool tool = tool_of(cloud);
    const Ended held = tool.run(hold_of(answered_call, who));
    INFO(held.out << held.err);
    CHECK(held.status == 0);
    const Json result(held.out);
    check_result(result);
    CHECK(result["/outcome"] == "applied");
    CHECK(result["/alreadyHeld"] == "false");
    CHECK_FALSE(result.has("/reasonKept"));
    CHECK(held.err.find(answered_call + " is still on hold") != std::string::npos);
    CHECK(of_agent(cloud, answered_call, "/held") == "true");
    const Ended again = tool.run(hold_of(answered_call, who));
    CHECK(Json(again.out)["/alreadyHeld"] == "true");
    const Ended released = tool.run(unhold_of(answered_call, who));
    INFO(released.out << released.err);
    CHECK(released.status == 0);
    CHECK(Json(released.out)["/outcome"] == "applied");
    CHECK(of_agent(cloud, answered_call, "/held") == "false");
  }
  CHECK(cloud.channels() == 0);  // of which a user has not many
}

TEST_CASE("holds and releases of a run on the platform are told by one channel", "[tools][platform][hold][run]") {
  const PlatformCloud cloud({"--effect-delay-ms", "50"});
  Tool tool = tool_of(cloud);
  const auto line = [](const char* action, const std::string& conversation, const char* more) {
    return std::string(R"({"action":")") + action + R"(","conversation":")" + conversation + R"(","priority":5)" +
           more + "}\n";
  };
  const char* const why = R"(,"reason":"consultation")";
  Process process = tool.start(command({"run", "--ordered"}, of_user));
  process.write(line("hold", answered_call, why));
  wait_for([&] { return cloud.sockets() == 1; });
  // The turns of the loop that these take have the channel open before the last.
  std::string rest = line("unhold", answered_call, "");
  for (int i = 0; i < 4; ++i) rest += line("hold", answered_call, why) + line("unhold", answered_call, "");
  process.write(rest + line("hold", email, why) + line("hold", text_message, R"(,"reason":"queueing","music":"a.wav")"));
  const Ended ended = tool.end(process);
  INFO(ended.out << ended.err);
  CHECK(ended.status == 1);
  const std::vector<std::string> lines = lines_of(ended.out);
  REQUIRE(lines.size() == 12);
  for (std::size_t i = 0; i < 11; ++i) CHECK(Json(lines[i])["/outcome"] == "applied");
  CHECK(Json(lines[9])["/resolvedBy"] == "answer");
  CHECK(Json(lines[10])["/resolvedBy"] == "answer");
  CHECK(Json(lines[11])["/error/message"].starts_with("music and prompt name files"));
  CHECK(cloud.channels() == 1);
  CHECK(of_agent(cloud, answered_call, "/held") == "false");
  CHECK(of_agent(cloud, email, "/held") == "true");
  CHECK(ended.err.find(email + " is still on hold") != std::string::npos);
  const Ended of_nobody = tool.run(command({"run"}, {"--participant", "purpose:agent"}), rest);
  CHECK(
      Json(lines_of(of_nobody.out).front())["/error/message"].starts_with("on the platform a hold is a participant's"));
}

TEST_CASE("a hold on the platform brings music and keeps its reason where it is asked to", "[tools][platform][hold]") {
  const PlatformCloud cloud;
  Tool tool = tool_of(cloud);
  std::vector<std::string> more = of_user;
  more.insert(more.end(), {"--hold-music", "--hold-reason-attribute", "why_held"});
  const Ended held = tool.run(hold_of(answered_call, more));
  INFO(held.out << held.err);
  CHECK(held.status == 0);
  CHECK(Json(held.out)["/reasonKept"] == "true");
  CHECK(of_agent(cloud, answered_call, "/confined") == "true");
  CHECK(of_agent(cloud, answered_call, "/attributes/why_held") == "consultation");
}

TEST_CASE("holds on the platform go by the addresses of their media, and say what stands against them",
          "[tools][platform][hold]") {
  const PlatformCloud cloud;
  for (const auto& [kind, conversation] :
       {std::pair("callback", callback), std::pair("email", email), std::pair("message", text_message)}) {
    INFO(kind);
    Tool tool = tool_of(cloud);
    const Ended held = tool.run(hold_of(conversation, {"--user", agent_user, "--media", kind}));
    INFO(held.out << held.err);
    CHECK(held.status == 0);
    CHECK(of_agent(cloud, conversation, "/held") == "true");
    CHECK(tool.run(unhold_of(conversation, {"--user", agent_user, "--media", kind})).status == 0);
    CHECK(of_agent(cloud, conversation, "/held") == "false");
  }
  Tool tool = tool_of(cloud);
  const Ended as_program = tool.run(hold_of(answered_call, {"--user", agent_user, "--media", "call"}));
  CHECK(as_program.status == 1);
  CHECK(Json(as_program.out)["/error/serverCode"] == "not.a.user");
  const Ended rings = tool.run(hold_of(ringing_call));
  CHECK(rings.status == 1);
  CHECK(Json(rings.out)["/error/code"] == "not_eligible");
  CHECK(Json(tool.run(hold_of(ended_call)).out)["/error/code"] == "not_eligible");
  const PlatformCloud with_user({"--user", agent_user});
  Tool user = tool_of(with_user);
  CHECK(user.run(hold_of(answered_call, {"--user", agent_user, "--media", "call"})).status == 0);
  CHECK(of_agent(with_user, answered_call, "/held") == "true");
}

TEST_CASE("a hold on the platform that is cut off is settled for whom it was, whoever is meant by now",
          "[tools][platform][hold][journal][I16]") {
  const PlatformCloud cloud;
  const std::filesystem::path folder = new_folder();
  cloud.fault(R"({"match":{"method":"PATCH"},"kind":"delay","delayMs":20000,"applied":true})");
  Tool tool = tool_of(cloud);
  tool.environment["PATCHBAY_JOURNAL_DIR"] = folder.string();
  tool.environment["GENESYS_USER_ID"] = agent_user;
  Process process = tool.start(hold_of(answered_call, {}));
  wait_for([&] { return of_agent(cloud, answered_call, "/held") == "true"; });
  process.send(SIGKILL);
  CHECK(process.wait(when_busy).signal == SIGKILL);

  Tool nobody = tool_of(cloud);
  nobody.environment["PATCHBAY_JOURNAL_DIR"] = folder.string();
  const Ended unwatched = nobody.run({"run", "--dialect", "platform"});
  CHECK(unwatched.err.find("1 that may be on hold are not watched: on the platform a hold is") != std::string::npos);

  // The journal says whose side it was; and another user's is another matter.
  const char* const others = GENERATE("", "a0000000-0000-4000-8000-000000000099");
  CAPTURE(others);
  nobody.environment["GENESYS_USER_ID"] = others;
  const Ended settled = nobody.run({"recover", "--dialect", "platform"});
  INFO(settled.out << settled.err);
  CHECK(settled.status == 0);
  CHECK(Json(settled.out)["/outcome"] == "applied");
  const Ended released = nobody.run({"release-all", "--dialect", "platform"});
  CHECK(released.status == 0);
  CHECK(Json(released.out)["/outcome"] == "applied");
  CHECK(of_agent(cloud, answered_call, "/held") == "false");
  std::filesystem::remove_all(folder);
}

TEST_CASE("watch prints live how the parties of a user's conversations stand, whatever becomes of its channel",
          "[tools][platform][watch][B12][B36][B38][I19]") {
  const PlatformCloud cloud;
  Watch watch(cloud, {"--user", agent_user, "--log-level", "debug"});
  set_held(cloud, true);
  const auto held = watch.line({answered_call, R"("purpose":"agent")", R"("held":true)"});
  CHECK((*held)["/participantId"] == "b0000000-0000-4000-8000-000000000004");
  CHECK((*held)["/userId"] == agent_user);
  CHECK((*held)["/media"] == "call");
  CHECK((*held)["/state"] == "connected");
  CHECK((*held)["/confined"] == "false");
  CHECK((*held)["/timestamp"].size() == 24);
  CHECK((*held)["/holdStart"].size() == 24);
  CHECK((*held)["/ended"] == "false");
  set_held(cloud, false);
  const auto released = watch.line({answered_call, R"("purpose":"agent")", R"("held":false)"});
  CHECK(released->is_null("/holdStart"));
  // Another program of the user's holds with music; the other parties have not changed, and are not told again.
  Tool tool = tool_of(cloud);
  CHECK(tool.run(hold_of(answered_call, {"--user", agent_user, "--hold-music"})).status == 0);
  const auto music = watch.line({answered_call});
  CHECK((*music)["/purpose"] == "agent");
  CHECK((*music)["/confined"] == "true");
  // The channel's socket is handed over, and then the channel is gone: another is made.
  cloud.change(R"({"announceClosing":true})");
  CHECK(tool.run(unhold_of(answered_call)).status == 0);
  watch.line({answered_call, R"("purpose":"agent")", R"("held":false)"});
  cloud.change(R"({"endChannels":true})");
  watch.listens(2);
  set_held(cloud, true);
  watch.line({answered_call, R"("purpose":"agent")", R"("held":true)"});
  cloud.change(R"({"revokeTokens":true})");
  watch.listens(3);
  set_held(cloud, false);
  watch.line({answered_call, R"("purpose":"agent")", R"("held":false)"});
  const Ended ended = watch.end(SIGINT);
  INFO(ended.err);
  CHECK(ended.status == 0);
  CHECK(cloud.conversation(answered_call)->size("/operations") == 6);  // none of them is its own
}

TEST_CASE("watch ends when its time is up, and when the platform does not let it listen",
          "[tools][platform][watch]") {
  const PlatformCloud cloud;
  Tool tool = tool_of(cloud);
  const Ended timed = tool.run({"watch", "--user", agent_user, "--media", "call", "--for", "0.5"});
  CHECK(timed.status == 0);
  CHECK(timed.out.empty());
  CHECK(tool.run({"watch", "--user", agent_user, "--for", "0.5", "--log", "off"}).err.empty());
  tool.environment["GENESYS_USER_ID"] = agent_user;
  cloud.fault(R"({"match":{"method":"PUT"},"kind":"answer","status":403,)"
              R"("body":"{\"status\":403,\"code\":\"missing.permissions\",\"message\":\"conversation:call:view\"}"})");
  const Ended refused = tool.run({"watch"});
  INFO(refused.err);
  CHECK(refused.status == 3);
  CHECK(refused.err.find("missing.permissions") != std::string::npos);
  Watch watch(cloud);
  const Ended terminated = watch.end(SIGTERM);
  CHECK(terminated.status == 0);
}

TEST_CASE("what cannot be held or watched on the platform is refused before anything is asked",
          "[tools][platform][usage]") {
  Tool tool("https://127.0.0.1:1");
  const auto refused = [&](std::vector<std::string> arguments, std::string_view message) {
    const Ended ended = tool.run(std::move(arguments));
    INFO(ended.err);
    CHECK(ended.status == 2);
    CHECK(ended.out.empty());
    CHECK(ended.err.find(message) != std::string::npos);
  };
  refused(hold_of("c", {}), "say whose, by --user or GENESYS_USER_ID, or by --participant");
  refused(unhold_of("c", {}), "say whose");
  refused(hold_of("c", {"--user", "agent@example.com"}), "GENESYS_USER_ID: expected the id of a user");
  refused(hold_of("c", {"--user", agent_user, "--music", "a.wav"}), "--music and --prompt name files");
  refused(hold_of("c", {"--user", agent_user, "--media", "telegram"}), "--media: expected call, callback, chat");
  refused(hold_of("c", {"--user", agent_user, "--media", "email", "--hold-music"}), "--hold-music is for calls");
  refused(hold_of("c", {"--user", agent_user, "--hold-reason-attribute", ""}), "expected the name of an attribute");
  refused(hold_of("c", {"--user", agent_user, "--ws-url", "wss://127.0.0.1:1/x"}), "makes its channels itself");
  refused(hold_of("c", {"--user", agent_user, "--org-id", "o"}), "no conversation of the platform says whose it is");
  refused(hold_of("c", {"--user", agent_user, "--store", "custom-attributes"}), "--store is no option of hold");
  refused(unhold_of("c", {"--user", agent_user, "--hold-music"}), "--hold-music is no option of unhold");
  refused({"hold", "--conversation", "c", "--reason", "queueing", "--priority", "1", "--user", agent_user},
          "--user goes with --dialect platform");
  refused({"hold", "--conversation", "c", "--reason", "queueing", "--priority", "1", "--hold-music"},
          "--hold-music goes with --dialect platform");
  refused({"watch"}, "watch needs --user, or GENESYS_USER_ID");
  refused({"watch", "--user", agent_user, "--dialect", "interactions"}, "watch listens to the platform's notifications");
  refused({"watch", "--user", agent_user, "--for", "0"}, "--for: expected a positive number");
  refused({"watch", "--user", agent_user, "--participant", "purpose:agent"}, "--participant is no option of watch");
  refused({"flow", "--flow", "f", "--dialect", "platform", "--user", agent_user}, "--user is no option of flow");
}
