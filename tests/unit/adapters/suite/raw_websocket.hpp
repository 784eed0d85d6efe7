// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <openssl/evp.h>

#include <support/raw_peer.hpp>

/// The server's half of RFC 6455, written out frame by frame, so that a script can also write what it must not.
namespace patchbay::test {

enum Opcode : std::uint8_t {
  continuation = 0,
  text_frame = 1,
  binary_frame = 2,
  close_frame = 8,
  ping_frame = 9,
  pong_frame = 10
};

inline std::string accept_key(std::string_view key) {
  const std::string salted = std::string(key) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  unsigned char digest[20];
  unsigned size = sizeof digest;
  EVP_Digest(salted.data(), salted.size(), digest, &size, EVP_sha1(), nullptr);
  unsigned char encoded[40];
  const int n = EVP_EncodeBlock(encoded, digest, 20);
  return {encoded, encoded + n};
}

inline std::string field_of(std::string_view request, std::string_view name) {
  const std::string mark = "\r\n" + std::string(name) + ": ";
  const std::size_t at = request.find(mark);
  if (at == std::string_view::npos) return {};
  const std::size_t begin = at + mark.size();
  return std::string(request.substr(begin, request.find("\r\n", begin) - begin));
}

inline std::string switching(std::string_view request, std::string_view more = {}) {
  return "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " +
         accept_key(field_of(request, "Sec-WebSocket-Key")) + "\r\n" + std::string(more) + "\r\n";
}

/// Reads the upgrade and accepts it; `behind` is sent in the same segment.
inline std::string accept_upgrade(PeerConnection& c, std::string_view behind = {}) {
  std::string request = c.read_request();
  c.write(switching(request).append(behind));
  return request;
}

inline std::string frame(Opcode opcode, std::string_view payload = {}, bool final = true, bool masked = false) {
  std::string out;
  out += static_cast<char>((final ? 0x80 : 0) | opcode);
  const int mask = masked ? 0x80 : 0;
  if (payload.size() < 126) {
    out += static_cast<char>(mask | static_cast<int>(payload.size()));
  } else if (payload.size() < 65536) {
    out += static_cast<char>(mask | 126);
    for (int shift = 8; shift >= 0; shift -= 8) out += static_cast<char>(payload.size() >> shift);
  } else {
    out += static_cast<char>(mask | 127);
    for (int shift = 56; shift >= 0; shift -= 8) out += static_cast<char>(payload.size() >> shift);
  }
  if (masked) out.append(4, '\0');  // a mask of zeros leaves the payload as it is
  return out.append(payload);
}

inline std::string close_with(std::uint16_t code, std::string_view reason = {}) {
  std::string payload{static_cast<char>(code >> 8), static_cast<char>(code & 0xff)};
  return frame(close_frame, payload.append(reason));
}

/// A frame from the client, unmasked; opcode 0xff when the connection ended or the frame broke the protocol.
struct ClientFrame {
  std::uint8_t opcode = 0xff;
  std::string payload;

  [[nodiscard]] std::uint16_t close_code() const {
    if (payload.size() < 2) return 0;
    return static_cast<std::uint16_t>(static_cast<unsigned char>(payload[0]) << 8 |
                                      static_cast<unsigned char>(payload[1]));
  }
};

inline ClientFrame read_frame(PeerConnection& c) {
  const std::string head = c.read_exactly(2);
  if (head.size() != 2) return {};
  const auto first = static_cast<unsigned char>(head[0]);
  const auto second = static_cast<unsigned char>(head[1]);
  if ((first & 0x70) != 0 || (second & 0x80) == 0) return {};  // reserved bits, or a client that does not mask
  std::uint64_t size = second & 0x7f;
  if (size >= 126) {
    const std::string extended = c.read_exactly(size == 126 ? 2 : 8);
    size = 0;
    for (const char b : extended) size = size << 8 | static_cast<unsigned char>(b);
  }
  const std::string mask = c.read_exactly(4);
  ClientFrame out;
  out.payload = c.read_exactly(size);
  if (mask.size() != 4 || out.payload.size() != size) return {};
  for (std::size_t i = 0; i < out.payload.size(); ++i) out.payload[i] = static_cast<char>(out.payload[i] ^ mask[i % 4]);
  out.opcode = static_cast<std::uint8_t>(first & 0x0f);
  return out;
}

}  // namespace patchbay::test
