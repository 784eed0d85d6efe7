// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <patchbay/cloud/detail/platform_fields.hpp>
#include <patchbay/cloud/platform_conversation.hpp>
#include <patchbay/identifier.hpp>

namespace patchbay::cloud::platform {

PATCHBAY_DECL void Communication::clear() noexcept {
  communication_id.clear(), state_text.clear(), disconnect_type.clear();
  media.reset(), held.reset(), hold_started.reset();
  state = ParticipantState::absent;
  confined = muted = false;
}

PATCHBAY_DECL void Participant::clear() noexcept {
  Communication::clear();
  id.clear(), purpose.clear(), user_id.clear(), queue_id.clear(), routing_queue_id.clear();
  skills_.clear(), attributes_.clear();
  over = all_over_ = false;
}

PATCHBAY_DECL const std::string* Participant::attribute(std::string_view name) const noexcept {
  for (const Attribute& each : attributes_.view())
    if (each.name == name) return &each.value;
  return nullptr;
}

PATCHBAY_DECL void Conversation::clear() noexcept {
  id.clear();
  ended = false;
  participants_.clear();
}

namespace detail {

/// One reading of a conversation in either of its views.
class ConversationReading {
 public:
  ConversationReading(Conversation& out, const ConversationOptions& options) noexcept : out_(out), options_(options) {}

  simdjson::error_code member(std::string_view key, JsonValue value) {
    if (key == "id") return fields_.text(value, out_.id, "id");
    if (key == "endTime") return end_time(value, has_end_);
    if (key != "participants") return simdjson::SUCCESS;
    out_.participants_.clear();
    return fields_.elements(value, "participants", [&](JsonValue item) { return participant(item); });
  }
  /// The body of an event, which is to be an object.
  simdjson::error_code event_body(JsonValue value) {
    Fields::Type type;
    if (const auto error = value.type().get(type)) return error;
    has_body_ = type == Fields::Type::object;
    return fields_.members(value, "eventBody",
                           [&](std::string_view key, JsonValue inner) { return member(key, inner); });
  }
  Result<void> finish(const JsonResult<void>& read, bool is_event) {
    if (is_event && read && !has_body_) fields_.refuse("eventBody", "an object");
    out_.ended = !out_.participants_.view().empty();
    for (const Participant& each : out_.participants_.view()) out_.ended = out_.ended && each.all_over_;
    out_.ended = out_.ended || has_end_;
    return fields_.verdict(read);
  }

 private:
  simdjson::error_code participant(JsonValue item) {
    Fields::Type type;
    if (const auto error = item.type().get(type)) return error;
    if (type == Fields::Type::null) return simdjson::SUCCESS;
    if (type != Fields::Type::object) return fields_.refuse("participants[]", "an object");
    if (out_.participants_.size() == Conversation::max_participants)
      return fields_.refuse("participants", "at most 1000");
    Participant& party = out_.participants_.add();
    out_.flat_.clear();
    rank_ = -1;
    bool has_left = false;
    any_ = live_ = wanted_any_ = wanted_live_ = false;
    fields_.set_place("participants");
    const auto error = Fields::members_if(item, [&](std::string_view key, JsonValue value) -> simdjson::error_code {
      if (key == "endTime") return end_time(value, has_left);
      return party_member(party, key, value);
    });
    fields_.set_place({});
    if (error) return error;
    Communication& flat = out_.flat_;
    if (flat.state != ParticipantState::absent || flat.held) {
      flat.media = options_.media;
      static_cast<Communication&>(party) = flat;
      party.over = party.all_over_ = has_left || is_over(party.state);
    } else {
      party.over = has_left || (wanted_any_ && !wanted_live_);
      party.all_over_ = has_left || (any_ && !live_);
    }
    return simdjson::SUCCESS;
  }

  simdjson::error_code party_member(Participant& party, std::string_view key, JsonValue value) {
    if (key == "id") return fields_.text(value, party.id, "id");
    if (key == "purpose") return fields_.text(value, party.purpose, "purpose");
    if (key == "userId") return fields_.text(value, party.user_id, "userId");
    if (key == "user")
      return fields_.members(value, "user", [&](std::string_view name, JsonValue content) {
        return name == "id" ? fields_.text(content, party.user_id, "user.id") : simdjson::SUCCESS;
      });
    if (key == "queueId") return Fields::text_if(value, party.queue_id);
    if (key == "queue") return reference(value, party.queue_id);
    if (key == "attributes") return attributes(party, value);
    if (key == "conversationRoutingData")
      return Fields::members_if(value, [&](std::string_view name, JsonValue content) -> simdjson::error_code {
        if (name == "queue") return reference(content, party.routing_queue_id);
        return name == "skills" ? skills(party, content) : simdjson::SUCCESS;
      });
    if (const std::optional<Media> media = media_named(key)) return communications(party, *media, value);
    for (const std::string_view other :
         {"cobrowsesessions", "internalMessages", "screenMonitorings", "screenshares", "videos"})
      if (key == other) return elsewhere(value);
    return communication_member(out_.flat_, key, value);
  }

