// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // max
#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <patchbay/policy/completion_transport.hpp>
#include <patchbay/testing/simulation/exchange.hpp>

namespace patchbay::testing::simulation {

/// One connection of a message channel: bytes go in order in each direction, and either end, or the way, can fail without
/// the other end knowing. What the process has written may reach the cloud after the process has given the channel up.
class Connection final : public Prop, public Tied, public CloudEnd {
 public:
  Connection(Link& link, ChannelId cloud, Stream random)
      : link_(&link), cloud_(cloud), number_(++link.scene->channels), random_(random), flow_(random_.bits()) {
    Scene& scene = *link.scene;
    scene.ends.emplace(cloud, this);
    if (scene.strikes(Fault::accept_then_close, random_)) {
      constexpr std::array<std::uint16_t, 12> codes{1000, 1001, 1002, 1003, 1007, 1008, 1009, 1011, 1012, 1013, 4001, 4429};
      const std::uint16_t code = random_.pick(codes);
      strike_within(seconds{2}, [this, code] { close_at_cloud(code); });
    }
    if (scene.strikes(Fault::half_open, random_)) strike_within(seconds{30}, [this] { go_deaf(); });
    if (scene.strikes(Fault::cut, random_)) strike_within(seconds{30}, [this] { cut(); });
    if (scene.strikes(Fault::junk, random_)) strike_within(seconds{10}, [this] { send_junk(); });
  }

  // The process's end.
  /// It has heard that the channel is open.
  void open() {
    ++link_->channels;
    link_->tie(*this);
    open_ = true;
    link_->scene->witnesses.channel_opened(link_->id, number_, link_->scene->now());
  }
  void write(std::string_view text, bool ping, SteadyTime deadline, Completion<TransportResult<void>> done) {
    Scene& scene = *link_->scene;
    writing_ = std::move(done);
    text_.assign(text);
    const std::uint64_t mine = ++writes_;
    if (broken_ || ended_) {
      scene.in(Duration::zero(), [this, mine] { end_write(mine, TransportError(TransportFault::closed, Delivery::not_sent)); });
      return;
    }
    scene.at((std::max)(scene.now(), link_->shown_at(deadline)),
             [this, mine] { end_write(mine, TransportError(TransportFault::timed_out, left_ == mine ? Delivery::maybe_sent : Delivery::not_sent)); });
    scene.in(flow_.span(Duration::zero(), milliseconds{2}), [this, mine, ping] { hand_over(mine, ping); });
  }
  void receive(ChannelEvent& event, Completion<void> done) {
    event_ = &event;
    receiving_ = std::move(done);
    link_->scene->in(Duration::zero(), [this] { look(); });
  }
  /// What has come and nobody has taken, for a process that asks for it.
  bool take(ChannelEvent& event) {
    if (incoming_.empty()) {
      if (!broken_ && !ended_) return false;
      set(event, ChannelEvent::Kind::closed, 1006, {});
      return true;
    }
    Incoming first = std::move(incoming_.front());
    incoming_.pop_front();
    set(event, first.kind, first.code, first.text);
    if (first.kind == ChannelEvent::Kind::closed) {
      link_->scene->witnesses.channel_closed(link_->id, number_, first.code, link_->scene->now());
      gone();
    }
    if (first.kind == ChannelEvent::Kind::text)
      link_->scene->witnesses.frame_received(link_->id, number_, first.text, link_->scene->now());
    return true;
  }
  void close(Completion<void> done) {
    closing_ = std::move(done);
    leave();
    link_->scene->in(milliseconds{1}, [this] { finish(closing_); });
  }
  /// The process lets go, or closes: the cloud hears of it behind what was written before, if it hears anything.
  void leave() {
    if (ended_) return;
    gone();
    send_out([this] { end_at_cloud(); });
    link_->scene->in(Duration::zero(), [this] { abort_calls(); });
  }
  void abandon() noexcept override {
    ended_ = true;
    const auto a = std::move(receiving_);
    const auto b = std::move(closing_);
    const auto c = std::move(writing_);
    // The operating system closes what a process has left open, unless the machine went with it.
    if (random_.chance(768)) link_->scene->in(milliseconds{1}, [this] { send_out([this] { end_at_cloud(); }); });
    else go_deaf();
  }

