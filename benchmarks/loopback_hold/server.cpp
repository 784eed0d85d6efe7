// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// A server for these measurements alone, made so that it is never the limit: epoll, frames taken apart where they stand,
// all acknowledgements of what one read brought in one write, and no JSON read that could be searched instead. It trusts its
// clients and is for loopback only; examples/loopback_cloud is the one that tells right from wrong.

#include <array>
#include <charconv>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <sys/epoll.h>

#include <patchbay/http.hpp>  // equal_ignoring_case

#include "work.hpp"

namespace patchbay::benchmarks {
namespace {

/// What was served so far.
struct Served {
  std::uint64_t holds = 0, releases = 0, readings = 0, others = 0;
};

/// Between `before` and the next quote; nothing when it is not there.
std::string_view quoted(std::string_view text, std::string_view before) {
  const std::size_t at = text.find(before);
  if (at == std::string_view::npos) return {};
  text.remove_prefix(at + before.size());
  return text.substr(0, text.find('"'));
}

/// The value of a header field, whatever the case of its name.
std::string_view field(std::string_view head, std::string_view name) {
  for (std::size_t at = head.find("\r\n"); at != std::string_view::npos; at = head.find("\r\n", at + 2)) {
    std::string_view line = head.substr(at + 2, head.find("\r\n", at + 2) - at - 2);
    if (line.size() <= name.size() || line[name.size()] != ':' || !equal_ignoring_case(line.substr(0, name.size()), name)) continue;
    line.remove_prefix(name.size() + 1);
    while (!line.empty() && line.front() == ' ') line.remove_prefix(1);
    return line;
  }
  return {};
}

class Connection {
 public:
  explicit Connection(int socket) : socket_(socket) {}
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() { ::close(socket_); }

  /// False when it is over.
  bool readable(Served& served) {
    const std::size_t kept = in_.size();
    in_.resize(kept + (std::size_t{1} << 17));
    const ::ssize_t n = ::recv(socket_, in_.data() + kept, in_.size() - kept, 0);
    in_.resize(kept + static_cast<std::size_t>(n > 0 ? n : 0));
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) return false;
    std::size_t used = 0;
    while (const std::size_t more = upgraded_ ? frame(used, served) : request(used, served)) used += more;
    in_.erase(0, used);
    return !closing_ && flush();
  }
  bool flush() {
    while (!out_.empty()) {
      const ::ssize_t n = ::send(socket_, out_.data(), out_.size(), MSG_NOSIGNAL);
      if (n < 0) return errno == EAGAIN || errno == EINTR;
      out_.erase(0, static_cast<std::size_t>(n));
    }
    return true;
  }
  [[nodiscard]] bool wants_to_write() const noexcept { return !out_.empty(); }

