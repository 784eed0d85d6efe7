// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// Memory runs out at each allocation of an operation in turn. Whatever breaks: the outcome is true, the operation is
// counted once, and nothing escapes from the door once it was submitted.
#include <cstdlib>
#include <new>

#include "door.hpp"

#include <support/catch.hpp>

namespace {

// How many allocations this thread may still make; none are counted while it is negative.
thread_local long allowed = -1;
thread_local bool ran_out = false;

bool refuse() noexcept {
  if (allowed < 0 || --allowed >= 0) return false;
  ran_out = true;
  return true;
}

}  // namespace

// Replaced for this program. The variants that do not throw never fail: simdjson 3.0 does not look at what they return.
// All forms together, since memory of one may not go to another's delete; not inlined, since g++ 12 then takes them for
// mismatched.
[[gnu::noinline]] void* operator new(std::size_t size) {
  if (refuse()) throw std::bad_alloc();
  if (void* const memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void* operator new[](std::size_t size) { return operator new(size); }
[[gnu::noinline]] void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return std::malloc(size == 0 ? 1 : size); }
[[gnu::noinline]] void* operator new[](std::size_t size, const std::nothrow_t&) noexcept { return std::malloc(size == 0 ? 1 : size); }
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete[](void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, const std::nothrow_t&) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete[](void* memory, const std::nothrow_t&) noexcept { std::free(memory); }

using namespace patchbay;
using namespace patchbay::tests;

namespace {

/// A cloud with one interaction, whose own memory never runs out, and which may lose the answers to writes.
class LossyCloud {
 public:
  LossyCloud(ScriptedTransport tokens_and_flows, bool loses) : rest_(std::move(tokens_and_flows)), loses_(loses) {}

  TransportResult<void> send(const HttpRequest& request, HttpResponse& response, SteadyTime deadline) {
    const Plenty plenty;
    if (request.name == "token.post" || request.name == "flow.get") return rest_.send(request, response, deadline);
    response.clear();
    response.status = 200;
    if (request.name == "interaction.patch") {
      *applied_ = true;
      id_ = request.body.substr(request.body.find("\"transition_id\":\"") + 17, 36);
      if (loses_) return tl::unexpected(TransportError(TransportFault::reset, Delivery::maybe_sent));
      response.headers.add("inin-correlation-id", "an id that is longer than the room which a short string has");
    } else if (request.name == "interaction.get") {
      response.headers.add("ETag", *applied_ ? "\"2\"" : "\"1\"");
      response.body.assign(Fixture::body(*applied_ ? "BillingInquiry" : "MainMenu", id_));
    }
    return {};
  }
  [[nodiscard]] std::shared_ptr<bool> applied() const { return applied_; }

 private:
  class Plenty {
   public:
    Plenty() noexcept : before_(std::exchange(allowed, -1)) {}
    Plenty(const Plenty&) = delete;
    Plenty& operator=(const Plenty&) = delete;
    ~Plenty() { allowed = before_; }

   private:
    long before_;
  };
  ScriptedTransport rest_;
  bool loses_;
  std::shared_ptr<bool> applied_ = std::make_shared<bool>(false);
  std::string id_;
};

/// Moves an interaction while the allocation behind `spared` others fails. True when none was left to fail.
bool move_with(long spared, bool loses, bool cold) {
  Fixture f;
  f.settings.transition.webhook.url = "https://crm.example.com/hook";
  LossyCloud cloud(f.cloud, loses);
  const auto applied = cloud.applied();
  StateTransitioner door{Policies{.transport = cloud, .clock = f.clock}, f.settings};
  if (!cold) REQUIRE(door.flow(flow_id));
  const auto request = f.request().text("customer_tier", "enterprise").text("routing_metadata", R"({"queue":"billing_team"})");
  ran_out = false;
  allowed = spared;
  std::optional<Result<TransitionResult>> moved;
  try {
    moved.emplace(door.transition(request));
    allowed = -1;
  } catch (const std::bad_alloc&) {
    allowed = -1;
  }
  const auto metrics = door.metrics();
  CHECK(metrics.pending() == 0);
  if (!moved) {  // there was no memory to begin with
    CHECK(metrics[TransitionCount::submitted] == 0);
    CHECK_FALSE(*applied);
    return false;
  }
  if (*moved) CHECK(*applied);
  if (!*moved && moved->error().outcome() == Outcome::not_applied) CHECK_FALSE(*applied);
  CHECK(metrics.settled() == 1);
  std::size_t ends = 0;
  for (const AuditRecord& record : door.audit_log()) ends += record.kind == AuditKind::operation ? 1 : 0;
  CHECK(ends + metrics[TransitionCount::audit_failures] >= 1);
  return !ran_out;
}

}  // namespace

TEST_CASE("memory that runs out at any point leaves the outcome true and the operation counted once", "[faults][I4][I24]") {
  const bool loses = GENERATE(false, true);
  const bool cold = GENERATE(false, true);
  CAPTURE(loses, cold);
  long spared = 0;
  while (!move_with(spared, loses, cold)) {
    ++spared;
    REQUIRE(spared < 10'000);
  }
  CHECK(spared > 10);
}
