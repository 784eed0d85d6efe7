// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// Lets another program judge the schema of tests/support/rich_schema.hpp, by its JSON Schema documents.
//
//   schema_driver documents              a line per set of options: {"options", "input": document, "output": document}
//   schema_driver generate COUNT SEED    objects, a line each: every field with every sample, then COUNT by chance
//   schema_driver judge OPTIONS          answers each line of standard input with a line: {"taken", "decoded", "made"}
#include <patchbay/schema/json_schema.hpp>

#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "support/json_maker.hpp"
#include "support/rich_schema.hpp"

using namespace patchbay;
using patchbay_test::JsonTree;
using patchbay_test::Rich;

namespace {

constexpr std::string_view reserved[] = {"ivr_state", "toString"};
constexpr SchemaOptions closed{}, as_string{.unknown = Unknown::as_string}, as_is{.unknown = Unknown::as_is};

template <SchemaOptions O>
void document(JsonWriter& writer, std::string_view name) {
  writer.begin_object()
      .member("options", name)
      .key("input")
      .raw(json_schema<Rich, O>({.title = "Rich", .reserved = reserved}))
      .key("output")
      .raw(json_schema<Rich, O>({.of = JsonSchemaOf::output, .reserved = reserved}))
      .end_object();
}

int documents() {
  const auto line = [](auto write) {
    std::string out;
    JsonWriter writer(out);
    write(writer);
    std::cout << out << '\n';
  };
  line([](JsonWriter& writer) { document<closed>(writer, "closed"); });
  line([](JsonWriter& writer) { document<as_string>(writer, "as_string"); });
  line([](JsonWriter& writer) { document<as_is>(writer, "as_is"); });
  return 0;
}

int generate(int count, std::uint64_t seed) {
  patchbay_test::JsonSpeller plain;
  const auto& table = detail::TableOf<Rich>::table;
  const auto line = [&](std::string_view name, std::string_view json) {
    std::string out;
    JsonWriter(out).begin_object().key(name).raw(json).end_object();
    std::cout << out << '\n';
  };
  for (const detail::FieldInfo& field : table.fields) {
    for (const std::string_view text : patchbay_test::sample_texts) {
      std::string json;
      append_json_string(json, text);
      line(field.name, json);
    }
    for (const std::string_view number : patchbay_test::sample_numbers) line(field.name, number);
    for (const std::string_view json : {"null", "true", "false", "{}", "[]", "[null]", "{\"a\":null}"}) line(field.name, json);
    for (const std::string_view alias : field.aliases) line(alias, "null");
  }
  patchbay_test::Chance chance(seed);
  for (; count > 0; --count) {
    patchbay_test::JsonMaker maker(chance);
    JsonTree tree = maker.object(table);
    if (chance.once_in(2))
      for (std::size_t n = 1 + chance.below(2); n > 0; --n) maker.spoil(tree);
    if (tree.kind == JsonTree::Kind::object) std::cout << patchbay_test::JsonSpeller(chance)(tree) << '\n';
  }
  return 0;
}

template <SchemaOptions O>
int judge() {
  JsonReader reader;
  std::vector<Violation> violations;
  std::string line, members, answer;
  while (std::getline(std::cin, line)) {
    violations.clear();
    members.clear();
    answer.clear();
    schema<Rich, O>.coerce(line, reader, reserved, violations, members);
    JsonWriter writer(answer);
    writer.begin_object()
        .member("taken", violations.empty())
        .member("decoded", schema<Rich, O>.decode(line, reader).has_value());
    if (violations.empty()) {
      writer.key("made").begin_object().members(members).end_object();
    } else {
      writer.member("why", violations[0].path + ": " + violations[0].rule);
    }
    writer.end_object();
    std::cout << answer << '\n';
  }
  return 0;
}

}  // namespace

int main(int count, char** arguments) {
  const auto argument = [&](int i) { return i < count ? std::string_view(arguments[i]) : std::string_view(); };
  if (argument(1) == "documents") return documents();
  if (argument(1) == "generate" && count == 4)
    return generate(std::atoi(arguments[2]), std::strtoull(arguments[3], nullptr, 10));
  if (argument(1) == "judge" && argument(2) == "closed") return judge<closed>();
  if (argument(1) == "judge" && argument(2) == "as_string") return judge<as_string>();
  if (argument(1) == "judge" && argument(2) == "as_is") return judge<as_is>();
  std::cerr << "schema_driver documents | generate COUNT SEED | judge closed|as_string|as_is\n";
  return 2;
}
