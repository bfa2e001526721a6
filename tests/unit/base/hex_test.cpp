// Tests of hex digits; the pairs are those of RFC 4648, 10.
#include "base/hex.hpp"

#include <doctest/doctest.h>
#include <string>
#include <string_view>

using namespace netkit;
using namespace std::string_view_literals;

TEST_CASE("to_hex: two lower-case digits a byte") {
  CHECK(to_hex("") == "");
  CHECK(to_hex("f") == "66");
  CHECK(to_hex("foobar") == "666f6f626172");
  CHECK(to_hex("\x00\x7f\x80\xff"sv) == "007f80ff");
}

TEST_CASE("from_hex: reads digits of either case") {
  CHECK(from_hex("") == "");
  CHECK(from_hex("666F6f626172") == "foobar");
  CHECK(from_hex("007f80fF") == "\x00\x7f\x80\xff"sv);
}

TEST_CASE("from_hex: nothing for an odd number of digits or another letter") {
  for (const std::string_view text : {"6"sv, "666"sv, "6g"sv, "g6"sv, "6:"sv, " 66"sv, "66\n"sv,
                                      "+6"sv, "-6"sv, "0x66"sv, "6\0"sv, "\xc3\xa9"sv})
    CHECK_FALSE(from_hex(text));
}

TEST_CASE("from_hex: reads back each byte that to_hex writes") {
  for (int value = 0; value < 256; ++value) {
    const std::string byte(1, static_cast<char>(value));
    CHECK(from_hex(to_hex(byte)) == byte);
  }
}
