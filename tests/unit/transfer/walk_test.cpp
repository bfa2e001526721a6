// What a walk tells of a folder and what is below it, also when that changes or is closed to us.
#include "transfer/walk.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

#include "support/temporary_folder.hpp"
#include "transfer/limits.hpp"
#include "transfer/path.hpp"
#include "unit/transfer/escape_world.hpp"

namespace netkit::transfer {
namespace {

namespace fs = std::filesystem;
using support::put_bytes;
using support::TemporaryFolder;
using Paths = std::vector<std::string>;

Root root_of(const std::string& folder) {
  auto root = Root::open(folder);
  REQUIRE(root);
  return std::move(*root);
}

/// All that the walk tells, sorted; errors as "CODE: HINT".
Paths all_of(Walk& walk) {
  Paths paths;
  for (;;) {
    const auto next = walk.next();
    if (next && !*next) break;
    paths.push_back(next ? (*next)->path : next.error().code.message() + ": " + next.error().hint);
  }
  std::ranges::sort(paths);
  return paths;
}

Paths all_below(const std::string& folder, std::string_view path, WalkWish wish) {
  const Root root = root_of(folder);
  auto walk = Walk::begin(root, path, wish);
  REQUIRE(walk);
  return all_of(*walk);
}

std::size_t open_descriptors() {
  const fs::directory_iterator begin{"/proc/self/fd"};
  return static_cast<std::size_t>(std::distance(begin, fs::directory_iterator{}));
}

/// Of this process, as the kernel counts it.
std::size_t resident_kib() {
  std::ifstream statm{"/proc/self/statm"};
  std::size_t pages = 0;
  statm >> pages >> pages;
  return pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)) / 1024;
}

}  // namespace

