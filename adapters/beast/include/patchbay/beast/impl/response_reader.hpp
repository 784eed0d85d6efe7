// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // min
#include <cstdint>
#include <string_view>

#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/optional/optional.hpp>

#include <patchbay/http.hpp>

namespace patchbay::beast::detail {

/// Beast's parser, writing straight into an `HttpResponse`.
class ResponseReader final : public boost::beast::http::basic_parser<false> {
  using error_code = boost::beast::error_code;
  using text = boost::beast::string_view;

 public:
  ResponseReader(HttpResponse& response, std::size_t max_header, std::size_t max_body, bool cut)
      : response_(response), max_body_(max_body), cut_(cut) {
    response.clear();
    eager(true);
    header_limit(static_cast<std::uint32_t>(std::min<std::size_t>(max_header, UINT32_MAX)));
    if (cut) {
      body_limit(boost::none);
    } else {
      body_limit(max_body);
    }
  }

 private:
  void on_request_impl(boost::beast::http::verb, text, text, int, error_code&) override {}
  void on_response_impl(int status, text, int, error_code&) override { response_.status = status; }
  void on_field_impl(boost::beast::http::field, text name, text value, error_code&) override {
    if (!in_body_)
      response_.headers.add({name.data(), name.size()}, {value.data(), value.size()});  // trailers are dropped
  }
  void on_header_impl(error_code&) override { in_body_ = true; }
  void on_body_init_impl(const boost::optional<std::uint64_t>& length, error_code&) override {
    // A length is only a claim: room for a modest body at once, more as it arrives.
    if (length)
      static_cast<void>(response_.body.prepare(
          std::min<std::size_t>({static_cast<std::size_t>(*length), max_body_, std::size_t{1} << 18})));
  }
  std::size_t on_body_impl(text bytes, error_code& ec) override { return take(bytes, ec); }
  void on_chunk_header_impl(std::uint64_t, text, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, text bytes, error_code& ec) override { return take(bytes, ec); }
  void on_finish_impl(error_code&) override {}

  std::size_t take(text bytes, error_code& ec) {
    const std::size_t room = max_body_ - response_.body.size();
    if (bytes.size() > room) {
      ec = boost::beast::http::error::body_limit;
      if (!cut_) return 0;
    }
    response_.body.append({bytes.data(), std::min(bytes.size(), room)});
    return bytes.size();
  }

  HttpResponse& response_;
  std::size_t max_body_;
  bool cut_;
  bool in_body_ = false;
};

}  // namespace patchbay::beast::detail
