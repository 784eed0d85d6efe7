// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/cloud/documents_dialect.hpp>

#include <string>
#include <vector>

#include <support/catch.hpp>

using namespace patchbay;

namespace {

/// The dialect's readers over one reader and one snapshot, used again and again as an operation does.
class Reading {
 public:
  bool interaction(std::string_view body, std::vector<HeaderView> headers = {}) {
    response.clear();
    for (const HeaderView& field : headers) response.headers.add(field.name, field.value);
    response.body.assign(body);
    return DocumentsDialect::parse_interaction(response, reader, snapshot).has_value();
  }
  bool echo(std::string_view body) {
    response.clear();
    response.body.assign(body);
    const bool fine = DocumentsDialect::parse_write_echo(response, reader, snapshot).has_value();
    transition_id = snapshot.transition_id;
    return fine;
  }
  bool grant(std::string_view body) {
    response.clear();
    response.body.assign(body);
    granted = DocumentsDialect::Grant{};
    return DocumentsDialect::parse_grant(response, reader, granted).has_value();
  }

  HttpResponse response;
  JsonReader reader;
  InteractionSnapshot snapshot;
  std::string transition_id;
  DocumentsDialect::Grant granted;
};

std::string deep(int depth) {
  return std::string(static_cast<std::size_t>(depth), '[') + std::string(static_cast<std::size_t>(depth), ']');
}

const std::string whole_interaction =
    R"({"id":"i-1","state":"connected","etag":"\"7\"","held":true,)"
    R"("routingData":{"orgId":"o-1","skillGroup":{"id":"s-1","name":"Gold"}},)"
    R"("customAttributes":{"ivr_state":"A","flow_node":"A","transition_id":"t-1","call_duration_seconds":5},)"
    R"("participants":[{"id":1}]})";
const std::string whole_grant = R"({"access_token":"tok","token_type":"Bearer","expires_in":3600,"scope":"a b"})";
const std::string whole_echo = R"({"id":"i-1","customAttributes":{"transition_id":"t-1","flow_node":"A"}})";

// Every kind of JSON value, and the text that is not one.
const std::vector<std::string> values{"null", "true", "5",  "-1.5e300", "\"text\"",
                                      "\"\"", "{}",   "[]", "[1]",      R"({"a":1})"};
const std::vector<std::string> broken{"nul", "tru", "+5", "01", "\"\\x\"", "\"\\ud800\"", "\"\xff\"", "\"\xc3\"", "{",
                                      "[",   "\"",  "",   "}",  "NaN",     "Infinity",    "'a'",      "\"a\nb\""};

}  // namespace

TEST_CASE("an interaction is read with everything that decisions are made by", "[dialect]") {
  Reading read;
  REQUIRE(read.interaction(whole_interaction));
  const InteractionSnapshot& s = read.snapshot;
  CHECK(s.id == "i-1");
  CHECK(s.state == "connected");
  CHECK(s.etag == "\"7\"");
  CHECK_FALSE(s.weak_etag);
  CHECK(s.organisation_id == "o-1");
  CHECK(s.skill_group_id == "s-1");
  CHECK(s.held == true);
  CHECK(s.has_flow_node);
  CHECK(s.flow_node == "A");
  CHECK(s.transition_id == "t-1");
  CHECK_FALSE(s.final());
  SECTION("and the next reading has nothing of it") {
    REQUIRE(read.interaction("{}"));
    CHECK((s.id.empty() && s.state.empty() && s.etag.empty() && s.organisation_id.empty() && s.skill_group_id.empty()));
    CHECK((s.flow_node.empty() && s.transition_id.empty() && !s.has_flow_node && !s.held && !s.weak_etag));
  }
  SECTION("and an unreadable one has nothing of it either") {
    CHECK_FALSE(read.interaction("<html>"));
    CHECK(s.etag.empty());
    CHECK(s.id.empty());
  }
}

