// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <utility>

namespace patchbay {

/// Who waits for the end of something that was begun: an exchange, a timer, a piece of work. `T` is what comes of it.
template <class T>
class Receiver {
 public:
  /// It has ended; called once, on a thread of the event loop.
  virtual void complete(T result) noexcept = 0;
  /// It will never end: the event loop is being destroyed. Nothing that belongs to the loop may be touched any more.
  virtual void abandoned() noexcept = 0;

 protected:
  Receiver() = default;
  Receiver(const Receiver&) = default;
  Receiver& operator=(const Receiver&) = default;
  ~Receiver() = default;
};

template <>
class Receiver<void> {
 public:
  virtual void complete() noexcept = 0;
  virtual void abandoned() noexcept = 0;

 protected:
  Receiver() = default;
  Receiver(const Receiver&) = default;
  Receiver& operator=(const Receiver&) = default;
  ~Receiver() = default;
};

/// The duty to say once how something ended: a callback of the size of a pointer, which can be moved and not copied.
///
///     done(result);      // ends it; `done` is empty then
///
/// One that is destroyed without having been called tells its receiver that it was abandoned, so that nothing is lost
/// when an event loop is torn down with work in it.
template <class T>
class [[nodiscard]] Completion {
 public:
  Completion() noexcept = default;
  explicit Completion(Receiver<T>& receiver) noexcept : receiver_(&receiver) {}
  Completion(Completion&& other) noexcept : receiver_(std::exchange(other.receiver_, nullptr)) {}
  Completion& operator=(Completion&& other) noexcept {
    Completion(std::move(other)).swap(*this);
    return *this;
  }
  ~Completion() {
    if (receiver_) receiver_->abandoned();
  }

  /// Ends it. Only when it holds a receiver.
  template <class... Result>
  void operator()(Result&&... result) noexcept {
    std::exchange(receiver_, nullptr)->complete(std::forward<Result>(result)...);
  }
  [[nodiscard]] explicit operator bool() const noexcept { return receiver_ != nullptr; }
  void swap(Completion& other) noexcept { std::swap(receiver_, other.receiver_); }

 private:
  Receiver<T>* receiver_ = nullptr;
};

}  // namespace patchbay
