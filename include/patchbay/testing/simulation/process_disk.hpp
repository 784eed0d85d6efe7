// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <patchbay/journal/frame.hpp>
#include <patchbay/journal/journal.hpp>
#include <patchbay/testing/simulated_disk.hpp>
#include <patchbay/testing/simulation/link.hpp>

namespace patchbay::testing::simulation {

/// The disk of one process, which outlives the lives of it, and what of its journal those who watch have been shown.
class ProcessDisk final : public Prop {
 public:
  ProcessDisk(Scene& scene, int process)
      : scene_(&scene), disk_(std::make_shared<SimulatedDisk>(derive(scene.seed, "disk", static_cast<std::uint64_t>(process)))) {}

  /// The journal of the next life, or null when the disk does not let it begin.
  [[nodiscard]] std::shared_ptr<Journal> open(Link& link) {
    const bool again = opened_;
    set_rates(true);
    auto journal = Journal::open(std::make_shared<Storage>(*this, link), options());
    if (!journal) {
      if (journal.error().code() != ErrorCode::journal_failed) scene_->complain("a journal did not open: " + journal.error().describe());
      return nullptr;
    }
    opened_ = true;
    if (again) {
      show_what_is_there(link.id, true);
      // A journal that was opened has put all of it on the disk, also what nobody had synced before.
      show_what_is_there(link.id, false);
      pending_.clear();
    }
    return std::move(*journal);
  }
  /// The process has crashed, or the machine with it.
  void crash(bool machine) {
    crashing_ = nullptr;
    if (machine) return disk_->crash();
    disk_->crash_process();
  }
  /// The process is to crash within one of its next changes of the disk. `crashed` is called from there: its code is under
  /// way then.
  void crash_within(std::size_t changes, std::function<void()> crashed) {
    disk_->crash_after(changes);
    crashing_ = std::move(crashed);
  }
  /// Whether that is still to come.
  [[nodiscard]] bool will_crash() const noexcept { return crashing_ != nullptr; }
  /// Whether a change was interrupted, and `crash` has not been called since.
  [[nodiscard]] bool down() const { return disk_->down(); }
  /// No fault strikes from now on.
  void heal() {
    crashing_ = nullptr;
    disk_->rates({});
    disk_->forget_plans();
  }

 private:
  /// As one life sees it; nothing of a life that is over reaches the disk.
  class Storage final : public JournalStorage {
   public:
    Storage(ProcessDisk& disk, Link& link) noexcept : shared_(&disk), link_(&link) {}
    StorageResult<std::vector<std::uint64_t>> list() override { return shared_->disk_->list(); }
    StorageResult<void> create(std::uint64_t segment) override {
      if (link_->dead) return gone();
      shared_->pending_[segment].clear();
      return shared_->noted(shared_->disk_->create(segment), Fault::disk_error);
    }
    StorageResult<void> append(std::uint64_t segment, std::string_view bytes) override {
      if (link_->dead) return gone();
      auto done = shared_->noted(shared_->disk_->append(segment, bytes), Fault::disk_error);
      if (done) shared_->pending_[segment].append(bytes);
      return done;
    }
    StorageResult<void> sync(std::uint64_t segment) override {
      if (link_->dead) return gone();
      auto done = shared_->noted(shared_->disk_->sync(segment), Fault::failed_sync);
      // What a sync that fails has not kept no later one keeps, whatever it says.
      const std::string pending = std::exchange(shared_->pending_[segment], {});
      if (done) shared_->show(pending, link_->id, false);
      return done;
    }
    StorageResult<void> truncate(std::uint64_t segment, std::uint64_t size) override {
      if (link_->dead) return gone();
      return shared_->changed(shared_->disk_->truncate(segment, size));
    }
    StorageResult<std::uint64_t> size(std::uint64_t segment) override { return shared_->disk_->size(segment); }
    StorageResult<std::string> read(std::uint64_t segment) override { return shared_->disk_->read(segment); }
    StorageResult<void> replace(std::uint64_t segment, std::string_view bytes) override {
      if (link_->dead) return gone();
      shared_->pending_[segment].clear();
      return shared_->changed(shared_->disk_->replace(segment, bytes));
    }
    StorageResult<void> remove(std::uint64_t segment) override {
      if (link_->dead) return gone();
      shared_->pending_.erase(segment);
      return shared_->changed(shared_->disk_->remove(segment));
    }
    std::string name(std::uint64_t segment) const override { return shared_->disk_->name(segment); }

