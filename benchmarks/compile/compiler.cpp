// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include "compiler.hpp"

#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <stdexcept>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace patchbay::benchmarks {
namespace {

double seconds_of(const timeval& time) { return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6; }

}  // namespace

Compiler::Compiler(std::string command, const std::filesystem::path& flags) {
  arguments_.push_back(std::move(command));
  std::ifstream file(flags);
  if (!file) throw std::runtime_error("cannot read " + flags.string());
  for (std::string line; std::getline(file, line);)
    if (!line.empty()) arguments_.push_back(line);
  std::string folder = (std::filesystem::temp_directory_path() / "patchbay-compile-XXXXXX").string();
  if (!mkdtemp(folder.data())) throw std::runtime_error("cannot make a temporary folder");
  folder_ = folder;
}

Compiler::~Compiler() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

std::optional<Compilation> Compiler::compile(std::string_view text, const std::vector<std::string>& more, bool quiet) {
  const std::string source = (folder_ / "unit.cpp").string();
  std::ofstream(source) << text;
  std::vector<std::string> arguments = arguments_;
  arguments.insert(arguments.end(), more.begin(), more.end());
  for (const char* const last : {"-c", "-o", "/dev/null"}) arguments.emplace_back(last);
  arguments.push_back(source);
  std::vector<char*> pointers;
  for (std::string& argument : arguments) pointers.push_back(argument.data());
  pointers.push_back(nullptr);

  const pid_t child = fork();
  if (child < 0) return std::nullopt;
  if (child == 0) {
    if (quiet) {
      const int nowhere = open("/dev/null", O_WRONLY);
      if (nowhere >= 0) dup2(nowhere, STDERR_FILENO);
    }
    execvp(pointers.front(), pointers.data());
    _exit(127);
  }
  int status = 0;
  rusage used{};
  if (wait4(child, &status, 0, &used) != child || !WIFEXITED(status) || WEXITSTATUS(status) != 0) return std::nullopt;
  return Compilation{seconds_of(used.ru_utime) + seconds_of(used.ru_stime), static_cast<double>(used.ru_maxrss) / 1024};
}

}  // namespace patchbay::benchmarks
