// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // find_if, min
#include <chrono>
#include <exception>
#include <thread>

#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/ssl/error.hpp>

#include <patchbay/beast/impl/message.hpp>
#include <patchbay/beast/impl/pool.hpp>

/// The connections of a pool: how they are made, used and given up.
namespace patchbay::beast::detail {

// Asio's handlers. Each keeps the pool, and so the memory that Asio uses, until it is gone.
template <OperationMemory Link::*Memory>
struct LinkHandler {
  using allocator_type = OperationAllocator<void>;
  [[nodiscard]] allocator_type get_allocator() const noexcept { return allocator_type(link->*Memory); }
  std::shared_ptr<Pool> pool;
  Link* link;
};
struct ConnectEnded : LinkHandler<&Link::read_memory> {
  void operator()(const error_code& ec) const { pool->connect_ended(*link, ec); }
};
struct ReadEnded : LinkHandler<&Link::read_memory> {
  void operator()(const error_code& ec, std::size_t n) const { pool->read_ended(*link, ec, n); }
};
struct Writable : LinkHandler<&Link::write_memory> {
  void operator()(const error_code& ec) const { pool->writable(*link, ec); }
};

Host& Pool::host_of(const Endpoint& endpoint) {
  for (const auto& host : hosts_)
    if (host->port == endpoint.port() && host->tls == endpoint.tls() && host->name == endpoint.host()) return *host;
  constexpr std::size_t many = 64;  // hosts are few, unless a client makes them up; then those not in use are forgotten
  if (hosts_.size() >= many)
    std::erase_if(hosts_, [this](const std::unique_ptr<Host>& h) {
      return h->waiting.empty() && !h->lookup &&
             std::none_of(links_.begin(), links_.end(), [&](const auto& l) { return &l->host == h.get(); }) &&
             std::none_of(exchanges_.begin(), exchanges_.end(), [&](const auto& x) { return x->host == h.get(); });
    });
  hosts_.push_back(std::make_unique<Host>(*this, endpoint.host(), endpoint.port(), endpoint.tls()));
  return *hosts_.back();
}

// ---- Making them

Link& Pool::new_link(Host& host, Exchange* own) {
  auto made = std::make_unique<Link>(*this, host, executor_);
  host.idle.reserve(host.links + 1);
  host.resolving.reserve(host.resolving.size() + 1);
  deadlines_.reserve(exchanges_.size() + links_.size() + 2);
  links_.push_back(std::move(made));
  Link& link = *links_.back();
  link.exchange = own;
  link.pooled = own == nullptr;
  if (own) {
    own->link = &link;
  } else {
    ++host.connecting;
    ++host.links;
    ++pooled_links_;
  }
  link.until = after(std::chrono::steady_clock::now(), options_.connect_timeout);
  return link;
}

void Pool::make_links(Host& host) noexcept {
  if (host.making_links) return;  // an attempt that failed at once; the loop goes on with the next
  struct Making {
    explicit Making(Host& h) noexcept : host(h) { host.making_links = true; }
    Making(const Making&) = delete;
    Making& operator=(const Making&) = delete;
    ~Making() { host.making_links = false; }
    Host& host;
  };
  const Making making(host);
  while (host.connecting < host.waiting.size() && host.connecting < options_.max_connecting_per_host &&
         host.links < options_.max_connections_per_host) {
    if (pooled_links_ >= options_.max_connections && !make_room(host)) {
      starved_ = true;
      return;
    }
    const std::size_t waited = host.waiting.size();
    const std::size_t connecting = host.connecting;
    try {
      Link& link = new_link(host, nullptr);
      attempt(link, [&] { begin_link(link); });
    } catch (const std::exception& e) {
      fail_first(host, describe(TransportFault::connect, Delivery::not_sent, e.what()));
    }
    // It failed at once, but other connections will carry what waits; the next attempt would fail as well.
    if (host.waiting.size() == waited && host.connecting == connecting) return;
  }
}

// Takes a step of an attempt to connect, which fails when there is no memory. Steps throw nothing once the attempt has
// ended.
template <class Step>
void Pool::attempt(Link& link, Step step) noexcept {
  try {
    step();
  } catch (const std::exception& e) {
    link_failed(link, describe(TransportFault::connect, Delivery::not_sent, e.what()));
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

void Pool::begin_link(Link& link) {
  Host& host = link.host;
  link.addresses = known_addresses(host.name, host.port);
  if (!link.addresses.empty()) return try_next_address(link);
  watch(link, link.until);
  host.resolving.push_back(&link);
  if (host.lookup) return;
  host.keeps_running = net::prefer(executor_, net::execution::outstanding_work.tracked);  // it may end before we return
  auto lookup = Lookup::start(host.name, host.port, &host);
  if (!lookup) {
    host.keeps_running = {};
    return link_failed(link, std::move(lookup.error()));
  }
  host.lookup = std::move(*lookup);
}

void Host::lookup_ended(std::shared_ptr<Lookup> ended) noexcept { pool.announce_lookup(*this, std::move(ended)); }

// On the look-up's own thread, while neither the host nor the executor can go. Afterwards both can: the look-up may be
// left before the announcement arrives, and even another one may be under way for the same host.
void Pool::announce_lookup(const Host& host, std::shared_ptr<Lookup> lookup) noexcept {
  struct Announced {
    void operator()() const { pool->lookup_ended(lookup); }
    std::shared_ptr<Pool> pool;
    std::shared_ptr<Lookup> lookup;
  };
  try {
    if (auto pool = weak_from_this().lock())
      net::post(host.keeps_running, Announced{std::move(pool), std::move(lookup)});
  } catch (const std::exception&) {  // no memory; the attempts end at their time
  }
}

void Pool::lookup_ended(const std::shared_ptr<Lookup>& lookup) {
  Lock lock(mutex_);
  if (dead_) return;
  const auto found = std::find_if(hosts_.begin(), hosts_.end(), [&](const auto& h) { return h->lookup == lookup; });
  if (found == hosts_.end()) return;  // it was left meanwhile
  Host& host = **found;
  host.lookup = nullptr;
  const auto addresses = lookup->take();
  host.keeps_running = {};
  std::vector<Link*> links;
  links.swap(host.resolving);
  for (Link* const link : links) {
    attempt(*link, [&] {
      if (!addresses) return link_failed(*link, addresses.error());
      link->addresses = *addresses;
      try_next_address(*link);
    });
  }
  settle(lock);
}

void Pool::try_next_address(Link& link) {
  const SteadyTime now = std::chrono::steady_clock::now();
  const std::size_t left = link.addresses.size() - link.next_address;
  if (left == 0 || now >= link.until) {
    if (!link.last_error || link.last_error == net::error::operation_aborted)
      return link_failed(link, describe(TransportFault::timed_out, Delivery::not_sent,
                                        "the host did not accept a connection in time"));
    return link_failed(link,
                       describe(TransportFault::connect, Delivery::not_sent, "could not connect", link.last_error));
  }
  // Each address gets an equal share of the time that is left.
  watch(link, now + (link.until - now) / static_cast<Duration::rep>(left));
  link.state = Link::State::connecting;
  link.wire->close();
  link.wire->socket.async_connect(link.addresses[link.next_address++], ConnectEnded{{shared_from_this(), &link}});
  link.reading = true;  // its end needs the lock
}

void Pool::connect_ended(Link& link, const error_code& result) {
  // Reading the trust store takes milliseconds, which others shall not wait.
  TransportResult<SSL_CTX*> context = nullptr;
  if (!result && link.host.tls) context = trust();
  Lock lock(mutex_);
  link.reading = false;
  if (dead_) return;
  if (link.state != Link::State::connecting) return free_if_over(link);
  // Its time may have been over when its success was already known.
  const error_code ec = !result && !link.wire->socket.is_open() ? error_code(net::error::operation_aborted) : result;
  attempt(link, [&] {
    if (ec) {
      link.last_error = ec;
      return try_next_address(link);
    }
    error_code ignored;
    // Requests and commands are small and wait for an answer: Nagle's algorithm would only delay them.
    link.wire->socket.set_option(net::ip::tcp::no_delay(true), ignored);
    link.wire->socket.non_blocking(true, ignored);
    if (!link.host.tls) return ready(link);
    link.state = Link::State::shaking_hands;
    watch(link, after(std::chrono::steady_clock::now(), options_.handshake_timeout));
    if (context && !tls_collects_) {
      TlsEngine::collect_sessions(*context);
      tls_collects_ = true;
    }
    auto engine = context ? TlsEngine::make(*context, link.host.name, !options_.insecure_skip_verification_for_tests,
                                            link.host.sessions.next())
                          : tl::unexpected(std::move(context.error()));
    if (!engine) return link_failed(link, std::move(engine.error()));
    link.wire->tls = std::move(*engine);
    link.encrypted = std::make_unique_for_overwrite<char[]>(encrypted_buffer);
    shake_hands(link);
  });
  settle(lock);
}

TransportResult<SSL_CTX*> Pool::trust() noexcept {
  try {
    return tls_.get();
  } catch (const std::exception& e) {
    return tl::unexpected(describe(TransportFault::tls, Delivery::not_sent, e.what()));
  }
}

void Pool::shake_hands(Link& link) {
  error_code why;
  const TlsEngine::Step step = link.wire->tls->handshake(why);
  carry_on_writing(link);  // an alert also, when it failed
  switch (step) {
    case TlsEngine::Step::over: return ready(link);
    case TlsEngine::Step::wants_more: return read(link);
    case TlsEngine::Step::failed: return link_failed(link, link.wire->tls->failure(why));
  }
}

void Pool::ready(Link& link) noexcept {
  deadlines_.remove(link);
  if (Exchange* const own = link.exchange) {
    own->state = Exchange::State::handed_over;
    return tell(*own);
  }
  --link.host.connecting;
  link.state = Link::State::busy;
  if (Exchange* const next = link.host.waiting.first()) {
    link.host.waiting.remove(*next);
    --waiting_;
    begin(link, *next);
  } else {
    static_cast<void>(release(link, true));
  }
}

void Pool::link_failed(Link& link, TransportError error) noexcept {
  Host& host = link.host;
  if (Exchange* const own = std::exchange(link.exchange, nullptr)) {
    own->link = nullptr;
    drop(link);
    return finish(*own, tl::unexpected(std::move(error)));
  }
  drop(link);
  fail_first(host, std::move(error));
  if (starved_) return feed_starved(&host);
  make_links(host);
}

// An attempt has come to nothing: it was made for what has waited longest.
void Pool::fail_first(Host& host, TransportError error) noexcept {
  Exchange* const first = host.waiting.first();
  if (!first) return;
  const bool others_are_up = host.links != host.connecting;
  if (others_are_up && !first->retried) return;  // they will carry what waits
  host.waiting.remove(*first);
  --waiting_;
  finish(*first, tl::unexpected(std::move(error)));
}

void Pool::expire(Link& link) noexcept {
  const auto fail = [&](std::string_view what) {
    link_failed(link, describe(TransportFault::timed_out, Delivery::not_sent, what));
  };
  switch (link.state) {
    case Link::State::resolving: return fail("the host's name was not resolved in time");
    case Link::State::connecting:
      if (link.next_address != link.addresses.size()) return link.wire->close();  // and on to the next address
      return fail("the host did not accept a connection in time");
    case Link::State::shaking_hands: return fail("the TLS handshake did not end in time");
    case Link::State::idle:
    case Link::State::busy:
    case Link::State::closed: return;
  }
}

// ---- Giving them up

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

void Pool::close_idle() noexcept {
  const Lock lock(mutex_);
  if (dead_) return;
  for (const auto& host : hosts_)
    while (!host->idle.empty()) drop(*host->idle.back());
  wind_up();
}

// ---- Using them

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

void Pool::drop_longest_idle(const Link& spared) noexcept {
  Link* longest = nullptr;
  for (const auto& host : hosts_)
    if (!host->idle.empty() && host->idle.front() != &spared &&
        (!longest || host->idle.front()->idle_since < longest->idle_since))
      longest = host->idle.front();
  if (longest) drop(*longest);
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

void Pool::begin(Link& link, Exchange& x) noexcept {
  x.state = Exchange::State::active;
  x.link = &link;
  link.exchange = &x;
  link.state = Link::State::busy;
  link.sent_before = link.wire->sent;
  link.head.clear();
  link.head_left = link.body_left = {};
  try {
    write_head(link.head, *x.request, options_.max_idle_connections != 0);
    link.reader.begin(*x.response, options_.max_header_bytes, x.request->max_body, false);
    auto room = link.reader.room();
    link.room = *room;
    link.head_left = link.head;
    link.body_left = x.request->body;
    carry_on_writing(link);
    read(link);
  } catch (const std::exception& e) {  // no memory
    const bool nothing_sent = link.wire->sent == link.sent_before;
    x.link = nullptr;
    drop(link);
    finish(x, tl::unexpected(describe(nothing_sent ? TransportFault::connect : TransportFault::reset,
                                      nothing_sent ? Delivery::not_sent : Delivery::maybe_sent, e.what())));
    make_links(*x.host);
  }
}

// A failed write is no verdict: the peer may have answered before it stopped reading, and reading will tell.
void Pool::carry_on_writing(Link& link) noexcept {
  if (link.writing) return;
  const error_code ec = link.wire->write(link.head_left, link.body_left);
  if (ec != net::error::would_block && ec != net::error::try_again) return;
  try {
    link.wire->socket.async_wait(net::ip::tcp::socket::wait_write, Writable{{shared_from_this(), &link}});
    link.writing = true;  // its end needs the lock
  } catch (const std::exception&) {  // no memory; reading ends with this
    link.wire->close();
  }
}

void Pool::writable(Link& link, const error_code& ec) {
  const Lock lock(mutex_);
  link.writing = false;
  if (dead_) return;
  if (link.state == Link::State::closed) return free_if_over(link);
  if (ec) return;
  if (link.parsing) {
    link.write_deferred = true;
  } else {
    carry_on_writing(link);
  }
}

void Pool::read(Link& link) {
  const net::mutable_buffer into =
      link.wire->tls ? net::mutable_buffer(link.encrypted.get(), encrypted_buffer) : link.room;
  link.wire->socket.async_read_some(into, ReadEnded{{shared_from_this(), &link}});
  link.reading = true;  // its end needs the lock
}

void Pool::read_ended(Link& link, const error_code& ec, std::size_t n) {
  Lock lock(mutex_);
  link.reading = false;
  if (dead_) return;
  if (link.state == Link::State::closed) return free_if_over(link);
  if (link.state == Link::State::shaking_hands) {
    attempt(link, [&] {
      if (ec) return link_failed(link, link.wire->tls->failure(ec));
      link.wire->tls->feed({link.encrypted.get(), n});
      shake_hands(link);
    });
    return settle(lock);
  }

  Exchange& x = *link.exchange;
  link.parsing = true;
  lock.unlock();
  TransportResult<Progress> progress = parse(link, ec, n);
  lock.lock();
  link.parsing = false;
  if (dead_) return;
  if (link.wire->tls && link.wire->tls->has_sessions()) link.host.sessions.add(link.wire->tls->take_sessions());
  const bool whole = progress && *progress != Progress::more;
  if (std::exchange(link.write_deferred, false) || (link.wire->tls && !link.wire->tls->outgoing().empty()))
    carry_on_writing(link);
  if (progress && !whole && !x.doom) {
    try {
      return read(link);
    } catch (const std::exception& e) {  // no memory
      progress = tl::unexpected(describe(TransportFault::reset, Delivery::maybe_sent, e.what()));
    }
  }

  const bool nothing_sent = link.wire->sent == link.sent_before;
  Host& host = link.host;
  if (whole) {
    const bool written = !link.writing && link.head_left.empty() && link.body_left.empty();
    finish(x, {});
    link.used = true;
    if (release(link, *progress == Progress::reusable && written && link.wire->socket.is_open())) {
      just_read_ = &link;
      just_read_by_ = std::this_thread::get_id();
    }
  } else {
    const Delivery delivery = nothing_sent ? Delivery::not_sent : Delivery::maybe_sent;
    TransportError error = x.doom ? doomed(x, delivery) : std::move(progress.error());
    error.delivery = delivery;
    const bool stale = link.used && nothing_sent && error.fault == TransportFault::reset && !x.retried;
    drop(link);
    if (stale) {
      x.retried = true;
      x.state = Exchange::State::waiting;
      x.link = nullptr;
      host.waiting.push_front(x);
      ++waiting_;
    } else {
      finish(x, tl::unexpected(std::move(error)));
    }
    feed_starved(&host);
    make_links(host);
  }
  settle(lock);
  if (just_read_by_ == std::this_thread::get_id()) just_read_ = nullptr;
}

// Without the lock: nobody else touches what is read while `parsing` is set.
TransportResult<Progress> Pool::parse(Link& link, const error_code& ec, std::size_t n) {
  try {
    TransportResult<Progress> progress = link.wire->tls ? decrypt(link, ec, n) : link.reader.took(n);
    if (!progress || *progress != Progress::more) return progress;
    if (ec) return link.reader.ended(ec);
    const auto room = link.reader.room();
    if (!room) return tl::unexpected(room.error());
    link.room = *room;
    return Progress::more;
  } catch (const std::exception& e) {  // no memory for the answer
    return tl::unexpected(describe(TransportFault::reset, Delivery::maybe_sent, e.what()));
  }
}

TransportResult<Progress> Pool::decrypt(Link& link, const error_code& ec, std::size_t n) {
  TlsEngine& tls = *link.wire->tls;
  if (ec) {
    const bool cut = ec == net::error::eof;  // without the peer's notice
    return link.reader.ended(cut ? error_code(net::ssl::error::stream_truncated) : ec);
  }
  tls.feed({link.encrypted.get(), n});
  for (;;) {
    error_code why;
    const std::size_t got = tls.read({static_cast<char*>(link.room.data()), link.room.size()}, why);
    if (got == 0) {
      if (why) return link.reader.ended(why);
      return Progress::more;
    }
    TransportResult<Progress> progress = link.reader.took(got);
    if (!progress) return progress;
    if (*progress != Progress::more) {
      // A ticket may follow an answer; text that nobody asked for, or an end, must not.
      char unasked = 0;
      if (*progress == Progress::reusable && !tls.quiet() && (tls.read({&unasked, 1}, why) != 0 || why))
        return Progress::whole;
      return progress;
    }
    const auto room = link.reader.room();
    if (!room) return tl::unexpected(room.error());
    link.room = *room;
  }
}

}  // namespace patchbay::beast::detail
