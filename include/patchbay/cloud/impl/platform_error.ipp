// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string_view>

#include <patchbay/cloud/platform_error.hpp>

namespace patchbay::cloud::platform {

PATCHBAY_DECL bool is_version_conflict(int status, const ErrorBody& body) noexcept {
  return status == 409 && body.names("conversation.custom.attributes.version.conflict");
}

PATCHBAY_DECL std::string_view to_string(HoldRefusal refusal) noexcept {
  switch (refusal) {
    case HoldRefusal::other:
      return "other";
    case HoldRefusal::over:
      return "over";
    case HoldRefusal::not_the_party:
      return "not_the_party";
    case HoldRefusal::alerting:
      return "alerting";
    case HoldRefusal::not_confinable:
      return "not_confinable";
    case HoldRefusal::no_user:
      return "no_user";
  }
  return "other";
}

PATCHBAY_DECL HoldRefusal hold_refusal(int status, const ErrorBody& body) noexcept {
  if (status < 400 || status >= 500 || status == 401 || status == 429) return HoldRefusal::other;
  struct Meaning {
    std::string_view code;
    HoldRefusal refusal;
  };
  // The first that the body names counts, its own code before those within. A conversation that is not found is none of
  // them: nobody knows whether there ever was one.
  static constexpr Meaning meanings[] = {
      {"conversation.error.call.disconnected", HoldRefusal::over},
      {"conversation.error.participant.no.active.conversations", HoldRefusal::over},
      {"conversation.error.hold.alerting", HoldRefusal::alerting},
      {"conversation.error.user.not.party", HoldRefusal::not_the_party},
      {"conversation.error.not.conversation.participant", HoldRefusal::not_the_party},
      {"conversation.error.forbidden.not.active.participant", HoldRefusal::not_the_party},
      {"conversation.error.cannot.confine.party", HoldRefusal::not_confinable},
      {"not.a.user", HoldRefusal::no_user},
  };
  for (const Meaning& each : meanings)
    if (body.code == each.code) return each.refusal;
  for (const Meaning& each : meanings)
    if (body.names(each.code)) return each.refusal;
  return HoldRefusal::other;
}

}  // namespace patchbay::cloud::platform
