// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <optional>

#include <patchbay/testing/channel_action.hpp>
#include <patchbay/testing/fault_plan.hpp>

namespace patchbay::testing::detail {

/// Answers a request that `fault` strikes, whatever the dialect of `model`. What another writer does first is the
/// caller's.
template <class Model>
[[nodiscard]] ServingEnd serve_faulty(Model& model, const CloudRequest& request, const std::optional<HttpFault>& fault,
                                      HttpResponse& response) {
  response.clear();
  if (!fault) return model.handle(request, response), ServingEnd::answer;
  const bool whole = fault->kind == FaultKind::delay || fault->kind == FaultKind::foreign_write;
  if (fault->applied || whole) model.handle(request, response);
  switch (fault->kind) {
    case FaultKind::delay:
    case FaultKind::foreign_write:
    case FaultKind::too_large:
      return ServingEnd::answer;
    case FaultKind::reset:
      return ServingEnd::reset;
    case FaultKind::timeout:
      return ServingEnd::timeout;
    case FaultKind::truncate:
      return ServingEnd::truncate;
    case FaultKind::answer:
    case FaultKind::garbage:
      break;
  }
  response.clear();
  response.status = fault->kind == FaultKind::garbage ? 200 : fault->status;
  for (const auto& [name, value] : fault->headers) response.headers.add(name, value);
  if (!response.headers.find("Content-Type") && !fault->body.empty())
    response.headers.add("Content-Type", fault->kind == FaultKind::garbage ? "text/html" : "application/json");
  response.body.assign(fault->body);
  return ServingEnd::answer;
}

}  // namespace patchbay::testing::detail
