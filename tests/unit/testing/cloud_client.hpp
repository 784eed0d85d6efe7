// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <patchbay/testing/cloud_model.hpp>

/// Speaks to a `CloudModel` as a client does, with the time in its hand.
struct CloudClient {
  using Fields = std::vector<std::pair<std::string, std::string>>;

  explicit CloudClient(patchbay::testing::CloudOptions options = {})
      : cloud([this] { return now; }, std::move(options)) {}
  CloudClient(const CloudClient&) = delete;

  patchbay::SteadyTime now{patchbay::seconds{1000}};
  patchbay::testing::CloudModel cloud;
  patchbay::HttpResponse response;
  std::string token;

  int ask(std::string_view method, std::string_view target, const Fields& fields = {}, std::string_view body = {}) {
    std::vector<patchbay::HeaderView> headers;
    for (const auto& [name, value] : fields) headers.push_back({name, value});
    cloud.handle(patchbay::testing::CloudRequest(method, target, headers, body), response);
    return response.status;
  }
  int grant(std::string_view form, Fields fields = {}) {
    fields.emplace_back("Content-Type", "application/x-www-form-urlencoded");
    return ask("POST", "/oauth/token", fields, form);
  }
  void log_in(std::string_view scope = {}) {
    grant("grant_type=client_credentials&client_id=a&client_secret=b&scope=" + std::string(scope));
    token = text("access_token");
  }
  int get(std::string_view target, Fields fields = {}) {
    fields.emplace_back("Authorization", "Bearer " + token);
    return ask("GET", target, fields);
  }
  int patch(std::string_view etag, std::string_view body,
            std::string_view target = "/api/v2/interactions/550e8400-e29b-41d4-a716-446655440000") {
    Fields fields{{"Authorization", "Bearer " + token}, {"Content-Type", "application/json; charset=utf-8"}};
    if (!etag.empty()) fields.emplace_back("If-Match", etag);
    return ask("PATCH", target, fields, body);
  }
  std::optional<patchbay::testing::ChannelId> open(std::string_view target = "/api/v2/interactions") {
    const std::string bearer = "Bearer " + token;
    const patchbay::HeaderView headers[] = {{"Authorization", bearer}};
    return cloud.open(patchbay::testing::CloudRequest("GET", target, headers), response);
  }

  /// A member of the answer, when it is a string; its JSON text otherwise, and `-` when it is absent.
  [[nodiscard]] std::string text(std::string_view name) { return member(response.body.view(), name); }
  [[nodiscard]] std::string header(std::string_view name) const {
    return std::string(response.headers.find(name).value_or("-"));
  }

  [[nodiscard]] static std::string member(std::string_view json, std::string_view name) {
    patchbay::JsonReader reader;
    std::string found = "-";
    const auto read = reader.object(json, [&](std::string_view key, patchbay::JsonValue value) -> simdjson::error_code {
      const bool wanted = key == name;
      std::string out;
      if (const auto error = patchbay::JsonReader::walk(value, out)) return error;
      if (wanted) found = std::move(out);
      return simdjson::SUCCESS;
    });
    return read ? patchbay::testing::detail::plain_text(found, reader) : std::string("not JSON");
  }
};
