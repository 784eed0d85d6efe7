// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <utility>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <patchbay/beast/transport.hpp>
#include <patchbay/state_transitioner.hpp>

#include "connecting.hpp"
#include "dialect.hpp"
#include "transition_loop.hpp"
#include "variables.hpp"

namespace patchbayctl {

namespace {

template <class Dialect>
class BeastLoop final : public TransitionLoop {
 public:
  BeastLoop(const Configuration& configuration, const Dialect& dialect)
      : door_(patchbay::Policies{.transport = patchbay::beast::Transport(io_, connecting(configuration)),
                                 .logger = configuration.logger,
                                 .schema = DocumentVariables(configuration.strict),
                                 .dialect = dialect},
              configuration.settings) {}

  void start(patchbay::TransitionRequest request, Ended ended) override {
    door_.start_transition(std::move(request), std::move(ended));
  }
  void start_recover(Recovered recovered) override { door_.start_recover({}, std::move(recovered)); }
  void run(std::stop_token stop, patchbay::Duration patience) override {
    auto work = boost::asio::make_work_guard(io_);
    const std::stop_callback ending(stop, [&] {
      work.reset();
      boost::asio::post(io_, [this] { io_.stop(); });
    });
    io_.run();
    io_.restart();
    io_.run_for(patience);
  }

 private:
  boost::asio::io_context io_{1};
  patchbay::StateTransitioner<patchbay::beast::Transport, patchbay::SystemClock, patchbay::DefaultRetry,
                              patchbay::TextLogger, DocumentVariables, Dialect>
      door_;
};

}  // namespace

std::unique_ptr<TransitionLoop> make_beast_loop(const Configuration& configuration) {
  return make_speaking<TransitionLoop, BeastLoop>(configuration.dialect, configuration);
}

}  // namespace patchbayctl
