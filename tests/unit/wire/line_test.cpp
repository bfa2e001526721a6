// The line decoder, byte by byte: line ends, the limit and its edge, text that is not UTF-8, and
// the tail that waits for its LF.
#include "wire/line.hpp"

#include <doctest/doctest.h>

#include "tests/support/feed.hpp"

using namespace netkit;
using namespace std::literals;
using wire::LineDecoder;

namespace {

std::string show(std::string_view line) {
  return std::string{line};
}

tests::Fed feed(std::string_view bytes, std::size_t limit = 100) {
  return tests::feed_every_way(LineDecoder{limit}, bytes, 1, show);
}

}  // namespace

TEST_CASE("LineDecoder: reads lines in pieces of every size") {
  const std::string_view stream =
      "one\ntwo\r\n\n\r\n gr\xc3\xbc\xc3\x9f\x65 \xe2\x82\xac\t\r\n"
      "a\rb\r\r\nnul \0 bell \x07\nrest"sv;
  for (std::size_t size = 1; size <= stream.size(); ++size) {
    const tests::Fed fed = tests::feed(LineDecoder{100}, stream, size, show);
    CHECK(!fed.error);
    CHECK(fed.left == "rest");
    CHECK(fed.messages == std::vector<std::string>{"one", "two", "", "",
                                                   " gr\xc3\xbc\xc3\x9f\x65 \xe2\x82\xac\t",
                                                   "a\rb\r", "nul \0 bell \x07"s});
  }
}

TEST_CASE("LineDecoder: the limit counts the text alone") {
  CHECK(feed("12345\n12345\r\n1234\n", 5).messages ==
        std::vector<std::string>{"12345", "12345", "1234"});
  CHECK(feed("\n\r\n", 0).messages == std::vector<std::string>{"", ""});
  CHECK(feed("x\n", 0).error == Errc::too_large);
  CHECK(feed("123456\n", 5).error == Errc::too_large);
  CHECK(feed("123456\r\n", 5).error == Errc::too_large);
  CHECK(feed("12345\rx\n", 5).error == Errc::too_large);
  CHECK(feed("12345\r\r\n", 5).error == Errc::too_large);
}

TEST_CASE("LineDecoder: a long line is refused as soon as it is known") {
  CHECK(feed("12345", 5).error == std::error_code{});
  CHECK(feed("12345\r", 5).error == std::error_code{});
  CHECK(feed("123456", 5).error == Errc::too_large);
  CHECK(feed("12345\rx", 5).error == Errc::too_large);
}

TEST_CASE("LineDecoder: refuses what is not UTF-8 before the line ends") {
  CHECK(feed("ok\nbad \xff").error == Errc::not_utf8);
  CHECK(feed("ok\nbad \xff").messages == std::vector<std::string>{"ok"});
  CHECK(feed("\xed\xa0").error == Errc::not_utf8);
  CHECK(feed("cut off \xe2\x82\n").error == Errc::not_utf8);
  CHECK(feed("cut off \xe2\x82\r\n").error == Errc::not_utf8);
  CHECK(feed("not yet cut off \xe2\x82").error == std::error_code{});
}

TEST_CASE("LineDecoder: rest is the text that waits for its LF") {
  const auto rest_of = [](std::string_view bytes, std::size_t limit) {
    LineDecoder decoder{limit};
    const tests::Fed fed = tests::feed(
        decoder, bytes, [] { return std::size_t{1}; }, show);
    const auto rest = decoder.rest(fed.left);
    return rest ? std::optional<std::string>{*rest} : std::nullopt;
  };
  CHECK(rest_of("one\nlist", 10) == "list");
  CHECK(rest_of("list\r", 4) == "list");
  CHECK(rest_of("\r", 4) == "");
  CHECK(rest_of("one\n", 10) == std::nullopt);
  CHECK(rest_of("", 10) == std::nullopt);
  CHECK(rest_of("gr\xc3", 10) == std::nullopt);
}

TEST_CASE("LineDecoder: a rest that was taken leaves no trace") {
  LineDecoder decoder{10};
  std::string bytes = "list";
  REQUIRE(decoder.next(bytes));
  CHECK(decoder.rest(bytes) == "list");
  decoder.restart();
  CHECK(decoder.rest({}) == std::nullopt);
  bytes = "\nnext\n";
  const auto late = decoder.next(bytes);
  REQUIRE(late);
  CHECK(late->message == "");
  CHECK(late->used == 1);
}

TEST_CASE("LineDecoder: finds its LF in time that is linear in the bytes") {
  // 4 MiB in single bytes: a search from the front each time would look at 2^43 of them.
  const std::string text(std::size_t{4} << 20, 'x');
  LineDecoder decoder{text.size()};
  std::string bytes = text + "\n";
  for (std::size_t shown = 1; shown < bytes.size(); ++shown) {
    const auto answer = decoder.next(std::span<char>{bytes.data(), shown});
    REQUIRE(static_cast<bool>(answer));
  }
  const auto answer = decoder.next(bytes);
  REQUIRE(answer);
  CHECK(answer->used == bytes.size());
}
