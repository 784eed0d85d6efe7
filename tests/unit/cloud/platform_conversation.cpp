// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/cloud/platform_conversation.hpp>

#include <chrono>
#include <string>
#include <string_view>

#include <patchbay/json/read.hpp>

#include "support/catch.hpp"

using namespace patchbay;
namespace platform = patchbay::cloud::platform;
using platform::ConversationOptions;
using platform::Media;
using platform::ParticipantSelector;
using platform::ParticipantState;

namespace {

class Read {
 public:
  explicit Read(std::string_view text, const ConversationOptions& options = {}) {
    Body body;
    body.assign(text);
    JsonReader reader;
    outcome = platform::parse_conversation(body, reader, conversation, options);
  }
  platform::Conversation conversation;
  Result<void> outcome;
  [[nodiscard]] const platform::Participant& at(std::size_t i) const { return conversation.participants()[i]; }
  [[nodiscard]] std::string why() const { return outcome ? std::string("nothing") : outcome.error().message(); }
};

/// A conversation of participants that have these members.
std::string with(std::string_view participants) {
  return std::string(R"({"id":"c","participants":[)").append(participants).append("]}");
}

constexpr std::string_view nested = R"({
  "id": "c1", "startTime": "2026-11-21T09:00:00.000Z", "address": "tel:+1555", "recordingState": "NONE",
  "participants": [
    {"id": "p1", "purpose": "customer", "participantType": "External", "attributes": {},
     "calls": [{"id": "m1", "state": "connected", "held": false, "muted": false, "confined": false}], "chats": []},
    {"id": "p2", "purpose": "ivr", "endTime": "2026-11-21T09:00:09Z",
     "attributes": {"flow_node": "Billing", "ivr_state": "Billing", "transition_id": "t1", "other": "x"},
     "calls": [{"id": "m2", "state": "disconnected", "disconnectType": "transfer"}]},
    {"id": "p3", "purpose": "agent", "userId": "U1", "queueId": "q1", "userUri": null,
     "conversationRoutingData": {"queue": {"id": "q2", "selfUri": "/q2"}, "priority": 3, "language": {"id": "l"},
       "skills": [{"id": "s1", "selfUri": "/s1"}, {"id": "s2"}], "scoredAgents": [{"agent": {"id": "no"}, "score": 1}]},
     "calls": [{"state": "connected", "id": "m3", "held": true, "confined": true, "muted": true,
                "startHoldTime": "2026-11-21T09:30:00.125Z", "segments": [{"type": "hold", "state": "alerting"}],
                "wrapup": {"code": "w", "held": "no"}}]}
  ],
  "divisions": [], "selfUri": "/c1"})";

constexpr std::string_view flat = R"({
  "id": "c1", "participants": [
    {"id": "p1", "purpose": "customer", "state": "connected", "held": false, "attributes": {"a": "b"}},
    {"id": "p3", "purpose": "agent", "state": "connected", "held": true, "confined": true, "muted": true,
     "startHoldTime": "2026-11-21T09:30:00Z", "user": {"id": "U1", "name": "Ann"}, "queue": {"id": "q1"},
     "conversationRoutingData": {"queue": {"id": "q2"}, "skills": [{"id": "s1"}, {"id": "s2"}]},
     "attributes": {"flow_node": "Billing", "transition_id": "t1"}}],
  "otherMediaUris": [], "recordingState": "none", "maxParticipants": 100})";

constexpr WallTime half_past = std::chrono::sys_days{std::chrono::November / 21 / 2026} + std::chrono::minutes{570};

}  // namespace

