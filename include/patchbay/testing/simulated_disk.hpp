// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // min, max
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <patchbay/journal/storage.hpp>
#include <patchbay/testing/simulation/streams.hpp>

namespace patchbay::testing {

enum class DiskOperation : std::uint8_t { list, create, append, sync, truncate, size, read, replace, remove };

/// How often a disk fails by chance, of 1024 operations each.
class DiskFaultRates {
 public:
  DiskFaultRates() = default;
  std::uint32_t append_full = 0;    ///< No room for this one, which may be there in part.
  std::uint32_t append_failed = 0;  ///< An error of the device; it may be there in part.
  std::uint32_t sync_failed = 0;    ///< The system drops what it could not write, and forgets that it did.
  std::uint32_t create_full = 0;
  std::uint32_t create_failed = 0;
  std::uint32_t other_failed = 0;   ///< Of removals, truncations, replacements.
};

/// A disk in memory that knows what would survive a crash, and fails as disks do. For tests of whatever keeps a
/// journal.
///
/// What was synced is kept; of the rest, a crash takes a suffix, or tears it within a record, fills the last sector
/// with other bytes, or loses a part from the middle, as disks that write in an order of their own do. A sync that
/// fails drops what was not synced: it still reads as before, later syncs succeed, and after a crash it is not there,
/// which is what Linux and others do (the PostgreSQL project's "fsyncgate"). All of it from a seed, in integers, so
/// that a seed means the same everywhere.
///
///     auto disk = std::make_shared<SimulatedDisk>(seed);
///     disk->crash_after(17);     // the 18th change is interrupted half way, and nothing works from there on
///     ...                        // until the process has been destroyed
///     disk->crash();             // the machine starts again
///
/// Thread-safe.
class SimulatedDisk final : public JournalStorage {
 public:
  explicit SimulatedDisk(std::uint64_t seed = 1) noexcept : random_(seed) {}

  /// Room for so many bytes in all; an append beyond is there in part.
  void capacity(std::uint64_t bytes) {
    const std::lock_guard lock(mutex_);
    capacity_ = bytes;
  }
  void rates(DiskFaultRates rates) {
    const std::lock_guard lock(mutex_);
    rates_ = rates;
  }
  /// The operation of this kind that follows `skip` others fails once.
  void fail(DiskOperation operation, StorageFault fault = StorageFault::failed, std::size_t skip = 0) {
    const std::lock_guard lock(mutex_);
    scripted_.push_back({operation, fault, skip});
  }
  /// After `changes` more operations that change something, one is interrupted, and all that follow fail until `crash`.
  void crash_after(std::size_t changes) {
    const std::lock_guard lock(mutex_);
    crash_in_ = changes;
    will_crash_ = true;
  }
  /// An append is interrupted, as by `crash_after`, when this many more bytes have been written.
  void crash_after_bytes(std::uint64_t bytes) {
    const std::lock_guard lock(mutex_);
    crash_in_bytes_ = bytes;
    will_crash_within_ = true;
  }
  /// Nothing strikes any more that was planned by `fail`, `crash_after` or `crash_after_bytes`.
  void forget_plans() {
    const std::lock_guard lock(mutex_);
    will_crash_ = will_crash_within_ = false;
    scripted_.clear();
  }
  /// The machine crashes and starts again: what was not durable is lost as the seed wills.
  void crash() {
    const std::lock_guard lock(mutex_);
    for (auto& [number, file] : files_) lose(file);
    revive();
  }
  /// The process alone crashes: what the system has is there.
  void crash_process() {
    const std::lock_guard lock(mutex_);
    revive();
  }

  /// Whether `crash_after` has struck.
  [[nodiscard]] bool down() const {
    const std::lock_guard lock(mutex_);
    return down_;
  }
  /// Operations that changed something, failed ones included.
  [[nodiscard]] std::size_t changes() const {
    const std::lock_guard lock(mutex_);
    return changes_;
  }
  [[nodiscard]] std::size_t syncs() const {
    const std::lock_guard lock(mutex_);
    return syncs_;
  }
  /// What stands in a segment, and how much of it is durable; for tests that look at bytes, or change them.
  [[nodiscard]] std::string bytes(std::uint64_t segment) const {
    const std::lock_guard lock(mutex_);
    const auto file = files_.find(segment);
    return file == files_.end() ? std::string{} : file->second.bytes;
  }
  [[nodiscard]] std::size_t durable_bytes(std::uint64_t segment) const {
    const std::lock_guard lock(mutex_);
    const auto file = files_.find(segment);
    return file == files_.end() ? 0 : file->second.synced;
  }
  void put(std::uint64_t segment, std::string bytes) {
    const std::lock_guard lock(mutex_);
    File& file = files_[segment];
    file = {};
    file.synced = bytes.size();
    file.bytes = std::move(bytes);
  }

