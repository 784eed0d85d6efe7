// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include <patchbay/driver/any_policies.hpp>
#include <patchbay/observe/redact.hpp>
#include <patchbay/policy/completion_transport.hpp>

// The policies of a door whose transport lives on an event loop, as its drivers see them; see `any_policies.hpp`.
namespace patchbay::detail {

/// A timer of whatever type the transport makes; see `LoopTimer`.
class AnyTimer {
 public:
  virtual ~AnyTimer() = default;
  virtual void wait(SteadyTime when, Completion<void> done) = 0;
  virtual void cancel() noexcept = 0;
};

template <class T>
class TimerOf final : public AnyTimer {
 public:
  explicit TimerOf(T&& timer) : timer_(std::move(timer)) {}
  void wait(SteadyTime when, Completion<void> done) override { timer_.wait(when, std::move(done)); }
  void cancel() noexcept override { timer_.cancel(); }

 private:
  T timer_;
};

/// A channel of whatever type the transport opens; see `CompletionChannel`.
class AnyLoopChannel {
 public:
  virtual ~AnyLoopChannel() = default;
  virtual void send(std::string_view text, SteadyTime deadline, Completion<TransportResult<void>> done) = 0;
  virtual void ping(SteadyTime deadline, Completion<TransportResult<void>> done) = 0;
  virtual void receive(ChannelEvent& event, Completion<void> done) = 0;
  virtual void close(std::uint16_t code, SteadyTime deadline, Completion<void> done) = 0;
};

template <class C>
class LoopChannelOf final : public AnyLoopChannel {
 public:
  explicit LoopChannelOf(C&& channel) : channel_(std::move(channel)) {}
  void send(std::string_view text, SteadyTime deadline, Completion<TransportResult<void>> done) override {
    channel_.send(text, deadline, std::move(done));
  }
  void ping(SteadyTime deadline, Completion<TransportResult<void>> done) override { channel_.ping(deadline, std::move(done)); }
  void receive(ChannelEvent& event, Completion<void> done) override { channel_.receive(event, std::move(done)); }
  void close(std::uint16_t code, SteadyTime deadline, Completion<void> done) override {
    channel_.close(code, deadline, std::move(done));
  }

 private:
  C channel_;
};

/// Whose opening of a channel is awaited, of whatever type it is.
using ChannelReceiver = Receiver<TransportResult<std::unique_ptr<AnyLoopChannel>>>;

/// A door's policies but the schema. What is begun leads to its completion once, never from within the call.
class AnyLoop : public AnyPolicies {
 public:
  virtual ~AnyLoop() = default;
  virtual ExchangeId send(const HttpRequest& request, HttpResponse& response, SteadyTime deadline,
                          Completion<TransportResult<void>> done) = 0;
  virtual void cancel(ExchangeId id) noexcept = 0;
  virtual void post(Completion<void> work) = 0;
  virtual std::unique_ptr<AnyTimer> make_timer() = 0;
};

/// The same with channels. One opening at a time.
class AnyChannelLoop : public AnyLoop {
 public:
  virtual ExchangeId open(const ChannelRequest& request, HttpResponse& refusal, SteadyTime deadline, ChannelReceiver& done) = 0;
};

/// Carries an interface of these out with `Policies`.
template <class PolicySet, class Interface>
class LoopCalls : public PolicyCalls<PolicySet, Interface> {
 public:
  using PolicyCalls<PolicySet, Interface>::PolicyCalls;
  using PolicyCalls<PolicySet, Interface>::set;

  ExchangeId send(const HttpRequest& request, HttpResponse& response, SteadyTime deadline,
                  Completion<TransportResult<void>> done) final {
    return set.transport.send(request, response, deadline, std::move(done));
  }
  void cancel(ExchangeId id) noexcept final { set.transport.cancel(id); }
  void post(Completion<void> work) final { set.transport.post(std::move(work)); }
  std::unique_ptr<AnyTimer> make_timer() final {
    return std::make_unique<TimerOf<typename decltype(set.transport)::timer_type>>(set.transport.make_timer());
  }
};

template <class PolicySet>
class LoopOf final : public LoopCalls<PolicySet, AnyLoop> {
 public:
  using LoopCalls<PolicySet, AnyLoop>::LoopCalls;
};

template <class PolicySet>
class ChannelLoopOf final : public LoopCalls<PolicySet, AnyChannelLoop> {
  using channel_type = typename decltype(PolicySet::transport)::channel_type;

  /// Puts the transport's channel behind the interface.
  class Opening final : public Receiver<TransportResult<channel_type>> {
   public:
    void complete(TransportResult<channel_type> opened) noexcept override {
      ChannelReceiver& to = *std::exchange(receiver, nullptr);
      if (!opened) return to.complete(tl::unexpected(std::move(opened.error())));
      std::unique_ptr<AnyLoopChannel> channel;
      if (!guarded([&] { channel = std::make_unique<LoopChannelOf<channel_type>>(std::move(*opened)); }))
        return to.complete(tl::unexpected(TransportError(TransportFault::closed, Delivery::maybe_sent, "memory ran out")));
      to.complete(std::move(channel));
    }
    void abandoned() noexcept override { std::exchange(receiver, nullptr)->abandoned(); }

    ChannelReceiver* receiver = nullptr;
  };

 public:
  using LoopCalls<PolicySet, AnyChannelLoop>::LoopCalls;

  ExchangeId open(const ChannelRequest& request, HttpResponse& refusal, SteadyTime deadline, ChannelReceiver& done) override {
    opening_.receiver = &done;
    return this->set.transport.open(request, refusal, deadline, Completion<TransportResult<channel_type>>(opening_));
  }

 private:
  Opening opening_;
};

}  // namespace patchbay::detail
