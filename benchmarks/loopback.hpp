// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/// What the benchmarks over loopback sockets share. Every side runs in a process of its own, on one core, with the server
/// on another where there are two; it warms up, measures itself, and prints one line of `name=value` words. What counts
/// is the CPU time of that process, all its threads and the kernel's work for it included.
namespace patchbay::benchmarks {

using Nanoseconds = std::chrono::nanoseconds;
using SteadyClock = std::chrono::steady_clock;

/// User and system time of this process.
[[nodiscard]] inline Nanoseconds cpu_time() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto of = [](const timeval& time) { return std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec); };
  return of(used.ru_utime) + of(used.ru_stime);
}

/// Cores that this process may use: the last is the server's, the first the client's.
[[nodiscard]] inline std::vector<int> cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  std::vector<int> out;
  if (::sched_getaffinity(0, sizeof set, &set) != 0) return out;
  for (int core = 0; core < CPU_SETSIZE; ++core)
    if (CPU_ISSET(static_cast<std::size_t>(core), &set)) out.push_back(core);
  return out;
}

/// How long a side works, in time or in operations.
struct Span {
  std::chrono::milliseconds warm{150}, measured{600};
  std::uint64_t operations = 0;  ///< Not zero: exactly so many, without warming up.
};

/// Node.js compiles what is hot while it runs, and is given the time for that.
inline constexpr std::chrono::milliseconds node_warm_up{1500};

/// What one side did: the line that it prints.
struct Report {
  double operations = 0;     ///< Measured.
  double cpu = 0, wall = 0;  ///< Seconds, of the measured ones.
  double p50 = 0, p99 = 0;   ///< Microseconds from the beginning of an operation to its end.
  double done = 0;           ///< Operations that succeeded, the unmeasured ones included.
  double failed = 0;

  void print() const {
    std::printf("operations=%.0f cpu=%.6f wall=%.6f p50=%.1f p99=%.1f done=%.0f failed=%.0f\n", operations, cpu, wall, p50, p99, done, failed);
    std::fflush(stdout);
  }
  /// Reads what `print` wrote, or a program in another language did; nothing when a word is missing.
  [[nodiscard]] static std::optional<Report> read(std::string_view text) {
    Report out;
    const std::pair<std::string_view, double*> words[] = {{"operations=", &out.operations}, {"cpu=", &out.cpu}, {"wall=", &out.wall},
                                                          {"p50=", &out.p50}, {"p99=", &out.p99}, {"done=", &out.done}, {"failed=", &out.failed}};
    for (const auto& [name, value] : words) {
      const std::size_t at = text.find(name);
      if (at == std::string_view::npos) return std::nullopt;
      const char* const begin = text.data() + at + name.size();
      if (std::from_chars(begin, text.data() + text.size(), *value).ec != std::errc{}) return std::nullopt;
    }
    return out;
  }
};

/// Counts and times the operations of a side: `begin` before each, `end` after it. Both read the clock once.
class Meter {
 public:
  explicit Meter(const Span& span) : span_(span), born_(SteadyClock::now()) {
    latencies_.reserve(span.operations != 0 ? span.operations : std::size_t{1} << 20);
    if (span.operations != 0) start(born_);
  }

  /// Whether another operation is to be begun.
  [[nodiscard]] bool more() const noexcept { return !over_ && (span_.operations == 0 || begun_ < span_.operations); }
  [[nodiscard]] SteadyClock::time_point begin() {
    ++begun_;
    return SteadyClock::now();
  }
  void end(SteadyClock::time_point begun, bool success) {
    const auto now = SteadyClock::now();
    ++(success ? out_.done : out_.failed);
    if (over_) return;
    if (!measuring_) {
      if (now - born_ >= span_.warm) start(now);
      return;
    }
    latencies_.push_back(now - begun);
    const bool full = span_.operations != 0 ? latencies_.size() == span_.operations : now - started_ >= span_.measured;
    if (full) stop(now);
  }
  void abandon() noexcept { over_ = true; }
  [[nodiscard]] Report report() {
    if (!latencies_.empty()) {
      std::sort(latencies_.begin(), latencies_.end());
      const auto at = [&](double part) {
        const auto i = static_cast<std::size_t>(part * static_cast<double>(latencies_.size() - 1));
        return std::chrono::duration<double, std::micro>(latencies_[i]).count();
      };
      out_.p50 = at(0.5), out_.p99 = at(0.99);
    }
    return out_;
  }

