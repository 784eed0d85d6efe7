// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// Requests by `curl::Transport` over loopback HTTP, beside the plainest loops over libcurl's multi interface: one easy
// handle for each connection, its options set once, and nothing checked but the status. nginx answers.
//
//   bench_loopback_curl [brief] [ROUNDS]
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include <curl/curl.h>

#include <patchbay/curl/transport.hpp>

#include "loopback.hpp"
#include "loopback_http/nginx.hpp"

using namespace patchbay;
using namespace patchbay::benchmarks;

namespace {

const char* const target = "/api/v2/interactions/550e8400-e29b-41d4-a716-446655440000";

/// A request that is made again and again on a bare easy handle.
struct Plain {
  Plain(const std::string& url, CURLM* multi_in, Meter& meter_in)
      : multi(multi_in), meter(&meter_in), easy(curl_easy_init()) {
    curl_easy_setopt(easy, CURLOPT_URL, url.c_str());
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, static_cast<void*>(this));
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, static_cast<void*>(&body));
    curl_easy_setopt(
        easy, CURLOPT_WRITEFUNCTION, +[](char* bytes, std::size_t, std::size_t size, void* into) {
          static_cast<std::string*>(into)->append(bytes, size);
          return size;
        });
  }
  Plain(const Plain&) = delete;
  Plain& operator=(const Plain&) = delete;
  ~Plain() {
    curl_multi_remove_handle(multi, easy);
    curl_easy_cleanup(easy);
  }
  void start() {
    begun = meter->begin();
    body.clear();
    curl_multi_add_handle(multi, easy);
  }

  CURLM* multi;
  Meter* meter;
  CURL* easy;
  std::string body;
  SteadyClock::time_point begun{};
};

/// Ends what is done, and begins anew while the meter wants more. The number that is still under way.
std::size_t settle(CURLM* multi, std::size_t active) {
  int left = 0;
  while (const CURLMsg* const message = curl_multi_info_read(multi, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    CURL* const easy = message->easy_handle;
    const bool good = message->data.result == CURLE_OK;
    char* owner = nullptr;
    long status = 0;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &owner);
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    Plain& plain = *static_cast<Plain*>(static_cast<void*>(owner));
    plain.meter->end(plain.begun, good && status == 200 && !plain.body.empty());
    curl_multi_remove_handle(multi, easy);
    if (plain.meter->more()) {
      plain.start();
    } else {
      --active;
    }
  }
  return active;
}

/// As libcurl's own examples do it: `curl_multi_poll` and `curl_multi_perform`.
Report by_perform(std::uint16_t port, std::size_t connections, Span span) {
  Meter meter(span);
  CURLM* const multi = curl_multi_init();
  {
    std::deque<Plain> all;
    for (std::size_t i = 0; i < connections; ++i)
      all.emplace_back("http://127.0.0.1:" + std::to_string(port) + target, multi, meter).start();
    for (std::size_t active = connections; active != 0; active = settle(multi, active)) {
      int running = 0;
      curl_multi_perform(multi, &running);
      if (running == static_cast<int>(active)) curl_multi_poll(multi, nullptr, 0, 1000, nullptr);
    }
  }
  curl_multi_cleanup(multi);
  return meter.report();
}

/// Driven by sockets that are polled, and by libcurl's one timer.
class BySockets {
 public:
  static Report run(std::uint16_t port, std::size_t connections, Span span) {
    BySockets loop;
    Meter meter(span);
    curl_multi_setopt(loop.multi_, CURLMOPT_SOCKETFUNCTION, &on_socket);
    curl_multi_setopt(loop.multi_, CURLMOPT_SOCKETDATA, &loop);
    curl_multi_setopt(loop.multi_, CURLMOPT_TIMERFUNCTION, &on_timer);
    curl_multi_setopt(loop.multi_, CURLMOPT_TIMERDATA, &loop);
    {
      std::deque<Plain> all;
      for (std::size_t i = 0; i < connections; ++i)
        all.emplace_back("http://127.0.0.1:" + std::to_string(port) + target, loop.multi_, meter).start();
      for (std::size_t active = connections; active != 0; active = settle(loop.multi_, active)) loop.turn();
    }
    curl_multi_cleanup(loop.multi_);
    return meter.report();
  }

