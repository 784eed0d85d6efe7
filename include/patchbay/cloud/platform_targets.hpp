// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <patchbay/cloud/platform_media.hpp>
#include <patchbay/config.hpp>
#include <patchbay/endpoint.hpp>
#include <patchbay/secret.hpp>

// Where the platform's operations are. Each function replaces `out` by a request's target: the path of the API's
// address, then the operation's, with ids percent-encoded.
namespace patchbay::cloud::platform {

/// `GET`. With a kind that has a view of its own (calls, callbacks, emails, messages) that one, which is flat, else the one
/// that lists the communications of every kind.
PATCHBAY_DECL void conversation_target(std::string& out, const Endpoint& api, std::string_view conversation,
                                       std::optional<Media> media = std::nullopt);
/// `PATCH`, with what `encode_hold` writes. With a kind that has an operation of its own (calls, callbacks, emails,
/// messages) that one, else the one for every kind.
PATCHBAY_DECL void participant_target(std::string& out, const Endpoint& api, std::string_view conversation,
                                      std::string_view participant, std::optional<Media> media = std::nullopt);
/// `PATCH`, with what `encode_participant_attributes` writes.
PATCHBAY_DECL void participant_attributes_target(std::string& out, const Endpoint& api, std::string_view conversation,
                                                 std::string_view participant);
/// `GET`, `PUT`, `PATCH` of the records of custom attributes.
PATCHBAY_DECL void custom_attributes_target(std::string& out, const Endpoint& api, std::string_view conversation);

/// `GET`: what a flow is, without its graph.
PATCHBAY_DECL void flow_metadata_target(std::string& out, const Endpoint& api, std::string_view flow);
/// `GET`: the graph of the version, or of the latest one when `version` is empty.
PATCHBAY_DECL void flow_configuration_target(std::string& out, const Endpoint& api, std::string_view flow,
                                             std::string_view version = {});

/// `POST` makes a notification channel, `GET` lists them.
PATCHBAY_DECL void channels_target(std::string& out, const Endpoint& api);
/// `POST` adds topics, `PUT` replaces them, `GET` lists them. The channel's id is a secret, so this target must not be
/// printed.
PATCHBAY_DECL void subscriptions_target(std::string& out, const Endpoint& api, const Secret& channel);

}  // namespace patchbay::cloud::platform

#if !defined(PATCHBAY_SEPARATE_COMPILATION)
#include <patchbay/cloud/impl/platform_targets.ipp>
#endif
