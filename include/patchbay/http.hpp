// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>  // memcpy, memmove, memset
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <patchbay/endpoint.hpp>

namespace patchbay {

enum class Method : std::uint8_t { get, post, patch, put };

[[nodiscard]] constexpr std::string_view to_string(Method method) noexcept {
  switch (method) {
    case Method::get: return "GET";
    case Method::post: return "POST";
    case Method::patch: return "PATCH";
    case Method::put: return "PUT";
  }
  return "GET";
}

/// ASCII comparison without regard to case, for header names and schemes (RFC 9110 section 5.1).
[[nodiscard]] constexpr bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept {
  if (a.size() != b.size()) return false;
  if (a == b) return true;  // as is usual
  for (std::size_t i = 0; i < a.size(); ++i) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; };
    if (lower(a[i]) != lower(b[i])) return false;
  }
  return true;
}

/// Bytes received, followed by at least `padding` readable zero bytes, which the JSON parser needs.
///
/// A transport writes straight into it: `prepare(n)` gives room at the end, `commit(n)` keeps what was written. The
/// memory is kept by `clear()`, so that a body that is used again allocates nothing.
class Body {
 public:
  static constexpr std::size_t padding = 64;

  Body() = default;
  Body(Body&& other) noexcept
      : data_(std::move(other.data_)), size_(std::exchange(other.size_, 0)), capacity_(std::exchange(other.capacity_, 0)) {}
  Body& operator=(Body&& other) noexcept {
    data_ = std::move(other.data_);
    size_ = std::exchange(other.size_, 0);
    capacity_ = std::exchange(other.capacity_, 0);
    return *this;
  }
  Body(const Body& other) { append(other.view()); }
  Body& operator=(const Body& other) {
    if (this != &other) assign(other.view());
    return *this;
  }
  ~Body() = default;

  [[nodiscard]] std::string_view view() const noexcept { return {data_.get(), size_}; }
  [[nodiscard]] const char* data() const noexcept { return data_.get(); }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  /// Readable bytes from `data()`, the padding included; what simdjson calls the allocated size.
  [[nodiscard]] std::size_t allocated() const noexcept { return data_ ? capacity_ + padding : 0; }

  void clear() noexcept {
    size_ = 0;
    if (data_) std::memset(data_.get(), 0, padding);
  }
  /// Room for `n` more bytes behind the present ones; valid until the next call.
  [[nodiscard]] std::span<char> prepare(std::size_t n) {
    if (!data_ || capacity_ - size_ < n) grow(n);
    return {data_.get() + size_, n};
  }
  /// Keeps `n` of the bytes that `prepare` gave room for, and zeroes the padding behind them.
  void commit(std::size_t n) noexcept {
    size_ += n;
    std::memset(data_.get() + size_, 0, padding);
  }
  /// `bytes` may be a part of this body.
  void append(std::string_view bytes) {
    std::unique_ptr<char[]> replaced;
    if (!data_ || capacity_ - size_ < bytes.size()) replaced = grow(bytes.size());
    if (!bytes.empty()) std::memmove(data_.get() + size_, bytes.data(), bytes.size());
    commit(bytes.size());
  }
  void assign(std::string_view bytes) {
    size_ = 0;
    append(bytes);
  }

 private:
  // Room for `n` more; gives the former memory back, which the bytes to be appended may be in.
  std::unique_ptr<char[]> grow(std::size_t n) {
    // Beyond what can exist the sum stays there, so that the allocation fails rather than the sum wraps.
    constexpr std::size_t most = (std::numeric_limits<std::ptrdiff_t>::max)() - padding;
    const std::size_t wanted = n < most - size_ ? size_ + n : most;
    std::size_t capacity = capacity_ < 512 ? 512 : capacity_ * 2;
    if (capacity < wanted) capacity = wanted;
    auto larger = std::make_unique_for_overwrite<char[]>(capacity + padding);
    if (size_ != 0) std::memcpy(larger.get(), data_.get(), size_);
    capacity_ = capacity;
    return std::exchange(data_, std::move(larger));
  }
  std::unique_ptr<char[]> data_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

/// Header fields in the order received, in one buffer that `clear()` keeps.
class Headers {
 public:
  void clear() noexcept {
    text_.clear();
    fields_.clear();
  }
  void add(std::string_view name, std::string_view value) {
    const Field field{static_cast<std::uint32_t>(text_.size()), static_cast<std::uint32_t>(name.size()),
                      static_cast<std::uint32_t>(value.size())};
    text_.append(name).append(value);
    fields_.push_back(field);
  }
  /// The first field of that name, in any case; nothing when there is none.
  [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const noexcept {
    for (const Field& field : fields_)
      if (equal_ignoring_case(name_of(field), name)) return value_of(field);
    return std::nullopt;
  }
  [[nodiscard]] std::size_t size() const noexcept { return fields_.size(); }
  [[nodiscard]] std::string_view name(std::size_t i) const noexcept { return name_of(fields_[i]); }
  [[nodiscard]] std::string_view value(std::size_t i) const noexcept { return value_of(fields_[i]); }

 private:
  struct Field {
    std::uint32_t at, name, value;
  };
  [[nodiscard]] std::string_view name_of(const Field& f) const noexcept { return std::string_view(text_).substr(f.at, f.name); }
  [[nodiscard]] std::string_view value_of(const Field& f) const noexcept {
    return std::string_view(text_).substr(f.at + f.name, f.value);
  }
  std::string text_;
  std::vector<Field> fields_;
};

/// One header field of a request; the text belongs to the protocol that sends it.
struct HeaderView {
  std::string_view name;
  std::string_view value;
};

/// A request as a transport sees it: views of what the protocol owns until the exchange is settled.
///
/// A transport adds `Host`, `Content-Length` and, if it likes, `Connection` and `User-Agent`; it follows no redirect
/// (hazard A16) and repeats nothing by itself, a request on a kept connection that closed under it included, unless
/// it knows that no byte of it was sent. Headers carry credentials: a transport never logs them.
class HttpRequest {
 public:
  HttpRequest(Method method_in, const Endpoint& endpoint_in, std::string_view target_in)
      : method(method_in), endpoint(&endpoint_in), target(target_in) {}

  Method method;
  const Endpoint* endpoint;              ///< Host, port and scheme; never null.
  std::string_view target;               ///< Path and query, percent-encoded, beginning with `/`.
  std::span<const HeaderView> headers{};
  std::string_view body{};
  std::string_view name{};               ///< What the exchange is, for logs: `interaction.get`. Holds no identifier.
  std::size_t max_body = std::size_t{32} << 20;  ///< Answers beyond it fail with `TransportFault::too_large`.
};

/// An answer; reused between exchanges, so a transport calls `clear()` first and then writes into it.
class HttpResponse {
 public:
  int status = 0;
  Headers headers;
  Body body;

  void clear() noexcept {
    status = 0;
    headers.clear();
    body.clear();
  }
};

}  // namespace patchbay
