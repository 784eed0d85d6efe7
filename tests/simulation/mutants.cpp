// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
//
// Runs the simulation with the bugs of mutations/ planted, one after the other: each must be caught within its number of
// seeds, or the checks prove nothing. Compiled against the headers that `plant` has written.
//
//   mutants --check TABLE         runs all; fails when one escapes, or TABLE lists others than there are
//   mutants --write TABLE         the same, and writes TABLE
//   mutants --mutant NAME         runs one, and says how it was caught; `none`: what the checks say of the headers themselves
//   mutants --clean               runs none of them: prints the hash of some seeds, which is that of the headers themselves
//   mutants --list
//
//   --unseen FILE   the rows that no mutation stands for, with reasons; with --check and --write
//   --first N       the first seed (1)
//   --seeds N       how many, in place of each mutation's own number
//   --jobs N        how many mutations at once (1)
//   --mix NAME      in place of each mutation's own

#include <patchbay_mutations/catalogue.hpp>
#include <patchbay_mutations/planted.hpp>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "mutant_runs.hpp"

namespace {

using patchbay_mutations::catalogue;
using patchbay_mutations::Entry;

constexpr std::size_t how_many = std::size(catalogue);
constexpr rlim_t patience = 60;  // seconds of processor time, after which a mutation that hangs is given up

struct Options {
  std::string check, write, mutant, unseen, mix;
  std::uint64_t first = 1, seeds = 0, jobs = 1;
  bool clean = false, list = false;
};

/// What became of one mutation.
struct Fate {
  bool caught = false;
  std::uint64_t seed = 0;   // that caught it, or the last
  std::string by, text;     // the checks that failed at that seed, and the first one's words
};

[[noreturn]] void fail(const std::string& why) {
  std::cerr << "mutants: " << why << '\n';
  std::exit(2);
}

std::vector<std::string> words_of(const std::string& text) {
  std::istringstream words(text);
  return {std::istream_iterator<std::string>(words), {}};
}
/// Whether one of the invariants that the mutation breaks is among those that were seen broken.
bool expected(const Entry& entry, const std::string& by) {
  const std::vector<std::string> seen = words_of(by);
  for (const std::string& row : words_of(entry.rows))
    if (std::find(seen.begin(), seen.end(), row) != seen.end()) return true;
  return false;
}

/// The words of `text` that are not in `others`.
std::string without(const std::string& text, const std::string& others) {
  const std::vector<std::string> known = words_of(others);
  std::string out;
  for (const std::string& each : words_of(text))
    if (std::find(known.begin(), known.end(), each) == known.end()) out.append(out.empty() ? "" : " ").append(each);
  return out;
}

/// Runs a mutation in this process, which has nothing else to do; tells its progress line by line.
void run_here(std::size_t index, const Options& options, std::FILE* out) {
  const Entry& entry = catalogue[index];
  patchbay_mutations::active = static_cast<int>(index);
  const std::string mix = options.mix.empty() ? entry.mix : options.mix;
  const std::uint64_t seeds = options.seeds != 0 ? options.seeds : static_cast<std::uint64_t>(entry.seeds);
  bool seen_by_others = false;  // a check failed, but none of those that are to
  for (std::uint64_t seed = options.first; seed < options.first + seeds; ++seed) {
    std::fprintf(out, "seed %llu\n", static_cast<unsigned long long>(seed));
    std::fflush(out);
    simulation_mutants::Caught caught = simulation_mutants::run(seed, mix);
    if (caught.by.empty()) continue;
    // A check that fails at this seed without the bug as well proves nothing of it.
    patchbay_mutations::active = -1;
    caught.by = without(caught.by, simulation_mutants::run(seed, mix).by);
    patchbay_mutations::active = static_cast<int>(index);
    if (caught.by.empty()) continue;
    const bool own = expected(entry, caught.by);
    if (!own && seen_by_others) continue;
    seen_by_others = true;
    std::string text = caught.text;
    std::replace(text.begin(), text.end(), '\n', ' ');
    std::fprintf(out, "caught %llu %s\t%s\n", static_cast<unsigned long long>(seed), caught.by.c_str(), text.c_str());
    std::fflush(out);
    if (own) return;
  }
}

/// A mutation that runs in a process of its own, since it may end that.
class Running {
 public:
  Running(std::size_t index_in, const Options& options) : index(index_in) {
    std::array<int, 2> ends{};
    if (pipe(ends.data()) != 0) fail("no pipe");
    std::fflush(nullptr);
    child_ = fork();
    if (child_ < 0) fail("no process");
    if (child_ == 0) {
      close(ends[0]);
      rlimit limit{};
      limit.rlim_cur = patience, limit.rlim_max = patience + 5;
      setrlimit(RLIMIT_CPU, &limit);
      limit.rlim_cur = limit.rlim_max = 0;
      setrlimit(RLIMIT_CORE, &limit);
      if (std::freopen("/dev/null", "w", stderr) == nullptr) _exit(1);  // where a library says that it ends the process
      std::FILE* const out = fdopen(ends[1], "w");
      run_here(index, options, out);
      std::fclose(out);
      _exit(0);
    }
    close(ends[1]);
    in_ = fdopen(ends[0], "r");
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
  ~Running() { std::fclose(in_); }

  /// Waits for its end.
  Fate wait() {
    Fate fate;
    std::uint64_t last = 0;
    std::array<char, 4096> line{};
    while (std::fgets(line.data(), static_cast<int>(line.size()), in_) != nullptr) {
      std::istringstream words(line.data());
      std::string word;
      words >> word;
      if (word == "seed") words >> last;
      if (word != "caught") continue;
      fate.caught = true;
      words >> fate.seed;
      std::getline(words >> std::ws, fate.by, '\t');
      std::getline(words, fate.text);
    }
    int status = 0;
    if (waitpid(child_, &status, 0) != child_) fail("a process was lost");
    if (!fate.caught) fate.seed = last;
    if (!WIFSIGNALED(status) || fate.caught) return fate;
    if (WTERMSIG(status) == SIGXCPU || WTERMSIG(status) == SIGKILL) {
      fate.by = "it never ends";
      return fate;
    }
    fate.caught = true;
    fate.by = "crash";
    fate.text = "signal " + std::to_string(WTERMSIG(status));
    return fate;
  }

  std::size_t index;

 private:
  pid_t child_ = -1;
  std::FILE* in_ = nullptr;
};

std::vector<Fate> run_all(const Options& options) {
  std::vector<Fate> fates(how_many);
  std::vector<std::unique_ptr<Running>> running;
  const auto take_first = [&] {
    Running& first = *running.front();
    Fate& fate = fates[first.index] = first.wait();
    std::cout << (fate.caught ? "caught   " : "ESCAPED  ") << catalogue[first.index].name << ": ";
    if (fate.caught) {
      std::cout << fate.by << " at seed " << fate.seed << " (" << fate.seed - options.first + 1 << " of " << catalogue[first.index].seeds << ")";
    } else {
      std::cout << (fate.by.empty() ? "no check failed" : fate.by) << ", last seed " << fate.seed;
    }
    std::cout << std::endl;
    running.erase(running.begin());
  };
  for (std::size_t i = 0; i != how_many; ++i) {
    if (running.size() == options.jobs) take_first();
    running.push_back(std::make_unique<Running>(i, options));
  }
  while (!running.empty()) take_first();
  return fates;
}

// What the rows are.

std::vector<std::string> all_rows() {
  std::vector<std::string> out;
  const auto add = [&](const char* letter, int last) {
    for (int i = 1; i <= last; ++i) out.push_back(letter + std::to_string(i));
  };
  add("I", 26), add("L", 6), add("A", 34), add("B", 38);
  return out;
}
std::vector<std::string> rows_of(const Entry& entry) { return words_of(entry.rows); }
std::map<std::string, std::string> read_unseen(const std::string& path) {
  std::map<std::string, std::string> out;
  std::ifstream in(path);
  if (!in) fail(path + " cannot be read");
  for (std::string line; std::getline(in, line);) {
    if (line.empty() || line[0] == '#') continue;
    const std::size_t colon = line.find(": ");
    if (colon == std::string::npos) fail(path + ": expected `row: reason`: " + line);
    out[line.substr(0, colon)] = line.substr(colon + 2);
  }
  return out;
}
/// Every row is planted or has a reason why not, and no row is both. Answers the complaints.
std::vector<std::string> gaps(const std::map<std::string, std::string>& unseen) {
  std::set<std::string> planted;
  for (const Entry& each : catalogue)
    for (const std::string& row : rows_of(each)) planted.insert(row);
  std::vector<std::string> out;
  std::set<std::string> known;
  for (const std::string& row : all_rows()) {
    known.insert(row);
    if (!planted.count(row) && !unseen.count(row)) out.push_back(row + " has neither a mutation nor a reason");
    if (planted.count(row) && unseen.count(row)) out.push_back(row + " has a mutation, and a reason why it has none");
  }
  for (const std::string& row : planted)
    if (!known.count(row)) out.push_back("there is no row " + row);
  for (const auto& [row, why] : unseen)
    if (!known.count(row)) out.push_back("there is no row " + row);
  return out;
}

/// Every invariant that a mutation is to break was broken by one of those that are to break it, and seen by its own check.
std::vector<std::string> silent_checks(const std::vector<Fate>& fates) {
  std::set<std::string> planted, seen;
  for (std::size_t i = 0; i != how_many; ++i) {
    const std::vector<std::string> by = words_of(fates[i].by);
    for (const std::string& row : rows_of(catalogue[i])) {
      if (row[0] != 'I' && row[0] != 'L') continue;
      planted.insert(row);
      if (std::find(by.begin(), by.end(), row) != by.end()) seen.insert(row);
    }
  }
  std::vector<std::string> out;
  std::set_difference(planted.begin(), planted.end(), seen.begin(), seen.end(), std::back_inserter(out));
  return out;
}

// The table.

std::string cell(std::string text) {
  std::string out;
  for (const char c : text) out.append(c == '|' ? "\\|" : std::string(1, c));
  return out;
}
std::string table(const std::vector<Fate>& fates, const Options& options, const std::map<std::string, std::string>& unseen) {
  std::ostringstream out;
  out << "<!-- SPDX-FileCopyrightText: 2026 The patchbay authors -->\n<!-- SPDX-License-Identifier: BSL-1.0 -->\n"
         "<!-- Written by the program `mutants`; see tests/simulation/mutants.cpp. -->\n\n# Planted bugs\n\n"
         "Each bug below was planted in a copy of the headers (mutations/, plant.cpp) and the simulation was run until a check\n"
         "failed. A test runs them all again, and fails when one is not caught within its number of seeds.\n\n"
      << "Seeds begin at " << options.first << ". A check is an invariant by its number, and all that failed at that seed are named;\n"
      << "`crash` means that the process ended. Each invariant was seen broken by its own check.\n\n"
         "| mutation | puts back | what was planted | mix | caught by | at seed | seeds run | at most |\n|---|---|---|---|---|---|---|---|\n";
  for (std::size_t i = 0; i != how_many; ++i) {
    const Entry& entry = catalogue[i];
    out << "| " << entry.name << " | " << entry.rows << " | " << cell(entry.what) << " | " << entry.mix << " | ";
    if (fates[i].caught) {
      out << fates[i].by << " | " << fates[i].seed << " | " << fates[i].seed - options.first + 1;
    } else {
      out << "ESCAPED | |";
    }
    out << " | " << entry.seeds << " |\n";
  }
  out << "\n## Not planted\n\n| row | why |\n|---|---|\n";
  for (const std::string& row : all_rows())
    if (const auto found = unseen.find(row); found != unseen.end()) out << "| " << row << " | " << cell(found->second) << " |\n";
  return out.str();
}
/// The mutations that a written table lists.
std::vector<std::string> names_in(const std::string& path) {
  std::ifstream in(path);
  if (!in) fail(path + " cannot be read");
  std::vector<std::string> out;
  bool first_table = true;
  for (std::string line; std::getline(in, line);) {
    if (line.rfind("## Not planted", 0) == 0) first_table = false;
    if (!first_table || line.rfind("| ", 0) != 0) continue;
    const std::string name = line.substr(2, line.find(' ', 2) - 2);
    if (name != "mutation") out.push_back(name);
  }
  return out;
}

int run_and_judge(const Options& options) {
  const auto unseen = read_unseen(options.unseen);
  bool fine = true;
  for (const std::string& each : gaps(unseen)) std::cout << each << '\n', fine = false;
  if (!options.check.empty()) {
    std::vector<std::string> names;
    for (const Entry& each : catalogue) names.emplace_back(each.name);
    if (names_in(options.check) != names) std::cout << options.check << " lists other mutations than there are: write it anew\n", fine = false;
  }
  const std::vector<Fate> fates = run_all(options);
  const auto escaped = std::count_if(fates.begin(), fates.end(), [](const Fate& each) { return !each.caught; });
  for (const std::string& each : silent_checks(fates)) std::cout << "the check of " << each << " saw none of the bugs that break it\n", fine = false;
  std::cout << how_many << " bugs planted, " << how_many - static_cast<std::size_t>(escaped) << " caught\n";
  if (!options.write.empty()) {
    std::ofstream out(options.write);
    out << table(fates, options, unseen);
    if (!out.flush()) fail(options.write + " cannot be written");
  }
  return fine && escaped == 0 ? 0 : 1;
}

int run_one(const Options& options) {
  for (std::size_t i = 0; i != how_many; ++i)
    if (options.mutant == catalogue[i].name) return run_here(i, options, stdout), 0;
  if (options.mutant != "none") fail("there is no mutation " + options.mutant);
  const std::uint64_t seeds = options.seeds != 0 ? options.seeds : 100;
  std::uint64_t broken = 0;
  for (std::uint64_t seed = options.first; seed < options.first + seeds; ++seed) {
    const auto caught = simulation_mutants::run(seed, options.mix.empty() ? "any" : options.mix);
    if (caught.by.empty()) continue;
    ++broken;
    std::cout << "seed " << seed << ": " << caught.by << ": " << caught.text << '\n';
  }
  std::cout << seeds << " seeds, " << broken << " with violations\n";
  return broken == 0 ? 0 : 1;
}

std::uint64_t number(const std::string& text) {
  char* end = nullptr;
  const std::uint64_t out = std::strtoull(text.c_str(), &end, 10);
  if (text.empty() || *end != '\0') fail("not a number: " + text);
  return out;
}

Options parse(int count, char** arguments) {
  Options out;
  for (int i = 1; i < count; ++i) {
    const std::string_view name = arguments[i];
    if (name == "--clean") { out.clean = true; continue; }
    if (name == "--list") { out.list = true; continue; }
    if (i + 1 == count) fail("what is " + std::string(name) + "?");
    const std::string value = arguments[++i];
    if (name == "--check") out.check = value;
    else if (name == "--write") out.write = value;
    else if (name == "--mutant") out.mutant = value;
    else if (name == "--unseen") out.unseen = value;
    else if (name == "--mix") out.mix = value;
    else if (name == "--first") out.first = number(value);
    else if (name == "--seeds") out.seeds = number(value);
    else if (name == "--jobs") out.jobs = std::max<std::uint64_t>(number(value), 1);
    else fail("what is " + std::string(name) + "?");
  }
  return out;
}

}  // namespace

int main(int count, char** arguments) {
  const Options options = parse(count, arguments);
  if (options.list) {
    for (const Entry& each : catalogue) std::cout << each.name << ": " << each.what << '\n';
    return 0;
  }
  if (options.clean) {
    const std::string mix = options.mix.empty() ? "any" : options.mix;
    std::printf("%016llx\n", static_cast<unsigned long long>(
                                 simulation_mutants::hash_of(options.first, options.seeds != 0 ? options.seeds : 20, mix)));
    return 0;
  }
  if (!options.mutant.empty()) return run_one(options);
  if (options.check.empty() && options.write.empty()) fail("one of --check, --write, --mutant, --clean and --list, please");
  return run_and_judge(options);
}
