// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <vector>

#include <patchbay/testing/simulation/witness.hpp>

namespace patchbay::testing::simulation {

/// Tells several witnesses the same, in the order in which they were added.
class Witnesses final : public Witness {
 public:
  /// `witness` outlives this.
  void add(Witness& witness) { all_.push_back(&witness); }
  [[nodiscard]] bool empty() const noexcept { return all_.empty(); }

  void submitted(ProcessId p, const Work& w) override { each([&](Witness& o) { o.submitted(p, w); }); }
  void cancelled(ProcessId p, const Work& w) override { each([&](Witness& o) { o.cancelled(p, w); }); }
  void ended(ProcessId p, const Work& w, const WorkEnd& e) override { each([&](Witness& o) { o.ended(p, w, e); }); }
  void limit_told(ProcessId p, const HoldLimitEvent& e, SteadyTime t) override { each([&](Witness& o) { o.limit_told(p, e, t); }); }
  void channel_told(ProcessId p, const ChannelStateEvent& e, SteadyTime t) override { each([&](Witness& o) { o.channel_told(p, e, t); }); }
  void audited(ProcessId p, const AuditRecord& r) override { each([&](Witness& o) { o.audited(p, r); }); }
  void logged(ProcessId p, std::string_view line) override { each([&](Witness& o) { o.logged(p, line); }); }
  void request_left(const ExchangeView& v, SteadyTime t) override { each([&](Witness& o) { o.request_left(v, t); }); }
  void exchange_ended(const ExchangeView& v, const HttpResponse* r, const TransportError* e, SteadyTime t) override {
    each([&](Witness& o) { o.exchange_ended(v, r, e, t); });
  }
  void channel_opened(ProcessId p, std::uint64_t c, SteadyTime t) override { each([&](Witness& o) { o.channel_opened(p, c, t); }); }
  void channel_ended(ProcessId p, std::uint64_t c, SteadyTime t) override { each([&](Witness& o) { o.channel_ended(p, c, t); }); }
  void channel_closed(ProcessId p, std::uint64_t c, std::uint16_t code, SteadyTime t) override {
    each([&](Witness& o) { o.channel_closed(p, c, code, t); });
  }
  void frame_left(ProcessId p, std::uint64_t c, std::string_view text, SteadyTime t) override {
    each([&](Witness& o) { o.frame_left(p, c, text, t); });
  }
  void frame_received(ProcessId p, std::uint64_t c, std::string_view text, SteadyTime t) override {
    each([&](Witness& o) { o.frame_received(p, c, text, t); });
  }
  void arriving(const ExchangeView& v, const Cloud& m, SteadyTime t) override { each([&](Witness& o) { o.arriving(v, m, t); }); }
  void served(const ExchangeView& v, const HttpResponse& r, const Cloud& m, SteadyTime t) override {
    each([&](Witness& o) { o.served(v, r, m, t); });
  }
  void applied(const AppliedOperation& a, const Cloud& m, SteadyTime t) override { each([&](Witness& o) { o.applied(a, m, t); }); }
  void flow_published(std::string_view flow, std::string_view version, std::string_view json, SteadyTime t) override {
    each([&](Witness& o) { o.flow_published(flow, version, json, t); });
  }
  void crashed(ProcessId p, SteadyTime t) override { each([&](Witness& o) { o.crashed(p, t); }); }
  void started(ProcessId p, SteadyTime t) override { each([&](Witness& o) { o.started(p, t); }); }
  void attached(ProcessId p, const ProcessView& v, SteadyTime t) override { each([&](Witness& o) { o.attached(p, v, t); }); }
  void closed(ProcessId p, SteadyTime t) override { each([&](Witness& o) { o.closed(p, t); }); }
  void suspended(SteadyTime from, SteadyTime to) override { each([&](Witness& o) { o.suspended(from, to); }); }
  void journaled(ProcessId p, const JournalView& v, SteadyTime t) override { each([&](Witness& o) { o.journaled(p, v, t); }); }
  void recovered(ProcessId p, const JournalView& v, SteadyTime t) override { each([&](Witness& o) { o.recovered(p, v, t); }); }
  void after_event(SteadyTime t) override { each([&](Witness& o) { o.after_event(t); }); }
  void healed(SteadyTime t) override { each([&](Witness& o) { o.healed(t); }); }
  void quiescent(SteadyTime t) override { each([&](Witness& o) { o.quiescent(t); }); }
  void finished(SteadyTime t) override { each([&](Witness& o) { o.finished(t); }); }

 private:
  template <class Tell>
  void each(Tell&& tell) {
    for (Witness* const one : all_) tell(*one);
  }
  std::vector<Witness*> all_;
};

}  // namespace patchbay::testing::simulation
