// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <patchbay/config.hpp>
#include <patchbay/flow/reachability.hpp>
#include <patchbay/hold_settings.hpp>
#include <patchbay/observe/audit.hpp>
#include <patchbay/protocol/flow_cache.hpp>
#include <patchbay/protocol/host_guards.hpp>
#include <patchbay/protocol/interaction_memory.hpp>
#include <patchbay/protocol/pacer.hpp>
#include <patchbay/protocol/token_source.hpp>
#include <patchbay/random_source.hpp>

namespace patchbay {

class Journal;  // journal/journal.hpp

/// A webhook that was given up. It stays in the journal until `redrive_webhooks` asks for it once more.
class DeadLetter {
 public:
  DeadLetter() = default;
  std::string event_id;     ///< The transition's id.
  std::string interaction;
  int attempts = 0;         ///< In this process.
  std::string error;        ///< How the last one failed, in our words.
};

/// How webhooks are delivered that stand in a journal (hazards A30, A31).
struct OutboxSettings {
  Duration first_delay = seconds{1};  ///< After the first failure; it doubles with each further one.
  Duration delay_cap = seconds{60};   ///< And never grows beyond this.
  Duration max_age = std::chrono::hours{24};  ///< Given up when it fails at this age, as each process counts it, or
  int max_attempts = 1'000;           ///< as often as this. Each is a delivery as without a journal, retries and all.
  std::size_t in_flight = 4;          ///< Delivered at once by a door on an event loop, each of another interaction.
  /// Told of those that are given up, on the thread that tried. None: log and metrics alone know.
  std::function<void(const DeadLetter&)> on_dead_letter;
};

/// The CRM webhook that is told of every successful transition. Off unless it has an address (hazard A17).
///
/// Without a journal an operation delivers its webhook itself, and ends after that. With one (`Settings::journal`) the
/// webhook is written down together with the operation's end, and delivered later: at least once, with the same event
/// id and body each time, those of one interaction in the order of its moves. A door on an event loop delivers while it
/// lives; of a blocking one somebody calls `deliver_webhooks`.
struct WebhookSettings {
  std::string url;
  /// Signs a delivery's body, for example with an HMAC under a key that the CRM knows; what it returns goes into the header
  /// `X-Signature`. None: deliveries are not signed. One that throws, or returns what no header can carry, fails the delivery.
  std::function<std::string(std::string_view body)> sign;
  Duration attempt_timeout = seconds{5};
  Duration total_timeout = seconds{15};  ///< Over all attempts, and never beyond the operation's deadline.
  int max_attempts = 3;
  OutboxSettings outbox;                 ///< For those in a journal.
};

/// How the doors use the journal.
struct JournalingSettings {
  /// A release whose intent is not on the disk within this time is sent all the same: a caller must not stay on hold
  /// because a disk is full or slow (invariant I14). Counted (`HoldCount::releases_unjournaled`) and logged as an
  /// error. A disk that hangs is waited for no longer where `JournalOptions::run_sync` has it synced on another thread;
  /// a sync on the thread of the call itself cannot be left, and neither can a write to the system, nor, once in
  /// `segment_bytes`, the beginning of a segment. At most half of the release's own deadline.
  Duration release_wait = seconds{1};
  /// For how long a request that was sent may still arrive at the cloud, over all proxies, after its connection is
  /// given up. An operation whose fate is not known, and whose interaction shows the very version that it was to
  /// change, is taken for not applied only when this has passed since `recover` first saw that, on the monotonic clock.
  /// Too short, and a late arrival can prove the record wrong; longer only takes longer.
  Duration fence_after = seconds{60};
  Duration look_every = seconds{2};  ///< How often `recover` looks again at what is not settled.
};

/// What concerns `StateTransitioner` alone.
struct TransitionSettings {
  Reachability reachability = Reachability::path;
  /// Whether an edge with a condition may be taken; asked only under `Reachability::conditional`. None: it may not.
  EdgePredicate condition;
  std::size_t max_attributes_bytes = 65'536;  ///< Of the encoded `customAttributes` object.
  int max_conflicts = 3;                      ///< Re-reads after another writer's change before giving up.
  /// Remembers the versions of interactions, so that a transition from where the last one led takes one request. None, the
  /// default and the documents' way: every transition reads the interaction first. Worth it where this program is the usual
  /// writer of its interactions: where others often write in between, each such time costs a refused write.
  std::shared_ptr<InteractionMemory> remember;
  WebhookSettings webhook;
};

/// What both doors need. Copied into a door when it is built; the handles are shared by the copies.
///
/// Only `base_url` and `tokens` must be set. A door built from settings that `check()` refuses answers every operation
/// with `ErrorCode::invalid_settings`.
///
/// Nothing in a door grows without a bound. When one is reached, the operation that finds it so ends at once with
/// `ErrorCode::queue_full`, whose message names the bound, and nothing was sent:
///
/// | what | bound |
/// |---|---|
/// | operations under way in a door | `max_operations`; releases are let in beyond it |
/// | operations that wait for their turn on one interaction | `max_waiting` |
/// | operations that wait for the hold channel to open, to be kept, or to close: of each | `max_operations` |
/// | requests that wait for a paced turn | the pacer's `max_waiting` |
/// | operations that wait for a token | `TokenSettings::max_waiters` |
/// | flows that are known, and operations that wait for one | the flow cache's `capacity` and `max_waiters` |
/// | commands submitted and not settled | `HoldSettings::max_commands`; releases have a reserve beyond it |
/// | interactions that are watched | `HoldSettings::max_holds` |
///
/// What is told, and not asked for, is dropped and counted instead: notices beyond `HoldSettings::max_notices`. What is only
/// kept to be looked at gives way to what is newer: `audit_records`, `HoldSettings::max_tombstones`, flows in the cache.
class Settings {
 public:
  PATCHBAY_DECL Settings();
  PATCHBAY_DECL Settings(const Settings&);
  PATCHBAY_DECL Settings(Settings&&) noexcept;
  PATCHBAY_DECL Settings& operator=(const Settings&);
  PATCHBAY_DECL Settings& operator=(Settings&&) noexcept;
  PATCHBAY_DECL ~Settings();

