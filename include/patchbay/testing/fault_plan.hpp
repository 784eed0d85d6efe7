// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <patchbay/testing/cloud_options.hpp>

namespace patchbay::testing {

/// What happens to an exchange in place of the ordinary answer.
enum class FaultKind : std::uint8_t {
  answer,         ///< Answered with the fault's status, headers and body.
  reset,          ///< The connection ends without an answer.
  timeout,        ///< No answer ever comes.
  truncate,       ///< Half of the answer comes, then the connection ends.
  garbage,        ///< 200 with the fault's body, HTML by default: a proxy's page, or worse.
  too_large,      ///< The answer, followed by `size` bytes of filler.
  delay,          ///< The ordinary answer, late.
  foreign_write,  ///< Another writer moves the interaction to `node` first; then the exchange goes on as usual.
};

/// One rule about HTTP exchanges. Made by `FaultPlan::on`; the members chain.
class HttpFault {
 public:
  HttpFault(std::string method_in, std::string target_prefix_in)
      : method(std::move(method_in)), target_prefix(std::move(target_prefix_in)) {}

  std::string method;         ///< Empty: any.
  std::string target_prefix;  ///< Empty: any.
  std::size_t skipped = 0;    ///< So many matching exchanges pass first.
  std::size_t left = 1;       ///< And so many are struck.
  FaultKind kind = FaultKind::answer;
  bool applied = false;  ///< Whether the cloud does what it was asked before the fault strikes.
  int status = 503;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  std::string node;      ///< Of `foreign_write`.
  std::size_t size = 0;  ///< Of `too_large`.
  /// Of any kind: how long it takes. The request arrives that much later, or, when `applied`, the answer leaves that
  /// much later. So a client that gives up before can find its write applied after it has looked.
  Duration wait{};

  HttpFault& times(std::size_t count) { return left = count, *this; }
  HttpFault& always() { return left = static_cast<std::size_t>(-1), *this; }
  HttpFault& skip(std::size_t count) { return skipped = count, *this; }
  /// The fault strikes the answer: the cloud has done it. Without this it strikes the request, and nothing was done.
  HttpFault& after_applying() { return applied = true, *this; }
  HttpFault& after(Duration span) { return wait = span, *this; }
  HttpFault& answer(int code, std::vector<std::pair<std::string, std::string>> fields = {}, std::string text = {}) {
    kind = FaultKind::answer, status = code, headers = std::move(fields), body = std::move(text);
    return *this;
  }
  HttpFault& reset() { return kind = FaultKind::reset, *this; }
  HttpFault& timeout() { return kind = FaultKind::timeout, *this; }
  HttpFault& truncate() { return kind = FaultKind::truncate, applied = true, *this; }
  HttpFault& garbage(std::string text = "<!DOCTYPE html><html><body>Sign in to the network</body></html>") {
    return kind = FaultKind::garbage, body = std::move(text), *this;
  }
  HttpFault& too_large(std::size_t bytes) { return kind = FaultKind::too_large, size = bytes, applied = true, *this; }
  HttpFault& delay(Duration span) { return kind = FaultKind::delay, wait = span, *this; }
  HttpFault& foreign_write(std::string to) { return kind = FaultKind::foreign_write, node = std::move(to), *this; }
};

/// What happens to a command on the channel, or to its acknowledgement.
enum class CommandFaultKind : std::uint8_t {
  drop,               ///< No acknowledgement comes.
  delay,              ///< It comes late.
  duplicate,          ///< It comes twice.
  wrong_interaction,  ///< It names another interaction.
  wrong_verb,         ///< It names the other verb.
  wrong_correlation,  ///< It has a correlation id that nobody gave.
  refuse,             ///< A negative one comes in its place, with the fault's text.
  junk,               ///< The fault's text comes in its place, JSON or not.
  close,              ///< The channel is closed with the fault's code in its place.
  cut,                ///< The connection ends in its place, without a close frame.
};

/// One rule about commands. Made by `FaultPlan::on_command`; the members chain.
class CommandFault {
 public:
  explicit CommandFault(std::string verb_in) : verb(std::move(verb_in)) {}

  std::string verb;  ///< `hold` or `unhold`; empty: any message, well formed or not.
  std::size_t skipped = 0;
  std::size_t left = 1;
  CommandFaultKind kind = CommandFaultKind::drop;
  bool applied = true;  ///< Whether the cloud carries the command out.
  std::uint16_t code = 1011;
  std::string text;
  Duration wait{};

