// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <array>
#include <atomic>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <fcntl.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/strand.hpp>

#include <support/catch.hpp>

#include <patchbay/beast/impl/tls_engine.hpp>
#include <patchbay/beast/transport.hpp>

#include "../suite/exchange.hpp"
#include "../suite/raw_websocket.hpp"
#include "../suite/tls_peer.hpp"

using namespace patchbay;
using namespace patchbay::test;

namespace {

/// One exchange, and how it ended.
class Call final : public Receiver<TransportResult<void>> {
 public:
  explicit Call(const Endpoint& endpoint, Method method = Method::get, std::string_view body = {})
      : request(method, endpoint, "/api/v2/interactions/1") {
    request.body = body;
  }
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;
  ~Call() = default;

  ExchangeId begin(beast::Transport& transport, SteadyTime deadline = soon()) {
    within = true;
    id = transport.send(request, response, deadline, Completion<TransportResult<void>>(*this));
    within = false;
    return id;
  }
  void complete(TransportResult<void> how) noexcept override {
    if (within || result || was_abandoned) std::abort();  // within the call, or twice
    result.emplace(std::move(how));
    if (order) order->push_back(this);
  }
  void abandoned() noexcept override {
    if (result || was_abandoned) std::abort();
    was_abandoned = true;
  }
  [[nodiscard]] bool failed(TransportFault fault, Delivery delivery) const {
    return result && !*result && result->error().fault == fault && result->error().delivery == delivery;
  }

  HttpRequest request;
  HttpResponse response;
  std::optional<TransportResult<void>> result;
  bool was_abandoned = false;
  bool within = false;
  ExchangeId id = 0;
  std::vector<const Call*>* order = nullptr;
};

/// Accepts no connection: whoever connects waits.
class Unreachable {
 public:
  Unreachable() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    sockaddr* const generic = static_cast<sockaddr*>(static_cast<void*>(&address));
    if (::bind(listener_, generic, size) != 0 || ::listen(listener_, 0) != 0 ||
        ::getsockname(listener_, generic, &size) != 0)
      std::abort();
    port_ = ntohs(address.sin_port);
    for (int& fd : fillers_) {  // the queue of those that were not accepted is full then
      fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
      static_cast<void>(::connect(fd, generic, size));
    }
  }
  Unreachable(const Unreachable&) = delete;
  Unreachable& operator=(const Unreachable&) = delete;
  ~Unreachable() {
    for (const int fd : fillers_) ::close(fd);
    ::close(listener_);
  }
  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }

 private:
  int listener_;
  std::uint16_t port_ = 0;
  std::array<int, 4> fillers_{};
};

beast::PoolOptions with(std::size_t per_host, std::size_t all = 256, std::size_t waiting = 1000) {
  beast::PoolOptions options;
  options.max_connections_per_host = per_host;
  options.max_connections = all;
  options.max_waiting = waiting;
  return options;
}

/// Where an exchange can be when something happens to it.
struct Stage {
  const char* name;
  Delivery delivery;
  bool tls;
};
constexpr Stage stages[] = {{"begun", Delivery::not_sent, false},      {"waiting", Delivery::not_sent, false},
                            {"resolving", Delivery::not_sent, false},  {"connecting", Delivery::not_sent, false},
                            {"shaking hands", Delivery::not_sent, true}, {"writing", Delivery::maybe_sent, false},
                            {"reading", Delivery::maybe_sent, false},  {"reading a body", Delivery::maybe_sent, false}};

