// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <optional>
#include <string>
#include <utility>

#include <patchbay/schema/bounded.hpp>
#include <patchbay/schema/json_object.hpp>
#include <patchbay/schema/number.hpp>
#include <patchbay/schema/one_of.hpp>
#include <patchbay/schema/struct_schema.hpp>
#include <patchbay/schema/text.hpp>
#include <patchbay/schema/uuid.hpp>

// The schemas of the two documents that patchbay implements: the defaults of its doors, and examples of how to declare
// one. Each has a constructor, so that g++ 12 can keep it as a temporary in an awaited call.
namespace patchbay {

/// The variables of document A's interactions; all optional, as there.
struct IvrVariables {
  IvrVariables() = default;

  BOOST_HANA_DEFINE_STRUCT(IvrVariables, (std::optional<std::string>, customer_tier),
                           (std::optional<Number>, call_duration_seconds), (std::optional<bool>, requires_supervisor),
                           (std::optional<JsonObject>, routing_metadata));
};

using HoldReason = OneOf<"queueing", "consultation", "system_issue", "agent_break">;

/// How soon a call is resumed, from 0 to 9.
using HoldPriority = Bounded<int, 0, 9>;

/// Document B's `hold`.
struct HoldCommand {
  HoldCommand(Uuid interaction, HoldReason reason, HoldPriority resume, std::optional<MediaFile> music = std::nullopt,
              std::optional<MediaFile> prompt = std::nullopt)
      : interactionId(interaction),
        holdReason(reason),
        priority(resume),
        holdMusic(std::move(music)),
        holdPrompt(std::move(prompt)) {}

  BOOST_HANA_DEFINE_STRUCT(HoldCommand, (Uuid, interactionId), (HoldReason, holdReason), (HoldPriority, priority),
                           (std::optional<MediaFile>, holdMusic), (std::optional<MediaFile>, holdPrompt));
};

/// Document B's `unhold`.
struct UnholdCommand {
  UnholdCommand(Uuid interaction, HoldPriority resume) : interactionId(interaction), priority(resume) {}

  BOOST_HANA_DEFINE_STRUCT(UnholdCommand, (Uuid, interactionId), (HoldPriority, priority));
};

}  // namespace patchbay
