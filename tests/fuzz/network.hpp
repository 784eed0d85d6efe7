// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "fuzz/bytes.hpp"
#include "fuzz/law.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <patchbay/cloud/interaction.hpp>
#include <patchbay/policy/completion_transport.hpp>
#include <patchbay/testing/faulty_cloud.hpp>
#include <patchbay/testing/loop_channel.hpp>
#include <patchbay/testing/manual_loop.hpp>

namespace patchbay_fuzz {

using namespace patchbay;
using namespace patchbay::testing;

/// A cloud behind a network whose every decision is the next byte of the input: how long a request takes, whether it
/// arrives, what becomes of its answer, what is said on channels and in which order. What is given up by the client arrives
/// all the same. From `heal` on nothing goes wrong any more.
///
/// Models `CompletionChannelTransport`; a handle. It outlives the doors that use it, and `tear_down` ends what is left.
class Network {
 public:
  using timer_type = ManualLoop::Timer;
  using channel_type = LoopChannel;

  Network(ManualLoop loop, Bytes& bytes, CloudOptions options)
      : state_(std::make_shared<State>(std::move(loop), bytes, std::move(options))) {}

  ExchangeId send(const HttpRequest& request, HttpResponse& response, SteadyTime deadline,
                  Completion<TransportResult<void>> done) {
    return state_->send(request, response, deadline, std::move(done));
  }
  ExchangeId open(const ChannelRequest& request, HttpResponse& refusal, SteadyTime deadline,
                  Completion<TransportResult<LoopChannel>> done) {
    return state_->open(request, refusal, deadline, std::move(done));
  }
  void cancel(ExchangeId id) noexcept {
    State* const state = state_.get();
    state->loop.at(state->now(), [state, id] { state->give_up(id, TransportFault::cancelled); });
  }
  void post(Completion<void> work) { state_->loop.at(state_->now(), std::move(work)); }
  timer_type make_timer() { return timer_type(state_->loop); }

  [[nodiscard]] FaultyCloud& cloud() noexcept { return state_->cloud; }
  [[nodiscard]] std::size_t under_way() const noexcept { return state_->exchanges.size() + state_->openings.size(); }
  [[nodiscard]] std::size_t requests() const noexcept { return state_->last; }
  [[nodiscard]] std::size_t channels() const noexcept { return state_->peers.size(); }
  /// What was sent as a credential, apart from its scheme.
  [[nodiscard]] const std::set<std::string>& credentials() const noexcept { return state_->credentials; }
  void heal() noexcept { state_->healed = true; }
  /// What a channel is sent that no cloud says, or its end.
  void meddle() { state_->meddle(); }
  /// Delivers what the cloud has to say after it was changed.
  void deliver() { state_->deliver(state_->cloud.take_actions()); }
  void tear_down() {
    state_->loop.tear_down();
    const auto exchanges = std::exchange(state_->exchanges, {});
    const auto openings = std::exchange(state_->openings, {});
    for (const LoopChannel::Link& each : std::exchange(state_->links, {})) each.abandon();
  }

 private:
  /// A request on its way, which owns what the client's views showed.
  struct Exchange {
    Exchange(const HttpRequest& request, HttpResponse& response_in, Completion<TransportResult<void>> done_in)
        : method(to_string(request.method)),
          target(request.target),
          body(request.body),
          max_body(request.max_body),
          response(&response_in),
          done(std::move(done_in)) {
      for (const HeaderView& field : request.headers) fields.emplace_back(field.name, field.value);
    }
    std::string method, target, body;
    std::vector<std::pair<std::string, std::string>> fields;
    std::size_t max_body;
    HttpResponse* response;
    Completion<TransportResult<void>> done;
    HttpResponse answer;
    bool sent = false;
  };
  struct Opening {
    Opening(std::string target_in, std::size_t max_message_in, HttpResponse& refusal_in,
            Completion<TransportResult<LoopChannel>> done_in)
        : target(std::move(target_in)), max_message(max_message_in), refusal(&refusal_in), done(std::move(done_in)) {}
    std::string target;
    std::vector<std::pair<std::string, std::string>> fields;
    std::size_t max_message;
    HttpResponse* refusal;
    Completion<TransportResult<LoopChannel>> done;
  };

