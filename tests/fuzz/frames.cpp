// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// The frames of the example cloud's own WebSockets: an input says how long messages may be and in which pieces bytes come,
// and then either the bytes, or the frames that they are made of. What comes of them is reckoned a second time from the
// whole stream, rule by rule of RFC 6455.
#include "fuzz/bytes.hpp"
#include "fuzz/law.hpp"

#include <loopback_cloud/frames.hpp>

#include <patchbay/testing/detail/wire_text.hpp>

#include <algorithm>  // min
#include <span>
#include <string>
#include <string_view>
#include <vector>

using loopback_cloud::FrameReader;
using loopback_cloud::Opcode;
using patchbay_fuzz::Bytes;
using patchbay_fuzz::law;
using Got = FrameReader::Got;

namespace {

struct Message {
  Got got = Got::more;
  std::string payload;
  unsigned code = 0;  ///< Of a close, or of what broke the connection.
  bool operator==(const Message&) const = default;
};

/// RFC 3629, byte by byte.
bool is_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto at = [&](std::size_t k) { return i + k < text.size() ? static_cast<unsigned char>(text[i + k]) : 0U; };
    const unsigned first = at(0);
    const std::size_t length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    if (first >= 0x80 && (first < 0xc2 || first > 0xf4)) return false;
    for (std::size_t k = 1; k < length; ++k)
      if ((at(k) & 0xc0) != 0x80) return false;
    if ((first == 0xe0 && at(1) < 0xa0) || (first == 0xed && at(1) > 0x9f) || (first == 0xf0 && at(1) < 0x90) ||
        (first == 0xf4 && at(1) > 0x8f))
      return false;
    i += length;
  }
  return true;
}

/// The messages of a stream, up to the one that ends it.
std::vector<Message> reckon(std::string_view stream, std::size_t max_message) {
  std::vector<Message> out;
  std::string whole;
  int open = -1;  // opcode of the fragmented message
  const auto broken = [&](unsigned code) { out.push_back({Got::broken, {}, code}); };
  for (;;) {
    if (stream.size() < 2) return out;
    const auto at = [&](std::size_t i) { return static_cast<unsigned>(static_cast<unsigned char>(stream[i])); };
    const int opcode = static_cast<int>(at(0) % 16);
    const bool last = at(0) >= 128, control = opcode > 7, masked = at(1) >= 128;
    const bool known = opcode == 0 || opcode == 1 || opcode == 2 || opcode == 8 || opcode == 9 || opcode == 10;
    const unsigned short_size = at(1) % 128;
    if (at(0) / 16 % 8 != 0 || !known || !masked) return broken(1002), out;
    if (control && (!last || short_size > 125)) return broken(1002), out;
    const std::size_t size_bytes = short_size == 126 ? 2 : short_size == 127 ? 8 : 0;
    if (stream.size() < 6 + size_bytes) return out;
    std::uint64_t size = size_bytes == 0 ? short_size : 0;
    for (std::size_t i = 0; i < size_bytes; ++i) size = size * 256 + at(2 + i);
    if (size_bytes == 2 && size <= 125) return broken(1002), out;
    if (size_bytes == 8 && (size <= 65535 || size > 0x7fffffffffffffff)) return broken(1002), out;
    if (!control && ((opcode == 0) != (open >= 0))) return broken(1002), out;
    if (!control && (size > max_message || whole.size() + size > max_message)) return broken(1009), out;
    if (stream.size() - 6 - size_bytes < size) return out;
    const std::string_view key = stream.substr(2 + size_bytes, 4);
    std::string payload(stream.substr(6 + size_bytes, static_cast<std::size_t>(size)));
    stream.remove_prefix(6 + size_bytes + payload.size());
    for (std::size_t i = 0; i < payload.size(); ++i) payload[i] = static_cast<char>(payload[i] ^ key[i % 4]);
    if (opcode == 9 || opcode == 10) {
      out.push_back({opcode == 9 ? Got::ping : Got::pong, payload, 0});
    } else if (opcode == 8) {
      if (payload.size() == 1) return broken(1002), out;
      unsigned code = 1005;
      if (!payload.empty()) {
        code = static_cast<unsigned>(static_cast<unsigned char>(payload[0])) * 256 +
               static_cast<unsigned char>(payload[1]);
        const bool reserved =
            code < 1000 || (code >= 1004 && code <= 1006) || (code >= 1015 && code < 3000) || code > 4999;
        if (reserved) return broken(1002), out;
        if (!is_utf8(std::string_view(payload).substr(2))) return broken(1007), out;
      }
      return out.push_back({Got::close, payload, code}), out;
    } else {
      if (opcode != 0) open = opcode;
      whole += payload;
      if (!last) continue;
      if (open == 1 && !is_utf8(whole)) return broken(1007), out;
      out.push_back({open == 1 ? Got::text : Got::binary, whole, 0});
      whole.clear(), open = -1;
    }
  }
}

