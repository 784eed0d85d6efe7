// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // max
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <patchbay/policy/completion_transport.hpp>
#include <patchbay/testing/simulation/link.hpp>
#include <patchbay/testing/simulation/serving.hpp>

namespace patchbay::testing::simulation {

/// One request on its way through the network, from the process that sends it to the cloud and back. It goes on when the
/// process has given up, as requests do.
class Exchange : public Prop, public Tied {
 public:
  [[nodiscard]] std::uint64_t number() const noexcept { return number_; }
  [[nodiscard]] bool over() const noexcept { return over_; }
  /// Whether the process's door for holds asks; said before it begins.
  void by_holds(bool holds) noexcept { by_holds_ = holds; }

  /// Its sender gives up; soon, as completions never come from within a call.
  void cancel() {
    link_->scene->at(link_->scene->now(), [this] { give_up(TransportFault::cancelled, "cancelled"); });
  }
  void abandon() noexcept final {
    over_ = true;
    drop();
  }

 protected:
  Exchange(Link& link, Serving& serving, std::string_view method, std::string_view target, std::string_view body,
           std::span<const HeaderView> headers, SteadyTime deadline, bool opening)
      : link_(&link),
        serving_(&serving),
        number_(++link.scene->exchanges),
        random_(derive(link.scene->seed, "exchange", mix(hash_text(target)) ^ (static_cast<std::uint64_t>(link.id.number) << 32) ^
                                                         static_cast<std::uint64_t>(link.id.incarnation) << 40 ^
                                                         ++link.ordinals[hash_text(target)])),
        method_(method),
        target_(target),
        body_(body),
        deadline_(deadline),
        opening_(opening) {
    fields_.reserve(headers.size());
    for (const HeaderView& each : headers) fields_.emplace_back(each.name, each.value);
    for (const auto& [name, value] : fields_) headers_.push_back(HeaderView{name, value});
  }

  void begin() {
    Scene& scene = *link_->scene;
    ++link_->exchanges;
    link_->tie(*this);
    scene.at(link_->shown_at(deadline_), [this] { give_up(TransportFault::timed_out, "no answer by the deadline"); });
    if (scene.strikes(Fault::connect_hang, random_)) return;
    const Duration connecting = random_.span(Duration::zero(), milliseconds{5});
    if (scene.strikes(Fault::connect_failure, random_)) {
      constexpr std::array<TransportFault, 5> faults{TransportFault::connect, TransportFault::connect, TransportFault::resolve,
                                                     TransportFault::tls, TransportFault::queue_full};
      scene.in(connecting, [this, fault = random_.pick(faults)] { fail(fault, Delivery::not_sent, "no connection"); });
      return;
    }
    scene.in(connecting, [this] { leave(); });
  }

  /// It has arrived: answers whether the answer is too large.
  virtual bool arrive(const ExchangeView& view, HttpResponse& answer) = 0;
  /// What the process is told.
  virtual void deliver(HttpResponse& answer) = 0;
  virtual void refuse(TransportError error) = 0;
  /// The completion is abandoned.
  virtual void drop() noexcept = 0;
  /// What was opened for a process that will not hear of it is let go.
  virtual void unheard() {}

  [[nodiscard]] ExchangeView view() const {
    ExchangeView out;
    out.number = number_;
    out.process = link_->id;
    out.method = method_, out.target = target_, out.body = body_;
    out.opening = opening_, out.by_holds = by_holds_;
    return out;
  }
  void end_with(const HttpResponse* answer, const TransportError* error) {
    over_ = true;
    --link_->exchanges;
    link_->untie(*this);
    const CloudRequest request(method_, target_, headers_, body_);
    ExchangeView shown = view();
    shown.request = &request;
    link_->scene->witnesses.exchange_ended(shown, answer, error, link_->scene->now());
  }
  void fail(TransportFault fault, Delivery delivery, const char* detail) {
    if (over_) return;
    TransportError error(fault, delivery, detail);
    end_with(nullptr, &error);
    refuse(std::move(error));
  }

  Link* link_;
  Serving* serving_;
  std::uint64_t number_;
  Stream random_;
  std::string method_, target_, body_;
  SteadyTime deadline_;
  bool opening_, sent_ = false, over_ = false;
  bool doubled_ = false;  // it arrives twice
  bool by_holds_ = false;

