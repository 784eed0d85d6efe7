// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#include <patchbay/journal/file_storage.hpp>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ledger.hpp"

using namespace patchbay;
using namespace patchbay::tests;

namespace {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "patchbay-journal-XXXXXX").string();
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

std::shared_ptr<FileStorage> stored(const std::string& folder) {
  auto storage = FileStorage::open(folder);
  CAPTURE(storage ? std::string{} : storage.error().describe());
  REQUIRE(storage);
  return *storage;
}

std::string content(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

unsigned mode(const std::string& path) {
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  return status.st_mode & 0777U;
}

}  // namespace

TEST_CASE("segments are files of their owner alone, in a folder that is made", "[journal]") {
  const TemporaryFolder folder;
  const std::string path = folder.file("journal");
  const mode_t mask = ::umask(0);
  auto storage = stored(path);
  REQUIRE(storage->create(1));
  ::umask(mask);
  CHECK(mode(path) == 0700);
  CHECK(mode(path + "/0000000001.journal") == 0600);
  CHECK(mode(path + "/lock") == 0600);
  CHECK(storage->append(1, "one"));
  CHECK(storage->append(1, "two"));
  CHECK(content(path + "/0000000001.journal") == "onetwo");
  CHECK(storage->sync(1));
  CHECK(storage->truncate(1, 4));
  CHECK(storage->append(1, "x"));
  CHECK(storage->read(1).value() == "onetx");
  CHECK(storage->size(1).value() == 5);
  CHECK(storage->create(2));
  CHECK(storage->append(2, "second"));
  CHECK(storage->append(1, "!"));  // another one than the last
  CHECK(storage->replace(2, "other"));
  CHECK(storage->append(2, "s"));
  CHECK(storage->read(2).value() == "others");
  CHECK(storage->read(1).value() == "onetx!");
  std::ofstream(path + "/notes.txt") << "a file of somebody else's";
  std::ofstream(path + "/12.journal") << "and another";
  std::ofstream(path + "/0000000002.journal.new") << "what a crash left of a replacement";
  CHECK(storage->list().value() == std::vector<std::uint64_t>{1, 2});
  CHECK_FALSE(std::filesystem::exists(path + "/0000000002.journal.new"));
  CHECK(std::filesystem::exists(path + "/notes.txt"));
  CHECK(storage->create(1));
  CHECK(storage->read(1).value().empty());
  CHECK(storage->remove(1));
  CHECK(storage->list().value() == std::vector<std::uint64_t>{2});
  const auto gone = storage->remove(1);
  REQUIRE_FALSE(gone);
  CHECK(gone.error().fault == StorageFault::missing);
  CHECK(gone.error().reason == "remove 0000000001.journal: No such file or directory");
  CHECK(storage->read(1).error().fault == StorageFault::missing);
  CHECK(storage->append(7, "x").error().fault == StorageFault::missing);
}

TEST_CASE("a journal is open once at a time", "[journal]") {
  const TemporaryFolder folder;
  const std::string path = folder.file("journal");
  auto storage = stored(path);
  const auto second = FileStorage::open(path);
  REQUIRE_FALSE(second);
  CHECK(second.error().code() == ErrorCode::journal_failed);
  CHECK(second.error().message().find("is open already, in this or another process") != std::string::npos);
  const auto reader = FileStorage::open(path, FileStorage::Access::read);
  REQUIRE(reader);
  CHECK((*reader)->list().value().empty());
  CHECK_FALSE((*reader)->create(1));
  CHECK_FALSE((*reader)->remove(1));
  CHECK_FALSE((*reader)->replace(1, ""));
  CHECK(storage->list().value().empty());
  storage.reset();
  CHECK(FileStorage::open(path));
}

TEST_CASE("a folder that cannot be used is an error that names it and the reason", "[journal]") {
  const TemporaryFolder folder;
  const auto storage = FileStorage::open(folder.file("no/such/folder"));
  REQUIRE_FALSE(storage);
  CHECK(storage.error().code() == ErrorCode::invalid_settings);
  CHECK(storage.error().message().find("no/such/folder") != std::string::npos);
  CHECK(storage.error().message().find("No such file or directory") != std::string::npos);
  std::ofstream(folder.file("file")) << "x";
  CHECK_FALSE(FileStorage::open(folder.file("file")));
  CHECK_FALSE(FileStorage::open(folder.file("nothing"), FileStorage::Access::read));
  CHECK_FALSE(std::filesystem::exists(folder.file("nothing")));
}

