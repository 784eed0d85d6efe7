// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <concepts>
#include <memory>
#include <type_traits>
#include <utility>

#include <patchbay/observe/redact.hpp>
#include <patchbay/result.hpp>

namespace patchbay::detail {

/// A client's handler of whatever type, to be called once with the result of an operation.
template <class T>
class ResultHandler {
 public:
  virtual ~ResultHandler() = default;
  virtual void call(T result) = 0;
};

template <class T, class F>
class ResultHandlerOf final : public ResultHandler<T> {
 public:
  explicit ResultHandlerOf(F&& handler) : handler_(std::move(handler)) {}
  void call(T result) override { std::move(handler_)(std::move(result)); }

 private:
  F handler_;
};

template <class T, class F>
[[nodiscard]] std::unique_ptr<ResultHandler<T>> make_handler(F&& handler) {
  return std::make_unique<ResultHandlerOf<T, std::decay_t<F>>>(std::decay_t<F>(std::forward<F>(handler)));
}

/// The result of an operation during which a policy threw or memory ran out. Tries with less memory when there is not enough;
/// when there is none at all the program ends, since an operation would be lost without a word.
template <class T>
void fail_for_lack(Result<T>& result) noexcept {
  if (!guarded([&] { result = fail(ErrorCode::internal, "a policy threw, or memory ran out"); })) result = fail(ErrorCode::internal, "");
}

/// A function that takes `T` once: moved in, called as an rvalue, copied never.
template <class F, class T>
concept HandlerFor = std::move_constructible<std::decay_t<F>> && std::invocable<std::decay_t<F>, T>;

}  // namespace patchbay::detail
