// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// `patchbayctl --dialect platform` against a cloud that speaks as the real one does, over TLS: once for each way that a
// transition can take to it.
#include <thread>

#include "unit/tools/loopback.hpp"
#include "unit/tools/platform_cloud.hpp"

using namespace patchbay::test;

namespace {

/// How a transition is asked for, and what carries it: `transition` blocks, `run` has the event loop of either library.
enum class Way { command, run_beast, run_curl };

std::string_view name_of(Way way) {
  return way == Way::command ? "transition" : way == Way::run_beast ? "run --transport beast" : "run --transport curl";
}

/// Those that this build has.
std::vector<Way> ways() {
  std::vector<Way> out{Way::command, Way::run_beast};
  Tool tool("http://127.0.0.1:1");
  if (tool.run({"run", "--transport", "curl"}).status == 0) out.push_back(Way::run_curl);
  return out;
}

/// One transition by one of the ways, and its result.
class Moved {
 public:
  Moved(const PlatformCloud& cloud, Way way, const std::string& conversation, const std::string& from,
        const std::string& to, std::vector<std::string> more = {})
      : tool(cloud.tool()) {
    std::vector<std::string> arguments;
    std::string input;
    if (way == Way::command) {
      arguments = {"transition", "--conversation", conversation, "--flow", platform_flow,
                   "--from",     from,             "--to",       to};
      for (const char* const each : {"campaign=7", "requires_supervisor=true"})
        arguments.insert(arguments.end(), {"--var", each});
    } else {
      arguments = {"run", "--log", "off", "--transport", way == Way::run_curl ? "curl" : "beast"};
      input = "{\"action\":\"transition\",\"conversation\":\"" + conversation + "\",\"flow\":\"" + platform_flow +
              "\",\"from\":\"" + from + "\",\"to\":\"" + to +
              R"(","vars":{"campaign":"7","requires_supervisor":true}})" + "\n";
    }
    arguments.insert(arguments.end(), {"--dialect", "platform"});
    arguments.insert(arguments.end(), more.begin(), more.end());
    ended = tool.run(std::move(arguments), input);
    INFO("stdout: " << ended.out << "\nstderr: " << ended.err);
    REQUIRE(lines_of(ended.out).size() == 1);
    result = std::make_unique<Json>(ended.out);
    check_result(*result);
  }
  [[nodiscard]] std::string operator[](std::string_view pointer) const { return (*result)[pointer]; }

  Tool tool;
  Ended ended;
  std::unique_ptr<Json> result;
};

const std::vector<std::string> by_schema{"--schema-id", attribute_schema};
const std::vector<std::string> for_the_agent{"--schema-id", attribute_schema, "--participant", "purpose:agent"};

}  // namespace

TEST_CASE("on the platform a move makes the first record of attributes, and the next ones go by its version",
          "[tools][platform][A1]") {
  for (const Way way : ways()) {
    INFO(name_of(way));
    const PlatformCloud cloud;
    const Moved first(cloud, way, answered_call, "Main menu", "Billing inquiry", for_the_agent);
    INFO(first.ended.out << first.ended.err);
    CHECK(first.ended.status == 0);
    CHECK(first["/outcome"] == "applied");
    CHECK(first["/interactionId"] == answered_call);
    CHECK(first["/etagUsed"] == "new@" + answered_call);
    CHECK(first["/path"] == R"(["Main menu","Main menu/To billing","Billing inquiry"])");
    const auto seen = cloud.conversation(answered_call);
    CHECK(seen->size("/records") == 1);
    CHECK((*seen)["/records/0/version"] == "1");
    CHECK((*seen)["/records/0/customAttributes/flow_node"] == "Billing inquiry");
    CHECK((*seen)["/records/0/customAttributes/transition_id"] == first["/transitionId"]);
    CHECK((*seen)["/records/0/customAttributes/requires_supervisor"] == "true");
    // By another name for the participant, which is the one user's.
    const Moved second(cloud, way, answered_call, "Billing inquiry", "Survey",
                       {"--schema-id", attribute_schema, "--participant", "user:a0000000-0000-4000-8000-000000000001"});
    INFO(second.ended.out << second.ended.err);
    CHECK(second.ended.status == 0);
    CHECK(second["/etagUsed"] == "1@" + answered_call);
    const auto moved = cloud.conversation(answered_call);
    CHECK((*moved)["/records/0/version"] == "2");
    CHECK((*moved)["/records/0/customAttributes/ivr_state"] == "Survey");
    CHECK((*moved)["/records/0/customAttributes/campaign"] == "7");
    CHECK(moved->size("/operations") == 2);
  }
}

