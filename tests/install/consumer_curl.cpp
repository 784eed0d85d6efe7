// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/curl/blocking_transport.hpp>

#include <chrono>
#include <cstdio>
#include <string>

#include <patchbay/version.hpp>

// Nobody listens on port 1 of this machine: the adapter is linked, runs, and says so.
int main() {
  const auto endpoint = patchbay::Endpoint::parse("http://127.0.0.1:1", "base_url");
  if (!endpoint) return 1;
  patchbay::curl::BlockingTransport transport;
  patchbay::HttpResponse response;
  const auto sent = transport.send(patchbay::HttpRequest(patchbay::Method::get, *endpoint, "/"), response,
                                   patchbay::after(std::chrono::steady_clock::now(), patchbay::seconds{10}));
  if (sent || sent.error().fault != patchbay::TransportFault::connect) return 2;
  std::printf("patchbay %d.%d.%d: %s\n", PATCHBAY_VERSION_MAJOR, PATCHBAY_VERSION_MINOR, PATCHBAY_VERSION_PATCH,
              std::string(to_string(sent.error().fault)).c_str());
  return 0;
}
