// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <utility>

namespace patchbay {

class Journal;  // journal/journal.hpp

/// An operation's intent in the journal, until its terminal is written. One that goes without a terminal, because the
/// operation was abandoned with its event loop, is left to recovery. The journal outlives it.
class IntentTicket {
 public:
  using Leave = void (*)(Journal& journal, std::uint64_t position) noexcept;

  IntentTicket() noexcept = default;
  IntentTicket(const IntentTicket&) = delete;
  IntentTicket& operator=(const IntentTicket&) = delete;
  ~IntentTicket() { leave(); }

  /// `how_to_leave` tells the journal that nobody will write the terminal of `position`.
  void hold(Journal& journal, std::uint64_t position, Leave how_to_leave) noexcept {
    journal_ = &journal;
    position_ = position;
    leave_ = how_to_leave;
  }
  [[nodiscard]] bool open() const noexcept { return position_ != 0; }
  [[nodiscard]] std::uint64_t position() const noexcept { return position_; }
  /// Its terminal is about to be written.
  std::uint64_t take() noexcept { return std::exchange(position_, 0); }
  void leave() noexcept {
    if (const std::uint64_t position = take(); position != 0) leave_(*journal_, position);
  }

 private:
  Journal* journal_ = nullptr;
  std::uint64_t position_ = 0;
  Leave leave_ = nullptr;
};

}  // namespace patchbay
