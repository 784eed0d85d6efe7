// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// Transitions over loopback HTTP against nginx with canned answers: the doors beside loops written by hand on the bare
// libraries, the document's program on Node.js, and wrk, which is the limit.
//
//   bench_loopback_http [ROUNDS [MILLISECONDS]]     everything, as a table with ratios and the verdict on each goal
//   bench_loopback_http brief [1]                   each side once: whether it runs, and asks nginx for the same
//   bench_loopback_http side NAME PORT CONNECTIONS REQUESTS [MILLISECONDS]   one side against a server that is there

#include <cstdio>
#include <cstdlib>
#include <map>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "nginx.hpp"
#include "work.hpp"

namespace {

using namespace patchbay::benchmarks;

struct Side {
  const char* name;
  Report (*run)(const Work&);  ///< None: a program of its own.
  int fewest_requests;         ///< For each transition, that it can do with.
  bool one_connection = false;
};
const std::vector<Side> sides{{"bare-beast", &bare_beast, 2},  {"ours-beast", &ours_beast, 1}, {"bare-beast-text", &bare_beast_text, 2},
                              {"bare-libcurl", &bare_curl, 2}, {"ours-libcurl", &ours_curl, 1}, {"ours-blocking", &ours_blocking, 1, true},
                              {"node-undici", nullptr, 2},     {"node-fetch", nullptr, 2},      {"wrk", nullptr, 3}};

const Side* find(std::string_view name) {
  for (const Side& each : sides)
    if (name == each.name) return &each;
  return nullptr;
}

/// Why a side cannot be measured here; empty when it can.
std::string missing(const Side& side) {
  const std::string_view name = side.name;
#if !defined(PATCHBAY_HAS_CURL)
  if (name.ends_with("libcurl")) return "libcurl was not found";
#endif
  if (name.starts_with("node") && !installed("node")) return "node is not installed";
  if (name == "node-undici" && ::access(PATCHBAY_NODE_MODULES "/node_modules/undici/package.json", R_OK) != 0)
    return "undici is not in " PATCHBAY_NODE_MODULES " (benchmarks/run installs it)";
  if (name == "wrk" && !installed("wrk")) return "wrk is not installed";
  return {};
}

std::vector<std::string> command(const Side& side, const Work& work) {
  const auto text = [](auto number) { return std::to_string(number); };
  const std::string_view name = side.name;
  if (side.run)
    return {"/proc/self/exe", "side", side.name, text(work.port), text(work.connections), text(work.requests),
            text(work.span.measured.count()), text(work.span.operations)};
  if (name != "wrk")
    return {"node", PATCHBAY_PEERS_SCRIPT, std::string(name.substr(5)), PATCHBAY_NODE_MODULES, text(work.port), text(work.connections),
            text(work.requests), text(work.span.warm.count()), text(work.span.measured.count()), text(work.span.operations)};
  HandWritten hand;
  std::string body, id;
  if (!hand.encode(body, id)) std::abort();
  return {"wrk", "-t1", "-c" + text(work.connections), "-d1s", "--latency", "-s", PATCHBAY_WRK_SCRIPT, "http://127.0.0.1:" + text(work.port), "--",
          std::string(flow_id), interaction_id(0), text(work.requests), body};
}

/// What wrk says, as if it were ours. It knows requests, not transitions, and no CPU time.
std::optional<Report> read_wrk(const std::string& said, double cpu, int requests) {
  Report out;
  const std::size_t at = said.find(" requests in ");
  const std::size_t line = at == std::string::npos ? at : said.rfind('\n', at) + 1;
  if (line == std::string::npos) return std::nullopt;
  out.done = out.operations = std::atof(said.c_str() + line) / requests;
  out.wall = std::atof(said.c_str() + at + 13);
  out.cpu = cpu;
  const auto latency = [&](const char* part) {
    const std::size_t found = said.find(part);
    if (found == std::string::npos) return 0.0;
    char* unit = nullptr;
    const double value = std::strtod(said.c_str() + found + 4, &unit);
    return value * (*unit == 'u' ? 1 : *unit == 'm' ? 1e3 : 1e6) * requests;  // of a transition: its requests after each other
  };
  out.p50 = latency("50% "), out.p99 = latency("99% ");
  out.failed = said.find("Non-2xx") != std::string::npos || said.find("Socket errors") != std::string::npos ? 1 : 0;
  return out;
}

std::optional<Report> run(const Side& side, const Work& work, int core) {
  Child child(command(side, work), core);
  const bool ended_well = child.wait();
  auto report = std::string_view(side.name) == "wrk" ? read_wrk(child.said(), child.cpu(), work.requests) : Report::read(child.said());
  if (ended_well && report && report->failed == 0 && report->operations > 0) return report;
  std::printf("FAILED: %s, %d connections, %d requests: %s\n", side.name, work.connections, work.requests, child.said().c_str());
  return std::nullopt;
}

/// The writes of a log, whatever the interaction: how often with which `If-Match` and, when wanted, of which size.
std::map<std::string, int> writes(std::string_view log, bool with_sizes) {
  std::map<std::string, int> out;
  std::istringstream lines{std::string(log)};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string method, path, version, size;
    words >> method >> path >> version >> size;
    if (method == "PATCH") ++out[version + (with_sizes ? ' ' + size : "")];
  }
  return out;
}

