// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // find, lower_bound
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <patchbay/testing/cloud_data.hpp>
#include <patchbay/testing/cloud_tokens.hpp>
#include <patchbay/testing/cloud_world.hpp>
#include <patchbay/testing/detail/cloud_bodies.hpp>

namespace patchbay::testing {

/// The state and the rules of a cloud that speaks the documents' dialect: tokens, flows, interactions under optimistic
/// locking, hold commands, a webhook. It does no input or output and reads no clock, so the same model answers a test
/// in memory and real sockets; what it logs is the truth that tests compare a client's claims with.
///
/// Takes any bytes. Not safe to share between threads; `SimulatedCloud` is.
class CloudModel : public CloudWorld {
 public:
  /// A cloud with the documents' interaction and flow and a few more interactions. `now` ages the tokens.
  explicit CloudModel(Now now, CloudOptions options = {}) : CloudWorld(std::move(now), std::move(options)) {}

  // HTTP.

  /// Answers one request; clears `response` first. Whoever does the input and output sends `take_frames()` afterwards.
  void handle(const CloudRequest& request, HttpResponse& response) {
    response.clear();
    response.headers.add("inin-correlation-id", next_correlation_id());
    const std::string_view path = request.path();
    if (path == "/oauth/token") {
      if (allowed(request, {"POST"}, response)) tokens_.issue(request, options_, now_(), response);
    } else if (path == "/webhook") {
      if (allowed(request, {"GET", "POST"}, response)) webhook(request, response);
    } else if (const auto flow = id_behind(path, "/api/v2/flows/")) {
      if (allowed(request, {"GET"}, response) && authorised(request, "flow:read", response))
        get_flow(request, *flow, response);
    } else if (const auto id = id_behind(path, "/api/v2/interactions/")) {
      if (!allowed(request, {"GET", "PATCH"}, response)) return;
      const bool write = request.method == "PATCH";
      if (!authorised(request, write ? "interaction:update" : "interaction:read", response)) return;
      CloudInteraction* const interaction = find(*id);
      if (interaction == nullptr) return refuse(response, 404, "not.found", "there is no such interaction");
      if (write) {
        patch(request, *interaction, response);
      } else {
        show(*interaction, response);
      }
    } else if (path == "/api/v2/interactions") {
      response.headers.add("Upgrade", "websocket");
      refuse(response, 426, "upgrade.required", "this is the address of the channel");
    } else {
      refuse(response, 404, "not.found", "there is no such resource");
    }
  }

  // The channel.

  /// Judges the upgrade of `GET /api/v2/interactions`. A value: the channel is open, and `answer` has the fields of the
  /// 101. None: `answer` is the refusal.
  [[nodiscard]] std::optional<ChannelId> open(const CloudRequest& request, HttpResponse& answer) {
    answer.clear();
    answer.headers.add("inin-correlation-id", next_correlation_id());
    if (request.path() != "/api/v2/interactions")
      return refuse(answer, 404, "not.found", "there is no channel at this address"), std::nullopt;
    if (!allowed(request, {"GET"}, answer) || !authorised(request, "interaction:control", answer)) return std::nullopt;
    if (channels_.size() >= options_.max_channels)
      return refuse(answer, 503, "too.many.channels", "too many channels are open"), std::nullopt;
    answer.status = 101;
    channels_.push_back(++last_channel_);
    return last_channel_;
  }
  void close(ChannelId channel) noexcept {
    // They are in the order opened, which is that of their ids.
    const auto found = std::lower_bound(channels_.begin(), channels_.end(), channel);
    if (found != channels_.end() && *found == channel) channels_.erase(found);
  }

  /// Carries out one text message from a channel. The acknowledgement and what else is to be sent go to
  /// `take_frames()`.
  void command(ChannelId channel, std::string_view text) {
    detail::ChannelCommand command;
    const std::string_view why = detail::read_command(text, reader_, command);
    carry_out(channel, command, why);
  }
  /// The same for a command that has been read, with what `read_command` said of it.
  void carry_out(ChannelId channel, const detail::ChannelCommand& command, std::string_view why) {
    if (!why.empty()) return negative(channel, command, why);
    const bool hold = command.verb == "hold";
    if (hold && !reason_allowed(command))
      return negative(channel, command, "body.holdReason: is none of the allowed reasons");
    CloudInteraction* const interaction = find(command.interaction);
    if (interaction == nullptr) return negative(channel, command, "there is no such interaction");
    if (interaction->final()) return negative(channel, command, "the interaction is over");
    if (hold && interaction->skill_group_id.empty())
      return negative(channel, command, "the interaction has no skill group");
    if (!has_room()) return negative(channel, command, "the log of operations is full");
    const bool changed = interaction->held != hold;
    interaction->held = hold;
    if (changed && options_.hold_changes_version) ++interaction->version;
    log(hold ? AppliedOperation::Kind::hold : AppliedOperation::Kind::unhold, *interaction, command.correlation_id, {},
        changed);
    frames_.emplace_back(channel, detail::acknowledgement(command.correlation_id, command.verb, command.interaction),
                         true);
    if (changed) announce(*interaction);
  }

