// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // max
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>  // memchr
#include <string>
#include <string_view>

#include <boost/crc.hpp>

#include <patchbay/journal/frame.hpp>

namespace patchbay::detail {

inline constexpr char journal_magic[4] = {static_cast<char>(0xff), 'P', 'B', 'J'};
inline constexpr char journal_version = 1;

template <class T>
void put_little_endian(char* to, T number) noexcept {
  for (std::size_t i = 0; i < sizeof(T); ++i) to[i] = static_cast<char>(static_cast<unsigned char>(number >> (8 * i)));
}
template <class T>
[[nodiscard]] T get_little_endian(const char* from) noexcept {
  T number = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i)
    number = static_cast<T>(number | static_cast<T>(static_cast<T>(static_cast<unsigned char>(from[i])) << (8 * i)));
  return number;
}

PATCHBAY_DECL std::uint32_t crc32c(std::string_view bytes) noexcept {
  boost::crc_optimal<32, 0x1EDC6F41, 0xFFFFFFFF, 0xFFFFFFFF, true, true> crc;
  crc.process_bytes(bytes.data(), bytes.size());
  return static_cast<std::uint32_t>(crc.checksum());
}

PATCHBAY_DECL void append_frame(std::string& out, JournalKind kind, JournalPosition position, JournalPosition durable,
                                std::string_view payload) {
  char header[journal_header_size] = {};
  std::memcpy(header, journal_magic, 4);
  header[4] = journal_version;
  header[5] = static_cast<char>(kind);
  put_little_endian(header + 8, static_cast<std::uint32_t>(payload.size()));
  put_little_endian(header + 12, position);
  put_little_endian(header + 20, durable);
  put_little_endian(header + 28, crc32c(payload));
  put_little_endian(header + 32, crc32c({header, 32}));
  out.reserve(out.size() + journal_frame_overhead + payload.size());
  out.append(header, sizeof header).append(payload).push_back('\n');
}

/// What is wrong with the header that `bytes` begins with; null: nothing.
[[nodiscard]] inline const char* check_header(std::string_view bytes) noexcept {
  if (bytes.size() < journal_header_size) return "it ends within a record's header";
  if (!bytes.starts_with(std::string_view(journal_magic, 4))) return "no record begins here";
  if (get_little_endian<std::uint32_t>(bytes.data() + 32) != crc32c(bytes.substr(0, 32)))
    return "the checksum of a record's header does not agree";
  return nullptr;
}

PATCHBAY_DECL const char* read_frame(std::string_view bytes, JournalFrame& out) noexcept {
  out.size = 0;
  if (const char* const wrong = check_header(bytes)) return wrong;
  const char* const header = bytes.data();
  const std::size_t length = get_little_endian<std::uint32_t>(header + 8);
  if (bytes.size() - journal_header_size < length + 1) return "it ends within a record";
  const std::string_view payload = bytes.substr(journal_header_size, length);
  if (get_little_endian<std::uint32_t>(header + 28) != crc32c(payload) || bytes[journal_header_size + length] != '\n')
    return "the checksum of a record does not agree";
  const auto kind = static_cast<std::uint8_t>(header[5]);
  out.kind = static_cast<JournalKind>(kind);
  out.position = get_little_endian<std::uint64_t>(header + 12);
  out.durable = get_little_endian<std::uint64_t>(header + 20);
  out.payload = payload;
  out.size = length + journal_frame_overhead;
  if (header[4] != journal_version || header[6] != 0 || header[7] != 0)
    return "a record is of a version that this library does not know";
  if (kind < static_cast<std::uint8_t>(JournalKind::checkpoint) || kind > static_cast<std::uint8_t>(JournalKind::audit))
    return "a record is of a kind that this library does not know";
  if (out.position == 0 || out.position >> 62U != 0 || out.durable >= out.position)
    return "a record's position cannot be";
  return nullptr;
}

/// Where a header may begin, at or behind `from`.
[[nodiscard]] inline std::size_t find_header(std::string_view bytes, std::size_t from) noexcept {
  for (;;) {
    from = bytes.find(journal_magic[0], from);
    if (from == std::string_view::npos || check_header(bytes.substr(from)) == nullptr) return from;
    ++from;
  }
}

PATCHBAY_DECL JournalPosition newest_durable(std::string_view bytes) noexcept {
  JournalPosition newest = 0;
  for (std::size_t at = find_header(bytes, 0); at != std::string_view::npos; at = find_header(bytes, at + 1))
    newest = std::max(newest, get_little_endian<std::uint64_t>(bytes.data() + at + 20));
  return newest;
}

PATCHBAY_DECL std::size_t find_frame(std::string_view bytes, std::size_t from) noexcept {
  for (from = find_header(bytes, from); from != std::string_view::npos; from = find_header(bytes, from + 1)) {
    JournalFrame frame;
    if (read_frame(bytes.substr(from), frame) == nullptr) return from;
  }
  return from;
}

}  // namespace patchbay::detail
