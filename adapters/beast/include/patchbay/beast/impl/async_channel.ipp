// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <exception>

#include <boost/asio/post.hpp>

#include <patchbay/beast/impl/async_channel_state.hpp>
#include <patchbay/beast/impl/message.hpp>

/// A channel as its client has it: what is asked for, until when, and how its ends are told.
namespace patchbay::beast {

void AsyncChannel::State::watch(SteadyTime when) {
  unwatch();
  if (when == never) return;
  struct Fired {
    void operator()(const error_code& ec) const { state->timer_fired(ec, turn); }
    std::shared_ptr<State> state;
    std::uint64_t turn;
  };
  timer->expires_at(when);
  timer->async_wait(Fired{shared_from_this(), timer_turn});
  watching = true;
}

void AsyncChannel::State::unwatch() noexcept {
  ++timer_turn;
  if (!std::exchange(watching, false) || !timer) return;
  try {
    timer->cancel();
  } catch (const std::exception&) {  // Asio's declaration allows it; its timers do not do it
  }
}

void AsyncChannel::State::timer_fired(error_code ec, std::uint64_t turn) {
  Lock lock(mutex);
  if (ec || turn != timer_turn || !wire) return;
  watching = false;
  if (phase == Phase::upgrading || phase == Phase::refused) {
    end_opening(phase == Phase::refused && answer->enough()
                    ? detail::upgrade_refused()
                    : detail::describe(TransportFault::timed_out, delivery(0),
                                       "the upgrade was not answered in time"));
  } else if (sending) {
    end_write(TransportFault::timed_out);
  } else if (closing) {
    finish(detail::was_cut);
  }
  tell(lock);
}

void AsyncChannel::State::finish(std::uint16_t code) noexcept {
  if (phase == Phase::upgrading || phase == Phase::refused)
    return end_opening(detail::describe(TransportFault::reset, delivery(0), "no memory"));
  try {
    inbox.die(code, stream->reason());
  } catch (const std::exception&) {  // no memory for the reason
    inbox.dead = true;
    inbox.close_code = code;
  }
  phase = Phase::over;
  cut();
  unwatch();
  if (sending && !send_ended) {
    send_result = tl::unexpected(detail::describe(send_fault(), delivery(sent_before), what_failed));
    send_ended = true;
  }
  close_ended = true;
}

void AsyncChannel::State::end_write(TransportFault fault) noexcept {
  send_result = tl::unexpected(detail::describe(fault, delivery(sent_before), what_failed));
  send_ended = true;
  finish(detail::was_cut);
}

void AsyncChannel::State::read_ahead() {
  if (reading || closing || inbox.dead || inbox.has_message) return;
  inbox.message.clear();
  reading = true;
  stream->async_read(into, [this](error_code ec, std::size_t) {
    reading = false;
    if (!ec) {
      inbox.has_message = !closing;
      inbox.is_text = stream->got_text();
      return;
    }
    inbox.die(detail::close_code_of(ec, stream->reason()), stream->reason());
    if (!closing) finish(inbox.close_code);  // otherwise the closing handshake ends it
  });
}

template <class Start>
void AsyncChannel::State::write(SteadyTime deadline, const char* what, Completion<Sent> done, Start start) {
  const Lock lock(mutex);
  if (!executor) return;  // the loop has ended
  sending = std::move(done);
  if (phase != Phase::open) {
    send_result =
        tl::unexpected(detail::describe(TransportFault::closed, Delivery::not_sent, "the channel is closed"));
    send_ended = true;
    return post_flush();
  }
  what_failed = what;
  sent_before = wire->sent;
  send_result = {};
  send_ended = false;
  if (std::chrono::steady_clock::now() >= deadline) {
    end_write(TransportFault::timed_out);
    return post_flush();
  }
  try {
    read_ahead();
    start([this](error_code ec, std::size_t = 0) {
      if (!sending || send_ended) return;
      if (ec) return end_write(send_fault());
      send_ended = true;
      unwatch();
    });
    if (!send_ended) watch(deadline);
  } catch (const std::exception&) {
    end_write(TransportFault::reset);
  }
  if (send_ended) post_flush();
}

void AsyncChannel::State::receive(ChannelEvent& to, Completion<void> done) {
  const Lock lock(mutex);
  if (!executor) return;
  event = &to;
  to.reason.clear();
  to.payload.clear();
  receiving = std::move(done);
  if (!inbox.has_event()) {
    try {
      read_ahead();
    } catch (const std::exception&) {
      finish(detail::was_cut);
    }
  }
  if (inbox.has_event()) post_flush();
}

void AsyncChannel::State::close(std::uint16_t code, SteadyTime deadline, Completion<void> done) {
  const Lock lock(mutex);
  if (!executor) return;
  closing = std::move(done);
  if (phase != Phase::open) {
    close_ended = true;
    return post_flush();
  }
  inbox.has_message = false;
  close_ended = false;
  try {
    const boost::beast::websocket::close_reason reason(detail::is_sendable(code) ? code : std::uint16_t{1000});
    stream->async_close(reason, [this](error_code ec) {
      if (phase != Phase::open) return;
      inbox.has_message = false;
      finish(ec ? detail::was_cut : detail::close_code_of(boost::beast::websocket::error::closed, stream->reason()));
    });
    if (phase == Phase::open) {
      if (std::chrono::steady_clock::now() >= deadline) {
        finish(detail::was_cut);  // the frame is written if the socket took it
      } else {
        watch(deadline);
      }
    }
  } catch (const std::exception&) {
    finish(detail::was_cut);
  }
  if (close_ended) post_flush();
}

void AsyncChannel::State::abandon() noexcept {
  const Lock lock(mutex);
  if (!executor) return;
  const bool cuts_sending = sending && !send_ended;
  if (phase == Phase::open) finish(detail::was_cut);
  if (cuts_sending)
    send_result = tl::unexpected(
        detail::describe(TransportFault::closed, delivery(sent_before), "the channel was given up"));
  if (receiving || sending || closing) post_flush();
}

void AsyncChannel::State::post_flush() noexcept {
  if (flush_is_posted || !executor) return;
  struct Flush {
    void operator()() const { state->flush(); }
    std::shared_ptr<State> state;
  };
  try {
    flush_is_posted = true;
    if (const auto& usual = pool->native()) {
      boost::asio::post(*usual, Flush{shared_from_this()});
    } else {
      boost::asio::post(executor, Flush{shared_from_this()});
    }
  } catch (const std::exception&) {
    flush_is_posted = false;
  }
}

void AsyncChannel::State::flush() {
  Lock lock(mutex);
  flush_is_posted = false;
  if (!executor) return;
  if (early_read && wire && wire->socket.is_open()) {
    const auto [ec, n] = *std::exchange(early_read, std::nullopt);
    bytes_came(ec, n);
  }
  tell(lock);
}

void AsyncChannel::State::tell(Lock& lock) noexcept {
  for (;;) {
    if (!executor) return;
    if (std::exchange(opening_ended, false)) {
      Completion<TransportResult<AsyncChannel>> done = std::move(opened);
      auto error = std::exchange(opening_error, std::nullopt);
      const ExchangeId was = id;
      lock.unlock();
      pool->opened(was);
      if (done) {
        if (error) {
          done(tl::unexpected(std::move(*error)));
        } else {
          done(AsyncChannel(shared_from_this()));
        }
      }
    } else if (sending && send_ended) {
      Completion<Sent> done = std::move(sending);
      Sent result = std::exchange(send_result, Sent{});
      send_ended = false;
      lock.unlock();
      done(std::move(result));
    } else if (receiving && inbox.take(*event)) {
      Completion<void> done = std::move(receiving);
      lock.unlock();
      done();
    } else if (closing && close_ended) {
      Completion<void> done = std::move(closing);
      lock.unlock();
      done();
    } else {
      return;
    }
    lock.lock();
  }
}

void AsyncChannel::State::shut_down() noexcept {
  Completion<TransportResult<AsyncChannel>> opened_abandoned;
  Completion<Sent> sending_abandoned;
  Completion<void> receiving_abandoned;
  Completion<void> closing_abandoned;
  const Lock lock(mutex);
  phase = Phase::over;
  inbox.dead = true;
  reader.clear();
  writer.clear();
  stream.reset();
  wire.reset();
  timer.reset();
  executor = {};
  opened_abandoned = std::move(opened);
  sending_abandoned = std::move(sending);
  receiving_abandoned = std::move(receiving);
  closing_abandoned = std::move(closing);
}

AsyncChannel::AsyncChannel(std::shared_ptr<State> state) noexcept : state_(std::move(state)) {}
AsyncChannel::AsyncChannel(AsyncChannel&&) noexcept = default;
AsyncChannel& AsyncChannel::operator=(AsyncChannel&& other) noexcept {
  if (this != &other) {
    if (state_) state_->abandon();
    state_ = std::move(other.state_);
  }
  return *this;
}
AsyncChannel::~AsyncChannel() {
  if (state_) state_->abandon();
}
void AsyncChannel::send(std::string_view text, SteadyTime deadline, Completion<TransportResult<void>> done) {
  state_->write(deadline, "the message was not sent whole", std::move(done), [&](auto handler) {
    state_->stream->async_write(boost::asio::buffer(text), std::move(handler));
  });
}
void AsyncChannel::ping(SteadyTime deadline, Completion<TransportResult<void>> done) {
  state_->write(deadline, "the ping was not sent", std::move(done),
                [&](auto handler) { state_->stream->async_ping({}, std::move(handler)); });
}
void AsyncChannel::receive(ChannelEvent& event, Completion<void> done) { state_->receive(event, std::move(done)); }
void AsyncChannel::close(std::uint16_t code, SteadyTime deadline, Completion<void> done) {
  state_->close(code, deadline, std::move(done));
}

ExchangeId Transport::open(const ChannelRequest& request, HttpResponse& refusal, SteadyTime deadline,
                           Completion<TransportResult<AsyncChannel>> done) {
  refusal.clear();
  auto checked = detail::check_request(*request.endpoint, request.target, request.headers);
  auto state = std::make_shared<AsyncChannel::State>(pool_, request, refusal, std::move(done));
  pool_->bind(state);
  const std::lock_guard lock(state->mutex);  // what comes of it must not find the number missing
  return state->id = pool_->connect(*request.endpoint, deadline, state, std::move(checked));
}

static_assert(CompletionChannelTransport<Transport>);

}  // namespace patchbay::beast
