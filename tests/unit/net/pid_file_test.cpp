// Tests of the locked pid file: one holder at a time, and nothing that a crash left is believed.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include "net/daemon.hpp"
#include "support/temporary_folder.hpp"

using namespace netkit;
using namespace netkit::net;
using support::bytes_of;
using support::put_bytes;
using support::TemporaryFolder;

namespace {

/// Takes and removes the pid file again and again. While it is held nobody else may hold it, which
/// a second file that only one can create shows. False if somebody did.
bool contend(const std::string& path, const std::string& witness) {
  for (int round = 0; round < 300; ++round) {
    auto held = PidFile::lock(path);
    if (!held) continue;
    const int made = ::open(witness.c_str(), O_CREAT | O_EXCL | O_WRONLY, 0600);
    if (made < 0) return false;
    ::close(made);
    ::unlink(witness.c_str());
    held->remove();
  }
  return true;
}

}  // namespace

TEST_CASE("PidFile: holds our process id and is removed at the end") {
  const TemporaryFolder folder;
  auto held = PidFile::lock(folder / "pid");
  REQUIRE(held);
  CHECK(bytes_of(folder / "pid") == std::to_string(::getpid()) + "\n");
  held->remove();
  CHECK(::access((folder / "pid").c_str(), F_OK) != 0);
}

TEST_CASE("PidFile: a second holder is refused and told who holds it") {
  const TemporaryFolder folder;
  const auto held = PidFile::lock(folder / "pid");
  REQUIRE(held);
  const auto second = PidFile::lock(folder / "pid");
  REQUIRE_FALSE(second);
  CHECK(second.error().code == Errc::busy);
  CHECK(second.error().hint == "it runs already with process id " + std::to_string(::getpid()));
  CHECK(bytes_of(folder / "pid") == std::to_string(::getpid()) + "\n");
}

TEST_CASE("PidFile: a file that a crash left is not believed") {
  const TemporaryFolder folder;
  put_bytes(folder / "pid", "123456789012345678\n");
  REQUIRE(PidFile::lock(folder / "pid"));
  CHECK(bytes_of(folder / "pid") == std::to_string(::getpid()) + "\n");
}

TEST_CASE("PidFile: a file that holds anything else is refused and stays as it is") {
  const TemporaryFolder folder;
  for (const std::string_view text : {"precious", "12 34\n", "12\n\n", " 12\n", "-1\n", "\n12",
                                      "12\nmore\n", "12345678901234567890123456789012\n"}) {
    CAPTURE(text);
    put_bytes(folder / "pid", text);
    const auto refused = PidFile::lock(folder / "pid");
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message() ==
          "cannot use " + folder.path() +
              "/pid as the pid file: it holds something else; remove it, or name another");
    CHECK(bytes_of(folder / "pid") == text);
  }
  CHECK(PidFile::lock("/dev/null").error().code == Errc::usage);
  for (const std::string_view text : {"", "\n", "12", "12\n"}) {
    put_bytes(folder / "pid", text);
    CHECK(PidFile::lock(folder / "pid"));
  }
}

TEST_CASE("PidFile: does not follow a symbolic link, and says where it cannot write") {
  const TemporaryFolder folder;
  put_bytes(folder / "target", "precious");
  REQUIRE(::symlink("target", (folder / "pid").c_str()) == 0);
  CHECK(PidFile::lock(folder / "pid").error().code == std::errc::too_many_symbolic_link_levels);
  CHECK(bytes_of(folder / "target") == "precious");
  CHECK(PidFile::lock(folder / "no/pid").error().attempt ==
        "open the pid file " + folder.path() + "/no/pid");
}

TEST_CASE("PidFile: of many processes that come and go, one at a time holds it") {
  const TemporaryFolder folder;
  std::vector<pid_t> children;
  for (int i = 0; i < 4; ++i) {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(contend(folder / "pid", folder / "witness") ? 0 : 1);
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = -1;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(status == 0);
  }
}
