// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "work.hpp"

// The inputs: what is measured, and what all sides must agree about first.
namespace patchbay::benchmarks {

struct HoldCase {
  std::string label;
  Hold command;
  bool accepted;
};

struct TextCase {
  std::string label;
  std::string text;
  bool accepted;
  unsigned needs = sees_all;  ///< A side that is blind to this is not asked.
};

inline constexpr std::string_view interaction_id = "550e8400-e29b-41d4-a716-446655440000";

inline const Hold measured_hold{interaction_id, "consultation", 5, "hold_music_standard.wav",
                                "please_remain_on_the_line.wav"};

inline const std::string measured_variables =
    R"({"customer_tier":"enterprise","call_duration_seconds":"145","requires_supervisor":"true",)"
    R"("account_balance":1520.75,"language":"de-DE","conversation_id":"3fa1c8d2-77aa-4c55-9a0e-1f1d2b7c9e10",)"
    R"("note":"Frau Größe asked about \"invoice 4711\"\nand wants a call back",)"
    R"("routing_metadata":{"queue": "billing_team", "priority": "high", "skills": ["billing", "german"], )"
    R"("attempts": 2}})";

inline const std::string measured_answer =
    R"({"id":"550e8400-e29b-41d4-a716-446655440000","state":"connected","version":7,)"
    R"("routingData":{"skillGroup":{"id":"3fa1c8d2-77aa-4c55-9a0e-1f1d2b7c9e10","name":"Billing – Zürich"},)"
    R"("orgId":"0f2ac5b1-8a37-4b1e-b1aa-4c2f0a6d9e77","priority":3},)"
    R"("participants":[{"purpose":"customer","muted":false},{"purpose":"ivr","muted":false}],)"
    R"("customAttributes":{"ivr_state":"MainMenu","flow_node":"MainMenu","last_updated":"2026-03-01T12:34:56.789Z",)"
    R"("transition_id":"9b2e4c1d-6f70-4b6a-8c3e-5d1f0a9b8c7d","customer_tier":"enterprise",)"
    R"("call_duration_seconds":145,"requires_supervisor":false},"held":false})";

/// `text` with the first `from` in it replaced.
inline std::string with(std::string text, std::string_view from, std::string_view to) {
  return text.replace(text.find(from), from.size(), to);
}

inline const std::string longest_media = std::string(124, 'a') + ".wav",
                         too_long_media = std::string(125, 'a') + ".wav";

inline std::vector<HoldCase> hold_cases() {
  const auto changed = [](auto change) {
    Hold out = measured_hold;
    change(out);
    return out;
  };
  std::vector<HoldCase> out{{"what is measured", measured_hold, true}};
  const auto id = [&](std::string label, std::string_view value, bool accepted) {
    out.push_back({std::move(label), changed([&](Hold& hold) { hold.interaction = value; }), accepted});
  };
  id("a UUID in capitals", "550E8400-E29B-41D4-A716-446655440ABC", true);
  id("a UUID that is too short", "550e8400-e29b-41d4-a716-44665544000", false);
  id("a UUID with another letter", "550e8400-e29b-41d4-a716-44665544000g", false);
  id("a UUID with a dash too many", "550e8400-e29b-41d4-a716-4466-5440000", false);
  id("a UUID with a dash elsewhere", "550e840-0e29b-41d4-a716-446655440000", false);
  id("no interaction", "", false);
  const auto reason = [&](std::string_view value, bool accepted) {
    out.push_back({"the reason " + std::string(value), changed([&](Hold& hold) { hold.reason = value; }), accepted});
  };
  for (const std::string_view each : {"queueing", "consultation", "system_issue", "agent_break"}) reason(each, true);
  reason("coffee", false);
  reason("", false);
  reason("Queueing", false);
  for (const int priority : {-1, 0, 9, 10})
    out.push_back({"the priority " + std::to_string(priority), changed([&](Hold& hold) { hold.priority = priority; }),
                   priority >= 0 && priority <= 9});
  out.push_back({"no media", changed([](Hold& hold) { hold.music = hold.prompt = std::nullopt; }), true});
  out.push_back({"music alone", changed([](Hold& hold) { hold.prompt = std::nullopt; }), true});
  const auto media = [&](std::string_view value, bool accepted) {
    out.push_back({"the music " + std::string(value), changed([&](Hold& hold) { hold.music = value; }), accepted});
    out.push_back({"the prompt " + std::string(value), changed([&](Hold& hold) { hold.prompt = value; }), accepted});
  };
  for (const std::string_view each : {"a.WAV", "a.b.mp3", "x.ogg", "x.opus", "x.flac", "x.aac", "x.m4a", "x.wma",
                                      "x.au", "x.ulaw", "x.alaw", "-_.wav", "A_long-name.with.dots.0123456789.Opus"})
    media(each, true);
  for (const std::string_view each : {"", ".wav", "wav", "x.wav.exe", "../x.wav", "a b.wav", "x.wave", "x.", "x.au\"",
                                      "hold_müsic_standard.wav", "a_long_name_with_a/slash.wav"})
    media(each, false);
  media(longest_media, true);
  media(too_long_media, false);
  return out;
}

