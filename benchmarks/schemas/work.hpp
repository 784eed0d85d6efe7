// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <patchbay/http.hpp>  // Body

// What every side of the benchmark of schemas does: three pieces of work, over the same inputs, by the same rules.
//
// 1. `hold`: check a hold command's values and write its body.
//      interactionId  a UUID, of any version and case
//      holdReason     queueing, consultation, system_issue or agent_break
//      priority       0 to 9
//      holdMusic      absent, or a media file's name: 1 to 128 of [A-Za-z0-9._-], no dot in front, a known extension in
//      holdPrompt     any case
//    `valid_hold` is the second half of it alone.
// 2. `coerce`: eight variables out of the text of a JSON object, checked, turned into their types and written. A value
//    may be given as JSON or as a string of the same. Strict: no white space around numbers, no "yes" for true; all of
//    it valid UTF-8; a name that is twice there, unknown or missing is a refusal.
//      customer_tier          text
//      call_duration_seconds  an integer from 0 to 86400
//      requires_supervisor    true, false, 1 or 0; written as true or false
//      account_balance        a number that is finite as a double, written as it was spelled
//      language               en-US, de-DE or fr-FR
//      conversation_id        a UUID
//      note                   text of at most 120 bytes; may be absent or null
//      routing_metadata       a JSON object, checked in full, nested at most 64 deep; written without white space
// 3. `decode`: the cloud's answer about an interaction into a fresh `Interaction`; members that it has no place for are
//    skipped, missing ones and wrong types are refused.
namespace patchbay::benchmarks {

struct Hold {
  std::string_view interaction, reason;
  int priority = 0;
  std::optional<std::string_view> music, prompt;
};

struct SkillGroup {
  std::string id, name;
};

struct RoutingData {
  SkillGroup skillGroup;
  std::string orgId;
};

struct CustomAttributes {
  std::string ivr_state, flow_node, last_updated, transition_id, customer_tier;
  std::int64_t call_duration_seconds = 0;
  bool requires_supervisor = false;
};

struct Interaction {
  std::string id, state;
  RoutingData routingData;
  CustomAttributes customAttributes;
  std::optional<bool> held;
};

/// What a side does not look for, so that it is given less work, or does not do at all; the table names it.
enum Blind : unsigned {
  sees_all = 0,
  duplicates = 1,
  depth = 2,
  skipped_values = 4,
  lone_surrogates = 8,
  no_writer = 16,
  no_types = 32
};

/// One side. Each keeps its buffers between calls.
class Contender {
 public:
  Contender(std::string_view name, unsigned blind) noexcept : name_(name), blind_(blind) {}
  Contender(const Contender&) = delete;
  Contender& operator=(const Contender&) = delete;
  virtual ~Contender() = default;

  /// The body; empty when the command is refused. Valid until the next call, as for `coerce`.
  virtual std::string_view hold(const Hold& command) = 0;
  /// The body of `measured_hold`, as `hold` writes it, out of a value that was made before and whose rules were checked
  /// then. Sides that are `no_types` have no such value.
  virtual std::string_view valid_hold() { return {}; }
  /// The object that was made of `json`; empty when it is refused.
  virtual std::string_view coerce(std::string_view json) = 0;
  /// False when the answer is refused.
  virtual bool decode(const Body& answer, Interaction& out) = 0;

  [[nodiscard]] std::string_view name() const noexcept { return name_; }
  [[nodiscard]] unsigned blind() const noexcept { return blind_; }

 private:
  std::string_view name_;
  unsigned blind_;
};

// Null where the library was not installed when this was built.
std::unique_ptr<Contender> make_hand_written();
std::unique_ptr<Contender> make_plain();
std::unique_ptr<Contender> make_ours();
std::unique_ptr<Contender> make_simdjson();
std::unique_ptr<Contender> make_rapidjson_sax();
std::unique_ptr<Contender> make_rapidjson_dom();
std::unique_ptr<Contender> make_boost_json();
std::unique_ptr<Contender> make_nlohmann();

}  // namespace patchbay::benchmarks