TEST_CASE("Walk: tells what is in a folder, with its facts") {
  const TemporaryFolder folder;
  fs::create_directories(folder / "a/b");
  put_bytes(folder / "a/file", "1234");
  REQUIRE(::symlink("file", (folder / "a/link").c_str()) == 0);
  REQUIRE(::mkfifo((folder / "a/fifo").c_str(), 0600) == 0);
  put_bytes(folder / "a/b/below", "");
  const Root root = root_of(folder.path());
  auto walk = Walk::begin(root, "a", {});
  REQUIRE(walk);
  Paths paths;
  for (auto next = walk->next(); next && *next; next = walk->next()) {
    const Found& found = **next;
    paths.push_back(found.path);
    CHECK("a/" + found.name == found.path);
    struct stat status {};
    REQUIRE(::fstatat(found.folder, found.name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0);
    CHECK(facts_of(status).version == found.facts.version);
    if (found.name == "file") CHECK(found.facts.size == 4);
    if (found.name == "file") CHECK(content_of(*open_file_in(found.folder, found.name)) == "1234");
    if (found.name == "link") CHECK(found.facts.kind == Kind::link);
    if (found.name == "fifo") CHECK(found.facts.kind == Kind::other);
    if (found.name == "b") CHECK(found.facts.kind == Kind::folder);
  }
  std::ranges::sort(paths);
  CHECK(paths == Paths{"a/b", "a/fifo", "a/file", "a/link"});
  CHECK(*walk->next() == std::nullopt);
}

TEST_CASE("Walk: goes into folders after it told them, and never through links") {
  const TemporaryFolder folder;
  fs::create_directories(folder / "shared/x/y/z");
  fs::create_directories(folder / "outside");
  put_bytes(folder / "outside/secret", "");
  put_bytes(folder / "shared/x/y/f", "");
  fs::create_directory_symlink("../outside", folder / "shared/x/out");
  fs::create_directory_symlink(".", folder / "shared/x/loop");
  const Root root = root_of(folder / "shared");
  auto walk = Walk::begin(root, "", {.recursive = true});
  REQUIRE(walk);
  Paths told;
  for (auto next = walk->next(); next && *next; next = walk->next()) {
    const std::string parent{split_path((*next)->path).folder};
    CHECK((parent.empty() || std::ranges::count(told, parent) == 1));
    told.push_back((*next)->path);
  }
  std::ranges::sort(told);
  CHECK(told == Paths{"x", "x/loop", "x/out", "x/y", "x/y/f", "x/y/z"});
  CHECK(Walk::begin(root, "x/out", {}).error().code == Errc::refused);
  CHECK(Walk::begin(root, "x/y/f", {}).error().code == std::errc::not_a_directory);
  CHECK(Walk::begin(root, "../outside", {}).error().code == Errc::malformed);
}

TEST_CASE("Walk: keeps names that are not text, byte for byte") {
  const TemporaryFolder folder;
  const Paths names{"\x01\x7f", " ", "a\nb", "back\\slash", "\xff\xfe.txt", "\xed\xa0\x80"};
  fs::create_directory(folder / "\n");
  for (const std::string& name : names)
    put_bytes(folder / ("\n/" + name), name);
  Paths expected;
  for (const std::string& name : names)
    expected.push_back("\n/" + name);
  std::ranges::sort(expected);
  CHECK(all_below(folder.path(), "\n", {}) == expected);
}

TEST_CASE("Walk: leaves out what a broken transfer left, and hidden names, if so wished") {
  const TemporaryFolder folder;
  fs::create_directories(folder / ".git");
  fs::create_directories(folder / "folder.part");
  for (const char* const name : {"a", "a.part", ".b", ".git/c", "folder.part/d", "a.partly"})
    put_bytes(folder / name, "");
  CHECK(all_below(folder.path(), "", {.recursive = true}) ==
        Paths{".b", ".git", ".git/c", "a", "a.partly", "folder.part", "folder.part/d"});
  CHECK(all_below(folder.path(), "", {.part_files = true, .hidden = false}) ==
        Paths{"a", "a.part", "a.partly", "folder.part"});
  CHECK(all_below(folder.path(), "", {.recursive = true, .hidden = false}) ==
        Paths{"a", "a.partly", "folder.part", "folder.part/d"});
}

TEST_CASE("Walk: does not go into a folder that was replaced by a link under way") {
  const TemporaryFolder folder;
  fs::create_directories(folder / "shared/a/b");
  fs::create_directories(folder / "outside");
  put_bytes(folder / "outside/secret", "");
  put_bytes(folder / "shared/a/b/f", "");
  const Root root = root_of(folder / "shared");
  auto walk = Walk::begin(root, "", {.recursive = true});
  REQUIRE(walk);
  CHECK((*walk->next())->path == "a");
  CHECK((*walk->next())->path == "a/b");
  SUBCASE("itself") {
    fs::rename(folder / "shared/a/b", folder / "shared/moved");
    fs::create_directory_symlink("../../outside", folder / "shared/a/b");
    CHECK(*walk->next() == std::nullopt);
  }
  SUBCASE("or one above it, in which case it is the one that was told") {
    fs::rename(folder / "shared/a", folder / "shared/moved");
    fs::create_directory_symlink("../outside", folder / "shared/a");
    const auto next = walk->next();
    REQUIRE((next && *next));
    CHECK((*next)->path == "a/b/f");
  }
  SUBCASE("or by a file") {
    fs::remove_all(folder / "shared/a/b");
    put_bytes(folder / "shared/a/b", "");
    CHECK(*walk->next() == std::nullopt);
  }
  SUBCASE("or by a FIFO") {
    fs::remove_all(folder / "shared/a/b");
    REQUIRE(::mkfifo((folder / "shared/a/b").c_str(), 0600) == 0);
    CHECK(*walk->next() == std::nullopt);
  }
}

TEST_CASE("Walk: leaves out what vanishes under way") {
  const TemporaryFolder folder;
  fs::create_directories(folder / "a/b/c");
  const Root root = root_of(folder.path());
  auto walk = Walk::begin(root, "", {.recursive = true});
  REQUIRE(walk);
  CHECK((*walk->next())->path == "a");
  CHECK((*walk->next())->path == "a/b");
  fs::remove_all(folder / "a");
  CHECK(*walk->next() == std::nullopt);
  CHECK(*walk->next() == std::nullopt);
}

TEST_CASE("Walk: tells a folder that is closed once, by its path, and goes on") {
  const TemporaryFolder folder;
  fs::permissions(folder.path(), fs::perms{0755});
  fs::create_directories(folder / "clo\nsed");
  fs::create_directories(folder / "names_only");
  for (const char* const name : {"a", "names_only/1", "names_only/2", "names_only/3"})
    put_bytes(folder / name, "");
  const Root root = root_of(folder.path());
  fs::permissions(folder / "clo\nsed", fs::perms{0700});
  fs::permissions(folder / "names_only", fs::perms{0744});
  if (::geteuid() != 0) {
    fs::permissions(folder / "clo\nsed", fs::perms{0});
    fs::permissions(folder / "names_only", fs::perms{0400});
  }
  {
    const AsNobody nobody;
    auto walk = Walk::begin(root, "", {.recursive = true});
    REQUIRE(walk);
    CHECK(all_of(*walk) == Paths{"Permission denied: clo\nsed", "Permission denied: names_only",
                                 "a", "clo\nsed", "names_only"});
    CHECK(Walk::begin(root, "clo\nsed", {}).error().code == std::errc::permission_denied);
  }
  fs::permissions(folder / "clo\nsed", fs::perms{0700});
  fs::permissions(folder / "names_only", fs::perms{0700});
}

TEST_CASE("Walk: goes as deep as a path may be, and tells what lies deeper") {
  const TemporaryFolder folder;
  std::string deepest;
  for (unsigned i = 0; i < depth_max; ++i)
    deepest = join_path(deepest, "d");
  fs::create_directories(folder / (deepest + "/too_deep"));
  const std::size_t before = open_descriptors();
  const Paths told = all_below(folder.path(), "", {.recursive = true});
  CHECK(told.size() == depth_max + 1);
  CHECK(told.back() == "larger than the limit: " + deepest);
  CHECK(told[depth_max - 1] == deepest);
  CHECK(open_descriptors() == before);
}

TEST_CASE("Walk: tells what has a path that is too long") {
  const TemporaryFolder folder;
  const std::string long_name(name_size_max, 'n');
  FileDescriptor at{::open(folder.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  // 15 of them and their slashes are 3,840 bytes; what is left is for a name of 255, exactly.
  for (int i = 0; i < 16; ++i) {
    REQUIRE(::mkdirat(at.get(), long_name.c_str(), 0700) == 0);
    at.reset(::openat(at.get(), long_name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  }
  REQUIRE(::mkdirat(at.get(), "x", 0700) == 0);
  const Paths told = all_below(folder.path(), "", {.recursive = true});
  REQUIRE(told.size() == 17);
  CHECK(std::ranges::count_if(told, [](const std::string& each) {
          return each.starts_with("larger than the limit: n");
        }) == 1);
}

TEST_CASE("Walk: needs no more memory for 100,000 entries than for a few") {
  const TemporaryFolder folder;
  constexpr int count = 100'000;
  const FileDescriptor at{::open(folder.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  // Links of a few files: as many inodes would take their time.
  constexpr int links_max = 25'000;
  int made = 0;
  for (int i = 0; i < count; ++i) {
    const std::string name = std::to_string(i);
    const std::string first = std::to_string(i - i % links_max);
    const int done = i % links_max == 0
                         ? ::mknodat(at.get(), name.c_str(), S_IFREG | 0600, 0)
                         : ::linkat(at.get(), first.c_str(), at.get(), name.c_str(), 0);
    if (done == 0) ++made;
  }
  REQUIRE(made == count);
  const Root root = root_of(folder.path());
  auto walk = Walk::begin(root, "", {.recursive = true});
  REQUIRE(walk);
  std::vector<bool> seen(count);
  const std::size_t before = resident_kib();
  std::size_t most = before;
  int told = 0;
  for (auto next = walk->next(); next && *next; next = walk->next()) {
    seen[std::stoul((*next)->name)] = true;
    if (++told % 10'000 == 0) most = std::max(most, resident_kib());
  }
  CHECK(told == count);
  CHECK(std::ranges::count(seen, true) == count);
  // A list of them would take 6 MiB. The sanitizers keep for a while what was freed.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  CHECK(most - before < 1024);
#endif
}

}  // namespace netkit::transfer
