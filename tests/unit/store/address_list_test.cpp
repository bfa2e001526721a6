// Tests of list files: what update() keeps, whom it waits for, and that no line is lost to it.
#include "store/address_list.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "support/temporary_folder.hpp"

using namespace netkit;
using namespace netkit::store;
using namespace std::chrono_literals;
using support::bytes_of;
using support::put_bytes;
using support::TemporaryFolder;

namespace {

std::string remove_all(std::string_view) {
  return {};
}

/// An edit that takes one address away.
AddressList::Edit without(std::string address) {
  return [address](std::string_view text) { return without_address(text, address); };
}

AddressList::Edit with(std::string address) {
  return [address](std::string_view text) { return with_address(text, address); };
}

struct stat info_of(const std::string& path) {
  struct stat info {};
  CHECK(::lstat(path.c_str(), &info) == 0);
  return info;
}

void append_by(const FileDescriptor& file, std::string_view text) {
  CHECK(write_all(file.get(), text));
}

FileDescriptor appender(const std::string& path) {
  return FileDescriptor{::open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC)};
}

}  // namespace

TEST_CASE("AddressList: a missing file is an empty list, made when it gets a line") {
  const TemporaryFolder folder;
  AddressList list{folder / "lista"};
  CHECK(*list.read() == "");
  CHECK_FALSE(list.update(without("192.0.2.1"))->changed);
  CHECK(::access((folder / "lista").c_str(), F_OK) != 0);
  const mode_t before = ::umask(077);
  const Result<AddressList::Updated> updated = list.update(with("192.0.2.1"));
  ::umask(before);
  REQUIRE(updated);
  CHECK(updated->changed);
  CHECK(updated->before == "");
  CHECK(updated->after == "192.0.2.1\n");
  CHECK(bytes_of(folder / "lista") == "192.0.2.1\n");
  CHECK((info_of(folder / "lista").st_mode & 07777) == 0644);
  CHECK_FALSE(list.rescue_pending());
  CHECK(AddressList{folder / "no/lista"}.update(with("192.0.2.1")).error().code ==
        std::errc::no_such_file_or_directory);
}

TEST_CASE("AddressList: mode and owner stay, and no temporary file is left") {
  const TemporaryFolder folder;
  const std::string path = folder / "lista";
  put_bytes(path, "# mine\r\n192.0.2.1\r\n");
  CHECK(::chmod(path.c_str(), 0640) == 0);
  const bool root = ::geteuid() == 0;
  if (root) CHECK(::chown(path.c_str(), 65534, 65534) == 0);
  AddressList list{path};
  REQUIRE(list.update(with("2001:db8::1")));
  CHECK(bytes_of(path) == "# mine\r\n192.0.2.1\r\n2001:db8::1\r\n");
  CHECK((info_of(path).st_mode & 07777) == 0640);
  if (root) CHECK(info_of(path).st_uid == 65534);
  CHECK(::access((path + ".new").c_str(), F_OK) != 0);
}

TEST_CASE("AddressList: what changes nothing is not written") {
  const TemporaryFolder folder;
  put_bytes(folder / "lista", "192.0.2.1");
  const ino_t before = info_of(folder / "lista").st_ino;
  CHECK_FALSE(AddressList{folder / "lista"}.update(with("192.0.2.1"))->changed);
  CHECK(info_of(folder / "lista").st_ino == before);
}

TEST_CASE("AddressList: a symbolic link stays, its target is replaced") {
  const TemporaryFolder folder;
  CHECK(::mkdir((folder / "etc").c_str(), 0700) == 0);
  put_bytes(folder / "etc/real", "192.0.2.1\n");
  CHECK(::symlink("real", (folder / "etc/second").c_str()) == 0);
  CHECK(::symlink("etc/second", (folder / "lista").c_str()) == 0);
  AddressList list{folder / "lista"};
  REQUIRE(list.update(with("192.0.2.2")));
  CHECK(S_ISLNK(info_of(folder / "lista").st_mode));
  CHECK(bytes_of(folder / "etc/real") == "192.0.2.1\n192.0.2.2\n");
  CHECK(::symlink("loop", (folder / "loop").c_str()) == 0);
  CHECK_FALSE(AddressList{folder / "loop"}.update(with("192.0.2.1")));
}

