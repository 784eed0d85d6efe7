// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// What a schema costs, beside code that is written by hand for the same types and beside the libraries that one would
// write it with otherwise. First all sides must agree: about each case of cases.hpp, whether it is accepted, and about
// what is made of it. Then they are timed, in turns. work.hpp says what the work is.

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <vector>

#include "../paired.hpp"
#include "cases.hpp"
#include "node.hpp"
#include "same.hpp"
#include "work.hpp"

// Not inlined, so that the compiler does not see `free` where it expects the counterpart of `new`.
[[gnu::noinline]] void* operator new(std::size_t bytes) {
  ++patchbay::benchmarks::allocations;
  if (void* const memory = std::malloc(bytes)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace {

using namespace patchbay;
using namespace patchbay::benchmarks;

Body body_of(std::string_view text) {
  Body out;
  out.assign(text);
  return out;
}

/// Holds all sides against what each case says, and what they make of it against what the first one makes.
class Agreement {
 public:
  Agreement(const std::vector<std::unique_ptr<Contender>>& sides, const NodeSides& node) : sides_(sides), node_(node) {}

  bool check() {
    const auto holds = hold_cases();
    for (std::size_t i = 0; i < holds.size(); ++i)
      all(
          "hold", holds[i].label, holds[i].accepted, no_writer,
          [&](Contender& side) { return std::string(side.hold(holds[i].command)); },
          [&](const NodeSide& side) { return side.hold.at(i); });
    all(
        "hold", "a valid value", true, no_types, [](Contender& side) { return std::string(side.valid_hold()); },
        [&](const NodeSide& side) { return side.hold.front(); });
    const auto variables = variable_cases();
    for (std::size_t i = 0; i < variables.size(); ++i)
      all(
          "variables", variables[i].label, variables[i].accepted, variables[i].needs,
          [&](Contender& side) { return std::string(side.coerce(variables[i].text)); },
          [&](const NodeSide& side) { return side.coerce.at(i); });
    const auto answers = answer_cases();
    for (std::size_t i = 0; i < answers.size(); ++i) {
      const Body answer = body_of(answers[i].text);
      all(
          "answer", answers[i].label, answers[i].accepted, answers[i].needs,
          [&](Contender& side) { return decoded(side, answer); },
          [&](const NodeSide& side) { return side.decode.at(i); });
    }
    return agreed_;
  }

 private:
  /// All that was decoded, as JSON, so that Node.js can say the same.
  static std::string decoded(Contender& side, const Body& answer) {
    Interaction got;
    return side.decode(answer, got) ? json_of(got) : std::string();
  }
  /// Asks all sides that are not blind to what the case `needs`.
  template <class Make, class Made>
  void all(std::string_view work, std::string_view label, bool accepted, unsigned needs, const Make& make,
           const Made& made) {
    std::string expected;
    const auto judge = [&](std::string_view name, const std::string& got) {
      if (got.empty() == accepted) return complain(work, label, name, accepted ? "refuses it" : "accepts it");
      if (expected.empty()) expected = got;
      if (got != expected && !same_json(got, expected))
        complain(work, label, name, "makes " + got + "\n  and not " + expected);
    };
    for (const auto& side : sides_)
      if (!(side->blind() & needs)) judge(side->name(), make(*side));
    for (const NodeSide& side : node_.sides)
      if (!(side.blind & needs)) judge(side.name, made(side));
  }
  void complain(std::string_view work, std::string_view label, std::string_view name, std::string_view what) {
    std::fprintf(stderr, "%.*s, %.*s: %.*s %.*s\n", static_cast<int>(work.size()), work.data(),
                 static_cast<int>(label.size()), label.data(), static_cast<int>(name.size()), name.data(),
                 static_cast<int>(what.size()), what.data());
    agreed_ = false;
  }

  const std::vector<std::unique_ptr<Contender>>& sides_;
  const NodeSides& node_;
  bool agreed_ = true;
};

std::string note_of(unsigned blind) {
  std::string out;
  const auto add = [&](Blind what, std::string_view text) {
    if (!(blind & what)) return;
    out.append(out.empty() ? "does not see: " : ", ").append(text);
  };
  add(duplicates, "duplicates");
  add(depth, "depth");
  add(skipped_values, "mistakes in what it skips");
  add(lone_surrogates, "lone surrogates");
  return out;
}

/// `to_plain` and `to_limit`: the ratios to the two that are written by hand.
void print_line(std::string_view name, double nanoseconds, double allocated, double to_plain, double to_limit,
                const std::string& note) {
  std::printf("  %-26.*s %9.0f ns ", static_cast<int>(name.size()), name.data(), nanoseconds);
  if (allocated >= 0) {
    std::printf("%8.2f allocations", allocated);
  } else {
    std::printf("%20s", "");
  }
  std::printf(" %8.2f x plain %8.2f x limit  %s\n", to_plain, to_limit, note.c_str());
}

}  // namespace

int main(int argc, char** argv) {
  const int calls = argc > 1 ? std::atoi(argv[1]) : 200;
  const int batches = argc > 2 ? std::atoi(argv[2]) : 401;
  if (calls < 1 || batches < 1) {
    std::fprintf(stderr, "usage: %s [CALLS] [BATCHES]\n", argv[0]);
    return 2;
  }
  std::vector<std::unique_ptr<Contender>> sides;
  std::vector<std::string> absent;
  const auto add = [&](const char* name, std::unique_ptr<Contender> side) {
    if (side) {
      sides.push_back(std::move(side));
    } else {
      absent.push_back(name);
    }
  };
  add("hand-written, limit", make_hand_written());
  add("hand-written, plain", make_plain());  // the two come first, since the ratios are to them
  add("patchbay", make_ours());
  add("simdjson", make_simdjson());
  add("RapidJSON, SAX", make_rapidjson_sax());
  add("RapidJSON, DOM", make_rapidjson_dom());
  add("Boost.JSON", make_boost_json());
  add("nlohmann", make_nlohmann());

  NodeSides node = run_node(calls, batches);
  if (!Agreement(sides, node).check()) {
    std::fprintf(stderr, "the sides do not agree; nothing is measured\n");
    return 1;
  }

  std::size_t consumed = 0;  // so that no side's work can be left out
  const Body answer = body_of(measured_answer);
  const auto row = [&](const char* title, double NodeSide::*of_node, unsigned needs, unsigned matters, auto work) {
    std::vector<std::function<void(int)>> runs;
    std::vector<const Contender*> running;
    for (const auto& side : sides) {
      if (side->blind() & needs) continue;
      running.push_back(side.get());
      runs.push_back([&consumed, &work, &side = *side](int times) {
        for (int i = 0; i < times; ++i) consumed += work(side);
      });
    }
    const std::vector<Side> measured = measure_all(runs, batches, calls);
    std::printf("%s\n", title);
    for (std::size_t i = 0; i < running.size(); ++i)
      print_line(running[i]->name(), measured[i].nanoseconds, measured[i].allocations,
                 measured[i].ratio / measured[1].ratio, measured[i].ratio, note_of(running[i]->blind() & matters));
    for (const NodeSide& side : node.sides)
      if (of_node != nullptr)
        print_line(side.name, side.*of_node, -1, side.*of_node / measured[1].nanoseconds,
                   side.*of_node / measured.front().nanoseconds, note_of(side.blind & matters));
    if (of_node == nullptr) return;
    for (const std::string& name : absent) std::printf("  %-26s not installed\n", name.c_str());
    if (!node.why_not.empty()) std::printf("  %-26s not installed: %s\n", "zod, ajv (Node.js)", node.why_not.c_str());
  };
  std::printf("medians of %d batches of %d calls, all sides in turn; Node.js in a process of its own\n", batches,
              calls);
  row("hold command, validated and encoded", &NodeSide::hold_nanoseconds, no_writer, sees_all,
      [](Contender& side) { return side.hold(measured_hold).size(); });
  row("hold command, encoded out of a value that was valid before", nullptr, no_types, sees_all,
      [](Contender& side) { return side.valid_hold().size(); });
  row("eight variables from JSON, coerced and encoded", &NodeSide::coerce_nanoseconds, sees_all,
      duplicates | depth | lone_surrogates, [](Contender& side) { return side.coerce(measured_variables).size(); });
  row("interaction, decoded", &NodeSide::decode_nanoseconds, sees_all, duplicates | skipped_values,
      [&](Contender& side) {
        Interaction out;
        side.decode(answer, out);
        return out.id.size();
      });
  return consumed == 0 ? 1 : 0;
}