  struct State {
    State(ManualLoop loop_in, Bytes& bytes_in, CloudOptions options)
        : loop(std::move(loop_in)),
          bytes(&bytes_in),
          cloud([clock = loop.clock()] { return clock.steady_now(); }, std::move(options)) {}

    [[nodiscard]] SteadyTime now() const noexcept { return loop.clock().steady_now(); }
    std::size_t draw(std::size_t below) noexcept { return healed ? 0 : bytes->below(below); }
    Duration span() noexcept {
      static constexpr std::array<int, 8> spans{1, 1, 2, 5, 40, 900, 4'000, 25'000};
      return milliseconds{spans[draw(spans.size())]};
    }

    ExchangeId send(const HttpRequest& request, HttpResponse& response, SteadyTime deadline,
                    Completion<TransportResult<void>> done) {
      const ExchangeId id = ++last;
      const auto exchange = std::make_shared<Exchange>(request, response, std::move(done));
      check(*exchange);
      response.clear();
      exchanges.emplace(id, exchange);
      if (exchange->target.starts_with("/oauth/token"))
        law(++token_requests == 1, "I10: one token request is under way");
      loop.at(deadline, [this, id] { give_up(id, TransportFault::timed_out); });
      const std::size_t fate = draw(16);
      if (fate == 1) {  // nobody lets it in
        loop.at(after(now(), span()),
                [this, id] { fail(id, TransportError(TransportFault::connect, Delivery::not_sent, "refused")); });
        return id;
      }
      exchange->sent = true;
      if (fate == 2) {  // lost on its way, and the connection with it
        loop.at(after(now(), span()),
                [this, id] { fail(id, TransportError(TransportFault::reset, Delivery::maybe_sent, "reset")); });
      } else if (fate != 3) {  // or it is lost without a word
        loop.at(after(now(), fate == 0 ? milliseconds{1} : span()),
                [this, id, exchange, fate] { arrive(id, *exchange, fate); });
      }
      return id;
    }
    void check(const Exchange& exchange) {
      bool locked = false;
      for (const auto& [name, value] : exchange.fields) {
        if (name == "If-Match") locked = is_strong_etag(value);
        if (name == "Authorization") credentials.insert(value.substr(value.find(' ') + 1));
      }
      law(exchange.method != "PATCH" || locked, "I1: a write is locked with a strong version", {exchange.target});
      law(exchange.target.find("access_token") == std::string::npos, "I19: no credential stands in an address",
          {exchange.target});
    }
    void arrive(ExchangeId id, Exchange& exchange, std::size_t fate) {
      std::vector<HeaderView> fields;
      for (const auto& [name, value] : exchange.fields) fields.push_back(HeaderView{name, value});
      const CloudRequest request(exchange.method, exchange.target, fields, exchange.body);
      const std::optional<HttpFault> fault = draw_fault(exchange, fate);
      const std::size_t done = cloud.model.operations().size();
      ServingEnd end = cloud.serve(request, fault, exchange.answer);
      // Nor does a server say that it has done what it has refused.
      const bool lie = end == ServingEnd::answer && exchange.method == "PATCH" && exchange.answer.status < 300 &&
                       cloud.model.operations().size() == done;
      if (lie) end = cloud.serve(request, std::nullopt, exchange.answer);
      deliver(cloud.take_actions());
      if (fate == 15) cut(exchange.answer);
      if (end == ServingEnd::timeout) return;
      const Duration wait = fate == 0 ? milliseconds{1} : span();
      if (end != ServingEnd::answer)
        return loop.at(after(now(), wait),
                       [this, id] { fail(id, TransportError(TransportFault::reset, Delivery::maybe_sent, "reset")); });
      loop.at(after(now(), wait), [this, id] { answer(id); });
    }
    std::optional<HttpFault> draw_fault(const Exchange& exchange, std::size_t fate) {
      static constexpr std::array<int, 18> statuses{503, 500, 502, 504, 429, 401, 403, 404, 408,
                                                    409, 412, 422, 428, 400, 302, 200, 204, 418};
      static constexpr std::array<std::string_view, 8> waits{"",       "0",  "1",    "7",
                                                             "100000", "-1", "soon", "Sun, 06 Nov 2094 08:49:37 GMT"};
      if (fate < 4 || fate >= 14) return std::nullopt;
      HttpFault fault(exchange.method, "");
      fault.applied = fate % 2 == 0;
      const bool write = exchange.method == "PATCH";
      // A server may break down after it has written, but it does not lie: what it refuses it has not done, and what it
      // says that it did it did.
      const auto honest = [write](HttpFault& told) -> HttpFault& {
        if (write && told.status < 500) told.applied = told.status < 300;
        return told;
      };
      switch (fate) {
        case 4:
        case 5: return fault.reset();
        case 6: return fault.timeout();
        case 7: return fault.foreign_write(draw(2) == 0 ? "TechnicalSupport" : "MainMenu");
        case 8:
        case 9:
        case 10: {
          fault.answer(statuses[draw(statuses.size())]);
          if (const std::string_view wait = waits[draw(waits.size())]; !wait.empty())
            fault.headers.emplace_back("Retry-After", wait);
          return honest(fault);
        }
        case 11: {  // it says what it was sent, credentials and all
          std::string echo = exchange.body;
          for (const auto& [name, value] : exchange.fields) echo.append("\n").append(name).append(": ").append(value);
          return honest(
              fault.answer(statuses[draw(statuses.size())], {{"Content-Type", "text/plain"}}, std::move(echo)));
        }
        case 12: return fault.garbage(std::string(write ? "<" : "").append(bytes->text(40)));
        default:
          return honest(fault.answer(200, {{"ETag", draw(2) == 0 ? "W/\"1\"" : "*"}},
                                     R"({"id":"x","customAttributes":{"flow_node":{"a":1}}})"));
      }
    }
    /// Half of an answer, as a whole one.
    void cut(HttpResponse& answer) {
      const std::string half(answer.body.view().substr(0, answer.body.size() / 2));
      answer.body.assign(half);
    }
    void answer(ExchangeId id) {
      const auto exchange = take(id);
      if (!exchange) return;
      if (exchange->answer.body.size() > exchange->max_body)
        return exchange->done(
            tl::unexpected(TransportError(TransportFault::too_large, Delivery::maybe_sent, "too large")));
      *exchange->response = std::move(exchange->answer);
      exchange->done(TransportResult<void>{});
    }
    void fail(ExchangeId id, TransportError error) {
      const auto exchange = take(id);
      if (!exchange) return;
      exchange->response->clear();
      exchange->done(tl::unexpected(std::move(error)));
    }
    void give_up(ExchangeId id, TransportFault fault) {
      if (const auto found = exchanges.find(id); found != exchanges.end())
        return fail(id,
                    TransportError(fault, found->second->sent ? Delivery::maybe_sent : Delivery::not_sent, "given up"));
      if (const auto opening = take_opening(id))
        opening->done(tl::unexpected(TransportError(fault, Delivery::maybe_sent, "given up")));
    }
    std::shared_ptr<Exchange> take(ExchangeId id) {
      const auto found = exchanges.find(id);
      if (found == exchanges.end()) return nullptr;
      const auto exchange = std::move(found->second);
      exchanges.erase(found);
      if (exchange->target.starts_with("/oauth/token")) --token_requests;
      return exchange;
    }

