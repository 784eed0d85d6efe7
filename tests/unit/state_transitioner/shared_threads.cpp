// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <patchbay/state_transitioner.hpp>

#include <support/catch.hpp>

using namespace patchbay;

// One door shared by many threads over the machine's own clock and a cloud in memory. Nothing here depends on how long
// something takes: where an order matters, the cloud waits until the door has counted those that must be there.
namespace {

constexpr int threads_at_once = 8;

/// A cloud in memory for many threads: interactions with versions, and what was asked of it. A handle.
class ThreadedCloud {
 public:
  /// What becomes of one request: its status, and whether its answer is lost.
  struct Answer {
    int status = 200;
    bool lost = false;
    const char* retry_after = nullptr;
  };
  struct Interaction {
    int version = 1;
    std::string transition_id;
    std::vector<std::string> applied;    // transition ids, in order
    std::vector<std::string> exchanges;  // in order of their beginning: GET, PATCH
    int busy = 0;                        // exchanges under way
    int overlaps = 0;
  };
  struct State {
    std::mutex mutex;
    std::map<std::string, Interaction> interactions;
    int token_requests = 0, flow_requests = 0, requests = 0, patches = 0;
    // Called with the number of the request of that kind, from 1, without a lock.
    std::function<Answer(int, SteadyTime)> on_token, on_flow, on_patch;
  };

  ThreadedCloud() : state(std::make_shared<State>()) {}

  TransportResult<void> send(const HttpRequest& request, HttpResponse& response, SteadyTime deadline) {
    response.clear();
    response.status = 200;
    const std::string_view target = request.target;
    Answer answer;
    {
      std::unique_lock lock(state->mutex);
      ++state->requests;
      if (target == "/oauth/token") {
        const int number = ++state->token_requests;
        lock.unlock();
        if (state->on_token) answer = state->on_token(number, deadline);
        response.body.assign(R"({"access_token":"tok-)" + std::to_string(number) + R"(","expires_in":3600})");
      } else if (target.starts_with("/api/v2/flows/")) {
        const int number = ++state->flow_requests;
        lock.unlock();
        if (state->on_flow) answer = state->on_flow(number, deadline);
        response.body.assign(R"({"id":")" + std::string(target.substr(14)) +
                             R"(","nodes":[{"id":"A","transitions":[{"targetId":"A"}]}]})");
      } else {
        Interaction& interaction = state->interactions[std::string(target.substr(21))];
        const bool patch = request.method == Method::patch;
        interaction.exchanges.push_back(patch ? "PATCH" : "GET");
        if (++interaction.busy != 1) ++interaction.overlaps;
        const int number = patch ? ++state->patches : 0;
        lock.unlock();
        std::this_thread::yield();  // room for those who do not keep their turn
        if (patch && state->on_patch) answer = state->on_patch(number, deadline);
        lock.lock();
        if (patch) {
          if (answer.status == 200) answer.status = apply(interaction, request);
        } else {
          response.headers.add("ETag", "\"" + std::to_string(interaction.version) + "\"");
          response.body.assign(R"({"id":")" + std::string(target.substr(21)) +
                               R"(","customAttributes":{"flow_node":"A","transition_id":")" + interaction.transition_id +
                               "\"}}");
        }
        --interaction.busy;
      }
    }
    if (answer.lost) {
      response.clear();
      return tl::unexpected(TransportError(TransportFault::reset, Delivery::maybe_sent));
    }
    response.status = answer.status;
    if (answer.retry_after) response.headers.add("Retry-After", answer.retry_after);
    if (answer.status != 200) response.body.clear();
    return {};
  }

  std::shared_ptr<State> state;

 private:
  static int apply(Interaction& interaction, const HttpRequest& patch) {
    for (const HeaderView& field : patch.headers)
      if (field.name == "If-Match" && field.value != "\"" + std::to_string(interaction.version) + "\"") return 412;
    constexpr std::string_view member = "\"transition_id\":\"";
    const std::size_t at = patch.body.find(member);
    if (at == std::string_view::npos) return 400;
    ++interaction.version;
    interaction.transition_id = patch.body.substr(at + member.size(), 36);
    interaction.applied.push_back(interaction.transition_id);
    return 200;
  }
};

