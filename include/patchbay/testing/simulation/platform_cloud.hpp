// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <patchbay/cloud/platform.hpp>
#include <patchbay/json/write.hpp>
#include <patchbay/testing/platform_model.hpp>
#include <patchbay/testing/simulation/cloud.hpp>
#include <patchbay/testing/simulation/flow_configurations.hpp>
#include <patchbay/testing/simulation/platform_setup.hpp>

namespace patchbay::testing::simulation {

/// The cloud that speaks the real platform's dialect. Its interactions are calls that are with their flow, whose
/// participant's purpose is `ivr`, and with an agent, whose party is held; they stand in the store that the doors write to.
/// Some begin on hold, ring, or have an agent in a consultation, of whom the platform accepts a hold and never does it.
class PlatformCloud final : public Cloud {
 public:
  static constexpr std::string_view agent_user = platform_user;

  PlatformCloud(Now now, WallNow wall_now, const PlatformSetup& setup)
      : model(now, wall_now, setup.options), now_(std::move(now)), wall_now_(std::move(wall_now)), begun_(now_()), store_(setup.dialect.store), schema_(setup.dialect.schema_id) {}

  void handle(const CloudRequest& request, HttpResponse& response) override {
    accepted_.clear();
    if (request.path() != "/webhook") {
      end_consultations();
      model.handle(request, response);
      if (response.status == 202) accepted_ = response.headers.find("inin-correlation-id").value_or(std::string_view{});
      return;
    }
    // The client's CRM, which is no part of the platform.
    response.clear();
    response.status = request.method == "POST" ? 200 : 405;
  }
  void refuse(HttpResponse& response, int status) const override { model.refuse(response, status, "drawn", "as drawn"); }

  [[nodiscard]] bool locks_writes() const noexcept override { return on_records(); }
  [[nodiscard]] bool takes_holds() const noexcept override { return true; }
  [[nodiscard]] bool holds_by_request() const noexcept override { return true; }
  [[nodiscard]] std::string_view accepted() const noexcept override { return accepted_; }

  [[nodiscard]] std::optional<ChannelId> open(const CloudRequest& request, HttpResponse& answer) override { return model.open(request, answer); }
  void close(ChannelId channel) override { model.close(channel); }
  void hear(ChannelId channel, std::string_view text) override { model.command(channel, text); }
  /// What tells of conversations may be lost, come late or twice, as acknowledgements may.
  [[nodiscard]] std::vector<CloudFrame> take_frames() override {
    std::vector<CloudFrame> out;
    for (ChannelAction& each : model.take_actions()) {
      if (each.kind == ChannelAction::Kind::text) {
        const bool tells = each.text.find(R"("topicName":"v2.users.)") != std::string::npos;
        out.emplace_back(each.to, std::move(each.text), tells);
      } else {
        closings_.emplace_back(each.to, each.code);
      }
    }
    return out;
  }
  [[nodiscard]] std::vector<ClosedChannel> take_closings() override { return std::exchange(closings_, {}); }

  [[nodiscard]] SteadyTime next_due() const noexcept override { return model.next_due(); }
  void advance() override { model.advance(); }

  [[nodiscard]] const std::vector<AppliedOperation>& operations() const override { return model.operations(); }
  [[nodiscard]] std::optional<Standing> look(std::string_view interaction) const override {
    const PlatformConversation* const found = model.find(interaction);
    if (found == nullptr) return std::nullopt;
    Standing out;
    out.party_over = true;
    for (const PlatformParticipant& each : found->participants)
      if (each.user_id == agent_user && !each.gone()) out.held = each.held, out.party_over = false, out.party = each.id;
    if (on_records()) {
      if (found->records.empty()) return out;
      const PlatformRecord& record = found->records.front();
      out.version = static_cast<std::uint64_t>(record.version);
      if (const std::string* const node = record.attribute("flow_node")) out.node = *node;
      if (const std::string* const id = record.attribute("transition_id")) out.transition_id = *id;
      return out;
    }
    const PlatformParticipant* const who = with_flow(*found);
    if (who == nullptr) return out;
    if (const std::string* const node = who->attribute("flow_node")) append_json_string(out.node, *node);
    if (const std::string* const id = who->attribute("transition_id")) append_json_string(out.transition_id, *id);
    return out;
  }