    ExchangeId open(const ChannelRequest& request, HttpResponse& refusal, SteadyTime deadline,
                    Completion<TransportResult<LoopChannel>> done) {
      const ExchangeId id = ++last;
      const auto opening =
          std::make_shared<Opening>(std::string(request.target), request.max_message, refusal, std::move(done));
      for (const HeaderView& field : request.headers) {
        opening->fields.emplace_back(field.name, field.value);
        if (field.name == "Authorization")
          credentials.insert(std::string(field.value.substr(field.value.find(' ') + 1)));
      }
      openings.emplace(id, opening);
      law(openings.size() == 1, "I11: one channel is being opened");
      loop.at(deadline, [this, id] { give_up(id, TransportFault::timed_out); });
      const std::size_t fate = draw(8);
      if (fate != 1) loop.at(after(now(), fate == 0 ? milliseconds{1} : span()), [this, id, fate] { open(id, fate); });
      return id;
    }
    void open(ExchangeId id, std::size_t fate) {
      static constexpr std::array<int, 6> refusals{503, 429, 401, 403, 404, 500};
      const auto opening = take_opening(id);
      if (!opening) return;
      const auto end = [&](TransportFault fault, const char* why) {
        opening->done(tl::unexpected(TransportError(fault, Delivery::maybe_sent, why)));
      };
      opening->refusal->clear();
      if (fate == 2) return end(TransportFault::reset, "reset");
      if (fate == 3) {
        opening->refusal->status = refusals[draw(refusals.size())];
        if (draw(2) == 1) opening->refusal->headers.add("Retry-After", "3");
        return end(TransportFault::upgrade_refused, "refused");
      }
      std::vector<HeaderView> fields;
      for (const auto& [name, value] : opening->fields) fields.push_back(HeaderView{name, value});
      const auto channel = cloud.model.open(CloudRequest("GET", opening->target, fields), *opening->refusal);
      if (!channel) return end(TransportFault::upgrade_refused, "refused");
      opening->refusal->clear();
      ChannelPeer peer(loop.clock());
      if (fate == 4) peer.pongs(false), silent.insert(*channel);
      peer.on_text([this, id = *channel](std::string_view text, ChannelPeer&) { command(id, text); });
      peer.on_gone([this, id = *channel] {
        cloud.model.close(id);
        peers.erase(id);
        silent.erase(id);
      });
      peers.emplace(*channel, peer);
      LoopChannel opened(loop, VirtualChannel(peer, opening->max_message), milliseconds{1});
      std::erase_if(links, [](const auto& each) { return each.expired(); });
      links.emplace_back(opened);
      opening->done(std::move(opened));
    }
    std::shared_ptr<Opening> take_opening(ExchangeId id) {
      const auto found = openings.find(id);
      if (found == openings.end()) return nullptr;
      const auto opening = std::move(found->second);
      openings.erase(found);
      return opening;
    }
    void command(ChannelId id, std::string_view text) {
      CommandFault fault("");
      const std::size_t fate = draw(16);
      fault.wait = fate < 2 ? Duration::zero() : span();
      fault.applied = draw(4) != 3;
      switch (fate) {
        case 2: fault.drop_ack(); break;
        case 3: fault.delay_ack(fault.wait); break;
        case 4: fault.duplicate_ack(); break;
        case 5: fault.wrong_interaction(); break;
        case 6: fault.wrong_verb(); break;
        case 7: fault.wrong_correlation(); break;
        case 8: fault.refuse("not now"); break;
        case 9: fault.junk(std::string(healed ? std::string_view{} : bytes->text(30))); break;
        case 10: fault.close(code()); break;
        case 11: fault.cut(); break;
        default: return deliver(cloud.command(id, text));
      }
      cloud.plan.add(fault);
      deliver(cloud.command(id, text));
      cloud.plan.clear();
    }
    std::uint16_t code() {
      static constexpr std::array<std::uint16_t, 8> codes{1000, 1001, 1006, 1008, 1011, 1012, 1013, 4001};
      return codes[draw(codes.size())];
    }
    void deliver(const std::vector<ChannelAction>& actions) {
      for (const ChannelAction& action : actions) {
        const auto found = peers.find(action.to);
        if (found == peers.end() || silent.contains(action.to)) continue;
        if (action.kind == ChannelAction::Kind::text) {
          found->second.deliver_after(action.wait, action.text);
        } else {
          found->second.close_after(
              action.wait, action.kind == ChannelAction::Kind::cut ? std::uint16_t{1006} : action.code, action.text);
        }
      }
    }
    void meddle() {
      if (peers.empty()) return;
      ChannelPeer peer = std::next(peers.begin(), static_cast<std::ptrdiff_t>(draw(peers.size())))->second;
      switch (draw(5)) {
        case 0: peer.close_after(span(), code(), "meddled with"); break;
        case 1: peer.cut(); break;
        case 2: peer.deliver_after(span(), bytes->text(60)); break;
        case 3: peer.deliver_binary(bytes->text(10)); break;
        default: peer.pongs(false); break;
      }
    }

    ManualLoop loop;
    Bytes* bytes;
    FaultyCloud cloud;
    bool healed = false;
    ExchangeId last = 0;
    int token_requests = 0;
    std::map<ExchangeId, std::shared_ptr<Exchange>> exchanges;
    std::map<ExchangeId, std::shared_ptr<Opening>> openings;
    std::map<ChannelId, ChannelPeer> peers;
    std::vector<LoopChannel::Link> links;  // of the channels, whoever owns them
    std::set<ChannelId> silent;
    std::set<std::string> credentials;
  };

  std::shared_ptr<State> state_;
};

static_assert(CompletionChannelTransport<Network>);

}  // namespace patchbay_fuzz
