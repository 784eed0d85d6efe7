// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/cloud/platform.hpp>
#include <patchbay/cloud/platform_attributes.hpp>
#include <patchbay/json/read.hpp>

#include <limits>
#include <string>
#include <string_view>

#include "support/catch.hpp"

using namespace patchbay;
namespace platform = patchbay::cloud::platform;

namespace {

class Read {
 public:
  explicit Read(std::string_view text) {
    Body body;
    body.assign(text);
    JsonReader reader;
    outcome = platform::parse_attribute_records(body, reader, records);
  }
  platform::AttributeRecords records;
  Result<void> outcome;
  [[nodiscard]] std::string why() const { return outcome ? std::string("nothing") : outcome.error().message(); }
};

std::string as_texts(std::string_view members) {
  JsonReader reader;
  std::string out = "left over";
  const auto size = platform::encode_participant_attributes(out, members, reader);
  if (!size) return std::string(to_string(size.error().code()));
  CHECK(*size == out.size() - std::string_view(R"({"attributes":})").size());
  return out;
}

}  // namespace

TEST_CASE("records of custom attributes are read with the version that locks them", "[platform]") {
  const Read read(R"({"results":[
    {"id":"r1","name":"n","conversationId":"c","divisions":["d"],"schema":{"id":"s1","name":"x","version":3,"enabled":true},
     "customAttributes":{"flow_node":"Billing","ivr_state":"Billing","transition_id":"t1","balance":12.5,"version":99,"id":"no"},
     "customAttributesTimestamps":{"flow_node":"2026-11-21T09:30:00Z"},"version":7,"dateCreated":"2026-11-21T09:30:00Z","selfUri":"/r"},
    {"id":"r2","schema":{"id":"s2"},"customAttributes":{"flow_node":null,"ivr_state":3,"transition_id":{"a": 1}}},
    null]})");
  REQUIRE(read.why() == "nothing");
  REQUIRE(read.records.all().size() == 2);
  const platform::AttributeRecord& first = read.records.all()[0];
  CHECK(first.id == "r1");
  CHECK(first.schema_id == "s1");
  CHECK(first.version == 7);
  CHECK(first.version_text == "7");
  CHECK(first.has_flow_node);
  CHECK(first.flow_node == "Billing");
  CHECK(first.ivr_state == "Billing");
  CHECK(first.transition_id == "t1");
  const platform::AttributeRecord& second = read.records.all()[1];
  CHECK(second.version == std::nullopt);
  CHECK(second.version_text.empty());
  CHECK_FALSE(second.has_flow_node);
  CHECK(second.ivr_state == "3");
  CHECK(second.transition_id == R"({"a":1})");

  const auto id_of = [&](std::string_view schema) {
    const auto found = read.records.find(schema);
    if (!found) return std::string(to_string(found.error().code()));
    return *found == nullptr ? std::string("none") : (*found)->id;
  };
  CHECK(id_of("s1") == "r1");
  CHECK(id_of("S2") == "r2");
  CHECK(id_of("s3") == "none");
  CHECK(id_of("") == "invalid_argument");
}

TEST_CASE("a conversation without records has none, which is no error", "[platform]") {
  for (const std::string_view text :
       {R"({"results":[]})", R"({"results":null})", R"({"results":[null]})", R"({"else":1,"results":[]})"}) {
    INFO(text);
    const Read read(text);
    REQUIRE(read.why() == "nothing");
    CHECK(read.records.all().empty());
    for (const std::string_view schema : {"", "s"}) {
      const auto found = read.records.find(schema);
      REQUIRE(found);
      CHECK(*found == nullptr);
    }
  }
  const Read one(R"({"results":[{"id":"r","schema":7,"customAttributes":null,"version":null}]})");
  REQUIRE(one.why() == "nothing");
  REQUIRE(one.records.find(""));
  CHECK((*one.records.find(""))->id == "r");
  CHECK(*one.records.find("s") == nullptr);
}

TEST_CASE("versions are whole numbers of 32 bits", "[platform]") {
  const auto version = [](std::string_view text) {
    return Read(R"({"results":[{"id":"r","version":)" + std::string(text) + "}]}");
  };
  CHECK(version("0").records.all()[0].version == 0);
  CHECK(version("2147483647").records.all()[0].version_text == "2147483647");
  for (const std::string_view odd :
       {"-1", "2147483648", "1.0", "1e2", "\"7\"", "true", "{}", "[]", "99999999999999999999"}) {
    INFO(odd);
    CHECK(version(odd).why() ==
          "the records of custom attributes: results[].version: expected a whole number from 0 to 2147483647");
  }
}

