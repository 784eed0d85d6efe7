// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <patchbay/cloud/interactions.hpp>
#include <patchbay/policy/clock.hpp>
#include <patchbay/policy/logger.hpp>
#include <patchbay/policy/retry.hpp>

namespace patchbay {

/// Stands for the schema that a door has by itself: the seed documents' own.
struct DefaultSchema {};

/// The six policies of a door, by name. A client names those that it replaces, and the rest follow:
/// `Policies{.transport = beast::BlockingTransport{}, .schema = schema<BillingContext>}`.
///
/// An aggregate whose arguments are deduced; empty policies take no room.
template <class Transport, class Clock = SystemClock, class Retry = DefaultRetry, class Logger = NullLogger,
          class Schema = DefaultSchema, class Dialect = cloud::Interactions>
struct Policies {
  [[no_unique_address]] Transport transport;
  [[no_unique_address]] Clock clock{};
  [[no_unique_address]] Retry retry{};
  [[no_unique_address]] Logger logger{};
  [[no_unique_address]] Schema schema{};
  [[no_unique_address]] Dialect dialect{};
};

}  // namespace patchbay
