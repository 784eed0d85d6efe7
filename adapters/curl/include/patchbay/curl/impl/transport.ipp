// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <utility>

#include <patchbay/curl/impl/loop.hpp>
#include <patchbay/curl/transport.hpp>

namespace patchbay::curl {

Timer::Timer(std::shared_ptr<detail::Inbox> inbox) : inbox_(std::move(inbox)), node_(new detail::TimerNode) {}
Timer::Timer(Timer&& other) noexcept : inbox_(std::move(other.inbox_)), node_(std::exchange(other.node_, nullptr)) {}
Timer& Timer::operator=(Timer&& other) noexcept {
  Timer taken(std::move(other));
  std::swap(inbox_, taken.inbox_);
  std::swap(node_, taken.node_);
  return *this;
}
Timer::~Timer() {
  if (node_ != nullptr) inbox_->let_go(node_);
}
void Timer::wait(SteadyTime when, Completion<void> done) { inbox_->wait(*node_, when, std::move(done)); }
void Timer::cancel() noexcept { inbox_->cancel(*node_); }

Transport::Transport(Loop& loop) : inbox_(loop.state_->inbox) {}
ExchangeId Transport::send(const HttpRequest& request, HttpResponse& response, SteadyTime deadline,
                           Completion<TransportResult<void>> done) {
  return inbox_->send(request, response, deadline, std::move(done));
}
void Transport::cancel(ExchangeId id) noexcept { inbox_->cancel(id); }
void Transport::post(Completion<void> work) { inbox_->post(std::move(work)); }
Timer Transport::make_timer() { return Timer(inbox_); }

Loop::Loop(PoolOptions options) : state_(std::make_unique<detail::LoopState>(std::move(options))) {}
Loop::~Loop() = default;
std::size_t Loop::run() { return state_->run(never, {}, false); }
std::size_t Loop::run(std::stop_token stop) { return state_->run(never, stop, true); }
std::size_t Loop::run_until(SteadyTime end) { return state_->run(end, {}, false); }
std::size_t Loop::poll() { return state_->poll(); }

}  // namespace patchbay::curl
