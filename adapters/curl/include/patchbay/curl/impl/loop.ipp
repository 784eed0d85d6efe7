// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // clamp, max, min, none_of
#include <chrono>
#include <climits>
#include <exception>
#include <limits>
#include <utility>

#include <arpa/inet.h>  // inet_pton
#include <sys/socket.h>
#include <unistd.h>

#include <patchbay/curl/impl/loop.hpp>

namespace patchbay::curl::detail {

LoopState::LoopState(PoolOptions options)
    : inbox(std::make_shared<Inbox>()),
      options_(std::move(options)),
      connections_(options_.max_idle_connections, options_.idle_timeout) {
  if (!prepare()) multi_.reset();  // which every exchange is told
}

bool LoopState::prepare() {
  polled_.push_back({inbox->wake_socket(), POLLIN, 0});
  if (!inbox->usable() || !is_initialised()) return false;
  share_.reset(curl_share_init());
  multi_.reset(curl_multi_init());
  if (!share_ || !multi_) return false;
  const auto set = [&](CURLMoption option, auto value) {
    return (curl_multi_setopt)(multi_.get(), option, value) == CURLM_OK;
  };
  return (curl_share_setopt)(share_.get(), CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION) == CURLSHE_OK &&
         set(CURLMOPT_SOCKETFUNCTION, &on_socket) && set(CURLMOPT_SOCKETDATA, static_cast<void*>(this)) &&
         set(CURLMOPT_TIMERFUNCTION, &on_timer) && set(CURLMOPT_TIMERDATA, static_cast<void*>(this)) &&
         set(CURLMOPT_PIPELINING, static_cast<long>(CURLPIPE_NOTHING)) &&
         set(CURLMOPT_MAXCONNECTS, static_cast<long>(std::clamp<std::size_t>(options_.max_connections, 1, INT_MAX))) &&
         bound_connections();
}

LoopState::~LoopState() {
  for (const std::unique_ptr<Slot>& slot : slots_)
    if (slot->call != nullptr || slot->left) curl_multi_remove_handle(multi_.get(), slot->handle.get());
  slots_.clear();
  multi_.reset();  // closes the connections, and calls back for each
  share_.reset();
  inbox->close();
}

std::size_t LoopState::run(SteadyTime end, const std::stop_token& stop, bool idles) {
  if (running_.exchange(true, std::memory_order_acquire)) return 0;
  const std::stop_callback wake(stop, [this]() noexcept { inbox->wake(); });
  ended_ = 0;
  while (!stop.stop_requested()) {
    turn();
    if (!idles && !inbox->has_work()) break;
    if (end != never && std::chrono::steady_clock::now() >= end) break;
    sleep(end, true);
  }
  running_.store(false, std::memory_order_release);
  return ended_;
}

std::size_t LoopState::poll() {
  if (running_.exchange(true, std::memory_order_acquire)) return 0;
  ended_ = 0;
  std::size_t before = 0;
  do {
    before = ended_;
    sleep(never, false);
    turn();
  } while (ended_ != before);
  running_.store(false, std::memory_order_release);
  return ended_;
}

// One round of everything but waiting.
void LoopState::turn() {
  read_messages();
  const SteadyTime now = std::chrono::steady_clock::now();
  take(now);
  while (deadlines_.top() != nullptr && deadlines_.top()->when <= now)
    give_up(static_cast<Call&>(*deadlines_.top()), TransportFault::timed_out);
  while (slots_looking_up_.top() != nullptr && slots_looking_up_.top()->when <= now)
    give_up(*static_cast<Slot&>(*slots_looking_up_.top()).call, TransportFault::timed_out);
  // What is started is due at once, and what ends meanwhile makes room for more. Sockets get their turn all the same.
  for (int i = 0;; ++i) {
    start_waiting();
    if (i == 16 || curl_due_ > std::chrono::steady_clock::now()) return;
    curl_due_ = never;  // libcurl sets the next one meanwhile
    act(CURL_SOCKET_TIMEOUT, 0);
    read_messages();
  }
}

void LoopState::sleep(SteadyTime until, bool wait) {
  if (curl_due_ < until) until = curl_due_;
  for (const Heap* const times : {&deadlines_, &slots_looking_up_})
    if (times->top() != nullptr && times->top()->when < until) until = times->top()->when;
  const bool asleep = wait && inbox->may_sleep(until);
  Duration left = Duration::zero();
  if (asleep) {
    const SteadyTime now = std::chrono::steady_clock::now();
    until = std::min(until, connections_.trim(now));
    left = std::max(Duration::zero(), until == never ? (Duration::max)() : until - now);
  }
  const bool forever = left == (Duration::max)();
#ifdef __linux__
  using std::chrono::nanoseconds;
  const timespec span{static_cast<time_t>(std::chrono::duration_cast<seconds>(left).count()),
                      static_cast<long>(std::chrono::duration_cast<nanoseconds>(left % seconds(1)).count())};
  int count = ::ppoll(polled_.data(), static_cast<nfds_t>(polled_.size()), forever ? nullptr : &span, nullptr);
#else
  const auto span = std::min<std::chrono::milliseconds::rep>(
      std::chrono::ceil<milliseconds>(std::min<Duration>(left, std::chrono::hours(1))).count(), INT_MAX);
  int count = ::poll(polled_.data(), static_cast<nfds_t>(polled_.size()), forever ? -1 : static_cast<int>(span));
#endif
  if (asleep) inbox->woke();
  ready_.clear();
  for (std::size_t i = 0; count > 0 && i < polled_.size(); ++i) {
    if (polled_[i].revents == 0) continue;
    --count;
    if (i != 0) ready_.push_back(polled_[i]);
  }
  for (const pollfd& p : ready_) {
    const auto at = static_cast<std::size_t>(p.fd);
    if (polled_at_[at] == 0) continue;                                      // closed meanwhile
    const bool failed = (p.revents & (POLLERR | POLLHUP | POLLNVAL)) != 0;  // which reading and writing will explain
    const int in = failed || (p.revents & POLLIN) != 0 ? CURL_CSELECT_IN : 0;
    const int out = failed || (p.revents & POLLOUT) != 0 ? CURL_CSELECT_OUT : 0;
    act(p.fd, in | out);
  }
}

void LoopState::take(SteadyTime now) {
  CallList calls;
  work_.clear();
  inbox->take(calls, work_, now);
  while (Call* const call = calls.pop_front()) accept(*call, now);
  while (Call* const call = inbox->take_cancelled()) give_up(*call, TransportFault::cancelled);
  for (Completion<void>& work : work_) work();
  ended_ += work_.size();
  if (!work_.empty()) inbox->done(work_.size());
  while (inbox->run_timer()) ++ended_;
}

void LoopState::accept(Call& call, SteadyTime now) {
  const auto refuse = [&](TransportFault fault, std::string_view why) {
    end(call, tl::unexpected(describe(fault, Delivery::not_sent, why)));
  };
  try {
    if (auto refusal = refusal_of(*call.request, call.when, now)) return end(call, tl::unexpected(std::move(*refusal)));
    if (!multi_) return refuse(TransportFault::connect, "libcurl cannot be used");
    // First those that wait and may be started: a connection that became free is theirs.
    start_waiting();
    Host& host = host_of(*call.request->endpoint);
    const bool may_start = host.waiting.empty() && !host.barred &&
                           host.active < std::max<std::size_t>(options_.max_connections_per_host, 1) &&
                           active_ < std::max<std::size_t>(options_.max_connections, 1);
    if (!may_start && waiting_ >= options_.max_waiting)
      return refuse(TransportFault::queue_full, "too many exchanges wait for a connection");
    call.host = &host;
    call.came = came_++;
    if (call.when != never) {
      deadlines_.push(call);
      call.timed = true;
    }
    if (may_start) return start(call);
    host.waiting.push_back(call);
    ++waiting_;
  } catch (const std::exception&) {
    refuse(TransportFault::connect, "memory ran out");
  }
}

Host& LoopState::host_of(const Endpoint& endpoint) {
  for (const std::unique_ptr<Host>& host : hosts_)
    if (host->tls == endpoint.tls() && host->authority == endpoint.authority()) return *host;
  constexpr std::size_t many = 64;  // then those that nobody uses are forgotten
  if (hosts_.size() >= many)
    std::erase_if(hosts_, [](const std::unique_ptr<Host>& h) { return h->active == 0 && h->waiting.empty(); });
  auto host = std::make_unique<Host>();
  host->tls = endpoint.tls();
  host->authority = endpoint.authority();
  in6_addr address;
  const std::string name(endpoint.host().substr(endpoint.host().starts_with('[') ? 1 : 0));
  const bool is_literal = ::inet_pton(AF_INET, name.c_str(), &address) == 1 || name.find(':') != std::string::npos;
  host->literal = options_.proxy.empty() && (is_literal || name == "localhost");  // the name is the proxy's otherwise
  return *hosts_.emplace_back(std::move(host));
}

void LoopState::start_waiting() {
  if (std::exchange(any_unreached_, false))
    for (const std::unique_ptr<Host>& host : hosts_) host->unreached = false;
  const std::size_t per_host = std::max<std::size_t>(options_.max_connections_per_host, 1);
  const std::size_t in_all = std::max<std::size_t>(options_.max_connections, 1);
  for (std::size_t idle = 0; waiting_ != 0 && active_ < in_all && idle < hosts_.size();) {
    Host& host = *hosts_[next_host_++ % hosts_.size()];
    Call* const call = host.active < per_host && !host.barred ? host.waiting.pop_front() : nullptr;
    if (call == nullptr) {
      ++idle;
      continue;
    }
    idle = 0;
    --waiting_;
    start(*call);
  }
}

void LoopState::start(Call& call) {
  Slot* slot = nullptr;
  try {
    slot = free_slot();
    if (slot != nullptr) {
      const HttpRequest& request = *call.request;
      slot->exchange.begin(*call.response, options_.max_header_bytes, request.max_body, request.endpoint->tls());
      slot->handle.prepare(request, slot->fields.make(request.headers, options_.max_idle_connections != 0));
      if (slot->handle.usable() && curl_multi_add_handle(multi_.get(), slot->handle.get()) == CURLM_OK) {
        slot->call = &call;
        slot->host = call.host;
        call.slot = slot;
        ++call.host->active;
        ++active_;
        return;
      }
    }
  } catch (const std::exception&) {
  }
  if (slot != nullptr) release(*slot, false);
  end(call, tl::unexpected(
                describe(TransportFault::connect, Delivery::not_sent, "libcurl refused an option, or memory ran out")));
}

Slot* LoopState::free_slot() {
  if (!free_slots_.empty()) {
    Slot* const slot = free_slots_.back();
    free_slots_.pop_back();
    return slot;
  }
  auto slot = std::make_unique<Slot>(connections_, options_);
  Handle& handle = slot->handle;
  if (!handle) return nullptr;
  handle.attach(slot->exchange);
  handle.set(CURLOPT_PRIVATE, static_cast<void*>(slot.get()));
  handle.set(CURLOPT_SHARE, share_.get());
  slot->loop = this;
  handle.set(CURLOPT_RESOLVER_START_FUNCTION, &on_lookup);
  handle.set(CURLOPT_RESOLVER_START_DATA, static_cast<void*>(slot.get()));
  handle.set(CURLOPT_OPENSOCKETFUNCTION, &on_opening);
  handle.set(CURLOPT_OPENSOCKETDATA, static_cast<void*>(slot.get()));
  handle.set(CURLOPT_CLOSESOCKETFUNCTION, &on_close);
  handle.set(CURLOPT_CLOSESOCKETDATA, static_cast<void*>(this));
  if (!handle.usable()) return nullptr;
  free_slots_.reserve(slots_.size() + 1);  // so that each finds its place again
  slot->index = slots_.size();
  return slots_.emplace_back(std::move(slot)).get();
}

// A handle that failed may have left a look-up behind, so it is not used again.
void LoopState::release(Slot& slot, bool good) noexcept {
  slot.call = nullptr;
  slot.host = nullptr;
  slot.looks_up = slot.left = slot.put_back = slot.denied = false;
  if (good) return free_slots_.push_back(&slot);
  const std::size_t index = slot.index;
  std::swap(slots_[index], slots_.back());
  slots_[index]->index = index;
  slots_.pop_back();
}

void LoopState::read_messages() {
  int left = 0;
  while (const CURLMsg* const message = curl_multi_info_read(multi_.get(), &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    const CURLcode code = message->data.result;
    char* slot = nullptr;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &slot);
    on_done(*static_cast<Slot*>(static_cast<void*>(slot)), code);
  }
}

void LoopState::on_done(Slot& slot, CURLcode code) {
  if (slot.left) return on_left_done(slot);
  lookup_ended(slot);
  if (slot.put_back) return put_back(slot);
  Call& call = *slot.call;
  Exchange& exchange = slot.exchange;
  if (const curl_socket_t socket = slot.handle.socket(); socket != CURL_SOCKET_BAD) connections_.kept(exchange, socket);
  curl_multi_remove_handle(multi_.get(), slot.handle.get());
  if (exchange.stale) {  // libcurl closed that connection, so this comes to an end
    exchange.begin(*call.response, options_.max_header_bytes, call.request->max_body, exchange.tls);
    if (curl_multi_add_handle(multi_.get(), slot.handle.get()) == CURLM_OK) return;
  }
  TransportResult<void> result;
  const bool whole = code == CURLE_OK && exchange.is_whole();
  if (!whole && slot.denied) {
    result = tl::unexpected(describe(TransportFault::resolve, Delivery::not_sent,
                                     "the resolver hangs: too many look-ups are still under way"));
  } else if (!whole) {
    result = tl::unexpected(explain(code, exchange, slot.handle));
  }
  call.host->barred = false;  // its connection may be free now
  --call.host->active;
  --active_;
  release(slot, whole);
  end(call, std::move(result));
}

void LoopState::act(curl_socket_t socket, int events) {
  int running = 0;
  curl_multi_socket_action(multi_.get(), socket, events, &running);
}

void LoopState::give_up(Call& call, TransportFault fault) {
  Delivery delivery = Delivery::not_sent;
  std::string_view late = "no connection was free in time";
  if (Slot* const slot = call.slot) {
    const bool looks_up = slot->looks_up;
    if (!looks_up) curl_multi_remove_handle(multi_.get(), slot->handle.get());
    if (slot->exchange.may_have_sent()) delivery = Delivery::maybe_sent;
    late = slot->exchange.begun ? "the answer did not come in time" : "no connection was made in time";
    --call.host->active;
    --active_;
    call.host->barred = false;
    if (!slot->exchange.begun) call.host->unreached = any_unreached_ = true;
    looks_up ? leave(*slot) : release(*slot, false);
  } else {
    call.host->waiting.erase(call);
    --waiting_;
    // Who waits for connections that others use knows nothing of the host; who waits for a host's first one does.
    const bool unknown = fault == TransportFault::timed_out && !is_being_reached(*call.host);
    if (unknown) fault = TransportFault::queue_full;
    if (!unknown) late = "no connection was made in time";
  }
  end(call, tl::unexpected(describe(fault, delivery, fault == TransportFault::cancelled ? "cancelled" : late)));
}

// Whether connections to `host` are being made, and none is up.
bool LoopState::is_being_reached(const Host& host) const noexcept {
  const auto is_up = [&](const std::unique_ptr<Slot>& slot) {
    return slot->call != nullptr && slot->host == &host && slot->exchange.begun;
  };
  return (host.active != 0 || host.barred || host.unreached) && std::none_of(slots_.begin(), slots_.end(), is_up);
}

void LoopState::end(Call& call, TransportResult<void> result) noexcept {
  if (call.timed) deadlines_.erase(call);
  ++ended_;
  inbox->end(call, std::move(result));
}

void LoopState::watch(curl_socket_t socket, int what) {
  const auto fd = static_cast<std::size_t>(socket);
  if (fd >= polled_at_.size()) polled_at_.resize(fd + 1);
  std::size_t& at = polled_at_[fd];
  if (what == CURL_POLL_REMOVE) {
    if (at == 0) return;
    polled_[at] = polled_.back();
    polled_at_[static_cast<std::size_t>(polled_[at].fd)] = at;
    polled_.pop_back();
    at = 0;
    return;
  }
  if (at == 0) {
    polled_.push_back({socket, 0, 0});
    at = polled_.size() - 1;
  }
  const int in = (what & CURL_POLL_IN) != 0 ? POLLIN : 0;
  const int out = (what & CURL_POLL_OUT) != 0 ? POLLOUT : 0;
  polled_[at].events = static_cast<short>(in | out);
}

// What libcurl calls. Nothing may be thrown through it.

int LoopState::on_socket(CURL*, curl_socket_t socket, int what, void* loop, void*) noexcept {
  try {
    static_cast<LoopState*>(loop)->watch(socket, what);
    return 0;
  } catch (const std::exception&) {
    return -1;
  }
}

int LoopState::on_timer(CURLM*, long timeout_ms, void* loop) noexcept {
  SteadyTime& due = static_cast<LoopState*>(loop)->curl_due_;
  due = timeout_ms < 0 ? never : after(std::chrono::steady_clock::now(), milliseconds(timeout_ms));
  return 0;
}

int LoopState::on_close(void* loop, curl_socket_t socket) noexcept {
  static_cast<LoopState*>(loop)->connections_.closing(socket);
  return ::close(socket);
}

}  // namespace patchbay::curl::detail
