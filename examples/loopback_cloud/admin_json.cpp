// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include "loopback_cloud/admin_json.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <patchbay/json/read.hpp>

namespace loopback_cloud {

namespace {

namespace testing = patchbay::testing;
using patchbay::JsonObjectView;
using patchbay::JsonReader;
using patchbay::JsonValue;
using simdjson::error_code;

constexpr std::array<std::string_view, 8> http_kinds{"answer",  "reset",     "timeout", "truncate",
                                                     "garbage", "too_large", "delay",   "foreign_write"};
constexpr std::array<std::string_view, 10> command_kinds{
    "drop", "delay", "duplicate", "wrong_interaction", "wrong_verb", "wrong_correlation", "refuse",
    "junk", "close", "cut"};
constexpr std::array<std::string_view, 5> open_kinds{"refuse", "reset", "timeout", "silence", "close"};

// The place of `name` in a table whose order is that of the enumeration.
template <std::size_t N>
std::optional<std::size_t> index_of(const std::array<std::string_view, N>& names, std::string_view name) {
  for (std::size_t i = 0; i < N; ++i)
    if (names[i] == name) return i;
  return std::nullopt;
}

// No line break or other control may reach a header.
bool is_header_text(std::string_view text) {
  for (const char c : text)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return false;
  return true;
}
bool is_token(std::string_view text) {
  for (const char c : text)
    if (!patchbay::detail::is_ascii_alnum(c) && c != '-' && c != '_') return false;
  return !text.empty();
}

// Reads the members of one JSON object, and remembers the name of the first that is not as it should be.
class Fields {
 public:
  std::string wrong;

