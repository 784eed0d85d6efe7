// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // max, min
#include <chrono>
#include <cstring>  // memcpy
#include <exception>

#include <boost/asio/ssl/error.hpp>

#include <patchbay/beast/impl/body_buffer.hpp>
#include <patchbay/beast/impl/loop_stream.hpp>
#include <patchbay/beast/impl/upgrade.hpp>

namespace patchbay::beast {

/// A channel from the first attempt to connect, and everything on it, under a lock of its own. Completions are
/// collected under the lock and called without it.
struct AsyncChannel::State final : detail::Opening, detail::LoopStreamBase, detail::LoopBound,
                                   std::enable_shared_from_this<AsyncChannel::State> {
  using error_code = detail::error_code;
  using Lock = std::unique_lock<std::mutex>;
  using Sent = TransportResult<void>;
  enum class Phase : std::uint8_t { connecting, upgrading, refused, open, over };

  State(std::shared_ptr<detail::Pool> pool_in, const ChannelRequest& request_in, HttpResponse& refusal_in,
        Completion<TransportResult<AsyncChannel>> opened_in)
      : pool(std::move(pool_in)),
        request(&request_in),
        refusal(&refusal_in),
        opened(std::move(opened_in)),
        into(inbox.message, std::max<std::size_t>(request_in.max_message, 1)) {
    executor = pool->executor();
  }
  ~State() override {
    reader.clear();
    writer.clear();
  }

  // ---- Opening

  void connected(detail::LoopWire made) noexcept override {
    Lock lock(mutex);
    if (phase != Phase::connecting || !executor) return;
    phase = Phase::upgrading;
    wire.emplace(std::move(made));
    timer.emplace(executor);
    context = &boost::asio::query(executor, boost::asio::execution::context);
    try {
      stream.emplace(static_cast<detail::LoopStreamBase&>(*this));
      inbox.set_up(*stream, request->max_message);
      stream->set_option(boost::beast::websocket::stream_base::decorator(
          [this](boost::beast::websocket::request_type& upgrade) { detail::write_upgrade(upgrade, *request); }));
      watch(after(std::chrono::steady_clock::now(), pool->options().handshake_timeout));
      const boost::beast::string_view target(request->target.data(), request->target.size());
      stream->async_handshake(request->endpoint->authority(), target, [this](error_code ec) { upgraded(ec); });
    } catch (const std::exception& e) {
      end_opening(detail::describe(TransportFault::reset, delivery(0), e.what()));
    }
    tell(lock);
  }
  void failed(TransportError error) noexcept override {
    Lock lock(mutex);
    if (phase != Phase::connecting) error.delivery = delivery(0);
    if (phase < Phase::open) end_opening(std::move(error));
    tell(lock);
  }
  void upgraded(error_code ec) {
    if (phase != Phase::upgrading) return;
    if (!ec) {
      gate.open();
      // The decorator refers to the request, which ends with the opening.
      stream->set_option(
          boost::beast::websocket::stream_base::decorator([](boost::beast::websocket::request_type&) {}));
      unwatch();
      phase = Phase::open;
      opening_ended = true;
    } else if (gate.shut()) {
      phase = Phase::refused;
      answer = std::make_unique<detail::AnswerReader>();
      answer->begin(*refusal, pool->options().max_header_bytes, detail::max_refusal_body, true);
      for (std::string_view seen = gate.seen(); !seen.empty() && phase == Phase::refused;) {
        const auto room = answer->room();
        if (!room) return end_opening(room.error());
        const std::size_t n = std::min(seen.size(), room->size());
        std::memcpy(room->data(), seen.data(), n);
        seen.remove_prefix(n);
        refused_so_far(answer->took(n));
      }
      if (phase == Phase::refused) read_refusal();
    } else {
      end_opening(detail::upgrade_failure(ec, delivery(0)));
    }
  }
  void read_refusal() {
    const auto room = answer->room();
    if (!room) return end_opening(room.error());
    start_read(*room);
  }
  void refused_so_far(TransportResult<detail::Progress> progress) {
    if (!progress) return end_opening(std::move(progress.error()));
    if (*progress != detail::Progress::more) end_opening(detail::upgrade_refused());
  }
  void end_opening(TransportError error) noexcept {
    phase = Phase::over;
    opening_error.emplace(std::move(error));
    opening_ended = true;
    cut();
    unwatch();
  }

  // ---- The wire

  void start_read(boost::asio::mutable_buffer room) override {
    read_into = room;
    if (wire->tls && decrypt_some()) return;
    struct Ended {
      using allocator_type = detail::OperationAllocator<void>;
      [[nodiscard]] allocator_type get_allocator() const noexcept { return allocator_type(state->read_memory); }
      void operator()(const error_code& ec, std::size_t n) const { state->read_ended(ec, n); }
      std::shared_ptr<State> state;
    };
    if (wire->tls && !encrypted) encrypted = std::make_unique_for_overwrite<char[]>(detail::encrypted_buffer);
    const auto target = wire->tls ? boost::asio::mutable_buffer(encrypted.get(), detail::encrypted_buffer) : room;
    wire->socket.async_read_some(target, Ended{shared_from_this()});
  }
  // Bytes that were read and not asked for before; their completion must not run within the call that asks.
  bool decrypt_some() {
    error_code ec;
    const std::size_t n = wire->tls->read({static_cast<char*>(read_into.data()), read_into.size()}, ec);
    if (n == 0 && !ec) return false;
    early_read.emplace(ec, n);
    post_flush();
    return true;
  }
  void read_ended(error_code ec, std::size_t n) {
    Lock lock(mutex);
    if (!wire || !wire->socket.is_open() || phase == Phase::over) return;
    if (wire->tls) {
      if (!ec) {
        wire->tls->feed({encrypted.get(), n});
        n = wire->tls->read({static_cast<char*>(read_into.data()), read_into.size()}, ec);
        carry_on_writing();
        if (n == 0 && !ec) {
          start_read(read_into);
          return;
        }
      } else if (ec == boost::asio::error::eof) {
        ec = boost::asio::ssl::error::stream_truncated;
      }
    }
    bytes_came(ec, n);
    tell(lock);
  }
  void bytes_came(error_code ec, std::size_t n) {
    try {
      if (phase == Phase::refused) {
        refused_so_far(ec ? answer->ended(ec) : answer->took(n));
        if (phase == Phase::refused) read_refusal();
      } else if (reader) {
        if (gate.deciding() && !ec && !gate.admit({static_cast<const char*>(read_into.data()), n})) {
          reader(boost::asio::error::connection_refused, 0);
        } else {
          reader(ec, n);
        }
      }
    } catch (const std::exception&) {  // no memory for a message
      finish(detail::was_cut);
    }
  }

  void start_write() override {
    written = 0;
    if (wire->tls) {
      for (const boost::asio::const_buffer& part : parts) {
        if (!wire->tls->write({static_cast<const char*>(part.data()), part.size()}))
          return write_ended(boost::asio::error::connection_aborted);
        written += part.size();
      }
    }
    carry_on_writing();
  }
  void carry_on_writing() {
    if (waits_to_write) return;
    error_code ec;
    if (wire->tls) {
      ec = wire->flush();
    } else if (!writer) {
      return;
    } else {
      written = wire->socket.write_some(parts, ec);
      wire->sent += written;
    }
    if (ec == boost::asio::error::would_block || ec == boost::asio::error::try_again) {
      struct Ready {
        using allocator_type = detail::OperationAllocator<void>;
        [[nodiscard]] allocator_type get_allocator() const noexcept { return allocator_type(state->write_memory); }
        void operator()(const error_code& failed_to_wait) const { state->writable(failed_to_wait); }
        std::shared_ptr<State> state;
      };
      waits_to_write = true;
      wire->socket.async_wait(boost::asio::ip::tcp::socket::wait_write, Ready{shared_from_this()});
    } else if (writer) {
      write_ended(ec);
    }
  }
  // Within the call that started it, as a rule: Beast's operation is then over before the call returns, and the
  // client's completion is posted. Not deeper than so: each ping that was read begins the writing of a pong, whose end
  // reads the next, and a flood of them must not take a thread's stack.
  void write_ended(error_code ec) {
    constexpr unsigned deepest = 16;
    if (writes_within < deepest) {
      struct Within {
        explicit Within(unsigned& count_in) noexcept : count(&count_in) { ++*count; }
        Within(const Within&) = delete;
        Within& operator=(const Within&) = delete;
        ~Within() { --*count; }
        unsigned* count;
      } const within(writes_within);
      return writer(ec, ec ? 0 : written);
    }
    struct Ended {
      using allocator_type = detail::OperationAllocator<void>;
      [[nodiscard]] allocator_type get_allocator() const noexcept { return allocator_type(state->write_memory); }
      void operator()() const { state->write_ended_later(failed); }
      std::shared_ptr<State> state;
      error_code failed;
    };
    waits_to_write = true;  // nobody else ends it meanwhile
    boost::asio::post(executor, Ended{shared_from_this(), ec});
  }
  void write_ended_later(error_code ec) {
    Lock lock(mutex);
    waits_to_write = false;
    if (!wire || !wire->socket.is_open() || phase == Phase::over) return;
    try {
      if (writer) write_ended(ec);
    } catch (const std::exception&) {
      finish(detail::was_cut);
    }
    tell(lock);
  }
  void writable(error_code ec) {
    Lock lock(mutex);
    waits_to_write = false;
    if (!wire || !wire->socket.is_open() || phase == Phase::over) return;
    try {
      if (ec && writer) {
        write_ended(ec);
      } else {
        carry_on_writing();
      }
    } catch (const std::exception&) {
      finish(detail::was_cut);
    }
    tell(lock);
  }

  void enter(void (*run)(void*), void* what) override {
    Lock lock(mutex);
    if (!wire || !wire->socket.is_open() || phase == Phase::over) return;
    try {
      run(what);
    } catch (const std::exception&) {
      finish(detail::was_cut);
    }
    tell(lock);
  }
  void shutdown_send() noexcept override {
    error_code ignored;
    if (wire) wire->socket.shutdown(boost::asio::ip::tcp::socket::shutdown_send, ignored);
  }
  void cut() noexcept override {
    if (wire) wire->close();
  }
  std::shared_ptr<detail::LoopStreamBase> keep() override { return shared_from_this(); }

  // ---- Time

  void watch(SteadyTime when) {
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
  void unwatch() noexcept {
    ++timer_turn;
    if (!std::exchange(watching, false) || !timer) return;
    try {
      timer->cancel();
    } catch (const std::exception&) {  // Asio's declaration allows it; its timers do not do it
    }
  }
  void timer_fired(error_code ec, std::uint64_t turn) {
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

  // ---- What the client asks for

  [[nodiscard]] Delivery delivery(std::uint64_t sent_before_it) const noexcept {
    return wire && wire->sent != sent_before_it ? Delivery::maybe_sent : Delivery::not_sent;
  }
  /// Ends the connection, and with it everything that is under way.
  void finish(std::uint16_t code) noexcept {
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
  [[nodiscard]] TransportFault send_fault() const noexcept {
    return inbox.dead && inbox.close_code != detail::was_cut ? TransportFault::closed : TransportFault::reset;
  }
  void end_write(TransportFault fault) noexcept {
    send_result = tl::unexpected(detail::describe(fault, delivery(sent_before), what_failed));
    send_ended = true;
    finish(detail::was_cut);
  }

  /// Keeps one read outstanding, unless a message waits to be taken.
  void read_ahead() {
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
  void write(SteadyTime deadline, const char* what, Completion<Sent> done, Start start) {
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

  void receive(ChannelEvent& to, Completion<void> done) {
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

  void close(std::uint16_t code, SteadyTime deadline, Completion<void> done) {
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

  /// The client has let go of it.
  void abandon() noexcept {
    const Lock lock(mutex);
    if (!executor) return;
    const bool cuts_sending = sending && !send_ended;
    if (phase == Phase::open) finish(detail::was_cut);
    if (cuts_sending)
      send_result = tl::unexpected(
          detail::describe(TransportFault::closed, delivery(sent_before), "the channel was given up"));
    if (receiving || sending || closing) post_flush();
  }

  // ---- Completions

  void post_flush() noexcept {
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
  void flush() {
    Lock lock(mutex);
    flush_is_posted = false;
    if (!executor) return;
    if (early_read && wire && wire->socket.is_open()) {
      const auto [ec, n] = *std::exchange(early_read, std::nullopt);
      bytes_came(ec, n);
    }
    tell(lock);
  }
  /// Calls, without the lock, whom something can be told.
  void tell(Lock& lock) noexcept {
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

  void shut_down() noexcept override {
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

  const std::shared_ptr<detail::Pool> pool;
  const ChannelRequest* request;  // until the opening has ended, as is `refusal`
  HttpResponse* refusal;
  std::mutex mutex;
  Phase phase = Phase::connecting;
  ExchangeId id = 0;
  std::optional<detail::LoopWire> wire;
  detail::Inbox inbox;
  std::optional<detail::LoopWebSocket> stream;
  detail::UpgradeWatch gate;
  std::unique_ptr<detail::AnswerReader> answer;
  Completion<TransportResult<AsyncChannel>> opened;
  std::optional<TransportError> opening_error;
  bool opening_ended = false;

  detail::BodyBuffer into;
  boost::asio::mutable_buffer read_into;
  std::unique_ptr<char[]> encrypted;
  std::optional<std::pair<error_code, std::size_t>> early_read;
  bool reading = false;
  std::size_t written = 0;
  bool waits_to_write = false;
  unsigned writes_within = 0;  ///< Ends of writings that are being told, each within the one before.

  Completion<Sent> sending;
  Sent send_result{};
  bool send_ended = false;
  std::uint64_t sent_before = 0;
  const char* what_failed = "";
  Completion<void> receiving;
  ChannelEvent* event = nullptr;
  Completion<void> closing;
  bool close_ended = false;

  std::optional<boost::asio::steady_timer> timer;
  std::uint64_t timer_turn = 0;
  bool watching = false;
  bool flush_is_posted = false;
  detail::OperationMemory read_memory;
  detail::OperationMemory write_memory;
};

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
