// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// What libcurl does unless it is told otherwise, and must not do here.
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <curl/curl.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <support/catch.hpp>

#include "../suite/exchange.hpp"
#include "../suite/tls_peer.hpp"
#include "tested.hpp"

using namespace patchbay;
using namespace patchbay::test;

namespace {

/// A variable of the environment, for one test.
class Variable {
 public:
  Variable(const char* name, const std::string& value) : name_(name) {
    if (const char* const old = std::getenv(name)) old_ = old, had_ = true;
    ::setenv(name, value.c_str(), 1);
  }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;
  ~Variable() { had_ ? ::setenv(name_, old_.c_str(), 1) : ::unsetenv(name_); }

 private:
  const char* name_;
  std::string old_;
  bool had_ = false;
};

std::atomic<int> broken_pipes{0};

/// Answers one request, reads one more and ends; counts the requests of all connections.
RawPeer::Script end_at_second(std::atomic<int>& requests) {
  return [&requests](PeerConnection& c) {
    for (int i = 0; i < 2 && !c.read_request().empty(); ++i) {
      ++requests;
      if (i == 0) c.write(answer("first"));
    }
  };
}

}  // namespace

TEST_CASE("libcurl by itself writes a PATCH again when a kept connection ends; the transport writes it once",
          "[adapters][curl][delivery]") {
  SECTION("libcurl by itself") {
    std::atomic<int> requests{0};
    RawPeer peer(end_at_second(requests));
    const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> easy(curl_easy_init(), &curl_easy_cleanup);
    const std::string url = peer.url() + "/";
    curl_easy_setopt(easy.get(), CURLOPT_URL, url.c_str());
    curl_easy_setopt(easy.get(), CURLOPT_CUSTOMREQUEST, "PATCH");
    curl_easy_setopt(easy.get(), CURLOPT_POSTFIELDS, "{}");
    curl_easy_setopt(easy.get(), CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(
        easy.get(), CURLOPT_WRITEFUNCTION,
        +[](char*, std::size_t size, std::size_t count, void*) { return size * count; });
    REQUIRE(curl_easy_perform(easy.get()) == CURLE_OK);
    REQUIRE(curl_easy_perform(easy.get()) == CURLE_OK);  // the second PATCH, written on two connections
    CHECK(requests == 3);
    CHECK(peer.connections() == 2);
  }
  SECTION("the transport") {
    for (const Method method : {Method::patch, Method::post, Method::get}) {
      std::atomic<int> requests{0};
      RawPeer peer(end_at_second(requests));
      curl::BlockingTransport transport;
      const Endpoint endpoint = endpoint_of(peer.url());
      const std::string_view body = method == Method::get ? "" : "{}";
      REQUIRE(Exchange(transport, endpoint, method, body).ok());
      const Exchange x(transport, endpoint, method, body);
      REQUIRE_FALSE(x.ok());
      CHECK(x.fault() == TransportFault::reset);
      CHECK(x.delivery() == Delivery::maybe_sent);
      CHECK(requests == 2);
      CHECK(peer.connections() == 1);
      CHECK(Exchange(transport, endpoint, method, body).ok());  // the next call is not the worse for it
    }
  }
}

TEST_CASE("proxies, credentials and homes of the environment play no part", "[adapters][curl]") {
  RawPeer peer(serve(answer("direct")));
  RawPeer proxy(serve(answer("by proxy")));
  const std::filesystem::path home =
      std::filesystem::temp_directory_path() / ("patchbay-home-" + std::to_string(::getpid()));
  std::filesystem::create_directory(home);
  std::ofstream(home / ".netrc") << "machine 127.0.0.1 login somebody password else\n";
  std::ofstream(home / ".curlrc") << "proxy = " << proxy.url() << "\n";
  {
    const Variable variables[] = {{"http_proxy", proxy.url()}, {"https_proxy", proxy.url()}, {"all_proxy", proxy.url()},
                                  {"HTTP_PROXY", proxy.url()}, {"HTTPS_PROXY", proxy.url()}, {"ALL_PROXY", proxy.url()},
                                  {"HOME", home.string()}};
    curl::BlockingTransport transport;
    HttpRequest request(Method::get, endpoint_of(peer.url()), "/");
    const Endpoint endpoint = endpoint_of(peer.url());
    request.endpoint = &endpoint;
    HttpResponse response;
    REQUIRE(transport.send(request, response, soon()));
    CHECK(response.body.view() == "direct");
  }
  std::filesystem::remove_all(home);
  CHECK(proxy.connections() == 0);
}

TEST_CASE("a request has the fields that it was given, Host, User-Agent and its length, and no others",
          "[adapters][curl][http]") {
  std::vector<std::string> seen;
  RawPeer peer([&](PeerConnection& c) {
    for (std::string request; !(request = c.read_request()).empty(); c.write(answer("ok")))
      seen.push_back(request.substr(0, request.find("\r\n\r\n") + 4));
  });
  {
    curl::BlockingTransport transport;
    const Endpoint endpoint = endpoint_of(peer.url());
    const std::string host = "Host: 127.0.0.1:" + std::to_string(peer.port()) + "\r\nUser-Agent: patchbay/0.1\r\n";
    const auto send = [&](Method method, std::string_view target, std::span<const HeaderView> headers,
                          std::string_view body) {
      HttpRequest request(method, endpoint, target);
      request.headers = headers;
      request.body = body;
      HttpResponse response;
      REQUIRE(transport.send(request, response, soon()));
    };
    const HeaderView fields[] = {{"Accept", "application/json"}, {"X-Empty", ""}, {"If-Match", "\"7\""}};
    const std::string large(std::size_t{3} << 20, 'x');  // beyond what libcurl asks leave for
    send(Method::get, "/a/../b?c=%2e", {}, {});
    send(Method::post, "/", {}, large);
    send(Method::patch, "/", fields, "{}");
    send(Method::post, "/", {}, {});
    send(Method::get, "/", {}, {});
    REQUIRE(seen.size() == 5);
    CHECK(seen[0] == "GET /a/../b?c=%2e HTTP/1.1\r\n" + host + "\r\n");
    CHECK(seen[1] == "POST / HTTP/1.1\r\n" + host + "Content-Length: 3145728\r\n\r\n");
    CHECK(seen[2] == "PATCH / HTTP/1.1\r\n" + host +
                         "Accept: application/json\r\nX-Empty:\r\nIf-Match: \"7\"\r\nContent-Length: 2\r\n\r\n");
    CHECK(seen[3] == "POST / HTTP/1.1\r\n" + host + "Content-Length: 0\r\n\r\n");
    CHECK(seen[4] == "GET / HTTP/1.1\r\n" + host + "\r\n");
    CHECK(peer.connections() == 1);
  }
}

TEST_CASE("no redirect is followed, no challenge answered, no coding undone", "[adapters][curl][A16]") {
  RawPeer elsewhere(serve(answer("elsewhere")));
  const auto first = [&](std::string_view status, const std::string& fields) {
    RawPeer peer(serve(answer("here", fields, status)));
    curl::BlockingTransport transport;
    const Exchange x(transport, endpoint_of(peer.url()), Method::post, "{}");
    REQUIRE(x.ok());
    CHECK(x.response.body.view() == "here");
    CHECK(peer.connections() == 1);
    return x.response.status;
  };
  const std::string location = "Location: " + elsewhere.url() + "/\r\n";
  for (const int status : {301, 302, 303, 307, 308})
    CHECK(first(std::to_string(status) + " Moved", location) == status);
  CHECK(first("401 Unauthorized", "WWW-Authenticate: Basic realm=\"x\"\r\n") == 401);
  CHECK(first("417 Expectation Failed", "") == 417);
  CHECK(first("200 OK", "Content-Encoding: gzip\r\n") == 200);
  CHECK(first("200 OK", "Set-Cookie: a=b\r\nAlt-Svc: h2=\"127.0.0.1:1\"\r\nRefresh: 0\r\n") == 200);
  CHECK(elsewhere.connections() == 0);
}

TEST_CASE("no signal is raised by a peer that has gone", "[adapters][curl]") {
  struct sigaction count {};
  struct sigaction before {};
  count.sa_handler = [](int) { ++broken_pipes; };
  REQUIRE(::sigaction(SIGPIPE, &count, &before) == 0);
  RawPeer peer([](PeerConnection& c) {
    static_cast<void>(c.read_some());
    c.reset();
  });
  curl::BlockingTransport transport;
  const std::string large(std::size_t{8} << 20, 'x');
  for (int i = 0; i < 5; ++i) {
    const Exchange x(transport, endpoint_of(peer.url()), Method::post, large);
    REQUIRE_FALSE(x.ok());
    CHECK(x.fault() == TransportFault::reset);
    CHECK(x.delivery() == Delivery::maybe_sent);
  }
  CHECK(broken_pipes == 0);
  ::sigaction(SIGPIPE, &before, nullptr);
}

TEST_CASE("no signal is raised over TLS either", "[adapters][curl][tls]") {
  struct sigaction count {};
  struct sigaction before {};
  count.sa_handler = [](int) { ++broken_pipes; };
  broken_pipes = 0;
  REQUIRE(::sigaction(SIGPIPE, &count, &before) == 0);
  const Identity authority("patchbay test authority", "");
  const Identity good("x", "IP:127.0.0.1", &authority);
  const PemFile file(authority);
  RawPeer peer(over_tls(good, [](PeerConnection& c) {
    static_cast<void>(c.read_some());
    c.reset();
  }));
  curl::Options options;
  options.trusted_ca_file = file.path();
  curl::BlockingTransport transport(options);
  const std::string large(std::size_t{8} << 20, 'x');
  for (int i = 0; i < 5; ++i) {
    const Exchange x(transport, endpoint_of(peer.url("https")), Method::post, large);
    REQUIRE_FALSE(x.ok());
    CHECK(x.fault() == TransportFault::reset);
    CHECK(x.delivery() == Delivery::maybe_sent);
  }
  CHECK(broken_pipes == 0);
  ::sigaction(SIGPIPE, &before, nullptr);
}

TEST_CASE("a lack of file descriptors is a failure to connect", "[adapters][curl][faults]") {
  curl::BlockingTransport transport;
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
  const int next = ::dup(0);
  ::close(next);
  const rlimit none{static_cast<rlim_t>(next), before.rlim_max};
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
  const Exchange x(transport, endpoint_of("http://127.0.0.1:1"));
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
  REQUIRE_FALSE(x.ok());
  CHECK(x.fault() == TransportFault::connect);
  CHECK(x.delivery() == Delivery::not_sent);
  CHECK(x.detail().find("refused") == std::string::npos);  // it did not come so far
  RawPeer peer(serve(answer("x")));
  CHECK(Exchange(transport, endpoint_of(peer.url())).ok());
}

TEST_CASE("a kept connection is not handed on to programs that are started", "[adapters][curl]") {
  RawPeer peer(serve(answer("x")));
  curl::BlockingTransport transport;
  REQUIRE(Exchange(transport, endpoint_of(peer.url())).ok());
  int kept = 0;
  for (int fd = 3; fd < 1024; ++fd) {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    if (::getpeername(fd, static_cast<sockaddr*>(static_cast<void*>(&address)), &size) != 0) continue;
    if (address.sin_family != AF_INET || ntohs(address.sin_port) != peer.port()) continue;
    ++kept;
    CHECK((::fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
  }
  CHECK(kept == 1);
}

TEST_CASE("a proxy that was asked for tunnels, and sees no more than where to", "[adapters][curl][proxy]") {
  std::vector<std::string> seen;
  const auto options = [](const RawPeer& proxy) {
    curl::Options out;
    out.proxy = proxy.url();
    return out;
  };
  const Endpoint endpoint = endpoint_of("http://127.0.0.1:1");  // where nobody listens
  SECTION("it does") {
    RawPeer proxy([&](PeerConnection& c) {
      seen.push_back(c.read_through("\r\n\r\n"));
      c.write("HTTP/1.1 200 Connected\r\nX-Proxy: 1\r\n\r\n");
      for (std::string request; !(request = c.read_request()).empty(); c.write(answer("through")))
        seen.push_back(request);
    });
    {
      curl::BlockingTransport transport(options(proxy));
      for (int i = 0; i < 2; ++i) {
        const Exchange x(transport, endpoint);
        REQUIRE(x.ok());
        CHECK(x.response.body.view() == "through");
        CHECK_FALSE(x.response.headers.find("X-Proxy"));
      }
      CHECK(proxy.connections() == 1);
    }
    REQUIRE(seen.size() == 3);
    CHECK(seen[0].starts_with("CONNECT 127.0.0.1:1 HTTP/1.1\r\n"));
    CHECK(seen[0].find("t0ken") == std::string::npos);
    CHECK(seen[1].starts_with("GET /api/v2/interactions/1 HTTP/1.1\r\n"));
  }
  SECTION("it does not") {
    for (const std::string bytes : {"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", "garbage\r\n\r\n", ""}) {
      RawPeer proxy([&](PeerConnection& c) {
        static_cast<void>(c.read_through("\r\n\r\n"));
        c.write(bytes);
      });
      curl::BlockingTransport transport(options(proxy));
      const Exchange x(transport, endpoint);
      REQUIRE_FALSE(x.ok());
      INFO(bytes << ": " << x.detail());
      CHECK(x.fault() == TransportFault::connect);
      CHECK(x.delivery() == Delivery::not_sent);
    }
  }
}
