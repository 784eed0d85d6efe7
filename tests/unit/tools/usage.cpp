// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// The command line and the environment: what ends before anything is asked of a server.
#include <fstream>

#include "unit/tools/tool.hpp"

using namespace patchbay::test;

namespace {

constexpr const char* nobody = "http://127.0.0.1:1";  // nothing listens there

void check_usage(const Ended& ended, std::string_view message) {
  INFO(ended.err);
  CHECK(ended.status == 2);
  CHECK(ended.out.empty());
  CHECK(ended.err.find(message) != std::string::npos);
}

/// A file that is gone with the test.
class TemporaryFile {
 public:
  explicit TemporaryFile(std::string_view text)
      : path(std::filesystem::temp_directory_path() / ("patchbay-file-" + std::to_string(::getpid()))) {
    std::ofstream(path, std::ios::binary) << text;
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() { std::filesystem::remove(path); }
  std::filesystem::path path;
};

}  // namespace

TEST_CASE("wrong usage ends with status 2, says why on stderr and nothing on stdout", "[tools][usage]") {
  Tool tool(nobody);
  const std::vector<std::string> move{"transition", "--interaction", "i", "--flow", "f", "--from", "a", "--to", "b"};
  const auto with = [&](std::initializer_list<std::string> more) {
    std::vector<std::string> all = move;
    all.insert(all.end(), more);
    return tool.run(all);
  };
  check_usage(tool.run({}), "name a command");
  check_usage(tool.run({"dance"}), "dance");
  check_usage(tool.run({"--dance", "flow", "--flow", "f"}), "--dance");
  check_usage(tool.run({"flow", "--flow", "f", "-x"}), "-x");
  check_usage(tool.run({"transition", "hold"}), "hold");
  check_usage(tool.run({"transition"}), "transition needs --interaction");
  check_usage(tool.run({"transition", "--interaction", "i", "--flow", "f", "--from", "a"}), "transition needs --to");
  check_usage(tool.run({"hold", "--interaction", "i", "--reason", "queueing"}), "hold needs --priority");
  check_usage(tool.run({"unhold", "--interaction", "i"}), "unhold needs --priority");
  check_usage(tool.run({"flow"}), "flow needs --flow");
  check_usage(tool.run({"flow", "--flow", "f", "--from", "a"}), "--from and --to go together");
  check_usage(tool.run({"flow", "--flow", "f", "--format", "png"}), "text, dot or mermaid");
  check_usage(tool.run({"flow", "--flow"}), "--flow");
  check_usage(tool.run({"unhold", "--interaction", "i", "--priority", "1", "--flow", "f"}),
              "--flow is no option of unhold");
  check_usage(tool.run({"unhold", "--interaction", "i", "--priority", "1", "--priority", "2"}),
              "--priority is given twice");
  check_usage(tool.run({"unhold", "--interaction", "i", "--priority", "1", "--var", "a=b"}),
              "--var is no option of unhold");
  check_usage(with({"--var", "novalue"}), "NAME=VALUE");
  check_usage(with({"--var", "=value"}), "NAME=VALUE");
  check_usage(with({"more"}), "more");
  check_usage(with({"--deadline", "0"}), "--deadline");
  check_usage(with({"--deadline", "-1"}), "--deadline");
  check_usage(with({"--deadline", "1e400"}), "--deadline");
  check_usage(with({"--deadline", "soon"}), "--deadline");
  check_usage(with({"--rate", "0"}), "--rate");
  check_usage(with({"--reachability", "teleport"}), "path, direct or conditional");
  check_usage(with({"--log", "loud"}), "off, text or json");
  check_usage(with({"--client-secret", "x"}), "--client-secret");
  check_usage(tool.run({"run", "--in-flight", "0"}), "--in-flight");
  check_usage(tool.run({"run", "--in-flight", "1.5"}), "--in-flight");
  check_usage(tool.run({"run", "--in-flight", "20001"}), "--in-flight: expected a whole number from 1 to 20000");
  check_usage(tool.run({"run", "--transport", "smoke"}), "--transport: expected beast or curl");
  check_usage(with({"--ordered"}), "--ordered is no option of transition");
  check_usage(tool.run({"run", "a", "b"}), "file");
  check_usage(tool.run({"run", "/nonexistent/jobs.jsonl"}), "No such file");
}

TEST_CASE("help and version are no errors", "[tools][usage]") {
  Tool tool(nobody);
  tool.environment.clear();
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"--help"}, {"transition", "--help"}, {"-h"}, {"hold", "-h"}}) {
    const Ended ended = tool.run(arguments);
    CHECK(ended.status == 0);
    CHECK(ended.out.find("GENESYS_CLIENT_SECRET") != std::string::npos);
    CHECK(ended.err.empty());
  }
  const Ended version = tool.run({"--version"});
  CHECK(version.status == 0);
  CHECK(version.out.starts_with("patchbayctl "));
}

