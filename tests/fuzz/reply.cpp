// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// Messages of the hold channel: an input is the text of one. What acknowledgements are routed by is reckoned a second time
// by a slow reader of JSON. What is sent is read back by it too.
#include "fuzz/law.hpp"
#include "support/json_tree.hpp"

#include <patchbay/cloud/hold_dialect.hpp>

#include <string>
#include <string_view>

using namespace patchbay;
using patchbay_fuzz::law;
using patchbay_test::JsonTree;

namespace {

void take(const JsonTree& value, std::string& out) {
  if (value.kind == JsonTree::Kind::string) out = value.text;
}

ChannelNews reckon(const JsonTree& tree) {
  ChannelNews out;
  for (std::size_t i = 0; i < tree.names.size(); ++i) {
    const std::string& name = tree.names[i];
    const JsonTree& value = tree.items[i];
    if (name == "correlationId") take(value, out.correlation_id);
    if (name == "message" && out.message.empty()) take(value, out.message);
    if (name != "body" || value.kind != JsonTree::Kind::object) continue;
    for (std::size_t k = 0; k < value.names.size(); ++k) {
      if (value.names[k] == "type") take(value.items[k], out.type), out.has_type = out.has_type || !out.type.empty();
      if (value.names[k] == "interactionId") take(value.items[k], out.interaction);
      if (value.names[k] == "message") take(value.items[k], out.message);
    }
  }
  return out;
}

bool same(const ChannelNews& a, const ChannelNews& b) {
  return a.correlation_id == b.correlation_id && a.type == b.type && a.interaction == b.interaction &&
         a.message == b.message && a.has_type == b.has_type;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static JsonReader reader;
  static ChannelNews reply;  // used again, as a session does: nothing of the last message may be left
  const std::string_view input = patchbay_fuzz::as_text(data, size);
  Body body;
  body.assign(input);
  const auto read = DocumentsHoldDialect::parse_reply(body, reader, reply);
  for (const std::string* each : {&reply.correlation_id, &reply.type, &reply.interaction, &reply.message})
    law(is_valid_utf8(*each), "what is read is UTF-8", {input, *each});
  const auto tree = JsonTree::parse(input);
  if (tree && tree->kind == JsonTree::Kind::object) {
    law(read.has_value(), "an object is read", {input});
    law(same(reply, reckon(*tree)), "as it stands",
        {input, reply.correlation_id, reply.type, reply.interaction, reply.message});
  }
  if (tree && tree->kind != JsonTree::Kind::object) law(!read, "anything else is not", {input});

  if (!is_valid_utf8(input)) return 0;
  std::string frame("left over");
  const HoldVerb verb = size % 2 == 0 ? HoldVerb::hold : HoldVerb::unhold;
  DocumentsHoldDialect::encode_command(frame, verb, input, size % 3 == 0 ? "" : R"("interactionId":"a","priority":5)");
  const auto sent = JsonTree::parse(frame);
  law(sent && sent->names == std::vector<std::string>{"command", "correlationId", "body"}, "a command is JSON",
      {frame});
  law(sent->items[0].text == "send" && sent->items[1].text == input, "with its id", {frame});
  law(sent->items[2].names.front() == "type" && sent->items[2].items.front().text == to_string(verb), "and its verb",
      {frame});
  body.assign(frame);
  ChannelNews echoed;
  law(DocumentsHoldDialect::parse_reply(body, reader, echoed).has_value() && echoed.correlation_id == input &&
          echoed.type == to_string(verb),
      "what is sent can be read as an answer to itself", {frame});
  return 0;
}
