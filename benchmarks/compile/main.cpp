// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// What including the library costs a client: the compiler's time and memory for one translation unit, beside one that
// includes nlohmann's json and parses one document. The goal is a ratio of at most 1 for both doors with a schema of 10
// fields and a flow of 30 edges, compiled apart from the library's own definitions (PATCHBAY_SEPARATE_COMPILATION).
//
//   bench_compile [brief|units|headers|all] [ROUNDS]     the usual: units, 5 rounds
//
// `brief` compiles what the goal names, once; `units` schemas of 1, 10 and 40 fields and flows besides; `headers` each
// public header by itself, in the separate mode. Each round compiles all units one after the other, so that what
// disturbs the machine disturbs all of them; the table shows medians, and ratios of medians.

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "compiler.hpp"
#include "units.hpp"

namespace {

using namespace patchbay::benchmarks;

struct Unit {
  std::string name;
  std::string text;
  bool separate;
  std::vector<Compilation> taken{};
};

double median_of(const std::vector<Compilation>& taken, double Compilation::*what) {
  std::vector<double> values;
  for (const Compilation& each : taken) values.push_back(each.*what);
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

std::vector<Unit> units_of(std::string_view what) {
  std::vector<Unit> units;
  const auto in_both_modes = [&](const std::string& name, const std::string& text) {
    units.push_back({name + ", separate", text, true});
    units.push_back({name + ", header-only", text, false});
  };
  if (what == "brief") {
    units.push_back({"both doors in use, separate", doors_unit(), true});
  } else {
    in_both_modes("both doors in use", doors_unit());
  }
  if (what == "units" || what == "all") {
    in_both_modes("both doors included", included_doors_unit());
    units.push_back({"Hana, tl::expected, std headers", floor_unit(), true});
    units.push_back({"no schema, its headers alone", schema_unit(0), true});
    for (const int fields : {1, 10, 40}) units.push_back({"schema of " + std::to_string(fields) + " fields", schema_unit(fields), true});
    for (const int edges : {30, 500}) units.push_back({"flow of " + std::to_string(edges) + " edges", flow_unit(edges), true});
  }
  if (what == "headers" || what == "all") {
    std::ifstream list(PATCHBAY_HEADERS_FILE);
    for (std::string header; std::getline(list, header);)
      if (!header.empty()) units.push_back({header, header_unit(header), true});
  }
  return units;
}

int measure(std::string_view what, int rounds) {
  Compiler compiler(PATCHBAY_COMPILER, PATCHBAY_FLAGS_FILE);
  const std::vector<std::string> apart = {"-DPATCHBAY_SEPARATE_COMPILATION"};
  std::vector<Unit> units = units_of(what);
  const bool has_peer = compiler.compile(nlohmann_unit(), {}, true).has_value();
  if (has_peer) {
    units.insert(units.begin(), {"nlohmann/json.hpp, one document", nlohmann_unit(), false});
  } else {
    std::puts("nlohmann's json is not installed: the first unit takes its place in the ratios");
  }
  for (int round = 0; round < rounds; ++round) {
    for (Unit& unit : units) {
      const auto taken = compiler.compile(unit.text, unit.separate ? apart : std::vector<std::string>{});
      if (!taken) {
        std::fprintf(stderr, "does not compile: %s\n", unit.name.c_str());
        return 1;
      }
      unit.taken.push_back(*taken);
    }
  }
  std::printf("%-56s %9s %7s %9s\n", "", "seconds", "ratio", "peak MB");
  const double peer = median_of(units.front().taken, &Compilation::seconds);
  for (const Unit& unit : units) {
    const double seconds = median_of(unit.taken, &Compilation::seconds);
    std::printf("%-56s %9.2f %7.2f %9.0f\n", unit.name.c_str(), seconds, seconds / peer, median_of(unit.taken, &Compilation::megabytes));
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view what = argc > 1 ? argv[1] : "units";
  const int rounds = argc > 2 ? std::atoi(argv[2]) : 5;
  if ((what != "brief" && what != "units" && what != "headers" && what != "all") || rounds < 1) {
    std::fputs("usage: bench_compile [brief|units|headers|all] [ROUNDS]\n", stderr);
    return 2;
  }
  try {
    return measure(what, rounds);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