TEST_CASE("the view that lists communications is read", "[platform]") {
  const Read read(nested);
  REQUIRE(read.why() == "nothing");
  CHECK(read.conversation.id == "c1");
  CHECK_FALSE(read.conversation.ended);
  REQUIRE(read.conversation.participants().size() == 3);

  const platform::Participant& customer = read.at(0);
  CHECK(customer.id == "p1");
  CHECK(customer.purpose == "customer");
  CHECK(customer.user_id.empty());
  CHECK(customer.communication_id == "m1");
  CHECK(customer.held == false);
  CHECK_FALSE(customer.over);
  CHECK(customer.attribute("flow_node") == nullptr);

  const platform::Participant& ivr = read.at(1);
  CHECK(ivr.over);
  CHECK(ivr.state == ParticipantState::disconnected);
  CHECK(ivr.disconnect_type == "transfer");
  CHECK(ivr.held == std::nullopt);
  REQUIRE(ivr.attribute("transition_id") != nullptr);
  CHECK(*ivr.attribute("flow_node") == "Billing");
  CHECK(*ivr.attribute("ivr_state") == "Billing");
  CHECK(*ivr.attribute("transition_id") == "t1");
  CHECK(ivr.attribute("other") == nullptr);  // was not asked for

  const platform::Participant& agent = read.at(2);
  CHECK(agent.id == "p3");
  CHECK(agent.user_id == "U1");
  CHECK(agent.queue_id == "q1");
  CHECK(agent.routing_queue_id == "q2");
  REQUIRE(agent.skills().size() == 2);
  CHECK(agent.skills()[0] == "s1");
  CHECK(agent.skills()[1] == "s2");
  CHECK(agent.media == Media::call);
  CHECK(agent.communication_id == "m3");
  CHECK(agent.state == ParticipantState::connected);
  CHECK(agent.state_text == "connected");
  CHECK(agent.held == true);
  CHECK(agent.confined);
  CHECK(agent.muted);
  CHECK(agent.hold_started == half_past + milliseconds{125});
  CHECK(agent.disconnect_type.empty());
}

TEST_CASE("the view of one kind is read", "[platform]") {
  const Read read(flat, ConversationOptions(Media::call));
  REQUIRE(read.why() == "nothing");
  REQUIRE(read.conversation.participants().size() == 2);
  const platform::Participant& agent = read.at(1);
  CHECK(agent.id == "p3");
  CHECK(agent.purpose == "agent");
  CHECK(agent.user_id == "U1");
  CHECK(agent.queue_id == "q1");
  CHECK(agent.routing_queue_id == "q2");
  CHECK(agent.skills().size() == 2);
  CHECK(agent.media == Media::call);
  CHECK(agent.communication_id.empty());
  CHECK(agent.state == ParticipantState::connected);
  CHECK(agent.held == true);
  CHECK(agent.confined);
  CHECK(agent.muted);
  CHECK(agent.hold_started == half_past);
  CHECK_FALSE(agent.over);
  CHECK(*agent.attribute("flow_node") == "Billing");
  CHECK(Read(flat).at(1).media == std::nullopt);
}

TEST_CASE("the body of an event is read like an answer", "[platform]") {
  JsonReader reader;
  platform::Conversation conversation;
  Body frame;
  frame.assign(std::string(R"({"metadata":{"CorrelationId":"x"},"eventBody":)")
                   .append(flat)
                   .append(R"(,"topicName":"v2.users.U1.conversations.calls","participants":[],"id":"no"})"));
  REQUIRE(platform::parse_conversation_event(frame, reader, conversation, ConversationOptions(Media::call)));
  CHECK(conversation.id == "c1");
  REQUIRE(conversation.participants().size() == 2);
  CHECK(conversation.participants()[1].held == true);
  CHECK(conversation.participants()[1].media == Media::call);
  for (const std::string_view odd :
       {R"({"topicName":"t"})", R"({"eventBody":null})", R"({"eventBody":[]})", R"({"eventBody":"x"})"}) {
    frame.assign(odd);
    const auto read = platform::parse_conversation_event(frame, reader, conversation);
    REQUIRE_FALSE(read);
    CHECK(read.error().code() == ErrorCode::malformed_response);
    CHECK(read.error().message() == "the conversation: eventBody: expected an object");
    CHECK(conversation.id.empty());
  }
}

