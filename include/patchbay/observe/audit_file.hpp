// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cerrno>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <fcntl.h>     // open: POSIX
#include <sys/stat.h>  // fstat
#include <unistd.h>    // close, pread, write

#include <patchbay/observe/audit.hpp>
#include <patchbay/result.hpp>

namespace patchbay {

/// Appends audit records to a file as JSON Lines. For POSIX systems.
///
/// The file is created readable by its owner alone and is never truncated. Each record is one `write` in append mode, so
/// that several doors and processes can share a file without mixing lines, and nothing waits in a buffer of ours; the
/// system is not asked to put it on the disk. After a line that was cut short (a full disk, a crash) the next begins on
/// a line of its own. Safe from every thread.
class AuditFile final : public AuditSink {
 public:
  /// `invalid_settings` with the system's reason when the file cannot be opened.
  [[nodiscard]] static Result<std::shared_ptr<AuditFile>> open(const std::string& path) {
    const int file = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (file < 0) {
      std::string message("the audit file ");
      message.append(excerpt(path, 256)).append(": ").append(reason(errno));
      return fail(ErrorCode::invalid_settings, std::move(message));
    }
    return std::shared_ptr<AuditFile>(new AuditFile(file, ends_within_line(path)));
  }
  ~AuditFile() override { ::close(file_); }

  /// False when the whole line could not be written: see `last_error`. The next call tries anew.
  [[nodiscard]] bool write(const AuditRecord& record) override {
    const std::lock_guard<std::mutex> lock(mutex_);
    line_.clear();
    if (torn_) line_.push_back('\n');
    append_json(record, line_);
    line_.push_back('\n');
    std::size_t written = 0;
    while (written < line_.size()) {
      const ::ssize_t n = ::write(file_, line_.data() + written, line_.size() - written);
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) {
        error_ = n < 0 ? errno : EIO;
        // Only the line's end of a torn line may be what was written.
        if (written > 0) torn_ = line_[written - 1] != '\n';
        return false;
      }
      written += static_cast<std::size_t>(n);
    }
    torn_ = false;
    return true;
  }

  /// Why the last record that failed did so: `No space left on device`; empty when none has.
  [[nodiscard]] std::string last_error() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return error_ == 0 ? std::string{} : reason(error_);
  }

 private:
  AuditFile(int file, bool torn) noexcept : file_(file), torn_(torn) {}

  static std::string reason(int error) { return std::generic_category().message(error); }

  /// Whether an earlier writer left a regular file in the middle of a line.
  static bool ends_within_line(const std::string& path) noexcept {
    // Not to be blocked by something that is no file at all, such as a pipe.
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0) return false;
    struct stat status{};
    char last = '\n';
    const bool readable = ::fstat(file, &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0 &&
                          ::pread(file, &last, 1, status.st_size - 1) == 1;
    ::close(file);
    return readable && last != '\n';
  }

  const int file_;
  mutable std::mutex mutex_;
  std::string line_;
  bool torn_;
  int error_ = 0;
};

}  // namespace patchbay
