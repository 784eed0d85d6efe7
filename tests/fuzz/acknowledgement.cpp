// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// Acknowledgements on their way to the commands that they are about: an input says what is asked for, what the connection
// does, and what comes over it. Before every message it is reckoned which command it settles, if any, and which counter
// grows; after it nothing else may have changed (invariant I12).
#include "fuzz/bytes.hpp"
#include "fuzz/law.hpp"

#include <patchbay/cloud/hold_dialect.hpp>
#include <patchbay/protocol/hold_session.hpp>

#include <algorithm>
#include <array>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

using namespace patchbay;
using patchbay_fuzz::Bytes;
using patchbay_fuzz::law;

namespace {

constexpr std::array<std::string_view, 3> interactions{"550e8400-e29b-41d4-a716-446655440000",
                                                       "7d444840-9dc0-41d1-b245-5ffdce74fad2", "c"};
constexpr std::array<HoldCount, 6> counters{HoldCount::acks_positive,    HoldCount::acks_negative,
                                            HoldCount::late_acks,        HoldCount::duplicate_acks,
                                            HoldCount::foreign_messages, HoldCount::junk_frames};

/// Gives its counters without the latencies, which take far longer to sum up.
class Counted : public HoldMetrics {
 public:
  [[nodiscard]] HoldMetricsSnapshot counts() const noexcept {
    HoldMetricsSnapshot out;
    read_counts(out);
    return out;
  }
};

/// What is known of a command from outside: what was asked for, what was handed over, and what came.
struct Known {
  std::unique_ptr<HoldCall> call;
  bool sent = false;          ///< Handed to the driver, and not given back.
  bool settled = false;
  bool acknowledged = false;  ///< By an answer in time or a late one.
  int ended = 0;
  CallEnd before = CallEnd::pending;  ///< How it had ended before the message that is being looked at.
};

class World {
 public:
  explicit World(Bytes& bytes_in) : bytes(bytes_in), session(settings(bytes_in, chosen), metrics) {}

  void run() {
    for (int step = 0; step < 300 && !bytes.empty(); ++step) {
      switch (bytes.below(10)) {
        case 0: submit(HoldVerb::hold); break;
        case 1: submit(HoldVerb::unhold); break;
        case 2: pump(); break;
        case 3:
        case 4:
        case 5: answer(epoch); break;
        case 6: answer(epoch == 0 ? 0 : epoch - 1); break;  // of a connection that is dead
        case 7: anything(); break;
        case 8: now = after(now, milliseconds{1 + bytes.below(4000)}); break;
        default: lose(); break;
      }
      collect();
      law(session.table().tombstones() <= chosen.max_tombstones, "tombstones are bounded");
    }
    session.close();
    collect();
    session.finish();
    collect();
    law(session.table().pending() == 0, "nothing is left");
    for (const auto& [id, known] : all) law(known.ended == 1, "every command ends once", {id});
  }

