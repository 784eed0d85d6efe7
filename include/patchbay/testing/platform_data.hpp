// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <patchbay/testing/cloud_data.hpp>
#include <patchbay/time.hpp>

namespace patchbay::testing {

/// What the platform's cloud comes with: a call that an agent has answered, one that rings, one that is still with the
/// flow, one that is over, and one conversation of each other kind that can be held.
inline constexpr std::string_view platform_call = "c0000000-0000-4000-8000-000000000001";
inline constexpr std::string_view platform_ringing_call = "c0000000-0000-4000-8000-000000000002";
inline constexpr std::string_view platform_flow_call = "c0000000-0000-4000-8000-000000000003";
inline constexpr std::string_view platform_ended_call = "c0000000-0000-4000-8000-000000000004";
inline constexpr std::string_view platform_callback = "c0000000-0000-4000-8000-000000000005";
inline constexpr std::string_view platform_chat = "c0000000-0000-4000-8000-000000000006";
inline constexpr std::string_view platform_email = "c0000000-0000-4000-8000-000000000007";
inline constexpr std::string_view platform_message = "c0000000-0000-4000-8000-000000000008";

/// The same participants' ids in each of them: a conversation id and a participant id name one together.
inline constexpr std::string_view platform_customer = "b0000000-0000-4000-8000-000000000001";
inline constexpr std::string_view platform_ivr = "b0000000-0000-4000-8000-000000000002";
inline constexpr std::string_view platform_acd = "b0000000-0000-4000-8000-000000000003";
inline constexpr std::string_view platform_agent = "b0000000-0000-4000-8000-000000000004";

inline constexpr std::string_view platform_user = "a0000000-0000-4000-8000-000000000001";  ///< The agent's.
inline constexpr std::string_view platform_queue = "a0000000-0000-4000-8000-000000000002";
inline constexpr std::string_view platform_skill = "a0000000-0000-4000-8000-000000000003";
inline constexpr std::string_view platform_schema = "a0000000-0000-4000-8000-000000000004";  ///< Of custom attributes.
inline constexpr std::string_view platform_record = "a0000000-0000-4000-8000-000000000005";  ///< A record of them.

/// The flow: a menu, three tasks and a second menu. Its items' ids end in 1x for menus, 2x for tasks, 3x to 6x for
/// actions.
inline constexpr std::string_view platform_flow = "f0000000-0000-4000-8000-000000000001";
inline constexpr std::string_view platform_flow_version = "7.0";

/// A configuration as Architect exports it: menus with digits, tasks with actions, branches and loops between them,
/// references to queues and data actions, and one action of a kind that no reader knows.
inline constexpr std::string_view platform_flow_json =
    R"({"name":"Billing and support","description":"Answers callers","type":"inboundcall","defaultLanguage":"en-us",)"
    R"("supportedLanguages":["en-us","de-de"],"nextTrackingNumber":40,)"
    R"("initialSequence":"f0000000-0000-4000-8000-000000000011","manifest":{"queue":[)"
    R"({"id":"a0000000-0000-4000-8000-000000000002","name":"Billing"}],"dataAction":[)"
    R"({"id":"custom_-_0f3c","name":"Look up balance"}],"userPrompt":[],"ttsVoice":[]},"variables":[)"
    R"({"__type":"StringVariable","name":"Flow.ivr_state","isInput":false,"isOutput":true,"initialValue":"Main menu"},)"
    R"({"__type":"BoolVariable","name":"Flow.requires_supervisor","isInput":true,"isOutput":false},)"
    R"({"__type":"IntegerVariable","name":"Flow.attempts","isInput":false,"isOutput":false,"initialValue":0}],)"
    R"("flowSequenceItemList":[)"
    R"({"__type":"Menu","id":"f0000000-0000-4000-8000-000000000011","name":"Main menu","trackingId":11,)"
    R"("menuChoiceList":[)"
    R"({"id":"f0000000-0000-4000-8000-0000000000d1","name":"Billing","digit":"1","speechRecTerms":{"en-us":["billing"]},)"
    R"("action":{"__type":"TransferTaskAction","id":"f0000000-0000-4000-8000-000000000031","name":"To billing",)"
    R"("trackingId":31,"taskName":"Billing inquiry"}},)"
    R"({"id":"f0000000-0000-4000-8000-0000000000d2","name":"Account","digit":"2","speechRecTerms":{},)"
    R"("action":{"__type":"TransferMenuAction","id":"f0000000-0000-4000-8000-000000000032","name":"To account menu",)"
    R"("trackingId":32,"menuName":"Account menu","menuReference":"f0000000-0000-4000-8000-000000000012"}},)"
    R"({"id":"f0000000-0000-4000-8000-0000000000d0","name":"Agent","digit":"0","speechRecTerms":{},)"
    R"("action":{"__type":"TransferTaskAction","id":"f0000000-0000-4000-8000-000000000033","name":"To an agent",)"
    R"("trackingId":33,"taskName":"Billing agent"}}],)"
    R"("defaultMenuChoice":{"action":{"__type":"MenuAction","id":"f0000000-0000-4000-8000-000000000034",)"
    R"("name":"Once more","trackingId":34,"menuReference":"f0000000-0000-4000-8000-000000000011"}}},)"
    R"({"__type":"Menu","id":"f0000000-0000-4000-8000-000000000012","name":"Account menu","trackingId":12,)"
    R"("menuChoiceList":[)"
    R"({"id":"f0000000-0000-4000-8000-0000000000e9","name":"Back","digit":"9","speechRecTerms":{},)"
    R"("action":{"__type":"TransferMenuAction","id":"f0000000-0000-4000-8000-000000000035","name":"Back","trackingId":35,)"
    R"("menuName":"Main menu","menuReference":"f0000000-0000-4000-8000-000000000011"}}]},)"
    R"({"__type":"Task","id":"f0000000-0000-4000-8000-000000000021","name":"Billing inquiry","trackingId":21,)"
    R"("startAction":"f0000000-0000-4000-8000-000000000041","actionList":[)"
    R"({"__type":"GetAttributesAction","id":"f0000000-0000-4000-8000-000000000041","name":"Get participant data",)"
    R"("trackingId":1,"nextAction":"f0000000-0000-4000-8000-000000000042"},)"
    R"({"__type":"DataAction","id":"f0000000-0000-4000-8000-000000000042","name":"Look up balance","trackingId":2,)"
    R"("paths":[{"label":"Success","outputId":"__SUCCESS__","nextActionId":"f0000000-0000-4000-8000-000000000043"},)"
    R"({"label":"Failure","outputId":"__FAILURE__","nextActionId":"f0000000-0000-4000-8000-000000000045"},)"
    R"({"label":"Timeout","outputId":"__TIMEOUT__"}]},)"
    R"({"__type":"DecisionAction","id":"f0000000-0000-4000-8000-000000000043","name":"Supervisor?","trackingId":3,)"
    R"("paths":[{"label":"Yes","outputId":"__TRUE__","nextActionId":"f0000000-0000-4000-8000-000000000045"},)"
    R"({"label":"No","outputId":"__FALSE__","nextActionId":"f0000000-0000-4000-8000-000000000044"}]},)"
    R"({"__type":"HolographicGreetingAction","id":"f0000000-0000-4000-8000-000000000044","name":"Greet","trackingId":4,)"
    R"("beam":{"width":3},"nextAction":"f0000000-0000-4000-8000-000000000046"},)"
    R"({"__type":"TransferTaskAction","id":"f0000000-0000-4000-8000-000000000045","name":"To an agent","trackingId":5,)"
    R"("taskName":"Billing agent"},)"
    R"({"__type":"TransferTaskAction","id":"f0000000-0000-4000-8000-000000000046","name":"To survey","trackingId":6,)"
    R"("taskName":"Survey"}]},)"
    R"({"__type":"Task","id":"f0000000-0000-4000-8000-000000000022","name":"Billing agent","trackingId":22,)"
    R"("startAction":"f0000000-0000-4000-8000-000000000051","actionList":[)"
    R"({"__type":"TransferPureMatchAction","id":"f0000000-0000-4000-8000-000000000051","name":"Transfer to Billing",)"
    R"("trackingId":7,"paths":[{"label":"Failure","outputId":"__FAILURE__",)"
    R"("nextActionId":"f0000000-0000-4000-8000-000000000052"}]},)"
    R"({"__type":"TransferMenuAction","id":"f0000000-0000-4000-8000-000000000052","name":"Back to the menu",)"
    R"("trackingId":8,"menuName":"Main menu","menuReference":"f0000000-0000-4000-8000-000000000011"}]},)"
    R"({"__type":"Task","id":"f0000000-0000-4000-8000-000000000023","name":"Survey","trackingId":23,)"
    R"("startAction":"f0000000-0000-4000-8000-000000000061","actionList":[)"
    R"({"__type":"PlayAudioAction","id":"f0000000-0000-4000-8000-000000000061","name":"Thank you","trackingId":9,)"
    R"("nextAction":"f0000000-0000-4000-8000-000000000062"},)"
    R"({"__type":"DisconnectAction","id":"f0000000-0000-4000-8000-000000000062","name":"Disconnect","trackingId":10}]}]})";

/// The kinds of conversations whose participants can be held.
enum class PlatformMedia : std::uint8_t { call, callback, chat, email, message };

/// As paths, topics and members spell it: `calls`.
[[nodiscard]] constexpr std::string_view plural(PlatformMedia media) noexcept {
  switch (media) {
    case PlatformMedia::call:
      return "calls";
    case PlatformMedia::callback:
      return "callbacks";
    case PlatformMedia::chat:
      return "chats";
    case PlatformMedia::email:
      return "emails";
    case PlatformMedia::message:
      return "messages";
  }
  return "calls";
}

/// A participant as the platform's cloud keeps it, with one communication, of the conversation's kind.
class PlatformParticipant {
 public:
  PlatformParticipant(std::string_view id_in, std::string_view purpose_in) : id(id_in), purpose(purpose_in) {}

