// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // find
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <patchbay/testing/platform_gate.hpp>

namespace patchbay::testing {

/// The state and the rules of a cloud that speaks the real platform's dialect: login, conversations in both views,
/// holds by PATCH that are accepted first and happen later, attributes with and without a version, flows and their
/// configurations, notification channels. The counterpart of `CloudModel`: no input or output and no clock, so the same
/// model answers a test in memory and real sockets, and what it logs is the truth.
///
/// Hosts are told apart by path alone. All tokens are of one application, as the limit of channels counts them. Takes
/// any bytes. Not safe to share between threads.
class PlatformModel : public PlatformGate {
 public:
  /// `now` ages tokens and channels and says when what was accepted is done; `wall_now` dates what answers show.
  explicit PlatformModel(Now now, WallNow wall_now, PlatformOptions options = {})
      : PlatformGate(std::move(now), std::move(wall_now), std::move(options)) {}

  /// Answers one request; clears `response` first. Whoever does the input and output sends `take_actions()` afterwards.
  void handle(const CloudRequest& request, HttpResponse& response) {
    advance();
    begin(response);
    const std::string_view path = request.path();
    if (path == "/oauth/token") {
      if (allowed(request, {"POST"}, response)) issue(request, response);
      return;
    }
    constexpr std::string_view api = "/api/v2/";
    Parts parts;
    if (!path.starts_with(api) || !split(path.substr(api.size()), parts))
      return refuse(response, 404, "not.found", "there is no such resource");
    if (!authorised(request, response) || !paced(request, response)) return;
    if (parts[0] == "conversations" && parts.size() >= 2) return conversations(request, parts, response);
    if (parts[0] == "flows" && parts.size() >= 2) return flows(request, parts, response);
    if (parts[0] == "notifications" && parts.size() >= 2 && parts[1] == "channels")
      return notifications(request, parts, response);
    refuse(response, 404, "not.found", "there is no such resource");
  }

  // The notification socket.

  /// Judges the upgrade of a channel's address. A value: the socket is open. None: `answer` is the refusal, 401 for a
  /// channel that is not there, or not any more.
  [[nodiscard]] std::optional<ChannelId> open(const CloudRequest& request, HttpResponse& answer) {
    advance();
    begin(answer);
    constexpr std::string_view prefix = "/channels/";
    const std::string_view path = request.path();
    if (!path.starts_with(prefix)) return refuse(answer, 404, "not.found", "there is no socket here"), std::nullopt;
    if (!allowed(request, {"GET"}, answer)) return std::nullopt;
    PlatformChannel* const channel = channels_.find(path.substr(prefix.size()));
    if (channel == nullptr)
      return refuse(answer, 401, "authentication.required", "the channel is unknown or has expired"), std::nullopt;
    answer.status = 101;
    return channels_.open(*channel, options_, now_());
  }
  void close(ChannelId socket) { channels_.forget(socket, now_()); }
  /// Takes one text message from a socket; what is no question is ignored, as the platform does.
  void command(ChannelId socket, std::string_view text) {
    advance();
    detail::SocketMessage asked;
    PlatformChannel* const channel = channels_.of_socket(socket);
    if (channel == nullptr || !detail::read_socket_message(text, reader_, asked)) return;
    channel->used = now_();
    if (asked.message == "ping") return channels_.say_metadata(socket, "pong");
    if (asked.message != "subscribe") return;
    bool fine = asked.topics.size() + channel->topics.size() <= options_.max_topics;
    for (const std::string& each : asked.topics) fine = fine && PlatformChannels::is_topic(each);
    if (fine) add_topics(*channel, asked.topics);
    std::string answer;
    JsonWriter json(answer);
    json.begin_object().member("result", fine ? "200" : "400").member("status", fine ? "subscribed" : "failure");
    detail::member_text(json, "correlationId", asked.correlation_id);
    json.end_object();
    channels_.say(socket, std::move(answer));
  }

  /// Appends all conversations with what was done to them, as one JSON object.
  void write_state(std::string& out) const {
    JsonWriter json(out);
    json.begin_object().member("channels", channels_.all().size()).member("sockets", channels_.sockets());
    json.member("tokensIssued", tokens_issued()).member("pending", pending());
    write_conversations(json.key("conversations"));
    json.end_object();
  }
  using PlatformWorld::write_state;

