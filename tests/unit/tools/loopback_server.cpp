// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0

// loopback_cloud as a server: many connections, hostile ones, few descriptors, and an orderly end.
#include <algorithm>  // max
#include <fstream>
#include <memory>
#include <thread>

#include <sys/resource.h>

#include "support/raw_peer.hpp"
#include "unit/tools/loopback.hpp"

using namespace patchbay::test;

namespace {

/// A client's end of a connection; -1 when it is refused.
int dial(int port, int receive_buffer = 0) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (receive_buffer > 0) ::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  if (::connect(fd, static_cast<sockaddr*>(static_cast<void*>(&address)), sizeof address) == 0) {
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
  }
  ::close(fd);
  return -1;
}

class Wire : public PeerConnection {
 public:
  explicit Wire(const LoopbackCloud& cloud, int receive_buffer = 0)
      : PeerConnection(dial(cloud.port(), receive_buffer)) {}

  /// One answer, head and body.
  std::string answer() { return read_request(); }
  /// Whether the peer ends the connection before it says anything more.
  bool ended() { return read_some().empty(); }
};

std::string token_of(const LoopbackCloud& cloud) {
  Wire wire(cloud);
  const std::string form = "grant_type=client_credentials&client_id=a&client_secret=b";
  wire.write(
      "POST /oauth/token HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\n"
      "Content-Length: " +
      std::to_string(form.size()) + "\r\n\r\n" + form);
  const std::string answer = wire.answer();
  const Json body(answer.substr(answer.find("\r\n\r\n") + 4));
  return body["/access_token"];
}

std::string read_of(const std::string& token, const std::string& id = caller) {
  return "GET /api/v2/interactions/" + id + " HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer " + token + "\r\n\r\n";
}
std::string upgrade_with(const std::string& token) {
  return "GET /api/v2/interactions HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
         "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nAuthorization: Bearer " +
         token + "\r\n\r\n";
}

/// A frame as a client sends it, masked.
std::string client_frame(int first, std::string payload) {
  std::string out{static_cast<char>(first)};
  const std::size_t size = payload.size();
  if (size < 126) {
    out.push_back(static_cast<char>(0x80 | size));
  } else {
    out.push_back(static_cast<char>(0x80 | 126));
    out.push_back(static_cast<char>(size >> 8));
    out.push_back(static_cast<char>(size & 0xff));
  }
  const std::string mask = "\x12\xa5\x5a\x01";
  for (std::size_t i = 0; i < size; ++i) payload[i] = static_cast<char>(payload[i] ^ mask[i % 4]);
  return out + mask + payload;
}
constexpr int text = 0x81, binary = 0x82, close_frame = 0x88, ping = 0x89, fragment = 0x01, more = 0x00, last = 0x80;

std::string command(const std::string& id, bool hold) {
  return "{\"command\":\"send\",\"correlationId\":\"" + id + "\",\"body\":{\"type\":\"" + (hold ? "hold" : "unhold") +
         "\",\"interactionId\":\"" + caller + "\",\"priority\":1,\"holdReason\":\"queueing\",\"holdMusic\":\"a.wav\"}}";
}

class Received {
 public:
  int opcode = -1;  ///< -1: the connection ended.
  std::string payload;
  [[nodiscard]] int code() const {
    return opcode == 8 && payload.size() >= 2
               ? static_cast<unsigned char>(payload[0]) << 8 | static_cast<unsigned char>(payload[1])
               : -1;
  }
};
Received receive(Wire& wire) {
  Received out;
  const std::string head = wire.read_exactly(2);
  if (head.size() < 2) return out;
  CHECK((head[0] & 0x80) != 0);
  CHECK((head[1] & 0x80) == 0);  // a server does not mask
  std::size_t size = static_cast<unsigned char>(head[1]);
  if (size == 126) {
    const std::string more_size = wire.read_exactly(2);
    size = static_cast<std::size_t>(static_cast<unsigned char>(more_size.at(0)) << 8 |
                                    static_cast<unsigned char>(more_size.at(1)));
  }
  out.opcode = head[0] & 0x0f;
  out.payload = wire.read_exactly(size);
  return out;
}
/// An upgraded connection.
std::unique_ptr<Wire> channel(const LoopbackCloud& cloud, const std::string& token, int receive_buffer = 0) {
  auto wire = std::make_unique<Wire>(cloud, receive_buffer);
  wire->write(upgrade_with(token));
  const std::string answer = wire->answer();
  CHECK(answer.starts_with("HTTP/1.1 101 "));
  // The example of RFC 6455 section 1.3.
  CHECK(answer.find("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n") != std::string::npos);
  return wire;
}
int close_code_after(const LoopbackCloud& cloud, const std::string& token, const std::string& bytes) {
  const auto wire = channel(cloud, token);
  wire->write(bytes);
  for (;;) {
    const Received got = receive(*wire);
    if (got.opcode == -1 || got.opcode == 8) return got.code();
  }
}

