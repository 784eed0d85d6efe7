// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// Coerces each line of standard input, a JSON object of variables, with the documents' schema under
// `Coercion::lenient`, and answers with a line: the JSON object that was made of it, or `!` and the violations. It does
// so twice, by variables and by the text in one pass, and answers `?` and both when they differ.
#include <patchbay/policy/schema.hpp>
#include <patchbay/schema/document_schemas.hpp>

#include <iostream>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace patchbay;

constexpr std::string_view reserved[] = {"ivr_state", "flow_node", "last_updated", "transition_id"};
constexpr SchemaOptions as_the_document{.coercion = Coercion::lenient, .unknown = Unknown::as_string};

/// What was made, or why nothing was.
std::string answer(const std::vector<Violation>& violations, const std::string& members) {
  if (violations.empty()) return "{" + members + "}";
  std::string out = "!";
  for (const Violation& each : violations) out.append(" ").append(each.path).append(": ").append(each.rule).append(";");
  return out;
}

std::string by_variables(const std::string& line, JsonReader& reader) {
  const auto in = Variables::from_json(line, reader);
  if (!in) return answer(in.error().violations(), {});
  std::vector<Violation> violations;
  std::string members;
  schema<IvrVariables, as_the_document>.coerce(*in, reader, reserved, violations, members);
  return answer(violations, members);
}

std::string in_one_pass(const std::string& line, JsonReader& reader) {
  std::vector<Violation> violations;
  std::string members;
  schema<IvrVariables, as_the_document>.coerce(line, reader, reserved, violations, members);
  return answer(violations, members);
}

}  // namespace

int main() {
  JsonReader reader;
  std::string line;
  while (std::getline(std::cin, line)) {
    const std::string one = by_variables(line, reader), other = in_one_pass(line, reader);
    // Where both refuse, the words may differ: a text that is no JSON is refused earlier by the one than by the other.
    const bool same = one == other || (one.starts_with('!') && other.starts_with('!'));
    std::cout << (same ? one : "? " + one + " " + other) << '\n';
  }
}
