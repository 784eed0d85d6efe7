// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coroutine>
#include <cstddef>
#include <exception>
#include <new>
#include <optional>
#include <type_traits>
#include <utility>

#include <patchbay/protocol/operation.hpp>
#include <patchbay/result.hpp>

namespace patchbay {

/// A protocol: one of the library's procedures, written top to bottom, that does no input or output. It awaits effects and
/// other protocols; a driver runs it.
///
/// A protocol is a function whose first parameter is `Operation&` and whose other parameters outlive it (they are kept as
/// references: the caller awaits the protocol in the same expression). Its frame comes from the operation's arena.
/// `T` is a `Result<...>`: an exception from user code or from memory running out becomes `ErrorCode::internal`, with an
/// unknown outcome once something was sent that could have a side effect.
template <class T>
class [[nodiscard]] Protocol {
 public:
  class promise_type;
  using Handle = std::coroutine_handle<promise_type>;

  Protocol(Protocol&& other) noexcept : frame_(std::exchange(other.frame_, nullptr)) {}
  Protocol& operator=(Protocol&&) = delete;
  ~Protocol() {
    if (frame_) frame_.destroy();
  }

  /// Runs until the first effect, or to the end. For drivers; a protocol is started by awaiting it.
  void start() { frame_.resume(); }
  [[nodiscard]] bool done() const noexcept { return frame_.done(); }
  [[nodiscard]] T take() { return std::move(*frame_.promise().value); }

  // Awaiting a protocol from a protocol: transfer to it, and back when it ends.
  [[nodiscard]] bool await_ready() const noexcept { return false; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> parent) noexcept {
    frame_.promise().parent = parent;
    return frame_;
  }
  T await_resume() { return take(); }

 private:
  explicit Protocol(Handle frame) noexcept : frame_(frame) {}
  Handle frame_;
};

template <class T>
class Protocol<T>::promise_type {
 public:
  template <class... Parameters>
  explicit promise_type(Operation& operation_in, Parameters&&...) noexcept : operation(&operation_in) {}

  /// Takes any parameter of a protocol and looks at none.
  class Other {
   public:
    Other() noexcept = default;
    template <class Parameter>
    Other(Parameter&&) noexcept {}  // implicit: a parameter of a coroutine converts to it
  };
  /// The arena stands in front of the frame, so that the frame can be given back without its promise. Not a template over
  /// the parameters, since g++ 12 then sees no match between this operator and the one below.
  static void* operator new(std::size_t bytes, Operation& root, Other = {}, Other = {}, Other = {}, Other = {}, Other = {}, Other = {},
                            Other = {}) {
    auto* const block = static_cast<std::byte*>(root.arena.allocate(bytes + header));
    ::new (static_cast<void*>(block)) FrameArena* (&root.arena);
    return block + header;
  }
  static void operator delete(void* frame, std::size_t bytes) noexcept {
    auto* const block = static_cast<std::byte*>(frame) - header;
    (*std::launder(reinterpret_cast<FrameArena**>(block)))->deallocate(block, bytes + header);
  }

  Protocol get_return_object() noexcept { return Protocol(Handle::from_promise(*this)); }
  std::suspend_always initial_suspend() const noexcept { return {}; }
  auto final_suspend() const noexcept {
    struct Back {
      bool await_ready() const noexcept { return false; }
      std::coroutine_handle<> await_suspend(Handle frame) const noexcept {
        const std::coroutine_handle<> back = frame.promise().parent;
        return back ? back : std::noop_coroutine();
      }
      void await_resume() const noexcept {}
    };
    return Back{};
  }
  template <class U>
  void return_value(U&& result) {
    value.emplace(std::forward<U>(result));
  }
  void unhandled_exception() noexcept {
#if defined(__cpp_exceptions)
    try {
      throw;
    } catch (const std::exception& e) {
      value.emplace(fail(ErrorCode::internal, std::string("a policy or callback threw: ").append(e.what())));
    } catch (...) {
      value.emplace(fail(ErrorCode::internal, "a policy or callback threw something that is no std::exception"));
    }
    if (operation->side_effects != 0) value->error().set_outcome(Outcome::unknown);
#else
    std::terminate();
#endif
  }

  template <class Effect>
    requires std::is_same_v<Effect, HttpEffect> || std::is_same_v<Effect, SleepEffect> || std::is_same_v<Effect, WaitEffect>
  auto await_transform(Effect& effect) noexcept {
    struct Suspend {
      Operation* on;
      Effect* effect;
      bool await_ready() const noexcept { return false; }
      void await_suspend(std::coroutine_handle<> frame) const noexcept {
        on->pending = PendingEffect(*effect);
        on->resume_at = frame;
      }
      void await_resume() const noexcept {}
    };
    return Suspend{operation, &effect};
  }
  template <class U>
  Protocol<U>&& await_transform(Protocol<U>&& protocol) noexcept {
    return std::move(protocol);
  }

  std::optional<T> value;
  std::coroutine_handle<> parent;
  Operation* operation;

 private:
  static constexpr std::size_t header = alignof(std::max_align_t);
};

}  // namespace patchbay
