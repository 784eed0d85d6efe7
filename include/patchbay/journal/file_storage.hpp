// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <patchbay/config.hpp>
#include <patchbay/journal/storage.hpp>
#include <patchbay/result.hpp>

namespace patchbay {

/// Segments as files of a folder, `0000000001.journal` and so on. For POSIX systems and local file systems: over NFS
/// neither the lock nor the order of writes is what it is here.
///
/// The folder is made if it is not there (0700, its parent must be), the files are their owner's alone (0600) and are
/// not passed on to programs that this one starts. One process at a time: the file `lock` of the folder is locked, with
/// `flock`, as long as this lives; the system lets go of it when the process ends, however it ends.
///
/// What is durable is asked of the system by `fdatasync`, and `fsync` of the folder for names. A disk that says "done"
/// to a flush before it is keeps no promise, and cannot be made to.
///
/// Keeps the file of the present segment open. Threads: as `JournalStorage` says.
class FileStorage final : public JournalStorage {
 public:
  enum class Access : std::uint8_t {
    write,  ///< Locked: the journal's.
    read,   ///< Not locked, and nothing can be changed: to look at a journal, which another process may be writing.
  };

  /// `invalid_settings` with the system's reason when the folder cannot be used; `journal_failed` when another process
  /// has the journal open.
  [[nodiscard]] PATCHBAY_DECL static Result<std::shared_ptr<FileStorage>> open(const std::string& folder,
                                                                               Access access = Access::write);
  PATCHBAY_DECL ~FileStorage() override;

  [[nodiscard]] PATCHBAY_DECL StorageResult<std::vector<std::uint64_t>> list() override;
  [[nodiscard]] PATCHBAY_DECL StorageResult<void> create(std::uint64_t segment) override;
  [[nodiscard]] PATCHBAY_DECL StorageResult<void> append(std::uint64_t segment, std::string_view bytes) override;
  [[nodiscard]] PATCHBAY_DECL StorageResult<void> sync(std::uint64_t segment) override;
  [[nodiscard]] PATCHBAY_DECL StorageResult<void> truncate(std::uint64_t segment, std::uint64_t size) override;
  [[nodiscard]] PATCHBAY_DECL StorageResult<std::uint64_t> size(std::uint64_t segment) override;
  [[nodiscard]] PATCHBAY_DECL StorageResult<std::string> read(std::uint64_t segment) override;
  [[nodiscard]] PATCHBAY_DECL StorageResult<void> replace(std::uint64_t segment, std::string_view bytes) override;
  [[nodiscard]] PATCHBAY_DECL StorageResult<void> remove(std::uint64_t segment) override;
  [[nodiscard]] PATCHBAY_DECL std::string name(std::uint64_t segment) const override;
  [[nodiscard]] const std::string& folder() const noexcept { return folder_name_; }

 private:
  FileStorage(std::string folder, int folder_file, int lock_file, bool writable) noexcept;
  /// The present segment's file; opens it, and closes another one.
  [[nodiscard]] PATCHBAY_DECL StorageResult<int> present(std::uint64_t segment, bool anew = false);
  PATCHBAY_DECL void close_present() noexcept;

  const std::string folder_name_;
  const int folder_;
  const int lock_;
  const bool writable_;
  // Changed by `create`, `replace` and the first use of a segment, which nobody calls beside `append` and `sync`.
  std::uint64_t number_ = 0;
  int file_ = -1;
};

}  // namespace patchbay

#if !defined(PATCHBAY_SEPARATE_COMPILATION)
#include <patchbay/journal/impl/file_storage.ipp>
#endif
