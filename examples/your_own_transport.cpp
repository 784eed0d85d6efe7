// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// Any class with `send` is a transport. This one puts patchbay on an HTTP client that a program has already.
#include <cstdio>
#include <map>
#include <stdexcept>
#include <string>

#include <patchbay/state_transitioner.hpp>

using namespace patchbay;
/// The program's own client, which throws when the network fails. Here it is a cloud in a few lines.
struct HouseClient {
  using Headers = std::map<std::string, std::string>;
  std::string call(const std::string& verb, const std::string& url, const Headers&, const std::string& body,
                   Headers& got) {
    std::printf("%-5s %s %s\n", verb.c_str(), url.c_str(), verb == "PATCH" ? body.c_str() : "");
    if (url.ends_with("/oauth/token")) return R"({"access_token":"abc","expires_in":3600})";
    if (url.ends_with("/flows/f"))
      return R"({"id":"f","nodes":[{"id":"Menu","transitions":[{"targetId":"Billing"}]},{"id":"Billing"}]})";
    if (!url.ends_with("/interactions/42")) throw std::runtime_error("no route to " + url);
    got["ETag"] = "\"7\"";
    return verb == "GET" ? R"({"id":"42"})" : "";
  }
};

/// The laws, in short: the whole answer by the deadline, or an error that says `not_sent` only if no byte can have
/// reached the server. Everything else (tokens, retries, locking, proof) is the library's.
struct HouseTransport {
  TransportResult<void> send(const HttpRequest& request, HttpResponse& response, SteadyTime deadline) {
    using Failed = tl::unexpected<TransportError>;
    if (SystemClock{}.steady_now() >= deadline) return Failed({TransportFault::timed_out, Delivery::not_sent});
    HouseClient::Headers headers, got;
    for (const HeaderView& each : request.headers) headers.emplace(each.name, each.value);
    try {
      response.clear();
      const std::string url = request.endpoint->origin().append(request.target), verb(to_string(request.method));
      response.body.assign(client_.call(verb, url, headers, std::string(request.body), got));
      response.status = 200;
      for (const auto& [name, value] : got) response.headers.add(name, value);
      return {};
    } catch (const std::exception& error) {
      // In doubt a write may have arrived, and the library finds out whether it did.
      return Failed({TransportFault::reset, Delivery::maybe_sent, error.what()});
    }
  }
  HouseClient client_;
};

int main() {
  Settings settings;
  settings.base_url = "https://api.example.com";
  settings.tokens = std::make_shared<TokenSource>(TokenSettings{settings.base_url, "me", Secret("hush")});
  StateTransitioner transitioner{Policies{.transport = HouseTransport{}}, settings};
  const auto moved = transitioner.transition(TransitionRequest{"42", "f", "Menu", "Billing"});
  std::printf("%s\n", (moved ? moved->path.to_string() : moved.error().describe()).c_str());
  return moved ? 0 : 1;
}
