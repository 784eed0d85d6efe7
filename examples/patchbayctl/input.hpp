// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <string>

namespace patchbayctl {

/// Lines of a file or pipe, of at most 1 MiB each; a longer one is read over and said to be so.
class LineReader {
 public:
  enum class Got { line, too_long, end, failed, stopped };

  /// Reads from a descriptor that the caller keeps open.
  explicit LineReader(int descriptor) : descriptor_(descriptor) {}

  /// The next line without its end, which may be `\r\n`; the last needs none. `stopped` when a signal asks for the end
  /// meanwhile.
  Got next(std::string& line);
  [[nodiscard]] std::size_t number() const noexcept { return number_; }
  /// Why reading failed.
  [[nodiscard]] int error() const noexcept { return error_; }

 private:
  Got more();

  static constexpr std::size_t limit = std::size_t{1} << 20;
  int descriptor_;
  std::string buffer_;
  std::size_t begin_ = 0;  // of what no call has returned
  std::size_t number_ = 0;
  int error_ = 0;
  bool ended_ = false;
};

}  // namespace patchbayctl
