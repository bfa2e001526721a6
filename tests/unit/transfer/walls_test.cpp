// What the kernel keeps a process from once the walls are up. Each is tried in a child, which has
// to live behind them to its end.
#include "transfer/walls.hpp"

#include <cerrno>
#include <cstdio>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <filesystem>
#include <functional>
#include <string>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/temporary_folder.hpp"
#include "transfer/root.hpp"
#include "unit/transfer/escape_world.hpp"

namespace netkit::transfer {
namespace {

namespace fs = std::filesystem;
using support::put_bytes;
using support::TemporaryFolder;

constexpr int skipped = 77;

/// Runs `work` in a child; what it returns is its exit status.
int in_child(const std::function<int()>& work) {
  // ThreadSanitizer flushes at _exit, and what waits here would be told twice.
  std::fflush(nullptr);
  const pid_t child = ::fork();
  if (child == 0) ::_exit(work());
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/// Whether `claims` hold behind the walls; the status is the number of the first that does not.
int behind(const Reach& reach, const std::function<int()>& claims) {
  return in_child([&] {
    const auto walls = raise_walls(reach);
    if (!walls || !walls->no_new_privileges) return 1;
    return walls->landlock == 0 ? skipped : claims();
  });
}

void check_holds(int status) {
  if (status == skipped)
    MESSAGE("this kernel has no Landlock");
  else
    CHECK(status == 0);
}

bool can_open(const std::string& path, int flags) {
  return static_cast<bool>(FileDescriptor{::open(path.c_str(), flags | O_CLOEXEC, 0600)});
}

/// EACCES, not just any failure.
bool is_denied(int result) {
  return result < 0 && errno == EACCES;
}

}  // namespace

TEST_CASE("raise_walls: leaves what is to be read readable, and nothing else") {
  const TemporaryFolder folder;
  fs::create_directories(folder / "shared/sub");
  put_bytes(folder / "shared/sub/file", "text");
  put_bytes(folder / "other", "text");
  put_bytes(folder / "secret", "text");
  const std::string file = folder / "shared/sub/file";
  check_holds(behind({{folder / "shared", folder / "other", folder / "missing"}, {}}, [&] {
    if (!can_open(file, O_RDONLY)) return 2;
    if (!can_open(folder / "shared/sub", O_RDONLY | O_DIRECTORY)) return 3;
    if (!can_open(folder / "other", O_RDONLY)) return 4;
    if (!is_denied(::open((folder / "secret").c_str(), O_RDONLY))) return 5;
    if (!is_denied(::open("/etc/passwd", O_RDONLY))) return 6;
    if (!is_denied(::open("/", O_RDONLY))) return 7;
    if (!is_denied(::open(file.c_str(), O_WRONLY))) return 8;
    if (!is_denied(::open((folder / "shared/new").c_str(), O_WRONLY | O_CREAT, 0600))) return 9;
    if (!is_denied(::unlink(file.c_str()))) return 10;
    if (!is_denied(::mkdir((folder / "shared/new").c_str(), 0700))) return 11;
    return 0;
  }));
}

TEST_CASE("raise_walls: leaves what is to be written writable, also between its folders") {
  const TemporaryFolder folder;
  fs::create_directories(folder / "shared/sub");
  put_bytes(folder / "shared/file", "text");
  put_bytes(folder / "log", "text");
  const std::string file = folder / "shared/file";
  const std::string moved = folder / "shared/sub/moved";
  check_holds(behind({{}, {folder / "shared", folder / "log"}}, [&] {
    if (!can_open(file, O_RDWR)) return 2;
    if (::truncate(file.c_str(), 1) != 0) return 3;
    if (!can_open(folder / "shared/new", O_WRONLY | O_CREAT)) return 4;
    if (::rename(file.c_str(), moved.c_str()) != 0) return 5;
    if (::unlink(moved.c_str()) != 0) return 6;
    if (::mkdir((folder / "shared/made").c_str(), 0700) != 0) return 7;
    if (::rmdir((folder / "shared/made").c_str()) != 0) return 8;
    if (!can_open(folder / "log", O_WRONLY | O_APPEND)) return 9;
    if (!is_denied(::mkdir((folder / "made").c_str(), 0700))) return 10;
    if (::rename((folder / "shared/new").c_str(), (folder / "new").c_str()) == 0) return 11;
    return 0;
  }));
}

TEST_CASE("raise_walls: lets nothing be executed, not even what may be written") {
  const TemporaryFolder folder;
  fs::copy_file("/bin/true", folder / "program");
  fs::permissions(folder / "program", fs::perms{0700});
  check_holds(behind({{"/"}, {folder.path()}}, [&] {
    const std::string program = folder / "program";
    char* const arguments[] = {nullptr};
    ::execv(program.c_str(), arguments);
    if (errno != EACCES) return 2;
    ::execv("/bin/true", arguments);
    return errno == EACCES ? 0 : 3;
  }));
}

TEST_CASE("raise_walls: a folder held before, and sockets, work on; what lies outside does not") {
  const EscapeWorld world;
  const Root root = world.root(Root::Way::walk);
  const Root root_beneath = world.root(Root::Way::openat2);
  check_holds(behind({{world.shared("")}, {}}, [&] {
    if (!root.open_file("sub/name") || !root_beneath.open_file("sub/name")) return 2;
    if (!root.open_folder("sub/deep")) return 3;
    if (root.make_folder("new")) return 4;
    if (!is_denied(::open(world.outside("secret").c_str(), O_RDONLY))) return 5;
    // The same through a link inside, as if the resolvers did not look.
    if (!is_denied(::openat(root.descriptor(), "out_file", O_RDONLY))) return 6;
    const FileDescriptor socket{::socket(AF_INET, SOCK_STREAM, 0)};
    if (!socket || ::listen(socket.get(), 1) != 0) return 7;
    return 0;
  }));
}

TEST_CASE("raise_walls: nothing started later gets rights that we do not have") {
  CHECK(in_child([] {
          const auto walls = raise_walls({{"/"}, {}});
          if (!walls || !walls->no_new_privileges) return 1;
          return ::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? 0 : 2;
        }) == 0);
}

TEST_CASE("raise_walls: once more makes them no wider") {
  const TemporaryFolder folder;
  put_bytes(folder / "a", "");
  put_bytes(folder / "b", "");
  check_holds(behind({{folder / "a"}, {}}, [&] {
    if (!raise_walls({{folder / "a", folder / "b"}, {}})) return 2;
    if (!can_open(folder / "a", O_RDONLY)) return 3;
    return is_denied(::open((folder / "b").c_str(), O_RDONLY)) ? 0 : 4;
  }));
}

}  // namespace netkit::transfer
