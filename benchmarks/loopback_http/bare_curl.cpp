// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// The same transition written by hand on libcurl: its multi interface driven by sockets and one timer over epoll, one easy
// handle for each connection with its options and header lists set once, buffers that are kept.

#include "work.hpp"

#if !defined(PATCHBAY_HAS_CURL)
namespace patchbay::benchmarks {
Report bare_curl(const Work&) { return {}; }
}  // namespace patchbay::benchmarks
#else

#include <array>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <sys/epoll.h>
#include <unistd.h>

#include <curl/curl.h>

namespace patchbay::benchmarks {
namespace {

class Loop;

class Connection {
 public:
  Connection(Loop& loop, int number);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();
  void start();  ///< Gets the token if there is none, then begins.
  void done(CURLcode code);

 private:
  enum class Step { token, flow, read, write };

  void begin(Step step);
  void next();
  void fail();
  /// The body of the answer, with the readable bytes behind it that simdjson needs.
  HandWritten::Json json() {
    body_.reserve(body_.size() + simdjson::SIMDJSON_PADDING);
    return HandWritten::Json(body_.data(), body_.size(), body_.capacity());
  }
  static std::size_t on_header(char* data, std::size_t, std::size_t size, void* self) {
    const std::string_view line(data, size);
    if (line.size() > 5 && equal_ignoring_case(line.substr(0, 5), "etag:")) {
      std::string_view value = line.substr(5);
      while (!value.empty() && (value.front() == ' ' || value.front() == '\t')) value.remove_prefix(1);
      while (!value.empty() && (value.back() == '\r' || value.back() == '\n' || value.back() == ' ')) value.remove_suffix(1);
      static_cast<Connection*>(self)->tag_.assign(value);
    }
    return size;
  }
  static std::size_t on_body(char* data, std::size_t, std::size_t size, void* self) {
    static_cast<Connection*>(self)->body_.append(data, size);
    return size;
  }

  Loop* loop_;
  CURL* easy_;
  Step step_ = Step::token;
  std::string interaction_, flow_url_, url_, body_, tag_, etag_, write_, id_;
  curl_slist* plain_ = nullptr;
  curl_slist* locked_ = nullptr;
  SteadyClock::time_point begun_{};
};

/// libcurl's sockets on epoll, and its one timer.
class Loop {
 public:
  Loop(const Work& work_in, Meter& meter_in) : work(work_in), meter(meter_in), multi(curl_multi_init()), epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
    curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, &Loop::on_socket);
    curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, this);
    curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, &Loop::on_timer);
    curl_multi_setopt(multi, CURLMOPT_TIMERDATA, this);
    curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, static_cast<long>(work.connections));
    curl_multi_setopt(multi, CURLMOPT_PIPELINING, CURLPIPE_NOTHING);
  }
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;
  ~Loop() {
    curl_multi_cleanup(multi);
    ::close(epoll_);
  }

  void run() {
    std::array<epoll_event, 64> events;
    int running = 1;
    while (active != 0) {
      int wait = -1;
      if (timer_set_) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(timer_ - SteadyClock::now()).count();
        wait = left < 0 ? 0 : static_cast<int>(left);
      }
      const int ready = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), wait);
      for (int i = 0; i < ready; ++i) {
        const auto& event = events[static_cast<std::size_t>(i)];
        const int what = ((event.events & (EPOLLIN | EPOLLHUP)) ? CURL_CSELECT_IN : 0) | ((event.events & EPOLLOUT) ? CURL_CSELECT_OUT : 0) |
                         ((event.events & EPOLLERR) ? CURL_CSELECT_ERR : 0);
        curl_multi_socket_action(multi, event.data.fd, what, &running);
      }
      if (timer_set_ && SteadyClock::now() >= timer_) {
        timer_set_ = false;
        curl_multi_socket_action(multi, CURL_SOCKET_TIMEOUT, 0, &running);
      }
      int left = 0;
      while (CURLMsg* const message = curl_multi_info_read(multi, &left)) {
        if (message->msg != CURLMSG_DONE) continue;
        CURL* const easy = message->easy_handle;
        const CURLcode code = message->data.result;
        void* owner = nullptr;
        curl_easy_getinfo(easy, CURLINFO_PRIVATE, &owner);
        curl_multi_remove_handle(multi, easy);
        static_cast<Connection*>(owner)->done(code);
      }
    }
  }

  const Work& work;
  Meter& meter;
  CURLM* multi;
  HandWritten hand;
  std::string authorization;
  std::vector<std::unique_ptr<Connection>> all;
  int active = 0;

 private:
  static int on_socket(CURL*, curl_socket_t socket, int what, void* self, void* known) {
    auto* const loop = static_cast<Loop*>(self);
    epoll_event event{};
    event.data.fd = socket;
    event.events = (what != CURL_POLL_OUT ? EPOLLIN : 0U) | (what != CURL_POLL_IN ? EPOLLOUT : 0U);
    if (what == CURL_POLL_REMOVE) {
      ::epoll_ctl(loop->epoll_, EPOLL_CTL_DEL, socket, &event);
      curl_multi_assign(loop->multi, socket, nullptr);
    } else if (known != nullptr) {
      ::epoll_ctl(loop->epoll_, EPOLL_CTL_MOD, socket, &event);
    } else {
      ::epoll_ctl(loop->epoll_, EPOLL_CTL_ADD, socket, &event);
      curl_multi_assign(loop->multi, socket, self);
    }
    return 0;
  }
  static int on_timer(CURLM*, long milliseconds, void* self) {
    auto* const loop = static_cast<Loop*>(self);
    loop->timer_set_ = milliseconds >= 0;
    if (loop->timer_set_) loop->timer_ = SteadyClock::now() + std::chrono::milliseconds(milliseconds);
    return 0;
  }

  int epoll_;
  bool timer_set_ = false;
  SteadyClock::time_point timer_{};
};

