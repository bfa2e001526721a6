// A file that arrives: what makes it whole, and what keeps it from its name.
#include "transfer/receive.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <filesystem>
#include <string>
#include <sys/stat.h>

#include "base/file.hpp"
#include "transfer/limits.hpp"

using namespace netkit;
using namespace netkit::transfer;
namespace fs = std::filesystem;

namespace {

/// A folder of its own that goes with the test.
struct Spot {
  Spot() {
    std::string name = fs::temp_directory_path() / "netkit-receive-XXXXXX";
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path = name;
  }
  Spot(const Spot&) = delete;
  Spot& operator=(const Spot&) = delete;
  ~Spot() { fs::remove_all(path); }

  Place place(const std::string& name) const {
    return {FileDescriptor{::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)}, name};
  }
  std::string read(const std::string& name) const {
    const auto text = read_file(path + "/" + name, 64 * 1024 * 1024);
    return text ? *text : "none";
  }
  bool has(const std::string& name) const {
    return fs::exists(fs::symlink_status(path + "/" + name));
  }

  std::string path;
};

Incoming incoming(const Spot& spot, std::uint64_t size, bool resume = false) {
  Result<PartFile> part = PartFile::open(spot.place("f"), Replace::never, resume);
  REQUIRE(part);
  return {std::move(*part), size, true};
}

Hash root_of(std::string_view bytes) {
  RootHasher root;
  root.begin(bytes.size());
  for (std::size_t at = 0; at < bytes.size(); at += chunk_size)
    root.add(hash_of_chunk(bytes.substr(at, chunk_size)));
  return root.finish();
}

}  // namespace

