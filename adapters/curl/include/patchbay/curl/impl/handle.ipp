// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // max
#include <cerrno>

#include <sys/socket.h>
#include <unistd.h>

#include <patchbay/curl/impl/handle.hpp>
#include <patchbay/curl/impl/request.hpp>
#include <patchbay/version.hpp>

namespace patchbay::curl::detail {

// The first call in the process initialises libcurl, and every other waits for it: that is what a local static does.
// There is no clean-up, because other users of libcurl may outlive this one.
bool is_initialised() noexcept {
  static const bool good = [] {
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) return false;
    // Without its asynchronous resolver no look-up could be ended by a deadline.
    const curl_version_info_data* const info = curl_version_info(CURLVERSION_NOW);
    return info->version_num >= 0x075700 && (info->features & CURL_VERSION_ASYNCHDNS) != 0;
  }();
  return good;
}

// Whether certificates are told in OpenSSL's words, which `is_unnamed` knows.
bool tells_certificates() noexcept {
  const char* const library = curl_version_info(CURLVERSION_NOW)->ssl_version;
  return library != nullptr && std::string_view(library).starts_with("OpenSSL/");
}

// What libcurl calls. Nothing may be thrown through it.

std::size_t on_header(char* bytes, std::size_t size, std::size_t count, void* exchange) noexcept {
  Answer& answer = static_cast<Exchange*>(exchange)->answer;
  try {
    if (answer.add_line({bytes, size * count})) return size * count;
  } catch (...) {
    answer.fail();
  }
  return CURL_WRITEFUNC_ERROR;
}

std::size_t on_body(char* bytes, std::size_t size, std::size_t count, void* exchange) noexcept {
  Answer& answer = static_cast<Exchange*>(exchange)->answer;
  try {
    if (answer.add_body({bytes, size * count})) return size * count;
  } catch (...) {
    answer.fail();
  }
  return CURL_WRITEFUNC_ERROR;
}

// A request's body is given as memory, so nothing else is ever read. The default would be the standard input.
std::size_t on_read(char*, std::size_t, std::size_t, void*) noexcept { return CURL_READFUNC_ABORT; }

int on_progress(void* data, curl_off_t, curl_off_t, curl_off_t, curl_off_t) noexcept {
  Exchange& exchange = *static_cast<Exchange*>(data);
  exchange.stopped = exchange.stop && exchange.stop->stop_requested();
  if (exchange.stopped) return 1;
  Answer& answer = exchange.answer;
  try {
    return answer.is_worth_reading() ? 0 : 1;
  } catch (...) {
    answer.fail();
  }
  return 1;
}

// The one way to learn how many bytes were accepted, how many came, and whether TLS ended as it should: by an alert, of
// which OpenSSL shows the two bytes.
int on_debug(CURL*, curl_infotype kind, char* bytes, std::size_t size, void* exchange) noexcept {
  Exchange& x = *static_cast<Exchange*>(exchange);
  if (x.begun && (kind == CURLINFO_HEADER_OUT || kind == CURLINFO_DATA_OUT)) x.sent += size;
  if (kind == CURLINFO_DATA_IN) x.answer.add_raw(size);
  if (kind == CURLINFO_SSL_DATA_IN && size == 2 && bytes[0] == 1 && bytes[1] == 0) x.notified = true;
  // A connection that brought more than was asked for is not to be trusted; libcurl closes some of these, and only
  // tells of others.
  const std::string_view text(bytes, kind == CURLINFO_TEXT ? size : 0);
  if (text.starts_with("Excess found") || text.starts_with("Leftovers after chunking")) x.excess = true;
  return 0;
}

// Whether the handshake of a new connection brought a certificate without any alternative name. libcurl would then look
// at its common name, which proves nothing (RFC 9110 section 4.3.4).
bool is_unnamed(CURL* easy) noexcept {
  const curl_certinfo* chain = nullptr;
  if (curl_easy_getinfo(easy, CURLINFO_CERTINFO, &chain) != CURLE_OK || chain == nullptr) return false;
  if (chain->num_of_certs < 1) return false;  // nothing was to be told
  for (const curl_slist* line = chain->certinfo[0]; line != nullptr; line = line->next)
    if (std::string_view(line->data).starts_with("X509v3 Subject Alternative Name")) return false;
  return true;
}

