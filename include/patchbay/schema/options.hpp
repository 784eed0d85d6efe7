// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>

namespace patchbay {

/// How loose values become typed ones.
enum class Coercion : std::uint8_t {
  strict,   ///< The whole value must be of the field's type, exactly (hazards A21–A23).
  lenient,  ///< As document A's `coerceVariables` does, except that non-finite numbers and reserved names stay refused.
};

/// What becomes of a variable that the schema does not declare (hazard A20).
enum class Unknown : std::uint8_t {
  reject,     ///< A violation that names it.
  as_string,  ///< Written as a string: text as it is; JSON as its minified text, or as JavaScript's `String` under
              ///< `lenient`.
  as_is,      ///< Text is written as a string, JSON as the JSON that it is.
  ignore,     ///< Neither written nor looked at: for decoding the answers of a server, which may come to say more.
};

/// How a schema treats its input; a template argument: `schema<T, SchemaOptions{.unknown = Unknown::as_string}>`.
struct SchemaOptions {
  Coercion coercion = Coercion::strict;
  Unknown unknown = Unknown::reject;
};

}  // namespace patchbay
