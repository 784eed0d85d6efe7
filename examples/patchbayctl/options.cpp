// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include "options.hpp"

#include <algorithm>  // find_if, reverse
#include <array>
#include <utility>

#include <CLI/CLI.hpp>

#include <patchbay/json/number.hpp>
#include <patchbay/version.hpp>

#include "help.hpp"

namespace patchbayctl {

namespace {

// Which commands know a flag.
constexpr unsigned transition = 1, hold = 2, unhold = 4, flow = 8, run = 16, recover = 32, release_all = 64,
                   journal = 128, watch = 256;
constexpr unsigned working = 127;            // at interactions
constexpr unsigned every = working | watch;  // that asks the cloud
constexpr unsigned holding = hold | unhold | release_all;
constexpr unsigned may_hold = holding | run | recover;

struct Flag {
  std::string_view name;
  unsigned commands;
  unsigned required_by;
  std::optional<std::string> Options::*text;  // where its text goes; null: see `interpret`
  std::string_view variable;                  // the environment variable that it stands for
  bool of_platform = false;                   // means something in the platform's dialect alone
};

constexpr std::array flags{
    Flag{"interaction", transition | hold | unhold, 0, &Options::interaction, {}},
    Flag{"conversation", transition | hold | unhold, 0, &Options::interaction, {}},
    Flag{"flow", transition | flow, transition | flow, &Options::flow, {}},
    Flag{"from", transition | flow, transition, &Options::from, {}},
    Flag{"to", transition | flow, transition, &Options::to, {}},
    Flag{"vars", transition, 0, &Options::vars, {}},
    Flag{"reason", hold, hold, &Options::reason, {}},
    Flag{"priority", hold | unhold | release_all, hold | unhold, &Options::priority, {}},
    Flag{"music", hold, 0, &Options::music, {}},
    Flag{"prompt", hold, 0, &Options::prompt, {}},
    Flag{"env-file", every, 0, &Options::env_file, {}},
    Flag{"format", flow, 0, nullptr, {}},
    Flag{"in-flight", run, 0, nullptr, {}},
    Flag{"transport", run, 0, nullptr, {}},
    Flag{"job", run, 0, &Options::job, {}},
    Flag{"dialect", every, 0, nullptr, {}},
    Flag{"participant", transition | may_hold, 0, nullptr, {}, true},
    Flag{"user", may_hold | watch, 0, nullptr, "GENESYS_USER_ID", true},
    Flag{"media", may_hold | watch, 0, nullptr, {}, true},
    Flag{"hold-reason-attribute", hold | run, 0, nullptr, {}, true},
    Flag{"for", watch, 0, nullptr, {}, true},
    Flag{"store", transition | run | recover, 0, nullptr, {}, true},
    Flag{"schema-id", transition | run | recover, 0, nullptr, {}, true},
    Flag{"flow-version", transition | flow | run, 0, nullptr, {}, true},
    Flag{"region", every, 0, nullptr, "GENESYS_REGION"},
    Flag{"deadline", every, 0, nullptr, {}},
    Flag{"fence-after", working & ~flow, 0, nullptr, {}},
    Flag{"rate", every, 0, nullptr, {}},
    Flag{"reachability", working, 0, nullptr, {}},
    Flag{"log", every, 0, nullptr, {}},
    Flag{"log-level", every, 0, nullptr, {}},
    Flag{"base-url", every, 0, nullptr, "GENESYS_BASE_URL"},
    Flag{"login-url", every, 0, nullptr, "GENESYS_LOGIN_URL"},
    Flag{"ws-url", working, 0, nullptr, "GENESYS_WS_URL"},
    Flag{"client-id", every, 0, nullptr, "GENESYS_CLIENT_ID"},
    Flag{"credentials-in", every, 0, nullptr, "GENESYS_CREDENTIALS_IN"},
    Flag{"org-id", working, 0, nullptr, "GENESYS_ORG_ID"},
    Flag{"webhook-url", working, 0, nullptr, "CRM_WEBHOOK_URL"},
    Flag{"audit-file", working, 0, nullptr, "PATCHBAY_AUDIT_FILE"},
    Flag{"ca-file", every, 0, nullptr, "PATCHBAY_CA_FILE"},
    Flag{"journal", working & ~flow, 0, nullptr, "PATCHBAY_JOURNAL_DIR"},
};

struct Name {
  std::string_view text;
  Command command;
  unsigned bit;
};
constexpr std::array commands{Name{"transition", Command::transition, transition},
                              Name{"hold", Command::hold, hold},
                              Name{"unhold", Command::unhold, unhold},
                              Name{"flow", Command::flow, flow},
                              Name{"run", Command::run, run},
                              Name{"recover", Command::recover, recover},
                              Name{"release-all", Command::release_all, release_all},
                              Name{"journal", Command::journal, journal},
                              Name{"watch", Command::watch, watch}};

const Flag* find_flag(std::string_view name) {
  const auto found = std::find_if(flags.begin(), flags.end(), [&](const Flag& flag) { return flag.name == name; });
  return found == flags.end() ? nullptr : &*found;
}

/// CLI11 takes the next argument as the value of `--name=`, which ours is the empty text. So `--name=value` becomes two
/// arguments, of which the second is a value whatever it looks like.
std::vector<std::string> split_values(const std::vector<std::string>& arguments) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    if (argument == "--") {
      out.insert(out.end(), arguments.begin() + static_cast<std::ptrdiff_t>(i), arguments.end());
      break;
    }
    const std::string_view name = std::string_view(argument).substr(argument.starts_with("--") ? 2 : 0);
    const std::size_t equals = name.find('=');
    const bool takes_value =
        argument.starts_with("--") && (find_flag(name.substr(0, equals)) || name.substr(0, equals) == "var");
    if (takes_value && equals != std::string_view::npos) {
      out.push_back("--" + std::string(name.substr(0, equals)));
      out.emplace_back(name.substr(equals + 1));
      continue;
    }
    out.push_back(argument);
    if (takes_value && i + 1 < arguments.size()) out.push_back(arguments[++i]);
  }
  return out;
}

