// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <patchbay/cloud/interaction.hpp>
#include <patchbay/flow/flow_graph.hpp>
#include <patchbay/http.hpp>
#include <patchbay/result.hpp>

namespace patchbay {

class JsonReader;  // json/read.hpp

/// What keeps a write from overwriting what its writer has not seen.
enum class Locking : std::uint8_t {
  etag,          ///< `If-Match` with the interaction's ETag (RFC 9110 section 13.1.1).
  body_version,  ///< A version in the body of the write, which the server compares.
  none,          ///< Nothing: the last writer wins, and a write whose answer is lost can be proved only by its own traces.
};

/// One transition as it is to be written.
class TransitionWrite {
 public:
  std::string_view node;           ///< To which the interaction moves.
  std::string_view timestamp;      ///< ISO 8601, UTC.
  std::string_view transition_id;  ///< By which the write is found again.
  std::string_view variables;      ///< Encoded JSON members without braces; may be empty.
};

/// How a cloud names, shows and locks interactions: addresses, bodies and the meaning of answers, as pure functions. The
/// protocols ask it and are the same for every dialect. `cloud::Interactions` is the seed documents', `cloud::Platform` the
/// real one. What each function does is said at those of `detail::AnyDialect`.
///
/// An interaction is read by `readings()` exchanges, numbered from 0, each adding to the same snapshot; the last one shows
/// what a write is locked by and who wrote last, and is done alone, with a snapshot that is clear, where only that is asked
/// for. It sets `etag` to whatever the dialect locks by, as text: equal for equal versions and different for different ones,
/// without secrets, for it is audited, empty only if there is nothing; and `transition_id`, empty where no writer gave one.
/// `flow_node` and `has_flow_node` are the node as far as the cloud shows it, and `over` forbids a write.
///
/// Laws: const functions without effects, callable from several threads at once; the same arguments give the same results;
/// what `encode_transition` made serves for every version, and `locked` may add only what names the version. With
/// `Locking::etag` the version is sent as `If-Match`, so `is_strong_etag` holds for it; with `Locking::body_version` the server
/// refuses a body that names another version than its own; with `Locking::none` `etag` is empty, and a write is not sent again
/// once it may have been applied. Targets begin with `api.path()` and have ids percent-encoded; targets and bodies replace
/// what `out` holds. `scope` is a view into the dialect, or of what lives as long as the program.
///
/// One whose interactions may be written at several places, each with its own version and its own last writer, is a
/// `PlacedDialect` besides; one whose versions tell which of two is the older one, an `OrderedDialect`.
template <class D>
concept Dialect = std::copy_constructible<D> &&
                  requires(const D& dialect, std::string& out, const Endpoint& api, std::string_view id, std::string_view body, int number,
                           const HttpResponse& response, JsonReader& reader, InteractionSnapshot& snapshot,
                           const InteractionSnapshot& seen, const TransitionWrite& write, const FlowLimits& limits) {
                    { dialect.locking() } noexcept -> std::same_as<Locking>;
                    { dialect.scope() } noexcept -> std::same_as<std::string_view>;
                    { dialect.readings() } noexcept -> std::same_as<int>;
                    { dialect.reading_target(out, api, id, number) } -> std::same_as<void>;
                    { dialect.parse_reading(response, reader, id, number, snapshot) } -> std::same_as<Result<void>>;
                    { dialect.write_method(seen) } noexcept -> std::same_as<Method>;
                    { dialect.write_target(out, api, id, seen) } -> std::same_as<void>;
                    { dialect.encode_transition(out, write, reader) } -> std::same_as<Result<std::size_t>>;
                    { dialect.locked(out, body, seen) } -> std::same_as<std::string_view>;
                    { dialect.is_done(number) } noexcept -> std::same_as<bool>;
                    { dialect.is_conflict(response, reader) } -> std::same_as<bool>;
                    { dialect.parse_echo(response, reader, snapshot) } -> std::same_as<Result<void>>;
                    { dialect.flow_target(out, api, id) } -> std::same_as<void>;
                    { dialect.parse_flow(response, reader, id, limits) } -> std::same_as<Result<FlowGraph>>;
                  };

/// A dialect for clouds where an interaction may be written at one of several places, such as records or participants, and
/// settings, or what others do, decide which. What became of a write is read at its own place: elsewhere versions and writers
/// are of something else, and prove nothing.
///
/// `place` tells where a write over the version `seen` goes, as text without secrets, for the journal keeps it: equal for equal
/// places, different for different ones. The same `seen` gives the same text whatever the dialect's settings are; one that has
/// only an `etag` gives what that tells, perhaps nothing, as journals of before places have it.
/// `place_target` is where that place is read, in one exchange; an error, which people are told, where this dialect cannot. An
/// empty place is one that such a journal does not tell.
/// `parse_place` replaces `seen` by what the place shows: `etag` and `transition_id` as a reading of the interaction would, were it
/// written there. `not_found` for a place that is there no more.
template <class D>
concept PlacedDialect =
    Dialect<D> && requires(const D& dialect, std::string& out, const Endpoint& api, std::string_view id, std::string_view place,
                           const HttpResponse& response, JsonReader& reader, InteractionSnapshot& snapshot, const InteractionSnapshot& seen) {
      { dialect.place(out, seen) } -> std::same_as<void>;
      { dialect.place_target(out, api, id, place) } -> std::same_as<Result<void>>;
      { dialect.parse_place(response, reader, id, place, snapshot) } -> std::same_as<Result<void>>;
    };

/// A dialect whose versions are numbers: `precedes(a, b)` says whether `a` is certainly an older version than `b` of the same
/// place. A reading that shows an older version than a write was locked with, as one from a replica that lags does, is then
/// known for what it is; where versions are opaque, as ETags are, it passes for a newer one.
template <class D>
concept OrderedDialect = Dialect<D> && requires(const D& dialect, std::string_view a, std::string_view b) {
  { dialect.precedes(a, b) } noexcept -> std::same_as<bool>;
};

namespace detail {

/// A dialect of whatever type, behind which protocols are no templates. The laws are those of `Dialect`.
class AnyDialect {
 public:
  [[nodiscard]] virtual Locking locking() const noexcept = 0;
  /// What a door's tokens must have been granted for transitions; empty: roles decide, and nothing is asked for.
  [[nodiscard]] virtual std::string_view scope() const noexcept = 0;
  /// Exchanges that show an interaction, 1 or more. Only where it is 1 are versions remembered for warm writes.
  [[nodiscard]] virtual int readings() const noexcept = 0;
  virtual void reading_target(std::string& out, const Endpoint& api, std::string_view id, int number) const = 0;
  /// Adds what a 2xx shows to `out`, which is clear before the first exchange. An error unless it is about `id`.
  virtual Result<void> parse_reading(const HttpResponse& response, JsonReader& reader, std::string_view id, int number,
                                     InteractionSnapshot& out) const = 0;
  [[nodiscard]] virtual Method write_method(const InteractionSnapshot& seen) const noexcept = 0;
  /// Of a write over the version `seen`, as its method is.
  virtual void write_target(std::string& out, const Endpoint& api, std::string_view id, const InteractionSnapshot& seen) const = 0;
  /// The size in bytes that the cloud's limit counts; an error when this dialect cannot carry a variable.
  virtual Result<std::size_t> encode_transition(std::string& out, const TransitionWrite& write, JsonReader& reader) const = 0;
  /// What is sent to write `body`, which `encode_transition` made, over the version `seen`: `body` itself, or a view of `room`,
  /// which may hold anything before.
  virtual std::string_view locked(std::string& room, std::string_view body, const InteractionSnapshot& seen) const = 0;
  /// Whether a 2xx with that status says that the write is done, and not only that it was accepted.
  [[nodiscard]] virtual bool is_done(int status) const noexcept = 0;
  /// Whether a 409 or 412 that answers a write says, or may say, that the interaction has another version: it is read then.
  virtual bool is_conflict(const HttpResponse& response, JsonReader& reader) const = 0;
  /// Replaces `out` by what a 2xx to a write shows of the interaction, if only that it shows nothing. `malformed_response` for
  /// what cannot be the cloud's own answer: it proves nothing.
  virtual Result<void> parse_echo(const HttpResponse& response, JsonReader& reader, InteractionSnapshot& out) const = 0;
  // Of `PlacedDialect`; without it there is one place, which has no name, and the last of the readings shows it.
  virtual void place(std::string& out, const InteractionSnapshot& seen) const = 0;
  virtual Result<void> place_target(std::string& out, const Endpoint& api, std::string_view id, std::string_view place) const = 0;
  virtual Result<void> parse_place(const HttpResponse& response, JsonReader& reader, std::string_view id, std::string_view place,
                                   InteractionSnapshot& out) const = 0;
  // Of `OrderedDialect`; without it nothing is certain.
  [[nodiscard]] virtual bool precedes(std::string_view a, std::string_view b) const noexcept = 0;
  virtual void flow_target(std::string& out, const Endpoint& api, std::string_view id) const = 0;
  /// An error unless it is the flow `id`.
  virtual Result<FlowGraph> parse_flow(const HttpResponse& response, JsonReader& reader, std::string_view id,
                                       const FlowLimits& limits) const = 0;

