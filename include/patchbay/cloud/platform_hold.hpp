// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <optional>
#include <string>

#include <patchbay/json/write.hpp>

namespace patchbay::cloud::platform {

/// `{"held":true}`, the body that holds or releases a participant (see `participant_target`), with `confined` where it
/// is given: whether who is held hears music. The platform refuses what is confined and not held. It answers 202
/// without a body, which means accepted: what came of it is seen in an event or a reading.
inline void encode_hold(std::string& out, bool held, std::optional<bool> confined = std::nullopt) {
  out.clear();
  JsonWriter json(out);
  json.begin_object().member("held", held);
  if (confined) json.member("confined", *confined);
  json.end_object();
}

}  // namespace patchbay::cloud::platform