 private:
  static const HoldSettings& settings(Bytes& bytes, HoldSettings& out) {
    out.ack_timeout = seconds{3};
    out.max_commands = 6;
    out.max_tombstones = bytes.flip() ? 1024 : bytes.below(4);
    return out;
  }
  void submit(HoldVerb verb) {
    const std::string interaction(interactions[bytes.below(interactions.size())]);
    // Now and then an id that was given before, which is never admitted while the first is known.
    const bool again = !ids.empty() && bytes.below(8) == 7;
    const std::string id = again ? ids[bytes.below(ids.size())] : "id-" + std::to_string(ids.size());
    auto call =
        std::make_unique<HoldCall>(verb, id, interaction, id, after(now, milliseconds{100 + bytes.below(20'000)}));
    session.submit(*call, now);
    if (again) {
      collect();  // a release supersedes holds, also when it is not admitted
      if (remembered(id)) return law(call->end == CallEnd::table_full, "an id is given once", {id});
      if (call->end != CallEnd::pending) return;
      twice.push_back(std::move(all.at(id).call));  // the former has ended, and is forgotten
      all.erase(id);
    } else {
      ids.push_back(id);
    }
    Known& known = all[id];
    known.call = std::move(call);
    if (known.call->end != CallEnd::pending) {
      law(!was_sent(known.call->end), "what is refused was not sent", {id});
      known.settled = true, known.ended = 1;
    }
  }
  /// Whether the session still knows the id.
  bool remembered(const std::string& id) const {
    const Known& known = all.at(id);
    return !known.settled || std::find(tombs.begin(), tombs.end(), id) != tombs.end();
  }

  void pump() {
    session.tick(now, 0.5);
    collect();
    for (int i = 0; i < 8; ++i) {
      const HoldAction action = session.next(now);
      collect();
      if (action.kind == HoldAction::Kind::none) return;
      if (action.kind == HoldAction::Kind::connect) {
        epoch = action.epoch;
        if (bytes.below(8) == 7) {
          session.open_failed(epoch, OpenFailure(OpenFailure::Kind::network, Error(ErrorCode::network, "no")), now,
                              0.5);
        } else {
          session.opened(epoch, now);
        }
      } else if (action.kind == HoldAction::Kind::ping) {
        session.sent(action.epoch);
      } else if (action.kind == HoldAction::Kind::send) {
        write(std::string(action.text), action.epoch);
      }
    }
  }
  void write(const std::string& id, std::uint64_t on) {
    Known& known = all.at(id);
    law(!known.sent && !known.settled, "a command is sent once", {id});
    known.sent = true;
    switch (bytes.below(8)) {
      case 7:  // the connection broke under it
        if (bytes.flip()) known.sent = false;
        session.send_failed(on, known.sent ? Delivery::maybe_sent : Delivery::not_sent, now, 0.5);
        break;
      case 6:  // an answer overtakes the end of the writing
        answer(on);
        session.sent(on);
        break;
      default: session.sent(on);
    }
    collect();
  }
  void lose() {
    static constexpr std::array<std::uint16_t, 4> codes{1006, 1000, 1011, 1012};
    session.closed(epoch, codes[bytes.below(codes.size())], now, 0.5);
  }

  /// A message that is, or nearly is, the answer to a command.
  void answer(std::uint64_t on) {
    const std::string id = ids.empty() || bytes.below(8) == 7 ? "id-of-nobody" : ids[bytes.below(ids.size())];
    const auto found = all.find(id);
    const HoldCall* const call = found == all.end() ? nullptr : found->second.call.get();
    std::string interaction(call ? call->interaction : interactions[0]);
    switch (bytes.below(8)) {
      case 5: interaction = "another"; break;
      case 6: interaction.clear(); break;
      case 7:
        for (char& c : interaction)
          if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
        break;
      default: break;
    }
    static constexpr std::array<std::string_view, 8> types{"",       "", "error",       "hold",
                                                           "unhold", "", "stateUpdate", "Hold"};
    const std::size_t which = bytes.below(types.size());
    const std::string type(which < 2 && call ? to_string(call->verb) : types[which]);
    std::string text;
    JsonWriter json(text);
    json.begin_object().member("correlationId", std::string_view(id)).key("body").begin_object();
    if (!type.empty()) json.member("type", std::string_view(type));
    if (!interaction.empty()) json.member("interactionId", std::string_view(interaction));
    json.member("message", "said by the server").end_object().end_object();
    deliver(on, text, id, type, interaction);
  }
  /// Any text, or a binary message.
  void anything() {
    Body body;
    body.assign(bytes.text(60));
    if (bytes.flip()) {
      JsonReader reader;
      ChannelNews reply;
      const bool read = DocumentsHoldDialect::parse_reply(body, reader, reply).has_value();
      if (read && !reply.correlation_id.empty())
        return deliver(epoch, std::string(body.view()), reply.correlation_id, reply.type, reply.interaction);
      expect(read ? HoldCount::foreign_messages : HoldCount::junk_frames, epoch, {}, CallEnd::pending,
             [&] { session.text(epoch, body, now); });
    } else {
      expect(HoldCount::junk_frames, epoch, {}, CallEnd::pending, [&] { session.binary(epoch, body, now); });
    }
  }
  /// Reckons what an answer does, and lets it come.
  void deliver(std::uint64_t on, const std::string& text, const std::string& id, const std::string& type,
               const std::string& interaction) {
    Body body;
    body.assign(text);
    const bool here = alive(on);
    HoldCount counter = HoldCount::foreign_messages;
    std::string settles;
    CallEnd how = CallEnd::pending;
    const auto found = all.find(id);
    if (here && found != all.end() && found->second.sent && remembered(id)) {
      Known& known = found->second;
      const HoldCall& call = *known.call;
      const bool same = interaction.empty() || equal_ignoring_case(interaction, call.interaction);
      const bool positive = type == to_string(call.verb);
      const bool negative = !type.empty() && type != "hold" && type != "unhold";
      if (same && (positive || negative)) {
        counter = known.acknowledged ? HoldCount::duplicate_acks
                  : known.settled    ? HoldCount::late_acks
                  : positive         ? HoldCount::acks_positive
                                     : HoldCount::acks_negative;
        if (!known.settled) settles = id, how = positive ? CallEnd::acknowledged : CallEnd::refused;
        known.acknowledged = true;
      }
    }
    expect(counter, on, settles, how, [&] { session.text(on, body, now); });
  }
  template <class Act>
  void expect(HoldCount counter, std::uint64_t on, const std::string& settles, CallEnd how, Act act) {
    const bool here = alive(on);
    for (auto& [id, known] : all) known.before = known.call->end;
    const HoldMetricsSnapshot before = metrics.counts();
    act();
    const HoldMetricsSnapshot since = metrics.counts();
    for (const HoldCount each : counters)
      law(since[each] - before[each] == (here && each == counter ? 1U : 0U),
          "exactly one counter grows, and none for a dead connection");
    for (const auto& [id, known] : all) {
      if (id == settles) {
        law(known.call->end == how, "an answer settles its command", {id});
        law(how != CallEnd::refused || known.call->server_message == "said by the server" ||
                known.call->server_message.size() <= 1024,
            "with what the server said", {id});
      } else {
        law(known.call->end == known.before, "and no other", {id, settles});
      }
    }
    law(session.completed().size() == (settles.empty() ? 0U : 1U), "and is told of once", {settles});
    if (how == CallEnd::acknowledged && all.at(settles).call->verb == HoldVerb::hold && !releases_after(settles))
      law(session.registry().belief(all.at(settles).call->interaction) != HoldRegistry::Belief::not_held,
          "who is on hold is watched", {settles});
    collect();
  }
  [[nodiscard]] bool alive(std::uint64_t on) const {
    return on == epoch && epoch != 0 && (session.channel().state() == ChannelState::open);
  }
  /// Whether a release of the same interaction was ever handed over.
  [[nodiscard]] bool releases_after(const std::string& hold) const {
    return std::any_of(all.begin(), all.end(), [&](const auto& each) {
      const HoldCall& call = *each.second.call;
      return call.verb == HoldVerb::unhold && each.second.sent && call.interaction == all.at(hold).call->interaction;
    });
  }
  void collect() {
    for (HoldCall* const call : session.completed()) {
      Known& known = all.at(call->correlation_id);
      law(known.call.get() == call && ++known.ended == 1, "a command ends once", {call->correlation_id});
      law(call->end != CallEnd::pending && was_sent(call->end) == known.sent, "and says whether it was sent",
          {call->correlation_id});
      known.settled = true;
      if (!known.sent) continue;
      tombs.push_back(call->correlation_id);
      if (tombs.size() > chosen.max_tombstones) tombs.pop_front();
    }
    session.completed().clear();
    session.notices().clear();
    session.notices_taken();
    session.releases_due().clear();
  }

  Bytes& bytes;
  HoldSettings chosen;
  Counted metrics;
  HoldSession session;
  SteadyTime now{std::chrono::hours{1}};
  std::uint64_t epoch = 0;
  std::vector<std::string> ids;
  std::map<std::string, Known> all;
  std::vector<std::unique_ptr<HoldCall>> twice;
  std::deque<std::string> tombs;
};

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Bytes bytes(data, size);
  World world(bytes);
  world.run();
  return 0;
}