TEST_CASE("the final states are the document's two, to the letter", "[dialect]") {
  Reading read;
  for (const char* state : {"closed", "abandoned"}) {
    REQUIRE(read.interaction(std::string(R"({"state":")") + state + "\"}"));
    CHECK(read.snapshot.final());
  }
  for (const char* state : {"Closed", "closed ", "connected", "", "disconnected", "close"}) {
    REQUIRE(read.interaction(std::string(R"({"state":")") + state + "\"}"));
    CHECK_FALSE(read.snapshot.final());
  }
}

TEST_CASE("an answer that was cut at any byte is an error, never half an interaction or half a token", "[dialect]") {
  Reading read;
  for (std::size_t size = 0; size < whole_interaction.size(); ++size) {
    INFO(size);
    CHECK_FALSE(read.interaction(whole_interaction.substr(0, size)));
  }
  for (std::size_t size = 0; size < whole_grant.size(); ++size) {
    INFO(size);
    CHECK_FALSE(read.grant(whole_grant.substr(0, size)));
  }
  CHECK(read.echo(""));
  for (std::size_t size = 1; size < whole_echo.size(); ++size) {
    INFO(size);
    CHECK_FALSE(read.echo(whole_echo.substr(0, size)));
  }
}

TEST_CASE("text behind the end, and texts that are no object, are errors", "[dialect]") {
  Reading read;
  for (const char* rest : {"x", "{}", "]", "}", ",", " 1", "\"\""}) {
    INFO(rest);
    CHECK_FALSE(read.interaction(whole_interaction + rest));
    CHECK_FALSE(read.grant(whole_grant + rest));
    CHECK_FALSE(read.echo(whole_echo + rest));
  }
  for (const std::string& value : values) {
    if (value.front() == '{') continue;
    INFO(value);
    CHECK_FALSE(read.interaction(value));
    CHECK_FALSE(read.grant(value));
    CHECK_FALSE(read.echo(value));
  }
  CHECK(read.interaction(" \t\r\n" + whole_interaction + " \t\r\n"));
}

TEST_CASE("a member of the wrong type is an error, null is as good as absent", "[dialect]") {
  Reading read;
  const auto is_text = [](const std::string& value) { return value.front() == '"'; };
  for (const std::string& value : values) {
    INFO(value);
    const bool null = value == "null", object = value.front() == '{';
    for (const char* name : {"id", "state", "etag"}) {
      INFO(name);
      CHECK(read.interaction(std::string("{\"") + name + "\":" + value + "}") == (null || is_text(value)));
    }
    CHECK(read.interaction(R"({"held":)" + value + "}") == (null || value == "true"));
    CHECK(read.snapshot.held.has_value() == (value == "true"));
    for (const char* name : {"routingData", "customAttributes"}) {
      INFO(name);
      CHECK(read.interaction(std::string("{\"") + name + "\":" + value + "}") == (null || object));
    }
    CHECK(read.interaction(R"({"routingData":{"orgId":)" + value + "}}") == (null || is_text(value)));
    CHECK(read.interaction(R"({"routingData":{"skillGroup":)" + value + "}}") == (null || object));
    CHECK(read.interaction(R"({"routingData":{"skillGroup":{"id":)" + value + "}}}") == (null || is_text(value)));
    CHECK(read.interaction(R"({"somethingElse":)" + value + "}"));
    CHECK(read.echo(R"({"transition_id":)" + value + "}") == (null || is_text(value)));
    CHECK(read.echo(R"({"customAttributes":)" + value + "}") == (null || object));

    CHECK(read.grant(R"({"access_token":)" + value + "}") == (value == "\"text\""));
    CHECK(read.grant(R"({"access_token":"t","scope":)" + value + "}") == (null || is_text(value)));
    CHECK(read.grant(R"({"access_token":"t","token_type":)" + value + "}") == (null || value == "\"\""));
    CHECK(read.grant(R"({"access_token":"t","expires_in":)" + value + "}") == (null || value == "5"));
  }
}

