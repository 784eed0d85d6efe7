// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <patchbay/observe/hold_events.hpp>
#include <patchbay/policy/dialect.hpp>
#include <patchbay/secret.hpp>

namespace patchbay {

/// How holds and releases travel to the cloud.
enum class HoldPath : std::uint8_t {
  channel,  ///< As messages of the hold channel, where each is answered by its correlation id.
  request,  ///< As HTTP requests that are only accepted; a channel, where there is one, tells what comes of them.
};

/// What one message of the channel says, as far as a door acts on it. Used again, so that it allocates little.
class ChannelNews {
 public:
  enum class Kind : std::uint8_t {
    other,    ///< Nothing that a door acts on.
    reply,    ///< It has a correlation id, and may answer a command.
    state,    ///< How `interaction` stands.
    alive,    ///< The channel lives, and nothing else.
    closing,  ///< The server is about to close this connection, and wants another to be made before.
    ended,    ///< The channel is over; another must be made.
    revoked,  ///< The same, and the token that it was made with is dead.
  };

  Kind kind = Kind::other;
  std::string interaction;     ///< Empty when the message names none.
  // Of a reply:
  std::string correlation_id;  ///< Empty when there is none.
  std::string type;            ///< What it says was done: the command's verb for yes, another text for no.
  std::string message;         ///< For people.
  bool has_type = false;       ///< Without it a reply says nothing.
  // Of a state:
  std::string participant;     ///< The id of the party that is meant; empty where there is none.
  std::optional<bool> held;    ///< Nothing when the message does not say.
  std::optional<WallTime> held_since;  ///< By the cloud's clock.
  bool over = false;           ///< It can be held no more.

  void clear() noexcept {
    kind = Kind::other;
    interaction.clear(), correlation_id.clear(), type.clear(), message.clear(), participant.clear();
    has_type = over = false;
    held.reset(), held_since.reset();
  }
};

/// A channel that the cloud has made for a door. Whoever knows its id or its address can listen, so neither is printed.
class MadeChannel {
 public:
  MadeChannel() = default;
  Secret id;
  Secret address;  ///< Where the socket connects, without a token.
  std::optional<WallTime> expires;  ///< By the cloud's clock; nothing when it does not say.
};

/// Why a hold or a release that travels as a request was refused.
enum class HoldRefused : std::uint8_t {
  other,
  over,      ///< The interaction, or the party's part in it, has ended.
  not_now,   ///< As it stands the interaction cannot be held: it rings, or the party is another's.
};

/// A dialect whose holds travel over the channel: `cloud::Interactions`. What each function does is said at those of
/// `detail::AnyHoldDialect`; laws as those of `Dialect`.
template <class D>
concept HoldsByChannel =
    Dialect<D> && requires(const D& dialect, std::string& out, const Endpoint& api, std::string_view text, HoldVerb verb,
                           const Body& message, JsonReader& reader, const InteractionSnapshot& snapshot, ChannelNews& news) {
      { dialect.hold_scope() } noexcept -> std::same_as<std::string_view>;
      { dialect.encode_hold(out, verb, text, text) } -> std::same_as<void>;
      { dialect.check_hold(snapshot) } -> std::same_as<Result<void>>;
      { dialect.parse_news(message, reader, news) } -> std::same_as<Result<void>>;
      { dialect.channel_target(out, api) } -> std::same_as<void>;
    };

/// A dialect whose holds travel as requests: `cloud::Platform`. Releases are sent again when their fate is not known, so
/// the cloud must take a second one for no change.
template <class D>
concept HoldsByRequest =
    HoldsByChannel<D> && requires(const D& dialect, std::string& out, const Endpoint& api, std::string_view text,
                                  const HttpResponse& response, JsonReader& reader, const MadeChannel& channel, MadeChannel& made) {
      { dialect.hold_target(out, api, text, text) } -> std::same_as<void>;
      { dialect.hold_is_done(response) } noexcept -> std::same_as<bool>;
      { dialect.hold_refusal(response, reader) } -> std::same_as<HoldRefused>;
      { dialect.hold_participant() } noexcept -> std::same_as<std::string_view>;
      { dialect.encode_hold_reason(out, text) } -> std::same_as<bool>;
      { dialect.hold_reason_target(out, api, text, text) } -> std::same_as<void>;
      { dialect.makes_channel() } noexcept -> std::same_as<bool>;
      { dialect.parse_channel(response, reader, made) } -> std::same_as<Result<void>>;
      { dialect.subscription_target(out, api, channel) } -> std::same_as<void>;
      { dialect.encode_subscription(out) } -> std::same_as<void>;
      { dialect.parse_subscription(response, reader) } -> std::same_as<Result<void>>;
      { dialect.alive_question() } noexcept -> std::same_as<std::string_view>;
    };

/// What `HoldController` asks of its dialect.
template <class D>
concept HoldDialect = HoldsByChannel<D> || HoldsByRequest<D>;

namespace detail {

/// A dialect of holds of whatever type; see `AnyDialect`.
class AnyHoldDialect {
 public:
  [[nodiscard]] virtual HoldPath path() const noexcept = 0;
  /// What a door's tokens must have been granted for holds; empty: roles decide, and nothing is asked for.
  [[nodiscard]] virtual std::string_view scope() const noexcept = 0;
  /// Replaces `out` by the command: a message of the channel, or a request's body. `members` are the encoded members of
  /// what was asked for.
  virtual void encode_hold(std::string& out, HoldVerb verb, std::string_view correlation_id, std::string_view members) const = 0;
  /// Whether the interaction, which is not over, may be put on hold; the error says why not.
  virtual Result<void> check_hold(const InteractionSnapshot& seen) const = 0;
  /// Replaces `out` by what a message of the channel says. An error only when it is none that this cloud sends.
  virtual Result<void> parse_news(const Body& message, JsonReader& reader, ChannelNews& out) const = 0;
  /// Where the channel is, or is made (`makes_channel`), below the API's address.
  virtual void channel_target(std::string& out, const Endpoint& api) const = 0;

