// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <patchbay/policy/clock.hpp>
#include <patchbay/policy/completion_transport.hpp>

namespace patchbay::tests {

/// An event loop served by several threads on real time, so that what ends at once ends on several of them.
class ThreadedLoop {
 public:
  class Task {
   public:
    virtual ~Task() = default;
    virtual void run() = 0;
  };
  template <class F>
  class TaskOf final : public Task {
   public:
    explicit TaskOf(F&& act) : act_(std::move(act)) {}
    void run() override { act_(); }

   private:
    F act_;
  };

  explicit ThreadedLoop(int threads) {
    for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { serve(); });
  }
  ThreadedLoop(const ThreadedLoop&) = delete;
  ThreadedLoop& operator=(const ThreadedLoop&) = delete;
  ~ThreadedLoop() { stop(); }

  template <class F>
  void post(F act) {
    const std::lock_guard lock(mutex_);
    ready_.push_back(std::make_unique<TaskOf<F>>(std::move(act)));
    woken_.notify_one();
  }
  /// Ends `done` at `when`; the number names it until then.
  std::uint64_t at(SteadyTime when, Completion<void> done) {
    const std::lock_guard lock(mutex_);
    const std::uint64_t id = ++last_;
    timers_.emplace(std::pair(when, id), std::move(done));
    woken_.notify_one();
    return id;
  }
  /// Ends it soon, if it has not ended.
  void hurry(SteadyTime when, std::uint64_t id) noexcept {
    const std::lock_guard lock(mutex_);
    auto node = timers_.extract(std::pair(when, id));
    if (node.empty()) return;
    node.key().first = SteadyTime::min();
    timers_.insert(std::move(node));
    woken_.notify_one();
  }
  /// Waits for the threads, which end when nothing is left to do.
  void stop() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
      woken_.notify_all();
    }
    for (std::thread& each : threads_) each.join();
    threads_.clear();
  }

 private:
  void serve() {
    std::unique_lock lock(mutex_);
    for (;;) {
      if (!timers_.empty() && timers_.begin()->first.first <= SystemClock{}.steady_now()) {
        Completion<void> done = std::move(timers_.extract(timers_.begin()).mapped());
        run(lock, [&] { done(); });
      } else if (!ready_.empty()) {
        const std::unique_ptr<Task> task = std::move(ready_.front());
        ready_.pop_front();
        run(lock, [&] { task->run(); });
      } else if (stopping_ && timers_.empty() && running_ == 0) {
        return woken_.notify_all();
      } else {
        woken_.wait_for(lock, milliseconds{1});
      }
    }
  }
  template <class Act>
  void run(std::unique_lock<std::mutex>& lock, Act&& act) {
    ++running_;
    lock.unlock();
    act();
    lock.lock();
    --running_;
  }

  std::mutex mutex_;
  std::condition_variable woken_;
  std::deque<std::unique_ptr<Task>> ready_;
  std::map<std::pair<SteadyTime, std::uint64_t>, Completion<void>> timers_;
  std::uint64_t last_ = 0;
  int running_ = 0;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

/// A cloud without a memory on such a loop: every token is granted, every interaction may be held, every command is
/// acknowledged, and now and then a channel is cut. Models `CompletionChannelTransport`.
class ThreadedCloud {
 public:
  class timer_type {
   public:
    explicit timer_type(ThreadedLoop& loop) noexcept : loop_(&loop) {}
    timer_type(timer_type&& other) noexcept : loop_(other.loop_), when_(other.when_), id_(std::exchange(other.id_, 0)) {}
    timer_type& operator=(timer_type&& other) noexcept {
      cancel();
      loop_ = other.loop_, when_ = other.when_, id_ = std::exchange(other.id_, 0);
      return *this;
    }
    ~timer_type() { cancel(); }
    void wait(SteadyTime when, Completion<void> done) {
      when_ = when;
      id_ = loop_->at(when, std::move(done));
    }
    void cancel() noexcept {
      if (id_ != 0) loop_->hurry(when_, id_);
    }

   private:
    ThreadedLoop* loop_;
    SteadyTime when_{};
    std::uint64_t id_ = 0;
  };