  [[nodiscard]] StorageResult<std::vector<std::uint64_t>> list() override {
    const std::lock_guard lock(mutex_);
    if (strikes(DiskOperation::list, 0)) return failure("list");
    std::vector<std::uint64_t> numbers;
    for (const auto& [number, file] : files_) numbers.push_back(number);
    return numbers;
  }

  [[nodiscard]] StorageResult<void> create(std::uint64_t segment) override {
    const std::lock_guard lock(mutex_);
    const bool cut = changing();
    const bool struck = cut || strikes(DiskOperation::create, rates_.create_failed, rates_.create_full);
    // One that was interrupted or failed may have its name all the same.
    if (!struck || random_.chance(512)) files_[segment] = {};
    if (struck) return failure("create", segment);
    return {};
  }

  [[nodiscard]] StorageResult<void> append(std::uint64_t segment, std::string_view bytes) override {
    const std::lock_guard lock(mutex_);
    const bool cut = changing();
    if (down_ && !cut) return failure("write", segment);
    const auto found = files_.find(segment);
    if (found == files_.end()) return missing("write", segment);
    std::string& content = found->second.bytes;
    if (cut || strikes(DiskOperation::append, rates_.append_failed, rates_.append_full)) {
      content.append(bytes.substr(0, static_cast<std::size_t>(random_.below(bytes.size() + 1))));
      return failure("write", segment);
    }
    if (will_crash_within_ && bytes.size() > crash_in_bytes_) {
      content.append(bytes.substr(0, static_cast<std::size_t>(crash_in_bytes_)));
      down_ = true;
      return failure("write", segment);
    }
    crash_in_bytes_ -= std::min<std::uint64_t>(crash_in_bytes_, bytes.size());
    const std::uint64_t room = capacity_ - std::min(capacity_, used());
    if (bytes.size() > room) {
      content.append(bytes.substr(0, static_cast<std::size_t>(room)));
      fault_ = StorageFault::full;
      return failure("write", segment);
    }
    content.append(bytes);
    return {};
  }

  [[nodiscard]] StorageResult<void> sync(std::uint64_t segment) override {
    const std::lock_guard lock(mutex_);
    ++syncs_;
    const bool cut = changing();
    if (down_ && !cut) return failure("sync", segment);
    const auto found = files_.find(segment);
    if (found == files_.end()) return missing("sync", segment);
    File& file = found->second;
    if (cut || strikes(DiskOperation::sync, rates_.sync_failed)) {
      // What a crash interrupts may have been written in part, which is for the crash to decide.
      if (!cut && file.synced < file.bytes.size()) {
        file.dropped.emplace_back(file.synced, file.bytes.size());
        file.synced = file.bytes.size();
      }
      return failure("sync", segment);
    }
    file.synced = file.bytes.size();
    return {};
  }

  [[nodiscard]] StorageResult<void> truncate(std::uint64_t segment, std::uint64_t size) override {
    const std::lock_guard lock(mutex_);
    const bool cut = changing();
    if (down_ && !cut) return failure("truncate", segment);
    const auto found = files_.find(segment);
    if (found == files_.end()) return missing("truncate", segment);
    const bool struck = cut || strikes(DiskOperation::truncate, rates_.other_failed);
    File& file = found->second;
    if ((!struck || random_.chance(512)) && size < file.bytes.size()) {
      file.bytes.resize(static_cast<std::size_t>(size));
      file.synced = std::min<std::size_t>(file.synced, file.bytes.size());
      // What is written there from now on is none of what was dropped.
      for (auto& [from, to] : file.dropped) to = std::min<std::size_t>(to, file.bytes.size());
    }
    if (struck) return failure("truncate", segment);
    return {};
  }

  [[nodiscard]] StorageResult<std::uint64_t> size(std::uint64_t segment) override {
    const std::lock_guard lock(mutex_);
    if (strikes(DiskOperation::size, 0)) return failure("look at", segment);
    const auto file = files_.find(segment);
    if (file == files_.end()) return missing("look at", segment);
    return file->second.bytes.size();
  }

  [[nodiscard]] StorageResult<std::string> read(std::uint64_t segment) override {
    const std::lock_guard lock(mutex_);
    if (strikes(DiskOperation::read, 0)) return failure("read", segment);
    const auto file = files_.find(segment);
    if (file == files_.end()) return missing("read", segment);
    return file->second.bytes;
  }

  [[nodiscard]] StorageResult<void> replace(std::uint64_t segment, std::string_view bytes) override {
    const std::lock_guard lock(mutex_);
    const bool cut = changing();
    if (down_ && !cut) return failure("replace", segment);
    const bool struck = cut || strikes(DiskOperation::replace, rates_.other_failed);
    if (!struck && bytes.size() > capacity_ - std::min(capacity_, used())) {
      fault_ = StorageFault::full;
      return failure("replace", segment);
    }
    if (!struck || random_.chance(512)) {
      File& file = files_[segment];
      file = {};
      file.bytes = bytes;
      file.synced = bytes.size();
    }
    if (struck) return failure("replace", segment);
    return {};
  }