  std::string id;
  std::string purpose;   ///< `customer`, `ivr`, `acd`, `agent` or another.
  std::string user_id;   ///< Empty: none.
  std::string queue_id;  ///< Empty: none.
  std::string state = "connected";
  std::string disconnect_type;  ///< While it is disconnected.
  bool held = false, confined = false, muted = false;
  bool wrapup_required = false;  ///< It cannot leave without a wrap-up code then.
  bool in_consult = false;       ///< A hold is accepted then and has no effect.
  std::optional<WallTime> held_since;
  std::vector<std::pair<std::string, std::string>> attributes;  ///< Plain strings, in the order first written.

  [[nodiscard]] bool gone() const noexcept { return state == "disconnected" || state == "terminated"; }
  [[nodiscard]] const std::string* attribute(std::string_view name) const noexcept {
    for (const auto& [each, value] : attributes)
      if (each == name) return &value;
    return nullptr;
  }
  void set_attribute(std::string_view name, std::string_view value) {
    for (auto& [each, present] : attributes)
      if (each == name) return void(present = value);
    attributes.emplace_back(name, value);
  }
};

/// A record of custom attributes of a conversation.
class PlatformRecord {
 public:
  explicit PlatformRecord(std::string_view id_in) : id(id_in) {}

  std::string id;
  std::string schema_id{platform_schema};
  std::int32_t version = 1;
  std::vector<std::string> divisions;
  std::vector<std::pair<std::string, std::string>> attributes;  ///< Name and JSON text.
  WallTime created{}, modified{};