TEST_CASE("a member that is read and is no JSON is an error", "[dialect]") {
  Reading read;
  for (const std::string& value : broken) {
    INFO(value);
    for (const char* name : {"id", "state", "held", "routingData", "customAttributes"}) {
      INFO(name);
      CHECK_FALSE(read.interaction(std::string("{\"") + name + "\":" + value + "}"));
    }
    CHECK_FALSE(read.interaction(R"({"customAttributes":{"flow_node":)" + value + "}}"));
    CHECK_FALSE(read.interaction(R"({"customAttributes":{"transition_id":)" + value + "}}"));
    CHECK_FALSE(read.echo(R"({"customAttributes":{"transition_id":)" + value + "}}"));
    CHECK_FALSE(read.grant(R"({"access_token":)" + value + "}"));
    CHECK_FALSE(read.grant(R"({"access_token":"t","expires_in":)" + value + "}"));
  }
}

TEST_CASE("bytes that are no UTF-8 are refused, in the members that are read and in those that are not",
          "[dialect][A24]") {
  Reading read;
  for (const char* bad : {"\xff", "\xc0\xaf", "\xed\xa0\x80", "\xf5\x80\x80\x80", "\xe2\x82"}) {
    CHECK_FALSE(read.interaction(R"({"id":")" + std::string(bad) + "\"}"));
    CHECK_FALSE(read.interaction(R"({"other":")" + std::string(bad) + "\"}"));
    CHECK_FALSE(read.interaction("{\"" + std::string(bad) + "\":1}"));
    CHECK_FALSE(read.grant(R"({"access_token":"t","x":")" + std::string(bad) + "\"}"));
  }
}

