// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include "loopback_cloud/frames.hpp"

#include <openssl/evp.h>

#include <patchbay/json/read.hpp>

namespace loopback_cloud {

std::optional<std::string> accept_key(std::string_view key) {
  // 16 bytes in base64 (section 4.1).
  if (key.size() != 24 || !key.ends_with("==")) return std::nullopt;
  const std::string text = std::string(key).append("258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  if (EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha1(), nullptr) != 1) return std::nullopt;
  std::array<unsigned char, 32> encoded{};
  const int length = EVP_EncodeBlock(encoded.data(), digest.data(), static_cast<int>(size));
  return std::string(encoded.data(), encoded.data() + length);
}

void append_frame(std::string& out, Opcode opcode, std::string_view payload) {
  out.push_back(static_cast<char>(0x80 | static_cast<unsigned>(opcode)));
  const std::uint64_t size = payload.size();
  const int bytes = size < 126 ? 0 : size < 65536 ? 2 : 8;
  out.push_back(static_cast<char>(bytes == 0 ? size : bytes == 2 ? 126 : 127));
  for (int i = bytes; i-- > 0;) out.push_back(static_cast<char>(size >> (8 * i) & 0xff));
  out.append(payload);
}

void append_close(std::string& out, std::uint16_t code, std::string_view reason) {
  if (code == 1005) return append_frame(out, Opcode::close, {});  // stands for no code, and is never sent
  std::string payload{static_cast<char>(code >> 8), static_cast<char>(code & 0xff)};
  payload.append(reason.substr(0, 123));
  append_frame(out, Opcode::close, payload);
}

FrameReader::Got FrameReader::closing(std::string_view payload) {
  if (payload.size() == 1) return broken(1002);
  code_ = 1005;
  if (payload.empty()) return Got::close;
  code_ =
      static_cast<std::uint16_t>(static_cast<unsigned char>(payload[0]) << 8 | static_cast<unsigned char>(payload[1]));
  const bool assigned = (code_ >= 1000 && code_ <= 1003) || (code_ >= 1007 && code_ <= 1014);
  if (!assigned && (code_ < 3000 || code_ > 4999)) return broken(1002);
  return patchbay::is_valid_utf8(payload.substr(2)) ? Got::close : broken(1007);
}

FrameReader::Got FrameReader::next(std::span<char>& bytes) {
  if (!fragmented_ && !message_.empty()) message_ = {};  // an idle channel keeps nothing
  for (;;) {
    if (bytes.size() < 2) return Got::more;
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
    const bool last = (byte(0) & 0x80) != 0;
    const unsigned kind = byte(0) & 0x0f;
    const bool control = kind >= 8;
    if ((byte(0) & 0x70) != 0 || (kind > 2 && kind < 8) || kind > 10) return broken(1002);
    if ((byte(1) & 0x80) == 0) return broken(1002);  // a client masks (section 5.1)
    std::uint64_t size = byte(1) & 0x7f;
    if (control && (size > 125 || !last)) return broken(1002);
    const std::size_t extra = size == 126 ? 2 : size == 127 ? 8 : 0;
    const std::size_t head = 2 + extra + 4;
    if (bytes.size() < head) return Got::more;
    if (extra != 0) size = 0;
    for (std::size_t i = 0; i < extra; ++i) size = size << 8 | byte(2 + i);
    if ((extra == 2 && size < 126) || (extra == 8 && (size < 65536 || size >> 63 != 0))) return broken(1002);
    if (!control) {
      // A message goes on exactly with continuations (section 5.4).
      if ((kind == 0) != fragmented_) return broken(1002);
      if (size > max_message_ - message_.size()) return broken(1009);
    }
    if (bytes.size() - head < size) return Got::more;
    const std::span<char> content = bytes.subspan(head, static_cast<std::size_t>(size));
    for (std::size_t i = 0; i < content.size(); ++i)
      content[i] = static_cast<char>(content[i] ^ bytes[head - 4 + i % 4]);
    bytes = bytes.subspan(head + content.size());
    payload_ = {content.data(), content.size()};
    if (kind == 8) return closing(payload_);
    if (kind == 9) return Got::ping;
    if (kind == 10) return Got::pong;
    if (kind != 0) opcode_ = static_cast<Opcode>(kind);
    if (fragmented_ || !last) {
      message_.append(payload_);
      payload_ = message_;
    }
    fragmented_ = !last;
    if (!last) continue;
    if (opcode_ == Opcode::binary) return Got::binary;
    return patchbay::is_valid_utf8(payload_) ? Got::text : broken(1007);
  }
}

}  // namespace loopback_cloud
