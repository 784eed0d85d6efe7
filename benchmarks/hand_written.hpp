// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <mutex>
#include <random>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <simdjson.h>

#include <patchbay/http.hpp>

namespace patchbay::benchmarks {

/// The transition that the benchmarks do, and the cloud's answers.
inline constexpr std::string_view flow_id = "a1b2c3d4-e5f6-7890-abcd-ef1234567890";
inline constexpr std::string_view from = "MainMenu", to = "BillingInquiry";
inline const std::array<std::pair<std::string_view, std::string_view>, 4> variables{
    {{"customer_tier", "enterprise"},
     {"call_duration_seconds", "145"},
     {"requires_supervisor", "false"},
     {"routing_metadata", R"({"queue":"billing_team","priority":"high"})"}}};

[[nodiscard]] inline std::string token_answer() { return R"({"access_token":"t0ken","expires_in":86400,"token_type":"Bearer"})"; }
[[nodiscard]] inline std::string flow_answer(std::string_view id = flow_id) {
  std::string json = fmt::format(R"({{"id":"{}","version":"7","nodes":[)", id);
  for (int i = 0; i < 20; ++i) {
    const auto name = [](int n) {
      return n == 0 ? std::string(from) : n == 9 ? std::string(to) : fmt::format("Node{}", n);
    };
    json += fmt::format(R"({}{{"id":"{}","type":"menu","transitions":[{{"targetId":"{}"}},{{"targetId":"{}"}}]}})",
                        i ? "," : "", name(i), name((i + 3) % 20), name((i + 7) % 20));
  }
  return json + "]}";
}
[[nodiscard]] inline std::string interaction_answer(std::string_view id) {
  return fmt::format(
      R"({{"id":"{}","state":"connected","routingData":{{"skillGroup":{{"id":"sg-1","name":"Billing"}},"orgId":"org-1"}},)"
      R"("customAttributes":{{"ivr_state":"MainMenu","flow_node":"MainMenu"}}}})",
      id);
}

/// The work of a transition between its exchanges for this one case, as a careful programmer writes it out without a
/// library of protocols: buffers kept, the document's steps in their order, each answer checked, counters and a ring of
/// audit entries. The opponents of the benchmarks that compare whole transitions do it; how they exchange is theirs.
class HandWritten {
 public:
  using Json = simdjson::padded_string_view;

  HandWritten() { audit_.resize(256); }

