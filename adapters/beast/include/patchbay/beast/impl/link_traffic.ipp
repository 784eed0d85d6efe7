// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <exception>
#include <thread>

#include <boost/asio/ssl/error.hpp>

#include <patchbay/beast/impl/link_handlers.hpp>
#include <patchbay/beast/impl/links.ipp>  // attempt
#include <patchbay/beast/impl/message.hpp>
#include <patchbay/beast/impl/pool.hpp>

/// The connections of a pool: a request that is written, and its answer that is read.
namespace patchbay::beast::detail {

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