  // The cloud's end.
  void from_cloud(CloudFrame frame) override {
    if (!cloud_open_) return;
    if (!frame.acknowledgement) return send_in(ChannelEvent::Kind::text, 0, std::move(frame.text), Duration::zero());
    acknowledge(std::move(frame.text));
  }
  void closed_by_cloud(std::uint16_t code) override { close_at_cloud(code); }
  /// The cloud closes the channel.
  void close_at_cloud(std::uint16_t code) {
    if (!cloud_open_) return;
    send_in(ChannelEvent::Kind::closed, code, "as drawn", Duration::zero());
    end_at_cloud();
  }
  /// The connection breaks: the process sees it soon, the cloud too; what was under way may have come through.
  void cut() {
    if (broken_) return;
    link_->scene->note(Fault::cut);
    const bool lost = flow_.chance(512);
    if (lost) out_lost_ = true;
    send_in(ChannelEvent::Kind::closed, 1006, {}, Duration::zero());
    link_->scene->in(flow_.heavy_tailed(milliseconds{20}, seconds{20}), [this] { end_at_cloud(); });
  }
  /// The way fails and nobody is told.
  void go_deaf() {
    const std::uint64_t how = flow_.below(3);
    if (how != 0) out_lost_ = true;
    if (how != 1) in_lost_ = true;
    link_->scene->in(flow_.span(seconds{30}, seconds{180}), [this] { end_at_cloud(); });
  }
  [[nodiscard]] bool cloud_open() const noexcept { return cloud_open_; }
  [[nodiscard]] std::uint64_t number() const noexcept { return number_; }

 private:
  struct Incoming {
    ChannelEvent::Kind kind;
    std::uint16_t code;
    std::string text;
  };

  /// Has something go wrong by then, unless the world is healed before.
  template <class Act>
  void strike_within(Duration most, Act act) {
    link_->scene->in(random_.span(Duration::zero(), most), [this, act] {
      if (!link_->scene->healed) act();
    });
  }
  static void set(ChannelEvent& event, ChannelEvent::Kind kind, std::uint16_t code, std::string_view text) {
    event.kind = kind;
    event.close_code = code;
    event.reason.clear();
    event.payload.clear();
    if (kind == ChannelEvent::Kind::closed) {
      event.reason = text;
    } else {
      event.payload.append(text);
    }
  }
  template <class C>
  static void finish(C& completion) {
    if (!completion) return;
    C done = std::move(completion);
    done();
  }
  void end_write(std::uint64_t which, std::optional<TransportError> error = std::nullopt) {
    if (which != writes_ || !writing_) return;
    Completion<TransportResult<void>> done = std::move(writing_);
    if (error) {
      broken_ = true;
      done(tl::unexpected(std::move(*error)));
    } else {
      done(TransportResult<void>{});
    }
  }
  void hand_over(std::uint64_t which, bool ping) {
    if (which != writes_ || !writing_) return;
    Scene& scene = *link_->scene;
    if (broken_ || ended_) return end_write(which, TransportError(TransportFault::closed, Delivery::not_sent));
    left_ = which;
    if (!ping) scene.witnesses.frame_left(link_->id, number_, text_, scene.now());
    if (ping) {
      send_out([this] { send_in(ChannelEvent::Kind::pong, 0, {}, Duration::zero()); });
    } else {
      send_out([this, text = text_] { command(text); });
      if (scene.strikes(Fault::cut, flow_)) {
        cut();
        return end_write(which, TransportError(TransportFault::reset, Delivery::maybe_sent));
      }
    }
    const Duration noticed = scene.strikes(Fault::early_ack, flow_) ? flow_.span(milliseconds{50}, milliseconds{400}) : Duration::zero();
    scene.in(noticed, [this, which] { end_write(which); });
  }
  /// The process has no channel any more.
  void gone() {
    if (std::exchange(ended_, true) || !open_) return;
    --link_->channels;
    link_->untie(*this);
    link_->scene->witnesses.channel_ended(link_->id, number_, link_->scene->now());
  }
  void abort_calls() {
    if (receiving_) {
      set(*event_, ChannelEvent::Kind::closed, 1006, {});
      finish(receiving_);
    }
    end_write(writes_, TransportError(TransportFault::closed, left_ == writes_ ? Delivery::maybe_sent : Delivery::not_sent));
  }
  void look() {
    if (!receiving_ || link_->dead || !take(*event_)) return;
    finish(receiving_);
  }

