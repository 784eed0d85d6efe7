// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <curl/curl.h>

#include <patchbay/curl/impl/answer.hpp>
#include <patchbay/curl/options.hpp>
#include <patchbay/http.hpp>
#include <patchbay/time.hpp>

#if LIBCURL_VERSION_NUM < 0x075700
#error "patchbay::curl needs libcurl 7.87 or later: before it a name look-up that hangs cannot be left behind"
#endif

namespace patchbay::curl::detail {

/// One exchange, as the callbacks of its handle see it.
class Exchange {
 public:
  Exchange(HttpResponse& response, std::size_t max_header, std::size_t max_body, bool tls_in)
      : answer(response, max_header, max_body), tls(tls_in) {}

  /// Whether bytes of the request can have left. Over TLS nobody knows how much of a record was taken, so a write that
  /// may have started counts.
  [[nodiscard]] bool may_have_sent() const noexcept { return begun && (tls || sent != 0); }

  /// Whether what came is the whole answer, given that libcurl thinks so. It takes any end of a TLS connection for the
  /// end of a body without length; only a close notification proves that nobody cut it.
  [[nodiscard]] bool is_whole() const noexcept {
    return answer.has_header() && (!tls || notified || !answer.ends_with_connection());
  }

  Answer answer;
  const bool tls;
  bool begun = false;      ///< A connection was ready, and libcurl was let go on to write.
  bool held_back = false;  ///< libcurl wanted to write a second time what may have been sent, and was refused.
  bool notified = false;   ///< The peer's TLS said that nothing more will come.
  bool excess = false;     ///< Bytes that nobody asked for came behind the answer, and libcurl dropped them.
  bool unnamed = false;    ///< The certificate names no host but as its common name.
  std::size_t sent = 0;    ///< Bytes of the request that the operating system, or TLS, accepted.
  CURL* easy = nullptr;    ///< Whose exchange it is, while it is under way.
  char error[CURL_ERROR_SIZE] = {};
};

/// An easy handle with the settings that never change; at most one connection is kept in it. One thread at a time.
class Handle {
 public:
  Handle() = default;
  explicit Handle(const Options& options);

  /// False when libcurl is not usable, lacks something that the settings need, or memory ran out.
  [[nodiscard]] explicit operator bool() const noexcept { return easy_ != nullptr; }

  /// Sets an option and remembers a failure, which `usable` tells.
  template <class T>
  void set(CURLoption option, T value) noexcept {
    good_ = (curl_easy_setopt)(easy_.get(), option, value) == CURLE_OK && good_;
  }
  [[nodiscard]] bool usable() const noexcept { return easy_ != nullptr && good_; }

  [[nodiscard]] CURLcode perform(Exchange& exchange) noexcept;

  [[nodiscard]] long system_error() const noexcept;
  /// A connection was kept.
  [[nodiscard]] bool connected() const noexcept { return socket() != CURL_SOCKET_BAD; }
  /// A connection was kept on which no byte waits to be read, and which the peer has not closed.
  [[nodiscard]] bool quiet() const noexcept;

 private:
  [[nodiscard]] curl_socket_t socket() const noexcept;
  struct Cleanup {
    void operator()(CURL* easy) const noexcept { curl_easy_cleanup(easy); }
  };
  std::unique_ptr<CURL, Cleanup> easy_;
  bool good_ = true;
};

/// Handles that wait for their next request. Thread-safe; never holds its lock over anything but moves.
class Pool {
 public:
  /// A handle with a quiet connection to `endpoint`; else one whose connection is to be replaced, if there is one; else
  /// none. The second part says whether the connection is to be used.
  [[nodiscard]] std::pair<Handle, bool> take(const Endpoint& endpoint, Duration idle_timeout);
  void keep(const Endpoint& endpoint, Handle handle, std::size_t limit);

 private:
  struct Idle {
    Idle() = default;
    Idle(const Endpoint& endpoint, Handle h)
        : handle(std::move(h)),
          host(endpoint.host()),
          port(endpoint.port()),
          tls(endpoint.tls()),
          since(std::chrono::steady_clock::now()) {}
    [[nodiscard]] bool matches(const Endpoint& e) const noexcept {
      return port == e.port() && tls == e.tls() && host == e.host();
    }

    Handle handle;
    std::string host;
    std::uint16_t port = 0;
    bool tls = true;
    SteadyTime since{};
  };
  std::mutex mutex_;
  std::vector<Idle> idle_;
};

}  // namespace patchbay::curl::detail