Connection::Connection(Loop& loop, int number) : loop_(&loop), easy_(curl_easy_init()), interaction_(interaction_id(number)) {
  const std::string base = "http://127.0.0.1:" + std::to_string(loop.work.port);
  flow_url_ = base + "/api/v2/flows/" + flow_of(loop.work, number);
  url_ = base + "/api/v2/interactions/" + interaction_;
  curl_easy_setopt(easy_, CURLOPT_PRIVATE, this);
  curl_easy_setopt(easy_, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy_, CURLOPT_TIMEOUT_MS, 10'000L);
  curl_easy_setopt(easy_, CURLOPT_TCP_NODELAY, 1L);
  curl_easy_setopt(easy_, CURLOPT_PROXY, "");
  curl_easy_setopt(easy_, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
  curl_easy_setopt(easy_, CURLOPT_HEADERFUNCTION, &Connection::on_header);
  curl_easy_setopt(easy_, CURLOPT_HEADERDATA, this);
  curl_easy_setopt(easy_, CURLOPT_WRITEFUNCTION, &Connection::on_body);
  curl_easy_setopt(easy_, CURLOPT_WRITEDATA, this);
}
Connection::~Connection() {
  curl_easy_cleanup(easy_);
  curl_slist_free_all(plain_);
  curl_slist_free_all(locked_);
}

void Connection::fail() {
  loop_->meter.end(begun_, false);
  loop_->meter.abandon();
}

void Connection::begin(Step step) {
  step_ = step;
  body_.clear();
  tag_.clear();
  if (step == Step::write) {
    curl_easy_setopt(easy_, CURLOPT_POST, 1L);
    curl_easy_setopt(easy_, CURLOPT_CUSTOMREQUEST, "PATCH");
    curl_easy_setopt(easy_, CURLOPT_POSTFIELDS, write_.c_str());
    curl_easy_setopt(easy_, CURLOPT_POSTFIELDSIZE, static_cast<long>(write_.size()));
    curl_easy_setopt(easy_, CURLOPT_HTTPHEADER, locked_);
  } else {
    curl_easy_setopt(easy_, CURLOPT_CUSTOMREQUEST, nullptr);
    curl_easy_setopt(easy_, CURLOPT_HTTPGET, 1L);
    curl_easy_setopt(easy_, CURLOPT_HTTPHEADER, plain_);
    curl_easy_setopt(easy_, CURLOPT_URL, step == Step::flow ? flow_url_.c_str() : url_.c_str());
  }
  ++loop_->active;
  curl_multi_add_handle(loop_->multi, easy_);
}

void Connection::start() {
  if (loop_->authorization.empty()) {
    static constexpr std::string_view form = "grant_type=client_credentials&client_id=id&client_secret=secret";
    curl_easy_setopt(easy_, CURLOPT_URL, ("http://127.0.0.1:" + std::to_string(loop_->work.port) + "/oauth/token").c_str());
    curl_easy_setopt(easy_, CURLOPT_POSTFIELDS, form.data());
    curl_easy_setopt(easy_, CURLOPT_POSTFIELDSIZE, static_cast<long>(form.size()));
    ++loop_->active;
    curl_multi_add_handle(loop_->multi, easy_);
    return;
  }
  for (curl_slist** const list : {&plain_, &locked_}) {
    *list = curl_slist_append(*list, ("Authorization: " + loop_->authorization).c_str());
    *list = curl_slist_append(*list, "Accept: application/json");
  }
  locked_ = curl_slist_append(locked_, "Content-Type: application/json");
  next();
}

void Connection::next() {
  if (!loop_->meter.more()) return;
  begun_ = loop_->meter.begin();
  begin(loop_->work.requests < 3 && loop_->hand.has_flow() ? Step::read : Step::flow);
}

void Connection::done(CURLcode code) {
  --loop_->active;
  long status = 0;
  curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
  if (code != CURLE_OK || status < 200 || status > 299) return fail();
  switch (step_) {
    case Step::token:
      if (!loop_->hand.read_token(json(), loop_->authorization)) return fail();
      for (const auto& each : loop_->all) each->start();
      break;
    case Step::flow:
      if (!loop_->hand.load_flow(json())) return fail();
      begin(Step::read);
      break;
    case Step::read:
      if (tag_.empty() || !loop_->hand.check_interaction(json()) || !loop_->hand.allowed() || !loop_->hand.encode(write_, id_)) return fail();
      if (tag_ != etag_) {  // the list is made anew only when the version is another
        etag_ = tag_;
        curl_slist_free_all(locked_);
        locked_ = nullptr;
        for (const std::string& line : {"Authorization: " + loop_->authorization, std::string("Accept: application/json"),
                                        std::string("Content-Type: application/json"), "If-Match: " + etag_})
          locked_ = curl_slist_append(locked_, line.c_str());
      }
      begin(Step::write);
      break;
    case Step::write:
      if (!loop_->hand.check_echo(json(), id_)) return fail();
      loop_->hand.record(interaction_, id_, etag_, static_cast<int>(status), SteadyClock::now() - begun_);
      loop_->meter.end(begun_, true);
      next();
      break;
  }
}

}  // namespace

Report bare_curl(const Work& work) {
  curl_global_init(CURL_GLOBAL_DEFAULT);
  Meter meter(work.span);
  {
    Loop loop(work, meter);
    for (int i = 0; i < work.connections; ++i) loop.all.push_back(std::make_unique<Connection>(loop, i));
    loop.all.front()->start();
    loop.run();
    loop.all.clear();
  }
  curl_global_cleanup();
  return meter.report();
}

}  // namespace patchbay::benchmarks
#endif
