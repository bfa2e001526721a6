// Tests of ranges: what is read, where the arithmetic ends, and the lengths told ahead.
#include "commands/filesrv/http_range.hpp"

#include <doctest/doctest.h>

using namespace netkit::filesrv;

namespace {

using Ranges = std::vector<ByteRange>;

constexpr std::uint64_t two_63 = std::uint64_t{1} << 63;

void whole(std::string_view value, std::uint64_t size) {
  CAPTURE(value);
  CHECK(judge_range(value, size).extent == Extent::whole);
}

void unsatisfiable(std::string_view value, std::uint64_t size) {
  CAPTURE(value);
  CHECK(judge_range(value, size).extent == Extent::unsatisfiable);
  CHECK(judge_range(value, size).ranges.empty());
}

void gives(std::string_view value, std::uint64_t size, const Ranges& expected) {
  CAPTURE(value);
  CHECK(judge_range(value, size).extent == Extent::ranges);
  CHECK(judge_range(value, size).ranges == expected);
}

}  // namespace

TEST_CASE("judge_range: follows closed, open and last ranges") {
  gives("bytes=0-4", 10, {{0, 5}});
  gives("bytes=0-0", 10, {{0, 1}});
  gives("bytes=9-9", 10, {{9, 1}});
  gives("bytes=5-", 10, {{5, 5}});
  gives("bytes=-3", 10, {{7, 3}});
  gives("bytes=-30", 10, {{0, 10}});
  gives("bytes=4-400", 10, {{4, 6}});
  gives("BYTES=0-4", 10, {{0, 5}});
  gives("bytes=0-0", 1, {{0, 1}});
}

TEST_CASE("judge_range: keeps the order that was asked for, unless ranges touch") {
  gives("bytes=6-7, 0-1", 10, {{6, 2}, {0, 2}});
  gives("bytes=,6-7 ,, 0-1,", 10, {{6, 2}, {0, 2}});
  gives("bytes=4-5,0-4", 10, {{0, 6}});
  gives("bytes=2-3,0-1", 10, {{0, 4}});
  gives("bytes=0-,0-,-1", 10, {{0, 10}});
  gives("bytes=0-9,3-4,8-8", 10, {{0, 10}});
  gives("bytes=8-9,0-1,5-6", 10, {{8, 2}, {0, 2}, {5, 2}});
}

TEST_CASE("judge_range: leaves out what lies behind the end, and refuses if all does") {
  gives("bytes=0-1,10-11", 10, {{0, 2}});
  unsatisfiable("bytes=10-", 10);
  unsatisfiable("bytes=10-12,11-", 10);
  unsatisfiable("bytes=-0", 10);
  unsatisfiable("bytes=0-", 0);
  unsatisfiable("bytes=0-0", 0);
  unsatisfiable("bytes=-0", 0);
  whole("bytes=-5", 0);
  gives("bytes=-0,1-2", 10, {{1, 2}});
}

TEST_CASE("judge_range: ignores other units and what is malformed") {
  for (const std::string_view value :
       {"", "bytes", "bytes=", "bytes=,", "bytes 0-4", "lines=0-4", "bytes=4", "bytes=-",
        "bytes=a-4", "bytes=0-b", "bytes=5-4", "bytes=0-4,x", "bytes=--4", "bytes=0--4",
        "bytes=+1-4", "bytes=0 -4", "bytes=0-4;5-6", "bytes=0x1-4"})
    whole(value, 10);
  const std::string_view good = "bytes=1-2,3-4";
  for (std::size_t size = 0; size < 9; ++size)
    whole(good.substr(0, size == 8 ? 7 : size), 10);
}

TEST_CASE("judge_range: neither wraps nor overflows at 2^63 and 2^64") {
  const std::uint64_t size = two_63 - 1;
  gives("bytes=0-", size, {{0, size}});
  gives("bytes=9223372036854775806-", size, {{size - 1, 1}});
  gives("bytes=0-9223372036854775807", size, {{0, size}});
  gives("bytes=1-18446744073709551615", size, {{1, size - 1}});
  gives("bytes=1-99999999999999999999999999", size, {{1, size - 1}});
  gives("bytes=-18446744073709551616", size, {{0, size}});
  gives("bytes=-18446744073709551616", 10, {{0, 10}});
  unsatisfiable("bytes=9223372036854775807-", size);
  unsatisfiable("bytes=18446744073709551615-18446744073709551616", size);
  unsatisfiable("bytes=18446744073709551616-18446744073709551617", UINT64_MAX);
  gives("bytes=18446744073709551614-", UINT64_MAX, {{UINT64_MAX - 1, 1}});
  gives("bytes=0-,18446744073709551614-", UINT64_MAX, {{0, UINT64_MAX}});
}

TEST_CASE("judge_range: takes 32 ranges and no more") {
  std::string value = "bytes=";
  for (int i = 0; i < 32; ++i)
    value += std::to_string(i * 10) + "-" + std::to_string(i * 10 + 1) + ",";
  CHECK(judge_range(value, 1000).ranges.size() == 32);
  whole(value + "900-901", 1000);
}

TEST_CASE("content_range: tells place and size") {
  CHECK(content_range({0, 5}, 10) == "bytes 0-4/10");
  CHECK(content_range({two_63 - 2, 1}, two_63 - 1) ==
        "bytes 9223372036854775806-9223372036854775806/9223372036854775807");
  CHECK(content_range_of_none(0) == "bytes */0");
}

TEST_CASE("MultipartRanges: is as long as it says") {
  const MultipartRanges parts{{{0, 2}, {6, 3}}, 10, "text/plain", "abc"};
  CHECK(parts.type() == "multipart/byteranges; boundary=abc");
  CHECK(parts.head(0) ==
        "--abc\r\nContent-Type: text/plain\r\nContent-Range: bytes 0-1/10\r\n\r\n");
  CHECK(parts.head(1) ==
        "\r\n--abc\r\nContent-Type: text/plain\r\nContent-Range: bytes 6-8/10\r\n\r\n");
  CHECK(parts.tail() == "\r\n--abc--\r\n");
  CHECK(parts.length() == 64 + 2 + 66 + 3 + 11);
}