  /// Lets something arrive at the cloud, behind what was sent before it.
  template <class Act>
  void send_out(Act act) {
    Scene& scene = *link_->scene;
    Duration way = flow_.span(milliseconds{1}, milliseconds{15});
    if (scene.strikes(Fault::slow, flow_)) way = flow_.heavy_tailed(milliseconds{200}, seconds{20});
    out_at_ = (std::max)(out_at_, after((std::max)(scene.now(), link_->out_blocked), way));
    scene.at(out_at_, [this, act] {
      if (!out_lost_ && cloud_open_) act();
    });
  }
  void send_in(ChannelEvent::Kind kind, std::uint16_t code, std::string text, Duration wait) {
    Scene& scene = *link_->scene;
    const SteadyTime sent = after((std::max)(scene.now(), link_->in_blocked), wait);
    Duration way = flow_.span(milliseconds{1}, milliseconds{15});
    if (scene.strikes(Fault::slow, flow_)) way = flow_.heavy_tailed(milliseconds{200}, seconds{20});
    in_at_ = (std::max)(in_at_, after(sent, way));
    scene.at(in_at_, [this, kind, code, text = std::move(text)] {
      if (in_lost_ || ended_ || link_->dead) return;
      incoming_.push_back(Incoming{kind, code, text});
      if (kind == ChannelEvent::Kind::closed) broken_ = true;
      look();
    });
  }

  /// The cloud is given a command.
  void command(const std::string& text) {
    Scene& scene = *link_->scene;
    if (scene.cloud->holds_by_request()) {
      scene.cloud->hear(cloud_, text);
      return scene.cloud_changed();
    }
    detail::ChannelCommand parsed;
    const std::string_view why = detail::read_command(text, scene.reader, parsed);
    if (scene.strikes(Fault::negative_ack, flow_)) {
      send_in(ChannelEvent::Kind::text, 0, detail::negative_acknowledgement(parsed, "refused as drawn"), Duration::zero());
      return;
    }
    asked_ = parsed;
    scene.cloud->carry_out(cloud_, parsed, why);
    scene.cloud_changed();
  }
  void acknowledge(std::string text) {
    Scene& scene = *link_->scene;
    if (scene.strikes(Fault::drop_ack, flow_)) return;
    if (scene.strikes(Fault::wrong_ack, flow_)) text = wrong(text);
    if (scene.strikes(Fault::swapped_ack, flow_)) {
      std::swap(text, kept_back_);
      if (text.empty()) return;
    }
    if (scene.strikes(Fault::duplicate_ack, flow_))
      scene.in(flow_.heavy_tailed(milliseconds{100}, seconds{30}), [this, text] { say(text); });
    if (scene.strikes(Fault::late_ack, flow_)) {
      scene.in(flow_.heavy_tailed(seconds{2}, seconds{60}), [this, text] { say(text); });
      return;
    }
    say(std::move(text));
  }
  void say(std::string text) {
    if (cloud_open_) send_in(ChannelEvent::Kind::text, 0, std::move(text), Duration::zero());
  }
  [[nodiscard]] std::string wrong(const std::string& right) {
    constexpr std::string_view nobody = "00000000-0000-4000-8000-00000000dead";
    switch (flow_.below(4)) {
      case 0: return detail::acknowledgement(asked_.correlation_id, asked_.verb, nobody);
      case 1: return detail::acknowledgement(asked_.correlation_id, asked_.verb == "hold" ? "unhold" : "hold", asked_.interaction);
      case 2: return detail::acknowledgement(nobody, asked_.verb, asked_.interaction);
      default: return right.substr(0, right.size() / 2);
    }
  }
  void send_junk() {
    if (!cloud_open_ || link_->scene->healed) return;
    constexpr std::array<std::string_view, 8> texts{
        "", "not json", "[[[[[[[[[[[[[[[[", "{\"correlationId\":7}", "{\"body\":{}}", "{\"topic\":\"channel.metadata\",\"body\":{}}",
        "{\"correlationId\":\"x\",\"correlationId\":\"y\",\"body\":{\"type\":\"hold\"}}", "\xff\xfe\xfd"};
    const bool binary = flow_.chance(256);
    send_in(binary ? ChannelEvent::Kind::binary : ChannelEvent::Kind::text, 0, std::string(flow_.pick(texts)), Duration::zero());
    link_->scene->in(flow_.span(milliseconds{100}, seconds{10}), [this] { send_junk(); });
  }
  void end_at_cloud() {
    if (!std::exchange(cloud_open_, false)) return;
    link_->scene->cloud->close(cloud_);
    link_->scene->ends.erase(cloud_);
  }