TEST_CASE("AddressList: folders, pipes and giants are refused") {
  const TemporaryFolder folder;
  CHECK(::mkdir((folder / "folder").c_str(), 0700) == 0);
  CHECK(::mkfifo((folder / "pipe").c_str(), 0600) == 0);
  put_bytes(folder / "large", std::string(address_list_size_max + 1, '\n'));
  for (const char* name : {"folder", "pipe", "large"}) {
    AddressList list{folder / name};
    const auto refused = list.update(with("192.0.2.1"));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().attempt.find(name) != std::string::npos);
  }
  put_bytes(folder / "full", std::string(address_list_size_max, '\n'));
  AddressList full{folder / "full"};
  CHECK(full.update(with("192.0.2.1")).error().code == Errc::too_large);
}

TEST_CASE("AddressList: waits for a lock on the file or beside it, but not for ever") {
  const TemporaryFolder folder;
  const std::string path = folder / "wylacz";
  put_bytes(path, "192.0.2.1\n");
  for (const std::string& locked : {path, path + ".lock"}) {
    AddressList list{path, 50ms};
    FileDescriptor held{::open(locked.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644)};
    REQUIRE(::flock(held.get(), LOCK_EX) == 0);
    const auto refused = list.update(with("192.0.2.9"));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == Errc::busy);
    CHECK(refused.error().attempt == "lock " + locked);
    CHECK(bytes_of(path) == "192.0.2.1\n");
    AddressList patient{path, 30s};
    std::jthread release{[&] {
      ::poll(nullptr, 0, 50);  // So that the other one finds it locked.
      held.reset();
    }};
    CHECK(patient.update(with("192.0.2.2")));
    CHECK(patient.update(without("192.0.2.2")));
  }
}

