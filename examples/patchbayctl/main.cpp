// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
//
// patchbayctl: the library from a command line. `patchbayctl --help` says how.
#include <algorithm>  // max
#include <cstdio>
#include <string>
#include <vector>

#include <patchbay/flow/diagram.hpp>

#include "configuration.hpp"
#include "doors.hpp"
#include "options.hpp"
#include "results.hpp"
#include "run.hpp"
#include "stop.hpp"

namespace patchbayctl {

namespace {

int complain(const std::string& why, int status) {
  std::fprintf(stderr, "patchbayctl: %s\n", why.c_str());
  return status;
}

int usage(const std::string& why) {
  complain(why, usage_status);
  std::fputs("patchbayctl --help shows the usage.\n", stderr);
  return usage_status;
}

/// Draws a flow, also where the move that is asked about is not allowed, since that is when one wants to see it.
int draw_flow(const Options& options, Doors& doors, Output& output) {
  const auto graph = doors.transitions.flow(*options.flow);
  if (!graph) return complain(graph.error().describe(), exit_status(graph.error()));
  patchbay::DiagramMarks marks;
  patchbay::FlowPath path;
  int status = 0;
  if (options.from) {
    marks.current = *options.from;
    auto found = doors.transitions.path(*options.flow, *options.from, *options.to);
    if (found) {
      path = std::move(*found);
      marks.path = &path;
    } else {
      status = complain(found.error().describe(), exit_status(found.error()));
    }
  }
  std::string drawing = render(**graph, options.format, marks);
  while (drawing.ends_with('\n')) drawing.pop_back();
  output.line(std::move(drawing));
  return status;
}

int perform(const Options& options, Doors& doors, Output& output) {
  patchbay::JsonReader reader;
  const Job job = job_of(options, reader);
  const Performed performed = doors.perform(job);
  output.line(result_line(job, performed));
  return exit_status(performed);
}

int main(const std::vector<std::string>& arguments) {
  watch_signals();
  auto parsed = parse_options(arguments);
  Output output;
  if (const auto* const wrong = std::get_if<UsageError>(&parsed)) return usage(wrong->why);
  if (auto* const asked = std::get_if<Information>(&parsed)) {
    asked->text.pop_back();
    return output.line(std::move(asked->text)) ? 0 : incomplete_status;
  }
  const Options& options = std::get<Options>(parsed);
  const auto configuration = configure(options);
  if (!configuration) return usage(configuration.error().message());

  Doors doors(*configuration);
  int status = options.command == Command::flow  ? draw_flow(options, doors, output)
               : options.command == Command::run ? run(options, *configuration, doors, output)
                                                 : perform(options, doors, output);
  for (const std::string& each : doors.holds.standing()) complain(each, status);
  if (const int lost = configuration->recorder->failures(); lost != 0)
    complain(std::to_string(lost) + " audit records could not be written", status);
  if (output.failed())
    status = std::max(status, complain("stdout could not be written, so results are lost", incomplete_status));
  return status;
}

}  // namespace

}  // namespace patchbayctl

int main(int count, char** arguments) {
  return patchbayctl::main(std::vector<std::string>(arguments + (count > 0 ? 1 : 0), arguments + count));
}
