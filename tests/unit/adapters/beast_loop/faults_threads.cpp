// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// What goes wrong around a pool: a resolver that hangs, hosts that fail, memory that runs out. Of its own program, for
// it replaces the resolver.
#include <array>
#include <atomic>
#include <cstring>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>

#include <dlfcn.h>
#include <netdb.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/connect_pair.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/write.hpp>

#include <support/catch.hpp>

// The allocation functions cannot be replaced where the thread sanitizer brings its own.
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define PATCHBAY_TEST_OWN_MEMORY
#endif
#endif
#if defined(__SANITIZE_THREAD__)
#define PATCHBAY_TEST_OWN_MEMORY
#endif
#if !defined(PATCHBAY_TEST_OWN_MEMORY)
#include <support/failing_memory.hpp>
#endif

#include <patchbay/beast/transport.hpp>

#include "../suite/exchange.hpp"
#include "../suite/raw_websocket.hpp"

// What getaddrinfo remembers of the machine's addresses is guarded by a lock inside glibc, of which the thread sanitizer knows
// nothing: look-ups in several threads look like a race to it.
extern "C" const char* __tsan_default_suppressions() { return "race:__check_pf\n"; }

using namespace patchbay;
using namespace patchbay::test;

namespace {

std::atomic<bool> resolver_hangs{false};
std::atomic<int> lookups_begun{0};
std::atomic<int> lookups_under_way{0};
std::atomic<int> lookups_that_fail{0};

/// While it lives, names below `hanging.patchbay.test` are not resolved.
struct ResolverHangs {
  ResolverHangs() { resolver_hangs = true; }
  ResolverHangs(const ResolverHangs&) = delete;
  ResolverHangs& operator=(const ResolverHangs&) = delete;
  ~ResolverHangs() { release(); }
  void release() {
    resolver_hangs = false;
    static_cast<void>(eventually([] { return lookups_under_way == 0; }));
  }
};

}  // namespace

// The resolver of the C library, except for the names of these tests: they are this machine, once it does not hang.
extern "C" int getaddrinfo(const char* node, const char* service, const addrinfo* hints, addrinfo** out) {
  using Real = int (*)(const char*, const char*, const addrinfo*, addrinfo**);
  const auto real = reinterpret_cast<Real>(::dlsym(RTLD_NEXT, "getaddrinfo"));
  const std::string_view name(node ? node : "");
  if (!name.ends_with(".patchbay.test")) return real(node, service, hints, out);
  ++lookups_under_way;
  ++lookups_begun;
  const bool fails = lookups_that_fail > 0 && lookups_that_fail-- > 0;
  while (!fails && resolver_hangs && name.ends_with("hanging.patchbay.test"))
    std::this_thread::sleep_for(milliseconds(1));
  const int error = fails ? EAI_NONAME : real("127.0.0.1", service, hints, out);
  --lookups_under_way;
  return error;
}

namespace {

/// One exchange, and how it ended.
class Call final : public Receiver<TransportResult<void>> {
 public:
  explicit Call(const Endpoint& at, Method method = Method::get, std::string_view body = {})
      : endpoint(at), request(method, endpoint, "/") {
    endpoint.allow_plain_text();
    request.body = body;
  }
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;
  ~Call() = default;
  ExchangeId begin(beast::Transport& transport, SteadyTime deadline = soon()) {
    return id = transport.send(request, response, deadline, Completion<TransportResult<void>>(*this));
  }
  void complete(TransportResult<void> how) noexcept override {
    if (ended()) std::abort();
    result.emplace(std::move(how));
    if (then) then();
  }
  void abandoned() noexcept override {
    if (ended()) std::abort();
    was_abandoned = true;
  }
  [[nodiscard]] bool ended() const noexcept { return result || was_abandoned; }
  [[nodiscard]] bool good() const { return result && *result; }
  [[nodiscard]] bool failed(TransportFault fault, Delivery delivery) const {
    return result && !*result && result->error().fault == fault && result->error().delivery == delivery;
  }

  Endpoint endpoint;
  HttpRequest request;
  HttpResponse response;
  std::optional<TransportResult<void>> result;
  bool was_abandoned = false;
  ExchangeId id = 0;
  std::function<void()> then;
};

struct Opened final : Receiver<TransportResult<beast::AsyncChannel>> {
  void complete(TransportResult<beast::AsyncChannel> r) noexcept override {
    if (result) std::abort();
    result.emplace(std::move(r));
  }
  void abandoned() noexcept override {}
  std::optional<TransportResult<beast::AsyncChannel>> result;
};

template <class Condition>
void run_until(boost::asio::io_context& loop, Condition condition) {
  for (const SteadyTime end = soon(); !condition() && std::chrono::steady_clock::now() < end;) {
    loop.restart();
    loop.run_for(milliseconds(1));
  }
}

/// Runs it to the end of its work; says whether there is one.
bool comes_to_rest(boost::asio::io_context& loop) {
  loop.restart();
  loop.run_for(seconds(6));
  return loop.stopped();
}

Endpoint name_of(std::string_view host, std::uint16_t port) {
  return endpoint_of("http://" + std::string(host) + ".patchbay.test:" + std::to_string(port));
}

std::uint16_t unused_port() {
  const RawPeer gone(serve({}));
  return gone.port();
}

/// Leaves as many look-ups behind as may be.
void exhaust_lookups() {
  boost::asio::io_context loop;
  beast::Transport transport(loop);
  std::deque<Call> calls;
  for (int i = 0; i < 20; ++i) calls.emplace_back(name_of(std::to_string(i) + ".hanging", 1)).begin(transport);
  for (Call& call : calls) transport.cancel(call.id);
  loop.run();
}

}  // namespace

