// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // max
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <patchbay/journal/frame.hpp>
#include <patchbay/journal/impl/payload.ipp>
#include <patchbay/journal/journal.hpp>

// What is read at the start, and how the journal goes on from there.
namespace patchbay {

/// Reads segments one after the other and applies what they say.
class Journal::Reading {
 public:
  explicit Reading(Journal& journal) noexcept : journal_(journal) {}

  /// `last`: whether it may have a torn end.
  Result<void> read(std::uint64_t segment, bool last) {
    auto got = journal_.storage_->read(segment);
    if (!got) return fail(ErrorCode::journal_failed, std::move(got.error().reason));
    ++journal_.recovery_.segments;
    const std::string& bytes = *got;
    std::size_t at = 0, checkpoint = 0;
    begun_ = false;
    while (at < bytes.size()) {
      const std::string_view rest = std::string_view(bytes).substr(at);
      detail::JournalFrame frame;
      const char* wrong = detail::read_frame(rest, frame);
      const bool torn = wrong != nullptr && frame.size == 0;
      if (!wrong) wrong = apply(frame);
      if (!wrong) {
        if (at == 0) checkpoint = frame.size;
        at += frame.size;
        continue;
      }
      // A torn end: bytes that no later record shows to have been on the disk.
      if (torn && last && (position_ != 0 || segment == 1) && detail::newest_durable(rest) <= position_) break;
      if (auto going_on = damaged(segment, at, wrong); !going_on) return going_on;
      at = torn ? std::min(detail::find_frame(bytes, at + 1), bytes.size()) : at + frame.size;
    }
    if (at == 0 && !last)
      if (auto going_on = damaged(segment, 0, "it is empty"); !going_on) return going_on;
    if (last) journal_.recovery_.dropped_bytes += bytes.size() - at;
    if (at == 0) return {};  // of the last one, no record ever was on the disk
    number_ = segment;
    whole_ = bytes.size();
    bytes_ = std::move(*got);
    bytes_.resize(at);
    checkpoint_ = checkpoint;
    return {};
  }

  /// The last record's position; 0: there was none.
  [[nodiscard]] JournalPosition position() const noexcept { return position_; }
  /// Whether something did not verify and was left out.
  [[nodiscard]] bool salvaged() const noexcept { return salvaged_; }
  /// The last segment that has a record, without its torn end, and the size of its checkpoint.
  [[nodiscard]] std::uint64_t number() const noexcept { return number_; }
  [[nodiscard]] const std::string& bytes() const noexcept { return bytes_; }
  [[nodiscard]] bool has_torn_end() const noexcept { return bytes_.size() != whole_; }
  [[nodiscard]] std::uint64_t checkpoint() const noexcept { return checkpoint_; }

 private:
  /// Null when the frame fits what was read so far; then it is applied.
  const char* apply(const detail::JournalFrame& frame) {
    if (position_ != 0 && frame.position != position_ + 1 && !(salvaged_ && frame.position > position_))
      return "its position does not follow the one before";
    const bool checkpoint = frame.kind == JournalKind::checkpoint;
    if (!begun_ && !checkpoint && !salvaged_) return "a segment does not begin with a checkpoint";
    if (begun_ && checkpoint) return "a checkpoint within a segment";
    if (checkpoint) {
      if (const char* const wrong = detail::read_checkpoint(frame.payload, journal_.state_)) return wrong;
    } else if (frame.kind != JournalKind::audit) {
      detail::JournalEntry entry;
      if (const char* const wrong = detail::read_payload(reader_, frame.kind, frame.payload, entry)) return wrong;
      auto change = journal_.state_.prepare(std::move(entry), frame.position);
      if (!change) return "a record is about something that is not open";
      journal_.state_.commit(std::move(*change));
    }
    begun_ = true;
    position_ = frame.position;
    ++journal_.recovery_.records;
    return nullptr;
  }

