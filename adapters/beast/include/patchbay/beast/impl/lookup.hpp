// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <vector>

#include <boost/asio/ip/tcp.hpp>

#include <patchbay/policy/transport.hpp>
#include <patchbay/time.hpp>

namespace patchbay::beast::detail {

using Addresses = std::vector<boost::asio::ip::tcp::endpoint>;

/// A look-up by the operating system's resolver, which cannot be cancelled, in a thread of its own. Whoever asked may
/// leave it behind: the thread and the asker each hold it, and whoever is last frees it.
class Lookup : public std::enable_shared_from_this<Lookup> {
 public:
  /// Called once when the look-up has ended, on its thread, with its lock held; not after `leave`.
  class Listener {
   public:
    virtual void lookup_ended(std::shared_ptr<Lookup> lookup) noexcept = 0;

   protected:
    ~Listener() = default;
  };

  /// Starts one; an error if too many are left behind, or no thread can be had. Those that somebody waits for are not
  /// counted: many threads may well ask at once, and each of them would have to be refused.
  [[nodiscard]] static TransportResult<std::shared_ptr<Lookup>> start(const std::string& host, std::uint16_t port,
                                                                      Listener* listener = nullptr);

  /// Waits for the end; leaves it behind when the deadline passes or a stop is requested.
  [[nodiscard]] TransportResult<Addresses> wait(SteadyTime deadline, const std::stop_token& stop);
  /// What it found. Once, and only after its end.
  [[nodiscard]] TransportResult<Addresses> take();
  /// Nobody waits for it any more.
  void leave() noexcept;

 private:
  void run(const std::string& host, std::uint16_t port) noexcept;
  std::mutex mutex_;
  std::condition_variable_any ended_;
  Listener* listener_ = nullptr;
  bool done_ = false;
  bool left_behind_ = false;
  int error_ = 0;
  Addresses addresses_;
};

/// The addresses of hosts that need no look-up: literals, and `localhost`. Empty for others.
[[nodiscard]] Addresses known_addresses(const std::string& host, std::uint16_t port);

}  // namespace patchbay::beast::detail
