// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace loopback_cloud {

/// The kinds of WebSocket frames (RFC 6455 section 5.2).
enum class Opcode : std::uint8_t { continuation = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10 };

/// `Sec-WebSocket-Accept` for a client's key (section 4.2.2); nothing when the key is none.
[[nodiscard]] std::optional<std::string> accept_key(std::string_view key);

/// Appends a whole frame as a server sends it, unmasked.
void append_frame(std::string& out, Opcode opcode, std::string_view payload);
/// Appends a close frame; the reason is cut to what fits one.
void append_close(std::string& out, std::uint16_t code, std::string_view reason);

/// Cuts what a client sends into messages. Takes any bytes; what breaks the protocol ends with the code that section
/// 7.4.1 has for it.
class FrameReader {
 public:
  enum class Got : std::uint8_t { more, text, binary, ping, pong, close, broken };

  explicit FrameReader(std::size_t max_message) : max_message_(max_message) {}

  /// Takes the next message from the front of `bytes`, whose payloads are unmasked in place, and moves it on. `more`:
  /// what is left of `bytes` is the beginning of a frame. The payload is valid until the next call.
  Got next(std::span<char>& bytes);
  [[nodiscard]] std::string_view payload() const noexcept { return payload_; }
  /// With which a broken connection, or one that is being closed, is to be closed. 1005 when the client gave none.
  [[nodiscard]] std::uint16_t code() const noexcept { return code_; }

 private:
  Got broken(std::uint16_t code) noexcept { return code_ = code, Got::broken; }
  Got closing(std::string_view payload);

  std::size_t max_message_;
  std::string message_;  // the fragments so far
  std::string_view payload_;
  std::uint16_t code_ = 1005;
  bool fragmented_ = false;
  Opcode opcode_ = Opcode::text;  // of the fragmented message
};

}  // namespace loopback_cloud
