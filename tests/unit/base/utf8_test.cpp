// The UTF-8 check, with the kinds of cases that Markus Kuhn's decoder stress test lists: the bounds
// of each length, overlong forms, surrogates, stray and missing bytes. Then cutting.
#include "base/utf8.hpp"

#include <cstddef>
#include <doctest/doctest.h>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>

using namespace netkit;
using namespace std::string_view_literals;

namespace {

constexpr std::string_view valid_texts[] = {
    ""sv,
    "plain"sv,
    "\0\x01\x7f"sv,
    "\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5"sv,                  // the word kosme
    "\xc2\x80 \xdf\xbf"sv,                                             // U+0080, U+07FF
    "\xe0\xa0\x80 \xef\xbf\xbf"sv,                                     // U+0800, U+FFFF
    "\xf0\x90\x80\x80 \xf4\x8f\xbf\xbf"sv,                             // U+10000, U+10FFFF
    "\xed\x9f\xbf \xee\x80\x80"sv,                                     // around the surrogates
    "\xef\xbb\xbf\xef\xbf\xbd"sv,                                      // U+FEFF, U+FFFD
    "0123456789abcdef\xe2\x82\xac 0123456789abcdef0123456789abcdef"sv  // within strides
};

struct Invalid {
  std::string_view text;
  std::optional<std::size_t> broken_at;  // The first impossible byte; none: cut off.
};

constexpr Invalid invalid_texts[] = {
    {"\x80"sv, 0},
    {"\xbf"sv, 0},
    {"a\x80"sv, 1},
    {"\xc3\xa9\xa9"sv, 2},
    {"\xc0\xaf"sv, 0},  // overlong
    {"\xc1\xbf"sv, 0},
    {"\xe0\x80\xaf"sv, 1},
    {"\xe0\x9f\xbf"sv, 1},
    {"\xf0\x80\x80\xaf"sv, 1},
    {"\xf0\x8f\xbf\xbf"sv, 1},
    {"\xf8\x88\x80\x80\x80"sv, 0},
    {"\xfc\x84\x80\x80\x80\x80"sv, 0},
    {"\xed\xa0\x80"sv, 1},  // surrogates
    {"\xed\xbf\xbf"sv, 1},
    {"\xed\xa0\xb5\xed\xb0\x80"sv, 1},
    {"\xf4\x90\x80\x80"sv, 1},  // above U+10FFFF
    {"\xf5\x80\x80\x80"sv, 0},
    {"\xfe"sv, 0},
    {"\xff"sv, 0},
    {"\xc3 "sv, 1},  // a character that is not continued
    {"\xe2\x82 "sv, 2},
    {"\xf0\x9f\x98 "sv, 3},
    {"\xe2\xe2\x82\xac"sv, 1},
    {"\xc3"sv, {}},  // cut off
    {"\xe2"sv, {}},
    {"\xe2\x82"sv, {}},
    {"\xf0"sv, {}},
    {"\xf0\x9f"sv, {}},
    {"\xf0\x9f\x98"sv, {}},
    {"0123456789abcdef0123456789abcdef\xff"sv, 32},
};

/// Where single bytes are refused; nothing if none is.
std::optional<std::size_t> first_refused(std::string_view text) {
  Utf8Checker checker;
  for (std::size_t i = 0; i < text.size(); ++i)
    if (!checker.feed(text.substr(i, 1))) return i;
  return std::nullopt;
}

}  // namespace

TEST_CASE("Utf8Checker: accepts every kind of valid text, cut anywhere in two") {
  for (const std::string_view text : valid_texts) {
    CAPTURE(text);
    CHECK(is_utf8(text));
    CHECK(!first_refused(text));
    for (std::size_t cut = 0; cut <= text.size(); ++cut) {
      Utf8Checker checker;
      CHECK(checker.feed(text.substr(0, cut)));
      CHECK(checker.feed(text.substr(cut)));
      CHECK(checker.complete());
    }
  }
}

TEST_CASE("Utf8Checker: refuses at the first impossible byte") {
  for (const Invalid& invalid : invalid_texts) {
    CAPTURE(invalid.text);
    CHECK(!is_utf8(invalid.text));
    CHECK(first_refused(invalid.text) == invalid.broken_at);
    const std::size_t known = invalid.broken_at ? *invalid.broken_at + 1 : invalid.text.size();
    for (std::size_t cut = 0; cut <= known; ++cut) {
      Utf8Checker checker;
      const bool begun = checker.feed(invalid.text.substr(0, cut));
      const bool done = checker.feed(invalid.text.substr(cut, known - cut));
      CHECK(begun == (cut < known || !invalid.broken_at));
      CHECK(done == !invalid.broken_at);
      CHECK(!checker.complete());
    }
  }
}

TEST_CASE("Utf8Checker: finds a stray byte at every distance from a stride") {
  for (std::size_t size = 1; size < 70; ++size)
    for (std::size_t at = 0; at < size; ++at) {
      std::string text(size, 'a');
      text[at] = '\xbf';
      CHECK(!is_utf8(text));
    }
}

TEST_CASE("Utf8Checker: accepts the lead bytes of RFC 3629 alone, and all of them") {
  for (int lead = 0x80; lead <= 0xff; ++lead) {
    Utf8Checker checker;
    CHECK(checker.feed(std::string(1, static_cast<char>(lead))) == (lead >= 0xc2 && lead <= 0xf4));
  }
}

TEST_CASE("Utf8Checker: a refusal is final until reset") {
  Utf8Checker checker;
  CHECK(!checker.feed("\xff"));
  CHECK(!checker.feed("fine"));
  CHECK(!checker.feed(""));
  CHECK(!checker.complete());
  checker.reset();
  CHECK(checker.feed("fine"));
  CHECK(checker.complete());
}

TEST_CASE("utf8_prefix: cuts at most at the limit and never inside a character") {
  CHECK(utf8_prefix("plain", 5) == "plain");
  CHECK(utf8_prefix("plain", 4) == "plai");
  CHECK(utf8_prefix("plain", 0).empty());
  CHECK(utf8_prefix("", 3).empty());
  const std::string_view text = "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80z";
  constexpr std::size_t whole[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11, 11};
  for (std::size_t size_max = 0; size_max < std::size(whole); ++size_max) {
    CAPTURE(size_max);
    CHECK(utf8_prefix(text, size_max) == text.substr(0, whole[size_max]));
  }
}

TEST_CASE("utf8_prefix: of stray bytes it leaves out three at the most") {
  const std::string stray(10, '\x80');
  CHECK(utf8_prefix(stray, 8).size() == 5);
  CHECK(utf8_prefix(stray, 2).empty());
  CHECK(utf8_prefix(stray, 10).size() == 10);
  CHECK(utf8_prefix("abc\xff\xff\xff", 4).size() == 4);
}

TEST_CASE("utf8_suffix: begins at most so far before the end and never inside a character") {
  CHECK(utf8_suffix("plain", 5) == "plain");
  CHECK(utf8_suffix("plain", 4) == "lain");
  CHECK(utf8_suffix("plain", 0).empty());
  const std::string_view text = "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80z";
  constexpr std::size_t whole[] = {0, 1, 1, 1, 1, 5, 5, 5, 8, 8, 10, 11, 11};
  for (std::size_t size_max = 0; size_max < std::size(whole); ++size_max) {
    CAPTURE(size_max);
    CHECK(utf8_suffix(text, size_max) == text.substr(text.size() - whole[size_max]));
  }
  CHECK(utf8_suffix(std::string(10, '\x80'), 8).size() == 5);
}
