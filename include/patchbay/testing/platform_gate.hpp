// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // find
#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <patchbay/testing/cloud_tokens.hpp>
#include <patchbay/testing/platform_world.hpp>

namespace patchbay::testing {

/// What every request of the platform's cloud passes: correlation ids, tokens, roles, the pace of a token, the shape of
/// refusals. Part of `PlatformModel`.
class PlatformGate : public PlatformWorld {
 public:
  /// Ends every token, and with them the channels that were made with them.
  void revoke_tokens() {
    tokens_.revoke();
    used_.clear();
    channels_.end_all("token_revoked");
  }
  [[nodiscard]] std::uint64_t tokens_issued() const noexcept { return tokens_.issued(); }

  /// Fills `response` with an error as the platform's API spells it.
  void refuse(HttpResponse& response, int status, std::string_view code, std::string_view message) const {
    std::string body;
    JsonWriter json(body);
    json.begin_object().member("message", message).member("code", code).member("status", status);
    json.key("messageParams").begin_object().end_object();
    json.member("contextId", response.headers.find("inin-correlation-id").value_or(std::string_view{}));
    json.key("details").begin_array().end_array().key("errors").begin_array().end_array().end_object();
    answer(response, status, body);
  }

 protected:
  using Parts = std::vector<std::string>;

  using PlatformWorld::PlatformWorld;
  ~PlatformGate() = default;

  void issue(const CloudRequest& request, HttpResponse& response) {
    tokens_.issue(request, options_.login(), now_(), response);
  }
  void begin(HttpResponse& response) {
    response.clear();
    response.headers.add("inin-correlation-id", numbered("c0de0000", ++correlations_));
  }
  static void answer(HttpResponse& response, int status, std::string_view body) {
    response.status = status;
    response.headers.add("Content-Type", "application/json");
    response.body.assign(body);
  }
  // The decoded parts between the slashes; false when one is empty or not well encoded.
  static bool split(std::string_view path, Parts& out) {
    for (;;) {
      const std::size_t slash = path.find('/');
      auto part = detail::percent_decoded(path.substr(0, slash), false);
      if (!part || part->empty() || out.size() == 8) return false;
      out.push_back(std::move(*part));
      if (slash == std::string_view::npos) return true;
      path.remove_prefix(slash + 1);
    }
  }
  bool allowed(const CloudRequest& request, std::initializer_list<std::string_view> methods,
               HttpResponse& response) const {
    if (std::find(methods.begin(), methods.end(), request.method) != methods.end()) return true;
    std::string list;
    for (const std::string_view each : methods) list.append(list.empty() ? "" : ", ").append(each);
    response.headers.add("Allow", list);
    return refuse(response, 405, "method.not.allowed", "the method is not allowed here"), false;
  }
  bool authorised(const CloudRequest& request, HttpResponse& response) const {
    const auto token = detail::credentials_of(request.header("Authorization"), "Bearer");
    if (token && tokens_.check(*token, "roles", now_()) == CloudTokens::Verdict::valid) return true;
    if (token)
      refuse(response, 401, "bad.credentials", "the token is unknown or has expired");
    else
      refuse(response, 401, "authentication.required", "a token is required");
    return false;
  }
  /// Whether the client's roles have one of these permissions.
  bool permitted(std::initializer_list<std::string_view> any, HttpResponse& response) const {
    std::string names;
    for (const std::string_view each : any) {
      if (std::find(options_.permissions.begin(), options_.permissions.end(), each) != options_.permissions.end())
        return true;
      names.append(names.empty() ? "" : ", ").append(each);
    }
    refuse(response, 403, any.size() == 1 ? "missing.permissions" : "missing.any.permissions",
           "the client needs: " + names);
    return false;
  }
  // Counts the request against its token's window, which is shown on every answer.
  bool paced(const CloudRequest& request, HttpResponse& response) {
    if (options_.rate_limit == 0) return true;
    const SteadyTime now = now_();
    const std::string token(*detail::credentials_of(request.header("Authorization"), "Bearer"));
    if (used_.size() >= options_.max_tokens && !used_.contains(token)) used_.clear();
    Used& used = used_[token];
    if (used.until <= now) used = Used{0, after(now, options_.rate_window)};
    const bool fine = used.count < options_.rate_limit;
    if (fine) ++used.count;
    const std::string rest = std::to_string(std::chrono::ceil<seconds>(used.until - now).count());
    response.headers.add("inin-ratelimit-count", std::to_string(used.count));
    response.headers.add("inin-ratelimit-allowed", std::to_string(options_.rate_limit));
    response.headers.add("inin-ratelimit-reset", rest);
    if (fine) return true;
    response.headers.add("Retry-After", rest);
    refuse(response, 429, "too.many.requests",
           "Rate limit exceeded the maximum. Retry the request in [" + rest + "] seconds");
    return false;
  }
  bool is_json(const CloudRequest& request, HttpResponse& response) const {
    if (detail::has_media_type(request, "application/json")) return true;
    return refuse(response, 415, "unsupported.media.type", "expected application/json"), false;
  }
  bool judged(const detail::BodyVerdict& verdict, HttpResponse& response) const {
    if (!verdict) return true;
    return refuse(response, 400, verdict->code, verdict->message), false;
  }

  static std::string correlation_of(const HttpResponse& response) {
    return std::string(response.headers.find("inin-correlation-id").value_or(std::string_view{}));
  }

 private:
  struct Used {
    unsigned count = 0;
    SteadyTime until{};
  };

  CloudTokens tokens_;
  std::map<std::string, Used, std::less<>> used_;
  std::uint64_t correlations_ = 0;
};

}  // namespace patchbay::testing
