// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// The proxy that spoils bytes: each of its faults as the two ends see it.
#include <array>
#include <future>
#include <memory>

#include "chaos/proxy/strikes.hpp"
#include "support/raw_peer.hpp"
#include "unit/tools/tool.hpp"

using namespace patchbay::test;

namespace {

/// chaos_proxy as a child process.
class ChaosProxy {
 public:
  ChaosProxy(int to, const std::string& mix, std::vector<std::string> more = {})
      : process_(tools_folder() / "chaos_proxy", arguments(to, mix, std::move(more)), clean_environment()) {
    said_ = process_.read_through("\n");
    constexpr std::string_view before = "listening on 127.0.0.1:";
    REQUIRE(said_.starts_with(before));
    port_ = std::stoi(said_.substr(before.size()));
  }
  /// The answer to one line on its stdin.
  std::string order(const std::string& line) {
    const std::size_t before = said_.size();
    REQUIRE(process_.write(line + "\n"));
    said_ = process_.read_through(said_ + '{');  // an answer is one write
    return said_.substr(before);
  }
  [[nodiscard]] int port() const noexcept { return port_; }
  [[nodiscard]] Process& process() noexcept { return process_; }

 private:
  static std::vector<std::string> arguments(int to, const std::string& mix, std::vector<std::string> more) {
    std::vector<std::string> out{"--to", std::to_string(to), "--mix", mix};
    out.insert(out.end(), more.begin(), more.end());
    return out;
  }
  Process process_;
  std::string said_;
  int port_ = 0;
};

/// A client's end; -1 when it is refused.
int dial(int port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  if (::connect(fd, static_cast<sockaddr*>(static_cast<void*>(&address)), sizeof address) == 0) return fd;
  ::close(fd);
  return -1;
}

/// What one end got until the connection ended, and how it ended: 0 in order, else the error.
class Heard {
 public:
  std::string bytes;
  int error = 0;
};
Heard hear(int fd) {
  Heard out;
  std::array<char, 65536> room{};
  for (;;) {
    pollfd p{fd, POLLIN, 0};
    if (::poll(&p, 1, PeerConnection::patience_ms) <= 0) return out.error = ETIMEDOUT, out;
    const ::ssize_t n = ::recv(fd, room.data(), room.size(), 0);
    if (n == 0) return out;
    if (n < 0) return out.error = errno, out;
    out.bytes.append(room.data(), static_cast<std::size_t>(n));
  }
}
/// Whether nothing is to be had at `fd` for a while.
bool silent(int fd) {
  pollfd p{fd, POLLIN, 0};
  return ::poll(&p, 1, 150) == 0;
}

/// One connection through the proxy, and what the server heard of it; the server answers `answer` to the first bytes.
class Through {
 public:
  Through(const std::string& mix, std::vector<std::string> more, std::string answer = {})
      : peer([this, answer = std::move(answer)](PeerConnection& c) {
          if (!answer.empty()) {
            static_cast<void>(c.read_some());
            c.write(answer);
          }
          Heard all = hear(c.fd());
          all.bytes.insert(0, c.received);
          heard_.set_value(std::move(all));
          c.drain();
        }),
        proxy(peer.port(), mix, std::move(more)),
        client(dial(proxy.port())) {}

  [[nodiscard]] Heard server() { return heard_.get_future().get(); }

 private:
  std::promise<Heard> heard_;

 public:
  RawPeer peer;
  ChaosProxy proxy;
  PeerConnection client;
};

std::vector<std::string> seed(int number) { return {"--seed", std::to_string(number)}; }

}  // namespace

TEST_CASE("a mix of faults is what its text says", "[tools][chaos]") {
  const auto mix = chaos::Mix::parse("reset=2.5,mute=7");
  REQUIRE(mix);
  CHECK(mix->rate(chaos::Kind::reset) == 2.5);
  CHECK(mix->rate(chaos::Kind::mute) == 7);
  CHECK(mix->rate(chaos::Kind::delay) == 0);
  CHECK(chaos::Mix::parse("")->rates == std::array<double, chaos::kind_count>{});
  for (const char* const wrong :
       {"reset", "reset=", "reset=x", "reset=-1", "reset=1x", "resets=1", "reset=inf", "=1"}) {
    INFO(wrong);
    CHECK_FALSE(chaos::Mix::parse(wrong));
  }
  CHECK(chaos::Mix::usual().rate(chaos::Kind::corrupt) == 0);
}

