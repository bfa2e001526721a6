// Renames against resolvers: one thread puts links to the outside in the place of what is shared,
// and takes them away again, as fast as it can, while another opens, walks and makes.
#include <atomic>
#include <cstdio>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <filesystem>
#include <functional>
#include <string>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

#include "transfer/root.hpp"
#include "transfer/walk.hpp"
#include "unit/transfer/escape_world.hpp"

namespace netkit::transfer {
namespace {

namespace fs = std::filesystem;

constexpr int tries_min = 10'000;
/// Until both of what can be there have been seen; a scheduler may take its time.
constexpr int tries_max = 5'000'000;

/// Swaps two names back and forth until it is destroyed.
class Swapping {
 public:
  Swapping(std::string one, std::string other)
      : thread_{[this, one = std::move(one), other = std::move(other)] {
          while (!done_)
            if (::renameat2(AT_FDCWD, one.c_str(), AT_FDCWD, other.c_str(), RENAME_EXCHANGE) != 0)
              failed_ = true;
        }} {}
  ~Swapping() {
    done_ = true;
    thread_.join();
    CHECK_FALSE(failed_);
  }
  Swapping(const Swapping&) = delete;
  Swapping& operator=(const Swapping&) = delete;

 private:
  std::atomic<bool> done_ = false;
  std::atomic<bool> failed_ = false;
  std::thread thread_;
};

struct Seen {
  int inside = 0;
  int refused = 0;
  int outside = 0;
  int other = 0;
};

enum class Met { inside, refused, outside, other };

/// Tries until it has met both what is shared and the link in its place.
void check_race(const std::function<Met()>& attempt) {
  Seen seen;
  for (int tries = 0; tries < tries_max; ++tries) {
    if (tries >= tries_min && seen.inside > 0 && seen.refused > 0) break;
    switch (attempt()) {
      case Met::inside: ++seen.inside; break;
      case Met::refused: ++seen.refused; break;
      case Met::outside: ++seen.outside; break;
      case Met::other: ++seen.other; break;
    }
  }
  CHECK(seen.outside == 0);
  CHECK(seen.other == 0);
  CHECK(seen.inside > 0);
  CHECK(seen.refused > 0);
}

template <typename T>
Met met_of_error(const Result<T>& result) {
  return result.error().code == Errc::refused ||
                 result.error().code == std::errc::not_a_directory ||
                 result.error().code == std::errc::is_a_directory
             ? Met::refused
             : Met::other;
}

Met met_of(const Result<OpenFile>& opened) {
  if (!opened) return met_of_error(opened);
  return content_of(*opened) == "inside" ? Met::inside : Met::outside;
}

ino_t inode_of(int file) {
  struct stat status {};
  return ::fstat(file, &status) == 0 ? status.st_ino : 0;
}

}  // namespace

TEST_CASE("Root: a folder that becomes a link and back never leads to a file outside") {
  const EscapeWorld world;
  for (const Root::Way way : ways) {
    CAPTURE(name_of(way));
    const Root root = world.root(way);
    const Swapping swapping{world.shared("sub"), world.shared("out_absolute")};
    check_race([&] { return met_of(root.open_file("sub/name")); });
  }
  CHECK(world.is_outside_untouched());
}

TEST_CASE("Root: a file that becomes a link and back never is the one outside") {
  const EscapeWorld world;
  for (const Root::Way way : ways) {
    CAPTURE(name_of(way));
    const Root root = world.root(way);
    const Swapping swapping{world.shared("inside"), world.shared("out_file")};
    check_race([&] { return met_of(root.open_file("inside")); });
  }
}

TEST_CASE("Root: a file that becomes a FIFO and back is never waited for") {
  const EscapeWorld world;
  for (const Root::Way way : ways) {
    CAPTURE(name_of(way));
    const Root root = world.root(way);
    const Swapping swapping{world.shared("inside"), world.shared("fifo")};
    check_race([&] { return met_of(root.open_file("inside")); });
  }
}

TEST_CASE("Root: a folder that is opened is the shared one or none, whatever is in its place") {
  const EscapeWorld world;
  struct stat status {};
  REQUIRE(::stat(world.shared("sub").c_str(), &status) == 0);
  const ino_t inside = status.st_ino;
  for (const Root::Way way : ways) {
    CAPTURE(name_of(way));
    const Root root = world.root(way);
    const Swapping swapping{world.shared("sub"), world.shared("out")};
    check_race([&] {
      const auto folder = root.open_folder("sub");
      if (!folder) return met_of_error(folder);
      return inode_of(folder->get()) == inside ? Met::inside : Met::outside;
    });
  }
}

TEST_CASE("Root: facts and places are those of the shared folder, whatever is in its place") {
  const EscapeWorld world;
  for (const Root::Way way : ways) {
    CAPTURE(name_of(way));
    const Root root = world.root(way);
    const Swapping swapping{world.shared("sub"), world.shared("out")};
    check_race([&] {
      const auto facts = root.look("sub/name");
      if (!facts) return met_of_error(facts);
      return facts->size == 6 ? Met::inside : Met::outside;  // The one outside has 7 bytes.
    });
    check_race([&] {
      const auto place = root.place("sub/name");
      if (!place) return met_of_error(place);
      return met_of(open_file_in(place->folder.get(), place->name));
    });
  }
}

TEST_CASE("Root: nothing is made outside while a folder becomes a link and back") {
  const EscapeWorld world;
  for (const Root::Way way : ways) {
    CAPTURE(name_of(way));
    const Root root = world.root(way);
    const Swapping swapping{world.shared("sub"), world.shared("out")};
    check_race([&] {
      const auto place = root.make_place("sub/made/here/file");
      if (!place) return met_of_error(place);
      // Made anew each time.
      if (::unlinkat(place->folder.get(), "../../made/here", AT_REMOVEDIR) != 0) return Met::other;
      return Met::inside;
    });
    CHECK(world.is_outside_untouched());
  }
}

TEST_CASE("Walk: never tells what is outside while a folder becomes a link and back") {
  const EscapeWorld world;
  support::put_bytes(world.outside("only_outside"), "");
  for (const Root::Way way : ways) {
    CAPTURE(name_of(way));
    const Root root = world.root(way);
    const Swapping swapping{world.shared("sub"), world.shared("out")};
    int walks = 0;
    int told = 0;
    int outside = 0;
    while (walks < tries_min / 10 || (told == 0 && walks < tries_max)) {
      ++walks;
      auto walk = Walk::begin(root, "", {.recursive = true});
      REQUIRE(walk);
      for (auto next = walk->next(); !next || *next; next = walk->next()) {
        if (!next) continue;
        if ((*next)->name == "only_outside" || (*next)->name == "secret") ++outside;
        if ((*next)->path == "sub/deep") ++told;
      }
    }
    CHECK(outside == 0);
    CHECK(told > 0);
  }
}

}  // namespace netkit::transfer