TEST_CASE("on the platform another writer in between is a conflict, and decided anew", "[tools][platform][A2][A4]") {
  const auto foreign = [](const char* node) {
    return std::string(R"({"match":{"method":"PATCH"},"kind":"foreign_write","node":")").append(node).append("\"}");
  };
  for (const Way way : ways()) {
    INFO(name_of(way));
    const PlatformCloud cloud;
    cloud.put(call_in_flow, "Main menu");  // version 2 of a record that is there
    cloud.fault(foreign("Main menu"));
    const Moved again(cloud, way, call_in_flow, "Main menu", "Billing inquiry", by_schema);
    INFO(again.ended.out << again.ended.err);
    CHECK(again.ended.status == 0);
    CHECK(again["/attempts"] == "2");
    CHECK(again["/etagUsed"] == "3@" + attribute_record);
    CHECK((*cloud.conversation(call_in_flow))["/records/0/version"] == "4");

    cloud.fault(foreign("Account menu"));
    const Moved beaten(cloud, way, call_in_flow, "Billing inquiry", "Survey", by_schema);
    CHECK(beaten.ended.status == 1);
    CHECK(beaten["/error/code"] == "stale_state");
    CHECK(beaten["/outcome"] == "not_applied");
    CHECK((*cloud.conversation(call_in_flow))["/records/0/customAttributes/flow_node"] == "Account menu");

    // A 409 for another reason is the cloud's refusal, with the cloud's own words.
    cloud.fault(R"({"match":{"method":"PATCH"},"kind":"answer","status":409,)"
                R"("body":"{\"status\":409,\"code\":\"request.conflict\",\"message\":\"too many at once\",)"
                R"(\"contextId\":\"c-1\"}"})");
    const Moved refused(cloud, way, call_in_flow, "Account menu", "Main menu", by_schema);
    CHECK(refused.ended.status == 3);
    CHECK(refused["/error/code"] == "conflict");
    CHECK(refused["/error/serverCode"] == "request.conflict");
    CHECK(refused["/error/serverMessage"] == "too many at once");
    CHECK(refused["/error/serverCorrelationId"] == "c-1");
  }
}

TEST_CASE("on the platform a move into a participant's attributes is text, and shown before it counts as done",
          "[tools][platform][A5]") {
  const std::vector<std::string> stored{"--store", "participant-attributes"};
  for (const Way way : ways()) {
    INFO(name_of(way));
    const PlatformCloud cloud({"--effect-delay-ms", "300"});
    const Moved moved(cloud, way, call_in_flow, "Main menu", "Billing inquiry", stored);
    INFO(moved.ended.out << moved.ended.err);
    CHECK(moved.ended.status == 0);
    CHECK(moved["/outcome"] == "applied");
    CHECK(moved["/resolvedBy"] == "state");  // 202 says that it was accepted
    CHECK(moved["/etagUsed"] == "null");
    const auto seen = cloud.conversation(call_in_flow);
    CHECK((*seen)["/participants/1/purpose"] == "ivr");
    CHECK((*seen)["/participants/1/attributes/flow_node"] == "Billing inquiry");
    CHECK((*seen)["/participants/1/attributes/requires_supervisor"] == "true");
    CHECK((*seen)["/participants/1/attributes/campaign"] == "7");
    CHECK((*seen)["/records/0/version"] == "1");
    const Moved stale(cloud, way, call_in_flow, "Main menu", "Billing inquiry", stored);
    CHECK(stale["/error/code"] == "stale_state");
    const Moved by_id(cloud, way, call_in_flow, "Billing inquiry", "Survey",
                      {"--store", "participant-attributes", "--participant", "b0000000-0000-4000-8000-000000000002"});
    CHECK(by_id.ended.status == 0);
    CHECK((*cloud.conversation(call_in_flow))["/participants/1/attributes/flow_node"] == "Survey");
  }
}

