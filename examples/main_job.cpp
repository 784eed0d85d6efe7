// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
//
// The main job, end to end: an IVR interaction is moved and a caller held, over real HTTP and WebSocket. By itself it
// starts loopback_cloud on this machine; it acts on an organisation only when it is told everything that it needs.
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <patchbay/beast/blocking_transport.hpp>
#include <patchbay/flow/diagram.hpp>
#include <patchbay/hold_controller.hpp>
#include <patchbay/state_transitioner.hpp>

using namespace patchbay;

namespace {

double ms(Duration span) { return std::chrono::duration<double, std::milli>(span).count(); }

/// A logger of one's own is a policy too: this one tells people what happens, as it happens.
struct Narrator {
  static bool enabled(Level level) { return level >= Level::info; }
  static void log(Level level, const Event& event) {
    std::string_view request, state;
    std::int64_t status = 0;
    double took = 0;
    for (const Field& field : event.fields) {
      if (field.name() == "request") request = field.text();
      if (field.name() == "state") state = field.text();
      if (field.name() == "status") status = field.integer();
      if (field.name() == "ms") took = field.real();
    }
    if (event.name == "http.attempt") {
      fmt::print("   {:<24}{:>4}{:>9.1f} ms\n", in_words(request), status != 0 ? std::to_string(status) : "lost", took);
    } else if (state == "open") {
      fmt::print("   {:<24}\n", "open the hold channel");
    } else if (level >= Level::warn) {
      fmt::print("   {} {}\n", event.name, state);
    }
  }
  static std::string_view in_words(std::string_view request) {
    if (request == "token.post") return "ask for a token";
    if (request == "flow.get") return "read the flow";
    if (request == "interaction.get") return "read the interaction";
    if (request == "interaction.patch") return "write the move";
    return request == "webhook.post" ? "tell the CRM" : request;
  }
};

void show(const char* title, const std::vector<AuditRecord>& audit) {
  fmt::print("{}\n", title);
  for (const AuditRecord& each : audit) {
    std::string when;
    append_timestamp(when, each.timestamp);
    fmt::print("   {:>2}  {}  {:<9} {:<16}  {:<11} {:>7.1f} ms{}\n", each.sequence, when, to_string(each.kind),
               each.action, to_string(each.outcome), ms(each.latency),
               each.etag_used.empty() ? "" : "  If-Match " + each.etag_used);
  }
}

void show(std::uint64_t applied, std::uint64_t submitted, const LatencySummary& latency) {
  fmt::print("   {} of {} operations applied; mean {:.1f} ms, p50 {:.1f} ms, p99 {:.1f} ms\n", applied, submitted,
             ms(latency.mean), ms(latency.p50), ms(latency.p99));
}

volatile std::sig_atomic_t cloud_pid = 0;

/// Ends the cloud with this process, when that is told to end.
extern "C" void end_cloud(int signal) {
  if (cloud_pid > 0) ::kill(static_cast<pid_t>(cloud_pid), SIGTERM);
  ::_exit(128 + signal);
}

/// loopback_cloud as a child of this process.
class Cloud {
 public:
  explicit Cloud(std::string program) {
    int ends[2];
    if (::pipe(ends) != 0) return;
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_addclose(&actions, ends[0]);
    char* argv[] = {program.data(), nullptr};
    if (posix_spawn(&pid_, program.c_str(), &actions, nullptr, argv, environ) != 0) pid_ = -1;
    posix_spawn_file_actions_destroy(&actions);
    cloud_pid = pid_;
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGPIPE}) std::signal(signal, end_cloud);
    ::close(ends[1]);
    std::string line;
    for (char c; pid_ > 0 && ::read(ends[0], &c, 1) == 1 && c != '\n';) line.push_back(c);
    ::close(ends[0]);
    if (line.starts_with("listening on ")) url = line.substr(13);
  }
  ~Cloud() {
    if (pid_ <= 0) return;
    cloud_pid = 0;
    ::kill(pid_, SIGTERM);
    ::waitpid(pid_, nullptr, 0);
  }
  Cloud(const Cloud&) = delete;
  Cloud& operator=(const Cloud&) = delete;
  std::string url;  ///< Empty when it did not start.

 private:
  pid_t pid_ = -1;
};