TEST_CASE("a journal in files is there after a restart, and can be read with ordinary tools", "[journal][A28]") {
  const TemporaryFolder folder;
  const std::string path = folder.file("journal");
  Ledger ledger(5);
  for (int life = 0; life < 6; ++life) {
    auto journal = opened(stored(path), small_segments());
    ledger.check_opened(*journal);
    CHECK(ledger.run(*journal, 60) == 60);
  }
  auto storage = stored(path);
  CHECK(check_whole(*storage) > 300);
  const std::string file = path + "/" + storage->name(storage->list().value().back());
  const std::string newest = content(file);
  CHECK(std::count(newest.begin(), newest.end(), '\n') > 3);
  CHECK(newest.find("{\"intents\":[") != std::string::npos);
  // A line that was cut short, as a full disk or a kill leaves it.
  storage.reset();
  {
    std::ofstream out(file, std::ios::binary | std::ios::app);
    out << newest.substr(0, 60);
  }
  auto journal = opened(stored(path), small_segments());
  ledger.check_opened(*journal);
  CHECK(journal->recovery().dropped_bytes == 60);
}

TEST_CASE("a real file that cannot grow refuses records whole, and takes them again", "[journal][B31]") {
  const TemporaryFolder folder;
  const std::string path = folder.file("journal");
  auto journal = opened(stored(path));
  REQUIRE(journal->intent(transition_of("i1", "t1")));
  const std::string file = path + "/0000000001.journal";
  const auto size = std::filesystem::file_size(file);
  const auto ignored = std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
  rlimit tight = before;
  tight.rlim_cur = static_cast<rlim_t>(size + 50);
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &tight) == 0);
  const auto refused = journal->intent(transition_of("i2", "t2"));
  const auto after = std::filesystem::file_size(file);
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &before) == 0);
  std::signal(SIGXFSZ, ignored);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message().find("File too large") != std::string::npos);
  CHECK(after == size);
  CHECK(journal->intent(transition_of("i2", "t2")));
  CHECK(opened((journal.reset(), stored(path)))->open_intents().size() == 2);
}

TEST_CASE("a device that is full is a full disk", "[journal]") {
  if (!std::filesystem::exists("/dev/full")) {
    WARN("skipped: this system has no /dev/full");
    return;
  }
  const TemporaryFolder folder;
  const std::string path = folder.file("journal");
  auto storage = stored(path);
  std::filesystem::create_symlink("/dev/full", path + "/0000000001.journal");
  const auto written = storage->append(1, "x");
  REQUIRE_FALSE(written);
  CHECK(written.error().fault == StorageFault::full);
  CHECK(written.error().reason == "write 0000000001.journal: No space left on device");
}

TEST_CASE("a process that is killed with kill -9 leaves every record that it had been promised",
          "[journal][A28][B31]") {
  const TemporaryFolder folder;
  const std::string path = folder.file("journal");
  JournalPosition promised = 0;
  for (int round = 0; round < 5; ++round) {
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      ::close(ends[0]);
      auto storage = FileStorage::open(path);
      if (!storage) ::_exit(1);
      auto journal = Journal::open(*storage, small_segments());
      if (!journal) ::_exit(2);
      for (;;) {  // until it is killed
        const auto place = (*journal)->intent(transition_of("i", "t", "{}"));
        if (!place || !(*journal)->sync_until(*place)) ::_exit(3);
        if (::write(ends[1], &*place, sizeof *place) != sizeof *place) ::_exit(4);
        EndRecord end(Outcome::applied, noon);
        if (!(*journal)->terminal(*place, end)) ::_exit(5);
      }
    }
    ::close(ends[1]);
    // In the middle of its work: after so many promises, wherever it is then.
    for (int i = 0; i < 30 + 7 * round; ++i) {
      ssize_t got = ::read(ends[0], &promised, sizeof promised);
      while (got < 0 && errno == EINTR) got = ::read(ends[0], &promised, sizeof promised);
      REQUIRE(got == static_cast<ssize_t>(sizeof promised));
    }
    REQUIRE(::kill(child, SIGKILL) == 0);
    while (::read(ends[0], &promised, sizeof promised) == static_cast<ssize_t>(sizeof promised)) {
    }
    ::close(ends[0]);
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE(WIFSIGNALED(status));
    auto journal = opened(stored(path), small_segments());  // the lock went with it
    CHECK(journal->status().appended >= promised);
    for (const OpenIntent& each : journal->open_intents())
      if (!each.unknown) CHECK(journal->recovered(each.position, EndRecord(Outcome::not_applied, noon)));
    check_whole(*stored((journal.reset(), path)));
  }
}