  void begin(std::string_view interaction, std::string_view node, Stream& random) override {
    PlatformConversation each(interaction);
    PlatformParticipant flow(platform_ivr, "ivr"), agent(platform_agent, "agent");
    agent.user_id = agent_user;
    const bool bare = random.chance(250), nameless = random.chance(300);
    const std::string id = "f0e1d2c3-0000-4000-8000-000000000000";
    if (!bare && on_records()) {
      PlatformRecord& record = each.records.emplace_back(interaction);
      record.schema_id = schema_;
      for (const std::string_view name : {"ivr_state", "flow_node"}) record.set_attribute(name, quoted(node));
      if (!nameless) record.set_attribute("transition_id", quoted(id));
    } else if (!bare) {
      for (const std::string_view name : {"ivr_state", "flow_node"}) flow.set_attribute(name, node);
      if (!nameless) flow.set_attribute("transition_id", id);
    }
    const std::uint64_t how = random.below(1024);
    if (how < 100) {
      agent.held = true;
      agent.held_since = wall_now_() - seconds{random.below(200)};
    } else if (how < 130) {
      agent.state = "alerting";
    } else if (how < 200) {
      agent.in_consult = true;
    }
    each.participants.emplace_back(platform_customer, "customer");
    each.participants.push_back(std::move(flow));
    each.participants.push_back(std::move(agent));
    ids_.emplace_back(interaction);
    model.add(std::move(each));
  }
  PublishedFlow publish(int number, std::size_t without) override {
    PublishedFlow out;
    // The platform counts on from the flow that it comes with.
    out.version = std::to_string(number + 7) + ".0";
    FlowConfiguration configuration(out.version, without);
    model.publish(simulated_flow, std::move(configuration.json));
    out.definition = std::move(configuration.definition);
    return out;
  }
  void move(std::string_view interaction, std::string_view node, std::string_view transition_id) override {
    PlatformConversation* const found = model.find(interaction);
    if (found == nullptr) return;
    if (!on_records()) {
      testing::detail::TextMembers members{{"ivr_state", std::string(node)}, {"flow_node", std::string(node)}};
      if (!transition_id.empty()) members.emplace_back("transition_id", transition_id);
      if (const PlatformParticipant* const who = with_flow(*found); who != nullptr && !who->gone())
        model.set_attributes(interaction, who->id, members);
      return;
    }
    // Writers that make a first record choose the same id, by which one of them is refused.
    if (found->records.empty()) {
      PlatformRecord& record = found->records.emplace_back(interaction);
      record.schema_id = schema_;
      record.version = 0;
    }
    model.move(interaction, node, transition_id);
  }
  /// Now and then it is the customer who is held, which says nothing of the agent's party.
  void set_held(std::string_view interaction, bool held) override {
    const PlatformConversation* const found = model.find(interaction);
    if (found == nullptr) return;
    const bool other = ++held_by_others_ % 4 == 0;
    std::string who(platform_customer);
    for (const PlatformParticipant& each : found->participants)
      if (!other && each.user_id == agent_user && !each.gone()) who = each.id;
    model.set_held(interaction, who, held);
  }
  /// Everybody leaves; or only the flow does; or another flow comes in its place, which has nothing of what was written; or
  /// only the agent does, or comes back, as a party of another id.
  void end(std::string_view interaction, Stream& random) override {
    PlatformConversation* const found = model.find(interaction);
    const std::uint64_t how = random.below(6);
    if (found == nullptr || found->ended) return;
    if (how < 2) return void(model.end(interaction));
    const std::string newcomer = "b1000000-0000-4000-8000-00000000" + std::to_string(1000 + ++newcomers_);
    if (how > 3) {
      std::string agent;
      for (const PlatformParticipant& each : found->participants)
        if (each.user_id == agent_user && !each.gone()) agent = each.id;
      if (!agent.empty()) model.set_state(interaction, agent, "disconnected");
      if (how == 5 && !found->ended) found->participants.emplace_back(newcomer, "agent").user_id = agent_user;
      return;
    }
    if (const PlatformParticipant* const who = with_flow(*found)) model.set_state(interaction, std::string(who->id), "disconnected");
    if (how == 3 && !found->ended) found->participants.emplace_back(newcomer, "ivr");
  }
  void revoke_tokens() override { model.revoke_tokens(); }
  void announce_closing() override { model.announce_closing(); }
  void end_channels() override { model.end_channels(); }
  /// Now and then beyond the time at which a channel is renewed, or at which it ends.
  [[nodiscard]] Duration sleep(Stream& random) const override {
    constexpr std::array<Duration, 4> spans{std::chrono::hours{1}, std::chrono::hours{1}, std::chrono::hours{13}, std::chrono::hours{25}};
    return random.pick(spans);
  }

  [[nodiscard]] bool is_reading(std::string_view target) const override { return target.starts_with("/api/v2/conversations/"); }
  /// One that can lock nothing is text, where a number has to be.
  void spoil_version(HttpResponse& answer, bool weak) const override {
    constexpr std::string_view member = R"("version":)";
    std::string body(answer.body.view());
    const std::size_t at = body.find(member);
    if (at == std::string::npos) return;
    const std::size_t from = at + member.size(), end = body.find_first_of(",}", from);
    if (weak) {
      body.insert(end, "\"").insert(from, "\"");
    } else {
      body.erase(at, end + (body[end] == ',' ? 1 : 0) - at);
    }
    answer.body.assign(body);
  }

  PlatformModel model;

 private:
  [[nodiscard]] bool on_records() const noexcept { return store_ == cloud::TransitionStore::custom_attributes; }
  [[nodiscard]] static std::string quoted(std::string_view text) {
    std::string out;
    append_json_string(out, text);
    return out;
  }
  /// Whose flow it is: the one that is there, else the last that was.
  [[nodiscard]] static const PlatformParticipant* with_flow(const PlatformConversation& conversation) noexcept {
    const PlatformParticipant* out = nullptr;
    for (const PlatformParticipant& each : conversation.participants)
      if (each.purpose == "ivr" && (out == nullptr || out->gone())) out = &each;
    return out;
  }

  /// Of some time after the run has begun, everybody is back.
  void end_consultations() {
    if (consultations_over_ || now_() < after(begun_, seconds{20})) return;
    consultations_over_ = true;
    for (const std::string& id : ids_)
      for (PlatformParticipant& each : model.find(id)->participants) each.in_consult = false;
  }

  Now now_;
  WallNow wall_now_;
  SteadyTime begun_;
  bool consultations_over_ = false;
  std::vector<std::string> ids_;  // of the interactions
  std::string accepted_;
  std::vector<ClosedChannel> closings_;
  cloud::TransitionStore store_;
  std::string schema_;
  std::uint64_t newcomers_ = 0, held_by_others_ = 0;
};

}  // namespace patchbay::testing::simulation
