// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // find_if, min
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <patchbay/driver/errand_queue.hpp>
#include <patchbay/driver/hold_errand.hpp>
#include <patchbay/driver/hold_teller.hpp>
#include <patchbay/random_source.hpp>

namespace patchbay {

/// What a door's channel has to tell besides the operations' own ends, and the releases that the door sends by itself; the
/// same for every driver. Bounded, in order, and told without a lock by one thread at a time.
///
/// Everything here is used under the hub's lock.
class HoldOutbox {
 public:
  static constexpr std::size_t max_looks = 4;      ///< Readings that the door makes by itself, at once.
  static constexpr std::size_t max_releases = 16;  ///< Releases that it sends by itself as requests, at once.

  HoldOutbox(detail::AnyPolicies& policies, HoldContext& context, RandomSource& random) noexcept
      : context_(&context), random_(&random), teller_(policies, context) {}

  [[nodiscard]] HoldTeller& teller() noexcept { return teller_; }
  [[nodiscard]] bool has_news() const noexcept { return !outbox_.empty() || !finished_.empty(); }
  [[nodiscard]] bool delivering() const noexcept { return delivering_; }

  /// Takes over what the session has to tell, and the own releases that have ended.
  void collect() {
    HoldSession& session = context_->hub->session();
    // Each is taken out as it is handed on: memory may run out at any of them, and the next call goes on from there.
    for (std::deque<HoldNotice>& notices = session.notices(); !notices.empty(); notices.pop_front()) {
      const std::size_t bytes = bytes_of(notices.front());
      outbox_.push_back(std::move(notices.front()));
      bytes_ += bytes;
    }
    session.notices_taken();
    const HoldSettings& settings = context_->settings->hold;
    while (outbox_.size() > settings.max_notices || bytes_ > settings.max_notice_bytes) {
      // A flood of messages does not drown what the watchdog says.
      auto oldest = std::find_if(outbox_.begin(), outbox_.end(), [](const HoldNotice& each) { return std::holds_alternative<ChannelMessage>(each); });
      if (oldest == outbox_.end()) oldest = outbox_.begin();
      bytes_ -= bytes_of(*oldest);
      outbox_.erase(oldest);
      context_->metrics->count(HoldCount::dropped_notices);
    }
    for (Taken ended(context_->hub->ended()); ended.any(); ended.next()) {
      const auto at = std::find_if(own_.begin(), own_.end(), [&](const auto& each) { return &each->job.call == ended.front(); });
      finished_.emplace_back();
      finished_.back() = std::move(*at);
      own_.erase(at);
    }
  }
  /// Tells what was collected. One thread at a time does, in order; what comes meanwhile is told by it.
  void deliver(std::unique_lock<std::mutex>& lock) {
    if (std::exchange(delivering_, true)) return;
    while (has_news()) {
      if (!outbox_.empty()) {
        bytes_ -= bytes_of(outbox_.front());
        const HoldNotice notice = std::move(outbox_.front());
        outbox_.pop_front();
        lock.unlock();
        guarded([&] { std::visit([this](const auto& what) { teller_.tell(what); }, notice); });
      } else {
        const std::unique_ptr<OwnRelease> release = std::move(finished_.front());
        finished_.pop_front();
        lock.unlock();
        guarded([&] { teller_.tell(*release); });
      }
      lock.lock();
    }
    delivering_ = false;
  }
  /// When a release that waits for the journal is sent in any case, or a reading that failed is asked for again.
  [[nodiscard]] SteadyTime next_deadline() const noexcept {
    SteadyTime next = failed_looks_.empty() ? never : failed_looks_.front().first;
    for (const auto& each : own_)
      if (!each->submitted && each->send_by < next) next = each->send_by;
    return next;
  }
  /// The channel is closed for good, or the pump goes: no release waits for the journal any more, which would wake a
  /// pump that may be gone.
  void stop_waiting() noexcept {
    for (const auto& each : own_) each->stop_waiting();
  }
  /// Whether the door owes something by itself where holds travel as requests.
  [[nodiscard]] bool owes_releases() const noexcept { return !releases_.empty(); }
  [[nodiscard]] bool owes_looks() const noexcept { return !looks_.empty(); }
  /// Until then readings are put off.
  [[nodiscard]] SteadyTime looks_from() const noexcept { return looks_from_; }
  /// The first of them: releases, then readings, each the oldest first, while there is room for so many `releases` and `looks`
  /// more: a door that comes back to thousands of holds must neither release nor read them all at once. It stays the first
  /// until `errand_begun`, so that one for which memory runs out is not lost. Null when there is nothing, or no room for it. A
  /// door that is being closed sends by itself the releases that are owed, and reads nothing any more.
  [[nodiscard]] std::unique_ptr<HoldErrand> next_errand(std::size_t releases, std::size_t looks) {
    HoldSession& session = context_->hub->session();
    if (session.closing()) forget_looks();
    while (!releases_.empty()) {
      const bool owed = session.owes_release(releases_.front());
      const HoldErrand::Kind kind = owed ? HoldErrand::Kind::repeat : HoldErrand::Kind::release;
      if (owed || (!releases_.front_is_repeat() && !session.closing())) {
        if (releases == 0) break;
        return std::make_unique<HoldErrand>(kind, releases_.front());
      }
      releases_.pop();  // done already, or a hold was asked for since, or the door is being closed
    }
    if (looks_.empty() || looks == 0) return nullptr;
    return std::make_unique<HoldErrand>(HoldErrand::Kind::look, looks_.front());
  }
  /// The errand that `next_errand` gave is under way.
  void errand_begun(const HoldErrand& errand) noexcept {
    ErrandQueue& queue = errand.kind() == HoldErrand::Kind::look ? looks_ : releases_;
    if (!queue.empty() && queue.front() == errand.interaction()) queue.pop();
  }
  /// An errand had no time to come through: the next who serves tries again, while it is owed; readings not before `from`.
  void owe_again(const HoldErrand& errand, SteadyTime from) {
    const HoldSession& session = context_->hub->session();
    if (!session.registry().since(errand.interaction())) return;
    const bool repeats = errand.kind() == HoldErrand::Kind::repeat;
    if (repeats ? !session.owes_release(errand.interaction()) : session.closing()) return;
    if (errand.kind() == HoldErrand::Kind::look) {
      looks_from_ = from;
      looks_.push(errand.interaction());
    } else {
      releases_.push(errand.interaction(), repeats);
    }
  }
  /// A reading had its time and came to nothing: it is asked for again after `HoldSettings::repeat_every`, since nobody else
  /// tells what the channel has missed.
  void look_failed(const HoldErrand& look, SteadyTime now) {
    const HoldSettings& settings = context_->settings->hold;
    if (context_->hub->session().closing() || failed_looks_.size() >= settings.max_holds) return;
    failed_looks_.emplace_back(after(now, settings.repeat_every), look.interaction());
  }
  /// Queues the releases that the watchdog asks for, each with an id of its own; with a journal when their intents are
  /// on the disk, or after `JournalingSettings::release_wait`.
  void release_what_is_due(SteadyTime now) {
    HoldHub& hub = *context_->hub;
    HoldSession& session = hub.session();
    if (context_->dialect->path() == HoldPath::request) return collect_errands(now);
    for (const auto& each : own_)
      if (!each->submitted && (!each->waiter || each->waiter->woken() || each->send_by <= now)) submit(*each, now);
    if (session.releases_due().empty()) return hub.complete();
    const HoldSettings& settings = context_->settings->hold;
    for (Taken due(session.releases_due()); due.any(); due.next()) {
      // Handlers do not take what those before have to tell. The watchdog asks for these again after `repeat_every`.
      if (own_.size() + finished_.size() >= 2 * settings.max_commands) {
        due.skip_all();
        break;
      }
      const std::string& interaction = due.front();
      auto own = std::make_unique<OwnRelease>();
      own->started = now;
      HoldJob& job = own->job;
      job.verb = HoldVerb::unhold;
      job.interaction = interaction;
      job.priority = settings.release_priority;
      std::string id, frame, members;
      random_->uuid(id);
      JsonWriter(members).member("interactionId", std::string_view(interaction)).member("priority", settings.release_priority);
      context_->dialect->encode_hold(frame, HoldVerb::unhold, id, members);
      job.call = HoldCall(HoldVerb::unhold, std::move(id), interaction, std::move(frame), after(now, settings.repeat_every));
      hub.expect_ends(own_.size() + 1);
      OwnPlace place(own_);
      OwnRelease& release = *own;
      if (declared(release, now)) submit(release, now);
      place.take(std::move(own));
      context_->metrics->count(HoldCount::submitted);
      context_->metrics->count(HoldCount::unholds);
    }
    hub.complete();
  }

