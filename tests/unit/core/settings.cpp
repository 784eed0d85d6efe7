// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/settings.hpp>

#include <functional>
#include <string>

#include <support/catch.hpp>

using namespace patchbay;

namespace {

Settings sound() {
  Settings settings;
  settings.base_url = "https://api.example.com";
  settings.tokens = std::make_shared<TokenSource>(TokenSettings{
      .login_url = "https://login.example.com", .client_id = "client", .client_secret = Secret("secret")});
  return settings;
}

/// What is wrong after a change; empty: nothing.
std::string problem(const std::function<void(Settings&)>& change) {
  Settings settings = sound();
  change(settings);
  const auto checked = settings.check();
  if (checked) return {};
  CHECK(checked.error().code() == ErrorCode::invalid_settings);
  CHECK(checked.error().outcome() == Outcome::not_applied);
  return checked.error().message();
}

}  // namespace

TEST_CASE("only the address and the tokens must be set, and have no default", "[settings][A17]") {
  CHECK(problem([](Settings&) {}).empty());
  const Settings fresh;
  CHECK(fresh.base_url.empty());
  CHECK_FALSE(fresh.tokens);
  CHECK(fresh.transition.webhook.url.empty());
  CHECK_FALSE(fresh.check());
  CHECK(problem([](Settings& s) { s.base_url.clear(); }).starts_with("base_url"));
  CHECK(problem([](Settings& s) { s.tokens.reset(); }).starts_with("tokens"));
}

TEST_CASE("every mistake is found before anything is sent, and names its member", "[settings][A17]") {
  struct Row {
    const char* names;
    std::function<void(Settings&)> change;
  };
  const Row rows[] = {
      {"base_url", [](Settings& s) { s.base_url = "undefined"; }},
      {"base_url", [](Settings& s) { s.base_url = "ftp://api.example.com"; }},
      {"base_url", [](Settings& s) { s.base_url = "https://user:password@api.example.com"; }},
      {"base_url", [](Settings& s) { s.base_url = "https://api.example.com/?region=eu"; }},
      {"deadline", [](Settings& s) { s.deadline = Duration::zero(); }},
      {"deadline", [](Settings& s) { s.deadline = -seconds{1}; }},
      {"attempt_timeout", [](Settings& s) { s.attempt_timeout = Duration::zero(); }},
      {"retry_after_cap", [](Settings& s) { s.retry_after_cap = -Duration{1}; }},
      {"max_body", [](Settings& s) { s.max_body = 0; }},
      {"flows", [](Settings& s) { s.flows.reset(); }},
      {"random", [](Settings& s) { s.random.reset(); }},
      {"transition.max_attributes_bytes", [](Settings& s) { s.transition.max_attributes_bytes = 0; }},
      {"transition.max_conflicts", [](Settings& s) { s.transition.max_conflicts = -1; }},
      {"transition.webhook.url", [](Settings& s) { s.transition.webhook.url = "crm"; }},
      {"transition.webhook",
       [](Settings& s) {
         s.transition.webhook.url = "https://crm", s.transition.webhook.attempt_timeout = Duration::zero();
       }},
      {"transition.webhook",
       [](Settings& s) { s.transition.webhook.url = "https://crm", s.transition.webhook.total_timeout = -seconds{1}; }},
      {"transition.webhook.max_attempts",
       [](Settings& s) { s.transition.webhook.url = "https://crm", s.transition.webhook.max_attempts = 0; }},
  };
  for (const Row& row : rows) {
    const std::string said = problem(row.change);
    INFO(row.names << ": " << said);
    CHECK(said.starts_with(row.names));
    CHECK(said.find("password") == std::string::npos);
  }
}

TEST_CASE("what is at its least still works", "[settings]") {
  CHECK(problem([](Settings& s) { s.deadline = s.attempt_timeout = Duration{1}; }).empty());
  CHECK(problem([](Settings& s) { s.retry_after_cap = Duration::zero(); }).empty());
  CHECK(problem([](Settings& s) { s.max_body = 1, s.audit_records = 0; }).empty());
  CHECK(problem([](Settings& s) { s.transition.max_conflicts = 0; }).empty());
  CHECK(problem([](Settings& s) { s.transition.webhook.max_attempts = 0; }).empty());  // there is no webhook
}

TEST_CASE("plain text goes to this machine alone, unless the client says otherwise by name", "[settings][A16]") {
  for (const char* here : {"http://127.0.0.1:8080", "http://localhost", "http://[::1]:1"}) {
    CHECK(problem([&](Settings& s) { s.base_url = here; }).empty());
    CHECK(problem([&](Settings& s) { s.transition.webhook.url = here; }).empty());
  }
  for (const char* elsewhere :
       {"http://api.example.com", "http://10.0.0.1", "http://localhost.example.com", "http://127.0.0.1.example.com"}) {
    INFO(elsewhere);
    CHECK(problem([&](Settings& s) { s.base_url = elsewhere; }).find("allow_plain_text") != std::string::npos);
    CHECK(problem([&](Settings& s) { s.base_url = elsewhere, s.allow_plain_text = true; }).empty());
    CHECK(problem([&](Settings& s) { s.transition.webhook.url = elsewhere; }).starts_with("transition.webhook.url"));
    CHECK(problem([&](Settings& s) { s.transition.webhook.url = elsewhere, s.allow_plain_text = true; }).empty());
  }
}

TEST_CASE("tokens that cannot be had are the settings' mistake", "[settings][A17]") {
  CHECK(problem([](Settings& s) {
          s.tokens = std::make_shared<TokenSource>(TokenSettings{
              .login_url = "https://login.example.com", .client_id = "client", .client_secret = Secret("")});
        }) == "client_secret: is empty");
}

TEST_CASE("copies share what doors must share", "[settings]") {
  const Settings one = sound();
  const Settings copy = one;
  CHECK(copy.tokens == one.tokens);
  CHECK(copy.flows == one.flows);
  CHECK(copy.random == one.random);
  CHECK(sound().flows != one.flows);
}
