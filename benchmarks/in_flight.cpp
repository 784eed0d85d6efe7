// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// Many operations under way at once on one thread: whether all of them end, what one takes in memory while it is under way,
// and whether what is beyond the bound is refused. The loop is in memory, so that what is measured is the library: the real
// ones keep up to 64 connections to a host, whatever the number of operations.
//
//   bench_in_flight [OPERATIONS]    20,000 by default

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <malloc.h>
#include <unistd.h>

#include <fmt/format.h>

#include <patchbay/hold_controller.hpp>
#include <patchbay/state_transitioner.hpp>

#include "crowd_transport.hpp"
#include "hand_written.hpp"

namespace {

using namespace patchbay;
using namespace patchbay::benchmarks;

struct Memory {
  double allocated = 0;  ///< What the allocator has given out, with its own headers.
  double resident = 0;   ///< What the system has given the process.

  static Memory now() {
    Memory out;
    const struct mallinfo2 info = ::mallinfo2();
    out.allocated = static_cast<double>(info.uordblks + info.hblkhd);
    if (std::FILE* const file = std::fopen("/proc/self/statm", "r")) {
      long all = 0, resident = 0;
      if (std::fscanf(file, "%ld %ld", &all, &resident) == 2) out.resident = static_cast<double>(resident) * static_cast<double>(::sysconf(_SC_PAGESIZE));
      std::fclose(file);
    }
    return out;
  }
};

void print(const char* when, const Memory& before, const Memory& now, std::size_t operations) {
  const auto count = static_cast<double>(operations);
  std::printf("  %-44s %8.0f bytes allocated and %8.0f resident for each; %5.1f MB resident in all\n", when, (now.allocated - before.allocated) / count,
              (now.resident - before.resident) / count, now.resident / 1e6);
}

/// nginx's part in the other benchmarks.
void answer(const HttpRequest& request, HttpResponse& response) {
  static const std::string flow = flow_answer();
  static constexpr std::string_view collection = "/api/v2/interactions/";
  response.clear();
  response.status = request.method == Method::patch ? 202 : 200;
  response.headers.add("Server", "crowd");
  response.headers.add("Content-Type", "application/json");
  if (request.target == "/oauth/token") {
    response.body.append(token_answer());
  } else if (!request.target.starts_with(collection)) {
    response.body.append(flow);
  } else {
    response.headers.add("ETag", "\"41\"");
    const std::string_view id = request.target.substr(collection.size());
    response.body.append(request.method == Method::patch ? fmt::format(R"({{"id":"{}"}})", id) : interaction_answer(id));
  }
}

std::string id_of(std::size_t number) { return fmt::format("550e8400-e29b-41d4-a716-{:012}", number); }

bool transitions(std::size_t operations) {
  const auto crowd = std::make_shared<Crowd>(operations);
  Settings settings;
  settings.base_url = "https://api.example.com";
  settings.tokens = std::make_shared<TokenSource>(TokenSettings{.login_url = "https://login.example.com", .client_id = "id", .client_secret = Secret("secret")});
  settings.max_operations = operations;
  StateTransitioner transitioner{Policies{.transport = CrowdTransport(crowd)}, settings};

  std::size_t applied = 0, refused = 0, failed = 0;
  std::string first_failure;
  const auto start = [&](std::size_t number) {
    TransitionRequest request{id_of(number), std::string(flow_id), std::string(from), std::string(to)};
    for (const auto& [name, value] : variables) request.text(name, value);
    transitioner.start_transition(std::move(request), [&](Result<TransitionResult> result) {
      if (result) {
        ++applied;
      } else if (result.error().code() == ErrorCode::queue_full) {
        ++refused;
      } else if (failed++ == 0) {
        first_failure = result.error().describe();
      }
    });
  };
  start(0);
  crowd->settle();
  for (int i = 0; i < 10 && crowd->under_way() != 0; ++i) crowd->answer(answer);  // the token and the flow are there then
  if (applied != 1) return std::printf("FAILED: the first transition does not end: %s\n", first_failure.c_str()), false;

  std::printf("%zu transitions under way at once\n", operations);
  ::malloc_trim(0);
  const Memory before = Memory::now();
  for (std::size_t i = 0; i < operations; ++i) start(i);
  crowd->settle();
  print("all read their interaction", before, Memory::now(), operations);
  bool fine = crowd->under_way() == operations;
  start(operations);
  crowd->settle();
  std::printf("  one more: %s\n", refused == 1 ? "refused with queue_full, as max_operations says" : "NOT refused");
  fine = fine && refused == 1;
  crowd->answer(answer);
  print("all have written, and wait for the answer", before, Memory::now(), operations);
  fine = fine && crowd->under_way() == operations;
  crowd->answer(answer);
  print("all have ended; kept to be used again", before, Memory::now(), operations);
  fine = fine && applied == operations + 1 && failed == 0 && crowd->under_way() == 0;
  std::printf("  %zu applied, %zu failed\n", applied - 1, failed);
  if (!first_failure.empty()) std::printf("  the first that failed: %s\n", first_failure.c_str());
  return fine;
}

bool holds(std::size_t operations) {
  const auto crowd = std::make_shared<Crowd>(operations);
  Settings settings;
  settings.base_url = "https://api.example.com";
  settings.tokens = std::make_shared<TokenSource>(TokenSettings{.login_url = "https://login.example.com", .client_id = "id", .client_secret = Secret("secret")});
  settings.max_operations = settings.hold.max_commands = operations;
  HoldController controller{Policies{.transport = CrowdTransport(crowd)}, settings};

  std::size_t applied = 0, refused = 0, failed = 0;
  std::string first_failure;
  const auto ended = [&](const Result<HoldResult>& result) {
    if (result) {
      ++applied;
    } else if (result.error().code() == ErrorCode::queue_full) {
      ++refused;
    } else if (failed++ == 0) {
      first_failure = result.error().describe();
    }
  };
  const auto start = [&](std::size_t number) {
    controller.start_hold(HoldRequest{id_of(number), "consultation", 5}.music("hold_music_standard.wav").prompt("please_remain_on_the_line.wav"), ended);
  };
  const auto release = [&](std::size_t number) { controller.start_unhold(UnholdRequest{id_of(number), 5}, ended); };
  bool open = false;
  controller.start_ready(std::nullopt, [&](Result<void> result) { open = result.has_value(); });
  crowd->settle();
  for (int i = 0; i < 10 && crowd->under_way() != 0; ++i) crowd->answer(answer);
  crowd->settle();
  if (!open) return std::puts("FAILED: the channel does not open"), false;

  std::printf("%zu holds under way at once\n", operations);
  ::malloc_trim(0);
  const Memory before = Memory::now();
  for (std::size_t i = 0; i < operations; ++i) start(i);
  crowd->settle();
  print("all read their interaction", before, Memory::now(), operations);
  bool fine = crowd->under_way() == operations;
  start(operations);
  crowd->settle();
  std::printf("  one more: %s\n", refused == 1 ? "refused with queue_full, as max_operations says" : "NOT refused");
  fine = fine && refused == 1;
  crowd->answer(answer);
  print("all are sent, and wait for acknowledgement", before, Memory::now(), operations);
  fine = fine && crowd->unacknowledged() == operations;
  crowd->acknowledge();
  print("all are held, and watched", before, Memory::now(), operations);
  fine = fine && applied == operations && controller.held().size() == operations;
  for (std::size_t i = 0; i < operations; ++i) release(i);
  crowd->settle();
  print("all are released, and wait for that as well", before, Memory::now(), operations);
  fine = fine && crowd->unacknowledged() == operations;
  crowd->acknowledge();
  print("all have ended; kept to be used again", before, Memory::now(), operations);
  fine = fine && applied == 2 * operations && failed == 0 && controller.held().empty();
  std::printf("  %zu holds and releases applied, %zu failed\n", applied, failed);
  if (!first_failure.empty()) std::printf("  the first that failed: %s\n", first_failure.c_str());
  return fine;
}

bool report(const char* what, std::size_t operations, bool fine) {
  std::printf("goal: %zu %s under way at once on one thread, all applied, one more refused: %s\n", operations, what, fine ? "met" : "missed");
  return fine;
}

}  // namespace

int main(int argc, char** argv) {
  const std::size_t operations = argc > 1 ? static_cast<std::size_t>(std::atol(argv[1])) : 20'000;
  const bool moved = report("transitions", operations, transitions(operations));
  const bool held = report("holds", operations, holds(operations));
  return moved && held ? 0 : 1;
}