TEST_CASE("a look-up that was left before its end was heard of says nothing about the next one",
          "[beast][pool][resolve]") {
  ResolverHangs hangs;
  RawPeer peer(serve(answer("x")));
  boost::asio::io_context loop;
  {
    beast::Transport transport(loop);
    Call first(name_of("hanging", peer.port()));
    Call second(first.endpoint);
    lookups_that_fail = 1;
    const int begun = lookups_begun;
    first.begin(transport);
    REQUIRE(eventually([&] { return lookups_begun > begun && lookups_under_way == 0; }));
    std::this_thread::sleep_for(milliseconds(20));  // its end is announced to the loop, which does not run yet
    transport.cancel(first.id);
    second.begin(transport);
    run_until(loop, [&] { return first.result.has_value(); });
    loop.restart();
    loop.poll();
    REQUIRE_FALSE(second.result);
    SECTION("and the next one ends well") {
      hangs.release();
      run_until(loop, [&] { return second.result.has_value(); });
      CHECK(second.good());
    }
    SECTION("and the next one may outlive everybody") { transport.cancel(second.id); }
    CHECK(comes_to_rest(loop));
  }
}

TEST_CASE("an opening that is cancelled when its connection stands ready ends once", "[beast][pool][channel]") {
  ResolverHangs hangs;
  RawPeer peer(serve(answer("x")));
  boost::asio::io_context loop;
  beast::Transport transport(loop);
  Call first(name_of("hanging", 1));
  Opened opened;
  HttpResponse refusal;
  Endpoint endpoint = endpoint_of(peer.url());
  const ChannelRequest request(endpoint, "/");
  // In one turn of the loop the first is cancelled and the connection is made; the first's end comes first.
  boost::asio::local::stream_protocol::socket one(loop);
  boost::asio::local::stream_protocol::socket two(loop);
  boost::asio::local::connect_pair(one, two);
  one.async_wait(boost::asio::socket_base::wait_read, [&](auto) { transport.cancel(first.id); });
  first.begin(transport);
  loop.poll();
  boost::asio::write(two, boost::asio::buffer("!", 1));
  const ExchangeId id =
      transport.open(request, refusal, soon(), Completion<TransportResult<beast::AsyncChannel>>(opened));
  first.then = [&] { transport.cancel(id); };
  std::this_thread::sleep_for(milliseconds(20));
  run_until(loop, [&] { return opened.result.has_value(); });
  REQUIRE(opened.result);
  CHECK(opened.result->error().fault == TransportFault::cancelled);
  std::deque<Call> calls;
  std::set<ExchangeId> places;
  for (int i = 0; i < 4; ++i) places.insert(calls.emplace_back(endpoint).begin(transport) & 0xffffff);
  CHECK(places.size() == 4);
  CHECK(comes_to_rest(loop));
  for (const Call& call : calls) CHECK(call.good());
}

TEST_CASE("an attempt that fails within the call ends its exchange, and leaves the loop no work", "[beast][pool][faults]") {
  ResolverHangs hangs;
  boost::asio::io_context loop;
  beast::PoolOptions options;
  Endpoint endpoint = name_of("other", 1);
  TransportFault fault = TransportFault::resolve;
  SECTION("no look-up can be begun") { exhaust_lookups(); }
  SECTION("there is no time to connect") {
    options.connect_timeout = milliseconds(0);
    endpoint = endpoint_of("http://127.0.0.1:1");
    fault = TransportFault::timed_out;
  }
  endpoint.allow_plain_text();
  beast::Transport transport(loop, options);
  std::deque<Call> calls;
  for (int i = 0; i < 3; ++i) calls.emplace_back(endpoint).begin(transport, never);
  Opened opened;
  HttpResponse refusal;
  const ChannelRequest request(endpoint, "/");
  transport.open(request, refusal, never, Completion<TransportResult<beast::AsyncChannel>>(opened));
  CHECK_FALSE(calls.front().result);  // on the loop, not within the call
  CHECK(comes_to_rest(loop));
  for (const Call& call : calls) CHECK(call.failed(fault, Delivery::not_sent));
  REQUIRE(opened.result);
  CHECK(opened.result->error().fault == fault);
}

