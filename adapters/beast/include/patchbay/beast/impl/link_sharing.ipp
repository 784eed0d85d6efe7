// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // any_of, find_if
#include <chrono>
#include <exception>
#include <thread>

#include <patchbay/beast/impl/pool.hpp>

/// The connections of a pool: who gets one that is free, how long they are kept, and how they are given up.
namespace patchbay::beast::detail {

Link* Pool::take_idle(Host& host) {
  if (host.idle.empty()) return nullptr;
  const SteadyTime now = std::chrono::steady_clock::now();
  close_expired(now);
  while (!host.idle.empty()) {
    Link& link = *host.idle.back();
    // One whose answer was read in this very turn of this thread has just been looked at.
    const bool just_looked_at = just_read_ == &link && just_read_by_ == std::this_thread::get_id();
    if (just_looked_at || link.wire->quiet()) {
      host.idle.pop_back();
      --idle_links_;
      link.state = Link::State::busy;
      return &link;
    }
    drop(link);
  }
  return nullptr;
}

// It has carried an answer, or was made: on to what waits, or to those that are kept. Says whether it is kept.
bool Pool::release(Link& link, bool reusable) noexcept {
  Host& host = link.host;
  link.exchange = nullptr;
  Exchange* const next = host.waiting.first();
  const bool wants_fresh = next && next->retried && link.used;
  const bool starving =  // a host has waited for the connections of others
      starved_ && pooled_links_ >= options_.max_connections &&
      std::any_of(hosts_.begin(), hosts_.end(), [](const auto& h) { return !h->waiting.empty() && h->links == 0; });
  if (!reusable || options_.max_idle_connections == 0 || starving || (wants_fresh && host.connecting == 0)) {
    drop(link);
    feed_starved(&host);
    make_links(host);
    return false;
  }
  if (next && !wants_fresh) {
    host.waiting.remove(*next);
    --waiting_;
    begin(link, *next);
    return false;
  }
  link.state = Link::State::idle;
  link.idle_since = std::chrono::steady_clock::now();
  host.idle.push_back(&link);
  if (++idle_links_ > options_.max_idle_connections) drop_longest_idle(link);
  try {
    if (options_.watch_idle_connections && idle_links_ == 1) arm_timer();
  } catch (const std::exception&) {  // no memory; it is closed when the transport is used again
  }
  feed_starved(&host);
  return !host.idle.empty() && host.idle.back() == &link;  // unless it made room for another host's
}

// Gives room to those who wait for it: first to hosts that have no connection at all, in turn, beginning behind the one
// that was served last.
void Pool::feed_starved(const Host* last) noexcept {
  if (!std::exchange(starved_, false)) return;
  std::size_t from = 0;
  while (last && hosts_[from].get() != last) ++from;
  const bool rounds[] = {true, false};
  for (const bool only_without : rounds)
    for (std::size_t i = 1; i <= hosts_.size(); ++i) {
      Host& host = *hosts_[(from + i) % hosts_.size()];
      if (!only_without || (host.links == 0 && &host != last)) make_links(host);
    }
}

// Gives up a connection to another host that nobody uses.
bool Pool::make_room(const Host& host) noexcept {
  for (const auto& other : hosts_)
    if (other.get() != &host && !other->idle.empty()) {
      drop(*other->idle.front());
      return true;
    }
  return false;
}

void Pool::drop_longest_idle(const Link& spared) noexcept {
  Link* longest = nullptr;
  for (const auto& host : hosts_)
    if (!host->idle.empty() && host->idle.front() != &spared &&
        (!longest || host->idle.front()->idle_since < longest->idle_since))
      longest = host->idle.front();
  if (longest) drop(*longest);
}

void Pool::close_expired(SteadyTime now) noexcept {
  for (const auto& host : hosts_)
    while (!host->idle.empty() && now >= after(host->idle.front()->idle_since, options_.idle_timeout))
      drop(*host->idle.front());
}

void Pool::close_idle() noexcept {
  const Lock lock(mutex_);
  if (dead_) return;
  for (const auto& host : hosts_)
    while (!host->idle.empty()) drop(*host->idle.back());
  wind_up();
}

// Ends a connection, whatever it was doing; it is gone when nothing of Asio's refers to it any more.
void Pool::drop(Link& link) noexcept {
  Host& host = link.host;
  deadlines_.remove(link);
  if (link.state == Link::State::resolving) {
    std::erase(host.resolving, &link);
    if (host.resolving.empty() && host.lookup) {
      std::exchange(host.lookup, nullptr)->leave();
      host.keeps_running = {};
    }
  }
  if (link.state == Link::State::idle) {
    std::erase(host.idle, &link);
    --idle_links_;
  }
  if (link.pooled && link.state != Link::State::closed) {
    if (link.state < Link::State::idle) --host.connecting;
    --host.links;
    --pooled_links_;
  }
  link.state = Link::State::closed;
  link.exchange = nullptr;
  if (link.wire) link.wire->close();
  free_if_over(link);
}

void Pool::free_if_over(Link& link) noexcept {
  if (link.state != Link::State::closed || link.reading || link.writing || link.parsing) return;
  const auto at = std::find_if(links_.begin(), links_.end(), [&](const auto& l) { return l.get() == &link; });
  if (at == links_.end()) return;
  if (just_read_ == &link) just_read_ = nullptr;
  std::swap(*at, links_.back());
  links_.pop_back();
}

}  // namespace patchbay::beast::detail
