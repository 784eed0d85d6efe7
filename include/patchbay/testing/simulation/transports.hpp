// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string_view>
#include <utility>

#include <patchbay/testing/simulation/connection.hpp>

// The transports of simulated processes: one for doors on an event loop, one for doors whose calls block.
namespace patchbay::testing::simulation {

/// A channel of a process on an event loop: models `CompletionChannel`.
class LoopConnection {
 public:
  explicit LoopConnection(Connection& connection) noexcept : connection_(&connection) {}
  LoopConnection(LoopConnection&& other) noexcept : connection_(std::exchange(other.connection_, nullptr)) {}
  LoopConnection& operator=(LoopConnection&& other) noexcept {
    if (this != &other) leave(), connection_ = std::exchange(other.connection_, nullptr);
    return *this;
  }
  ~LoopConnection() { leave(); }

  void send(std::string_view text, SteadyTime deadline, Completion<TransportResult<void>> done) {
    connection_->write(text, false, deadline, std::move(done));
  }
  void ping(SteadyTime deadline, Completion<TransportResult<void>> done) { connection_->write({}, true, deadline, std::move(done)); }
  void receive(ChannelEvent& event, Completion<void> done) { connection_->receive(event, std::move(done)); }
  void close(std::uint16_t, SteadyTime, Completion<void> done) { connection_->close(std::move(done)); }

 private:
  void leave() noexcept {
    if (connection_) connection_->leave();
  }
  Connection* connection_;
};

static_assert(CompletionChannel<LoopConnection>);

/// A timer of a process on an event loop: models `LoopTimer`.
class LinkTimer {
 public:
  explicit LinkTimer(Link& link) noexcept : link_(&link) {}
  LinkTimer(LinkTimer&& other) noexcept : link_(other.link_), wait_(std::exchange(other.wait_, 0)) {}
  LinkTimer& operator=(LinkTimer&& other) noexcept {
    if (this != &other) cancel(), link_ = other.link_, wait_ = std::exchange(other.wait_, 0);
    return *this;
  }
  ~LinkTimer() { cancel(); }
  void wait(SteadyTime when, Completion<void> done) { wait_ = link_->wait(when, std::move(done)); }
  void cancel() noexcept {
    if (wait_ != 0) link_->cancel_wait(std::exchange(wait_, 0));
  }

 private:
  Link* link_;
  std::uint64_t wait_ = 0;
};

/// The network of a process on an event loop: models `CompletionChannelTransport`. A handle.
class LoopNetwork {
 public:
  using timer_type = LinkTimer;
  using channel_type = LoopConnection;

  /// `holds`: of the process's door for holds.
  LoopNetwork(Link& link, Serving& serving, bool holds = false)
      : link_(&link), state_(std::make_shared<State>()), holds_(holds) {
    state_->serving = &serving;
  }

  ExchangeId send(const HttpRequest& request, HttpResponse& response, SteadyTime deadline, Completion<TransportResult<void>> done) {
    return begin(link_->scene->keep(std::make_unique<Sending>(*link_, *state_->serving, request, response, deadline, std::move(done))));
  }
  ExchangeId open(const ChannelRequest& request, HttpResponse& refusal, SteadyTime deadline,
                  Completion<TransportResult<LoopConnection>> done) {
    Opening& opening = link_->scene->keep(std::make_unique<Opening>(std::move(done)));
    return begin(link_->scene->keep(std::make_unique<Upgrade>(*link_, *state_->serving, request, refusal, deadline, opening)));
  }
  void cancel(ExchangeId id) noexcept {
    const auto found = state_->exchanges.find(id);
    if (found != state_->exchanges.end() && !found->second->over()) found->second->cancel();
  }
  void post(Completion<void> work) { link_->wait(link_->scene->now(), std::move(work)); }
  timer_type make_timer() { return LinkTimer(*link_); }

 private:
  struct State {
    Serving* serving = nullptr;
    std::map<ExchangeId, Exchange*> exchanges;
  };
  class Opening final : public Prop, public Upgrade::Opener {
   public:
    explicit Opening(Completion<TransportResult<LoopConnection>> done) noexcept : done_(std::move(done)) {}
    void opened(TransportResult<Connection*> how) override {
      if (how) return done_(TransportResult<LoopConnection>(LoopConnection(**how)));
      done_(TransportResult<LoopConnection>(tl::unexpected(std::move(how.error()))));
    }
    void abandoned() noexcept override { const auto dropped = std::move(done_); }

   private:
    Completion<TransportResult<LoopConnection>> done_;
  };

  template <class E>
  ExchangeId begin(E& exchange) {
    std::erase_if(state_->exchanges, [](const auto& each) { return each.second->over(); });
    state_->exchanges.emplace(exchange.number(), &exchange);
    exchange.by_holds(holds_);
    exchange.begin();
    return exchange.number();
  }

  Link* link_;
  std::shared_ptr<State> state_;
  bool holds_;
};

static_assert(CompletionChannelTransport<LoopNetwork>);

/// A channel of a process whose calls block: models `Channel`.
class BlockingConnection {
 public:
  BlockingConnection(Link& link, Connection& connection) noexcept : link_(&link), connection_(&connection) {}
  BlockingConnection(BlockingConnection&& other) noexcept
      : link_(other.link_), connection_(std::exchange(other.connection_, nullptr)), interrupted_(other.interrupted_) {}
  BlockingConnection& operator=(BlockingConnection&& other) noexcept {
    if (this != &other) leave(), link_ = other.link_, connection_ = std::exchange(other.connection_, nullptr);
    return *this;
  }
  ~BlockingConnection() { leave(); }

