// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>  // memcpy
#include <string>
#include <string_view>
#include <utility>

#include <patchbay/testing/simulation/streams.hpp>
#include <patchbay/testing/simulation/witness.hpp>

// The course of a run: as one number, which is the same wherever the seed is run (invariant I26), or as lines for people.
namespace patchbay::testing::simulation {

/// Folds what happens into 64 bits. Numbers and texts alone: nothing that may differ from machine to machine.
class TraceHash {
 public:
  static constexpr bool for_people = false;

  void begin(std::string_view what, SteadyTime at) noexcept {
    text(what);
    number(static_cast<std::uint64_t>(at.time_since_epoch().count()));
  }
  void number(std::uint64_t value) noexcept { hash_ = mix(hash_ ^ value) + 0x9e3779b97f4a7c15U; }
  void text(std::string_view value) noexcept {
    number(value.size());
    for (; value.size() >= 8; value.remove_prefix(8)) number(word(value, 8));
    if (!value.empty()) number(word(value, value.size()));
  }
  void end() noexcept {}
  [[nodiscard]] std::uint64_t value() const noexcept { return hash_; }

 private:
  static std::uint64_t word(std::string_view bytes, std::size_t count) noexcept {
    std::uint64_t out = 0;
    for (std::size_t i = 0; i != count; ++i) out |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
    return out;
  }
  std::uint64_t hash_ = 0x9ae16a3b2f90404fU;
};

/// Writes a line for each event.
class TraceText {
 public:
  static constexpr bool for_people = true;

  /// `begin` is the time that lines count from.
  TraceText(std::FILE* stream, SteadyTime begin) noexcept : stream_(stream), begin_(begin) {}
  void begin(std::string_view what, SteadyTime at) {
    const auto micro = std::chrono::duration_cast<std::chrono::microseconds>(at - begin_).count();
    const std::string digits = std::to_string(micro % 1'000'000);
    line_ = std::to_string(micro / 1'000'000) + "." + std::string(6 - digits.size(), '0') + digits + " ";
    line_.append(what);
  }
  void number(std::uint64_t value) { line_.append(" ").append(std::to_string(value)); }
  void text(std::string_view value) {
    line_.append(" ");
    for (const char c : value.substr(0, 400)) line_.push_back(static_cast<unsigned char>(c) < 0x20 ? ' ' : c);
    if (value.size() > 400) line_.append("...");
  }
  void end() {
    line_.push_back('\n');
    std::fwrite(line_.data(), 1, line_.size(), stream_);
  }

 private:
  std::FILE* stream_;
  SteadyTime begin_;
  std::string line_;
};

/// Shows every event of a run to a `TraceHash` or a `TraceText`. Behind its time and its name stands which life of which
/// process it is of, as `process.life`; works are `#number`, exchanges and channels are numbered by the run.
template <class Sink>
class Trace final : public Witness {
 public:
  template <class... Arguments>
  explicit Trace(Arguments&&... arguments) : sink(std::forward<Arguments>(arguments)...) {}