 private:
  /// One HTTP request from `at`; the bytes that it took, 0 when it is not whole.
  std::size_t request(std::size_t at, Served& served) {
    const std::string_view text = std::string_view(in_).substr(at);
    const std::size_t end = text.find("\r\n\r\n");
    if (end == std::string_view::npos) return 0;
    const std::string_view head = text.substr(0, end + 2);
    const std::string_view length = field(head, "Content-Length");
    std::size_t body = 0;
    std::from_chars(length.data(), length.data() + length.size(), body);
    if (text.size() < end + 4 + body) return 0;
    static constexpr std::string_view collection = "GET /api/v2/interactions/";
    if (const std::string_view key = field(head, "Sec-WebSocket-Key"); !key.empty()) {
      const std::string salted = std::string(key) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
      unsigned char digest[SHA_DIGEST_LENGTH], encoded[64];
      SHA1(static_cast<const unsigned char*>(static_cast<const void*>(salted.data())), salted.size(), digest);
      const int size = EVP_EncodeBlock(encoded, digest, SHA_DIGEST_LENGTH);
      out_ += "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ";
      out_.append(encoded, encoded + size).append("\r\n\r\n");
      upgraded_ = true;
    } else if (head.starts_with(collection)) {
      ++served.readings;
      const std::string_view id = head.substr(collection.size(), head.find(' ', collection.size()) - collection.size());
      answer(interaction_answer(id));
    } else {
      ++served.others;
      answer(R"({"access_token":"t0ken","expires_in":86400,"token_type":"Bearer","scope":"interaction:control interaction:read"})");
    }
    return end + 4 + body;
  }
  void answer(std::string_view json) {
    out_ += "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nETag: \"41\"\r\nContent-Length: ";
    out_.append(std::to_string(json.size())).append("\r\n\r\n").append(json);
  }
  /// The same for one frame of a client.
  std::size_t frame(std::size_t at, Served& served) {
    const std::size_t left = in_.size() - at;
    if (left < 6) return 0;
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(in_[at + i]); };
    std::size_t size = byte(1) & 0x7f, head = 6;
    if (size == 126) {
      if (left < 8) return 0;
      size = static_cast<std::size_t>(byte(2)) << 8 | byte(3), head = 8;
    } else if (size == 127) {
      closing_ = true;  // no command is so long
      return 0;
    }
    if (left < head + size) return 0;
    char* const data = in_.data() + at + head;
    const char* const mask = data - 4;
    std::uint32_t word;
    std::memcpy(&word, mask, 4);
    const std::uint64_t twice = static_cast<std::uint64_t>(word) << 32 | word;
    std::size_t i = 0;
    for (; i + 8 <= size; i += 8) {
      std::uint64_t piece;
      std::memcpy(&piece, data + i, 8);
      piece ^= twice;
      std::memcpy(data + i, &piece, 8);
    }
    for (; i < size; ++i) data[i] = static_cast<char>(data[i] ^ mask[i % 4]);
    const std::string_view payload(data, size);
    switch (byte(0) & 0x0f) {
      case 0x1: acknowledge(payload, served); break;
      case 0x8: closing_ = true, send(0x88, payload), flush(); break;
      case 0x9: send(0x8a, payload); break;
      default: break;
    }
    return head + size;
  }
  void acknowledge(std::string_view command, Served& served) {
    const std::string_view verb = quoted(command, R"("type":")");
    ++(verb == "hold" ? served.holds : verb == "unhold" ? served.releases : served.others);
    ack_.assign(R"({"correlationId":")").append(quoted(command, R"("correlationId":")"));
    ack_.append(R"(","body":{"type":")").append(verb).append(R"(","interactionId":")");
    ack_.append(quoted(command, R"("interactionId":")")).append(R"("}})");
    send(0x81, ack_);
  }
  void send(unsigned first, std::string_view payload) {
    out_.push_back(static_cast<char>(first));
    if (payload.size() < 126) {
      out_.push_back(static_cast<char>(payload.size()));
    } else {
      out_.push_back(126);
      out_.push_back(static_cast<char>(payload.size() >> 8));
      out_.push_back(static_cast<char>(payload.size() & 0xff));
    }
    out_.append(payload);
  }

  int socket_;
  std::string in_, out_, ack_;
  bool upgraded_ = false, closing_ = false;
};

}  // namespace

int serve() {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  auto* const any = static_cast<sockaddr*>(static_cast<void*>(&address));
  if (::bind(listener, any, length) != 0 || ::listen(listener, 4096) != 0 || ::getsockname(listener, any, &length) != 0) return 1;
  std::printf("listening on %d\n", ntohs(address.sin_port));
  std::fflush(stdout);

  const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
  const auto watch = [&](int how, int socket, std::uint32_t events) {
    epoll_event event{};
    event.events = events;
    event.data.fd = socket;
    ::epoll_ctl(epoll, how, socket, &event);
  };
  watch(EPOLL_CTL_ADD, listener, EPOLLIN);
  watch(EPOLL_CTL_ADD, STDIN_FILENO, EPOLLIN);
  Served served;
  std::unordered_map<int, std::unique_ptr<Connection>> connections;
  std::array<epoll_event, 256> events;
  for (;;) {
    const int ready = ::epoll_wait(epoll, events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < ready; ++i) {
      const int socket = events[static_cast<std::size_t>(i)].data.fd;
      const std::uint32_t what = events[static_cast<std::size_t>(i)].events;
      if (socket == STDIN_FILENO) {
        char line[64];
        if (::read(STDIN_FILENO, line, sizeof line) <= 0) return 0;
        std::printf("holds=%llu releases=%llu readings=%llu others=%llu\n", static_cast<unsigned long long>(served.holds),
                    static_cast<unsigned long long>(served.releases), static_cast<unsigned long long>(served.readings),
                    static_cast<unsigned long long>(served.others));
        std::fflush(stdout);
      } else if (socket == listener) {
        for (int fresh; (fresh = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0;) {
          const int on = 1;
          ::setsockopt(fresh, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
          connections.emplace(fresh, std::make_unique<Connection>(fresh));
          watch(EPOLL_CTL_ADD, fresh, EPOLLIN);
        }
      } else if (const auto found = connections.find(socket); found != connections.end()) {
        Connection& connection = *found->second;
        const bool waited = connection.wants_to_write();
        const bool alive = (what & EPOLLIN) != 0 ? connection.readable(served) : (what & EPOLLOUT) != 0 && connection.flush();
        if (!alive) {
          connections.erase(found);
        } else if (waited != connection.wants_to_write()) {
          watch(EPOLL_CTL_MOD, socket, EPOLLIN | (waited ? 0U : static_cast<std::uint32_t>(EPOLLOUT)));
        }
      }
    }
  }
}

}  // namespace patchbay::benchmarks
