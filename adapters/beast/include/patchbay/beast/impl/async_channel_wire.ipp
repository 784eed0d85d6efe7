// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <exception>

#include <boost/asio/post.hpp>
#include <boost/asio/ssl/error.hpp>

#include <patchbay/beast/impl/async_channel_state.hpp>

/// A channel's wire: what Beast reads and writes, with TLS or without.
namespace patchbay::beast {

void AsyncChannel::State::start_read(boost::asio::mutable_buffer room) {
  read_into = room;
  if (wire->tls && decrypt_some()) return;
  struct Ended {
    using allocator_type = detail::OperationAllocator<void>;
    [[nodiscard]] allocator_type get_allocator() const noexcept { return allocator_type(state->read_memory); }
    void operator()(const error_code& ec, std::size_t n) const { state->read_ended(ec, n); }
    std::shared_ptr<State> state;
  };
  if (wire->tls && !encrypted) encrypted = std::make_unique_for_overwrite<char[]>(detail::encrypted_buffer);
  const auto target = wire->tls ? boost::asio::mutable_buffer(encrypted.get(), detail::encrypted_buffer) : room;
  wire->socket.async_read_some(target, Ended{shared_from_this()});
}

// Bytes that were read and not asked for before; their completion must not run within the call that asks.
bool AsyncChannel::State::decrypt_some() {
  error_code ec;
  const std::size_t n = wire->tls->read({static_cast<char*>(read_into.data()), read_into.size()}, ec);
  if (n == 0 && !ec) return false;
  early_read.emplace(ec, n);
  post_flush();
  return true;
}

void AsyncChannel::State::read_ended(error_code ec, std::size_t n) {
  Lock lock(mutex);
  if (!wire || !wire->socket.is_open() || phase == Phase::over) return;
  if (wire->tls) {
    if (!ec) {
      wire->tls->feed({encrypted.get(), n});
      n = wire->tls->read({static_cast<char*>(read_into.data()), read_into.size()}, ec);
      carry_on_writing();
      if (n == 0 && !ec) {
        start_read(read_into);
        return;
      }
    } else if (ec == boost::asio::error::eof) {
      ec = boost::asio::ssl::error::stream_truncated;
    }
  }
  bytes_came(ec, n);
  tell(lock);
}

void AsyncChannel::State::bytes_came(error_code ec, std::size_t n) {
  try {
    if (phase == Phase::refused) {
      refused_so_far(ec ? answer->ended(ec) : answer->took(n));
      if (phase == Phase::refused) read_refusal();
    } else if (reader) {
      if (gate.deciding() && !ec && !gate.admit({static_cast<const char*>(read_into.data()), n})) {
        reader(boost::asio::error::connection_refused, 0);
      } else {
        reader(ec, n);
      }
    }
  } catch (const std::exception&) {  // no memory for a message
    finish(detail::was_cut);
  }
}

void AsyncChannel::State::start_write() {
  written = 0;
  if (wire->tls) {
    for (const boost::asio::const_buffer& part : parts) {
      if (!wire->tls->write({static_cast<const char*>(part.data()), part.size()}))
        return write_ended(boost::asio::error::connection_aborted);
      written += part.size();
    }
  }
  carry_on_writing();
}

void AsyncChannel::State::carry_on_writing() {
  if (waits_to_write) return;
  error_code ec;
  if (wire->tls) {
    ec = wire->flush();
  } else if (!writer) {
    return;
  } else {
    written = wire->socket.write_some(parts, ec);
    wire->sent += written;
  }
  if (ec == boost::asio::error::would_block || ec == boost::asio::error::try_again) {
    struct Ready {
      using allocator_type = detail::OperationAllocator<void>;
      [[nodiscard]] allocator_type get_allocator() const noexcept { return allocator_type(state->write_memory); }
      void operator()(const error_code& failed_to_wait) const { state->writable(failed_to_wait); }
      std::shared_ptr<State> state;
    };
    waits_to_write = true;
    wire->socket.async_wait(boost::asio::ip::tcp::socket::wait_write, Ready{shared_from_this()});
  } else if (writer) {
    write_ended(ec);
  }
}

// Within the call that started it, as a rule: Beast's operation is then over before the call returns, and the
// client's completion is posted. Not deeper than so: each ping that was read begins the writing of a pong, whose end
// reads the next, and a flood of them must not take a thread's stack.
void AsyncChannel::State::write_ended(error_code ec) {
  constexpr unsigned deepest = 16;
  if (writes_within < deepest) {
    struct Within {
      explicit Within(unsigned& count_in) noexcept : count(&count_in) { ++*count; }
      Within(const Within&) = delete;
      Within& operator=(const Within&) = delete;
      ~Within() { --*count; }
      unsigned* count;
    } const within(writes_within);
    return writer(ec, ec ? 0 : written);
  }
  struct Ended {
    using allocator_type = detail::OperationAllocator<void>;
    [[nodiscard]] allocator_type get_allocator() const noexcept { return allocator_type(state->write_memory); }
    void operator()() const { state->write_ended_later(failed); }
    std::shared_ptr<State> state;
    error_code failed;
  };
  waits_to_write = true;  // nobody else ends it meanwhile
  boost::asio::post(executor, Ended{shared_from_this(), ec});
}

void AsyncChannel::State::write_ended_later(error_code ec) {
  Lock lock(mutex);
  waits_to_write = false;
  if (!wire || !wire->socket.is_open() || phase == Phase::over) return;
  try {
    if (writer) write_ended(ec);
  } catch (const std::exception&) {
    finish(detail::was_cut);
  }
  tell(lock);
}

void AsyncChannel::State::writable(error_code ec) {
  Lock lock(mutex);
  waits_to_write = false;
  if (!wire || !wire->socket.is_open() || phase == Phase::over) return;
  try {
    if (ec && writer) {
      write_ended(ec);
    } else {
      carry_on_writing();
    }
  } catch (const std::exception&) {
    finish(detail::was_cut);
  }
  tell(lock);
}

void AsyncChannel::State::enter(void (*run)(void*), void* what) {
  Lock lock(mutex);
  if (!wire || !wire->socket.is_open() || phase == Phase::over) return;
  try {
    run(what);
  } catch (const std::exception&) {
    finish(detail::was_cut);
  }
  tell(lock);
}

}  // namespace patchbay::beast
