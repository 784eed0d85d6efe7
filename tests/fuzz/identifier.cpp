// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// Identifiers, and what is made of texts that stand in requests and messages: an input is such a text. What it is taken for
// is asked of regular expressions, and what is written of it is read back.
#include "fuzz/law.hpp"

#include <patchbay/identifier.hpp>
#include <patchbay/testing/detail/wire_text.hpp>

#include <regex>
#include <string>
#include <string_view>

using namespace patchbay;
using patchbay_fuzz::law;

namespace {

bool matches(const std::string& text, const std::regex& rule) { return std::regex_match(text, rule); }

void check_message(const Result<void>& result, bool fine, std::string_view text) {
  law(result.has_value() == fine, "checked as judged", {text});
  if (fine) return;
  const std::string& why = result.error().message();
  law(result.error().code() == ErrorCode::invalid_argument && why.starts_with("what: "), "the error names the argument",
      {text, why});
  law(why.size() < 500, "and is short", {why});
  for (const char c : why) law(c >= 0x20 && c <= 0x7e, "and can be printed", {why});
}

/// The text between the quotes of what a message shows, as it was.
std::string shown(std::string_view quoted) {
  std::string out;
  for (std::size_t i = 1; i + 1 < quoted.size(); ++i) {
    if (quoted[i] != '\\') {
      out.push_back(quoted[i]);
    } else if (quoted[i + 1] == 'x') {
      out.push_back(static_cast<char>(std::stoi(std::string(quoted.substr(i + 2, 2)), nullptr, 16)));
      i += 3;
    } else {
      out.push_back(quoted[++i]);
    }
  }
  return out;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::regex identifier("[A-Za-z0-9._~-]{1,128}");
  static const std::regex uuid("[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}");
  const std::string text(patchbay_fuzz::as_text(data, size));
  const bool is_id = matches(text, identifier) && text != "." && text != "..";
  law(is_identifier(text) == is_id, "which texts are identifiers", {text});
  law(is_uuid(text) == matches(text, uuid), "which are UUIDs", {text});
  law(!is_uuid(text) || is_identifier(text), "a UUID is an identifier", {text});
  check_message(check_identifier(text, "what"), is_id, text);
  check_message(check_uuid(text, "what"), matches(text, uuid), text);

  std::string encoded("x");
  append_percent_encoded(encoded, text);
  for (const char c : encoded)
    law(c == '%' || detail::is_unreserved(c), "what is encoded can stand in a path", {text, encoded});
  const auto decoded = testing::detail::percent_decoded(std::string_view(encoded).substr(1), false);
  law(encoded.front() == 'x' && decoded && *decoded == text, "and is the same once decoded", {text, encoded});
  law(!is_id || encoded.substr(1) == text, "an identifier needs no encoding", {text});

  std::string field("a=");
  append_form_encoded(field, text);
  const auto form = testing::detail::parse_form(field + "&b=c");
  law(form && form->size() == 2 && (*form)[0].second == text && (*form)[1].second == "c",
      "a form's field stays one field", {text, field});

  std::string quoted;
  detail::append_shown(quoted, text, 64);
  const bool cut = size > 64;
  law(quoted.front() == '"' && quoted.back() == '"', "what is shown stands in quotes", {quoted});
  if (cut) law(quoted.ends_with("...\""), "and says that it was cut", {quoted});
  law(shown(quoted) == text.substr(0, 64) + (cut ? "..." : ""), "and nothing of it is lost", {text, quoted});
  return 0;
}
