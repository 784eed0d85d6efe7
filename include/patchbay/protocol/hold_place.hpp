// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include <patchbay/protocol/get.hpp>
#include <patchbay/protocol/hold_context.hpp>

// Whose hold it is, and where that is read: an interaction may have several parties, and the settings of another process may
// have meant another one.
namespace patchbay {

/// Where the hold of a party is read, as the journal has it; empty where an interaction has but one.
[[nodiscard]] inline std::string place_of_party(const HoldContext& context, std::string_view party) {
  std::string place;
  if (party.empty() || context.dialect->path() != HoldPath::request) return place;
  InteractionSnapshot seen;
  seen.participant_id.assign(party);
  context.api->dialect->place(place, seen);
  return place;
}

/// Where the hold is read that an earlier process made and that is watched still; empty for any other.
[[nodiscard]] inline std::string restored_place(HoldContext& context, std::string_view interaction) {
  if (context.dialect->path() != HoldPath::request) return {};
  return context.hub->with([&](HoldSession& session) {
    if (!session.registry().since(interaction)) context.parties.settle(interaction);
    return context.parties.place_of(interaction);
  });
}

namespace detail {

inline Protocol<Result<void>> read_in_place(Operation& operation, HoldContext& context, std::string_view id, std::string interaction,
                                            std::string place) {
  auto read = co_await read_place(operation, *context.api, id, place);
  if (read && context.parties.place_of(interaction) == place) context.parties.learn(interaction, operation.snapshot.participant_id);
  co_return read;
}

}  // namespace detail

/// Reads how an interaction stands into `operation.snapshot`: of the party whose hold was restored at `place`, or of the one
/// that the settings mean where that is empty. `id` is the interaction as it was given, and lives until the protocol has ended;
/// `interaction` is what the books call it.
inline Protocol<Result<void>> read_standing(Operation& operation, HoldContext& context, std::string_view id,
                                            std::string_view interaction, std::string place) {
  if (place.empty()) return read_interaction(operation, *context.api, id, Reading::standing);
  return detail::read_in_place(operation, context, id, std::string(interaction), std::move(place));
}
/// The same of whoever is on hold.
inline Protocol<Result<void>> read_standing(Operation& operation, HoldContext& context, const HoldJob& job) {
  return read_standing(operation, context, job.interaction, job.call.interaction, restored_place(context, job.call.interaction));
}

}  // namespace patchbay
