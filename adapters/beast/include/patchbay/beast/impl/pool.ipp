// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <exception>

#include <boost/asio/post.hpp>

#include <patchbay/beast/impl/pool.hpp>

/// A pool's life: it begins with the transport, and lets go of the loop when that ends.
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

void Pool::bind(const std::shared_ptr<LoopBound>& bound) {
  const Lock lock(mutex_);
  add_bound(bound);
}

void Pool::add_bound(std::weak_ptr<LoopBound> bound) {
  if (bound_.size() == bound_.capacity()) std::erase_if(bound_, [](const auto& b) { return b.expired(); });
  bound_.push_back(std::move(bound));
}

net::any_io_executor Pool::executor() const noexcept {
  const std::lock_guard lock(mutex_);
  return executor_;
}

// Asio's handlers. Each keeps the pool, and so the memory that Asio uses, until it is gone.
struct PostedToPool {
  void operator()() const { ((*pool).*what)(); }
  std::shared_ptr<Pool> pool;
  void (Pool::*what)();
};

bool Pool::post_soon(void (Pool::*what)()) noexcept {
  try {
    PostedToPool posted{shared_from_this(), what};
    native_ ? net::post(*native_, std::move(posted)) : net::post(executor_, std::move(posted));
    return true;
  } catch (const std::exception&) {  // no memory: whatever happens next settles it
    return false;
  }
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

}  // namespace patchbay::beast::detail

namespace patchbay::beast {

static_assert(LoopTimer<Timer> && CompletionTransport<Transport>);

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
