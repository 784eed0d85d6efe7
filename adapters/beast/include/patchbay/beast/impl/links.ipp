// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // any_of, none_of
#include <chrono>
#include <exception>

#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>

#include <patchbay/beast/impl/link_handlers.hpp>
#include <patchbay/beast/impl/message.hpp>
#include <patchbay/beast/impl/pool.hpp>

/// The connections of a pool: how they are made.
namespace patchbay::beast::detail {

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

}  // namespace patchbay::beast::detail
