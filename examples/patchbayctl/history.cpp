// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include "history.hpp"

#include <charconv>
#include <cstdio>
#include <utility>

#include <boost/crc.hpp>

#include <patchbay/journal/file_storage.hpp>
#include <patchbay/journal/show.hpp>
#include <patchbay/json/read.hpp>
#include <patchbay/json/write.hpp>
#include <patchbay/observe/redact.hpp>

#include "recorder.hpp"

namespace patchbayctl {

namespace {

using patchbay::ErrorCode;
using patchbay::JsonValue;

constexpr std::string_view prefix = "run ";

std::string sum_of(std::string_view text) {
  boost::crc_32_type sum;
  sum.process_bytes(text.data(), text.size());
  char digits[9];
  std::snprintf(digits, sizeof digits, "%08x", static_cast<unsigned>(sum.checksum()));
  return digits;
}

/// A label in its parts; nothing when it is another's.
struct Label {
  std::uint64_t run = 0, line = 0;
  std::string_view sum, job;
};
std::optional<Label> parse_label(std::string_view text) {
  Label out;
  if (!text.starts_with(prefix)) return std::nullopt;
  text.remove_prefix(prefix.size());
  for (std::uint64_t* const number : {&out.run, &out.line}) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *number);
    if (error != std::errc{} || end == text.data() + text.size() || *end != ' ') return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()) + 1);
  }
  if (text.size() < 9 || text[8] != ' ') return std::nullopt;
  out.sum = text.substr(0, 8);
  out.job = text.substr(9);
  return out;
}

/// What a line of the journal says of an intent.
class Record {
 public:
  std::string kind, operation, interaction, label;
  std::uint64_t position = 0, about = 0;
  Ending ending;

  /// False for a record of another kind, and for what is none.
  bool read(std::string_view line, patchbay::JsonReader& reader) {
    kind.clear(), operation.clear(), interaction.clear(), label.clear();
    position = about = 0;
    ending = {};
    const bool fine = reader
                          .object(line,
                                  [this](std::string_view name, JsonValue value) -> simdjson::error_code {
                                    if (name == "position") return value.get_uint64().get(position);
                                    if (name == "intent") return value.get_uint64().get(about);
                                    std::string* const text = name == "kind"          ? &kind
                                                              : name == "operation"   ? &operation
                                                              : name == "interaction" ? &interaction
                                                              : name == "detail"      ? &label
                                                              : name == "outcome"     ? &ending.outcome
                                                              : name == "resolvedBy"  ? &ending.resolved_by
                                                              : name == "errorCode"   ? &ending.error_code
                                                                                      : nullptr;
                                    std::string_view view;
                                    // A text that is no UTF-8 stands there in another form; none of these is.
                                    if (text != nullptr && value.get_string().get(view) == simdjson::SUCCESS)
                                      text->assign(view);
                                    return simdjson::SUCCESS;
                                  })
                          .has_value();
    return fine && (kind == "intent" || kind == "terminal" || kind == "recovery");
  }
};

template <class Take>
patchbay::Result<void> each_record(const std::string& folder, Take&& take) {
  auto storage = patchbay::FileStorage::open(folder, patchbay::FileStorage::Access::read);
  if (!storage) return patchbay::fail(std::move(storage.error()));
  patchbay::JsonReader reader;
  Record record;
  const auto listing = patchbay::write_json_lines(**storage, [&](std::string_view line) {
    if (record.read(line, reader)) take(record);
  });
  if (!listing) return patchbay::fail(listing.error());
  return {};
}

}  // namespace

patchbay::Result<std::map<std::uint64_t, Ending>> read_endings(const std::string& folder) {
  std::map<std::uint64_t, Ending> out;
  auto read = each_record(folder, [&](const Record& record) {
    if (record.kind != "intent") out.insert_or_assign(record.about, record.ending);  // a recovery follows its terminal
  });
  if (!read) return patchbay::fail(std::move(read.error()));
  return out;
}

std::string label_of(std::uint64_t run, std::uint64_t line, std::string_view text, std::string_view job) {
  std::string out(prefix);
  out.append(std::to_string(run)).append(" ").append(std::to_string(line)).append(" ");
  return out.append(sum_of(text)).append(" ").append(job);
}

patchbay::Result<History> History::read(const std::string& folder, std::string_view job) {
  History out;
  std::map<std::uint64_t, std::uint64_t> lines;  // by the positions of their intents
  auto read = each_record(folder, [&](const Record& record) {
    if (record.kind != "intent") {
      if (const auto found = lines.find(record.about); found != lines.end())
        out.lines_[found->second].past.ending = record.ending;
      return;
    }
    const std::optional<Label> label = parse_label(record.label);
    if (!label || label->job != job || label->run < out.run_) return;
    if (label->run > out.run_) {
      out = History{};
      lines.clear();
      out.run_ = label->run;
    }
    Line& line = out.lines_[label->line];
    line.sum = label->sum;
    line.past.operation = record.operation;
    line.past.ending = {};
    lines[record.position] = label->line;
    std::uint64_t& last = out.last_[Recorder::key_of(record.interaction)];
    last = std::max(last, label->line);
  });
  if (!read) return patchbay::fail(std::move(read.error()));
  return out;
}

patchbay::Result<std::optional<History::Past>> History::past(const Job& job, std::string_view text) const {
  const auto known = lines_.find(job.line);
  if (known != lines_.end() && known->second.sum != sum_of(text))
    return patchbay::fail(ErrorCode::invalid_argument,
                          "line " + std::to_string(job.line) + ": another line stood there when the job was begun");
  const auto last = last_.find(Recorder::key_of(job.interaction));
  if (last == last_.end() || job.line > last->second) return std::optional<Past>();
  if (known == lines_.end()) {
    Past nothing;
    nothing.ending.outcome = to_string(patchbay::Outcome::not_applied);
    return std::optional<Past>(std::move(nothing));
  }
  // The last one may be tried once more, as nothing came behind it.
  const bool again =
      job.line == last->second && known->second.past.ending.outcome == to_string(patchbay::Outcome::not_applied);
  return again ? std::optional<Past>() : std::optional<Past>(known->second.past);
}

std::string past_line(const Job& job, const History::Past& past) {
  std::string out;
  patchbay::JsonWriter json(out);
  const bool applied = past.ending.outcome == to_string(patchbay::Outcome::applied);
  json.begin_object().key("id");
  if (!job.id.empty()) {
    json.raw(job.id);
  } else {
    json.value(std::string_view(past.operation));
  }
  json.member("line", job.line).member("action", to_string(job.action));
  json.member("interactionId", std::string_view(patchbay::excerpt(job.interaction, 512)));
  json.member("success", applied).member("outcome", std::string_view(past.ending.outcome)).member("resumed", true);
  if (!past.operation.empty())
    json.member(job.action == Command::transition ? "transitionId" : "correlationId", std::string_view(past.operation));
  if (applied) json.member("resolvedBy", std::string_view(past.ending.resolved_by));
  if (!applied) {
    json.key("error").begin_object();
    json.member("code", past.operation.empty()           ? std::string_view("cancelled")
                        : past.ending.error_code.empty() ? std::string_view("outcome_unknown")
                                                         : std::string_view(past.ending.error_code));
    json.member("message", past.operation.empty() ? "an earlier process ended this line and sent nothing"
                                                  : "an earlier process ended this line so");
    json.end_object();
  }
  json.end_object();
  return out;
}

}  // namespace patchbayctl
