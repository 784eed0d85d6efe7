// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include "loopback_cloud/hub.hpp"

#include <cstdio>
#include <string>

#include <unistd.h>

#include <patchbay/json/write.hpp>

#include "loopback_cloud/admin_json.hpp"

namespace loopback_cloud {

namespace testing = patchbay::testing;

std::optional<testing::HttpFault> Hub::take_fault(const testing::CloudRequest& request) {
  if (request.target.starts_with("/_")) return std::nullopt;
  return cloud_.plan.take(request);
}

testing::ServingEnd Hub::serve(const testing::CloudRequest& request, const std::optional<testing::HttpFault>& fault,
                               patchbay::HttpResponse& response) {
  if (request.target.starts_with("/_")) {
    administer(request, response);
    save();
    perform(cloud_.take_actions());
    return testing::ServingEnd::answer;
  }
  const testing::ServingEnd end = cloud_.serve(request, fault, response);
  save();
  perform(cloud_.take_actions());
  return end;
}

void Hub::command(testing::ChannelId channel, std::string_view text) {
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
      cloud_.model.write_state(body);
    } else if (!query.starts_with(one) || !cloud_.model.write_state(body, query.substr(one.size()))) {
      return testing::CloudModel::refuse(response, 404, "not.found", "expected interaction= and the id of one");
    }
  } else if (path == "/_faults" && request.method == "GET") {
    patchbay::JsonWriter(body).begin_object().member("pending", cloud_.plan.pending()).end_object();
  } else if (path == "/_faults" && request.method == "POST") {
    if (const patchbay::Result<void> added = add_fault(request.body, cloud_.plan); !added)
      return testing::CloudModel::refuse(response, 400, "bad.fault", added.error().message());
    patchbay::JsonWriter(body).begin_object().member("pending", cloud_.plan.pending()).end_object();
  } else if (path == "/_faults" && request.method == "DELETE") {
    cloud_.plan.clear();
    body = R"({"pending":0})";
  } else if (path == "/_change" && request.method == "POST") {
    if (const patchbay::Result<void> changed = apply_change(request.body, cloud_.model); !changed)
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