/// An exchange that is brought to a stage and stays there.
struct Staged {
  explicit Staged(const Stage& stage) : name(stage.name) {
    options.max_connections_per_host = 1;
    transport.emplace(*loop, options);
    endpoint = endpoint_of(name == "resolving"    ? "http://hangs.patchbay.test:1"
                           : name == "connecting" ? unreachable.url()
                                                  : peer.url(stage.tls ? "https" : "http"));
    endpoint.allow_plain_text();
    if (name == "waiting") {
      before.emplace(endpoint);
      before->begin(*transport);
      run_until([this] { return asked > 0; });
    }
    const bool writes = name == "writing";
    call.emplace(endpoint, writes ? Method::post : Method::get, writes ? std::string_view(large) : std::string_view());
    call->begin(*transport);
    if (name == "reading" || name == "reading a body") run_until([this] { return asked > 0; });
    if (name == "writing") run_until([this] { return peer.connections() > 0; });
    if (name != "begun") loop->run_for(milliseconds(30));
  }
  template <class Condition>
  void run_until(Condition condition) {
    for (const SteadyTime end = soon(); !condition() && std::chrono::steady_clock::now() < end;)
      loop->run_for(milliseconds(1));
  }

  std::string name;
  std::string large = std::string(std::size_t{32} << 20, 'x');
  std::atomic<int> asked{0};
  RawPeer peer{[this](PeerConnection& c) {
    if (name == "writing") return c.stall();
    static_cast<void>(c.read_request());
    ++asked;
    if (name == "reading a body") c.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
    c.drain();
  }};
  Unreachable unreachable;
  beast::PoolOptions options;
  std::unique_ptr<boost::asio::io_context> loop = std::make_unique<boost::asio::io_context>();
  std::optional<beast::Transport> transport;
  Endpoint endpoint = endpoint_of("http://127.0.0.1");
  std::optional<Call> before;
  std::optional<Call> call;
};

}  // namespace

TEST_CASE("what waits for a connection is served in its order, over no more connections than allowed",
          "[beast][pool][bounds]") {
  for (const std::size_t connections : {1u, 3u}) {
    RawPeer peer(serve(answer("x")));
    boost::asio::io_context loop;
    beast::Transport transport(loop, with(connections));
    const Endpoint endpoint = endpoint_of(peer.url());
    std::vector<const Call*> order;
    std::deque<Call> calls;
    for (int i = 0; i < 20; ++i) {
      calls.emplace_back(endpoint).order = &order;
      calls.back().begin(transport);
    }
    CHECK(order.empty());
    loop.run();  // returns by itself: kept connections are no work
    REQUIRE(order.size() == 20);
    CHECK(static_cast<std::size_t>(peer.connections()) <= connections);
    for (std::size_t i = 0; i < 20; ++i) {
      CHECK(*calls[i].result);
      if (connections == 1) CHECK(order[i] == &calls[i]);
    }
  }
}

TEST_CASE("an exchange that finds too many waiting is told so, and has not been sent", "[beast][pool][bounds]") {
  RawPeer peer(serve(answer("x")));
  boost::asio::io_context loop;
  beast::Transport transport(loop, with(1, 256, 2));
  const Endpoint endpoint = endpoint_of(peer.url());
  std::deque<Call> calls;
  for (int i = 0; i < 5; ++i) calls.emplace_back(endpoint).begin(transport);
  loop.run();
  CHECK(*calls[0].result);
  CHECK(*calls[1].result);
  for (std::size_t i = 2; i < 5; ++i) CHECK(calls[i].failed(TransportFault::queue_full, Delivery::not_sent));
  Call later(endpoint);  // there is room again
  later.begin(transport);
  loop.restart();
  loop.run();
  CHECK(*later.result);
}

TEST_CASE("hosts share the bound of all connections, and none of them waits for ever", "[beast][pool][bounds]") {
  RawPeer one(serve(answer("one")));
  RawPeer two(serve(answer("two")));
  boost::asio::io_context loop;
  beast::Transport transport(loop, with(4, 2));
  const Endpoint first = endpoint_of(one.url());
  const Endpoint second = endpoint_of(two.url());
  std::deque<Call> calls;
  for (int i = 0; i < 30; ++i) calls.emplace_back(i == 10 || i == 29 ? second : first).begin(transport);
  loop.run();
  for (int i = 0; i < 30; ++i) {
    REQUIRE(*calls[static_cast<std::size_t>(i)].result);
    CHECK(calls[static_cast<std::size_t>(i)].response.body.view() == (i == 10 || i == 29 ? "two" : "one"));
  }
  Call again(second);  // an idle connection to the other host makes room
  again.begin(transport);
  loop.restart();
  loop.run();
  CHECK(*again.result);
  CHECK(eventually([&] { return one.open() + two.open() <= 2; }));
}

