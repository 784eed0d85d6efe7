// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // all_of, min
#include <charconv>

#include <patchbay/curl/impl/answer.hpp>

namespace patchbay::curl::detail {

constexpr int max_interim_answers = 16;

TransportError describe(TransportFault fault, Delivery delivery, std::string_view what, std::string_view why) {
  std::string text(what);
  if (!why.empty()) text.append(": ").append(why);
  if (text.size() > 200) text.resize(200);
  return {fault, delivery, std::move(text)};
}

bool is_field_name(std::string_view name) noexcept {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    const auto u = static_cast<unsigned char>(c);
    return u > 0x20 && u < 0x7f && std::string_view("\"(),/:;<=>?@[\\]{}").find(c) == std::string_view::npos;
  });
}

bool is_field_value(std::string_view value) noexcept {
  return std::all_of(value.begin(), value.end(), [](char c) {
    const auto u = static_cast<unsigned char>(c);
    return (u >= 0x20 && u != 0x7f) || c == '\t';
  });
}

std::string_view trimmed(std::string_view s) noexcept {
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!s.empty() && blank(s.front())) s.remove_prefix(1);
  while (!s.empty() && blank(s.back())) s.remove_suffix(1);
  return s;
}

// Takes the next line off `text`, and its end off the line.
std::string_view next_line(std::string_view& text) noexcept {
  const std::size_t end = std::min(text.find('\n'), text.size());
  std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

void Answer::begin(HttpResponse& response, std::size_t max_header, std::size_t max_body) noexcept {
  response_ = &response;
  max_header_ = max_header;
  max_body_ = max_body;
  head_.clear();
  trailer_ = raw_ = 0;
  interim_ = 0;
  final_ = open_ended_ = failed_ = false;
  refusal_.reset();
}

bool Answer::refuse(TransportFault fault, std::string_view why) {
  refusal_.emplace(describe(fault, Delivery::maybe_sent, why));
  return false;
}

bool Answer::add_line(std::string_view line) {
  if (final_) {
    trailer_ += line.size();  // dropped, but not without end
    return trailer_ <= max_header_ || refuse(TransportFault::too_large, "the answer's trailer is beyond the limit");
  }
  if (head_.size() + line.size() > max_header_)
    return refuse(TransportFault::too_large, "the answer's header is beyond the limit");
  head_.append(line);
  if (line != "\r\n" && line != "\n") return true;
  const bool good = read_head();
  head_.clear();
  return good;
}

bool Answer::read_head() {
  std::string_view rest = head_;
  const std::string_view status = next_line(rest);
  const auto digit = [&](std::size_t at) { return status[at] >= '0' && status[at] <= '9'; };
  if (status.size() < 12 || !status.starts_with("HTTP/1.") || !digit(7) || status[8] != ' ' || !digit(9) ||
      !digit(10) || !digit(11) || (status.size() > 12 && status[12] != ' ') || status[9] == '0')
    return refuse(TransportFault::malformed, "the answer is not HTTP");
  response_->clear();
  response_->status = (status[9] - '0') * 100 + (status[10] - '0') * 10 + (status[11] - '0');
  if (!read_fields(rest)) return false;
  if (response_->status >= 200) return final_ = true;
  if (response_->status == 101 || ++interim_ > max_interim_answers)
    return refuse(TransportFault::malformed, "an interim answer that nobody asked for");
  response_->clear();
  return true;
}

bool Answer::read_fields(std::string_view rest) {
  std::optional<std::size_t> length;
  bool coded = false;
  while (!rest.empty()) {
    const std::string_view line = next_line(rest);
    if (line.empty()) break;
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || !is_field_name(line.substr(0, colon)))
      return refuse(TransportFault::malformed, "a header field of the answer is malformed");
    const std::string_view name = line.substr(0, colon);
    std::string_view value = trimmed(line.substr(colon + 1));
    std::string unfolded;
    while (rest.starts_with(' ') || rest.starts_with('\t')) {  // a folded value is one value (RFC 9112 section 5.2)
      if (unfolded.empty()) unfolded = value;
      unfolded.append(" ").append(trimmed(next_line(rest)));
      value = unfolded;
    }
    if (!is_field_value(value)) return refuse(TransportFault::malformed, "a header field of the answer is malformed");
    if (equal_ignoring_case(name, "Content-Length")) {
      std::size_t size = 0;
      const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), size);
      if (value.empty() || error != std::errc{} || end != value.data() + value.size() || (length && *length != size))
        return refuse(TransportFault::malformed, "the answer's length is malformed");
      length = size;
    } else if (equal_ignoring_case(name, "Transfer-Encoding")) {
      if (coded || !equal_ignoring_case(value, "chunked"))
        return refuse(TransportFault::malformed, "the answer has a transfer coding that nobody asked for");
      coded = true;
    }
    response_->headers.add(name, value);
  }
  if (coded && length) return refuse(TransportFault::malformed, "the answer has two lengths");
  const bool bodiless = response_->status < 200 || response_->status == 204 || response_->status == 304;
  open_ended_ = !bodiless && !coded && !length;
  if (length && !bodiless) {
    if (*length > max_body_) return refuse(TransportFault::too_large, "the answer's body is beyond the limit");
    // A length is only a claim: room for a modest body at once, more as it arrives.
    static_cast<void>(response_->body.prepare(std::min<std::size_t>(*length, std::size_t{1} << 18)));
  }
  return true;
}

bool Answer::add_body(std::string_view bytes) {
  if (!final_) return refuse(TransportFault::malformed, "the answer is not HTTP");
  if (bytes.size() > max_body_ - response_->body.size())
    return refuse(TransportFault::too_large, "the answer's body is beyond the limit");
  response_->body.append(bytes);
  return true;
}

bool Answer::is_worth_reading() {
  // A chunk of one byte takes six bytes; sixteen are allowed, and the beginning is free.
  constexpr std::size_t free_bytes = std::size_t{64} << 10;
  if (refusal_) return false;
  if (raw_ < free_bytes || raw_ - free_bytes <= response_->body.size() * 16 + max_header_) return true;
  return refuse(TransportFault::malformed, "the answer's chunks are all framing");
}

}  // namespace patchbay::curl::detail
