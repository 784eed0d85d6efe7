// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
//
// A cloud on this machine: the simulated cloud of <patchbay/testing> behind HTTP/1.1 and WebSocket, for any client.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include "loopback_cloud/server.hpp"
#include "loopback_cloud/state_file.hpp"

namespace {

/// An option that takes one of some names. CLI11's transformers would show the values in help and errors, which are no texts.
template <class Value>
void add_choice(CLI::App& app, const std::string& option, Value& chosen, const std::map<std::string, Value>& values,
                const std::string& description) {
  std::vector<std::string> names;
  for (const auto& [name, value] : values) names.push_back(name);
  app.add_option_function<std::string>(
         option, [&chosen, values](const std::string& name) { chosen = values.at(name); }, description)
      ->check(CLI::IsMember(names));
}

namespace testing = patchbay::testing;

// What there is to name in requests, and how another writer acts. Options' help would run the lines together.
std::string footer() {
  std::string out;
  const auto line = [&out](std::string_view text, std::string_view id = {}, std::string_view rest = {}) {
    out.append(text).append(id).append(rest).push_back('\n');
  };
  line("The documents' dialect comes with, among others:");
  line("  interaction              ", testing::document_interaction, " (at MainMenu)");
  line("  flow                     ", testing::document_flow);
  line("and the platform's with:");
  line("  conversation in the flow ", testing::platform_flow_call, " (at its Main menu)");
  line("  conversation with agent  ", testing::platform_call);
  line("  user, the agent          ", testing::platform_user);
  line("  flow                     ", testing::platform_flow);
  line("  schema                   ", testing::platform_schema);
  line("");
  line("POST /_change takes one JSON object; what is left out of it changes nothing. For the documents' dialect:");
  line(R"(  {"interaction":ID,"node":NAME,"transitionId":ID,"held":true,"state":NAME})");
  line("for the platform's:");
  line(R"(  {"conversation":ID,"node":NAME,"transitionId":ID} or {"conversation":ID,"end":true})");
  line(R"(  {"conversation":ID,"participant":ID,"held":true,"state":NAME,"attribute":NAME,"value":TEXT})");
  line(R"(  {"flow":ID,"configuration":{...}}, {"announceClosing":true} or {"endChannels":true})");
  line(R"(and for either {"revokeTokens":true}. So the interaction above is put on hold by)");
  line(R"(  curl -d '{"interaction":")", testing::document_interaction, R"(","held":true}' ADDRESS/_change)");
  out.pop_back();
  return out;
}

// A UUID of version 4 whose last digits count.
std::string numbered_interaction(unsigned number) {
  char text[37];
  std::snprintf(text, sizeof text, "10000000-0000-4000-8000-%012x", number);
  return text;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app(
      "A cloud on 127.0.0.1 that speaks the documents' dialect: tokens, flows, interactions, holds and a webhook, "
      "kept\n"
      "in memory, and with --state in a file too; or, with --dialect platform, the real platform's: conversations, "
      "flow\n"
      "configurations, notification channels. Ends on SIGTERM. GET /_state shows everything; POST /_faults plans "
      "faults;\n"
      "POST /_change acts as another writer.");
  app.footer(footer());
  testing::CloudOptions options;
  testing::PlatformOptions platform;
  loopback_cloud::ServerSettings server;
  std::string state;
  std::string dialect = "interactions";
  unsigned effect_delay = 0, heartbeat = 30;
  unsigned token_ttl = 3600, ack_delay = 0, interactions = 0, idle = 120, keep = 0;
  app.add_option("--port", server.port, "Port; 0 takes any free one")->capture_default_str();
  app.add_option("--dialect", dialect, "Whose addresses and bodies to speak")
      ->check(CLI::IsMember({"interactions", "platform"}))
      ->capture_default_str();
  app.add_option("--user", platform.user_id,
                 "With --dialect platform: the user that tokens stand for; without it what needs a user is refused");
  app.add_option("--effect-delay-ms", effect_delay, "With --dialect platform: from an accepted change to its effect")
      ->check(CLI::Range(0U, 600'000U))
      ->capture_default_str();
  app.add_option("--rate-limit", platform.rate_limit,
                 "With --dialect platform: requests that one token may make in a minute; 0 for any number")
      ->check(CLI::Range(0U, 1'000'000'000U))
      ->capture_default_str();
  app.add_option("--heartbeat-seconds", heartbeat, "With --dialect platform: how often a notification socket beats")
      ->check(CLI::Range(1U, 86'400U))
      ->capture_default_str();
  app.add_option("--client-id", options.client_id,
                 "The only client id to accept; all are when it is not given. The environment's LOOPBACK_CLIENT_SECRET "
                 "is the only secret to accept");
  CLI::Option* const ttl_option = app.add_option("--token-ttl", token_ttl, "Lifetime of tokens in seconds");
  ttl_option->check(CLI::Range(1U, 31'536'000U))->capture_default_str();
  app.add_option("--stale-status", options.stale_status, "Answer to a write with a stale ETag")
      ->check(CLI::IsMember({409, 412}))
      ->capture_default_str();
  add_choice(app, "--etag", options.etag,
             {{"header", testing::EtagPlace::header},
              {"body", testing::EtagPlace::body},
              {"both", testing::EtagPlace::header_and_body},
              {"weak", testing::EtagPlace::weak},
              {"none", testing::EtagPlace::nowhere}},
             "Where interactions carry their ETag");
  add_choice(app, "--write-answer", options.write_answer,
             {{"attributes", testing::WriteAnswer::attributes},
              {"plain", testing::WriteAnswer::plain},
              {"none", testing::WriteAnswer::no_content}},
             "What a successful write is answered with");
  app.add_option("--ack-delay-ms", ack_delay, "How late acknowledgements are")
      ->check(CLI::Range(0U, 600'000U))
      ->capture_default_str();
  app.add_option("--interactions", interactions,
                 "So many interactions more, 10000000-0000-4000-8000-000000000001 and on (hexadecimal)")
      ->check(CLI::Range(0U, 1'000'000U))
      ->capture_default_str();
  app.add_option("--max-connections", server.max_connections,
                 "Connections and channels at once; a further one is closed as soon as it is there")
      ->check(CLI::Range(1U, 1'000'000U))
      ->capture_default_str();
  app.add_option("--max-unread", server.max_unread,
                 "Bytes to keep for a channel that does not read; one that leaves more is reset")
      ->check(CLI::Range(std::size_t{4'096}, std::size_t{1} << 30))
      ->capture_default_str();
  app.add_option("--idle-seconds", idle,
                 "How long a connection may wait for a request; a channel is pinged after half of it")
      ->check(CLI::Range(1U, 86'400U))
      ->capture_default_str();
  add_choice(app, "--state-updates", options.send_state_updates, {{"yes", true}, {"no", false}},
             "Whether every change is told to every channel; many channels make that many messages");
  CLI::Option* const state_option = app.add_option(
      "--state", state,
      "File that whatever is done is appended to before it is answered, and that it is brought back from; so it "
      "outlives this process, however that ends. Tokens do not");
  app.add_option("--keep-operations", keep,
                 "Operations to remember at least; older ones are forgotten. Without it 1,000,000 are kept and then "
                 "writes are refused")
      ->check(CLI::Range(1U, 100'000'000U))
      ->excludes(state_option);
  CLI::Option* const certificate =
      app.add_option("--tls-cert", server.certificate, "Serve TLS with this certificate chain (PEM file)");
  CLI::Option* const key = app.add_option("--tls-key", server.key, "and this private key (PEM file)");
  certificate->needs(key);
  key->needs(certificate);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  if (const char* const secret = std::getenv("LOOPBACK_CLIENT_SECRET"); secret != nullptr)
    options.client_secret = patchbay::Secret(secret);
  options.token_ttl = patchbay::seconds(token_ttl);
  if (dialect == "platform" && !state.empty()) {
    std::fprintf(stderr, "loopback_cloud: --state is for the documents' dialect alone\n");
    return 2;
  }

  server.idle_limit = std::chrono::seconds(idle);
  if (keep != 0) {
    options.max_operations = std::size_t{2} * keep;  // of which the older half goes at once
    options.forget_operations = true;
  }
  if (const std::size_t allowed = loopback_cloud::connections_allowed(); allowed < server.max_connections) {
    std::fprintf(stderr,
                 "loopback_cloud: the limit of open files allows %zu connections, not %zu; raise it with ulimit -n, or "
                 "give --max-connections\n",
                 allowed, server.max_connections);
    server.max_connections = allowed;
  }
  options.max_channels = server.max_connections;

  loopback_cloud::Hub hub(options);
  if (dialect == "platform") {
    platform.client_id = options.client_id;
    platform.client_secret = options.client_secret;
    if (ttl_option->count() != 0) platform.token_ttl = options.token_ttl;
    platform.effect_delay = patchbay::milliseconds(effect_delay);
    platform.heartbeat = patchbay::seconds(heartbeat);
    platform.max_operations = options.max_operations;
    platform.forget_operations = options.forget_operations;
    std::random_device random;
    platform.channel_seed = std::uint64_t{random()} << 32 | random();
    hub.speak_platform(std::move(platform));
    testing::PlatformModel& model = hub.platform()->model;
    for (unsigned i = 1; i <= interactions; ++i) {
      testing::PlatformConversation each = *model.find(testing::platform_call);
      each.id = numbered_interaction(i);
      model.add(std::move(each));
    }
    interactions = 0;
  }
  hub.cloud().ack_delay = patchbay::milliseconds(ack_delay);
  for (unsigned i = 1; i <= interactions; ++i) {
    testing::CloudInteraction each(numbered_interaction(i));
    each.set_attribute("ivr_state", "\"MainMenu\"");
    each.set_attribute("flow_node", "\"MainMenu\"");
    hub.cloud().model.add(std::move(each));
  }
  if (!state.empty()) {
    auto file = loopback_cloud::StateFile::open(state, hub.cloud().model);
    if (!file) {
      std::fprintf(stderr, "loopback_cloud: %s\n", file.error().message().c_str());
      return 1;
    }
    if ((*file)->cut() != 0)
      std::fprintf(stderr, "loopback_cloud: --state: cut off %zu bytes of a line that was never whole\n",
                   (*file)->cut());
    hub.keep(std::move(*file));
  }
  const patchbay::Result<void> served = loopback_cloud::serve(hub, server, [&hub](const std::string& url) {
    if (hub.platform() != nullptr) {
      testing::PlatformOptions& answers = hub.platform()->model.options();
      answers.api_base = url;
      answers.streaming_base = "ws" + url.substr(4);  // wss for https
    }
    std::printf("listening on %s\n", url.c_str());
    std::fflush(stdout);
  });
  if (!served) {
    std::fprintf(stderr, "loopback_cloud: %s\n", served.error().message().c_str());
    return 1;
  }
  return 0;
}
