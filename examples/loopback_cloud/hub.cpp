// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include "loopback_cloud/hub.hpp"

#include <algorithm>  // min
#include <chrono>
#include <cstdio>
#include <string>

#include <unistd.h>

#include <patchbay/json/write.hpp>

#include "loopback_cloud/admin_json.hpp"

namespace loopback_cloud {

namespace testing = patchbay::testing;

std::optional<testing::HttpFault> Hub::take_fault(const testing::CloudRequest& request) {
  if (request.target.starts_with("/_")) return std::nullopt;
  return plan().take(request);
}

testing::ServingEnd Hub::serve(const testing::CloudRequest& request, const std::optional<testing::HttpFault>& fault,
                               patchbay::HttpResponse& response) {
  if (request.target.starts_with("/_")) {
    administer(request, response);
    save();
    perform(platform_ ? platform_->take_actions() : cloud_.take_actions());
    rearm();
    return testing::ServingEnd::answer;
  }
  if (platform_) {
    const testing::ServingEnd end = platform_->serve(request, fault, response);
    perform(platform_->take_actions());
    rearm();
    return end;
  }
  const testing::ServingEnd end = cloud_.serve(request, fault, response);
  save();
  perform(cloud_.take_actions());
  return end;
}

void Hub::speak_platform(testing::PlatformOptions options) {
  platform_ = std::make_unique<testing::FaultyPlatform>([] { return std::chrono::steady_clock::now(); },
                                                        [] { return std::chrono::system_clock::now(); },
                                                        std::move(options));
}

std::optional<testing::ChannelId> Hub::open(const testing::CloudRequest& request, patchbay::HttpResponse& answer) {
  if (!platform_) return cloud_.model.open(request, answer);
  const std::optional<testing::ChannelId> id = platform_->model.open(request, answer);
  perform(platform_->take_actions());
  rearm();
  return id;
}

void Hub::wake() {
  alarm_at_ = patchbay::never;
  if (!platform_) return;
  platform_->model.advance();
  perform(platform_->take_actions());
  rearm();
}

void Hub::rearm() {
  if (!platform_ || !alarm_) return;
  const patchbay::SteadyTime due = platform_->model.next_due();
  if (due != alarm_at_) alarm_(alarm_at_ = due);
}

void Hub::command(testing::ChannelId channel, std::string_view text) {
  if (platform_) {
    perform(platform_->command(channel, text));
    return rearm();
  }
  const std::vector<testing::ChannelAction> actions = cloud_.command(channel, text);
  save();
  perform(actions);
}

void Hub::save() {
  if (!file_) return;
  if (const patchbay::Result<void> saved = file_->save(cloud_.model); !saved) {
    std::fprintf(stderr, "loopback_cloud: %s\n", saved.error().message().c_str());
    ::_exit(1);  // as if killed: nothing that waits to be sent may leave
  }
}

void Hub::close_all() {
  // A channel that cannot be told leaves at once.
  std::vector<testing::ChannelId> all;
  for (const auto& [id, channel] : channels_) all.push_back(id);
  for (const testing::ChannelId id : all)
    perform({testing::ChannelAction(id, testing::ChannelAction::Kind::close, "the server is going away", {}, 1001)});
}

void Hub::perform(const std::vector<testing::ChannelAction>& actions) {
  for (const testing::ChannelAction& action : actions)
    if (const auto found = channels_.find(action.to); found != channels_.end()) found->second->perform(action);
}

// The addresses that no real cloud has: what tests and demonstrations steer and check this one by.
void Hub::administer(const testing::CloudRequest& request, patchbay::HttpResponse& response) {
  response.clear();
  std::string body;
  const std::string_view path = request.path();
  if (path == "/_state" && request.method == "GET") {
    constexpr std::string_view one = "interaction=";
    const std::string_view query = request.query();
    if (query.empty()) {
      platform_ ? platform_->model.write_state(body) : cloud_.model.write_state(body);
    } else if (const std::string_view id = query.substr((std::min)(one.size(), query.size()));
               !query.starts_with(one) ||
               !(platform_ ? platform_->model.write_state(body, id) : cloud_.model.write_state(body, id))) {
      return testing::CloudModel::refuse(response, 404, "not.found", "expected interaction= and the id of one");
    }
  } else if (path == "/_faults" && request.method == "GET") {
    patchbay::JsonWriter(body).begin_object().member("pending", plan().pending()).end_object();
  } else if (path == "/_faults" && request.method == "POST") {
    if (const patchbay::Result<void> added = add_fault(request.body, plan()); !added)
      return testing::CloudModel::refuse(response, 400, "bad.fault", added.error().message());
    patchbay::JsonWriter(body).begin_object().member("pending", plan().pending()).end_object();
  } else if (path == "/_faults" && request.method == "DELETE") {
    plan().clear();
    body = R"({"pending":0})";
  } else if (path == "/_change" && request.method == "POST") {
    if (const patchbay::Result<void> changed = platform_ ? apply_change(request.body, platform_->model)
                                                         : apply_change(request.body, cloud_.model);
        !changed)
      return testing::CloudModel::refuse(response, 400, "bad.change", changed.error().message());
    body = R"({"changed":true})";
  } else {
    return testing::CloudModel::refuse(
        response, 404, "not.found",
        "expected GET /_state, GET /_state?interaction=ID, GET, POST or DELETE /_faults, POST /_change");
  }
  response.status = 200;
  response.headers.add("Content-Type", "application/json");
  response.body.assign(body);
}

}  // namespace loopback_cloud
