// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <patchbay/http.hpp>
#include <patchbay/policy/transport.hpp>

namespace patchbay::curl::detail {

/// An error cut to what `TransportError::detail` allows.
[[nodiscard]] TransportError describe(TransportFault fault, Delivery delivery, std::string_view what,
                                      std::string_view why = {});

/// Puts an answer together from the lines and pieces that libcurl hands out, and refuses what libcurl is lenient about:
/// disagreeing lengths, fields without a colon, other versions, interim answers without end, sizes beyond the limits.
class Answer {
 public:
  Answer() = default;
  /// Makes ready for an answer, whatever went before, and keeps the memory of what went before.
  void begin(HttpResponse& response, std::size_t max_header, std::size_t max_body) noexcept;

  /// Takes one line of a header or of trailers, its end included. False ends the exchange with `refusal()`.
  [[nodiscard]] bool add_line(std::string_view line);
  /// Takes bytes of the body, without their framing. False as above.
  [[nodiscard]] bool add_body(std::string_view bytes);
  /// Takes notice of `size` bytes that arrived behind the header, framing included.
  void add_raw(std::size_t size) noexcept { raw_ += size; }
  /// Whether the body is framing without content: chunk extensions without end, say. False as above.
  [[nodiscard]] bool is_worth_reading();

  /// Whether a final header came in whole. The body is libcurl's to judge.
  [[nodiscard]] bool has_header() const noexcept { return final_; }
  /// Whether the body ends with the connection, for want of a length.
  [[nodiscard]] bool ends_with_connection() const noexcept { return open_ended_; }
  /// Why the answer was refused.
  [[nodiscard]] const std::optional<TransportError>& refusal() const noexcept { return refusal_; }
  /// What a callback of libcurl must not let out: memory ran out.
  void fail() noexcept { failed_ = true; }
  [[nodiscard]] bool failed() const noexcept { return failed_; }

 private:
  [[nodiscard]] bool refuse(TransportFault fault, std::string_view why);
  [[nodiscard]] bool read_head();
  [[nodiscard]] bool read_fields(std::string_view rest);

  HttpResponse* response_ = nullptr;
  std::size_t max_header_ = 0;
  std::size_t max_body_ = 0;
  std::string head_;  // of the answer that is being read, its lines as they came
  std::size_t trailer_ = 0;
  std::size_t raw_ = 0;
  int interim_ = 0;
  bool final_ = false;
  bool open_ended_ = false;
  bool failed_ = false;
  std::optional<TransportError> refusal_;
};

}  // namespace patchbay::curl::detail
