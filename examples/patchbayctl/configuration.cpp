// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include "configuration.hpp"

#include <cstdio>  // stderr
#include <string>
#include <utility>

#include <patchbay/observe/audit_file.hpp>

#include "environment.hpp"

namespace patchbayctl {

namespace {

using patchbay::ErrorCode;
using patchbay::fail;
using patchbay::Result;

/// The variables that have no default: who acts, and where (hazard A17).
Result<void> check_present(const Environment& environment) {
  std::string missing;
  for (const char* const name : {"GENESYS_BASE_URL", "GENESYS_CLIENT_ID", "GENESYS_CLIENT_SECRET"}) {
    const auto value = environment.find(name);
    if (value && !value->empty()) continue;
    if (!missing.empty()) missing.append("; ");
    missing.append(name).append(value ? " is empty" : " is not set");
  }
  if (missing.empty()) return {};
  return fail(ErrorCode::invalid_settings, missing + "; there is no default");
}

/// An address by the name of its variable, so that the message names what the user has set.
Result<void> check_address(std::string_view name, const std::string& url) {
  const auto parsed = patchbay::Endpoint::parse(url, name);
  if (!parsed) return fail(parsed.error());
  if (parsed->may_carry_credentials()) return {};
  return fail(ErrorCode::invalid_settings,
              std::string(name) + ": plain text goes only to this machine; use https or wss");
}

}  // namespace

std::string journal_folder_of(const Options& options) {
  return Environment(options.environment).find("PATCHBAY_JOURNAL_DIR").value_or("");
}

Result<Configuration> configure(const Options& options) {
  Environment environment(options.environment);
  if (options.env_file)
    if (auto read = environment.read_file(*options.env_file); !read) return fail(std::move(read.error()));
  if (auto present = check_present(environment); !present) return fail(std::move(present.error()));
  // A variable that is set but empty asks for nothing.
  const auto text = [&](const char* name) { return environment.find(name).value_or(""); };
  const std::string base = text("GENESYS_BASE_URL");
  const std::string login = text("GENESYS_LOGIN_URL").empty() ? base : text("GENESYS_LOGIN_URL");
  const std::string channel = text("GENESYS_WS_URL"), webhook = text("CRM_WEBHOOK_URL");
  for (const auto& [name, url] : {std::pair<const char*, const std::string&>{"GENESYS_BASE_URL", base},
                                  {"GENESYS_LOGIN_URL", login},
                                  {"GENESYS_WS_URL", channel},
                                  {"CRM_WEBHOOK_URL", webhook}})
    if (!url.empty())
      if (auto fine = check_address(name, url); !fine) return fail(std::move(fine.error()));

  patchbay::TokenSettings credentials;
  credentials.login_url = login;
  credentials.client_id = text("GENESYS_CLIENT_ID");
  credentials.client_secret = patchbay::Secret(text("GENESYS_CLIENT_SECRET"));
  if (const std::string in = text("GENESYS_CREDENTIALS_IN"); in == "body") {
    credentials.credentials_in = patchbay::CredentialsIn::body;
  } else if (!in.empty() && in != "basic") {
    return fail(ErrorCode::invalid_settings, "GENESYS_CREDENTIALS_IN: expected basic or body");
  }

  Configuration out;
  patchbay::Settings& settings = out.settings;
  settings.base_url = base;
  settings.tokens = std::make_shared<patchbay::TokenSource>(std::move(credentials));
  settings.deadline = options.deadline;
  settings.journaling.fence_after = options.fence_after;
  if (options.per_minute) settings.pacer = std::make_shared<patchbay::Pacer>(*options.per_minute);
  settings.transition.reachability = options.reachability;
  settings.transition.webhook.url = webhook;
  settings.hold.channel_url = channel;
  settings.hold.organisation_id = text("GENESYS_ORG_ID");

  std::shared_ptr<patchbay::AuditSink> file;
  if (const std::string path = text("PATCHBAY_AUDIT_FILE"); !path.empty()) {
    auto opened = patchbay::AuditFile::open(path);
    if (!opened) return fail(std::move(opened.error()));
    file = std::move(*opened);
  }
  out.recorder = std::make_shared<Recorder>(std::move(file));
  settings.audit = out.recorder;
  if (auto fine = settings.check(); !fine) return fail(std::move(fine.error()));

  if (options.log != Log::off)
    out.logger = patchbay::TextLogger(
        stderr, options.log_level, options.log == Log::json ? patchbay::LogFormat::json : patchbay::LogFormat::logfmt);
  out.strict = options.strict;
  out.journal_folder = text("PATCHBAY_JOURNAL_DIR");
  out.ca_file = text("PATCHBAY_CA_FILE");
  return out;
}

}  // namespace patchbayctl