 private:
  void conversations(const CloudRequest& request, Parts& parts, HttpResponse& response) {
    std::optional<PlatformMedia> media;
    for (const PlatformMedia each : {PlatformMedia::call, PlatformMedia::callback, PlatformMedia::chat,
                                     PlatformMedia::email, PlatformMedia::message})
      if (parts[1] == plural(each) && parts.size() > 2) media = each;
    if (media) parts.erase(parts.begin() + 1);
    const bool calls = media == PlatformMedia::call;
    const bool attributes =
        parts.size() == 5 && parts[2] == "participants" && parts[4] == "attributes" && (!media || calls);
    const bool participants = parts.size() == 4 && parts[2] == "participants" && media != PlatformMedia::chat;
    const bool records = parts.size() == 3 && parts[2] == "customattributes" && !media;
    if (parts.size() != 2 && !attributes && !participants && !records)
      return refuse(response, 404, "not.found", "there is no such resource");
    if (participants || attributes ? !allowed(request, {"PATCH"}, response)
        : records                  ? !allowed(request, {"GET", "PUT", "PATCH"}, response)
                                   : !allowed(request, {"GET"}, response))
      return;
    PlatformConversation* const conversation = find(parts[1]);
    if (conversation == nullptr || (media && conversation->media != *media))
      return refuse(response, 404, media ? "conversation.error.conversation.not.found" : "not.found",
                    "there is no such conversation");
    if (records) return custom_attributes(request, *conversation, response);
    if (parts.size() == 2) {
      if (!media && !permitted({"conversation:communication:view"}, response)) return;
      std::string body;
      JsonWriter json(body);
      if (media)
        detail::write_flat(json, *conversation, options_.api_base);
      else
        detail::write_conversation(json, *conversation, options_.api_base);
      return answer(response, 200, body);
    }
    // The body of a message's PATCH is optional.
    const bool nothing = participants && media == PlatformMedia::message && request.body.empty();
    if (!nothing && !is_json(request, response)) return;
    PlatformParticipant* const participant = conversation->participant(parts[3]);
    if (participants && !permitted({"conversation:participant:wrapup", "conversation:call:record",
                                    "conversation:communication:disconnect"},
                                   response))
      return;
    if (participant == nullptr)
      return refuse(response, 404, "conversation.error.not.conversation.participant",
                    "the conversation has no such participant");
    if (nothing) return void(response.status = 202);
    if (!has_room()) return refuse(response, 503, "service.unavailable", "no more can be kept");
    if (attributes)
      participant_attributes(request, *conversation, *participant, calls, response);
    else
      participant_change(request, *conversation, *participant, calls, response);
  }
  void participant_change(const CloudRequest& request, PlatformConversation& conversation,
                          PlatformParticipant& participant, bool calls, HttpResponse& response) {
    detail::ParticipantChange change;
    if (!judged(detail::read_participant(request.body, reader_, change), response)) return;
    const auto no = [&](std::string_view code, std::string_view why) { refuse(response, 400, code, why); };
    const bool hold = change.held.value_or(false) || change.confined.value_or(false);
    if (calls && options_.user_id.empty()) return no("not.a.user", "the token stands for no user");
    if (calls && participant.user_id != options_.user_id)
      return no("conversation.error.user.not.party", "the participant is another's");
    if (participant.gone())
      return calls ? no("conversation.error.call.disconnected", "the participant has left the call")
                   : no("conversation.error.participant.no.active.conversations", "the participant has left");
    if (hold && participant.state == "alerting" && change.state != "connected")
      return no("conversation.error.hold.alerting", "what is alerting cannot be held");
    if (change.confined && conversation.media != PlatformMedia::call)
      return no("conversation.error.cannot.confine.party", "only in a call is there music");
    if (change.muted && conversation.media != PlatformMedia::call)
      return no("conversation.participant.update.invalid", "muted: only in a call can it be heard");
    if (change.state == "disconnected" && participant.wrapup_required && !change.has_wrapup)
      return no("conversation.error.wrapup.code.required", "the participant owes a wrap-up code");
    response.status = 202;
    accept(conversation, participant, std::move(change), {}, correlation_of(response));
    advance();
  }
  void participant_attributes(const CloudRequest& request, PlatformConversation& conversation,
                              PlatformParticipant& participant, bool calls, HttpResponse& response) {
    detail::TextMembers attributes;
    if (!judged(detail::read_participant_attributes(request.body, reader_, attributes), response)) return;
    if (!fits(attributes, response)) return;
    PlatformParticipant shown = participant;
    if (options_.attributes_replace) shown.attributes.clear();
    for (const auto& [name, value] : attributes) shown.set_attribute(name, value);
    response.status = 202;
    if (calls) {
      std::string body;
      JsonWriter json(body);
      detail::write_strings(json.begin_object().key("attributes"), shown.attributes);
      json.end_object();
      answer(response, 202, body);
    }
    accept(conversation, participant, std::nullopt, std::move(attributes), correlation_of(response));
    advance();
  }
  bool fits(const detail::TextMembers& members, HttpResponse& response) const {
    std::size_t size = 0;
    for (const auto& [name, value] : members) size += name.size() + value.size() + 6;
    if (size <= options_.max_attributes) return true;
    return refuse(response, 413, "request.entity.too.large", "the attributes are beyond the limit"), false;
  }
  void custom_attributes(const CloudRequest& request, PlatformConversation& conversation, HttpResponse& response) {
    const bool read = request.method == "GET", put = request.method == "PUT";
    std::string body;
    JsonWriter json(body);
    if (!permitted({read ? "conversation:customAttributes:view" : "conversation:customAttributes:edit"}, response))
      return;
    if (read) return detail::write_records(json, conversation, options_.api_base), answer(response, 200, body);
    detail::RecordWrite write;
    if (!is_json(request, response) || !judged(detail::read_record(request.body, reader_, put, write), response))
      return;
    if (!is_identifier(write.id))
      return refuse(response, 400, "conversation.custom.attributes.invalid.id", "id: expected an identifier");
    if (!fits(write.attributes, response)) return;
    if (!has_room()) return refuse(response, 503, "service.unavailable", "no more can be kept");
    PlatformRecord* record = conversation.record(write.id);
    if (record == nullptr && !put)
      return refuse(response, 404, "conversation.custom.attributes.not.found", "there is no such record");
    if (record == nullptr) {
      if (write.schema_id.empty())
        return refuse(response, 400, "conversation.custom.attributes.property.required", "schemaId is missing");
      if (conversation.records.size() >= options_.max_records)
        return refuse(response, 409, "request.conflict", "the conversation has too many records");
      record = &conversation.records.emplace_back(write.id);
      record->schema_id = write.schema_id;
      record->version = 0;
      record->created = wall_now_();
    } else {
      if (!write.schema_id.empty() && write.schema_id != record->schema_id)
        return refuse(response, 400, "conversation.custom.attributes.cannot.update.schema.id", "schemaId is another");
      if (write.version && *write.version != record->version)
        return refuse(response, 409, "conversation.custom.attributes.version.conflict",
                      "the record has another version");
      if (put) record->attributes.clear();
    }
    for (const auto& [name, value] : write.attributes) record->set_attribute(name, value);
    record->divisions = std::move(write.divisions).value_or(std::vector<std::string>{});
    ++record->version;
    record->modified = wall_now_();
    wrote(conversation, *record);
    if (!put) return void(response.status = 204);
    json.begin_object().member("id", std::string_view(record->id)).end_object();
    answer(response, 200, body);
  }
  void flows(const CloudRequest& request, const Parts& parts, HttpResponse& response) {
    if (!allowed(request, {"GET"}, response) || !permitted({"architect:flow:view"}, response)) return;
    const PlatformFlow* const found = flow(parts[1]);
    if (found == nullptr || found->versions.empty()) return refuse(response, 404, "not.found", "there is no such flow");
    const bool latest = parts.size() == 3 && parts[2] == "latestconfiguration";
    if (found->deleted && !latest) return refuse(response, 410, "architect.flow.deleted", "the flow has been deleted");
    const bool versions = parts.size() >= 3 && parts.size() <= 5 && parts[2] == "versions";
    const PlatformFlow::Version* const version = latest                          ? &found->versions.back()
                                                 : versions && parts.size() >= 4 ? found->version(parts[3])
                                                                                 : nullptr;
    const bool one = parts.size() >= 4 && versions && (parts.size() == 4 || parts[4] == "configuration");
    if (parts.size() != 2 && !latest && !(versions && parts.size() == 3) && (!one || version == nullptr))
      return refuse(response, 404, "not.found", "there is no such version");
    if (latest || parts.size() == 5) return answer(response, 200, version->configuration);
    std::string body;
    JsonWriter json(body);
    if (parts.size() == 2) {
      detail::write_flow(json, *found, options_.api_base);
    } else if (parts.size() == 4) {
      detail::write_version(json, *found, *version, options_.api_base);
    } else {
      json.begin_object().key("entities").begin_array();
      for (const PlatformFlow::Version& each : found->versions)
        detail::write_version(json, *found, each, options_.api_base);
      json.end_array().member("pageSize", found->versions.size()).member("pageNumber", 1);
      json.member("total", found->versions.size()).member("pageCount", 1).end_object();
    }
    answer(response, 200, body);
  }