  // The truth, for tests; more of it in `CloudWorld`.

  void revoke_tokens() noexcept { tokens_.revoke(); }
  [[nodiscard]] std::uint64_t tokens_issued() const noexcept { return tokens_.issued(); }

  /// Appends all interactions with what was done to them, as one JSON object.
  void write_state(std::string& out) const {
    std::unordered_map<std::string_view, std::vector<const AppliedOperation*>> by_interaction;
    for (const AppliedOperation& each : log_.entries()) by_interaction[each.interaction].push_back(&each);
    JsonWriter json(out);
    json.begin_object().member("channels", channels_.size()).member("tokensIssued", tokens_.issued());
    json.member("webhooks", webhooks_.size()).key("interactions").begin_array();
    for (const auto& [id, each] : interactions_) detail::write_history(json, each, by_interaction[id]);
    json.end_array().end_object();
  }

  /// Appends one interaction with what was done to it, as a JSON object; false when there is none of that id.
  bool write_state(std::string& out, std::string_view id) const {
    const CloudInteraction* const interaction = find(id);
    if (interaction == nullptr) return false;
    std::vector<const AppliedOperation*> operations;
    for (const AppliedOperation& each : log_.entries())
      if (each.interaction == id) operations.push_back(&each);
    JsonWriter json(out);
    detail::write_history(json, *interaction, operations);
    return true;
  }

  /// Fills `response` with an error as the platform spells it.
  static void refuse(HttpResponse& response, int status, std::string_view code, std::string_view message) {
    std::string body;
    JsonWriter json(body);
    json.begin_object().member("status", status).member("code", code).member("message", message).end_object();
    response.status = status;
    response.headers.add("Content-Type", "application/json");
    response.body.assign(body);
  }

 private:
  // Like the platform's: a UUID of its own for every answer.
  std::string next_correlation_id() {
    std::string id = "c0de0000-0000-4000-8000-000000000000";
    std::uint64_t rest = ++correlations_;
    for (std::size_t at = id.size(); rest != 0 && at > 24; rest >>= 4) id[--at] = "0123456789abcdef"[rest & 15];
    return id;
  }
  static std::optional<std::string> id_behind(std::string_view path, std::string_view prefix) {
    if (!path.starts_with(prefix)) return std::nullopt;
    auto id = detail::percent_decoded(path.substr(prefix.size()), false);
    if (id && (id->empty() || path.find('/', prefix.size()) != std::string_view::npos)) id.reset();
    return id;
  }
  static bool allowed(const CloudRequest& request, std::initializer_list<std::string_view> methods,
                      HttpResponse& response) {
    if (std::find(methods.begin(), methods.end(), request.method) != methods.end()) return true;
    std::string list;
    for (const std::string_view each : methods) list.append(list.empty() ? "" : ", ").append(each);
    response.headers.add("Allow", list);
    refuse(response, 405, "method.not.allowed", "the method is not allowed here");
    return false;
  }
  bool authorised(const CloudRequest& request, std::string_view scope, HttpResponse& response) const {
    std::optional<std::string> token;
    if (const auto bearer = detail::credentials_of(request.header("Authorization"), "Bearer")) {
      token.emplace(*bearer);
    } else if (const auto query = detail::parse_form(request.query());
               query && request.path() == "/api/v2/interactions") {
      for (const auto& [name, value] : *query)
        if (name == "access_token") token = value;
    }
    const CloudTokens::Verdict verdict = token ? tokens_.check(*token, scope, now_()) : CloudTokens::Verdict::invalid;
    if (verdict == CloudTokens::Verdict::valid) return true;
    if (verdict == CloudTokens::Verdict::insufficient) {
      refuse(response, 403, "missing.permissions", std::string("the token was not granted ").append(scope));
    } else {
      response.headers.add("WWW-Authenticate", token ? "Bearer error=\"invalid_token\"" : "Bearer");
      refuse(response, 401, "bad.credentials", token ? "the token is unknown or has expired" : "a token is required");
    }
    return false;
  }

