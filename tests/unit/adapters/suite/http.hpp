// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

// What every HTTP transport does, against peers that play bytes. A file of each adapter's room names the transport as
// `patchbay::test::Tested` and includes this once.
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <string>
#include <thread>
#include <vector>

#include <dlfcn.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <support/catch.hpp>

#include "exchange.hpp"

using namespace patchbay;
using namespace patchbay::test;

static_assert(Transport<Tested::Transport>);
static_assert(!std::is_copy_constructible_v<Tested::Transport> &&
              std::is_nothrow_move_constructible_v<Tested::Transport>);

namespace {

std::atomic<int> lookups_hanging{0};
std::atomic<bool> resolver_is_stuck{false};
std::atomic<int> lookups_stuck{0};
std::atomic<bool> peeks_see_nothing{false};
std::atomic<int> polls_that_see_nothing{0};

}  // namespace

// The resolver of the C library, except that one name takes two seconds (a real one can take longer), and that others
// are this machine, when the resolver is not stuck.
extern "C" int getaddrinfo(const char* node, const char* service, const addrinfo* hints, addrinfo** out) {
  using Real = int (*)(const char*, const char*, const addrinfo*, addrinfo**);
  if (node != nullptr && std::string_view(node) == "hangs.patchbay.test") {
    ++lookups_hanging;
    ::usleep(2'000'000);
    --lookups_hanging;
    return EAI_AGAIN;
  }
  if (node != nullptr && std::string_view(node).ends_with("stuck.patchbay.test")) {
    ++lookups_stuck;
    while (resolver_is_stuck) ::usleep(1000);
    --lookups_stuck;
    node = "127.0.0.1";
  }
  if (node != nullptr && std::string_view(node) == "unknown.patchbay.test") return EAI_NONAME;
  return reinterpret_cast<Real>(::dlsym(RTLD_NEXT, "getaddrinfo"))(node, service, hints, out);
}

// The C library's, except that a look at a kept connection can be made to miss that it has ended: as it is when the end
// arrives between the look and the write.
extern "C" ssize_t recv(int fd, void* into, size_t size, int flags) {
  if (peeks_see_nothing && (flags & MSG_PEEK) != 0) {
    errno = EAGAIN;
    return -1;
  }
  return ::recvfrom(fd, into, size, flags, nullptr, nullptr);
}

// The C library's, with the same blindness for transports that poll before they look.
extern "C" int poll(pollfd* fds, nfds_t count, int timeout) {
  if (timeout == 0 && polls_that_see_nothing > 0) {
    --polls_that_see_nothing;
    return 0;
  }
  const timespec span{timeout / 1000, timeout % 1000 * 1'000'000L};
  return ::ppoll(fds, count, timeout < 0 ? nullptr : &span, nullptr);
}

TEST_CASE("a request arrives as written, and its answer with status, header and body", "[adapters][http]") {
  std::string seen;
  {
    RawPeer peer([&](PeerConnection& c) {
      seen = c.read_request();
      c.write(answer("{\"a\":1}", "ETag: \"7\"\r\nX-Two: a\r\nX-Two: b\r\n", "201 Created"));
    });
    Tested::Transport transport;
    const Endpoint endpoint = endpoint_of(peer.url());
    const Exchange x(transport, endpoint, Method::patch, "{\"body\":true}");
    REQUIRE(x.ok());
    CHECK(x.response.status == 201);
    CHECK(x.response.body.view() == "{\"a\":1}");
    CHECK(x.response.headers.find("etag") == "\"7\"");
    CHECK(x.response.headers.size() == 4);
    CHECK(x.response.headers.value(3) == "b");
    for (std::size_t i = 0; i < Body::padding; ++i) REQUIRE(x.response.body.data()[x.response.body.size() + i] == '\0');
    CHECK(seen.starts_with("PATCH /api/v2/interactions/1 HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(peer.port()) +
                           "\r\n"));
  }
  CHECK(seen.find("\r\nAuthorization: Bearer t0ken\r\n") != std::string::npos);
  CHECK(seen.ends_with("\r\nContent-Length: 13\r\n\r\n{\"body\":true}"));
}