  /// What a communication says of itself in the one view, and a participant in the other.
  simdjson::error_code communication_member(Communication& out, std::string_view key, JsonValue value) {
    if (key == "state") {
      const auto error = fields_.text(value, out.state_text, "state");
      out.state = out.state_text.empty() ? ParticipantState::absent : participant_state(out.state_text);
      return error;
    }
    if (key == "held") return fields_.truth(value, out.held, "held");
    if (key == "startHoldTime") return Fields::time_if(value, out.hold_started);
    if (key == "disconnectType") return Fields::text_if(value, out.disconnect_type);
    if (key != "confined" && key != "muted") return simdjson::SUCCESS;
    std::optional<bool> truth;
    const bool confined = key == "confined";
    const auto error = confined ? fields_.truth(value, truth, "confined") : Fields::truth_if(value, truth);
    (confined ? out.confined : out.muted) = truth.value_or(false);
    return error;
  }

  simdjson::error_code communications(Participant& party, Media media, JsonValue value) {
    if (options_.media && media != *options_.media) return elsewhere(value);
    return Fields::elements_if(value, [&](JsonValue item) -> simdjson::error_code {
      Communication& one = out_.one_;
      one.clear();
      one.media = media;
      fields_.set_place("participants", member_name(media));
      bool found = false;
      const auto error = Fields::members_if(item, [&](std::string_view key, JsonValue content) {
        found = true;
        return key == "id" ? Fields::text_if(content, one.communication_id) : communication_member(one, key, content);
      });
      fields_.set_place("participants");
      if (error || !found) return error;
      any_ = wanted_any_ = true;
      if (!is_over(one.state)) live_ = wanted_live_ = true;
      const int rank = rank_of(one.state);
      // Of several that are alike the last one, which is the newest; calls before what stands behind them in `Media`.
      const bool better = rank > rank_ || (rank == rank_ && media <= *party.media);
      if (better) rank_ = rank, static_cast<Communication&>(party) = one;  // a copy, so that each keeps its memory
      return simdjson::SUCCESS;
    });
  }

  /// Communications that do not count, except that a party that has one of them live has not left.
  simdjson::error_code elsewhere(JsonValue value) {
    return Fields::elements_if(value, [&](JsonValue item) -> simdjson::error_code {
      bool is_any = false;
      out_.one_.clear();
      const auto error = Fields::members_if(item, [&](std::string_view key, JsonValue content) {
        is_any = true;
        return key == "state" ? Fields::text_if(content, out_.one_.state_text) : simdjson::SUCCESS;
      });
      any_ = any_ || is_any;
      live_ = live_ || (is_any && !is_over(participant_state(out_.one_.state_text)));
      return error;
    });
  }

  static int rank_of(ParticipantState state) noexcept {
    switch (state) {
      case ParticipantState::connected:
        return 4;
      case ParticipantState::absent:
      case ParticipantState::unknown:
        return 2;
      case ParticipantState::disconnected:
      case ParticipantState::terminated:
        return 1;
      case ParticipantState::none:
        return 0;
      default:
        return 3;
    }
  }

  simdjson::error_code attributes(Participant& party, JsonValue value) {
    party.attributes_.clear();
    return fields_.members(value, "attributes", [&](std::string_view name, JsonValue content) -> simdjson::error_code {
      bool is_wanted = false;
      for (const std::string_view each : options_.attributes) is_wanted = is_wanted || each == name;
      if (!is_wanted) return simdjson::SUCCESS;
      Participant::Attribute* place = nullptr;
      for (Participant::Attribute& each : party.attributes_.edit())
        if (each.name == name) place = &each;
      if (place == nullptr) place = &party.attributes_.add();
      place->name.assign(name);
      bool found = false;
      const auto error = Fields::any(content, place->value, found);
      if (!found) {
        Participant::Attribute& last = party.attributes_.edit().back();
        if (place != &last) std::swap(*place, last);
        party.attributes_.drop_last();
      }
      return error;
    });
  }

  static simdjson::error_code skills(Participant& party, JsonValue value) {
    party.skills_.clear();
    return Fields::elements_if(value, [&](JsonValue item) -> simdjson::error_code {
      if (party.skills_.size() == Conversation::max_skills) return simdjson::SUCCESS;
      std::string& id = party.skills_.add();
      const auto error = reference(item, id);
      if (id.empty()) party.skills_.drop_last();
      return error;
    });
  }

