// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/endpoint.hpp>

#include <string>
#include <string_view>

#include "support/catch.hpp"

using patchbay::Endpoint;
using patchbay::ErrorCode;
using patchbay::is_loopback;

namespace {

struct Parts {
  std::string_view url;
  bool tls;
  std::string_view host;
  int port;
  std::string_view path;
  std::string_view authority;
};

struct Refusal {
  std::string url;
  std::string_view why;  // a part of the message
};

}  // namespace

TEST_CASE("a URL is split into the parts that a connection needs", "[endpoint]") {
  const Parts expected = GENERATE(
      Parts{"https://api.mypurecloud.com", true, "api.mypurecloud.com", 443, "", "api.mypurecloud.com"},
      Parts{"https://api.mypurecloud.com/", true, "api.mypurecloud.com", 443, "", "api.mypurecloud.com"},
      Parts{"https://api.mypurecloud.com///", true, "api.mypurecloud.com", 443, "", "api.mypurecloud.com"},
      Parts{"https://proxy.example/gateway/", true, "proxy.example", 443, "/gateway", "proxy.example"},
      Parts{"https://proxy.example/a/b", true, "proxy.example", 443, "/a/b", "proxy.example"},
      Parts{"http://localhost:8080", false, "localhost", 8080, "", "localhost:8080"},
      Parts{"http://127.0.0.1", false, "127.0.0.1", 80, "", "127.0.0.1"},
      Parts{"wss://host:1/x", true, "host", 1, "/x", "host:1"},
      Parts{"ws://host:65535/x", false, "host", 65535, "/x", "host:65535"},
      Parts{"https://[::1]", true, "::1", 443, "", "[::1]"},
      Parts{"https://[2001:db8::1]:8443/x/", true, "2001:db8::1", 8443, "/x", "[2001:db8::1]:8443"},
      Parts{"https://under_score.Example-1.com", true, "under_score.Example-1.com", 443, "", "under_score.Example-1.com"},
      Parts{"https://host/p@th:1", true, "host", 443, "/p@th:1", "host"});
  CAPTURE(expected.url);
  const auto endpoint = Endpoint::parse(expected.url, "base_url");
  REQUIRE(endpoint);
  CHECK(endpoint->tls() == expected.tls);
  CHECK(endpoint->host() == expected.host);
  CHECK(endpoint->port() == expected.port);
  CHECK(endpoint->path() == expected.path);
  CHECK(endpoint->authority() == expected.authority);
  CHECK(endpoint->origin() == std::string(expected.tls ? "https://" : "http://") + std::string(expected.authority));
}

TEST_CASE("a channel's target keeps its query to the last byte and always begins with a slash", "[endpoint]") {
  CHECK(Endpoint::parse("wss://host/api/v2/interactions?access_token=a/b/", "ws_url")->path() ==
        "/api/v2/interactions?access_token=a/b/");
  CHECK(Endpoint::parse("wss://host?topic=x/", "ws_url")->path() == "/?topic=x/");
  CHECK(Endpoint::parse("wss://host?redirect=//evil.example", "ws_url")->host() == "host");
}

TEST_CASE("a URL that could lead elsewhere, or nowhere, is refused with its reason", "[endpoint]") {
  const Refusal refusal = GENERATE(
      Refusal{"", "is empty"}, Refusal{"api.mypurecloud.com", "expected a URL that begins"},
      Refusal{"ftp://host", "expected a URL that begins"}, Refusal{"file:///etc/passwd", "expected a URL that begins"},
      Refusal{"javascript:alert(1)", "expected a URL that begins"}, Refusal{"//host/x", "expected a URL that begins"},
      Refusal{"https:/host", "expected a URL that begins"}, Refusal{"https:host", "expected a URL that begins"},
      Refusal{" https://host", "expected a URL that begins"}, Refusal{"https://", "names no host"},
      Refusal{"https:///path", "names no host"}, Refusal{"https://:443", "names no host"}, Refusal{"https://?x", "names no host"},
      Refusal{"https://[]", "names no host"}, Refusal{"https://user@host", "user part"},
      Refusal{"https://user:hunter2@host", "user part"}, Refusal{"https://api.mypurecloud.com@evil.example", "user part"},
      Refusal{"https://host#x", "fragment"}, Refusal{"https://host/#", "fragment"},
      Refusal{"https://host#@evil.example", "fragment"}, Refusal{"https://ho st", "character"},
      Refusal{"https://host/a b", "character"}, Refusal{"https://host/\r\nX-Injected: 1", "character"},
      Refusal{"https://host\t", "character"}, Refusal{std::string("https://host\0.evil.example", 26), "character"},
      Refusal{"https://host\\@evil.example", "character"}, Refusal{"https://host/\\evil", "character"},
      Refusal{"https://host/<script>", "character"}, Refusal{"https://host/\"", "character"},
      Refusal{"https://h\xc3\xb6st.example", "character"}, Refusal{"https://host/\x7f", "character"},
      Refusal{"https://host:", "malformed port"}, Refusal{"https://host:/x", "malformed port"},
      Refusal{"https://host:http", "malformed port"}, Refusal{"https://host:80:80", "malformed port"},
      Refusal{"https://host:-1", "malformed port"}, Refusal{"https://host:+80", "malformed port"},
      Refusal{"https://host:123456", "malformed port"}, Refusal{"https://host:00000000000000000080", "malformed port"},
      Refusal{"https://host:0", "out of range"}, Refusal{"https://host:65536", "out of range"},
      Refusal{"https://host:99999", "out of range"}, Refusal{"https://[::1", "closing bracket"},
      Refusal{"https://[::1]8080", "behind the address"}, Refusal{"https://[::1].evil.example", "behind the address"},
      Refusal{"https://[evil.example]", "malformed address"}, Refusal{"https://[abc]", "malformed address"},
      Refusal{"https://[10.0.0.1]", "malformed address"}, Refusal{"https://[fe80::1%25eth0]", "malformed address"},
      Refusal{"https://::1", "names no host"}, Refusal{"https://ho%73t", "malformed host"},
      Refusal{"https://ho*st", "malformed host"}, Refusal{"https://host;evil", "malformed host"});
  CAPTURE(refusal.url);
  const auto endpoint = Endpoint::parse(refusal.url, "base_url");
  REQUIRE_FALSE(endpoint);
  CHECK(endpoint.error().code() == ErrorCode::invalid_settings);
  CHECK(endpoint.error().message().find("base_url: ") == 0);
  CHECK(endpoint.error().message().find(refusal.why) != std::string::npos);
}