  Link* link_;
  ChannelId cloud_;
  std::uint64_t number_;
  Stream random_, flow_;
  bool open_ = false;          // at the process's end
  bool ended_ = false;         // the process has no channel any more
  bool broken_ = false;        // it can send nothing any more
  bool cloud_open_ = true;
  bool out_lost_ = false, in_lost_ = false;  // what is sent arrives nowhere
  SteadyTime out_at_{}, in_at_{};
  std::deque<Incoming> incoming_;
  ChannelEvent* event_ = nullptr;
  Completion<void> receiving_, closing_;
  Completion<TransportResult<void>> writing_;
  std::uint64_t writes_ = 0, left_ = 0;
  std::string text_, kept_back_;
  detail::ChannelCommand asked_;
};

/// The opening of a channel. `take` is given the connection when it is open at the process's end.
class Upgrade final : public Exchange {
 public:
  /// Told of the end: of the connection, or why there is none.
  class Opener {
   public:
    virtual void opened(TransportResult<Connection*> how) = 0;
    virtual void abandoned() noexcept = 0;

   protected:
    Opener() = default;
    Opener(const Opener&) = default;
    Opener& operator=(const Opener&) = default;
    ~Opener() = default;
  };

  Upgrade(Link& link, Serving& serving, const ChannelRequest& request, HttpResponse& refusal, SteadyTime deadline, Opener& opener)
      : Exchange(link, serving, "GET", request.target, {}, request.headers, deadline, true), refusal_(&refusal), opener_(&opener) {}
  using Exchange::begin;

 private:
  bool arrive(const ExchangeView& shown, HttpResponse& answer) override {
    Scene& scene = *link_->scene;
    scene.witnesses.arriving(shown, *scene.cloud, scene.now());
    if (scene.strikes(Fault::upgrade_refused, random_)) {
      serving_->refuse(shown, random_, answer);
    } else if (const auto id = scene.cloud->open(*shown.request, answer)) {
      connection_ = &scene.keep(std::make_unique<Connection>(*link_, *id, Stream(random_.bits())));
    }
    scene.witnesses.served(shown, answer, *scene.cloud, scene.now());
    if (scene.cloud->holds_by_request()) scene.cloud_changed();  // one may have taken the place of another, and all have heartbeats
    return false;
  }
  void deliver(HttpResponse& answer) override {
    if (connection_) {
      connection_->open();
      return opener_->opened(connection_);
    }
    *refusal_ = answer;
    opener_->opened(tl::unexpected(TransportError(TransportFault::upgrade_refused, Delivery::maybe_sent, "the upgrade was refused")));
  }
  void refuse(TransportError error) override { opener_->opened(tl::unexpected(std::move(error))); }
  void drop() noexcept override { opener_->abandoned(); }
  void unheard() override {
    if (connection_) connection_->leave();
  }

  HttpResponse* refusal_;
  Opener* opener_;
  Connection* connection_ = nullptr;
};

}  // namespace patchbay::testing::simulation