// Called when a connection stands and before a byte of the request is written, at each attempt.
int on_ready(void* exchange, char* remote, char*, int remote_port, int local_port) noexcept {
  Exchange& x = *static_cast<Exchange*>(exchange);
  if (x.may_have_sent()) {
    x.held_back = true;
    return CURL_PREREQFUNC_ABORT;
  }
  if (x.opened && x.tls && is_unnamed(x.easy)) {
    x.unnamed = true;
    return CURL_PREREQFUNC_ABORT;
  }
  if (x.connections != nullptr) {
    const ConnectionKey key{local_port, remote_port, remote};
    if (x.opened) {
      x.connections->connected(x, key);
    } else if (!x.connections->taken(x, key)) {
      x.stale = true;
      return CURL_PREREQFUNC_ABORT;
    }
  }
  x.begun = true;
  x.notified = x.excess = false;  // of connections that libcurl closed on the way to this one
  return CURL_PREREQFUNC_OK;
}

curl_socket_t on_open(void* exchange, curlsocktype, curl_sockaddr* address) noexcept {
  Exchange& x = *static_cast<Exchange*>(exchange);
  if (x.may_have_sent()) {  // so that not even a connection is made for what will not be sent
    x.held_back = true;
    return CURL_SOCKET_BAD;
  }
  x.opened = true;
#ifdef SOCK_CLOEXEC
  const curl_socket_t socket = ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
#else
  const curl_socket_t socket = ::socket(address->family, address->socktype, address->protocol);
#endif
  if (socket == CURL_SOCKET_BAD || x.connections == nullptr || x.connections->opened(x, socket)) return socket;
  ::close(socket);
  return CURL_SOCKET_BAD;
}

std::string user_agent() {
  return std::string("patchbay/")
      .append(std::to_string(PATCHBAY_VERSION_MAJOR))
      .append(".")
      .append(std::to_string(PATCHBAY_VERSION_MINOR));
}

long connect_timeout_ms(const Options& options) noexcept {
  return std::max(1L, milliseconds_until(after(SteadyTime{}, options.connect_timeout), SteadyTime{}));
}

Handle::Handle(const Options& options) {
  if (!is_initialised()) return;
  easy_.reset(curl_easy_init());
  if (!easy_) return;
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_QUICK_EXIT, 1L);  // a look-up that hangs is left behind, not waited for
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(CURLOPT_HTTP09_ALLOWED, 0L);
  set(CURLOPT_FOLLOWLOCATION, 0L);
  set(CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
  set(CURLOPT_USERAGENT, user_agent().c_str());
  // An empty proxy, unlike none, keeps libcurl from asking the environment for one.
  set(CURLOPT_PROXY, options.proxy.c_str());
  set(CURLOPT_NOPROXY, "");
  set(CURLOPT_HTTPPROXYTUNNEL, 1L);
  set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  set(CURLOPT_MAXCONNECTS, 1L);
  set(CURLOPT_FORBID_REUSE, options.max_idle_connections == 0 ? 1L : 0L);
  set(CURLOPT_CONNECTTIMEOUT_MS, connect_timeout_ms(options));

  set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  set(CURLOPT_SSL_VERIFYPEER, options.insecure_skip_verification_for_tests ? 0L : 1L);
  set(CURLOPT_SSL_VERIFYHOST, options.insecure_skip_verification_for_tests ? 0L : 2L);
  if (!options.insecure_skip_verification_for_tests && tells_certificates()) set(CURLOPT_CERTINFO, 1L);
  if (!options.trusted_ca_file.empty() || !options.trusted_ca_directory.empty()) {
    const auto path = [](const std::string& s) { return s.empty() ? nullptr : s.c_str(); };
    set(CURLOPT_CAINFO, path(options.trusted_ca_file));
    set(CURLOPT_CAPATH, path(options.trusted_ca_directory));
  }

  set(CURLOPT_HEADERFUNCTION, &on_header);
  set(CURLOPT_WRITEFUNCTION, &on_body);
  set(CURLOPT_READFUNCTION, &on_read);
  set(CURLOPT_XFERINFOFUNCTION, &on_progress);
  set(CURLOPT_NOPROGRESS, 0L);
  set(CURLOPT_DEBUGFUNCTION, &on_debug);
  set(CURLOPT_PREREQFUNCTION, &on_ready);
  set(CURLOPT_OPENSOCKETFUNCTION, &on_open);
  if (!good_) easy_.reset();
}