using Selector = patchbay::cloud::platform::ParticipantSelector;

std::optional<double> positive(const std::string& text, double most) {
  const std::optional<double> number = patchbay::parse_json_number(text);
  return number && *number > 0 && *number <= most ? number : std::nullopt;
}

/// Whose flow it is: `purpose:NAME`, `user:ID`, or the participant's id, which holds no colon.
std::optional<Selector> parse_participant(std::string_view text) {
  const std::size_t colon = text.find(':');
  const std::string_view kind = colon == std::string_view::npos ? "" : text.substr(0, colon);
  std::string rest(colon == std::string_view::npos ? text : text.substr(colon + 1));
  if (rest.empty() || rest.find(':') != std::string::npos) return std::nullopt;
  if (colon == std::string_view::npos) return Selector::by_id(std::move(rest));
  if (kind == "purpose") return Selector::by_purpose(std::move(rest));
  if (kind == "user") return Selector::by_user(std::move(rest));
  return std::nullopt;
}

/// Parses the value of a flag of the platform's dialect; false when it is none of what the flag takes.
bool interpret(patchbay::cloud::Platform& platform, std::string_view flag, const std::string& value) {
  using patchbay::cloud::TransitionStore;
  if (flag == "store") {
    platform.store =
        value == "custom-attributes" ? TransitionStore::custom_attributes : TransitionStore::participant_attributes;
    return value == "custom-attributes" || value == "participant-attributes";
  }
  if (flag == "participant") {
    const std::optional<Selector> selector = parse_participant(value);
    if (selector) platform.participant = *selector;
    return selector.has_value();
  }
  if (flag == "media") {
    for (const patchbay::cloud::platform::Media each : patchbay::cloud::platform::all_media)
      if (value == to_string(each)) platform.media = each;
    return platform.media.has_value();
  }
  if (flag == "hold-reason-attribute") {
    platform.hold_reason_attribute = value;
    return !value.empty();
  }
  (flag == "schema-id" ? platform.schema_id : platform.flow_version) = value;
  return !value.empty();
}

