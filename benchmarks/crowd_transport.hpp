// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include <patchbay/policy/completion_transport.hpp>
#include <patchbay/time.hpp>

namespace patchbay::benchmarks {

/// An event loop in memory that lets a crowd gather: exchanges are answered only when it is told to, so that all of them are
/// under way at once. It keeps 40 bytes for each, made room for beforehand, so that the memory in use is the library's.
///
/// Models `CompletionChannelTransport`, but for time: there is none, as no deadline, no back-off and no ping is reached here.
/// What a channel sends is acknowledged when it is told to; it has one channel.
class Crowd {
 public:
  using Answer = std::function<void(const HttpRequest& request, HttpResponse& response)>;

  class Timer {
   public:
    explicit Timer(std::shared_ptr<Crowd> crowd) : state_(std::make_unique<State>()), crowd_(std::move(crowd)) {}
    Timer(Timer&&) noexcept = default;
    Timer& operator=(Timer&&) noexcept = default;
    ~Timer() {
      if (state_) cancel();
    }
    void wait(SteadyTime, Completion<void> done) { state_->done = std::move(done); }
    void cancel() noexcept {
      if (state_->done) crowd_->work_.push_back(std::move(state_->done));
    }

   private:
    struct State {
      Completion<void> done;
    };
    std::unique_ptr<State> state_;
    std::shared_ptr<Crowd> crowd_;
  };

  explicit Crowd(std::size_t size) {
    pending_.reserve(size), answered_.reserve(size);
    commands_.reserve(size * command_room);
  }

  /// Does the work that was posted, and what comes of it; exchanges stay as they are.
  void settle() {
    for (;;) {
      if (!work_.empty()) {
        Completion<void> next = std::move(work_.front());
        work_.pop_front();
        next();
      } else if (!sent_.empty()) {
        Completion<TransportResult<void>> next = std::move(sent_.front());
        sent_.pop_front();
        next(TransportResult<void>{});
      } else if (opened_) {
        std::exchange(opened_, {})(TransportResult<Channel>(Channel(std::exchange(opener_, nullptr))));
      } else {
        return;
      }
    }
  }
  /// Answers the exchanges that are under way now, one after another, with what comes of each; the new ones stay.
  void answer(const Answer& how) {
    std::swap(pending_, answered_);
    for (Exchange& each : answered_) {
      how(*each.request, *each.response);
      each.done(TransportResult<void>{});
      settle();
    }
    answered_.clear();
  }
  [[nodiscard]] std::size_t under_way() const noexcept { return pending_.size(); }
  /// Commands that were sent and not acknowledged.
  [[nodiscard]] std::size_t unacknowledged() const noexcept { return unacknowledged_; }
  /// Acknowledges them, one after another, with what comes of each.
  void acknowledge() {
    std::string commands;
    std::swap(commands, commands_);
    std::string_view left = commands;
    for (std::size_t count = std::exchange(unacknowledged_, 0); count != 0; --count) {
      const std::string_view command = left.substr(0, left.find('\n'));
      left.remove_prefix(command.size() + 1);
      deliver(fmt::format(R"({{"correlationId":"{}","body":{{"type":"{}","interactionId":"{}"}}}})", quoted(command, R"("correlationId":")"),
                          quoted(command, R"("type":")"), quoted(command, R"("interactionId":")")));
      settle();
    }
    commands.clear();
    if (commands_.empty()) std::swap(commands, commands_);  // its room
  }

  /// The handle of the one channel.
  class Channel {
   public:
    explicit Channel(std::shared_ptr<Crowd> crowd) : crowd_(std::move(crowd)) {}
    Channel(Channel&&) noexcept = default;
    Channel& operator=(Channel&&) noexcept = default;
    ~Channel() {
      if (crowd_) crowd_->hang_up();
    }
    void send(std::string_view text, SteadyTime, Completion<TransportResult<void>> done) {
      crowd_->commands_.append(text).push_back('\n');
      ++crowd_->unacknowledged_;
      crowd_->sent_.push_back(std::move(done));
    }
    void ping(SteadyTime, Completion<TransportResult<void>> done) { crowd_->sent_.push_back(std::move(done)); }
    void receive(ChannelEvent& event, Completion<void> done) { crowd_->event_ = &event, crowd_->received_ = std::move(done); }
    void close(std::uint16_t, SteadyTime, Completion<void> done) {
      crowd_->hang_up();
      crowd_->work_.push_back(std::move(done));
    }

   private:
    std::shared_ptr<Crowd> crowd_;
  };

  ExchangeId send(const HttpRequest& request, HttpResponse& response, Completion<TransportResult<void>> done) {
    pending_.push_back({++last_, &request, &response, std::move(done)});
    return last_;
  }
  void cancel(ExchangeId id) {
    const auto found = std::find_if(pending_.begin(), pending_.end(), [&](const Exchange& each) { return each.id == id; });
    if (found == pending_.end()) return;
    Completion<TransportResult<void>> done = std::move(found->done);
    pending_.erase(found);
    done(tl::make_unexpected(TransportError(TransportFault::cancelled, Delivery::not_sent)));
  }
  void post(Completion<void> work) { work_.push_back(std::move(work)); }
  ExchangeId open(std::shared_ptr<Crowd> self, Completion<TransportResult<Channel>> done) {
    opener_ = std::move(self), opened_ = std::move(done);
    return ++last_;
  }

 private:
  static constexpr std::size_t command_room = 256;  // A command is shorter.

  // Between `before` and the next quote.
  static std::string_view quoted(std::string_view text, std::string_view before) {
    text.remove_prefix(std::min(text.find(before) + before.size(), text.size()));
    return text.substr(0, text.find('"'));
  }
  void deliver(std::string_view text) {
    if (!received_) return;
    event_->kind = ChannelEvent::Kind::text;
    event_->payload.assign(text);
    std::exchange(received_, {})();
  }
  void hang_up() {
    if (!received_) return;
    event_->kind = ChannelEvent::Kind::closed;
    event_->close_code = 1006;
    work_.push_back(std::exchange(received_, {}));
  }

  struct Exchange {
    ExchangeId id;
    const HttpRequest* request;
    HttpResponse* response;
    Completion<TransportResult<void>> done;
  };

  std::vector<Exchange> pending_, answered_;
  std::deque<Completion<void>> work_;
  std::deque<Completion<TransportResult<void>>> sent_;
  std::string commands_;
  std::size_t unacknowledged_ = 0;
  std::shared_ptr<Crowd> opener_;
  Completion<TransportResult<Channel>> opened_;
  ChannelEvent* event_ = nullptr;
  Completion<void> received_;
  ExchangeId last_ = 0;
};

/// The handle of a `Crowd` that doors are given.
class CrowdTransport {
 public:
  using timer_type = Crowd::Timer;
  using channel_type = Crowd::Channel;

  explicit CrowdTransport(std::shared_ptr<Crowd> crowd) : crowd_(std::move(crowd)) {}
  ExchangeId send(const HttpRequest& request, HttpResponse& response, SteadyTime, Completion<TransportResult<void>> done) {
    return crowd_->send(request, response, std::move(done));
  }
  void cancel(ExchangeId id) noexcept { crowd_->cancel(id); }
  void post(Completion<void> work) { crowd_->post(std::move(work)); }
  timer_type make_timer() { return timer_type(crowd_); }
  ExchangeId open(const ChannelRequest&, HttpResponse&, SteadyTime, Completion<TransportResult<channel_type>> done) {
    return crowd_->open(crowd_, std::move(done));
  }

 private:
  std::shared_ptr<Crowd> crowd_;
};

}  // namespace patchbay::benchmarks
