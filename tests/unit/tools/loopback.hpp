// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "unit/tools/tool.hpp"

namespace patchbay::test {

// What loopback_cloud comes with.
inline const std::string caller = "550e8400-e29b-41d4-a716-446655440000";
inline const std::string second_caller = "6fa459ea-ee8a-4ca4-894e-db77e160355e";
inline const std::string document_flow = "a1b2c3d4-e5f6-7890-abcd-ef1234567890";

/// loopback_cloud as a child process, and the addresses by which tests steer and check it.
class LoopbackCloud {
 public:
  explicit LoopbackCloud(std::vector<std::string> arguments = {},
                         std::vector<std::string> environment = clean_environment())
      : process_(tools_folder() / "loopback_cloud", std::move(arguments), std::move(environment)) {
    const std::string line = process_.read_through("\n");
    constexpr std::string_view before = "listening on http://127.0.0.1:";
    REQUIRE(line.starts_with(before));
    port_ = std::stoi(line.substr(before.size()));
  }
  ~LoopbackCloud() { process_.send(SIGTERM); }
  LoopbackCloud(const LoopbackCloud&) = delete;
  LoopbackCloud& operator=(const LoopbackCloud&) = delete;

  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  [[nodiscard]] Tool tool() const {
    Tool out(url());
    out.secrets.emplace_back("simulated-token");
    return out;
  }
  [[nodiscard]] int port() const noexcept { return port_; }
  [[nodiscard]] Process& process() noexcept { return process_; }
  /// Plans a fault: see examples/loopback_cloud/admin_json.hpp.
  void fault(std::string_view json) const { REQUIRE(ask("POST", "/_faults", json).starts_with("HTTP/1.1 200")); }
  void change(std::string_view json) const { REQUIRE(ask("POST", "/_change", json).starts_with("HTTP/1.1 200")); }
  [[nodiscard]] std::string get(std::string_view path) const {
    const std::string answer = ask("GET", path, {});
    return answer.substr(answer.find("\r\n\r\n") + 4);
  }
  /// The interaction as the cloud has it: `node`, `version`, `held`, `operations`.
  [[nodiscard]] std::unique_ptr<Json> interaction(const std::string& id) const {
    return std::make_unique<Json>(get("/_state?interaction=" + id));
  }

 private:
  [[nodiscard]] std::string ask(std::string_view method, std::string_view path, std::string_view body) const {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port_));
    std::string out;
    if (::connect(fd, static_cast<sockaddr*>(static_cast<void*>(&address)), sizeof address) == 0) {
      std::string request(method);
      request.append(" ").append(path).append(" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: ");
      request.append(std::to_string(body.size())).append("\r\n\r\n").append(body);
      if (::send(fd, request.data(), request.size(), MSG_NOSIGNAL) == static_cast<::ssize_t>(request.size())) {
        char bytes[65536];
        for (::ssize_t n; (n = ::recv(fd, bytes, sizeof bytes, 0)) > 0;) out.append(bytes, static_cast<std::size_t>(n));
      }
    }
    ::close(fd);
    return out;
  }

  Process process_;
  int port_ = 0;
};

/// A transition of the documents' interaction, from `MainMenu` unless said otherwise.
inline std::vector<std::string> move_job(std::vector<std::string> more = {}, const std::string& to = "BillingInquiry",
                                         const std::string& interaction = caller) {
  std::vector<std::string> out{"transition", "--interaction", interaction, "--flow", document_flow,
                               "--from",     "MainMenu",      "--to",      to};
  out.insert(out.end(), more.begin(), more.end());
  return out;
}

}  // namespace patchbay::test
