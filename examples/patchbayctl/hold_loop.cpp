// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include "hold_loop.hpp"

#include <utility>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <patchbay/beast/transport.hpp>
#include <patchbay/hold_controller.hpp>

#include "connecting.hpp"
#include "holds.hpp"

namespace patchbayctl {

namespace {

template <class Dialect>
class Speaking final : public HoldLoop {
 public:
  Speaking(const Configuration& configuration, const Dialect& dialect)
      : door_(patchbay::Policies{.transport = patchbay::beast::Transport(io_, connecting(configuration)),
                                 .logger = configuration.logger,
                                 .dialect = dialect},
              configuration.settings),
        close_timeout_(configuration.settings.hold.close_timeout) {}

  void start(const Job& job, Ended ended) override {
    if (job.action == Command::unhold) {
      door_.start_unhold(unhold_of(job), std::move(ended));
    } else {
      door_.start_hold(hold_of(job), std::move(ended));
    }
  }
  void start_recover(Recovered recovered) override { door_.start_recover({}, std::move(recovered)); }
  void run(std::stop_token stop) override {
    auto work = boost::asio::make_work_guard(io_);
    const std::stop_callback ending(stop, [&] {
      door_.start_close(close_timeout_, [](const patchbay::Result<void>&) {});
      work.reset();
    });
    io_.run();
  }
  std::vector<std::string> standing() override { return lines_of(door_.held()); }

 private:
  boost::asio::io_context io_{1};
  patchbay::HoldController<patchbay::beast::Transport, patchbay::SystemClock, patchbay::DefaultRetry,
                           patchbay::TextLogger, patchbay::DefaultSchema, Dialect>
      door_;
  const patchbay::Duration close_timeout_;
};

}  // namespace

std::unique_ptr<HoldLoop> make_hold_loop(const Configuration& configuration) {
  return make_speaking<HoldLoop, Speaking>(*configuration.hold_dialect, configuration);
}

}  // namespace patchbayctl