Settings settings_for_threads() {
  Settings settings;
  settings.base_url = "https://api.example.com";
  settings.tokens = std::make_shared<TokenSource>(TokenSettings{
      .login_url = "https://login.example.com", .client_id = "client", .client_secret = Secret("secret")});
  settings.random = std::make_shared<RandomSource>(7);
  settings.audit_records = 100'000;
  return settings;
}

/// Retries without waits worth the name.
constexpr AttemptsLimited<ExponentialBackoff> quick_retry{
    .max_attempts = 4, .backoff = {.initial = milliseconds{1}, .cap = milliseconds{2}}};

/// Runs `work(i)` on as many threads, which all begin when the last of them is there.
template <class Work>
void on_threads(int count, Work work) {
  std::atomic<int> missing{count};
  std::vector<std::thread> threads;
  for (int i = 0; i < count; ++i)
    threads.emplace_back([&, i] {
      --missing;
      while (missing.load() != 0) std::this_thread::yield();
      work(i);
    });
  for (std::thread& each : threads) each.join();
}

/// Waits until `there()`, for at most 5 s, and then a little, for those who are on their way to their queue.
template <class There>
void wait_for(There there) {
  for (int i = 0; i < 5000 && !there(); ++i) std::this_thread::sleep_for(milliseconds{1});
  std::this_thread::sleep_for(milliseconds{20});
}
void sleep_until(SteadyTime when) { std::this_thread::sleep_until(when); }

TransitionRequest self_move(const std::string& interaction, const std::string& flow = "flow") {
  return TransitionRequest(interaction, flow, "A", "A").deadline(seconds{20});
}

}  // namespace

TEST_CASE("writes of one interaction never interleave, and each is applied exactly once", "[threads][A32][I6]") {
  ThreadedCloud cloud;
  StateTransitioner door{Policies{.transport = cloud, .retry = NoRetry{}}, settings_for_threads()};
  constexpr int each = 25;
  std::mutex mutex;
  std::map<std::string, std::set<std::string>> moved;
  on_threads(threads_at_once, [&](int) {
    for (int i = 0; i < each; ++i) {
      const std::string interaction = i % 5 == 4 ? "other" : "shared";
      const auto result = door.transition(self_move(interaction));
      const std::lock_guard lock(mutex);
      if (result && result->attempts == 1) moved[interaction].insert(result->transition_id);
    }
  });
  for (const auto& [id, interaction] : cloud.state->interactions) {
    INFO(id);
    CHECK(interaction.overlaps == 0);
    CHECK(interaction.applied.size() == (id == "other" ? 40U : 160U));
    CHECK(std::set<std::string>(interaction.applied.begin(), interaction.applied.end()) == moved[id]);
    bool alternating = true;
    for (std::size_t i = 0; i < interaction.exchanges.size(); ++i)
      alternating = alternating && interaction.exchanges[i] == (i % 2 == 0 ? "GET" : "PATCH");
    CHECK(alternating);  // each reads what the last has written
  }
  CHECK(door.metrics()[TransitionCount::conflicts] == 0);
  CHECK(cloud.state->flow_requests == 1);
  CHECK(cloud.state->token_requests == 1);
}

