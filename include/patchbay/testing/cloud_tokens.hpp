// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // find
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <patchbay/json/write.hpp>
#include <patchbay/testing/cloud_options.hpp>
#include <patchbay/testing/detail/wire_text.hpp>

namespace patchbay::testing {

/// The simulated cloud's token endpoint: OAuth 2.0 client credentials (RFC 6749 sections 2.3.1, 4.4 and 5). Belongs to
/// one `CloudModel`; not safe to share between threads.
class CloudTokens {
 public:
  enum class Verdict : std::uint8_t { valid, invalid, insufficient };

  /// Answers `POST /oauth/token`.
  void issue(const CloudRequest& request, const CloudOptions& options, SteadyTime now, HttpResponse& response) {
    response.headers.add("Cache-Control", "no-store");
    if (!detail::has_media_type(request, "application/x-www-form-urlencoded"))
      return refuse(options, response, 400, "invalid_request", "expected application/x-www-form-urlencoded");
    const auto form = detail::parse_form(request.body);
    if (!form) return refuse(options, response, 400, "invalid_request", "the form is not well encoded");
    std::optional<std::string> grant, id, secret, scope;
    for (const auto& [name, value] : *form) {
      std::optional<std::string>* const field = name == "grant_type"      ? &grant
                                                : name == "client_id"     ? &id
                                                : name == "client_secret" ? &secret
                                                : name == "scope"         ? &scope
                                                                          : nullptr;
      if (field == nullptr) continue;
      if (*field) return refuse(options, response, 400, "invalid_request", "a parameter is repeated");
      *field = value;
    }
    if (!grant) return refuse(options, response, 400, "invalid_request", "grant_type is missing");
    if (request.has_header("Authorization")) {
      if (secret) return refuse(options, response, 400, "invalid_request", "credentials were given in two ways");
      id.reset();
      if (const auto basic = detail::credentials_of(request.header("Authorization"), "Basic")) {
        const std::string pair = detail::base64_decoded(*basic).value_or(std::string{});
        const std::size_t colon = pair.find(':');
        if (colon != std::string::npos) {
          id = detail::percent_decoded(std::string_view(pair).substr(0, colon), true);
          secret = detail::percent_decoded(std::string_view(pair).substr(colon + 1), true);
        }
      }
    }
    if (!id || !secret || id->empty() || secret->empty() || !accepts(options, *id, *secret)) {
      response.headers.add("WWW-Authenticate", "Basic realm=\"oauth\"");
      return refuse(options, response, 401, "invalid_client", "the client is unknown or its secret is wrong");
    }
    if (*grant != "client_credentials")
      return refuse(options, response, 400, "unsupported_grant_type", "only client_credentials is supported");
    std::vector<std::string> granted = grant_scopes(options, scope);
    if (granted.empty()) return refuse(options, response, 400, "invalid_scope", "none of the scopes can be granted");
    grant_token(options, now, std::move(granted), response);
  }

  /// Whether `token` is known, has not expired and was granted `scope`.
  [[nodiscard]] Verdict check(std::string_view token, std::string_view scope, SteadyTime now) const noexcept {
    // Numbered in the order of issue, and forgotten in that order, so that its number is its place.
    if (!token.starts_with(prefix)) return Verdict::invalid;
    std::uint64_t number = 0;
    for (const char c : token.substr(prefix.size())) {
      if (c < '0' || c > '9' || number > issued_) return Verdict::invalid;
      number = number * 10 + static_cast<std::uint64_t>(c - '0');
    }
    if (number > issued_ || issued_ - number >= tokens_.size()) return Verdict::invalid;
    const Token& found = tokens_[tokens_.size() - 1 - static_cast<std::size_t>(issued_ - number)];
    if (found.text != token || found.expires <= now) return Verdict::invalid;
    return std::find(found.scopes.begin(), found.scopes.end(), scope) != found.scopes.end() ? Verdict::valid
                                                                                            : Verdict::insufficient;
  }

  /// Ends every token that was issued so far.
  void revoke() noexcept { tokens_.clear(); }
  /// How many tokens were issued.
  [[nodiscard]] std::uint64_t issued() const noexcept { return issued_; }

 private:
  static constexpr std::string_view prefix = "simulated-token-";

  struct Token {
    std::string text;
    SteadyTime expires;
    std::vector<std::string> scopes;
  };

  static bool accepts(const CloudOptions& options, std::string_view id, std::string_view secret) noexcept {
    if (!options.client_id.empty() && id != options.client_id) return false;
    return options.client_secret.empty() || secret == options.client_secret.reveal();
  }
  // What is asked for and may be granted, in the order asked; all that may be granted when nothing is asked for.
  static std::vector<std::string> grant_scopes(const CloudOptions& options, const std::optional<std::string>& asked) {
    if (!asked || asked->empty() || options.platform_login) return options.scopes;
    std::vector<std::string> out;
    for (std::string_view rest = *asked; !rest.empty();) {
      const std::string_view scope = rest.substr(0, rest.find(' '));
      rest.remove_prefix(scope.size() < rest.size() ? scope.size() + 1 : scope.size());
      const bool allowed = std::find(options.scopes.begin(), options.scopes.end(), scope) != options.scopes.end();
      if (allowed && std::find(out.begin(), out.end(), scope) == out.end()) out.emplace_back(scope);
    }
    return out;
  }
  void grant_token(const CloudOptions& options, SteadyTime now, std::vector<std::string> scopes,
                   HttpResponse& response) {
    while (!tokens_.empty() && (tokens_.front().expires <= now || tokens_.size() >= options.max_tokens))
      tokens_.pop_front();
    std::string text = std::string(prefix) + std::to_string(++issued_);
    std::string body, scope;
    for (const std::string& each : scopes) scope.append(scope.empty() ? "" : " ").append(each);
    JsonWriter json(body);
    json.begin_object().member("access_token", std::string_view(text)).member("token_type", "bearer");
    if (options.show_expires_in)
      json.member("expires_in", std::chrono::duration_cast<seconds>(options.token_ttl).count());
    if (options.show_scope) json.member("scope", std::string_view(scope));
    json.end_object();
    tokens_.push_back(Token{std::move(text), after(now, options.token_ttl), std::move(scopes)});
    response.status = 200;
    response.headers.add("Content-Type", "application/json");
    response.body.assign(body);
  }
  static void refuse(const CloudOptions& options, HttpResponse& response, int status, std::string_view error,
                     std::string_view description) {
    std::string body;
    JsonWriter json(body);
    json.begin_object().member("error", error);
    if (options.platform_login) json.member("description", description);
    json.member("error_description", description).end_object();
    response.status = status;
    response.headers.add("Content-Type", "application/json");
    response.body.assign(body);
  }

  std::deque<Token> tokens_;
  std::uint64_t issued_ = 0;
};

}  // namespace patchbay::testing
