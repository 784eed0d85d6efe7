// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <memory>
#include <optional>

#include <boost/asio/buffer.hpp>
#include <boost/system/error_code.hpp>

#include <patchbay/beast/impl/response_reader.hpp>
#include <patchbay/http.hpp>
#include <patchbay/policy/transport.hpp>

namespace patchbay::beast::detail {

/// Where the reading of an answer stands.
enum class Progress : std::uint8_t {
  more,      ///< Bytes are missing.
  whole,     ///< The answer is there; the connection cannot be used again.
  reusable,  ///< The answer is there, and the connection may carry another request.
};

/// Reads one answer after the other from bytes, wherever they come from: interim answers are skipped, a body beyond
/// `max_body` is too large. When `cut` is set a body ends at the limit instead, and one that breaks off ends where it
/// does. The memory that it reads with is kept from answer to answer. Every error says `maybe_sent`.
///
///     reader.begin(response, ...);
///     loop: read into reader.room(), then reader.took(n), or reader.ended(cause)
class AnswerReader {
 public:
  void begin(HttpResponse& response, std::size_t max_header, std::size_t max_body, bool cut);
  /// Room for the next bytes, never empty.
  [[nodiscard]] TransportResult<boost::asio::mutable_buffer> room();
  /// `n` bytes were put there.
  [[nodiscard]] TransportResult<Progress> took(std::size_t n);
  /// The peer will send nothing more, because of `cause`.
  [[nodiscard]] TransportResult<Progress> ended(const boost::system::error_code& cause);
  /// A header has come that is an answer by itself, whatever becomes of the body.
  [[nodiscard]] bool enough() const;

 private:
  std::unique_ptr<char[]> buffer_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::optional<ResponseReader> parser_;
  HttpResponse* response_ = nullptr;
  std::size_t max_header_ = 0;
  std::size_t max_body_ = 0;
  int interim_ = 0;
  bool cut_ = false;
};

}  // namespace patchbay::beast::detail
