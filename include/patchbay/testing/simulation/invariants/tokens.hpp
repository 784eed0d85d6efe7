// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <patchbay/observe/audit.hpp>
#include <patchbay/observe/metrics.hpp>
#include <patchbay/testing/simulation/invariants/check.hpp>

namespace patchbay::testing::simulation {

/// I10, tokens, of each incarnation's one `TokenSource`.
///
/// At most one token request is under way. No request leaves with a token after its monotonic expiry, counted from when
/// it was asked for, nor with one that has been refused to one operation after the other; refusals do not count of
/// operations that were refused another token before, and so cannot tell whose fault it is: of readings and writes of
/// an interaction as many as were refused before, to works that are still open. A write is replayed at most once after
/// a 401, with another token, or with the same text when that was given anew since. A credential that was refused (`invalid_client`) is not tried again for the same asker:
/// since requests do not say for whom they are, refusals in a row are held against the works that were open or came
/// since, two each (a hold wants a token for its reading and for its channel).
class Tokens final : public Check {
 public:
  using Check::Check;

  void request_left(const ExchangeView& view, SteadyTime at) override {
    const ExchangeRecord* const sent = books().exchange(view.number);
    if (sent == nullptr) return;
    Source& source = source_of(view.process);
    if (sent->kind == ExchangeClass::token) {
      if (source.under_way != 0) broken("I10", view.process, "a token request left while another was under way");
      ++source.under_way;
      return;
    }
    if (sent->token.empty()) return;
    const auto known = source.tokens.find(sent->token);
    if (known == source.tokens.end())
      return void(broken("I10", view.process, "a request left with a token that the process was never given"));
    if (at > books().latest(known->second.expires, Books::moment + books().tick(view.process)))
      broken(
          "I10", view.process,
          "a request left " + std::to_string((at - known->second.expires).count()) + " ns after its token had expired");
    // Whoever is refused for the second time cannot tell whose fault it is, and leaves the token to the next.
    if (known->second.refusals > 2 && at > after(known->second.refused_at, Books::moment))
      broken("I10", view.process, "a request left with a token that was answered with 401 again and again");
    if (sent->kind != ExchangeClass::write) return;
    const Effect* const effect = books().effect(sent->operation);
    if (effect != nullptr && source.refused_tokens[sent->operation] == sent->token)
      broken("I10", *effect, "a write was replayed with the token that was refused");
    if (effect != nullptr && source.refused_writes[sent->operation] > 1)
      broken("I10", *effect, "a write was replayed more than once after a 401");
  }
  void exchange_ended(const ExchangeView& view, const HttpResponse* response, const TransportError*,
                      SteadyTime at) override {
    const ExchangeRecord* const sent = books().exchange(view.number);
    if (sent == nullptr) return;
    Source& source = source_of(view.process);
    if (sent->kind == ExchangeClass::token) {
      if (source.under_way != 0) --source.under_way;
      if (response != nullptr) learn(*sent, *response, source);
      return;
    }
    if (response == nullptr || response->status != 401) return;
    if (sent->kind == ExchangeClass::write)
      ++source.refused_writes[sent->operation], source.refused_tokens[sent->operation] = sent->token;
    const auto known = source.tokens.find(sent->token);
    if (known == source.tokens.end() || sent->kind == ExchangeClass::opening) return;
    // Those that were under way together are refused together.
    const bool again = replayed(view.process, *sent, source, at);
    if (known->second.refusals != 0 && sent->left_at <= after(known->second.refused_at, Books::moment)) return;
    if (again) return;
    ++known->second.refusals;
    known->second.refused_at = at;
  }

