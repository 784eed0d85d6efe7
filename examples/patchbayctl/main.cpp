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
#include "journal.hpp"
#include "options.hpp"
#include "results.hpp"
#include "run.hpp"
#include "stop.hpp"
#include "watch.hpp"

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
  const auto graph = doors.transitions->flow(*options.flow);
  if (!graph) return complain(graph.error().describe(), exit_status(graph.error()));
  patchbay::DiagramMarks marks;
  patchbay::FlowPath path;
  int status = 0;
  if (options.from) {
    marks.current = *options.from;
    auto found = doors.transitions->path(*options.flow, *options.from, *options.to);
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

int perform(const Options& options, const Configuration& configuration, Doors& doors, Output& output) {
  patchbay::JsonReader reader;
  const Job job = job_of(options, reader);
  // Nobody waits to be taken off hold until something else has been looked at.
  if (job.action != Command::unhold) look_back(configuration, doors, job.action);
  const Performed performed = doors.perform(job);
  output.line(result_line(job, performed));
  if (job.action == Command::unhold) look_back(configuration, doors, job.action);
  deliver_webhooks(configuration, doors);
  return exit_status(performed);
}

int dispatch(const Options& options, const Configuration& configuration, Doors& doors, Output& output) {
  switch (options.command) {
    case Command::flow:
      return draw_flow(options, doors, output);
    case Command::run:
      return run(options, configuration, doors, output);
    case Command::recover:
      return recover(configuration, doors, output);
    case Command::release_all:
      return release_all(options, configuration, doors, output);
    case Command::transition:
    case Command::hold:
    case Command::unhold:
    case Command::journal:
    case Command::watch:
      break;
  }
  return perform(options, configuration, doors, output);
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
  if (options.command == Command::journal) {
    const std::string folder = journal_folder_of(options);
    if (folder.empty()) return usage("journal show needs the folder");
    const int status = show_journal(folder, output);
    return output.failed() ? complain("stdout could not be written", incomplete_status) : status;
  }
  auto configuration = configure(options);
  if (!configuration) return usage(configuration.error().message());
  const bool of_the_journal = options.command == Command::recover || options.command == Command::release_all;
  if ((of_the_journal || options.resume) && configuration->journal_folder.empty())
    return usage("--journal: is needed, or PATCHBAY_JOURNAL_DIR");
  if (options.command == Command::watch) return watch(options, *configuration, output);
  if (options.command != Command::flow)
    if (const auto opened = open_journal(*configuration); !opened)
      return complain(opened.error().describe(), exit_status(opened.error()));

  Doors doors(*configuration);
  int status = dispatch(options, *configuration, doors, output);
  say_undelivered(*configuration);
  if (doors.holds)
    for (const std::string& each : doors.holds->standing()) complain(each, status);
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
