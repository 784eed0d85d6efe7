// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// Excerpts of what servers say, which go into errors, logs and the audit: an input says where in a text of any bytes a
// credential stands, by which name, and how much of it is excerpted. The credential never comes out.
#include "fuzz/bytes.hpp"
#include "fuzz/law.hpp"

#include <patchbay/observe/audit.hpp>
#include <patchbay/observe/redact.hpp>
#include <patchbay/secret.hpp>

#include "support/json_tree.hpp"

#include <array>
#include <string>
#include <string_view>

using namespace patchbay;
using patchbay_fuzz::law;

namespace {

/// Of the letters that tokens and secrets have; nothing else in an excerpt looks like it.
constexpr std::string_view canary = "qZ7-kX9.vW3_yU5~tR1+pO8/mN6==";

/// How a credential stands in what a server echoes: the words before it, and what ends it.
struct Setting {
  std::string_view before, behind;
};
constexpr std::array<Setting, 14> settings{
    Setting{"Bearer ", " "},
    Setting{"Authorization: Bearer ", "\r\n"},
    Setting{"authorization: BASIC   ", "\n"},
    Setting{"\"access_token\":\"", "\""},
    Setting{"\"access_token\" : \"", "\","},
    Setting{"\\\"refresh_token\\\":\\\"", "\\\""},
    Setting{"client_secret=", "&"},
    Setting{"?access_token=", "&x=1"},
    Setting{"'password': '", "'"},
    Setting{"client_assertion=", ";"},
    Setting{"ID_TOKEN=", "<"},
    Setting{"Password: ", ","},
    Setting{"\"access_token\":\"Bearer ", "\""},
    Setting{"{\"client_secret\":\"", "\"}"},
};

void check_safe(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = detail::utf8_sequence(text, i);
    law(length != 0, "an excerpt is UTF-8", {text});
    const char32_t point = detail::utf8_code_point(text, i, length);
    law(!detail::is_control(point) && !detail::is_deceptive(point), "nothing in it obeys or deceives", {text});
    i += length;
  }
}

/// No six letters of the credential: of fewer nobody can make anything.
void check_secret(std::string_view text) {
  for (std::size_t i = 0; i + 6 <= canary.size(); ++i)
    law(text.find(canary.substr(i, 6)) == std::string_view::npos, "a credential comes out", {text});
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  patchbay_fuzz::Bytes bytes(data, size);
  const Setting& how = settings[bytes.below(settings.size())];
  const std::size_t limit = bytes.below(700);
  const std::string before = std::string(bytes.text(120)).append(how.before);
  const std::string behind = std::string(how.behind).append(bytes.rest());
  for (const std::string_view part : {std::string_view(before), std::string_view(behind)})
    for (std::size_t i = 0; i + 6 <= canary.size(); ++i)
      if (part.find(canary.substr(i, 6)) != std::string_view::npos) return 0;  // said by the input itself

  std::string text = before;
  text.append(canary).append(behind);
  const std::string found = excerpt(text, limit);
  law(found.size() <= limit, "an excerpt is no longer than asked for", {found});
  check_safe(found);
  check_secret(found);
  law(excerpt(text, limit) == found, "and always the same", {found});
  law(found.empty() || text.find(found.front()) != std::string::npos || found.front() == ' ' || found.front() == '<' ||
          found.front() == '\xef',
      "and says what was said", {found});

  // Where it ends up.
  AuditRecord record;
  record.error_code = to_string(ErrorCode::unavailable);
  record.error_message = text;
  record.reason = text;
  record.flow_version = text;
  record.action = "hold";
  std::string line;
  append_json(record, line);
  check_secret(line);
  law(line.find('\n') == std::string::npos && patchbay_test::JsonTree::parse(line).has_value(),
      "a record is one line of JSON", {line});

  Secret secret{std::string(canary)};
  const Secret copy = secret;
  const Secret moved = std::move(secret);
  law(copy.reveal() == canary && moved.reveal() == canary, "a secret stays what it is");
  return 0;
}
