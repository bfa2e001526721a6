// Tests of the text of address lists: what is read, and that edits leave all else alone.
#include "store/address_text.hpp"

#include <doctest/doctest.h>
#include <random>

using namespace netkit;
using namespace netkit::store;

namespace {

/// "ADDRESS@LINE ...", "!" behind an unfinished one.
std::string shown(const std::vector<AddressLine>& lines) {
  std::string text;
  for (const AddressLine& line : lines) {
    if (!text.empty()) text += ' ';
    text += line.address + "@" + std::to_string(line.line) + (line.unfinished ? "!" : "");
  }
  return text;
}

std::string entries(std::string_view text) {
  const Result<ParsedAddresses> parsed = parse_addresses(text);
  REQUIRE(parsed);
  return shown(parsed->entries);
}

}  // namespace

TEST_CASE("canonical_address: one spelling each") {
  CHECK(canonical_address("192.0.2.1") == "192.0.2.1");
  CHECK(canonical_address("2001:DB8:0:0:0:0:0:1") == "2001:db8::1");
  CHECK(canonical_address("::ffff:192.0.2.1") == "192.0.2.1");
  CHECK(canonical_address("::FFFF:c000:201") == "192.0.2.1");
  CHECK(canonical_address("FE80::1%eth0") == "fe80::1%eth0");
  CHECK(canonical_address("::") == "::");
  CHECK(canonical_address("1:0:0:2:0:0:0:3") == "1:0:0:2::3");
}

