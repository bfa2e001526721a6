// What patterns over whole paths find below a shared folder.
#include <doctest/doctest.h>
#include <filesystem>
#include <fstream>
#include <string>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

#include "support/temporary_folder.hpp"
#include "transfer/limits.hpp"
#include "transfer/path.hpp"
#include "transfer/walk.hpp"
#include "unit/transfer/escape_world.hpp"

namespace netkit::transfer {
namespace {

namespace fs = std::filesystem;
using Paths = std::vector<std::string>;

/// A small tree, and what patterns find in it.
class Tree {
 public:
  explicit Tree(const Paths& files) {
    for (const std::string& path : files) {
      fs::create_directories(folder_ / split_path(path).folder);
      support::put_bytes(folder_ / path, "");
    }
  }

  const support::TemporaryFolder& folder() const { return folder_; }
  Result<Paths> expand(std::string_view pattern, std::size_t count_max = 1000) const {
    const auto root = Root::open(folder_.path());
    REQUIRE(root);
    return transfer::expand(*root, pattern, count_max);
  }
  Paths found(std::string_view pattern) const {
    const auto paths = expand(pattern);
    CAPTURE(pattern);
    if (!paths) CHECK(paths.error().code == Errc::not_found);
    return paths ? *paths : Paths{};
  }