TEST_CASE("what a value of tomorrow or of another type does depends on what it decides", "[platform]") {
  SECTION("a state of tomorrow is unknown, and is not over") {
    const Read read(with(R"({"id":"p","state":"levitating","held":false})"));
    REQUIRE(read.why() == "nothing");
    CHECK(read.at(0).state == ParticipantState::unknown);
    CHECK(read.at(0).state_text == "levitating");
    CHECK_FALSE(read.at(0).over);
  }
  SECTION("null is absent everywhere") {
    const Read read(
        R"({"id":null,"endTime":null,"participants":[null,{"id":null,"purpose":null,"userId":null,"user":null,"state":null,
      "held":null,"confined":null,"muted":null,"startHoldTime":null,"attributes":null,"queue":null,"queueId":null,"endTime":null,
      "conversationRoutingData":null,"calls":null,"disconnectType":null}]})");
    REQUIRE(read.why() == "nothing");
    REQUIRE(read.conversation.participants().size() == 1);
    CHECK(read.at(0).state == ParticipantState::absent);
    CHECK(read.at(0).held == std::nullopt);
    CHECK_FALSE(read.conversation.ended);
    CHECK(Read(R"({"participants":null})").why() == "nothing");
  }
  SECTION("what decides nothing counts as absent") {
    const Read read(with(
        R"({"id":"p","state":"connected","held":true,"muted":"yes","startHoldTime":"yesterday","disconnectType":7,"queue":"q","queueId":[],)"
        R"("conversationRoutingData":{"queue":3,"skills":[null,1,{"id":2},{"id":"s"},{}]},"calls":{},"chats":"none","messages":[3,null],"videos":7})"));
    REQUIRE(read.why() == "nothing");
    CHECK(read.at(0).held == true);
    CHECK_FALSE(read.at(0).muted);
    CHECK(read.at(0).hold_started == std::nullopt);
    CHECK(read.at(0).disconnect_type.empty());
    CHECK(read.at(0).queue_id.empty());
    REQUIRE(read.at(0).skills().size() == 1);
    CHECK(read.at(0).skills()[0] == "s");
    CHECK(Read(with(R"({"conversationRoutingData":[]})")).why() == "nothing");
  }
  SECTION("what decides something is an error that names it") {
    struct Case {
      std::string_view text, why;
    };
    const Case cases[] = {
        {R"({"id":7})", "id: expected text"},
        {R"({"endTime":7})", "endTime: expected text"},
        {R"({"participants":{}})", "participants: expected a list"},
        {R"({"participants":[7]})", "participants[]: expected an object"},
        {R"({"participants":[{"id":7}]})", "participants[].id: expected text"},
        {R"({"participants":[{"purpose":[]}]})", "participants[].purpose: expected text"},
        {R"({"participants":[{"userId":{}}]})", "participants[].userId: expected text"},
        {R"({"participants":[{"user":"u"}]})", "participants[].user: expected an object"},
        {R"({"participants":[{"user":{"id":1}}]})", "participants[].user.id: expected text"},
        {R"({"participants":[{"state":true}]})", "participants[].state: expected text"},
        {R"({"participants":[{"held":"true"}]})", "participants[].held: expected true or false"},
        {R"({"participants":[{"confined":1}]})", "participants[].confined: expected true or false"},
        {R"({"participants":[{"endTime":1}]})", "participants[].endTime: expected text"},
        {R"({"participants":[{"attributes":[]}]})", "participants[].attributes: expected an object"},
        {R"({"participants":[{"calls":[{"held":"no"}]}]})", "participants[].calls[].held: expected true or false"},
        {R"({"participants":[{"socialExpressions":[{"state":1}]}]})",
         "participants[].socialExpressions[].state: expected text"},
        {R"({"participants":[{"calls":[{}]},{"id":1}]})", "participants[].id: expected text"},
        {R"({"participants":[{}],"id":1})", "id: expected text"},
    };
    for (const Case& each : cases) {
      INFO(each.text);
      const Read read(each.text);
      REQUIRE_FALSE(read.outcome);
      CHECK(read.outcome.error().code() == ErrorCode::malformed_response);
      CHECK(read.why() == "the conversation: " + std::string(each.why));
    }
  }
  SECTION("what is no conversation at all is an error") {
    CHECK(Read("").why() == "the conversation is empty");
    for (const std::string_view odd :
         {"[]", "7", "null", R"({"id":"c")", R"({"id":"c"}})", "<html>", "{\"id\":\"\xff\"}"}) {
      INFO(odd);
      const Read read(odd);
      REQUIRE_FALSE(read.outcome);
      CHECK(read.outcome.error().code() == ErrorCode::malformed_response);
    }
    CHECK(Read("{}").why() == "nothing");
  }
  SECTION("there are not more participants than a conversation has") {
    const auto many = [](std::size_t count) {
      std::string all;
      for (std::size_t i = 0; i < count; ++i) all.append(i == 0 ? "{}" : ",{}");
      return with(all);
    };
    CHECK(Read(many(1000)).conversation.participants().size() == 1000);
    CHECK(Read(many(1001)).why() == "the conversation: participants: expected at most 1000");
    std::string skills = R"({"conversationRoutingData":{"skills":[{"id":"s"})";
    for (int i = 0; i < 200; ++i) skills.append(R"(,{"id":"s"})");
    const Read read(with(skills.append("]}}")));
    REQUIRE(read.why() == "nothing");
    CHECK(read.at(0).skills().size() == platform::Conversation::max_skills);
  }
}

