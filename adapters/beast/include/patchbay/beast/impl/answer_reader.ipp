// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // max, min
#include <cstring>    // memcpy, memmove
#include <string_view>
#include <utility>

#include <boost/asio/error.hpp>

#include <patchbay/beast/impl/answer_reader.hpp>
#include <patchbay/beast/impl/message.hpp>

namespace patchbay::beast::detail {

namespace http = boost::beast::http;

constexpr std::size_t first_buffer = std::size_t{16} << 10;
constexpr int max_interim_answers = 16;

// What a parse error means to the caller. Whether bytes were sent is for the sender to add.
TransportError parse_failure(const boost::system::error_code& ec) {
  if (ec == http::error::header_limit)
    return describe(TransportFault::too_large, Delivery::maybe_sent, "the answer's header is beyond the limit");
  if (ec == http::error::body_limit)
    return describe(TransportFault::too_large, Delivery::maybe_sent, "the answer's body is beyond the limit");
  return describe(TransportFault::malformed, Delivery::maybe_sent, "the answer is not HTTP", ec);
}

void AnswerReader::begin(HttpResponse& response, std::size_t max_header, std::size_t max_body, bool cut) {
  begin_ = end_ = 0;
  response_ = &response;
  max_header_ = max_header;
  max_body_ = max_body;
  interim_ = 0;
  cut_ = cut;
  parser_.emplace(response, max_header, max_body, cut);
}

bool AnswerReader::enough() const { return cut_ && parser_->is_header_done() && response_->status >= 200; }

TransportResult<boost::asio::mutable_buffer> AnswerReader::room() {
  // Unparsed bytes, a header's or a chunk header's beginning, must be contiguous with what follows.
  if (begin_ != 0) std::memmove(buffer_.get(), buffer_.get() + begin_, end_ - begin_);
  end_ -= std::exchange(begin_, 0);
  if (end_ == capacity_) {
    const std::size_t limit = std::max(max_header_, first_buffer) + 1;
    if (end_ >= limit) return tl::unexpected(parse_failure(http::error::header_limit));
    const std::size_t larger = std::min(std::max(first_buffer, capacity_ * 2), limit);
    auto grown = std::make_unique_for_overwrite<char[]>(larger);
    if (end_ != 0) std::memcpy(grown.get(), buffer_.get(), end_);
    buffer_ = std::move(grown);
    capacity_ = larger;
  }
  return boost::asio::mutable_buffer(buffer_.get() + end_, capacity_ - end_);
}

TransportResult<Progress> AnswerReader::took(std::size_t n) {
  end_ += n;
  for (;;) {
    // Beast waits for a whole header before it looks at its first byte; a peer that speaks something else may never
    // send one.
    constexpr std::string_view opening = "HTTP/1.";
    const std::string_view seen(buffer_.get() + begin_, end_ - begin_);
    if (!parser_->got_some() && seen.substr(0, opening.size()) != opening.substr(0, seen.size()))
      return tl::unexpected(describe(TransportFault::malformed, Delivery::maybe_sent, "the answer is not HTTP"));

    boost::system::error_code ec;
    while (begin_ != end_ && !parser_->is_done()) {
      const std::size_t used = parser_->put(boost::asio::const_buffer(buffer_.get() + begin_, end_ - begin_), ec);
      begin_ += used;
      if (ec || used == 0) break;
    }
    if (ec == http::error::need_more) ec = {};
    if (ec && enough()) return Progress::whole;
    if (ec) return tl::unexpected(parse_failure(ec));
    if (!parser_->is_done()) return Progress::more;
    if (response_->status >= 200)
      return parser_->keep_alive() && begin_ == end_ ? Progress::reusable : Progress::whole;
    if (response_->status == 101 || ++interim_ > max_interim_answers)
      return tl::unexpected(
          describe(TransportFault::malformed, Delivery::maybe_sent, "an interim answer that nobody asked for"));
    parser_.emplace(*response_, max_header_, max_body_, cut_);
  }
}

TransportResult<Progress> AnswerReader::ended(const boost::system::error_code& cause) {
  // A body without a length ends with the connection; over TLS only a close notification proves that nobody cut it.
  if (cause == boost::asio::error::eof && parser_->is_header_done() && parser_->need_eof()) return Progress::whole;
  if (enough()) return Progress::whole;
  const bool nothing = !parser_->got_some() && begin_ == end_;
  return tl::unexpected(
      describe(TransportFault::reset, Delivery::maybe_sent,
               nothing ? "the connection ended before an answer came" : "the connection ended within the answer",
               cause));
}

}  // namespace patchbay::beast::detail
