// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// Coerces each line of standard input, a JSON object of variables, with the documents' schema under
// `Coercion::lenient`, and answers with a line: the JSON object that was made of it, or `!` and the violations.
#include <patchbay/policy/schema.hpp>
#include <patchbay/schema/document_schemas.hpp>

#include <iostream>
#include <string>
#include <string_view>
#include <vector>

int main() {
  using namespace patchbay;
  static constexpr std::string_view reserved[] = {"ivr_state", "flow_node", "last_updated", "transition_id"};
  constexpr SchemaOptions as_the_document{.coercion = Coercion::lenient, .unknown = Unknown::as_string};
  JsonReader reader;
  std::vector<Violation> violations;
  std::string line, members;
  while (std::getline(std::cin, line)) {
    violations.clear();
    members.clear();
    const auto in = Variables::from_json(line, reader);
    if (in) {
      schema<IvrVariables, as_the_document>.coerce(*in, reader, reserved, violations, members);
    } else {
      violations = in.error().violations();
    }
    if (violations.empty()) {
      std::cout << '{' << members << "}\n";
      continue;
    }
    std::cout << '!';
    for (const Violation& each : violations) std::cout << ' ' << each.path << ": " << each.rule << ';';
    std::cout << '\n';
  }
}