TEST_CASE("a connection is kept and used again, and not when the server says close or the client keeps none",
          "[adapters][http][pool]") {
  const auto connections_for = [](std::string bytes, Tested::Options options) {
    RawPeer peer(serve(std::move(bytes)));
    Tested::Transport transport(std::move(options));
    const Endpoint endpoint = endpoint_of(peer.url());
    for (int i = 0; i < 3; ++i) REQUIRE(Exchange(transport, endpoint).ok());
    return peer.connections();
  };
  CHECK(connections_for(answer("x"), {}) == 1);
  CHECK(connections_for("HTTP/1.1 204 No Content\r\n\r\n", {}) == 1);
  CHECK(connections_for("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", {}) == 1);
  CHECK(connections_for("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n", {}) == 1);
  CHECK(connections_for(answer("x", "Connection: close\r\n"), {}) == 3);
  CHECK(connections_for("HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx", {}) == 3);
  CHECK(connections_for(answer("x") + "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged", {}) ==
        3);  // bytes nobody asked for
  const std::string forged = answer("forged");
  CHECK(connections_for("HTTP/1.1 204 No Content\r\n\r\n" + forged, {}) == 3);
  CHECK(connections_for("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" + forged, {}) == 3);
  CHECK(connections_for("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n" + forged, {}) == 3);
  Tested::Options none;
  none.max_idle_connections = 0;
  CHECK(connections_for(answer("x"), none) == 3);
  Tested::Options brief;
  brief.idle_timeout = Duration::zero();
  CHECK(connections_for(answer("x"), brief) == 3);
}

TEST_CASE("a kept connection that the server closed is noticed before a byte is written", "[adapters][http][pool]") {
  for (const bool hard : {false, true}) {
    std::atomic<bool> closed{false};
    RawPeer peer({[&](PeerConnection& c) {
                    static_cast<void>(c.read_request());
                    c.write(answer("first"));
                    hard ? c.reset() : c.close();
                    closed = true;
                  },
                  serve(answer("second"))});
    Tested::Transport transport;
    const Endpoint endpoint = endpoint_of(peer.url());
    REQUIRE(Exchange(transport, endpoint).response.body.view() == "first");
    REQUIRE(eventually([&] { return closed.load(); }));
    const Exchange x(transport, endpoint, Method::patch, "{}");
    REQUIRE(x.ok());
    CHECK(x.response.body.view() == "second");
    CHECK(peer.connections() == 2);
  }
}

TEST_CASE("a kept connection that ends after the request was written may have delivered it, and nothing is sent again",
          "[adapters][http][delivery]") {
  for (const bool hard : {false, true}) {
    std::atomic<int> requests{0};
    RawPeer peer([&](PeerConnection& c) {
      static_cast<void>(c.read_request());
      ++requests;
      c.write(answer("first"));
      if (c.read_request().empty()) return;
      ++requests;
      if (hard) c.reset();
    });
    Tested::Transport transport;
    const Endpoint endpoint = endpoint_of(peer.url());
    REQUIRE(Exchange(transport, endpoint).ok());
    const Exchange x(transport, endpoint, Method::patch, "{}");
    REQUIRE_FALSE(x.ok());
    CHECK(x.fault() == TransportFault::reset);
    CHECK(x.delivery() == Delivery::maybe_sent);
    CHECK(requests == 2);
    CHECK(peer.connections() == 1);
  }
}