 protected:
  ~AnyDialect() = default;
};

template <Dialect D>
class DialectOf final : public AnyDialect {
  // One that was meant to tell of places, and is misspelt, must not be taken for one that has none.
  static_assert(PlacedDialect<D> || !(requires { &D::place; } || requires { &D::place_target; } || requires { &D::parse_place; }),
                "a dialect that has a function of PlacedDialect has to have all of them");
  static_assert(OrderedDialect<D> || !requires { &D::precedes; }, "precedes(string_view, string_view) has to be const, noexcept, and bool");

 public:
  explicit DialectOf(const D& dialect) : dialect_(dialect) {}
  [[nodiscard]] Locking locking() const noexcept override { return dialect_.locking(); }
  [[nodiscard]] std::string_view scope() const noexcept override { return dialect_.scope(); }
  [[nodiscard]] int readings() const noexcept override { return dialect_.readings(); }
  void reading_target(std::string& out, const Endpoint& api, std::string_view id, int number) const override {
    dialect_.reading_target(out, api, id, number);
  }
  Result<void> parse_reading(const HttpResponse& response, JsonReader& reader, std::string_view id, int number,
                             InteractionSnapshot& out) const override {
    return dialect_.parse_reading(response, reader, id, number, out);
  }
  [[nodiscard]] Method write_method(const InteractionSnapshot& seen) const noexcept override { return dialect_.write_method(seen); }
  void write_target(std::string& out, const Endpoint& api, std::string_view id, const InteractionSnapshot& seen) const override {
    dialect_.write_target(out, api, id, seen);
  }
  Result<std::size_t> encode_transition(std::string& out, const TransitionWrite& write, JsonReader& reader) const override {
    return dialect_.encode_transition(out, write, reader);
  }
  std::string_view locked(std::string& room, std::string_view body, const InteractionSnapshot& seen) const override {
    return dialect_.locked(room, body, seen);
  }
  [[nodiscard]] bool is_done(int status) const noexcept override { return dialect_.is_done(status); }
  bool is_conflict(const HttpResponse& response, JsonReader& reader) const override { return dialect_.is_conflict(response, reader); }
  Result<void> parse_echo(const HttpResponse& response, JsonReader& reader, InteractionSnapshot& out) const override {
    return dialect_.parse_echo(response, reader, out);
  }
  void place(std::string& out, const InteractionSnapshot& seen) const override {
    if constexpr (PlacedDialect<D>) {
      dialect_.place(out, seen);
    } else {
      out.clear();
    }
  }
  Result<void> place_target(std::string& out, const Endpoint& api, std::string_view id, std::string_view place) const override {
    if constexpr (PlacedDialect<D>) {
      return dialect_.place_target(out, api, id, place);
    } else {
      if (!place.empty())
        return fail(ErrorCode::invalid_settings,
                    "the write went to a place that this dialect does not know; recover it with the one that made it");
      dialect_.reading_target(out, api, id, readings() - 1);
      return {};
    }
  }
  Result<void> parse_place(const HttpResponse& response, JsonReader& reader, std::string_view id, std::string_view place,
                           InteractionSnapshot& out) const override {
    out.clear();
    if constexpr (PlacedDialect<D>) {
      return dialect_.parse_place(response, reader, id, place, out);
    } else {
      return dialect_.parse_reading(response, reader, id, readings() - 1, out);
    }
  }
  [[nodiscard]] bool precedes(std::string_view a, std::string_view b) const noexcept override {
    if constexpr (OrderedDialect<D>) {
      return dialect_.precedes(a, b);
    } else {
      return false;
    }
  }
  void flow_target(std::string& out, const Endpoint& api, std::string_view id) const override { dialect_.flow_target(out, api, id); }
  Result<FlowGraph> parse_flow(const HttpResponse& response, JsonReader& reader, std::string_view id,
                               const FlowLimits& limits) const override {
    return dialect_.parse_flow(response, reader, id, limits);
  }

 private:
  [[no_unique_address]] D dialect_;
};

}  // namespace detail

}  // namespace patchbay