  void submitted(ProcessId p, const Work& w) override { 
    tell("submitted", w.at, p, Named("#", w.number), w.interaction, w.from, w.to, w.kind, w.budget, Named("bulk ", w.bulk));
  }
  void cancelled(ProcessId p, const Work& w) override { tell("cancelled", last_, p, Named("#", w.number)); }
  void ended(ProcessId p, const Work& w, const WorkEnd& e) override {
    tell("ended", e.at, p, Named("#", w.number), to_string(e.outcome), e.failed ? to_string(e.code) : std::string_view("fine"),
         Named("attempts ", static_cast<std::uint64_t>(e.attempts)), e.id, Named("held already ", e.already_held ? 1 : 0),
         Named("by state ", e.by_state ? 1 : 0), e.text);
  }
  void limit_told(ProcessId p, const HoldLimitEvent& e, SteadyTime t) override {
    tell("limit", t, p, to_string(e.kind), e.interaction, Named("confirmed ", e.confirmed ? 1 : 0),
         Named("repetition ", static_cast<std::uint64_t>(e.repetition)), e.held_for);
  }
  void channel_told(ProcessId p, const ChannelStateEvent& e, SteadyTime t) override { tell("channel", t, p, to_string(e.state), e.close_code); }
  void audited(ProcessId p, const AuditRecord& r) override {
    tell("audited", last_, p, r.sequence, to_string(r.kind), r.action, to_string(r.outcome), r.operation_id, r.interaction_id, r.error_code);
  }
  void logged(ProcessId p, std::string_view line) override { tell("logged", last_, p, line); }
  void request_left(const ExchangeView& v, SteadyTime t) override { tell("left", t, v.process, v.number, v.method, v.target, v.body); }
  void exchange_ended(const ExchangeView& v, const HttpResponse* r, const TransportError* e, SteadyTime t) override {
    if (r) return tell("answer", t, v.process, v.number, r->status, r->body.view());
    tell("failed", t, v.process, v.number, to_string(e->fault), e->delivery);
  }
  void channel_opened(ProcessId p, std::uint64_t c, SteadyTime t) override { tell("opened", t, p, c); }
  void channel_ended(ProcessId p, std::uint64_t c, SteadyTime t) override { tell("gone", t, p, c); }
  void frame_left(ProcessId p, std::uint64_t c, std::string_view text, SteadyTime t) override { tell("frame out", t, p, c, text); }
  void frame_received(ProcessId p, std::uint64_t c, std::string_view text, SteadyTime t) override { tell("frame in", t, p, c, text); }
  void served(const ExchangeView& v, const HttpResponse& r, const Cloud&, SteadyTime t) override {
    tell("served", t, v.process, v.number, v.method, v.target, r.status);
  }
  void applied(const AppliedOperation& a, const Cloud&, SteadyTime t) override {
    tell("applied", t, to_string(a.kind), a.interaction, a.id, a.node,
         Named("version ", static_cast<std::uint64_t>(a.version)), Named("changed ", a.changed ? 1 : 0));
  }
  void flow_published(std::string_view flow, std::string_view version, std::string_view, SteadyTime t) override {
    tell("published", t, flow, version);
  }
  void crashed(ProcessId p, SteadyTime t) override { tell("crashed", t, p); }
  void started(ProcessId p, SteadyTime t) override { tell("started", t, p); }
  void closed(ProcessId p, SteadyTime t) override { tell("closed", t, p); }
  void suspended(SteadyTime from, SteadyTime to) override { tell("suspended", to, to - from); }
  void journaled(ProcessId p, const JournalView& v, SteadyTime t) override {
    tell("journaled", t, p, v.kind, v.sequence, v.id, v.interaction, v.outcome);
  }
  void recovered(ProcessId p, const JournalView& v, SteadyTime t) override {
    tell("recovered", t, p, v.kind, v.sequence, v.id, v.interaction, v.outcome);
  }
  void after_event(SteadyTime t) override { last_ = t; }
  void healed(SteadyTime t) override { tell("healed", t); }
  void quiescent(SteadyTime t) override { tell("quiescent", t); }
  void finished(SteadyTime t) override { tell("finished", t); }

  Sink sink;

 private:
  template <class... Parts>
  void tell(std::string_view what, SteadyTime at, const Parts&... parts) {
    last_ = at;
    sink.begin(what, at);
    (part(parts), ...);
    sink.end();
  }
  /// A number and what people call it; nothing to read when it is zero.
  class Named {
   public:
    Named(std::string_view name_in, std::uint64_t value_in) noexcept : name(name_in), value(value_in) {}
    std::string_view name;
    std::uint64_t value;
  };
  [[nodiscard]] static constexpr std::string_view name_of(JournalView::Kind kind) noexcept {
    return kind == JournalView::Kind::intent ? "intent" : kind == JournalView::Kind::terminal ? "terminal" : "resolution";
  }
  [[nodiscard]] static constexpr std::string_view name_of(WorkKind kind) noexcept { return to_string(kind); }
  [[nodiscard]] static constexpr std::string_view name_of(Outcome outcome) noexcept { return to_string(outcome); }
  [[nodiscard]] static constexpr std::string_view name_of(Delivery delivery) noexcept {
    return delivery == Delivery::not_sent ? "not sent" : "maybe sent";
  }

  void part(const Named& named) {
    if constexpr (!Sink::for_people) sink.number(named.value);
    else if (named.value != 0) sink.text(std::string(named.name).append(std::to_string(named.value)));
  }
  void part(ProcessId process) {
    const auto number = static_cast<std::uint64_t>(process.number), life = static_cast<std::uint64_t>(process.incarnation);
    if constexpr (Sink::for_people) sink.text(std::to_string(number).append(".").append(std::to_string(life)));
    else sink.number(number), sink.number(life);
  }
  void part(std::string_view text) { sink.text(text); }
  void part(Duration span) {
    if constexpr (Sink::for_people) sink.text(std::to_string(std::chrono::duration_cast<milliseconds>(span).count()).append(" ms"));
    else sink.number(static_cast<std::uint64_t>(span.count()));
  }
  template <class T>
    requires(std::is_integral_v<T> || std::is_enum_v<T>)
  void part(T value) {
    if constexpr (Sink::for_people && std::is_enum_v<T>) sink.text(name_of(value));
    else sink.number(static_cast<std::uint64_t>(value));
  }

  SteadyTime last_{};
};

}  // namespace patchbay::testing::simulation
