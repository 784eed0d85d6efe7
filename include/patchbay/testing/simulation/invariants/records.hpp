// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <patchbay/testing/simulation/witness.hpp>

// What the books of a run are made of; see books.hpp.
namespace patchbay::testing::simulation {

namespace plain {

/// The value of a key; null when there is none.
template <class Map, class Key>
[[nodiscard]] auto* find_in(Map& map, const Key& key) {
  const auto found = map.find(key);
  return found == map.end() ? nullptr : &found->second;
}

/// The longest that a wait of that form can mean, for those who keep it for at most a day.
[[nodiscard]] inline Duration longest_wait(std::string_view field) {
  if (field.empty() || field.find_first_not_of("0123456789") != std::string_view::npos) return std::chrono::hours{25};
  if (field.size() > 5) return std::chrono::hours{25};
  std::int64_t count = 0;
  for (const char c : field) count = count * 10 + (c - '0');
  return seconds{count + 60};
}
/// The number in the simulated cloud's entity tags; nothing for another tag.
[[nodiscard]] inline std::optional<std::uint64_t> version_of(std::string_view tag) noexcept {
  std::uint64_t out = 0;
  if (tag.size() < 3 || tag.size() > 20 || tag.front() != '"' || tag.back() != '"') return std::nullopt;
  for (const char c : tag.substr(1, tag.size() - 2)) {
    if (c < '0' || c > '9') return std::nullopt;
    out = out * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return out;
}

}  // namespace plain

/// What an exchange is for.
enum class ExchangeClass : std::uint8_t {
  token,
  flow,
  read,
  write,
  webhook,
  opening,
  // Where holds travel as requests:
  command,  ///< A hold or a release.
  reason,   ///< Of a hold, left beside it.
  channel,  ///< The making of a channel, or its subscription.
};

/// One exchange, from the side of its process.
class ExchangeRecord {
 public:
  ProcessId process;
  ExchangeClass kind = ExchangeClass::read;
  SteadyTime left_at{}, ended_at{};
  bool under_way = false;
  bool by_holds = false;        ///< Of the process's door for holds.
  bool has_etag = false;        ///< It names a version.
  bool late = false;            ///< Of a reading: it was answered as the interaction no longer was.
  int arrivals = 0;             ///< How often the cloud was given it.
  int status = 0;               ///< Of its answer; 0: there was none, or none yet.
  std::string etag;             ///< The version that a write is locked by, as an `If-Match` field has it.
  std::string token;            ///< Behind `Bearer`.
  std::string interaction;      ///< In lower case; of a reading or a write.
  std::string operation, node;  ///< Of a write: its transition id, and where it leads.
  // Of a hold or a release:
  bool holds = false;     ///< Else it releases.
  std::string party;      ///< Whom.
  bool doubtful = false;  ///< It has ended, and that leaves open what became of it.
  int changes = 0, carried_out = 0;  ///< How often it changed something in the cloud; and, besides, was done in vain.
  [[nodiscard]] bool accepted() const noexcept { return status >= 200 && status <= 299; }
};

/// One transition or correlation id that left a process, and all that was seen of it.
class Effect {
 public:
  std::string id;
  WorkKind kind = WorkKind::transition;
  ProcessId process;
  std::string interaction;
  std::string node;  ///< Where a transition leads.
  std::string etag;  ///< Of the last write.
  std::uint64_t newest_version = 0;  ///< That any write was locked with.
  SteadyTime first_sent{}, last_sent{};
  std::uint64_t channel = 0, order = 0;  ///< Of a command; its place among all commands of the run.
  bool reused = false;                   ///< The id named something else before.

  int sends = 0;      ///< Requests or frames that left.
  int under_way = 0;  ///< Of the requests, those without an end.
  int doubtful = 0;   ///< Of the requests, those whose end leaves open what became of them.
  int copies = 0;     ///< That the network has made of them.

  int changes = 0;      ///< How often it changed something in the cloud.
  int carried_out = 0;  ///< The same, and changes of nothing.
  SteadyTime applied_at{};
  std::uint64_t applied_order = 0;  ///< Among all that was applied in the run.
  bool known_before = false;
  std::string node_before;  ///< Where the interaction was when it was applied.
  std::optional<std::uint64_t> version_before;  ///< Its version then, when that is known.
  bool overwritten = false;  ///< Another change came behind it.
  bool hidden = false;       ///< Behind it came a copy of a write of before.

