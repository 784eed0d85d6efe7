// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace patchbay::benchmarks {

/// What one compilation took.
struct Compilation {
  double seconds;    ///< Of the processors, in user and system mode: other programs disturb it less than the clock on the wall.
  double megabytes;  ///< Peak memory of the largest of the compiler's processes.
};

/// Compiles texts with the compiler and the flags that CMake found, and optimisation, into nothing.
class Compiler {
 public:
  /// `flags` has one argument a line.
  Compiler(std::string command, const std::filesystem::path& flags);
  Compiler(const Compiler&) = delete;
  Compiler& operator=(const Compiler&) = delete;
  ~Compiler();

  /// Compiles `text`; nothing when the compiler refuses it or cannot be run. The refusal goes to standard error, unless `quiet`.
  [[nodiscard]] std::optional<Compilation> compile(std::string_view text, const std::vector<std::string>& more, bool quiet = false);

 private:
  std::vector<std::string> arguments_;
  std::filesystem::path folder_;
};

}  // namespace patchbay::benchmarks