 private:
  void collect_errands(SteadyTime now) {
    HoldSession& session = context_->hub->session();
    const HoldSettings& settings = context_->settings->hold;
    if (session.closing()) forget_looks();
    for (; !failed_looks_.empty() && failed_looks_.front().first <= now; failed_looks_.pop_front())
      if (session.registry().since(failed_looks_.front().second)) looks_.push(failed_looks_.front().second);
    // Those that find no room are asked for again: by the watchdog, by the session to which a release is owed, or by the next
    // gap. What is asked for twice is done once.
    for (Taken each(session.releases_due()); each.any(); each.next())
      if (releases_.size() < 2 * settings.max_commands + settings.max_holds)
        releases_.push(each.front(), session.owes_release(each.front()));
    for (Taken each(session.looks_due()); each.any(); each.next())
      if (looks_.size() < settings.max_holds) looks_.push(each.front());
    context_->hub->complete();
  }
  void forget_looks() noexcept {
    context_->hub->session().looks_due().clear();
    failed_looks_.clear();
    looks_.clear();
  }
  /// Begins to write the intent of a release. False while that is to be waited for.
  bool declared(OwnRelease& release, SteadyTime now) noexcept {
    release.journal = context_->settings->journal.get();
    if (!release.journal) return true;
    Durability known = Durability::failed;
    guarded([&] {
      const auto place = append_intent(release.intent, *release.journal, intent_of(release.job, teller_.wall_now()));
      if (!place || !context_->pump) return;
      release.waiter.emplace(*context_->pump);
      known = release.journal->wait(*place, *release.waiter);
    });
    // Well before it is asked for once more, or none of them would ever be sent.
    if (known == Durability::pending)
      release.send_by =
          after(now, std::min(context_->settings->journaling.release_wait, context_->settings->hold.repeat_every / 2));
    if (known != Durability::pending) release.waiter.reset();
    if (known == Durability::failed) note_unjournaled(release);
    return known != Durability::pending;
  }
  void note_unjournaled(OwnRelease& release) noexcept {
    release.unjournaled = true;
    context_->metrics->count(HoldCount::releases_unjournaled);
  }
  void submit(OwnRelease& release, SteadyTime now) {
    HoldCall& call = release.job.call;
    context_->hub->session().submit(call, now);
    release.submitted = true;
    if (release.waiter) {
      if (release.journal->durability(release.intent.position()) != Durability::durable) note_unjournaled(release);
      release.stop_waiting();
    }
    if (call.end != CallEnd::pending) context_->hub->ended().push_back(&call);
  }

