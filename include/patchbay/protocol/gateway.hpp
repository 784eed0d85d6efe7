// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <string_view>
#include <utility>

#include <patchbay/policy/dialect.hpp>
#include <patchbay/protocol/classify.hpp>
#include <patchbay/protocol/host_guards.hpp>
#include <patchbay/settings.hpp>

namespace patchbay {

/// What a door's requests have in common. Belongs to the door and outlives its operations.
class Gateway {
 public:
  Gateway(Endpoint api_in, TokenSource& tokens_in) : api(std::move(api_in)), tokens(&tokens_in) {}
  /// For settings that `check()` accepts, which outlive it; `scope` is what the door's tokens must have been granted.
  Gateway(Endpoint api_in, const Settings& settings, std::string_view scope) : Gateway(std::move(api_in), *settings.tokens) {
    pacer = settings.pacer.get();
    needed_scope = scope;
    attempt_timeout = settings.attempt_timeout;
    retry_after_cap = settings.retry_after_cap;
    max_body = settings.max_body;
    if (!settings.guards) return;
    guard = &settings.guards->of(api);
    if (tokens->login()) login_guard = &settings.guards->of(*tokens->login());
  }

  /// The guard of the host that an exchange of that kind goes to; null when it has none.
  [[nodiscard]] HostGuard* guard_of(ExchangeKind kind) const noexcept { return kind == ExchangeKind::token ? login_guard : guard; }
  /// The pacer that an exchange of that kind counts with; null when there is none.
  [[nodiscard]] Pacer* pacer_of(ExchangeKind kind) const noexcept {
    return kind == ExchangeKind::read || kind == ExchangeKind::write ? pacer : nullptr;
  }

  Endpoint api;
  TokenSource* tokens;
  Pacer* pacer = nullptr;            ///< None: not paced.
  HostGuard* guard = nullptr;        ///< Of the host of `api`; none: neither breaker nor retry budget.
  HostGuard* login_guard = nullptr;  ///< Of the host that tokens come from.
  const detail::AnyDialect* dialect = nullptr;  ///< That the cloud speaks; none: nothing of it is read or written.
  std::string_view needed_scope;
  Duration attempt_timeout = seconds{10};
  Duration retry_after_cap = seconds{60};
  std::size_t max_body = std::size_t{32} << 20;
};

}  // namespace patchbay
