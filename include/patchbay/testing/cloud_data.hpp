// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <patchbay/time.hpp>

namespace patchbay::testing {

/// The interaction of the documents' examples, at `MainMenu`.
inline constexpr std::string_view document_interaction = "550e8400-e29b-41d4-a716-446655440000";
/// Others that the simulated cloud comes with: one more that is connected, and one for each reason to refuse a hold.
inline constexpr std::string_view second_interaction = "6fa459ea-ee8a-4ca4-894e-db77e160355e";
inline constexpr std::string_view closed_interaction = "16fd2706-8baf-433b-82eb-8c7fada847da";
inline constexpr std::string_view abandoned_interaction = "7d444840-9dc0-41d1-b245-5ffdce74fad2";
inline constexpr std::string_view interaction_without_skill_group = "f47ac10b-58cc-4372-a567-0e02b2c3d479";
inline constexpr std::string_view interaction_of_another_organisation = "9b2f7f1e-3c5d-4a8e-b1d0-2f6c8e4a7d13";
inline constexpr std::string_view document_organisation = "5d2b0f36-8f3a-4c7e-9a51-0c6d1e8b7f24";
inline constexpr std::string_view another_organisation = "0e9d8c7b-6a5f-4e3d-8c2b-1a0f9e8d7c6b";

/// The flow of the documents' examples: an IVR for billing and support. `MainMenu` leads to `BillingInquiry`;
/// `OperatorQueue` is reached from it on a condition alone; nothing leads to `LegacyPromotions`.
inline constexpr std::string_view document_flow = "a1b2c3d4-e5f6-7890-abcd-ef1234567890";
inline constexpr std::string_view document_flow_version = "7";
inline constexpr std::string_view document_flow_json =
    R"({"id":"a1b2c3d4-e5f6-7890-abcd-ef1234567890","name":"Billing and support","version":"7","nodes":[)"
    R"({"id":"MainMenu","type":"menu","transitions":[{"targetId":"BillingInquiry"},{"targetId":"TechnicalSupport"},)"
    R"({"targetId":"AccountServices"},{"targetId":"OperatorQueue","condition":"requires_supervisor == true"}]},)"
    R"({"id":"BillingInquiry","type":"task","transitions":[{"targetId":"BalanceInfo"},{"targetId":"PaymentProcessing"},)"
    R"({"targetId":"BillingDispute"},{"targetId":"MainMenu"}]},)"
    R"({"id":"BalanceInfo","type":"dataAction","transitions":[{"targetId":"SurveyOffer"},{"targetId":"BillingInquiry"}]},)"
    R"({"id":"PaymentProcessing","type":"dataAction","transitions":[)"
    R"({"targetId":"PaymentConfirmed","condition":"payment.approved == true"},)"
    R"({"targetId":"PaymentDeclined","condition":"payment.approved == false"}]},)"
    R"({"id":"PaymentConfirmed","type":"prompt","transitions":[{"targetId":"SurveyOffer"}]},)"
    R"({"id":"PaymentDeclined","type":"prompt","transitions":[{"targetId":"PaymentProcessing"},{"targetId":"BillingAgent"}]},)"
    R"({"id":"BillingDispute","type":"task","transitions":[{"targetId":"BillingAgent"}]},)"
    R"({"id":"BillingAgent","type":"queue","transitions":[{"targetId":"SurveyOffer"}]},)"
    R"({"id":"TechnicalSupport","type":"task","transitions":[{"targetId":"Diagnostics"},{"targetId":"TechnicalAgent"}]},)"
    R"({"id":"Diagnostics","type":"dataAction","transitions":[{"targetId":"TechnicalAgent"},{"targetId":"SurveyOffer"}]},)"
    R"({"id":"TechnicalAgent","type":"queue","transitions":[{"targetId":"SurveyOffer"}]},)"
    R"({"id":"AccountServices","type":"menu","transitions":[{"targetId":"MainMenu"},{"targetId":"BillingInquiry"}]},)"
    R"({"id":"OperatorQueue","type":"queue","transitions":[{"targetId":"SurveyOffer"}]},)"
    R"({"id":"SurveyOffer","type":"prompt","transitions":[{"targetId":"Disconnect"}]},)"
    R"({"id":"Disconnect","type":"disconnect","transitions":[]},)"
    R"({"id":"LegacyPromotions","type":"menu","transitions":[{"targetId":"MainMenu"}]}]})";

/// An interaction as the simulated cloud keeps it.
class CloudInteraction {
 public:
  CloudInteraction() = default;
  explicit CloudInteraction(std::string_view id_in) : id(id_in) {}

