// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// Decoding into structs that are built in place, of their members by a constructor, and of themselves: an input is the
// text of a JSON object, which each of them gets.
#include "fuzz/law.hpp"
#include "support/rich_schema.hpp"
#include "support/schema_laws.hpp"

#include <string>
#include <string_view>
#include <vector>

using namespace patchbay;
using patchbay_fuzz::law;

namespace {

template <class T>
std::string encoded(const T& value) {
  std::string buffer(schema<T>.encoded_size(value), '#');
  const auto written = schema<T>.encode_into(value, buffer);
  law(written && *written == buffer.size(), "what was decoded is encoded, in its size", {buffer});
  return buffer;
}

template <class T>
void check(std::string_view json, JsonReader& reader) {
  constexpr SchemaOptions ignoring{.unknown = Unknown::ignore};
  const auto closed = schema<T>.decode(json, reader);
  const auto open = schema<T, ignoring>.decode(json, reader);
  if (!closed) {
    law(closed.error().code() == ErrorCode::validation_failed && !closed.error().violations().empty(), "what is wrong is said", {json});
    if (open) static_cast<void>(encoded(*open));
    return;
  }
  const std::string text = encoded(*closed);
  law(open && encoded(*open) == text, "nothing unknown, nothing ignored", {json, text});
  const auto again = schema<T>.decode(text);  // by a reader of its own
  law(again && encoded(*again) == text, "what was encoded is decoded", {json, text});
  std::vector<Violation> violations;
  std::string members;
  schema<T>.coerce(json, reader, {}, violations, members);
  law(violations.empty(), "what is decoded is coerced", {json});
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static JsonReader reader;
  const std::string_view json = patchbay_fuzz::as_text(data, size);
  check<patchbay_test::Rich>(json, reader);
  check<patchbay_test::RichTree>(json, reader);
  check<patchbay_test::RichPair>(json, reader);
  check<HoldCommand>(json, reader);
  check<IvrVariables>(json, reader);
  return 0;
}