TEST_CASE("a kept connection that ends unnoticed is replaced once if no byte of the request left, and only then",
          "[adapters][http][delivery]") {
  for (const bool hard : {true, false}) {
    std::atomic<bool> ended{false};
    std::atomic<int> requests{0};
    RawPeer peer({[&](PeerConnection& c) {
                    static_cast<void>(c.read_request());
                    c.write(answer("first"));
                    hard ? c.reset() : c.close();
                    ended = true;
                  },
                  [&](PeerConnection& c) {
                    ++requests;
                    serve(answer("second"))(c);
                  }});
    Tested::Transport transport;
    const Endpoint endpoint = endpoint_of(peer.url());
    REQUIRE(Exchange(transport, endpoint).ok());
    REQUIRE(eventually([&] { return ended.load(); }));
    peeks_see_nothing = true;
    polls_that_see_nothing = Tested::looks_by_poll;
    const Exchange x(transport, endpoint, Method::patch, "{}");
    peeks_see_nothing = false;
    polls_that_see_nothing = 0;
    if (hard) {  // the operating system refuses the write
      REQUIRE(x.ok());
      CHECK(x.response.body.view() == "second");
      CHECK(requests == 1);
    } else {  // it takes the write, and nobody can say whether the peer's program did
      REQUIRE_FALSE(x.ok());
      CHECK(x.fault() == TransportFault::reset);
      CHECK(x.delivery() == Delivery::maybe_sent);
      CHECK(requests == 0);
    }
  }
}

TEST_CASE("an answer that is cut at any byte is a reset, never a short answer", "[adapters][http][faults]") {
  const std::string whole[] = {
      answer("{\"held\":true}"),
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1;ext=1\r\n!\r\n0\r\nTrailer: t\r\n\r\n",
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + answer("x")};
  for (const std::string& bytes : whole) {
    std::vector<RawPeer::Script> scripts;
    for (std::size_t cut = 0; cut <= bytes.size(); ++cut) scripts.push_back(serve_once(bytes.substr(0, cut)));
    RawPeer peer(std::move(scripts));
    Tested::Options options;
    options.max_idle_connections = 0;
    Tested::Transport transport(options);
    const Endpoint endpoint = endpoint_of(peer.url());
    for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
      const Exchange x(transport, endpoint);
      INFO("cut at " << cut << " of " << bytes.size());
      if (Tested::forgives_last_newline && bytes.ends_with("Trailer: t\r\n\r\n") && cut + 1 == bytes.size()) {
        CHECK((x.ok() && x.response.body.view() == "hello!"));
        continue;
      }
      REQUIRE_FALSE(x.ok());
      CHECK(x.fault() == TransportFault::reset);
      CHECK(x.delivery() == Delivery::maybe_sent);
    }
    CHECK(Exchange(transport, endpoint).ok());
  }
}

TEST_CASE("a server that closes at any byte of the request is a reset", "[adapters][http][faults]") {
  std::string request;
  {
    RawPeer peer([&](PeerConnection& c) {
      request = c.read_request();
      c.write(answer(""));
    });
    Tested::Transport transport;
    REQUIRE(Exchange(transport, endpoint_of(peer.url()), Method::post, "{\"a\":1}").ok());
  }
  std::vector<RawPeer::Script> scripts;
  for (std::size_t cut = 0; cut < request.size(); ++cut)
    scripts.push_back([cut](PeerConnection& c) {
      if (cut != 0) static_cast<void>(c.read_some(cut));
    });
  RawPeer peer(std::move(scripts));
  Tested::Transport transport;
  const Endpoint endpoint = endpoint_of(peer.url());
  for (std::size_t cut = 0; cut < request.size(); ++cut) {
    const Exchange x(transport, endpoint, Method::post, "{\"a\":1}");
    REQUIRE_FALSE(x.ok());
    CHECK(x.fault() == TransportFault::reset);
    CHECK(x.delivery() == Delivery::maybe_sent);
  }
}