TEST_CASE("threads that need a token at once fetch one", "[threads][A12]") {
  ThreadedCloud cloud;
  StateTransitioner door{Policies{.transport = cloud, .retry = NoRetry{}}, settings_for_threads()};
  const auto all_there = [&] { return door.metrics()[TransitionCount::submitted] >= threads_at_once; };
  std::atomic<int> succeeded{0}, failed{0};
  // Each with a flow of its own, since otherwise they would meet at the flow already.
  const auto act = [&](int i) {
    const auto moved = door.transition(self_move("i-" + std::to_string(i), "flow-" + std::to_string(i)));
    ++(moved ? succeeded : failed);
  };
  SECTION("which serves all") {
    cloud.state->on_token = [&](int, SteadyTime) { return wait_for(all_there), ThreadedCloud::Answer{}; };
    on_threads(threads_at_once, act);
    CHECK(succeeded == threads_at_once);
    CHECK(cloud.state->token_requests == 1);
  }
  SECTION("and all who waited share its failure, while the next to come tries anew") {
    cloud.state->on_token = [&](int number, SteadyTime) {
      wait_for(all_there);
      return ThreadedCloud::Answer{.status = number == 1 ? 401 : 200};
    };
    on_threads(threads_at_once, act);
    CHECK(failed == threads_at_once);
    CHECK(cloud.state->token_requests == 1);
    CHECK(door.transition(self_move("later")));
    CHECK(cloud.state->token_requests == 2);
  }
}

TEST_CASE("nobody fails for the deadline of the one who fetches the token", "[threads][A12]") {
  ThreadedCloud cloud;
  StateTransitioner door{Policies{.transport = cloud, .retry = NoRetry{}}, settings_for_threads()};
  std::atomic<bool> leading{false};
  cloud.state->on_token = [&](int number, SteadyTime deadline) {
    if (number != 1) return ThreadedCloud::Answer{};
    leading = true;
    sleep_until(deadline);  // no answer comes
    return ThreadedCloud::Answer{.lost = true};
  };
  std::atomic<int> succeeded{0};
  on_threads(threads_at_once, [&](int i) {
    const std::string name = std::to_string(i);
    if (i == 0) {
      const auto moved = door.transition(self_move("i-0", "flow-0").deadline(milliseconds{300}));
      CHECK_FALSE(moved);
      return;
    }
    while (!leading) std::this_thread::yield();
    if (door.transition(self_move("i-" + name, "flow-" + name))) ++succeeded;
  });
  CHECK(succeeded == threads_at_once - 1);
  CHECK(cloud.state->token_requests == 2);
}

TEST_CASE("threads that need one flow at once fetch it once", "[threads][A26]") {
  ThreadedCloud cloud;
  StateTransitioner door{Policies{.transport = cloud, .retry = quick_retry}, settings_for_threads()};
  const auto all_there = [&] { return door.metrics()[TransitionCount::submitted] >= threads_at_once; };
  std::atomic<int> succeeded{0}, not_found{0};
  SECTION("which serves all") {
    cloud.state->on_flow = [&](int, SteadyTime) { return wait_for(all_there), ThreadedCloud::Answer{}; };
    on_threads(threads_at_once, [&](int i) {
      if (door.transition(self_move("i-" + std::to_string(i)))) ++succeeded;
    });
    CHECK(succeeded == threads_at_once);
    CHECK(cloud.state->flow_requests == 1);
  }
  SECTION("and all who waited share its failure") {
    cloud.state->on_flow = [&](int, SteadyTime) { return wait_for(all_there), ThreadedCloud::Answer{.status = 404}; };
    on_threads(threads_at_once, [&](int i) {
      const auto moved = door.transition(self_move("i-" + std::to_string(i)));
      if (!moved && moved.error().code() == ErrorCode::not_found) ++not_found;
    });
    CHECK(not_found == threads_at_once);
    CHECK(cloud.state->flow_requests == 1);
  }
  SECTION("and nobody fails because the one who fetches has no time for the server's wait") {
    std::atomic<bool> leading{false};
    cloud.state->on_flow = [&](int number, SteadyTime) {
      if (number != 1) return ThreadedCloud::Answer{};
      leading = true;
      wait_for(all_there);
      return ThreadedCloud::Answer{.status = 503, .retry_after = "9"};
    };
    on_threads(threads_at_once, [&](int i) {
      if (i == 0) {
        CHECK_FALSE(door.transition(self_move("i-0").deadline(seconds{8})));
        return;
      }
      while (!leading) std::this_thread::yield();
      if (door.transition(self_move("i-" + std::to_string(i)))) ++succeeded;
    });
    CHECK(succeeded == threads_at_once - 1);
    CHECK(cloud.state->flow_requests == 2);
  }
}