TEST_CASE("exchanges to a host that refuses each fail with the reason", "[beast][pool][faults]") {
  std::uint16_t unused = 0;
  {
    const RawPeer gone(serve({}));
    unused = gone.port();
  }
  boost::asio::io_context loop;
  beast::Transport transport(loop, with(2));
  const Endpoint endpoint = endpoint_of("http://127.0.0.1:" + std::to_string(unused));
  std::deque<Call> calls;
  for (int i = 0; i < 50; ++i) calls.emplace_back(endpoint).begin(transport);
  loop.run();
  for (const Call& call : calls) CHECK(call.failed(TransportFault::connect, Delivery::not_sent));
}

TEST_CASE("an exchange that is cancelled ends soon, with the truth, wherever it is", "[beast][pool][cancel]") {
  for (const Stage& stage : stages) {
    INFO(stage.name);
    Staged s(stage);
    REQUIRE_FALSE(s.call->result);
    s.transport->cancel(s.call->id);
    s.transport->cancel(s.call->id);
    REQUIRE_FALSE(s.call->result);  // on the loop, not within the call
    s.run_until([&] { return s.call->result.has_value(); });
    CHECK(s.call->failed(TransportFault::cancelled, stage.delivery));
    s.transport->cancel(s.call->id);  // of no effect any more
    if (s.before) s.transport->cancel(s.before->id);
    s.loop->restart();
    s.loop->run();  // returns: nothing is left behind
  }
}

TEST_CASE("an exchange whose deadline passes says so, with the truth, wherever it is", "[beast][pool][deadline]") {
  for (const Stage& stage : stages) {
    if (std::string_view(stage.name) == "begun") continue;
    INFO(stage.name);
    Staged s(stage);
    Call late(s.endpoint, s.call->request.method, s.call->request.body);
    s.transport->cancel(s.call->id);
    if (s.before && stage.name != std::string_view("waiting")) s.transport->cancel(s.before->id);
    const int connections = s.peer.connections();
    late.begin(*s.transport, in(milliseconds(60)));
    s.run_until([&] { return late.result.has_value(); });
    // On a machine that is too busy it does not come as far as to the peer.
    const bool stuck_before =
        s.peer.connections() == connections && late.failed(TransportFault::timed_out, Delivery::not_sent);
    // What waits for a connection that others use has learnt nothing of the host.
    const auto fault = s.before ? TransportFault::queue_full : TransportFault::timed_out;
    CHECK((late.failed(fault, stage.delivery) || stuck_before));
    if (s.before) s.transport->cancel(s.before->id);
    s.loop->restart();
    s.loop->run();
  }
}

TEST_CASE("a loop that ends abandons what is under way, wherever it is", "[beast][pool][lifetime]") {
  for (const Stage& stage : stages) {
    INFO(stage.name);
    Staged s(stage);
    s.loop.reset();
    CHECK(s.call->was_abandoned);
    if (s.before) CHECK(s.before->was_abandoned);
    Call late(s.endpoint);  // a transport without a loop does nothing
    late.begin(*s.transport);
    CHECK(late.was_abandoned);
    s.transport->cancel(s.call->id);
    s.transport->close_idle();
  }
}

