// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <patchbay/testing/simulation/invariants/channel.hpp>
#include <patchbay/testing/simulation/invariants/claims.hpp>
#include <patchbay/testing/simulation/invariants/ledger.hpp>
#include <patchbay/testing/simulation/invariants/liveness.hpp>
#include <patchbay/testing/simulation/invariants/order.hpp>
#include <patchbay/testing/simulation/invariants/outcomes.hpp>
#include <patchbay/testing/simulation/invariants/rare_states.hpp>
#include <patchbay/testing/simulation/invariants/requested_holds.hpp>
#include <patchbay/testing/simulation/invariants/requested_watches.hpp>
#include <patchbay/testing/simulation/invariants/resources.hpp>
#include <patchbay/testing/simulation/invariants/restarts.hpp>
#include <patchbay/testing/simulation/invariants/retries.hpp>
#include <patchbay/testing/simulation/invariants/tokens.hpp>
#include <patchbay/testing/simulation/invariants/watchdog.hpp>
#include <patchbay/testing/simulation/invariants/writes.hpp>
#include <patchbay/testing/simulation/witnesses.hpp>

namespace patchbay::testing::simulation {

/// What the oracle cannot learn from events.
class OracleOptions {
 public:
  OracleOptions() = default;
  Duration flow_time_to_live = seconds{60};  ///< Of the flow caches.
  BudgetFacts budget;                        ///< Of the retry budgets.
  std::vector<std::string> secrets;          ///< Canaries besides the clients' secrets and the tokens.
  std::vector<std::string> variables;        ///< Names in the schema; none: any may be written.
  Wire wire;                                 ///< How requests and answers are to be read.
  bool clocks_agree = false;                 ///< The processes' wall clocks show the cloud's time.
};

/// Judges a run: every invariant that events can show, each by what left and reached the processes and what truly
/// happened in the cloud, and none by asking the library whether the library is right. Give it to a run as a witness;
/// one for each run.
///
/// | invariant | check | | invariant | check |
/// |---|---|---|---|---|
/// | I1, I5 | `LostUpdates` | | I13, I15 | `Watchdogs` |
/// | I2 | `LegalTransitions` | | I16, L3 | `WriteAhead` |
/// | I3 | `AtMostOnce` | | I17, L3 | `Outbox` |
/// | I4 | `TruthfulOutcomes` | | I18 | `Payloads` |
/// | I6 | `Order` | | I19 | `Secrecy` |
/// | I7 | `Deadlines` | | I20 | `Bounds` |
/// | I8 | `RetryBounds` | | I23 | `CleanStop` |
/// | I9 | `Patience` | | I24 | `Conservation` |
/// | I10 | `Tokens` | | L1, L2, L4, L6 | `Liveness` |
/// | I11 | `OneSocket` | | L5 | `Reconnects` |
/// | I12 | `Acknowledgements` | | I22, I25, I26 | two runs: `compare_courses` |
/// | I14 | `Releases` | | I13, I17, over restarts | `Restarts` |
/// | I24, what is claimed | `Claims` | | L6, in lanes | `Turns` |
///
/// What one run cannot show, and why:
///
/// - I21, total parsers: any bytes at all; that is what the fuzz targets are for. Here a few kinds of junk are sent.
/// - I22, I25, I26 compare two runs of one seed: with and without wall jumps, with and without throwing callbacks,
/// twice the
///   same. See pairs.hpp.
/// - I23's threads, and I25's callbacks that block: a simulation has one thread, and its callbacks take no time.
/// - I4's proof that an old connection is dead at the server is not in the documents' dialect, so that no door claims
/// it; for
///   holds another state than the wanted one is never taken for a proof.
/// - I11's handover: the dialect announces no close, so that two connections never overlap.
///
/// Of transitions on the real platform the same is asked, as `OracleOptions::wire` reads them, with these differences:
///
/// - I1 and I5 hold of custom attributes by the version in the body. A participant's attributes are locked by nothing: two
///   writers may overwrite each other, so that a write is only held to leave no more once it may have been applied, and
///   from a node that was shown. I3 counts no copy that the network makes, I4 asks for `outcome_unknown` of every write in
///   doubt, I6 for the order of what was seen to be applied, and L2 excuses what somebody else has overwritten.
/// - I2: a flow is served without its version, unless that is pinned; see `LegalTransitions`.
/// - Holds travel as requests there: I3, I4, I6, I12, I16 and I18 of them are `RequestedHolds`, I13 and I15 `RequestedWatches`,
///   I14 `RequestedReleases`. I12's counters are not looked at, since no message answers a command.
/// - I11: two connections overlap in a handover, and the first one is not given up before the second stands.
/// - I17 is about transitions, and L1 of holds does not apply: no command waits for the channel.
/// - I13 over restarts is seen by I16 and L3 alone: a journal's holds are the dialect's own, whichever way they travel.
/// - `remembered_version_used` and `flow_confirmed` are never reached: no answer to a write shows a version, and no flow
///   has an ETag.
class Oracle final : public Witness {
 public:
  explicit Oracle(const OracleOptions& options = {})
      : books_(options.wire), legal_(books_, judge_, options.flow_time_to_live) {
    bounds_.set_budget(options.budget);
    payloads_.allow(options.variables);
    requested_watches_.clocks_agree(options.clocks_agree);
    for (const std::string& each : options.secrets) secrecy_.guard(each);
    for (Witness* const each :
         std::initializer_list<Witness*>{&books_,     &lost_,      &legal_,        &once_,
                                         &payloads_,  &outcomes_,  &conservation_, &order_,
                                         &deadlines_, &releases_,  &bounds_,       &patience_,
                                         &tokens_,    &secrecy_,   &socket_,       &acknowledgements_,
                                         &stop_,      &watchdogs_, &ahead_,        &outbox_,
                                         &resources_, &liveness_,  &reconnects_,   &restarts_,
                                         &claims_,    &turns_,     &requested_holds_,
                                         &requested_watches_, &requested_releases_, &sometimes_})
      all_.add(*each);
  }