/// Parses the value of a flag that is more than text; false when it is none of what the flag takes.
bool interpret(Options& options, const Flag& flag, const std::string& value) {
  if (!flag.variable.empty()) {
    options.environment.insert_or_assign(std::string(flag.variable), value);
    return true;
  }
  if (flag.name == "for") {
    const std::optional<double> number = positive(value, 1e9);
    if (number) options.watch_for = std::chrono::ceil<patchbay::Duration>(std::chrono::duration<double>(*number));
    return number.has_value();
  }
  if (flag.name == "participant") options.has_participant = true;
  if (flag.of_platform) return interpret(options.platform, flag.name, value);
  if (flag.name == "dialect") {
    options.dialect = value == "platform" ? DialectName::platform : DialectName::interactions;
    return value == "platform" || value == "interactions";
  }
  const auto put = [](auto& member, const auto& parsed) {
    if (parsed) member = *parsed;
    return parsed.has_value();
  };
  if (flag.name == "format") return put(options.format, patchbay::parse_diagram_format(value));
  if (flag.name == "reachability") return put(options.reachability, patchbay::parse_reachability(value));
  if (flag.name == "rate") {
    options.per_minute = positive(value, 1e9);
    return options.per_minute.has_value();
  }
  if (flag.name == "deadline" || flag.name == "fence-after") {
    const std::optional<double> number = positive(value, 1e9);
    patchbay::Duration& span = flag.name == "deadline" ? options.deadline : options.fence_after;
    if (number) span = std::chrono::ceil<patchbay::Duration>(std::chrono::duration<double>(*number));
    return number.has_value();
  }
  if (flag.name == "in-flight") {
    const std::optional<double> number = positive(value, max_in_flight);
    if (number) options.in_flight = static_cast<int>(*number);
    return number && static_cast<double>(options.in_flight) == *number;
  }
  if (flag.name == "transport") {
    options.transport = value == "curl" ? HttpLibrary::curl : HttpLibrary::beast;
    return value == "beast" || value == "curl";
  }
  if (flag.name == "log") {
    options.log = value == "off" ? Log::off : value == "json" ? Log::json : Log::text;
    return value == "off" || value == "json" || value == "text";
  }
  for (const patchbay::Level level :
       {patchbay::Level::debug, patchbay::Level::info, patchbay::Level::warn, patchbay::Level::error}) {
    if (value != to_string(level)) continue;
    options.log_level = level;
    return true;
  }
  return false;
}

std::string_view expected_by(std::string_view flag) {
  if (flag == "format") return "text, dot or mermaid";
  if (flag == "reachability") return "path, direct or conditional";
  if (flag == "log") return "off, text or json";
  if (flag == "log-level") return "debug, info, warn or error";
  if (flag == "in-flight") return "a whole number from 1 to 20000";
  if (flag == "transport") return "beast or curl";
  if (flag == "dialect") return "interactions or platform";
  if (flag == "participant") return "a participant's id, purpose:NAME or user:ID";
  if (flag == "media") return "call, callback, chat, email, message or social_expression";
  if (flag == "hold-reason-attribute") return "the name of an attribute";
  if (flag == "store") return "custom-attributes or participant-attributes";
  if (flag == "schema-id") return "the id of a schema of custom attributes";
  if (flag == "flow-version") return "a version of the flow";
  return "a positive number";
}

/// What the chosen dialect does not know of what is asked for; empty when it knows all of it.
std::string wrong_for_the_dialect(const Options& options, const CLI::App& app, unsigned command) {
  const bool is_platform = options.dialect == DialectName::platform;
  if (!is_platform && command == watch)
    return "watch listens to the platform's notifications, which --dialect interactions does not have";
  for (const Flag& flag : flags)
    if (flag.of_platform && !is_platform && app.count("--" + std::string(flag.name)) != 0)
      return std::string("--").append(flag.name).append(" goes with --dialect platform");
  if (!is_platform && options.platform.hold_music) return "--hold-music goes with --dialect platform";
  if (!is_platform) return {};
  if (options.music || options.prompt)
    return "--music and --prompt name files, of which the platform takes none: --hold-music lets it play its own";
  using patchbay::cloud::platform::Media;
  if (options.platform.hold_music && options.platform.media.value_or(Media::call) != Media::call)
    return "--hold-music is for calls, and --media names something else";
  if (!options.platform.schema_id.empty() &&
      options.platform.store == patchbay::cloud::TransitionStore::participant_attributes)
    return "--schema-id is of custom attributes, and --store says participant-attributes";
  return {};
}

}  // namespace

