// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <patchbay/config.hpp>
#include <patchbay/http.hpp>

namespace patchbay {

class JsonReader;  // json/read.hpp

/// What the body of a refusal says of its cause, in either of the cloud's two shapes: the API's `ErrorBody` (`code`,
/// `message`, `contextId`, `details[]`, `errors[]`), and the login host's (`error`, `error_description`, `description`;
/// RFC 6749 section 5.2). Every member of either is optional. Used again, it keeps its memory.
///
/// It is the server's text, and so it may hold customers' data; it is bounded, and has no control characters, but only
/// whoever knows a secret can tell whether the server has repeated it.
class ErrorBody {
 public:
  static constexpr std::size_t largest_body = std::size_t{64} << 10;  ///< In bytes; a larger one is no error's.
  static constexpr std::size_t code_limit = 128;      ///< In bytes; a longer code is none.
  static constexpr std::size_t message_limit = 512;   ///< In bytes; a longer message is cut, as excerpts are.
  static constexpr std::size_t max_inner_codes = 16;  ///< Further ones are left out.
  static constexpr int max_depth = 4;                 ///< Of `errors` within `errors`; what is deeper is left out.

  ErrorBody() noexcept = default;

  /// For programs: `code`, or else `error`, such as `conversation.error.user.not.party` or `invalid_client`. Letters,
  /// digits, `.`, `_` and `-` alone; anything else counts as none.
  std::string code;
  /// For people: the first of `message`, `error_description`, `description` and `messageWithParams` that has any text.
  std::string message;
  std::string context_id;  ///< What the header `inin-correlation-id` says as well.
  /// `details[].errorCode`, and `code` and `details[].errorCode` of all `errors[]`, in their order.
  std::vector<std::string> inner_codes;

  /// Whether it is about that: `code` or one of the inner codes is the one asked for, which is not empty.
  [[nodiscard]] PATCHBAY_DECL bool names(std::string_view asked) const noexcept;
  /// As new, but with its memory.
  PATCHBAY_DECL void clear() noexcept;
};

/// Reads the body of a refusal. False, and `out` says nothing, when it is none that can be read: absent, no JSON object,
/// cut short, larger than `ErrorBody::largest_body`. A member of another type than the definition's counts as absent; of
/// duplicates the first counts.
PATCHBAY_DECL bool parse_error_body(const Body& body, JsonReader& reader, ErrorBody& out);

}  // namespace patchbay

#if !defined(PATCHBAY_SEPARATE_COMPILATION)
#include <patchbay/cloud/impl/error_body.ipp>
#endif
