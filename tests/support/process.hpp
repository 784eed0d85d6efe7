// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // max
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdlib>  // getenv
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/// Programs as tests start them: with an environment of their own, their input given and their output caught.
namespace patchbay::test {

/// The folder of the tools: `PATCHBAY_BIN`, else `bin` of the build folder that this test's program stands in.
inline std::filesystem::path tools_folder() {
  if (const char* const named = std::getenv("PATCHBAY_BIN")) return named;
  return std::filesystem::read_symlink("/proc/self/exe").parent_path().parent_path() / "bin";
}

/// The environment without what steers the tools, so that no test can reach an organisation.
inline std::vector<std::string> clean_environment() {
  std::vector<std::string> out;
  for (char** each = environ; *each != nullptr; ++each) {
    const std::string_view variable = *each;
    if (!variable.starts_with("GENESYS_") && !variable.starts_with("CRM_") && !variable.starts_with("PATCHBAY_"))
      out.emplace_back(variable);
  }
  return out;
}

/// How a program ended, and what it said.
class Ended {
 public:
  Ended() = default;
  int status = -1;  ///< Exit status; -1 when a signal ended it.
  int signal = 0;
  bool timed_out = false;  ///< It was killed for taking too long.
  std::string out, err;
  std::chrono::milliseconds took{};
  long peak_kib = 0;  ///< Of its memory.
};

/// A running program; killed, by its id, when this is destroyed.
class Process {
 public:
  Process(const std::filesystem::path& program, std::vector<std::string> arguments,
          std::vector<std::string> environment)
      : started_(std::chrono::steady_clock::now()) {
    const Pipe in, out, err;
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in.ends[0], STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out.ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, err.ends[1], STDERR_FILENO);
    // The test's own way with SIGPIPE is not to be the program's.
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    sigset_t defaults;
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
    std::string path = program.string();
    std::vector<char*> argv{path.data()};
    for (std::string& each : arguments) argv.push_back(each.data());
    std::vector<char*> envp;
    for (std::string& each : environment) envp.push_back(each.data());
    argv.push_back(nullptr);
    envp.push_back(nullptr);
    const int error = posix_spawn(&pid_, path.c_str(), &actions, &attributes, argv.data(), envp.data());
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    if (error != 0) throw std::runtime_error("cannot start " + path + ": " + std::generic_category().message(error));
    in_ = std::exchange(in.ends[1], -1);
    out_ = std::exchange(out.ends[0], -1);
    err_ = std::exchange(err.ends[0], -1);
    ::fcntl(in_, F_SETFL, O_NONBLOCK);
  }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  ~Process() {
    for (int* const end : {&in_, &out_, &err_}) close(*end);
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }

  /// Nothing once `wait` has returned: the number may be another's, and -1 is everybody's.
  void send(int signal) const {
    if (pid_ > 0) ::kill(pid_, signal);
  }
  [[nodiscard]] pid_t pid() const noexcept { return pid_; }

  /// Writes to its standard input, reading its output meanwhile; false when that takes too long or it has gone.
  bool write(std::string_view text, std::chrono::milliseconds patience = std::chrono::seconds(20)) {
    const auto limit = std::chrono::steady_clock::now() + patience;
    while (!text.empty() && in_ >= 0)
      if (!turn(&text, limit)) return false;
    return text.empty();
  }
  void close_input() { close(in_); }
  /// What it has said so far, once that holds `mark` on stdout, or on stderr; it may also end before.
  std::string read_through(std::string_view mark, bool of_stderr = false,
                           std::chrono::milliseconds patience = std::chrono::seconds(20)) {
    const auto limit = std::chrono::steady_clock::now() + patience;
    const std::string& said = of_stderr ? ended_.err : ended_.out;
    while (said.find(mark) == std::string::npos)
      if ((out_ < 0 && err_ < 0) || !turn(nullptr, limit)) break;
    return said;
  }
  /// Closes what it reads from, as `head` does.
  void close_output() { close(out_); }
  /// Closes its input and waits for its end; kills it when that takes too long.
  Ended wait(std::chrono::milliseconds patience = std::chrono::seconds(60)) {
    close(in_);
    const auto limit = std::chrono::steady_clock::now() + patience;
    while (out_ >= 0 || err_ >= 0) {
      if (turn(nullptr, limit)) continue;
      ended_.timed_out = true;
      ::kill(pid_, SIGKILL);
      break;
    }
    int status = 0;
    rusage used{};
    while (::wait4(pid_, &status, 0, &used) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    if (WIFEXITED(status)) ended_.status = WEXITSTATUS(status);
    if (WIFSIGNALED(status)) ended_.signal = WTERMSIG(status);
    ended_.took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - started_);
    ended_.peak_kib = used.ru_maxrss;
    return ended_;
  }

 private:
  struct Pipe {
    Pipe() {
      if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
    }
    Pipe(const Pipe&) = delete;
    Pipe& operator=(const Pipe&) = delete;
    ~Pipe() {
      for (const int end : ends)
        if (end >= 0) ::close(end);
    }
    mutable int ends[2] = {-1, -1};
  };
  static void close(int& end) {
    if (end >= 0) ::close(std::exchange(end, -1));
  }
  static void take(int& end, std::string& into) {
    char bytes[65536];
    const ::ssize_t n = ::read(end, bytes, sizeof bytes);
    if (n > 0) {
      into.append(bytes, static_cast<std::size_t>(n));
    } else if (n == 0 || errno != EINTR) {
      close(end);
    }
  }
  /// Waits for one event; false when the time is over.
  bool turn(std::string_view* input, std::chrono::steady_clock::time_point limit) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(limit - std::chrono::steady_clock::now()).count();
    std::array<pollfd, 3> wanted{pollfd{input ? in_ : -1, POLLOUT, 0}, pollfd{out_, POLLIN, 0},
                                 pollfd{err_, POLLIN, 0}};
    const int ready = ::poll(wanted.data(), wanted.size(), static_cast<int>(std::max<long>(left, 0)));
    if (ready == 0) return false;
    if (wanted[1].revents != 0) take(out_, ended_.out);
    if (wanted[2].revents != 0) take(err_, ended_.err);
    if (input && wanted[0].revents != 0) {
      const ::ssize_t n = ::write(in_, input->data(), input->size());
      if (n > 0) {
        input->remove_prefix(static_cast<std::size_t>(n));
      } else if (errno != EINTR && errno != EAGAIN) {
        close(in_);
      }
    }
    return true;
  }

  std::chrono::steady_clock::time_point started_;
  pid_t pid_ = -1;
  int in_ = -1, out_ = -1, err_ = -1;
  Ended ended_;
};

}  // namespace patchbay::test