TEST_CASE("counts are conserved and audit records have no gap, whatever becomes of the writes", "[threads][I24][A28]") {
  ThreadedCloud cloud;
  StateTransitioner door{Policies{.transport = cloud, .retry = quick_retry}, settings_for_threads()};
  cloud.state->on_patch = [](int number, SteadyTime) {
    switch (number % 7) {
      case 1:
        return ThreadedCloud::Answer{.status = 422};
      case 3:
        return ThreadedCloud::Answer{.status = 200, .lost = true};  // applied, and nobody hears of it
      case 5:
        return ThreadedCloud::Answer{.status = 503};
      default:
        return ThreadedCloud::Answer{};
    }
  };
  constexpr int each = 20;
  std::atomic<std::uint64_t> applied{0}, not_applied{0}, unknown{0}, backwards{0};
  std::atomic<bool> over{false};
  // Somebody looks at the counts all the time: they never go back, and no end is counted before its beginning.
  std::thread watcher([&] {
    std::uint64_t last = 0;
    while (!over) {
      const auto seen = door.metrics();
      if (seen.settled() < last || seen[TransitionCount::submitted] < seen.settled()) ++backwards;
      last = seen.settled();
      (void)door.audit_log();
      std::this_thread::sleep_for(milliseconds{2});
    }
  });
  on_threads(threads_at_once, [&](int thread) {
    for (int i = 0; i < each; ++i) {
      const auto moved = door.transition(self_move(i % 2 == 0 ? "shared" : "own-" + std::to_string(thread)));
      if (moved)
        ++applied;
      else if (moved.error().outcome() == Outcome::not_applied)
        ++not_applied;
      else
        ++unknown;
    }
  });
  over = true;
  watcher.join();
  const auto metrics = door.metrics();
  CHECK(backwards == 0);
  CHECK(metrics[TransitionCount::submitted] == threads_at_once * each);
  CHECK(metrics[TransitionCount::succeeded] == applied);
  CHECK(metrics[TransitionCount::not_applied] == not_applied);
  CHECK(metrics[TransitionCount::unknown] == unknown);
  CHECK(metrics.pending() == 0);
  CHECK(metrics.operation.count == threads_at_once * each);
  CHECK(metrics[TransitionCount::patch_attempts] == static_cast<std::uint64_t>(cloud.state->patches));
  CHECK(metrics.attempt.count == static_cast<std::uint64_t>(cloud.state->patches));
  CHECK(metrics[ExchangeCount::requests] == static_cast<std::uint64_t>(cloud.state->requests));
  CHECK(metrics.exchange.count == static_cast<std::uint64_t>(cloud.state->requests));
  CHECK((applied > 0 && not_applied > 0));
  std::uint64_t written = 0;
  for (const auto& [id, interaction] : cloud.state->interactions) {
    written += interaction.applied.size();
    CHECK(std::set<std::string>(interaction.applied.begin(), interaction.applied.end()).size() ==
          interaction.applied.size());
    CHECK(interaction.overlaps == 0);
  }
  CHECK(written >= applied);
  CHECK(written <= applied + unknown);  // what is called not applied is not applied

  const auto audit = door.audit_log();
  std::map<std::string, int> terminals;
  std::uint64_t attempts = 0, out_of_order = 0;
  for (std::size_t i = 0; i < audit.size(); ++i) {
    if (audit[i].sequence != i + 1) ++out_of_order;
    if (audit[i].kind == AuditKind::operation)
      ++terminals[audit[i].operation_id];
    else
      ++attempts;
  }
  CHECK(out_of_order == 0);
  CHECK(attempts == metrics[TransitionCount::patch_attempts]);
  CHECK(terminals.size() == threads_at_once * each);
  for (const auto& [id, count] : terminals) CHECK(count == 1);
}
