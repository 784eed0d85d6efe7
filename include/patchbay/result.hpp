// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <tl/expected.hpp>

#include <patchbay/error.hpp>

namespace patchbay {

/// A value, or the error that stands in its place. `.value()` throws for those who prefer exceptions; nothing else does.
template <class T>
using Result = tl::expected<T, Error>;

/// An error on its way into a `Result` of any type.
using Failure = tl::unexpected<Error>;

/// `return fail(ErrorCode::not_found, "…")`.
[[nodiscard, gnu::cold, gnu::noinline]] inline Failure fail(ErrorCode code, std::string message) { return Failure(Error(code, std::move(message))); }
[[nodiscard, gnu::cold, gnu::noinline]] inline Failure fail(Error error) { return Failure(std::move(error)); }

}  // namespace patchbay
