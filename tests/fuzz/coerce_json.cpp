// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// Coercion and decoding of JSON text: an input is a byte that chooses the options, and the text.
#include "fuzz/law.hpp"
#include "support/rich_schema.hpp"
#include "support/schema_laws.hpp"

#include <string>
#include <string_view>

using namespace patchbay;
using patchbay_test::Rich;
using patchbay_test::SchemaLaws;

namespace {

constexpr std::string_view times[] = {"span", "wait", "when", "day"};

template <SchemaOptions O>
void check(std::string_view json) {
  static SchemaLaws<Rich, O> laws(times);
  const std::string broken = laws.of_json(json);
  patchbay_fuzz::law(broken.empty(), broken);
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view json = patchbay_fuzz::as_text(data + 1, size - 1);
  switch (data[0] % 8) {
    case 1: check<SchemaOptions{.unknown = Unknown::as_string}>(json); break;
    case 2: check<SchemaOptions{.unknown = Unknown::as_is}>(json); break;
    case 3: check<SchemaOptions{.unknown = Unknown::ignore}>(json); break;
    case 4: check<SchemaOptions{.coercion = Coercion::lenient}>(json); break;
    case 5: check<SchemaOptions{.coercion = Coercion::lenient, .unknown = Unknown::as_string}>(json); break;
    case 6: check<SchemaOptions{.coercion = Coercion::lenient, .unknown = Unknown::as_is}>(json); break;
    default: check<SchemaOptions{}>(json); break;
  }
  return 0;
}
