// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

namespace patchbay::curl::detail {

/// An object's place in a list.
template <class T>
struct Link {
  T* next = nullptr;
  T* previous = nullptr;
  bool listed = false;
};

/// A list through a member of its objects, so that adding needs no memory and an object can leave by itself.
template <class T, Link<T> T::*link>
class List {
 public:
  [[nodiscard]] bool empty() const noexcept { return first_ == nullptr; }
  void push_back(T& object) noexcept {
    (object.*link) = {nullptr, last_, true};
    (last_ == nullptr ? first_ : (last_->*link).next) = &object;
    last_ = &object;
  }
  /// Puts it before the first object that `is_later`, or at the end.
  template <class IsLater>
  void insert(T& object, IsLater is_later) {
    T* next = first_;
    while (next != nullptr && !is_later(*next)) next = (next->*link).next;
    if (next == nullptr) return push_back(object);
    Link<T>& before = next->*link;
    (object.*link) = {next, before.previous, true};
    (before.previous == nullptr ? first_ : (before.previous->*link).next) = &object;
    before.previous = &object;
  }
  /// Null when it is empty.
  [[nodiscard]] T* pop_front() noexcept {
    T* const object = first_;
    if (object != nullptr) erase(*object);
    return object;
  }
  /// Only an object that is in it.
  void erase(T& object) noexcept {
    Link<T>& l = object.*link;
    (l.previous == nullptr ? first_ : (l.previous->*link).next) = l.next;
    (l.next == nullptr ? last_ : (l.next->*link).previous) = l.previous;
    l = {};
  }
  /// Moves everything from `other` behind what is here.
  void append(List& other) noexcept {
    if (other.first_ == nullptr) return;
    (other.first_->*link).previous = last_;
    (last_ == nullptr ? first_ : (last_->*link).next) = other.first_;
    last_ = other.last_;
    other.first_ = other.last_ = nullptr;
  }

 private:
  T* first_ = nullptr;
  T* last_ = nullptr;
};

}  // namespace patchbay::curl::detail
