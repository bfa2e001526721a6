// Tests of the text functions and of the list of characters that may reach a terminal.
#include "base/text.hpp"

#include <doctest/doctest.h>
#include <string>
#include <string_view>
#include <vector>

#include "base/code_point.hpp"

using namespace netkit;
using namespace std::string_view_literals;

TEST_CASE("trim: takes ASCII white space from both ends only") {
  CHECK(trim(" \t a b\r\n") == "a b");
  CHECK(trim("") == "");
  CHECK(trim(" \v\f ") == "");
  CHECK(trim("\xc2\xa0x") == "\xc2\xa0x");
}

TEST_CASE("split: keeps empty parts") {
  CHECK(split("", ',') == std::vector{""sv});
  CHECK(split("a,,b,", ',') == std::vector{"a"sv, ""sv, "b"sv, ""sv});
}

TEST_CASE("join: puts the separator only between parts") {
  CHECK(join(std::vector<std::string>{}, ", ") == "");
  CHECK(join(std::vector<std::string>{"a", "", "c"}, ", ") == "a, , c");
}

TEST_CASE("equal_ignoring_case: folds ASCII letters alone") {
  CHECK(equal_ignoring_case("WebSocket", "wEBsOCKET"));
  CHECK_FALSE(equal_ignoring_case("a", "ab"));
  CHECK_FALSE(equal_ignoring_case("[", "{"));
  CHECK_FALSE(equal_ignoring_case("\xc3\x84", "\xc3\xa4"));
  CHECK(to_lower_ascii("ÄB@Z[") == "Äb@z[");
}

TEST_CASE("escape_for_display: leaves printable UTF-8 and escapes what drives a terminal") {
  CHECK(escape_for_display("naïve 日本 \xf0\x9f\x99\x82") == "naïve 日本 \xf0\x9f\x99\x82");
  CHECK(escape_for_display("a\n\t\\\r\0b"sv) == "a\\n\\t\\\\\\x0d\\x00b");
  CHECK(escape_for_display("\x1b[31m") == "\\x1b[31m");
  CHECK(escape_for_display("\x7f\xc2\x9b") == "\\x7f\\xc2\\x9b");
  CHECK(escape_for_display("\xe2\x80\xae") == "\\xe2\\x80\\xae");           // U+202E
  CHECK(escape_for_display("\xe2\x80\xa8") == "\\xe2\\x80\\xa8");           // U+2028
  CHECK(escape_for_display("\xf3\xa0\x81\x81") == "\\xf3\\xa0\\x81\\x81");  // U+E0041
}

TEST_CASE("escape_for_display: escapes each stray byte by itself") {
  CHECK(escape_for_display("\xff\xc3(") == "\\xff\\xc3(");
  CHECK(escape_for_display("\xe6\x97") == "\\xe6\\x97");
  CHECK(escape_for_display("\xed\xa0\x80") == "\\xed\\xa0\\x80");  // a surrogate
  CHECK(escape_for_display("\xc0\x8a") == "\\xc0\\x8a");           // an overlong line feed
}

TEST_CASE("escape_for_display: no byte below 0x20 and no DEL survives") {
  for (int byte = 0; byte < 256; ++byte) {
    const std::string one(1, static_cast<char>(byte));
    for (const char shown : escape_for_display(one)) {
      const auto value = static_cast<unsigned char>(shown);
      CHECK((value >= 0x20 && value < 0x7f));
    }
  }
}

TEST_CASE("unescape_displayed: gives the bytes back that escape_for_display was given") {
  CHECK(unescape_displayed("") == "");
  CHECK(unescape_displayed("naïve \\n\\t\\\\") == "naïve \n\t\\");
  CHECK(unescape_displayed("\\xff\\xC3(") == "\xff\xc3(");
  CHECK(unescape_displayed("\\x000") == "\0000"sv);
  CHECK(unescape_displayed("\\\\x41") == "\\x41");
  std::string all;
  for (int byte = 0; byte < 256; ++byte)
    all += static_cast<char>(byte);
  CHECK(unescape_displayed(escape_for_display(all)) == all);
  CHECK(unescape_displayed(escape_for_display("\\x41 \\n")) == "\\x41 \\n");
}

TEST_CASE("unescape_displayed: refuses what escape_for_display never gives") {
  for (const std::string_view wrong : {"\\"sv, "a\\"sv, "\\a"sv, "\\x"sv, "\\x4"sv, "\\xg0"sv,
                                       "\\x0g"sv, "\\ "sv, "\\N"sv, "\\X41"sv})
    CHECK_FALSE(unescape_displayed(wrong).has_value());
}

TEST_CASE("decode_code_point: knows the bounds of each length") {
  struct Case {
    std::string_view bytes;
    char32_t value;
    std::size_t size;
  };
  const Case cases[] = {{"\x7f"sv, 0x7f, 1},
                        {"\xc2\x80"sv, 0x80, 2},
                        {"\xdf\xbf"sv, 0x7ff, 2},
                        {"\xe0\xa0\x80"sv, 0x800, 3},
                        {"\xef\xbf\xbf"sv, 0xffff, 3},
                        {"\xf0\x90\x80\x80"sv, 0x10000, 4},
                        {"\xf4\x8f\xbf\xbf"sv, 0x10ffff, 4},
                        {"\xf4\x90\x80\x80"sv, 0, 0},
                        {"\xf0\x8f\xbf\xbf"sv, 0, 0},
                        {"\xe0\x9f\xbf"sv, 0, 0},
                        {"\xc1\xbf"sv, 0, 0},
                        {"\x80"sv, 0, 0},
                        {"\xf5\x80\x80\x80"sv, 0, 0},
                        {"\xf0\x90\x80"sv, 0, 0}};
  for (const Case& each : cases) {
    const CodePoint point = decode_code_point(each.bytes);
    CHECK(point.value == each.value);
    CHECK(point.size == each.size);
  }
}

TEST_CASE("is_safe_to_show: refuses both ends of each unsafe range and not their neighbours") {
  for (const char32_t point : {0x0u, 0x1fu, 0x7fu, 0x9fu, 0xadu, 0x200bu, 0x2028u, 0x202eu, 0x2066u,
                               0x206fu, 0xfeffu, 0xfffeu, 0x1ffffu, 0xe0001u, 0xe007fu})
    CHECK_FALSE(is_safe_to_show(point));
  for (const char32_t point : {0x20u, 0x7eu, 0xa0u, 0xacu, 0xaeu, 0x200cu, 0x200du, 0x2027u,
                               0x202fu, 0x2070u, 0xfffdu, 0x1f642u, 0xe1000u})
    CHECK(is_safe_to_show(point));
}

TEST_CASE("nearest: finds a typing mistake and refuses another word") {
  const std::string_view names[] = {"listen", "chunk", "max-connections", "idle-timeout", "no-tls"};
  CHECK(nearest("lisen", names) == "listen");
  CHECK(nearest("LISTEN", names) == "listen");
  CHECK(nearest("lsiten", names) == "listen");
  CHECK(nearest("max-conections", names) == "max-connections");
  CHECK(nearest("cunk", names) == "chunk");
  CHECK_FALSE(nearest("banana", names));
  CHECK_FALSE(nearest("", names));
  CHECK_FALSE(nearest(std::string(10'000, 'a'), names));
  const std::string_view letters[] = {"x"};
  CHECK_FALSE(nearest("y", letters));
}

TEST_CASE("did_you_mean: asks for the nearest or is silent") {
  const std::string_view names[] = {"serve", "send"};
  CHECK(did_you_mean("srve", names) == "did you mean 'serve'?");
  CHECK(did_you_mean("compare", names) == "");
}
