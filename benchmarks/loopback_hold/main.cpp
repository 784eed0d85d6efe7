// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// Holds and releases over one loopback WebSocket: the door beside a ping-pong written by hand on Beast, `ws` on Node.js, and
// the hold document's program.
//
//   bench_loopback_hold [ROUNDS [MILLISECONDS]]     everything, as a table with ratios and the verdict on each goal
//   bench_loopback_hold brief [1]                   each side once: whether it runs, and the server saw what it says
//   bench_loopback_hold serve                       the server alone
//   bench_loopback_hold side NAME PORT IN-FLIGHT releases|holds [MILLISECONDS]   one side against a server that is there

#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "work.hpp"

namespace {

using namespace patchbay::benchmarks;

struct Side {
  const char* name;
  Report (*run)(const Work&);  ///< None: a program of its own.
  bool reads_always = false;   ///< Before releases as well.
};
const std::vector<Side> sides{{"bare-beast", &bare_beast}, {"ours-beast", &ours_beast}, {"node-ws", nullptr}, {"node-document", nullptr, true}};

/// Why a side cannot be measured here; empty when it can.
std::string missing(const Side& side) {
  if (side.run) return {};
  if (!installed("node")) return "node is not installed";
  if (::access(PATCHBAY_NODE_MODULES "/node_modules/ws/package.json", R_OK) != 0)
    return "ws is not in " PATCHBAY_NODE_MODULES " (benchmarks/run installs it)";
  return {};
}

/// Whether a side is measured with these commands: `ws` alone reads nothing, and the document's program does always.
bool takes_part(const Side& side, Commands commands) {
  if (std::string_view(side.name) == "node-ws") return commands == Commands::releases;
  return !side.reads_always || commands == Commands::holds;
}

std::optional<Report> run(const Side& side, const Work& work, int core) {
  const auto text = [](auto number) { return std::to_string(number); };
  const std::string commands = work.commands == Commands::holds ? "holds" : "releases";
  const std::vector<std::string> command =
      side.run ? std::vector<std::string>{"/proc/self/exe", "side", side.name, text(work.port), text(work.in_flight), commands,
                                          text(work.span.measured.count()), text(work.span.operations)}
               : std::vector<std::string>{"node", PATCHBAY_PEERS_SCRIPT, std::string(side.name).substr(5), PATCHBAY_NODE_MODULES, text(work.port),
                                          text(work.in_flight), commands, text(work.span.warm.count()), text(work.span.measured.count()),
                                          text(work.span.operations)};
  Child child(command, core);
  const bool ended_well = child.wait();
  const auto report = Report::read(child.said());
  if (ended_well && report && report->failed == 0 && report->operations > 0) return report;
  std::printf("FAILED: %s, %d in flight, %s: %s\n", side.name, work.in_flight, commands.c_str(), child.said().c_str());
  return std::nullopt;
}

/// The server, in a process of its own, and what it has served.
class Server {
 public:
  explicit Server(int core) : child_({"/proc/self/exe", "serve"}, core, Child::Input::piped) {
    const std::string line = child_.line();
    if (line.starts_with("listening on ")) port_ = static_cast<std::uint16_t>(std::atoi(line.c_str() + 13));
  }
  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }

  struct Counts {
    double holds = 0, releases = 0, readings = 0;
  };
  /// Since the last question.
  Counts served() {
    const std::string said = child_.ask("\n");
    Counts now;
    const auto value = [&](std::string_view name) {
      const std::size_t at = said.find(name);
      return at == std::string::npos ? 0.0 : std::atof(said.c_str() + at + name.size());
    };
    now.holds = value("holds="), now.releases = value("releases="), now.readings = value("readings=");
    const Counts since{now.holds - last_.holds, now.releases - last_.releases, now.readings - last_.readings};
    last_ = now;
    return since;
  }

 private:
  Child child_;
  std::uint16_t port_ = 0;
  Counts last_;
};