 private:
  void start(SteadyClock::time_point now) {
    measuring_ = true;
    started_ = now;
    cpu_ = cpu_time();
  }
  void stop(SteadyClock::time_point now) {
    over_ = true;
    out_.operations = static_cast<double>(latencies_.size());
    out_.cpu = std::chrono::duration<double>(cpu_time() - cpu_).count();
    out_.wall = std::chrono::duration<double>(now - started_).count();
  }

  Span span_;
  SteadyClock::time_point born_, started_{};
  Nanoseconds cpu_{};
  std::vector<Nanoseconds> latencies_;
  std::uint64_t begun_ = 0;
  bool measuring_ = false, over_ = false;
  Report out_;
};

/// A program that this one started, on a core of its own; killed, by its id, when this is destroyed or this process ends.
class Child {
 public:
  enum class Input : std::uint8_t { ours, piped };

  /// `core` below zero: any. Its standard output is caught; what it says to stderr is shown.
  Child(std::vector<std::string> command, int core, Input input = Input::ours) {
    int ends[2], inputs[2] = {-1, -1};
    if (::pipe2(ends, O_CLOEXEC) != 0 || (input == Input::piped && ::pipe2(inputs, O_CLOEXEC) != 0)) return;
    std::vector<char*> arguments;
    for (std::string& each : command) arguments.push_back(each.data());
    arguments.push_back(nullptr);
    std::fflush(stdout);
    pid_ = ::fork();
    if (pid_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      if (core >= 0) {
        cpu_set_t set;
        CPU_ZERO(&set);
        CPU_SET(static_cast<std::size_t>(core), &set);
        ::sched_setaffinity(0, sizeof set, &set);
      }
      ::dup2(ends[1], STDOUT_FILENO);
      if (input == Input::piped) ::dup2(inputs[0], STDIN_FILENO);
      ::execvp(arguments.front(), arguments.data());
      ::_exit(127);
    }
    ::close(ends[1]);
    if (input == Input::piped) ::close(inputs[0]);
    out_ = ends[0];
    in_ = inputs[1];
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    if (out_ >= 0) ::close(out_);
    if (in_ >= 0) ::close(in_);
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
    }
  }

  [[nodiscard]] pid_t pid() const noexcept { return pid_; }
  /// What it has said once it has written a whole line, or has ended, or the patience is over.
  const std::string& line(std::chrono::milliseconds patience = std::chrono::seconds(10)) {
    read_until([this] { return said_.find('\n') != std::string::npos; }, patience);
    return said_;
  }
  /// Writes to its input, which is piped, and says what line it answers.
  std::string ask(std::string_view question) {
    said_.clear();
    if (::write(in_, question.data(), question.size()) != static_cast<::ssize_t>(question.size())) return {};
    return line();
  }
  /// Waits for its end and says whether that was a success; kills it when it takes too long.
  bool wait(std::chrono::milliseconds patience = std::chrono::seconds(60)) {
    if (pid_ <= 0) return false;
    if (!read_until([] { return false; }, patience)) ::kill(pid_, SIGKILL);
    int status = 0;
    while (::wait4(pid_, &status, 0, &used_) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
  }
  [[nodiscard]] const std::string& said() const noexcept { return said_; }
  /// CPU seconds of the whole process, once `wait` has returned.
  [[nodiscard]] double cpu() const noexcept {
    const auto of = [](const timeval& time) { return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec); };
    return of(used_.ru_utime) + of(used_.ru_stime);
  }

 private:
  /// Whether its output came to the end, or to what was wanted.
  bool read_until(const std::function<bool()>& enough, std::chrono::milliseconds patience) {
    const auto limit = SteadyClock::now() + patience;
    while (!enough()) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(limit - SteadyClock::now()).count();
      pollfd wanted{out_, POLLIN, 0};
      if (left <= 0 || ::poll(&wanted, 1, static_cast<int>(left)) == 0) return false;
      char bytes[4096];
      const ::ssize_t n = ::read(out_, bytes, sizeof bytes);
      if (n == 0 || (n < 0 && errno != EINTR)) return true;
      if (n > 0) said_.append(bytes, static_cast<std::size_t>(n));
    }
    return true;
  }

  pid_t pid_ = -1;
  int out_ = -1, in_ = -1;
  std::string said_;
  rusage used_{};
};