  [[nodiscard]] const std::vector<Breach>& breaches() const noexcept { return judge_.breaches(); }
  /// How many there were; only the first are kept.
  [[nodiscard]] std::uint64_t count() const noexcept { return judge_.count(); }
  [[nodiscard]] bool clean() const noexcept { return judge_.clean(); }
  [[nodiscard]] const Books& books() const noexcept { return books_; }
  /// The rare states that the run has reached.
  [[nodiscard]] const Sometimes& sometimes() const noexcept { return sometimes_.reached(); }

  void submitted(ProcessId p, const Work& w) override { all_.submitted(p, w); }
  void cancelled(ProcessId p, const Work& w) override { all_.cancelled(p, w); }
  void ended(ProcessId p, const Work& w, const WorkEnd& e) override { all_.ended(p, w, e); }
  void limit_told(ProcessId p, const HoldLimitEvent& e, SteadyTime t) override { all_.limit_told(p, e, t); }
  void channel_told(ProcessId p, const ChannelStateEvent& e, SteadyTime t) override { all_.channel_told(p, e, t); }
  void audited(ProcessId p, const AuditRecord& r) override { all_.audited(p, r); }
  void logged(ProcessId p, std::string_view line) override { all_.logged(p, line); }
  void request_left(const ExchangeView& v, SteadyTime t) override { all_.request_left(v, t); }
  void exchange_ended(const ExchangeView& v, const HttpResponse* r, const TransportError* e, SteadyTime t) override {
    all_.exchange_ended(v, r, e, t);
  }
  void channel_opened(ProcessId p, std::uint64_t c, SteadyTime t) override { all_.channel_opened(p, c, t); }
  void channel_ended(ProcessId p, std::uint64_t c, SteadyTime t) override { all_.channel_ended(p, c, t); }
  void channel_closed(ProcessId p, std::uint64_t c, std::uint16_t code, SteadyTime t) override {
    all_.channel_closed(p, c, code, t);
  }
  void frame_left(ProcessId p, std::uint64_t c, std::string_view text, SteadyTime t) override {
    all_.frame_left(p, c, text, t);
  }
  void frame_received(ProcessId p, std::uint64_t c, std::string_view text, SteadyTime t) override {
    all_.frame_received(p, c, text, t);
  }
  void arriving(const ExchangeView& v, const Cloud& m, SteadyTime t) override { all_.arriving(v, m, t); }
  void served(const ExchangeView& v, const HttpResponse& r, const Cloud& m, SteadyTime t) override {
    all_.served(v, r, m, t);
  }
  void applied(const AppliedOperation& a, const Cloud& m, SteadyTime t) override { all_.applied(a, m, t); }
  void flow_published(std::string_view flow, std::string_view version, std::string_view json, SteadyTime t) override {
    all_.flow_published(flow, version, json, t);
  }
  void crashed(ProcessId p, SteadyTime t) override { all_.crashed(p, t); }
  void started(ProcessId p, SteadyTime t) override { all_.started(p, t); }
  void attached(ProcessId p, const ProcessView& v, SteadyTime t) override { all_.attached(p, v, t); }
  void closed(ProcessId p, SteadyTime t) override { all_.closed(p, t); }
  void suspended(SteadyTime from, SteadyTime to) override { all_.suspended(from, to); }
  void journaled(ProcessId p, const JournalView& v, SteadyTime t) override { all_.journaled(p, v, t); }
  void recovered(ProcessId p, const JournalView& v, SteadyTime t) override { all_.recovered(p, v, t); }
  void after_event(SteadyTime t) override { all_.after_event(t); }
  void healed(SteadyTime t) override { all_.healed(t); }
  void quiescent(SteadyTime t) override { all_.quiescent(t); }
  void finished(SteadyTime t) override { all_.finished(t); }

 private:
  Judge judge_;
  Books books_;
  LostUpdates lost_{books_, judge_};
  LegalTransitions legal_;
  AtMostOnce once_{books_, judge_};
  Payloads payloads_{books_, judge_};
  TruthfulOutcomes outcomes_{books_, judge_};
  Conservation conservation_{books_, judge_};
  Order order_{books_, judge_};
  Deadlines deadlines_{books_, judge_};
  Releases releases_{books_, judge_};
  RetryBounds bounds_{books_, judge_};
  Patience patience_{books_, judge_};
  Tokens tokens_{books_, judge_};
  Secrecy secrecy_{books_, judge_};
  OneSocket socket_{books_, judge_};
  Acknowledgements acknowledgements_{books_, judge_};
  CleanStop stop_{books_, judge_};
  Watchdogs watchdogs_{books_, judge_};
  WriteAhead ahead_{books_, judge_};
  Outbox outbox_{books_, judge_};
  Bounds resources_{books_, judge_};
  Liveness liveness_{books_, judge_};
  Reconnects reconnects_{books_, judge_};
  Restarts restarts_{books_, judge_};
  Claims claims_{books_, judge_};
  Turns turns_{books_, judge_};
  RequestedHolds requested_holds_{books_, judge_};
  RequestedWatches requested_watches_{books_, judge_};
  RequestedReleases requested_releases_{books_, judge_};
  RareStates sometimes_{books_};
  Witnesses all_;
};

}  // namespace patchbay::testing::simulation