TEST_CASE("on the platform nothing moves where nobody is left, or nobody says which", "[tools][platform]") {
  const PlatformCloud cloud;
  const Moved over(cloud, Way::command, ended_call, "Main menu", "Billing inquiry", by_schema);
  CHECK(over.ended.status == 1);
  CHECK(over["/error/code"] == "not_eligible");
  const Moved transferred(cloud, Way::command, answered_call, "Main menu", "Billing inquiry", by_schema);
  CHECK(transferred["/error/code"] == "not_eligible");  // the flow's side has left
  const Moved nobody(cloud, Way::command, answered_call, "Main menu", "Billing inquiry",
                     {"--schema-id", attribute_schema, "--participant", "purpose:dancer"});
  CHECK(nobody["/error/code"] == "not_found");
  const Moved no_schema(cloud, Way::command, answered_call, "Main menu", "Billing inquiry",
                        {"--participant", "purpose:agent"});
  CHECK(no_schema["/error/code"] == "invalid_settings");
  CHECK(cloud.conversation(answered_call)->size("/operations") == 0);
}

TEST_CASE("the platform's flows are drawn, and moves asked about, by the names that their authors gave",
          "[tools][platform]") {
  const PlatformCloud cloud;
  Tool tool = cloud.tool();
  const auto draw = [&](std::vector<std::string> more) {
    std::vector<std::string> all{"flow", "--flow", platform_flow, "--dialect", "platform"};
    all.insert(all.end(), more.begin(), more.end());
    return tool.run(all);
  };
  const Ended whole = draw({});
  CHECK(whole.status == 0);
  CHECK(whole.out.find("Billing inquiry/Look up balance") != std::string::npos);
  const Ended pinned = draw({"--flow-version", "7.0"});
  CHECK(pinned.out.starts_with("flow " + platform_flow + " version 7.0:"));
  CHECK(pinned.out.substr(pinned.out.find('\n')) == whole.out.substr(whole.out.find('\n')));
  CHECK(draw({"--flow-version", "6.0"}).status == 3);
  CHECK(draw({"--from", "Main menu", "--to", "Survey"}).status == 0);
  CHECK(draw({"--from", "Survey", "--to", "Main menu"}).status == 1);
  CHECK(draw({"--from", "Main menu", "--to", "Dance floor"}).status == 1);
}

