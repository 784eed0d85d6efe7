// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include "loopback_cloud/server.hpp"
#include "loopback_cloud/timeouts.hpp"

namespace loopback_cloud {

/// What the serving of one request needs. A connection has it from the first byte of a request to the last of its
/// answer, so that one that waits for the next costs its socket and little more.
class Work {
 public:
  Work() = default;

  boost::beast::flat_buffer buffer{std::size_t{128} << 10};
  std::optional<boost::beast::http::request_parser<boost::beast::http::string_body>> parser;
  std::vector<patchbay::HeaderView> fields;
  std::optional<patchbay::testing::HttpFault> fault;
  patchbay::HttpResponse response;
  std::string text;  ///< The answer as it is written.

  /// Whether it is worth keeping: one large answer is not to cost its memory for ever.
  [[nodiscard]] bool is_small() const noexcept {
    constexpr std::size_t most = std::size_t{32} << 10;
    return buffer.capacity() <= most && text.capacity() <= most && response.body.allocated() <= most;
  }
};

/// A channel with frames to write when the present turn of the loop is over.
class Flushed {
 public:
  virtual void flush() = 0;

 protected:
  Flushed() = default;
  ~Flushed() = default;
};

/// What all connections share beside the hub. One thread uses it.
class Floor {
 public:
  Floor(Hub& hub_in, const ServerSettings& settings_in, boost::asio::io_context& io)
      : hub(hub_in), settings(settings_in), io_(io) {
    timeouts.set(Limit::idle, settings.idle_limit);
    timeouts.set(Limit::channel, settings.idle_limit / 2);
  }

  Hub& hub;
  const ServerSettings& settings;
  Timeouts timeouts;
  std::size_t connections = 0;
  bool draining = false;                              ///< No connection is kept for another request.
  std::array<char, std::size_t{64} << 10> scratch{};  ///< For bytes that are looked at before anything else is read.

  [[nodiscard]] std::unique_ptr<Work> take_work() {
    if (spare_.empty()) return std::make_unique<Work>();
    std::unique_ptr<Work> work = std::move(spare_.back());
    spare_.pop_back();
    return work;
  }
  void give_back(std::unique_ptr<Work> work) {
    if (!work || spare_.size() >= max_spare || !work->is_small()) return;
    work->buffer.clear();
    work->parser.reset();
    work->fault.reset();
    spare_.push_back(std::move(work));
  }
  /// Flushes `channel` once, when what is ready now has been served: all frames of one turn leave in one write.
  void flush_later(std::shared_ptr<Flushed> channel) {
    if (flushed_.empty()) boost::asio::post(io_, [this] { flush_all(); });
    flushed_.push_back(std::move(channel));
  }
  /// Lets go of what waits to be flushed; before the loop is destroyed.
  void forget() noexcept { flushed_.clear(); }

 private:
  static constexpr std::size_t max_spare = 256;

  void flush_all() {
    std::vector<std::shared_ptr<Flushed>> all = std::exchange(flushed_, {});
    for (const std::shared_ptr<Flushed>& each : all) each->flush();
    all.clear();
    if (flushed_.empty()) flushed_ = std::move(all);  // keeps the memory
  }

  boost::asio::io_context& io_;
  std::vector<std::unique_ptr<Work>> spare_;
  std::vector<std::shared_ptr<Flushed>> flushed_;
};

}  // namespace loopback_cloud