  std::string id;
  std::string state = "connected";
  std::string skill_group_id = "3c1e9a70-52d4-4b8f-a0c7-9e6d5f4b2a18";  ///< Empty: it has none.
  std::string skill_group_name = "Billing";
  std::string organisation_id{document_organisation};  ///< Empty: it shows none.
  std::string flow_id{document_flow};
  /// Name and JSON text of each custom attribute, in the order first written.
  std::vector<std::pair<std::string, std::string>> attributes;
  bool held = false;
  std::uint64_t version = 1;

  [[nodiscard]] bool final() const noexcept { return state == "closed" || state == "abandoned"; }
  [[nodiscard]] std::string etag() const { return '"' + std::to_string(version) + '"'; }
  /// JSON text of an attribute; nothing when it was never written.
  [[nodiscard]] const std::string* attribute(std::string_view name) const noexcept {
    for (const auto& [each, value] : attributes)
      if (each == name) return &value;
    return nullptr;
  }
  void set_attribute(std::string_view name, std::string_view json) {
    for (auto& [each, value] : attributes)
      if (each == name) return void(value = json);
    attributes.emplace_back(name, json);
  }
};

/// What the simulated cloud comes with, all at `MainMenu`.
[[nodiscard]] inline std::vector<CloudInteraction> document_interactions() {
  std::vector<CloudInteraction> all;
  for (const std::string_view id : {document_interaction, second_interaction, closed_interaction, abandoned_interaction,
                                    interaction_without_skill_group, interaction_of_another_organisation}) {
    CloudInteraction& each = all.emplace_back(id);
    each.set_attribute("ivr_state", "\"MainMenu\"");
    each.set_attribute("flow_node", "\"MainMenu\"");
    if (id == closed_interaction) each.state = "closed";
    if (id == abandoned_interaction) each.state = "abandoned";
    if (id == interaction_without_skill_group) each.skill_group_id.clear(), each.skill_group_name.clear();
    if (id == interaction_of_another_organisation) each.organisation_id = another_organisation;
  }
  return all;
}

/// One thing that was done to an interaction, for those who check afterwards what really happened.
class AppliedOperation {
 public:
  /// The last three are the platform's dialect's alone.
  enum class Kind : std::uint8_t { transition, hold, unhold, foreign, attributes, mute, disconnect };

  Kind kind = Kind::foreign;
  std::string interaction;
  std::string participant;  ///< Whose side it was, in the platform's dialect; empty in the documents'.
  std::string id;    ///< `transition_id` of a transition, correlation id of a command; empty when the writer gave none.
  std::string node;  ///< `flow_node` after a write, as its JSON text; empty for commands.
  std::uint64_t version = 0;  ///< Of the interaction, after it.
  bool changed = true;        ///< False for a hold of what was held already, and its like.
  SteadyTime at{};
};

[[nodiscard]] constexpr std::string_view to_string(AppliedOperation::Kind kind) noexcept {
  switch (kind) {
    case AppliedOperation::Kind::transition:
      return "transition";
    case AppliedOperation::Kind::hold:
      return "hold";
    case AppliedOperation::Kind::unhold:
      return "unhold";
    case AppliedOperation::Kind::foreign:
      return "foreign";
    case AppliedOperation::Kind::attributes:
      return "attributes";
    case AppliedOperation::Kind::mute:
      return "mute";
    case AppliedOperation::Kind::disconnect:
      return "disconnect";
  }
  return "foreign";
}

/// Names one open channel.
using ChannelId = std::uint64_t;

/// A text message that a channel is to be sent.
class CloudFrame {
 public:
  CloudFrame(ChannelId to_in, std::string text_in, bool acknowledgement_in)
      : to(to_in), text(std::move(text_in)), acknowledgement(acknowledgement_in) {}
  ChannelId to;
  std::string text;
  bool acknowledgement;  ///< False for state updates.
};

}  // namespace patchbay::testing
