// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>  // abort
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

/// A server on 127.0.0.1 that plays scripts of bytes, closes, stalls and resets, so that a transport meets every fault
/// that a peer can produce. It knows no HTTP beyond where a request ends.
namespace patchbay::test {

/// One accepted connection, as a script sees it. No call waits for longer than `patience_ms`.
class PeerConnection {
 public:
  static constexpr int patience_ms = 8000;

  explicit PeerConnection(int fd) : fd_(fd) {}
  PeerConnection(const PeerConnection&) = delete;
  PeerConnection& operator=(const PeerConnection&) = delete;
  ~PeerConnection() { close(); }

  /// What arrives next; empty when the client has closed, reset, or said nothing for too long.
  [[nodiscard]] std::string read_some(std::size_t at_most = 65536) {
    std::string out(at_most, '\0');
    std::ptrdiff_t n = 0;
    if (read_hook) {
      n = read_hook(out.data(), out.size());
    } else if (wait(POLLIN)) {
      n = ::recv(fd_, out.data(), out.size(), 0);
    }
    out.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
    received += out;
    return out;
  }
  /// Reads until `size` bytes arrived that no call returned before; fewer when the client stops.
  [[nodiscard]] std::string read_exactly(std::size_t size) {
    while (unread_.size() < size) {
      const std::string more = read_some();
      if (more.empty()) break;
      unread_ += more;
    }
    return take(size);
  }
  /// Reads up to and including `mark`.
  [[nodiscard]] std::string read_through(std::string_view mark) {
    std::size_t at = 0;
    while ((at = unread_.find(mark)) == std::string::npos) {
      const std::string more = read_some();
      if (more.empty()) return take(unread_.size());
      unread_ += more;
    }
    return take(at + mark.size());
  }
  /// One HTTP request with its body; empty when the client stops before its head is whole.
  [[nodiscard]] std::string read_request() {
    std::string head = read_through("\r\n\r\n");
    if (!head.ends_with("\r\n\r\n")) return {};
    const std::size_t at = head.find("Content-Length: ");
    if (at != std::string::npos) head += read_exactly(std::stoul(head.substr(at + 16)));
    return head;
  }
  /// Writes all of it; false when the client has gone.
  bool write(std::string_view bytes) {
    while (!bytes.empty()) {
      std::ptrdiff_t n = -1;
      if (write_hook) {
        n = write_hook(bytes.data(), bytes.size());
      } else if (wait(POLLOUT)) {
        n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      }
      if (n <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
  }
  /// Waits until the client closes.
  void drain() {
    while (!read_some().empty()) {
    }
  }
  /// Waits until the client closes, without reading what it sends.
  void stall() {
    pollfd p{fd_, POLLRDHUP, 0};
    ::poll(&p, 1, patience_ms);
  }
  void shutdown_send() { ::shutdown(fd_, SHUT_WR); }
  void close() {
    const std::lock_guard lock(mutex_);
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }
  /// Ends what the script waits for; the only call for other threads.
  void cut() {
    const std::lock_guard lock(mutex_);
    if (fd_ >= 0) ::shutdown(fd_, SHUT_RDWR);
  }
  /// Closes with a reset instead of an orderly end.
  void reset() {
    const linger hard{1, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    close();
  }
  [[nodiscard]] int fd() const noexcept { return fd_; }

  std::string received;                                         ///< Everything that was read.
  std::function<std::ptrdiff_t(char*, std::size_t)> read_hook;  ///< In place of the socket: TLS.
  std::function<std::ptrdiff_t(const char*, std::size_t)> write_hook;

 private:
  [[nodiscard]] bool wait(short what) const {
    pollfd p{fd_, what, 0};
    return ::poll(&p, 1, patience_ms) > 0;
  }
  [[nodiscard]] std::string take(std::size_t size) {
    std::string out = unread_.substr(0, size);
    unread_.erase(0, size);
    return out;
  }
  std::mutex mutex_;  // of `fd_`, between the script that closes and `cut`
  int fd_;
  std::string unread_;
};

/// Plays the n-th script on the n-th connection, and the last script on all that follow. Each runs in its own thread;
/// a connection is closed when its script returns. The destructor ends them all.
class RawPeer {
 public:
  using Script = std::function<void(PeerConnection&)>;

  explicit RawPeer(Script script) : RawPeer(std::vector<Script>{std::move(script)}) {}
  explicit RawPeer(std::vector<Script> scripts)
      : scripts_(std::move(scripts)), listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    sockaddr* const generic = static_cast<sockaddr*>(static_cast<void*>(&address));
    if (::bind(listener_, generic, size) != 0 || ::listen(listener_, 64) != 0 ||
        ::getsockname(listener_, generic, &size) != 0)
      std::abort();
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept_all(); });
  }
  RawPeer(const RawPeer&) = delete;
  RawPeer& operator=(const RawPeer&) = delete;
  ~RawPeer() {
    ::shutdown(listener_, SHUT_RDWR);  // wakes accept
    acceptor_.join();
    {
      const std::lock_guard lock(mutex_);
      ending_ = true;
      for (PeerConnection* const c : open_) c->cut();
    }
    for (std::thread& t : players_) t.join();
    ::close(listener_);
  }

  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  [[nodiscard]] std::string url(std::string_view scheme = "http") const {
    return std::string(scheme).append("://127.0.0.1:").append(std::to_string(port_));
  }
  /// Connections accepted so far.
  [[nodiscard]] int connections() const noexcept { return connections_; }
  /// Connections whose scripts are still being played.
  [[nodiscard]] std::size_t open() {
    const std::lock_guard lock(mutex_);
    return open_.size();
  }

 private:
  void accept_all() {
    for (;;) {
      const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) return;
      const int on = 1;
      ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);  // each write of a script is seen by itself
      const std::size_t nth = static_cast<std::size_t>(connections_++);
      const Script& script = scripts_[nth < scripts_.size() ? nth : scripts_.size() - 1];
      const std::lock_guard lock(mutex_);
      players_.emplace_back([fd, &script, this] {
        PeerConnection connection(fd);
        {
          const std::lock_guard add(mutex_);
          open_.push_back(&connection);
          if (ending_) connection.cut();
        }
        script(connection);
        const std::lock_guard remove(mutex_);
        std::erase(open_, &connection);
      });
    }
  }

  std::vector<Script> scripts_;
  int listener_;
  std::uint16_t port_ = 0;
  std::atomic<int> connections_{0};
  std::mutex mutex_;
  std::vector<PeerConnection*> open_;
  bool ending_ = false;
  std::vector<std::thread> players_;
  std::thread acceptor_;
};

}  // namespace patchbay::test