  std::string base_url;                 ///< The API, for example `https://api.example.com`; no default.
  std::shared_ptr<TokenSource> tokens;  ///< One per credential, whatever the number of doors.
  bool allow_plain_text = false;        ///< Lets tokens go to `http://` and `ws://` beyond this machine.

  Duration deadline = seconds{30};         ///< Of an operation that names none: over all attempts and waits.
  Duration attempt_timeout = seconds{10};  ///< Of one HTTP exchange.
  Duration retry_after_cap = seconds{60};  ///< A longer `Retry-After` ends the operation at once.
  std::size_t max_body = std::size_t{32} << 20;  ///< Of one answer, in bytes.

  /// One per credential, whatever the number of doors. Has no rate of its own unless it is given one, and still keeps every
  /// operation from a scope that the cloud has closed; none: each operation minds its own answers alone.
  std::shared_ptr<Pacer> pacer;
  /// Circuit breaker and retry budget of each host, on by default; none: neither.
  std::shared_ptr<HostGuards> guards;
  std::shared_ptr<FlowCache> flows;      ///< One of its own unless it is given.
  std::shared_ptr<RandomSource> random;  ///< Seeded by the machine unless it is given.
  std::shared_ptr<AuditSink> audit;  ///< Receives every audit record; none: only the door's own snapshot has them.
  std::size_t audit_records = 256;   ///< Kept for the snapshot.

  /// The write-ahead journal: nothing that can change something is sent before it stands there, and so does the end of
  /// every operation; what a crash leaves open, `recover` settles. One `StateTransitioner` and one `HoldController` may
  /// share one, and be its audit's sink as well (`audit`); of several doors of a kind each has its own, since webhooks,
  /// and whoever is on hold, belong to the door that recovers. None: no record outlives the process, apart from what
  /// `audit` is given.
  ///
  /// When it fails, transitions and holds are refused with `journal_failed` and nothing is sent; releases are sent.
  /// On an event loop give `JournalOptions::run_sync`, or each sync holds the loop up.
  std::shared_ptr<Journal> journal;
  JournalingSettings journaling;

  std::size_t max_operations = 100'000;  ///< Transitions, or holds, under way in a door. Releases are let in beyond it.
  std::size_t max_waiting = 1'000;       ///< Of these, those that wait for their turn on one interaction.

  TransitionSettings transition;
  HoldSettings hold;

  /// What is wrong, naming the member; nothing is when it holds a value.
  [[nodiscard]] PATCHBAY_DECL Result<void> check() const;

  /// Parses one of the settings' addresses and applies `allow_plain_text`.
  [[nodiscard]] PATCHBAY_DECL Result<Endpoint> endpoint(std::string_view url, std::string_view what) const;
};

}  // namespace patchbay

#if !defined(PATCHBAY_SEPARATE_COMPILATION)
#include <patchbay/impl/settings.ipp>
#endif
