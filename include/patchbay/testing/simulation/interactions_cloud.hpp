// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <patchbay/testing/cloud_model.hpp>
#include <patchbay/testing/simulation/cloud.hpp>
#include <patchbay/testing/simulation/flow_versions.hpp>

namespace patchbay::testing::simulation {

/// The cloud that speaks the documents' dialect.
class InteractionsCloud final : public Cloud {
 public:
  InteractionsCloud(Now now, CloudOptions options) : model(std::move(now), std::move(options)) {}

  void handle(const CloudRequest& request, HttpResponse& response) override { model.handle(request, response); }
  void refuse(HttpResponse& response, int status) const override { CloudModel::refuse(response, status, "drawn", "as drawn"); }
  [[nodiscard]] bool takes_holds() const noexcept override { return true; }
  [[nodiscard]] std::optional<ChannelId> open(const CloudRequest& request, HttpResponse& answer) override { return model.open(request, answer); }
  void close(ChannelId channel) override { model.close(channel); }
  void carry_out(ChannelId channel, const testing::detail::ChannelCommand& command, std::string_view why) override {
    model.carry_out(channel, command, why);
  }
  [[nodiscard]] std::vector<CloudFrame> take_frames() override { return model.take_frames(); }

  [[nodiscard]] const std::vector<AppliedOperation>& operations() const override { return model.operations(); }
  [[nodiscard]] std::optional<Standing> look(std::string_view interaction) const override {
    const CloudInteraction* const found = model.find(interaction);
    if (found == nullptr) return std::nullopt;
    Standing out;
    out.version = found->version;
    out.final = found->final();
    out.held = found->held;
    if (const std::string* const node = found->attribute("flow_node")) out.node = *node;
    if (const std::string* const id = found->attribute("transition_id")) out.transition_id = *id;
    return out;
  }

  void begin(std::string_view interaction, std::string_view node, Stream& random) override {
    CloudInteraction each{interaction};
    each.flow_id = simulated_flow;
    const std::string quoted = std::string("\"").append(node).append("\"");
    if (!random.chance(60)) {
      each.set_attribute("ivr_state", quoted);
      each.set_attribute("flow_node", quoted);
    }
    if (random.chance(60)) each.skill_group_id.clear();
    each.held = random.chance(100);
    model.add(std::move(each));
  }
  PublishedFlow publish(int number, std::size_t without) override {
    PublishedFlow out;
    out.version = std::to_string(number);
    out.definition = flow_definition(out.version, without);
    model.set_flow(std::string(simulated_flow), out.definition, out.version);
    return out;
  }
  void move(std::string_view interaction, std::string_view node, std::string_view transition_id) override {
    model.move(interaction, node, transition_id);
  }
  void set_held(std::string_view interaction, bool held) override { model.set_held(interaction, held); }
  void end(std::string_view interaction, Stream& random) override {
    model.set_state(interaction, random.chance(512) ? "closed" : "abandoned");
  }
  void revoke_tokens() override { model.revoke_tokens(); }

  [[nodiscard]] bool is_reading(std::string_view target) const override { return target.starts_with("/api/v2/interactions/"); }
  void spoil_version(HttpResponse& answer, bool weak) const override {
    Headers changed;
    for (std::size_t i = 0; i < answer.headers.size(); ++i) {
      const bool etag = equal_ignoring_case(answer.headers.name(i), "ETag");
      if (!etag) changed.add(answer.headers.name(i), answer.headers.value(i));
      if (etag && weak) changed.add("ETag", std::string("W/").append(answer.headers.value(i)));
    }
    answer.headers = std::move(changed);
  }

  CloudModel model;
};

}  // namespace patchbay::testing::simulation
