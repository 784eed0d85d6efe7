// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>

namespace patchbay {

/// Memory that a dialect uses again from one reading to the next: one object, of a type of the dialect's choice. It belongs to
/// whoever reads, so that a dialect stays without a state; what it holds means nothing to anyone else, and a copy holds nothing.
/// Not safe to share between threads.
class Scratch {
 public:
  Scratch() noexcept = default;
  Scratch(const Scratch&) noexcept {}
  Scratch(Scratch&&) noexcept = default;
  Scratch& operator=(const Scratch&) noexcept { return *this; }
  Scratch& operator=(Scratch&&) noexcept = default;
  ~Scratch() = default;

  /// The object, as it was left; a new one when it was of another type, or there was none.
  template <class T>
  [[nodiscard]] T& as() {
    if (!held_ || held_->type != &type_of<T>) held_ = std::make_unique<Holding<T>>();
    return static_cast<Holding<T>&>(*held_).object;
  }

 private:
  // The address says which type is held.
  template <class T>
  static inline char type_of = 0;

  struct Held {
    explicit Held(const char* type_in) noexcept : type(type_in) {}
    Held(const Held&) = delete;
    Held& operator=(const Held&) = delete;
    virtual ~Held() = default;
    const char* type;
  };
  template <class T>
  struct Holding final : Held {
    Holding() : Held(&type_of<T>) {}
    T object;
  };

  std::unique_ptr<Held> held_;
};

}  // namespace patchbay
