// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
// A door that holds wants channels, which a transport on an event loop may lack: libcurl's does.
// expect: HoldController: Policies::transport must model patchbay::ChannelTransport; .* patchbay::CompletionChannelTransport
#include <patchbay/hold_controller.hpp>
#include <patchbay/testing/loop_transport.hpp>
#include <patchbay/testing/simulated_cloud.hpp>

using namespace patchbay;
using namespace patchbay::testing;

/// HTTP on an event loop, and nothing else.
class HttpAlone {
 public:
  using timer_type = ManualLoop::Timer;

  explicit HttpAlone(LoopTransport<SimulatedCloud> whole) : whole_(std::move(whole)) {}
  ExchangeId send(const HttpRequest& request, HttpResponse& response, SteadyTime deadline,
                  Completion<TransportResult<void>> done) {
    return whole_.send(request, response, deadline, std::move(done));
  }
  void cancel(ExchangeId id) noexcept { whole_.cancel(id); }
  void post(Completion<void> work) { whole_.post(std::move(work)); }
  timer_type make_timer() { return whole_.make_timer(); }

 private:
  LoopTransport<SimulatedCloud> whole_;
};

void open(LoopTransport<SimulatedCloud> whole, const Settings& settings) {
  HoldController door{Policies{.transport = HttpAlone{whole}}, settings};
  (void)door.metrics();
}
