// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <boost/asio/steady_timer.hpp>

#include "loopback_cloud/connection.hpp"
#include "loopback_cloud/frames.hpp"
#include "loopback_cloud/link.hpp"

namespace loopback_cloud {

namespace testing = patchbay::testing;

/// One WebSocket: answers pings, pings by itself, and closes by the book (RFC 6455). The frames are its own: so all
/// that one turn of the loop has to say leaves in one write, and a channel that is silent costs its socket and some 700
/// bytes.
template <class Stream>
class WebSocketConnection final : public Channel,
                                  public Flushed,
                                  public Timed,
                                  public std::enable_shared_from_this<WebSocketConnection<Stream>> {
 public:
  WebSocketConnection(Floor& floor, Slot slot, testing::ChannelId id, Link<Stream> link)
      : floor_(floor), slot_(std::move(slot)), id_(id), link_(std::move(link)), reader_(floor.settings.max_message) {}
  ~WebSocketConnection() override { floor_.hub.leave(id_); }

  /// Writes the answer to the upgrade, which the cloud has accepted, and goes on with what came behind the request.
  void start(std::string answer, std::string_view early, const std::optional<testing::OpenFault>& fault) {
    pending_ = std::move(answer);
    flush();
    floor_.hub.join(id_, *this);
    floor_.timeouts.arm(*this, Limit::channel);
    silent_ = fault && fault->kind == testing::OpenFaultKind::silence;
    if (fault && fault->kind == testing::OpenFaultKind::close)
      perform(testing::ChannelAction(id_, testing::ChannelAction::Kind::close, "as planned", fault->wait, fault->code));
    if (!silent_) partial_ = early;
    if (!partial_.empty()) {
      std::span<char> bytes(partial_);
      take(bytes);
    }
    read();
  }

  void perform(const testing::ChannelAction& action) override {
    if (action.wait <= patchbay::Duration::zero()) return enqueue(action);
    testing::ChannelAction later = action;
    later.wait = patchbay::Duration::zero();
    auto timer = std::make_shared<net::steady_timer>(link_.get_executor(), action.wait);
    net::steady_timer& waiting = *timer;
    waiting.async_wait(
        [weak = this->weak_from_this(), timer = std::move(timer), later = std::move(later)](error_code ec) {
          if (const auto self = weak.lock(); self && !ec) self->enqueue(later);
        });
  }

  void flush() override {
    scheduled_ = false;
    if (writing_ || over_ || (pending_.empty() && !cut_)) return;
    if (cut_ && pending_.empty()) return end();
    error_code ec;
    const std::size_t n = link_.write_now(pending_, ec);
    if (ec) return end();
    if (n == pending_.size()) {
      pending_.clear();
      if (pending_.capacity() > small) std::string().swap(pending_);
      return flushed();
    }
    // The system's own room is full: the rest waits for the client, and what comes meanwhile for the rest.
    written_.swap(pending_);
    writing_ = true;
    link_.write(std::string_view(written_).substr(n),
                [self = this->shared_from_this()](error_code failed, std::size_t) {
                  self->writing_ = false;
                  std::string().swap(self->written_);
                  if (failed || self->over_) return self->end();
                  self->flushed();
                  if (!self->pending_.empty() || self->cut_) self->flush();
                });
  }

  void expired(Limit limit) override {
    if (limit != Limit::channel || pinged_) {  // it did not answer the close, or the ping
      link_.reset();
      return end();
    }
    pinged_ = true;
    floor_.timeouts.arm(*this, Limit::channel);
    say(Opcode::ping, {});
  }

 private:
  static constexpr std::size_t small = 4096;
  // Beyond this nothing more is read: a client that does not take answers is not to ask for more of them.
  static constexpr std::size_t full = std::size_t{256} << 10;

  void read() {
    if (over_ || reading_ || (closing_ && answered_)) return;
    if (unread() > full) return;  // goes on when it is flushed
    reading_ = true;
    if constexpr (Link<Stream>::is_tls) {
      incoming_.resize(small);
      link_.stream().async_read_some(net::buffer(incoming_),
                                     [self = this->shared_from_this()](error_code ec, std::size_t n) {
                                       self->reading_ = false;
                                       self->received(ec, std::span<char>(self->incoming_).first(n));
                                     });
    } else {
      link_.wait([self = this->shared_from_this()](error_code ec) {
        self->reading_ = false;
        std::size_t n = 0;
        if (!ec && !self->over_) n = self->link_.read_some(net::buffer(self->floor_.scratch), ec);
        self->received(ec, std::span<char>(self->floor_.scratch).first(n));
      });
    }
  }
  void received(error_code ec, std::span<char> bytes) {
    if (ec) return end();
    if (over_) return;
    if (silent_ || broken_ || bytes.empty()) return read();
    pinged_ = false;
    if (!closing_) floor_.timeouts.arm(*this, Limit::channel);
    if (!partial_.empty()) {
      partial_.append(bytes.data(), bytes.size());
      bytes = partial_;
    }
    take(bytes);
    read();
  }
  // Carries out the messages that `bytes` holds, and keeps the beginning of one that is not whole.
  void take(std::span<char> bytes) {
    while (!over_ && !closing_ && !bytes.empty()) {
      const FrameReader::Got got = reader_.next(bytes);
      if (got == FrameReader::Got::more) break;
      message(got);
    }
    if (closing_ && !answered_ && !broken_) bytes = drop_until_close(bytes);
    if (bytes.empty() || answered_ || broken_) {
      std::string().swap(partial_);
    } else {
      partial_ = std::string(bytes.data(), bytes.size());
    }
  }
  // Our close frame is said: of what still comes only the client's matters.
  std::span<char> drop_until_close(std::span<char> bytes) {
    while (!bytes.empty() && !answered_) {
      const FrameReader::Got got = reader_.next(bytes);
      if (got == FrameReader::Got::more) return bytes;
      answered_ = got == FrameReader::Got::close || got == FrameReader::Got::broken;
    }
    if (answered_ && !writing_ && pending_.empty()) part();
    return {};
  }
  void message(FrameReader::Got got) {
    switch (got) {
      case FrameReader::Got::text:
        return floor_.hub.command(id_, reader_.payload());
      case FrameReader::Got::binary:
        return say_close(1003, "only text is understood here");
      case FrameReader::Got::ping:
        return say(Opcode::pong, reader_.payload());
      case FrameReader::Got::close:
        answered_ = true;
        return say_close(reader_.code(), {});
      case FrameReader::Got::broken:
        broken_ = true;
        return say_close(reader_.code(), {});
      case FrameReader::Got::pong:
      case FrameReader::Got::more:
        return;
    }
  }

  void enqueue(const testing::ChannelAction& action) {
    switch (action.kind) {
      case testing::ChannelAction::Kind::text:
        return say(Opcode::text, action.text);
      case testing::ChannelAction::Kind::close:
        return say_close(action.code, action.text);
      case testing::ChannelAction::Kind::cut:
        if (silent_ || over_ || closing_) return;
        closing_ = cut_ = true;
        return schedule();
    }
  }
  void say(Opcode opcode, std::string_view payload) {
    if (silent_ || over_ || closing_) return;
    append_frame(pending_, opcode, payload);
    // A client that does not read is let go before it costs memory without bound.
    if (unread() > floor_.settings.max_unread) {
      link_.reset();
      return end();
    }
    schedule();
  }
  void say_close(std::uint16_t code, std::string_view reason) {
    if (silent_ || over_ || closing_) return;
    append_close(pending_, code, reason);
    closing_ = true;
    floor_.timeouts.arm(*this, Limit::linger);
    schedule();
  }
  [[nodiscard]] std::size_t unread() const noexcept { return pending_.size() + written_.size(); }
  void schedule() {
    if (!std::exchange(scheduled_, true)) floor_.flush_later(this->shared_from_this());
  }

  // All that was to be said has been taken by the system.
  void flushed() {
    if (cut_) {
      link_.reset();
      return end();
    }
    if (closing_ && answered_) return part();
    // What the client still sends is read, lest a reset overtake our close frame.
    if (broken_) link_.shutdown_send();
    read();
  }
  // Both close frames have been exchanged.
  void part() {
    if constexpr (Link<Stream>::is_tls) {
      if (std::exchange(over_, true)) return;
      floor_.hub.leave(id_);
      floor_.timeouts.arm(*this, Limit::linger);
      link_.stream().async_shutdown([self = this->shared_from_this()](error_code) {
        self->floor_.timeouts.disarm(*self);
        self->link_.close();
      });
    } else {
      end();
    }
  }
  void end() {
    if (std::exchange(over_, true)) return;
    floor_.timeouts.disarm(*this);
    floor_.hub.leave(id_);
    link_.close();
  }

  Floor& floor_;
  Slot slot_;
  testing::ChannelId id_;
  Link<Stream> link_;
  FrameReader reader_;
  std::string partial_;   // the beginning of a frame
  std::string pending_;   // frames to be written with the next flush
  std::string written_;   // frames that are being written
  std::string incoming_;  // under TLS
  bool silent_ = false, reading_ = false, writing_ = false, scheduled_ = false, pinged_ = false;
  bool closing_ = false;   // our close frame is said, or the connection is to be cut
  bool answered_ = false;  // and the client's has come
  bool broken_ = false;    // what the client sends is no WebSocket any more
  bool cut_ = false, over_ = false;
};

}  // namespace loopback_cloud