/// A port of 127.0.0.1 that was free just now.
[[nodiscard]] inline std::uint16_t free_port() {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  // The sockets interface knows addresses of all families by one type.
  auto* const any = static_cast<sockaddr*>(static_cast<void*>(&address));
  const bool bound = ::bind(socket, any, size) == 0 && ::getsockname(socket, any, &size) == 0;
  ::close(socket);
  return bound ? ntohs(address.sin_port) : std::uint16_t{0};
}

/// Whether a program of that name is on the PATH.
[[nodiscard]] inline bool installed(std::string_view program) {
  const char* const path = std::getenv("PATH");
  std::string_view left = path ? path : "";
  while (!left.empty()) {
    const std::size_t end = std::min(left.find(':'), left.size());
    if (::access((std::string(left.substr(0, end)) + "/" + std::string(program)).c_str(), X_OK) == 0) return true;
    left.remove_prefix(std::min(end + 1, left.size()));
  }
  return false;
}

[[nodiscard]] inline double median(std::vector<double> values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

/// Rounds of several sides next to each other, so that what else the machine does hits all alike.
class Table {
 public:
  /// `ratio_to` names the side that the others are compared with, round by round.
  explicit Table(std::string ratio_to) : ratio_to_(std::move(ratio_to)) {}

  void add(const std::string& side, const Report& report) {
    if (!rounds_.contains(side)) order_.push_back(side);
    rounds_[side].push_back(report);
  }
  /// Median over the rounds of what `value` makes of a report.
  template <class Value>
  [[nodiscard]] double middle(const std::string& side, Value value) const {
    std::vector<double> all;
    if (const auto found = rounds_.find(side); found != rounds_.end())
      for (const Report& each : found->second) all.push_back(value(each));
    return median(std::move(all));
  }
  /// Median over the rounds of how many times as many operations a CPU second of `side` does as one of `peer`.
  [[nodiscard]] double ratio(const std::string& side, const std::string& peer) const {
    const auto a = rounds_.find(side), b = rounds_.find(peer);
    if (a == rounds_.end() || b == rounds_.end()) return 0;
    std::vector<double> all;
    for (std::size_t i = 0; i < std::min(a->second.size(), b->second.size()); ++i)
      all.push_back(per_cpu_second(a->second[i]) / per_cpu_second(b->second[i]));
    return median(std::move(all));
  }
  [[nodiscard]] const std::vector<std::string>& sides() const noexcept { return order_; }
  [[nodiscard]] const std::string& ratio_to() const noexcept { return ratio_to_; }
  static double per_cpu_second(const Report& report) { return report.cpu > 0 ? report.operations / report.cpu : 0; }
  static double per_second(const Report& report) { return report.wall > 0 ? report.operations / report.wall : 0; }

 private:
  std::string ratio_to_;
  std::vector<std::string> order_;
  std::map<std::string, std::vector<Report>> rounds_;
};

/// Prints one goal and whether the measurement reached it.
inline void print_goal(const char* what, double measured, double wanted) {
  std::printf("goal: %-68s %5.2f of %4.2f: %s\n", what, measured, wanted, measured >= wanted ? "met" : "missed");
}

}  // namespace patchbay::benchmarks
