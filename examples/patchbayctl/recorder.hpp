// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <utility>

#include <patchbay/observe/audit.hpp>

namespace patchbayctl {

/// Keeps what a door records at the end of an operation, which is what a result line is made of, and passes every
/// record on to the audit file, if there is one. Both doors record an operation's end on the thread that called them.
class Recorder final : public patchbay::AuditSink {
 public:
  explicit Recorder(std::shared_ptr<patchbay::AuditSink> file) : file_(std::move(file)) {}

  [[nodiscard]] bool write(const patchbay::AuditRecord& record) override {
    if (record.kind == patchbay::AuditKind::operation) last() = record;
    const bool written = !file_ || file_->write(record);
    if (!written) failures_.fetch_add(1, std::memory_order_relaxed);
    return written;
  }
  /// The end of the last operation of this thread, which is then forgotten.
  [[nodiscard]] static std::optional<patchbay::AuditRecord> take() { return std::exchange(last(), std::nullopt); }
  /// Records that the file did not take.
  [[nodiscard]] int failures() const noexcept { return failures_.load(std::memory_order_relaxed); }

 private:
  static std::optional<patchbay::AuditRecord>& last() {
    thread_local std::optional<patchbay::AuditRecord> record;
    return record;
  }
  std::shared_ptr<patchbay::AuditSink> file_;
  std::atomic<int> failures_{0};
};

}  // namespace patchbayctl
