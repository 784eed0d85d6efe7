// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include <patchbay/cloud/interactions.hpp>
#include <patchbay/cloud/platform.hpp>

namespace patchbayctl {

/// The dialect that the command line asks for. Which it is, is known at run time alone, and a dialect is a policy: so
/// this is one of its own that hands on every question, and the doors are compiled once for both.
class SpokenDialect {
  template <class Question>
  decltype(auto) ask(const Question& question) const {
    return std::visit(question, spoken_);
  }

 public:
  using Platform = patchbay::cloud::Platform;
  using Snapshot = patchbay::InteractionSnapshot;

  SpokenDialect() = default;
  explicit SpokenDialect(Platform platform) : spoken_(std::move(platform)) {}

  [[nodiscard]] bool is_platform() const noexcept { return spoken_.index() == 1; }

  [[nodiscard]] patchbay::Locking locking() const noexcept {
    return ask([](const auto& spoken) { return spoken.locking(); });
  }
  [[nodiscard]] std::string_view scope() const noexcept {
    return ask([](const auto& spoken) { return spoken.scope(); });
  }
  [[nodiscard]] int readings() const noexcept {
    return ask([](const auto& spoken) { return spoken.readings(); });
  }
  void reading_target(std::string& out, const patchbay::Endpoint& api, std::string_view id, int number) const {
    ask([&](const auto& spoken) { spoken.reading_target(out, api, id, number); });
  }
  patchbay::Result<void> parse_reading(const patchbay::HttpResponse& response, patchbay::JsonReader& reader,
                                       std::string_view id, int number, Snapshot& out) const {
    return ask([&](const auto& spoken) { return spoken.parse_reading(response, reader, id, number, out); });
  }
  [[nodiscard]] patchbay::Method write_method(const Snapshot& seen) const noexcept {
    return ask([&](const auto& spoken) { return spoken.write_method(seen); });
  }
  void write_target(std::string& out, const patchbay::Endpoint& api, std::string_view id, const Snapshot& seen) const {
    ask([&](const auto& spoken) { spoken.write_target(out, api, id, seen); });
  }
  patchbay::Result<std::size_t> encode_transition(std::string& out, const patchbay::TransitionWrite& write,
                                                  patchbay::JsonReader& reader) const {
    return ask([&](const auto& spoken) { return spoken.encode_transition(out, write, reader); });
  }
  std::string_view locked(std::string& room, std::string_view body, const Snapshot& seen) const {
    return ask([&](const auto& spoken) { return spoken.locked(room, body, seen); });
  }
  [[nodiscard]] bool is_done(int status) const noexcept {
    return ask([&](const auto& spoken) { return spoken.is_done(status); });
  }
  bool is_conflict(const patchbay::HttpResponse& response, patchbay::JsonReader& reader) const {
    return ask([&](const auto& spoken) { return spoken.is_conflict(response, reader); });
  }
  patchbay::Result<void> parse_echo(const patchbay::HttpResponse& response, patchbay::JsonReader& reader,
                                    Snapshot& out) const {
    return ask([&](const auto& spoken) { return spoken.parse_echo(response, reader, out); });
  }
  void flow_target(std::string& out, const patchbay::Endpoint& api, std::string_view id) const {
    ask([&](const auto& spoken) { spoken.flow_target(out, api, id); });
  }
  patchbay::Result<patchbay::FlowGraph> parse_flow(const patchbay::HttpResponse& response, patchbay::JsonReader& reader,
                                                   std::string_view id, const patchbay::FlowLimits& limits) const {
    return ask([&](const auto& spoken) { return spoken.parse_flow(response, reader, id, limits); });
  }

 private:
  std::variant<patchbay::cloud::Interactions, Platform> spoken_;
};
static_assert(patchbay::Dialect<SpokenDialect>);

}  // namespace patchbayctl
