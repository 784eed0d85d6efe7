// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
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

/// Whether no byte waits to be read on `socket`, and the peer has not closed it.
[[nodiscard]] bool is_quiet(curl_socket_t socket) noexcept;

class Exchange;

/// At least one, since 0 would stand for libcurl's own.
[[nodiscard]] long connect_timeout_ms(const Options& options) noexcept;

/// Initialises libcurl when nobody has; whether it is of use.
[[nodiscard]] bool is_initialised() noexcept;

/// Which connection libcurl takes, as it says before it writes.
struct ConnectionKey {
  int local_port = 0;
  int remote_port = 0;
  std::string_view remote_address{};
};

/// What knows the connections that the handles of a loop share, of which libcurl takes one by itself. Called by
/// libcurl.
class SharedConnections {
 public:
  /// `exchange` opened a socket. False when there is no room to remember it.
  [[nodiscard]] virtual bool opened(Exchange& exchange, curl_socket_t socket) noexcept = 0;
  /// `exchange` is about to write on the connection that it opened.
  virtual void connected(Exchange& exchange, const ConnectionKey& key) noexcept = 0;
  /// Whether `exchange` may write on this connection, which was used before.
  [[nodiscard]] virtual bool taken(Exchange& exchange, const ConnectionKey& key) noexcept = 0;

 protected:
  SharedConnections() = default;
  SharedConnections(const SharedConnections&) = delete;
  SharedConnections& operator=(const SharedConnections&) = delete;
  ~SharedConnections() = default;
};

/// One exchange, as the callbacks of its handle see it. Used again for the next one.
class Exchange {
 public:
  Exchange() = default;
  explicit Exchange(SharedConnections& shared) : connections(&shared) {}
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  void begin(HttpResponse& response, std::size_t max_header, std::size_t max_body, bool over_tls) noexcept {
    answer.begin(response, max_header, max_body);
    tls = over_tls;
    begun = held_back = notified = excess = unnamed = opened = stopped = stale = false;
    sent = 0;
    error[0] = '\0';
  }

  /// Whether bytes of the request can have left. Over TLS nobody knows how much of a record was taken, so a write that
  /// may have started counts.
  [[nodiscard]] bool may_have_sent() const noexcept { return begun && (tls || sent != 0); }

  /// Whether what came is the whole answer, given that libcurl thinks so. It takes any end of a TLS connection for the
  /// end of a body without length; only a close notification proves that nobody cut it.
  [[nodiscard]] bool is_whole() const noexcept {
    return answer.has_header() && (!tls || notified || !answer.ends_with_connection());
  }

  Answer answer;
  SharedConnections* const connections = nullptr;  ///< Null where a handle has its connection to itself.
  bool tls = false;
  bool begun = false;      ///< A connection was ready, and libcurl was let go on to write.
  bool held_back = false;  ///< libcurl wanted to write a second time what may have been sent, and was refused.
  bool notified = false;   ///< The peer's TLS said that nothing more will come.
  bool excess = false;     ///< Bytes that nobody asked for came behind the answer, and libcurl dropped them.
  bool unnamed = false;    ///< The certificate names no host but as its common name.
  bool opened = false;     ///< A connection was opened for it, rather than a kept one used.
  bool stopped = false;    ///< Ended because a stop was requested.
  bool stale = false;      ///< The kept connection that libcurl took was not to be used, and was ended.
  std::size_t sent = 0;    ///< Bytes of the request that the operating system, or TLS, accepted.
  const std::stop_token* stop = nullptr;  ///< Asked now and then; null where an exchange is cancelled otherwise.
  CURL* easy = nullptr;    ///< Whose exchange it is, while it is under way.
  char error[CURL_ERROR_SIZE] = {};
};

/// Opens the socket of `exchange`, which is an `Exchange`. Called by libcurl.
[[nodiscard]] curl_socket_t on_open(void* exchange, curlsocktype, curl_sockaddr* address) noexcept;

/// An easy handle with the settings that never change. Used by itself it keeps at most one connection; in a multi
/// handle, connections are the multi handle's. One thread at a time.
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

  /// Sets what to ask for. `fields` and the request's body are borrowed until it is done; what is as the request before
  /// had it is left alone.
  void prepare(const HttpRequest& request, curl_slist* fields);
  /// Lets the callbacks see `exchange`, until the next call.
  void attach(Exchange& exchange) noexcept;
  /// Does by itself what it was set to, for `exchange`.
  [[nodiscard]] CURLcode perform(Exchange& exchange) noexcept;
  [[nodiscard]] CURL* get() const noexcept { return easy_.get(); }

  [[nodiscard]] long system_error() const noexcept;
  /// A connection was kept.
  [[nodiscard]] bool connected() const noexcept { return socket() != CURL_SOCKET_BAD; }
  /// A connection was kept on which no byte waits to be read, and which the peer has not closed.
  [[nodiscard]] bool quiet() const noexcept;
  /// The socket of the connection that was kept.
  [[nodiscard]] curl_socket_t socket() const noexcept;

 private:
  struct Cleanup {
    void operator()(CURL* easy) const noexcept { curl_easy_cleanup(easy); }
  };
  std::unique_ptr<CURL, Cleanup> easy_;
  bool good_ = true;
  // As they are set.
  bool tls_ = false;
  bool has_body_ = true;
  std::optional<Method> method_;
  std::string authority_;
  std::string target_;
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