TEST_CASE("canonical_address: nothing else passes") {
  using namespace std::string_view_literals;
  for (const std::string_view text : {""sv,
                                      "localhost"sv,
                                      "192.0.2"sv,
                                      "192.0.2.256"sv,
                                      "192.0.2.01"sv,
                                      " 192.0.2.1"sv,
                                      "192.0.2.1 "sv,
                                      "192.0.2.1:80"sv,
                                      "192.0.2.1%eth0"sv,
                                      "[::1]"sv,
                                      ":::"sv,
                                      "1:2"sv,
                                      "fe80::1%"sv,
                                      "fe80::1%a b"sv,
                                      "fe80::1%0123456789abcdef"sv,
                                      "fe80::1%a%b"sv,
                                      "::ffff:192.0.2.1%eth0"sv,
                                      "192.0.2.1\0"sv,
                                      "::1\0x"sv,
                                      "fe80::1%\0"sv,
                                      "0x7f.0.0.1"sv,
                                      "1"sv,
                                      "::1/128"sv})
    CHECK_MESSAGE(!canonical_address(text), text);
  CHECK_FALSE(canonical_address(std::string(100'000, '1')));
}

TEST_CASE("parse_addresses: comments, blanks, CRLF, a byte order mark, no last line end") {
  CHECK(entries("") == "");
  CHECK(entries("192.0.2.1\n") == "192.0.2.1@1");
  CHECK(entries("192.0.2.1") == "192.0.2.1@1!");
  CHECK(entries("192.0.2.1\r") == "192.0.2.1@1!");
  CHECK(entries("\xef\xbb\xbf"
                "192.0.2.1\r\n\r\n\t2001:DB8::1 # web\r\n#192.0.2.3\r\n") ==
        "192.0.2.1@1 2001:db8::1@3");
  CHECK(entries("192.0.2.1#x\n\n  # y\n192.0.2.2") == "192.0.2.1@1 192.0.2.2@4!");
}

TEST_CASE("parse_addresses: duplicates in any spelling, and garbage with its line") {
  const auto parsed = parse_addresses(
      "192.0.2.1\nweb1\n::ffff:192.0.2.1\n192.0.2.1 192.0.2.2 # two\n192.0.2.1\n\xff\xfe");
  REQUIRE(parsed);
  CHECK(shown(parsed->entries) == "192.0.2.1@1");
  CHECK(shown(parsed->duplicates) == "192.0.2.1@3 192.0.2.1@5");
  REQUIRE(parsed->garbage.size() == 3);
  CHECK(parsed->garbage[0].text == "web1");
  CHECK(parsed->garbage[0].line == 2);
  CHECK(parsed->garbage[1].text == "192.0.2.1 192.0.2.2 # two");
  CHECK(parsed->garbage[2].text == "\xff\xfe");
  CHECK(parsed->garbage[2].unfinished);
  CHECK(parsed->contains("192.0.2.1"));
  CHECK_FALSE(parsed->contains("192.0.2.2"));
  CHECK(parse_addresses(std::string(5000, 'x'))->garbage[0].text.size() == 200);
}

TEST_CASE("parse_addresses: its limits") {
  CHECK(parse_addresses(std::string(address_list_size_max, '#')));
  CHECK(parse_addresses(std::string(address_list_size_max + 1, '#')).error().code ==
        Errc::too_large);
  CHECK(parse_addresses(std::string(address_list_lines_max, '\n')));
  CHECK(parse_addresses(std::string(address_list_lines_max, '\n') + "x").error().code ==
        Errc::too_large);
}

TEST_CASE("without_address: takes its lines, and only those") {
  CHECK(without_address("a\r\n192.0.2.1 # x\r\n\n#192.0.2.1\n::ffff:192.0.2.1\n192.0.2.10",
                        "192.0.2.1") == "a\r\n\n#192.0.2.1\n192.0.2.10");
  CHECK(without_address("192.0.2.2\n192.0.2.1", "::ffff:192.0.2.1") == "192.0.2.2\n");
  CHECK(without_address("\xef\xbb\xbf"
                        "192.0.2.1\n192.0.2.2\n",
                        "192.0.2.1") ==
        "\xef\xbb\xbf"
        "192.0.2.2\n");
  CHECK(without_address("web1\n", "web1") == "web1\n");
  CHECK(without_address("", "192.0.2.1") == "");
  const std::vector<std::string> both{"192.0.2.1", "2001:DB8::1"};
  CHECK(without_addresses("192.0.2.1\n192.0.2.2\n2001:db8:0::1\n", both) == "192.0.2.2\n");
}

TEST_CASE("with_address: appends what is new, in the file's manner") {
  CHECK(with_address("", "192.0.2.1") == "192.0.2.1\n");
  CHECK(with_address("# x", "192.0.2.1") == "# x\n192.0.2.1\n");
  CHECK(with_address("a\r\nb", "192.0.2.1") == "a\r\nb\r\n192.0.2.1\r\n");
  CHECK(with_address("192.0.2.1 # x", "::ffff:192.0.2.1") == "192.0.2.1 # x");
  CHECK(with_address("#192.0.2.1\n", "192.0.2.1") == "#192.0.2.1\n192.0.2.1\n");
  CHECK(with_address("\xef\xbb\xbf", "2001:DB8::1") ==
        "\xef\xbb\xbf"
        "2001:db8::1\n");
  CHECK(with_address("x\n", "web1") == "x\n");
  const std::vector<std::string> both{"192.0.2.1", "192.0.2.1", "192.0.2.2"};
  CHECK(with_addresses("", both) == "192.0.2.1\n192.0.2.2\n");
}

TEST_CASE("Address texts: any bytes are read, and edits undo one another") {
  std::mt19937 random{42};
  const std::string letters("19:.f%#\r\n \0\xef\xbb\xbf\xff", 16);
  for (int round = 0; round < 20'000; ++round) {
    std::string text;
    for (std::size_t size = random() % 60; text.size() < size;)
      text += letters[random() % letters.size()];
    REQUIRE(parse_addresses(text));
    CHECK(without_address(text, "192.0.2.1") == text);
    const std::string more = with_address(text, "192.0.2.1");
    CHECK(more.starts_with(text));
    CHECK(parse_addresses(more)->contains("192.0.2.1"));
    CHECK(without_address(more, "192.0.2.1").starts_with(text));
  }
}
