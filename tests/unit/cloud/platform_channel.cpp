// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/cloud/platform_channel.hpp>
#include <patchbay/cloud/platform_frame.hpp>
#include <patchbay/json/read.hpp>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "support/catch.hpp"

using namespace patchbay;
namespace platform = patchbay::cloud::platform;
using platform::ChannelFrame;
using platform::Media;
using platform::TopicStatus;

namespace {

template <class T, class Parse>
std::string read_into(T& out, std::string_view text, Parse parse) {
  Body body;
  body.assign(text);
  JsonReader reader;
  const Result<void> read = parse(body, reader, out);
  if (read) return "nothing";
  CHECK(read.error().code() == ErrorCode::malformed_response);
  return read.error().message();
}
std::string read_channel(platform::NotificationChannel& out, std::string_view text) {
  return read_into(out, text, platform::parse_channel);
}
std::string read_topics(std::vector<TopicStatus>& out, std::string_view text) {
  return read_into(out, text, platform::parse_subscriptions);
}

ChannelFrame frame_of(std::string_view text) {
  ChannelFrame out;
  out.topic = out.user = out.message = out.status = out.correlation_id = "left over";
  out.result = 7, out.media = Media::chat, out.kind = ChannelFrame::Kind::pong;
  REQUIRE(read_into(out, text, platform::parse_channel_frame) == "nothing");
  return out;
}
ChannelFrame frame_on(std::string_view topic) {
  return frame_of(R"({"topicName":")" + std::string(topic) +
                  R"(","version":"2","eventBody":{"message":"m"},"metadata":{"CorrelationId":"x"}})");
}

}  // namespace

