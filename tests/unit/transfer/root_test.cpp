// What a shared folder gives to those who ask for what is in it. Its escapes are tested beside.
#include "transfer/root.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <filesystem>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

#include "transfer/limits.hpp"
#include "unit/transfer/escape_world.hpp"

namespace netkit::transfer {
namespace {

namespace fs = std::filesystem;

struct stat status_of(const std::string& path) {
  struct stat status {};
  REQUIRE(::lstat(path.c_str(), &status) == 0);
  return status;
}

}  // namespace

TEST_CASE("Root: opens files and folders beneath it, by both ways") {
  const EscapeWorld world;
  const std::string odd = "li\nne \xff\\";
  fs::create_directory(world.shared(odd));
  support::put_bytes(world.shared(odd + "/" + odd), "odd");
  for (const Root::Way way : ways) {
    CAPTURE(name_of(way));
    const Root root = world.root(way);
    CHECK(content_of(*root.open_file("inside")) == "inside");
    CHECK(content_of(*root.open_file("sub/name")) == "inside");
    CHECK(content_of(*root.open_file(odd + "/" + odd)) == "odd");
    CHECK(root.open_folder(""));
    CHECK(root.open_folder("sub/deep"));
    CHECK(root.look("")->kind == Kind::folder);
    CHECK(root.look("sub")->kind == Kind::folder);
    CHECK(root.look("inside")->kind == Kind::file);
    CHECK(root.look("inside")->size == 6);
    CHECK(root.open_file("inside")->facts.version == root.look("inside")->version);
    const auto place = root.place("sub/deep/new");
    REQUIRE(place);
    CHECK(place->name == "new");
    CHECK(::faccessat(place->folder.get(), "../name", F_OK, 0) == 0);
  }
}

TEST_CASE("Root: files it opens are closed at exec, readable only, and wait for the disk") {
  const EscapeWorld world;
  const auto opened = world.root(Root::Way::walk).open_file("inside");
  REQUIRE(opened);
  const int file = opened->file.get();
  CHECK(::fcntl(file, F_GETFD) == FD_CLOEXEC);
  CHECK((::fcntl(file, F_GETFL) & (O_ACCMODE | O_NONBLOCK)) == O_RDONLY);
}

TEST_CASE("Root: holds its folder also when that is renamed and another takes its name") {
  const EscapeWorld world;
  for (const Root::Way way : ways) {
    const Root root = world.root(way);
    const std::string shared = world.shared("").substr(0, world.shared("").size() - 1);
    fs::rename(shared, shared + ".old");
    fs::create_directory(shared);
    CHECK(content_of(*root.open_file("sub/name")) == "inside");
    fs::remove(shared);
    fs::rename(shared + ".old", shared);
  }
}

TEST_CASE("Root: makes the folders that are missing, with the umask's mode") {
  for (const Root::Way way : ways) {
    CAPTURE(name_of(way));
    const EscapeWorld world;
    const Root root = world.root(way);
    const mode_t mask = ::umask(0027);
    const auto place = root.make_place("new/er/file");
    CHECK(root.make_folder("sub/deep/est"));
    CHECK(root.make_folder("sub/deep/est"));
    CHECK(root.make_folder(""));
    ::umask(mask);
    REQUIRE(place);
    CHECK(place->name == "file");
    CHECK((status_of(world.shared("new/er")).st_mode & 07777) == 0750);
    CHECK(fs::is_directory(world.shared("sub/deep/est")));
    CHECK_FALSE(fs::exists(world.shared("new/er/file")));
    CHECK(::faccessat(place->folder.get(), "../er", F_OK, 0) == 0);
    // Whoever puts a file there syncs its folder.
    CHECK(::fsync(place->folder.get()) == 0);
    CHECK(root.make_place("at_the_top")->name == "at_the_top");
  }
}

TEST_CASE("Root: is opened by the way that the kernel has, and names its folder in errors") {
  const EscapeWorld world;
  const auto root = Root::open(world.shared(""));
  REQUIRE(root);
  CHECK(root->way() != Root::Way::automatic);
  CHECK(root->descriptor() >= 0);
  const auto missing = Root::open(world.shared("no\nwhere"));
  REQUIRE_FALSE(missing);
  CHECK(missing.error().message() ==
        "cannot open the folder " + world.shared("no\\nwhere") + ": No such file or directory");
  CHECK(Root::open(world.shared("inside")).error().code == std::errc::not_a_directory);
  CHECK(Root::open(world.shared("in")));
}

TEST_CASE("open_file_in: takes a name and no path") {
  const EscapeWorld world;
  const Root root = world.root(Root::Way::walk);
  CHECK(content_of(*open_file_in(root.descriptor(), "inside")) == "inside");
  for (const char* const name : {"", ".", "..", "sub/name", "/etc/passwd", "../outside/secret"})
    CHECK(open_file_in(root.descriptor(), name).error().code == Errc::malformed);
  CHECK(open_file_in(root.descriptor(), "sub").error().code == std::errc::is_a_directory);
  CHECK(open_file_in(root.descriptor(), "fifo").error().code == Errc::refused);
  CHECK(open_file_in(root.descriptor(), "in_file").error().code == Errc::refused);
}

TEST_CASE("facts_of: tells kind, permissions, size and time") {
  struct stat status {};
  status.st_mode = S_IFREG | 04755;
  status.st_size = 7;
  status.st_mtim = {1'700'000'000, 5};
  const Facts file = facts_of(status);
  CHECK(file.kind == Kind::file);
  CHECK(file.mode == 04755);
  CHECK(file.size == 7);
  CHECK(file.mtime_ns == 1'700'000'000'000'000'005);
  status.st_mode = S_IFDIR | 0700;
  status.st_size = 4096;
  CHECK(facts_of(status).kind == Kind::folder);
  CHECK(facts_of(status).size == 0);
  status.st_mode = S_IFLNK | 0777;
  CHECK(facts_of(status).kind == Kind::link);
  for (const mode_t mode : {S_IFIFO, S_IFSOCK, S_IFCHR, S_IFBLK}) {
    status.st_mode = mode;
    CHECK(facts_of(status).kind == Kind::other);
  }
  status.st_mtim = {-1, 999'999'999};
  CHECK(facts_of(status).mtime_ns == -1);
  status.st_mtim = {13'000'000'000, 0};
  CHECK(facts_of(status).mtime_ns == INT64_MAX);
  status.st_mtim = {INT64_MIN, 0};
  CHECK(facts_of(status).mtime_ns == INT64_MIN);
}

TEST_CASE("facts_of: the version changes with inode, size, mtime and ctime, and only with them") {
  struct stat status {};
  status.st_mode = S_IFREG | 0644;
  const std::uint64_t first = facts_of(status).version;
  CHECK(first != 0);
  status.st_mode = S_IFREG | 0600;
  status.st_nlink = 2;
  status.st_atim = {1, 1};
  CHECK(facts_of(status).version == first);
  const auto differs = [&](auto change) {
    struct stat changed = status;
    change(changed);
    return facts_of(changed).version != first;
  };
  CHECK(differs([](struct stat& s) { s.st_ino = 1; }));
  CHECK(differs([](struct stat& s) { s.st_size = 1; }));
  CHECK(differs([](struct stat& s) { s.st_mtim.tv_nsec = 1; }));
  CHECK(differs([](struct stat& s) { s.st_ctim.tv_nsec = 1; }));
  CHECK(differs([](struct stat& s) { s.st_mtim.tv_sec = 1; }));
}

}  // namespace netkit::transfer
