// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <patchbay/config.hpp>
#include <patchbay/journal/state.hpp>

// How a journal stands on the disk. A segment is a sequence of frames, of which the first is a checkpoint:
//
//   offset  bytes  little-endian
//        0      4  FF 'P' 'B' 'J'; FF occurs in no UTF-8, and so in no payload
//        4      1  version of the format: 1
//        5      1  kind: `JournalKind`
//        6      2  0
//        8      4  length of the payload
//       12      8  position: the sequence number, one more than that of the frame before, across segments
//       20      8  the newest position that was on the disk for certain when this was written
//       28      4  CRC-32C of the payload
//       32      4  CRC-32C of the 32 bytes before
//       36      -  payload: one JSON object, without line ends
//        -      1  line feed, so that `less`, `grep -a` and `tail` show a record on a line
//
// The position at 20 tells a torn end, which never was on the disk, from damage to what was: a frame behind the damaged
// one that says so proves the latter.
namespace patchbay::detail {

inline constexpr std::size_t journal_header_size = 36;
/// What a frame adds to its payload.
inline constexpr std::size_t journal_frame_overhead = journal_header_size + 1;

/// A frame that verified. Views refer to what was read.
class JournalFrame {
 public:
  JournalKind kind = JournalKind::audit;
  JournalPosition position = 0;
  JournalPosition durable = 0;
  std::string_view payload;
  std::size_t size = 0;  ///< With its header and end; 0: the bytes do not verify.
};

/// CRC-32C (Castagnoli), as of iSCSI and ext4.
[[nodiscard]] PATCHBAY_DECL std::uint32_t crc32c(std::string_view bytes) noexcept;

/// Appends a frame.
PATCHBAY_DECL void append_frame(std::string& out, JournalKind kind, JournalPosition position, JournalPosition durable,
                                std::string_view payload);

/// Reads the frame that `bytes` begins with. Null when it is one; else what is wrong with it.
[[nodiscard]] PATCHBAY_DECL const char* read_frame(std::string_view bytes, JournalFrame& out) noexcept;

/// The newest position that any intact header in `bytes`, wherever it begins, says to have been on the disk; one pass.
[[nodiscard]] PATCHBAY_DECL JournalPosition newest_durable(std::string_view bytes) noexcept;
/// Where the next intact frame begins, at or behind `from`; npos when there is none.
[[nodiscard]] PATCHBAY_DECL std::size_t find_frame(std::string_view bytes, std::size_t from) noexcept;

/// Appends the payload of any record but a checkpoint. Texts that are not UTF-8 stand as `["<hexadecimal digits>"]`.
PATCHBAY_DECL void append_payload(std::string& out, const JournalEntry& entry);
/// Reads one; null when it could be, else what is wrong with it.
[[nodiscard]] PATCHBAY_DECL const char* read_payload(JournalKind kind, std::string_view payload, JournalEntry& out);

/// Appends the payload of a checkpoint.
PATCHBAY_DECL void append_checkpoint(std::string& out, const JournalState& state);
[[nodiscard]] PATCHBAY_DECL const char* read_checkpoint(std::string_view payload, JournalState& out);

}  // namespace patchbay::detail

#if !defined(PATCHBAY_SEPARATE_COMPILATION)
#include <patchbay/journal/impl/frame.ipp>
#include <patchbay/journal/impl/payload.ipp>
#endif
