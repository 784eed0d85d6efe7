// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/testing/cloud_tokens.hpp>

#include <string>

#include "support/catch.hpp"
#include "unit/testing/cloud_client.hpp"

using namespace patchbay;
using namespace patchbay::testing;

namespace {

constexpr std::string_view body_credentials = "grant_type=client_credentials&client_id=a&client_secret=b";

CloudOptions strict() {
  CloudOptions options;
  options.client_id = "id:1";
  options.client_secret = Secret("s e c");
  return options;
}

}  // namespace

TEST_CASE("credentials in the body or by Basic are granted a token", "[testing][oauth]") {
  CloudClient client;
  CHECK(client.grant(body_credentials) == 200);
  CHECK(client.text("token_type") == "bearer");
  CHECK(client.text("expires_in") == "3600");
  CHECK(client.text("scope") == "interaction:update interaction:read interaction:control flow:read");
  CHECK(client.header("Cache-Control") == "no-store");
  const std::string first = client.text("access_token");
  CHECK(first.size() > 1);
  CHECK(client.grant("grant_type=client_credentials", {{"Authorization", "Basic YTpi"}}) == 200);
  CHECK(client.text("access_token") != first);
  CHECK(client.cloud.tokens_issued() == 2);
}

TEST_CASE("only the configured client is known", "[testing][oauth]") {
  CloudClient client(strict());
  CHECK(client.grant("grant_type=client_credentials&client_id=id%3A1&client_secret=s+e+c") == 200);
  // RFC 6749 section 2.3.1: both are form-encoded before they are joined.
  CHECK(client.grant("grant_type=client_credentials", {{"Authorization", "Basic aWQlM0ExOnMrZStj"}}) == 200);
  for (const std::string_view form :
       {"grant_type=client_credentials&client_id=id%3A1&client_secret=wrong",
        "grant_type=client_credentials&client_id=other&client_secret=s+e+c",
        "grant_type=client_credentials&client_id=id%3A1&client_secret=",
        "grant_type=client_credentials&client_id=id%3A1", "grant_type=client_credentials"}) {
    CAPTURE(form);
    CHECK(client.grant(form) == 401);
    CHECK(client.text("error") == "invalid_client");
    CHECK(client.header("WWW-Authenticate") == "Basic realm=\"oauth\"");
  }
  for (const std::string_view value : {"Basic", "Basic !", "Basic YTpi", "Bearer aWQlM0ExOnMrZStj", "Basic aWQ="}) {
    CAPTURE(value);
    CHECK(client.grant("grant_type=client_credentials", {{"Authorization", std::string(value)}}) == 401);
  }
  CHECK(client.cloud.tokens_issued() == 2);
}

TEST_CASE("what is no proper request is refused by its own name", "[testing][oauth]") {
  CloudClient client;
  const auto refused = [&](std::string_view form, CloudClient::Fields fields = {}) {
    CHECK(client.grant(form, std::move(fields)) == 400);
    CHECK(client.text("error_description") != "-");
    return client.text("error");
  };
  CHECK(refused("client_id=a&client_secret=b") == "invalid_request");
  CHECK(refused("grant_type=password&client_id=a&client_secret=b") == "unsupported_grant_type");
  CHECK(refused(std::string(body_credentials) + "&scope=admin") == "invalid_scope");
  CHECK(refused(std::string(body_credentials) + "&client_id=a") == "invalid_request");
  CHECK(refused("grant_type=%zz") == "invalid_request");
  CHECK(refused(body_credentials, {{"Authorization", "Basic YTpi"}}) == "invalid_request");
  CHECK(client.ask("POST", "/oauth/token", {{"Content-Type", "application/json"}}, body_credentials) == 400);
  CHECK(client.ask("GET", "/oauth/token") == 405);
  CHECK(client.header("Allow") == "POST");
  CHECK(client.cloud.tokens_issued() == 0);
}

TEST_CASE("what is asked for and may be granted is granted, and the answer names it", "[testing][oauth]") {
  CloudOptions options;
  options.scopes = {"flow:read", "interaction:read"};
  CloudClient client(options);
  CHECK(client.grant(std::string(body_credentials) + "&scope=interaction%3Aread+admin++flow:read+interaction:read") ==
        200);
  CHECK(client.text("scope") == "interaction:read flow:read");
  CHECK(client.grant(std::string(body_credentials) + "&scope=") == 200);
  CHECK(client.text("scope") == "flow:read interaction:read");
  client.cloud.options().show_scope = false;
  client.cloud.options().show_expires_in = false;
  CHECK(client.grant(body_credentials) == 200);
  CHECK(client.text("scope") == "-");
  CHECK(client.text("expires_in") == "-");
}

TEST_CASE("a token opens what it was granted, until it expires or is revoked", "[testing][oauth]") {
  CloudClient client;
  const std::string target = "/api/v2/interactions/" + std::string(document_interaction);
  client.log_in("interaction:read");
  CHECK(client.get(target) == 200);
  CHECK(client.patch("\"1\"", "{\"customAttributes\":{}}") == 403);
  CHECK(client.text("message").find("interaction:update") != std::string::npos);
  CHECK(client.get("/api/v2/flows/" + std::string(document_flow)) == 403);
  CHECK_FALSE(client.open());
  CHECK(client.response.status == 403);

  client.now += seconds{3600} - Duration{1};
  CHECK(client.get(target) == 200);
  client.now += Duration{1};
  CHECK(client.get(target) == 401);
  CHECK(client.header("WWW-Authenticate") == "Bearer error=\"invalid_token\"");
  client.log_in();
  CHECK(client.get(target) == 200);
  client.cloud.revoke_tokens();
  CHECK(client.get(target) == 401);
  CHECK(client.ask("GET", target) == 401);
  CHECK(client.header("WWW-Authenticate") == "Bearer");
  // A token in the query is for the channel alone.
  client.log_in();
  CHECK(client.ask("GET", target + "?access_token=" + client.token) == 401);
}

TEST_CASE("tokens are bounded: the oldest is forgotten", "[testing][oauth]") {
  CloudOptions options;
  options.max_tokens = 2;
  CloudClient client(options);
  client.log_in();
  const std::string oldest = client.token;
  client.log_in();
  const std::string middle = client.token;
  client.log_in();
  CHECK(client.get("/api/v2/flows/" + std::string(document_flow)) == 200);
  client.token = middle;
  CHECK(client.get("/api/v2/flows/" + std::string(document_flow)) == 200);
  client.token = oldest;
  CHECK(client.get("/api/v2/flows/" + std::string(document_flow)) == 401);
}
