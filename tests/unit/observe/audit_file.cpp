// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/observe/audit_file.hpp>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <sys/resource.h>
#include <sys/stat.h>

#include <patchbay/json/read.hpp>

#include "support/catch.hpp"

using namespace patchbay;

namespace {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "patchbay-audit-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  [[nodiscard]] std::string file(const char* name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

std::vector<std::string> lines_of(const std::string& path) {
  std::ifstream in(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

bool is_json(const std::string& line) {
  JsonReader reader;
  std::string out;
  return reader.minify(line, out).has_value();
}

AuditRecord numbered(std::uint64_t sequence) {
  AuditRecord record;
  record.sequence = sequence;
  record.interaction_id = "550e8400-e29b-41d4-a716-446655440000";
  return record;
}

}  // namespace

TEST_CASE("records are appended as JSON Lines to a file of the owner's alone", "[audit_file]") {
  const TemporaryFolder folder;
  const std::string path = folder.file("audit.jsonl");
  const mode_t mask = ::umask(0);
  {
    auto file = AuditFile::open(path);
    ::umask(mask);
    REQUIRE(file);
    CHECK((*file)->write(numbered(1)));
    CHECK(lines_of(path).size() == 1);  // there at once, without a close
    CHECK((*file)->write(numbered(2)));
    CHECK((*file)->last_error().empty());
  }
  struct stat status{};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
  {
    auto again = AuditFile::open(path);
    REQUIRE(again);
    CHECK((*again)->write(numbered(3)));
  }
  const std::vector<std::string> lines = lines_of(path);
  REQUIRE(lines.size() == 3);  // opened again it is not truncated
  for (std::size_t i = 0; i < 3; ++i) {
    std::string expected;
    append_json(numbered(i + 1), expected);
    CHECK(lines[i] == expected);
  }
}

TEST_CASE("a file that cannot be opened is an error that names it and the reason", "[audit_file]") {
  const TemporaryFolder folder;
  const auto file = AuditFile::open(folder.file("no/such/folder"));
  REQUIRE_FALSE(file);
  CHECK(file.error().code() == ErrorCode::invalid_settings);
  CHECK(file.error().message().find("no/such/folder") != std::string::npos);
  CHECK(file.error().message().find("No such file or directory") != std::string::npos);
  CHECK_FALSE(AuditFile::open(folder.file("")));  // a folder
}

TEST_CASE("a full disk is reported and nothing more", "[audit_file]") {
  if (!std::filesystem::exists("/dev/full")) {
    WARN("skipped: this system has no /dev/full");
    return;
  }
  auto file = AuditFile::open("/dev/full");
  REQUIRE(file);
  AuditTrail trail(4, *file);
  CHECK_FALSE(trail.record(numbered(0)));
  CHECK((*file)->last_error() == "No space left on device");
  CHECK_FALSE(trail.record(numbered(0)));
  CHECK(trail.failures() == 2);
  CHECK(trail.snapshot().size() == 2);
}

TEST_CASE("a line cut short by a full disk does not spoil the next", "[audit_file]") {
  const TemporaryFolder folder;
  const std::string path = folder.file("audit.jsonl");
  auto file = AuditFile::open(path);
  REQUIRE(file);
  REQUIRE((*file)->write(numbered(1)));
  // A limit within the second line: its first part is written, the rest fails with EFBIG.
  const auto size = static_cast<rlim_t>(std::filesystem::file_size(path));
  const auto ignored = std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
  rlimit tight = before;
  tight.rlim_cur = size + 40;
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &tight) == 0);
  const bool second = (*file)->write(numbered(2));
  const bool third = (*file)->write(numbered(3));
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &before) == 0);
  std::signal(SIGXFSZ, ignored);
  CHECK_FALSE(second);
  CHECK_FALSE(third);
  CHECK((*file)->last_error() == "File too large");
  CHECK((*file)->write(numbered(4)));
  CHECK((*file)->write(numbered(5)));
  const std::vector<std::string> lines = lines_of(path);
  REQUIRE(lines.size() == 4);
  CHECK(is_json(lines[0]));
  CHECK(lines[1].size() == 40);
  CHECK_FALSE(is_json(lines[1]));
  CHECK(is_json(lines[2]));
  CHECK(is_json(lines[3]));
}

TEST_CASE("a line that an earlier writer left unfinished is closed first", "[audit_file]") {
  const TemporaryFolder folder;
  const std::string path = folder.file("audit.jsonl");
  std::ofstream(path) << "{\"whole\":1}\n{\"torn";
  auto file = AuditFile::open(path);
  REQUIRE(file);
  CHECK((*file)->write(numbered(1)));
  CHECK((*file)->write(numbered(2)));
  const std::vector<std::string> lines = lines_of(path);
  REQUIRE(lines.size() == 4);
  CHECK(lines[1] == "{\"torn");
  CHECK(is_json(lines[2]));
  CHECK(is_json(lines[3]));
}
