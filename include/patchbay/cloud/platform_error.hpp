// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <string_view>

#include <patchbay/cloud/error_body.hpp>
#include <patchbay/config.hpp>

namespace patchbay::cloud::platform {

/// Whether an answer refuses a write of custom attributes because the record has another version than the write was
/// made for. Every operation can answer 409; only the code tells whether that is about versions.
[[nodiscard]] PATCHBAY_DECL bool is_version_conflict(int status, const ErrorBody& body) noexcept;

/// Why a hold or a release was refused, as far as it matters to what is done next.
enum class HoldRefusal : std::uint8_t {
  other,  ///< Anything else, a refusal without a code included.
  over,   ///< The conversation, or the participant's part in it, has ended; there is nothing to hold or release.
  not_the_party,   ///< The participant is not the caller's, or not in the conversation.
  alerting,        ///< It rings: what is not yet connected cannot be held.
  not_confinable,  ///< It can be held, but not with music.
  no_user,         ///< The operation is for people, and the token is a program's (client credentials).
};
[[nodiscard]] PATCHBAY_DECL std::string_view to_string(HoldRefusal refusal) noexcept;

/// What the refusal means; a status below 400 or from 500 refuses nothing and is `other`, as are 401 and 429, which are
/// about the caller.
[[nodiscard]] PATCHBAY_DECL HoldRefusal hold_refusal(int status, const ErrorBody& body) noexcept;

}  // namespace patchbay::cloud::platform

#if !defined(PATCHBAY_SEPARATE_COMPILATION)
#include <patchbay/cloud/impl/platform_error.ipp>
#endif
