// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include <patchbay/testing/simulation/invariants/books.hpp>
#include <patchbay/testing/simulation/invariants/breach.hpp>

namespace patchbay::testing::simulation {

/// What every check is made of: the books, which see each event before it does, and the judge, whom it tells.
class Check : public Witness {
 public:
  Check(const Books& books_in, Judge& judge_in) noexcept : books_(&books_in), judge_(&judge_in) {}

 protected:
  [[nodiscard]] const Books& books() const noexcept { return *books_; }
  Breach& broken(std::string_view invariant, ProcessId process, std::string text) const {
    return judge_->broken(invariant, process, books_->now(), std::move(text));
  }
  void broken(std::string_view invariant, const Effect& effect, std::string text) const {
    Breach& entry = broken(invariant, effect.process, std::move(text));
    entry.interaction = effect.interaction;
    entry.operation = effect.id;
    if (!effect.works.empty()) entry.work = effect.works.front();
  }
  void broken(std::string_view invariant, const WorkRecord& record, std::string text) const {
    Breach& entry = broken(invariant, record.process, std::move(text));
    entry.interaction = record.work.interaction;
    entry.operation = record.end.id;
    entry.work = record.work.number;
  }

  /// Whether an earlier life has released what a hold found on hold already, and no record of that reached the disk:
  /// nobody knows of it any more.
  [[nodiscard]] bool forgotten(const WorkRecord& record) const {
    const std::string interaction = plain::lower(record.work.interaction);
    const Effect* last = nullptr;
    for (const auto& [id, each] : books().effects())
      if (each.kind == WorkKind::unhold && each.interaction == interaction && each.changes != 0 &&
          each.process.number == record.process.number && (last == nullptr || each.applied_order > last->applied_order))
        last = &each;
    return last != nullptr && last->process.incarnation < record.process.incarnation &&
           !books().recorded(last->id);
  }

 private:
  const Books* books_;
  Judge* judge_;
};

}  // namespace patchbay::testing::simulation
