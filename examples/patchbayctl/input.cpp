// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include "input.hpp"

#include <cerrno>
#include <utility>

#include <poll.h>
#include <unistd.h>

#include "stop.hpp"

namespace patchbayctl {

LineReader::Got LineReader::more() {
  pollfd wanted[2] = {{descriptor_, POLLIN, 0}, {stop_descriptor(), POLLIN, 0}};
  for (;;) {
    if (stop_asked()) return Got::stopped;
    if (::poll(wanted, 2, -1) < 0) {
      if (errno == EINTR) continue;
      error_ = errno;
      return Got::failed;
    }
    if (wanted[0].revents == 0) continue;
    char bytes[65536];
    const ::ssize_t n = ::read(descriptor_, bytes, sizeof bytes);
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (n < 0) {
      error_ = errno;
      return Got::failed;
    }
    if (n == 0) return Got::end;
    buffer_.erase(0, std::exchange(begin_, 0));
    buffer_.append(bytes, static_cast<std::size_t>(n));
    return Got::line;
  }
}

LineReader::Got LineReader::next(std::string& line) {
  line.clear();
  bool too_long = false;
  for (std::size_t searched = 0;;) {
    const std::size_t end = buffer_.find('\n', begin_ + searched);
    const bool whole = end != std::string::npos;
    if (whole || ended_) {
      if (!whole && begin_ == buffer_.size() && !too_long) return Got::end;
      ++number_;
      line.assign(buffer_, begin_, whole ? end - begin_ : end);
      begin_ = whole ? end + 1 : buffer_.size();
      if (line.ends_with('\r')) line.pop_back();
      return too_long || line.size() > limit ? Got::too_long : Got::line;
    }
    if (buffer_.size() - begin_ > limit) {
      too_long = true;
      begin_ = buffer_.size();
    }
    searched = buffer_.size() - begin_;
    const Got got = more();
    if (got == Got::end) {
      ended_ = true;
    } else if (got != Got::line) {
      return got;
    }
  }
}

}  // namespace patchbayctl
