// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include "configuration.hpp"

#include <cstdio>  // stderr
#include <optional>
#include <string>
#include <utility>

#include <patchbay/cloud/region.hpp>
#include <patchbay/identifier.hpp>
#include <patchbay/observe/audit_file.hpp>

#include "environment.hpp"

namespace patchbayctl {

namespace {

using patchbay::ErrorCode;
using patchbay::fail;
using patchbay::Result;

using patchbay::cloud::Platform;
using patchbay::cloud::platform::ParticipantSelector;

/// The platform's dialect for moves, which go by the whole conversation and by no user.
Platform moves_on_platform(const Options& options) {
  Platform out = options.platform;
  out.media.reset();
  return out;
}
/// The same for holds, and for who watches them; nothing when nobody has said whose side is meant. The commands of holds
/// take `--participant` for it, and others for moves alone: what they find in the journal may be of both. What is only to be
/// settled or released need not be told: the journal says whose side it was.
std::optional<Platform> holds_on_platform(const Options& options, const std::string& user) {
  const bool names_holder =
      options.has_participant && options.command != Command::run && options.command != Command::recover;
  const bool of_the_journal = options.command == Command::recover || options.command == Command::release_all;
  if (user.empty() && !names_holder && !of_the_journal) return std::nullopt;
  Platform out = options.platform;
  // Of one hold or release the next reading tells as soon as a channel would, and channels are few: twenty of a user's.
  if (options.command == Command::run || options.command == Command::watch) out.user = user;
  if (!names_holder) out.participant = ParticipantSelector::by_user(user);
  return out;
}
/// What cannot be asked of the platform by the variables that are set.
Result<void> check_platform(const Options& options, const std::string& user, const std::string& channel,
                            const std::string& organisation) {
  if (!user.empty() && !patchbay::is_uuid(user))
    return fail(ErrorCode::invalid_settings,
                "--user, or GENESYS_USER_ID: expected the id of a user, which is a UUID");
  // What only watches over holds is not refused for them, and goes without.
  if (options.command == Command::hold || options.command == Command::run) {
    if (!channel.empty())
      return fail(ErrorCode::invalid_settings,
                  "GENESYS_WS_URL is set, and the platform makes its channels itself and says where they are");
    if (!organisation.empty())
      return fail(ErrorCode::invalid_settings,
                  "GENESYS_ORG_ID is set, and no conversation of the platform says whose it is; a client sees its own "
                  "organisation's alone");
  }
  if (options.command == Command::watch && user.empty())
    return fail(ErrorCode::invalid_settings, "watch needs --user, or GENESYS_USER_ID: whose conversations it is about");
  const bool holds = options.command == Command::hold || options.command == Command::unhold;
  if (holds && user.empty() && !options.has_participant)
    return fail(ErrorCode::invalid_settings, std::string(holds_of_nobody));
  return {};
}

/// The variables that have no default: who acts, and where (hazard A17).
Result<void> check_present(const Environment& environment, bool has_region, bool is_platform) {
  std::string missing;
  for (const std::string_view name : {"GENESYS_BASE_URL", "GENESYS_CLIENT_ID", "GENESYS_CLIENT_SECRET"}) {
    const auto value = environment.find(std::string(name));
    if ((value && !value->empty()) || (has_region && name == "GENESYS_BASE_URL")) continue;
    if (!missing.empty()) missing.append("; ");
    missing.append(name).append(value ? " is empty" : " is not set");
    if (is_platform && name == "GENESYS_BASE_URL") missing.append(", and no GENESYS_REGION in its place");
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

/// Where the API is, and where tokens come from.
struct Addresses {
  std::string base, login;
};

/// By region, or by the addresses themselves; never by both, for one of them would have to lose.
Result<Addresses> addresses_of(const Environment& environment, const std::string& region, bool is_platform) {
  Addresses out{environment.find("GENESYS_BASE_URL").value_or(""), environment.find("GENESYS_LOGIN_URL").value_or("")};
  if (!region.empty()) {
    for (const auto& [name, url] :
         {std::pair<const char*, const std::string&>{"GENESYS_BASE_URL", out.base}, {"GENESYS_LOGIN_URL", out.login}})
      if (!url.empty())
        return fail(ErrorCode::invalid_settings,
                    std::string("GENESYS_REGION and ") + name + " are both given; a region has its own addresses");
    const auto parsed = patchbay::Region::parse(region, "GENESYS_REGION");
    if (!parsed) return fail(parsed.error());
    parsed->assign_to(out.base, out.login);
    return out;
  }
  if (!out.login.empty()) return out;
  const auto base = patchbay::Endpoint::parse(out.base, "GENESYS_BASE_URL");
  if (is_platform && base && base->host().starts_with("api."))
    return fail(ErrorCode::invalid_settings, "GENESYS_LOGIN_URL is not set, and a region's API gives no tokens; set "
                                             "GENESYS_REGION in the place of GENESYS_BASE_URL");
  out.login = out.base;
  return out;
}

}  // namespace

std::string journal_folder_of(const Options& options) {
  return Environment(options.environment).find("PATCHBAY_JOURNAL_DIR").value_or("");
}

Result<Configuration> configure(const Options& options) {
  Environment environment(options.environment);
  if (options.env_file)
    if (auto read = environment.read_file(*options.env_file); !read) return fail(std::move(read.error()));
  // A variable that is set but empty asks for nothing.
  const auto text = [&](const char* name) { return environment.find(name).value_or(""); };
  const std::string region = text("GENESYS_REGION");
  const bool is_platform = options.dialect == DialectName::platform;
  if (auto present = check_present(environment, !region.empty(), is_platform); !present)
    return fail(std::move(present.error()));
  const auto addresses = addresses_of(environment, region, is_platform);
  if (!addresses) return fail(addresses.error());
  const auto& [base, login] = *addresses;
  const std::string channel = text("GENESYS_WS_URL"), webhook = text("CRM_WEBHOOK_URL");
  const std::string user = is_platform ? text("GENESYS_USER_ID") : "", organisation = text("GENESYS_ORG_ID");
  if (is_platform)
    if (auto fine = check_platform(options, user, channel, organisation); !fine) return fail(std::move(fine.error()));
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
  if (!is_platform) settings.hold.channel_url = channel;
  if (!is_platform) settings.hold.organisation_id = organisation;

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
  if (is_platform) {
    out.dialect = moves_on_platform(options);
    if (auto holds = holds_on_platform(options, user)) out.hold_dialect = std::move(*holds);
  } else {
    out.hold_dialect.emplace();
  }
  out.journal_folder = text("PATCHBAY_JOURNAL_DIR");
  out.ca_file = text("PATCHBAY_CA_FILE");
  return out;
}

}  // namespace patchbayctl
