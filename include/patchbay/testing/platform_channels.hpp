// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // min, find
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <patchbay/json/write.hpp>
#include <patchbay/testing/channel_action.hpp>
#include <patchbay/testing/platform_options.hpp>
#include <patchbay/time.hpp>

namespace patchbay::testing {

/// One notification channel: an address to connect to, and the topics that are sent to whoever has connected.
class PlatformChannel {
 public:
  class Socket {
   public:
    explicit Socket(ChannelId id_in, SteadyTime heartbeat_in) : id(id_in), heartbeat(heartbeat_in) {}
    ChannelId id;
    SteadyTime heartbeat;       ///< When the next one is due.
    SteadyTime closes = never;  ///< When the server closes it, once it has said so.
  };

  std::string id;  ///< A secret: with it anybody can listen.
  SteadyTime expires{}, used{};
  std::vector<std::string> topics;
  std::vector<Socket> sockets;  ///< One, and those that are about to be closed.
};

/// The notification service of the platform's cloud: channels, their topics and their sockets. Belongs to one
/// `PlatformModel`, which tells it the time; not safe to share between threads.
class PlatformChannels {
 public:
  /// A new channel, which takes the place of another when there are too many: of the one unused longest, and first of
  /// those that nobody is connected to. The reference is valid until the next call that is not const.
  PlatformChannel& create(const PlatformOptions& options, SteadyTime now) {
    while (!channels_.empty() && channels_.size() >= options.max_channels) {
      auto oldest = channels_.begin();
      for (auto each = channels_.begin(); each != channels_.end(); ++each)
        if (std::pair(!each->sockets.empty(), each->used) < std::pair(!oldest->sockets.empty(), oldest->used))
          oldest = each;
      close_all(*oldest, "replaced");
      channels_.erase(oldest);
    }
    PlatformChannel& made = channels_.emplace_back();
    made.id = next_id(options.channel_seed);
    made.used = now;
    made.expires = after(now, options.channel_lifetime);
    return made;
  }
  [[nodiscard]] PlatformChannel* find(std::string_view id) noexcept {
    for (PlatformChannel& each : channels_)
      if (each.id == id) return &each;
    return nullptr;
  }
  [[nodiscard]] const std::deque<PlatformChannel>& all() const noexcept { return channels_; }
  [[nodiscard]] std::size_t sockets() const noexcept {
    std::size_t sum = 0;
    for (const PlatformChannel& each : channels_) sum += each.sockets.size();
    return sum;
  }

  /// Whether a topic is one that can be subscribed to: under 200 characters, of a kind that this cloud has, `?` and `&`
  /// joining those that share what stands before.
  [[nodiscard]] static bool is_topic(std::string_view topic) {
    const std::vector<std::string> all = expanded(topic);
    for (const std::string& each : all)
      if (!is_single(each)) return false;
    return topic.size() < 200 && !all.empty();
  }

  /// A client has connected; the socket that it had before is closed, unless that is being replaced anyway.
  ChannelId open(PlatformChannel& channel, const PlatformOptions& options, SteadyTime now) {
    for (const PlatformChannel::Socket& each : channel.sockets)
      if (each.closes == never) close(each.id, "another connection took the channel");
    std::erase_if(channel.sockets, [](const PlatformChannel::Socket& each) { return each.closes == never; });
    channel.sockets.emplace_back(++last_socket_, after(now, options.heartbeat));
    channel.used = now;
    return last_socket_;
  }
  /// The client is gone.
  void forget(ChannelId socket, SteadyTime now) {
    for (PlatformChannel& each : channels_)
      if (std::erase_if(each.sockets, [&](const PlatformChannel::Socket& one) { return one.id == socket; }) != 0)
        each.used = now;
  }
  [[nodiscard]] PlatformChannel* of_socket(ChannelId socket) noexcept {
    for (PlatformChannel& each : channels_)
      for (const PlatformChannel::Socket& one : each.sockets)
        if (one.id == socket) return &each;
    return nullptr;
  }

  /// Sends an event to all sockets whose channel has the topic. `body` and `correlation` are of one JSON text.
  void publish(std::string_view topic, std::string_view body, std::string_view correlation) {
    std::string text;
    for (const PlatformChannel& channel : channels_) {
      if (channel.sockets.empty() || !listens(channel, topic)) continue;
      if (text.empty()) {
        JsonWriter json(text);
        json.begin_object().member("topicName", topic).member("version", "2").key("eventBody").raw(body);
        json.key("metadata").begin_object().member("CorrelationId", correlation).end_object().end_object();
      }
      for (const PlatformChannel::Socket& each : channel.sockets) say(each.id, text);
    }
  }
  /// Whether anybody would hear of the topic.
  [[nodiscard]] bool heard(std::string_view topic) const {
    for (const PlatformChannel& channel : channels_)
      if (!channel.sockets.empty() && listens(channel, topic)) return true;
    return false;
  }
  void say(ChannelId socket, std::string text) {
    actions_.emplace_back(socket, ChannelAction::Kind::text, std::move(text));
  }
  /// Answers on the topic that is the channel's own: heartbeats and pongs.
  void say_metadata(ChannelId socket, std::string_view message) {
    std::string text;
    JsonWriter json(text);
    json.begin_object().member("topicName", "channel.metadata").key("eventBody").begin_object();
    json.member("message", message).end_object().end_object();
    say(socket, std::move(text));
  }