  bool confirmed = false, refused = false;  ///< By the first answer that names it rightly.
  SteadyTime answered_at{};
  [[nodiscard]] bool answered() const noexcept { return confirmed || refused; }

  std::vector<std::uint64_t> works;  ///< That ended under this id: several when one write made several moves.
};

/// One work and how it ended.
class WorkRecord {
 public:
  Work work;
  ProcessId process;
  WorkEnd end;              ///< Without its text.
  std::uint64_t order = 0;  ///< Among all that were submitted.
  int ends = 0;
  bool cancelled = false;
};

/// The terminal record of an operation that failed, until the work is found that it is about.
class Terminal {
 public:
  Terminal(const AuditRecord& record, std::size_t works_in)
      : works(works_in),
        id(record.operation_id),
        action(record.action),
        code(record.error_code),
        interaction(record.interaction_id),
        from(record.from),
        to(record.to),
        outcome(record.outcome) {}
  [[nodiscard]] bool fits(const WorkRecord& record) const {
    const WorkKind kind = record.work.kind;
    const bool nodes = kind != WorkKind::transition || (from == record.work.from && to == record.work.to);
    return record.order <= works && record.end.failed && outcome == record.end.outcome &&
           code == to_string(record.end.code) && interaction == record.work.interaction && nodes &&
           action == (kind == WorkKind::transition ? "state_transition"
                      : kind == WorkKind::hold     ? "hold"
                                                   : "unhold");
  }
  std::size_t works;  ///< Submitted by then: it ends none of those that came later (a watchdog's release ends no work).
  std::string id;
  std::string_view action, code;  ///< Static texts.
  std::string interaction, from, to;
  Outcome outcome;
};

/// An interaction as the cloud truly has it.
class Truth {
 public:
  std::uint64_t version = 0;
  bool has_node = false, held = false, final = false, party_over = false;
  std::string node, party;
  /// When `held` changed, and to what; the first entry is how it began.
  std::vector<std::pair<SteadyTime, bool>> held_changes;
  int changed_by = -1;  ///< The process whose command made the last change; negative: somebody else.

  /// Whether it was so at any time between the two.
  [[nodiscard]] bool was_held(bool wanted, SteadyTime from, SteadyTime to) const {
    for (std::size_t i = 0; i < held_changes.size(); ++i) {
      const SteadyTime until = i + 1 < held_changes.size() ? held_changes[i + 1].first : never;
      if (held_changes[i].second == wanted && held_changes[i].first <= to && until >= from) return true;
    }
    return false;
  }
};

/// An interaction as an answer showed it to a process.
class Reading {
 public:
  ProcessId process;
  std::string interaction, etag, node, transition_id;
  bool has_node = false;
  bool over = false;     ///< Its state is final.
  bool written = false;  ///< It came as the answer to a write.
  bool late = false;     ///< The interaction was no longer so when it was answered.
  std::optional<bool> held;
  SteadyTime at{};
};

/// How a conversation showed the party that may be held, to a process.
class ShownHold {
 public:
  std::string interaction;
  bool held = false;
  bool over = false;   ///< The party has left.
  bool event = false;  ///< The channel said so; else a reading did.
  bool late = false;   ///< Of a reading: it was no longer so when it was answered.
  SteadyTime at{};
};

/// A message of the channel.
class Reply {
 public:
  std::string id, type, interaction;
  bool positive = false, negative = false;  ///< For the command that it names rightly.
};

/// One incarnation of one process.
class ProcessRecord {
 public:
  ProcessId id;
  const ProcessView* view = nullptr;  ///< Null before `attached`, and when it is gone.
  SteadyTime since{}, gone_at = never;
  bool crashed = false, closed = false;
  Duration last_tick{};  ///< How coarse its clock was when it was gone.
  std::size_t submitted = 0, ended = 0, open = 0;
  std::vector<std::uint64_t> works;
  std::map<std::uint64_t, SteadyTime> channels;  ///< That are open, and since when.
  std::vector<Reading> readings;                 ///< In the order in which they came.
  std::vector<ShownHold> shown;                  ///< The same of what the door for holds was shown of parties.
  std::vector<Terminal> terminals;               ///< Of failures that no work has ended with yet.

  [[nodiscard]] bool gone() const noexcept { return crashed || closed; }
};

}  // namespace patchbay::testing::simulation
