// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // all_of, any_of, min
#include <chrono>
#include <climits>
#include <system_error>

#include <patchbay/curl/impl/request.hpp>

namespace patchbay::curl::detail {

// Whether the request can be written as it is: no target or field that would end its line early, or mean something else
// to libcurl, for which a field without value is one to leave out.
bool is_writable(std::string_view target, std::span<const HeaderView> headers) noexcept {
  const bool good = target.starts_with('/') && std::all_of(target.begin(), target.end(), [](char c) {
                      return static_cast<unsigned char>(c) > 0x20 && c != 0x7f;
                    });
  return good && std::all_of(headers.begin(), headers.end(),
                             [](const HeaderView& h) { return is_field_name(h.name) && is_field_value(h.value); });
}

std::optional<TransportError> refusal_of(const HttpRequest& request, SteadyTime deadline, SteadyTime now) {
  const auto refuse = [](TransportFault fault, std::string_view why) {
    return std::optional<TransportError>(describe(fault, Delivery::not_sent, why));
  };
  if (!request.endpoint->may_carry_credentials())
    return refuse(TransportFault::plain_text_refused, "the endpoint needs TLS");
  if (!is_writable(request.target, request.headers))
    return refuse(TransportFault::malformed, "the request's target or a header field cannot be written");
  if (milliseconds_until(deadline, now) == 0) return refuse(TransportFault::timed_out, "the deadline had passed");
  return std::nullopt;
}

curl_slist* FieldList::make(std::span<const HeaderView> headers, bool keep) {
  text_.clear();
  starts_.clear();
  std::size_t size = 64;
  for (const HeaderView& h : headers) size += h.name.size() + h.value.size() + 3;
  text_.reserve(size);
  starts_.reserve(headers.size() + 4);
  for (const HeaderView& h : headers) add(h.name, trimmed(h.value));
  // What libcurl would add of itself; a line without a value takes it away.
  for (const std::string_view unwanted : {"Accept", "Content-Type", "Expect"}) {
    const bool given = std::any_of(headers.begin(), headers.end(),
                                   [&](const HeaderView& h) { return equal_ignoring_case(h.name, unwanted); });
    if (!given) starts_.push_back(text_.size()), text_.append(unwanted).append(":").push_back('\0');
  }
  if (!keep) add("Connection", "close");
  nodes_.resize(starts_.size());
  for (std::size_t i = 0; i < starts_.size(); ++i)
    nodes_[i] = {text_.data() + starts_[i], i + 1 < starts_.size() ? &nodes_[i + 1] : nullptr};
  return nodes_.data();
}

void FieldList::add(std::string_view name, std::string_view value) {
  starts_.push_back(text_.size());
  text_.append(name);
  if (value.empty()) {
    text_.append(";");  // libcurl's way to write a field that is empty
  } else {
    text_.append(": ").append(value);
  }
  text_.push_back('\0');
}

long milliseconds_until(SteadyTime end, SteadyTime now) noexcept {
  if (end <= now) return 0;
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - now).count();
  return static_cast<long>(std::min<std::chrono::milliseconds::rep>(left, INT_MAX));
}

TransportError explain(CURLcode code, const Exchange& x, const Handle& handle) {
  const Delivery delivery = x.may_have_sent() ? Delivery::maybe_sent : Delivery::not_sent;
  const std::string_view said = x.error;
  const auto says = [&](std::string_view text) { return said.find(text) != std::string_view::npos; };
  const auto system = [&] {
    const long error = handle.system_error();
    return error == 0 ? std::string() : std::generic_category().message(static_cast<int>(error));
  };
  if (x.held_back) return describe(TransportFault::reset, delivery, "the kept connection ended before an answer came");
  if (x.unnamed)
    return describe(TransportFault::tls, delivery, "the certificate was refused",
                    "no alternative certificate subject name matches");
  if (x.answer.refusal()) return *x.answer.refusal();
  if (x.answer.failed()) return describe(TransportFault::reset, delivery, "memory ran out");
  switch (code) {
    case CURLE_OK:
      return describe(TransportFault::reset, delivery, "the connection ended within the answer");
    case CURLE_OPERATION_TIMEDOUT:
      return describe(TransportFault::timed_out, delivery,
                      x.begun ? "the answer did not come in time" : "no connection was made in time");
    case CURLE_COULDNT_RESOLVE_HOST:
      return describe(TransportFault::resolve, delivery, "the host's name could not be resolved");
    case CURLE_COULDNT_RESOLVE_PROXY:
      return describe(TransportFault::resolve, delivery, "the proxy's name could not be resolved");
    case CURLE_COULDNT_CONNECT:
      return describe(TransportFault::connect, delivery, "could not connect", system());
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
      return describe(TransportFault::tls, delivery, "the certificate was refused", said);
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CRL_BADFILE:
      return describe(TransportFault::tls, delivery, "the trusted certificates could not be read");
    case CURLE_SSL_CONNECT_ERROR:
      // libcurl has one code for both; an end of the connection says nothing about the peer's TLS.
      if (says("SSL_ERROR_SYSCALL") || says("unexpected eof"))
        return describe(TransportFault::reset, delivery, "the connection ended within the TLS handshake");
      return describe(TransportFault::tls, delivery, "the TLS handshake failed", said);
    case CURLE_SSL_ENGINE_NOTFOUND:
    case CURLE_SSL_ENGINE_SETFAILED:
    case CURLE_SSL_ENGINE_INITFAILED:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_USE_SSL_FAILED:
    case CURLE_NOT_BUILT_IN:
      return describe(TransportFault::tls, delivery, "TLS is not to be had", curl_easy_strerror(code));
    case CURLE_UNSUPPORTED_PROTOCOL:  // HTTP/0.9 among them
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_BAD_CONTENT_ENCODING:
      if (x.begun) return describe(TransportFault::malformed, delivery, "the answer is not HTTP");
      return describe(TransportFault::connect, delivery, "could not connect", curl_easy_strerror(code));
    case CURLE_OUT_OF_MEMORY:  // also the code of a header line that is beyond what libcurl holds
      if (x.may_have_sent() && !x.answer.has_header())
        return describe(TransportFault::too_large, delivery,
                        "the answer's header is beyond the limit, or memory ran out");
      return describe(x.begun ? TransportFault::reset : TransportFault::connect, delivery, "memory ran out");
    case CURLE_RECV_ERROR:
      if (x.answer.has_header() && says("chunk"))
        return describe(TransportFault::malformed, delivery, "the answer's chunks are malformed");
      break;
#if LIBCURL_VERSION_NUM >= 0x080600
    case CURLE_TOO_LARGE:
      return describe(TransportFault::too_large, delivery, "the answer is beyond libcurl's limits");
#endif
    default:
      break;
  }
  const TransportFault fault = x.begun ? TransportFault::reset : TransportFault::connect;
  const std::string why = system();
  return describe(fault, delivery, curl_easy_strerror(code), why);
}

}  // namespace patchbay::curl::detail
