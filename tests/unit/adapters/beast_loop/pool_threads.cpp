// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <atomic>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <support/catch.hpp>

#include <patchbay/beast/transport.hpp>
#include <patchbay/hold_controller.hpp>
#include <patchbay/state_transitioner.hpp>

#include "../suite/exchange.hpp"
#include "small_cloud.hpp"

using namespace patchbay;
using namespace patchbay::test;

namespace {

/// One context, run by four threads until it is destroyed or told to stop.
class ManyThreads {
 public:
  ManyThreads() {
    for (int i = 0; i < 4; ++i) threads_.emplace_back([this] { loop.run(); });
  }
  ManyThreads(const ManyThreads&) = delete;
  ManyThreads& operator=(const ManyThreads&) = delete;
  ~ManyThreads() { stop(); }
  void stop() {
    loop.stop();
    for (std::thread& t : threads_) t.join();
    threads_.clear();
  }
  boost::asio::io_context loop;

 private:
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{loop.get_executor()};
  std::vector<std::thread> threads_;
};

/// An exchange that is begun again when it has ended, until it was so often enough.
class Repeated final : public Receiver<TransportResult<void>> {
 public:
  Repeated(beast::Transport& transport, const Endpoint& endpoint, int number, std::atomic<int>& running)
      : transport_(transport), request_(Method::post, endpoint, "/echo"), number_(number), running_(running) {}
  void begin() {
    body_ = std::to_string(number_) + "/" + std::to_string(left_);
    request_.body = body_;
    id_ = transport_.send(request_, response_, soon(), Completion<TransportResult<void>>(*this));
  }
  void complete(TransportResult<void> result) noexcept override {
    if (result ? response_.body.view() != body_ : result.error().fault != TransportFault::cancelled) ++wrong;
    ++(result ? good : cancelled);
    if (--left_ != 0) return begin();
    --running_;
  }
  void abandoned() noexcept override { --running_; }
  void cancel() noexcept { transport_.cancel(id_); }

  static inline std::atomic<int> good{0};
  static inline std::atomic<int> cancelled{0};
  static inline std::atomic<int> wrong{0};

 private:
  beast::Transport& transport_;
  HttpRequest request_;
  HttpResponse response_;
  std::string body_;
  int number_;
  int left_ = 60;
  std::atomic<ExchangeId> id_{0};
  std::atomic<int>& running_;
};

}  // namespace

TEST_CASE("four threads run one context while others begin and cancel exchanges", "[beast][pool][threads]") {
  RawPeer peer([](PeerConnection& c) {
    for (std::string request; !(request = c.read_request()).empty();)
      if (!c.write(answer(request.substr(request.find("\r\n\r\n") + 4)))) return;
  });
  Repeated::good = Repeated::cancelled = Repeated::wrong = 0;
  const Endpoint endpoint = endpoint_of(peer.url());
  std::atomic<int> running{24};
  std::vector<std::unique_ptr<Repeated>> all;
  {
    ManyThreads threads;
    beast::PoolOptions options;
    options.max_connections_per_host = 6;
    beast::Transport transport(threads.loop, options);
    for (int i = 0; i < running; ++i) all.push_back(std::make_unique<Repeated>(transport, endpoint, i, running));
    std::vector<std::thread> others;
    for (unsigned t = 0; t < 2; ++t)
      others.emplace_back([&, t] {
        for (std::size_t i = t; i < all.size(); i += 2) all[i]->begin();
        std::minstd_rand random(t + 1);
        for (int i = 0; i < 400 && running > 0; ++i) {
          all[random() % all.size()]->cancel();
          std::this_thread::yield();
        }
      });
    for (std::thread& t : others) t.join();
    CHECK(eventually([&] { return running == 0; }));
    threads.stop();
  }
  CHECK(Repeated::wrong == 0);
  CHECK(Repeated::good + Repeated::cancelled == 24 * 60);
  CHECK(Repeated::good > 0);
}

TEST_CASE("both doors on one context of four threads, with cancellation at any time", "[beast][pool][threads]") {
  SmallCloud cloud;
  std::atomic<int> ended{0};
  std::atomic<int> held{0};
  std::atomic<int> moved{0};
  std::atomic<int> untrue{0};
  constexpr int each = 40;
  ManyThreads threads;
  beast::Transport transport(threads.loop);
  {
    StateTransitioner door{Policies{.transport = transport}, cloud.settings()};
    HoldController holds{Policies{.transport = transport}, cloud.settings()};
    std::vector<std::thread> clients;
    for (unsigned t = 0; t < 3; ++t)
      clients.emplace_back([&, t] {
        std::minstd_rand random(t + 7);
        for (int i = 0; i < each; ++i) {
          std::string id = caller;
          id.back() = static_cast<char>('0' + i % 10);
          id[id.size() - 2] = static_cast<char>('0' + t);
          const OperationHandle move =
              door.start_transition(TransitionRequest(caller, flow_id, "MainMenu", "BillingInquiry"),
                                    [&](Result<TransitionResult> r) {
                                      if (r) ++moved;
                                      ++ended;
                                    });
          const auto count = [&](Result<HoldResult> r) {
            if (r) ++held;
            if (!r && r.error().outcome() == Outcome::applied) ++untrue;
            ++ended;
          };
          const OperationHandle hold = holds.start_hold(HoldRequest(id, "consultation", 5).music("a.wav"), count);
          const OperationHandle back = holds.start_unhold(UnholdRequest(id, 5), count);
          if (random() % 3 == 0) move.cancel();
          if (random() % 3 == 0) hold.cancel();
          if (random() % 7 == 0) back.cancel();
        }
      });
    for (std::thread& t : clients) t.join();
    CHECK(eventually([&] { return ended == 3 * 3 * each; }));
  }
  threads.stop();
  CHECK(ended == 3 * 3 * each);
  CHECK(moved > 0);
  CHECK(held > 0);
  CHECK(untrue == 0);
}