TEST_CASE("attributes that are asked for are read as text, whatever their type", "[platform]") {
  constexpr std::string_view names[] = {"flow_node", "count"};
  const ConversationOptions options(std::nullopt, names);
  const Read read(
      with(
          R"({"attributes":{"count":7,"transition_id":"t","flow_node":{"a": [1, null]}}},{"attributes":{"count":null,"flow_node":""}},)"
          R"({"attributes":{"count":"1","count":null,"flow_node":"a","flow_node":"b"}})"),
      options);
  REQUIRE(read.why() == "nothing");
  CHECK(*read.at(0).attribute("count") == "7");
  CHECK(*read.at(0).attribute("flow_node") == R"({"a":[1,null]})");
  CHECK(read.at(0).attribute("transition_id") == nullptr);
  CHECK(read.at(1).attribute("count") == nullptr);
  CHECK(*read.at(1).attribute("flow_node") == "");
  CHECK(read.at(2).attribute("count") == nullptr);  // of duplicates the last counts
  CHECK(*read.at(2).attribute("flow_node") == "b");
  const Read late(with(R"({"attributes":{"flow_node":"a","count":"1","flow_node":null}})"), options);
  CHECK(late.at(0).attribute("flow_node") == nullptr);
  REQUIRE(late.at(0).attribute("count") != nullptr);
  CHECK(*late.at(0).attribute("count") == "1");
}

TEST_CASE("of a participant's communications the one counts that is connected, or else live, or else the last",
          "[platform]") {
  struct Case {
    std::string_view members, communication;
    Media media;
    bool over;
  };
  const Case cases[] = {
      {R"("calls":[{"id":"a","state":"disconnected"},{"id":"b","state":"connected"}])", "b", Media::call, false},
      {R"("calls":[{"id":"a","state":"connected"},{"id":"b","state":"disconnected"}])", "a", Media::call, false},
      {R"("calls":[{"id":"a","state":"alerting"},{"id":"b","state":"terminated"}])", "a", Media::call, false},
      {R"("calls":[{"id":"a","state":"disconnected"},{"id":"b","state":"terminated"}])", "b", Media::call, true},
      {R"("calls":[{"id":"a","state":"levitating"},{"id":"b","state":"terminated"}])", "a", Media::call, false},
      {R"("calls":[{"id":"a","state":"levitating"},{"id":"b","state":"dialing"}])", "b", Media::call, false},
      {R"("callbacks":[{"id":"a","state":"connected"}],"calls":[{"id":"b","state":"connected"}])", "b", Media::call,
       false},
      {R"("calls":[{"id":"b","state":"connected"}],"callbacks":[{"id":"a","state":"connected"}])", "b", Media::call,
       false},
      {R"("calls":[{"id":"b","state":"disconnected"}],"callbacks":[{"id":"a","state":"scheduled"}])", "a",
       Media::callback, false},
      {R"("messages":[{"id":"a","state":"parked"}],"emails":[])", "a", Media::message, false},
      {R"("emails":[{"id":"a","state":"transmitting"}])", "a", Media::email, false},
      {R"("chats":[{"id":"a","state":"connected"}])", "a", Media::chat, false},
      {R"("socialExpressions":[{"id":"a","state":"disconnected"}])", "a", Media::social_expression, true},
      {R"("calls":[{"id":"a","state":"disconnected"}],"endTime":"2026-11-21T09:00:00Z")", "a", Media::call, true},
      {R"("calls":[{"id":"a"}])", "a", Media::call, false},
  };
  for (const Case& each : cases) {
    INFO(each.members);
    const Read read(with("{" + std::string(each.members) + "}"));
    REQUIRE(read.why() == "nothing");
    CHECK(read.at(0).communication_id == each.communication);
    CHECK(read.at(0).media == each.media);
    CHECK(read.at(0).over == each.over);
  }
  SECTION("when one kind is asked for, others count for nothing") {
    const std::string both = with(
        R"({"callbacks":[{"id":"a","state":"connected","held":"odd"}],"calls":[{"id":"b","state":"disconnected"}]})");
    const Read calls(both, ConversationOptions(Media::call));
    REQUIRE(calls.why() == "nothing");
    CHECK(calls.at(0).communication_id == "b");
    CHECK(calls.at(0).over);
    CHECK_FALSE(calls.conversation.ended);  // the callback is still there
    const Read chats(with(R"({"calls":[{"id":"b","state":"connected"}]})"), ConversationOptions(Media::chat));
    CHECK(chats.at(0).media == std::nullopt);
    CHECK(chats.at(0).state == ParticipantState::absent);
    CHECK_FALSE(chats.at(0).over);
  }
}