  [[nodiscard]] StorageResult<void> remove(std::uint64_t segment) override {
    const std::lock_guard lock(mutex_);
    const bool cut = changing();
    if (down_ && !cut) return failure("remove", segment);
    const bool struck = cut || strikes(DiskOperation::remove, rates_.other_failed);
    if (!struck && !files_.contains(segment)) return missing("remove", segment);
    if (!struck || random_.chance(512)) files_.erase(segment);
    if (struck) return failure("remove", segment);
    return {};
  }

  [[nodiscard]] std::string name(std::uint64_t segment) const override {
    const std::string digits = std::to_string(segment);
    return std::string(digits.size() < 10 ? 10 - digits.size() : 0, '0').append(digits).append(".journal");
  }

 private:
  struct File {
    std::string bytes;       // as it reads
    std::size_t synced = 0;  // so much of it is said to be durable
    std::vector<std::pair<std::size_t, std::size_t>> dropped;  // parts of that which are not: from, to
  };
  struct Scripted {
    DiskOperation operation;
    StorageFault fault;
    std::size_t skip;
  };

  /// Counts a change; whether it is the one that a crash interrupts.
  bool changing() noexcept {
    ++changes_;
    if (down_ || !will_crash_ || crash_in_-- > 0) return false;
    down_ = true;
    fault_ = StorageFault::failed;
    return true;
  }

  bool strikes(DiskOperation operation, std::uint32_t failed, std::uint32_t full = 0) {
    fault_ = StorageFault::failed;
    if (down_) return true;
    for (auto each = scripted_.begin(); each != scripted_.end(); ++each) {
      if (each->operation != operation) continue;
      if (each->skip-- > 0) return false;
      fault_ = each->fault;
      scripted_.erase(each);
      return true;
    }
    if (full != 0 && random_.chance(full)) {
      fault_ = StorageFault::full;
      return true;
    }
    return failed != 0 && random_.chance(failed);
  }

  [[nodiscard]] tl::unexpected<StorageError> failure(std::string what, std::uint64_t segment = 0) const {
    if (segment != 0) what.append(" ").append(name(segment));
    const bool full = fault_ == StorageFault::full && !down_;
    what.append(down_ ? ": the machine is down" : full ? ": No space left on device" : ": Input/output error");
    return tl::unexpected(StorageError(down_ ? StorageFault::failed : fault_, std::move(what)));
  }
  [[nodiscard]] tl::unexpected<StorageError> missing(std::string what, std::uint64_t segment) const {
    what.append(" ").append(name(segment)).append(": No such file or directory");
    return tl::unexpected(StorageError(StorageFault::missing, std::move(what)));
  }
  [[nodiscard]] std::uint64_t used() const noexcept {
    std::uint64_t sum = 0;
    for (const auto& [number, file] : files_) sum += file.bytes.size();
    return sum;
  }

  /// What a crash leaves of a file.
  void lose(File& file) {
    constexpr std::size_t sector = 512;
    for (const auto& [from, to] : file.dropped)
      for (std::size_t i = from; i < std::min(to, file.bytes.size()); ++i) file.bytes[i] = '\0';
    const std::size_t open = file.bytes.size() - file.synced;
    if (open > 0) {
      const std::size_t kept = static_cast<std::size_t>(random_.below(open + 1));
      file.bytes.resize(file.synced + kept);
      if (kept > 0 && random_.chance(256)) {
        // Only what was not durable: a sector that is written again holds what it held, up to there.
        const std::size_t from = std::max(file.synced, (file.bytes.size() - 1) / sector * sector);
        for (std::size_t i = from; i < file.bytes.size(); ++i) file.bytes[i] = static_cast<char>(random_.below(256));
      } else if (kept > 0 && random_.chance(256)) {
        const std::size_t from = file.synced + static_cast<std::size_t>(random_.below(kept));
        const std::size_t to = std::min(file.bytes.size(), from + 1 + static_cast<std::size_t>(random_.below(sector)));
        for (std::size_t i = from; i < to; ++i) file.bytes[i] = '\0';
      }
    }
    file.synced = file.bytes.size();
    file.dropped.clear();
  }
  void revive() noexcept {
    down_ = will_crash_ = will_crash_within_ = false;
    crash_in_bytes_ = 0;
    scripted_.clear();
  }

  mutable std::mutex mutex_;
  std::map<std::uint64_t, File> files_;
  simulation::Stream random_;
  std::uint64_t capacity_ = static_cast<std::uint64_t>(-1);
  DiskFaultRates rates_;
  std::vector<Scripted> scripted_;
  StorageFault fault_ = StorageFault::failed;
  bool down_ = false, will_crash_ = false, will_crash_within_ = false;
  std::size_t crash_in_ = 0;
  std::uint64_t crash_in_bytes_ = 0;
  std::size_t changes_ = 0, syncs_ = 0;
};

}  // namespace patchbay::testing