  void get_flow(const CloudRequest& request, std::string_view id, HttpResponse& response) const {
    const auto found = flows_.find(id);
    if (found == flows_.end()) return refuse(response, 404, "not.found", "there is no such flow");
    const Flow& flow = found->second;
    const std::string etag = flow.version.empty() ? std::string{} : '"' + flow.version + '"';
    if (!etag.empty()) response.headers.add("ETag", etag);
    response.status = 200;
    if (!etag.empty() && detail::matches_etag(request, "If-None-Match", etag, true)) {
      response.status = 304;
      return;
    }
    response.headers.add("Content-Type", "application/json");
    response.body.assign(flow.json);
  }
  void add_etag(const CloudInteraction& interaction, HttpResponse& response) const {
    if (options_.etag == EtagPlace::header || options_.etag == EtagPlace::header_and_body)
      response.headers.add("ETag", interaction.etag());
    if (options_.etag == EtagPlace::weak) response.headers.add("ETag", "W/" + interaction.etag());
  }
  void show(const CloudInteraction& interaction, HttpResponse& response) const {
    std::string body;
    detail::write_interaction(body, interaction, options_);
    response.status = 200;
    add_etag(interaction, response);
    response.headers.add("Content-Type", "application/json");
    response.body.assign(body);
  }

  void patch(const CloudRequest& request, CloudInteraction& interaction, HttpResponse& response) {
    if (!detail::has_media_type(request, "application/json"))
      return refuse(response, 415, "unsupported.media.type", "expected application/json");
    detail::Members attributes;
    std::size_t size = 0;
    // A malformed body is refused before the precondition is looked at (RFC 9110 section 13.2.1).
    if (const std::string_view why = detail::read_write(request.body, reader_, attributes, size); !why.empty())
      return refuse(response, 422, "unprocessable.entity", why);
    if (size > options_.max_attributes)
      return refuse(response, 422, "attributes.too.large", "customAttributes is beyond the limit");
    if (!request.has_header("If-Match")) {
      if (options_.require_if_match) return refuse(response, 428, "precondition.required", "If-Match is required");
    } else if (!detail::matches_etag(request, "If-Match", interaction.etag(), false)) {
      add_etag(interaction, response);
      return refuse(response, options_.stale_status, "version.mismatch", "the interaction has another version");
    }
    if (interaction.final()) {
      add_etag(interaction, response);
      return refuse(response, 409, "interaction.over", "the interaction is over");
    }
    if (!has_room()) return refuse(response, 507, "storage.full", "the log of operations is full");
    std::string transition_id;
    for (const auto& [name, value] : attributes) {
      interaction.set_attribute(name, value);
      if (name == "transition_id") transition_id = detail::plain_text(value, reader_);
    }
    ++interaction.version;
    const std::string* const node = interaction.attribute("flow_node");
    log(AppliedOperation::Kind::transition, interaction, transition_id, node != nullptr ? *node : std::string{}, true);
    announce(interaction);
    add_etag(interaction, response);
    if (options_.write_answer == WriteAnswer::no_content) return void(response.status = 204);
    std::string body;
    JsonWriter json(body);
    json.begin_object().member("id", std::string_view(interaction.id));
    if (options_.etag == EtagPlace::body || options_.etag == EtagPlace::header_and_body)
      json.member("etag", std::string_view(interaction.etag()));
    if (options_.write_answer == WriteAnswer::attributes)
      detail::write_attributes(json.key("customAttributes"), interaction);
    json.end_object();
    response.status = 200;
    response.headers.add("Content-Type", "application/json");
    response.body.assign(body);
  }

  void webhook(const CloudRequest& request, HttpResponse& response) {
    std::string body;
    if (request.method == "GET") {
      JsonWriter json(body);
      json.begin_array();
      for (const std::string& each : webhooks_) json.raw(each);
      json.end_array();
    } else {
      if (webhooks_.size() >= options_.max_webhooks)
        return refuse(response, 507, "storage.full", "too many deliveries are kept");
      std::string delivery;
      if (const auto read = reader_.minify(request.body, delivery); !read)
        return refuse(response, 400, "bad.request", read.error().why);
      webhooks_.push_back(std::move(delivery));
      body = R"({"received":true})";
    }
    response.status = 200;
    response.headers.add("Content-Type", "application/json");
    response.body.assign(body);
  }

  [[nodiscard]] bool reason_allowed(const detail::ChannelCommand& command) const noexcept {
    const std::vector<std::string>& reasons = options_.hold_reasons;
    return command.has_reason &&
           (reasons.empty() || std::find(reasons.begin(), reasons.end(), command.reason) != reasons.end());
  }
  void negative(ChannelId channel, const detail::ChannelCommand& command, std::string_view why) {
    frames_.emplace_back(channel, detail::negative_acknowledgement(command, why), true);
  }

  CloudTokens tokens_;
  JsonReader reader_;
  ChannelId last_channel_ = 0;
  std::uint64_t correlations_ = 0;
};

}  // namespace patchbay::testing