TEST_CASE("what is wrong with a listing of records is named", "[platform]") {
  struct Case {
    std::string_view text, why;
  };
  const Case cases[] = {
      {R"({"results":{}})", ": results: expected a list"},
      {R"({})", ": results: expected a list"},
      {R"({"else":1})", ": results: expected a list"},
      {R"({"results":[7]})", ": results[]: expected an object"},
      {R"({"results":[{}]})", ": results[].id: expected text"},
      {R"({"results":[{"id":""}]})", ": results[].id: expected text"},
      {R"({"results":[{"id":7}]})", ": results[].id: expected text"},
      {R"({"results":[{"id":"r","customAttributes":[]}]})", ": results[].customAttributes: expected an object"},
      {"", " is empty"},
  };
  for (const Case& each : cases) {
    INFO(each.text);
    const Read read(each.text);
    REQUIRE_FALSE(read.outcome);
    CHECK(read.outcome.error().code() == ErrorCode::malformed_response);
    CHECK(read.why() == "the records of custom attributes" + std::string(each.why));
  }
  std::string many = R"({"results":[{"id":"r"})";
  for (int i = 0; i < 1000; ++i) many.append(R"(,{"id":"r"})");
  CHECK(Read(many + "]}").why() == "the records of custom attributes: results: expected at most 1000");
}

TEST_CASE("writes of custom attributes are spelled as the platform reads them", "[platform]") {
  std::string members, out;
  platform::encode_transition_members(members, "A \"b\"", "2026-11-21T09:30:00.000Z", "t1", "");
  CHECK(
      members ==
      R"("ivr_state":"A \"b\"","flow_node":"A \"b\"","last_updated":"2026-11-21T09:30:00.000Z","transition_id":"t1")");
  platform::encode_transition_members(members, "B", "now", "t1", R"("n":1,"s":"x")");
  CHECK(members == R"("ivr_state":"B","flow_node":"B","last_updated":"now","transition_id":"t1","n":1,"s":"x")");

  CHECK(platform::encode_record_patch(out, "r\"1", 7, R"("a":1)") == 7);
  CHECK(out == R"({"id":"r\"1","version":7,"customAttributes":{"a":1}})");
  CHECK(platform::encode_record_patch(out, "r", std::nullopt, "") == 2);
  CHECK(out == R"({"id":"r","customAttributes":{}})");
  CHECK(platform::encode_record_patch(out, "r", std::numeric_limits<std::int32_t>::max(), "") == 2);
  CHECK(out == R"({"id":"r","version":2147483647,"customAttributes":{}})");
  CHECK(platform::encode_first_record(out, "r", "s\n", R"("a":{"b":[]})") == 14);
  CHECK(out == R"({"id":"r","schemaId":"s\n","version":0,"customAttributes":{"a":{"b":[]}}})");
}

TEST_CASE("a participant's attributes are texts", "[platform]") {
  CHECK(as_texts("") == R"({"attributes":{}})");
  CHECK(as_texts(R"("s":"x","n":1.50,"t":true,"o":{"a": ["b",null]},"l":[ ],"e":"")") ==
        R"({"attributes":{"s":"x","n":"1.50","t":"true","o":"{\"a\":[\"b\",null]}","l":"[]","e":""}})");
  CHECK(as_texts(R"("a\"b":"c\u0007\nd\u20ac")") == "{\"attributes\":{\"a\\\"b\":\"c\\u0007\\nd\xe2\x82\xac\"}}");
  CHECK(as_texts(R"("a")") == "invalid_argument");
  CHECK(as_texts(R"("a":1},{"b":2)") == "invalid_argument");
  CHECK(as_texts(R"("a":1}})") == "invalid_argument");
  CHECK(as_texts(R"("a":truth)") == "invalid_argument");
  CHECK(as_texts("\"a\":\"\xff\"") == "invalid_argument");
}

TEST_CASE("null is refused among a participant's attributes, by its name", "[platform]") {
  JsonReader reader;
  std::string out;
  const auto size = platform::encode_participant_attributes(out, R"("a":1,"b\u0041":null,"c":2)", reader);
  REQUIRE_FALSE(size);
  CHECK(size.error().code() == ErrorCode::validation_failed);
  REQUIRE(size.error().violations().size() == 1);
  CHECK(size.error().violations()[0].path == "bA");
  CHECK(size.error().violations()[0].value == "null");
  CHECK(out.empty());
  CHECK(as_texts(R"("a":{"b":null})") == R"({"attributes":{"a":"{\"b\":null}"}})");  // within a value it is text
}

TEST_CASE("of two versions of a record the platform's dialect knows the older one", "[platform][I4]") {
  const cloud::Platform dialect;
  CHECK(dialect.precedes("9@r-1", "10@r-1"));
  CHECK_FALSE(dialect.precedes("10@r-1", "9@r-1"));
  CHECK_FALSE(dialect.precedes("9@r-1", "9@r-1"));
  CHECK(dialect.precedes("new@r-1", "0@r-1"));
  CHECK_FALSE(dialect.precedes("0@r-1", "new@r-1"));
  CHECK_FALSE(dialect.precedes("new@r-1", "new@r-1"));
  CHECK_FALSE(dialect.precedes("9@r-2", "10@r-1"));  // of two records nothing is known
  CHECK_FALSE(dialect.precedes("new@r-2", "10@r-1"));
  CHECK(dialect.precedes("9@R-1", "10@r-1"));
  CHECK_FALSE(dialect.precedes("", "10@r-1"));
  CHECK_FALSE(dialect.precedes("9@r-1", ""));
  CHECK_FALSE(dialect.precedes("99999999999@r-1", "10@r-1"));
}