TEST_CASE("a refused URL is not repeated, for it may hold a token or a password", "[endpoint]") {
  const std::string url = GENERATE(std::string("https://user:hunter2@host"), std::string("wss://host:x?access_token=hunter2"),
                                   std::string("https://host/?hunter2#x"), std::string("hunter2"));
  const auto endpoint = Endpoint::parse(url, "ws_url");
  REQUIRE_FALSE(endpoint);
  CHECK(endpoint.error().describe().find("hunter2") == std::string::npos);
}

TEST_CASE("the origin, which messages show, holds no path and no query", "[endpoint]") {
  const auto endpoint = Endpoint::parse("wss://host:8443/api?access_token=hunter2", "ws_url");
  REQUIRE(endpoint);
  CHECK(endpoint->origin() == "https://host:8443");
}

TEST_CASE("loopback is this machine and nothing that merely looks like it", "[endpoint][A16]") {
  for (const std::string_view host : {"localhost", "127.0.0.1", "127.255.255.255", "127.1.2.3", "::1"}) {
    CAPTURE(host);
    CHECK(is_loopback(host));
  }
  for (const std::string_view host :
       {"", "localhost.evil.example", "evil-localhost", "xlocalhost", "LOCALHOST.", "127.", "127.1", "127.0.0", "127.0.0.",
        "127.0.0.1.", "127..0.1", "127.0.0.1.evil.example", "127.evil.example", "127.0.0.1evil", "127.0.0.256", "127.0.0.999",
        "127.0.0.0001", "127.0.0.09", "127.00.0.1", "127.0.0.-1", "127.0.0.0x1", "128.0.0.1", "0.0.0.0",
        "1.127.0.0", "12.7.0.0.1", "2130706433", "::", "::2", "::ffff:127.0.0.1", "10.0.0.1"}) {
    CAPTURE(host);
    CHECK_FALSE(is_loopback(host));
  }
}

TEST_CASE("credentials travel in plain text only to this machine or where the client allows it", "[endpoint][A16]") {
  CHECK(Endpoint::parse("https://api.example", "u")->may_carry_credentials());
  CHECK(Endpoint::parse("wss://api.example", "u")->may_carry_credentials());
  CHECK(Endpoint::parse("http://127.0.0.1:9", "u")->may_carry_credentials());
  CHECK(Endpoint::parse("ws://localhost:9", "u")->may_carry_credentials());
  CHECK(Endpoint::parse("http://[::1]:9", "u")->may_carry_credentials());
  for (const char* url : {"http://api.example", "ws://api.example", "http://127.evil.example", "http://[::2]", "http://0.0.0.0"}) {
    CAPTURE(url);
    auto endpoint = Endpoint::parse(url, "u");
    REQUIRE(endpoint);
    CHECK_FALSE(endpoint->may_carry_credentials());
    endpoint->allow_plain_text();
    CHECK(endpoint->may_carry_credentials());
    CHECK(*endpoint != *Endpoint::parse(url, "u"));  // the permission is part of what an endpoint is
  }
}

TEST_CASE("endpoints are equal when they lead to the same place", "[endpoint]") {
  CHECK(*Endpoint::parse("https://a/x", "one") == *Endpoint::parse("https://a/x/", "two"));
  CHECK(*Endpoint::parse("https://a", "u") != *Endpoint::parse("http://a", "u"));
  CHECK(*Endpoint::parse("https://a", "u") != *Endpoint::parse("https://b", "u"));
  CHECK(*Endpoint::parse("https://a/x", "u") != *Endpoint::parse("https://a/y", "u"));
}
