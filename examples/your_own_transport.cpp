// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
//
// Any class with `send` is a transport. This one puts patchbay on an HTTP client that a program has already.
#include <cstdio>
#include <map>
#include <stdexcept>
#include <string>

#include <patchbay/state_transitioner.hpp>

using namespace patchbay;

/// The program's own client, which throws when the network fails. Here it is a cloud in a few lines.
struct HouseClient {
  struct Answer {
    int status;
    std::string etag, body;
  };
  Answer call(const std::string& verb, const std::string& url, const std::map<std::string, std::string>& headers,
              const std::string& body) {
    std::printf("%-5s %s (%zu headers) %s\n", verb.c_str(), url.c_str(), headers.size(),
                verb == "PATCH" ? body.c_str() : "");
    if (url.ends_with("/oauth/token")) return {200, "", R"({"access_token":"abc","expires_in":3600})"};
    if (url.ends_with("/flows/f"))
      return {200, "", R"({"id":"f","nodes":[{"id":"Menu","transitions":[{"targetId":"Billing"}]},{"id":"Billing"}]})"};
    if (url.ends_with("/interactions/42")) return {200, "\"7\"", verb == "GET" ? R"({"id":"42"})" : ""};
    throw std::runtime_error("no route to " + url);
  }
};

/// The laws, in short: the whole answer by the deadline, or an error that says `not_sent` only if no byte can have
/// reached the server. Everything else (tokens, retries, locking, proof) is the library's.
class HouseTransport {
 public:
  TransportResult<void> send(const HttpRequest& request, HttpResponse& response, SteadyTime deadline) {
    using Failed = tl::unexpected<TransportError>;
    if (std::chrono::steady_clock::now() >= deadline) return Failed({TransportFault::timed_out, Delivery::not_sent});
    std::map<std::string, std::string> headers;
    for (const HeaderView& each : request.headers) headers.emplace(each.name, each.value);
    response.clear();
    try {
      const std::string url = request.endpoint->origin().append(request.target), verb(to_string(request.method));
      const HouseClient::Answer answer = client_.call(verb, url, headers, std::string(request.body));
      response.status = answer.status;
      if (!answer.etag.empty()) response.headers.add("ETag", answer.etag);
      response.body.assign(answer.body);
      return {};
    } catch (const std::exception& error) {
      // In doubt a write may have arrived, and the library finds out whether it did.
      return Failed({TransportFault::reset, Delivery::maybe_sent, error.what()});
    }
  }

 private:
  HouseClient client_;
};

int main() {
  Settings settings;
  settings.base_url = "https://api.example.com";
  settings.tokens = std::make_shared<TokenSource>(
      TokenSettings{.login_url = settings.base_url, .client_id = "me", .client_secret = Secret("hush")});
  StateTransitioner transitioner{Policies{.transport = HouseTransport{}}, settings};
  const auto moved =
      transitioner.transition(TransitionRequest{"42", "f", "Menu", "Billing"}.text("customer_tier", "enterprise"));
  std::printf("%s\n", moved ? moved->path.to_string().c_str() : moved.error().describe().c_str());
  return moved ? 0 : 1;
}