TEST_CASE("a missing or empty setting is named, and no organisation stands in for it", "[tools][usage][A17]") {
  for (const char* const name : {"GENESYS_BASE_URL", "GENESYS_CLIENT_ID", "GENESYS_CLIENT_SECRET"}) {
    Tool tool(nobody);
    tool.environment.erase(name);
    check_usage(tool.run({"flow", "--flow", "f"}), std::string(name) + " is not set");
    tool.environment[name] = "";
    check_usage(tool.run({"flow", "--flow", "f"}), std::string(name) + " is empty");
  }
  Tool tool(nobody);
  tool.environment.clear();
  const Ended ended = tool.run({"run"});
  check_usage(ended, "GENESYS_BASE_URL is not set; GENESYS_CLIENT_ID is not set; GENESYS_CLIENT_SECRET is not set");
}

TEST_CASE("settings that cannot work are refused by the name of the variable", "[tools][usage][A16]") {
  const auto refused = [](const char* name, const char* value, std::string_view message) {
    INFO(name << "=" << value);
    Tool tool(nobody);
    tool.environment[name] = value;
    check_usage(tool.run({"flow", "--flow", "f"}), message);
  };
  refused("GENESYS_BASE_URL", "http://api.example.com", "GENESYS_BASE_URL: plain text goes only to this machine");
  refused("GENESYS_BASE_URL", "api.example.com", "GENESYS_BASE_URL: expected a URL");
  refused("GENESYS_BASE_URL", "https://user:pass@api.example.com", "GENESYS_BASE_URL");
  refused("GENESYS_LOGIN_URL", "http://login.example.com", "GENESYS_LOGIN_URL: plain text");
  refused("GENESYS_WS_URL", "ws://stream.example.com/x", "GENESYS_WS_URL: plain text");
  refused("GENESYS_WS_URL", "gopher://x", "GENESYS_WS_URL: expected a URL");
  refused("CRM_WEBHOOK_URL", "http://crm.example.com/hook", "CRM_WEBHOOK_URL: plain text");
  refused("GENESYS_CREDENTIALS_IN", "header", "GENESYS_CREDENTIALS_IN: expected basic or body");
  Tool tool(nobody);
  check_usage(tool.run({"flow", "--flow", "f", "--audit-file", "/nonexistent/audit.jsonl"}), "No such file");
  check_usage(tool.run({"flow", "--flow", "f", "--env-file", "/nonexistent/.env"}), "No such file");
  check_usage(tool.run({"flow", "--flow", "f", "--env-file", "/"}), "directory");
}

