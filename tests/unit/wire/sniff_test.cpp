// The sniffer, with every prefix of every line of its table: how long it waits, and what it decides
// then.
#include "wire/sniff.hpp"

#include <doctest/doctest.h>
#include <string>

using namespace netkit;
using namespace std::literals;
using wire::Dialect;
using wire::sniff;

namespace doctest {
template <>
struct StringMaker<std::optional<Dialect>> {
  static String convert(const std::optional<Dialect>& dialect) {
    return dialect ? String(std::string{wire::to_text(*dialect)}.c_str()) : String("open");
  }
};
}  // namespace doctest

namespace {

struct Case {
  std::string bytes;
  std::size_t open;  ///< Prefixes up to this long are undecided, longer ones are `dialect`.
  Dialect dialect;
};

void check(const Case& expected) {
  for (std::size_t size = 0; size <= expected.bytes.size(); ++size) {
    CAPTURE(expected.bytes);
    CAPTURE(size);
    const auto dialect = sniff(std::string_view{expected.bytes}.substr(0, size));
    CHECK(dialect == (size <= expected.open ? std::nullopt : std::optional{expected.dialect}));
  }
}

const std::string spaces(62, ' ');

}  // namespace

TEST_CASE("sniff: TLS and frames by their first bytes") {
  check({"\x16\x03\x01\x02"s, 1, Dialect::tls});
  check({"\x16\x02", 1, Dialect::line});
  check({"\x17\x03", 0, Dialect::line});
  check({"\xf7NK\x01"s, 2, Dialect::frame});
  check({"\xf7nK", 1, Dialect::line});
  check({"\xf7Nk", 2, Dialect::line});
}

TEST_CASE("sniff: 64 bytes of digits, then spaces, and nothing less, are len64") {
  check({"12" + spaces + "hello world!", 63, Dialect::len64});
  check({std::string(64, '7') + "x", 63, Dialect::len64});
  check({"1" + spaces + "\n", 63, Dialect::line});
  check({"12345\n", 5, Dialect::line});
  check({"12 apples\n", 3, Dialect::line});
  check({"12 1" + spaces, 3, Dialect::line});
  check({"12\t" + spaces, 2, Dialect::line});
  check({"12\0"s + spaces, 2, Dialect::line});
  check({" 12" + spaces, 0, Dialect::line});
  check({"-12" + spaces, 0, Dialect::line});
}

TEST_CASE("sniff: a whole request line is HTTP") {
  check({"GET / HTTP/1.1\r\nHost: a\r\n", 15, Dialect::http});
  check({"GET / HTTP/1.0\r\n", 15, Dialect::http});
  check({"OPTIONS * HTTP/1.1\r\n", 19, Dialect::http});
  check({"POST http://a/ HTTP/1.1\r\n", 24, Dialect::http});
  check({"POST https://a/ HTTP/1.1\r\n", 25, Dialect::http});
  check({"ABCDEFGHIJKLMNOP / HTTP/1.9\r\n", 28, Dialect::http});
}

TEST_CASE("sniff: what can no longer be a request line is a line") {
  check({"hello\n", 0, Dialect::line});
  check({"/nick anna\n", 0, Dialect::line});
  check({"\r\nGET / HTTP/1.1\r\n", 0, Dialect::line});
  check({"get / HTTP/1.1\r\n", 0, Dialect::line});
  check({"Get / HTTP/1.1\r\n", 1, Dialect::line});
  check({"HELLO\n", 5, Dialect::line});
  check({"GET \n", 4, Dialect::line});
  check({"GET me", 4, Dialect::line});
  check({"GET  /", 4, Dialect::line});
  check({"GET home", 5, Dialect::line});
  check({"GET httpd", 8, Dialect::line});
  check({"GET * is", 6, Dialect::line});
  check({"GET /a b", 7, Dialect::line});
  check({"GET /\n", 5, Dialect::line});
  check({"GET /\xc3\xa9", 5, Dialect::line});
  check({"GET / HTTP/2.0\r\n", 11, Dialect::line});
  check({"GET / HTTP/1.x\r\n", 13, Dialect::line});
  check({"GET / HTTP/1.1\n", 14, Dialect::line});
  check({"GET / HTTP/1.1\r \n", 15, Dialect::line});
  check({"GET / HTTP/1.1 \r\n", 14, Dialect::line});
  check({"CONNECT a:443 HTTP/1.1\r\n", 8, Dialect::line});
  check({"ABCDEFGHIJKLMNOPQ / HTTP/1.1\r\n", 16, Dialect::line});
}

TEST_CASE("sniff: decides within its look-ahead") {
  check({"GET /" + std::string(2000, 'a'), wire::sniff_size_max - 1, Dialect::http});
  check({"GET /" + std::string(2000, 'a') + " HTTP/1.1\r\n", wire::sniff_size_max - 1,
         Dialect::http});
}

TEST_CASE("sniff: every first byte decides or waits, as the table says") {
  for (int value = 0; value < 256; ++value) {
    const char byte = static_cast<char>(value);
    const bool may_be_more = byte == '\x16' || byte == '\xf7' || (byte >= '0' && byte <= '9') ||
                             (byte >= 'A' && byte <= 'Z');
    CHECK(sniff({&byte, 1}) == (may_be_more ? std::nullopt : std::optional{Dialect::line}));
  }
}
