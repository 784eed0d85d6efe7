// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// Addresses: an input is the text of a URL. It is taken apart a second time by the generic syntax of RFC 3986 (appendix B),
// and its host asked of the C library.
#include "fuzz/law.hpp"

#include <patchbay/endpoint.hpp>

#include <arpa/inet.h>  // inet_pton

#include <array>
#include <regex>
#include <string>
#include <string_view>

using namespace patchbay;
using patchbay_fuzz::law;

namespace {

constexpr std::string_view setting = "base_url";

bool is_ipv4(const std::string& host) {
  std::array<unsigned char, 4> bytes{};
  return host.find('\0') == std::string::npos && inet_pton(AF_INET, host.c_str(), bytes.data()) == 1;
}
bool is_this_machine(const std::string& host) {
  return host == "localhost" || host == "::1" || (is_ipv4(host) && host.starts_with("127."));
}

void check(const Endpoint& found, std::string_view url) {
  static const std::regex generic("^([^:/?#]+)://([^/?#]*)([^?#]*)(\\?([^#]*))?(#(.*))?$");
  std::match_results<std::string_view::const_iterator> parts;
  law(std::regex_match(url.begin(), url.end(), parts, generic), "what is taken is a URL", {url});
  const std::string scheme = parts[1].str(), authority = parts[2].str(), path = parts[3].str(), query = parts[4].str();
  law(!parts[6].matched, "no fragment", {url});
  law(found.tls() == (scheme == "https" || scheme == "wss"), "TLS where the scheme has it", {url});
  law(found.authority() == authority && authority.find('@') == std::string::npos, "the authority, without a user",
      {url});
  law(found.target() == (path.empty() ? "/" : path) + query, "the target", {url, found.target()});

  const std::size_t bracket = authority.rfind(']');
  const std::size_t colon = authority.find(':', bracket == std::string::npos ? 0 : bracket);
  std::string host = authority.substr(0, colon);
  const bool literal = host.starts_with('[');
  if (literal) host = host.substr(1, host.size() - 2);
  law(found.host() == host && !host.empty(), "the host", {url, found.host()});
  law(host.find_first_of("/?#@[]%\\ ") == std::string::npos, "a host is a name or an address", {url});
  if (literal) law(host.find(':') != std::string::npos, "only an IPv6 address stands in brackets", {url});
  const int port = colon == std::string::npos ? (found.tls() ? 443 : 80) : std::stoi(authority.substr(colon + 1));
  law(found.port() == port && port > 0, "the port", {url});

  const std::string full = found.origin() + found.target();
  const auto again = Endpoint::parse(full, setting);
  law(again.has_value() && *again == found && again->target() == found.target(), "an address says itself", {url, full});
  // As it stands before the API's own paths.
  if (query.empty()) {
    law(!found.path().ends_with('/') && (found.path().empty() || found.path().front() == '/'),
        "a path has no slash at its end", {url, found.path()});
    const auto longer = Endpoint::parse(full + "///", setting);
    law(longer.has_value() && *longer == found, "slashes at the end make no difference", {url});
  }
  law(found.may_carry_credentials() == (found.tls() || is_this_machine(host)),
      "credentials stay on this machine, or under TLS", {url});
  Endpoint allowed = found;
  allowed.allow_plain_text();
  law(allowed.may_carry_credentials() && (allowed == found) == false, "unless the client allows it", {url});
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string url(patchbay_fuzz::as_text(data, size));
  law(is_loopback(url) == is_this_machine(url), "which hosts are this machine", {url});
  const auto found = Endpoint::parse(url, setting);
  if (found) {
    check(*found, url);
  } else {
    const std::string& why = found.error().message();
    law(found.error().code() == ErrorCode::invalid_settings && why.starts_with("base_url: "),
        "the error names the setting", {url, why});
    // Credentials may stand in a query or in a user part.
    for (std::size_t i = 0; i + 12 <= url.size(); ++i) {
      const std::string_view part = std::string_view(url).substr(i, 12);
      if (part.find_first_of("?=&@") != std::string_view::npos)
        law(why.find(part) == std::string::npos, "and nothing of the address", {url, why});
    }
  }
  return 0;
}
