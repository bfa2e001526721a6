// The len64 codec, byte by byte: whatever is not digits and then spaces, and lengths that are
// refused from the header alone.
#include "wire/len64.hpp"

#include <doctest/doctest.h>

#include "tests/support/feed.hpp"

using namespace netkit;
using namespace std::literals;
using wire::Len64Decoder;

namespace {

std::string show(std::string_view body) {
  return std::string{body};
}

/// `text` padded right with spaces to 64 bytes.
std::string padded(std::string text) {
  return text.append(64 - text.size(), ' ');
}

std::error_code refusal_of(std::string_view bytes, std::size_t limit = 100) {
  return tests::feed_every_way(Len64Decoder{limit}, bytes, 1, show).error;
}

}  // namespace

TEST_CASE("Len64Decoder: reads messages in pieces of every size") {
  const std::string stream = padded("5") + "hello" + padded("0") + padded("003") + "a\0b"s;
  for (std::size_t size = 1; size <= stream.size(); ++size) {
    const tests::Fed fed = tests::feed(Len64Decoder{5}, stream, size, show);
    CHECK(!fed.error);
    CHECK(fed.left.empty());
    CHECK(fed.messages == std::vector<std::string>{"hello", "", "a\0b"s});
  }
}

TEST_CASE("Len64Decoder: asks for more at every offset of a cut-off message") {
  const std::string whole = padded("5") + "hello";
  for (std::size_t size = 0; size < whole.size(); ++size) {
    std::string bytes = whole.substr(0, size);
    const auto answer = Len64Decoder{5}.next(bytes);
    REQUIRE(answer);
    CHECK(answer->used == 0);
    CHECK(!answer->message);
  }
}

TEST_CASE("Len64Decoder: refuses whatever is not digits, then spaces, at its first wrong byte") {
  for (const std::string_view header :
       {" 5"sv, "+5"sv, "-5"sv, "5\t"sv, "5\0"sv, "5\n"sv, "5\r\n"sv, "5x"sv, "5 5"sv, "0x5"sv,
        "5.0"sv, "5,0"sv, "\n"sv, "\0"sv, "x"sv, "\xef\xbc\x95"sv}) {
    CAPTURE(header);
    CHECK(refusal_of(header) == Errc::malformed);
  }
  CHECK(refusal_of(std::string(64, ' ')) == Errc::malformed);
  for (std::size_t at = 1; at < 64; ++at) {
    std::string header = padded("5");
    header[at] = 'x';
    CHECK(refusal_of(header) == Errc::malformed);
    CHECK(refusal_of(header.substr(0, at + 1)) == Errc::malformed);
  }
}

TEST_CASE("Len64Decoder: refuses an oversized length from its header alone") {
  CHECK(refusal_of(padded("101")) == Errc::too_large);
  CHECK(refusal_of(padded("100")) == std::error_code{});
  CHECK(refusal_of(padded("9223372036854775808")) == Errc::too_large);
  constexpr std::size_t no_limit = ~std::size_t{0};
  CHECK(refusal_of(padded("18446744073709551615"), no_limit) == std::error_code{});
  CHECK(refusal_of(padded("18446744073709551616"), no_limit) == Errc::too_large);
  CHECK(refusal_of(padded("184467440737095516160"), no_limit) == Errc::too_large);
  CHECK(refusal_of(std::string(64, '9'), no_limit) == Errc::too_large);
  CHECK(refusal_of(std::string(63, '0') + "1") == std::error_code{});
}

TEST_CASE("append_len64: writes digits, spaces up to 64 bytes, and the body") {
  std::string out;
  wire::append_len64(out, "hello, world");
  CHECK(out == "12                                                              hello, world");
  out.clear();
  wire::append_len64(out, "");
  CHECK(out == "0                                                               ");
}