 private:
  support::TemporaryFolder folder_;
};

}  // namespace

TEST_CASE("expand: matches component by component, sorted") {
  const Tree tree{{"b.txt", "a.txt", "c.log", "sub/d.txt", "sub/deep/e.txt", ".hidden/f.txt"}};
  CHECK(tree.found("*.txt") == Paths{"a.txt", "b.txt"});
  CHECK(tree.found("*") == Paths{"a.txt", "b.txt", "c.log", "sub"});
  CHECK(tree.found("*/*.txt") == Paths{"sub/d.txt"});
  CHECK(tree.found("s*/d*/e.txt") == Paths{"sub/deep/e.txt"});
  CHECK(tree.found("[ac].*") == Paths{"a.txt", "c.log"});
  CHECK(tree.found(".*") == Paths{".hidden"});
  CHECK(tree.found(".hidden/*") == Paths{".hidden/f.txt"});
  CHECK(tree.found("*/nowhere").empty());
  CHECK(tree.found("a.txt/*").empty());
}

TEST_CASE("expand: what has no wildcards matches itself if it is there") {
  const Tree tree{{"a", "sub/b", "*", "[x]", "back\\slash", "li\nne\xff"}};
  CHECK(tree.found("a") == Paths{"a"});
  CHECK(tree.found("sub/b") == Paths{"sub/b"});
  CHECK(tree.found("sub") == Paths{"sub"});
  CHECK(tree.found("") == Paths{""});
  CHECK(tree.found("nowhere").empty());
  CHECK(tree.found("\\*") == Paths{"*"});
  CHECK(tree.found("\\[x]") == Paths{"[x]"});
  CHECK(tree.found("back\\\\slash") == Paths{"back\\slash"});
  CHECK(tree.found("li\nne\xff") == Paths{"li\nne\xff"});
  CHECK(tree.found("li?ne*") == Paths{"li\nne\xff"});
}

TEST_CASE("expand: ** stands for any folders, none included, and for all below at the end") {
  const Tree tree{{"a.c", "x/a.c", "x/y/a.c", "x/y/b.c", ".git/a.c", "x/.git/a.c"}};
  CHECK(tree.found("**/a.c") == Paths{"a.c", "x/a.c", "x/y/a.c"});
  CHECK(tree.found("x/**/*.c") == Paths{"x/a.c", "x/y/a.c", "x/y/b.c"});
  CHECK(tree.found("**/y/**/b.c") == Paths{"x/y/b.c"});
  CHECK(tree.found("**/**/a.c") == Paths{"a.c", "x/a.c", "x/y/a.c"});
  CHECK(tree.found("x/**") == Paths{"x/a.c", "x/y", "x/y/a.c", "x/y/b.c"});
  CHECK(tree.found("**") == Paths{"a.c", "x", "x/a.c", "x/y", "x/y/a.c", "x/y/b.c"});
  CHECK(tree.found("**/.git/*") == Paths{".git/a.c", "x/.git/a.c"});
}

TEST_CASE("expand: tells each path once and in time, however many ** there are") {
  Paths files;
  std::string path;
  for (unsigned i = 0; i + 1 < depth_max; ++i)
    files.push_back(join_path(path = join_path(path, "d"), "f"));
  const Tree tree{files};
  std::string pattern = "f";
  for (unsigned i = 0; i < depth_max / 2 - 1; ++i)
    pattern = "**/d/" + pattern;
  CHECK(tree.found(pattern).size() == depth_max - 31);
  pattern = "f";
  for (unsigned i = 0; i + 1 < depth_max; ++i)
    pattern = "**/" + pattern;
  CHECK(tree.found(pattern).size() == depth_max - 1);
  pattern = "**";
  for (unsigned i = 0; i + 1 < depth_max; ++i)
    pattern = "**/" + pattern;
  CHECK(tree.found(pattern).size() == 2 * (depth_max - 1));
}

TEST_CASE("expand: refuses more than the caller has room for, and what no path may be") {
  const Tree tree{{"a", "b", "c"}};
  CHECK(tree.expand("*", 3));
  CHECK(tree.expand("*", 2).error().code == Errc::too_large);
  CHECK(tree.expand("nowhere*", 0).error().code == Errc::not_found);
  for (const char* const pattern : {"..", "../*", "*/../*", "/*", "*/", "a//*", "./*"})
    CHECK(tree.expand(pattern).error().code == Errc::malformed);
  // The escaped dots of a folder above are no way to it.
  for (const char* const pattern : {"\\.\\.", "\\.\\./*", ".\\./*", "*/\\.\\./a", "\\.", "[.][.]"})
    CHECK(tree.expand(pattern).error().code == Errc::not_found);
}

TEST_CASE("expand: matches links and goes through none") {
  const EscapeWorld world;
  for (const Root::Way way : ways) {
    CAPTURE(name_of(way));
    const Root root = world.root(way);
    CHECK(*expand(root, "out*", 100) ==
          Paths{"out", "out_absolute", "out_file", "out_file_absolute"});
    CHECK(*expand(root, "in", 100) == Paths{"in"});
    for (const char* const pattern : {"out/*", "out/secret", "o*/secret", "up/outside/*", "in/name",
                                      "loop/*", "slash/etc/*", "magic_root/*", "magic_folder/*"}) {
      CAPTURE(pattern);
      CHECK(expand(root, pattern, 100).error().code == Errc::not_found);
    }
    const auto all = expand(root, "**", 1000);
    REQUIRE(all);
    for (const std::string& path : *all)
      CHECK(path.find("secret") == std::string::npos);
    CHECK(*expand(root, "**/name", 100) == Paths{"sub/name"});
  }
}

TEST_CASE("expand: shows what broken transfers left to those who ask for it") {
  const Tree tree{{"a", "a.part", "sub/b.part"}};
  CHECK(tree.found("*") == Paths{"a", "sub"});
  CHECK(tree.found("*.part") == Paths{"a.part"});
  CHECK(tree.found("a.part") == Paths{"a.part"});
  CHECK(tree.found("**/*.part") == Paths{"a.part", "sub/b.part"});
}

TEST_CASE("expand: says that a folder is closed only if nothing else was found") {
  const Tree tree{{"open/a", "closed/a", "closed/b"}};
  fs::permissions(tree.folder().path(), fs::perms{0755});
  const bool is_root = ::geteuid() == 0;
  fs::permissions(tree.folder() / "closed", fs::perms{is_root ? 0711u : 0300u});
  const auto root = Root::open(tree.folder().path());
  REQUIRE(root);
  {
    const AsNobody nobody;
    CHECK(*expand(*root, "*/a", 10) == Paths{"closed/a", "open/a"});
    CHECK(*expand(*root, "*/a*", 10) == Paths{"open/a"});
    const auto closed = expand(*root, "closed/b*", 10);
    REQUIRE_FALSE(closed);
    CHECK(closed.error().code == std::errc::permission_denied);
    CHECK(closed.error().message() == "cannot open the folder: Permission denied");
    CHECK(*expand(*root, "closed/b", 10) == Paths{"closed/b"});
  }
  fs::permissions(tree.folder() / "closed", fs::perms{0700});
}

}  // namespace netkit::transfer