/// The same by the reader, which is given more bytes only when it asks for them.
std::vector<Message> read(std::string_view stream, std::size_t max_message, std::size_t piece) {
  std::vector<Message> out;
  FrameReader reader(max_message);
  std::string pending;
  for (;;) {
    std::span<char> bytes(pending);
    for (;;) {
      const std::size_t before = bytes.size();
      const Got got = reader.next(bytes);
      law(bytes.size() <= before, "bytes are taken from the front");
      if (got == Got::more) break;
      Message& each = out.emplace_back();
      each.got = got;
      if (got == Got::broken || got == Got::close) each.code = reader.code();
      if (got != Got::broken) each.payload = reader.payload();
      if (got == Got::broken || got == Got::close) return out;
      law(before > bytes.size(), "a message takes bytes");
    }
    std::string rest(bytes.data(), bytes.size());
    if (stream.empty()) return out;
    pending = std::move(rest);
    const std::size_t next = std::min(piece, stream.size());
    pending.append(stream.substr(0, next));
    stream.remove_prefix(next);
  }
}

/// A frame as a client should send it, unless the input wants it otherwise.
void append_drawn(std::string& out, Bytes& bytes) {
  const unsigned first = bytes.byte();
  const unsigned how = bytes.byte();
  const std::string_view payload = bytes.text(140);
  const std::uint64_t size = payload.size() + (how % 16 == 7 ? 1U : 0U);  // sometimes it announces more than comes
  out.push_back(static_cast<char>(first));
  const int size_bytes = how / 16 % 8 == 1 ? 2 : how / 16 % 8 == 2 ? 8 : size < 126 ? 0 : 2;
  const unsigned mask = how / 128 == 1 && how % 8 == 5 ? 0U : 0x80U;
  out.push_back(static_cast<char>(mask | (size_bytes == 0   ? static_cast<unsigned>(size)
                                          : size_bytes == 2 ? 126U
                                                            : 127U)));
  for (int i = size_bytes; i-- > 0;) out.push_back(static_cast<char>(size >> (8 * i) & 0xff));
  const char key[4] = {static_cast<char>(how), static_cast<char>(how * 7), static_cast<char>(first * 3), 'k'};
  if (mask != 0) out.append(key, 4);
  for (std::size_t i = 0; i < payload.size(); ++i)
    out.push_back(static_cast<char>(mask == 0 ? payload[i] : payload[i] ^ key[i % 4]));
}

/// What a server sends is a frame that says the same; its own frames are not masked, so they are masked here to be read.
void check_written(std::string_view payload) {
  for (const Opcode opcode : {Opcode::text, Opcode::binary, Opcode::ping, Opcode::close}) {
    std::string frame;
    if (opcode == Opcode::close) {
      loopback_cloud::append_close(frame, 1011, payload);
    } else {
      loopback_cloud::append_frame(frame, opcode, payload);
    }
    const std::size_t head =
        frame.size() - (opcode == Opcode::close ? std::min<std::size_t>(payload.size(), 123) + 2 : payload.size());
    law(head == 2 || head == 4 || head == 10, "a server's frame has no mask", {frame});
    std::string masked = frame.substr(0, head);
    masked[1] = static_cast<char>(static_cast<unsigned char>(masked[1]) | 0x80);
    masked.append(4, '\0').append(frame.substr(head));
    const std::vector<Message> back = reckon(masked, 1 << 20);
    if (opcode == Opcode::binary || (opcode == Opcode::ping && payload.size() < 126))
      law(back.size() == 1 && back[0].payload == payload, "what is written can be read", {payload});
    if (opcode == Opcode::close && !back.empty() && back[0].got == Got::close)
      law(back[0].code == 1011, "a close frame has its code", {payload});
  }
  const auto key = loopback_cloud::accept_key(payload);
  law(key.has_value() == (payload.size() == 24 && payload.ends_with("==")), "which keys are keys", {payload});
  if (key)
    law(key->size() == 28 && patchbay::testing::detail::base64_decoded(*key).value_or("").size() == 20,
        "the answer is a digest", {payload});
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Bytes bytes(data, size);
  static constexpr std::size_t limits[] = {1 << 20, 300, 125, 16, 1};
  const std::size_t max_message = limits[bytes.below(std::size(limits))];
  const std::size_t piece = 1 + bytes.below(64);
  std::string stream;
  if (bytes.flip()) {
    stream = bytes.rest();
  } else {
    while (!bytes.empty()) append_drawn(stream, bytes);
  }
  const std::vector<Message> expected = reckon(stream, max_message);
  for (const std::size_t each : {piece, std::size_t{1}, stream.size() + 1}) {
    const std::vector<Message> found = read(stream, max_message, each);
    for (std::size_t i = 0; i < expected.size() && i < found.size(); ++i) {
      const std::string codes = std::to_string(found[i].code) + " for " + std::to_string(expected[i].code);
      law(found[i] == expected[i], "which message comes", {found[i].payload, expected[i].payload, codes});
    }
    law(found.size() == expected.size(), "however the bytes come, the same messages come of them");
  }
  check_written(patchbay_fuzz::as_text(data, size));
  return 0;
}