 private:
  [[nodiscard]] Duration latency() {
    Scene& scene = *link_->scene;
    if (scene.strikes(Fault::slow, random_)) return random_.heavy_tailed(milliseconds{200}, seconds{40});
    return random_.span(milliseconds{1}, milliseconds{20});
  }
  void give_up(TransportFault fault, const char* detail) { fail(fault, sent_ ? Delivery::maybe_sent : Delivery::not_sent, detail); }

  /// The first byte leaves.
  void leave() {
    if (over_) return;
    Scene& scene = *link_->scene;
    sent_ = true;
    const CloudRequest request(method_, target_, headers_, body_);
    ExchangeView shown = view();
    shown.request = &request;
    scene.witnesses.request_left(shown, scene.now());
    const Duration way = latency();
    const bool late = scene.strikes(Fault::late_request, random_);
    const Duration lateness = random_.span(seconds{1}, seconds{60});
    if (scene.strikes(Fault::reset_request, random_)) {
      scene.in(way, [this] { fail(TransportFault::reset, Delivery::maybe_sent, "the connection ended"); });
      return;
    }
    if (scene.strikes(Fault::drop_request, random_)) return;
    scene.in(late ? way + lateness : way, [this] { reach_cloud(true); });
    doubled_ = scene.strikes(Fault::duplicate_request, random_) && !opening_;
    if (doubled_)
      scene.in(way + random_.heavy_tailed(milliseconds{50}, seconds{30}), [this] { reach_cloud(false); });
  }
  void reach_cloud(bool first) {
    Scene& scene = *link_->scene;
    if (scene.now() < link_->out_blocked) {
      // What a broken network has taken in is lost, or comes later.
      if (random_.chance(512)) scene.at(after(link_->out_blocked, latency()), [this, first] { reach_cloud(first); });
      return;
    }
    const CloudRequest request(method_, target_, headers_, body_);
    ExchangeView shown = view();
    shown.request = &request;
    HttpResponse unheard_answer;
    if (!first) return void(arrive(shown, unheard_answer));
    const bool too_large = arrive(shown, answer_);
    const Duration way = latency();
    if (scene.strikes(Fault::drop_answer, random_)) return unheard();
    if (scene.strikes(Fault::reset_answer, random_)) {
      unheard();
      // A length that is wrong and a chunk that is cut off are either, as the transport sees them.
      const TransportFault how = random_.chance(256) ? TransportFault::malformed : TransportFault::reset;
      scene.in(way, [this, how] { fail(how, Delivery::maybe_sent, "the connection ended within the answer"); });
      return;
    }
    scene.in(way, [this, too_large] { come_back(too_large); });
  }
  void come_back(bool too_large) {
    Scene& scene = *link_->scene;
    if (over_) return unheard();
    if (scene.now() < link_->in_blocked) {
      scene.at(after(link_->in_blocked, latency()), [this, too_large] { come_back(too_large); });
      return;
    }
    if (too_large) return unheard(), fail(TransportFault::too_large, Delivery::maybe_sent, "the answer is beyond the limit");
    // The process hears of it when its clock shows a time before the deadline, or not at all.
    end_with(&answer_, nullptr);
    deliver(answer_);
  }

  std::vector<std::pair<std::string, std::string>> fields_;
  std::vector<HeaderView> headers_;
  HttpResponse answer_;
};

/// An HTTP exchange.
class Sending final : public Exchange {
 public:
  Sending(Link& link, Serving& serving, const HttpRequest& request, HttpResponse& response, SteadyTime deadline,
          Completion<TransportResult<void>> done)
      : Exchange(link, serving, to_string(request.method), request.target, request.body, request.headers, deadline, false),
        response_(&response),
        done_(std::move(done)) {}
  using Exchange::begin;

 private:
  bool arrive(const ExchangeView& view, HttpResponse& answer) override { return serving_->serve(view, random_, answer, doubled_); }
  void deliver(HttpResponse& answer) override {
    *response_ = answer;
    done_(TransportResult<void>{});
  }
  void refuse(TransportError error) override {
    response_->clear();
    done_(tl::unexpected(std::move(error)));
  }
  void drop() noexcept override { const auto abandoned = std::move(done_); }

  HttpResponse* response_;
  Completion<TransportResult<void>> done_;
};

}  // namespace patchbay::testing::simulation
