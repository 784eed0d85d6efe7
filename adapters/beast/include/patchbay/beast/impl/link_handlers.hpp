// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <memory>

#include <patchbay/beast/impl/pool.hpp>

namespace patchbay::beast::detail {

// Asio's handlers. Each keeps the pool, and so the memory that Asio uses, until it is gone.
template <OperationMemory Link::*Memory>
struct LinkHandler {
  using allocator_type = OperationAllocator<void>;
  [[nodiscard]] allocator_type get_allocator() const noexcept { return allocator_type(link->*Memory); }
  std::shared_ptr<Pool> pool;
  Link* link;
};
struct ConnectEnded : LinkHandler<&Link::read_memory> {
  void operator()(const error_code& ec) const { pool->connect_ended(*link, ec); }
};
struct ReadEnded : LinkHandler<&Link::read_memory> {
  void operator()(const error_code& ec, std::size_t n) const { pool->read_ended(*link, ec, n); }
};
struct Writable : LinkHandler<&Link::write_memory> {
  void operator()(const error_code& ec) const { pool->writable(*link, ec); }
};

}  // namespace patchbay::beast::detail
