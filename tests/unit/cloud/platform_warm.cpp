// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/cloud/platform.hpp>
#include <patchbay/cloud/platform_attributes.hpp>
#include <patchbay/cloud/platform_conversation.hpp>
#include <patchbay/cloud/platform_frame.hpp>
#include <patchbay/json/read.hpp>

#include <string>
#include <utility>

#include "support/catch.hpp"
#include "support/failing_memory.hpp"

using namespace patchbay;
namespace platform = patchbay::cloud::platform;

// Calls `read` once cold and three times without memory to be had.
template <class Read>
void check_warm(Read read) {
  REQUIRE(read());
  for (int i = 0; i < 3; ++i) {
    spared_allocations = 0;
    bool fine = false, no_memory = false;
    try {
      fine = read();
    } catch (const std::bad_alloc&) {
      no_memory = true;
    }
    spared_allocations = -1;
    CHECK_FALSE(no_memory);
    CHECK(fine);
  }
}

TEST_CASE("what is read again allocates nothing", "[platform]") {
  JsonReader reader;
  const std::string id(36, 'c'), node(50, 'n');
  Body body;
  SECTION("a conversation, and who is meant") {
    std::string party = R"({"id":")" + id + R"(","purpose":"agent","userId":")" + id + R"(","queueId":")" + id +
                        R"(","attributes":{"flow_node":")" + node + R"(","transition_id":")" + id +
                        R"("},"conversationRoutingData":{"queue":{"id":")" + id + R"("},"skills":[{"id":")" + id +
                        R"("}]},"calls":[{"id":")" + id +
                        R"(","state":"disconnected","disconnectType":"transfer.notavailable"},{"id":")" + id +
                        R"(","state":"connected","held":true,"startHoldTime":"2026-11-21T09:30:00.125Z"}]})";
    std::string other = party;
    other.replace(other.find("agent"), 5, "customer");
    const std::string once = R"({"calls":[{"id":")" + id + R"(","state":"disconnected"}]})";
    body.assign(R"({"id":")" + id + R"(","participants":[)" + party + "," + other + "," + once + "," + once + "]}");
    platform::Conversation conversation;
    const auto selector = platform::ParticipantSelector::by_purpose("agent");
    check_warm([&] {
      if (!platform::parse_conversation(body, reader, conversation)) return false;
      const auto found = platform::find_participant(conversation, selector);
      return found && (*found)->held == true && (*found)->attribute("flow_node") != nullptr;
    });
  }
  SECTION("an interaction by the dialect, and the place that was written") {
    const auto store = GENERATE(cloud::TransitionStore::custom_attributes, cloud::TransitionStore::participant_attributes);
    const cloud::Platform dialect{.store = store, .schema_id = id};
    HttpResponse conversation, records;
    conversation.status = records.status = 200;
    conversation.body.assign(R"({"id":")" + id + R"(","participants":[{"id":"another","purpose":"customer"},{"id":")" + id +
                             R"(","purpose":"ivr","attributes":{"flow_node":")" + node + R"(","transition_id":")" + id +
                             R"("},"calls":[{"id":")" + id + R"(","state":"connected"}]}]})");
    records.body.assign(R"({"results":[{"id":")" + id + R"(","version":7,"schema":{"id":")" + id +
                        R"("},"customAttributes":{"flow_node":")" + node + R"(","transition_id":")" + id + R"("}}]})");
    InteractionSnapshot seen;
    std::string place;
    check_warm([&] {
      seen.clear();
      if (!dialect.parse_reading(conversation, reader, id, 0, seen)) return false;
      const bool record = store == cloud::TransitionStore::custom_attributes;
      if (record && !dialect.parse_reading(records, reader, id, 1, seen)) return false;
      dialect.place(place, seen);
      return dialect.parse_place(record ? records : conversation, reader, id, place, seen) && seen.transition_id == id &&
             seen.flow_node == node;
    });
  }
  SECTION("records of custom attributes, and the body of a write") {
    body.assign(R"({"results":[{"id":")" + id + R"(","version":7,"schema":{"id":")" + id +
                R"("},"customAttributes":{"flow_node":")" + node + R"(","ivr_state":")" + node +
                R"(","transition_id":")" + id + R"("}}]})");
    platform::AttributeRecords records;
    std::string members, out;
    check_warm([&] {
      if (!platform::parse_attribute_records(body, reader, records)) return false;
      const auto record = records.find(id);
      if (!record || *record == nullptr) return false;
      platform::encode_transition_members(members, node, "2026-11-21T09:30:00.125Z", id, R"("a":1)");
      return platform::encode_record_patch(out, (*record)->id, (*record)->version, members) != 0;
    });
  }
  SECTION("a frame") {
    body.assign(R"({"topicName":"v2.users.)" + id + R"(.conversations.calls","version":"2","eventBody":{"id":")" + id +
                R"("},"metadata":{"CorrelationId":")" + id + R"("}})");
    platform::ChannelFrame frame;
    check_warm([&] { return platform::parse_channel_frame(body, reader, frame) && frame.user == id; });
  }
}

TEST_CASE("scratch is one object of a type, and is no part of a copy", "[core][dialect]") {
  Scratch scratch;
  scratch.as<std::string>() = "kept";
  CHECK(scratch.as<std::string>() == "kept");
  Scratch copy(scratch);
  CHECK(copy.as<std::string>().empty());
  copy.as<std::string>() = "its own";
  copy = scratch;
  CHECK(copy.as<std::string>() == "its own");
  scratch.as<int>() = 7;  // in its place
  CHECK(scratch.as<std::string>().empty());
  Scratch moved(std::move(copy));
  CHECK(moved.as<std::string>() == "its own");
}
