// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include "loopback_cloud/state_file.hpp"

#include <array>
#include <cerrno>
#include <string_view>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <patchbay/json/read.hpp>
#include <patchbay/json/write.hpp>
#include <patchbay/observe/redact.hpp>

namespace loopback_cloud {

namespace {

namespace testing = patchbay::testing;
using patchbay::JsonReader;
using patchbay::JsonValue;
using simdjson::error_code;
using Kind = testing::AppliedOperation::Kind;

patchbay::Failure failed(const std::string& path, std::string_view why) {
  return patchbay::fail(patchbay::ErrorCode::invalid_settings,
                        "--state " + patchbay::excerpt(path, 256) + ": " + std::string(why));
}
std::string last_error() { return std::generic_category().message(errno); }

void append_line(std::string& out, const testing::AppliedOperation& operation,
                 const testing::CloudInteraction* interaction) {
  patchbay::JsonWriter json(out);
  json.begin_object().member("kind", to_string(operation.kind));
  json.member("interaction", std::string_view(operation.interaction)).member("id", std::string_view(operation.id));
  if (!operation.node.empty()) json.key("node").raw(operation.node);
  json.member("version", operation.version).member("changed", operation.changed);
  if (interaction != nullptr) {
    json.key("after").begin_object().member("state", std::string_view(interaction->state));
    json.member("held", interaction->held).member("version", interaction->version).key("attributes").begin_object();
    for (const auto& [name, value] : interaction->attributes) json.key(name).raw(value);
    json.end_object().end_object();
  }
  json.end_object();
  out.push_back('\n');
}

/// One line of the file.
class Line {
 public:
  testing::AppliedOperation operation;
  testing::CloudInteraction interaction;
  std::string webhook;

  /// Why the line is none; empty: it was read. What the line does not say of the interaction stays as it is in `model`.
  std::string_view read(std::string_view text, JsonReader& reader, const testing::CloudModel& model) {
    bool has_kind = false;
    const auto top = reader.object(text, [&](std::string_view key, JsonValue value) -> error_code {
      std::string_view plain;
      if (key == "webhook") return JsonReader::walk(value, webhook);
      if (key == "node") return JsonReader::walk(value, operation.node);
      if (key == "version") return value.get_uint64().get(operation.version);
      if (key == "changed") return value.get_bool().get(operation.changed);
      if (key == "after") return after(value);
      if (key != "kind" && key != "interaction" && key != "id") return simdjson::NO_SUCH_FIELD;
      if (const error_code error = value.get_string().get(plain)) return error;
      if (key == "id") operation.id = plain;
      if (key == "interaction") {
        operation.interaction = plain;
        const testing::CloudInteraction* const known = model.find(plain);
        interaction = known != nullptr ? *known : testing::CloudInteraction(plain);
      }
      if (key != "kind") return simdjson::SUCCESS;
      for (const Kind each : {Kind::transition, Kind::hold, Kind::unhold, Kind::foreign})
        if (plain == to_string(each)) operation.kind = each, has_kind = true;
      return has_kind ? simdjson::SUCCESS : simdjson::INCORRECT_TYPE;
    });
    if (!top) return top.error().why;
    if (webhook.empty() && (!has_kind || operation.interaction.empty())) return "neither operation nor delivery";
    return {};
  }

 private:
  error_code after(JsonValue& value) {
    patchbay::JsonObjectView object;
    if (const error_code error = value.get_object().get(object)) return error;
    return JsonReader::each(object, [&](std::string_view key, JsonValue member) -> error_code {
      std::string_view plain;
      if (key == "held") return member.get_bool().get(interaction.held);
      if (key == "version") return member.get_uint64().get(interaction.version);
      if (key == "state") {
        const error_code error = member.get_string().get(plain);
        if (!error) interaction.state = plain;
        return error;
      }
      if (key != "attributes") return simdjson::NO_SUCH_FIELD;
      patchbay::JsonObjectView attributes;
      if (const error_code error = member.get_object().get(attributes)) return error;
      return JsonReader::each(attributes, [&](std::string_view name, JsonValue content) -> error_code {
        const std::string owned(name);
        std::string json;
        if (const error_code error = JsonReader::walk(content, json)) return error;
        interaction.set_attribute(owned, json);
        return simdjson::SUCCESS;
      });
    });
  }
};

}  // namespace

patchbay::Result<std::unique_ptr<StateFile>> StateFile::open(const std::string& path, testing::CloudModel& model) {
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (descriptor < 0) return failed(path, last_error());
  std::unique_ptr<StateFile> out(new StateFile(descriptor));
  struct stat status {};
  if (::fstat(descriptor, &status) != 0) return failed(path, last_error());
  if (!S_ISREG(status.st_mode)) return failed(path, "is no regular file");
  if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0)
    return failed(path, errno == EWOULDBLOCK ? std::string("serves another process") : last_error());
  if (auto restored = out->restore(path, model); !restored) return patchbay::fail(std::move(restored.error()));
  out->operations_ = model.operations().size();
  out->webhooks_ = model.webhooks().size();
  return out;
}

StateFile::~StateFile() { ::close(descriptor_); }

patchbay::Result<void> StateFile::restore(const std::string& path, testing::CloudModel& model) {
  std::string text;
  for (std::array<char, 65536> room{};;) {
    const ::ssize_t n = ::read(descriptor_, room.data(), room.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return failed(path, last_error());
    if (n == 0) break;
    text.append(room.data(), static_cast<std::size_t>(n));
  }
  JsonReader reader;
  std::size_t at = 0;
  for (std::size_t end; (end = text.find('\n', at)) != std::string::npos; at = end + 1) {
    Line line;
    if (const auto why = line.read(std::string_view(text).substr(at, end - at), reader, model); !why.empty())
      return failed(path, "line " + std::to_string(restored_ + 1) + ": " + std::string(why));
    ++restored_;
    if (!line.webhook.empty()) {
      model.restore_webhook(std::move(line.webhook));
    } else {
      model.restore(std::move(line.operation), std::move(line.interaction));
    }
  }
  cut_ = text.size() - at;
  if (cut_ != 0 && ::ftruncate(descriptor_, static_cast<::off_t>(at)) != 0) return failed(path, last_error());
  return {};
}

patchbay::Result<void> StateFile::save(const testing::CloudModel& model) {
  const auto& operations = model.operations();
  const auto& webhooks = model.webhooks();
  if (operations_ == operations.size() && webhooks_ == webhooks.size()) return {};
  text_.clear();
  for (; operations_ < operations.size(); ++operations_)
    append_line(text_, operations[operations_], model.find(operations[operations_].interaction));
  for (; webhooks_ < webhooks.size(); ++webhooks_) {
    patchbay::JsonWriter(text_).begin_object().key("webhook").raw(webhooks[webhooks_]).end_object();
    text_.push_back('\n');
  }
  for (std::string_view rest = text_; !rest.empty();) {
    const ::ssize_t n = ::write(descriptor_, rest.data(), rest.size());
    if (n > 0) {
      rest.remove_prefix(static_cast<std::size_t>(n));
    } else if (n == 0 || errno != EINTR) {
      return patchbay::fail(patchbay::ErrorCode::invalid_settings,
                            "the state could not be written: " + std::generic_category().message(errno));
    }
  }
  return {};
}

}  // namespace loopback_cloud