  [[nodiscard]] const std::string* attribute(std::string_view name) const noexcept {
    for (const auto& [each, value] : attributes)
      if (each == name) return &value;
    return nullptr;
  }
  void set_attribute(std::string_view name, std::string_view json) {
    for (auto& [each, present] : attributes)
      if (each == name) return void(present = json);
    attributes.emplace_back(name, json);
  }
};

/// A conversation as the platform's cloud keeps it.
class PlatformConversation {
 public:
  explicit PlatformConversation(std::string_view id_in, PlatformMedia media_in = PlatformMedia::call)
      : id(id_in), media(media_in) {}

  std::string id;
  PlatformMedia media;
  WallTime started{};
  std::optional<WallTime> ended;
  std::vector<PlatformParticipant> participants;
  std::vector<PlatformRecord> records;
  std::uint64_t changes = 0;  ///< Made to it since it was added; never on the wire.

  [[nodiscard]] PlatformParticipant* participant(std::string_view wanted) noexcept {
    for (PlatformParticipant& each : participants)
      if (each.id == wanted) return &each;
    return nullptr;
  }
  [[nodiscard]] const PlatformParticipant* participant(std::string_view wanted) const noexcept {
    for (const PlatformParticipant& each : participants)
      if (each.id == wanted) return &each;
    return nullptr;
  }
  [[nodiscard]] PlatformRecord* record(std::string_view wanted) noexcept {
    for (PlatformRecord& each : records)
      if (each.id == wanted) return &each;
    return nullptr;
  }
};

/// A flow with the configurations that it had, the latest last.
class PlatformFlow {
 public:
  class Version {
   public:
    Version(std::string id_in, std::string json, WallTime when)
        : id(std::move(id_in)), configuration(std::move(json)), published(when) {}
    std::string id;
    std::string configuration;  ///< Served as it is, JSON or not.
    WallTime published;
  };

