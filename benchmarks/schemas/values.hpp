// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <string_view>

#include "rules.hpp"
#include "work.hpp"

// The coercion that the peers share. `Out` writes one member's value in its library's way:
//   bool text(string_view)        a string; false when it cannot be written
//   bool number(string_view)      a number, as it is spelled
//   bool truth(bool)
//   bool object_of(string_view)   the JSON object that the text is; false when it is none
namespace patchbay::benchmarks {

/// A value that was given as a string.
template <class Out>
bool put_text(rules::Variable which, std::string_view text, Out&& out) {
  using namespace rules;
  switch (which) {
    case tier:
      return out.text(text);
    case note:
      return text.size() <= max_note && out.text(text);
    case rules::language:
      return is_language(text) && out.text(text);
    case conversation:
      return is_uuid(text) && out.text(text);
    case duration:
      return is_duration(text) && out.number(text == "-0" ? "0" : text);
    case balance:
      return is_number(text) && out.number(text);
    case supervisor:
      return rules::truth(text) >= 0 && out.truth(rules::truth(text) == 1);
    case metadata:
      return out.object_of(text);
    case unknown:
      break;
  }
  return false;
}

/// A number in JSON's grammar.
template <class Out>
bool put_number(rules::Variable which, std::string_view number, Out&& out) {
  using namespace rules;
  if (which == duration) return is_duration(number) && out.number(number == "-0" ? "0" : number);
  if (which == balance) return is_finite(number) && out.number(number);
  return which == supervisor && (number == "1" || number == "0") && out.truth(number == "1");
}

/// Whether a hold command keeps all rules.
[[nodiscard]] inline bool is_hold(const Hold& command) noexcept {
  return rules::is_uuid(command.interaction) && rules::is_reason(command.reason) && command.priority >= 0 &&
         command.priority <= 9 && (!command.music || rules::is_media_file(*command.music)) &&
         (!command.prompt || rules::is_media_file(*command.prompt));
}

}  // namespace patchbay::benchmarks
