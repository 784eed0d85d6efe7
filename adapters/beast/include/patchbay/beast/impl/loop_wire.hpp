// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <string_view>
#include <utility>

#include <sys/socket.h>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <patchbay/beast/impl/tls_engine.hpp>

namespace patchbay::beast::detail {

/// Memory for one operation of Asio at a time, so that a warm connection allocates nothing. What does not fit, or comes
/// while it is in use, is allocated.
class OperationMemory {
 public:
  OperationMemory() = default;
  OperationMemory(const OperationMemory&) = delete;
  OperationMemory& operator=(const OperationMemory&) = delete;
  ~OperationMemory() = default;

  [[nodiscard]] void* allocate(std::size_t size) {
    if (used_ || size > storage_.size()) return ::operator new(size);
    used_ = true;
    return storage_.data();
  }
  void deallocate(void* p) noexcept {
    if (p == storage_.data()) {
      used_ = false;
    } else {
      ::operator delete(p);
    }
  }

 private:
  alignas(std::max_align_t) std::array<std::byte, 320> storage_;
  bool used_ = false;
};

/// Gives the memory to Asio as a handler's associated allocator.
template <class T>
class OperationAllocator {
 public:
  using value_type = T;
  explicit OperationAllocator(OperationMemory& memory) noexcept : memory_(&memory) {}
  template <class U>
  /*implicit*/ OperationAllocator(const OperationAllocator<U>& other) noexcept : memory_(other.memory_) {}
  [[nodiscard]] T* allocate(std::size_t n) { return static_cast<T*>(memory_->allocate(n * sizeof(T))); }
  void deallocate(T* p, std::size_t) noexcept { memory_->deallocate(p); }
  [[nodiscard]] friend bool operator==(const OperationAllocator& a, const OperationAllocator& b) noexcept {
    return a.memory_ == b.memory_;
  }

 private:
  template <class U>
  friend class OperationAllocator;
  OperationMemory* memory_;
};

constexpr std::size_t encrypted_buffer = (std::size_t{16} << 10) + 512;  ///< A whole record of TLS.

/// A connected socket on somebody's event loop, with TLS or without. It locks nothing.
struct LoopWire {
  explicit LoopWire(const boost::asio::any_io_executor& executor) : socket(executor) {}

  /// Writes as much as the operating system takes of what is left of `first` and `second`, and shortens them. Over TLS
  /// what was encrypted and not taken counts as left. `would_block` when something is left.
  [[nodiscard]] boost::system::error_code write(std::string_view& first, std::string_view& second) {
    boost::system::error_code ec;
    if (tls) return write_encrypted(first, second);
    while (!ec && !(first.empty() && second.empty())) {
      const std::array<boost::asio::const_buffer, 2> both{boost::asio::buffer(first), boost::asio::buffer(second)};
      const std::size_t n = second.empty() ? socket.write_some(both[0], ec)
                            : first.empty() ? socket.write_some(both[1], ec)
                                            : socket.write_some(both, ec);
      sent += n;
      const std::size_t of_first = n < first.size() ? n : first.size();
      first.remove_prefix(of_first);
      second.remove_prefix(n - of_first);
    }
    return ec;
  }
  /// Writes what was encrypted.
  [[nodiscard]] boost::system::error_code flush() {
    boost::system::error_code ec;
    for (std::string_view left; !ec && !(left = tls->outgoing()).empty();) {
      const std::size_t n = socket.write_some(boost::asio::buffer(left), ec);
      sent += n;
      tls->taken(n);
    }
    return ec;
  }

  /// No byte waits to be read and the peer has not closed. Not to be asked while a read is outstanding.
  [[nodiscard]] bool quiet() noexcept {
    if (tls && !tls->quiet()) return false;
    char byte = 0;
    const auto n = ::recv(socket.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
  }
  void close() noexcept {
    boost::system::error_code ignored;
    socket.close(ignored);
  }

  boost::asio::ip::tcp::socket socket;
  std::unique_ptr<TlsEngine> tls;
  std::uint64_t sent = 0;  ///< Bytes that the operating system took.

 private:
  boost::system::error_code write_encrypted(std::string_view& first, std::string_view& second) {
    constexpr std::size_t slice = std::size_t{64} << 10;  // of plain text at once, whatever the size of the request
    for (;;) {
      if (auto ec = flush(); ec || (first.empty() && second.empty())) return ec;
      for (std::string_view* const part : {&first, &second}) {
        const std::string_view next = part->substr(0, slice);
        if (!tls->write(next)) return boost::asio::error::connection_aborted;
        part->remove_prefix(next.size());
        if (!part->empty()) break;
      }
    }
  }
};

}  // namespace patchbay::beast::detail