TEST_CASE("strikes are decided by the seed, as often as the mix says", "[tools][chaos]") {
  const auto mix = *chaos::Mix::parse("delay=10,reset=30,corrupt=60,refuse=500");
  std::array<int, chaos::kind_count> struck{};
  std::array<int, 3> phases{};
  chaos::Strikes strikes(mix, 7, 1, true), same(mix, 7, 1, true), other_way(mix, 7, 1, false), other(mix, 8, 1, true);
  constexpr int many = 20'000;
  bool differs_by_way = false, differs_by_seed = false;
  std::uint64_t last = 0;
  for (int i = 0; i < many; ++i) {
    const chaos::Strike each = strikes.next();
    REQUIRE(each.offset >= last);
    last = each.offset;
    ++struck[chaos::index(each.kind)];
    ++phases[static_cast<std::size_t>(each.phase)];
    REQUIRE((same.next().offset == each.offset && same.next().kind == each.kind));
    differs_by_way = differs_by_way || other_way.next().offset != each.offset;
    differs_by_seed = differs_by_seed || other.next().offset != each.offset;
    for (chaos::Strikes* const all : {&strikes, &same, &other_way, &other}) all->pass();
  }
  CHECK(differs_by_way);
  CHECK(differs_by_seed);
  const double each_mib = static_cast<double>(many) / (static_cast<double>(last) / 1048576);
  CHECK(each_mib == Approx(100).epsilon(0.03));
  CHECK(struck[chaos::index(chaos::Kind::delay)] == Approx(many * 0.1).epsilon(0.1));
  CHECK(struck[chaos::index(chaos::Kind::reset)] == Approx(many * 0.3).epsilon(0.1));
  CHECK(struck[chaos::index(chaos::Kind::corrupt)] == Approx(many * 0.6).epsilon(0.1));
  CHECK(struck[chaos::index(chaos::Kind::refuse)] == 0);
  for (const int each : phases) CHECK(each == Approx(many / 3.0).epsilon(0.1));
  CHECK_FALSE(chaos::Strikes(chaos::Mix{}, 7, 1, true).any());
}

TEST_CASE("a proxy without faults passes bytes, ends and resets on", "[tools][chaos]") {
  const std::string much(std::size_t{3} << 20, 'm');
  Through through("", {}, much);
  through.client.write("hello");
  CHECK(through.client.read_exactly(much.size()) == much);
  through.client.write(" and goodbye");
  through.client.shutdown_send();
  const Heard heard = through.server();
  CHECK(heard.bytes == "hello and goodbye");
  CHECK(heard.error == 0);
  const Json counts(through.proxy.order("count"));
  CHECK(counts["/connections"] == "1");
  CHECK(counts["/bytesUp"] == "17");
  CHECK(counts["/bytesDown"] == std::to_string(much.size()));
  CHECK(counts["/reset"] == "0");
  CHECK(Json(through.proxy.order("nonsense")).has("/error"));

  Through second("", {});
  second.client.write("x");
  second.client.reset();
  CHECK(second.server().error == ECONNRESET);
}

TEST_CASE("a reset strikes before, amid or behind a message, and both ends see it", "[tools][chaos]") {
  const std::string message(4000, 'r');
  std::size_t nothing = 0, part = 0, all = 0;
  for (int i = 1; i <= 12; ++i) {
    INFO("seed " << i);
    Through through("reset=20000", seed(i));
    through.client.write(message);
    CHECK(hear(through.client.fd()).error == ECONNRESET);
    const Heard heard = through.server();
    CHECK(message.starts_with(heard.bytes));
    (heard.bytes.empty() ? nothing : heard.bytes.size() < message.size() ? part : all) += 1;
    // Behind a whole message the server is let go in order: it shall do what it was told.
    if (heard.bytes.size() < message.size()) CHECK(heard.error == ECONNRESET);
    CHECK(Json(through.proxy.order("count"))["/reset"] == "1");
  }
  CHECK(nothing > 0);
  CHECK(part > 0);
  CHECK(all > 0);
}