class Job {
 public:
  std::string interaction, flow, from, to;
};

bool move(const Job& job, const Settings& settings) {
  StateTransitioner transitioner{Policies{.transport = beast::BlockingTransport{}, .logger = Narrator{}}, settings};
  fmt::print("Move {} from {} to {}\n", job.interaction, job.from, job.to);
  const auto moved =
      transitioner.transition(TransitionRequest{job.interaction, job.flow, job.from, job.to}
                                  .text("customer_tier", "enterprise")
                                  .text("call_duration_seconds", "145")
                                  .text("requires_supervisor", "false")
                                  .text("routing_metadata", R"({"queue":"billing_team","priority":"high"})"));
  if (!moved) fmt::print("=> {}\n", moved.error().describe());
  if (moved) {
    fmt::print("=> applied, in {:.1f} ms; webhook: {}\n", ms(moved->latency), to_string(moved->webhook));
    fmt::print("\nThe path taken\n\n{}\n", render(*moved->path.graph(), DiagramFormat::text, {&moved->path, job.to}));
  }
  show("Audit of the move", transitioner.audit_log());
  const TransitionMetricsSnapshot metrics = transitioner.metrics();
  fmt::print("Metrics of the moves\n");
  show(metrics[TransitionCount::succeeded], metrics[TransitionCount::submitted], metrics.operation);
  fmt::print("   requests {}, writes {}, conflicts {}, rate limits {}\n\n", metrics[ExchangeCount::requests],
             metrics[TransitionCount::patch_attempts], metrics[TransitionCount::conflicts],
             metrics[ExchangeCount::rate_limits]);
  return moved && moved->webhook != WebhookStatus::failed;
}

bool hold(const Job& job, const Settings& settings) {
  HoldController holds{Policies{.transport = beast::BlockingTransport{}, .logger = Narrator{}}, settings};
  holds.on_quality([](const QualityEvent& event) {
    fmt::print("   quality monitor: {} {}\n", to_string(event.event), event.status());
  });
  fmt::print("Hold {} for a consultation, with music and a prompt\n", job.interaction);
  const auto held = holds.hold(HoldRequest{job.interaction, "consultation", 5}
                                   .music("hold_music_standard.wav")
                                   .prompt("please_remain_on_the_line.wav"));
  if (held) fmt::print("=> applied, in {:.1f} ms\n", ms(held->latency));
  if (!held) fmt::print("=> {}\n", held.error().describe());
  bool back = false;
  // A caller who may be on hold is taken off it, whatever is known.
  if (held || held.error().outcome() == Outcome::unknown) {
    fmt::print("   the caller hears music for two seconds\nTake the caller back\n");
    holds.pump_for(seconds{2});
    const auto released = holds.unhold(UnholdRequest{job.interaction, 5});
    back = released.has_value();
    if (back)
      fmt::print("=> applied, in {:.1f} ms, after {:.1f} s on hold\n", ms(released->latency),
                 ms(released->held_for) / 1000);
    if (!back) fmt::print("=> {}\n", released.error().describe());
  }
  const bool closed = holds.close(seconds{2}).has_value();
  show("\nAudit of the hold", holds.audit_log());
  const HoldMetricsSnapshot metrics = holds.metrics();
  fmt::print("Metrics of the holds\n");
  show(metrics[HoldCount::succeeded], metrics[HoldCount::submitted], metrics.operation);
  fmt::print("   {:.0f} % acknowledged within 2 s, connections {}\n\n", 100 * metrics.prompt_ack_rate(),
             metrics[HoldCount::connects]);
  return held && back && closed;
}

