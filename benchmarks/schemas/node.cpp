// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

#include "node.hpp"

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include <stdlib.h>  // mkstemp
#include <unistd.h>

#include <patchbay/json/read.hpp>
#include <patchbay/json/write.hpp>

#include "cases.hpp"

namespace patchbay::benchmarks {
namespace {

/// Inputs need not be UTF-8, which JSON must be.
std::string hex(std::string_view bytes) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string out;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out.push_back(digits[byte >> 4]);
    out.push_back(digits[byte & 15]);
  }
  return out;
}

std::string work_for_node(int calls, int batches) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().member("calls", calls).member("batches", batches);
  json.key("hold").begin_array();
  for (const HoldCase& each : hold_cases()) {
    json.begin_object().member("interactionId", each.command.interaction).member("holdReason", each.command.reason);
    json.member("priority", each.command.priority);
    if (each.command.music) json.member("holdMusic", *each.command.music);
    if (each.command.prompt) json.member("holdPrompt", *each.command.prompt);
    json.end_object();
  }
  json.end_array().key("coerce").begin_array();
  for (const TextCase& each : variable_cases()) json.value(hex(each.text));
  json.end_array().key("decode").begin_array();
  for (const TextCase& each : answer_cases()) json.value(hex(each.text));
  json.end_array().end_object();
  return out;
}

/// What `command` prints when it is given `input`; nothing when it fails.
std::string output_of(const std::string& command, std::string_view input) {
  char path[] = "/tmp/patchbay_benchmark_XXXXXX";
  const int file = mkstemp(path);
  if (file < 0) return {};
  std::string out;
  const bool written = write(file, input.data(), input.size()) == static_cast<ssize_t>(input.size());
  close(file);
  if (std::FILE* const pipe = written ? popen((command + " < " + path).c_str(), "r") : nullptr) {
    char piece[4096];
    while (const std::size_t got = std::fread(piece, 1, sizeof piece, pipe)) out.append(piece, got);
    if (pclose(pipe) != 0) out.clear();
  }
  unlink(path);
  return out;
}

namespace dom = simdjson::dom;

std::vector<std::string> texts(dom::element side, std::string_view key) {
  std::vector<std::string> out;
  dom::array all;
  if (side[key].get_array().get(all)) return out;
  for (const dom::element each : all) {
    std::string_view text;
    out.emplace_back(each.get_string().get(text) ? std::string_view() : text);
  }
  return out;
}

double number(dom::element side, std::string_view key) {
  double out = 0;
  return side[key].get_double().get(out) ? 0 : out;
}

}  // namespace

NodeSides run_node(int calls, int batches) {
  NodeSides out;
  const std::string command = "node '" PATCHBAY_NODE_SCRIPT "' '" PATCHBAY_NODE_MODULES "'";
  if (std::system("command -v node > /dev/null") != 0) {
    out.why_not = "there is no node";
    return out;
  }
  const std::string answer = output_of(command, work_for_node(calls, batches));
  dom::parser parser;
  dom::element document;
  dom::array sides;
  if (parser.parse(answer).get(document) || document["sides"].get_array().get(sides)) {
    out.why_not = answer.empty() ? "the script failed" : answer.substr(0, answer.find('\n'));
    return out;
  }
  for (const dom::element side : sides) {
    NodeSide& made = out.sides.emplace_back();
    std::string_view name;
    if (!side["name"].get_string().get(name)) made.name = name;
    made.blind = static_cast<unsigned>(number(side, "blind"));
    made.hold = texts(side, "hold"), made.coerce = texts(side, "coerce"), made.decode = texts(side, "decode");
    made.hold_nanoseconds = number(side, "holdNanoseconds");
    made.coerce_nanoseconds = number(side, "coerceNanoseconds");
    made.decode_nanoseconds = number(side, "decodeNanoseconds");
  }
  return out;
}

}  // namespace patchbay::benchmarks