TEST_CASE("depth is no way in", "[dialect]") {
  Reading read;
  for (const int depth : {10, 63, 64, 1000, 100'000}) {
    INFO(depth);
    // Skipped or refused, never overflowing: what nobody reads is not walked.
    (void)read.interaction(R"({"id":"i","other":)" + deep(depth) + "}");
    CHECK(read.interaction(R"({"customAttributes":{"transition_id":)" + deep(depth) + "}}") ==
          (depth <= max_json_depth));
    CHECK(read.echo(R"({"customAttributes":{"transition_id":)" + deep(depth) + "}}") == (depth <= max_json_depth));
    CHECK_FALSE(read.interaction(R"({"id":)" + deep(depth) + "}"));
    CHECK_FALSE(read.grant(R"({"access_token":)" + deep(depth) + "}"));
    CHECK_FALSE(read.interaction(deep(depth)));
  }
}

TEST_CASE("of a member that is there twice the last counts", "[dialect]") {
  Reading read;
  REQUIRE(read.interaction(
      R"({"id":"a","id":"b","state":"x","state":null,"customAttributes":{"transition_id":"1","flow_node":"A",)"
      R"("flow_node":"B"},"customAttributes":{"transition_id":"2"}})"));
  CHECK(read.snapshot.id == "b");
  CHECK(read.snapshot.state.empty());
  CHECK(read.snapshot.transition_id == "2");
  CHECK(read.snapshot.flow_node == "B");
  REQUIRE(read.grant(R"({"access_token":"a","access_token":"b","expires_in":1,"expires_in":2})"));
  CHECK(read.granted.access_token.reveal() == "b");
  CHECK(read.granted.expires_in == 2);
  CHECK_FALSE(read.grant(R"({"access_token":"a","access_token":""})"));
  CHECK_FALSE(read.grant(R"({"access_token":"a","expires_in":2,"expires_in":-2})"));
}

TEST_CASE("what other writers put into our attributes is kept as its JSON text, so that it can be compared",
          "[dialect][I4]") {
  Reading read;
  struct Row {
    const char* value;
    const char* kept;
  };
  for (const Row& row : {Row{"5", "5"}, Row{" 1.50 ", "1.50"}, Row{"true", "true"}, Row{"[ 1 , 2 ]", "[1,2]"},
                         Row{"{ \"a\" : null }", R"({"a":null})"}, Row{R"("\u0041\n")", "A\n"}, Row{"\"\"", ""}}) {
    INFO(row.value);
    REQUIRE(read.interaction(R"({"customAttributes":{"flow_node":)" + std::string(row.value) + R"(,"transition_id":)" +
                             row.value + "}}"));
    CHECK(read.snapshot.flow_node == row.kept);
    CHECK(read.snapshot.has_flow_node);
    CHECK(read.snapshot.transition_id == row.kept);
    REQUIRE(read.echo(R"({"customAttributes":{"transition_id":)" + std::string(row.value) + "}}"));
    CHECK(read.transition_id == row.kept);
  }
}

TEST_CASE("an attribute that is null was written by nobody", "[dialect][A34]") {
  Reading read;
  REQUIRE(read.interaction(R"({"customAttributes":{"flow_node":null,"transition_id":null}})"));
  CHECK_FALSE(read.snapshot.has_flow_node);
  CHECK(read.snapshot.transition_id.empty());
  REQUIRE(read.echo(R"({"customAttributes":{"transition_id":null}})"));
  CHECK(read.transition_id.empty());  // an answer that echoes none is accepted
}

TEST_CASE("an answer to a write may be empty, and a stale echo is not left over", "[dialect][A34]") {
  Reading read;
  REQUIRE(read.echo(whole_echo));
  CHECK(read.transition_id == "t-1");
  for (const char* nothing :
       {"", " ", "\r\n", "\t \n", "{}", R"({"customAttributes":{}})", R"({"customAttributes":null})"}) {
    read.transition_id = "left over";
    REQUIRE(read.echo(nothing));
    CHECK(read.transition_id.empty());
  }
  for (const char* other : {"<html>", "OK", "null", "[]", "\v"}) {
    read.transition_id = "left over";
    CHECK_FALSE(read.echo(other));
    CHECK(read.transition_id.empty());
  }
  REQUIRE(read.echo(R"({"transition_id":"top"})"));
  CHECK(read.transition_id == "top");
}

TEST_CASE("the ETag's header goes before the body's, and only a strong one can lock", "[dialect][A3]") {
  Reading read;
  REQUIRE(read.interaction(R"({"etag":"\"body\""})", {{"etag", "\"head\""}}));
  CHECK(read.snapshot.etag == "\"head\"");
  REQUIRE(read.interaction(R"({"etag":"\"body\""})", {{"ETag", "W/\"head\""}}));
  CHECK(read.snapshot.etag.empty());  // the server said that its tag is weak; its body does not unsay it
  CHECK(read.snapshot.weak_etag);
  REQUIRE(read.interaction(R"({"etag":"W/\"body\""})"));
  CHECK(read.snapshot.etag.empty());
  CHECK(read.snapshot.weak_etag);
  for (const char* none : {"{}", R"({"etag":null})", R"({"etag":""})"}) {
    REQUIRE(read.interaction(none));
    CHECK(read.snapshot.etag.empty());
    CHECK_FALSE(read.snapshot.weak_etag);
  }
  REQUIRE(read.interaction(R"({"etag":"17"})"));
  CHECK(read.snapshot.etag == "17");
}

TEST_CASE("over every short text of the dangerous bytes, a strong ETag is what RFC 9110 calls one, or a bare word",
          "[dialect][A3]") {
  const std::string alphabet("\"*W/w,a \r\x7f\x80\x00", 12);
  const auto is_bad = [](char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f || c == '"'; };
  std::vector<std::string> texts{""};
  std::size_t begin = 0, strong = 0;
  for (int length = 0; length <= 5; ++length) {
    const std::size_t end = texts.size();
    for (std::size_t i = begin; i < end; ++i) {
      const std::string& text = texts[i];
      bool expected = false;
      if (text.size() >= 2 && text.front() == '"' && text.back() == '"') {
        expected = true;
        for (const char c : text.substr(1, text.size() - 2)) expected = expected && !is_bad(c);
      } else if (!text.empty() && text != "*") {
        expected = true;
        for (const char c : text) expected = expected && !is_bad(c) && c != ',';
        if (text.size() >= 2 && (text[0] == 'W' || text[0] == 'w') && text[1] == '/') expected = false;
      }
      if (is_strong_etag(text) != expected) FAIL_CHECK("wrong about " << text);
      strong += expected ? 1U : 0U;
    }
    if (length == 5) break;
    for (std::size_t i = begin; i < end; ++i)
      for (const char c : alphabet) texts.push_back(texts[i] + c);
    begin = end;
  }
  CHECK(texts.size() == 1 + 12 + 144 + 1728 + 20736 + 248832);
  CHECK(strong > 1000);
  CHECK(is_strong_etag("\"" + std::string(510, 'a') + "\""));
  CHECK_FALSE(is_strong_etag("\"" + std::string(511, 'a') + "\""));
}