  error_code text(std::string_view key, JsonValue& value, std::string& out) {
    std::string_view view;
    if (const error_code error = value.get_string().get(view)) return refuse(key, error);
    out.assign(view);
    return simdjson::SUCCESS;
  }
  error_code truth(std::string_view key, JsonValue& value, std::optional<bool>& out) {
    bool read = false;
    if (const error_code error = value.get_bool().get(read)) return refuse(key, error);
    out = read;
    return simdjson::SUCCESS;
  }
  error_code number(std::string_view key, JsonValue& value, std::uint64_t most, std::uint64_t& out) {
    if (const error_code error = value.get_uint64().get(out)) return refuse(key, error);
    return out <= most ? simdjson::SUCCESS : refuse(key, simdjson::NUMBER_OUT_OF_RANGE);
  }
  error_code refuse(std::string_view key, error_code error) {
    if (wrong.empty()) wrong.assign(key.substr(0, 64));
    return error;
  }
  [[nodiscard]] patchbay::Failure failure(std::string_view why) const {
    return patchbay::fail(patchbay::ErrorCode::invalid_argument,
                          (wrong.empty() ? std::string{} : wrong + ": ").append(why));
  }
};

}  // namespace

patchbay::Result<void> add_fault(std::string_view json, testing::FaultPlan& plan) {
  std::string on = "http", method, prefix, verb, kind, body, encoded, text, node;
  std::vector<std::pair<std::string, std::string>> headers;
  std::uint64_t times = 1, skip = 0, status = 503, delay = 0, code = 1011, size = 0;
  std::optional<bool> applied;
  constexpr std::uint64_t many = 1'000'000'000;
  JsonReader reader;
  Fields fields;
  const auto read = reader.object(json, [&](std::string_view key, JsonValue value) -> error_code {
    if (key == "on") return fields.text(key, value, on);
    if (key == "kind") return fields.text(key, value, kind);
    if (key == "body") return fields.text(key, value, body);
    if (key == "bodyBase64") return fields.text(key, value, encoded);
    if (key == "text") return fields.text(key, value, text);
    if (key == "node") return fields.text(key, value, node);
    if (key == "applied") return fields.truth(key, value, applied);
    if (key == "times") return fields.number(key, value, many, times);
    if (key == "skip") return fields.number(key, value, many, skip);
    if (key == "status") return fields.number(key, value, 599, status);
    if (key == "delayMs") return fields.number(key, value, 86'400'000, delay);
    if (key == "code") return fields.number(key, value, 4999, code);
    if (key == "size") return fields.number(key, value, std::uint64_t{8} << 30, size);
    JsonObjectView object;
    if (key == "headers") {
      if (const error_code error = value.get_object().get(object)) return fields.refuse(key, error);
      return JsonReader::each(object, [&](std::string_view name, JsonValue content) -> error_code {
        std::string owned(name), field;
        if (const error_code error = fields.text("headers", content, field)) return error;
        if (!is_token(owned) || !is_header_text(field)) return fields.refuse("headers", simdjson::INCORRECT_TYPE);
        headers.emplace_back(std::move(owned), std::move(field));
        return simdjson::SUCCESS;
      });
    }
    if (key != "match") return fields.refuse(key, simdjson::NO_SUCH_FIELD);
    if (const error_code error = value.get_object().get(object)) return fields.refuse(key, error);
    return JsonReader::each(object, [&](std::string_view name, JsonValue content) -> error_code {
      if (name == "method") return fields.text(name, content, method);
      if (name == "targetPrefix") return fields.text(name, content, prefix);
      if (name == "verb") return fields.text(name, content, verb);
      return fields.refuse(name, simdjson::NO_SUCH_FIELD);
    });
  });
  if (!read) return fields.failure(read.error().why);
  if (!encoded.empty()) {
    auto bytes = testing::detail::base64_decoded(encoded);
    if (!bytes) return patchbay::fail(patchbay::ErrorCode::invalid_argument, "bodyBase64: expected base64");
    body = std::move(*bytes);
  }
  if (status < 200) return patchbay::fail(patchbay::ErrorCode::invalid_argument, "status: expected 200 to 599");
  if (code < 1000) return patchbay::fail(patchbay::ErrorCode::invalid_argument, "code: expected 1000 to 4999");
  const auto set = [&](auto& fault) {
    fault.left = times == 0 ? static_cast<std::size_t>(-1) : static_cast<std::size_t>(times);
    fault.skipped = static_cast<std::size_t>(skip);
    fault.wait = patchbay::milliseconds(delay);
  };
  const auto unknown_kind = [] {
    return patchbay::fail(patchbay::ErrorCode::invalid_argument, "kind: is none of those of \"on\"");
  };
  if (on == "http") {
    const auto index = index_of(http_kinds, kind);
    if (!index) return unknown_kind();
    testing::HttpFault fault(std::move(method), std::move(prefix));
    set(fault);
    fault.kind = static_cast<testing::FaultKind>(*index);
    if (fault.kind == testing::FaultKind::truncate) fault.truncate();
    if (fault.kind == testing::FaultKind::too_large) fault.too_large(static_cast<std::size_t>(size));
    if (fault.kind == testing::FaultKind::garbage) fault.garbage();
    fault.applied = applied.value_or(fault.applied);
    fault.status = static_cast<int>(status);
    fault.headers = std::move(headers);
    if (!body.empty() || fault.kind != testing::FaultKind::garbage) fault.body = std::move(body);
    fault.node = std::move(node);
    plan.add(std::move(fault));
  } else if (on == "command") {
    const auto index = index_of(command_kinds, kind);
    if (!index) return unknown_kind();
    testing::CommandFault fault(std::move(verb));
    set(fault);
    fault.kind = static_cast<testing::CommandFaultKind>(*index);
    fault.applied = applied.value_or(fault.kind != testing::CommandFaultKind::refuse);
    fault.code = static_cast<std::uint16_t>(code);
    fault.text = std::move(text);
    plan.add(std::move(fault));
  } else if (on == "open") {
    const auto index = index_of(open_kinds, kind);
    if (!index) return unknown_kind();
    testing::OpenFault fault;
    set(fault);
    fault.kind = static_cast<testing::OpenFaultKind>(*index);
    fault.status = static_cast<int>(status);
    fault.headers = std::move(headers);
    fault.code = static_cast<std::uint16_t>(code);
    plan.add(std::move(fault));
  } else {
    return patchbay::fail(patchbay::ErrorCode::invalid_argument, "on: expected http, command or open");
  }
  return {};
}

patchbay::Result<void> apply_change(std::string_view json, testing::CloudModel& model) {
  std::string interaction, node, transition_id, state;
  std::optional<bool> held, revoke;
  JsonReader reader;
  Fields fields;
  const auto read = reader.object(json, [&](std::string_view key, JsonValue value) -> error_code {
    if (key == "interaction") return fields.text(key, value, interaction);
    if (key == "node") return fields.text(key, value, node);
    if (key == "transitionId") return fields.text(key, value, transition_id);
    if (key == "state") return fields.text(key, value, state);
    if (key == "held") return fields.truth(key, value, held);
    if (key == "revokeTokens") return fields.truth(key, value, revoke);
    return fields.refuse(key, simdjson::NO_SUCH_FIELD);
  });
  if (!read) return fields.failure(read.error().why);
  if (revoke.value_or(false)) model.revoke_tokens();
  if (interaction.empty() && revoke) return {};
  if (model.find(interaction) == nullptr)
    return patchbay::fail(patchbay::ErrorCode::invalid_argument, "interaction: there is none of that id");
  if (!node.empty()) model.move(interaction, node, transition_id);
  if (held) model.set_held(interaction, *held);
  if (!state.empty()) model.set_state(interaction, state);
  return {};
}

patchbay::Result<void> apply_change(std::string_view json, testing::PlatformModel& model) {
  std::string conversation, participant, state, attribute, text, node, transition_id, flow, configuration;
  std::optional<bool> held, over, revoke, closing, ended;
  JsonReader reader;
  Fields fields;
  const auto read = reader.object(json, [&](std::string_view key, JsonValue value) -> error_code {
    if (key == "conversation") return fields.text(key, value, conversation);
    if (key == "participant") return fields.text(key, value, participant);
    if (key == "held") return fields.truth(key, value, held);
    if (key == "state") return fields.text(key, value, state);
    if (key == "attribute") return fields.text(key, value, attribute);
    if (key == "value") return fields.text(key, value, text);
    if (key == "node") return fields.text(key, value, node);
    if (key == "transitionId") return fields.text(key, value, transition_id);
    if (key == "end") return fields.truth(key, value, over);
    if (key == "flow") return fields.text(key, value, flow);
    if (key == "configuration") return configuration.clear(), JsonReader::walk(value, configuration);
    if (key == "revokeTokens") return fields.truth(key, value, revoke);
    if (key == "announceClosing") return fields.truth(key, value, closing);
    if (key == "endChannels") return fields.truth(key, value, ended);
    return fields.refuse(key, simdjson::NO_SUCH_FIELD);
  });
  if (!read) return fields.failure(read.error().why);
  const auto wrong = [](const char* why) { return patchbay::fail(patchbay::ErrorCode::invalid_argument, why); };
  if (revoke.value_or(false)) model.revoke_tokens();
  if (closing.value_or(false)) model.announce_closing();
  if (ended.value_or(false)) model.end_channels();
  if (!flow.empty()) model.publish(flow, std::move(configuration));
  if (conversation.empty()) {
    const bool something = revoke || closing || ended || !flow.empty();
    return something ? patchbay::Result<void>() : wrong("expected a conversation, or something for all of them");
  }
  if (model.find(conversation) == nullptr) return wrong("conversation: there is none of that id");
  if (!node.empty()) model.move(conversation, node, transition_id);
  if (!participant.empty() && model.find(conversation)->participant(participant) == nullptr)
    return wrong("participant: there is none of that id");
  if (participant.empty() && (held || !state.empty() || !attribute.empty())) return wrong("participant: is missing");
  if (!attribute.empty()) model.set_attribute(conversation, participant, attribute, text);
  if (held && !model.set_held(conversation, participant, *held)) return wrong("participant: has left");
  if (!state.empty() && !model.set_state(conversation, participant, state)) return wrong("participant: has left");
  if (over.value_or(false) && !model.end(conversation)) return wrong("conversation: is over");
  return {};
}

}  // namespace loopback_cloud