int brief(int server_core, int client_core) {
  Server server(server_core);
  if (server.port() == 0) return std::puts("FAILED: the server does not come up"), 1;
  int failures = 0;
  for (const Commands commands : {Commands::releases, Commands::holds}) {
    for (const Side& side : sides) {
      if (const std::string why = missing(side); !why.empty()) {
        std::printf("left out: %s: %s\n", side.name, why.c_str());
        continue;
      }
      if (!takes_part(side, commands)) continue;
      Work work{server.port(), 8, commands, {}};
      work.span.operations = 80;
      static_cast<void>(server.served());
      const auto report = run(side, work, client_core);
      if (!report) {
        ++failures;
        continue;
      }
      const Server::Counts served = server.served();
      const bool holds = commands == Commands::holds;
      const bool alike = served.holds + served.releases == report->done && served.holds == (holds ? served.releases : 0) &&
                         served.readings == (!holds ? 0 : side.reads_always ? report->done : served.holds);
      std::printf("%s%-14s %-8s: %4.0f commands; the server saw %4.0f holds, %4.0f releases, %4.0f readings\n", alike ? "" : "FAILED: ", side.name,
                  holds ? "holds" : "releases", report->done, served.holds, served.releases, served.readings);
      if (!alike || report->operations < 80) ++failures;
    }
  }
  std::printf(failures == 0 ? "the server saw what each side says that it did\n" : "%d failures\n", failures);
  return failures == 0 ? 0 : 1;
}

int full(int rounds, std::chrono::milliseconds measured, int server_core, int client_core) {
  Server server(server_core);
  if (server.port() == 0) return std::puts("FAILED: the server does not come up"), 1;
  for (const Side& side : sides)
    if (const std::string why = missing(side); !why.empty()) std::printf("left out: %s: %s\n", side.name, why.c_str());
  int failures = 0;
  std::vector<std::pair<std::string, double>> goals;
  for (const Commands commands : {Commands::releases, Commands::holds}) {
    for (const int in_flight : {1, 64, 1024}) {
      Table table("bare-beast");
      for (int round = 0; round < rounds; ++round) {
        for (const Side& side : sides) {
          if (!missing(side).empty() || !takes_part(side, commands)) continue;
          Work work{server.port(), in_flight, commands, {}};
          work.span.measured = measured;
          if (!side.run) work.span.warm = node_warm_up;
          if (const auto report = run(side, work, client_core)) {
            table.add(side.name, *report);
          } else {
            ++failures;
          }
        }
      }
      std::printf("\n%s, %d in flight on one socket; ratio: commands per CPU second, to bare-beast\n",
                  commands == Commands::holds ? "holds that read the interaction first, and releases" : "releases", in_flight);
      std::printf("  %-18s %14s %16s %10s %10s %8s\n", "", "commands/s", "commands/CPU-s", "p50 us", "p99 us", "ratio");
      for (const std::string& side : table.sides())
        std::printf("  %-18s %14.0f %16.0f %10.0f %10.0f %8.2f\n", side.c_str(), table.middle(side, &Table::per_second),
                    table.middle(side, &Table::per_cpu_second), table.middle(side, [](const Report& r) { return r.p50; }),
                    table.middle(side, [](const Report& r) { return r.p99; }), table.ratio(side, table.ratio_to()));
      std::fflush(stdout);
      goals.emplace_back((commands == Commands::holds ? "holds and releases per CPU second at " : "releases per CPU second at ") +
                             std::to_string(in_flight) + ", to bare Beast's",
                         table.ratio("ours-beast", "bare-beast"));
    }
  }
  std::puts("");
  for (const auto& [what, ratio] : goals) print_goal(what.c_str(), ratio, 0.9);
  return failures == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  const auto number = [&](std::size_t i, int otherwise) { return arguments.size() > i ? std::atoi(arguments[i].c_str()) : otherwise; };
  if (!arguments.empty() && arguments[0] == "serve") return serve();
  if (!arguments.empty() && arguments[0] == "side") {
    for (const Side& side : sides) {
      if (arguments.size() < 5 || arguments[1] != side.name || !side.run) continue;
      Work work{static_cast<std::uint16_t>(number(2, 0)), number(3, 1), arguments[4] == "holds" ? Commands::holds : Commands::releases, {}};
      work.span.measured = std::chrono::milliseconds(number(5, 600));
      work.span.operations = static_cast<std::uint64_t>(number(6, 0));
      const Report report = side.run(work);
      report.print();
      return report.failed == 0 ? 0 : 1;
    }
    return std::fputs("which side?\n", stderr), 2;
  }
  const std::vector<int> usable = cores();
  const int server = usable.size() > 1 ? usable.back() : -1, client = usable.size() > 1 ? usable.front() : -1;
  if (server < 0) std::puts("there is one core: client and server share it");
  if (!arguments.empty() && arguments[0] == "brief") return brief(server, client);
  return full(number(0, 7), std::chrono::milliseconds(number(1, 600)), server, client);
}
