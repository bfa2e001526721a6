// Tests of networks, access lists and the order in which addresses are tried.
#include "net/address.hpp"

#include <doctest/doctest.h>
#include <vector>

#include "net/connect.hpp"

using namespace netkit;
using namespace netkit::net;
using asio::ip::address;
using asio::ip::make_address;

namespace {

bool in(std::string_view network, std::string_view text) {
  const auto parsed = Network::parse(network);
  REQUIRE(parsed);
  return parsed->contains(make_address(std::string{text}));
}

AccessList list(const std::vector<std::string_view>& allow,
                const std::vector<std::string_view>& deny) {
  AccessList made;
  for (const std::string_view text : allow)
    made.allow.push_back(*Network::parse(text));
  for (const std::string_view text : deny)
    made.deny.push_back(*Network::parse(text));
  return made;
}

std::vector<address> addresses(const std::vector<const char*>& texts) {
  std::vector<address> made;
  for (const char* text : texts)
    made.push_back(make_address(text));
  return made;
}

}  // namespace

TEST_CASE("plain: takes an IPv4 address out of an IPv6 one") {
  CHECK(plain(make_address("::ffff:192.0.2.1")).to_string() == "192.0.2.1");
  CHECK(plain(make_address("192.0.2.1")).to_string() == "192.0.2.1");
  CHECK(plain(make_address("2001:db8::1")).to_string() == "2001:db8::1");
  CHECK(plain(make_address("::192.0.2.1")).is_v6());  // Compatible, not mapped (RFC 4291, 2.5.5).
}

TEST_CASE("Network: contains what shares its prefix") {
  CHECK(in("192.168.0.0/16", "192.168.255.255"));
  CHECK_FALSE(in("192.168.0.0/16", "192.169.0.0"));
  CHECK(in("10.1.2.3/8", "10.255.0.1"));
  CHECK(in("10.0.0.0/9", "10.127.255.255"));
  CHECK_FALSE(in("10.0.0.0/9", "10.128.0.0"));
  CHECK(in("192.0.2.6/31", "192.0.2.7"));
  CHECK_FALSE(in("192.0.2.6/31", "192.0.2.8"));
  CHECK(in("fd00::/7", "fc00::1"));
  CHECK_FALSE(in("fd00::/8", "fc00::1"));
  CHECK(in("2001:db8::/33", "2001:db8:7fff::"));
  CHECK_FALSE(in("2001:db8::/33", "2001:db8:8000::"));
}

TEST_CASE("Network: the shortest and the longest prefix") {
  CHECK(in("0.0.0.0/0", "255.255.255.255"));
  CHECK(in("::/0", "ffff::"));
  for (const std::string_view network : {"192.0.2.1", "192.0.2.1/32"}) {
    CHECK(in(network, "192.0.2.1"));
    CHECK_FALSE(in(network, "192.0.2.0"));
    CHECK_FALSE(in(network, "64.0.2.1"));
  }
  for (const std::string_view network : {"2001:db8::1", "2001:db8::1/128"}) {
    CHECK(in(network, "2001:db8::1"));
    CHECK_FALSE(in(network, "2001:db8::"));
  }
}

TEST_CASE("Network: a mapped address is the IPv4 address, on both sides") {
  CHECK(in("192.0.2.0/24", "::ffff:192.0.2.9"));
  CHECK(in("::ffff:192.0.2.9", "192.0.2.9"));
  CHECK_FALSE(in("::/0", "::ffff:192.0.2.9"));
  CHECK_FALSE(in("::/0", "192.0.2.9"));
  CHECK_FALSE(in("0.0.0.0/0", "::1"));
}

TEST_CASE("Network: refuses what is no network") {
  for (const std::string_view text :
       {"", "/", "/8", "10.0.0.0/", "10.0.0.0/33", "::/129", "10.0.0.0/-1", "10.0.0.0/+8",
        "10.0.0.0/ 8", "10.0.0.0/8 ", "10.0.0/8", "10.0.0.0/8/8", "host/8", "10.0.0.0/255.0.0.0",
        "[::1]/8", "256.0.0.0/8", "10.0.0.0/99999999999", "::ffff:10.0.0.0/104"}) {
    CAPTURE(text);
    const auto parsed = Network::parse(text);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().code == Errc::usage);
  }
}

TEST_CASE("Network: its text reads back as the same network") {
  for (const std::string_view text : {"192.0.2.0/24", "0.0.0.0/0", "2001:db8::/32", "::1/128"})
    CHECK(Network::parse(text)->text() == text);
  CHECK(Network::parse("192.0.2.1")->text() == "192.0.2.1/32");
}

TEST_CASE("AccessList: deny wins, and an empty allow list allows the rest") {
  const AccessList open;
  CHECK(open.allows(make_address("192.0.2.1")));
  const AccessList denying = list({}, {"192.0.2.0/24"});
  CHECK_FALSE(denying.allows(make_address("192.0.2.1")));
  CHECK_FALSE(denying.allows(make_address("::ffff:192.0.2.1")));
  CHECK(denying.allows(make_address("192.0.3.1")));
  const AccessList both = list({"10.0.0.0/8", "::1"}, {"10.1.0.0/16"});
  CHECK(both.allows(make_address("10.2.0.1")));
  CHECK(both.allows(make_address("::1")));
  CHECK_FALSE(both.allows(make_address("10.1.0.1")));
  CHECK_FALSE(both.allows(make_address("127.0.0.1")));
  CHECK_FALSE(both.allows(make_address("::2")));
}

TEST_CASE("interleave: families take turns, and the resolver's first address leads") {
  CHECK(interleave({}).empty());
  CHECK(interleave(addresses({"::1", "::2", "::3", "192.0.2.1"})) ==
        addresses({"::1", "192.0.2.1", "::2", "::3"}));
  CHECK(interleave(addresses({"192.0.2.1", "192.0.2.2", "::1", "::2", "::3"})) ==
        addresses({"192.0.2.1", "::1", "192.0.2.2", "::2", "::3"}));
  CHECK(interleave(addresses({"192.0.2.2", "192.0.2.1"})) == addresses({"192.0.2.2", "192.0.2.1"}));
}

TEST_CASE("host_name: there always is one") {
  CHECK_FALSE(host_name().empty());
}
