// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // all_of
#include <charconv>
#include <exception>
#include <utility>

#include <patchbay/beast/impl/message.hpp>
#include <patchbay/version.hpp>

namespace patchbay::beast::detail {

TransportError describe(TransportFault fault, Delivery delivery, std::string_view what,
                        const boost::system::error_code& ec) noexcept {
  try {
    std::string text(what);
    if (ec) text.append(": ").append(ec.message());
    if (text.size() > 200) text.resize(200);
    return {fault, delivery, std::move(text)};
  } catch (const std::exception&) {  // no memory for words
    return {fault, delivery};
  }
}

const std::string& user_agent() {
  static const std::string name = std::string("patchbay/")
                                      .append(std::to_string(PATCHBAY_VERSION_MAJOR))
                                      .append(".")
                                      .append(std::to_string(PATCHBAY_VERSION_MINOR));
  return name;
}

bool is_writable(std::string_view target, std::span<const HeaderView> headers) noexcept {
  const auto printable = [](std::string_view s, bool blanks) {
    return std::all_of(s.begin(), s.end(), [blanks](char c) {
      const auto u = static_cast<unsigned char>(c);
      return u > 0x20 ? u != 0x7f : blanks && (c == ' ' || c == '\t');
    });
  };
  if (!target.starts_with('/') || !printable(target, false)) return false;
  return std::all_of(headers.begin(), headers.end(), [&](const HeaderView& h) {
    return !h.name.empty() && printable(h.name, false) && h.name.find(':') == std::string_view::npos &&
           printable(h.value, true);
  });
}

TransportResult<void> check_request(const Endpoint& endpoint, std::string_view target,
                                    std::span<const HeaderView> headers) {
  if (!endpoint.may_carry_credentials())
    return tl::unexpected(describe(TransportFault::plain_text_refused, Delivery::not_sent, "the endpoint needs TLS"));
  if (!is_writable(target, headers))
    return tl::unexpected(describe(TransportFault::malformed, Delivery::not_sent,
                                   "the request's target or a header field cannot be written"));
  return {};
}

void write_head(std::string& head, const HttpRequest& request, bool keep) {
  std::size_t size = 160 + request.target.size() + request.endpoint->authority().size();
  for (const HeaderView& h : request.headers) size += h.name.size() + h.value.size() + 4;
  head.reserve(head.size() + size);
  head.append(to_string(request.method))
      .append(" ")
      .append(request.target)
      .append(" HTTP/1.1\r\nHost: ")
      .append(request.endpoint->authority());
  head.append("\r\nUser-Agent: ").append(user_agent()).append("\r\n");
  if (!keep) head.append("Connection: close\r\n");
  for (const HeaderView& h : request.headers) head.append(h.name).append(": ").append(h.value).append("\r\n");
  if (request.method != Method::get || !request.body.empty()) {
    char digits[24];
    const auto end = std::to_chars(digits, digits + sizeof digits, request.body.size()).ptr;
    head.append("Content-Length: ").append(digits, end).append("\r\n");
  }
  head.append("\r\n");
}

}  // namespace patchbay::beast::detail