TEST_CASE("a conversation has ended when it says so, or when all have left", "[platform]") {
  const auto ended = [](std::string_view text) {
    const Read read(text);
    REQUIRE(read.why() == "nothing");
    return read.conversation.ended;
  };
  CHECK(ended(R"({"endTime":"2026-11-21T09:00:00.000Z","participants":[{"state":"connected"}]})"));
  CHECK(ended(R"({"endTime":"later"})"));  // it is there, whatever it says
  CHECK_FALSE(ended(R"({"endTime":""})"));
  CHECK_FALSE(ended("{}"));
  CHECK_FALSE(ended(R"({"participants":[]})"));
  CHECK(ended(R"({"participants":[{"state":"disconnected"},{"state":"terminated"}]})"));
  CHECK_FALSE(ended(R"({"participants":[{"state":"disconnected"},{"state":"connected"}]})"));
  CHECK_FALSE(ended(R"({"participants":[{"state":"disconnected"},{"state":"evaporated"}]})"));
  CHECK_FALSE(ended(R"({"participants":[{"state":"disconnected"},{}]})"));
  CHECK(ended(R"({"participants":[{"state":"disconnected"},{"endTime":"2026-11-21T09:00:00Z"}]})"));
  CHECK(ended(R"({"participants":[{"calls":[{"state":"disconnected"}]},{"chats":[{"state":"disconnected"}]}]})"));
  CHECK_FALSE(ended(R"({"participants":[{"calls":[{"state":"disconnected"}],"chats":[{"state":"alerting"}]}]})"));
  CHECK_FALSE(ended(R"({"participants":[{"calls":[{"state":"disconnected"}],"videos":[{"state":"connected"}]}]})"));
  CHECK(ended(R"({"participants":[{"calls":[{"state":"disconnected"}],"videos":[{"state":"disconnected"}]}]})"));
  CHECK_FALSE(ended(R"({"participants":[{"calls":[{"state":"disconnected"}]},{"calls":[]}]})"));
}