  class channel_type {
   public:
    channel_type(ThreadedLoop& loop, unsigned cut_after) : state_(std::make_shared<State>(loop, cut_after)) {}
    channel_type(channel_type&&) noexcept = default;
    channel_type& operator=(channel_type&& other) noexcept {
      if (this != &other) leave(), state_ = std::move(other.state_);
      return *this;
    }
    ~channel_type() { leave(); }
    void send(std::string_view text, SteadyTime, Completion<TransportResult<void>> done) {
      state_->loop->post([state = state_, text, done = std::move(done)]() mutable {
        if (!state->take(text)) return done(tl::unexpected(TransportError(TransportFault::closed, Delivery::not_sent)));
        done(TransportResult<void>{});
      });
    }
    void ping(SteadyTime, Completion<TransportResult<void>> done) {
      state_->loop->post([done = std::move(done)]() mutable { done(TransportResult<void>{}); });
    }
    void receive(ChannelEvent& event, Completion<void> done) {
      const std::lock_guard lock(state_->mutex);
      state_->event = &event;
      state_->receiving = std::move(done);
      state_->look();
    }
    void close(std::uint16_t, SteadyTime, Completion<void> done) {
      state_->loop->post([state = state_, done = std::move(done)]() mutable {
        state->cut(1000);
        done();
      });
    }

   private:
    struct State : std::enable_shared_from_this<State> {
      State(ThreadedLoop& loop_in, unsigned left_in) : loop(&loop_in), left(left_in) {}
      bool take(std::string_view text) {
        const std::lock_guard lock(mutex);
        if (dead) return false;
        std::string reply(text);  // the command's own shape: id and body
        inbox.push_back(std::move(reply));
        if (--left == 0) dead = true, code = 1006;
        look();
        return true;
      }
      void cut(std::uint16_t why) {
        const std::lock_guard lock(mutex);
        if (!std::exchange(dead, true)) code = why;
        look();
      }
      void look() {
        if (!receiving || (inbox.empty() && !dead)) return;
        event->payload.clear();
        if (!inbox.empty()) {
          event->kind = ChannelEvent::Kind::text;
          event->payload.assign(inbox.front());
          inbox.pop_front();
        } else {
          event->kind = ChannelEvent::Kind::closed;
          event->close_code = code;
        }
        loop->post([done = std::move(receiving)]() mutable { done(); });
      }
      ThreadedLoop* loop;
      std::mutex mutex;
      std::deque<std::string> inbox;
      ChannelEvent* event = nullptr;
      Completion<void> receiving;
      bool dead = false;
      std::uint16_t code = 0;
      unsigned left;
    };
    void leave() noexcept {
      if (state_) state_->loop->post([state = state_] { state->cut(1006); });
    }
    std::shared_ptr<State> state_;
  };

  ThreadedCloud(ThreadedLoop& loop, unsigned cut_after) noexcept : loop_(&loop), cut_after_(cut_after) {}

  ExchangeId send(const HttpRequest& request, HttpResponse& response, SteadyTime, Completion<TransportResult<void>> done) {
    loop_->post([&request, &response, done = std::move(done)]() mutable {
      response.status = 200;
      const std::string_view id = request.target.substr(request.target.rfind('/') + 1);
      response.body.assign(request.name == "token.post" ? R"({"access_token":"t","expires_in":3600})"
                                                        : R"({"id":")" + std::string(id) +
                                                              R"(","state":"connected","routingData":{"skillGroup":{"id":"s"}}})");
      done(TransportResult<void>{});
    });
    return 1;
  }
  ExchangeId open(const ChannelRequest&, HttpResponse&, SteadyTime, Completion<TransportResult<channel_type>> done) {
    loop_->post([loop = loop_, left = cut_after_, done = std::move(done)]() mutable { done(channel_type(*loop, left)); });
    return 1;
  }
  void cancel(ExchangeId) noexcept {}
  void post(Completion<void> work) {
    loop_->post([work = std::move(work)]() mutable { work(); });
  }
  timer_type make_timer() { return timer_type(*loop_); }

 private:
  ThreadedLoop* loop_;
  unsigned cut_after_;
};

}  // namespace patchbay::tests