/// What the cloud's CRM has received; false when that is nothing.
bool show_webhook(const std::string& url) {
  const auto address = Endpoint::parse(url, "webhook");
  beast::BlockingTransport transport;
  HttpResponse response;
  const HttpRequest request(Method::get, *address, address->target());
  const bool heard = transport.send(request, response, std::chrono::steady_clock::now() + seconds{5}).has_value();
  const bool any = heard && response.status == 200 && response.body.view() != "[]";
  std::printf("The webhook as the CRM received it\n   %s\n\n",
              any ? std::string(response.body.view()).c_str() : "nothing");
  return any;
}

std::string variable(const char* name) {
  const char* const value = std::getenv(name);
  return value ? value : "";
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Moves an interaction and holds a caller: against a cloud on this machine, or an organisation.");
  bool organisation = false;
  Job job;
  std::string cloud_path = std::filesystem::read_symlink("/proc/self/exe").parent_path() / "loopback_cloud";
  app.add_option("--cloud", cloud_path, "The program to start as the cloud")->capture_default_str();
  auto* const real = app.add_flag("--organisation", organisation, "Act on the organisation of the GENESYS_* variables");
  app.add_option("--interaction", job.interaction)->needs(real);
  app.add_option("--flow", job.flow)->needs(real);
  app.add_option("--from", job.from)->needs(real);
  app.add_option("--to", job.to)->needs(real);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  std::setvbuf(stdout, nullptr, _IOLBF, 0);

  Settings settings;
  TokenSettings credentials;
  std::optional<Cloud> cloud;
  if (organisation) {
    const std::string id = variable("GENESYS_CLIENT_ID"), secret = variable("GENESYS_CLIENT_SECRET");
    settings.base_url = variable("GENESYS_BASE_URL");
    if (job.interaction.empty() || job.flow.empty() || job.from.empty() || job.to.empty() ||
        settings.base_url.empty() || id.empty() || secret.empty()) {
      std::fputs(
          "--organisation needs --interaction, --flow, --from and --to, and GENESYS_BASE_URL, GENESYS_CLIENT_ID\n"
          "and GENESYS_CLIENT_SECRET in the environment; nothing is assumed\n",
          stderr);
      return 2;
    }
    const std::string login = variable("GENESYS_LOGIN_URL");
    credentials.login_url = login.empty() ? settings.base_url : login;
    credentials.client_id = id;
    credentials.client_secret = Secret(secret);
    settings.hold.channel_url = variable("GENESYS_WS_URL");
    settings.hold.organisation_id = variable("GENESYS_ORG_ID");
    settings.transition.webhook.url = variable("CRM_WEBHOOK_URL");
  } else {
    cloud.emplace(cloud_path);
    if (cloud->url.empty()) return fmt::print(stderr, "{} did not start\n", cloud_path), 1;
    settings.base_url = credentials.login_url = cloud->url;
    credentials.client_id = "main-job";
    credentials.client_secret = Secret("any will do");
    settings.transition.webhook.url = cloud->url + "/webhook";
    job.interaction = "550e8400-e29b-41d4-a716-446655440000";
    job.flow = "a1b2c3d4-e5f6-7890-abcd-ef1234567890";
    job.from = "MainMenu";
    job.to = "BillingInquiry";
  }
  settings.tokens = std::make_shared<TokenSource>(std::move(credentials));
  fmt::print("The main job, on {}\n\n", settings.base_url);

  const bool moved = move(job, settings);
  const bool held = hold(job, settings);
  const bool told = !cloud || show_webhook(settings.transition.webhook.url);
  fmt::print("{}: the interaction {}, the caller {}{}\n", moved && held && told ? "Done" : "FAILED",
             moved ? "was moved" : "was not moved as it should",
             held ? "was held and taken back" : "was not held and taken back",
             !cloud ? ""
             : told ? ", the CRM knows"
                    : ", the CRM does not know");
  return moved && held && told ? 0 : 1;
}