TEST_CASE("answers without a length end with the connection; interim answers are skipped", "[adapters][http]") {
  const std::pair<std::string, std::string> cases[] = {
      {"HTTP/1.1 200 OK\r\n\r\nuntil the end", "until the end"},
      {"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\nold", "old"},
      {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\nX: 1\r\n\r\n" + answer("after"), "after"},
  };
  for (const auto& [bytes, body] : cases) {
    RawPeer peer(serve_once(bytes));
    Tested::Transport transport;
    const Exchange x(transport, endpoint_of(peer.url()));
    REQUIRE(x.ok());
    CHECK(x.response.status == 200);
    CHECK(x.response.body.view() == body);
    CHECK_FALSE(x.response.headers.find("X"));
  }
}

TEST_CASE("what is not HTTP is malformed, at once", "[adapters][http][faults]") {
  const std::string garbage[] = {"<html><body>proxy</body></html>",
                                 "SSH-2.0-OpenSSH_9\r\n",
                                 "HTTP/2.0 200 OK\r\n\r\n",
                                 "HTTP/1.1 two OK\r\n\r\n",
                                 "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
                                 "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
                                 "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                                 "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
                                 "HTTP/1.1 101 Switching Protocols\r\n\r\n",
                                 "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
                                 std::string("HTTP/1.1 200 OK\r\nA: ") + '\0' + "\r\n\r\n"};
  for (const std::string& bytes : garbage) {
    RawPeer peer([&](PeerConnection& c) {
      static_cast<void>(c.read_request());
      c.write(bytes);
      c.drain();
    });
    Tested::Transport transport;
    const Exchange x(transport, endpoint_of(peer.url()));
    INFO(bytes);
    REQUIRE_FALSE(x.ok());
    CHECK(x.fault() == TransportFault::malformed);
    CHECK(x.delivery() == Delivery::maybe_sent);
  }
}

TEST_CASE("a server that interims for ever is malformed", "[adapters][http][faults]") {
  RawPeer peer([](PeerConnection& c) {
    static_cast<void>(c.read_request());
    while (c.write("HTTP/1.1 100 Continue\r\n\r\n")) {
    }
  });
  Tested::Transport transport;
  const Exchange x(transport, endpoint_of(peer.url()));
  REQUIRE_FALSE(x.ok());
  CHECK(x.fault() == TransportFault::malformed);
}

TEST_CASE("bodies and headers beyond their limits are refused without being held", "[adapters][http][limits]") {
  Tested::Transport transport;
  SECTION("a length beyond the limit fails before a byte of the body") {
    RawPeer peer([](PeerConnection& c) {
      static_cast<void>(c.read_request());
      c.write("HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n");
      c.drain();
    });
    const Exchange x(transport, endpoint_of(peer.url()));
    REQUIRE_FALSE(x.ok());
    CHECK(x.fault() == TransportFault::too_large);
    CHECK(x.response.body.allocated() == 0);
  }
  SECTION("a length within the limit is a claim, not an allocation") {
    RawPeer peer(serve_once("HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\nabc"));
    const Exchange x(transport, endpoint_of(peer.url()), Method::get, {}, soon(), std::size_t{2} << 30);
    REQUIRE_FALSE(x.ok());
    CHECK(x.fault() == TransportFault::reset);
    CHECK(x.response.body.allocated() < (std::size_t{1} << 20));
  }
  SECTION("a body without end, chunked or not") {
    for (const bool chunked : {false, true}) {
      RawPeer peer([chunked](PeerConnection& c) {
        static_cast<void>(c.read_request());
        c.write(chunked ? "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" : "HTTP/1.1 200 OK\r\n\r\n");
        const std::string piece = (chunked ? "1000\r\n" : "") + std::string(4096, 'x') + (chunked ? "\r\n" : "");
        while (c.write(piece)) {
        }
      });
      const Exchange x(transport, endpoint_of(peer.url()), Method::get, {}, soon(), 100'000);
      REQUIRE_FALSE(x.ok());
      CHECK(x.fault() == TransportFault::too_large);
      CHECK(x.response.body.size() <= 100'000);
    }
  }
  SECTION("a body of exactly the limit is fine, one byte more is not") {
    for (const std::size_t size : {std::size_t{5000}, std::size_t{5001}}) {
      for (const bool chunked : {false, true}) {
        const std::string body(size, 'x');
        char hex[16];
        std::snprintf(hex, sizeof hex, "%zx", size);
        RawPeer peer(serve_once(chunked ? "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + std::string(hex) +
                                              "\r\n" + body + "\r\n0\r\n\r\n"
                                        : answer(body)));
        const Exchange x(transport, endpoint_of(peer.url()), Method::get, {}, soon(), 5000);
        CHECK(x.ok() == (size == 5000));
        if (x.ok()) CHECK(x.response.body.view() == body);
      }
    }
  }
  SECTION("a header without end, a chunk header without end, a trailer without end") {
    for (const char* const begin :
         {"HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nX: ", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;",
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"}) {
      RawPeer peer([begin](PeerConnection& c) {
        static_cast<void>(c.read_request());
        c.write(begin);
        const std::string_view piece = std::string_view(begin).ends_with("\r\n") ? "A: 0123456789\r\n" : "0123456789";
        while (c.write(piece)) {
        }
      });
      const Exchange x(transport, endpoint_of(peer.url()));
      INFO(begin);
      REQUIRE_FALSE(x.ok());
      CHECK((x.fault() == TransportFault::too_large || x.fault() == TransportFault::malformed));
      CHECK(x.took < seconds(3));
    }
  }
  SECTION("a large header within the limit is read") {
    RawPeer peer(serve(answer("x", "X-Large: " + std::string(60'000, 'h') + "\r\n")));
    const Exchange x(transport, endpoint_of(peer.url()));
    REQUIRE(x.ok());
    CHECK(x.response.headers.find("x-large")->size() == 60'000);
  }
}

TEST_CASE("an answer that comes before the request was read whole is still the answer", "[adapters][http]") {
  RawPeer peer([](PeerConnection& c) {
    static_cast<void>(c.read_through("\r\n\r\n"));
    c.write(answer("too big", "Connection: close\r\n", "413 Content Too Large"));
    c.stall();
  });
  Tested::Transport transport;
  const std::string large(std::size_t{16} << 20, 'x');
  const Exchange x(transport, endpoint_of(peer.url()), Method::post, large);
  REQUIRE(x.ok());
  CHECK(x.response.status == 413);
  CHECK(x.response.body.view() == "too big");
}

TEST_CASE("a large request arrives whole", "[adapters][http]") {
  std::atomic<std::size_t> size{0};
  RawPeer peer([&](PeerConnection& c) {
    size = c.read_request().size();
    c.write(answer("ok"));
  });
  Tested::Transport transport;
  REQUIRE(Exchange(transport, endpoint_of(peer.url()), Method::post, std::string(std::size_t{4} << 20, 'x')).ok());
  CHECK(size > (std::size_t{4} << 20));
}

TEST_CASE("the deadline holds in every phase", "[adapters][http][deadline]") {
  Tested::Transport transport;
  const auto span = milliseconds(150);
  const auto in_time = [&](const Exchange& x) {
    REQUIRE_FALSE(x.ok());
    CHECK(x.fault() == TransportFault::timed_out);
    CHECK(x.took < seconds(2));
  };
  SECTION("before anything") {
    RawPeer peer(serve(answer("x")));
    const Exchange x(transport, endpoint_of(peer.url()), Method::get, {}, in(milliseconds(-1)));
    in_time(x);
    CHECK(x.delivery() == Delivery::not_sent);
    CHECK(peer.connections() == 0);
  }
  SECTION("resolving") {
    Endpoint endpoint = endpoint_of("http://hangs.patchbay.test:1");
    endpoint.allow_plain_text();
    const Exchange x(transport, endpoint, Method::get, {}, in(span));
    in_time(x);
    CHECK(x.delivery() == Delivery::not_sent);
    CHECK(lookups_hanging >= 1);  // the look-up was left behind, not waited for
  }
  SECTION("TLS handshake") {
    RawPeer peer([](PeerConnection& c) { c.drain(); });
    const Exchange x(transport, endpoint_of(peer.url("https")), Method::get, {}, in(span));
    in_time(x);
    CHECK(x.delivery() == Delivery::not_sent);
  }
  SECTION("writing") {
    RawPeer peer([](PeerConnection& c) { c.stall(); });
    const Exchange x(transport, endpoint_of(peer.url()), Method::post, std::string(std::size_t{32} << 20, 'x'),
                     in(span));
    in_time(x);
    CHECK(x.delivery() == Delivery::maybe_sent);
  }
  SECTION("waiting for the answer") {
    RawPeer peer([](PeerConnection& c) { c.drain(); });
    const Exchange x(transport, endpoint_of(peer.url()), Method::get, {}, in(span));
    in_time(x);
    CHECK(x.delivery() == Delivery::maybe_sent);
  }
  SECTION("an answer that dribbles") {
    std::atomic<bool> over{false};
    RawPeer peer([&](PeerConnection& c) {
      static_cast<void>(c.read_request());
      c.write("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
      while (!over && c.write("x")) ::usleep(5000);
    });
    const Exchange x(transport, endpoint_of(peer.url()), Method::get, {}, in(span));
    over = true;
    in_time(x);
  }
}

TEST_CASE("what cannot be reached says why, and that nothing was sent", "[adapters][http][faults]") {
  Tested::Transport transport;
  const auto refused = [&](Endpoint endpoint, TransportFault fault, bool allow = false) {
    if (allow) endpoint.allow_plain_text();
    const Exchange x(transport, endpoint);
    REQUIRE_FALSE(x.ok());
    CHECK(x.fault() == fault);
    CHECK(x.delivery() == Delivery::not_sent);
    CHECK(x.detail().size() <= 200);
  };
  std::uint16_t unused = 0;
  {
    const RawPeer gone(serve({}));
    unused = gone.port();
  }
  refused(endpoint_of("http://127.0.0.1:" + std::to_string(unused)), TransportFault::connect);
  refused(endpoint_of("http://localhost:" + std::to_string(unused)), TransportFault::connect);
  refused(endpoint_of("http://unknown.patchbay.test"), TransportFault::resolve, true);
  refused(endpoint_of("http://api.example.test"), TransportFault::plain_text_refused);
}

TEST_CASE("a request that would break out of its line is not written", "[adapters][http]") {
  RawPeer peer(serve(answer("x")));
  Tested::Transport transport;
  const Endpoint endpoint = endpoint_of(peer.url());
  const std::pair<std::string_view, HeaderView> cases[] = {
      {"/a b", {"A", "b"}},           {"/a\r\nX: y", {"A", "b"}}, {"a", {"A", "b"}}, {"", {"A", "b"}},
      {"/", {"A", "b\r\nX: secret"}}, {"/", {"A: x\r\nB", "b"}},  {"/", {"", "b"}}};
  for (const auto& [target, header] : cases) {
    HttpRequest request(Method::get, endpoint, target);
    request.headers = std::span(&header, 1);
    HttpResponse response;
    const auto result = transport.send(request, response, soon());
    REQUIRE_FALSE(result);
    CHECK(result.error().fault == TransportFault::malformed);
    CHECK(result.error().delivery == Delivery::not_sent);
    CHECK(result.error().detail.find("secret") == std::string::npos);
  }
  CHECK(peer.connections() == 0);
}

TEST_CASE("a moved transport keeps its connections", "[adapters][http]") {
  RawPeer peer(serve(answer("x")));
  const Endpoint endpoint = endpoint_of(peer.url());
  Tested::Transport first;
  REQUIRE(Exchange(first, endpoint).ok());
  Tested::Transport second = std::move(first);
  REQUIRE(Exchange(second, endpoint).ok());
  CHECK(peer.connections() == 1);
}