TEST_CASE("Incoming: a file has its name once its root is right, and not before") {
  const Spot spot;
  Incoming file = incoming(spot, 5);
  REQUIRE(file.take(0, "hel"));
  REQUIRE(file.take(3, "lo"));
  CHECK_FALSE(file.is_whole());
  REQUIRE(file.take(End{5, root_of("hello")}));
  CHECK(file.is_whole());
  CHECK_FALSE(spot.has("f"));
  CHECK(spot.has("f.part"));
  REQUIRE(file.part().finish({.size = 5, .mode = 0640, .mtime_ns = 1'500'000'000'000'000'007}));
  CHECK(spot.read("f") == "hello");
  CHECK_FALSE(spot.has("f.part"));
  struct stat there;
  REQUIRE(stat((spot.path + "/f").c_str(), &there) == 0);
  CHECK((there.st_mode & 07777) == 0640);
  CHECK(there.st_mtim.tv_sec == 1'500'000'000);
  CHECK(there.st_mtim.tv_nsec == 7);
}

TEST_CASE("Incoming: a byte that is another, or lacks, or is too many, is noticed") {
  const Spot spot;
  {
    Incoming file = incoming(spot, 5);
    REQUIRE(file.take(0, "hellO"));
    CHECK(file.take(End{5, root_of("hello")}).error().code == Errc::mismatch);
  }
  {
    Incoming file = incoming(spot, 5);
    REQUIRE(file.take(0, "hell"));
    CHECK(file.take(End{5, root_of("hell")}).error().code == Errc::mismatch);
  }
  Incoming file = incoming(spot, 5);
  CHECK(file.take(1, "x").error().code == Errc::malformed);
  CHECK(file.take(0, "123456").error().code == Errc::malformed);
  CHECK(file.take(std::uint64_t{1} << 62, "x").error().code == Errc::malformed);
  REQUIRE(file.take(0, "he"));
  CHECK(file.take(0, "he").error().code == Errc::malformed);
  CHECK(file.take(3, "x").error().code == Errc::malformed);
  CHECK(file.take(End{given_up, {}}).error().code == Errc::closed);
  CHECK_FALSE(spot.has("f"));
}

TEST_CASE("Incoming: a chunk is confirmed by its hash, and comes again after another one") {
  const Spot spot;
  const std::string bytes = std::string(chunk_size, 'a') + "tail";
  Incoming file = incoming(spot, bytes.size());
  CHECK(file.take(Chunk{0, {}}).error().code == Errc::malformed);
  REQUIRE(file.take(0, std::string(chunk_size, 'b')));
  CHECK(file.take(Chunk{0, hash_of_chunk(std::string(chunk_size, 'a'))}).error().code ==
        Errc::mismatch);
  REQUIRE(file.take(0, std::string(chunk_size, 'a')));
  REQUIRE(file.take(Chunk{0, hash_of_chunk(std::string(chunk_size, 'a'))}));
  REQUIRE(file.take(chunk_size, "tail"));
  CHECK_FALSE(file.take(End{bytes.size(), {}}));  // The tail has not been confirmed.
  REQUIRE(file.take(Chunk{1, hash_of_chunk("tail")}));
  REQUIRE(file.take(End{bytes.size(), {}}));
  CHECK(file.is_whole());
}

TEST_CASE("Incoming: what was kept counts, and a wrong root undoes it") {
  const Spot spot;
  const std::string first(chunk_size, 'k');
  {
    Incoming file = incoming(spot, first.size() + 2);
    REQUIRE(file.take(0, first));
  }
  Incoming file = incoming(spot, first.size() + 2, true);
  CHECK(file.part().kept() == first.size());
  file.take_kept(0, hash_of_chunk(first));
  REQUIRE(file.take(chunk_size, "xy"));
  CHECK(file.received() == 2);
  REQUIRE(file.take(Chunk{1, hash_of_chunk("xy")}));
  CHECK(
      file.take(End{first.size() + 2, root_of(std::string(chunk_size, 'K') + "xy")}).error().code ==
      Errc::mismatch);
  CHECK(file.take(End{first.size() + 2, root_of(first + "xy")}));
}

TEST_CASE("PartFile: one writer a name, and none over what is there") {
  const Spot spot;
  Result<PartFile> one = PartFile::open(spot.place("n"), Replace::never, false);
  REQUIRE(one);
  CHECK(PartFile::open(spot.place("n"), Replace::never, false).error().code == Errc::busy);
  REQUIRE(one->write(0, "one"));
  REQUIRE(one->finish({.size = 3, .mode = {}, .mtime_ns = {}}));
  CHECK(PartFile::open(spot.place("n"), Replace::never, false).error().code ==
        std::errc::file_exists);
  Result<PartFile> two = PartFile::open(spot.place("n"), Replace::always, false);
  REQUIRE(two);
  REQUIRE(two->write(0, "two!"));
  CHECK(spot.read("n") == "one");
  REQUIRE(two->finish({.size = 4, .mode = {}, .mtime_ns = {}}));
  CHECK(spot.read("n") == "two!");
}

TEST_CASE("PartFile: a name that comes meanwhile is not replaced") {
  const Spot spot;
  Result<PartFile> part = PartFile::open(spot.place("n"), Replace::never, false);
  REQUIRE(part);
  REQUIRE(part->write(0, "ours"));
  REQUIRE(write_file_atomically(spot.path + "/n", "theirs"));
  CHECK(part->finish({.size = 4, .mode = {}, .mtime_ns = {}}).error().code ==
        std::errc::file_exists);
  CHECK(spot.read("n") == "theirs");
}

TEST_CASE("PartFile: writes through no link and into no folder, and is cut to its size") {
  const Spot spot;
  fs::create_symlink("/etc/passwd", spot.path + "/l.part");
  CHECK_FALSE(PartFile::open(spot.place("l"), Replace::always, false));
  fs::create_symlink("elsewhere", spot.path + "/m");
  CHECK(PartFile::open(spot.place("m"), Replace::always, false).error().code == Errc::refused);
  fs::create_directory(spot.path + "/d");
  CHECK_FALSE(PartFile::open(spot.place("d"), Replace::always, false));
  CHECK_FALSE(PartFile::open(spot.place(std::string(254, 'x')), Replace::never, false));
  REQUIRE(write_file_atomically(spot.path + "/s.part", "longer than it will be"));
  Result<PartFile> part = PartFile::open(spot.place("s"), Replace::never, true);
  REQUIRE(part);
  REQUIRE(part->finish({.size = 6, .mode = {}, .mtime_ns = {}}));
  CHECK(spot.read("s") == "longer");
}

TEST_CASE("PartFile: what took the place of NAME.part does not get its name") {
  const Spot spot;
  Result<PartFile> part = PartFile::open(spot.place("a"), Replace::always, false);
  REQUIRE(part);
  REQUIRE(part->write(0, "checked"));
  REQUIRE(write_file_atomically(spot.path + "/a.part", "another"));
  CHECK(part->finish({.size = 7, .mode = {}, .mtime_ns = {}}).error().code == Errc::busy);
  CHECK_FALSE(spot.has("a"));
  part->discard();
  CHECK(spot.read("a.part") == "another");
}

TEST_CASE("Harvest: a file that is called as another's part does not become it") {
  const Spot spot;
  Harvest harvest;
  // The order in which a client fetches a.part and a.
  for (const std::string name : {"a.part", "a"}) {
    Result<PartFile> part = PartFile::open(spot.place(name), Replace::always, false);
    REQUIRE(part);
    REQUIRE(part->write(0, "of " + name));
    harvest.add(std::move(*part), {.size = 3 + name.size(), .mode = {}, .mtime_ns = {}},
                name == "a" ? 1 : 0);
  }
  const auto stored = harvest.bring_in();
  REQUIRE(stored.size() == 2);
  CHECK(stored[0].outcome.error().code == Errc::busy);
  CHECK(stored[1].outcome);
  CHECK(spot.read("a") == "of a");
}

TEST_CASE("PartFile: a file of several names is not written to") {
  const Spot spot;
  REQUIRE(write_file_atomically(spot.path + "/mine", "precious"));
  fs::create_hard_link(spot.path + "/mine", spot.path + "/n.part");
  CHECK(PartFile::open(spot.place("n"), Replace::always, false).error().code == Errc::refused);
  CHECK(spot.read("mine") == "precious");
}

TEST_CASE("Harvest: many files come to their places, each with an outcome of its own") {
  const Spot spot;
  Harvest harvest;
  for (int i = 0; i < 10; ++i) {
    Result<PartFile> part =
        PartFile::open(spot.place("f" + std::to_string(i)), Replace::never, false);
    REQUIRE(part);
    REQUIRE(part->write(0, "x"));
    harvest.add(std::move(*part), {.size = 1, .mode = {}, .mtime_ns = {}},
                static_cast<std::uint64_t>(i));
  }
  REQUIRE(write_file_atomically(spot.path + "/f3", "mine"));
  const auto stored = harvest.bring_in();
  REQUIRE(stored.size() == 10);
  for (const auto& each : stored) {
    CHECK(static_cast<bool>(each.outcome) == (each.tag != 3));
    if (each.tag != 3) CHECK(each.version != 0);
  }
  CHECK(spot.read("f3") == "mine");
  CHECK(spot.read("f9") == "x");
  CHECK(harvest.empty());
}

TEST_CASE(
    "Incoming: hashes may be worked out elsewhere, before or after the other side tells them") {
  const Spot spot;
  const std::string bytes(chunk_size + 3, 'x');
  const Hash first = hash_of_chunk(std::string_view{bytes}.substr(0, chunk_size));
  const Hash second = hash_of_chunk("xxx");
  Result<PartFile> part = PartFile::open(spot.place("f"), Replace::never, false);
  REQUIRE(part);
  Incoming file{std::move(*part), bytes.size(), true, Incoming::Hashing::elsewhere};
  CHECK_FALSE(file.next_to_hash());
  REQUIRE(file.take(0, std::string_view{bytes}.substr(0, chunk_size)));
  CHECK(file.next_to_hash() == 0);
  CHECK_FALSE(file.next_to_hash());
  REQUIRE(file.take(Chunk{0, first}));
  REQUIRE(file.hashed(0, first));
  CHECK(file.hashed(0, first).error().code == Errc::unexpected);
  REQUIRE(file.take(chunk_size, "xxx"));
  CHECK(file.next_to_hash() == 1);
  // Nothing is whole while a hash is awaited, and nothing comes twice meanwhile.
  CHECK(file.take(End{bytes.size(), root_of(bytes)}).error().code == Errc::unexpected);
  CHECK(file.take(chunk_size, "yyy").error().code == Errc::malformed);
  REQUIRE(file.hashed(1, second));
  REQUIRE(file.take(Chunk{1, second}));
  REQUIRE(file.take(End{bytes.size(), root_of(bytes)}));
  CHECK(file.is_whole());
}

TEST_CASE("Incoming: a hash from elsewhere that is not the one that was told is a mismatch") {
  const Spot spot;
  Result<PartFile> part = PartFile::open(spot.place("f"), Replace::never, false);
  REQUIRE(part);
  Incoming file{std::move(*part), 3, true, Incoming::Hashing::elsewhere};
  REQUIRE(file.take(0, "abc"));
  REQUIRE(file.take(Chunk{0, hash_of_chunk("abd")}));
  CHECK(file.hashed(0, hash_of_chunk("abc")).error().code == Errc::mismatch);
  CHECK(file.take(End{3, root_of("abc")}).error().code == Errc::mismatch);
  CHECK_FALSE(file.is_whole());
}