inline std::vector<TextCase> variable_cases() {
  const std::string& all = measured_variables;
  const auto tier = [&](std::string_view to) { return with(all, R"("enterprise")", to); };
  const auto duration = [&](std::string_view to) { return with(all, R"("145")", to); };
  const auto truth = [&](std::string_view to) { return with(all, R"("true")", to); };
  const auto balance = [&](std::string_view to) { return with(all, "1520.75", to); };
  const auto inner = [&](std::string_view to) {
    return with(all, R"("attempts": 2)", std::string(R"("attempts": )").append(to));
  };
  const auto metadata = [&](std::string_view to) {
    return all.substr(0, all.find(R"({"queue")")).append(to).append("}");
  };
  const auto note = [&](std::string_view to) {
    const std::size_t at = all.find(R"("Frau)"), end = all.find(R"(,"routing)");
    return std::string(all).replace(at, end - at, to);
  };
  const auto quoted = [](const std::string& text) { return '"' + text + '"'; };
  const auto nested = [](std::size_t depth) {  // objects and arrays, the outermost included
    return R"({"a":)" + std::string(depth - 1, '[') + std::string(depth - 1, ']') + "}";
  };
  return {
      {"what is measured", all, true},
      {"white space", with(with(all, ":", " :\t\n"), ",", " ,\r\n") + " \n", true},
      {"another order", with(with(with(all, "customer_tier", "\1"), "language", "customer_tier"), "\1", "language"),
       false},
      {"the note first", R"({"note":"n",)" + with(note(""), R"("note":,)", "").substr(1), true},
      {"no note", with(note(""), R"("note":,)", ""), true},
      {"a note of null", note("null"), true},
      {"types as JSON", truth("false").replace(truth("false").find(R"("145")"), 5, "145"), true},
      {"1 for true", truth("1"), true},
      {"the text 0 for false", truth(R"("0")"), true},
      {"a balance as text", balance(R"("-0.5e3")"), true},
      {"a duration of -0", duration("-0"), true},
      {"the longest duration", duration("86400"), true},
      {"an object as text", metadata(R"("{\"a\": [1, \"\\u00e9\"]}")"), true},
      {"an empty object", metadata("{ }"), true},
      {"the longest note", note(quoted(std::string(120, 'n'))), true},
      {"a short note in long escapes", note(R"("\ud83d\ude00\u00e9\u0041\/\b\f\n\r\t\\")"), true},
      {"a key in escapes", with(all, "customer_tier", R"(customer\u005ftier)"), true},
      {"a UUID in escapes", with(all, "3fa1", R"(3f\u00611)"), true},
      {"the deepest object", metadata(nested(64)), true, depth},

      {"nothing", "", false},
      {"white space alone", "  ", false},
      {"an array", "[1]", false},
      {"a text", R"("x")", false},
      {"an empty set of variables", "{}", false},
      {"an object that does not end", all.substr(0, all.size() - 1), false},
      {"text behind the end", all + "x", false},
      {"a second object behind the end", all + all, false},
      {"a comma too many", with(all, R"("true",)", R"("true",,)"), false},
      {"a comma at the end", all.substr(0, all.size() - 1) + ",}", false},
      {"no colon", with(all, R"("language":)", R"("language")"), false},
      {"an unknown variable", with(all, "{", R"({"shoe_size":42,)"), false},
      {"an unknown variable of nothing", with(all, "{", R"({"":42,)"), false},
      {"a variable twice", with(all, "{", R"({"customer_tier":"gold",)"), false, duplicates},
      {"a variable twice, once in escapes", with(all, "{", R"({"customer\u005ftier":"gold",)"), false, duplicates},
      {"no language", with(all, R"("language":"de-DE",)", ""), false},
      {"a tier of null", tier("null"), false},
      {"a tier that is a number", tier("5"), false},
      {"a tier that is an object", tier("{}"), false},
      {"a duration with a unit", duration(R"("145s")"), false},
      {"a duration with a space", duration(R"(" 145")"), false},
      {"a duration with a plus", duration(R"("+145")"), false},
      {"a duration in hexadecimal", duration(R"("0x91")"), false},
      {"a duration with a leading zero", duration(R"("0145")"), false},
      {"an empty duration", duration(R"("")"), false},
      {"a duration with a fraction", duration("145.5"), false},
      {"a duration that is too long", duration(R"("86401")"), false},
      {"a negative duration", duration("-1"), false},
      {"a duration that is true", duration("true"), false},
      {"a supervisor of yes", truth(R"("yes")"), false},
      {"a supervisor in capitals", truth(R"("TRUE")"), false},
      {"a supervisor of 2", truth("2"), false},
      {"a supervisor of null", truth("null"), false},
      {"a word that is none", truth("tru"), false},
      {"a balance that is no number", balance(R"("much")"), false},
      {"a balance beyond doubles, as text", balance(R"("1e400")"), false},
      {"a balance beyond doubles", balance("1e400"), false},
      {"a balance of NaN", balance(R"("NaN")"), false},
      {"a balance that ends in a dot", balance("1520."), false},
      {"a balance that begins with a dot", balance(R"(".5")"), false},
      {"another language", with(all, "de-DE", "de-AT"), false},
      {"a language in small letters", with(all, "de-DE", "de-de"), false},
      {"a conversation that is no UUID", with(all, "3fa1c8d2-", "3fa1c8d2+"), false},
      {"a note that is too long", note(quoted(std::string(121, 'n'))), false},
      {"a note that is too long in UTF-8", note(quoted(std::string(119, 'n') + "é")), false},
      {"a note that is no UTF-8", note("\"caf\xe9\""), false},
      {"an overlong sequence", note("\"\xc0\xaf\""), false},
      {"a surrogate in UTF-8", note("\"\xed\xa0\x80\""), false},
      {"half a surrogate pair", note(R"("\ud83d")"), false, lone_surrogates},
      {"the other half", note(R"("\ude00")"), false, lone_surrogates},
      {"an escape that is none", note(R"("\x41")"), false},
      {"a short escape", note(R"("\u41")"), false},
      {"a control character", note("\"a\nb\""), false},
      {"metadata that is an array", metadata("[]"), false},
      {"metadata that is text", metadata(R"("billing")"), false},
      {"metadata that is null", metadata("null"), false},
      {"metadata as text that does not end", metadata(R"("{\"a\":1")"), false},
      {"metadata with a number that is none", inner("02"), false},
      {"metadata with a number beyond doubles", inner("1e999"), false},
      {"metadata with a word that is none", inner("nil"), false},
      {"metadata with text that is no UTF-8", inner("\"\xff\""), false},
      {"metadata with half a surrogate pair", inner(R"("\ud83dx")"), false, lone_surrogates},
      {"metadata with the other half", inner(R"("\ude00")"), false, lone_surrogates},
      {"metadata with a control character", inner("\"\t\""), false},
      {"metadata without a colon", inner(R"(2, "x" 1)"), false},
      {"metadata with a comma too many", inner("2,"), false},
      {"metadata that is too deep", metadata(nested(65)), false, depth},
  };
}

inline std::vector<TextCase> answer_cases() {
  const std::string& all = measured_answer;
  return {
      {"what is measured", all, true},
      {"held null", with(all, R"("held":false)", R"("held":null)"), true},
      {"no held", with(all, R"(,"held":false)", ""), true},
      {"white space", with(with(all, ":", " :\n"), ",", "\t,\r\n") + "\n", true},
      {"escapes", with(all, "connected", R"(conn\u0065cted)"), true},
      {"nothing", "", false},
      {"an array", "[]", false},
      {"text behind the end", all + "]", false},
      {"an answer that was cut", all.substr(0, all.size() - 20), false},
      {"no id", with(all, R"("id":"550e8400-e29b-41d4-a716-446655440000",)", ""), false},
      {"no state", with(all, R"("state":"connected",)", ""), false},
      {"a state that is a number", with(all, R"("connected")", "7"), false},
      {"no group's name", with(all, R"(,"name":"Billing – Zürich")", ""), false},
      {"a group that is text",
       with(all, R"({"id":"3fa1c8d2-77aa-4c55-9a0e-1f1d2b7c9e10","name":"Billing – Zürich"})", R"("x")"), false},
      {"no attributes",
       with(all,
            all.substr(all.find(R"("customAttributes")"), all.find(R"("held")") - all.find(R"("customAttributes")")),
            ""),
       false},
      {"a duration that is no number", with(all, ":145", ":[145]"), false},
      {"a supervisor that is no boolean", with(all, R"("requires_supervisor":false)", R"("requires_supervisor":{})"),
       false},
      {"a name that is no UTF-8", with(all, "Zürich", "Z\xfcrich"), false},
      {"a number that is none, skipped", with(all, R"("version":7)", R"("version":7.)"), false, skipped_values},
  };
}

}  // namespace patchbay::benchmarks
