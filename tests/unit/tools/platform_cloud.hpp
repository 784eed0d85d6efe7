// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "unit/adapters/suite/tls_peer.hpp"
#include "unit/tools/tool.hpp"

namespace patchbay::test {

// What `loopback_cloud --dialect platform` comes with.
inline const std::string answered_call = "c0000000-0000-4000-8000-000000000001";  ///< With an agent, its flow is over.
inline const std::string call_in_flow = "c0000000-0000-4000-8000-000000000003";
inline const std::string ended_call = "c0000000-0000-4000-8000-000000000004";
inline const std::string platform_flow = "f0000000-0000-4000-8000-000000000001";
inline const std::string attribute_schema = "a0000000-0000-4000-8000-000000000004";
inline const std::string attribute_record = "a0000000-0000-4000-8000-000000000005";  ///< Of `call_in_flow`.

/// Where no journal is yet.
inline std::filesystem::path new_folder() {
  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() / ("patchbay-platform-" + std::to_string(::getpid()));
  std::filesystem::remove_all(folder);
  return folder;
}

/// `loopback_cloud --dialect platform` over TLS as a child process, with a certificate of its own, and the addresses by
/// which tests steer and check it. It takes no client but the tool's.
class PlatformCloud {
 public:
  explicit PlatformCloud(std::vector<std::string> arguments = {})
      : identity_("localhost", "DNS:localhost,IP:127.0.0.1"),
        certificate_(identity_),
        key_(identity_),
        process_(tools_folder() / "loopback_cloud", all(std::move(arguments)), environment()) {
    const std::string line = process_.read_through("\n");
    constexpr std::string_view before = "listening on https://127.0.0.1:";
    REQUIRE(line.starts_with(before));
    port_ = std::stoi(line.substr(before.size()));
  }
  ~PlatformCloud() { process_.send(SIGTERM); }
  PlatformCloud(const PlatformCloud&) = delete;
  PlatformCloud& operator=(const PlatformCloud&) = delete;

  [[nodiscard]] std::string url() const { return "https://127.0.0.1:" + std::to_string(port_); }
  [[nodiscard]] Tool tool() const {
    Tool out(url());
    out.environment["PATCHBAY_CA_FILE"] = certificate_.path();
    out.secrets.emplace_back("simulated-token");
    return out;
  }
  void fault(std::string_view json) const { REQUIRE(ask("POST", "/_faults", json).starts_with("HTTP/1.1 200")); }
  void change(std::string_view json) const { REQUIRE(ask("POST", "/_change", json).starts_with("HTTP/1.1 200")); }
  /// Another writer puts the conversation at a node of its flow.
  void put(const std::string& conversation, const std::string& node) const {
    change("{\"conversation\":\"" + conversation + "\",\"node\":\"" + node + "\",\"transitionId\":\"another's\"}");
  }
  /// The conversation as the cloud has it: `participants`, `records`, `operations`.
  [[nodiscard]] std::unique_ptr<Json> conversation(const std::string& id) const {
    const std::string answer = ask("GET", "/_state?interaction=" + id, {});
    return std::make_unique<Json>(answer.substr(answer.find("\r\n\r\n") + 4));
  }
  /// Notification channels that there are, and how many sockets listen to them.
  [[nodiscard]] double channels() const { return state().number("/channels"); }
  [[nodiscard]] double sockets() const { return state().number("/sockets"); }

 private:
  /// The private key as a PEM file that ends with the object.
  class KeyFile {
   public:
    explicit KeyFile(const Identity& identity) {
      const int fd = ::mkstemp(path_.data());
      FILE* const file = ::fdopen(fd, "w");
      if (file == nullptr ||
          PEM_write_PrivateKey(file, identity.key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1)
        std::abort();
      ::fclose(file);
    }
    KeyFile(const KeyFile&) = delete;
    KeyFile& operator=(const KeyFile&) = delete;
    ~KeyFile() { ::unlink(path_.c_str()); }
    [[nodiscard]] const std::string& path() const noexcept { return path_; }

   private:
    std::string path_ = "/tmp/patchbay-key-XXXXXX";
  };

  [[nodiscard]] std::vector<std::string> all(std::vector<std::string> more) const {
    std::vector<std::string> out{"--dialect",   "platform",          "--client-id", "client",
                                 "--tls-cert",  certificate_.path(), "--tls-key",   key_.path()};
    out.insert(out.end(), more.begin(), more.end());
    return out;
  }
  static std::vector<std::string> environment() {
    std::vector<std::string> out = clean_environment();
    out.push_back("LOOPBACK_CLIENT_SECRET=" + std::string(Tool::secret));
    return out;
  }
  [[nodiscard]] Json state() const {
    const std::string answer = ask("GET", "/_state", {});
    return Json(answer.substr(answer.find("\r\n\r\n") + 4));
  }
  [[nodiscard]] std::string ask(std::string_view method, std::string_view path, std::string_view body) const {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port_));
    const Owned<SSL_CTX> context(SSL_CTX_new(TLS_client_method()));
    const Owned<SSL> ssl(SSL_new(context.get()));
    SSL_set_fd(ssl.get(), fd);
    std::string out;
    if (::connect(fd, static_cast<sockaddr*>(static_cast<void*>(&address)), sizeof address) == 0 &&
        SSL_connect(ssl.get()) == 1) {
      std::string request(method);
      request.append(" ").append(path).append(" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: ");
      request.append(std::to_string(body.size())).append("\r\n\r\n").append(body);
      if (SSL_write(ssl.get(), request.data(), static_cast<int>(request.size())) > 0) {
        char bytes[65536];
        for (int n; (n = SSL_read(ssl.get(), bytes, sizeof bytes)) > 0;) out.append(bytes, static_cast<std::size_t>(n));
      }
    }
    ERR_clear_error();
    ::close(fd);
    return out;
  }

  Identity identity_;
  PemFile certificate_;
  KeyFile key_;
  Process process_;
  int port_ = 0;
};

}  // namespace patchbay::test
