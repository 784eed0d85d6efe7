// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include <curl/curl.h>
#include <poll.h>

#include <patchbay/curl/impl/connections.hpp>
#include <patchbay/curl/impl/heap.hpp>
#include <patchbay/curl/impl/inbox.hpp>
#include <patchbay/curl/impl/request.hpp>
#include <patchbay/curl/options.hpp>

namespace patchbay::curl::detail {

/// Where exchanges go that can share connections.
struct Host {
  bool tls = false;
  std::string authority;
  bool literal = false;    // an address, which is looked up by nobody
  bool barred = false;     // who is started would look up its name, and may not, until a look-up or an exchange ends
  bool unreached = false;  // exchanges have just ended for want of a connection to it
  std::size_t active = 0;
  std::size_t lookups = 0;  // of those that are active
  CallList waiting;
};

class LoopState;

/// An easy handle for one exchange at a time. In a heap, and with `when`, while it looks up a name.
struct Slot : HeapNode {
  Slot(SharedConnections& connections, const Options& options) : exchange(connections), handle(options) {}
  Exchange exchange;
  FieldList fields;
  Handle handle;  // is cleaned up first, and may still talk to `exchange`
  Call* call = nullptr;
  LoopState* loop = nullptr;
  Host* host = nullptr;  // of its call
  bool looks_up = false;
  bool left = false;      // its call was given up, and it ends when its look-up does
  bool put_back = false;  // its call is to wait for the look-ups of others
  bool denied = false;    // a look-up, because too many were left
  std::size_t index = 0;  // among the loop's slots
};

/// A multi handle driven by its socket interface: `poll` says what is ready, and libcurl looks at nothing else. (Its
/// `curl_multi_perform` makes a system call for each handle each time.)
class LoopState {
 public:
  explicit LoopState(PoolOptions options);
  LoopState(const LoopState&) = delete;
  LoopState& operator=(const LoopState&) = delete;
  ~LoopState();

  /// Runs until `end`, a request to stop, or, unless `idles`, until there is no work.
  std::size_t run(SteadyTime end, const std::stop_token& stop, bool idles);
  std::size_t poll();

  const std::shared_ptr<Inbox> inbox;

 private:
  struct EndMulti {
    void operator()(CURLM* multi) const noexcept { curl_multi_cleanup(multi); }
  };
  struct EndShare {
    void operator()(CURLSH* share) const noexcept { curl_share_cleanup(share); }
  };
  [[nodiscard]] bool prepare();
  void turn();
  void sleep(SteadyTime until, bool wait);
  void take(SteadyTime now);
  void accept(Call& call, SteadyTime now);
  [[nodiscard]] Host& host_of(const Endpoint& endpoint);
  void start_waiting();
  void start(Call& call);
  void leave(Slot& slot) noexcept;
  void on_left_done(Slot& slot) noexcept;
  void put_back(Slot& slot) noexcept;
  void lookup_ended(Slot& slot) noexcept;
  void unbar() noexcept;
  [[nodiscard]] bool may_look_up(const Host& host) const noexcept;
  [[nodiscard]] bool bound_connections() noexcept;
  [[nodiscard]] Slot* free_slot();
  void release(Slot& slot, bool good) noexcept;
  void on_done(Slot& slot, CURLcode code);
  void read_messages();
  void act(curl_socket_t socket, int events);
  void give_up(Call& call, TransportFault fault);
  [[nodiscard]] bool is_being_reached(const Host& host) const noexcept;
  void end(Call& call, TransportResult<void> result) noexcept;
  void watch(curl_socket_t socket, int what);

  static int on_socket(CURL*, curl_socket_t socket, int what, void* loop, void*) noexcept;
  static int on_timer(CURLM*, long timeout_ms, void* loop) noexcept;
  static int on_lookup(void*, void*, void* slot) noexcept;
  static curl_socket_t on_opening(void* slot, curlsocktype, curl_sockaddr* address) noexcept;
  static int on_close(void* loop, curl_socket_t socket) noexcept;

  const PoolOptions options_;
  std::atomic<bool> running_{false};
  std::size_t ended_ = 0;  // completions that this run has called
  Connections connections_;
  std::unique_ptr<CURLSH, EndShare> share_;  // of TLS sessions
  std::unique_ptr<CURLM, EndMulti> multi_;
  std::vector<std::unique_ptr<Slot>> slots_;
  std::vector<Slot*> free_slots_;
  std::vector<std::unique_ptr<Host>> hosts_;
  std::size_t next_host_ = 0;  // whose turn it is
  std::size_t active_ = 0;
  std::size_t waiting_ = 0;
  std::uint64_t came_ = 0;
  bool any_unreached_ = false;
  std::size_t lookups_ = 0;  // under way
  std::size_t left_ = 0;     // of them
  Heap deadlines_;
  Heap slots_looking_up_;
  SteadyTime curl_due_ = never;
  std::vector<pollfd> polled_;          // the first is the inbox
  std::vector<std::size_t> polled_at_;  // by socket; 0 is none
  std::vector<pollfd> ready_;
  std::vector<Completion<void>> work_;
};

}  // namespace patchbay::curl::detail
