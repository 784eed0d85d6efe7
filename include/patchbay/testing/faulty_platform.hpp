// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include <patchbay/testing/detail/faulty_serving.hpp>
#include <patchbay/testing/platform_model.hpp>

namespace patchbay::testing {

/// A `PlatformModel` under a `FaultPlan`, still without input or output. The plan's rules about commands have nothing
/// to strike here: what a client does goes by HTTP. Not safe to share between threads.
class FaultyPlatform {
 public:
  using Options = PlatformOptions;

  /// On the time of `clock`, which models `Clock`.
  template <class ClockPolicy>
  [[nodiscard]] static FaultyPlatform on(const ClockPolicy& clock, Options options) {
    return FaultyPlatform([clock] { return clock.steady_now(); }, [clock] { return clock.wall_now(); },
                          std::move(options));
  }
  explicit FaultyPlatform(PlatformModel::Now now, PlatformModel::WallNow wall_now, PlatformOptions options = {})
      : model(std::move(now), std::move(wall_now), std::move(options)) {}

  PlatformModel model;
  FaultPlan plan;

  /// Answers a request that `fault`, from `plan.take(request)`, strikes. The fault's wait is the caller's to keep:
  /// before the call, or, when the fault is `applied`, after it.
  [[nodiscard]] ServingEnd serve(const CloudRequest& request, const std::optional<HttpFault>& fault,
                                 HttpResponse& response) {
    if (fault && fault->kind == FaultKind::foreign_write) {
      constexpr std::string_view collection = "/api/v2/conversations/";
      if (std::string_view path = request.path(); path.starts_with(collection)) {
        path.remove_prefix(collection.size());
        model.move(path.substr(0, path.find('/')), fault->node);
      }
    }
    return detail::serve_faulty(model, request, fault, response);
  }
  /// What the sockets are to be sent.
  [[nodiscard]] std::vector<ChannelAction> take_actions() { return model.take_actions(); }
  /// Takes a text message from a socket and says what is to be sent.
  [[nodiscard]] std::vector<ChannelAction> command(ChannelId socket, std::string_view text) {
    model.command(socket, text);
    return model.take_actions();
  }
};

}  // namespace patchbay::testing
