// Tests of whole-file reading and writing on a real file system, a full disk included.
#include "base/file.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <filesystem>
#include <poll.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>
#include <utility>

#include "support/temporary_folder.hpp"

using namespace netkit;
using namespace std::chrono_literals;
using support::bytes_of;
using support::put_bytes;
using support::TemporaryFolder;

namespace {

mode_t mode_of(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 ? info.st_mode & 07777 : 0;
}

std::size_t files_in(const std::string& folder) {
  const std::filesystem::directory_iterator begin{folder};
  return static_cast<std::size_t>(std::distance(begin, std::filesystem::directory_iterator{}));
}

bool is_open(int fd) {
  return ::fcntl(fd, F_GETFD) >= 0;
}

/// Lets files of this process grow to `size` only, which fails a write as a full disk does.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t size) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    previous_ = ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{size, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    ::signal(SIGXFSZ, previous_);
  }

 private:
  rlimit before_{};
  void (*previous_)(int) = nullptr;
};

}  // namespace

TEST_CASE("FileDescriptor: closes what it owns, once, and keeps errno") {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  FileDescriptor other{ends[1]};
  {
    FileDescriptor one{ends[0]};
    FileDescriptor moved{std::move(one)};
    CHECK_FALSE(one);
    CHECK(moved.get() == ends[0]);
    errno = ENOENT;
  }
  CHECK(errno == ENOENT);
  CHECK_FALSE(is_open(ends[0]));
  const int raw = other.release();
  CHECK_FALSE(other);
  CHECK(is_open(raw));
  other = FileDescriptor{raw};
  other = FileDescriptor{};
  CHECK_FALSE(is_open(raw));
}

TEST_CASE("read_file: gives the bytes up to the limit and refuses more") {
  const TemporaryFolder folder;
  const std::string path = folder / "file";
  const std::string bytes(200'000, 'x');
  put_bytes(path, bytes);
  CHECK(*read_file(path, 200'000) == bytes);
  CHECK(read_file(path, 199'999).error().code == Errc::too_large);
  put_bytes(path, "");
  CHECK(*read_file(path, 0) == "");
  CHECK(*read_file("/dev/null", 10) == "");
  CHECK(read_file("/dev/zero", 1000).error().code == Errc::too_large);
}

TEST_CASE("read_file: says what failed on which path") {
  const TemporaryFolder folder;
  const auto missing = read_file(folder / "a\nb", 10);
  CHECK(missing.error().code == std::errc::no_such_file_or_directory);
  CHECK(missing.error().message() ==
        "cannot read " + folder.path() + "/a\\nb: No such file or directory");
  CHECK(read_file(folder.path(), 10).error().code == std::errc::is_a_directory);
}

TEST_CASE("write_file_atomically: replaces the file, with the mode, leaving nothing else") {
  const TemporaryFolder folder;
  const std::string path = folder / "file";
  put_bytes(path, "old");
  const mode_t mask = ::umask(0077);
  REQUIRE(write_file_atomically(path, std::string{"n\0w", 3}, 0644));
  ::umask(mask);
  CHECK(bytes_of(path) == std::string{"n\0w", 3});
  CHECK(mode_of(path) == 0644);
  CHECK(files_in(folder.path()) == 1);
  REQUIRE(write_file_atomically(path, "", 0600));
  CHECK(bytes_of(path) == "");
  CHECK(mode_of(path) == 0600);
}

TEST_CASE("write_file_atomically: replaces a symbolic link without following it") {
  const TemporaryFolder folder;
  put_bytes(folder / "target", "kept");
  REQUIRE(::symlink("target", (folder / "link").c_str()) == 0);
  REQUIRE(write_file_atomically(folder / "link", "new", 0644));
  CHECK(bytes_of(folder / "target") == "kept");
  CHECK(std::filesystem::is_regular_file(std::filesystem::symlink_status(folder / "link")));
}

TEST_CASE(
    "write_file_atomically: a write that fails half-way leaves the old file and nothing else") {
  const TemporaryFolder folder;
  const std::string path = folder / "file";
  put_bytes(path, "old");
  {
    const FileSizeLimit limit{4096};
    const Status written = write_file_atomically(path, std::string(10'000, 'x'), 0644);
    REQUIRE_FALSE(written);
    CHECK(written.error().code == std::errc::file_too_large);
    CHECK(written.error().attempt == "write " + path);
  }
  CHECK(bytes_of(path) == "old");
  CHECK(files_in(folder.path()) == 1);
}

TEST_CASE("write_file_atomically: removes the temporary file when the rename fails") {
  const TemporaryFolder folder;
  std::filesystem::create_directory(folder / "taken");
  CHECK_FALSE(write_file_atomically(folder / "taken", "x", 0644));
  CHECK(files_in(folder.path()) == 1);
  CHECK_FALSE(write_file_atomically(folder / "missing/file", "x", 0644));
}

TEST_CASE("make_private_directory: creates parents with mode 0700 and accepts its own") {
  const TemporaryFolder folder;
  const mode_t mask = ::umask(0);
  REQUIRE(make_private_directory(folder / "a/b//c/"));
  ::umask(mask);
  CHECK(mode_of(folder / "a") == 0700);
  CHECK(mode_of(folder / "a/b/c") == 0700);
  CHECK(make_private_directory(folder / "a/b/c"));
}

TEST_CASE("make_private_directory: refuses one that others can change") {
  const TemporaryFolder folder;
  const std::string path = folder / "open";
  std::filesystem::create_directory(path);
  for (const mode_t mode : {0720, 0702, 01777}) {
    REQUIRE(::chmod(path.c_str(), mode) == 0);
    CHECK(make_private_directory(path).error().code == Errc::refused);
  }
  REQUIRE(::chmod(path.c_str(), 0755) == 0);
  CHECK(make_private_directory(path));
  CHECK(mode_of(path) == 0755);
}

TEST_CASE("make_private_directory: refuses another user's and what is no folder") {
  const TemporaryFolder folder;
  put_bytes(folder / "file", "");
  CHECK(make_private_directory(folder / "file").error().code == std::errc::not_a_directory);
  CHECK(make_private_directory(folder / "file/x").error().code == std::errc::not_a_directory);
  CHECK_FALSE(make_private_directory(""));
  const std::string foreign = folder / "foreign";
  std::filesystem::create_directory(foreign);
  if (::chown(foreign.c_str(), 12'345, 12'345) != 0) return;  // Only root can set this up.
  CHECK(make_private_directory(foreign).error().code == Errc::refused);
}

TEST_CASE("lock_within: waits for a lock that is given back, and no longer than its limit") {
  const TemporaryFolder folder;
  put_bytes(folder / "f", "");
  const FileDescriptor one{::open((folder / "f").c_str(), O_RDONLY | O_CLOEXEC)};
  FileDescriptor two{::open((folder / "f").c_str(), O_RDONLY | O_CLOEXEC)};
  REQUIRE(lock_within(one.get(), folder / "f", 0ms));
  const Status refused = lock_within(two.get(), folder / "f", 20ms);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Errc::busy);
  CHECK(refused.error().message() == "cannot lock " + folder.path() +
                                         "/f: busy (another program keeps " + folder.path() +
                                         "/f locked)");
  std::jthread giver{[&] {
    ::poll(nullptr, 0, 30);
    ::flock(one.get(), LOCK_UN);
  }};
  CHECK(lock_within(two.get(), folder / "f", 60s));
  CHECK(lock_within(-1, folder / "f", 60s).error().code == std::errc::bad_file_descriptor);
}
