// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include "job.hpp"

#include <algorithm>  // find
#include <utility>
#include <vector>

#include <patchbay/identifier.hpp>
#include <patchbay/json/write.hpp>

namespace patchbayctl {

namespace {

using patchbay::ErrorCode;
using patchbay::JsonValue;

/// Reads the members of one line. The first mistake is kept; the rest is read all the same, so that the result can name
/// the line's id.
class LineReading {
 public:
  LineReading(Job& job, std::string& vars) : job_(job), vars_(vars) {}

  simdjson::error_code operator()(std::string_view name, JsonValue value) {
    if (name == "conversation") name = "interaction";  // the platform's word
    simdjson::ondemand::json_type type;
    if (const auto error = value.type().get(type)) return error;
    const bool is_text = type == simdjson::ondemand::json_type::string;
    std::string text;
    if (is_text) {
      std::string_view view;
      if (const auto error = value.get_string().get(view)) return error;
      text = view;
    } else if (const auto error = patchbay::JsonReader::walk(value, text)) {
      return error;
    }
    if (std::find(seen_.begin(), seen_.end(), name) != seen_.end()) refuse(name, "is given twice");
    seen_.emplace_back(name);

    if (name == "id") {
      if (is_text) {
        patchbay::append_json_string(job_.id, text);
      } else if (type == simdjson::ondemand::json_type::number) {
        job_.id = text;
      } else {
        refuse(name, "expected a string or a number");
      }
    } else if (name == "vars") {
      vars_ = is_text ? "\"\"" : text;  // a string is no object, whatever it holds
    } else if (name == "deadline") {
      const auto number = is_text ? std::nullopt : patchbay::parse_json_number(text);
      if (!number || *number <= 0 || *number > 1e9)
        return refuse(name, "expected a positive number of seconds"), simdjson::SUCCESS;
      job_.deadline = std::chrono::ceil<patchbay::Duration>(std::chrono::duration<double>(*number));
    } else if (name == "priority") {
      job_.priority = std::move(text);  // a number, or text as on the command line
    } else if (!is_text) {
      refuse(name, "expected a string");
    } else if (name == "action") {
      action_ = std::move(text);
    } else if (name == "music") {
      job_.music = std::move(text);
    } else if (name == "prompt") {
      job_.prompt = std::move(text);
    } else if (std::string* const member = member_of(name)) {
      *member = std::move(text);
    } else {
      refuse(name, "is no member of a line");
    }
    return simdjson::SUCCESS;
  }

  /// Checks what the action needs.
  void finish() {
    job_.has_action = true;
    if (action_ == "transition") {
      need({"interaction", "flow", "from", "to"}, {"vars"});
    } else if (action_ == "hold") {
      job_.action = Command::hold;
      need({"interaction", "reason", "priority"}, {"music", "prompt"});
    } else if (action_ == "unhold") {
      job_.action = Command::unhold;
      need({"interaction", "priority"}, {});
    } else {
      job_.has_action = false;
      refuse("action", "expected transition, hold or unhold");
    }
  }

 private:
  using Names = std::initializer_list<std::string_view>;

  std::string* member_of(std::string_view name) {
    if (name == "interaction") return &job_.interaction;
    if (name == "flow") return &job_.flow;
    if (name == "from") return &job_.from;
    if (name == "to") return &job_.to;
    if (name == "reason") return &job_.reason;
    return nullptr;
  }
  void need(Names needed, Names allowed) {
    for (const std::string_view name : needed)
      if (std::find(seen_.begin(), seen_.end(), name) == seen_.end())
        refuse(name, std::string("is missing, and ").append(action_).append(" needs it"));
    for (const std::string& name : seen_) {
      const bool known = name == "id" || name == "action" || name == "deadline" ||
                         std::find(needed.begin(), needed.end(), name) != needed.end() ||
                         std::find(allowed.begin(), allowed.end(), name) != allowed.end();
      if (!known) refuse(name, std::string("is no member of ").append(action_));
    }
  }
  void refuse(std::string_view name, std::string_view why) {
    if (job_.refused) return;
    std::string message = "line " + std::to_string(job_.line) + ": ";
    patchbay::detail::append_shown(message, name);
    job_.refused.emplace(ErrorCode::invalid_argument, message.append(" ").append(why));
  }

  Job& job_;
  std::string& vars_;
  std::string action_;
  std::vector<std::string> seen_;
};

}  // namespace

Job job_of(const Options& options, patchbay::JsonReader& reader) {
  Job job;
  job.action = options.command;
  job.interaction = options.interaction.value_or("");
  job.flow = options.flow.value_or("");
  job.from = options.from.value_or("");
  job.to = options.to.value_or("");
  job.reason = options.reason.value_or("");
  job.priority = options.priority.value_or("");
  job.music = options.music;
  job.prompt = options.prompt;
  if (options.vars) {
    auto variables = patchbay::Variables::from_json(*options.vars, reader);
    if (variables) {
      job.variables = std::move(*variables);
    } else {
      job.refused = std::move(variables.error());
    }
  }
  for (const std::string& each : options.var) {
    const std::size_t equals = each.find('=');
    job.variables.text(std::string_view(each).substr(0, equals), std::string_view(each).substr(equals + 1));
  }
  return job;
}

Job job_of(std::string_view line, std::size_t number, patchbay::JsonReader& reader) {
  Job job;
  job.line = number;
  std::string vars;
  LineReading reading(job, vars);
  if (const auto read = reader.object(line, reading); !read) {
    job.has_action = false;
    job.refused.emplace(ErrorCode::invalid_argument,
                        "line " + std::to_string(number) +
                            ": expected one JSON object; the reader says: " + std::string(read.error().why));
    return job;
  }
  reading.finish();
  if (vars.empty()) return job;
  auto variables = patchbay::Variables::from_json(vars, reader);
  if (variables) {
    job.variables = std::move(*variables);
  } else if (!job.refused) {
    job.refused = std::move(variables.error());
  }
  return job;
}

}  // namespace patchbayctl
