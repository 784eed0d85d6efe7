// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // max
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/steady_timer.hpp>

#include <patchbay/beast/impl/answer_reader.hpp>
#include <patchbay/beast/impl/body_buffer.hpp>
#include <patchbay/beast/impl/loop_stream.hpp>
#include <patchbay/beast/impl/loop_wire.hpp>
#include <patchbay/beast/impl/pool.hpp>
#include <patchbay/beast/impl/upgrade.hpp>
#include <patchbay/beast/transport.hpp>

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

  void connected(detail::LoopWire made) noexcept override;
  void failed(TransportError error) noexcept override;
  void upgraded(error_code ec);
  void read_refusal();
  void refused_so_far(TransportResult<detail::Progress> progress);
  void end_opening(TransportError error) noexcept;

  // ---- The wire

  void start_read(boost::asio::mutable_buffer room) override;
  bool decrypt_some();
  void read_ended(error_code ec, std::size_t n);
  void bytes_came(error_code ec, std::size_t n);
  void start_write() override;
  void carry_on_writing();
  void write_ended(error_code ec);
  void write_ended_later(error_code ec);
  void writable(error_code ec);
  void enter(void (*run)(void*), void* what) override;
  void shutdown_send() noexcept override {
    error_code ignored;
    if (wire) wire->socket.shutdown(boost::asio::ip::tcp::socket::shutdown_send, ignored);
  }
  void cut() noexcept override {
    if (wire) wire->close();
  }
  std::shared_ptr<detail::LoopStreamBase> keep() override { return shared_from_this(); }

  // ---- Time

  void watch(SteadyTime when);
  void unwatch() noexcept;
  void timer_fired(error_code ec, std::uint64_t turn);

  // ---- What the client asks for

  [[nodiscard]] Delivery delivery(std::uint64_t sent_before_it) const noexcept {
    return wire && wire->sent != sent_before_it ? Delivery::maybe_sent : Delivery::not_sent;
  }
  /// Ends the connection, and with it everything that is under way.
  void finish(std::uint16_t code) noexcept;
  [[nodiscard]] TransportFault send_fault() const noexcept {
    return inbox.dead && inbox.close_code != detail::was_cut ? TransportFault::closed : TransportFault::reset;
  }
  void end_write(TransportFault fault) noexcept;
  /// Keeps one read outstanding, unless a message waits to be taken.
  void read_ahead();
  template <class Start>
  void write(SteadyTime deadline, const char* what, Completion<Sent> done, Start start);
  void receive(ChannelEvent& to, Completion<void> done);
  void close(std::uint16_t code, SteadyTime deadline, Completion<void> done);
  /// The client has let go of it.
  void abandon() noexcept;

  // ---- Completions

  void post_flush() noexcept;
  void flush();
  /// Calls, without the lock, whom something can be told.
  void tell(Lock& lock) noexcept;
  void shut_down() noexcept override;

  // ---- Its state

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

}  // namespace patchbay::beast
