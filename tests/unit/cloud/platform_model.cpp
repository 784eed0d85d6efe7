// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// What the platform's model writes is what the dialect reads, and the other way round.
#include <patchbay/cloud/platform_attributes.hpp>
#include <patchbay/cloud/platform_conversation.hpp>
#include <patchbay/cloud/platform_hold.hpp>
#include <patchbay/json/read.hpp>
#include <patchbay/testing/detail/platform_bodies.hpp>
#include <patchbay/testing/detail/platform_requests.hpp>

#include <chrono>
#include <string>

#include "support/catch.hpp"

using namespace patchbay;
namespace platform = patchbay::cloud::platform;

namespace {

constexpr WallTime now = std::chrono::sys_days{std::chrono::November / 21 / 2026} + milliseconds{34200125};

void check_party(const platform::Participant& read, const testing::PlatformParticipant& written,
                 platform::Media media) {
  CHECK(read.id == written.id);
  CHECK(read.purpose == written.purpose);
  CHECK(read.user_id == written.user_id);
  CHECK(read.queue_id == written.queue_id);
  CHECK(read.routing_queue_id == written.queue_id);
  CHECK(read.skills().size() == (written.queue_id.empty() ? 0 : 1));
  CHECK(read.state_text == written.state);
  CHECK(read.state == platform::participant_state(written.state));
  CHECK(read.held == written.held);
  const bool is_call = media == platform::Media::call;
  CHECK(read.confined == (is_call && written.confined));
  CHECK(read.muted == (is_call && written.muted));
  CHECK(read.hold_started == written.held_since);
  CHECK(read.disconnect_type == written.disconnect_type);
  CHECK(read.over == written.gone());
  CHECK(read.media == media);
  const std::string* const node = read.attribute("ivr_state");
  const std::string* const right = written.attribute("ivr_state");
  CHECK((node == nullptr) == (right == nullptr));
  if (node != nullptr && right != nullptr) CHECK(*node == *right);
}

}  // namespace

TEST_CASE("both views of the model's conversations are read without loss", "[platform]") {
  JsonReader reader;
  Body body;
  platform::Conversation conversation;
  std::size_t count = 0;
  for (testing::PlatformConversation& each : testing::platform_conversations(now)) {
    const platform::Media media = platform::media_named(plural(each.media)).value();
    testing::PlatformParticipant& last = each.participants.back();
    if (!last.gone()) last.held = last.confined = last.muted = true, last.held_since = now;
    for (const bool flat : {false, true}) {
      INFO(each.id << (flat ? " flat" : " nested"));
      std::string text;
      JsonWriter json(text);
      if (flat) {
        testing::detail::write_flat(json, each, "https://api.example");
      } else {
        testing::detail::write_conversation(json, each, "https://api.example");
      }
      body.assign(text);
      REQUIRE(platform::parse_conversation(body, reader, conversation, platform::ConversationOptions(media)));
      CHECK(conversation.id == each.id);
      CHECK(conversation.ended == each.ended.has_value());
      REQUIRE(conversation.participants().size() == each.participants.size());
      for (std::size_t i = 0; i < each.participants.size(); ++i) {
        const platform::Participant& read = conversation.participants()[i];
        check_party(read, each.participants[i], media);
        CHECK(read.communication_id == (flat ? "" : testing::detail::communication_of(each.participants[i])));
      }
      ++count;
    }
  }
  CHECK(count >= 16);
}

TEST_CASE("the model's records of custom attributes are read without loss", "[platform]") {
  testing::PlatformConversation conversation("c");
  testing::PlatformRecord& record = conversation.records.emplace_back("r");
  record.version = 2147483647;
  record.set_attribute("flow_node", "\"Billing\"");
  record.set_attribute("transition_id", "\"t\"");
  std::string text;
  JsonWriter json(text);
  testing::detail::write_records(json, conversation, "https://api.example");
  Body body;
  body.assign(text);
  JsonReader reader;
  platform::AttributeRecords records;
  REQUIRE(platform::parse_attribute_records(body, reader, records));
  const auto found = records.find(testing::platform_schema);
  REQUIRE(found);
  REQUIRE(*found != nullptr);
  CHECK((*found)->id == "r");
  CHECK((*found)->version == record.version);
  CHECK((*found)->flow_node == "Billing");
  CHECK((*found)->transition_id == "t");
}

TEST_CASE("the model takes every body that is written", "[platform]") {
  namespace model = testing::detail;
  JsonReader reader;
  std::string out, members;
  for (const bool held : {false, true})
    for (const std::optional<bool> confined : {std::optional<bool>(), std::optional(held)}) {
      platform::encode_hold(out, held, confined);
      model::ParticipantChange change;
      CHECK_FALSE(model::read_participant(out, reader, change));
      CHECK(change.held == held);
      CHECK(change.confined == confined);
    }
  platform::encode_transition_members(members, "Billing", "now", "t", R"("n":1)");
  platform::encode_record_patch(out, "r", 7, members);
  model::RecordWrite write;
  CHECK_FALSE(model::read_record(out, reader, false, write));
  CHECK(write.id == "r");
  CHECK(write.version == 7);
  CHECK(write.attributes.size() == 5);
  platform::encode_first_record(out, "r", "s", members);
  model::RecordWrite first;
  CHECK_FALSE(model::read_record(out, reader, true, first));
  CHECK(first.schema_id == "s");
  CHECK(first.version == 0);  // that of no record
  REQUIRE(platform::encode_participant_attributes(out, members, reader));
  model::TextMembers texts;
  CHECK_FALSE(model::read_participant_attributes(out, reader, texts));
  REQUIRE(texts.size() == 5);
  CHECK(texts[4] == std::pair<std::string, std::string>("n", "1"));
}