  /// The `id` of an object that refers to something.
  static simdjson::error_code reference(JsonValue value, std::string& out) {
    return Fields::members_if(value, [&](std::string_view name, JsonValue content) {
      return name == "id" ? Fields::text_if(content, out) : simdjson::SUCCESS;
    });
  }

  simdjson::error_code end_time(JsonValue value, bool& out) {
    Fields::Type type;
    if (const auto error = value.type().get(type)) return error;
    out = false;
    if (type == Fields::Type::null) return simdjson::SUCCESS;
    if (type != Fields::Type::string) return fields_.refuse("endTime", "text");
    std::string_view view;
    const auto error = value.get_string().get(view);
    out = !view.empty();
    return error;
  }

  Conversation& out_;
  const ConversationOptions& options_;
  Fields fields_{"the conversation"};
  bool has_end_ = false, has_body_ = false;
  // Of the participant that is being read: its best communication so far; whether it has any and a live one, of any
  // kind and of those that count.
  int rank_ = -1;
  bool any_ = false, live_ = false, wanted_any_ = false, wanted_live_ = false;
};

[[gnu::cold, gnu::noinline]] inline Failure no_such_participant(const Conversation& conversation,
                                                                const ParticipantSelector& selector, std::size_t likely,
                                                                std::string_view likely_ids) {
  std::string message = likely == 0 ? "the conversation has no participant" : "the conversation has ";
  if (likely != 0) message.append(std::to_string(likely)).append(" live participants");
  switch (selector.by()) {
    case ParticipantSelector::By::id:
      message.append(" with the id ");
      break;
    case ParticipantSelector::By::user:
      message.append(" of the user ");
      break;
    case ParticipantSelector::By::purpose:
      message.append(" with the purpose ");
      break;
  }
  patchbay::detail::append_shown(message, selector.text());
  if (likely != 0) message.append("; name one by its id: ").append(likely_ids);
  if (selector.text().empty()) message = "nobody has said which participant is meant";
  Error error(likely == 0 ? ErrorCode::not_found : ErrorCode::invalid_argument, std::move(message));
  error.set_interaction(conversation.id);
  return fail(std::move(error));
}

}  // namespace detail

PATCHBAY_DECL Result<void> parse_conversation(const Body& body, JsonReader& reader, Conversation& out,
                                              const ConversationOptions& options) {
  out.clear();
  detail::ConversationReading reading(out, options);
  const auto read =
      reader.object(body, [&](std::string_view key, JsonValue value) { return reading.member(key, value); });
  return reading.finish(read, false);
}

PATCHBAY_DECL Result<void> parse_conversation_event(const Body& frame, JsonReader& reader, Conversation& out,
                                                    const ConversationOptions& options) {
  out.clear();
  detail::ConversationReading reading(out, options);
  const auto read = reader.object(frame, [&](std::string_view key, JsonValue value) -> simdjson::error_code {
    return key == "eventBody" ? reading.event_body(value) : simdjson::SUCCESS;
  });
  return reading.finish(read, true);
}

PATCHBAY_DECL Result<const Participant*> find_participant(const Conversation& conversation,
                                                          const ParticipantSelector& selector) {
  using By = ParticipantSelector::By;
  const auto is_meant = [&](const Participant& each) {
    if (selector.by() == By::purpose) return each.purpose == selector.text();
    return equal_ignoring_case(selector.by() == By::id ? each.id : each.user_id, selector.text());
  };
  // 3 connected, 2 not known to be over, 1 over.
  const auto rank_of = [](const Participant& each) {
    return each.over ? 1 : each.state == ParticipantState::connected ? 3 : 2;
  };
  const Participant* best = nullptr;
  std::size_t alike = 0;
  if (!selector.text().empty())
    for (const Participant& each : conversation.participants()) {
      if (!is_meant(each)) continue;
      const int rank = rank_of(each), most = best == nullptr ? 0 : rank_of(*best);
      if (rank < most) continue;
      alike = rank == most && rank > 1 ? alike + 1 : 1;
      best = &each;
    }
  if (best == nullptr) return detail::no_such_participant(conversation, selector, 0, {});
  if (alike == 1) return best;
  std::string ids;
  for (const Participant& each : conversation.participants()) {
    if (!is_meant(each) || rank_of(each) != rank_of(*best)) continue;
    if (!ids.empty()) ids.append(", ");
    if (ids.size() > 256) {
      ids.append("...");
      break;
    }
    patchbay::detail::append_shown(ids, each.id);
  }
  return detail::no_such_participant(conversation, selector, alike, ids);
}

}  // namespace patchbay::cloud::platform
