// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // min
#include <cstdint>
#include <string>
#include <string_view>

#include <patchbay/result.hpp>

namespace patchbay {

/// Whether a host name or address literal is this machine's own: `localhost`, 127.0.0.0/8 or `::1`.
[[nodiscard]] constexpr bool is_loopback(std::string_view host) noexcept {
  if (host == "localhost" || host == "::1") return true;
  if (!host.starts_with("127.")) return false;
  int dots = 0, digits = 0, octet = 0;
  for (char c : host) {
    if (c == '.') {
      if (digits == 0) return false;
      ++dots, digits = 0, octet = 0;
    } else if (c < '0' || c > '9' || ++digits > 3 || (digits > 1 && octet == 0) ||
               (octet = octet * 10 + (c - '0')) > 255) {
      // "127.evil.example" and "127.0.0.256" are names, not addresses; so is "127.0.0.09" to resolvers that know octal.
      return false;
    }
  }
  return dots == 3 && digits != 0;
}

/// Where requests go: the parts of an `http`, `https`, `ws` or `wss` URL.
class Endpoint {
 public:
  /// Splits `url`; `invalid_settings` when it has no host, a user part, a fragment, a port out of range, characters
  /// that a URL cannot hold, or another scheme. The message names `what` (the setting) and never repeats the query.
  [[nodiscard]] static Result<Endpoint> parse(std::string_view url, std::string_view what);

  [[nodiscard]] bool tls() const noexcept { return tls_; }
  /// Host name or address; an IPv6 literal without its brackets.
  [[nodiscard]] const std::string& host() const noexcept { return host_; }
  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  /// Path before the API's own paths, without a slash at its end: `` or `/gateway`.
  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  /// Path and query as given, at least `/`: for an address that is used as a whole, such as a webhook's.
  [[nodiscard]] const std::string& target() const noexcept { return target_; }
  /// `host` or `host:port`, as the `Host` field wants it.
  [[nodiscard]] const std::string& authority() const noexcept { return authority_; }
  /// Scheme and authority, for messages; holds no path and no query.
  [[nodiscard]] std::string origin() const { return (tls_ ? "https://" : "http://") + authority_; }

  /// Credentials may travel in plain text only to this machine, or to a host that the client named (hazard A16).
  [[nodiscard]] bool may_carry_credentials() const noexcept { return tls_ || plain_text_allowed_ || is_loopback(host_); }
  void allow_plain_text() noexcept { plain_text_allowed_ = true; }

  /// Whether both are the same API; a slash at the path's end makes no difference to that.
  [[nodiscard]] friend bool operator==(const Endpoint& a, const Endpoint& b) noexcept {
    return a.tls_ == b.tls_ && a.plain_text_allowed_ == b.plain_text_allowed_ && a.authority_ == b.authority_ && a.port_ == b.port_ &&
           a.path_ == b.path_;
  }

 private:
  Endpoint() = default;
  bool tls_ = true;
  bool plain_text_allowed_ = false;
  std::uint16_t port_ = 443;
  std::string host_;
  std::string path_;
  std::string target_;
  std::string authority_;
};

inline Result<Endpoint> Endpoint::parse(std::string_view url, std::string_view what) {
  const auto refuse = [&](std::string_view why) {
    return fail(ErrorCode::invalid_settings, std::string(what).append(": ").append(why));
  };
  Endpoint out;
  if (url.empty()) return refuse("is empty; name the organisation's address, there is no default");
  if (url.starts_with("https://") || url.starts_with("wss://")) {
    out.tls_ = true, out.port_ = 443;
  } else if (url.starts_with("http://") || url.starts_with("ws://")) {
    out.tls_ = false, out.port_ = 80;
  } else {
    return refuse("expected a URL that begins with https://, http://, wss:// or ws://");
  }
  url.remove_prefix(url.find("://") + 3);
  for (const char c : url)
    if (static_cast<unsigned char>(c) <= 0x20 || static_cast<unsigned char>(c) >= 0x7f || c == '"' || c == '<' || c == '>' || c == '\\')
      return refuse("holds a character that a URL cannot hold");
  if (url.find('#') != std::string_view::npos) return refuse("holds a fragment");
  const std::size_t end = std::min(url.find('/'), url.find('?'));
  std::string_view authority = url.substr(0, end);
  std::string_view path = end == std::string_view::npos ? std::string_view{} : url.substr(end);
  if (authority.find('@') != std::string_view::npos) return refuse("holds a user part; credentials are a setting of their own");

  std::string_view port;
  if (authority.starts_with('[')) {
    const std::size_t close = authority.find(']');
    if (close == std::string_view::npos) return refuse("holds an address literal without its closing bracket");
    out.host_ = authority.substr(1, close - 1);
    const bool six = out.host_.empty() || out.host_.find(':') != std::string::npos;  // brackets are for IPv6 alone
    if (!six || out.host_.find_first_not_of("0123456789abcdefABCDEF:.") != std::string::npos)
      return refuse("holds a malformed address literal");
    std::string_view rest = authority.substr(close + 1);
    if (!rest.empty() && rest.front() != ':') return refuse("holds text behind the address literal");
    port = rest;
  } else {
    const std::size_t colon = authority.find(':');
    out.host_ = authority.substr(0, colon);
    if (colon != std::string_view::npos) port = authority.substr(colon);
    for (const char c : out.host_) {
      const bool fine = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
      if (!fine) return refuse("holds a malformed host name");
    }
  }
  if (out.host_.empty()) return refuse("names no host");
  if (!port.empty()) {
    port.remove_prefix(1);
    std::uint32_t number = 0;
    if (port.empty() || port.size() > 5) return refuse("holds a malformed port");
    for (const char c : port) {
      if (c < '0' || c > '9') return refuse("holds a malformed port");
      number = number * 10 + static_cast<std::uint32_t>(c - '0');
    }
    if (number == 0 || number > 65535) return refuse("holds a port out of range");
    out.port_ = static_cast<std::uint16_t>(number);
  }
  out.authority_ = authority;
  out.target_ = path.starts_with('/') ? "" : "/";
  out.target_.append(path);
  const bool has_query = path.find('?') != std::string_view::npos;
  while (!has_query && path.ends_with('/')) path.remove_suffix(1);
  out.path_ = path;
  if (path.starts_with('?')) out.path_.insert(0, 1, '/');
  return out;
}

}  // namespace patchbay
