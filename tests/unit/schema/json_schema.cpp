// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/schema/json_schema.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <optional>
#include <ratio>
#include <regex>
#include <string>
#include <string_view>
#include <vector>

#include <patchbay/schema/chrono.hpp>
#include <patchbay/schema/document_schemas.hpp>

#include "support/catch.hpp"
#include "support/json_tree.hpp"

using namespace patchbay;
using patchbay_test::JsonTree;

// In a namespace of its own: other files of this binary have structs of such names too.
namespace json_schema_test {

struct Skill {
  BOOST_HANA_DEFINE_STRUCT(Skill, (std::string, name), (std::optional<std::uint8_t>, level));
};
struct Times {
  BOOST_HANA_DEFINE_STRUCT(Times, (std::chrono::seconds, wait), (std::chrono::milliseconds, exact),
                           (std::chrono::days, stay), (std::chrono::duration<unsigned short, std::ratio<60>>, minutes),
                           (std::chrono::hours, hours), (std::chrono::sys_days, day), (std::chrono::sys_seconds, at),
                           (std::chrono::sys_time<std::chrono::milliseconds>, exactly));
};
struct Menu {
  BOOST_HANA_DEFINE_STRUCT(Menu, (std::string, label), (std::vector<Menu>, entries));
};
struct Ticket {
  BOOST_HANA_DEFINE_STRUCT(Ticket, (std::string, queue), (std::optional<bool>, urgent));
};
struct Team {
  BOOST_HANA_DEFINE_STRUCT(Team, (Skill, lead), (std::vector<Skill>, members),
                           (NonEmpty<std::map<std::string, std::vector<std::optional<int>>>>, scores));
};
struct SkillSettings {
  BOOST_HANA_DEFINE_STRUCT(SkillSettings, (Skill, wanted), (Ticket, ticket));
};

// A client's own type that says nothing of JSON Schema but its kind.
struct Level {
  int value = 0;
};
struct Leveled {
  BOOST_HANA_DEFINE_STRUCT(Leveled, (Level, level));
};

}  // namespace json_schema_test

template <>
inline constexpr auto patchbay::field_settings<json_schema_test::Ticket> = std::array{
    FieldSettings{.member = "queue", .wire = "queue \"1\"", .aliases = {"q", "line"}, .description = "Where it waits."},
    FieldSettings{.member = "urgent", .aliases = {"hot"}}};

template <>
inline constexpr auto patchbay::field_settings<json_schema_test::SkillSettings> =
    std::array{FieldSettings{.member = "wanted", .wire = "the skill", .aliases = {"skill"}}};

template <>
struct patchbay::FieldRules<json_schema_test::Level> {
  static constexpr FieldKind kind = FieldKind::number;
  static constexpr bool integral = true;
  static std::string rule() { return "level"; }
  static bool check(std::string_view token) { return token == "1"; }
  static bool encode(const json_schema_test::Level&, std::string& out) { return out.append("1"), true; }
  static json_schema_test::Level parse(std::string_view) { return {}; }
};

using namespace json_schema_test;

namespace {

/// The part of a document that a path of names leads to.
const JsonTree& at(const JsonTree& document, std::initializer_list<std::string_view> path) {
  const JsonTree* here = &document;
  for (const std::string_view name : path) {
    INFO("no " << name);
    here = here->find(name);
    REQUIRE(here != nullptr);
  }
  return *here;
}

template <class T, SchemaOptions O = SchemaOptions{}>
JsonTree document(const JsonSchemaSettings& settings = {}) {
  const std::string text = json_schema<T, O>(settings);
  INFO(text);
  const auto tree = JsonTree::parse(text);
  REQUIRE(tree);
  return *tree;
}

constexpr JsonSchemaSettings output{.of = JsonSchemaOf::output};

}  // namespace