/// Each side does the same few transitions; nginx's log tells whether they were the same.
int brief(int server, int client) {
  Nginx nginx(true, server);
  if (!nginx.ready()) return std::printf("FAILED: nginx does not answer\n%s", nginx.errors().c_str()), 1;
  int failures = 0;
  std::map<std::string, std::map<std::string, int>> wanted;
  for (const int requests : {3, 2, 1}) {
    for (const Side& side : sides) {
      if (const std::string why = missing(side); !why.empty()) {
        std::printf("left out: %s: %s\n", side.name, why.c_str());
        continue;
      }
      const bool counted = std::string_view(side.name) != "wrk";  // which stops by time
      if (requests < side.fewest_requests) continue;
      Work work{nginx.port(), side.one_connection ? 1 : 4, requests, {}};
      if (counted) work.span.operations = 40;
      const std::size_t before = nginx.log().size();
      const auto served = nginx.served();
      const auto report = run(side, work, client);
      if (!report) {
        ++failures;
        continue;
      }
      const double transitions = report->done;
      const double asked = static_cast<double>(*nginx.served() - *served);
      // Once the token, once the flow where it is cached, and each interaction once where it is remembered; those who begin
      // together may all ask for the flow. wrk asks for no token, and leaves off at any point.
      const double due = transitions * requests + 1 + (requests < 3 ? 1 : 0) + (requests < 2 ? work.connections : 0);
      const bool as_due = counted ? asked == due || (requests < 3 && asked < due + work.connections) : asked >= transitions * requests;
      if (!as_due || (counted && transitions != 40)) {
        std::printf("FAILED: %s made %.0f transitions of %d requests, and nginx served %.0f\n", side.name, transitions, requests, asked);
        ++failures;
      }
      if (counted) {
        const auto kinds = writes(nginx.log().substr(before), side.run != nullptr);
        int count = 0;
        bool locked = true;
        for (const auto& [kind, times] : kinds) {
          count += times;
          locked = locked && (kind.starts_with("\"41\"") || (requests == 1 && kind.starts_with("\"42\"")));
        }
        if (count != 40 || !locked || (requests > 1 && kinds.size() != 1)) {
          std::printf("FAILED: %s wrote %d times:", side.name, count);
          for (const auto& [kind, times] : kinds) std::printf(" %d times %s;", times, kind.c_str());
          std::puts("");
          ++failures;
        }
        if (side.run && requests > 1) {  // else who is quicker writes more
          auto& all = wanted[std::to_string(requests)];
          if (all.empty()) all = kinds;
          if (all != kinds) std::printf("FAILED: %s does not write what the others do\n", side.name), ++failures;
        }
      }
      std::printf("%-16s %d requests: %5.0f transitions, %5.0f requests\n", side.name, requests, transitions, asked);
    }
  }
  std::printf(failures == 0 ? "all sides did the same\n" : "%d failures\n", failures);
  return failures == 0 ? 0 : 1;
}

/// A line of a table: a side, with so many requests for each transition.
struct Row {
  std::string label;
  const Side* side;
  int requests;
};