TEST_CASE("instants are read with and without a fraction", "[platform]") {
  const auto started = [](std::string_view text) {
    const Read read(with(R"({"held":true,"startHoldTime":")" + std::string(text) + "\"}"));
    REQUIRE(read.why() == "nothing");
    return read.at(0).hold_started;
  };
  CHECK(started("2026-11-21T09:30:00Z") == half_past);
  CHECK(started("2026-11-21T09:30:00.1Z") == half_past + milliseconds{100});
  CHECK(started("2026-11-21T09:30:00.123456Z") == half_past + std::chrono::microseconds{123456});
  CHECK(started("2026-11-21T15:00:00.000+05:30") == half_past);
  CHECK(started("1969-12-31T23:59:59.999Z") == WallTime() - milliseconds{1});
  for (const std::string_view odd :
       {"", "2026-11-21", "2026-11-21T09:30Z", "2026-02-30T09:30:00Z", "2026-11-21T24:00:00Z", "2026-11-21T09:30:00",
        "9999-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "1763717400000", "2026-11-21T09:30:00.Z"})
    CHECK(started(odd) == std::nullopt);
}

TEST_CASE("a participant is found by id, by user, by purpose", "[platform]") {
  const auto find = [](const Read& read, const ParticipantSelector& selector) {
    const auto found = platform::find_participant(read.conversation, selector);
    if (found) REQUIRE(*found != nullptr);
    return found ? (*found)->id : std::string(to_string(found.error().code())) + ": " + found.error().message();
  };
  const Read all(nested);
  CHECK(find(all, ParticipantSelector::by_id("p3")) == "p3");
  CHECK(find(all, ParticipantSelector::by_id("P3")) == "p3");
  CHECK(find(all, ParticipantSelector::by_user("u1")) == "p3");
  CHECK(find(all, ParticipantSelector::by_purpose("ivr")) == "p2");
  CHECK(find(all, ParticipantSelector::by_id("p9")) ==
        R"(not_found: the conversation has no participant with the id "p9")");
  CHECK(find(all, ParticipantSelector::by_user("U9")) ==
        R"(not_found: the conversation has no participant of the user "U9")");
  CHECK(find(all, ParticipantSelector::by_purpose("acd")) ==
        R"(not_found: the conversation has no participant with the purpose "acd")");
  CHECK(find(all, ParticipantSelector::by_purpose("IVR")).starts_with("not_found"));
  CHECK(find(all, ParticipantSelector::by_user("")).starts_with("not_found"));  // though two are no users
  CHECK(platform::find_participant(all.conversation, ParticipantSelector::by_id("p9")).error().interaction() == "c1");

  SECTION("of one user's several the connected one, or else the live one, or else the last") {
    struct Case {
      std::string_view first, second, third, found;
    };
    const Case cases[] = {
        {"disconnected", "connected", "disconnected", "b"},  {"alerting", "connected", "parked", "b"},
        {"disconnected", "terminated", "alerting", "c"},     {"levitating", "terminated", "disconnected", "a"},
        {"disconnected", "terminated", "disconnected", "c"}, {"connected", "connected", "alerting", ""},
        {"alerting", "disconnected", "dialing", ""},         {"connected", "connected", "connected", ""},
    };
    for (const Case& each : cases) {
      INFO(each.first << ' ' << each.second << ' ' << each.third);
      std::string text;
      char id = 'a';
      for (const std::string_view state : {each.first, each.second, each.third}) {
        text.append(text.empty() ? "" : ",").append(R"({"purpose":"agent","user":{"id":"u"},"id":")").append(1, id++);
        text.append(R"(","state":")").append(state).append("\"}");
      }
      const Read read(with(text));
      for (const ParticipantSelector& selector :
           {ParticipantSelector::by_user("u"), ParticipantSelector::by_purpose("agent")}) {
        const std::string found = find(read, selector);
        if (each.found.empty()) {
          CHECK(found.starts_with("invalid_argument: the conversation has "));
          CHECK(found.find("name one by its id: \"a\", \"") != std::string::npos);
        } else {
          CHECK(found == each.found);
        }
      }
    }
    const Read two(
        with(R"({"id":"a","state":"connected","purpose":"agent"},{"id":"b","state":"connected","purpose":"agent"})"));
    CHECK(
        find(two, ParticipantSelector::by_purpose("agent")) ==
        R"(invalid_argument: the conversation has 2 live participants with the purpose "agent"; name one by its id: "a", "b")");
  }
}

TEST_CASE("a conversation that is read into again holds nothing of the last one", "[platform]") {
  Body body;
  JsonReader reader;
  platform::Conversation conversation;
  body.assign(nested);
  REQUIRE(platform::parse_conversation(body, reader, conversation));
  body.assign(R"({"participants":[{},{"id":"x"}]})");
  REQUIRE(platform::parse_conversation(body, reader, conversation));
  CHECK(conversation.id.empty());
  REQUIRE(conversation.participants().size() == 2);
  for (const platform::Participant& each : conversation.participants()) {
    CHECK(each.purpose.empty());
    CHECK(each.user_id.empty());
    CHECK(each.skills().empty());
    CHECK(each.attribute("flow_node") == nullptr);
    CHECK(each.media == std::nullopt);
    CHECK(each.held == std::nullopt);
    CHECK(each.hold_started == std::nullopt);
    CHECK(each.state == ParticipantState::absent);
    CHECK_FALSE(each.over);
    CHECK_FALSE(each.confined);
    CHECK_FALSE(each.muted);
  }
  body.assign("");
  REQUIRE_FALSE(platform::parse_conversation(body, reader, conversation));
  CHECK(conversation.participants().empty());
}

TEST_CASE("states and kinds have the platform's names", "[platform]") {
  for (int i = 0; i <= static_cast<int>(ParticipantState::unknown); ++i) {
    const auto state = static_cast<ParticipantState>(i);
    const bool is_named = state != ParticipantState::absent && state != ParticipantState::unknown;
    CHECK(platform::participant_state(to_string(state)) == (is_named ? state : ParticipantState::unknown));
    CHECK(platform::is_over(state) ==
          (state == ParticipantState::disconnected || state == ParticipantState::terminated));
  }
  CHECK(platform::participant_state("") == ParticipantState::unknown);
  CHECK(platform::participant_state("Connected") == ParticipantState::unknown);
  for (const Media each : platform::all_media) {
    CHECK(platform::media_named(member_name(each)) == each);
    CHECK(platform::media_named(topic_name(each)) == each);
    CHECK(member_name(each) != to_string(each));
  }
  CHECK(platform::media_named("videos") == std::nullopt);
}