 private:
  class Known {
   public:
    SteadyTime expires = never, refused_at{};
    int refusals = 0;  ///< Of requests that left one behind the other.
  };
  class Refusal {
   public:
    Refusal(std::string interaction_in, std::string token_in, SteadyTime at_in)
        : interaction(std::move(interaction_in)), token(std::move(token_in)), at(at_in) {}
    std::string interaction;  ///< Empty: of a flow.
    std::string token;
    SteadyTime at;
  };
  class Source {
   public:
    int under_way = 0;
    std::size_t refusals = 0;  ///< In a row, of the credential.
    std::size_t asked_before = 0;
    std::map<std::string, Known> tokens;
    std::map<std::string, int> refused_writes;
    std::map<std::string, std::string> refused_tokens;  ///< By write, the last.
    std::vector<Refusal> refused;                       ///< Whose operations may ask once more.
  };
  Source& source_of(ProcessId id) { return sources_[std::pair(id.number, id.incarnation)]; }
  /// Whether what was refused now may be of an operation that was refused another token before; it has no third.
  [[nodiscard]] bool replayed(ProcessId id, const ExchangeRecord& sent, Source& source, SteadyTime at) const {
    const ProcessRecord* const process = books().process(id);
    for (auto each = source.refused.begin(); process != nullptr && each != source.refused.end(); ++each) {
      const bool same = each->interaction.empty() || sent.interaction.empty() || each->interaction == sent.interaction;
      if (!same || each->token == sent.token || sent.left_at < each->at) continue;
      const std::string& interaction = sent.interaction.empty() ? each->interaction : sent.interaction;
      for (const std::uint64_t number : process->works) {
        const WorkRecord* const work = books().work(number);
        if (work == nullptr || work->work.at > each->at || (work->ends != 0 && work->end.at < at)) continue;
        if (!interaction.empty() && plain::lower(work->work.interaction) != interaction) continue;
        source.refused.erase(each);
        return true;
      }
    }
    source.refused.emplace_back(sent.interaction, sent.token, at);
    return false;
  }
  void learn(const ExchangeRecord& sent, const HttpResponse& response, Source& source) {
    const ProcessRecord* const process = books().process(sent.process);
    if (response.status >= 200 && response.status <= 299) {
      source.refusals = 0;
      const std::string_view life = plain::JsonScan::member(response.body.view(), "expires_in");
      double lifetime = 0;
      const auto end = std::from_chars(life.data(), life.data() + life.size(), lifetime);
      Known given;
      if (!life.empty() && end.ec == std::errc{} && lifetime > 0 && lifetime < 1e9)
        given.expires = after(sent.left_at, std::chrono::ceil<Duration>(std::chrono::duration<double>(lifetime)));
      // Which one of two an odd answer means is the process's to say.
      plain::JsonScan::members(response.body.view(), [&](std::string_view name, std::string_view raw) {
        if (name != "access_token") return;
        const std::string text = plain::JsonScan::text_of(raw).value_or(std::string{});
        source.tokens.insert_or_assign(text, given);
        // Given anew, be it the same text: this one nobody has refused yet.
        std::erase_if(source.refused_tokens, [&](const auto& each) { return each.second == text; });
      });
      return;
    }
    if (response.status != 400 && response.status != 401) return;
    if (plain::JsonScan::text_member(response.body.view(), "error") != "invalid_client" || process == nullptr) return;
    if (source.refusals++ == 0) source.asked_before = process->submitted - process->open;
    if (source.refusals > 2 * (process->submitted - source.asked_before) + 2)
      broken("I10", sent.process, "a credential that was refused is tried again and again");
  }
  std::map<std::pair<int, int>, Source> sources_;
};

/// I19, secrecy: no canary occurs in a log line, an audit record, an error, a metric or a target, be it raw, in percent
/// encoding or in base64. Canaries are the client's secret, every token (by what all tokens of the cloud have in
/// common) and whatever `guard` was told. The target of an upgrade may carry its token where the settings want it so.
class Secrecy final : public Check {
 public:
  using Check::Check;