  explicit PlatformFlow(std::string_view id_in) : id(id_in) {}

  std::string id;
  std::string name = "Billing and support";
  std::string type = "INBOUNDCALL";
  bool deleted = false;
  std::vector<Version> versions;

  [[nodiscard]] const Version* version(std::string_view wanted) const noexcept {
    for (const Version& each : versions)
      if (each.id == wanted) return &each;
    return nullptr;
  }
};

/// What the platform's cloud comes with, begun a minute before `now`. The call with the flow is at `Main menu` by its
/// record of custom attributes; the others have no record.
[[nodiscard]] inline std::vector<PlatformConversation> platform_conversations(WallTime now) {
  std::vector<PlatformConversation> all;
  const auto add = [&](std::string_view id, PlatformMedia media, std::string_view agent_state) {
    PlatformConversation& each = all.emplace_back(id, media);
    each.started = now - seconds{60};
    each.participants.emplace_back(platform_customer, media == PlatformMedia::call ? "customer" : "external");
    PlatformParticipant& flow = each.participants.emplace_back(platform_ivr, "ivr");
    flow.set_attribute("ivr_state", "Main menu");
    if (agent_state.empty()) return;
    flow.state = "disconnected", flow.disconnect_type = "transfer";
    PlatformParticipant& queue = each.participants.emplace_back(platform_acd, "acd");
    queue.queue_id = platform_queue;
    if (agent_state != "alerting") queue.state = "disconnected", queue.disconnect_type = "transfer";
    PlatformParticipant& agent = each.participants.emplace_back(platform_agent, "agent");
    agent.user_id = platform_user, agent.queue_id = platform_queue;
    agent.state = agent_state;
  };
  add(platform_call, PlatformMedia::call, "connected");
  add(platform_ringing_call, PlatformMedia::call, "alerting");
  add(platform_flow_call, PlatformMedia::call, {});
  PlatformRecord& record = all.back().records.emplace_back(platform_record);
  record.created = record.modified = all.back().started;
  record.set_attribute("ivr_state", "\"Main menu\"");
  record.set_attribute("flow_node", "\"Main menu\"");
  add(platform_ended_call, PlatformMedia::call, "disconnected");
  all.back().ended = now;
  for (PlatformParticipant& each : all.back().participants) each.state = "disconnected", each.disconnect_type = "peer";
  add(platform_callback, PlatformMedia::callback, "connected");
  add(platform_chat, PlatformMedia::chat, "connected");
  add(platform_email, PlatformMedia::email, "connected");
  add(platform_message, PlatformMedia::message, "connected");
  return all;
}

}  // namespace patchbay::testing
