// Tests of the lock of a state folder, across processes.
#include "store/lock.hpp"

#include <doctest/doctest.h>
#include <optional>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/temporary_folder.hpp"

using namespace netkit;
using namespace netkit::store;
using support::bytes_of;
using support::TemporaryFolder;

TEST_CASE("StateLock: the second one is told who runs there") {
  const TemporaryFolder folder;
  std::optional<StateLock> held;
  {
    Result<StateLock> taken = StateLock::take(folder.path(), "shutdown-server");
    REQUIRE(taken);
    held.emplace(std::move(*taken));
  }
  const Result<StateLock> second = StateLock::take(folder.path(), "relay");
  REQUIRE_FALSE(second);
  CHECK(second.error().code == Errc::busy);
  CHECK(second.error().message() ==
        "cannot use " + folder.path() + ": busy (shutdown-server, pid " +
            std::to_string(::getpid()) + ", runs on it; give another: --state DIR)");
  held.reset();
  CHECK(StateLock::take(folder.path(), "relay"));
  CHECK(bytes_of(folder / "lock") == std::to_string(::getpid()) + " relay\n");
}

TEST_CASE("StateLock: a killed holder lets go, and a forked daemon keeps it") {
  const TemporaryFolder folder;
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const pid_t parent = ::fork();
  if (parent == 0) {
    const Result<StateLock> taken = StateLock::take(folder.path(), "daemon");
    const pid_t daemon = taken ? ::fork() : -1;
    if (daemon == 0) {
      const bool written = bool{taken->write_holder()};
      const pid_t self = ::getpid();
      if (!written || ::write(ends[1], &self, sizeof self) < 0) ::_exit(1);
      ::pause();
    }
    ::_exit(0);
  }
  pid_t daemon = 0;
  REQUIRE(::read(ends[0], &daemon, sizeof daemon) == sizeof daemon);
  ::waitpid(parent, nullptr, 0);
  const Result<StateLock> refused = StateLock::take(folder.path(), "x");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().hint ==
        "daemon, pid " + std::to_string(daemon) + ", runs on it; give another: --state DIR");
  ::kill(daemon, SIGKILL);
  bool free = false;
  for (int tries = 0; tries < 1000 && !free; ++tries) {
    free = bool{StateLock::take(folder.path(), "x")};
    if (!free) ::usleep(10'000);
  }
  CHECK(free);
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST_CASE("StateLock: needs a folder and follows no link") {
  const TemporaryFolder folder;
  CHECK(StateLock::take(folder / "no", "x").error().code == std::errc::no_such_file_or_directory);
  REQUIRE(::symlink("/dev/null", (folder / "lock").c_str()) == 0);
  CHECK_FALSE(StateLock::take(folder.path(), "x"));
}
