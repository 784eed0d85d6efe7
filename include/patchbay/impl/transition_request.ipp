// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <utility>

#include <patchbay/transition_request.hpp>

namespace patchbay {

PATCHBAY_DECL TransitionRequest::TransitionRequest(std::string interaction, std::string flow, std::string from, std::string to)
    : interaction_(std::move(interaction)), flow_(std::move(flow)), from_(std::move(from)), to_(std::move(to)) {}
PATCHBAY_DECL TransitionRequest::TransitionRequest(const TransitionRequest&) = default;
PATCHBAY_DECL TransitionRequest::TransitionRequest(TransitionRequest&&) noexcept = default;
PATCHBAY_DECL TransitionRequest& TransitionRequest::operator=(const TransitionRequest&) = default;
PATCHBAY_DECL TransitionRequest& TransitionRequest::operator=(TransitionRequest&&) noexcept = default;
PATCHBAY_DECL TransitionRequest::~TransitionRequest() = default;

PATCHBAY_DECL TransitionResult::TransitionResult() = default;
PATCHBAY_DECL TransitionResult::TransitionResult(const TransitionResult&) = default;
PATCHBAY_DECL TransitionResult::TransitionResult(TransitionResult&&) noexcept = default;
PATCHBAY_DECL TransitionResult& TransitionResult::operator=(const TransitionResult&) = default;
PATCHBAY_DECL TransitionResult& TransitionResult::operator=(TransitionResult&&) noexcept = default;
PATCHBAY_DECL TransitionResult::~TransitionResult() = default;

}  // namespace patchbay
