// Cookies that fit one address alone.
#include "net/sctp_cookie.hpp"

#include <doctest/doctest.h>

#include "net/sctp_packet.hpp"

namespace netkit::net::tests {
namespace {

using namespace std::string_literals;

constexpr std::uint64_t key = 0x0123456789abcdef;
const asio::ip::udp::endpoint here{asio::ip::make_address("192.0.2.1"), 4000};

/// From port 9 to port 5, tag "PEER", its own tag "OURS", a cookie of five bytes and, behind it, a
/// parameter of four.
std::string init_ack() {
  std::string packet =
      "\0\x09\0\x05PEER\0\0\0\0"
      "\x02\0\0\x24OURS\0\0\x10\0\0\x01\0\x01\0\0\0\x07"
      "\0\x07\0\x09hello\0\0\0\x80\0\0\x04"s;
  put_checksum(packet);
  return packet;
}

/// What the peer makes of that cookie: from port 5 to port 9, with our tag, and a chunk behind it.
std::string cookie_echo(const std::string& cookie, const std::string& tag = "OURS") {
  std::string packet = "\0\x05\0\x09"s + tag + "\0\0\0\0\x0a\0\0"s;
  packet += static_cast<char>(4 + cookie.size());
  packet += cookie + std::string((4 - cookie.size() % 4) % 4, 0) + "\x06\0\0\x04"s;
  put_checksum(packet);
  return packet;
}

std::string bound_cookie() {
  return bind_cookie(init_ack(), key, here).substr(36, 13);
}

TEST_CASE("bind_cookie: the cookie is eight bytes longer, lengths and checksum are right") {
  const std::string bound = bind_cookie(init_ack(), key, here);
  REQUIRE(bound.size() == init_ack().size() + 8);
  CHECK(bound.substr(12, 4) == "\x02\0\0\x2c"s);
  CHECK(bound.substr(32, 9) == "\0\x07\0\x11hello"s);
  CHECK(bound.substr(49) == "\0\0\0\x80\0\0\x04"s);
  CHECK(has_good_checksum(bound));
}

TEST_CASE("unbind_cookie: gives the cookie back, and what comes behind it") {
  const auto packet = unbind_cookie(cookie_echo(bound_cookie()), key, here);
  REQUIRE(packet);
  CHECK(packet->substr(12, 9) == "\x0a\0\0\x09hello"s);
  CHECK(has_good_checksum(*packet));
}

TEST_CASE("unbind_cookie: another place, key, tag or a changed one is refused") {
  const std::string cookie = bound_cookie();
  CHECK(!unbind_cookie(cookie_echo(cookie), key, {here.address(), 4001}));
  CHECK(!unbind_cookie(cookie_echo(cookie), key, {asio::ip::make_address("192.0.2.2"), 4000}));
  CHECK(!unbind_cookie(cookie_echo(cookie), key + 1, here));
  CHECK(!unbind_cookie(cookie_echo(cookie, "THEM"), key, here));
  CHECK(!unbind_cookie(cookie_echo("hello"), key, here));
  for (std::size_t i = 0; i < cookie.size(); ++i) {
    std::string bent = cookie;
    bent[i] = static_cast<char>(bent[i] ^ 1);
    CHECK(!unbind_cookie(cookie_echo(bent), key, here));
  }
}

TEST_CASE("bind_cookie, unbind_cookie: no packet that is cut off is read past its end") {
  const std::string answer = init_ack();
  const std::string echo = cookie_echo(bound_cookie());
  for (std::size_t size = 0; size < answer.size(); ++size) {
    const std::string cut = answer.substr(0, size);
    if (size < 41) CHECK(bind_cookie(cut, key, here) == cut);
  }
  for (std::size_t size = 0; size < 29; ++size)
    CHECK(!unbind_cookie(echo.substr(0, size), key, here));
}

}  // namespace
}  // namespace netkit::net::tests
