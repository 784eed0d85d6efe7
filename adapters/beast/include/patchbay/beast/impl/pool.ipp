// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // find_if, min
#include <chrono>
#include <exception>

#include <boost/asio/post.hpp>

#include <patchbay/beast/impl/message.hpp>
#include <patchbay/beast/impl/pool.hpp>

namespace patchbay::beast::detail {

/// Tells pools that their execution context is being destroyed.
class PoolRegistry final : public net::execution_context::service {
 public:
  using key_type = PoolRegistry;
  static inline net::execution_context::id id;

  explicit PoolRegistry(net::execution_context& context) : net::execution_context::service(context) {}
  void add(const std::shared_ptr<Pool>& pool) {
    const std::lock_guard lock(mutex_);
    std::erase_if(pools_, [](const std::weak_ptr<Pool>& p) { return p.expired(); });
    pools_.push_back(pool);
  }

 private:
  void shutdown() noexcept override {
    std::vector<std::weak_ptr<Pool>> pools;
    {
      const std::lock_guard lock(mutex_);
      pools.swap(pools_);
    }
    for (const std::weak_ptr<Pool>& p : pools)
      if (const auto pool = p.lock()) pool->shut_down();
  }
  std::mutex mutex_;
  std::vector<std::weak_ptr<Pool>> pools_;
};

// Asio's handlers. Each keeps the pool, and so the memory that Asio uses, until it is gone.
struct PostedToPool {
  void operator()() const { ((*pool).*what)(); }
  std::shared_ptr<Pool> pool;
  void (Pool::*what)();
};

Pool::Pool(net::any_io_executor executor, PoolOptions options)
    : options_(std::move(options)), tls_(options_), executor_(std::move(executor)), timer_(std::in_place, executor_) {
  if (const auto* const usual = executor_.target<net::io_context::executor_type>()) native_ = *usual;
}

std::shared_ptr<Pool> Pool::make(net::any_io_executor executor, PoolOptions options) {
  auto& registry = net::use_service<PoolRegistry>(net::query(executor, net::execution::context));
  auto pool = std::make_shared<Pool>(std::move(executor), std::move(options));
  registry.add(pool);
  return pool;
}

Pool::~Pool() {
  for (const auto& host : hosts_)
    if (host->lookup) host->lookup->leave();
}

void Pool::shut_down() noexcept {
  std::vector<std::unique_ptr<Exchange>> ended;
  std::vector<std::weak_ptr<LoopBound>> bound;
  {
    const std::lock_guard lock(mutex_);
    dead_ = true;
    for (const auto& host : hosts_) {
      if (host->lookup) std::exchange(host->lookup, nullptr)->leave();
      host->keeps_running = {};
    }
    for (const auto& link : links_) link->wire.reset();
    timer_.reset();
    executor_ = {};
    native_.reset();
    ended.swap(exchanges_);
    bound.swap(bound_);
  }
  for (const auto& b : bound)
    if (const auto still_there = b.lock()) still_there->shut_down();
  // With `ended` everything that was under way is abandoned.
}

net::any_io_executor Pool::executor() const noexcept {
  const std::lock_guard lock(mutex_);
  return executor_;
}

// ---- Exchanges

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

void Pool::watch(Timed& timed, SteadyTime when) {
  deadlines_.remove(timed);
  timed.when = when;
  if (when == never) return;
  deadlines_.add(timed);
  if (deadlines_.soonest() == &timed || !armed_) arm_timer();
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

bool Pool::post_soon(void (Pool::*what)()) noexcept {
  try {
    PostedToPool posted{shared_from_this(), what};
    native_ ? net::post(*native_, std::move(posted)) : net::post(executor_, std::move(posted));
    return true;
  } catch (const std::exception&) {  // no memory: whatever happens next settles it
    return false;
  }
}

void Pool::tell(Exchange& x) noexcept {
  if (x.listed) return;
  ended_.push_back(x);
  x.listed = true;
}

TransportError Pool::doomed(const Exchange& x, Delivery delivery) const {
  if (*x.doom == TransportFault::cancelled) return describe(TransportFault::cancelled, delivery, "the caller gave the exchange up");
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

void Pool::post(Completion<void> work) {
  struct Posted {
    void operator()() { work(); }
    Completion<void> work;
  };
  const Lock lock(mutex_);
  if (dead_) return;
  if (native_) {
    net::post(*native_, Posted{std::move(work)});
  } else {
    net::post(executor_, Posted{std::move(work)});
  }
}

// ---- Time

void Pool::arm_timer() {
  SteadyTime when = deadlines_.soonest() ? deadlines_.soonest()->when : never;
  if (options_.watch_idle_connections)
    for (const auto& host : hosts_)
      if (!host->idle.empty()) when = std::min(when, after(host->idle.front()->idle_since, options_.idle_timeout));
  if (when == never || (armed_ && armed_until_ <= when)) return;
  struct Fired {
    void operator()(const error_code& ec) const { pool->timer_fired(ec); }
    std::shared_ptr<Pool> pool;
  };
  timer_->expires_at(when);
  timer_->async_wait(Fired{shared_from_this()});
  armed_until_ = when;
  armed_ = true;
}

void Pool::timer_fired(const error_code& ec) {
  Lock lock(mutex_);
  if (dead_ || ec) return;
  armed_ = false;
  const SteadyTime now = std::chrono::steady_clock::now();
  while (Timed* const timed = deadlines_.soonest()) {
    if (timed->when > now) break;
    deadlines_.remove(*timed);
    if (timed->kind == Timed::Kind::exchange) {
      end_now(static_cast<Exchange&>(*timed), TransportFault::timed_out);
    } else {
      expire(static_cast<Link&>(*timed));
    }
  }
  close_expired(now);
  try {
    if (active_ != 0 || options_.watch_idle_connections) arm_timer();
  } catch (const std::exception&) {  // no memory; the next exchange that is begun arms it
  }
  settle(lock);
}

void Pool::close_expired(SteadyTime now) noexcept {
  for (const auto& host : hosts_)
    while (!host->idle.empty() && now >= after(host->idle.front()->idle_since, options_.idle_timeout))
      drop(*host->idle.front());
}

std::shared_ptr<LoopTimerState> Pool::make_timer() {
  const Lock lock(mutex_);
  if (dead_) return std::make_shared<LoopTimerState>();
  auto timer = std::make_shared<LoopTimerState>(executor_);
  add_bound(timer);
  return timer;
}

void Pool::bind(const std::shared_ptr<LoopBound>& bound) {
  const Lock lock(mutex_);
  add_bound(bound);
}

void Pool::add_bound(std::weak_ptr<LoopBound> bound) {
  if (bound_.size() == bound_.capacity()) std::erase_if(bound_, [](const auto& b) { return b.expired(); });
  bound_.push_back(std::move(bound));
}

void LoopTimerState::wait(SteadyTime when, Completion<void> done) {
  struct Waited {
    void operator()(const error_code&) { done(); }
    Completion<void> done;
  };
  const std::lock_guard lock(mutex_);
  if (!timer_) return;
  timer_->expires_at(when);
  timer_->async_wait(Waited{std::move(done)});
}

void LoopTimerState::cancel() noexcept {
  const std::lock_guard lock(mutex_);
  if (!timer_) return;
  try {
    timer_->cancel();
  } catch (const std::exception&) {  // Asio's declaration allows it; its timers do not do it
  }
}

void LoopTimerState::shut_down() noexcept {
  const std::lock_guard lock(mutex_);
  timer_.reset();
}

}  // namespace patchbay::beast::detail

namespace patchbay::beast {

static_assert(LoopTimer<Timer> && CompletionTransport<Transport>);

Timer::Timer(std::shared_ptr<detail::LoopTimerState> state) noexcept : state_(std::move(state)) {}
Timer::Timer(Timer&&) noexcept = default;
Timer& Timer::operator=(Timer&& other) noexcept {
  if (this != &other) {
    if (state_) state_->cancel();
    state_ = std::move(other.state_);
  }
  return *this;
}
Timer::~Timer() {
  if (state_) state_->shut_down();
}
void Timer::wait(SteadyTime when, Completion<void> done) {
  if (state_) state_->wait(when, std::move(done));
}
void Timer::cancel() noexcept {
  if (state_) state_->cancel();
}

Transport::Transport(executor_type executor, PoolOptions options)
    : pool_(detail::Pool::make(std::move(executor), std::move(options))) {}

ExchangeId Transport::send(const HttpRequest& request, HttpResponse& response, SteadyTime deadline,
                           Completion<TransportResult<void>> done) {
  return pool_->send(request, response, deadline, std::move(done));
}
void Transport::cancel(ExchangeId id) noexcept { pool_->cancel(id); }
void Transport::post(Completion<void> work) { pool_->post(std::move(work)); }
Timer Transport::make_timer() { return Timer(pool_->make_timer()); }
void Transport::close_idle() noexcept { pool_->close_idle(); }
Transport::executor_type Transport::get_executor() const noexcept { return pool_->executor(); }

}  // namespace patchbay::beast
