// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
//
// A policy of one's own under simulation: thousands of made-up days with lost answers, crashes and other writers, until one
// of them shows what is wrong with it. With the argument `trace` it prints every event of the shortened run as well.
#include <cstdio>
#include <string>
#include <string_view>

#include <patchbay/testing/simulation/shrink.hpp>

using namespace patchbay;
using namespace patchbay::testing::simulation;

/// The program's own retry policy. It promises three attempts; but somebody has found that broken connections come back
/// soon, and forgot that they may not.
struct HouseRetry {
  int max_attempts = 3;
  [[nodiscard]] RetryAnswer decide(const RetryQuestion& question) const noexcept {
    if (question.cause == RetryCause::transient) return RetryAnswer::in(milliseconds{100});
    return question.attempts < max_attempts ? RetryAnswer::in(seconds{1}) : RetryAnswer::stop();
  }
};

int main(int argc, char** argv) {
  using Client = ClientPolicies<HouseRetry>;
  SimulationOptions options;
  options.settings = [](ProcessId, Settings& settings) { settings.max_body = 1 << 20; };  // the program's, where it has any
  // A bad network is what this policy is for; by default all kinds of fault are drawn.
  options.faults = FaultSet::none();
  options.mix = [](FaultMix& mix) { mix.set(Fault::reset_request, 600); };
  for (std::uint64_t seed = 1; seed <= 2000; ++seed) {
    const Judgement verdict = simulate<Client>(seed, options);
    if (verdict.clean()) continue;
    const Shrunk less = shrink<Client>(verdict, options);
    std::printf("%s is broken; %zu of %zu operations are enough to show it:\n%s", std::string(less.verdict.first()).c_str(),
                less.verdict.report.workload.size(), options.works, less.describe().c_str());
    // The same seed with what is left of its options is the same run again, here and anywhere.
    if (argc > 1 && std::string_view(argv[1]) == "trace")
      static_cast<void>(simulate<Client>(seed, less.options, {}, stdout));
    return less.reproduced && less.verdict.first() == "I8" ? 0 : 1;
  }
  std::printf("nothing was found\n");
  return 1;
}