  /// Tells every socket that it will be closed, which happens after the notice.
  void announce_closing(const PlatformOptions& options, SteadyTime now) {
    for (PlatformChannel& channel : channels_)
      for (PlatformChannel::Socket& each : channel.sockets) {
        if (each.closes != never) continue;
        each.closes = after(now, options.closing_notice);
        say(each.id, system_message("v2.system.socket_closing", "socket_closing", channel.id));
      }
  }
  /// Ends all channels, of which the sockets hear why: `token_revoked`, `no_longer_subscribed`.
  void end_all(std::string_view reason) {
    for (PlatformChannel& channel : channels_) {
      std::string topic("v2.system.");
      topic.append(reason).append(".").append(channel.id);
      for (const PlatformChannel::Socket& each : channel.sockets)
        say(each.id, system_message(topic, reason, channel.id));
      close_all(channel, reason);
    }
    channels_.clear();
  }

  /// What is due by `now`: heartbeats, announced closes, channels whose time is over.
  void advance(const PlatformOptions& options, SteadyTime now) {
    for (PlatformChannel& channel : channels_) {
      if (channel.expires <= now) close_all(channel, "the channel has expired");
      for (PlatformChannel::Socket& each : channel.sockets) {
        if (each.closes <= now) {
          close(each.id, "as announced");
        } else if (each.heartbeat <= now) {
          say_metadata(each.id, "WebSocket Heartbeat");
          each.heartbeat = after(now, options.heartbeat);
        }
      }
      std::erase_if(channel.sockets, [&](const PlatformChannel::Socket& each) { return each.closes <= now; });
    }
    std::erase_if(channels_, [&](const PlatformChannel& each) { return each.expires <= now; });
  }
  [[nodiscard]] SteadyTime next_due() const noexcept {
    SteadyTime next = never;
    for (const PlatformChannel& channel : channels_) {
      next = (std::min)(next, channel.expires);
      for (const PlatformChannel::Socket& each : channel.sockets)
        next = (std::min)({next, each.closes, each.heartbeat});
    }
    return next;
  }
  [[nodiscard]] std::vector<ChannelAction> take_actions() { return std::exchange(actions_, {}); }

 private:
  // `prefix?a&b` stands for `prefix.a` and `prefix.b`.
  static std::vector<std::string> expanded(std::string_view topic) {
    const std::size_t mark = topic.find('?');
    if (mark == std::string_view::npos) return {std::string(topic)};
    std::vector<std::string> out;
    for (std::string_view rest = topic.substr(mark + 1); !rest.empty();) {
      const std::string_view part = rest.substr(0, rest.find('&'));
      rest.remove_prefix((std::min)(part.size() + 1, rest.size()));
      out.push_back(std::string(topic.substr(0, mark)).append(".").append(part));
    }
    return out;
  }
  static bool is_single(std::string_view topic) {
    std::vector<std::string_view> parts;
    for (std::size_t at = 0; at <= topic.size();) {
      const std::size_t dot = (std::min)(topic.find('.', at), topic.size());
      parts.push_back(topic.substr(at, dot - at));
      if (parts.back().empty()) return false;
      at = dot + 1;
    }
    const auto is_media = [](std::string_view name) {
      return name == "calls" || name == "callbacks" || name == "chats" || name == "emails" || name == "messages";
    };
    const std::size_t n = parts.size();
    if (n < 3 || parts[0] != "v2") return false;
    if (parts[1] == "users") return n >= 4 && parts[3] == "conversations" && (n == 4 || (n == 5 && is_media(parts[4])));
    if (parts[1] == "routing")
      return n >= 5 && parts[2] == "queues" && parts[4] == "conversations" &&
             (n == 5 || (n == 6 && is_media(parts[5])));
    if (parts[1] == "detail")
      return n == 6 && parts[2] == "events" && parts[3] == "conversation" && parts[5] == "attributes";
    return n == 3 && parts[1] == "flows";
  }
  static bool listens(const PlatformChannel& channel, std::string_view topic) {
    for (const std::string& each : channel.topics) {
      if (each == topic) return true;
      if (each.find('?') == std::string::npos) continue;
      const std::vector<std::string> all = expanded(each);
      if (std::find(all.begin(), all.end(), topic) != all.end()) return true;
    }
    return false;
  }
  static std::string system_message(std::string_view topic, std::string_view type, std::string_view channel) {
    std::string text;
    JsonWriter json(text);
    json.begin_object().member("topicName", topic).member("version", "2").key("eventBody").begin_object();
    json.member("channelId", channel).member("systemTopicType", type).member("message", type);
    json.end_object().key("metadata").begin_object().end_object().end_object();
    return text;
  }
  void close(ChannelId socket, std::string_view why) {
    actions_.emplace_back(socket, ChannelAction::Kind::close, std::string(why), Duration{}, std::uint16_t{1001});
  }
  void close_all(PlatformChannel& channel, std::string_view why) {
    for (const PlatformChannel::Socket& each : channel.sockets) close(each.id, why);
    channel.sockets.clear();
  }
  // As long and as unguessable as its seed makes it; the numbers are those of SplitMix64.
  std::string next_id(std::uint64_t seed) {
    std::string out = "streaming-0-";
    for (int word = 0; word < 2; ++word) {
      std::uint64_t bits = seed + 0x9e3779b97f4a7c15U * ++numbers_;
      bits = (bits ^ bits >> 30) * 0xbf58476d1ce4e5b9U;
      bits = (bits ^ bits >> 27) * 0x94d049bb133111ebU;
      bits ^= bits >> 31;
      for (int i = 0; i < 12; ++i, bits >>= 5) out.push_back("abcdefghijklmnopqrstuvwxyz234567"[bits & 31]);
    }
    return out;
  }

  std::deque<PlatformChannel> channels_;
  std::vector<ChannelAction> actions_;
  ChannelId last_socket_ = 0;
  std::uint64_t numbers_ = 0;
};

}  // namespace patchbay::testing