TEST_CASE("exchanges end although the last handle of their transport has gone", "[beast][pool][lifetime]") {
  RawPeer peer(serve(answer("x")));
  boost::asio::io_context loop;
  auto transport = std::make_optional<beast::Transport>(loop, with(1));
  beast::Transport copy = *transport;
  const Endpoint endpoint = endpoint_of(peer.url());
  std::deque<Call> calls;
  for (int i = 0; i < 3; ++i) calls.emplace_back(endpoint).begin(i == 1 ? copy : *transport);
  copy = beast::Transport(loop);
  transport.reset();
  loop.run();
  for (const Call& call : calls) CHECK(*call.result);
  CHECK(peer.connections() == 1);  // copies share one pool
}

TEST_CASE("kept connections are closed when their time is over, or when they are not wanted", "[beast][pool][idle]") {
  RawPeer peer(serve(answer("x")));
  const Endpoint endpoint = endpoint_of(peer.url());
  boost::asio::io_context loop;
  beast::PoolOptions options;
  options.idle_timeout = milliseconds(20);
  SECTION("watched") {
    options.watch_idle_connections = true;
    beast::Transport transport(loop, options);
    Call call(endpoint);
    call.begin(transport);
    const SteadyTime begun = std::chrono::steady_clock::now();
    loop.run();  // until the connection was closed
    CHECK(std::chrono::steady_clock::now() - begun >= milliseconds(20));
    CHECK(eventually([&] { return peer.open() == 0; }));
  }
  SECTION("not watched") {
    options.idle_timeout = seconds(60);
    beast::Transport transport(loop, options);
    Call call(endpoint);
    call.begin(transport);
    loop.run();
    CHECK(peer.open() == 1);
    transport.close_idle();
    CHECK(eventually([&] { return peer.open() == 0; }));
  }
}

TEST_CASE("a second connection resumes the TLS session of the first", "[beast][pool][tls]") {
  const Identity authority("patchbay test authority", "");
  const PemFile file(authority);
  const Identity good("x", "IP:127.0.0.1", &authority);
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    const Owned<SSL_CTX> context(SSL_CTX_new(TLS_server_method()));
    std::vector<bool> resumed;
    {
      RawPeer peer(over_tls(good, serve(answer("x")), {.max_version = version, .context = context.get()},
                            [&](const Handshake& h) { resumed.push_back(h.resumed); }));
      boost::asio::io_context loop;
      beast::PoolOptions options;
      options.trusted_ca_file = file.path();
      options.max_idle_connections = 0;  // each exchange on a connection of its own
      beast::Transport transport(loop, options);
      const Endpoint endpoint = endpoint_of(peer.url("https"));
      for (int i = 0; i < 4; ++i) {
        Call call(endpoint);
        call.begin(transport);
        loop.restart();
        loop.run();
        REQUIRE(*call.result);
        REQUIRE(eventually([&] { return peer.open() == 0; }));  // what it saw is told
      }
    }
    REQUIRE(resumed.size() == 4);
    CHECK_FALSE(resumed[0]);
    CHECK((resumed[1] && resumed[2] && resumed[3]));
  }
}