TEST_CASE("AddressList: a full disk leaves the old file, and nothing beside it") {
  const TemporaryFolder folder;
  const std::string path = folder / "lista";
  const std::string text(100'000, '#');
  put_bytes(path, text);
  const pid_t child = ::fork();
  if (child == 0) {
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{50'000, 50'000};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    AddressList list{path};
    const auto failed = list.update(with("192.0.2.1"));
    ::_exit(!failed && failed.error().code == std::errc::file_too_large ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  CHECK(WEXITSTATUS(status) == 0);
  CHECK(bytes_of(path) == text);
  CHECK(::access((path + ".new").c_str(), F_OK) != 0);
}

TEST_CASE("AddressList: what is written into the replaced file is moved over") {
  const TemporaryFolder folder;
  const std::string path = folder / "wylacz";
  AddressList list{path};
  put_bytes(path, "192.0.2.1\n");
  FileDescriptor old = appender(path);
  REQUIRE(list.update(remove_all)->changed);
  CHECK(list.rescue_pending());
  CHECK_FALSE(*list.rescue());

  SUBCASE("by rescue(), once") {
    append_by(old, "192.0.2.2\n");
    CHECK(*list.rescue());
    CHECK_FALSE(*list.rescue());
    CHECK(bytes_of(path) == "192.0.2.2\n");
  }
  SUBCASE("by the next update(), which sees it") {
    append_by(old, "192.0.2.2\n");
    CHECK(list.update(remove_all)->before == "192.0.2.2\n");
    CHECK(bytes_of(path) == "");
  }
  SUBCASE("into a file that was made meanwhile and has no last line end") {
    put_bytes(path, "192.0.2.7");
    append_by(old, "192.0.2.2\n");
    CHECK(*list.rescue());
    CHECK(bytes_of(path) == "192.0.2.7\n192.0.2.2\n");
  }
  SUBCASE("into a file that was deleted meanwhile") {
    ::unlink(path.c_str());
    append_by(old, "192.0.2.2\n");
    CHECK(*list.rescue());
    CHECK(bytes_of(path) == "192.0.2.2\n");
  }
  SUBCASE("when it was rewritten in place: the lines it has more") {
    CHECK(::ftruncate(old.get(), 0) == 0);
    append_by(old, "192.0.2.3\n192.0.2.1\n192.0.2.4");
    CHECK(*list.rescue());
    CHECK(bytes_of(path) == "192.0.2.3\n192.0.2.4\n");
  }
  SUBCASE("for as long as somebody has it open for writing") {
    ::poll(nullptr, 0, 1050);  // Past the second for which every file is kept.
    CHECK_FALSE(*list.rescue());
    CHECK(list.rescue_pending());
    append_by(old, "192.0.2.2\n");
    old.reset();
    CHECK(*list.rescue());
    CHECK_FALSE(list.rescue_pending());
    CHECK(bytes_of(path) == "192.0.2.2\n");
  }
}

TEST_CASE("AddressList: a line that was half written when the file was replaced becomes whole") {
  const TemporaryFolder folder;
  const std::string path = folder / "wylacz";
  AddressList list{path};
  put_bytes(path, "192.0.2.8\n192.0.2.1");
  const FileDescriptor old = appender(path);
  SUBCASE("its beginning is still there") {
    REQUIRE(list.update(without("192.0.2.8"))->changed);
    append_by(old, "7\n");
    CHECK(*list.rescue());
    CHECK(bytes_of(path) == "192.0.2.17\n");
  }
  SUBCASE("its beginning was taken away") {
    REQUIRE(list.update(without("192.0.2.1"))->changed);
    append_by(old, "7\n");
    CHECK(*list.rescue());
    CHECK(bytes_of(path) == "192.0.2.8\n192.0.2.17\n");
  }
  SUBCASE("only its end was missing, so that it is not repeated") {
    REQUIRE(list.update(without("192.0.2.1"))->changed);
    append_by(old, "\n");
    CHECK_FALSE(*list.rescue());
    append_by(old, "192.0.2.3\n");
    CHECK(*list.rescue());
    CHECK(bytes_of(path) == "192.0.2.8\n192.0.2.3\n");
  }
}

TEST_CASE("AddressList: an editor that replaces the file during an update is not overwritten") {
  const TemporaryFolder folder;
  const std::string path = folder / "wylacz";
  put_bytes(path, "192.0.2.1\n");
  AddressList list{path};
  int calls = 0;
  const auto updated = list.update([&](std::string_view text) {
    if (++calls <= 6) {
      put_bytes(folder / "edited", "192.0.2." + std::to_string(100 + calls) + "\n192.0.2.1\n");
      CHECK(::rename((folder / "edited").c_str(), path.c_str()) == 0);
    }
    return without_address(text, "192.0.2.1");
  });
  REQUIRE(updated);
  CHECK(calls == 7);
  CHECK(updated->before == "192.0.2.106\n192.0.2.1\n");
  CHECK(bytes_of(path) == "192.0.2.106\n");
  CHECK(::access((path + ".new").c_str(), F_OK) != 0);
}

TEST_CASE("AddressList: an append or a deletion during an update is respected") {
  const TemporaryFolder folder;
  const std::string path = folder / "wylacz";
  put_bytes(path, "192.0.2.1\n");
  AddressList list{path};
  int calls = 0;
  const auto appended = list.update([&](std::string_view text) {
    append_by(appender(path), "192.0.2." + std::to_string(10 + ++calls) + "\n");
    return without_address(text, "192.0.2.1");
  });
  REQUIRE(appended);
  std::string expected;
  for (int call = 1; call <= calls; ++call)
    expected += "192.0.2." + std::to_string(10 + call) + "\n";
  CHECK(bytes_of(path) == expected);
  const auto deleted = list.update([&](std::string_view text) {
    ::unlink(path.c_str());
    return with_address(text, "192.0.2.2");
  });
  REQUIRE(deleted);
  CHECK(bytes_of(path) == "192.0.2.2\n");
}
