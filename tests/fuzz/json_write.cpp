// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// What the library writes as JSON: an input says which value, member by member. Both a slow reader and simdjson read back
// what was meant. The webhook's body and the quality event are written of the same texts.
#include "fuzz/bytes.hpp"
#include "fuzz/law.hpp"
#include "support/json_tree.hpp"

#include <patchbay/json/read.hpp>
#include <patchbay/json/write.hpp>
#include <patchbay/observe/hold_events.hpp>
#include <patchbay/protocol/webhook.hpp>

#include <bit>
#include <cmath>
#include <cstdlib>  // strtod
#include <string>
#include <string_view>

using namespace patchbay;
using patchbay_fuzz::Bytes;
using patchbay_fuzz::law;
using patchbay_test::JsonTree;

namespace {

/// A text in UTF-8: as it comes when it is, and else with each byte as the character of that number.
std::string utf8_text(Bytes& bytes) {
  const std::string_view given = bytes.text(24);
  if (is_valid_utf8(given)) return std::string(given);
  std::string out;
  for (const char c : given) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      out.push_back(c);
    } else {
      out.push_back(static_cast<char>(0xc0 | byte >> 6)), out.push_back(static_cast<char>(0x80 | (byte & 63)));
    }
  }
  return out;
}

JsonTree leaf(JsonTree::Kind kind, std::string text) {
  JsonTree out;
  out.kind = kind, out.text = std::move(text);
  return out;
}

double draw_double(Bytes& bytes) { return std::bit_cast<double>(bytes.word()); }

/// Writes one value, and says what it should be read as.
JsonTree write(JsonWriter& json, Bytes& bytes, int depth) {
  const std::size_t kinds = depth < 12 ? 9 : 7;
  switch (bytes.below(kinds)) {
    case 0: return json.null(), leaf(JsonTree::Kind::literal, "null");
    case 1: {
      const bool truth = bytes.flip();
      json.value(truth);
      return leaf(JsonTree::Kind::literal, truth ? "true" : "false");
    }
    case 2: {
      const auto number = static_cast<std::int64_t>(bytes.word());
      json.value(number);
      return leaf(JsonTree::Kind::number, std::to_string(number));
    }
    case 3: {
      const std::uint64_t number = bytes.word();
      json.value(number);
      return leaf(JsonTree::Kind::number, std::to_string(number));
    }
    case 4: {
      const double number = draw_double(bytes);
      json.value(number);
      if (!std::isfinite(number)) return leaf(JsonTree::Kind::literal, "null");
      std::string text;
      append_json_number(text, number);
      const double back = std::strtod(text.c_str(), nullptr);
      law(back == number && std::signbit(back) == std::signbit(number), "a number is read back as itself", {text});
      return leaf(JsonTree::Kind::number, text);
    }
    case 5: {
      const auto small = static_cast<signed char>(bytes.byte());
      json.value(small);
      return leaf(JsonTree::Kind::number, std::to_string(small));
    }
    case 6: {
      std::string text = utf8_text(bytes);
      json.value(std::string_view(text));
      return leaf(JsonTree::Kind::string, std::move(text));
    }
    case 7: {
      JsonTree out = leaf(JsonTree::Kind::array, {});
      json.begin_array();
      for (std::size_t count = bytes.below(6); count-- > 0;) out.items.push_back(write(json, bytes, depth + 1));
      json.end_array();
      return out;
    }
    default: {
      JsonTree out = leaf(JsonTree::Kind::object, {});
      json.begin_object();
      for (std::size_t count = bytes.below(6); count-- > 0;) {
        std::string name = utf8_text(bytes);
        if (bytes.flip()) {
          std::string members;
          JsonWriter inner(members);
          inner.key(name);
          out.names.push_back(std::move(name));
          out.items.push_back(write(inner, bytes, depth + 1));
          json.members(members).members({});
        } else {
          json.key(name);
          out.names.push_back(std::move(name));
          out.items.push_back(write(json, bytes, depth + 1));
        }
      }
      json.end_object();
      return out;
    }
  }
}

void check(const std::string& text, const JsonTree& meant, JsonReader& reader) {
  const auto found = JsonTree::parse(text);
  law(found.has_value(), "what is written is JSON", {text});
  law(found->same(meant), "and says what was meant", {text});
  std::string minified;
  const auto read = reader.minify(text, minified);
  law(read.has_value(), "simdjson reads it", {text, read ? std::string_view{} : read.error().why});
  law(minified == text, "there is nothing to leave out", {text, minified});
}

void check_webhook(Bytes& bytes, JsonReader& reader) {
  const std::string id = utf8_text(bytes), from = utf8_text(bytes), to = utf8_text(bytes), node = utf8_text(bytes);
  const TransitionRequest request(id, "flow", from, to);
  std::string body("left over"), variables;
  JsonWriter json(variables);
  json.key(node);
  const JsonTree variable = write(json, bytes, 8);
  encode_webhook(body, request, node, "2026-01-01T00:00:00.000Z", variables);
  const auto found = JsonTree::parse(body);
  law(found.has_value(), "a webhook's body is JSON", {body});
  law(found->find("eventId")->text == node && found->find("interactionId")->text == id, "its event", {body});
  law(found->find("previousState")->text == from && found->find("newState")->text == to, "its move", {body});
  const JsonTree* const written = found->find("variables");
  law(written && written->names.size() == 1 && written->names[0] == node && written->items[0].same(variable),
      "its variables", {body});

  QualityEvent event;
  event.interaction = id;
  event.latency = Duration(static_cast<std::int64_t>(bytes.word() >> 1));
  std::string line;
  to_json(event, line);
  const auto told = JsonTree::parse(line);
  law(told && told->find("interactionId")->text == id && told->find("status")->text == "failed",
      "a quality event is JSON", {line});
  std::string minified;
  law(reader.minify(line, minified).has_value(), "that simdjson reads", {line});
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static JsonReader reader;
  Bytes bytes(data, size);
  std::string text;
  JsonWriter json(text);
  const JsonTree meant = write(json, bytes, 0);
  check(text, meant, reader);
  check_webhook(bytes, reader);
  return 0;
}