  [[nodiscard]] bool has_flow() const noexcept { return !graph_.empty(); }
  [[nodiscard]] bool load_flow(Json json) {
    graph_.clear(), index_.clear();
    simdjson::ondemand::document document;
    if (parser_.iterate(json).get(document)) return false;
    std::vector<std::pair<int, std::string>> edges;
    for (auto node : document["nodes"]) {
      std::string_view id, target;
      if (node["id"].get(id)) return false;
      const int at = static_cast<int>(graph_.size());
      index_.emplace(id, at);
      graph_.emplace_back();
      for (auto edge : node["transitions"]) {
        if (edge["targetId"].get(target)) return false;
        edges.emplace_back(at, target);
      }
    }
    for (const auto& [at, name] : edges)
      if (const auto known = index_.find(name); known != index_.end())
        graph_[static_cast<std::size_t>(at)].push_back(known->second);
    return true;
  }
  [[nodiscard]] bool allowed(std::string_view start = from, std::string_view target = to) {
    const auto a = index_.find(std::string(start)), b = index_.find(std::string(target));
    return a != index_.end() && b != index_.end() && reachable(a->second, b->second);
  }
  [[nodiscard]] bool read_token(Json json, std::string& authorization) {
    simdjson::ondemand::document document;
    std::string_view text;
    if (parser_.iterate(json).get(document) || document["access_token"].get(text)) return false;
    authorization.assign("Bearer ").append(text);
    return true;
  }
  /// Whether the interaction is where the move begins.
  [[nodiscard]] bool check_interaction(Json json) {
    simdjson::ondemand::document document;
    std::string_view node;
    return !parser_.iterate(json).get(document) && !document["customAttributes"]["flow_node"].get(node) && node == from;
  }
  /// Whether the answer to a write does not speak of somebody else's.
  [[nodiscard]] bool check_echo(Json json, std::string_view id) {
    simdjson::ondemand::document document;
    std::string_view echoed;
    if (parser_.iterate(json).get(document)) return false;
    return document["customAttributes"]["transition_id"].get(echoed) || echoed == id;
  }
  /// A write with a new id, into `body`.
  [[nodiscard]] bool encode(std::string& body, std::string& id, std::string_view target = to) {
    std::uint64_t bits[2] = {engine_(), engine_()};
    bits[0] = (bits[0] & ~0xf000ULL) | 0x4000, bits[1] = (bits[1] & ~(3ULL << 62)) | 2ULL << 62;
    id.clear();
    fmt::format_to(std::back_inserter(id), "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", bits[0] >> 32, bits[0] >> 16 & 0xffff,
                   bits[0] & 0xffff, bits[1] >> 48, bits[1] & 0xffffffffffff);
    const auto now = std::chrono::system_clock::now();
    const auto day = std::chrono::floor<std::chrono::days>(now);
    const std::chrono::year_month_day date{day};
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(now - day).count();
    body.assign(R"({"customAttributes":{"ivr_state":)");
    escaped(body, target);
    body += R"(,"flow_node":)";
    escaped(body, target);
    fmt::format_to(std::back_inserter(body), R"(,"last_updated":"{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z","transition_id":"{}","customer_tier":)",
                   static_cast<int>(date.year()), static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), ms / 3600000,
                   ms / 60000 % 60, ms / 1000 % 60, ms % 1000, id);
    if (!simdjson::validate_utf8(variables[0].second.data(), variables[0].second.size())) return false;
    escaped(body, variables[0].second);
    double seconds = 0;
    const std::string_view number = variables[1].second;
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), seconds);
    if (error != std::errc{} || end != number.data() + number.size()) return false;
    body.append(R"(,"call_duration_seconds":)").append(number);
    const std::string_view truth = variables[2].second;
    if (truth != "true" && truth != "false" && truth != "1" && truth != "0") return false;
    body.append(R"(,"requires_supervisor":)").append(truth == "true" || truth == "1" ? "true" : "false");
    const std::string_view object = variables[3].second;
    scratch_.assign(object);
    simdjson::ondemand::document document;
    if (parser_.iterate(scratch_.data(), scratch_.size(), scratch_.allocated()).get(document)) return false;
    body += R"(,"routing_metadata":{)";
    bool first = true;
    simdjson::ondemand::object members;
    if (document.get_object().get(members)) return false;
    for (auto field : members) {
      std::string_view key, text;
      if (field.unescaped_key().get(key) || field.value().get_string().get(text)) return false;
      if (!std::exchange(first, false)) body.push_back(',');
      escaped(body, key);
      body.push_back(':');
      escaped(body, text);
    }
    body += "}}}";
    return body.size() <= 65'536;
  }
  void record(std::string_view interaction, const std::string& id, std::string_view etag, int status, std::chrono::nanoseconds latency) {
    total_.fetch_add(1, std::memory_order_relaxed);
    nanoseconds_.fetch_add(static_cast<std::uint64_t>(latency.count()), std::memory_order_relaxed);
    const std::lock_guard lock(mutex_);
    Entry& entry = audit_[next_++ % audit_.size()];
    entry.when = std::chrono::system_clock::now();
    entry.interaction.assign(interaction);
    entry.id = id;
    entry.etag.assign(etag);
    entry.latency = latency;
    entry.status = status;
  }

 private:
  struct Entry {
    std::chrono::system_clock::time_point when;
    std::string interaction, id, etag;
    std::chrono::nanoseconds latency;
    int status;
  };

  bool reachable(int a, int b) {
    seen_.assign(graph_.size(), 0);
    queue_.assign(1, a);
    for (std::size_t head = 0; head < queue_.size(); ++head) {
      for (const int next : graph_[static_cast<std::size_t>(queue_[head])]) {
        if (next == b) return true;
        if (!seen_[static_cast<std::size_t>(next)]++) queue_.push_back(next);
      }
    }
    return false;
  }
  static void escaped(std::string& body, std::string_view text) {
    body.push_back('"');
    for (const char c : text) {
      if (c == '"' || c == '\\') body.push_back('\\');
      if (static_cast<unsigned char>(c) < 0x20) {
        fmt::format_to(std::back_inserter(body), "\\u{:04x}", static_cast<unsigned>(c));
      } else {
        body.push_back(c);
      }
    }
    body.push_back('"');
  }

  simdjson::ondemand::parser parser_;
  Body scratch_;
  std::unordered_map<std::string, int> index_;
  std::vector<std::vector<int>> graph_;
  std::vector<char> seen_;
  std::vector<int> queue_;
  std::mt19937_64 engine_{1};
  std::mutex mutex_;
  std::vector<Entry> audit_;
  std::size_t next_ = 0;
  std::atomic<std::uint64_t> total_{0}, nanoseconds_{0};
};

}  // namespace patchbay::benchmarks