  [[nodiscard]] TransportResult<void> send(std::string_view text, SteadyTime deadline) { return write(text, false, deadline); }
  [[nodiscard]] TransportResult<void> ping(SteadyTime deadline) { return write({}, true, deadline); }
  void receive(ChannelEvent& event, SteadyTime deadline) {
    event.kind = ChannelEvent::Kind::idle;
    bool come = false;
    link_->block([&] { return interrupted_ || (come = connection_->take(event)); }, deadline);
    if (link_->dead) {
      event.kind = ChannelEvent::Kind::closed;
      event.close_code = 1006;
      return;
    }
    // What comes at the very time of the deadline is taken as well.
    if (!come && !interrupted_ && connection_->take(event)) return;
    if (!come && std::exchange(interrupted_, false)) event.kind = ChannelEvent::Kind::interrupted;
  }
  void close(std::uint16_t, SteadyTime) {
    if (!link_->dead) connection_->leave();
  }
  void interrupt() noexcept { interrupted_ = true; }

 private:
  TransportResult<void> write(std::string_view text, bool ping, SteadyTime deadline) {
    if (link_->dead) return tl::unexpected(TransportError(TransportFault::closed, Delivery::not_sent));
    Waiting waiting;
    link_->write_begun = link_->scene->now();
    link_->write_ended = never;
    connection_->write(text, ping, deadline, Completion<TransportResult<void>>(waiting));
    link_->block([&] { return waiting.result.has_value(); }, never);
    link_->write_ended = link_->scene->now();
    if (!waiting.result) return tl::unexpected(TransportError(TransportFault::closed, Delivery::maybe_sent));
    return std::move(*waiting.result);
  }
  void leave() noexcept {
    if (connection_ && !link_->dead) connection_->leave();
  }

 public:
  /// Whoever blocks until something has ended.
  class Waiting final : public Receiver<TransportResult<void>> {
   public:
    void complete(TransportResult<void> ended) noexcept override { result.emplace(std::move(ended)); }
    void abandoned() noexcept override {}
    std::optional<TransportResult<void>> result;
  };

 private:
  Link* link_;
  Connection* connection_;
  bool interrupted_ = false;
};

static_assert(Channel<BlockingConnection>);

/// The network of a process whose calls block: models `StoppableTransport` and `ChannelTransport`. A handle.
class BlockingNetwork {
 public:
  using channel_type = BlockingConnection;

  /// `holds`: of the process's door for holds.
  BlockingNetwork(Link& link, Serving& serving, bool holds = false) noexcept
      : link_(&link), serving_(&serving), holds_(holds) {}

  [[nodiscard]] TransportResult<void> send(const HttpRequest& request, HttpResponse& response, SteadyTime deadline) {
    return send(request, response, deadline, std::stop_token{});
  }
  [[nodiscard]] TransportResult<void> send(const HttpRequest& request, HttpResponse& response, SteadyTime deadline, const std::stop_token& stop) {
    response.clear();
    if (link_->dead) return lost();
    BlockingConnection::Waiting waiting;
    Sending& sending =
        link_->scene->keep(std::make_unique<Sending>(*link_, *serving_, request, response, deadline, Completion<TransportResult<void>>(waiting)));
    sending.by_holds(holds_);
    sending.begin();
    link_->block([&] { return waiting.result.has_value() || stop.stop_requested(); }, never);
    if (!waiting.result && !link_->dead) {
      sending.cancel();
      link_->block([&] { return waiting.result.has_value(); }, never);
    }
    if (waiting.result) return std::move(*waiting.result);
    sending.abandon();
    return lost();
  }
  [[nodiscard]] TransportResult<BlockingConnection> open(const ChannelRequest& request, HttpResponse& refusal, SteadyTime deadline) {
    refusal.clear();
    if (link_->dead) return lost();
    Opening opening;
    Upgrade& upgrade = link_->scene->keep(std::make_unique<Upgrade>(*link_, *serving_, request, refusal, deadline, opening));
    upgrade.by_holds(holds_);
    upgrade.begin();
    link_->block([&] { return opening.how.has_value(); }, never);
    if (!opening.how) {
      upgrade.abandon();
      return lost();
    }
    if (!*opening.how) return tl::unexpected(std::move(opening.how->error()));
    return BlockingConnection(*link_, ***opening.how);
  }

 private:
  class Opening final : public Upgrade::Opener {
   public:
    void opened(TransportResult<Connection*> ended) override { how.emplace(std::move(ended)); }
    void abandoned() noexcept override {}
    std::optional<TransportResult<Connection*>> how;
  };
  static tl::unexpected<TransportError> lost() {
    return tl::unexpected(TransportError(TransportFault::reset, Delivery::maybe_sent, "the process is gone"));
  }

  Link* link_;
  Serving* serving_;
  bool holds_;
};

static_assert(StoppableTransport<BlockingNetwork> && ChannelTransport<BlockingNetwork>);

}  // namespace patchbay::testing::simulation