TEST_CASE("lifetimes and tokens that no client should trust are refused", "[dialect][A13]") {
  Reading read;
  for (const char* lifetime : {"0", "-1", "-0.0", "1e999", "\"3600\"", "[3600]", "1e-400"}) {
    INFO(lifetime);
    CHECK_FALSE(read.grant(std::string(R"({"access_token":"t","expires_in":)") + lifetime + "}"));
  }
  REQUIRE(read.grant(R"({"access_token":"t","expires_in":0.5})"));
  CHECK(read.granted.expires_in == 0.5);
  REQUIRE(read.grant(R"({"access_token":"t"})"));
  CHECK(read.granted.expires_in < 0);
  CHECK_FALSE(read.granted.has_scope);
  REQUIRE(read.grant(R"({"access_token":"t","scope":""})"));
  CHECK(read.granted.has_scope);  // granted nothing, which is not the same as not saying
  for (const char* token : {"a b", "a\\tb", "a\\r\\nX: y", "\\u0000", "\\u007f", "\\u00e9"}) {
    INFO(token);
    CHECK_FALSE(read.grant(std::string(R"({"access_token":")") + token + "\"}"));
  }
  for (const char* type : {"bearer", "BEARER", "Bearer"})
    CHECK(read.grant(std::string(R"({"access_token":"t","token_type":")") + type + "\"}"));
  for (const char* type : {"mac", "bearer ", "Basic"})
    CHECK_FALSE(read.grant(std::string(R"({"access_token":"t","token_type":")") + type + "\"}"));
}

TEST_CASE("the size of the attributes is that of the object as it is sent", "[dialect][A24]") {
  const std::string around = R"({"customAttributes":})";
  for (const char* node : {"A", "N\xc3\xa4he \"x\"\n", ""})
    for (const char* variables : {"", R"("a":1)", R"("a":"\u00e4","b":{"c":[1,2]})"}) {
      std::string out = "left over";
      const std::size_t size = DocumentsDialect::encode_transition(out, node, "2026-01-01T00:00:00.000Z", "t-1", variables);
      CHECK(out.size() == size + around.size());
      REQUIRE(out.starts_with(R"({"customAttributes":{)"));
      CHECK(out.substr(20, size).back() == '}');
      JsonReader reader;
      std::string minified;
      REQUIRE(reader.minify(out, minified));
      CHECK(minified == out);
      Reading read;
      REQUIRE(read.interaction(out));
      CHECK(read.snapshot.flow_node == node);
      CHECK(read.snapshot.transition_id == "t-1");
      CHECK(std::string(variables).empty() == (out.find("\"t-1\"}") != std::string::npos));
      if (*variables != '\0') CHECK(out.find(std::string(",") + variables + "}}") != std::string::npos);
    }
}

TEST_CASE("identifiers are percent-encoded into addresses, below the API's own path", "[dialect][A18]") {
  std::string out = "left over";
  const auto plain = Endpoint::parse("https://host", "url");
  const auto below = Endpoint::parse("https://host/genesys", "url");
  REQUIRE((plain && below));
  DocumentsDialect::interaction_target(out, *plain, "i-1._~");
  CHECK(out == "/api/v2/interactions/i-1._~");
  DocumentsDialect::interaction_target(out, *plain, "../a?b#c/ %\r\n\xc3\xa4");
  CHECK(out == "/api/v2/interactions/..%2Fa%3Fb%23c%2F%20%25%0D%0A%C3%A4");
  DocumentsDialect::flow_target(out, *below, "f");
  CHECK(out == "/genesys/api/v2/flows/f");
}
