// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <condition_variable>
#include <cstdlib>  // abort
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include <patchbay/policy/completion_transport.hpp>

namespace patchbay::test {

/// What `Awaited` tells of a completion that brings nothing.
struct Done {};

/// Waits on one thread for what ends on another. Used for one completion at a time, any number of times.
template <class T>
class AwaitedBase {
 public:
  /// What came of it; nothing when it was abandoned.
  [[nodiscard]] std::optional<T> wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return over_; });
    over_ = false;
    return std::exchange(result_, std::nullopt);
  }
  [[nodiscard]] bool over() {
    const std::lock_guard lock(mutex_);
    return over_;
  }

 protected:
  // Told under the lock: who waits may end with this object at once.
  void end(std::optional<T> result) {
    const std::lock_guard lock(mutex_);
    if (over_) std::abort();  // told twice
    over_ = true;
    result_ = std::move(result);
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool over_ = false;
  std::optional<T> result_;
};

template <class T>
class Awaited final : public AwaitedBase<T>, public Receiver<T> {
 public:
  [[nodiscard]] Completion<T> completion() noexcept { return Completion<T>(*this); }
  void complete(T result) noexcept override { this->end(std::move(result)); }
  void abandoned() noexcept override { this->end(std::nullopt); }
};

template <>
class Awaited<void> final : public AwaitedBase<Done>, public Receiver<void> {
 public:
  [[nodiscard]] Completion<void> completion() noexcept { return Completion<void>(*this); }
  void complete() noexcept override { end(Done{}); }
  void abandoned() noexcept override { end(std::nullopt); }
};

/// A completion transport as a blocking one, so that what is true of the one can be tested of the other.
///
/// `Running` is made from its `Options`, runs an event loop on a thread of its own until it is destroyed, and gives the
/// loop's `transport()`.
template <class Running>
class Bridged {
 public:
  using Options = typename Running::Options;

  Bridged() : Bridged(Options{}) {}
  explicit Bridged(Options options) : running_(std::make_unique<Running>(std::move(options))) {}

  [[nodiscard]] TransportResult<void> send(const HttpRequest& request, HttpResponse& response, SteadyTime deadline) {
    Awaited<TransportResult<void>> end;
    running_->transport().send(request, response, deadline, end.completion());
    std::optional<TransportResult<void>> result = end.wait();
    if (!result) std::abort();  // the loop is running, so nothing may be abandoned
    return std::move(*result);
  }
  [[nodiscard]] Running& running() noexcept { return *running_; }

 private:
  std::unique_ptr<Running> running_;
};

}  // namespace patchbay::test
