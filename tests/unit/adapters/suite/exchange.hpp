// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstdlib>  // abort
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include <patchbay/policy/transport.hpp>

#include <support/raw_peer.hpp>

namespace patchbay::test {

inline Endpoint endpoint_of(std::string_view url) { return Endpoint::parse(url, "test").value(); }

inline SteadyTime in(milliseconds span) { return std::chrono::steady_clock::now() + span; }

/// A deadline that no test should reach, and that ends a test which would hang.
inline SteadyTime soon() { return in(seconds(6)); }

/// Waits until `condition` holds; says whether it ever did.
template <class Condition>
[[nodiscard]] bool eventually(Condition condition) {
  for (const SteadyTime end = soon(); !condition();) {
    if (std::chrono::steady_clock::now() >= end) return false;
    std::this_thread::yield();
  }
  return true;
}

/// One request against `endpoint`, and what came of it.
class Exchange {
 public:
  template <Transport T>
  explicit Exchange(T& transport, const Endpoint& endpoint, Method method = Method::get, std::string_view body = {},
                    SteadyTime deadline = soon(), std::size_t max_body = std::size_t{1} << 20) {
    HttpRequest request(method, endpoint, "/api/v2/interactions/1");
    const HeaderView headers[] = {{"Authorization", "Bearer t0ken"}};
    request.headers = headers;
    request.body = body;
    request.max_body = max_body;
    const SteadyTime begin = std::chrono::steady_clock::now();
    result = transport.send(request, response, deadline);
    took = std::chrono::steady_clock::now() - begin;
    if (!result && (detail().find("t0ken") != std::string::npos || detail().find("/api/") != std::string::npos ||
                    detail().size() > 200))
      std::abort();  // no error may tell what was sent, whatever went wrong; tests with threads cannot say it softly
  }

  [[nodiscard]] bool ok() const { return result.has_value(); }
  [[nodiscard]] TransportFault fault() const { return result.error().fault; }
  [[nodiscard]] Delivery delivery() const { return result.error().delivery; }
  [[nodiscard]] const std::string& detail() const { return result.error().detail; }

  HttpResponse response;
  TransportResult<void> result;
  Duration took{};
};

inline RawPeer::Script serve(std::string bytes) {
  return [bytes = std::move(bytes)](PeerConnection& c) {
    while (!c.read_request().empty()) c.write(bytes);
  };
}

/// Answers one request and closes.
inline RawPeer::Script serve_once(std::string bytes) {
  return [bytes = std::move(bytes)](PeerConnection& c) {
    static_cast<void>(c.read_request());
    c.write(bytes);
  };
}

/// An answer with a length.
inline std::string answer(std::string_view body, std::string_view fields = {}, std::string_view status = "200 OK") {
  return std::string("HTTP/1.1 ")
      .append(status)
      .append("\r\nContent-Length: ")
      .append(std::to_string(body.size()))
      .append("\r\n")
      .append(fields)
      .append("\r\n")
      .append(body);
}

}  // namespace patchbay::test
