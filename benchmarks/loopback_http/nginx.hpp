// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <csignal>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>

#include <stdlib.h>  // mkdtemp

#include "../loopback.hpp"
#include "work.hpp"

namespace patchbay::benchmarks {

/// An nginx of our own with canned answers, on a free port and with a folder of its own, both given back at the end.
///
/// By itself it answers an `If-Match` on a 200 with 412, so a PATCH is answered with 202. Versions are "41" when read, and
/// "42" or again "41" when written, as a client that remembers them wants another one then. Its log, when wanted, has one
/// line for each request: method, path, `If-Match`, and the length of the body.
class Nginx {
 public:
  Nginx(bool logged, int core) {
    std::string name = (std::filesystem::temp_directory_path() / "patchbay_nginx_XXXXXX").string();
    if (!::mkdtemp(name.data())) return;
    folder_ = name;
    port_ = free_port();
    std::ofstream(folder_ / "nginx.conf") << configuration(logged);
    process_ = std::make_unique<Child>(
        std::vector<std::string>{"nginx", "-p", name, "-e", "error.log", "-c", "nginx.conf"}, core);
    // It says nothing when it is ready; it is when it answers.
    const auto limit = SteadyClock::now() + std::chrono::seconds(10);
    while (!(ready_ = served().has_value()) && SteadyClock::now() < limit) ::usleep(10'000);
  }
  Nginx(const Nginx&) = delete;
  Nginx& operator=(const Nginx&) = delete;
  ~Nginx() {
    if (process_ && process_->pid() > 0) {
      ::kill(process_->pid(), SIGTERM);
      process_->wait(std::chrono::seconds(5));
    }
    std::error_code ignored;
    if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
  }

  [[nodiscard]] bool ready() const noexcept { return ready_; }
  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  /// What it said of errors.
  [[nodiscard]] std::string errors() const { return text_of("error.log"); }
  /// The log so far.
  [[nodiscard]] std::string log() const { return text_of("access.log"); }

  /// Requests that it has served, not counting questions for this number.
  [[nodiscard]] std::optional<std::uint64_t> served() {
    const std::string answer = get("/status");
    // "server accepts handled requests\n ACCEPTS HANDLED REQUESTS"
    const std::size_t at = answer.find("requests\n");
    if (at == std::string::npos) return std::nullopt;
    std::istringstream numbers(answer.substr(at + 9));
    std::uint64_t accepts = 0, handled = 0, requests = 0;
    if (!(numbers >> accepts >> handled >> requests)) return std::nullopt;
    return requests - ++asked_;
  }

 private:
  [[nodiscard]] std::string text_of(const char* file) const {
    std::ostringstream out;
    out << std::ifstream(folder_ / file).rdbuf();
    return out.str();
  }
  [[nodiscard]] std::string get(const std::string& path) const {
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port_);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    std::string out;
    if (::connect(socket, static_cast<const sockaddr*>(static_cast<const void*>(&address)), sizeof address) == 0) {
      const std::string request = "GET " + path + " HTTP/1.0\r\n\r\n";
      if (::write(socket, request.data(), request.size()) == static_cast<::ssize_t>(request.size())) {
        char bytes[4096];
        for (::ssize_t n; (n = ::read(socket, bytes, sizeof bytes)) > 0;) out.append(bytes, static_cast<std::size_t>(n));
      }
    }
    ::close(socket);
    return out;
  }
  [[nodiscard]] std::string configuration(bool logged) const {
    std::ostringstream out;
    out << "daemon off;\nmaster_process off;\nworker_processes 1;\npid nginx.pid;\nerror_log error.log error;\n"
           "events { worker_connections 4096; }\n"
           "http {\n"
           "  log_format each escape=none '$request_method $uri $http_if_match $http_content_length';\n"
           "  access_log " << (logged ? "access.log each" : "off") << ";\n"
           "  client_body_temp_path body;\n  proxy_temp_path proxy;\n  fastcgi_temp_path fastcgi;\n  uwsgi_temp_path uwsgi;\n  scgi_temp_path scgi;\n"
           "  keepalive_requests 1000000000;\n  keepalive_timeout 600s;\n  default_type application/json;\n"
           "  map \"$request_method$http_if_match\" $tag { 'PATCH\"41\"' '\"42\"'; default '\"41\"'; }\n"
           "  server {\n"
           "    listen 127.0.0.1:" << port_ << " backlog=4096;\n"
           "    location = /status { access_log off; stub_status; }\n"
           "    location = /oauth/token { return 200 '" << token_answer() << "'; }\n"
           "    location ~ ^/api/v2/flows/(?<id>.*)$ { return 200 '" << flow_answer("$id") << "'; }\n"
           "    location ~ ^/api/v2/interactions/(?<id>.*)$ {\n"
           "      add_header ETag $tag always;\n"
           "      if ($request_method = PATCH) { return 202 '{\"id\":\"$id\"}'; }\n"
           "      return 200 '" << interaction_answer("$id") << "';\n"
           "    }\n"
           "  }\n"
           "}\n";
    return out.str();
  }

  std::filesystem::path folder_;
  std::uint16_t port_ = 0;
  std::unique_ptr<Child> process_;
  std::uint64_t asked_ = 0;
  bool ready_ = false;
};

}  // namespace patchbay::benchmarks
