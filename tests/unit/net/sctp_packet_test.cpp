// The head of SCTP packets, their checksum, and the heartbeats that try a way.
#include "net/sctp_packet.hpp"

#include <doctest/doctest.h>

namespace netkit::net {
namespace {

using namespace std::literals;

// Ports 5000 and 9096, tag 0, INIT with the tag 0x01020304.
const std::string init =
    "\x13\x88\x23\x88\x00\x00\x00\x00\x00\x00\x00\x00"
    "\x01\x00\x00\x14\x01\x02\x03\x04\x00\x04\x00\x00\x00\x01\x00\x10\x00\x00\x00\x07"s;

TEST_CASE("crc32c: the check value of the polynomial (RFC 3720, B.4)") {
  for (const bool by_table : {false, true}) {
    CHECK(crc32c("123456789", by_table) == 0xe3069283u);
    CHECK(crc32c(std::string(32, '\0'), by_table) == 0x8a9136aau);
    CHECK(crc32c(std::string(32, '\xff'), by_table) == 0x62a8ab43u);
  }
}

TEST_CASE("read_sctp_head: ports, tags and the first chunk") {
  const auto head = read_sctp_head(init);
  REQUIRE(head);
  CHECK(*head == SctpHead{5000, 9096, 0, SctpChunk::init, 0x01020304});
  std::string data = init;
  data[7] = '\x09';
  data[12] = '\x00';
  CHECK(*read_sctp_head(data) == SctpHead{5000, 9096, 9, SctpChunk::data, 0});
}

TEST_CASE("read_sctp_head: refuses what is cut, and tags that no packet has") {
  for (std::size_t size = 0; size < 20; ++size)
    CHECK_FALSE(read_sctp_head(std::string_view{init}.substr(0, size)));
  CHECK(read_sctp_head(std::string_view{init}.substr(0, 20)));
  std::string tagged = init;
  tagged[7] = '\x09';
  CHECK_FALSE(read_sctp_head(tagged));
  std::string untagged = init;
  untagged[12] = '\x00';
  CHECK_FALSE(read_sctp_head(untagged));
  std::string nothing = init;
  nothing.replace(16, 4, 4, '\0');
  CHECK_FALSE(read_sctp_head(nothing));
}

TEST_CASE("path probes: a heartbeat that reads back, with a good checksum") {
  const SctpHead head{9096, 5000, 7, SctpChunk::heartbeat, 0};
  const PathProbe probe{.is_answer = false, .in_use = true, .nonce = 0x1122334455667788};
  const std::string packet = make_path_probe(head, probe);
  CHECK(packet.substr(0, 8) == "\x23\x88\x13\x88\x00\x00\x00\x07"s);
  CHECK(packet.substr(12) ==
        "\x04\x00\x00\x18\x00\x01\x00\x14nkp1\x01\x00\x00\x00\x11\x22\x33\x44\x55\x66\x77\x88"s);
  CHECK(has_good_checksum(packet));
  CHECK(read_path_probe(packet) == probe);
  CHECK(read_sctp_head(packet) == head);
  const auto answer = read_path_probe(make_path_probe(head, {.is_answer = true, .nonce = 5}));
  REQUIRE(answer);
  CHECK(*answer == PathProbe{.is_answer = true, .in_use = false, .nonce = 5});
}

TEST_CASE("path probes: no other packet is one, and no changed one has a good checksum") {
  const std::string packet = make_path_probe({1, 2, 3, SctpChunk::heartbeat, 0}, {.nonce = 9});
  CHECK_FALSE(read_path_probe(init));
  for (std::size_t size = 0; size < packet.size(); ++size)
    CHECK_FALSE(read_path_probe(std::string_view{packet}.substr(0, size)));
  CHECK_FALSE(read_path_probe(packet + "x"));
  for (std::size_t at = 0; at < packet.size(); ++at) {
    std::string changed = packet;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    CHECK_FALSE(has_good_checksum(changed));
  }
  CHECK_FALSE(has_good_checksum(""));
}

}  // namespace
}  // namespace netkit::net
