// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // min
#include <memory>
#include <stop_token>
#include <string_view>
#include <utility>

#include <patchbay/policy/clock.hpp>
#include <patchbay/policy/hold_dialect.hpp>
#include <patchbay/policy/logger.hpp>
#include <patchbay/policy/retry.hpp>
#include <patchbay/policy/transport.hpp>

// Behind a door its policies are called through these interfaces, so that drivers are no templates: they are compiled once,
// whatever policies a program combines. A virtual call costs nothing beside what it carries out.
namespace patchbay::detail {

/// A channel of whatever type the transport opens; see `Channel` for what each function does.
class AnyChannel {
 public:
  virtual ~AnyChannel() = default;
  virtual TransportResult<void> send(std::string_view text, SteadyTime deadline) = 0;
  virtual void receive(ChannelEvent& event, SteadyTime deadline) = 0;
  virtual TransportResult<void> ping(SteadyTime deadline) = 0;
  virtual void close(std::uint16_t code, SteadyTime deadline) = 0;
  virtual void interrupt() noexcept = 0;
};

template <class C>
class ChannelOf final : public AnyChannel {
 public:
  explicit ChannelOf(C&& channel) : channel_(std::move(channel)) {}
  TransportResult<void> send(std::string_view text, SteadyTime deadline) override { return channel_.send(text, deadline); }
  void receive(ChannelEvent& event, SteadyTime deadline) override { channel_.receive(event, deadline); }
  TransportResult<void> ping(SteadyTime deadline) override { return channel_.ping(deadline); }
  void close(std::uint16_t code, SteadyTime deadline) override { channel_.close(code, deadline); }
  void interrupt() noexcept override { channel_.interrupt(); }

 private:
  C channel_;
};

/// What is asked of a door's policies whatever drives its operations: the clock's time, the retry policy, the logger. Any of
/// them may throw; drivers turn that into a value.
class AnyPolicies {
 public:
  virtual SteadyTime steady_now() = 0;
  virtual WallTime wall_now() = 0;
  virtual RetryAnswer decide(const RetryQuestion& question) const = 0;
  virtual bool log_enabled(Level level) const = 0;
  virtual void log(Level level, const Event& event) = 0;
  virtual const AnyDialect& dialect() const noexcept = 0;
  /// Null when the dialect has no holds.
  virtual const AnyHoldDialect* holds() const noexcept = 0;

 protected:
  ~AnyPolicies() = default;
};

/// The policies of a door whose calls block.
class AnyBlockingPolicies : public AnyPolicies {
 public:
  /// Ends soon when a stop is requested, as far as the transport can be stopped.
  virtual TransportResult<void> send(const HttpRequest& request, HttpResponse& response, SteadyTime deadline,
                                     const std::stop_token& stop) = 0;
  virtual TransportResult<std::unique_ptr<AnyChannel>> open(const ChannelRequest& request, HttpResponse& refusal,
                                                            SteadyTime deadline) = 0;
  /// Ends soon when a stop is requested.
  virtual void sleep_until(SteadyTime until, const std::stop_token& stop) = 0;
  void sleep_until(SteadyTime until) { sleep_until(until, std::stop_token{}); }

 protected:
  ~AnyBlockingPolicies() = default;
};

/// Carries `AnyPolicies` out with a set of policies, which it keeps.
template <class PolicySet, class Interface>
class PolicyCalls : public Interface {
 public:
  explicit PolicyCalls(PolicySet&& policies) : set(std::move(policies)), dialect_(set.dialect), holds_(set.dialect) {}

  SteadyTime steady_now() final { return set.clock.steady_now(); }
  WallTime wall_now() final { return set.clock.wall_now(); }
  RetryAnswer decide(const RetryQuestion& question) const final { return set.retry.decide(question); }
  bool log_enabled(Level level) const final { return set.logger.enabled(level); }
  void log(Level level, const Event& event) final { set.logger.log(level, event); }
  const AnyDialect& dialect() const noexcept final { return dialect_; }
  const AnyHoldDialect* holds() const noexcept final {
    if constexpr (HoldDialect<Spoken>) return &holds_;
    return nullptr;
  }

  PolicySet set;

 protected:
  ~PolicyCalls() = default;

 private:
  using Spoken = decltype(PolicySet::dialect);
  DialectOf<Spoken> dialect_;
  HoldsPart<Spoken> holds_;
};

/// `Policies` with a blocking transport, behind that interface.
template <class PolicySet>
class PoliciesOf final : public PolicyCalls<PolicySet, AnyBlockingPolicies> {
 public:
  using PolicyCalls<PolicySet, AnyBlockingPolicies>::PolicyCalls;
  using PolicyCalls<PolicySet, AnyBlockingPolicies>::set;

  TransportResult<void> send(const HttpRequest& request, HttpResponse& response, SteadyTime deadline,
                             const std::stop_token& stop) override {
    if constexpr (StoppableTransport<decltype(set.transport)>) {
      return set.transport.send(request, response, deadline, stop);
    } else {
      return set.transport.send(request, response, deadline);
    }
  }
  TransportResult<std::unique_ptr<AnyChannel>> open(const ChannelRequest& request, HttpResponse& refusal,
                                                    SteadyTime deadline) override {
    using Transport = decltype(set.transport);
    if constexpr (ChannelTransport<Transport>) {
      auto opened = set.transport.open(request, refusal, deadline);
      if (!opened) return tl::unexpected(std::move(opened.error()));
      return std::make_unique<ChannelOf<typename Transport::channel_type>>(std::move(*opened));
    } else {
      return tl::unexpected(TransportError(TransportFault::closed, Delivery::not_sent, "the transport has no channels"));
    }
  }
  using AnyBlockingPolicies::sleep_until;
  void sleep_until(SteadyTime until, const std::stop_token& stop) override {
    if (!stop.stop_possible()) return set.clock.sleep_until(until);
    if constexpr (StoppableClock<decltype(set.clock)>) {
      set.clock.sleep_until(until, stop);
    } else {
      // A clock that cannot be stopped is asked in slices.
      for (SteadyTime now = set.clock.steady_now(); now < until && !stop.stop_requested(); now = set.clock.steady_now())
        set.clock.sleep_until(std::min(until, after(now, milliseconds{10})));
    }
  }
};
// Not deduced from a constructor that is inherited.
template <class PolicySet>
PoliciesOf(PolicySet) -> PoliciesOf<PolicySet>;

}  // namespace patchbay::detail
