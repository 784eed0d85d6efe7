// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include <patchbay/observe/audit.hpp>

namespace patchbayctl {

/// Keeps what a door records at the end of an operation, which is what a result line is made of, and passes every
/// record on to the audit file, if there is one. Thread-safe: an operation may begin on one thread and end on another.
class Recorder final : public patchbay::AuditSink {
 public:
  explicit Recorder(std::shared_ptr<patchbay::AuditSink> file) : file_(std::move(file)) {}

  /// By which operations are told apart: one at a time has the same key. Records name an interaction by at most 128
  /// bytes, and a door may change the case of an id.
  [[nodiscard]] static std::string key_of(std::string_view interaction) {
    std::string key(interaction.substr(0, 128));
    for (char& c : key)
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
    return key;
  }

  [[nodiscard]] bool write(const patchbay::AuditRecord& record) override {
    if (record.kind == patchbay::AuditKind::operation) {
      const std::lock_guard lock(mutex_);
      if (const auto found = expected_.find(key_of(record.interaction_id)); found != expected_.end())
        found->second = record;
    }
    const bool written = !file_ || file_->write(record);
    if (!written) failures_.fetch_add(1, std::memory_order_relaxed);
    return written;
  }
  /// An operation on `interaction` is about to begin.
  void expect(std::string_view interaction) {
    const std::lock_guard lock(mutex_);
    expected_.insert_or_assign(key_of(interaction), std::nullopt);
  }
  /// The record of its end, which is then forgotten; nothing when no door wrote one.
  [[nodiscard]] std::optional<patchbay::AuditRecord> take(std::string_view interaction) {
    const std::lock_guard lock(mutex_);
    auto node = expected_.extract(key_of(interaction));
    return node.empty() ? std::nullopt : std::move(node.mapped());
  }
  /// Records that the file did not take.
  [[nodiscard]] int failures() const noexcept { return failures_.load(std::memory_order_relaxed); }

 private:
  std::shared_ptr<patchbay::AuditSink> file_;
  std::mutex mutex_;
  std::unordered_map<std::string, std::optional<patchbay::AuditRecord>> expected_;  // by key, while they are under way
  std::atomic<int> failures_{0};
};

}  // namespace patchbayctl