  // Of those whose holds travel as requests.

  /// Of a `PATCH` with what `encode_hold` wrote. `participant` is what the last reading showed.
  virtual void hold_target(std::string& out, const Endpoint& api, std::string_view id, std::string_view participant) const = 0;
  /// Whether a 2xx says that it is done, and not only that it was accepted; what was accepted is looked for.
  [[nodiscard]] virtual bool hold_is_done(const HttpResponse& response) const noexcept = 0;
  virtual HoldRefused hold_refusal(const HttpResponse& response, JsonReader& reader) const = 0;
  /// Whose hold it is, when that is known without a reading; else empty.
  [[nodiscard]] virtual std::string_view hold_participant() const noexcept = 0;
  /// Replaces `out` by the body of a `PATCH` that keeps the reason of a hold beside it; false when nothing does.
  virtual bool encode_hold_reason(std::string& out, std::string_view reason) const = 0;
  virtual void hold_reason_target(std::string& out, const Endpoint& api, std::string_view id, std::string_view participant) const = 0;
  /// Whether there is a channel to be made, by a `POST` to `channel_target`. Where there is none, what came of a command is read.
  [[nodiscard]] virtual bool makes_channel() const noexcept = 0;
  virtual Result<void> parse_channel(const HttpResponse& response, JsonReader& reader, MadeChannel& out) const = 0;
  /// Of a `PUT` with what `encode_subscription` wrote, which also lets a channel that is there live on.
  virtual void subscription_target(std::string& out, const Endpoint& api, const MadeChannel& channel) const = 0;
  virtual void encode_subscription(std::string& out) const = 0;
  /// `forbidden` when something is not subscribed to, with what is missing.
  virtual Result<void> parse_subscription(const HttpResponse& response, JsonReader& reader) const = 0;
  /// The message that asks over the channel whether it lives; empty: the WebSocket's own ping does.
  [[nodiscard]] virtual std::string_view alive_question() const noexcept = 0;