TEST_CASE("of the sessions that a peer gives no more are kept than a host remembers, and none once nobody wants them",
          "[beast][pool][tls]") {
  const Identity self("x", "IP:127.0.0.1");
  const Owned<SSL_CTX> theirs(SSL_CTX_new(TLS_server_method()));
  const Owned<SSL_CTX> ours(SSL_CTX_new(TLS_client_method()));
  SSL_CTX_use_certificate(theirs.get(), self.certificate.get());
  SSL_CTX_use_PrivateKey(theirs.get(), self.key.get());
  SSL_CTX_set_num_tickets(theirs.get(), 0);
  beast::detail::TlsEngine::collect_sessions(ours.get());
  const auto engine = beast::detail::TlsEngine::make(ours.get(), "127.0.0.1", false, nullptr).value();
  const Owned<SSL> peer(SSL_new(theirs.get()));
  SSL_set_bio(peer.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
  SSL_set_accept_state(peer.get());
  boost::system::error_code ec;
  std::array<char, 64> text{};
  const auto exchange = [&] {
    const std::string_view out = engine->outgoing();
    BIO_write(SSL_get_rbio(peer.get()), out.data(), static_cast<int>(out.size()));
    engine->taken(out.size());
    SSL_do_handshake(peer.get());
    char* data = nullptr;
    const long size = BIO_ctrl(SSL_get_wbio(peer.get()), BIO_CTRL_INFO, 0, &data);
    engine->feed({data, static_cast<std::size_t>(size)});
    BIO_ctrl(SSL_get_wbio(peer.get()), BIO_CTRL_RESET, 0, nullptr);
  };
  const auto give = [&](int tickets) {
    for (int i = 0; i < tickets; ++i) {
      REQUIRE(SSL_new_session_ticket(peer.get()) == 1);
      exchange();
      CHECK(engine->read(text, ec) == 0);
      REQUIRE_FALSE(ec);
    }
  };
  for (int i = 0; i < 5 && engine->handshake(ec) != beast::detail::TlsEngine::Step::over; ++i) exchange();
  exchange();
  REQUIRE_FALSE(ec);
  REQUIRE(SSL_is_init_finished(peer.get()) == 1);
  give(40);
  CHECK(engine->take_sessions().size() == beast::detail::TlsSessions::most);
  give(1);
  CHECK(engine->has_sessions());
  engine->stop_collecting();
  CHECK(engine->take_sessions().size() == 1);
  give(3);
  CHECK_FALSE(engine->has_sessions());
}

TEST_CASE("completions of a transport on a strand run in the strand", "[beast][pool][executor]") {
  RawPeer peer(serve(answer("x")));
  boost::asio::io_context loop;
  auto strand = boost::asio::make_strand(loop);
  beast::Transport transport{strand};
  struct InStrand final : Receiver<TransportResult<void>> {
    explicit InStrand(decltype(strand)& s) : strand_of(s) {}
    void complete(TransportResult<void> r) noexcept override { good = r && strand_of.running_in_this_thread(); }
    void abandoned() noexcept override {}
    decltype(strand)& strand_of;
    bool good = false;
  } receiver(strand);
  const Endpoint endpoint = endpoint_of(peer.url());
  const HttpRequest request(Method::get, endpoint, "/");
  HttpResponse response;
  transport.send(request, response, soon(), Completion<TransportResult<void>>(receiver));
  loop.run();
  CHECK(receiver.good);
}

TEST_CASE("timers and posted work run on the loop, and are abandoned with it", "[beast][pool][timer]") {
  struct Counted final : Receiver<void> {
    void complete() noexcept override { ++completed; }
    void abandoned() noexcept override { ++dropped; }
    int completed = 0;
    int dropped = 0;
  };
  Counted counted;
  auto loop = std::make_unique<boost::asio::io_context>();
  beast::Transport transport(*loop);
  beast::Timer timer = transport.make_timer();
  const SteadyTime begun = std::chrono::steady_clock::now();
  timer.wait(in(milliseconds(10)), Completion<void>(counted));
  transport.post(Completion<void>(counted));
  CHECK(counted.completed == 0);
  loop->run();
  CHECK(counted.completed == 2);
  CHECK(std::chrono::steady_clock::now() - begun >= milliseconds(10));

  timer.wait(never, Completion<void>(counted));
  timer.cancel();
  loop->restart();
  loop->run();
  CHECK(counted.completed + counted.dropped == 3);
  {
    beast::Timer brief = transport.make_timer();
    brief.wait(never, Completion<void>(counted));
  }
  loop->restart();
  loop->run();
  CHECK(counted.completed + counted.dropped == 4);
  timer.wait(never, Completion<void>(counted));
  transport.post(Completion<void>(counted));
  loop.reset();
  CHECK(counted.dropped >= 2);
  CHECK(counted.completed + counted.dropped == 6);
  timer.cancel();
  timer.wait(never, Completion<void>(counted));  // abandoned at once
  CHECK(counted.completed + counted.dropped == 7);
}

TEST_CASE("the opening of a channel can be cancelled at every stage, and is abandoned with its loop",
          "[beast][pool][channel]") {
  struct Opened final : Receiver<TransportResult<beast::AsyncChannel>> {
    void complete(TransportResult<beast::AsyncChannel> r) noexcept override { result.emplace(std::move(r)); }
    void abandoned() noexcept override { was_abandoned = true; }
    std::optional<TransportResult<beast::AsyncChannel>> result;
    bool was_abandoned = false;
  };
  Unreachable unreachable;
  std::atomic<int> asked{0};
  RawPeer peer([&](PeerConnection& c) {
    static_cast<void>(c.read_request());
    ++asked;
    c.drain();
  });
  for (const bool ends : {false, true})
    for (const std::string& url : {std::string("http://hangs.patchbay.test:1"), unreachable.url(), peer.url("https"),
                                   peer.url()}) {
      INFO(url);
      auto loop = std::make_unique<boost::asio::io_context>();
      beast::Transport transport(*loop);
      Endpoint endpoint = endpoint_of(url);
      endpoint.allow_plain_text();
      const ChannelRequest request(endpoint, "/");
      HttpResponse refusal;
      Opened opened;
      const ExchangeId id =
          transport.open(request, refusal, soon(), Completion<TransportResult<beast::AsyncChannel>>(opened));
      const int before = asked;
      const bool answers = url == peer.url();
      for (const SteadyTime end = soon(); answers && asked == before && std::chrono::steady_clock::now() < end;)
        loop->run_for(milliseconds(1));
      loop->run_for(milliseconds(20));
      REQUIRE_FALSE(opened.result);
      if (ends) {
        loop.reset();
        CHECK(opened.was_abandoned);
        continue;
      }
      transport.cancel(id);
      loop->restart();
      loop->run();
      REQUIRE(opened.result);
      REQUIRE_FALSE(*opened.result);
      CHECK(opened.result->error().fault == TransportFault::cancelled);
      CHECK(opened.result->error().delivery == (answers ? Delivery::maybe_sent : Delivery::not_sent));
    }
}

TEST_CASE("what is under way on a channel ends when the channel is destroyed", "[beast][pool][channel]") {
  RawPeer peer([](PeerConnection& c) {
    accept_upgrade(c);
    c.stall();
  });
  struct Opened final : Receiver<TransportResult<beast::AsyncChannel>> {
    void complete(TransportResult<beast::AsyncChannel> r) noexcept override { channel.emplace(std::move(r.value())); }
    void abandoned() noexcept override {}
    std::optional<beast::AsyncChannel> channel;
  } opened;
  struct Ended final : Receiver<void> {
    void complete() noexcept override { over = true; }
    void abandoned() noexcept override {}
    bool over = false;
  } received;
  boost::asio::io_context loop;
  beast::Transport transport(loop);
  const Endpoint endpoint = endpoint_of(peer.url("ws"));
  const ChannelRequest request(endpoint, "/");
  HttpResponse refusal;
  transport.open(request, refusal, soon(), Completion<TransportResult<beast::AsyncChannel>>(opened));
  loop.run();
  REQUIRE(opened.channel);
  ChannelEvent event;
  opened.channel->receive(event, Completion<void>(received));
  Call sent(endpoint);  // for its receiver
  const std::string large(std::size_t{32} << 20, 'x');
  opened.channel->send(large, soon(), Completion<TransportResult<void>>(sent));
  loop.restart();
  loop.run_for(milliseconds(20));
  CHECK_FALSE(received.over);
  REQUIRE_FALSE(sent.result);
  opened.channel.reset();
  CHECK_FALSE(received.over);  // not within the call
  loop.restart();
  loop.run();
  CHECK(received.over);
  CHECK(event.kind == ChannelEvent::Kind::closed);
  CHECK(event.close_code == 1006);
  CHECK(sent.failed(TransportFault::closed, Delivery::maybe_sent));
}
