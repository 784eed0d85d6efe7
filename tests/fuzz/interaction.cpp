// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// Interactions, what a write's answer echoes of one, and their versions: an input is the answer's ETag, empty for none, a
// line's end, and the body. What is read is held against a slow reader of JSON and against the grammar of entity tags.
#include "fuzz/law.hpp"
#include "support/json_tree.hpp"

#include <patchbay/cloud/documents_dialect.hpp>
#include <patchbay/testing/detail/wire_text.hpp>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

using namespace patchbay;
using patchbay_fuzz::law;
using patchbay_test::JsonTree;

namespace {

/// RFC 9110 section 8.8.3: a quoted tag of visible characters and what is beyond ASCII, or a bare word of these.
bool is_tag(std::string_view text) {
  const auto letter = [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte == 0x21 || (byte >= 0x23 && byte <= 0x7e) || byte >= 0x80;
  };
  const bool quoted = text.size() >= 2 && text.front() == '"' && text.back() == '"';
  const std::string_view inner = quoted ? text.substr(1, text.size() - 2) : text;
  for (const char c : inner)
    if (!letter(c) || (!quoted && c == ',')) return false;
  if (quoted) return text.size() <= 512;
  return !text.empty() && text.size() <= 512 && text != "*" && text.substr(0, 2) != "W/" && text.substr(0, 2) != "w/";
}

void check_tag(std::string_view tag) {
  law(is_strong_etag(tag) == is_tag(tag), "which tags are strong", {tag});
  if (!is_tag(tag) || tag.front() != '"') return;
  const std::array<HeaderView, 1> fields{HeaderView{"If-Match", tag}};
  const testing::CloudRequest request("PATCH", "/", fields);
  law(testing::detail::matches_etag(request, "if-match", tag, false), "a strong tag matches itself", {tag});
  const std::string other = "\"x" + std::string(tag.substr(1));
  law(!testing::detail::matches_etag(request, "if-match", other, false), "and no other", {tag});
}

bool is_null(const JsonTree& value) { return value.kind == JsonTree::Kind::literal && value.text == "null"; }

/// What a reader by the rules makes of a body; `fine` turns false at what it refuses.
class Reckoning {
 public:
  InteractionSnapshot out;
  bool fine = true;
  bool loose = false;  ///< An attribute or a version is of a type whose text is not reckoned here.