TEST_CASE("a channel is read, and its id and address are secrets", "[platform][B12]") {
  platform::NotificationChannel channel;
  REQUIRE(read_channel(channel,
                       R"({"connectUri":"wss://streaming.mypurecloud.com/channels/streaming-0-ab","id":"streaming-0-ab",
                                    "expires":"2026-11-22T09:30:00.000Z","tomorrow":[1]})") == "nothing");
  CHECK(channel.id.reveal() == "streaming-0-ab");
  CHECK(channel.connect_uri.reveal() == "wss://streaming.mypurecloud.com/channels/streaming-0-ab");
  CHECK(channel.expires == std::chrono::sys_days{std::chrono::November / 22 / 2026} + std::chrono::minutes{570});
  static_assert(std::is_same_v<decltype(channel.id), Secret> && std::is_same_v<decltype(channel.connect_uri), Secret>);
  REQUIRE(read_channel(channel, R"({"id":"i","connectUri":"wss://h/","expires":12})") == "nothing");
  CHECK(channel.expires == std::nullopt);
}

TEST_CASE("a channel that nobody can connect to is an error without its secrets", "[platform][B12]") {
  struct Case {
    std::string_view text, why;
  };
  const Case cases[] = {
      {"{}", ": id: expected text of printable characters"},
      {R"({"id":"sesame"})", ": connectUri: expected text of printable characters"},
      {R"({"connectUri":"wss://h/sesame"})", ": id: expected text of printable characters"},
      {R"({"id":"","connectUri":"wss://h/sesame"})", ": id: expected text of printable characters"},
      {R"({"id":"sesame","connectUri":"wss://h/\r\nsesame"})", ": connectUri: expected text of printable characters"},
      {R"({"id":"sesame ","connectUri":"wss://h/"})", ": id: expected text of printable characters"},
      {R"({"id":7,"connectUri":"wss://h/sesame"})", ": id: expected text"},
      {R"({"id":"sesame","connectUri":["wss://h/sesame"]})", ": connectUri: expected text"},
      {"", " is empty"},
  };
  for (const Case& each : cases) {
    INFO(each.text);
    platform::NotificationChannel channel;
    CHECK(read_channel(channel, each.text) == "the notification channel" + std::string(each.why));
  }
  platform::NotificationChannel channel;
  CHECK(read_channel(channel, R"({"id":"sesame","connectUri":"wss://h/sesame")").find("sesame") == std::string::npos);
}

TEST_CASE("what became of each topic is read", "[platform]") {
  std::vector<TopicStatus> topics(3);
  REQUIRE(read_topics(topics, R"({"entities":[{"id":"t1","state":"Permitted","selfUri":"/"},{"id":"t2"},null,
    {"id":"t3","state":"Rejected","rejectionReason":"no","missingPermissions":["a:b:c",7,null,"","d"]},
    {"id":"t4","state":"Postponed","rejectionReason":7,"missingPermissions":"all"},{"id":"t5","state":null}]})") ==
          "nothing");
  REQUIRE(topics.size() == 5);
  CHECK(topics[0].topic == "t1");
  CHECK(topics[0].state == TopicStatus::State::permitted);
  CHECK(topics[0].is_subscribed());
  CHECK(topics[1].state == TopicStatus::State::absent);
  CHECK(topics[1].is_subscribed());
  CHECK(topics[2].state == TopicStatus::State::rejected);
  CHECK_FALSE(topics[2].is_subscribed());
  CHECK(topics[2].rejection_reason == "no");
  CHECK(topics[2].missing_permissions == std::vector<std::string>{"a:b:c", "d"});
  CHECK(topics[3].state == TopicStatus::State::unknown);
  CHECK(topics[3].state_text == "Postponed");
  CHECK_FALSE(topics[3].is_subscribed());
  CHECK(topics[3].rejection_reason.empty());
  CHECK(topics[3].missing_permissions.empty());
  CHECK(topics[4].is_subscribed());
  CHECK(read_topics(topics, R"({"entities":null})") == "nothing");
  CHECK(topics.empty());
  CHECK(read_topics(topics, "{}") == "nothing");
}

TEST_CASE("what is wrong with a listing of topics is named", "[platform]") {
  std::vector<TopicStatus> topics;
  CHECK(read_topics(topics, R"({"entities":{}})") == "the channel's subscriptions: entities: expected a list");
  CHECK(read_topics(topics, R"({"entities":["t"]})") == "the channel's subscriptions: entities[]: expected an object");
  CHECK(read_topics(topics, R"({"entities":[{}]})") == "the channel's subscriptions: entities[].id: expected text");
  CHECK(read_topics(topics, R"({"entities":[{"id":7}]})") ==
        "the channel's subscriptions: entities[].id: expected text");
  CHECK(read_topics(topics, R"({"entities":[{"id":"t","state":1}]})") ==
        "the channel's subscriptions: entities[].state: expected text");
  CHECK(read_topics(topics, "[]").starts_with("the channel's subscriptions "));
  std::string many = R"({"entities":[{"id":"t"})";
  for (int i = 0; i < 1999; ++i) many.append(R"(,{"id":"t"})");
  CHECK(read_topics(topics, many + "]}") == "nothing");
  CHECK(topics.size() == 2000);
  CHECK(read_topics(topics, many + R"(,{"id":"t"}]})") ==
        "the channel's subscriptions: entities: expected at most 2000");
}

TEST_CASE("topics are subscribed to by a bare list, or over the socket", "[platform]") {
  std::string out = "left over";
  const std::vector<std::string> two{"v2.users.u.conversations.calls", "a\"b"};
  platform::encode_subscriptions(out, two);
  CHECK(out == R"([{"id":"v2.users.u.conversations.calls"},{"id":"a\"b"}])");
  platform::encode_subscriptions(out, {});
  CHECK(out == "[]");
  platform::encode_subscribe_message(out, two, "x\n");
  CHECK(out == R"({"message":"subscribe","topics":["v2.users.u.conversations.calls","a\"b"],"correlationId":"x\n"})");
  platform::user_conversations_topic(out, "u1", std::nullopt);
  CHECK(out == "v2.users.u1.conversations");
  platform::user_conversations_topic(out, "u1", Media::call);
  CHECK(out == "v2.users.u1.conversations.calls");
  platform::user_conversations_topic(out, "u1", Media::social_expression);
  CHECK(out == "v2.users.u1.conversations.socialexpressions");
}

TEST_CASE("what a frame is about is told by its topic", "[platform][B12]") {
  using Kind = ChannelFrame::Kind;
  struct Case {
    std::string_view topic;
    Kind kind;
    std::string_view shown, user;
    std::optional<Media> media;
  };
  const Case cases[] = {
      {"channel.metadata", Kind::heartbeat, "channel.metadata", "", std::nullopt},
      {"v2.system.socket_closing", Kind::socket_closing, "v2.system.socket_closing", "", std::nullopt},
      {"v2.system.socket_closing.sesame", Kind::socket_closing, "v2.system.socket_closing", "", std::nullopt},
      {"v2.system.no_longer_subscribed.sesame", Kind::no_longer_subscribed, "v2.system.no_longer_subscribed", "",
       std::nullopt},
      {"v2.system.token_revoked.sesame", Kind::token_revoked, "v2.system.token_revoked", "", std::nullopt},
      {"v2.system.tomorrow.sesame.more", Kind::other, "v2.system.tomorrow", "", std::nullopt},
      {"v2.system.", Kind::other, "v2.system.", "", std::nullopt},
      {"v2.users.u1.conversations", Kind::conversation, "v2.users.u1.conversations", "u1", std::nullopt},
      {"v2.users.u1.conversations.calls", Kind::conversation, "v2.users.u1.conversations.calls", "u1", Media::call},
      {"v2.users.u1.conversations.callbacks", Kind::conversation, "v2.users.u1.conversations.callbacks", "u1",
       Media::callback},
      {"v2.users.u1.conversations.emails", Kind::conversation, "v2.users.u1.conversations.emails", "u1", Media::email},
      {"v2.users.u1.conversations.messages", Kind::conversation, "v2.users.u1.conversations.messages", "u1",
       Media::message},
      {"v2.users.u1.conversations.chats", Kind::conversation, "v2.users.u1.conversations.chats", "u1", Media::chat},
      {"v2.users.u1.conversations.socialexpressions", Kind::conversation, "v2.users.u1.conversations.socialexpressions",
       "u1", Media::social_expression},
      {"v2.users.u1.conversations.videos", Kind::other, "v2.users.u1.conversations.videos", "", std::nullopt},
      {"v2.users.u1.conversations.calls.more", Kind::other, "v2.users.u1.conversations.calls.more", "", std::nullopt},
      {"v2.users.u1.conversationsummary", Kind::other, "v2.users.u1.conversationsummary", "", std::nullopt},
      {"v2.users.u1.conversations.", Kind::other, "v2.users.u1.conversations.", "", std::nullopt},
      {"v2.users.u1.presence", Kind::other, "v2.users.u1.presence", "", std::nullopt},
      {"v2.users..conversations.calls", Kind::other, "v2.users..conversations.calls", "", std::nullopt},
      {"v2.users.", Kind::other, "v2.users.", "", std::nullopt},
      {"v2.users.conversations", Kind::other, "v2.users.conversations", "", std::nullopt},
      {"v2.routing.queues.q.conversations.calls", Kind::other, "v2.routing.queues.q.conversations.calls", "",
       std::nullopt},
      {"channel.metadata.more", Kind::other, "channel.metadata.more", "", std::nullopt},
  };
  for (const Case& each : cases) {
    INFO(each.topic);
    const ChannelFrame frame = frame_on(each.topic);
    CHECK(frame.kind == each.kind);
    CHECK(frame.topic == each.shown);
    CHECK(frame.user == each.user);
    CHECK(frame.media == each.media);
    CHECK(frame.correlation_id == "x");
    CHECK(frame.message == (each.kind == Kind::conversation || each.kind == Kind::other ? "" : "m"));
    CHECK(frame.result == 0);
    CHECK(frame.status.empty());
  }
}

TEST_CASE("heartbeats, pongs and answers to subscriptions are told apart", "[platform]") {
  using Kind = ChannelFrame::Kind;
  const ChannelFrame beat =
      frame_of(R"({"topicName":"channel.metadata","eventBody":{"message":"WebSocket Heartbeat"}})");
  CHECK(beat.kind == Kind::heartbeat);
  CHECK(beat.message == "WebSocket Heartbeat");
  CHECK(beat.correlation_id.empty());
  CHECK(frame_of(R"({"eventBody":{"message":"pong"},"topicName":"channel.metadata"})").kind == Kind::pong);
  CHECK(frame_of(R"({"topicName":"channel.metadata"})").kind == Kind::heartbeat);

  const ChannelFrame fine = frame_of(R"({"result":"200","status":"subscribed","correlationId":"x"})");
  CHECK(fine.kind == Kind::subscribe_result);
  CHECK(fine.result == 200);
  CHECK(fine.status == "subscribed");
  CHECK(fine.correlation_id == "x");
  CHECK(frame_of(R"({"result": 404 ,"status":"error"})").result == 404);
  for (const std::string_view odd : {"null", "true", "\"\"", "\"2e2\"", "-200", "99", "1000", "200.0", "\"200 \"", "{}",
                                     "[200]", "\"99999999999\""}) {
    INFO(odd);
    const ChannelFrame frame = frame_of(R"({"result":)" + std::string(odd) + "}");
    CHECK(frame.kind == Kind::subscribe_result);
    CHECK(frame.result == 0);
  }
  CHECK(frame_of(R"({"result":"200","topicName":"v2.users.u.conversations"})").kind == Kind::conversation);
}

TEST_CASE("a frame that is none of ours breaks nothing", "[platform]") {
  for (const std::string_view odd :
       {"{}", R"({"topicName":7,"eventBody":"x","metadata":[],"correlationId":{},"status":1})", R"({"topicName":null})",
        R"({"topicName":""})", R"({"topicName":"","eventBody":{"message":{}},"metadata":{"CorrelationId":7}})",
        R"({"topicName":"\u0000"})"}) {
    INFO(odd);
    const ChannelFrame frame = frame_of(odd);
    CHECK(frame.kind == ChannelFrame::Kind::other);
    CHECK(frame.user.empty());
    CHECK(frame.correlation_id.empty());
    CHECK(frame.message.empty());
  }
  ChannelFrame frame;
  for (const std::string_view odd :
       {"", "7", "[]", "ping", R"({"topicName":"channel.metadata")", R"({"topicName":"channel.metadata"}})"}) {
    INFO(odd);
    CHECK(read_into(frame, odd, platform::parse_channel_frame).starts_with("the channel's frame "));
    CHECK(frame.topic.empty());
    CHECK(frame.kind == ChannelFrame::Kind::other);
  }
}