  /// Text that must not be seen; shorter ones than four bytes occur by chance.
  void guard(std::string_view secret) {
    if (secret.size() < 4) return;
    add(std::string(secret));
    add(percent(secret));
    // Each of the three ways in which base64 can cut it, without the ends that its neighbours decide.
    for (std::size_t skip = 0; skip < 3; ++skip) {
      std::string shifted(skip, '\0');
      const std::string encoded = base64(shifted.append(secret));
      constexpr std::size_t first[] = {0, 2, 3};
      const std::size_t whole = (skip + secret.size()) / 3 * 4;
      if (whole > first[skip] + 5) add(encoded.substr(first[skip], whole - first[skip]));
    }
  }
  void attached(ProcessId, const ProcessView& view, SteadyTime) override {
    const Settings& settings = view.settings();
    if (settings.tokens) guard(settings.tokens->settings().client_secret.reveal());
    guard("simulated-token-");
    // The ids of channels that the real platform's cloud makes, with which anybody can listen.
    if (books().wire().holds_by_request()) guard("streaming-0-");
  }
  void logged(ProcessId id, std::string_view line) override { look(id, line, "a log line"); }
  void ended(ProcessId id, const Work&, const WorkEnd& end) override { look(id, end.text, "an error"); }
  void audited(ProcessId id, const AuditRecord& record) override {
    text_.clear();
    append_json(record, text_);
    look(id, text_, "an audit record");
  }
  void channel_told(ProcessId id, const ChannelStateEvent& event, SteadyTime) override {
    if (event.error) look(id, event.error->describe(), "an error of the channel");
  }
  void request_left(const ExchangeView& view, SteadyTime) override {
    const ExchangeRecord* const sent = books().exchange(view.number);
    // Where a channel is subscribed to, and where it is opened, its id has its place.
    if (sent != nullptr && books().wire().holds_by_request() && (sent->kind == ExchangeClass::channel || view.opening)) return;
    if (!view.opening) return look(view.process, view.target, "a target");
    const ProcessRecord* const process = books().process(view.process);
    if (process == nullptr || process->view == nullptr ||
        process->view->settings().hold.token_in == ChannelToken::query)
      return;
    look(view.process, view.target, "the target of an upgrade");
  }
  void quiescent(SteadyTime) override {
    for (const auto& [key, process] : books().processes()) {
      if (process.view == nullptr) continue;
      text_.clear();
      to_json(process.view->transition_metrics(), text_);
      to_json(process.view->hold_metrics(), text_);
      look(process.id, text_, "metrics");
    }
  }

 private:
  void add(std::string canary) {
    for (const std::string& each : canaries_)
      if (each == canary) return;
    canaries_.push_back(std::move(canary));
  }
  void look(ProcessId id, std::string_view text, std::string_view where) const {
    for (const std::string& each : canaries_)
      if (text.find(each) != std::string_view::npos) broken("I19", id, std::string(where).append(" holds a secret"));
  }
  [[nodiscard]] static std::string percent(std::string_view text) {
    std::string out;
    for (const char c : text) {
      const bool plain = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
                         c == '.' || c == '_' || c == '~';
      if (plain) {
        out.push_back(c);
      } else {
        const auto byte = static_cast<unsigned char>(c);
        out.append({'%', "0123456789ABCDEF"[byte >> 4], "0123456789ABCDEF"[byte & 15]});
      }
    }
    return out;
  }
  [[nodiscard]] static std::string base64(std::string_view text) {
    constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    std::uint32_t bits = 0;
    int held = 0;
    for (const char c : text) {
      bits = bits << 8 | static_cast<unsigned char>(c);
      for (held += 8; held >= 6; held -= 6) out.push_back(letters[bits >> (held - 6) & 63]);
    }
    if (held > 0) out.push_back(letters[bits << (6 - held) & 63]);
    return out;
  }
  std::vector<std::string> canaries_;
  std::string text_;
};

}  // namespace patchbay::testing::simulation
