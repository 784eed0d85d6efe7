// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include <patchbay/protocol/oauth.hpp>

namespace patchbay {

/// One of the exchanges by which an interaction is read, or the one that shows a place where it was written.
class ReadingPart {
 public:
  // Constructors, since g++ 12 miscompiles aggregates in awaited calls.
  ReadingPart(std::string_view id_in, int number_in) noexcept : id(id_in), number(number_in) {}
  ReadingPart(std::string_view id_in, std::string_view place_in) noexcept : id(id_in), place(place_in) {}
  std::string_view id;  ///< Of the interaction.
  int number = -1;      ///< Of the dialect's readings; -1: it is of the place.
  std::string_view place;
};

/// Takes what the answer shows of an interaction into `operation.snapshot`.
inline Result<void> accept_part(Operation& operation, const detail::AnyDialect& dialect, const ReadingPart& part) {
  if (part.number < 0) return dialect.parse_place(operation.response, operation.json, part.id, part.place, operation.snapshot);
  if (part.number == 0) operation.snapshot.clear();
  return dialect.parse_reading(operation.response, operation.json, part.id, part.number, operation.snapshot);
}

/// What is asked for where that is no plain reading: something that may be asked for as often as it takes.
class Repeatable {
 public:
  // A constructor, since g++ 12 miscompiles aggregates in awaited calls.
  Repeatable(Method method_in, std::string_view body_in) noexcept : method(method_in), body(body_in) {}
  Method method;
  std::string_view body;  ///< JSON; may be empty.
};

/// Reads `operation.target` with a token into `operation.response`, with retries; `name` is the request's for logs and
/// messages. Succeeds on 2xx, and on 304 when `if_none_match` is given, if the answer is what `part` asks for.
inline Protocol<Result<void>> get(Operation& operation, const Gateway& gateway, std::string_view name, std::string_view if_none_match,
                                  std::optional<ReadingPart> part = std::nullopt, Repeatable what = Repeatable(Method::get, {})) {
  HttpRequest request(what.method, gateway.api, operation.target);
  request.name = name;
  request.body = what.body;
  request.max_body = gateway.max_body;
  std::uint64_t stale_generation = 0;
  AttemptCounts counts;
  RetryCharge charge;
  for (;;) {
    if (!authorized_at_once(operation, gateway, stale_generation))
      if (auto authorized = co_await authorize(operation, gateway, stale_generation); !authorized) co_return authorized;
    const std::array<HeaderView, 3> headers{HeaderView{"Authorization", operation.authorization}, HeaderView{"Accept", "application/json"},
                                            what.body.empty() ? HeaderView{"If-None-Match", if_none_match}
                                                              : HeaderView{"Content-Type", "application/json"}};
    request.headers = std::span(headers).first(if_none_match.empty() && what.body.empty() ? 2 : 3);
    Attempt last;
    if (auto begun = co_await attempt(operation, gateway, ExchangeKind::read, request, operation.deadline, last, charge); !begun)
      co_return begun;
    if (last.verdict.next == Next::authorize) continue;
    if (last.verdict.next == Next::done || (operation.status == 304 && !if_none_match.empty()))
      co_return part ? accept_part(operation, *gateway.dialect, *part) : Result<void>{};
    if (last.verdict.next == Next::refresh_token && may_replay(operation, gateway)) {
      stale_generation = operation.token_generation;
      continue;
    }
    const int attempts = counts.count(last.verdict.cause);
    Error error = error_of(operation, last, name, counts.total());
    if (last.verdict.next != Next::retry) co_return fail(std::move(error));
    auto pause = co_await back_off(operation, gateway, last.verdict.cause, attempts, operation.deadline, error, charge);
    if (!pause) co_return fail(std::move(pause.error()));
    if (*pause != Pause::over) co_return fail(std::move(error));
  }
}

/// How much of an interaction a reading shows.
enum class Reading : std::uint8_t {
  whole,     ///< All that decides whether it may be written.
  standing,  ///< Only how it stands: whether it is over, and on hold.
};

namespace detail {

inline Protocol<Result<void>> read_in_parts(Operation& operation, const Gateway& gateway, std::string_view id) {
  for (int number = 0; number < gateway.dialect->readings(); ++number) {
    gateway.dialect->reading_target(operation.target, gateway.api, id, number);
    auto read = co_await get(operation, gateway, "interaction.get", {}, ReadingPart(id, number));
    if (!read) co_return read;
  }
  co_return Result<void>{};
}

inline Protocol<Result<void>> not_read(Operation&, Error why) { co_return fail(std::move(why)); }

}  // namespace detail

/// Reads an interaction into `operation.snapshot`. One coroutine where that is one exchange.
inline Protocol<Result<void>> read_interaction(Operation& operation, const Gateway& gateway, std::string_view id,
                                               Reading how = Reading::whole) {
  if (how == Reading::whole && gateway.dialect->readings() > 1) return detail::read_in_parts(operation, gateway, id);
  gateway.dialect->reading_target(operation.target, gateway.api, id, 0);
  return get(operation, gateway, "interaction.get", {}, ReadingPart(id, 0));
}

/// Reads into `operation.snapshot` what tells of a write's fate: the version of the place that it went to, and who wrote there
/// last. `place` is the dialect's word for it, and lives until the protocol has ended.
inline Protocol<Result<void>> read_place(Operation& operation, const Gateway& gateway, std::string_view id, std::string_view place) {
  if (auto known = gateway.dialect->place_target(operation.target, gateway.api, id, place); !known)
    return detail::not_read(operation, std::move(known.error()));
  return get(operation, gateway, "interaction.get", {}, ReadingPart(id, place));
}

}  // namespace patchbay