  CommandFault& times(std::size_t count) { return left = count, *this; }
  CommandFault& always() { return left = static_cast<std::size_t>(-1), *this; }
  CommandFault& skip(std::size_t count) { return skipped = count, *this; }
  /// The command is lost before it has an effect. Refusals are so by themselves.
  CommandFault& before_applying() { return applied = false, *this; }
  CommandFault& drop_ack() { return kind = CommandFaultKind::drop, *this; }
  CommandFault& delay_ack(Duration span) { return kind = CommandFaultKind::delay, wait = span, *this; }
  CommandFault& duplicate_ack() { return kind = CommandFaultKind::duplicate, *this; }
  CommandFault& wrong_interaction() { return kind = CommandFaultKind::wrong_interaction, *this; }
  CommandFault& wrong_verb() { return kind = CommandFaultKind::wrong_verb, *this; }
  CommandFault& wrong_correlation() { return kind = CommandFaultKind::wrong_correlation, *this; }
  CommandFault& refuse(std::string message) {
    return kind = CommandFaultKind::refuse, text = std::move(message), applied = false, *this;
  }
  CommandFault& junk(std::string message) { return kind = CommandFaultKind::junk, text = std::move(message), *this; }
  CommandFault& close(std::uint16_t with) { return kind = CommandFaultKind::close, code = with, *this; }
  CommandFault& cut() { return kind = CommandFaultKind::cut, *this; }
};

/// What happens to the opening of a channel.
enum class OpenFaultKind : std::uint8_t {
  refuse,   ///< Answered with the fault's status and headers.
  reset,    ///< The connection ends without an answer.
  timeout,  ///< No answer comes.
  silence,  ///< It opens, and then nothing is ever heard from it, pongs included.
  close,    ///< It opens, and is closed with the fault's code after the fault's span.
};

/// One rule about openings. Made by `FaultPlan::on_open`; the members chain.
class OpenFault {
 public:
  OpenFault() = default;

  std::size_t skipped = 0;
  std::size_t left = 1;
  OpenFaultKind kind = OpenFaultKind::refuse;
  int status = 503;
  std::vector<std::pair<std::string, std::string>> headers;
  std::uint16_t code = 1011;
  Duration wait{};

  OpenFault& times(std::size_t count) { return left = count, *this; }
  OpenFault& always() { return left = static_cast<std::size_t>(-1), *this; }
  OpenFault& skip(std::size_t count) { return skipped = count, *this; }
  OpenFault& refuse(int with, std::vector<std::pair<std::string, std::string>> fields = {}) {
    return kind = OpenFaultKind::refuse, status = with, headers = std::move(fields), *this;
  }
  OpenFault& reset() { return kind = OpenFaultKind::reset, *this; }
  OpenFault& timeout() { return kind = OpenFaultKind::timeout, *this; }
  OpenFault& silence() { return kind = OpenFaultKind::silence, *this; }
  OpenFault& close(std::uint16_t with, Duration span = Duration::zero()) {
    return kind = OpenFaultKind::close, code = with, wait = span, *this;
  }
};

/// The faults that a simulated cloud is to show, as rules: each strikes the next exchanges that it matches, in the
/// order in which the rules were given, at most one rule per exchange. The same plan gives the same faults every time.
///
///     FaultPlan plan;
///     plan.on("PATCH", "/api/v2/interactions/").after_applying().reset();      // written, and the answer lost
///     plan.on("GET").times(2).answer(429, {{"Retry-After", "1"}});
///     plan.on_command("hold").drop_ack();
///
/// A reference that `on` gives is valid until the next call.
class FaultPlan {
 public:
  HttpFault& on(std::string method = {}, std::string target_prefix = {}) {
    return add(HttpFault(std::move(method), std::move(target_prefix)));
  }
  CommandFault& on_command(std::string verb = {}) { return add(CommandFault(std::move(verb))); }
  OpenFault& on_open() { return add(OpenFault()); }

  HttpFault& add(HttpFault fault) { return http_.emplace_back(std::move(fault)); }
  CommandFault& add(CommandFault fault) { return commands_.emplace_back(std::move(fault)); }
  OpenFault& add(OpenFault fault) { return opens_.emplace_back(std::move(fault)); }
  void clear() noexcept { http_.clear(), commands_.clear(), opens_.clear(); }

  /// The fault that strikes this exchange, used up once by the call.
  [[nodiscard]] std::optional<HttpFault> take(const CloudRequest& request) {
    return take(http_, [&](const HttpFault& fault) {
      return (fault.method.empty() || fault.method == request.method) &&
             request.target.starts_with(fault.target_prefix);
    });
  }
  [[nodiscard]] std::optional<CommandFault> take_command(std::string_view verb) {
    return take(commands_, [&](const CommandFault& fault) { return fault.verb.empty() || fault.verb == verb; });
  }
  [[nodiscard]] std::optional<OpenFault> take_open() {
    return take(opens_, [](const OpenFault&) { return true; });
  }
  /// How many faults are still to strike; a rule that strikes always counts as one.
  [[nodiscard]] std::size_t pending() const noexcept { return pending(http_) + pending(commands_) + pending(opens_); }

 private:
  static constexpr std::size_t endless = static_cast<std::size_t>(-1);

  template <class Fault, class Matches>
  static std::optional<Fault> take(std::deque<Fault>& rules, Matches&& matches) {
    for (auto rule = rules.begin(); rule != rules.end(); ++rule) {
      if (rule->left == 0 || !matches(*rule)) continue;
      if (rule->skipped > 0) {
        --rule->skipped;
        continue;
      }
      if (rule->left != endless) --rule->left;
      std::optional<Fault> taken(*rule);
      // One that is spent is not looked at by every exchange to come.
      if (rule->left == 0) rules.erase(rule);
      return taken;
    }
    return std::nullopt;
  }
  template <class Fault>
  static std::size_t pending(const std::deque<Fault>& rules) noexcept {
    std::size_t sum = 0;
    for (const Fault& rule : rules) sum += rule.left == endless ? 1 : rule.left;
    return sum;
  }

  std::deque<HttpFault> http_;
  std::deque<CommandFault> commands_;
  std::deque<OpenFault> opens_;
};

}  // namespace patchbay::testing