TEST_CASE("a document names its draft, and the fields of its schema in order", "[schema][json_schema]") {
  REQUIRE(json_schema<UnholdCommand>() ==
          R"({"$schema":"https://json-schema.org/draft/2020-12/schema","type":"object","properties":{)"
          R"("interactionId":{"type":"string","pattern":"^[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$"},)"
          R"("priority":{"type":"integer","minimum":0,"maximum":9}},)"
          R"("required":["interactionId","priority"],"additionalProperties":false})");
}

TEST_CASE("titles, descriptions and ids stand in a document when they are given", "[schema][json_schema]") {
  const JsonTree all = document<Skill>({.title = "Ski\"ll", .description = "What one can.", .id = "urn:skill"});
  REQUIRE(at(all, {"title"}).text == "Ski\"ll");
  REQUIRE(at(all, {"description"}).text == "What one can.");
  REQUIRE(at(all, {"$id"}).text == "urn:skill");
  REQUIRE(document<Skill>().find("title") == nullptr);
}

TEST_CASE("the null of an optional field is input but no output", "[schema][json_schema]") {
  const std::string_view level = R"({"type":"integer","minimum":0,"maximum":255})";
  REQUIRE(json_schema<Skill>().find("\"level\":{\"anyOf\":[" + std::string(level) + R"(,{"type":"null"}]})") !=
          std::string::npos);
  REQUIRE(json_schema<Skill>(output).find("\"level\":" + std::string(level)) != std::string::npos);
  REQUIRE(at(document<Skill>(), {"required"}).items.size() == 1);
}

TEST_CASE("an alias is a deprecated property that excludes the other names of its field", "[schema][json_schema]") {
  const JsonTree in = document<Ticket>();
  const JsonTree& properties = at(in, {"properties"});
  REQUIRE(properties.names == std::vector<std::string>{"queue \"1\"", "q", "line", "urgent", "hot"});
  REQUIRE(at(properties, {"queue \"1\"", "description"}).text == "Where it waits.");
  REQUIRE(at(properties, {"queue \"1\""}).find("deprecated") == nullptr);
  REQUIRE(at(properties, {"q", "deprecated"}).text == "true");
  REQUIRE(in.find("required") == nullptr);
  const auto only = [](const std::string& name) {
    return R"({"properties":{")" + name + R"(":true},"required":[")" + name + R"("]})";
  };
  const std::string urgent = only("urgent") + "," + only("hot");
  REQUIRE(json_schema<Ticket>().find(R"("allOf":[{"oneOf":[)" + only(R"(queue \"1\")") + "," + only("q") + "," +
                                     only("line") + R"(]},{"oneOf":[)" + urgent + R"(,{"not":{"anyOf":[)" + urgent +
                                     "]}}]}]") != std::string::npos);

  const JsonTree out = document<Ticket>(output);
  REQUIRE(at(out, {"properties"}).names == std::vector<std::string>{"queue \"1\"", "urgent"});
  REQUIRE(at(out, {"required"}).items.size() == 1);
  REQUIRE(out.find("allOf") == nullptr);
}

TEST_CASE("a schema that is nested once stands where it is used, and others in $defs", "[schema][json_schema]") {
  const JsonTree team = document<Team>();
  REQUIRE(at(team, {"$defs"}).names == std::vector<std::string>{"lead"});
  REQUIRE(at(team, {"properties", "lead", "$ref"}).text == "#/$defs/lead");
  REQUIRE(at(team, {"properties", "members", "items", "$ref"}).text == "#/$defs/lead");
  REQUIRE(at(team, {"$defs", "lead", "additionalProperties"}).text == "false");

  // An alias is a second use; what cannot stand in a reference is replaced.
  const JsonTree settings = document<SkillSettings>();
  REQUIRE(at(settings, {"$defs"}).names == std::vector<std::string>{"the_skill"});
  REQUIRE(at(settings, {"properties", "skill", "$ref"}).text == "#/$defs/the_skill");
  REQUIRE(at(settings, {"properties", "ticket", "type"}).text == "object");
  REQUIRE(document<SkillSettings>(output).find("$defs") == nullptr);
}

TEST_CASE("a schema that contains itself has a finite document", "[schema][json_schema]") {
  const JsonTree menu = document<Menu>();
  REQUIRE(at(menu, {"properties", "entries", "items", "$ref"}).text == "#/$defs/entries");
  REQUIRE(at(menu, {"$defs", "entries", "properties", "entries", "items", "$ref"}).text == "#/$defs/entries");
}

TEST_CASE("vectors and maps say what is in them and how many", "[schema][json_schema]") {
  const JsonTree team = document<Team>();
  const JsonTree& scores = at(team, {"properties", "scores"});
  REQUIRE(at(scores, {"type"}).text == "object");
  REQUIRE(at(scores, {"minProperties"}).text == "1");
  REQUIRE(at(scores, {"additionalProperties", "type"}).text == "array");
  REQUIRE(at(scores, {"additionalProperties", "items", "anyOf"}).items.size() == 2);
  // The null of an element is a value, and is written.
  REQUIRE(at(document<Team>(output), {"properties", "scores", "additionalProperties", "items", "anyOf"}).items.size() ==
          2);
}

TEST_CASE("undeclared names stand in a document as the options treat them", "[schema][json_schema]") {
  static constexpr std::string_view reserved[] = {"ivr_state", "flow_node"};
  constexpr SchemaOptions text{.unknown = Unknown::as_string}, any{.unknown = Unknown::as_is};
  REQUIRE(at(document<Skill>({.reserved = reserved}), {"additionalProperties"}).text == "false");
  REQUIRE(at(document<Skill, any>(), {"additionalProperties"}).text == "true");
  REQUIRE(at(document<Skill, text>(), {"additionalProperties"}).text == "true");
  REQUIRE(at(document<Skill, text>(output), {"additionalProperties", "type"}).text == "string");
  REQUIRE(at(document<Skill, any>(), {"propertyNames", "maxLength"}).text == "128");
  REQUIRE(document<Skill, any>().find("propertyNames")->find("not") == nullptr);
  REQUIRE(at(document<Skill, any>({.reserved = reserved}), {"propertyNames", "not", "enum"}).items.size() == 2);
}

TEST_CASE("what a lenient schema writes in an object field may be anything", "[schema][json_schema][lenient]") {
  constexpr SchemaOptions lenient{.coercion = Coercion::lenient};
  REQUIRE(at(document<IvrVariables, lenient>(output), {"properties", "routing_metadata"}).names.empty());
  REQUIRE(at(document<IvrVariables>(output), {"properties", "routing_metadata", "type"}).text == "object");
}

TEST_CASE("a field type that does not describe itself is described by its kind", "[schema][json_schema]") {
  REQUIRE(at(document<Leveled>(), {"properties", "level", "type"}).text == "integer");
}

TEST_CASE("the pattern of a media file's name takes what the field takes", "[schema][json_schema]") {
  const JsonTree hold = document<HoldCommand>();
  const JsonTree& music = at(hold, {"properties", "holdMusic"});
  const JsonTree& described = music.find("anyOf") == nullptr ? music : music.find("anyOf")->items.front();
  REQUIRE(at(described, {"type"}).text == "string");
  REQUIRE(at(described, {"maxLength"}).text == "128");
  const std::regex pattern(at(described, {"pattern"}).text);
  for (const std::string name :
       {"hold_music_standard.wav", "a.MP3", "-.m4a", "a.b.uLaw", "_.au", "9.opus", ".wav", "wav", "a.", "a.exe",
        "a/b.wav", "a..wav", "a.wav ", "a.wav.txt", "~.wav", "", ".", "a.4ma"}) {
    CAPTURE(name);
    CHECK(std::regex_match(name, pattern) == MediaFileRule::check(name));
  }
}

namespace {

/// Where the pattern of a field and the field itself disagree about a text.
template <class Type>
void compare_pattern(const char* field, std::initializer_list<std::string_view> texts) {
  const JsonTree all = document<json_schema_test::Times>();
  const JsonTree& described = at(all, {"properties", field});
  REQUIRE(at(described, {"type"}).text == "string");
  const std::regex pattern(at(described, {"pattern"}).text);
  for (const std::string_view text : texts) {
    CAPTURE(field, text);
    CHECK(std::regex_match(text.begin(), text.end(), pattern) == FieldRules<Type>::check(text));
  }
}

}  // namespace

TEST_CASE("the patterns of durations and instants take what the fields take", "[schema][json_schema][chrono]") {
  namespace chrono = std::chrono;
  const std::initializer_list<std::string_view> durations{
      "PT0S",   "PT1H30M", "P2D",   "P2DT3H", "P1W", "-PT5S",  "PT1.5S",         "PT1.2345S", "PT1H5S",
      "PT5M3S", "P",       "PT",    "P1Y",    "P1M", "PT1S5M", "P1WT1S",         "1S",        "PT-5S",
      "pt5s",   "P2DT",    "PT36H", "PT90M",  "",    "PT5",    "P1DT1H1M1.001S", "PT.5S",     "PT1.S"};
  compare_pattern<chrono::seconds>("wait", durations);
  compare_pattern<chrono::milliseconds>("exact", durations);
  compare_pattern<chrono::days>("stay", {"P2D", "P3W", "-P1D", "PT24H", "P1DT0H", "P", "P1.5D", "2D"});
  compare_pattern<chrono::duration<unsigned short, std::ratio<60>>>(
      "minutes", {"PT5M", "PT1H30M", "PT1H", "P1D", "P1DT5M", "-PT5M", "PT5S", "PT5M5S", "PTM"});
  compare_pattern<chrono::hours>("hours", {"PT5H", "P1D", "P1DT5H", "-PT5H", "PT5M", "P1W", "PTH"});
  const std::initializer_list<std::string_view> dates{"2024-02-29", "2023-02-29", "1900-02-29", "2000-02-29",
                                                      "0000-01-01", "9999-12-31", "2024-04-31", "2024-13-01",
                                                      "2024-00-10", "2024-1-1",   "24-01-01",   ""};
  compare_pattern<chrono::sys_days>("day", dates);
  for (const std::string_view date : dates)
    for (const char* const time :
         {"T00:00:00Z", "T23:59:59+01:30", "T24:00:00Z", "T12:60:00Z", "T12:00:60Z", "T12:00:00", "T12:00:00.5Z",
          "T12:00:00.1234Z", "T12:00:00+24:00", " 12:00:00Z", "T12:00Z"}) {
      const std::string text = std::string(date) + time;
      compare_pattern<chrono::sys_seconds>("at", {text});
      compare_pattern<chrono::sys_time<chrono::milliseconds>>("exactly", {text});
    }
}
