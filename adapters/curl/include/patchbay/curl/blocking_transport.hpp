// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <stop_token>

#include <patchbay/curl/options.hpp>
#include <patchbay/http.hpp>
#include <patchbay/policy/transport.hpp>
#include <patchbay/time.hpp>

/// A transport on libcurl. This header names no type of curl: what it declares is defined in the library
/// `patchbay::curl`, or in the one translation unit of a program that includes `<patchbay/curl/src.hpp>`.
namespace patchbay::curl {

/// HTTP/1.1 over kept connections of libcurl's easy interface; models `patchbay::StoppableTransport`.
///
/// It opens no message channels: libcurl 7.88 has WebSocket only as an experiment that distributions leave out. A
/// `HoldController` takes its HTTP from here and its channel from elsewhere by `patchbay::Composed`.
///
/// - Threads: `send` may be called by many at once. Each call uses a handle of its own, with one connection in it.
/// - Deadlines are monotonic and hold in name resolution, connecting, TLS, writing and reading, to the millisecond. A
///   call whose name the operating system's resolver does not answer in time leaves libcurl's resolver thread behind,
///   which ends when the resolver gives up; how many there may be at once is not bounded.
/// - TLS 1.2 or later, the host's name or address verified against the certificate (its common name is not looked at
///   where libcurl was built with OpenSSL). An endpoint that may not carry credentials is refused.
/// - Kept connections that the peer closed, or that hold bytes nobody asked for, are dropped before they are used. If
///   one fails later and no byte of the request was accepted by the operating system, one fresh connection is tried.
///   libcurl would repeat any request on a kept connection that ended without an answer: it is kept from it, and the
///   error says `maybe_sent`. Over TLS a started write counts as sent.
/// - No redirect is followed, no compression is asked for, no `Expect` is sent, no signal is raised or handled, nothing
///   is logged; proxy variables, `.netrc`, cookies, HSTS and alternative services play no part. `SSLKEYLOGFILE` is
///   libcurl's own and cannot be switched off by its options: who may set a program's environment may read its traffic.
///
/// libcurl is initialised once in a process, by the first transport that is made, under the lock of a local static, and
/// never cleaned up; nothing runs before `main`. A libcurl built without thread-safe initialisation wants a program
/// that also uses libcurl elsewhere to make its first transport before it starts threads.
///
/// What the outside world does is an error value; so is a lack of file descriptors, which is `TransportFault::connect`.
class BlockingTransport {
 public:
  explicit BlockingTransport(Options options = {});
  BlockingTransport(BlockingTransport&&) noexcept;
  BlockingTransport& operator=(BlockingTransport&&) noexcept;
  /// Closes the kept connections. No call may be under way.
  ~BlockingTransport();

  /// Sends `request` and reads the whole answer into `response`. What was read of an answer that then failed stays in
  /// `response` and means nothing.
  [[nodiscard]] TransportResult<void> send(const HttpRequest& request, HttpResponse& response, SteadyTime deadline);
  /// The same; ends within a second with `cancelled` when a stop is requested. libcurl asks no more often.
  [[nodiscard]] TransportResult<void> send(const HttpRequest& request, HttpResponse& response, SteadyTime deadline,
                                           std::stop_token stop);

  struct State;

 private:
  std::unique_ptr<State> state_;
};

}  // namespace patchbay::curl