long resident_kib(pid_t pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string word; status >> word;)
    if (long out = 0; word == "VmRSS:" && status >> out) return out;
  return 0;
}
double cpu_seconds(pid_t pid) {
  std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
  std::string word;
  for (int i = 0; i < 13; ++i) stat >> word;
  long user = 0, system = 0;
  stat >> user >> system;
  return static_cast<double>(user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}
/// As many descriptors as may be had, of which both sides need one for each connection.
std::size_t raise_descriptors() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  return static_cast<std::size_t>(limit.rlim_cur);
}

}  // namespace

TEST_CASE("connections that wait cost little, and every one of them is served", "[tools][loopback][scale]") {
  const std::size_t count = std::min<std::size_t>(5'000, raise_descriptors() - 100);
  LoopbackCloud cloud;
  const std::string token = token_of(cloud), request = read_of(token);
  const long before = resident_kib(cloud.process().pid());
  std::vector<std::unique_ptr<Wire>> all;
  for (std::size_t i = 0; i < count; ++i) all.push_back(std::make_unique<Wire>(cloud));
  for (int round = 0; round < 2; ++round) {
    std::size_t served = 0;
    for (const auto& each : all) each->write(request);
    for (const auto& each : all) served += each->answer().starts_with("HTTP/1.1 200 ") ? 1 : 0;
    CHECK(served == count);
  }
  const auto grown = static_cast<std::size_t>(std::max(0L, resident_kib(cloud.process().pid()) - before)) * 1024;
  INFO(grown / count << " bytes for each of " << count);
  CHECK(grown / count < 4'096);
}

TEST_CASE("channels that wait cost little, and each hears of a change", "[tools][loopback][scale]") {
  const std::size_t count = std::min<std::size_t>(3'000, raise_descriptors() - 100);
  LoopbackCloud cloud;
  const std::string token = token_of(cloud);
  const long before = resident_kib(cloud.process().pid());
  std::vector<std::unique_ptr<Wire>> all;
  for (std::size_t i = 0; i < count; ++i) all.push_back(channel(cloud, token));
  const auto grown = static_cast<std::size_t>(std::max(0L, resident_kib(cloud.process().pid()) - before)) * 1024;
  INFO(grown / count << " bytes for each of " << count);
  CHECK(grown / count < 6'144);
  CHECK(Json(cloud.get("/_state")).number("/channels") == static_cast<double>(count));
  all.front()->write(client_frame(text, command("first", true)));
  std::size_t heard = 0;
  for (const auto& each : all) {
    Received got = receive(*each);
    if (each == all.front()) {
      CHECK(Json(got.payload)["/correlationId"] == "first");
      got = receive(*each);
    }
    heard += Json(got.payload)["/body/held"] == "true" ? 1 : 0;
  }
  CHECK(heard == count);
}

TEST_CASE("a limit of open files that is too low is said, and kept", "[tools][loopback][scale]") {
  const std::string program = (tools_folder() / "loopback_cloud").string();
  Process process("/bin/sh", {"-c", "ulimit -n 48; exec \"$0\" --max-connections 500", program}, clean_environment());
  const std::string said = process.read_through("\n", true);
  CHECK(said.find("the limit of open files allows 16 connections, not 500") != std::string::npos);
  const std::string line = process.read_through("\n");
  const int port = std::stoi(line.substr(line.rfind(':') + 1));
  std::vector<std::unique_ptr<PeerConnection>> all;
  for (int i = 0; i < 40; ++i) all.push_back(std::make_unique<PeerConnection>(dial(port)));
  std::size_t served = 0, closed = 0;
  for (const auto& each : all) each->write("GET /webhook HTTP/1.1\r\nHost: a\r\n\r\n");
  for (const auto& each : all) (each->read_request().starts_with("HTTP/1.1 200 ") ? served : closed) += 1;
  CHECK(served == 16);
  CHECK(closed == 24);
  process.send(SIGTERM);
  CHECK(process.wait().status == 0);
}

TEST_CASE("out of descriptors, the server waits for some without turning, and then goes on",
          "[tools][loopback][scale]") {
  LoopbackCloud cloud;
  const pid_t pid = cloud.process().pid();
  Wire kept(cloud);
  kept.write("GET /webhook HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(kept.answer().starts_with("HTTP/1.1 200 "));
  rlimit former{}, low{};
  REQUIRE(::prlimit(pid, RLIMIT_NOFILE, nullptr, &former) == 0);
  low = former;
  low.rlim_cur = 3;
  REQUIRE(::prlimit(pid, RLIMIT_NOFILE, &low, nullptr) == 0);
  Wire waiting(cloud);  // the backlog takes it
  waiting.write("GET /webhook HTTP/1.1\r\nHost: a\r\n\r\n");
  const double before = cpu_seconds(pid);
  pollfd nothing{waiting.fd(), POLLIN, 0};
  CHECK(::poll(&nothing, 1, 1'000) == 0);
  CHECK(cpu_seconds(pid) - before < 0.5);  // a loop that turns has used all of the second
  kept.write("GET /webhook HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(kept.answer().starts_with("HTTP/1.1 200 "));
  REQUIRE(::prlimit(pid, RLIMIT_NOFILE, &former, nullptr) == 0);
  CHECK(waiting.answer().starts_with("HTTP/1.1 200 "));
}

TEST_CASE("requests may come in one piece or byte by byte, and are answered in order", "[tools][loopback][http]") {
  LoopbackCloud cloud;
  const std::string token = token_of(cloud);
  std::string burst;
  const auto id_of = [](int i) { return i % 2 == 0 ? caller : second_caller; };
  for (int i = 0; i < 200; ++i) burst += read_of(token, id_of(i));
  Wire wire(cloud);
  wire.write(burst);
  for (int i = 0; i < 200; ++i) {
    const std::string answer = wire.answer();
    CHECK(answer.starts_with("HTTP/1.1 200 "));
    CHECK(answer.find("\"id\":\"" + id_of(i) + "\"") != std::string::npos);
  }
  const std::string body = R"({"customAttributes":{"transition_id":"slow"}})";
  const std::string slow = "PATCH /api/v2/interactions/" + caller +
                           " HTTP/1.1\r\nHost: a\r\nIf-Match: \"1\"\r\nContent-Type: application/json\r\n"
                           "Authorization: Bearer " +
                           token + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  for (const char c : slow) REQUIRE(wire.write(std::string_view(&c, 1)));
  CHECK(wire.answer().starts_with("HTTP/1.1 200 "));
  CHECK((*cloud.interaction(caller))["/customAttributes/transition_id"] == "slow");
  wire.write("GET /webhook HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
  CHECK(wire.answer() == "HTTP/1.1 100 Continue\r\n\r\n");
  wire.write("body");
  CHECK(wire.answer().starts_with("HTTP/1.1 200 "));
}

TEST_CASE("a client that takes no answers costs one of them", "[tools][loopback][http]") {
  LoopbackCloud cloud;
  cloud.fault(R"({"kind":"too_large","size":8000000000,"times":0})");
  const long before = resident_kib(cloud.process().pid());
  std::vector<std::unique_ptr<Wire>> all;
  for (int i = 0; i < 50; ++i) {
    all.push_back(std::make_unique<Wire>(cloud, 4'096));
    for (int k = 0; k < 10; ++k) all.back()->write("GET /webhook HTTP/1.1\r\nHost: a\r\n\r\n");
  }
  Wire other(cloud);
  other.write("GET /_faults HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(other.answer().starts_with("HTTP/1.1 200 "));
  CHECK(resident_kib(cloud.process().pid()) - before < 50 * 512);
}

TEST_CASE("many commands in one piece are all carried out, in order", "[tools][loopback][channel]") {
  LoopbackCloud cloud({"--state-updates", "no"});
  const std::string token = token_of(cloud);
  const auto wire = channel(cloud, token);
  std::string burst;
  constexpr int count = 2'000;
  for (int i = 0; i < count; ++i) burst += client_frame(text, command("c-" + std::to_string(i), i % 2 == 0));
  std::thread writer([&] { wire->write(burst); });
  int in_order = 0;
  for (int i = 0; i < count; ++i)
    in_order += Json(receive(*wire).payload)["/correlationId"] == "c-" + std::to_string(i) ? 1 : 0;
  writer.join();
  CHECK(in_order == count);
  CHECK((*cloud.interaction(caller)).size("/operations") == count);
  // What comes behind the upgrade in the same piece is not lost.
  Wire early(cloud);
  early.write(upgrade_with(token) + client_frame(text, command("early", true)));
  CHECK(early.answer().starts_with("HTTP/1.1 101 "));
  CHECK(Json(receive(early).payload)["/correlationId"] == "early");
}

TEST_CASE("messages in fragments, with pings between them and byte by byte, are whole", "[tools][loopback][channel]") {
  LoopbackCloud cloud({"--state-updates", "no"});
  const auto wire = channel(cloud, token_of(cloud));
  const std::string whole = command("pieces", true);
  const std::string bytes = client_frame(fragment, whole.substr(0, 20)) + client_frame(ping, "one") +
                            client_frame(more, whole.substr(20, 30)) + client_frame(ping, "") +
                            client_frame(last, whole.substr(50)) + client_frame(text, command("next", false));
  for (const char c : bytes) REQUIRE(wire->write(std::string_view(&c, 1)));
  const Received pong = receive(*wire);
  CHECK(pong.opcode == 10);
  CHECK(pong.payload == "one");
  CHECK(receive(*wire).opcode == 10);
  CHECK(Json(receive(*wire).payload)["/correlationId"] == "pieces");
  CHECK(Json(receive(*wire).payload)["/correlationId"] == "next");
  wire->write(client_frame(close_frame, "\x03\xe8 bye"));
  CHECK(receive(*wire).code() == 1000);
  CHECK(wire->ended());
}

TEST_CASE("what is no WebSocket ends a channel with the code that says why", "[tools][loopback][channel]") {
  LoopbackCloud cloud;
  const std::string token = token_of(cloud);
  const auto code = [&](const std::string& bytes) { return close_code_after(cloud, token, bytes); };
  CHECK(code(std::string("\x81\x02hi", 4)) == 1002);  // not masked
  CHECK(code(client_frame(0xc1, "reserved bit")) == 1002);
  CHECK(code(client_frame(0x83, "reserved opcode")) == 1002);
  CHECK(code(client_frame(0x8b, "reserved control")) == 1002);
  CHECK(code(client_frame(last, "continues nothing")) == 1002);
  CHECK(code(client_frame(fragment, "a") + client_frame(text, "b")) == 1002);
  CHECK(code(client_frame(0x09, "a ping in fragments")) == 1002);
  CHECK(code(client_frame(ping, std::string(126, 'x'))) == 1002);
  CHECK(code(client_frame(close_frame, "x")) == 1002);                         // half a code
  CHECK(code(client_frame(close_frame, std::string("\x03\xed", 2))) == 1002);  // 1005 is never sent
  CHECK(code(client_frame(close_frame, std::string("\x0f\xa0", 2))) == 4000);
  CHECK(code(client_frame(close_frame, std::string("\x03\xe8\xff", 3))) == 1007);
  CHECK(code(client_frame(text, "\xc3\x28")) == 1007);
  CHECK(code(client_frame(fragment, "\xc3") + client_frame(last, "\xa9\xff")) == 1007);
  CHECK(code(client_frame(binary, "bytes")) == 1003);
  CHECK(code(client_frame(text, std::string(65'535, 'x')) + client_frame(close_frame, std::string("\x03\xe8", 2))) ==
        1000);  // refused as a command, and no more
  CHECK(code(client_frame(fragment, std::string(65'535, 'x')) + client_frame(last, "xx")) == 1009);
  CHECK(code(std::string("\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xff\0\0\0\0", 14)) == 1009);
  CHECK(code(std::string("\x81\xff\xff\xff\xff\xff\xff\xff\xff\xff\0\0\0\0", 14)) == 1002);
  CHECK(code(std::string("\x81\xfe\0\x05", 4) + std::string(4, '\0') + "short") == 1002);  // not in the least bytes
  // Fragments without an end are a message too.
  std::string endless = client_frame(fragment, std::string(60'000, ' '));
  for (int i = 0; i < 3; ++i) endless += client_frame(more, std::string(60'000, ' '));
  CHECK(code(endless) == 1009);
  Wire old(cloud);
  std::string request = upgrade_with(token);
  old.write(request.replace(request.find("Version: 13"), 11, "Version: 12"));
  const std::string refused = old.answer();
  CHECK(refused.starts_with("HTTP/1.1 426 "));
  CHECK(refused.find("Sec-WebSocket-Version: 13\r\n") != std::string::npos);
  // The last of them has ended when the server has seen its end too.
  for (int i = 0; i < 1'000 && Json(cloud.get("/_state")).number("/channels") != 0; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  CHECK(Json(cloud.get("/_state")).number("/channels") == 0);
}

TEST_CASE("a channel that does not read is let go before it costs memory without bound", "[tools][loopback][channel]") {
  LoopbackCloud cloud({"--max-unread", "100000"});
  const std::string token = token_of(cloud);
  const auto deaf = channel(cloud, token, 4'096);
  const auto busy = channel(cloud, token);
  // Every change is told to the other too, which leaves it unread.
  int sent = 0;
  for (bool gone = false; !gone && sent < 400'000;) {
    std::string burst;
    for (int i = 0; i < 500; ++i, ++sent) burst += client_frame(text, command(std::to_string(sent), sent % 2 == 0));
    std::thread writer([&] { busy->write(burst); });
    for (int i = 0; i < 1'000; ++i) REQUIRE(receive(*busy).opcode == 1);  // an acknowledgement and an update each
    writer.join();
    pollfd end{deaf->fd(), POLLRDHUP, 0};
    gone = ::poll(&end, 1, 0) > 0 && (end.revents & (POLLERR | POLLHUP)) != 0;
  }
  INFO(sent << " commands");
  CHECK(sent < 400'000);
  busy->write(client_frame(ping, "still here"));
  CHECK(receive(*busy).payload == "still here");
}

TEST_CASE("a client that takes no acknowledgements is not read for more commands", "[tools][loopback][channel]") {
  LoopbackCloud cloud({"--state-updates", "no", "--max-unread", "100000000"});
  const auto wire = channel(cloud, token_of(cloud), 4'096);
  const long before = resident_kib(cloud.process().pid());
  std::string burst;
  for (int i = 0; i < 200; ++i) burst += client_frame(ping, std::string(125, 'p'));
  // Until the system takes no more, since the server does not; far more than it may keep.
  std::size_t written = 0;
  const auto stuck = [&] {
    pollfd room{wire->fd(), POLLOUT, 0};
    return ::poll(&room, 1, 500) == 0;
  };
  while (written < (std::size_t{256} << 20) && !stuck()) {
    const ::ssize_t n = ::send(wire->fd(), burst.data(), burst.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n > 0) written += static_cast<std::size_t>(n);
  }
  CHECK(written < (std::size_t{256} << 20));
  CHECK(resident_kib(cloud.process().pid()) - before < 8'192);
}

TEST_CASE("who says nothing for too long is let go; a channel is asked first", "[tools][loopback][channel]") {
  LoopbackCloud cloud({"--idle-seconds", "1"});
  Wire nothing(cloud);
  CHECK(nothing.ended());
  Wire half(cloud);
  half.write("GET /webhook HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(half.answer().starts_with("HTTP/1.1 200 "));
  CHECK(half.ended());
  const std::string token = token_of(cloud);
  const auto mute = channel(cloud, token);
  CHECK(receive(*mute).opcode == 9);
  CHECK(receive(*mute).opcode == -1);
  const auto alive = channel(cloud, token);
  for (int i = 0; i < 3; ++i) {
    REQUIRE(receive(*alive).opcode == 9);
    alive->write(client_frame(0x8a, ""));
  }
}

TEST_CASE("told to stop, the server finishes what is under way and says farewell", "[tools][loopback][signals]") {
  LoopbackCloud cloud;
  const std::string token = token_of(cloud);
  cloud.fault(R"({"on":"http","match":{"method":"GET","targetPrefix":"/api/"},"kind":"delay","delayMs":700})");
  Wire idle(cloud), busy(cloud);
  idle.write("GET /webhook HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(idle.answer().starts_with("HTTP/1.1 200 "));
  busy.write(read_of(token));
  while (Json(cloud.get("/_faults")).number("/pending") != 0) std::this_thread::yield();
  const auto wire = channel(cloud, token);
  cloud.process().send(SIGTERM);
  CHECK(idle.ended());
  CHECK(receive(*wire).code() == 1001);
  wire->write(client_frame(close_frame, "\x03\xe9"));
  const std::string answer = busy.answer();
  CHECK(answer.starts_with("HTTP/1.1 200 "));
  CHECK(answer.find("Connection: close\r\n") != std::string::npos);
  CHECK(cloud.process().wait().status == 0);
  CHECK(dial(cloud.port()) == -1);
}