TEST_CASE("recovery looks where the platform's moves were written", "[tools][platform][A5]") {
  const PlatformCloud cloud;
  const std::filesystem::path folder = new_folder();
  cloud.put(call_in_flow, "Main menu");
  cloud.fault(R"({"match":{"method":"PATCH"},"kind":"delay","delayMs":20000,"applied":true})");
  Tool tool = cloud.tool();
  tool.environment["PATCHBAY_JOURNAL_DIR"] = folder.string();
  Process process = tool.start({"transition", "--dialect", "platform", "--conversation", call_in_flow, "--flow",
                                platform_flow, "--from", "Main menu", "--to", "Billing inquiry"});
  const auto wait_for = [&](auto done) {
    for (int i = 0; i < 2000 && !done(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
    REQUIRE(done());
  };
  wait_for([&] {
    return (*cloud.conversation(call_in_flow))["/records/0/customAttributes/flow_node"] == "Billing inquiry";
  });
  process.send(SIGKILL);
  CHECK(process.wait(when_busy).signal == SIGKILL);

  // The journal names the record, whatever would be written now.
  const Ended settled = tool.run({"recover", "--dialect", "platform", "--store", "participant-attributes"});
  INFO(settled.out << settled.err);
  CHECK(settled.status == 0);
  REQUIRE(lines_of(settled.out).size() == 1);
  const Json line(settled.out);
  CHECK(line["/outcome"] == "applied");
  CHECK(line["/settled"] == "true");
  CHECK(tool.run({"recover", "--dialect", "platform"}).out.empty());
  std::filesystem::remove_all(folder);
}

TEST_CASE("what the journal has open of the documents' holds stays open on the platform, and is said",
          "[tools][platform][I14]") {
  const LoopbackCloud documents;
  documents.fault(R"({"on":"command","match":{"verb":"hold"},"kind":"drop","applied":true})");
  const std::filesystem::path folder = new_folder();
  Tool holder = documents.tool();
  holder.environment["PATCHBAY_JOURNAL_DIR"] = folder.string();
  Process process = holder.start({"hold", "--interaction", second_caller, "--reason", "queueing", "--priority", "1"});
  for (int i = 0; i < 2000 && (*documents.interaction(second_caller))["/held"] != "true"; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  process.send(SIGKILL);
  CHECK(process.wait(when_busy).signal == SIGKILL);

  const PlatformCloud cloud;
  Tool tool = cloud.tool();
  tool.environment["PATCHBAY_JOURNAL_DIR"] = folder.string();
  const Ended left = tool.run({"recover", "--dialect", "platform"});
  INFO(left.out << left.err);
  CHECK(left.status == 5);
  CHECK(left.err.find("1 interaction that may be on hold: on the platform a hold is") != std::string::npos);
  REQUIRE(lines_of(left.out).size() == 1);
  const Json line(left.out);
  CHECK(line["/action"] == "hold");
  CHECK(line["/settled"] == "false");
  CHECK(line["/why"].starts_with("on the platform a hold is a participant's: say whose"));
  // Where they are spoken it is settled as ever.
  CHECK(holder.run({"release-all"}).status == 0);
  CHECK((*documents.interaction(second_caller))["/held"] == "false");
  std::filesystem::remove_all(folder);
}

TEST_CASE("the platform's cloud knows its client by both ways of telling the secret, which nothing prints",
          "[tools][platform][I19]") {
  const PlatformCloud cloud;
  const std::vector<std::string> ask{"flow", "--flow", platform_flow, "--dialect", "platform", "--log-level", "debug"};
  for (const char* const in : {"basic", "body"}) {
    Tool tool = cloud.tool();
    tool.environment["GENESYS_CREDENTIALS_IN"] = in;
    CHECK(tool.run(ask).status == 0);  // and `Tool` has searched all that it said
    tool.environment["GENESYS_CLIENT_SECRET"] = "another-secret-9d2c";
    tool.secrets.emplace_back("another-secret-9d2c");
    const Ended refused = tool.run(ask);
    CHECK(refused.status == 3);
    CHECK(refused.err.find("invalid_client") != std::string::npos);
  }
  Tool stranger = cloud.tool();
  stranger.environment.erase("PATCHBAY_CA_FILE");
  CHECK(stranger.run(ask).status == 4);  // nobody vouches for the certificate
}

TEST_CASE("what the platform's dialect does not know is refused before anything is asked", "[tools][platform][usage]") {
  Tool tool("https://127.0.0.1:1");
  const auto refused = [&](std::vector<std::string> arguments, std::string_view message) {
    const Ended ended = tool.run(std::move(arguments));
    INFO(ended.err);
    CHECK(ended.status == 2);
    CHECK(ended.out.empty());
    CHECK(ended.err.find(message) != std::string::npos);
  };
  const std::vector<std::string> move{"transition", "--flow", "f", "--from", "a", "--to", "b"};
  const auto with = [&](std::initializer_list<std::string> more) {
    std::vector<std::string> all = move;
    all.insert(all.end(), more);
    return all;
  };
  refused(with({}), "transition needs --interaction, or --conversation");
  refused(with({"--interaction", "i", "--conversation", "c"}), "are the same: give one");
  refused(with({"--conversation", "c", "--dialect", "klingon"}), "--dialect: expected interactions or platform");
  refused(with({"--conversation", "c", "--participant", "purpose:ivr"}), "--participant goes with --dialect platform");
  refused(with({"--conversation", "c", "--schema-id", "s"}), "--schema-id goes with --dialect platform");
  refused({"flow", "--flow", "f", "--flow-version", "7.0", "--dialect", "interactions"},
          "--flow-version goes with --dialect platform");
  refused({"flow", "--flow", "f", "--dialect", "platform", "--store", "custom-attributes"},
          "--store is no option of flow");
  for (const char* const who : {"", "purpose:", "user:", ":x", "agent:x", "purpose:a:b"})
    refused(with({"--conversation", "c", "--dialect", "platform", "--participant", who}),
            "--participant: expected a participant's id, purpose:NAME or user:ID");
  refused(with({"--conversation", "c", "--dialect", "platform", "--store", "cellar"}),
          "--store: expected custom-attributes or participant-attributes");
  refused(with({"--conversation", "c", "--dialect", "platform", "--schema-id", ""}), "--schema-id: expected the id");
  refused(with({"--conversation", "c", "--dialect", "platform", "--store", "participant-attributes", "--schema-id",
                "s"}),
          "--schema-id is of custom attributes");

  // Within `run` it costs nothing but the line.
  const std::string of_nobody = "on the platform a hold is a participant's: say whose";
  const Ended lines = tool.run({"run", "--log", "off", "--dialect", "platform"},
                               R"({"id":1,"action":"hold","conversation":"c","reason":"queueing","priority":1})"
                               "\n"
                               R"({"id":2,"action":"unhold","interaction":"c","priority":1})"
                               "\n"
                               R"({"id":3,"action":"unhold","interaction":"c","conversation":"c","priority":1})"
                               "\n");
  CHECK(lines.status == 1);
  REQUIRE(lines_of(lines.out).size() == 3);
  CHECK(Json(lines_of(lines.out)[0])["/error/message"].starts_with(of_nobody));
  CHECK(Json(lines_of(lines.out)[1])["/error/message"].starts_with(of_nobody));
  CHECK(Json(lines_of(lines.out)[2])["/error/message"] == "line 3: \"interaction\" is given twice");
}

TEST_CASE("a region stands for its addresses, and for nothing that it is not", "[tools][platform][usage][A17]") {
  const auto with = [](const char* region, const char* base, const char* login) {
    Tool tool("");
    tool.environment.erase("GENESYS_BASE_URL");
    if (base) tool.environment["GENESYS_BASE_URL"] = base;
    if (login) tool.environment["GENESYS_LOGIN_URL"] = login;
    std::vector<std::string> all{"flow", "--flow", platform_flow, "--dialect", "platform", "--deadline", "5"};
    if (region) all.insert(all.end(), {"--region", region});
    return tool.run(all);
  };
  const auto refused = [](const Ended& ended, std::string_view message) {
    INFO(ended.err);
    CHECK(ended.status == 2);
    CHECK(ended.out.empty());
    CHECK(ended.err.find(message) != std::string::npos);
  };
  refused(with("https://api.mypurecloud.ie", nullptr, nullptr),
          "GENESYS_REGION: is an address, or part of one; give the region's domain alone, which is mypurecloud.ie");
  refused(with("login.mypurecloud.ie", nullptr, nullptr), "GENESYS_REGION: is one of a region's hosts");
  refused(with("mars_north_1", nullptr, nullptr), "GENESYS_REGION: is neither the name of a known region nor a domain");
  refused(with("no good", nullptr, nullptr), "GENESYS_REGION: is no domain");
  refused(with("10.0.0.1", nullptr, nullptr), "GENESYS_REGION: is the number of a host");
  refused(with("eu_west_1", "https://api.mypurecloud.ie", nullptr),
          "GENESYS_REGION and GENESYS_BASE_URL are both given");
  refused(with("eu_west_1", nullptr, "https://login.mypurecloud.ie"),
          "GENESYS_REGION and GENESYS_LOGIN_URL are both given");
  refused(with(nullptr, nullptr, nullptr), "GENESYS_BASE_URL is not set");
  refused(with("", nullptr, nullptr), "GENESYS_BASE_URL is not set");
  refused(with(nullptr, "https://api.mypurecloud.ie", nullptr), "GENESYS_LOGIN_URL is not set");
  // A domain that no name server knows is asked for a token, and nothing else stands in for it.
  const Ended tried = with("region.invalid", nullptr, nullptr);
  INFO(tried.err);
  CHECK(tried.status == 4);
  CHECK(tried.err.find("token.post failed: resolve") != std::string::npos);
}
