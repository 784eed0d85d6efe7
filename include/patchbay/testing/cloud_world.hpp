// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <patchbay/json/write.hpp>
#include <patchbay/testing/cloud_data.hpp>
#include <patchbay/testing/cloud_options.hpp>
#include <patchbay/testing/detail/cloud_bodies.hpp>
#include <patchbay/testing/operation_log.hpp>

namespace patchbay::testing {

/// What happens in a cloud of the documents' dialect whoever asks for it: its interactions and flows, others who change
/// them, what was done, and what the channels hear of it. `CloudModel` puts the documents' addresses and commands
/// before it. No input or output, no clock; not safe to share between threads.
///
/// Ids that are not there are answered with false or null.
class CloudWorld {
 public:
  using Now = std::function<SteadyTime()>;

  [[nodiscard]] CloudOptions& options() noexcept { return options_; }
  [[nodiscard]] const CloudOptions& options() const noexcept { return options_; }

  void add(CloudInteraction interaction) {
    std::string id = interaction.id;
    interactions_.insert_or_assign(std::move(id), std::move(interaction));
  }
  [[nodiscard]] CloudInteraction* find(std::string_view id) noexcept {
    const auto found = interactions_.find(id);
    return found == interactions_.end() ? nullptr : &found->second;
  }
  [[nodiscard]] const CloudInteraction* find(std::string_view id) const noexcept {
    const auto found = interactions_.find(id);
    return found == interactions_.end() ? nullptr : &found->second;
  }
  /// Serves `json` as the flow's definition, whatever it is, with `version` as its ETag (none when empty).
  void set_flow(std::string id, std::string json, std::string version = {}) {
    flows_.insert_or_assign(std::move(id), Flow{std::move(json), std::move(version)});
  }
  bool remove_flow(std::string_view id) {
    const auto found = flows_.find(id);
    return found != flows_.end() && (flows_.erase(found), true);
  }

  /// Another writer moves the interaction. Without a transition id it leaves the last one standing, as writers do that
  /// know nothing of it.
  bool move(std::string_view id, std::string_view node, std::string_view transition_id = {}) {
    std::string json;
    append_json_string(json, node);
    CloudInteraction* const interaction = find(id);
    if (interaction == nullptr) return false;
    interaction->set_attribute("ivr_state", json);
    interaction->set_attribute("flow_node", json);
    if (!transition_id.empty()) {
      std::string quoted;
      append_json_string(quoted, transition_id);
      interaction->set_attribute("transition_id", quoted);
    }
    return changed(*interaction, transition_id, json);
  }
  /// Another holder, or the platform itself, changes the hold.
  bool set_held(std::string_view id, bool held) {
    CloudInteraction* const interaction = find(id);
    if (interaction == nullptr) return false;
    interaction->held = held;
    return changed(*interaction, {}, {});
  }
  /// For example `closed`.
  bool set_state(std::string_view id, std::string_view state) {
    CloudInteraction* const interaction = find(id);
    if (interaction == nullptr) return false;
    interaction->state = state;
    return changed(*interaction, {}, {});
  }

  /// Brings back what was done before, in its order, with the interaction as it then was; for a cloud whose state
  /// outlives its process. Nobody is told.
  void restore(AppliedOperation operation, CloudInteraction interaction) {
    add(std::move(interaction));
    log_.add(std::move(operation));
  }
  void restore_webhook(std::string delivery) { webhooks_.push_back(std::move(delivery)); }

  /// Everything that was done, in order; the latest part of it when `forget_operations` is set.
  [[nodiscard]] const std::vector<AppliedOperation>& operations() const noexcept { return log_.entries(); }
  /// How often the operation of that id changed something: 1 for what was applied exactly once. Asking for each of many
  /// operations takes time in proportion to their number.
  [[nodiscard]] std::size_t times_applied(std::string_view operation_id) const {
    return log_.times_applied(operation_id);
  }
  /// The bodies that `POST /webhook` was given, in order.
  [[nodiscard]] const std::vector<std::string>& webhooks() const noexcept { return webhooks_; }

  /// What the channels are to be sent since the last call, in order.
  [[nodiscard]] std::vector<CloudFrame> take_frames() { return std::exchange(frames_, {}); }
  [[nodiscard]] const std::vector<ChannelId>& channels() const noexcept { return channels_; }

 protected:
  /// With the documents' interaction and flow and a few more interactions.
  CloudWorld(Now now, CloudOptions options) : options_(std::move(options)), now_(std::move(now)) {
    set_flow(std::string(document_flow), std::string(document_flow_json), std::string(document_flow_version));
    for (CloudInteraction& each : document_interactions()) add(std::move(each));
  }

  struct Flow {
    std::string json, version;
  };

  // Whether one operation more can be logged; makes room by forgetting where the options say so.
  bool has_room() {
    return log_.has_room(options_.max_operations, options_.forget_operations);
  }
  void announce(const CloudInteraction& interaction) {
    if (!options_.send_state_updates || channels_.empty()) return;
    const std::string text = detail::state_update(interaction);
    for (const ChannelId each : channels_) frames_.emplace_back(each, text, false);
  }
  void log(AppliedOperation::Kind kind, const CloudInteraction& interaction, std::string_view id, std::string node,
           bool changed) {
    AppliedOperation entry;
    entry.kind = kind;
    entry.interaction = interaction.id;
    entry.id = id;
    entry.node = std::move(node);
    entry.version = interaction.version;
    entry.changed = changed;
    entry.at = now_();
    log_.add(std::move(entry));
  }
  bool changed(CloudInteraction& interaction, std::string_view id, std::string node) {
    ++interaction.version;
    log(AppliedOperation::Kind::foreign, interaction, id, std::move(node), true);
    announce(interaction);
    return true;
  }

  CloudOptions options_;
  Now now_;
  std::map<std::string, CloudInteraction, std::less<>> interactions_;
  std::map<std::string, Flow, std::less<>> flows_;
  OperationLog log_;
  std::vector<std::string> webhooks_;
  std::vector<ChannelId> channels_;
  std::vector<CloudFrame> frames_;
};

}  // namespace patchbay::testing