  Result<void> damaged(std::uint64_t segment, std::size_t at, const char* wrong) {
    std::string where = journal_.storage_->name(segment);
    where.append(" at byte ").append(std::to_string(at)).append(": ").append(wrong);
    if (!journal_.options_.salvage) return fail(ErrorCode::journal_corrupt, "the journal does not verify: " + where);
    salvaged_ = true;
    if (journal_.recovery_.gaps.size() < 100) journal_.recovery_.gaps.push_back(std::move(where));
    return {};
  }

  Journal& journal_;
  JsonReader reader_;
  JournalPosition position_ = 0;
  bool begun_ = false;
  bool salvaged_ = false;
  std::uint64_t number_ = 0;
  std::size_t whole_ = 0;
  std::string bytes_;
  std::uint64_t checkpoint_ = 0;
};

PATCHBAY_DECL Result<void> Journal::recover() {
  const Lock lock(mutex_);
  const auto failed = [](StorageError& error) { return fail(ErrorCode::journal_failed, std::move(error.reason)); };
  auto listed = storage_->list();
  if (!listed) return failed(listed.error());
  std::vector<std::uint64_t>& numbers = *listed;

  Reading reading(*this);
  // The last segment holds all that is open, unless its checkpoint is torn: then the one before does.
  const std::size_t first = options_.verify_all || numbers.size() < 2 ? 0 : numbers.size() - 2;
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    std::uint64_t bytes = 0;
    if (auto size = storage_->size(numbers[i]); size) {
      bytes = *size;
    } else {
      return failed(size.error());
    }
    segments_.push_back({numbers[i], bytes});
    if (i > 0 && numbers[i] != numbers[i - 1] + 1 && !options_.salvage)
      return fail(ErrorCode::journal_corrupt,
                  "the journal does not verify: the segment before " + storage_->name(numbers[i]) + " is missing");
    if (i < first) continue;
    if (auto done = reading.read(numbers[i], i + 1 == numbers.size()); !done) return done;
  }
  status_.appended = status_.synced = reading.position();

  if (reading.salvaged()) {
    // What is left is carried over, and what is damaged goes: the next start would stumble over it again.
    const std::vector<std::uint64_t> old = numbers;
    if (auto begun = begin_segment(old.back() + 1); !begun) return begun;
    for (const std::uint64_t each : old)
      if (auto gone = storage_->remove(each); !gone) return failed(gone.error());
    segments_.erase(segments_.begin(), segments_.end() - 1);
  } else if (reading.position() == 0) {
    segments_.clear();
    if (auto begun = begin_segment(1); !begun) return begun;
  } else {
    if (segments_.back().number != reading.number()) {  // it was begun, and never had a record
      if (auto gone = storage_->remove(segments_.back().number); !gone) return failed(gone.error());
      segments_.pop_back();
    }
    // Afresh: a process before may have failed to sync it, and what it reads like is then not what is on the disk.
    const std::uint64_t number = reading.number();
    if (auto placed = storage_->replace(number, reading.bytes()); !placed) {
      if (placed.error().fault != StorageFault::full) return failed(placed.error());
      // No room for two of it. It is good but for that doubt, and a journal that can be opened is worth more: a later
      // start would find the damage.
      status_.full = true;
      if (reading.has_torn_end())
        if (auto cut = storage_->truncate(number, reading.bytes().size()); !cut) return failed(cut.error());
      if (auto synced = storage_->sync(number); !synced) return failed(synced.error());
    }
    segments_.back().bytes = reading.bytes().size();
    rotate_at_ = reading.checkpoint() + std::max<std::uint64_t>(options_.segment_bytes, reading.checkpoint());
  }
  status_.bytes = 0;
  for (const Segment& each : segments_) status_.bytes += each.bytes;
  trim();

  state_.orphan_all();
  status_.dead_letters_dropped += state_.drop_dead_letters(options_.max_dead_letters);
  recovery_.open_intents = state_.intents().size();
  recovery_.holds = state_.believed_holds().size();
  recovery_.deliveries = state_.deliveries().size();
  recovery_.dead_letters = state_.dead_letters().size();
  return {};
}

}  // namespace patchbay