TEST_CASE("a truncated stream ends in order, and early", "[tools][chaos]") {
  const std::string message(100'000, 't');
  for (int i = 1; i <= 4; ++i) {
    INFO("seed " << i);
    Through through("truncate=1000", seed(i));
    through.client.write(message);
    CHECK(hear(through.client.fd()).error == 0);
    const Heard heard = through.server();
    CHECK(heard.error == 0);
    CHECK(heard.bytes.size() < message.size());
    CHECK(message.starts_with(heard.bytes));
  }
}

TEST_CASE("a half-closed stream ends for its receiver, who can still answer", "[tools][chaos]") {
  int answered = 0;
  for (int i = 1; i <= 12; ++i) {
    INFO("seed " << i);
    std::promise<void> sent;
    Heard heard;
    RawPeer peer([&](PeerConnection& c) {
      heard = hear(c.fd());
      c.write("answer");
      sent.set_value();
      c.stall();
    });
    ChaosProxy proxy(peer.port(), "half_close=10000", seed(i));
    PeerConnection client(dial(proxy.port()));
    client.write(std::string(4000, 'h'));
    sent.get_future().wait();  // the client has ended nothing
    CHECK(heard.error == 0);
    // The other direction may be struck as well.
    answered += client.read_some() == "answer" ? 1 : 0;
    client.shutdown_send();
  }
  CHECK(answered > 0);
}

TEST_CASE("corruption changes bytes, not their number", "[tools][chaos]") {
  const std::string message(20'000, 'c');
  Through through("corrupt=2000", seed(1));
  through.client.write(message);
  through.client.shutdown_send();
  const Heard heard = through.server();
  REQUIRE(heard.bytes.size() == message.size());
  const auto changed =
      message.size() - static_cast<std::size_t>(std::count(heard.bytes.begin(), heard.bytes.end(), 'c'));
  CHECK(changed > 10);
  CHECK(changed < 200);
  CHECK(Json(through.proxy.order("count"))["/corrupt"] == std::to_string(changed));
}

TEST_CASE("a dribble takes its time, byte by byte", "[tools][chaos]") {
  const std::string message(200, 'd');
  Through through("dribble=1000000", seed(1));
  const auto begun = std::chrono::steady_clock::now();
  through.client.write(message);
  through.client.shutdown_send();
  CHECK(through.server().bytes == message);
  CHECK(std::chrono::steady_clock::now() - begun > std::chrono::milliseconds(100));  // a pause of 1 ms or more each
}

TEST_CASE("delays and stalls hold bytes back; healing lets them go", "[tools][chaos]") {
  for (const char* const kind : {"delay", "stall"}) {
    INFO(kind);
    std::promise<int> accepted;
    RawPeer peer([&](PeerConnection& c) {
      accepted.set_value(c.fd());
      CHECK(silent(c.fd()));
      c.stall();
    });
    ChaosProxy proxy(peer.port(), std::string(kind) + "=1000000",
                     {"--seed", "3", "--delay-ms", "60000", "--stall-ms", "600000"});
    PeerConnection client(dial(proxy.port()));
    client.write("held");
    const int fd = accepted.get_future().get();
    while (Json(proxy.order("count"))[std::string("/") + kind] == "0") {
    }
    CHECK(silent(fd));
    CHECK(Json(proxy.order("heal")).number(std::string("/") + kind) > 0);
    std::array<char, 16> room{};
    std::size_t got = 0;
    while (got < 4) {
      pollfd p{fd, POLLIN, 0};
      REQUIRE(::poll(&p, 1, PeerConnection::patience_ms) > 0);
      const ::ssize_t n = ::recv(fd, room.data() + got, room.size() - got, 0);
      REQUIRE(n > 0);
      got += static_cast<std::size_t>(n);
    }
    CHECK(std::string_view(room.data(), got) == "held");
  }
}

TEST_CASE("who is refused is reset, and for a while nobody gets in; healing ends it", "[tools][chaos]") {
  RawPeer peer([](PeerConnection& c) {
    while (c.write(c.read_some()) && !c.received.ends_with("over")) {
    }
  });
  ChaosProxy proxy(peer.port(), "refuse=1000", {"--delay-ms", "60000"});
  PeerConnection first(dial(proxy.port()));
  CHECK(hear(first.fd()).error == ECONNRESET);
  CHECK(dial(proxy.port()) == -1);
  CHECK(Json(proxy.order("heal"))["/refuse"] == "1");
  int fd = -1;
  while ((fd = dial(proxy.port())) == -1) {
  }
  PeerConnection second(fd);
  second.write("it is over");
  CHECK(second.read_exactly(10) == "it is over");
  CHECK(peer.connections() == 1);
}

TEST_CASE("a mute connection takes everything and answers nothing; healing resets it", "[tools][chaos]") {
  RawPeer peer([](PeerConnection& c) { c.write("never"); });
  ChaosProxy proxy(peer.port(), "mute=1000", {"--stall-ms", "600000"});
  PeerConnection client(dial(proxy.port()));
  CHECK(client.write(std::string(std::size_t{1} << 20, 'm')));
  CHECK(silent(client.fd()));
  CHECK(peer.connections() == 0);
  CHECK(Json(proxy.order("heal"))["/mute"] == "1");
  CHECK(hear(client.fd()).error == ECONNRESET);
}

TEST_CASE("a server that is not there is a reset, and the proxy serves on; its counts are its last words",
          "[tools][chaos]") {
  int port = 0;
  {
    const RawPeer gone([](PeerConnection&) {});
    port = gone.port();
  }
  ChaosProxy proxy(port, "");
  for (int i = 0; i < 3; ++i) {
    PeerConnection client(dial(proxy.port()));
    CHECK(hear(client.fd()).error == ECONNRESET);
  }
  proxy.process().send(SIGTERM);
  const Ended ended = proxy.process().wait();
  CHECK(ended.status == 0);
  CHECK(Json(lines_of(ended.out).back())["/unreachable"] == "3");
}

TEST_CASE("the proxy's command line is checked", "[tools][chaos]") {
  for (const std::vector<std::string>& wrong : {std::vector<std::string>{},
                                                {"--to", "x"},
                                                {"--to", "0"},
                                                {"--to", "127.0.0.1:70000"},
                                                {"--to", "host:80"},
                                                {"--to", "80", "--mix", "rest=1"},
                                                {"--to", "80", "--stall-ms", "0"}}) {
    Process process(tools_folder() / "chaos_proxy", wrong, clean_environment());
    const Ended ended = process.wait();
    CHECK(ended.status != 0);
    CHECK_FALSE(ended.err.empty());
  }
}
