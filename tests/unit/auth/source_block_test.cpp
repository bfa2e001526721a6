// Tests of which addresses count as one source.
#include "commands/auth/source_block.hpp"

#include <doctest/doctest.h>

using netkit::auth::source_block;

TEST_CASE("source_block: a v4 address is its own, also inside a v6 one") {
  CHECK(source_block("192.0.2.1") == "192.0.2.1");
  CHECK(source_block("::ffff:192.0.2.1") == "192.0.2.1");
  CHECK(source_block("::FFFF:c000:0201") == "192.0.2.1");
}

TEST_CASE("source_block: a v6 address counts as its network of 64 bits, in one spelling") {
  CHECK(source_block("2001:db8:0:1::7") == "2001:db8:0:1::/64");
  CHECK(source_block("2001:DB8:0:1:ffff:ffff:ffff:ffff") == "2001:db8:0:1::/64");
  CHECK(source_block("2001:db8::1") == "2001:db8::/64");
  CHECK(source_block("fe80::1%eth0") == "fe80::/64");
  CHECK(source_block("::2") == "::/64");
}

TEST_CASE("source_block: none for this machine and for what is no address") {
  for (const char* address : {"127.0.0.1", "127.255.0.9", "::1", "::ffff:127.0.0.1", "unix", "",
                              "192.0.2", "192.0.2.1:80", "x", "::g", "%", "192.0.2.256"})
    CHECK_MESSAGE(source_block(address).empty(), address);
  CHECK(source_block(std::string("192.0.2.1\0x", 11)).empty());
  CHECK(source_block(std::string(1024 * 1024, ':')).empty());
}

TEST_CASE("plain_address: one spelling of each address, nothing for what is none") {
  CHECK(netkit::auth::plain_address("192.0.2.1") == "192.0.2.1");
  CHECK(netkit::auth::plain_address("::ffff:192.0.2.1") == "192.0.2.1");
  CHECK(netkit::auth::plain_address("2001:DB8:0:0::1") == "2001:db8::1");
  CHECK(netkit::auth::plain_address("fe80::1%eth0") == "fe80::1");
  for (const char* none : {"", "unix", "192.0.2", "203.0.113.9 (head office)", "192.0.2.1\n", "%"})
    CHECK(netkit::auth::plain_address(none).empty());
  CHECK(netkit::auth::plain_address({"192.0.2.1\0", 10}).empty());
}