void Handle::prepare(const HttpRequest& request, curl_slist* fields) {
  const Endpoint& endpoint = *request.endpoint;
  if (tls_ != endpoint.tls() || authority_ != endpoint.authority()) {
    set(CURLOPT_URL, (endpoint.origin() + "/").c_str());
    tls_ = endpoint.tls();
    authority_ = endpoint.authority();
  }
  if (target_ != request.target) {
    target_ = request.target;
    set(CURLOPT_REQUEST_TARGET, target_.c_str());
  }
  set(CURLOPT_HTTPHEADER, fields);
  const bool plain_get = request.method == Method::get && request.body.empty();
  if (!plain_get) {
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    set(CURLOPT_POSTFIELDS, request.body.empty() ? "" : request.body.data());
  }
  if (method_ == request.method && has_body_ == !plain_get) return;
  if (plain_get) {
    set(CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t{-1});
    set(CURLOPT_POSTFIELDS, "");
    set(CURLOPT_HTTPGET, 1L);
    set(CURLOPT_CUSTOMREQUEST, static_cast<const char*>(nullptr));
  } else {
    set(CURLOPT_POST, 1L);
    set(CURLOPT_CUSTOMREQUEST, std::string(to_string(request.method)).c_str());
  }
  method_ = request.method;
  has_body_ = !plain_get;
}

void Handle::attach(Exchange& exchange) noexcept {
  void* const data = &exchange;
  set(CURLOPT_HEADERDATA, data);
  set(CURLOPT_WRITEDATA, data);
  set(CURLOPT_XFERINFODATA, data);
  set(CURLOPT_DEBUGDATA, data);
  set(CURLOPT_PREREQDATA, data);
  set(CURLOPT_OPENSOCKETDATA, data);
  set(CURLOPT_ERRORBUFFER, exchange.error);
  exchange.easy = easy_.get();
  set(CURLOPT_VERBOSE, 1L);  // to `on_debug`, and nowhere else
}

CURLcode Handle::perform(Exchange& exchange) noexcept {
  attach(exchange);
  if (!good_) return CURLE_OUT_OF_MEMORY;
  const CURLcode code = curl_easy_perform(easy_.get());
  // What the exchange lent ends with it, and the clean-up of a handle still talks.
  set(CURLOPT_VERBOSE, 0L);
  set(CURLOPT_ERRORBUFFER, static_cast<char*>(nullptr));
  set(CURLOPT_HTTPHEADER, static_cast<curl_slist*>(nullptr));
  if (has_body_) set(CURLOPT_POSTFIELDS, "");
  return code;
}

long Handle::system_error() const noexcept {
  long error = 0;
  curl_easy_getinfo(easy_.get(), CURLINFO_OS_ERRNO, &error);
  return error;
}

curl_socket_t Handle::socket() const noexcept {
  curl_socket_t socket = CURL_SOCKET_BAD;
  curl_easy_getinfo(easy_.get(), CURLINFO_ACTIVESOCKET, &socket);
  return socket;
}

bool Handle::quiet() const noexcept {
  const curl_socket_t fd = socket();
  return fd != CURL_SOCKET_BAD && is_quiet(fd);
}

bool is_quiet(curl_socket_t socket) noexcept {
  char byte = 0;
  const auto n = ::recv(socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

std::pair<Handle, bool> Pool::take(const Endpoint& endpoint, Duration idle_timeout) {
  const SteadyTime now = std::chrono::steady_clock::now();
  Handle spare;
  for (;;) {
    Idle found;
    std::vector<Idle> stale;  // ended outside the lock
    {
      const std::lock_guard lock(mutex_);
      for (std::size_t i = idle_.size(); i-- > 0;) {
        const bool old = now >= after(idle_[i].since, idle_timeout);
        const bool wanted = !found.handle && idle_[i].matches(endpoint);
        if (!old && !wanted) continue;
        if (old) {
          stale.push_back(std::move(idle_[i]));
        } else {
          found = std::move(idle_[i]);
        }
        idle_.erase(idle_.begin() + static_cast<std::ptrdiff_t>(i));
      }
    }
    if (found.handle && found.handle.quiet()) return {std::move(found.handle), true};
    // A handle whose connection is over still holds the trust store that it has read.
    if (!stale.empty()) spare = std::move(stale.back().handle);
    if (!found.handle) return {std::move(spare), false};
    spare = std::move(found.handle);
  }
}

void Pool::keep(const Endpoint& endpoint, Handle handle, std::size_t limit) {
  Idle oldest;
  const std::lock_guard lock(mutex_);
  idle_.emplace_back(endpoint, std::move(handle));
  if (idle_.size() > limit) {
    oldest = std::move(idle_.front());
    idle_.erase(idle_.begin());
  }
}

}  // namespace patchbay::curl::detail