  void notifications(const CloudRequest& request, const Parts& parts, HttpResponse& response) {
    std::string body;
    JsonWriter json(body);
    if (parts.size() == 2) {
      if (!allowed(request, {"GET", "POST"}, response)) return;
      if (request.method == "POST") {
        write_channel(json, channels_.create(options_, now_()));
      } else {
        json.begin_object().key("entities").begin_array();
        for (const PlatformChannel& each : channels_.all()) write_channel(json, each);
        json.end_array().end_object();
      }
      return answer(response, 200, body);
    }
    const bool subscriptions = parts.size() == 4 && parts[3] == "subscriptions";
    if (parts.size() != 3 && !subscriptions) return refuse(response, 404, "not.found", "there is no such resource");
    if (subscriptions ? !allowed(request, {"GET", "POST", "PUT", "DELETE"}, response)
                      : !allowed(request, {"HEAD"}, response))
      return;
    PlatformChannel* const channel = channels_.find(parts[2]);
    if (channel == nullptr) return refuse(response, 404, "not.found", "there is no such channel");
    if (!subscriptions) return void(response.status = 200);
    if (request.method == "DELETE") return channel->topics.clear(), void(response.status = 200);
    std::vector<std::pair<std::string, bool>> shown;
    if (request.method == "GET") {
      for (const std::string& each : channel->topics) shown.emplace_back(each, true);
    } else if (!subscribe(request, *channel, shown, response)) {
      return;
    }
    json.begin_object().key("entities").begin_array();
    for (const auto& [topic, fine] : shown) {
      json.begin_object().member("id", std::string_view(topic)).member("state", fine ? "Permitted" : "Rejected");
      if (!fine) json.member("rejectionReason", "notification.invalid.topic");
      json.end_object();
    }
    json.end_array().end_object();
    answer(response, 200, body);
  }
  // Adds the topics, or puts them in place of the present ones; `shown` gets each with what became of it.
  bool subscribe(const CloudRequest& request, PlatformChannel& channel,
                 std::vector<std::pair<std::string, bool>>& shown, HttpResponse& response) {
    std::vector<std::string> topics, fine;
    if (!is_json(request, response) || !judged(detail::read_topics(request.body, reader_, topics), response))
      return false;
    bool ignore = false;
    if (const auto query = detail::parse_form(request.query()))
      for (const auto& [name, value] : *query) ignore = name == "ignoreErrors" ? value == "true" : ignore;
    for (std::string& each : topics) {
      const bool known = PlatformChannels::is_topic(each);
      if (!known && !ignore) {
        refuse(response, 400, "notification.invalid.topic", "a topic is none that can be subscribed to");
        return false;
      }
      if (known) fine.push_back(each);
      shown.emplace_back(std::move(each), known);
    }
    const std::size_t present = request.method == "PUT" ? 0 : channel.topics.size();
    if (fine.size() + present > options_.max_topics) {
      refuse(response, 400, "notification.subscription.too.many.subscriptions", "the channel has too many topics");
      return false;
    }
    if (request.method == "PUT") channel.topics.clear();
    add_topics(channel, fine);
    return true;
  }
  void add_topics(PlatformChannel& channel, const std::vector<std::string>& topics) {
    for (const std::string& each : topics)
      if (std::find(channel.topics.begin(), channel.topics.end(), each) == channel.topics.end())
        channel.topics.push_back(each);
    channel.used = now_();
    channel.expires = after(channel.used, options_.channel_lifetime);
  }
  void write_channel(JsonWriter& json, const PlatformChannel& channel) const {
    json.begin_object().member("connectUri", std::string_view(options_.streaming_base + "/channels/" + channel.id));
    json.member("id", std::string_view(channel.id));
    const auto left = std::chrono::duration_cast<WallTime::duration>(channel.expires - now_());
    detail::member_time(json, "expires", wall_now_() + left);
    json.end_object();
  }
};

}  // namespace patchbay::testing
