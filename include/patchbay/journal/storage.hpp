// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tl/expected.hpp>

namespace patchbay {

/// What a disk can answer instead of doing as asked, as far as it makes a difference to the journal.
enum class StorageFault : std::uint8_t {
  full,     ///< No room: ENOSPC, EDQUOT, or a file's size limit. May pass.
  busy,     ///< Another process has the journal open.
  missing,  ///< No such segment.
  failed,   ///< Everything else. What was asked for may be done, half done or not done.
};

/// Why a storage did not do as asked.
class StorageError {
 public:
  StorageError(StorageFault fault_in, std::string reason_in) : fault(fault_in), reason(std::move(reason_in)) {}
  StorageFault fault;
  /// What was asked for, of which segment, and the system's reason: `sync 0000000003.journal: Input/output error`.
  std::string reason;
};

template <class T>
using StorageResult = tl::expected<T, StorageError>;

/// What the journal needs of a disk: a folder of *segments*, each a file that grows at its end, called by numbers
/// from 1.
///
/// Models: `FileStorage` (a POSIX folder) and `testing::SimulatedDisk`. A model tells the truth: what it says it did is
/// done, and after an error nothing is claimed.
///
/// Threads: `append` and `sync` of the same segment may be called at the same time by two threads; everything else is
/// called by one at a time.
class JournalStorage {
 public:
  JournalStorage() = default;
  JournalStorage(const JournalStorage&) = delete;
  JournalStorage& operator=(const JournalStorage&) = delete;
  virtual ~JournalStorage() = default;

  /// The segments that there are, in ascending order.
  [[nodiscard]] virtual StorageResult<std::vector<std::uint64_t>> list() = 0;
  /// Makes an empty segment whose *name* survives a crash from then on. One of that number that is there is emptied.
  [[nodiscard]] virtual StorageResult<void> create(std::uint64_t segment) = 0;
  /// Puts `bytes` behind the segment's end: they survive the process from then on, and a crash of the machine only once
  /// they are synced. After an error any prefix of them may be there.
  [[nodiscard]] virtual StorageResult<void> append(std::uint64_t segment, std::string_view bytes) = 0;
  /// Everything that was appended to the segment before the call survives a crash from then on. After an error nothing
  /// is known of any byte that was not synced before, and asking again proves nothing: the system may have dropped
  /// them.
  [[nodiscard]] virtual StorageResult<void> sync(std::uint64_t segment) = 0;
  /// Cuts the segment to its first `size` bytes.
  [[nodiscard]] virtual StorageResult<void> truncate(std::uint64_t segment, std::uint64_t size) = 0;
  /// Its length in bytes.
  [[nodiscard]] virtual StorageResult<std::uint64_t> size(std::uint64_t segment) = 0;
  /// Everything in the segment.
  [[nodiscard]] virtual StorageResult<std::string> read(std::uint64_t segment) = 0;
  /// The segment holds `bytes`, durably and in room of their own on the disk, or is as it was.
  [[nodiscard]] virtual StorageResult<void> replace(std::uint64_t segment, std::string_view bytes) = 0;
  /// Takes the segment away, durably.
  [[nodiscard]] virtual StorageResult<void> remove(std::uint64_t segment) = 0;
  /// What people know the segment by: its file's name.
  [[nodiscard]] virtual std::string name(std::uint64_t segment) const = 0;
};

}  // namespace patchbay
