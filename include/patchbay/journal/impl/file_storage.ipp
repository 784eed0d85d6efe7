// SPDX-FileCopyrightText: 2026 The patchbay authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>  // sort
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <dirent.h>    // fdopendir: POSIX
#include <fcntl.h>     // open, openat
#include <sys/file.h>  // flock
#include <sys/stat.h>  // mkdir, fstat
#include <unistd.h>    // close, fdatasync, fsync, read, unlinkat, write

#include <patchbay/identifier.hpp>  // append_shown
#include <patchbay/journal/file_storage.hpp>

namespace patchbay {

namespace detail {

inline constexpr std::string_view segment_ending = ".journal";

/// A file that is closed when this ends.
class OpenFile {
 public:
  explicit OpenFile(int file) noexcept : file_(file) {}
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  ~OpenFile() {
    if (file_ >= 0) ::close(file_);
  }
  [[nodiscard]] int get() const noexcept { return file_; }
  [[nodiscard]] int release() noexcept { return std::exchange(file_, -1); }

 private:
  int file_;
};

[[nodiscard]] inline tl::unexpected<StorageError> storage_failure(std::string what, int error) {
  what.append(": ").append(std::generic_category().message(error));
  StorageFault fault = StorageFault::failed;
  if (error == ENOSPC || error == EDQUOT || error == EFBIG) fault = StorageFault::full;
  if (error == ENOENT) fault = StorageFault::missing;
  if (error == EWOULDBLOCK) fault = StorageFault::busy;
  return tl::unexpected(StorageError(fault, std::move(what)));
}

/// Calls until it is not interrupted by a signal. Not for `close`, and not for what begins anew when it is repeated.
template <class Call>
auto uninterrupted(Call&& call) noexcept {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

/// Writes all of it; the error, or 0.
[[nodiscard]] inline int write_all(int file, std::string_view bytes) noexcept {
  while (!bytes.empty()) {
    const ::ssize_t n = ::write(file, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return n < 0 ? errno : EIO;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return 0;
}

[[nodiscard]] inline int data_sync(int file) noexcept {
#if defined(__APPLE__)
  return ::fcntl(file, F_FULLFSYNC);  // fsync leaves it in the disk's own memory there
#else
  return ::fdatasync(file);
#endif
}

/// The number that a file's name stands for; 0: none.
[[nodiscard]] inline std::uint64_t segment_number(std::string_view name) noexcept {
  if (!name.ends_with(segment_ending)) return 0;
  name.remove_suffix(segment_ending.size());
  if (name.size() < 10 || name.size() > 19) return 0;
  std::uint64_t number = 0;
  for (const char c : name) {
    if (c < '0' || c > '9') return 0;
    number = number * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return number;
}

}  // namespace detail

inline FileStorage::FileStorage(std::string folder, int folder_file, int lock_file, bool writable) noexcept
    : folder_name_(std::move(folder)), folder_(folder_file), lock_(lock_file), writable_(writable) {}

PATCHBAY_DECL Result<std::shared_ptr<FileStorage>> FileStorage::open(const std::string& folder, Access access) {
  const bool writable = access == Access::write;
  const auto refuse = [&](const char* what, int error) {
    std::string message("the journal's folder ");
    detail::append_shown(message, folder, 256);
    message.append(": ").append(what).append(std::generic_category().message(error));
    return fail(ErrorCode::invalid_settings, std::move(message));
  };
  if (writable && ::mkdir(folder.c_str(), S_IRWXU) == 0) {
    // Its own name has to survive as well.
    std::string parent = folder;
    while (parent.size() > 1 && parent.back() == '/') parent.pop_back();
    const std::size_t slash = parent.find_last_of('/');
    parent = slash == std::string::npos ? "." : slash == 0 ? "/" : parent.substr(0, slash);
    const detail::OpenFile above(::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (above.get() < 0 || ::fsync(above.get()) != 0) return refuse("its parent: ", errno);
  } else if (writable && errno != EEXIST) {
    return refuse("", errno);
  }
  detail::OpenFile directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.get() < 0) return refuse("", errno);
  if (!writable) {
    return std::shared_ptr<FileStorage>(new FileStorage(folder, directory.release(), -1, false));
  }
  detail::OpenFile locked(::openat(directory.get(), "lock", O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR));
  if (locked.get() < 0) return refuse("its lock: ", errno);
  if (detail::uninterrupted([&] { return ::flock(locked.get(), LOCK_EX | LOCK_NB); }) != 0) {
    if (errno != EWOULDBLOCK) return refuse("its lock: ", errno);
    std::string message("the journal in ");
    detail::append_shown(message, folder, 256);
    message.append(" is open already, in this or another process");
    return fail(ErrorCode::journal_failed, std::move(message));
  }
  std::shared_ptr<FileStorage> storage(new FileStorage(folder, directory.get(), locked.get(), true));
  (void)directory.release();
  (void)locked.release();
  return storage;
}

PATCHBAY_DECL FileStorage::~FileStorage() {
  close_present();
  ::close(folder_);
  if (lock_ >= 0) ::close(lock_);
}

PATCHBAY_DECL void FileStorage::close_present() noexcept {
  if (file_ >= 0) ::close(std::exchange(file_, -1));
  number_ = 0;
}

PATCHBAY_DECL std::string FileStorage::name(std::uint64_t segment) const {
  std::string digits = std::to_string(segment);
  if (digits.size() < 10) digits.insert(0, 10 - digits.size(), '0');
  return digits.append(detail::segment_ending);
}

PATCHBAY_DECL StorageResult<int> FileStorage::present(std::uint64_t segment, bool anew) {
  if (!anew && file_ >= 0 && number_ == segment) return file_;
  if (!writable_) return tl::unexpected(StorageError(StorageFault::failed, "the journal was opened to be read"));
  close_present();
  const std::string file = name(segment);
  // Not O_APPEND: after a truncation the offset is put right, and no other process writes.
  const int flags = O_WRONLY | O_CLOEXEC | (anew ? O_CREAT | O_TRUNC : 0);
  const int opened = detail::uninterrupted([&] { return ::openat(folder_, file.c_str(), flags, S_IRUSR | S_IWUSR); });
  if (opened < 0) return detail::storage_failure("open " + file, errno);
  detail::OpenFile owned(opened);
  if (::lseek(opened, 0, SEEK_END) < 0) return detail::storage_failure("open " + file, errno);
  file_ = owned.release();
  number_ = segment;
  return file_;
}

PATCHBAY_DECL StorageResult<std::vector<std::uint64_t>> FileStorage::list() {
  // A description of its own: the offset of a folder is part of it.
  detail::OpenFile again(::openat(folder_, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (again.get() < 0) return detail::storage_failure("list the journal's folder", errno);
  const std::unique_ptr<DIR, int (*)(DIR*)> entries(::fdopendir(again.get()), ::closedir);
  if (!entries) return detail::storage_failure("list the journal's folder", errno);
  (void)again.release();
  std::vector<std::uint64_t> numbers;
  for (;;) {
    errno = 0;
    const dirent* const entry = ::readdir(entries.get());
    if (!entry) break;
    const std::string_view file(entry->d_name);
    if (const std::uint64_t number = detail::segment_number(file); number != 0) {
      numbers.push_back(number);
    } else if (writable_ && file.ends_with(".journal.new")) {
      ::unlinkat(folder_, entry->d_name, 0);  // of a `replace` that a crash interrupted
    }
  }
  if (errno != 0) return detail::storage_failure("list the journal's folder", errno);
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

PATCHBAY_DECL StorageResult<void> FileStorage::create(std::uint64_t segment) {
  if (auto file = present(segment, true); !file) return tl::unexpected(std::move(file.error()));
  if (::fsync(file_) != 0 || ::fsync(folder_) != 0) return detail::storage_failure("create " + name(segment), errno);
  return {};
}

PATCHBAY_DECL StorageResult<void> FileStorage::append(std::uint64_t segment, std::string_view bytes) {
  const auto file = present(segment);
  if (!file) return tl::unexpected(file.error());
  if (const int error = detail::write_all(*file, bytes); error != 0)
    return detail::storage_failure("write " + name(segment), error);
  return {};
}

PATCHBAY_DECL StorageResult<void> FileStorage::sync(std::uint64_t segment) {
  const auto file = present(segment);
  if (!file) return tl::unexpected(file.error());
  // An interruption is repeated nowhere: whether it has cost something is not known.
  if (detail::data_sync(*file) != 0) return detail::storage_failure("sync " + name(segment), errno);
  return {};
}

PATCHBAY_DECL StorageResult<void> FileStorage::truncate(std::uint64_t segment, std::uint64_t size) {
  const auto file = present(segment);
  if (!file) return tl::unexpected(file.error());
  const auto end = static_cast<::off_t>(size);
  if (detail::uninterrupted([&] { return ::ftruncate(*file, end); }) != 0 || ::lseek(*file, end, SEEK_SET) != end)
    return detail::storage_failure("truncate " + name(segment), errno);
  return {};
}

PATCHBAY_DECL StorageResult<std::uint64_t> FileStorage::size(std::uint64_t segment) {
  struct stat status {};
  const std::string file = name(segment);
  if (::fstatat(folder_, file.c_str(), &status, 0) != 0) return detail::storage_failure("look at " + file, errno);
  return static_cast<std::uint64_t>(status.st_size);
}

PATCHBAY_DECL StorageResult<std::string> FileStorage::read(std::uint64_t segment) {
  const std::string file = name(segment);
  const detail::OpenFile opened(::openat(folder_, file.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status {};
  if (opened.get() < 0 || ::fstat(opened.get(), &status) != 0) return detail::storage_failure("read " + file, errno);
  std::string bytes(static_cast<std::size_t>(status.st_size), '\0');
  std::size_t got = 0;
  while (got < bytes.size()) {
    const ::ssize_t n =
        detail::uninterrupted([&] { return ::read(opened.get(), bytes.data() + got, bytes.size() - got); });
    if (n < 0) return detail::storage_failure("read " + file, errno);
    if (n == 0) break;
    got += static_cast<std::size_t>(n);
  }
  bytes.resize(got);
  return bytes;
}

PATCHBAY_DECL StorageResult<void> FileStorage::replace(std::uint64_t segment, std::string_view bytes) {
  if (!writable_) return tl::unexpected(StorageError(StorageFault::failed, "the journal was opened to be read"));
  close_present();
  const std::string file = name(segment), beside = file + ".new";
  const auto failed = [&](int error) {
    ::unlinkat(folder_, beside.c_str(), 0);
    return detail::storage_failure("replace " + file, error);
  };
  {
    const detail::OpenFile fresh(
        ::openat(folder_, beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, S_IRUSR | S_IWUSR));
    if (fresh.get() < 0) return failed(errno);
    if (const int error = detail::write_all(fresh.get(), bytes); error != 0) return failed(error);
    if (::fsync(fresh.get()) != 0) return failed(errno);
  }
  if (::renameat(folder_, beside.c_str(), folder_, file.c_str()) != 0) return failed(errno);
  if (::fsync(folder_) != 0) return detail::storage_failure("replace " + file, errno);
  return {};
}

PATCHBAY_DECL StorageResult<void> FileStorage::remove(std::uint64_t segment) {
  if (!writable_) return tl::unexpected(StorageError(StorageFault::failed, "the journal was opened to be read"));
  if (number_ == segment) close_present();
  const std::string file = name(segment);
  if (::unlinkat(folder_, file.c_str(), 0) != 0) return detail::storage_failure("remove " + file, errno);
  if (::fsync(folder_) != 0) return detail::storage_failure("remove " + file, errno);
  return {};
}

}  // namespace patchbay
