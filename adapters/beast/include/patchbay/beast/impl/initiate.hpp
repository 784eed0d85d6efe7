// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <mutex>
#include <type_traits>
#include <utility>

#include <boost/asio/associated_allocator.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/system_executor.hpp>

#include <patchbay/driver/operation_handle.hpp>

namespace patchbay::beast::detail {

/// Carries a cancellation to an operation that is being started, on whatever thread it may be asked for.
class LateCancel {
 public:
  void cancel() noexcept {
    const std::lock_guard lock(mutex_);
    asked_ = true;
    handle_.cancel();
  }
  void started(OperationHandle handle) noexcept {
    const std::lock_guard lock(mutex_);
    handle_ = std::move(handle);
    if (asked_) handle_.cancel();
  }

 private:
  std::mutex mutex_;
  OperationHandle handle_;
  bool asked_ = false;
};

/// A completion handler with what it is to be called with, and with all that is associated with it.
template <class Handler, class R>
class BoundHandler {
 public:
  using executor_type = boost::asio::associated_executor_t<Handler>;
  using allocator_type = boost::asio::associated_allocator_t<Handler>;
  using cancellation_slot_type = boost::asio::associated_cancellation_slot_t<Handler>;

  BoundHandler(Handler&& handler, R&& result) : handler_(std::move(handler)), result_(std::move(result)) {}
  [[nodiscard]] executor_type get_executor() const noexcept { return boost::asio::get_associated_executor(handler_); }
  [[nodiscard]] allocator_type get_allocator() const noexcept {
    return boost::asio::get_associated_allocator(handler_);
  }
  void operator()() {
    if (auto slot = boost::asio::get_associated_cancellation_slot(handler_); slot.is_connected()) slot.clear();
    std::move(handler_)(std::move(result_));
  }

 private:
  Handler handler_;
  R result_;
};

/// What a door calls, on a thread of its loop: passes the result on to where the handler wants it. Never by a call from
/// here, if the handler has an executor of its own: doors let no exception through, and what a handler throws is for
/// whoever runs that executor's context.
template <class Handler, class R>
class DoorHandler {
 public:
  explicit DoorHandler(Handler&& handler)
      : work_(boost::asio::get_associated_executor(handler)), handler_(std::move(handler)) {}
  void operator()(R result) && {
    BoundHandler<Handler, R> bound(std::move(handler_), std::move(result));
    if constexpr (std::is_same_v<boost::asio::associated_executor_t<Handler>, boost::asio::system_executor>) {
      boost::asio::dispatch(std::move(bound));  // none of its own: here and now
    } else {
      boost::asio::post(std::move(bound));
    }
    work_.reset();
  }

 private:
  boost::asio::executor_work_guard<boost::asio::associated_executor_t<Handler>> work_;
  Handler handler_;
};

/// Starts an operation when the token says so. `start` is called once, with the door's handler.
template <class R, class Token, class Start>
auto initiate(std::remove_reference_t<Token>& token, Start&& start) {
  return boost::asio::async_initiate<Token, void(R)>(
      []<class Handler>(Handler&& handler, std::decay_t<Start> begin) {
        using Kept = std::decay_t<Handler>;
        Kept kept(std::forward<Handler>(handler));
        auto slot = boost::asio::get_associated_cancellation_slot(kept);
        if (!slot.is_connected()) {
          static_cast<void>(begin(DoorHandler<Kept, R>(std::move(kept))));
          return;
        }
        // The slot is filled before the start, for the operation may end, and the slot go, before the start returns.
        const auto cancel = std::make_shared<LateCancel>();
        slot.assign([cancel](boost::asio::cancellation_type kind) {
          if (kind != boost::asio::cancellation_type::none) cancel->cancel();
        });
        cancel->started(begin(DoorHandler<Kept, R>(std::move(kept))));
      },
      token, std::forward<Start>(start));
}

}  // namespace patchbay::beast::detail