/// What is measured next to each other. The warm ones stand beside the bare loop that reads everything each time.
std::vector<Row> rows(int requests, int connections) {
  std::vector<Row> out;
  for (const Side& side : sides) {
    if (!missing(side).empty() || requests < side.fewest_requests || (side.one_connection && connections != 1)) continue;
    if (requests < 3 && std::string_view(side.name) == "node-fetch") continue;
    out.push_back({side.name, &side, requests});
    if (requests == 3 && side.fewest_requests == 1) out.push_back({std::string(side.name) + ", warm", &side, 1});
  }
  return out;
}

int full(int rounds, std::chrono::milliseconds measured, int server, int client) {
  Nginx nginx(false, server);
  if (!nginx.ready()) return std::printf("FAILED: nginx does not answer\n%s", nginx.errors().c_str()), 1;
  for (const Side& side : sides)
    if (const std::string why = missing(side); !why.empty()) std::printf("left out: %s: %s\n", side.name, why.c_str());
  int failures = 0;
  std::vector<std::pair<int, Table>> tables;
  for (const int requests : {3, 2}) {
    for (const int connections : {1, 16, 64}) {
      Table table("bare-beast");
      const std::vector<Row> all = rows(requests, connections);
      for (int round = 0; round < rounds; ++round) {
        for (const Row& row : all) {
          Work work{nginx.port(), connections, row.requests, {}};
          work.span.measured = measured;
          if (row.label.starts_with("node")) work.span.warm = node_warm_up;
          if (const auto report = run(*row.side, work, client)) {
            table.add(row.label, *report);
          } else {
            ++failures;
          }
        }
      }
      std::printf("\n%d connection%s, %s; ratio: transitions per CPU second of the client, to bare-beast\n", connections, connections == 1 ? "" : "s",
                  requests == 3 ? "three requests per transition, one when warm" : "the flow cached: two requests per transition");
      std::printf("  %-20s %14s %12s %14s %10s %10s %8s\n", "", "transitions/s", "requests/s", "requests/CPU-s", "p50 us", "p99 us", "ratio");
      for (const Row& row : all)
        std::printf("  %-20s %14.0f %12.0f %14.0f %10.0f %10.0f %8.2f\n", row.label.c_str(), table.middle(row.label, &Table::per_second),
                    table.middle(row.label, &Table::per_second) * row.requests, table.middle(row.label, &Table::per_cpu_second) * row.requests,
                    table.middle(row.label, [](const Report& r) { return r.p50; }), table.middle(row.label, [](const Report& r) { return r.p99; }),
                    table.ratio(row.label, table.ratio_to()));
      std::fflush(stdout);
      if (requests == 3) tables.emplace_back(connections, std::move(table));
    }
  }
  std::puts("");
  for (const auto& [connections, table] : tables) {
    const std::string at = " at " + std::to_string(connections) + ", to bare Beast's";
    print_goal(("requests per CPU second, three requests," + at).c_str(), table.ratio("ours-beast", "bare-beast"), 0.9);
    print_goal(("transitions per CPU second, warm," + at).c_str(), table.ratio("ours-beast, warm", "bare-beast"), 2);
  }
  return failures == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  const auto number = [&](std::size_t i, int otherwise) { return arguments.size() > i ? std::atoi(arguments[i].c_str()) : otherwise; };
  if (!arguments.empty() && arguments[0] == "side") {
    const Side* const side = arguments.size() > 4 ? find(arguments[1]) : nullptr;
    if (!side || !side->run) return std::fputs("which side?\n", stderr), 2;
    Work work{static_cast<std::uint16_t>(number(2, 0)), number(3, 1), number(4, 3), {}};
    work.span.measured = std::chrono::milliseconds(number(5, 600));
    work.span.operations = static_cast<std::uint64_t>(number(6, 0));
    const Report report = side->run(work);
    report.print();
    return report.failed == 0 ? 0 : 1;
  }
  if (!installed("nginx")) return std::puts("skipped: nginx is not installed"), 77;
  const std::vector<int> usable = cores();
  const int server = usable.size() > 1 ? usable.back() : -1, client = usable.size() > 1 ? usable.front() : -1;
  if (server < 0) std::puts("there is one core: client and server share it");
  if (!arguments.empty() && arguments[0] == "brief") return brief(server, client);
  return full(number(0, 7), std::chrono::milliseconds(number(1, 600)), server, client);
}
