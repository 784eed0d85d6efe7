// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // find_if
#include <chrono>
#include <exception>

#include <patchbay/beast/impl/message.hpp>
#include <patchbay/beast/impl/pool.hpp>

/// The exchanges of a pool: how they are begun, ended, and told of their ends.
namespace patchbay::beast::detail {

Exchange& Pool::take_exchange() {
  if (free_exchanges_.empty()) {
    exchanges_.push_back(std::make_unique<Exchange>());
    exchanges_.back()->id = exchanges_.size() - 1;
    free_exchanges_.reserve(exchanges_.capacity());
    free_exchanges_.push_back(exchanges_.back().get());
  }
  deadlines_.reserve(exchanges_.size() + links_.size() + 1);
  Exchange& x = *free_exchanges_.back();
  free_exchanges_.pop_back();
  constexpr std::uint64_t index = (std::uint64_t{1} << index_bits) - 1;
  x.id = ++exchanges_begun_ << index_bits | (x.id & index);
  x.retried = false;
  x.doom.reset();
  x.link = nullptr;
  ++active_;
  return x;
}

Exchange* Pool::find(ExchangeId id) noexcept {
  const std::size_t index = id & ((std::uint64_t{1} << index_bits) - 1);
  if (index >= exchanges_.size()) return nullptr;
  Exchange& x = *exchanges_[index];
  const bool lives = x.id == id && x.state != Exchange::State::free && x.state != Exchange::State::ended;
  return lives ? &x : nullptr;
}

ExchangeId Pool::send(const HttpRequest& request, HttpResponse& response, SteadyTime deadline,
                      Completion<TransportResult<void>> done) {
  response.clear();
  TransportResult<void> checked = check_request(*request.endpoint, request.target, request.headers);
  if (checked && std::chrono::steady_clock::now() >= deadline)
    checked = tl::unexpected(describe(TransportFault::timed_out, Delivery::not_sent, "the deadline had passed"));

  const Lock lock(mutex_);
  if (dead_) return 0;  // and `done` is abandoned
  Exchange& x = take_exchange();
  x.done = std::move(done);
  x.request = &request;
  x.response = &response;
  x.state = Exchange::State::waiting;
  if (!checked) {
    finish_later(x, std::move(checked));
    return x.id;
  }
  try {
    x.host = &host_of(*request.endpoint);
    watch(x, deadline);
    start(x);  // throws nothing once it has put `x` somewhere
  } catch (const std::exception& e) {  // no memory, or no descriptor for the timer
    finish(x, tl::unexpected(describe(TransportFault::connect, Delivery::not_sent, e.what())));
  }
  wind_up();
  return x.id;
}

void Pool::start(Exchange& x) {
  Host& host = *x.host;
  if (host.waiting.empty() || host.waiting.first()->retried) {  // which waits for a fresh one
    if (Link* const link = take_idle(host)) return begin(*link, x);
  }
  if (waiting_ >= options_.max_waiting)
    return finish_later(x, tl::unexpected(describe(TransportFault::queue_full, Delivery::not_sent,
                                                   "too many requests wait for a connection")));
  host.waiting.push_back(x);
  ++waiting_;
  make_links(host);
}

ExchangeId Pool::connect(const Endpoint& endpoint, SteadyTime deadline, std::shared_ptr<Opening> opening,
                         TransportResult<void> checked) {
  if (checked && std::chrono::steady_clock::now() >= deadline)
    checked = tl::unexpected(describe(TransportFault::timed_out, Delivery::not_sent, "the deadline had passed"));
  const Lock lock(mutex_);
  if (dead_) return 0;
  Exchange& x = take_exchange();
  x.opening = std::move(opening);
  x.state = Exchange::State::active;
  if (!checked) {
    finish_later(x, std::move(checked));
    return x.id;
  }
  try {
    x.host = &host_of(endpoint);
    watch(x, deadline);
    begin_link(new_link(*x.host, &x));
  } catch (const std::exception& e) {
    if (x.link) drop(*std::exchange(x.link, nullptr));
    finish(x, tl::unexpected(describe(TransportFault::connect, Delivery::not_sent, e.what())));
  }
  wind_up();
  return x.id;
}

void Pool::opened(ExchangeId id) noexcept {
  const Lock lock(mutex_);
  Exchange* const x = find(id);
  if (dead_ || !x || x->state != Exchange::State::handed_over) return;
  x->opening.reset();
  finish(*x, {});
  settle_soon();
}

void Pool::cancel(ExchangeId id) noexcept {
  const Lock lock(mutex_);
  Exchange* const x = dead_ ? nullptr : find(id);
  if (!x || x->doom) return;
  end_now(*x, TransportFault::cancelled);
  wind_up();
}

// Ends a call from outside: what it set free goes to those who wait, and what ended within it is told later.
void Pool::wind_up() noexcept {
  if (pooled_links_ < options_.max_connections) feed_starved();
  if (!ended_.empty()) settle_soon();
}

// Completions must not run within the call that leads to them.
void Pool::settle_soon() noexcept {
  if (!settle_is_posted_) settle_is_posted_ = post_soon(&Pool::settle_posted);
}

void Pool::tell(Exchange& x) noexcept {
  if (x.listed) return;
  ended_.push_back(x);
  x.listed = true;
}

TransportError Pool::doomed(const Exchange& x, Delivery delivery) const {
  if (*x.doom == TransportFault::cancelled)
    return describe(TransportFault::cancelled, delivery, "the caller gave the exchange up");
  if (x.state != Exchange::State::waiting) return describe(*x.doom, delivery, "the answer did not come in time");
  // Who waits for connections that others use knows nothing of the host; who waits for a host's first one does.
  const bool none_is_up = x.host->connecting != 0 && x.host->links == x.host->connecting;
  return none_is_up ? describe(*x.doom, delivery, "no connection was made in time")
                    : describe(TransportFault::queue_full, delivery, "no connection was free in time");
}

// Ends an exchange that has not ended, wherever it is.
void Pool::end_now(Exchange& x, TransportFault fault) noexcept {
  x.doom = fault;
  deadlines_.remove(x);
  switch (x.state) {
    case Exchange::State::waiting: {
      Host& host = *x.host;
      host.waiting.remove(x);
      --waiting_;
      finish(x, tl::unexpected(doomed(x, Delivery::not_sent)));
      // An attempt that was made for it is of use to nobody.
      if (host.connecting > host.waiting.size()) {
        const auto unneeded = std::find_if(links_.rbegin(), links_.rend(), [&](const std::unique_ptr<Link>& l) {
          return &l->host == &host && !l->exchange && l->state < Link::State::idle;
        });
        if (unneeded != links_.rend()) drop(**unneeded);
      }
      return;
    }
    case Exchange::State::active:
      if (x.opening) {  // its connection is still being made
        drop(*std::exchange(x.link, nullptr));
        finish(x, tl::unexpected(doomed(x, Delivery::not_sent)));
      } else if (!x.link->parsing) {
        x.link->wire->close();  // what was being read ends, and with it the exchange
      }
      return;
    case Exchange::State::handed_over: return tell(x);
    case Exchange::State::free:
    case Exchange::State::ended: return;
  }
}

void Pool::finish(Exchange& x, TransportResult<void> result) noexcept {
  deadlines_.remove(x);
  x.state = Exchange::State::ended;
  x.result = std::move(result);
  tell(x);
}

void Pool::finish_later(Exchange& x, TransportResult<void> result) noexcept {
  finish(x, std::move(result));
  settle_soon();
}

void Pool::settle_posted() {
  Lock lock(mutex_);
  settle_is_posted_ = false;
  if (!dead_) settle(lock);
}

// Calls the completions of what has ended, without the lock.
void Pool::settle(Lock& lock) noexcept {
  if (pooled_links_ < options_.max_connections) feed_starved();
  while (Exchange* const x = ended_.first()) {
    ended_.remove(*x);
    x->listed = false;
    if (x->state == Exchange::State::handed_over && x->link && x->doom) {  // too late by a moment
      drop(*std::exchange(x->link, nullptr));
      finish(*x, tl::unexpected(doomed(*x, Delivery::not_sent)));
      continue;
    }
    if (x->state == Exchange::State::handed_over) {
      const std::shared_ptr<Opening> opening = x->opening;
      if (x->link) {
        LoopWire wire = std::move(*x->link->wire);
        x->link->wire.reset();
        if (wire.tls) {  // a channel lasts for days, and may be sent tickets as long
          x->link->host.sessions.add(wire.tls->take_sessions());
          wire.tls->stop_collecting();
        }
        drop(*std::exchange(x->link, nullptr));
        lock.unlock();
        opening->connected(std::move(wire));
      } else {
        TransportError error = doomed(*x, Delivery::maybe_sent);
        lock.unlock();
        opening->failed(std::move(error));
      }
      lock.lock();
      if (dead_) return;
      continue;
    }
    Completion<TransportResult<void>> done = std::move(x->done);
    std::shared_ptr<Opening> opening = std::move(x->opening);
    TransportResult<void> result = std::move(x->result);
    x->state = Exchange::State::free;
    x->host = nullptr;
    free_exchanges_.push_back(x);
    --active_;
    lock.unlock();
    if (done) {
      done(std::move(result));
    } else if (opening && !result) {
      opening->failed(std::move(result.error()));
    }
    opening.reset();
    lock.lock();
    if (dead_) return;
  }
  if (active_ != 0 || !armed_ || rest_is_posted_) return;
  // Nothing is under way; if that is so once what has just been told is worked off, the loop shall have rest. Looking
  // later spares a timer that would be cancelled and armed again with every request.
  rest_is_posted_ = post_soon(&Pool::look_for_rest);
}

void Pool::look_for_rest() {
  const Lock lock(mutex_);
  rest_is_posted_ = false;
  if (dead_ || active_ != 0) return;
  for (std::size_t i = links_.size(); i-- > 0;)  // connections that nobody waits for any more
    if (i < links_.size() && links_[i]->state < Link::State::idle) drop(*links_[i]);
  if (options_.watch_idle_connections && idle_links_ != 0) return arm_timer();
  armed_ = false;
  timer_->cancel();
}

}  // namespace patchbay::beast::detail
