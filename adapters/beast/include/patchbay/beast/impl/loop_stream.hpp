// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

#include <boost/asio/async_result.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/execution.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/core/bind_handler.hpp>
#include <boost/beast/core/buffer_traits.hpp>
#include <boost/beast/core/role.hpp>
#include <boost/beast/core/stream_traits.hpp>
#include <boost/beast/websocket/stream.hpp>

#include <patchbay/beast/impl/gather.hpp>
#include <patchbay/beast/impl/pool.hpp>

namespace patchbay::beast::detail {

/// Holds one handler `void(error_code, std::size_t)` at a time, in memory that it keeps for the next.
class HandlerSlot {
 public:
  HandlerSlot() = default;
  HandlerSlot(const HandlerSlot&) = delete;
  HandlerSlot& operator=(const HandlerSlot&) = delete;
  ~HandlerSlot() { clear(); }

  template <class F>
  void emplace(F&& handler) {
    using Kept = Holder<std::decay_t<F>>;
    static_assert(alignof(Kept) <= alignof(std::max_align_t));
    if (size_ < sizeof(Kept)) {
      memory_ = std::make_unique_for_overwrite<std::byte[]>(sizeof(Kept));
      size_ = sizeof(Kept);
    }
    held_ = ::new (static_cast<void*>(memory_.get())) Kept(std::forward<F>(handler));
  }
  void clear() noexcept {
    if (held_) std::exchange(held_, nullptr)->~Base();
  }
  [[nodiscard]] explicit operator bool() const noexcept { return held_ != nullptr; }
  /// Calls it; the slot is free for the next from the beginning of the call.
  void operator()(error_code ec, std::size_t n) { std::exchange(held_, nullptr)->run(ec, n); }

 private:
  struct Base {
    Base() = default;
    Base(const Base&) = delete;
    Base& operator=(const Base&) = delete;
    virtual ~Base() = default;
    virtual void run(error_code ec, std::size_t n) = 0;
  };
  template <class F>
  struct Holder final : Base {
    template <class G>
    explicit Holder(G&& g) : f(std::forward<G>(g)) {}
    void run(error_code ec, std::size_t n) override {
      F moved(std::move(f));
      this->~Holder();
      std::move(moved)(ec, n);
    }
    F f;
  };
  std::unique_ptr<std::byte[]> memory_;
  std::size_t size_ = 0;
  Base* held_ = nullptr;
};

/// What Beast's stream of a channel stands on. Whoever calls it holds the channel's lock, and so does Beast in all that
/// it does, because what it posts goes through `LockingExecutor`.
class LoopStreamBase {
 public:
  virtual void start_read(net::mutable_buffer into) = 0;
  virtual void start_write() = 0;
  /// Runs `enter` with the lock held, on the loop.
  virtual void enter(void (*run)(void*), void* what) = 0;
  virtual void shutdown_send() noexcept = 0;
  virtual void cut() noexcept = 0;
  [[nodiscard]] virtual std::shared_ptr<LoopStreamBase> keep() = 0;

  net::any_io_executor executor;
  net::execution_context* context = nullptr;
  HandlerSlot reader;
  HandlerSlot writer;
  Gather parts;  ///< Of the present write.

 protected:
  ~LoopStreamBase() = default;
};

/// Runs what Beast posts on the channel's loop, with the channel's lock held.
class LockingExecutor {
 public:
  explicit LockingExecutor(LoopStreamBase& stream) noexcept : stream_(&stream) {}

  [[nodiscard]] net::execution_context& query(net::execution::context_t) const noexcept { return *stream_->context; }
  [[nodiscard]] static constexpr net::execution::blocking_t query(net::execution::blocking_t) noexcept {
    return net::execution::blocking.never;
  }
  [[nodiscard]] LockingExecutor require(net::execution::blocking_t::never_t) const noexcept { return *this; }
  template <class F>
  void execute(F&& f) const {
    struct Entered {
      void operator()() {
        stream->enter([](void* what) { std::move (*static_cast<std::decay_t<F>*>(what))(); }, std::addressof(work));
      }
      std::shared_ptr<LoopStreamBase> stream;
      std::decay_t<F> work;
    };
    net::post(stream_->executor, Entered{stream_->keep(), std::forward<F>(f)});
  }
  [[nodiscard]] friend bool operator==(const LockingExecutor& a, const LockingExecutor& b) noexcept {
    return a.stream_ == b.stream_;
  }
  [[nodiscard]] friend bool operator!=(const LockingExecutor& a, const LockingExecutor& b) noexcept {
    return a.stream_ != b.stream_;
  }

 private:
  LoopStreamBase* stream_;
};

/// The same as Beast's idea of a stream.
class LoopStream {
 public:
  using executor_type = LockingExecutor;

  explicit LoopStream(LoopStreamBase& base) noexcept : base_(&base) {}
  [[nodiscard]] executor_type get_executor() const noexcept { return LockingExecutor(*base_); }
  [[nodiscard]] LoopStreamBase& base() noexcept { return *base_; }

  template <class Buffers, class Token>
  auto async_read_some(const Buffers& buffers, Token&& token) {
    return net::async_initiate<Token, void(error_code, std::size_t)>(
        [base = base_](auto&& handler, const Buffers& into) {
          net::mutable_buffer first;
          for (const net::mutable_buffer b : boost::beast::buffers_range_ref(into)) {
            first = b;
            if (b.size() != 0) break;
          }
          base->reader.emplace(std::forward<decltype(handler)>(handler));
          base->start_read(first);
        },
        token, buffers);
  }
  template <class Buffers, class Token>
  auto async_write_some(const Buffers& buffers, Token&& token) {
    return net::async_initiate<Token, void(error_code, std::size_t)>(
        [base = base_](auto&& handler, const Buffers& from) {
          base->parts.clear();
          for (const net::const_buffer b : boost::beast::buffers_range_ref(from)) base->parts.add(b);
          base->writer.emplace(std::forward<decltype(handler)>(handler));
          base->start_write();
        },
        token, buffers);
  }

 private:
  LoopStreamBase* base_;
};

// Found by Beast through the argument's namespace.
inline void beast_close_socket(LoopStream& stream) { stream.base().cut(); }

/// After the closing handshake nothing more is sent; the peer, which saw our close frame, needs no more than that.
template <class Handler>
void async_teardown(boost::beast::role_type, LoopStream& stream, Handler&& handler) {
  stream.base().shutdown_send();
  net::post(stream.get_executor(), boost::beast::bind_front_handler(std::forward<Handler>(handler), error_code{}));
}

using LoopWebSocket = boost::beast::websocket::stream<LoopStream, false>;

}  // namespace patchbay::beast::detail
