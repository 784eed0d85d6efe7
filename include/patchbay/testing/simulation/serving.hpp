// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <cstddef>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include <patchbay/observe/timestamp.hpp>
#include <patchbay/testing/simulation/scene.hpp>

namespace patchbay::testing::simulation {

/// What the cloud, and what stands before it, make of one request: statuses in place of an answer, bodies that are none,
/// versions that are missing or old. The faults are drawn from the exchange's own stream.
class Serving {
 public:
  explicit Serving(Scene& scene) noexcept : scene_(&scene) {}

  /// Serves a request that has arrived. Answers whether the answer is beyond what the client takes.
  /// `doubled` says that another copy of the request arrives: then nothing that the cloud did not say itself stands for both.
  bool serve(const ExchangeView& view, Stream& random, HttpResponse& answer, bool doubled = false) {
    Scene& scene = *scene_;
    scene.witnesses.arriving(view, *scene.cloud, scene.now());
    bool too_large = false;
    if (scene.strikes(Fault::status_before, random) && !doubled) {
      refuse(view, random, answer);
    } else {
      scene.cloud->handle(*view.request, answer);
      remember(view, answer);
      spoil(view, random, answer, too_large);
    }
    scene.witnesses.served(view, answer, *scene.cloud, scene.now());
    scene.cloud_changed();
    return too_large;
  }

  /// A status and its fields in place of an answer, of a request or an upgrade.
  void refuse(const ExchangeView& view, Stream& random, HttpResponse& answer) {
    constexpr std::array<int, 17> statuses{500, 502, 503, 503, 504, 429, 429, 429, 401, 403, 404, 408, 409, 412, 422, 428, 302};
    constexpr std::array<int, 8> of_tokens{500, 503, 429, 429, 502, 408, 400, 401};
    const bool token = view.target == "/oauth/token";
    const int status = token ? random.pick(of_tokens) : random.pick(statuses);
    answer.clear();
    if (status == 429 || status == 503) add_retry_after(random, answer);
    if (status == 302) answer.headers.add("Location", "https://elsewhere.example.com/");
    // invalid_client would end the process's credentials for good: the login host refuses in a milder way.
    if (token && (status == 400 || status == 401)) {
      answer.headers.add("Content-Type", "application/json");
      answer.body.assign(R"({"error":"temporarily_unavailable","error_description":"try again"})");
      answer.status = status;
      return;
    }
    scene_->cloud->refuse(answer, status);
  }

 private:
  // GETs of interactions, as they were answered lately: what a replica may still show.
  void remember(const ExchangeView& view, const HttpResponse& answer) {
    if (!scene_->mix.has(Fault::stale_read) || view.method != "GET" || answer.status != 200) return;
    std::deque<HttpResponse>& shown = shown_[std::string(view.target)];
    shown.push_back(answer);
    if (shown.size() > 3) shown.pop_front();
  }
  void spoil(const ExchangeView& view, Stream& random, HttpResponse& answer, bool& too_large) {
    Scene& scene = *scene_;
    const bool reading = view.method == "GET" && scene.cloud->is_reading(view.target);
    if (reading && scene.strikes(Fault::stale_read, random)) {
      const auto found = shown_.find(view.target);
      if (found != shown_.end()) answer = found->second.front();
    }
    if (reading && scene.strikes(Fault::no_etag, random)) scene.cloud->spoil_version(answer, false);
    if (reading && scene.strikes(Fault::weak_etag, random)) scene.cloud->spoil_version(answer, true);
    // Only what says that nothing is known: a server that refuses what it has done lies, and no client can tell.
    if (scene.strikes(Fault::status_after, random)) {
      constexpr std::array<int, 6> vague{500, 502, 503, 503, 504, 408};
      answer.clear();
      const int status = random.pick(vague);
      if (status == 503) add_retry_after(random, answer);
      return scene.cloud->refuse(answer, status);
    }
    if (scene.strikes(Fault::garbage, random)) return garble(random, answer);
    too_large = scene.strikes(Fault::too_large, random);
  }
  /// 200, and a body that cannot be what was asked for.
  static void garble(Stream& random, HttpResponse& answer) {
    std::string body(answer.body.view());
    switch (random.below(7)) {
      case 0: body = "<!DOCTYPE html><html><body>Sign in to the network</body></html>"; break;
      case 1: body.resize(body.size() / 2); break;
      case 2: body.assign(2'000, '['); break;
      case 3: body = "{\"id\":\"\xff\xfe\"}"; break;
      case 4: body = R"({"id":"x","id":"y","access_token":"a","access_token":"b","nodes":[],"nodes":{}})"; break;
      case 5: body.clear(); break;
      default: body = R"({"customAttributes":{"transition_id":"00000000-0000-4000-8000-000000000000"},"access_token":7})"; break;
    }
    answer.body.assign(body);
  }
  void add_retry_after(Stream& random, HttpResponse& answer) {
    const std::uint64_t form = scene_->mix.has(Fault::odd_retry_after) ? random.below(9) : random.below(2);
    if (form > 1) scene_->note(Fault::odd_retry_after);
    switch (form) {
      case 0: return;
      case 1: return answer.headers.add("Retry-After", std::to_string(1 + random.below(5)));
      case 2: return answer.headers.add("Retry-After", std::to_string(20 + random.below(60)));
      case 3: return answer.headers.add("Retry-After", http_date(random));
      case 4: return answer.headers.add("Retry-After", "soon");
      case 5: return answer.headers.add("Retry-After", "99999999999999999999999");
      case 6: return answer.headers.add("Retry-After", "-5");
      case 7: return answer.headers.add("Retry-After", "0");
      default: return answer.headers.add("Retry-After", "86400");
    }
  }
  /// Some seconds ahead, or behind, of the true wall clock.
  std::string http_date(Stream& random) const {
    constexpr std::array<std::string_view, 7> days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    constexpr std::array<std::string_view, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const auto when = std::chrono::time_point_cast<seconds>(scene_->loop.clock().wall_now()) + seconds{random.below(30)} - seconds{5};
    const auto day = std::chrono::floor<std::chrono::days>(when);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss time(when - day);
    const auto two = [](auto number) {
      const std::string text = std::to_string(number);
      return text.size() < 2 ? "0" + text : text;
    };
    std::string out(days[std::chrono::weekday(day).c_encoding()]);
    out.append(", ").append(two(static_cast<unsigned>(date.day()))).append(" ");
    out.append(months[static_cast<unsigned>(date.month()) - 1]).append(" ").append(std::to_string(static_cast<int>(date.year())));
    out.append(" ").append(two(time.hours().count())).append(":").append(two(time.minutes().count())).append(":");
    return out.append(two(time.seconds().count())).append(" GMT");
  }

  Scene* scene_;
  std::map<std::string, std::deque<HttpResponse>, std::less<>> shown_;
};

}  // namespace patchbay::testing::simulation
