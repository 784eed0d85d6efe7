// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// One whole transition in memory: variables coerced, flow checked, interaction read, write encoded and sent, outcome
// recorded, beside the same work written out by hand for this one case. The transport is a switch over canned answers, so
// that what is measured is the library. Both sides are checked to send the same bytes first.

#include <array>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <new>
#include <string>
#include <string_view>

#include <patchbay/state_transitioner.hpp>

#include "hand_written.hpp"
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
using namespace patchbay::benchmarks;

constexpr std::string_view interaction = "550e8400-e29b-41d4-a716-446655440000";

/// The canned cloud that both sides talk to.
struct Canned {
  std::string flow = flow_answer(), read = interaction_answer(interaction);
  std::string last_write;
  unsigned version = 100;

  void answer(Method method, std::string_view target, std::string_view body, HttpResponse& response) {
    response.clear();
    response.status = 200;
    if (target == "/oauth/token") {
      response.body.append(token_answer());
    } else if (target.starts_with("/api/v2/flows/")) {
      response.body.append(flow);
    } else if (method == Method::get) {
      response.headers.add("ETag", "\"41\"");
      response.body.append(read);
    } else {
      last_write.assign(body);
      // Another version each time, as a write makes it.
      std::array<char, 16> etag{'"'};
      char* const end = std::to_chars(etag.data() + 1, etag.data() + 12, ++version).ptr;
      *end = '"';
      response.headers.add("ETag", std::string_view(etag.data(), static_cast<std::size_t>(end + 1 - etag.data())));
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

/// The hand-written work with its exchanges: one function, the document's steps in their order.
class Peer {
 public:
  explicit Peer(Canned& cloud, bool cached) : cloud_(&cloud), cached_(cached) {}

  bool transition() {
    const auto start = std::chrono::steady_clock::now();
    if (token_.empty()) {
      send(Method::post, "/oauth/token", "grant_type=client_credentials");
      if (!work_.read_token(json(), token_)) return false;
    }
    if (!cached_ || !work_.has_flow()) {
      target_.assign("/api/v2/flows/").append(flow_id);
      send(Method::get, target_, {});
      if (!work_.load_flow(json())) return false;
    }
    if (!work_.allowed()) return false;

    target_.assign("/api/v2/interactions/").append(interaction);
    send(Method::get, target_, {});
    const auto etag = response_.headers.find("etag");
    if (response_.status != 200 || !etag) return false;
    etag_.assign(*etag);
    if (!work_.check_interaction(json()) || !work_.encode(body_, id_)) return false;
    send(Method::patch, target_, body_);
    if (response_.status < 200 || response_.status > 299 || !work_.check_echo(json(), id_)) return false;
    work_.record(interaction, id_, etag_, response_.status, std::chrono::steady_clock::now() - start);
    return true;
  }
  /// The same from where the last one led, without reading: by the version that its answer named.
  bool warm_transition(std::string_view start, std::string_view target) {
    const auto begun = std::chrono::steady_clock::now();
    const auto known = versions_.find(interaction);
    if (known == versions_.end() || known->second.node != start || !work_.allowed(start, target)) return false;
    target_.assign("/api/v2/interactions/").append(interaction);
    etag_.assign(known->second.etag);
    if (!work_.encode(body_, id_, target)) return false;
    send(Method::patch, target_, body_);
    if (response_.status < 200 || response_.status > 299 || !work_.check_echo(json(), id_)) return false;
    work_.record(interaction, id_, etag_, response_.status, std::chrono::steady_clock::now() - begun);
    return remember(target);
  }
  bool remember(std::string_view node) {
    const auto etag = response_.headers.find("etag");
    if (!etag) return false;
    auto known = versions_.find(interaction);
    if (known == versions_.end()) known = versions_.emplace(interaction, Version{}).first;
    known->second.etag.assign(*etag);
    known->second.node.assign(node);
    return true;
  }

 private:
  struct Version {
    std::string etag, node;
  };
  void send(Method method, std::string_view target, std::string_view body) { cloud_->answer(method, target, body, response_); }
  HandWritten::Json json() const { return HandWritten::Json(response_.body.data(), response_.body.size(), response_.body.allocated()); }

  Canned* cloud_;
  bool cached_;
  HandWritten work_;
  HttpResponse response_;
  std::string token_, target_, body_, id_, etag_;
  std::map<std::string, Version, std::less<>> versions_;
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
    Peer peer(cloud, cached);
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

  // From where the last one led, and back: one request each, on both sides.
  {
    Settings warm = settings(std::chrono::hours{1});
    warm.transition.remember = std::make_shared<InteractionMemory>();
    StateTransitioner ours{Policies{.transport = CannedTransport{&cloud}}, warm};
    Peer peer(cloud, true);
    TransitionRequest back{std::string(interaction), std::string(flow_id), std::string(to), std::string(from)};
    for (const auto& [name, value] : variables) back.text(name, value);
    bool at_end = false, peer_at_end = false;
    const auto one_of_ours = [&] {
      const auto moved = ours.transition(at_end ? back : request);
      fine = fine && moved && moved->warm;
      at_end = !at_end;
    };
    const auto one_of_peers = [&] {
      fine = fine && (peer_at_end ? peer.warm_transition(to, from) : peer.warm_transition(from, to));
      peer_at_end = !peer_at_end;
    };
    fine = fine && ours.transition(request) && peer.transition() && peer.remember(to);
    at_end = peer_at_end = true;
    one_of_ours();
    const std::string write = comparable(cloud.last_write);
    one_of_peers();
    if (write != comparable(cloud.last_write)) fine = false;
    for (int i = 0; i < 300; ++i) one_of_ours(), one_of_peers();
    if (fine) benchmarks::print("warm transition", benchmarks::measure(one_of_ours, one_of_peers, batches, calls));
  }
  if (!fine) std::fprintf(stderr, "a transition failed\n");
  return fine ? 0 : 1;
}