   private:
    static tl::unexpected<StorageError> gone() { return tl::unexpected(StorageError(StorageFault::failed, "the process is gone")); }
    ProcessDisk* shared_;
    Link* link_;
  };

  /// Counts what failed.
  StorageResult<void> noted(StorageResult<void> done, Fault fault) {
    if (!done && !disk_->down()) scene_->note(done.error().fault == StorageFault::full ? Fault::disk_full : fault);
    return changed(std::move(done));
  }
  /// The crash that was asked for, if this change was the one that it interrupts.
  StorageResult<void> changed(StorageResult<void> done) {
    if (disk_->down())
      if (const auto crashed = std::exchange(crashing_, nullptr)) crashed();
    return done;
  }
  static JournalOptions options() {
    JournalOptions out;
    out.segment_bytes = 16'384;
    return out;
  }
  void set_rates(bool faults) {
    DiskFaultRates rates;
    if (faults && !scene_->healed) {
      rates.append_full = rates.create_full = scene_->mix.rate(Fault::disk_full) / 8;
      rates.append_failed = rates.create_failed = rates.other_failed = scene_->mix.rate(Fault::disk_error) / 16;
      rates.sync_failed = scene_->mix.rate(Fault::failed_sync) / 16;
    }
    disk_->rates(rates);
  }
  /// What stands on the disk, record by record.
  void show_what_is_there(ProcessId id, bool read_back) {
    const auto segments = disk_->list();
    if (!segments) return;
    for (const std::uint64_t each : *segments) show(disk_->bytes(each), id, read_back);
  }
  void show(const std::string& bytes, ProcessId id, bool read_back) {
    std::string_view rest = bytes;
    patchbay::detail::JournalFrame frame;
    patchbay::detail::JournalEntry entry;
    while (!rest.empty() && patchbay::detail::read_frame(rest, frame) == nullptr) {
      rest.remove_prefix(frame.size);
      const bool wanted = frame.kind == JournalKind::intent || frame.kind == JournalKind::terminal || frame.kind == JournalKind::recovery;
      if (!wanted || patchbay::detail::read_payload(frame.kind, frame.payload, entry) != nullptr) continue;
      JournalView view;
      view.sequence = frame.position;
      view.kind = frame.kind == JournalKind::intent     ? JournalView::Kind::intent
                  : frame.kind == JournalKind::terminal ? JournalView::Kind::terminal
                                                        : JournalView::Kind::resolution;
      if (frame.kind == JournalKind::intent) intents_[frame.position] = {entry.intent.operation, entry.intent.interaction};
      const auto& [operation, interaction] = intents_[frame.kind == JournalKind::intent ? frame.position : entry.about];
      view.id = operation;
      view.interaction = interaction;
      view.outcome = frame.kind == JournalKind::intent ? Outcome::unknown : entry.outcome;
      if (read_back) {
        scene_->witnesses.recovered(id, view, scene_->now());
      } else if (frame.position > shown_) {
        shown_ = frame.position;
        scene_->witnesses.journaled(id, view, scene_->now());
      }
    }
  }

  Scene* scene_;
  std::shared_ptr<SimulatedDisk> disk_;
  std::map<std::uint64_t, std::string> pending_;  ///< Of each segment: what was appended and not synced.
  std::map<JournalPosition, std::pair<std::string, std::string>> intents_;
  JournalPosition shown_ = 0;  ///< The last record that was shown as durable.
  bool opened_ = false;
  std::function<void()> crashing_;  ///< What to do when the crash within a change comes; empty: none is to come.
};

}  // namespace patchbay::testing::simulation
