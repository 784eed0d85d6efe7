// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // max, min
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <boost/beast/http/field.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/websocket/error.hpp>
#include <boost/beast/websocket/rfc6455.hpp>

#include <patchbay/beast/impl/message.hpp>
#include <patchbay/http.hpp>
#include <patchbay/policy/transport.hpp>

/// What the channels of this adapter do alike: the upgrade, and what they keep for who receives.
namespace patchbay::beast::detail {

namespace websocket = boost::beast::websocket;

constexpr std::size_t max_refusal_body = 4096;
constexpr unsigned max_queued_controls = 64;  // a flood of pings tells no more than 64 of them do
constexpr std::uint16_t no_status_code = 1005;
constexpr std::uint16_t was_cut = 1006;

/// What the end of a read says about the end of the connection.
[[nodiscard]] inline std::uint16_t close_code_of(const boost::system::error_code& ec,
                                                 const websocket::close_reason& peers) {
  if (ec == websocket::error::closed)
    return peers.code == websocket::close_code::none ? no_status_code : static_cast<std::uint16_t>(peers.code);
  if (ec == websocket::error::message_too_big || ec == websocket::error::buffer_overflow) return 1009;
  if (ec == websocket::error::bad_frame_payload) return 1007;
  if (ec == websocket::condition::protocol_violation) return 1002;
  return was_cut;
}

/// Whether an endpoint may send `code` (RFC 6455 section 7.4).
[[nodiscard]] constexpr bool is_sendable(std::uint16_t code) noexcept {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}

/// Watches what the server says until the upgrade is decided, keeps a copy, and lets only a 101 through to Beast. Any
/// other answer is for the HTTP reader, which bounds it.
class UpgradeWatch {
 public:
  /// Whether what has come so far, with these bytes, may be the beginning of a 101.
  [[nodiscard]] bool admit(std::string_view bytes) {
    constexpr std::string_view accepted = "HTTP/1.1 101";
    seen_.append(bytes);
    const std::size_t compared = std::min(seen_.size(), accepted.size());
    shut_ = std::string_view(seen_).substr(0, compared) != accepted.substr(0, compared);
    return !shut_;
  }
  [[nodiscard]] bool deciding() const noexcept { return deciding_; }
  [[nodiscard]] bool shut() const noexcept { return shut_; }
  [[nodiscard]] const std::string& seen() const noexcept { return seen_; }
  void open() noexcept {
    deciding_ = false;
    seen_ = {};
  }

 private:
  std::string seen_;
  bool deciding_ = true;
  bool shut_ = false;
};

/// Adds to the upgrade what the client wants in it.
inline void write_upgrade(websocket::request_type& upgrade, const ChannelRequest& request) {
  upgrade.set(boost::beast::http::field::user_agent, user_agent());
  for (const HeaderView& h : request.headers)
    upgrade.insert(boost::beast::string_view(h.name.data(), h.name.size()),
                   boost::beast::string_view(h.value.data(), h.value.size()));
}

/// Why an upgrade failed that was answered with 101, or not at all.
[[nodiscard]] inline TransportError upgrade_failure(const boost::system::error_code& ec, Delivery delivery) {
  namespace http = boost::beast::http;
  if (ec == http::error::header_limit || ec == http::error::buffer_overflow)
    return describe(TransportFault::too_large, delivery, "the upgrade's header is beyond the limit");
  const bool answer_is_wrong = ec == websocket::condition::handshake_failed ||
                               ec.category() == http::make_error_code(http::error::bad_version).category();
  if (answer_is_wrong && ec != http::error::end_of_stream && ec != http::error::partial_message)
    return describe(TransportFault::malformed, delivery, "the upgrade's answer is wrong", ec);
  return describe(TransportFault::reset, delivery, "the connection ended within the upgrade", ec);
}

[[nodiscard]] inline TransportError upgrade_refused() {
  return describe(TransportFault::upgrade_refused, Delivery::maybe_sent,
                  "the server answered the upgrade with another status than 101");
}

/// What a channel has read and nobody has taken.
struct Inbox {
  Body message;
  std::string reason;
  unsigned pings = 0;
  unsigned pongs = 0;
  std::uint16_t close_code = 0;
  bool has_message = false;
  bool is_text = false;
  bool dead = false;

  /// The settings of a stream that this reads, small and without compression, and what counts its control frames.
  template <class Stream>
  void set_up(Stream& stream, std::size_t max_message) {
    stream.read_message_max(std::max<std::size_t>(max_message, 1));
    stream.auto_fragment(false);
    stream.write_buffer_bytes(std::size_t{16} << 10);
    stream.text(true);
    stream.control_callback([this](auto kind, boost::beast::string_view) {
      using Kind = decltype(kind);
      if (kind == Kind::ping && pings < max_queued_controls) ++pings;
      if (kind == Kind::pong && pongs < max_queued_controls) ++pongs;
    });
  }
  void die(std::uint16_t code, const websocket::close_reason& peers) {
    if (dead) return;
    dead = true;
    close_code = code;
    if (code != was_cut) reason.assign(peers.reason.data(), peers.reason.size());
  }
  [[nodiscard]] bool has_event() const noexcept { return pings != 0 || pongs != 0 || has_message || dead; }
  /// False when there is none.
  [[nodiscard]] bool take(ChannelEvent& event) {
    if (pings != 0) {
      --pings;
      event.kind = ChannelEvent::Kind::ping;
    } else if (pongs != 0) {
      --pongs;
      event.kind = ChannelEvent::Kind::pong;
    } else if (has_message) {
      has_message = false;
      event.kind = is_text ? ChannelEvent::Kind::text : ChannelEvent::Kind::binary;
      std::swap(event.payload, message);
    } else if (dead) {
      event.kind = ChannelEvent::Kind::closed;
      event.close_code = close_code;
      event.reason = reason;
    } else {
      return false;
    }
    return true;
  }
};

}  // namespace patchbay::beast::detail
