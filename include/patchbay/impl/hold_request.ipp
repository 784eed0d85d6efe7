// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <string_view>

#include <patchbay/hold_request.hpp>

namespace patchbay {

PATCHBAY_DECL HoldRequest::HoldRequest(std::string_view interaction, std::string_view reason, int priority)
    : HoldRequest(interaction) {
  with("holdReason", reason).with("priority", std::to_string(priority));
}
PATCHBAY_DECL HoldRequest::HoldRequest(std::string_view interaction) { with("interactionId", interaction); }
PATCHBAY_DECL HoldRequest::HoldRequest(const HoldRequest&) = default;
PATCHBAY_DECL HoldRequest::HoldRequest(HoldRequest&&) noexcept = default;
PATCHBAY_DECL HoldRequest& HoldRequest::operator=(const HoldRequest&) = default;
PATCHBAY_DECL HoldRequest& HoldRequest::operator=(HoldRequest&&) noexcept = default;
PATCHBAY_DECL HoldRequest::~HoldRequest() = default;

PATCHBAY_DECL UnholdRequest::UnholdRequest(std::string_view interaction, int priority) : UnholdRequest(interaction) {
  with("priority", std::to_string(priority));
}
PATCHBAY_DECL UnholdRequest::UnholdRequest(std::string_view interaction) { with("interactionId", interaction); }
PATCHBAY_DECL UnholdRequest::UnholdRequest(const UnholdRequest&) = default;
PATCHBAY_DECL UnholdRequest::UnholdRequest(UnholdRequest&&) noexcept = default;
PATCHBAY_DECL UnholdRequest& UnholdRequest::operator=(const UnholdRequest&) = default;
PATCHBAY_DECL UnholdRequest& UnholdRequest::operator=(UnholdRequest&&) noexcept = default;
PATCHBAY_DECL UnholdRequest::~UnholdRequest() = default;

PATCHBAY_DECL HoldResult::HoldResult() = default;
PATCHBAY_DECL HoldResult::HoldResult(const HoldResult&) = default;
PATCHBAY_DECL HoldResult::HoldResult(HoldResult&&) noexcept = default;
PATCHBAY_DECL HoldResult& HoldResult::operator=(const HoldResult&) = default;
PATCHBAY_DECL HoldResult& HoldResult::operator=(HoldResult&&) noexcept = default;
PATCHBAY_DECL HoldResult::~HoldResult() = default;

}  // namespace patchbay
