// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// Answers each line of standard input, a pattern and a text in hexadecimal with a tab between them, with a line: `!` for
// a pattern that is refused, and why, `1` for a text that matches, `0` for one that does not.
#include <patchbay/schema/detail/pattern_compiler.hpp>

#include <iostream>
#include <memory>
#include <string>
#include <string_view>

namespace {

std::string bytes_of(std::string_view hex) {
  std::string out;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    out.push_back(static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
  return out;
}

}  // namespace

int main() {
  using Compiler = patchbay::detail::PatternCompiler;
  std::string line;
  while (std::getline(std::cin, line)) {
    const std::size_t tab = line.find('\t');
    const std::string pattern = bytes_of(std::string_view(line).substr(0, tab));
    const std::string text = bytes_of(std::string_view(line).substr(tab + 1));
    const auto compiler = std::make_unique<Compiler>(pattern);
    if (!compiler->good()) {
      std::cout << "! " << static_cast<int>(compiler->problem) << " at " << compiler->problem_at << '\n';
      continue;
    }
    // Of the greatest size, where a pattern that is a constant has its own.
    const auto program = std::make_unique<patchbay::detail::PatternProgram<
        Compiler::words, Compiler::max_states, Compiler::max_bytes, Compiler::max_ranges>>(
        compiler->program<Compiler::words, Compiler::max_states, Compiler::max_bytes, Compiler::max_ranges>());
    std::cout << (program->matches(text) ? '1' : '0') << '\n';
  }
}
