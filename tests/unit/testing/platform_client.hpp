// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <patchbay/testing/platform_model.hpp>

/// Speaks to a `PlatformModel` as a client does, with both clocks in its hand.
struct PlatformClient {
  using Fields = std::vector<std::pair<std::string, std::string>>;

  explicit PlatformClient(patchbay::testing::PlatformOptions options = {})
      : cloud([this] { return now; },
              [this] {
                return std::chrono::time_point_cast<patchbay::WallTime::duration>(
                    patchbay::WallTime(patchbay::seconds{1'790'000'000}) + (now - patchbay::SteadyTime()));
              },
              std::move(options)) {
    log_in();
  }
  PlatformClient(const PlatformClient&) = delete;

  patchbay::SteadyTime now{patchbay::seconds{1000}};
  patchbay::testing::PlatformModel cloud;
  patchbay::HttpResponse response;
  std::string token;

  int raw(std::string_view method, std::string_view target, const Fields& fields = {}, std::string_view body = {}) {
    std::vector<patchbay::HeaderView> headers;
    for (const auto& [name, value] : fields) headers.push_back({name, value});
    cloud.handle(patchbay::testing::CloudRequest(method, target, headers, body), response);
    return response.status;
  }
  /// With the token, and with a body as JSON.
  int ask(std::string_view method, std::string_view target, std::string_view body = {}) {
    Fields fields{{"Authorization", "Bearer " + token}};
    if (!body.empty()) fields.emplace_back("Content-Type", "application/json; charset=utf-8");
    return raw(method, target, fields, body);
  }
  int get(std::string_view target) { return ask("GET", target); }
  int grant(std::string_view form, Fields fields = {}) {
    fields.emplace_back("Content-Type", "application/x-www-form-urlencoded");
    return raw("POST", "/oauth/token", fields, form);
  }
  void log_in() {
    grant("grant_type=client_credentials", {{"Authorization", "Basic YTpi"}});
    token = text("access_token");
  }
  std::optional<patchbay::testing::ChannelId> open(std::string_view target) {
    return cloud.open(patchbay::testing::CloudRequest("GET", target), response);
  }
  void wait(patchbay::Duration span) {
    now += span;
    cloud.advance();
  }

  /// The answer's body at a path such as `participants.0.calls.0.held`: a string as it is, anything else as its JSON
  /// text, `-` when it is absent.
  [[nodiscard]] std::string text(std::string_view path) const { return at(response.body.view(), path); }
  [[nodiscard]] std::string header(std::string_view name) const {
    return std::string(response.headers.find(name).value_or("-"));
  }
  /// What the sockets are sent, as `<socket>:<text>`, a close as `<socket>:close <code>`.
  [[nodiscard]] std::vector<std::string> heard() {
    std::vector<std::string> out;
    for (patchbay::testing::ChannelAction& each : cloud.take_actions()) {
      const std::string to = std::to_string(each.to) + ":";
      out.push_back(each.kind == patchbay::testing::ChannelAction::Kind::text
                        ? to + each.text
                        : to + "close " + std::to_string(each.code));
    }
    return out;
  }

  [[nodiscard]] static std::string at(std::string_view json, std::string_view path) {
    simdjson::dom::parser parser;
    simdjson::dom::element element;
    if (parser.parse(json.data(), json.size()).get(element)) return "not JSON";
    while (!path.empty()) {
      const std::string_view part = path.substr(0, path.find('.'));
      path.remove_prefix(part.size() < path.size() ? part.size() + 1 : path.size());
      const bool index = part.find_first_not_of("0123456789") == std::string_view::npos;
      const auto next = index && element.is_array()
                            ? element.at(static_cast<std::size_t>(std::stoul(std::string(part))))
                            : element[part];
      if (next.get(element)) return "-";
    }
    std::string_view plain;
    if (!element.get_string().get(plain)) return std::string(plain);
    return simdjson::minify(element);
  }
};
