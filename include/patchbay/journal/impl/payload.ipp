// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <patchbay/identifier.hpp>  // upper_hex
#include <patchbay/journal/frame.hpp>
#include <patchbay/json/read.hpp>
#include <patchbay/json/write.hpp>

namespace patchbay::detail {

// Writing.

[[nodiscard]] inline std::int64_t to_microseconds(WallTime when) noexcept {
  return std::chrono::duration_cast<std::chrono::microseconds>(when.time_since_epoch()).count();
}

/// Nothing for an empty text. What is no UTF-8, as an ETag may be, must come back byte for byte, so it goes as digits.
inline void write_text(JsonWriter& json, std::string_view name, std::string_view text) {
  if (text.empty()) return;
  if (is_valid_utf8(text)) {
    json.member(name, text);
    return;
  }
  std::string digits;
  digits.reserve(2 * text.size());
  for (const char c : text) {
    digits.push_back(upper_hex[static_cast<unsigned char>(c) >> 4]);
    digits.push_back(upper_hex[static_cast<unsigned char>(c) & 15]);
  }
  json.key(name).begin_array().value(std::string_view(digits)).end_array();
}

inline void write_time(JsonWriter& json, std::string_view name, WallTime when) {
  if (when != WallTime{}) json.member(name, to_microseconds(when));
}

inline void write_intent(JsonWriter& json, const IntentRecord& intent) {
  json.member("action", to_string(intent.action));
  write_time(json, "at", intent.at);
  write_text(json, "operation", intent.operation);
  write_text(json, "interaction", intent.interaction);
  write_text(json, "from", intent.from);
  write_text(json, "to", intent.to);
  write_text(json, "flow", intent.flow);
  write_text(json, "flowVersion", intent.flow_version);
  write_text(json, "etag", intent.etag);
  write_text(json, "place", intent.place);
  write_text(json, "priorTransition", intent.prior_transition);
  write_text(json, "webhook", intent.webhook);
  write_text(json, "detail", intent.detail);
}

inline void write_delivery(JsonWriter& json, const JournalDelivery& delivery) {
  write_text(json, "event", delivery.event);
  write_text(json, "interaction", delivery.interaction);
  write_time(json, "at", delivery.queued_at);
  write_text(json, "body", delivery.body);
}

PATCHBAY_DECL void append_payload(std::string& out, const JournalEntry& entry) {
  if (entry.kind == JournalKind::audit) {  // a JSON object as it is
    out.append(entry.audit);
    return;
  }
  JsonWriter json(out);
  json.begin_object();
  switch (entry.kind) {
    case JournalKind::intent: write_intent(json, entry.intent); break;
    case JournalKind::amendment:
      json.member("intent", entry.about);
      write_text(json, "etag", entry.intent.etag);
      write_text(json, "place", entry.intent.place);
      write_text(json, "from", entry.intent.from);
      write_text(json, "priorTransition", entry.intent.prior_transition);
      write_text(json, "flowVersion", entry.intent.flow_version);
      break;
    case JournalKind::terminal:
    case JournalKind::recovery:
      json.member("intent", entry.about).member("outcome", to_string(entry.outcome));
      write_time(json, "at", entry.at);
      if (entry.deliver) json.member("deliver", true);
      write_text(json, "errorCode", entry.error_code);
      write_text(json, "resolvedBy", entry.resolved_by);
      write_text(json, "webhook", entry.delivery.body);
      write_text(json, "message", entry.message);
      if (!entry.audit.empty()) json.key("audit").raw(entry.audit);
      break;
    case JournalKind::hold_changed:
      write_text(json, "interaction", entry.interaction);
      json.member("held", entry.held);
      write_time(json, "since", entry.at);
      write_text(json, "place", entry.place);
      break;
    case JournalKind::delivery: write_delivery(json, entry.delivery); break;
    case JournalKind::delivery_done:
    case JournalKind::dead_letter:
    case JournalKind::redrive:
      json.member("delivery", entry.about);
      write_time(json, "at", entry.at);
      write_text(json, "message", entry.message);
      break;
    case JournalKind::checkpoint:
    case JournalKind::audit: break;
  }
  json.end_object();
}

PATCHBAY_DECL void append_checkpoint(std::string& out, const JournalState& state) {
  JsonWriter json(out);
  json.begin_object();
  json.key("intents").begin_array();
  for (const auto& [position, open] : state.intents()) {
    json.begin_object().member("position", position);
    if (open.amendments > 0) json.member("amendments", open.amendments);
    if (open.unknown) json.member("unknown", true);
    if (open.overtaken) json.member("overtaken", true);
    write_intent(json, open.record);
    json.end_object();
  }
  json.end_array().key("holds").begin_array();
  for (const auto& [interaction, hold] : state.holds()) {
    json.begin_object();
    write_text(json, "interaction", interaction);
    write_text(json, "operation", hold.operation);
    write_text(json, "place", hold.place);
    write_time(json, "since", hold.since);
    if (!hold.confirmed) json.member("confirmed", false);
    json.member("position", hold.position);
    json.end_object();
  }
  json.end_array();
  const auto letters = [&json](std::string_view name, const JournalState::Deliveries& all) {
    json.key(name).begin_array();
    for (const auto& [position, each] : all) {
      json.begin_object().member("position", position);
      write_delivery(json, each);
      json.end_object();
    }
    json.end_array();
  };
  letters("deliveries", state.deliveries());
  letters("deadLetters", state.dead_letters());
  json.end_object();
}

// Reading. Members that are not known are skipped, so that a later library may add some.

inline simdjson::error_code read_text(JsonValue value, std::string& out) {
  simdjson::ondemand::json_type type;
  if (const auto error = value.type().get(type)) return error;
  std::string_view text;
  if (type != simdjson::ondemand::json_type::array) {
    if (const auto error = value.get_string().get(text)) return error;
    out.assign(text);
    return simdjson::SUCCESS;
  }
  simdjson::ondemand::array array;
  if (const auto error = value.get_array().get(array)) return error;
  out.clear();
  for (auto element : array) {
    if (const auto error = element.get_string().get(text)) return error;
    if (text.size() % 2 != 0) return simdjson::STRING_ERROR;
    for (std::size_t i = 0; i < text.size(); i += 2) {
      const std::size_t high = std::string_view(upper_hex, 16).find(text[i]),
                        low = std::string_view(upper_hex, 16).find(text[i + 1]);
      if (high > 15 || low > 15) return simdjson::STRING_ERROR;
      out.push_back(static_cast<char>(static_cast<unsigned char>(high << 4U | low)));
    }
  }
  return simdjson::SUCCESS;
}

inline simdjson::error_code read_time(JsonValue value, WallTime& out) {
  std::int64_t microseconds = 0;
  if (const auto error = value.get_int64().get(microseconds)) return error;
  // Beyond what the clock can say is no time of ours.
  constexpr std::int64_t most =
      std::chrono::duration_cast<std::chrono::microseconds>((WallTime::max)().time_since_epoch()).count();
  if (microseconds > most || microseconds < -most) return simdjson::NUMBER_OUT_OF_RANGE;
  out = WallTime(std::chrono::duration_cast<WallTime::duration>(std::chrono::microseconds(microseconds)));
  return simdjson::SUCCESS;
}

inline simdjson::error_code read_flag(JsonValue value, bool& out) { return value.get_bool().get(out); }
inline simdjson::error_code read_position(JsonValue value, JournalPosition& out) { return value.get_uint64().get(out); }

template <class Enum, std::size_t N>
simdjson::error_code read_name(JsonValue value, const Enum (&all)[N], Enum& out) {
  std::string_view name;
  if (const auto error = value.get_string().get(name)) return error;
  for (const Enum each : all) {
    if (to_string(each) != name) continue;
    out = each;
    return simdjson::SUCCESS;
  }
  return simdjson::INCORRECT_TYPE;
}

inline simdjson::error_code read_intent_member(std::string_view key, JsonValue value, IntentRecord& out) {
  constexpr JournalAction actions[] = {JournalAction::transition, JournalAction::hold, JournalAction::unhold};
  if (key == "action") return read_name(value, actions, out.action);
  if (key == "at") return read_time(value, out.at);
  const std::pair<std::string_view, std::string*> texts[] = {
      {"operation", &out.operation}, {"interaction", &out.interaction},
      {"from", &out.from},           {"to", &out.to},
      {"flow", &out.flow},           {"flowVersion", &out.flow_version},
      {"etag", &out.etag},           {"place", &out.place},
      {"webhook", &out.webhook},     {"priorTransition", &out.prior_transition},
      {"detail", &out.detail}};
  for (const auto& [name, text] : texts)
    if (key == name) return read_text(value, *text);
  return simdjson::SUCCESS;
}

inline simdjson::error_code read_delivery_member(std::string_view key, JsonValue value, JournalDelivery& out) {
  if (key == "event") return read_text(value, out.event);
  if (key == "interaction") return read_text(value, out.interaction);
  if (key == "at") return read_time(value, out.queued_at);
  if (key == "body") return read_text(value, out.body);
  return simdjson::SUCCESS;
}

inline simdjson::error_code read_end_member(std::string_view key, JsonValue value, JournalEntry& out) {
  constexpr Outcome outcomes[] = {Outcome::applied, Outcome::not_applied, Outcome::unknown};
  if (key == "outcome") return read_name(value, outcomes, out.outcome);
  if (key == "at") return read_time(value, out.at);
  if (key == "deliver") return read_flag(value, out.deliver);
  if (key == "errorCode") return read_text(value, out.error_code);
  if (key == "resolvedBy") return read_text(value, out.resolved_by);
  if (key == "webhook") return read_text(value, out.delivery.body);
  if (key == "message") return read_text(value, out.message);
  return simdjson::SUCCESS;
}

inline simdjson::error_code read_member(std::string_view key, JsonValue value, JournalEntry& out) {
  switch (out.kind) {
    case JournalKind::intent: return read_intent_member(key, value, out.intent);
    case JournalKind::amendment:
      return key == "intent" ? read_position(value, out.about) : read_intent_member(key, value, out.intent);
    case JournalKind::terminal:
    case JournalKind::recovery:
      return key == "intent" ? read_position(value, out.about) : read_end_member(key, value, out);
    case JournalKind::hold_changed:
      if (key == "interaction") return read_text(value, out.interaction);
      if (key == "held") return read_flag(value, out.held);
      if (key == "place") return read_text(value, out.place);
      return key == "since" ? read_time(value, out.at) : simdjson::SUCCESS;
    case JournalKind::delivery: return read_delivery_member(key, value, out.delivery);
    case JournalKind::delivery_done:
    case JournalKind::dead_letter:
    case JournalKind::redrive:
      if (key == "delivery") return read_position(value, out.about);
      if (key == "at") return read_time(value, out.at);
      return key == "message" ? read_text(value, out.message) : simdjson::SUCCESS;
    case JournalKind::checkpoint:
    case JournalKind::audit: break;
  }
  return simdjson::SUCCESS;
}

inline const char* read_payload(JsonReader& reader, JournalKind kind, std::string_view payload, JournalEntry& out) {
  out = JournalEntry(kind);
  const auto done =
      reader.object(payload, [&out](std::string_view key, JsonValue value) { return read_member(key, value, out); });
  return done ? nullptr : "a record is not what its kind says";
}

PATCHBAY_DECL const char* read_payload(JournalKind kind, std::string_view payload, JournalEntry& out) {
  JsonReader reader;
  return read_payload(reader, kind, payload, out);
}

/// Calls `visit(key, value)` for the members of each object of an array, and `end()` after each object.
template <class Visit, class End>
simdjson::error_code read_each(JsonValue value, Visit&& visit, End&& end) {
  simdjson::ondemand::array array;
  if (const auto error = value.get_array().get(array)) return error;
  for (auto element : array) {
    JsonObjectView object;
    if (const auto error = element.get_object().get(object)) return error;
    if (const auto error = JsonReader::each(object, visit)) return error;
    if (!end()) return simdjson::INCORRECT_TYPE;
  }
  return simdjson::SUCCESS;
}

PATCHBAY_DECL const char* read_checkpoint(std::string_view payload, JournalState& out) {
  JournalState::Intents intents;
  JournalState::Holds holds;
  JournalState::Deliveries due, dead;
  OpenIntent open;
  const auto open_intent = [&](std::string_view key, JsonValue value) -> simdjson::error_code {
    if (key == "position") return read_position(value, open.position);
    if (key == "unknown") return read_flag(value, open.unknown);
    if (key == "overtaken") return read_flag(value, open.overtaken);
    if (key != "amendments") return read_intent_member(key, value, open.record);
    std::int64_t many = 0;
    if (const auto error = value.get_int64().get(many)) return error;
    open.amendments = many >= 0 && many < 1'000'000'000 ? static_cast<int>(many) : 0;
    return simdjson::SUCCESS;
  };
  BelievedHold believed;
  const auto hold = [&](std::string_view key, JsonValue value) -> simdjson::error_code {
    if (key == "interaction") return read_text(value, believed.interaction);
    if (key == "operation") return read_text(value, believed.operation);
    if (key == "place") return read_text(value, believed.place);
    if (key == "since") return read_time(value, believed.since);
    if (key == "position") return read_position(value, believed.position);
    return key == "confirmed" ? read_flag(value, believed.confirmed) : simdjson::SUCCESS;
  };
  JournalDelivery letter;
  const auto delivery = [&](std::string_view key, JsonValue value) {
    return key == "position" ? read_position(value, letter.position) : read_delivery_member(key, value, letter);
  };
  const auto add_letter = [&letter](JournalState::Deliveries& to) {
    const JournalPosition position = letter.position;
    return position != 0 && to.emplace(position, std::exchange(letter, {})).second;
  };
  JsonReader reader;
  const auto done = reader.object(payload, [&](std::string_view key, JsonValue value) -> simdjson::error_code {
    if (key == "intents") {
      return read_each(value, open_intent, [&] {
        const JournalPosition position = open.position;
        return position != 0 && intents.emplace(position, std::exchange(open, {})).second;
      });
    }
    if (key == "holds") {
      return read_each(value, hold, [&] {
        std::string interaction = believed.interaction;
        return holds.emplace(std::move(interaction), std::exchange(believed, {})).second;
      });
    }
    if (key == "deliveries") return read_each(value, delivery, [&] { return add_letter(due); });
    if (key == "deadLetters") return read_each(value, delivery, [&] { return add_letter(dead); });
    return simdjson::SUCCESS;
  });
  if (!done) return "a checkpoint is not what its kind says";
  out.restore(std::move(intents), std::move(holds), std::move(due), std::move(dead));
  return nullptr;
}

}  // namespace patchbay::detail
