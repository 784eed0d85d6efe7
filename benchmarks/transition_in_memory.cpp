// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// One whole transition in memory: variables coerced, flow checked, interaction read, write encoded and sent, outcome
// recorded, beside the same work written out by hand for this one case. The transport is a switch over canned answers, so
// that what is measured is the library. Both sides are checked to send the same bytes first.

#include <array>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <new>
#include <random>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <fmt/format.h>
#include <simdjson.h>

#include <patchbay/state_transitioner.hpp>

#include "paired.hpp"

// Not inlined, so that the compiler does not see `free` where it expects the counterpart of `new`.
[[gnu::noinline]] void* operator new(std::size_t bytes) {
  ++patchbay::benchmarks::allocations;
  if (void* const memory = std::malloc(bytes)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace {

using namespace patchbay;

std::string flow_of_20() {
  std::string json = R"({"id":"a1b2c3d4-e5f6-7890-abcd-ef1234567890","version":"7","nodes":[)";
  for (int i = 0; i < 20; ++i) {
    const auto name = [](int n) { return n == 0 ? std::string("MainMenu") : n == 9 ? std::string("BillingInquiry") : fmt::format("Node{}", n); };
    json += fmt::format(R"({}{{"id":"{}","type":"menu","transitions":[{{"targetId":"{}"}},{{"targetId":"{}"}}]}})", i ? "," : "", name(i),
                        name((i + 3) % 20), name((i + 7) % 20));
  }
  return json + "]}";
}

/// The canned cloud that both sides talk to.
struct Canned {
  std::string flow = flow_of_20();
  std::string last_write;

  void answer(Method method, std::string_view target, std::string_view body, HttpResponse& response) {
    response.clear();
    response.status = 200;
    if (target == "/oauth/token") {
      response.body.append(R"({"access_token":"t0ken","expires_in":86400,"token_type":"Bearer"})");
    } else if (target.starts_with("/api/v2/flows/")) {
      response.body.append(flow);
    } else if (method == Method::get) {
      response.headers.add("ETag", "\"41\"");
      response.body.append(R"({"id":"550e8400-e29b-41d4-a716-446655440000","state":"connected","routingData":{"skillGroup":{"id":"sg-1","name":"Billing"},"orgId":"org-1"},"customAttributes":{"ivr_state":"MainMenu","flow_node":"MainMenu"}})");
    } else {
      last_write.assign(body);
      response.headers.add("ETag", "\"42\"");
      response.body.append(R"({"id":"550e8400-e29b-41d4-a716-446655440000"})");
    }
  }
};

struct CannedTransport {
  Canned* cloud;
  TransportResult<void> send(const HttpRequest& request, HttpResponse& response, SteadyTime) {
    cloud->answer(request.method, request.target, request.body, response);
    return {};
  }
};

constexpr std::string_view interaction = "550e8400-e29b-41d4-a716-446655440000";
constexpr std::string_view flow_id = "a1b2c3d4-e5f6-7890-abcd-ef1234567890";
constexpr std::string_view from = "MainMenu", to = "BillingInquiry";
const std::array<std::pair<std::string_view, std::string_view>, 4> variables{{{"customer_tier", "enterprise"},
                                                                              {"call_duration_seconds", "145"},
                                                                              {"requires_supervisor", "false"},
                                                                              {"routing_metadata", R"({"queue":"billing_team","priority":"high"})"}}};

/// The same work for this one case, as a careful programmer writes it out without a library of protocols: one function,
/// buffers kept, the document's steps in their order, each answer checked, counters and a ring of audit entries.
class HandWritten {
 public:
  explicit HandWritten(Canned& cloud, bool cached) : cloud_(&cloud), cached_(cached) { audit_.resize(256); }

  bool transition() {
    const auto start = std::chrono::steady_clock::now();
    if (token_.empty()) {
      send(Method::post, "/oauth/token", "grant_type=client_credentials");
      simdjson::ondemand::document document;
      if (open(document)) return false;
      std::string_view text;
      if (document["access_token"].get(text)) return false;
      token_.assign("Bearer ").append(text);
    }
    if (!cached_ || graph_.empty()) {
      if (!load_flow()) return false;
    }
    const auto a = index_.find(std::string(from)), b = index_.find(std::string(to));
    if (a == index_.end() || b == index_.end() || !reachable(a->second, b->second)) return false;

    target_.assign("/api/v2/interactions/").append(interaction);
    send(Method::get, target_, {});
    const auto etag = response_.headers.find("etag");
    if (response_.status != 200 || !etag) return false;
    etag_.assign(*etag);
    {
      simdjson::ondemand::document document;
      if (open(document)) return false;
      std::string_view node;
      if (document["customAttributes"]["flow_node"].get(node) || node != from) return false;
    }
    if (!encode()) return false;
    send(Method::patch, target_, body_);
    if (response_.status < 200 || response_.status > 299) return false;
    {
      simdjson::ondemand::document document;
      if (open(document)) return false;
      std::string_view echoed;
      const auto error = document["customAttributes"]["transition_id"].get(echoed);
      if (!error && echoed != id_) return false;
    }
    const auto latency = std::chrono::steady_clock::now() - start;
    total_.fetch_add(1, std::memory_order_relaxed);
    nanoseconds_.fetch_add(static_cast<std::uint64_t>(latency.count()), std::memory_order_relaxed);
    const std::lock_guard lock(mutex_);
    Entry& entry = audit_[next_++ % audit_.size()];
    entry.when = std::chrono::system_clock::now();
    entry.interaction.assign(interaction);
    entry.id = id_;
    entry.etag = etag_;
    entry.latency = latency;
    entry.status = response_.status;
    return true;
  }

 private:
  struct Entry {
    std::chrono::system_clock::time_point when;
    std::string interaction, id, etag;
    std::chrono::nanoseconds latency;
    int status;
  };

  void send(Method method, std::string_view target, std::string_view body) { cloud_->answer(method, target, body, response_); }
  simdjson::error_code open(simdjson::ondemand::document& document) {
    return parser_.iterate(response_.body.data(), response_.body.size(), response_.body.allocated()).get(document);
  }
  bool load_flow() {
    target_.assign("/api/v2/flows/").append(flow_id);
    send(Method::get, target_, {});
    graph_.clear(), index_.clear();
    simdjson::ondemand::document document;
    if (open(document)) return false;
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
      if (const auto known = index_.find(name); known != index_.end()) graph_[static_cast<std::size_t>(at)].push_back(known->second);
    return true;
  }
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
  void escaped(std::string_view text) {
    body_.push_back('"');
    for (const char c : text) {
      if (c == '"' || c == '\\') body_.push_back('\\');
      if (static_cast<unsigned char>(c) < 0x20) {
        fmt::format_to(std::back_inserter(body_), "\\u{:04x}", static_cast<unsigned>(c));
      } else {
        body_.push_back(c);
      }
    }
    body_.push_back('"');
  }
  bool encode() {
    std::uint64_t bits[2] = {engine_(), engine_()};
    bits[0] = (bits[0] & ~0xf000ULL) | 0x4000, bits[1] = (bits[1] & ~(3ULL << 62)) | 2ULL << 62;
    id_.clear();
    fmt::format_to(std::back_inserter(id_), "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", bits[0] >> 32, bits[0] >> 16 & 0xffff, bits[0] & 0xffff,
                   bits[1] >> 48, bits[1] & 0xffffffffffff);
    const auto now = std::chrono::system_clock::now();
    const auto day = std::chrono::floor<std::chrono::days>(now);
    const std::chrono::year_month_day date{day};
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(now - day).count();
    body_.assign(R"({"customAttributes":{"ivr_state":)");
    escaped(to);
    body_ += R"(,"flow_node":)";
    escaped(to);
    fmt::format_to(std::back_inserter(body_), R"(,"last_updated":"{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z","transition_id":"{}","customer_tier":)",
                   static_cast<int>(date.year()), static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), ms / 3600000,
                   ms / 60000 % 60, ms / 1000 % 60, ms % 1000, id_);
    if (!simdjson::validate_utf8(variables[0].second.data(), variables[0].second.size())) return false;
    escaped(variables[0].second);
    double seconds = 0;
    const std::string_view number = variables[1].second;
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), seconds);
    if (error != std::errc{} || end != number.data() + number.size()) return false;
    body_.append(R"(,"call_duration_seconds":)").append(number);
    const std::string_view truth = variables[2].second;
    if (truth != "true" && truth != "false" && truth != "1" && truth != "0") return false;
    body_.append(R"(,"requires_supervisor":)").append(truth == "true" || truth == "1" ? "true" : "false");
    const std::string_view object = variables[3].second;
    scratch_.assign(object);
    simdjson::ondemand::document document;
    if (parser_.iterate(scratch_.data(), scratch_.size(), scratch_.allocated()).get(document)) return false;
    body_ += R"(,"routing_metadata":{)";
    bool first = true;
    simdjson::ondemand::object members;
    if (document.get_object().get(members)) return false;
    for (auto field : members) {
      std::string_view key, text;
      if (field.unescaped_key().get(key) || field.value().get_string().get(text)) return false;
      if (!std::exchange(first, false)) body_.push_back(',');
      escaped(key);
      body_.push_back(':');
      escaped(text);
    }
    body_ += "}}}";
    return body_.size() <= 65'536;
  }

  Canned* cloud_;
  bool cached_;
  simdjson::ondemand::parser parser_;
  HttpResponse response_;
  Body scratch_;
  std::string token_, target_, body_, id_, etag_;
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

/// Both sides' writes with what must differ, the time and the id, cut out.
std::string comparable(std::string write) {
  for (const std::string_view member : {std::string_view(R"("last_updated":")"), std::string_view(R"("transition_id":")")}) {
    const std::size_t at = write.find(member) + member.size();
    write.erase(at, write.find('"', at) - at);
  }
  return write;
}

}  // namespace

int main(int argc, char** argv) {
  const int calls = argc > 1 ? std::atoi(argv[1]) : 20'000;
  const int batches = argc > 2 ? std::atoi(argv[2]) : 25;
  Canned cloud;
  const auto settings = [](Duration flow_lives) {
    Settings out;
    out.base_url = "https://api.example.com";
    out.tokens = std::make_shared<TokenSource>(
        TokenSettings{.login_url = "https://login.example.com", .client_id = "id", .client_secret = Secret("secret")});
    out.flows = std::make_shared<FlowCache>(flow_lives);
    return out;
  };
  TransitionRequest request{std::string(interaction), std::string(flow_id), std::string(from), std::string(to)};
  for (const auto& [name, value] : variables) request.text(name, value);

  bool fine = true;
  const auto run = [&](const char* name, bool cached) {
    StateTransitioner ours{Policies{.transport = CannedTransport{&cloud}}, settings(cached ? Duration(std::chrono::hours{1}) : Duration::zero())};
    HandWritten peer(cloud, cached);
    const auto one_of_ours = [&] { fine = fine && ours.transition(request).has_value(); };
    const auto one_of_peers = [&] { fine = fine && peer.transition(); };
    one_of_ours();
    const std::string write = comparable(cloud.last_write);
    one_of_peers();
    if (!fine || write != comparable(cloud.last_write)) {
      std::fprintf(stderr, "the two sides do not send the same:\n%s\n%s\n", write.c_str(), comparable(cloud.last_write).c_str());
      fine = false;
      return;
    }
    for (int i = 0; i < 300; ++i) one_of_ours(), one_of_peers();  // fills the audit rings
    benchmarks::print(name, benchmarks::measure(one_of_ours, one_of_peers, batches, calls));
  };
  run("transition, flow cached", true);
  run("transition, flow not cached", false);
  if (!fine) std::fprintf(stderr, "a transition failed\n");
  return fine ? 0 : 1;
}