  void text(const JsonTree& value, std::string& to) {
    if (value.kind == JsonTree::Kind::string || is_null(value)) {
      to = is_null(value) ? std::string() : value.text;
    } else {
      fine = false;
    }
  }
  /// Of any type; what is neither a string nor null counts as its JSON text, which is not reckoned here.
  void attribute(const JsonTree& value, std::string& to) {
    if (value.kind == JsonTree::Kind::string || is_null(value)) {
      text(value, to);
    } else {
      to = "#";
      loose = true;
    }
  }
  void tag(const std::string& value) {
    if (is_tag(value)) {
      out.etag = value;
    } else {
      out.weak_etag = true;
    }
  }
  template <class Visit>
  void members(const JsonTree& value, Visit visit) {
    if (is_null(value)) return;
    if (value.kind != JsonTree::Kind::object) return void(fine = false);
    for (std::size_t i = 0; i < value.names.size() && fine; ++i) visit(value.names[i], value.items[i]);
  }
  void attributes(const JsonTree& value) {
    members(value, [&](const std::string& name, const JsonTree& content) {
      if (name == "transition_id") return attribute(content, out.transition_id);
      if (name != "flow_node" || is_null(content)) return;
      out.has_flow_node = true;
      attribute(content, out.flow_node);
    });
  }
  void member(const std::string& name, const JsonTree& value, bool has_header, bool echo) {
    std::string found;
    if (name == "customAttributes") return attributes(value);
    if (name == "state") return echo ? attribute(value, out.state) : text(value, out.state);
    if (name == "etag" && !has_header) {
      echo ? attribute(value, found) : text(value, found);
      if (fine && !found.empty()) tag(found);
      return;
    }
    if (echo) {
      if (name == "transition_id") text(value, out.transition_id);
      return;
    }
    if (name == "id") return text(value, out.id);
    if (name == "held" && !is_null(value)) {
      fine = value.kind == JsonTree::Kind::literal;
      out.held = value.text == "true";
    }
    if (name != "routingData") return;
    members(value, [&](const std::string& inner, const JsonTree& part) {
      if (inner == "orgId") return text(part, out.organisation_id);
      if (inner != "skillGroup") return;
      members(part, [&](const std::string& last, const JsonTree& content) {
        if (last == "id") text(content, out.skill_group_id);
      });
    });
  }
};

int depth_of(const JsonTree& tree) {
  int most = 0;
  for (const JsonTree& each : tree.items) most = std::max(most, depth_of(each));
  return tree.kind == JsonTree::Kind::object || tree.kind == JsonTree::Kind::array ? most + 1 : 0;
}

/// Whether what is not reckoned could differ: an attribute that is a number or the like, and an etag of that kind.
bool same(const std::string& found, const std::string& expected) { return expected == "#" || found == expected; }

void check(std::string_view header, std::string_view body, bool echo, JsonReader& reader) {
  HttpResponse response;
  if (!header.empty()) response.headers.add("etag", header);
  response.body.assign(body);
  InteractionSnapshot found;
  found.etag = "left over", found.held = true, found.flow_node = "left over";
  const auto read =
      echo ? DocumentsDialect::parse_write_echo(response, reader, found) : DocumentsDialect::parse_interaction(response, reader, found);
  law(found.etag.empty() || is_tag(found.etag), "what is locked with is a strong tag", {found.etag});
  if (!header.empty())
    law(found.etag == (is_tag(header) ? header : "") && found.weak_etag != is_tag(header),
        "a field goes before the body", {header});
  for (const std::string* each :
       {&found.id, &found.state, &found.skill_group_id, &found.organisation_id, &found.flow_node, &found.transition_id})
    law(is_valid_utf8(*each), "what is read is UTF-8", {body, *each});
  law(found.has_flow_node || found.flow_node.empty(), "a node only where there is one", {body});
  const bool blank = body.find_first_not_of(" \t\r\n") == std::string_view::npos;
  if (blank) return law(read.has_value() == echo, "an empty answer echoes nothing", {body});
  if (!read) law(!read.error().why.empty(), "the error says why", {body});

  const auto tree = JsonTree::parse(body);
  if (!tree || tree->kind != JsonTree::Kind::object)
    return;  // what is skipped is not looked at: some that is no JSON passes
  Reckoning expected;
  if (!header.empty()) expected.tag(std::string(header));
  for (std::size_t i = 0; i < tree->names.size() && expected.fine; ++i)
    expected.member(tree->names[i], tree->items[i], !header.empty(), echo);
  if (!expected.fine) return law(!read, "what is of the wrong type is refused", {body});
  if (!read)
    return law(expected.loose || depth_of(*tree) > max_json_depth, "what is well formed is read",
               {body, read.error().why});
  const InteractionSnapshot& right = expected.out;
  law(expected.loose || (found.etag == right.etag && found.weak_etag == right.weak_etag), "the version",
      {body, found.etag, right.etag});
  law(found.id == right.id && found.skill_group_id == right.skill_group_id &&
          found.organisation_id == right.organisation_id,
      "who it is", {body});
  law(same(found.state, right.state) && found.held == right.held, "its state", {body});
  law(found.has_flow_node == right.has_flow_node && same(found.flow_node, right.flow_node), "where it is",
      {body, found.flow_node, right.flow_node});
  law(same(found.transition_id, right.transition_id), "who moved it last",
      {body, found.transition_id, right.transition_id});
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static JsonReader reader;
  const std::string_view input = patchbay_fuzz::as_text(data, size);
  const std::size_t end = input.find('\n');
  const std::string_view header = input.substr(0, end);
  const std::string_view body = end == std::string_view::npos ? std::string_view{} : input.substr(end + 1);
  check_tag(header);
  check(header, body, false, reader);
  check(header, body, true, reader);
  check({}, body, false, reader);
  return 0;
}