 protected:
  ~AnyHoldDialect() = default;
};

template <HoldDialect D>
class HoldsOf final : public AnyHoldDialect {
  // One function that is not as it should be must not send over a channel what was to be a request.
  static_assert(HoldsByRequest<D> || !requires { &D::hold_target; },
                "patchbay: a dialect with hold_target must model patchbay::HoldsByRequest as a whole");

 public:
  /// `dialect` outlives it.
  constexpr explicit HoldsOf(const D& dialect) noexcept : dialect_(&dialect) {}

  [[nodiscard]] HoldPath path() const noexcept override { return by_request ? HoldPath::request : HoldPath::channel; }
  [[nodiscard]] std::string_view scope() const noexcept override { return dialect_->hold_scope(); }
  void encode_hold(std::string& out, HoldVerb verb, std::string_view correlation_id, std::string_view members) const override {
    dialect_->encode_hold(out, verb, correlation_id, members);
  }
  Result<void> check_hold(const InteractionSnapshot& seen) const override { return dialect_->check_hold(seen); }
  Result<void> parse_news(const Body& message, JsonReader& reader, ChannelNews& out) const override {
    return dialect_->parse_news(message, reader, out);
  }
  void channel_target(std::string& out, const Endpoint& api) const override { dialect_->channel_target(out, api); }

  void hold_target(std::string& out, const Endpoint& api, std::string_view id, std::string_view participant) const override {
    if constexpr (by_request) dialect_->hold_target(out, api, id, participant);
  }
  [[nodiscard]] bool hold_is_done(const HttpResponse& response) const noexcept override {
    if constexpr (by_request) return dialect_->hold_is_done(response);
    return false;
  }
  HoldRefused hold_refusal(const HttpResponse& response, JsonReader& reader) const override {
    if constexpr (by_request) return dialect_->hold_refusal(response, reader);
    return HoldRefused::other;
  }
  [[nodiscard]] std::string_view hold_participant() const noexcept override {
    if constexpr (by_request) return dialect_->hold_participant();
    return {};
  }
  bool encode_hold_reason(std::string& out, std::string_view reason) const override {
    if constexpr (by_request) return dialect_->encode_hold_reason(out, reason);
    return false;
  }
  void hold_reason_target(std::string& out, const Endpoint& api, std::string_view id, std::string_view participant) const override {
    if constexpr (by_request) dialect_->hold_reason_target(out, api, id, participant);
  }
  [[nodiscard]] bool makes_channel() const noexcept override {
    if constexpr (by_request) return dialect_->makes_channel();
    return false;
  }
  Result<void> parse_channel(const HttpResponse& response, JsonReader& reader, MadeChannel& out) const override {
    if constexpr (by_request) return dialect_->parse_channel(response, reader, out);
    return {};
  }
  void subscription_target(std::string& out, const Endpoint& api, const MadeChannel& channel) const override {
    if constexpr (by_request) dialect_->subscription_target(out, api, channel);
  }
  void encode_subscription(std::string& out) const override {
    if constexpr (by_request) dialect_->encode_subscription(out);
  }
  Result<void> parse_subscription(const HttpResponse& response, JsonReader& reader) const override {
    if constexpr (by_request) return dialect_->parse_subscription(response, reader);
    return {};
  }
  [[nodiscard]] std::string_view alive_question() const noexcept override {
    if constexpr (by_request) return dialect_->alive_question();
    return {};
  }

 private:
  static constexpr bool by_request = HoldsByRequest<D>;
  const D* dialect_;
};

/// Stands for the holds of a dialect that has none.
class NoHolds {
 public:
  template <class D>
  constexpr explicit NoHolds(const D&) noexcept {}
};

template <class D>
struct HoldsPartOf {
  using type = NoHolds;
};
template <HoldDialect D>
struct HoldsPartOf<D> {
  using type = HoldsOf<D>;
};
/// What a door keeps of its dialect for holds.
template <class D>
using HoldsPart = typename HoldsPartOf<D>::type;

}  // namespace detail

}  // namespace patchbay
