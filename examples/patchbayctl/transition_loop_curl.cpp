// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include "transition_loop.hpp"

#if defined(PATCHBAYCTL_WITH_CURL)

#include <utility>

#include <patchbay/curl/transport.hpp>
#include <patchbay/state_transitioner.hpp>

#include "dialect.hpp"
#include "variables.hpp"

namespace patchbayctl {

namespace {

patchbay::curl::PoolOptions connecting_by_curl(const Configuration& configuration) {
  patchbay::curl::PoolOptions out;
  out.trusted_ca_file = configuration.ca_file;
  return out;
}

template <class Dialect>
class CurlLoop final : public TransitionLoop {
 public:
  CurlLoop(const Configuration& configuration, const Dialect& dialect)
      : loop_(connecting_by_curl(configuration)),
        door_(patchbay::Policies{.transport = patchbay::curl::Transport(loop_),
                                   .logger = configuration.logger,
                                   .schema = DocumentVariables(configuration.strict),
                                   .dialect = dialect},
                configuration.settings) {}

  void start(patchbay::TransitionRequest request, Ended ended) override {
    door_.start_transition(std::move(request), std::move(ended));
  }
  void start_recover(Recovered recovered) override { door_.start_recover({}, std::move(recovered)); }
  void run(std::stop_token stop, patchbay::Duration patience) override {
    loop_.run(stop);
    loop_.run_until(std::chrono::steady_clock::now() + patience);
  }

 private:
  patchbay::curl::Loop loop_;
  patchbay::StateTransitioner<patchbay::curl::Transport, patchbay::SystemClock, patchbay::DefaultRetry,
                              patchbay::TextLogger, DocumentVariables, Dialect>
      door_;
};

}  // namespace

std::unique_ptr<TransitionLoop> make_curl_loop(const Configuration& configuration) {
  return make_speaking<TransitionLoop, CurlLoop>(configuration.dialect, configuration);
}

}  // namespace patchbayctl

#else

namespace patchbayctl {

std::unique_ptr<TransitionLoop> make_curl_loop(const Configuration&) { return nullptr; }

}  // namespace patchbayctl

#endif
