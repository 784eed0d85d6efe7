// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string_view>

#include <patchbay/result.hpp>
#include <patchbay/testing/cloud_model.hpp>
#include <patchbay/testing/fault_plan.hpp>
#include <patchbay/testing/platform_model.hpp>

namespace loopback_cloud {

/// Adds the fault that `json` describes:
///
///     {"on":"http", "match":{"method":"PATCH","targetPrefix":"/api/v2/interactions/"}, "times":1, "skip":0,
///      "kind":"answer", "applied":false, "status":503, "headers":{"Retry-After":"1"}, "body":"…", "delayMs":0}
///     {"on":"command", "match":{"verb":"hold"}, "kind":"drop", "applied":true, "code":1011, "text":"…", "delayMs":0}
///     {"on":"open", "kind":"refuse", "status":401, "code":1008, "delayMs":0}
///
/// `on` is `http` by default, `times` 1 and 0 for ever. Kinds of http: answer reset timeout truncate garbage too_large
/// (with `size`) delay foreign_write (with `node`); of command: drop delay duplicate wrong_interaction wrong_verb
/// wrong_correlation refuse junk close cut; of open: refuse reset timeout silence close. `bodyBase64` may stand for
/// `body`. `invalid_argument` for anything else, naming the member.
[[nodiscard]] patchbay::Result<void> add_fault(std::string_view json, patchbay::testing::FaultPlan& plan);

/// Changes an interaction as another writer would: `{"interaction":ID, "node":"…", "transitionId":"…", "held":true,
/// "state":"closed"}`, or ends all tokens: `{"revokeTokens":true}`.
[[nodiscard]] patchbay::Result<void> apply_change(std::string_view json, patchbay::testing::CloudModel& model);

/// Changes the platform's cloud as others would: `{"conversation":ID, "participant":ID, "held":true,
/// "state":"disconnected", "attribute":"name", "value":"…"}`, `{"conversation":ID, "node":"…", "transitionId":"…"}`,
/// `{"conversation":ID, "end":true}`, `{"flow":ID, "configuration":{…}}`, `{"revokeTokens":true}`,
/// `{"announceClosing":true}`, `{"endChannels":true}`.
[[nodiscard]] patchbay::Result<void> apply_change(std::string_view json, patchbay::testing::PlatformModel& model);

}  // namespace loopback_cloud
