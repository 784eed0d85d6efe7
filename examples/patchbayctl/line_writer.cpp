// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include "line_writer.hpp"

#include <utility>

namespace patchbayctl {

void LineWriter::add(std::uint64_t number, std::string line) {
  const std::lock_guard lock(mutex_);
  if (ordered_ && number != passed_) {
    early_.emplace(number, std::move(line));
    return;
  }
  const auto pass = [&](const std::string& text) {
    text_.append(text).push_back('\n');
    ++passed_;
  };
  pass(line);
  for (auto next = early_.begin(); next != early_.end() && next->first == passed_; next = early_.erase(next))
    pass(next->second);
  changed_.notify_all();
}

void LineWriter::wait_for_room() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return text_.size() < full || output_.failed(); });
}

std::uint64_t LineWriter::passed() const {
  const std::lock_guard lock(mutex_);
  return passed_;
}

void LineWriter::finish() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    changed_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

void LineWriter::write() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [&] { return ending_ || !text_.empty(); });
    if (text_.empty()) return;
    std::string batch = std::exchange(text_, {});
    lock.unlock();
    batch.pop_back();  // the last line's end, which `line` adds
    output_.line(std::move(batch));
    lock.lock();
    changed_.notify_all();
  }
}

}  // namespace patchbayctl
