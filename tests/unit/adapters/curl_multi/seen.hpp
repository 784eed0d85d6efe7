// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <functional>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include <patchbay/curl/transport.hpp>

#include "../suite/exchange.hpp"

namespace patchbay::test {

/// What came of something that was begun on the loop of this thread.
template <class T>
class Seen final : public Receiver<T> {
 public:
  [[nodiscard]] Completion<T> completion() noexcept { return Completion<T>(*this); }
  void complete(T outcome) noexcept override {
    ++completed;
    result.emplace(std::move(outcome));
    if (then) then();
  }
  void abandoned() noexcept override {
    ++abandonments;
    if (then) then();
  }
  [[nodiscard]] bool over() const noexcept { return completed + abandonments != 0; }

  int completed = 0;
  int abandonments = 0;
  std::optional<T> result;
  std::function<void()> then;
};

template <>
class Seen<void> final : public Receiver<void> {
 public:
  [[nodiscard]] Completion<void> completion() noexcept { return Completion<void>(*this); }
  void complete() noexcept override {
    ++completed;
    if (then) then();
  }
  void abandoned() noexcept override {
    ++abandonments;
    if (then) then();
  }
  [[nodiscard]] bool over() const noexcept { return completed + abandonments != 0; }

  int completed = 0;
  int abandonments = 0;
  std::function<void()> then;
};

/// One request that is begun on a loop, and what came of it.
class Begun {
 public:
  Begun(curl::Transport transport, const Endpoint& endpoint, std::string_view body = {}, SteadyTime deadline = soon())
      : request(body.empty() ? Method::get : Method::patch, endpoint, "/api/v2/interactions/1") {
    request.body = body;
    id = transport.send(request, response, deadline, end.completion());
  }
  Begun(const Begun&) = delete;
  Begun& operator=(const Begun&) = delete;

  [[nodiscard]] bool over() const noexcept { return end.over(); }
  [[nodiscard]] bool ok() const { return end.result && end.result->has_value(); }
  [[nodiscard]] const TransportError& error() const { return end.result.value().error(); }

  HttpRequest request;
  HttpResponse response;
  Seen<TransportResult<void>> end;
  ExchangeId id = 0;
};

}  // namespace patchbay::test