TEST_CASE("a .env file is read as dotenv reads it; the environment wins over it, and flags over both",
          "[tools][usage]") {
  const auto base_of = [](std::string_view file, std::vector<std::string> more = {},
                          const char* environment = nullptr) {
    const TemporaryFile env(file);
    Tool tool("");
    tool.environment.clear();
    if (environment) tool.environment["GENESYS_BASE_URL"] = environment;
    std::vector<std::string> all{"flow", "--flow", "f", "--env-file", env.path.string(), "--client-id", "x"};
    all.insert(all.end(), more.begin(), more.end());
    // The address is told by the message that refuses it, or by which variable is missing.
    return tool.run(all).err;
  };
  const std::string rest = "\nGENESYS_CLIENT_SECRET=y\n";
  const std::string plain_text = "GENESYS_BASE_URL: plain text", not_a_url = "GENESYS_BASE_URL: expected a URL";
  const auto says = [](const std::string& err, const std::string& text) { return err.find(text) != std::string::npos; };
  for (const char* const line :
       {"GENESYS_BASE_URL=http://e.example", "export GENESYS_BASE_URL=http://e.example",
        "  GENESYS_BASE_URL = \"http://e.example\"  # why", "GENESYS_BASE_URL='http://e.example'",
        "GENESYS_BASE_URL=`http://e.example`", "GENESYS_BASE_URL: http://e.example",
        "GENESYS_BASE_URL=http://e.example # comment", "GENESYS_BASE_URL=first\nGENESYS_BASE_URL=http://e.example",
        "# GENESYS_BASE_URL=x\n\nnonsense\n=3\nGENESYS_BASE_URL=http://e.example",
        "\xef\xbb\xbfGENESYS_BASE_URL=http://e.example", "OTHER=\"two\nlines\"\nGENESYS_BASE_URL=http://e.example",
        "GENESYS_BASE_URL=http://e.example\r"}) {
    INFO(line);
    CHECK(says(base_of(line + rest), plain_text));
  }
  CHECK(says(base_of("GENESYS_BASE_URL=" + rest), "GENESYS_BASE_URL is empty"));
  CHECK(says(base_of("#GENESYS_BASE_URL=x" + rest), "GENESYS_BASE_URL is not set"));
  CHECK(says(base_of("GENESYS_BASE_URL='a\\nb'" + rest), not_a_url));
  CHECK(says(base_of("GENESYS_BASE_URL=http://e.example" + rest, {}, "ftp://x"), not_a_url));
  CHECK(says(base_of("GENESYS_BASE_URL=http://e.example" + rest, {}, ""), "GENESYS_BASE_URL is empty"));
  CHECK(says(base_of("GENESYS_BASE_URL=ftp://x" + rest, {"--base-url", "http://e.example"}, "ftp://y"), plain_text));
  CHECK(says(base_of("GENESYS_BASE_URL=http://e.example" + rest, {"--base-url="}), "GENESYS_BASE_URL is empty"));
}

TEST_CASE("options stand before or after the command, and values may look like options", "[tools][usage]") {
  Tool tool(nobody);
  const auto first = [&](std::vector<std::string> arguments) {
    const Ended ended = tool.run(std::move(arguments));
    CHECK(ended.status != 2);
    return ended.out;
  };
  // Refused before a server is asked, so the results show what was understood.
  const Json before(first({"--interaction", "../x", "--flow=f", "--from", "a", "transition", "--to", "b"}));
  check_result(before);
  CHECK(before["/interactionId"] == "../x");
  CHECK(before["/to"] == "b");
  const Json empty(first({"transition", "--interaction=", "--flow", "f", "--from=a=b", "--to", "-1"}));
  check_result(empty);
  CHECK(empty["/interactionId"].empty());
  CHECK(empty["/from"] == "a=b");
  CHECK(empty["/to"] == "-1");
  const Json odd(first({"transition", "--interaction", "i", "--flow", "f", "--from", "a", "--to", "b", "--var",
                        "call_duration_seconds=a=b", "--var", "-x=1", "--var=[1,2]=3", "--var",
                        "requires_supervisor=", "--strict"}));
  check_result(odd);
  CHECK(odd.size("/error/violations") == 4);
  CHECK(odd["/error/violations/0/value"] == "a=b");
  CHECK(odd["/error/violations/1/path"] == "-x");
  CHECK(odd["/error/violations/2/path"] == "[1,2]");
  CHECK(odd["/error/violations/3/path"] == "requires_supervisor");
}

TEST_CASE("a reader that has gone away is noticed", "[tools][usage]") {
  Tool tool(nobody);
  Process process = tool.start({"run"});
  process.close_output();
  process.write("{\"action\":\"dance\"}\n{\"action\":\"dance\"}\n");
  const Ended ended = tool.end(process);
  CHECK(ended.status == 4);
  CHECK(ended.err.find("stdout could not be written") != std::string::npos);
}