 private:
  void turn() {
    int running = 0;
    if (due_ <= SteadyClock::now()) {
      due_ = SteadyClock::time_point::max();
      curl_multi_socket_action(multi_, CURL_SOCKET_TIMEOUT, 0, &running);
      return;
    }
    ::poll(sockets_.data(), static_cast<nfds_t>(sockets_.size()), 1000);
    ready_ = sockets_;
    for (const pollfd& each : ready_) {
      const int in = (each.revents & ~POLLOUT) != 0 ? CURL_CSELECT_IN : 0;
      const int out = (each.revents & POLLOUT) != 0 ? CURL_CSELECT_OUT : 0;
      if (each.revents != 0) curl_multi_socket_action(multi_, each.fd, in | out, &running);
    }
  }
  static int on_socket(CURL*, curl_socket_t socket, int what, void* self, void*) {
    std::vector<pollfd>& all = static_cast<BySockets*>(self)->sockets_;
    std::erase_if(all, [&](const pollfd& each) { return each.fd == socket; });
    const int events = ((what & CURL_POLL_IN) != 0 ? POLLIN : 0) | ((what & CURL_POLL_OUT) != 0 ? POLLOUT : 0);
    if (what != CURL_POLL_REMOVE) all.push_back({socket, static_cast<short>(events), 0});
    return 0;
  }
  static int on_timer(CURLM*, long left, void* self) {
    SteadyClock::time_point& due = static_cast<BySockets*>(self)->due_;
    due = left < 0 ? SteadyClock::time_point::max() : SteadyClock::now() + std::chrono::milliseconds(left);
    return 0;
  }

  CURLM* multi_ = curl_multi_init();
  std::vector<pollfd> sockets_;
  std::vector<pollfd> ready_;
  SteadyClock::time_point due_ = SteadyClock::time_point::max();
};

/// A request that is made again and again through the transport, whose answer is checked as it checks every answer.
class Ours final : public Receiver<TransportResult<void>> {
 public:
  Ours(curl::Transport transport, const Endpoint& endpoint, Meter& meter)
      : transport_(std::move(transport)), request_(Method::get, endpoint, target), meter_(&meter) {}
  void start() {
    begun_ = meter_->begin();
    transport_.send(request_, response_, after(begun_, seconds(10)), Completion<TransportResult<void>>(*this));
  }
  void complete(TransportResult<void> result) noexcept override {
    meter_->end(begun_, result && response_.status == 200 && !response_.body.empty());
    if (meter_->more()) start();
  }
  void abandoned() noexcept override {}

 private:
  curl::Transport transport_;
  HttpRequest request_;
  HttpResponse response_;
  Meter* meter_;
  SteadyClock::time_point begun_{};
};

Report by_transport(std::uint16_t port, std::size_t connections, Span span) {
  Meter meter(span);
  curl::Loop loop;
  const Endpoint endpoint = Endpoint::parse("http://127.0.0.1:" + std::to_string(port), "benchmark").value();
  std::deque<Ours> all;
  for (std::size_t i = 0; i < connections; ++i) all.emplace_back(curl::Transport(loop), endpoint, meter).start();
  loop.run();
  return meter.report();
}

const std::vector<std::string> names = {"multi_perform", "multi_socket", "transport"};

Report run_side(const std::string& side, std::uint16_t port, std::size_t connections, Span span) {
  if (side == "multi_perform") return by_perform(port, connections, span);
  if (side == "multi_socket") return BySockets::run(port, connections, span);
  return by_transport(port, connections, span);
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> arguments(argv + 1, argv + argc);
  curl_global_init(CURL_GLOBAL_DEFAULT);
  if (arguments.size() == 5 && arguments[0] == "side") {
    const auto number = [&](std::size_t i) { return std::stoul(arguments[i]); };
    Span span;
    span.measured = std::chrono::milliseconds(number(4));
    run_side(arguments[1], static_cast<std::uint16_t>(number(2)), number(3), span).print();
    return 0;
  }
  if (!installed("nginx")) return std::puts("nginx is not installed"), 77;
  const bool brief = !arguments.empty() && arguments[0] == "brief";
  const int rounds = arguments.empty() ? 9 : std::stoi(arguments.back());
  const std::vector<int> all_cores = cores();
  const int client = all_cores.size() > 1 ? all_cores.front() : -1;
  Nginx nginx(false, all_cores.size() > 1 ? all_cores.back() : -1);
  if (!nginx.ready()) return std::printf("nginx does not start: %s\n", nginx.errors().c_str()), 1;
  const std::string self = std::filesystem::read_symlink("/proc/self/exe").string();
  for (const int connections : {1, 16, 64}) {
    Table table("multi_perform");
    for (int round = 0; round < rounds; ++round) {
      for (const std::string& side : names) {
        Child child(
            {self, "side", side, std::to_string(nginx.port()), std::to_string(connections), brief ? "30" : "600"},
            client);
        const bool ended = child.wait();
        const std::optional<Report> report = ended ? Report::read(child.said()) : std::nullopt;
        if (!report || report->failed != 0)
          return std::printf("%s failed: %s\n", side.c_str(), child.said().c_str()), 1;
        table.add(side, *report);
      }
    }
    std::printf(
        "%d connections, %d rounds: requests per CPU second, the ratio to libcurl's plainest loop, microseconds\n",
        connections, rounds);
    for (const std::string& side : table.sides())
      std::printf("  %-14s %9.0f  %5.2f  p50 %7.1f  p99 %7.1f\n", side.c_str(),
                  table.middle(side, Table::per_cpu_second), table.ratio(side, "multi_perform"),
                  table.middle(side, [](const Report& r) { return r.p50; }),
                  table.middle(side, [](const Report& r) { return r.p99; }));
  }
  return 0;
}
