// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// What an answer consists of: fields and a body, and the rate limit that the fields tell of. An input is fields, one on a
// line, then an empty line and what is done to a body, step by step. The same is done with the standard library's types.
#include "fuzz/bytes.hpp"
#include "fuzz/law.hpp"

#include <patchbay/cloud/rate_limit.hpp>
#include <patchbay/http.hpp>

#include <algorithm>
#include <cctype>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace patchbay;
using patchbay_fuzz::law;

namespace {

std::string lower(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    out.push_back(byte < 0x80 ? static_cast<char>(std::tolower(byte)) : c);
  }
  return out;
}

using Fields = std::vector<std::pair<std::string, std::string>>;

/// The last field of the name, if it is a number of at most nine digits.
std::optional<std::int64_t> number_in(const Fields& fields, std::string_view name) {
  std::optional<std::int64_t> out;
  for (const auto& [each, value] : fields) {
    if (lower(each) != name) continue;
    const bool digits = !value.empty() && value.size() < 10 &&
                        std::all_of(value.begin(), value.end(), [](char c) { return c >= '0' && c <= '9'; });
    out = digits ? std::optional<std::int64_t>(std::stoll(value)) : std::nullopt;
  }
  return out;
}

void check_fields(std::string_view text) {
  Headers headers;
  Fields fields;
  headers.add("Gone", "away");
  headers.clear();
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const std::size_t colon = line.find(':');
    const std::string_view name = line.substr(0, colon);
    const std::string_view value = colon == std::string_view::npos ? std::string_view{} : line.substr(colon + 1);
    headers.add(name, value);
    fields.emplace_back(name, value);
  }
  law(headers.size() == fields.size(), "every field is there");
  for (std::size_t i = 0; i < fields.size(); ++i) {
    law(headers.name(i) == fields[i].first && headers.value(i) == fields[i].second, "fields in order",
        {fields[i].first});
    const auto found = headers.find(fields[i].first);
    const auto first = std::find_if(fields.begin(), fields.end(),
                                    [&](const auto& each) { return lower(each.first) == lower(fields[i].first); });
    law(found && *found == first->second, "the first field of a name is found, whatever its case", {fields[i].first});
  }
  law(headers.find("a\nb") == std::nullopt, "no field is made up, such as one with a line's end");

  const auto limit = rate_limit_of(headers);
  const auto allowed = number_in(fields, "inin-ratelimit-allowed"), count = number_in(fields, "inin-ratelimit-count"),
             reset = number_in(fields, "inin-ratelimit-reset");
  const bool whole = allowed && *allowed > 0 && count && reset && *reset <= 3600;
  law(limit.has_value() == whole, "a limit is told by three numbers");
  if (limit)
    law(limit->allowed == *allowed && limit->count == *count && limit->reset == seconds{*reset}, "which limit it is");
}

void check_same(const Body& body, const std::string& expected) {
  law(body.view() == expected, "a body holds what it was given", {body.view(), expected});
  law(body.empty() == expected.empty() && body.size() == expected.size(), "and knows its size");
  if (body.allocated() == 0) return law(expected.empty(), "memory for what it holds");
  law(body.allocated() >= body.size() + Body::padding, "the padding is its own");
  for (std::size_t i = 0; i < Body::padding; ++i) law(body.data()[body.size() + i] == '\0', "the padding is zero");
}

void check_body(patchbay_fuzz::Bytes& bytes) {
  Body body;
  std::string expected;
  for (int step = 0; step < 200 && !bytes.empty(); ++step) {
    switch (bytes.below(8)) {
      case 0: {
        const std::string_view text = bytes.text(200);
        body.append(text), expected.append(text);
        break;
      }
      case 1: {
        const std::string_view text = bytes.text(40);
        body.assign(text), expected.assign(text);
        break;
      }
      case 2: body.clear(), expected.clear(); break;
      case 3: {  // a part of itself
        const std::size_t from = bytes.below(256) % (expected.size() + 1), size = bytes.below(1200);
        const std::string part = expected.substr(from, size);
        if (expected.size() > 20'000) break;
        body.append(body.view().substr(from, size)), expected.append(part);
        break;
      }
      case 4: {
        const std::size_t room = bytes.below(1500), kept = room == 0 ? 0 : bytes.below(256) % room;
        const auto span = body.prepare(room);
        law(span.size() == room, "as much room as was asked for");
        std::fill(span.begin(), span.end(), 'x');
        body.commit(kept), expected.append(kept, 'x');
        break;
      }
      case 5: {
        const Body copy = body;
        check_same(copy, expected);
        body = copy;
        break;
      }
      case 6: {
        Body moved = std::move(body);
        check_same(moved, expected);
        body = std::move(moved);
        break;
      }
      default: {
        const std::size_t from = bytes.below(256) % (expected.size() + 1);
        const std::string part = expected.substr(from);
        body.assign(body.view().substr(from)), expected = part;
      }
    }
    check_same(body, expected);
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = patchbay_fuzz::as_text(data, size);
  const std::size_t end = text.find("\n\n");
  check_fields(text.substr(0, end));
  const std::size_t from = end == std::string_view::npos ? size : end + 2;
  patchbay_fuzz::Bytes bytes(data + from, size - from);
  check_body(bytes);
  return 0;
}