TEST_CASE("what finds that no further attempt can be begun waits for the connections there are", "[beast][pool][faults]") {
  std::atomic<bool> stalls{true};
  std::atomic<int> asked{0};
  RawPeer peer([&](PeerConnection& c) {
    while (!c.read_request().empty()) {
      ++asked;
      static_cast<void>(eventually([&] { return !stalls; }));
      c.write(answer("x"));
    }
  });
  boost::asio::io_context loop;
  beast::Transport transport(loop);
  Call first(name_of("here", peer.port()));
  first.begin(transport);
  run_until(loop, [&] { return asked == 1; });
  ResolverHangs hangs;
  exhaust_lookups();
  Call second(first.endpoint);
  second.begin(transport);
  CHECK_FALSE(second.result);
  stalls = false;
  CHECK(comes_to_rest(loop));
  CHECK(first.good());
  CHECK(second.good());
}

TEST_CASE("a host gets the connection that another's failure set free", "[beast][pool][bounds]") {
  RawPeer cuts([](PeerConnection& c) { static_cast<void>(c.read_request()); });
  RawPeer stalls([](PeerConnection& c) { c.drain(); });
  RawPeer healthy(serve(answer("x")));
  const std::string refuses = "http://127.0.0.1:" + std::to_string(unused_port());
  for (const std::string way : {"cut", "refused", "cancelled", "late", "closed"}) {
    INFO(way);
    boost::asio::io_context loop;
    beast::PoolOptions options;
    options.max_connections = 1;
    beast::Transport transport(loop, options);
    const bool holds = way == "cancelled" || way == "late";
    std::deque<Call> failing;
    const Endpoint bad = endpoint_of(way == "refused" ? refuses
                                     : way == "cut"   ? cuts.url()
                                     : holds          ? stalls.url()
                                                      : healthy.url());
    for (int i = 0; i < (holds ? 1 : 3); ++i)
      failing.emplace_back(bad).begin(transport, way == "late" ? in(milliseconds(50)) : soon());
    std::deque<Call> others;
    for (int i = 0; i < 2; ++i) others.emplace_back(endpoint_of(healthy.url())).begin(transport, never);
    if (way == "cancelled") {
      loop.run_for(milliseconds(20));
      transport.cancel(failing.front().id);
    }
    run_until(loop, [&] { return others.front().result && others.back().result; });
    for (const Call& call : others) CHECK(call.good());
    CHECK(comes_to_rest(loop));
    for (const Call& call : failing) CHECK(call.ended());
  }
}

TEST_CASE("of the kept connections the one that was idle for longest is closed, whosever it is", "[beast][pool][idle]") {
  RawPeer one(serve(answer("x")));
  RawPeer two(serve(answer("x")));
  boost::asio::io_context loop;
  beast::PoolOptions options;
  options.max_idle_connections = 1;
  beast::Transport transport(loop, options);
  for (RawPeer* peer : {&one, &two, &two}) {
    Call call(endpoint_of(peer->url()));
    call.begin(transport);
    REQUIRE(comes_to_rest(loop));
    CHECK(call.good());
  }
  CHECK(two.connections() == 1);
  CHECK(two.open() == 1);
  CHECK(eventually([&] { return one.open() == 0; }));
}

#if !defined(PATCHBAY_TEST_OWN_MEMORY)
TEST_CASE("an exchange ends once and truthfully when memory runs out", "[beast][pool][memory]") {
  std::atomic<int> seen{0};
  RawPeer peer([&](PeerConnection& c) {
    while (!c.read_request().empty()) {
      ++seen;
      c.write(answer("x"));
    }
  });
  Endpoint endpoint = endpoint_of(peer.url());
  for (const bool stays_out : {false, true})
    for (const bool kept : {false, true})
      for (long spared = 0;; ++spared) {
        INFO("after " << spared << " allocations, " << (kept ? "over a kept connection" : "over a new one"));
        boost::asio::io_context loop;
        beast::Transport transport(loop);
        if (kept) {
          Call before(endpoint);
          before.begin(transport);
          REQUIRE(comes_to_rest(loop));
          REQUIRE(before.good());
        }
        std::deque<Call> calls;
        for (int i = 0; i < 3; ++i) calls.emplace_back(endpoint);
        const int seen_before = seen;
        memory_ran_out = false;
        memory_stays_out = stays_out;
        spared_allocations = spared;
        try {
          for (Call& call : calls) call.begin(transport, never);
        } catch (const std::bad_alloc&) {
        }
        spared_allocations = -1;
        memory_stays_out = false;
        const bool ran_out = memory_ran_out;
        Call after(endpoint);
        after.begin(transport);
        REQUIRE(comes_to_rest(loop));
        CHECK(after.good());
        int good = 0;
        int unsent = 0;
        for (const Call& call : calls) {
          if (call.id != 0) CHECK(call.ended());
          if (call.good()) ++good;
          if (call.result && !call.good() && call.result->error().delivery == Delivery::not_sent) ++unsent;
        }
        CHECK(seen - seen_before >= good + 1);
        CHECK(seen - seen_before <= 4 - unsent);
        if (!ran_out) break;
      }
}
#endif