  /// Goes through a list whose entries are gone once they are done with, also when memory runs out at one of them: whoever
  /// tries again goes on with that one.
  template <class Entry>
  class Taken {
   public:
    explicit Taken(std::vector<Entry>& list) noexcept : list_(&list) {}
    Taken(const Taken&) = delete;
    Taken& operator=(const Taken&) = delete;
    ~Taken() { list_->erase(list_->begin(), list_->begin() + static_cast<std::ptrdiff_t>(done_)); }
    [[nodiscard]] bool any() const noexcept { return done_ < list_->size(); }
    [[nodiscard]] const Entry& front() const noexcept { return (*list_)[done_]; }
    void next() noexcept { ++done_; }
    void skip_all() noexcept { done_ = list_->size(); }

   private:
    std::vector<Entry>* list_;
    std::size_t done_ = 0;
  };
  /// The last place among the door's own releases, given back unless it is taken.
  class OwnPlace {
   public:
    explicit OwnPlace(std::vector<std::unique_ptr<OwnRelease>>& own) : own_(&own) { own.emplace_back(); }
    OwnPlace(const OwnPlace&) = delete;
    OwnPlace& operator=(const OwnPlace&) = delete;
    ~OwnPlace() {
      if (!own_->back()) own_->pop_back();
    }
    void take(std::unique_ptr<OwnRelease> own) noexcept { own_->back() = std::move(own); }

   private:
    std::vector<std::unique_ptr<OwnRelease>>* own_;
  };
  [[nodiscard]] static std::size_t bytes_of(const HoldNotice& notice) noexcept {
    const ChannelMessage* const message = std::get_if<ChannelMessage>(&notice);
    return message ? message->payload.size() : 0;
  }

  HoldContext* context_;
  RandomSource* random_;
  HoldTeller teller_;
  std::deque<HoldNotice> outbox_;
  std::size_t bytes_ = 0;  ///< Of the messages in it.
  std::deque<std::unique_ptr<OwnRelease>> finished_;
  std::vector<std::unique_ptr<OwnRelease>> own_;
  ErrandQueue releases_, looks_;
  SteadyTime looks_from_ = SteadyTime::min();
  std::deque<std::pair<SteadyTime, std::string>> failed_looks_;  ///< When each is asked for again.
  bool delivering_ = false;
};

}  // namespace patchbay
