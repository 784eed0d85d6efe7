// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// Coercion and parsing of variables: an input is a byte that chooses the options, and lines, one variable each: `t` for
// text or `j` for JSON, the name, `=`, the value.
#include "fuzz/law.hpp"
#include "support/rich_schema.hpp"
#include "support/schema_laws.hpp"

#include <algorithm>  // min
#include <string>
#include <string_view>

using namespace patchbay;
using patchbay_test::Rich;
using patchbay_test::SchemaLaws;

namespace {

constexpr std::string_view times[] = {"span", "wait", "when", "day"};

Variables read(std::string_view lines) {
  Variables out;
  while (!lines.empty()) {
    const std::string_view line = lines.substr(0, lines.find('\n'));
    lines.remove_prefix(std::min(line.size() + 1, lines.size()));
    if (line.empty()) continue;
    const std::string_view rest = line.substr(1);
    const std::string_view name = rest.substr(0, rest.find('='));
    const std::string_view value = rest.substr(std::min(name.size() + 1, rest.size()));
    line.front() == 'j' ? out.json(name, value) : out.text(name, value);
  }
  return out;
}

template <SchemaOptions O>
void check(const Variables& variables) {
  static SchemaLaws<Rich, O> laws(times);
  const std::string broken = laws.of_variables(variables);
  patchbay_fuzz::law(broken.empty(), broken);
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const Variables variables = read(patchbay_fuzz::as_text(data + 1, size - 1));
  switch (data[0] % 8) {
    case 1: check<SchemaOptions{.unknown = Unknown::as_string}>(variables); break;
    case 2: check<SchemaOptions{.unknown = Unknown::as_is}>(variables); break;
    case 3: check<SchemaOptions{.unknown = Unknown::ignore}>(variables); break;
    case 4: check<SchemaOptions{.coercion = Coercion::lenient}>(variables); break;
    case 5: check<SchemaOptions{.coercion = Coercion::lenient, .unknown = Unknown::as_string}>(variables); break;
    case 6: check<SchemaOptions{.coercion = Coercion::lenient, .unknown = Unknown::as_is}>(variables); break;
    default: check<SchemaOptions{}>(variables); break;
  }
  return 0;
}
