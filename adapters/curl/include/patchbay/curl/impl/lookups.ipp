// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // clamp
#include <chrono>
#include <climits>
#include <memory>

#include <patchbay/curl/impl/loop.hpp>

// How a loop bounds the look-ups of names.
namespace patchbay::curl::detail {

// Each is a thread of libcurl's.
constexpr std::size_t max_lookups = 16;          // in all, those that were left included
constexpr std::size_t max_lookups_per_host = 2;  // that somebody waits for

// A look-up that was left counts as a connection to libcurl, and takes none from the others.
bool LoopState::bound_connections() noexcept {
  const auto set = [&](CURLMoption option, std::size_t n) {
    n = std::clamp<std::size_t>(n, 1, INT_MAX - max_lookups) + left_;
    return (curl_multi_setopt)(multi_.get(), option, static_cast<long>(n)) == CURLM_OK;
  };
  return set(CURLMOPT_MAX_HOST_CONNECTIONS, options_.max_connections_per_host) &&
         set(CURLMOPT_MAX_TOTAL_CONNECTIONS, options_.max_connections);
}

// libcurl would leave the thread of the look-up behind and never tell of its end. So it keeps the exchange until then.
// What the caller lent is not touched any more: that would take a connection, and none is opened for it.
void LoopState::leave(Slot& slot) noexcept {
  slots_looking_up_.erase(slot);
  --slot.host->lookups;
  slot.looks_up = false;
  slot.left = true;
  slot.call = nullptr;
  slot.host = nullptr;
  ++left_;
  static_cast<void>(bound_connections());
}

void LoopState::on_left_done(Slot& slot) noexcept {
  curl_multi_remove_handle(multi_.get(), slot.handle.get());
  release(slot, false);
  --left_;
  --lookups_;
  static_cast<void>(bound_connections());
  unbar();
}

// Its call waits where it waited before.
void LoopState::put_back(Slot& slot) noexcept {
  Call& call = *slot.call;
  curl_multi_remove_handle(multi_.get(), slot.handle.get());
  call.slot = nullptr;
  --call.host->active;
  --active_;
  release(slot, true);
  call.host->waiting.insert(call, [&](const Call& other) { return other.came > call.came; });
  ++waiting_;
  call.host->barred = !may_look_up(*call.host);  // else one ended meanwhile
}

void LoopState::lookup_ended(Slot& slot) noexcept {
  if (!slot.looks_up) return;
  slot.looks_up = false;
  slots_looking_up_.erase(slot);
  --slot.host->lookups;
  --lookups_;
  slot.handle.set(CURLOPT_CONNECTTIMEOUT_MS, connect_timeout_ms(options_));
  unbar();
}

void LoopState::unbar() noexcept {
  for (const std::unique_ptr<Host>& host : hosts_) host->barred = false;
}

bool LoopState::may_look_up(const Host& host) const noexcept {
  return host.lookups < max_lookups_per_host && lookups_ < max_lookups;
}

// Called when a name is not among those that were looked up of late; whatever but 0 ends the exchange.
int LoopState::on_lookup(void*, void*, void* data) noexcept {
  Slot& slot = *static_cast<Slot*>(data);
  LoopState& loop = *slot.loop;
  if (slot.host->literal || slot.looks_up) return 0;
  slot.denied = loop.left_ >= max_lookups;
  slot.put_back = !slot.denied && !loop.may_look_up(*slot.host);
  if (slot.denied || slot.put_back) return 1;
  slot.looks_up = true;
  ++slot.host->lookups;
  ++loop.lookups_;
  // The loop ends it in time: libcurl would leave the look-up behind.
  slot.when = after(std::chrono::steady_clock::now(), loop.options_.connect_timeout);
  loop.slots_looking_up_.push(slot);
  slot.handle.set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(INT_MAX));
  return 0;
}

curl_socket_t LoopState::on_opening(void* data, curlsocktype type, curl_sockaddr* address) noexcept {
  Slot& slot = *static_cast<Slot*>(data);
  if (slot.left) return CURL_SOCKET_BAD;
  slot.loop->lookup_ended(slot);
  return on_open(&slot.exchange, type, address);
}

}  // namespace patchbay::curl::detail
