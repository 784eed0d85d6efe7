// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <mutex>
#include <utility>

namespace patchbay {

namespace detail {

/// What can be asked to end soon.
class Cancellable {
 public:
  virtual void request_cancel() noexcept = 0;

 protected:
  Cancellable() = default;
  Cancellable(const Cancellable&) = default;
  Cancellable& operator=(const Cancellable&) = default;
  ~Cancellable() = default;
};

/// Stands between an operation and its handles, which may outlive it.
class CancelSwitch {
 public:
  void cancel() noexcept {
    const std::lock_guard lock(mutex_);
    asked_ = true;
    if (operation_) operation_->request_cancel();
  }
  /// The operation is under way from now on; whether it was cancelled before.
  [[nodiscard]] bool connect(Cancellable& operation) noexcept {
    const std::lock_guard lock(mutex_);
    operation_ = &operation;
    return asked_;
  }
  void disconnect() noexcept {
    const std::lock_guard lock(mutex_);
    operation_ = nullptr;
    asked_ = false;
  }

 private:
  std::mutex mutex_;
  Cancellable* operation_ = nullptr;
  bool asked_ = false;
};

}  // namespace detail

/// An operation on an event loop, for whoever may want to cancel it.
///
/// May be copied, dropped, and kept for longer than the operation, its door and its loop. Thread-safe as a
/// `std::shared_ptr` is.
class OperationHandle {
 public:
  OperationHandle() noexcept = default;
  explicit OperationHandle(std::shared_ptr<detail::CancelSwitch> of) noexcept : switch_(std::move(of)) {}

  /// Asks the operation to end soon; does nothing when it has ended. From any thread.
  ///
  /// Its handler is called all the same, with the truth: `cancelled` only if nothing was sent that could have an effect;
  /// otherwise what was sent is awaited, or looked after with one reading, and the operation ends as it went, or
  /// with `outcome_unknown`.
  void cancel() const noexcept {
    if (switch_) switch_->cancel();
  }

 private:
  std::shared_ptr<detail::CancelSwitch> switch_;
};

}  // namespace patchbay