std::variant<Options, UsageError, Information> parse_options(const std::vector<std::string>& arguments) {
  CLI::App app;
  app.set_help_flag("-h,--help");
  app.add_flag("--version");
  app.require_subcommand(0, 1);
  app.add_flag("--strict");
  app.add_flag("--ordered");
  app.add_flag("--resume");
  app.add_flag("--hold-music");
  app.add_option("--var")->take_all();
  for (const Flag& flag : flags) app.add_option("--" + std::string(flag.name))->take_all();
  std::vector<std::string> file, words;
  for (const Name& name : commands) {
    CLI::App* const command = app.add_subcommand(std::string(name.text));
    command->set_help_flag();
    command->fallthrough();
    if (name.command == Command::run) command->add_option("file", file)->expected(0, 1);
    if (name.command == Command::journal) command->add_option("words", words)->expected(0, 2);
  }

  std::vector<std::string> reversed = split_values(arguments);
  std::reverse(reversed.begin(), reversed.end());
  try {
    app.parse(std::move(reversed));
  } catch (const CLI::CallForHelp&) {
    return Information{std::string(help_text)};
  } catch (const CLI::ParseError& error) {
    return UsageError(error.what());
  }
  if (app.count("--version") != 0)
    return Information{"patchbayctl " + std::to_string(PATCHBAY_VERSION_MAJOR) + "." +
                       std::to_string(PATCHBAY_VERSION_MINOR) + "." + std::to_string(PATCHBAY_VERSION_PATCH) + "\n"};
  const auto chosen = std::find_if(commands.begin(), commands.end(),
                                   [&](const Name& name) { return app.got_subcommand(std::string(name.text)); });
  if (chosen == commands.end())
    return UsageError("name a command: transition, hold, unhold, flow, run, recover, release-all, journal or watch");

  Options options;
  options.command = chosen->command;
  // There is nothing else that could be watched.
  if (options.command == Command::watch) options.dialect = DialectName::platform;
  const bool needs_interaction = ((transition | hold | unhold) & chosen->bit) != 0;
  if (needs_interaction && app.count("--interaction") + app.count("--conversation") == 0)
    return UsageError(std::string(chosen->text) + " needs --interaction, or --conversation");
  for (const Flag& flag : flags) {
    const std::string shown = "--" + std::string(flag.name);
    const std::vector<std::string> values = app.get_option(shown)->results();
    if (values.empty() && (flag.required_by & chosen->bit) != 0)
      return UsageError(std::string(chosen->text) + " needs " + shown);
    if (values.empty()) continue;
    if ((flag.commands & chosen->bit) == 0) return UsageError(shown + " is no option of " + std::string(chosen->text));
    if (values.size() > 1) return UsageError(shown + " is given twice");
    if (flag.text) {
      if (options.*flag.text) return UsageError("--interaction and --conversation are the same: give one");
      options.*flag.text = values.front();
    } else if (!interpret(options, flag, values.front())) {
      return UsageError(shown + ": expected " + std::string(expected_by(flag.name)));
    }
  }
  options.platform.hold_music = app.get_option("--hold-music")->as<bool>();
  if (options.platform.hold_music && (chosen->bit & (hold | run)) == 0)
    return UsageError("--hold-music is no option of " + std::string(chosen->text));
  if (const std::string wrong = wrong_for_the_dialect(options, app, chosen->bit); !wrong.empty())
    return UsageError(wrong);
  options.var = app.get_option("--var")->results();
  options.strict = app.get_option("--strict")->as<bool>();
  options.ordered = app.get_option("--ordered")->as<bool>();
  options.resume = app.get_option("--resume")->as<bool>();
  for (const auto& [given, name] :
       {std::pair<bool, const char*>{options.ordered, "--ordered"}, {options.resume, "--resume"}})
    if (given && options.command != Command::run)
      return UsageError(std::string(name) + " is no option of " + std::string(chosen->text));
  if (options.job && (options.job->empty() || options.job->size() > 128))
    return UsageError("--job: expected a name of at most 128 bytes");
  if (options.command == Command::journal) {
    if (words.empty() || words.front() != "show") return UsageError("journal: expected show, and the folder");
    if (words.size() == 2) options.environment.insert_or_assign("PATCHBAY_JOURNAL_DIR", words.back());
  }
  if (!options.var.empty() && options.command != Command::transition)
    return UsageError("--var is no option of " + std::string(chosen->text));
  for (const std::string& each : options.var)
    if (each.find('=') == std::string::npos || each.starts_with('=')) return UsageError("--var: expected NAME=VALUE");
  if (options.from.has_value() != options.to.has_value()) return UsageError("--from and --to go together");
  if (!file.empty()) options.file = file.front();
  return options;
}

}  // namespace patchbayctl
