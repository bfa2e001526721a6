// Tests of archive heads against headers as GNU tar 1.34 and the standard's table have them.
#include "commands/filesrv/tar_stream.hpp"

#include <doctest/doctest.h>

using namespace netkit::filesrv;
using namespace netkit::transfer;

namespace {

constexpr std::int64_t second_ns = 1'000'000'000;

std::string field(const std::string& head, std::size_t at, std::size_t size) {
  return head.substr(at, size);
}

Facts file(std::uint64_t size, std::int64_t mtime_ns) {
  Facts facts;
  facts.kind = Kind::file;
  facts.mode = 0644;
  facts.size = size;
  facts.mtime_ns = mtime_ns;
  return facts;
}

}  // namespace

TEST_CASE("tar_head: a plain file takes one block") {
  const std::string head = tar_head("a.txt", file(5, 1700000000 * second_ns));
  REQUIRE(head.size() == 512);
  CHECK(field(head, 0, 6) == std::string{"a.txt\0", 6});
  CHECK(field(head, 100, 8) == std::string{"0000644\0", 8});
  CHECK(field(head, 124, 12) == std::string{"00000000005\0", 12});
  CHECK(field(head, 136, 12) == std::string{"14524770400\0", 12});
  // What GNU tar 1.34 writes with --format=ustar --owner=0 --group=0 --numeric-owner.
  CHECK(field(head, 148, 8) == std::string{"010223\0 ", 8});
  CHECK(head[156] == '0');
  CHECK(field(head, 257, 8) == std::string{"ustar\00000", 8});
  CHECK(field(head, 500, 12) == std::string(12, '\0'));
}

TEST_CASE("tar_head: a folder has a slash and no bytes") {
  Facts facts = file(4096, 0);
  facts.kind = Kind::folder;
  facts.mode = 0755;
  const std::string head = tar_head("a/b", facts);
  REQUIRE(head.size() == 512);
  CHECK(field(head, 0, 5) == std::string{"a/b/\0", 5});
  CHECK(head[156] == '5');
  CHECK(field(head, 124, 12) == std::string{"00000000000\0", 12});
}

TEST_CASE("tar_head: long paths are cut at a slash while both ends fit") {
  const std::string folder(155, 'f');
  const std::string name(100, 'n');
  CHECK(tar_head(name, file(0, 0)).size() == 512);
  const std::string both = tar_head(folder + "/" + name, file(0, 0));
  REQUIRE(both.size() == 512);
  CHECK(field(both, 0, 100) == name);
  CHECK(field(both, 345, 155) == folder);
  const std::string many =
      std::string(60, 'a') + "/" + std::string(60, 'b') + "/" + std::string(60, 'c');
  const std::string cut = tar_head(many, file(0, 0));
  CHECK(field(cut, 0, 61) == std::string(60, 'c') + '\0');
  CHECK(field(cut, 345, 122) == many.substr(0, 121) + '\0');
}

TEST_CASE("tar_head: what does not fit stands in a record before it") {
  const std::string path(101, 'n');
  const std::string head = tar_head(path, file(0, 0));
  REQUIRE(head.size() == 3 * 512);
  CHECK(head[156] == 'x');
  CHECK(field(head, 124, 12) == std::string{"00000000157\0", 12});
  CHECK(field(head, 512, 113) == "111 path=" + path + "\n" + '\0' + '\0');
  CHECK(field(head, 1024, 100) == path.substr(0, 100));
  CHECK(head[1024 + 156] == '0');
}

TEST_CASE("tar_head: sizes from 8 GiB on and fractions of seconds stand in records") {
  constexpr std::uint64_t limit = std::uint64_t{1} << 33;
  CHECK(tar_head("a", file(limit - 1, 0)).size() == 512);
  const std::string large = tar_head("a", file(limit, 0));
  REQUIRE(large.size() == 3 * 512);
  CHECK(field(large, 512, 20) == std::string{"19 size=8589934592\n\0", 20});
  CHECK(field(tar_head("a", file(INT64_MAX, 0)), 512, 29) ==
        std::string{"28 size=9223372036854775807\n\0", 29});
  CHECK(field(tar_head("a", file(0, 1700000000 * second_ns + 5)), 512, 31) ==
        std::string{"30 mtime=1700000000.000000005\n\0", 31});
  CHECK(field(tar_head("a", file(0, -1)), 512, 22) == std::string{"22 mtime=-0.000000001\n", 22});
  CHECK(field(tar_head("a", file(0, INT64_MIN)), 512, 31) == "31 mtime=-9223372036.854775808\n");
}

TEST_CASE("tar_head: a record counts its own digits, also where they become more") {
  const Facts facts = file(0, 0);
  CHECK(field(tar_head(std::string(989, 'a'), facts), 512, 4) == "999 ");
  CHECK(field(tar_head(std::string(990, 'a'), facts), 512, 5) == "1001 ");
}

TEST_CASE("tar_padding: fills blocks") {
  CHECK(tar_padding(0) == 0);
  CHECK(tar_padding(1) == 511);
  CHECK(tar_padding(512) == 0);
  CHECK(tar_padding(513) == 511);
  CHECK(tar_padding(INT64_MAX) == 1);
}
